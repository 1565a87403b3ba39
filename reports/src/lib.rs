//! Tables as files: what a report or a statement says, in the form that its reader wants.
//!
//! ```text
//! Heading, [Column] --+
//!                     v
//! [Cell] [Cell] --> RowWriter --> table | csv | json | pdf | parquet --> any io::Write
//! ```
//!
//! Rows come one at a time and leave as they come, so that a report of millions takes no memory; only a PDF is held until
//! its end, and has a bound. The same rows give the same bytes, whenever and wherever they are written: nothing here
//! reads a clock or a locale. Numbers are exact decimals and times are UTC in every form.
//!
//! It knows nothing of what the rows mean.

mod cell;
mod csv_form;
mod digest;
mod error;
mod format;
mod json_form;
mod parquet_form;
mod pdf_form;
mod text_form;
mod widths;

pub use cell::{Cell, Column, ColumnKind, Heading};
pub use digest::Digesting;
pub use error::Error;
pub use format::{Format, RowWriter, writer};
pub use pdf_form::PDF_ROWS_MAX;
