//! The gateway between its sockets and its log: every session, one batch of records, one durable position.

mod replay;
mod restart;

use crate::application::Replies;
use crate::link::{Connection, Link, Turn};
use crate::snapshot::{SessionSnapshot, Snapshot};
use crate::{Application, Error, GatewayConfig, RecordBatch, Settles, Statistics};
use assay_event_log::{EventLog, Reader, Record};
use assay_trading_types::{CompId, Event, Origin, Role, SessionId, Timestamp, Topic};
use fix_session::{Close, Identity, Now, Session};
use rustc_hash::FxHashMap;
use std::collections::VecDeque;
use std::io::ErrorKind;
use std::rc::Rc;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio::sync::Notify;

/// Requests of one session without an answer, beyond which its socket is not read: more than any pipeline needs to stay
/// busy between two syncs of a slow disk.
pub(crate) const IN_FLIGHT_SESSION_MAX: u64 = 16_384;
/// Requests of all sessions without an answer, beyond which no socket is read.
pub(crate) const IN_FLIGHT_MAX: u64 = 65_536;
/// Bytes appended and not yet durable, beyond which no socket is read: below what the log takes before it blocks.
pub(crate) const UNDURABLE_BYTES_MAX: usize = 16 << 20;
/// Outcomes turned into messages before sockets are served again.
const OUTCOMES_PER_TURN: usize = 1_024;
/// Unsent bytes that a peer may leave standing for `SLOW_NS` before it is cut off (C-10).
pub(crate) const SLOW_BYTES: usize = 8 << 20;
/// How long.
pub(crate) const SLOW_NS: u64 = 10_000_000_000;
/// Unsent bytes at which a peer is cut off at once, so that memory stays bounded whatever the rate.
pub(crate) const UNSENT_BYTES_MAX: usize = 64 << 20;

/// All sessions over one log. Lives on one thread; the driver's tasks share it and never hold it while they wait.
pub(crate) struct Gateway<A> {
    pub(crate) config: GatewayConfig,
    pub(crate) log: Arc<dyn EventLog>,
    application: A,
    pub(crate) links: Vec<Link>,
    by_comp_id: FxHashMap<CompId, usize>,
    by_session: FxHashMap<SessionId, usize>,
    batch: RecordBatch,
    replies: Replies,
    outcomes: Box<dyn Reader>,
    polled: Vec<Arc<Record>>,
    /// Per partition of `accounts`: the offset after the last outcome told.
    told: Vec<u64>,
    /// Offset of the last clock tick but one seen in `accounts`.
    ticks: [u64; 2],
    /// Position after our last record.
    appended_end: u64,
    /// (position after a group, its bytes) of groups not yet durable.
    undurable: VecDeque<(u64, usize)>,
    undurable_bytes: usize,
    pub(crate) statistics: Arc<Statistics>,
    pub(crate) failed: Option<Error>,
    pub(crate) stopping: bool,
    /// Position of the last snapshot.
    snapshot_at: u64,
    /// A snapshot to be written once the log is durable so far.
    snapshot: Option<Snapshot>,
}

/// Where a connection's task stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) over: bool,
    pub(crate) read: bool,
    pub(crate) write: bool,
    pub(crate) replay: bool,
    /// On the monotonic clock.
    pub(crate) deadline: Option<u64>,
}

impl<A: Application> Gateway<A> {
    /// The session that a first message belongs to, if it may log on now (C-01, L-05, L-06).
    pub(crate) fn identify(&self, identity: &Identity<'_>) -> Option<usize> {
        let known = identity.begin_string == b"FIX.4.4"
            && identity.msg_type == b"A"
            && identity.target_comp_id == self.config.comp_id.as_str().as_bytes();
        let peer = CompId::from_bytes(identity.sender_comp_id).ok()?;
        let index = *self.by_comp_id.get(&peer)?;
        let free = self.links[index].state.connection.is_none() && !self.stopping && self.failed.is_none();
        (known && free).then_some(index)
    }

    /// A socket for session `index`.
    pub(crate) fn attach(&mut self, index: usize, stream: Rc<TcpStream>, now: Now) -> Rc<Notify> {
        let wake = Rc::new(Notify::new());
        let connection =
            Connection { stream, wake: Rc::clone(&wake), blocked: false, paused: false, slow_since: None };
        let state = &mut self.links[index].state;
        state.connection = Some(connection);
        state.close = None;
        state.queue.clear();
        self.turn(index, now, |session, turn| session.connected(now, turn));
        self.commit();
        wake
    }

