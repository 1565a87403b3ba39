//! What the public is told of price levels, and when.

mod support;

use assay_trading_types::{
    ClockTicked, DepthChanged, DepthLevel, Event, InstrumentListed, QueuedOrder, Side::*, Timestamp,
};
use support::{Ask, Venue, ask, cancel, in_pre_open, listed, open};

const MS: i64 = 1_000_000;

fn levels(levels: &[DepthLevel]) -> String {
    levels.iter().map(|l| format!(" {}@{}/{}", l.qty, l.price, l.orders)).collect()
}

fn depth(events: &[Event]) -> Vec<String> {
    let line = |e: &DepthChanged| format!("bids{} offers{}", levels(&e.bids), levels(&e.offers));
    let lines = events.iter().filter_map(|event| match event {
        Event::DepthChanged(e) => Some(line(e)),
        _ => None,
    });
    lines.collect()
}

fn after(v: &mut Venue, ms: i64) -> &mut Venue {
    v.now = Timestamp::from_ns(v.now.as_ns() + ms * MS);
    v
}

fn place(v: &mut Venue, ask: Ask) -> Vec<String> {
    depth(&v.apply(ask.accepted("AAPL")))
}

fn tick(v: &mut Venue) -> Vec<String> {
    let now = v.now;
    depth(&v.apply(ClockTicked { now }))
}

#[test]
fn the_first_change_is_told_at_once_and_the_next_ones_together_after_the_interval() {
    let mut v = Venue::new();
    assert_eq!(place(&mut v, ask(1, Buy, 10, "10")), ["bids 10@10/1 offers"]);
    let none: [&str; 0] = [];
    assert_eq!(place(&mut v, ask(2, Buy, 5, "10")), none);
    assert_eq!(place(&mut v, ask(3, Buy, 7, "9.5")), none);
    assert_eq!(place(after(&mut v, 9), ask(4, Sell, 3, "10.5")), none);
    assert_eq!(tick(after(&mut v, 1)), ["bids 15@10/2 7@9.5/1 offers 3@10.5/1"]);
    assert_eq!(v.execution.depth_due(), None);
}

#[test]
fn a_level_that_is_gone_is_told_as_nothing() {
    let mut v = Venue::new();
    place(&mut v, ask(1, Buy, 10, "10"));
    assert_eq!(depth(&after(&mut v, 10).apply(cancel(1))), ["bids 0@10/0 offers"]);
}

#[test]
fn a_fill_of_an_iceberg_shows_its_next_part() {
    let mut v = Venue::new();
    let mut iceberg = ask(1, Sell, 100, "10");
    iceberg.conditions =
        Some(assay_trading_types::Conditions { max_floor: Some(support::shares(10)), ..Default::default() });
    assert_eq!(place(&mut v, iceberg), ["bids offers 10@10/1"]);
    assert_eq!(place(after(&mut v, 10), ask(2, Buy, 14, "10")), ["bids offers 6@10/1"]);
}

#[test]
fn a_clock_that_was_put_back_holds_nothing_up() {
    let mut v = Venue::new();
    place(&mut v, ask(1, Buy, 10, "10"));
    place(&mut v, ask(2, Buy, 10, "9"));
    assert_eq!(place(after(&mut v, -3_600_000), ask(3, Buy, 10, "8")), ["bids 10@9/1 10@8/1 offers"]);
}

#[test]
fn a_new_tick_takes_levels_away_that_it_does_not_divide() {
    let mut v = Venue::new();
    place(&mut v, ask(1, Buy, 10, "10"));
    place(after(&mut v, 10), ask(2, Buy, 10, "9.99"));
    let events = after(&mut v, 10).apply(listed("AAPL", "0.05"));
    assert_eq!(depth(&events), ["bids 10@10/1 0@9.99/0 offers"]);
}

#[test]
fn what_an_auction_leaves_is_told_and_orders_at_any_price_never() {
    let mut v = in_pre_open("10");
    after(&mut v, 10);
    assert_eq!(place(&mut v, ask(1, Buy, 10, "market")), Vec::<String>::new());
    assert_eq!(place(&mut v, ask(2, Sell, 30, "10")), ["bids offers 30@10/1"]);
    assert_eq!(depth(&open(&mut v)), ["bids offers 20@10/1"]);
}

#[test]
fn a_snapshot_knows_what_is_still_to_be_told() {
    let mut v = Venue::new();
    place(&mut v, ask(1, Buy, 10, "10"));
    place(&mut v, ask(2, Buy, 5, "10"));
    v.execution = assay_execution::Execution::restore(&v.execution.snapshot()).unwrap();
    assert_eq!(tick(after(&mut v, 10)), ["bids 15@10/2 offers"]);
}

