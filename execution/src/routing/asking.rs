//! What a venue is asked, when, and how often.

use super::routed_order::{Asked, RoutedOrder, Stage, Wish, cl_ord_id};
use super::{differ, refuse};
use crate::execution::Execution;
use crate::live_order::sum;
use crate::work::Sink;
use assay_trading_types::{
    ExecType, OrdStatus, Qty, Refusal, ReplaceAccepted, Timestamp, VenueAsk, VenueDifference, VenueId,
    VenueRequested, VenueUnsent,
};

impl Execution {
    /// Sends an order that is at no venue, or sees when to try next.
    pub(super) fn send_order(&mut self, order: &mut RoutedOrder, out: &mut Sink<'_>) {
        let Some(venue) = self.reachable(order) else {
            order.due = Some(self.wait_end(order));
            return;
        };
        let (again, terms) = (order.bound, order.venue_terms(&order.terms));
        // Whatever was asked about it before does not speak of this.
        order.status_number += 1;
        (order.stage, order.venue) = (Stage::Sent, Some(venue));
        self.ask(order, venue, order.current, VenueAsk::New { terms, again }, out);
        order.due = Some(self.answer_due(&venue));
    }

    /// Where an order that is at no venue can go now.
    fn reachable(&self, order: &RoutedOrder) -> Option<VenueId> {
        match order.venue.filter(|_| order.bound) {
            Some(venue) => Some(venue).filter(|venue| self.routing.is_up(venue)),
            None => self.routing.first_up(&order.terms.symbol),
        }
    }

    /// When an order that is at no venue is given up.
    fn wait_end(&self, order: &RoutedOrder) -> Timestamp {
        order.accepted.plus_ns(self.routing.wait_ns(&order.terms.symbol))
    }

    fn answer_due(&self, venue: &VenueId) -> Timestamp {
        let wait_ns = self.routing.venues.get(venue).map_or(0, |venue| venue.terms.answer_ns);
        self.routing_now().plus_ns(wait_ns)
    }

    /// When to try again what was tried `tries` times: pauses double up to the longest.
    pub(super) fn retry_due(&self, venue: &VenueId, tries: u32) -> Timestamp {
        let pause_ns = self.routing.venues.get(venue).map_or(0, |venue| {
            let doubled = 1_i64.checked_shl(tries.saturating_sub(1)).filter(|factor| *factor > 0);
            let pause = doubled.and_then(|factor| venue.terms.retry_first_ns.checked_mul(factor));
            pause.unwrap_or(i64::MAX).min(venue.terms.retry_max_ns)
        });
        self.routing_now().plus_ns(pause_ns)
    }

    fn ask(&self, order: &RoutedOrder, venue: VenueId, number: u32, ask: VenueAsk, out: &mut Sink<'_>) {
        let (symbol, side) = (order.terms.symbol, order.terms.side);
        let cl_ord_id = order.cl_ord_id(number);
        out.market(VenueRequested { venue, symbol, order_id: order.id, cl_ord_id, side, ask });
    }

    /// The time of an order has come.
    pub(super) fn pursue(&mut self, order: &mut RoutedOrder, out: &mut Sink<'_>) {
        let Some(venue) = order.venue.filter(|_| order.stage != Stage::Waiting) else {
            return self.pursue_waiting(order, out);
        };
        if !self.routing.is_up(&venue) {
            // The link's return wakes it.
            return;
        }
        if order.doubt.is_some() || order.stage == Stage::Sent || order.asked.is_some() {
            return self.ask_status(order, venue, out);
        }
        self.fulfil(order, out);
    }

    fn pursue_waiting(&mut self, order: &mut RoutedOrder, out: &mut Sink<'_>) {
        if self.reachable(order).is_none() && self.wait_end(order) <= self.routing_now() {
            return self.give_up(order, out);
        }
        self.send_order(order, out);
    }

    /// An order that is at no venue ends.
    pub(super) fn give_up(&mut self, order: &mut RoutedOrder, out: &mut Sink<'_>) {
        let exec = ExecType::Rejected { reason: Refusal::VenueRefused };
        self.end_routed(order, exec, OrdStatus::Rejected, out);
    }

    /// Nobody knows whether the venue has what it was sent: it is asked, and again until it answers.
    fn ask_status(&mut self, order: &mut RoutedOrder, venue: VenueId, out: &mut Sink<'_>) {
        let asked = order.doubt.unwrap_or(0).saturating_add(1);
        order.doubt = Some(asked);
        order.status_number += 1;
        self.ask(order, venue, order.current, VenueAsk::Status { number: order.status_number }, out);
        order.due = Some(self.retry_due(&venue, asked).max(self.answer_due(&venue)));
    }

    /// The driver could not send a request.
    pub(crate) fn unsent(&mut self, unsent: &VenueUnsent, out: &mut Sink<'_>) {
        let Some(mut order) = self.routing.take(unsent.order_id) else { return };
        if order.venue == Some(unsent.venue) {
            self.take_back(&mut order, unsent, out);
        }
        self.routing.put(order);
    }

