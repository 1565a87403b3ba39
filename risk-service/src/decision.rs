//! NewOrderSingle: all refusals in order, then the hold, then the order is live.

use crate::order::{OpenOrder, UnitHold};
use crate::risk::Risk;
use assay_ledger::Leg;
use assay_trading_types::*;

/// How far a market buy may run from the reference price when the firm has no collar, in basis points.
const PROTECTION_BP: i64 = 1_000;

/// A refusal and how its text goes on.
pub(crate) type Refused = (Refusal, String);

/// What risk found out on the way to a yes.
pub(crate) struct Approved {
    /// Price that holds and exposure count at.
    pub(crate) price: Price,
    pub(crate) reference: Option<Price>,
}

impl Risk {
    pub(crate) fn order(&mut self, e: &OrderRequested, input: &Input<'_>, out: &mut Outbox) {
        let terms = &e.terms;
        let duplicate = self.used.entry(terms.session).or_default().contains(&terms.cl_ord_id);
        if duplicate && e.poss_resend {
            return;
        }
        let decided = match duplicate {
            true => Err((Refusal::DupClOrdId, format!("{} was used before", terms.cl_ord_id))),
            false => self.decide(e, input.at),
        };
        match decided {
            Ok(approved) => self.accept(e, &approved, input, out),
            Err((refusal, detail)) => self.refuse(e, refusal, detail, out),
        }
    }

    fn decide(&mut self, e: &OrderRequested, at: Timestamp) -> Result<Approved, Refused> {
        let terms = &e.terms;
        let firm =
            self.firms.get_mut(&terms.firm).ok_or((Refusal::NotEntitled, "no such firm".to_owned()))?;
        if !firm.takes_order(at) {
            let max = firm.limits.as_ref().and_then(|l| l.orders_per_s_max).unwrap_or(0);
            return Err((Refusal::RateLimit, format!("{max}/1s, retry after 1000 ms")));
        }
        if let Some(defect) = &e.defect {
            return Err((defect.refusal, defect.detail.clone()));
        }
        let approved = self.check_terms(terms, at)?;
        if !self.firms[&terms.firm].accounts.contains(&terms.account) {
            return Err((
                Refusal::UnknownAccount,
                format!("{} is not an account of {}", terms.account, terms.firm),
            ));
        }
        self.check_limits(terms, terms.qty, Amount::ZERO, &approved)?;
        Ok(approved)
    }

    /// Instrument, types, price and quantity: A-03's middle.
    pub(crate) fn check_terms(&self, terms: &OrderTerms, at: Timestamp) -> Result<Approved, Refused> {
        let instrument = self
            .instruments
            .get(&terms.symbol)
            .ok_or_else(|| (Refusal::UnknownSymbol, format!("{} is not listed", terms.symbol)))?;
        check_types(terms)?;
        if let Some(price) = terms.price {
            if price.units() <= 0 {
                return Err((Refusal::BadPrice, format!("{price} is not above zero")));
            }
            if price.units() % instrument.tick_size.units() != 0 {
                return Err((
                    Refusal::BadTick,
                    format!("{price} is not a multiple of {}", instrument.tick_size),
                ));
            }
        }
        if terms.qty.units() <= 0 {
            return Err((Refusal::QtyMin, format!("{} is not above zero", terms.qty)));
        }
        if terms.qty.units() % instrument.lot_size.units() != 0 {
            return Err((
                Refusal::BadLot,
                format!("{} is not a multiple of {}", terms.qty, instrument.lot_size),
            ));
        }
        let reference = self.reference(&terms.symbol, at);
        let price = match (terms.price, reference) {
            (Some(price), _) => price,
            (None, Some(reference)) => self.protection(terms, reference),
            (None, None) => {
                return Err((Refusal::NoRefPrice, format!("{} has no reference price", terms.symbol)));
            }
        };
        Ok(Approved { price, reference })
    }

    /// Worst price a market order is held and counted at.
    fn protection(&self, terms: &OrderTerms, reference: Price) -> Price {
        if !terms.side.is_buy() {
            return reference;
        }
        let collar = self.firms.get(&terms.firm).and_then(|f| f.limits.as_ref()?.price_collar_bp);
        let bp = collar.map_or(PROTECTION_BP, i64::from);
        let units = i128::from(reference.units()) * i128::from(10_000 + bp) / 10_000;
        Price::from_units(i64::try_from(units).unwrap_or(i64::MAX))
    }

