//! Risk or execution behind one that leads: up to date, so that it can take over at once.

use crate::node::{NodeError, newest_snapshot};
use assay_event_log::{EventLog, Recovery};
use assay_pipeline::{Pipeline, SnapshotStore, Stages};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// A pipeline that appends nothing yet.
pub(super) struct Standby {
    log: Arc<dyn EventLog>,
    pipeline: Pipeline,
    snapshots: SnapshotStore,
}

impl Standby {
    /// From the newest snapshot in `snapshots`, or from the beginning of the log.
    pub(super) fn begin(log: Arc<dyn EventLog>, stages: Stages, snapshots: &Path) -> Result<Self, NodeError> {
        let snapshots = SnapshotStore::open(snapshots)?;
        let snapshot = newest_snapshot(&snapshots, &*log)?;
        let pipeline = Pipeline::follow(&log, stages, snapshot.as_ref())?;
        Ok(Self { log, pipeline, snapshots })
    }

    /// Applies what there is, waiting up to `timeout` for something.
    pub(super) fn turn(&mut self, timeout: Duration) -> Result<(), NodeError> {
        self.pipeline.turn_wait(&*self.log, || None, timeout)?;
        Ok(())
    }

    /// The pipeline, if it can lead from where it is.
    pub(super) fn lead(mut self, recovery: &Recovery) -> Option<(Pipeline, SnapshotStore)> {
        let leads = self.pipeline.lead(recovery.last_origins.clone(), recovery.end);
        leads.then_some((self.pipeline, self.snapshots))
    }
}
