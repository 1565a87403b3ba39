//! Orders that risk keeps in mind: open ones with their holds, and a window of closed ones.

use assay_trading_types::{
    Amount, ClOrdId, Filled, OrdStatus, OrderId, OrderState, OrderTerms, Qty, RequestId, TransferId,
};
use serde::{Deserialize, Serialize};

/// A replace on its way to the market.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PendingReplace {
    /// Which message asked.
    pub(crate) request: RequestId,
    /// Its ClOrdID(11).
    pub(crate) cl_ord_id: ClOrdId,
    /// What the order needs held once it is replaced, per unit.
    pub(crate) unit_hold: UnitHold,
    /// New total quantity, in billionths.
    pub(crate) qty: i64,
}

/// What one order needs held: a buy its price, a sell one unit of the asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum UnitHold {
    /// Price in billionths of the currency.
    Cash(i64),
    /// One unit of what is sold.
    Asset,
}

/// An order that may still trade.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OpenOrder {
    pub(crate) terms: OrderTerms,
    pub(crate) filled: Filled,
    pub(crate) status: OrdStatus,
    pub(crate) unit_hold: UnitHold,
    /// Price that exposure counts LeavesQty at.
    pub(crate) exposure_price: i64,
    /// Holds in the order they are drawn on.
    pub(crate) holds: Vec<TransferId>,
    /// Commission charged so far.
    pub(crate) charged: Amount,
    /// Transfers made for this order, which numbers the next one.
    pub(crate) transfers: u32,
    pub(crate) replace: Option<PendingReplace>,
    /// Ids this order was known by, the current one last.
    pub(crate) chain: Vec<ClOrdId>,
}

impl OpenOrder {
    /// Id of this order's next transfer.
    pub(crate) fn next_transfer(&mut self, order_id: OrderId) -> TransferId {
        self.transfers += 1;
        TransferId(u128::from(order_id.as_u64()) << 32 | u128::from(self.transfers))
    }

    /// LeavesQty if the order's quantity were `qty`.
    pub(crate) fn leaves_of(&self, qty: Qty) -> Qty {
        Qty::from_units((qty.units() - self.filled.cum_qty.units()).max(0))
    }

    /// The order as a status report shows it.
    pub(crate) fn state(&self, order_id: OrderId) -> OrderState {
        let status = if self.replace.is_some() { OrdStatus::PendingReplace } else { self.status };
        OrderState { order_id, terms: self.terms.clone(), filled: self.filled, status }
    }
}
