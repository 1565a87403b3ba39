//! Each control at its edge: at the limit, one over, and who passes it. docs/compliance/controls.md names these tests.

mod desk;

use assay_trading_types::*;
use desk::{Ask, Desk, amount, answer, ask, id};

/// The desk with these limits for the firm.
fn limited(limit: impl FnOnce(&mut Limits)) -> Desk {
    let mut desk = Desk::new();
    desk.limits(limit);
    desk
}

fn place(desk: &mut Desk, name: &str, text: &str) -> String {
    let said = desk.place(ask(name, text));
    desk.check_books();
    answer(&said)
}

/// As BETA, which no limit of these tests is about.
fn beta(desk: &mut Desk, name: &str, text: &str) -> Vec<String> {
    desk.place(Ask { firm: "BETA", account: "BETA", ..ask(name, text) })
}

#[test]
fn order_qty_in_percent_of_average_daily_volume() {
    let mut desk = limited(|l| l.order_adv_bp_max = Some(250));
    assert_eq!(place(&mut desk, "a", "buy 1 @ 10"), "LIMIT_ADV", "the volume is not known");
    desk.give(AverageVolumeSet { symbol: id("AAPL"), qty: id("4000") });
    assert_eq!(place(&mut desk, "b", "buy 100 @ 10"), "ok");
    assert_eq!(place(&mut desk, "c", "buy 101 @ 10"), "LIMIT_ADV");
}

#[test]
fn price_collar_in_ticks() {
    let mut desk = limited(|l| l.price_collar_ticks = Some(5));
    assert_eq!(place(&mut desk, "a", "buy 1 @ 10.05"), "ok");
    assert_eq!(place(&mut desk, "b", "buy 1 @ 10.06"), "PRICE_COLLAR");
    assert_eq!(place(&mut desk, "c", "sell 1 @ 9.95"), "ok");
    assert_eq!(place(&mut desk, "d", "sell 1 @ 9.94"), "PRICE_COLLAR");
}

#[test]
fn the_tightest_of_account_and_firm_wins() {
    let mut desk = limited(|l| l.order_qty_max = Some(id("50")));
    let limits = Limits { order_qty_max: Some(id("40")), ..Limits::default() };
    let (firm, account) = (id("ACME"), Some(id("ACME")));
    desk.give(LimitsSet { firm, account, version: 1, limits });
    assert_eq!(place(&mut desk, "a", "buy 40 @ 10"), "ok");
    let said = desk.place(ask("b", "buy 41 @ 10"));
    assert_eq!(said, ["8 b LIMIT_QTY: 41 > 40 account ACME"]);
    let limits = Limits { order_qty_max: Some(id("60")), ..Limits::default() };
    desk.give(LimitsSet { firm, account, version: 2, limits });
    assert_eq!(desk.place(ask("c", "buy 51 @ 10")), ["8 c LIMIT_QTY: 51 > 50 firm ACME"]);
}

#[test]
fn working_orders_count_from_acceptance_until_they_end() {
    let mut desk = limited(|l| l.working_notional_max = Some(amount("1000")));
    assert_eq!(place(&mut desk, "a", "buy 60 @ 10"), "ok");
    assert_eq!(place(&mut desk, "b", "sell 41 @ 10.01"), "LIMIT_WORKING");
    assert_eq!(place(&mut desk, "c", "sell 20 @ 20"), "ok", "exactly at the limit");
    assert_eq!(answer(&desk.replace("a", ask("d", "buy 61 @ 10"))), "LIMIT_WORKING");
    assert_eq!(answer(&desk.replace("a", ask("e", "buy 59 @ 10"))), "ok", "less is always taken");
    assert_eq!(answer(&desk.cancel("e", "f")), "ok");
    assert_eq!(place(&mut desk, "g", "buy 60 @ 10"), "ok");
}

#[test]
fn open_orders_are_counted() {
    let mut desk = limited(|l| l.open_orders_max = Some(2));
    assert_eq!(place(&mut desk, "a", "buy 1 @ 9"), "ok");
    assert_eq!(place(&mut desk, "b", "buy 1 @ 9"), "ok");
    assert_eq!(place(&mut desk, "c", "buy 1 @ 9"), "LIMIT_OPEN_ORDERS");
    assert_eq!(answer(&desk.replace("a", ask("d", "buy 2 @ 9"))), "ok", "a replace is no new order");
    assert_eq!(answer(&desk.cancel("b", "e")), "ok");
    assert_eq!(place(&mut desk, "f", "buy 1 @ 9"), "ok");
}

