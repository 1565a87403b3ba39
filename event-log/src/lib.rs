//! The event log: the only source of truth. A port ([`EventLog`]) with an embedded implementation ([`FileLog`]) and a
//! memory twin ([`MemoryLog`]); one contract suite runs on both.
//!
//! ```text
//! producers -> append(group) -> [ring of recent records] -> readers (at once)
//!                    |                      ^ behind it: segment files
//!                    v
//!              [queue] -> one writer thread: write, fdatasync, durable position moves -> wait_durable,
//!                         segment files                                                  durable-only readers
//! ```
//!
//! Readers see a record at once; nothing may leave the process until [`EventLog::durable`] has passed what it
//! depends on. Whatever queues up during one sync goes out with the next: many orders share one.
//!
//! What it refuses to do: go on after a failed write or sync, sync a second time after a failed one, cut a record that had
//! been durable, open a directory that another process writes. The file format stands in `docs/wire/event-log.md`.
//!
//! ```
//! use assay_event_log::{EventLog, FileLog, FileLogConfig, NewRecord, Value};
//! use assay_trading_types::{Actor, Position, Timestamp, Topic, TraceId};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let dir = tempfile::tempdir()?;
//! let (log, recovery) = FileLog::open(dir.path(), FileLogConfig::default())?;
//! assert_eq!(recovery.torn, None);
//! let mut group = vec![NewRecord {
//!     topic: Topic::Fix,
//!     partition: 0,
//!     key: "CLIENT1/ASSAY".into(),
//!     at: Timestamp::from_ns(0),
//!     origin: None,
//!     trace: TraceId::default(),
//!     actor: Actor::new("session:CLIENT1/ASSAY")?,
//!     wire: None,
//!     value: Value::Fix("8=FIX.4.4...".into()),
//! }];
//! let last = log.append(&mut group)?;
//! log.wait_durable(Position(last.0 + 1), std::time::Duration::from_secs(5))?;
//! let mut records = Vec::new();
//! log.reader(&[Topic::Fix], recovery.end, true)?.poll(&mut records, 100)?;
//! assert_eq!(records[0].position, last);
//! # Ok(())
//! # }
//! ```

mod background;
mod blocks;
mod config;
mod file_log;
mod file_reader;
mod files;
mod frame;
mod frames;
#[cfg(feature = "kafka")]
mod kafka;
mod listeners;
mod marker;
mod memory;
mod port;
mod queue;
mod random;
mod read_ahead;
mod read_only;
mod recovery;
mod ring;
mod segment;
mod segment_reader;
mod sequence;
mod served;
mod signal;
mod spare;
mod tail;
pub mod testing;
mod writer;

pub use background::Background;
pub use config::{FileLogConfig, Recovery, TornTail};
pub use file_log::FileLog;
pub use files::{Directory, LockRefusal, LogFile, RealDirectory};
#[cfg(feature = "kafka")]
pub use kafka::{
    KafkaConfig, KafkaFault, KafkaLog, KafkaRecords, KafkaSasl, KafkaSecurity, KafkaTls, KafkaTurn, RawSpeed,
    SaslMechanism, TopicMismatch, TopicPlan, TopicsCreated, Turn, check_topics, create_topics, delete_topics,
    raw_speed,
};
pub use memory::{Delivery, Durability, MemoryLog, MemoryLogConfig, STEP_BACK_MAX};
pub use port::{AppendError, EventLog, Glimpse, LogError, NewRecord, ReadError, Reader, Record, Value};
pub use read_only::{ReadOnlyLog, StoredRecords, Verified, open_read_only, verify};
pub use sequence::{LastOrigins, NextOffsets, OutputId, Producer};
pub use served::{
    Granted, Lease, LogSecret, LogServer, RemoteConfig, RemoteError, RemoteLog, SECRET_BYTES_MIN, ToServe,
    WeakSecret,
};
