//! What stops a pipeline.

use assay_event_log::{AppendError, ReadError};
use assay_trading_types::{DecodeError, Position};
use std::path::PathBuf;

/// Why a pipeline cannot go on. None of it is a counterparty's doing.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The log cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The log takes nothing.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// A record is not what its kind says.
    #[error("record {position} cannot be decoded")]
    Decode {
        /// Where it stands.
        position: Position,
        /// Why.
        #[source]
        source: DecodeError,
    },
    /// A snapshot's risk state is of another version.
    #[error("risk state in snapshot")]
    Risk(#[from] assay_risk_service::Error),
    /// A snapshot's books are of another version.
    #[error("books in snapshot")]
    Execution(#[from] assay_execution::Error),
    /// A snapshot file cannot be written or read.
    #[error("cannot {doing} snapshot {}", file.display())]
    Snapshot {
        /// What was tried.
        doing: &'static str,
        /// The file.
        file: PathBuf,
        /// The system's reason.
        #[source]
        source: std::io::Error,
    },
}
