//! What is on its way to the market: reports of pending states for sessions that wish them, and replaces that wait for one
//! before them.
//!
//! Risk writes these reports because it alone knows a request before the market does; what they say of the order is what
//! was reported last.

use crate::limits::Measurements;
use crate::order::{OpenOrder, Waiting};
use crate::orders::Slot;
use crate::risk::Risk;
use crate::stage::Refused;
use assay_trading_types::*;

/// Replaces of one order that wait for the one before them, and cancels that wait for one of them: more than a program has
/// on its way in a round trip. Beyond, a G or F is refused with `PENDING`.
const CHAINED_MAX: usize = 16;

/// An order is asked about, and the session wishes to know that.
pub(crate) fn tell(order: &OpenOrder, exec: ExecType, out: &mut Outbox) {
    let status = match exec {
        ExecType::PendingNew => OrdStatus::PendingNew,
        _ => order.shown_status(),
    };
    let (terms, filled, working) = (order.terms.clone(), order.filled, order.working);
    let reported = ExecutionReported { order_id: order.order_id, exec, terms, filled, status, working };
    out.emit(Topic::Accounts, reported.into());
}

impl Risk {
    /// Lets a G wait for the one that it follows, if it may.
    ///
    /// # Errors
    /// Another replace is pending, and it does not follow that one or must not wait.
    pub(crate) fn chain(
        &mut self,
        slot: Slot,
        e: &ReplaceRequested,
        out: &mut Outbox,
    ) -> Result<(), Refused> {
        let order = &mut self.orders[slot];
        let Some(pending) = &mut order.replace else { return Ok(()) };
        let follows = e.may_chain && e.orig_cl_ord_id == *pending.newest_id();
        if !follows || pending.chained.len() >= CHAINED_MAX {
            return Err((Refusal::Pending, "another replace is pending".to_owned()));
        }
        // Decided: nothing below refuses.
        pending.chained.push_back(e.clone());
        let (session, cl_ord_id) = (order.session, e.terms.cl_ord_id);
        if e.tell_pending {
            tell(&self.orders[slot], ExecType::PendingReplace { request: chain_ids(e) }, out);
        }
        self.orders.name(session, cl_ord_id, slot);
        self.use_up(session, &cl_ord_id);
        Ok(())
    }

    /// The replace that these waited for has come about: the first is decided, the rest wait for it.
    pub(crate) fn follow(&mut self, slot: Slot, mut waiting: Waiting, at: Timestamp, out: &mut Outbox) {
        let Some(e) = waiting.chained.pop_front() else { return };
        let cancels = waiting.cancels_of(&e);
        let session = self.orders[slot].session;
        let mut measured = Measurements::new();
        let decided = self
            .decide_replace(slot, &e, session, at, &mut measured)
            .and_then(|decided| self.hold_for_replace(decided, &measured, &e, None, out));
        match decided {
            Ok(approved) => {
                let pending = self.orders[slot].replace.as_mut().expect("it is pending now");
                (pending.chained, pending.cancels) = (waiting.chained, waiting.cancels);
                self.warn(&approved, &measured, out);
                self.end_waiting(slot, cancels, out);
            }
            Err(refused) => {
                self.refuse_chained(slot, &e, refused, out);
                self.end_waiting(slot, cancels, out);
                self.break_chain(slot, waiting, out);
            }
        }
    }

    /// Whether an F waits for the replace that it names, which itself waits.
    ///
    /// # Errors
    /// Too many wait.
    pub(crate) fn cancel_waits(&self, slot: Slot, e: &CancelRequested) -> Result<bool, Refused> {
        let replace = self.orders[slot].replace.as_deref().filter(|_| e.waits);
        let Some(replace) = replace.filter(|replace| replace.is_chained(&e.orig_cl_ord_id)) else {
            return Ok(false);
        };
        match replace.cancels.len() < CHAINED_MAX {
            true => Ok(true),
            false => Err((Refusal::Pending, "too many cancels wait for replaces".to_owned())),
        }
    }