    /// Limits of the firm for an order of `qty` in all, of which exposure `counted` is in the books already.
    pub(crate) fn check_limits(
        &self,
        terms: &OrderTerms,
        qty: Qty,
        counted: Amount,
        approved: &Approved,
    ) -> Result<(), Refused> {
        let firm = &self.firms[&terms.firm];
        if let Some(reason) = &firm.killed {
            return Err((Refusal::KillSwitch, format!("{reason}, firm {}", terms.firm)));
        }
        let Some(limits) = &firm.limits else { return Ok(()) };
        let notional = approved.price.notional(qty);
        if let Some(max) = limits.order_qty_max.filter(|max| qty > *max) {
            return Err((Refusal::LimitQty, format!("{qty} > {max} firm {}", terms.firm)));
        }
        if let Some(bp) = limits.price_collar_bp {
            let reference = approved
                .reference
                .ok_or((Refusal::NoRefPrice, format!("{} has no reference price", terms.symbol)))?;
            check_collar(terms, reference, bp)?;
        }
        if let Some(max) = limits.order_notional_max.filter(|max| notional > *max) {
            return Err((Refusal::LimitNotional, format!("{notional} > {max} firm {}", terms.firm)));
        }
        let gross = firm.gross().units().saturating_add(notional.units()).saturating_sub(counted.units());
        if let Some(max) = limits.gross_notional_max.filter(|max| gross > max.units()) {
            return Err((
                Refusal::LimitGross,
                format!("{} > {max} firm {}", Amount::from_units(gross), terms.firm),
            ));
        }
        Ok(())
    }

    fn accept(&mut self, e: &OrderRequested, approved: &Approved, input: &Input<'_>, out: &mut Outbox) {
        let terms = e.terms.clone();
        let order_id = OrderId::new(input.partition, input.offset);
        let unit_hold =
            if terms.side.is_buy() { UnitHold::Cash(approved.price.units()) } else { UnitHold::Asset };
        let mut order = OpenOrder {
            filled: Filled::unfilled(terms.qty),
            status: OrdStatus::New,
            unit_hold,
            exposure_price: approved.price.units(),
            holds: Vec::new(),
            charged: Amount::ZERO,
            transfers: 0,
            replace: None,
            chain: vec![terms.cl_ord_id],
            terms,
        };
        let need = self.need(&order, order.terms.qty, unit_hold);
        let Some(posted) = self.hold(order_id, &mut order, need) else {
            let (held, available) = self.held_asset(&order.terms);
            let detail = format!("{need} > {available} {held} account {}", e.terms.account);
            return self.refuse(e, Refusal::LimitCredit, detail, out);
        };
        // Decided: nothing below refuses.
        let firm = self.firms.get_mut(&order.terms.firm).expect("checked");
        firm.open_notional += approved.price.notional(order.terms.qty).units();
        let accepted = OrderAccepted {
            order_id,
            request: e.request,
            terms: order.terms.clone(),
            self_trade: firm.self_trade,
            notional_max: notional_max(&order.terms, approved),
            limits_version: firm.limits_version(),
            reference_price: approved.reference,
        };
        let owner = order.terms.firm;
        self.used.entry(order.terms.session).or_default().insert(&order.terms.cl_ord_id);
        self.ids.insert((order.terms.session, order.terms.cl_ord_id), order_id);
        self.orders.insert(order_id, order);
        out.emit(
            Topic::Ledger,
            Posted { firm: owner, order_id: Some(order_id), exec_id: None, transfers: posted }.into(),
        );
        out.emit(Topic::Markets, accepted.into());
    }

    fn refuse(&mut self, e: &OrderRequested, refusal: Refusal, detail: String, out: &mut Outbox) {
        if refusal != Refusal::RateLimit {
            self.used.entry(e.terms.session).or_default().insert(&e.terms.cl_ord_id);
        }
        let limits_version = self.firms.get(&e.terms.firm).map_or(0, super::firm::Firm::limits_version);
        let reference_price = self.references.get(&e.terms.symbol).map(|r| r.price);
        let refused = OrderRefused {
            request: e.request,
            terms: e.terms.clone(),
            refusal,
            detail,
            limits_version,
            reference_price,
        };
        out.emit(Topic::Accounts, refused.into());
    }

    /// What an order of `qty` in all, filled as far as it is, needs held at `unit`.
    pub(crate) fn need(&self, order: &OpenOrder, qty: Qty, unit: UnitHold) -> Amount {
        let leaves = order.leaves_of(qty);
        match unit {
            UnitHold::Asset => leaves.as_amount(),
            UnitHold::Cash(price) => self.need_cash(order, qty, Price::from_units(price).notional(leaves)),
        }
    }

