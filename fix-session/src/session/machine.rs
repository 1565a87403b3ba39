//! The state machine behind a [`Session`](crate::Session): everything but finding fields in bytes.

use super::state::{LoggedOn, Phase, State};
use super::timers::{Timer, Timers};
use super::{filled::Filled, hours::Place, queue::InboundQueue, writer::Writer};
use crate::time::NS_PER_S;
use crate::{
    Close, FrameFault, Handler, Inbound, Message, Notice, Now, Numbers, Profile, Reset, ResetReason, Role,
    SessionConfig,
};

/// Garbled frames are counted over this long (V-05).
const GARBLED_WINDOW_NS: u64 = 60 * NS_PER_S;

/// Numbers, state and deadlines of one session. Its methods are spread over the files of this folder by concern.
#[derive(Debug)]
pub(crate) struct Machine {
    pub(super) config: SessionConfig,
    pub(super) numbers: Numbers,
    pub(super) state: State,
    pub(super) timers: Timers,
    pub(super) writer: Writer,
    pub(super) queue: InboundQueue,
    /// Numbers that the peer gap filled (D-06).
    pub(super) filled: Filled,
    /// How far SendingTime(52) of the last message was off, in nanoseconds (T-10).
    pub(super) clock_offset_ns: u64,
    /// It was off by more than half the tolerance, and that was said.
    pub(super) clock_is_off: bool,
    /// Messages of ours that wait without a number (L-24).
    pub(super) queued_out: u64,
    /// The longest message the peer takes, in bytes, by its MaxMessageSize(383) (L-23).
    pub(super) peer_bytes_max: usize,
    /// The store refused to keep something: no logon until that is cleared.
    store_refused: bool,
    pub(super) place: Place,
    /// Names store reads apart.
    pub(super) reads_started: u64,
    garbled_since_ns: u64,
    garbled_count: u32,
}

impl Machine {
    pub(crate) fn new(config: SessionConfig, numbers: Numbers) -> Self {
        let queue = InboundQueue::new(config.inbound_queue_messages_max, config.inbound_queue_bytes_max);
        Self {
            config,
            numbers,
            state: State::Disconnected,
            timers: Timers::new(),
            writer: Writer::default(),
            queue,
            filled: Filled::default(),
            clock_offset_ns: 0,
            clock_is_off: false,
            queued_out: 0,
            store_refused: false,
            place: Place::default(),
            peer_bytes_max: usize::MAX,
            reads_started: 0,
            garbled_since_ns: 0,
            garbled_count: 0,
        }
    }

    pub(crate) fn capacity(&self) -> usize {
        self.writer.capacity()
    }

    /// What a journal continues with: a reset of ours that is out counts for both directions.
    pub(crate) fn numbers(&self) -> Numbers {
        match self.rollover_is_out() {
            true => Numbers { next_in: 1, ..self.numbers },
            false => self.numbers,
        }
    }

    /// The inbound number expected next.
    pub(crate) fn next_in(&self) -> u64 {
        self.numbers.next_in
    }

    pub(crate) fn is_established(&self) -> bool {
        matches!(&self.state, State::LoggedOn(on) if on.phase == Phase::Live)
    }

    pub(crate) fn is_disconnected(&self) -> bool {
        matches!(self.state, State::Disconnected)
    }

    /// Whether inbound bytes still mean anything (O-07).
    pub(crate) fn listens(&self) -> bool {
        !matches!(self.state, State::Disconnected | State::Lingering | State::Closed)
    }

    pub(crate) fn poll_deadline(&self) -> Option<u64> {
        self.timers.next()
    }

    pub(crate) fn connected<H: Handler>(&mut self, now: Now, handler: &mut H) {
        self.forget_connection();
        if self.store_refused {
            handler.notice(Notice::Warning("Connection refused: the store takes no messages"));
            return self.close(Close::Silent, handler);
        }
        let initiates = self.config.role == Role::Initiator;
        if !self.enter_hours(now, handler) || initiates && !self.takes_logon(now) {
            handler.notice(Notice::Warning(OUTSIDE_HOURS));
            return self.close(Close::Silent, handler);
        }
        let deadline_ns = now.mono_ns + self.config.logon_timeout_s * NS_PER_S;
        self.timers.set(Timer::Logon, deadline_ns);
        match self.config.role {
            Role::Acceptor => self.state = State::AwaitingLogon,
            Role::Initiator => self.send_first_logon(now, handler),
        }
    }

    pub(crate) fn store_refused<H: Handler>(&mut self, handler: &mut H) {
        self.store_refused = true;
        handler.notice(Notice::Fault("The store takes no messages"));
        if !self.is_disconnected() {
            self.close(Close::Silent, handler);
        }
    }

    pub(crate) fn store_cleared(&mut self) {
        self.store_refused = false;
    }

    pub(crate) fn disconnected<H: Handler>(&mut self, handler: &mut H) {
        let abnormal = matches!(self.state, State::LoggedOn(_) | State::Ending | State::AwaitingAnswer(_));
        self.forget_connection();
        if abnormal {
            handler.notice(Notice::AbnormalDisconnect);
        }
        if self.config.reset_on_disconnect {
            self.reset_numbers(ResetReason::Disconnect, handler);
        }
    }

