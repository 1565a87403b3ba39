//! Log to ClickHouse, each record once.

use super::batch::{Batch, Filling};
use super::config::ClickHouseConfig;
use super::error::ClickHouseError;
use super::plan::{Plan, PlanFile};
use super::read::Rows;
use super::row_binary::COLUMNS;
use super::schema::{has_table, prepare};
use super::server::{Server, open};
use crate::chain::Chains;
use crate::error::Error;
use assay_event_log::{EventLog, Reader, Record};
use assay_trading_types::{Position, Topic};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Records taken from the log at once.
const POLL_MAX: usize = 4_096;

/// How long records gather for a block, so that a server gets about two a second, which is what it merges at ease.
const GATHER: Duration = Duration::from_millis(500);

/// First and longest wait after a server did not answer.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(15));

/// The audit's cursor that writes to ClickHouse; lags while ClickHouse is away and catches up from the log.
pub struct ClickHouseSink {
    config: ClickHouseConfig,
    log_name: String,
    plan_file: PlanFile,
    server: Option<Server>,
    log: Arc<dyn EventLog>,
    /// Everything below is in ClickHouse. Not known before the first answer when no plan was on disk.
    chains: Option<Chains>,
    stored: Position,
    reader: Option<Box<dyn Reader>>,
    polled: Vec<Arc<Record>>,
    filling: Option<(Filling, Instant)>,
    planned: Option<Batch>,
    /// End of the range that an earlier process may have sent.
    sent_before: Option<Position>,
    trouble: Trouble,
}

/// What goes wrong at present, and when to try again.
#[derive(Default)]
struct Trouble {
    wait: Option<Duration>,
    until: Option<Instant>,
    said: String,
}

#[allow(clippy::disallowed_methods, reason = "a driver: it paces a thread")]
impl ClickHouseSink {
    /// A sink for `log`, called `log_name` by its keys, that keeps its plan in `plan`. Asks the server whether it can
    /// serve; one that does not answer is tried again later.
    ///
    /// # Errors
    /// The server answers and cannot serve, the plan is ahead of the log, or the disk refuses.
    pub fn open(
        log: Arc<dyn EventLog>,
        log_name: &str,
        plan: &Path,
        config: ClickHouseConfig,
    ) -> Result<Self, Error> {
        let plan_file = PlanFile::new(plan.to_owned(), config.database.clone());
        let plan = plan_file.read()?;
        let stored = plan.as_ref().map_or(Position(0), |plan| plan.chains.position());
        require_not_ahead(plan.as_ref().map_or(Position(0), |plan| plan.to), &*log)?;
        let mut sink = Self {
            config,
            log_name: log_name.to_owned(),
            plan_file,
            server: None,
            log,
            stored,
            sent_before: plan.as_ref().filter(|plan| plan.to > stored).map(|plan| plan.to),
            chains: plan.map(|plan| plan.chains),
            reader: None,
            polled: Vec::with_capacity(POLL_MAX),
            filling: None,
            planned: None,
            trouble: Trouble::default(),
        };
        match sink.connect() {
            Err(Error::ClickHouse(error @ ClickHouseError::Unreachable { .. })) => sink.trouble.note(&error),
            other => other?,
        }
        Ok(sink)
    }

    /// Position after the last record that ClickHouse holds for sure.
    pub fn position(&self) -> Position {
        self.stored
    }

    /// One step: takes records, plans, sends and reads back. Returns how many records were taken or stored; 0 when
    /// there was nothing to do for `wait`, or the server is away.
    ///
    /// # Errors
    /// What does not pass by itself: the log cannot be read, or ClickHouse holds something else than was sent.
    pub fn turn(&mut self, wait: Duration) -> Result<usize, Error> {
        if let Some(left) = self.trouble.left() {
            std::thread::sleep(left.min(wait));
            if self.trouble.left().is_some() {
                return Ok(0);
            }
        }
        match self.step(wait) {
            Ok(done) => {
                self.trouble.clear();
                Ok(done)
            }
            Err(Error::ClickHouse(error)) if error.is_passing() => {
                self.trouble.note(&error);
                self.server = None;
                Ok(0)
            }
            Err(error) => Err(error),
        }
    }

    fn step(&mut self, wait: Duration) -> Result<usize, Error> {
        if self.server.is_none() {
            self.connect()?;
        }
        if self.planned.is_some() {
            return self.send();
        }
        let taken = self.fill(wait)?;
        if self.is_due() {
            self.plan()?;
            return self.send();
        }
        Ok(taken)
    }

