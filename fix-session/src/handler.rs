//! What a session tells its driver, in the order in which it must take effect.

use crate::Message;

/// The driver's side of a session.
///
/// Every call of a [`Session`](crate::Session) takes a handler and calls it before it returns, by static dispatch and on
/// borrowed bytes: nothing is queued in between, nothing is allocated, and the order of the calls is the order in
/// which things happened. What the driver must do:
///
/// 1. **journal** each `application`, `administrative`, `outbound` and `reset` in the order of the calls;
/// 2. **write** the bytes of `outbound` (unless [`Delivery::Held`]) and of `replayed` to the transport in the order of
///    the calls, each only once everything journalled before that call is durable (rules S-01, S-09);
/// 3. serve `read_store` by [`Session::stored`](crate::Session::stored) and
///    [`Session::stored_end`](crate::Session::stored_end), at its own pace;
/// 4. obey `close`.
pub trait Handler {
    /// An application message, valid and in turn: exactly once per number, in the order of the numbers.
    fn application(&mut self, inbound: &Inbound<'_>) -> Verdict;

    /// A consumed message that is the session's own business: administrative, or refused by the session.
    fn administrative(&mut self, inbound: &Inbound<'_>);

    /// A message that was judged and not consumed (a duplicate, a fault that ends the connection): nothing depends on
    /// it, but an archive may want it. Messages that wait for a gap come later, by one of the calls above.
    fn ignored(&mut self, inbound: &Inbound<'_>) {
        let _ = inbound;
    }

    /// A new message of ours with a number of its own.
    fn outbound(&mut self, outbound: &Outbound<'_>);

    /// Bytes that repeat or replace numbers already journalled: resent messages, gap fills, messages that were held.
    /// To be written, not to be journalled.
    fn replayed(&mut self, bytes: &[u8]);

    /// Stored outbound messages are wanted: see [`Session::stored`](crate::Session::stored). A new call replaces the one before.
    fn read_store(&mut self, read: StoreRead);

    /// A message of ours that waits for the next logon: to be journalled like any other record, in the order of the calls,
    /// and to be kept until [`Session::unqueue`](crate::Session::unqueue) has sent it (L-24).
    fn queued(&mut self, queued: &Queued<'_>);

    /// Queued messages are wanted, the oldest first: see [`Session::unqueue`](crate::Session::unqueue).
    fn read_queue(&mut self);

    /// The numbers changed other than by counting messages; a new epoch begins.
    fn reset(&mut self, reset: Reset);

    /// Whether this Logon(A) may establish the session: credentials, certificate, schedule. Asked before anything else is
    /// judged or changed, since every other answer would use a number of a session the peer has not proved to own
    /// (L-08). The message of an unproven peer is not handed over for the journal.
    fn logon(&mut self, logon: &Message<'_>) -> LogonVerdict {
        let _ = logon;
        LogonVerdict::Accept
    }

    /// Fields, each with its SOH and by ascending tag above 789, that our answer to an accepted Logon(A) carries besides
    /// those of the session.
    fn logon_terms(&mut self, logon: &Message<'_>) -> Vec<u8> {
        let _ = logon;
        Vec::new()
    }

    /// What this Logon(A) of ours is to show, to prove who sends it. Asked of every Logon of an initiator that is configured to
    /// show credentials.
    fn credentials(&mut self, logon: &UnprovenLogon<'_>) -> LogonCredentials {
        let _ = logon;
        LogonCredentials::default()
    }

    /// Whether the signature (93, 89) of a message is the peer's. Asked of every message of a logged-on session that is
    /// configured as signed (V-28); the Logon's own signature is [`Handler::logon`]'s to judge.
    fn signature_holds(&mut self, message: &Message<'_>) -> bool {
        let _ = message;
        true
    }

    /// Something an operator wants counted and logged.
    fn notice(&mut self, notice: Notice<'_>);

    /// The transport is to be closed. Nothing more is said on this connection.
    fn close(&mut self, close: Close);
}

/// An inbound message and what became of it.
#[derive(Clone, Copy)]
pub struct Inbound<'a> {
    /// MsgSeqNum(34).
    pub seq: u64,
    /// The session epoch it belongs to.
    pub epoch: u64,
    /// The number expected after it: what a restart continues with once this message is durable.
    pub next_in: u64,
    /// The frame from `8=` to the SOH after the checksum, as it came.
    pub frame: &'a [u8],
    /// The same bytes with their fields found.
    pub message: Message<'a>,
    /// PossDupFlag(43)=Y. The number was not seen before all the same, so the message is live (D-02).
    pub poss_dup: bool,
    /// PossResend(97)=Y: the application may have seen its business id under another number (D-07).
    pub poss_resend: bool,
}

/// A new outbound message.
#[derive(Debug, Clone, Copy)]
pub struct Outbound<'a> {
    /// MsgSeqNum(34).
    pub seq: u64,
    /// The session epoch it belongs to.
    pub epoch: u64,
    /// The number after it: what a restart continues with once this message is durable.
    pub next_out: u64,
    /// The frame, complete.
    pub bytes: &'a [u8],
    /// Whether it is to be written.
    pub delivery: Delivery,
}

/// A message of ours without a number, because nobody can take it now.
#[derive(Debug, Clone, Copy)]
pub struct Queued<'a> {
    /// The frame as it would go out now, with 34=0: the body and all of the header but 34, 52 and 369 are final.
    pub bytes: &'a [u8],
}

/// When a new outbound message goes to the transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// As soon as it is durable, behind what was handed over before.
    Write,
    /// Not from here: a replay is under way, or the session is ending. The session will ask for it by `read_store`, or the
    /// peer by ResendRequest(2), so the driver only journals it.
    Held,
}

/// The application's answer to an application message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Verdict {
    /// Taken.
    #[default]
    Accepted,
    /// This session does not serve the message type: BusinessMessageReject(j) with 380=3 (V-11).
    Unsupported,
    /// The application cannot take it now: 380=4 (V-18).
    NotReady,
    /// A field that others make necessary is missing: 380=5 (V-17).
    MissingConditional(u32),
    /// A value of this field is outside what the application's rules allow it to be: Reject(3) with 373=5.
    BadValue(u32),
    /// Refused for another business reason.
    Refused {
        /// BusinessRejectReason(380).
        reason: u32,
        /// Text(58).
        text: String,
    },
}

