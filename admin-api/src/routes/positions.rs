//! What accounts have of instruments, what it gained or lost, and an end to it.

use super::firms::failed;
use super::trading::narrowed;
use crate::api::Api;
use crate::asked::Asked;
use crate::paging::{Page, Params, Sort, Wanted};
use crate::path::Path;
use crate::problem::{Problem, ProblemKind};
use crate::read_model::{PositionRow, PositionSide, ReadModel, RowFilter};
use crate::word::word;
use assay_trading_types::{
    AccountId, Amount, FirmId, OrdType, OrderAction, OrderTerms, Qty, SessionId, Side, Symbol, TimeInForce,
};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(list_positions))
        .routes(routes!(read_position))
        .routes(routes!(close_position))
}

/// What an account has of an instrument: one net position, at average cost.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PositionView {
    /// Account and symbol: its place below `/positions/`.
    #[schema(example = "FIRM1/AAPL")]
    id: String,
    /// The firm.
    #[schema(example = "FIRM1")]
    firm: Option<String>,
    /// The account.
    #[schema(example = "FIRM1")]
    account: String,
    /// The instrument.
    #[schema(example = "AAPL")]
    symbol: String,
    /// What it trades in, and what the amounts are in.
    #[schema(example = "USD")]
    currency: Option<String>,
    /// `long`, `short`, or `flat` once it is closed.
    #[schema(value_type = String, example = "long")]
    side: PositionSide,
    /// Units, what is pledged included; negative if short. A decimal.
    #[schema(example = "100")]
    qty: String,
    /// Average cost of a unit, a decimal.
    #[schema(example = "10.10")]
    entry_price: Option<String>,
    /// What the units cost, negative for what a short brought. A decimal.
    #[schema(example = "1010")]
    cost: String,
    /// The reference price, else that of the last fill. A decimal.
    #[schema(example = "10.50")]
    price: Option<String>,
    /// When the reference price was set, UTC.
    #[schema(example = "2026-11-21T09:30:00.000000000Z")]
    price_at: Option<String>,
    /// Price times units, a decimal.
    #[schema(example = "1050")]
    value: Option<String>,
    /// Value less cost: what closing at that price would gain. A decimal.
    #[schema(example = "40")]
    unrealised: Option<String>,
    /// Gained by closing since ever, at average cost and before commission. A decimal.
    #[schema(example = "12.50")]
    realised: String,
    /// Since when it is on this side, UTC.
    #[schema(example = "2026-11-21T09:30:00.000000000Z")]
    opened: Option<String>,
    /// When anything but the price last changed it, UTC.
    #[schema(example = "2026-11-21T09:30:00.000000000Z")]
    updated: String,
    /// Position in the log of what changed it then.
    #[schema(example = 4711)]
    version: u64,
}

pub(crate) fn position_view(row: PositionRow) -> PositionView {
    let decimal = |units: i128| Amount::from_units(units).to_string();
    let figures = &row.figures;
    PositionView {
        id: format!("{}/{}", row.account, row.symbol),
        side: row.side(),
        qty: decimal(figures.held.qty),
        entry_price: figures.held.entry_price().map(decimal),
        cost: decimal(figures.held.cost),
        price: row.price.map(|price| price.to_string()),
        price_at: row.price_at.map(|at| at.to_string()),
        value: row.value().map(decimal),
        unrealised: row.unrealised().map(decimal),
        realised: decimal(figures.realised),
        opened: figures.opened.map(|at| at.to_string()),
        updated: figures.updated.to_string(),
        version: figures.version,
        firm: row.firm,
        account: row.account,
        symbol: row.symbol,
        currency: row.currency,
    }
}

/// What a list of positions takes.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PositionsQuery {
    /// Items of a page, 1 to 100; 50 by default.
    #[param(example = 50)]
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
    /// `id` (the first that came to be first) or `-id`.
    #[param(inline, example = "id")]
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
    /// `long`, `short`, or `flat`: closed ones. Without it, those that are open.
    #[param(value_type = Option<String>, example = "long")]
    side: Option<PositionSide>,
}

/// Positions with what they gained or lost: the own firm's, or everybody's for staff.
#[utoipa::path(get, path = "/api/v1/positions", operation_id = "list_positions", tag = "trading",
    params(PositionsQuery), responses((status = 200, body = Page<PositionView>)))]
