//! The books against what they are made from: debits with credits, trades with execution reports, movements with what was decided,
//! clearing with nothing, holds with what is open.

use crate::read_model::{AccountRow, HoldRow, ReadModel};
use assay_trading_types::{Amount, Asset, AssetTotals, BooksBreak, BooksProof, BreakKind, Position};
use std::collections::BTreeMap;

/// Holds of nothing open that are looked for; more are not needed to see that something is wrong.
const HOLDS_MAX: usize = 1_000;

/// Assets whose totals stand in a certificate: more than most venues have, and no more than a record of some 100 kB.
const PROVEN_MAX: usize = 1_000;

/// The class that trades go through.
const CLEARING: &str = "clearing";

/// The books at one position, and what does not come out.
#[derive(Debug)]
pub(crate) struct Reconciliation {
    /// Everything below it is in it.
    pub(crate) position: u64,
    /// Accounts of the books.
    pub(crate) accounts: u64,
    /// Holds that are not used up.
    pub(crate) holds: u64,
    /// By asset.
    pub(crate) assets: BTreeMap<String, AssetSums>,
    /// What does not come out, in a fixed order.
    pub(crate) breaks: Vec<BooksBreak>,
}

/// What the accounts of an asset come to, in billionths.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct AssetSums {
    /// Debits.
    pub(crate) debits: i128,
    /// Debits less credits.
    pub(crate) imbalance: i128,
    /// What lies on clearing.
    pub(crate) clearing: i128,
    /// Trades posted less trades reported.
    pub(crate) trades_difference: i128,
    /// Movements posted less movements decided.
    pub(crate) movements_difference: i128,
    /// What the house paid for trades that an account could not cover.
    pub(crate) shortfall: i128,
}

/// Looks at the books before something counts as a break. A fill that is half way between report and posting differs for a
/// moment; what differs in the same way all the time is wrong.
const LOOKS: u32 = 10;

/// Looks at the books until what differs is sure to be wrong.
pub(crate) struct Looks {
    /// The books are looked at once they have all that was there when it began.
    from: Position,
    looks: u32,
    /// What differed in every look.
    breaks: Vec<BooksBreak>,
}

impl Looks {
    /// At books that have all that is below `from`.
    pub(crate) fn from(from: Position) -> Self {
        Self { from, looks: 0, breaks: Vec::new() }
    }

    /// One more look: the books, and what is wrong with them, once it is sure.
    ///
    /// # Errors
    /// The read model cannot be read.
    pub(crate) fn look(
        &mut self,
        model: &ReadModel,
    ) -> rusqlite::Result<Option<(Reconciliation, Vec<BooksBreak>)>> {
        if model.position() < self.from {
            return Ok(None);
        }
        let found = reconcile(model)?;
        match self.looks {
            0 => self.breaks.clone_from(&found.breaks),
            _ => self.breaks.retain(|known| found.breaks.contains(known)),
        }
        self.looks += 1;
        let is_sure = self.breaks.is_empty() || self.looks >= LOOKS;
        Ok(is_sure.then(|| (found, std::mem::take(&mut self.breaks))))
    }
}

/// Compares the books as the read model has them in one transaction. While orders pour in, a fill may be half way between: what
/// is a break at one position only is none.
///
/// # Errors
/// The read model cannot be read.
pub(crate) fn reconcile(model: &ReadModel) -> rusqlite::Result<Reconciliation> {
    let books = model.books_at_once(HOLDS_MAX)?;
    let mut assets: BTreeMap<String, AssetSums> = BTreeMap::new();
    let mut breaks = Vec::new();
    for row in &books.accounts {
        assets.entry(row.asset.clone()).or_default().add(row);
    }
    for row in books.accounts.iter().filter(|row| class_of(&row.code) == "client") {
        breaks.extend(of_account(row, &assets[&row.asset]));
    }
    for (asset, sums) in &assets {
        breaks.extend(of_asset(asset, sums));
    }
    breaks.extend(books.orphaned.iter().filter_map(of_hold));
    breaks.sort();
    let (position, accounts) = (books.position, books.accounts.len() as u64);
    Ok(Reconciliation { position, accounts, holds: books.holds, assets, breaks })
}

impl Reconciliation {
    /// What the books come to, for who stands for a report. Assets that do not balance are among those named, so that whoever
    /// decides sees them.
    pub(crate) fn proof(&self) -> BooksProof {
        let totals = |(asset, sums): (&String, &AssetSums)| {
            let (debits, credits) = (sums.debits, sums.debits - sums.imbalance);
            let (debits, credits) = (Amount::from_units(debits), Amount::from_units(credits));
            Some(AssetTotals { asset: Asset::new(asset).ok()?, debits, credits })
        };
        let mut totals: Vec<AssetTotals> = self.assets.iter().filter_map(totals).collect();
        totals.sort_by_key(|t| t.debits == t.credits);
        totals.truncate(PROVEN_MAX);
        BooksProof { position: self.position, assets: self.assets.len() as u64, totals }
    }
}

/// The part of a code before its colon.
pub(crate) fn class_of(code: &str) -> &str {
    code.split(':').next().unwrap_or_default()
}

impl AssetSums {
    fn add(&mut self, row: &AccountRow) {
        let sums = &row.sums;
        self.debits += sums.debits.units();
        self.imbalance += sums.debits.units() - sums.credits.units();
        match class_of(&row.code) {
            CLEARING => self.clearing += sums.balance().units(),
            class => {
                self.trades_difference += sums.traded.units() - sums.executed.units();
                if class == "client" {
                    self.movements_difference += sums.moved.units() - sums.instructed.units();
                }
                if class == "shortfall" {
                    self.shortfall += sums.balance().units();
                }
            }
        }
    }
}

/// What an account's postings and what they follow from come to. Where the house paid for trades, accounts and reports differ by
/// that, and only the asset as a whole comes out.
fn of_account(row: &AccountRow, asset: &AssetSums) -> Vec<BooksBreak> {
    let sums = &row.sums;
    let compared = [
        (BreakKind::Movements, sums.moved, sums.instructed),
        (BreakKind::Trades, sums.traded, if asset.shortfall == 0 { sums.executed } else { sums.traded }),
    ];
    let differing = compared.into_iter().filter(|(_, books, expected)| books != expected);
    differing
        .filter_map(|(kind, books, expected)| broken(kind, &row.code, &row.asset, (books, expected)))
        .collect()
}

fn of_asset(asset: &str, sums: &AssetSums) -> Vec<BooksBreak> {
    let compared = [
        (BreakKind::Imbalance, "total", sums.imbalance),
        (BreakKind::Clearing, CLEARING, sums.clearing),
        (BreakKind::Trades, "total", sums.trades_difference),
    ];
    let differing = compared.into_iter().filter(|(.., units)| *units != 0);
    differing
        .filter_map(|(kind, code, units)| {
            broken(kind, code, asset, (Amount::from_units(units), Amount::ZERO))
        })
        .collect()
}

fn of_hold(row: &HoldRow) -> Option<BooksBreak> {
    let found = broken(BreakKind::Hold, &row.debit, &row.asset, (row.remaining, Amount::ZERO))?;
    Some(BooksBreak { reference: row.reference.clone().or_else(|| Some(row.id.clone())), ..found })
}

fn broken(
    kind: BreakKind,
    account: &str,
    asset: &str,
    (books, expected): (Amount, Amount),
) -> Option<BooksBreak> {
    let (account, asset) = (account.to_owned(), Asset::new(asset).ok()?);
    Some(BooksBreak { kind, account, asset, books, expected, reference: None })
}
