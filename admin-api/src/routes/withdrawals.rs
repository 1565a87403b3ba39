//! Money that goes out.

use super::movements::{
    MovementReason, MovementView, MovementsQuery, ask, external_reference, firm_of, list, note, read, tell,
};
use crate::api::Api;
use crate::asked::Asked;
use crate::body::Body;
use crate::paging::{Page, Params};
use crate::path::Path;
use crate::problem::Problem;
use assay_trading_types::{AccountId, Amount, Asset, BeneficiaryId, FirmId, MoneyAction, MovementKind};
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(list_withdrawals, request_withdrawal))
        .routes(routes!(read_withdrawal))
        .routes(routes!(approve_withdrawal))
        .routes(routes!(reject_withdrawal))
        .routes(routes!(cancel_withdrawal))
        .routes(routes!(send_withdrawal))
        .routes(routes!(complete_withdrawal))
        .routes(routes!(fail_withdrawal))
}

/// Money that is wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewWithdrawal {
    /// The firm; the own one when left out.
    #[schema(value_type = Option<String>, example = "FIRM1")]
    firm: Option<FirmId>,
    /// The account that pays.
    #[schema(value_type = String, example = "FIRM1")]
    account: AccountId,
    /// Currency or symbol.
    #[schema(value_type = String, example = "USD")]
    asset: Asset,
    /// How much arrives, a decimal above zero; the fee comes on top.
    #[schema(value_type = String, example = "2500.50")]
    amount: Amount,
    /// Where to, by its name in the firm's book of beneficiaries.
    #[schema(value_type = String, example = "house-bank")]
    beneficiary: BeneficiaryId,
    /// For the record.
    #[serde(default)]
    #[schema(example = "quarterly")]
    note: String,
}

/// What a bank, processor or chain calls it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Dispatch {
    /// Its name there; each counts once.
    #[schema(example = "MT103-7781")]
    external_reference: String,
}

/// Asks for money: amount and fee are held at once. Takes the approval of operations; whoever may ask has a second factor.
#[utoipa::path(post, path = "/api/v1/withdrawals", operation_id = "request_withdrawal", tag = "money",
    request_body = NewWithdrawal, responses((status = 201, body = MovementView)))]
async fn request_withdrawal(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Body(given): Body<NewWithdrawal>,
) -> Result<Response, Problem> {
    let firm = firm_of(asked.caller()?, given.firm)?;
    let note = note(&given.note)?;
    let NewWithdrawal { account, asset, amount, beneficiary, .. } = given;
    ask(&api, &asked, firm, MoneyAction::Withdraw { account, asset, amount, beneficiary, note }).await
}

/// Withdrawals, newest first: the own firm's, or everybody's for staff.
#[utoipa::path(get, path = "/api/v1/withdrawals", operation_id = "list_withdrawals", tag = "money",
    params(MovementsQuery), responses((status = 200, body = Page<MovementView>)))]
async fn list_withdrawals(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Params(query): Params<MovementsQuery>,
) -> Result<Json<Page<MovementView>>, Problem> {
    list(&api, &asked, &headers, query, Some(MovementKind::Withdrawal)).await
}

/// One withdrawal.
#[utoipa::path(get, path = "/api/v1/withdrawals/{id}", operation_id = "read_withdrawal", tag = "money",
    params(("id" = String, Path, description = "The withdrawal", example = "WDR-00000000002A")),
    responses((status = 200, body = MovementView)))]
async fn read_withdrawal(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    read(&api, &asked, &headers, (&id, Some(MovementKind::Withdrawal))).await
}

/// Lets a withdrawal go out. Never by whoever asked for it, or has approved already.
#[utoipa::path(post, path = "/api/v1/withdrawals/{id}/approve", operation_id = "approve_withdrawal", tag = "money",
    params(("id" = String, Path, description = "The withdrawal", example = "WDR-00000000002A")),
    request_body = MovementReason, responses((status = 200, body = MovementView)))]
