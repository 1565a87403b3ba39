//! One session with what the gateway keeps beside the engine's state.

use crate::application::Replies;
use crate::backlog::Backlog;
use crate::cancel_on_disconnect::{Protected, Watch, echo};
use crate::config::REQUEST_BYTES_MAX;
use crate::credentials::without_passwords;
use crate::gateway::FillRecovery;
use crate::in_flight::InFlight;
use crate::journal_index::JournalIndex;
use crate::record_batch::{WireContext, trace_of};
use crate::send_queue::SendQueue;
use crate::socket::Socket;
use crate::throttle::{Throttle, TooFast, weight};
use crate::{Application, Effects, RecordBatch, SessionNames, SessionSpec, Statistics};
use assay_event_log::Reader;
use assay_trading_types::{
    Direction, Event, Origin, RequestId, SessionLoss, SessionNumbersLost, SessionReset, Timestamp, TraceId,
    WireHeader,
};
use fix_session::{
    Close, Delivery, Handler, Inbound, LogonVerdict, Message, Notice, Outbound, Queued, Reset, ResetReason,
    Session, StoreRead, Verdict,
};
use rustc_hash::FxHasher;
use std::borrow::Cow;
use std::collections::VecDeque;
use std::hash::{Hash, Hasher};
use std::rc::Rc;
use tokio::sync::Notify;

/// A configured session.
pub(crate) struct Link {
    pub(crate) spec: SessionSpec,
    pub(crate) names: SessionNames,
    pub(crate) session: Session,
    pub(crate) state: LinkState,
    pub(crate) replay: Option<Replay>,
    pub(crate) release: Option<Release>,
    /// Fill recoveries, the one under way first.
    pub(crate) recoveries: VecDeque<FillRecovery>,
    /// It may not log on.
    pub(crate) suspended: bool,
    /// Its settings can be used; else it may not log on either.
    pub(crate) usable: bool,
    /// Grows when its settings change: a proof begun before is none after.
    pub(crate) revision: u64,
    /// Settings that wait for the end of its connection.
    pub(crate) wanted: Option<Box<SessionSpec>>,
}

impl Link {
    /// Whether stored or queued messages are being handed to the engine.
    pub(crate) fn streams(&self) -> bool {
        self.replay.is_some()
            || self.state.wanted.is_some()
            || self.release.as_ref().is_some_and(|r| !r.idle)
            || self.state.queue_wanted
    }
}

/// Queued messages being handed to the engine.
pub(crate) struct Release {
    pub(crate) reader: Box<dyn Reader>,
    /// It gave all it had; read again when the log changes.
    pub(crate) idle: bool,
}

/// Stored messages being handed to the engine.
pub(crate) struct Replay {
    pub(crate) read: StoreRead,
    pub(crate) reader: Box<dyn Reader>,
    /// The next number wanted: a reader may deliver records twice.
    pub(crate) next: u64,
}

/// What the engine's calls change.
pub(crate) struct LinkState {
    pub(crate) queue: SendQueue,
    pub(crate) journal: JournalIndex,
    /// (MsgSeqNum, place in the batch) of messages whose position the append will tell.
    pub(crate) noted: Vec<(u64, usize)>,
    pub(crate) wanted: Option<StoreRead>,
    /// Messages that wait for a logon (L-24).
    pub(crate) backlog: Backlog,
    /// When the present numbers were first used.
    pub(crate) began: Option<Timestamp>,
    /// Places in the batch of messages queued in it.
    pub(crate) queued: Vec<usize>,
    /// The engine wants them now.
    pub(crate) queue_wanted: bool,
    pub(crate) close: Option<Close>,
    pub(crate) in_flight: InFlight,
    pub(crate) connection: Option<Connection>,
    /// Whether something waits for the end of this turn.
    pub(crate) touched: bool,
    pub(crate) established: bool,
    /// What was judged of the connection's Logon before the engine saw it.
    pub(crate) admission: LogonVerdict,
    /// What the session may send; none: anything.
    pub(crate) throttle: Option<Throttle>,
    /// What its end costs its open orders.
    pub(crate) watch: Watch,
}

