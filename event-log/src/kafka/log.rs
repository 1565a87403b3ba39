//! The log in Kafka: who appends waits for no broker; what is durable, brokers say.

use super::client::{Ack, Acks};
use super::config::KafkaConfig;
use super::message::{self, KIND_HEADER, META_HEADER, Sending};
use super::names::{CONTROL_SLOT, Names, PARTITION};
use super::reader::KafkaReader;
use super::state::{Core, Outgoing, State};
use super::takeover;
use crate::sequence::TopicSet;
use crate::signal::Shared;
use crate::{
    AppendError, EventLog, LastOrigins, LogError, NewRecord, NextOffsets, ReadError, Reader, Record, Recovery,
};
use assay_trading_types::{Position, Topic};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long one look for acknowledgements lasts; they are heard at once, only the end of the log waits for it.
const POLL: Duration = Duration::from_millis(20);
/// How long the sender rests when Kafka's client holds all it may.
const FULL_REST: Duration = Duration::from_millis(1);

/// A log in Kafka's topics `PREFIX.fix` to `PREFIX.seals`, written by this process alone; `docs/wire/kafka.md`.
///
/// `append` numbers a group, shows it to readers and returns; it is durable when brokers acknowledged it and everything
/// before it. While brokers are away records wait, up to the bounds of the configuration; when an acknowledgement takes
/// longer than `delivery_timeout`, is refused, or shows that another process took the log over, the log is poisoned.
pub struct KafkaLog {
    core: Arc<Core>,
    threads: Shared<Option<Threads>>,
}

struct Threads {
    sender: JoinHandle<()>,
    poller: JoinHandle<()>,
    publisher: JoinHandle<()>,
    stop: Arc<AtomicBool>,
}

impl std::fmt::Debug for KafkaLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Core { config, epoch, .. } = &*self.core;
        let (prefix, end, durable) = (&config.prefix, self.core.end(), self.core.durable());
        write!(f, "KafkaLog({prefix}, epoch {epoch}, end {end}, durable {durable})")
    }
}

impl KafkaLog {
    /// Takes the log over: whoever wrote it before writes no more. Waits for brokers up to `open_timeout`.
    ///
    /// # Errors
    /// [`KafkaFault`](crate::KafkaFault), as [`LogError::Elsewhere`].
    pub fn open(config: KafkaConfig) -> Result<(Self, Recovery), LogError> {
        let names = Names::new(&config.prefix);
        let (producer, taken) = takeover::take_over(&config, &names)?;
        let recovery = Recovery {
            records: taken.sequence.end,
            first: Position(0),
            end: Position(taken.sequence.end),
            torn: None,
            next_offsets: taken.sequence.offsets.clone(),
            last_origins: taken.sequence.origins.clone(),
        };
        let core = Arc::new(Core::new(config, names, taken));
        let threads = Threads::start(&core, producer)?;
        Ok((Self { core, threads: Shared::new(Some(threads)) }, recovery))
    }

    /// Which log this is, of all on all clusters.
    pub fn identity(&self) -> String {
        format!("the log {}.* of the Kafka cluster {}", self.core.config.prefix, self.core.cluster)
    }

    /// Newest origin of each producer, over all that was ever appended.
    pub fn last_origins(&self) -> LastOrigins {
        self.core.state.lock().sequence.origins.clone()
    }

    /// Next offset of each topic-partition.
    pub fn next_offsets(&self) -> NextOffsets {
        self.core.state.lock().sequence.offsets.clone()
    }

    /// Takes no more records, waits until all that was appended is durable and ends the threads. Dropping does the same.
    ///
    /// # Errors
    /// The log is or became poisoned: what was not yet durable may be lost.
    pub fn close(&self) -> Result<(), AppendError> {
        if let Some(threads) = self.threads.lock().take() {
            // Brokers acknowledge or the client gives up within the delivery timeout: then the log is poisoned.
            let drained = self.core.config.delivery_timeout + Duration::from_secs(1);
            let _ = self.wait_durable(self.end(), drained);
            self.core.close();
            threads.end()?;
        }
        self.poisoned().map_or(Ok(()), |reason| Err(AppendError::Poisoned(reason)))
    }
}

impl Threads {
    fn start(core: &Arc<Core>, producer: BaseProducer<Acks>) -> Result<Self, LogError> {
        let (producer, stop) = (Arc::new(producer), Arc::new(AtomicBool::new(false)));
        let (shared, sending) = (Arc::clone(core), Arc::clone(&producer));
        let sender = spawn("kafka-sender", move || Sender { core: shared, producer: sending }.run())?;
        let (polled, stopped) = (Arc::clone(&producer), Arc::clone(&stop));
        let poller = spawn("kafka-poller", move || poll(&polled, &stopped))?;
        let core = Arc::clone(core);
        let publisher = spawn("kafka-acks", move || publish(&core, &producer))?;
        Ok(Self { sender, poller, publisher, stop })
    }

    fn end(self) -> Result<(), AppendError> {
        let sent = self.sender.join();
        self.stop.store(true, Ordering::Release);
        match (sent, self.poller.join(), self.publisher.join()) {
            (Ok(()), Ok(()), Ok(())) => Ok(()),
            _ => Err(AppendError::Poisoned("a thread of the log panicked".into())),
        }
    }
}

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, LogError> {
    std::thread::Builder::new().name(name.to_owned()).spawn(body).map_err(|source| LogError::Io {
        doing: "start the thread",
        file: name.to_owned(),
        source,
    })
}

