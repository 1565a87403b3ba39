//! A naive market: one list that is searched from the start every time, and tried out on a copy where the engine walks.
#![allow(unreachable_pub)] // a module of one test

use assay_trading_types::{SelfTrade, Side, TimeInForce};

/// Taker, maker, quantity, price in cents.
pub type Trade = (u64, u64, i64, i64);

#[derive(Clone, Debug, PartialEq)]
pub struct Naive {
    pub number: u64,
    pub firm: &'static str,
    pub side: Side,
    /// Limit in cents; none for a market order.
    pub limit: Option<i64>,
    /// Stop price of a stop that is not triggered.
    pub stop: Option<i64>,
    /// The stop waits for the better price, not for the worse.
    pub take_profit: bool,
    pub left: i64,
    pub cum: i64,
    pub tif: TimeInForce,
    pub self_trade: SelfTrade,
    pub floor: Option<i64>,
    /// What others see of it.
    pub shown: i64,
    pub min: Option<i64>,
    pub post_only: bool,
    pub all_or_none: bool,
    /// Place in the queue of its price.
    pub queued: u64,
}

impl Naive {
    fn sign(&self) -> i64 {
        if self.side.is_buy() { 1 } else { -1 }
    }

    /// Whether its stop waits for a rise (1) or a fall (-1).
    fn trigger_sign(&self) -> i64 {
        if self.take_profit { -self.sign() } else { self.sign() }
    }

    fn is_in_book(&self) -> bool {
        self.stop.is_none() && !self.all_or_none
    }

    fn least(&self) -> Option<i64> {
        if self.tif == TimeInForce::Fok || self.all_or_none { Some(self.left) } else { self.min }
    }

    fn show(&mut self, queued: u64) {
        self.shown = self.floor.map_or(self.left, |floor| floor.min(self.left));
        self.queued = queued;
    }
}

#[derive(Clone, Default)]
pub struct NaiveMarket {
    pub orders: Vec<Naive>,
    pub last: Option<i64>,
    next_queued: u64,
}

impl NaiveMarket {
    pub fn place(&mut self, order: Naive) -> Vec<Trade> {
        let mut trades = Vec::new();
        match order.stop.is_some() || order.all_or_none {
            true => self.orders.push(order),
            false => self.take(order, &mut trades),
        }
        self.settle(&mut trades);
        trades
    }

    pub fn cancel(&mut self, number: u64) -> Vec<Trade> {
        self.orders.retain(|o| o.number != number);
        let mut trades = Vec::new();
        self.settle(&mut trades);
        trades
    }

    /// New quantity and limit of an order on the book.
    pub fn replace(&mut self, number: u64, qty: i64, limit: i64) -> Vec<Trade> {
        let i = self.orders.iter().position(|o| o.number == number).expect("the caller looks first");
        let (old, left) = (self.orders[i].clone(), qty - self.orders[i].cum);
        let mut trades = Vec::new();
        if left <= 0 {
            self.orders.remove(i);
        } else if old.limit == Some(limit) && left <= old.left {
            let less = old.left - left;
            let from_hidden = less.min(old.left - old.shown);
            self.orders[i].left = left;
            self.orders[i].shown -= less - from_hidden;
        } else {
            self.orders.remove(i);
            self.take(Naive { limit: Some(limit), left, ..old }, &mut trades);
        }
        self.settle(&mut trades);
        trades
    }

    /// The best of the other side: by price, then by place in the queue.
    fn next_for(&self, taker: &Naive) -> Option<usize> {
        let sign = taker.sign();
        let reach = |o: &Naive| taker.limit.is_none_or(|l| sign * o.limit.unwrap() <= sign * l);
        let opposite = |o: &Naive| o.is_in_book() && o.sign() != sign && reach(o);
        let candidates = self.orders.iter().enumerate().filter(|(_, o)| opposite(o));
        candidates.min_by_key(|(_, o)| (sign * o.limit.unwrap(), o.queued)).map(|(i, _)| i)
    }

    fn take(&mut self, mut order: Naive, trades: &mut Vec<Trade>) {
        if order.post_only && self.next_for(&order).is_some() {
            return;
        }
        if let Some(least) = order.least() {
            let (mut copy, mut tried) = (self.clone(), order.clone());
            if copy.cross(&mut tried, true, &mut Vec::new()) < least {
                return;
            }
        }
        let before = order.left;
        let filled = self.cross(&mut order, false, trades);
        let may_rest = matches!(order.tif, TimeInForce::Day | TimeInForce::Gtc) && !order.all_or_none;
        let was_stopped = order.shown < 0;
        assert!(filled <= before);
        if order.left > 0 && order.limit.is_some() && may_rest && !was_stopped {
            self.next_queued += 1;
            order.show(self.next_queued);
            self.orders.push(order);
        }
    }

