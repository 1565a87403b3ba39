//! Trades that are undone or priced anew by operations: what is asked, and what becomes of it. Two persons decide on it
//! before it is asked here.

use crate::{
    Amount, CommandId, ExecId, Fill, Filled, FirmId, OrdStatus, OrderId, OrderTerms, Price, Qty, Symbol,
    Timestamp,
};
use serde::{Deserialize, Serialize};

/// One side of a trade as it was last reported: whoever asks reads it from the log, since the market forgets orders that are
/// closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TradeSide {
    /// The report of the fill, or of its latest correction: ExecRefID(19).
    pub exec_id: ExecId,
    /// OrderID(37).
    pub order_id: OrderId,
    /// Terms of the order by its latest report.
    pub terms: OrderTerms,
    /// Its fills by its latest report.
    pub filled: Filled,
    /// Its OrdStatus(39) by its latest report.
    pub status: OrdStatus,
    /// The fill as it stands.
    pub fill: Fill,
    /// When it traded.
    pub traded: Timestamp,
    /// Commission charged with it.
    pub commission: Amount,
}

/// A trade is to be undone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TradeBustRequested {
    /// Symbol(55).
    pub symbol: Symbol,
    /// Number of the trade in its market.
    pub trade: u64,
    /// Both sides, the buyer first.
    pub sides: Box<[TradeSide; 2]>,
    /// Why, for the record.
    pub reason: String,
    /// The command it follows from, which the answer names; then it is judged by what the market knows of closed orders. None
    /// of before, when it was by what was read of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<CommandId>,
}

/// A trade is to have another price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TradeCorrectionRequested {
    /// Symbol(55).
    pub symbol: Symbol,
    /// Number of the trade in its market.
    pub trade: u64,
    /// Both sides, the buyer first.
    pub sides: Box<[TradeSide; 2]>,
    /// The price that it is to have.
    pub price: Price,
    /// Why, for the record.
    pub reason: String,
    /// The command it follows from, which the answer names; then it is judged by what the market knows of closed orders. None
    /// of before, when it was by what was read of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<CommandId>,
}

/// Why a trade stays as it is. A flat status with stable names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AmendmentRefusal {
    /// No such trade of this instrument, or the sides are not its sides.
    UnknownTrade,
    /// It was undone before.
    AlreadyBusted,
    /// One of the sides has changed since it was read: ask again with what is now.
    Stale,
    /// The price is not one of the instrument's, or what the trade has already.
    BadPrice,
}

impl AmendmentRefusal {
    /// Every status, in the order in which they are judged.
    pub const ALL: [Self; 4] = [Self::UnknownTrade, Self::AlreadyBusted, Self::Stale, Self::BadPrice];

    /// Its stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::UnknownTrade => "UNKNOWN_TRADE",
            Self::AlreadyBusted => "ALREADY_BUSTED",
            Self::Stale => "STALE",
            Self::BadPrice => "BAD_PRICE",
        }
    }
}

/// A trade stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TradeAmendmentRefused {
    /// The buyer's firm.
    pub firm: FirmId,
    /// Symbol(55).
    pub symbol: Symbol,
    /// Number of the trade.
    pub trade: u64,
    /// Why.
    pub refusal: AmendmentRefusal,
    /// The command that asked for another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<CommandId>,
}

/// What a command asked of a trade has effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TradeAmendmentTaken {
    /// The command.
    pub command: CommandId,
    /// The buyer's firm.
    pub firm: FirmId,
    /// Symbol(55).
    pub symbol: Symbol,
    /// Number of the trade.
    pub trade: u64,
}

/// A trade was undone or has another price, for everyone to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TradeAmended {
    /// Symbol(55).
    pub symbol: Symbol,
    /// Number of the trade.
    pub trade: u64,
    /// Its quantity.
    pub qty: Qty,
    /// Its price from now on; none when it was undone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
}
