//! The event log: the only source of truth. A port ([`EventLog`]) with an embedded implementation and a memory twin.
//!
//! ```text
//! producers -> append(group) -> [ring of recent records] -> subscriptions (at once)
//!                    |
//!                    v one writer thread: write, fdatasync, durable position moves -> wait_durable, durable-only readers
//!              segment files
//! ```
//!
//! Readers see a record at once; nothing may leave the process until [`EventLog::durable`] has passed what it
//! depends on. The log refuses to go on after a failed write or sync, and never retries a sync.

mod config;
mod file_log;
mod file_reader;
mod files;
mod frame;
mod frames;
mod marker;
mod memory;
mod port;
mod queue;
mod random;
mod read_only;
mod recovery;
mod ring;
mod segment;
mod segment_reader;
mod sequence;
mod signal;
mod tail;
pub mod testing;
mod writer;

pub use config::{FileLogConfig, Recovery, TornTail};
pub use file_log::FileLog;
pub use files::{Directory, LockRefusal, LogFile, RealDirectory};
pub use memory::{Delivery, Durability, MemoryLog, MemoryLogConfig, STEP_BACK_MAX};
pub use port::{AppendError, EventLog, LogError, NewRecord, ReadError, Reader, Record, Value};
pub use read_only::{ReadOnlyLog, StoredRecords, Verified, open_read_only, verify};
pub use sequence::{LastOrigins, NextOffsets, OutputId, Producer};
