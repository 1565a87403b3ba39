//! What reports are made from: the read model's history and the log, both below one position.

use super::error::ReportError;
use crate::api::Api;
use crate::became::Answers;
use crate::read_model::{Answered, OrderAnswerRow, answer_below, first_entry, order_answer_below};
use assay_event_log::{EventLog, Record};
use assay_trading_types::{Amount, CommandId, Event, Position, ReportParameters, Timestamp, Topic};
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};
use std::sync::Arc;
use std::time::Duration;

/// Records of the log looked at before the next are read.
const BATCH_RECORDS_MAX: usize = 1_024;

/// How often a log that gives nothing is waited for, and how long each time: half a minute.
const PATIENCE: u32 = 300;
const WAIT: Duration = Duration::from_millis(100);

/// Calls `each` with the records of topics from a position on and below another, until it says that it is enough.
///
/// # Errors
/// The log cannot be read, or `each` fails.
pub(crate) fn each_record(
    log: &dyn EventLog,
    topics: &[Topic],
    from: Position,
    below: Position,
    mut each: impl FnMut(&Record) -> Result<bool, ReportError>,
) -> Result<(), ReportError> {
    let mut reader = log.reader(topics, from, true)?;
    let mut records = Vec::with_capacity(BATCH_RECORDS_MAX);
    let mut next = from;
    let mut patience = PATIENCE;
    while reader.position() < below {
        records.clear();
        if reader.poll_wait(&mut records, BATCH_RECORDS_MAX, WAIT)? == 0 && reader.position() == next {
            // What is below the position is durable: a log that another process serves may only be slow to give it.
            patience -= 1;
            if patience == 0 {
                return Err(ReportError::Behind { reached: next.0, wanted: below.0 });
            }
        }
        for record in &records {
            if record.position >= below || (record.position >= next && !each(record)?) {
                return Ok(());
            }
        }
        next = reader.position();
    }
    Ok(())
}

/// The read model on a connection of its own, as of one moment, and the log beside it.
pub(crate) struct Source {
    db: Connection,
    log: Arc<dyn EventLog>,
    position: Position,
}

impl Source {
    /// All there is now.
    ///
    /// # Errors
    /// The read model cannot be opened.
    pub(crate) fn now(api: &Api) -> Result<Self, ReportError> {
        // Read before the snapshot is taken: what it says is there, is in the snapshot.
        let reached = api.model().position();
        let db = api.model().snapshot()?;
        let committed: i64 = db.query_row("SELECT position FROM state", [], |row| row.get(0))?;
        let position = reached.max(Position(committed.cast_unsigned()));
        Ok(Self { db, log: Arc::clone(&api.log), position })
    }

    /// As it was at a position.
    ///
    /// # Errors
    /// The read model cannot be opened, or is being made anew and has not come so far.
    pub(crate) fn at(api: &Api, position: Position) -> Result<Self, ReportError> {
        let now = Self::now(api)?;
        if now.position < position {
            return Err(ReportError::Behind { reached: now.position.0, wanted: position.0 });
        }
        Ok(Self { position, ..now })
    }

    /// Everything below it counts, and nothing else.
    pub(crate) fn position(&self) -> Position {
        self.position
    }

    /// Calls `each` with every row of a query, in its order.
    ///
    /// # Errors
    /// The query or `each` fails.
    pub(crate) fn each(
        &self,
        query: Query,
        mut each: impl FnMut(&Row<'_>) -> Result<(), ReportError>,
    ) -> Result<(), ReportError> {
        let mut statement = self.db.prepare_cached(&query.sql)?;
        let mut rows = statement.query(params_from_iter(query.values))?;
        while let Some(row) = rows.next()? {
            each(row)?;
        }
        Ok(())
    }

    /// Calls `each` with every record of a topic below the position, until it says that it is enough.
    ///
    /// # Errors
    /// The log cannot be read, or `each` fails.
    pub(crate) fn records(
        &self,
        topic: Topic,
        each: impl FnMut(&Record) -> Result<bool, ReportError>,
    ) -> Result<(), ReportError> {
        self.records_of(&[topic], each)
    }

    /// As [`Source::records`], of several topics.
    ///
    /// # Errors
    /// As [`Source::records`].
    pub(crate) fn records_of(
        &self,
        topics: &[Topic],
        each: impl FnMut(&Record) -> Result<bool, ReportError>,
    ) -> Result<(), ReportError> {
        each_record(&*self.log, topics, Position(0), self.position, each)
    }

    /// What a symbol's reference price was at a time, as far as the position knows; 0 is none.
    ///
    /// # Errors
    /// The read model cannot be read.
    pub(crate) fn reference_price(
        &self,
        symbol: &str,
        before: Timestamp,
        below: Position,
    ) -> Result<Option<Amount>, ReportError> {
        self.price(symbol, before, below.min(self.position), "position DESC")
    }

    /// A symbol's first reference price before a time, as far as the position knows.
    ///
    /// # Errors
    /// The read model cannot be read.
    pub(crate) fn first_price(&self, symbol: &str, before: Timestamp) -> Result<Option<Amount>, ReportError> {
        self.price(symbol, before, self.position, "position")
    }

    fn price(
        &self,
        symbol: &str,
        before: Timestamp,
        below: Position,
        order: &str,
    ) -> Result<Option<Amount>, ReportError> {
        let sql = format!(
            "SELECT price FROM price_event WHERE symbol = ? AND position < ? AND at < ? ORDER BY {order} LIMIT 1"
        );
        let query = Query::new(sql).text(symbol).integer(below.0.cast_signed()).integer(before.as_ns());
        let mut price = None;
        self.each(query, |row| {
            price = Some(amount(row, "price")?);
            Ok(())
        })?;
        Ok(price)
    }

    /// The id that entries of the books below the position are below.
    pub(crate) fn entries_end(&self) -> i64 {
        first_entry(self.position)
    }
}

/// As far as the position knows.
impl Answers for Source {
    type Error = ReportError;

