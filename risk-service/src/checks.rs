//! What D and G have in common: instrument, terms, price and quantity, account, and who may trade what at all.

use crate::instruments::Instrument;
use crate::names::{ClientIx, FirmIx, HoldingIx, SessionIx};
use crate::order::Cover;
use crate::risk::Risk;
use crate::stage::{Refused, Stage, no_defect};
use crate::switches::Place;
use crate::terms::{check_price, check_quantity, check_types};
use assay_trading_types::*;

/// How far a market order may run from the reference price when there is no collar, in basis points.
const PROTECTION_BP: u32 = 1_000;

/// Basis points in one.
pub(crate) const BASIS: i128 = 10_000;

/// What risk found out on the way to a yes.
pub(crate) struct Approved {
    pub(crate) holding: HoldingIx,
    /// Price that exposure counts at: its limit, or the worst a market order may see.
    pub(crate) price: Price,
    pub(crate) reference: Price,
    /// Worst price a market order may trade at.
    pub(crate) protection: Option<Price>,
    pub(crate) lot_units: i64,
    /// How much more than a short sale brings stays held for it, in percent.
    pub(crate) short_extra_percent: u32,
}

impl Approved {
    /// What is held for an order of these terms that has `filled` behind it.
    pub(crate) fn cover(&self, terms: &OrderTerms, filled: &Filled) -> Cover {
        if terms.side.is_short() {
            return Cover::Short { price: self.price, extra_percent: self.short_extra_percent };
        }
        if !terms.side.is_buy() {
            return Cover::Asset;
        }
        if matches!(terms.ord_type, OrdType::Limit | OrdType::StopLimit) {
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
            Self::Limit(_) | Self::Asset | Self::Short { .. } => None,
        }
    }
}

/// What is asked, by whom, as numbers.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) terms: &'a OrderTerms,
    pub(crate) defect: Option<&'a Defect>,
    pub(crate) session: SessionIx,
    pub(crate) firm: FirmIx,
    /// The account, if it is one of the firm's.
    pub(crate) client: Option<ClientIx>,
    /// Quantity it adds to the open orders of its side.
    pub(crate) added_qty: i64,
    pub(crate) at: Timestamp,
}

impl Risk {
    /// Instrument, types, price and quantity, account, and whether it may trade: A-03's middle, with the gateway's
    /// finding at its place.
    pub(crate) fn check_terms(&mut self, asked: &Asked<'_>) -> Result<Approved, Refused> {
        let Asked { terms, defect, .. } = *asked;
        no_defect(defect, Stage::Instrument)?;
        let unlisted = || (Refusal::UnknownSymbol, format!("{} is not listed", terms.symbol));
        let symbol = self.instruments.find(&terms.symbol).ok_or_else(unlisted)?;
        let instrument = &self.instruments[symbol];
        let listed = instrument.listed.as_ref().ok_or_else(unlisted)?;
        let lot_units = listed.lot_size.units().max(1);
        no_defect(defect, Stage::Terms)?;
        check_types(terms, asked.at)?;
        no_defect(defect, Stage::PriceAndQuantity)?;
        check_price(terms, listed)?;
        check_quantity(terms, listed)?;
        no_defect(defect, Stage::Account)?;
        let client = check_account(asked)?;
        no_defect(defect, Stage::MarketState)?;
        let holding = self.holding(client, symbol).ok_or_else(unlisted)?;
        let place = Place { session: asked.session, firm: asked.firm, client, symbol };
        self.check_standing(asked, client)?;
        self.check_switches(&place, self.holdings[holding].reduces(terms.side.is_buy(), asked.added_qty))?;
        self.check_short(asked, holding)?;
        let reference = self.instruments[symbol].reference(asked.at).ok_or_else(|| no_reference(terms))?;
        let worst = self.protection(asked.firm, client, terms, reference, &self.instruments[symbol]);
        let market = matches!(terms.ord_type, OrdType::Market | OrdType::Stop | OrdType::TakeProfit);
        // What is sold at any price is worth the reference, or what its trigger waits for; what is bought may cost the worst.
        let unpriced = match (terms.side.is_buy(), terms.stop_px) {
            (true, _) => worst,
            (false, Some(stop)) if terms.ord_type == OrdType::TakeProfit => {
                if stop.units() > reference.units() { stop } else { reference }
            }
            (false, _) => reference,
        };
        let price = terms.price.unwrap_or(unpriced);
        let protection = market.then_some(worst);
        let short_extra_percent = if terms.side.is_short() { self.short_extra_percent(holding) } else { 0 };
        Ok(Approved { holding, price, reference, protection, lot_units, short_extra_percent })
    }

    /// The account's status, its owner's, and the restricted list.
    fn check_standing(&self, asked: &Asked<'_>, client: ClientIx) -> Result<(), Refused> {
        let (client, terms) = (&self.clients[client], asked.terms);
        let firm = &self.firms[asked.firm];
        if firm.kyc != KycStatus::Verified {
            let detail = format!("{} is not verified: {:?}", terms.firm, firm.kyc);
            return Err((Refusal::AccountSuspended, detail));
        }
        if client.status != AccountStatus::Active {
            let detail = format!("{} is {:?}", terms.account, client.status);
            return Err((Refusal::AccountSuspended, detail.to_lowercase()));
        }
        if client.kyc != KycStatus::Verified {
            let detail = format!("owner of {} is not verified: {:?}", terms.account, client.kyc);
            return Err((Refusal::AccountSuspended, detail));
        }
        match self.restrictions.of(terms) {
            Some(reason) => Err((Refusal::Restricted, format!("{}: {reason}", terms.symbol))),
            None => Ok(()),
        }
    }

    /// Worst price an order without a limit may trade at, on tick: the tightest of what firm and account say.
    fn protection(
        &self,
        firm: FirmIx,
        client: ClientIx,
        terms: &OrderTerms,
        reference: Price,
        instrument: &Instrument,
    ) -> Price {
        let own = self.clients[client].book.as_ref().map(|b| &b.limits);
        let books = own.into_iter().chain([&self.firms[firm].book.limits]);
        let bp = books.filter_map(|l| l.market_protection_bp.or(l.price_collar_bp)).min();
        let away = i128::from(reference.units()) * i128::from(bp.unwrap_or(PROTECTION_BP)) / BASIS;
        let tick = i128::from(instrument.listed.as_ref().map_or(1, |l| l.tick_size.units().max(1)));
        // A stop is triggered at its own price, so that is what it runs from: away from the market as it is now. A take
        // profit is triggered where the market comes nearer to what it wants, or where it is.
        let (trigger, now) = (terms.stop_px.unwrap_or(reference), reference);
        let (low, high) = (trigger.units().min(now.units()), trigger.units().max(now.units()));
        let touched = terms.ord_type == OrdType::TakeProfit;
        let units = if terms.side.is_buy() {
            (i128::from(if touched { low } else { high }) + away) / tick * tick
        } else {
            let least = i128::from(if touched { high } else { low }) - away;
            (least + tick - 1) / tick * tick
        };
        Price::from_units(i64::try_from(units.max(tick)).unwrap_or(i64::MAX))
    }
}

fn check_account(asked: &Asked<'_>) -> Result<ClientIx, Refused> {
    let OrderTerms { account, firm, .. } = asked.terms;
    asked.client.ok_or_else(|| (Refusal::UnknownAccount, format!("{account} is not an account of {firm}")))
}

fn no_reference(terms: &OrderTerms) -> Refused {
    (Refusal::NoRefPrice, format!("{} has no reference price that may be used", terms.symbol))
}
