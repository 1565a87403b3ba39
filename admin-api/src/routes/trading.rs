//! What the trading side did: orders and fills, by keyset over any number of them.

use crate::api::Api;
use crate::asked::{Asked, Caller};
use crate::operation::Scope;
use crate::paging::{Page, Params, Sort, Wanted};
use crate::path::Path;
use crate::problem::{Problem, ProblemKind};
use crate::read_model::{ExecutionRow, OrderRow, RowFilter};
use crate::word::word;
use assay_trading_types::{ExecId, FirmId, OrdStatus, OrderId, SessionId};
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(list_orders))
        .routes(routes!(read_order))
        .routes(routes!(list_executions))
}

/// An order.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OrderView {
    /// OrderID(37).
    #[schema(value_type = String, example = "O000000000000002A")]
    id: OrderId,
    /// The firm.
    #[schema(example = "FIRM1")]
    firm: String,
    /// Account(1).
    #[schema(example = "FIRM1")]
    account: String,
    /// The session it came in on.
    #[schema(example = "CLIENT1/ASSAY")]
    session: String,
    /// ClOrdID(11), the newest of its chain.
    #[schema(example = "a-1")]
    cl_ord_id: String,
    /// Symbol(55).
    #[schema(example = "AAPL")]
    symbol: String,
    /// `buy` or `sell` and what else Side(54) knows.
    #[schema(example = "buy")]
    side: String,
    /// OrdType(40) in words.
    #[schema(example = "limit")]
    ord_type: String,
    /// Price(44), a decimal.
    #[schema(example = "10.10")]
    price: Option<String>,
    /// OrderQty(38), a decimal.
    #[schema(example = "100")]
    qty: String,
    /// CumQty(14), a decimal.
    #[schema(example = "30")]
    cum_qty: String,
    /// LeavesQty(151), a decimal.
    #[schema(example = "70")]
    leaves_qty: String,
    /// Sum of price times quantity over its fills, a decimal.
    #[schema(example = "303")]
    notional: String,
    /// OrdStatus(39) in words.
    #[schema(example = "partially_filled")]
    status: String,
    /// TimeInForce(59) in words.
    #[schema(example = "day")]
    tif: String,
    /// StopPx(99), a decimal.
    #[schema(example = json!(null))]
    stop_px: Option<String>,
    /// What few orders have: `expiry`, `min_qty`, `max_floor`, `post_only`, `all_or_none`.
    #[schema(value_type = Option<Object>, example = json!(null))]
    conditions: serde_json::Value,
    /// Whose wish it was: `fix` of a session's program, `api` of a user or a key, `loan_desk` of the desk that sells
    /// collateral.
    #[schema(example = "fix")]
    origin: &'static str,
    /// First report, UTC.
    #[schema(example = "2026-11-21T09:30:00.000000000Z")]
    created: String,
    /// Last report, UTC.
    #[schema(example = "2026-11-21T09:30:00.000000000Z")]
    updated: String,
}

fn origin(row: &OrderRow) -> &'static str {
    match SessionId::new(&row.session) {
        Ok(session) if session.is_api() => "api",
        _ if assay_loans::DESK_CODE.strip_prefix("client:") == Some(&row.account) => "loan_desk",
        _ => "fix",
    }
}

pub(crate) fn order_view(row: OrderRow) -> OrderView {
    let conditions = row.conditions.as_deref().map(serde_json::from_str).transpose();
    OrderView {
        origin: origin(&row),
        tif: row.tif,
        stop_px: row.stop_px,
        conditions: conditions.ok().flatten().unwrap_or_default(),
        id: row.id,
        firm: row.firm,
        account: row.account,
        session: row.session,
        cl_ord_id: row.cl_ord_id,
        symbol: row.symbol,
        side: row.side,
        ord_type: row.ord_type,
        price: row.price,
        qty: row.qty,
        cum_qty: row.cum_qty,
        leaves_qty: row.leaves_qty,
        notional: row.notional,
        status: row.status,
        created: row.created.to_string(),
        updated: row.updated.to_string(),
    }
}

/// What a list of orders takes.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OrdersQuery {
    /// Items of a page, 1 to 100; 50 by default.
    #[param(example = 50)]
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
    /// `id` (oldest first) or `-id`.
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
    #[param(value_type = Option<String>, example = "new")]
    status: Option<OrdStatus>,
    /// With this ClOrdID.
    #[param(example = "a-1")]
    cl_ord_id: Option<String>,
}

/// Firm that a list is narrowed to: the caller's own unless it sees all; nothing when it may see none of the asked one.
pub(super) fn narrowed(caller: &Caller, asked: Option<FirmId>) -> Result<Option<String>, Problem> {
    match (caller.scope, caller.firm, asked) {
        (Scope::All, _, asked) => Ok(asked.map(|f| f.to_string())),
        (_, Some(own), None) => Ok(Some(own.to_string())),
        (_, Some(own), Some(asked)) if own == asked => Ok(Some(own.to_string())),
        _ => Err(Problem::new(ProblemKind::NotFound)),
    }
}

