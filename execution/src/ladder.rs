//! Price levels of one side of a book.

use crate::book::Resting;
use crate::slab::{NIL, Slab};
use std::collections::BTreeMap;

/// Orders at one price, first come first, as a list through the orders themselves.
#[derive(Debug)]
pub(crate) struct Level {
    /// Price as a rank: lower is better on both sides.
    pub(crate) rank: i64,
    /// Sum of the lots; wider than an order's so that no sum of orders overflows.
    pub(crate) lots: i128,
    pub(crate) head: u32,
    tail: u32,
}

/// One side. A tree by rank rather than an array by price: a price far away costs one entry, not the array between,
/// so a counterparty cannot make it large or slow. The best level is remembered, orders remember their level, and so
/// the tree is only walked when a level appears or disappears.
#[derive(Debug)]
pub(crate) struct Ladder {
    by_rank: BTreeMap<i64, u32>,
    levels: Slab<Level>,
    best: u32,
}

impl Default for Ladder {
    fn default() -> Self {
        Self { by_rank: BTreeMap::new(), levels: Slab::default(), best: NIL }
    }
}

impl Ladder {
    pub(crate) fn best(&self) -> Option<&Level> {
        (self.best != NIL).then(|| &self.levels[self.best])
    }

    /// Best first.
    pub(crate) fn levels(&self) -> impl Iterator<Item = &Level> {
        self.by_rank.values().map(|level| &self.levels[*level])
    }

    pub(crate) fn level_count(&self) -> usize {
        self.by_rank.len()
    }

    /// Puts the order in `slot` behind all others of its price.
    pub(crate) fn join<T>(&mut self, orders: &mut Slab<Resting<T>>, slot: u32, rank: i64) {
        let level_slot = self.level_at(rank);
        let level = &mut self.levels[level_slot];
        let before = std::mem::replace(&mut level.tail, slot);
        let order = &mut orders[slot];
        level.lots += i128::from(order.lots);
        (order.level, order.before, order.behind) = (level_slot, before, NIL);
        match before {
            NIL => level.head = slot,
            _ => orders[before].behind = slot,
        }
    }

    /// Takes the order in `slot` out of its level, and the level away with its last order.
    pub(crate) fn leave<T>(&mut self, orders: &mut Slab<Resting<T>>, slot: u32) {
        let order = &orders[slot];
        let (level_slot, before, behind) = (order.level, order.before, order.behind);
        let level = &mut self.levels[level_slot];
        level.lots -= i128::from(order.lots);
        match before {
            NIL => level.head = behind,
            _ => orders[before].behind = behind,
        }
        match behind {
            NIL => level.tail = before,
            _ => orders[behind].before = before,
        }
        if level.head == NIL {
            self.drop_level(level_slot);
        }
    }

    /// Lowers an order's share of its level.
    pub(crate) fn lower(&mut self, level: u32, lots: i64) {
        self.levels[level].lots -= i128::from(lots);
    }

    fn level_at(&mut self, rank: i64) -> u32 {
        if let Some(best) = self.best().filter(|best| best.rank == rank).and(Some(self.best)) {
            return best;
        }
        let levels = &mut self.levels;
        let level = *self
            .by_rank
            .entry(rank)
            .or_insert_with(|| levels.insert(Level { rank, lots: 0, head: NIL, tail: NIL }));
        if self.best().is_none_or(|best| rank < best.rank) {
            self.best = level;
        }
        level
    }

    fn drop_level(&mut self, level: u32) {
        let rank = self.levels.remove(level).rank;
        self.by_rank.remove(&rank);
        if self.best == level {
            self.best = self.by_rank.first_key_value().map_or(NIL, |(_, next)| *next);
        }
    }
}
