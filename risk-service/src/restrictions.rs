//! The restricted list: firm, account, instrument and side, each of them or any.

use assay_trading_types::{AccountId, FirmId, OrderTerms, RestrictionSet, Side, Symbol};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Entries on the list; beyond it a new one has no effect and is refused.
pub(crate) const ENTRIES_MAX: usize = 100_000;

/// An entry; what is left out means any.
type Entry = (Option<FirmId>, Option<AccountId>, Option<Symbol>, Option<bool>);

/// Combinations of four parts that are named or left out.
const SHAPES: u8 = 16;

/// What is restricted and why.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Restrictions {
    entries: BTreeMap<Entry, String>,
    /// Entries of each combination, so that a decision asks only for those that are in use.
    shapes: [u32; SHAPES as usize],
}

impl Restrictions {
    /// Puts an entry on the list or takes it off. Returns whether that changed anything.
    pub(crate) fn set(&mut self, e: &RestrictionSet) -> bool {
        let entry = (e.firm, e.account, e.symbol, e.side.map(|side: Side| side.is_buy()));
        let shape = &mut self.shapes[usize::from(shape_of(&entry))];
        if !e.restricted {
            let removed = self.entries.remove(&entry).is_some();
            *shape -= u32::from(removed);
            return removed;
        }
        if self.entries.len() >= ENTRIES_MAX && !self.entries.contains_key(&entry) {
            return false;
        }
        let new = self.entries.insert(entry, e.reason.clone()).is_none();
        *shape += u32::from(new);
        new
    }

    /// Why an order of these terms is restricted, if it is.
    pub(crate) fn of(&self, terms: &OrderTerms) -> Option<&str> {
        if self.entries.is_empty() {
            return None;
        }
        let used = (0..SHAPES).filter(|shape| self.shapes[usize::from(*shape)] > 0);
        used.filter_map(|shape| self.entries.get(&entry_of(terms, shape))).map(String::as_str).next()
    }
}

fn shape_of(entry: &Entry) -> u8 {
    let named = [entry.0.is_some(), entry.1.is_some(), entry.2.is_some(), entry.3.is_some()];
    named.iter().enumerate().map(|(bit, named)| u8::from(*named) << bit).sum()
}

fn entry_of(terms: &OrderTerms, shape: u8) -> Entry {
    let named = |bit: u8| shape & (1 << bit) != 0;
    (
        named(0).then_some(terms.firm),
        named(1).then_some(terms.account),
        named(2).then_some(terms.symbol),
        named(3).then_some(terms.side.is_buy()),
    )
}
