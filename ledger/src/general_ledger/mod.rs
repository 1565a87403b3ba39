//! The general ledger: postings as a bookkeeper reads them.
//!
//! ```text
//! entries (postings with their time) + chart of accounts
//!   -> journal, trial balance, balance sheet, income statement of a period
//!   -> CSV, ledger-cli, beancount
//! ```
//! Pure functions over the entries given: whoever calls them reads the `ledger` topic. Holds post nothing and are in none
//! of these.

mod chart;
mod csv;
mod entry;
mod plain_text;
mod statements;

pub use chart::{AccountType, Chart};
pub use csv::{journal_csv, trial_balance_csv};
pub use entry::{Entry, Period};
pub use plain_text::{beancount, ledger_cli};
pub use statements::{
    BalanceSheet, IncomeStatement, Sum, TrialBalanceLine, balance_sheet, income_statement, trial_balance,
};
