//! Matching: price-time books, one per symbol, driven by records of `markets`.
//!
//! ```text
//! markets record -> seen before? -> expire what is due -> accept | cancel | replace | list
//!                                                             |
//!                       front of the other side <-> trade, self-trade prevention, budget
//!                                                             |
//!              accounts: New, Trade (both sides), Canceled, Replaced, Restated, Expired, CancelRefused
//!              market-data: TradePrinted; TopOfBookChanged once, if it changed
//! ```
//!
//! [`Execution`] is the processor, [`Book`] the data structure alone. It serves limit and market orders, DAY, GTC,
//! IOC and FOK. It decides nothing about money: risk has let every order through and holds its funds. What it still
//! cannot put on a book (a symbol never listed, a price off a tick that changed meanwhile) it ends with
//! `Canceled` and the reason, so that every accepted order gets exactly one end. No I/O, no clock, no randomness;
//! the same records give the same outputs.
//!
//! Loops over counterparties' orders are bounded: an input meets at most 16,384 resting orders and expires at most
//! 4,096, since its outputs are numbered in 16 bits.

mod book;
mod closed;
mod delivery;
mod error;
mod execution;
mod ladder;
mod market;
mod matching;
mod open_order;
mod replacing;
mod slab;
mod snapshot;

pub use book::{Best, Book, BookSide, Handle, Resting, Top};
pub use error::Error;
pub use execution::Execution;
