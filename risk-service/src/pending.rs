//! What is on its way to the market: reports of pending states for sessions that wish them, and replaces that wait for one
//! before them.
//!
//! Risk writes these reports because it alone knows a request before the market does; what they say of the order is what
//! was reported last.

use crate::limits::Measurements;
use crate::order::OpenOrder;
use crate::orders::Slot;
use crate::risk::Risk;
use crate::stage::Refused;
use assay_trading_types::*;
use std::collections::VecDeque;

/// Replaces of one order that wait for the one before them: more than a program has on its way in a round trip. Beyond, a G
/// is refused with `PENDING`.
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
    pub(crate) fn follow(
        &mut self,
        slot: Slot,
        mut chained: VecDeque<ReplaceRequested>,
        at: Timestamp,
        out: &mut Outbox,
    ) {
        let Some(e) = chained.pop_front() else { return };
        let session = self.orders[slot].session;
        let mut measured = Measurements::new();
        let decided = self
            .decide_replace(slot, &e, session, at, &mut measured)
            .and_then(|decided| self.hold_for_replace(decided, &measured, &e, None, out));
        match decided {
            Ok(approved) => {
                let pending = self.orders[slot].replace.as_mut().expect("it is pending now");
                pending.chained = chained;
                self.warn(&approved, &measured, out);
            }
            Err(refused) => {
                self.refuse_chained(slot, &e, refused, out);
                self.break_chain(slot, chained, out);
            }
        }
    }

    /// What these waited for came to nothing, and so do they.
    pub(crate) fn break_chain(&mut self, slot: Slot, chained: VecDeque<ReplaceRequested>, out: &mut Outbox) {
        for e in chained {
            let refused = match self.orders[slot].is_open() {
                true => (Refusal::NotCurrent, format!("{} came to nothing", e.orig_cl_ord_id)),
                false => (Refusal::TooLate, "the order is closed".to_owned()),
            };
            self.refuse_chained(slot, &e, refused, out);
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
