//! Inbound numbers that the peer declared not sent by gap fills, as far back as it matters (D-06).

use std::collections::VecDeque;

/// Gap fills remembered: a late message of one further back is ignored all the same, only without the event.
const FILLS_MAX: usize = 64;

/// Ranges of numbers that count as received though no message came.
#[derive(Debug, Default)]
pub(crate) struct Filled {
    ranges: VecDeque<(u64, u64)>,
}

impl Filled {
    /// Numbers `begin..=end` were gap filled.
    pub(super) fn note(&mut self, begin: u64, end: u64) {
        if self.ranges.len() == FILLS_MAX {
            self.ranges.pop_front();
        }
        self.ranges.push_back((begin, end));
    }

    pub(super) fn holds(&self, seq: u64) -> bool {
        self.ranges.iter().any(|&(begin, end)| (begin..=end).contains(&seq))
    }

    /// A new epoch: other messages have these numbers.
    pub(super) fn clear(&mut self) {
        self.ranges.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d_06_the_newest_fills_are_remembered() {
        let mut filled = Filled::default();
        (0..=FILLS_MAX as u64).for_each(|n| filled.note(10 * n, 10 * n + 2));
        assert!(!filled.holds(1), "the oldest is forgotten");
        assert!(filled.holds(10) && filled.holds(12) && !filled.holds(13));
        filled.clear();
        assert!(!filled.holds(10));
    }
}
