//! The gateway between its sockets and its log: every session, one batch of records, one durable position.

mod fills;
mod flow;
mod maintenance;
mod market_data;
mod outcomes;
mod protection;
mod release;
mod replay;
mod restart;
mod session_end;
mod sessions;
mod snapshots;

pub(crate) use fills::FillRecovery;
pub(crate) use market_data::Published;
pub(crate) use sessions::numbered_by;

use crate::admission::{Admitted, Door};
use crate::application::Replies;
use crate::definitions::Definitions;
use crate::exec_index::ExecIndex;
use crate::link::{Connection, Link, Turn};
use crate::market_data::Feed;
use crate::recovery::RecoveredSession;
use crate::snapshot::Snapshot;
use crate::socket::Socket;
use crate::throttle::SessionUsage;
use crate::{Application, Error, GatewayConfig, RecordBatch, Statistics};
use assay_event_log::{EventLog, Reader, Record};
use assay_trading_types::{CompId, SessionId, SessionLoss, Timestamp};
use fix_session::{Close, Identity, Now, Session};
use rustc_hash::FxHashMap;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use tokio::sync::Notify;

/// All sessions over one log. Lives on one thread; the driver's tasks share it and never hold it while they wait.
pub(crate) struct Gateway<A> {
    pub(crate) config: GatewayConfig,
    pub(crate) log: Arc<dyn EventLog>,
    application: A,
    pub(crate) door: Door,
    pub(crate) links: Vec<Link>,
    definitions: Definitions,
    /// Records of `admin` below this position are in `definitions`.
    defined_until: u64,
    /// Sessions that the log knows and that nobody has configured.
    unlinked: FxHashMap<SessionId, RecoveredSession>,
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
    /// Nothing is read any more, what was read is answered.
    draining: bool,
    pub(crate) stopping: bool,
    /// Where ExecIDs stand in the log.
    exec_index: ExecIndex,
    /// Position of the last snapshot.
    snapshot_at: u64,
    /// A snapshot to be written once the log is durable so far.
    snapshot: Option<Snapshot>,
    /// Keeps what market data is shown from; none until a session may ask for it.
    feed: Option<Feed>,
    /// Market data changed, or somebody asked for some.
    pub(crate) market_data_changed: Arc<Notify>,
}

impl<A: Application> Gateway<A> {
    /// The session that a first message belongs to, if it may log on now (C-01, L-05, L-06).
    pub(crate) fn identify(&self, identity: &Identity<'_>) -> Option<usize> {
        let known = identity.begin_string == b"FIX.4.4"
            && identity.msg_type == b"A"
            && identity.target_comp_id == self.config.comp_id.as_str().as_bytes();
        let peer = CompId::from_bytes(identity.sender_comp_id).ok()?;
        let index = *self.by_comp_id.get(&peer)?;
        (known && self.is_free(index)).then_some(index)
    }

    /// Whether session `index` was logged out for its rate so lately that it has to wait.
    pub(crate) fn is_throttled(&self, index: usize, now: Now) -> bool {
        let throttle = &self.links[index].state.throttle;
        throttle.as_ref().is_some_and(|throttle| throttle.bars_logon(now.mono_ns))
    }

    /// Whether session `index` may take a connection.
    pub(crate) fn is_free(&self, index: usize) -> bool {
        let link = &self.links[index];
        let may_log_on = link.usable && !link.suspended;
        link.state.connection.is_none() && may_log_on && !self.stopping && self.failed.is_none()
    }

    /// A socket for a session.
    pub(crate) fn attach(&mut self, admitted: Admitted, socket: Rc<Socket>, now: Now) -> Rc<Notify> {
        let wake = Rc::new(Notify::new());
        let connection = Connection {
            socket,
            wake: Rc::clone(&wake),
            blocked: false,
            paused_since: None,
            slow_since: None,
            waits_for_room: false,
            hours_at: self.links[admitted.index].spec.schedule.as_ref().map(|_| now.mono_ns),
        };
        let index = admitted.index;
        let state = &mut self.links[index].state;
        state.admission = admitted.verdict;
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
        link.release = None;
        link.recoveries.clear();
        link.state.wanted = None;
        link.state.queue_wanted = false;
        link.state.connection = None;
        link.state.queue.clear();
        link.state.close = None;
        let was_up = std::mem::take(&mut link.state.established);
        if was_up {
            self.statistics.sessions_up.fetch_sub(1, std::sync::atomic::Ordering::Relaxed);
        }
        if self.failed.is_none() {
            self.turn(index, now, |session, turn| session.handle_disconnected(now, turn));
            self.links[index].state.wanted = None;
            self.links[index].state.queue_wanted = false;
            self.links[index].state.close = None;
            self.links[index].state.queue.clear();
            if was_up {
                self.lose(index, Timestamp::from_ns(now.utc_ns));
            }
            self.settle_definition(index, now);
            self.commit();
        }
    }

