//! Segment files: their names, their headers (`docs/wire/event-log.md`, section "Segment") and the list of them.

use crate::files::{Directory, LogFile, read_full_at, write_all_at};
use crate::frame::{array, role_of};
use crate::sequence::Sequence;
use crate::signal::Shared;
use crate::spare;
use crate::{LastOrigins, LogError, NextOffsets, OutputId, Producer};
use assay_trading_types::{Position, Topic};
use std::io;
use std::sync::Arc;

const MAGIC: &[u8; 8] = b"ASSAYLOG";
const VERSION: u32 = 1;
const FIXED_BYTES: usize = 56;
const OFFSET_ENTRY_BYTES: usize = 12;
const ORIGIN_ENTRY_BYTES: usize = 16;
/// Headers fill whole blocks, so that no write of a frame touches a block that holds header bytes.
const HEADER_ALIGN: usize = 4096;
/// No header is longer: each topic-partition and each producer once.
const HEADER_BYTES_MAX: usize = 64 << 20;
const CRC_FROM: usize = 20;
const NO_PREVIOUS: u64 = u64::MAX;
const SUFFIX: &str = ".log";
const DRAFT_SUFFIX: &str = ".new";
const NAME_DIGITS: usize = 20;

/// What stands before a segment's frames: all that a reader needs to number what follows without what went before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    /// Seeds the checksums of this segment's frames: bytes of another segment never pass for frames of this.
    pub(crate) salt: u32,
    /// Base position of the segment before and where its frames end.
    pub(crate) previous: Option<(u64, u64)>,
    /// Numbers at the beginning of this segment; `end` is its base position.
    pub(crate) sequence: Sequence,
}

impl Header {
    pub(crate) fn base(&self) -> u64 {
        self.sequence.end
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let offsets: Vec<_> = self.sequence.offsets.iter().collect();
        let origins: Vec<_> = self.sequence.origins.iter().collect();
        let (previous_base, previous_end) = self.previous.unwrap_or((NO_PREVIOUS, 0));
        let mut out = Vec::with_capacity(HEADER_ALIGN);
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&VERSION.to_le_bytes());
        out.extend_from_slice(&[0; 8]);
        out.extend_from_slice(&self.salt.to_le_bytes());
        out.extend_from_slice(&self.base().to_le_bytes());
        out.extend_from_slice(&previous_base.to_le_bytes());
        out.extend_from_slice(&previous_end.to_le_bytes());
        out.extend_from_slice(&(offsets.len() as u32).to_le_bytes());
        out.extend_from_slice(&(origins.len() as u32).to_le_bytes());
        for (topic, partition, next) in offsets {
            out.extend_from_slice(&[topic as u8, 0]);
            out.extend_from_slice(&partition.to_le_bytes());
            out.extend_from_slice(&next.to_le_bytes());
        }
        for (producer, last) in origins {
            out.extend_from_slice(&[producer.role as u8, producer.topic as u8]);
            out.extend_from_slice(&producer.partition.to_le_bytes());
            out.extend_from_slice(&last.offset.to_le_bytes());
            out.extend_from_slice(&last.index.to_le_bytes());
            out.extend_from_slice(&[0; 2]);
        }
        out.resize(out.len().next_multiple_of(HEADER_ALIGN), 0);
        let bytes = out.len() as u32;
        out[12..16].copy_from_slice(&bytes.to_le_bytes());
        let crc = crc32c::crc32c(&out[CRC_FROM..]);
        out[16..20].copy_from_slice(&crc.to_le_bytes());
        out
    }

    /// Reads what [`Header::encode`] wrote; the checksum has been checked.
    fn decode(bytes: &[u8]) -> Option<Self> {
        let previous_base = u64::from_le_bytes(array(bytes, 32)?);
        let previous_end = u64::from_le_bytes(array(bytes, 40)?);
        let offset_count = u32::from_le_bytes(array(bytes, 48)?) as usize;
        let origin_count = u32::from_le_bytes(array(bytes, 52)?) as usize;
        let origins_at = FIXED_BYTES + offset_count.checked_mul(OFFSET_ENTRY_BYTES)?;
        let tables_end = origins_at.checked_add(origin_count.checked_mul(ORIGIN_ENTRY_BYTES)?)?;
        let mut offsets = NextOffsets::default();
        for entry in bytes.get(FIXED_BYTES..origins_at)?.chunks_exact(OFFSET_ENTRY_BYTES) {
            let partition = u16::from_le_bytes(array(entry, 2)?);
            offsets.set(Topic::from_number(entry[0])?, partition, u64::from_le_bytes(array(entry, 4)?));
        }
        let entries = bytes.get(origins_at..tables_end)?.chunks_exact(ORIGIN_ENTRY_BYTES);
        let origins: Option<LastOrigins> = entries.map(decode_origin_entry).collect();
        Some(Self {
            salt: u32::from_le_bytes(array(bytes, 20)?),
            previous: (previous_base != NO_PREVIOUS).then_some((previous_base, previous_end)),
            sequence: Sequence { end: u64::from_le_bytes(array(bytes, 24)?), offsets, origins: origins? },
        })
    }
}

