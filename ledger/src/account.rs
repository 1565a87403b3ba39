//! An account: four counters of one asset.

use assay_trading_types::{Amount, Asset, LedgerCode};
use serde::{Deserialize, Serialize};

/// Most that one counter of an account holds, about 10^23 whole units: sums over a million accounts still fit 128 bits.
const COUNTER_MAX: i128 = i128::MAX >> 20;

/// Index of an account, resolved once from its code and asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AccountIx(pub(crate) u32);

/// What an account may not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Guard {
    /// Debits, pending ones included, may not exceed posted credits: what we owe a client cannot go below zero.
    NoOverdraft,
    /// No bound: clearing, equity, income.
    Unlimited,
}

/// An account of one asset. Amounts are billionths.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    pub(crate) code: LedgerCode,
    pub(crate) asset: Asset,
    /// Where the sums of its asset are; found anew when books are read back.
    #[serde(skip)]
    pub(crate) book: u32,
    pub(crate) guard: Guard,
    pub(crate) debits_posted: i128,
    pub(crate) credits_posted: i128,
    pub(crate) debits_pending: i128,
    pub(crate) credits_pending: i128,
}

impl Account {
    pub(crate) fn new(code: LedgerCode, asset: Asset, book: u32, guard: Guard) -> Self {
        Self {
            code,
            asset,
            book,
            guard,
            debits_posted: 0,
            credits_posted: 0,
            debits_pending: 0,
            credits_pending: 0,
        }
    }

    /// Its code.
    pub fn code(&self) -> LedgerCode {
        self.code
    }

    /// Its asset.
    pub fn asset(&self) -> Asset {
        self.asset
    }

    /// Credits less debits, posted.
    pub fn balance(&self) -> Amount {
        Amount::from_units(self.credits_posted - self.debits_posted)
    }

    /// What holds reserve of the balance.
    pub fn held(&self) -> Amount {
        Amount::from_units(self.debits_pending)
    }

    /// Balance less holds: what can be spent.
    pub fn available(&self) -> Amount {
        Amount::from_units(self.credits_posted - self.debits_posted - self.debits_pending)
    }

    /// Whether `amount` more debits keep the guard; nothing when a counter would pass its bound.
    pub(crate) fn takes_debit(&self, amount: i128) -> Option<bool> {
        let debits = within_bound(self.debits_posted + self.debits_pending, amount)?;
        Some(self.guard == Guard::Unlimited || debits <= self.credits_posted)
    }

    /// Whether `amount` more credits can be counted.
    pub(crate) fn takes_credit(&self, amount: i128) -> bool {
        within_bound(self.credits_posted + self.credits_pending, amount).is_some()
    }
}

/// The sum, if a counter may be that large.
fn within_bound(counter: i128, amount: i128) -> Option<i128> {
    counter.checked_add(amount).filter(|sum| *sum <= COUNTER_MAX)
}
