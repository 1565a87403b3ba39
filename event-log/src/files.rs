//! Where a log's bytes lie: a directory of files, as a port, so that tests can make disks fail.

use crate::blocks::zeros;
use std::fs::{self, OpenOptions};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, Read, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One data directory. Names are plain file names in it.
pub trait Directory: Send + Sync + 'static {
    /// Its path, for messages.
    fn path(&self) -> String;
    /// Names of its files, in any order.
    ///
    /// # Errors
    /// The operating system's reason; so for all others.
    fn names(&self) -> io::Result<Vec<String>>;
    /// Opens a file that is there; for writing too when `write`.
    ///
    /// # Errors
    /// As above.
    fn open(&self, name: &str, write: bool) -> io::Result<Arc<dyn LogFile>>;
    /// Opens a file that is there for writes that bypass the page cache where the file system can: whole blocks of
    /// 4 KiB, at aligned places, from aligned memory. The cache costs the log more than it gives: its pages would be
    /// copied, written back at any time, and hardly ever read.
    ///
    /// # Errors
    /// As above.
    fn open_direct(&self, name: &str) -> io::Result<Arc<dyn LogFile>> {
        self.open(name, true)
    }
    /// Opens a file that is there for reads that bypass the page cache likewise: of a log written past the cache it has
    /// nothing, and reading through it only copies and fills it.
    ///
    /// # Errors
    /// As above.
    fn open_to_stream(&self, name: &str) -> io::Result<Arc<dyn LogFile>> {
        self.open(name, false)
    }
    /// Makes a file, empty even when there was one.
    ///
    /// # Errors
    /// As above.
    fn create(&self, name: &str) -> io::Result<Arc<dyn LogFile>>;
    /// Renames a file, atomically replacing another.
    ///
    /// # Errors
    /// As above.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Deletes a file.
    ///
    /// # Errors
    /// As above.
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Makes creations, renames and deletions durable.
    ///
    /// # Errors
    /// As above.
    fn sync(&self) -> io::Result<()>;
    /// Keeps all others from writing here until the guard is dropped or the process ends.
    ///
    /// # Errors
    /// Somebody holds it, or the operating system's reason.
    fn lock(&self) -> Result<Box<dyn Send + Sync>, LockRefusal>;
    /// An unpredictable number: what a peer sends must never look like a frame by design of the peer.
    fn salt(&self) -> u32;
}

/// Why a directory could not be locked.
#[derive(Debug)]
pub enum LockRefusal {
    /// By this process id, or `?`.
    HeldBy(String),
    /// The operating system's reason.
    Io(io::Error),
}

/// One file of a log; all access is by place.
pub trait LogFile: Send + Sync {
    /// Reads up to `into.len()` bytes; 0 at the end.
    ///
    /// # Errors
    /// The operating system's reason; so for all others.
    fn read_at(&self, into: &mut [u8], at: u64) -> io::Result<usize>;
    /// Writes some of `bytes` and says how many.
    ///
    /// # Errors
    /// As above.
    fn write_at(&self, bytes: &[u8], at: u64) -> io::Result<usize>;
    /// Makes written bytes durable.
    ///
    /// # Errors
    /// As above.
    fn sync(&self) -> io::Result<()>;
    /// Makes the file at least `bytes` long, new bytes zero, with disk space set aside where the file system can.
    ///
    /// # Errors
    /// As above.
    fn allocate(&self, bytes: u64) -> io::Result<()>;
    /// Length in bytes.
    ///
    /// # Errors
    /// As above.
    fn len(&self) -> io::Result<u64>;
    /// Whether it has no bytes.
    ///
    /// # Errors
    /// As above.
    fn is_empty(&self) -> io::Result<bool> {
        self.len().map(|bytes| bytes == 0)
    }
}

