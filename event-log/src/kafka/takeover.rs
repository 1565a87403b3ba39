//! Becoming the one writer of a log, whatever a process before left or still does.
//!
//! ```text
//! claim  -> control        its offset is our epoch
//! fence  -> every topic    what lesser epochs write behind it does not count
//! read      control, then the topics up to our fences: the whole groups without a gap are the log
//! begin  -> control        unless another claimed meanwhile: from this position on the log is ours
//! ```

use super::client::Acks;
use super::config::KafkaConfig;
use super::control::{ControlRecord, History};
use super::fault::KafkaFault;
use super::message::{self, FENCE_KIND, KIND_HEADER, META_HEADER};
use super::names::{CONTROL_SLOT, DATA_SLOTS, Names, PARTITION, SLOTS};
use super::patience::Patience;
use super::source::{Source, Start};
use crate::sequence::Sequence;
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use std::time::Duration;

/// How long one look for something that has to come takes.
const LOOK: Duration = Duration::from_millis(100);
/// One look for acknowledgements.
const ACK_LOOK: Duration = Duration::from_millis(2);
/// Long enough to take all that connections have said.
const HEAR: Duration = Duration::from_millis(20);
/// A broker may learn of a topic some moments after another one has made it.
const MISSES_MAX: u32 = 20;
/// One question about a topic.
const ASK: Duration = Duration::from_secs(5);

/// What the new writer knows.
pub(super) struct Taken {
    /// The cluster's own id.
    pub(super) cluster: String,
    pub(super) epoch: u64,
    pub(super) history: History,
    /// The log as it stands.
    pub(super) sequence: Sequence,
    /// Kafka's offset of the next message of each slot.
    pub(super) messages: [i64; SLOTS],
}

/// Takes the log over; the producer is the one whose messages the fences let pass.
pub(super) fn take_over(
    config: &KafkaConfig,
    names: &Names,
) -> Result<(BaseProducer<Acks>, Taken), KafkaFault> {
    let producer = BaseProducer::from_config_and_context(&config.producer(), Acks::default());
    let producer = producer.map_err(|error| KafkaFault::Configuration(error.to_string()))?;
    let takeover = Takeover { config, names, producer };
    takeover.wait_for_topics()?;
    let cluster = takeover.producer.client().fetch_cluster_id(ASK).unwrap_or_default();
    let claim = ControlRecord::Claim { holder: config.holder.clone() };
    let claimed_at = takeover.control(&claim)?;
    let epoch = claimed_at as u64;
    let fences = takeover.fence(epoch)?;
    let mut history = History::default();
    history.read(config, names, 0..claimed_at + 1)?;
    let sequence = takeover.read_log(&history, &fences)?;
    let begun_at = takeover.control(&ControlRecord::Begin { epoch, position: sequence.end })?;
    history.read(config, names, claimed_at + 1..begun_at + 1)?;
    if !history.epochs.covers(epoch, sequence.end) {
        let topic = names.of(CONTROL_SLOT).to_owned();
        let prefix = config.prefix.clone();
        return Err(KafkaFault::Replaced { prefix, topic, expected: claimed_at + 1, found: begun_at });
    }
    let messages = std::array::from_fn(|slot| fences.get(slot).map_or(begun_at, |fence| *fence) + 1);
    Ok((takeover.producer, Taken { cluster, epoch, history, sequence, messages }))
}

struct Takeover<'a> {
    config: &'a KafkaConfig,
    names: &'a Names,
    producer: BaseProducer<Acks>,
}

