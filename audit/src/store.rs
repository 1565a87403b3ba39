//! The SQLite store: a query copy of the log that can be verified alone, and deleted and rebuilt.

use crate::chain::Chains;
use crate::error::Error;
use crate::row::{Row, Scratch};
use assay_event_log::{EventLog, Reader, Record};
use assay_trading_types::{Position, Topic};
use rusqlite::{CachedStatement, Connection, OpenFlags, params};
use rustc_hash::FxHashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Version of the schema, in SQLite's `user_version`.
pub const SCHEMA_VERSION: i64 = 1;

/// `ASSA`, in SQLite's `application_id`.
const APPLICATION_ID: i64 = 0x4153_5341;

/// Rows of a transaction: enough that its fixed cost does not count, few enough that it takes some tens of
/// milliseconds and some megabytes.
const ROWS_MAX: usize = 4_096;

/// Page cache. The right edges of all indexes fit, which is where rows go.
const CACHE_KIB: i64 = 32 * 1024;

/// A row has some 900 bytes: a large page wastes less at its end than SQLite's 4 KiB.
const PAGE_BYTES: i64 = 16 * 1024;

/// SQLite's write-ahead log is folded in, and synced, every 64 MB: the disk's syncs belong to the event log.
const CHECKPOINT_PAGES: i64 = 64 * 1024 * 1024 / PAGE_BYTES;

const INSERT: &str = "INSERT INTO record VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,?21,?22)";

/// The audit's second cursor over the log: writes rows, lags as far as it must and catches up from the log.
pub struct Store {
    connection: Connection,
    file: PathBuf,
    chains: Chains,
    reader: Box<dyn Reader>,
    batch: Vec<Arc<Record>>,
    known: FxHashMap<String, Vec<String>>,
    scratch: Scratch,
}

impl Store {
    /// Opens or makes the database `file` and goes on from the position in it.
    ///
    /// # Errors
    /// Another schema, a store that is ahead of the log, or the disk refuses.
    pub fn open(log: &dyn EventLog, file: &Path) -> Result<Self, Error> {
        let mut connection = Connection::open(file).map_err(failed(file, "open"))?;
        prepare(&mut connection, file)?;
        restrict(file)?;
        let chains = read_chains(&connection, file)?.unwrap_or_default();
        if chains.position() > log.durable() {
            return Err(Error::AheadOfLog { audited: chains.position().0, end: log.durable().0 });
        }
        let reader = log.reader(&Topic::ALL, chains.position(), true)?;
        Ok(Self {
            connection,
            file: file.to_owned(),
            chains,
            reader,
            batch: Vec::with_capacity(ROWS_MAX),
            known: FxHashMap::default(),
            scratch: Scratch::default(),
        })
    }

    /// Position after the last row.
    pub fn position(&self) -> Position {
        self.chains.position()
    }

    /// Stores a bounded batch of durable records in one transaction, with the position it reaches, and returns how
    /// many. Waits up to `wait` for a first record. After an error the store must be opened anew.
    ///
    /// # Errors
    /// The log cannot be read, a record is out of order, or the database refuses.
    pub fn turn(&mut self, wait: Duration) -> Result<usize, Error> {
        self.batch.clear();
        match wait.is_zero() {
            true => self.reader.poll(&mut self.batch, ROWS_MAX)?,
            false => self.reader.poll_wait(&mut self.batch, ROWS_MAX, wait)?,
        };
        if !self.batch.is_empty() {
            let batch = std::mem::take(&mut self.batch);
            self.write(&batch)?;
            self.batch = batch;
        }
        Ok(self.batch.len())
    }

    fn write(&mut self, batch: &[Arc<Record>]) -> Result<(), Error> {
        let file = self.file.as_path();
        let transaction = self.connection.transaction().map_err(failed(file, "begin"))?;
        {
            let mut insert = transaction.prepare_cached(INSERT).map_err(failed(file, "prepare"))?;
            for record in batch {
                if record.position < self.chains.position() {
                    continue; // A log may deliver a record again; it has its row.
                }
                let link = self.chains.push(record)?;
                let known = &mut self.known;
                self.scratch
                    .with_row(record, link, |row| {
                        insert_row(&mut insert, row, |session, firm| {
                            note_firm(&transaction, known, session, firm)
                        })
                    })
                    .map_err(failed(file, "insert a row into"))?;
            }
        }
        let position = self.chains.position().0 as i64;
        transaction
            .prepare_cached("INSERT OR REPLACE INTO state VALUES (1, ?1, ?2)")
            .and_then(|mut statement| statement.execute(params![position, self.chains.to_bytes()]))
            .map_err(failed(file, "move the position of"))?;
        transaction.commit().map_err(failed(file, "commit to"))
    }
}

