//! A store in one file that is only ever appended to.
//!
//! ```text
//! assay-fix-client 1 SENDER TARGET\n
//! length u32 | crc32c u32 | kind u8 | UTC ns i64 | number u64 | epoch u64 | message ...      (little endian, again and again)
//! ```
//!
//! `length` counts what follows the sum, which is of the same bytes. A last record that a crash cut short is dropped at the next
//! start; a record that is damaged with whole ones behind it is refused, because what it held may have been acknowledged (X-05).

use super::store::{Resume, SentMessage, Store};
use fix_session::{Numbers, Reset};
use rustix::fs::{FlockOperation, flock};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Bytes before the message: length, sum, kind, time, number, epoch.
const HEAD_BYTES: usize = 4 + 4 + INNER_BYTES;
const INNER_BYTES: usize = 1 + 8 + 8 + 8;

/// Longest record: no message is longer than the engine's limit, and a length above it is damage.
const RECORD_BYTES_MAX: usize = 2 << 20;

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FileStoreError {
    /// The disk.
    #[error("{}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: io::Error,
    },
    /// Another process has the session (X-06).
    #[error("{} is in use by another process", .0.display())]
    InUse(PathBuf),
    /// It is no store, or another session's.
    #[error("{} does not hold session {session}", path.display())]
    Foreign {
        /// Which file.
        path: PathBuf,
        /// The session that was to be opened.
        session: String,
    },
    /// A record before the last is damaged (X-05).
    #[error("{} is damaged at byte {at}", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// Where.
        at: usize,
    },
}

/// A session in a file. One process at a time has it.
#[derive(Debug)]
pub struct FileStore {
    file: File,
    /// Where the next record goes.
    end: u64,
    resume: Resume,
    sent: Places,
    record: Vec<u8>,
    /// Something was written since the last sync.
    unsynced: bool,
}

/// Where messages of this epoch stand in the file.
#[derive(Debug, Default)]
struct Places {
    /// Offset and length of message `first + i`.
    places: Vec<(u64, u32)>,
    first: u64,
}

impl Places {
    fn push(&mut self, seq: u64, place: (u64, u32)) {
        if self.places.is_empty() {
            self.first = seq;
        }
        self.places.push(place);
    }

    fn get(&self, seq: u64) -> Option<(u64, u32)> {
        let at = usize::try_from(seq.checked_sub(self.first)?).ok()?;
        self.places.get(at).copied()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Counted,
    Sent,
    SentWaiting,
    Waiting,
    Reset,
}

impl Kind {
    const ALL: [Self; 5] = [Self::Counted, Self::Sent, Self::SentWaiting, Self::Waiting, Self::Reset];

    fn code(self) -> u8 {
        match self {
            Self::Counted => b'i',
            Self::Sent => b'o',
            Self::SentWaiting => b'u',
            Self::Waiting => b'w',
            Self::Reset => b'r',
        }
    }
}

/// One record as it is read.
struct Entry<'a> {
    kind: Kind,
    utc_ns: i64,
    number: u64,
    epoch: u64,
    message: &'a [u8],
}

impl FileStore {
    /// Opens the session between `sender` (us) and `target` in a file, which is made if it is not there.
    ///
    /// # Errors
    /// The file is in use, another session's, damaged, or the disk refuses.
    pub fn open(path: &Path, sender: &str, target: &str) -> Result<Self, FileStoreError> {
        let io = |source| FileStoreError::Io { path: path.to_owned(), source };
        let options = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
        let mut file = options.map_err(io)?;
        flock(&file, FlockOperation::NonBlockingLockExclusive)
            .map_err(|_| FileStoreError::InUse(path.to_owned()))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(io)?;
        let first_line = format!("assay-fix-client 1 {sender} {target}\n");
        let end = if first_line.as_bytes().starts_with(&bytes) {
            begin(&mut file, path, &first_line).map_err(io)?;
            return Ok(Self::over(file, first_line.len() as u64));
        } else if let Some(records) = bytes.strip_prefix(first_line.as_bytes()) {
            first_line.len() + whole_bytes(records, first_line.len(), path)?
        } else {
            let session = format!("{sender}/{target}");
            return Err(FileStoreError::Foreign { path: path.to_owned(), session });
        };
        let mut store = Self::over(file, first_line.len() as u64);
        while (store.end as usize) < end {
            let at = store.end as usize;
            let (entry, len) = entry_at(&bytes[at..end]).expect("whole records were counted");
            store.end += len as u64;
            store.take(&entry, at as u64);
        }
        store.file.set_len(store.end).map_err(io)?;
        Ok(store)
    }

    fn over(file: File, end: u64) -> Self {
        let record = Vec::new();
        Self { file, end, resume: Resume::default(), sent: Places::default(), record, unsynced: false }
    }

