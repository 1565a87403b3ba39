//! An incoming order meets the book.

use crate::book::{BookSide, Handle};
use crate::execution::Execution;
use crate::market::book_side;
use crate::open_order::Budget;
use assay_trading_types::{
    ExecType, Fill, Liquidity, OrdStatus, OrdType, Outbox, Qty, Refusal, SelfTrade, TimeInForce, Topic,
    TradePrinted,
};

/// Resting orders that one input may meet. Each yields up to three outputs, and an input's outputs are numbered in
/// 16 bits; an order that meets more is filled so far and its rest cancelled with `VENUE_REFUSED`.
pub(crate) const MEETINGS_PER_INPUT_MAX: usize = 16_384;

/// The incoming order while it trades.
#[derive(Debug)]
struct Taker {
    slot: u32,
    market: u32,
    side: BookSide,
    /// Worst price in ticks; none for a market order.
    limit: Option<i64>,
    lots: i64,
}

impl Taker {
    fn reaches(&self, ticks: i64) -> bool {
        self.limit.is_none_or(|limit| self.side.reaches(limit, ticks))
    }
}

impl Execution {
    /// Trades the order in `slot`, which is in no book, then rests or cancels what remains. `ticks` is its limit.
    pub(crate) fn trade_and_settle(&mut self, slot: u32, ticks: Option<i64>, lots: i64, out: &mut Outbox) {
        let order = &self.orders[slot];
        let side = book_side(order.terms.side);
        let limit = ticks.filter(|_| order.terms.ord_type != OrdType::Market);
        let mut taker = Taker { slot, market: order.market, side, limit, lots };
        let unfillable = order.terms.tif == TimeInForce::Fok && !self.fills_whole(&taker);
        let stopped = if unfillable { Some(Refusal::FokUnfilled) } else { self.cross(&mut taker, out) };
        if taker.lots == 0 {
            return;
        }
        match (stopped.or(self.orders[slot].rest_refusal()), limit) {
            (None, Some(ticks)) => self.rest(slot, side, ticks, taker.lots),
            (reason, _) => self.end_cancelled(slot, reason.unwrap_or(Refusal::NoLiquidity), out),
        }
    }

    fn rest(&mut self, slot: u32, side: BookSide, ticks: i64, lots: i64) {
        let market = self.orders[slot].market;
        self.touch(market);
        let handle = self.markets[market as usize].book.rest(side, ticks, lots, slot);
        self.orders[slot].handle = Some(handle);
    }

    /// Trades until the order is filled, the book has nothing in reach (nothing returned), or its rest may not go
    /// on (the reason returned). A filled order is closed.
    fn cross(&mut self, taker: &mut Taker, out: &mut Outbox) -> Option<Refusal> {
        for _ in 0..MEETINGS_PER_INPUT_MAX {
            let maker = self.in_reach(taker)?;
            if let Some(reason) = self.meet(taker, maker, out) {
                return Some(reason);
            }
            if taker.lots == 0 {
                return None;
            }
        }
        self.in_reach(taker).map(|_| Refusal::VenueRefused)
    }

    fn in_reach(&self, taker: &Taker) -> Option<Handle> {
        let book = &self.markets[taker.market as usize].book;
        book.front(taker.side.opposite()).filter(|maker| taker.reaches(book.get(*maker).ticks))
    }

    /// One resting order: it trades, ends, or stops the incoming one for the reason returned.
    fn meet(&mut self, taker: &mut Taker, maker: Handle, out: &mut Outbox) -> Option<Refusal> {
        self.touch(taker.market);
        let market = &self.markets[taker.market as usize];
        let resting = market.book.get(maker);
        let maker_slot = resting.tag;
        let (incoming, standing) = (&self.orders[taker.slot], &self.orders[maker_slot]);
        if standing.is_stale(self.today) {
            self.end_expired(maker_slot, out);
            return None;
        }
        if incoming.must_not_meet(standing) {
            return self.prevent(taker, maker_slot, out);
        }
        let price = standing.terms.price.expect("only limit orders rest");
        let wanted = taker.lots.min(resting.lots);
        let lots = incoming.budget().affords(price, wanted, market.lot_units());
        if lots == 0 {
            return Some(Refusal::LimitCredit);
        }
        self.trade(taker, maker, lots, out);
        None
    }

