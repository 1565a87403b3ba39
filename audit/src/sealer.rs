//! Chains every durable record and seals the chains. Never waits for the store.

use crate::chain::{Chain, Chains, Partition};
use crate::error::Error;
use crate::keys::Keys;
use crate::schedule::Schedule;
use crate::seal::seal;
use assay_event_log::{EventLog, NewRecord, Reader, Record, Value};
use assay_trading_types::{Actor, Event, Origin, Position, Role, Sealed, Timestamp, Topic, TraceId};
use bytes::Bytes;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Records a turn takes: some milliseconds of hashing, so that a seal is never late by more.
const BATCH_MAX: usize = 4_096;

/// Further behind the log than this, no seal is made until the backlog is chained: a verifier can then count on
/// meeting a seal soon after what it covers (docs/wire/audit-chain.md, section 5).
const SEAL_LAG_MAX: u64 = 1 << 20;

/// How long an HMAC key serves before the next replaces it. Shorter narrows what a thief can forge; each change
/// costs a few disk syncs beside those of the log.
const KEY_EPOCH_NS: i64 = 10_000_000_000;

/// The chains are written to disk this often, which bounds what a restart hashes again.
const STATE_INTERVAL_NS: i64 = 5_000_000_000;

/// As [`STATE_INTERVAL_NS`], in records: about a second of hashing.
const STATE_RECORDS_MAX: u64 = 1_000_000;

/// Seals of the last round are given this long to become durable at shutdown; the log has failed if they do not.
const FINAL_SYNC_MAX: Duration = Duration::from_secs(10);

/// How long [`Sealer::turn`] waits for a first record when told to.
pub(crate) const IDLE_WAIT: Duration = Duration::from_millis(50);

/// The audit's first cursor over the log.
pub struct Sealer {
    chains: Chains,
    schedule: Schedule,
    keys: Keys,
    epoch: EpochUse,
    clock_error_ns: i64,
    reader: Box<dyn Reader>,
    batch: Vec<Arc<Record>>,
    outgoing: Vec<NewRecord>,
    replay_end: Position,
    state: StateFile,
}

/// Since when the present key serves, and whether a seal under it is durable: only then may the next replace it, so
/// that a key of epoch n proves that a seal of epoch n - 1 exists.
#[derive(Debug, Default)]
struct EpochUse {
    since: Option<Timestamp>,
    proven: bool,
}

impl Sealer {
    /// Continues from the chains in `state_file`, or from the log's start.
    ///
    /// # Errors
    /// The log ends before what was audited, or cannot be read.
    pub fn open(
        log: &dyn EventLog,
        state_file: PathBuf,
        keys: Keys,
        clock_error_ns: i64,
    ) -> Result<Self, Error> {
        let chains = StateFile::read(&state_file).unwrap_or_default();
        let replay_end = log.durable();
        if chains.position() > replay_end {
            return Err(Error::AheadOfLog { audited: chains.position().0, end: replay_end.0 });
        }
        let reader = log.reader(&Topic::ALL, chains.position(), true)?;
        Ok(Self {
            state: StateFile { file: state_file, written: chains.position(), at: None },
            chains,
            schedule: Schedule::default(),
            keys,
            epoch: EpochUse::default(),
            clock_error_ns,
            reader,
            batch: Vec::with_capacity(BATCH_MAX),
            outgoing: Vec::new(),
            replay_end,
        })
    }

    /// Position after the last record chained.
    pub fn position(&self) -> Position {
        self.chains.position()
    }

    /// The chains so far.
    pub fn chains(&self) -> &Chains {
        &self.chains
    }

    /// Chains a bounded batch of durable records, appends the seals that are due and returns how many records it
    /// took. Waits up to `wait` for a first record.
    ///
    /// # Errors
    /// The log cannot be read or appended to, a record is out of order, or the key file cannot be replaced.
    pub fn turn(&mut self, log: &dyn EventLog, now: Timestamp, wait: Duration) -> Result<usize, Error> {
        self.batch.clear();
        match wait.is_zero() {
            true => self.reader.poll(&mut self.batch, BATCH_MAX)?,
            false => self.reader.poll_wait(&mut self.batch, BATCH_MAX, wait)?,
        };
        let batch = std::mem::take(&mut self.batch);
        let near_end = log.durable().0.saturating_sub(self.position().0) <= SEAL_LAG_MAX;
        for record in &batch {
            self.take(record, near_end, now)?;
        }
        if near_end && !self.replaying() && self.schedule.round_due(&self.chains, now) {
            self.seal_round(now)?;
        }
        if !self.outgoing.is_empty() {
            log.append(&mut self.outgoing)?;
        }
        self.state.write_if_due(&self.chains, now)?;
        let taken = batch.len();
        self.batch = batch;
        Ok(taken)
    }

