//! What is asked of loans: clients apply, repay, pledge and take back; loan officers decide.

use super::loans::{LoanView, found, shown};
use super::movements::firm_of;
use super::reason::Reason;
use crate::answer::{changed, etag, placed};
use crate::api::{Api, Lent};
use crate::asked::Asked;
use crate::body::Body;
use crate::path::Path;
use crate::problem::{Problem, ProblemKind};
use assay_trading_types::{AccountId, Amount, Asset, FirmId, LoanAction, LoanId, LoanProductId};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(apply_for_loan))
        .routes(routes!(cancel_loan))
        .routes(routes!(approve_loan))
        .routes(routes!(reject_loan))
        .routes(routes!(disburse_loan))
        .routes(routes!(repay_loan))
        .routes(routes!(pledge_collateral))
        .routes(routes!(release_collateral))
        .routes(routes!(propose_loan_write_off))
        .routes(routes!(write_off_loan))
}

/// An application.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewLoan {
    /// The account for payout, collateral and payments.
    #[schema(value_type = String, example = "FIRM1")]
    account: AccountId,
    /// What is applied for.
    #[schema(value_type = String, example = "HOME")]
    product: LoanProductId,
    /// How much, a decimal above zero.
    #[schema(value_type = String, example = "10000")]
    amount: Amount,
    /// Collateral by asset, decimals above zero; it is locked at once.
    #[schema(value_type = Object, example = json!({"AAPL": "2000"}))]
    pledges: BTreeMap<Asset, Amount>,
}

/// Applies for a loan on the terms that the product has now. The collateral is locked until the loan ends.
#[utoipa::path(post, path = "/api/v1/loans", operation_id = "apply_for_loan", tag = "loans",
    request_body = NewLoan, responses((status = 201, body = LoanView)))]
async fn apply_for_loan(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Body(given): Body<NewLoan>,
) -> Result<Response, Problem> {
    let firm = firm_of(asked.caller()?, None)?;
    let NewLoan { account, product, amount, pledges } = given;
    let action = LoanAction::Apply { account, product, amount, pledges };
    say(&api, &asked, firm, action, StatusCode::CREATED).await
}

async fn say(
    api: &Api,
    asked: &Asked,
    firm: FirmId,
    action: LoanAction,
    status: StatusCode,
) -> Result<Response, Problem> {
    match api.instruct_loan(asked, Some(firm), action).await? {
        Lent::Late(outcome) => Ok(changed(outcome)),
        Lent::Product(_) => Err(Problem::later(ProblemKind::Unavailable, 1)),
        Lent::Loan(row, payment) => {
            let place = format!("/api/v1/loans/{}", row.loan.id);
            let tag = etag(row.loan.version);
            Ok(placed((status, [tag], Json(shown(api, *row, payment)?)).into_response(), &place))
        }
    }
}

/// Says something of a loan that the caller may see: 200 with it as it stands then, or 202.
async fn tell(
    api: &Api,
    asked: &Asked,
    headers: &HeaderMap,
    id: &str,
    action: impl FnOnce(LoanId) -> LoanAction,
) -> Result<Response, Problem> {
    let loan = found(api, asked, headers, id).await?.loan;
    if let Some(expected) = asked.expected_version.filter(|expected| *expected != loan.version) {
        let detail = format!("it has version {}, not {expected}", loan.version);
        return Err(Problem::because(ProblemKind::Version, detail));
    }
    say(api, asked, loan.firm, action(loan.id), StatusCode::OK).await
}

/// Takes an application back: its collateral is released.
#[utoipa::path(post, path = "/api/v1/loans/{id}/cancel", operation_id = "cancel_loan", tag = "loans",
    params(("id" = String, Path, description = "The loan", example = "L000000000000002A")),
    responses((status = 200, body = LoanView)))]
async fn cancel_loan(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    tell(&api, &asked, &headers, &id, |loan| LoanAction::Cancel { loan }).await
}

/// Agrees to an application. Never by whoever applied.
#[utoipa::path(post, path = "/api/v1/loans/{id}/approve", operation_id = "approve_loan", tag = "loans",
    params(("id" = String, Path, description = "The loan", example = "L000000000000002A")),
    responses((status = 200, body = LoanView)))]
async fn approve_loan(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    tell(&api, &asked, &headers, &id, |loan| LoanAction::Approve { loan }).await
}

