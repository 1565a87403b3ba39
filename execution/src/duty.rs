//! Reports owed to many orders at once, by the clock or a calendar: some with each input, before anything else.

use crate::execution::Execution;
use crate::work::{OUTPUTS_MAX, Sink};
use assay_trading_types::{ExecType, Expiry, OrdStatus, OrderId, Refusal, TimeInForce, Timestamp};
use serde::{Deserialize, Serialize};

/// Reports owed that one input gives; the rest follow with the next inputs. An input's outputs are numbered in 16 bits, and
/// what it does itself needs most of them.
const DUTIES_PER_INPUT_MAX: u32 = 4_096;

const NS_PER_S: i64 = 1_000_000_000;

/// What is owed to an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Duty {
    /// Its time is over.
    Expire,
    /// Its market closed; it waits for the next day (M-23).
    DoneForDay,
    /// It goes on in a new day (M-23).
    Renew,
    /// Its auction is over.
    EndAuctionOrder,
}

impl Execution {
    /// The clock moves on.
    pub(crate) fn tick(&mut self, now: Timestamp, out: &mut Sink<'_>) {
        if now <= self.now {
            return;
        }
        let is_new_second = now.as_ns().div_euclid(NS_PER_S) > self.now.as_ns().div_euclid(NS_PER_S);
        self.now = now;
        self.end_orders_by_time();
        let day = i32::try_from(now.day()).unwrap_or(i32::MAX);
        if day > self.today {
            self.today = day;
            self.end_utc_day();
        }
        self.follow_calendars();
        if is_new_second {
            self.indicate_auctions(out);
        }
    }

    fn end_orders_by_time(&mut self) {
        while let Some(key) = self.ends.first().copied().filter(|(end, _)| *end <= self.now) {
            self.ends.remove(&key);
            self.duties.push_back((key.1, Duty::Expire));
        }
    }

    /// DAY orders of instruments without a calendar end, by OrderID: an order that does not depend on where they are in
    /// memory.
    fn end_utc_day(&mut self) {
        for market in self.markets.iter_mut().filter(|market| market.rules.calendar.is_none()) {
            market.state.closed_day = self.today - 1;
        }
        let is_utc = |market: u32| self.markets[market as usize].rules.calendar.is_none();
        let over = self.orders.iter().filter(|(slot, order)| is_utc(order.market) && self.is_over(*slot));
        let mut ids: Vec<OrderId> = over.map(|(_, order)| order.id).collect();
        ids.sort_unstable();
        self.duties.extend(ids.into_iter().map(|id| (id, Duty::Expire)));
    }

    fn indicate_auctions(&mut self, out: &mut Sink<'_>) {
        while out.left() > 2 * DUTIES_PER_INPUT_MAX {
            let Some(number) = self.unindicated.pop_first() else { return };
            let market = &mut self.markets[number as usize];
            if let Some(indicated) = market.state.is_call().then(|| market.indicate()).flatten() {
                out.public(indicated);
            }
        }
    }

    /// Whether an order's time is over.
    pub(crate) fn is_over(&self, slot: u32) -> bool {
        let order = self.orders.get(slot);
        let market = &self.markets[order.market as usize];
        match order.tif {
            TimeInForce::Day | TimeInForce::AtOpen | TimeInForce::AtClose => {
                order.day <= market.state.closed_day
            }
            TimeInForce::Gtd => self.expiry(slot).is_some_and(|expiry| market.is_expired(expiry, self.now)),
            TimeInForce::Gtc | TimeInForce::Ioc | TimeInForce::Fok => false,
        }
    }

    fn expiry(&self, slot: u32) -> Option<Expiry> {
        self.orders.conditions(slot)?.expiry
    }

    /// Notes at which instant an order ends, if it does. What ended with an earlier tick is owed already.
    pub(crate) fn note_end(&mut self, slot: u32) {
        if let Some(key) = self.end_key(slot).filter(|(end, _)| *end > self.now) {
            self.ends.insert(key);
        }
    }

    /// The order ends otherwise, or at another time.
    pub(crate) fn forget_end(&mut self, slot: u32) {
        if let Some(key) = self.end_key(slot) {
            self.ends.remove(&key);
        }
    }

    fn end_key(&self, slot: u32) -> Option<(Timestamp, OrderId)> {
        let order = self.orders.get(slot);
        let end = self.markets[order.market as usize].end_of(self.expiry(slot)?)?;
        Some((end, order.id))
    }

    /// Gives the next reports owed.
    pub(crate) fn do_duties(&mut self, out: &mut Sink<'_>) {
        while out.left() > OUTPUTS_MAX - DUTIES_PER_INPUT_MAX {
            let Some((id, duty)) = self.duties.pop_front() else { return };
            if let Some(slot) = self.orders.find(id) {
                self.do_duty(slot, duty, out);
            }
        }
    }

    fn do_duty(&mut self, slot: u32, duty: Duty, out: &mut Sink<'_>) {
        let done = self.orders.get(slot).done_for_day;
        match duty {
            Duty::Expire if self.is_over(slot) => self.end_expired(slot, out),
            Duty::EndAuctionOrder => self.end_cancelled(slot, Refusal::AuctionRemainder, out),
            Duty::DoneForDay if !done => {
                self.orders.get_mut(slot).done_for_day = true;
                self.report_change(slot, ExecType::DoneForDay, out);
            }
            Duty::Renew if done => {
                self.orders.get_mut(slot).done_for_day = false;
                self.report_change(slot, ExecType::Restated { reason: Refusal::GtRenewal }, out);
            }
            Duty::Expire | Duty::DoneForDay | Duty::Renew => {}
        }
    }

    fn report_change(&self, slot: u32, exec: ExecType, out: &mut Sink<'_>) {
        let market = &self.markets[self.orders.get(slot).market as usize];
        let order = self.orders.open(slot, market);
        let status: OrdStatus = order.working_status();
        order.report_last(exec, status, out);
    }
}
