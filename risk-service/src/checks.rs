//! What D and G have in common: instrument, terms, price and quantity, account, limits.

use crate::order::Cover;
use crate::risk::Risk;
use crate::stage::{Refused, Stage, no_defect};
use assay_trading_types::*;

/// How far a market buy may run from the reference price when the firm has no collar, in basis points.
const PROTECTION_BP: u32 = 1_000;

/// Basis points in one.
const BASIS: i128 = 10_000;

/// What risk found out on the way to a yes.
pub(crate) struct Approved {
    /// Price that exposure counts at: its limit, or the worst a market order may see.
    pub(crate) price: Price,
    pub(crate) reference: Price,
    pub(crate) lot_units: i64,
}

impl Approved {
    /// What is held for an order of these terms that has `filled` behind it.
    pub(crate) fn cover(&self, terms: &OrderTerms, filled: &Filled) -> Cover {
        if !terms.side.is_buy() {
            return Cover::Asset;
        }
        if terms.ord_type != OrdType::Market {
            return Cover::Limit(self.price);
        }
        let leaves = Qty::from_units((terms.qty.units() - filled.cum_qty.units()).max(0));
        Cover::Budget(Amount::from_units(filled.notional.units() + self.price.notional(leaves).units()))
    }
}

impl Cover {
    /// Most that the market may spend on the whole order.
    pub(crate) fn notional_max(&self) -> Option<Amount> {
        match self {
            Self::Budget(max) => Some(*max),
            Self::Limit(_) | Self::Asset => None,
        }
    }
}

impl Risk {
    /// Instrument, types, price and quantity: A-03's middle, with the gateway's finding at its place.
    pub(crate) fn check_terms(
        &self,
        terms: &OrderTerms,
        defect: Option<&Defect>,
        at: Timestamp,
    ) -> Result<Approved, Refused> {
        no_defect(defect, Stage::Instrument)?;
        let unlisted = || (Refusal::UnknownSymbol, format!("{} is not listed", terms.symbol));
        let instrument = self.instruments.listed(&terms.symbol).ok_or_else(unlisted)?;
        no_defect(defect, Stage::Terms)?;
        check_types(terms)?;
        no_defect(defect, Stage::PriceAndQuantity)?;
        check_price(terms, instrument)?;
        check_quantity(terms, instrument)?;
        no_defect(defect, Stage::Account)?;
        self.check_account(terms)?;
        no_defect(defect, Stage::MarketState)?;
        self.check_kill_switch(terms)?;
        // Without one nothing could tell what the order may lose, so no kind of order passes (ADR 0008).
        let reference = self.instruments.reference(&terms.symbol, at).ok_or_else(|| no_reference(terms))?;
        let price = terms.price.unwrap_or_else(|| self.protection(terms, reference));
        Ok(Approved { price, reference, lot_units: instrument.lot_size.units().max(1) })
    }

    fn check_account(&self, terms: &OrderTerms) -> Result<(), Refused> {
        let (account, firm) = (terms.account, terms.firm);
        match self.firms.get(&firm) {
            Some(f) if f.accounts.contains(&account) => Ok(()),
            _ => Err((Refusal::UnknownAccount, format!("{account} is not an account of {firm}"))),
        }
    }

    fn check_kill_switch(&self, terms: &OrderTerms) -> Result<(), Refused> {
        match self.firms.get(&terms.firm).and_then(|f| f.killed.as_ref()) {
            Some(reason) => Err((Refusal::KillSwitch, format!("{reason}, firm {}", terms.firm))),
            None => Ok(()),
        }
    }

    /// Worst price a market order is held and counted at.
    fn protection(&self, terms: &OrderTerms, reference: Price) -> Price {
        if !terms.side.is_buy() {
            return reference;
        }
        let collar = self.firms.get(&terms.firm).and_then(|f| f.limits.as_ref()?.price_collar_bp);
        let units = i128::from(reference.units()) * (BASIS + i128::from(collar.unwrap_or(PROTECTION_BP)));
        Price::from_units(i64::try_from(units / BASIS).unwrap_or(i64::MAX))
    }