    fn answer(&self, command: &CommandId) -> Result<Option<Answered>, ReportError> {
        Ok(answer_below(&self.db, command, self.position)?)
    }

    fn order_answer(&self, _: &str, request: u64) -> Result<Option<OrderAnswerRow>, ReportError> {
        Ok(order_answer_below(&self.db, request, self.position)?)
    }
}

/// A query, and the values for its `?` in their order.
pub(crate) struct Query {
    sql: String,
    values: Vec<Value>,
}

impl Query {
    pub(crate) fn new(sql: impl Into<String>) -> Self {
        Self { sql: sql.into(), values: Vec::new() }
    }

    pub(crate) fn text(mut self, value: &str) -> Self {
        self.values.push(Value::Text(value.to_owned()));
        self
    }

    pub(crate) fn integer(mut self, value: i64) -> Self {
        self.values.push(Value::Integer(value));
        self
    }

    pub(crate) fn optional(mut self, value: Option<String>) -> Self {
        self.values.push(value.map_or(Value::Null, Value::Text));
        self
    }

    /// Rows of a table of events below the position and in the span of time, narrowed, in the order of time. `select` ends
    /// before its conditions; `also` is one more of them.
    pub(crate) fn of_events(
        select: &str,
        also: &str,
        position: Position,
        parameters: &ReportParameters,
    ) -> Self {
        let mut query = Self::new(format!("{select} WHERE position < ? AND at >= ? AND at < ?"))
            .integer(position.0.cast_signed())
            .integer(parameters.from.as_ns())
            .integer(parameters.to.as_ns());
        let narrowings = [
            ("firm", parameters.firm.map(|firm| firm.to_string())),
            ("account", parameters.account.map(|account| account.to_string())),
            ("symbol", parameters.symbol.map(|symbol| symbol.to_string())),
        ];
        for (column, value) in narrowings {
            if let Some(value) = value {
                query.sql.push_str(&format!(" AND {column} = ?"));
                query.values.push(Value::Text(value));
            }
        }
        query.sql.push_str(&format!(" AND {also} ORDER BY at, position"));
        query
    }
}

/// Whether a report is of what belongs to an account of a firm in a symbol.
pub(super) fn is_wanted(p: &ReportParameters, firm: &str, account: &str, symbol: &str) -> bool {
    p.firm.is_none_or(|wanted| wanted.as_str() == firm)
        && p.account.is_none_or(|wanted| wanted.as_str() == account)
        && p.symbol.is_none_or(|wanted| wanted.as_str() == symbol)
}

/// A decimal as we wrote it.
pub(crate) fn amount(row: &Row<'_>, column: &str) -> rusqlite::Result<Amount> {
    crate::read_model::amount(row, column)
}

/// A decimal as we wrote it, if there is one.
pub(crate) fn optional_amount(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<Amount>> {
    let text: Option<String> = row.get(column)?;
    text.map(|_| amount(row, column)).transpose()
}

/// An instant.
pub(crate) fn instant(row: &Row<'_>, column: &str) -> rusqlite::Result<Timestamp> {
    row.get(column).map(Timestamp::from_ns)
}

/// What an event says.
pub(crate) fn decoded(record: &Record) -> Result<Arc<Event>, ReportError> {
    Ok(record.decode()?)
}
