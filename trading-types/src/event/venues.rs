//! Outside venues: where instruments are routed to, what is asked of a broker, and what it says.
//!
//! What is asked is a record before it is sent, what is heard is a record before it counts (ADR 0021).

use crate::{Amount, ClOrdId, ExecId, OrdType, OrderId, Price, Qty, Side, Symbol, TimeInForce, VenueId};
use serde::{Deserialize, Serialize};

/// An outside venue exists, and how patient we are with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VenueSet {
    /// Its name; its accounts in the books are `venue:NAME`.
    pub venue: VenueId,
    /// How long an answer may take, in nanoseconds; then the order's status is asked for.
    pub answer_ns: i64,
    /// Pause before the first repetition, in nanoseconds; each further one is twice as long.
    pub retry_first_ns: i64,
    /// Longest such pause.
    pub retry_max_ns: i64,
    /// How often an order is tried that certainly is not there.
    pub tries_max: u32,
    /// How long an order that was never sent waits for a venue, in nanoseconds; zero: it is refused at once.
    pub wait_ns: i64,
}

/// Where orders of an instrument go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteSet {
    /// Symbol(55).
    pub symbol: Symbol,
    /// Venues in the order they are tried; none: our own book.
    pub venues: Vec<VenueId>,
}

/// The session with a venue was logged on, or is lost. What was asked before it was lost may have arrived or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VenueLinkChanged {
    /// The venue.
    pub venue: VenueId,
    /// Whether messages can be sent.
    pub up: bool,
    /// In words.
    pub detail: String,
}

/// Something is to be sent to a venue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VenueRequested {
    /// The venue.
    pub venue: VenueId,
    /// Symbol(55).
    pub symbol: Symbol,
    /// The order.
    pub order_id: OrderId,
    /// ClOrdID(11) towards the venue: the OrderID, a dash and a number.
    pub cl_ord_id: ClOrdId,
    /// Side(54).
    pub side: Side,
    /// What is asked.
    pub ask: VenueAsk,
}

/// What a venue is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VenueAsk {
    /// NewOrderSingle(D).
    New {
        /// Its terms.
        terms: VenueTerms,
        /// It was sent before, and the venue said that it does not know it: PossResend(97)=Y.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        again: bool,
    },
    /// OrderCancelReplaceRequest(G).
    Replace {
        /// OrigClOrdID(41).
        orig_cl_ord_id: ClOrdId,
        /// The new terms.
        terms: VenueTerms,
    },
    /// OrderCancelRequest(F).
    Cancel {
        /// OrigClOrdID(41).
        orig_cl_ord_id: ClOrdId,
        /// OrderQty(38).
        qty: Qty,
    },
    /// OrderStatusRequest(H) of the order whose ClOrdID(11) is the request's.
    Status {
        /// OrdStatusReqID(790).
        number: u32,
    },
}

/// Terms of an order as a venue is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VenueTerms {
    /// OrdType(40).
    pub ord_type: OrdType,
    /// OrderQty(38).
    pub qty: Qty,
    /// Price(44).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
    /// StopPx(99).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_px: Option<Price>,
    /// TimeInForce(59).
    pub tif: TimeInForce,
}

/// A request was not sent and never will be: the session was not logged on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VenueUnsent {
    /// The venue.
    pub venue: VenueId,
    /// Symbol(55).
    pub symbol: Symbol,
    /// The order.
    pub order_id: OrderId,
    /// ClOrdID(11) of the request.
    pub cl_ord_id: ClOrdId,
}

/// A venue said something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VenueHeard {
    /// The venue.
    pub venue: VenueId,
    /// Symbol(55), where it names one that can be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub symbol: Option<Symbol>,
    /// What it says.
    pub message: VenueMessage,
    /// The message as received, SOH as `|`.
    pub wire: String,
}

/// A message of a venue, as far as it matters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VenueMessage {
    /// ExecutionReport(8).
    Report(Box<VenueReport>),
    /// OrderCancelReject(9).
    CancelRejected {
        /// ClOrdID(11): of the F or G.
        cl_ord_id: String,
        /// CxlRejReason(102).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<u32>,
        /// Text(58).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
    },
    /// Reject(3) or BusinessMessageReject(j) of a message of ours.
    Refused {
        /// Its MsgType(35).
        msg_type: String,
        /// Its ClOrdID(11).
        cl_ord_id: String,
        /// Text(58).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
    },
    /// What cannot be read as any of these.
    Unreadable {
        /// Why.
        why: String,
    },
}

