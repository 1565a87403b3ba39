//! Where in the log a session's outbound messages stand.

use serde::{Deserialize, Serialize};

/// One outbound number in so many has its position remembered: a resend reads at most so many messages too many, and 10
/// million messages cost 160 KB.
pub(crate) const INDEX_STRIDE: u64 = 1_024;

/// Positions of some outbound messages of the present epoch, ascending.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct JournalIndex {
    /// (MsgSeqNum, position).
    entries: Vec<(u64, u64)>,
}

impl JournalIndex {
    /// Whether the message numbered `seq` has to be noted.
    pub(crate) fn wants(&self, seq: u64) -> bool {
        self.entries.last().is_none_or(|(last, _)| seq >= last + INDEX_STRIDE)
    }

    /// The message numbered `seq` stands at `position`.
    pub(crate) fn note(&mut self, seq: u64, position: u64) {
        if self.wants(seq) {
            self.entries.push((seq, position));
        }
    }

    /// A new epoch: earlier messages cannot be asked for any more.
    pub(crate) fn clear(&mut self) {
        self.entries.clear();
    }

    /// A position at or before the message numbered `seq`; nothing when no message was sent in this epoch.
    pub(crate) fn before(&self, seq: u64) -> Option<u64> {
        let after = self.entries.partition_point(|(noted, _)| *noted <= seq);
        self.entries.get(after.saturating_sub(1)).map(|(_, position)| *position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resend_begins_at_or_before_its_first_message() {
        let mut index = JournalIndex::default();
        assert_eq!(index.before(1), None);
        (1..=5_000).for_each(|seq| index.note(seq, seq * 10));
        assert_eq!(index.before(1), Some(10));
        assert_eq!(index.before(1_024), Some(10));
        assert_eq!(index.before(1_025), Some(10_250));
        assert_eq!(index.before(5_000), Some(40_970));
        index.clear();
        assert_eq!(index.before(1), None);
    }
}
