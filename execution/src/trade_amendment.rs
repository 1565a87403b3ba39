//! Trades undone or priced anew by operations (M-26, M-27).
//!
//! Both sides are judged before either is touched. An order that still waits gets its quantity back, behind all others of its
//! price; one that is closed stays closed.

use crate::execution::Execution;
use crate::live_order::LiveOrder;
use crate::resting_order::Place;
use crate::work::Sink;
use assay_trading_types::{
    AmendmentRefusal, Amount, CommandId, ExecType, ExecutionReported, Fill, Filled, OrdStatus, OrderId,
    Price, Qty, Symbol, TradeAmended, TradeAmendmentRefused, TradeAmendmentTaken, TradeBustRequested,
    TradeCorrectionRequested, TradeSide,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What operations changed. Each entry is two persons' decision, so there are few.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Amendments {
    /// Trades that are not as they were printed: their price, or none when they were undone.
    trades: BTreeMap<u64, Option<Price>>,
    /// Closed orders of such trades, as last reported.
    closed: BTreeMap<OrderId, Filled>,
}

/// What is asked of a trade.
#[derive(Debug, Clone, Copy)]
struct Asked<'a> {
    symbol: Symbol,
    trade: u64,
    sides: &'a [TradeSide; 2],
    /// None: it is undone.
    price: Option<Price>,
    command: Option<CommandId>,
}

/// Where the order of a side is now.
#[derive(Debug, Clone, Copy)]
enum Found {
    Waiting(u32),
    /// And what it has filled.
    Closed(Filled),
}

impl Execution {
    pub(crate) fn bust(&mut self, e: &TradeBustRequested, out: &mut Sink<'_>) {
        let TradeBustRequested { symbol, trade, ref sides, command, .. } = *e;
        self.amend(Asked { symbol, trade, sides, price: None, command }, out);
    }

    pub(crate) fn correct(&mut self, e: &TradeCorrectionRequested, out: &mut Sink<'_>) {
        let TradeCorrectionRequested { symbol, trade, ref sides, price, command, .. } = *e;
        self.amend(Asked { symbol, trade, sides, price: Some(price), command }, out);
    }

    fn amend(&mut self, asked: Asked<'_>, out: &mut Sink<'_>) {
        let Asked { symbol, trade, sides, price, command } = asked;
        let firm = sides[0].terms.firm;
        let found = match self.judge_amendment(&asked) {
            Ok(found) => found,
            Err(refusal) => {
                return out.account(TradeAmendmentRefused { firm, symbol, trade, refusal, command });
            }
        };
        // Decided; nothing below fails.
        for (side, found) in sides.iter().zip(found) {
            match (found, price) {
                (Found::Waiting(slot), None) => self.bust_waiting(slot, side, out),
                (Found::Waiting(slot), Some(price)) => self.correct_waiting(slot, side, price, out),
                (Found::Closed(filled), price) => self.amend_closed(side, &filled, price, out),
            }
        }
        if let Some(command) = command {
            out.account(TradeAmendmentTaken { command, firm, symbol, trade });
        }
        self.amendments.trades.insert(trade, price);
        out.public(TradeAmended { symbol, trade, qty: sides[0].fill.qty, price });
    }

    fn judge_amendment(&self, asked: &Asked<'_>) -> Result<[Found; 2], AmendmentRefusal> {
        let Asked { symbol, trade, sides, price, command } = *asked;
        let [buyer, seller] = sides;
        let is_its = |side: &TradeSide| {
            side.terms.symbol == symbol && side.fill.trade == trade && side.fill.qty > Qty::ZERO
        };
        let opposite = buyer.terms.side.is_buy() && !seller.terms.side.is_buy();
        let same = (buyer.fill.qty, buyer.fill.price) == (seller.fill.qty, seller.fill.price);
        let market = self.by_symbol.get(&symbol).map(|market| &self.markets[*market as usize]);
        let (Some(market), true) =
            (market, is_its(buyer) && is_its(seller) && opposite && same && trade < self.next_trade)
        else {
            return Err(AmendmentRefusal::UnknownTrade);
        };
        match self.amendments.trades.get(&trade) {
            Some(None) => return Err(AmendmentRefusal::AlreadyBusted),
            Some(Some(now)) if *now != buyer.fill.price => return Err(AmendmentRefusal::Stale),
            _ => {}
        }
        if price.is_some_and(|price| price.units() <= 0 || market.ticks(price).is_err())
            || price == Some(buyer.fill.price)
        {
            return Err(AmendmentRefusal::BadPrice);
        }
        let is_known = command.is_some();
        Ok([self.find_side(buyer, is_known)?, self.find_side(seller, is_known)?])
    }

