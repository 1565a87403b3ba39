//! The log in Apache Kafka; `docs/wire/kafka.md` and ADR 0016.
//!
//! ```text
//! append(group) -> [numbers, ring] -> sender -> Kafka's client -> topics PREFIX.fix ... PREFIX.seals
//!                        ^                                              |
//!                 durable position <- whole groups without a gap <- acknowledgements with offsets
//! ```
//! One process writes, and is fenced by the place of its messages: an acknowledgement at another offset than the only writer's
//! would have means that somebody else writes too. What stands between tells who replaced whom; the one that was replaced
//! is poisoned.

mod client;
mod config;
mod control;
mod fault;
mod in_flight;
mod leadership;
mod log;
mod merge;
mod message;
mod names;
mod patience;
mod raw;
mod read_only;
mod reader;
mod source;
mod state;
mod strays;
mod takeover;
mod topics;

pub use config::{KafkaConfig, KafkaSasl, KafkaSecurity, KafkaTls, SaslMechanism};
pub use fault::KafkaFault;
pub use leadership::{KafkaTurn, Turn};
pub use log::KafkaLog;
pub use raw::{RawSpeed, raw_speed};
pub use read_only::KafkaRecords;
pub use topics::{TopicMismatch, TopicPlan, TopicsCreated, check_topics, create_topics, delete_topics};
