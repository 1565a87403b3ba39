//! Why a venue is driven no further.

use assay_event_log::{AppendError, ReadError};
use assay_trading_types::{DecodeError, Position, VenueId};
use fix_gateway::client::FileStoreError;

/// Why a venue is driven no further: the node ends over it, since nothing may be sent that cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The log takes nothing.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// The log cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A record is not what its kind says.
    #[error("record {position} cannot be read: {source}")]
    Decode {
        /// Which.
        position: Position,
        /// Why.
        #[source]
        source: DecodeError,
    },
    /// The log did not become durable in time.
    #[error("the log does not become durable")]
    NotDurable,
    /// The session's file cannot be used.
    #[error(transparent)]
    Session(#[from] FileStoreError),
    /// The session's file took no more.
    #[error("venue {venue}: its session's file takes no more: {what}")]
    Store {
        /// Which.
        venue: VenueId,
        /// The system's reason.
        what: String,
    },
}
