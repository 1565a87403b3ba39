//! One record as bytes: `docs/wire/event-log.md`, section "Frame". Numbers are little-endian.

use crate::{Glimpse, NewRecord, Record};
use assay_trading_types::{
    Actor, Direction, Kind, Origin, Position, RequestId, Role, SessionId, Timestamp, Topic, TraceId,
    WireHeader,
};
use bytes::Bytes;

/// First bytes of a frame. Not text, so no FIX message or JSON has them.
pub(crate) const MAGIC: [u8; 4] = [0xA5, b'F', b'R', 0x01];
/// Bytes before the variable part.
pub(crate) const HEAD_BYTES: usize = 80;
/// Frames begin and end at multiples of this, so that a search after damage looks at an eighth of the places.
pub(crate) const ALIGN: usize = 8;
/// No frame is longer, whatever its length field says: bounds what a damaged length can make a reader allocate.
pub(crate) const FRAME_BYTES_MAX: usize = 1 << 30;
/// Longest key: its length has two bytes.
pub(crate) const KEY_BYTES_MAX: usize = u16::MAX as usize;

const CRC_FROM: usize = 8;
const FLAG_GROUP_CONTINUES: u8 = 1;
const ORIGIN_INPUT: u8 = 1;
const ORIGIN_REQUEST: u8 = 2;
const ORIGIN_INPUT_BYTES: usize = 15;
const ORIGIN_REQUEST_BYTES: usize = 13;
const WIRE_BYTES: usize = 21;

/// Length of the frame that a record gets.
pub(crate) fn frame_bytes(new: &NewRecord) -> usize {
    let origin = match &new.origin {
        None => 0,
        Some(Origin::Input { .. }) => ORIGIN_INPUT_BYTES,
        Some(Origin::Request(request)) => ORIGIN_REQUEST_BYTES + request.session.as_str().len(),
    };
    let wire = if new.wire.is_some() { WIRE_BYTES } else { 0 };
    let texts = new.value.kind().name().len() + new.actor.as_str().len();
    (HEAD_BYTES + origin + wire + texts + new.key.len() + new.value.bytes().len()).next_multiple_of(ALIGN)
}

/// What a frame says besides its record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Framing {
    /// Seeds the checksum; the segment's.
    pub(crate) salt: u32,
    /// Position of the first record of the batch, the unit of one sync.
    pub(crate) batch: u64,
    /// More records of the same group follow.
    pub(crate) group_continues: bool,
}

/// Appends a record's frame.
pub(crate) fn encode(record: &Record, framing: Framing, out: &mut Vec<u8>) {
    let start = out.len();
    let mut head = [0u8; HEAD_BYTES];
    head[0..4].copy_from_slice(&MAGIC);
    head[12] = if framing.group_continues { FLAG_GROUP_CONTINUES } else { 0 };
    head[13] = record.topic as u8;
    head[14..16].copy_from_slice(&record.partition.to_le_bytes());
    head[16..24].copy_from_slice(&record.position.0.to_le_bytes());
    head[24..32].copy_from_slice(&framing.batch.to_le_bytes());
    head[32..40].copy_from_slice(&record.offset.to_le_bytes());
    head[40..48].copy_from_slice(&record.at.as_ns().to_le_bytes());
    head[48..64].copy_from_slice(&record.trace.0);
    head[64..68].copy_from_slice(&(record.value.len() as u32).to_le_bytes());
    head[68..70].copy_from_slice(&(record.key.len() as u16).to_le_bytes());
    out.extend_from_slice(&head);
    let origin = encode_origin(record.origin.as_ref(), out);
    let wire = encode_wire(record.wire.as_ref(), out);
    out.extend_from_slice(record.kind.name().as_bytes());
    out.extend_from_slice(record.actor.as_str().as_bytes());
    out.extend_from_slice(&record.key);
    out.extend_from_slice(&record.value);
    let padded = (out.len() - start).next_multiple_of(ALIGN);
    out.resize(start + padded, 0);
    let frame = &mut out[start..];
    frame[8..12].copy_from_slice(&(padded as u32).to_le_bytes());
    frame[70] = origin as u8;
    frame[71] = wire as u8;
    frame[72] = record.kind.name().len() as u8;
    frame[73] = record.actor.as_str().len() as u8;
    let crc = crc32c::crc32c_append(framing.salt, &frame[CRC_FROM..]);
    frame[4..8].copy_from_slice(&crc.to_le_bytes());
}

