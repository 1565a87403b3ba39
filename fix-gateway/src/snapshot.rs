//! The gateway's own state at a position, so that a start need not read the whole log.

use crate::Error;
use crate::backlog::Backlog;
use crate::cancel_on_disconnect::Protection;
use crate::credentials::Replays;
use crate::definitions::Definitions;
use crate::exec_index::ExecIndex;
use crate::journal_index::JournalIndex;
use assay_trading_types::{SessionId, Timestamp};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Version of the file; another one is ignored and the log read instead.
const VERSION: u32 = 6;

/// File name in the snapshot directory. There is one: what it lacks is in the log.
const FILE_NAME: &str = "gateway.json";

/// State of every session, complete up to two positions.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Snapshot {
    version: u32,
    /// Every record of `fix` below it is in here. Valid once the log is durable up to it.
    pub(crate) fix_from: u64,
    /// Every outcome in `accounts` below it was told to its session.
    pub(crate) accounts_from: u64,
    /// Per partition of `accounts`: the offset after the last one told.
    pub(crate) told: Vec<u64>,
    /// Where ExecIDs stand in the log.
    pub(crate) exec_index: ExecIndex,
    /// What the application knows.
    pub(crate) application: serde_json::Value,
    /// Sessions that ever did anything, configured or not.
    pub(crate) sessions: Vec<SessionSnapshot>,
    /// Logons that must not be accepted again.
    pub(crate) logons: Replays,
    /// Sessions whose end costs their open orders.
    pub(crate) protections: Vec<(SessionId, Protection)>,
    /// Sessions as the log defines them.
    pub(crate) definitions: Definitions,
    /// Every record of `admin` below it is in them.
    pub(crate) defined_from: u64,
}

/// One session's numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct SessionSnapshot {
    pub(crate) session: SessionId,
    pub(crate) epoch: u32,
    pub(crate) next_in: u64,
    pub(crate) next_out: u64,
    pub(crate) journal: JournalIndex,
    pub(crate) backlog: Backlog,
    /// When the present numbers were first used.
    pub(crate) began: Option<Timestamp>,
}

impl Snapshot {
    pub(crate) fn new(fix_from: u64, accounts_from: u64, told: Vec<u64>) -> Self {
        Self { version: VERSION, fix_from, accounts_from, told, ..Self::default() }
    }

    /// The snapshot in `dir`, unless there is none, it is damaged, or it is ahead of a log that ends at `end`.
    pub(crate) fn read(dir: &Path, end: u64) -> Option<Self> {
        let file = dir.join(FILE_NAME);
        let bytes = match std::fs::read(&file) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return None,
            Err(error) => {
                tracing::warn!(file = %file.display(), %error, "snapshot cannot be read, reading the log instead");
                return None;
            }
        };
        let snapshot: Self = match serde_json::from_slice(&bytes) {
            Ok(snapshot) => snapshot,
            Err(error) => {
                tracing::warn!(file = %file.display(), %error, "snapshot is damaged, reading the log instead");
                return None;
            }
        };
        let usable = snapshot.version == VERSION && snapshot.fix_from.max(snapshot.accounts_from) <= end;
        usable.then_some(snapshot)
    }

    /// Replaces the snapshot in `dir`; whole or not at all.
    ///
    /// # Errors
    /// The disk refuses.
    pub(crate) fn write(&self, dir: &Path) -> Result<(), Error> {
        let file = dir.join(FILE_NAME);
        let failed = |what: String| Error::Snapshot { file: file.clone(), what };
        let bytes = serde_json::to_vec(self).map_err(|e| failed(e.to_string()))?;
        self.replace(dir, &file, &bytes).map_err(|e| failed(e.to_string()))
    }

    fn replace(&self, dir: &Path, file: &PathBuf, bytes: &[u8]) -> std::io::Result<()> {
        std::fs::create_dir_all(dir)?;
        let draft = dir.join(format!("{FILE_NAME}.draft"));
        let mut out = File::create(&draft)?;
        out.write_all(bytes)?;
        out.sync_all()?;
        std::fs::rename(&draft, file)?;
        File::open(dir)?.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snapshot_ladder() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Snapshot::read(dir.path(), 100), None, "missing");
        let snapshot = Snapshot::new(90, 80, vec![7]);
        snapshot.write(dir.path()).unwrap();
        assert_eq!(Snapshot::read(dir.path(), 100), Some(snapshot.clone()));
        assert_eq!(Snapshot::read(dir.path(), 89), None, "ahead of the log");
        std::fs::write(dir.path().join(FILE_NAME), b"{\"version\":6").unwrap();
        assert_eq!(Snapshot::read(dir.path(), 100), None, "damaged");
        snapshot.write(dir.path()).unwrap();
        assert_eq!(Snapshot::read(dir.path(), 100), Some(snapshot), "replaced");
    }
}
