//! Reading a file from front to back while what was read before is still being looked at.

use crate::blocks::{BLOCK_BYTES, BlockBuffer, zeros};
use crate::files::LogFile;
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;

/// Bytes read at a time: long enough that a disk streams, short enough that a hundred readers cost little. A reader holds
/// two of these.
const CHUNK_BYTES: usize = 512 << 10;

/// Bytes read first: who looks for a few records at one place needs no more.
const FIRST_BYTES: usize = 64 << 10;

/// A file that is read in order, mostly. Files that bypass the page cache can be read: places and memory are whole blocks.
pub(crate) struct ReadAhead {
    file: Arc<dyn LogFile>,
    chunk: Chunk,
    /// The chunk behind, being read since the one before it was needed too.
    coming: Option<JoinHandle<io::Result<Chunk>>>,
}

/// Bytes of the file from a place that is a multiple of a block.
struct Chunk {
    at: u64,
    buffer: BlockBuffer,
    filled: usize,
    /// More of the file follows.
    goes_on: bool,
}

impl ReadAhead {
    pub(crate) fn new(file: Arc<dyn LogFile>) -> Self {
        Self { file, chunk: Chunk::empty(), coming: None }
    }

    /// Length of the file in bytes.
    pub(crate) fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    /// Reads `into` full from `at`, or up to the end of the file. Returns how many bytes. What was read ahead may be older
    /// than the file: see [`ReadAhead::forget`].
    pub(crate) fn read(&mut self, into: &mut [u8], at: u64) -> io::Result<usize> {
        let mut copied = 0;
        while copied < into.len() {
            let from = at + copied as u64;
            let mut held = self.chunk.bytes_from(from);
            if held.is_empty() {
                self.load(from - from % BLOCK_BYTES as u64)?;
                held = self.chunk.bytes_from(from);
            }
            if held.is_empty() {
                break;
            }
            let count = held.len().min(into.len() - copied);
            into[copied..copied + count].copy_from_slice(&held[..count]);
            copied += count;
        }
        Ok(copied)
    }

    /// Reads everything anew: the file was written to.
    pub(crate) fn forget(&mut self) {
        (self.chunk.filled, self.chunk.goes_on) = (0, false);
        // Whatever it reads, nobody waits for it.
        self.coming = None;
    }

    /// Makes the chunk at `at` the present one and, when it is the one behind the last, begins to read the next.
    fn load(&mut self, at: u64) -> io::Result<()> {
        let in_order = self.chunk.goes_on && at == self.chunk.end();
        let coming = self.coming.take().filter(|_| in_order);
        let free = std::mem::replace(&mut self.chunk, Chunk::empty()).buffer;
        let free = match coming {
            Some(thread) => {
                self.chunk = thread.join().map_err(|_| died())??;
                free
            }
            None => {
                let bytes = if in_order { CHUNK_BYTES } else { FIRST_BYTES };
                self.chunk = Chunk::read(&*self.file, at, bytes, free)?;
                zeros(0)
            }
        };
        if in_order && self.chunk.goes_on {
            let (file, at) = (Arc::clone(&self.file), self.chunk.end());
            let read = move || Chunk::read(&*file, at, CHUNK_BYTES, free);
            // Without a thread the next chunk is read when it is needed.
            self.coming = std::thread::Builder::new().name("read-ahead".to_owned()).spawn(read).ok();
        }
        Ok(())
    }
}

fn died() -> io::Error {
    io::Error::other("the thread that reads ahead died")
}

impl Chunk {
    fn empty() -> Self {
        Self { at: 0, buffer: zeros(0), filled: 0, goes_on: false }
    }

    /// Reads up to `max` bytes, whole blocks, from `at`; into `buffer` if that is large enough.
    fn read(file: &dyn LogFile, at: u64, max: usize, buffer: BlockBuffer) -> io::Result<Self> {
        let left = file.len()?.saturating_sub(at);
        let wanted = usize::try_from(left).map_or(max, |left| left.min(max));
        let room = wanted.next_multiple_of(BLOCK_BYTES);
        let mut buffer = if buffer.bytes().len() < room { zeros(room / BLOCK_BYTES) } else { buffer };
        let mut filled = 0;
        while filled < wanted {
            match file.read_at(&mut buffer.bytes_mut()[filled..room], at + filled as u64) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        // A file that grew meanwhile may give more than was wanted; that is read with the next chunk.
        let filled = filled.min(wanted);
        Ok(Self { at, buffer, filled, goes_on: filled == max })
    }

    fn end(&self) -> u64 {
        self.at + self.filled as u64
    }

    /// What it holds from `from` on; nothing when that is elsewhere.
    fn bytes_from(&self, from: u64) -> &[u8] {
        let start = from.checked_sub(self.at).and_then(|start| usize::try_from(start).ok());
        start.and_then(|start| self.buffer.bytes().get(start..self.filled)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::{Directory, write_all_at};
    use crate::testing::{FaultyDirectory, SplitMix};

    const FILE_BYTES: usize = 5 * CHUNK_BYTES / 2;

    fn file() -> (Arc<dyn LogFile>, Vec<u8>) {
        let disk = FaultyDirectory::new();
        let file = disk.create("f").unwrap();
        let bytes: Vec<u8> = (0..FILE_BYTES).map(|n| (n * 7 + n / 251) as u8).collect();
        write_all_at(&*file, &bytes, 0).unwrap();
        (file, bytes)
    }

    #[test]
    fn a_file_read_from_front_to_back_in_any_pieces_is_itself() {
        let (file, bytes) = file();
        for seed in 0..8 {
            let mut random = SplitMix::new(seed);
            let mut ahead = ReadAhead::new(Arc::clone(&file));
            let mut read = Vec::new();
            loop {
                let mut piece = vec![0; 1 + random.below(300_000) as usize];
                let count = ahead.read(&mut piece, read.len() as u64).unwrap();
                read.extend_from_slice(&piece[..count]);
                if count < piece.len() {
                    break;
                }
            }
            assert!(read == bytes, "seed {seed}");
        }
    }

    #[test]
    fn any_place_can_be_read_in_any_order() {
        let (file, bytes) = file();
        let mut ahead = ReadAhead::new(file);
        let mut random = SplitMix::new(1);
        for _ in 0..200 {
            let at = random.below(FILE_BYTES as u64) as usize;
            let mut piece = vec![0; 1 + random.below(9_000) as usize];
            let count = ahead.read(&mut piece, at as u64).unwrap();
            assert_eq!(count, piece.len().min(FILE_BYTES - at));
            assert!(piece[..count] == bytes[at..at + count], "{at}");
        }
    }

    #[test]
    fn what_was_written_meanwhile_is_read_once_the_old_is_forgotten() {
        let (file, _) = file();
        let mut ahead = ReadAhead::new(Arc::clone(&file));
        let mut piece = [0; 4];
        ahead.read(&mut piece, 100).unwrap();
        write_all_at(&*file, b"news", 100).unwrap();
        ahead.forget();
        ahead.read(&mut piece, 100).unwrap();
        assert_eq!(&piece, b"news");
    }
}
