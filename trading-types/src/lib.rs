//! What crosses topics: money, quantities, ids, orders, refusals and every event kind.
//!
//! ```text
//! FIX bytes -> fix-gateway -> [Event] -> risk-service -> [Event] -> execution -> [Event] -> ...
//!                                 every [ ] is one record of a topic, value = Event as JSON
//! ```
//!
//! Services never depend on one another; they meet here and in the log. This crate does no I/O, reads no
//! clock and holds no state. Numbers are integers inside: prices, quantities and amounts all count billionths
//! (ADR 0002), so no product or sum passes through binary floating point.
#![doc = include_str!("../README.md")]

pub mod carried;
mod date;
mod decimal;
mod event;
mod event_json;
mod hex_text;
mod ids;
mod loan_refusal;
pub mod loan_terms;
mod money_refusal;
mod neighbours;
mod order;
mod processor;
mod record;
mod refusal;
mod text_visitor;
mod time;

pub use date::{Date, DateError};
pub use decimal::{Amount, DecimalError, Price, Qty, SCALE};
pub use event::*;
pub use event_json::{DecodeError, decode, encode, encode_into};
pub use ids::*;
pub use loan_refusal::LoanRefusal;
pub use money_refusal::MoneyRefusal;
pub use neighbours::{NeighbourHasher, Neighbours};
pub use order::*;
pub use processor::{Emitted, Input, Outbox, Processor, partition_of};
pub use record::*;
pub use refusal::Refusal;
pub use time::{TimeError, Timestamp};
