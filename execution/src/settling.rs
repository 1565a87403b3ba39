//! What markets do by themselves after an input: enter phases, trigger stops, fill all-or-none orders.

use crate::execution::Execution;
use crate::market::book_side;
use crate::matching::{MEETINGS_MAX, Taker};
use crate::work::Sink;
use assay_trading_types::{ExecType, Refusal, TradingPhase};

/// Outputs that one more incoming order may need. With less left, it waits for the next input.
const TAKER_OUTPUTS: u32 = 3 * MEETINGS_MAX as u32 + 64;

impl Execution {
    /// Gives every market that has something to do its turn, by number. What does not fit into this input goes on with the
    /// next.
    pub(crate) fn settle(&mut self, out: &mut Sink<'_>) {
        let mut next = self.unsettled.first().copied();
        while let Some(market) = next {
            if self.settle_market(market, out) {
                self.unsettled.remove(&market);
            }
            next = self.unsettled.range(market + 1..).next().copied();
        }
        self.do_duties(out);
    }

    /// Whether the market has nothing left to do.
    fn settle_market(&mut self, market: u32, out: &mut Sink<'_>) -> bool {
        loop {
            if !self.advance(market, out) {
                return false;
            }
            if self.markets[market as usize].phase() != TradingPhase::Continuous {
                return true;
            }
            let Some(slot) = self.due_stop(market).or_else(|| self.due_whole(market)) else { return true };
            if self.room(out) < TAKER_OUTPUTS {
                return false;
            }
            self.release(slot, out);
        }
    }

    fn due_stop(&self, market: u32) -> Option<u32> {
        let market = &self.markets[market as usize];
        market.last.and_then(|last| market.stops.due(market.ticks_below(last)))
    }

    /// The first all-or-none order that the book would fill whole.
    fn due_whole(&self, market: u32) -> Option<u32> {
        let state = &self.markets[market as usize];
        let fills = |slot: u32| {
            let lots = self.orders.lots(slot);
            self.fills_at_least(&self.taker_of(slot), lots)
        };
        let in_reach = |slot: u32| {
            let side = book_side(self.orders.get(slot).side);
            let best = state.book.best(side.opposite());
            let limit = self.orders.limit(slot, state).map(|price| state.ticks_below(price));
            best.is_some_and(|best| limit.is_none_or(|limit| side.reaches(limit, best.ticks)))
        };
        state.whole.iter().map(|(_, slot)| *slot).find(|slot| in_reach(*slot) && fills(*slot))
    }

    fn taker_of(&self, slot: u32) -> Taker {
        let market = &self.markets[self.orders.get(slot).market as usize];
        let order = self.orders.open(slot, market);
        let (side, lots) = (book_side(order.terms.side), self.orders.lots(slot));
        let limit = order.terms.price.map(|price| market.ticks_below(price));
        Taker { order, side, limit, lots, anchor: market.anchor() }
    }

    /// An order that waited beside the book comes to the market.
    fn release(&mut self, slot: u32, out: &mut Sink<'_>) {
        if self.is_over(slot) {
            return self.end_expired(slot, out);
        }
        let mut order = self.lift(slot);
        let market = order.market as usize;
        let entry = self.markets[market].entry_of(&order);
        if order.waits_for_stop() {
            order.triggered = true;
            let status = order.working_status();
            order.report(ExecType::Restated { reason: Refusal::StopTriggered }, status, out);
        }
        self.take(order, entry, out);
    }
}
