//! A subscription: recent records from the ring, older ones from the segments.

use crate::files::Directory;
use crate::listeners::Bell;
use crate::queue::{Queue, State};
use crate::ring::Span;
use crate::segment_reader::SegmentReader;
use crate::sequence::TopicSet;
use crate::{Glimpse, ReadError, Reader, Record};
use assay_trading_types::{Position, Topic};
use std::sync::Arc;
use std::time::Duration;

/// Records looked at under one hold of the lock: tens of microseconds.
const LOOK_MAX: usize = 4096;
/// Bytes of values that one poll takes from files, whatever `max` says, so that a reader far behind stays small.
const FILE_POLL_BYTES_MAX: usize = 4 << 20;

pub(crate) struct FileReader {
    queue: Arc<Queue>,
    directory: Arc<dyn Directory>,
    topics: TopicSet,
    next: u64,
    durable_only: bool,
    bell: Arc<Bell>,
    /// Kept while behind the ring; dropped with its buffer when caught up.
    behind: Option<SegmentReader>,
}

/// What one look at the ring gave.
enum Look {
    /// Records.
    Some(usize),
    /// None of the reader's topics; there is more to look at.
    More,
    /// Nothing yet.
    Idle,
    /// The ring begins here, after what is wanted.
    Behind(u64),
    /// Nothing ever again.
    Poisoned(Arc<str>),
}

impl FileReader {
    pub(crate) fn new(
        queue: Arc<Queue>,
        directory: Arc<dyn Directory>,
        topics: &[Topic],
        from: Position,
        durable_only: bool,
    ) -> Result<Self, ReadError> {
        let first = queue.catalog.first();
        if from.0 < first {
            return Err(ReadError::Gone { asked: from, first: Position(first) });
        }
        let topics = TopicSet::of(topics);
        let bell = Arc::new(Bell::new(topics, durable_only));
        let mut state = queue.state.lock();
        state.listeners = Arc::new(state.listeners.with_bell(&bell));
        drop(state);
        Ok(Self { queue, directory, topics, next: from.0, durable_only, bell, behind: None })
    }

    fn look(&mut self, state: &State, into: &mut Vec<Arc<Record>>, max: usize) -> Look {
        let readable = if self.durable_only { state.durable } else { state.sequence.end };
        if self.next >= readable {
            return match &state.poisoned {
                Some(reason) => Look::Poisoned(Arc::clone(reason)),
                None => Look::Idle,
            };
        }
        if self.next < state.ring.first() {
            return Look::Behind(state.ring.first());
        }
        self.behind = None;
        let before = into.len();
        let span = Span { from: self.next, until: readable, look_max: LOOK_MAX };
        self.next = state.ring.copy(self.topics, span, max, into);
        match into.len() - before {
            0 if self.next < readable => Look::More,
            0 => Look::Idle,
            taken => Look::Some(taken),
        }
    }

    /// Reads files up to where the ring begins.
    fn read_behind(
        &mut self,
        ring_first: u64,
        into: &mut Vec<Arc<Record>>,
        max: usize,
    ) -> Result<usize, ReadError> {
        let mut reader = match self.behind.take() {
            Some(reader) => reader,
            None => SegmentReader::new(Arc::clone(&self.directory), self.next),
        };
        let (mut taken, mut bytes) = (0, 0);
        while self.next < ring_first && taken < max && bytes < FILE_POLL_BYTES_MAX {
            let record = reader.next(&self.queue.catalog, self.topics)?;
            self.next = reader.position();
            if let Some(record) = record {
                bytes += record.value.len();
                taken += 1;
                into.push(Arc::new(record));
            }
        }
        self.behind = Some(reader);
        Ok(taken)
    }
}

impl FileReader {
    /// Shows records of files up to where the ring begins.
    fn scan_behind(
        &mut self,
        ring_first: u64,
        max: usize,
        see: &mut dyn FnMut(&Glimpse<'_>) -> bool,
    ) -> Result<usize, ReadError> {
        let mut reader = match self.behind.take() {
            Some(reader) => reader,
            None => SegmentReader::new(Arc::clone(&self.directory), self.next),
        };
        let (mut shown, mut goes_on) = (0, true);
        while goes_on && self.next < ring_first && shown < max {
            let more = reader.show_next(&self.queue.catalog, self.topics, &mut *see)?;
            self.next = reader.position();
            shown += usize::from(more.is_some());
            goes_on = more.unwrap_or(true);
        }
        self.behind = Some(reader);
        Ok(shown)
    }
}

impl Drop for FileReader {
    fn drop(&mut self) {
        let mut state = self.queue.state.lock();
        state.listeners = Arc::new(state.listeners.without_bell(&self.bell));
    }
}

impl Reader for FileReader {
    fn poll(&mut self, into: &mut Vec<Arc<Record>>, max: usize) -> Result<usize, ReadError> {
        if max == 0 {
            return Ok(0);
        }
        let queue = Arc::clone(&self.queue);
        loop {
            let look = self.look(&queue.state.lock(), into, max);
            match look {
                Look::Some(taken) => return Ok(taken),
                Look::Idle => return Ok(0),
                Look::Poisoned(reason) => return Err(ReadError::Poisoned(reason)),
                Look::More => {}
                Look::Behind(ring_first) => match self.read_behind(ring_first, into, max)? {
                    0 => {}
                    taken => return Ok(taken),
                },
            }
        }
    }

    fn poll_wait(
        &mut self,
        into: &mut Vec<Arc<Record>>,
        max: usize,
        timeout: Duration,
    ) -> Result<usize, ReadError> {
        let taken = self.poll(into, max)?;
        if taken > 0 || max == 0 {
            return Ok(taken);
        }
        let queue = Arc::clone(&self.queue);
        let bell = Arc::clone(&self.bell);
        let mut look = Look::Idle;
        let nothing = |state: &mut State| {
            look = self.look(state, into, max);
            while matches!(look, Look::More) {
                look = self.look(state, into, max);
            }
            matches!(look, Look::Idle) && !state.is_over()
        };
        drop(bell.signal.wait_up_to(queue.state.lock(), timeout, nothing));
        match look {
            Look::Some(taken) => Ok(taken),
            Look::Idle => Ok(0),
            Look::Poisoned(reason) => Err(ReadError::Poisoned(reason)),
            Look::More | Look::Behind(_) => self.poll(into, max),
        }
    }

    fn scan(&mut self, max: usize, see: &mut dyn FnMut(&Glimpse<'_>) -> bool) -> Result<usize, ReadError> {
        if max == 0 {
            return Ok(0);
        }
        let queue = Arc::clone(&self.queue);
        let mut records = Vec::new();
        loop {
            let look = self.look(&queue.state.lock(), &mut records, max);
            match look {
                Look::Some(taken) => {
                    // Whether all were seen or not, the reader has passed them.
                    let _enough = records.iter().all(|record| see(&Glimpse::of(record)));
                    return Ok(taken);
                }
                Look::Idle => return Ok(0),
                Look::Poisoned(reason) => return Err(ReadError::Poisoned(reason)),
                Look::More => {}
                Look::Behind(ring_first) => match self.scan_behind(ring_first, max, see)? {
                    0 => {}
                    shown => return Ok(shown),
                },
            }
        }
    }

    fn position(&self) -> Position {
        Position(self.next)
    }
}
