//! The processor of one partition of `markets`.

use crate::closed::ClosedOrders;
use crate::delivery::Deliveries;
use crate::market::Market;
use crate::open_order::OpenOrder;
use crate::slab::Slab;
use crate::{Error, snapshot};
use assay_trading_types::{
    CancelAccepted, CancelRefused, ChainIds, ClockTicked, Event, ExecType, ExecutionReported, Filled, FirmId,
    Input, InstrumentListed, Level, OrdStatus, OrdType, OrderAccepted, OrderId, Outbox, Price, Processor,
    Qty, Refusal, ResponseTo, Symbol, TimeInForce, Timestamp, Topic,
};
use rustc_hash::FxHashMap;
use std::collections::VecDeque;

/// DAY orders that one input expires; the rest follow with the next inputs, and none of them trades meanwhile.
/// An input's outputs are numbered in 16 bits, and what it does itself needs most of them.
pub(crate) const EXPIRIES_PER_INPUT_MAX: usize = 4_096;

/// The books of one partition of `markets`. Deterministic: the same records give the same outputs and the same
/// snapshot bytes. Memory follows the open orders and listed symbols, not the records that passed.
#[derive(Debug)]
pub struct Execution {
    pub(crate) partition: u16,
    /// Trading day (UTC) by the latest tick.
    pub(crate) today: i64,
    /// Number of the next trade.
    pub(crate) next_trade: u64,
    pub(crate) deliveries: Deliveries,
    pub(crate) markets: Vec<Market>,
    pub(crate) by_symbol: FxHashMap<Symbol, u32>,
    pub(crate) orders: Slab<OpenOrder>,
    pub(crate) by_id: FxHashMap<OrderId, u32>,
    pub(crate) closed: ClosedOrders,
    /// DAY orders of earlier days that are not reported yet, by OrderID; may name orders that closed meanwhile.
    pub(crate) expiring: VecDeque<OrderId>,
    /// Markets whose top this input may have changed.
    touched: Vec<u32>,
}

impl Execution {
    /// Empty books for `partition` of `markets`.
    pub fn new(partition: u16) -> Self {
        Self {
            partition,
            today: i64::MIN,
            next_trade: 1,
            deliveries: Deliveries::default(),
            markets: Vec::new(),
            by_symbol: FxHashMap::default(),
            orders: Slab::default(),
            by_id: FxHashMap::default(),
            closed: ClosedOrders::default(),
            expiring: VecDeque::new(),
            touched: Vec::new(),
        }
    }

    /// The partition it serves.
    pub fn partition(&self) -> u16 {
        self.partition
    }

    /// Orders that rest on the books.
    pub fn open_order_count(&self) -> usize {
        self.orders.len()
    }

    /// Best bid and offer of a listed symbol.
    pub fn top_of_book(&self, symbol: &Symbol) -> Option<[Option<Level>; 2]> {
        self.by_symbol.get(symbol).map(|market| self.markets[*market as usize].top())
    }

    /// Orders on the book of a symbol: bids, then offers, each in the order they trade.
    pub fn resting_orders(&self, symbol: &Symbol) -> impl Iterator<Item = (OrderId, Filled)> {
        let market = self.by_symbol.get(symbol).map(|market| &self.markets[*market as usize]);
        market.into_iter().flat_map(Market::slots).map(|slot| {
            let order = &self.orders[slot];
            (order.id, order.filled)
        })
    }

    /// The whole state as bytes; the same log gives the same bytes.
    pub fn snapshot(&self) -> Vec<u8> {
        snapshot::write(self)
    }

    /// The state a snapshot holds.
    ///
    /// # Errors
    /// Bytes of another version, or damaged ones.
    pub fn restore(bytes: &[u8]) -> Result<Self, Error> {
        snapshot::read(bytes)
    }

    fn list(&mut self, listed: &InstrumentListed, out: &mut Outbox) {
        match self.by_symbol.get(&listed.symbol) {
            Some(market) => self.relist(*market, listed, out),
            None => {
                self.by_symbol.insert(listed.symbol, self.markets.len() as u32);
                self.markets.push(Market::new(listed.clone()));
            }
        }
    }