pub(crate) fn encode_origin(origin: Option<&Origin>, out: &mut Vec<u8>) -> usize {
    let start = out.len();
    match origin {
        None => {}
        Some(Origin::Input { role, topic, partition, offset, index }) => {
            out.extend_from_slice(&[ORIGIN_INPUT, *role as u8, *topic as u8]);
            out.extend_from_slice(&partition.to_le_bytes());
            out.extend_from_slice(&offset.to_le_bytes());
            out.extend_from_slice(&index.to_le_bytes());
        }
        Some(Origin::Request(request)) => {
            out.push(ORIGIN_REQUEST);
            out.extend_from_slice(&request.epoch.to_le_bytes());
            out.extend_from_slice(&request.seq.to_le_bytes());
            out.extend_from_slice(request.session.as_str().as_bytes());
        }
    }
    out.len() - start
}

pub(crate) fn encode_wire(wire: Option<&WireHeader>, out: &mut Vec<u8>) -> usize {
    let Some(wire) = wire else { return 0 };
    out.push(wire.direction as u8);
    out.extend_from_slice(&wire.epoch.to_le_bytes());
    out.extend_from_slice(&wire.seq.to_le_bytes());
    out.extend_from_slice(&wire.next_seq.to_le_bytes());
    WIRE_BYTES
}

/// Length of the frame that begins with `head`, if this looks like the beginning of one.
pub(crate) fn length(head: &[u8]) -> Option<usize> {
    if head.get(0..4)? != MAGIC {
        return None;
    }
    let length = u32::from_le_bytes(array(head, 8)?) as usize;
    ((HEAD_BYTES..=FRAME_BYTES_MAX).contains(&length) && length.is_multiple_of(ALIGN)).then_some(length)
}

/// A whole frame whose checksum holds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame<'a>(&'a [u8]);

impl<'a> Frame<'a> {
    /// Checks the checksum of `bytes`, exactly one frame by its length field.
    pub(crate) fn check(bytes: &'a [u8], salt: u32) -> Option<Self> {
        let crc = u32::from_le_bytes(array(bytes, 4)?);
        (crc32c::crc32c_append(salt, &bytes[CRC_FROM..]) == crc).then_some(Self(bytes))
    }

    /// A frame that has been checked before.
    pub(crate) fn checked(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn group_continues(self) -> bool {
        self.0[12] & FLAG_GROUP_CONTINUES != 0
    }

    pub(crate) fn topic(self) -> Option<Topic> {
        Topic::from_number(self.0[13])
    }

    pub(crate) fn partition(self) -> u16 {
        u16::from_le_bytes([self.0[14], self.0[15]])
    }

    pub(crate) fn position(self) -> u64 {
        self.u64_at(16)
    }

    pub(crate) fn batch(self) -> u64 {
        self.u64_at(24)
    }

    pub(crate) fn offset(self) -> u64 {
        self.u64_at(32)
    }

    fn u64_at(self, at: usize) -> u64 {
        u64::from_le_bytes(array(self.0, at).unwrap_or_default())
    }

    /// What the record follows from; the error says what is wrong.
    pub(crate) fn origin(self) -> Result<Option<Origin>, &'static str> {
        decode_origin(self.parts()?.origin)
    }

