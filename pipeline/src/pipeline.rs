//! Records in, records out.

use crate::clock::{Clock, tick};
use crate::{Error, Snapshot};
use assay_event_log::{EventLog, LastOrigins, NewRecord, Reader, Record};
use assay_execution::Execution;
use assay_risk_service::Risk;
use assay_trading_types::{Event, Outbox, Position, Processor, Role, Timestamp, Topic};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// Most records applied before their outputs are appended. At 1 us a record a batch takes half a millisecond, which
/// is below a disk sync, and its outputs fit any log's queue.
pub const BATCH_RECORDS_MAX: usize = 512;

/// Time between clock ticks in the log (design section 2).
pub const TICK_INTERVAL_NS: i64 = 1_000_000_000;

/// How long it waits for records while a book's levels are to be told.
const DEPTH_WAIT: Duration = Duration::from_millis(5);

/// Outputs that a follower keeps until it knows that they were written: some hundred milliseconds of full load, many times
/// what its leader has under way.
const UNWRITTEN_MAX: usize = 1 << 16;

/// Which processors a pipeline drives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stages {
    /// Risk and execution, over one log in one process.
    Both,
    /// Risk alone; execution runs elsewhere.
    Risk,
    /// Execution alone; risk runs elsewhere.
    Execution,
}

impl Stages {
    /// What they read, and tell the time of.
    fn topics(self) -> &'static [Topic] {
        match self {
            Self::Both => &[Topic::Accounts, Topic::Markets],
            Self::Risk => &[Topic::Accounts],
            Self::Execution => &[Topic::Markets],
        }
    }
}

/// The embedded log has one partition a topic.
const PARTITIONS: u16 = 1;
const PARTITION: u16 = 0;

/// Risk, execution or both. Call [`Pipeline::turn`] again and again.
pub struct Pipeline {
    stages: Stages,
    risk: Risk,
    execution: Execution,
    risk_out: Outbox,
    execution_out: Outbox,
    reader: Box<dyn Reader>,
    /// Next position to apply; what a reader delivers below it has been applied.
    position: Position,
    /// Where the log ended when this process began: up to there this is a replay.
    recovered_end: Position,
    /// What the log held of our outputs when this process began.
    written: LastOrigins,
    /// End of the log after our last append.
    outputs_end: Position,
    clock: Clock,
    /// When depth was due that the last tick out of turn is for.
    depth_asked: Option<Timestamp>,
    batch: Vec<Arc<Record>>,
    outputs: Vec<NewRecord>,
    /// While somebody else leads: what it may not have written yet.
    unwritten: Option<Unwritten>,
}

/// Outputs of a follower, oldest first.
#[derive(Debug, Default)]
struct Unwritten {
    newest: VecDeque<NewRecord>,
    /// Newest of those that there was no room for.
    forgotten: LastOrigins,
}

impl Unwritten {
    fn keep(&mut self, outputs: impl Iterator<Item = NewRecord>) {
        self.newest.extend(outputs);
        let surplus = self.newest.len().saturating_sub(UNWRITTEN_MAX);
        self.newest.drain(..surplus).for_each(|output| self.forgotten.note(output.origin));
    }
}

impl std::fmt::Debug for Pipeline {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pipeline(at {}, replay until {})", self.position, self.recovered_end)
    }
}

impl Pipeline {
    /// A pipeline at the snapshot's position, or at the beginning of the log. `written` is what the log's recovery
    /// found (`Recovery::last_origins`). It catches up in its first turns.
    ///
    /// # Errors
    /// The snapshot is of another version, damaged, or stands on records that the log does not hold.
    pub fn recover(
        log: &Arc<dyn EventLog>,
        stages: Stages,
        snapshot: Option<&Snapshot>,
        written: LastOrigins,
    ) -> Result<Self, Error> {
        let recovered_end = log.end();
        let (risk, execution, position) = match snapshot {
            Some(snapshot) => restore(snapshot, recovered_end)?,
            None => (Risk::new(PARTITION), Execution::new(PARTITION), Position(0)),
        };
        Ok(Self {
            stages,
            risk,
            execution,
            risk_out: Outbox::new(Role::Risk, PARTITIONS),
            execution_out: Outbox::new(Role::Execution, PARTITIONS),
            reader: log.reader(stages.topics(), position, false)?,
            position,
            recovered_end,
            written,
            outputs_end: recovered_end,
            clock: Clock::default(),
            depth_asked: None,
            batch: Vec::with_capacity(BATCH_RECORDS_MAX),
            outputs: Vec::with_capacity(4 * BATCH_RECORDS_MAX),
            unwritten: None,
        })
    }

    /// As [`Pipeline::recover`], of a process that may have to lead later: it applies what somebody else leads, and appends
    /// nothing until [`Pipeline::lead`].
    ///
    /// # Errors
    /// As [`Pipeline::recover`].
    pub fn follow(
        log: &Arc<dyn EventLog>,
        stages: Stages,
        snapshot: Option<&Snapshot>,
    ) -> Result<Self, Error> {
        let pipeline = Self::recover(log, stages, snapshot, LastOrigins::default())?;
        Ok(Self { unwritten: Some(Unwritten::default()), ..pipeline })
    }

    /// What a follower would have written since it was asked last, oldest first: for who follows to compare, not to lead.
    pub fn take_unwritten(&mut self) -> Vec<NewRecord> {
        let unwritten = self.unwritten.as_mut();
        unwritten.map(|unwritten| std::mem::take(&mut unwritten.newest).into()).unwrap_or_default()
    }

