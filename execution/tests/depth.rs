//! What the public is told of price levels, and when.

mod support;

use assay_trading_types::{ClockTicked, DepthChanged, DepthLevel, Event, Side::*, Timestamp};
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
