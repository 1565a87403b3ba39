//! The processor of one partition of `markets`.

use crate::Error;
use assay_trading_types::{Input, Outbox, Processor};

/// The books of one partition of `markets`.
#[derive(Debug)]
pub struct Execution {
    partition: u16,
}

impl Execution {
    /// Empty books for `partition` of `markets`.
    pub fn new(partition: u16) -> Self {
        Self { partition }
    }

    /// The partition it serves.
    pub fn partition(&self) -> u16 {
        self.partition
    }

    /// Orders that rest on the books.
    pub fn open_order_count(&self) -> usize {
        0
    }

    /// The whole state as bytes; the same log gives the same bytes.
    pub fn snapshot(&self) -> Vec<u8> {
        self.partition.to_le_bytes().to_vec()
    }

    /// The state a snapshot holds.
    ///
    /// # Errors
    /// Bytes of another version, or damaged ones.
    pub fn restore(bytes: &[u8]) -> Result<Self, Error> {
        let partition =
            <[u8; 2]>::try_from(bytes).map_err(|_| Error::Damaged { what: "wrong length".into() })?;
        Ok(Self::new(u16::from_le_bytes(partition)))
    }
}

impl Processor for Execution {
    fn apply(&mut self, _input: &Input<'_>, _out: &mut Outbox) {}
}
