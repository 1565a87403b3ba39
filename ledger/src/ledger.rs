//! The books.

use crate::pending::Pending;
use crate::{Account, AccountIx, Guard, Status};
use assay_trading_types::{Amount, Asset, LedgerCode, TransferId, TransferKind};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One transfer to apply: ids of accounts are resolved already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leg {
    /// Its id; the id of a pending transfer lives until it is used up.
    pub id: TransferId,
    /// Debited account.
    pub debit: AccountIx,
    /// Credited account.
    pub credit: AccountIx,
    /// Billionths, positive.
    pub amount: Amount,
    /// What it does.
    pub kind: TransferKind,
}

/// Sums of one asset over all accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Balance {
    /// The asset.
    pub asset: Asset,
    /// Sum of posted debits.
    pub debits: Amount,
    /// Sum of posted credits.
    pub credits: Amount,
}

/// Accounts and holds of one partition.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub struct Ledger {
    accounts: Vec<Account>,
    by_code: FxHashMap<(LedgerCode, Asset), AccountIx>,
    pending: FxHashMap<TransferId, Pending>,
}

/// A ledger at rest, in an order that does not depend on hashing.
#[derive(Serialize, Deserialize)]
struct Stored {
    accounts: Vec<Account>,
    pending: BTreeMap<u128, Pending>,
}

impl Ledger {
    /// Empty books.
    pub fn new() -> Self {
        Self::default()
    }

    /// The account of `code` and `asset`, opened with `guard` if it is not there.
    pub fn open(&mut self, code: LedgerCode, asset: Asset, guard: Guard) -> AccountIx {
        *self.by_code.entry((code, asset)).or_insert_with(|| {
            let ix = AccountIx(u32::try_from(self.accounts.len()).expect("fewer than 2^32 accounts"));
            self.accounts.push(Account::new(code, asset, guard));
            ix
        })
    }

    /// The account of `code` and `asset`, if it was opened.
    pub fn find(&self, code: LedgerCode, asset: Asset) -> Option<AccountIx> {
        self.by_code.get(&(code, asset)).copied()
    }

    /// An account.
    pub fn account(&self, ix: AccountIx) -> &Account {
        &self.accounts[ix.0 as usize]
    }

    /// All accounts, in the order they were opened.
    pub fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    /// What remains of a hold; zero when it is used up or never was.
    pub fn held(&self, id: TransferId) -> Amount {
        Amount::from_units(self.pending.get(&id).map_or(0, |p| p.remaining))
    }

    /// Holds that are not used up.
    pub fn holds(&self) -> usize {
        self.pending.len()
    }

    /// Applies `legs` in order, all or nothing.
    ///
    /// # Errors
    /// Index and status of the first leg that cannot be applied; the books are as before then.
    pub fn apply(&mut self, legs: &[Leg]) -> Result<(), (usize, Status)> {
        for (i, leg) in legs.iter().enumerate() {
            if let Err(status) = self.check(leg) {
                for done in legs[..i].iter().rev() {
                    self.shift(done, -1);
                }
                self.pending.retain(|_, p| p.remaining > 0);
                return Err((i, status));
            }
            // Decided: nothing below fails.
            self.shift(leg, 1);
        }
        for leg in legs {
            if let TransferKind::Post { pending, .. } | TransferKind::Void { pending } = leg.kind {
                if self.pending.get(&pending).is_some_and(|p| p.remaining == 0) {
                    self.pending.remove(&pending);
                }
            }
        }
        Ok(())
    }

    /// Sums per asset, by name of asset.
    pub fn trial_balance(&self) -> Vec<Balance> {
        let mut sums: BTreeMap<Asset, (i128, i128)> = BTreeMap::new();
        for account in &self.accounts {
            let (debits, credits) = sums.entry(account.asset).or_default();
            *debits += account.debits_posted;
            *credits += account.credits_posted;
        }
        let balance = |(asset, (d, c))| Balance {
            asset,
            debits: Amount::from_units(d),
            credits: Amount::from_units(c),
        };
        sums.into_iter().map(balance).collect()
    }

    fn check(&self, leg: &Leg) -> Result<(), Status> {
        let amount = leg.amount.units();
        let (debit, credit) = (self.account(leg.debit), self.account(leg.credit));
        if amount <= 0 {
            return Err(Status::AmountNotPositive);
        }
        if leg.debit == leg.credit {
            return Err(Status::SameAccount);
        }
        if debit.asset != credit.asset {
            return Err(Status::AssetsDiffer);
        }
        match leg.kind {
            TransferKind::Plain => self.check_room(debit, credit, amount),
            TransferKind::Pending => match self.pending.get(&leg.id) {
                Some(p) if p.debit == leg.debit && p.credit == leg.credit && p.remaining == amount => {
                    Err(Status::Exists)
                }
                Some(_) => Err(Status::ExistsWithDifferentTerms),
                None => self.check_room(debit, credit, amount),
            },
            TransferKind::Post { pending, .. } | TransferKind::Void { pending } => {
                let pending =
                    self.pending.get(&pending).filter(|p| p.remaining > 0).ok_or(Status::PendingNotFound)?;
                if pending.debit != leg.debit || pending.credit != leg.credit {
                    return Err(Status::PendingHasDifferentAccounts);
                }
                if amount > pending.remaining { Err(Status::ExceedsPending) } else { Ok(()) }
            }
        }
    }

    fn check_room(&self, debit: &Account, credit: &Account, amount: i128) -> Result<(), Status> {
        match debit.takes_debit(amount) {
            Some(true) if credit.takes_credit(amount) => Ok(()),
            Some(false) => Err(Status::Overdraft),
            _ => Err(Status::Overflow),
        }
    }

    /// Moves the counters of a checked leg forward (`sign` 1) or back (-1).
    fn shift(&mut self, leg: &Leg, sign: i128) {
        let amount = sign * leg.amount.units();
        let (posted, reserved) = match leg.kind {
            TransferKind::Plain => (amount, 0),
            TransferKind::Pending => (0, amount),
            TransferKind::Post { .. } => (amount, -amount),
            TransferKind::Void { .. } => (0, -amount),
        };
        let debit = &mut self.accounts[leg.debit.0 as usize];
        debit.debits_posted += posted;
        debit.debits_pending += reserved;
        assert!(debit.debits_pending >= 0, "holds are never negative");
        let credit = &mut self.accounts[leg.credit.0 as usize];
        credit.credits_posted += posted;
        credit.credits_pending += reserved;
        assert!(credit.credits_pending >= 0, "holds are never negative");
        match leg.kind {
            TransferKind::Plain => {}
            TransferKind::Pending => {
                let fresh = Pending { debit: leg.debit, credit: leg.credit, remaining: 0 };
                self.pending.entry(leg.id).or_insert(fresh).remaining += amount;
            }
            TransferKind::Post { pending, .. } | TransferKind::Void { pending } => {
                self.pending.get_mut(&pending).expect("checked").remaining -= amount;
            }
        }
    }
}

impl From<Stored> for Ledger {
    fn from(stored: Stored) -> Self {
        let index = |(i, a): (usize, &Account)| ((a.code, a.asset), AccountIx(i as u32));
        Self {
            by_code: stored.accounts.iter().enumerate().map(index).collect(),
            accounts: stored.accounts,
            pending: stored.pending.into_iter().map(|(id, p)| (TransferId(id), p)).collect(),
        }
    }
}

impl From<Ledger> for Stored {
    fn from(ledger: Ledger) -> Self {
        let pending = ledger.pending.into_iter().map(|(id, p)| (id.0, p)).collect();
        Self { accounts: ledger.accounts, pending }
    }
}
