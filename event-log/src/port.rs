//! The port every implementation serves and the contract suite tests.

use assay_trading_types::{
    Actor, DecodeError, Emitted, Event, Input, Kind, Origin, Position, Timestamp, Topic, TraceId, WireHeader,
    decode, encode,
};
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;

/// A record to append. The log assigns position and offset.
#[derive(Debug, Clone)]
pub struct NewRecord {
    /// Destination.
    pub topic: Topic,
    /// Destination partition.
    pub partition: u16,
    /// Partitioning key: session, firm, symbol or entity.
    pub key: Bytes,
    /// When it entered the system, UTC.
    pub at: Timestamp,
    /// What it follows from.
    pub origin: Option<Origin>,
    /// Trace it belongs to.
    pub trace: TraceId,
    /// Who caused it.
    pub actor: Actor,
    /// Direction, epoch and number of a FIX message; records of `fix` only.
    pub wire: Option<WireHeader>,
    /// What it says.
    pub value: Value,
}

impl NewRecord {
    /// An event that follows from no other record: in the first partition, under the key that its kind has.
    pub fn first(topic: Topic, actor: Actor, at: Timestamp, event: impl Into<Event>) -> Self {
        let event = event.into();
        Self {
            topic,
            partition: 0,
            key: Bytes::copy_from_slice(event.key().as_bytes()),
            at,
            origin: None,
            trace: TraceId::default(),
            actor,
            wire: None,
            value: Value::event(event),
        }
    }
}

/// A record's value as the producer has it.
#[derive(Debug, Clone)]
pub enum Value {
    /// A FIX message, byte for byte. Kind: [`Kind::FixMessage`].
    Fix(Bytes),
    /// An event: its JSON, and the event itself so that readers in this process need not decode it again.
    Event {
        /// The event.
        event: Arc<Event>,
        /// Its JSON.
        json: Bytes,
    },
    /// An event that another process made JSON of.
    Stored {
        /// What it is.
        kind: Kind,
        /// Its JSON.
        json: Bytes,
    },
}

impl Value {
    /// An event and its JSON.
    pub fn event(event: Event) -> Self {
        let json = Bytes::from(encode(&event));
        Self::Event { event: Arc::new(event), json }
    }

    /// What it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Fix(_) => Kind::FixMessage,
            Self::Event { event, .. } => event.kind(),
            Self::Stored { kind, .. } => *kind,
        }
    }

    /// The bytes as they are stored.
    pub fn bytes(&self) -> &Bytes {
        match self {
            Self::Fix(bytes) => bytes,
            Self::Event { json, .. } | Self::Stored { json, .. } => json,
        }
    }
}

impl From<Emitted> for NewRecord {
    fn from(e: Emitted) -> Self {
        Self {
            topic: e.topic,
            partition: e.partition,
            key: Bytes::copy_from_slice(e.event.key().as_bytes()),
            at: e.at,
            origin: Some(e.origin),
            trace: e.trace,
            actor: e.actor,
            wire: None,
            value: Value::event(e.event),
        }
    }
}

/// A record of the log.
#[derive(Debug, Clone)]
pub struct Record {
    /// Place among all records of this log.
    pub position: Position,
    /// Topic.
    pub topic: Topic,
    /// Partition.
    pub partition: u16,
    /// Place in its topic-partition.
    pub offset: u64,
    /// Key.
    pub key: Bytes,
    /// Kind.
    pub kind: Kind,
    /// When it entered the system, UTC.
    pub at: Timestamp,
    /// What it follows from.
    pub origin: Option<Origin>,
    /// Trace.
    pub trace: TraceId,
    /// Who caused it.
    pub actor: Actor,
    /// Records of `fix` only.
    pub wire: Option<WireHeader>,
    /// The value's bytes: JSON, or the FIX message.
    pub value: Bytes,
    /// The event, when this process wrote the record.
    pub event: Option<Arc<Event>>,
}

impl Record {
    /// The event: as it was appended, or decoded from the value.
    ///
    /// # Errors
    /// A FIX message, or bytes that are not the kind's JSON.
    pub fn decode(&self) -> Result<Arc<Event>, DecodeError> {
        match &self.event {
            Some(event) => Ok(Arc::clone(event)),
            None => decode(self.kind, &self.value).map(Arc::new),
        }
    }

    /// The record as a processor sees it.
    pub fn input<'a>(&self, event: &'a Event) -> Input<'a> {
        Input {
            topic: self.topic,
            partition: self.partition,
            offset: self.offset,
            at: self.at,
            origin: self.origin,
            trace: self.trace,
            actor: self.actor,
            event,
        }
    }
}

/// What there is of a record without making one.
#[derive(Debug, Clone, Copy)]
pub struct Glimpse<'a> {
    /// Place among all records of this log.
    pub position: Position,
    /// Partition.
    pub partition: u16,
    /// Place in its topic-partition.
    pub offset: u64,
    /// Records of `fix` only.
    pub wire: Option<WireHeader>,
    /// Key.
    pub key: &'a [u8],
    /// The value's bytes.
    pub value: &'a [u8],
}

impl<'a> Glimpse<'a> {
    /// Of a record that there is.
    pub fn of(record: &'a Record) -> Self {
        let Record { position, partition, offset, wire, .. } = *record;
        Self { position, partition, offset, wire, key: &record.key, value: &record.value }
    }
}

