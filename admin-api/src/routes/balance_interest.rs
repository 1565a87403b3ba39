//! What the house pays on balances.

use super::firms::failed;
use crate::answer::{Receipt, changed};
use crate::api::Api;
use crate::asked::Asked;
use crate::body::Body;
use crate::problem::Problem;
use assay_trading_types::loan_terms::{DayCount, Rate};
use assay_trading_types::{Asset, BalanceInterestSet, ControlAction};
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new().routes(routes!(list_balance_interest, set_balance_interest))
}

/// What balances of an asset earn.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BalanceInterestView {
    /// Currency or symbol.
    #[schema(value_type = String, example = "USD")]
    asset: Asset,
    /// A year, a fraction: 0.0425 is 4.25 %.
    #[schema(value_type = String, example = "0.0425")]
    rate: Rate,
    /// `act365_fixed`, `act360`, `thirty360_eurobond` or `act_act_isda`.
    #[schema(value_type = String, example = "act360")]
    day_count: DayCount,
    /// Grows with every rate that is set, of whichever asset.
    #[schema(example = 4)]
    version: u64,
}

fn view(set: BalanceInterestSet) -> BalanceInterestView {
    let BalanceInterestSet { asset, rate, day_count, version } = set;
    BalanceInterestView { asset, rate, day_count, version }
}

/// All rates of interest on balances.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BalanceInterestRatesView {
    /// By asset; what is not among them earns nothing.
    items: Vec<BalanceInterestView>,
}

/// What balances earn. What an account has when a day (UTC) ends earns that day at the rate that is in force then; it is posted
/// as the next day begins, in whole smallest units, and what that leaves is carried on.
#[utoipa::path(get, path = "/api/v1/balance-interest", operation_id = "list_balance_interest", tag = "money",
    responses((status = 200, body = BalanceInterestRatesView)))]
async fn list_balance_interest(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
) -> Result<Json<BalanceInterestRatesView>, Problem> {
    asked.caller()?;
    let rows = api.read_model(&headers).await?.balance_interest().map_err(failed)?;
    Ok(Json(BalanceInterestRatesView { items: rows.into_iter().map(view).collect() }))
}

/// What balances of an asset are to earn.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewBalanceInterest {
    /// Currency or symbol.
    #[schema(value_type = String, example = "USD")]
    asset: Asset,
    /// A year, a fraction up to 10; 0 ends it.
    #[schema(value_type = String, example = "0.0425")]
    rate: Rate,
    /// `act365_fixed`, `act360`, `thirty360_eurobond` or `act_act_isda`.
    #[schema(value_type = String, example = "act360")]
    day_count: DayCount,
}

/// Sets what balances of an asset earn. Takes two persons. It counts for the day on which it comes and those after it.
#[utoipa::path(put, path = "/api/v1/balance-interest", operation_id = "set_balance_interest", tag = "money",
    request_body = NewBalanceInterest, responses((status = 200, body = Receipt)))]
async fn set_balance_interest(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Body(given): Body<NewBalanceInterest>,
) -> Result<Response, Problem> {
    asked.caller()?;
    let NewBalanceInterest { asset, rate, day_count } = given;
    // The version is given when it takes effect.
    let set = BalanceInterestSet { asset, rate, day_count, version: 0 };
    api.submit(&asked, ControlAction::SetBalanceInterest(set)).await.map(changed)
}
