//! A record as the bytes that are hashed (docs/wire/audit-chain.md, section 1).

use assay_event_log::Record;
use assay_trading_types::{Kind, Origin, Position, Timestamp, Topic, TraceId, WireHeader};
use sha2::{Digest, Sha256};

/// A SHA-256 digest.
pub type Hash = [u8; 32];

/// Name of this form; its first field.
const FORM: &[u8] = b"assay.record.v1";

/// First byte of what a leaf hashes (RFC 6962 section 2.1).
const LEAF_PREFIX: u8 = 0x00;

/// Everything of a record that its leaf covers.
#[derive(Debug, Clone, Copy)]
pub struct Covered<'a> {
    /// Topic.
    pub topic: Topic,
    /// Partition.
    pub partition: u16,
    /// Place in the topic-partition.
    pub offset: u64,
    /// Place among all records of the log, so that the order across topics is proven too; none on a log that has
    /// no total order (a broker's topics).
    pub position: Option<Position>,
    /// Key.
    pub key: &'a [u8],
    /// Kind.
    pub kind: Kind,
    /// When it entered the system.
    pub at: Timestamp,
    /// What it follows from.
    pub origin: Option<Origin>,
    /// Trace.
    pub trace: TraceId,
    /// Who caused it.
    pub actor: &'a str,
    /// Direction and numbers of a FIX message.
    pub wire: Option<WireHeader>,
    /// SHA-256 of the value, so that a value can be masked or erased without breaking the proof of the rest.
    pub value_digest: Hash,
}

impl<'a> Covered<'a> {
    /// What the leaf of `record` covers.
    pub fn of(record: &'a Record) -> Self {
        Self {
            topic: record.topic,
            partition: record.partition,
            offset: record.offset,
            position: Some(record.position),
            key: &record.key,
            kind: record.kind,
            at: record.at,
            origin: record.origin,
            trace: record.trace,
            actor: record.actor.as_str(),
            wire: record.wire,
            value_digest: digest(&record.value),
        }
    }

    /// Appends the canonical bytes.
    pub fn write(&self, out: &mut Vec<u8>) {
        put(out, FORM);
        put(out, self.topic.name().as_bytes());
        put(out, &self.partition.to_be_bytes());
        put(out, &self.offset.to_be_bytes());
        match self.position {
            Some(position) => put(out, &position.0.to_be_bytes()),
            None => put(out, &[]),
        }
        put(out, self.key);
        put(out, self.kind.name().as_bytes());
        put(out, &self.at.as_ns().to_be_bytes());
        put_with(out, |out| write_origin(self.origin, out));
        put(out, &self.trace.0);
        put(out, self.actor.as_bytes());
        put_with(out, |out| write_wire(self.wire, out));
        put(out, &self.value_digest);
    }

    /// The RFC 6962 leaf. `scratch` is only working room, reused so that a record costs no allocation.
    pub fn leaf(&self, scratch: &mut Vec<u8>) -> Hash {
        scratch.clear();
        scratch.push(LEAF_PREFIX);
        self.write(scratch);
        digest(scratch)
    }
}

/// SHA-256.
pub(crate) fn digest(bytes: &[u8]) -> Hash {
    Sha256::digest(bytes).into()
}

/// Appends a field: its length as four bytes, big end first, and its bytes.
pub(crate) fn put(out: &mut Vec<u8>, field: &[u8]) {
    let length = u32::try_from(field.len()).expect("fields are far below 4 GiB");
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(field);
}

fn put_with(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    write(out);
    let length = (out.len() - start - 4) as u32;
    out[start..start + 4].copy_from_slice(&length.to_be_bytes());
}

/// Origin field: empty without one; `1, role, topic, partition, offset, index` or `2, epoch, seq, session`.
pub(crate) fn write_origin(origin: Option<Origin>, out: &mut Vec<u8>) {
    match origin {
        None => {}
        Some(Origin::Input { role, topic, partition, offset, index }) => {
            out.extend_from_slice(&[1, role as u8, topic as u8]);
            out.extend_from_slice(&partition.to_be_bytes());
            out.extend_from_slice(&offset.to_be_bytes());
            out.extend_from_slice(&index.to_be_bytes());
        }
        Some(Origin::Request(id)) => {
            out.push(2);
            out.extend_from_slice(&id.epoch.to_be_bytes());
            out.extend_from_slice(&id.seq.to_be_bytes());
            out.extend_from_slice(id.session.as_str().as_bytes());
        }
    }
}

/// Reads what [`write_origin`] wrote; nothing when the bytes are no origin.
pub(crate) fn read_origin(bytes: &[u8]) -> Option<Option<Origin>> {
    use assay_trading_types::{RequestId, Role, SessionId};
    match bytes {
        [] => Some(None),
        [1, role, topic, rest @ ..] if rest.len() == 12 => Some(Some(Origin::Input {
            role: *Role::ALL.get(usize::from(*role))?,
            topic: Topic::from_number(*topic)?,
            partition: u16::from_be_bytes(rest[..2].try_into().ok()?),
            offset: u64::from_be_bytes(rest[2..10].try_into().ok()?),
            index: u16::from_be_bytes(rest[10..].try_into().ok()?),
        })),
        [2, rest @ ..] if rest.len() > 12 => Some(Some(Origin::Request(RequestId {
            epoch: u32::from_be_bytes(rest[..4].try_into().ok()?),
            seq: u64::from_be_bytes(rest[4..12].try_into().ok()?),
            session: SessionId::from_bytes(&rest[12..]).ok()?,
        }))),
        _ => None,
    }
}

/// Wire field: empty outside topic `fix`; else `direction, epoch, seq, next_seq`.
pub(crate) fn write_wire(wire: Option<WireHeader>, out: &mut Vec<u8>) {
    let Some(wire) = wire else { return };
    out.push(wire.direction as u8);
    out.extend_from_slice(&wire.epoch.to_be_bytes());
    out.extend_from_slice(&wire.seq.to_be_bytes());
    out.extend_from_slice(&wire.next_seq.to_be_bytes());
}

/// Reads what [`write_wire`] wrote; nothing when the bytes are no wire header.
pub(crate) fn read_wire(bytes: &[u8]) -> Option<Option<WireHeader>> {
    use assay_trading_types::Direction;
    match bytes {
        [] => Some(None),
        [direction, rest @ ..] if rest.len() == 20 => Some(Some(WireHeader {
            direction: match direction {
                0 => Direction::In,
                1 => Direction::Out,
                2 => Direction::InUnconsumed,
                3 => Direction::Queued,
                _ => return None,
            },
            epoch: u32::from_be_bytes(rest[..4].try_into().ok()?),
            seq: u64::from_be_bytes(rest[4..12].try_into().ok()?),
            next_seq: u64::from_be_bytes(rest[12..].try_into().ok()?),
        })),
        _ => None,
    }
}
