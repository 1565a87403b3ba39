//! What the market did, in the books: delivery versus payment through clearing, commission, holds adjusted.

use crate::order::{OpenOrder, UnitHold};
use crate::risk::Risk;
use assay_ledger::{AccountIx, Leg};
use assay_trading_types::*;

/// Legs of one posting with their reasons.
type Legs = Vec<(Leg, TransferReason)>;

impl Risk {
    pub(crate) fn executed(&mut self, e: &ExecutionReported, input: &Input<'_>, out: &mut Outbox) {
        let Some(mut order) = self.orders.remove(&e.order_id) else { return };
        let mut legs = Legs::new();
        self.uncount(&order);
        if let ExecType::Trade(fill) = &e.exec {
            self.settle(e.order_id, &mut order, fill, &e.filled, &mut legs);
        }
        order.filled = e.filled;
        order.status = e.status;
        if let ExecType::Replaced { request, .. } = &e.exec {
            self.replaced(e.order_id, &mut order, request);
        }
        order.terms = e.terms.clone();
        let open = matches!(e.status, OrdStatus::New | OrdStatus::PartiallyFilled);
        self.release(e.order_id, &mut order, open, &mut legs);
        let (firm, order_id) = (order.terms.firm, e.order_id);
        if open {
            self.count(&order);
            self.orders.insert(order_id, order);
        } else {
            self.close(order_id, order, e.status);
        }
        if legs.is_empty() {
            return;
        }
        let transfers =
            self.post(&legs).unwrap_or_else(|status| panic!("settlement of {order_id} refused: {status:?}"));
        let exec_id = Some(ExecId::new(input.partition, input.offset));
        out.emit(Topic::Ledger, Posted { firm, order_id: Some(order_id), exec_id, transfers }.into());
    }

    /// The market could not replace: the order lives on with what it had held before.
    pub(crate) fn replace_refused(&mut self, e: &CancelRefused, out: &mut Outbox) {
        let Some(order_id) = e.order_id else { return };
        let waits = |o: &OpenOrder| o.replace.as_ref().is_some_and(|r| r.request == e.request);
        if !self.orders.get(&order_id).is_some_and(waits) {
            return;
        }
        let mut order = self.orders.remove(&order_id).expect("looked up above");
        order.replace = None;
        let mut legs = Legs::new();
        self.release(order_id, &mut order, true, &mut legs);
        let firm = order.terms.firm;
        self.orders.insert(order_id, order);
        if !legs.is_empty() {
            let transfers =
                self.post(&legs).unwrap_or_else(|status| panic!("release of {order_id} refused: {status:?}"));
            let posted = Posted { firm, order_id: Some(order_id), exec_id: None, transfers };
            out.emit(Topic::Ledger, posted.into());
        }
    }

    fn replaced(&mut self, order_id: OrderId, order: &mut OpenOrder, ids: &ChainIds) {
        if let Some(replace) = order.replace.take_if(|r| r.request == ids.request) {
            order.unit_hold = replace.unit_hold;
            if let UnitHold::Cash(price) = replace.unit_hold {
                order.exposure_price = price;
            }
        }
        order.chain.push(ids.cl_ord_id);
        self.ids.insert((order.terms.session, ids.cl_ord_id), order_id);
    }

    /// Both legs and the commission of a fill, drawn from the hold.
    fn settle(
        &mut self,
        order_id: OrderId,
        order: &mut OpenOrder,
        fill: &Fill,
        filled: &Filled,
        legs: &mut Legs,
    ) {
        let currency = self.instruments[&order.terms.symbol].currency;
        let asset = Asset::new(order.terms.symbol.as_str()).expect("a symbol is an asset");
        let cash = (self.client(order.terms.account, currency), self.house("clearing", currency));
        let units = (self.client(order.terms.account, asset), self.house("clearing", asset));
        let notional = fill.price.notional(fill.qty);
        let quantity = fill.qty.as_amount();
        let due = self.firms[&order.terms.firm].commission(filled.cum_qty, filled.notional);
        let mut charge = Amount::from_units((due.units() - order.charged.units()).max(0));
        if order.terms.side.is_buy() {
            self.draw(order_id, order, cash, notional, TransferReason::TradeCash, legs);
            plain(order_id, order, (units.1, units.0), quantity, TransferReason::TradeAsset, legs);
            self.draw_void(order_id, order, cash, charge, legs);
        } else {
            self.draw(order_id, order, units, quantity, TransferReason::TradeAsset, legs);
            plain(order_id, order, (cash.1, cash.0), notional, TransferReason::TradeCash, legs);
            // A sale never costs more than it brings; what is left is charged on later fills.
            charge = charge.min(notional);
        }
        if charge > Amount::ZERO {
            let income = self.house("commission", currency);
            plain(order_id, order, (cash.0, income), charge, TransferReason::Commission, legs);
            order.charged = order.charged.checked_add(charge).expect("commissions fit 128 bits");
        }
        let price = self.references.get(&order.terms.symbol).map(|r| r.price);
        let change = if order.terms.side.is_buy() { quantity.units() } else { -quantity.units() };
        let firm = self.firms.get_mut(&order.terms.firm).expect("an order's firm exists");
        firm.position_changed(order.terms.symbol, change, price);
    }

