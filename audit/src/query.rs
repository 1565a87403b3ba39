//! Questions to the store: the trail of an order, a session, a firm or a span of time, a page at a time.

mod output;
mod trail;

use crate::error::Error;
use crate::object::Object;
use crate::row_view::{COLUMNS, StoredRow};
use crate::store::{failed, open_read_only};
use assay_trading_types::{Position, Timestamp, TraceId};
pub(crate) use output::Writer;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use std::io::Write;
use std::path::Path;
use trail::Condition;

/// Most rows of a page: some 100 MB of output. The answer says where the next page begins.
pub const LIMIT_MAX: usize = 100_000;

/// Whose records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selector {
    /// An order by OrderID(37) or any ClOrdID(11) of its chain: messages in, requests, decisions, postings, reports,
    /// messages out.
    Order(String),
    /// A FIX session, `CLIENT1/ASSAY`.
    Session(String),
    /// A firm, with the messages of its sessions.
    Firm(String),
    /// Everybody's; asks for a span of time.
    All,
}

/// Which of somebody's records. They are looked for row by row: without a span of time it may take as long as the store is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Narrowing {
    /// Caused by this actor, `user:usr_...`.
    pub actor: Option<String>,
    /// Of this kind, `order.accepted.v1`.
    pub kind: Option<String>,
    /// About what has this name ([`Object`]).
    pub object: Option<String>,
    /// Of one request and all that followed from it.
    pub trace: Option<TraceId>,
    /// Those that say that something was refused, or those that do not.
    pub refused: Option<bool>,
}

/// Says of a row whether something was refused: by its kind, or as what became of a command.
const REFUSED: &str = "(kind LIKE '%refused%' OR (kind = 'command.decided.v1' AND \
     json_extract(CAST(payload AS TEXT), '$.decision.refused') IS NOT NULL))";

/// A question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// Whose records.
    pub select: Selector,
    /// Which of them.
    pub narrow: Narrowing,
    /// From this time on.
    pub from: Option<Timestamp>,
    /// Before this time.
    pub to: Option<Timestamp>,
    /// After this position: where the page before ended.
    pub after: Option<Position>,
    /// Rows of a page, 1 to [`LIMIT_MAX`].
    pub limit: usize,
}

/// Form of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Aligned columns for eyes; control characters are made visible.
    Table,
    /// RFC 4180 with a header; text that a spreadsheet would take for a formula is preceded by `'`.
    Csv,
    /// One JSON object a line.
    JsonLines,
}

/// What a page held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Rows written.
    pub rows: usize,
    /// Ask for what follows this position; nothing when the page was the last.
    pub next_after: Option<Position>,
}

/// Answers `query` from the store file, in the order of the log.
///
/// # Errors
/// The query is unbounded, the store cannot be read, or `out` refuses.
pub fn query(store: &Path, query: &Query, format: Format, out: &mut impl Write) -> Result<Page, Error> {
    query.check()?;
    let connection = open_read_only(store)?;
    connection.execute_batch("BEGIN").map_err(failed(store, "read"))?;
    let condition = trail::condition(&connection, &query.select).map_err(failed(store, "search"))?;
    let mut writer = Writer::begin(format, out).map_err(Error::io("write", Path::new("the answer")))?;
    let page = query.page(&connection, store, condition, &mut writer)?;
    writer.finish().map_err(Error::io("write", Path::new("the answer")))?;
    Ok(page)
}

