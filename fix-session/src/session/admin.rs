//! Heartbeat, TestRequest and SequenceReset (sections 5 and 6 of the session rules).

use super::machine::Machine;
use super::release::Release;
use super::rollover::Rollover;
use super::state::{Phase, State};
use super::timers::Timer;
use crate::time::NS_PER_S;
use crate::validate::check_message;
use crate::{Encoder, Handler, Message, Notice, Now, Outgoing, SessionRejectReason, Violation};
use std::io::Write;

/// A gap fill over more numbers than this is obeyed with a notice (G-10).
const GAP_FILL_REMARKABLE: u64 = 1_000;

/// Logout waits this long for the gap before it (O-05).
const LOGOUT_BEHIND_GAP_S: u64 = 10;

impl Machine {
    /// H-03, H-05: the one awaited ends the test; any other is accepted.
    pub(super) fn heartbeat<H: Handler>(
        &mut self,
        now: Now,
        message: &Message<'_>,
        seq: u64,
        handler: &mut H,
    ) {
        self.consume_in_turn(message, seq, handler);
        let interop = self.interop();
        let State::LoggedOn(on) = &mut self.state else { return };
        let Some(id) = message.get(112) else { return };
        let is_answer_to = |test| test_req_id(test, interop).as_bytes() == id;
        let known = on.test.is_some_and(is_answer_to);
        let confirms = matches!(on.release, Release::Confirming { test } if is_answer_to(test));
        let tested = matches!(on.rollover, Rollover::Testing { test, .. } if is_answer_to(test));
        if known {
            on.test = None;
        } else if !confirms && !tested && !interop {
            handler.notice(Notice::Warning("Heartbeat with an unknown TestReqID"));
        }
        if tested {
            self.rollover_tested(now, handler);
        } else if confirms {
            self.release_confirmed(handler);
        }
        self.even_out(now, handler);
    }

    /// H-02; during a logout of ours nothing is answered (O-02).
    pub(super) fn test_request<H: Handler>(
        &mut self,
        now: Now,
        message: &Message<'_>,
        seq: u64,
        handler: &mut H,
    ) {
        self.consume_in_turn(message, seq, handler);
        if !self.is_established() {
            return;
        }
        let id = message.get(112).unwrap_or_default();
        let write = |out: &mut Encoder| {
            out.field(112, id);
        };
        self.emit_in_order(now, &Outgoing::new(b"0"), write, handler);
    }

    /// G-01, G-05.
    pub(super) fn gap_fill<H: Handler>(
        &mut self,
        now: Now,
        message: &Message<'_>,
        seq: u64,
        handler: &mut H,
    ) {
        let new = message.get_u64(36).unwrap_or(0);
        if new <= seq {
            return self.refuse_gap_fill(now, message, seq, new, handler);
        }
        if new - seq > GAP_FILL_REMARKABLE || new - 1 > self.seen_max().max(seq) {
            handler.notice(Notice::GapFilled { begin: seq, end: new - 1 });
        }
        self.filled.note(seq, new - 1);
        self.numbers.next_in = new;
        handler.administrative(&self.inbound(message, seq));
    }

    fn refuse_gap_fill<H: Handler>(
        &mut self,
        now: Now,
        message: &Message<'_>,
        seq: u64,
        new: u64,
        handler: &mut H,
    ) {
        if self.interop() {
            handler.ignored(&self.inbound(message, seq));
            self.spoil_gap();
            if new < seq {
                let fault = Violation::new(SessionRejectReason::ValueIncorrect);
                self.reject(now, message, seq, &fault, handler);
            }
            return;
        }
        self.consume_in_turn(message, seq, handler);
        let text = format!("Attempt to lower sequence number, invalid value NewSeqNo={new}");
        let fault = Violation::at(SessionRejectReason::ValueIncorrect, 36).with_text(text);
        self.reject(now, message, seq, &fault, handler);
    }

