//! Cancel on disconnect: the orders of a lost session are cancelled when its grace is over.
//!
//! The gateway says when a session is lost and when it is back; both stand in the log with their times, so the grace ends
//! for every replay at the same record: the first whose time has reached it, a clock tick at the latest.

use crate::order::OpenOrder;
use crate::risk::Risk;
use crate::work::Room;
use assay_trading_types::*;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Sessions that are lost, and what still has to be cancelled for them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Disconnects {
    waiting: BTreeMap<SessionId, CancelOnDisconnectStarted>,
    /// The earliest end of a grace.
    next: Option<Timestamp>,
    /// Orders to cancel, each with the text of its report; may name orders that closed meanwhile.
    cancels: VecDeque<(OrderId, Arc<str>)>,
}

impl Disconnects {
    fn find_next(&mut self) {
        self.next = self.waiting.values().map(|lost| lost.until).min();
    }
}

impl Risk {
    /// The session is logged on: nothing waits for it any more.
    pub(crate) fn session_is_back(&mut self, e: &CancelOnDisconnectSet) {
        self.disconnects.waiting.remove(&e.session);
        self.disconnects.find_next();
    }

    /// A protected session is lost.
    pub(crate) fn session_is_lost(&mut self, e: &CancelOnDisconnectStarted, at: Timestamp) {
        self.disconnects.waiting.insert(e.session, e.clone());
        self.disconnects.find_next();
        self.end_graces(at);
    }

    /// Notes the orders of sessions whose grace is over at `now`.
    pub(crate) fn end_graces(&mut self, now: Timestamp) {
        while self.disconnects.next.is_some_and(|next| next <= now) {
            let over = self.disconnects.waiting.values().find(|lost| lost.until <= now);
            let session = over.expect("the earliest is one of them").session;
            let lost = self.disconnects.waiting.remove(&session).expect("it was found");
            self.disconnects.find_next();
            let text: Arc<str> = lost.loss.words().into();
            let aimed = self.orders_of_lost(&lost);
            self.disconnects.cancels.extend(aimed.into_iter().map(|id| (id, Arc::clone(&text))));
        }
    }

    fn orders_of_lost(&self, lost: &CancelOnDisconnectStarted) -> Vec<OrderId> {
        let spared = |order: &OpenOrder| {
            lost.keep_gt && matches!(order.terms.tif, TimeInForce::Gtc | TimeInForce::Gtd)
        };
        let mut ids = self.orders_of(&lost.session, &lost.firm, &lost.filter);
        ids.retain(|id| self.orders.known(id).is_some_and(|order| !spared(order)));
        ids
    }

    /// Sends cancels for orders of lost sessions that are still open.
    pub(crate) fn cancel_for_lost(&mut self, room: &mut Room, out: &mut Outbox) {
        while room.is_left()
            && let Some((order_id, text)) = self.disconnects.cancels.pop_front()
        {
            room.take();
            self.cancel_unasked(order_id, Refusal::Cod, text, out);
        }
    }
}
