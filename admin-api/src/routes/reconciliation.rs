//! Whether the books come to what they are made from: now, and as the daily job found.

use super::firms::failed;
use crate::api::Api;
use crate::asked::Asked;
use crate::paging::{Page, Params, Sort, Wanted};
use crate::problem::Problem;
use crate::reconciliation::{AssetSums, reconcile};
use assay_trading_types::{Amount, BooksBreak, BooksReconciled, BreakKind};
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Breaks that an answer names; it counts all of them.
const NAMED_MAX: usize = 100;

pub(super) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new().routes(routes!(read_reconciliation)).routes(routes!(list_reconciliations))
}

/// How the books of an asset compare with what they come from.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AssetReconciliation {
    /// Currency or symbol.
    #[schema(example = "USD")]
    asset: String,
    /// Debits less credits, a decimal; zero.
    #[schema(example = "0")]
    imbalance: String,
    /// What lies on the clearing account, a decimal; zero between fills.
    #[schema(example = "0")]
    clearing: String,
    /// What trades brought and took by the postings, less the same by the execution reports, a decimal; zero.
    #[schema(example = "0")]
    trades_difference: String,
    /// What movements brought and took by the postings, less the same as they were decided, a decimal; zero.
    #[schema(example = "0")]
    movements_difference: String,
    /// What the house paid for trades that an account could not cover, a decimal; it stands between accounts and reports.
    #[schema(example = "0")]
    shortfall: String,
}

/// Something that does not come out.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BreakView {
    /// `imbalance`, `clearing`, `trades`, `movements` or `hold`.
    #[schema(value_type = String, example = "hold")]
    kind: BreakKind,
    /// Code of the account; `total` for all of an asset.
    #[schema(example = "client:FIRM1")]
    account: String,
    /// Currency or symbol.
    #[schema(example = "USD")]
    asset: String,
    /// What the books have, a decimal.
    #[schema(example = "10")]
    books: String,
    /// What they should have, a decimal.
    #[schema(example = "0")]
    expected: String,
    /// The order or movement it is about, of a hold.
    #[schema(example = "WDR-00000000002A")]
    reference: Option<String>,
}

/// A reconciliation.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReconciliationView {
    /// Everything below this position of the log is in it.
    #[schema(example = 4711)]
    position: u64,
    /// Whether all of it comes out.
    #[schema(example = true)]
    passed: bool,
    /// By asset.
    assets: Vec<AssetReconciliation>,
    /// Holds that are not used up.
    #[schema(example = 12)]
    holds: u64,
    /// How many breaks there are.
    #[schema(example = 0)]
    breaks_total: u64,
    /// What does not come out, the first 100.
    breaks: Vec<BreakView>,
}

fn asset_view((asset, sums): (&String, &AssetSums)) -> AssetReconciliation {
    let text = |units: i128| Amount::from_units(units).to_string();
    AssetReconciliation {
        asset: asset.clone(),
        imbalance: text(sums.imbalance),
        clearing: text(sums.clearing),
        trades_difference: text(sums.trades_difference),
        movements_difference: text(sums.movements_difference),
        shortfall: text(sums.shortfall),
    }
}

fn break_view(found: &BooksBreak) -> BreakView {
    BreakView {
        kind: found.kind,
        account: found.account.clone(),
        asset: found.asset.to_string(),
        books: found.books.to_string(),
        expected: found.expected.to_string(),
        reference: found.reference.clone(),
    }
}

/// Reconciles the books now: debits with credits, trades posted with trades reported, movements posted with movements decided,
/// clearing with nothing, holds with what is open. While orders pour in, a fill may be half way between; ask again.
#[utoipa::path(get, path = "/api/v1/ledger/reconciliation", operation_id = "read_reconciliation", tag = "ledger",
    responses((status = 200, body = ReconciliationView)))]
async fn read_reconciliation(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
) -> Result<Json<ReconciliationView>, Problem> {
    asked.caller()?;
    let books = reconcile(api.read_model(&headers).await?).map_err(failed)?;
    Ok(Json(ReconciliationView {
        position: books.position,
        passed: books.breaks.is_empty(),
        assets: books.assets.iter().map(asset_view).collect(),
        holds: books.holds,
        breaks_total: books.breaks.len() as u64,
        breaks: books.breaks.iter().take(NAMED_MAX).map(break_view).collect(),
    }))
}

/// A reconciliation as the job found it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RecordedReconciliation {
    /// Its run: when it was due, UTC.
    #[schema(example = "2026-11-21T04:00:00.000000000Z")]
    due: String,
    /// Everything below this position of the log is in it.
    #[schema(example = 4711)]
    position: u64,
    /// Whether all of it comes out.
    #[schema(example = true)]
    passed: bool,
    /// Accounts that were looked at.
    #[schema(example = 12)]
    accounts: u64,
    /// Holds that were looked at.
    #[schema(example = 3)]
    holds: u64,
    /// Lines of bank statements that nobody has explained.
    #[schema(example = 0)]
    open_bank_lines: u64,
    /// How many breaks there are.
    #[schema(example = 0)]
    breaks_total: u64,
    /// What does not come out, the first 100.
    breaks: Vec<BreakView>,
}

fn recorded_view(run: &BooksReconciled) -> RecordedReconciliation {
    RecordedReconciliation {
        due: run.due.to_string(),
        position: run.position,
        passed: run.breaks_total == 0,
        accounts: run.accounts,
        holds: run.holds,
        open_bank_lines: run.open_bank_lines,
        breaks_total: run.breaks_total,
        breaks: run.breaks.iter().map(break_view).collect(),
    }
}

/// What a list of reconciliations takes.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ReconciliationsQuery {
    /// Items of a page, 1 to 100; 50 by default.
    #[param(example = 50)]
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
    /// `id` (oldest first) or `-id`; newest first by default.
    #[param(inline, example = "-id")]
    sort: Option<Sort>,
}

/// What the job `reconciliation` found, the newest first: daily, and whenever somebody ran it. A break is told to operations and
/// compliance too.
#[utoipa::path(get, path = "/api/v1/ledger/reconciliations", operation_id = "list_reconciliations", tag = "ledger",
    params(ReconciliationsQuery), responses((status = 200, body = Page<RecordedReconciliation>)))]
async fn list_reconciliations(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Params(query): Params<ReconciliationsQuery>,
) -> Result<Json<Page<RecordedReconciliation>>, Problem> {
    asked.caller()?;
    let (list, sort) = ("reconciliations", query.sort.or(Some(Sort::Descending)));
    let wanted = Wanted::new(&api.secrets, list, query.limit, query.after.as_deref(), sort)?;
    // Instants as texts sort by time.
    let state = api.state();
    let runs: Vec<(String, &BooksReconciled)> =
        state.reconciliations.iter().map(|run| (run.due.to_string(), run)).collect();
    let view = |(_, run): &(String, &BooksReconciled)| recorded_view(run);
    Ok(Json(wanted.page(&api.secrets, list, runs.iter(), |(due, _)| due.as_str(), view)))
}
