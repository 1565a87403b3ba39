//! Loans: how one is shown and found, and its repayments.

use super::firms::failed;
use super::loan_terms::LoanTerms;
use super::trading::narrowed;
use crate::answer::entity;
use crate::api::Api;
use crate::asked::Asked;
use crate::paging::{Page, Params, Sort, Wanted};
use crate::path::Path;
use crate::problem::{Problem, ProblemKind};
use crate::read_model::{LoanRow, Quotes, Repayment, RepaymentRow, RowFilter};
use crate::word::word;
use assay_loans::{Valuation, Valued};
use assay_trading_types::loan_terms::{Instalment, Parts};
use assay_trading_types::{Amount, FirmId, LoanId, LoanSigned, LoanState, LoanStatus, Timestamp};
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(list_loans))
        .routes(routes!(list_pending_loans))
        .routes(routes!(read_loan))
        .routes(routes!(read_loan_schedule))
        .routes(routes!(read_loan_terms))
        .routes(routes!(list_loan_repayments))
}

/// Parts of a debt or of a payment.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PartsView {
    /// Late fees and penalties, a decimal.
    #[schema(example = "0")]
    fees: String,
    /// Interest, a decimal.
    #[schema(example = "98.63")]
    interest: String,
    /// Principal, a decimal.
    #[schema(example = "10000")]
    principal: String,
    /// All together, a decimal.
    #[schema(example = "10098.63")]
    total: String,
}

fn parts_view(parts: Parts) -> PartsView {
    PartsView {
        fees: parts.fees.to_string(),
        interest: parts.interest.to_string(),
        principal: parts.principal.to_string(),
        total: parts.total().to_string(),
    }
}

/// Who did something, and when.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SignedView {
    /// Who.
    #[schema(example = "user:usr_0192f3a4b5c60123456789abcdef0123")]
    by: String,
    /// When, UTC.
    #[schema(example = "2026-11-21T09:30:00.000000000Z")]
    at: String,
}

fn signed_view(signed: LoanSigned) -> SignedView {
    SignedView { by: signed.by.to_string(), at: signed.at.to_string() }
}

/// What secures a loan, counted now by the rules of margin calls.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CollateralView {
    /// What it counts for after haircuts, in the loan's currency: a decimal. Null where an asset has no price that is recent.
    #[schema(example = "16000")]
    value: Option<String>,
    /// Why there is no value: `PRICE_MISSING` or `PRICE_STALE`. Nobody is called upon meanwhile.
    #[schema(example = json!(null))]
    unvalued: Option<String>,
    /// What it must count for: until the payout what is asked for to begin with, then what spares a margin call, in default
    /// the debt. A decimal.
    #[schema(example = "12623.29")]
    required: String,
    /// What is missing of that, zero when nothing is: a decimal.
    #[schema(example = "0")]
    shortfall: Option<String>,
    /// What is owed, or applied for until the payout, by the value: a decimal, rounded up to four places. Null without a value.
    #[schema(example = "0.6312")]
    loan_to_value: Option<String>,
    /// By asset. What is on its way to be sold is not in it.
    assets: Vec<PledgeView>,
}

/// One asset that secures a loan.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PledgeView {
    /// What.
    #[schema(example = "AAPL")]
    asset: String,
    /// How much, a decimal.
    #[schema(example = "2000")]
    amount: String,
    /// Part of its price that does not count.
    #[schema(example = "0.2")]
    haircut: String,
    /// Its last reference price in the loan's currency, recent or not; null if there is none.
    #[schema(example = "10")]
    price: Option<String>,
    /// When that was said, UTC.
    #[schema(example = "2026-11-21T09:30:00.000000000Z")]
    price_at: Option<String>,
    /// What it counts for, a decimal; null without a recent price.
    #[schema(example = "16000")]
    value: Option<String>,
    /// Why there is no value: `PRICE_MISSING` or `PRICE_STALE`.
    #[schema(example = json!(null))]
    unvalued: Option<String>,
}

