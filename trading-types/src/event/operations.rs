//! What the node says about itself: configuration, session resets, seals.

use crate::{SessionId, Timestamp, Topic};
use serde::{Deserialize, Serialize};

/// The configuration in force, secrets left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigurationLoaded {
    /// Version of the program.
    pub version: String,
    /// SHA-256 of the configuration in hex.
    pub digest: String,
}

/// A session's numbers were reset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionReset {
    /// The session.
    pub session: SessionId,
    /// The epoch that begins.
    pub epoch: u32,
    /// E from here on.
    pub next_in: u64,
    /// N from here on.
    pub next_out: u64,
    /// Why: `141=Y received`, `operator`, `sequence reset` ...
    pub reason: String,
}

/// Numbers that a counterparty asked for again were not in the log: they went out as a gap fill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionNumbersLost {
    /// The session.
    pub session: SessionId,
    /// The epoch of the numbers.
    pub epoch: u32,
    /// First number.
    pub begin: u64,
    /// Last number.
    pub end: u64,
}

/// A seal over the records of one topic-partition so far (docs/wire/audit-chain.md).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// Sealed topic.
    pub topic: Topic,
    /// Sealed partition.
    pub partition: u16,
    /// Records sealed: offsets 0 to `tree_size - 1`.
    pub tree_size: u64,
    /// RFC 6962 Merkle root, hex.
    pub root: String,
    /// Chain head, hex.
    pub chain_head: String,
    /// When, UTC.
    pub at: Timestamp,
    /// Bound of the clock's error.
    pub clock_error_ns: i64,
    /// Epoch of the forward-secure key.
    pub key_epoch: u64,
    /// HMAC-SHA256 under that key, hex.
    pub mac: String,
    /// C2SP signed note with the Ed25519 signature.
    pub checkpoint: String,
}
