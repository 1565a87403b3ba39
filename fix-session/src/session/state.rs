//! The states of a session, each with what is valid in it alone.

use super::gap::Gap;
use super::release::Release;
use super::replay::{Held, Replay};
use super::rollover::Rollover;
use super::storm::Storm;
use std::collections::VecDeque;

/// Where a session stands.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "one a session, and it is logged on nearly always")]
pub(crate) enum State {
    /// No transport.
    Disconnected,
    /// Acceptor: the first message is awaited.
    AwaitingLogon,
    /// Initiator: Logon(A) is out, its answer awaited.
    AwaitingAnswer(AwaitingAnswer),
    /// Logon is complete both ways.
    LoggedOn(LoggedOn),
    /// We ended the session for a fault and give the peer a moment to answer our Logout(5).
    Ending,
    /// We answered the peer's Logout(5) and leave it to close first (O-04).
    Lingering,
    /// The driver was told to close.
    Closed,
}

/// What an initiator remembers of its Logon(A).
#[derive(Debug)]
pub(crate) struct AwaitingAnswer {
    /// It carried ResetSeqNumFlag(141)=Y (L-18).
    pub(crate) reset: bool,
}

/// A logged-on connection.
#[derive(Debug)]
pub(crate) struct LoggedOn {
    pub(crate) phase: Phase,
    /// The agreed interval; 0 switches heartbeats and silence checks off (H-07).
    pub(crate) heartbeat_ns: u64,
    pub(crate) last_received_ns: u64,
    /// Number of the TestRequest(1) that awaits its answer.
    pub(crate) test: Option<u64>,
    /// When it was sent.
    pub(crate) tested_ns: u64,
    /// How many TestRequests this connection has sent: makes TestReqID(112) unique (H-04).
    pub(crate) tests_sent: u64,
    /// Our own request for missing numbers.
    pub(crate) gap: Option<Gap>,
    /// The answer to the peer's request that is being written.
    pub(crate) replay: Option<Replay>,
    /// The peer's requests behind it, at most [`REPLAYS_WAITING_MAX`](super::replay::REPLAYS_WAITING_MAX).
    pub(crate) replays_waiting: VecDeque<(u64, u64)>,
    /// Numbers given out while a replay runs.
    pub(crate) held: Option<Held>,
    pub(crate) storm: Storm,
    pub(crate) release: Release,
    pub(crate) rollover: Rollover,
}

/// Whether a logout is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Messages flow both ways.
    Live,
    /// Our Logout(5) is out: only answers to ResendRequest(2) are sent (O-02).
    LogoutSent,
}

impl LoggedOn {
    pub(crate) fn new(heartbeat_ns: u64, now_ns: u64) -> Self {
        Self {
            phase: Phase::Live,
            heartbeat_ns,
            last_received_ns: now_ns,
            test: None,
            tested_ns: 0,
            tests_sent: 0,
            gap: None,
            replay: None,
            replays_waiting: VecDeque::new(),
            held: None,
            storm: Storm::default(),
            release: Release::default(),
            rollover: Rollover::default(),
        }
    }

    /// 1.2 heartbeat intervals: when a silent peer is tested (H-04).
    pub(crate) fn test_after_ns(&self) -> u64 {
        self.heartbeat_ns / 5 * 6
    }
}