fn collateral_view(valuation: &Valuation) -> CollateralView {
    let text = |amount: Amount| amount.to_string();
    CollateralView {
        value: valuation.value.ok().map(text),
        unvalued: valuation.value.err().map(|refusal| refusal.code().to_owned()),
        required: valuation.required.to_string(),
        shortfall: valuation.shortfall().map(text),
        loan_to_value: valuation.loan_to_value().map(text),
        assets: valuation.assets.iter().map(pledge_view).collect(),
    }
}

fn pledge_view(valued: &Valued) -> PledgeView {
    PledgeView {
        asset: valued.asset.to_string(),
        amount: valued.amount.to_string(),
        haircut: Amount::from(valued.haircut).to_string(),
        price: valued.quote.map(|quote| quote.price.to_string()),
        price_at: valued.quote.map(|quote| quote.at.to_string()),
        value: valued.value.ok().map(|value| value.to_string()),
        unvalued: valued.value.err().map(|refusal| refusal.code().to_owned()),
    }
}

/// A payment just made on a loan.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PaymentView {
    /// What was offered, a decimal.
    #[schema(example = "1000")]
    asked: String,
    /// What was taken: no more than was owed. A decimal.
    #[schema(example = "1000")]
    taken: String,
    /// What was not, and stays in the account: a decimal.
    #[schema(example = "0")]
    not_taken: String,
    /// Fees that it settled, a decimal.
    #[schema(example = "0")]
    fees: String,
    /// Interest that it settled, a decimal.
    #[schema(example = "98.63")]
    interest: String,
    /// Principal that it settled, a decimal.
    #[schema(example = "901.37")]
    principal: String,
    /// Of a debt that had been given up, a decimal.
    #[schema(example = "0")]
    recovered: String,
}

fn payment_view(r: &Repayment) -> PaymentView {
    PaymentView {
        asked: r.asked.to_string(),
        taken: r.taken.to_string(),
        not_taken: r.not_taken().to_string(),
        fees: r.fees.to_string(),
        interest: r.interest.to_string(),
        principal: r.principal.to_string(),
        recovered: r.recovered.to_string(),
    }
}

/// A loan.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LoanView {
    /// Its id.
    #[schema(example = "L000000000000002A")]
    id: String,
    /// Who borrows.
    #[schema(example = "FIRM1")]
    firm: String,
    /// The account for payout, collateral and payments.
    #[schema(example = "FIRM1")]
    account: String,
    /// What it was made from.
    #[schema(example = "HOME")]
    product: String,
    /// `pending`, `approved`, `active`, `defaulted`, `repaid`, `written_off`, `rejected` or `cancelled`.
    #[schema(value_type = String, example = "pending")]
    status: LoanStatus,
    /// Currency lent.
    #[schema(example = "USD")]
    currency: String,
    /// What was applied for, a decimal.
    #[schema(example = "10000")]
    amount: String,
    /// Interest a year, as it was when it was applied for.
    #[schema(example = "0.12")]
    rate: String,
    /// Days from payout to maturity, as they were then.
    #[schema(example = 365)]
    term_days: u32,
    /// Collateral that is locked, by asset: decimals.
    #[schema(value_type = Object, example = json!({"AAPL": "2000"}))]
    pledges: BTreeMap<String, String>,
    /// What it counts for now, and what it must; null once the loan has ended.
    collateral: Option<CollateralView>,
    /// Collateral on its way to be sold: `asset`, `amount`.
    #[schema(value_type = Option<Object>)]
    selling: serde_json::Value,
    /// What is owed now; of a loan that was given up what was.
    owed: PartsView,
    /// What was paid back.
    repaid: PartsView,
    /// What came in after it was given up, a decimal.
    #[schema(example = "0")]
    recovered: String,
    /// The payment that this answers; null in every other answer.
    payment: Option<PaymentView>,
    /// Who applied, and when.
    applied: SignedView,
    /// Who approved or rejected, and when.
    decided: Option<SignedView>,
    /// Why it was rejected or is to be given up.
    #[schema(example = json!(null))]
    reason: Option<String>,
    /// Who paid it out, and when.
    disbursed: Option<SignedView>,
    /// The last due date.
    #[schema(example = "2027-11-21")]
    due: Option<String>,
    /// The next instalment's due date.
    #[schema(example = "2026-12-21")]
    next_due: Option<String>,
    /// How late it is: `current`, `days1`, `days30`, `days60` or `days90`, by the least days past due.
    #[schema(value_type = String, example = "current")]
    late: serde_json::Value,
    /// Until when a margin call is to be cured, UTC.
    #[schema(example = json!(null))]
    call_until: Option<String>,
    /// When it ended, UTC.
    #[schema(example = json!(null))]
    ended: Option<String>,
    /// Grows with every change.
    #[schema(example = 1)]
    version: u64,
}

