//! Verification of a log, of a store alone, and of one against the other. Trusts no stored hash.

mod check;
mod seals;

use crate::canonical::Covered;
use crate::clickhouse::{self, ClickHouseConfig};
use crate::error::Error;
use crate::keys::VerifyKeys;
use crate::report::{Fault, Place, Report, What};
use crate::row::payload_view;
use crate::row_view::{COLUMNS, StoredRow};
use crate::store::{failed, open_read_only, read_chains};
use crate::{Chains, Partition};
use assay_event_log::{ReadError, Record};
use assay_trading_types::{Position, Timestamp};
use check::{Checked, RowCheck, Verifier};
use rusqlite::Connection;
use std::path::Path;

/// A span of time that is asked about. A chain holds from its first record, so all of it is verified whatever is asked; the
/// report says what of it lies in the span.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Span {
    /// From this instant on.
    pub from: Option<Timestamp>,
    /// Before this instant.
    pub to: Option<Timestamp>,
}

impl Span {
    fn holds(&self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| at >= from) && self.to.is_none_or(|to| at < to)
    }
}

/// Verifies a log from its first record: places, chains, and every seal as far as `keys` allow. Stops at the first
/// bad record.
pub fn verify_log(records: impl Iterator<Item = Result<Record, ReadError>>, keys: &VerifyKeys) -> Report {
    let mut verifier = Verifier::new(keys);
    match check_log(records, &mut verifier).and_then(|()| verifier.finish_log()) {
        Ok(()) => verifier.report(None),
        Err(fault) => verifier.report(Some(fault)),
    }
}

fn check_log(
    records: impl Iterator<Item = Result<Record, ReadError>>,
    verifier: &mut Verifier<'_>,
) -> Result<(), Fault> {
    let mut scratch = Vec::new();
    for record in records {
        let record = record.map_err(|error| unreadable(verifier.next_position(), &error))?;
        verifier.take(&checked(&record, &mut scratch))?;
    }
    Ok(())
}

/// Verifies a store alone: that each row is what its leaf and chain say, and the seals among the rows. The payload
/// of a row with masked secrets is the one thing that only [`verify_both`] can check.
///
/// # Errors
/// It cannot be opened or read, or is no audit store.
pub fn verify_store(store: &Path, keys: &VerifyKeys) -> Result<Report, Error> {
    verify_store_about(store, keys, None)
}

/// As [`verify_store`], about a span.
///
/// # Errors
/// As [`verify_store`].
pub fn verify_store_about(store: &Path, keys: &VerifyKeys, span: Option<Span>) -> Result<Report, Error> {
    let connection = open_read_only(store)?;
    let mut snapshot = Snapshot::begin(&connection, store)?;
    let mut verifier = Verifier::about(keys, span);
    let state = snapshot.state.take();
    let outcome = check_store(&mut snapshot.rows()?, &mut verifier)?;
    let outcome = outcome.and_then(|()| verifier.finish_store(state));
    if outcome.is_ok() {
        verifier.remark_on_missing_seals();
    }
    Ok(verifier.report(outcome.err()))
}

/// As [`verify_store`], of a ClickHouse database. What its end lost shows only against the log or the seals.
///
/// # Errors
/// It does not answer, or holds no audit rows.
pub fn verify_clickhouse(config: &ClickHouseConfig, keys: &VerifyKeys) -> Result<Report, Error> {
    verify_clickhouse_about(config, keys, None)
}

/// As [`verify_clickhouse`], about a span.
///
/// # Errors
/// As [`verify_clickhouse`].
pub fn verify_clickhouse_about(
    config: &ClickHouseConfig,
    keys: &VerifyKeys,
    span: Option<Span>,
) -> Result<Report, Error> {
    let server = clickhouse::open(config)?;
    let mut verifier = Verifier::about(keys, span);
    let outcome = check_store(&mut clickhouse::Rows::all(&server)?, &mut verifier)?;
    if outcome.is_ok() {
        verifier.remark_on_missing_seals();
    }
    Ok(verifier.report(outcome.err()))
}

/// Rows in order of position, from any store.
trait RowSource {
    fn next(&mut self) -> Result<Option<StoredRow>, Error>;
}

impl RowSource for Rows<'_> {
    fn next(&mut self) -> Result<Option<StoredRow>, Error> {
        let row = self.rows.next().map_err(failed(self.file, "read"))?;
        row.map(StoredRow::read).transpose().map_err(failed(self.file, "read a row of"))
    }
}

impl RowSource for clickhouse::Rows<'_> {
    fn next(&mut self) -> Result<Option<StoredRow>, Error> {
        Ok(clickhouse::Rows::next(self)?)
    }
}

fn check_store(rows: &mut impl RowSource, verifier: &mut Verifier<'_>) -> Result<Result<(), Fault>, Error> {
    let mut check = RowCheck::default();
    while let Some(row) = rows.next()? {
        if let Err(fault) = verifier.take_row(&row, &mut check) {
            return match fault.what {
                What::Missing => Ok(Err(name_missing(rows, row, fault, verifier)?)),
                _ => Ok(Err(fault)),
            };
        }
    }
    Ok(Ok(()))
}

/// Which record is missing at a hole in the positions shows where the offsets of a partition jump.
fn name_missing(
    rows: &mut impl RowSource,
    after: StoredRow,
    mut fault: Fault,
    verifier: &Verifier<'_>,
) -> Result<Fault, Error> {
    let mut ahead = verifier.sizes();
    let mut next = Some(after);
    while let Some(row) = next {
        if let Some(partition) = row.partition() {
            let size = ahead.entry(partition).or_insert(0);
            if row.offset > *size as i64 {
                fault.place.partition = Some(partition);
                fault.place.offset = Some(*size);
                return Ok(fault);
            }
            *size += 1;
        }
        next = rows.next()?;
    }
    Ok(fault)
}

