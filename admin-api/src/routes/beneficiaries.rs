//! Where a firm withdraws to. Account numbers and addresses stand in the log sealed under the node's key.

use super::firms::failed;
use super::movements::firm_of;
use crate::answer::changed;
use crate::api::{Api, Instructed};
use crate::asked::Asked;
use crate::body::{Body, Faults};
use crate::paging::Params;
use crate::path::Path;
use crate::problem::{Problem, ProblemKind};
use crate::read_model::BeneficiaryRow;
use crate::text_rules;
use crate::vault::{open_destination, seal_destination};
use assay_trading_types::{Asset, BeneficiaryId, FirmId, MoneyAction, PayMethod};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Characters of a destination that people know it by.
const HINT: usize = 4;

pub(super) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(list_beneficiaries, add_beneficiary))
        .routes(routes!(remove_beneficiary))
}

/// A destination for withdrawals.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BeneficiaryView {
    /// Its name in the firm's book.
    #[schema(example = "house-bank")]
    id: String,
    /// The firm.
    #[schema(example = "FIRM1")]
    firm: String,
    /// The one asset it takes.
    #[schema(example = "USD")]
    asset: String,
    /// `bank_transfer` or `crypto`.
    #[schema(example = "bank_transfer")]
    method: String,
    /// Account number or address.
    #[schema(example = "DE89370400440532013000")]
    destination: String,
    /// Before it nothing is withdrawn there, UTC.
    #[schema(example = "2026-11-22T09:30:00.000000000Z")]
    usable_from: String,
}

/// A firm's book.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BeneficiariesView {
    /// By name.
    items: Vec<BeneficiaryView>,
}

/// Whose book.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct BookQuery {
    /// The firm; the own one when left out.
    #[param(value_type = Option<String>, example = "FIRM1")]
    firm: Option<FirmId>,
}

/// Beneficiaries of a firm.
#[utoipa::path(get, path = "/api/v1/beneficiaries", operation_id = "list_beneficiaries", tag = "money",
    params(BookQuery), responses((status = 200, body = BeneficiariesView)))]
async fn list_beneficiaries(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Params(query): Params<BookQuery>,
) -> Result<Json<BeneficiariesView>, Problem> {
    let firm = firm_of(asked.caller()?, query.firm)?;
    let rows = api.read_model(&headers).await?.beneficiaries(firm.as_str()).map_err(failed)?;
    Ok(Json(BeneficiariesView { items: rows.into_iter().map(|row| view(&api, row)).collect() }))
}

fn view(api: &Api, BeneficiaryRow { beneficiary: b }: BeneficiaryRow) -> BeneficiaryView {
    let opened = open_destination(&api.secrets, &context(&b.firm, &b.id), &b.sealed);
    BeneficiaryView {
        id: b.id.to_string(),
        firm: b.firm.to_string(),
        asset: b.asset.to_string(),
        method: b.method.name().to_owned(),
        // Sealed under another key: what people know it by is left.
        destination: opened.unwrap_or_else(|_| format!("...{}", b.hint)),
        usable_from: b.usable_from.to_string(),
    }
}

/// A destination opens for its own place in its own book only.
fn context(firm: &FirmId, id: &BeneficiaryId) -> String {
    format!("{firm} {id}")
}

/// A new destination.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewBeneficiary {
    /// The firm; the own one when left out.
    #[schema(value_type = Option<String>, example = "FIRM1")]
    firm: Option<FirmId>,
    /// Its name in the firm's book.
    #[schema(value_type = String, example = "house-bank")]
    id: BeneficiaryId,
    /// The one asset it takes.
    #[schema(value_type = String, example = "USD")]
    asset: Asset,
    /// `bank_transfer` or `crypto`.
    #[schema(value_type = String, example = "bank_transfer")]
    method: PayMethod,
    /// Account number (an IBAN is checked) or address on the chain.
    #[schema(example = "DE89370400440532013000")]
    destination: String,
}

/// Adds a destination; it can be used after its cooling-off.
#[utoipa::path(post, path = "/api/v1/beneficiaries", operation_id = "add_beneficiary", tag = "money",
    request_body = NewBeneficiary, responses((status = 201, body = BeneficiaryView)))]
async fn add_beneficiary(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Body(given): Body<NewBeneficiary>,
) -> Result<Response, Problem> {
    let firm = firm_of(asked.caller()?, given.firm)?;
    let mut faults = Faults::default();
    let destination = faults.take("destination", text_rules::destination(given.method, &given.destination));
    faults.check()?;
    let destination = destination.unwrap_or_default();
    let sealed = seal_destination(&api.secrets, &context(&firm, &given.id), &destination);
    let sealed = sealed.map_err(|error| {
        tracing::error!(%error, "a destination cannot be sealed");
        Problem::later(ProblemKind::Unavailable, 1)
    })?;
    let hint = destination[destination.len().saturating_sub(HINT)..].to_owned();
    let NewBeneficiary { id: beneficiary, asset, method, .. } = given;
    let action = MoneyAction::AddBeneficiary { beneficiary, asset, method, sealed, hint };
    match api.instruct(&asked, firm, action).await? {
        Instructed::Late(outcome) => Ok(changed(outcome)),
        _ => {
            let rows = api.read_model(&headers).await?.beneficiaries(firm.as_str()).map_err(failed)?;
            let added = rows.into_iter().find(|row| row.beneficiary.id == beneficiary);
            let added = added.ok_or_else(|| Problem::new(ProblemKind::NotFound))?;
            Ok((StatusCode::CREATED, Json(view(&api, added))).into_response())
        }
    }
}

/// Removes a destination; withdrawals that were asked for stay as they are.
#[utoipa::path(delete, path = "/api/v1/beneficiaries/{id}", operation_id = "remove_beneficiary", tag = "money",
    params(("id" = String, Path, description = "Its name", example = "house-bank"), BookQuery),
    responses((status = 204, description = "It is used no more.")))]
async fn remove_beneficiary(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path(id): Path<String>,
    Params(query): Params<BookQuery>,
) -> Result<Response, Problem> {
    let firm = firm_of(asked.caller()?, query.firm)?;
    let beneficiary = BeneficiaryId::new(&id).map_err(|_| Problem::new(ProblemKind::NotFound))?;
    match api.instruct(&asked, firm, MoneyAction::RemoveBeneficiary { beneficiary }).await? {
        Instructed::Late(outcome) => Ok(changed(outcome)),
        _ => Ok(StatusCode::NO_CONTENT.into_response()),
    }
}
