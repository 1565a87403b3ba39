//! Replaces by the counterparty.

use crate::entry::Entry;
use crate::execution::Execution;
use crate::live_order::{LiveOrder, is_stop, trades_as};
use crate::market::book_side;
use crate::resting_order::Place;
use crate::work::Sink;
use assay_trading_types::{
    CancelRefused, Conditions, ExecType, OrdStatus, OrdType, OrderTerms, Qty, Refusal, ReplaceAccepted,
    ResponseTo, TimeInForce,
};

/// What a replace comes to.
enum Change {
    /// The new quantity is executed already: the order ends filled (M-13).
    Finish,
    /// At its price, not larger: it keeps its place.
    Stay { lots: i64 },
    /// It leaves its place, may trade, and queues behind the others.
    Requeue(Entry),
}

impl Execution {
    pub(crate) fn replace(&mut self, replace: &ReplaceAccepted, out: &mut Sink<'_>) {
        if self.routing.has(replace.order_id) {
            return self.replace_routed(replace, out);
        }
        let Some(slot) = self.live(replace.order_id, out) else {
            let late = self.late(replace.order_id, replace.terms.firm, ResponseTo::Replace, &replace.request);
            return out.account(CancelRefused { account: Some(replace.terms.account), ..late });
        };
        let market = self.orders.get(slot).market;
        let old = self.orders.open(slot, &self.markets[market as usize]);
        let change = match self.judge(slot, &old, replace) {
            Ok(change) => change,
            Err(refusal) => return refuse(&old, replace, refusal, out),
        };
        // Decided; nothing below fails.
        let order = self.adopt(old, replace);
        match change {
            Change::Finish => self.finish(slot, order, replace, out),
            Change::Stay { lots } => self.stay(slot, order, lots, replace, out),
            Change::Requeue(entry) => {
                self.lift(slot);
                let status = order.working_status();
                order.report(replaced(replace, None), status, out);
                self.enter(order, entry, out);
            }
        }
    }

    fn judge(&self, slot: u32, old: &LiveOrder, replace: &ReplaceAccepted) -> Result<Change, Refusal> {
        let terms = &replace.terms;
        check_what_may_change(old, terms)?;
        if terms.qty <= old.filled.cum_qty {
            return Ok(Change::Finish);
        }
        let leaves = terms.qty.checked_sub(old.filled.cum_qty).ok_or(Refusal::QtyMax)?;
        let entry = self.admit(old.market, terms, leaves)?;
        Ok(if self.may_stay(slot, old, terms, &entry) {
            Change::Stay { lots: entry.lots }
        } else {
            Change::Requeue(entry)
        })
    }

    /// Only less at the same price keeps its place; how long an order lasts does not matter to the others.
    fn may_stay(&self, slot: u32, old: &LiveOrder, terms: &OrderTerms, entry: &Entry) -> bool {
        let in_book = |ticks: i64| {
            let market = &self.markets[old.market as usize];
            self.orders.get(slot).place == Place::Book
                && market.book.get(&self.orders.nodes, slot).ticks == ticks
        };
        let shape = |conditions: Option<&Conditions>| {
            conditions.map_or((None, false, false), |c| (c.max_floor, c.post_only, c.all_or_none))
        };
        entry.ticks.is_some_and(in_book)
            && entry.lots <= self.orders.lots(slot)
            && shape(old.conditions()) == shape(terms.conditions.as_deref())
            && (old.terms.tif == terms.tif || lasts(old.terms.tif) && lasts(terms.tif))
    }

    fn finish(&mut self, slot: u32, mut order: LiveOrder, replace: &ReplaceAccepted, out: &mut Sink<'_>) {
        self.lift(slot);
        self.closed.note(order.id, OrdStatus::Filled);
        order.terms.qty = order.filled.cum_qty;
        order.end(replaced(replace, Some(Refusal::QtyReduced)), OrdStatus::Filled, out);
    }

    /// Changes the order where it is: its node keeps its place in the queue, what belongs to it is packed anew.
    fn stay(
        &mut self,
        slot: u32,
        order: LiveOrder,
        lots: i64,
        replace: &ReplaceAccepted,
        out: &mut Sink<'_>,
    ) {
        let less = self.orders.lots(slot) - lots;
        if less > 0 {
            self.lower_resting(slot, less);
            self.touch(order.market);
        }
        self.forget_end(slot);
        self.orders.repack(slot, &order);
        self.note_end(slot);
        let status = order.working_status();
        order.report_last(replaced(replace, None), status, out);
    }

    /// The order with its new terms.
    fn adopt(&self, mut order: LiveOrder, replace: &ReplaceAccepted) -> LiveOrder {
        order.terms = replace.terms.clone();
        order.notional_max = replace.notional_max;
        order.protection = replace.protection_price;
        order.day = order.day.max(self.day_of(order.market));
        let leaves = order.terms.qty.checked_sub(order.filled.cum_qty);
        order.filled.leaves_qty = leaves.unwrap_or(Qty::ZERO);
        order
    }
}

/// Side and symbol stay; a triggered stop may become what it trades as; an order does not become a stop, nor one that may
/// not rest.
fn check_what_may_change(old: &LiveOrder, terms: &OrderTerms) -> Result<(), Refusal> {
    if terms.symbol != old.terms.symbol || book_side(terms.side) != book_side(old.terms.side) {
        return Err(Refusal::TermsMismatch);
    }
    let may_change_type = match (old.terms.ord_type, terms.ord_type) {
        (old_type, new_type) if old_type == new_type => true,
        (OrdType::Market | OrdType::Limit, OrdType::Market | OrdType::Limit) => true,
        (old_type, new_type) => old.triggered && !is_stop(new_type) && trades_as(old_type) == new_type,
    };
    if !may_change_type {
        return Err(Refusal::TermsMismatch);
    }
    let ends_at_once = matches!(terms.tif, TimeInForce::Ioc | TimeInForce::Fok);
    if ends_at_once && terms.tif != old.terms.tif {
        return Err(Refusal::NotAmendable);
    }
    Ok(())
}

fn lasts(tif: TimeInForce) -> bool {
    matches!(tif, TimeInForce::Day | TimeInForce::Gtc | TimeInForce::Gtd)
}

fn replaced(replace: &ReplaceAccepted, reason: Option<Refusal>) -> ExecType {
    ExecType::Replaced { request: replace.request, reason }
}

fn refuse(order: &LiveOrder, replace: &ReplaceAccepted, refusal: Refusal, out: &mut Sink<'_>) {
    out.account(CancelRefused {
        request: replace.request.request,
        firm: order.terms.firm,
        response_to: ResponseTo::Replace,
        cl_ord_id: replace.request.cl_ord_id,
        orig_cl_ord_id: replace.request.orig_cl_ord_id,
        order_id: Some(order.id),
        account: Some(order.terms.account),
        status: order.working_status(),
        refusal,
        detail: "the market does not take the new terms".to_owned(),
    });
}
