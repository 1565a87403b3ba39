//! What one subscriber was shown of one symbol, and what is new to him.

use super::books::{BookSide, Market, Shown};
use super::entry::{Action, Entry, EntryType, EntryTypes};
use super::request::FULL_LEVELS;
use assay_trading_types::{OrderId, Price};
use rustc_hash::{FxHashMap, FxHashSet};
use std::cmp::Ordering;

/// What somebody wants to see of a market.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) types: EntryTypes,
    /// Levels a side.
    pub(super) levels: usize,
    /// Single orders instead of levels.
    pub(super) single: bool,
}

/// Figures that have one entry each.
const FIGURES: [EntryType; 5] =
    [EntryType::Open, EntryType::Close, EntryType::High, EntryType::Low, EntryType::Volume];

/// What was shown last. What is shown next is the difference between that and the market as it is then, however much happened
/// in between: so somebody slow gets fewer changes, and late ones never.
#[derive(Debug, Clone, Default)]
pub(super) struct View {
    /// The market's number of changes then.
    pub(super) changed: u64,
    sides: [Vec<Shown>; 2],
    last_print: u64,
    figures: [Option<Entry>; FIGURES.len()],
}

impl View {
    /// Everything there is, for W.
    pub(super) fn all(&mut self, market: &Market, wanted: Wanted) -> Vec<Entry> {
        *self = Self::of(market, wanted);
        let mut entries = Vec::new();
        for (side, levels) in [BookSide::Bid, BookSide::Offer].into_iter().zip(&self.sides) {
            entries.extend(levels.iter().enumerate().map(|(index, level)| Entry::level(side, level, index)));
        }
        if wanted.types.has(EntryType::Trade) {
            entries.extend(market.last_trade().map(Entry::trade));
        }
        entries.extend(self.figures.iter().flatten());
        entries
    }

    /// What changed since, for X.
    pub(super) fn changes(&mut self, market: &Market, wanted: Wanted) -> Vec<(Action, Entry)> {
        let before = std::mem::replace(self, Self::of(market, wanted));
        let mut changes = Vec::new();
        for side in [BookSide::Bid, BookSide::Offer] {
            let compare = if wanted.single { compare_singles } else { compare };
            compare(side, &before.sides[side as usize], &self.sides[side as usize], &mut changes);
        }
        if wanted.types.has(EntryType::Trade) {
            let news = market.prints.iter().filter(|print| print.number > before.last_print);
            changes.extend(news.map(|print| (Action::from(print.news), Entry::trade(print))));
        }
        for (old, new) in before.figures.iter().zip(&self.figures) {
            match (old, new) {
                (None, Some(new)) => changes.push((Action::New, *new)),
                (Some(old), None) => changes.push((Action::Delete, *old)),
                (Some(old), Some(new)) if old.says() != new.says() => changes.push((Action::Change, *new)),
                _ => {}
            }
        }
        changes
    }

    fn of(market: &Market, wanted: Wanted) -> Self {
        let side = |side: BookSide, kind: EntryType| match wanted.types.has(kind) {
            true if wanted.single => market.singles(side, wanted.levels, FULL_LEVELS),
            true => market.levels(side, wanted.levels),
            false => Vec::new(),
        };
        let figure = |kind: EntryType| Entry::figure(kind, market).filter(|_| wanted.types.has(kind));
        Self {
            changed: market.changed,
            sides: [side(BookSide::Bid, EntryType::Bid), side(BookSide::Offer, EntryType::Offer)],
            last_print: market.last_print(),
            figures: FIGURES.map(figure),
        }
    }
}

/// Levels that went, came and changed, the best first.
fn compare(side: BookSide, old: &[Shown], new: &[Shown], changes: &mut Vec<(Action, Entry)>) {
    let (mut i, mut j) = (0, 0);
    loop {
        let order = match (old.get(i), new.get(j)) {
            (None, None) => return,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(old), Some(new)) => by_rank(side, old.price, new.price),
        };
        match order {
            Ordering::Less => changes.push((Action::Delete, Entry::level(side, &old[i], i))),
            Ordering::Greater => changes.push((Action::New, Entry::level(side, &new[j], j))),
            Ordering::Equal if (old[i].qty, old[i].orders) != (new[j].qty, new[j].orders) => {
                changes.push((Action::Change, Entry::level(side, &new[j], j)));
            }
            Ordering::Equal => {}
        }
        i += usize::from(order != Ordering::Greater);
        j += usize::from(order != Ordering::Less);
    }
}

/// Orders that went, then those that came or changed, in the order they trade. An order that moved, to another price or behind
/// others of its own, went and came again under its id: whoever takes the entries in turn and puts each at its place has the
/// book, and an iceberg's next part, which looks as the last one, is where it trades.
fn compare_singles(side: BookSide, old: &[Shown], new: &[Shown], changes: &mut Vec<(Action, Entry)>) {
    let told = |shown: &Shown| shown.order.map(|id| (id, *shown));
    let before: FxHashMap<OrderId, Shown> = old.iter().filter_map(told).collect();
    let now: FxHashMap<OrderId, Shown> = new.iter().filter_map(told).collect();
    let at_its_price = |shown: &Shown| {
        let id = shown.order?;
        (before.get(&id)?.price == now.get(&id)?.price).then_some(id)
    };
    // Who is met later than before fell behind.
    let mut queue = old.iter().filter_map(at_its_price);
    let (mut stayed, mut fell) = (FxHashSet::default(), FxHashSet::default());
    for id in new.iter().filter_map(at_its_price) {
        if !fell.contains(&id) {
            fell.extend(queue.by_ref().take_while(|ahead| *ahead != id));
            stayed.insert(id);
        }
    }
    let has_stayed = |shown: &Shown| shown.order.is_some_and(|id| stayed.contains(&id));
    for (place, gone) in old.iter().enumerate().filter(|(_, shown)| !has_stayed(shown)) {
        changes.push((Action::Delete, Entry::level(side, gone, place)));
    }
    for (place, shown) in new.iter().enumerate() {
        let then = shown.order.and_then(|id| before.get(&id)).filter(|_| has_stayed(shown));
        match then {
            None => changes.push((Action::New, Entry::level(side, shown, place))),
            Some(then) if then.qty != shown.qty => {
                changes.push((Action::Change, Entry::level(side, shown, place)));
            }
            Some(_) => {}
        }
    }
}

/// The better price first.
fn by_rank(side: BookSide, left: Price, right: Price) -> Ordering {
    match side {
        BookSide::Bid => right.cmp(&left),
        BookSide::Offer => left.cmp(&right),
    }
}
