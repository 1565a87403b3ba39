//! Fees by schedule: maker and taker, tiers by what was traded before, the rates of the moment an order was accepted.

mod desk;

use assay_trading_types::*;
use desk::{Ask, Desk, amount, answer, ask, id};

const DAY_NS: i64 = 86_400_000_000_000;

fn rates(basis_points: &str, minimum: &str) -> Commission {
    let (basis_points, minimum) = (amount(basis_points), amount(minimum));
    Commission { per_share: Amount::ZERO, basis_points, minimum }
}

fn tier(volume_min: &str, maker: &str, taker: &str) -> FeeTier {
    let (maker, taker) = (rates(maker, "0"), rates(taker, "0"));
    FeeTier { volume_min: amount(volume_min), maker, taker }
}

fn set(firm: Option<&str>, symbol: Option<&str>, version: u64, tiers: Vec<FeeTier>) -> FeeScheduleSet {
    FeeScheduleSet { firm: firm.map(id), symbol: symbol.map(id), version, tiers }
}

/// AAPL, where all pay 10 basis points as maker and 20 as taker.
fn desk() -> Desk {
    let mut desk = Desk::new();
    desk.give(set(None, None, 1, vec![tier("0", "10", "20")]));
    desk.said.clear();
    desk
}

fn beta(name: &str, text: &str) -> Ask {
    Ask { firm: "BETA", account: "BETA", ..ask(name, text) }
}

/// Time passes, and the clock ticks.
fn pass(desk: &mut Desk, days: i64) {
    desk.now = desk.now.plus_ns(days * DAY_NS);
    desk.tick();
}

#[test]
fn makers_and_takers_pay_their_own_rates_and_what_was_held_beyond_is_released() {
    let mut desk = desk();
    // 1000 and 20 basis points of it are held; as maker it pays 10.
    let buy = desk.place(ask("b", "buy 100 @ 10"));
    assert_eq!(buy[0], "client:ACME > clearing 1002 USD hold");
    desk.place(beta("s", "sell 100 @ 10"));
    assert_eq!(desk.funds("ACME", "USD"), "8999/8999");
    assert_eq!(desk.funds("BETA", "USD"), "10998/10998");
    desk.check_books();
}

#[test]
fn an_order_that_rests_after_it_took_pays_each_part_at_its_own_rate() {
    let mut desk = desk();
    desk.place(beta("s", "sell 40 @ 10"));
    desk.place(ask("b", "buy 100 @ 10"));
    // 0.8 of 400 is paid; 600 at 20 basis points is still held.
    assert_eq!(desk.funds("ACME", "USD"), "9599.2/8998");
    desk.place(beta("t", "sell 60 @ 10"));
    assert_eq!(desk.funds("ACME", "USD"), "8998.6/8998.6");
    desk.check_books();
}

#[test]
fn postings_say_by_which_schedule_tier_and_side_they_were_reckoned() {
    let mut desk = desk();
    desk.place(ask("b", "buy 10 @ 10"));
    desk.place(beta("s", "sell 10 @ 10"));
    let by = |liquidity| FeesApplied { schedule: 1, tier: 0, liquidity };
    desk.fees.sort_by_key(|fees| fees.liquidity == Liquidity::Removed);
    assert_eq!(desk.fees, [by(Liquidity::Added), by(Liquidity::Removed)]);
    desk.give(set(None, None, 2, vec![]));
    desk.place(ask("c", "buy 10 @ 10"));
    desk.place(beta("t", "sell 10 @ 10"));
    assert_eq!(desk.fees.len(), 2, "without a schedule nothing is said");
}