    /// The order of a side, which must hold the fill. One that is closed must be as it was read, but for what amendments made
    /// of it since, where what is known of it here counts.
    fn find_side(&self, side: &TradeSide, is_known: bool) -> Result<Found, AmendmentRefusal> {
        let holds_fill = |filled: &Filled| {
            filled.cum_qty >= side.fill.qty && filled.notional >= side.fill.price.notional(side.fill.qty)
        };
        if let Some(slot) = self.orders.find(side.order_id) {
            let market = &self.markets[self.orders.get(slot).market as usize];
            let filled = self.orders.filled(slot, market);
            return if holds_fill(&filled) { Ok(Found::Waiting(slot)) } else { Err(AmendmentRefusal::Stale) };
        }
        let filled = *self.amendments.closed.get(&side.order_id).unwrap_or(&side.filled);
        let is_as_read = filled == side.filled;
        if side.status.is_working() || !(is_as_read || is_known) || !holds_fill(&filled) {
            return Err(AmendmentRefusal::Stale);
        }
        Ok(Found::Closed(filled))
    }

    fn bust_waiting(&mut self, slot: u32, side: &TradeSide, out: &mut Sink<'_>) {
        let (number, place) = (self.orders.get(slot).market, self.orders.get(slot).place);
        let market = &self.markets[number as usize];
        let is_for_auction = market.auction_only.contains(&side.order_id);
        let ticks = (place == Place::Book).then(|| market.book.get(&self.orders.nodes, slot).ticks);
        let mut order = self.lift(slot);
        order.filled = without(&order.filled, &side.fill);
        order.filled.leaves_qty = sum(order.filled.leaves_qty, side.fill.qty);
        let status = order.working_status();
        order.report(busted(side), status, out);
        let entry = self.markets[number as usize].entry_of(&order);
        match ticks {
            Some(ticks) => _ = self.rest(&order, ticks, entry.lots),
            None => self.enter(order, entry, out),
        }
        if is_for_auction {
            self.markets[number as usize].auction_only.insert(side.order_id);
        }
    }

    fn correct_waiting(&mut self, slot: u32, side: &TradeSide, price: Price, out: &mut Sink<'_>) {
        let market = self.orders.get(slot).market as usize;
        let mut order: LiveOrder = self.orders.open(slot, &self.markets[market]);
        order.filled = repriced(&order.filled, &side.fill, price);
        self.orders.repack(slot, &order);
        let status = order.working_status();
        order.report_last(corrected(side, price), status, out);
    }

    fn amend_closed(&mut self, side: &TradeSide, now: &Filled, price: Option<Price>, out: &mut Sink<'_>) {
        let (exec, filled) = match price {
            None => (busted(side), without(now, &side.fill)),
            Some(price) => (corrected(side, price), repriced(now, &side.fill, price)),
        };
        // An amendment before may have left it short of what it had when it was read.
        let is_short = filled.cum_qty < side.filled.cum_qty;
        let status = if is_short { closed_status(side.status) } else { side.status };
        self.amendments.closed.insert(side.order_id, filled);
        out.account(ExecutionReported {
            order_id: side.order_id,
            exec,
            terms: side.terms.clone(),
            filled,
            status,
            working: None,
        });
    }
}

fn busted(side: &TradeSide) -> ExecType {
    let TradeSide { exec_id, ref fill, traded, commission, .. } = *side;
    ExecType::TradeCanceled { exec_id, fill: fill.clone(), traded, commission }
}

fn corrected(side: &TradeSide, price: Price) -> ExecType {
    let fill = Fill { price, ..side.fill.clone() };
    ExecType::TradeCorrected { exec_id: side.exec_id, fill, before: side.fill.price }
}

/// An order that was filled and now is not does not come back: what is missing counts as cancelled.
pub(crate) fn closed_status(status: OrdStatus) -> OrdStatus {
    if status == OrdStatus::Filled { OrdStatus::Canceled } else { status }
}

/// What is filled without a fill.
pub(crate) fn without(filled: &Filled, fill: &Fill) -> Filled {
    let cum_qty = Qty::from_units(filled.cum_qty.units() - fill.qty.units());
    let notional = filled.notional.units() - fill.price.notional(fill.qty).units();
    Filled { cum_qty, notional: Amount::from_units(notional), ..*filled }
}

/// What is filled when a fill has another price.
pub(crate) fn repriced(filled: &Filled, fill: &Fill, price: Price) -> Filled {
    let change = price.notional(fill.qty).units() - fill.price.notional(fill.qty).units();
    Filled { notional: Amount::from_units(filled.notional.units() + change), ..*filled }
}

fn sum(a: Qty, b: Qty) -> Qty {
    crate::live_order::sum(a, b)
}
