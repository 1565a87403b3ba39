//! Instruments, what risk lets through to them, and what the public sees: `markets` and `market-data`.

use crate::{
    Amount, Asset, ChainIds, Exchange, FirmId, Measured, OrderId, OrderTerms, Price, PriceSource, Qty,
    Refusal, RequestId, SecurityType, SelfTrade, Side, Symbol, Timestamp,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// An instrument's terms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstrumentListed {
    /// Symbol(55).
    pub symbol: Symbol,
    /// Currency(15) it trades and settles in.
    pub currency: Asset,
    /// Prices are multiples of it.
    pub tick_size: Price,
    /// Quantities are multiples of it.
    pub lot_size: Qty,
    /// SecurityType(167), where it is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub security_type: Option<SecurityType>,
    /// SecurityExchange(207), where it is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchange: Option<Exchange>,
    /// Whether the public is told of single orders, not of price levels alone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub single_orders: bool,
}

/// A reference price for collars and valuation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReferencePriceSet {
    /// Symbol(55).
    pub symbol: Symbol,
    /// The price.
    pub price: Price,
    /// How long it may be used; without it, until the next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age_ns: Option<i64>,
    /// Which source said it; without one a person or the configuration did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<PriceSource>,
}

/// The owner of a partition says what time it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockTicked {
    /// UTC.
    pub now: Timestamp,
}

/// An order for the market.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderAccepted {
    /// OrderID(37).
    pub order_id: OrderId,
    /// Which message asked.
    pub request: RequestId,
    /// Its terms.
    pub terms: OrderTerms,
    /// The firm's self-trade prevention.
    #[serde(default)]
    pub self_trade: SelfTrade,
    /// Most the market may spend on a market buy, price times quantity; what would cost more is cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notional_max: Option<Amount>,
    /// Version of the limits the decision used.
    pub limits_version: u64,
    /// Version of the account's own limits, if it has any.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub account_limits_version: u64,
    /// Reference price the decision used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference_price: Option<Price>,
    /// Worst price a market order may trade at; what could only trade beyond it is cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protection_price: Option<Price>,
    /// What was measured against limits of exposure.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub measured: Vec<Measured>,
}

fn is_zero(version: &u64) -> bool {
    *version == 0
}

/// A cancel for the market: answered by ExecutionReported(Canceled) or CancelRefused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelAccepted {
    /// OrderID(37).
    pub order_id: OrderId,
    /// Its symbol.
    pub symbol: Symbol,
    /// The order's firm.
    pub firm: FirmId,
    /// The F's ids; none when Assay cancels by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<ChainIds>,
    /// Why, when unsolicited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Refusal>,
    /// Free text for the report, after `CODE: ` of the reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<Arc<str>>,
}

/// A replace for the market: answered by ExecutionReported(Replaced) or CancelRefused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplaceAccepted {
    /// OrderID(37).
    pub order_id: OrderId,
    /// The G's ids.
    pub request: ChainIds,
    /// The new terms, carrying the new ClOrdID.
    pub terms: OrderTerms,
    /// As in [`OrderAccepted::notional_max`], over the whole order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notional_max: Option<Amount>,
    /// Version of the limits the decision used.
    pub limits_version: u64,
    /// As in [`OrderAccepted::account_limits_version`].
    #[serde(default, skip_serializing_if = "is_zero")]
    pub account_limits_version: u64,
    /// Reference price the decision used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference_price: Option<Price>,
    /// As in [`OrderAccepted::protection_price`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protection_price: Option<Price>,
    /// As in [`OrderAccepted::measured`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub measured: Vec<Measured>,
}

/// A trade for everyone to see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TradePrinted {
    /// Symbol(55).
    pub symbol: Symbol,
    /// Number of the trade in its market.
    pub trade: u64,
    /// Price.
    pub price: Price,
    /// Quantity.
    pub qty: Qty,
    /// Side that took.
    pub aggressor: Side,
}

/// A price level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Level {
    /// Price.
    pub price: Price,
    /// Sum of LeavesQty.
    pub qty: Qty,
}

/// A price level of a book, whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DepthLevel {
    /// Price.
    pub price: Price,
    /// Sum of what its orders show; zero when there are none any more.
    pub qty: Qty,
    /// How many orders those are.
    pub orders: u32,
}

/// An order as the public sees it, which never learns whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueuedOrder {
    /// OrderID(37).
    pub order_id: OrderId,
    /// What it shows.
    pub qty: Qty,
}

/// Price levels that changed since the last such event of the symbol.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DepthChanged {
    /// Symbol(55).
    pub symbol: Symbol,
    /// Levels of bids, the best first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bids: Vec<DepthLevel>,
    /// Levels of offers, the best first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub offers: Vec<DepthLevel>,
    /// Where the instrument tells of single orders: those of each level of `bids`, in the order they trade.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bid_orders: Vec<Vec<QueuedOrder>>,
    /// The same of each level of `offers`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub offer_orders: Vec<Vec<QueuedOrder>>,
}

/// Best bid and offer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopOfBookChanged {
    /// Symbol(55).
    pub symbol: Symbol,
    /// Best bid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bid: Option<Level>,
    /// Best offer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer: Option<Level>,
}
