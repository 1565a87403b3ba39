//! Phases of a market: where its calendar, its halts and its volatility guard send it, and what each change brings.

use crate::calendar::{Standing, standing};
use crate::duty::Duty;
use crate::entry::Entry;
use crate::execution::{Calendar, Execution};
use crate::live_order::LiveOrder;
use crate::market::{Market, Rules};
use crate::work::Sink;
use assay_trading_types::{
    OrdType, OrderId, Symbol, TimeInForce, Timestamp, TimetableSet, TradingPhase, TradingRulesSet,
    TradingStateChanged,
};
use serde::{Deserialize, Serialize};

/// Outputs that one step towards a phase may need beside trades and ends of orders, which are counted one by one.
const STEP_OUTPUTS: u32 = 64;

/// Where a market stands, and where it is to stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PhaseState {
    pub(crate) phase: TradingPhase,
    /// The trading day it is in, by its calendar.
    pub(crate) date: Option<u32>,
    /// The latest trading day that is over: by its calendar, or the UTC day's number.
    pub(crate) closed_day: i32,
    pub(crate) halted: bool,
    /// End of its volatility auction.
    pub(crate) auction_until: Option<Timestamp>,
    /// Where its calendar says it is.
    pub(crate) scheduled: Standing,
    /// Price of an uncrossing that more than one input is needed for.
    pub(crate) uncrossing: Option<i64>,
}

/// Where an instrument without a calendar stands.
const ALWAYS: Standing = Standing { date: None, closed: 0, phase: TradingPhase::Continuous };

impl PhaseState {
    /// In continuous trading for ever; `today` is a UTC day's number.
    pub(crate) fn always_open(today: i32) -> Self {
        Self {
            phase: TradingPhase::Continuous,
            date: None,
            closed_day: today.saturating_sub(1),
            halted: false,
            auction_until: None,
            scheduled: ALWAYS,
            uncrossing: None,
        }
    }

    /// Whether orders gather for an uncrossing.
    pub(crate) fn is_call(&self) -> bool {
        use TradingPhase as P;
        matches!(self.phase, P::PreOpen | P::OpeningAuction | P::VolatilityAuction | P::ClosingAuction)
    }

    fn goal(&self) -> TradingPhase {
        let is_interrupted = self.auction_until.is_some() && self.scheduled.phase == TradingPhase::Continuous;
        match (self.halted, is_interrupted) {
            (true, _) => TradingPhase::Halted,
            (false, true) => TradingPhase::VolatilityAuction,
            (false, false) => self.scheduled.phase,
        }
    }

    fn is_there(&self) -> bool {
        self.phase == self.goal() && self.date == self.scheduled.date
    }

    /// The next phase on the way. A day that is over is closed before another begins.
    fn next(&self) -> TradingPhase {
        let day_is_over = self.date.is_some() && self.date != self.scheduled.date;
        if day_is_over { TradingPhase::Closed } else { self.goal() }
    }

    /// Whether what has gathered trades before `next` begins.
    fn uncrosses_before(&self, next: TradingPhase) -> bool {
        use TradingPhase as P;
        next == P::Continuous || (self.phase, next) == (P::ClosingAuction, P::Closed)
    }
}

impl Execution {
    /// A day for DAY orders that come to a market now.
    pub(crate) fn day_of(&self, market: u32) -> i32 {
        let state = &self.markets[market as usize].state;
        match state.date {
            Some(date) => date as i32,
            None => self.today.max(self.at.day() as i32),
        }
    }

    pub(crate) fn set_timetable(&mut self, timetable: &TimetableSet) {
        let standing = standing(timetable, self.now.max(self.at));
        let name = timetable.calendar;
        self.calendars.insert(name, Calendar { timetable: timetable.clone(), standing });
        self.schedule(|rules| rules.calendar == Some(name), standing);
    }

    /// Calendars move on with the clock.
    pub(crate) fn follow_calendars(&mut self) {
        let now = self.now;
        let mut moved = Vec::new();
        for (name, calendar) in &mut self.calendars {
            let standing = standing(&calendar.timetable, now);
            if std::mem::replace(&mut calendar.standing, standing) != standing {
                moved.push((*name, standing));
            }
        }
        for (name, standing) in moved {
            self.schedule(|rules| rules.calendar == Some(name), standing);
        }
        self.end_interruptions();
    }

    fn schedule(&mut self, which: impl Fn(&Rules) -> bool, standing: Standing) {
        for (number, market) in self.markets.iter_mut().enumerate().filter(|(_, m)| which(&m.rules)) {
            market.state.scheduled = standing;
            self.unsettled.insert(number as u32);
        }
    }

    fn end_interruptions(&mut self) {
        while let Some((until, market)) = self.interrupted.first().copied().filter(|(at, _)| *at <= self.now)
        {
            self.interrupted.remove(&(until, market));
            self.markets[market as usize].state.auction_until = None;
            self.unsettled.insert(market);
        }
    }

    /// A trade would have left the band: an auction takes its place.
    pub(crate) fn interrupt(&mut self, number: u32, out: &mut Sink<'_>) {
        let market = &mut self.markets[number as usize];
        let Some(guard) = market.rules.volatility else { return };
        let until = self.at.max(self.now).plus_ns(guard.auction_ns);
        if let Some(old) = market.state.auction_until.replace(until) {
            self.interrupted.remove(&(old, number));
        }
        self.interrupted.insert((until, number));
        self.go(number, TradingPhase::VolatilityAuction, out);
    }

    pub(crate) fn set_halted(&mut self, symbol: &Symbol, halted: bool) {
        let Some(market) = self.by_symbol.get(symbol).copied() else { return };
        self.markets[market as usize].state.halted = halted;
        self.unsettled.insert(market);
    }

