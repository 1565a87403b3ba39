//! ClOrdIDs used today, exactly and compactly.
//!
//! Most counterparties count: `ORD-000001`, `ORD-000002` ... Such ids are kept as ranges of numbers per prefix, so a
//! million of them in sequence cost one range. An id without a numeric tail is kept whole.

use assay_trading_types::ClOrdId;
use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};
use std::collections::{BTreeMap, BTreeSet};

/// Ranges and whole ids of a session and day. Beyond it every new id is refused as used: fail closed. At about 60 bytes
/// an entry this is 120 MB for a session that sends nothing but random ids.
const ENTRIES_MAX: usize = 2_000_000;

/// Ranges and whole ids of all sessions and a day, about 1 GB. Beyond it likewise, for every session.
pub(crate) const NODE_ENTRIES_MAX: usize = 16_000_000;

/// Digits of a numeric tail that fit 64 bits.
const DIGITS_MAX: usize = 18;

/// Set in the count of digits of an id without a prefix.
const NO_PREFIX: u8 = 0x80;

/// Prefix and count of digits.
type Series = (ClOrdId, u8);

/// The ids of one session.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct UsedIds {
    /// Inclusive ranges, first number to last.
    ranges: BTreeMap<Series, BTreeMap<u64, u64>>,
    whole: BTreeSet<ClOrdId>,
    entries: usize,
    /// The range that the last id went to, which most next ids follow. What stands of it in `ranges` may end earlier.
    #[serde(skip)]
    latest: Option<Run>,
}

/// A range of a series.
#[derive(Debug, Clone, Copy)]
struct Run {
    series: Series,
    first: u64,
    last: u64,
    /// Where the range after it begins.
    next: u64,
}

impl UsedIds {
    /// Whether the id may not be used again, or that cannot be told any more because the bound is reached.
    pub(crate) fn refuses(&self, id: &ClOrdId) -> bool {
        self.entries >= ENTRIES_MAX || self.contains(id)
    }

    /// Whether the id was used.
    pub(crate) fn contains(&self, id: &ClOrdId) -> bool {
        if let Some((run, number)) = self.latest.and_then(|run| Some((run, run.number_of(id)?)))
            && (run.first..run.next).contains(&number)
        {
            return number <= run.last;
        }
        match split(id) {
            Some((series, number)) => {
                let range = self.ranges.get(&series).and_then(|r| r.range(..=number).next_back());
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
        if let Some(run) = &mut self.latest
            && let Some(number) = run.number_of(id)
            && number == run.last + 1
            && number + 1 < run.next
        {
            run.last = number;
            return;
        }
        self.settle();
        let Some((series, number)) = split(id) else {
            self.entries += usize::from(self.whole.insert(*id));
            return;
        };
        let ranges = self.ranges.entry(series).or_default();
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
        let next = ranges.range(last + 1..).next().map_or(u64::MAX, |(first, _)| *first);
        self.latest = Some(Run { series, first, last, next });
    }

    /// Lets the ranges say what the latest one has become.
    fn settle(&mut self) {
        let Some(Run { series, first, last, .. }) = self.latest.take() else { return };
        self.ranges.entry(series).or_default().insert(first, last);
    }
}

impl Run {
    /// The id's number, if it is one of the series.
    fn number_of(&self, id: &ClOrdId) -> Option<u64> {
        let (prefix, width) = &self.series;
        let prefix = if width & NO_PREFIX == 0 { prefix.as_str() } else { "" };
        let digits = id.as_str().as_bytes().strip_prefix(prefix.as_bytes())?;
        if digits.len() != usize::from(width & !NO_PREFIX) {
            return None;
        }
        digits.iter().try_fold(0_u64, |number, digit| match digit {
            b'0'..=b'9' => Some(number * 10 + u64::from(digit - b'0')),
            _ => None,
        })
    }
}

/// At rest: without the latest range, which its place among the ranges tells.
impl Serialize for UsedIds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("UsedIds", 3)?;
        fields.serialize_field("ranges", &Settled(self))?;
        fields.serialize_field("whole", &self.whole)?;
        fields.serialize_field("entries", &self.entries)?;
        fields.end()
    }
}

/// All ranges, the latest as far as it goes.
struct Settled<'a>(&'a UsedIds);

/// Those of a series.
struct SettledSeries<'a>(&'a BTreeMap<u64, u64>, Option<Run>);

impl Serialize for Settled<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let UsedIds { ranges, latest, .. } = self.0;
        let of = |series: &Series| latest.filter(|run| run.series == *series);
        serializer.collect_map(ranges.iter().map(|(series, r)| (series, SettledSeries(r, of(series)))))
    }
}

impl Serialize for SettledSeries<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let last_of =
            |first: u64, last: u64| self.1.filter(|run| run.first == first).map_or(last, |run| run.last);
        serializer.collect_map(self.0.iter().map(|(first, last)| (first, last_of(*first, *last))))
    }
}

/// Prefix with at least one character, and the number after it.
fn split(id: &ClOrdId) -> Option<(Series, u64)> {
    let text = id.as_str();
    let digits = text.bytes().rev().take_while(u8::is_ascii_digit).count().min(DIGITS_MAX);
    let (prefix, number) = text.split_at(text.len() - digits);
    // A text of digits alone has no prefix; `#` cannot be confused with one, because lengths are part of the key.
    let prefix = ClOrdId::new(if prefix.is_empty() { "#" } else { prefix }).ok()?;
    let width = u8::try_from(digits).ok()?;
    let width = if text.len() == digits { width | NO_PREFIX } else { width };
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

    proptest::proptest! {
        #[test]
        fn ids_in_any_order_are_kept_as_a_plain_set_keeps_them(
            steps in proptest::collection::vec((0_u8..10, proptest::bool::weighted(0.7), 0_u64..60), 1..300),
        ) {
            let (mut used, mut plain) = (UsedIds::default(), BTreeSet::new());
            let mut number = 0;
            for (kind, counts, elsewhere) in steps {
                number = if counts { number + 1 } else { elsewhere };
                let id = match kind {
                    0 => id(&format!("{number}")),
                    1 => id(&format!("B{number:02}")),
                    2 => id(&format!("{number}x")),
                    _ => id(&format!("A{number:02}")),
                };
                assert_eq!(used.contains(&id), plain.contains(&id), "{id}");
                used.insert(&id);
                plain.insert(id);
                assert!(used.contains(&id));
            }
            let ranges: usize = used.ranges.values().map(BTreeMap::len).sum();
            assert_eq!(used.entries, ranges + used.whole.len());
            let again: UsedIds = rmp_serde::from_slice(&rmp_serde::to_vec_named(&used).unwrap()).unwrap();
            assert!(plain.iter().all(|id| again.contains(id)));
            used.settle();
            assert_eq!((&again.ranges, &again.whole, again.entries), (&used.ranges, &used.whole, used.entries));
        }
    }
}
