//! Money that changes owner or currency, and fees.

use super::firms::failed;
use super::movements::{MovementView, ask, firm_of, note};
use crate::answer::{Receipt, changed};
use crate::api::Api;
use crate::asked::Asked;
use crate::body::{Body, Faults};
use crate::problem::Problem;
use crate::read_model::RateRow;
use assay_trading_types::{
    AccountId, Amount, Asset, ControlAction, ConversionRateSet, FirmId, MoneyAction, RateCompared, SCALE,
};
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Most that the house keeps of a conversion, in basis points: all of it.
const SPREAD_BP_MAX: u32 = 10_000;

pub(super) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(create_transfer))
        .routes(routes!(create_conversion))
        .routes(routes!(charge_fee))
        .routes(routes!(list_conversion_rates, set_conversion_rate))
}

/// Money for another account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewTransfer {
    /// The firm that pays; the own one when left out.
    #[schema(value_type = Option<String>, example = "FIRM1")]
    firm: Option<FirmId>,
    /// The account that pays.
    #[schema(value_type = String, example = "FIRM1")]
    account: AccountId,
    /// The firm that gets it; the same when left out.
    #[schema(value_type = Option<String>, example = "FIRM2")]
    to_firm: Option<FirmId>,
    /// The account that gets it.
    #[schema(value_type = String, example = "FIRM2")]
    to_account: AccountId,
    /// Currency or symbol.
    #[schema(value_type = String, example = "USD")]
    asset: Asset,
    /// How much, a decimal above zero.
    #[schema(value_type = String, example = "1000")]
    amount: Amount,
    /// For the record.
    #[serde(default)]
    #[schema(example = "margin of the new desk")]
    note: String,
}

/// Moves money to another account: within a firm at once, to another firm once operations approve of it.
#[utoipa::path(post, path = "/api/v1/transfers", operation_id = "create_transfer", tag = "money",
    request_body = NewTransfer, responses((status = 201, body = MovementView)))]
async fn create_transfer(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Body(given): Body<NewTransfer>,
) -> Result<Response, Problem> {
    let firm = firm_of(asked.caller()?, given.firm)?;
    let note = note(&given.note)?;
    let NewTransfer { account, to_account, asset, amount, .. } = given;
    let to_firm = given.to_firm.unwrap_or(firm);
    ask(&api, &asked, firm, MoneyAction::Transfer { account, to_firm, to_account, asset, amount, note }).await
}

/// Money that is to become another currency.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewConversion {
    /// The firm; the own one when left out.
    #[schema(value_type = Option<String>, example = "FIRM1")]
    firm: Option<FirmId>,
    /// The account.
    #[schema(value_type = String, example = "FIRM1")]
    account: AccountId,
    /// What is given.
    #[schema(value_type = String, example = "EUR")]
    asset: Asset,
    /// How much of it, a decimal above zero.
    #[schema(value_type = String, example = "1000")]
    amount: Amount,
    /// What is got.
    #[schema(value_type = String, example = "USD")]
    to: Asset,
    /// The least that is accepted for it, a decimal.
    #[schema(value_type = Option<String>, example = "1080.34")]
    at_least: Option<Amount>,
    /// For the record.
    #[serde(default)]
    #[schema(example = "to pay for the Paris desk")]
    note: String,
}

/// Converts money at the rate in force, at once; the movement says which that was and what the house kept.
#[utoipa::path(post, path = "/api/v1/conversions", operation_id = "create_conversion", tag = "money",
    request_body = NewConversion, responses((status = 201, body = MovementView)))]
async fn create_conversion(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Body(given): Body<NewConversion>,
) -> Result<Response, Problem> {
    let firm = firm_of(asked.caller()?, given.firm)?;
    let note = note(&given.note)?;
    let NewConversion { account, asset, amount, to, at_least, .. } = given;
    ask(&api, &asked, firm, MoneyAction::Convert { account, asset, amount, to, at_least, note }).await
}

/// A fee.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewFee {
    /// The firm.
    #[schema(value_type = String, example = "FIRM1")]
    firm: FirmId,
    /// The account that pays.
    #[schema(value_type = String, example = "FIRM1")]
    account: AccountId,
    /// Currency or symbol.
    #[schema(value_type = String, example = "USD")]
    asset: Asset,
    /// How much, a decimal above zero.
    #[schema(value_type = String, example = "25")]
    amount: Amount,
    /// For what.
    #[schema(example = "certificate of balances")]
    note: String,
}

/// Charges a fee: held at once, taken once a second person approves of it.
#[utoipa::path(post, path = "/api/v1/fees", operation_id = "charge_fee", tag = "money",
    request_body = NewFee, responses((status = 201, body = MovementView)))]
