//! Between those who append, the thread that hands records to Kafka's client, and the one that hears what Kafka holds.

use super::client::Ack;
use super::config::KafkaConfig;
use super::control::{Checkpoint, ControlRecord, History};
use super::in_flight::{Displaced, InFlight};
use super::message;
use super::names::{CONTROL_SLOT, DATA_SLOTS, Names, SLOTS};
use super::strays;
use super::takeover::Taken;
use crate::listeners::Listeners;
use crate::ring::Ring;
use crate::sequence::{Sequence, TopicSet};
use crate::signal::{Shared, Signal};
use crate::{AppendError, NewRecord, Record};
use assay_trading_types::Topic;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Records evicted under one hold of the lock: a few microseconds.
const EVICT_MAX: usize = 512;

/// Marks the id of a message of the control topic; the rest of it is the offset that it gets when nobody else writes.
const CONTROL_ID: usize = 1 << 63;

/// What all handles of one open log share.
pub(super) struct Core {
    pub(super) config: KafkaConfig,
    pub(super) names: Names,
    /// The cluster's own id.
    pub(super) cluster: String,
    pub(super) epoch: u64,
    pub(super) state: Shared<State>,
    /// The durable position moved, or all is over.
    pub(super) synced: Signal,
    /// There is something to send, or all is over.
    work: Signal,
    /// What waited was taken, or all is over.
    space: Signal,
    end: AtomicU64,
    durable: AtomicU64,
}

pub(super) struct State {
    pub(super) ring: Ring,
    pub(super) sequence: Sequence,
    pub(super) poisoned: Option<Arc<str>>,
    pub(super) listeners: Arc<Listeners>,
    pub(super) history: History,
    closed: bool,
    in_flight: InFlight,
    /// Kafka's offset of the next message of each slot.
    messages: [i64; SLOTS],
    outgoing: Outgoing,
    /// Position at or behind which the next checkpoint is due.
    checkpoint_at: u64,
    /// How many messages of others stand in the control topic since.
    control_shift: i64,
    /// A checkpoint that waits until everything below it is durable.
    checkpoint: Option<Checkpoint>,
}

/// What waits to be handed to Kafka's client.
#[derive(Default)]
pub(super) struct Outgoing {
    /// Records with whether their group continues.
    pub(super) records: Vec<(Arc<Record>, bool)>,
    /// A message of the control topic with the id it goes under. Nothing depends on its place among records.
    pub(super) control: Option<(usize, Vec<u8>)>,
    bytes: usize,
}

impl Outgoing {
    fn is_empty(&self) -> bool {
        self.records.is_empty() && self.control.is_none()
    }
}

impl Core {
    pub(super) fn new(config: KafkaConfig, names: Names, taken: Taken) -> Self {
        let end = taken.sequence.end;
        let checkpointed = taken.history.checkpoint(u64::MAX).map_or(0, |checkpoint| checkpoint.position);
        let state = State {
            ring: Ring::new(end, config.ring_bytes_max, config.ring_records_max),
            sequence: taken.sequence,
            poisoned: None,
            listeners: Arc::default(),
            history: taken.history,
            closed: false,
            in_flight: InFlight::new(end),
            messages: taken.messages,
            outgoing: Outgoing::default(),
            checkpoint_at: checkpointed + config.checkpoint_records,
            control_shift: 0,
            checkpoint: None,
        };
        Self {
            config,
            names,
            cluster: taken.cluster,
            epoch: taken.epoch,
            state: Shared::new(state),
            synced: Signal::default(),
            work: Signal::default(),
            space: Signal::default(),
            end: AtomicU64::new(end),
            durable: AtomicU64::new(end),
        }
    }

    pub(super) fn end(&self) -> u64 {
        self.end.load(Ordering::Acquire)
    }

    pub(super) fn durable(&self) -> u64 {
        self.durable.load(Ordering::Acquire)
    }

