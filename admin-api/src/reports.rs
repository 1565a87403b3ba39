//! Reports: a name, columns, what it is about, and one way of making its rows.
//!
//! ```text
//! name, parameters --> Report --fill--> rows --> Spool (a file of the form, its hash) --> recorded --> handed over
//!                         ^
//! Source: the read model's history and the log, both below one position
//! ```
//!
//! A report says only what is below a position of the log, from rows that are never changed, so that whoever makes it again
//! for the same parameters and position gets the same bytes. It reads on a connection of its own, row by row, beside
//! whatever else the read model serves.

mod accounting;
mod books;
mod business;
mod error;
mod form;
mod holding;
mod lending;
mod movements;
mod people;
mod positions;
mod reconciliation;
mod report;
mod risk;
mod schedule;
mod source;
mod spool;
mod trading;
mod trail;

pub(crate) use error::ReportError;
pub(crate) use form::Form;
pub(crate) use report::{Narrowing, REPORTS, Report, found};
pub use schedule::{Every, ReportSchedule};
pub(crate) use source::{Source, each_record};
pub(crate) use spool::{Spooled, spool};