async fn list_positions(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Params(query): Params<PositionsQuery>,
) -> Result<Json<Page<PositionView>>, Problem> {
    let firm = narrowed(asked.caller()?, query.firm)?;
    let wanted = Wanted::new(&api.secrets, "positions", query.limit, query.after.as_deref(), query.sort)?;
    let filter = RowFilter::default()
        .equal("firm", firm.as_deref())
        .equal("account", query.account.as_deref())
        .equal("symbol", query.symbol.as_deref())
        .on_side(query.side);
    let model = api.read_model(&headers).await?;
    let rows = model.positions(filter, &wanted.slice()).map_err(failed)?;
    Ok(Json(wanted.page_of(&api.secrets, "positions", rows, |row| row.id.to_string(), position_view)))
}

/// One position.
#[utoipa::path(get, path = "/api/v1/positions/{account}/{symbol}", operation_id = "read_position", tag = "trading",
    params(("account" = String, Path, description = "The account", example = "FIRM1"),
        ("symbol" = String, Path, description = "The instrument", example = "AAPL")),
    responses((status = 200, body = PositionView)))]
async fn read_position(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Path((account, symbol)): Path<(String, String)>,
) -> Result<Json<PositionView>, Problem> {
    let model = api.read_model(&headers).await?;
    found(model, &asked, (&account, &symbol)).map(|(_, row)| Json(position_view(row)))
}

/// Closes a position by an opposite market order for all of it that open orders would not already close. Answers with that
/// order, as placing one does.
#[utoipa::path(post, path = "/api/v1/positions/{account}/{symbol}/close", operation_id = "close_position", tag = "trading",
    params(("account" = String, Path, description = "The account", example = "FIRM1"),
        ("symbol" = String, Path, description = "The instrument", example = "AAPL")),
    responses((status = 200, body = super::trading::OrderView)))]
async fn close_position(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path((account, symbol)): Path<(String, String)>,
) -> Result<Response, Problem> {
    // What was done just now counts.
    let model = api.caught_up_model().await?;
    let (firm, row) = found(model, &asked, (&account, &symbol))?;
    let alone = api.closing.enter(&account, &symbol);
    if alone.is_none() && !api.is_repeat(&asked) {
        return Err(Problem::because(ProblemKind::Conflict, "it is being closed already"));
    }
    let terms = Box::new(closing_terms(&api, &asked, firm, &row)?);
    let placed = api.order(&asked, firm, OrderAction::Place { terms }).await?;
    Ok(super::orders::answer(placed, StatusCode::OK))
}

/// The order that closes a position.
fn closing_terms(api: &Api, asked: &Asked, firm: FirmId, row: &PositionRow) -> Result<OrderTerms, Problem> {
    let held = row.figures.held.qty;
    let side = if held > 0 { Side::Sell } else { Side::Buy };
    let open = api.model().open_qty(&row.account, &row.symbol, &word(&side)).map_err(failed)?;
    let left = held.abs() - open.units();
    // A repeat is answered as the first was, whatever is left now.
    if left <= 0 && !api.is_repeat(asked) {
        let words =
            if held == 0 { "there is nothing to close" } else { "open orders close all of it already" };
        return Err(Problem::because(ProblemKind::Conflict, words));
    }
    let qty = Qty::parse(&Amount::from_units(left.max(1)).to_string());
    let qty = qty.map_err(|_| Problem::because(ProblemKind::Conflict, "it is too large for one order"))?;
    Ok(OrderTerms {
        cl_ord_id: api.cl_ord_id(),
        session: SessionId::of_api(&firm),
        firm,
        account: super::orders::kept(AccountId::new(&row.account))?,
        symbol: super::orders::kept(Symbol::new(&row.symbol))?,
        side,
        ord_type: OrdType::Market,
        price: None,
        stop_px: None,
        qty,
        tif: TimeInForce::Day,
        conditions: None,
        carried: None,
    })
}

/// A position that the caller may see, and whose it is.
fn found(
    model: &ReadModel,
    asked: &Asked,
    (account, symbol): (&str, &str),
) -> Result<(FirmId, PositionRow), Problem> {
    let not_found = || Problem::new(ProblemKind::NotFound);
    let row = model.account_position(account, symbol).map_err(failed)?.ok_or_else(not_found)?;
    let firm = row.firm.as_deref().and_then(|firm| FirmId::new(firm).ok()).ok_or_else(not_found)?;
    asked.caller()?.sees(None, Some(firm))?;
    Ok((firm, row))
}
