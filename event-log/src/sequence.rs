//! Numbers the records of a log: positions over all, offsets within each topic-partition, newest origins.

use crate::{NewRecord, Record, Value};
use assay_trading_types::{Kind, Origin, Position, Role, Topic};
use std::collections::BTreeMap;

/// A producer's input partition: its outputs are numbered by the offsets of this partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Producer {
    /// Who produced.
    pub role: Role,
    /// From which topic.
    pub topic: Topic,
    /// From which partition.
    pub partition: u16,
}

/// Which output of which input of a [`Producer`]; newer ones are greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OutputId {
    /// Input offset.
    pub offset: u64,
    /// Which output of that input, from 0.
    pub index: u16,
}

/// The newest output of each producer that the log holds. Drivers that replay suppress what is not newer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LastOrigins(BTreeMap<Producer, OutputId>);

impl LastOrigins {
    /// The newest output of a producer.
    pub fn last(&self, producer: Producer) -> Option<OutputId> {
        self.0.get(&producer).copied()
    }

    /// Whether a record of this origin is newer than all that the log holds. Origins that are requests of a
    /// counterparty, and records without origin, always are.
    pub fn is_news(&self, origin: Option<Origin>) -> bool {
        let Some((producer, output)) = origin.and_then(split) else { return true };
        self.last(producer).is_none_or(|last| output > last)
    }

    /// Takes note of a record's origin.
    pub fn note(&mut self, origin: Option<Origin>) {
        if let Some((producer, output)) = origin.and_then(split) {
            let last = self.0.entry(producer).or_insert(output);
            *last = output.max(*last);
        }
    }

    /// Every producer, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (Producer, OutputId)> + '_ {
        self.0.iter().map(|(producer, output)| (*producer, *output))
    }
}

impl FromIterator<(Producer, OutputId)> for LastOrigins {
    fn from_iter<I: IntoIterator<Item = (Producer, OutputId)>>(entries: I) -> Self {
        Self(entries.into_iter().collect())
    }
}

fn split(origin: Origin) -> Option<(Producer, OutputId)> {
    match origin {
        Origin::Input { role, topic, partition, offset, index } => {
            Some((Producer { role, topic, partition }, OutputId { offset, index }))
        }
        Origin::Request(_) => None,
    }
}

/// Next offset of every topic-partition that has records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NextOffsets([Vec<u64>; Topic::ALL.len()]);

impl NextOffsets {
    /// Offset that the next record of a topic-partition gets: how many it holds.
    pub fn next(&self, topic: Topic, partition: u16) -> u64 {
        self.0[topic as usize].get(usize::from(partition)).copied().unwrap_or(0)
    }

    /// Every topic-partition that has records, with its next offset.
    pub fn iter(&self) -> impl Iterator<Item = (Topic, u16, u64)> + '_ {
        Topic::ALL.into_iter().flat_map(move |topic| {
            let partitions = self.0[topic as usize].iter().enumerate();
            partitions.filter(|(_, next)| **next > 0).map(move |(p, next)| (topic, p as u16, *next))
        })
    }

    pub(crate) fn set(&mut self, topic: Topic, partition: u16, next: u64) {
        let partitions = &mut self.0[topic as usize];
        if partitions.len() <= usize::from(partition) {
            partitions.resize(usize::from(partition) + 1, 0);
        }
        partitions[usize::from(partition)] = next;
    }

    pub(crate) fn take(&mut self, topic: Topic, partition: u16) -> u64 {
        let offset = self.next(topic, partition);
        self.set(topic, partition, offset + 1);
        offset
    }
}

/// Where the log stands: what the next record of each kind of number is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Sequence {
    pub(crate) end: u64,
    pub(crate) offsets: NextOffsets,
    pub(crate) origins: LastOrigins,
}

impl Sequence {
    /// Turns a new record into the log's next one.
    pub(crate) fn place(&mut self, new: NewRecord) -> Record {
        let position = Position(self.end);
        self.end += 1;
        let offset = self.offsets.take(new.topic, new.partition);
        self.origins.note(new.origin);
        let (kind, value, event) = match new.value {
            Value::Fix(bytes) => (Kind::FixMessage, bytes, None),
            Value::Event { event, json } => (event.kind(), json, Some(event)),
            Value::Stored { kind, json } => (kind, json, None),
        };
        Record {
            position,
            topic: new.topic,
            partition: new.partition,
            offset,
            key: new.key,
            kind,
            at: new.at,
            origin: new.origin,
            trace: new.trace,
            actor: new.actor,
            wire: new.wire,
            value,
            event,
        }
    }

    /// Takes note of a record that was placed before this process began.
    pub(crate) fn pass(&mut self, topic: Topic, partition: u16, offset: u64, origin: Option<Origin>) {
        self.end += 1;
        self.offsets.set(topic, partition, offset + 1);
        self.origins.note(origin);
    }
}

/// Topics a reader wants, one bit each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct TopicSet(u8);

impl TopicSet {
    pub(crate) fn of(topics: &[Topic]) -> Self {
        Self(topics.iter().fold(0, |set, topic| set | 1 << (*topic as u8)))
    }

    pub(crate) const NONE: Self = Self(0);

    /// One bit a topic, by its number.
    pub(crate) fn bits(self) -> u8 {
        self.0
    }

    /// Bits that are no topic's count for nothing.
    pub(crate) fn from_bits(bits: u8) -> Self {
        Self(bits & Self::of(&Topic::ALL).0)
    }

    pub(crate) fn with(self, topic: Topic) -> Self {
        Self(self.0 | 1 << (topic as u8))
    }

    pub(crate) fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(crate) fn has(self, topic: Topic) -> bool {
        self.0 & (1 << (topic as u8)) != 0
    }
}

const _: () = assert!(Topic::ALL.len() <= 8, "TopicSet has eight bits");

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(offset: u64, index: u16) -> Option<Origin> {
        Some(Origin::Input { role: Role::Risk, topic: Topic::Accounts, partition: 0, offset, index })
    }

    #[test]
    fn only_newer_origins_are_news() {
        let mut last = LastOrigins::default();
        assert!(last.is_news(origin(0, 0)));
        last.note(origin(7, 1));
        last.note(origin(3, 9));
        for (candidate, news) in
            [((6, 9), false), ((7, 0), false), ((7, 1), false), ((7, 2), true), ((8, 0), true)]
        {
            assert_eq!(last.is_news(origin(candidate.0, candidate.1)), news, "{candidate:?}");
        }
        assert!(last.is_news(None));
    }

    #[test]
    fn producers_do_not_suppress_one_another() {
        let mut last = LastOrigins::default();
        last.note(origin(7, 1));
        let other = Origin::Input {
            role: Role::Execution,
            topic: Topic::Accounts,
            partition: 0,
            offset: 1,
            index: 0,
        };
        assert!(last.is_news(Some(other)));
    }

    #[test]
    fn offsets_count_within_their_topic_partition() {
        let mut offsets = NextOffsets::default();
        assert_eq!(
            [offsets.take(Topic::Fix, 0), offsets.take(Topic::Fix, 3), offsets.take(Topic::Fix, 3)],
            [0, 0, 1]
        );
        assert_eq!(offsets.iter().collect::<Vec<_>>(), [(Topic::Fix, 0, 1), (Topic::Fix, 3, 2)]);
    }
}