    fn accept(&mut self, accepted: &OrderAccepted, at: Timestamp, out: &mut Outbox) {
        if self.by_id.contains_key(&accepted.order_id) {
            return;
        }
        let (market, ticks, lots) = match self.admit(accepted) {
            Ok(admitted) => admitted,
            Err(reason) => return self.turn_away(accepted, reason, out),
        };
        // Decided; nothing below fails.
        let order = OpenOrder {
            id: accepted.order_id,
            terms: accepted.terms.clone(),
            filled: Filled::unfilled(accepted.terms.qty),
            self_trade: accepted.self_trade,
            notional_max: accepted.notional_max,
            day: at.day().max(self.today),
            market,
            handle: None,
        };
        order.report(ExecType::New, OrdStatus::New, out);
        let slot = self.orders.insert(order);
        self.by_id.insert(accepted.order_id, slot);
        self.trade_and_settle(slot, ticks, lots, out);
    }

    /// Market, limit in ticks and lots of an order. Risk has checked all of it, but against its own copy of the
    /// instrument's terms.
    fn admit(&self, accepted: &OrderAccepted) -> Result<(u32, Option<i64>, i64), Refusal> {
        let terms = &accepted.terms;
        let slot = *self.by_symbol.get(&terms.symbol).ok_or(Refusal::UnknownSymbol)?;
        let market = &self.markets[slot as usize];
        let ticks = limit_ticks(market, terms.ord_type, terms.price)?;
        if terms.tif == TimeInForce::Gtd {
            return Err(Refusal::UnsupportedTif);
        }
        Ok((slot, ticks, market.lots(terms.qty)?))
    }

    /// An order that cannot be on the book ends before it begins, so that risk releases what it holds for it.
    fn turn_away(&mut self, accepted: &OrderAccepted, reason: Refusal, out: &mut Outbox) {
        self.closed.note(accepted.order_id, OrdStatus::Canceled);
        let report = ExecutionReported {
            order_id: accepted.order_id,
            exec: ExecType::Canceled { request: None, reason: Some(reason), detail: None },
            terms: accepted.terms.clone(),
            filled: Filled::default(),
            status: OrdStatus::Canceled,
            working: None,
        };
        out.emit(Topic::Accounts, report.into());
    }

    fn cancel(&mut self, cancel: &CancelAccepted, out: &mut Outbox) {
        match (self.live(cancel.order_id, out), &cancel.request) {
            (Some(slot), request) => {
                let exec = ExecType::Canceled {
                    request: *request,
                    reason: cancel.reason,
                    detail: cancel.detail.clone(),
                };
                self.end(slot, exec, OrdStatus::Canceled, out);
            }
            (None, Some(request)) => {
                let late = self.late(cancel.order_id, cancel.firm, ResponseTo::Cancel, request);
                out.emit(Topic::Accounts, late.into());
            }
            // Nobody asked and there is nothing to cancel.
            (None, None) => {}
        }
    }

    /// The slot of an order that can still trade. One whose day is over ends here.
    pub(crate) fn live(&mut self, order: OrderId, out: &mut Outbox) -> Option<u32> {
        let slot = *self.by_id.get(&order)?;
        if self.orders[slot].is_stale(self.today) {
            self.end_expired(slot, out);
            return None;
        }
        Some(slot)
    }

    /// The answer to a request on an order that is closed.
    pub(crate) fn late(
        &self,
        order_id: OrderId,
        firm: FirmId,
        response_to: ResponseTo,
        request: &ChainIds,
    ) -> CancelRefused {
        let (status, refusal) = match self.closed.status(order_id) {
            Some(status) => (status, Refusal::TooLate),
            None => (OrdStatus::Rejected, Refusal::UnknownOrder),
        };
        CancelRefused {
            request: request.request,
            firm,
            response_to,
            cl_ord_id: request.cl_ord_id,
            orig_cl_ord_id: request.orig_cl_ord_id,
            order_id: Some(order_id),
            account: None,
            status,
            refusal,
            detail: "the order is closed".to_owned(),
        }
    }

    fn tick(&mut self, tick: &ClockTicked) {
        let day = tick.now.day();
        if day <= self.today {
            return;
        }
        self.today = day;
        self.find_expiring();
    }

