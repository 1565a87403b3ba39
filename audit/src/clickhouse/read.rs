//! Rows as ClickHouse holds them, in the order of the log, a window of positions at a time.

use super::error::ClickHouseError;
use super::row_binary::COLUMNS;
use super::server::Server;
use crate::row_view::StoredRow;
use serde::Deserialize;
use serde_bytes::ByteBuf;
use std::collections::VecDeque;

/// Positions read at once: some 10 to 100 MB.
const WINDOW: i64 = 65_536;

#[derive(clickhouse::Row, Deserialize)]
struct WireRow {
    topic: String,
    partition: u16,
    offset: u64,
    position: i64,
    at_ns: i64,
    kind: String,
    actor: String,
    firm: String,
    session: String,
    order_id: String,
    cl_ord_id: String,
    orig_cl_ord_id: String,
    symbol: String,
    exec_id: String,
    key: ByteBuf,
    origin: ByteBuf,
    trace: ByteBuf,
    wire: ByteBuf,
    payload: ByteBuf,
    masked_digest: ByteBuf,
    leaf: ByteBuf,
    chain: ByteBuf,
}

impl WireRow {
    fn stored(self) -> StoredRow {
        let text = |text: String| (!text.is_empty()).then_some(text);
        StoredRow {
            position: self.position,
            topic: self.topic,
            partition: i64::from(self.partition),
            // What no log reaches is shown as what it is not: a verifier takes neither.
            offset: i64::try_from(self.offset).unwrap_or(-1),
            at_ns: self.at_ns,
            kind: self.kind,
            actor: self.actor,
            firm: text(self.firm),
            session: text(self.session),
            order_id: text(self.order_id),
            cl_ord_id: text(self.cl_ord_id),
            orig_cl_ord_id: text(self.orig_cl_ord_id),
            symbol: text(self.symbol),
            exec_id: text(self.exec_id),
            key: self.key.into_vec(),
            origin: self.origin.into_vec(),
            trace: self.trace.into_vec(),
            wire: self.wire.into_vec(),
            payload: self.payload.into_vec(),
            masked_digest: Some(self.masked_digest.into_vec()).filter(|digest| !digest.is_empty()),
            leaf: self.leaf.into_vec(),
            chain: self.chain.into_vec(),
        }
    }
}

/// All rows, in order of position. A row twice comes twice.
pub(crate) struct Rows<'s> {
    server: &'s Server,
    next: i64,
    end: i64,
    window: VecDeque<StoredRow>,
}

impl<'s> Rows<'s> {
    /// The rows that are there now.
    pub(crate) fn all(server: &'s Server) -> Result<Self, ClickHouseError> {
        let (next, end): (i64, i64) = server.one(
            "tell its positions",
            "SELECT if(count() = 0, 0, min(position)), if(count() = 0, 0, max(position) + 1) FROM record",
        )?;
        Ok(Self { server, next, end, window: VecDeque::new() })
    }

    /// Position after the last row.
    pub(crate) fn end(&self) -> u64 {
        u64::try_from(self.end).unwrap_or(0)
    }

    /// The next row.
    pub(crate) fn next(&mut self) -> Result<Option<StoredRow>, ClickHouseError> {
        while self.window.is_empty() && self.next < self.end {
            let until = self.next.saturating_add(WINDOW).min(self.end);
            let condition = format!("position >= {} AND position < {until} ORDER BY position", self.next);
            self.window = select(self.server, &condition)?.into();
            self.next = until;
        }
        Ok(self.window.pop_front())
    }
}

/// Rows of `condition`, with its order and limit.
pub(crate) fn select(server: &Server, condition: &str) -> Result<Vec<StoredRow>, ClickHouseError> {
    let sql = format!("SELECT {COLUMNS} FROM record WHERE {condition}");
    let rows: Vec<WireRow> = server.all("give rows", &sql)?;
    Ok(rows.into_iter().map(WireRow::stored).collect())
}
