//! State matrices of the rules of engagement, section 6, in a trader's words: order, 150/39, 38 14 151 6, fill, reason.

mod support;

use assay_trading_types::{Event, SelfTrade, Side::*, TimeInForce::*};
use support::{Ask, Venue, ask, id, listed};

fn with(ask: Ask, change: impl FnOnce(&mut Ask)) -> Ask {
    let mut ask = ask;
    change(&mut ask);
    ask
}

#[test]
fn m01_two_fills_average_their_prices() {
    let mut v = Venue::new();
    assert_eq!(v.place(ask(1, Sell, 30, "10")), ["#1 0/0 30 0 30 0", "top - / 30@10"]);
    v.place(ask(2, Sell, 70, "10.1"));
    assert_eq!(
        v.place(ask(3, Buy, 100, "10.1")),
        [
            "#3 0/0 100 0 100 0",
            "#3 F/1 100 30 70 10 30@10",
            "#1 F/2 30 30 0 10 30@10",
            "print 1 30@10",
            "#3 F/2 100 100 0 10.07 70@10.1",
            "#2 F/2 70 70 0 10.1 70@10.1",
            "print 2 70@10.1",
            "top - / -",
        ]
    );
}

#[test]
fn m04_m05_m08_a_cancel_before_during_and_after() {
    let mut v = Venue::new();
    v.place(ask(1, Buy, 100, "10"));
    assert_eq!(v.cancel(1), ["#1 4/4 100 0 0 0", "top - / -"]);
    assert_eq!(v.cancel(1), ["#1 9 to F 39=4 TOO_LATE"]);
    v.place(ask(2, Buy, 100, "10"));
    v.place(ask(3, Sell, 30, "10"));
    assert_eq!(v.cancel(2), ["#2 4/4 100 30 0 10", "top - / -"]);
    assert_eq!(v.cancel(3), ["#3 9 to F 39=2 TOO_LATE"]);
    assert_eq!(v.cancel(99), ["#99 9 to F 39=8 UNKNOWN_ORDER"]);
}

#[test]
fn m11_m12_m13_m16_replaces_up_at_another_price_down_and_too_late() {
    let mut v = Venue::new();
    v.place(ask(1, Buy, 100, "10"));
    v.place(ask(2, Sell, 40, "10"));
    assert_eq!(v.replace(ask(1, Buy, 150, "10")), ["#1 5/1 150 40 110 10", "top 110@10 / -"]);
    v.place(ask(3, Sell, 30, "10"));
    assert_eq!(v.replace(ask(1, Buy, 60, "10")), ["#1 5/2 70 70 0 10 QTY_REDUCED", "top - / -"]);
    assert_eq!(v.replace(ask(1, Buy, 200, "10")), ["#1 9 to G 39=2 TOO_LATE"]);
    v.place(ask(4, Buy, 100, "10"));
    assert_eq!(v.replace(ask(4, Buy, 100, "11")), ["#4 5/0 100 0 100 0", "top 100@11 / -"]);
}

#[test]
fn a19_only_less_at_the_same_price_keeps_priority() {
    let table = [
        ("less", 50, "10", 1),
        ("nothing changed", 100, "10", 1),
        ("more", 101, "10", 2),
        ("another price and back", 100, "9.99", 2),
    ];
    for (what, qty, price, first) in table {
        let mut v = Venue::new();
        v.place(ask(1, Buy, 100, "10"));
        v.place(ask(2, Buy, 100, "10"));
        v.replace(ask(1, Buy, qty, price));
        v.replace(ask(1, Buy, qty, "10"));
        let said = v.place(ask(3, Sell, 1, "10"));
        assert!(said[2].starts_with(&format!("#{first} F")), "{what}: {said:?}");
    }
}

#[test]
fn a_replace_that_crosses_trades_after_its_report() {
    let mut v = Venue::new();
    v.place(ask(1, Buy, 100, "10"));
    v.place(ask(2, Sell, 100, "11"));
    assert_eq!(
        v.replace(ask(1, Buy, 100, "11")),
        [
            "#1 5/0 100 0 100 0",
            "#1 F/2 100 100 0 11 100@11",
            "#2 F/2 100 100 0 11 100@11",
            "print 1 100@11",
            "top - / -"
        ]
    );
}

