//! The audit as a service: two cursors over one log, and the thread that drives them.

use crate::clickhouse::{self, ClickHouseConfig, ClickHouseSink};
use crate::error::Error;
use crate::keys::Keys;
use crate::sealer::{IDLE_WAIT, Sealer, state_position};
use crate::store::{Store, store_position};
use assay_event_log::{Background, EventLog};
use assay_trading_types::{Position, Timestamp};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// What a clock error bound says when nobody knows it.
pub const CLOCK_ERROR_UNKNOWN_NS: i64 = -1;

/// Rows written while stopping: a second or two. What is left comes from the log at the next start.
const STOP_ROWS_MAX: u64 = 200_000;

/// Where the audit keeps its things below the data directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditPaths {
    /// The SQLite store.
    pub store: PathBuf,
    /// The sealer's chains.
    pub state: PathBuf,
    /// The keys.
    pub keys: PathBuf,
    /// How far ClickHouse is, and what is on its way there.
    pub clickhouse_plan: PathBuf,
}

impl AuditPaths {
    /// Below `data_dir`.
    pub fn below(data_dir: &Path) -> Self {
        let audit = data_dir.join("audit");
        Self {
            store: audit.join("audit.sqlite"),
            state: audit.join("chain.state"),
            keys: audit.join("keys"),
            clickhouse_plan: audit.join("clickhouse.plan"),
        }
    }
}

impl AuditPaths {
    /// Renames what stands beyond `end`, where a log that lost its tail ends: kept as evidence, not gone on from. Says
    /// which files now have `.lost-<end>` behind their names.
    ///
    /// # Errors
    /// A store of another schema, or the disk refuses.
    pub fn set_aside_if_ahead(&self, end: Position) -> Result<Vec<PathBuf>, Error> {
        let mut renamed = Vec::new();
        if store_position(&self.store)?.is_some_and(|position| position > end) {
            for suffix in ["", "-wal", "-shm"] {
                set_aside(&with_suffix(&self.store, suffix), end, &mut renamed)?;
            }
        }
        if state_position(&self.state).is_some_and(|position| position > end) {
            set_aside(&self.state, end, &mut renamed)?;
        }
        Ok(renamed)
    }
}

impl AuditPaths {
    /// As [`Self::set_aside_if_ahead`], for the rows in ClickHouse: renames their table and says to what.
    ///
    /// # Errors
    /// ClickHouse does not answer or refuses, or the disk does.
    pub fn set_aside_clickhouse_if_ahead(
        &self,
        config: &ClickHouseConfig,
        end: Position,
    ) -> Result<Option<String>, Error> {
        clickhouse::set_aside_if_ahead(config, &self.clickhouse_plan, end)
    }
}

