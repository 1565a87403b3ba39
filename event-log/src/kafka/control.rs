//! The control topic: who writes the log since when, and where reading may begin.

use super::config::KafkaConfig;
use super::fault::KafkaFault;
use super::names::{CONTROL_SLOT, DATA_SLOTS, Names};
use super::patience::Patience;
use super::source;
use crate::sequence::{OutputId, Producer, Sequence};
use assay_trading_types::{Origin, Topic};
use rdkafka::consumer::Consumer;
use rdkafka::message::Message;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

/// One look for a message.
const LOOK: Duration = Duration::from_millis(100);

/// One record of the control topic, as JSON. The offset of a claim is the epoch that it claims.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ControlRecord {
    /// A process wants to write. It fences every topic of records next.
    Claim {
        /// Host and process, for people.
        holder: String,
    },
    /// The process of the last claim has read what stands before its fences, and writes from `position` on.
    Begin {
        /// The epoch: its claim's offset.
        epoch: u64,
        /// Where the log goes on. What lesser epochs wrote at or above it never counted.
        position: u64,
    },
    /// What the records below a position amount to, so that nobody need read them all.
    Checkpoint(Checkpoint),
}

/// Where the log stood at a position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Checkpoint {
    /// Epoch of its writer.
    pub(super) epoch: u64,
    /// Everything below it is durable and counted.
    pub(super) position: u64,
    /// Every topic of records by name.
    topics: BTreeMap<String, TopicPlace>,
    /// The newest output of every producer.
    origins: Vec<Origin>,
}

/// Where a topic stood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct TopicPlace {
    /// Kafka's offset of the next message.
    message: i64,
    /// Our offset of the next record.
    next: u64,
}

impl Checkpoint {
    /// Where the log stands after `sequence`, when the next message of each slot gets the offset in `messages`.
    pub(super) fn new(epoch: u64, sequence: &Sequence, messages: &[i64; DATA_SLOTS]) -> Self {
        let place = |topic: Topic| TopicPlace {
            message: messages[topic as usize],
            next: sequence.offsets.next(topic, 0),
        };
        let origin = |(producer, output): (Producer, OutputId)| Origin::Input {
            role: producer.role,
            topic: producer.topic,
            partition: producer.partition,
            offset: output.offset,
            index: output.index,
        };
        Self {
            epoch,
            position: sequence.end,
            topics: Topic::ALL.iter().map(|topic| (topic.name().to_owned(), place(*topic))).collect(),
            origins: sequence.origins.iter().map(origin).collect(),
        }
    }

    /// Kafka's offset of the next message of each slot.
    pub(super) fn messages(&self) -> [i64; DATA_SLOTS] {
        Topic::ALL.map(|topic| self.topics.get(topic.name()).map_or(0, |place| place.message))
    }

    /// The numbers that go on from here.
    pub(super) fn sequence(&self) -> Sequence {
        let mut sequence = Sequence { end: self.position, ..Sequence::default() };
        for topic in Topic::ALL {
            let next = self.topics.get(topic.name()).map_or(0, |place| place.next);
            if next > 0 {
                sequence.offsets.set(topic, 0, next);
            }
        }
        self.origins.iter().for_each(|origin| sequence.origins.note(Some(*origin)));
        sequence
    }
}

/// What the control topic says, taken record by record in its order.
#[derive(Debug, Default)]
pub(super) struct History {
    pub(super) epochs: Epochs,
    /// Ascending.
    checkpoints: Vec<Checkpoint>,
}

/// Who wrote the log when.
#[derive(Debug, Clone, Default)]
pub(super) struct Epochs {
    /// Epoch of the last claim: nobody else's records of control count any more.
    claimed: Option<u64>,
    /// Epochs that began, with their positions; both ascend.
    begun: Vec<(u64, u64)>,
}

impl History {
    /// Reads the control topic's messages of these offsets.
    pub(super) fn read(
        &mut self,
        config: &KafkaConfig,
        names: &Names,
        offsets: Range<i64>,
    ) -> Result<(), KafkaFault> {
        let consumer = source::subscribe(config, names, &[(CONTROL_SLOT, offsets.start)])?;
        let (mut patience, mut next) = (Patience::new(config), offsets.start);
        while next < offsets.end {
            let Some(message) = source::poll(&consumer, names, LOOK)? else {
                patience.check(&|| consumer.context().last())?;
                continue;
            };
            patience = Patience::new(config);
            next = message.offset() + 1;
            let record = serde_json::from_slice(message.payload().unwrap_or_default());
            let record = record.map_err(|error| KafkaFault::Foreign {
                topic: message.topic().to_owned(),
                message: message.offset(),
                what: error.to_string(),
            })?;
            if message.offset() < offsets.end {
                self.note(message.offset() as u64, record);
            }
        }
        Ok(())
    }

