//! The read model: what lists need, in SQLite, made from durable records alone. It can be deleted at any time; the next
//! start makes it anew from the log.

mod answers;
mod books;
mod counts;
mod health;
mod history;
mod ledger;
mod loans;
mod locates;
mod money;
mod order_answers;
mod orders;
mod positions;
mod rows;
mod schema;
mod text;
mod trades;
mod trading;

pub(crate) use answers::{Answered, answer_below};
pub(crate) use books::amount;
pub(crate) use ledger::{AccountRow, EntryRow, HoldRow, each_balance, first_entry, position_of_entry};
pub(crate) use loans::{LoanRow, Quotes, Repayment, RepaymentRow, each_loan};
pub(crate) use locates::LocateRow;
pub(crate) use money::{BeneficiaryRow, MovementRow, RateRow};
pub(crate) use order_answers::{OrderAnswerRow, order_answer_below};
pub(crate) use positions::{IS_MOVE, PositionRow, PositionSide, each_position, owner};
pub(crate) use trades::TradePlaces;
pub(crate) use trading::{ExecutionRow, FirmRow, InstrumentRow, OrderRow, RowFilter, Slice, order_id};

use crate::error::Error;
use crate::live::Changes;
use assay_event_log::{EventLog, Reader, Record};
use assay_trading_types::{Event, Position, Topic};
use books::Books;
use counts::Counted;
use positions::Positions;
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

/// Bytes of a transaction's records: three batches are in memory, and decoded they take some times as much.
const BATCH_BYTES_MAX: usize = 16 << 20;

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
    counted: Counted,
    file: PathBuf,
}

impl ReadModel {
    /// Every durable record below it is in the model.
    pub(crate) fn position(&self) -> Position {
        Position(self.position.load(Ordering::Acquire))
    }

    /// The model as it is now, on a connection of its own: whatever is written later is not in it.
    pub(crate) fn snapshot(&self) -> rusqlite::Result<Connection> {
        let connection = reading(&self.file)?;
        connection.execute_batch("BEGIN")?;
        // A deferred transaction begins with its first read.
        connection.query_row("SELECT position FROM state", [], |_| Ok(()))?;
        Ok(connection)
    }

