//! Jobs that run by the clock: their runs, and one more now.

use crate::answer::{Receipt, changed};
use crate::api::Api;
use crate::asked::Asked;
use crate::path::Path;
use crate::problem::{Problem, ProblemKind};
use assay_trading_types::Job;
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new().routes(routes!(list_jobs)).routes(routes!(run_job))
}

/// A job.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct JobView {
    /// Its name.
    #[schema(value_type = String, example = "kyc_expiry")]
    name: Job,
    /// When the next run is due, UTC.
    #[schema(example = "2026-11-22T02:00:00.000000000Z")]
    next: Option<String>,
    /// Since when one is under way, UTC.
    #[schema(example = json!(null))]
    running_since: Option<String>,
    /// The last run that ended.
    last: Option<RunView>,
}

/// A run that ended.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RunView {
    /// When it was due, UTC.
    #[schema(example = "2026-11-21T02:00:00.000000000Z")]
    due: String,
    /// When it began, UTC.
    #[schema(example = "2026-11-21T02:00:01.000000000Z")]
    began: String,
    /// When it ended, UTC.
    #[schema(example = "2026-11-21T02:00:01.000000000Z")]
    ended: String,
    /// Things it dealt with.
    #[schema(example = 17)]
    count: u64,
    /// Why it failed.
    #[schema(example = json!(null))]
    error: Option<String>,
}

/// Jobs, their last and next runs.
#[utoipa::path(get, path = "/api/v1/system/jobs", operation_id = "list_jobs", tag = "system",
    responses((status = 200, body = Vec<JobView>)))]
async fn list_jobs(State(api): State<Arc<Api>>, asked: Asked) -> Result<Json<Vec<JobView>>, Problem> {
    asked.caller()?;
    let state = api.state();
    let view = |name| {
        let runs = state.jobs.runs(name);
        JobView {
            name,
            next: runs.next.map(|at| at.to_string()),
            running_since: runs.running.map(|(_, began)| began.to_string()),
            last: runs.last.map(|run| RunView {
                due: run.finished.due.to_string(),
                began: run.began.to_string(),
                ended: run.ended.to_string(),
                count: run.finished.count,
                error: run.finished.error,
            }),
        }
    };
    Ok(Json(Job::ALL.into_iter().map(view).collect()))
}

/// Runs a job now, whenever it is due; refused while it is under way.
#[utoipa::path(post, path = "/api/v1/system/jobs/{name}/run", operation_id = "run_job", tag = "system",
    params(("name" = String, Path, description = "The job", example = "kyc_screening")),
    responses((status = 200, body = Receipt)))]
async fn run_job(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    let job: Option<Job> = serde_json::from_value(serde_json::Value::String(name)).ok();
    let job = job.ok_or_else(|| Problem::new(ProblemKind::NotFound))?;
    api.submit(&asked, job).await.map(changed)
}