    /// Counts a record that stands in the file.
    fn take(&mut self, entry: &Entry<'_>, at: u64) {
        let Resume { numbers, began_ns, waiting } = &mut self.resume;
        match entry.kind {
            Kind::Counted => numbers.next_in = entry.number,
            Kind::Sent | Kind::SentWaiting => {
                numbers.next_out = entry.number + 1;
                let len = entry.message.len() as u32;
                self.sent.push(entry.number, (at + HEAD_BYTES as u64, len));
                if entry.kind == Kind::SentWaiting {
                    waiting.pop_front();
                }
            }
            Kind::Waiting => waiting.push_back(entry.message.to_vec()),
            Kind::Reset => {
                *numbers = Numbers { epoch: entry.epoch, ..Numbers::FIRST };
                *began_ns = None;
                self.sent = Places { places: Vec::new(), first: 1 };
            }
        }
        if entry.kind != Kind::Waiting {
            began_ns.get_or_insert(entry.utc_ns);
        }
    }

    fn append(&mut self, entry: &Entry<'_>) -> io::Result<u64> {
        self.record.clear();
        self.record.extend_from_slice(&[0; 8]);
        self.record.push(entry.kind.code());
        self.record.extend_from_slice(&entry.utc_ns.to_le_bytes());
        self.record.extend_from_slice(&entry.number.to_le_bytes());
        self.record.extend_from_slice(&entry.epoch.to_le_bytes());
        self.record.extend_from_slice(entry.message);
        let len = self.record.len() - 8;
        if len > RECORD_BYTES_MAX {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "a message longer than a record"));
        }
        let sum = crc32c::crc32c(&self.record[8..]);
        self.record[..4].copy_from_slice(&(len as u32).to_le_bytes());
        self.record[4..8].copy_from_slice(&sum.to_le_bytes());
        // A write that failed half way is written over by the next.
        self.file.write_all_at(&self.record, self.end)?;
        self.unsynced = true;
        let at = self.end;
        self.end += self.record.len() as u64;
        Ok(at)
    }
}

impl Store for FileStore {
    fn resume(&self) -> Resume {
        self.resume.clone()
    }

    fn count(&mut self, next_in: u64, utc_ns: i64) -> io::Result<()> {
        self.append(&Entry { kind: Kind::Counted, utc_ns, number: next_in, epoch: 0, message: &[] })?;
        Ok(())
    }

    fn keep(&mut self, sent: &SentMessage<'_>) -> io::Result<()> {
        let kind = if sent.waited { Kind::SentWaiting } else { Kind::Sent };
        let at = self.append(&Entry {
            kind,
            utc_ns: sent.utc_ns,
            number: sent.seq,
            epoch: 0,
            message: sent.bytes,
        })?;
        self.sent.push(sent.seq, (at + HEAD_BYTES as u64, sent.bytes.len() as u32));
        Ok(())
    }

    fn wait(&mut self, message: &[u8], utc_ns: i64) -> io::Result<()> {
        self.append(&Entry { kind: Kind::Waiting, utc_ns, number: 0, epoch: 0, message })?;
        Ok(())
    }

    fn reset(&mut self, reset: &Reset, utc_ns: i64) -> io::Result<()> {
        let epoch = reset.epoch;
        self.append(&Entry { kind: Kind::Reset, utc_ns, number: 1, epoch, message: &[] })?;
        self.sent = Places { places: Vec::new(), first: reset.next_out };
        Ok(())
    }

    fn sent(&self, seq: u64, out: &mut Vec<u8>) -> io::Result<()> {
        let Some((at, len)) = self.sent.get(seq) else { return Ok(()) };
        let start = out.len();
        out.resize(start + len as usize, 0);
        self.file.read_exact_at(&mut out[start..], at)
    }

    fn sync(&mut self) -> io::Result<()> {
        if self.unsynced {
            self.file.sync_data()?;
            self.unsynced = false;
        }
        Ok(())
    }
}

/// Writes the first line of a new file, and makes file and name last.
fn begin(file: &mut File, path: &Path, first_line: &str) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(first_line.as_bytes())?;
    file.sync_all()?;
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(dir)?.sync_all()
}

/// How many bytes of `records` are whole records. What follows them must be what a crash left of the last one.
fn whole_bytes(records: &[u8], start: usize, path: &Path) -> Result<usize, FileStoreError> {
    let mut end = 0;
    while let Some((_, len)) = entry_at(&records[end..]) {
        end += len;
    }
    let torn = &records[end..];
    let whole_behind = (1..torn.len()).any(|at| entry_at(&torn[at..]).is_some());
    if whole_behind {
        return Err(FileStoreError::Damaged { path: path.to_owned(), at: start + end });
    }
    Ok(end)
}

