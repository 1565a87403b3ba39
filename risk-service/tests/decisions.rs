//! What risk refuses, in ladders: at the limit, one over, missing.

mod desk;

use assay_trading_types::*;
use desk::{Ask, Desk, amount, answer, ask, id};

fn ladder(limit: impl Fn(&mut Limits), table: &[(&str, &str)]) {
    for (n, (text, expected)) in table.iter().enumerate() {
        let mut desk = Desk::new();
        desk.limits(&limit);
        let lines = desk.place(ask(&format!("a{n}"), text));
        assert_eq!(answer(&lines), *expected, "{text}: {lines:?}");
        desk.check_books();
    }
}

#[test]
fn each_limit_holds_at_its_value_and_refuses_one_over() {
    ladder(|l| l.order_qty_max = Some(id("100")), &[("buy 100 @ 10", "ok"), ("buy 101 @ 10", "LIMIT_QTY")]);
    let notional = |l: &mut Limits| l.order_notional_max = Some(amount("1000"));
    ladder(notional, &[("buy 100 @ 10", "ok"), ("sell 100 @ 10.01", "LIMIT_NOTIONAL")]);
    // 1,000 AAPL at 10 are held already; a sale lowers what is at risk.
    let gross = |l: &mut Limits| l.gross_notional_max = Some(amount("11000"));
    ladder(gross, &[("buy 100 @ 10", "ok"), ("buy 101 @ 10", "LIMIT_GROSS"), ("sell 101 @ 10", "ok")]);
    let collar = |l: &mut Limits| l.price_collar_bp = Some(500);
    ladder(
        collar,
        &[
            ("buy 1 @ 10.50", "ok"),
            ("buy 1 @ 10.51", "PRICE_COLLAR"),
            ("sell 1 @ 9.50", "ok"),
            ("sell 1 @ 9.49", "PRICE_COLLAR"),
        ],
    );
    ladder(|_| (), &[("buy 1000 @ 10", "ok"), ("buy 1 @ 99", "ok"), ("buy 1001 @ 10", "LIMIT_CREDIT")]);
    ladder(|_| (), &[("sell 1000 @ 10", "ok"), ("sell 1001 @ 10", "LIMIT_CREDIT")]);
}

#[test]
fn terms_that_cannot_be_are_refused_by_kind() {
    let table = [
        ("buy 0 @ 10", "QTY_MIN"),
        ("buy -1 @ 10", "QTY_MIN"),
        ("buy 1.5 @ 10", "BAD_LOT"),
        ("buy 1 @ 10.005", "BAD_TICK"),
        ("buy 1 @ 0", "BAD_PRICE"),
        ("buy 1 @ -1", "BAD_PRICE"),
        ("buy 1 @ none", "BAD_PRICE"),
    ];
    ladder(|_| (), &table);
    let mut desk = Desk::new();
    let unlisted = Ask { symbol: "MSFT", ..ask("a", "buy 0 @ 0") };
    assert_eq!(answer(&desk.place(unlisted)), "UNKNOWN_SYMBOL");
    let other = Ask { account: "BETA", ..ask("b", "buy 1 @ 10") };
    assert_eq!(answer(&desk.place(other)), "UNKNOWN_ACCOUNT");
}

#[test]
fn without_a_usable_reference_price_every_order_fails_closed() {
    let mut desk = Desk::new();
    desk.list("MSFT", "0.01", "1");
    let market = Ask { symbol: "MSFT", ..ask("a", "buy 1 @ market") };
    assert_eq!(answer(&desk.place(market)), "NO_REF_PRICE");
    let limit = |name: &str| Ask { symbol: "MSFT", ..ask(name, "buy 1 @ 10") };
    assert_eq!(answer(&desk.place(limit("b"))), "NO_REF_PRICE");
    desk.give(ReferencePriceSet {
        symbol: id("MSFT"),
        price: id("10"),
        max_age_ns: Some(1_000_000_000),
        source: None,
    });
    desk.later_ms(1_000);
    assert_eq!(answer(&desk.place(limit("c"))), "ok");
    desk.later_ms(1);
    assert_eq!(answer(&desk.place(limit("d"))), "NO_REF_PRICE", "stale");
}

#[test]
fn a_stop_price_on_an_order_that_is_no_stop_is_refused() {
    let mut desk = Desk::new();
    for (name, text) in [("a", "buy 1 @ 10"), ("b", "buy 1 @ market")] {
        assert_eq!(answer(&desk.place(Ask { stop_px: Some("9"), ..ask(name, text) })), "PRICE_NOT_ALLOWED");
    }
}

