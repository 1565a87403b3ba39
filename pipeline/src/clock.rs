//! When the partitions' owner says what time it is.

use crate::TICK_INTERVAL_NS;
use assay_event_log::NewRecord;
use assay_trading_types::{Actor, ClockTicked, Timestamp, Topic};

/// Time as the log knows it: it never runs backwards, whatever the machine's clock does.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    last: Option<Timestamp>,
}

impl Clock {
    /// Takes note of a tick that the log holds.
    pub(crate) fn note(&mut self, now: Timestamp) {
        self.last = self.last.max(Some(now));
    }

    /// Whether a tick is due.
    pub(crate) fn is_due(&self, now: Timestamp) -> bool {
        self.last.is_none_or(|last| now.since_ns(last) >= TICK_INTERVAL_NS)
    }
}

/// Says what time it is in a partition that is ours.
pub(crate) fn tick(topic: Topic, now: Timestamp) -> NewRecord {
    NewRecord::first(topic, Actor::new("clock").expect("a short printable name"), now, ClockTicked { now })
}
