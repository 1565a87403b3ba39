//! What a store holds of a record: the record, its links, and what is derived from it for searching.

use crate::canonical::{Hash, digest, write_origin, write_wire};
use crate::chain::Link;
use crate::mask::masked;
use crate::row_ids::{Place, RowIds};
use arrayvec::ArrayString;
use assay_event_log::Record;
use assay_trading_types::Kind;
use std::borrow::Cow;
use std::fmt::Write as _;

/// A row to be written; every store writes the same.
pub(crate) struct Row<'a> {
    pub(crate) record: &'a Record,
    pub(crate) link: Link,
    pub(crate) ids: RowIds<'a>,
    pub(crate) order_id: Option<ArrayString<17>>,
    pub(crate) exec_id: Option<ArrayString<17>>,
    pub(crate) payload: Cow<'a, [u8]>,
    /// Digest of the true value where `payload` is masked.
    pub(crate) masked_digest: Option<Hash>,
    pub(crate) origin: &'a [u8],
    pub(crate) wire: &'a [u8],
}

/// Working room of a row, reused so that a row costs few allocations.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    origin: Vec<u8>,
    wire: Vec<u8>,
}

impl Scratch {
    /// Derives the row of `record` and hands it to `take`.
    pub(crate) fn with_row<T>(&mut self, record: &Record, link: Link, take: impl FnOnce(&Row<'_>) -> T) -> T {
        let event = record.decode().ok();
        let ids = match &event {
            Some(event) => RowIds::of_event(event, place(record)),
            None if record.kind == Kind::FixMessage => RowIds::of_fix(&record.key, &record.value),
            None => RowIds::default(),
        };
        let payload = payload_view(record.kind, &record.value);
        let masked_digest = matches!(payload, Cow::Owned(_)).then(|| digest(&record.value));
        self.origin.clear();
        self.wire.clear();
        write_origin(record.origin, &mut self.origin);
        write_wire(record.wire, &mut self.wire);
        take(&Row {
            record,
            link,
            ids,
            order_id: ids.order_id.map(|id| id_text(&id)),
            exec_id: ids.exec_id.map(|id| id_text(&id)),
            payload,
            masked_digest,
            origin: &self.origin,
            wire: &self.wire,
        })
    }
}

/// Text of an OrderID or ExecID, 17 characters.
pub(crate) fn id_text(id: &dyn std::fmt::Display) -> ArrayString<17> {
    let mut text = ArrayString::new();
    write!(text, "{id}").expect("ids have 17 characters");
    text
}

/// What a store shows of a value: the value itself, or a FIX message with its secrets masked.
pub(crate) fn payload_view(kind: Kind, value: &[u8]) -> Cow<'_, [u8]> {
    match kind {
        Kind::FixMessage => masked(value),
        _ => Cow::Borrowed(value),
    }
}

fn place(record: &Record) -> Place {
    Place { topic: record.topic, partition: record.partition, offset: record.offset }
}
