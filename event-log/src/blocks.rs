//! Writing frames in whole blocks at aligned addresses, so that the page cache can be bypassed.
//!
//! Frames end anywhere, disks write blocks. The block in which the last write ended is kept and written again, longer,
//! with the next; what follows its frames is zeros, as everywhere behind the last frame.

use crate::files::{LogFile, read_full_at, write_all_at};
use std::io;

/// Unit of writing: the page size and a multiple of every disk's block.
pub(crate) const BLOCK_BYTES: usize = 4096;

/// Bytes written by one system call; also bounds the buffer.
const PIECE_BYTES: usize = 1 << 20;

/// Where frames go in one file.
pub(crate) struct BlockWriter {
    buffer: BlockBuffer,
    /// Byte of the file at which the buffer's first byte belongs, a multiple of a block.
    at: u64,
}

impl BlockWriter {
    /// Goes on at `byte` of a file.
    ///
    /// # Errors
    /// The part of the block before `byte` cannot be read.
    pub(crate) fn resume(file: &dyn LogFile, byte: u64) -> io::Result<Self> {
        let mut writer = Self { buffer: BlockBuffer::new(), at: byte - byte % BLOCK_BYTES as u64 };
        let mut begun = vec![0; (byte - writer.at) as usize];
        if read_full_at(file, &mut begun, writer.at)? < begun.len() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        writer.buffer.push(&begun);
        Ok(writer)
    }

    /// Where the next byte goes.
    pub(crate) fn byte(&self) -> u64 {
        self.at + self.buffer.len as u64
    }

    /// Goes on at the beginning of a new file's frames, a multiple of a block.
    pub(crate) fn begin(&mut self, at: u64) {
        assert!(at.is_multiple_of(BLOCK_BYTES as u64), "headers fill whole blocks");
        self.buffer.len = 0;
        self.at = at;
    }

    /// Writes frames behind those before.
    ///
    /// # Errors
    /// The operating system's reason; what was written is then unknown.
    pub(crate) fn write(&mut self, file: &dyn LogFile, frames: &[u8]) -> io::Result<()> {
        for piece in frames.chunks(PIECE_BYTES) {
            self.buffer.push(piece);
            write_all_at(file, self.buffer.padded(), self.at)?;
            self.at += self.buffer.drop_whole_blocks() as u64;
        }
        Ok(())
    }
}

/// Zeros in whole blocks at an aligned address.
pub(crate) fn zeros(blocks: usize) -> BlockBuffer {
    let mut buffer = BlockBuffer::with_capacity(blocks * BLOCK_BYTES);
    buffer.len = blocks * BLOCK_BYTES;
    buffer
}

/// Bytes that begin at an address which is a multiple of a block, as unbuffered writes demand.
pub(crate) struct BlockBuffer {
    memory: Vec<u8>,
    /// Where in `memory` the aligned part begins.
    start: usize,
    len: usize,
}

impl BlockBuffer {
    /// Room for a piece and the block before it.
    fn new() -> Self {
        Self::with_capacity(PIECE_BYTES + 2 * BLOCK_BYTES)
    }

    fn with_capacity(bytes: usize) -> Self {
        let memory = vec![0; bytes + BLOCK_BYTES];
        let start = memory.as_ptr().align_offset(BLOCK_BYTES);
        assert!(start < BLOCK_BYTES, "an address a block further is aligned at the latest");
        Self { memory, start, len: 0 }
    }

    /// What it holds.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.memory[self.start..self.start + self.len]
    }

    /// Room of whole blocks to read into.
    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.memory[self.start..self.start + self.len]
    }

    fn push(&mut self, bytes: &[u8]) {
        let end = self.start + self.len;
        self.memory[end..end + bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
    }

    /// What it holds, and zeros up to the end of the block.
    fn padded(&mut self) -> &[u8] {
        let (end, padded_end) = (self.start + self.len, self.start + self.len.next_multiple_of(BLOCK_BYTES));
        self.memory[end..padded_end].fill(0);
        &self.memory[self.start..padded_end]
    }

    /// Keeps the begun block alone; says how many bytes went.
    fn drop_whole_blocks(&mut self) -> usize {
        let whole = self.len - self.len % BLOCK_BYTES;
        self.memory.copy_within(self.start + whole..self.start + self.len, self.start);
        self.len -= whole;
        whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Directory;
    use crate::testing::{FaultyDirectory, SplitMix};

    #[test]
    fn frames_written_in_any_pieces_stand_one_after_another() {
        for seed in 0..20 {
            let mut random = SplitMix::new(seed);
            let disk = FaultyDirectory::new();
            let file = disk.create("f").unwrap();
            let begun = random.below(3 * BLOCK_BYTES as u64);
            let mut expected: Vec<u8> = (0..begun).map(|n| n as u8 | 1).collect();
            write_all_at(&*file, &expected, 0).unwrap();
            let mut writer = BlockWriter::resume(&*file, begun).unwrap();
            for _ in 0..30 {
                let longest = if random.below(10) == 0 { 3 * PIECE_BYTES as u64 } else { 9000 };
                let frames: Vec<u8> = (0..random.below(longest)).map(|n| n as u8 | 1).collect();
                writer.write(&*file, &frames).unwrap();
                expected.extend_from_slice(&frames);
                assert_eq!(writer.byte(), expected.len() as u64, "seed {seed}");
            }
            let mut held = disk.read("f");
            assert!(held.len().is_multiple_of(BLOCK_BYTES) && held[expected.len()..].iter().all(|b| *b == 0));
            held.truncate(expected.len());
            assert!(held == expected, "seed {seed}");
        }
    }

    #[test]
    fn what_is_written_begins_at_an_aligned_address() {
        let mut buffer = BlockBuffer::new();
        for bytes in [1, BLOCK_BYTES, 5000] {
            buffer.push(&vec![7; bytes]);
            assert!((buffer.padded().as_ptr() as usize).is_multiple_of(BLOCK_BYTES));
            assert!(buffer.padded().len().is_multiple_of(BLOCK_BYTES));
            buffer.drop_whole_blocks();
        }
        assert!((zeros(3).bytes().as_ptr() as usize).is_multiple_of(BLOCK_BYTES));
        assert_eq!(zeros(3).bytes(), [0; 3 * BLOCK_BYTES]);
    }
}