/// A loan as it stands, with its collateral as it counts now, and the payment just made on it.
pub(super) fn shown(api: &Api, row: LoanRow, payment: Option<Repayment>) -> Result<LoanView, Problem> {
    let quotes = api.model().quotes(std::slice::from_ref(&row)).map_err(failed)?;
    let payment = payment.as_ref().map(payment_view);
    Ok(LoanView { payment, ..view(row, &quotes, api.now()) })
}

fn view(row: LoanRow, quotes: &Quotes, now: Timestamp) -> LoanView {
    let LoanRow { loan: l, terms, .. } = row;
    let valuation = Valuation::of(&l, &terms, |asset| quotes.of(asset, terms.currency), now);
    LoanView {
        id: l.id.to_string(),
        firm: l.firm.to_string(),
        account: l.account.to_string(),
        product: l.product.to_string(),
        status: l.status,
        currency: l.currency.to_string(),
        amount: l.amount.to_string(),
        rate: assay_trading_types::Amount::from(l.rate).to_string(),
        term_days: terms.term_days,
        pledges: l.pledges.iter().map(|(asset, amount)| (asset.to_string(), amount.to_string())).collect(),
        collateral: valuation.as_ref().map(collateral_view),
        selling: serde_json::to_value(l.selling).unwrap_or_default(),
        owed: parts_view(l.owed),
        repaid: parts_view(l.repaid),
        recovered: l.recovered.to_string(),
        payment: None,
        applied: signed_view(l.applied),
        decided: l.decided.map(signed_view),
        reason: l.reason,
        disbursed: l.disbursed.map(signed_view),
        due: l.maturity.map(|day| day.to_string()),
        next_due: l.next_due.map(|day| day.to_string()),
        late: serde_json::to_value(l.late).unwrap_or_default(),
        call_until: l.call_until.map(|at| at.to_string()),
        ended: l.ended.map(|at| at.to_string()),
        version: l.version,
    }
}

/// A loan that the caller may see.
pub(super) async fn found(
    api: &Api,
    asked: &Asked,
    headers: &HeaderMap,
    id: &str,
) -> Result<LoanRow, Problem> {
    let not_found = || Problem::new(ProblemKind::NotFound);
    let id = LoanId::parse(id).ok_or_else(not_found)?;
    let row = api.read_model(headers).await?.loan(id).map_err(failed)?.ok_or_else(not_found)?;
    asked.caller()?.sees(None, Some(row.loan.firm))?;
    Ok(row)
}

/// What a list of loans takes.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct LoansQuery {
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
    /// Of this product.
    #[param(example = "HOME")]
    product: Option<String>,
    /// With this status.
    #[param(value_type = Option<String>, example = "active")]
    status: Option<LoanStatus>,
}

/// Loans, newest first: the own firm's, or everybody's for staff.
#[utoipa::path(get, path = "/api/v1/loans", operation_id = "list_loans", tag = "loans",
    params(LoansQuery), responses((status = 200, body = Page<LoanView>)))]
