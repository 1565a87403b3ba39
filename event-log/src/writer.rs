//! The one thread that writes: takes what queued up during the last sync, writes it, syncs once, says so.

use crate::blocks::BlockWriter;
use crate::files::{Directory, LogFile};
use crate::marker::Marker;
use crate::queue::{Batch, Queue, Roll};
use crate::segment::{self, io_error};
use crate::spare::SpareMaker;
use crate::{LogError, Record};
use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Least time between the beginnings of two syncs. A sync costs tens of microseconds of CPU whatever it carries, so
/// under load the writer lets records gather instead of syncing as often as the disk allows; after a pause the first
/// record is synced at once. About one sync time of a good disk.
const SYNC_SPACING: Duration = Duration::from_micros(120);

/// The same after a batch of [`BUSY_BATCH_BYTES`]: tens of thousands of orders a second wait a little longer together,
/// and leave the cores to one another.
const BUSY_SYNC_SPACING: Duration = Duration::from_micros(400);

/// What gathers within two [`SYNC_SPACING`]s at some 20,000 orders/s.
const BUSY_BATCH_BYTES: usize = 32 * 1024;

pub(crate) struct Writer {
    pub(crate) queue: Arc<Queue>,
    pub(crate) directory: Arc<dyn Directory>,
    pub(crate) file: Arc<dyn LogFile>,
    pub(crate) name: String,
    /// Where the next frame goes.
    pub(crate) blocks: BlockWriter,
    pub(crate) marker: Marker,
    pub(crate) spare: SpareMaker,
}

impl Writer {
    /// Writes until the log is closed or a write or sync fails. A failed sync is never tried again: the kernel may
    /// have dropped the pages it could not write, and a second sync would then succeed without them.
    pub(crate) fn run(mut self) {
        let mut batch = Batch::default();
        let mut evicted: Vec<Arc<Record>> = Vec::new();
        let mut last: Option<Instant> = None;
        while self.queue.wait_for_work() {
            let busy = batch.bytes.len() >= BUSY_BATCH_BYTES;
            space_out(&mut last, if busy { BUSY_SYNC_SPACING } else { SYNC_SPACING });
            if !self.queue.next_batch(&mut batch) {
                return;
            }
            if let Err(error) = self.write(&batch) {
                let reason = with_source(&error);
                // Everyone who appends or waits is told, and says it.
                tracing::debug!(reason, "event log is poisoned");
                self.queue.poison(&reason);
                return;
            }
            self.queue.set_durable(batch.end, batch.topics);
            self.queue.trim_ring(&mut evicted);
        }
    }

    fn write(&mut self, batch: &Batch) -> Result<(), LogError> {
        let mut written = 0;
        for roll in &batch.rolls {
            self.write_frames(&batch.bytes[written..roll.at])?;
            // Also without frames of this batch, so that a segment is complete on disk once a next one exists.
            self.sync()?;
            self.roll(roll)?;
            written = roll.at;
        }
        self.write_frames(&batch.bytes[written..])?;
        self.sync()?;
        self.spare.filled(self.blocks.byte());
        self.marker.set(batch.end)
    }

    fn roll(&mut self, roll: &Roll) -> Result<(), LogError> {
        let directory = &*self.directory;
        self.file = match self.spare.take(roll.capacity) {
            true => segment::create_from_spare(directory, &roll.name, &roll.header)?,
            false => segment::create(directory, &roll.name, &roll.header, roll.capacity)?,
        };
        self.name.clone_from(&roll.name);
        self.blocks.begin(roll.header.len() as u64);
        Ok(())
    }

    fn write_frames(&mut self, frames: &[u8]) -> Result<(), LogError> {
        self.blocks.write(&*self.file, frames).map_err(|e| io_error("write", &self.name, e))
    }

    fn sync(&self) -> Result<(), LogError> {
        self.file.sync().map_err(|e| io_error("sync", &self.name, e))
    }
}

/// Waits until `spacing` has passed since `last`, which becomes now.
#[allow(clippy::disallowed_methods)] // the writer drives the disk; no record depends on this reading
fn space_out(last: &mut Option<Instant>, spacing: Duration) {
    if let Some(rest) = last.and_then(|last| spacing.checked_sub(last.elapsed())) {
        std::thread::sleep(rest);
    }
    *last = Some(Instant::now());
}

fn with_source(error: &LogError) -> String {
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
