//! One symbol: its terms, its book, and what the public last saw of it.

use crate::book::{Best, Book, BookSide};
use assay_trading_types::{InstrumentListed, Level, Price, Qty, Refusal, Side, TopOfBookChanged};

/// One symbol. Books refer to orders by their slot.
#[derive(Debug)]
pub(crate) struct Market {
    pub(crate) listed: InstrumentListed,
    pub(crate) book: Book<u32>,
    published: [Option<Level>; 2],
    /// Whether its top may differ from what was published: it is in the list of this input's markets.
    pub(crate) touched: bool,
}

impl Market {
    pub(crate) fn new(listed: InstrumentListed) -> Self {
        Self { listed, book: Book::default(), published: [None; 2], touched: false }
    }

    /// A price in ticks. Risk has checked it against the same terms, unless they have changed since.
    pub(crate) fn ticks(&self, price: Price) -> Result<i64, Refusal> {
        let tick = self.listed.tick_size.units().max(1);
        match price.units() {
            i64::MIN => Err(Refusal::BadPrice),
            units if units % tick != 0 => Err(Refusal::BadTick),
            units => Ok(units / tick),
        }
    }

    /// A quantity in lots, positive.
    pub(crate) fn lots(&self, qty: Qty) -> Result<i64, Refusal> {
        let lot = self.lot_units();
        match qty.units() {
            ..=0 => Err(Refusal::QtyMin),
            units if units % lot != 0 => Err(Refusal::BadLot),
            units => Ok(units / lot),
        }
    }

    /// Lots as a quantity; they were one before, so it fits.
    pub(crate) fn qty(&self, lots: i64) -> Qty {
        Qty::from_units(lots * self.lot_units())
    }

    pub(crate) fn lot_units(&self) -> i64 {
        self.listed.lot_size.units().max(1)
    }

    /// The new top of the book, if it is not what was published last.
    pub(crate) fn publish(&mut self) -> Option<TopOfBookChanged> {
        let top = self.top();
        if std::mem::replace(&mut self.published, top) == top {
            return None;
        }
        let [bid, offer] = top;
        Some(TopOfBookChanged { symbol: self.listed.symbol, bid, offer })
    }

    /// Takes over new terms and the book in them; the public has still seen the old.
    pub(crate) fn renew(&mut self, new: Self) {
        (self.listed, self.book) = (new.listed, new.book);
    }

    /// Best bid and offer.
    pub(crate) fn top(&self) -> [Option<Level>; 2] {
        self.book.top().map(|best| best.map(|best| self.level(best)))
    }

    /// Slots of its orders: bids, then offers, each in the order they trade.
    pub(crate) fn slots(&self) -> impl Iterator<Item = u32> {
        [BookSide::Bid, BookSide::Offer].into_iter().flat_map(|side| self.book.orders(side)).map(|o| o.tag)
    }

    /// Takes the present top as published: after a restore.
    pub(crate) fn was_published(&mut self) {
        self.published = self.top();
    }

    fn level(&self, best: Best) -> Level {
        let units = best.lots.saturating_mul(i128::from(self.lot_units()));
        Level {
            price: Price::from_units(best.ticks * self.listed.tick_size.units().max(1)),
            // A sum of orders may be more than one quantity can say; the public is told the most it can.
            qty: Qty::from_units(i64::try_from(units).unwrap_or(i64::MAX)),
        }
    }
}

/// Which side of the book an order belongs to.
pub(crate) fn book_side(side: Side) -> BookSide {
    if side.is_buy() { BookSide::Bid } else { BookSide::Offer }
}
