//! The embedded log: segment files, one writer thread, one sync for all that queued up.

use crate::blocks::BlockWriter;
use crate::file_reader::FileReader;
use crate::files::{Directory, LockRefusal, LogFile, RealDirectory};
use crate::marker::Marker;
use crate::queue::{Fill, GroupSize, Queue, State};
use crate::recovery::{self, Loaded};
use crate::segment::{self, Catalog, Header, Segment, io_error};
use crate::sequence::{Sequence, TopicSet};
use crate::signal::Shared;
use crate::spare::SpareMaker;
use crate::writer::Writer;
use crate::{
    AppendError, EventLog, FileLogConfig, LastOrigins, LogError, NewRecord, NextOffsets, ReadError, Reader,
    Recovery,
};
use assay_trading_types::{Position, Topic};
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

/// A log in a directory, written by this process alone.
///
/// `append` copies the group into a queue and returns; the writer thread writes all that queued up during the last
/// sync, syncs once and moves the durable position. When more than `queue_bytes_max` waits, `append` waits for the
/// disk: producers inside the flow must not be blocked for ever, so back-pressure belongs where work enters, and this
/// bound only keeps memory finite on a disk that is slower than all of them.
///
/// A failed write or sync, a full disk too, poisons the log: every call is refused and nothing is tried again. What
/// had become durable before is found by the next process.
pub struct FileLog {
    queue: Arc<Queue>,
    directory: Arc<dyn Directory>,
    config: FileLogConfig,
    writer: Shared<Option<JoinHandle<()>>>,
    /// Held until the writer has ended: fields are dropped after `Drop::drop` has joined it.
    _lock: Box<dyn Send + Sync>,
}

impl std::fmt::Debug for FileLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (end, durable) = (self.queue.end(), self.queue.durable());
        write!(f, "FileLog({}, end {end}, durable {durable})", self.directory.path())
    }
}

impl FileLog {
    /// Opens the log in `dir`, which is made if it is not there. Reads the headers of all segments and the last
    /// segment; cuts a torn tail.
    ///
    /// # Errors
    /// Another process holds it, it is damaged before the tail, it is of another format, or the disk refuses.
    pub fn open(dir: impl AsRef<Path>, config: FileLogConfig) -> Result<(Self, Recovery), LogError> {
        let dir = dir.as_ref();
        let directory = RealDirectory::create(dir);
        let directory = directory.map_err(|e| io_error("create", &dir.display().to_string(), e))?;
        Self::open_on(Arc::new(directory), config)
    }

    /// As [`FileLog::open`], on any directory: tests pass one that fails.
    ///
    /// # Errors
    /// As [`FileLog::open`].
    pub fn open_on(
        directory: Arc<dyn Directory>,
        config: FileLogConfig,
    ) -> Result<(Self, Recovery), LogError> {
        let lock = lock(&*directory)?;
        let loaded = match recovery::load(&*directory, config.accept_lost_tail)? {
            Some(loaded) => loaded,
            None => begin(&*directory, &config)?,
        };
        recovery::settle(&*directory, &loaded)?;
        let recovery = loaded.recovery();
        let marker = Marker::open(&*directory)?;
        marker.set(recovery.end.0)?;
        let file = open_last(&*directory, &loaded, &config)?;
        let capacity = file.len().map_err(|e| io_error("read", &loaded.last.name, e))?;
        let Loaded { catalog, last, tail, .. } = loaded;
        let (name, byte) = (last.name.clone(), tail.end_byte);
        let blocks = BlockWriter::resume(&*file, byte).map_err(|e| io_error("read", &name, e))?;
        let file = directory.open_direct(&name).map_err(|e| io_error("open", &name, e))?;
        let fill = Fill { segment: last, byte, capacity };
        let queue = Arc::new(Queue::new(catalog, tail.sequence, fill, &config));
        let spare = SpareMaker::start(Arc::clone(&directory), config.segment_bytes)
            .map_err(|e| io_error("start the spare maker of", &directory.path(), e))?;
        let (shared, disk) = (Arc::clone(&queue), Arc::clone(&directory));
        let writer = spawn(Writer { queue: shared, directory: disk, file, name, blocks, marker, spare })?;
        Ok((Self { queue, directory, config, writer, _lock: lock }, recovery))
    }

    /// Newest origin of each producer, over all that was ever appended.
    pub fn last_origins(&self) -> LastOrigins {
        self.queue.state.lock().sequence.origins.clone()
    }

    /// Next offset of each topic-partition.
    pub fn next_offsets(&self) -> NextOffsets {
        self.queue.state.lock().sequence.offsets.clone()
    }