/// ExecutionReport(8) of a venue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VenueReport {
    /// ClOrdID(11).
    pub cl_ord_id: String,
    /// OrigClOrdID(41).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub orig_cl_ord_id: Option<String>,
    /// OrderID(37).
    pub venue_order_id: String,
    /// ExecID(17).
    pub exec_id: String,
    /// OrdStatusReqID(790).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_number: Option<u32>,
    /// ExecRefID(19).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exec_ref_id: Option<String>,
    /// ExecType(150).
    pub exec_type: char,
    /// OrdStatus(39).
    pub ord_status: char,
    /// OrderQty(38).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qty: Option<Qty>,
    /// Price(44).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
    /// LastQty(32).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_qty: Option<Qty>,
    /// LastPx(31).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_px: Option<Price>,
    /// CumQty(14).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cum_qty: Option<Qty>,
    /// OrdRejReason(103).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<u32>,
    /// Text(58).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// A fill at a venue, or one undone, for the books: the venue's side of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VenueTraded {
    /// The venue.
    pub venue: VenueId,
    /// Symbol(55).
    pub symbol: Symbol,
    /// The order.
    pub order_id: OrderId,
    /// The venue's ExecID(17).
    pub exec_id: String,
    /// Our side of it.
    pub side: Side,
    /// LastQty(32).
    pub qty: Qty,
    /// LastPx(31).
    pub price: Price,
    /// Who is on our side of it.
    pub taker: VenueTaker,
    /// It is undone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub undone: bool,
}

/// What a client was told of a fill at a venue, or of its correction: what a bust by the venue has to refer to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VenueFillSettled {
    /// Symbol(55).
    pub symbol: Symbol,
    /// The order.
    pub order_id: OrderId,
    /// Number of the trade.
    pub trade: u64,
    /// ExecID(17) of the report.
    pub exec_id: ExecId,
    /// Commission charged with it; zero for a correction, which charges nothing.
    pub commission: Amount,
}

/// Who is on our side of a fill at a venue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VenueTaker {
    /// The order's account, through clearing.
    Client,
    /// The house, until people have sorted it out.
    House,
}

/// A venue and we do not agree, and people must look at it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VenueDiffered {
    /// The venue.
    pub venue: VenueId,
    /// What differs.
    pub difference: VenueDifference,
    /// Symbol(55), where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub symbol: Option<Symbol>,
    /// The order, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_id: Option<OrderId>,
    /// In words.
    pub detail: String,
}

/// What differs between a venue and us. A flat status with stable names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VenueDifference {
    /// It speaks of an order that we do not know there. Nothing is booked.
    UnknownOrder,
    /// It filled more than was left: the house has the rest.
    Overfilled,
    /// It filled an order that is over: the house has it.
    LateFill,
    /// It undid a fill: so does the client's report, unless nobody knows any more what the client was told; then the client
    /// keeps it and the house stands between.
    Busted,
    /// It changed a fill; as for one that it undid.
    Corrected,
    /// It undid or changed a fill that we do not know. Nothing is booked.
    UnknownFill,
    /// It filled at a price worse than the limit; booked as it says.
    WorsePrice,
    /// It counts more filled than it told us: the order stays open until the fills come.
    MissingFills,
    /// It counts less filled than it told us.
    SurplusFills,
    /// It does not know an order that it took before.
    Vanished,
    /// It changed an order unasked.
    UnaskedChange,
    /// It does not answer to a cancel or replace.
    Unanswered,
    /// It does not answer questions about orders.
    StatusRefused,
    /// A message that cannot be read.
    Unreadable,
    /// Its statement has a fill that it never told us. Nothing is booked.
    Unheard,
    /// Its statement lacks a fill that it told us.
    NotStated,
    /// Its statement has a fill otherwise than it told us: instrument, side, quantity, price, or whether it is undone.
    StatedOtherwise,
}
