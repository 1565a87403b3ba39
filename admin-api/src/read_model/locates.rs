//! Located shares: what was granted, to whom, and how it ended.

use super::trading::run;
use super::{ReadModel, RowFilter, Slice};
use crate::word::word;
use assay_event_log::Record;
use assay_trading_types::{Event, LocateEnded, LocateGranted, Timestamp};
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params};

/// Writes what a record of `accounts` says of locates. One that was turned down never counted and has no row.
pub(super) fn apply(db: &Connection, record: &Record, event: &Event) -> rusqlite::Result<()> {
    match event {
        Event::LocateGranted(e) => granted(db, record, e),
        Event::LocateEnded(e) => ended(db, record, e),
        _ => Ok(()),
    }
}

fn granted(db: &Connection, record: &Record, e: &LocateGranted) -> rusqlite::Result<()> {
    let (place, at) = (record.position.0.cast_signed(), record.at.as_ns());
    let sql = "INSERT OR REPLACE INTO locate VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,'in_force',NULL,NULL,NULL)";
    let (locate, firm, account) = (e.locate.as_str(), e.firm.as_str(), e.account.as_str());
    let (symbol, qty, until) = (e.symbol.as_str(), e.qty.to_string(), e.valid_until.as_ns());
    let (maker, checker) = (e.maker.to_string(), e.checker.to_string());
    run(
        db,
        sql,
        params![place, locate, firm, account, symbol, qty, e.lender, at, until, maker, checker, e.reason],
    )
}

/// A name may be used again once its locate has ended.
fn ended(db: &Connection, record: &Record, e: &LocateEnded) -> rusqlite::Result<()> {
    let sql = "UPDATE locate SET status = ?2, ended = ?3, unused = ?4, ended_by = ?5 \
               WHERE locate = ?1 AND status = 'in_force'";
    let (status, at, unused) = (word(&e.cause), record.at.as_ns(), e.unused.to_string());
    let by = e.by.map(|by| by.to_string());
    run(db, sql, params![e.locate.as_str(), status, at, unused, by])
}

/// A locate that somebody granted.
pub(crate) struct LocateRow {
    pub(crate) place: i64,
    pub(crate) locate: String,
    pub(crate) firm: String,
    pub(crate) account: String,
    pub(crate) symbol: String,
    pub(crate) qty: String,
    pub(crate) lender: String,
    pub(crate) granted: Timestamp,
    pub(crate) valid_until: Timestamp,
    pub(crate) maker: String,
    pub(crate) checker: String,
    pub(crate) reason: String,
    pub(crate) status: String,
    pub(crate) ended: Option<Timestamp>,
    pub(crate) unused: Option<String>,
    pub(crate) ended_by: Option<String>,
}

impl ReadModel {
    /// Locates in the order they were granted.
    pub(crate) fn locates(&self, filter: RowFilter, slice: &Slice) -> rusqlite::Result<Vec<LocateRow>> {
        let after = slice.after.as_deref().map(|text| Value::Integer(text.parse().unwrap_or_default()));
        self.rows("locate", "place", filter, after, slice, locate_row)
    }
}

fn locate_row(row: &Row<'_>) -> rusqlite::Result<LocateRow> {
    let at = |column: &str| row.get(column).map(Timestamp::from_ns);
    Ok(LocateRow {
        place: row.get("place")?,
        locate: row.get("locate")?,
        firm: row.get("firm")?,
        account: row.get("account")?,
        symbol: row.get("symbol")?,
        qty: row.get("qty")?,
        lender: row.get("lender")?,
        granted: at("granted")?,
        valid_until: at("valid_until")?,
        maker: row.get("maker")?,
        checker: row.get("checker")?,
        reason: row.get("reason")?,
        status: row.get("status")?,
        ended: row.get::<_, Option<i64>>("ended")?.map(Timestamp::from_ns),
        unused: row.get("unused")?,
        ended_by: row.get("ended_by")?,
    })
}