/// The lots of an instrument become smaller under an open order whose hold allowed for fewer, larger fills, each of
/// which rounds up; the client has nothing beside the hold.
#[test]
fn what_smaller_lots_cost_beyond_hold_and_funds_is_paid_by_the_house() {
    let mut desk = Desk::empty();
    desk.list("AAPL", "0.000000001", "10");
    desk.reference("AAPL", "0.000000001");
    for firm in ["ACME", "BETA"] {
        desk.open_firm(firm, Commission::default(), SelfTrade::Allow);
    }
    desk.credit("ACME", "USD", "0.000000015");
    desk.credit("BETA", "AAPL", "100");
    assert_eq!(answer(&desk.place(ask("b", "buy 10 @ 0.000000001"))), "ok");
    desk.list("AAPL", "0.000000001", "0.625");
    desk.market = false;
    desk.report_fills("b", 16, "0.625");
    assert!(desk.risk.open_orders().is_empty(), "filled by 16 fills, each rounded up to a billionth");
    let paid = desk.risk.position(&id("ACME"), &id("USD"));
    assert_eq!(paid, Amount::ZERO);
    for (asset, debits, credits) in desk.risk.trial_balance() {
        assert_eq!(debits, credits, "{asset}");
    }
}

#[test]
fn orders_a_second_are_counted_in_a_sliding_window_and_refused_ids_stay_free() {
    let mut desk = Desk::new();
    desk.limits(|l| l.orders_per_s_max = Some(2));
    let place = |desk: &mut Desk, name: &str| answer(&desk.place(ask(name, "buy 1 @ 10")));
    assert_eq!(place(&mut desk, "a"), "ok");
    desk.later_ms(600);
    assert_eq!(place(&mut desk, "b"), "ok");
    assert_eq!(place(&mut desk, "c"), "RATE_LIMIT");
    assert_eq!(answer(&desk.cancel("a", "ca")), "ok", "a cancel is never refused for rate (A-20)");
    desk.later_ms(399);
    assert_eq!(place(&mut desk, "c"), "RATE_LIMIT");
    desk.later_ms(1);
    assert_eq!(place(&mut desk, "c"), "ok", "the id stayed free (A-13)");
    assert_eq!(place(&mut desk, "d"), "RATE_LIMIT", "b is still in the window");
}

#[test]
fn an_id_is_used_once_a_day_and_as_long_as_its_chain_is_open() {
    let mut desk = Desk::new();
    let place = |desk: &mut Desk, ask: Ask| answer(&desk.place(ask));
    assert_eq!(place(&mut desk, Ask { tif: TimeInForce::Gtc, ..ask("gtc", "buy 1 @ 9") }), "ok");
    assert_eq!(place(&mut desk, ask("day", "buy 1 @ 9")), "ok");
    assert_eq!(place(&mut desk, ask("bad", "buy 0 @ 9")), "QTY_MIN");
    for name in ["gtc", "day", "bad"] {
        assert_eq!(place(&mut desk, ask(name, "buy 1 @ 9")), "DUP_CLORDID", "{name}");
        let again = Ask { poss_resend: true, ..ask(name, "buy 1 @ 9") };
        assert!(desk.place(again).is_empty(), "A-14: {name} is ignored");
    }
    desk.later_ms(24 * 3_600_000);
    desk.tick();
    assert_eq!(place(&mut desk, ask("gtc", "buy 1 @ 9")), "DUP_CLORDID", "its chain is open");
    assert_eq!(place(&mut desk, ask("day", "buy 1 @ 9")), "ok");
    assert_eq!(place(&mut desk, ask("bad", "buy 1 @ 9")), "ok");
}

#[test]
fn the_kill_switch_cancels_and_refuses_but_lets_cancels_through() {
    let mut desk = Desk::new();
    desk.place(ask("a", "buy 10 @ 9"));
    desk.place(Ask { firm: "BETA", account: "BETA", ..ask("z", "buy 10 @ 9") });
    desk.market = false;
    desk.kill(true);
    assert_eq!(answer(&desk.place(ask("b", "buy 1 @ 9"))), "KILL_SWITCH");
    assert_eq!(answer(&desk.replace("a", ask("c", "buy 1 @ 9"))), "KILL_SWITCH");
    assert_eq!(answer(&desk.cancel("a", "d")), "ok");
    desk.run_market();
    let heard = desk.hear();
    assert!(heard.contains(&"a 4/4 10 0 0".to_owned()), "{heard:?}");
    assert!(heard.contains(&"9 d TOO_LATE 39=4".to_owned()), "{heard:?}");
    assert_eq!(desk.funds("ACME", "USD"), "10000/10000");
    assert_eq!(desk.funds("BETA", "USD"), "10000/9910", "another firm goes on");
    desk.market = true;
    desk.kill(false);
    assert_eq!(answer(&desk.place(ask("e", "buy 1 @ 9"))), "ok");
}