/// The socket of a session that has one.
pub(crate) struct Connection {
    pub(crate) socket: Rc<Socket>,
    /// Wakes the connection's task.
    pub(crate) wake: Rc<Notify>,
    /// The socket took less than there was.
    pub(crate) blocked: bool,
    /// There is more to stream once less is unsent.
    pub(crate) waits_for_room: bool,
    /// Since when reading waits for answers or for the disk, on the monotonic clock.
    pub(crate) paused_since: Option<u64>,
    /// When unsent bytes passed the slow-consumer limit, on the monotonic clock.
    pub(crate) slow_since: Option<u64>,
    /// When its hours are looked at next, on the monotonic clock; nothing when they have no end or it was told.
    pub(crate) hours_at: Option<u64>,
}

impl LinkState {
    pub(crate) fn new(journal: JournalIndex, backlog: Backlog, began: Option<Timestamp>) -> Self {
        Self {
            queue: SendQueue::default(),
            journal,
            noted: Vec::new(),
            wanted: None,
            backlog,
            began,
            queued: Vec::new(),
            queue_wanted: false,
            close: None,
            in_flight: InFlight::default(),
            connection: None,
            touched: false,
            established: false,
            admission: LogonVerdict::Silence,
            throttle: None,
            watch: Watch::default(),
        }
    }
}

/// BusinessRejectReason(380) "other".
const OTHER: u32 = 0;

/// The driver's side of one engine call: journals, queues and remembers, in the order of the calls.
pub(crate) struct Turn<'a, A> {
    pub(crate) application: &'a mut A,
    pub(crate) spec: &'a SessionSpec,
    pub(crate) names: &'a SessionNames,
    pub(crate) state: &'a mut LinkState,
    pub(crate) batch: &'a mut RecordBatch,
    pub(crate) replies: &'a mut Replies,
    pub(crate) statistics: &'a Statistics,
    /// What the message being sent follows from.
    pub(crate) origin: Option<(Origin, TraceId)>,
    pub(crate) at: Timestamp,
    /// On the monotonic clock.
    pub(crate) mono_ns: u64,
    /// The application has taken nothing for long: new messages are refused.
    pub(crate) overloaded: bool,
}

impl<A: Application> Turn<'_, A> {
    fn id(&self, epoch: u64, seq: u64) -> RequestId {
        RequestId { session: self.names.session, epoch: narrow(epoch), seq }
    }

    fn journal_in(&mut self, inbound: &Inbound<'_>, direction: Direction) {
        let wire = WireHeader {
            direction,
            epoch: narrow(inbound.epoch),
            seq: inbound.seq,
            next_seq: inbound.next_in,
        };
        let trace = trace_of(&self.id(inbound.epoch, inbound.seq));
        let context = WireContext { at: self.at, origin: None, trace };
        let frame = match inbound.message.msg_type() {
            b"A" => without_passwords(inbound.frame),
            _ => Cow::Borrowed(inbound.frame),
        };
        self.batch.wire(self.names, wire, &frame, context);
        self.state.touched = true;
    }

    /// Whether a message is more than the session may send, and counts it (rules of engagement, section 9).
    fn too_fast(&mut self, message: &Message<'_>, bytes: usize) -> Option<TooFast> {
        let throttle = self.state.throttle.as_mut()?;
        let pair = matches!(message.msg_type(), b"D" | b"G").then(|| {
            let mut hash = FxHasher::default();
            (message.get(1), message.get(55)).hash(&mut hash);
            hash.finish()
        });
        throttle.take(weight(message.msg_type(), bytes), pair, self.mono_ns).err()
    }

    /// A message that is never refused for its rate, but counts for the second tier.
    fn saw(&mut self, msg_type: &[u8]) {
        if let Some(throttle) = &mut self.state.throttle {
            throttle.saw(msg_type, self.mono_ns);
        }
    }

    /// a lasting record of numbers that could not be resent.
    fn journal_lost(&mut self, epoch: u64, begin: u64, end: u64) {
        let session = self.names.session;
        let event = Event::from(SessionNumbersLost { session, epoch: narrow(epoch), begin, end });
        self.batch.session_event(self.names, event, self.at, self.origin.map(|(origin, _)| origin));
        self.state.touched = true;
    }

    fn journal_out(&mut self, wire: WireHeader, frame: &[u8]) {
        let (origin, trace) = match self.origin {
            Some((origin, trace)) => (Some(origin), trace),
            None => (None, TraceId::default()),
        };
        self.batch.wire(self.names, wire, frame, WireContext { at: self.at, origin, trace });
    }
}

