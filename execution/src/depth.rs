//! Price levels that changed and that the public has not been told of.
//!
//! The best bid and offer are told with every input that changes them. The levels behind them change with nearly every order,
//! so they are told together, at most once each [`DEPTH_INTERVAL_NS`] a book, by the time of records: a burst of orders
//! costs a few records and a replay gives the same ones.

use crate::book::BookSide;
use crate::execution::Execution;
use crate::market::Market;
use crate::work::Sink;
use assay_trading_types::{DepthChanged, DepthLevel, Price, Qty, Timestamp};
use serde::{Deserialize, Serialize};

/// Time between two events of one book's depth: shorter than anybody can look, long enough that depth is not what a busy
/// log is full of.
pub(crate) const DEPTH_INTERVAL_NS: i64 = 10_000_000;

/// Levels of one event, far below the longest record; a book that changed in more places says the rest with the next input.
const LEVELS_MAX: usize = 1_000;

/// Events of one input: its outputs are numbered in 16 bits, and these come on top of what the others are bounded to.
const EVENTS_MAX: usize = 512;

/// Changed levels of one book.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Depth {
    /// Whether of bids, and the price in billionths, which outlives a change of the tick; maybe more than once.
    changed: Vec<(bool, i64)>,
    /// When the last event was.
    told: Timestamp,
    /// When the next one is due; none while nothing changed.
    pub(crate) due: Option<Timestamp>,
}

impl Depth {
    pub(crate) fn note(&mut self, side: BookSide, price_units: i64) {
        let level = (side == BookSide::Bid, price_units);
        if self.changed.last() != Some(&level) {
            self.changed.push(level);
        }
    }

    /// When to tell what changed, if that is not known yet.
    fn schedule(&mut self, at: Timestamp) -> Option<Timestamp> {
        if self.changed.is_empty() || self.due.is_some() {
            return None;
        }
        let next = Timestamp::from_ns(self.told.as_ns().saturating_add(DEPTH_INTERVAL_NS));
        // With a clock that was put back it is due at once.
        let due = if is_put_back(next, at) { at } else { next.max(at) };
        self.due = Some(due);
        self.due
    }

    /// Takes the levels of the next event, each once.
    fn take(&mut self, at: Timestamp) -> Vec<(bool, i64)> {
        (self.told, self.due) = (at, None);
        self.changed.sort_unstable();
        self.changed.dedup();
        let rest = self.changed.split_off(self.changed.len().min(LEVELS_MAX));
        std::mem::replace(&mut self.changed, rest)
    }
}

/// Whether an event is due later than it ever can be: the clock was put back.
fn is_put_back(due: Timestamp, at: Timestamp) -> bool {
    due.since_ns(at) > DEPTH_INTERVAL_NS
}

impl Market {
    /// What the public is to know of its levels now.
    fn tell_depth(&mut self, at: Timestamp) -> DepthChanged {
        let taken = self.depth.take(at);
        let (offers, bids) = taken.split_at(taken.partition_point(|(bids, _)| !bids));
        DepthChanged {
            symbol: self.listed.symbol,
            bids: bids.iter().rev().map(|level| self.depth_level(*level)).collect(),
            offers: offers.iter().map(|level| self.depth_level(*level)).collect(),
        }
    }

    fn depth_level(&self, (bids, price_units): (bool, i64)) -> DepthLevel {
        let side = if bids { BookSide::Bid } else { BookSide::Offer };
        let tick = self.tick_units();
        let level = (price_units % tick == 0).then(|| self.book.level(side, price_units / tick)).flatten();
        let price = Price::from_units(price_units);
        match level {
            Some(level) => DepthLevel { price, qty: self.shown_qty(level.lots), orders: level.orders },
            None => DepthLevel { price, qty: Qty::ZERO, orders: 0 },
        }
    }
}

impl Execution {
    /// When the public is next told of a book's levels. An input whose time has reached it makes it happen.
    pub fn depth_due(&self) -> Option<Timestamp> {
        self.depths.first().map(|(due, _)| *due)
    }

    /// Whether a clock that shows `now` has reached the time that depth is due, or was put back behind it.
    pub fn is_depth_due(&self, now: Timestamp) -> bool {
        self.depth_due().is_some_and(|due| due <= now || is_put_back(due, now))
    }

    /// Notes that levels of a market may have changed.
    pub(crate) fn schedule_depth(&mut self, market: u32) {
        if let Some(due) = self.markets[market as usize].depth.schedule(self.at) {
            self.depths.insert((due, market));
        }
    }

    /// Tells what is due, after all else.
    pub(crate) fn publish_depths(&mut self, out: &mut Sink<'_>) {
        for _ in 0..EVENTS_MAX {
            let Some((due, number)) = self.due_depth() else { return };
            self.depths.remove(&(due, number));
            let market = &mut self.markets[number as usize];
            out.public(market.tell_depth(self.at));
            self.schedule_depth(number);
        }
    }

    fn due_depth(&self) -> Option<(Timestamp, u32)> {
        let first = self.depths.first().filter(|(due, _)| *due <= self.at);
        first.or_else(|| self.depths.last().filter(|(due, _)| is_put_back(*due, self.at))).copied()
    }
}