#[test]
fn what_the_gateway_found_is_answered_at_its_place() {
    let refuse = |text: &str, symbol: &'static str, defect| {
        let mut desk = Desk::new();
        answer(&desk.place(Ask { symbol, defect: Some(defect), ..ask("a", text) }))
    };
    assert_eq!(refuse("buy 1 @ 10", "MSFT", Refusal::BadPrice), "UNKNOWN_SYMBOL");
    assert_eq!(refuse("buy 1 @ 10", "AAPL", Refusal::BadPrice), "BAD_PRICE");
    assert_eq!(refuse("buy 0 @ none", "AAPL", Refusal::UnsupportedTif), "UNSUPPORTED_TIF");
    assert_eq!(refuse("buy 0 @ 10", "AAPL", Refusal::PartyInvalid), "QTY_MIN");
    let mut desk = Desk::new();
    desk.place(ask("a", "buy 1 @ 9"));
    let again = Ask { defect: Some(Refusal::UnknownSymbol), ..ask("a", "buy 1 @ 9") };
    assert_eq!(answer(&desk.place(again)), "DUP_CLORDID");
}

#[test]
fn chains_of_ids_follow_a13_to_a18() {
    let mut desk = Desk::new();
    desk.place(ask("a", "buy 100 @ 9"));
    assert_eq!(answer(&desk.cancel("zz", "b1")), "UNKNOWN_ORDER");
    assert_eq!(answer(&desk.cancel_as("ACME", "a", "b2", Side::Sell, None)), "TERMS_MISMATCH");
    let other = Some(OrderId::new(0, 1));
    assert_eq!(answer(&desk.cancel_as("ACME", "a", "b3", Side::Buy, other)), "ID_MISMATCH");
    assert_eq!(
        desk.replace("a", ask("b", "buy 80 @ 9")),
        ["b 5/0 80 0 80", "client:ACME > clearing 180 USD release"]
    );
    assert_eq!(desk.cancel("a", "c1"), ["9 c1 NOT_CURRENT 39=0"]);
    assert_eq!(answer(&desk.replace("b", ask("a", "buy 1 @ 9"))), "DUP_CLORDID");
    desk.market = false;
    assert_eq!(answer(&desk.replace("b", ask("c", "buy 120 @ 9"))), "ok");
    assert_eq!(desk.replace("b", ask("d", "buy 1 @ 9")), ["9 d PENDING 39=E"]);
    assert_eq!(desk.status("c"), ["I b 39=E 80 0 80"]);
    assert_eq!(desk.funds("ACME", "USD"), "10000/8920", "the larger of old and new is held");
    assert_eq!(answer(&desk.cancel("c", "e")), "ok", "a cancel may name the pending id");
    desk.run_market();
    let heard = desk.hear();
    assert_eq!(heard[0], "c 5/0 120 0 120");
    assert_eq!(heard[1..], ["c 4/4 120 0 0", "client:ACME > clearing 1080 USD release"]);
    assert_eq!(desk.cancel("c", "f"), ["9 f TOO_LATE 39=4"]);
    assert_eq!(desk.status("a"), ["I c 39=4 120 0 0"]);
    assert_eq!(desk.status("zz"), ["I zz unknown"]);
    assert_eq!(desk.funds("ACME", "USD"), "10000/10000");
}

