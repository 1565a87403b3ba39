//! Orders in two steps (EXE-15): prepared, and placed when somebody of the firm releases them. Risk checks and holds then.

use super::orders::{NewOrder, answer};
use super::trading::OrderView;
use crate::answer::{Receipt, created, gone};
use crate::api::Api;
use crate::asked::Asked;
use crate::body::Body;
use crate::operation::Scope;
use crate::paging::{Page, Params, Sort, Wanted};
use crate::path::Path;
use crate::problem::{Problem, ProblemKind};
use crate::state::StagedOrder;
use crate::word::word;
use assay_trading_types::{FirmId, OrderAction, StagedOrderId, UserId};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(stage_order, list_staged_orders))
        .routes(routes!(release_order))
        .routes(routes!(discard_order))
}

/// An order that waits to be released.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StagedOrderView {
    /// Its id.
    #[schema(value_type = String, example = "stg_0192f3a4b5c60123456789abcdef0123")]
    id: StagedOrderId,
    /// The firm.
    #[schema(example = "FIRM1")]
    firm: String,
    /// Account(1).
    #[schema(example = "FIRM1")]
    account: String,
    /// ClOrdID(11) that it will have.
    #[schema(example = "a-1")]
    cl_ord_id: String,
    /// Symbol(55).
    #[schema(example = "AAPL")]
    symbol: String,
    /// Side(54) in words.
    #[schema(example = "buy")]
    side: String,
    /// OrdType(40) in words.
    #[schema(example = "limit")]
    ord_type: String,
    /// OrderQty(38), a decimal.
    #[schema(example = "100")]
    qty: String,
    /// Price(44), a decimal.
    #[schema(example = "10.10")]
    price: Option<String>,
    /// StopPx(99), a decimal.
    #[schema(example = json!(null))]
    stop_px: Option<String>,
    /// TimeInForce(59) in words.
    #[schema(example = "day")]
    tif: String,
    /// What few orders have: `expiry`, `min_qty`, `max_floor`, `post_only`, `all_or_none`.
    #[schema(value_type = Option<Object>, example = json!(null))]
    conditions: serde_json::Value,
    /// Who prepared it.
    #[schema(value_type = Option<String>, example = "usr_0192f3a4b5c60123456789abcdef0123")]
    by: Option<UserId>,
    /// When, UTC.
    #[schema(example = "2026-11-21T09:30:00.000000000Z")]
    staged: String,
    /// When it is forgotten unless it was released, UTC.
    #[schema(example = "2026-11-22T09:30:00.000000000Z")]
    lapses: String,
}

fn view(staged: &StagedOrder) -> StagedOrderView {
    let terms = &staged.terms;
    StagedOrderView {
        id: staged.id,
        firm: terms.firm.to_string(),
        account: terms.account.to_string(),
        cl_ord_id: terms.cl_ord_id.to_string(),
        symbol: terms.symbol.to_string(),
        side: word(&terms.side).into_owned(),
        ord_type: word(&terms.ord_type).into_owned(),
        qty: terms.qty.to_string(),
        price: terms.price.map(|price| price.to_string()),
        stop_px: terms.stop_px.map(|price| price.to_string()),
        tif: word(&terms.tif).into_owned(),
        conditions: serde_json::to_value(terms.conditions.as_deref()).unwrap_or_default(),
        by: staged.by,
        staged: staged.at.to_string(),
        lapses: staged.lapses().to_string(),
    }
}

/// Prepares an order of the own firm. It waits a day at most, and nothing is checked or held for it until it is released.
#[utoipa::path(post, path = "/api/v1/orders/staged", operation_id = "stage_order", tag = "trading",
    request_body = NewOrder, responses((status = 201, body = Receipt)))]
async fn stage_order(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Body(given): Body<NewOrder>,
) -> Result<Response, Problem> {
    let firm = asked.caller()?.firm.ok_or_else(|| Problem::new(ProblemKind::Forbidden))?;
    let terms = Box::new(given.terms(firm, &api)?);
    let outcome = api.keep_order(&asked, firm, OrderAction::Stage { terms }).await?;
    Ok(created(outcome, "/api/v1/orders/staged"))
}

/// What a list of orders that wait takes.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct StagedOrdersQuery {
    /// Items of a page, 1 to 100; 50 by default.
    #[param(example = 50)]
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
    /// `id` (oldest first) or `-id`.
    #[param(inline, example = "-id")]
    sort: Option<Sort>,
}

/// Orders that wait to be released; staff sees those of all firms.
#[utoipa::path(get, path = "/api/v1/orders/staged", operation_id = "list_staged_orders", tag = "trading",
    params(StagedOrdersQuery), responses((status = 200, body = Page<StagedOrderView>)))]
async fn list_staged_orders(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Params(query): Params<StagedOrdersQuery>,
) -> Result<Json<Page<StagedOrderView>>, Problem> {
    let caller = asked.caller()?;
    let wanted = Wanted::new(&api.secrets, "staged_orders", query.limit, query.after.as_deref(), query.sort)?;
    let state = api.state();
    let fits = |staged: &&StagedOrder| caller.scope == Scope::All || caller.firm == Some(staged.terms.firm);
    let staged = state.control.staged.iter().filter(fits);
    Ok(Json(wanted.page(&api.secrets, "staged_orders", staged, |staged| staged.id.as_str(), view)))
}

/// Places an order that waits, by anybody of the firm who may place one. Risk decides as if it came in now, and the answer is
/// that of placing it; one that is refused waits no more.
#[utoipa::path(post, path = "/api/v1/orders/staged/{id}/release", operation_id = "release_order", tag = "trading",
    params(("id" = String, Path, description = "The order that waits", example = "stg_0192f3a4b5c60123456789abcdef0123")),
    responses((status = 201, body = OrderView)))]
async fn release_order(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let (firm, staged) = named(&asked, &id)?;
    let placed = api.order(&asked, firm, OrderAction::Release { staged }).await?;
    Ok(answer(placed, StatusCode::CREATED))
}

/// Gives up an order that waits.
#[utoipa::path(delete, path = "/api/v1/orders/staged/{id}", operation_id = "discard_order", tag = "trading",
    params(("id" = String, Path, description = "The order that waits", example = "stg_0192f3a4b5c60123456789abcdef0123")),
    responses((status = 204)))]
async fn discard_order(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let (firm, staged) = named(&asked, &id)?;
    Ok(gone(api.keep_order(&asked, firm, OrderAction::Discard { staged }).await?))
}

/// The caller's firm, whose order it must be: that the state sees to, so that a repeat is answered as it was.
fn named(asked: &Asked, id: &str) -> Result<(FirmId, StagedOrderId), Problem> {
    let firm = asked.caller()?.firm.ok_or_else(|| Problem::new(ProblemKind::Forbidden))?;
    let id = StagedOrderId::new(id).map_err(|_| Problem::new(ProblemKind::NotFound))?;
    Ok((firm, id))
}