    /// Queued messages and requests belong to the connection (C-03, R-15); the numbers do not.
    fn forget_connection(&mut self) {
        self.state = State::Disconnected;
        self.timers.clear_all();
        self.queue.clear();
        self.peer_bytes_max = usize::MAX;
        self.clock_is_off = false;
        self.garbled_count = 0;
    }

    pub(crate) fn reset_numbers<H: Handler>(&mut self, reason: ResetReason, handler: &mut H) {
        if self.numbers.untouched() {
            return;
        }
        self.renumber(1, 1, reason, handler);
    }

    /// As the operator says, also when they are these already: whoever said so is told that it is done.
    pub(crate) fn set_numbers<H: Handler>(
        &mut self,
        next_in: Option<u64>,
        next_out: Option<u64>,
        handler: &mut H,
    ) {
        let (now_in, now_out) = (self.numbers.next_in, self.numbers.next_out);
        let (next_in, next_out) = (next_in.unwrap_or(now_in).max(1), next_out.unwrap_or(now_out).max(1));
        self.renumber(next_in, next_out, ResetReason::Operator, handler);
    }

    fn renumber<H: Handler>(&mut self, next_in: u64, next_out: u64, reason: ResetReason, handler: &mut H) {
        let epoch = self.numbers.epoch + 1;
        self.numbers = Numbers { next_in, next_out, epoch };
        self.filled.clear();
        handler.reset(Reset { epoch, next_in, next_out, reason });
    }

    /// A frame was dropped. Never answered; only too many end the session (V-05).
    pub(crate) fn garbled<H: Handler>(&mut self, now: Now, fault: FrameFault, handler: &mut H) {
        handler.notice(Notice::Garbled);
        if matches!(self.state, State::AwaitingLogon) {
            handler.notice(Notice::Warning(FIRST_NOT_LOGON));
            return self.close(Close::Silent, handler);
        }
        if fault == FrameFault::Noise {
            return;
        }
        if let State::LoggedOn(LoggedOn { gap: Some(gap), .. }) = &mut self.state {
            gap.spoiled = true;
        }
        if now.mono_ns.saturating_sub(self.garbled_since_ns) > GARBLED_WINDOW_NS {
            self.garbled_since_ns = now.mono_ns;
            self.garbled_count = 0;
        }
        self.garbled_count += 1;
        if self.garbled_count > self.config.garbled_per_minute_max && matches!(self.state, State::LoggedOn(_))
        {
            self.fault(now, "Too many garbled messages", handler);
        }
    }

    /// Notes whether the buffer ends inside a message. `progressed`: whole messages came before it.
    pub(crate) fn partial(&mut self, now: Now, progressed: bool, left: usize) {
        if left == 0 {
            self.timers.clear(Timer::PartialMessage);
        } else if progressed || !self.timers.is_set(Timer::PartialMessage) {
            let deadline_ns = now.mono_ns + self.config.partial_message_timeout_s * NS_PER_S;
            self.timers.set(Timer::PartialMessage, deadline_ns);
        }
        if left > 0 {
            self.heard(now);
        }
    }

    /// Any valid message, and bytes of one still arriving, end the silence (H-05, H-09).
    pub(super) fn heard(&mut self, now: Now) {
        let interop = self.interop();
        let State::LoggedOn(on) = &mut self.state else { return };
        on.last_received_ns = now.mono_ns;
        if interop {
            on.test = None;
        }
        if on.heartbeat_ns > 0 {
            self.timers.set(Timer::Silence, now.mono_ns + on.test_after_ns());
        }
    }

    pub(super) fn interop(&self) -> bool {
        self.config.profile == Profile::Interop
    }

    pub(super) fn close<H: Handler>(&mut self, close: Close, handler: &mut H) {
        self.state = State::Closed;
        self.timers.clear_all();
        self.queue.clear();
        handler.close(close);
    }

    /// Counts a message that is the session's own if it is in turn; otherwise only shows it.
    pub(super) fn consume_in_turn<H: Handler>(&mut self, message: &Message<'_>, seq: u64, handler: &mut H) {
        if seq == self.numbers.next_in {
            self.numbers.next_in += 1;
            handler.administrative(&self.inbound(message, seq));
        } else {
            handler.ignored(&self.inbound(message, seq));
        }
    }

    pub(super) fn inbound<'a>(&self, message: &Message<'a>, seq: u64) -> Inbound<'a> {
        Inbound {
            seq,
            epoch: self.numbers.epoch - u64::from(self.rollover_is_out()),
            next_in: self.numbers.next_in,
            frame: message.bytes(),
            message: *message,
            poss_dup: message.poss_dup(),
            poss_resend: message.poss_resend(),
        }
    }
}

/// The warning for a connection when the session's schedule allows none (T-02, T-08).
pub(super) const OUTSIDE_HOURS: &str = "Connection outside the session's schedule";

/// The warning for a connection that does not begin with Logon(A) (L-09, L-10).
pub(super) const FIRST_NOT_LOGON: &str = "First message not a logon";
