//! What became of a request or an order: records of `accounts` that turn into FIX messages.

use crate::{
    AccountId, Amount, ClOrdId, ExecId, Filled, FirmId, OrdStatus, OrderId, OrderTerms, Price, Qty, Refusal,
    RequestId, Side, Symbol, Timestamp,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A refused order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderRefused {
    /// Which message is answered.
    pub request: RequestId,
    /// Terms as asked.
    pub terms: OrderTerms,
    /// Why.
    pub refusal: Refusal,
    /// Free text after `CODE: `, for a limit `value > limit scope`.
    pub detail: String,
    /// Version of the limits the decision used (0: none were needed).
    pub limits_version: u64,
    /// Reference price the decision used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference_price: Option<Price>,
}

/// Which request a CancelRefused answers, CxlRejResponseTo(434).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseTo {
    /// F, 434=1.
    Cancel,
    /// G, 434=2.
    Replace,
}

/// A refused cancel or replace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelRefused {
    /// Which message is answered.
    pub request: RequestId,
    /// The session's firm.
    pub firm: FirmId,
    /// F or G.
    pub response_to: ResponseTo,
    /// ClOrdID(11) as received.
    pub cl_ord_id: ClOrdId,
    /// OrigClOrdID(41) as received.
    pub orig_cl_ord_id: ClOrdId,
    /// OrderID(37), or none for an unknown order (37=NONE).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_id: Option<OrderId>,
    /// The order's account, when known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// State of the order after the refusal; Rejected if unknown.
    pub status: OrdStatus,
    /// Why.
    pub refusal: Refusal,
    /// Free text after `CODE: `.
    pub detail: String,
}

/// An order's present state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusReported {
    /// Which message is answered.
    pub request: RequestId,
    /// The session's firm.
    pub firm: FirmId,
    /// ClOrdID(11): as asked, or the order's own when what was asked is none of its ids.
    pub cl_ord_id: ClOrdId,
    /// OrdStatusReqID(790), echoed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ord_status_req_id: Option<String>,
    /// Symbol as asked, if it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub symbol: Option<Symbol>,
    /// Side as asked.
    pub side: Side,
    /// The order, or none when unknown: 37=NONE, 39=8, 103=5 `UNKNOWN_ORDER`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderState>,
}

/// An order as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderState {
    /// OrderID(37).
    pub order_id: OrderId,
    /// Present terms.
    pub terms: OrderTerms,
    /// Fills so far.
    pub filled: Filled,
    /// OrdStatus(39).
    pub status: OrdStatus,
    /// As in [`ExecutionReported::working`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub working: Option<bool>,
}

/// What a report reports: ExecType(150) and what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExecType {
    /// A: risk took it, the market has yet to (`pending_new`). Written by risk, as the other pending states.
    PendingNew,
    /// 0: on the book.
    New,
    /// 6: a cancel is on its way to the market (`pending_reports`); terms and figures are as before.
    PendingCancel {
        /// The F's ids.
        request: ChainIds,
    },
    /// E: a replace is on its way to the market, or waits for one before it; terms and figures are as before.
    PendingReplace {
        /// The G's ids.
        request: ChainIds,
    },
    /// F: a fill.
    Trade(Fill),
    /// H: operations undid a fill (M-26).
    TradeCanceled {
        /// Its report: ExecRefID(19).
        exec_id: ExecId,
        /// The fill as it was.
        fill: Fill,
        /// When it traded.
        traded: Timestamp,
        /// Commission given back.
        commission: Amount,
    },
    /// G: a fill has another price (M-27). Commission stays as it was charged.
    TradeCorrected {
        /// Its report, or that of the correction before: ExecRefID(19).
        exec_id: ExecId,
        /// The fill as it is now.
        fill: Fill,
        /// Its price until now.
        before: Price,
    },
    /// 4: cancelled; `request` on the answer to F, a reason when nobody asked.
    Canceled {
        /// The F's ids.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request: Option<ChainIds>,
        /// Why, when unsolicited.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Refusal>,
        /// Free text after `CODE: ` of the reason; without it the reason's own phrase.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        detail: Option<Arc<str>>,
    },
    /// 5: replaced; `terms` are the new ones and carry the new ClOrdID.
    Replaced {
        /// The G's ids.
        request: ChainIds,
        /// `QTY_REDUCED` when the quantity went to CumQty.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Refusal>,
    },
    /// 8: the market does not take it: the order ends before it begins.
    Rejected {
        /// Why.
        reason: Refusal,
    },
    /// C: expired.
    Expired,
    /// 3: its market closed and the order, good beyond the day, waits for the next one (M-23).
    DoneForDay,
    /// D: the market changed the order unasked; `terms` are what it is now: smaller by self-trade prevention, triggered,
    /// or taken into a new day. The ClOrdID stays, 151 = 38 - 14 still holds.
    Restated {
        /// Why.
        reason: Refusal,
    },
}

/// Ids on the answer to F or G.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainIds {
    /// Which message is answered.
    pub request: RequestId,
    /// ClOrdID(11) of the request.
    pub cl_ord_id: ClOrdId,
    /// OrigClOrdID(41).
    pub orig_cl_ord_id: ClOrdId,
}

/// Whether a fill added or removed liquidity, LastLiquidityInd(851).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Liquidity {
    /// 1: it rested.
    Added,
    /// 2: it took.
    Removed,
}

/// One fill of one order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fill {
    /// Number of the trade in its market, the same on both sides.
    pub trade: u64,
    /// LastQty(32).
    pub qty: Qty,
    /// LastPx(31).
    pub price: Price,
    /// LastLiquidityInd(851).
    pub liquidity: Liquidity,
    /// It traded at an outside venue.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub away: bool,
}

/// A step in an order's life, as the market made it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecutionReported {
    /// OrderID(37).
    pub order_id: OrderId,
    /// What happened.
    pub exec: ExecType,
    /// Terms after it.
    pub terms: OrderTerms,
    /// Fills after it.
    pub filled: Filled,
    /// OrdStatus(39) after it.
    pub status: OrdStatus,
    /// WorkingIndicator(636): for stop orders, whether they are triggered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub working: Option<bool>,
}