    /// New rules of a market. Orders keep their places; those that end with a day end with the new calendar's.
    pub(crate) fn set_rules(&mut self, set: &TradingRulesSet) {
        let Some(number) = self.by_symbol.get(&set.symbol).copied() else { return };
        let rules =
            Rules { calendar: set.calendar, volatility: set.volatility, reference: set.reference_price };
        let moves = self.markets[number as usize].rules.calendar != rules.calendar;
        if !moves {
            self.markets[number as usize].rules = rules;
            return;
        }
        let slots: Vec<u32> = self.markets[number as usize].slots(&self.orders.nodes).collect();
        slots.iter().for_each(|slot| self.forget_end(*slot));
        let closed = Standing { date: None, closed: 0, phase: TradingPhase::Closed };
        let known = |name| self.calendars.get(&name).map_or(closed, |calendar| calendar.standing);
        let scheduled = rules.calendar.map_or(ALWAYS, known);
        let market = &mut self.markets[number as usize];
        market.rules = rules;
        market.state.scheduled = scheduled;
        market.state.date = scheduled.date;
        market.state.closed_day = match market.rules.calendar {
            Some(_) => scheduled.closed as i32,
            None => self.today.saturating_sub(1),
        };
        let day = self.day_of(number);
        for slot in slots {
            self.orders.get_mut(slot).day = day;
            self.note_end(slot);
            if self.is_over(slot) {
                self.duties.push_back((self.orders.get(slot).id, Duty::Expire));
            }
        }
        self.unsettled.insert(number);
    }

    /// Takes a market to the phase it should be in. Returns whether it is there.
    pub(crate) fn advance(&mut self, number: u32, out: &mut Sink<'_>) -> bool {
        while !self.markets[number as usize].state.is_there() {
            // What is owed to orders comes before what happens to them next.
            self.do_duties(out);
            if !self.duties.is_empty() || self.room(out) < STEP_OUTPUTS {
                return false;
            }
            let next = self.markets[number as usize].state.next();
            if self.markets[number as usize].state.uncrosses_before(next) && !self.uncross(number, out) {
                return false;
            }
            self.step(number, next, out);
        }
        true
    }

    fn step(&mut self, number: u32, next: TradingPhase, out: &mut Sink<'_>) {
        let state = &mut self.markets[number as usize].state;
        match (state.date, state.scheduled.date) {
            (Some(_), _) if next == TradingPhase::Closed => self.close_day(number),
            (None, Some(date)) => {
                state.date = Some(date);
                self.owe_renewals(number);
                if !self.duties.is_empty() {
                    return;
                }
            }
            _ => {}
        }
        if self.markets[number as usize].phase() != next {
            self.go(number, next, out);
        }
    }

    fn go(&mut self, number: u32, phase: TradingPhase, out: &mut Sink<'_>) {
        let market = &mut self.markets[number as usize];
        market.state.phase = phase;
        market.indicated = None;
        let until = market.state.auction_until.filter(|_| phase == TradingPhase::VolatilityAuction);
        let changed =
            TradingStateChanged { symbol: market.listed.symbol, phase, date: market.state.date, until };
        out.account(changed);
        out.public(changed);
        self.touch(number);
        if phase == TradingPhase::ClosingAuction {
            self.gather_for_close(number);
        }
    }

    /// At-the-close orders come to the book, by OrderID.
    fn gather_for_close(&mut self, number: u32) {
        let waiting = std::mem::take(&mut self.markets[number as usize].at_close);
        for (_, slot) in waiting {
            let order = self.lift(slot);
            let entry = self.markets[number as usize].entry_of(&order);
            self.rest_for_auction(&order, entry);
        }
    }

    /// The day is over: its orders end, others are done for the day.
    fn close_day(&mut self, number: u32) {
        let state = &mut self.markets[number as usize].state;
        let Some(date) = state.date.take() else { return };
        state.closed_day = date as i32;
        let market = &self.markets[number as usize];
        let mut owed: Vec<(OrderId, Duty)> = market
            .slots(&self.orders.nodes)
            .map(|slot| (self.orders.get(slot).id, self.duty_at_close(slot)))
            .collect();
        owed.sort_unstable_by_key(|(id, _)| *id);
        self.duties.extend(owed);
    }

    fn duty_at_close(&self, slot: u32) -> Duty {
        let order = self.orders.get(slot);
        let is_for_auction = self.markets[order.market as usize].auction_only.contains(&order.id);
        match order.tif {
            // Its auction never came, or was cut short.
            TimeInForce::AtOpen | TimeInForce::AtClose => Duty::EndAuctionOrder,
            _ if is_for_auction => Duty::EndAuctionOrder,
            _ if self.is_over(slot) => Duty::Expire,
            _ => Duty::DoneForDay,
        }
    }

    fn owe_renewals(&mut self, number: u32) {
        let market = &self.markets[number as usize];
        let done =
            market.slots(&self.orders.nodes).map(|slot| self.orders.get(slot)).filter(|o| o.done_for_day);
        let mut owed: Vec<_> = done.map(|order| (order.id, Duty::Renew)).collect();
        owed.sort_unstable_by_key(|(id, _)| *id);
        self.duties.extend(owed);
    }
}

impl Market {
    /// An order of this market, which was admitted before, in ticks and lots.
    pub(crate) fn entry_of(&self, order: &LiveOrder) -> Entry {
        let limit = order.terms.price.filter(|_| order.trades_as() == OrdType::Limit);
        Entry {
            ticks: limit.map(|price| self.ticks_below(price)),
            stop_ticks: order.terms.stop_px.map(|price| self.ticks_below(price)),
            lots: order.filled.leaves_qty.units() / self.lot_units(),
        }
    }
}
