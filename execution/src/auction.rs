//! The uncrossing price of a call auction: a pure function of two sorted sides.

use crate::book::{Best, Book, BookSide};

/// What an uncrossing gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Uncrossing {
    /// The one price of all its trades.
    pub(crate) ticks: i64,
    /// Lots that trade.
    pub(crate) lots: i128,
    /// Lots left over at the price: positive of buyers, negative of sellers.
    pub(crate) surplus: i128,
}

/// The price at which most trades; of those the one that leaves least over; of those the highest if only buyers are left
/// over and the lowest if only sellers are; else the one next to `reference`, the lower of two. Nothing when nothing trades.
///
/// Candidates are the limits in the range where both sides meet, and the reference in it: between two of them neither side
/// changes, so no other price gives more.
pub(crate) fn uncrossing(book: &Book, reference: Option<i64>) -> Option<Uncrossing> {
    let (bids, offers) = (side(book, BookSide::Bid), side(book, BookSide::Offer));
    let candidates = candidates(&bids, &offers, reference);
    let results: Vec<_> = candidates.into_iter().map(|ticks| bids.meets(&offers, ticks)).collect();
    let most = results.iter().map(|r| r.lots).max().filter(|lots| *lots > 0)?;
    let results: Vec<_> = results.into_iter().filter(|r| r.lots == most).collect();
    let least = results.iter().map(|r| r.surplus.abs()).min()?;
    let results: Vec<_> = results.into_iter().filter(|r| r.surplus.abs() == least).collect();
    break_tie(&results, reference)
}

/// `results` by rising price.
fn break_tie(results: &[Uncrossing], reference: Option<i64>) -> Option<Uncrossing> {
    let (lowest, highest) = (results.first()?, results.last()?);
    if results.iter().all(|r| r.surplus > 0) {
        return Some(*highest);
    }
    if results.iter().all(|r| r.surplus < 0) {
        return Some(*lowest);
    }
    let middle = lowest.ticks + (highest.ticks - lowest.ticks) / 2;
    let target = reference.unwrap_or(middle);
    results.iter().min_by_key(|r| (r.ticks.abs_diff(target), r.ticks)).copied()
}

/// One side: lots without a limit, and levels with the lots at them or better, the best first.
struct Side {
    side: BookSide,
    at_any_price: i128,
    levels: Vec<Best>,
}

fn side(book: &Book, side: BookSide) -> Side {
    let mut at_any_price = 0;
    let mut sum = 0;
    let mut levels = Vec::new();
    // Levels worse than the other side's best are never part of it, which most of a book is.
    let other = book.best(side.opposite()).filter(|best| best.ticks != side.opposite().any_price());
    for level in book.levels(side) {
        sum += level.lots;
        if level.ticks == side.any_price() {
            at_any_price = sum;
        } else {
            let is_beyond = other.is_some_and(|other| !side.reaches(level.ticks, other.ticks));
            if is_beyond && !levels.is_empty() {
                break;
            }
            levels.push(Best { lots: sum, ..level });
        }
    }
    Side { side, at_any_price, levels }
}

impl Side {
    /// Lots that would trade at `ticks`.
    fn lots_at(&self, ticks: i64) -> i128 {
        let reached = self.levels.partition_point(|level| self.side.reaches(level.ticks, ticks));
        reached.checked_sub(1).map_or(self.at_any_price, |n| self.levels[n].lots)
    }

    /// These buyers and those sellers at `ticks`.
    fn meets(&self, sellers: &Self, ticks: i64) -> Uncrossing {
        let (bought, sold) = (self.lots_at(ticks), sellers.lots_at(ticks));
        Uncrossing { ticks, lots: bought.min(sold), surplus: bought - sold }
    }
}

/// By rising price, each once.
fn candidates(bids: &Side, offers: &Side, reference: Option<i64>) -> Vec<i64> {
    let limits = bids.levels.iter().chain(&offers.levels).map(|level| level.ticks);
    let mut candidates: Vec<i64> = limits.chain(reference).collect();
    candidates.sort_unstable();
    candidates.dedup();
    candidates
}