async fn charge_fee(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Body(given): Body<NewFee>,
) -> Result<Response, Problem> {
    asked.caller()?;
    let note = crate::text_rules::reason(&given.note).map_err(|why| Problem::field("note", why))?;
    let NewFee { firm, account, asset, amount, .. } = given;
    ask(&api, &asked, firm, MoneyAction::Charge { account, asset, amount, note }).await
}

/// A conversion rate.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RateView {
    /// What is given.
    #[schema(example = "EUR")]
    from: String,
    /// What is got.
    #[schema(example = "USD")]
    to: String,
    /// Units of it for one given, a decimal.
    #[schema(example = "1.0825")]
    rate: String,
    /// What the house keeps, in basis points.
    #[schema(example = 20)]
    spread_bp: u32,
    /// Seconds it may be used; until the next when absent.
    #[schema(example = 60)]
    max_age_s: Option<i64>,
    /// Since when it counts, UTC.
    #[schema(example = "2026-11-21T09:30:00.000000000Z")]
    since: String,
}

/// All conversion rates.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RatesView {
    /// By pair.
    items: Vec<RateView>,
}

fn rate_view(row: RateRow) -> RateView {
    RateView {
        from: row.rate.from.to_string(),
        to: row.rate.to.to_string(),
        rate: row.rate.rate.to_string(),
        spread_bp: row.rate.spread_bp,
        max_age_s: row.rate.max_age_ns.map(|ns| ns / 1_000_000_000),
        since: row.at.to_string(),
    }
}

/// Conversion rates, for whoever is logged in.
#[utoipa::path(get, path = "/api/v1/conversion-rates", operation_id = "list_conversion_rates", tag = "money",
    responses((status = 200, body = RatesView)))]
async fn list_conversion_rates(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
) -> Result<Json<RatesView>, Problem> {
    asked.caller()?;
    let rows = api.read_model(&headers).await?.conversion_rates().map_err(failed)?;
    Ok(Json(RatesView { items: rows.into_iter().map(rate_view).collect() }))
}

/// A conversion rate in one direction.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRate {
    /// What is given.
    #[schema(value_type = String, example = "EUR")]
    from: Asset,
    /// What is got.
    #[schema(value_type = String, example = "USD")]
    to: Asset,
    /// Units of it for one given, a decimal above zero.
    #[schema(value_type = String, example = "1.0825")]
    rate: Amount,
    /// What the house keeps, in basis points, at most 10000.
    #[schema(example = 20)]
    spread_bp: u32,
    /// Seconds it may be used; until the next when left out.
    #[schema(example = 60)]
    max_age_s: Option<u32>,
}

/// Sets a conversion rate. In force at once, unless it is further from the one in force than one person may move it, or none
/// is: then once a second person approves.
#[utoipa::path(put, path = "/api/v1/conversion-rates", operation_id = "set_conversion_rate", tag = "money",
    request_body = NewRate, responses((status = 200, body = Receipt)))]
async fn set_conversion_rate(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Body(given): Body<NewRate>,
) -> Result<Response, Problem> {
    let mut faults = Faults::default();
    if given.rate <= Amount::ZERO {
        faults.add("rate", "must be above zero");
    }
    if given.from == given.to {
        faults.add("to", "must be another asset");
    }
    if given.spread_bp > SPREAD_BP_MAX {
        faults.add("spread_bp", format!("must be at most {SPREAD_BP_MAX}"));
    }
    if given.max_age_s == Some(0) {
        faults.add("max_age_s", "must be above zero");
    }
    faults.check()?;
    let max_age_ns = given.max_age_s.map(|s| i64::from(s) * 1_000_000_000);
    let NewRate { from, to, rate, spread_bp, .. } = given;
    let rows = api.read_model(&headers).await?.conversion_rates().map_err(failed)?;
    let alone_within_bp = api.config.payments.rate_alone_within_bp;
    let compared = Some(RateCompared { reference: reference(&rows, from, to), alone_within_bp });
    let set = ConversionRateSet { from, to, rate, spread_bp, max_age_ns, compared };
    api.submit(&asked, ControlAction::SetConversionRate(set)).await.map(changed)
}

/// The rate in force, or what the one the other way round makes of it, to nine decimals.
fn reference(rows: &[RateRow], from: Asset, to: Asset) -> Option<Amount> {
    let rate_of =
        |from, to| rows.iter().find(|r| r.rate.from == from && r.rate.to == to).map(|r| r.rate.rate);
    let inverse = || {
        let units = rate_of(to, from)?.units();
        (units > 0).then(|| Amount::from_units(i128::from(SCALE) * i128::from(SCALE) / units))
    };
    rate_of(from, to).or_else(inverse)
}