    /// A follower leads from now on. `written` is what the log holds of outputs, up to `end`, and nobody else appends any
    /// more: what is not among them goes out with the next turn. Says whether this can be; if not, because the leader
    /// lagged far behind what it was to do, the pipeline must be recovered.
    #[must_use]
    pub fn lead(&mut self, written: LastOrigins, end: Position) -> bool {
        let Some(unwritten) = self.unwritten.take() else { return true };
        let is_missing = |(producer, output)| written.last(producer).is_none_or(|last| output > last);
        if unwritten.forgotten.iter().any(is_missing) {
            return false;
        }
        let missing = unwritten.newest.into_iter().filter(|output| written.is_news(output.origin));
        self.outputs.extend(missing);
        (self.written, self.recovered_end) = (written, end);
        true
    }

    /// Applies up to [`BATCH_RECORDS_MAX`] records and appends what follows from them as one group; appends a clock
    /// tick when one is due at `now`. Returns how many records it applied: 0 when there was nothing new.
    ///
    /// # Errors
    /// The log cannot be read or takes nothing more, or a record is not what its kind says. The pipeline must be
    /// recovered then: it may have decided what the log does not hold.
    pub fn turn(&mut self, log: &dyn EventLog, now: Option<Timestamp>) -> Result<usize, Error> {
        self.batch.clear();
        self.reader.poll(&mut self.batch, BATCH_RECORDS_MAX)?;
        self.finish_turn(log, now)
    }

    /// As [`Pipeline::turn`], waiting up to `timeout` for a first record.
    ///
    /// # Errors
    /// As [`Pipeline::turn`].
    pub fn turn_wait(
        &mut self,
        log: &dyn EventLog,
        now: impl FnOnce() -> Option<Timestamp>,
        timeout: Duration,
    ) -> Result<usize, Error> {
        self.batch.clear();
        let timeout = if self.execution.depth_due().is_some() { timeout.min(DEPTH_WAIT) } else { timeout };
        self.reader.poll_wait(&mut self.batch, BATCH_RECORDS_MAX, timeout)?;
        self.finish_turn(log, now())
    }

    fn finish_turn(&mut self, log: &dyn EventLog, now: Option<Timestamp>) -> Result<usize, Error> {
        let applied = self.apply_batch()?;
        if let Some(unwritten) = &mut self.unwritten {
            unwritten.keep(self.outputs.drain(..));
            return Ok(applied);
        }
        self.tick(now);
        if !self.outputs.is_empty() {
            let last = log.append(&mut self.outputs)?;
            self.outputs_end = Position(last.0 + 1);
        }
        Ok(applied)
    }

    fn apply_batch(&mut self) -> Result<usize, Error> {
        let mut applied = 0;
        for record in std::mem::take(&mut self.batch).drain(..) {
            if record.position >= self.position {
                self.apply(&record)?;
                self.position = Position(record.position.0 + 1);
                applied += 1;
            }
        }
        Ok(applied)
    }

    fn apply(&mut self, record: &Record) -> Result<(), Error> {
        let event = record.decode().map_err(|source| Error::Decode { position: record.position, source })?;
        let input = record.input(&event);
        if let Event::ClockTicked(tick) = &*event
            && record.topic == self.stages.topics()[0]
        {
            self.clock.note(tick.now);
        }
        let out = match record.topic {
            Topic::Accounts => {
                self.risk_out.begin(&input);
                self.risk.apply(&input, &mut self.risk_out);
                &mut self.risk_out
            }
            _ => {
                self.execution_out.begin(&input);
                self.execution.apply(&input, &mut self.execution_out);
                &mut self.execution_out
            }
        };
        let written = &self.written;
        let news = out.drain().filter(|emitted| written.is_news(Some(emitted.origin)));
        self.outputs.extend(news.map(NewRecord::from));
        Ok(())
    }

    /// No ticks during a replay: its time is the log's.
    fn tick(&mut self, now: Option<Timestamp>) {
        let Some(now) = now else { return };
        if !self.is_replaying() && self.clock.is_due(now) {
            self.clock.note(now);
            self.outputs.extend(self.stages.topics().iter().map(|topic| tick(*topic, now)));
        } else if !self.is_replaying() && self.owes_depth(now) {
            self.outputs.push(tick(Topic::Markets, now));
        }
    }

    /// Whether the public waits for levels of a book that only a tick will bring; once for each time that they are due.
    fn owes_depth(&mut self, now: Timestamp) -> bool {
        let due = self.execution.depth_due().filter(|_| self.execution.is_depth_due(now));
        due.is_some() && std::mem::replace(&mut self.depth_asked, due) != due
    }

    /// Whether it still applies records that were there when this process began. Nothing may be accepted meanwhile.
    pub fn is_replaying(&self) -> bool {
        self.reader.position() < self.recovered_end
    }

    /// Every record of `accounts` and `markets` below it is applied.
    pub fn position(&self) -> Position {
        self.position
    }

    /// Limits, exposures, open orders and balances.
    pub fn risk(&self) -> &Risk {
        &self.risk
    }

    /// The books.
    pub fn execution(&self) -> &Execution {
        &self.execution
    }

    /// The state after the last turn. It counts once [`Snapshot::depends_on`] is durable.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            position: self.position,
            depends_on: self.outputs_end.max(self.position),
            risk: self.risk.snapshot(),
            execution: self.execution.snapshot(),
        }
    }
}

fn restore(snapshot: &Snapshot, end: Position) -> Result<(Risk, Execution, Position), Error> {
    if snapshot.depends_on > end {
        return Err(Error::NotDurable { needs: snapshot.depends_on, durable: end });
    }
    let risk = Risk::restore(&snapshot.risk).map_err(Error::Risk)?;
    let execution = Execution::restore(&snapshot.execution).map_err(Error::Execution)?;
    Ok((risk, execution, snapshot.position))
}