async fn list_loans(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Params(query): Params<LoansQuery>,
) -> Result<Json<Page<LoanView>>, Problem> {
    list(&api, &asked, &headers, query).await
}

async fn list(
    api: &Api,
    asked: &Asked,
    headers: &HeaderMap,
    query: LoansQuery,
) -> Result<Json<Page<LoanView>>, Problem> {
    let firm = narrowed(asked.caller()?, query.firm)?;
    let sort = query.sort.or(Some(Sort::Descending));
    let wanted = Wanted::new(&api.secrets, "loans", query.limit, query.after.as_deref(), sort)?;
    let filter = RowFilter::default()
        .equal("firm", firm.as_deref())
        .equal("account", query.account.as_deref())
        .equal("product", query.product.as_deref())
        .equal("status", query.status.as_ref().map(word).as_deref());
    let model = api.read_model(headers).await?;
    let rows = model.loans(filter, &wanted.slice()).map_err(failed)?;
    let (quotes, now) = (model.quotes(&rows).map_err(failed)?, api.now());
    let key = |row: &LoanRow| row.loan.id.to_string();
    Ok(Json(wanted.page_of(&api.secrets, "loans", rows, key, |row| view(row, &quotes, now))))
}

/// What the queue takes.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct QueueQuery {
    /// Items of a page, 1 to 100; 50 by default.
    #[param(example = 50)]
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
}

/// Applications that wait for a loan officer, the oldest first.
#[utoipa::path(get, path = "/api/v1/loans/pending", operation_id = "list_pending_loans", tag = "loans",
    params(QueueQuery), responses((status = 200, body = Page<LoanView>)))]
async fn list_pending_loans(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Params(query): Params<QueueQuery>,
) -> Result<Json<Page<LoanView>>, Problem> {
    let QueueQuery { limit, after } = query;
    let (sort, status) = (Some(Sort::Ascending), Some(LoanStatus::Pending));
    let query = LoansQuery { limit, after, sort, firm: None, account: None, product: None, status };
    list(&api, &asked, &headers, query).await
}

/// One loan: the own firm's, or anybody's for staff.
#[utoipa::path(get, path = "/api/v1/loans/{id}", operation_id = "read_loan", tag = "loans",
    params(("id" = String, Path, description = "The loan", example = "L000000000000002A")),
    responses((status = 200, body = LoanView)))]
async fn read_loan(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let row = found(&api, &asked, &headers, &id).await?;
    Ok(entity(row.loan.version, shown(&api, row, None)?))
}

/// One due date.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InstalmentView {
    /// When it is to be paid.
    #[schema(example = "2026-12-21")]
    due: String,
    /// Principal of it, a decimal.
    #[schema(example = "789.86")]
    principal: String,
    /// Interest of it if everything is paid when due, a decimal.
    #[schema(example = "98.63")]
    interest: String,
    /// Both, a decimal.
    #[schema(example = "888.49")]
    total: String,
    /// Principal outstanding after it, a decimal.
    #[schema(example = "9210.14")]
    outstanding: String,
}

pub(super) fn instalment_view(instalment: &Instalment) -> InstalmentView {
    InstalmentView {
        due: instalment.due.to_string(),
        principal: instalment.principal.to_string(),
        interest: instalment.interest.to_string(),
        total: instalment.total().to_string(),
        outstanding: instalment.outstanding.to_string(),
    }
}

/// A loan's instalments to come.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ScheduleView {
    /// The loan.
    #[schema(example = "L000000000000002A")]
    loan: String,
    /// By due date. What has fallen due is in what is owed.
    items: Vec<InstalmentView>,
}

/// Instalments to come of a loan that was paid out.
#[utoipa::path(get, path = "/api/v1/loans/{id}/schedule", operation_id = "read_loan_schedule", tag = "loans",
    params(("id" = String, Path, description = "The loan", example = "L000000000000002A")),
    responses((status = 200, body = ScheduleView)))]
