//! Why a snapshot is not restored.

/// What goes wrong outside of matching: only restoring can fail.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The bytes are not a snapshot of this program's version.
    #[error("not a snapshot of execution version {expected}: {what}")]
    Foreign {
        /// Version this program reads.
        expected: u16,
        /// What is wrong.
        what: String,
    },
    /// The bytes are damaged or contradict themselves.
    #[error("execution snapshot is damaged: {what}")]
    Damaged {
        /// What is wrong.
        what: String,
    },
}
