//! Risk and execution on one log, in one thread: the embedded node's deterministic middle.
//!
//! ```text
//! accounts --> risk ------> accounts, markets, ledger
//! markets  --> execution -> accounts, market-data
//! ```
//!
//! [`Pipeline::turn`] takes the next records of `accounts` and `markets` in the log's order, lets the processor of
//! each topic apply them, and appends what they emit as one atomic group. State is a [`Snapshot`] plus the records
//! after it; a replay emits what was emitted before, and whatever the log already holds is not written again.
//!
//! It stands apart from the binary so that the simulation drives the very same code on a memory log. Over Kafka
//! each role runs alone and this crate is not used.

mod error;
mod origins;
mod snapshot;

pub use error::Error;
pub use snapshot::{Snapshot, SnapshotDir};

use assay_event_log::{EventLog, NewRecord, Reader, Record};
use assay_execution::Execution;
use assay_risk_service::Risk;
use assay_trading_types::{Outbox, Position, Processor, Role, Topic};
use origins::WrittenOrigins;
use std::sync::Arc;
use std::time::Duration;

/// Topics that a pipeline reads.
const INPUTS: [Topic; 2] = [Topic::Accounts, Topic::Markets];

/// Records a turn takes at most: enough to share one append, small enough that outputs do not wait for a long batch.
const TURN_RECORDS_MAX: usize = 512;

/// The embedded log has one partition a topic.
const PARTITION: u16 = 0;

/// Risk and execution with their place in the log.
pub struct Pipeline {
    risk: Risk,
    execution: Execution,
    risk_outbox: Outbox,
    execution_outbox: Outbox,
    reader: Box<dyn Reader>,
    /// Offset expected next per input topic: a record delivered again is dropped.
    next_offsets: [u64; 2],
    written: WrittenOrigins,
    batch: Vec<Arc<Record>>,
    outputs: Vec<NewRecord>,
    applied: u64,
}

impl Pipeline {
    /// A pipeline that continues `snapshot` (or begins at the beginning) and has applied nothing after it yet: call
    /// [`Pipeline::turn`] until it returns 0 to catch up.
    ///
    /// # Errors
    /// The log cannot be read from there, or the snapshot's states are of another version.
    pub fn recover(log: &dyn EventLog, snapshot: Option<&Snapshot>) -> Result<Self, Error> {
        let (risk, execution, from, next_offsets) = match snapshot {
            Some(s) => (Risk::restore(&s.risk)?, Execution::restore(&s.execution)?, s.position, s.next_offsets),
            None => (Risk::new(PARTITION), Execution::new(PARTITION), Position(0), [0; 2]),
        };
        Ok(Self {
            risk,
            execution,
            risk_outbox: Outbox::new(Role::Risk, 1),
            execution_outbox: Outbox::new(Role::Execution, 1),
            reader: log.reader(&INPUTS, from, false)?,
            next_offsets,
            written: WrittenOrigins::read(log, from)?,
            batch: Vec::with_capacity(TURN_RECORDS_MAX),
            outputs: Vec::new(),
            applied: 0,
        })
    }

    /// Applies up to a bounded number of records, waiting up to `wait` for a first one, and appends what they cause.
    /// Returns how many records it took.
    ///
    /// # Errors
    /// The log is poisoned or damaged, or holds a record that is not what its kind says.
    pub fn turn(&mut self, log: &dyn EventLog, wait: Duration) -> Result<usize, Error> {
        let mut batch = std::mem::take(&mut self.batch);
        batch.clear();
        let taken = if wait.is_zero() {
            self.reader.poll(&mut batch, TURN_RECORDS_MAX)?
        } else {
            self.reader.poll_wait(&mut batch, TURN_RECORDS_MAX, wait)?
        };
        for record in &batch {
            self.apply(record)?;
        }
        self.batch = batch;
        if !self.outputs.is_empty() {
            log.append(&mut self.outputs)?;
        }
        Ok(taken)
    }

    fn apply(&mut self, record: &Record) -> Result<(), Error> {
        let next = &mut self.next_offsets[usize::from(record.topic == Topic::Markets)];
        if record.offset < *next {
            return Ok(());
        }
        *next = record.offset + 1;
        let event = record.decode().map_err(|source| Error::Decode { position: record.position, source })?;
        let input = record.input(&event);
        let (processor, outbox): (&mut dyn Processor, &mut Outbox) = match record.topic {
            Topic::Markets => (&mut self.execution, &mut self.execution_outbox),
            _ => (&mut self.risk, &mut self.risk_outbox),
        };
        outbox.begin(&input);
        processor.apply(&input, outbox);
        let written = &self.written;
        self.outputs.extend(outbox.drain().filter(|e| written.lacks(&e.origin)).map(NewRecord::from));
        self.applied += 1;
        Ok(())
    }

    /// The state now. It may be kept once [`EventLog::durable`] has reached [`Snapshot::needs_durable`].
    pub fn snapshot(&self, log: &dyn EventLog) -> Snapshot {
        Snapshot {
            position: self.reader.position(),
            needs_durable: log.end(),
            next_offsets: self.next_offsets,
            risk: self.risk.snapshot(),
            execution: self.execution.snapshot(),
        }
    }

    /// The risk service.
    pub fn risk(&self) -> &Risk {
        &self.risk
    }

    /// The books.
    pub fn execution(&self) -> &Execution {
        &self.execution
    }

    /// Position of the next record to look at.
    pub fn position(&self) -> Position {
        self.reader.position()
    }

    /// Records applied since recovery.
    pub fn applied(&self) -> u64 {
        self.applied
    }
}