/// Orders that a venue accepted: the own firm's, or everybody's for staff.
#[utoipa::path(get, path = "/api/v1/orders", operation_id = "list_orders", tag = "trading",
    params(OrdersQuery), responses((status = 200, body = Page<OrderView>)))]
async fn list_orders(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Params(query): Params<OrdersQuery>,
) -> Result<Json<Page<OrderView>>, Problem> {
    let firm = narrowed(asked.caller()?, query.firm)?;
    let wanted = Wanted::new(&api.secrets, "orders", query.limit, query.after.as_deref(), query.sort)?;
    let filter = RowFilter::default()
        .equal("firm", firm.as_deref())
        .equal("account", query.account.as_deref())
        .equal("symbol", query.symbol.as_deref())
        .equal("status", query.status.as_ref().map(word).as_deref())
        .equal("cl_ord_id", query.cl_ord_id.as_deref());
    let model = api.read_model(&headers).await?;
    let rows = model.orders(filter, &wanted.slice()).map_err(super::firms::failed)?;
    let key = |row: &OrderRow| row.id.to_string();
    Ok(Json(wanted.page_of(&api.secrets, "orders", rows, key, order_view)))
}

/// One order.
#[utoipa::path(get, path = "/api/v1/orders/{id}", operation_id = "read_order", tag = "trading",
    params(("id" = String, Path, description = "OrderID(37)", example = "O000000000000002A")),
    responses((status = 200, body = OrderView)))]
async fn read_order(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Json<OrderView>, Problem> {
    let not_found = || Problem::new(ProblemKind::NotFound);
    let id = OrderId::parse(&id).ok_or_else(not_found)?;
    let model = api.read_model(&headers).await?;
    let row = model.order(id).map_err(super::firms::failed)?.ok_or_else(not_found)?;
    asked.caller()?.sees(None, FirmId::new(&row.firm).ok())?;
    Ok(Json(order_view(row)))
}

/// A fill.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExecutionView {
    /// ExecID(17).
    #[schema(value_type = String, example = "E000000000000002D")]
    id: ExecId,
    /// OrderID(37).
    #[schema(value_type = String, example = "O000000000000002A")]
    order_id: OrderId,
    /// The firm.
    #[schema(example = "FIRM1")]
    firm: String,
    /// Account(1).
    #[schema(example = "FIRM1")]
    account: String,
    /// Symbol(55).
    #[schema(example = "AAPL")]
    symbol: String,
    /// Side(54) in words.
    #[schema(example = "buy")]
    side: String,
    /// LastQty(32), a decimal.
    #[schema(example = "30")]
    qty: String,
    /// LastPx(31), a decimal.
    #[schema(example = "10.10")]
    price: String,
    /// Number of the trade; both sides have it.
    #[schema(example = 5)]
    trade: u64,
    /// When, UTC.
    #[schema(example = "2026-11-21T09:30:00.000000000Z")]
    at: String,
}

pub(crate) fn execution_view(row: ExecutionRow) -> ExecutionView {
    ExecutionView {
        id: row.id,
        order_id: row.order_id,
        firm: row.firm,
        account: row.account,
        symbol: row.symbol,
        side: row.side,
        qty: row.qty,
        price: row.price,
        trade: row.trade,
        at: row.at.to_string(),
    }
}

/// What a list of fills takes.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExecutionsQuery {
    /// Items of a page, 1 to 100; 50 by default.
    #[param(example = 50)]
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
    /// `id` (oldest first) or `-id`.
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
}

/// Fills: the own firm's, or everybody's for staff.
#[utoipa::path(get, path = "/api/v1/executions", operation_id = "list_executions", tag = "trading",
    params(ExecutionsQuery), responses((status = 200, body = Page<ExecutionView>)))]
async fn list_executions(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Params(query): Params<ExecutionsQuery>,
) -> Result<Json<Page<ExecutionView>>, Problem> {
    let firm = narrowed(asked.caller()?, query.firm)?;
    let wanted = Wanted::new(&api.secrets, "executions", query.limit, query.after.as_deref(), query.sort)?;
    let filter = RowFilter::default()
        .equal("firm", firm.as_deref())
        .equal("account", query.account.as_deref())
        .equal("symbol", query.symbol.as_deref());
    let model = api.read_model(&headers).await?;
    let rows = model.executions(filter, &wanted.slice()).map_err(super::firms::failed)?;
    let key = |row: &ExecutionRow| row.id.to_string();
    Ok(Json(wanted.page_of(&api.secrets, "executions", rows, key, execution_view)))
}
