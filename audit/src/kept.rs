//! Where the rows are, for whoever asks and does not mind.

use crate::clickhouse::{ClickHouseConfig, query_clickhouse};
use crate::error::Error;
use crate::keys::VerifyKeys;
use crate::query::{Format, Page, Query, query};
use crate::report::Report;
use crate::verify::{Span, verify_clickhouse_about, verify_store_about};
use std::io::Write;
use std::path::PathBuf;

/// A store of audit rows.
#[derive(Debug, Clone)]
pub enum KeptIn {
    /// The embedded one.
    File(PathBuf),
    /// A database.
    ClickHouse(ClickHouseConfig),
}

impl KeptIn {
    /// As [`query()`].
    ///
    /// # Errors
    /// The query is unbounded, the store does not answer, or `out` refuses.
    pub fn query(&self, question: &Query, format: Format, out: &mut impl Write) -> Result<Page, Error> {
        match self {
            Self::File(file) => query(file, question, format, out),
            Self::ClickHouse(config) => query_clickhouse(config, question, format, out),
        }
    }

    /// As [`verify_store_about`].
    ///
    /// # Errors
    /// The store does not answer, or is none.
    pub fn verify(&self, keys: &VerifyKeys, span: Option<Span>) -> Result<Report, Error> {
        match self {
            Self::File(file) => verify_store_about(file, keys, span),
            Self::ClickHouse(config) => verify_clickhouse_about(config, keys, span),
        }
    }
}
