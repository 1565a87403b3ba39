//! Random operations against a naive book: a list that is searched from the start every time.

mod support;

use assay_execution::Execution;
use assay_trading_types::*;
use rand::{Rng, SeedableRng, rngs::StdRng};
use support::{Ask, Venue, ask, id, order_id, shares};

const SEEDS: u64 = 60;
const STEPS: u64 = 400;

#[derive(Clone, Debug, PartialEq)]
struct Naive {
    number: u64,
    side: Side,
    cents: i64,
    left: i64,
    cum: i64,
    tif: TimeInForce,
}

/// Orders by arrival. `None` as a price is a market order.
#[derive(Default)]
struct NaiveBook(Vec<Naive>);

type Trade = (u64, u64, i64, i64);

impl NaiveBook {
    fn next_for(&self, side: Side, limit: Option<i64>) -> Option<usize> {
        let sign = if side.is_buy() { 1 } else { -1 };
        let reach = |o: &Naive| limit.is_none_or(|l| sign * o.cents <= sign * l);
        let candidates =
            self.0.iter().enumerate().filter(|(_, o)| o.side.is_buy() != side.is_buy() && reach(o));
        candidates.min_by_key(|(arrival, o)| (sign * o.cents, *arrival)).map(|(i, _)| i)
    }

    fn take(&mut self, order: Naive, limit: Option<i64>) -> Vec<Trade> {
        let (mut order, mut trades) = (order, Vec::new());
        let sign = if order.side.is_buy() { 1 } else { -1 };
        let reachable = |o: &&Naive| {
            o.side.is_buy() != order.side.is_buy() && limit.is_none_or(|l| sign * o.cents <= sign * l)
        };
        let there: i64 = self.0.iter().filter(reachable).map(|o| o.left).sum();
        if order.tif == TimeInForce::Fok && there < order.left {
            return trades;
        }
        while order.left > 0 {
            let Some(i) = self.next_for(order.side, limit) else { break };
            let maker = &mut self.0[i];
            let qty = maker.left.min(order.left);
            maker.left -= qty;
            maker.cum += qty;
            order.left -= qty;
            order.cum += qty;
            trades.push((order.number, maker.number, qty, maker.cents));
            if maker.left == 0 {
                self.0.remove(i);
            }
        }
        if order.left > 0 && limit.is_some() && !matches!(order.tif, TimeInForce::Ioc | TimeInForce::Fok) {
            self.0.push(order);
        }
        trades
    }

    fn replace(&mut self, number: u64, qty: i64, cents: i64) -> Vec<Trade> {
        let Some(i) = self.0.iter().position(|o| o.number == number) else { return Vec::new() };
        let old = self.0[i].clone();
        let left = qty - old.cum;
        if left <= 0 {
            self.0.remove(i);
            return Vec::new();
        }
        if cents == old.cents && left <= old.left {
            self.0[i].left = left;
            return Vec::new();
        }
        self.0.remove(i);
        self.take(Naive { cents, left, ..old }, Some(cents))
    }

    /// Bids then offers, each in the order they trade.
    fn resting(&self) -> Vec<(OrderId, i64)> {
        [Side::Buy, Side::Sell]
            .iter()
            .flat_map(|side| {
                let sign = if side.is_buy() { -1 } else { 1 };
                let mut orders: Vec<_> =
                    self.0.iter().enumerate().filter(|(_, o)| o.side.is_buy() == side.is_buy()).collect();
                orders.sort_by_key(|(arrival, o)| (sign * o.cents, *arrival));
                orders.into_iter().map(|(_, o)| (order_id(o.number), o.left)).collect::<Vec<_>>()
            })
            .collect()
    }
}

fn price(cents: i64) -> &'static str {
    let names: &[&str] =
        &["9.96", "9.97", "9.98", "9.99", "10.00", "10.01", "10.02", "10.03", "0.01", "9000"];
    names[cents as usize]
}

/// Price levels by number, in cents: near the touch, and two far away.
const CENTS: [i64; 10] = [996, 997, 998, 999, 1000, 1001, 1002, 1003, 1, 900_000];

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

