//! Firms, instruments, prices and opening money: seen in the read model, changed by commands.

use super::trading::narrowed;
use crate::answer::{Receipt, changed, entity};
use crate::api::Api;
use crate::asked::Asked;
use crate::body::{Body, Faults};
use crate::paging::{Page, Params, Sort, Wanted};
use crate::path::Path;
use crate::problem::{Problem, ProblemKind};
use crate::read_model::{FirmRow, InstrumentRow, ReadModel, RowFilter};
use crate::text_rules;
use assay_trading_types::{
    AccountCredited, AccountId, Amount, Asset, Commission, ControlAction, FirmId, FirmOpened,
    InstrumentListed, Price, Qty, ReferencePriceSet, SelfTrade, Symbol,
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

/// Accounts of a firm in one command.
const ACCOUNTS_MAX: usize = 1_000;

pub(super) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(list_firms))
        .routes(routes!(read_firm, open_firm))
        .routes(routes!(credit_account))
        .routes(routes!(list_instruments))
        .routes(routes!(list_instrument))
        .routes(routes!(set_reference_price))
}

/// The database refused: nothing that a client could mend.
pub(super) fn failed(error: rusqlite::Error) -> Problem {
    tracing::error!(%error, "the read model cannot be read");
    Problem::later(ProblemKind::Unavailable, 1)
}

async fn submit(api: &Api, asked: &Asked, action: ControlAction) -> Result<Response, Problem> {
    api.submit(asked, action).await.map(changed)
}

/// A firm.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FirmView {
    /// Its id.
    #[schema(example = "FIRM1")]
    id: String,
    /// Its accounts, the first being the default.
    #[schema(value_type = Vec<String>, example = json!(["FIRM1"]))]
    accounts: serde_json::Value,
    /// What happens when it would trade with itself.
    #[schema(example = "allow")]
    self_trade: String,
    /// Its limits in force, as in `limits.set.v1`; null while none were set.
    #[schema(value_type = Option<Object>, example = json!({"order_qty_max": "100000"}))]
    limits: serde_json::Value,
    /// Version of its limits.
    #[schema(example = 3)]
    limits_version: u64,
}

fn firm_view(row: FirmRow) -> FirmView {
    FirmView {
        accounts: serde_json::from_str(&row.accounts).unwrap_or_default(),
        limits: row.limits.and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default(),
        id: row.firm,
        self_trade: row.self_trade,
        limits_version: row.limits_version,
    }
}

/// What a list of firms or instruments takes.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct NamesQuery {
    /// Items of a page, 1 to 100; 50 by default.
    #[param(example = 50)]
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
    /// `id` or `-id`.
    #[param(inline, example = "id")]
    sort: Option<Sort>,
}

/// Firms: all for staff, the own one for its users.
#[utoipa::path(get, path = "/api/v1/firms", operation_id = "list_firms", tag = "firms",
    params(NamesQuery), responses((status = 200, body = Page<FirmView>)))]
async fn list_firms(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Params(query): Params<NamesQuery>,
) -> Result<Json<Page<FirmView>>, Problem> {
    let firm = narrowed(asked.caller()?, None)?;
    let wanted = Wanted::new(&api.secrets, "firms", query.limit, query.after.as_deref(), query.sort)?;
    let filter = RowFilter::default().equal("firm", firm.as_deref());
    let model = api.read_model(&headers).await?;
    let rows = model.firms(filter, &wanted.slice()).map_err(failed)?;
    Ok(Json(wanted.page_of(&api.secrets, "firms", rows, |row| row.firm.clone(), firm_view)))
}

/// The firm named in a path, when the caller may see it and it exists.
async fn found(
    api: &Api,
    asked: &Asked,
    headers: &HeaderMap,
    id: &str,
) -> Result<(FirmId, FirmRow), Problem> {
    let not_found = || Problem::new(ProblemKind::NotFound);
    let firm = FirmId::new(id).map_err(|_| not_found())?;
    asked.caller()?.sees(None, Some(firm))?;
    let row = api.read_model(headers).await?.firm(id).map_err(failed)?.ok_or_else(not_found)?;
    Ok((firm, row))
}

/// One firm. The ETag is the version of its limits.
#[utoipa::path(get, path = "/api/v1/firms/{id}", operation_id = "read_firm", tag = "firms",
    params(("id" = String, Path, description = "The firm", example = "FIRM1")), responses((status = 200, body = FirmView)))]
async fn read_firm(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let (_, row) = found(&api, &asked, &headers, &id).await?;
    Ok(entity(row.limits_version, firm_view(row)))
}

