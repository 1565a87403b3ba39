//! Stop orders of one symbol that wait for their price.

use assay_trading_types::{OrdType, OrderId, Side};
use std::collections::BTreeMap;

/// Where the price comes from that triggers an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trigger {
    /// A trade at the stop price or above: stops that buy, and take profits that sell.
    Rise,
    /// A trade at the stop price or below: stops that sell, and take profits that buy.
    Fall,
}

impl Trigger {
    pub(crate) fn of(ord_type: OrdType, side: Side) -> Self {
        if ord_type.waits_for_rise(side) { Self::Rise } else { Self::Fall }
    }

    /// The lower, the sooner a moving price reaches it.
    fn rank(self, ticks: i64) -> i64 {
        match self {
            Self::Rise => ticks,
            Self::Fall => -ticks,
        }
    }
}

/// Waiting stops of both directions: the next to be triggered first, then by OrderID.
#[derive(Debug, Default)]
pub(crate) struct Stops {
    rises: BTreeMap<(i64, OrderId), u32>,
    falls: BTreeMap<(i64, OrderId), u32>,
}

impl Stops {
    pub(crate) fn wait(&mut self, trigger: Trigger, ticks: i64, id: OrderId, slot: u32) {
        self.of(trigger).insert((trigger.rank(ticks), id), slot);
    }

    pub(crate) fn leave(&mut self, trigger: Trigger, ticks: i64, id: OrderId) {
        self.of(trigger).remove(&(trigger.rank(ticks), id));
    }

    /// The next stop that a last trade at `ticks` triggers.
    pub(crate) fn due(&self, ticks: i64) -> Option<u32> {
        let first = |trigger: Trigger, stops: &BTreeMap<(i64, OrderId), u32>| {
            let (key, slot) = stops.first_key_value()?;
            (key.0 <= trigger.rank(ticks)).then_some((key.1, *slot))
        };
        let due = [first(Trigger::Rise, &self.rises), first(Trigger::Fall, &self.falls)];
        due.into_iter().flatten().min().map(|(_, slot)| slot)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rises.is_empty() && self.falls.is_empty()
    }

    /// Those that wait for a rise, then those that wait for a fall, each in the order they are triggered.
    pub(crate) fn slots(&self) -> impl Iterator<Item = u32> {
        self.rises.values().chain(self.falls.values()).copied()
    }

    fn of(&mut self, trigger: Trigger) -> &mut BTreeMap<(i64, OrderId), u32> {
        match trigger {
            Trigger::Rise => &mut self.rises,
            Trigger::Fall => &mut self.falls,
        }
    }
}