    /// What ignores the numbering: SequenceReset-Reset (G-06 to G-08) and the Logon that resets (L-17).
    pub(super) fn unnumbered<H: Handler>(
        &mut self,
        now: Now,
        message: &Message<'_>,
        seq: u64,
        handler: &mut H,
    ) {
        if message.msg_type() == b"A" {
            return self.logon_while_logged_on(now, message, seq, handler);
        }
        if !self.interop()
            && let Err(violation) = check_message(message, &self.config.validation)
        {
            self.consume_in_turn(message, seq, handler);
            return self.reject(now, message, seq, &violation, handler);
        }
        let new = message.get_u64(36).unwrap_or(0);
        let expected = self.numbers.next_in;
        if new < expected {
            handler.ignored(&self.inbound(message, seq));
            let fault = Violation::new(SessionRejectReason::ValueIncorrect);
            return self.reject(now, message, seq, &fault, handler);
        }
        if new == expected {
            handler.notice(Notice::Warning("SequenceReset to the number expected"));
            return handler.ignored(&self.inbound(message, seq));
        }
        self.forget_gap();
        self.timers.clear(Timer::LogoutBehindGap);
        self.numbers.next_in = new;
        handler.notice(Notice::GapFilled { begin: expected, end: new - 1 });
        handler.administrative(&self.inbound(message, seq));
    }

    /// O-05: answered when the gap is filled, or after a while without it.
    pub(super) fn logout_waits(&mut self, now: Now) {
        self.timers.set(Timer::LogoutBehindGap, now.mono_ns + LOGOUT_BEHIND_GAP_S * NS_PER_S);
    }

    /// H-01; H-08: in the interop profile a test that is unanswered suspends it.
    pub(super) fn heartbeat_due<H: Handler>(&mut self, now: Now, handler: &mut H) {
        let State::LoggedOn(on) = &self.state else { return };
        if on.phase == Phase::LogoutSent {
            return;
        }
        if on.test.is_some() && self.interop() {
            return self.sent(now);
        }
        self.emit_in_order(now, &Outgoing::new(b"0"), |_| {}, handler);
        // While a replay runs it is held and would not restart the clock by itself.
        self.sent(now);
    }

    /// H-04, H-05.
    pub(super) fn silence_due<H: Handler>(&mut self, now: Now, handler: &mut H) {
        let State::LoggedOn(on) = &mut self.state else { return };
        if on.phase == Phase::LogoutSent {
            return;
        }
        let gone_ns = on.last_received_ns + 2 * on.test_after_ns();
        // A test before the last message belongs to an earlier silence, and its answer was lost.
        if on.tested_ns < on.last_received_ns {
            on.test = None;
        }
        if on.test.is_some() && now.mono_ns >= gone_ns {
            handler.notice(Notice::Fault("Timed out waiting for heartbeat"));
            return self.close(crate::Close::Flush, handler);
        }
        let unanswered = on.test.is_some();
        self.timers.set(Timer::Silence, gone_ns.max(now.mono_ns + 1));
        if !unanswered {
            self.send_test(now, handler);
        }
    }

    /// The next TestRequest(1) of this connection.
    pub(super) fn send_test<H: Handler>(&mut self, now: Now, handler: &mut H) {
        let interop = self.interop();
        let State::LoggedOn(on) = &mut self.state else { return };
        on.tests_sent += 1;
        on.test = Some(on.tests_sent);
        on.tested_ns = now.mono_ns;
        let id = test_req_id(on.tests_sent, interop);
        let write = |out: &mut Encoder| {
            out.field(112, id.as_bytes());
        };
        self.emit_in_order(now, &Outgoing::new(b"1"), write, handler);
    }
}

/// TestReqID(112): not used before on this connection; interop: the constant that engines of that family expect.
fn test_req_id(number: u64, interop: bool) -> TestReqId {
    let mut id = TestReqId { text: [0; 24], len: 0 };
    let mut rest = &mut id.text[..];
    let written = if interop { write!(rest, "TEST") } else { write!(rest, "TEST-{number}") };
    debug_assert!(written.is_ok());
    id.len = 24 - rest.len();
    id
}

struct TestReqId {
    text: [u8; 24],
    len: usize,
}

impl TestReqId {
    fn as_bytes(&self) -> &[u8] {
        &self.text[..self.len]
    }
}
