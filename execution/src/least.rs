//! Whether an order would be filled far enough at once: for fill or kill, all or none and minimum quantity.

use crate::execution::Execution;
use crate::live_order::Budget;
use crate::market::Market;
use crate::matching::{MEETINGS_MAX, Taker};
use assay_trading_types::{Price, SelfTrade};

/// How far a walk over the other side has come.
struct Walk<'a> {
    market: &'a Market,
    missing: i64,
    budget: Budget,
    /// Meetings that one input allows yet.
    meetings: usize,
    ticks: i64,
    /// Lots hidden at this price: they trade behind all that is shown there.
    hidden: i64,
}

impl Execution {
    /// Whether at least `lots` of the order trade at once; walks what it would meet and changes nothing. It counts what one
    /// input can do, so a yes holds.
    pub(crate) fn fills_at_least(&self, taker: &Taker, lots: i64) -> bool {
        let market = &self.markets[taker.order.market as usize];
        let budget = taker.order.budget();
        let mut walk = Walk { market, missing: lots, budget, meetings: MEETINGS_MAX, ticks: 0, hidden: 0 };
        for slot in market.book.slots(&self.orders.nodes, taker.side.opposite()) {
            if let Some(answer) = self.walk_over(taker, slot, &mut walk) {
                return answer;
            }
        }
        walk.leave_price().unwrap_or(false)
    }

    /// One resting order. Returns the answer once it is known.
    fn walk_over(&self, taker: &Taker, slot: u32, walk: &mut Walk<'_>) -> Option<bool> {
        let resting = walk.market.book.get(&self.orders.nodes, slot);
        if resting.ticks != walk.ticks {
            let answer = walk.leave_price();
            if answer.is_some() {
                return answer;
            }
        }
        walk.ticks = resting.ticks;
        if !taker.reaches(resting.ticks) || walk.market.is_out_of_band(resting.ticks, taker.anchor) {
            return Some(false);
        }
        if self.is_over(slot) {
            return walk.meet(1);
        }
        if self.must_not_meet(&taker.order, slot) {
            let makes_room = taker.order.self_trade == SelfTrade::CancelOldest;
            return if makes_room { walk.meet(1) } else { Some(false) };
        }
        let hidden = self.orders.hidden(slot);
        walk.hidden += hidden;
        // What is hidden comes in parts; the one that is seen now may be smaller than those that follow.
        let parts = hidden as u64 / resting.lots as u64 + 1;
        walk.meet(1 + parts as usize).or_else(|| walk.trade(resting.lots))
    }
}

impl Walk<'_> {
    fn meet(&mut self, times: usize) -> Option<bool> {
        match self.meetings.checked_sub(times) {
            Some(left) => {
                self.meetings = left;
                None
            }
            None => Some(false),
        }
    }

    fn trade(&mut self, lots: i64) -> Option<bool> {
        let lots = self.missing.min(lots);
        let price = Price::from_units(self.market.price_units(self.ticks));
        if self.budget.affords(price, lots, self.market.lot_units()) < lots {
            return Some(false);
        }
        self.budget.spend(price.notional(self.market.qty(lots)));
        self.missing -= lots;
        (self.missing == 0).then_some(true)
    }

    /// What is hidden at this price trades before the next.
    fn leave_price(&mut self) -> Option<bool> {
        match std::mem::take(&mut self.hidden) {
            0 => None,
            hidden => self.trade(hidden),
        }
    }
}
