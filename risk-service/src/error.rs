//! Why a snapshot is not restored.

/// What goes wrong outside of decisions: only restoring can fail.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The bytes are not a snapshot of this program's version.
    #[error("not a snapshot of risk version {expected}: {what}")]
    Foreign {
        /// Version this program reads.
        expected: u16,
        /// What is wrong.
        what: String,
    },
    /// The bytes are damaged or contradict themselves.
    #[error("risk snapshot is damaged: {what}")]
    Damaged {
        /// What is wrong.
        what: String,
    },
}
