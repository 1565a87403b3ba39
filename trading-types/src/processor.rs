//! The shape of every deterministic consumer: one record in, records out, nothing else.

use crate::{Actor, Event, Origin, Role, Timestamp, Topic, TraceId};

/// A record as a processor sees it. Time is the record's.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// Its topic.
    pub topic: Topic,
    /// Its partition.
    pub partition: u16,
    /// Its offset there.
    pub offset: u64,
    /// When it entered the system, UTC.
    pub at: Timestamp,
    /// What it follows from.
    pub origin: Option<Origin>,
    /// Trace it belongs to.
    pub trace: TraceId,
    /// Who caused it.
    pub actor: Actor,
    /// What it says.
    pub event: &'a Event,
}

/// A record that a processor wants written.
#[derive(Debug, Clone, PartialEq)]
pub struct Emitted {
    /// Destination.
    pub topic: Topic,
    /// Destination partition.
    pub partition: u16,
    /// Time of the input it follows from.
    pub at: Timestamp,
    /// Which output of which input this is.
    pub origin: Origin,
    /// Trace of the input.
    pub trace: TraceId,
    /// Actor of the input.
    pub actor: Actor,
    /// What it says; the record's key is [`Event::key`].
    pub event: Event,
}

/// Collects what a processor emits for one input and numbers it.
#[derive(Debug)]
pub struct Outbox {
    role: Role,
    partitions: u16,
    cause: Option<Cause>,
    emitted: Vec<Emitted>,
}

#[derive(Debug, Clone, Copy)]
struct Cause {
    topic: Topic,
    partition: u16,
    offset: u64,
    next_index: u16,
    at: Timestamp,
    trace: TraceId,
    actor: Actor,
}

impl Outbox {
    /// An outbox of `role`, for a log with `partitions` partitions a topic (1 for the embedded log).
    pub fn new(role: Role, partitions: u16) -> Self {
        assert!(partitions > 0, "a topic has at least one partition");
        Self { role, partitions, cause: None, emitted: Vec::new() }
    }

    /// Begins the outputs of `input`. The driver calls it before every `apply`.
    pub fn begin(&mut self, input: &Input<'_>) {
        self.cause = Some(Cause {
            topic: input.topic,
            partition: input.partition,
            offset: input.offset,
            next_index: 0,
            at: input.at,
            trace: input.trace,
            actor: input.actor,
        });
    }

    /// Emits `event` to its topic's partition, chosen by its key.
    pub fn emit(&mut self, topic: Topic, event: Event) {
        let partition = partition_of(event.key(), self.partitions);
        let cause = self.cause.as_mut().expect("begin is called before apply");
        let index = cause.next_index;
        cause.next_index = index.checked_add(1).expect("fewer than 65,536 outputs an input");
        let (role, cause) = (self.role, *cause);
        let origin = Origin::Input {
            role,
            topic: cause.topic,
            partition: cause.partition,
            offset: cause.offset,
            index,
        };
        let Cause { at, trace, actor, .. } = cause;
        self.emitted.push(Emitted { topic, partition, at, origin, trace, actor, event });
    }

    /// Takes what was emitted, in order.
    pub fn drain(&mut self) -> std::vec::Drain<'_, Emitted> {
        self.emitted.drain(..)
    }

    /// What was emitted and not yet drained.
    pub fn emitted(&self) -> &[Emitted] {
        &self.emitted
    }
}

/// Partition of a key: FNV-1a modulo the count, so every producer agrees without asking.
pub fn partition_of(key: &str, partitions: u16) -> u16 {
    if partitions == 1 {
        return 0;
    }
    let hash =
        key.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
    (hash % u64::from(partitions)) as u16
}

/// A deterministic consumer of one partition of one topic: no I/O, no clock, no randomness, so a replay is identical.
pub trait Processor {
    /// Applies one record. Never fails: what cannot be served is answered by an event.
    fn apply(&mut self, input: &Input<'_>, out: &mut Outbox);
}
