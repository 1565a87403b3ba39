//! A range of the log as one block: what is sent, and what must be there afterwards.

use super::row_binary::write_row;
use crate::canonical::Hash;
use crate::chain::{Chains, Partition};
use crate::error::Error;
use crate::row::Scratch;
use assay_event_log::Record;
use assay_trading_types::{Position, Timestamp};
use bytes::Bytes;
use sha2::{Digest, Sha256};
use std::ops::Range;

/// Rows of a block: few blocks a second, far below what a server splits.
pub(crate) const ROWS_MAX: usize = 65_536;

/// Bytes of a block.
pub(crate) const BYTES_MAX: usize = 32 << 20;

/// A block being filled.
pub(crate) struct Filling {
    from: Position,
    before: Vec<(Partition, u64)>,
    chains: Chains,
    month: Option<i32>,
    rows: u64,
    bytes: Vec<u8>,
    hashes: Vec<(Partition, Vec<Hash>)>,
    scratch: Scratch,
}

/// A block to be sent.
#[derive(Debug, Clone)]
pub(crate) struct Batch {
    /// First position and the one after the last.
    pub(crate) positions: Range<u64>,
    /// Offsets by topic-partition, in the order of the table's key.
    pub(crate) ranges: Vec<(Partition, Range<u64>)>,
    /// Chains after it.
    pub(crate) chains: Chains,
    /// Rows in RowBinary.
    pub(crate) block: Bytes,
    /// Rows.
    pub(crate) rows: u64,
    /// SHA-256 over the chain values in the order of the table's key: as each chain value covers all before it, these
    /// bytes are the content.
    pub(crate) digest: Hash,
}

impl Filling {
    /// Begins after what `chains` cover.
    pub(crate) fn after(chains: &Chains) -> Self {
        Self {
            from: chains.position(),
            before: chains.iter().map(|(partition, chain)| (partition, chain.size())).collect(),
            chains: chains.clone(),
            month: None,
            rows: 0,
            bytes: Vec::new(),
            hashes: Vec::new(),
            scratch: Scratch::default(),
        }
    }

    /// Takes the next record; false when it does not fit any more and begins the next block.
    ///
    /// # Errors
    /// It does not follow its partition's last.
    pub(crate) fn take(&mut self, record: &Record) -> Result<bool, Error> {
        if record.position < self.chains.position() {
            return Ok(true); // A log may deliver a record again.
        }
        let month = month(record.at);
        if self.is_full() || self.month.is_some_and(|m| m != month) {
            return Ok(false);
        }
        let link = self.chains.push(record)?;
        let bytes = &mut self.bytes;
        self.scratch.with_row(record, link, |row| write_row(row, bytes));
        let partition = Partition { topic: record.topic, number: record.partition };
        match self.hashes.iter_mut().find(|(p, _)| *p == partition) {
            Some((_, hashes)) => hashes.push(link.chain),
            None => self.hashes.push((partition, vec![link.chain])),
        }
        self.month = Some(month);
        self.rows += 1;
        Ok(true)
    }

    /// Whether nothing more belongs in it.
    pub(crate) fn is_full(&self) -> bool {
        self.rows as usize >= ROWS_MAX || self.bytes.len() >= BYTES_MAX
    }

    /// Whether there is nothing in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Position of the next record it wants.
    pub(crate) fn position(&self) -> Position {
        self.chains.position()
    }

    /// No more records.
    pub(crate) fn finish(mut self) -> Batch {
        // The table orders topics by name.
        self.hashes.sort_by_key(|(partition, _)| (partition.topic.name(), partition.number));
        let mut digest = Sha256::new();
        self.hashes.iter().flat_map(|(_, hashes)| hashes).for_each(|hash| digest.update(hash));
        let before =
            |partition| self.before.iter().find(|(p, _)| *p == partition).map_or(0, |(_, size)| *size);
        let ranges = self
            .hashes
            .iter()
            .map(|(partition, hashes)| {
                let first = before(*partition);
                (*partition, first..first + hashes.len() as u64)
            })
            .collect();
        Batch {
            positions: self.from.0..self.chains.position().0,
            ranges,
            chains: self.chains,
            block: Bytes::from(self.bytes),
            rows: self.rows,
            digest: digest.finalize().into(),
        }
    }
}

impl Batch {
    /// The block's name to the server: the same range of the same log with the same content has the same.
    pub(crate) fn token(&self, log: &str) -> String {
        format!("{log}:{}-{}:{}", self.positions.start, self.positions.end, hex::encode(self.digest))
    }
}

/// Months since year 0, by UTC: what the table is partitioned by, so that a block is one part.
fn month(at: Timestamp) -> i32 {
    let time = jiff::Timestamp::from_nanosecond(i128::from(at.as_ns())).unwrap_or_default();
    let date = time.to_zoned(jiff::tz::TimeZone::UTC).date();
    i32::from(date.year()) * 12 + i32::from(date.month())
}
