//! Located shares for short sales: commands that risk decides on, which are answered once it has. It knows who proposed what,
//! so that nobody does both parts.

use super::reason;
use crate::answer::{Receipt, changed};
use crate::api::Api;
use crate::asked::Asked;
use crate::body::Body;
use crate::paging::{Page, Params, Sort, Wanted};
use crate::path::Path;
use crate::problem::{Problem, ProblemKind};
use crate::read_model::{LocateRow, RowFilter};
use crate::text_rules;
use assay_trading_types::{
    AccountId, ControlAction, FirmId, LocateDecided, LocateId, LocateProposed, LocateReleaseRequested, Qty,
    Symbol, Timestamp,
};
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Characters of a lender's name.
const LENDER_MAX: usize = 64;

pub(super) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(list_locates, propose_locate))
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

/// Shares that an account may sell short, or could until the locate ended.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LocateView {
    /// Its name.
    #[schema(example = "locate-17")]
    locate: String,
    /// The account's firm.
    #[schema(example = "FIRM1")]
    firm: String,
    /// Who may sell them short.
    #[schema(example = "FIRM1")]
    account: String,
    /// What is located.
    #[schema(example = "AAPL")]
    symbol: String,
    /// How much of it was granted, a decimal.
    #[schema(example = "5000")]
    qty: String,
    /// Who lends it.
    #[schema(example = "Prime Broker")]
    lender: String,
    /// When it was granted, UTC.
    #[schema(example = "2026-11-21T09:30:00.000000000Z")]
    granted: String,
    /// Until when the lender's word holds, UTC.
    #[schema(example = "2026-11-21T21:00:00.000000000Z")]
    valid_until: String,
    /// Who proposed it.
    #[schema(example = "user:U0000000000000007")]
    maker: String,
    /// Who approved of it.
    #[schema(example = "user:U0000000000000008")]
    checker: String,
    /// On what grounds: both persons' words.
    #[schema(example = "easy to borrow / seen the lender's mail")]
    reason: String,
    /// `in_force`, `released` or `expired`.
    #[schema(example = "in_force")]
    status: String,
    /// When it ended, UTC.
    #[schema(example = "2026-11-21T21:00:00.000000000Z")]
    ended: Option<String>,
    /// What was not sold when it ended, a decimal.
    #[schema(example = "1200")]
    unused: Option<String>,
    /// Who gave it back; nobody when its time ran out.
    #[schema(example = "user:U0000000000000007")]
    ended_by: Option<String>,
}

fn view(row: LocateRow) -> LocateView {
    LocateView {
        locate: row.locate,
        firm: row.firm,
        account: row.account,
        symbol: row.symbol,
        qty: row.qty,
        lender: row.lender,
        granted: row.granted.to_string(),
        valid_until: row.valid_until.to_string(),
        maker: row.maker,
        checker: row.checker,
        reason: row.reason,
        status: row.status,
        ended: row.ended.map(|at| at.to_string()),
        unused: row.unused,
        ended_by: row.ended_by,
    }
}

/// What a list of locates takes.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct LocatesQuery {
    /// Items of a page, 1 to 100; 50 by default.
    #[param(example = 50)]
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
    /// `id` (oldest first) or `-id`; newest first by default.
    #[param(inline, example = "-id")]
    sort: Option<Sort>,
    /// Of this firm.
    #[param(value_type = Option<String>, example = "FIRM1")]
    firm: Option<FirmId>,
    /// Of this account.
    #[param(example = "FIRM1")]
    account: Option<String>,
    /// In this symbol.
    #[param(example = "AAPL")]
    symbol: Option<String>,
    /// With this status.
    #[param(example = "in_force")]
    status: Option<String>,
}

/// Locates that were granted, newest first: the own firm's, or everybody's for staff.
#[utoipa::path(get, path = "/api/v1/risk/locates", operation_id = "list_locates", tag = "risk",
    params(LocatesQuery), responses((status = 200, body = Page<LocateView>)))]
async fn list_locates(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Params(query): Params<LocatesQuery>,
) -> Result<Json<Page<LocateView>>, Problem> {
    let firm = super::trading::narrowed(asked.caller()?, query.firm)?;
    let sort = query.sort.or(Some(Sort::Descending));
    let wanted = Wanted::new(&api.secrets, "locates", query.limit, query.after.as_deref(), sort)?;
    let filter = RowFilter::default()
        .equal("firm", firm.as_deref())
        .equal("account", query.account.as_deref())
        .equal("symbol", query.symbol.as_deref())
        .equal("status", query.status.as_deref());
    let rows = api.read_model(&headers).await?.locates(filter, &wanted.slice());
    let key = |row: &LocateRow| row.place.to_string();
    Ok(Json(wanted.page_of(&api.secrets, "locates", rows.map_err(super::firms::failed)?, key, view)))
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
    let reason = reason::checked(&why)?;
    let proposed =
        LocateProposed { locate, firm, account, symbol, qty, lender, valid_until, reason, command: None };
    api.instruct_risk(&asked, ControlAction::ProposeLocate(proposed)).await.map(changed)
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
    let released = LocateReleaseRequested {
        locate: locate(&id)?,
        reason: reason::checked(&given.reason)?,
        command: None,
    };
    api.instruct_risk(&asked, ControlAction::ReleaseLocate(released)).await.map(changed)
}

async fn decide(api: &Api, asked: &Asked, id: &str, approved: bool, why: &str) -> Result<Response, Problem> {
    asked.caller()?;
    let decided =
        LocateDecided { locate: locate(id)?, approved, reason: reason::checked(why)?, command: None };
    api.instruct_risk(asked, ControlAction::DecideLocate(decided)).await.map(changed)
}

fn locate(id: &str) -> Result<LocateId, Problem> {
    LocateId::new(id).map_err(|_| Problem::new(ProblemKind::NotFound))
}