#[test]
fn net_exposure_counts_positions_and_one_side_of_open_orders() {
    // 1,000 at 10 are held.
    let mut desk = limited(|l| l.net_notional_max = Some(amount("11000")));
    assert_eq!(place(&mut desk, "a", "sell 500 @ 10.5"), "ok", "it makes the position smaller");
    assert_eq!(place(&mut desk, "b", "buy 100 @ 10"), "ok", "the sale may never happen");
    assert_eq!(place(&mut desk, "c", "buy 1 @ 10"), "LIMIT_NET");
}

#[test]
fn the_position_in_an_instrument_is_limited_in_units_and_worth_and_reducing_it_always_passes() {
    let mut desk = limited(|l| l.position_qty_max = Some(id("1100")));
    assert_eq!(place(&mut desk, "a", "buy 60 @ 10"), "ok");
    assert_eq!(place(&mut desk, "b", "buy 40 @ 10"), "ok");
    assert_eq!(place(&mut desk, "c", "buy 1 @ 10"), "LIMIT_POSITION");
    assert_eq!(place(&mut desk, "d", "sell 900 @ 11"), "ok");
    let mut desk = limited(|l| l.position_notional_max = Some(amount("11000")));
    assert_eq!(place(&mut desk, "a", "buy 100 @ 10"), "ok");
    assert_eq!(place(&mut desk, "b", "buy 1 @ 10"), "LIMIT_POSITION");
    let mut desk = limited(|l| l.position_notional_max = Some(amount("11000")));
    assert_eq!(place(&mut desk, "a", "buy 1 @ 12"), "LIMIT_POSITION", "all of it at the worse price");
    desk.reference("AAPL", "20");
    assert_eq!(place(&mut desk, "b", "sell 1000 @ 20"), "ok", "beyond the limit, one may always sell");
}

#[test]
fn a_loss_of_the_day_stops_all_but_what_reduces() {
    let mut desk = limited(|l| l.daily_loss_max = Some(amount("100")));
    desk.reference("AAPL", "9.90");
    assert_eq!(place(&mut desk, "a", "buy 1 @ 9"), "ok", "100 lost on 1,000 held, and no more");
    desk.reference("AAPL", "9.89");
    let said = desk.place(ask("b", "buy 1 @ 9"));
    assert_eq!(said, ["warning Loss 110 of 100", "8 b LIMIT_LOSS: 110 > 100 firm ACME"]);
    assert_eq!(place(&mut desk, "c", "sell 1 @ 11"), "ok");
    desk.later_ms(24 * 3_600_000);
    desk.tick();
    assert_eq!(place(&mut desk, "d", "buy 1 @ 9"), "ok", "a new day");
}

#[test]
fn a_loss_counts_fills_and_commission() {
    let mut desk = Desk::new();
    let commission = Commission { per_share: amount("0.1"), ..Commission::default() };
    desk.open_firm("ACME", commission, SelfTrade::Allow);
    desk.limits(|l| l.daily_loss_max = Some(amount("109")));
    beta(&mut desk, "s", "sell 100 @ 11");
    // Bought 100 at 11, worth 10: 100 lost, and 10 of commission.
    assert_eq!(place(&mut desk, "a", "buy 100 @ 11"), "ok");
    assert_eq!(desk.place(ask("b", "buy 1 @ 9")), ["8 b LIMIT_LOSS: 110 > 109 firm ACME"]);
}

#[test]
fn credit_counts_open_orders_and_what_the_day_has_to_settle() {
    let mut desk = limited(|l| l.credit_max = Some(amount("1000")));
    beta(&mut desk, "s", "sell 60 @ 10");
    assert_eq!(place(&mut desk, "a", "buy 60 @ 10"), "ok", "600 to be paid");
    assert_eq!(place(&mut desk, "b", "buy 41 @ 10"), "LIMIT_CREDIT");
    assert_eq!(place(&mut desk, "c", "buy 40 @ 10"), "ok");
    assert_eq!(answer(&desk.cancel("c", "d")), "ok");
    beta(&mut desk, "b", "buy 60 @ 10");
    assert_eq!(place(&mut desk, "e", "sell 60 @ 10"), "ok", "paid and delivered: nothing is left to settle");
    assert_eq!(place(&mut desk, "f", "buy 100 @ 10"), "ok");
    assert_eq!(place(&mut desk, "g", "buy 1 @ 10"), "LIMIT_CREDIT");
}