    /// Bytes arrived. Returns how many the engine is done with.
    pub(crate) fn received(&mut self, index: usize, bytes: &[u8], now: Now) -> usize {
        if self.failed.is_some() {
            return bytes.len();
        }
        let used = self.turn(index, now, |session, turn| {
            session.handle_bytes_answering(now, bytes, turn, |session, turn| send_replies(session, now, turn))
        });
        self.watch(index, Timestamp::from_ns(now.utc_ns));
        self.end_excess(index, now);
        self.commit();
        self.look_for_subscriptions(index);
        used
    }

    /// The second tier of the throttle: who keeps at it is logged out.
    fn end_excess(&mut self, index: usize, now: Now) {
        let link = &mut self.links[index];
        let throttle = link.state.throttle.as_mut().filter(|_| link.session.is_established());
        if throttle.is_some_and(|throttle| throttle.is_excessive(now.mono_ns)) {
            Statistics::add(&self.statistics.throttle_logouts, 1);
            link.state.watch.ends(SessionLoss::Rate);
            self.turn(index, now, |session, turn| session.end(now, "Message rate exceeded", turn));
        }
    }

    /// How much of their limits the throttled sessions use now.
    pub(crate) fn usage(&mut self, now: Now) -> Vec<SessionUsage> {
        let used = |link: &mut Link| {
            let throttle = link.state.throttle.as_mut()?;
            Some(SessionUsage { session: link.names.session, usage: throttle.usage(now.mono_ns) })
        };
        self.links.iter_mut().filter_map(used).collect()
    }

    /// A deadline passed.
    pub(crate) fn timeout(&mut self, index: usize, now: Now) {
        let due = self.links[index].session.poll_deadline().is_some_and(|at| at <= now.mono_ns);
        if due && self.failed.is_none() {
            self.turn(index, now, |session, turn| session.handle_timeout(now, turn));
            self.commit();
        }
        self.cut_slow(index, now);
        if self.failed.is_none() {
            self.announce_end(index, now);
        }
    }

    /// Reads no more.
    pub(crate) fn drain(&mut self) {
        self.draining = true;
        (0..self.links.len()).for_each(|index| self.wake(index));
    }

    /// Begins to log every session out (O-09); those not logged on are closed.
    pub(crate) fn stop(&mut self, now: Now) {
        self.draining = false;
        self.stopping = true;
        for index in 0..self.links.len() {
            if self.links[index].state.connection.is_some() && self.failed.is_none() {
                self.turn(index, now, |session, turn| session.logout(now, "Server shutting down", turn));
                self.wake(index);
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
        let overloaded = self.is_overloaded(index, now);
        let link = &mut self.links[index];
        let mut turn = Turn {
            overloaded,
            application: &mut self.application,
            spec: &link.spec,
            names: &link.names,
            state: &mut link.state,
            batch: &mut self.batch,
            replies: &mut self.replies,
            statistics: &self.statistics,
            origin: None,
            at: Timestamp::from_ns(now.utc_ns),
            mono_ns: now.mono_ns,
        };
        let result = act(&mut link.session, &mut turn);
        send_replies(&mut link.session, now, &mut turn);
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
            for at in link.state.queued.drain(..) {
                link.state.backlog.queue(first + at as u64);
            }
            link.state.queue.mark(self.appended_end);
            link.state.flush(durable);
            if let Some(connection) = &link.state.connection
                && (link.state.close.is_some() || link.state.wanted.is_some() || link.state.queue_wanted)
            {
                connection.wake.notify_one();
            }
        }
    }

    /// Lets the task of session `index` look at its plan again.
    fn wake(&self, index: usize) {
        if let Some(connection) = &self.links[index].state.connection {
            connection.wake.notify_one();
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
            self.release_again(index);
        }
        self.snapshot_when_due();
        more
    }
}

/// Sends what the application answered.
fn send_replies<A: Application>(session: &mut Session, now: Now, turn: &mut Turn<'_, A>) {
    if turn.replies.is_empty() {
        return;
    }
    let mut replies = std::mem::take(turn.replies);
    for (outgoing, body) in replies.iter() {
        session.send(now, outgoing, |out| _ = out.raw(body), turn);
        Statistics::add(&turn.statistics.reports_out, 1);
    }
    replies.clear();
    *turn.replies = replies;
}