    /// Queues a group; waits while too much is queued. Returns the new end.
    pub(super) fn append(&self, records: &mut Vec<NewRecord>) -> Result<u64, AppendError> {
        let bytes = group_bytes(records, self.config.record_bytes_max)?;
        let (end, topics, listeners) = {
            let mut state = self.state.lock();
            let full = |s: &State| s.is_full(bytes, self.config.queue_bytes_max);
            if full(&state) {
                state = self.space.wait(state, |s| s.refusal().is_none() && full(s));
            }
            if let Some(refusal) = state.refusal() {
                return Err(refusal);
            }
            // Nothing fails from here on.
            let topics = records.iter().fold(TopicSet::NONE, |topics, record| topics.with(record.topic));
            state.outgoing.bytes += bytes;
            state.place(records);
            state.note_checkpoint(self.epoch, self.config.checkpoint_records);
            self.end.store(state.sequence.end, Ordering::Release);
            (state.sequence.end, topics, Arc::clone(&state.listeners))
        };
        self.work.notify();
        listeners.appended(topics);
        Ok(end)
    }

    /// Swaps what is queued for `taken`, which is reused; waits for something. `false` when all is over.
    pub(super) fn wait_for_work(&self, taken: &mut Outgoing) -> bool {
        taken.records.clear();
        (taken.control, taken.bytes) = (None, 0);
        let mut state = self.state.lock();
        if state.outgoing.is_empty() && !state.is_over() {
            state = self.work.wait(state, |s| s.outgoing.is_empty() && !s.is_over());
        }
        if state.poisoned.is_some() || state.outgoing.is_empty() {
            return false;
        }
        std::mem::swap(&mut state.outgoing, taken);
        drop(state);
        self.space.notify();
        true
    }

    /// Takes acknowledgements, moves the durable position and says so.
    pub(super) fn acknowledge(&self, acks: &mut Vec<Ack>) {
        for ack in acks.drain(..) {
            if let Err(reason) = self.acknowledge_one(&ack) {
                return self.poison(&reason);
            }
        }
        let mut topics = TopicSet::NONE;
        let listeners = {
            let mut state = self.state.lock();
            let durable = state.in_flight.settle(|slot| topics = topics.with(Topic::ALL[slot]));
            if durable == self.durable() {
                return;
            }
            self.durable.store(durable, Ordering::Release);
            state.send_checkpoint(durable);
            Arc::clone(&state.listeners)
        };
        self.work.notify();
        self.synced.notify();
        listeners.synced(topics);
        self.trim_ring();
    }

    fn acknowledge_one(&self, ack: &Ack) -> Result<(), String> {
        let found = *ack.outcome.as_ref().map_err(|error| format!("Kafka did not take a record: {error}"))?;
        loop {
            let displaced = match self.state.lock().acknowledge(ack.id, found) {
                Ok(()) => return Ok(()),
                Err(displaced) => displaced,
            };
            let judged = strays::judge(&self.config, &self.names, self.epoch, displaced);
            judged.map_err(|fault| fault.to_string())?;
            self.state.lock().shift(displaced);
        }
    }

    /// Brings the ring back within its bounds. What is evicted is freed without the lock.
    fn trim_ring(&self) {
        let mut evicted = Vec::new();
        loop {
            let mut state = self.state.lock();
            let durable = state.in_flight.durable();
            state.ring.evict(durable, EVICT_MAX, &mut evicted);
            drop(state);
            if evicted.is_empty() {
                return;
            }
            evicted.clear();
        }
    }

    /// Refuses everything from now on and wakes all who wait.
    pub(super) fn poison(&self, reason: &str) {
        tracing::debug!(reason, "event log is poisoned");
        let listeners = {
            let mut state = self.state.lock();
            state.poisoned.get_or_insert_with(|| reason.into());
            Arc::clone(&state.listeners)
        };
        self.wake_all(&listeners);
    }

    /// Takes no more records. Where all that was taken is durable, the next process begins to read here.
    pub(super) fn close(&self) {
        let listeners = {
            let mut state = self.state.lock();
            if !state.is_over()
                && state.history.checkpoint(u64::MAX).is_none_or(|c| c.position < state.sequence.end)
            {
                state.checkpoint_at = state.sequence.end;
                state.note_checkpoint(self.epoch, self.config.checkpoint_records);
                state.send_checkpoint(self.durable());
            }
            state.closed = true;
            Arc::clone(&state.listeners)
        };
        self.wake_all(&listeners);
    }

