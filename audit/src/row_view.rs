//! A row of the store as it is read back, and whether it agrees with itself.

use crate::canonical::{Covered, Hash, digest, read_origin, read_wire};
use crate::chain::Partition;
use crate::report::What;
use crate::row::{id_text, payload_view};
use crate::row_ids::{Place, RowIds};
use assay_trading_types::{Kind, Position, Timestamp, Topic, TraceId, decode};
use rusqlite::Row;
use std::borrow::Cow;

/// Columns of [`StoredRow`], in its order.
pub(crate) const COLUMNS: &str = "position, topic, partition, \"offset\", at_ns, kind, actor, firm, session, order_id, \
     cl_ord_id, orig_cl_ord_id, symbol, exec_id, \"key\", origin, trace, wire, payload, masked_digest, leaf, chain";

/// A row as it stands in the database, nothing believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredRow {
    pub(crate) position: i64,
    pub(crate) topic: String,
    pub(crate) partition: i64,
    pub(crate) offset: i64,
    pub(crate) at_ns: i64,
    pub(crate) kind: String,
    pub(crate) actor: String,
    pub(crate) firm: Option<String>,
    pub(crate) session: Option<String>,
    pub(crate) order_id: Option<String>,
    pub(crate) cl_ord_id: Option<String>,
    pub(crate) orig_cl_ord_id: Option<String>,
    pub(crate) symbol: Option<String>,
    pub(crate) exec_id: Option<String>,
    pub(crate) key: Vec<u8>,
    pub(crate) origin: Vec<u8>,
    pub(crate) trace: Vec<u8>,
    pub(crate) wire: Vec<u8>,
    pub(crate) payload: Vec<u8>,
    pub(crate) masked_digest: Option<Vec<u8>>,
    pub(crate) leaf: Vec<u8>,
    pub(crate) chain: Vec<u8>,
}

impl StoredRow {
    /// Reads a row of [`COLUMNS`].
    pub(crate) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            position: row.get(0)?,
            topic: row.get(1)?,
            partition: row.get(2)?,
            offset: row.get(3)?,
            at_ns: row.get(4)?,
            kind: row.get(5)?,
            actor: row.get(6)?,
            firm: row.get(7)?,
            session: row.get(8)?,
            order_id: row.get(9)?,
            cl_ord_id: row.get(10)?,
            orig_cl_ord_id: row.get(11)?,
            symbol: row.get(12)?,
            exec_id: row.get(13)?,
            key: row.get(14)?,
            origin: row.get(15)?,
            trace: row.get(16)?,
            wire: row.get(17)?,
            payload: row.get(18)?,
            masked_digest: row.get(19)?,
            leaf: row.get(20)?,
            chain: row.get(21)?,
        })
    }

    /// Which topic-partition it claims, if there can be such a one.
    pub(crate) fn partition(&self) -> Option<Partition> {
        let topic = Topic::from_name(&self.topic)?;
        Some(Partition { topic, number: u16::try_from(self.partition).ok()? })
    }

    /// Whether its payload is a masked view.
    pub(crate) fn is_masked(&self) -> bool {
        self.masked_digest.is_some()
    }

    /// The kind it claims.
    pub(crate) fn kind(&self) -> Option<Kind> {
        Kind::from_name(&self.kind)
    }

    /// The leaf, after checking that it is the leaf of these columns and that the id columns are those of the
    /// payload.
    pub(crate) fn checked_leaf(&self, scratch: &mut Vec<u8>) -> Result<Hash, What> {
        let covered = self.covered().ok_or(What::Malformed)?;
        let leaf = covered.leaf(scratch);
        if leaf[..] != self.leaf[..] {
            return Err(What::Leaf);
        }
        self.ids_agree(covered.kind).then_some(leaf).ok_or(What::Ids)
    }

    fn covered(&self) -> Option<Covered<'_>> {
        let partition = self.partition()?;
        let value_digest = match &self.masked_digest {
            Some(digest) => digest.as_slice().try_into().ok()?,
            None => digest(&self.payload),
        };
        Some(Covered {
            topic: partition.topic,
            partition: partition.number,
            offset: u64::try_from(self.offset).ok()?,
            position: Some(Position(u64::try_from(self.position).ok()?)),
            key: &self.key,
            kind: self.kind()?,
            at: Timestamp::from_ns(self.at_ns),
            origin: read_origin(&self.origin)?,
            trace: TraceId(self.trace.as_slice().try_into().ok()?),
            actor: &self.actor,
            wire: read_wire(&self.wire)?,
            value_digest,
        })
    }

    fn ids_agree(&self, kind: Kind) -> bool {
        if self.is_masked() && payload_view(kind, &self.payload) != Cow::Borrowed(&self.payload[..]) {
            return false;
        }
        let event = decode(kind, &self.payload).ok();
        let ids = match (&event, self.place()) {
            (Some(event), Some(place)) => RowIds::of_event(event, place),
            _ if kind == Kind::FixMessage => RowIds::of_fix(&self.key, &self.payload),
            _ => RowIds::default(),
        };
        ids.firm == self.firm.as_deref()
            && ids.session == self.session.as_deref()
            && ids.order_id.map(|id| id_text(&id)).as_deref() == self.order_id.as_deref()
            && ids.cl_ord_id == self.cl_ord_id.as_deref()
            && ids.orig_cl_ord_id == self.orig_cl_ord_id.as_deref()
            && ids.symbol == self.symbol.as_deref()
            && ids.exec_id.map(|id| id_text(&id)).as_deref() == self.exec_id.as_deref()
    }

    fn place(&self) -> Option<Place> {
        let partition = self.partition()?;
        let offset = u64::try_from(self.offset).ok()?;
        Some(Place { topic: partition.topic, partition: partition.number, offset })
    }
}