async fn approve_withdrawal(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Path(id): Path<String>,
    Body(given): Body<MovementReason>,
) -> Result<Response, Problem> {
    let note = given.checked()?;
    let kind = Some(MovementKind::Withdrawal);
    tell(&api, &asked, &headers, (&id, kind), |movement| MoneyAction::Approve { movement, note }).await
}

/// Turns a withdrawal down: what it held is released.
#[utoipa::path(post, path = "/api/v1/withdrawals/{id}/reject", operation_id = "reject_withdrawal", tag = "money",
    params(("id" = String, Path, description = "The withdrawal", example = "WDR-00000000002A")),
    request_body = MovementReason, responses((status = 200, body = MovementView)))]
async fn reject_withdrawal(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Path(id): Path<String>,
    Body(given): Body<MovementReason>,
) -> Result<Response, Problem> {
    let reason = given.checked()?;
    let kind = Some(MovementKind::Withdrawal);
    tell(&api, &asked, &headers, (&id, kind), |movement| MoneyAction::Reject { movement, reason }).await
}

/// Takes back a withdrawal that nobody has approved yet: what it held is released.
#[utoipa::path(post, path = "/api/v1/withdrawals/{id}/cancel", operation_id = "cancel_withdrawal", tag = "money",
    params(("id" = String, Path, description = "The withdrawal", example = "WDR-00000000002A")),
    request_body = MovementReason, responses((status = 200, body = MovementView)))]
async fn cancel_withdrawal(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Path(id): Path<String>,
    Body(given): Body<MovementReason>,
) -> Result<Response, Problem> {
    let reason = given.checked()?;
    let kind = Some(MovementKind::Withdrawal);
    tell(&api, &asked, &headers, (&id, kind), |movement| MoneyAction::Cancel { movement, reason }).await
}

/// Says that an approved withdrawal was handed to the bank, processor or chain.
#[utoipa::path(post, path = "/api/v1/withdrawals/{id}/send", operation_id = "send_withdrawal", tag = "money",
    params(("id" = String, Path, description = "The withdrawal", example = "WDR-00000000002A")),
    request_body = Dispatch, responses((status = 200, body = MovementView)))]
async fn send_withdrawal(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Path(id): Path<String>,
    Body(given): Body<Dispatch>,
) -> Result<Response, Problem> {
    let external_reference = external_reference(&given.external_reference)?;
    let kind = Some(MovementKind::Withdrawal);
    tell(&api, &asked, &headers, (&id, kind), |movement| MoneyAction::Send { movement, external_reference })
        .await
}

/// Says that a withdrawal has arrived: only now the money has left the books.
#[utoipa::path(post, path = "/api/v1/withdrawals/{id}/complete", operation_id = "complete_withdrawal", tag = "money",
    params(("id" = String, Path, description = "The withdrawal", example = "WDR-00000000002A")),
    request_body = MovementReason, responses((status = 200, body = MovementView)))]
async fn complete_withdrawal(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Path(id): Path<String>,
    Body(given): Body<MovementReason>,
) -> Result<Response, Problem> {
    given.checked()?;
    let kind = Some(MovementKind::Withdrawal);
    tell(&api, &asked, &headers, (&id, kind), |movement| MoneyAction::Complete { movement }).await
}

/// Says that an approved withdrawal will not arrive: what it held is released. What comes back later is reversed.
#[utoipa::path(post, path = "/api/v1/withdrawals/{id}/fail", operation_id = "fail_withdrawal", tag = "money",
    params(("id" = String, Path, description = "The withdrawal", example = "WDR-00000000002A")),
    request_body = MovementReason, responses((status = 200, body = MovementView)))]
async fn fail_withdrawal(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Path(id): Path<String>,
    Body(given): Body<MovementReason>,
) -> Result<Response, Problem> {
    let reason = given.checked()?;
    let kind = Some(MovementKind::Withdrawal);
    tell(&api, &asked, &headers, (&id, kind), |movement| MoneyAction::Fail { movement, reason }).await
}
