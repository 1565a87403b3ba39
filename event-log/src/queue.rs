//! Between those who append and the writer thread: numbers, recent records, frames that wait for the disk.

use crate::blocks::BLOCK_BYTES;
use crate::frame::{self, Framing};
use crate::listeners::Listeners;
use crate::ring::Ring;
use crate::segment::{Catalog, Header, Segment};
use crate::sequence::{Sequence, TopicSet};
use crate::signal::{Shared, Signal};
use crate::{AppendError, FileLogConfig, NewRecord, Record};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Records evicted under one hold of the lock: a few microseconds.
const EVICT_MAX: usize = 512;

/// What all handles of one open log share.
pub(crate) struct Queue {
    pub(crate) state: Shared<State>,
    pub(crate) catalog: Catalog,
    /// The durable position moved, or all is over: for those who wait for durability. Readers have bells of their own.
    pub(crate) synced: Signal,
    /// There is something to write, or all is over: for the writer thread.
    work: Signal,
    /// The writer took what was queued, or all is over: for those who wait to append.
    space: Signal,
    end: AtomicU64,
    durable: AtomicU64,
}

pub(crate) struct State {
    pub(crate) ring: Ring,
    pub(crate) sequence: Sequence,
    pub(crate) durable: u64,
    pub(crate) poisoned: Option<Arc<str>>,
    closed: bool,
    queued: Batch,
    /// Position of the first record queued.
    batch: u64,
    fill: Fill,
    pub(crate) listeners: Arc<Listeners>,
}

/// The segment that frames are being queued for.
pub(crate) struct Fill {
    pub(crate) segment: Arc<Segment>,
    /// Where the next frame goes.
    pub(crate) byte: u64,
    /// Where the file ends.
    pub(crate) capacity: u64,
}

/// Frames of whole groups, written and synced at once.
#[derive(Default)]
pub(crate) struct Batch {
    pub(crate) bytes: Vec<u8>,
    /// New segments that begin within, ascending.
    pub(crate) rolls: Vec<Roll>,
    /// Topics of its records.
    pub(crate) topics: TopicSet,
    /// Position after the last record.
    pub(crate) end: u64,
}

/// Where a batch goes on in a new segment.
pub(crate) struct Roll {
    /// Bytes of the batch that belong before it.
    pub(crate) at: usize,
    pub(crate) name: String,
    pub(crate) header: Vec<u8>,
    /// Size of the new file.
    pub(crate) capacity: u64,
}

impl Batch {
    fn clear(&mut self) {
        self.bytes.clear();
        self.rolls.clear();
        self.topics = TopicSet::NONE;
    }
}

/// What a group needs, known before anything changes.
pub(crate) struct GroupSize {
    bytes: usize,
}

impl GroupSize {
    /// Measures a group.
    pub(crate) fn of(records: &[NewRecord], config: &FileLogConfig) -> Result<Self, AppendError> {
        let mut bytes = 0;
        for new in records {
            let frame = frame::frame_bytes(new);
            let max = config.record_bytes_max.min(frame::FRAME_BYTES_MAX);
            if frame > max {
                return Err(AppendError::TooLarge { bytes: frame, max });
            }
            if new.key.len() > frame::KEY_BYTES_MAX {
                return Err(AppendError::TooLarge { bytes: new.key.len(), max: frame::KEY_BYTES_MAX });
            }
            bytes += frame;
        }
        Ok(Self { bytes })
    }
}

impl Queue {
    pub(crate) fn new(catalog: Catalog, sequence: Sequence, fill: Fill, config: &FileLogConfig) -> Self {
        let end = sequence.end;
        let state = State {
            ring: Ring::new(end, config.ring_bytes_max, config.ring_records_max),
            sequence,
            durable: end,
            poisoned: None,
            closed: false,
            queued: Batch::default(),
            batch: end,
            fill,
            listeners: Arc::default(),
        };
        Self {
            state: Shared::new(state),
            catalog,
            synced: Signal::default(),
            work: Signal::default(),
            space: Signal::default(),
            end: AtomicU64::new(end),
            durable: AtomicU64::new(end),
        }
    }

    pub(crate) fn end(&self) -> u64 {
        self.end.load(Ordering::Acquire)
    }

    pub(crate) fn durable(&self) -> u64 {
        self.durable.load(Ordering::Acquire)
    }

    /// Queues a group; waits while too much is queued. Returns the new end.
    pub(crate) fn append(
        &self,
        records: &mut Vec<NewRecord>,
        size: &GroupSize,
        config: &FileLogConfig,
        salt: &dyn Fn() -> u32,
    ) -> Result<u64, AppendError> {
        let (end, topics, listeners) = {
            let mut state = self.state.lock();
            if state.is_full(size, config) {
                state = self.space.wait(state, |s| s.refusal().is_none() && s.is_full(size, config));
            }
            if let Some(refusal) = state.refusal() {
                return Err(refusal);
            }
            // Nothing fails from here on.
            let topics = records.iter().fold(TopicSet::NONE, |topics, record| topics.with(record.topic));
            if !records.is_empty() {
                state.make_room(size, config, salt, &self.catalog);
                state.place(records);
                self.end.store(state.sequence.end, Ordering::Release);
            }
            (state.sequence.end, topics, Arc::clone(&state.listeners))
        };
        self.work.notify();
        listeners.appended(topics);
        Ok(end)
    }

