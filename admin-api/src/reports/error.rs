//! Why a report was not made.

use assay_event_log::{LogError, ReadError};
use assay_trading_types::DecodeError;

/// Why a report was not made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReportError {
    /// The read model cannot be read.
    #[error("the read model cannot be read")]
    Model(#[from] rusqlite::Error),
    /// The log cannot be read.
    #[error("the log cannot be read")]
    Log(#[from] LogError),
    /// Nor its records.
    #[error("records of the log cannot be read")]
    Read(#[from] ReadError),
    /// A record is not what its kind says.
    #[error("a record of the log cannot be read")]
    Decode(#[from] DecodeError),
    /// It cannot be written, or is too long for its form.
    #[error(transparent)]
    Write(#[from] assay_reports::Error),
    /// What it would be made of is not there yet.
    #[error("the read model is at position {reached}, before {wanted}")]
    Behind {
        /// Where it is.
        reached: u64,
        /// Where it must be.
        wanted: u64,
    },
}

impl From<std::io::Error> for ReportError {
    fn from(error: std::io::Error) -> Self {
        Self::Write(error.into())
    }
}
