//! All orders that risk knows: open ones, a window of closed ones, and the ids that name them.

use crate::order::OpenOrder;
use assay_trading_types::{ClOrdId, OrderId, OrderState, SessionId};
use rustc_hash::FxHashMap;
use std::collections::VecDeque;

/// Closed orders remembered for TOO_LATE and status answers; older ones are unknown. About 40 MB.
const CLOSED_ORDERS_MAX: usize = 65_536;

/// Orders by OrderID and by the ids counterparties gave them.
#[derive(Debug, Default)]
pub(crate) struct Orders {
    pub(crate) open: FxHashMap<OrderId, OpenOrder>,
    closed: FxHashMap<OrderId, ClosedOrder>,
    closed_oldest_first: VecDeque<OrderId>,
    ids: FxHashMap<(SessionId, ClOrdId), OrderId>,
}

/// How an order ended, and the older ids that still name it.
pub(crate) type ClosedOrder = (OrderState, Vec<ClOrdId>);

impl Orders {
    pub(crate) fn open(&mut self, order_id: OrderId, order: OpenOrder) {
        self.name(order.terms.session, order.terms.cl_ord_id, order_id);
        self.open.insert(order_id, order);
    }

    /// The order that `id` of `session` names, open or closed lately.
    pub(crate) fn find(&self, session: &SessionId, id: &ClOrdId) -> Option<OrderId> {
        self.ids.get(&(*session, *id)).copied()
    }

    /// Whether the id is one of an order that may still trade.
    pub(crate) fn is_of_open_chain(&self, session: &SessionId, id: &ClOrdId) -> bool {
        self.find(session, id).is_some_and(|order_id| self.open.contains_key(&order_id))
    }

    /// From now on the id names this order, whatever it named on an earlier day.
    pub(crate) fn name(&mut self, session: SessionId, id: ClOrdId, order_id: OrderId) {
        self.ids.insert((session, id), order_id);
    }

    /// The id of a replace that came to nothing names the order no longer.
    pub(crate) fn unname(&mut self, session: SessionId, id: ClOrdId, order_id: OrderId) {
        // The same id may name an order of a later day.
        if self.ids.get(&(session, id)) == Some(&order_id) {
            self.ids.remove(&(session, id));
        }
    }

    /// An order as it stands.
    pub(crate) fn state(&self, order_id: &OrderId) -> Option<OrderState> {
        let open = self.open.get(order_id).map(|order| order.state(*order_id));
        open.or_else(|| self.closed.get(order_id).map(|(state, _)| state.clone()))
    }

    /// Moves an order from open to closed.
    pub(crate) fn close(&mut self, order_id: OrderId) {
        if let Some(order) = self.open.remove(&order_id) {
            let OpenOrder { terms, filled, status, older_ids, .. } = order;
            self.remember((OrderState { order_id, terms, filled, status }, older_ids));
        }
    }

    fn remember(&mut self, closed: ClosedOrder) {
        if self.closed_oldest_first.len() == CLOSED_ORDERS_MAX {
            self.forget_oldest();
        }
        self.closed_oldest_first.push_back(closed.0.order_id);
        self.closed.insert(closed.0.order_id, closed);
    }

    fn forget_oldest(&mut self) {
        let oldest = self.closed_oldest_first.pop_front().and_then(|id| self.closed.remove(&id));
        let Some((state, older_ids)) = oldest else { return };
        for id in older_ids.into_iter().chain([state.terms.cl_ord_id]) {
            self.unname(state.terms.session, id, state.order_id);
        }
    }

    /// Closed orders, the oldest first.
    pub(crate) fn closed(&self) -> impl Iterator<Item = &ClosedOrder> {
        self.closed_oldest_first.iter().filter_map(|order_id| self.closed.get(order_id))
    }

    /// Takes back a closed order of a snapshot; the oldest comes first, and open orders come after all of them: an id
    /// is not given again while it names an open order, so the last one that is taken back has it.
    pub(crate) fn restore_closed(&mut self, closed: ClosedOrder) {
        let (session, order_id) = (closed.0.terms.session, closed.0.order_id);
        for id in closed.1.iter().chain([&closed.0.terms.cl_ord_id]) {
            self.name(session, *id, order_id);
        }
        self.remember(closed);
    }

    /// Takes back an open order of a snapshot.
    pub(crate) fn restore_open(&mut self, order_id: OrderId, order: OpenOrder) {
        for id in order.ids() {
            self.name(order.terms.session, *id, order_id);
        }
        self.open.insert(order_id, order);
    }
}