    /// Where it stands.
    pub(crate) fn dir(&self) -> &Path {
        self.file.parent().unwrap_or(&self.file)
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
    /// While it is made anew: where it has all that the log had when it began, and gets its indices.
    index_at: Option<Position>,
    /// Read and decoded while the batch before it was written.
    ahead: Option<Batch>,
    /// Written, and given up while the next one is: to free some ten thousand records takes its time.
    behind: Batch,
    books: Books,
    positions: Positions,
    counted: Counted,
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
    let reading = reading(&file).map_err(failed)?;
    let position = Arc::new(AtomicU64::new(next.0));
    let reader = log.reader(&TOPICS, next, true)?;
    let counted = Counted::load(&connection).map_err(failed)?;
    let model = ReadModel {
        connection: Mutex::new(reading),
        position: Arc::clone(&position),
        counted: counted.clone(),
        file: file.clone(),
    };
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    let books = Books::load(&connection).map_err(failed)?;
    let positions = Positions::load(&connection).map_err(failed)?;
    let changes = broadcast::Sender::new(CHANGES_KEPT);
    let (ahead, behind) = (None, Batch::default());
    let is_indexed = schema::is_indexed(&connection).map_err(failed)?;
    let index_at = (!is_indexed).then(|| log.durable());
    let builder = ReadModelBuilder {
        connection,
        file,
        reader,
        next,
        position,
        index_at,
        ahead,
        behind,
        books,
        positions,
        counted,
        changes,
    };
    Ok((model, builder))
}

/// A connection that writes nothing.
fn reading(file: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(file, flags)
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

    /// Takes a bounded batch of durable records in one transaction, waiting up to `wait` for a first one. While a full
    /// batch is written, the next one is read and decoded on another core.
    ///
    /// # Errors
    /// The log cannot be read, a record is not what its kind says, or the database refuses.
    pub fn turn(&mut self, wait: Duration) -> Result<usize, Error> {
        let batch = match self.ahead.take() {
            Some(batch) => batch,
            None => Batch::read(&mut *self.reader, self.next, wait)?,
        };
        let written = std::mem::take(&mut self.behind);
        if !batch.is_full {
            return self.write(&batch);
        }
        let Self {
            connection,
            file,
            reader,
            books,
            positions,
            counted,
            changes,
            next,
            position,
            index_at,
            ..
        } = self;
        let reached = batch.reached;
        let (taken, ahead) = std::thread::scope(|scope| {
            let ahead = scope.spawn(move || {
                drop(written);
                Batch::read(&mut **reader, reached, Duration::ZERO)
            });
            let mut writer =
                Writer { connection, file, books, positions, counted, changes, next, position, index_at };
            (writer.write(&batch), ahead.join())
        });
        self.ahead = Some(ahead.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
        self.behind = batch;
        taken
    }

    fn write(&mut self, batch: &Batch) -> Result<usize, Error> {
        let Self { connection, file, books, positions, counted, changes, next, position, index_at, .. } =
            self;
        Writer { connection, file, books, positions, counted, changes, next, position, index_at }.write(batch)
    }
}

/// A record, and what it says.
type Decoded = (Arc<Record>, Arc<Event>);

/// Records of the log, decoded.
#[derive(Default)]
struct Batch {
    records: Vec<Decoded>,
    /// Where the reader stands behind them.
    reached: Position,
    /// It ended because it was full: more is there.
    is_full: bool,
}

impl Batch {
    /// What there is from `next` on; a log may deliver records below it again.
    fn read(reader: &mut dyn Reader, next: Position, wait: Duration) -> Result<Self, Error> {
        let mut records = Vec::with_capacity(BATCH_RECORDS_MAX);
        let (mut bytes, mut is_full) = (0, false);
        let mut taken = match wait.is_zero() {
            true => reader.poll(&mut records, BATCH_RECORDS_MAX)?,
            false => reader.poll_wait(&mut records, BATCH_RECORDS_MAX, wait)?,
        };
        // A log gives some megabytes at a time, however many records that are.
        while taken > 0 && !is_full {
            bytes += records[records.len() - taken..].iter().map(|record| record.value.len()).sum::<usize>();
            is_full = records.len() >= BATCH_RECORDS_MAX || bytes >= BATCH_BYTES_MAX;
            let room = BATCH_RECORDS_MAX.saturating_sub(records.len());
            taken = if is_full { 0 } else { reader.poll(&mut records, room)? };
        }
        let decoded = records.into_iter().filter(|record| record.position >= next).map(|record| {
            let event =
                record.decode().map_err(|source| Error::Decode { position: record.position, source })?;
            Ok((record, event))
        });
        Ok(Self { records: decoded.collect::<Result<_, Error>>()?, reached: reader.position(), is_full })
    }
}

/// What of the builder writes, while its reader reads on.
struct Writer<'a> {
    connection: &'a mut Connection,
    file: &'a Path,
    books: &'a mut Books,
    positions: &'a mut Positions,
    counted: &'a Counted,
    changes: &'a broadcast::Sender<Arc<Changes>>,
    next: &'a mut Position,
    position: &'a AtomicU64,
    index_at: &'a mut Option<Position>,
}

impl Writer<'_> {
    /// Writes a batch in one transaction. How many records it had.
    fn write(&mut self, batch: &Batch) -> Result<usize, Error> {
        let (records, reached) = (&batch.records, batch.reached);
        let is_to_be_indexed = self.index_at.is_some_and(|end| end <= reached);
        if records.is_empty() && !is_to_be_indexed && reached.0 < self.next.0 + BATCH_RECORDS_MAX as u64 {
            // Records of other topics alone: told, but not worth a transaction each.
            self.position.fetch_max(reached.0, Ordering::AcqRel);
            return Ok(0);
        }
        let failed = |source| Error::ReadModel { file: self.file.to_owned(), source };
        let heard = self.changes.receiver_count() > 0;
        let mut changes = Changes::default();
        let transaction = self.connection.transaction().map_err(failed)?;
        for (record, event) in records {
            apply(&transaction, self.books, record, event).map_err(failed)?;
            self.positions.apply(record, event);
            if heard {
                changes.note(record, event);
            }
        }
        // A write that fails ends the process, and with it what was counted too early.
        self.counted.note(records.iter().map(|(record, event)| (&**record, &**event)));
        self.counted.flush(&transaction).map_err(failed)?;
        self.books.flush(&transaction).map_err(failed)?;
        // Table by table: a statement is fetched once, and the end of its table stays at hand.
        orders::write(&transaction, records).map_err(failed)?;
        trading::write_executions(&transaction, records).map_err(failed)?;
        history::write_orders(&transaction, records).map_err(failed)?;
        if is_to_be_indexed {
            schema::index(&transaction).map_err(failed)?;
            *self.index_at = None;
        }
        self.positions.flush(&transaction, self.index_at.is_none()).map_err(failed)?;
        transaction
            .prepare_cached("UPDATE state SET position = ?1")
            .and_then(|mut statement| statement.execute(params![reached.0.cast_signed()]))
            .map_err(failed)?;
        transaction.commit().map_err(failed)?;
        *self.next = reached;
        self.position.store(reached.0, Ordering::Release);
        if !changes.is_empty() {
            // Whoever listened may have gone meanwhile.
            let _ = self.changes.send(Arc::new(changes));
        }
        Ok(records.len())
    }
}

