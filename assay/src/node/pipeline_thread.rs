//! The thread that turns risk and execution and keeps their snapshots.

use super::NodeError;
use crate::clock;
use crate::health::Vitals;
use assay_event_log::EventLog;
use assay_pipeline::{Pipeline, Snapshot, SnapshotStore};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How long an idle turn waits, so that ticks and a stop are never late by more.
const IDLE_WAIT: Duration = Duration::from_millis(20);

/// The last snapshot waits this long for the disk at a stop.
const FINAL_SYNC_MAX: Duration = Duration::from_secs(10);

/// What the thread owns.
pub(super) struct PipelineThread {
    pub(super) pipeline: Pipeline,
    pub(super) log: Arc<dyn EventLog>,
    pub(super) snapshots: SnapshotStore,
    pub(super) snapshot_records: u64,
    pub(super) vitals: Arc<Vitals>,
    pub(super) stop: Arc<AtomicBool>,
}

impl PipelineThread {
    /// Turns until told to stop, then drains what is under way and leaves a snapshot.
    pub(super) fn run(mut self) -> Result<(), NodeError> {
        let mut applied = 0;
        let mut snapshot_at = self.snapshot_records;
        let mut waiting: Option<Snapshot> = None;
        while !self.stop.load(Ordering::Acquire) {
            applied += self.pipeline.turn_wait(&*self.log, || Some(clock::now()), IDLE_WAIT)? as u64;
            self.tell(applied);
            if applied >= snapshot_at {
                waiting = Some(self.pipeline.snapshot());
                snapshot_at = applied + self.snapshot_records;
            }
            if let Some(snapshot) = waiting.take_if(|s| s.depends_on <= self.log.durable()) {
                self.keep_aside(snapshot)?;
            }
        }
        self.finish()
    }

    fn finish(mut self) -> Result<(), NodeError> {
        while self.pipeline.turn(&*self.log, None)? > 0 {}
        let snapshot = self.pipeline.snapshot();
        let durable = self.log.wait_durable(snapshot.depends_on, FINAL_SYNC_MAX)?;
        self.snapshots.write(&snapshot, durable)?;
        Ok(())
    }

    /// Writes a snapshot on a thread of its own: the sync of a large file must not hold up orders.
    fn keep_aside(&self, snapshot: Snapshot) -> Result<(), NodeError> {
        let (snapshots, durable) = (self.snapshots.clone(), self.log.durable());
        let spawned = std::thread::Builder::new().name("snapshot".to_owned()).spawn(move || {
            if let Err(error) = snapshots.write(&snapshot, durable) {
                tracing::error!(%error, "snapshot not written; the next recovery replays more");
            }
        });
        spawned
            .map(drop)
            .map_err(|source| NodeError::Io { doing: "start thread snapshot".to_owned(), source })
    }

    fn tell(&self, applied: u64) {
        let open = self.pipeline.execution().open_order_count() as u64;
        self.vitals.open_orders.store(open, Ordering::Relaxed);
        self.vitals.applied_records.store(applied, Ordering::Relaxed);
        self.vitals.pipeline_position.store(self.pipeline.position().0, Ordering::Relaxed);
    }
}
