//! A disk in memory that fails, lies and crashes on demand: the test twin of [`RealDirectory`](crate::RealDirectory).

use crate::files::{Directory, LockRefusal, LogFile};
pub use crate::random::SplitMix;
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Unit that a disk writes whole or not at all.
pub const BLOCK_BYTES: usize = 512;

/// What goes wrong. Counters count down over all files: 1 fails the next call.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faults {
    /// This write from now fails with an I/O error.
    pub failing_write: Option<u64>,
    /// Writes take at most this many bytes.
    pub write_bytes_max: Option<usize>,
    /// This sync from now fails with an I/O error; what it should have saved stays unsaved.
    pub failing_sync: Option<u64>,
    /// Syncs say that they succeeded and do nothing.
    pub lying_sync: bool,
    /// Bytes that all files together may have; beyond it, no space.
    pub capacity_bytes: Option<u64>,
}

/// A disk in memory. Unbounded unless `capacity_bytes` is set, so for tests only. Clones are the same disk.
#[derive(Clone, Default)]
pub struct FaultyDirectory(Arc<Mutex<Disk>>);

#[derive(Default)]
struct Disk {
    files: Vec<Contents>,
    /// Names as the process sees them, and as they are on the medium.
    names: BTreeMap<String, usize>,
    synced_names: BTreeMap<String, usize>,
    faults: Faults,
    locked: bool,
    salts: u32,
    syncs: u64,
}

#[derive(Clone, Default)]
struct Contents {
    bytes: Vec<u8>,
    synced: Vec<u8>,
}

impl FaultyDirectory {
    /// An empty disk without faults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets what goes wrong from now on.
    pub fn set_faults(&self, faults: Faults) {
        self.disk().faults = faults;
    }

    /// Syncs of files that were asked for so far.
    pub fn syncs(&self) -> u64 {
        self.disk().syncs
    }

    /// What a power loss leaves: what was synced, and of the rest an arbitrary subset of blocks and names by `random`.
    /// A new disk without faults; this one goes on for the process that does not know yet.
    pub fn crash(&self, random: &mut SplitMix) -> Self {
        let disk = self.disk();
        let files = disk.files.iter().map(|contents| contents.after_power_loss(random)).collect();
        let names = disk.names_after_power_loss(random);
        let survived =
            Disk { files, synced_names: names.clone(), names, salts: disk.salts, ..Disk::default() };
        Self(Arc::new(Mutex::new(survived)))
    }

    /// What a killed process leaves: all that was written, as the kernel keeps it. What was not synced can still be
    /// lost with the power.
    pub fn kill(&self) -> Self {
        let disk = self.disk();
        let (files, names, synced_names) =
            (disk.files.clone(), disk.names.clone(), disk.synced_names.clone());
        let survived = Disk { files, names, synced_names, salts: disk.salts, ..Disk::default() };
        Self(Arc::new(Mutex::new(survived)))
    }

    /// Names of the files.
    pub fn file_names(&self) -> Vec<String> {
        self.disk().names.keys().cloned().collect()
    }

    /// A file's bytes.
    pub fn read(&self, name: &str) -> Vec<u8> {
        let disk = self.disk();
        disk.names.get(name).map(|id| disk.files[*id].bytes.clone()).unwrap_or_default()
    }

    /// Replaces a file's bytes, durably: damage from outside.
    pub fn replace(&self, name: &str, bytes: Vec<u8>) {
        let mut disk = self.disk();
        let id = disk.files.len();
        disk.files.push(Contents { synced: bytes.clone(), bytes });
        disk.names.insert(name.to_owned(), id);
        disk.synced_names.insert(name.to_owned(), id);
    }

    /// Deletes a file, durably.
    pub fn delete(&self, name: &str) {
        let mut disk = self.disk();
        disk.names.remove(name);
        disk.synced_names.remove(name);
    }

    fn disk(&self) -> MutexGuard<'_, Disk> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Contents {
    fn after_power_loss(&self, random: &mut SplitMix) -> Self {
        let length = if random.below(2) == 0 { self.synced.len() } else { self.bytes.len() };
        let mut bytes = self.synced.clone();
        bytes.resize(length, 0);
        for at in (0..length.min(self.bytes.len())).step_by(BLOCK_BYTES) {
            let until = (at + BLOCK_BYTES).min(length).min(self.bytes.len());
            if random.below(2) == 0 {
                bytes[at..until].copy_from_slice(&self.bytes[at..until]);
            }
        }
        Self { synced: bytes.clone(), bytes }
    }
}

