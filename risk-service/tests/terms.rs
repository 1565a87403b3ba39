//! Terms that fit each other or do not, and what is held for orders that wait.

mod desk;

use assay_trading_types::*;
use desk::{Ask, Desk, answer, ask, id};

fn placed(ask: Ask) -> (String, Desk) {
    let mut desk = Desk::new();
    desk.market = false;
    let said = desk.place(ask);
    (answer(&said), desk)
}

fn stop(name: &str, text: &str, stop_px: &'static str) -> Ask {
    let ord_type = if text.contains("market") { OrdType::Stop } else { OrdType::StopLimit };
    Ask { stop_px: Some(stop_px), ord_type: Some(ord_type), ..ask(name, text) }
}

#[test]
fn a_stop_takes_its_prices_and_rests() {
    assert_eq!(placed(stop("a", "buy 1 @ market", "11")).0, "ok");
    assert_eq!(placed(stop("a", "buy 1 @ 12", "11")).0, "ok");
    assert_eq!(placed(Ask { stop_px: None, ..stop("a", "buy 1 @ market", "11") }).0, "BAD_PRICE");
    assert_eq!(placed(Ask { stop_px: None, ..stop("a", "buy 1 @ 12", "11") }).0, "BAD_PRICE");
    assert_eq!(placed(stop("a", "buy 1 @ market", "11.005")).0, "BAD_TICK");
    assert_eq!(placed(stop("a", "buy 1 @ market", "0")).0, "BAD_PRICE");
    for (tif, expected) in [
        (TimeInForce::Gtc, "ok"),
        (TimeInForce::Ioc, "UNSUPPORTED_TIF"),
        (TimeInForce::AtOpen, "UNSUPPORTED_TIF"),
    ] {
        assert_eq!(placed(Ask { tif, ..stop("a", "buy 1 @ market", "11") }).0, expected, "{tif:?}");
    }
}

#[test]
fn a_stop_holds_before_it_is_triggered_what_it_may_cost_then() {
    // From its own price on, which is above the reference of 10, a tenth of the reference further.
    assert_eq!(placed(stop("a", "buy 100 @ market", "12")).1.funds("ACME", "USD"), "10000/8700");
    assert_eq!(placed(stop("a", "buy 100 @ market", "8")).1.funds("ACME", "USD"), "10000/8900");
    assert_eq!(placed(stop("a", "buy 100 @ 12.50", "12")).1.funds("ACME", "USD"), "10000/8750");
    assert_eq!(placed(stop("a", "sell 100 @ market", "9")).1.funds("ACME", "AAPL"), "1000/900");
    assert_eq!(placed(stop("a", "buy 1000 @ market", "12")).0, "LIMIT_CREDIT");
}

fn take_profit(name: &str, text: &str, stop_px: &'static str) -> Ask {
    Ask { ord_type: Some(OrdType::TakeProfit), ..stop(name, text, stop_px) }
}

#[test]
fn a_take_profit_takes_the_prices_and_the_times_of_a_stop() {
    assert_eq!(placed(take_profit("a", "buy 1 @ market", "9")).0, "ok");
    assert_eq!(placed(take_profit("a", "buy 1 @ 12", "9")).0, "PRICE_NOT_ALLOWED");
    assert_eq!(placed(Ask { stop_px: None, ..take_profit("a", "buy 1 @ market", "9") }).0, "BAD_PRICE");
    assert_eq!(placed(take_profit("a", "buy 1 @ market", "9.005")).0, "BAD_TICK");
    for (tif, expected) in [(TimeInForce::Gtc, "ok"), (TimeInForce::Ioc, "UNSUPPORTED_TIF")] {
        assert_eq!(placed(Ask { tif, ..take_profit("a", "buy 1 @ market", "9") }).0, expected, "{tif:?}");
    }
}

