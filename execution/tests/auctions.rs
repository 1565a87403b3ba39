//! Phases and auctions, in a trader's words.

mod support;

use Side::{Buy, Sell};
use assay_execution::Execution;
use assay_trading_types::*;
use support::{Ask, Venue, ask, id};

fn calendar_market(volatility: Option<VolatilityGuard>) -> Venue {
    support::calendar_market(volatility, "10")
}

fn public(said: &[String]) -> Vec<&str> {
    said.iter().map(String::as_str).filter(|l| !l.starts_with('#')).collect()
}

/// Phases are told to accounts and to the public; once is enough here.
fn phases(said: &[String]) -> Vec<String> {
    let mut lines: Vec<String> =
        said.iter().filter(|l| l.starts_with(|c: char| c.is_ascii_uppercase())).cloned().collect();
    lines.dedup();
    lines
}

#[test]
fn a_day_goes_through_its_phases() {
    let mut v = calendar_market(None);
    assert_eq!(v.place(ask(1, Buy, 5, "10")), ["#1 8/8 5 0 0 0 MARKET_CLOSED"]);
    let table = [
        ("13:00:00", "PreOpen 20261123"),
        ("14:25:00", "OpeningAuction 20261123"),
        ("14:30:00", "Continuous 20261123"),
        ("20:55:00", "ClosingAuction 20261123"),
        ("21:00:00", "Closed"),
    ];
    for (clock, phase) in table {
        assert_eq!(phases(&v.tick(&format!("20261123-{clock}"))), [phase]);
    }
    assert!(v.tick("20261123-21:00:01").is_empty());
}

#[test]
fn an_opening_auction_trades_at_one_price_and_the_rest_goes_on() {
    let mut v = calendar_market(None);
    v.tick("20261123-13:00:00");
    assert_eq!(v.place(ask(1, Buy, 100, "10.02")), ["#1 0/0 100 0 100 0"], "no top of book in an auction");
    v.place(ask(2, Sell, 60, "10"));
    v.place(ask(3, Buy, 50, "market"));
    v.place(Ask { tif: TimeInForce::AtOpen, ..ask(4, Sell, 30, "10.01") });
    assert_eq!(
        v.place(Ask { tif: TimeInForce::Ioc, ..ask(5, Buy, 1, "11") }),
        ["#5 8/8 1 0 0 0 MARKET_CLOSED"]
    );
    assert_eq!(v.tick("20261123-13:00:01"), ["auction 90@10.02 Buy 60 over"]);
    assert!(v.tick("20261123-13:00:02").is_empty(), "indicated only when it changes");
    v.execution = Execution::restore(&v.execution.snapshot()).unwrap();
    let said = v.tick("20261123-14:30:00");
    let fills: Vec<_> = said.iter().filter(|l| l.contains(" F/")).cloned().collect();
    assert_eq!(
        fills,
        [
            "#3 F/2 50 50 0 10.02 50@10.02",
            "#2 F/1 60 50 10 10.02 50@10.02",
            "#2 F/2 60 60 0 10.02 10@10.02",
            "#1 F/1 100 10 90 10.02 10@10.02",
            "#4 F/2 30 30 0 10.02 30@10.02",
            "#1 F/1 100 40 60 10.02 30@10.02",
        ]
    );
    assert_eq!(public(&said).last(), Some(&"top 60@10.02 / -"));
}

#[test]
fn what_is_left_of_auction_orders_ends_with_the_auction() {
    let mut v = calendar_market(None);
    v.tick("20261123-13:00:00");
    v.place(Ask { tif: TimeInForce::AtOpen, ..ask(1, Buy, 10, "9") });
    v.place(ask(2, Sell, 10, "market"));
    v.place(ask(3, Buy, 4, "9.5"));
    let said = v.tick("20261123-14:30:00");
    assert!(said.contains(&"#2 F/2 10 10 0 9 6@9".to_owned()), "{said:?}");
    assert!(said.contains(&"#1 4/4 10 6 0 9 AUCTION_REMAINDER".to_owned()), "{said:?}");
    assert_eq!(
        v.place(Ask { tif: TimeInForce::AtOpen, ..ask(4, Buy, 1, "9") }),
        ["#4 8/8 1 0 0 0 MARKET_CLOSED"]
    );
}