/// Verifies a log and a store against each other. Rows may be missing at the store's end (it lags); everything else
/// must agree.
///
/// # Errors
/// The store cannot be opened or read, or is no audit store.
pub fn verify_both(
    records: impl Iterator<Item = Result<Record, ReadError>>,
    store: &Path,
    keys: &VerifyKeys,
) -> Result<Report, Error> {
    let connection = open_read_only(store)?;
    let mut snapshot = Snapshot::begin(&connection, store)?;
    let mut verifier = Verifier::new(keys);
    let stored = snapshot.state.take().map_or(0, |chains| chains.position().0);
    let outcome = check_both(records, &mut snapshot.rows()?, stored, &mut verifier)?;
    let outcome = outcome.and_then(|()| verifier.finish_log());
    Ok(verifier.report(outcome.err()))
}

/// As [`verify_both`], against a ClickHouse database.
///
/// # Errors
/// It does not answer, or holds no audit rows.
pub fn verify_log_and_clickhouse(
    records: impl Iterator<Item = Result<Record, ReadError>>,
    config: &ClickHouseConfig,
    keys: &VerifyKeys,
) -> Result<Report, Error> {
    let server = clickhouse::open(config)?;
    let mut rows = clickhouse::Rows::all(&server)?;
    let stored = rows.end();
    let mut verifier = Verifier::new(keys);
    let outcome = check_both(records, &mut rows, stored, &mut verifier)?;
    let outcome = outcome.and_then(|()| verifier.finish_log());
    Ok(verifier.report(outcome.err()))
}

fn check_both(
    records: impl Iterator<Item = Result<Record, ReadError>>,
    rows: &mut impl RowSource,
    stored: u64,
    verifier: &mut Verifier<'_>,
) -> Result<Result<(), Fault>, Error> {
    let mut check = RowCheck::default();
    let mut scratch = Vec::new();
    for record in records {
        let record = match record {
            Ok(record) => record,
            Err(error) => return Ok(Err(unreadable(verifier.next_position(), &error))),
        };
        let row = rows.next()?;
        if let Err(fault) = compare(&record, row.as_ref(), stored, verifier, &mut check, &mut scratch) {
            return Ok(Err(fault));
        }
    }
    Ok(match rows.next()? {
        Some(row) => Err(Fault { place: row.named(), what: What::NotInLog }),
        None if stored > verifier.next_position().0 => {
            Err(Fault { place: at_position(verifier.next_position()), what: What::NotInLog })
        }
        None => Ok(()),
    })
}

fn compare(
    record: &Record,
    row: Option<&StoredRow>,
    stored: u64,
    verifier: &mut Verifier<'_>,
    check: &mut RowCheck,
    scratch: &mut Vec<u8>,
) -> Result<(), Fault> {
    let from_log = checked(record, scratch);
    let fault = |what| Err(Fault { place: from_log.place(), what });
    match row {
        None if record.position.0 < stored => return fault(What::NotInStore),
        None => verifier.note_lag(),
        Some(row) if row.position > record.position.0 as i64 => return fault(What::NotInStore),
        Some(row) => {
            let from_row = check.check(row)?;
            if from_row.leaf != from_log.leaf || row.payload != *payload_view(record.kind, &record.value) {
                return fault(What::Differs);
            }
        }
    }
    verifier.take(&from_log)
}

fn checked<'a>(record: &'a Record, scratch: &mut Vec<u8>) -> Checked<'a> {
    Checked {
        partition: Partition { topic: record.topic, number: record.partition },
        offset: record.offset,
        position: record.position,
        at: record.at,
        kind: record.kind,
        value: &record.value,
        masked: false,
        leaf: Covered::of(record).leaf(scratch),
    }
}

fn at_position(position: Position) -> Place {
    Place { partition: None, offset: None, position: Some(position) }
}

fn unreadable(position: Position, error: &dyn std::error::Error) -> Fault {
    Fault { place: at_position(position), what: What::Unreadable(error.to_string()) }
}

/// A store at one moment: a live one may grow meanwhile.
struct Snapshot<'c> {
    connection: &'c Connection,
    file: &'c Path,
    state: Option<Chains>,
    statement: Option<rusqlite::Statement<'c>>,
}

impl<'c> Snapshot<'c> {
    fn begin(connection: &'c Connection, file: &'c Path) -> Result<Self, Error> {
        connection.execute_batch("BEGIN").map_err(failed(file, "read"))?;
        let state = read_chains(connection, file)?;
        Ok(Self { connection, file, state, statement: None })
    }

    fn rows(&mut self) -> Result<Rows<'_>, Error> {
        let select = format!("SELECT {COLUMNS} FROM record ORDER BY position");
        let statement = self.connection.prepare(&select).map_err(failed(self.file, "read"))?;
        let rows = self.statement.insert(statement).query([]).map_err(failed(self.file, "read"))?;
        Ok(Rows { rows, file: self.file })
    }
}

struct Rows<'s> {
    rows: rusqlite::Rows<'s>,
    file: &'s Path,
}

impl StoredRow {
    fn named(&self) -> Place {
        Place {
            partition: self.partition(),
            offset: u64::try_from(self.offset).ok(),
            position: u64::try_from(self.position).ok().map(Position),
        }
    }
}