    /// The record, its key and value in one allocation.
    pub(crate) fn record(self) -> Result<Record, &'static str> {
        let parts = self.parts()?;
        let kind = std::str::from_utf8(parts.kind).ok().and_then(Kind::from_name);
        let stored = Bytes::copy_from_slice(parts.key_and_value);
        Ok(Record {
            position: Position(self.position()),
            topic: self.topic().ok_or("unknown topic")?,
            partition: self.partition(),
            offset: self.offset(),
            key: stored.slice(..parts.key_bytes),
            kind: kind.ok_or("unknown kind of record")?,
            at: Timestamp::from_ns(self.u64_at(40) as i64),
            origin: decode_origin(parts.origin)?,
            trace: TraceId(array(self.0, 48).unwrap_or_default()),
            actor: Actor::from_bytes(parts.actor).map_err(|_| "actor is not an id")?,
            wire: decode_wire(parts.wire)?,
            value: stored.slice(parts.key_bytes..),
            event: None,
        })
    }

    /// What there is of the record, where it stands.
    pub(crate) fn glimpse(self) -> Result<Glimpse<'a>, &'static str> {
        let parts = self.parts()?;
        let (key, value) = parts.key_and_value.split_at(parts.key_bytes);
        Ok(Glimpse {
            position: Position(self.position()),
            partition: self.partition(),
            offset: self.offset(),
            wire: decode_wire(parts.wire)?,
            key,
            value,
        })
    }

    fn parts(self) -> Result<Parts<'a>, &'static str> {
        let value_bytes = u32::from_le_bytes(array(self.0, 64).unwrap_or_default()) as usize;
        let key_bytes = usize::from(u16::from_le_bytes([self.0[68], self.0[69]]));
        let mut rest = &self.0[HEAD_BYTES..];
        let mut take = |bytes: usize| {
            let (part, after) = rest.split_at_checked(bytes).ok_or("parts are longer than the frame")?;
            rest = after;
            Ok::<_, &'static str>(part)
        };
        Ok(Parts {
            origin: take(usize::from(self.0[70]))?,
            wire: take(usize::from(self.0[71]))?,
            kind: take(usize::from(self.0[72]))?,
            actor: take(usize::from(self.0[73]))?,
            key_and_value: take(key_bytes + value_bytes)?,
            key_bytes,
        })
    }
}

struct Parts<'a> {
    origin: &'a [u8],
    wire: &'a [u8],
    kind: &'a [u8],
    actor: &'a [u8],
    key_and_value: &'a [u8],
    key_bytes: usize,
}

pub(crate) fn decode_origin(bytes: &[u8]) -> Result<Option<Origin>, &'static str> {
    const BAD: &str = "origin is malformed";
    match bytes {
        [] => Ok(None),
        [ORIGIN_INPUT, role, topic, rest @ ..] if bytes.len() == ORIGIN_INPUT_BYTES => {
            Ok(Some(Origin::Input {
                role: role_of(*role).ok_or(BAD)?,
                topic: Topic::from_number(*topic).ok_or(BAD)?,
                partition: u16::from_le_bytes(array(rest, 0).ok_or(BAD)?),
                offset: u64::from_le_bytes(array(rest, 2).ok_or(BAD)?),
                index: u16::from_le_bytes(array(rest, 10).ok_or(BAD)?),
            }))
        }
        [ORIGIN_REQUEST, rest @ ..] if bytes.len() > ORIGIN_REQUEST_BYTES => {
            let session = SessionId::from_bytes(&rest[12..]).map_err(|_| BAD)?;
            let epoch = u32::from_le_bytes(array(rest, 0).ok_or(BAD)?);
            let seq = u64::from_le_bytes(array(rest, 4).ok_or(BAD)?);
            Ok(Some(Origin::Request(RequestId { session, epoch, seq })))
        }
        _ => Err(BAD),
    }
}

pub(crate) fn decode_wire(bytes: &[u8]) -> Result<Option<WireHeader>, &'static str> {
    const BAD: &str = "wire header is malformed";
    if bytes.is_empty() {
        return Ok(None);
    }
    if bytes.len() != WIRE_BYTES {
        return Err(BAD);
    }
    let direction = match bytes[0] {
        0 => Direction::In,
        1 => Direction::Out,
        2 => Direction::InUnconsumed,
        3 => Direction::Queued,
        _ => return Err(BAD),
    };
    Ok(Some(WireHeader {
        direction,
        epoch: u32::from_le_bytes(array(bytes, 1).ok_or(BAD)?),
        seq: u64::from_le_bytes(array(bytes, 5).ok_or(BAD)?),
        next_seq: u64::from_le_bytes(array(bytes, 13).ok_or(BAD)?),
    }))
}

pub(crate) fn role_of(number: u8) -> Option<Role> {
    Role::ALL.get(usize::from(number)).copied()
}

/// `N` bytes of `bytes` from `at`.
pub(crate) fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at + N)?.try_into().ok()
}
