//! A subscription: recent records from the ring, older ones from brokers.

use super::source::{Source, Start};
use super::state::{Core, State};
use crate::listeners::Bell;
use crate::ring::Span;
use crate::sequence::TopicSet;
use crate::{LogError, ReadError, Reader, Record};
use assay_trading_types::{Position, Topic};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::fault::KafkaFault;

/// Records looked at under one hold of the lock: tens of microseconds.
const LOOK_MAX: usize = 4096;
/// Bytes of values that one poll takes from brokers, whatever `max` says.
const POLL_BYTES_MAX: usize = 4 << 20;
/// One look for a message.
const FETCH_WAIT: Duration = Duration::from_millis(100);

pub(super) struct KafkaReader {
    core: Arc<Core>,
    topics: TopicSet,
    next: u64,
    durable_only: bool,
    bell: Arc<Bell>,
    /// Kept while behind the ring; dropped with its connections when caught up.
    behind: Option<Source>,
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

impl KafkaReader {
    pub(super) fn new(core: Arc<Core>, topics: &[Topic], from: Position, durable_only: bool) -> Self {
        let topics = TopicSet::of(topics);
        let bell = Arc::new(Bell::new(topics, durable_only));
        let mut state = core.state.lock();
        state.listeners = Arc::new(state.listeners.with_bell(&bell));
        drop(state);
        Self { core, topics, next: from.0, durable_only, bell, behind: None }
    }

    fn look(&mut self, state: &State, into: &mut Vec<Arc<Record>>, max: usize) -> Look {
        let readable = state.readable(self.durable_only);
        if self.next >= readable {
            return match &state.poisoned {
                Some(reason) => Look::Poisoned(Arc::clone(reason)),
                None => Look::Idle,
            };
        }
        if self.next < state.ring.first() {
            return Look::Behind(state.ring.first());
        }
        let before = into.len();
        let span = Span { from: self.next, until: readable, look_max: LOOK_MAX };
        self.next = state.ring.copy(self.topics, span, max, into);
        match into.len() - before {
            0 if self.next < readable => Look::More,
            0 => Look::Idle,
            taken => Look::Some(taken),
        }
    }

    /// Reads from brokers up to where the ring begins.
    fn read_behind(
        &mut self,
        ring_first: u64,
        into: &mut Vec<Arc<Record>>,
        max: usize,
    ) -> Result<usize, KafkaFault> {
        let mut source = match self.behind.take() {
            Some(source) => source,
            None => self.source()?,
        };
        let (mut taken, mut bytes) = (0, 0);
        while self.next < ring_first && taken < max && bytes < POLL_BYTES_MAX {
            let record = self.fetch(&mut source)?;
            let position = record.position.0;
            if position < self.next {
                continue;
            }
            self.next = position + 1;
            if self.topics.has(record.topic) {
                bytes += record.value.len();
                taken += 1;
                into.push(Arc::new(record));
            }
        }
        self.behind = (self.next < ring_first).then_some(source);
        Ok(taken)
    }

    fn source(&self) -> Result<Source, KafkaFault> {
        let (start, epochs) = {
            let state = self.core.state.lock();
            (Start::at(state.history.checkpoint(self.next)), state.history.epochs.clone())
        };
        Source::start(&self.core.config, &self.core.names, start, epochs)
    }

    /// The next record; it is durable, so it comes as soon as brokers serve.
    #[allow(clippy::disallowed_methods, reason = "a driver: it waits for brokers")]
    fn fetch(&self, source: &mut Source) -> Result<Record, KafkaFault> {
        let began = Instant::now();
        loop {
            if let Some(stored) = source.next(FETCH_WAIT)? {
                return Ok(stored.record);
            }
            let waited = began.elapsed();
            if waited > self.core.config.delivery_timeout {
                let (brokers, waited_s) = (self.core.config.brokers.clone(), waited.as_secs());
                let why = format!("no record of position {}: {}", source.position(), source.heard());
                return Err(KafkaFault::Away { brokers, waited_s, why });
            }
        }
    }
}

impl Drop for KafkaReader {
    fn drop(&mut self) {
        let mut state = self.core.state.lock();
        state.listeners = Arc::new(state.listeners.without_bell(&self.bell));
    }
}

impl Reader for KafkaReader {
    fn poll(&mut self, into: &mut Vec<Arc<Record>>, max: usize) -> Result<usize, ReadError> {
        if max == 0 {
            return Ok(0);
        }
        let core = Arc::clone(&self.core);
        loop {
            let look = self.look(&core.state.lock(), into, max);
            match look {
                Look::Some(taken) => return Ok(taken),
                Look::Idle => return Ok(0),
                Look::Poisoned(reason) => return Err(ReadError::Poisoned(reason)),
                Look::More => {}
                Look::Behind(ring_first) => {
                    match self.read_behind(ring_first, into, max).map_err(LogError::from)? {
                        0 => {}
                        taken => return Ok(taken),
                    }
                }
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
        let core = Arc::clone(&self.core);
        let bell = Arc::clone(&self.bell);
        let mut look = Look::Idle;
        let nothing = |state: &mut State| {
            look = self.look(state, into, max);
            while matches!(look, Look::More) {
                look = self.look(state, into, max);
            }
            matches!(look, Look::Idle) && !state.is_over()
        };
        drop(bell.signal.wait_up_to(core.state.lock(), timeout, nothing));
        match look {
            Look::Some(taken) => Ok(taken),
            Look::Idle => Ok(0),
            Look::Poisoned(reason) => Err(ReadError::Poisoned(reason)),
            Look::More | Look::Behind(_) => self.poll(into, max),
        }
    }

    fn position(&self) -> Position {
        Position(self.next)
    }
}