impl Takeover<'_> {
    /// Waits for brokers, then requires every topic with its one partition.
    fn wait_for_topics(&self) -> Result<(), KafkaFault> {
        let patience = Patience::new(self.config);
        let mut misses = 0;
        for name in self.names.iter() {
            loop {
                match self.partitions(name) {
                    Ok(1) => break,
                    Ok(found) => return Err(KafkaFault::Partitions { topic: name.to_owned(), found }),
                    Err(error) => match KafkaFault::lasting("look at", name, &error) {
                        Some(KafkaFault::NoTopic { .. }) if misses < MISSES_MAX => {
                            misses += 1;
                            patience.wait(&|| self.heard(&error))?;
                        }
                        Some(fault) => return Err(fault),
                        None => patience.wait(&|| self.heard(&error))?,
                    },
                }
            }
        }
        Ok(())
    }

    fn partitions(&self, name: &str) -> Result<usize, KafkaError> {
        let metadata = self.producer.client().fetch_metadata(Some(name), ASK)?;
        let topic = metadata.topics().iter().find(|topic| topic.name() == name);
        let topic = topic.ok_or(KafkaError::MetadataFetch(RDKafkaErrorCode::UnknownTopic))?;
        match topic.error() {
            Some(error) => Err(KafkaError::MetadataFetch(error.into())),
            None => Ok(topic.partitions().len()),
        }
    }

    fn heard(&self, error: &KafkaError) -> String {
        // What a connection said tells more than that a request timed out.
        self.producer.poll(HEAR);
        match self.producer.context().ear.last() {
            last if last == "no answer" => error.to_string(),
            last => last,
        }
    }

    fn control(&self, record: &ControlRecord) -> Result<i64, KafkaFault> {
        let json = serde_json::to_vec(record).expect("a control record is JSON");
        self.send(CONTROL_SLOT, OwnedHeaders::new(), &json)?;
        self.collect::<1>(&[CONTROL_SLOT]).map(|[offset]| offset)
    }

    fn fence(&self, epoch: u64) -> Result<[i64; DATA_SLOTS], KafkaFault> {
        let meta = message::encode_fence(epoch);
        let json = format!("{{\"epoch\":{epoch}}}");
        for slot in 0..DATA_SLOTS {
            let headers = OwnedHeaders::new()
                .insert(Header { key: KIND_HEADER, value: Some(FENCE_KIND) })
                .insert(Header { key: META_HEADER, value: Some(&meta) });
            self.send(slot, headers, json.as_bytes())?;
        }
        self.collect(&std::array::from_fn::<_, DATA_SLOTS, _>(|slot| slot))
    }

    fn send(&self, slot: usize, headers: OwnedHeaders, value: &[u8]) -> Result<(), KafkaFault> {
        let topic = self.names.of(slot);
        let record: BaseRecord<'_, [u8], [u8], usize> =
            BaseRecord::with_opaque_to(topic, slot).partition(PARTITION).headers(headers).payload(value);
        self.producer.send(record).map_err(|(error, _)| self.refused(slot, &error))
    }

    /// Offsets of the messages last sent to these slots.
    fn collect<const N: usize>(&self, slots: &[usize; N]) -> Result<[i64; N], KafkaFault> {
        let patience = Patience::new(self.config);
        let mut offsets = [None; N];
        while offsets.contains(&None) {
            self.producer.poll(ACK_LOOK);
            for ack in self.producer.context().take() {
                let n = slots.iter().position(|slot| *slot == ack.id).expect("an acknowledgement of ours");
                offsets[n] = Some(ack.outcome.map_err(|error| self.refused(ack.id, &error))?);
            }
            patience.check(&|| self.producer.context().ear.last())?;
        }
        Ok(offsets.map(Option::unwrap_or_default))
    }

    fn refused(&self, slot: usize, error: &KafkaError) -> KafkaFault {
        let (doing, topic) = ("write to", self.names.of(slot));
        KafkaFault::lasting(doing, topic, error).unwrap_or_else(|| KafkaFault::Refused {
            doing,
            topic: topic.to_owned(),
            why: error.to_string(),
        })
    }

    /// Numbers of the log that ends at our fences, at its last whole group without a gap.
    fn read_log(&self, history: &History, fences: &[i64; DATA_SLOTS]) -> Result<Sequence, KafkaFault> {
        let checkpoint = history.checkpoint(u64::MAX);
        let start = Start::at(checkpoint);
        self.require(&start, fences)?;
        let mut sequence = checkpoint.map(|c| c.sequence()).unwrap_or_default();
        let mut source = Source::start(self.config, self.names, start, history.epochs.clone())?;
        let mut group = Vec::new();
        let mut patience = Patience::new(self.config);
        let ends = fences.map(|fence| fence + 1);
        loop {
            let Some(stored) = source.next(LOOK)? else {
                if source.has_reached(&ends) {
                    break;
                }
                patience.check(&|| source.heard())?;
                continue;
            };
            patience = Patience::new(self.config);
            group.push((stored.record.topic, stored.record.offset, stored.record.origin));
            if !stored.group_continues {
                for (topic, offset, origin) in group.drain(..) {
                    sequence.pass(topic, 0, offset, origin);
                }
            }
        }
        self.require_whole(&sequence, source.known_durable())?;
        Ok(sequence)
    }

    /// A topic that ends before a checkpoint was made anew.
    fn require(&self, start: &Start, fences: &[i64; DATA_SLOTS]) -> Result<(), KafkaFault> {
        let shorter = (0..DATA_SLOTS).find(|slot| fences[*slot] < start.messages[*slot]);
        shorter.map_or(Ok(()), |slot| {
            Err(KafkaFault::Gone {
                topic: self.names.of(slot).to_owned(),
                what: format!("it ends at {}, where there were {}", fences[slot], start.messages[slot]),
            })
        })
    }

    fn require_whole(&self, sequence: &Sequence, durable: u64) -> Result<(), KafkaFault> {
        if sequence.end < durable {
            let prefix = self.config.prefix.clone();
            return Err(KafkaFault::Lost { prefix, end: sequence.end, durable });
        }
        Ok(())
    }
}
