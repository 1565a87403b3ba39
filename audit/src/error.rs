//! What can go wrong in the audit.

use crate::chain::Partition;
use crate::clickhouse::ClickHouseError;
use assay_event_log::{AppendError, ReadError};
use std::path::PathBuf;

/// Why the audit cannot go on. It never goes on after one: an event that cannot be audited must not take place.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The log cannot be read.
    #[error("cannot read the log")]
    Read(#[from] ReadError),
    /// A seal cannot be appended.
    #[error("cannot append a seal")]
    Append(#[from] AppendError),
    /// A record does not follow its partition's last.
    #[error("{partition} continues at offset {found} where {expected} should be")]
    Discontinuous {
        /// Topic-partition.
        partition: Partition,
        /// Offset that should have come.
        expected: u64,
        /// Offset that came.
        found: u64,
    },
    /// The audit is further than the log: the log lost its tail, or this is the audit of another log.
    #[error(
        "the audit stands at position {audited}, the log ends at {end}: not the same log, or its tail is gone; restore the log, or start once with --accept-lost-tail"
    )]
    AheadOfLog {
        /// Where the audit stands.
        audited: u64,
        /// Durable end of the log.
        end: u64,
    },
    /// The store refused.
    #[error("audit store {file}: cannot {doing}")]
    Store {
        /// What was tried.
        doing: &'static str,
        /// The database.
        file: PathBuf,
        /// Its reason.
        #[source]
        source: rusqlite::Error,
    },
    /// ClickHouse.
    #[error(transparent)]
    ClickHouse(#[from] ClickHouseError),
    /// A store of another schema, or no store.
    #[error("{file} is not an audit store of this version: {what}; move it away, it is rebuilt from the log")]
    ForeignStore {
        /// The database.
        file: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// A key file that cannot serve.
    #[error("key file {file}: {what}")]
    Key {
        /// The file.
        file: PathBuf,
        /// What is wrong and how to mend it.
        what: &'static str,
    },
    /// The operating system refused.
    #[error("cannot {doing} {file}")]
    Io {
        /// What was tried.
        doing: &'static str,
        /// On what.
        file: PathBuf,
        /// Its reason.
        #[source]
        source: std::io::Error,
    },
    /// A query that cannot be served.
    #[error("bad query: {0}")]
    Query(String),
    /// The system's randomness failed.
    #[error("the system gives no random bytes")]
    Random,
}

impl Error {
    pub(crate) fn io(doing: &'static str, file: &std::path::Path) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::Io { doing, file: file.to_owned(), source }
    }
}
