//! What counterparties ask, as the gateway read it: records of `accounts`.

use crate::{
    AccountId, ClOrdId, FirmId, OrderFilter, OrderId, OrderTerms, Refusal, RequestId, Side, Symbol, Timestamp,
};
use serde::{Deserialize, Serialize};

/// NewOrderSingle(D) as requested.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderRequested {
    /// Which message it was.
    pub request: RequestId,
    /// What is asked.
    pub terms: OrderTerms,
    /// TransactTime(60).
    pub transact_time: Timestamp,
    /// PossResend(97)=Y: a known ClOrdID is ignored without an answer.
    #[serde(default)]
    pub poss_resend: bool,
    /// A refusal that the gateway found while reading (bad number, unsupported value); risk records and answers it
    /// in its order of precedence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub defect: Option<Defect>,
    /// Whether the session is told that it is pending, before the market answers.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tell_pending: bool,
}

/// A request that can be read but not served, and how its text continues after the code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Defect {
    /// The status.
    pub refusal: Refusal,
    /// Free text after `CODE: `.
    pub detail: String,
}

/// OrderCancelRequest(F) as requested.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelRequested {
    /// Which message it was.
    pub request: RequestId,
    /// The session's firm.
    pub firm: FirmId,
    /// ClOrdID(11) of the request.
    pub cl_ord_id: ClOrdId,
    /// OrigClOrdID(41).
    pub orig_cl_ord_id: ClOrdId,
    /// OrderID(37) if given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_id: Option<OrderId>,
    /// Account(1) if given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// Symbol(55).
    pub symbol: Symbol,
    /// Side(54).
    pub side: Side,
    /// PossResend(97)=Y.
    #[serde(default)]
    pub poss_resend: bool,
    /// As in [`OrderRequested::defect`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub defect: Option<Defect>,
    /// Whether the session is told that it is pending, before the market answers.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tell_pending: bool,
    /// It waits for the replace that it names. Before that it overtook one that itself waited, and such a request is
    /// decided as it was then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub waits: bool,
}

/// Somebody wants an open order cancelled, whichever session entered it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderCancelInstructed {
    /// Which request of the API it was.
    pub request: RequestId,
    /// Whose order.
    pub firm: FirmId,
    /// Which.
    pub order_id: OrderId,
    /// The request's own id, as F has one.
    pub cl_ord_id: ClOrdId,
}

/// OrderCancelReplaceRequest(G) as requested; `terms.qty` is the new total, executed part included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplaceRequested {
    /// Which message it was.
    pub request: RequestId,
    /// OrigClOrdID(41).
    pub orig_cl_ord_id: ClOrdId,
    /// OrderID(37) if given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_id: Option<OrderId>,
    /// Whether Account(1) was given; when not, the order's account stays.
    pub account_given: bool,
    /// Whether TimeInForce(59) was given; when not, the order's stays.
    pub tif_given: bool,
    /// OrigOrdModTime(586): the order must not have changed since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub orig_ord_mod_time: Option<Timestamp>,
    /// The new terms; `terms.cl_ord_id` is ClOrdID(11) of the request.
    pub terms: OrderTerms,
    /// PossResend(97)=Y.
    #[serde(default)]
    pub poss_resend: bool,
    /// As in [`OrderRequested::defect`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub defect: Option<Defect>,
    /// Whether the session is told that it is pending, before the market answers.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tell_pending: bool,
    /// Whether it may follow a replace that is pending: then it is decided after that one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub may_chain: bool,
    /// What it leaves out of the fields that its order carries stays. Before that they were those of the request,
    /// and such a request is decided as it was then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub keeps_carried: bool,
}

/// OrderStatusRequest(H) as requested.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusRequested {
    /// Which message it was.
    pub request: RequestId,
    /// The session's firm.
    pub firm: FirmId,
    /// ClOrdID(11), any id of the chain.
    pub cl_ord_id: ClOrdId,
    /// OrderID(37) if given; used first, whatever 11 says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_id: Option<OrderId>,
    /// OrdStatusReqID(790), echoed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ord_status_req_id: Option<String>,
    /// Symbol(55) if given, echoed when the order is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub symbol: Option<Symbol>,
    /// Side(54), echoed when the order is unknown.
    pub side: Side,
    /// Which orders may be asked about; without it those of the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reach: Option<Box<OrderFilter>>,
    /// An OrderID(37) that is none of ours: no order is found by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub defect: Option<Defect>,
    /// The answer has ids of the order that it is about. Before that it had the ClOrdID that was asked, whosever that was,
    /// and such a request is answered as it was then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub own_ids: bool,
}
