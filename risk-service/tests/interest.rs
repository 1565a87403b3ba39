//! Interest on balances: of which balance, at which rate, to the smallest unit, and once.

mod desk;

use assay_risk_service::Risk;
use assay_trading_types::loan_terms::{DayCount, Rate};
use assay_trading_types::*;
use desk::{Desk, amount, id};

const DAY_MS: i64 = 86_400_000;

fn rate(rate: &str, day_count: DayCount, version: u64) -> BalanceInterestSet {
    BalanceInterestSet { asset: id("USD"), rate: Rate::parse(rate).unwrap(), day_count, version }
}

/// ACME and BETA with 10,000 USD each; dollars have cents and earn 4.25 % a year of 360 days.
fn bank() -> Desk {
    let mut desk = Desk::new();
    desk.give(MoneyTermsSet {
        asset: id("USD"),
        decimals: 2,
        withdrawal_fee: Amount::ZERO,
        withdrawal_fee_bp: 0,
        withdrawal_day_max: None,
        second_approval_above: None,
        cooling_off_ns: 0,
        decision_ns: DAY_MS * 1_000_000,
    });
    desk.give(rate("0.0425", DayCount::Act360, 1));
    desk.said.clear();
    desk
}

/// Time passes, and the clock ticks.
fn pass(desk: &mut Desk, days: i64) {
    desk.later_ms(days * DAY_MS);
    desk.tick();
}

/// Money for ACME.
fn credit(desk: &mut Desk, much: &str, reference: &str) {
    let (firm, account, asset) = (id("ACME"), id("ACME"), id("USD"));
    desk.give(AccountCredited {
        firm,
        account,
        asset,
        amount: amount(much),
        reference: reference.to_owned(),
    });
}

fn owned(desk: &Desk, account: &str) -> Amount {
    desk.risk.position(&id(account), &id("USD"))
}

/// Credits less debits of the house's account that pays.
fn paid(desk: &Desk) -> String {
    let ledger = desk.risk.ledger();
    let ix = ledger.find(LedgerCode::from("interest-expense").unwrap(), id("USD"));
    ix.map_or(Amount::ZERO, |ix| ledger.account(ix).balance()).to_string()
}

/// Postings of interest since last asked, as `firm amount`.
fn postings(desk: &mut Desk) -> Vec<String> {
    let posted = desk.said.drain(..).filter_map(|event| match event {
        Event::Posted(e) if e.transfers[0].reason == TransferReason::BalanceInterest => {
            assert_eq!((e.transfers.len(), e.transfers[0].kind), (1, TransferKind::Plain));
            Some(format!("{} {}", e.firm, e.transfers[0].amount))
        }
        _ => None,
    });
    posted.collect()
}

#[test]
fn a_balance_earns_a_day_when_the_day_has_ended_and_once() {
    let mut desk = bank();
    desk.tick();
    assert_eq!(postings(&mut desk), [""; 0], "no day has ended");
    pass(&mut desk, 1);
    // 10,000 at 4.25 % / 360 is 1.1805.
    assert_eq!(postings(&mut desk), ["ACME 1.18", "BETA 1.18"]);
    assert_eq!((owned(&desk, "ACME").to_string(), paid(&desk)), ("10001.18".into(), "-2.36".into()));
    desk.tick();
    desk.later_ms(3_600_000);
    desk.tick();
    assert_eq!(postings(&mut desk), [""; 0], "the same day");
    desk.check_books();
}

#[test]
fn what_is_paid_over_months_is_the_exact_sum_to_the_cent() {
    let mut desk = bank();
    // Cents times 425 over 3,600,000: the sum is never rounded, only what is paid of it.
    let (mut cents, mut sum, mut paid) = (1_000_000_i128, 0_i128, 0_i128);
    for day in 0..120 {
        sum += cents * 425;
        let (whole, rest) = (sum / 3_600_000, sum % 3_600_000 * 2);
        assert_ne!(rest, 3_600_000, "no half in this example");
        let due = whole + i128::from(rest > 3_600_000);
        cents += due - paid;
        paid = due;
        pass(&mut desk, 1);
        if day % 7 == 3 {
            desk.risk = Risk::restore(&desk.risk.snapshot()).unwrap();
        }
        assert_eq!(owned(&desk, "ACME").units(), cents * 10_000_000, "day {day}");
    }
    desk.check_books();
}

