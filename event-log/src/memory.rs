//! The log in memory: a test twin of [`FileLog`](crate::FileLog) that crashes and repeats itself on demand.

use crate::listeners::Wake;
use crate::random::SplitMix;
use crate::sequence::{Sequence, TopicSet};
use crate::signal::{Shared, Signal};
use crate::{AppendError, EventLog, LastOrigins, NewRecord, NextOffsets, ReadError, Reader, Record};
use assay_trading_types::{Position, Topic};
use std::sync::Arc;
use std::time::Duration;

/// How a [`MemoryLog`] behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MemoryLogConfig {
    /// When records become durable.
    pub durability: Durability,
    /// How readers are served.
    pub delivery: Delivery,
}

/// When records become durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// With the append.
    #[default]
    Immediate,
    /// When [`MemoryLog::set_durable`] says so.
    Manual,
}

/// How readers are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Delivery {
    /// Each record once.
    #[default]
    Once,
    /// At least once: a poll that has something new may first step back up to [`STEP_BACK_MAX`] records and deliver
    /// them again, and may return fewer than asked for. The same seed gives the same deliveries to the same polls.
    AtLeastOnce {
        /// Decides everything.
        seed: u64,
        /// One poll in so many steps back; 0 means none.
        repeat_one_in: u32,
    },
}

/// Furthest that [`Delivery::AtLeastOnce`] steps back: longer than any group, short enough for tests to end.
pub const STEP_BACK_MAX: u64 = 16;

/// A log in memory. It keeps every record, so its size is bounded by the test that fills it, not by the log: use it
/// in tests and simulations only.
pub struct MemoryLog {
    inner: Arc<Inner>,
    config: MemoryLogConfig,
}

impl std::fmt::Debug for MemoryLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let state = self.inner.state.lock();
        write!(f, "MemoryLog(end {}, durable {})", state.sequence.end, state.durable)
    }
}

struct Inner {
    state: Shared<State>,
    changed: Signal,
}

struct State {
    records: Vec<Arc<Record>>,
    /// End of every group, ascending: where a crash may cut.
    group_ends: Vec<u64>,
    sequence: Sequence,
    durable: u64,
    poisoned: Option<Arc<str>>,
    wakers: Arc<[Wake]>,
}

impl Default for MemoryLog {
    fn default() -> Self {
        Self::new(MemoryLogConfig::default())
    }
}

impl MemoryLog {
    /// An empty log.
    pub fn new(config: MemoryLogConfig) -> Self {
        Self::holding(config, Vec::new(), Vec::new())
    }

    fn holding(config: MemoryLogConfig, records: Vec<Arc<Record>>, group_ends: Vec<u64>) -> Self {
        let mut sequence = Sequence::default();
        for r in &records {
            sequence.pass(r.topic, r.partition, r.offset, r.origin);
        }
        let durable = sequence.end;
        let wakers: Arc<[Wake]> = Arc::new([]);
        let state = State { records, group_ends, sequence, durable, poisoned: None, wakers };
        Self { inner: Arc::new(Inner { state: Shared::new(state), changed: Signal::default() }), config }
    }

    /// What a process finds after a crash: the records below `keep`, which is moved to between the durable position
    /// and the end and then down to the end of a whole group. Events have to be decoded again, as from a disk. This
    /// log is not changed; a crashed process does not see its successor.
    pub fn crash(&self, keep: Position) -> Self {
        self.crash_into(keep, self.config)
    }

    /// As [`MemoryLog::crash`]; the successor behaves as `config` says.
    pub fn crash_into(&self, keep: Position, config: MemoryLogConfig) -> Self {
        let state = self.inner.state.lock();
        let kept = state.whole_groups_below(keep.0.max(state.durable));
        let records = state.records[..kept as usize].iter().map(|r| Arc::new(from_disk(r))).collect();
        let group_ends = state.group_ends.iter().copied().take_while(|end| *end <= kept).collect();
        Self::holding(config, records, group_ends)
    }

    /// Makes all whole groups below `position` durable; never takes durability back. With [`Durability::Manual`].
    pub fn set_durable(&self, position: Position) {
        let wakers = {
            let mut state = self.inner.state.lock();
            state.durable = state.whole_groups_below(position.0).max(state.durable);
            Arc::clone(&state.wakers)
        };
        self.wake(&wakers);
    }

    /// Refuses everything from now on, as a log whose disk failed.
    pub fn poison(&self, reason: &str) {
        let wakers = {
            let mut state = self.inner.state.lock();
            state.poisoned.get_or_insert_with(|| reason.into());
            Arc::clone(&state.wakers)
        };
        self.wake(&wakers);
    }

    /// The newest origin of each producer.
    pub fn last_origins(&self) -> LastOrigins {
        self.inner.state.lock().sequence.origins.clone()
    }

    /// Next offset of each topic-partition.
    pub fn next_offsets(&self) -> NextOffsets {
        self.inner.state.lock().sequence.offsets.clone()
    }

    /// Every record, durable or not.
    pub fn records(&self) -> Vec<Arc<Record>> {
        self.inner.state.lock().records.clone()
    }

    fn wake(&self, wakers: &Arc<[Wake]>) {
        self.inner.changed.notify();
        wakers.iter().for_each(|wake| wake());
    }
}