    fn trade(&mut self, taker: &mut Taker, maker: Handle, lots: i64, out: &mut Outbox) {
        let market = &mut self.markets[taker.market as usize];
        let maker_slot = market.book.get(maker).tag;
        let maker_filled = market.book.lower(maker, lots) == 0;
        let (symbol, qty) = (market.listed.symbol, market.qty(lots));
        let price = self.orders[maker_slot].terms.price.expect("only limit orders rest");
        let (trade, notional) = (self.next_trade, price.notional(qty));
        self.next_trade += 1;
        taker.lots -= lots;
        let fill = |liquidity| Fill { trade, qty, price, liquidity };
        self.orders[taker.slot].fill(fill(Liquidity::Removed), notional, out);
        self.orders[maker_slot].fill(fill(Liquidity::Added), notional, out);
        let aggressor = self.orders[taker.slot].terms.side;
        out.emit(Topic::MarketData, TradePrinted { symbol, trade, price, qty, aggressor }.into());
        if maker_filled {
            self.orders[maker_slot].handle = None;
            self.close(maker_slot, OrdStatus::Filled);
        }
        if taker.lots == 0 {
            self.close(taker.slot, OrdStatus::Filled);
        }
    }

    /// Self-trade prevention. Returns why the incoming order stops, if it does.
    fn prevent(&mut self, taker: &mut Taker, maker_slot: u32, out: &mut Outbox) -> Option<Refusal> {
        match self.orders[taker.slot].self_trade {
            SelfTrade::Allow | SelfTrade::CancelNewest => Some(Refusal::SelfTrade),
            SelfTrade::CancelOldest => {
                self.end_cancelled(maker_slot, Refusal::SelfTrade, out);
                None
            }
            SelfTrade::CancelBoth => {
                self.end_cancelled(maker_slot, Refusal::SelfTrade, out);
                Some(Refusal::SelfTrade)
            }
            SelfTrade::Decrement => self.decrement(taker, maker_slot, out),
        }
    }

    /// Takes the smaller quantity off both: the smaller order ends, the larger is restated.
    fn decrement(&mut self, taker: &mut Taker, maker_slot: u32, out: &mut Outbox) -> Option<Refusal> {
        let market = &mut self.markets[taker.market as usize];
        let maker = self.orders[maker_slot].handle.expect("the front of a book rests");
        let maker_lots = market.book.get(maker).lots;
        let qty = market.qty(taker.lots.min(maker_lots));
        if taker.lots < maker_lots {
            market.book.lower(maker, taker.lots);
            self.restate(maker_slot, qty, out);
            return Some(Refusal::SelfTrade);
        }
        self.end_cancelled(maker_slot, Refusal::SelfTrade, out);
        if taker.lots == maker_lots {
            return Some(Refusal::SelfTrade);
        }
        taker.lots -= maker_lots;
        self.restate(taker.slot, qty, out);
        None
    }

    fn restate(&mut self, slot: u32, less: Qty, out: &mut Outbox) {
        let order = &mut self.orders[slot];
        order.shrink(less);
        order.report(ExecType::Restated { reason: Refusal::SelfTrade }, order.working_status(), out);
    }

    /// Whether a fill-or-kill order would be filled whole; walks what it would meet and changes nothing.
    fn fills_whole(&self, taker: &Taker) -> bool {
        let order = &self.orders[taker.slot];
        let market = &self.markets[taker.market as usize];
        let (mut missing, mut budget): (i64, Budget) = (taker.lots, order.budget());
        let makers = market.book.orders(taker.side.opposite()).take_while(|m| taker.reaches(m.ticks));
        for maker in makers.take(MEETINGS_PER_INPUT_MAX) {
            let standing = &self.orders[maker.tag];
            if standing.is_stale(self.today) {
                continue;
            }
            if order.must_not_meet(standing) {
                match order.self_trade {
                    SelfTrade::CancelOldest => continue,
                    _ => return false,
                }
            }
            let price = standing.terms.price.expect("only limit orders rest");
            let lots = missing.min(maker.lots);
            if budget.affords(price, lots, market.lot_units()) < lots {
                return false;
            }
            budget.spend(price.notional(market.qty(lots)));
            missing -= lots;
            if missing == 0 {
                return true;
            }
        }
        false
    }
}
