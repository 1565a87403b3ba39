//! Order types and conditions, in a trader's words: order, 150/39, 38 14 151 6, fill, reason.

mod support;

use assay_trading_types::{Conditions, Expiry, Side::*, TimeInForce::*, Timestamp};
use support::{Ask, Venue, ask, shares};

fn own(said: &[String], number: u64) -> Vec<String> {
    let prefix = format!("#{number} ");
    said.iter().filter(|line| line.starts_with(&prefix)).cloned().collect()
}

fn stop(
    number: u64,
    side: assay_trading_types::Side,
    qty: i64,
    price: &'static str,
    stop: &'static str,
) -> Ask {
    Ask { stop: Some(stop), ..ask(number, side, qty, price) }
}

fn with(conditions: Conditions) -> Option<Conditions> {
    Some(conditions)
}

fn iceberg(number: u64, qty: i64, shown: i64, price: &'static str) -> Ask {
    let conditions = with(Conditions { max_floor: Some(shares(shown)), ..Conditions::default() });
    Ask { conditions, ..ask(number, Sell, qty, price) }
}

/// A trade of one share at a price, by orders 900 and up.
fn trade_at(v: &mut Venue, number: u64, price: &'static str) -> Vec<String> {
    v.place(ask(900 + 2 * number, Sell, 1, price));
    v.place(ask(901 + 2 * number, Buy, 1, price))
}

#[test]
fn m24_a_stop_waits_is_triggered_by_a_trade_and_takes_what_is_there() {
    let mut v = Venue::new();
    assert_eq!(v.place(stop(1, Sell, 100, "market", "9")), ["#1 0/0 100 0 100 0 636=N"]);
    v.place(ask(2, Buy, 1, "9"));
    v.place(ask(3, Buy, 200, "8.9"));
    let said = v.place(ask(4, Sell, 1, "9"));
    assert_eq!(
        own(&said, 1),
        ["#1 D/0 100 0 100 0 STOP_TRIGGERED 636=Y", "#1 F/2 100 100 0 8.9 100@8.9 636=Y"]
    );
    assert_eq!(said.last().unwrap(), "top 100@8.9 / -");
}

#[test]
fn m24_a_stop_limit_rests_at_its_limit_once_triggered() {
    let mut v = Venue::new();
    v.place(stop(1, Buy, 100, "10.05", "10"));
    assert_eq!(v.execution.open_order_count(), 1);
    let said = trade_at(&mut v, 0, "10");
    assert_eq!(own(&said, 1), ["#1 D/0 100 0 100 0 STOP_TRIGGERED 636=Y"]);
    assert_eq!(said.last().unwrap(), "top 100@10.05 / -");
}

fn take_profit(number: u64, side: assay_trading_types::Side, qty: i64, stop: &'static str) -> Ask {
    Ask { take_profit: true, ..self::stop(number, side, qty, "market", stop) }
}

#[test]
fn a_take_profit_waits_for_the_better_price_and_takes_what_is_there() {
    let mut v = Venue::new();
    assert_eq!(v.place(take_profit(1, Sell, 100, "11")), ["#1 0/0 100 0 100 0 636=N"]);
    v.place(ask(2, Buy, 200, "10.9"));
    assert_eq!(own(&trade_at(&mut v, 0, "10.99"), 1), [""; 0]);
    let said = trade_at(&mut v, 1, "11");
    assert_eq!(
        own(&said, 1),
        ["#1 D/0 100 0 100 0 STOP_TRIGGERED 636=Y", "#1 F/2 100 100 0 10.9 100@10.9 636=Y"]
    );
}

#[test]
fn a_take_profit_keeps_to_its_protection_price() {
    let mut v = Venue::new();
    v.place(Ask { protection: Some("9.5"), ..take_profit(1, Sell, 10, "11") });
    v.place(ask(2, Buy, 4, "9.5"));
    v.place(ask(3, Buy, 10, "9.49"));
    let said = trade_at(&mut v, 0, "11");
    assert_eq!(
        own(&said, 1),
        [
            "#1 D/0 10 0 10 0 STOP_TRIGGERED 636=Y",
            "#1 F/1 10 4 6 9.5 4@9.5 636=Y",
            "#1 4/4 10 4 0 9.5 NO_LIQUIDITY 636=Y"
        ]
    );
}