#[test]
fn days_without_any_record_are_paid_with_the_day_before_them() {
    let mut desk = bank();
    pass(&mut desk, 30);
    // 30 days of 1.18055.. at once; nothing was added to between.
    assert_eq!(postings(&mut desk), ["ACME 35.42", "BETA 35.42"]);
    let mut desk = bank();
    desk.give(rate("0.0365", DayCount::Act365Fixed, 2));
    pass(&mut desk, 10);
    assert_eq!(postings(&mut desk), ["ACME 10", "BETA 10"]);
}

#[test]
fn the_balance_and_the_rate_of_when_the_day_ends_count() {
    let mut desk = bank();
    credit(&mut desk, "10000", "more");
    desk.give(rate("0.036", DayCount::Act360, 2));
    // An hour into the next day, before any tick: what comes now is of the new day.
    desk.later_ms(11 * 3_600_000);
    credit(&mut desk, "1000000", "of the new day");
    desk.give(rate("0.36", DayCount::Act360, 3));
    desk.tick();
    assert_eq!(postings(&mut desk), ["ACME 2", "BETA 1"]);
    desk.give(rate("0", DayCount::Act360, 4));
    pass(&mut desk, 1);
    assert_eq!(postings(&mut desk), [""; 0], "a rate of zero ends it");
    desk.check_books();
}

#[test]
fn what_is_held_earns_too_and_other_assets_do_not() {
    let mut desk = bank();
    desk.place(desk::ask("b", "buy 100 @ 10"));
    assert_eq!(desk.funds("ACME", "USD"), "10000/9000");
    pass(&mut desk, 1);
    assert_eq!(desk.funds("ACME", "AAPL"), "1000/1000");
    assert!(postings(&mut desk).contains(&"ACME 1.18".to_owned()));
    desk.check_books();
}

#[test]
fn many_balances_are_paid_in_steps_whatever_comes_between_and_wherever_the_process_dies() {
    let mut desk = bank();
    let many = 250 + 3;
    for n in 0..many {
        let firm = format!("F{n}");
        desk.open_firm(&firm, Commission::default(), SelfTrade::Allow);
        desk.credit(&firm, "USD", "3600");
    }
    desk.give(rate("0.1", DayCount::Act360, 2));
    desk.later_ms(DAY_MS);
    let (now, mut offset) = (desk.now, desk.accounts.len() as u64);
    let mut give = |risk: &mut Risk, event: Event, origin: Option<Origin>| {
        offset += 1;
        let (place, caused) = ((Topic::Accounts, Role::Risk), (now, origin, id("clock")));
        desk::apply(risk, place, offset, caused, &event)
    };
    let firms = |out: &[Emitted]| -> Vec<FirmId> {
        let posted =
            out.iter().filter_map(|e| if let Event::Posted(e) = &e.event { Some(e.firm) } else { None });
        posted.collect()
    };
    let is_left = |emitted: &Emitted| matches!(emitted.event, Event::WorkLeft(_));
    let mut risk = std::mem::replace(&mut desk.risk, Risk::new(0));
    let mut next: Vec<Emitted> = give(&mut risk, ClockTicked { now }.into(), None);
    let (mut paid, mut steps) = (Vec::new(), 0);
    while let Some(left) = next.into_iter().find(is_left) {
        risk = Risk::restore(&risk.snapshot()).unwrap();
        // Money that comes meanwhile, once by its reference, is of the new day.
        let credited = AccountCredited {
            firm: id("F252"),
            account: id("F252"),
            asset: id("USD"),
            amount: amount("1000000"),
            reference: "late".to_owned(),
        };
        assert!(!give(&mut risk, credited.into(), None).iter().any(is_left), "one is on its way");
        next = give(&mut risk, left.event.clone(), Some(left.origin));
        paid.extend(firms(&next));
        steps += 1;
        assert_eq!(give(&mut risk, left.event, Some(left.origin)), [], "twice in the log");
    }
    assert_eq!((paid.len(), steps), (many + 2, 2));
    paid.sort();
    paid.dedup();
    assert_eq!(paid.len(), many + 2, "each once");
    assert_eq!(risk.position(&id("F0"), &id("USD")), amount("3601"));
    let late = risk.position(&id("F252"), &id("USD"));
    assert_eq!(late, amount("1003601"), "on what the day had left");
    desk.risk = risk;
    desk.check_books();
}