/// Declines an application: its collateral is released. Never by whoever applied.
#[utoipa::path(post, path = "/api/v1/loans/{id}/reject", operation_id = "reject_loan", tag = "loans",
    params(("id" = String, Path, description = "The loan", example = "L000000000000002A")),
    request_body = Reason, responses((status = 200, body = LoanView)))]
async fn reject_loan(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Path(id): Path<String>,
    Body(given): Body<Reason>,
) -> Result<Response, Problem> {
    let reason = given.checked()?;
    tell(&api, &asked, &headers, &id, |loan| LoanAction::Reject { loan, reason }).await
}

/// Pays an approved loan out, at once: above the product's threshold by another person than approved it.
#[utoipa::path(post, path = "/api/v1/loans/{id}/disburse", operation_id = "disburse_loan", tag = "loans",
    params(("id" = String, Path, description = "The loan", example = "L000000000000002A")),
    responses((status = 200, body = LoanView)))]
async fn disburse_loan(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    tell(&api, &asked, &headers, &id, |loan| LoanAction::Disburse { loan }).await
}

/// A payment.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoanPayment {
    /// How much at most, a decimal above zero.
    #[schema(value_type = String, example = "1000")]
    amount: Amount,
}

/// Pays back from the loan's account: fees, interest, principal, in the product's order, and no more than is owed. The answer
/// says in `payment` what was taken, and what was not.
#[utoipa::path(post, path = "/api/v1/loans/{id}/repay", operation_id = "repay_loan", tag = "loans",
    params(("id" = String, Path, description = "The loan", example = "L000000000000002A")),
    request_body = LoanPayment, responses((status = 200, body = LoanView)))]
async fn repay_loan(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Path(id): Path<String>,
    Body(given): Body<LoanPayment>,
) -> Result<Response, Problem> {
    let amount = given.amount;
    tell(&api, &asked, &headers, &id, |loan| LoanAction::Repay { loan, amount }).await
}

/// Collateral.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Collateral {
    /// Which of the product's assets.
    #[schema(value_type = String, example = "AAPL")]
    asset: Asset,
    /// How much, a decimal above zero.
    #[schema(value_type = String, example = "10")]
    amount: Amount,
}

/// Adds collateral to a loan; it may cure a margin call.
#[utoipa::path(post, path = "/api/v1/loans/{id}/pledge", operation_id = "pledge_collateral", tag = "loans",
    params(("id" = String, Path, description = "The loan", example = "L000000000000002A")),
    request_body = Collateral, responses((status = 200, body = LoanView)))]
async fn pledge_collateral(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Path(id): Path<String>,
    Body(given): Body<Collateral>,
) -> Result<Response, Problem> {
    let Collateral { asset, amount } = given;
    tell(&api, &asked, &headers, &id, |loan| LoanAction::Pledge { loan, asset, amount }).await
}

/// Takes collateral back that a loan does not need at today's prices.
#[utoipa::path(post, path = "/api/v1/loans/{id}/release", operation_id = "release_collateral", tag = "loans",
    params(("id" = String, Path, description = "The loan", example = "L000000000000002A")),
    request_body = Collateral, responses((status = 200, body = LoanView)))]
async fn release_collateral(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Path(id): Path<String>,
    Body(given): Body<Collateral>,
) -> Result<Response, Problem> {
    let Collateral { asset, amount } = given;
    tell(&api, &asked, &headers, &id, |loan| LoanAction::Release { loan, asset, amount }).await
}

/// Asks to give up a loan in default that has no collateral left. Another person must agree.
#[utoipa::path(post, path = "/api/v1/loans/{id}/write-off", operation_id = "propose_loan_write_off", tag = "loans",
    params(("id" = String, Path, description = "The loan", example = "L000000000000002A")),
    request_body = Reason, responses((status = 200, body = LoanView)))]
async fn propose_loan_write_off(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Path(id): Path<String>,
    Body(given): Body<Reason>,
) -> Result<Response, Problem> {
    let reason = given.checked()?;
    tell(&api, &asked, &headers, &id, |loan| LoanAction::ProposeWriteOff { loan, reason }).await
}

/// Gives a loan up. Never by whoever asked for it. What comes in later is a repayment all the same.
#[utoipa::path(post, path = "/api/v1/loans/{id}/write-off/approve", operation_id = "write_off_loan", tag = "loans",
    params(("id" = String, Path, description = "The loan", example = "L000000000000002A")),
    responses((status = 200, body = LoanView)))]
async fn write_off_loan(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    tell(&api, &asked, &headers, &id, |loan| LoanAction::WriteOff { loan }).await
}