    /// Waits for the log to be durable, seals all that is left, waits until that is durable and retires the key, so
    /// that whoever takes the machine afterwards can forge no seal over what is there.
    ///
    /// # Errors
    /// As [`Self::turn`].
    pub fn finish(&mut self, log: &dyn EventLog, now: Timestamp) -> Result<(), Error> {
        log.wait_durable(log.end(), FINAL_SYNC_MAX)?;
        while self.turn(log, now, Duration::ZERO)? > 0 {}
        if self.schedule.waiting(&self.chains).any(|p| p.topic != Topic::Seals) {
            self.seal_round(now)?;
            log.append(&mut self.outgoing)?;
        }
        log.wait_durable(log.end(), FINAL_SYNC_MAX)?;
        while self.turn(log, now, Duration::ZERO)? > 0 {}
        if self.epoch.proven {
            self.next_epoch(now)?;
        }
        self.state.write(&self.chains)
    }

    /// Records from before this process began may be sealed already by seals that come later in the log.
    fn replaying(&self) -> bool {
        self.position() < self.replay_end
    }

    fn take(&mut self, record: &Record, near_end: bool, now: Timestamp) -> Result<(), Error> {
        if record.position < self.chains.position() {
            return Ok(()); // A log may deliver a record again; what it held the first time is chained.
        }
        self.chains.push(record)?;
        if record.topic == Topic::Seals {
            return self.note_seal(record);
        }
        let partition = Partition { topic: record.topic, number: record.partition };
        if near_end && !self.replaying() && self.schedule.is_full(partition, record.offset + 1) {
            self.seal_one(partition, now);
        }
        Ok(())
    }

    fn note_seal(&mut self, record: &Record) -> Result<(), Error> {
        let Ok(event) = record.decode() else { return Ok(()) };
        let Event::Sealed(sealed) = &*event else { return Ok(()) };
        let current = self.keys.epoch().epoch();
        if sealed.key_epoch > current {
            return Err(self.keys.older_than_seals());
        }
        self.epoch.proven |= sealed.key_epoch == current;
        self.schedule
            .note_sealed(Partition { topic: sealed.topic, number: sealed.partition }, sealed.tree_size);
        Ok(())
    }

    fn seal_round(&mut self, now: Timestamp) -> Result<(), Error> {
        let since = *self.epoch.since.get_or_insert(now);
        if self.epoch.proven && now.since_ns(since) >= KEY_EPOCH_NS {
            self.next_epoch(now)?;
        }
        let waiting: Vec<Partition> = self.schedule.waiting(&self.chains).collect();
        waiting.into_iter().for_each(|partition| self.seal_one(partition, now));
        self.schedule.round_made();
        Ok(())
    }

    fn seal_one(&mut self, partition: Partition, now: Timestamp) {
        let chain = self.chains.get(partition).expect("only chains with records are sealed");
        let sealed = seal(partition, chain, now, self.clock_error_ns, &self.keys);
        self.schedule.note_sealed(partition, chain.size());
        self.outgoing.push(seal_record(partition, chain, sealed));
    }

    fn next_epoch(&mut self, now: Timestamp) -> Result<(), Error> {
        self.keys.evolve()?;
        self.epoch = EpochUse { since: Some(now), proven: false };
        Ok(())
    }
}

fn seal_record(partition: Partition, chain: &Chain, sealed: Sealed) -> NewRecord {
    let origin = Origin::Input {
        role: Role::Audit,
        topic: partition.topic,
        partition: partition.number,
        offset: chain.size() - 1,
        index: 0,
    };
    NewRecord {
        topic: Topic::Seals,
        partition: 0,
        key: Bytes::from_static(partition.topic.name().as_bytes()),
        at: sealed.at,
        origin: Some(origin),
        trace: TraceId::default(),
        actor: Actor::new("audit").expect("a short name"),
        wire: None,
        value: Value::event(Event::Sealed(sealed)),
    }
}

/// The chains on disk. It spares a restart the hashing and is believed by nobody else: a torn or stale one only
/// costs time, so it is not synced.
struct StateFile {
    file: PathBuf,
    written: Position,
    at: Option<Timestamp>,
}

impl StateFile {
    fn read(file: &Path) -> Option<Chains> {
        std::fs::read(file).ok().and_then(|bytes| Chains::from_bytes(&bytes))
    }

    fn write_if_due(&mut self, chains: &Chains, now: Timestamp) -> Result<(), Error> {
        let at = *self.at.get_or_insert(now);
        let records = chains.position().0 - self.written.0;
        if records >= STATE_RECORDS_MAX || (records > 0 && now.since_ns(at) >= STATE_INTERVAL_NS) {
            self.write(chains)?;
            self.at = Some(now);
        }
        Ok(())
    }

    fn write(&mut self, chains: &Chains) -> Result<(), Error> {
        let next = self.file.with_extension("next");
        std::fs::write(&next, chains.to_bytes()).map_err(Error::io("write", &next))?;
        std::fs::rename(&next, &self.file).map_err(Error::io("replace", &self.file))?;
        self.written = chains.position();
        Ok(())
    }
}

/// Position of the chains in a state file; none where there is none that can be read.
pub(crate) fn state_position(file: &Path) -> Option<Position> {
    StateFile::read(file).map(|chains| chains.position())
}