#[test]
fn a_take_profit_triggers_at_its_price_and_beyond_on_its_side_only() {
    let table = [
        (Sell, "10", "9.99", false),
        (Sell, "10", "10", true),
        (Sell, "10", "10.01", true),
        (Buy, "10", "10.01", false),
        (Buy, "10", "10", true),
        (Buy, "10", "9.99", true),
    ];
    for (side, stop_px, traded, triggered) in table {
        let mut v = Venue::new();
        v.place(take_profit(1, side, 5, stop_px));
        let said = trade_at(&mut v, 0, traded);
        assert_eq!(!own(&said, 1).is_empty(), triggered, "{side:?} take profit {stop_px}, trade {traded}");
    }
}

#[test]
fn a_take_profit_is_replaced_cancelled_and_kept_in_a_snapshot() {
    let mut v = Venue::new();
    v.place(take_profit(1, Buy, 5, "9"));
    v.place(take_profit(2, Buy, 5, "9"));
    assert_eq!(v.replace(take_profit(1, Buy, 7, "9.5")), ["#1 5/0 7 0 7 0 636=N"]);
    assert_eq!(v.replace(stop(1, Buy, 7, "market", "9.5")), ["#1 9 to G 39=0 TERMS_MISMATCH"]);
    assert_eq!(v.cancel(2), ["#2 4/4 5 0 0 0 636=N"]);
    let bytes = v.execution.snapshot();
    v.execution = assay_execution::Execution::restore(&bytes).unwrap();
    assert_eq!(v.execution.snapshot(), bytes);
    assert_eq!(own(&trade_at(&mut v, 0, "9.51"), 1), [""; 0]);
    assert!(!own(&trade_at(&mut v, 1, "9.5"), 1).is_empty());
}

#[test]
fn stop_triggers_at_its_price_and_beyond_on_its_side_only() {
    let table = [
        (Buy, "10", "9.99", false),
        (Buy, "10", "10", true),
        (Buy, "10", "10.01", true),
        (Sell, "10", "10.01", false),
        (Sell, "10", "10", true),
        (Sell, "10", "9.99", true),
    ];
    for (side, stop_px, traded, triggered) in table {
        let mut v = Venue::new();
        v.place(stop(1, side, 5, "market", stop_px));
        let said = trade_at(&mut v, 0, traded);
        assert_eq!(!own(&said, 1).is_empty(), triggered, "{side:?} stop {stop_px}, trade {traded}");
    }
}

#[test]
fn a_stop_that_is_reached_already_triggers_on_arrival() {
    let mut v = Venue::new();
    trade_at(&mut v, 0, "10");
    let said = v.place(stop(1, Buy, 5, "market", "9.5"));
    assert_eq!(
        own(&said, 1),
        ["#1 0/0 5 0 5 0 636=N", "#1 D/0 5 0 5 0 STOP_TRIGGERED 636=Y", "#1 4/4 5 0 0 0 NO_LIQUIDITY 636=Y"]
    );
}

#[test]
fn stops_cascade_the_oldest_of_those_reached_first() {
    let mut v = Venue::new();
    v.place(ask(1, Buy, 10, "10"));
    v.place(ask(2, Buy, 10, "9"));
    v.place(ask(3, Buy, 10, "8"));
    v.place(stop(4, Sell, 10, "market", "9"));
    v.place(stop(5, Sell, 10, "market", "10"));
    let said = v.place(ask(6, Sell, 10, "10"));
    let fills: Vec<_> =
        said.iter().filter(|l| l.contains(" F/") && (l.starts_with("#4") || l.starts_with("#5"))).collect();
    assert_eq!(fills, ["#5 F/2 10 10 0 9 10@9 636=Y", "#4 F/2 10 10 0 8 10@8 636=Y"]);
}

#[test]
fn a_stop_is_cancelled_and_replaced_before_and_after_its_trigger() {
    let mut v = Venue::new();
    v.place(stop(1, Buy, 5, "market", "11"));
    assert_eq!(v.replace(stop(1, Buy, 7, "market", "10.5")), ["#1 5/0 7 0 7 0 636=N"]);
    assert_eq!(v.replace(ask(1, Buy, 7, "10")), ["#1 9 to G 39=0 TERMS_MISMATCH"]);
    assert_eq!(own(&trade_at(&mut v, 0, "10.5"), 1).len(), 2, "triggered at the new price");
    v.place(stop(2, Buy, 5, "10.4", "10.5"));
    assert_eq!(v.replace(ask(2, Buy, 5, "10.3")), ["#2 5/0 5 0 5 0", "top 5@10.3 / -"]);
    v.place(stop(3, Sell, 5, "market", "1"));
    assert_eq!(v.cancel(3), ["#3 4/4 5 0 0 0 636=N"]);
    assert_eq!(v.place(ask(4, Sell, 1, "20")), ["#4 0/0 1 0 1 0", "top 5@10.3 / 1@20"]);
    assert_eq!(v.replace(stop(4, Sell, 1, "20", "9")), ["#4 9 to G 39=0 TERMS_MISMATCH"]);
}

