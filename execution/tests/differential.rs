//! A million random operations against a naive market; `ASSAY_SEED=n` repeats one run.

mod model;
mod support;

use assay_execution::Execution;
use assay_trading_types::*;
use model::{Naive, NaiveMarket, Trade};
use rand::{Rng, SeedableRng, rngs::StdRng};
use std::collections::BTreeMap;
use support::{Ask, Venue, ask, id, order_id, shares};

const SEEDS: u64 = 2_500;
const STEPS: u64 = 400;
const AUCTIONS: u64 = 2_000;

/// Price levels by number: near the touch, and two far away.
const PRICES: [&str; 10] =
    ["9.96", "9.97", "9.98", "9.99", "10.00", "10.01", "10.02", "10.03", "0.01", "9000"];
const CENTS: [i64; 10] = [996, 997, 998, 999, 1000, 1001, 1002, 1003, 1, 900_000];

const FIRMS: [(&str, SelfTrade); 6] = [
    ("FREE", SelfTrade::Allow),
    ("FREE", SelfTrade::Allow),
    ("NEWE", SelfTrade::CancelNewest),
    ("OLDE", SelfTrade::CancelOldest),
    ("BOTH", SelfTrade::CancelBoth),
    ("LESS", SelfTrade::Decrement),
];

fn price(cents: i64) -> &'static str {
    PRICES[CENTS.iter().position(|c| *c == cents).unwrap()]
}

fn trades(events: &[Event]) -> Vec<Trade> {
    let fills: Vec<_> = events
        .iter()
        .filter_map(|e| match e {
            Event::ExecutionReported(ExecutionReported { order_id, exec: ExecType::Trade(f), .. }) => {
                Some((order_id.offset(), f))
            }
            _ => None,
        })
        .collect();
    fills
        .chunks(2)
        .map(|pair| {
            let [(taker, a), (maker, b)] = pair else { panic!("a fill without its other side: {pair:?}") };
            assert_eq!((a.trade, a.qty, a.price), (b.trade, b.qty, b.price));
            assert_eq!((a.liquidity, b.liquidity), (Liquidity::Removed, Liquidity::Added));
            (*taker, *maker, a.qty.units() / SCALE, a.price.units() * 100 / SCALE)
        })
        .collect()
}

fn check_reports(events: &[Event], context: &str) {
    for event in events {
        let Event::ExecutionReported(e) = event else { continue };
        let open = matches!(e.status, OrdStatus::New | OrdStatus::PartiallyFilled);
        let (qty, cum, leaves) = (e.terms.qty.units(), e.filled.cum_qty.units(), e.filled.leaves_qty.units());
        assert!(cum <= qty && leaves >= 0, "{context}: {e:?}");
        assert_eq!(leaves, if open { qty - cum } else { 0 }, "{context}: {e:?}");
    }
    let tops = events.iter().filter(|e| matches!(e, Event::TopOfBookChanged(_))).count();
    assert!(tops <= 1, "{context}: top of book {tops} times");
}

fn check_state(venue: &Venue, naive: &NaiveMarket, context: &str) {
    let symbol: Symbol = id("AAPL");
    let left = |filled: Filled| filled.leaves_qty.units() / SCALE;
    let waiting: Vec<_> =
        venue.execution.resting_orders(&symbol).map(|(id, filled)| (id.offset(), left(filled))).collect();
    assert_eq!(waiting, naive.in_order(), "{context}");
    if let Some([Some(bid), Some(offer)]) = venue.execution.top_of_book(&symbol) {
        assert!(bid.price < offer.price, "{context}: crossed");
        let shown: i64 = naive
            .orders
            .iter()
            .filter(|o| o.stop.is_none() && !o.all_or_none && o.side.is_buy())
            .filter(|o| o.limit == Some(bid.price.units() * 100 / SCALE))
            .map(|o| o.shown)
            .sum();
        assert_eq!(bid.qty, shares(shown), "{context}: what is shown at the best bid");
    }
}

/// Levels as somebody knows them who reads the events: by side and price in cents, lots and orders.
#[derive(Default)]
struct Levels(BTreeMap<(bool, i64), (i64, u32)>);

