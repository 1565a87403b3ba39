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
    /// Credits, pending ones included, may not exceed posted debits: what is owed to us cannot be paid twice.
    NoOverpayment,
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
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) closed: bool,
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
            closed: false,
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

    /// What it may not do.
    pub fn guard(&self) -> Guard {
        self.guard
    }

    /// Whether it takes no more transfers.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// Sum of posted debits.
    pub fn debits(&self) -> Amount {
        Amount::from_units(self.debits_posted)
    }

    /// Sum of posted credits.
    pub fn credits(&self) -> Amount {
        Amount::from_units(self.credits_posted)
    }

    /// Credits less debits, posted.
    pub fn balance(&self) -> Amount {
        Amount::from_units(self.credits_posted - self.debits_posted)
    }

    /// What holds reserve of the balance.
    pub fn held(&self) -> Amount {
        Amount::from_units(self.debits_pending)
    }

    /// What others' holds will bring if they are posted.
    pub fn expected(&self) -> Amount {
        Amount::from_units(self.credits_pending)
    }

    /// Balance less holds: what can be spent.
    pub fn available(&self) -> Amount {
        Amount::from_units(self.credits_posted - self.debits_posted - self.debits_pending)
    }

    /// What an account of debits is still owed: debits less credits, pending ones included.
    pub fn owed(&self) -> Amount {
        Amount::from_units(self.debits_posted - self.credits_posted - self.credits_pending)
    }

    /// Whether `amount` more debits keep the guard.
    pub(crate) fn covers(&self, amount: i128) -> bool {
        self.guard != Guard::NoOverdraft || amount <= self.available().units()
    }

    /// Whether `amount` more credits keep the guard.
    pub(crate) fn is_owed(&self, amount: i128) -> bool {
        self.guard != Guard::NoOverpayment || amount <= self.owed().units()
    }

    /// Whether `amount` more debits can be counted.
    pub(crate) fn counts_debit(&self, amount: i128) -> bool {
        within_bound(self.debits_posted + self.debits_pending, amount)
    }

    /// Whether `amount` more credits can be counted.
    pub(crate) fn counts_credit(&self, amount: i128) -> bool {
        within_bound(self.credits_posted + self.credits_pending, amount)
    }
}

/// Whether a counter may become that large.
fn within_bound(counter: i128, amount: i128) -> bool {
    counter.checked_add(amount).is_some_and(|sum| sum <= COUNTER_MAX)
}