fn poll(producer: &BaseProducer<Acks>, stop: &AtomicBool) {
    use rdkafka::producer::Producer;
    while !stop.load(Ordering::Acquire) {
        producer.poll(POLL);
    }
    producer.context().end();
}

fn publish(core: &Core, producer: &BaseProducer<Acks>) {
    use rdkafka::producer::Producer;
    let mut taken: Vec<Ack> = Vec::new();
    while producer.context().wait(&mut taken) {
        core.acknowledge(&mut taken);
    }
}

struct Sender {
    core: Arc<Core>,
    producer: Arc<BaseProducer<Acks>>,
}

impl Sender {
    /// Hands over what is appended until the log is closed or poisoned, then waits for what is under way.
    fn run(self) {
        let (mut taken, mut meta) = (Outgoing::default(), Vec::new());
        while self.core.wait_for_work(&mut taken) {
            let sent = taken.records.iter().try_for_each(|(record, group_continues)| {
                let (epoch, durable) = (self.core.epoch, self.core.durable());
                let sending = Sending { epoch, durable, group_continues: *group_continues };
                self.send(record, sending, &mut meta)
            });
            let sent = sent.and_then(|()| match &taken.control {
                None => Ok(()),
                Some((id, json)) => self.send_control(*id, json),
            });
            if let Err(error) = sent {
                self.core.poison(&format!("Kafka's client did not take a record: {error}"));
            }
        }
        self.flush();
    }

    /// A checkpoint may still be under way when the log is closed; without it the next process reads more, no more.
    fn flush(&self) {
        use rdkafka::producer::Producer;
        if self.core.state.lock().poisoned.is_none()
            && let Err(error) = self.producer.flush(Duration::from_secs(5))
        {
            tracing::info!(%error, "the last checkpoint was not acknowledged");
        }
    }

    fn send(&self, record: &Record, sending: Sending, meta: &mut Vec<u8>) -> Result<(), KafkaError> {
        message::encode_meta(record, sending, meta);
        let headers = OwnedHeaders::new_with_capacity(2)
            .insert(Header { key: KIND_HEADER, value: Some(record.kind.name()) })
            .insert(Header { key: META_HEADER, value: Some(&meta[..]) });
        let topic = self.core.names.of(record.topic as usize);
        let message = BaseRecord::with_opaque_to(topic, record.position.0 as usize)
            .partition(PARTITION)
            .headers(headers)
            .key(&record.key[..])
            .payload(&record.value[..]);
        // Kafka takes zero for "now" and nothing before it.
        match record.at.as_ns() / 1_000_000 {
            ms @ 1.. => self.hand_over(message.timestamp(ms)),
            _ => self.hand_over(message),
        }
    }

    fn send_control(&self, id: usize, json: &[u8]) -> Result<(), KafkaError> {
        let topic = self.core.names.of(CONTROL_SLOT);
        let message: BaseRecord<'_, [u8], [u8], usize> =
            BaseRecord::with_opaque_to(topic, id).partition(PARTITION).payload(json);
        self.hand_over(message)
    }

    /// Waits while the client holds all it may: brokers are slower than who appends, or away.
    fn hand_over(&self, mut message: BaseRecord<'_, [u8], [u8], usize>) -> Result<(), KafkaError> {
        loop {
            match self.producer.send(message) {
                Ok(()) => return Ok(()),
                Err((error, _)) if error.rdkafka_error_code() != Some(RDKafkaErrorCode::QueueFull) => {
                    return Err(error);
                }
                Err((error, _)) if self.core.state.lock().poisoned.is_some() => return Err(error),
                Err((_, back)) => message = back,
            }
            std::thread::sleep(FULL_REST);
        }
    }
}

impl Drop for KafkaLog {
    fn drop(&mut self) {
        let told = self.poisoned().is_some();
        if let Err(error) = self.close()
            && !told
        {
            tracing::error!(%error, "event log ends with records that may be lost");
        }
    }
}

impl EventLog for KafkaLog {
    fn append(&self, records: &mut Vec<NewRecord>) -> Result<Position, AppendError> {
        self.core.append(records).map(|end| Position(end.saturating_sub(1)))
    }

    fn end(&self) -> Position {
        Position(self.core.end())
    }

    fn durable(&self) -> Position {
        Position(self.core.durable())
    }

    fn wait_durable(&self, target: Position, timeout: Duration) -> Result<Position, AppendError> {
        let waiting = |s: &mut State| s.readable(true) < target.0 && s.poisoned.is_none();
        let state = self.core.synced.wait_up_to(self.core.state.lock(), timeout, waiting);
        match &state.poisoned {
            Some(reason) if state.readable(true) < target.0 => Err(AppendError::Poisoned(Arc::clone(reason))),
            _ => Ok(Position(state.readable(true))),
        }
    }

    fn on_change(&self, topics: &[Topic], wake: Arc<dyn Fn() + Send + Sync>) {
        let mut state = self.core.state.lock();
        state.listeners = Arc::new(state.listeners.with_waker(TopicSet::of(topics), wake));
    }

    fn reader(
        &self,
        topics: &[Topic],
        from: Position,
        durable_only: bool,
    ) -> Result<Box<dyn Reader>, ReadError> {
        Ok(Box::new(KafkaReader::new(Arc::clone(&self.core), topics, from, durable_only)))
    }

    fn poisoned(&self) -> Option<Arc<str>> {
        self.core.state.lock().poisoned.clone()
    }
}
