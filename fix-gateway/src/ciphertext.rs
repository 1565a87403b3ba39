//! Encrypted bytes between a socket and rustls, which by itself reads 4 KiB at a time.

use std::io;

/// Bytes read at once: the engine works best on many messages together, and a read costs as much for one as for hundreds.
const BYTES: usize = 64 << 10;

/// What was read and not yet decrypted.
#[derive(Debug, Default)]
pub(crate) struct Ciphertext {
    bytes: Vec<u8>,
    used: usize,
    end: usize,
}

impl Ciphertext {
    pub(crate) fn rest(&self) -> &[u8] {
        &self.bytes[self.used..self.end]
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.used == self.end
    }

    pub(crate) fn advance(&mut self, count: usize) {
        self.used += count;
        assert!(self.used <= self.end, "no more is used than there is");
    }

    /// Reads once into the room that there is when nothing is left.
    pub(crate) fn fill(&mut self, read: impl FnOnce(&mut [u8]) -> io::Result<usize>) -> io::Result<usize> {
        assert!(self.is_empty(), "what is left would be lost");
        (self.used, self.end) = (0, 0);
        self.bytes.resize(BYTES.max(self.bytes.len()), 0);
        self.end = read(&mut self.bytes)?;
        Ok(self.end)
    }

    /// Takes up bytes that were put aside.
    pub(crate) fn put_back(&mut self, aside: &[u8]) {
        (self.used, self.end) = (0, 0);
        self.bytes.resize(self.bytes.len().max(aside.len()), 0);
        self.bytes[..aside.len()].copy_from_slice(aside);
        self.end = aside.len();
    }

    /// Gives up what is left, to be put aside.
    pub(crate) fn take_rest(&mut self) -> Vec<u8> {
        let rest = self.rest().to_vec();
        (self.used, self.end) = (0, 0);
        rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_put_aside_and_taken_up_again() {
        let mut ciphertext = Ciphertext::default();
        let count = ciphertext.fill(|room| {
            room[..5].copy_from_slice(b"hello");
            Ok(5)
        });
        assert_eq!((count.unwrap(), ciphertext.rest()), (5, &b"hello"[..]));
        ciphertext.advance(2);
        let aside = ciphertext.take_rest();
        assert!(ciphertext.is_empty());
        assert!(ciphertext.fill(|_| Err(io::ErrorKind::WouldBlock.into())).is_err());
        assert!(ciphertext.is_empty());
        ciphertext.put_back(&aside);
        assert_eq!(ciphertext.rest(), b"llo");
    }
}
