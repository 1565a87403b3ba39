//! The processor of one partition of `markets`.

use crate::calendar::Standing;
use crate::closed::ClosedOrders;
use crate::delivery::Deliveries;
use crate::duty::Duty;
use crate::live_order::LiveOrder;
use crate::market::Market;
use crate::orders::Orders;
use crate::phase::PhaseState;
use crate::routing::Routing;
use crate::trade_amendment::Amendments;
use crate::work::Sink;
use crate::{Error, snapshot};
use assay_trading_types::{
    CalendarId, CancelAccepted, CancelRefused, ChainIds, Event, ExecType, ExecutionReported, Filled, FirmId,
    Input, InstrumentListed, Level, OrdStatus, OrderAccepted, OrderId, Outbox, Processor, Refusal,
    ResponseTo, Symbol, Timestamp, TimetableSet, TradingPhase,
};
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The books of one partition of `markets`. Deterministic: the same records give the same outputs and the same
/// snapshot bytes. Memory follows the open orders and listed symbols, not the records that passed.
#[derive(Debug)]
pub struct Execution {
    pub(crate) partition: u16,
    /// The latest tick.
    pub(crate) now: Timestamp,
    /// Time of the present input.
    pub(crate) at: Timestamp,
    /// Trading day (UTC) by the latest tick, for instruments without a calendar.
    pub(crate) today: i32,
    /// Number of the next trade.
    pub(crate) next_trade: u64,
    pub(crate) deliveries: Deliveries,
    pub(crate) calendars: BTreeMap<CalendarId, Calendar>,
    pub(crate) markets: Vec<Market>,
    pub(crate) by_symbol: FxHashMap<Symbol, u32>,
    pub(crate) orders: Orders,
    pub(crate) closed: ClosedOrders,
    pub(crate) amendments: Amendments,
    /// Reports owed to orders, in order; may name orders that closed meanwhile.
    pub(crate) duties: VecDeque<(OrderId, Duty)>,
    /// GTD orders by the instant they end at.
    pub(crate) ends: BTreeSet<(Timestamp, OrderId)>,
    /// Volatility auctions by the instant they end at.
    pub(crate) interrupted: BTreeSet<(Timestamp, u32)>,
    /// Markets that have something to do by themselves: a phase to enter, stops to trigger, orders to fill whole.
    pub(crate) unsettled: BTreeSet<u32>,
    /// Markets in an auction that changed since it was last indicated.
    pub(crate) unindicated: BTreeSet<u32>,
    /// Markets with levels that the public is yet to be told of, by when.
    pub(crate) depths: BTreeSet<(Timestamp, u32)>,
    /// Orders that trade at outside venues.
    pub(crate) routing: Routing,
    /// Markets whose top this input may have changed.
    touched: Vec<u32>,
}

/// A calendar and where it stands.
#[derive(Debug)]
pub(crate) struct Calendar {
    pub(crate) timetable: TimetableSet,
    pub(crate) standing: Standing,
}

impl Execution {
    /// Empty books for `partition` of `markets`.
    pub fn new(partition: u16) -> Self {
        Self {
            partition,
            now: Timestamp::default(),
            at: Timestamp::default(),
            today: i32::MIN,
            next_trade: 1,
            deliveries: Deliveries::default(),
            calendars: BTreeMap::new(),
            markets: Vec::new(),
            by_symbol: FxHashMap::default(),
            orders: Orders::default(),
            closed: ClosedOrders::default(),
            amendments: Amendments::default(),
            duties: VecDeque::new(),
            ends: BTreeSet::new(),
            interrupted: BTreeSet::new(),
            unsettled: BTreeSet::new(),
            unindicated: BTreeSet::new(),
            depths: BTreeSet::new(),
            routing: Routing::default(),
            touched: Vec::new(),
        }
    }

    /// The partition it serves.
    pub fn partition(&self) -> u16 {
        self.partition
    }

    /// Orders that wait, on the books, beside them or at outside venues.
    pub fn open_order_count(&self) -> usize {
        self.orders.len() + self.routing.open_order_count()
    }

