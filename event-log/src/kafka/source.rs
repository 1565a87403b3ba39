//! Reads the log's topics from some place on, as one log.

use super::client::Ear;
use super::config::KafkaConfig;
use super::control::{Checkpoint, Epochs};
use super::fault::KafkaFault;
use super::merge::Merge;
use super::message::{self, Entry, KIND_HEADER, META_HEADER, Parts, Stored};
use super::names::{DATA_SLOTS, Names, PARTITION};
use assay_trading_types::Topic;
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{BorrowedMessage, Headers, Message};
use rdkafka::{Offset, TopicPartitionList};
use std::time::Duration;

/// Bytes of one topic that may wait for records of others; then brokers are asked for no more of it.
const WAITING_BYTES_MAX: usize = 8 << 20;
/// Below it they are asked again.
const WAITING_BYTES_LOW: usize = 1 << 20;

/// A subscription to all topics of records, merged.
pub(super) struct Source {
    consumer: BaseConsumer<Ear>,
    names: Names,
    merge: Merge,
    epochs: Epochs,
    paused: [bool; DATA_SLOTS],
    /// Offset of the next message of each topic.
    reached: [i64; DATA_SLOTS],
    /// Greatest position below which a writer knew everything to be durable.
    durable: u64,
}

/// Where reading begins.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Start {
    pub(super) position: u64,
    pub(super) epoch: u64,
    pub(super) messages: [i64; DATA_SLOTS],
}

impl Start {
    /// At a checkpoint; without one at the beginning of the log.
    pub(super) fn at(checkpoint: Option<&Checkpoint>) -> Self {
        checkpoint.map_or_else(Self::default, |c| Self {
            position: c.position,
            epoch: c.epoch,
            messages: c.messages(),
        })
    }
}

impl Source {
    pub(super) fn start(
        config: &KafkaConfig,
        names: &Names,
        start: Start,
        epochs: Epochs,
    ) -> Result<Self, KafkaFault> {
        let at: Vec<_> = start.messages.into_iter().enumerate().collect();
        let consumer = subscribe(config, names, &at)?;
        Ok(Self {
            consumer,
            names: names.clone(),
            merge: Merge::new(start.position, start.epoch),
            epochs,
            paused: [false; DATA_SLOTS],
            reached: start.messages,
            durable: start.position,
        })
    }

    /// The next record of the log; none when none came within `wait`.
    pub(super) fn next(&mut self, wait: Duration) -> Result<Option<Stored>, KafkaFault> {
        if let Some(stored) = self.take()? {
            return Ok(Some(stored));
        }
        if let Some(message) = poll(&self.consumer, &self.names, wait)? {
            let slot = self.names.slot(message.topic()).filter(|slot| *slot < DATA_SLOTS);
            let Some(slot) = slot else { return Ok(None) };
            let entry = decode(&message, slot)?;
            self.reached[slot] = message.offset() + 1;
            drop(message);
            self.check(slot, &entry)?;
            self.merge.offer(slot, entry, &self.epochs);
            self.hold_back(slot)?;
        }
        self.take()
    }

    /// Whether every topic was read up to these offsets.
    pub(super) fn has_reached(&self, ends: &[i64; DATA_SLOTS]) -> bool {
        self.reached.iter().zip(ends).all(|(reached, end)| reached >= end)
    }

    /// Everything below it had been durable, by what was read.
    pub(super) fn known_durable(&self) -> u64 {
        self.durable
    }

    /// Position of the next record.
    pub(super) fn position(&self) -> u64 {
        self.merge.next()
    }

    /// Why nothing comes.
    pub(super) fn heard(&self) -> String {
        self.consumer.context().last()
    }

    fn take(&mut self) -> Result<Option<Stored>, KafkaFault> {
        let Some(stored) = self.merge.take() else { return Ok(None) };
        let slot = stored.record.topic as usize;
        if self.paused[slot] && self.merge.waiting_bytes(slot) < WAITING_BYTES_LOW {
            self.paused[slot] = false;
            self.pausing(slot, |consumer, list| consumer.resume(list))?;
        }
        Ok(Some(stored))
    }

