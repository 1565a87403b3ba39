//! Reads records from segment files, one after another, through as many segments as there are.

use crate::files::Directory;
use crate::frame::Frame;
use crate::frames::{Found, Frames};
use crate::segment::{Catalog, Segment, damaged, io_error};
use crate::sequence::TopicSet;
use crate::{Glimpse, LogError, ReadError, Record};
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
        self.next_as(catalog, topics, |frame| frame.record())
    }

    /// As [`SegmentReader::next`], showing what there is of the record to `see`.
    pub(crate) fn show_next<T>(
        &mut self,
        catalog: &Catalog,
        topics: TopicSet,
        see: impl FnOnce(&Glimpse<'_>) -> T,
    ) -> Result<Option<T>, ReadError> {
        self.next_as(catalog, topics, |frame| frame.glimpse().map(|glimpse| see(&glimpse)))
    }

    fn next_as<T>(
        &mut self,
        catalog: &Catalog,
        topics: TopicSet,
        read: impl FnOnce(Frame<'_>) -> Result<T, &'static str>,
    ) -> Result<Option<T>, ReadError> {
        let next = self.next;
        let mut here = self.open.take();
        let open = match here.take_if(|open| open.holds(next, catalog)) {
            Some(open) => self.open.insert(open),
            None => {
                let open = self.open(catalog)?;
                self.open.insert(open)
            }
        };
        let taken = take(open, next, topics, read)?;
        self.next += 1;
        Ok(taken)
    }

    /// Opens the segment that holds the cursor and goes to its place there.
    fn open(&self, catalog: &Catalog) -> Result<Open, ReadError> {
        let first = Position(catalog.first());
        let gone = ReadError::Gone { asked: Position(self.next), first };
        let (segment, until) = catalog.holding(self.next).ok_or(gone)?;
        // The cache has none of it, for it was written past it, and would only be filled with what is read once.
        let file = self.directory.open_to_stream(&segment.name);
        let file = file.map_err(|e| io_error("open", &segment.name, e))?;
        let (near, byte) = segment.nearest(self.next);
        let mut open = Open { frames: Frames::new(file, segment.salt, byte), segment, until };
        for position in near..self.next {
            take(&mut open, position, TopicSet::of(&[]), |_| Ok(()))?;
        }
        Ok(open)
    }
}

/// The frame that must stand at the cursor.
fn take<T>(
    open: &mut Open,
    position: u64,
    topics: TopicSet,
    read: impl FnOnce(Frame<'_>) -> Result<T, &'static str>,
) -> Result<Option<T>, ReadError> {
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
    decode(segment, frame, at, topics, read)
}

fn decode<T>(
    segment: &Segment,
    frame: Frame<'_>,
    at: u64,
    topics: TopicSet,
    read: impl FnOnce(Frame<'_>) -> Result<T, &'static str>,
) -> Result<Option<T>, ReadError> {
    if frame.topic().is_some_and(|topic| !topics.has(topic)) {
        return Ok(None);
    }
    // The checksum holds, so these bytes were written on purpose: by a later version of the program.
    read(frame).map(Some).map_err(|what| {
        let what = format!("{what} at byte {at} (position {})", frame.position());
        LogError::Foreign { file: segment.name.clone(), what }.into()
    })
}