    /// Best bid and offer of a listed symbol; none outside of continuous trading.
    pub fn top_of_book(&self, symbol: &Symbol) -> Option<[Option<Level>; 2]> {
        self.market_of(symbol).map(Market::top)
    }

    /// Phase of a listed symbol.
    pub fn phase(&self, symbol: &Symbol) -> Option<TradingPhase> {
        self.market_of(symbol).map(Market::phase)
    }

    /// Orders of a symbol: bids, then offers, each in the order they trade, then stops and others that wait.
    pub fn resting_orders(&self, symbol: &Symbol) -> impl Iterator<Item = (OrderId, Filled)> {
        let slots = |market| Market::slots(market, &self.orders.nodes).map(move |slot| (market, slot));
        let all = self.market_of(symbol).into_iter().flat_map(slots);
        all.map(|(market, slot)| (self.orders.get(slot).id, self.orders.filled(slot, market)))
    }

    fn market_of(&self, symbol: &Symbol) -> Option<&Market> {
        self.by_symbol.get(symbol).map(|market| &self.markets[*market as usize])
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

    fn list(&mut self, listed: &InstrumentListed, out: &mut Sink<'_>) {
        match self.by_symbol.get(&listed.symbol) {
            Some(market) => self.relist(*market, listed, out),
            None => {
                self.by_symbol.insert(listed.symbol, self.markets.len() as u32);
                let state = PhaseState::always_open(self.today);
                self.markets.push(Market::new(listed.clone(), state));
            }
        }
    }

    fn accept(&mut self, accepted: &OrderAccepted, out: &mut Sink<'_>) {
        if self.routing.serves(&accepted.terms.symbol) {
            return self.route(accepted, out);
        }
        if self.orders.find(accepted.order_id).is_some() {
            return;
        }
        let admitted = self.market_number(&accepted.terms.symbol).and_then(|market| {
            let entry = self.admit(market, &accepted.terms, accepted.terms.qty)?;
            Ok((market, entry))
        });
        let (market, entry) = match admitted {
            Ok(admitted) => admitted,
            Err(reason) => return self.turn_away(accepted, reason, out),
        };
        // Decided; nothing below fails.
        let order = LiveOrder {
            id: accepted.order_id,
            terms: accepted.terms.clone(),
            filled: Filled::unfilled(accepted.terms.qty),
            self_trade: accepted.self_trade,
            notional_max: accepted.notional_max,
            protection: accepted.protection_price,
            day: self.day_of(market),
            market,
            triggered: false,
            done_for_day: false,
        };
        order.report(ExecType::New, OrdStatus::New, out);
        self.enter(order, entry, out);
    }

    pub(crate) fn market_number(&self, symbol: &Symbol) -> Result<u32, Refusal> {
        self.by_symbol.get(symbol).copied().ok_or(Refusal::UnknownSymbol)
    }

    /// An order that cannot be taken ends before it begins, so that risk releases what it holds for it.
    pub(crate) fn turn_away(&mut self, accepted: &OrderAccepted, reason: Refusal, out: &mut Sink<'_>) {
        self.closed.note(accepted.order_id, OrdStatus::Rejected);
        out.account(ExecutionReported {
            order_id: accepted.order_id,
            exec: ExecType::Rejected { reason },
            terms: accepted.terms.clone(),
            filled: Filled::default(),
            status: OrdStatus::Rejected,
            working: None,
        });
    }

    fn cancel(&mut self, cancel: &CancelAccepted, out: &mut Sink<'_>) {
        if self.routing.has(cancel.order_id) {
            return self.cancel_routed(cancel, out);
        }
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
                out.account(late);
            }
            // Nobody asked and there is nothing to cancel.
            (None, None) => {}
        }
    }

    /// The slot of an order that can still trade. One whose time is over ends here.
    pub(crate) fn live(&mut self, order: OrderId, out: &mut Sink<'_>) -> Option<u32> {
        let slot = self.orders.find(order)?;
        if self.is_over(slot) {
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

    pub(crate) fn end_expired(&mut self, slot: u32, out: &mut Sink<'_>) {
        self.end(slot, ExecType::Expired, OrdStatus::Expired, out);
    }

    pub(crate) fn end_cancelled(&mut self, slot: u32, reason: Refusal, out: &mut Sink<'_>) {
        let exec = ExecType::Canceled { request: None, reason: Some(reason), detail: None };
        self.end(slot, exec, OrdStatus::Canceled, out);
    }

    /// Takes an order from where it waits, reports its end and closes it.
    fn end(&mut self, slot: u32, exec: ExecType, status: OrdStatus, out: &mut Sink<'_>) {
        let order = self.lift(slot);
        self.closed.note(order.id, status);
        order.end(exec, status, out);
    }

    /// Ends an order that waits nowhere.
    pub(crate) fn end_live(&mut self, order: LiveOrder, reason: Refusal, out: &mut Sink<'_>) {
        self.closed.note(order.id, OrdStatus::Canceled);
        let exec = ExecType::Canceled { request: None, reason: Some(reason), detail: None };
        order.end(exec, OrdStatus::Canceled, out);
    }

    /// Notes that something of a market changed that others see or wait for.
    pub(crate) fn touch(&mut self, market: u32) {
        let state = &mut self.markets[market as usize];
        if std::mem::replace(&mut state.touched, true) {
            return;
        }
        self.touched.push(market);
        if !(state.stops.is_empty() && state.whole.is_empty()) {
            self.unsettled.insert(market);
        }
    }

    /// Outputs that may still follow when every market touched so far says its new top.
    pub(crate) fn room(&self, out: &Sink<'_>) -> u32 {
        out.left().saturating_sub(self.touched.len() as u32)
    }

    /// Tops of books at most once an input, after all else but depth.
    fn publish_tops(&mut self, out: &mut Sink<'_>) {
        let mut touched = std::mem::take(&mut self.touched);
        for number in touched.drain(..) {
            let market = &mut self.markets[number as usize];
            market.touched = false;
            if let Some(top) = market.publish() {
                out.public(top);
            }
            if market.state.is_call() {
                self.unindicated.insert(number);
            }
            self.schedule_depth(number);
        }
        self.touched = touched;
    }
}

impl Processor for Execution {
    fn apply(&mut self, input: &Input<'_>, out: &mut Outbox) {
        if !self.deliveries.take(input) {
            return;
        }
        let out = &mut Sink::new(out);
        self.at = input.at;
        if let Event::ClockTicked(tick) = input.event {
            self.tick(tick.now, out);
        }
        self.do_duties(out);
        match input.event {
            Event::InstrumentListed(listed) => self.list(listed, out),
            Event::OrderAccepted(accepted) => self.accept(accepted, out),
            Event::CancelAccepted(cancel) => self.cancel(cancel, out),
            Event::ReplaceAccepted(replace) => self.replace(replace, out),
            Event::TimetableSet(timetable) => self.set_timetable(timetable),
            Event::TradingRulesSet(rules) => self.set_rules(rules),
            Event::TradeBustRequested(bust) => self.bust(bust, out),
            Event::TradeCorrectionRequested(correction) => self.correct(correction, out),
            Event::TradingStateSet(state) => self.set_halted(&state.symbol, state.halted),
            Event::VenueSet(set) => self.set_venue(set),
            Event::RouteSet(set) => self.set_route(set),
            Event::VenueLinkChanged(change) => self.change_link(change),
            Event::VenueUnsent(unsent) => self.unsent(unsent, out),
            Event::VenueHeard(heard) => self.hear(heard, out),
            Event::VenueFillSettled(settled) => self.fill_settled(settled, out),
            // Ticks are done above; whatever else may come to stand in `markets` is for others.
            _ => {}
        }
        self.pursue_routed(out);
        self.settle(out);
        self.publish_tops(out);
        self.publish_depths(out);
    }
}
