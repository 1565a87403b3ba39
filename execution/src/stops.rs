//! Stop orders of one symbol that wait for their price.

use crate::book::BookSide;
use assay_trading_types::OrderId;
use std::collections::BTreeMap;

/// Waiting stops of both sides: the next to be triggered first, then by OrderID. A buy is triggered by a trade at its stop
/// price or above, a sale by one at its stop price or below.
#[derive(Debug, Default)]
pub(crate) struct Stops {
    buys: BTreeMap<(i64, OrderId), u32>,
    sales: BTreeMap<(i64, OrderId), u32>,
}

impl Stops {
    pub(crate) fn wait(&mut self, side: BookSide, ticks: i64, id: OrderId, slot: u32) {
        self.of(side).insert((trigger_rank(side, ticks), id), slot);
    }

    pub(crate) fn leave(&mut self, side: BookSide, ticks: i64, id: OrderId) {
        self.of(side).remove(&(trigger_rank(side, ticks), id));
    }

    /// The next stop that a last trade at `ticks` triggers.
    pub(crate) fn due(&self, ticks: i64) -> Option<u32> {
        let first = |side, stops: &BTreeMap<(i64, OrderId), u32>| {
            let (key, slot) = stops.first_key_value()?;
            (key.0 <= trigger_rank(side, ticks)).then_some((key.1, *slot))
        };
        let due = [first(BookSide::Bid, &self.buys), first(BookSide::Offer, &self.sales)];
        due.into_iter().flatten().min().map(|(_, slot)| slot)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.buys.is_empty() && self.sales.is_empty()
    }

    /// Buys, then sales, each in the order they are triggered.
    pub(crate) fn slots(&self) -> impl Iterator<Item = u32> {
        self.buys.values().chain(self.sales.values()).copied()
    }

    fn of(&mut self, side: BookSide) -> &mut BTreeMap<(i64, OrderId), u32> {
        match side {
            BookSide::Bid => &mut self.buys,
            BookSide::Offer => &mut self.sales,
        }
    }
}

/// The lower, the sooner a moving price reaches it: buys wait for it to rise, sales for it to fall.
fn trigger_rank(side: BookSide, ticks: i64) -> i64 {
    match side {
        BookSide::Bid => ticks,
        BookSide::Offer => -ticks,
    }
}