#[test]
fn a_take_profit_runs_from_where_it_is_touched() {
    let protection = |what: &str, stop: &'static str| {
        let mut desk = Desk::new();
        desk.market = false;
        desk.protection_of(take_profit("a", what, stop)).expect("it is accepted")
    };
    // Its own price and a tenth of the reference of 10.
    assert_eq!(protection("buy 100 @ market", "9"), "10");
    assert_eq!(protection("sell 100 @ market", "12"), "11");
    // One on the wrong side is touched at once, and kept to what a market order is.
    assert_eq!(protection("buy 100 @ market", "20"), "11");
    assert_eq!(protection("sell 100 @ market", "0.01"), "9");
    assert_eq!(placed(take_profit("a", "buy 100 @ market", "9")).1.funds("ACME", "USD"), "10000/9000");
    assert_eq!(placed(take_profit("a", "sell 100 @ market", "12")).1.funds("ACME", "AAPL"), "1000/900");
    assert_eq!(placed(take_profit("a", "buy 1001 @ market", "9")).0, "LIMIT_CREDIT");
}

#[test]
fn a_stop_that_becomes_a_limit_holds_for_both_until_the_market_answers() {
    let (_, mut desk) = placed(stop("a", "buy 100 @ market", "12"));
    let limit = stop("b", "buy 100 @ 12", "12");
    assert_eq!(answer(&desk.replace("a", limit)), "ok");
    assert_eq!(desk.funds("ACME", "USD"), "10000/7500", "1,300 and 1,200");
}

#[test]
fn an_iceberg_holds_for_all_of_it() {
    let conditions = Some(Conditions { max_floor: Some(id("10")), ..Conditions::default() });
    let (said, desk) = placed(Ask { conditions, ..ask("a", "buy 100 @ 10") });
    assert_eq!((said.as_str(), desk.funds("ACME", "USD").as_str()), ("ok", "10000/9000"));
}

#[test]
fn conditions_that_do_not_fit_are_refused() {
    let until = |ns: i64| Some(Expiry::Time(Desk::empty().now.plus_ns(ns)));
    let none = Conditions::default;
    let qty = |text: &str| Some(id(text));
    use TimeInForce as T;
    let table = [
        (T::Gtd, Conditions { expiry: until(1), ..none() }, "ok"),
        (T::Gtd, Conditions { expiry: until(0), ..none() }, "EXPIRE_PAST"),
        (T::Gtd, none(), "UNSUPPORTED_TERMS"),
        (T::Day, Conditions { expiry: until(1), ..none() }, "UNSUPPORTED_TERMS"),
        (T::Ioc, Conditions { min_qty: qty("100"), ..none() }, "ok"),
        (T::Ioc, Conditions { min_qty: qty("101"), ..none() }, "UNSUPPORTED_TERMS"),
        (T::Ioc, Conditions { min_qty: qty("0"), ..none() }, "UNSUPPORTED_TERMS"),
        (T::Day, Conditions { min_qty: qty("10"), ..none() }, "UNSUPPORTED_TERMS"),
        (T::Day, Conditions { max_floor: qty("99"), ..none() }, "ok"),
        (T::Day, Conditions { max_floor: qty("100"), ..none() }, "UNSUPPORTED_TERMS"),
        (T::Ioc, Conditions { max_floor: qty("10"), ..none() }, "UNSUPPORTED_TERMS"),
        (T::Day, Conditions { post_only: true, ..none() }, "ok"),
        (T::Ioc, Conditions { post_only: true, ..none() }, "UNSUPPORTED_EXECINST"),
        (T::Gtc, Conditions { all_or_none: true, ..none() }, "ok"),
        (T::Fok, Conditions { all_or_none: true, ..none() }, "UNSUPPORTED_EXECINST"),
    ];
    for (tif, conditions, expected) in table {
        let ask = Ask { tif, conditions: Some(conditions.clone()), ..ask("a", "buy 100 @ 10") };
        assert_eq!(placed(ask).0, expected, "{tif:?} {conditions:?}");
    }
}
