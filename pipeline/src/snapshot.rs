//! The state of a pipeline at a position, as bytes.

use crate::Error;
use assay_trading_types::Position;

/// First bytes of a snapshot: what it is and the version of its frame. The parts carry versions of their own.
const MAGIC: &[u8; 8] = b"ASNAP\0v1";
const CRC_BYTES: usize = 4;

/// The state of risk and execution after every record below `position`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Every record below it is in the state.
    pub position: Position,
    /// Count of durable records it needs: its inputs, and the outputs that followed from them.
    pub depends_on: Position,
    pub(crate) risk: Vec<u8>,
    pub(crate) execution: Vec<u8>,
}

impl Snapshot {
    /// Magic, position, depends_on, length and bytes of each part, CRC-32C of all before; integers little endian.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(64 + self.risk.len() + self.execution.len());
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&self.position.0.to_le_bytes());
        out.extend_from_slice(&self.depends_on.0.to_le_bytes());
        for part in [&self.risk, &self.execution] {
            out.extend_from_slice(&(part.len() as u64).to_le_bytes());
            out.extend_from_slice(part);
        }
        let crc = crc32c::crc32c(&out);
        out.extend_from_slice(&crc.to_le_bytes());
        out
    }

    /// Reads [`Snapshot::to_bytes`].
    ///
    /// # Errors
    /// Cut, damaged, or of another version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let Some(body) = bytes.strip_prefix(MAGIC) else { return Err(bad("not a snapshot of version 1")) };
        if body.len() < CRC_BYTES {
            return Err(bad("snapshot is cut"));
        }
        let (content, crc) = bytes.split_at(bytes.len() - CRC_BYTES);
        if crc32c::crc32c(content).to_le_bytes() != crc {
            return Err(bad("snapshot is damaged, its checksum is wrong"));
        }
        let mut fields = Fields(&content[MAGIC.len()..]);
        let snapshot = Self {
            position: Position(fields.number()?),
            depends_on: Position(fields.number()?),
            risk: fields.part()?,
            execution: fields.part()?,
        };
        if fields.0.is_empty() { Ok(snapshot) } else { Err(bad("snapshot has bytes behind its end")) }
    }
}

struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn number(&mut self) -> Result<u64, Error> {
        let (number, rest) = self.0.split_first_chunk::<8>().ok_or_else(|| bad("snapshot is cut"))?;
        self.0 = rest;
        Ok(u64::from_le_bytes(*number))
    }

    fn part(&mut self) -> Result<Vec<u8>, Error> {
        let len = usize::try_from(self.number()?).map_err(|_| bad("snapshot is cut"))?;
        let (part, rest) = self.0.split_at_checked(len).ok_or_else(|| bad("snapshot is cut"))?;
        self.0 = rest;
        Ok(part.to_vec())
    }
}

fn bad(what: &str) -> Error {
    Error::Snapshot { what: what.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Snapshot {
        Snapshot {
            position: Position(7),
            depends_on: Position(9),
            risk: b"risk".to_vec(),
            execution: b"books".to_vec(),
        }
    }

    #[test]
    fn bytes_give_back_the_snapshot() {
        assert_eq!(Snapshot::from_bytes(&example().to_bytes()).unwrap(), example());
    }

    #[test]
    fn every_cut_and_every_flipped_bit_is_refused() {
        let bytes = example().to_bytes();
        for len in 0..bytes.len() {
            assert!(Snapshot::from_bytes(&bytes[..len]).is_err(), "cut at {len}");
        }
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(Snapshot::from_bytes(&flipped).is_err(), "bit {bit}");
        }
    }
}