/// Why nothing was appended.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AppendError {
    /// A write or sync failed earlier; the log refuses everything until the process starts anew.
    #[error("log is poisoned: {0}")]
    Poisoned(Arc<str>),
    /// One record is larger than the log takes.
    #[error("record of {bytes} bytes is larger than {max}")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The bound.
        max: usize,
    },
    /// The log is closed.
    #[error("log is closed")]
    Closed,
}

/// Why a log cannot be opened or went bad.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// Another process holds the data directory.
    #[error("data directory {dir} is in use by process {holder}; stop it or choose another --data-dir")]
    Locked {
        /// The directory.
        dir: String,
        /// Process id in the lock file, or `?`.
        holder: String,
    },
    /// Damage before the tail: never cut.
    #[error("{file} is damaged at byte {byte} (position {position}): {what}; restore it from a copy")]
    Damaged {
        /// Segment file.
        file: String,
        /// Where in it.
        byte: u64,
        /// Position of the damaged frame.
        position: Position,
        /// What is wrong.
        what: String,
    },
    /// A file of another format or version.
    #[error("{file} is not a segment of this log: {what}")]
    Foreign {
        /// The file.
        file: String,
        /// What is wrong.
        what: String,
    },
    /// The disk or the operating system refused.
    #[error("cannot {doing} {file}")]
    Io {
        /// What was tried.
        doing: &'static str,
        /// On what.
        file: String,
        /// Its reason.
        #[source]
        source: std::io::Error,
    },
    /// A log that is not in files of this machine: what its servers refused or lack.
    #[error(transparent)]
    Elsewhere(Box<dyn std::error::Error + Send + Sync>),
}

/// Why nothing could be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The stored bytes are bad.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The position is before what the log still holds.
    #[error("position {asked} is gone, the log begins at {first}")]
    Gone {
        /// What was asked.
        asked: Position,
        /// First position held.
        first: Position,
    },
    /// The log failed and will say nothing more.
    #[error("log is poisoned: {0}")]
    Poisoned(Arc<str>),
}

/// An append-only log of all topics in one total order.
///
/// `append` is atomic: after a crash either the whole group is there or nothing of it. Calls may come from any
/// thread. Positions run 0, 1, 2 ... over all topics; offsets run 0, 1, 2 ... within a topic-partition.
pub trait EventLog: Send + Sync + 'static {
    /// Appends a group, all or nothing, and returns the position of its last record. Readers see it at once;
    /// it is durable when [`EventLog::durable`] reaches the returned position + 1. An empty group returns the
    /// position before the next. Drains `records`.
    ///
    /// # Errors
    /// The log is poisoned or closed, or a record is too large; nothing was appended then.
    fn append(&self, records: &mut Vec<NewRecord>) -> Result<Position, AppendError>;

    /// Position that the next record will get.
    fn end(&self) -> Position;

    /// Count of durable records: everything below this position survives a crash.
    fn durable(&self) -> Position;

    /// Waits until `durable() >= target` or `timeout` passes; returns the durable position then.
    ///
    /// # Errors
    /// The log is poisoned: nothing further will become durable.
    fn wait_durable(&self, target: Position, timeout: Duration) -> Result<Position, AppendError>;

    /// Calls `wake` after every advance of the durable position, after every append of a record of `topics` and on
    /// poisoning, maybe more often, from an unspecified thread. Must be quick and must not call back into the log. For
    /// drivers that sleep elsewhere (an async runtime).
    fn on_change(&self, topics: &[Topic], wake: Arc<dyn Fn() + Send + Sync>);

    /// A reader of `topics` (all partitions) in position order, beginning at `from`. With `durable_only` it never
    /// returns what a crash could take back.
    ///
    /// # Errors
    /// `from` is no longer held, or the stored bytes are bad.
    fn reader(
        &self,
        topics: &[Topic],
        from: Position,
        durable_only: bool,
    ) -> Result<Box<dyn Reader>, ReadError>;

    /// Why the log refuses everything, if it does.
    fn poisoned(&self) -> Option<Arc<str>>;
}

/// A cursor over the log.
pub trait Reader: Send {
    /// Appends up to `max` next records to `into` and returns how many; 0 when there is nothing yet.
    ///
    /// # Errors
    /// The stored bytes are bad, or the log is poisoned and everything readable has been returned.
    fn poll(&mut self, into: &mut Vec<Arc<Record>>, max: usize) -> Result<usize, ReadError>;

    /// As `poll`, waiting up to `timeout` for a first record.
    ///
    /// # Errors
    /// As `poll`.
    fn poll_wait(
        &mut self,
        into: &mut Vec<Arc<Record>>,
        max: usize,
        timeout: Duration,
    ) -> Result<usize, ReadError>;

    /// As `poll`, showing records one by one instead of keeping them, until `see` says that it has seen enough: then the
    /// reader is of no more use. For who looks for a few among many, far back in the log: what it shows of those costs no
    /// allocation.
    ///
    /// # Errors
    /// As `poll`.
    fn scan(&mut self, max: usize, see: &mut dyn FnMut(&Glimpse<'_>) -> bool) -> Result<usize, ReadError> {
        let mut records = Vec::with_capacity(max);
        let count = self.poll(&mut records, max)?;
        // Whether all were seen or not, the reader has passed them.
        let _enough = records.iter().all(|record| see(&Glimpse::of(record)));
        Ok(count)
    }

    /// Position of the next record this reader will look at (it may be of a topic it skips).
    fn position(&self) -> Position;
}