    /// Limits of the firm for an order of `terms`, which adds `added` billionths to its open notional.
    pub(crate) fn check_limits(
        &self,
        terms: &OrderTerms,
        approved: &Approved,
        added: i128,
    ) -> Result<(), Refused> {
        let Some(firm) = self.firms.get(&terms.firm) else { return Ok(()) };
        let Some(limits) = &firm.limits else { return Ok(()) };
        let over = |refusal, value: String, max: String| {
            Err((refusal, format!("{value} > {max} firm {}", terms.firm)))
        };
        let (qty, notional) = (terms.qty, approved.price.notional(terms.qty));
        if let Some(max) = limits.order_qty_max.filter(|max| qty > *max) {
            return over(Refusal::LimitQty, qty.to_string(), max.to_string());
        }
        if let Some(max) = limits.order_notional_max.filter(|max| notional > *max) {
            return over(Refusal::LimitNotional, notional.to_string(), max.to_string());
        }
        if let Some(bp) = limits.price_collar_bp {
            check_collar(terms, approved.reference, bp)?;
        }
        let gross = Amount::from_units(firm.gross().units().saturating_add(added));
        // A sale is of what the firm holds, so it lowers what is at risk and passes this limit.
        let grows = terms.side.is_buy() && added > 0;
        if let Some(max) = limits.gross_notional_max.filter(|max| grows && gross > *max) {
            return over(Refusal::LimitGross, gross.to_string(), max.to_string());
        }
        Ok(())
    }
}

fn no_reference(terms: &OrderTerms) -> Refused {
    (Refusal::NoRefPrice, format!("{} has no reference price that may be used", terms.symbol))
}

fn check_types(terms: &OrderTerms) -> Result<(), Refused> {
    let refuse = |refusal, what: &str| Err((refusal, what.to_owned()));
    if matches!(terms.ord_type, OrdType::Stop | OrdType::StopLimit) {
        return refuse(Refusal::UnsupportedOrdtype, "stop orders are not served");
    }
    if terms.tif == TimeInForce::Gtd {
        return refuse(Refusal::UnsupportedTif, "good till date is not served");
    }
    match terms.side {
        Side::SellShort | Side::SellShortExempt => refuse(Refusal::ShortLocate, "short sales are not served"),
        Side::Buy | Side::Sell => Ok(()),
    }
}

fn check_price(terms: &OrderTerms, instrument: &InstrumentListed) -> Result<(), Refused> {
    let tick = instrument.tick_size;
    if let Some(stop) = terms.stop_px.filter(|_| matches!(terms.ord_type, OrdType::Market | OrdType::Limit)) {
        let detail = format!("StopPx(99) {stop} on an order that is no stop");
        return Err((Refusal::PriceNotAllowed, detail));
    }
    match (terms.ord_type, terms.price) {
        (OrdType::Market, None) => Ok(()),
        (OrdType::Market, Some(_)) => {
            Err((Refusal::PriceNotAllowed, "a market order takes no Price(44)".to_owned()))
        }
        (_, None) => Err((Refusal::BadPrice, "a limit order needs Price(44)".to_owned())),
        (_, Some(price)) if price.units() <= 0 => {
            Err((Refusal::BadPrice, format!("{price} is not above zero")))
        }
        (_, Some(price)) if price.units() % tick.units().max(1) != 0 => {
            Err((Refusal::BadTick, format!("{price} is not a multiple of {tick}")))
        }
        (_, Some(_)) => Ok(()),
    }
}

fn check_quantity(terms: &OrderTerms, instrument: &InstrumentListed) -> Result<(), Refused> {
    let (qty, lot) = (terms.qty, instrument.lot_size);
    if qty <= Qty::ZERO {
        return Err((Refusal::QtyMin, format!("{qty} is not above zero")));
    }
    if qty.units() % lot.units().max(1) != 0 {
        return Err((Refusal::BadLot, format!("{qty} is not a multiple of {lot}")));
    }
    Ok(())
}

fn check_collar(terms: &OrderTerms, reference: Price, bp: u32) -> Result<(), Refused> {
    let Some(price) = terms.price else { return Ok(()) };
    let away = (i128::from(price.units()) - i128::from(reference.units())).abs() * BASIS;
    if away > i128::from(reference.units()) * i128::from(bp) {
        return Err((Refusal::PriceCollar, format!("{price} is more than {bp} bp from {reference}")));
    }
    Ok(())
}
