//! What accounts have of each asset: total, held and available. Total = available + held.

use super::firms::failed;
use super::trading::narrowed;
use crate::api::Api;
use crate::asked::Asked;
use crate::paging::{Page, Params, Sort, Wanted};
use crate::path::Path;
use crate::problem::{Problem, ProblemKind};
use crate::read_model::{AccountRow, EntryRow, ReadModel, RowFilter};
use crate::text_rules;
use assay_trading_types::{AccountId, Amount, FirmId, Position};
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
        .routes(routes!(list_wallets))
        .routes(routes!(read_wallet))
        .routes(routes!(list_wallet_entries))
}

/// What an account has of an asset.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WalletView {
    /// The firm.
    #[schema(example = "FIRM1")]
    firm: Option<String>,
    /// The account.
    #[schema(example = "FIRM1")]
    account: String,
    /// Currency or symbol.
    #[schema(example = "USD")]
    asset: String,
    /// What it has, a decimal: available and held.
    #[schema(example = "10000")]
    total: String,
    /// What open orders, withdrawals and other movements hold of it, a decimal.
    #[schema(example = "2501.50")]
    held: String,
    /// What can be spent, a decimal.
    #[schema(example = "7498.50")]
    available: String,
    /// Everything below this position of the log is in it.
    #[schema(example = 4711)]
    position: u64,
}

/// How an account stood.
struct Standing {
    total: Amount,
    held: Amount,
    position: Position,
}

fn view(row: &AccountRow, standing: &Standing) -> WalletView {
    let available = Amount::from_units(standing.total.units() - standing.held.units());
    WalletView {
        firm: row.firm.clone(),
        account: row.account.clone().unwrap_or_else(|| row.code.clone()),
        asset: row.asset.clone(),
        total: standing.total.to_string(),
        held: standing.held.to_string(),
        available: available.to_string(),
        position: standing.position.0,
    }
}

/// How an account stands at the position that the read model has reached.
pub(crate) fn standing_now(row: &AccountRow, position: Position) -> WalletView {
    view(row, &Standing { total: row.sums.balance(), held: row.sums.held, position })
}

/// What a list of wallets takes.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct WalletsQuery {
    /// Items of a page, 1 to 100; 50 by default.
    #[param(example = 50)]
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
    /// `id` (in the order they were opened) or `-id`.
    #[param(inline, example = "id")]
    sort: Option<Sort>,
    /// Of this firm.
    #[param(value_type = Option<String>, example = "FIRM1")]
    firm: Option<FirmId>,
    /// Of this account.
    #[param(example = "FIRM1")]
    account: Option<String>,
    /// Of this currency or symbol.
    #[param(example = "USD")]
    asset: Option<String>,
}

/// Wallets: the own firm's, or everybody's for staff.
#[utoipa::path(get, path = "/api/v1/wallets", operation_id = "list_wallets", tag = "money",
    params(WalletsQuery), responses((status = 200, body = Page<WalletView>)))]
async fn list_wallets(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Params(query): Params<WalletsQuery>,
) -> Result<Json<Page<WalletView>>, Problem> {
    let firm = narrowed(asked.caller()?, query.firm)?;
    let wanted = Wanted::new(&api.secrets, "wallets", query.limit, query.after.as_deref(), query.sort)?;
    let filter = RowFilter::default()
        .equal("firm", firm.as_deref())
        .equal("account", query.account.as_deref())
        .equal("asset", query.asset.as_deref())
        .present("account");
    let model = api.read_model(&headers).await?;
    let rows = model.accounts(filter, &wanted.slice()).map_err(failed)?;
    let position = model.position();
    let now =
        |row: AccountRow| view(&row, &Standing { total: row.sums.balance(), held: row.sums.held, position });
    Ok(Json(wanted.page_of(&api.secrets, "wallets", rows, |row| row.id.to_string(), now)))
}

/// A wallet that the caller may see.
pub(super) fn found(
    model: &ReadModel,
    asked: &Asked,
    (account, asset): (&str, &str),
) -> Result<AccountRow, Problem> {
    let not_found = || Problem::new(ProblemKind::NotFound);
    let account = AccountId::new(account).map_err(|_| not_found())?;
    let row = model.account(&format!("client:{account}"), asset).map_err(failed)?.ok_or_else(not_found)?;
    asked.caller()?.sees(None, row.firm.as_deref().and_then(|firm| FirmId::new(firm).ok()))?;
    Ok(row)
}

/// As of when.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct WhenQuery {
    /// After everything up to this position of the log.
    #[param(example = 4711)]
    position: Option<u64>,
    /// After everything up to this instant, UTC.
    #[param(example = "2026-11-21T09:30:00Z")]
    at: Option<String>,
}

