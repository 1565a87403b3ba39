//! The price-time book of one symbol, in ticks and lots: the pure core, without events.

use crate::ladder::{Ladder, Level, Levels};
use crate::slab::{self, NIL};
use std::ops::{Index, IndexMut};

/// A side of a book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BookSide {
    /// Buyers; the highest price is best.
    Bid,
    /// Sellers; the lowest price is best.
    Offer,
}

impl BookSide {
    /// The side it trades with.
    pub const fn opposite(self) -> Self {
        match self {
            Self::Bid => Self::Offer,
            Self::Offer => Self::Bid,
        }
    }

    /// A price as a rank: the lower, the better. Its own inverse.
    pub(crate) const fn rank(self, ticks: i64) -> i64 {
        match self {
            // Prices and their negatives both fit: a price of i64::MIN ticks is refused before it comes here.
            Self::Bid => -ticks,
            Self::Offer => ticks,
        }
    }

    /// Whether an order of this side limited to `limit` ticks trades with one resting at `ticks`.
    pub const fn reaches(self, limit: i64, ticks: i64) -> bool {
        match self {
            Self::Bid => ticks <= limit,
            Self::Offer => ticks >= limit,
        }
    }

    /// Where a market order queues in an auction: before every limit.
    pub(crate) const fn any_price(self) -> i64 {
        match self {
            Self::Bid => i64::MAX,
            Self::Offer => -i64::MAX,
        }
    }
}

/// What a book knows of an order, for the book only: 24 bytes beside all that the order's owner keeps elsewhere.
#[derive(Debug, Clone, Copy)]
pub struct Node {
    /// What others see of it, positive while it rests.
    pub(crate) lots: i64,
    /// Its level; none while it is in no book.
    pub(crate) level: u32,
    pub(crate) before: u32,
    pub(crate) behind: u32,
}

const NOWHERE: Node = Node { lots: 0, level: NIL, before: NIL, behind: NIL };

/// The nodes of any number of books, by slots that their owner gives to orders.
#[derive(Debug, Default)]
pub struct Nodes {
    chunks: Vec<Vec<Node>>,
    len: u32,
}

impl Nodes {
    /// Makes room for `slot`.
    fn reach(&mut self, slot: u32) {
        while self.len <= slot {
            slab::push(&mut self.chunks, NOWHERE);
            self.len += 1;
        }
    }

    /// Notes what is left of an order that waits outside of its book.
    pub(crate) fn wait(&mut self, slot: u32, lots: i64) {
        self.reach(slot);
        self[slot] = Node { lots, ..NOWHERE };
    }
}

impl Index<u32> for Nodes {
    type Output = Node;

    fn index(&self, slot: u32) -> &Node {
        let (chunk, at) = slab::place(slot);
        &self.chunks[chunk][at]
    }
}

impl IndexMut<u32> for Nodes {
    fn index_mut(&mut self, slot: u32) -> &mut Node {
        let (chunk, at) = slab::place(slot);
        &mut self.chunks[chunk][at]
    }
}

/// An order as its book sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resting {
    /// Its side.
    pub side: BookSide,
    /// Its price.
    pub ticks: i64,
    /// What others see of it.
    pub lots: i64,
}

/// A price of a side, such as its best, and what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Best {
    /// The price.
    pub ticks: i64,
    /// Sum of the lots.
    pub lots: i128,
    /// Orders there.
    pub orders: u32,
}

/// Best bid and best offer.
pub type Top = [Option<Best>; 2];

/// A book. It never matches by itself: the owner takes [`Book::front`] and decides, so that self-trade prevention,
/// budgets and reports stay out of the data structure. Adding, cancelling and filling cost a constant, and a walk of
/// the level tree when a price level appears or disappears. Memory follows the most orders it ever held at once.
///
/// ```
/// use assay_execution::{Book, BookSide, Nodes};
/// let (mut book, mut nodes) = (Book::default(), Nodes::default());
/// book.rest(&mut nodes, 0, BookSide::Bid, 100, 5);
/// book.rest(&mut nodes, 1, BookSide::Bid, 100, 7);
/// assert_eq!(book.front(BookSide::Bid), Some(0));
/// book.remove(&mut nodes, 0);
/// assert_eq!(book.top()[0].map(|b| (b.ticks, b.lots)), Some((100, 7)));
/// ```
#[derive(Debug, Default)]
pub struct Book {
    bids: Ladder,
    offers: Ladder,
    levels: Levels,
}

