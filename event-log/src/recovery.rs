//! Opens what a directory holds: the headers of all segments and the frames of the last.

use crate::files::{Directory, write_all_at};
use crate::frames::Frames;
use crate::segment::{self, Catalog, Header, Segment, damaged, io_error};
use crate::tail::{self, Tail};
use crate::{LogError, Recovery, marker};
use assay_trading_types::Position;
use std::sync::Arc;

/// A log as found on disk.
pub(crate) struct Loaded {
    pub(crate) catalog: Catalog,
    pub(crate) last: Arc<Segment>,
    pub(crate) tail: Tail,
    pub(crate) drafts: Vec<String>,
}

impl Loaded {
    pub(crate) fn recovery(&self) -> Recovery {
        let (first, end) = (self.catalog.first(), self.tail.sequence.end);
        Recovery {
            records: end - first,
            first: Position(first),
            end: Position(end),
            torn: self.tail.torn.clone(),
            next_offsets: self.tail.sequence.offsets.clone(),
            last_origins: self.tail.sequence.origins.clone(),
        }
    }
}

/// Reads a directory; changes nothing. `None` when it holds no log yet.
pub(crate) fn load(directory: &dyn Directory, accept_lost: bool) -> Result<Option<Loaded>, LogError> {
    // The marker is read first: a log that is being written meanwhile can only be further than it says.
    let durable = marker::read(directory)?;
    let (bases, drafts) = segment::list(directory)?;
    let Some(last_base) = bases.last().copied() else {
        if durable > 0 && !accept_lost {
            let what = format!("all segments are missing, and records up to position {durable} were durable");
            return Err(damaged(&directory.path(), 0, 0, &what));
        }
        return Ok(None);
    };
    let mut segments: Vec<Arc<Segment>> = Vec::with_capacity(bases.len());
    for base in bases {
        let (segment, header) = read_segment(directory, base, segments.last().map(|s| s.base))?;
        if base == last_base {
            let frames = open_frames(directory, &segment)?;
            let tail = tail::read(&segment, &header, frames, durable, accept_lost)?;
            let last = Arc::new(segment);
            segments.push(Arc::clone(&last));
            return Ok(Some(Loaded { catalog: Catalog::new(segments), last, tail, drafts }));
        }
        segments.push(Arc::new(segment));
    }
    Ok(None)
}

fn open_frames(directory: &dyn Directory, segment: &Segment) -> Result<Frames, LogError> {
    let file = directory.open(&segment.name, false).map_err(|e| io_error("open", &segment.name, e))?;
    Ok(Frames::new(file, segment.salt, segment.frames_at))
}

/// Checks a header and that the segment before is the one it names, as long as it was.
fn read_segment(
    directory: &dyn Directory,
    base: u64,
    before: Option<u64>,
) -> Result<(Segment, Header), LogError> {
    let name = segment::name(base);
    let file = directory.open(&name, false).map_err(|e| io_error("open", &name, e))?;
    let (header, header_bytes) = segment::read_header(&*file, base)?;
    if let Some(before) = before {
        let (previous, previous_end) = header.previous.unwrap_or((u64::MAX, 0));
        if previous != before {
            let what = format!("the segment before it, {}, is missing", segment::name(previous));
            return Err(damaged(&name, 0, base, &what));
        }
        let before = segment::name(before);
        let length = directory.open(&before, false).and_then(|f| f.len());
        if length.map_err(|e| io_error("open", &before, e))? < previous_end {
            return Err(damaged(&before, previous_end, base, "the file is shorter than its frames were"));
        }
    }
    Ok((Segment::new(&header, header_bytes), header))
}

/// Zeros written at a time when a torn tail is cut.
static ZEROS: [u8; 64 << 10] = [0; 64 << 10];

/// Makes the loaded log fit to be continued: overwrites the torn tail with zeros so that it is never read again, makes
/// the rest durable, and removes drafts.
pub(crate) fn settle(directory: &dyn Directory, loaded: &Loaded) -> Result<(), LogError> {
    let name = &loaded.last.name;
    let file = directory.open(name, true).map_err(|e| io_error("open", name, e))?;
    if let Some(torn) = &loaded.tail.torn {
        let (mut at, end) = (torn.byte, torn.byte + torn.bytes);
        while at < end {
            let step = ZEROS.len().min((end - at) as usize);
            write_all_at(&*file, &ZEROS[..step], at).map_err(|e| io_error("cut", name, e))?;
            at += step as u64;
        }
    }
    file.sync().map_err(|e| io_error("sync", name, e))?;
    for draft in &loaded.drafts {
        directory.remove(draft).map_err(|e| io_error("remove", draft, e))?;
    }
    // The process before may have been killed between naming its last segment and making the name durable.
    directory.sync().map_err(|e| io_error("sync", &directory.path(), e))
}