    /// Keeps an F until the replace that it names is decided.
    pub(crate) fn wait_to_cancel(&mut self, slot: Slot, e: &CancelRequested) {
        let replace = self.orders[slot].replace.as_mut().expect("it names one that waits");
        replace.cancels.push(e.clone());
    }

    /// Hands an F to the market, behind what was handed to it before.
    pub(crate) fn pass_cancel(&self, slot: Slot, e: &CancelRequested, out: &mut Outbox) {
        let OpenOrder { order_id, ref terms, .. } = self.orders[slot];
        let request =
            ChainIds { request: e.request, cl_ord_id: e.cl_ord_id, orig_cl_ord_id: e.orig_cl_ord_id };
        let (symbol, firm, request) = (terms.symbol, e.firm, Some(request));
        let accepted = CancelAccepted { order_id, symbol, firm, request, reason: None, detail: None };
        out.emit(Topic::Markets, accepted.into());
    }

    /// The replace that these name is decided. They mean the order, so whatever became of it they cancel what is open, as
    /// they do behind a replace that the market refuses.
    fn end_waiting(&self, slot: Slot, cancels: Vec<CancelRequested>, out: &mut Outbox) {
        let order = &self.orders[slot];
        for e in cancels {
            if order.is_open() {
                self.pass_cancel(slot, &e, out);
                continue;
            }
            let refused = CancelRefused {
                request: e.request,
                firm: e.firm,
                response_to: ResponseTo::Cancel,
                cl_ord_id: e.cl_ord_id,
                orig_cl_ord_id: e.orig_cl_ord_id,
                order_id: Some(order.order_id),
                account: Some(order.terms.account),
                status: order.shown_status(),
                refusal: Refusal::TooLate,
                detail: "the order is closed".to_owned(),
            };
            out.emit(Topic::Accounts, refused.into());
        }
    }

    /// What these waited for came to nothing, and so do they.
    pub(crate) fn break_chain(&mut self, slot: Slot, mut waiting: Waiting, out: &mut Outbox) {
        for e in std::mem::take(&mut waiting.chained) {
            let refused = match self.orders[slot].is_open() {
                true => (Refusal::NotCurrent, format!("{} came to nothing", e.orig_cl_ord_id)),
                false => (Refusal::TooLate, "the order is closed".to_owned()),
            };
            self.refuse_chained(slot, &e, refused, out);
            self.end_waiting(slot, waiting.cancels_of(&e), out);
        }
    }

    fn refuse_chained(
        &mut self,
        slot: Slot,
        e: &ReplaceRequested,
        (refusal, detail): Refused,
        out: &mut Outbox,
    ) {
        let order = &self.orders[slot];
        let refused = CancelRefused {
            request: e.request,
            firm: order.terms.firm,
            response_to: ResponseTo::Replace,
            cl_ord_id: e.terms.cl_ord_id,
            orig_cl_ord_id: e.orig_cl_ord_id,
            order_id: Some(order.order_id),
            account: Some(order.terms.account),
            status: order.shown_status(),
            refusal,
            detail,
        };
        self.orders.unname(self.orders[slot].session, e.terms.cl_ord_id, slot);
        out.emit(Topic::Accounts, refused.into());
    }

    /// The market could not cancel: the order lives on, or is closed already.
    pub(crate) fn cancel_refused(&mut self, e: &CancelRefused) {
        let Some(slot) = e.order_id.and_then(|order_id| self.orders.slot(&order_id)) else { return };
        self.orders[slot].cancelling.retain(|request| *request != e.request);
    }
}

/// Ids of a G.
pub(crate) fn chain_ids(e: &ReplaceRequested) -> ChainIds {
    ChainIds { request: e.request, cl_ord_id: e.terms.cl_ord_id, orig_cl_ord_id: e.orig_cl_ord_id }
}
