//! Trial balance, balance sheet and income statement, each asset by itself.

use super::chart::{AccountType, Chart};
use super::entry::{Entry, Period};
use assay_trading_types::{Amount, Asset, LedgerCode};
use std::collections::BTreeMap;

/// One account of a trial balance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrialBalanceLine {
    /// The asset.
    pub asset: Asset,
    /// The account.
    pub code: LedgerCode,
    /// Its type.
    pub of: AccountType,
    /// Debits up to the end of the period.
    pub debits: Amount,
    /// Credits up to the end of the period.
    pub credits: Amount,
}

/// An account's share of a statement, positive in the way its type is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sum {
    /// The account.
    pub code: LedgerCode,
    /// Debits less credits of assets and expenses, else credits less debits.
    pub amount: Amount,
}

/// What there is and who it belongs to, in one asset, at the end of a period.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BalanceSheet {
    /// By account.
    pub assets: Vec<Sum>,
    /// By account.
    pub liabilities: Vec<Sum>,
    /// By account.
    pub equity: Vec<Sum>,
    /// Income less expenses since the books began: part of the equity.
    pub earnings: Amount,
}

/// What was earned in a period, in one asset.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IncomeStatement {
    /// By account.
    pub income: Vec<Sum>,
    /// By account.
    pub expenses: Vec<Sum>,
}

/// Sum of debits and of credits.
type Sides = (i128, i128);

/// Accounts with their sums at the end of the period, by asset and code.
pub fn trial_balance(entries: &[Entry], chart: &Chart, period: Period) -> Vec<TrialBalanceLine> {
    let line = |((asset, code), (debits, credits)): ((Asset, LedgerCode), Sides)| TrialBalanceLine {
        asset,
        code,
        of: chart.type_of(code),
        debits: Amount::from_units(debits),
        credits: Amount::from_units(credits),
    };
    sides(entries.iter().filter(|e| period.ends_after(e.at))).into_iter().map(line).collect()
}

/// The balance sheet of each asset at the end of the period.
pub fn balance_sheet(entries: &[Entry], chart: &Chart, period: Period) -> BTreeMap<Asset, BalanceSheet> {
    let mut sheets: BTreeMap<Asset, BalanceSheet> = BTreeMap::new();
    for ((asset, code), (debits, credits)) in sides(entries.iter().filter(|e| period.ends_after(e.at))) {
        let sheet = sheets.entry(asset).or_default();
        let credit = credits - debits;
        let sum = |units| Sum { code, amount: Amount::from_units(units) };
        match chart.type_of(code) {
            AccountType::Assets => sheet.assets.push(sum(-credit)),
            AccountType::Liabilities => sheet.liabilities.push(sum(credit)),
            AccountType::Equity => sheet.equity.push(sum(credit)),
            AccountType::Income | AccountType::Expenses => {
                sheet.earnings = Amount::from_units(sheet.earnings.units() + credit);
            }
        }
    }
    sheets.values().for_each(assert_balanced);
    sheets
}

/// The income statement of each asset over the period.
pub fn income_statement(
    entries: &[Entry],
    chart: &Chart,
    period: Period,
) -> BTreeMap<Asset, IncomeStatement> {
    let mut statements: BTreeMap<Asset, IncomeStatement> = BTreeMap::new();
    for ((asset, code), (debits, credits)) in sides(entries.iter().filter(|e| period.has(e.at))) {
        let sum = |units| Sum { code, amount: Amount::from_units(units) };
        match chart.type_of(code) {
            AccountType::Income => statements.entry(asset).or_default().income.push(sum(credits - debits)),
            AccountType::Expenses => {
                statements.entry(asset).or_default().expenses.push(sum(debits - credits))
            }
            AccountType::Assets | AccountType::Liabilities | AccountType::Equity => {}
        }
    }
    statements
}

impl IncomeStatement {
    /// Income less expenses.
    pub fn result(&self) -> Amount {
        Amount::from_units(total(&self.income) - total(&self.expenses))
    }
}

/// Every entry has two sides, so the sheet can fail to balance only if this program is wrong.
fn assert_balanced(sheet: &BalanceSheet) {
    let owned = total(&sheet.liabilities) + total(&sheet.equity) + sheet.earnings.units();
    assert_eq!(total(&sheet.assets), owned, "what there is belongs to somebody");
}

fn total(sums: &[Sum]) -> i128 {
    sums.iter().map(|sum| sum.amount.units()).sum()
}

fn sides<'a>(entries: impl Iterator<Item = &'a Entry>) -> BTreeMap<(Asset, LedgerCode), Sides> {
    let mut sums: BTreeMap<(Asset, LedgerCode), Sides> = BTreeMap::new();
    for (code, asset, units) in entries.flat_map(Entry::lines) {
        let (debits, credits) = sums.entry((asset, code)).or_default();
        if units < 0 { *debits -= units } else { *credits += units }
    }
    sums
}
