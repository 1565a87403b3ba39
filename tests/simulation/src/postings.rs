//! The trial balance, recomputed from the transfers alone.

use assay_trading_types::{Amount, Asset, LedgerCode, Posted, Transfer, TransferId, TransferKind};
use std::collections::BTreeMap;

/// Balances by account and asset; credits count positive.
#[derive(Debug, Default)]
pub(crate) struct Postings {
    balances: BTreeMap<(LedgerCode, Asset), i128>,
    /// What each pending transfer still reserves, until it is gone.
    reserved: BTreeMap<TransferId, i128>,
    /// The account opposite each pending transfer.
    opposite: BTreeMap<TransferId, LedgerCode>,
    seen: BTreeMap<TransferId, Amount>,
}

impl Postings {
    /// Applies the transfers of a record; says what is wrong with them.
    pub(crate) fn read(&mut self, posted: &Posted) -> Result<(), String> {
        posted.transfers.iter().try_for_each(|transfer| self.transfer(transfer))?;
        let mut sums: BTreeMap<Asset, i128> = BTreeMap::new();
        for ((_, asset), balance) in &self.balances {
            *sums.entry(*asset).or_default() += balance;
        }
        match sums.iter().find(|(_, sum)| **sum != 0) {
            Some((asset, sum)) => Err(format!("trial balance of {asset} is {sum}")),
            None => Ok(()),
        }
    }

    fn transfer(&mut self, transfer: &Transfer) -> Result<(), String> {
        let Transfer { id, amount, .. } = transfer;
        if amount.units() <= 0 {
            return Err(format!("transfer {id:?} of {amount}"));
        }
        if self.seen.insert(*id, *amount).is_some() {
            return Err(format!("transfer {id:?} twice"));
        }
        match &transfer.kind {
            TransferKind::Plain => self.shift(transfer),
            TransferKind::Pending => {
                self.reserved.insert(*id, amount.units());
                self.opposite.insert(*id, transfer.credit);
            }
            TransferKind::Post { pending, release_rest } => {
                self.release(*pending, amount.units())?;
                if *release_rest {
                    self.reserved.insert(*pending, 0);
                }
                self.shift(transfer);
            }
            TransferKind::Void { pending } => self.release(*pending, amount.units())?,
        }
        Ok(())
    }

    fn shift(&mut self, transfer: &Transfer) {
        *self.balances.entry((transfer.debit, transfer.asset)).or_default() -= transfer.amount.units();
        *self.balances.entry((transfer.credit, transfer.asset)).or_default() += transfer.amount.units();
    }

    fn release(&mut self, pending: TransferId, units: i128) -> Result<(), String> {
        let reserved =
            self.reserved.get_mut(&pending).ok_or_else(|| format!("{pending:?} was never held"))?;
        *reserved -= units;
        if *reserved < 0 { Err(format!("{pending:?} released beyond what it held")) } else { Ok(()) }
    }

    /// What is still held, in all.
    pub(crate) fn held(&self) -> i128 {
        self.reserved.values().sum()
    }

    /// What is still held opposite one account.
    pub(crate) fn held_opposite(&self, code: &str) -> i128 {
        let of_code = self.reserved.iter().filter(|(id, _)| self.opposite[*id].as_str() == code);
        of_code.map(|(_, units)| units).sum()
    }

    /// Balances of accounts whose code begins with `class`.
    pub(crate) fn of_class<'a>(&'a self, class: &'a str) -> impl Iterator<Item = (&'a str, Asset, i128)> {
        let all = self.balances.iter().map(|((code, asset), balance)| (code.as_str(), *asset, *balance));
        all.filter(move |(code, ..)| code.starts_with(class))
    }
}