/// Writes what a record says, but for rows of orders and fills and what the books keep until they are flushed.
fn apply(db: &Connection, books: &mut Books, record: &Record, event: &Event) -> rusqlite::Result<()> {
    match event {
        Event::Posted(e) => return books.post(db, record, e),
        Event::ExecutionReported(e) => {
            books.execute(e);
            return order_answers::reported(db, record, e);
        }
        Event::VenueTraded(e) => books.trade_at_venue(e),
        Event::InstrumentListed(e) => books.list(e.symbol, e.currency),
        Event::MovementChanged(e) => {
            let undone = e.movement.reverses.map(|id| money::stored(db, id)).transpose()?.flatten();
            books.complete(&e.movement, undone.as_ref());
        }
        _ => {}
    }
    answers::apply(db, record, event)?;
    money::apply(db, record, event)?;
    loans::apply(db, record, event)?;
    locates::apply(db, record, event)?;
    order_answers::apply(db, record, event)?;
    history::apply(db, record, event)?;
    trading::apply(db, record, event)
}

#[cfg(test)]
mod tests {
    use super::*;
    use assay_event_log::{MemoryLog, NewRecord, ReadError};
    use assay_trading_types::{
        Actor, Amount, Asset, ExecType, ExecutionReported, Kind, LedgerCode, OrderId, Posted, Timestamp,
        Transfer, TransferId, TransferKind, TransferReason, decode,
    };
    use rusqlite::types::Value;

    /// Some more than fit into a batch. The batch ends between an order's hold and what its trade takes of it.
    const ORDERS: u64 = 2_100;
    const RECORDS: usize = 1 + 4 * ORDERS as usize;

    fn golden(kind: Kind, json: &[u8]) -> Event {
        decode(kind, json).unwrap()
    }

    fn record(topic: Topic, at: u64, event: impl Into<Event>) -> NewRecord {
        let at = Timestamp::from_ns(at.cast_signed());
        NewRecord::first(topic, Actor::new("test").unwrap(), at, event)
    }

    fn posted(report: &ExecutionReported, id: u64, kind: TransferKind) -> Posted {
        let transfer = Transfer {
            id: TransferId(id.into()),
            debit: LedgerCode::from("client:FIRM1").unwrap(),
            credit: LedgerCode::from("clearing").unwrap(),
            asset: Asset::new("USD").unwrap(),
            amount: Amount::parse("303").unwrap(),
            kind,
            reason: TransferReason::OrderHold,
        };
        Posted { order_id: Some(report.order_id), ..Posted::of(report.terms.firm, vec![transfer]) }
    }

    /// A listing, then orders that are taken, held for, and filled.
    fn log() -> MemoryLog {
        let report = include_bytes!("../../trading-types/tests/golden/execution.reported.v1.json");
        let Event::ExecutionReported(report) = golden(Kind::ExecutionReported, report) else {
            unreachable!()
        };
        let listed = include_bytes!("../../trading-types/tests/golden/instrument.listed.v1.json");
        let mut records = vec![record(Topic::Accounts, 0, golden(Kind::InstrumentListed, listed))];
        for n in 0..ORDERS {
            let filled = ExecutionReported { order_id: OrderId::new(0, n), ..report.clone() };
            let pending = TransferId(u128::from(2 * n));
            let taken = ExecutionReported { exec: ExecType::New, ..filled.clone() };
            let paid = posted(&filled, 2 * n + 1, TransferKind::Post { pending, release_rest: true });
            records.push(record(Topic::Accounts, n, taken));
            records.push(record(Topic::Ledger, n, posted(&filled, 2 * n, TransferKind::Pending)));
            records.push(record(Topic::Accounts, n, filled));
            records.push(record(Topic::Ledger, n, paid));
        }
        let log = MemoryLog::default();
        log.append(&mut records).unwrap();
        log
    }