impl Levels {
    fn read(&mut self, events: &[Event]) {
        for event in events {
            let Event::DepthChanged(e) = event else { continue };
            for (bids, level) in e.bids.iter().map(|l| (true, l)).chain(e.offers.iter().map(|l| (false, l))) {
                let place = (bids, level.price.units() * 100 / SCALE);
                match level.orders {
                    0 => drop(self.0.remove(&place)),
                    orders => drop(self.0.insert(place, (level.qty.units() / SCALE, orders))),
                }
            }
        }
    }

    /// Once nothing is due, readers know all that there is.
    fn check(&self, venue: &Venue, naive: &NaiveMarket, context: &str) {
        if venue.execution.depth_due().is_some() {
            return;
        }
        let mut all: BTreeMap<(bool, i64), (i64, u32)> = BTreeMap::new();
        for order in naive.orders.iter().filter(|o| o.stop.is_none() && !o.all_or_none) {
            let place = (order.side.is_buy(), order.limit.expect("only limits rest"));
            let level = all.entry(place).or_default();
            *level = (level.0 + order.shown, level.1 + 1);
        }
        assert_eq!(self.0, all, "{context}: depth");
    }
}

fn one_of<T: Copy>(random: &mut StdRng, list: &[T]) -> T {
    list[random.random_range(0..list.len())]
}

/// An order of any kind that the market takes.
fn random_order(random: &mut StdRng, number: u64) -> Naive {
    let (firm, self_trade) = one_of(random, &FIRMS);
    let qty = random.random_range(1..50);
    let market = random.random_range(0..15) == 0;
    let mut order = Naive {
        number,
        firm,
        side: if random.random() { Side::Buy } else { Side::Sell },
        limit: (!market).then(|| one_of(random, &CENTS)),
        stop: None,
        take_profit: false,
        left: qty,
        cum: 0,
        tif: TimeInForce::Day,
        self_trade,
        floor: None,
        shown: 0,
        min: None,
        post_only: false,
        all_or_none: false,
        queued: 0,
    };
    match random.random_range(0..20) {
        0..2 => order.tif = TimeInForce::Fok,
        2 => order.tif = TimeInForce::Ioc,
        3 => (order.tif, order.min) = (TimeInForce::Ioc, Some(random.random_range(1..=qty))),
        4 => order.tif = TimeInForce::Gtc,
        5..8 => {
            order.stop = Some(one_of(random, &CENTS[..8]));
            if random.random() {
                (order.limit, order.take_profit) = (None, true);
            }
        }
        8..10 if !market && qty > 1 => order.floor = Some(random.random_range(1..qty)),
        10 if !market => order.post_only = true,
        11 if !market => order.all_or_none = true,
        _ => {}
    }
    order
}

fn asked(order: &Naive, qty: i64) -> Ask {
    let conditions = Conditions {
        expiry: None,
        min_qty: order.min.map(shares),
        max_floor: order.floor.map(shares),
        post_only: order.post_only,
        all_or_none: order.all_or_none,
    };
    Ask {
        firm: order.firm,
        tif: order.tif,
        self_trade: order.self_trade,
        stop: order.stop.map(price),
        take_profit: order.take_profit,
        conditions: (conditions != Conditions::default()).then_some(conditions),
        ..ask(order.number, order.side, qty, order.limit.map_or("market", price))
    }
}

fn run(seed: u64) {
    let mut random = StdRng::seed_from_u64(seed);
    let (mut venue, mut naive) = (Venue::new(), NaiveMarket::default());
    let mut levels = Levels::default();
    for number in 1..=STEPS {
        let context = format!("seed {seed}, step {number} (repeat with ASSAY_SEED={seed})");
        let known = random.random_range(1..=number);
        let passed_ns = random.random_range(0..8) * 1_000_000;
        venue.now = Timestamp::from_ns(venue.now.as_ns() + passed_ns);
        let (events, expected) = match random.random_range(0..10) {
            0..6 => {
                let order = random_order(&mut random, number);
                (venue.apply(asked(&order, order.left).accepted("AAPL")), naive.place(order))
            }
            6..8 => (venue.apply(support::cancel(known)), naive.cancel(known)),
            _ => replace(&mut random, &mut venue, &mut naive, known),
        };
        assert_eq!(trades(&events), expected, "{context}");
        check_reports(&events, &context);
        check_state(&venue, &naive, &context);
        levels.read(&events);
        levels.check(&venue, &naive, &context);
        if random.random_range(0..40) == 0 {
            let bytes = venue.execution.snapshot();
            venue.execution = Execution::restore(&bytes).unwrap();
            assert_eq!(venue.execution.snapshot(), bytes, "{context}: snapshot of the restored state");
        }
    }
}