    /// Trades until nothing is in reach or self-trade prevention stops it, which `shown` below zero says. On trial, an
    /// order that would have to be decremented stops.
    fn cross(&mut self, taker: &mut Naive, on_trial: bool, trades: &mut Vec<Trade>) -> i64 {
        let mut filled = 0;
        taker.shown = 0;
        while taker.left > 0 {
            let Some(i) = self.next_for(taker) else { break };
            if taker.self_trade != SelfTrade::Allow && self.orders[i].firm == taker.firm {
                match (taker.self_trade, on_trial) {
                    (SelfTrade::CancelOldest, _) => _ = self.orders.remove(i),
                    (SelfTrade::Decrement, false) => self.decrement(taker, i),
                    (SelfTrade::CancelBoth, _) => {
                        self.orders.remove(i);
                        taker.shown = -1;
                    }
                    _ => taker.shown = -1,
                }
                if taker.shown < 0 {
                    break;
                }
                continue;
            }
            let qty = taker.left.min(self.orders[i].shown);
            let price = self.orders[i].limit.unwrap();
            trades.push((taker.number, self.orders[i].number, qty, price));
            self.last = Some(price);
            (taker.left, taker.cum, filled) = (taker.left - qty, taker.cum + qty, filled + qty);
            self.fill(i, qty);
        }
        filled
    }

    fn fill(&mut self, i: usize, qty: i64) {
        let maker = &mut self.orders[i];
        maker.left -= qty;
        maker.cum += qty;
        maker.shown -= qty;
        if maker.left == 0 {
            self.orders.remove(i);
        } else if maker.shown == 0 {
            self.next_queued += 1;
            self.orders[i].show(self.next_queued);
        }
    }

    fn decrement(&mut self, taker: &mut Naive, i: usize) {
        let maker = &mut self.orders[i];
        let less = taker.left.min(maker.left);
        if taker.left < maker.left {
            let from_hidden = less.min(maker.left - maker.shown);
            maker.left -= less;
            maker.shown -= less - from_hidden;
        } else {
            self.orders.remove(i);
        }
        taker.left -= less;
        if taker.left == 0 {
            taker.shown = -1;
        }
    }

    /// Stops that are reached, then all-or-none orders that fit, until there are none.
    fn settle(&mut self, trades: &mut Vec<Trade>) {
        while let Some(number) = self.due_stop().or_else(|| self.due_whole()) {
            let i = self.orders.iter().position(|o| o.number == number).unwrap();
            let order = self.orders.remove(i);
            self.take(Naive { stop: None, ..order }, trades);
        }
    }

    fn due_stop(&self) -> Option<u64> {
        let last = self.last?;
        let of_side = |sign: i64| {
            let reached =
                |o: &&Naive| o.trigger_sign() == sign && o.stop.is_some_and(|s| sign * last >= sign * s);
            let first = |o: &&Naive| (sign * o.stop.unwrap(), o.number);
            self.orders.iter().filter(reached).min_by_key(first).map(|o| o.number)
        };
        [of_side(1), of_side(-1)].into_iter().flatten().min()
    }

    fn due_whole(&self) -> Option<u64> {
        let fits = |o: &&Naive| {
            let (mut copy, mut tried) = (self.clone(), (*o).clone());
            copy.cross(&mut tried, true, &mut Vec::new()) >= o.left
        };
        self.orders.iter().filter(|o| o.all_or_none).filter(fits).map(|o| o.number).min()
    }

    /// Bids, offers, stops that wait for a rise and for a fall, all-or-none orders: number, what is left, what is shown of it.
    pub fn in_order(&self) -> Vec<(u64, i64)> {
        let side = |is_buy: bool, waits: bool| {
            let sign = if is_buy { 1 } else { -1 };
            let is_of = |o: &Naive| sign == if waits { o.trigger_sign() } else { o.sign() };
            let wanted = |o: &&Naive| is_of(o) && !o.all_or_none && o.stop.is_some() == waits;
            let mut orders: Vec<_> = self.orders.iter().filter(wanted).collect();
            match waits {
                true => orders.sort_by_key(|o| (sign * o.stop.unwrap(), o.number)),
                false => orders.sort_by_key(|o| (-sign * o.limit.unwrap(), o.queued)),
            }
            orders
        };
        let mut whole: Vec<_> = self.orders.iter().filter(|o| o.all_or_none).collect();
        whole.sort_by_key(|o| o.number);
        let groups = [side(true, false), side(false, false), side(true, true), side(false, true), whole];
        groups.into_iter().flatten().map(|o| (o.number, o.left)).collect()
    }
}

/// The uncrossing price by trying every candidate over all orders: (limit or none, lots) of both sides.
pub fn uncrossing(
    buys: &[(Option<i64>, i64)],
    sales: &[(Option<i64>, i64)],
    reference: i64,
) -> Option<(i64, i64, i64)> {
    let mut prices: Vec<i64> = buys.iter().chain(sales).filter_map(|o| o.0).chain([reference]).collect();
    prices.sort_unstable();
    prices.dedup();
    let at = |p: i64| {
        let bought: i64 = buys.iter().filter(|o| o.0.is_none_or(|l| l >= p)).map(|o| o.1).sum();
        let sold: i64 = sales.iter().filter(|o| o.0.is_none_or(|l| l <= p)).map(|o| o.1).sum();
        (p, bought.min(sold), bought - sold)
    };
    let all: Vec<_> = prices.into_iter().map(at).collect();
    let most = all.iter().map(|r| r.1).max().filter(|m| *m > 0)?;
    let all: Vec<_> = all.into_iter().filter(|r| r.1 == most).collect();
    let least = all.iter().map(|r| r.2.abs()).min()?;
    let all: Vec<_> = all.into_iter().filter(|r| r.2.abs() == least).collect();
    if all.iter().all(|r| r.2 > 0) {
        return all.last().copied();
    }
    if all.iter().all(|r| r.2 < 0) {
        return all.first().copied();
    }
    all.into_iter().min_by_key(|r| ((r.0 - reference).abs(), r.0))
}
