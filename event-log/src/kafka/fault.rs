//! Why a log in Kafka cannot be opened or read.

use crate::LogError;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

/// What is wrong with brokers, topics or what they hold.
#[derive(Debug, thiserror::Error)]
pub enum KafkaFault {
    /// Configuration that the client does not take.
    #[error("Kafka's client refuses its configuration: {0}")]
    Configuration(String),
    /// No broker answers, or none lets us in.
    #[error("no Kafka broker served us at {brokers} within {waited_s} s: {why}")]
    Away {
        /// Where they were looked for.
        brokers: String,
        /// How long.
        waited_s: u64,
        /// The last that was heard.
        why: String,
    },
    /// A topic is not there.
    #[error("topic {topic} is not there; `assay topics create` makes what this log needs")]
    NoTopic {
        /// Its name.
        topic: String,
    },
    /// A topic has not one partition.
    #[error(
        "topic {topic} has {found} partitions; this log needs exactly 1, as its records are in one order"
    )]
    Partitions {
        /// Its name.
        topic: String,
        /// How many.
        found: usize,
    },
    /// Brokers do not let us.
    #[error("brokers do not allow to {doing} {topic}: {why}")]
    NotAllowed {
        /// What was tried.
        doing: &'static str,
        /// On which topic.
        topic: String,
        /// Their reason.
        why: String,
    },
    /// Another process took the log over.
    #[error(
        "another process took the log {prefix}.* over ({topic} holds a message of its at {found}, where {expected} was to be ours)"
    )]
    Replaced {
        /// The log.
        prefix: String,
        /// Where it shows.
        topic: String,
        /// Where our message belonged.
        expected: i64,
        /// Where it stands.
        found: i64,
    },
    /// A message that nobody of ours wrote, or not this way.
    #[error("message {message} of {topic} is not of this log: {what}")]
    Foreign {
        /// Its topic.
        topic: String,
        /// Its offset.
        message: i64,
        /// What is wrong.
        what: String,
    },
    /// Messages are gone that the log needs.
    #[error(
        "messages that the log needs are gone from {topic}: {what}; its topics must be kept whole and without limit"
    )]
    Gone {
        /// Its topic.
        topic: String,
        /// How it showed.
        what: String,
    },
    /// Records are missing that had been durable.
    #[error(
        "the log {prefix}.* ends at position {end}, yet everything below {durable} had been durable: messages are missing from its topics"
    )]
    Lost {
        /// The log.
        prefix: String,
        /// First position that is missing.
        end: u64,
        /// What had been durable.
        durable: u64,
    },
    /// Brokers refused for another reason.
    #[error("cannot {doing} {topic}: {why}")]
    Refused {
        /// What was tried.
        doing: &'static str,
        /// On which topic.
        topic: String,
        /// Their reason.
        why: String,
    },
}

impl From<KafkaFault> for LogError {
    fn from(fault: KafkaFault) -> Self {
        Self::Elsewhere(Box::new(fault))
    }
}

impl KafkaFault {
    /// What an error means that came while `doing` something with `topic`; none when it may pass by itself.
    pub(super) fn lasting(doing: &'static str, topic: &str, error: &KafkaError) -> Option<Self> {
        let (topic, why) = (topic.to_owned(), error.to_string());
        match error.rdkafka_error_code()? {
            RDKafkaErrorCode::UnknownTopic
            | RDKafkaErrorCode::UnknownTopicOrPartition
            | RDKafkaErrorCode::UnknownPartition => Some(Self::NoTopic { topic }),
            RDKafkaErrorCode::TopicAuthorizationFailed
            | RDKafkaErrorCode::GroupAuthorizationFailed
            | RDKafkaErrorCode::ClusterAuthorizationFailed
            | RDKafkaErrorCode::Authentication
            | RDKafkaErrorCode::SaslAuthenticationFailed => Some(Self::NotAllowed { doing, topic, why }),
            RDKafkaErrorCode::Fatal
            | RDKafkaErrorCode::MessageTimedOut
            | RDKafkaErrorCode::MessageSizeTooLarge
            | RDKafkaErrorCode::InvalidProducerEpoch
            | RDKafkaErrorCode::OutOfOrderSequenceNumber => Some(Self::Refused { doing, topic, why }),
            _ => None,
        }
    }
}