/// The record at the front with its length, if there is a whole one.
fn entry_at(bytes: &[u8]) -> Option<(Entry<'_>, usize)> {
    let len = u32::from_le_bytes(bytes.get(..4)?.try_into().ok()?) as usize;
    if !(INNER_BYTES..=RECORD_BYTES_MAX).contains(&len) {
        return None;
    }
    let inner = bytes.get(8..8 + len)?;
    let kind = Kind::ALL.into_iter().find(|kind| kind.code() == inner[0])?;
    let sum = u32::from_le_bytes(bytes[4..8].try_into().ok()?);
    if crc32c::crc32c(inner) != sum {
        return None;
    }
    let eight = |at: usize| -> [u8; 8] { inner[at..at + 8].try_into().expect("eight bytes") };
    let entry = Entry {
        kind,
        utc_ns: i64::from_le_bytes(eight(1)),
        number: u64::from_le_bytes(eight(9)),
        epoch: u64::from_le_bytes(eight(17)),
        message: &inner[INNER_BYTES..],
    };
    Some((entry, 8 + len))
}

#[cfg(test)]
mod tests {
    use super::super::store::contract::{self, RESET, message, sent};
    use super::*;

    fn open(path: &Path) -> Result<FileStore, FileStoreError> {
        FileStore::open(path, "CLIENT1", "ASSAY")
    }

    /// Three messages sent, two inbound counted, one waiting.
    fn filled(path: &Path) -> FileStore {
        let mut store = open(path).unwrap();
        for (seq, bytes) in [(1, b"one".as_slice()), (2, b"two"), (3, b"three")] {
            store.keep(&message(seq, bytes)).unwrap();
        }
        store.wait(b"waits", 1_500).unwrap();
        store.count(3, 1_600).unwrap();
        store.sync().unwrap();
        store
    }

    #[test]
    fn messages_are_found_by_number_until_a_reset() {
        let dir = tempfile::tempdir().unwrap();
        contract::messages_are_found_by_number_until_a_reset(open(&dir.path().join("store")).unwrap());
    }

    #[test]
    fn s_13_a_new_process_continues_where_the_old_one_ended() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("store");
        drop(filled(&path));
        let store = open(&path).unwrap();
        let resume = store.resume();
        assert_eq!(resume.numbers, Numbers { next_in: 3, next_out: 4, epoch: 1 });
        assert_eq!((resume.began_ns, resume.waiting.len()), (Some(1_001), 1));
        assert_eq!([1, 3, 4].map(|seq| sent(&store, seq)), ["one", "three", ""]);
    }

    #[test]
    fn s_13_a_new_process_continues_in_the_epoch_after_a_reset() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("store");
        let mut store = filled(&path);
        store.reset(&RESET, 2_000).unwrap();
        store.keep(&SentMessage { waited: true, ..message(1, b"waited") }).unwrap();
        drop(store);
        let store = open(&path).unwrap();
        let numbers = Numbers { next_in: 1, next_out: 2, epoch: 2 };
        assert_eq!(store.resume(), Resume { numbers, began_ns: Some(2_000), waiting: Default::default() });
        assert_eq!([1, 2].map(|seq| sent(&store, seq)), ["waited", ""]);
    }

    #[test]
    fn x_05_a_tail_cut_anywhere_in_the_last_record_loses_that_record_only() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("store");
        drop(filled(&path));
        let whole = std::fs::read(&path).unwrap();
        let last = HEAD_BYTES;
        for cut in 1..=last {
            std::fs::write(&path, &whole[..whole.len() - cut]).unwrap();
            let mut store = open(&path).unwrap();
            assert_eq!(store.resume().numbers.next_in, 1, "cut by {cut}");
            store.count(9, 3_000).unwrap();
            drop(store);
            assert_eq!(open(&path).unwrap().resume().numbers.next_in, 9, "cut by {cut}");
        }
    }

    #[test]
    fn x_05_damage_before_the_last_record_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("store");
        drop(filled(&path));
        let whole = std::fs::read(&path).unwrap();
        let first = whole.iter().position(|b| *b == b'\n').unwrap() + 1;
        for at in first..whole.len() - HEAD_BYTES {
            let mut damaged = whole.clone();
            damaged[at] ^= 0x10;
            std::fs::write(&path, &damaged).unwrap();
            assert!(matches!(open(&path), Err(FileStoreError::Damaged { .. })), "byte {at}");
        }
    }

    #[test]
    fn x_06_one_process_at_a_time_has_the_session() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("store");
        let store = open(&path).unwrap();
        assert!(matches!(open(&path), Err(FileStoreError::InUse(_))));
        drop(store);
        assert!(open(&path).is_ok());
    }

    #[test]
    fn another_session_or_another_file_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("store");
        drop(filled(&path));
        assert!(matches!(FileStore::open(&path, "CLIENT2", "ASSAY"), Err(FileStoreError::Foreign { .. })));
        std::fs::write(&path, "something else").unwrap();
        assert!(matches!(open(&path), Err(FileStoreError::Foreign { .. })));
    }
}
