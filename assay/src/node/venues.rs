//! Threads of sessions with outside venues.

use super::{DataDir, Node, NodeError};
use crate::clock;
use crate::config::{Config, VenueConfig};
use assay_event_log::EventLog;
use assay_venues::{FixVenue, PaperVenue, Venue, VenueService, VenueVitals};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// What each venue's thread is told, and what it will tell.
pub(super) fn of(
    config: &Config,
    data_dir: &DataDir,
) -> Result<Vec<(VenueConfig, Arc<VenueVitals>)>, NodeError> {
    let dir = data_dir.venues();
    let configs = config.venue_configs(&dir).map_err(NodeError::Configuration)?;
    if !configs.is_empty() {
        std::fs::create_dir_all(&dir)
            .map_err(|source| NodeError::Io { doing: format!("make {}", dir.display()), source })?;
    }
    let with_vitals = |mut config: VenueConfig| {
        let venue = match &mut config {
            VenueConfig::Fix(fix) => {
                fix.initiator.utc = || clock::now().as_ns();
                fix.venue
            }
            VenueConfig::Paper(venue) => *venue,
        };
        (config, Arc::new(VenueVitals::new(venue)))
    };
    Ok(configs.into_iter().map(with_vitals).collect())
}

impl Node {
    /// Drives one venue until the node stops.
    pub(super) fn run_venue(
        &mut self,
        config: VenueConfig,
        vitals: Arc<VenueVitals>,
    ) -> Result<(), NodeError> {
        let (log, stop) = (Arc::clone(&self.log), Arc::clone(&self.stop));
        self.run("venue", move || match config {
            VenueConfig::Fix(config) => drive(FixVenue::open(*config)?, log, vitals, &stop),
            VenueConfig::Paper(_) => drive(PaperVenue::default(), log, vitals, &stop),
        })
    }
}

fn drive(
    venue: impl Venue,
    log: Arc<dyn EventLog>,
    vitals: Arc<VenueVitals>,
    stop: &AtomicBool,
) -> Result<(), NodeError> {
    VenueService::begin(venue, log, clock::now, vitals)?.run(stop).map_err(NodeError::from)
}
