//! An incoming order meets the book.

use crate::book::BookSide;
use crate::entry::Entry;
use crate::execution::Execution;
use crate::live_order::{LiveOrder, add_fill};
use crate::market::book_side;
use crate::work::Sink;
use assay_trading_types::{
    Amount, ExecType, Fill, Liquidity, OrdStatus, Price, Refusal, SelfTrade, TradePrinted,
};

/// Resting orders that one order may meet in one input. Each yields up to three outputs, and an input's outputs are
/// numbered in 16 bits; an order that meets more is filled so far and its rest cancelled with `VENUE_REFUSED`.
pub(crate) const MEETINGS_MAX: usize = 16_384;

/// Outputs that an incoming order may need beyond one meeting's.
const LAST_OUTPUTS: u32 = 16;

/// The incoming order while it trades.
#[derive(Debug)]
pub(crate) struct Taker {
    pub(crate) order: LiveOrder,
    pub(crate) side: BookSide,
    /// Worst price in ticks; none for a market order.
    pub(crate) limit: Option<i64>,
    pub(crate) lots: i64,
    /// What the volatility guard measures by: the last price before it came.
    pub(crate) anchor: Option<Price>,
}

impl Taker {
    pub(crate) fn reaches(&self, ticks: i64) -> bool {
        self.limit.is_none_or(|limit| self.side.reaches(limit, ticks))
    }
}

/// Why an order stops trading with something left.
#[derive(Debug, Clone, Copy)]
enum Stopped {
    /// Nothing in reach: its terms say what becomes of the rest.
    Unmatched,
    /// The rest is cancelled.
    Ended(Refusal),
    /// The next trade would leave the band: an auction takes its place.
    Interrupted,
}

impl Execution {
    /// Trades an order that waits nowhere, in a market in continuous trading, then rests or ends what remains.
    pub(crate) fn take(&mut self, order: LiveOrder, entry: Entry, out: &mut Sink<'_>) {
        let anchor = self.markets[order.market as usize].anchor();
        let side = book_side(order.terms.side);
        let limit = entry.ticks.or_else(|| self.protection_ticks(&order));
        let mut taker = Taker { order, side, limit, lots: entry.lots, anchor };
        if let Some(refusal) = self.untakeable(&taker) {
            return self.end_live(taker.order, refusal, out);
        }
        let stopped = self.cross(&mut taker, out);
        if taker.lots > 0 {
            self.settle_rest(taker, stopped, out);
        }
    }

    /// The last price inside of what protects an order without a limit.
    pub(crate) fn protection_ticks(&self, order: &LiveOrder) -> Option<i64> {
        let (market, price) = (&self.markets[order.market as usize], order.protection?);
        let below = market.ticks_below(price);
        let is_between = price.units() % market.tick_units() != 0;
        Some(if is_between && !order.terms.side.is_buy() { below + 1 } else { below })
    }

    /// Why an order does not begin to trade.
    fn untakeable(&self, taker: &Taker) -> Option<Refusal> {
        let order = &taker.order;
        if order.is_post_only() && self.in_reach(taker).is_some() {
            return Some(Refusal::PostOnly);
        }
        let least = order.least_units()?;
        let lot_units = self.markets[order.market as usize].lot_units();
        match self.fills_at_least(taker, least / lot_units) {
            true => None,
            false => Some(order.rest_refusal().unwrap_or(Refusal::FokUnfilled)),
        }
    }

    fn settle_rest(&mut self, taker: Taker, stopped: Stopped, out: &mut Sink<'_>) {
        let market = taker.order.market;
        let refusal = match stopped {
            Stopped::Ended(refusal) => Some(refusal),
            Stopped::Unmatched => taker.order.rest_refusal(),
            Stopped::Interrupted => taker.order.rest_refusal().map(|_| Refusal::Halt),
        };
        match (refusal, taker.limit) {
            // What may rest has a limit of its own.
            (None, Some(ticks)) => _ = self.rest(&taker.order, ticks, taker.lots),
            (refusal, _) => self.end_live(taker.order, refusal.unwrap_or(Refusal::NoLiquidity), out),
        }
        if matches!(stopped, Stopped::Interrupted) {
            self.interrupt(market, out);
        }
    }

