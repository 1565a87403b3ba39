//! Logon(A) from both sides (section 2 of the session rules).

use super::logon_checks::{Accepted, LogonReset, Refused};
use super::machine::{FIRST_NOT_LOGON, Machine, OUTSIDE_HOURS};
use super::state::{AwaitingAnswer, LoggedOn, State};
use super::timers::Timer;
use crate::time::NS_PER_S;
use crate::{
    Close, Delivery, Encoder, Handler, LogonCredentials, LogonVerdict, Message, Notice, Now, Outgoing,
    ResetReason, Role, SeqNumField, UnprovenLogon, Violation,
};

/// What a Logon of ours says.
pub(super) struct Terms {
    pub(super) heartbeat_s: u32,
    pub(super) reset: bool,
    pub(super) next_expected: u64,
    /// Fields of the driver's own, each with its SOH.
    pub(super) more: Vec<u8>,
}

/// What to do about a peer that may not log on.
enum TurnedAway {
    /// L-06, L-08, T-02: not a byte.
    Silently,
    /// L-08 where silence is not wanted: Logout with this text.
    Unproven(&'static str),
    /// A peer that has proved itself: Logout with this text.
    Proven(&'static str),
}

impl Machine {
    /// L-01: the initiator's first bytes.
    pub(super) fn send_first_logon<H: Handler>(&mut self, now: Now, handler: &mut H) {
        let reset = self.config.reset_on_logon;
        if reset {
            self.reset_numbers(ResetReason::Logon, handler);
        }
        let next_expected = self.numbers.next_in;
        let terms = Terms { heartbeat_s: self.config.heartbeat_s, reset, next_expected, more: Vec::new() };
        self.emit_logon(now, &terms, self.numbers.next_in - 1, handler);
        self.state = State::AwaitingAnswer(AwaitingAnswer { reset });
    }

    pub(super) fn emit_logon<H: Handler>(
        &mut self,
        now: Now,
        terms: &Terms,
        processed: u64,
        handler: &mut H,
    ) {
        let (use_next_expected, test_session) = (self.config.next_expected, self.config.test_session);
        let shown = self.credentials(now, handler);
        let write = |out: &mut Encoder| {
            if !shown.raw_data.is_empty() {
                out.data(95, 96, &shown.raw_data);
            }
            out.field_u64(98, 0).field_u64(108, u64::from(terms.heartbeat_s));
            if terms.reset {
                out.field_bool(141, true);
            }
            if let Some(test) = test_session {
                out.field_bool(464, test);
            }
            for (tag, value) in [(553, &shown.username), (554, &shown.password)] {
                if !value.is_empty() {
                    out.field(tag, value);
                }
            }
            if use_next_expected {
                out.field_u64(789, terms.next_expected);
            }
            out.raw(&terms.more);
        };
        self.emit_having_processed(now, &Outgoing::new(b"A"), Delivery::Write, processed, write, handler);
    }

    /// What the Logon about to be written shows. Its time is later than that of every message before: a pair of key and time
    /// proves a Logon once.
    fn credentials<H: Handler>(&mut self, now: Now, handler: &mut H) -> LogonCredentials {
        if self.config.role != Role::Initiator || !self.config.shows_credentials {
            return LogonCredentials::default();
        }
        self.writer.stamp_anew(now);
        handler.credentials(&UnprovenLogon {
            sender_comp_id: self.config.sender_comp_id.as_bytes(),
            target_comp_id: self.config.target_comp_id.as_bytes(),
            seq: self.numbers.next_out,
            sending_time: &self.writer.sending_time,
        })
    }

    /// The first message of a connection we accepted.
    pub(super) fn first_message<H: Handler>(&mut self, now: Now, message: &Message<'_>, handler: &mut H) {
        if message.msg_type() != b"A" {
            handler.notice(Notice::Warning(FIRST_NOT_LOGON));
            return self.close(Close::Silent, handler);
        }
        if !self.takes_logon(now) {
            handler.notice(Notice::Warning(OUTSIDE_HOURS));
            return self.close(Close::Silent, handler);
        }
        if message.begin_string() != b"FIX.4.4" || !self.is_from_peer(message) {
            handler.notice(Notice::Warning("Logon for another session"));
            return self.close(Close::Silent, handler);
        }
        if let Err(away) = self.admit(message, handler) {
            return self.turn_away(now, message, away, handler);
        }
        match self.judge_logon(now, message) {
            Ok(accepted) => {
                self.accept_logon(now, message, &accepted, handler);
                self.remark(message, handler);
            }
            Err(refused) => self.refuse_logon(now, message, refused, handler),
        }
    }

    /// The first message after our Logon.
    pub(super) fn first_answer<H: Handler>(&mut self, now: Now, message: &Message<'_>, handler: &mut H) {
        let text = message.get(58).unwrap_or_default();
        match message.msg_type() {
            b"A" => {}
            b"5" => {
                handler.notice(Notice::PeerLogout(text));
                return self.close(Close::Flush, handler);
            }
            b"3" => {
                handler.notice(Notice::PeerReject(text));
                return self.close(Close::Flush, handler);
            }
            _ => return self.fault(now, FIRST_NOT_LOGON, handler),
        }
        if let Err(away) = self.admit(message, handler) {
            return self.turn_away(now, message, away, handler);
        }
        let judged = if message.begin_string() != b"FIX.4.4" {
            Err(Refused::Invalid("Incorrect BeginString".into(), None))
        } else if !self.is_from_peer(message) {
            Err(Refused::Invalid("CompID problem".into(), None))
        } else {
            self.judge_logon(now, message)
        };
        match judged {
            Ok(accepted) => {
                self.accept_answer(now, message, &accepted, handler);
                self.remark(message, handler);
            }
            Err(refused) => self.refuse_logon(now, message, refused, handler),
        }
    }

    /// A Logon on an established session: the 24-hour reset, or a fault (L-17, L-19).
    pub(super) fn logon_while_logged_on<H: Handler>(
        &mut self,
        now: Now,
        message: &Message<'_>,
        seq: u64,
        handler: &mut H,
    ) {
        if !message.is_yes(141) && !self.rollover_is_out() {
            handler.ignored(&self.inbound(message, seq));
            if self.interop() {
                handler.notice(Notice::Fault("Logon received while logged on"));
                return self.close(Close::Flush, handler);
            }
            return self.fault(now, "Logon received while logged on", handler);
        }
        if let Err(away) = self.admit(message, handler) {
            return self.turn_away(now, message, away, handler);
        }
        match self.judge_logon(now, message) {
            Ok(accepted) if accepted.reset == LogonReset::Confirms => {
                self.rollover_confirmed(now, message, &accepted, handler);
            }
            Ok(accepted) => self.accept_logon(now, message, &accepted, handler),
            Err(refused) => self.refuse_logon(now, message, refused, handler),
        }
    }

    /// Whether the peer may log on at all: asked before anything changes or is judged, since every other answer, and a
    /// reset, belongs to those who own the session (L-08).
    fn admit<H: Handler>(&self, message: &Message<'_>, handler: &mut H) -> Result<(), TurnedAway> {
        match handler.logon(message) {
            LogonVerdict::Accept => Ok(()),
            LogonVerdict::Unauthenticated if self.config.logout_on_auth_failure => {
                Err(TurnedAway::Unproven("Authentication failed"))
            }
            LogonVerdict::Unauthenticated | LogonVerdict::Silence => Err(TurnedAway::Silently),
            LogonVerdict::Refuse(text) => Err(TurnedAway::Proven(text)),
        }
    }

    /// What an unproven peer wrote is not journalled: it would cost a record for each attempt.
    fn turn_away<H: Handler>(&mut self, now: Now, message: &Message<'_>, away: TurnedAway, handler: &mut H) {
        match away {
            TurnedAway::Silently => {
                handler.notice(Notice::Warning("Logon not authenticated"));
                self.close(Close::Silent, handler);
            }
            TurnedAway::Unproven(text) => self.fault(now, text, handler),
            TurnedAway::Proven(text) => {
                self.refuse_logon(now, message, Refused::Logout(text.into()), handler);
            }
        }
    }

    fn refuse_logon<H: Handler>(
        &mut self,
        now: Now,
        message: &Message<'_>,
        refused: Refused,
        handler: &mut H,
    ) {
        if let SeqNumField::Number(seq) = message.seq_num() {
            handler.ignored(&self.inbound(message, seq));
        }
        match refused {
            Refused::Ignored => {}
            Refused::Invalid(text, _) if self.interop() => {
                handler.notice(Notice::Fault(&text));
                self.close(Close::Flush, handler);
            }
            Refused::Invalid(text, Some(violation)) => {
                self.reject_logon(now, message, &violation, handler);
                self.fault(now, &text, handler);
            }
            Refused::Rejected(text, violation) => {
                self.reject_logon(now, message, &violation, handler);
                self.fault(now, text, handler);
            }
            Refused::Invalid(text, None) | Refused::Logout(text) => self.fault(now, &text, handler),
        }
    }

    /// L-07, L-11: the optional Reject(3) before the Logout.
    fn reject_logon<H: Handler>(
        &mut self,
        now: Now,
        message: &Message<'_>,
        violation: &Violation,
        handler: &mut H,
    ) {
        if let SeqNumField::Number(seq) = message.seq_num()
            && self.config.reject_invalid_logon
        {
            self.write_reject(now, message, seq, violation, Delivery::Write, handler);
        }
    }

    /// L-02, L-03, L-14, L-17: counts the Logon or lets it wait, answers it, and sees to gaps on both sides.
    fn accept_logon<H: Handler>(
        &mut self,
        now: Now,
        message: &Message<'_>,
        accepted: &Accepted,
        handler: &mut H,
    ) {
        let mut seq = accepted.seq;
        let asked = accepted.reset == LogonReset::Asked;
        if asked {
            seq = 1;
        }
        if asked || accepted.reset == LogonReset::Ours {
            self.reset_numbers(ResetReason::Logon, handler);
        }
        self.forget_gap();
        let high = seq > self.numbers.next_in;
        if !high {
            self.consume_in_turn(message, seq, handler);
        }
        self.establish(now, accepted);
        let next_expected = self.numbers.next_in;
        let more = handler.logon_terms(message);
        let terms = Terms { heartbeat_s: accepted.heartbeat_s, reset: asked, next_expected, more };
        self.emit_logon(now, &terms, seq, handler);
        self.begin(now, message, seq, high, accepted, handler);
    }

    /// The answer to our Logon.
    fn accept_answer<H: Handler>(
        &mut self,
        now: Now,
        message: &Message<'_>,
        accepted: &Accepted,
        handler: &mut H,
    ) {
        if accepted.reset == LogonReset::Asked {
            return self.accept_logon(now, message, accepted, handler);
        }
        if accepted.heartbeat_s != self.config.heartbeat_s {
            handler.notice(Notice::Warning("HeartBtInt echoed differently"));
        }
        let high = accepted.seq > self.numbers.next_in;
        if !high {
            self.consume_in_turn(message, accepted.seq, handler);
        }
        self.establish(now, accepted);
        self.begin(now, message, accepted.seq, high, accepted, handler);
    }

    fn establish(&mut self, now: Now, accepted: &Accepted) {
        let heartbeat_ns = u64::from(accepted.heartbeat_s) * NS_PER_S;
        self.peer_bytes_max = accepted.message_bytes_max.unwrap_or(usize::MAX);
        self.timers.clear(Timer::Rollover);
        self.timers.clear(Timer::Release);
        self.timers.clear(Timer::Logon);
        self.timers.clear(Timer::LogoutBehindGap);
        self.state = State::LoggedOn(LoggedOn::new(heartbeat_ns, now.mono_ns));
        self.heard(now);
        self.sent(now);
    }

    fn begin<H: Handler>(
        &mut self,
        now: Now,
        message: &Message<'_>,
        seq: u64,
        high: bool,
        accepted: &Accepted,
        handler: &mut H,
    ) {
        handler.notice(Notice::Established { heartbeat_s: accepted.heartbeat_s });
        if high {
            self.queue.offer(seq, message.bytes());
            match accepted.peer_expects.filter(|_| self.config.next_expected) {
                Some(_) => self.expect_unasked_fill(now, seq, handler),
                None => self.note_gap(now, seq, false, handler),
            }
        }
        // What the peer lacks ends with our own Logon; an acceptor whose peer expects exactly that Logon lacks nothing.
        let own_logon = self.numbers.next_out - 1;
        match accepted.peer_expects {
            Some(expects) if expects < own_logon => self.replay_from(now, expects, handler),
            Some(expects) if expects == own_logon && self.config.role == Role::Initiator => {
                self.replay_from(now, expects, handler);
            }
            _ => {}
        }
        self.even_out(now, handler);
    }
}