    /// First position held.
    pub fn first(&self) -> Position {
        Position(self.queue.catalog.first())
    }

    /// Takes no more records, makes all that was appended durable and ends the writer thread. Dropping does the same.
    ///
    /// # Errors
    /// The log is or became poisoned: what was not yet durable may be lost.
    pub fn close(&self) -> Result<(), AppendError> {
        self.queue.close();
        if let Some(writer) = self.writer.lock().take() {
            writer.join().map_err(|_| AppendError::Poisoned("the writer thread panicked".into()))?;
        }
        self.poisoned().map_or(Ok(()), |reason| Err(AppendError::Poisoned(reason)))
    }
}

fn lock(directory: &dyn Directory) -> Result<Box<dyn Send + Sync>, LogError> {
    directory.lock().map_err(|refusal| match refusal {
        LockRefusal::HeldBy(holder) => LogError::Locked { dir: directory.path(), holder },
        LockRefusal::Io(e) => io_error("lock", &directory.path(), e),
    })
}

/// Makes the first segment of a new log.
fn begin(directory: &dyn Directory, config: &FileLogConfig) -> Result<Loaded, LogError> {
    let header = Header { salt: directory.salt(), previous: None, sequence: Sequence::default() };
    let encoded = header.encode();
    let capacity = config.segment_bytes.max(encoded.len() as u64);
    segment::create(directory, &segment::name(0), &encoded, capacity)?;
    let last = Arc::new(Segment::new(&header, encoded.len()));
    let tail = crate::tail::Tail { sequence: header.sequence, end_byte: encoded.len() as u64, torn: None };
    Ok(Loaded { catalog: Catalog::new(vec![Arc::clone(&last)]), last, tail, drafts: Vec::new() })
}

/// Opens the last segment for writing, at its full size even if a crash or a copy made it shorter.
fn open_last(
    directory: &dyn Directory,
    loaded: &Loaded,
    config: &FileLogConfig,
) -> Result<Arc<dyn LogFile>, LogError> {
    let name = &loaded.last.name;
    let open = || {
        let file = directory.open(name, true)?;
        if file.len()? < config.segment_bytes {
            file.allocate(config.segment_bytes)?;
        }
        Ok(file)
    };
    open().map_err(|e| io_error("open", name, e))
}

fn spawn(writer: Writer) -> Result<Shared<Option<JoinHandle<()>>>, LogError> {
    let path = writer.directory.path();
    let spawned = std::thread::Builder::new().name("event-log".to_owned()).spawn(move || writer.run());
    spawned.map(|handle| Shared::new(Some(handle))).map_err(|e| io_error("start the writer of", &path, e))
}

impl Drop for FileLog {
    fn drop(&mut self) {
        let told = self.poisoned().is_some();
        if let Err(error) = self.close()
            && !told
        {
            tracing::error!(%error, "event log ends with records that may be lost");
        }
    }
}

impl EventLog for FileLog {
    fn append(&self, records: &mut Vec<NewRecord>) -> Result<Position, AppendError> {
        let size = GroupSize::of(records, &self.config)?;
        let end = self.queue.append(records, &size, &self.config, &|| self.directory.salt())?;
        Ok(Position(end.saturating_sub(1)))
    }

    fn end(&self) -> Position {
        Position(self.queue.end())
    }

    fn durable(&self) -> Position {
        Position(self.queue.durable())
    }

    fn wait_durable(&self, target: Position, timeout: Duration) -> Result<Position, AppendError> {
        let waiting = |s: &mut State| s.durable < target.0 && s.poisoned.is_none();
        let state = self.queue.synced.wait_up_to(self.queue.state.lock(), timeout, waiting);
        match &state.poisoned {
            Some(reason) if state.durable < target.0 => Err(AppendError::Poisoned(Arc::clone(reason))),
            _ => Ok(Position(state.durable)),
        }
    }

    fn on_change(&self, topics: &[Topic], wake: Arc<dyn Fn() + Send + Sync>) {
        let mut state = self.queue.state.lock();
        state.listeners = Arc::new(state.listeners.with_waker(TopicSet::of(topics), wake));
    }

    fn reader(
        &self,
        topics: &[Topic],
        from: Position,
        durable_only: bool,
    ) -> Result<Box<dyn Reader>, ReadError> {
        let (queue, directory) = (Arc::clone(&self.queue), Arc::clone(&self.directory));
        Ok(Box::new(FileReader::new(queue, directory, topics, from, durable_only)?))
    }

    fn poisoned(&self) -> Option<Arc<str>> {
        self.queue.state.lock().poisoned.clone()
    }
}
