//! The chart of accounts: what kind of account each class is.

use assay_trading_types::LedgerCode;
use std::collections::BTreeMap;

/// The five types of account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccountType {
    /// What the house has or is owed.
    Assets,
    /// What it owes, clients above all.
    Liabilities,
    /// What was brought in.
    Equity,
    /// What it earned.
    Income,
    /// What it cost.
    Expenses,
}

impl AccountType {
    /// As plain-text accounting names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Assets => "Assets",
            Self::Liabilities => "Liabilities",
            Self::Equity => "Equity",
            Self::Income => "Income",
            Self::Expenses => "Expenses",
        }
    }
}

/// Types by class, the part of a code before its colon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chart {
    types: BTreeMap<String, AccountType>,
}

impl Chart {
    /// The chart of the classes that Assay's services post to. `equity` stands against what clients bring in, so it has
    /// debits; a class that is not listed is a liability, since that hides no debt.
    pub fn house() -> Self {
        use AccountType::*;
        let classes = [
            ("client", Liabilities),
            ("collateral", Liabilities),
            ("clearing", Liabilities),
            ("equity", Equity),
            ("commission", Income),
            ("external", Assets),
            ("fees", Income),
            ("conversion", Assets),
            ("conversion-spread", Income),
            ("loan-principal", Assets),
            ("loan-interest", Assets),
            ("loan-fees", Assets),
            ("loan-interest-income", Income),
            ("loan-fee-income", Income),
            ("loan-recovery", Income),
            ("loan-loss", Expenses),
            ("shortfall", Expenses),
            ("venue", Assets),
            ("venue-error", Assets),
        ];
        Self { types: classes.into_iter().map(|(class, of)| (class.to_owned(), of)).collect() }
    }

    /// The chart with another type for a class.
    #[must_use]
    pub fn with(mut self, class: &str, of: AccountType) -> Self {
        self.types.insert(class.to_owned(), of);
        self
    }

    /// The type of an account.
    pub fn type_of(&self, code: LedgerCode) -> AccountType {
        let class = code.split(':').next().unwrap_or_default();
        self.types.get(class).copied().unwrap_or(AccountType::Liabilities)
    }
}
