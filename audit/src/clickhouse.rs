//! The ClickHouse store: the same rows as the SQLite store, for those who ask across years.
//!
//! ```text
//! log (durable) -> Sink: plan a range (synced to disk) -> INSERT one block, token bound to the content
//!                        -> read the range back        -> the plan is done, the next begins after it
//! ClickHouse    -> Rows: in the order of the log -> verify, query
//! ```
//! A crash of either side at any moment leaves each row exactly once: the same range is sent again under the same
//! token, and a range that is there is not sent at all.

mod batch;
mod config;
mod error;
mod plan;
mod query;
mod read;
mod row_binary;
mod schema;
mod server;
mod sink;

pub use config::{ClickHouseConfig, Repeats};
pub use error::ClickHouseError;
pub use query::query_clickhouse;
pub(crate) use read::Rows;
pub(crate) use server::open;
pub(crate) use sink::set_aside_if_ahead;
pub use sink::{ClickHouseSink, rebuild};
