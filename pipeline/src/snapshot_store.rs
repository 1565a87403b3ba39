//! Snapshots as files of a directory: whole or not at all.

use crate::{Error, Snapshot};
use assay_trading_types::Position;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Snapshots kept. The newest is what recovery uses; the one before is for the case that the newest is unreadable.
pub const SNAPSHOTS_KEPT: usize = 2;

const EXTENSION: &str = "snapshot";

/// Extension of a file that is still being written.
const DRAFT: &str = "tmp";

/// A directory of snapshots, named by position.
#[derive(Debug, Clone)]
pub struct SnapshotStore {
    dir: PathBuf,
}

impl SnapshotStore {
    /// The snapshots in `dir`, which is created if missing. What a crash left half written is deleted: nobody would
    /// ever write under that name again.
    ///
    /// # Errors
    /// The directory cannot be created or changed.
    pub fn open(dir: &Path) -> Result<Self, Error> {
        fs::create_dir_all(dir).map_err(|e| io("create", dir, e))?;
        let store = Self { dir: dir.to_owned() };
        for draft in store.paths_with(DRAFT)? {
            delete(&draft)?;
        }
        Ok(store)
    }

    /// Writes a snapshot atomically (temporary file, sync, rename, sync of the directory) and deletes all but the
    /// newest [`SNAPSHOTS_KEPT`]. `durable` is the log's durable position.
    ///
    /// # Errors
    /// The snapshot stands on records that are not durable yet, or the disk refuses.
    pub fn write(&self, snapshot: &Snapshot, durable: Position) -> Result<PathBuf, Error> {
        if snapshot.depends_on > durable {
            return Err(Error::NotDurable { needs: snapshot.depends_on, durable });
        }
        let path = self.dir.join(format!("{:020}.{EXTENSION}", snapshot.position.0));
        let temporary = path.with_extension(DRAFT);
        write_synced(&temporary, &snapshot.to_bytes()).map_err(|e| io("write", &temporary, e))?;
        fs::rename(&temporary, &path).map_err(|e| io("rename", &temporary, e))?;
        File::open(&self.dir).and_then(|dir| dir.sync_all()).map_err(|e| io("sync", &self.dir, e))?;
        self.delete_older()?;
        Ok(path)
    }

    /// The newest readable snapshot whose records the log holds (`end`). Unreadable ones are passed over: the log
    /// gives the same state, only later; `skipped` is told about each.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub fn newest(
        &self,
        end: Position,
        mut skipped: impl FnMut(&Path, &Error),
    ) -> Result<Option<Snapshot>, Error> {
        for path in self.paths()?.iter().rev() {
            match read(path, end) {
                Ok(snapshot) => return Ok(Some(snapshot)),
                Err(why) => skipped(path, &why),
            }
        }
        Ok(None)
    }

    fn delete_older(&self) -> Result<(), Error> {
        let paths = self.paths()?;
        let surplus = paths.len().saturating_sub(SNAPSHOTS_KEPT);
        paths[..surplus].iter().try_for_each(|path| delete(path))
    }

    /// Oldest first: names have the position in 20 digits.
    fn paths(&self) -> Result<Vec<PathBuf>, Error> {
        self.paths_with(EXTENSION)
    }

    fn paths_with(&self, extension: &str) -> Result<Vec<PathBuf>, Error> {
        let entries = fs::read_dir(&self.dir).map_err(|e| io("list", &self.dir, e))?;
        let mut paths = Vec::new();
        for entry in entries {
            let path = entry.map_err(|e| io("list", &self.dir, e))?.path();
            if path.extension().is_some_and(|e| e == extension) {
                paths.push(path);
            }
        }
        paths.sort();
        Ok(paths)
    }
}

fn read(path: &Path, end: Position) -> Result<Snapshot, Error> {
    let bytes = fs::read(path).map_err(|e| io("read", path, e))?;
    let snapshot = Snapshot::from_bytes(&bytes)?;
    if snapshot.depends_on > end {
        return Err(Error::NotDurable { needs: snapshot.depends_on, durable: end });
    }
    Ok(snapshot)
}

/// Deletes `path`. Snapshots are written on threads of their own, and of two that end together the other may have been
/// first: gone is gone.
fn delete(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        done => done.map_err(|e| io("delete", path, e)),
    }
}

fn write_synced(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn io(doing: &'static str, file: &Path, source: std::io::Error) -> Error {
    Error::Io { doing, file: file.display().to_string(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(position: u64) -> Snapshot {
        Snapshot {
            position: Position(position),
            depends_on: Position(position + 2),
            risk: vec![1],
            execution: vec![2],
        }
    }

    fn store() -> (tempfile::TempDir, SnapshotStore) {
        let dir = tempfile::tempdir().unwrap();
        let store = SnapshotStore::open(dir.path()).unwrap();
        (dir, store)
    }

    #[test]
    fn a_snapshot_is_written_only_behind_the_durable_position() {
        let (_dir, store) = store();
        assert!(matches!(store.write(&at(7), Position(8)), Err(Error::NotDurable { .. })));
        assert_eq!(store.newest(Position(100), |_, _| {}).unwrap(), None);
        store.write(&at(7), Position(9)).unwrap();
        assert_eq!(store.newest(Position(100), |_, _| {}).unwrap(), Some(at(7)));
    }

    #[test]
    fn a_damaged_newest_gives_way_to_the_one_before() {
        let (_dir, store) = store();
        store.write(&at(7), Position(100)).unwrap();
        let newest = store.write(&at(8), Position(100)).unwrap();
        fs::write(&newest, b"ASNAP\0v1 torn").unwrap();
        let mut skipped = Vec::new();
        let found = store.newest(Position(100), |path, _| skipped.push(path.to_owned())).unwrap();
        assert_eq!((found, skipped), (Some(at(7)), vec![newest]));
    }

    #[test]
    fn a_snapshot_of_records_that_are_gone_is_passed_over() {
        let (_dir, store) = store();
        store.write(&at(7), Position(100)).unwrap();
        assert_eq!(store.newest(Position(8), |_, _| {}).unwrap(), None);
    }

    #[test]
    fn what_a_crash_left_half_written_is_deleted_at_the_next_start() {
        let (dir, store) = store();
        store.write(&at(7), Position(100)).unwrap();
        fs::write(dir.path().join("00000000000000000008.tmp"), b"half").unwrap();
        let store = SnapshotStore::open(dir.path()).unwrap();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        assert_eq!(store.newest(Position(100), |_, _| {}).unwrap(), Some(at(7)));
    }

    #[test]
    fn a_snapshot_that_another_writer_deleted_first_is_deleted() {
        let (dir, store) = store();
        let path = store.write(&at(7), Position(100)).unwrap();
        delete(&path).unwrap();
        delete(&path).unwrap();
        assert!(delete(dir.path()).is_err(), "what cannot be deleted is told");
    }

    #[test]
    fn only_the_newest_are_kept() {
        let (dir, store) = store();
        (1..=5).for_each(|n| drop(store.write(&at(n), Position(100)).unwrap()));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), SNAPSHOTS_KEPT);
        assert_eq!(store.newest(Position(100), |_, _| {}).unwrap(), Some(at(5)));
    }
}
