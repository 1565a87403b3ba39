//! The node as operators see it: how business stands, and figures of the whole (OPS-3, OPS-6).

use crate::api::Api;
use crate::asked::Asked;
use crate::business_health::{BusinessCheck, Standing};
use crate::problem::{Problem, ProblemKind};
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new().routes(routes!(read_system_health)).routes(routes!(read_system_metrics))
}

/// How business stands.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SystemHealthView {
    /// As its worst part.
    status: Standing,
    /// Its parts.
    checks: Vec<BusinessCheck>,
}

/// Figures of the whole.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SystemMetricsView {
    /// Reference prices that were recorded.
    #[schema(example = 864_000)]
    market_data_records: u64,
    /// Orders that came to a market.
    #[schema(example = 12_480)]
    orders: u64,
    /// Those of them that were filled to the end; a trade that is undone later stays counted.
    #[schema(example = 9_120)]
    orders_filled: u64,
    /// Orders that came to a market in the last minute.
    #[schema(example = 37)]
    orders_last_minute: u64,
    /// Requests of sessions that were answered since the process began; null where there are no sessions.
    #[schema(example = 13_004)]
    answers: Option<u64>,
    /// Microseconds from the bytes of a request to its first answer, on average since the process began; null before the first.
    #[schema(example = 412)]
    execution_latency_mean_us: Option<u64>,
    /// When, UTC.
    #[schema(example = "2026-11-21T09:30:00.000000000Z")]
    time: String,
}

/// How each part of the business stands, with the figures that say so. `GET /health/business` tells anybody the status alone.
#[utoipa::path(get, path = "/api/v1/system/health", operation_id = "read_system_health", tag = "system",
    responses((status = 200, body = SystemHealthView)))]
async fn read_system_health(
    State(api): State<Arc<Api>>,
    asked: Asked,
) -> Result<Json<SystemHealthView>, Problem> {
    asked.caller()?;
    let checks = tokio::task::spawn_blocking(move || api.business_health()).await;
    let checks = checks.map_err(|_| Problem::later(ProblemKind::Unavailable, 1))?;
    let status = checks.iter().map(|check| check.status).max().unwrap_or(Standing::Healthy);
    Ok(Json(SystemHealthView { status, checks }))
}

/// Counts and times of the whole. Orders and prices are as the read model has them.
#[utoipa::path(get, path = "/api/v1/system/metrics", operation_id = "read_system_metrics", tag = "system",
    responses((status = 200, body = SystemMetricsView)))]
async fn read_system_metrics(
    State(api): State<Arc<Api>>,
    asked: Asked,
) -> Result<Json<SystemMetricsView>, Problem> {
    asked.caller()?;
    let (counts, now) = (api.model().counts(), api.now());
    let answers = api.business.node().answers;
    Ok(Json(SystemMetricsView {
        market_data_records: counts.prices,
        orders: counts.orders,
        orders_filled: counts.filled,
        orders_last_minute: counts.last_minute(now),
        answers: answers.map(|(count, _)| count),
        execution_latency_mean_us: answers.and_then(|(count, waited_us)| waited_us.checked_div(count)),
        time: now.to_string(),
    }))
}
