//! The books.

use crate::accounts::Accounts;
use crate::assets::Assets;
use crate::pending::{Hold, Holds, Pending};
use crate::{Account, AccountIx, AccountStatus, Guard, Leg, Status};
use assay_trading_types::{Amount, Asset, LedgerCode, Timestamp, TransferId, TransferKind};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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
    pub(crate) accounts: Accounts,
    holds: Holds,
    assets: Assets,
    /// What each leg of the group at hand took off or added to its hold; empty between groups.
    reserved: Vec<i128>,
}

/// A ledger at rest, in an order that does not depend on hashing.
#[derive(Serialize, Deserialize)]
struct Stored {
    accounts: Vec<Account>,
    pending: BTreeMap<u128, Pending>,
    /// Decimals of the assets that have fewer than nine.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    decimals: BTreeMap<Asset, u8>,
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
        let book = self.assets.book(asset);
        self.accounts.push(Account::new(code, asset, book, guard))
    }

    /// Lets an account take no more transfers. Accounts are never deleted.
    ///
    /// # Errors
    /// It is closed, something is held on it or for it, or its balance is not zero.
    pub fn close(&mut self, ix: AccountIx) -> Result<(), AccountStatus> {
        let account = self.account(ix);
        if account.closed {
            return Err(AccountStatus::Unchanged);
        }
        if account.debits_pending > 0 || account.credits_pending > 0 {
            return Err(AccountStatus::HoldsOpen);
        }
        if account.balance() != Amount::ZERO {
            return Err(AccountStatus::NotEmpty);
        }
        // Decided: nothing below fails.
        self.accounts[ix].closed = true;
        Ok(())
    }

    /// Lets a closed account take transfers again.
    ///
    /// # Errors
    /// It is not closed.
    pub fn reopen(&mut self, ix: AccountIx) -> Result<(), AccountStatus> {
        if !self.account(ix).closed {
            return Err(AccountStatus::Unchanged);
        }
        // Decided: nothing below fails.
        self.accounts[ix].closed = false;
        Ok(())
    }

    /// How many decimals amounts of `asset` may have; nine if it was never said.
    pub fn decimals(&self, asset: Asset) -> u8 {
        self.assets.decimals(asset)
    }

    /// Says how many decimals amounts of `asset` may have from now on. Amounts count billionths all the same.
    ///
    /// # Errors
    /// It is so already, more than nine, or an amount in the books has more.
    pub fn set_decimals(&mut self, asset: Asset, decimals: u8) -> Result<(), AccountStatus> {
        let unit = crate::assets::unit(decimals).ok_or(AccountStatus::DecimalsNotPossible)?;
        if self.decimals(asset) == decimals {
            return Err(AccountStatus::Unchanged);
        }
        let fits = |a: &Account| {
            [a.debits_posted, a.credits_posted, a.debits_pending, a.credits_pending]
                .iter()
                .all(|counter| counter % unit == 0)
        };
        if !self.accounts().iter().filter(|a| a.asset == asset).all(fits) {
            return Err(AccountStatus::DecimalsNotPossible);
        }
        // Decided: nothing below fails.
        self.assets.set_unit(asset, unit);
        Ok(())
    }

    /// The account of `code` and `asset`, if it was opened.
    pub fn find(&self, code: LedgerCode, asset: Asset) -> Option<AccountIx> {
        self.accounts.find(code, asset)
    }

    /// An account.
    pub fn account(&self, ix: AccountIx) -> &Account {
        &self.accounts[ix]
    }

    /// All accounts, in the order they were opened.
    pub fn accounts(&self) -> &[Account] {
        self.accounts.as_slice()
    }

    /// Bytes that the accounts take, their index included.
    pub fn accounts_memory_bytes(&self) -> usize {
        self.accounts.memory_bytes()
    }

    /// What remains of a hold; zero when it is used up or never was.
    pub fn held(&self, id: TransferId) -> Amount {
        Amount::from_units(self.holds.get(id).map_or(0, |p| p.remaining))
    }

    /// A hold that is not used up.
    pub fn hold(&self, id: TransferId) -> Option<Hold> {
        self.holds.hold(id)
    }

    /// Holds that are not used up.
    pub fn holds(&self) -> usize {
        self.holds.len()
    }

    /// Applies `legs` in order, all or nothing. Later legs see what earlier ones did.
    ///
    /// # Errors
    /// Index and status of the first leg that cannot be applied; the books are as before then.
    pub fn apply(&mut self, legs: &[Leg]) -> Result<(), (usize, Status)> {
        for (i, leg) in legs.iter().enumerate() {
            if let Err(status) = self.step(leg, None) {
                self.undo(&legs[..i]);
                return Err((i, status));
            }
        }
        self.settle(legs);
        Ok(())
    }

    /// Releases at most `count` holds whose time has come, the earliest first, each by a void that `name` gives the
    /// id of. Returns the voids, already applied; if there are `count` of them, more may be due.
    pub fn expire(
        &mut self,
        now: Timestamp,
        count: usize,
        mut name: impl FnMut(TransferId) -> TransferId,
    ) -> Vec<Leg> {
        let void = |id| {
            let hold = self.holds.hold(id).expect("what is due is held");
            let kind = TransferKind::Void { pending: id };
            Leg { id: name(id), debit: hold.debit, credit: hold.credit, amount: hold.remaining, kind }
        };
        let voids: Vec<Leg> = self.holds.due(now, count).into_iter().map(void).collect();
        self.apply(&voids).expect("what remains of a hold can be released");
        voids
    }

    /// Applies one leg of a group that [`Ledger::undo`] or [`Ledger::settle`] ends.
    pub(crate) fn step(&mut self, leg: &Leg, expires: Option<Timestamp>) -> Result<(), Status> {
        let reserved = self.check(leg)?;
        self.shift(leg, reserved, expires);
        Ok(())
    }

    /// Makes the legs stepped through final.
    pub(crate) fn settle(&mut self, legs: &[Leg]) {
        // Decided: nothing below fails.
        self.reserved.clear();
        legs.iter().for_each(|leg| self.forget_used_up(leg));
        if let Some(leg) = legs.first() {
            self.assert_balanced(leg);
        }
    }

    /// Takes back the legs that were applied before one that cannot be, the last first.
    pub(crate) fn undo(&mut self, legs: &[Leg]) {
        for leg in legs.iter().rev() {
            let reserved = self.reserved.pop().expect("every applied leg noted what it reserved");
            let posted = if leg.posts() { leg.amount.units() } else { 0 };
            self.count(leg, -posted, -reserved);
            if let Some(hold) = leg.hold() {
                self.holds.shift(hold, -reserved);
            }
        }
        // Only holds that this group made are empty now.
        legs.iter().for_each(|leg| self.forget_used_up(leg));
    }

    fn forget_used_up(&mut self, leg: &Leg) {
        if let Some(hold) = leg.hold() {
            self.holds.remove_if_used_up(hold);
        }
    }

    /// Both sides of every transfer count the same amount, so the sums can differ only if this program is wrong: then
    /// it must stop rather than go on with books that do not balance.
    fn assert_balanced(&self, leg: &Leg) {
        let account = self.account(leg.debit);
        let sums = self.assets.sums(account.book);
        assert_eq!(sums.debits, sums.credits, "debits and credits of {}", account.asset);
    }

    /// Sums per asset, by name of asset.
    pub fn trial_balance(&self) -> Vec<Balance> {
        let mut sums: BTreeMap<Asset, (i128, i128)> = BTreeMap::new();
        for account in self.accounts() {
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
        self.check_shape(leg)?;
        let (debit, credit, amount) = (self.account(leg.debit), self.account(leg.credit), leg.amount.units());
        match leg.kind {
            TransferKind::Plain => check_room(debit, credit, amount).map(|()| 0),
            TransferKind::Pending => match self.holds.get(leg.id) {
                Some(there) => Err(compare(there, leg)),
                None => check_room(debit, credit, amount).map(|()| amount),
            },
            TransferKind::Post { pending, release_rest } => {
                let remaining = self.check_hold(leg, pending)?;
                Ok(if release_rest { -remaining } else { -amount })
            }
            TransferKind::Void { pending } => self.check_hold(leg, pending).map(|_| -amount),
        }
    }

    /// What can be said of a leg without looking at balances.
    pub(crate) fn check_shape(&self, leg: &Leg) -> Result<(), Status> {
        let (debit, credit, amount) = (self.account(leg.debit), self.account(leg.credit), leg.amount.units());
        if amount <= 0 {
            return Err(Status::AmountNotPositive);
        }
        if self.assets.is_too_fine(debit.book, amount) {
            return Err(Status::AmountFinerThanAsset);
        }
        if leg.debit == leg.credit {
            return Err(Status::SameAccount);
        }
        if debit.book != credit.book {
            return Err(Status::AssetsDiffer);
        }
        Ok(())
    }

    /// Whether both accounts take transfers. A hold keeps its accounts open.
    pub(crate) fn check_open(&self, leg: &Leg) -> Result<(), Status> {
        if self.account(leg.debit).closed {
            return Err(Status::DebitAccountClosed);
        }
        if self.account(leg.credit).closed {
            return Err(Status::CreditAccountClosed);
        }
        Ok(())
    }

    /// What remains of the hold that the leg draws on.
    fn check_hold(&self, leg: &Leg, hold: TransferId) -> Result<i128, Status> {
        let hold = self.holds.get(hold).filter(|p| p.remaining > 0).ok_or(Status::PendingNotFound)?;
        if !hold.is_of(leg) {
            return Err(Status::PendingHasDifferentAccounts);
        }
        if leg.amount.units() > hold.remaining {
            return Err(Status::ExceedsPending);
        }
        Ok(hold.remaining)
    }

    /// Moves the counters of a checked leg.
    fn shift(&mut self, leg: &Leg, reserved: i128, expires: Option<Timestamp>) {
        let posted = if leg.posts() { leg.amount.units() } else { 0 };
        self.count(leg, posted, reserved);
        self.reserved.push(reserved);
        match leg.kind {
            TransferKind::Plain => {}
            TransferKind::Pending => {
                let (debit, credit, amount, remaining) = (leg.debit, leg.credit, reserved, reserved);
                self.holds.insert(leg.id, Pending { debit, credit, amount, remaining, expires });
            }
            TransferKind::Post { pending, .. } | TransferKind::Void { pending } => {
                self.holds.shift(pending, reserved);
            }
        }
    }

    fn count(&mut self, leg: &Leg, posted: i128, reserved: i128) {
        let debit = &mut self.accounts[leg.debit];
        debit.debits_posted += posted;
        debit.debits_pending += reserved;
        assert!(debit.debits_pending >= 0, "holds are never negative");
        self.assets.sums_mut(debit.book).debits += posted;
        let credit = &mut self.accounts[leg.credit];
        credit.credits_posted += posted;
        credit.credits_pending += reserved;
        assert!(credit.credits_pending >= 0, "holds are never negative");
        self.assets.sums_mut(credit.book).credits += posted;
    }
}

