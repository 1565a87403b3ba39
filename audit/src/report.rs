//! What a verification found.

use crate::chain::Partition;
use crate::note::NoteError;
use assay_trading_types::Position;
use std::fmt;
use std::ops::Range;

/// Counts of a verification, and the first bad record if there is one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// Records that were read and are good.
    pub records: u64,
    /// By topic-partition.
    pub partitions: Vec<PartitionReport>,
    /// Seals whose root and chain head were compared.
    pub seals: u64,
    /// Of these, seals whose HMAC was checked; 0 without the initial key.
    pub macs: u64,
    /// Of these, checkpoints whose signature was checked; 0 without the public key.
    pub signatures: u64,
    /// Rows of the store whose payload is masked: all but the payload was checked.
    pub masked: u64,
    /// Records of the log that are not yet in the store.
    pub store_lag: u64,
    /// Of the records, those of the span that was asked about.
    pub in_span: u64,
    /// What could not be checked, and why.
    pub remarks: Vec<String>,
    /// The first bad record.
    pub fault: Option<Fault>,
}

impl Report {
    /// Whether everything that was checked is good.
    pub fn is_good(&self) -> bool {
        self.fault.is_none()
    }
}

/// Counts of a topic-partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionReport {
    /// Which.
    pub partition: Partition,
    /// Good records.
    pub records: u64,
    /// Of these, covered by a seal.
    pub sealed: u64,
    /// Seals over it.
    pub seals: u64,
}

/// Where something is wrong. What is unknown of a record that is missing is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Topic and partition.
    pub partition: Option<Partition>,
    /// Offset there.
    pub offset: Option<u64>,
    /// Place among all records.
    pub position: Option<Position>,
}

/// The first bad record and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where.
    pub place: Place,
    /// What.
    pub what: What,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum What {
    /// The log cannot be read on.
    #[error("log cannot be read: {0}")]
    Unreadable(String),
    /// Columns of a row are no record.
    #[error("row is not a record")]
    Malformed,
    /// A position is not there.
    #[error("record is missing")]
    Missing,
    /// Its offset does not follow its partition's last.
    #[error("record is out of order: offset {expected} should be here")]
    OutOfOrder {
        /// Offset that should have come.
        expected: u64,
    },
    /// The row's leaf is not the hash of the row.
    #[error("leaf is not the hash of the record: it was changed")]
    Leaf,
    /// The row's chain value does not follow from the one before.
    #[error("chain is broken: the hash does not follow from the record before")]
    Chain,
    /// An id column of the row is not what the payload says.
    #[error("id columns are not those of the payload")]
    Ids,
    /// The state that the store keeps is not that of its rows.
    #[error("store's rows end here, its own state says it holds everything before position {position}")]
    StoreTail {
        /// Position in the state.
        position: u64,
    },
    /// The state that the store keeps is not the chain of its rows.
    #[error("store's chain state is not that of its rows")]
    StoreState,
    /// The record is in the log and not in the store.
    #[error("record is in the log and not in the store")]
    NotInStore,
    /// The row is in the store and not in the log.
    #[error("record is in the store and not in the log: the log lost it")]
    NotInLog,
    /// Log and store differ.
    #[error("record in the store is not the one in the log")]
    Differs,
    /// A record of the `seals` topic that is no seal.
    #[error("record is not a seal")]
    NotASeal,
    /// A seal covers more records than came before it.
    #[error("seal covers {covers} records of {partition}, where only {records} are")]
    SealAhead {
        /// Sealed topic-partition.
        partition: Partition,
        /// Tree size.
        covers: u64,
        /// Records there.
        records: u64,
    },
    /// A seal covers fewer records than one before it.
    #[error("seal covers {covers} records of {partition}, an earlier one covers {earlier}")]
    SealBackwards {
        /// Sealed topic-partition.
        partition: Partition,
        /// Tree size.
        covers: u64,
        /// Tree size of the earlier one.
        earlier: u64,
    },
    /// Root or chain head of a seal is not that of the records.
    #[error("records {}..={} of {partition} are not what was sealed at position {seal}: one of them was changed",
        records.start, records.end.saturating_sub(1))]
    NotAsSealed {
        /// Sealed topic-partition.
        partition: Partition,
        /// Offsets since the seal before.
        records: Range<u64>,
        /// Position of the seal.
        seal: Position,
    },
    /// A seal's HMAC is not that of its epoch's key.
    #[error("seal's HMAC is wrong: it was changed or forged")]
    Mac,
    /// A seal's key epoch is earlier than that of a seal before.
    #[error("seal's key epoch {epoch} is earlier than {earlier} before it")]
    EpochBackwards {
        /// Its epoch.
        epoch: u64,
        /// Epoch before it.
        earlier: u64,
    },
    /// A checkpoint is not that of its seal or not signed by the log's key.
    #[error("seal's checkpoint is wrong: {0}")]
    Checkpoint(NoteError),
    /// A checkpoint states another tree than its seal.
    #[error("seal's checkpoint states another tree than the seal")]
    CheckpointDiffers,
    /// The node's current key is not derived from the initial one.
    #[error("node's current key is not derived from the initial key")]
    ForeignKey,
    /// The node's key says that later seals exist.
    #[error(
        "seals are missing at the end: the last one is of key epoch {last}, the node's key proves one of {proven}"
    )]
    SealsMissing {
        /// Epoch of the last seal; 0 when there is none.
        last: u64,
        /// Epoch of which there must be one.
        proven: u64,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        parts.extend(self.partition.map(|p| format!("{p}")));
        parts.extend(self.offset.map(|o| format!("offset {o}")));
        parts.extend(self.position.map(|p| format!("position {p}")));
        f.write_str(&parts.join(" "))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

impl fmt::Display for Report {
    /// The counts as a table, then the verdict.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<16} {:>14} {:>14} {:>8}", "partition", "records", "sealed", "seals")?;
        for p in &self.partitions {
            let name = p.partition.to_string();
            writeln!(f, "{name:<16} {:>14} {:>14} {:>8}", p.records, p.sealed, p.seals)?;
        }
        writeln!(f, "records {}, seals {}", self.records, self.seals)?;
        writeln!(f, "HMACs checked {}, signatures checked {}", self.macs, self.signatures)?;
        if self.masked > 0 {
            writeln!(f, "rows with masked secrets {}", self.masked)?;
        }
        if self.store_lag > 0 {
            writeln!(f, "records not yet in the store {}", self.store_lag)?;
        }
        self.remarks.iter().try_for_each(|remark| writeln!(f, "not checked: {remark}"))?;
        match &self.fault {
            None => writeln!(f, "good"),
            Some(fault) => writeln!(f, "BAD {fault}"),
        }
    }
}
