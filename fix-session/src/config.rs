//! What is agreed about one counterparty session before its first byte.

use crate::{Profile, Schedule, ValidationOptions};

/// Which side opens the connection and sends Logon(A) first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Waits for the peer's Logon.
    Acceptor,
    /// Sends Logon once the transport is up.
    Initiator,
}

/// How a ResendRequest(2) of ours that reaches up to the present is closed (rule R-14).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ResendEnd {
    /// EndSeqNo(16)=0: everything up to the present.
    #[default]
    Open,
    /// EndSeqNo(16) = the number before the lowest one that arrived high.
    Exact,
}

/// The settings of one session. [`SessionConfig::new`] gives every default of the session rules.
#[derive(Debug, Clone)]
pub struct SessionConfig {
    /// Who opens the connection.
    pub role: Role,
    /// Our CompID: SenderCompID(49) of what we send.
    pub sender_comp_id: String,
    /// The peer's CompID: TargetCompID(56) of what we send.
    pub target_comp_id: String,
    /// Strict or interop behaviour.
    pub profile: Profile,
    /// What messages may hold beyond the dictionary.
    pub validation: ValidationOptions,
    /// HeartBtInt(108) an initiator asks for, in seconds.
    pub heartbeat_s: u32,
    /// Smallest HeartBtInt(108) accepted, in seconds; 0 stands outside this range (see `heartbeat_zero`).
    pub heartbeat_min_s: u32,
    /// Largest HeartBtInt(108) accepted, in seconds.
    pub heartbeat_max_s: u32,
    /// HeartBtInt(108)=0 is accepted: no heartbeats, no silence timeout (H-07).
    pub heartbeat_zero: bool,
    /// Initiator: Logon carries ResetSeqNumFlag(141)=Y. Acceptor: both numbers become 1 before a first Logon counts.
    pub reset_on_logon: bool,
    /// Both numbers become 1 after a completed Logout exchange (O-08).
    pub reset_on_logout: bool,
    /// Both numbers become 1 after any loss of the connection (O-08).
    pub reset_on_disconnect: bool,
    /// The peer may reset the numbers by ResetSeqNumFlag(141)=Y (L-16).
    pub peer_may_reset: bool,
    /// NextExpectedMsgSeqNum(789) is used at logon (L-20).
    pub next_expected: bool,
    /// LastMsgSeqNumProcessed(369) is put on every outbound message (S-12).
    pub last_processed: bool,
    /// Most numbers asked for by one ResendRequest(2); `None` asks for everything at once.
    pub resend_chunk: Option<u64>,
    /// How an open-ended request is closed.
    pub resend_end: ResendEnd,
    /// A possible duplicate gap fill below E that reaches above it moves E, if we asked for that range (G-03).
    pub gapfill_overlap_advances: bool,
    /// Snapshot and incremental market data (W, X) are resent; otherwise they are gap filled.
    pub resend_market_data: bool,
    /// TestMessageIndicator(464) every Logon must agree with: `Some(true)` on a test system; `None` does not check (L-23).
    pub test_session: Option<bool>,
    /// Credentials that fail are answered by Logout("Authentication failed") instead of silence (L-08).
    pub logout_on_auth_failure: bool,
    /// Largest difference between SendingTime(52) and our clock, in seconds (V-08).
    pub sending_time_tolerance_s: u64,
    /// An acceptor waits this long for Logon, an initiator for the answer, in seconds (T-01).
    pub logon_timeout_s: u64,
    /// An invalid Logon is answered by Reject(3) before the Logout (L-07, L-11).
    pub reject_invalid_logon: bool,
    /// A reset of ours on a live session waits this long for the TestRequest(1) before it, in seconds (L-17).
    pub rollover_timeout_s: u64,
    /// When the session is open; `None` is always (T-02).
    pub schedule: Option<Schedule>,
    /// Third parties the peer may name in OnBehalfOfCompID(115) and DeliverToCompID(128); `None` lets it name any (V-29).
    pub third_parties: Option<Vec<String>>,
    /// Answers swap 50/57 and 142/143 of the message they answer (V-30).
    pub swap_sub_ids: bool,
    /// Inbound messages are signed: [`Handler::signature_holds`](crate::Handler::signature_holds) judges 93/89 (V-28).
    pub signed: bool,
    /// Our Logons show [`Handler::credentials`](crate::Handler::credentials), and each has a SendingTime(52) of its own.
    pub shows_credentials: bool,
    /// The answer to our Logout(5) is awaited this long, in seconds (O-01).
    pub logout_timeout_s: u64,
    /// The answer to a Logout(5) that ends the session for a fault is awaited this long, in seconds.
    pub fault_logout_timeout_s: u64,
    /// After answering the peer's Logout(5) we leave it this long to close first, in seconds; interop: 0 (O-04).
    pub logout_linger_s: u64,
    /// A ResendRequest(2) of ours without progress is repeated after this long, in seconds (S-11).
    pub resend_timeout_s: u64,
    /// A message begun and not completed within this many seconds closes the connection.
    pub partial_message_timeout_s: u64,
    /// Messages held while a gap is open (S-10); beyond it they are dropped and asked for again.
    pub inbound_queue_messages_max: usize,
    /// Bytes held while a gap is open (S-10).
    pub inbound_queue_bytes_max: usize,
    /// Garbled frames in 60 s that are tolerated (V-05).
    pub garbled_per_minute_max: u32,
    /// Largest BodyLength(9), in bytes; above it a frame is garbled (V-04).
    pub body_bytes_max: usize,
}

impl SessionConfig {
    /// A session between `sender` (us) and `target` (the peer) with every default, strict.
    pub fn new(role: Role, sender: impl Into<String>, target: impl Into<String>) -> Self {
        Self {
            role,
            sender_comp_id: sender.into(),
            target_comp_id: target.into(),
            profile: Profile::Strict,
            validation: ValidationOptions::for_profile(Profile::Strict),
            heartbeat_s: 30,
            heartbeat_min_s: 1,
            heartbeat_max_s: 300,
            heartbeat_zero: false,
            reset_on_logon: false,
            reset_on_logout: false,
            reset_on_disconnect: false,
            peer_may_reset: true,
            next_expected: false,
            last_processed: false,
            resend_chunk: None,
            resend_end: ResendEnd::Open,
            gapfill_overlap_advances: false,
            resend_market_data: true,
            test_session: None,
            logout_on_auth_failure: false,
            sending_time_tolerance_s: 120,
            logon_timeout_s: 10,
            reject_invalid_logon: false,
            schedule: None,
            third_parties: None,
            swap_sub_ids: false,
            signed: false,
            shows_credentials: false,
            rollover_timeout_s: 30,
            logout_timeout_s: 10,
            fault_logout_timeout_s: 2,
            logout_linger_s: 10,
            resend_timeout_s: 30,
            partial_message_timeout_s: 30,
            inbound_queue_messages_max: 10_000,
            inbound_queue_bytes_max: 16 << 20,
            garbled_per_minute_max: 100,
            body_bytes_max: crate::BODY_BYTES_MAX,
        }
    }

    /// The same session in `profile`, with the settings that the profile implies.
    pub fn with_profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self.validation = ValidationOptions::for_profile(profile);
        if profile == Profile::Interop {
            self.logout_linger_s = 0;
        }
        self
    }
}
