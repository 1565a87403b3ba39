//! Pre-trade risk and accounts: may this order go to the market, and what did the market do to the books?
//!
//! ```text
//! accounts: OrderRequested --> decide --refused--> accounts: OrderRefused
//!                                 |
//!                               hold funds or holdings --> ledger: Posted
//!                                 +----------------------> markets: OrderAccepted
//! accounts: ExecutionReported --> settle: cash, asset, commission, holds --> ledger: Posted
//! accounts: MoneyInstructed --> decide, hold or move --> ledger: Posted, accounts: MovementChanged or MoneyRefused
//! accounts: LoanInstructed, ClockTicked, ReferencePriceSet --> ledger: Posted, accounts: LoanChanged or LoanRefused
//! accounts: LocateProposed, LocateDecided --> accounts: LocateGranted; ClockTicked --> LocateEnded, its orders cancelled
//! accounts: those and LimitsChangeProposed, RiskSwitchSet ... --> accounts: RiskCommandTaken or RiskCommandRefused
//! accounts: VenueTraded --> the venue's side of a fill --> ledger: Posted; VenueDiffered --> accounts: RiskAlarmed
//! ```
//! One processor per partition of `accounts` holds a firm's limits, exposure, open orders and its ledger accounts, so
//! that a decision and its hold are one step. All refusals come first, then a marked line, then nothing that can fail.
//! No I/O, no clock, no randomness.

mod administration;
mod amend;
mod answering;
mod carried;
mod checks;
mod cl_ord_ids;
mod client;
mod commission;
mod decision;
mod disconnects;
mod duplicates;
mod error;
mod exposure;
mod fees;
mod firm;
mod governance;
mod group;
mod holding;
mod instruments;
mod interest;
mod lending;
mod limit_book;
mod limits;
mod locates;
mod mass;
mod money;
mod names;
mod news;
mod order;
mod orders;
mod pending;
mod positions;
mod rate;
mod restrictions;
mod risk;
mod session;
mod settlement;
mod short;
mod snapshot;
mod stage;
mod switches;
mod terms;
mod trade_amendment;
mod venues;
mod watch;
mod work;

pub use error::Error;
pub use risk::{AtStake, Risk};
