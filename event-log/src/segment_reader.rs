//! Reads records from segment files, one after another, through as many segments as there are.

use crate::files::Directory;
use crate::frame::Frame;
use crate::frames::{Found, Frames};
use crate::segment::{Catalog, Segment, damaged, io_error};
use crate::sequence::TopicSet;
use crate::{LogError, ReadError, Record};
use assay_trading_types::Position;
use std::sync::Arc;

/// A cursor over the log's files. Memory: one read buffer.
pub(crate) struct SegmentReader {
    directory: Arc<dyn Directory>,
    next: u64,
    open: Option<Open>,
}

struct Open {
    segment: Arc<Segment>,
    frames: Frames,
    /// Base of the next segment, if there is one.
    until: Option<u64>,
}

impl Open {
    /// Whether a position is in this segment. The last segment may have ceased to be the last.
    fn holds(&mut self, position: u64, catalog: &Catalog) -> bool {
        if self.until.is_none() {
            self.until = catalog.after(self.segment.base);
        }
        self.until.is_none_or(|until| position < until)
    }
}

impl SegmentReader {
    pub(crate) fn new(directory: Arc<dyn Directory>, from: u64) -> Self {
        Self { directory, next: from, open: None }
    }

    /// Position of the next record.
    pub(crate) fn position(&self) -> u64 {
        self.next
    }

    /// The record at the cursor, or nothing when it is of another topic. It must be in the files.
    pub(crate) fn next(&mut self, catalog: &Catalog, topics: TopicSet) -> Result<Option<Record>, ReadError> {
        let mut open = match self.open.take() {
            Some(open) => open,
            None => self.open(catalog)?,
        };
        if !open.holds(self.next, catalog) {
            open = self.open(catalog)?;
        }
        let open = self.open.insert(open);
        let record = take(open, self.next, topics)?;
        self.next += 1;
        Ok(record)
    }

    /// Opens the segment that holds the cursor and goes to its place there.
    fn open(&self, catalog: &Catalog) -> Result<Open, ReadError> {
        let first = Position(catalog.first());
        let gone = ReadError::Gone { asked: Position(self.next), first };
        let (segment, until) = catalog.holding(self.next).ok_or(gone)?;
        let file = self.directory.open(&segment.name, false);
        let file = file.map_err(|e| io_error("open", &segment.name, e))?;
        let (near, byte) = segment.nearest(self.next);
        let mut open = Open { frames: Frames::new(file, segment.salt, byte), segment, until };
        for position in near..self.next {
            take(&mut open, position, TopicSet::of(&[]))?;
        }
        Ok(open)
    }
}

/// The frame that must stand at the cursor.
fn take(open: &mut Open, position: u64, topics: TopicSet) -> Result<Option<Record>, ReadError> {
    let Open { segment, frames, .. } = open;
    let byte = frames.at();
    let found = frames.next_fresh().map_err(|e| io_error("read", &segment.name, e))?;
    let Found::Frame { frame, at } = found else {
        return Err(damaged(&segment.name, byte, position, "no good frame").into());
    };
    if frame.position() != position {
        let what = format!("a frame of position {} stands here", frame.position());
        return Err(damaged(&segment.name, at, position, &what).into());
    }
    segment.note(position, at);
    decode(segment, frame, at, topics)
}

fn decode(
    segment: &Segment,
    frame: Frame<'_>,
    at: u64,
    topics: TopicSet,
) -> Result<Option<Record>, ReadError> {
    if frame.topic().is_some_and(|topic| !topics.has(topic)) {
        return Ok(None);
    }
    // The checksum holds, so these bytes were written on purpose: by a later version of the program.
    frame.record().map(Some).map_err(|what| {
        let what = format!("{what} at byte {at} (position {})", frame.position());
        LogError::Foreign { file: segment.name.clone(), what }.into()
    })
}
