//! The end of a call auction: what crosses trades at one price, what was there for the auction only ends.

use crate::book::BookSide;
use crate::execution::Execution;
use crate::live_order::Budget;
use crate::work::Sink;
use assay_trading_types::{Fill, Liquidity, Price, Refusal, SelfTrade, TradePrinted};

/// Outputs that one pair of orders may need.
const PAIR_OUTPUTS: u32 = 16;

impl Execution {
    /// Trades what crosses, then ends what is left of auction orders. Returns whether it is done; what does not fit into
    /// this input goes on with the next, at the same price.
    pub(crate) fn uncross(&mut self, number: u32, out: &mut Sink<'_>) -> bool {
        self.trade_what_crosses(number, out) && self.end_auction_orders(number, out)
    }

    /// One price is enough, unless self-trade prevention or a budget took out what was to trade at it: then what still
    /// crosses trades at a price of its own, so that no crossed book is ever left.
    fn trade_what_crosses(&mut self, number: u32, out: &mut Sink<'_>) -> bool {
        loop {
            let market = &mut self.markets[number as usize];
            let found = market.state.uncrossing.or_else(|| market.uncrossing().map(|found| found.ticks));
            market.state.uncrossing = found;
            let Some(ticks) = found else { return true };
            while let Some(pair) = self.crossing(number, ticks) {
                if self.room(out) < PAIR_OUTPUTS {
                    return false;
                }
                self.touch(number);
                self.meet_at(number, pair, ticks, out);
            }
            self.markets[number as usize].state.uncrossing = None;
        }
    }

    fn end_auction_orders(&mut self, number: u32, out: &mut Sink<'_>) -> bool {
        while let Some(id) = self.markets[number as usize].auction_only.first().copied() {
            if self.room(out) < PAIR_OUTPUTS {
                return false;
            }
            self.markets[number as usize].auction_only.remove(&id);
            if let Some(slot) = self.orders.find(id) {
                self.end_cancelled(slot, Refusal::AuctionRemainder, out);
            }
        }
        true
    }

    /// The next buyer and seller that trade at `ticks`.
    fn crossing(&self, number: u32, ticks: i64) -> Option<[u32; 2]> {
        let book = &self.markets[number as usize].book;
        let willing = |side: BookSide| {
            let best = book.best(side).filter(|best| side.reaches(best.ticks, ticks));
            best.and_then(|_| book.front(side))
        };
        Some([willing(BookSide::Bid)?, willing(BookSide::Offer)?])
    }

    fn meet_at(&mut self, number: u32, pair: [u32; 2], ticks: i64, out: &mut Sink<'_>) {
        if let Some(over) = pair.into_iter().find(|slot| self.is_over(*slot)) {
            return self.end_expired(over, out);
        }
        let [buyer, seller] = pair;
        let newer_buys = self.orders.get(buyer).id > self.orders.get(seller).id;
        let (newer, older) = if newer_buys { (buyer, seller) } else { (seller, buyer) };
        if self.orders.party(newer).must_not_meet(self.orders.party(older)) {
            return self.prevent_at(newer, older, out);
        }
        let market = &self.markets[number as usize];
        let price = Price::from_units(market.price_units(ticks));
        let lots = pair.map(|slot| self.orders.nodes[slot].lots).into_iter().min().unwrap_or(0);
        let more = self.orders.get(buyer).more.as_ref();
        let budget = Budget::new(
            more.and_then(|more| more.notional_max),
            more.map(|more| more.notional).unwrap_or_default(),
        );
        let lots = budget.affords(price, lots, market.lot_units());
        if lots == 0 {
            return self.end_cancelled(buyer, Refusal::LimitCredit, out);
        }
        self.trade_at(number, (newer, older), (price, lots), out);
    }

    /// A trade of two orders that rest. The newer one counts as the one that took.
    fn trade_at(
        &mut self,
        number: u32,
        (newer, older): (u32, u32),
        (price, lots): (Price, i64),
        out: &mut Sink<'_>,
    ) {
        let market = &self.markets[number as usize];
        let (symbol, qty) = (market.listed.symbol, market.qty(lots));
        let (trade, notional) = (self.number_trade(), price.notional(qty));
        let aggressor = self.orders.get(newer).side;
        let fill = |liquidity| Fill { trade, qty, price, liquidity, away: false };
        self.fill_resting(newer, &fill(Liquidity::Removed), (lots, notional), out);
        self.fill_resting(older, &fill(Liquidity::Added), (lots, notional), out);
        self.print(number, TradePrinted { symbol, trade, price, qty, aggressor }, out);
    }

    /// Self-trade prevention between two orders that rest: by the newer one's rule.
    fn prevent_at(&mut self, newer: u32, older: u32, out: &mut Sink<'_>) {
        let ended: &[u32] = match self.orders.party(newer).self_trade {
            SelfTrade::Allow | SelfTrade::CancelNewest => &[newer],
            SelfTrade::CancelOldest => &[older],
            SelfTrade::CancelBoth => &[older, newer],
            SelfTrade::Decrement => return self.decrement_at(newer, older, out),
        };
        ended.iter().for_each(|slot| self.end_cancelled(*slot, Refusal::SelfTrade, out));
    }

    fn decrement_at(&mut self, newer: u32, older: u32, out: &mut Sink<'_>) {
        let lots = [older, newer].map(|slot| self.orders.lots(slot));
        let less = lots[0].min(lots[1]);
        for (slot, lots) in [(older, lots[0]), (newer, lots[1])] {
            match lots - less {
                0 => self.end_cancelled(slot, Refusal::SelfTrade, out),
                _ => self.shrink_resting(slot, less, Refusal::SelfTrade, out),
            }
        }
    }
}
