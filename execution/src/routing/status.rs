//! What a venue answers to a question about an order, and whether its count of what is filled agrees with what it told us.

use super::differ;
use super::routed_order::{RoutedOrder, Stage, Wish, parse_cl_ord_id};
use crate::execution::Execution;
use crate::work::Sink;
use assay_trading_types::{OrdStatus, Qty, VenueDifference, VenueId, VenueReport};

impl Execution {
    pub(super) fn status_heard(
        &mut self,
        order: &mut RoutedOrder,
        venue: VenueId,
        report: &VenueReport,
        out: &mut Sink<'_>,
    ) {
        if report.status_number.is_some_and(|number| number != order.status_number) {
            return;
        }
        if is_unknown(report) {
            return self.not_there(order, venue, out);
        }
        if report.ord_status == '8' {
            return self.refused_there(order, venue, out);
        }
        if !self.agrees(order, venue, report, out) {
            return;
        }
        self.acknowledge(order, out);
        match report.ord_status {
            '4' | 'C' => self.ended_there(order, venue, report, out),
            '2' if replaced_as(order, report).is_some() => self.settle_doubt(order, venue, report, out),
            '2' => {
                let detail = format!("filled there, {} left here", order.filled.leaves_qty);
                differ(order, venue, VenueDifference::UnaskedChange, detail, out);
                self.ask_later(order, venue);
            }
            // A change is under way there: it is asked again.
            '6' | 'E' | 'A' => self.ask_later(order, venue),
            _ => self.settle_doubt(order, venue, report, out),
        }
    }

    /// It works there, and what was asked of it is either made or never arrived.
    fn settle_doubt(
        &mut self,
        order: &mut RoutedOrder,
        venue: VenueId,
        report: &VenueReport,
        out: &mut Sink<'_>,
    ) {
        (order.doubt, order.due, order.differs) = (None, None, None);
        if let Some(number) = replaced_as(order, report) {
            self.adopt_replace(order, number, out);
        } else if order.asked.is_some() {
            self.ask_change_again(order, venue, out);
        }
        self.fulfil(order, out);
    }

    /// The venue does not know it. If it never said otherwise, it was never there and may be sent again.
    fn not_there(&mut self, order: &mut RoutedOrder, venue: VenueId, out: &mut Sink<'_>) {
        match order.stage {
            Stage::Waiting => {}
            Stage::Sent => {
                (order.doubt, order.bound) = (None, true);
                if self.try_later(order, &venue, out) {
                    self.fulfil(order, out);
                }
            }
            Stage::Live => {
                differ(order, venue, VenueDifference::Vanished, "it took it before".to_owned(), out);
                self.ask_later(order, venue);
            }
        }
    }

    fn refused_there(&mut self, order: &mut RoutedOrder, venue: VenueId, out: &mut Sink<'_>) {
        if order.stage == Stage::Live {
            differ(
                order,
                venue,
                VenueDifference::UnaskedChange,
                "refused after it was taken".to_owned(),
                out,
            );
            return self.ask_later(order, venue);
        }
        self.give_up(order, out);
    }

    /// Asks again after a pause that doubles.
    fn ask_later(&mut self, order: &mut RoutedOrder, venue: VenueId) {
        let asked = *order.doubt.get_or_insert(0);
        order.due = Some(self.retry_due(&venue, asked.max(1)));
    }

    /// Whether the venue counts as filled what it told us. While it does not, nothing about the order is decided: fills that
    /// are missing may be under way.
    pub(super) fn agrees(
        &mut self,
        order: &mut RoutedOrder,
        venue: VenueId,
        report: &VenueReport,
        out: &mut Sink<'_>,
    ) -> bool {
        let Some(counted) = report.cum_qty.map(|qty| qty.units()) else { return true };
        let told = order.told_units();
        if counted == told {
            return true;
        }
        let difference =
            if counted > told { VenueDifference::MissingFills } else { VenueDifference::SurplusFills };
        let told = Qty::from_units(told);
        let detail = format!("{} filled there, {told} by what it told", Qty::from_units(counted));
        if order.stage == Stage::Sent {
            self.acknowledge(order, out);
        }
        differ(order, venue, difference, detail, out);
        self.ask_later(order, venue);
        false
    }
}

/// The number under which the replace that is asked for is in force, if it is.
fn replaced_as(order: &RoutedOrder, report: &VenueReport) -> Option<u32> {
    let asked = order.asked.as_ref()?;
    let Wish::Replace(replace) = &asked.wish else { return None };
    let named = parse_cl_ord_id(&report.cl_ord_id).map(|(_, number)| number);
    if let Some(number) = named.filter(|number| order.is_replace_asked_as(*number)) {
        return Some(number);
    }
    let (old, new) = (&order.terms, &replace.terms);
    let differs = (old.qty, old.price) != (new.qty, new.price);
    let has_terms = report.qty == Some(new.qty) && (new.price.is_none() || report.price == new.price);
    // Once it was made under one number, it is refused under the next.
    (differs && has_terms).then_some(asked.first)
}

/// OrderID(37) of an order that there is not, or OrdRejReason(103) 5.
pub(super) fn is_unknown(report: &VenueReport) -> bool {
    const UNKNOWN_ORDER: u32 = 5;
    let no_id = matches!(report.venue_order_id.as_str(), "" | "0" | "NONE" | "UNKNOWN");
    report.ord_status as u8 == OrdStatus::Rejected.fix() && (no_id || report.reason == Some(UNKNOWN_ORDER))
}