    fn connect(&mut self) -> Result<(), Error> {
        let mut server = Server::connect(&self.config)?;
        prepare(&mut server, &self.log_name)?;
        if self.chains.is_none() {
            let chains = follow(&server, &*self.log)?;
            self.stored = chains.position();
            self.chains = Some(chains);
        }
        self.server = Some(server);
        Ok(())
    }

    /// Takes durable records into the block being filled.
    fn fill(&mut self, wait: Duration) -> Result<usize, Error> {
        let chains = self.chains.as_ref().expect("known once connected");
        let from = chains.position();
        let (filling, since) = self.filling.get_or_insert_with(|| (Filling::after(chains), Instant::now()));
        let reader = match &mut self.reader {
            Some(reader) => reader,
            None => self.reader.insert(self.log.reader(&Topic::ALL, from, true)?),
        };
        if self.polled.is_empty() {
            match wait.is_zero() {
                true => reader.poll(&mut self.polled, POLL_MAX)?,
                false => reader.poll_wait(&mut self.polled, POLL_MAX, wait)?,
            };
        }
        if filling.is_empty() {
            *since = Instant::now();
        }
        let end = self.sent_before.unwrap_or(Position(u64::MAX));
        let mut taken = 0;
        for record in &self.polled {
            if record.position >= end || !filling.take(record)? {
                break;
            }
            taken += 1;
        }
        self.polled.drain(..taken);
        Ok(taken)
    }

    /// A range that was planned before is sent as it was planned; another when it is full, the next record belongs in
    /// another block, or enough time gathered it.
    fn is_due(&self) -> bool {
        let Some((filling, since)) = &self.filling else { return false };
        match self.sent_before {
            Some(end) => filling.position() >= end || !self.polled.is_empty(),
            None if filling.is_empty() => false,
            None => filling.is_full() || !self.polled.is_empty() || since.elapsed() >= GATHER,
        }
    }

    fn plan(&mut self) -> Result<(), Error> {
        let Some((filling, _)) = self.filling.take() else { return Ok(()) };
        let batch = filling.finish();
        let chains = self.chains.clone().expect("known once connected");
        self.plan_file.write(&Plan { chains, to: Position(batch.positions.end) })?;
        self.planned = Some(batch);
        Ok(())
    }

    /// Sends the planned block unless it is there, and moves on once it is read back.
    fn send(&mut self) -> Result<usize, Error> {
        let (Some(server), Some(batch)) = (&self.server, &self.planned) else { return Ok(0) };
        // What another process or an answerless try sent may be there.
        if !is_there(server, batch)? {
            let sql = format!("INSERT INTO record ({COLUMNS}) FORMAT RowBinary");
            server.insert(&sql, batch.block.clone(), &batch.token(&self.log_name))?;
            if !is_there(server, batch)? {
                return Err(differs(batch, 0).into());
            }
        }
        let batch = self.planned.take().expect("seen above");
        self.stored = batch.chains.position();
        self.chains = Some(batch.chains);
        self.sent_before = None;
        Ok(batch.rows as usize)
    }

    /// Sends what is there without waiting for more, for a node that stops: at most `rows`, and nothing more once the
    /// server is away. The plan on disk then says where ClickHouse stands.
    ///
    /// # Errors
    /// As [`Self::turn`].
    pub fn finish(&mut self, rows: u64) -> Result<(), Error> {
        let enough = self.stored.0.saturating_add(rows);
        while self.stored.0 < enough && self.trouble.until.is_none() {
            let taken = self.turn(Duration::ZERO)?;
            let gathered = self.filling.as_ref().is_some_and(|(filling, _)| !filling.is_empty());
            match taken {
                0 if gathered => self.plan()?,
                0 if self.planned.is_none() => break,
                _ => {}
            }
        }
        match (&self.chains, &self.planned) {
            (Some(chains), None) => {
                self.plan_file.write(&Plan { chains: chains.clone(), to: chains.position() })
            }
            _ => Ok(()),
        }
    }
}

#[allow(clippy::disallowed_methods, reason = "a driver: it paces a thread")]
impl Trouble {
    fn left(&self) -> Option<Duration> {
        self.until
            .and_then(|until| until.checked_duration_since(Instant::now()))
            .filter(|left| !left.is_zero())
    }

    fn note(&mut self, error: &ClickHouseError) {
        let wait = self.wait.map_or(BACK_OFF.0, |wait| (wait * 2).min(BACK_OFF.1));
        self.wait = Some(wait);
        self.until = Some(Instant::now() + wait);
        let text = error.to_string();
        if text != self.said {
            tracing::warn!("audit rows wait in the log: {text}");
            self.said = text;
        }
    }

    fn clear(&mut self) {
        if !self.said.is_empty() {
            tracing::info!("ClickHouse takes audit rows again");
        }
        *self = Self::default();
    }
}

