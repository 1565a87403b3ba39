//! When a topic-partition is sealed. Pure: sizes and times in, a decision out.

use crate::chain::{Chains, Partition};
use assay_trading_types::{Timestamp, Topic};

/// A record waits at most this long for its seal.
pub const SEAL_INTERVAL_NS: i64 = 1_000_000_000;

/// Nor do more records than this wait for one.
pub const SEAL_RECORDS_MAX: u64 = 10_000;

/// What has been sealed, and since when something waits.
#[derive(Debug, Clone, Default)]
pub struct Schedule {
    sealed: Vec<(Partition, u64)>,
    waiting_since: Option<Timestamp>,
}

impl Schedule {
    /// Records of `partition` that seals cover so far.
    pub fn sealed(&self, partition: Partition) -> u64 {
        self.sealed.iter().find(|(p, _)| *p == partition).map_or(0, |(_, size)| *size)
    }

    /// A seal over `size` records of `partition` was made, or read back.
    pub fn note_sealed(&mut self, partition: Partition, size: u64) {
        match self.sealed.iter_mut().find(|(p, _)| *p == partition) {
            Some((_, sealed)) => *sealed = (*sealed).max(size),
            None => self.sealed.push((partition, size)),
        }
    }

    /// Whether so many records of `partition` wait that it is sealed before its second is over. Seals themselves
    /// never are: they wait for the next round.
    pub fn is_full(&self, partition: Partition, size: u64) -> bool {
        partition.topic != Topic::Seals && size - self.sealed(partition) >= SEAL_RECORDS_MAX
    }

    /// Whether a round of seals is due. A round begins to be awaited when the first unsealed record is seen.
    pub fn round_due(&mut self, chains: &Chains, now: Timestamp) -> bool {
        if self.waiting(chains).all(|partition| partition.topic == Topic::Seals) {
            self.waiting_since = None;
            return false;
        }
        let since = *self.waiting_since.get_or_insert(now);
        now.since_ns(since) >= SEAL_INTERVAL_NS
    }

    /// Ends a wait: the round is made.
    pub fn round_made(&mut self) {
        self.waiting_since = None;
    }

    /// Topic-partitions with unsealed records. Seals are records too: a round covers those of earlier rounds, and a
    /// round is never due for their sake alone, so sealing comes to rest.
    pub fn waiting(&self, chains: &Chains) -> impl Iterator<Item = Partition> {
        chains.iter().filter(|(p, chain)| chain.size() > self.sealed(*p)).map(|(p, _)| p)
    }
}