impl Book {
    /// Puts the order in `slot` behind all others of its side and price.
    pub fn rest(&mut self, nodes: &mut Nodes, slot: u32, side: BookSide, ticks: i64, lots: i64) {
        assert!(lots > 0, "an order rests with something left");
        nodes.reach(slot);
        nodes[slot].lots = lots;
        let (ladder, levels) = self.parts(side);
        ladder.join(levels, nodes, slot, (side, side.rank(ticks)));
    }

    /// Takes an order off the book.
    pub fn remove(&mut self, nodes: &mut Nodes, slot: u32) -> Resting {
        let resting = self.get(nodes, slot);
        let (ladder, levels) = self.parts(resting.side);
        ladder.leave(levels, nodes, slot);
        resting
    }

    /// Lowers what is left of an order, which keeps its place; it leaves the book when nothing is left. Returns what is
    /// left.
    pub fn lower(&mut self, nodes: &mut Nodes, slot: u32, lots: i64) -> i64 {
        let node = &mut nodes[slot];
        assert!(0 < lots && lots <= node.lots, "{lots} of {} lots", node.lots);
        if lots == node.lots {
            self.remove(nodes, slot);
            return 0;
        }
        node.lots -= lots;
        self.levels[node.level].lots -= i128::from(lots);
        node.lots
    }

    /// The order that trades next on a side: best price, then first come.
    pub fn front(&self, side: BookSide) -> Option<u32> {
        self.ladder(side).best(&self.levels).map(|level| level.head)
    }

    /// An order that rests.
    pub fn get(&self, nodes: &Nodes, slot: u32) -> Resting {
        let node = &nodes[slot];
        let level = &self.levels[node.level];
        Resting { side: level.side, ticks: level.side.rank(level.rank), lots: node.lots }
    }

    /// Best bid and best offer.
    pub fn top(&self) -> Top {
        [self.best(BookSide::Bid), self.best(BookSide::Offer)]
    }

    /// Best price of a side.
    pub fn best(&self, side: BookSide) -> Option<Best> {
        self.ladder(side).best(&self.levels).map(best)
    }

    /// What is there at a price of a side.
    pub fn level(&self, side: BookSide, ticks: i64) -> Option<Best> {
        self.ladder(side).at(&self.levels, side.rank(ticks)).map(best)
    }

    /// Price levels of a side, best first.
    pub fn levels(&self, side: BookSide) -> impl Iterator<Item = Best> {
        self.ladder(side).levels(&self.levels).map(best)
    }

    /// Slots of a side's orders in the order they trade.
    pub fn slots<'a>(&'a self, nodes: &'a Nodes, side: BookSide) -> impl Iterator<Item = u32> + 'a {
        self.ladder(side).levels(&self.levels).flat_map(|level| queue(nodes, level))
    }

    /// Slots of a level's orders in the order they trade.
    pub fn queue<'a>(
        &'a self,
        nodes: &'a Nodes,
        side: BookSide,
        ticks: i64,
    ) -> impl Iterator<Item = u32> + 'a {
        let level = self.ladder(side).at(&self.levels, side.rank(ticks));
        level.into_iter().flat_map(|level| queue(nodes, level))
    }

    /// Price levels on both sides.
    pub fn level_count(&self) -> usize {
        self.bids.level_count() + self.offers.level_count()
    }

    fn ladder(&self, side: BookSide) -> &Ladder {
        match side {
            BookSide::Bid => &self.bids,
            BookSide::Offer => &self.offers,
        }
    }

    fn parts(&mut self, side: BookSide) -> (&mut Ladder, &mut Levels) {
        match side {
            BookSide::Bid => (&mut self.bids, &mut self.levels),
            BookSide::Offer => (&mut self.offers, &mut self.levels),
        }
    }
}

fn queue<'a>(nodes: &'a Nodes, level: &Level) -> impl Iterator<Item = u32> + use<'a> {
    std::iter::successors(Some(level.head), |slot| Some(nodes[*slot].behind).filter(|s| *s != NIL))
}

fn best(level: &Level) -> Best {
    Best { ticks: level.side.rank(level.rank), lots: level.lots, orders: level.orders }
}