fn replace(
    random: &mut StdRng,
    venue: &mut Venue,
    naive: &mut NaiveMarket,
    known: u64,
) -> (Vec<Event>, Vec<Trade>) {
    let on_book = |o: &&Naive| o.number == known && o.stop.is_none() && !o.all_or_none && !o.post_only;
    let Some(order) = naive.orders.iter().find(on_book).cloned() else { return Default::default() };
    let Some(limit) = order.limit else { return Default::default() };
    let limit = if random.random() { one_of(random, &CENTS) } else { limit };
    // What an iceberg shows must stay below the whole.
    let qty = random.random_range(order.floor.unwrap_or(0) + 1..60);
    let accepted = asked(&Naive { limit: Some(limit), ..order }, qty).accepted("AAPL");
    let change = ReplaceAccepted {
        order_id: accepted.order_id,
        request: support::chain(known),
        terms: OrderTerms { ord_type: OrdType::Limit, ..accepted.terms },
        notional_max: None,
        limits_version: 1,
        reference_price: None,
        account_limits_version: 0,
        protection_price: None,
        measured: Vec::new(),
    };
    (venue.apply(change), naive.replace(known, qty, limit))
}

fn seeds(count: u64) -> std::ops::Range<u64> {
    let one = std::env::var("ASSAY_SEED").ok().and_then(|s| s.parse().ok());
    one.map_or(0..count, |seed: u64| seed..seed + 1)
}

#[test]
fn the_market_trades_like_a_naive_list() {
    seeds(SEEDS).for_each(run);
    assert_eq!(order_id(1).offset(), 1);
}

/// Random orders gather while halted books are closed to trading; the uncrossing must trade the naive volume at the naive
/// price, everyone within his limit, the better priced and older first.
#[test]
fn auctions_uncross_like_a_naive_search() {
    seeds(AUCTIONS).for_each(run_auction);
}

fn run_auction(seed: u64) {
    let mut random = StdRng::seed_from_u64(seed);
    let mut venue = support::in_pre_open("10");
    let count = random.random_range(2..30);
    let orders: Vec<(Side, Option<i64>, i64)> = (0..count)
        .map(|_| {
            let market = random.random_range(0..8) == 0;
            let side = if random.random() { Side::Buy } else { Side::Sell };
            (side, (!market).then(|| one_of(&mut random, &CENTS[..8])), random.random_range(1..50))
        })
        .collect();
    for (number, (side, limit, qty)) in (1..).zip(&orders) {
        venue.place(ask(number, *side, *qty, limit.map_or("market", price)));
    }
    let of_side = |buys: bool| -> Vec<_> {
        orders.iter().filter(|o| o.0.is_buy() == buys).map(|o| (o.1, o.2)).collect()
    };
    let expected = model::uncrossing(&of_side(true), &of_side(false), 1000);
    let events = support::open(&mut venue);
    let done = auction_trades(&events);
    let context = format!("seed {seed}: {orders:?}");
    assert!(done.iter().all(|t| Some(t.3) == expected.map(|e| e.0)), "{context}: one price");
    assert_eq!(done.iter().map(|t| t.2).sum::<i64>(), expected.map_or(0, |e| e.1), "{context}: volume");
    let priority = |number: &u64| {
        let (side, limit, _) = orders[*number as usize - 1];
        let sign = if side.is_buy() { -1 } else { 1 };
        (limit.map_or(i64::MIN, |limit| sign * limit), *number)
    };
    for buys in [true, false] {
        let numbers: Vec<u64> = done
            .iter()
            .map(|t| if orders[t.0 as usize - 1].0.is_buy() == buys { t.0 } else { t.1 })
            .collect();
        assert!(numbers.windows(2).all(|w| priority(&w[0]) <= priority(&w[1])), "{context}: {numbers:?}");
    }
    if let Some([Some(bid), Some(offer)]) = venue.execution.top_of_book(&id("AAPL")) {
        assert!(bid.price < offer.price, "{context}: crossed after the auction");
    }
    check_reports(&events, &context);
}

fn auction_trades(events: &[Event]) -> Vec<Trade> {
    let all = trades(events);
    for (newer, older, ..) in &all {
        assert!(newer > older, "the newer order counts as the one that took");
    }
    all
}