fn require_not_ahead(position: Position, log: &dyn EventLog) -> Result<(), Error> {
    match position > log.durable() {
        true => Err(Error::AheadOfLog { audited: position.0, end: log.durable().0 }),
        false => Ok(()),
    }
}

/// Whether exactly the rows of `batch` are there; false when none is.
fn is_there(server: &Server, batch: &Batch) -> Result<bool, ClickHouseError> {
    let ranges: Vec<String> = batch
        .ranges
        .iter()
        .map(|(partition, offsets)| {
            format!(
                "(topic = '{}' AND partition = {} AND offset >= {} AND offset < {})",
                partition.topic.name(),
                partition.number,
                offsets.start,
                offsets.end
            )
        })
        .collect();
    let sql = format!(
        "SELECT count(), hex(SHA256(arrayStringConcat(groupArray(chain)))) FROM \
         (SELECT chain FROM record WHERE {} ORDER BY topic, partition, offset)",
        ranges.join(" OR ")
    );
    let (found, digest): (u64, String) = server.one("read a block back", &sql)?;
    match found {
        0 => Ok(false),
        n if n == batch.rows && digest == hex::encode_upper(batch.digest) => Ok(true),
        n => Err(differs(batch, n)),
    }
}

fn differs(batch: &Batch, found: u64) -> ClickHouseError {
    let (from, to) = (batch.positions.start, batch.positions.end);
    ClickHouseError::Differs { from, to, found, expected: batch.rows }
}

/// The chains where ClickHouse stands, from the log: for a sink whose plan is gone.
fn follow(server: &Server, log: &dyn EventLog) -> Result<Chains, Error> {
    let (rows, end): (u64, i64) = server
        .one("tell how far it is", "SELECT count(), if(count() = 0, 0, max(position) + 1) FROM record")?;
    let end = Position(u64::try_from(end).unwrap_or(0));
    require_not_ahead(end, log)?;
    let mut chains = Chains::new();
    let mut reader = log.reader(&Topic::ALL, Position(0), true)?;
    let mut records = Vec::new();
    while chains.position() < end {
        records.clear();
        if reader.poll(&mut records, POLL_MAX)? == 0 {
            break;
        }
        for record in records.iter().filter(|record| record.position < end) {
            if record.position >= chains.position() {
                chains.push(record)?;
            }
        }
    }
    require_heads(server, &chains, rows)?;
    Ok(chains)
}

/// The last chain value of every topic-partition must be that of the log.
fn require_heads(server: &Server, chains: &Chains, rows: u64) -> Result<(), ClickHouseError> {
    let heads: Vec<(String, u16, u64, String)> = server.all(
        "tell its chain heads",
        "SELECT topic, partition, count(), hex(argMax(chain, offset)) FROM record GROUP BY topic, partition",
    )?;
    let agrees = heads.iter().all(|(topic, partition, count, head)| {
        chains.iter().any(|(p, chain)| {
            p.topic.name() == topic
                && p.number == *partition
                && chain.size() == *count
                && hex::encode_upper(chain.head()) == *head
        })
    });
    let expected = chains.position().0;
    match agrees && rows == expected {
        true => Ok(()),
        false => Err(ClickHouseError::Differs { from: 0, to: expected, found: rows, expected }),
    }
}

/// Empties the database's rows and forgets the plan, so that the next sink writes everything again from the log.
///
/// # Errors
/// The server or the disk refuses, or the database is another log's.
pub fn rebuild(config: &ClickHouseConfig, log_name: &str, plan: &Path) -> Result<(), Error> {
    let mut server = Server::connect(config)?;
    prepare(&mut server, log_name)?;
    PlanFile::new(plan.to_owned(), config.database.clone()).remove()?;
    // Dropped with its memory of tokens, which would refuse the same blocks.
    server.execute("drop the table", "DROP TABLE record")?;
    prepare(&mut server, log_name)?;
    Ok(())
}

/// Renames the rows' table if it holds more than a log that ends at `end`: kept as evidence, not gone on from. Says to
/// what.
///
/// # Errors
/// The server or the disk refuses.
pub(crate) fn set_aside_if_ahead(
    config: &ClickHouseConfig,
    plan: &Path,
    end: Position,
) -> Result<Option<String>, Error> {
    let server = open(config)?;
    if !has_table(&server, "record")? || Rows::all(&server)?.end() <= end.0 {
        return Ok(None);
    }
    PlanFile::new(plan.to_owned(), config.database.clone()).remove()?;
    let name = format!("record_lost_{}", end.0);
    server.execute("set the rows aside", &format!("RENAME TABLE record TO {name}"))?;
    Ok(Some(format!("{}.{name}", config.database)))
}
