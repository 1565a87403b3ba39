//! What a connection says once its sides have proved themselves: encrypted in chunks, each bound to its place, so that
//! nobody between them reads, changes, repeats or leaves out any of it.

use super::message::{Outgoing, malformed};
use snow::StatelessTransportState;
use std::io::{self, Write};
use std::net::TcpStream;
use std::sync::Arc;

/// Most bytes of an encrypted chunk: a Noise message.
const SEALED_BYTES_MAX: usize = 65_535;

/// Bytes that encryption adds to a chunk.
const TAG_BYTES: usize = 16;

/// Bytes before a chunk: its length.
const LENGTH_BYTES: usize = 2;

/// Chunks that are written at once.
const BURST_CHUNKS: usize = 8;

/// The sending side of a connection.
pub(super) struct Sender {
    stream: TcpStream,
    cipher: Arc<StatelessTransportState>,
    chunks: u64,
    sealed: Vec<u8>,
}

impl Sender {
    pub(super) fn new(stream: TcpStream, cipher: Arc<StatelessTransportState>) -> Self {
        Self { stream, cipher, chunks: 0, sealed: Vec::new() }
    }

    /// Sends a whole message.
    ///
    /// # Errors
    /// The connection's.
    pub(super) fn send(&mut self, message: Outgoing) -> io::Result<()> {
        const PLAIN_BYTES_MAX: usize = SEALED_BYTES_MAX - TAG_BYTES;
        for burst in message.finish().chunks(BURST_CHUNKS * PLAIN_BYTES_MAX) {
            self.sealed.clear();
            burst.chunks(PLAIN_BYTES_MAX).try_for_each(|plain| self.seal(plain))?;
            self.stream.write_all(&self.sealed)?;
        }
        Ok(())
    }

    pub(super) fn stream(&self) -> &TcpStream {
        &self.stream
    }

    fn seal(&mut self, plain: &[u8]) -> io::Result<()> {
        let length = plain.len() + TAG_BYTES;
        self.sealed.extend_from_slice(&(length as u16).to_le_bytes());
        let start = self.sealed.len();
        self.sealed.resize(start + length, 0);
        let sealed = self.cipher.write_message(self.chunks, plain, &mut self.sealed[start..]);
        sealed.map_err(io::Error::other)?;
        self.chunks += 1;
        Ok(())
    }
}

/// What opens the chunks that arrive.
pub(super) struct Opener {
    cipher: Arc<StatelessTransportState>,
    chunks: u64,
}

impl Opener {
    pub(super) fn new(cipher: Arc<StatelessTransportState>) -> Self {
        Self { cipher, chunks: 0 }
    }

    /// Length of what opening the first chunk of `sealed` gives, at most; none when it is not there whole.
    pub(super) fn room(sealed: &[u8]) -> Option<usize> {
        let (length, rest) = sealed.split_first_chunk::<LENGTH_BYTES>()?;
        let length = usize::from(u16::from_le_bytes(*length));
        (rest.len() >= length).then_some(length)
    }

    /// Opens that chunk into `plain`. How many bytes of `sealed` it was, and how many of `plain` it is.
    ///
    /// # Errors
    /// It is not the next one that the other side sent.
    pub(super) fn open(&mut self, sealed: &[u8], plain: &mut [u8]) -> io::Result<(usize, usize)> {
        let length = Self::room(sealed).unwrap_or_default();
        let chunk = &sealed[LENGTH_BYTES..LENGTH_BYTES + length];
        let opened = self.cipher.read_message(self.chunks, chunk, plain);
        let opened = opened.map_err(|_| malformed("what arrived was changed on its way"))?;
        self.chunks += 1;
        Ok((LENGTH_BYTES + length, opened))
    }
}
