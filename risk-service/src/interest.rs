//! Interest on balances: what the house pays for money that lies on clients' accounts, held or not.
//!
//! ```text
//! the first record of a day --> balances that the days before it left, at the rates in force  (due)
//! due --> some at a time --> interest of the days, exact --> whole smallest units posted, the rest carried on
//! ```
//! Balances are noted before anything of the new day changes them, whatever time it takes until all are paid. A day comes once,
//! since the state moves with the log: whoever starts anew finds what is due and what was carried on as it was. Days without
//! any record are paid with the day before them, for nothing has changed in them.

use crate::risk::{Risk, client_code};
use assay_ledger::{Account, Leg};
use assay_loans::{Accrual, DESK_CODE};
use assay_trading_types::loan_terms::Rate;
use assay_trading_types::*;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

/// Balances that one step pays on: some microseconds each.
const STEP_BALANCES_MAX: usize = 250;

/// The house's account that pays it.
const EXPENSE: &str = "interest-expense";

/// Ids of its transfers; the rest of an id is the place of the record that it was paid with, and a number.
const INTEREST: u128 = 1 << 125;

/// Bits for the number.
const TRANSFER_BITS: u32 = 8;

/// Rates, and what days have left to pay.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct BalanceInterest {
    rates: BTreeMap<Asset, BalanceInterestSet>,
    /// The oldest day first. At most as many as there are balances, for a day is paid long before the next.
    due: VecDeque<Due>,
    /// Exact sums since the first day, and what was paid of them.
    accrued: BTreeMap<(AccountId, Asset), Accrual>,
}

/// What an account had when a day ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Due {
    account: AccountId,
    asset: Asset,
    balance: Amount,
    rate: Rate,
    /// Part of a year, in parts of `loan_terms::YEAR`.
    part: i64,
}

impl BalanceInterest {
    pub(crate) fn set(&mut self, e: &BalanceInterestSet) {
        match e.rate == Rate::ZERO {
            true => self.rates.remove(&e.asset),
            false => self.rates.insert(e.asset, e.clone()),
        };
    }

    /// Balances that are still to be paid on.
    pub(crate) fn left(&self) -> u64 {
        self.due.len() as u64
    }
}

impl Risk {
    /// Notes what the days from `ended` until before `begun` (days since 1970, UTC) have left. One look at every account, once
    /// a day, and none without rates.
    pub(crate) fn note_balances(&mut self, ended: i64, begun: i64) {
        if self.interest.rates.is_empty() {
            return;
        }
        let (from, until) = (date(ended), date(begun));
        let BalanceInterest { rates, due, .. } = &mut self.interest;
        due.extend(self.ledger.accounts().iter().filter_map(|account| {
            let set = rates.get(&account.asset())?;
            let (rate, part) = (set.rate, set.day_count.year_part(from, until));
            let (owner, balance) = (client(account)?, account.balance());
            (balance > Amount::ZERO).then_some(Due { account: owner, asset: set.asset, balance, rate, part })
        }));
    }

    /// Pays on some of the balances that are due.
    pub(crate) fn pay_interest(&mut self, input: &Input<'_>, out: &mut Outbox) {
        for n in 0..STEP_BALANCES_MAX {
            let Some(due) = self.interest.due.pop_front() else { return };
            self.pay_on(&due, transfer_id(input, n), out);
        }
    }

    /// An account that was closed meanwhile earns nothing more, and one that belongs to no firm nothing yet.
    fn pay_on(&mut self, due: &Due, id: TransferId, out: &mut Outbox) {
        let Due { account, asset, balance, rate, part } = *due;
        let firm = self.clients.find(&account).and_then(|ix| self.clients[ix].firm);
        let known = self.interest.accrued.get(&(account, asset)).copied().unwrap_or_default();
        let Some((firm, mut accrued)) = firm.zip(known.plus(balance, rate, part)) else { return };
        let amount = accrued.take(smallest(self.decimals_of(&asset)));
        if amount > Amount::ZERO {
            let accounts = (self.house_account(EXPENSE, asset), self.client(account, asset));
            let leg = Leg { id, debit: accounts.0, credit: accounts.1, amount, kind: TransferKind::Plain };
            if self.ledger.apply(&[leg]).is_err() {
                return;
            }
        }
        // Decided: nothing below fails.
        self.interest.accrued.insert((account, asset), accrued);
        if amount > Amount::ZERO {
            self.recount_account(&account, asset);
            let firm = *self.firms.name(firm);
            let transfers = vec![transfer(id, &account, asset, amount)];
            out.emit(Topic::Ledger, Posted::of(firm, transfers).into());
        }
    }
}

fn transfer(id: TransferId, account: &AccountId, asset: Asset, amount: Amount) -> Transfer {
    let (debit, credit) = (LedgerCode::from(EXPENSE).expect("a short code"), client_code(account));
    let (kind, reason) = (TransferKind::Plain, TransferReason::BalanceInterest);
    Transfer { id, debit, credit, asset, amount, kind, reason }
}

/// Whose an account of the books is; the house's own desk earns nothing from the house.
fn client(account: &Account) -> Option<AccountId> {
    let code = account.code();
    let owner = code.strip_prefix("client:").filter(|_| code.as_str() != DESK_CODE)?;
    AccountId::new(owner).ok()
}

/// The smallest amount of an asset with so many decimals, in billionths.
fn smallest(decimals: u8) -> i128 {
    10_i128.pow(9_u32.saturating_sub(decimals.into()))
}

fn date(day: i64) -> Date {
    Date::from_days(i32::try_from(day).unwrap_or(i32::MAX))
}

fn transfer_id(input: &Input<'_>, n: usize) -> TransferId {
    let place = u128::from(input.partition) << 64 | u128::from(input.offset);
    TransferId(INTEREST | place << TRANSFER_BITS | n as u128)
}
