//! What trades cost, by firm, instrument and volume.

use super::firms::failed;
use crate::answer::{Receipt, changed};
use crate::api::Api;
use crate::asked::Asked;
use crate::body::Body;
use crate::operation::Scope;
use crate::problem::Problem;
use assay_trading_types::{Amount, Commission, ControlAction, FeeScheduleSet, FeeTier, FirmId, Symbol};
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
    OpenApiRouter::new().routes(routes!(list_fee_schedules, set_fee_schedule))
}

/// What fills cost.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FeeRates {
    /// Currency units a share, a decimal.
    #[schema(value_type = String, example = "0.001")]
    per_share: Amount,
    /// Hundredths of a percent of the notional, a decimal.
    #[schema(value_type = String, example = "2.5")]
    basis_points: Amount,
    /// Least that an order costs once any of it is filled, a decimal; the taker's counts.
    #[schema(value_type = String, example = "0.01")]
    minimum: Amount,
}

impl FeeRates {
    fn of(rates: Commission) -> Self {
        let Commission { per_share, basis_points, minimum } = rates;
        Self { per_share, basis_points, minimum }
    }

    fn rates(&self) -> Commission {
        let Self { per_share, basis_points, minimum } = *self;
        Commission { per_share, basis_points, minimum }
    }
}

/// What trades cost from a volume on.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FeeTierView {
    /// Notional that the firm traded in the instrument's currency on the 30 days (UTC) before this one, a decimal.
    #[schema(value_type = String, example = "0")]
    volume_min: Amount,
    /// Fills that rested; no rate above the taker's.
    maker: FeeRates,
    /// Fills that took.
    taker: FeeRates,
}

/// A fee schedule.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FeeScheduleView {
    /// Of this firm; of all when absent.
    #[schema(value_type = Option<String>, example = "FIRM1")]
    firm: Option<FirmId>,
    /// For this instrument; for all when absent.
    #[schema(value_type = Option<String>, example = "AAPL")]
    symbol: Option<Symbol>,
    /// Grows with every schedule that is set; postings of commission name it.
    #[schema(example = 3)]
    version: u64,
    /// From the least volume on.
    tiers: Vec<FeeTierView>,
}

fn view(set: FeeScheduleSet) -> FeeScheduleView {
    let tier = |tier: FeeTier| FeeTierView {
        volume_min: tier.volume_min,
        maker: FeeRates::of(tier.maker),
        taker: FeeRates::of(tier.taker),
    };
    let tiers = set.tiers.into_iter().map(tier).collect();
    FeeScheduleView { firm: set.firm, symbol: set.symbol, version: set.version, tiers }
}

/// All fee schedules.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FeeSchedulesView {
    /// By firm and instrument, those of all first.
    items: Vec<FeeScheduleView>,
}

/// Fee schedules in force: those of all and the own firm's, or everybody's for staff. For an order the firm's own for the instrument
/// counts, else the firm's own, else the one for the instrument, else the one for all; else the firm's commission.
#[utoipa::path(get, path = "/api/v1/fee-schedules", operation_id = "list_fee_schedules", tag = "money",
    responses((status = 200, body = FeeSchedulesView)))]
async fn list_fee_schedules(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
) -> Result<Json<FeeSchedulesView>, Problem> {
    let caller = asked.caller()?;
    let rows = api.read_model(&headers).await?.fee_schedules().map_err(failed)?;
    let seen = |set: &FeeScheduleSet| {
        caller.scope == Scope::All || set.firm.is_none_or(|firm| caller.firm == Some(firm))
    };
    Ok(Json(FeeSchedulesView { items: rows.into_iter().filter(seen).map(view).collect() }))
}

/// A fee schedule as it is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewFeeSchedule {
    /// Of this firm; of all when left out.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "FIRM1")]
    firm: Option<FirmId>,
    /// For this instrument; for all when left out.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "AAPL")]
    symbol: Option<Symbol>,
    /// From volume zero on, rising; none ends the schedule.
    tiers: Vec<FeeTierView>,
}

/// Sets a fee schedule, or ends it. Takes two persons. It counts for orders accepted afterwards.
#[utoipa::path(put, path = "/api/v1/fee-schedules", operation_id = "set_fee_schedule", tag = "money",
    request_body = NewFeeSchedule, responses((status = 200, body = Receipt)))]
async fn set_fee_schedule(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Body(given): Body<NewFeeSchedule>,
) -> Result<Response, Problem> {
    asked.caller()?;
    let tier = |tier: &FeeTierView| FeeTier {
        volume_min: tier.volume_min,
        maker: tier.maker.rates(),
        taker: tier.taker.rates(),
    };
    let NewFeeSchedule { firm, symbol, .. } = given;
    // The version is given when it takes effect.
    let set = FeeScheduleSet { firm, symbol, version: 0, tiers: given.tiers.iter().map(tier).collect() };
    set.check().map_err(|why| Problem::field("tiers", why.to_string()))?;
    api.submit(&asked, ControlAction::SetFeeSchedule(set)).await.map(changed)
}
