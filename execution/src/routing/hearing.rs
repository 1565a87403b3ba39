//! What a venue says about orders, one message at a time.

use super::asking::canceled;
use super::routed_order::{RoutedOrder, Stage, Wish, parse_cl_ord_id};
use super::status::is_unknown;
use super::{differ, refuse};
use crate::execution::Execution;
use crate::work::Sink;
use assay_trading_types::{
    ExecType, OrdStatus, OrderId, Refusal, TimeInForce, VenueDiffered, VenueDifference, VenueHeard, VenueId,
    VenueMessage, VenueReport,
};

/// CxlRejReason(102) and OrdRejReason(103).
const TOO_LATE: u32 = 0;
const UNKNOWN_ORDER: u32 = 1;
const DUPLICATE: u32 = 6;

impl Execution {
    /// A venue's message; what it is about an order that we do not know there is told and not booked.
    pub(crate) fn hear(&mut self, heard: &VenueHeard, out: &mut Sink<'_>) {
        let venue = heard.venue;
        match &heard.message {
            VenueMessage::Report(report) => self.hear_report(heard, report, out),
            VenueMessage::CancelRejected { cl_ord_id, reason, .. } => {
                self.with_order(heard, cl_ord_id, out, |this, order, number, out| {
                    this.change_refused(order, number, *reason, out);
                });
            }
            VenueMessage::Refused { msg_type, cl_ord_id, text } => {
                let text = text.as_deref().unwrap_or_default();
                self.with_order(heard, cl_ord_id, out, |this, order, number, out| {
                    this.message_refused(order, venue, (number, msg_type, text), out);
                });
            }
            VenueMessage::Unreadable { why } => {
                stranger(heard, None, VenueDifference::Unreadable, why.clone(), out);
            }
        }
    }

    fn hear_report(&mut self, heard: &VenueHeard, report: &VenueReport, out: &mut Sink<'_>) {
        let named = [Some(&report.cl_ord_id), report.orig_cl_ord_id.as_ref()].into_iter().flatten();
        let id = named.filter_map(|id| parse_cl_ord_id(id)).map(|(id, _)| id).next();
        let is_there = |order: &RoutedOrder| order.venue == Some(heard.venue);
        let open = id.filter(|id| self.routing.open.contains_key(id));
        if open.is_some_and(|id| self.routing.open.get(&id).is_some_and(is_there)) {
            let Some(order) = open.and_then(|id| self.routing.take(id)) else { return };
            return self.hear_in_turn(order, heard.venue, report, out);
        }
        // It was asked, and the order has gone elsewhere or ended since.
        if report.exec_type == 'I' && is_unknown(report) {
            return;
        }
        if open.is_some() {
            let detail = format!("{} is not there: {}", report.cl_ord_id, report.exec_id);
            return stranger(heard, id, VenueDifference::UnknownOrder, detail, out);
        }
        if !id.is_some_and(|id| self.hear_of_ended(heard.venue, id, report, out)) {
            let detail = format!("{} of {}", report.exec_id, report.cl_ord_id);
            stranger(heard, id, VenueDifference::UnknownOrder, detail, out);
        }
    }