    /// The socket of session `index` is gone.
    pub(crate) fn detach(&mut self, index: usize, now: Now) {
        let link = &mut self.links[index];
        link.replay = None;
        link.state.wanted = None;
        link.state.connection = None;
        link.state.queue.clear();
        link.state.close = None;
        if std::mem::take(&mut link.state.established) {
            self.statistics.sessions_up.fetch_sub(1, std::sync::atomic::Ordering::Relaxed);
        }
        if self.failed.is_none() {
            self.turn(index, now, |session, turn| session.handle_disconnected(now, turn));
            self.links[index].state.wanted = None;
            self.links[index].state.close = None;
            self.links[index].state.queue.clear();
            self.commit();
        }
    }

    /// Bytes arrived. Returns how many the engine is done with.
    pub(crate) fn received(&mut self, index: usize, bytes: &[u8], now: Now) -> usize {
        if self.failed.is_some() {
            return bytes.len();
        }
        let used = self.turn(index, now, |session, turn| session.handle_bytes(now, bytes, turn));
        self.commit();
        used
    }

    /// A deadline passed.
    pub(crate) fn timeout(&mut self, index: usize, now: Now) {
        let due = self.links[index].session.poll_deadline().is_some_and(|at| at <= now.mono_ns);
        if due && self.failed.is_none() {
            self.turn(index, now, |session, turn| session.handle_timeout(now, turn));
            self.commit();
        }
        self.cut_slow(index, now);
    }

    /// Begins to log every session out (O-09); those not logged on are closed.
    pub(crate) fn stop(&mut self, now: Now) {
        self.stopping = true;
        for index in 0..self.links.len() {
            if self.links[index].state.connection.is_some() && self.failed.is_none() {
                self.turn(index, now, |session, turn| session.logout(now, "Server shutting down", turn));
            }
        }
        self.commit();
    }

    /// Whether no session has a connection.
    pub(crate) fn is_quiet(&self) -> bool {
        self.links.iter().all(|link| link.state.connection.is_none())
    }

