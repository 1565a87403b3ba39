//! Matching: price-time books, one per symbol, driven by records of `markets`.
//!
//! ```text
//! markets record -> seen before? -> clock: orders and days that end, phases that begin
//!                                -> reports owed (expired, done for the day, renewed)
//!                                -> accept | cancel | replace | list | calendar | halt
//!                                        |
//!      continuous: front of the other side <-> trade, self-trade prevention, band, budget
//!      auction:    rest; at its end one price for all
//!                                        |
//!                  -> stops that are reached, all-or-none orders that fit, phases to enter
//!                                        |
//!      accounts: New, Trade (both sides), Canceled, Replaced, Restated, Expired, DoneForDay, CancelRefused, phases
//!      market-data: TradePrinted, AuctionIndicated, phases; TopOfBookChanged once, if it changed;
//!                   DepthChanged every 10 ms at most
//! ```
//!
//! [`Execution`] is the processor, [`Book`] the data structure alone. It serves market, limit, stop, stop-limit and
//! take-profit orders, icebergs, post-only, all-or-none and minimum quantity; DAY, GTC, GTD, IOC, FOK, at the open and at the close; phases by
//! calendar with opening, closing and volatility auctions. It decides nothing about money: risk has let every order through
//! and holds its funds. What it still cannot take (a symbol never listed, a price off a tick that changed meanwhile, a
//! phase that takes no such order) it ends with `Canceled` and the reason, so that every accepted order gets exactly one
//! end. No I/O, no clock, no randomness, no time zones; the same records give the same outputs.
//!
//! Loops over counterparties' orders are bounded: an order meets at most 16,384 resting orders, an input causes at most
//! 64,000 outputs, since they are numbered in 16 bits; what is more goes on with the next input.
//!
//! Orders of an instrument that has a route meet no book: `routing` has them sent to an outside venue and turns its answers
//! into the same reports.
//!
//! An order at rest is packed into 64 bytes, its node in the book into 24, so that millions of them fit.

mod auction;
mod book;
mod calendar;
mod closed;
mod delivery;
mod depth;
mod duty;
mod entry;
mod error;
mod execution;
mod ladder;
mod least;
mod live_order;
mod market;
mod matching;
mod orders;
mod parties;
mod phase;
mod places;
mod relisting;
mod replacing;
mod resting_order;
mod routing;
mod saved_order;
mod settling;
mod slab;
mod snapshot;
mod stops;
mod trade_amendment;
mod uncrossing;
mod work;

pub use book::{Best, Book, BookSide, Node, Nodes, Resting, Top};
pub use error::Error;
pub use execution::Execution;