#[test]
fn at_the_close_waits_for_the_closing_auction() {
    let mut v = calendar_market(None);
    v.tick("20261123-14:30:00");
    assert_eq!(v.place(Ask { tif: TimeInForce::AtClose, ..ask(1, Buy, 10, "11") }), ["#1 0/0 10 0 10 0"]);
    assert_eq!(
        v.place(ask(2, Sell, 4, "10.5")),
        ["#2 0/0 4 0 4 0", "top - / 4@10.5"],
        "it does not trade before"
    );
    v.tick("20261123-20:55:00");
    let said = v.tick("20261123-21:00:00");
    let own: Vec<_> = said.iter().filter(|l| l.starts_with("#1")).collect();
    assert_eq!(own, ["#1 F/1 10 4 6 11 4@11", "#1 4/4 10 4 0 11 AUCTION_REMAINDER"]);
}

#[test]
fn m22_m23_at_the_close_day_orders_expire_once_and_others_are_done_for_the_day_and_renewed() {
    let mut v = calendar_market(None);
    v.tick("20261123-14:30:00");
    v.place(ask(1, Buy, 100, "10"));
    v.place(Ask { tif: TimeInForce::Gtc, ..ask(2, Buy, 100, "9") });
    v.place(ask(3, Sell, 130, "9"));
    v.tick("20261123-20:55:00");
    let said = v.tick("20261123-21:00:00");
    let orders: Vec<_> = said.iter().filter(|l| l.starts_with('#')).collect();
    assert_eq!(orders, ["#2 3/3 100 30 70 9"]);
    v.place(ask(4, Buy, 1, "9"));
    v.execution = Execution::restore(&v.execution.snapshot()).unwrap();
    assert_eq!(v.place(ask(5, Buy, 1, "9")), ["#5 8/8 1 0 0 0 MARKET_CLOSED"]);
    let said = v.tick("20261124-13:00:00");
    assert_eq!(said[0], "#2 D/1 100 30 70 9 GT_RENEWAL");
    assert_eq!(phases(&said), ["PreOpen 20261124"]);
    v.place(ask(6, Buy, 5, "8"));
    v.tick("20261124-14:30:00");
    let said = v.tick("20261124-21:00:00");
    let orders: Vec<_> = said.iter().filter(|l| l.starts_with('#')).collect();
    assert_eq!(orders, ["#2 3/3 100 30 70 9", "#6 C/C 5 0 0 0"]);
    assert!(v.tick("20261125-14:00:00").is_empty(), "behind its last day the market is closed");
}

#[test]
fn a_node_that_slept_over_the_close_expires_and_renews_when_it_wakes() {
    let mut v = calendar_market(None);
    v.tick("20261123-15:00:00");
    v.place(ask(1, Buy, 100, "10"));
    v.place(Ask { tif: TimeInForce::Gtc, ..ask(2, Buy, 100, "9") });
    let said = v.tick("20261124-15:00:00");
    let orders: Vec<_> = said.iter().filter(|l| l.starts_with('#')).collect();
    assert_eq!(orders, ["#1 C/C 100 0 0 0", "#2 3/3 100 0 100 0", "#2 D/0 100 0 100 0 GT_RENEWAL"]);
    assert_eq!(phases(&said), ["Closed", "Continuous 20261124"]);
}

#[test]
fn gtd_by_date_ends_with_its_trading_day() {
    let mut v = calendar_market(None);
    v.tick("20261123-15:00:00");
    let until = |date| Some(Conditions { expiry: Some(Expiry::Date(date)), ..Conditions::default() });
    v.place(Ask { conditions: until(20_261_123), tif: TimeInForce::Gtd, ..ask(1, Buy, 5, "10") });
    v.place(Ask { conditions: until(20_261_124), tif: TimeInForce::Gtd, ..ask(2, Buy, 5, "10") });
    let said = v.tick("20261123-21:00:00");
    let orders: Vec<_> = said.iter().filter(|l| l.starts_with('#')).collect();
    assert_eq!(orders, ["#1 C/C 5 0 0 0", "#2 3/3 5 0 5 0"]);
}