/// What an account has of an asset now, or had after a position of the log or at an instant.
#[utoipa::path(get, path = "/api/v1/wallets/{account}/{asset}", operation_id = "read_wallet", tag = "money",
    params(("account" = String, Path, description = "The account", example = "FIRM1"),
        ("asset" = String, Path, description = "Currency or symbol", example = "USD"), WhenQuery),
    responses((status = 200, body = WalletView)))]
async fn read_wallet(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Path((account, asset)): Path<(String, String)>,
    Params(query): Params<WhenQuery>,
) -> Result<Json<WalletView>, Problem> {
    let model = api.read_model(&headers).await?;
    let row = found(model, &asked, (&account, &asset))?;
    let reached = model.position();
    let entry = match (query.position, query.at.as_deref()) {
        (None, None) => {
            return Ok(Json(standing_now(&row, reached)));
        }
        (Some(position), None) if position < reached.0 => {
            model.entry_before(row.id, ReadModel::end_of(Position(position)))
        }
        (Some(_), None) => return Err(Problem::field("position", "is not reached yet")),
        (None, Some(at)) => {
            let at = text_rules::instant(at).map_err(|why| Problem::field("at", why))?;
            model.entry_at(row.id, at)
        }
        (Some(_), Some(_)) => return Err(Problem::field("at", "or a position, not both")),
    };
    let entry = entry.map_err(failed)?;
    let (total, held) = entry.map_or_else(Default::default, |entry| (entry.balance, entry.held));
    let position = query.position.map_or(reached, |position| Position(position + 1));
    Ok(Json(view(&row, &Standing { total, held, position })))
}

/// What came or went, was held or released.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EntryView {
    /// When, UTC.
    #[schema(example = "2026-11-21T09:30:00.000000000Z")]
    at: String,
    /// Position of its record in the log.
    #[schema(example = 4711)]
    position: u64,
    /// Id of the transfer.
    #[schema(example = "0000000000000000000000000000002a")]
    transfer: String,
    /// Why: `deposit`, `trade_cash`, `order_hold` ...
    #[schema(example = "deposit")]
    reason: String,
    /// The movement or order it belongs to.
    #[schema(example = "DEP-00000000002A")]
    reference: Option<String>,
    /// The account of the books opposite.
    #[schema(example = "external:bank_transfer")]
    counterpart: String,
    /// Came, or went if negative; zero if it was only held or released. A decimal.
    #[schema(example = "2500.50")]
    change: String,
    /// The account has afterwards, a decimal.
    #[schema(example = "12500.50")]
    balance: String,
    /// Of which is held, a decimal.
    #[schema(example = "0")]
    held: String,
}

pub(super) fn entry_view(row: EntryRow) -> EntryView {
    EntryView {
        at: row.at.to_string(),
        position: row.position(),
        change: row.change().to_string(),
        transfer: row.transfer,
        reason: row.reason,
        reference: row.reference,
        counterpart: row.other,
        balance: row.balance.to_string(),
        held: row.held.to_string(),
    }
}

/// What a list of entries takes.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EntriesQuery {
    /// Items of a page, 1 to 100; 50 by default.
    #[param(example = 50)]
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
    /// `id` (oldest first) or `-id`; newest first by default.
    #[param(inline, example = "-id")]
    sort: Option<Sort>,
}

/// A page of an account's entries.
pub(super) fn entries(
    api: &Api,
    model: &ReadModel,
    account: i64,
    query: &EntriesQuery,
) -> Result<Json<Page<EntryView>>, Problem> {
    let list = format!("entries of {account}");
    let sort = query.sort.or(Some(Sort::Descending));
    let wanted = Wanted::new(&api.secrets, &list, query.limit, query.after.as_deref(), sort)?;
    let rows = model.entries(account, &wanted.slice()).map_err(failed)?;
    Ok(Json(wanted.page_of(&api.secrets, &list, rows, |row| row.id.to_string(), entry_view)))
}

/// What came to a wallet and went, newest first.
#[utoipa::path(get, path = "/api/v1/wallets/{account}/{asset}/entries", operation_id = "list_wallet_entries", tag = "money",
    params(("account" = String, Path, description = "The account", example = "FIRM1"),
        ("asset" = String, Path, description = "Currency or symbol", example = "USD"), EntriesQuery),
    responses((status = 200, body = Page<EntryView>)))]
async fn list_wallet_entries(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Path((account, asset)): Path<(String, String)>,
    Params(query): Params<EntriesQuery>,
) -> Result<Json<Page<EntryView>>, Problem> {
    let model = api.read_model(&headers).await?;
    let row = found(model, &asked, (&account, &asset))?;
    entries(&api, model, row.id, &query)
}