    /// Trades until the order is filled or stops.
    fn cross(&mut self, taker: &mut Taker, out: &mut Sink<'_>) -> Stopped {
        for _ in 0..MEETINGS_MAX {
            let Some(maker) = self.in_reach(taker) else { return Stopped::Unmatched };
            if out.left() < LAST_OUTPUTS {
                return Stopped::Ended(Refusal::VenueRefused);
            }
            if let Some(stopped) = self.meet(taker, maker, out) {
                return stopped;
            }
            if taker.lots == 0 {
                return Stopped::Unmatched;
            }
        }
        match self.in_reach(taker) {
            Some(_) => Stopped::Ended(Refusal::VenueRefused),
            None => Stopped::Unmatched,
        }
    }

    /// The resting order that it meets next, and the price there.
    fn in_reach(&self, taker: &Taker) -> Option<u32> {
        let book = &self.markets[taker.order.market as usize].book;
        let best = book.best(taker.side.opposite()).filter(|best| taker.reaches(best.ticks));
        best.and_then(|_| book.front(taker.side.opposite()))
    }

    /// One resting order: it trades, ends, or stops the incoming one.
    fn meet(&mut self, taker: &mut Taker, maker: u32, out: &mut Sink<'_>) -> Option<Stopped> {
        self.touch(taker.order.market);
        if self.is_over(maker) {
            self.end_expired(maker, out);
            return None;
        }
        if self.must_not_meet(&taker.order, maker) {
            return self.prevent(taker, maker, out).map(Stopped::Ended);
        }
        let market = &self.markets[taker.order.market as usize];
        let resting = market.book.get(&self.orders.nodes, maker);
        if market.is_out_of_band(resting.ticks, taker.anchor) {
            return Some(Stopped::Interrupted);
        }
        let price = self.orders.limit(maker, market).expect("only limit orders rest in continuous trading");
        let wanted = taker.lots.min(resting.lots);
        let lots = taker.order.budget().affords(price, wanted, market.lot_units());
        if lots == 0 {
            return Some(Stopped::Ended(Refusal::LimitCredit));
        }
        self.trade(taker, maker, (price, lots), out);
        None
    }

    pub(crate) fn must_not_meet(&self, incoming: &LiveOrder, resting: u32) -> bool {
        incoming.self_trade != SelfTrade::Allow && incoming.party().must_not_meet(self.orders.party(resting))
    }

    fn trade(&mut self, taker: &mut Taker, maker: u32, (price, lots): (Price, i64), out: &mut Sink<'_>) {
        let market = &self.markets[taker.order.market as usize];
        let (symbol, qty) = (market.listed.symbol, market.qty(lots));
        let (trade, notional) = (self.number_trade(), price.notional(qty));
        let fill = |liquidity| Fill { trade, qty, price, liquidity, away: false };
        taker.lots -= lots;
        taker.order.filled = add_fill(&taker.order.filled, &fill(Liquidity::Removed), notional);
        let (exec, status) = (ExecType::Trade(fill(Liquidity::Removed)), taker.order.status_after_fill());
        taker.order.report(exec, status, out);
        if taker.lots == 0 {
            self.closed.note(taker.order.id, OrdStatus::Filled);
        }
        self.fill_resting(maker, &fill(Liquidity::Added), (lots, notional), out);
        let aggressor = taker.order.terms.side;
        self.print(taker.order.market, TradePrinted { symbol, trade, price, qty, aggressor }, out);
    }

    pub(crate) fn number_trade(&mut self) -> u64 {
        self.next_trade += 1;
        self.next_trade - 1
    }

    /// A trade for everyone to see.
    pub(crate) fn print(&mut self, market: u32, printed: TradePrinted, out: &mut Sink<'_>) {
        self.markets[market as usize].last = Some(printed.price);
        out.public(printed);
    }

