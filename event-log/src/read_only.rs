//! The log for offline tools: no lock, nothing changed, up to the last whole group.

use crate::files::{Directory, RealDirectory};
use crate::recovery::{self, Loaded};
use crate::segment::{self, damaged, io_error};
use crate::segment_reader::SegmentReader;
use crate::sequence::{Sequence, TopicSet};
use crate::{LogError, ReadError, Record, Recovery};
use assay_trading_types::{Position, Topic};
use std::path::Path;
use std::sync::Arc;

/// A log as its directory holds it now. A process may be writing it meanwhile: what is appended later is not seen.
pub struct ReadOnlyLog {
    directory: Arc<dyn Directory>,
    loaded: Arc<Loaded>,
}

/// Opens a log for reading only.
///
/// # Errors
/// There is none, it is damaged before the tail, of another format, or the disk refuses.
pub fn open_read_only(dir: impl AsRef<Path>) -> Result<ReadOnlyLog, LogError> {
    ReadOnlyLog::open_on(Arc::new(RealDirectory::existing(dir.as_ref())))
}

/// What [`verify`] found good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Segment files.
    pub segments: u64,
    /// The rest, as opening says it.
    pub recovery: Recovery,
}

/// Reads the whole log and checks every frame, every number and every segment's tables.
///
/// # Errors
/// The first bad one.
pub fn verify(dir: impl AsRef<Path>) -> Result<Verified, ReadError> {
    open_read_only(dir)?.verify()
}

impl ReadOnlyLog {
    /// As [`open_read_only`], on any directory.
    ///
    /// # Errors
    /// As [`open_read_only`].
    pub fn open_on(directory: Arc<dyn Directory>) -> Result<Self, LogError> {
        let loaded = recovery::load(&*directory, false)?.ok_or_else(|| LogError::Foreign {
            file: directory.path(),
            what: "it holds no segment files".to_owned(),
        })?;
        Ok(Self { directory, loaded: Arc::new(loaded) })
    }

    /// What opening it to write would find and cut.
    pub fn recovery(&self) -> Recovery {
        self.loaded.recovery()
    }

    /// Its records from `from` on, in position order, read as they are asked for.
    ///
    /// # Errors
    /// `from` is no longer held.
    pub fn records(&self, from: Position) -> Result<StoredRecords, ReadError> {
        let first = self.loaded.catalog.first();
        if from.0 < first {
            return Err(ReadError::Gone { asked: from, first: Position(first) });
        }
        let reader = SegmentReader::new(Arc::clone(&self.directory), from.0);
        Ok(StoredRecords { reader, loaded: Arc::clone(&self.loaded), failed: false })
    }

    /// As [`verify`].
    ///
    /// # Errors
    /// As [`verify`].
    pub fn verify(&self) -> Result<Verified, ReadError> {
        let segments = self.loaded.catalog.all();
        let mut records = self.records(Position(self.loaded.catalog.first()))?;
        let mut so_far: Option<Sequence> = None;
        for (n, segment) in segments.iter().enumerate() {
            let file = self.directory.open(&segment.name, false);
            let file = file.map_err(|e| io_error("open", &segment.name, e))?;
            let (header, _) = segment::read_header(&*file, segment.base)?;
            if so_far.as_ref().is_some_and(|sequence| *sequence != header.sequence) {
                let what = "the header's tables are not what the records before it give";
                return Err(damaged(&segment.name, 0, segment.base, what).into());
            }
            let until = segments.get(n + 1).map_or(self.loaded.tail.sequence.end, |next| next.base);
            so_far = Some(check_records(&mut records, header.sequence, until, &segment.name)?);
        }
        Ok(Verified { segments: segments.len() as u64, recovery: self.recovery() })
    }
}

fn check_records(
    records: &mut StoredRecords,
    mut sequence: Sequence,
    until: u64,
    file: &str,
) -> Result<Sequence, ReadError> {
    while sequence.end < until {
        let Some(record) = records.next().transpose()? else { break };
        let Record { topic, partition, offset, origin, position, .. } = record;
        let next = sequence.offsets.next(topic, partition);
        if offset != next {
            let what = format!("{topic}/{partition} goes on at offset {offset}, not {next}");
            return Err(damaged(file, 0, position.0, &what).into());
        }
        sequence.pass(topic, partition, offset, origin);
    }
    Ok(sequence)
}

impl IntoIterator for ReadOnlyLog {
    type Item = Result<Record, ReadError>;
    type IntoIter = StoredRecords;

    /// All records.
    fn into_iter(self) -> StoredRecords {
        let reader = SegmentReader::new(self.directory, self.loaded.catalog.first());
        StoredRecords { reader, loaded: self.loaded, failed: false }
    }
}

/// Records of a [`ReadOnlyLog`], streamed. Ends at the torn tail, or after the first error.
pub struct StoredRecords {
    reader: SegmentReader,
    loaded: Arc<Loaded>,
    failed: bool,
}

impl Iterator for StoredRecords {
    type Item = Result<Record, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed || self.reader.position() >= self.loaded.tail.sequence.end {
            return None;
        }
        let next = self.reader.next(&self.loaded.catalog, TopicSet::of(&Topic::ALL)).transpose();
        self.failed = matches!(next, Some(Err(_)));
        next
    }
}