/// A venue that tells of the single orders of AAPL.
fn telling() -> Venue {
    let mut v = Venue::new();
    v.apply(InstrumentListed { single_orders: true, ..listed("AAPL", "0.01") });
    v
}

/// `qty:order` of each level.
fn queues(events: &[Event]) -> Vec<String> {
    let order = |o: &QueuedOrder| format!("{}:{}", o.qty, o.order_id.offset());
    let level = |orders: &Vec<QueuedOrder>| orders.iter().map(order).collect::<Vec<_>>().join(" ");
    let side = |levels: &[Vec<QueuedOrder>]| levels.iter().map(level).collect::<Vec<_>>().join("/");
    let line = |e: &DepthChanged| format!("{} | {}", side(&e.bid_orders), side(&e.offer_orders));
    let lines = events.iter().filter_map(|event| match event {
        Event::DepthChanged(e) => Some(line(e)),
        _ => None,
    });
    lines.collect()
}

#[test]
fn single_orders_are_told_in_the_order_they_trade_where_the_instrument_says_so() {
    let mut v = telling();
    assert_eq!(queues(&v.apply(ask(1, Buy, 10, "10").accepted("AAPL"))), ["10:1 | "]);
    v.apply(ask(2, Buy, 5, "10").accepted("AAPL"));
    v.apply(ask(3, Buy, 7, "9.5").accepted("AAPL"));
    let later = after(&mut v, 10).apply(ask(4, Sell, 3, "10.5").accepted("AAPL"));
    assert_eq!(queues(&later), ["10:1 5:2/7:3 | 3:4"]);
    // A fill of part of the first, then its end.
    let later = after(&mut v, 10).apply(ask(5, Sell, 4, "10").accepted("AAPL"));
    assert_eq!(queues(&later), ["6:1 5:2 | "]);
    assert_eq!(queues(&after(&mut v, 10).apply(cancel(1))), ["5:2 | "]);
    assert_eq!(queues(&after(&mut v, 10).apply(cancel(2))), [" | "]);
}

#[test]
fn an_iceberg_shows_its_next_part_behind_the_others() {
    let mut v = telling();
    let mut iceberg = ask(1, Sell, 100, "10");
    iceberg.conditions =
        Some(assay_trading_types::Conditions { max_floor: Some(support::shares(10)), ..Default::default() });
    v.apply(iceberg.accepted("AAPL"));
    let events = after(&mut v, 10).apply(ask(2, Sell, 20, "10").accepted("AAPL"));
    assert_eq!(queues(&events), [" | 10:1 20:2"]);
    let events = after(&mut v, 10).apply(ask(3, Buy, 10, "10").accepted("AAPL"));
    assert_eq!(queues(&events), [" | 20:2 10:1"]);
}

#[test]
fn a_long_queue_is_told_as_far_as_anybody_is_shown_it_and_a_full_event_is_followed_by_another() {
    let mut v = telling();
    let mut told = Vec::new();
    // Ten levels of 600 orders, all at one moment.
    let prices = ["10", "11", "12", "13", "14", "15", "16", "17", "18", "19"];
    for (n, price) in (1..=6_000).zip(prices.into_iter().cycle()) {
        told.extend(v.apply(ask(n, Buy, 1, price).accepted("AAPL")));
    }
    assert_eq!(queues(&told).len(), 1, "the first order");
    let mut levels = Vec::new();
    for _ in 0..2 {
        let now = after(&mut v, 10).now;
        for event in v.apply(ClockTicked { now }) {
            if let Event::DepthChanged(e) = event {
                assert!(e.bid_orders.iter().map(Vec::len).sum::<usize>() <= 4_000);
                assert_eq!(e.bids.len(), e.bid_orders.len());
                levels.extend(e.bids.iter().zip(&e.bid_orders).map(|(l, o)| (l.orders, o.len())));
            }
        }
    }
    assert_eq!(levels, [(600, 500); 10]);
}

#[test]
fn what_rested_is_told_singly_from_when_the_instrument_says_so() {
    let mut v = Venue::new();
    assert_eq!(queues(&v.apply(ask(1, Buy, 10, "10").accepted("AAPL"))), [" | "], "nothing by default");
    let events = after(&mut v, 10).apply(InstrumentListed { single_orders: true, ..listed("AAPL", "0.01") });
    assert_eq!(queues(&events), ["10:1 | "]);
}