    /// Waits for work. `false` when closed and all is written.
    pub(crate) fn wait_for_work(&self) -> bool {
        let mut state = self.state.lock();
        if state.queued.bytes.is_empty() && !state.closed {
            state = self.work.wait(state, |s| s.queued.bytes.is_empty() && !s.closed);
        }
        !state.queued.bytes.is_empty()
    }

    /// Swaps what is queued for `done`, which is reused. `false` when nothing is.
    pub(crate) fn next_batch(&self, done: &mut Batch) -> bool {
        done.clear();
        let mut state = self.state.lock();
        if state.queued.bytes.is_empty() {
            return false;
        }
        std::mem::swap(&mut state.queued, done);
        state.batch = state.sequence.end;
        drop(state);
        self.space.notify();
        true
    }

    /// Everything below `end` is durable; `topics` are those of the newest records.
    pub(crate) fn set_durable(&self, end: u64, topics: TopicSet) {
        let listeners = {
            let mut state = self.state.lock();
            state.durable = end;
            self.durable.store(end, Ordering::Release);
            Arc::clone(&state.listeners)
        };
        self.synced.notify();
        listeners.synced(topics);
    }

    /// Brings the ring back within its bounds. What is evicted passes through `evicted`, so that its memory is freed
    /// without the lock.
    pub(crate) fn trim_ring(&self, evicted: &mut Vec<Arc<Record>>) {
        loop {
            let mut state = self.state.lock();
            let durable = state.durable;
            state.ring.evict(durable, EVICT_MAX, evicted);
            drop(state);
            if evicted.is_empty() {
                return;
            }
            evicted.clear();
        }
    }

    /// Refuses everything from now on and wakes all who wait.
    pub(crate) fn poison(&self, reason: &str) {
        let listeners = {
            let mut state = self.state.lock();
            state.poisoned.get_or_insert_with(|| reason.into());
            Arc::clone(&state.listeners)
        };
        self.wake_all(&listeners);
    }

    /// Takes no more records; what is queued will be written.
    pub(crate) fn close(&self) {
        let listeners = {
            let mut state = self.state.lock();
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
    pub(crate) fn is_over(&self) -> bool {
        self.closed || self.poisoned.is_some()
    }

    fn refusal(&self) -> Option<AppendError> {
        match &self.poisoned {
            Some(reason) => Some(AppendError::Poisoned(Arc::clone(reason))),
            None => self.closed.then_some(AppendError::Closed),
        }
    }

    fn is_full(&self, size: &GroupSize, config: &FileLogConfig) -> bool {
        let queued = self.queued.bytes.len();
        queued > 0 && queued + size.bytes > config.queue_bytes_max
    }

    /// Begins a new segment if the group does not fit into the present one: a group never spans two.
    fn make_room(
        &mut self,
        size: &GroupSize,
        config: &FileLogConfig,
        salt: &dyn Fn() -> u32,
        catalog: &Catalog,
    ) {
        let bytes = size.bytes as u64;
        if self.fill.byte + bytes <= self.fill.capacity {
            return;
        }
        let previous = Some((self.fill.segment.base, self.fill.byte));
        let header = Header { salt: salt(), previous, sequence: self.sequence.clone() };
        let encoded = header.encode();
        let frames_at = encoded.len() as u64;
        let capacity = config.segment_bytes.max((frames_at + bytes).next_multiple_of(BLOCK_BYTES as u64));
        let segment = Arc::new(Segment::new(&header, encoded.len()));
        catalog.push(Arc::clone(&segment));
        let name = segment.name.clone();
        self.fill = Fill { segment, byte: frames_at, capacity };
        self.queued.rolls.push(Roll { at: self.queued.bytes.len(), name, header: encoded, capacity });
    }

    /// Numbers, frames and publishes a group.
    fn place(&mut self, records: &mut Vec<NewRecord>) {
        let mut left = records.len();
        for new in records.drain(..) {
            left -= 1;
            self.queued.topics = self.queued.topics.with(new.topic);
            let record = self.sequence.place(new);
            let framing =
                Framing { salt: self.fill.segment.salt, batch: self.batch, group_continues: left > 0 };
            let before = self.queued.bytes.len();
            frame::encode(&record, framing, &mut self.queued.bytes);
            self.fill.segment.note(record.position.0, self.fill.byte);
            self.fill.byte += (self.queued.bytes.len() - before) as u64;
            self.ring.push(Arc::new(record));
        }
        self.queued.end = self.sequence.end;
    }
}