    fn finish(builder: &mut ReadModelBuilder) -> usize {
        std::iter::from_fn(|| Some(builder.turn(Duration::ZERO).unwrap()))
            .take_while(|taken| *taken > 0)
            .sum()
    }

    fn count(db: &Connection, table: &str) -> i64 {
        db.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
    }

    /// Every row of every table.
    fn rows(db: &Connection) -> Vec<(String, Vec<Vec<Value>>)> {
        let mut statement =
            db.prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").unwrap();
        let tables: Vec<String> =
            statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
        let of_table = |table: String| {
            let mut statement = db.prepare(&format!("SELECT * FROM {table}")).unwrap();
            let columns = statement.column_count();
            let read = |row: &rusqlite::Row<'_>| (0..columns).map(|at| row.get(at)).collect();
            let rows = statement.query_map([], read).unwrap().collect::<Result<_, _>>().unwrap();
            (table, rows)
        };
        tables.into_iter().map(of_table).collect()
    }

    #[test]
    fn a_rebuild_that_was_cut_off_goes_on_and_comes_to_the_same() {
        let (log, dir) = (log(), tempfile::tempdir().unwrap());
        let (_, mut whole) = open(&log, &dir.path().join("whole")).unwrap();
        assert_eq!(finish(&mut whole), RECORDS);

        let cut = dir.path().join("cut");
        let (model, mut builder) = open(&log, &cut).unwrap();
        assert_eq!(builder.turn(Duration::ZERO).unwrap(), BATCH_RECORDS_MAX);
        assert_eq!(model.position(), Position(BATCH_RECORDS_MAX as u64));
        assert!(!schema::is_indexed(&model.connection()).unwrap(), "indices come at the end");
        assert_eq!(count(&model.connection(), "ledger_hold"), 1);
        drop((model, builder));

        let (model, mut builder) = open(&log, &cut).unwrap();
        assert_eq!(finish(&mut builder), RECORDS - BATCH_RECORDS_MAX);
        assert!(schema::is_indexed(&model.connection()).unwrap());
        assert_eq!(count(&model.connection(), "ledger_hold"), 0);
        assert_eq!(count(&model.connection(), "trade_order"), ORDERS.cast_signed());
        assert!(rows(&builder.connection) == rows(&whole.connection), "the rows are the same");
    }

    #[test]
    fn a_model_that_was_finished_keeps_its_indices_while_it_lags() {
        let (log, dir) = (log(), tempfile::tempdir().unwrap());
        let (_, mut builder) = open(&log, dir.path()).unwrap();
        finish(&mut builder);
        drop(builder);
        let (model, mut builder) = open(&log, dir.path()).unwrap();
        assert_eq!(builder.index_at, None);
        let Event::InstrumentListed(listed) = (*log.records()[0].decode().unwrap()).clone() else {
            unreachable!()
        };
        log.append(&mut vec![record(Topic::Accounts, 1, listed)]).unwrap();
        assert_eq!(finish(&mut builder), 1);
        assert!(schema::is_indexed(&model.connection()).unwrap());
    }

    /// Gives a few records at a time, as a log of large ones does.
    struct Few(Box<dyn Reader>);

    impl Reader for Few {
        fn poll(&mut self, into: &mut Vec<Arc<Record>>, max: usize) -> Result<usize, ReadError> {
            self.0.poll(into, max.min(1_000))
        }

        fn poll_wait(
            &mut self,
            into: &mut Vec<Arc<Record>>,
            max: usize,
            timeout: Duration,
        ) -> Result<usize, ReadError> {
            self.0.poll_wait(into, max.min(1_000), timeout)
        }

        fn position(&self) -> Position {
            self.0.position()
        }
    }

    #[test]
    fn a_batch_is_full_however_few_records_the_log_gives_at_a_time() {
        let log = log();
        let mut reader = Few(log.reader(&TOPICS, Position(0), true).unwrap());
        let batch = Batch::read(&mut reader, Position(0), Duration::ZERO).unwrap();
        assert_eq!((batch.records.len(), batch.is_full), (BATCH_RECORDS_MAX, true));
        let rest = Batch::read(&mut reader, batch.reached, Duration::ZERO).unwrap();
        assert_eq!((rest.records.len(), rest.is_full), (RECORDS - BATCH_RECORDS_MAX, false));
    }
}
