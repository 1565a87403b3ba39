//! When the partitions' owner says what time it is.

use crate::TICK_INTERVAL_NS;
use assay_event_log::{NewRecord, Value};
use assay_trading_types::{Actor, ClockTicked, Timestamp, Topic, TraceId};
use bytes::Bytes;

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

    /// One tick for each partition that a processor reads.
    pub(crate) fn ticks(now: Timestamp) -> [NewRecord; 2] {
        [tick(Topic::Accounts, now), tick(Topic::Markets, now)]
    }

    /// A tick for the books alone, out of turn.
    pub(crate) fn market_tick(now: Timestamp) -> NewRecord {
        tick(Topic::Markets, now)
    }
}

fn tick(topic: Topic, now: Timestamp) -> NewRecord {
    NewRecord {
        topic,
        partition: 0,
        key: Bytes::from_static(b"clock"),
        at: now,
        origin: None,
        trace: TraceId::default(),
        actor: Actor::new("clock").expect("a short printable name"),
        wire: None,
        value: Value::event(ClockTicked { now }.into()),
    }
}
