//! What a file log is opened with and what opening it found.

use crate::{LastOrigins, NextOffsets};
use assay_trading_types::Position;

/// How a [`FileLog`](crate::FileLog) is kept. Every number is a bound on disk or memory; the defaults suit a node
/// that takes 100,000 orders/s.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileLogConfig {
    /// Size that segment files are preallocated with. A group that does not fit begins the next one; a group larger
    /// than a segment gets a segment of its own size.
    pub segment_bytes: u64,
    /// Largest frame taken; at it `append` answers [`AppendError::TooLarge`](crate::AppendError::TooLarge).
    pub record_bytes_max: usize,
    /// Bytes that wait for the writer thread; beyond it `append` waits for the disk. As much again is being written
    /// meanwhile. A larger group is taken when nothing else waits.
    pub queue_bytes_max: usize,
    /// Memory for recent records, which readers take without touching files. Records not yet durable are kept beyond
    /// it, bounded by `queue_bytes_max`.
    pub ring_bytes_max: usize,
    /// As `ring_bytes_max`, in records, since each costs memory besides its bytes.
    pub ring_records_max: usize,
    /// Cut even records that are known to have been durable when they are missing from the tail, instead of refusing
    /// to open. For an operator who has no copy and decides to go on without them.
    pub accept_lost_tail: bool,
}

impl Default for FileLogConfig {
    fn default() -> Self {
        Self {
            segment_bytes: 256 << 20,
            record_bytes_max: 2 << 20,
            queue_bytes_max: 64 << 20,
            ring_bytes_max: 64 << 20,
            ring_records_max: 1 << 18,
            accept_lost_tail: false,
        }
    }
}

/// What opening a log found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovery {
    /// Records held.
    pub records: u64,
    /// Position of the first record held.
    pub first: Position,
    /// Position that the next record gets.
    pub end: Position,
    /// What was cut at the tail; nothing after a clean stop.
    pub torn: Option<TornTail>,
    /// Next offset of each topic-partition.
    pub next_offsets: NextOffsets,
    /// Newest origin of each producer: drivers suppress outputs that are not newer.
    pub last_origins: LastOrigins,
}

/// A write that a crash interrupted. None of its records was durable, so none was told to anyone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TornTail {
    /// Segment file.
    pub file: String,
    /// Where in it the last whole group ends.
    pub byte: u64,
    /// Bytes cut after that.
    pub bytes: u64,
}