/// A firm and its terms.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FirmTerms {
    /// All its accounts, the first being the default.
    #[schema(value_type = Vec<String>, example = json!(["FIRM3"]))]
    accounts: Vec<AccountId>,
    /// `allow`, `cancel_newest`, `cancel_oldest`, `cancel_both` or `decrement`.
    #[serde(default)]
    #[schema(value_type = String, example = "cancel_newest")]
    self_trade: SelfTrade,
    /// What its trades cost: `per_share`, `basis_points`, `minimum`, decimals.
    #[serde(default)]
    #[schema(value_type = Object)]
    commission: Commission,
}

/// Opens a firm, or changes its terms. Waits for a second person. A new firm trades once its identity is proven.
#[utoipa::path(put, path = "/api/v1/firms/{id}", operation_id = "open_firm", tag = "firms",
    params(("id" = String, Path, description = "The firm", example = "FIRM3")),
    request_body = FirmTerms, responses((status = 200, body = Receipt)))]
async fn open_firm(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Path(id): Path<String>,
    Body(given): Body<FirmTerms>,
) -> Result<Response, Problem> {
    let mut faults = Faults::default();
    let firm = faults.take("id", FirmId::new(&id));
    let distinct: std::collections::BTreeSet<_> = given.accounts.iter().collect();
    if given.accounts.is_empty()
        || given.accounts.len() > ACCOUNTS_MAX
        || distinct.len() != given.accounts.len()
    {
        faults.add("accounts", format!("must be 1 to {ACCOUNTS_MAX} different ones"));
    }
    let Commission { per_share, basis_points, minimum } = given.commission;
    if [per_share, basis_points, minimum].iter().any(|a| *a < Amount::ZERO) {
        faults.add("commission", "must not be negative");
    }
    faults.check()?;
    let firm = firm.ok_or_else(|| Problem::new(ProblemKind::NotFound))?;
    let opened = FirmOpened {
        firm,
        accounts: given.accounts,
        commission: given.commission,
        self_trade: given.self_trade,
    };
    let model = api.read_model(&headers).await?;
    let known = model.firm(&id).map_err(failed)?.is_some();
    check_accounts(model, &opened)?;
    let action = if known { ControlAction::OpenFirm(opened) } else { ControlAction::TakeOnFirm(opened) };
    submit(&api, &asked, action).await
}

/// An account is one firm's for good: no other gets it.
fn check_accounts(model: &ReadModel, opened: &FirmOpened) -> Result<(), Problem> {
    for account in &opened.accounts {
        let owner = model.owner(account.as_str()).map_err(failed)?;
        if owner.is_some_and(|owner| owner != opened.firm.as_str()) {
            let words = format!("{account} is an account of another firm");
            return Err(Problem::because(ProblemKind::Conflict, words));
        }
    }
    Ok(())
}

/// Money or a position for an account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Credit {
    /// One of the firm's accounts.
    #[schema(value_type = String, example = "FIRM1")]
    account: AccountId,
    /// Currency or symbol.
    #[schema(value_type = String, example = "USD")]
    asset: Asset,
    /// How much, a decimal above zero.
    #[schema(value_type = String, example = "1000000")]
    amount: Amount,
    /// Why; one credit per account, asset and reference ever has effect.
    #[schema(example = "wire 2026-11-21/17")]
    reference: String,
}

/// Credits an account. Waits for a second person.
#[utoipa::path(post, path = "/api/v1/firms/{id}/credits", operation_id = "credit_account", tag = "firms",
    params(("id" = String, Path, description = "The firm", example = "FIRM1")),
    request_body = Credit, responses((status = 200, body = Receipt)))]
async fn credit_account(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Path(id): Path<String>,
    Body(given): Body<Credit>,
) -> Result<Response, Problem> {
    let (firm, row) = found(&api, &asked, &headers, &id).await?;
    let accounts: Vec<AccountId> = serde_json::from_str(&row.accounts).unwrap_or_default();
    let mut faults = Faults::default();
    if !accounts.contains(&given.account) {
        faults.add("account", "is not one of the firm's");
    }
    if given.amount <= Amount::ZERO {
        faults.add("amount", "must be above zero");
    }
    let reference = faults.take("reference", text_rules::reason(&given.reference)).unwrap_or_default();
    faults.check()?;
    let credited =
        AccountCredited { firm, account: given.account, asset: given.asset, amount: given.amount, reference };
    submit(&api, &asked, ControlAction::CreditAccount(credited)).await
}

/// An instrument.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InstrumentView {
    /// Symbol(55).
    #[schema(example = "AAPL")]
    symbol: String,
    /// Currency(15).
    #[schema(example = "USD")]
    currency: String,
    /// Prices are multiples of it.
    #[schema(example = "0.01")]
    tick_size: String,
    /// Quantities are multiples of it.
    #[schema(example = "1")]
    lot_size: String,
    /// Reference price in force.
    #[schema(example = "100.00")]
    reference_price: Option<String>,
    /// When it was set, UTC.
    #[schema(example = "2026-11-21T09:30:00.000000000Z")]
    reference_at: Option<String>,
    /// Grows with every change of the terms.
    #[schema(example = 17)]
    version: u64,
}

