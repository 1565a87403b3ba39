//! Frames of one segment file, one after another, in bounded memory.

use crate::files::LogFile;
use crate::frame::{self, Frame, HEAD_BYTES};
use crate::read_ahead::ReadAhead;
use std::io;
use std::sync::Arc;

/// Bytes looked at together. Grows to the frame when one is longer, and a frame is never longer than its file.
const READ_BYTES: usize = 64 << 10;

/// A cursor over a segment's frames.
pub(crate) struct Frames {
    file: ReadAhead,
    salt: u32,
    /// Holds the file's bytes from `buffer_at`.
    buffer: Vec<u8>,
    buffer_at: u64,
    at: u64,
}

/// What stands at the cursor.
pub(crate) enum Found<'a> {
    /// A frame with a good checksum; the cursor is behind it.
    Frame { frame: Frame<'a>, at: u64 },
    /// Something else: end of file, zeros, a bad frame. The cursor stays.
    Nothing,
}

impl Frames {
    pub(crate) fn new(file: Arc<dyn LogFile>, salt: u32, at: u64) -> Self {
        Self { file: ReadAhead::new(file), salt, buffer: Vec::new(), buffer_at: at, at }
    }

    /// Byte that the next frame is looked for at.
    pub(crate) fn at(&self) -> u64 {
        self.at
    }

    /// Looks for the next frame elsewhere.
    pub(crate) fn go_to(&mut self, at: u64) {
        self.at = at;
    }

    /// The frame at the cursor.
    pub(crate) fn next(&mut self) -> io::Result<Found<'_>> {
        let length = self.frame_bytes()?;
        Ok(self.take(length))
    }

    /// As [`Frames::next`] of a frame that is in the file by now, though bytes read ahead may be older than it.
    pub(crate) fn next_fresh(&mut self) -> io::Result<Found<'_>> {
        let mut length = self.frame_bytes()?;
        if length.is_none() {
            self.buffer.clear();
            self.buffer_at = self.at;
            self.file.forget();
            length = self.frame_bytes()?;
        }
        Ok(self.take(length))
    }

    /// Length of the frame at the cursor, which is in the buffer then and has a good checksum.
    fn frame_bytes(&mut self) -> io::Result<Option<usize>> {
        self.fill(HEAD_BYTES)?;
        let Some(length) = frame::length(self.rest()) else { return Ok(None) };
        self.fill(length)?;
        let frame = self.rest().get(..length);
        Ok(frame.and_then(|bytes| Frame::check(bytes, self.salt)).map(|_| length))
    }

    fn take(&mut self, length: Option<usize>) -> Found<'_> {
        let Some(length) = length else { return Found::Nothing };
        let (at, start) = (self.at, self.start());
        self.at += length as u64;
        Found::Frame { frame: Frame::checked(&self.buffer[start..start + length]), at }
    }

    /// Whatever bytes stand at the cursor, as many as one read gives; empty at the end of the file.
    pub(crate) fn raw(&mut self) -> io::Result<&[u8]> {
        self.fill(1)?;
        Ok(self.rest())
    }

    fn start(&self) -> usize {
        (self.at - self.buffer_at) as usize
    }

    fn rest(&self) -> &[u8] {
        self.buffer.get(self.start()..).unwrap_or_default()
    }

    /// Makes `wanted` bytes available from the cursor, fewer only at the end of the file.
    fn fill(&mut self, wanted: usize) -> io::Result<()> {
        let held_until = self.buffer_at + self.buffer.len() as u64;
        if (self.buffer_at..=held_until).contains(&self.at) {
            if held_until - self.at >= wanted as u64 {
                return Ok(());
            }
            let start = self.start();
            self.buffer.drain(..start);
        } else {
            self.buffer.clear();
        }
        self.buffer_at = self.at;
        self.read_more(wanted)
    }

    fn read_more(&mut self, wanted: usize) -> io::Result<()> {
        let held = self.buffer.len();
        let left = self.file.len()?.saturating_sub(self.at);
        let target = (wanted.max(READ_BYTES) as u64).min(left) as usize;
        if target > held {
            self.buffer.resize(target, 0);
            let read = self.file.read(&mut self.buffer[held..], self.at + held as u64)?;
            self.buffer.truncate(held + read);
        }
        Ok(())
    }
}
