//! A record as a Kafka message: `docs/wire/kafka.md`, section "Messages". Numbers are little-endian.

use crate::frame::{array, decode_origin, decode_wire, encode_origin, encode_wire};
use crate::{NewRecord, Record};
use assay_trading_types::{Actor, Kind, Position, Timestamp, Topic, TraceId};
use bytes::Bytes;

/// Header with the kind as text, so that a consumer need not look further.
pub(super) const KIND_HEADER: &str = "kind";
/// Header with everything else that is not key or value.
pub(super) const META_HEADER: &str = "assay";
/// The kind of a fence.
pub(super) const FENCE_KIND: &str = "log.fenced.v1";

const VERSION: u8 = 1;
const FLAG_GROUP_CONTINUES: u8 = 1;
const FENCE_BYTES: usize = 12;
const HEAD_BYTES: usize = 60;

/// Bytes that a message takes besides its key and value, at most: headers with their names, and Kafka's own fields.
const OVERHEAD_BYTES_MAX: usize = 512;

/// What one message of a topic of records says.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "almost all are records, and each is taken apart at once")]
pub(super) enum Entry {
    /// From here on nobody with a lesser epoch writes.
    Fence {
        /// The epoch that begins.
        epoch: u64,
    },
    /// A record.
    Record(Stored),
}

/// A record as a writer placed it. Whether it counts, only its epoch and place tell.
#[derive(Debug)]
pub(super) struct Stored {
    /// The writer's epoch.
    pub(super) epoch: u64,
    /// More records of the same group follow.
    pub(super) group_continues: bool,
    /// Everything below it was durable when this was sent.
    pub(super) durable: u64,
    /// The record.
    pub(super) record: Record,
}

/// What a message says of its writer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sending {
    pub(super) epoch: u64,
    pub(super) durable: u64,
    pub(super) group_continues: bool,
}

/// The parts of a Kafka message that carry something.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parts<'a> {
    pub(super) topic: Topic,
    pub(super) key: &'a [u8],
    pub(super) value: &'a [u8],
    pub(super) kind: &'a [u8],
    pub(super) meta: &'a [u8],
}

/// Bytes that a record takes as a message, at most.
pub(super) fn message_bytes_max(new: &NewRecord) -> usize {
    OVERHEAD_BYTES_MAX + new.key.len() + new.value.bytes().len()
}

/// The header [`META_HEADER`] of a record.
pub(super) fn encode_meta(record: &Record, sending: Sending, out: &mut Vec<u8>) {
    out.clear();
    out.extend_from_slice(&[VERSION, if sending.group_continues { FLAG_GROUP_CONTINUES } else { 0 }, 0, 0]);
    out.extend_from_slice(&sending.epoch.to_le_bytes());
    out.extend_from_slice(&record.position.0.to_le_bytes());
    out.extend_from_slice(&record.offset.to_le_bytes());
    out.extend_from_slice(&record.at.as_ns().to_le_bytes());
    out.extend_from_slice(&record.trace.0);
    out.extend_from_slice(&sending.durable.to_le_bytes());
    out[2] = encode_origin(record.origin.as_ref(), out) as u8;
    out[3] = encode_wire(record.wire.as_ref(), out) as u8;
    out.extend_from_slice(record.actor.as_str().as_bytes());
}

/// The header [`META_HEADER`] of a fence.
pub(super) fn encode_fence(epoch: u64) -> Vec<u8> {
    let mut out = vec![VERSION, 0, 0, 0];
    out.extend_from_slice(&epoch.to_le_bytes());
    out
}

