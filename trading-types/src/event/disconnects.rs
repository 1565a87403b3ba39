//! Cancel on disconnect: what a session's end costs its open orders. Records of `accounts`.

use crate::{FirmId, OrderFilter, SessionId, Timestamp};
use serde::{Deserialize, Serialize};

/// Which ends of a session cancel its orders, from the mildest: CancelOnDisconnect(9700).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelWhen {
    /// None.
    #[default]
    Off,
    /// Every end but an orderly Logout.
    Abnormal,
    /// Every end.
    Any,
}

/// How a session's orders are protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DisconnectTerms {
    /// Which ends count.
    pub when: CancelWhen,
    /// Seconds in which a Logon averts it: 9701.
    pub grace_s: u32,
    /// GTC and GTD orders are spared: KeepGT(9702).
    pub keep_gt: bool,
}

/// The terms of the rules where nothing is said: off, and if on, 5 s, sparing GTC and GTD.
impl Default for DisconnectTerms {
    fn default() -> Self {
        Self { when: CancelWhen::Off, grace_s: 5, keep_gt: true }
    }
}

/// A session is logged on, and these terms hold from here on. What waited for its end is off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelOnDisconnectSet {
    /// The session.
    pub session: SessionId,
    /// Its firm.
    pub firm: FirmId,
    /// What was agreed at its Logon.
    pub terms: DisconnectTerms,
    /// Which orders: the session's, or those of accounts.
    pub filter: OrderFilter,
}

/// How a session was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionLoss {
    /// The connection, by the network or by silence.
    Connection,
    /// We logged it out for a fault of the counterparty.
    Fault,
    /// We logged it out for its message rate.
    Rate,
    /// It logged out in order, and any end counts.
    Logout,
    /// Its drop copy session was lost.
    DropCopy,
    /// Assay itself went down with the session logged on.
    Restart,
    /// It was suspended.
    Suspended,
}

impl SessionLoss {
    /// As Text(58) says it.
    pub const fn words(&self) -> &'static str {
        match self {
            Self::Connection => "connection lost",
            Self::Fault => "logged out for a fault",
            Self::Rate => "logged out for its rate",
            Self::Logout => "logged out",
            Self::DropCopy => "drop copy session lost",
            Self::Restart => "gateway restarted",
            Self::Suspended => "suspended",
        }
    }
}

/// A protected session is lost: its orders are cancelled at `until` unless it is set again before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelOnDisconnectStarted {
    /// The session.
    pub session: SessionId,
    /// Its firm.
    pub firm: FirmId,
    /// How it was lost.
    pub loss: SessionLoss,
    /// When its orders are cancelled.
    pub until: Timestamp,
    /// Which orders.
    pub filter: OrderFilter,
    /// GTC and GTD orders are spared.
    pub keep_gt: bool,
}

/// A protected session ended in order and its orders stay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelOnDisconnectEnded {
    /// The session.
    pub session: SessionId,
    /// Its firm.
    pub firm: FirmId,
}