#[test]
fn the_houses_credit_is_shared_out_and_cannot_be_exceeded() {
    let mut desk = Desk::new();
    desk.give(HouseCreditSet { version: 1, credit_max: Some(amount("1000")) });
    assert_eq!(place(&mut desk, "a", "buy 1 @ 10"), "LIMIT_CREDIT", "no share, no credit");
    desk.limits(|l| l.credit_max = Some(amount("1000")));
    assert_eq!(place(&mut desk, "b", "buy 100 @ 10"), "ok");
    desk.hear();
    let limits = Limits { credit_max: Some(amount("1")), ..Limits::default() };
    desk.give(LimitsSet { firm: id("BETA"), account: None, version: 1, limits });
    assert_eq!(desk.hear(), ["refused ExceedsAllocation BETA"], "all of it is ACME's");
    desk.give(HouseCreditSet { version: 2, credit_max: Some(amount("999")) });
    assert_eq!(
        desk.hear(),
        ["refused ExceedsAllocation house"],
        "what was given cannot be taken back unseen"
    );
}

#[test]
fn a_warning_comes_before_the_limit_and_once() {
    let mut desk = limited(|l| {
        l.working_notional_max = Some(amount("1000"));
        l.warning_percent = Some(80);
    });
    let warnings = |desk: &mut Desk, name: &str, text: &str| {
        let said = desk.place(ask(name, text));
        said.into_iter().filter(|l| l.starts_with("warning")).collect::<Vec<_>>()
    };
    assert_eq!(warnings(&mut desk, "a", "buy 79 @ 10"), [""; 0]);
    assert_eq!(warnings(&mut desk, "b", "buy 1 @ 10"), ["warning Working 800 of 1000"]);
    assert_eq!(warnings(&mut desk, "c", "buy 1 @ 10"), [""; 0], "once");
    desk.cancel("a", "d");
    assert_eq!(warnings(&mut desk, "e", "buy 1 @ 10"), [""; 0], "30, below the level again");
    assert_eq!(warnings(&mut desk, "f", "buy 80 @ 10"), ["warning Working 830 of 1000"]);
}

#[test]
fn a_price_alone_brings_a_position_to_its_warning_and_over_its_limit() {
    let warnings = |desk: &mut Desk, price: &str| {
        let said = desk.priced("AAPL", price);
        said.into_iter().filter(|l| l.starts_with("warning")).collect::<Vec<_>>()
    };
    // ACME holds 1,000 AAPL at 10.
    let mut desk = limited(|l| {
        l.gross_notional_max = Some(amount("20000"));
        l.warning_percent = Some(80);
    });
    assert_eq!(warnings(&mut desk, "15.99"), [""; 0]);
    assert_eq!(warnings(&mut desk, "16"), ["warning Gross 16000 of 20000"]);
    assert_eq!(warnings(&mut desk, "20"), [""; 0], "once");
    assert_eq!(warnings(&mut desk, "20.01"), ["warning Gross 20010 of 20000"], "over it");
    assert_eq!(warnings(&mut desk, "21"), [""; 0], "once");
    assert_eq!(warnings(&mut desk, "15"), [""; 0]);
    assert_eq!(warnings(&mut desk, "25"), ["warning Gross 25000 of 20000"]);
    // Without a warning level there is the limit.
    let mut desk = limited(|l| l.daily_loss_max = Some(amount("100")));
    assert_eq!(warnings(&mut desk, "9.90"), [""; 0]);
    assert_eq!(warnings(&mut desk, "9.89"), ["warning Loss 110 of 100"]);
    desk.later_ms(24 * 3_600_000);
    desk.tick();
    assert_eq!(warnings(&mut desk, "9.79"), [""; 0], "a new day");
    assert_eq!(warnings(&mut desk, "9.78"), ["warning Loss 110 of 100"]);
    desk.check_books();
}

#[test]
fn a_position_in_one_instrument_says_nothing_of_that_in_another() {
    let mut desk = limited(|l| {
        l.position_notional_max = Some(amount("12000"));
        l.warning_percent = Some(80);
    });
    desk.list("MSFT", "0.01", "1");
    desk.reference("MSFT", "10");
    let alarms = |said: Vec<String>| said.into_iter().filter(|l| l.starts_with("warning")).count();
    assert_eq!(alarms(desk.priced("AAPL", "10")), 1, "10,000 of 12,000");
    assert_eq!(alarms(desk.place(ask("a", "buy 1 @ 10"))), 0);
    assert_eq!(alarms(desk.place(ask("s", "sell 1 @ 11"))), 0, "little on the other side");
    assert_eq!(alarms(desk.priced("AAPL", "10")), 0);
    assert_eq!(alarms(desk.place(Ask { symbol: "MSFT", ..ask("b", "buy 1 @ 10") })), 0, "little of another");
    assert_eq!(alarms(desk.priced("AAPL", "10")), 0, "told already");
}

