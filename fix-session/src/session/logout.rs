//! Ends of a session: by agreement, by fault, by silence (section 9 of the session rules).

use super::machine::Machine;
use super::state::{Phase, State};
use super::timers::Timer;
use crate::time::NS_PER_S;
use crate::{Close, Delivery, Encoder, Handler, Message, Notice, Now, Outgoing, ResetReason, SeqNumField};

impl Machine {
    /// O-01: our Logout goes out behind what is under way, and the answer is awaited.
    pub(crate) fn logout<H: Handler>(&mut self, now: Now, text: &str, handler: &mut H) {
        if !self.is_established() {
            if matches!(self.state, State::AwaitingLogon | State::AwaitingAnswer(_)) {
                self.close(Close::Flush, handler);
            }
            return;
        }
        self.emit_in_order(now, &Outgoing::new(b"5"), logout_body(text), handler);
        if let State::LoggedOn(on) = &mut self.state {
            on.phase = Phase::LogoutSent;
        }
        self.rollover_ends_with_logout(handler);
        self.timers.clear(Timer::Heartbeat);
        self.timers.clear(Timer::Silence);
        self.timers.set(Timer::Logout, now.mono_ns + self.config.logout_timeout_s * NS_PER_S);
    }

    /// As [`Machine::logout`], and without patience for what the peer still sends.
    pub(crate) fn end<H: Handler>(&mut self, now: Now, text: &str, handler: &mut H) {
        match self.is_established() {
            true => self.fault(now, text, handler),
            false => self.logout(now, text, handler),
        }
    }

    /// Logout("text"): the session cannot go on.
    pub(super) fn fault<H: Handler>(&mut self, now: Now, text: &str, handler: &mut H) {
        self.fault_worded(now, text, text, handler);
    }

    /// As [`Machine::fault`], with another Text(58): in the interop profile some Logouts have none.
    pub(super) fn fault_worded<H: Handler>(&mut self, now: Now, why: &str, text: &str, handler: &mut H) {
        handler.notice(Notice::Fault(why));
        self.emit(now, &Outgoing::new(b"5"), Delivery::Write, logout_body(text), handler);
        self.state = State::Ending;
        self.queue.clear();
        self.timers.clear_all();
        self.timers.set(Timer::Logout, now.mono_ns + self.config.fault_logout_timeout_s * NS_PER_S);
    }

    /// After a fault only the peer's Logout still counts.
    pub(super) fn message_while_ending<H: Handler>(&mut self, message: &Message<'_>, handler: &mut H) {
        let SeqNumField::Number(seq) = message.seq_num() else { return };
        if message.msg_type() != b"5" {
            return handler.ignored(&self.inbound(message, seq));
        }
        self.consume_in_turn(message, seq, handler);
        self.close(Close::Flush, handler);
    }

    /// The peer's Logout: the answer to ours, or unasked (O-03, O-04). `seq` in turn is consumed.
    pub(super) fn peer_logout<H: Handler>(
        &mut self,
        now: Now,
        message: &Message<'_>,
        seq: u64,
        handler: &mut H,
    ) {
        handler.notice(Notice::PeerLogout(message.get(58).unwrap_or_default()));
        self.consume_in_turn(message, seq, handler);
        self.answer_logout(now, handler);
    }

    /// Ends the exchange from our side: nothing after our own Logout, else one Logout and time for the peer to close.
    pub(super) fn answer_logout<H: Handler>(&mut self, now: Now, handler: &mut H) {
        let State::LoggedOn(on) = &self.state else { return };
        if on.phase == Phase::LogoutSent {
            return self.logged_out(handler);
        }
        self.emit(now, &Outgoing::new(b"5"), Delivery::Write, logout_body(""), handler);
        if self.config.logout_linger_s == 0 {
            return self.logged_out(handler);
        }
        self.state = State::Lingering;
        self.queue.clear();
        self.timers.clear_all();
        self.timers.set(Timer::Logout, now.mono_ns + self.config.logout_linger_s * NS_PER_S);
        self.exchange_complete(handler);
    }

    fn logged_out<H: Handler>(&mut self, handler: &mut H) {
        self.exchange_complete(handler);
        self.close(Close::Flush, handler);
    }

    fn exchange_complete<H: Handler>(&mut self, handler: &mut H) {
        handler.notice(Notice::LoggedOut);
        if self.config.reset_on_logout {
            self.reset_numbers(ResetReason::Logout, handler);
        }
    }
}

/// The body of a Logout(5); no text, no field.
fn logout_body(text: &str) -> impl FnOnce(&mut Encoder) {
    let text = text.as_bytes();
    move |out| {
        if !text.is_empty() {
            out.field(58, text);
        }
    }
}