fn from_disk(record: &Record) -> Record {
    Record { event: None, ..record.clone() }
}

impl State {
    fn whole_groups_below(&self, position: u64) -> u64 {
        let groups = self.group_ends.partition_point(|end| *end <= position);
        groups.checked_sub(1).map_or(0, |last| self.group_ends[last])
    }

    fn readable(&self, durable_only: bool) -> u64 {
        if durable_only { self.durable } else { self.sequence.end }
    }
}

impl EventLog for MemoryLog {
    fn append(&self, records: &mut Vec<NewRecord>) -> Result<Position, AppendError> {
        let (last, wakers) = {
            let mut guard = self.inner.state.lock();
            let state = &mut *guard;
            if let Some(reason) = &state.poisoned {
                return Err(AppendError::Poisoned(Arc::clone(reason)));
            }
            if !records.is_empty() {
                state.records.extend(records.drain(..).map(|new| Arc::new(state.sequence.place(new))));
                state.group_ends.push(state.sequence.end);
            }
            if self.config.durability == Durability::Immediate {
                state.durable = state.sequence.end;
            }
            (Position(state.sequence.end.saturating_sub(1)), Arc::clone(&state.wakers))
        };
        self.wake(&wakers);
        Ok(last)
    }

    fn end(&self) -> Position {
        Position(self.inner.state.lock().sequence.end)
    }

    fn durable(&self) -> Position {
        Position(self.inner.state.lock().durable)
    }

    fn wait_durable(&self, target: Position, timeout: Duration) -> Result<Position, AppendError> {
        let waiting = |s: &mut State| s.durable < target.0 && s.poisoned.is_none();
        let state = self.inner.changed.wait_up_to(self.inner.state.lock(), timeout, waiting);
        match &state.poisoned {
            Some(reason) if state.durable < target.0 => Err(AppendError::Poisoned(Arc::clone(reason))),
            _ => Ok(Position(state.durable)),
        }
    }

    fn on_change(&self, _: &[Topic], wake: Arc<dyn Fn() + Send + Sync>) {
        let mut state = self.inner.state.lock();
        state.wakers = state.wakers.iter().cloned().chain([wake]).collect();
    }

    fn reader(
        &self,
        topics: &[Topic],
        from: Position,
        durable_only: bool,
    ) -> Result<Box<dyn Reader>, ReadError> {
        let repeats = match self.config.delivery {
            Delivery::Once | Delivery::AtLeastOnce { repeat_one_in: 0, .. } => None,
            Delivery::AtLeastOnce { seed, repeat_one_in } => {
                Some(Repeats { random: SplitMix::new(seed ^ from.0), one_in: repeat_one_in })
            }
        };
        let inner = Arc::clone(&self.inner);
        let topics = TopicSet::of(topics);
        Ok(Box::new(MemoryReader { inner, topics, from: from.0, next: from.0, durable_only, repeats }))
    }

    fn poisoned(&self) -> Option<Arc<str>> {
        self.inner.state.lock().poisoned.clone()
    }
}

struct MemoryReader {
    inner: Arc<Inner>,
    topics: TopicSet,
    from: u64,
    next: u64,
    durable_only: bool,
    repeats: Option<Repeats>,
}

struct Repeats {
    random: SplitMix,
    one_in: u32,
}

impl Repeats {
    /// How many records to step back, and how many at most to deliver, for one poll.
    fn decide(&mut self, max: usize) -> (u64, usize) {
        let back = match self.random.below(u64::from(self.one_in)) {
            0 => 1 + self.random.below(STEP_BACK_MAX),
            _ => 0,
        };
        (back, (1 + self.random.below(max.max(1) as u64) as usize).max(back as usize + 1).min(max))
    }
}

impl MemoryReader {
    fn take(&mut self, state: &State, into: &mut Vec<Arc<Record>>, max: usize) -> Result<usize, ReadError> {
        let readable = state.readable(self.durable_only);
        if self.next >= readable {
            return match &state.poisoned {
                Some(reason) => Err(ReadError::Poisoned(Arc::clone(reason))),
                None => Ok(0),
            };
        }
        let (back, max) = self.repeats.as_mut().map_or((0, max), |r| r.decide(max));
        self.next = self.next.saturating_sub(back).max(self.from);
        let before = into.len();
        while self.next < readable && into.len() - before < max {
            let record = &state.records[self.next as usize];
            if self.topics.has(record.topic) {
                into.push(Arc::clone(record));
            }
            self.next += 1;
        }
        Ok(into.len() - before)
    }
}

impl Reader for MemoryReader {
    fn poll(&mut self, into: &mut Vec<Arc<Record>>, max: usize) -> Result<usize, ReadError> {
        let inner = Arc::clone(&self.inner);
        let state = inner.state.lock();
        self.take(&state, into, max)
    }

    fn poll_wait(
        &mut self,
        into: &mut Vec<Arc<Record>>,
        max: usize,
        timeout: Duration,
    ) -> Result<usize, ReadError> {
        let inner = Arc::clone(&self.inner);
        let mut taken = Ok(0);
        let nothing = |state: &mut State| {
            taken = self.take(state, into, max);
            matches!(taken, Ok(0))
        };
        drop(inner.changed.wait_up_to(inner.state.lock(), timeout, nothing));
        taken
    }

    fn position(&self) -> Position {
        Position(self.next)
    }
}
