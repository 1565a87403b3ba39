//! The brokers without us: the floor that a log in Kafka is measured against.

use super::config::KafkaConfig;
use super::fault::KafkaFault;
use super::names::Names;
use super::source::{poll, subscribe};
use rdkafka::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};
use std::time::{Duration, Instant};

/// Bytes of a message.
const BYTES: usize = 300;

/// Messages whose rate is measured.
const COUNT: u64 = 400_000;

/// Messages whose way is measured, so many a second.
const PACED_COUNT: u64 = 10_000;
const PACED_PER_S: u64 = 2_000;

/// How long nothing may come.
const PATIENCE: Duration = Duration::from_secs(30);

/// What brokers do with messages of 300 bytes that all replicas in sync acknowledge.
#[derive(Debug, Clone, PartialEq)]
pub struct RawSpeed {
    /// Messages a second, as fast as they are taken.
    pub messages_per_s: f64,
    /// From the producer to a consumer at 2,000 messages a second, sorted.
    pub one_way: Vec<Duration>,
}

impl RawSpeed {
    /// The way that `part` of the messages, 0 to 1, did not exceed.
    pub fn one_way_at(&self, part: f64) -> Duration {
        let last = self.one_way.len().saturating_sub(1);
        self.one_way.get((last as f64 * part) as usize).copied().unwrap_or_default()
    }
}

/// Measures on one topic of the log of `config`, which must have been made and should be empty: it is not a log afterwards.
///
/// # Errors
/// Brokers are away, or refuse.
pub fn raw_speed(config: &KafkaConfig) -> Result<RawSpeed, KafkaFault> {
    let names = Names::new(&config.prefix);
    let topic = names.of(0);
    let messages_per_s = rate(&config.producer(), topic)?;
    let mut one_way = ways(config, &names)?;
    one_way.sort_unstable();
    Ok(RawSpeed { messages_per_s, one_way })
}

type Sender = ThreadedProducer<DefaultProducerContext>;

#[allow(clippy::disallowed_methods, reason = "it measures")]
fn rate(config: &ClientConfig, topic: &str) -> Result<f64, KafkaFault> {
    // A producer that only wants to be fast waits for batches.
    let mut config = config.clone();
    config.set("queue.buffering.max.ms", "5");
    let sender = sender(&config)?;
    let value = [b'x'; BYTES];
    let start = Instant::now();
    for _ in 0..COUNT {
        send(&sender, topic, &value)?;
    }
    sender.flush(PATIENCE).map_err(|error| failed(topic, &error))?;
    Ok(COUNT as f64 / start.elapsed().as_secs_f64())
}

#[allow(clippy::disallowed_methods, reason = "it measures")]
fn ways(config: &KafkaConfig, names: &Names) -> Result<Vec<Duration>, KafkaFault> {
    let topic = names.of(0);
    let consumer = subscribe(config, names, &[(0, COUNT as i64)])?;
    let sender = sender(&config.producer())?;
    let start = Instant::now();
    std::thread::scope(|scope| {
        let sending = scope.spawn(|| {
            for n in 0..PACED_COUNT {
                let due = Duration::from_nanos(n * 1_000_000_000 / PACED_PER_S);
                std::thread::sleep(due.saturating_sub(start.elapsed()));
                let mut value = [b'x'; BYTES];
                value[..8].copy_from_slice(&(start.elapsed().as_nanos() as u64).to_le_bytes());
                send(&sender, topic, &value)?;
            }
            Ok(())
        });
        let mut ways = Vec::with_capacity(PACED_COUNT as usize);
        let mut heard = start.elapsed();
        while ways.len() < PACED_COUNT as usize {
            let now = start.elapsed();
            if now > heard + PATIENCE {
                return Err(failed(
                    topic,
                    &KafkaError::MessageConsumption(RDKafkaErrorCode::OperationTimedOut),
                ));
            }
            let Some(message) = poll(&consumer, names, Duration::from_millis(100))? else { continue };
            heard = start.elapsed();
            let sent = message.payload().and_then(|value| value.first_chunk::<8>());
            let sent = Duration::from_nanos(sent.map_or(0, |bytes| u64::from_le_bytes(*bytes)));
            ways.push(heard.saturating_sub(sent));
        }
        sending.join().map_err(|_| KafkaFault::Configuration("a thread panicked".to_owned()))??;
        Ok(ways)
    })
}

fn sender(config: &ClientConfig) -> Result<Sender, KafkaFault> {
    config.create().map_err(|error| KafkaFault::Configuration(error.to_string()))
}

fn send(sender: &Sender, topic: &str, value: &[u8]) -> Result<(), KafkaFault> {
    loop {
        match sender.send(BaseRecord::<(), [u8]>::to(topic).partition(0).payload(value)) {
            Ok(()) => return Ok(()),
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), _)) => {
                std::thread::sleep(Duration::from_millis(1));
            }
            Err((error, _)) => return Err(failed(topic, &error)),
        }
    }
}

fn failed(topic: &str, error: &KafkaError) -> KafkaFault {
    KafkaFault::Refused { doing: "measure", topic: topic.to_owned(), why: error.to_string() }
}
