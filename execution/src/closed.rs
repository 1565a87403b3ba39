//! How orders ended, for cancels and replaces that come too late.

use assay_trading_types::{OrdStatus, OrderId};
use std::collections::VecDeque;

/// Closings remembered. A request can only be late while it is on its way from risk, which knows the end as soon as
/// the report is in the log; that is far fewer records than this. One that is later still hears `UNKNOWN_ORDER`.
pub(crate) const CLOSED_ORDERS_MAX: usize = 16_384;

/// The last orders that closed. Late requests are rare and mean the newest, so they are looked for from the back
/// and the usual closing pays for no index.
#[derive(Debug, Default)]
pub(crate) struct ClosedOrders(VecDeque<(OrderId, OrdStatus)>);

impl ClosedOrders {
    pub(crate) fn note(&mut self, order: OrderId, status: OrdStatus) {
        if self.0.len() == CLOSED_ORDERS_MAX {
            self.0.pop_front();
        }
        self.0.push_back((order, status));
    }

    pub(crate) fn status(&self, order: OrderId) -> Option<OrdStatus> {
        self.0.iter().rev().find(|(id, _)| *id == order).map(|(_, status)| *status)
    }

    /// Oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (OrderId, OrdStatus)> {
        self.0.iter().copied()
    }
}
