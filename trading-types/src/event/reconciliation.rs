//! The books against what they are made from, as a job found them: records of `admin`.

use crate::{Amount, Asset, Timestamp};
use serde::{Deserialize, Serialize};

/// The books were reconciled as of a position of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BooksReconciled {
    /// The run: the instant it was due.
    pub due: Timestamp,
    /// Everything below this position of the log is in it.
    pub position: u64,
    /// Accounts that were looked at.
    pub accounts: u64,
    /// Holds that were looked at.
    pub holds: u64,
    /// Lines of bank statements that nobody has explained.
    pub open_bank_lines: u64,
    /// How many breaks there are; none, and the books are right.
    pub breaks_total: u64,
    /// The first of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub breaks: Vec<BooksBreak>,
}

/// Something that does not come out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct BooksBreak {
    /// What.
    pub kind: BreakKind,
    /// Code of the account.
    pub account: String,
    /// Currency or symbol.
    pub asset: Asset,
    /// What the books have.
    pub books: Amount,
    /// What they should have.
    pub expected: Amount,
    /// The order or movement it is about, of a hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

/// What does not come out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BreakKind {
    /// Debits of an asset are not its credits.
    Imbalance,
    /// Something lies on a clearing account.
    Clearing,
    /// Trades of an account are otherwise in the books than in the execution reports.
    Trades,
    /// Movements of an account are otherwise in the books than as they were decided.
    Movements,
    /// A hold belongs to no open order and no open movement.
    Hold,
}