    /// Takes note of the record at `offset`.
    pub(super) fn note(&mut self, offset: u64, record: ControlRecord) {
        match record {
            ControlRecord::Claim { .. } => self.epochs.claimed = Some(offset),
            ControlRecord::Begin { epoch, position } => self.epochs.begin(epoch, position),
            ControlRecord::Checkpoint(checkpoint) => {
                if self.epochs.claimed == Some(checkpoint.epoch) {
                    self.checkpoints.push(checkpoint);
                }
            }
        }
    }

    /// The last checkpoint at or below `position`.
    pub(super) fn checkpoint(&self, position: u64) -> Option<&Checkpoint> {
        let after = self.checkpoints.partition_point(|checkpoint| checkpoint.position <= position);
        after.checked_sub(1).map(|n| &self.checkpoints[n])
    }
}

impl Epochs {
    fn begin(&mut self, epoch: u64, position: u64) {
        if self.claimed == Some(epoch) {
            self.begun.push((epoch, position));
        }
    }

    /// Whether a record that a writer of `epoch` placed at `position` may count. It does when it also stands before every
    /// fence of a later epoch.
    pub(super) fn covers(&self, epoch: u64, position: u64) -> bool {
        let Ok(n) = self.begun.binary_search_by_key(&epoch, |(epoch, _)| *epoch) else { return false };
        let end = self.begun.get(n + 1).map_or(u64::MAX, |(_, position)| *position);
        (self.begun[n].1..end).contains(&position)
    }

    /// Whether nobody ever wrote.
    pub(super) fn is_new(&self) -> bool {
        self.begun.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use assay_trading_types::Role;

    fn claim() -> ControlRecord {
        ControlRecord::Claim { holder: "host:1".to_owned() }
    }

    fn checkpoint(epoch: u64, position: u64) -> ControlRecord {
        let sequence = Sequence { end: position, ..Sequence::default() };
        ControlRecord::Checkpoint(Checkpoint::new(epoch, &sequence, &[position as i64; DATA_SLOTS]))
    }

    fn history(records: impl IntoIterator<Item = ControlRecord>) -> History {
        let mut history = History::default();
        records.into_iter().enumerate().for_each(|(n, record)| history.note(n as u64, record));
        history
    }

    #[test]
    fn an_epoch_covers_from_its_beginning_to_that_of_the_next() {
        let begin = |epoch, position| ControlRecord::Begin { epoch, position };
        let history = history([claim(), begin(0, 0), claim(), begin(2, 10)]);
        let covered = |epoch, position| history.epochs.covers(epoch, position);
        assert_eq!([covered(0, 0), covered(0, 9), covered(0, 10)], [true, true, false]);
        assert_eq!([covered(2, 9), covered(2, 10), covered(2, 1000)], [false, true, true]);
        assert!(!covered(1, 5), "never claimed");
    }

    #[test]
    fn a_process_that_was_replaced_says_nothing_that_counts() {
        let begin = |epoch, position| ControlRecord::Begin { epoch, position };
        let history = history([
            claim(),
            begin(0, 0),
            checkpoint(0, 4),
            claim(),
            claim(),
            begin(3, 5),
            checkpoint(0, 6),
            begin(4, 7),
        ]);
        assert!(!history.epochs.covers(3, 5), "another claimed before it began");
        assert!(history.epochs.covers(0, 6) && !history.epochs.covers(0, 7) && history.epochs.covers(4, 7));
        assert_eq!(history.checkpoint(100).map(|c| c.position), Some(4));
        assert_eq!(history.checkpoint(3), None);
    }

    #[test]
    fn a_checkpoint_gives_the_numbers_back() {
        let mut sequence = Sequence { end: 40, ..Sequence::default() };
        sequence.offsets.set(Topic::Accounts, 0, 30);
        sequence.offsets.set(Topic::Fix, 0, 10);
        let (role, topic) = (Role::Risk, Topic::Accounts);
        sequence.origins.note(Some(Origin::Input { role, topic, partition: 0, offset: 5, index: 1 }));
        let messages = [11, 31, 1, 1, 1, 1, 1];
        let record = ControlRecord::Checkpoint(Checkpoint::new(3, &sequence, &messages));
        let json = serde_json::to_string(&record).unwrap();
        let ControlRecord::Checkpoint(back) = serde_json::from_str(&json).unwrap() else { panic!("{json}") };
        assert_eq!((back.sequence(), back.messages(), back.epoch), (sequence, messages, 3));
    }
}
