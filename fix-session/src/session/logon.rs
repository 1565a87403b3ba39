//! Logon(A) from both sides (section 2 of the session rules).

use super::machine::{FIRST_NOT_LOGON, Machine};
use super::state::{AwaitingAnswer, LoggedOn, State};
use super::timers::Timer;
use crate::time::NS_PER_S;
use crate::validate::check_message;
use crate::{
    Close, Delivery, Encoder, Handler, LogonVerdict, Message, Notice, Now, Outgoing, ResetReason, Role,
    SeqNumField,
};
use std::borrow::Cow;

/// A Logon that will be answered, with everything decided.
struct Accepted {
    seq: u64,
    heartbeat_s: u32,
    reset: bool,
    /// Numbers the peer lacks, by its NextExpectedMsgSeqNum(789).
    peer_expects: Option<u64>,
}

/// What a Logon of ours says.
struct Terms {
    heartbeat_s: u32,
    reset: bool,
    next_expected: u64,
    /// Fields of the driver's own, each with its SOH.
    more: Vec<u8>,
}

/// What to do about a Logon that is not accepted.
enum Refused {
    /// L-07: a fault of the message itself; interop closes only.
    Invalid(Cow<'static, str>),
    /// Logout with this text.
    Logout(Cow<'static, str>),
    /// D-01: an old copy.
    Ignored,
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
        self.state = State::AwaitingAnswer(AwaitingAnswer { reset, held: None });
    }

    fn emit_logon<H: Handler>(&mut self, now: Now, terms: &Terms, processed: u64, handler: &mut H) {
        let (use_next_expected, test_session) = (self.config.next_expected, self.config.test_session);
        let write = |out: &mut Encoder| {
            out.field_u64(98, 0).field_u64(108, u64::from(terms.heartbeat_s));
            if terms.reset {
                out.field_bool(141, true);
            }
            if let Some(test) = test_session {
                out.field_bool(464, test);
            }
            if use_next_expected {
                out.field_u64(789, terms.next_expected);
            }
            out.raw(&terms.more);
        };
        self.emit_having_processed(now, &Outgoing::new(b"A"), Delivery::Write, processed, write, handler);
    }

    /// The first message of a connection we accepted.
    pub(super) fn first_message<H: Handler>(&mut self, now: Now, message: &Message<'_>, handler: &mut H) {
        if message.msg_type() != b"A" {
            handler.notice(Notice::Warning(FIRST_NOT_LOGON));
            return self.close(Close::Silent, handler);
        }
        if message.begin_string() != b"FIX.4.4" || !self.is_from_peer(message) {
            handler.notice(Notice::Warning("Logon for another session"));
            return self.close(Close::Silent, handler);
        }
        if let Err(away) = self.admit(message, handler) {
            return self.turn_away(now, message, away, handler);
        }
        if self.config.reset_on_logon && !message.is_yes(141) {
            self.reset_numbers(ResetReason::Logon, handler);
        }
        match self.judge_logon(now, message, handler) {
            Ok(accepted) => self.accept_logon(now, message, &accepted, handler),
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
            Err(Refused::Invalid("Incorrect BeginString".into()))
        } else if !self.is_from_peer(message) {
            Err(Refused::Invalid("CompID problem".into()))
        } else {
            self.judge_logon(now, message, handler)
        };
        match judged {
            Ok(accepted) => self.accept_answer(now, message, &accepted, handler),
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
        if !message.is_yes(141) {
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
        match self.judge_logon(now, message, handler) {
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

    /// All refusals of a Logon, in their order; changes nothing.
    fn judge_logon<H: Handler>(
        &self,
        now: Now,
        message: &Message<'_>,
        handler: &mut H,
    ) -> Result<Accepted, Refused> {
        let seq = match message.seq_num() {
            SeqNumField::Number(seq) => seq,
            SeqNumField::Missing => {
                return Err(Refused::Invalid("Received message without MsgSeqNum".into()));
            }
            SeqNumField::Invalid => return Err(Refused::Invalid("Invalid MsgSeqNum".into())),
        };
        if message.get(98).is_some_and(|method| !method.is_empty() && method != b"0") {
            return Err(Refused::Logout("Unsupported EncryptMethod".into()));
        }
        if let Err(violation) = check_message(message, &self.config.validation) {
            return Err(Refused::Invalid(violation.text().to_owned().into()));
        }
        match self.check_sending_time(now, message) {
            Ok(offset_ns) if offset_ns > self.config.sending_time_tolerance_s * NS_PER_S / 2 => {
                handler.notice(Notice::ClockOff { offset_ms: offset_ns / 1_000_000 });
            }
            Ok(_) => {}
            Err(violation) => return Err(Refused::Invalid(violation.text().to_owned().into())),
        }
        let heartbeat_s = self.judge_heartbeat(message)?;
        if self.config.test_session.is_some_and(|test| message.is_yes(464) != test) {
            return Err(Refused::Logout("TestMessageIndicator mismatch".into()));
        }
        let reset = self.judge_reset(message, seq)?;
        let expected = if reset { seq } else { self.numbers.next_in };
        if seq < expected {
            if message.poss_dup() {
                return Err(Refused::Ignored);
            }
            let text = format!("MsgSeqNum too low, expecting {expected} but received {seq}");
            return Err(Refused::Logout(text.into()));
        }
        let peer_expects = self.judge_next_expected(message, reset)?;
        Ok(Accepted { seq, heartbeat_s, reset, peer_expects })
    }

    /// L-12, L-13.
    fn judge_heartbeat(&self, message: &Message<'_>) -> Result<u32, Refused> {
        let text = message.get(108).unwrap_or_default();
        if text.starts_with(b"-") {
            return Err(Refused::Logout("HeartBtInt must not be negative".into()));
        }
        let (min, max) = (self.config.heartbeat_min_s, self.config.heartbeat_max_s);
        let asked = message.get_u64(108).and_then(|s| u32::try_from(s).ok());
        match asked {
            Some(0) if self.config.heartbeat_zero => Ok(0),
            Some(s) if (min..=max).contains(&s) => Ok(s),
            _ => Err(Refused::Logout(format!("HeartBtInt out of range, allowed {min} to {max}").into())),
        }
    }

    /// L-14 to L-18: whether both numbers become 1.
    fn judge_reset(&self, message: &Message<'_>, seq: u64) -> Result<bool, Refused> {
        let we_asked = matches!(&self.state, State::AwaitingAnswer(awaiting) if awaiting.reset);
        let flag = message.is_yes(141);
        if we_asked {
            return match (flag, seq) {
                (true, 1) => Ok(false),
                (false, 1) if self.interop() => Ok(false),
                _ => Err(Refused::Logout("Reset not confirmed".into())),
            };
        }
        if !flag {
            return Ok(false);
        }
        if !self.config.peer_may_reset {
            return Err(Refused::Logout("Sequence reset not permitted".into()));
        }
        if seq != 1 && !self.interop() {
            let text = format!("ResetSeqNumFlag requires MsgSeqNum 1, received {seq}");
            return Err(Refused::Logout(text.into()));
        }
        Ok(true)
    }

    /// L-21, L-22: the number from which the peer lacks ours.
    fn judge_next_expected(&self, message: &Message<'_>, reset: bool) -> Result<Option<u64>, Refused> {
        if !self.config.next_expected || reset {
            return Ok(None);
        }
        let Some(expects) = message.get_u64(789) else { return Ok(None) };
        let next_out = self.numbers.next_out;
        if expects > next_out {
            let text = format!("NextExpectedMsgSeqNum too high, expecting {next_out} but received {expects}");
            return Err(Refused::Logout(text.into()));
        }
        Ok(Some(expects.max(1)))
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
            Refused::Invalid(text) if self.interop() => {
                handler.notice(Notice::Fault(&text));
                self.close(Close::Flush, handler);
            }
            Refused::Invalid(text) | Refused::Logout(text) => self.fault(now, &text, handler),
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
        if accepted.reset {
            self.reset_numbers(ResetReason::Logon, handler);
            seq = 1;
        }
        self.forget_gap();
        let high = seq > self.numbers.next_in;
        if !high {
            self.consume_in_turn(message, seq, handler);
        }
        self.establish(now, accepted.heartbeat_s);
        let next_expected = self.numbers.next_in;
        let (heartbeat_s, reset) = (accepted.heartbeat_s, accepted.reset);
        let terms = Terms { heartbeat_s, reset, next_expected, more: handler.logon_terms(message) };
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
        if accepted.reset {
            return self.accept_logon(now, message, accepted, handler);
        }
        if accepted.heartbeat_s != self.config.heartbeat_s {
            handler.notice(Notice::Warning("HeartBtInt echoed differently"));
        }
        let high = accepted.seq > self.numbers.next_in;
        if !high {
            self.consume_in_turn(message, accepted.seq, handler);
        }
        self.establish(now, accepted.heartbeat_s);
        self.begin(now, message, accepted.seq, high, accepted, handler);
    }

    fn establish(&mut self, now: Now, heartbeat_s: u32) {
        let held = match &self.state {
            State::AwaitingAnswer(awaiting) => awaiting.held,
            _ => None,
        };
        let heartbeat_ns = u64::from(heartbeat_s) * NS_PER_S;
        self.timers.clear(Timer::Logon);
        self.timers.clear(Timer::LogoutBehindGap);
        self.state = State::LoggedOn(LoggedOn::new(heartbeat_ns, now.mono_ns, held));
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
            match accepted.peer_expects {
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
            _ => self.next_replay(now, handler),
        }
    }
}
