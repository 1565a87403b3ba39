//! The Kafka topics of a log as it needs them: made, and checked against what is there.

use super::config::KafkaConfig;
use super::fault::KafkaFault;
use super::names::Names;
use super::patience::Patience;
use rdkafka::admin::{
    AdminClient, AdminOptions, ConfigResource, NewTopic, ResourceSpecifier, TopicReplication,
};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::FromClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::metadata::MetadataTopic;
use std::collections::BTreeSet;
use std::time::Duration;

/// What Kafka adds to a record in a batch, generously.
const BATCH_OVERHEAD_BYTES: usize = 64 << 10;

/// How safely brokers keep a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TopicPlan {
    /// Copies of everything.
    pub replication: u16,
    /// Copies that must exist before a record counts as durable.
    pub min_insync_replicas: u16,
}

/// What of a topic is not as the log needs it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TopicMismatch {
    /// It is not there.
    #[error("topic {topic} is not there")]
    Missing {
        /// Its name.
        topic: String,
    },
    /// A log is in one order.
    #[error("topic {topic} has {found} partitions, and must have exactly 1; delete it if it holds nothing")]
    Partitions {
        /// Its name.
        topic: String,
        /// How many.
        found: usize,
    },
    /// Too few copies.
    #[error("topic {topic} is kept {found} times, and must be {wanted} times")]
    Replication {
        /// Its name.
        topic: String,
        /// Copies.
        found: usize,
        /// Copies it must have.
        wanted: u16,
    },
    /// A setting.
    #[error("topic {topic} has {key} = {found}, and must have {wanted}: {why}")]
    Setting {
        /// Its name.
        topic: String,
        /// Kafka's name of the setting.
        key: &'static str,
        /// Its value.
        found: String,
        /// The value it must have.
        wanted: String,
        /// What else happens.
        why: &'static str,
    },
}

/// What creating topics did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TopicsCreated {
    /// These were made.
    pub created: Vec<String>,
    /// These were there.
    pub existing: Vec<String>,
}

/// Makes the topics of a log that are not there.
///
/// # Errors
/// Brokers are away, or refuse.
pub fn create_topics(config: &KafkaConfig, plan: TopicPlan) -> Result<TopicsCreated, KafkaFault> {
    let names = Names::new(&config.prefix);
    let admin = Admin::new(config)?;
    let settings = settings(config, plan);
    let texts: Vec<_> = settings.iter().map(|setting| (setting.key, setting.wanted.to_string())).collect();
    let topics: Vec<NewTopic<'_>> = names
        .iter()
        .map(|name| {
            let topic = NewTopic::new(name, 1, TopicReplication::Fixed(i32::from(plan.replication)));
            texts.iter().fold(topic, |topic, (key, text)| topic.set(key, text))
        })
        .collect();
    let made = pollster::block_on(admin.client.create_topics(&topics, &admin.options()));
    let mut done = TopicsCreated::default();
    for result in made.map_err(|error| admin.away(&error))? {
        match result {
            Ok(topic) => done.created.push(topic),
            Err((topic, RDKafkaErrorCode::TopicAlreadyExists)) => done.existing.push(topic),
            Err((topic, code)) => return Err(refused("create", &topic, code)),
        }
    }
    admin.wait_until_there(&names)?;
    Ok(done)
}

/// Deletes the topics of a log, and with them the log.
///
/// # Errors
/// Brokers are away, or refuse.
pub fn delete_topics(config: &KafkaConfig) -> Result<(), KafkaFault> {
    let names = Names::new(&config.prefix);
    let admin = Admin::new(config)?;
    let names: Vec<_> = names.iter().collect();
    let deleted = pollster::block_on(admin.client.delete_topics(&names, &admin.options()));
    for result in deleted.map_err(|error| admin.away(&error))? {
        result.map_err(|(topic, code)| refused("delete", &topic, code))?;
    }
    Ok(())
}

/// Compares the topics of a log with what it needs; nothing when all is well.
///
/// # Errors
/// Brokers are away, or refuse.
pub fn check_topics(config: &KafkaConfig, plan: TopicPlan) -> Result<Vec<TopicMismatch>, KafkaFault> {
    let names = Names::new(&config.prefix);
    let admin = Admin::new(config)?;
    let metadata = admin.client.inner().fetch_metadata(None, config.open_timeout);
    let metadata = metadata.map_err(|error| admin.away(&error))?;
    let mut mismatches = Vec::new();
    let mut there = BTreeSet::new();
    for name in names.iter() {
        match metadata.topics().iter().find(|topic| topic.name() == name) {
            None => mismatches.push(TopicMismatch::Missing { topic: name.to_owned() }),
            Some(topic) => {
                mismatches.extend(check_layout(topic, plan));
                there.insert(name);
            }
        }
    }
    if there.is_empty() {
        return Ok(mismatches);
    }
    let wanted: Vec<_> = there.iter().map(|name| ResourceSpecifier::Topic(name)).collect();
    let described = pollster::block_on(admin.client.describe_configs(&wanted, &admin.options()));
    let settings = settings(config, plan);
    for (result, topic) in described.map_err(|error| admin.away(&error))?.into_iter().zip(&there) {
        let resource = result.map_err(|code| refused("look at", topic, code))?;
        mismatches.extend(settings.iter().filter_map(|setting| setting.check(topic, &resource)));
    }
    Ok(mismatches)
}

