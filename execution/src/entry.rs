//! Whether a market takes an order, and where the order goes.

use crate::execution::Execution;
use crate::live_order::{is_stop, trades_as};
use crate::market::Market;
use assay_trading_types::{
    Conditions, Expiry, OrdType, OrderTerms, Qty, Refusal, TimeInForce, Timestamp, TradingPhase,
};

/// All-or-none orders that may wait in one market: each is looked at whenever its market changes. Beyond, new ones are
/// refused with `VENUE_REFUSED`.
const WHOLE_ORDERS_MAX: usize = 256;

/// An order in ticks and lots.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    /// Its limit; none for one that trades at any price.
    pub(crate) ticks: Option<i64>,
    pub(crate) stop_ticks: Option<i64>,
    /// What is left of it.
    pub(crate) lots: i64,
}

impl Execution {
    /// Checks an order of `terms` of which `leaves` is left. Risk has checked most of it, but against its own copy of the
    /// instrument's terms and phase.
    pub(crate) fn admit(&self, market: u32, terms: &OrderTerms, leaves: Qty) -> Result<Entry, Refusal> {
        let market = &self.markets[market as usize];
        let entry = Entry {
            ticks: limit_ticks(market, terms)?,
            stop_ticks: stop_ticks(market, terms)?,
            lots: market.lots(leaves)?,
        };
        check_tif(terms, market)?;
        if let Some(conditions) = terms.conditions.as_deref() {
            check_conditions(terms, conditions, market)?;
        }
        check_expiry(terms, market, self.at.max(self.now))?;
        check_phase(terms, market)?;
        Ok(entry)
    }
}

fn limit_ticks(market: &Market, terms: &OrderTerms) -> Result<Option<i64>, Refusal> {
    match (trades_as(terms.ord_type), terms.price) {
        (OrdType::Market, _) => Ok(None),
        (_, Some(price)) => market.ticks(price).map(Some),
        (_, None) => Err(Refusal::BadPrice),
    }
}

fn stop_ticks(market: &Market, terms: &OrderTerms) -> Result<Option<i64>, Refusal> {
    match (is_stop(terms.ord_type), terms.stop_px) {
        (false, _) => Ok(None),
        (true, Some(price)) => market.ticks(price).map(Some),
        (true, None) => Err(Refusal::BadPrice),
    }
}

fn check_tif(terms: &OrderTerms, market: &Market) -> Result<(), Refusal> {
    use TimeInForce::{AtClose, AtOpen, Day, Gtc, Gtd};
    let has_auctions = market.rules.calendar.is_some();
    match terms.tif {
        AtOpen | AtClose if !has_auctions => Err(Refusal::UnsupportedTif),
        tif if is_stop(terms.ord_type) && !matches!(tif, Day | Gtc | Gtd) => Err(Refusal::UnsupportedTif),
        _ => Ok(()),
    }
}

fn check_conditions(terms: &OrderTerms, conditions: &Conditions, market: &Market) -> Result<(), Refusal> {
    let rests = matches!(terms.tif, TimeInForce::Day | TimeInForce::Gtc | TimeInForce::Gtd);
    let is_limit = terms.ord_type == OrdType::Limit;
    let Conditions { min_qty, max_floor, post_only, all_or_none, expiry: _ } = *conditions;
    if let Some(min) = min_qty {
        market.lots(min).map_err(|_| Refusal::UnsupportedTerms)?;
        if terms.tif != TimeInForce::Ioc || min > terms.qty {
            return Err(Refusal::UnsupportedTerms);
        }
    }
    if let Some(floor) = max_floor {
        market.lots(floor).map_err(|_| Refusal::UnsupportedTerms)?;
        if !is_limit || !rests || all_or_none || floor >= terms.qty {
            return Err(Refusal::UnsupportedTerms);
        }
    }
    let day_or_gtc = rests && terms.tif != TimeInForce::Gtd;
    if post_only && (!is_limit || !rests || all_or_none) || all_or_none && (!is_limit || !day_or_gtc) {
        return Err(Refusal::UnsupportedExecinst);
    }
    if all_or_none && market.whole.len() >= WHOLE_ORDERS_MAX {
        return Err(Refusal::VenueRefused);
    }
    Ok(())
}

/// GTD needs an end that is to come, nothing else may have one.
fn check_expiry(terms: &OrderTerms, market: &Market, now: Timestamp) -> Result<(), Refusal> {
    let expiry = terms.conditions.as_deref().and_then(|c| c.expiry);
    match (terms.tif, expiry) {
        (TimeInForce::Gtd, None) => Err(Refusal::UnsupportedTif),
        (TimeInForce::Gtd, Some(expiry)) if market.is_expired(expiry, now) => Err(Refusal::ExpirePast),
        (TimeInForce::Gtd, Some(_)) | (_, None) => Ok(()),
        (_, Some(_)) => Err(Refusal::UnsupportedTerms),
    }
}

fn check_phase(terms: &OrderTerms, market: &Market) -> Result<(), Refusal> {
    use TradingPhase as P;
    match (market.phase(), terms.tif) {
        (P::Halted, _) => Err(Refusal::Halted),
        (P::Closed, _) => Err(Refusal::MarketClosed),
        (P::PreOpen | P::OpeningAuction, TimeInForce::AtOpen) => Ok(()),
        (_, TimeInForce::AtOpen) => Err(Refusal::MarketClosed),
        (P::Continuous, _) => Ok(()),
        // Nothing trades at once in an auction.
        (_, TimeInForce::Ioc | TimeInForce::Fok) => Err(Refusal::MarketClosed),
        (P::PreOpen | P::OpeningAuction | P::VolatilityAuction | P::ClosingAuction, _) => Ok(()),
    }
}

impl Market {
    /// Whether a GTD order of this end is over.
    pub(crate) fn is_expired(&self, expiry: Expiry, now: Timestamp) -> bool {
        match self.end_of(expiry) {
            Some(end) => end <= now,
            None => {
                matches!(expiry, Expiry::Date(date) if i64::from(date) <= i64::from(self.state.closed_day))
            }
        }
    }

    /// The instant at which a GTD order of this end is over; none when a trading day's close ends it.
    pub(crate) fn end_of(&self, expiry: Expiry) -> Option<Timestamp> {
        match expiry {
            Expiry::Time(end) => Some(end),
            Expiry::Date(_) if self.rules.calendar.is_some() => None,
            Expiry::Date(date) => Some(end_of_utc_date(date)),
        }
    }
}

/// The midnight behind a date; the beginning of time for what is no date.
fn end_of_utc_date(date: u32) -> Timestamp {
    const DAY_NS: i64 = 86_400_000_000_000;
    let text = format!("{date:08}-00:00:00");
    Timestamp::parse_fix(text.as_bytes()).map_or(Timestamp::from_ns(i64::MIN), |begin| begin.plus_ns(DAY_NS))
}