/// The driver's answer to a Logon(A).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogonVerdict {
    /// The peer is who it claims to be and may log on now.
    Accept,
    /// Credentials do not hold: silence, or Logout("Authentication failed") if so configured (L-08).
    Unauthenticated,
    /// Close without a word (L-06, T-02).
    Silence,
    /// Logout with this Text(58), for peers that have proved who they are.
    Refuse(&'static str),
}

/// Stored outbound messages `begin..=end` are wanted, in order, numbers that are not held left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreRead {
    /// Names this read: goes back with every answer, so that answers to a read given up are told apart.
    pub id: u64,
    /// The epoch whose numbers these are.
    pub epoch: u64,
    /// First number.
    pub begin: u64,
    /// Last number.
    pub end: u64,
}

/// What a signature over a Logon(A) of ours is about, before the Logon is written.
#[derive(Debug, Clone, Copy)]
pub struct UnprovenLogon<'a> {
    /// SenderCompID(49).
    pub sender_comp_id: &'a [u8],
    /// TargetCompID(56).
    pub target_comp_id: &'a [u8],
    /// MsgSeqNum(34).
    pub seq: u64,
    /// SendingTime(52), as it will be written.
    pub sending_time: &'a [u8],
}

/// What a Logon(A) of ours shows; what is empty is left out. Has no Debug: it holds secrets.
#[derive(Clone, Default)]
pub struct LogonCredentials {
    /// Username(553).
    pub username: Vec<u8>,
    /// Password(554).
    pub password: Vec<u8>,
    /// RawData(96), with its length in 95.
    pub raw_data: Vec<u8>,
}

/// New numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reset {
    /// The epoch that begins.
    pub epoch: u64,
    /// The number expected next.
    pub next_in: u64,
    /// The number assigned next.
    pub next_out: u64,
    /// What caused it.
    pub reason: ResetReason,
}

/// Why numbers changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResetReason {
    /// Logon(A) with ResetSeqNumFlag(141)=Y, or `reset_on_logon`.
    Logon,
    /// `reset_on_logout`.
    Logout,
    /// `reset_on_disconnect`.
    Disconnect,
    /// The operator, between connections.
    Operator,
    /// Our Logon(A) with ResetSeqNumFlag(141)=Y on a live session (L-17).
    Rollover,
    /// An interval of the schedule began (T-04).
    Schedule,
}

/// How to end the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Close {
    /// Write what was handed over, then close.
    Flush,
    /// Close at once; no bytes of this connection were written or need to be.
    Silent,
}

/// Events and warnings of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice<'a> {
    /// Logon is complete both ways; the agreed heartbeat in seconds.
    Established {
        /// HeartBtInt(108) in force.
        heartbeat_s: u32,
    },
    /// The session ended by a complete Logout exchange.
    LoggedOut,
    /// The connection ended without one (C-03).
    AbnormalDisconnect,
    /// The peer's Logout(5) with its Text(58).
    PeerLogout(&'a [u8]),
    /// The peer's Reject(3) or BusinessMessageReject(j) with its Text(58) (S-08).
    PeerReject(&'a [u8]),
    /// A frame was dropped as garbled (V-01 to V-05).
    Garbled,
    /// We ended the session for this reason, which is also the Text(58) of our Logout.
    Fault(&'a str),
    /// A message was refused with this SessionRejectReason(373).
    Rejected {
        /// MsgSeqNum(34) refused.
        seq: u64,
        /// SessionRejectReason(373).
        reason: u32,
    },
    /// Numbers `begin..=end` are missing and were asked for.
    GapDetected {
        /// First missing number.
        begin: u64,
        /// Number that showed the gap.
        seen: u64,
    },
    /// The gap is closed.
    GapClosed,
    /// The store did not hold these numbers; they were gap filled.
    StoreLacks {
        /// The epoch they belong to.
        epoch: u64,
        /// First number.
        begin: u64,
        /// Last number.
        end: u64,
    },
    /// The peer declared these numbers not sent, by a large gap fill or by a reset (G-06, G-10).
    GapFilled {
        /// First number.
        begin: u64,
        /// Last number.
        end: u64,
    },
    /// The peer's clock differs from ours by more than half the tolerance (T-10).
    ClockOff {
        /// The difference, in milliseconds.
        offset_ms: u64,
    },
    /// Messages wait without a number for the next logon: the first of them was just queued (L-24).
    Queueing,
    /// All that waited has been sent.
    QueueSent,
    /// A message of ours is longer than the peer takes; a gap fill went in its place (L-23).
    TooLongForPeer {
        /// Its MsgSeqNum(34).
        seq: u64,
        /// Its length.
        bytes: usize,
    },
    /// Anything else worth a line and a counter.
    Warning(&'static str),
}