#[test]
fn an_iceberg_shows_its_floor_and_each_next_part_queues_behind() {
    let mut v = Venue::new();
    assert_eq!(v.place(iceberg(1, 100, 10, "10")), ["#1 0/0 100 0 100 0", "top - / 10@10"]);
    v.place(ask(2, Sell, 10, "10"));
    let said = v.place(ask(3, Buy, 25, "10"));
    let makers: Vec<_> = said.iter().filter(|l| l.starts_with("#1 ") || l.starts_with("#2 ")).collect();
    assert_eq!(makers, ["#1 F/1 100 10 90 10 10@10", "#2 F/2 10 10 0 10 10@10", "#1 F/1 100 15 85 10 5@10"]);
    assert_eq!(said.last().unwrap(), "top - / 5@10");
    let rest = v.place(ask(4, Buy, 500, "10"));
    assert!(own(&rest, 1).last().unwrap().starts_with("#1 F/2 100 100 0 10"), "{rest:?}");
    assert_eq!(rest.last().unwrap(), "top 415@10 / -");
}

#[test]
fn less_of_an_iceberg_comes_off_what_is_hidden_and_keeps_its_place() {
    let mut v = Venue::new();
    v.place(iceberg(1, 100, 10, "10"));
    v.place(ask(2, Sell, 10, "10"));
    assert_eq!(v.replace(iceberg(1, 12, 10, "10")), ["#1 5/0 12 0 12 0"]);
    let said = v.place(ask(3, Buy, 11, "10"));
    assert!(own(&said, 1)[0].contains("10@10"), "{said:?}");
    assert_eq!(said.last().unwrap(), "top - / 11@10");
}

#[test]
fn iceberg_floor_ladder() {
    let table = [
        (1, "10", None),
        (99, "10", None),
        (100, "10", Some("UNSUPPORTED_TERMS")),
        (0, "10", Some("UNSUPPORTED_TERMS")),
        (10, "market", Some("UNSUPPORTED_TERMS")),
    ];
    for (floor, price, refusal) in table {
        let said = Venue::new().place(iceberg(1, 100, floor, price));
        assert_eq!(
            said[0].split_whitespace().nth(6).map(str::to_owned),
            refusal.map(str::to_owned),
            "{floor} {said:?}"
        );
    }
}

#[test]
fn post_only_rests_or_is_cancelled_never_takes() {
    let table = [
        ("9.99", &["#2 0/0 5 0 5 0", "top 5@9.99 / 5@10"][..]),
        ("10", &["#2 0/0 5 0 5 0", "#2 4/4 5 0 0 0 POST_ONLY"]),
    ];
    for (price, expected) in table {
        let mut v = Venue::new();
        v.place(ask(1, Sell, 5, "10"));
        let conditions = with(Conditions { post_only: true, ..Conditions::default() });
        assert_eq!(v.place(Ask { conditions, ..ask(2, Buy, 5, price) }), expected, "{price}");
    }
}

#[test]
fn min_qty_of_an_ioc_is_filled_at_once_or_nothing_is() {
    for (min, expected) in [(60, "#2 4/4 100 60 0 10 IOC_REMAINDER"), (61, "#2 4/4 100 0 0 0 IOC_REMAINDER")]
    {
        let mut v = Venue::new();
        v.place(ask(1, Sell, 60, "10"));
        let conditions = with(Conditions { min_qty: Some(shares(min)), ..Conditions::default() });
        let said = v.place(Ask { conditions, tif: Ioc, ..ask(2, Buy, 100, "10") });
        assert_eq!(own(&said, 2).last().unwrap(), expected, "at least {min}");
    }
    let conditions = with(Conditions { min_qty: Some(shares(1)), ..Conditions::default() });
    let said = Venue::new().place(Ask { conditions, ..ask(1, Buy, 100, "10") });
    assert_eq!(said, ["#1 8/8 100 0 0 0 UNSUPPORTED_TERMS"], "with an order that rests");
}

#[test]
fn fill_or_kill_counts_what_icebergs_hide() {
    for (qty, expected) in [(105, 'F'), (106, '4')] {
        let mut v = Venue::new();
        v.place(iceberg(1, 100, 10, "10"));
        v.place(ask(2, Sell, 5, "10.01"));
        let said = v.place(Ask { tif: Fok, ..ask(3, Buy, qty, "10.01") });
        assert!(own(&said, 3).last().unwrap().starts_with(&format!("#3 {expected}")), "{qty}: {said:?}");
    }
}