    /// Gives back what the order no longer needs held: all of it when it is closed.
    fn release(&mut self, order_id: OrderId, order: &mut OpenOrder, open: bool, legs: &mut Legs) {
        let mut need = Amount::ZERO;
        if open {
            need = match &order.replace {
                Some(r) => self.need_while_replaced(order, Qty::from_units(r.qty), r.unit_hold),
                None => self.need(order, order.terms.qty, order.unit_hold),
            };
        }
        let held = self.held(order).units() - drawn(legs).units();
        let surplus = Amount::from_units(held - need.units());
        let accounts = self.hold_accounts(&order.terms);
        self.draw_void(order_id, order, accounts, surplus, legs);
    }

    /// What the ledger holds for the order now.
    pub(crate) fn held(&self, order: &OpenOrder) -> Amount {
        Amount::from_units(order.holds.iter().map(|id| self.ledger.held(*id).units()).sum())
    }

    fn draw(
        &mut self,
        order_id: OrderId,
        order: &mut OpenOrder,
        accounts: (AccountIx, AccountIx),
        amount: Amount,
        reason: TransferReason,
        legs: &mut Legs,
    ) {
        let kind = |pending| TransferKind::Post { pending, release_rest: false };
        self.draw_as(order_id, order, accounts, amount, (kind, reason), legs);
    }

    fn draw_void(
        &mut self,
        order_id: OrderId,
        order: &mut OpenOrder,
        accounts: (AccountIx, AccountIx),
        amount: Amount,
        legs: &mut Legs,
    ) {
        let kind = |pending| TransferKind::Void { pending };
        self.draw_as(order_id, order, accounts, amount, (kind, TransferReason::OrderRelease), legs);
    }

    /// Takes `amount` from the order's holds, the oldest first.
    fn draw_as(
        &mut self,
        order_id: OrderId,
        order: &mut OpenOrder,
        (debit, credit): (AccountIx, AccountIx),
        amount: Amount,
        (kind, reason): (impl Fn(TransferId) -> TransferKind, TransferReason),
        legs: &mut Legs,
    ) {
        let mut rest = amount.units();
        for hold in order.holds.clone() {
            let left = self.ledger.held(hold).units() - drawn_from(legs, hold);
            let part = rest.min(left);
            if part > 0 {
                rest -= part;
                let id = order.next_transfer(order_id);
                legs.push((
                    Leg { id, debit, credit, amount: Amount::from_units(part), kind: kind(hold) },
                    reason,
                ));
            }
        }
        assert!(rest <= 0, "order {order_id} holds {rest} less than it must pay");
        let ledger = &self.ledger;
        order.holds.retain(|hold| ledger.held(*hold).units() > drawn_from(legs, *hold));
    }

    fn count(&mut self, order: &OpenOrder) {
        let notional = Price::from_units(order.exposure_price).notional(order.filled.leaves_qty).units();
        self.firms.get_mut(&order.terms.firm).expect("an order's firm exists").open_notional += notional;
    }

    fn uncount(&mut self, order: &OpenOrder) {
        let notional = Price::from_units(order.exposure_price).notional(order.filled.leaves_qty).units();
        let firm = self.firms.get_mut(&order.terms.firm).expect("an order's firm exists");
        firm.open_notional -= notional;
        assert!(firm.open_notional >= 0, "open orders never count less than nothing");
    }
}

fn plain(
    order_id: OrderId,
    order: &mut OpenOrder,
    (debit, credit): (AccountIx, AccountIx),
    amount: Amount,
    reason: TransferReason,
    legs: &mut Legs,
) {
    if amount > Amount::ZERO {
        let id = order.next_transfer(order_id);
        legs.push((Leg { id, debit, credit, amount, kind: TransferKind::Plain }, reason));
    }
}

/// What the legs so far take from holds.
fn drawn(legs: &Legs) -> Amount {
    let takes = |(leg, _): &(Leg, TransferReason)| match leg.kind {
        TransferKind::Post { .. } | TransferKind::Void { .. } => leg.amount.units(),
        TransferKind::Plain | TransferKind::Pending => 0,
    };
    Amount::from_units(legs.iter().map(takes).sum())
}

/// What the legs so far take from one hold.
fn drawn_from(legs: &Legs, hold: TransferId) -> i128 {
    let takes = |(leg, _): &(Leg, TransferReason)| match leg.kind {
        TransferKind::Post { pending, .. } | TransferKind::Void { pending } if pending == hold => {
            leg.amount.units()
        }
        _ => 0,
    };
    legs.iter().map(takes).sum()
}
