//! One symbol: its terms, its book, its phase, and what the public last saw of it.

use crate::auction::{self, Uncrossing};
use crate::book::{Best, Book, BookSide, Nodes, Resting};
use crate::depth::Depth;
use crate::phase::PhaseState;
use crate::stops::Stops;
use assay_trading_types::{
    AuctionIndicated, CalendarId, InstrumentListed, Level, OrderId, Price, Qty, Refusal, Side,
    TopOfBookChanged, TradingPhase, VolatilityGuard,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// One symbol. Books refer to orders by their slot.
#[derive(Debug)]
pub(crate) struct Market {
    pub(crate) listed: InstrumentListed,
    pub(crate) book: Book,
    pub(crate) stops: Stops,
    /// All-or-none orders, which trade as one or wait beside the book.
    pub(crate) whole: BTreeSet<(OrderId, u32)>,
    /// At-the-close orders that wait for the closing auction.
    pub(crate) at_close: BTreeSet<(OrderId, u32)>,
    /// Orders on the book that are good for the present auction only.
    pub(crate) auction_only: BTreeSet<OrderId>,
    pub(crate) rules: Rules,
    pub(crate) state: PhaseState,
    /// Price of the last trade.
    pub(crate) last: Option<Price>,
    published: [Option<Level>; 2],
    pub(crate) depth: Depth,
    pub(crate) indicated: Option<AuctionIndicated>,
    /// Whether its top may differ from what was published: it is in the list of this input's markets.
    pub(crate) touched: bool,
}

/// Rules of its trading; by default it trades always.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rules {
    pub(crate) calendar: Option<CalendarId>,
    pub(crate) volatility: Option<VolatilityGuard>,
    pub(crate) reference: Option<Price>,
}

impl Market {
    pub(crate) fn new(listed: InstrumentListed, state: PhaseState) -> Self {
        Self {
            listed,
            book: Book::default(),
            stops: Stops::default(),
            whole: BTreeSet::new(),
            at_close: BTreeSet::new(),
            auction_only: BTreeSet::new(),
            rules: Rules::default(),
            state,
            last: None,
            published: [None; 2],
            depth: Depth::default(),
            indicated: None,
            touched: false,
        }
    }

    pub(crate) fn phase(&self) -> TradingPhase {
        self.state.phase
    }

    /// A price in ticks. Risk has checked it against the same terms, unless they have changed since.
    pub(crate) fn ticks(&self, price: Price) -> Result<i64, Refusal> {
        let tick = self.tick_units();
        match price.units() {
            // Orders without a limit stand at the ends of the range.
            units if units.unsigned_abs() >= i64::MAX as u64 => Err(Refusal::BadPrice),
            units if units % tick != 0 => Err(Refusal::BadTick),
            units => Ok(units / tick),
        }
    }

    /// A price in ticks, the next below if it is between two.
    pub(crate) fn ticks_below(&self, price: Price) -> i64 {
        price.units().div_euclid(self.tick_units())
    }

    /// Ticks, which were a price before, in billionths.
    pub(crate) fn price_units(&self, ticks: i64) -> i64 {
        ticks * self.tick_units()
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

    pub(crate) fn tick_units(&self) -> i64 {
        self.listed.tick_size.units().max(1)
    }

    /// As [`Book::rest`], for others to see.
    pub(crate) fn rest(&mut self, nodes: &mut Nodes, slot: u32, side: BookSide, (ticks, lots): (i64, i64)) {
        self.note_level(side, ticks);
        self.book.rest(nodes, slot, side, ticks, lots);
    }

    /// As [`Book::remove`], for others to see.
    pub(crate) fn remove(&mut self, nodes: &mut Nodes, slot: u32) {
        let Resting { side, ticks, .. } = self.book.remove(nodes, slot);
        self.note_level(side, ticks);
    }

    /// As [`Book::lower`], for others to see.
    pub(crate) fn lower(&mut self, nodes: &mut Nodes, slot: u32, lots: i64) -> i64 {
        let Resting { side, ticks, .. } = self.book.get(nodes, slot);
        self.note_level(side, ticks);
        self.book.lower(nodes, slot, lots)
    }

    /// Orders at any price, in an auction, stand at none.
    fn note_level(&mut self, side: BookSide, ticks: i64) {
        if ticks != side.any_price() {
            let price = self.price_units(ticks);
            self.depth.note(side, price);
        }
    }

    /// What prices are measured by: the last trade, else the reference.
    pub(crate) fn anchor(&self) -> Option<Price> {
        self.last.or(self.rules.reference)
    }

    /// Whether a trade at `ticks` is further from `anchor` than the guard allows.
    pub(crate) fn is_out_of_band(&self, ticks: i64, anchor: Option<Price>) -> bool {
        const BASIS: i128 = 10_000;
        let (Some(guard), Some(anchor)) = (self.rules.volatility, anchor) else { return false };
        let anchor = i128::from(anchor.units());
        let away = (i128::from(self.price_units(ticks)) - anchor).abs();
        away * BASIS > anchor.abs() * i128::from(guard.band_bp)
    }

    /// What an uncrossing would give now.
    pub(crate) fn uncrossing(&self) -> Option<Uncrossing> {
        auction::uncrossing(&self.book, self.anchor().map(|price| self.ticks_below(price)))
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

    /// What an auction would give now, if that is not what was said last.
    pub(crate) fn indicate(&mut self) -> Option<AuctionIndicated> {
        let found = self.uncrossing();
        let side = |lots: i128| if lots > 0 { Side::Buy } else { Side::Sell };
        let now = AuctionIndicated {
            symbol: self.listed.symbol,
            price: found.map(|u| Price::from_units(self.price_units(u.ticks))),
            qty: found.map_or(Qty::ZERO, |u| self.shown_qty(u.lots)),
            surplus: found
                .filter(|u| u.surplus != 0)
                .map(|u| (side(u.surplus), self.shown_qty(u.surplus.abs()))),
        };
        (self.indicated.replace(now) != Some(now)).then_some(now)
    }

    /// Best bid and offer. Outside of continuous trading nothing can be had at them, so there are none.
    pub(crate) fn top(&self) -> [Option<Level>; 2] {
        if self.phase() != TradingPhase::Continuous {
            return [None, None];
        }
        self.book.top().map(|best| best.map(|best| self.level(best)))
    }

    /// Slots of all its orders: bids and offers in the order they trade, then what waits beside the book.
    pub(crate) fn slots<'a>(&'a self, nodes: &'a Nodes) -> impl Iterator<Item = u32> + 'a {
        let sides = [BookSide::Bid, BookSide::Offer].into_iter();
        let beside = self.whole.iter().chain(&self.at_close).map(|(_, slot)| *slot);
        sides.flat_map(|side| self.book.slots(nodes, side)).chain(self.stops.slots()).chain(beside)
    }

    /// Takes the present top as published: after a restore.
    pub(crate) fn was_published(&mut self) {
        self.published = self.top();
    }

    fn level(&self, best: Best) -> Level {
        Level { price: Price::from_units(self.price_units(best.ticks)), qty: self.shown_qty(best.lots) }
    }

    /// A sum of orders may be more than one quantity can say; the public is told the most it can.
    pub(crate) fn shown_qty(&self, lots: i128) -> Qty {
        let units = lots.saturating_mul(i128::from(self.lot_units()));
        Qty::from_units(i64::try_from(units).unwrap_or(i64::MAX))
    }
}

/// Which side of the book an order belongs to.
pub(crate) fn book_side(side: Side) -> BookSide {
    if side.is_buy() { BookSide::Bid } else { BookSide::Offer }
}