#[test]
fn a_trade_outside_the_band_becomes_an_auction() {
    let mut v = calendar_market(Some(VolatilityGuard { band_bp: 500, auction_ns: 60_000_000_000 }));
    v.tick("20261123-14:30:00");
    v.place(ask(1, Sell, 10, "10.50"));
    v.place(ask(2, Sell, 10, "10.51"));
    let said = v.place(ask(3, Buy, 15, "10.51"));
    assert!(said.contains(&"#3 F/1 15 10 5 10.5 10@10.50".to_owned()), "5 % is within the band: {said:?}");
    assert_eq!(phases(&said), ["VolatilityAuction 20261123 until 14:31:00"]);
    assert_eq!(
        v.place(Ask { tif: TimeInForce::Ioc, ..ask(4, Buy, 1, "12") }),
        ["#4 8/8 1 0 0 0 MARKET_CLOSED"]
    );
    assert!(v.tick("20261123-14:30:59").iter().all(|l| l.starts_with("auction")), "still in the auction");
    let said = v.tick("20261123-14:31:00");
    assert!(said.iter().any(|l| l.starts_with("#3 F/2 15 15 0")), "{said:?}");
    assert_eq!(phases(&said), ["Continuous 20261123"]);
}

#[test]
fn an_immediate_order_that_would_leave_the_band_is_cut_off() {
    let mut v = calendar_market(Some(VolatilityGuard { band_bp: 500, auction_ns: 60_000_000_000 }));
    v.tick("20261123-14:30:00");
    v.place(ask(1, Sell, 10, "10.51"));
    for (number, tif, code) in [(2, TimeInForce::Fok, "FOK_UNFILLED"), (3, TimeInForce::Ioc, "HALT")] {
        let said = v.place(Ask { tif, ..ask(number, Buy, 5, "11") });
        assert!(said[1].ends_with(code), "{said:?}");
    }
}

#[test]
fn an_operator_halts_and_resumes() {
    let mut v = calendar_market(None);
    v.tick("20261123-14:30:00");
    v.place(ask(1, Buy, 10, "10"));
    let set = |halted| TradingStateSet { symbol: id("AAPL"), halted, reason: "news".into() };
    assert_eq!(phases(&support::lines(&v.apply(set(true)))), ["Halted 20261123"]);
    assert_eq!(v.place(ask(2, Sell, 10, "10")), ["#2 8/8 10 0 0 0 HALTED"]);
    assert_eq!(v.replace(ask(1, Buy, 11, "10")), ["#1 9 to G 39=0 HALTED"]);
    assert_eq!(v.cancel(1), ["#1 4/4 10 0 0 0"]);
    assert_eq!(phases(&support::lines(&v.apply(set(false)))), ["Continuous 20261123"]);
}

#[test]
fn a_market_without_a_calendar_halts_too() {
    let mut v = Venue::new();
    v.apply(TradingStateSet { symbol: id("AAPL"), halted: true, reason: "news".into() });
    assert_eq!(v.place(ask(1, Sell, 10, "10")), ["#1 8/8 10 0 0 0 HALTED"]);
}

#[test]
fn stops_wait_for_continuous_trading() {
    let mut v = calendar_market(None);
    v.tick("20261123-13:00:00");
    v.place(Ask { stop: Some("10"), ..ask(1, Buy, 5, "market") });
    v.place(ask(2, Buy, 5, "10"));
    v.place(ask(3, Sell, 5, "10"));
    v.place(ask(4, Sell, 5, "10.2"));
    let said = v.tick("20261123-14:30:00");
    let own: Vec<_> = said.iter().filter(|l| l.starts_with("#1")).collect();
    assert_eq!(own, ["#1 D/0 5 0 5 0 STOP_TRIGGERED 636=Y", "#1 F/2 5 5 0 10.2 5@10.2 636=Y"]);
}

