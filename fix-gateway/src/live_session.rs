//! A session as it is now, for whoever looks after it.

use crate::Usage;
use assay_trading_types::{CompId, FirmId, SessionId};

/// Whose word a session's settings are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The configuration file's.
    File,
    /// The log's, which counts more.
    Log,
}

/// One session.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveSession {
    /// The counterparty's SenderCompID(49).
    pub comp_id: CompId,
    /// Its name in records.
    pub session: SessionId,
    /// Its firm.
    pub firm: FirmId,
    /// Where its settings are from.
    pub source: Source,
    /// All that was said of it last, by the keys of `[[session]]`; what it stands on when nothing is `changing`.
    pub settings: serde_json::Value,
    /// It may not log on.
    pub suspended: bool,
    /// Its settings can be used; else it may not log on either.
    pub usable: bool,
    /// Logon is complete and no Logout under way.
    pub logged_on: bool,
    /// Settings or numbers wait for the end of its connection.
    pub changing: bool,
    /// Grows with every reset of its numbers.
    pub epoch: u64,
    /// MsgSeqNum(34) expected next.
    pub next_in: u64,
    /// MsgSeqNum(34) assigned next.
    pub next_out: u64,
    /// Messages that wait for its next logon.
    pub queued: u64,
    /// Use of its throttle, if it has one.
    pub usage: Option<Usage>,
}
