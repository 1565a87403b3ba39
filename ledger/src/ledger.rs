//! The books.

use crate::pending::Pending;
use crate::{Account, AccountIx, Guard, Status};
use assay_trading_types::{Amount, Asset, LedgerCode, TransferId, TransferKind};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, hash_map::Entry};

/// One transfer to apply: ids of accounts are resolved already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leg {
    /// Its id. The ledger knows the id of a pending transfer until it is used up, and of the others none.
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
    /// Posted sums per asset, kept from what the two sides of every transfer really counted.
    totals: Vec<Total>,
    assets: FxHashMap<Asset, u32>,
    /// What each leg of the group at hand took off or added to its hold; empty between groups.
    reserved: Vec<i128>,
}

/// Posted sums of one asset.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Total {
    debits: i128,
    credits: i128,
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
        if let Some(ix) = self.find(code, asset) {
            return ix;
        }
        let book = self.book(asset);
        let ix = AccountIx(u32::try_from(self.accounts.len()).expect("fewer than 2^32 accounts"));
        self.accounts.push(Account::new(code, asset, book, guard));
        self.by_code.insert((code, asset), ix);
        ix
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

    /// Applies `legs` in order, all or nothing. Later legs see what earlier ones did.
    ///
    /// # Errors
    /// Index and status of the first leg that cannot be applied; the books are as before then.
    pub fn apply(&mut self, legs: &[Leg]) -> Result<(), (usize, Status)> {
        for (i, leg) in legs.iter().enumerate() {
            match self.check(leg) {
                Ok(reserved) => self.shift(leg, reserved),
                Err(status) => {
                    self.undo(&legs[..i]);
                    return Err((i, status));
                }
            }
        }
        // Decided: nothing below fails.
        self.reserved.clear();
        legs.iter().for_each(|leg| self.forget_used_up(leg));
        if let Some(leg) = legs.first() {
            self.assert_balanced(leg);
        }
        Ok(())
    }

    /// Takes back the legs that were applied before one that cannot be, the last first.
    fn undo(&mut self, legs: &[Leg]) {
        for leg in legs.iter().rev() {
            let reserved = self.reserved.pop().expect("every applied leg noted what it reserved");
            let posted = if leg.posts() { leg.amount.units() } else { 0 };
            self.count(leg, -posted, -reserved);
            if let Some(hold) = leg.hold() {
                self.pending.get_mut(&hold).expect("holds stay while a group lasts").remaining -= reserved;
            }
        }
        // Only holds that this group made are empty now.
        legs.iter().for_each(|leg| self.forget_used_up(leg));
    }

    fn forget_used_up(&mut self, leg: &Leg) {
        if let Some(Entry::Occupied(hold)) = leg.hold().map(|id| self.pending.entry(id))
            && hold.get().remaining == 0
        {
            hold.remove();
        }
    }

    /// Both sides of every transfer count the same amount, so the sums can differ only if this program is wrong: then
    /// it must stop rather than go on with books that do not balance.
    fn assert_balanced(&self, leg: &Leg) {
        let total = self.totals[self.account(leg.debit).book as usize];
        assert_eq!(total.debits, total.credits, "debits and credits of {}", self.account(leg.debit).asset);
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

    /// Whether the leg can be applied, and by how much it changes what its hold reserves.
    fn check(&self, leg: &Leg) -> Result<i128, Status> {
        let amount = leg.amount.units();
        if amount <= 0 {
            return Err(Status::AmountNotPositive);
        }
        if leg.debit == leg.credit {
            return Err(Status::SameAccount);
        }
        let (debit, credit) = (self.account(leg.debit), self.account(leg.credit));
        if debit.book != credit.book {
            return Err(Status::AssetsDiffer);
        }
        match leg.kind {
            TransferKind::Plain => check_room(debit, credit, amount).map(|()| 0),
            TransferKind::Pending => match self.pending.get(&leg.id) {
                Some(p) if p.is_of(leg) && p.amount == amount => Err(Status::Exists),
                Some(_) => Err(Status::ExistsWithDifferentTerms),
                None => check_room(debit, credit, amount).map(|()| amount),
            },
            TransferKind::Post { pending, release_rest } => {
                let remaining = self.check_hold(leg, pending)?;
                Ok(if release_rest { -remaining } else { -amount })
            }
            TransferKind::Void { pending } => self.check_hold(leg, pending).map(|_| -amount),
        }
    }

    /// What remains of the hold that the leg draws on.
    fn check_hold(&self, leg: &Leg, hold: TransferId) -> Result<i128, Status> {
        let hold = self.pending.get(&hold).filter(|p| p.remaining > 0).ok_or(Status::PendingNotFound)?;
        if !hold.is_of(leg) {
            return Err(Status::PendingHasDifferentAccounts);
        }
        if leg.amount.units() > hold.remaining {
            return Err(Status::ExceedsPending);
        }
        Ok(hold.remaining)
    }

    /// Moves the counters of a checked leg.
    fn shift(&mut self, leg: &Leg, reserved: i128) {
        let posted = if leg.posts() { leg.amount.units() } else { 0 };
        self.count(leg, posted, reserved);
        self.reserved.push(reserved);
        match leg.kind {
            TransferKind::Plain => {}
            TransferKind::Pending => {
                let (amount, remaining) = (reserved, reserved);
                self.pending
                    .insert(leg.id, Pending { debit: leg.debit, credit: leg.credit, amount, remaining });
            }
            TransferKind::Post { pending, .. } | TransferKind::Void { pending } => {
                self.pending.get_mut(&pending).expect("checked").remaining += reserved;
            }
        }
    }

    fn count(&mut self, leg: &Leg, posted: i128, reserved: i128) {
        let debit = &mut self.accounts[leg.debit.0 as usize];
        debit.debits_posted += posted;
        debit.debits_pending += reserved;
        assert!(debit.debits_pending >= 0, "holds are never negative");
        self.totals[debit.book as usize].debits += posted;
        let credit = &mut self.accounts[leg.credit.0 as usize];
        credit.credits_posted += posted;
        credit.credits_pending += reserved;
        assert!(credit.credits_pending >= 0, "holds are never negative");
        self.totals[credit.book as usize].credits += posted;
    }

    /// Index of an asset's sums.
    fn book(&mut self, asset: Asset) -> u32 {
        let next = u32::try_from(self.totals.len()).expect("fewer than 2^32 assets");
        *self.assets.entry(asset).or_insert_with(|| {
            self.totals.push(Total::default());
            next
        })
    }
}

