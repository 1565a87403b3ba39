//! Recent records in memory, so that readers that keep up never touch a file.

use crate::Record;
use crate::sequence::TopicSet;
use assay_trading_types::Topic;
use std::collections::VecDeque;
use std::sync::Arc;

/// What a record costs in memory besides its key and value.
const RECORD_OVERHEAD_BYTES: usize = 512;

/// A window of records without holes that ends at the log's end.
#[derive(Debug)]
pub(crate) struct Ring {
    /// Each with its topic beside it, so that passing over records of other topics touches none of them.
    records: VecDeque<(Topic, Arc<Record>)>,
    first: u64,
    bytes: usize,
    bytes_max: usize,
    records_max: usize,
}

impl Ring {
    pub(crate) fn new(first: u64, bytes_max: usize, records_max: usize) -> Self {
        Self { records: VecDeque::new(), first, bytes: 0, bytes_max, records_max }
    }

    /// First position held; equals the end when empty.
    pub(crate) fn first(&self) -> u64 {
        self.first
    }

    pub(crate) fn push(&mut self, record: Arc<Record>) {
        self.bytes += cost(&record);
        self.records.push_back((record.topic, record));
    }

    /// Moves up to `max` of the oldest records beyond the bounds to `out`, never one at or above `keep_from`: those
    /// stand in no file yet.
    pub(crate) fn evict(&mut self, keep_from: u64, max: usize, out: &mut Vec<Arc<Record>>) {
        while self.first < keep_from && out.len() < max && self.is_over() {
            let Some((_, record)) = self.records.pop_front() else { return };
            self.bytes -= cost(&record);
            self.first += 1;
            out.push(record);
        }
    }

    fn is_over(&self) -> bool {
        self.bytes > self.bytes_max || self.records.len() > self.records_max
    }

    /// Copies up to `max` records of `topics` from `from` on and below `until` to `into`, looking at no more than
    /// `look_max`. Returns the position after the last one looked at.
    pub(crate) fn copy(&self, topics: TopicSet, span: Span, max: usize, into: &mut Vec<Arc<Record>>) -> u64 {
        let Span { from, until, look_max } = span;
        let start = (from - self.first) as usize;
        let stop = ((until - self.first) as usize).min(self.records.len()).min(start + look_max);
        let filled = into.len() + max;
        for (n, (topic, record)) in self.records.range(start..stop.max(start)).enumerate() {
            if into.len() == filled {
                return from + n as u64;
            }
            if topics.has(*topic) {
                into.push(Arc::clone(record));
            }
        }
        from + (stop.max(start) - start) as u64
    }
}

/// Which records to look at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    /// First position; held by the ring.
    pub(crate) from: u64,
    /// Position after the last.
    pub(crate) until: u64,
    /// Most records looked at, so that nobody holds the lock for long.
    pub(crate) look_max: usize,
}

fn cost(record: &Record) -> usize {
    RECORD_OVERHEAD_BYTES + record.key.len() + record.value.len()
}