#[test]
fn time_in_force_ladder_against_an_offer_of_60() {
    let table: [(_, _, &[&str]); 8] = [
        (Day, "10", &["#2 0/0 100 0 100 0", "#2 F/1 100 60 40 10 60@10", "top 40@10 / -"]),
        (Gtc, "10", &["#2 0/0 100 0 100 0", "#2 F/1 100 60 40 10 60@10", "top 40@10 / -"]),
        (
            Ioc,
            "10",
            &[
                "#2 0/0 100 0 100 0",
                "#2 F/1 100 60 40 10 60@10",
                "#2 4/4 100 60 0 10 IOC_REMAINDER",
                "top - / -",
            ],
        ),
        (Ioc, "9", &["#2 0/0 100 0 100 0", "#2 4/4 100 0 0 0 IOC_REMAINDER"]),
        (Fok, "10", &["#2 0/0 100 0 100 0", "#2 4/4 100 0 0 0 FOK_UNFILLED"]),
        (
            Day,
            "market",
            &[
                "#2 0/0 100 0 100 0",
                "#2 F/1 100 60 40 10 60@10",
                "#2 4/4 100 60 0 10 NO_LIQUIDITY",
                "top - / -",
            ],
        ),
        (Fok, "market", &["#2 0/0 100 0 100 0", "#2 4/4 100 0 0 0 FOK_UNFILLED"]),
        (Day, "9", &["#2 0/0 100 0 100 0", "top 100@9 / 60@10"]),
    ];
    for (tif, price, expected) in table {
        let mut v = Venue::new();
        v.place(ask(1, Sell, 60, "10"));
        let said = v.place(with(ask(2, Buy, 100, price), |a| a.tif = tif));
        let own: Vec<_> =
            said.into_iter().filter(|l| !l.starts_with("#1") && !l.starts_with("print")).collect();
        assert_eq!(own, expected, "{tif:?} {price}");
    }
}

#[test]
fn m21_a_fok_filled_whole_over_two_levels() {
    let mut v = Venue::new();
    v.place(ask(1, Sell, 60, "10"));
    v.place(ask(2, Sell, 60, "10.01"));
    let said = v.place(with(ask(3, Buy, 100, "10.01"), |a| a.tif = Fok));
    assert_eq!(said.iter().filter(|l| l.starts_with("#3 F")).count(), 2, "{said:?}");
    assert_eq!(said.last().unwrap(), "top - / 20@10.01");
}

#[test]
fn m22_day_orders_expire_when_the_utc_day_changes_and_gtc_orders_stay() {
    let mut v = Venue::new();
    v.place(ask(1, Buy, 100, "10"));
    v.place(ask(2, Sell, 30, "10"));
    v.place(with(ask(3, Buy, 5, "9"), |a| a.tif = Gtc));
    assert!(v.tick("20261120-23:59:59").is_empty());
    assert_eq!(v.tick("20261121-00:00:00"), ["#1 C/C 100 30 0 10", "top 5@9 / -"]);
    assert_eq!(v.cancel(1), ["#1 9 to F 39=C TOO_LATE"]);
    assert!(v.tick("20261121-00:00:01").is_empty());
}

#[test]
fn a_market_buy_spends_no_more_than_its_budget() {
    let mut v = Venue::new();
    v.place(ask(1, Sell, 60, "10"));
    v.place(ask(2, Sell, 60, "20"));
    let said = v.place(with(ask(3, Buy, 100, "market"), |a| a.notional_max = Some("1019.99")));
    let own: Vec<_> = said.iter().filter(|l| l.starts_with("#3")).collect();
    assert_eq!(
        own,
        [
            "#3 0/0 100 0 100 0",
            "#3 F/1 100 60 40 10 60@10",
            "#3 F/1 100 80 20 12.5 20@20",
            "#3 4/4 100 80 0 12.5 LIMIT_CREDIT",
        ]
    );
}

#[test]
fn self_trade_prevention_ladder() {
    let table: [(_, _, &[&str]); 6] = [
        (SelfTrade::Allow, 60, &["#2 F/2 60 60 0 10 60@10", "#1 F/1 100 60 40 10 60@10", "print 1 60@10"]),
        (SelfTrade::CancelNewest, 60, &["#2 4/4 60 0 0 0 SELF_TRADE"]),
        (SelfTrade::CancelOldest, 60, &["#1 4/4 100 0 0 0 SELF_TRADE"]),
        (SelfTrade::CancelBoth, 60, &["#1 4/4 100 0 0 0 SELF_TRADE", "#2 4/4 60 0 0 0 SELF_TRADE"]),
        (SelfTrade::Decrement, 60, &["#1 D/0 40 0 40 0 SELF_TRADE", "#2 4/4 60 0 0 0 SELF_TRADE"]),
        (SelfTrade::Decrement, 130, &["#1 4/4 100 0 0 0 SELF_TRADE", "#2 D/0 30 0 30 0 SELF_TRADE"]),
    ];
    for (policy, qty, expected) in table {
        let mut v = Venue::new();
        v.place(ask(1, Sell, 100, "10"));
        let said = v.place(with(ask(2, Buy, qty, "10"), |a| a.self_trade = policy));
        let middle: Vec<_> = said[1..].iter().filter(|l| !l.starts_with("top")).collect();
        assert_eq!(middle, expected, "{policy:?} {qty}");
        let other = v.place(with(ask(3, Buy, 1, "10"), |a| (a.firm, a.self_trade) = ("OTHER", policy)));
        assert_eq!(other[0], "#3 0/0 1 0 1 0", "another firm is not prevented");
    }
}