    /// Records without any writer on record mean that the control topic is not the one they were written with.
    fn check(&mut self, slot: usize, entry: &Entry) -> Result<(), KafkaFault> {
        let Entry::Record(stored) = entry else { return Ok(()) };
        if self.epochs.is_new() {
            return Err(KafkaFault::Foreign {
                topic: self.names.of(slot).to_owned(),
                message: self.reached[slot] - 1,
                what: "the control topic knows no writer of it; was it deleted?".to_owned(),
            });
        }
        if self.epochs.covers(stored.epoch, stored.record.position.0) {
            self.durable = self.durable.max(stored.durable);
        }
        Ok(())
    }

    fn hold_back(&mut self, slot: usize) -> Result<(), KafkaFault> {
        if self.paused[slot] || self.merge.waiting_bytes(slot) < WAITING_BYTES_MAX {
            return Ok(());
        }
        self.paused[slot] = true;
        self.pausing(slot, |consumer, list| consumer.pause(list))
    }

    fn pausing(
        &self,
        slot: usize,
        change: impl FnOnce(&BaseConsumer<Ear>, &TopicPartitionList) -> Result<(), rdkafka::error::KafkaError>,
    ) -> Result<(), KafkaFault> {
        let mut list = TopicPartitionList::new();
        list.add_partition(self.names.of(slot), PARTITION);
        change(&self.consumer, &list)
            .map_err(|error| refused("pause reading of", self.names.of(slot), &error))
    }
}

/// A consumer of these slots from these offsets on.
pub(super) fn subscribe(
    config: &KafkaConfig,
    names: &Names,
    at: &[(usize, i64)],
) -> Result<BaseConsumer<Ear>, KafkaFault> {
    let consumer = BaseConsumer::from_config_and_context(&config.consumer(), Ear::default());
    let consumer = consumer.map_err(|error| KafkaFault::Configuration(error.to_string()))?;
    let mut list = TopicPartitionList::new();
    for (slot, offset) in at {
        let name = names.of(*slot);
        list.add_partition_offset(name, PARTITION, Offset::Offset(*offset))
            .map_err(|error| refused("read", name, &error))?;
    }
    consumer.assign(&list).map_err(|error| refused("read", names.of(at[0].0), &error))?;
    Ok(consumer)
}

/// The next message; none when none came within `wait` or brokers are away for now.
pub(super) fn poll<'a>(
    consumer: &'a BaseConsumer<Ear>,
    names: &Names,
    wait: Duration,
) -> Result<Option<BorrowedMessage<'a>>, KafkaFault> {
    use rdkafka::error::RDKafkaErrorCode as Code;
    let error = match consumer.poll(wait) {
        None => return Ok(None),
        Some(Ok(message)) => return Ok(Some(message)),
        Some(Err(error)) => error,
    };
    let log = names.of(0).rsplit_once('.').map_or("", |(prefix, _)| prefix).to_owned() + ".*";
    match error.rdkafka_error_code() {
        Some(Code::AutoOffsetReset | Code::OffsetOutOfRange) => {
            Err(KafkaFault::Gone { topic: log, what: error.to_string() })
        }
        _ => match KafkaFault::lasting("read", &log, &error) {
            Some(fault) => Err(fault),
            None => {
                tracing::debug!(%error, "reading from Kafka goes on by itself");
                Ok(None)
            }
        },
    }
}

/// What a message of a topic of records says.
pub(super) fn decode(message: &BorrowedMessage<'_>, slot: usize) -> Result<Entry, KafkaFault> {
    let header = |wanted: &str| {
        let headers = message.headers()?;
        headers.iter().find(|header| header.key == wanted).and_then(|header| header.value)
    };
    let parts = Parts {
        topic: Topic::ALL[slot],
        key: message.key().unwrap_or_default(),
        value: message.payload().unwrap_or_default(),
        kind: header(KIND_HEADER).unwrap_or_default(),
        meta: header(META_HEADER).unwrap_or_default(),
    };
    message::decode(parts).map_err(|what| KafkaFault::Foreign {
        topic: message.topic().to_owned(),
        message: message.offset(),
        what: what.to_owned(),
    })
}

fn refused(doing: &'static str, topic: &str, error: &rdkafka::error::KafkaError) -> KafkaFault {
    KafkaFault::Refused { doing, topic: topic.to_owned(), why: error.to_string() }
}
