//! Money that comes in.

use super::movements::{
    MovementReason, MovementView, MovementsQuery, ask, external_reference, firm_of, list, note, read, tell,
};
use crate::api::Api;
use crate::asked::Asked;
use crate::body::Body;
use crate::paging::{Page, Params};
use crate::path::Path;
use crate::problem::Problem;
use assay_trading_types::{AccountId, Amount, Asset, FirmId, MoneyAction, MovementKind, PayMethod};
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
        .routes(routes!(list_deposits, create_deposit))
        .routes(routes!(read_deposit))
        .routes(routes!(confirm_deposit))
        .routes(routes!(reject_deposit))
        .routes(routes!(cancel_deposit))
}

/// Money on its way.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewDeposit {
    /// The firm; the own one when left out.
    #[schema(value_type = Option<String>, example = "FIRM1")]
    firm: Option<FirmId>,
    /// The account that it is for.
    #[schema(value_type = String, example = "FIRM1")]
    account: AccountId,
    /// Currency or symbol.
    #[schema(value_type = String, example = "USD")]
    asset: Asset,
    /// How much, a decimal above zero.
    #[schema(value_type = String, example = "2500.50")]
    amount: Amount,
    /// `bank_transfer`, `card` or `crypto`.
    #[schema(value_type = String, example = "bank_transfer")]
    method: PayMethod,
    /// For the record.
    #[serde(default)]
    #[schema(example = "quarterly")]
    note: String,
}

/// What a bank, processor or chain calls it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Arrival {
    /// Its name there; each counts once.
    #[schema(example = "MT103-7781")]
    external_reference: String,
}

/// Announces money. It counts once operations confirm that it has arrived; what nobody confirms within 30 days expires.
#[utoipa::path(post, path = "/api/v1/deposits", operation_id = "create_deposit", tag = "money",
    request_body = NewDeposit, responses((status = 201, body = MovementView)))]
async fn create_deposit(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Body(given): Body<NewDeposit>,
) -> Result<Response, Problem> {
    let firm = firm_of(asked.caller()?, given.firm)?;
    let note = note(&given.note)?;
    let NewDeposit { account, asset, amount, method, .. } = given;
    ask(&api, &asked, firm, MoneyAction::Deposit { account, asset, amount, method, note }).await
}

/// Deposits, newest first: the own firm's, or everybody's for staff.
#[utoipa::path(get, path = "/api/v1/deposits", operation_id = "list_deposits", tag = "money",
    params(MovementsQuery), responses((status = 200, body = Page<MovementView>)))]
async fn list_deposits(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Params(query): Params<MovementsQuery>,
) -> Result<Json<Page<MovementView>>, Problem> {
    list(&api, &asked, &headers, query, Some(MovementKind::Deposit)).await
}

/// One deposit.
#[utoipa::path(get, path = "/api/v1/deposits/{id}", operation_id = "read_deposit", tag = "money",
    params(("id" = String, Path, description = "The deposit", example = "DEP-00000000002A")),
    responses((status = 200, body = MovementView)))]
async fn read_deposit(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    read(&api, &asked, &headers, (&id, Some(MovementKind::Deposit))).await
}

/// Says that a deposit has arrived: the account has the money from there on. Never by whoever announced it.
#[utoipa::path(post, path = "/api/v1/deposits/{id}/confirm", operation_id = "confirm_deposit", tag = "money",
    params(("id" = String, Path, description = "The deposit", example = "DEP-00000000002A")),
    request_body = Arrival, responses((status = 200, body = MovementView)))]
async fn confirm_deposit(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Path(id): Path<String>,
    Body(given): Body<Arrival>,
) -> Result<Response, Problem> {
    let external_reference = external_reference(&given.external_reference)?;
    let kind = Some(MovementKind::Deposit);
    tell(&api, &asked, &headers, (&id, kind), |movement| MoneyAction::Confirm {
        movement,
        external_reference,
        arrived: None,
    })
    .await
}

/// Says that a deposit will not arrive.
#[utoipa::path(post, path = "/api/v1/deposits/{id}/reject", operation_id = "reject_deposit", tag = "money",
    params(("id" = String, Path, description = "The deposit", example = "DEP-00000000002A")),
    request_body = MovementReason, responses((status = 200, body = MovementView)))]
async fn reject_deposit(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Path(id): Path<String>,
    Body(given): Body<MovementReason>,
) -> Result<Response, Problem> {
    let reason = given.checked()?;
    let kind = Some(MovementKind::Deposit);
    tell(&api, &asked, &headers, (&id, kind), |movement| MoneyAction::Reject { movement, reason }).await
}

/// Takes back the announcement of a deposit.
#[utoipa::path(post, path = "/api/v1/deposits/{id}/cancel", operation_id = "cancel_deposit", tag = "money",
    params(("id" = String, Path, description = "The deposit", example = "DEP-00000000002A")),
    request_body = MovementReason, responses((status = 200, body = MovementView)))]
async fn cancel_deposit(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Path(id): Path<String>,
    Body(given): Body<MovementReason>,
) -> Result<Response, Problem> {
    let reason = given.checked()?;
    let kind = Some(MovementKind::Deposit);
    tell(&api, &asked, &headers, (&id, kind), |movement| MoneyAction::Cancel { movement, reason }).await
}
