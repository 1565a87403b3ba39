//! The table of accounts: found by code and asset once, by index ever after.

use crate::{Account, AccountIx};
use assay_trading_types::{Asset, LedgerCode};
use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;
use std::hash::BuildHasher;
use std::ops::{Index, IndexMut};

/// Least accounts that the table grows by at once.
const GROWTH_MIN: usize = 1_024;

/// The table grows by one part in this many: doubling would take twice the memory of the accounts.
const GROWTH_PART: usize = 8;

/// Accounts in the order they were opened, and where each is.
#[derive(Debug, Default, Clone)]
pub(crate) struct Accounts {
    list: Vec<Account>,
    /// Places in the list: the code and asset are compared there, so that they stand in memory once.
    places: HashTable<u32>,
}

impl Accounts {
    pub(crate) fn find(&self, code: LedgerCode, asset: Asset) -> Option<AccountIx> {
        let is_it = |place: &u32| {
            let account = &self.list[*place as usize];
            account.code == code && account.asset == asset
        };
        self.places.find(hash(code, asset), is_it).copied().map(AccountIx)
    }

    /// Adds an account that is not there.
    pub(crate) fn push(&mut self, account: Account) -> AccountIx {
        let place = u32::try_from(self.list.len()).expect("fewer than 2^32 accounts");
        if self.list.len() == self.list.capacity() {
            self.list.reserve_exact((self.list.len() / GROWTH_PART).max(GROWTH_MIN));
        }
        let hash_of = |place: &u32| {
            let account = &self.list[*place as usize];
            hash(account.code, account.asset)
        };
        self.places.insert_unique(hash(account.code, account.asset), place, hash_of);
        self.list.push(account);
        AccountIx(place)
    }

    pub(crate) fn as_slice(&self) -> &[Account] {
        &self.list
    }

    pub(crate) fn into_vec(self) -> Vec<Account> {
        self.list
    }

    /// Bytes that the table takes.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.list.capacity() * size_of::<Account>() + self.places.allocation_size()
    }
}

impl Index<AccountIx> for Accounts {
    type Output = Account;

    fn index(&self, ix: AccountIx) -> &Account {
        &self.list[ix.0 as usize]
    }
}

impl IndexMut<AccountIx> for Accounts {
    fn index_mut(&mut self, ix: AccountIx) -> &mut Account {
        &mut self.list[ix.0 as usize]
    }
}

fn hash(code: LedgerCode, asset: Asset) -> u64 {
    FxBuildHasher.hash_one((code.as_str(), asset.as_str()))
}
