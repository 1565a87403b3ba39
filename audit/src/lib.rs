//! Every record of the log, chained, sealed and findable.
//!
//! ```text
//!                  +-> Sealer: leaf -> chain -> Merkle root --(1 s or 10,000 records)--> topic `seals`
//! log (durable) ---|                                           HMAC, forward-secure | Ed25519 checkpoint
//!                  +-> Store | ClickHouseSink: rows, secrets masked --> query (order, session, firm, time)
//!
//! verify_log | verify_store | verify_both --> Report: counts per topic-partition, or the first bad record
//! ```
//! The chain is the audit's promise and never waits; the store is a copy, lags when it must and can be deleted and
//! rebuilt. The crate keeps no initial key: proving that seals were not forged needs the key that the operator took
//! away. `docs/wire/audit-chain.md` says every byte that is hashed, signed or authenticated.

mod canonical;
mod chain;
pub mod clickhouse;
mod error;
mod kept;
pub mod keys;
mod mask;
mod merkle;
mod note;
mod object;
mod query;
mod report;
mod row;
mod row_ids;
mod row_view;
mod schedule;
mod seal;
mod sealer;
mod service;
mod store;
mod trade_lookup;
mod verify;

pub use canonical::{Covered, Hash};
pub use chain::{CHAIN_START, Chain, Chains, Link, Partition};
pub use error::Error;
pub use kept::KeptIn;
pub use merkle::Frontier;
pub use note::{Checkpoint, NoteError, verifier_key};
pub use object::Object;
pub use query::{Format, LIMIT_MAX, Narrowing, Page, Query, Selector, parse_time, query};
pub use report::{Fault, PartitionReport, Place, Report, What};
pub use schedule::{SEAL_INTERVAL_NS, SEAL_RECORDS_MAX, Schedule};
pub use seal::{origin, seal};
pub use sealer::Sealer;
pub use service::{AuditPaths, AuditService, CLOCK_ERROR_UNKNOWN_NS, Progress};
pub use store::{SCHEMA_VERSION, Store};
pub use trade_lookup::TradeLookup;
pub use verify::{
    Span, verify_both, verify_clickhouse, verify_clickhouse_about, verify_log, verify_log_and_clickhouse,
    verify_store, verify_store_about,
};