fn decode_origin_entry(entry: &[u8]) -> Option<(Producer, OutputId)> {
    let producer = Producer {
        role: role_of(entry[0])?,
        topic: Topic::from_number(entry[1])?,
        partition: u16::from_le_bytes(array(entry, 2)?),
    };
    let output = OutputId {
        offset: u64::from_le_bytes(array(entry, 4)?),
        index: u16::from_le_bytes(array(entry, 12)?),
    };
    Some((producer, output))
}

/// One segment of the log.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) name: String,
    pub(crate) base: u64,
    pub(crate) salt: u32,
    /// Where its frames begin.
    pub(crate) frames_at: u64,
    /// Some positions and where their frames begin, ascending: a reader starts at the nearest before what it wants.
    index: Shared<Vec<(u64, u64)>>,
}

/// Bytes between two entries of a segment's index: a reader that seeks skips over less than this, and a 256 MiB
/// segment costs 16 KiB of memory.
const INDEX_STRIDE_BYTES: u64 = 256 << 10;

impl Segment {
    pub(crate) fn new(header: &Header, header_bytes: usize) -> Self {
        let (base, salt, frames_at) = (header.base(), header.salt, header_bytes as u64);
        Self { name: name(base), base, salt, frames_at, index: Shared::new(vec![(base, frames_at)]) }
    }

    /// Notes where the frame of a position begins, if the last note is far enough away.
    pub(crate) fn note(&self, position: u64, byte: u64) {
        let mut index = self.index.lock();
        if index.last().is_none_or(|last| byte >= last.1 + INDEX_STRIDE_BYTES) {
            index.push((position, byte));
        }
    }

    /// The nearest noted position not after `position`, and where its frame begins.
    pub(crate) fn nearest(&self, position: u64) -> (u64, u64) {
        let index = self.index.lock();
        let after = index.partition_point(|entry| entry.0 <= position);
        index[after.max(1) - 1]
    }
}

/// The segments of a log, oldest first; never empty once the log is open.
#[derive(Debug, Default)]
pub(crate) struct Catalog(Shared<Vec<Arc<Segment>>>);

impl Catalog {
    pub(crate) fn new(segments: Vec<Arc<Segment>>) -> Self {
        Self(Shared::new(segments))
    }

    pub(crate) fn push(&self, segment: Arc<Segment>) {
        self.0.lock().push(segment);
    }

    pub(crate) fn all(&self) -> Vec<Arc<Segment>> {
        self.0.lock().clone()
    }

    /// First position held.
    pub(crate) fn first(&self) -> u64 {
        self.0.lock().first().map_or(0, |segment| segment.base)
    }

    /// Base position of the segment after the one with this base position, if there is one.
    pub(crate) fn after(&self, base: u64) -> Option<u64> {
        let segments = self.0.lock();
        let after = segments.partition_point(|segment| segment.base <= base);
        segments.get(after).map(|next| next.base)
    }

    /// The segment that holds a position, and where the next segment begins.
    pub(crate) fn holding(&self, position: u64) -> Option<(Arc<Segment>, Option<u64>)> {
        let segments = self.0.lock();
        let after = segments.partition_point(|segment| segment.base <= position);
        let segment = segments.get(after.checked_sub(1)?)?;
        Some((Arc::clone(segment), segments.get(after).map(|next| next.base)))
    }
}

/// File name of the segment with this base position.
pub(crate) fn name(base: u64) -> String {
    format!("{base:0NAME_DIGITS$}{SUFFIX}")
}