    /// A question about its status is not answered this way: the link's return repeats it.
    fn take_back(&mut self, order: &mut RoutedOrder, unsent: &VenueUnsent, out: &mut Sink<'_>) {
        if order.stage == Stage::Sent && unsent.cl_ord_id == order.cl_ord_id(order.current) {
            return self.was_not_sent(order, unsent.venue, out);
        }
        let is_it = |asked: &mut Asked| unsent.cl_ord_id == cl_ord_id(unsent.order_id, asked.number);
        if let Some(asked) = order.asked.take_if(is_it) {
            order.wishes.push_front(asked.wish);
            self.fulfil(order, out);
        }
    }

    /// It certainly is at no venue, and may go to the next one unless it was at this one before.
    fn was_not_sent(&mut self, order: &mut RoutedOrder, venue: VenueId, out: &mut Sink<'_>) {
        order.doubt = None;
        if !self.try_later(order, &venue, out) {
            return;
        }
        self.fulfil(order, out);
        if order.over.is_none() && self.reachable(order).is_some() {
            self.send_order(order, out);
        }
    }

    /// A try was in vain: the order waits for the next, if there is one.
    pub(super) fn try_later(&mut self, order: &mut RoutedOrder, venue: &VenueId, out: &mut Sink<'_>) -> bool {
        order.stage = Stage::Waiting;
        order.tries += 1;
        let tries_max = self.routing.venues.get(venue).map_or(0, |venue| venue.terms.tries_max);
        if order.tries >= tries_max {
            self.give_up(order, out);
            return false;
        }
        order.due = Some(self.retry_due(venue, order.tries));
        true
    }

    /// Makes the next change that is wanted, if one can be made now.
    pub(super) fn fulfil(&mut self, order: &mut RoutedOrder, out: &mut Sink<'_>) {
        while order.over.is_none()
            && order.stage == Stage::Waiting
            && let Some(wish) = order.wishes.pop_front()
        {
            self.fulfil_here(order, wish, out);
        }
        let Some(venue) = order.venue.filter(|venue| self.routing.is_up(venue)) else { return };
        if order.over.is_some()
            || order.stage != Stage::Live
            || order.doubt.is_some()
            || order.asked.is_some()
        {
            return;
        }
        let Some(wish) = order.wishes.pop_front() else { return };
        self.ask_change(order, venue, Asked { wish, first: 0, number: 0, tries: 0 }, out);
    }

    /// An order that no venue has is changed on the spot.
    fn fulfil_here(&mut self, order: &mut RoutedOrder, wish: Wish, out: &mut Sink<'_>) {
        match wish {
            Wish::Cancel(cancel) => {
                let exec = canceled(&cancel);
                self.end_routed(order, exec, OrdStatus::Canceled, out);
            }
            Wish::Replace(replace) => self.replaced(order, &replace, out),
        }
    }

    pub(super) fn ask_change(
        &mut self,
        order: &mut RoutedOrder,
        venue: VenueId,
        asked: Asked,
        out: &mut Sink<'_>,
    ) {
        order.newest += 1;
        let number = order.newest;
        let orig_cl_ord_id = order.cl_ord_id(order.current);
        let ask = match &asked.wish {
            Wish::Cancel(_) => VenueAsk::Cancel { orig_cl_ord_id, qty: order.terms.qty },
            Wish::Replace(replace) => {
                VenueAsk::Replace { orig_cl_ord_id, terms: order.venue_terms(&replace.terms) }
            }
        };
        self.ask(order, venue, number, ask, out);
        let first = if asked.tries == 0 { number } else { asked.first };
        order.asked = Some(Asked { first, number, ..asked });
        order.due = Some(self.answer_due(&venue));
    }

    /// The venue has the order and not the change that it was asked for.
    pub(super) fn ask_change_again(&mut self, order: &mut RoutedOrder, venue: VenueId, out: &mut Sink<'_>) {
        let Some(mut asked) = order.asked.take() else { return };
        asked.tries += 1;
        let tries_max = self.routing.venues.get(&venue).map_or(0, |venue| venue.terms.tries_max);
        if asked.tries < tries_max {
            return self.ask_change(order, venue, asked, out);
        }
        refuse(order, &asked.wish, Refusal::VenueRefused, out);
        let detail = format!("{} changes asked for in vain", asked.tries);
        differ(order, venue, VenueDifference::Unanswered, detail, out);
    }

    /// A replace is made.
    pub(super) fn replaced(
        &mut self,
        order: &mut RoutedOrder,
        replace: &ReplaceAccepted,
        out: &mut Sink<'_>,
    ) {
        order.terms = replace.terms.clone();
        order.protection = replace.protection_price;
        let leaves = order.terms.qty.units() - order.filled.cum_qty.units();
        if leaves <= 0 {
            order.terms.qty = order.filled.cum_qty;
            let exec = ExecType::Replaced { request: replace.request, reason: Some(Refusal::QtyReduced) };
            return self.end_routed(order, exec, OrdStatus::Filled, out);
        }
        order.filled.leaves_qty = Qty::from_units(leaves);
        debug_assert_eq!(sum(order.filled.cum_qty, order.filled.leaves_qty), order.terms.qty);
        let exec = ExecType::Replaced { request: replace.request, reason: None };
        let status = order.working_status();
        order.report(exec, status, out);
    }
}

/// The report of a cancel that was wanted.
pub(super) fn canceled(cancel: &assay_trading_types::CancelAccepted) -> ExecType {
    ExecType::Canceled { request: cancel.request, reason: cancel.reason, detail: cancel.detail.clone() }
}
