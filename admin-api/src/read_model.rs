//! The read model: what lists need, in SQLite, made from durable records alone. It can be deleted at any time; the next
//! start makes it anew from the log.

mod books;
mod ledger;
mod loans;
mod money;
mod schema;
mod trading;

pub(crate) use ledger::{AccountRow, EntryRow, HoldRow};
pub(crate) use loans::{LoanAnswerRow, LoanRow, RepaymentRow};
pub(crate) use money::{AnswerRow, BeneficiaryRow, MovementRow, RateRow};
pub(crate) use trading::{ExecutionRow, FirmRow, InstrumentRow, OrderRow, RowFilter, Slice};

use crate::error::Error;
use crate::live::Changes;
use assay_event_log::{EventLog, Reader, Record};
use assay_trading_types::{Event, Position, Topic};
use books::Books;
use rusqlite::{Connection, OpenFlags, params};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::broadcast;

/// What the model is made of.
const TOPICS: [Topic; 2] = [Topic::Accounts, Topic::Ledger];

/// Statements that the builder keeps compiled: more than it has.
const STATEMENTS_MAX: usize = 64;

/// Rows of a transaction: its fixed cost no longer counts, and it takes some tens of milliseconds.
const BATCH_RECORDS_MAX: usize = 8_192;

/// How long an idle turn waits, so that a stop is never late by more.
const IDLE_WAIT: Duration = Duration::from_millis(50);

/// After a batch of fewer than [`GATHERED`] records, time in which further ones gather: a transaction each would cost
/// orders more than the rows are worth.
const GATHER: Duration = Duration::from_millis(5);
const GATHERED: usize = 1_024;

/// Transactions that a live channel may be behind before it is told to read the lists instead.
const CHANGES_KEPT: usize = 64;

/// The read model as handlers use it.
pub(crate) struct ReadModel {
    connection: Mutex<Connection>,
    position: Arc<AtomicU64>,
}

impl ReadModel {
    /// Every durable record below it is in the model.
    pub(crate) fn position(&self) -> Position {
        Position(self.position.load(Ordering::Acquire))
    }

    pub(crate) fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps the read model up with the log.
pub struct ReadModelBuilder {
    connection: Connection,
    file: PathBuf,
    reader: Box<dyn Reader>,
    next: Position,
    position: Arc<AtomicU64>,
    batch: Vec<Arc<Record>>,
    books: Books,
    changes: broadcast::Sender<Arc<Changes>>,
}

/// Opens the model in `dir`, or makes it anew when there is none, it is of another version, or it is ahead of the log.
pub(crate) fn open(log: &dyn EventLog, dir: &Path) -> Result<(ReadModel, ReadModelBuilder), Error> {
    let file = dir.join("read-model.sqlite");
    let failed = |source| Error::ReadModel { file: file.clone(), source };
    std::fs::create_dir_all(dir).map_err(|source| Error::Directory { dir: dir.to_owned(), source })?;
    let mut connection = Connection::open(&file).map_err(failed)?;
    let mut next = schema::prepare(&connection).map_err(failed)?;
    if next > log.durable() || log.reader(&TOPICS, next, true).is_err() {
        schema::clear(&mut connection).map_err(failed)?;
        next = Position(0);
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let reading = Connection::open_with_flags(&file, flags).map_err(failed)?;
    let position = Arc::new(AtomicU64::new(next.0));
    let reader = log.reader(&TOPICS, next, true)?;
    let model = ReadModel { connection: Mutex::new(reading), position: Arc::clone(&position) };
    let batch = Vec::with_capacity(BATCH_RECORDS_MAX);
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    let books = Books::load(&connection).map_err(failed)?;
    let changes = broadcast::Sender::new(CHANGES_KEPT);
    Ok((model, ReadModelBuilder { connection, file, reader, next, position, batch, books, changes }))
}

impl ReadModelBuilder {
    /// Where it tells what each transaction touched.
    pub(crate) fn changes(&self) -> broadcast::Sender<Arc<Changes>> {
        self.changes.clone()
    }

    /// Builds until told to stop. `pause` comes after every batch: a driver rests there while orders pour in.
    ///
    /// # Errors
    /// As [`ReadModelBuilder::turn`].
    pub fn run(mut self, stop: &AtomicBool, mut pause: impl FnMut()) -> Result<(), Error> {
        while !stop.load(Ordering::Acquire) {
            let taken = self.turn(IDLE_WAIT)?;
            if taken > 0 {
                pause();
            }
            if (1..GATHERED).contains(&taken) {
                std::thread::sleep(GATHER);
            }
        }
        Ok(())
    }

    /// Takes a bounded batch of durable records in one transaction, waiting up to `wait` for a first one.
    ///
    /// # Errors
    /// The log cannot be read, a record is not what its kind says, or the database refuses.
    pub fn turn(&mut self, wait: Duration) -> Result<usize, Error> {
        self.batch.clear();
        match wait.is_zero() {
            true => self.reader.poll(&mut self.batch, BATCH_RECORDS_MAX)?,
            false => self.reader.poll_wait(&mut self.batch, BATCH_RECORDS_MAX, wait)?,
        };
        let reached = self.reader.position();
        if reached > self.next || !self.batch.is_empty() {
            let batch = std::mem::take(&mut self.batch);
            self.write(&batch, reached)?;
            self.batch = batch;
        }
        Ok(self.batch.len())
    }

    fn write(&mut self, batch: &[Arc<Record>], reached: Position) -> Result<(), Error> {
        let file = self.file.clone();
        let failed = |source| Error::ReadModel { file: file.clone(), source };
        if batch.is_empty() && reached.0 < self.next.0 + BATCH_RECORDS_MAX as u64 {
            // Records of other topics alone: told, but not worth a transaction each.
            self.position.store(reached.0, Ordering::Release);
            return Ok(());
        }
        let heard = self.changes.receiver_count() > 0;
        let mut changes = Changes::default();
        let transaction = self.connection.transaction().map_err(failed)?;
        for record in batch.iter().filter(|record| record.position >= self.next) {
            let event =
                record.decode().map_err(|source| Error::Decode { position: record.position, source })?;
            apply(&transaction, &mut self.books, record, &event).map_err(failed)?;
            if heard {
                changes.note(record, &event);
            }
        }
        self.books.flush(&transaction).map_err(failed)?;
        transaction
            .prepare_cached("UPDATE state SET position = ?1")
            .and_then(|mut statement| statement.execute(params![reached.0.cast_signed()]))
            .map_err(failed)?;
        transaction.commit().map_err(failed)?;
        self.next = reached;
        self.position.store(reached.0, Ordering::Release);
        if !changes.is_empty() {
            // Whoever listened may have gone meanwhile.
            let _ = self.changes.send(Arc::new(changes));
        }
        Ok(())
    }
}

/// Writes what a record says.
fn apply(db: &Connection, books: &mut Books, record: &Record, event: &Event) -> rusqlite::Result<()> {
    match event {
        Event::Posted(e) => return books.post(db, record, e),
        Event::ExecutionReported(e) => books.execute(e),
        Event::VenueTraded(e) => books.trade_at_venue(e),
        Event::InstrumentListed(e) => books.list(e.symbol, e.currency),
        _ => {}
    }
    money::apply(db, record, event)?;
    loans::apply(db, record, event)?;
    trading::apply(db, record, event)
}