    /// What an order needs held while a replace to `qty` at `unit` is on its way: until it arrives, fills come at the
    /// old terms, and what they leave of the new quantity is filled at the new ones. The dearest mix is at one of the
    /// two ends, since the cost is linear in how much fills before.
    pub(crate) fn need_while_replaced(&self, order: &OpenOrder, qty: Qty, unit: UnitHold) -> Amount {
        let (old, new) = (order.leaves_of(order.terms.qty), order.leaves_of(qty));
        match (order.unit_hold, unit) {
            (UnitHold::Cash(old_price), UnitHold::Cash(new_price)) => {
                let at = |price, qty: Qty| Price::from_units(price).notional(qty).units();
                let beyond = Qty::from_units((new.units() - old.units()).max(0));
                let dearest = at(new_price, new).max(at(old_price, old) + at(new_price, beyond));
                self.need_cash(order, qty.max(order.terms.qty), Amount::from_units(dearest))
            }
            _ => old.max(new).as_amount(),
        }
    }

    /// `rest` still to be paid for an order of `qty`, and the commission still to be charged with it.
    fn need_cash(&self, order: &OpenOrder, qty: Qty, rest: Amount) -> Amount {
        if rest == Amount::ZERO {
            return rest;
        }
        let whole = order.filled.notional.checked_add(rest).unwrap_or(Amount::from_units(i128::MAX / 4));
        let due = self.firms[&order.terms.firm].commission(qty, whole);
        Amount::from_units(rest.units() + (due.units() - order.charged.units()).max(0))
    }

    /// Holds `amount` more for the order; nothing when it is not there.
    pub(crate) fn hold(
        &mut self,
        order_id: OrderId,
        order: &mut OpenOrder,
        amount: Amount,
    ) -> Option<Vec<Transfer>> {
        let (debit, credit) = self.hold_accounts(&order.terms);
        let id = order.next_transfer(order_id);
        let leg = Leg { id, debit, credit, amount, kind: TransferKind::Pending };
        let posted = self.post(&[(leg, TransferReason::OrderHold)]).ok()?;
        order.holds.push(id);
        Some(posted)
    }

    /// The client's account that is held on, and the clearing account opposite.
    pub(crate) fn hold_accounts(
        &mut self,
        terms: &OrderTerms,
    ) -> (assay_ledger::AccountIx, assay_ledger::AccountIx) {
        let asset = self.held_asset(terms).0;
        (self.client(terms.account, asset), self.house("clearing", asset))
    }

    fn held_asset(&self, terms: &OrderTerms) -> (Asset, Amount) {
        let asset = if terms.side.is_buy() {
            self.instruments[&terms.symbol].currency
        } else {
            Asset::new(terms.symbol.as_str()).expect("a symbol is an asset")
        };
        (asset, self.available(&terms.account, &asset))
    }
}

/// Most a market buy may spend.
pub(crate) fn notional_max(terms: &OrderTerms, approved: &Approved) -> Option<Amount> {
    (terms.ord_type == OrdType::Market && terms.side.is_buy()).then(|| approved.price.notional(terms.qty))
}

fn check_types(terms: &OrderTerms) -> Result<(), Refused> {
    let refuse = |refusal, what: &str| Err((refusal, what.to_owned()));
    match terms.ord_type {
        OrdType::Stop | OrdType::StopLimit => {
            return refuse(Refusal::UnsupportedOrdtype, "stop orders are not served");
        }
        OrdType::Limit if terms.price.is_none() => {
            return refuse(Refusal::BadPrice, "a limit order needs Price(44)");
        }
        OrdType::Market if terms.price.is_some() => {
            return refuse(Refusal::PriceNotAllowed, "a market order takes no Price(44)");
        }
        OrdType::Limit | OrdType::Market => {}
    }
    if terms.tif == TimeInForce::Gtd {
        return refuse(Refusal::UnsupportedTif, "good till date is not served");
    }
    match terms.side {
        Side::SellShort | Side::SellShortExempt => refuse(Refusal::ShortLocate, "short sales are not served"),
        Side::Buy | Side::Sell => Ok(()),
    }
}

fn check_collar(terms: &OrderTerms, reference: Price, bp: u32) -> Result<(), Refused> {
    let Some(price) = terms.price else { return Ok(()) };
    let away = i128::from(price.units() - reference.units()).abs() * 10_000;
    if away > i128::from(reference.units()) * i128::from(bp) {
        return Err((Refusal::PriceCollar, format!("{price} is more than {bp} bp from {reference}")));
    }
    Ok(())
}
