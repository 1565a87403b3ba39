//! Which of several processes has the log open: the one that the brokers give the control topic to.
//!
//! Processes that could write a log form a consumer group over its control topic, whose one partition has one owner. That is
//! for order, not for safety: two that both believe to own it are told apart by their claims (ADR 0016).

use super::client::Ear;
use super::config::KafkaConfig;
use super::fault::KafkaFault;
use super::names::{CONTROL_SLOT, Names};
use crate::signal::{Shared, Signal};
use rdkafka::client::ClientContext;
use rdkafka::config::{FromClientConfigAndContext, RDKafkaLogLevel};
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, Rebalance};
use rdkafka::error::KafkaError;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// Brokers take an owner for gone when they have not heard of it for so long. Less than they allow by default is refused.
const SILENCE_MAX_MS: &str = "6000";
const HEARTBEAT_MS: &str = "1500";

/// How often the thread that keeps the membership looks whether to end.
const POLL: Duration = Duration::from_millis(100);

/// Whether this process is to have the log open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Turn {
    /// Another one has it, or brokers have not said.
    #[default]
    NotYet,
    /// It is ours.
    Ours,
    /// It was ours.
    Past,
}

/// Membership of those who could have the log open, until it is dropped.
pub struct KafkaTurn {
    seat: Arc<Seat>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl std::fmt::Debug for KafkaTurn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KafkaTurn({:?})", *self.seat.turn.lock())
    }
}

impl KafkaTurn {
    /// Joins. The topics must have been made.
    ///
    /// # Errors
    /// Kafka's client refuses, or there is no thread for it.
    pub fn join(config: &KafkaConfig) -> Result<Self, KafkaFault> {
        let refused = |error: &dyn std::fmt::Display| KafkaFault::Configuration(error.to_string());
        let mut client = config.client();
        client
            .set("group.id", format!("assay.{}.log", config.prefix))
            .set("enable.auto.commit", "false")
            .set("auto.offset.reset", "latest")
            // Who has it keeps it when another one joins.
            .set("partition.assignment.strategy", "cooperative-sticky")
            .set("session.timeout.ms", SILENCE_MAX_MS)
            .set("heartbeat.interval.ms", HEARTBEAT_MS);
        let seat = Arc::new(Seat::default());
        let consumer = BaseConsumer::from_config_and_context(&client, Member(Arc::clone(&seat)));
        let consumer = consumer.map_err(|error| refused(&error))?;
        let names = Names::new(&config.prefix);
        consumer.subscribe(&[names.of(CONTROL_SLOT)]).map_err(|error| refused(&error))?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopping = Arc::clone(&stop);
        let thread = std::thread::Builder::new().name("kafka-turn".to_owned());
        let thread = thread.spawn(move || {
            while !stopping.load(Ordering::Acquire) {
                // What stands in the topic is read elsewhere; this keeps the membership.
                let _ = consumer.poll(POLL);
            }
        });
        Ok(Self { seat, stop, thread: Some(thread.map_err(|error| refused(&error))?) })
    }

    /// What brokers say, waiting up to `timeout` while it is not ours yet.
    pub fn wait(&self, timeout: Duration) -> Turn {
        let turn = self.seat.turn.lock();
        *self.seat.changed.wait_up_to(turn, timeout, |turn| *turn == Turn::NotYet)
    }
}

impl Drop for KafkaTurn {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has said so.
            let _ = thread.join();
        }
    }
}

#[derive(Debug, Default)]
struct Seat {
    ear: Ear,
    turn: Shared<Turn>,
    changed: Signal,
}

impl Seat {
    fn turn_to(&self, next: Turn) {
        *self.turn.lock() = next;
        self.changed.notify();
    }
}

/// What Kafka's client tells.
struct Member(Arc<Seat>);

impl ClientContext for Member {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.0.ear.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.0.ear.error(error, reason);
    }
}

impl ConsumerContext for Member {
    fn post_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        match rebalance {
            Rebalance::Assign(topics) if topics.count() > 0 => self.0.turn_to(Turn::Ours),
            Rebalance::Revoke(topics) if topics.count() > 0 => self.0.turn_to(Turn::Past),
            // Who is told nothing of the partition keeps what it has.
            Rebalance::Assign(_) | Rebalance::Revoke(_) => {}
            Rebalance::Error(error) => tracing::warn!(%error, "who has the log open is not known"),
        }
    }
}