impl<A: Application> Handler for Turn<'_, A> {
    fn application(&mut self, inbound: &Inbound<'_>) -> Verdict {
        self.journal_in(inbound, Direction::In);
        Statistics::add(&self.statistics.orders_in, 1);
        if self.overloaded {
            Statistics::add(&self.statistics.refused_overloaded, 1);
            return Verdict::NotReady;
        }
        let too_fast = self.too_fast(&inbound.message, inbound.frame.len());
        if let Some(too_fast) = too_fast {
            Statistics::add(&self.statistics.throttled, 1);
            // What has a ClOrdID is refused in the books by risk, which leaves the id free; V has a reject of its own.
            if !matches!(inbound.message.msg_type(), b"D" | b"G" | b"q" | b"V") {
                return Verdict::Refused { reason: OTHER, text: format!("RATE_LIMIT: {too_fast}") };
            }
        }
        let bytes = inbound.frame.len();
        if bytes > REQUEST_BYTES_MAX && !matches!(inbound.message.msg_type(), b"B" | b"j") {
            let text = format!("TOO_LONG: {bytes} bytes, at most {REQUEST_BYTES_MAX}");
            return Verdict::Refused { reason: OTHER, text };
        }
        let request = self.id(inbound.epoch, inbound.seq);
        let mut effects = Effects {
            batch: self.batch,
            names: self.names,
            request,
            at: self.at,
            requests: 0,
            too_fast,
            replies: self.replies,
        };
        let verdict = self.application.message(self.spec, inbound, &mut effects);
        let requests = effects.requests;
        self.state.in_flight.asked(requests);
        Statistics::add(&self.statistics.in_flight, requests.into());
        verdict
    }

    fn administrative(&mut self, inbound: &Inbound<'_>) {
        self.state.began.get_or_insert(self.at);
        self.saw(inbound.message.msg_type());
        self.journal_in(inbound, Direction::In);
    }

    fn logon(&mut self, logon: &Message<'_>) -> LogonVerdict {
        match (self.state.admission, self.spec.cancel_on_disconnect.agree(logon)) {
            (LogonVerdict::Accept, Err(text)) => LogonVerdict::Refuse(text),
            (verdict, _) => verdict,
        }
    }

    fn logon_terms(&mut self, logon: &Message<'_>) -> Vec<u8> {
        let agreed = self.spec.cancel_on_disconnect.agree(logon).unwrap_or_default();
        self.state.watch.agreed = Protected::of(self.spec, agreed).map(|p| p.terms).unwrap_or_default();
        echo(logon, &self.state.watch.agreed)
    }

    fn ignored(&mut self, inbound: &Inbound<'_>) {
        self.saw(inbound.message.msg_type());
        self.journal_in(inbound, Direction::InUnconsumed);
    }

    fn outbound(&mut self, outbound: &Outbound<'_>) {
        self.state.began.get_or_insert(self.at);
        if self.state.journal.wants(outbound.seq) {
            self.state.noted.push((outbound.seq, self.batch.records.len()));
        }
        let wire = WireHeader {
            direction: Direction::Out,
            epoch: narrow(outbound.epoch),
            seq: outbound.seq,
            next_seq: outbound.next_out,
        };
        self.journal_out(wire, outbound.bytes);
        if outbound.delivery == Delivery::Write {
            self.state.queue.push(outbound.bytes);
        }
        self.state.touched = true;
    }

    fn replayed(&mut self, bytes: &[u8]) {
        self.state.queue.push(bytes);
        self.state.touched = true;
    }

    fn queued(&mut self, queued: &Queued<'_>) {
        self.state.queued.push(self.batch.records.len());
        let wire = WireHeader { direction: Direction::Queued, epoch: 0, seq: 0, next_seq: 0 };
        self.journal_out(wire, queued.bytes);
        self.state.touched = true;
    }

    fn read_queue(&mut self) {
        self.state.queue_wanted = true;
        self.state.touched = true;
    }

    fn read_store(&mut self, read: StoreRead) {
        self.state.wanted = Some(read);
        self.state.touched = true;
    }

    fn reset(&mut self, reset: Reset) {
        self.state.journal.clear();
        self.state.began = Some(self.at);
        self.state.noted.clear();
        let event = Event::from(SessionReset {
            session: self.names.session,
            epoch: narrow(reset.epoch),
            next_in: reset.next_in,
            next_out: reset.next_out,
            reason: reset_reason(reset.reason).to_owned(),
        });
        self.batch.session_event(self.names, event, self.at, self.origin.map(|(origin, _)| origin));
        self.state.touched = true;
    }

    fn notice(&mut self, notice: Notice<'_>) {
        let session = self.names.session.as_str();
        match notice {
            Notice::Established { heartbeat_s } => {
                tracing::info!(session, heartbeat_s, "logged on");
                self.application.logged_on(self.spec);
                self.state.watch.established();
                // A reset on the live session says so a second time (L-17).
                if !std::mem::replace(&mut self.state.established, true) {
                    Statistics::add(&self.statistics.sessions_up, 1);
                }
            }
            Notice::Garbled | Notice::Rejected { .. } => {
                tracing::debug!(session, ?notice, "message refused");
                Statistics::add(&self.statistics.messages_refused, 1);
            }
            Notice::LoggedOut => {
                tracing::info!(session, "logged out");
                self.state.watch.ends(SessionLoss::Logout);
            }
            Notice::Fault(text) => {
                tracing::warn!(session, text, "session ended for a fault");
                Statistics::add(&self.statistics.session_events, 1);
                self.state.watch.ends(SessionLoss::Fault);
            }
            Notice::Queueing => tracing::info!(session, "messages wait for its next logon"),
            Notice::QueueSent => tracing::info!(session, "messages that waited for this logon are sent"),
            _ => {
                tracing::warn!(session, ?notice, "session");
                Statistics::add(&self.statistics.session_events, 1);
            }
        }
        if let Notice::StoreLacks { epoch, begin, end } = notice {
            self.journal_lost(epoch, begin, end);
        }
    }

    fn close(&mut self, close: Close) {
        self.state.close = Some(close);
        self.state.touched = true;
    }
}

/// The engine's epoch as records hold it: 4 billion resets are more than a session lives.
pub(crate) fn narrow(epoch: u64) -> u32 {
    u32::try_from(epoch).expect("fewer than 2^32 sequence resets")
}

fn reset_reason(reason: ResetReason) -> &'static str {
    match reason {
        ResetReason::Logon => "141=Y received",
        ResetReason::Logout => "reset on logout",
        ResetReason::Disconnect => "reset on disconnect",
        ResetReason::Operator => "operator",
        ResetReason::Rollover => "141=Y sent",
        ResetReason::Schedule => "schedule",
    }
}
