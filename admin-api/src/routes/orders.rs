//! Orders of a firm's users: the same requests that its sessions send, decided by the same risk and market. They come in on a
//! session of the API's own, so that their ids and numbers meet nobody else's (ADR 0026).

use super::firms::failed;
use super::trading::{OrderView, order_view};
use crate::answer::{changed, placed};
use crate::api::{Api, Ordered, is_working};
use crate::asked::Asked;
use crate::body::Body;
use crate::path::Path;
use crate::problem::{Problem, ProblemKind};
use crate::read_model::OrderRow;
use assay_trading_types::{
    AccountId, ClOrdId, Conditions, Date, Expiry, FirmId, OrdType, OrderAction, OrderId, OrderTerms, Price,
    Qty, Refusal, SessionId, Side, Symbol, TimeInForce, Timestamp,
};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(place_order))
        .routes(routes!(replace_order, cancel_order))
        .routes(routes!(cancel_order_by_post))
}

/// An order to be placed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewOrder {
    /// The caller's own id, ClOrdID(11): 1 to 32 printable characters, once a day; made if absent.
    #[schema(value_type = Option<String>, example = "a-1")]
    cl_ord_id: Option<ClOrdId>,
    /// Account(1), one of the firm's.
    #[schema(value_type = String, example = "FIRM1")]
    account: AccountId,
    /// Symbol(55).
    #[schema(value_type = String, example = "AAPL")]
    symbol: Symbol,
    /// Side(54) in words.
    #[schema(value_type = String, example = "buy")]
    side: Side,
    /// OrdType(40) in words.
    #[schema(value_type = String, example = "limit")]
    ord_type: OrdType,
    /// OrderQty(38), a decimal above zero, in whole lots.
    #[schema(value_type = String, example = "100")]
    qty: Qty,
    /// Price(44), a decimal on tick: of limit and stop-limit orders.
    #[schema(value_type = Option<String>, example = "10.10")]
    price: Option<Price>,
    /// StopPx(99), a decimal on tick: of stop, stop-limit and take-profit orders.
    #[schema(value_type = Option<String>, example = json!(null))]
    stop_px: Option<Price>,
    /// TimeInForce(59) in words; `day` by default.
    #[schema(value_type = Option<String>, example = "day")]
    tif: Option<TimeInForce>,
    /// ExpireTime(126) of `gtd`, UTC nanoseconds.
    #[schema(value_type = Option<i64>, example = json!(null))]
    expire_time: Option<Timestamp>,
    /// ExpireDate(432) of `gtd` instead, a day of the instrument's zone: YYYYMMDD.
    #[schema(example = json!(null))]
    expire_date: Option<u32>,
    /// MinQty(110) of `ioc`: least to fill at once, or nothing.
    #[schema(value_type = Option<String>, example = json!(null))]
    min_qty: Option<Qty>,
    /// MaxFloor(111): most of it to show at a time, above zero.
    #[schema(value_type = Option<String>, example = json!(null))]
    max_floor: Option<Qty>,
    /// ExecInst(18) 6: rests or is cancelled, never takes.
    #[schema(example = false)]
    #[serde(default)]
    post_only: bool,
    /// ExecInst(18) G: filled whole or not at all.
    #[schema(example = false)]
    #[serde(default)]
    all_or_none: bool,
}

impl NewOrder {
    /// Its terms, for a firm.
    pub(super) fn terms(self, firm: FirmId, api: &Api) -> Result<OrderTerms, Problem> {
        let expiry = match (self.expire_time, self.expire_date) {
            (Some(_), Some(_)) => {
                return Err(Problem::field("expire_date", "give expire_time or expire_date, not both"));
            }
            (Some(time), None) => Some(Expiry::Time(time)),
            (None, Some(date)) if is_date(date) => Some(Expiry::Date(date)),
            (None, Some(_)) => {
                return Err(Problem::field("expire_date", "is no day up to 22620411: YYYYMMDD"));
            }
            (None, None) => None,
        };
        let (min_qty, max_floor) = (self.min_qty, self.max_floor);
        let conditions = Conditions {
            expiry,
            min_qty,
            max_floor,
            post_only: self.post_only,
            all_or_none: self.all_or_none,
        };
        Ok(OrderTerms {
            cl_ord_id: self.cl_ord_id.unwrap_or_else(|| api.cl_ord_id()),
            session: SessionId::of_api(&firm),
            firm,
            account: self.account,
            symbol: self.symbol,
            side: self.side,
            ord_type: self.ord_type,
            price: self.price,
            stop_px: self.stop_px,
            qty: self.qty,
            tif: self.tif.unwrap_or(TimeInForce::Day),
            conditions: (conditions != Conditions::default()).then(|| Box::new(conditions)),
            carried: None,
        })
    }
}

/// Whether a number is a day that FIX could write and whose end can be counted.
fn is_date(date: u32) -> bool {
    let (year, month, day) = (date / 10_000, date / 100 % 100, date % 100);
    date <= Expiry::DATE_MAX && Date::new(year as i32, month as u8, day as u8).is_some()
}

/// Places an order of the own firm. The answer has it as it stands once the market has it: open, or already traded or ended.
#[utoipa::path(post, path = "/api/v1/orders", operation_id = "place_order", tag = "trading",
    request_body = NewOrder, responses((status = 201, body = OrderView)))]
async fn place_order(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Body(given): Body<NewOrder>,
) -> Result<Response, Problem> {
    let firm = asked.caller()?.firm.ok_or_else(|| Problem::new(ProblemKind::Forbidden))?;
    let terms = Box::new(given.terms(firm, &api)?);
    let placed = api.order(&asked, firm, OrderAction::Place { terms }).await?;
    Ok(answer(placed, StatusCode::CREATED))
}