fn check_layout(topic: &MetadataTopic, plan: TopicPlan) -> Option<TopicMismatch> {
    let name = topic.name().to_owned();
    match topic.partitions() {
        [only] if only.replicas().len() < usize::from(plan.replication) => Some(TopicMismatch::Replication {
            topic: name,
            found: only.replicas().len(),
            wanted: plan.replication,
        }),
        [_] => None,
        several => Some(TopicMismatch::Partitions { topic: name, found: several.len() }),
    }
}

/// A setting of every topic.
struct Setting {
    key: &'static str,
    wanted: Wanted,
    why: &'static str,
}

/// Which values will do.
enum Wanted {
    Exactly(&'static str),
    AtLeast(u64),
}

impl std::fmt::Display for Wanted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exactly(text) => f.write_str(text),
            Self::AtLeast(number) => write!(f, "{number}"),
        }
    }
}

fn settings(config: &KafkaConfig, plan: TopicPlan) -> [Setting; 6] {
    let exactly = |key, text, why| Setting { key, wanted: Wanted::Exactly(text), why };
    let at_least = |key, number, why| Setting { key, wanted: Wanted::AtLeast(number), why };
    let message_bytes = (config.record_bytes_max + BATCH_OVERHEAD_BYTES) as u64;
    let copies = u64::from(plan.min_insync_replicas);
    [
        exactly("cleanup.policy", "delete", "compaction drops records"),
        exactly("retention.ms", "-1", "old records would be deleted"),
        exactly("retention.bytes", "-1", "old records would be deleted"),
        exactly("unclean.leader.election.enable", "false", "records that were durable could be lost"),
        at_least("min.insync.replicas", copies, "a record could be durable on fewer brokers"),
        at_least("max.message.bytes", message_bytes, "the largest record would be refused"),
    ]
}

impl Setting {
    fn check(&self, topic: &str, resource: &ConfigResource) -> Option<TopicMismatch> {
        let found = resource.get(self.key).and_then(|entry| entry.value.clone()).unwrap_or_default();
        let good = match self.wanted {
            Wanted::Exactly(text) => found == text,
            Wanted::AtLeast(number) => found.parse::<u64>().is_ok_and(|found| found >= number),
        };
        let wanted = match self.wanted {
            Wanted::Exactly(text) => text.to_owned(),
            Wanted::AtLeast(number) => format!("{number} or more"),
        };
        let (topic, key, why) = (topic.to_owned(), self.key, self.why);
        (!good).then_some(TopicMismatch::Setting { topic, key, found, wanted, why })
    }
}

struct Admin<'a> {
    client: AdminClient<DefaultClientContext>,
    config: &'a KafkaConfig,
}

impl<'a> Admin<'a> {
    fn new(config: &'a KafkaConfig) -> Result<Self, KafkaFault> {
        let client = AdminClient::from_config(&config.client());
        let client = client.map_err(|error| KafkaFault::Configuration(error.to_string()))?;
        Ok(Self { client, config })
    }

    fn options(&self) -> AdminOptions {
        let wait: Duration = self.config.open_timeout;
        AdminOptions::new().request_timeout(Some(wait)).operation_timeout(Some(wait))
    }

    /// Brokers learn of topics a moment after they are made.
    fn wait_until_there(&self, names: &Names) -> Result<(), KafkaFault> {
        let patience = Patience::new(self.config);
        loop {
            let metadata = self.client.inner().fetch_metadata(None, self.config.open_timeout);
            let metadata = metadata.map_err(|error| self.away(&error))?;
            let led = |name: &str| {
                let topic = metadata.topics().iter().find(|topic| topic.name() == name);
                topic.is_some_and(|topic| topic.partitions().iter().all(|partition| partition.leader() >= 0))
            };
            if names.iter().all(led) {
                return Ok(());
            }
            patience.wait(&|| "no leader for a topic that was made".to_owned())?;
        }
    }

    fn away(&self, error: &KafkaError) -> KafkaFault {
        let (brokers, waited_s) = (self.config.brokers.clone(), self.config.open_timeout.as_secs());
        KafkaFault::Away { brokers, waited_s, why: error.to_string() }
    }
}

fn refused(doing: &'static str, topic: &str, code: RDKafkaErrorCode) -> KafkaFault {
    let error = KafkaError::AdminOp(code);
    KafkaFault::lasting(doing, topic, &error).unwrap_or_else(|| KafkaFault::Refused {
        doing,
        topic: topic.to_owned(),
        why: code.to_string(),
    })
}
