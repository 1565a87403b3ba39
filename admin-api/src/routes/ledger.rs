//! The house's books: accounts, entries, the trial balance.

use super::firms::failed;
use super::wallets::{EntriesQuery, EntryView, entries};
use crate::api::Api;
use crate::asked::Asked;
use crate::paging::{Page, Params, Sort, Wanted};
use crate::path::Path;
use crate::problem::{Problem, ProblemKind};
use crate::read_model::{AccountRow, RowFilter};
use crate::reconciliation::class_of;
use assay_trading_types::Amount;
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(list_ledger_accounts))
        .routes(routes!(list_ledger_entries))
        .routes(routes!(read_trial_balance))
}

/// An account of the books.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LedgerAccountView {
    /// Its number.
    #[schema(example = 7)]
    id: i64,
    /// Its code: class, then owner where there is one.
    #[schema(example = "client:FIRM1")]
    code: String,
    /// Currency or symbol.
    #[schema(example = "USD")]
    asset: String,
    /// Whose it is, of a client's.
    #[schema(example = "FIRM1")]
    firm: Option<String>,
    /// Posted debits, a decimal.
    #[schema(example = "0")]
    debits: String,
    /// Posted credits, a decimal.
    #[schema(example = "10000")]
    credits: String,
    /// Credits less debits, a decimal.
    #[schema(example = "10000")]
    balance: String,
    /// Held of it, a decimal.
    #[schema(example = "0")]
    held: String,
    /// What others' holds will bring, a decimal.
    #[schema(example = "0")]
    expected: String,
}

fn account_view(row: AccountRow) -> LedgerAccountView {
    LedgerAccountView {
        id: row.id,
        code: row.code,
        asset: row.asset,
        firm: row.firm,
        debits: row.sums.debits.to_string(),
        credits: row.sums.credits.to_string(),
        balance: row.sums.balance().to_string(),
        held: row.sums.held.to_string(),
        expected: row.sums.expected.to_string(),
    }
}

/// What a list of accounts takes.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct LedgerAccountsQuery {
    /// Items of a page, 1 to 100; 50 by default.
    #[param(example = 50)]
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
    /// `id` (in the order they were opened) or `-id`.
    #[param(inline, example = "id")]
    sort: Option<Sort>,
    /// With this code.
    #[param(example = "clearing")]
    code: Option<String>,
    /// Of this currency or symbol.
    #[param(example = "USD")]
    asset: Option<String>,
    /// Of this firm.
    #[param(example = "FIRM1")]
    firm: Option<String>,
}

/// Accounts of the books, clients' and the house's own.
#[utoipa::path(get, path = "/api/v1/ledger/accounts", operation_id = "list_ledger_accounts", tag = "ledger",
    params(LedgerAccountsQuery), responses((status = 200, body = Page<LedgerAccountView>)))]
async fn list_ledger_accounts(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Params(query): Params<LedgerAccountsQuery>,
) -> Result<Json<Page<LedgerAccountView>>, Problem> {
    asked.caller()?;
    let list = "ledger accounts";
    let wanted = Wanted::new(&api.secrets, list, query.limit, query.after.as_deref(), query.sort)?;
    let filter = RowFilter::default()
        .equal("code", query.code.as_deref())
        .equal("asset", query.asset.as_deref())
        .equal("firm", query.firm.as_deref());
    let rows = api.read_model(&headers).await?.accounts(filter, &wanted.slice()).map_err(failed)?;
    Ok(Json(wanted.page_of(&api.secrets, list, rows, |row| row.id.to_string(), account_view)))
}

/// Entries of an account, newest first.
#[utoipa::path(get, path = "/api/v1/ledger/accounts/{id}/entries", operation_id = "list_ledger_entries", tag = "ledger",
    params(("id" = String, Path, description = "The account's number", example = "7"), EntriesQuery),
    responses((status = 200, body = Page<EntryView>)))]
async fn list_ledger_entries(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Path(id): Path<String>,
    Params(query): Params<EntriesQuery>,
) -> Result<Json<Page<EntryView>>, Problem> {
    asked.caller()?;
    let not_found = || Problem::new(ProblemKind::NotFound);
    let id: i64 = id.parse().map_err(|_| not_found())?;
    let model = api.read_model(&headers).await?;
    let row = model.account_by_id(id).map_err(failed)?.ok_or_else(not_found)?;
    entries(&api, model, row.id, &query)
}

/// Debits and credits of an asset over all accounts of a class.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TrialBalanceLineView {
    /// Currency or symbol.
    #[schema(example = "USD")]
    asset: String,
    /// The part of a code before its colon; `total` for all of them.
    #[schema(example = "client")]
    class: String,
    /// Accounts.
    #[schema(example = 4)]
    accounts: u64,
    /// Posted debits, a decimal.
    #[schema(example = "1000")]
    debits: String,
    /// Posted credits, a decimal.
    #[schema(example = "20000")]
    credits: String,
}

/// A trial balance.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TrialBalanceView {
    /// Everything below this position of the log is in it.
    #[schema(example = 4711)]
    position: u64,
    /// Whether debits are credits for each asset.
    #[schema(example = true)]
    balanced: bool,
    /// By asset and class; each asset ends with its `total`.
    lines: Vec<TrialBalanceLineView>,
}

/// Sums over accounts.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    accounts: u64,
    debits: i128,
    credits: i128,
}

impl Sum {
    fn add(&mut self, row: &AccountRow) {
        self.accounts += 1;
        self.debits += row.sums.debits.units();
        self.credits += row.sums.credits.units();
    }

    fn line(&self, asset: &str, class: &str) -> TrialBalanceLineView {
        TrialBalanceLineView {
            asset: asset.to_owned(),
            class: class.to_owned(),
            accounts: self.accounts,
            debits: Amount::from_units(self.debits).to_string(),
            credits: Amount::from_units(self.credits).to_string(),
        }
    }
}

/// Debits and credits by asset and class of account.
#[utoipa::path(get, path = "/api/v1/ledger/trial-balance", operation_id = "read_trial_balance", tag = "ledger",
    responses((status = 200, body = TrialBalanceView)))]
async fn read_trial_balance(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
) -> Result<Json<TrialBalanceView>, Problem> {
    asked.caller()?;
    let model = api.read_model(&headers).await?;
    let rows = model.all_accounts().map_err(failed)?;
    let mut by_asset: BTreeMap<&str, (Sum, BTreeMap<&str, Sum>)> = BTreeMap::new();
    for row in &rows {
        let (total, classes) = by_asset.entry(&row.asset).or_default();
        total.add(row);
        classes.entry(class_of(&row.code)).or_default().add(row);
    }
    let balanced = by_asset.values().all(|(total, _)| total.debits == total.credits);
    let mut lines = Vec::new();
    for (asset, (total, classes)) in &by_asset {
        lines.extend(classes.iter().map(|(class, sum)| sum.line(asset, class)));
        lines.push(total.line(asset, "total"));
    }
    Ok(Json(TrialBalanceView { position: model.position().0, balanced, lines }))
}
