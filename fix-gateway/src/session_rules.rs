//! What the session rules leave to each session: every default is theirs, and every one can be changed.

use fix_session::{GroupOrder, ResendEnd, SessionConfig};
use serde::Deserialize;

/// Settings of the session rules that most sessions leave as they are; `None` is the rules' default in the session's profile.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SessionRules {
    /// Both numbers become 1 after a completed Logout exchange (O-08).
    pub reset_on_logout: Option<bool>,
    /// Both numbers become 1 after any loss of the connection (O-08).
    pub reset_on_disconnect: Option<bool>,
    /// The counterparty may reset the numbers by ResetSeqNumFlag(141)=Y (L-16).
    pub peer_may_reset: Option<bool>,
    /// We are a test system, or production: a Logon that says otherwise by 464 is refused (L-23).
    pub test_session: Option<bool>,
    /// HeartBtInt(108)=0 is taken (H-07).
    pub heartbeat_zero: Option<bool>,
    /// Smallest HeartBtInt(108) above zero that is taken, in seconds (L-13).
    pub heartbeat_min_s: Option<u32>,
    /// Largest, in seconds.
    pub heartbeat_max_s: Option<u32>,
    /// Largest difference between SendingTime(52) and our clock, in seconds (V-08).
    pub sending_time_tolerance_s: Option<u64>,
    /// A Logon that is not valid gets Reject(3) before the Logout (L-07).
    pub reject_invalid_logon: Option<bool>,
    /// How long the answer to our Logout(5) is awaited, in seconds (O-01).
    pub logout_timeout_s: Option<u64>,
    /// The same when the Logout ends the session for a fault.
    pub fault_logout_timeout_s: Option<u64>,
    /// How long the counterparty has to close first after its Logout, in seconds (O-04).
    pub logout_linger_s: Option<u64>,
    /// A ResendRequest(2) without progress is repeated after so many seconds (S-11).
    pub resend_timeout_s: Option<u64>,
    /// How a ResendRequest(2) up to the present is closed.
    pub resend_end: Option<RangeEnd>,
    /// What becomes of a possible duplicate gap fill that reaches above the expected number (G-03).
    pub gapfill_overlap: Option<GapFillOverlap>,
    /// A message begun and not completed for so many seconds closes the connection.
    pub partial_message_timeout_s: Option<u64>,
    /// Messages held while a gap is open (S-10).
    pub inbound_queue_messages_max: Option<usize>,
    /// Bytes held while a gap is open.
    pub inbound_queue_bytes_max: Option<usize>,
    /// Garbled frames a minute that are borne (V-05).
    pub garbled_per_minute_max: Option<u32>,
    /// How members of a group's entry may stand (V-24).
    pub group_order: Option<MemberOrder>,
    /// Tags of 5000 and up that the dictionary lacks are taken (V-12).
    pub allow_user_tags: Option<bool>,
    /// Text may hold bytes outside 0x20 to 0x7E (V-27).
    pub allow_8bit: Option<bool>,
    /// MsgTypes(35) that are taken though the dictionary lacks them (V-10).
    pub custom_msg_types: Vec<String>,
}

/// EndSeqNo(16) of a request up to the present.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RangeEnd {
    /// 0.
    Open,
    /// The number before the lowest one that arrived high.
    Exact,
}

/// A gap fill below the expected number that reaches above it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GapFillOverlap {
    /// Means nothing.
    Ignore,
    /// Moves the expected number, in a range that was asked for.
    Advance,
}

/// Order inside a group's entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemberOrder {
    /// The dictionary's.
    Strict,
    /// Any, behind the first.
    Lenient,
}

impl SessionRules {
    /// Why no session can have these, if it cannot.
    ///
    /// # Errors
    /// In words.
    pub fn check(&self) -> Result<(), String> {
        let (min, max) = (self.heartbeat_min_s.unwrap_or(1), self.heartbeat_max_s.unwrap_or(300));
        if min == 0 || min > max || max > HEARTBEAT_S_MAX {
            return Err(format!(
                "heartbeat_min_s = {min} and heartbeat_max_s = {max}: use 1 to {HEARTBEAT_S_MAX}"
            ));
        }
        let seconds = [
            ("sending_time_tolerance_s", self.sending_time_tolerance_s),
            ("logout_timeout_s", self.logout_timeout_s),
            ("fault_logout_timeout_s", self.fault_logout_timeout_s),
            ("resend_timeout_s", self.resend_timeout_s),
            ("partial_message_timeout_s", self.partial_message_timeout_s),
        ];
        for (name, value) in seconds {
            if value.is_some_and(|s| !(1..=TIMEOUT_S_MAX).contains(&s)) {
                return Err(format!("{name} is out of range, use 1 to {TIMEOUT_S_MAX}"));
            }
        }
        if self.logout_linger_s.is_some_and(|s| s > TIMEOUT_S_MAX) {
            return Err(format!("logout_linger_s is out of range, use 0 to {TIMEOUT_S_MAX}"));
        }
        if self.inbound_queue_messages_max == Some(0) || self.inbound_queue_bytes_max == Some(0) {
            return Err("a gap needs room for one message at least".to_owned());
        }
        match self.custom_msg_types.iter().find(|kind| !is_msg_type(kind)) {
            Some(kind) => Err(format!("custom_msg_types: {kind:?} is no MsgType")),
            None => Ok(()),
        }
    }

    /// Puts them into what the engine is told.
    pub(crate) fn apply(&self, config: &mut SessionConfig) {
        macro_rules! set {
            ($($name:ident),* $(,)?) => { $(if let Some(value) = self.$name { config.$name = value; })* };
        }
        set!(
            reset_on_logout,
            reset_on_disconnect,
            peer_may_reset,
            heartbeat_zero,
            heartbeat_min_s,
            heartbeat_max_s,
            sending_time_tolerance_s,
            reject_invalid_logon,
            logout_timeout_s,
            fault_logout_timeout_s,
            logout_linger_s,
            resend_timeout_s,
            partial_message_timeout_s,
            inbound_queue_messages_max,
            inbound_queue_bytes_max,
            garbled_per_minute_max,
        );
        config.test_session = self.test_session;
        if let Some(end) = self.resend_end {
            config.resend_end = if end == RangeEnd::Exact { ResendEnd::Exact } else { ResendEnd::Open };
        }
        config.gapfill_overlap_advances = self.gapfill_overlap == Some(GapFillOverlap::Advance);
        let options = &mut config.validation;
        options.allow_user_tags = self.allow_user_tags.unwrap_or(options.allow_user_tags);
        options.allow_8bit = self.allow_8bit.unwrap_or(options.allow_8bit);
        if self.group_order == Some(MemberOrder::Lenient) {
            options.group_order = GroupOrder::Lenient;
        }
        options.custom_msg_types = self.custom_msg_types.iter().map(|kind| kind.as_bytes().into()).collect();
    }
}

/// Longest HeartBtInt(108) that any session takes: a peer that is gone is noticed within minutes.
const HEARTBEAT_S_MAX: u32 = 3_600;

/// Longest wait that any session may be told, a day.
const TIMEOUT_S_MAX: u64 = 86_400;

fn is_msg_type(text: &str) -> bool {
    !text.is_empty() && text.len() <= 8 && text.bytes().all(|b| b.is_ascii_alphanumeric())
}