impl Disk {
    fn names_after_power_loss(&self, random: &mut SplitMix) -> BTreeMap<String, usize> {
        let all = self.names.keys().chain(self.synced_names.keys());
        let chosen = all.filter_map(|name| {
            let from = if random.below(2) == 0 { &self.names } else { &self.synced_names };
            let unchanged = self.names.get(name) == self.synced_names.get(name);
            let from = if unchanged { &self.names } else { from };
            from.get(name).map(|id| (name.clone(), *id))
        });
        chosen.collect()
    }

    fn used(&self) -> u64 {
        self.names.values().map(|id| self.files[*id].bytes.len() as u64).sum()
    }

    fn grow(&mut self, id: usize, length: usize) -> io::Result<()> {
        let more = (length as u64).saturating_sub(self.files[id].bytes.len() as u64);
        if self.faults.capacity_bytes.is_some_and(|capacity| self.used() + more > capacity) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        if more > 0 {
            self.files[id].bytes.resize(length, 0);
        }
        Ok(())
    }
}

/// Whether a counted call fails now.
fn fails(countdown: &mut Option<u64>) -> bool {
    let Some(left) = countdown else { return false };
    *left = left.saturating_sub(1);
    *left == 0
}

fn broken(what: &'static str) -> io::Error {
    io::Error::other(what)
}

impl Directory for FaultyDirectory {
    fn path(&self) -> String {
        "memory".to_owned()
    }

    fn names(&self) -> io::Result<Vec<String>> {
        Ok(self.file_names())
    }

    fn open(&self, name: &str, _write: bool) -> io::Result<Arc<dyn LogFile>> {
        let id = self.disk().names.get(name).copied().ok_or(io::ErrorKind::NotFound)?;
        Ok(Arc::new(FaultyFile { disk: self.clone(), id }))
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn LogFile>> {
        let mut disk = self.disk();
        let id = disk.files.len();
        disk.files.push(Contents::default());
        disk.names.insert(name.to_owned(), id);
        Ok(Arc::new(FaultyFile { disk: self.clone(), id }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut disk = self.disk();
        let id = disk.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
        disk.names.insert(to.to_owned(), id);
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.disk().names.remove(name).map(|_| ()).ok_or(io::ErrorKind::NotFound.into())
    }

    fn sync(&self) -> io::Result<()> {
        let mut disk = self.disk();
        if fails(&mut disk.faults.failing_sync) {
            return Err(broken("directory sync failed"));
        }
        if !disk.faults.lying_sync {
            disk.synced_names = disk.names.clone();
        }
        Ok(())
    }

    fn lock(&self) -> Result<Box<dyn Send + Sync>, LockRefusal> {
        let mut disk = self.disk();
        if std::mem::replace(&mut disk.locked, true) {
            return Err(LockRefusal::HeldBy("?".to_owned()));
        }
        Ok(Box::new(Unlock(self.clone())))
    }

    fn salt(&self) -> u32 {
        let mut disk = self.disk();
        disk.salts += 1;
        SplitMix::new(u64::from(disk.salts)).next_u64() as u32
    }
}

struct Unlock(FaultyDirectory);

impl Drop for Unlock {
    fn drop(&mut self) {
        self.0.disk().locked = false;
    }
}

struct FaultyFile {
    disk: FaultyDirectory,
    id: usize,
}

impl LogFile for FaultyFile {
    fn read_at(&self, into: &mut [u8], at: u64) -> io::Result<usize> {
        let disk = self.disk.disk();
        let from = disk.files[self.id].bytes.get(at as usize..).unwrap_or_default();
        let read = from.len().min(into.len());
        into[..read].copy_from_slice(&from[..read]);
        Ok(read)
    }

    fn write_at(&self, bytes: &[u8], at: u64) -> io::Result<usize> {
        let mut disk = self.disk.disk();
        if fails(&mut disk.faults.failing_write) {
            return Err(broken("write failed"));
        }
        let written = bytes.len().min(disk.faults.write_bytes_max.unwrap_or(usize::MAX));
        let (at, until) = (at as usize, at as usize + written);
        disk.grow(self.id, until)?;
        disk.files[self.id].bytes[at..until].copy_from_slice(&bytes[..written]);
        Ok(written)
    }

    fn sync(&self) -> io::Result<()> {
        let mut disk = self.disk.disk();
        disk.syncs += 1;
        if fails(&mut disk.faults.failing_sync) {
            return Err(broken("sync failed"));
        }
        if !disk.faults.lying_sync {
            let contents = &mut disk.files[self.id];
            contents.synced.clone_from(&contents.bytes);
        }
        Ok(())
    }

    fn allocate(&self, bytes: u64) -> io::Result<()> {
        self.disk.disk().grow(self.id, bytes as usize)
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.disk.disk().files[self.id].bytes.len() as u64)
    }
}
