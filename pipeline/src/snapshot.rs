//! A pipeline's state on disk: written whole or not at all, checked before it is believed, never needed for truth.

use crate::Error;
use assay_trading_types::Position;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

/// First bytes of a snapshot file; the last two digits are the format's version.
const MAGIC: &[u8; 8] = b"ASSNAP01";

/// Bytes before the states: magic, CRC-32C of the rest, position, two offsets, length of the risk state.
const HEADER_BYTES: usize = 8 + 4 + 8 + 16 + 8;

/// Snapshot files kept: the newest, and one before it in case the newest cannot be read.
const KEPT: usize = 2;

/// State of risk and execution after every record below `position`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The next record to apply.
    pub position: Position,
    /// Durable position from which on this state may be kept: what it caused must survive with it.
    pub needs_durable: Position,
    /// Offsets expected next in `accounts` and `markets`.
    pub next_offsets: [u64; 2],
    /// Risk's own bytes.
    pub risk: Vec<u8>,
    /// Execution's own bytes.
    pub execution: Vec<u8>,
}

impl Snapshot {
    /// The file's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut body = Vec::with_capacity(HEADER_BYTES + self.risk.len() + self.execution.len());
        body.extend_from_slice(&self.position.0.to_le_bytes());
        self.next_offsets.iter().for_each(|o| body.extend_from_slice(&o.to_le_bytes()));
        body.extend_from_slice(&(self.risk.len() as u64).to_le_bytes());
        body.extend_from_slice(&self.risk);
        body.extend_from_slice(&self.execution);
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&crc32c::crc32c(&body).to_le_bytes());
        bytes.extend_from_slice(&body);
        bytes
    }

    /// From a file's bytes; nothing when they are not whole or of another version. What a file holds was durable.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let body = bytes.strip_prefix(MAGIC)?;
        let (crc, body) = body.split_at_checked(4)?;
        (crc32c::crc32c(body).to_le_bytes() == crc).then_some(())?;
        let word = |i: usize| Some(u64::from_le_bytes(body.get(i * 8..i * 8 + 8)?.try_into().ok()?));
        let states = body.get(32..)?;
        let (risk, execution) = states.split_at_checked(usize::try_from(word(3)?).ok()?)?;
        let position = Position(word(0)?);
        let next_offsets = [word(1)?, word(2)?];
        Some(Self { position, needs_durable: position, next_offsets, risk: risk.to_vec(), execution: execution.to_vec() })
    }
}

/// The directory that snapshots live in. Deleting it costs a longer recovery and nothing else.
#[derive(Debug, Clone)]
pub struct SnapshotDir(PathBuf);

impl SnapshotDir {
    /// Opens or makes the directory.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn open(dir: &Path) -> Result<Self, Error> {
        fs::create_dir_all(dir).map_err(|source| error("make the directory of", dir, source))?;
        Ok(Self(dir.to_owned()))
    }

    /// The newest snapshot that is whole, not beyond `durable`.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub fn newest(&self, durable: Position) -> Result<Option<Snapshot>, Error> {
        for file in self.files()?.into_iter().rev() {
            let bytes = fs::read(&file).map_err(|source| error("read", &file, source))?;
            if let Some(snapshot) = Snapshot::from_bytes(&bytes).filter(|s| s.position <= durable) {
                return Ok(Some(snapshot));
            }
        }
        Ok(None)
    }

    /// Writes `snapshot` beside the others and drops the oldest. The caller has seen it durable.
    ///
    /// # Errors
    /// The disk refuses; earlier snapshots are untouched then.
    pub fn write(&self, snapshot: &Snapshot) -> Result<(), Error> {
        let file = self.0.join(format!("{:020}.snapshot", snapshot.position.0));
        let partial = file.with_extension("partial");
        let written = File::create(&partial)
            .and_then(|mut f| f.write_all(&snapshot.to_bytes()).and_then(|()| f.sync_all()))
            .and_then(|()| fs::rename(&partial, &file))
            .and_then(|()| File::open(&self.0)?.sync_all());
        written.map_err(|source| error("write", &file, source))?;
        let files = self.files()?;
        for old in &files[..files.len().saturating_sub(KEPT)] {
            fs::remove_file(old).map_err(|source| error("remove", old, source))?;
        }
        Ok(())
    }

    /// Snapshot files, oldest first.
    fn files(&self) -> Result<Vec<PathBuf>, Error> {
        let entries = fs::read_dir(&self.0).map_err(|source| error("list", &self.0, source))?;
        let mut files: Vec<PathBuf> = entries
            .filter_map(|entry| entry.ok().map(|e| e.path()))
            .filter(|path| path.extension().is_some_and(|e| e == "snapshot"))
            .collect();
        files.sort_unstable();
        Ok(files)
    }
}

fn error(doing: &'static str, file: &Path, source: std::io::Error) -> Error {
    Error::Snapshot { doing, file: file.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(position: u64) -> Snapshot {
        Snapshot {
            position: Position(position),
            needs_durable: Position(position),
            next_offsets: [3, 4],
            risk: vec![1, 2, 3],
            execution: vec![9; 100],
        }
    }

    #[test]
    fn a_cut_or_flipped_file_is_not_believed() {
        let bytes = snapshot(7).to_bytes();
        assert_eq!(Snapshot::from_bytes(&bytes), Some(snapshot(7)));
        for cut in 0..bytes.len() {
            assert_eq!(Snapshot::from_bytes(&bytes[..cut]), None, "cut at {cut}");
        }
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Snapshot::from_bytes(&flipped), None, "bit {bit}");
        }
    }

    #[test]
    fn the_newest_whole_snapshot_behind_the_durable_position_is_taken() {
        let root = tempfile::tempdir().unwrap();
        let dir = SnapshotDir::open(root.path()).unwrap();
        assert_eq!(dir.newest(Position(99)).unwrap(), None);
        for position in [5, 10, 20] {
            dir.write(&snapshot(position)).unwrap();
        }
        assert_eq!(dir.newest(Position(99)).unwrap(), Some(snapshot(20)));
        assert_eq!(dir.newest(Position(19)).unwrap(), Some(snapshot(10)));
        assert_eq!(dir.newest(Position(9)).unwrap(), None, "only two are kept");
        fs::write(root.path().join("00000000000000000020.snapshot"), b"torn").unwrap();
        assert_eq!(dir.newest(Position(99)).unwrap(), Some(snapshot(10)));
    }
}