    /// Lets the engine of session `index` do something and sends what the application answered meanwhile.
    fn turn<R>(
        &mut self,
        index: usize,
        now: Now,
        act: impl FnOnce(&mut Session, &mut Turn<'_, A>) -> R,
    ) -> R {
        let link = &mut self.links[index];
        let mut turn = Turn {
            application: &mut self.application,
            spec: &link.spec,
            names: &link.names,
            state: &mut link.state,
            batch: &mut self.batch,
            replies: &mut self.replies,
            statistics: &self.statistics,
            origin: None,
            at: Timestamp::from_ns(now.utc_ns),
        };
        let result = act(&mut link.session, &mut turn);
        if !turn.replies.is_empty() {
            let mut replies = std::mem::take(turn.replies);
            for (outgoing, body) in replies.iter() {
                link.session.send(now, outgoing, |out| _ = out.raw(body), &mut turn);
                Statistics::add(&turn.statistics.reports_out, 1);
            }
            replies.clear();
            *turn.replies = replies;
        }
        result
    }

    /// Appends what the last turns journalled, as one group, and lets their bytes go once it is durable.
    fn commit(&mut self) {
        let count = self.batch.records.len() as u64;
        if count > 0 {
            match self.log.append(&mut self.batch.records) {
                Ok(last) => {
                    self.appended_end = last.0 + 1;
                    let bytes = self.batch.take_bytes();
                    self.undurable.push_back((self.appended_end, bytes));
                    self.undurable_bytes += bytes;
                }
                Err(error) => return self.fail(error.into()),
            }
        }
        let first = self.appended_end - count;
        let durable = self.log.durable().0;
        for link in &mut self.links {
            if !std::mem::take(&mut link.state.touched) {
                continue;
            }
            for (seq, at) in link.state.noted.drain(..) {
                link.state.journal.note(seq, first + at as u64);
            }
            link.state.queue.mark(self.appended_end);
            link.state.flush(durable);
            if let Some(connection) = &link.state.connection
                && (link.state.close.is_some() || link.state.wanted.is_some())
            {
                connection.wake.notify_one();
            }
        }
    }

    /// The log refuses records: nothing more is said on any session, none may log on (X-03, design section 3.5).
    pub(crate) fn fail(&mut self, error: Error) {
        tracing::error!(%error, source = ?std::error::Error::source(&error), "gateway closes every session");
        self.batch.records.clear();
        for link in &mut self.links {
            link.state.queue.clear();
            link.state.close = Some(Close::Silent);
            if let Some(connection) = &link.state.connection {
                connection.wake.notify_one();
            }
        }
        self.failed.get_or_insert(error);
    }

    /// The log changed: outcomes become messages, durable bytes go out. Returns whether there may be more to do.
    pub(crate) fn advance(&mut self, now: Now) -> bool {
        if self.failed.is_some() {
            return false;
        }
        if let Some(reason) = self.log.poisoned() {
            self.fail(assay_event_log::AppendError::Poisoned(reason).into());
            return false;
        }
        let more = match self.answer(now) {
            Ok(more) => more,
            Err(error) => {
                self.fail(error);
                return false;
            }
        };
        let durable = self.log.durable().0;
        while let Some(&(end, bytes)) = self.undurable.front() {
            if end > durable {
                break;
            }
            self.undurable_bytes -= bytes;
            self.undurable.pop_front();
        }
        for index in 0..self.links.len() {
            self.links[index].state.flush(durable);
            self.cut_slow(index, now);
            self.resume(index);
        }
        self.snapshot_when_due();
        more
    }

    fn answer(&mut self, now: Now) -> Result<bool, Error> {
        if !A::ANSWERS {
            return Ok(false);
        }
        let mut polled = std::mem::take(&mut self.polled);
        let count = self.outcomes.poll(&mut polled, OUTCOMES_PER_TURN)?;
        for record in polled.drain(..) {
            self.outcome(&record, now)?;
        }
        self.polled = polled;
        self.commit();
        Ok(count == OUTCOMES_PER_TURN)
    }

    fn outcome(&mut self, record: &Record, now: Now) -> Result<(), Error> {
        let partition = usize::from(record.partition);
        if let Some(Origin::Request(id)) = record.origin {
            if let Some(&index) = self.by_session.get(&id.session) {
                self.links[index].state.in_flight.placed(record.offset, id.epoch, id.seq);
            }
            return Ok(());
        }
        if self.told.get(partition).is_none_or(|told| record.offset < *told) {
            return Ok(());
        }
        let event = record.decode().map_err(|source| Error::Record { position: record.position, source })?;
        if matches!(*event, Event::ClockTicked(_)) {
            self.tick(record.offset);
            return Ok(());
        }
        let Some(answer) = self.application.answer(record, &event) else { return Ok(()) };
        self.told[partition] = record.offset + 1;
        let Some(&index) = self.by_session.get(&answer.session) else {
            Statistics::add(&self.statistics.outcomes_without_session, 1);
            return Ok(());
        };
        if let Some(settles) = answer.settles {
            self.settle(index, settles);
        }
        let origin = Origin::Input {
            role: Role::Gateway,
            topic: Topic::Accounts,
            partition: record.partition,
            offset: record.offset,
            index: 0,
        };
        self.turn(index, now, |session, turn| {
            turn.origin = Some((origin, record.trace));
            let msg_type = msg_type_of(answer.report.msg_type());
            session.send(now, msg_type, |out| answer.report.write(out), turn);
            turn.origin = None;
        });
        Statistics::add(&self.statistics.reports_out, 1);
        Ok(())
    }

    fn settle(&mut self, index: usize, settles: Settles) {
        let in_flight = &mut self.links[index].state.in_flight;
        let before = in_flight.count();
        in_flight.settled(settles);
        let settled = before - in_flight.count();
        self.statistics.in_flight.fetch_sub(settled, std::sync::atomic::Ordering::Relaxed);
    }

    /// The owner of `accounts` ticks in turn with its work: what stood before the last tick but one is decided.
    fn tick(&mut self, offset: u64) {
        let decided = self.ticks[1];
        self.ticks = [offset, self.ticks[0]];
        for link in &mut self.links {
            let before = link.state.in_flight.count();
            link.state.in_flight.decided_before(decided);
            let settled = before - link.state.in_flight.count();
            self.statistics.in_flight.fetch_sub(settled, std::sync::atomic::Ordering::Relaxed);
        }
    }

    fn is_full(&self, index: usize) -> bool {
        self.links[index].state.in_flight.count() >= IN_FLIGHT_SESSION_MAX
            || self.statistics.in_flight() >= IN_FLIGHT_MAX
            || self.undurable_bytes >= UNDURABLE_BYTES_MAX
    }

    fn resume(&mut self, index: usize) {
        let full = self.is_full(index);
        if let Some(connection) = &mut self.links[index].state.connection
            && connection.paused
            && !full
        {
            connection.paused = false;
            connection.wake.notify_one();
        }
    }

    /// What the task of session `index` waits for next.
    pub(crate) fn plan(&mut self, index: usize) -> Plan {
        let full = self.is_full(index);
        let link = &mut self.links[index];
        let unsent = link.state.queue.unsent();
        let over = match link.state.close {
            Some(Close::Silent) => true,
            Some(Close::Flush) => unsent == 0,
            None => false,
        };
        let replay = (link.replay.is_some() || link.state.wanted.is_some()) && unsent < replay::AHEAD_BYTES;
        let deadline = link.session.poll_deadline();
        let Some(connection) = &mut link.state.connection else {
            return Plan { over: true, read: false, write: false, replay: false, deadline: None };
        };
        connection.paused = full;
        let slow = connection.slow_since.map(|since| since + SLOW_NS);
        let deadline = [deadline, slow].into_iter().flatten().min();
        let read = !full && link.state.close.is_none();
        Plan { over, read, write: connection.blocked, replay, deadline }
    }

    /// The socket takes bytes again.
    pub(crate) fn writable(&mut self, index: usize) {
        let durable = self.log.durable().0;
        let state = &mut self.links[index].state;
        if let Some(connection) = &mut state.connection {
            connection.blocked = false;
        }
        state.flush(durable);
    }

    fn cut_slow(&mut self, index: usize, now: Now) {
        let state = &mut self.links[index].state;
        let unsent = state.queue.unsent();
        let Some(connection) = &mut state.connection else { return };
        if unsent < SLOW_BYTES || !connection.blocked {
            connection.slow_since = None;
            return;
        }
        let since = *connection.slow_since.get_or_insert(now.mono_ns);
        if now.mono_ns - since >= SLOW_NS || unsent >= UNSENT_BYTES_MAX {
            tracing::warn!(
                session = self.links[index].names.session.as_str(),
                unsent,
                "slow consumer cut off"
            );
            Statistics::add(&self.statistics.slow_consumers, 1);
            let state = &mut self.links[index].state;
            state.queue.clear();
            state.close = Some(Close::Silent);
            if let Some(connection) = &state.connection {
                connection.wake.notify_one();
            }
        }
    }

    fn snapshot_when_due(&mut self) {
        let due = self.appended_end - self.snapshot_at >= self.config.snapshot_records;
        if due && self.snapshot.is_none() && self.config.snapshot_dir.is_some() {
            self.snapshot = Some(self.snapshot_now());
            self.snapshot_at = self.appended_end;
        }
    }

    /// The present state; good once the log is durable up to its `fix_from`.
    pub(crate) fn snapshot_now(&self) -> Snapshot {
        let mut snapshot = Snapshot::new(self.appended_end, self.outcomes.position().0, self.told.clone());
        snapshot.sessions.extend(self.links.iter().map(|link| {
            let numbers = link.session.numbers();
            SessionSnapshot {
                session: link.names.session,
                epoch: crate::link::narrow(numbers.epoch),
                next_in: numbers.next_in,
                next_out: numbers.next_out,
                journal: link.state.journal.clone(),
            }
        }));
        snapshot
    }

    /// A snapshot that may be written now.
    pub(crate) fn take_snapshot(&mut self) -> Option<Snapshot> {
        let durable = self.log.durable().0;
        self.snapshot.take_if(|snapshot| snapshot.fix_from <= durable)
    }
}

impl crate::link::LinkState {
    /// Writes what is durable, as far as the socket takes it.
    pub(crate) fn flush(&mut self, durable: u64) {
        let has_bytes = self.queue.advance(durable);
        let Some(connection) = &mut self.connection else { return };
        if !has_bytes || connection.blocked {
            return;
        }
        while !self.queue.writable().is_empty() {
            match connection.stream.try_write(self.queue.writable()) {
                Ok(count) => self.queue.wrote(count),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    connection.blocked = true;
                    connection.wake.notify_one();
                    return;
                }
                Err(error) => {
                    tracing::debug!(%error, "peer is gone");
                    self.queue.clear();
                    self.close = Some(Close::Silent);
                    connection.wake.notify_one();
                    return;
                }
            }
        }
        if self.close.is_some() {
            connection.wake.notify_one();
        }
    }
}

/// MsgType(35) as the engine takes it.
fn msg_type_of(msg_type: &[u8]) -> fix_session::Outgoing<'_> {
    fix_session::Outgoing::new(msg_type)
}
