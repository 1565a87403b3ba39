//! What stops a pipeline or keeps a snapshot from being used.

use assay_event_log::{AppendError, ReadError};
use assay_trading_types::{DecodeError, Position};

/// What stops a pipeline or keeps a snapshot from being used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The log takes nothing more.
    #[error("cannot append what risk and execution decided")]
    Append(#[from] AppendError),
    /// The log cannot be read.
    #[error("cannot read the log")]
    Read(#[from] ReadError),
    /// A record that is not what its kind says: the log is not ours, or damaged.
    #[error("record at position {position} cannot be read")]
    Decode {
        /// The record.
        position: Position,
        /// What is wrong with it.
        #[source]
        source: DecodeError,
    },
    /// Not the bytes of a snapshot, or not of this version.
    #[error("{what}; delete the snapshot, the log gives the same state")]
    Snapshot {
        /// What is wrong.
        what: String,
    },
    /// Risk refuses its part of the snapshot.
    #[error("risk does not take the snapshot; delete it, the log gives the same state")]
    Risk(#[source] assay_risk_service::Error),
    /// Execution refuses its part of the snapshot.
    #[error("execution does not take the snapshot; delete it, the log gives the same state")]
    Execution(#[source] assay_execution::Error),
    /// The snapshot stands on records that are not durable, so a crash could take them back.
    #[error("the snapshot needs {needs} durable records, there are {durable}")]
    NotDurable {
        /// Records it needs.
        needs: Position,
        /// Durable records.
        durable: Position,
    },
    /// The disk or the operating system refused.
    #[error("cannot {doing} {file}")]
    Io {
        /// What was tried.
        doing: &'static str,
        /// On what.
        file: String,
        /// Its reason.
        #[source]
        source: std::io::Error,
    },
}
