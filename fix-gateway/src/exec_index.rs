//! Where in the log the ExecIDs of `accounts` stand, so that fills can be found again by them.

use assay_trading_types::Timestamp;
use serde::{Deserialize, Serialize};

/// One record of `accounts` in so many has its position remembered: a recovery reads at most so many too many, and a
/// thousand million records cost 6 MB.
const INDEX_STRIDE: u64 = 4_096;

/// Positions of some records of `accounts`, ascending. What it lacks is looked for from the beginning of the log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ExecIndex {
    /// (offset, position, time).
    entries: Vec<(u64, u64, Timestamp)>,
}

impl ExecIndex {
    /// The record at `offset` of `accounts` stands at `position`.
    pub(crate) fn note(&mut self, offset: u64, position: u64, at: Timestamp) {
        if self.entries.last().is_none_or(|(last, ..)| offset >= last + INDEX_STRIDE) {
            self.entries.push((offset, position, at));
        }
    }

    /// A position at or before the record at `offset`.
    pub(crate) fn before_offset(&self, offset: u64) -> u64 {
        self.before(self.entries.partition_point(|(noted, ..)| *noted <= offset))
    }

    /// A position at or before the first record of the day that begins at `start`. Times of records may cross by as much as
    /// a request waits to be decided, so it goes back by one entry more.
    pub(crate) fn before_time(&self, start: Timestamp) -> u64 {
        self.before(self.entries.partition_point(|(.., at)| *at < start).saturating_sub(1))
    }

    fn before(&self, after: usize) -> u64 {
        after.checked_sub(1).map_or(0, |at| self.entries[at].1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_begins_at_or_before_what_is_looked_for() {
        let mut index = ExecIndex::default();
        assert_eq!(index.before_offset(7), 0, "nothing noted");
        let at = |n: u64| Timestamp::from_ns(n.cast_signed() * 1_000);
        (0..20_000).for_each(|n| index.note(n, n * 3 + 5, at(n)));
        assert_eq!(index.before_offset(0), 5);
        assert_eq!(index.before_offset(4_095), 5);
        assert_eq!(index.before_offset(4_096), 4_096 * 3 + 5);
        assert_eq!(index.before_offset(19_999), 16_384 * 3 + 5);
        assert_eq!(index.before_time(at(0)), 0);
        assert_eq!(index.before_time(at(9_000)), 4_096 * 3 + 5);
    }
}
