//! ClOrdIDs used today, exactly and compactly.
//!
//! Most counterparties count: `ORD-000001`, `ORD-000002` ... Such ids are kept as ranges of numbers per prefix, so a
//! million of them in sequence cost one range. An id without a numeric tail is kept whole.

use assay_trading_types::ClOrdId;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Ranges and whole ids of a session and day. Beyond it every new id is refused as used: fail closed. At about 60 bytes
/// an entry this is 120 MB for a session that sends nothing but random ids.
const ENTRIES_MAX: usize = 2_000_000;

/// Ranges and whole ids of all sessions and a day, about 1 GB. Beyond it likewise, for every session.
pub(crate) const NODE_ENTRIES_MAX: usize = 16_000_000;

/// Digits of a numeric tail that fit 64 bits.
const DIGITS_MAX: usize = 18;

/// The ids of one session.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct UsedIds {
    /// By (prefix, digits in the tail): inclusive ranges, first number to last.
    ranges: BTreeMap<(ClOrdId, u8), BTreeMap<u64, u64>>,
    whole: BTreeSet<ClOrdId>,
    entries: usize,
}

impl UsedIds {
    /// Whether the id may not be used again, or that cannot be told any more because the bound is reached.
    pub(crate) fn refuses(&self, id: &ClOrdId) -> bool {
        self.entries >= ENTRIES_MAX || self.contains(id)
    }

    /// Whether the id was used.
    pub(crate) fn contains(&self, id: &ClOrdId) -> bool {
        match split(id) {
            Some((key, number)) => {
                let range = self.ranges.get(&key).and_then(|r| r.range(..=number).next_back());
                range.is_some_and(|(_, last)| number <= *last)
            }
            None => self.whole.contains(id),
        }
    }

    /// Ranges and whole ids kept.
    pub(crate) fn entries(&self) -> usize {
        self.entries
    }

    /// Marks the id as used.
    pub(crate) fn insert(&mut self, id: &ClOrdId) {
        let Some((key, number)) = split(id) else {
            self.entries += usize::from(self.whole.insert(*id));
            return;
        };
        let ranges = self.ranges.entry(key).or_default();
        let before = ranges.range(..=number).next_back().map(|(first, last)| (*first, *last));
        if before.is_some_and(|(_, last)| number <= last) {
            return;
        }
        let first = match before {
            Some((first, last)) if last + 1 == number => first,
            _ => {
                self.entries += 1;
                number
            }
        };
        let last = match ranges.remove(&(number + 1)) {
            Some(last) => {
                self.entries -= 1;
                last
            }
            None => number,
        };
        ranges.insert(first, last);
    }
}

/// Prefix with at least one character, and the number after it.
fn split(id: &ClOrdId) -> Option<((ClOrdId, u8), u64)> {
    let text = id.as_str();
    let digits = text.bytes().rev().take_while(u8::is_ascii_digit).count().min(DIGITS_MAX);
    let (prefix, number) = text.split_at(text.len() - digits);
    // A text of digits alone has no prefix; `#` cannot be confused with one, because lengths are part of the key.
    let prefix = ClOrdId::new(if prefix.is_empty() { "#" } else { prefix }).ok()?;
    let width = u8::try_from(digits).ok()?;
    let width = if text.len() == digits { width | 0x80 } else { width };
    Some(((prefix, width), number.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> ClOrdId {
        ClOrdId::new(text).unwrap()
    }

    #[test]
    fn ids_in_sequence_cost_one_entry() {
        let mut used = UsedIds::default();
        for n in (0..10_000).rev().chain(10_000..20_000) {
            let id = id(&format!("ORD{n:06}"));
            assert!(!used.contains(&id));
            used.insert(&id);
            assert!(used.contains(&id));
        }
        assert_eq!(used.entries, 1);
    }

    #[test]
    fn what_looks_alike_is_told_apart() {
        let mut used = UsedIds::default();
        let ids =
            ["7", "07", "#7", "A7", "A07", "A", "7A", "A7A", "99999999999999999999", "A99999999999999999999"];
        for (i, text) in ids.iter().enumerate() {
            assert!(ids[i..].iter().all(|t| !used.contains(&id(t))), "before {text}");
            used.insert(&id(text));
            used.insert(&id(text));
        }
        assert!(ids.iter().all(|t| used.contains(&id(t))));
        assert_eq!(used.entries, ids.len());
    }
}
