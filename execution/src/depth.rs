//! Price levels that changed and that the public has not been told of.
//!
//! The best bid and offer are told with every input that changes them. The levels behind them change with nearly every order,
//! so they are told together, at most once each [`DEPTH_INTERVAL_NS`] a book, by the time of records: a burst of orders
//! costs a few records and a replay gives the same ones.

use crate::book::{Best, BookSide};
use crate::execution::Execution;
use crate::market::Market;
use crate::orders::Orders;
use crate::work::Sink;
use assay_trading_types::{DepthChanged, DepthLevel, Price, Qty, QueuedOrder, Timestamp};
use serde::{Deserialize, Serialize};

/// Time between two events of one book's depth: shorter than anybody can look, long enough that depth is not what a busy
/// log is full of.
pub(crate) const DEPTH_INTERVAL_NS: i64 = 10_000_000;

/// Levels and single orders of one event, far below the longest record; a book that changed in more places says the rest with
/// the next one.
const PARTS_MAX: usize = 4_000;

/// Parts that a level counts for, beside its orders.
const LEVEL_PARTS: usize = 4;

/// Orders of one level that are told singly: the first of those that wait there. Nobody is shown more of a side.
const QUEUE_MAX: usize = 500;

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

    /// Takes the levels of the next event, each once, while the parts they count for fit it.
    fn take(&mut self, at: Timestamp, parts: impl Fn(&(bool, i64)) -> usize) -> Vec<(bool, i64)> {
        (self.told, self.due) = (at, None);
        self.changed.sort_unstable();
        self.changed.dedup();
        let mut left = PARTS_MAX;
        let fits = |level: &&(bool, i64)| {
            let rest = left.checked_sub(parts(level));
            left = rest.unwrap_or(0);
            rest.is_some()
        };
        let count = self.changed.iter().take_while(fits).count();
        let rest = self.changed.split_off(count);
        std::mem::replace(&mut self.changed, rest)
    }
}

/// Whether an event is due later than it ever can be: the clock was put back.
fn is_put_back(due: Timestamp, at: Timestamp) -> bool {
    due.since_ns(at) > DEPTH_INTERVAL_NS
}

impl Market {
    /// What the public is to know of its levels now.
    fn tell_depth(&mut self, orders: &Orders, at: Timestamp) -> DepthChanged {
        let mut depth = std::mem::take(&mut self.depth);
        let taken = depth.take(at, |level| LEVEL_PARTS + self.queue_len(*level));
        self.depth = depth;
        let (offers, bids) = taken.split_at(taken.partition_point(|(bids, _)| !bids));
        let levels =
            |side: &mut dyn Iterator<Item = &(bool, i64)>| side.map(|l| self.depth_level(*l)).collect();
        let queues = |side: &mut dyn Iterator<Item = &(bool, i64)>| match self.listed.single_orders {
            true => side.map(|level| self.queue(*level, orders)).collect(),
            false => Vec::new(),
        };
        DepthChanged {
            symbol: self.listed.symbol,
            bids: levels(&mut bids.iter().rev()),
            offers: levels(&mut offers.iter()),
            bid_orders: queues(&mut bids.iter().rev()),
            offer_orders: queues(&mut offers.iter()),
        }
    }

    fn depth_level(&self, level: (bool, i64)) -> DepthLevel {
        let price = Price::from_units(level.1);
        match self.best_at(level) {
            Some(level) => DepthLevel { price, qty: self.shown_qty(level.lots), orders: level.orders },
            None => DepthLevel { price, qty: Qty::ZERO, orders: 0 },
        }
    }

    /// What is there at a price that may be no multiple of the tick any more.
    fn best_at(&self, level: (bool, i64)) -> Option<Best> {
        let (side, ticks) = self.place_of(level)?;
        self.book.level(side, ticks)
    }

    fn place_of(&self, (bids, price_units): (bool, i64)) -> Option<(BookSide, i64)> {
        let side = if bids { BookSide::Bid } else { BookSide::Offer };
        let tick = self.tick_units();
        (price_units % tick == 0).then_some((side, price_units / tick))
    }

    /// Orders of a level that are told singly.
    fn queue_len(&self, level: (bool, i64)) -> usize {
        let orders = self.best_at(level).filter(|_| self.listed.single_orders).map_or(0, |best| best.orders);
        (orders as usize).min(QUEUE_MAX)
    }

    fn queue(&self, level: (bool, i64), orders: &Orders) -> Vec<QueuedOrder> {
        let Some((side, ticks)) = self.place_of(level) else { return Vec::new() };
        let slots = self.book.queue(&orders.nodes, side, ticks).take(QUEUE_MAX);
        let told = |slot: u32| QueuedOrder {
            order_id: orders.get(slot).id,
            qty: self.shown_qty(i128::from(orders.nodes[slot].lots)),
        };
        slots.map(told).collect()
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
            out.public(market.tell_depth(&self.orders, self.at));
            self.schedule_depth(number);
        }
    }

    fn due_depth(&self) -> Option<(Timestamp, u32)> {
        let first = self.depths.first().filter(|(due, _)| *due <= self.at);
        first.or_else(|| self.depths.last().filter(|(due, _)| is_put_back(*due, self.at))).copied()
    }
}
