//! What the job `reconciliation` found, day by day.

use assay_trading_types::{BooksReconciled, Timestamp};
use serde::{Deserialize, Serialize};

/// Runs that are kept: a year's and some that people asked for. The log keeps all.
const KEPT_MAX: usize = 500;

/// Runs, the oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reconciliations {
    runs: Vec<BooksReconciled>,
}

impl Reconciliations {
    /// Runs, the oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &BooksReconciled> {
        self.runs.iter()
    }

    /// The run that was due at an instant.
    pub fn get(&self, due: Timestamp) -> Option<&BooksReconciled> {
        self.runs.iter().find(|run| run.due == due)
    }

    /// Keeps what a run found; nothing when another process did the same run.
    pub(crate) fn note(&mut self, found: &BooksReconciled) -> bool {
        if self.runs.last().is_some_and(|last| found.due <= last.due) {
            return false;
        }
        if self.runs.len() >= KEPT_MAX {
            self.runs.remove(0);
        }
        self.runs.push(found.clone());
        true
    }
}