#[test]
fn self_trade_prevention_in_an_auction_follows_the_newer_order() {
    let table: [(_, &[&str]); 4] = [
        (SelfTrade::CancelNewest, &["#2 4/4 6 0 0 0 SELF_TRADE"]),
        (SelfTrade::CancelOldest, &["#1 4/4 10 0 0 0 SELF_TRADE"]),
        (SelfTrade::CancelBoth, &["#1 4/4 10 0 0 0 SELF_TRADE", "#2 4/4 6 0 0 0 SELF_TRADE"]),
        (SelfTrade::Decrement, &["#1 D/0 4 0 4 0 SELF_TRADE", "#2 4/4 6 0 0 0 SELF_TRADE"]),
    ];
    for (policy, expected) in table {
        let mut v = calendar_market(None);
        v.tick("20261123-13:00:00");
        v.place(ask(1, Buy, 10, "10"));
        v.place(Ask { self_trade: policy, ..ask(2, Sell, 6, "10") });
        let said = v.tick("20261123-14:30:00");
        let orders: Vec<_> = said.iter().filter(|l| l.starts_with('#')).collect();
        assert_eq!(orders, expected, "{policy:?}");
    }
}

/// Uncrossing prices as tables: buyers, sellers, reference, what comes out.
#[test]
fn uncrossing_price_ladder() {
    type Orders = &'static [(i64, &'static str)];
    let table: [(&str, Orders, Orders, &str, &str); 8] = [
        (
            "most trades",
            &[(10, "10.05"), (10, "10.03")],
            &[(10, "10.00"), (10, "10.03")],
            "9",
            "auction 20@10.03",
        ),
        (
            "least left over",
            &[(30, "10.05")],
            &[(10, "10.00"), (10, "10.05"), (5, "10.01")],
            "9",
            "auction 25@10.05 Buy 5 over",
        ),
        (
            "only buyers left over: the highest",
            &[(20, "10.05")],
            &[(10, "10.00")],
            "9",
            "auction 10@10.05 Buy 10 over",
        ),
        (
            "only sellers left over: the lowest",
            &[(10, "10.05")],
            &[(20, "10.00")],
            "11",
            "auction 10@10 Sell 10 over",
        ),
        (
            "nobody left over: next to the reference",
            &[(10, "10.05")],
            &[(10, "10.00")],
            "10.02",
            "auction 10@10.02",
        ),
        ("reference below", &[(10, "10.05")], &[(10, "10.00")], "9", "auction 10@10"),
        ("reference above", &[(10, "10.05")], &[(10, "10.00")], "11", "auction 10@10.05"),
        (
            "orders at any price count everywhere",
            &[(10, "market"), (5, "10")],
            &[(15, "market")],
            "9.5",
            "auction 15@9.5",
        ),
    ];
    for (what, buyers, sellers, reference, expected) in table {
        let mut v = calendar_market(None);
        let rules = TradingRulesSet {
            symbol: id("AAPL"),
            calendar: Some(id("XNYS")),
            volatility: None,
            reference_price: Some(id(reference)),
        };
        v.apply(rules);
        v.tick("20261123-13:00:00");
        let orders = buyers.iter().map(|o| (Buy, o)).chain(sellers.iter().map(|o| (Sell, o)));
        for (number, (side, (qty, price))) in orders.enumerate() {
            v.place(ask(number as u64 + 1, side, *qty, price));
        }
        assert_eq!(v.tick("20261123-13:00:01"), [expected], "{what}");
    }
}

#[test]
fn what_prevention_leaves_crossed_trades_at_a_price_of_its_own() {
    let mut v = calendar_market(None);
    v.tick("20261123-13:00:00");
    v.place(ask(1, Buy, 10, "10.05"));
    v.place(Ask { firm: "OTHER", ..ask(2, Buy, 10, "10.01") });
    let sale = ask(3, Sell, 10, "10");
    v.place(Ask { self_trade: SelfTrade::CancelOldest, ..sale });
    let said = v.tick("20261123-14:30:00");
    let orders: Vec<_> = said.iter().filter(|l| l.starts_with('#')).collect();
    assert_eq!(orders, ["#1 4/4 10 0 0 0 SELF_TRADE", "#3 F/2 10 10 0 10 10@10", "#2 F/2 10 10 0 10 10@10"]);
    assert!(public(&said).contains(&"print 1 10@10"), "{said:?}");
}
