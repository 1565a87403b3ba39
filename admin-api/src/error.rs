//! Why the API does not run.

use std::path::PathBuf;

/// Why the API does not start, or ran no further.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The node's key.
    #[error("node key {}", file.display())]
    Key {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        #[source]
        source: std::io::Error,
    },
    /// The list of leaked passwords.
    #[error("list of leaked passwords {}", file.display())]
    BreachList {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        #[source]
        source: std::io::Error,
    },
    /// A list that names are compared with.
    #[error("lists of names")]
    Lists(#[from] crate::screening::ListError),
    /// The read model's database refuses.
    #[error("read model {}", file.display())]
    ReadModel {
        /// The file.
        file: PathBuf,
        /// Its reason.
        #[source]
        source: rusqlite::Error,
    },
    /// A directory cannot be made.
    #[error("directory {}", dir.display())]
    Directory {
        /// The directory.
        dir: PathBuf,
        /// The system's reason.
        #[source]
        source: std::io::Error,
    },
    /// The log cannot be read.
    #[error(transparent)]
    Read(#[from] assay_event_log::ReadError),
    /// The log takes nothing more.
    #[error(transparent)]
    Append(#[from] assay_event_log::AppendError),
    /// A record is not what its kind says.
    #[error("record at {position}")]
    Decode {
        /// Where.
        position: assay_trading_types::Position,
        /// What is wrong.
        #[source]
        source: assay_trading_types::DecodeError,
    },
    /// The system gives no random bytes.
    #[error("no random bytes")]
    Random,
    /// A thread.
    #[error("cannot start thread {0}")]
    Thread(&'static str, #[source] std::io::Error),
}

/// What went wrong and why, down to the first cause.
pub(crate) fn in_words(error: &dyn std::error::Error) -> String {
    match error.source() {
        None => error.to_string(),
        Some(source) => format!("{error}: {}", in_words(source)),
    }
}
