//! Located shares for short sales: commands that risk decides on. It knows who proposed what, so that nobody does both parts;
//! what became of a command stands in the log as `locate.granted.v1`, `locate.ended.v1` or `risk_command.refused.v1`.

use crate::answer::{Receipt, changed};
use crate::api::Api;
use crate::asked::Asked;
use crate::body::Body;
use crate::path::Path;
use crate::problem::{Problem, ProblemKind};
use crate::text_rules;
use assay_trading_types::{
    AccountId, ControlAction, FirmId, LocateDecided, LocateId, LocateProposed, LocateReleaseRequested, Qty,
    Symbol, Timestamp,
};
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Characters of a lender's name.
const LENDER_MAX: usize = 64;

pub(super) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(propose_locate))
        .routes(routes!(approve_locate))
        .routes(routes!(decline_locate))
        .routes(routes!(release_locate))
}

/// Shares that somebody will lend.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewLocate {
    /// Its name, for whoever decides; never used twice.
    #[schema(value_type = String, example = "locate-17")]
    locate: LocateId,
    /// The account's firm.
    #[schema(value_type = String, example = "FIRM1")]
    firm: FirmId,
    /// Who may sell them short.
    #[schema(value_type = String, example = "FIRM1")]
    account: AccountId,
    /// What is located.
    #[schema(value_type = String, example = "AAPL")]
    symbol: Symbol,
    /// How much of it, in whole lots.
    #[schema(value_type = String, example = "5000")]
    qty: Qty,
    /// Who lends it.
    #[schema(example = "Prime Broker")]
    lender: String,
    /// UTC nanoseconds until which the lender's word holds.
    #[schema(value_type = i64, example = 1_795_292_999_000_000_000_i64)]
    valid_until: Timestamp,
    /// On what grounds, for the record.
    #[schema(example = "easy to borrow")]
    reason: String,
}

/// Why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LocateWord {
    /// For the record.
    #[schema(example = "seen the lender's mail")]
    reason: String,
}

/// Asks that an account may sell located shares short. They count when somebody else approves of it.
#[utoipa::path(post, path = "/api/v1/risk/locates", operation_id = "propose_locate", tag = "risk",
    request_body = NewLocate, responses((status = 200, body = Receipt)))]
async fn propose_locate(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Body(given): Body<NewLocate>,
) -> Result<Response, Problem> {
    asked.caller()?;
    let NewLocate { locate, firm, account, symbol, qty, lender, valid_until, reason: why } = given;
    if qty <= Qty::ZERO {
        return Err(Problem::field("qty", "must be above zero"));
    }
    let lender = text_rules::line(&lender, LENDER_MAX).map_err(|why| Problem::field("lender", why))?;
    if lender.is_empty() {
        return Err(Problem::field("lender", "must say who lends"));
    }
    let reason = reason(&why)?;
    let proposed = LocateProposed { locate, firm, account, symbol, qty, lender, valid_until, reason };
    api.submit(&asked, ControlAction::ProposeLocate(proposed)).await.map(changed)
}

/// Lets located shares count that somebody else asked for.
#[utoipa::path(post, path = "/api/v1/risk/locates/{id}/approve", operation_id = "approve_locate", tag = "risk",
    params(("id" = String, Path, description = "The locate", example = "locate-17")),
    request_body = LocateWord, responses((status = 200, body = Receipt)))]
async fn approve_locate(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path(id): Path<String>,
    Body(given): Body<LocateWord>,
) -> Result<Response, Problem> {
    decide(&api, &asked, &id, true, &given.reason).await
}

/// Turns down located shares that somebody else asked for.
#[utoipa::path(post, path = "/api/v1/risk/locates/{id}/decline", operation_id = "decline_locate", tag = "risk",
    params(("id" = String, Path, description = "The locate", example = "locate-17")),
    request_body = LocateWord, responses((status = 200, body = Receipt)))]
async fn decline_locate(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path(id): Path<String>,
    Body(given): Body<LocateWord>,
) -> Result<Response, Problem> {
    decide(&api, &asked, &id, false, &given.reason).await
}

/// Gives back what a locate has left; working short sales that rest on it are cancelled, what was sold stays borrowed.
#[utoipa::path(post, path = "/api/v1/risk/locates/{id}/release", operation_id = "release_locate", tag = "risk",
    params(("id" = String, Path, description = "The locate", example = "locate-17")),
    request_body = LocateWord, responses((status = 200, body = Receipt)))]
async fn release_locate(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path(id): Path<String>,
    Body(given): Body<LocateWord>,
) -> Result<Response, Problem> {
    asked.caller()?;
    let released = LocateReleaseRequested { locate: locate(&id)?, reason: reason(&given.reason)? };
    api.submit(&asked, ControlAction::ReleaseLocate(released)).await.map(changed)
}

async fn decide(api: &Api, asked: &Asked, id: &str, approved: bool, why: &str) -> Result<Response, Problem> {
    asked.caller()?;
    let decided = LocateDecided { locate: locate(id)?, approved, reason: reason(why)? };
    api.submit(asked, ControlAction::DecideLocate(decided)).await.map(changed)
}

fn locate(id: &str) -> Result<LocateId, Problem> {
    LocateId::new(id).map_err(|_| Problem::new(ProblemKind::NotFound))
}

fn reason(text: &str) -> Result<String, Problem> {
    text_rules::reason(text).map_err(|why| Problem::field("reason", why))
}
