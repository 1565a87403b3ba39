//! Price levels of one side of a book.

use crate::book::{BookSide, Nodes};
use crate::slab::{NIL, Slab};
use std::collections::BTreeMap;

/// Orders at one price, first come first, as a list through the orders' nodes.
#[derive(Debug)]
pub(crate) struct Level {
    /// Price as a rank: lower is better on both sides.
    pub(crate) rank: i64,
    /// Sum of the lots; wider than an order's so that no sum of orders overflows.
    pub(crate) lots: i128,
    /// How many orders.
    pub(crate) orders: u32,
    pub(crate) head: u32,
    pub(crate) side: BookSide,
    tail: u32,
}

/// Levels of both sides of one book.
pub(crate) type Levels = Slab<Level>;

/// Levels kept in the array next to the touch; half of them move to or from the tree at a time.
const NEAR_MAX: usize = 128;

/// One side. Levels next to the touch, where nearly everything happens, are a short sorted array with the best at its
/// end; all others are in a tree. So the usual level appears and disappears within a few cache lines, and a price far
/// away, or a hundred thousand of them, costs a walk of the tree and nothing else: a counterparty can make neither
/// slow nor large. Orders remember their level, so both are only touched when a level appears or disappears.
#[derive(Debug, Default)]
pub(crate) struct Ladder {
    /// Worst first, every rank better than all of `far`. Empty only when `far` is.
    near: Vec<(i64, u32)>,
    far: BTreeMap<i64, u32>,
}

impl Ladder {
    pub(crate) fn best<'a>(&self, levels: &'a Levels) -> Option<&'a Level> {
        self.near.last().map(|(_, level)| &levels[*level])
    }

    /// The level of a rank.
    pub(crate) fn at<'a>(&self, levels: &'a Levels, rank: i64) -> Option<&'a Level> {
        let level = match self.near.get(self.place(rank)) {
            Some((there, level)) if *there == rank => Some(level),
            _ => self.far.get(&rank),
        };
        level.map(|level| &levels[*level])
    }

    /// Best first.
    pub(crate) fn levels<'a>(&'a self, levels: &'a Levels) -> impl Iterator<Item = &'a Level> {
        let near = self.near.iter().rev().map(|(_, level)| level);
        near.chain(self.far.values()).map(|level| &levels[*level])
    }

    pub(crate) fn level_count(&self) -> usize {
        self.near.len() + self.far.len()
    }

    /// Puts the order in `slot`, whose lots are set, behind all others of its price.
    pub(crate) fn join(
        &mut self,
        levels: &mut Levels,
        nodes: &mut Nodes,
        slot: u32,
        (side, rank): (BookSide, i64),
    ) {
        let level_slot = self.level_at(levels, side, rank);
        let level = &mut levels[level_slot];
        let before = std::mem::replace(&mut level.tail, slot);
        let node = &mut nodes[slot];
        level.lots += i128::from(node.lots);
        level.orders += 1;
        (node.level, node.before, node.behind) = (level_slot, before, NIL);
        match before {
            NIL => level.head = slot,
            _ => nodes[before].behind = slot,
        }
    }

    /// Takes the order in `slot` out of its level, and the level away with its last order.
    pub(crate) fn leave(&mut self, levels: &mut Levels, nodes: &mut Nodes, slot: u32) {
        let node = nodes[slot];
        let level = &mut levels[node.level];
        level.lots -= i128::from(node.lots);
        level.orders -= 1;
        match node.before {
            NIL => level.head = node.behind,
            before => nodes[before].behind = node.behind,
        }
        match node.behind {
            NIL => level.tail = node.before,
            behind => nodes[behind].before = node.before,
        }
        if level.head == NIL {
            self.drop_level(levels, node.level);
        }
        nodes[slot].level = NIL;
    }

    fn level_at(&mut self, levels: &mut Levels, side: BookSide, rank: i64) -> u32 {
        let new = Level { rank, lots: 0, orders: 0, head: NIL, side, tail: NIL };
        if self.is_far(rank) {
            return *self.far.entry(rank).or_insert_with(|| levels.insert(new));
        }
        let place = self.place(rank);
        match self.near.get(place) {
            Some((there, level)) if *there == rank => *level,
            _ => {
                let level = levels.insert(new);
                self.near.insert(place, (rank, level));
                self.spill();
                level
            }
        }
    }

    fn drop_level(&mut self, levels: &mut Levels, level: u32) {
        let rank = levels.remove(level).rank;
        let place = self.place(rank);
        match self.near.get(place) {
            Some((there, _)) if *there == rank => drop(self.near.remove(place)),
            _ => drop(self.far.remove(&rank)),
        }
        if self.near.is_empty() {
            self.refill();
        }
    }

    fn is_far(&self, rank: i64) -> bool {
        !self.far.is_empty() && self.near.first().is_some_and(|(worst, _)| rank > *worst)
    }

    /// Where `rank` is or belongs in `near`.
    fn place(&self, rank: i64) -> usize {
        self.near.partition_point(|(there, _)| *there > rank)
    }

    fn spill(&mut self) {
        if self.near.len() > NEAR_MAX {
            self.far.extend(self.near.drain(..NEAR_MAX / 2));
        }
    }

    fn refill(&mut self) {
        let next: Vec<_> = std::iter::from_fn(|| self.far.pop_first()).take(NEAR_MAX / 2).collect();
        self.near.extend(next.into_iter().rev());
    }
}

#[cfg(test)]
mod tests {
    use crate::{Book, BookSide, Nodes};

    #[test]
    fn a_thousand_levels_spill_to_the_tree_and_come_back_in_order() {
        let (mut book, mut nodes) = (Book::default(), Nodes::default());
        // 7 and 1,000 share no divisor, so every price comes once, in a scattered order.
        for slot in 0..1_000 {
            book.rest(&mut nodes, slot, BookSide::Offer, i64::from(slot) * 7 % 1_000, 1);
        }
        assert!(book.levels(BookSide::Offer).map(|l| l.ticks).eq(0..1_000));
        for slot in (0..1_000).step_by(2) {
            book.remove(&mut nodes, slot);
        }
        let mut left: Vec<i64> = (0..1_000).filter(|n| n % 2 == 1).map(|n| n * 7 % 1_000).collect();
        left.sort_unstable();
        for ticks in left {
            let front = book.front(BookSide::Offer).unwrap();
            assert_eq!(book.remove(&mut nodes, front).ticks, ticks);
        }
        assert_eq!((book.top(), book.level_count()), ([None, None], 0));
    }
}
