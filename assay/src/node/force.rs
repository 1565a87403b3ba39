//! Brings the configuration into force when it differs from the one that is.

use super::{DataDir, NodeError};
use crate::clock;
use crate::config::Config;
use crate::configure;
use assay_event_log::EventLog;
use std::path::Path;

/// Appends the configuration's events unless the digest of the last one in force is the same. The digest is kept
/// beside the log so that a start need not read the whole log for it; without the file all of it is appended once
/// more, which changes nothing.
pub(crate) fn bring(config: &Config, log: &dyn EventLog, data_dir: &DataDir) -> Result<(), NodeError> {
    let mut timetables = configure::timetables(config, clock::now());
    if !timetables.is_empty() {
        log.append(&mut timetables)?;
    }
    let file = data_dir.root().join("configuration.digest");
    let digest = configure::digest(config);
    if log.end().0 > 0 && std::fs::read_to_string(&file).is_ok_and(|text| text == digest) {
        return Ok(());
    }
    let at = clock::now();
    // Versions only have to grow; the log's end does.
    let mut records = configure::records(config, log.end().0 + 1, at);
    records.push(configure::loaded(digest.clone(), at));
    let last = log.append(&mut records)?;
    log.wait_durable(assay_trading_types::Position(last.0 + 1), SYNC_MAX)?;
    write(&file, &digest)
        .map_err(|source| NodeError::Io { doing: format!("write {}", file.display()), source })
}

/// A disk that has not synced a few records by then has failed.
const SYNC_MAX: std::time::Duration = std::time::Duration::from_secs(10);

fn write(file: &Path, digest: &str) -> std::io::Result<()> {
    let partial = file.with_extension("partial");
    std::fs::write(&partial, digest)?;
    std::fs::rename(partial, file)
}
