//! Interest on balances: records of `accounts`.

use crate::Asset;
use crate::loan_terms::{DayCount, Rate};
use serde::{Deserialize, Serialize};

/// What the house pays on balances of an asset from here on. A day counts at the rate that is in force when it ends (UTC).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BalanceInterestSet {
    /// The asset: a currency, as a rule.
    pub asset: Asset,
    /// A year; zero, and nothing is paid.
    pub rate: Rate,
    /// Which part of a year a day is.
    pub day_count: DayCount,
    /// Grows with every rate that is set, of whichever asset.
    pub version: u64,
}