/// Other terms for an order; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OrderChange {
    /// OrderQty(38): the new total, executed part included; a decimal.
    #[schema(value_type = Option<String>, example = "80")]
    qty: Option<Qty>,
    /// Price(44), a decimal.
    #[schema(value_type = Option<String>, example = "10.20")]
    price: Option<Price>,
    /// StopPx(99), a decimal.
    #[schema(value_type = Option<String>, example = json!(null))]
    stop_px: Option<Price>,
}

/// Gives an order that was placed over the API another quantity or price. It keeps its place in the queue only when nothing
/// but its quantity falls.
#[utoipa::path(patch, path = "/api/v1/orders/{id}", operation_id = "replace_order", tag = "trading",
    params(("id" = String, Path, description = "OrderID(37)", example = "O000000000000002A")),
    request_body = OrderChange, responses((status = 200, body = OrderView)))]
async fn replace_order(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Path(id): Path<String>,
    Body(given): Body<OrderChange>,
) -> Result<Response, Problem> {
    let (firm, row) = open_order(&api, &asked, &headers, &id).await?;
    if row.session != SessionId::of_api(&firm).as_str() {
        let detail = "it was entered on a FIX session: change it there";
        return Err((Refusal::NotAmendable, detail.to_owned()).into());
    }
    let orig_cl_ord_id = kept(ClOrdId::new(&row.cl_ord_id))?;
    let terms = Box::new(OrderTerms {
        cl_ord_id: api.cl_ord_id(),
        session: SessionId::of_api(&firm),
        firm,
        account: kept(AccountId::new(&row.account))?,
        symbol: kept(Symbol::new(&row.symbol))?,
        side: stored(&row.side)?,
        ord_type: stored(&row.ord_type)?,
        price: given.price.or(row.price.as_deref().and_then(|text| Price::parse(text).ok())),
        stop_px: given.stop_px.or(row.stop_px.as_deref().and_then(|text| Price::parse(text).ok())),
        qty: given.qty.map_or_else(|| kept(Qty::parse(&row.qty)), Ok)?,
        tif: stored(&row.tif)?,
        conditions: row.conditions.as_deref().and_then(|json| serde_json::from_str(json).ok()),
        carried: None,
    });
    let replace = OrderAction::Replace { order_id: row.id, orig_cl_ord_id, terms };
    Ok(answer(api.order(&asked, firm, replace).await?, StatusCode::OK))
}

/// Cancels what is left of an order, over the API or of a FIX session of the firm; staff, anybody's.
#[utoipa::path(delete, path = "/api/v1/orders/{id}", operation_id = "cancel_order", tag = "trading",
    params(("id" = String, Path, description = "OrderID(37)", example = "O000000000000002A")),
    responses((status = 200, body = OrderView)))]
async fn cancel_order(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    cancelled(&api, &asked, &headers, &id).await
}

/// As deleting it, for clients that cannot.
#[utoipa::path(post, path = "/api/v1/orders/{id}/cancel", operation_id = "cancel_order_by_post", tag = "trading",
    params(("id" = String, Path, description = "OrderID(37)", example = "O000000000000002A")),
    responses((status = 200, body = OrderView)))]
async fn cancel_order_by_post(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    cancelled(&api, &asked, &headers, &id).await
}

async fn cancelled(api: &Api, asked: &Asked, headers: &HeaderMap, id: &str) -> Result<Response, Problem> {
    let (firm, row) = open_order(api, asked, headers, id).await?;
    let cancel = OrderAction::Cancel { order_id: row.id, cl_ord_id: api.cl_ord_id() };
    Ok(answer(api.order(asked, firm, cancel).await?, StatusCode::OK))
}

/// An order that the caller may change, and whose it is.
async fn open_order(
    api: &Api,
    asked: &Asked,
    headers: &HeaderMap,
    id: &str,
) -> Result<(FirmId, OrderRow), Problem> {
    let not_found = || Problem::new(ProblemKind::NotFound);
    let id = OrderId::parse(id).ok_or_else(not_found)?;
    let row = match api.read_model(headers).await?.order(id).map_err(failed)? {
        Some(row) => row,
        // Nobody is told that an order is not there which only has not come so far.
        None => api.caught_up_model().await?.order(id).map_err(failed)?.ok_or_else(not_found)?,
    };
    let firm = FirmId::new(&row.firm).map_err(|_| not_found())?;
    asked.caller()?.sees(None, Some(firm))?;
    // A repeat of what ended it is answered as it was.
    if !is_working(&row) && !api.is_repeat(asked) {
        return Err((Refusal::TooLate, format!("the order is {}", row.status)).into());
    }
    Ok((firm, row))
}

pub(super) fn answer(ordered: Ordered, status: StatusCode) -> Response {
    match ordered {
        Ordered::Late(outcome) => changed(outcome),
        Ordered::Order(row) => {
            let place = format!("/api/v1/orders/{}", row.id);
            placed((status, Json(order_view(*row))).into_response(), &place)
        }
    }
}

/// What a row holds was checked when it came in.
pub(super) fn kept<T, E>(read: Result<T, E>) -> Result<T, Problem> {
    read.map_err(|_| Problem::later(ProblemKind::Unavailable, 1))
}

fn stored<T: DeserializeOwned>(word: &str) -> Result<T, Problem> {
    kept(serde_json::from_value(serde_json::Value::from(word)))
}
