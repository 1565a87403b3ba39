//! The price-time book of one symbol, in ticks and lots: the pure core, without events.

use crate::ladder::{Ladder, Level};
use crate::slab::{NIL, Slab};

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
    const fn rank(self, ticks: i64) -> i64 {
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
}

/// An order that rests.
#[derive(Debug, Clone, Copy)]
pub struct Resting<T> {
    /// Its side.
    pub side: BookSide,
    /// Its price.
    pub ticks: i64,
    /// What remains of it, positive.
    pub lots: i64,
    /// What the owner of the book knows it by.
    pub tag: T,
    pub(crate) level: u32,
    pub(crate) before: u32,
    pub(crate) behind: u32,
}

/// Where an order rests; valid until it leaves the book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Handle(u32);

/// Best price of a side and the lots there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Best {
    /// The price.
    pub ticks: i64,
    /// Sum of the lots.
    pub lots: i128,
}

/// Best bid and best offer.
pub type Top = [Option<Best>; 2];

/// A book. It never matches by itself: the owner takes [`Book::front`] and decides, so that self-trade prevention,
/// budgets and reports stay out of the data structure. Adding, cancelling and filling cost a constant, and a walk of
/// the level tree when a price level appears or disappears. Memory follows the most orders it ever held at once.
///
/// ```
/// use assay_execution::{Book, BookSide};
/// let mut book = Book::default();
/// let first = book.rest(BookSide::Bid, 100, 5, "first");
/// book.rest(BookSide::Bid, 100, 7, "second");
/// assert_eq!(book.front(BookSide::Bid), Some(first));
/// book.remove(first);
/// assert_eq!(book.top()[0].map(|b| (b.ticks, b.lots)), Some((100, 7)));
/// ```
#[derive(Debug)]
pub struct Book<T> {
    bids: Ladder,
    offers: Ladder,
    orders: Slab<Resting<T>>,
}

impl<T> Default for Book<T> {
    fn default() -> Self {
        Self { bids: Ladder::default(), offers: Ladder::default(), orders: Slab::default() }
    }
}

impl<T: Copy> Book<T> {
    /// Puts an order behind all others of its side and price. The caller has seen to it that it does not cross.
    pub fn rest(&mut self, side: BookSide, ticks: i64, lots: i64, tag: T) -> Handle {
        assert!(lots > 0, "an order rests with something left");
        let order = Resting { side, ticks, lots, tag, level: NIL, before: NIL, behind: NIL };
        let slot = self.orders.insert(order);
        let (ladder, orders) = self.parts(side);
        ladder.join(orders, slot, side.rank(ticks));
        Handle(slot)
    }

    /// Takes an order off the book.
    pub fn remove(&mut self, order: Handle) -> Resting<T> {
        let side = self.orders[order.0].side;
        let (ladder, orders) = self.parts(side);
        ladder.leave(orders, order.0);
        self.orders.remove(order.0)
    }

    /// Lowers what remains of an order, which keeps its place; it leaves the book when nothing remains. Returns what
    /// remains.
    pub fn lower(&mut self, order: Handle, lots: i64) -> i64 {
        let resting = &mut self.orders[order.0];
        assert!(0 < lots && lots <= resting.lots, "{lots} of {} lots", resting.lots);
        if lots == resting.lots {
            self.remove(order);
            return 0;
        }
        resting.lots -= lots;
        let (side, level, remaining) = (resting.side, resting.level, resting.lots);
        self.parts(side).0.lower(level, lots);
        remaining
    }

    /// The order that trades next on a side: best price, then first come.
    pub fn front(&self, side: BookSide) -> Option<Handle> {
        self.ladder(side).best().map(|level| Handle(level.head))
    }

    /// An order that rests.
    pub fn get(&self, order: Handle) -> &Resting<T> {
        &self.orders[order.0]
    }

    /// Best bid and best offer.
    pub fn top(&self) -> Top {
        [self.best(BookSide::Bid), self.best(BookSide::Offer)]
    }

    fn best(&self, side: BookSide) -> Option<Best> {
        self.ladder(side).best().map(|level| Best { ticks: side.rank(level.rank), lots: level.lots })
    }

    /// Price levels of a side, best first.
    pub fn levels(&self, side: BookSide) -> impl Iterator<Item = Best> {
        self.ladder(side).levels().map(move |l| Best { ticks: side.rank(l.rank), lots: l.lots })
    }

    /// Orders of a side in the order they trade.
    pub fn orders(&self, side: BookSide) -> impl Iterator<Item = &Resting<T>> {
        self.ladder(side).levels().flat_map(|level| self.queue(level))
    }

    fn queue(&self, level: &Level) -> impl Iterator<Item = &Resting<T>> {
        let first = Some(&self.orders[level.head]);
        std::iter::successors(first, |order| (order.behind != NIL).then(|| &self.orders[order.behind]))
    }

    /// Orders on both sides.
    pub fn len(&self) -> usize {
        self.orders.len()
    }

    /// Whether nothing rests.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
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

    fn parts(&mut self, side: BookSide) -> (&mut Ladder, &mut Slab<Resting<T>>) {
        match side {
            BookSide::Bid => (&mut self.bids, &mut self.orders),
            BookSide::Offer => (&mut self.offers, &mut self.orders),
        }
    }
}