    fn wake_all(&self, listeners: &Listeners) {
        for signal in [&self.work, &self.space, &self.synced] {
            signal.notify();
        }
        listeners.ended();
    }
}

impl State {
    pub(super) fn is_over(&self) -> bool {
        self.closed || self.poisoned.is_some()
    }

    /// Position below which a reader may look.
    pub(super) fn readable(&self, durable_only: bool) -> u64 {
        if durable_only { self.in_flight.durable() } else { self.sequence.end }
    }

    fn refusal(&self) -> Option<AppendError> {
        match &self.poisoned {
            Some(reason) => Some(AppendError::Poisoned(Arc::clone(reason))),
            None => self.closed.then_some(AppendError::Closed),
        }
    }

    fn is_full(&self, bytes: usize, max: usize) -> bool {
        self.outgoing.bytes > 0 && self.outgoing.bytes + bytes > max
    }

    /// Numbers, queues and publishes a group.
    fn place(&mut self, records: &mut Vec<NewRecord>) {
        let mut left = records.len();
        for new in records.drain(..) {
            left -= 1;
            let record = Arc::new(self.sequence.place(new));
            let slot = record.topic as usize;
            self.in_flight.push(slot, self.messages[slot], left > 0);
            self.messages[slot] += 1;
            self.ring.push(Arc::clone(&record));
            self.outgoing.records.push((record, left > 0));
        }
    }

    fn acknowledge(&mut self, id: usize, found: i64) -> Result<(), Displaced> {
        if id & CONTROL_ID == 0 {
            return match self.poisoned {
                Some(_) => Ok(()),
                None => self.in_flight.acknowledge(id as u64, found),
            };
        }
        let expected = (id & !CONTROL_ID) as i64 + self.control_shift;
        if found == expected { Ok(()) } else { Err(Displaced { slot: CONTROL_SLOT, expected, found }) }
    }

    fn shift(&mut self, displaced: Displaced) {
        let Displaced { slot, expected, found } = displaced;
        let by = found - expected;
        if slot == CONTROL_SLOT {
            self.control_shift += by;
        } else {
            self.in_flight.shift(slot, expected, by);
            self.messages[slot] += by;
        }
    }

    /// Makes a checkpoint of the present end when one is due and none is waiting.
    fn note_checkpoint(&mut self, epoch: u64, spacing: u64) {
        if self.sequence.end < self.checkpoint_at || self.checkpoint.is_some() {
            return;
        }
        let mut messages = [0; DATA_SLOTS];
        messages.copy_from_slice(&self.messages[..DATA_SLOTS]);
        self.checkpoint = Some(Checkpoint::new(epoch, &self.sequence, &messages));
        self.checkpoint_at = self.sequence.end + spacing;
    }

    /// Queues the waiting checkpoint once everything below it is durable.
    fn send_checkpoint(&mut self, durable: u64) {
        let ready = self.checkpoint.as_ref().is_some_and(|c| c.position <= durable);
        if !ready || self.outgoing.control.is_some() {
            return;
        }
        let Some(checkpoint) = self.checkpoint.take() else { return };
        let record = ControlRecord::Checkpoint(checkpoint);
        let json = serde_json::to_vec(&record).expect("a control record is JSON");
        let offset = self.messages[CONTROL_SLOT];
        self.messages[CONTROL_SLOT] += 1;
        self.history.note(offset as u64, record);
        self.outgoing.control = Some((CONTROL_ID | offset as usize, json));
    }
}

/// Bytes of a group that may be appended.
fn group_bytes(records: &[NewRecord], max: usize) -> Result<usize, AppendError> {
    let mut group = 0;
    for new in records {
        assert_eq!(new.partition, 0, "a node's log has one partition a topic");
        let bytes = message::message_bytes_max(new);
        if bytes > max {
            return Err(AppendError::TooLarge { bytes, max });
        }
        group += bytes;
    }
    Ok(group)
}
