//! Pre-trade risk and accounts: may this order go to the market, and what did the market do to the books?
//!
//! ```text
//! accounts: OrderRequested --> decide --refused--> accounts: OrderRefused
//!                                 |
//!                               hold funds or holdings --> ledger: Posted
//!                                 +----------------------> markets: OrderAccepted
//! accounts: ExecutionReported --> settle: cash, asset, commission, holds --> ledger: Posted
//! ```
//! One processor per partition of `accounts` holds a firm's limits, exposure, open orders and its ledger accounts, so
//! that a decision and its hold are one step. All refusals come first, then a marked line, then nothing that can fail.
//! No I/O, no clock, no randomness.

mod administration;
mod amend;
mod checks;
mod cl_ord_ids;
mod commission;
mod decision;
mod error;
mod firm;
mod group;
mod instruments;
mod order;
mod orders;
mod risk;
mod settlement;
mod snapshot;
mod stage;

pub use error::Error;
pub use risk::Risk;
