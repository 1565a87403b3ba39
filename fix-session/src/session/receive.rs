//! The order of checks on each inbound message of a logged-on session (section 0 of the session rules).

use super::machine::Machine;
use super::state::{Phase, State};
use crate::time::NS_PER_S;
use crate::validate::{check_message, is_timestamp};
use crate::{Handler, Message, Notice, Now, SeqNumField, SessionRejectReason, Violation};
use assay_trading_types::Timestamp;
use std::borrow::Cow;

/// What is wrong with a message, as far as it concerns the session and not one of its fields alone.
enum Fault {
    /// Reject(3), consumed if in turn.
    Refuse(Violation),
    /// Reject(3), consumed if in turn, then Logout; interop: without Text(58).
    RefuseAndLogout(Violation),
    /// Logout; consumed if in turn.
    LogoutConsumed(&'static str),
    /// Logout; not consumed.
    Logout(Cow<'static, str>),
    /// D-01: an old copy, not even an event.
    Ignore,
}

/// How a message without such a fault is to be taken.
enum Turn {
    /// Its number is the expected one.
    Expected,
    /// Its number is above it.
    High,
    /// Below it, and honoured all the same (interop S-05; G-03 if so configured).
    LowHonoured,
    /// SequenceReset-Reset: outside all numbering (G-06).
    Unnumbered,
}

impl Machine {
    pub(crate) fn message<H: Handler>(&mut self, now: Now, message: &Message<'_>, handler: &mut H) {
        match self.state {
            State::LoggedOn(_) => self.logged_on(now, message, handler),
            State::AwaitingLogon => self.first_message(now, message, handler),
            State::AwaitingAnswer(_) => self.first_answer(now, message, handler),
            State::Ending => self.message_while_ending(message, handler),
            State::Disconnected | State::Lingering | State::Closed => {}
        }
    }

    /// A message from the queue, whose session-wide checks were made when it came.
    pub(crate) fn queued<H: Handler>(&mut self, now: Now, message: &Message<'_>, handler: &mut H) {
        let SeqNumField::Number(seq) = message.seq_num() else { return };
        match message.msg_type() {
            // Answered when they came; now they only count (S-04).
            b"2" | b"A" => self.consume_in_turn(message, seq, handler),
            _ => self.in_turn(now, message, seq, handler),
        }
    }

    fn logged_on<H: Handler>(&mut self, now: Now, message: &Message<'_>, handler: &mut H) {
        self.heard(now);
        let seq = match message.seq_num() {
            SeqNumField::Number(seq) => seq,
            _ if message.begin_string() != b"FIX.4.4" => 0,
            SeqNumField::Missing => return self.fault(now, "Received message without MsgSeqNum", handler),
            SeqNumField::Invalid => return self.fault(now, "Invalid MsgSeqNum", handler),
        };
        if self.config.signed && !handler.signature_holds(message) {
            let bad = Violation::new(SessionRejectReason::SignatureProblem);
            return self.act_on(now, message, seq, Fault::RefuseAndLogout(bad), handler);
        }
        let judged = self.judge(now, message, seq);
        if judged.is_ok() {
            self.remark(message, handler);
        }
        match judged {
            Ok(Turn::Expected) => self.in_turn(now, message, seq, handler),
            Ok(Turn::High) => self.out_of_turn(now, message, seq, handler),
            Ok(Turn::LowHonoured) => self.low_but_honoured(now, message, seq, handler),
            Ok(Turn::Unnumbered) => self.unnumbered(now, message, seq, handler),
            Err(fault) => self.act_on(now, message, seq, fault, handler),
        }
    }

    /// All checks up to the number; changes nothing but the measure of the peer's clock.
    fn judge(&mut self, now: Now, message: &Message<'_>, seq: u64) -> Result<Turn, Fault> {
        let msg_type = message.msg_type();
        if message.begin_string() != b"FIX.4.4" && msg_type != b"5" {
            return Err(Fault::LogoutConsumed("Incorrect BeginString"));
        }
        if self.interop() && !is_never_refused(msg_type) {
            check_message(message, &self.config.validation).map_err(Fault::Refuse)?;
        }
        check_header_present(message).map_err(Fault::Refuse)?;
        if !self.is_from_peer(message) {
            return Err(Fault::RefuseAndLogout(Violation::new(SessionRejectReason::CompIdProblem)));
        }
        if !self.names_listed_parties(message) {
            return Err(Fault::Refuse(Violation::new(SessionRejectReason::CompIdProblem)));
        }
        self.clock_offset_ns = self.check_sending_time(now, message).map_err(of_sending_time)?;
        if is_reset(message) {
            return Ok(Turn::Unnumbered);
        }
        let expected = self.numbers.next_in;
        let is_reset_logon = msg_type == b"A" && (message.is_yes(141) || self.rollover_is_out());
        if is_reset_logon && !message.poss_dup() {
            return Ok(Turn::Unnumbered);
        }
        self.check_duplicate(message, seq)?;
        if seq > expected {
            return Ok(Turn::High);
        }
        if seq == expected {
            return Ok(Turn::Expected);
        }
        if message.poss_dup() {
            return if self.overlaps_gap(message) { Ok(Turn::LowHonoured) } else { Err(Fault::Ignore) };
        }
        if self.interop() && matches!(msg_type, b"2" | b"5") {
            return Ok(Turn::LowHonoured);
        }
        let text = format!("MsgSeqNum too low, expecting {expected} but received {seq}");
        Err(Fault::Logout(text.into()))
    }

    /// D-03, D-04.
    fn check_duplicate(&self, message: &Message<'_>, seq: u64) -> Result<(), Fault> {
        if !message.poss_dup() {
            return Ok(());
        }
        if self.interop() && (seq >= self.numbers.next_in || message.msg_type() == b"4") {
            return Ok(());
        }
        let Some(original) = message.orig_sending_time() else {
            return Err(Fault::Refuse(Violation::at(SessionRejectReason::RequiredTagMissing, 122)));
        };
        let sent = message.sending_time().map(Timestamp::parse_fix);
        match (Timestamp::parse_fix(original), sent) {
            (Ok(original), Some(Ok(sent))) if original > sent => {
                let accuracy = Violation::new(SessionRejectReason::SendingTimeAccuracy);
                Err(Fault::RefuseAndLogout(accuracy))
            }
            (Err(_), _) => Err(of_sending_time(unreadable(original, 122))),
            _ => Ok(()),
        }
    }

    /// G-03: a gap fill that begins below E and reaches above it, inside a range that we asked for.
    fn overlaps_gap(&self, message: &Message<'_>) -> bool {
        let new = message.get_u64(36).unwrap_or(0);
        self.config.gapfill_overlap_advances
            && message.msg_type() == b"4"
            && new > self.numbers.next_in
            && self.gap_covers(new - 1)
    }

    /// V-29: the third parties it names are those of the session, if that lists any.
    fn names_listed_parties(&self, message: &Message<'_>) -> bool {
        let Some(listed) = &self.config.third_parties else { return true };
        let is_listed = |tag| match message.get(tag) {
            Some(party) => listed.iter().any(|name| name.as_bytes() == party),
            None => true,
        };
        is_listed(115) && is_listed(128)
    }

    /// What is worth an event in a message that is fine otherwise (S-12, T-10).
    pub(super) fn remark<H: Handler>(&mut self, message: &Message<'_>, handler: &mut H) {
        let last_processed = message.get_u64(369);
        if last_processed.is_some_and(|last| last >= self.numbers.next_out) {
            handler.notice(Notice::Warning("LastMsgSeqNumProcessed of a message that was not sent"));
        }
        let off = self.clock_offset_ns > self.config.sending_time_tolerance_s * NS_PER_S / 2;
        if off != self.clock_is_off {
            self.clock_is_off = off;
            if off {
                handler.notice(Notice::ClockOff { offset_ms: self.clock_offset_ns / 1_000_000 });
            }
        }
    }

    pub(super) fn is_from_peer(&self, message: &Message<'_>) -> bool {
        message.sender_comp_id() == Some(self.config.target_comp_id.as_bytes())
            && message.target_comp_id() == Some(self.config.sender_comp_id.as_bytes())
    }

    /// V-08, V-09 on SendingTime(52): how far it is from our clock, in nanoseconds.
    pub(super) fn check_sending_time(&self, now: Now, message: &Message<'_>) -> Result<u64, Violation> {
        let text = message.sending_time().unwrap_or_default();
        let Ok(sent) = Timestamp::parse_fix(text) else { return Err(unreadable(text, 52)) };
        let tolerance_ns = self.config.sending_time_tolerance_s.saturating_mul(NS_PER_S);
        let offset_ns = sent.as_ns().abs_diff(now.utc_ns);
        if offset_ns > tolerance_ns {
            return Err(Violation::new(SessionRejectReason::SendingTimeAccuracy));
        }
        Ok(offset_ns)
    }

    fn act_on<H: Handler>(
        &mut self,
        now: Now,
        message: &Message<'_>,
        seq: u64,
        fault: Fault,
        handler: &mut H,
    ) {
        match fault {
            Fault::Ignore => {
                if message.msg_type() != b"4" && self.filled.holds(seq) {
                    handler.notice(Notice::Warning("Late message with a number that was gap filled"));
                }
                handler.ignored(&self.inbound(message, seq));
            }
            Fault::Refuse(violation) => self.refuse(now, message, seq, &violation, handler),
            Fault::RefuseAndLogout(violation) => {
                self.refuse(now, message, seq, &violation, handler);
                let why = violation.reason.text();
                let tells = !self.interop() || violation.reason == SessionRejectReason::SignatureProblem;
                let text = if tells { why } else { "" };
                self.fault_worded(now, why, text, handler);
            }
            Fault::LogoutConsumed(text) => {
                self.consume_in_turn(message, seq, handler);
                self.fault(now, text, handler);
            }
            Fault::Logout(text) => {
                handler.ignored(&self.inbound(message, seq));
                self.fault(now, &text, handler);
            }
        }
    }

    /// A message that is refused counts if it is in turn; refusals are never refused (V-31).
    fn refuse<H: Handler>(
        &mut self,
        now: Now,
        message: &Message<'_>,
        seq: u64,
        violation: &Violation,
        handler: &mut H,
    ) {
        self.consume_in_turn(message, seq, handler);
        if is_never_refused(message.msg_type()) {
            return handler.notice(Notice::Warning("Invalid Reject, BusinessMessageReject or Logout"));
        }
        self.reject(now, message, seq, violation, handler);
    }

    /// A message whose turn it is: validated as a whole, then processed (S-02).
    fn in_turn<H: Handler>(&mut self, now: Now, message: &Message<'_>, seq: u64, handler: &mut H) {
        let msg_type = message.msg_type();
        if !self.interop()
            && let Err(violation) = check_message(message, &self.config.validation)
        {
            if msg_type != b"5" {
                return self.refuse(now, message, seq, &violation, handler);
            }
            handler.notice(Notice::Warning("Invalid Logout"));
        }
        let progress = msg_type != b"2";
        match msg_type {
            b"0" => self.heartbeat(now, message, seq, handler),
            b"1" => self.test_request(now, message, seq, handler),
            b"2" => {
                self.consume_in_turn(message, seq, handler);
                self.resend_request(now, message, seq, handler);
            }
            b"3" => {
                handler.notice(Notice::PeerReject(message.get(58).unwrap_or_default()));
                self.consume_in_turn(message, seq, handler);
            }
            b"4" => self.gap_fill(now, message, seq, handler),
            b"5" => self.peer_logout(now, message, seq, handler),
            b"A" => self.logon_while_logged_on(now, message, seq, handler),
            _ => self.application(now, message, seq, handler),
        }
        if progress && let State::LoggedOn(on) = &mut self.state {
            on.storm.calm();
        }
    }

    /// A number above the expected one: what cannot wait is answered, the rest waits (S-03, S-04).
    fn out_of_turn<H: Handler>(&mut self, now: Now, message: &Message<'_>, seq: u64, handler: &mut H) {
        match message.msg_type() {
            b"A" => return self.logon_while_logged_on(now, message, seq, handler),
            b"2" if check_message(message, &self.config.validation).is_ok() => {
                self.resend_request(now, message, seq, handler);
            }
            b"5" if self.logout_does_not_wait() => return self.peer_logout(now, message, seq, handler),
            b"5" => self.logout_waits(now),
            _ => {}
        }
        if matches!(self.state, State::LoggedOn(_)) {
            self.high_number(now, message, seq, handler);
        }
    }

    fn logout_does_not_wait(&self) -> bool {
        self.interop() || matches!(&self.state, State::LoggedOn(on) if on.phase == Phase::LogoutSent)
    }

    fn low_but_honoured<H: Handler>(&mut self, now: Now, message: &Message<'_>, seq: u64, handler: &mut H) {
        match message.msg_type() {
            b"5" => self.peer_logout(now, message, seq, handler),
            b"4" => {
                self.numbers.next_in = message.get_u64(36).unwrap_or(0).max(self.numbers.next_in);
                handler.administrative(&self.inbound(message, seq));
            }
            _ => {
                handler.ignored(&self.inbound(message, seq));
                self.resend_request(now, message, seq, handler);
            }
        }
    }
}

/// 49, 56 and 52 stand in every message (V-16, V-19).
fn check_header_present(message: &Message<'_>) -> Result<(), Violation> {
    for tag in [49, 56, 52] {
        match message.get(tag) {
            None => return Err(Violation::at(SessionRejectReason::RequiredTagMissing, i64::from(tag))),
            Some(b"") => return Err(Violation::at(SessionRejectReason::TagWithoutValue, i64::from(tag))),
            Some(_) => {}
        }
    }
    Ok(())
}

/// A time that we cannot hold: misspelt, or so many centuries away that it is as wrong as any that is off (V-08).
fn unreadable(text: &[u8], tag: i64) -> Violation {
    match is_timestamp(text) {
        true => Violation::new(SessionRejectReason::SendingTimeAccuracy),
        false => Violation::at(SessionRejectReason::IncorrectDataFormat, tag),
    }
}

/// An unreadable SendingTime is a field at fault; a wrong one ends the session.
fn of_sending_time(violation: Violation) -> Fault {
    match violation.reason {
        SessionRejectReason::SendingTimeAccuracy => Fault::RefuseAndLogout(violation),
        _ => Fault::Refuse(violation),
    }
}

/// V-31: Reject, BusinessMessageReject and Logout.
fn is_never_refused(msg_type: &[u8]) -> bool {
    matches!(msg_type, b"3" | b"j" | b"5")
}

/// SequenceReset in Reset mode.
fn is_reset(message: &Message<'_>) -> bool {
    message.msg_type() == b"4" && !message.is_yes(123)
}
