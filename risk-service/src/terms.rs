//! Whether the terms of an order fit each other and its instrument: types, conditions, prices, quantities.

use crate::stage::Refused;
use assay_trading_types::*;

/// OrdType, Side, TimeInForce and conditions.
pub(crate) fn check_types(terms: &OrderTerms, at: Timestamp) -> Result<(), Refused> {
    use TimeInForce as T;
    if terms.ord_type.waits_for_price() && !matches!(terms.tif, T::Day | T::Gtc | T::Gtd) {
        return refuse(Refusal::UnsupportedTif, "stops take DAY, GTC and GTD");
    }
    let expiry = terms.conditions.as_deref().and_then(|c| c.expiry);
    match (terms.tif, expiry) {
        (T::Gtd, None) => {
            return refuse(Refusal::UnsupportedTerms, "GTD needs ExpireTime(126) or ExpireDate(432)");
        }
        // A date ends by the instrument's calendar, which the market knows.
        (T::Gtd, Some(Expiry::Time(end))) if end <= at => {
            return Err((Refusal::ExpirePast, format!("{end} is past")));
        }
        (T::Gtd, Some(_)) | (_, None) => {}
        (_, Some(_)) => return refuse(Refusal::UnsupportedTerms, "only GTD takes an expiry"),
    }
    terms.conditions.as_deref().map_or(Ok(()), |conditions| check_conditions(terms, conditions))
}

fn check_conditions(terms: &OrderTerms, conditions: &Conditions) -> Result<(), Refused> {
    use TimeInForce as T;
    let Conditions { min_qty, max_floor, post_only, all_or_none, expiry: _ } = *conditions;
    let rests = matches!(terms.tif, T::Day | T::Gtc | T::Gtd);
    let limit = terms.ord_type == OrdType::Limit;
    if min_qty.is_some_and(|min| terms.tif != T::Ioc || min <= Qty::ZERO || min > terms.qty) {
        return refuse(
            Refusal::UnsupportedTerms,
            "MinQty(110) is of an IOC order and not above OrderQty(38)",
        );
    }
    if max_floor.is_some_and(|floor| !limit || !rests || floor < Qty::ZERO || floor >= terms.qty) {
        return refuse(
            Refusal::UnsupportedTerms,
            "MaxFloor(111) is of a resting limit order and below OrderQty(38)",
        );
    }
    if post_only && (!limit || !rests) {
        return refuse(Refusal::UnsupportedExecinst, "18=6 is of a resting limit order");
    }
    if all_or_none && !matches!(terms.tif, T::Day | T::Gtc) {
        return refuse(Refusal::UnsupportedExecinst, "18=G takes DAY and GTC");
    }
    Ok(())
}

fn refuse(refusal: Refusal, what: &str) -> Result<(), Refused> {
    Err((refusal, what.to_owned()))
}

/// Price(44) and StopPx(99): there when the type takes them, above zero, on tick.
pub(crate) fn check_price(terms: &OrderTerms, instrument: &InstrumentListed) -> Result<(), Refused> {
    let (takes_price, takes_stop) = match terms.ord_type {
        OrdType::Market => (false, false),
        OrdType::Limit => (true, false),
        OrdType::Stop | OrdType::TakeProfit => (false, true),
        OrdType::StopLimit => (true, true),
    };
    check_one_price("Price(44)", terms.price, takes_price, instrument)?;
    check_one_price("StopPx(99)", terms.stop_px, takes_stop, instrument)
}

fn check_one_price(
    name: &str,
    price: Option<Price>,
    takes_it: bool,
    instrument: &InstrumentListed,
) -> Result<(), Refused> {
    let tick = instrument.tick_size;
    match price {
        None if takes_it => Err((Refusal::BadPrice, format!("this OrdType(40) needs {name}"))),
        Some(_) if !takes_it => Err((Refusal::PriceNotAllowed, format!("this OrdType(40) takes no {name}"))),
        Some(price) if price.units() <= 0 => {
            Err((Refusal::BadPrice, format!("{name} {price} is not above zero")))
        }
        Some(price) if price.units() % tick.units().max(1) != 0 => {
            Err((Refusal::BadTick, format!("{name} {price} is not a multiple of {tick}")))
        }
        _ => Ok(()),
    }
}

/// OrderQty(38): above zero, a multiple of the lot.
pub(crate) fn check_quantity(terms: &OrderTerms, instrument: &InstrumentListed) -> Result<(), Refused> {
    let (qty, lot) = (terms.qty, instrument.lot_size);
    if qty <= Qty::ZERO {
        return Err((Refusal::QtyMin, format!("{qty} is not above zero")));
    }
    if qty.units() % lot.units().max(1) != 0 {
        return Err((Refusal::BadLot, format!("{qty} is not a multiple of {lot}")));
    }
    Ok(())
}
