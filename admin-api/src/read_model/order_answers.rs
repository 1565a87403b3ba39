//! What became of requests of orders over the API, by the number of each.

use super::trading::run;
use super::{ReadModel, order_id};
use assay_event_log::Record;
use assay_trading_types::{Event, ExecType, ExecutionReported, OrderId, Position, Refusal, RequestId};
use rusqlite::{Connection, OptionalExtension, Row, params};

/// Writes what a record of `accounts` says of a request over the API.
pub(super) fn apply(db: &Connection, record: &Record, event: &Event) -> rusqlite::Result<()> {
    match event {
        Event::OrderRequested(e) if e.request.session.is_api() => {
            told(db, record, &e.request, Some(OrderId::new(record.partition, record.offset)), None)
        }
        Event::OrderCancelInstructed(e) => told(db, record, &e.request, Some(e.order_id), None),
        Event::OrderRefused(e) if e.request.session.is_api() => {
            told(db, record, &e.request, None, Some((e.refusal, &e.detail)))
        }
        Event::CancelRefused(e) if e.request.session.is_api() => {
            told(db, record, &e.request, e.order_id, Some((e.refusal, &e.detail)))
        }
        _ => Ok(()),
    }
}

/// Writes what a report says of one.
pub(super) fn reported(db: &Connection, record: &Record, e: &ExecutionReported) -> rusqlite::Result<()> {
    if !e.terms.session.is_api() {
        return Ok(());
    }
    match &e.exec {
        ExecType::Rejected { reason } => {
            let sql = "INSERT INTO order_answer SELECT request, ?2, order_id, ?3, '' FROM order_answer WHERE order_id = ?1 LIMIT 1";
            let position = record.position.0.cast_signed();
            run(db, sql, params![e.order_id.as_u64().cast_signed(), position, reason.code()])
        }
        ExecType::Replaced { request, .. } => told(db, record, &request.request, Some(e.order_id), None),
        _ => Ok(()),
    }
}

fn told(
    db: &Connection,
    record: &Record,
    request: &RequestId,
    order: Option<OrderId>,
    refused: Option<(Refusal, &str)>,
) -> rusqlite::Result<()> {
    let sql = "INSERT INTO order_answer VALUES (?1, ?2, ?3, ?4, ?5)";
    let order = order.map(|id| id.as_u64().cast_signed());
    let (refusal, detail) = refused.map(|(refusal, detail)| (refusal.code(), detail)).unzip();
    run(db, sql, params![request.seq.cast_signed(), record.position.0.cast_signed(), order, refusal, detail])
}

/// What became of a request.
pub(crate) enum OrderAnswerRow {
    /// It is this order's: entered, but perhaps not yet on its book, replaced, or to be cancelled.
    Order(OrderId),
    /// It is refused: why, and in words.
    Refused(Refusal, String),
}

/// What was answered to the request of this number below a position.
pub(crate) fn order_answer_below(
    db: &Connection,
    request: u64,
    below: Position,
) -> rusqlite::Result<Option<OrderAnswerRow>> {
    // The last word counts, and a refusal more than the order that it is about.
    let sql = "SELECT order_id, refusal, detail FROM order_answer WHERE request = ?1 AND position < ?2 \
               ORDER BY refusal IS NULL, position DESC LIMIT 1";
    let values = params![request.cast_signed(), below.0.cast_signed()];
    db.prepare_cached(sql)?.query_row(values, answer).optional().map(Option::flatten)
}

impl ReadModel {
    /// What became of the request of this number; nothing as long as nobody knows.
    pub(crate) fn order_answer(&self, request: u64) -> rusqlite::Result<Option<OrderAnswerRow>> {
        order_answer_below(&self.connection(), request, Position(i64::MAX.cast_unsigned()))
    }
}

fn answer(row: &Row<'_>) -> rusqlite::Result<Option<OrderAnswerRow>> {
    let refusal = row.get::<_, Option<String>>("refusal")?.and_then(|code| Refusal::from_code(&code));
    if let Some(refusal) = refusal {
        let detail: Option<String> = row.get("detail")?;
        return Ok(Some(OrderAnswerRow::Refused(refusal, detail.unwrap_or_default())));
    }
    let order: Option<i64> = row.get("order_id")?;
    Ok(order.map(|id| OrderAnswerRow::Order(order_id(id.cast_unsigned()))))
}
