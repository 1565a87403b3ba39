//! Whether a Logon(A) is accepted: every refusal in its order (section 2 of the session rules).

use super::machine::Machine;
use super::state::State;
use crate::validate::check_message;
use crate::{Message, Now, SeqNumField, SessionRejectReason, Violation};
use std::borrow::Cow;

/// A Logon that will be answered, with everything decided.
pub(super) struct Accepted {
    pub(super) seq: u64,
    pub(super) heartbeat_s: u32,
    pub(super) reset: LogonReset,
    /// Numbers the peer lacks, by its NextExpectedMsgSeqNum(789).
    pub(super) peer_expects: Option<u64>,
    /// The longest message it takes, by its MaxMessageSize(383).
    pub(super) message_bytes_max: Option<usize>,
}

/// What a Logon does to the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LogonReset {
    /// Nothing but to count itself.
    None,
    /// Both become 1, and the answer says so (L-14).
    Asked,
    /// Both become 1 because we begin every connection so; nobody asked (`reset_on_logon`).
    Ours,
    /// It confirms ours (L-18).
    Confirms,
}

/// What to do about a Logon that is not accepted.
pub(super) enum Refused {
    /// L-07: a fault of the message itself; interop closes only. With a violation a Reject(3) may go first.
    Invalid(Cow<'static, str>, Option<Violation>),
    /// Logout with this text.
    Logout(Cow<'static, str>),
    /// Likewise, and a Reject(3) may go first (L-11).
    Rejected(&'static str, Violation),
    /// D-01: an old copy.
    Ignored,
}

impl Machine {
    /// All refusals of a Logon, in their order; changes nothing but the measure of the peer's clock.
    pub(super) fn judge_logon(&mut self, now: Now, message: &Message<'_>) -> Result<Accepted, Refused> {
        let seq = match message.seq_num() {
            SeqNumField::Number(seq) => seq,
            SeqNumField::Missing => {
                return Err(Refused::Invalid("Received message without MsgSeqNum".into(), None));
            }
            SeqNumField::Invalid => return Err(Refused::Invalid("Invalid MsgSeqNum".into(), None)),
        };
        if message.get(98).is_some_and(|method| !method.is_empty() && method != b"0") {
            let fault = Violation::at(SessionRejectReason::ValueIncorrect, 98);
            return Err(Refused::Rejected("Unsupported EncryptMethod", fault));
        }
        check_message(message, &self.config.validation).map_err(invalid)?;
        self.clock_offset_ns = self.check_sending_time(now, message).map_err(invalid)?;
        let heartbeat_s = self.judge_heartbeat(message)?;
        if self.config.test_session.is_some_and(|test| message.is_yes(464) != test) {
            return Err(Refused::Logout("TestMessageIndicator mismatch".into()));
        }
        let reset = self.judge_reset(message, seq)?;
        let expected = match reset {
            LogonReset::None => self.numbers.next_in,
            LogonReset::Ours => 1,
            LogonReset::Asked | LogonReset::Confirms => seq,
        };
        if seq < expected {
            if message.poss_dup() {
                return Err(Refused::Ignored);
            }
            let text = format!("MsgSeqNum too low, expecting {expected} but received {seq}");
            return Err(Refused::Logout(text.into()));
        }
        let peer_expects = self.judge_next_expected(message, reset)?;
        let message_bytes_max = message.get_u64(383).and_then(|max| usize::try_from(max).ok());
        Ok(Accepted { seq, heartbeat_s, reset, peer_expects, message_bytes_max })
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
    fn judge_reset(&self, message: &Message<'_>, seq: u64) -> Result<LogonReset, Refused> {
        let flag = message.is_yes(141);
        if self.awaits_reset() {
            return match (flag, seq) {
                (true, 1) => Ok(LogonReset::Confirms),
                (false, 1) if self.interop() => Ok(LogonReset::Confirms),
                _ => Err(Refused::Logout("Reset not confirmed".into())),
            };
        }
        if !flag {
            let ours = self.config.reset_on_logon && matches!(self.state, State::AwaitingLogon);
            return Ok(if ours { LogonReset::Ours } else { LogonReset::None });
        }
        if !self.config.peer_may_reset {
            return Err(Refused::Logout("Sequence reset not permitted".into()));
        }
        if seq != 1 && !self.interop() {
            let text = format!("ResetSeqNumFlag requires MsgSeqNum 1, received {seq}");
            return Err(Refused::Logout(text.into()));
        }
        Ok(LogonReset::Asked)
    }

    /// Our Logon with ResetSeqNumFlag(141)=Y is out.
    pub(super) fn awaits_reset(&self) -> bool {
        match &self.state {
            State::AwaitingAnswer(awaiting) => awaiting.reset,
            _ => self.rollover_is_out(),
        }
    }

    /// L-21, L-22: the number from which the peer lacks ours. A peer that tells it counts on it, whether we tell ours or not;
    /// interop: only where it is agreed.
    fn judge_next_expected(&self, message: &Message<'_>, reset: LogonReset) -> Result<Option<u64>, Refused> {
        let unagreed = self.interop() && !self.config.next_expected;
        if unagreed || matches!(reset, LogonReset::Asked | LogonReset::Ours) {
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
}

fn invalid(violation: Violation) -> Refused {
    Refused::Invalid(violation.text().to_owned().into(), Some(violation))
}