impl Query {
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.limit == 0 || self.limit > LIMIT_MAX {
            return Err(Error::Query(format!("a page has 1 to {LIMIT_MAX} rows, not {}", self.limit)));
        }
        if let (Some(from), Some(to)) = (self.from, self.to)
            && from >= to
        {
            return Err(Error::Query(format!("from {from} is not before to {to}")));
        }
        if self.narrow.object.as_ref().is_some_and(String::is_empty) {
            return Err(Error::Query("an object has a name".to_owned()));
        }
        if self.select == Selector::All && self.from.is_none() && self.to.is_none() {
            return Err(Error::Query("everybody's records need a span of time, from or to".to_owned()));
        }
        Ok(())
    }

    fn page<W: Write>(
        &self,
        connection: &Connection,
        store: &Path,
        condition: Condition,
        writer: &mut Writer<'_, W>,
    ) -> Result<Page, Error> {
        let (sql, values) = self.sql(condition);
        let mut statement = connection.prepare(&sql).map_err(failed(store, "search"))?;
        let mut rows = statement.query(params_from_iter(values)).map_err(failed(store, "search"))?;
        let mut page = Page { rows: 0, next_after: None };
        let mut last = None;
        while let Some(row) = rows.next().map_err(failed(store, "search"))? {
            if page.rows == self.limit {
                page.next_after = last;
                break;
            }
            let row = StoredRow::read(row).map_err(failed(store, "read a row of"))?;
            writer.row(&row).map_err(Error::io("write", Path::new("the answer")))?;
            last = Some(Position(row.position as u64));
            page.rows += 1;
        }
        Ok(page)
    }

    fn sql(&self, condition: Condition) -> (String, Vec<Value>) {
        let Condition { mut sql, mut values } = condition;
        let Narrowing { actor, kind, object, trace, refused } = &self.narrow;
        let text = |text: &String| Value::Text(text.clone());
        let narrowed = [
            ("actor", actor.as_ref().map(text)),
            ("kind", kind.as_ref().map(text)),
            ("trace", trace.map(|trace| Value::Blob(trace.0.to_vec()))),
        ];
        for (column, value) in narrowed {
            if let Some(value) = value {
                sql.push_str(&format!(" AND {column} = ?"));
                values.push(value);
            }
        }
        if let Some(object) = object {
            let (clause, bound) = about(&Object::new(object));
            sql.push_str(&clause);
            values.extend(bound);
        }
        match refused {
            Some(true) => sql.push_str(&format!(" AND {REFUSED}")),
            Some(false) => sql.push_str(&format!(" AND NOT {REFUSED}")),
            None => {}
        }
        let mut and = |clause: &str, value: i64| {
            sql.push_str(clause);
            values.push(Value::Integer(value));
        };
        if let Some(from) = self.from {
            and(" AND at_ns >= ?", from.as_ns());
        }
        if let Some(to) = self.to {
            and(" AND at_ns < ?", to.as_ns());
        }
        if let Some(after) = self.after {
            // The plus keeps SQLite in the index of time instead of reading on to the end of the table.
            let clause =
                if self.select == Selector::All { " AND +position > ?" } else { " AND position > ?" };
            and(clause, i64::try_from(after.0).unwrap_or(i64::MAX));
        }
        and(" ORDER BY position LIMIT ?", self.limit as i64 + 1);
        // Positions are found, sorted and cut in the narrow indexes before any wide row is touched.
        let page = format!("SELECT position FROM record WHERE {sql}");
        (format!("SELECT {COLUMNS} FROM record WHERE position IN ({page}) ORDER BY position"), values)
    }
}

/// Records about an object, what costs least first: by what columns say, by where it was made, by what JSON says.
fn about(object: &Object) -> (String, Vec<Value>) {
    let blob = |text: &str| Value::Blob(text.as_bytes().to_vec());
    let text = |text: &str| Value::Text(text.to_owned());
    let mut sql =
        " AND (\"key\" = ? OR substr(actor, instr(actor, ':') + 1) = ? OR ? IN (firm, session, order_id, \
                   cl_ord_id, orig_cl_ord_id, symbol, exec_id)"
            .to_owned();
    let mut values = vec![blob(object.name()), text(object.name()), text(object.name())];
    if let Some(made_at) = object.made_at() {
        sql.push_str(" OR (topic = 'accounts' AND kind = ? AND partition = ? AND \"offset\" = ?)");
        values.push(text(made_at.kind.name()));
        values.push(Value::Integer(made_at.partition.into()));
        values.push(Value::Integer(made_at.offset.cast_signed()));
    }
    let named = vec!["instr(payload, ?) > 0"; object.texts().len()].join(" OR ");
    values.extend(object.texts().iter().map(|text| blob(text)));
    (format!("{sql} OR (kind != 'fix.message.v1' AND ({named})))"), values)
}

/// Reads an RFC 3339 time.
///
/// # Errors
/// Any other text, or a year that nanoseconds since 1970 in 64 bits do not reach.
pub fn parse_time(text: &str) -> Result<Timestamp, Error> {
    let bad = || Error::Query(format!("{text:?} is not an RFC 3339 time like 2026-11-21T09:30:00Z"));
    let time: jiff::Timestamp = text.parse().map_err(|_| bad())?;
    i64::try_from(time.as_nanosecond()).map(Timestamp::from_ns).map_err(|_| bad())
}