fn check_room(debit: &Account, credit: &Account, amount: i128) -> Result<(), Status> {
    match debit.takes_debit(amount) {
        Some(true) if credit.takes_credit(amount) => Ok(()),
        Some(false) => Err(Status::Overdraft),
        _ => Err(Status::Overflow),
    }
}

impl Leg {
    /// Whether it moves its amount at once.
    fn posts(&self) -> bool {
        matches!(self.kind, TransferKind::Plain | TransferKind::Post { .. })
    }

    /// The hold it makes or draws on.
    fn hold(&self) -> Option<TransferId> {
        match self.kind {
            TransferKind::Plain => None,
            TransferKind::Pending => Some(self.id),
            TransferKind::Post { pending, .. } | TransferKind::Void { pending } => Some(pending),
        }
    }
}

impl From<Stored> for Ledger {
    fn from(stored: Stored) -> Self {
        let mut ledger = Self::default();
        for account in stored.accounts {
            let ix = ledger.open(account.code, account.asset, account.guard);
            let book = ledger.accounts[ix.0 as usize].book;
            let total = &mut ledger.totals[book as usize];
            total.debits += account.debits_posted;
            total.credits += account.credits_posted;
            ledger.accounts[ix.0 as usize] = Account { book, ..account };
        }
        ledger.pending = stored.pending.into_iter().map(|(id, p)| (TransferId(id), p)).collect();
        ledger
    }
}

impl From<Ledger> for Stored {
    fn from(ledger: Ledger) -> Self {
        let pending = ledger.pending.into_iter().map(|(id, p)| (id.0, p)).collect();
        Self { accounts: ledger.accounts, pending }
    }
}
