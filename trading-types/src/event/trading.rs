//! When and how an instrument trades: calendars, phases, halts, auctions.

use crate::{CalendarId, Price, Qty, Side, Symbol, Timestamp};
use serde::{Deserialize, Serialize};

/// What may happen to orders of an instrument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TradingPhase {
    /// Nothing is taken but cancels; orders that last longer than the day wait.
    Closed,
    /// Orders are taken and none trades; it ends in the opening auction or with its uncrossing.
    PreOpen,
    /// Orders are taken for the uncrossing that ends it.
    OpeningAuction,
    /// Orders trade as they come.
    Continuous,
    /// A trade would have left the dynamic band; orders are taken for the uncrossing that ends it.
    VolatilityAuction,
    /// Orders are taken for the day's last uncrossing.
    ClosingAuction,
    /// An operator stopped trading: nothing is taken but cancels.
    Halted,
}

/// When a calendar's instruments trade, as instants: zones, holidays and half days are worked out by who writes it, so
/// that a replay does not depend on a time zone database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimetableSet {
    /// The calendar.
    pub calendar: CalendarId,
    /// Its IANA zone, for the record.
    pub zone: String,
    /// Trading days, the earliest first. Before, between and after them the market is closed.
    pub days: Vec<TradingDay>,
}

/// One trading day of a calendar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TradingDay {
    /// Date in the calendar's zone: year * 10,000 + month * 100 + day.
    pub date: u32,
    /// What begins when, the earliest first; the last is `closed`.
    pub phases: Vec<(Timestamp, TradingPhase)>,
}

/// Rules of an instrument's trading. Without any it trades continuously, all days, by UTC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TradingRulesSet {
    /// Symbol(55).
    pub symbol: Symbol,
    /// Its calendar; without one it is always in continuous trading and its day is that of UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<CalendarId>,
    /// Its volatility guard, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volatility: Option<VolatilityGuard>,
    /// Price that auctions and the band go by until there is a trade.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference_price: Option<Price>,
}

/// Interrupts continuous trading when prices move too fast.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct VolatilityGuard {
    /// Largest distance of a trade from the last price before the incoming order, in basis points of that price.
    pub band_bp: u32,
    /// How long the auction lasts that takes the place of a trade outside the band.
    pub auction_ns: i64,
}

/// An operator halts an instrument, or gives it back to its calendar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TradingStateSet {
    /// Symbol(55).
    pub symbol: Symbol,
    /// Whether it is halted from now on.
    pub halted: bool,
    /// Why, for the record.
    pub reason: String,
}

/// An instrument went into another phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TradingStateChanged {
    /// Symbol(55).
    pub symbol: Symbol,
    /// The phase from now on.
    pub phase: TradingPhase,
    /// The trading day by its calendar, as in [`TradingDay::date`]; none when it has no calendar or no day has begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<u32>,
    /// When the phase ends by itself, for a volatility auction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// What an auction would give if it ended now; at most once a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuctionIndicated {
    /// Symbol(55).
    pub symbol: Symbol,
    /// Uncrossing price; none when nothing would trade.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
    /// What would trade at it.
    pub qty: Qty,
    /// What would be left over at it, and on which side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub surplus: Option<(Side, Qty)>,
}
