//! A cursor over a served log.

use super::line::SILENCE_MAX;
use super::message::{Fields, Incoming, Message, MessageKind, malformed, read_records};
use super::remote::Core;
use crate::sequence::TopicSet;
use crate::{ReadError, Reader, Record};
use assay_trading_types::Position;
use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// How long one look at the socket waits for what has to come, and how many such looks make it lost.
const STEP: Duration = Duration::from_millis(250);
const STEPS_MAX: u32 = 120;

/// Records arrive on a connection of its own, whose buffers bound what waits.
pub(super) struct RemoteReader {
    core: Arc<Core>,
    incoming: Incoming,
    topics: TopicSet,
    durable_only: bool,
    /// Arrived and not taken: those of one message.
    records: VecDeque<Record>,
    /// Position behind the last one taken, or what the server says it passed behind that.
    passed: u64,
}

impl RemoteReader {
    /// Waits until the server has found the place.
    pub(super) fn begin(
        core: Arc<Core>,
        incoming: Incoming,
        topics: TopicSet,
        from: Position,
        durable_only: bool,
    ) -> Result<Self, ReadError> {
        let records = VecDeque::new();
        let mut reader = Self { core, incoming, topics, durable_only, records, passed: from.0 };
        match reader.receive(SILENCE_MAX)? {
            true => Ok(reader),
            false => Err(ReadError::Poisoned("the log's server does not answer".into())),
        }
    }

    /// Takes in one message, waiting up to `patience` for it; says whether there was one.
    fn receive(&mut self, patience: Duration) -> Result<bool, ReadError> {
        match self.hear(patience) {
            Ok(heard) => heard,
            Err(error) => {
                let why = error.to_string();
                self.core.lose(&why);
                Err(ReadError::Poisoned(why.into()))
            }
        }
    }

    /// As [`Self::receive`]; the outer error is the connection's.
    fn hear(&mut self, patience: Duration) -> io::Result<Result<bool, ReadError>> {
        let Some(Message { kind, body }) = self.incoming.next(patience)? else { return Ok(Ok(false)) };
        let mut fields = Fields(body);
        match kind {
            MessageKind::Records => {
                read_records(body, |record| self.records.push_back(self.core.with_event(record)))?;
            }
            MessageKind::Passed => self.passed = self.passed.max(fields.u64()?),
            MessageKind::Gone => {
                let (asked, first) = (Position(fields.u64()?), Position(fields.u64()?));
                return Ok(Err(ReadError::Gone { asked, first }));
            }
            MessageKind::Denied => return Err(io::Error::other(fields.text())),
            _ => return Err(malformed("a message out of turn")),
        }
        Ok(Ok(true))
    }

    /// Whether something is on its way that this process knows to be in the log.
    fn must_come(&self) -> bool {
        let standing = self.core.standing();
        let newest = standing.end_of(self.topics);
        self.passed < newest && (!self.durable_only || newest <= standing.durable)
    }

    /// Takes in what there is, and what there must be.
    fn look(&mut self) -> Result<(), ReadError> {
        let mut steps = 0;
        while self.records.is_empty() {
            let must_come = self.must_come();
            let came = self.receive(if must_come { STEP } else { Duration::ZERO })?;
            if came {
                continue;
            }
            if let Some(why) = self.core.lost() {
                return Err(ReadError::Poisoned(why));
            }
            if !must_come {
                return Ok(());
            }
            steps += 1;
            if steps == STEPS_MAX {
                return Err(ReadError::Poisoned("the log's server does not send what it has".into()));
            }
        }
        Ok(())
    }

    /// Gives what arrived; of a durable-only reader nothing that this process does not know to be durable.
    fn take(&mut self, into: &mut Vec<Arc<Record>>, max: usize) -> usize {
        let count = match self.durable_only {
            false => self.records.len(),
            true => {
                let durable = self.core.standing().durable;
                self.records.partition_point(|record| record.position.0 < durable)
            }
        };
        let count = max.min(count);
        into.extend(self.records.drain(..count).map(Arc::new));
        if let Some(last) = into.last().filter(|_| count > 0) {
            self.passed = last.position.0 + 1;
        }
        count
    }
}

impl Reader for RemoteReader {
    /// Less than `max` only when there is no more: who gets less waits to be woken.
    fn poll(&mut self, into: &mut Vec<Arc<Record>>, max: usize) -> Result<usize, ReadError> {
        let mut got = 0;
        while got < max {
            match self.look() {
                // It comes again when there is nothing else to return.
                Err(_) if got > 0 => break,
                looked => looked?,
            }
            match self.take(into, max - got) {
                0 => break,
                count => got += count,
            }
        }
        Ok(got)
    }

    fn poll_wait(
        &mut self,
        into: &mut Vec<Arc<Record>>,
        max: usize,
        timeout: Duration,
    ) -> Result<usize, ReadError> {
        let got = self.poll(into, max)?;
        if got > 0 || max == 0 {
            return Ok(got);
        }
        match self.records.front() {
            Some(record) => self.core.wait_until_durable(record.position.0 + 1, timeout),
            None => _ = self.receive(timeout)?,
        }
        self.poll(into, max)
    }

    fn position(&self) -> Position {
        let standing = self.core.standing();
        let newest = standing.end_of(self.topics);
        let is_done = self.records.is_empty() && self.passed >= newest;
        let reached = match self.durable_only {
            false => standing.end,
            true if newest <= standing.durable => standing.durable,
            true => 0,
        };
        Position(if is_done { self.passed.max(reached) } else { self.passed })
    }
}
