//! FIX sessions as data: records of `admin` that the gateway brings into force without a restart.

use crate::CompId;
use serde::{Deserialize, Serialize};

/// A session exists with these settings from here on, whatever it was before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionSet {
    /// The counterparty's SenderCompID(49).
    pub comp_id: CompId,
    /// Grows by one with every record on this session: what was asked of an earlier one is out of date.
    pub version: u64,
    /// All of its settings, by the keys of `[[session]]` in the configuration file.
    pub settings: serde_json::Value,
    /// Why.
    pub reason: String,
}

/// A session may log on no more, or again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionSuspended {
    /// The counterparty's SenderCompID(49).
    pub comp_id: CompId,
    /// Grows by one with every record on this session.
    pub version: u64,
    /// No more, or again.
    pub suspended: bool,
    /// Why.
    pub reason: String,
}

/// A session's sequence numbers become these, in a new epoch, as soon as it has no connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionNumbersSet {
    /// The counterparty's SenderCompID(49).
    pub comp_id: CompId,
    /// Grows by one with every record on this session.
    pub version: u64,
    /// MsgSeqNum(34) expected next; as it is then when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_in: Option<u64>,
    /// MsgSeqNum(34) assigned next; as it is then when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_out: Option<u64>,
    /// Why.
    pub reason: String,
}
