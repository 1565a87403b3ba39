//! What Kafka's client tells outside of calls: its own log, errors of connections, acknowledgements.

use crate::signal::{Shared, Signal};
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::producer::{DeliveryResult, ProducerContext};

/// Listens to a client.
#[derive(Debug, Default)]
pub(super) struct Ear {
    last: Shared<Option<String>>,
}

impl Ear {
    /// The last error of a connection: why nothing comes.
    pub(super) fn last(&self) -> String {
        self.last.lock().clone().unwrap_or_else(|| "no answer".to_owned())
    }
}

impl ClientContext for Ear {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        match level {
            RDKafkaLogLevel::Debug => tracing::trace!(facility, message, "kafka client"),
            _ => tracing::debug!(facility, message, "kafka client"),
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::warn!(%error, reason, "kafka");
        let mut last = self.last.lock();
        // That all brokers are down is said behind why each one is.
        if last.is_none() || error.rdkafka_error_code() != Some(RDKafkaErrorCode::AllBrokersDown) {
            *last = Some(reason.to_owned());
        }
    }
}

impl ConsumerContext for Ear {}

/// Kafka holds a message, or never will.
#[derive(Debug)]
pub(super) struct Ack {
    /// What it was sent with.
    pub(super) id: usize,
    /// Its offset.
    pub(super) outcome: Result<i64, KafkaError>,
}

/// Collects acknowledgements until somebody takes all there are: thousands of messages share one.
#[derive(Debug, Default)]
pub(super) struct Acks {
    pub(super) ear: Ear,
    inbox: Shared<Inbox>,
    arrived: Signal,
}

#[derive(Debug, Default)]
struct Inbox {
    acks: Vec<Ack>,
    ended: bool,
}

impl Acks {
    /// Swaps what has come for `taken`, which is reused; waits for something. `false` when nothing will come any more.
    pub(super) fn wait(&self, taken: &mut Vec<Ack>) -> bool {
        taken.clear();
        let nothing = |inbox: &mut Inbox| inbox.acks.is_empty() && !inbox.ended;
        let mut inbox = self.arrived.wait(self.inbox.lock(), nothing);
        std::mem::swap(&mut inbox.acks, taken);
        !taken.is_empty() || !inbox.ended
    }

    /// Takes what has come.
    pub(super) fn take(&self) -> Vec<Ack> {
        std::mem::take(&mut self.inbox.lock().acks)
    }

    /// Nothing will come any more.
    pub(super) fn end(&self) {
        self.inbox.lock().ended = true;
        self.arrived.notify();
    }
}

impl ClientContext for Acks {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.ear.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.ear.error(error, reason);
    }
}

impl ProducerContext for Acks {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, id: usize) {
        let outcome = match result {
            Ok(message) => Ok(message.offset()),
            Err((error, _)) => Err(error.clone()),
        };
        self.inbox.lock().acks.push(Ack { id, outcome });
        self.arrived.notify();
    }
}