    /// Gives `then` the open order of a ClOrdID at its venue; of what ended, nothing more is to be said.
    fn with_order(
        &mut self,
        heard: &VenueHeard,
        cl_ord_id: &str,
        out: &mut Sink<'_>,
        then: impl FnOnce(&mut Self, &mut RoutedOrder, u32, &mut Sink<'_>),
    ) {
        let named = parse_cl_ord_id(cl_ord_id);
        let Some((id, number)) = named.filter(|(id, _)| self.routing.has(*id)) else {
            let known =
                named.is_some_and(|(id, _)| self.routing.ended.iter().rev().any(|ended| ended.id == id));
            if !known {
                let detail = format!("a refusal of {cl_ord_id}");
                stranger(heard, None, VenueDifference::UnknownOrder, detail, out);
            }
            return;
        };
        let Some(mut order) = self.routing.take(id) else { return };
        if order.venue == Some(heard.venue) {
            then(self, &mut order, number, out);
        }
        self.routing.put(order);
    }

    pub(super) fn report_heard(
        &mut self,
        order: &mut RoutedOrder,
        venue: VenueId,
        report: &VenueReport,
        out: &mut Sink<'_>,
    ) {
        match report.exec_type {
            '0' => {
                self.acknowledge(order, out);
                self.fulfil(order, out);
            }
            'F' | '1' | '2' => self.filled(order, venue, report, out),
            'G' | 'H' => self.fill_changed(order, venue, report, out),
            '8' => self.rejected(order, venue, report, out),
            '4' | 'C' => self.ended_there(order, venue, report, out),
            '5' => self.replaced_there(order, venue, report, out),
            '3' => self.done_for_day(order, out),
            'I' => self.status_heard(order, venue, report, out),
            'D' => {
                let detail = format!("restated: {}", report.text.as_deref().unwrap_or_default());
                differ(order, venue, VenueDifference::UnaskedChange, detail, out);
                self.doubt_now(order);
            }
            // Pending states, and what says nothing about the order.
            _ => {}
        }
    }

    /// The venue has it. Its first sign is reported to the client as New.
    pub(super) fn acknowledge(&mut self, order: &mut RoutedOrder, out: &mut Sink<'_>) {
        if order.stage != Stage::Live {
            order.stage = Stage::Live;
            order.due = order.doubt.and(order.due);
        }
        if !std::mem::replace(&mut order.announced, true) {
            order.report(ExecType::New, order.working_status(), out);
        }
    }

    /// Its state there is to be asked for at once.
    pub(super) fn doubt_now(&mut self, order: &mut RoutedOrder) {
        order.doubt.get_or_insert(0);
        order.due = Some(self.routing_now());
    }

    fn rejected(
        &mut self,
        order: &mut RoutedOrder,
        venue: VenueId,
        report: &VenueReport,
        out: &mut Sink<'_>,
    ) {
        // A duplicate is there already; one that it took before is not refused afterwards.
        if report.reason == Some(DUPLICATE) || order.stage == Stage::Live {
            if order.stage == Stage::Live && report.reason != Some(DUPLICATE) {
                let detail =
                    format!("refused after it was taken: {}", report.text.as_deref().unwrap_or_default());
                differ(order, venue, VenueDifference::UnaskedChange, detail, out);
            }
            return self.doubt_now(order);
        }
        self.give_up(order, out);
    }

    /// Cancelled or expired there, if it counts as filled what it told us; else it has told us too little.
    pub(super) fn ended_there(
        &mut self,
        order: &mut RoutedOrder,
        venue: VenueId,
        report: &VenueReport,
        out: &mut Sink<'_>,
    ) {
        if !self.agrees(order, venue, report, out) {
            return;
        }
        self.acknowledge(order, out);
        let is_expired = report.exec_type == 'C' || report.ord_status == 'C';
        if is_expired {
            return self.end_routed(order, ExecType::Expired, OrdStatus::Expired, out);
        }
        let wanted = order.asked.take_if(|asked| matches!(asked.wish, Wish::Cancel(_)));
        let exec = match wanted.map(|asked| asked.wish) {
            Some(Wish::Cancel(cancel)) => canceled(&cancel),
            _ => unasked(order, report),
        };
        self.end_routed(order, exec, OrdStatus::Canceled, out);
    }

    fn replaced_there(
        &mut self,
        order: &mut RoutedOrder,
        venue: VenueId,
        report: &VenueReport,
        out: &mut Sink<'_>,
    ) {
        let number = parse_cl_ord_id(&report.cl_ord_id).map(|(_, number)| number);
        if number.is_some_and(|number| number <= order.current) {
            // Said before.
            return;
        }
        let Some(number) = number.filter(|number| order.is_replace_asked_as(*number)) else {
            let detail = format!("replaced as {}", report.cl_ord_id);
            differ(order, venue, VenueDifference::UnaskedChange, detail, out);
            return self.doubt_now(order);
        };
        self.acknowledge(order, out);
        self.adopt_replace(order, number, out);
        self.fulfil(order, out);
    }

    /// The replace that was asked for is made, under one of the numbers that it was asked for.
    pub(super) fn adopt_replace(&mut self, order: &mut RoutedOrder, number: u32, out: &mut Sink<'_>) {
        let Some(asked) = order.asked.take() else { return };
        order.current = number;
        order.due = order.doubt.and(order.due);
        if let Wish::Replace(replace) = &asked.wish {
            self.replaced(order, replace, out);
        }
    }

    fn done_for_day(&mut self, order: &mut RoutedOrder, out: &mut Sink<'_>) {
        self.acknowledge(order, out);
        if !std::mem::replace(&mut order.done_for_day, true) {
            order.report(ExecType::DoneForDay, OrdStatus::DoneForDay, out);
        }
    }

    fn change_refused(
        &mut self,
        order: &mut RoutedOrder,
        number: u32,
        reason: Option<u32>,
        out: &mut Sink<'_>,
    ) {
        let Some(asked) = order.asked.take_if(|asked| asked.number == number) else { return };
        let refusal = match reason {
            Some(TOO_LATE) => Refusal::TooLate,
            Some(UNKNOWN_ORDER) => Refusal::UnknownOrder,
            _ => Refusal::VenueRefused,
        };
        order.due = order.doubt.and(order.due);
        refuse(order, &asked.wish, refusal, out);
        // It may be over there.
        if matches!(refusal, Refusal::TooLate | Refusal::UnknownOrder) {
            return self.doubt_now(order);
        }
        self.fulfil(order, out);
    }

    /// A message of ours was no good, which is a fault of ours or of the venue's; the order or change does not live.
    fn message_refused(
        &mut self,
        order: &mut RoutedOrder,
        venue: VenueId,
        (number, msg_type, text): (u32, &str, &str),
        out: &mut Sink<'_>,
    ) {
        match msg_type {
            "D" if order.stage == Stage::Sent => self.give_up(order, out),
            "F" | "G" => self.change_refused(order, number, None, out),
            "H" => differ(order, venue, VenueDifference::StatusRefused, text.to_owned(), out),
            _ => {}
        }
    }
}

/// Why an order ends that nobody wanted to cancel.
fn unasked(order: &RoutedOrder, report: &VenueReport) -> ExecType {
    let reason = match order.venue_terms(&order.terms).tif {
        TimeInForce::Ioc if order.terms.tif != TimeInForce::Ioc => Refusal::NoLiquidity,
        TimeInForce::Ioc => Refusal::IocRemainder,
        TimeInForce::Fok => Refusal::FokUnfilled,
        _ => Refusal::VenueRefused,
    };
    let detail = report.text.as_deref().filter(|_| reason == Refusal::VenueRefused).map(Into::into);
    ExecType::Canceled { request: None, reason: Some(reason), detail }
}

/// Tells of a message that is about no order of ours.
pub(super) fn stranger(
    heard: &VenueHeard,
    order_id: Option<OrderId>,
    difference: VenueDifference,
    detail: String,
    out: &mut Sink<'_>,
) {
    let VenueHeard { venue, symbol, .. } = *heard;
    out.account(VenueDiffered { venue, difference, symbol, order_id, detail });
}