    /// Fills `lots` that an order on the book shows. One that is filled is closed; an iceberg's next part comes to be seen
    /// behind all others of its price.
    pub(crate) fn fill_resting(
        &mut self,
        slot: u32,
        fill: &Fill,
        (lots, notional): (i64, Amount),
        out: &mut Sink<'_>,
    ) {
        let number = self.orders.get(slot).market as usize;
        let mut order = self.orders.open(slot, &self.markets[number]);
        order.filled = add_fill(&order.filled, fill, notional);
        let resting = self.markets[number].book.get(&self.orders.nodes, slot);
        if self.markets[number].lower(&mut self.orders.nodes, slot, lots) == 0 {
            let hidden = self.orders.hidden(slot);
            if hidden == 0 {
                self.forget(slot);
                self.closed.note(order.id, OrdStatus::Filled);
                return order.report_last(ExecType::Trade(fill.clone()), OrdStatus::Filled, out);
            }
            let shown = self.shown_lots(&order, hidden);
            self.orders.more(slot).hidden = hidden - shown;
            let nodes = &mut self.orders.nodes;
            self.markets[number].rest(nodes, slot, resting.side, (resting.ticks, shown));
        }
        let more = self.orders.more(slot);
        (more.cum_qty, more.notional) = (order.filled.cum_qty, order.filled.notional);
        order.report_last(ExecType::Trade(fill.clone()), OrdStatus::PartiallyFilled, out);
    }

    /// Self-trade prevention. Returns why the incoming order stops, if it does.
    fn prevent(&mut self, taker: &mut Taker, maker: u32, out: &mut Sink<'_>) -> Option<Refusal> {
        match taker.order.self_trade {
            SelfTrade::Allow | SelfTrade::CancelNewest => Some(Refusal::SelfTrade),
            SelfTrade::CancelOldest => {
                self.end_cancelled(maker, Refusal::SelfTrade, out);
                None
            }
            SelfTrade::CancelBoth => {
                self.end_cancelled(maker, Refusal::SelfTrade, out);
                Some(Refusal::SelfTrade)
            }
            SelfTrade::Decrement => self.decrement(taker, maker, out),
        }
    }

    /// Takes the smaller quantity off both: the smaller order ends, the larger is restated.
    fn decrement(&mut self, taker: &mut Taker, maker: u32, out: &mut Sink<'_>) -> Option<Refusal> {
        let maker_lots = self.orders.lots(maker);
        let lots = taker.lots.min(maker_lots);
        if taker.lots < maker_lots {
            self.shrink_resting(maker, lots, Refusal::SelfTrade, out);
            return Some(Refusal::SelfTrade);
        }
        self.end_cancelled(maker, Refusal::SelfTrade, out);
        if taker.lots == maker_lots {
            return Some(Refusal::SelfTrade);
        }
        taker.lots -= maker_lots;
        taker.order.shrink(self.markets[taker.order.market as usize].qty(lots));
        let status = taker.order.working_status();
        taker.order.report(ExecType::Restated { reason: Refusal::SelfTrade }, status, out);
        None
    }

    /// Lowers an order on the book, its hidden part first, and reports it.
    pub(crate) fn shrink_resting(&mut self, slot: u32, lots: i64, reason: Refusal, out: &mut Sink<'_>) {
        let number = self.orders.get(slot).market as usize;
        self.lower_resting(slot, lots);
        let order = self.orders.open(slot, &self.markets[number]);
        let status = order.working_status();
        order.report_last(ExecType::Restated { reason }, status, out);
    }

    /// Takes lots off an order on the book, which keeps its place and something: hidden ones first.
    pub(crate) fn lower_resting(&mut self, slot: u32, lots: i64) {
        let hidden = self.orders.hidden(slot);
        let from_hidden = hidden.min(lots);
        if from_hidden > 0 {
            self.orders.more(slot).hidden -= from_hidden;
        }
        if lots > from_hidden {
            let number = self.orders.get(slot).market as usize;
            let left = self.markets[number].lower(&mut self.orders.nodes, slot, lots - from_hidden);
            assert!(left > 0, "an order is lowered to something");
        }
    }
}
