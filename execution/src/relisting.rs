//! New terms of an instrument that trades.

use crate::entry::Entry;
use crate::execution::Execution;
use crate::live_order::LiveOrder;
use crate::market::Market;
use crate::matching::MEETINGS_MAX;
use crate::resting_order::Place;
use crate::work::Sink;
use assay_trading_types::{InstrumentListed, OrdType, Refusal};

impl Execution {
    /// New terms of an instrument that trades. Orders that are multiples of the new tick and lot keep their places,
    /// the others are cancelled. With more than [`MEETINGS_MAX`] of those the old terms stay: one input cannot report so
    /// many, and an operator has to clear the book first.
    pub(crate) fn relist(&mut self, number: u32, listed: &InstrumentListed, out: &mut Sink<'_>) {
        let market = &self.markets[number as usize];
        if market.listed == *listed {
            return;
        }
        let new = Market::new(listed.clone(), market.state);
        let slots: Vec<u32> = market.slots(&self.orders.nodes).collect();
        let fits = |slot: u32| fit(&new, &self.orders.open(slot, market));
        let judged: Vec<_> = slots.into_iter().map(|slot| (slot, fits(slot))).collect();
        if judged.iter().filter(|(_, fit)| fit.is_err()).count() > MEETINGS_MAX {
            return;
        }
        // Decided; nothing below fails.
        let mut kept = Vec::new();
        for (slot, fit) in judged {
            match fit {
                Err(reason) => self.end_cancelled(slot, reason, out),
                Ok(entry) => {
                    let place = self.orders.get(slot).place;
                    kept.push((self.lift(slot), place, entry));
                }
            }
        }
        let market = &mut self.markets[number as usize];
        market.listed = listed.clone();
        // Its price was in the old ticks; what has not traded yet is looked at anew.
        market.state.uncrossing = None;
        kept.iter().for_each(|(order, place, entry)| self.put_back(order, *place, *entry));
        self.touch(number);
    }

    fn put_back(&mut self, order: &LiveOrder, place: Place, entry: Entry) {
        match (place, entry.stop_ticks) {
            (Place::Stop, Some(stop)) => self.wait_for_stop(order, stop, entry.lots),
            (Place::Close, _) => self.wait_for_close(order, entry.lots),
            (Place::Whole, _) => self.wait_whole(order, entry.lots),
            (Place::Book | Place::Stop, _) => self.rest_for_auction(order, entry),
        }
    }
}

/// What an order is in new ticks and lots, if it fits them.
fn fit(market: &Market, order: &LiveOrder) -> Result<Entry, Refusal> {
    let limit = order.terms.price.filter(|_| order.trades_as() == OrdType::Limit);
    let floor = order.conditions().and_then(|c| c.max_floor);
    floor.map(|floor| market.lots(floor)).transpose()?;
    Ok(Entry {
        ticks: limit.map(|price| market.ticks(price)).transpose()?,
        stop_ticks: order.terms.stop_px.map(|price| market.ticks(price)).transpose()?,
        lots: market.lots(order.filled.leaves_qty)?,
    })
}
