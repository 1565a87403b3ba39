//! Drives risk and execution over one log, in one thread: what the embedded node and the simulation share.
//!
//! ```text
//!            one reader of accounts + markets, in position order
//!                 |                                    |
//!          accounts record                      markets record
//!                 v                                    v
//!           Risk::apply                        Execution::apply
//!                 +-------- outputs, with origin ------+
//!                                  v
//!          drop what the log already holds (recovery), append the rest as one group
//! ```
//!
//! Why it is a crate of its own: the services may not depend on one another, the simulation may not depend on the
//! binary, and exactly-once effect rests on the few lines here, so node and simulation must run the very same ones.
//!
//! Why one group a batch: an append costs a lock and a wake-up, whatever it holds. A batch is bounded by
//! [`BATCH_RECORDS_MAX`], so a group stays small next to a segment and no order waits behind more than that.
//!
//! Why a replay is safe: both processors are deterministic, so applying a record again emits the same outputs with
//! the same origins. Outputs of one producer are appended in the order of their inputs, so all that a crash left in
//! the log are those up to the newest origin it holds, and [`Pipeline::recover`] is given exactly these
//! (`last_origins`). No transaction slows the hot path (design section 2).
//!
//! Why a snapshot waits: it replaces the inputs below its position, so it may only count once their *outputs* are
//! durable as well, which stand behind that position. [`Snapshot::depends_on`] names the durable position it needs.
//!
//! It does not sleep, read a clock or start a thread; the driver does.

mod clock;
mod error;
mod pipeline;
mod snapshot;
mod snapshot_store;

pub use error::Error;
pub use pipeline::{BATCH_RECORDS_MAX, Pipeline, Stages, TICK_INTERVAL_NS};
pub use snapshot::Snapshot;
pub use snapshot_store::{SNAPSHOTS_KEPT, SnapshotStore};
