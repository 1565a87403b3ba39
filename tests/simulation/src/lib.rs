//! The whole pipeline in one thread, deterministic by seed, with crashes, repeated deliveries and zombies.
//!
//! ```text
//! Traffic (counterparties by seed) -> accounts --+
//!                                                v
//!            MemoryLog <---------------- assay_pipeline::Pipeline (risk, execution)
//!               |   crash: any whole prefix >= durable survives; state from a random durable snapshot or from none
//!               v
//!            Auditor: recomputes orders, positions, cash, answers and the audit chain from the records alone
//! ```
//!
//! [`run`] plays one seed and says what the auditor found. The auditor uses no code of the ledger, risk or execution:
//! only records. A failure is repeated with its seed.

mod auditor;
mod chain;
mod market_rules;
mod postings;
mod report;
mod risk_officer;
mod traffic;
mod world;

pub use report::Report;

/// Plays one seed to the end and audits every record of it.
pub fn run(seed: u64) -> Report {
    world::World::new(seed).run()
}