#[test]
fn the_most_particular_schedule_counts_and_without_one_the_firms_commission() {
    let taker = |desk: &mut Desk| {
        desk.place(beta("s", "sell 10 @ 10"));
        let before = desk.risk.position(&id("ACME"), &id("USD"));
        desk.place(ask("b", "buy 10 @ 10"));
        let paid = before.units() - desk.risk.position(&id("ACME"), &id("USD")).units();
        Amount::from_units(paid - amount("100").units()).to_string()
    };
    let whole = |bp: &str| vec![tier("0", "0", bp)];
    let all = || set(None, None, 1, whole("10"));
    let of_symbol = || set(None, Some("AAPL"), 2, whole("20"));
    let of_firm = || set(Some("ACME"), None, 3, whole("30"));
    let of_both = || set(Some("ACME"), Some("AAPL"), 4, whole("40"));
    let table: [(Vec<FeeScheduleSet>, &str); 6] = [
        (vec![], "0.05"),
        (vec![all()], "0.1"),
        (vec![all(), of_symbol()], "0.2"),
        (vec![of_firm(), of_symbol(), all()], "0.3"),
        (vec![of_both(), of_firm(), of_symbol(), all()], "0.4"),
        (vec![of_both(), set(Some("ACME"), Some("AAPL"), 5, vec![])], "0.05"),
    ];
    for (n, (schedules, expected)) in table.into_iter().enumerate() {
        let mut desk = Desk::new();
        desk.open_firm("ACME", rates("5", "0"), SelfTrade::Allow);
        schedules.into_iter().for_each(|schedule| desk.give(schedule));
        assert_eq!(taker(&mut desk), expected, "{n}");
        desk.check_books();
    }
}

#[test]
fn tiers_move_with_the_day_by_what_was_traded_on_thirty_days_before() {
    let mut desk = Desk::new();
    desk.give(set(None, None, 1, vec![tier("0", "10", "20"), tier("1000", "5", "10")]));
    let trade = |desk: &mut Desk, n: usize| {
        desk.reference("AAPL", "10");
        desk.place(beta(&format!("s{n}"), "sell 100 @ 10"));
        let before = desk.risk.position(&id("ACME"), &id("USD")).units();
        let lines = desk.place(ask(&format!("b{n}"), "buy 100 @ 10"));
        assert_eq!(answer(&lines), "ok", "{lines:?}");
        let paid = before - desk.risk.position(&id("ACME"), &id("USD")).units();
        Amount::from_units(paid - amount("1000").units()).to_string()
    };
    assert_eq!(trade(&mut desk, 0), "2");
    assert_eq!(trade(&mut desk, 1), "2", "the day itself does not count");
    pass(&mut desk, 1);
    assert_eq!(trade(&mut desk, 2), "1", "2000 on the day before");
    desk.risk = assay_risk_service::Risk::restore(&desk.risk.snapshot()).unwrap();
    pass(&mut desk, 30);
    assert_eq!(trade(&mut desk, 3), "1", "1000, thirty days ago");
    pass(&mut desk, 31);
    assert_eq!(trade(&mut desk, 4), "2", "nothing in thirty days");
    desk.check_books();
}

#[test]
fn an_order_keeps_the_rates_of_when_it_was_accepted() {
    let mut desk = desk();
    desk.place(ask("b", "buy 100 @ 10"));
    desk.give(set(None, None, 2, vec![tier("0", "100", "100")]));
    desk.place(beta("s", "sell 100 @ 10"));
    assert_eq!(desk.funds("ACME", "USD"), "8999/8999", "ten basis points, as when it was accepted");
    assert_eq!(desk.funds("BETA", "USD"), "10990/10990");
    desk.check_books();
}

#[test]
fn the_minimum_of_an_order_stays_whatever_its_fills_save() {
    let mut desk = Desk::new();
    let tiers = vec![FeeTier { volume_min: Amount::ZERO, maker: rates("1", "3"), taker: rates("20", "3") }];
    desk.give(set(None, None, 1, tiers));
    desk.place(ask("b", "buy 100 @ 10"));
    desk.place(beta("s", "sell 50 @ 10"));
    assert_eq!(desk.funds("ACME", "USD").split('/').next(), Some("9497"));
    desk.place(beta("t", "sell 50 @ 10"));
    assert_eq!(desk.funds("ACME", "USD"), "8997/8997");
    desk.check_books();
}

#[test]
fn a_schedule_that_cannot_be_has_no_effect() {
    let bad = [
        vec![tier("1", "1", "2")],
        vec![tier("0", "1", "2"), tier("0", "1", "2")],
        vec![tier("0", "3", "2")],
        vec![tier("0", "-1", "2")],
        (0..21).map(|n| tier(&n.to_string(), "1", "2")).collect(),
    ];
    for tiers in bad {
        let schedule = set(None, None, 9, tiers);
        assert!(schedule.check().is_err());
        let mut desk = desk();
        desk.give(schedule);
        assert_eq!(desk.hear(), ["refused NoEffect all"]);
        let buy = desk.place(ask("b", "buy 100 @ 10"));
        assert_eq!(buy[0], "client:ACME > clearing 1002 USD hold", "the one before stays");
    }
}