    /// Lists DAY orders of earlier days by OrderID: an order that does not depend on where they are in memory.
    pub(crate) fn find_expiring(&mut self) {
        let stale = self.orders.iter().filter(|(_, order)| order.is_stale(self.today));
        let mut ids: Vec<OrderId> = stale.map(|(_, order)| order.id).collect();
        ids.sort_unstable();
        self.expiring = ids.into();
    }

    fn expire_some(&mut self, out: &mut Outbox) {
        let mut expired = 0;
        while expired < EXPIRIES_PER_INPUT_MAX {
            let Some(order) = self.expiring.pop_front() else { return };
            if let Some(slot) =
                self.by_id.get(&order).copied().filter(|s| self.orders[*s].is_stale(self.today))
            {
                self.end_expired(slot, out);
                expired += 1;
            }
        }
    }

    pub(crate) fn end_expired(&mut self, slot: u32, out: &mut Outbox) {
        self.end(slot, ExecType::Expired, OrdStatus::Expired, out);
    }

    pub(crate) fn end_cancelled(&mut self, slot: u32, reason: Refusal, out: &mut Outbox) {
        let exec = ExecType::Canceled { request: None, reason: Some(reason), detail: None };
        self.end(slot, exec, OrdStatus::Canceled, out);
    }

    /// Takes an order off its book, reports it and closes it.
    fn end(&mut self, slot: u32, exec: ExecType, status: OrdStatus, out: &mut Outbox) {
        self.take_off(slot);
        let order = &mut self.orders[slot];
        order.filled.leaves_qty = Qty::ZERO;
        order.report(exec, status, out);
        self.close(slot, status);
    }

    pub(crate) fn take_off(&mut self, slot: u32) {
        let order = &mut self.orders[slot];
        let market = order.market;
        if let Some(handle) = order.handle.take() {
            self.touch(market);
            self.markets[market as usize].book.remove(handle);
        }
    }

    /// Forgets an order that is off its book and reported, except for how it ended.
    pub(crate) fn close(&mut self, slot: u32, status: OrdStatus) {
        let order = self.orders.remove(slot);
        assert!(order.handle.is_none(), "a closed order is off its book");
        self.by_id.remove(&order.id);
        self.closed.note(order.id, status);
    }

    pub(crate) fn touch(&mut self, market: u32) {
        let touched = &mut self.markets[market as usize].touched;
        if !std::mem::replace(touched, true) {
            self.touched.push(market);
        }
    }

    /// Tops of books at most once an input, after all else.
    fn publish_tops(&mut self, out: &mut Outbox) {
        for market in self.touched.drain(..) {
            let market = &mut self.markets[market as usize];
            market.touched = false;
            if let Some(top) = market.publish() {
                out.emit(Topic::MarketData, top.into());
            }
        }
    }
}

/// A limit in ticks; none for a market order. Stops are refused before they come here.
pub(crate) fn limit_ticks(
    market: &Market,
    ord_type: OrdType,
    price: Option<Price>,
) -> Result<Option<i64>, Refusal> {
    match (ord_type, price) {
        (OrdType::Market, _) => Ok(None),
        (OrdType::Limit, Some(price)) => market.ticks(price).map(Some),
        (OrdType::Limit, None) => Err(Refusal::BadPrice),
        (OrdType::Stop | OrdType::StopLimit, _) => Err(Refusal::UnsupportedOrdtype),
    }
}

impl Processor for Execution {
    fn apply(&mut self, input: &Input<'_>, out: &mut Outbox) {
        if !self.deliveries.take(input) {
            return;
        }
        if let Event::ClockTicked(tick) = input.event {
            self.tick(tick);
        }
        self.expire_some(out);
        match input.event {
            Event::InstrumentListed(listed) => self.list(listed, out),
            Event::OrderAccepted(accepted) => self.accept(accepted, input.at, out),
            Event::CancelAccepted(cancel) => self.cancel(cancel, out),
            Event::ReplaceAccepted(replace) => self.replace(replace, out),
            // Ticks are done above; whatever else may come to stand in `markets` is for others.
            _ => {}
        }
        self.publish_tops(out);
    }
}