fn insert_row(
    insert: &mut CachedStatement<'_>,
    row: &Row<'_>,
    note_firm: impl FnOnce(&str, &str) -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    let record = row.record;
    if let (Some(session), Some(firm)) = (row.ids.session, row.ids.firm) {
        note_firm(session, firm)?;
    }
    insert.execute(params![
        record.position.0 as i64,
        record.topic.name(),
        record.partition,
        record.offset as i64,
        record.at.as_ns(),
        record.kind.name(),
        record.actor.as_str(),
        row.ids.firm,
        row.ids.session,
        row.order_id.as_deref(),
        row.ids.cl_ord_id,
        row.ids.orig_cl_ord_id,
        row.ids.symbol,
        row.exec_id.as_deref(),
        &record.key[..],
        row.origin,
        &record.trace.0[..],
        row.wire,
        &row.payload[..],
        row.masked_digest.as_ref().map(|digest| &digest[..]),
        &row.link.leaf[..],
        &row.link.chain[..],
    ])?;
    Ok(())
}

/// Remembers which firm a session trades for. There are as many pairs as counterparties' sessions.
fn note_firm(
    connection: &Connection,
    known: &mut FxHashMap<String, Vec<String>>,
    session: &str,
    firm: &str,
) -> rusqlite::Result<()> {
    if known.get(session).is_some_and(|firms| firms.iter().any(|known| known == firm)) {
        return Ok(());
    }
    connection.execute("INSERT OR IGNORE INTO session_firm VALUES (?1, ?2)", [session, firm])?;
    known.entry(session.to_owned()).or_default().push(firm.to_owned());
    Ok(())
}

/// Write-ahead log without a sync per commit: a power cut may cost the last rows, which come again from the log, and
/// never their consistency.
fn prepare(connection: &mut Connection, file: &Path) -> Result<(), Error> {
    let pragmas = format!(
        "PRAGMA page_size = {PAGE_BYTES}; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; \
         PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}; PRAGMA cache_size = -{CACHE_KIB}; PRAGMA temp_store = MEMORY;"
    );
    connection.execute_batch(&pragmas).map_err(failed(file, "configure"))?;
    if version(connection, file)? == 0 && is_empty(connection, file)? {
        let marks =
            format!("PRAGMA user_version = {SCHEMA_VERSION}; PRAGMA application_id = {APPLICATION_ID};");
        let schema = format!("BEGIN IMMEDIATE; {} {marks} COMMIT;", include_str!("schema.sql"));
        connection.execute_batch(&schema).map_err(failed(file, "make the tables of"))?;
    }
    require_version(connection, file)
}

fn version(connection: &Connection, file: &Path) -> Result<i64, Error> {
    connection
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .map_err(failed(file, "read the version of"))
}

fn is_empty(connection: &Connection, file: &Path) -> Result<bool, Error> {
    let count = |row: &rusqlite::Row<'_>| row.get::<_, i64>(0);
    let tables = connection.query_row("SELECT count(*) FROM sqlite_schema", [], count);
    tables.map(|n| n == 0).map_err(failed(file, "read"))
}

fn require_version(connection: &Connection, file: &Path) -> Result<(), Error> {
    let found = version(connection, file)?;
    if found != SCHEMA_VERSION {
        let what = format!("schema version {found}, not {SCHEMA_VERSION}");
        return Err(Error::ForeignStore { file: file.to_owned(), what });
    }
    Ok(())
}

/// The rows hold what counterparties said: for the owner's eyes.
fn restrict(file: &Path) -> Result<(), Error> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(file, mode).map_err(Error::io("restrict", file))
}

/// Opens a store to look at it only.
pub(crate) fn open_read_only(file: &Path) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags).map_err(failed(file, "open"))?;
    require_version(&connection, file)?;
    Ok(connection)
}

/// Position after the last row of a store; none where there is no store.
///
/// # Errors
/// Another schema, or the disk refuses.
pub(crate) fn store_position(file: &Path) -> Result<Option<Position>, Error> {
    if !file.exists() {
        return Ok(None);
    }
    Ok(read_chains(&open_read_only(file)?, file)?.map(|chains| chains.position()))
}

/// The chains at the store's position; none in a new store.
pub(crate) fn read_chains(connection: &Connection, file: &Path) -> Result<Option<Chains>, Error> {
    use rusqlite::OptionalExtension;
    let stored = connection
        .query_row("SELECT position, chains FROM state", [], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?))
        })
        .optional()
        .map_err(failed(file, "read the position of"))?;
    let Some((position, bytes)) = stored else { return Ok(None) };
    match Chains::from_bytes(&bytes) {
        Some(chains) if chains.position().0 as i64 == position => Ok(Some(chains)),
        _ => {
            Err(Error::ForeignStore { file: file.to_owned(), what: "its chain state is damaged".to_owned() })
        }
    }
}

pub(crate) fn failed(file: &Path, doing: &'static str) -> impl FnOnce(rusqlite::Error) -> Error {
    move |source| Error::Store { doing, file: file.to_owned(), source }
}