#[test]
fn the_same_order_again_within_the_window_is_refused() {
    let mut desk = limited(|l| l.duplicate_window_ms = Some(500));
    assert_eq!(place(&mut desk, "a", "buy 1 @ 9"), "ok");
    assert_eq!(place(&mut desk, "b", "buy 1 @ 9"), "DUP_ORDER");
    for (name, other) in [("c", "buy 2 @ 9"), ("d", "buy 1 @ 9.01"), ("e", "sell 1 @ 11")] {
        assert_eq!(place(&mut desk, name, other), "ok", "{other} is another order");
    }
    desk.later_ms(499);
    assert_eq!(place(&mut desk, "f", "buy 1 @ 9"), "DUP_ORDER");
    desk.later_ms(1);
    assert_eq!(place(&mut desk, "g", "buy 1 @ 9"), "ok");
}

#[test]
fn repeated_executions_open_a_breaker_that_only_a_person_closes() {
    let mut desk = limited(|l| {
        l.repeated_executions_max = Some(2);
        l.repeated_execution_window_ms = Some(1_000);
    });
    beta(&mut desk, "s", "sell 100 @ 10");
    assert_eq!(place(&mut desk, "a", "buy 1 @ 10"), "ok");
    assert_eq!(place(&mut desk, "b", "buy 1 @ 10"), "ok");
    desk.later_ms(1_000);
    assert_eq!(place(&mut desk, "c", "buy 1 @ 10"), "ok", "the first two are out of the window");
    assert_eq!(place(&mut desk, "d", "buy 1 @ 10"), "ok");
    let said = desk.place(ask("e", "buy 1 @ 10"));
    assert!(said.contains(&"alarm RepeatBreaker".to_owned()), "the third within a second: {said:?}");
    desk.later_ms(24 * 3_600_000);
    desk.tick();
    assert_eq!(place(&mut desk, "f", "buy 1 @ 10"), "REPEAT_BREAKER", "it stays open");
    let (firm, account, symbol) = (id("ACME"), id("ACME"), id("AAPL"));
    let reason = "algorithm stopped".to_owned();
    desk.give_by("operator:ann", RepeatBreakerReset { firm, account, symbol, reason, command: None });
    assert_eq!(place(&mut desk, "g", "buy 1 @ 10"), "ok");
}

#[test]
fn orders_for_each_trade_are_counted_from_the_hundredth() {
    let mut desk = limited(|l| l.order_trade_ratio_max = Some(50));
    for n in 0..100 {
        assert_eq!(place(&mut desk, &format!("a{n}"), "buy 1 @ 5"), "ok", "{n}");
    }
    assert_eq!(place(&mut desk, "b", "buy 1 @ 5"), "LIMIT_ORDER_TRADE");
    beta(&mut desk, "s", "sell 3 @ 5");
    assert_eq!(place(&mut desk, "c", "buy 1 @ 5"), "ok", "102 orders for 3 trades");
}

#[test]
fn the_restricted_list_is_by_firm_account_instrument_and_side() {
    let entry = |firm, account, symbol, side| RestrictionSet {
        firm,
        account,
        symbol,
        side,
        restricted: true,
        reason: "insider list".to_owned(),
    };
    let (acme, aapl) = (id("ACME"), id("AAPL"));
    let table = [
        (entry(None, None, Some(aapl), None), "RESTRICTED", "RESTRICTED", "RESTRICTED"),
        (entry(Some(acme), None, None, None), "RESTRICTED", "RESTRICTED", "ok"),
        (entry(None, Some(id("ACME")), Some(aapl), None), "RESTRICTED", "RESTRICTED", "ok"),
        (entry(Some(acme), None, Some(aapl), Some(Side::Sell)), "ok", "RESTRICTED", "ok"),
        (entry(Some(id("GAMA")), None, Some(aapl), None), "ok", "ok", "ok"),
    ];
    for (entry, buy, sell, other) in table {
        let mut desk = Desk::new();
        desk.give(entry.clone());
        assert_eq!(place(&mut desk, "a", "buy 1 @ 9"), buy, "{entry:?}");
        assert_eq!(place(&mut desk, "b", "sell 1 @ 11"), sell, "{entry:?}");
        assert_eq!(answer(&beta(&mut desk, "c", "buy 1 @ 9")), other, "{entry:?}");
        desk.give(RestrictionSet { restricted: false, ..entry });
        assert_eq!(place(&mut desk, "d", "sell 1 @ 11"), "ok", "off the list");
    }
}