/// Writes all bytes, going on after short writes.
pub(crate) fn write_all_at(file: &dyn LogFile, mut bytes: &[u8], mut at: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match file.write_at(bytes, at) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(n) => {
                bytes = &bytes[n..];
                at += n as u64;
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

/// Reads until `into` is full or the file ends; says how many bytes.
pub(crate) fn read_full_at(file: &dyn LogFile, into: &mut [u8], at: u64) -> io::Result<usize> {
    let mut filled = 0;
    while filled < into.len() {
        match file.read_at(&mut into[filled..], at + filled as u64) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(filled)
}

/// A directory of the file system.
#[derive(Debug)]
pub struct RealDirectory {
    path: PathBuf,
}

/// Lock file; the process id of its holder is written inside for people to read.
const LOCK_FILE: &str = "lock";

impl RealDirectory {
    /// Makes the directory if it is not there.
    ///
    /// # Errors
    /// The operating system's reason.
    pub fn create(path: &Path) -> io::Result<Self> {
        if !path.is_dir() {
            fs::create_dir_all(path)?;
            if let Some(parent) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
                fs::File::open(parent)?.sync_all()?;
            }
        }
        Ok(Self { path: path.to_owned() })
    }

    /// A directory that is there.
    pub fn existing(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }
}

impl RealDirectory {
    fn open_past_cache(&self, name: &str, write: bool) -> io::Result<Arc<dyn LogFile>> {
        let direct = rustix::fs::OFlags::DIRECT.bits() as i32;
        let mut options = OpenOptions::new();
        let opened = options.read(true).write(write).custom_flags(direct).open(self.path.join(name));
        match opened.and_then(|file| probe_direct(&file).map(|()| file)) {
            Ok(file) => Ok(Arc::new(RealFile(file))),
            // Some file systems know nothing of the kind, or other blocks.
            Err(e) if e.kind() == io::ErrorKind::InvalidInput => self.open(name, write),
            Err(e) => Err(e),
        }
    }
}

impl Directory for RealDirectory {
    fn path(&self) -> String {
        self.path.display().to_string()
    }

    fn names(&self) -> io::Result<Vec<String>> {
        fs::read_dir(&self.path)?.map(|e| e.map(|e| e.file_name().to_string_lossy().into_owned())).collect()
    }

    fn open(&self, name: &str, write: bool) -> io::Result<Arc<dyn LogFile>> {
        let file = OpenOptions::new().read(true).write(write).open(self.path.join(name))?;
        Ok(Arc::new(RealFile(file)))
    }

    fn open_direct(&self, name: &str) -> io::Result<Arc<dyn LogFile>> {
        self.open_past_cache(name, true)
    }

    fn open_to_stream(&self, name: &str) -> io::Result<Arc<dyn LogFile>> {
        self.open_past_cache(name, false)
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn LogFile>> {
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(true).open(self.path.join(name))?;
        Ok(Arc::new(RealFile(file)))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.path.join(from), self.path.join(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.path.join(name))
    }

    fn sync(&self) -> io::Result<()> {
        fs::File::open(&self.path)?.sync_all()
    }

    fn lock(&self) -> Result<Box<dyn Send + Sync>, LockRefusal> {
        let path = self.path.join(LOCK_FILE);
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).open(path);
        let mut file = file.map_err(LockRefusal::Io)?;
        match rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => return Err(LockRefusal::HeldBy(holder(&mut file))),
            Err(errno) => return Err(LockRefusal::Io(errno.into())),
        }
        file.set_len(0).map_err(LockRefusal::Io)?;
        writeln!(file, "{}", std::process::id()).map_err(LockRefusal::Io)?;
        Ok(Box::new(file))
    }

    fn salt(&self) -> u32 {
        RandomState::new().build_hasher().finish() as u32
    }
}

/// Whether whole blocks at aligned addresses are taken as they are.
fn probe_direct(file: &fs::File) -> io::Result<()> {
    FileExt::read_at(file, zeros(1).bytes_mut(), 0).map(|_| ())
}

fn holder(file: &mut fs::File) -> String {
    let mut text = String::new();
    match file.read_to_string(&mut text) {
        Ok(_) if !text.trim().is_empty() => text.trim().to_owned(),
        _ => "?".to_owned(),
    }
}

struct RealFile(fs::File);

impl LogFile for RealFile {
    fn read_at(&self, into: &mut [u8], at: u64) -> io::Result<usize> {
        FileExt::read_at(&self.0, into, at)
    }

    fn write_at(&self, bytes: &[u8], at: u64) -> io::Result<usize> {
        FileExt::write_at(&self.0, bytes, at)
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn allocate(&self, bytes: u64) -> io::Result<()> {
        match rustix::fs::fallocate(&self.0, rustix::fs::FallocateFlags::empty(), 0, bytes) {
            // Some network and layered file systems cannot set space aside; a full disk is then met at the write.
            Err(rustix::io::Errno::OPNOTSUPP) if self.len()? < bytes => self.0.set_len(bytes),
            Err(rustix::io::Errno::OPNOTSUPP) | Ok(()) => Ok(()),
            Err(errno) => Err(errno.into()),
        }
    }

    fn len(&self) -> io::Result<u64> {
        self.0.metadata().map(|m| m.len())
    }
}
