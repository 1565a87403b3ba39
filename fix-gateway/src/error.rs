//! What can go wrong with the gateway itself; what a counterparty does wrong is answered, not an error.

use assay_event_log::{AppendError, ReadError};
use assay_trading_types::{CompId, DecodeError, Position};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Why the gateway does not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A listener that anybody on the network could use in clear.
    #[error(
        "{0} is not a loopback address; ask for client certificates there, give every session a key, or set insecure_listen = true"
    )]
    Exposed(SocketAddr),
    /// A session with a password where no listener has TLS.
    #[error("session {0} has a password, which needs a listener with TLS")]
    PasswordInClear(CompId),
    /// A certificate, key, CA or revocation list cannot be used.
    #[error("TLS: {0}")]
    Tls(String),
    /// A CompID given twice, or equal to ours.
    #[error("CompID {0} is taken by another session or by the gateway itself")]
    CompIdTaken(CompId),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The system's reason.
        #[source]
        source: std::io::Error,
    },
    /// The thread or its runtime could not be made.
    #[error("cannot start the gateway's thread")]
    Thread(#[source] std::io::Error),
    /// The log took no more records; sessions were closed and no logon is accepted.
    #[error("the log refused a record")]
    Append(#[from] AppendError),
    /// The log could not be read.
    #[error("the log cannot be read")]
    Read(#[from] ReadError),
    /// A record is not what its kind says.
    #[error("record at position {position} cannot be read")]
    Record {
        /// The record.
        position: Position,
        /// What is wrong with it.
        #[source]
        source: DecodeError,
    },
    /// A snapshot is damaged or cannot be written.
    #[error("snapshot {}: {what}", file.display())]
    Snapshot {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// A bug: the gateway's thread panicked.
    #[error("the gateway's thread panicked")]
    Panicked,
}
