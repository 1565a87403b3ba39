//! What a run found.

use std::fmt;

/// What a run did and what the auditor found wrong with it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The seed that repeats it.
    pub seed: u64,
    /// Records in the log at the end.
    pub records: u64,
    /// D, F, G and H sent.
    pub requests: u64,
    /// Orders that reached the market.
    pub orders: u64,
    /// Trades.
    pub trades: u64,
    /// Sides of trades that were undone or priced anew.
    pub amended: u64,
    /// Whole units sold short.
    pub sold_short: u64,
    /// Refused requests.
    pub refused: u64,
    /// Crashes survived.
    pub crashes: u64,
    /// Times that one who stood by took over.
    pub handovers: u64,
    /// Recoveries that began from a snapshot.
    pub from_snapshot: u64,
    /// Requests that a crash took and that were sent again.
    pub sent_again: u64,
    /// Outputs that a zombie wrote a second time.
    pub zombie_records: u64,
    /// Chain head over all topics, hex: the same seed gives the same.
    pub chain_head: String,
    /// What is wrong; empty when all is well.
    pub faults: Vec<String>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}: {} records, {} requests", self.seed, self.records, self.requests)?;
        writeln!(
            f,
            "  {} orders, {} trades ({} sides amended, {} units sold short), {} refused",
            self.orders, self.trades, self.amended, self.sold_short, self.refused
        )?;
        writeln!(
            f,
            "  {} crashes ({} from a snapshot), {} handovers, {} requests sent again, {} records by zombies",
            self.crashes, self.from_snapshot, self.handovers, self.sent_again, self.zombie_records
        )?;
        writeln!(f, "  chain {}", self.chain_head)?;
        match self.faults.as_slice() {
            [] => write!(f, "  all accounted for"),
            faults => faults.iter().try_for_each(|fault| writeln!(f, "  FAULT {fault}")),
        }
    }
}