/// Base positions of the segments in a directory, ascending, and names of drafts that a crash left.
pub(crate) fn list(directory: &dyn Directory) -> Result<(Vec<u64>, Vec<String>), LogError> {
    let names = directory.names().map_err(|e| io_error("list", &directory.path(), e))?;
    let mut bases: Vec<u64> = names.iter().filter_map(|name| base_of(name)).collect();
    bases.sort_unstable();
    Ok((bases, names.into_iter().filter(|name| is_draft(name)).collect()))
}

fn is_draft(name: &str) -> bool {
    name == spare::NAME || name.strip_suffix(DRAFT_SUFFIX).and_then(base_of).is_some()
}

fn base_of(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(SUFFIX)?;
    (digits.len() == NAME_DIGITS && digits.bytes().all(|b| b.is_ascii_digit())).then_some(())?;
    digits.parse().ok()
}

/// Makes a segment file and opens it for its frames.
pub(crate) fn create(
    directory: &dyn Directory,
    name: &str,
    header: &[u8],
    bytes: u64,
) -> Result<Arc<dyn LogFile>, LogError> {
    let draft = format!("{name}{DRAFT_SUFFIX}");
    let make = || {
        directory.create(&draft)?.allocate(bytes)?;
        christen(directory, &draft, name, header)
    };
    make().map_err(|e| io_error("create", name, e))
}

/// As [`create`], of the spare, which is all zeros.
pub(crate) fn create_from_spare(
    directory: &dyn Directory,
    name: &str,
    header: &[u8],
) -> Result<Arc<dyn LogFile>, LogError> {
    christen(directory, spare::NAME, name, header).map_err(|e| io_error("create", name, e))
}

/// Gives a file its header, and its name only when that is durable: a named segment always has one.
fn christen(
    directory: &dyn Directory,
    from: &str,
    name: &str,
    header: &[u8],
) -> io::Result<Arc<dyn LogFile>> {
    let file = directory.open(from, true)?;
    write_all_at(&*file, header, 0)?;
    file.sync()?;
    directory.rename(from, name)?;
    directory.sync()?;
    directory.open_direct(name)
}

/// Reads and checks the header of a segment file; also says how many bytes it takes.
pub(crate) fn read_header(file: &dyn LogFile, base: u64) -> Result<(Header, usize), LogError> {
    let name = name(base);
    let mut bytes = vec![0; HEADER_ALIGN];
    let read = read_full_at(file, &mut bytes, 0).map_err(|e| io_error("read", &name, e))?;
    if read < MAGIC.len() || !bytes.starts_with(MAGIC) {
        return Err(LogError::Foreign { file: name, what: "it does not begin with ASSAYLOG".to_owned() });
    }
    let version = u32::from_le_bytes(array(&bytes, 8).unwrap_or_default());
    if version != VERSION {
        let what = format!("format version {version}, this program knows {VERSION}");
        return Err(LogError::Foreign { file: name, what });
    }
    let length = u32::from_le_bytes(array(&bytes, 12).unwrap_or_default()) as usize;
    let damaged = |what: &str| damaged(&name, 0, base, what);
    if !(HEADER_ALIGN..=HEADER_BYTES_MAX).contains(&length) || !length.is_multiple_of(HEADER_ALIGN) {
        return Err(damaged("header has a wrong length"));
    }
    bytes.resize(length, 0);
    let read = read_full_at(file, &mut bytes, 0).map_err(|e| io_error("read", &name, e))?;
    let crc = u32::from_le_bytes(array(&bytes, 16).unwrap_or_default());
    if read < length || crc32c::crc32c(&bytes[CRC_FROM..]) != crc {
        return Err(damaged("header has a wrong checksum"));
    }
    let header = Header::decode(&bytes).ok_or_else(|| damaged("header tables are malformed"))?;
    if header.base() != base {
        return Err(damaged("header is of another segment"));
    }
    Ok((header, length))
}

/// A refusal to go on with bad bytes.
pub(crate) fn damaged(file: &str, byte: u64, position: u64, what: &str) -> LogError {
    LogError::Damaged { file: file.to_owned(), byte, position: Position(position), what: what.to_owned() }
}

pub(crate) fn io_error(doing: &'static str, file: &str, source: io::Error) -> LogError {
    LogError::Io { doing, file: file.to_owned(), source }
}
