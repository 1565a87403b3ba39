//! Counting what happens in a sliding window, exactly.

use assay_trading_types::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Times of what happened lately, no more than the limit and none without one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rate {
    recent: VecDeque<Timestamp>,
}

impl Rate {
    /// Whether there is room at `at` for one more within the window; if not, how long until there is.
    pub(crate) fn room(&mut self, at: Timestamp, max: u32, window_ns: i64) -> Result<(), i64> {
        while self.recent.front().is_some_and(|t| at.since_ns(*t) >= window_ns) {
            self.recent.pop_front();
        }
        if self.recent.len() < max as usize {
            return Ok(());
        }
        let oldest = self.recent.front().map_or(0, |t| at.since_ns(*t));
        Err(window_ns.saturating_sub(oldest))
    }

    /// Counts one.
    pub(crate) fn count(&mut self, at: Timestamp) {
        self.recent.push_back(at);
    }

    /// Forgets what was counted.
    pub(crate) fn clear(&mut self) {
        self.recent.clear();
    }
}