/// Reads a message; the error says what is wrong with it.
pub(super) fn decode(parts: Parts<'_>) -> Result<Entry, &'static str> {
    let meta = parts.meta;
    match meta.first() {
        Some(&VERSION) => {}
        Some(_) => return Err("it has a version that this program does not know"),
        None => return Err("it has no header of this log"),
    }
    let epoch = u64_at(meta, 4)?;
    if parts.kind == FENCE_KIND.as_bytes() && meta.len() == FENCE_BYTES {
        return Ok(Entry::Fence { epoch });
    }
    let rest = meta.get(HEAD_BYTES..).ok_or(SHORT)?;
    let (origin, rest) = rest.split_at_checked(usize::from(meta[2])).ok_or(SHORT)?;
    let (wire, actor) = rest.split_at_checked(usize::from(meta[3])).ok_or(SHORT)?;
    let kind = std::str::from_utf8(parts.kind).ok().and_then(Kind::from_name);
    let stored = [parts.key, parts.value].concat();
    let stored = Bytes::from(stored);
    let record = Record {
        position: Position(u64_at(meta, 12)?),
        topic: parts.topic,
        partition: 0,
        offset: u64_at(meta, 20)?,
        key: stored.slice(..parts.key.len()),
        kind: kind.ok_or("its kind is unknown")?,
        at: Timestamp::from_ns(u64_at(meta, 28)? as i64),
        origin: decode_origin(origin)?,
        trace: TraceId(array(meta, 36).ok_or(SHORT)?),
        actor: Actor::from_bytes(actor).map_err(|_| "its actor is not an id")?,
        wire: decode_wire(wire)?,
        value: stored.slice(parts.key.len()..),
        event: None,
    };
    let group_continues = meta[1] & FLAG_GROUP_CONTINUES != 0;
    Ok(Entry::Record(Stored { epoch, group_continues, durable: u64_at(meta, 52)?, record }))
}

const SHORT: &str = "its header is too short";

fn u64_at(bytes: &[u8], at: usize) -> Result<u64, &'static str> {
    array(bytes, at).map(u64::from_le_bytes).ok_or(SHORT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use assay_trading_types::{Direction, Origin, RequestId, SessionId, WireHeader};

    fn record() -> Record {
        let session = SessionId::new("CLIENT1/ASSAY").unwrap();
        Record {
            position: Position(70),
            topic: Topic::Fix,
            partition: 0,
            offset: 7,
            key: Bytes::from_static(b"CLIENT1/ASSAY"),
            kind: Kind::FixMessage,
            at: Timestamp::from_ns(-5),
            origin: Some(Origin::Request(RequestId { session, epoch: 3, seq: 9 })),
            trace: TraceId([4; 16]),
            actor: Actor::new("session:CLIENT1/ASSAY").unwrap(),
            wire: Some(WireHeader { direction: Direction::Out, epoch: 3, seq: 9, next_seq: 10 }),
            value: Bytes::from_static(b"35=D|"),
            event: None,
        }
    }

    fn parts<'a>(record: &'a Record, meta: &'a [u8]) -> Parts<'a> {
        let (key, value) = (&record.key[..], &record.value[..]);
        Parts { topic: record.topic, key, value, kind: record.kind.name().as_bytes(), meta }
    }

    #[test]
    fn a_record_comes_back_from_its_message() {
        let (record, mut meta) = (record(), Vec::new());
        for group_continues in [false, true] {
            encode_meta(&record, Sending { epoch: 12, durable: 60, group_continues }, &mut meta);
            let Ok(Entry::Record(stored)) = decode(parts(&record, &meta)) else { panic!("no record") };
            assert_eq!((stored.epoch, stored.durable, stored.group_continues), (12, 60, group_continues));
            assert_eq!(format!("{:?}", stored.record), format!("{record:?}"));
        }
    }

    #[test]
    fn a_fence_says_its_epoch() {
        let meta = encode_fence(12);
        let parts =
            Parts { topic: Topic::Fix, key: &[], value: &[], kind: FENCE_KIND.as_bytes(), meta: &meta };
        assert!(matches!(decode(parts), Ok(Entry::Fence { epoch: 12 })));
    }

    #[test]
    fn messages_of_others_are_told_apart() {
        let record = record();
        let mut meta = Vec::new();
        encode_meta(&record, Sending { epoch: 12, durable: 60, group_continues: false }, &mut meta);
        assert_eq!(decode(parts(&record, &[])).unwrap_err(), "it has no header of this log");
        assert_eq!(
            decode(parts(&record, &[2])).unwrap_err(),
            "it has a version that this program does not know"
        );
        for bytes in 1..meta.len() - record.actor.as_str().len() {
            assert!(decode(parts(&record, &meta[..bytes])).is_err(), "{bytes}");
        }
    }
}