#[test]
fn all_or_none_waits_beside_the_book_until_it_is_filled_whole() {
    let mut v = Venue::new();
    v.place(ask(1, Sell, 60, "10"));
    let conditions = with(Conditions { all_or_none: true, ..Conditions::default() });
    assert_eq!(
        v.place(Ask { conditions: conditions.clone(), ..ask(2, Buy, 100, "10") }),
        ["#2 0/0 100 0 100 0"]
    );
    assert_eq!(v.place(ask(3, Sell, 39, "10")).len(), 2, "99 are not enough");
    let said = v.place(ask(4, Sell, 1, "9.99"));
    assert_eq!(own(&said, 2).last().unwrap(), "#2 F/2 100 100 0 9.9999 39@10");
    assert_eq!(said.last().unwrap(), "top - / -");
    assert_eq!(v.execution.open_order_count(), 0);
    let ioc = Venue::new().place(Ask { conditions, tif: Ioc, ..ask(1, Buy, 1, "10") });
    assert_eq!(ioc, ["#1 8/8 1 0 0 0 UNSUPPORTED_EXECINST"]);
}

#[test]
fn gtd_ends_with_the_tick_at_its_time_and_not_before() {
    let at = Timestamp::parse_fix(b"20261121-10:00:00").unwrap();
    let until = |expiry| with(Conditions { expiry: Some(expiry), ..Conditions::default() });
    let mut v = Venue::new();
    v.place(Ask { conditions: until(Expiry::Time(at)), tif: Gtd, ..ask(1, Buy, 5, "10") });
    v.place(Ask { conditions: until(Expiry::Date(20_261_121)), tif: Gtd, ..ask(2, Buy, 5, "9") });
    v.place(Ask { conditions: until(Expiry::Time(at)), tif: Gtd, ..stop(3, Buy, 5, "market", "20") });
    assert!(v.tick("20261121-09:59:59").is_empty());
    v.execution = assay_execution::Execution::restore(&v.execution.snapshot()).unwrap();
    let said = v.tick("20261121-10:00:00");
    assert_eq!(said, ["#1 C/C 5 0 0 0", "#3 C/C 5 0 0 0 636=N", "top 5@9 / -"]);
    assert!(v.tick("20261121-23:59:59").is_empty());
    assert_eq!(v.tick("20261122-00:00:00"), ["#2 C/C 5 0 0 0", "top - / -"]);
    assert_eq!(v.cancel(2), ["#2 9 to F 39=C TOO_LATE"]);
    let past = v.place(Ask { conditions: until(Expiry::Time(at)), tif: Gtd, ..ask(4, Buy, 5, "10") });
    assert_eq!(past, ["#4 8/8 5 0 0 0 EXPIRE_PAST"]);
}

#[test]
fn a_cancelled_gtd_order_leaves_nothing_behind() {
    let at = Timestamp::parse_fix(b"20261121-10:00:00").unwrap();
    let conditions = with(Conditions { expiry: Some(Expiry::Time(at)), ..Conditions::default() });
    let mut v = Venue::new();
    let empty = v.execution.snapshot().len();
    v.place(Ask { conditions, tif: Gtd, ..ask(1, Buy, 5, "10") });
    v.cancel(1);
    assert!(v.tick("20261121-10:00:00").is_empty());
    assert!(v.execution.snapshot().len() < empty + 300);
}

#[test]
fn terms_of_auctions_need_a_calendar() {
    for tif in [AtOpen, AtClose] {
        let said = Venue::new().place(Ask { tif, ..ask(1, Buy, 5, "10") });
        assert_eq!(said, ["#1 8/8 5 0 0 0 UNSUPPORTED_TIF"]);
    }
}

#[test]
fn a_market_order_does_not_trade_beyond_its_protection_price() {
    for (side, there, protection, expected) in [
        (Buy, ["10", "10.01"], "10", "#3 4/4 100 60 0 10 NO_LIQUIDITY"),
        (Buy, ["10", "10.01"], "10.005", "#3 4/4 100 60 0 10 NO_LIQUIDITY"),
        (Buy, ["10", "10.01"], "10.01", "#3 F/2 100 100 0 10.004 40@10.01"),
        (Sell, ["10", "9.99"], "9.995", "#3 4/4 100 60 0 10 NO_LIQUIDITY"),
    ] {
        let mut v = Venue::new();
        let other = if side == Buy { Sell } else { Buy };
        v.place(ask(1, other, 60, there[0]));
        v.place(ask(2, other, 60, there[1]));
        let said = v.place(Ask { protection: Some(protection), ..ask(3, side, 100, "market") });
        assert_eq!(own(&said, 3).last().unwrap(), expected, "{side:?} {protection}");
    }
}