async fn read_loan_schedule(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Json<ScheduleView>, Problem> {
    let LoanRow { loan: LoanState { id, .. }, schedule, .. } = found(&api, &asked, &headers, &id).await?;
    Ok(Json(ScheduleView { loan: id.to_string(), items: schedule.iter().map(instalment_view).collect() }))
}

/// The terms that a loan was applied for under: they do not change, whatever becomes of its product.
#[utoipa::path(get, path = "/api/v1/loans/{id}/terms", operation_id = "read_loan_terms", tag = "loans",
    params(("id" = String, Path, description = "The loan", example = "L000000000000002A")),
    responses((status = 200, body = LoanTerms)))]
async fn read_loan_terms(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Json<LoanTerms>, Problem> {
    Ok(Json(found(&api, &asked, &headers, &id).await?.terms.into()))
}

/// A payment on a loan.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RepaymentView {
    /// Its name: the loan's and a number.
    #[schema(example = "REPAY-L000000000000002A-18432")]
    id: String,
    /// The loan.
    #[schema(example = "L000000000000002A")]
    loan: String,
    /// When, UTC.
    #[schema(example = "2026-12-21T09:30:00.000000000Z")]
    at: String,
    /// What was offered, a decimal.
    #[schema(example = "1000")]
    asked: String,
    /// What was taken: no more than was owed.
    #[schema(example = "1000")]
    amount: String,
    /// What was not, and stayed in the account: a decimal.
    #[schema(example = "0")]
    not_taken: String,
    /// Fees that it settled, a decimal.
    #[schema(example = "0")]
    fees: String,
    /// Interest that it settled, a decimal.
    #[schema(example = "98.63")]
    interest: String,
    /// Principal that it settled, a decimal.
    #[schema(example = "901.37")]
    principal: String,
    /// Of a debt that had been given up, a decimal.
    #[schema(example = "0")]
    recovered: String,
    /// Owed afterwards, a decimal.
    #[schema(example = "9098.63")]
    owed: String,
}

fn repayment_view(row: RepaymentRow) -> RepaymentView {
    let r = row.repayment;
    RepaymentView {
        id: format!("REPAY-{}-{}", row.loan, row.id),
        loan: row.loan,
        at: row.at.to_string(),
        asked: r.asked.to_string(),
        amount: r.taken.to_string(),
        not_taken: r.not_taken().to_string(),
        fees: r.fees.to_string(),
        interest: r.interest.to_string(),
        principal: r.principal.to_string(),
        recovered: r.recovered.to_string(),
        owed: r.owed.to_string(),
    }
}

/// What a list of repayments takes.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RepaymentsQuery {
    /// Items of a page, 1 to 100; 50 by default.
    #[param(example = 50)]
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
    /// `id` (oldest first) or `-id`; newest first by default.
    #[param(inline, example = "-id")]
    sort: Option<Sort>,
    /// Of this loan.
    #[param(example = "L000000000000002A")]
    loan: Option<String>,
}

/// Payments on loans and what each settled, newest first: the own firm's, or everybody's for staff.
#[utoipa::path(get, path = "/api/v1/loan-repayments", operation_id = "list_loan_repayments", tag = "loans",
    params(RepaymentsQuery), responses((status = 200, body = Page<RepaymentView>)))]
async fn list_loan_repayments(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Params(query): Params<RepaymentsQuery>,
) -> Result<Json<Page<RepaymentView>>, Problem> {
    let firm = narrowed(asked.caller()?, None)?;
    let (list, sort) = ("loan repayments", query.sort.or(Some(Sort::Descending)));
    let wanted = Wanted::new(&api.secrets, list, query.limit, query.after.as_deref(), sort)?;
    let filter = RowFilter::default().equal("firm", firm.as_deref()).equal("loan", query.loan.as_deref());
    let rows = api.read_model(&headers).await?.loan_repayments(filter, &wanted.slice()).map_err(failed)?;
    let key = |row: &RepaymentRow| row.id.to_string();
    Ok(Json(wanted.page_of(&api.secrets, list, rows, key, repayment_view)))
}
