//! Postings as they follow from the log, beside those that stand in it.

use crate::node::NodeError;
use assay_event_log::{NewRecord, Reader, Record};
use assay_trading_types::{Origin, Position, Topic};
use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::Arc;

/// Records read at a time.
const BATCH: usize = 512;

/// Postings that either side may be ahead of the other. One that stays away is missing.
const AHEAD_MAX: usize = 1 << 20;

/// A posting in the log is not what follows from what was asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum Wrong {
    /// Another one.
    #[error("the posting at position {position} is not what follows from {origin:?}")]
    Other {
        /// Where.
        position: Position,
        /// What it should follow from.
        origin: Origin,
    },
    /// None.
    #[error("the posting that follows from {origin:?} is not in the log")]
    Missing {
        /// What it should follow from.
        origin: Origin,
    },
    /// One too many.
    #[error("the posting at position {position} follows from nothing")]
    Unasked {
        /// Where.
        position: Position,
    },
}

/// Compares both in their order.
pub(super) struct Postings {
    reader: Box<dyn Reader>,
    expected: VecDeque<(Origin, Bytes)>,
    found: VecDeque<Arc<Record>>,
    batch: Vec<Arc<Record>>,
    /// The newest that was expected: what is not newer and not expected any more was there before, or twice.
    last: Option<(u64, u16)>,
}

impl Postings {
    /// With those that `reader` finds.
    pub(super) fn new(reader: Box<dyn Reader>) -> Self {
        let (expected, found, batch) = (VecDeque::new(), VecDeque::new(), Vec::with_capacity(BATCH));
        Self { reader, expected, found, batch, last: None }
    }

    /// Takes the postings among `outputs`.
    pub(super) fn expect(&mut self, outputs: Vec<NewRecord>) {
        let postings = outputs.into_iter().filter(|output| output.topic == Topic::Ledger);
        self.expected
            .extend(postings.filter_map(|output| Some((output.origin?, output.value.bytes().clone()))));
    }

    /// Reads what there is and compares what there is of both.
    pub(super) fn compare(&mut self) -> Result<(), Box<dyn std::error::Error>> {
        while self.found.len() < AHEAD_MAX {
            self.batch.clear();
            if self.reader.poll(&mut self.batch, BATCH).map_err(NodeError::from)? == 0 {
                break;
            }
            self.found.extend(self.batch.drain(..));
        }
        Ok(self.judge()?)
    }

    fn judge(&mut self) -> Result<(), Wrong> {
        while let (Some((origin, bytes)), Some(record)) = (self.expected.front(), self.found.front()) {
            let (wanted, place) = (place(Some(*origin)), place(record.origin));
            if place < wanted && place <= self.last.or(wanted) {
                self.found.pop_front();
                continue;
            }
            if place != wanted || record.value != *bytes {
                return Err(Wrong::Other { position: record.position, origin: *origin });
            }
            self.last = wanted;
            self.expected.pop_front();
            self.found.pop_front();
        }
        match (self.expected.front(), self.found.front()) {
            (Some((origin, _)), _) if self.expected.len() > AHEAD_MAX => {
                Err(Wrong::Missing { origin: *origin })
            }
            (_, Some(record)) if self.found.len() >= AHEAD_MAX => {
                Err(Wrong::Unasked { position: record.position })
            }
            _ => Ok(()),
        }
    }
}

/// Input offset and index, which only rise.
fn place(origin: Option<Origin>) -> Option<(u64, u16)> {
    match origin {
        Some(Origin::Input { offset, index, .. }) => Some((offset, index)),
        _ => None,
    }
}