#[test]
fn a_trade_is_delivery_versus_payment_with_commission_and_improvement_released() {
    let mut desk = Desk::new();
    let rates = Commission { per_share: amount("0.01"), basis_points: amount("10"), minimum: amount("1") };
    desk.open_firm("ACME", rates, SelfTrade::Allow);
    let sell = Ask { firm: "BETA", account: "BETA", ..ask("s", "sell 100 @ 10") };
    assert_eq!(desk.place(sell), ["client:BETA > clearing 100 AAPL hold", "s 0/0 100 0 100"]);
    // 100 at 11 is 1100, commission 1 + 1.1; filled at 10 it is 1000 and 1 + 1.
    let buy = desk.place(ask("b", "buy 100 @ 11"));
    let expected = [
        "client:ACME > clearing 1102.1 USD hold",
        "b 0/0 100 0 100",
        "b F/2 100 100 0",
        "client:ACME > clearing 1000 USD from hold; clearing > client:ACME 100 AAPL; \
         client:ACME > clearing 102.1 USD release; client:ACME > commission 2 USD",
        "s F/2 100 100 0",
        "client:BETA > clearing 100 AAPL from hold; clearing > client:BETA 1000 USD",
    ];
    assert_eq!(buy, expected);
    assert_eq!(desk.funds("ACME", "USD"), "8998/8998");
    assert_eq!(desk.funds("BETA", "USD"), "11000/11000");
    assert_eq!(desk.funds("ACME", "AAPL"), "1100/1100");
    desk.check_books();
}

#[test]
fn a_status_request_is_answered_about_the_order_of_its_order_id_with_that_orders_ids() {
    let mut desk = Desk::new();
    desk.place(ask("a", "buy 100 @ 9"));
    desk.place(ask("b", "buy 70 @ 9"));
    desk.replace("a", ask("a2", "buy 90 @ 9"));
    let open = desk.risk.open_orders();
    let first = open.iter().find(|o| o.terms.cl_ord_id == id("a2")).map(|o| o.order_id);
    let answered = |desk: &mut Desk, asked: StatusRequested| {
        desk.give(asked);
        let Some(Event::StatusReported(e)) = desk.said.last() else { panic!("{:?}", desk.said) };
        (e.cl_ord_id.to_string(), e.order.as_ref().map(|o| o.order_id))
    };
    for (asked, told) in [("a", "a"), ("a2", "a2"), ("b", "a2"), ("nobody", "a2")] {
        let request = desk.status_request(asked, first);
        assert_eq!(answered(&mut desk, request), (told.to_owned(), first), "{asked}");
    }
    let before = StatusRequested { own_ids: false, ..desk.status_request("b", first) };
    assert_eq!(answered(&mut desk, before), ("b".to_owned(), first), "as it was answered then");
    let defect = Some(Defect { refusal: Refusal::IdMismatch, detail: "37=NONE".to_owned() });
    let unreadable = StatusRequested { defect, ..desk.status_request("b", None) };
    assert_eq!(answered(&mut desk, unreadable), ("b".to_owned(), None));
}

#[test]
fn a_market_buy_may_spend_its_budget_whatever_the_prices_of_its_fills() {
    let mut desk = Desk::new();
    for (name, text) in [("s1", "sell 50 @ 10"), ("s2", "sell 50 @ 11")] {
        desk.place(Ask { firm: "BETA", account: "BETA", ..ask(name, text) });
    }
    // 100 at 10 plus a tenth, which is also the protection price: 1,100 may be spent; 500 and 550 are.
    desk.place(ask("b", "buy 100 @ market"));
    assert_eq!(desk.funds("ACME", "USD"), "8950/8950");
    assert_eq!(desk.status("b"), ["I b 39=2 100 100 0"]);
    desk.check_books();
}

#[test]
fn an_account_that_its_firm_no_longer_names_takes_no_orders() {
    let mut desk = Desk::new();
    assert_eq!(answer(&desk.place(ask("a", "buy 1 @ 9"))), "ok");
    let open = |accounts: &[&str]| FirmOpened {
        firm: id("ACME"),
        accounts: accounts.iter().map(|account| id(account)).collect(),
        commission: Commission::default(),
        self_trade: SelfTrade::Allow,
    };
    desk.give(open(&["ACME-2"]));
    assert_eq!(answer(&desk.place(ask("b", "buy 1 @ 9"))), "UNKNOWN_ACCOUNT");
    assert_eq!(answer(&desk.cancel("a", "c")), "ok", "what is open can be cancelled");
    desk.give(FirmOpened { firm: id("BETA"), ..open(&["BETA", "ACME"]) });
    let foreign = Ask { firm: "BETA", account: "ACME", ..ask("d", "buy 1 @ 9") };
    assert_eq!(answer(&desk.place(foreign)), "UNKNOWN_ACCOUNT", "its positions are ACME's");
    desk.give(open(&["ACME"]));
    assert_eq!(answer(&desk.place(ask("e", "buy 1 @ 9"))), "ok");
    desk.check_books();
}
