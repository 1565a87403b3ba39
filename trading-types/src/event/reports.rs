//! Reports that were made: records of `admin`. Their content is not in the log; it follows from the log, and its hash is here.

use crate::{AccountId, Amount, Command, FirmId, Position, ReportRunId, Symbol, Timestamp};
use serde::{Deserialize, Serialize};

/// What a report is about: half-open in time, narrowed by what is named.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportParameters {
    /// What happened from here on.
    pub from: Timestamp,
    /// What happened before; a report of how things stand tells how they stood then.
    pub to: Timestamp,
    /// Of one firm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub firm: Option<FirmId>,
    /// Of one account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// In one instrument.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub symbol: Option<Symbol>,
    /// Of at least this value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<Amount>,
    /// Caused by this actor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// Of this kind of record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Keyed by this session, firm, symbol or entity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Whether the span was not over when it was made first: more may have happened in it since. The report says so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub provisional: bool,
    /// About what has this name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
}

/// One making of a report: all that it takes to make the same again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportRun {
    /// Its id.
    pub id: ReportRunId,
    /// Which report.
    pub report: String,
    /// About what.
    pub parameters: ReportParameters,
    /// The form it was given in: `table`, `csv`, `json`, `pdf` or `parquet`.
    pub format: String,
    /// Everything below this position of the log is in it, and nothing else.
    pub position: Position,
    /// Rows.
    pub rows: u64,
    /// Length in that form.
    pub bytes: u64,
    /// SHA-256 in that form, hex.
    pub sha256: String,
    /// SHA-256 of the same rows as CSV, hex: the same in whatever form.
    pub content_sha256: String,
    /// The schedule that wished it; none when somebody asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<String>,
    /// The file it was delivered as, in the directory of reports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}

/// A report was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportProduced {
    /// For whom, and which operation.
    pub command: Command,
    /// What was made.
    pub run: Box<ReportRun>,
}