fn with_suffix(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn set_aside(file: &Path, end: Position, renamed: &mut Vec<PathBuf>) -> Result<(), Error> {
    if file.exists() {
        let aside = with_suffix(file, &format!(".lost-{end}"));
        std::fs::rename(file, &aside).map_err(Error::io("set aside", file))?;
        renamed.push(aside);
    }
    Ok(())
}

/// Sealer and store of one log.
///
/// ```text
/// log --durable--> Sealer (leaf, chain, seals) --append--> log topic `seals`
///     --durable--> Store | ClickHouseSink (rows; lag and catch up)
/// ```
pub struct AuditService {
    sealer: Sealer,
    rows: Rows,
}

/// Who writes rows.
enum Rows {
    Sqlite(Box<Store>),
    ClickHouse(Box<ClickHouseSink>),
}

impl Rows {
    fn turn(&mut self, wait: Duration) -> Result<usize, Error> {
        match self {
            Self::Sqlite(store) => store.turn(wait),
            Self::ClickHouse(sink) => sink.turn(wait),
        }
    }

    fn position(&self) -> Position {
        match self {
            Self::Sqlite(store) => store.position(),
            Self::ClickHouse(sink) => sink.position(),
        }
    }

    /// Stores what is there, some `rows_max` rows at most.
    fn finish(&mut self, rows_max: u64) -> Result<(), Error> {
        match self {
            Self::Sqlite(store) => {
                let enough = store.position().0.saturating_add(rows_max);
                while store.position().0 < enough && store.turn(Duration::ZERO)? > 0 {}
                Ok(())
            }
            Self::ClickHouse(sink) => sink.finish(rows_max),
        }
    }
}

impl AuditService {
    /// Opens both cursors where they stood.
    ///
    /// # Errors
    /// The data directory, the store or the log refuses, or one is ahead of the log.
    pub fn open(log: &dyn EventLog, data_dir: &Path, keys: Keys) -> Result<Self, Error> {
        Self::open_with_clock_error(log, data_dir, keys, CLOCK_ERROR_UNKNOWN_NS)
    }

    /// As [`Self::open`], with the bound of the clock's error that seals state.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_with_clock_error(
        log: &dyn EventLog,
        data_dir: &Path,
        keys: Keys,
        clock_error_ns: i64,
    ) -> Result<Self, Error> {
        let paths = AuditPaths::below(data_dir);
        make_directory(&paths)?;
        let sealer = Sealer::open(log, paths.state, keys, clock_error_ns)?;
        let store = Store::open(log, &paths.store)?;
        Ok(Self { sealer, rows: Rows::Sqlite(Box::new(store)) })
    }

    /// As [`Self::open`], with rows in ClickHouse. One that does not answer now is tried again later.
    ///
    /// # Errors
    /// As [`Self::open`], and what [`ClickHouseSink::open`] refuses.
    pub fn open_with_clickhouse(
        log: Arc<dyn EventLog>,
        data_dir: &Path,
        keys: Keys,
        config: ClickHouseConfig,
    ) -> Result<Self, Error> {
        let paths = AuditPaths::below(data_dir);
        make_directory(&paths)?;
        let name = keys.signing().log_name().to_owned();
        let sealer = Sealer::open(&*log, paths.state, keys, CLOCK_ERROR_UNKNOWN_NS)?;
        let sink = ClickHouseSink::open(log, &name, &paths.clickhouse_plan, config)?;
        Ok(Self { sealer, rows: Rows::ClickHouse(Box::new(sink)) })
    }

    /// One bounded step of both cursors, for whoever drives them on one thread: returns how many records were
    /// chained and stored, 0 when there was nothing to do.
    ///
    /// # Errors
    /// The audit cannot go on, and with it nothing that must be audited.
    pub fn turn(&mut self, log: &dyn EventLog, now: Timestamp) -> Result<usize, Error> {
        let chained = self.sealer.turn(log, now, Duration::ZERO)?;
        Ok(chained + self.rows.turn(Duration::ZERO)?)
    }

    /// Seals the rest, waits for it to be durable, retires the key and stores what is left.
    ///
    /// # Errors
    /// As [`Self::turn`].
    pub fn finish(&mut self, log: &dyn EventLog, now: Timestamp) -> Result<(), Error> {
        self.sealer.finish(log, now)?;
        self.rows.finish(u64::MAX)
    }

    /// Position after the last record chained.
    pub fn chained(&self) -> Position {
        self.sealer.position()
    }

    /// Position after the last record stored.
    pub fn stored(&self) -> Position {
        self.rows.position()
    }

    /// Drives the sealer on this thread and the store on one of its own until `stop` is set; then seals the rest as
    /// [`Self::finish`] does, and stores what takes no longer than a second or two. `progress` is told both
    /// positions as they move.
    ///
    /// # Errors
    /// The first error of either; the other is stopped.
    pub fn run(
        mut self,
        log: &dyn EventLog,
        clock: &(dyn Fn() -> Timestamp + Sync),
        stop: &AtomicBool,
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<(), Error> {
        let halt = AtomicBool::new(false);
        let halted = || stop.load(Ordering::Relaxed) || halt.load(Ordering::Relaxed);
        let (sealer, rows) = (&mut self.sealer, &mut self.rows);
        std::thread::scope(|scope| {
            let stored = std::thread::Builder::new()
                .name("audit-store".to_owned())
                .spawn_scoped(scope, || stop_at_error(drive_rows(rows, log, &halted, progress), &halt))
                .map_err(Error::io("start a thread for", Path::new("the audit store")))?;
            let seals = stop_at_error(drive_sealer(sealer, log, clock, &halted, progress), &halt);
            let stored = stored.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            seals.and(stored)
        })?;
        self.sealer.finish(log, clock())?;
        self.rows.finish(STOP_ROWS_MAX)
    }
}

/// How far a cursor is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// The sealer chained everything below.
    Chained(Position),
    /// The store holds everything below.
    Stored(Position),
}

fn make_directory(paths: &AuditPaths) -> Result<(), Error> {
    let dir = paths.store.parent().expect("the store stands in a directory");
    std::fs::create_dir_all(dir).map_err(Error::io("create", dir))
}

fn stop_at_error(result: Result<(), Error>, halt: &AtomicBool) -> Result<(), Error> {
    if result.is_err() {
        halt.store(true, Ordering::Relaxed);
    }
    result
}

fn drive_sealer(
    sealer: &mut Sealer,
    log: &dyn EventLog,
    clock: &(dyn Fn() -> Timestamp + Sync),
    halted: &dyn Fn() -> bool,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<(), Error> {
    while !halted() {
        let taken = sealer.turn(log, clock(), IDLE_WAIT)?;
        if taken > 0 {
            progress(Progress::Chained(sealer.position()));
        }
        gather(taken);
    }
    Ok(())
}

/// After the last of what was there, lets records gather for a moment: to be woken by every sync costs the log and the
/// orders more than the work itself.
fn gather(taken: usize) {
    const GATHER: Duration = Duration::from_millis(5);
    const FEW: usize = 1_024;
    if (1..FEW).contains(&taken) {
        std::thread::sleep(GATHER);
    }
}

fn drive_rows(
    rows: &mut Rows,
    log: &dyn EventLog,
    halted: &dyn Fn() -> bool,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<(), Error> {
    // Sealing is owed to the order at once, rows may come later.
    let mut background = Background::begin("audit store", log);
    while !halted() {
        let taken = rows.turn(IDLE_WAIT)?;
        if taken > 0 {
            progress(Progress::Stored(rows.position()));
        }
        gather(taken);
        background.rest_while_busy(log, halted);
    }
    Ok(())
}