fn check_room(debit: &Account, credit: &Account, amount: i128) -> Result<(), Status> {
    if debit.closed {
        return Err(Status::DebitAccountClosed);
    }
    if credit.closed {
        return Err(Status::CreditAccountClosed);
    }
    if !debit.covers(amount) {
        return Err(Status::Overdraft);
    }
    if !credit.is_owed(amount) {
        return Err(Status::Overpayment);
    }
    if !debit.counts_debit(amount) || !credit.counts_credit(amount) {
        return Err(Status::Overflow);
    }
    Ok(())
}

/// How a pending leg differs from the hold of its id.
fn compare(there: &Pending, leg: &Leg) -> Status {
    if there.debit != leg.debit {
        Status::ExistsWithDifferentDebit
    } else if there.credit != leg.credit {
        Status::ExistsWithDifferentCredit
    } else if there.amount != leg.amount.units() {
        Status::ExistsWithDifferentAmount
    } else {
        Status::Exists
    }
}

impl From<Stored> for Ledger {
    fn from(stored: Stored) -> Self {
        let mut ledger = Self::default();
        for account in stored.accounts {
            let ix = ledger.open(account.code, account.asset, account.guard);
            let book = ledger.accounts[ix].book;
            let sums = ledger.assets.sums_mut(book);
            sums.debits += account.debits_posted;
            sums.credits += account.credits_posted;
            ledger.accounts[ix] = Account { book, ..account };
        }
        for (asset, decimals) in stored.decimals {
            let unit = crate::assets::unit(decimals).unwrap_or(1);
            ledger.assets.set_unit(asset, unit);
        }
        ledger.holds = stored.pending.into_iter().map(|(id, p)| (TransferId(id), p)).collect();
        ledger
    }
}

impl From<Ledger> for Stored {
    fn from(ledger: Ledger) -> Self {
        let (pending, decimals) = (ledger.holds.sorted(), ledger.assets.coarse());
        Self { accounts: ledger.accounts.into_vec(), pending, decimals }
    }
}