fn check_reports(events: &[Event], seed: u64) {
    for event in events {
        let Event::ExecutionReported(e) = event else { continue };
        let open = matches!(e.status, OrdStatus::New | OrdStatus::PartiallyFilled);
        let (qty, cum, leaves) = (e.terms.qty.units(), e.filled.cum_qty.units(), e.filled.leaves_qty.units());
        assert!(cum <= qty && leaves >= 0, "seed {seed}: {e:?}");
        assert_eq!(leaves, if open { qty - cum } else { 0 }, "seed {seed}: {e:?}");
    }
    let tops = events.iter().filter(|e| matches!(e, Event::TopOfBookChanged(_))).count();
    assert!(tops <= 1, "seed {seed}: top of book {tops} times");
}

fn check_state(venue: &Venue, naive: &NaiveBook, context: &str) {
    let symbol: Symbol = id("AAPL");
    let resting: Vec<_> = venue
        .execution
        .resting_orders(&symbol)
        .map(|(id, filled)| (id, filled.leaves_qty.units() / SCALE))
        .collect();
    assert_eq!(resting, naive.resting(), "{context}");
    if let Some([Some(bid), Some(offer)]) = venue.execution.top_of_book(&symbol) {
        assert!(bid.price < offer.price, "{context}: crossed");
    }
}

fn random_ask(random: &mut StdRng, number: u64) -> (Ask, Naive, Option<i64>) {
    let side = if random.random() { Side::Buy } else { Side::Sell };
    let level = random.random_range(0..10_i64);
    let qty = random.random_range(1..50);
    let tif = match random.random_range(0..10) {
        0 => TimeInForce::Ioc,
        1 => TimeInForce::Fok,
        2 => TimeInForce::Gtc,
        _ => TimeInForce::Day,
    };
    let market = random.random_range(0..15) == 0;
    let text = if market { "market" } else { price(level) };
    let cents = CENTS[level as usize];
    let asked = Ask { tif, ..ask(number, side, qty, text) };
    (asked, Naive { number, side, cents, left: qty, cum: 0, tif }, (!market).then_some(cents))
}

fn run(seed: u64) {
    let mut random = StdRng::seed_from_u64(seed);
    let (mut venue, mut naive) = (Venue::new(), NaiveBook::default());
    for number in 1..=STEPS {
        let context = format!("seed {seed}, step {number}");
        let known = random.random_range(1..=number);
        let (events, expected) = match random.random_range(0..10) {
            0..6 => {
                let (asked, order, limit) = random_ask(&mut random, number);
                (venue.apply(asked.accepted("AAPL")), naive.take(order, limit))
            }
            6..8 => {
                venue.cancel(known);
                naive.0.retain(|o| o.number != known);
                (Vec::new(), Vec::new())
            }
            _ => replace(&mut random, &mut venue, &mut naive, known),
        };
        assert_eq!(trades(&events), expected, "{context}");
        check_reports(&events, seed);
        check_state(&venue, &naive, &context);
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
    naive: &mut NaiveBook,
    known: u64,
) -> (Vec<Event>, Vec<Trade>) {
    let Some(order) = naive.0.iter().find(|o| o.number == known).cloned() else {
        return (Vec::new(), Vec::new());
    };
    let level = random.random_range(0..10_i64);
    let level =
        if random.random() { level } else { CENTS.iter().position(|c| *c == order.cents).unwrap() as i64 };
    let qty = random.random_range(1..60);
    let accepted = Ask { tif: order.tif, ..ask(known, order.side, qty, price(level)) }.accepted("AAPL");
    let change = ReplaceAccepted {
        order_id: accepted.order_id,
        request: support::chain(known),
        terms: accepted.terms,
        notional_max: None,
        limits_version: 1,
        reference_price: None,
        account_limits_version: 0,
        protection_price: None,
        measured: Vec::new(),
    };
    (venue.apply(change), naive.replace(known, qty, CENTS[level as usize]))
}

#[test]
fn the_book_trades_like_a_naive_list() {
    let first = std::env::var("ASSAY_SEED").ok().and_then(|s| s.parse().ok());
    let seeds = first.map_or(0..SEEDS, |seed| seed..seed + 1);
    for seed in seeds {
        println!("seed {seed} (repeat with ASSAY_SEED={seed})");
        run(seed);
    }
    assert_eq!(shares(1).units(), SCALE);
}
