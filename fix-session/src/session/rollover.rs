//! The reset of a session that stays connected, started by us: first a TestRequest(1) and its answer, so that nothing is in
//! flight, then Logon(A) with ResetSeqNumFlag(141)=Y both ways (L-17, L-18, T-06).

use super::logon::Terms;
use super::logon_checks::Accepted;
use super::machine::Machine;
use super::release::Release;
use super::state::State;
use super::timers::Timer;
use crate::time::NS_PER_S;
use crate::{Handler, Message, Notice, Now, Numbers, Reset, ResetReason};

/// How far a reset of ours has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Rollover {
    /// None is under way.
    #[default]
    Idle,
    /// Gaps are still open, or another TestRequest(1) is unanswered.
    Waiting,
    /// This TestRequest(1), sent under this number, is to be answered.
    Testing { test: u64, seq: u64 },
    /// Our Logon is out. Until its answer comes, inbound messages belong to the epoch before.
    AwaitingAnswer,
}

impl Machine {
    /// Begins the reset; false when there is no session to reset or it is being reset already.
    pub(crate) fn roll_over<H: Handler>(&mut self, now: Now, handler: &mut H) -> bool {
        if !self.is_established() {
            return false;
        }
        let State::LoggedOn(on) = &mut self.state else { return false };
        if on.rollover != Rollover::Idle {
            return false;
        }
        on.rollover = Rollover::Waiting;
        self.timers.set(Timer::Rollover, now.mono_ns + self.config.rollover_timeout_s * NS_PER_S);
        self.rollover_if_even(now, handler);
        true
    }

    /// Gaps may have closed: the session is tested once none is left on either side.
    pub(super) fn rollover_if_even<H: Handler>(&mut self, now: Now, handler: &mut H) {
        let State::LoggedOn(on) = &mut self.state else { return };
        if on.rollover != Rollover::Waiting || !on.is_even() || on.test.is_some() {
            return;
        }
        if on.heartbeat_ns == 0 {
            return self.send_reset(now, handler);
        }
        on.rollover = Rollover::Testing { test: on.tests_sent + 1, seq: self.numbers.next_out };
        self.send_test(now, handler);
    }

    /// Nothing may follow our Logout(5), so no Logon of a reset either: it would renumber one side only.
    pub(super) fn rollover_ends_with_logout<H: Handler>(&mut self, handler: &mut H) {
        let State::LoggedOn(on) = &mut self.state else { return };
        if matches!(on.rollover, Rollover::Waiting | Rollover::Testing { .. }) {
            on.rollover = Rollover::Idle;
            self.timers.clear(Timer::Rollover);
            handler.notice(Notice::Warning("Sequence reset given up: the session logs out"));
        }
    }

    /// The peer was resent the numbers up to `end`. If the test was among them, a gap fill stood in its place, and
    /// nobody will answer it: there is to be another.
    pub(super) fn rollover_resent(&mut self, end: u64) {
        let State::LoggedOn(on) = &mut self.state else { return };
        if matches!(on.rollover, Rollover::Testing { seq, .. } if seq <= end) {
            on.rollover = Rollover::Waiting;
            on.test = None;
        }
    }

    /// The peer answered the test: whatever it had sent or asked for before that is here.
    pub(super) fn rollover_tested<H: Handler>(&mut self, now: Now, handler: &mut H) {
        let State::LoggedOn(on) = &mut self.state else { return };
        if on.is_even() {
            return self.send_reset(now, handler);
        }
        on.rollover = Rollover::Waiting;
    }

    fn send_reset<H: Handler>(&mut self, now: Now, handler: &mut H) {
        let State::LoggedOn(on) = &mut self.state else { return };
        on.rollover = Rollover::AwaitingAnswer;
        let heartbeat_s = u32::try_from(on.heartbeat_ns / NS_PER_S).unwrap_or(u32::MAX);
        self.timers.clear(Timer::Rollover);
        self.timers.set(Timer::Logon, now.mono_ns + self.config.logon_timeout_s * NS_PER_S);
        self.numbers = Numbers { next_out: 1, epoch: self.numbers.epoch + 1, ..self.numbers };
        let reset =
            Reset { epoch: self.numbers.epoch, next_in: 1, next_out: 1, reason: ResetReason::Rollover };
        handler.reset(reset);
        let terms = Terms { heartbeat_s, reset: true, next_expected: 1, more: Vec::new() };
        self.emit_logon(now, &terms, 0, handler);
    }

    /// The peer's Logon confirms the reset: its numbers begin at 1 too.
    pub(super) fn rollover_confirmed<H: Handler>(
        &mut self,
        now: Now,
        message: &Message<'_>,
        accepted: &Accepted,
        handler: &mut H,
    ) {
        self.forget_gap();
        self.timers.clear(Timer::Logon);
        let State::LoggedOn(on) = &mut self.state else { return };
        on.rollover = Rollover::Idle;
        on.release = Release::default();
        self.numbers.next_in = 1;
        self.filled.clear();
        self.consume_in_turn(message, accepted.seq, handler);
        self.even_out(now, handler);
    }

    /// The peer does not get as far as answering the test: the session goes on with its numbers.
    pub(super) fn rollover_overdue<H: Handler>(&mut self, now: Now, handler: &mut H) {
        handler.notice(Notice::Warning("Sequence reset given up: the TestRequest before it is not answered"));
        let State::LoggedOn(on) = &mut self.state else { return };
        on.rollover = Rollover::Idle;
        on.release = Release::default();
        self.even_out(now, handler);
    }

    /// Whether our Logon of a reset is out and not answered.
    pub(super) fn rollover_is_out(&self) -> bool {
        matches!(&self.state, State::LoggedOn(on) if on.rollover == Rollover::AwaitingAnswer)
    }
}
