//! Where orders wait: on the book, for a stop price, for the closing auction, for being filled whole.

use crate::entry::Entry;
use crate::execution::Execution;
use crate::live_order::LiveOrder;
use crate::market::book_side;
use crate::resting_order::Place;
use crate::stops::Trigger;
use crate::work::Sink;
use assay_trading_types::{TimeInForce, TradingPhase};

impl Execution {
    /// An order that waits nowhere goes where it belongs; on the market it may trade at once.
    pub(crate) fn enter(&mut self, order: LiveOrder, entry: Entry, out: &mut Sink<'_>) {
        let phase = self.markets[order.market as usize].phase();
        match entry.stop_ticks.filter(|_| order.waits_for_stop()) {
            Some(stop) => self.wait_for_stop(&order, stop, entry.lots),
            None if order.is_all_or_none() => self.wait_whole(&order, entry.lots),
            None if order.terms.tif == TimeInForce::AtClose && phase != TradingPhase::ClosingAuction => {
                self.wait_for_close(&order, entry.lots);
            }
            None if phase == TradingPhase::Continuous => self.take(order, entry, out),
            None => self.rest_for_auction(&order, entry),
        }
    }

    /// Puts an order on the book, an iceberg's first part to be seen.
    pub(crate) fn rest(&mut self, order: &LiveOrder, ticks: i64, lots: i64) -> u32 {
        let market = order.market;
        self.touch(market);
        let shown = self.shown_lots(order, lots);
        let slot = self.pack(order, Place::Book, lots - shown);
        let side = book_side(order.terms.side);
        self.markets[market as usize].rest(&mut self.orders.nodes, slot, side, (ticks, shown));
        slot
    }

    /// As [`Execution::rest`]; one that is good for this auction only is remembered until its end.
    pub(crate) fn rest_for_auction(&mut self, order: &LiveOrder, entry: Entry) {
        let any_price = book_side(order.terms.side).any_price();
        let only =
            entry.ticks.is_none() || matches!(order.terms.tif, TimeInForce::AtOpen | TimeInForce::AtClose);
        let ticks = entry.ticks.or_else(|| self.protection_ticks(order));
        self.rest(order, ticks.unwrap_or(any_price), entry.lots);
        if only {
            self.markets[order.market as usize].auction_only.insert(order.id);
        }
    }

    pub(crate) fn wait_for_stop(&mut self, order: &LiveOrder, stop_ticks: i64, lots: i64) {
        let slot = self.wait(order, Place::Stop, lots);
        let stops = &mut self.markets[order.market as usize].stops;
        stops.wait(Trigger::of(order.terms.ord_type, order.terms.side), stop_ticks, order.id, slot);
        self.unsettled.insert(order.market);
    }

    pub(crate) fn wait_for_close(&mut self, order: &LiveOrder, lots: i64) {
        let slot = self.wait(order, Place::Close, lots);
        self.markets[order.market as usize].at_close.insert((order.id, slot));
    }

    pub(crate) fn wait_whole(&mut self, order: &LiveOrder, lots: i64) {
        let slot = self.wait(order, Place::Whole, lots);
        self.markets[order.market as usize].whole.insert((order.id, slot));
        self.unsettled.insert(order.market);
    }

    fn wait(&mut self, order: &LiveOrder, place: Place, lots: i64) -> u32 {
        let slot = self.pack(order, place, 0);
        self.orders.nodes.wait(slot, lots);
        slot
    }

    pub(crate) fn shown_lots(&self, order: &LiveOrder, lots: i64) -> i64 {
        let floor = order.conditions().and_then(|c| c.max_floor);
        let lot = self.markets[order.market as usize].lot_units();
        floor.map_or(lots, |floor| lots.min((floor.units() / lot).max(1)))
    }

    /// Packs an order away and notes when it ends.
    pub(crate) fn pack(&mut self, order: &LiveOrder, place: Place, hidden: i64) -> u32 {
        let slot = self.orders.pack(order, place, hidden);
        self.note_end(slot);
        slot
    }

    /// Takes an order from where it waits.
    pub(crate) fn lift(&mut self, slot: u32) -> LiveOrder {
        let number = self.orders.get(slot).market;
        let order = self.orders.open(slot, &self.markets[number as usize]);
        self.leave_place(slot);
        self.forget(slot);
        order
    }

    /// Forgets an order that waits nowhere any more.
    pub(crate) fn forget(&mut self, slot: u32) {
        self.forget_end(slot);
        let order = self.orders.forget(slot);
        self.markets[order.market as usize].auction_only.remove(&order.id);
    }

    fn leave_place(&mut self, slot: u32) {
        let order = self.orders.get(slot);
        let (number, id, place) = (order.market, order.id, order.place);
        let trigger = Trigger::of(order.ord_type, order.side);
        let stop_px = order.more.as_ref().and_then(|more| more.stop_px);
        let market = &mut self.markets[number as usize];
        match place {
            Place::Book => {
                market.remove(&mut self.orders.nodes, slot);
                self.touch(number);
            }
            Place::Stop => {
                let stop = stop_px.expect("a stop order has a stop price");
                market.stops.leave(trigger, market.ticks_below(stop), id);
            }
            Place::Close => _ = market.at_close.remove(&(id, slot)),
            Place::Whole => _ = market.whole.remove(&(id, slot)),
        }
    }
}