fn instrument_view(row: InstrumentRow) -> InstrumentView {
    InstrumentView {
        symbol: row.symbol,
        currency: row.currency,
        tick_size: row.tick_size,
        lot_size: row.lot_size,
        reference_price: row.reference_price,
        reference_at: row.reference_at.map(|at| at.to_string()),
        version: row.version,
    }
}

/// Instruments, for whoever is logged in.
#[utoipa::path(get, path = "/api/v1/instruments", operation_id = "list_instruments", tag = "instruments",
    params(NamesQuery), responses((status = 200, body = Page<InstrumentView>)))]
async fn list_instruments(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Params(query): Params<NamesQuery>,
) -> Result<Json<Page<InstrumentView>>, Problem> {
    asked.caller()?;
    let wanted = Wanted::new(&api.secrets, "instruments", query.limit, query.after.as_deref(), query.sort)?;
    let model = api.read_model(&headers).await?;
    let rows = model.instruments(RowFilter::default(), &wanted.slice()).map_err(failed)?;
    Ok(Json(wanted.page_of(&api.secrets, "instruments", rows, |row| row.symbol.clone(), instrument_view)))
}

/// Terms of an instrument.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct InstrumentTerms {
    /// Currency(15).
    #[schema(value_type = String, example = "USD")]
    currency: Asset,
    /// Prices are multiples of it, a decimal above zero.
    #[schema(value_type = String, example = "0.01")]
    tick_size: Price,
    /// Quantities are multiples of it, a decimal above zero.
    #[schema(value_type = String, example = "1")]
    lot_size: Qty,
}

/// Lists an instrument, or changes its terms. Waits for a second person.
#[utoipa::path(put, path = "/api/v1/instruments/{id}", operation_id = "list_instrument", tag = "instruments",
    params(("id" = String, Path, description = "Symbol(55)", example = "MSFT")),
    request_body = InstrumentTerms, responses((status = 200, body = Receipt)))]
async fn list_instrument(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path(id): Path<String>,
    Body(given): Body<InstrumentTerms>,
) -> Result<Response, Problem> {
    let mut faults = Faults::default();
    let symbol = faults.take("id", Symbol::new(&id));
    if given.tick_size.units() <= 0 {
        faults.add("tick_size", "must be above zero");
    }
    if given.lot_size.units() <= 0 {
        faults.add("lot_size", "must be above zero");
    }
    faults.check()?;
    let symbol = symbol.ok_or_else(|| Problem::new(ProblemKind::NotFound))?;
    let listed = InstrumentListed {
        symbol,
        currency: given.currency,
        tick_size: given.tick_size,
        lot_size: given.lot_size,
        security_type: None,
        exchange: None,
        single_orders: false,
    };
    submit(&api, &asked, ControlAction::ListInstrument(listed)).await
}

/// A reference price.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReferencePrice {
    /// A decimal above zero.
    #[schema(value_type = String, example = "101.25")]
    price: Price,
    /// Seconds it may be used; until the next when left out.
    #[schema(example = 60)]
    max_age_s: Option<u32>,
}

/// Sets a reference price, in force at once.
#[utoipa::path(put, path = "/api/v1/instruments/{id}/reference-price", operation_id = "set_reference_price", tag = "instruments",
    params(("id" = String, Path, description = "Symbol(55)", example = "AAPL")),
    request_body = ReferencePrice, responses((status = 200, body = Receipt)))]
async fn set_reference_price(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Path(id): Path<String>,
    Body(given): Body<ReferencePrice>,
) -> Result<Response, Problem> {
    let not_found = || Problem::new(ProblemKind::NotFound);
    let symbol = Symbol::new(&id).map_err(|_| not_found())?;
    api.read_model(&headers).await?.instrument(&id).map_err(failed)?.ok_or_else(not_found)?;
    let mut faults = Faults::default();
    if given.price.units() <= 0 {
        faults.add("price", "must be above zero");
    }
    if given.max_age_s == Some(0) {
        faults.add("max_age_s", "must be above zero");
    }
    faults.check()?;
    let max_age_ns = given.max_age_s.map(|s| i64::from(s) * 1_000_000_000);
    submit(
        &api,
        &asked,
        ControlAction::SetReferencePrice(ReferencePriceSet {
            symbol,
            price: given.price,
            max_age_ns,
            source: None,
        }),
    )
    .await
}