#[test]
fn an_account_trades_only_while_it_is_active_and_its_owner_known() {
    let statuses = [
        (AccountStatus::Active, KycStatus::Verified, "ok"),
        (AccountStatus::Suspended, KycStatus::Verified, "ACCOUNT_SUSPENDED"),
        (AccountStatus::Closed, KycStatus::Verified, "ACCOUNT_SUSPENDED"),
        (AccountStatus::Active, KycStatus::Pending, "ACCOUNT_SUSPENDED"),
        (AccountStatus::Active, KycStatus::Rejected, "ACCOUNT_SUSPENDED"),
        (AccountStatus::Active, KycStatus::Expired, "ACCOUNT_SUSPENDED"),
    ];
    for (status, kyc, expected) in statuses {
        let mut desk = Desk::new();
        assert_eq!(place(&mut desk, "a", "buy 1 @ 9"), "ok");
        let (firm, account, reason) = (id("ACME"), id("ACME"), "documents".to_owned());
        desk.give(AccountStatusSet { firm, account, status, kyc, reason });
        assert_eq!(place(&mut desk, "b", "buy 2 @ 9"), expected, "{status:?} {kyc:?}");
        assert_eq!(answer(&desk.cancel("a", "c")), "ok", "cancels are never refused");
    }
}

#[test]
fn a_firm_trades_only_while_it_is_known_who_it_is() {
    let mut desk = Desk::new();
    let set = |kyc| FirmKycSet { firm: id("ACME"), kyc, reason: "review".to_owned() };
    assert_eq!(place(&mut desk, "a", "buy 1 @ 9"), "ok");
    for (name, kyc) in [("b", KycStatus::Pending), ("c", KycStatus::Rejected), ("d", KycStatus::Expired)] {
        desk.give(set(kyc));
        assert_eq!(place(&mut desk, name, "buy 2 @ 9"), "ACCOUNT_SUSPENDED", "{kyc:?}");
    }
    assert_eq!(answer(&beta(&mut desk, "x", "buy 1 @ 5")), "ok", "others trade on");
    assert_eq!(answer(&desk.cancel("a", "e")), "ok", "cancels are never refused");
    desk.give(set(KycStatus::Verified));
    assert_eq!(place(&mut desk, "f", "buy 2 @ 9"), "ok");
}

#[test]
fn short_sales_are_refused_without_a_locate_and_long_sales_need_the_units() {
    let mut desk = Desk::new();
    for (name, side) in [("a", Side::SellShort), ("b", Side::SellShortExempt)] {
        assert_eq!(answer(&desk.place(Ask { side, ..ask(name, "sell 1 @ 11") })), "SHORT_LOCATE");
    }
    assert_eq!(place(&mut desk, "c", "sell 1001 @ 11"), "LIMIT_CREDIT", "1,000 are held");
    desk.locate("l1", "ACME", "10", 60);
    assert_eq!(place(&mut desk, "d", "short 1 @ 11"), "SHORT_MARKING", "1,000 are owned");
}

#[test]
fn a_cancel_passes_whatever_stands_against_orders() {
    let mut desk = Desk::new();
    for name in ["a", "b", "c"] {
        assert_eq!(place(&mut desk, name, "buy 1 @ 9"), "ok");
    }
    desk.limits(|l| l.orders_per_s_max = Some(1));
    desk.give(RestrictionSet {
        firm: None,
        account: None,
        symbol: None,
        side: None,
        restricted: true,
        reason: "all of it".to_owned(),
    });
    desk.give(ReferencePriceSet { symbol: id("AAPL"), price: id("10"), max_age_ns: Some(1), source: None });
    desk.switch("operator:ann", SwitchScope::All, SwitchState::CancelOnly);
    desk.later_ms(10);
    for (orig, name) in [("a", "d"), ("b", "e"), ("c", "f")] {
        assert_eq!(answer(&desk.cancel(orig, name)), "ok");
    }
    assert!(desk.risk.open_orders().is_empty());
}