#[test]
fn what_no_book_can_take_ends_at_once_with_the_reason() {
    let table = [("10.005", 100, "BAD_TICK"), ("10", 0, "QTY_MIN"), ("10", -5, "QTY_MIN")];
    for (price, qty, code) in table {
        let said = Venue::new().place(ask(1, Buy, qty, price));
        assert_eq!(said.len(), 1);
        assert!(said[0].ends_with(code) && said[0].starts_with("#1 8/8"), "{said:?}");
    }
    let said = support::lines(&Venue::new().apply(ask(1, Buy, 1, "10").accepted("NONE")));
    assert_eq!(said, ["#1 8/8 1 0 0 0 UNKNOWN_SYMBOL"]);
}

#[test]
fn new_terms_of_an_instrument_cancel_what_does_not_fit_and_keep_places() {
    let mut v = Venue::new();
    v.place(ask(1, Buy, 10, "10.01"));
    v.place(ask(2, Buy, 10, "10"));
    v.place(ask(3, Buy, 10, "10"));
    let said = support::lines(&v.apply(listed("AAPL", "0.05")));
    assert_eq!(said, ["#1 4/4 10 0 0 0 BAD_TICK", "top 20@10 / -"]);
    assert!(v.place(ask(4, Sell, 10, "10"))[2].starts_with("#2 F/2"));
}

#[test]
fn a_record_delivered_or_written_twice_changes_nothing() {
    let mut v = Venue::new();
    let event = Event::from(ask(1, Buy, 10, "10").accepted("AAPL"));
    assert_eq!(v.apply_at(10, 10, &event).len(), 3);
    let state = v.execution.snapshot();
    assert!(v.apply_at(10, 10, &event).is_empty(), "the same record");
    assert_eq!(v.execution.snapshot(), state);
    assert!(v.apply_at(11, 10, &event).is_empty(), "another record of the same origin");
    let older = Event::from(ask(2, Buy, 10, "10").accepted("AAPL"));
    assert!(v.apply_at(12, 9, &older).is_empty(), "an older origin");
    assert_eq!(v.apply_at(13, 11, &older).len(), 2, "a newer one");
}

#[test]
fn a_huge_sweep_stops_at_its_bound_and_the_rest_is_cancelled() {
    let mut v = Venue::new();
    for n in 1..=16_385 {
        v.place(ask(n, Sell, 1, "10"));
    }
    let said = v.place(ask(20_000, Buy, 20_000, "10"));
    let own: Vec<_> = said.iter().filter(|l| l.starts_with("#20000")).collect();
    assert_eq!(own.len(), 16_384 + 2);
    assert_eq!(own.last().unwrap().as_str(), "#20000 4/4 20000 16384 0 10 VENUE_REFUSED");
}

#[test]
fn more_expiries_than_one_input_takes_follow_and_none_of_them_trades() {
    let mut v = Venue::new();
    for n in 1..=5_000 {
        v.place(ask(n, Sell, 1, "10"));
    }
    let first = v.tick("20261121-00:00:00");
    assert_eq!(first.iter().filter(|l| l.contains("C/C")).count(), 4_096);
    let restored = assay_execution::Execution::restore(&v.execution.snapshot()).unwrap();
    v.execution = restored;
    let said = v.place(ask(9_000, Buy, 1, "10"));
    assert_eq!(said.iter().filter(|l| l.contains("C/C")).count(), 904);
    assert!(said.iter().all(|l| !l.contains(" F/")), "{said:?}");
}

#[test]
fn a_damaged_or_foreign_snapshot_is_refused() {
    let mut v = Venue::new();
    v.place(ask(1, Buy, 10, "10.50"));
    let bytes = v.execution.snapshot();
    assert_eq!(assay_execution::Execution::restore(&bytes).unwrap().snapshot(), bytes);
    for len in 0..bytes.len() {
        assert!(assay_execution::Execution::restore(&bytes[..len]).is_err(), "cut at {len}");
    }
    let mut other = bytes.clone();
    other[0] ^= 1;
    let refused = assay_execution::Execution::restore(&other).unwrap_err().to_string();
    assert!(refused.contains("another version"), "{refused}");
    let _: assay_trading_types::Symbol = id("AAPL");
}
