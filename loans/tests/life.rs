//! A loan from application to its end, with its books.

mod bank;

use assay_loans::*;
use assay_trading_types::loan_terms::*;
use assay_trading_types::{LoanFact, LoanId, LoanRefusal, UnsoldCause};
use bank::{Bank, amount, application, asset, day, product, product_id};

/// Names of the facts, in order.
fn facts(events: &[LoanEvent]) -> Vec<String> {
    let name = |event: &LoanEvent| format!("{:?}", event.fact).split([' ', '{']).next().unwrap().to_owned();
    events.iter().map(name).collect()
}

#[test]
fn loan_2_4_9_collateral_is_locked_on_application_and_the_payout_reaches_the_client() {
    let mut bank = Bank::opened();
    let events = bank.apply(1, "10000", "0.4").unwrap();
    assert_eq!(facts(&events), ["Applied", "CollateralPledged"]);
    assert_eq!(
        (bank.balance("client:ALICE", "BTC"), bank.balance("collateral:ALICE", "BTC")),
        ("9.6".into(), "0.4".into())
    );
    bank.ok("officer", Command::Approve { loan: LoanId::new(0, 1) });
    let paid = bank.ok("treasurer", Command::Disburse { loan: LoanId::new(0, 1) });
    assert_eq!(facts(&paid), ["Disbursed"]);
    assert_eq!(bank.balance("client:ALICE", "USD"), "10990", "less the fee of 10");
    assert_eq!(bank.balance("loan-fee-income", "USD"), "10");
    let schedule: Vec<_> =
        bank.loans.loan(LoanId::new(0, 1)).unwrap().running().unwrap().future().copied().collect();
    let sum: i128 = schedule.iter().map(|i| i.principal.units()).sum();
    assert_eq!((schedule.len(), sum), (12, amount("10000").units()));
    assert_eq!(schedule[0].due, day("2026-02-28"), "the 31st is the last of a shorter month");
    bank.agree();
}

#[test]
fn each_refusal_has_its_status_and_changes_nothing() {
    let mut bank = Bank::opened();
    let apply = |change: fn(&mut Application)| {
        let mut a = application(1, "10000", "0.4");
        change(&mut a);
        Command::Apply(a)
    };
    let table: [(Command, LoanRefusal); 9] = [
        (apply(|a| a.product = product_id("NONE")), LoanRefusal::ProductNotFound),
        (apply(|a| a.verified = false), LoanRefusal::NotVerified),
        (apply(|a| a.amount = amount("0")), LoanRefusal::AmountNotPositive),
        (apply(|a| a.amount = amount("100.001")), LoanRefusal::AmountTooFine),
        (apply(|a| a.amount = amount("99.99")), LoanRefusal::AmountOutOfBounds),
        (apply(|a| _ = a.pledges.insert(asset("ETH"), amount("1"))), LoanRefusal::CollateralNotAccepted),
        (
            apply(|a| _ = a.pledges.insert(asset("BTC"), amount("0.374999999"))),
            LoanRefusal::CollateralTooSmall,
        ),
        (apply(|a| _ = a.pledges.insert(asset("BTC"), amount("10.1"))), LoanRefusal::InsufficientFunds),
        (Command::Approve { loan: LoanId::new(0, 1) }, LoanRefusal::LoanNotFound),
    ];
    for (command, status) in table {
        assert_eq!(bank.refused("alice", command), status);
    }
    bank.apply(1, "10000", "0.375").unwrap();
    let loan = LoanId::new(0, 1);
    assert_eq!(bank.apply(1, "10000", "0.4"), Err(LoanRefusal::LoanExists));
    assert_eq!(bank.refused("alice", Command::Approve { loan }), LoanRefusal::OwnLoan);
    assert_eq!(bank.refused("officer", Command::Cancel { loan }), LoanRefusal::NotTheBorrower);
    assert_eq!(bank.refused("officer", Command::Disburse { loan }), LoanRefusal::WrongStage);
    bank.ok("officer", Command::Approve { loan });
    assert_eq!(bank.refused("officer", Command::Approve { loan }), LoanRefusal::WrongStage);
    assert_eq!(bank.refused("officer", Command::Disburse { loan }), LoanRefusal::SamePerson, "above 5,000");
    assert_eq!(bank.refused("alice", Command::Repay { loan, amount: amount("1") }), LoanRefusal::WrongStage);
    bank.ok("treasurer", Command::Disburse { loan });
    assert_eq!(bank.refused("treasurer", Command::Disburse { loan }), LoanRefusal::WrongStage, "once");
    let repay = |text| Command::Repay { loan, amount: amount(text) };
    assert_eq!(bank.refused("alice", repay("0")), LoanRefusal::AmountNotPositive);
    assert_eq!(bank.refused("alice", repay("-1")), LoanRefusal::AmountNotPositive);
    assert_eq!(bank.refused("alice", repay("0.001")), LoanRefusal::AmountTooFine);
    assert_eq!(bank.refused("officer", repay("1")), LoanRefusal::NotTheBorrower);
    let release = Command::Release { loan, asset: asset("BTC"), amount: amount("0.01") };
    assert_eq!(bank.refused("alice", release), LoanRefusal::CollateralTooSmall);
    let sold = Command::Sold { loan, sold: amount("1"), proceeds: amount("1"), returned: amount("0") };
    assert_eq!(bank.refused("desk", sold), LoanRefusal::LiquidationNotFound);
    assert_eq!(
        bank.refused("officer", Command::ProposeWriteOff { loan, reason: "nothing left".into() }),
        LoanRefusal::WrongStage
    );
}

#[test]
fn products_take_two_persons_and_numbers_that_agree() {
    let mut bank = Bank::opened();
    let id = product_id("NEW");
    let propose = |product: Product| Command::ProposeProduct { id, product: Box::new(product) };
    let bad: [fn(&mut Product); 7] = [
        |p| (p.amount_max, p.rate) = (PRINCIPAL_MAX, Rate::parse("10").unwrap()),
        |p| p.amount_min = amount("0"),
        |p| p.margin_ratio = Rate::parse("1.6").unwrap(),
        |p| p.liquidation_ratio = Rate::parse("0.9").unwrap(),
        |p| p.term_days = 0,
        |p| p.waterfall = [Part::Fees, Part::Fees, Part::Principal],
        |p| p.collateral.clear(),
    ];
    for change in bad {
        let mut product = product();
        change(&mut product);
        assert_eq!(bank.refused("officer", propose(product)), LoanRefusal::ProductInvalid);
    }
    bank.ok("officer", propose(product()));
    bank.ok("officer", propose(product()));
    let approve = |version| Command::ApproveProduct { id, version };
    assert_eq!(bank.refused("officer", approve(2)), LoanRefusal::SamePerson);
    assert_eq!(bank.refused("chief", approve(1)), LoanRefusal::ProductChanged, "not what was looked at");
    bank.ok("chief", approve(2));
    assert_eq!(bank.refused("chief", approve(3)), LoanRefusal::ProductNotFound, "nothing waits");
    assert_eq!(bank.loans.products().count(), 2);
    bank.ok("officer", Command::RetireProduct { id });
    assert_eq!(bank.loans.quote(id, amount("1000"), day("2026-01-01")), Err(LoanRefusal::ProductNotActive));
}

#[test]
fn days_of_a_product_are_at_most_ten_years() {
    type Set = fn(&mut Product, u16);
    let table: [(Set, &str); 3] = [
        (|p, days| p.grace_days = days.into(), "grace_days must be at most 3650"),
        (|p, days| p.default_after_days = days.into(), "default_after_days must be at most 3650"),
        (|p, days| p.cycle = Cycle::Days(days), "cycle must be at most 3650 days"),
    ];
    for (set, words) in table {
        let with = |days| {
            let mut product = product();
            set(&mut product, days);
            fault(&product)
        };
        assert_eq!((with(3_650), with(3_651)), (None, Some(words)));
    }
    assert_eq!(fault(&Product { grace_days: u32::MAX, ..product() }), Some(table[0].1));
}

#[test]
fn a_product_has_a_name_for_people_and_a_price_that_can_be_used() {
    let named = |name: &str| fault(&Product { name: name.into(), ..product() });
    assert_eq!(named("Zuhause, 1 Jahr \u{a0}\u{2713}"), None);
    for name in ["Home\n", "Ho\0me", "\u{1b}[2J", "Home\u{7f}", "Home\u{85}"] {
        assert_eq!(named(name), Some("name must have no control characters"), "{name:?}");
    }
    let aged = |price_age_max_s| Product { price_age_max_s, ..product() };
    assert_eq!(fault(&aged(0)), Some("price_age_max_s must be at least 1"));
    Bank::offering(aged(1)).apply(1, "10000", "0.4").unwrap();
}

/// Such a product is not taken any more, but may have been.
#[test]
fn a_loan_whose_days_of_grace_are_beyond_any_bound_is_charged_no_fee() {
    let mut bank = Bank::opened();
    bank.lend(1, "10000", "0.4");
    let text = serde_json::to_string(&bank.loans).unwrap();
    let endless = text.replace("\"grace_days\":5,", &format!("\"grace_days\":{},", u32::MAX));
    assert_ne!(endless, text);
    bank.loans = serde_json::from_str(&endless).unwrap();
    let events = bank.start_day("2026-03-06");
    assert!(facts(&events).contains(&"Delinquency".into()), "it is late: {events:?}");
    assert!(!facts(&events).contains(&"LateFee".into()), "{events:?}");
}

#[test]
fn a_borrower_takes_an_approved_loan_back_until_it_is_paid_out() {
    let mut bank = Bank::opened();
    for id in 1..=2 {
        bank.apply(id, "1000", "0.1").unwrap();
        bank.ok("officer", Command::Approve { loan: LoanId::new(0, id) });
    }
    let (first, second) = (LoanId::new(0, 1), LoanId::new(0, 2));
    assert_eq!(
        facts(&bank.ok("alice", Command::Cancel { loan: first })),
        ["Cancelled", "CollateralReleased"]
    );
    assert_eq!(bank.refused("chief", Command::Disburse { loan: first }), LoanRefusal::WrongStage);
    bank.ok("chief", Command::Disburse { loan: second });
    assert_eq!(bank.refused("alice", Command::Cancel { loan: second }), LoanRefusal::WrongStage);
    assert_eq!(bank.balance("collateral:ALICE", "BTC"), "0.1");
    bank.agree();
}

#[test]
fn loan_6_a_fourth_loan_is_refused_and_one_that_ended_makes_room() {
    let mut bank = Bank::opened();
    for id in 1..=3 {
        bank.apply(id, "1000", "0.1").unwrap();
    }
    assert_eq!(bank.apply(4, "1000", "0.1"), Err(LoanRefusal::TooManyLoans));
    let events = bank.ok("alice", Command::Cancel { loan: LoanId::new(0, 2) });
    assert_eq!(facts(&events), ["Cancelled", "CollateralReleased"]);
    bank.apply(4, "1000", "0.1").unwrap();
    let events = bank.ok("officer", Command::Reject { loan: LoanId::new(0, 4), reason: "no".into() });
    assert_eq!(facts(&events), ["Rejected", "CollateralReleased"]);
    assert_eq!(bank.balance("collateral:ALICE", "BTC"), "0.2");
    bank.agree();
}

#[test]
fn loan_11_13_interest_runs_daily_and_is_paid_first() {
    let mut bank = Bank::opened();
    bank.lend(1, "10000", "0.4");
    let events = bank.start_day("2026-02-01");
    assert_eq!(facts(&events), ["InterestAccrued"]);
    assert_eq!(bank.owed(1).interest, amount("3.29"), "10,000 at 12 % a day: 3.2877");
    assert_eq!(bank.start_day("2026-02-01"), [], "a day begins once");
    assert_eq!(
        bank.refused("clock", Command::StartDay { date: day("2026-02-02") }),
        LoanRefusal::DayNotBegun
    );
    bank.start_day("2026-02-11");
    assert_eq!(bank.owed(1).interest, amount("36.16"), "11 days: 36.1644, whatever days were left out");
    let events = bank.repay(1, "136.16");
    let LoanFact::Repayment { fees, interest, principal, owed, .. } = events[0].fact else {
        panic!("{events:?}")
    };
    let expected = ["0", "36.16", "100", "9900"].map(amount);
    assert_eq!([fees, interest, principal, owed], expected);
    assert_eq!(bank.balance("loan-interest-income", "USD"), "36.16");
    bank.agree();
}

#[test]
fn loan_12_paid_back_in_full_it_ends_and_its_collateral_is_given_back() {
    let mut bank = Bank::opened();
    bank.lend(1, "10000", "0.4");
    bank.credit("ALICE", "USD", "5000");
    bank.start_day("2026-02-11");
    let events = bank.repay(1, "99999");
    assert_eq!(facts(&events), ["Repayment", "Repaid", "CollateralReleased"]);
    let LoanFact::Repayment { taken, .. } = events[0].fact else { panic!() };
    assert_eq!(taken, amount("10036.16"), "no more than is owed");
    assert!(matches!(bank.stage(1), Stage::Repaid { .. }));
    assert_eq!(bank.balance("client:ALICE", "BTC"), "10");
    let repay = Command::Repay { loan: LoanId::new(0, 1), amount: amount("1") };
    assert_eq!(bank.refused("alice", repay), LoanRefusal::WrongStage);
    bank.agree();
}

#[test]
fn loan_12_a_cent_that_is_left_is_let_go() {
    let mut bank = Bank::opened();
    bank.lend(1, "10000", "0.4");
    bank.credit("ALICE", "USD", "5000");
    bank.start_day("2026-02-11");
    let events = bank.repay(1, "10036.15");
    assert_eq!(facts(&events), ["Repayment", "Forgiven", "Repaid", "CollateralReleased"]);
    assert_eq!(bank.balance("loan-loss", "USD"), "-0.01");
    bank.agree();
}

#[test]
fn instalments_fall_due_with_the_interest_of_their_period_and_paid_on_time_the_loan_ends_at_maturity() {
    let mut bank = Bank::opened();
    bank.lend(1, "10000", "0.4");
    bank.credit("ALICE", "USD", "5000");
    let quote = bank.loans.quote(product_id("HOME"), amount("10000"), day("2026-01-31")).unwrap();
    let mut date = day("2026-02-01");
    let mut due = Vec::new();
    while date <= day("2027-01-31") {
        for event in bank.start_day(&date.to_string()) {
            if let LoanFact::InstalmentDue { due: on, principal, interest } = event.fact {
                due.push((on, principal, interest));
                let total = principal.checked_add(interest).unwrap();
                bank.repay(1, &total.to_string());
            }
        }
        bank.agree();
        date = date.plus_days(1);
    }
    let quoted: Vec<_> = quote.iter().map(|i| (i.due, i.principal, i.interest)).collect();
    assert_eq!(due, quoted, "what was quoted is what fell due");
    assert!(matches!(bank.stage(1), Stage::Repaid { .. }));
}

#[test]
fn loan_15_a_late_instalment_is_charged_grows_older_and_ends_in_default() {
    let mut bank = Bank::opened();
    bank.lend(1, "10000", "0.4");
    let mut seen = Vec::new();
    let mut date = day("2026-02-01");
    while date <= day("2026-04-01") {
        let names = facts(&bank.start_day(&date.to_string()));
        let news = names.into_iter().filter(|name| !name.ends_with("Accrued"));
        seen.extend(news.map(|name| format!("{date} {name}")));
        date = date.plus_days(1);
    }
    let expected = [
        "2026-02-25 DueSoon",
        "2026-02-28 InstalmentDue",
        "2026-03-01 Delinquency",
        "2026-03-06 LateFee",
        "2026-03-28 DueSoon",
        "2026-03-30 Delinquency",
        "2026-03-31 InstalmentDue",
        "2026-03-31 Defaulted",
        "2026-03-31 LiquidationRequested",
    ];
    assert_eq!(seen, expected);
    assert!(bank.owed(1).fees > amount("25"), "the fee and a penalty on what is late");
    let owed = bank.owed(1);
    bank.start_day("2026-05-01");
    assert_eq!(bank.owed(1), owed, "a loan in default earns nothing more");
    bank.agree();
}

/// Due dates that were told of.
fn told(events: &[LoanEvent]) -> Vec<String> {
    let due = |event: &LoanEvent| match event.fact {
        LoanFact::DueSoon { due } => Some(due.to_string()),
        _ => None,
    };
    events.iter().filter_map(due).collect()
}

#[test]
fn an_instalment_is_told_of_once_on_the_first_day_that_finds_it_three_days_away_or_less() {
    let first_told = |days: &[&str]| {
        let mut bank = Bank::opened();
        assert_eq!(told(&bank.lend(1, "10000", "0.4")), Vec::<String>::new());
        days.iter().map(|day| told(&bank.start_day(day))).collect::<Vec<_>>()
    };
    let (due, none) = (vec!["2026-02-28".to_owned()], Vec::new());
    assert_eq!(
        first_told(&["2026-02-24", "2026-02-25", "2026-02-26"]),
        [none.clone(), due.clone(), none.clone()]
    );
    assert_eq!(first_told(&["2026-02-24", "2026-02-27"]), [none.clone(), due], "no tick came on the 25th");
    assert_eq!(first_told(&["2026-02-24", "2026-02-28"]), [none.clone(), none], "it is due now, not soon");
}

#[test]
fn what_falls_due_within_three_days_of_the_payout_is_told_with_it() {
    let lent = |term_days| {
        let mut bank = Bank::offering(Product { term_days, cycle: Cycle::Once, ..product() });
        let paid = told(&bank.lend(1, "10000", "0.4"));
        (paid, told(&bank.start_day("2026-02-01")))
    };
    let (none, on) = (Vec::new(), |due: &str| vec![due.to_owned()]);
    assert_eq!(lent(1), (on("2026-02-01"), none.clone()));
    assert_eq!(lent(3), (on("2026-02-03"), none.clone()));
    assert_eq!(lent(4), (none, on("2026-02-04")));
}

#[test]
fn of_instalments_every_day_each_is_told_of_once() {
    let mut bank = Bank::offering(Product { term_days: 6, cycle: Cycle::Days(1), ..product() });
    assert_eq!(told(&bank.lend(1, "10000", "0.4")), ["2026-02-01", "2026-02-02", "2026-02-03"]);
    assert_eq!(told(&bank.start_day("2026-02-01")), ["2026-02-04"]);
    assert_eq!(told(&bank.start_day("2026-02-05")), ["2026-02-06"], "the fifth was not told in time");
}

#[test]
fn a_margin_call_is_cured_by_collateral_or_a_payment_or_the_price() {
    let mut bank = Bank::opened();
    bank.lend(1, "10000", "0.4");
    assert_eq!(
        facts(&bank.price("39063")),
        Vec::<String>::new(),
        "0.4 at 39,063 less a fifth is 12,500.16: 125 %"
    );
    assert_eq!(facts(&bank.price("39062")), ["MarginCalled"]);
    assert_eq!(facts(&bank.price("39000")), Vec::<String>::new(), "called once");
    let pledge = Command::Pledge { loan: LoanId::new(0, 1), asset: asset("BTC"), amount: amount("0.1") };
    assert_eq!(facts(&bank.ok("alice", pledge)), ["CollateralPledged", "MarginCallCured"]);
    assert_eq!(facts(&bank.price("31000")), ["MarginCalled"]);
    assert_eq!(facts(&bank.price("31250")), ["MarginCallCured"]);
    assert_eq!(facts(&bank.price("31000")), ["MarginCalled"]);
    assert_eq!(facts(&bank.repay(1, "500")), ["Repayment", "MarginCallCured"]);
    let release =
        |text| Command::Release { loan: LoanId::new(0, 1), asset: asset("BTC"), amount: amount(text) };
    bank.price("60000");
    assert_eq!(bank.refused("alice", release("0.21")), LoanRefusal::CollateralTooSmall);
    assert_eq!(facts(&bank.ok("alice", release("0.2"))), ["CollateralReleased"]);
    bank.agree();
}

#[test]
fn a_call_that_is_not_cured_sells_what_brings_the_collateral_back_to_its_ratio() {
    let mut bank = Bank::opened();
    bank.lend(1, "10000", "0.4");
    bank.price("38000");
    bank.go_to("2026-02-01");
    let events = bank.price("38000");
    assert_eq!(facts(&events), ["LiquidationRequested"]);
    let LoanFact::LiquidationRequested { amount: wanted, .. } = events[0].fact else { panic!() };
    // (1.5 * 10,000 - 12,160) / (1.5 - 0.8) = 4,057.15 of debt, at 38,000 each.
    assert_eq!(wanted, amount("0.106766918"));
    let proceeds = amount("4057.14");
    let done = Command::Sold { loan: LoanId::new(0, 1), sold: wanted, proceeds, returned: amount("0") };
    assert_eq!(
        bank.refused(
            "alice",
            Command::Release { loan: LoanId::new(0, 1), asset: asset("BTC"), amount: amount("0.01") }
        ),
        LoanRefusal::LiquidationOpen
    );
    settle_market(&mut bank, "0.106766918", "4057.14");
    assert_eq!(
        facts(&bank.ok("desk", done)),
        ["InterestAccrued", "Repayment", "CollateralSold", "MarginCallCured"]
    );
    let owed = bank.owed(1).total().units() as f64;
    let value = (0.4 - 0.106766918) * 38_000.0 * 0.8 * 1e9;
    assert!((value / owed - 1.5).abs() < 0.001, "back at its ratio: {}", value / owed);
    bank.agree();
}

/// The desk's order is filled: units go, money comes.
fn settle_market(bank: &mut Bank, sold: &str, proceeds: &str) {
    bank.credit("LOAN-DESK", "USD", proceeds);
    let desk = bank.balance("client:LOAN-DESK", "BTC");
    assert!(amount(&desk) >= amount(sold), "the desk has what it sells");
}

#[test]
fn a_crash_sells_everything_and_what_is_left_is_written_off_by_two_and_partly_recovered() {
    let mut bank = Bank::opened();
    bank.lend(1, "10000", "0.4");
    let events = bank.price("20000");
    assert_eq!(facts(&events), ["LiquidationRequested"]);
    let loan = LoanId::new(0, 1);
    settle_market(&mut bank, "0.4", "8000");
    let done = Command::Sold { loan, sold: amount("0.4"), proceeds: amount("8000"), returned: amount("0") };
    assert_eq!(facts(&bank.ok("desk", done)), ["Repayment", "CollateralSold", "Defaulted"]);
    assert_eq!(bank.owed(1).total(), amount("2000"));
    assert_eq!(
        bank.refused("officer", Command::WriteOff { loan }),
        LoanRefusal::WrongStage,
        "nobody proposed it"
    );
    bank.ok("officer", Command::ProposeWriteOff { loan, reason: "nothing left".into() });
    assert_eq!(bank.refused("officer", Command::WriteOff { loan }), LoanRefusal::SamePerson);
    assert_eq!(facts(&bank.ok("chief", Command::WriteOff { loan })), ["WrittenOff"]);
    assert_eq!(bank.balance("loan-loss", "USD"), "-2000");
    bank.ok("alice", Command::Repay { loan, amount: amount("300") });
    assert_eq!(bank.balance("loan-recovery", "USD"), "300");
    let events = bank.ok("alice", Command::Repay { loan, amount: amount("5000") });
    assert!(
        matches!(events[0].fact, LoanFact::Recovered { amount: taken, .. } if taken == amount("1700")),
        "{events:?}"
    );
    bank.agree();
}

#[test]
fn in_default_the_collateral_covers_the_debt_and_the_rest_is_given_back() {
    let mut bank = Bank::opened();
    bank.lend(1, "10000", "0.4");
    let events = bank.start_day("2026-03-31");
    let Some(LoanFact::LiquidationRequested { amount: wanted, .. }) = events.last().map(|e| e.fact.clone())
    else {
        panic!("{events:?}")
    };
    let owed = bank.owed(1).total();
    assert!(wanted < amount("0.4") && wanted > amount("0.2"), "{wanted}");
    let surplus = amount("5");
    let proceeds = owed.checked_add(surplus).unwrap();
    settle_market(&mut bank, &wanted.to_string(), &proceeds.to_string());
    let before = amount(&bank.balance("client:ALICE", "USD"));
    let done = Command::Sold { loan: LoanId::new(0, 1), sold: wanted, proceeds, returned: amount("0") };
    assert_eq!(
        facts(&bank.ok("desk", done)),
        ["Repayment", "CollateralSold", "Repaid", "CollateralReleased"]
    );
    let after = amount(&bank.balance("client:ALICE", "USD"));
    assert_eq!(after.checked_sub(before), Some(surplus), "what is too much is the borrower's");
    bank.agree();
}

#[test]
fn what_could_not_be_sold_comes_back_and_is_tried_again_later() {
    let mut bank = Bank::opened();
    bank.lend(1, "10000", "0.4");
    bank.price("20000");
    let back = |returned| Command::Sold {
        loan: LoanId::new(0, 1),
        sold: amount("0"),
        proceeds: amount("0"),
        returned: amount(returned),
    };
    assert_eq!(bank.refused("desk", back("0.5")), LoanRefusal::LiquidationNotFound);
    let events = bank.ok("desk", back("0.4"));
    assert_eq!(facts(&events), ["CollateralSold"]);
    bank.agree();
    assert_eq!(facts(&bank.price("20001")), Vec::<String>::new(), "not at once");
    bank.now = bank.now.plus_ns(60_000_000_000);
    assert_eq!(facts(&bank.price("20002")), ["LiquidationRequested"]);
}

/// A call at 38,000, nobody buys when it has lapsed a day later, and another minute has passed.
fn lapsed_and_unsold() -> Bank {
    let mut bank = Bank::opened();
    bank.lend(1, "10000", "0.4");
    assert_eq!(facts(&bank.price("38000")), ["MarginCalled"]);
    bank.go_to("2026-02-01");
    bring_back(&mut bank, "38000");
    bank.now = bank.now.plus_ns(60_000_000_000);
    bank
}

/// At that price a sale is asked for, and brings everything back.
fn bring_back(bank: &mut Bank, price: &str) {
    let events = bank.price(price);
    assert_eq!(facts(&events), ["LiquidationRequested"]);
    let LoanFact::LiquidationRequested { amount: returned, .. } = events[0].fact else { unreachable!() };
    let (sold, proceeds) = (amount("0"), amount("0"));
    let back = bank.ok("desk", Command::Sold { loan: LoanId::new(0, 1), sold, proceeds, returned });
    assert_eq!(facts(&back).last().unwrap(), "CollateralSold");
}

#[test]
fn a_call_that_lapsed_stays_lapsed_when_its_sale_finds_no_buyer() {
    let mut bank = lapsed_and_unsold();
    assert_eq!(facts(&bank.price("38000")), ["LiquidationRequested"], "no other day to cure it");
    assert_eq!(
        facts(&lapsed_and_unsold().price("39075")),
        ["LiquidationRequested"],
        "125 % of 10,003.29 is 39,075.35 for each of 0.4 less a fifth"
    );
}

#[test]
fn a_lapsed_call_is_cured_by_the_margin_ratio_and_the_next_one_has_its_own_time() {
    let mut bank = lapsed_and_unsold();
    assert_eq!(facts(&bank.price("39076")), ["MarginCallCured"]);
    assert_eq!(facts(&bank.price("38000")), ["MarginCalled"]);
    assert_eq!(facts(&bank.price("38000")), Vec::<String>::new());
}

#[test]
fn a_sale_at_once_that_finds_no_buyer_leaves_a_running_call_its_time() {
    let mut bank = Bank::opened();
    bank.lend(1, "10000", "0.4");
    bank.price("38000");
    let lapses = bank.now.plus_ns(86_400 * 1_000_000_000);
    bring_back(&mut bank, "30000");
    bank.now = lapses.plus_ns(-1);
    assert_eq!(
        facts(&bank.price("38000")),
        Vec::<String>::new(),
        "above the liquidation ratio, not yet lapsed"
    );
    bank.now = lapses;
    assert_eq!(facts(&bank.price("38000")), ["LiquidationRequested"]);
}

#[test]
fn collateral_of_a_loan_in_default_is_offered_again_with_the_next_price() {
    let mut bank = Bank::opened();
    bank.lend(1, "10000", "0.4");
    let events = bank.start_day("2026-03-31");
    let Some(LoanFact::LiquidationRequested { amount: returned, .. }) = events.last().map(|e| e.fact.clone())
    else {
        panic!("{events:?}")
    };
    let (sold, proceeds) = (amount("0"), amount("0"));
    bank.ok("desk", Command::Sold { loan: LoanId::new(0, 1), sold, proceeds, returned });
    bank.now = bank.now.plus_ns(60_000_000_000 - 1);
    assert_eq!(facts(&bank.price("50000")), Vec::<String>::new(), "not within a minute");
    bank.now = bank.now.plus_ns(1);
    assert_eq!(facts(&bank.price("50000")), ["LiquidationRequested"]);
    bank.agree();
}

/// Called at 09:00 with a day to cure it; the next day has begun, and the call lapses with the next nanosecond.
fn about_to_lapse(product: Product) -> Bank {
    let mut bank = Bank::offering(product);
    bank.lend(1, "10000", "0.4");
    assert_eq!(facts(&bank.price("38000")), ["MarginCalled"]);
    assert_eq!(facts(&bank.tick(86_400, -1)), ["InterestAccrued"], "not a nanosecond too early");
    bank
}

#[test]
fn a_call_that_lapses_is_acted_on_with_the_tick_whatever_prices_come() {
    let mut bank = about_to_lapse(product());
    assert_eq!(facts(&bank.tick(0, 1)), ["LiquidationRequested"]);
    assert_eq!(facts(&bank.tick(1, 0)), Vec::<String>::new(), "it is on its way");
    bank.agree();
}

#[test]
fn what_found_no_buyer_is_offered_again_by_the_tick_a_minute_later_each_time() {
    let mut bank = about_to_lapse(product());
    let mut events = bank.tick(0, 1);
    for _ in 0..3 {
        assert_eq!(facts(&events), ["LiquidationRequested"]);
        let LoanFact::LiquidationRequested { amount: returned, .. } = events[0].fact else { unreachable!() };
        let (sold, proceeds) = (amount("0"), amount("0"));
        bank.ok("desk", Command::Sold { loan: LoanId::new(0, 1), sold, proceeds, returned });
        assert_eq!(facts(&bank.tick(60, -1)), Vec::<String>::new());
        events = bank.tick(0, 1);
    }
}

#[test]
fn in_default_what_found_no_buyer_is_offered_again_by_the_tick() {
    let mut bank = Bank::opened();
    bank.lend(1, "10000", "0.4");
    let events = bank.start_day("2026-03-31");
    let Some(LoanFact::LiquidationRequested { amount: returned, .. }) = events.last().map(|e| e.fact.clone())
    else {
        panic!("{events:?}")
    };
    let (sold, proceeds) = (amount("0"), amount("0"));
    bank.ok("desk", Command::Sold { loan: LoanId::new(0, 1), sold, proceeds, returned });
    assert_eq!(facts(&bank.tick(60, -1)), Vec::<String>::new());
    assert_eq!(facts(&bank.tick(0, 1)), ["LiquidationRequested"]);
}

/// As [`about_to_lapse`], of a loan applied for under the rules by which offers are paced.
fn about_to_lapse_and_paced(product: Product) -> Bank {
    let mut bank = Bank::offering(product);
    bank.rules = 3;
    bank.lend(1, "10000", "0.4");
    assert_eq!(facts(&bank.price("38000")), ["MarginCalled"]);
    bank.tick(86_400, -1);
    bank
}

/// What was offered comes back, but for so much that somebody bought.
fn comes_back(bank: &mut Bank, offered: &[LoanEvent], sold: &str, proceeds: &str) -> Vec<LoanEvent> {
    let wanted = offered.iter().find_map(|event| match event.fact {
        LoanFact::LiquidationRequested { amount, .. } => Some(amount),
        _ => None,
    });
    let returned = wanted.expect("it was offered").checked_sub(amount(sold)).unwrap();
    let (loan, sold, proceeds) = (LoanId::new(0, 1), amount(sold), amount(proceeds));
    bank.ok("desk", Command::Sold { loan, sold, proceeds, returned })
}

fn nobody_buys(bank: &mut Bank, offered: &[LoanEvent]) -> Vec<LoanEvent> {
    comes_back(bank, offered, "0", "0")
}

/// The market of BTC opens or shuts.
fn set_market(bank: &mut Bank, open: bool) -> Vec<LoanEvent> {
    let (asset, currency) = (asset("BTC"), asset("USD"));
    bank.ok("market", Command::SetMarket { asset, currency, open })
}

fn cause(events: &[LoanEvent]) -> Option<UnsoldCause> {
    events.iter().find_map(|event| match event.fact {
        LoanFact::CollateralUnsold { cause, .. } => Some(cause),
        _ => None,
    })
}

const NOTHING: [&str; 0] = [];

#[test]
fn what_finds_no_buyer_is_offered_less_and_less_often_and_told_once_a_day() {
    let mut bank = about_to_lapse_and_paced(product());
    let mut events = bank.tick(0, 1);
    for (n, minutes) in [1, 2, 4, 8, 16, 32, 60, 60].into_iter().enumerate() {
        assert_eq!(facts(&events), ["LiquidationRequested"], "offer {n}");
        let told = nobody_buys(&mut bank, &events);
        assert_eq!(cause(&told), (n == 0).then_some(UnsoldCause::NoBuyer), "offer {n}");
        // Whatever restarts there are.
        bank.loans = serde_json::from_str(&serde_json::to_string(&bank.loans).unwrap()).unwrap();
        assert_eq!(facts(&bank.tick(minutes * 60, -1)), NOTHING, "not within {minutes} minutes");
        events = bank.tick(0, 1);
    }
    assert_eq!(cause(&nobody_buys(&mut bank, &events)), None);
    let next_day = bank.tick(86_400, 0);
    assert_eq!(cause(&nobody_buys(&mut bank, &next_day)), Some(UnsoldCause::NoBuyer));
    bank.agree();
}

/// Offered three times in vain: nothing more for four minutes.
fn thrice_unsold() -> Bank {
    let mut bank = about_to_lapse_and_paced(product());
    let mut events = bank.tick(0, 1);
    for minutes in [1, 2] {
        nobody_buys(&mut bank, &events);
        events = bank.tick(minutes * 60, 0);
    }
    nobody_buys(&mut bank, &events);
    bank
}

#[test]
fn a_price_that_moves_has_it_offered_a_minute_after_the_last_offer() {
    let mut bank = thrice_unsold();
    assert_eq!(facts(&bank.tick(60, -1)), NOTHING);
    assert_eq!(facts(&bank.price("38000")), NOTHING, "it has not moved");
    assert_eq!(facts(&bank.tick(0, 1)), NOTHING);
    let offered = bank.price("37999");
    assert_eq!(facts(&offered), ["LiquidationRequested"]);
    nobody_buys(&mut bank, &offered);
    assert_eq!(facts(&bank.price("37998")), NOTHING, "not within a minute");
    assert_eq!(facts(&bank.tick(60, -1)), NOTHING);
    assert_eq!(facts(&bank.tick(0, 1)), ["LiquidationRequested"], "it begins anew");
}

#[test]
fn a_buyer_of_a_part_has_the_rest_offered_a_minute_later() {
    let mut bank = about_to_lapse_and_paced(product());
    let mut events = bank.tick(0, 1);
    for minutes in [1, 2, 4] {
        nobody_buys(&mut bank, &events);
        events = bank.tick(minutes * 60, 0);
    }
    settle_market(&mut bank, "0.01", "380");
    let told = comes_back(&mut bank, &events, "0.01", "380");
    assert_eq!(facts(&told), ["Repayment", "CollateralSold"]);
    assert_eq!(facts(&bank.tick(60, -1)), NOTHING);
    assert_eq!(facts(&bank.tick(0, 1)), ["LiquidationRequested"]);
}

#[test]
fn while_its_market_is_shut_nothing_is_offered_and_once_it_opens_it_is() {
    let mut bank = about_to_lapse_and_paced(product());
    assert_eq!(facts(&set_market(&mut bank, false)), NOTHING);
    let told = bank.tick(0, 1);
    assert_eq!(
        (facts(&told), cause(&told)),
        (vec!["CollateralUnsold".into()], Some(UnsoldCause::MarketShut))
    );
    for _ in 0..120 {
        assert_eq!(facts(&bank.tick(60, 0)), NOTHING, "it is looked at, and nothing is said");
    }
    assert_eq!(facts(&bank.price("38001")), NOTHING, "a price from elsewhere opens no market");
    assert_eq!(facts(&set_market(&mut bank, true)), NOTHING, "within the minute");
    assert_eq!(facts(&bank.tick(60, 0)), ["LiquidationRequested"]);
    bank.agree();
}

#[test]
fn what_trades_is_sold_before_what_does_not() {
    let rule = |name| CollateralRule { asset: asset(name), haircut: Rate::parse("0.2").unwrap() };
    let mut bank = Bank::offering(Product { collateral: vec![rule("BTC"), rule("ETH")], ..product() });
    bank.rules = 3;
    bank.credit("ALICE", "ETH", "10");
    let (eth, currency, price) = (asset("ETH"), asset("USD"), amount("2000"));
    let lot = amount("0.000000001");
    bank.ok("prices", Command::SetPrice { asset: eth, currency, price, lot, max_age_ns: None });
    bank.lend(1, "10000", "0.4");
    bank.ok("alice", Command::Pledge { loan: LoanId::new(0, 1), asset: eth, amount: amount("1") });
    set_market(&mut bank, false);
    let offered = bank.price("29000");
    let LoanFact::LiquidationRequested { asset, .. } = offered[0].fact else { panic!("{offered:?}") };
    assert_eq!(asset, eth);
}

#[test]
fn a_market_that_opens_again_ends_the_longer_pause() {
    let mut bank = thrice_unsold();
    bank.tick(60, 0);
    set_market(&mut bank, false);
    bank.tick(60, 0);
    bank.loans = serde_json::from_str(&serde_json::to_string(&bank.loans).unwrap()).unwrap();
    assert_eq!(facts(&set_market(&mut bank, true)), ["LiquidationRequested"]);
    assert_eq!(facts(&set_market(&mut bank, true)), NOTHING, "it was open");
}

#[test]
fn in_default_too_nothing_is_offered_to_a_market_that_is_shut() {
    let mut bank = Bank::opened();
    bank.rules = 3;
    bank.lend(1, "10000", "0.4");
    set_market(&mut bank, false);
    let told = bank.start_day("2026-03-31");
    assert!(matches!(bank.stage(1), Stage::Defaulted(_)));
    assert_eq!(cause(&told), Some(UnsoldCause::MarketShut));
    set_market(&mut bank, true);
    assert_eq!(facts(&bank.tick(60, 0)), ["LiquidationRequested"]);
}

#[test]
fn what_cannot_be_sold_for_want_of_a_price_is_told_once_a_day() {
    let mut bank = about_to_lapse_and_paced(Product { price_age_max_s: 3_600, ..product() });
    let told = bank.tick(0, 1);
    assert_eq!((facts(&told), cause(&told)), (vec!["CollateralUnsold".into()], Some(UnsoldCause::NoPrice)));
    assert_eq!(bank.tick(1, 0), []);
    let next_day = bank.tick(86_400, 0);
    assert_eq!(facts(&next_day), ["InterestAccrued", "CollateralUnsold"]);
    assert_eq!(facts(&bank.price("38000")), ["LiquidationRequested"]);

    let mut defaulted = Bank::offering(Product { price_age_max_s: 3_600, ..product() });
    defaulted.rules = 3;
    defaulted.lend(1, "10000", "0.4");
    let offered = defaulted.start_day("2026-03-31");
    assert_eq!(cause(&nobody_buys(&mut defaulted, &offered)), Some(UnsoldCause::NoPrice));
}

#[test]
fn a_borrower_who_puts_things_right_does_not_wait_for_the_end_of_a_pause() {
    let mut bank = thrice_unsold();
    let (loan, asset) = (LoanId::new(0, 1), asset("BTC"));
    let pledged = bank.ok("alice", Command::Pledge { loan, asset, amount: amount("1") });
    assert_eq!(facts(&pledged), ["CollateralPledged", "MarginCallCured"]);
    assert_eq!(facts(&bank.tick(3_600, 0)), NOTHING);
    assert_eq!(facts(&bank.price("9000")), ["LiquidationRequested"], "the pause is over with the call");
    bank.agree();
}

/// What was applied for before is decided on as it was then.
#[test]
fn a_loan_of_older_rules_is_offered_each_minute_whatever_its_market_does() {
    let mut bank = about_to_lapse(product());
    let mut events = bank.tick(0, 1);
    for _ in 0..3 {
        assert_eq!(facts(&events), ["LiquidationRequested"]);
        assert_eq!(facts(&nobody_buys(&mut bank, &events)), ["CollateralSold"]);
        for open in [false, true, false] {
            assert_eq!(facts(&set_market(&mut bank, open)), NOTHING);
        }
        assert_eq!(facts(&bank.tick(60, -1)), NOTHING);
        events = bank.tick(0, 1);
    }
    let mut unpriced = about_to_lapse(Product { price_age_max_s: 3_600, ..product() });
    assert_eq!(facts(&unpriced.tick(0, 1)), NOTHING);
}

/// Nobody's collateral is sold by a price that is not known; the next price does it.
#[test]
fn a_call_that_lapses_without_a_recent_price_is_acted_on_with_the_next_price() {
    let mut bank = about_to_lapse(Product { price_age_max_s: 3_600, ..product() });
    assert_eq!(facts(&bank.tick(0, 1)), Vec::<String>::new());
    let before = bank.loans.clone();
    assert_eq!(bank.tick(1, 0), []);
    assert_eq!(bank.loans, before, "ticks do not look at it again and again");
    assert_eq!(facts(&bank.price("38000")), ["LiquidationRequested"]);
}

#[test]
fn a_state_that_was_read_back_knows_which_calls_lapse() {
    let mut bank = about_to_lapse(product());
    let text = serde_json::to_string(&bank.loans).unwrap();
    bank.loans = serde_json::from_str(&text).unwrap();
    assert_eq!(facts(&bank.tick(0, 1)), ["LiquidationRequested"]);
}

/// What was written before loans waited for instants: there is none, and the next price does it, as it did then.
#[test]
fn a_state_from_before_there_were_instants_is_read() {
    let mut bank = about_to_lapse(product());
    let text = serde_json::to_string(&bank.loans).unwrap();
    let next_look = format!(",\"next_look\":{}", bank.now.plus_ns(1).as_ns());
    let old = text.replace(&next_look, "");
    assert_ne!(old, text);
    bank.loans = serde_json::from_str(&old).unwrap();
    assert_eq!(facts(&bank.tick(0, 1)), Vec::<String>::new());
    assert_eq!(facts(&bank.price("38000")), ["LiquidationRequested"]);
}

#[test]
fn calls_that_lapse_together_are_acted_on_in_bounded_turns() {
    let mut bank = Bank::opened();
    let many = TURN_LOANS_MAX as u64 * 2 + 10;
    for n in 1..=many {
        let name = format!("C{n}");
        bank.credit(&name, "BTC", "1");
        bank.lend_to(&name, n, "1000", "0.05");
    }
    bank.price("31000");
    while bank.loans.is_work_left() {
        bank.ok("clock", Command::GoOn);
    }
    let mut turns = vec![bank.start_day("2026-02-01")];
    while bank.loans.is_work_left() {
        turns.push(bank.ok("clock", Command::GoOn));
    }
    let sold: Vec<LoanId> =
        turns.iter().flatten().filter(|event| asks_for_sale(event)).map(|event| event.loan).collect();
    assert_eq!(sold, (1..=many).map(|n| LoanId::new(0, n)).collect::<Vec<_>>(), "each once");
    assert!(turns.iter().all(|turn| turn.len() <= TURN_LOANS_MAX * 2), "sale and interest at most");
}

fn asks_for_sale(event: &LoanEvent) -> bool {
    matches!(event.fact, LoanFact::LiquidationRequested { .. })
}

#[test]
fn what_is_sold_is_whole_lots_and_what_it_brings_settles_whole_cents() {
    let mut bank = Bank::opened();
    let (asset, currency, lot) = (asset("BTC"), asset("USD"), amount("0.25"));
    let price =
        |units: &str| Command::SetPrice { asset, currency, price: amount(units), lot, max_age_ns: None };
    bank.lend(1, "10000", "0.5");
    let events = bank.ok("prices", price("24000"));
    let LoanFact::LiquidationRequested { amount: wanted, .. } = events[0].fact else { panic!("{events:?}") };
    assert_eq!(wanted, amount("0.5"), "some 0.32 are needed");
    settle_market(&mut bank, "0.5", "12000.004999");
    let proceeds = amount("12000.004999");
    let done = Command::Sold { loan: LoanId::new(0, 1), sold: wanted, proceeds, returned: amount("0") };
    bank.ok("desk", done);
    assert!(matches!(bank.stage(1), Stage::Repaid { .. }));
    bank.agree();
}

#[test]
fn without_a_recent_price_nothing_is_lent_and_nobody_is_called() {
    let mut bank = Bank::offering(Product { price_age_max_s: 3_600, ..product() });
    bank.lend(1, "10000", "0.4");
    bank.go_to("2026-02-01");
    assert_eq!(bank.apply(2, "1000", "1"), Err(LoanRefusal::PriceStale));
    let (asset, currency, price) = (asset("BTC"), asset("EUR"), amount("1"));
    let events = bank.ok(
        "prices",
        Command::SetPrice { asset, currency, price, lot: amount("0.000000001"), max_age_ns: None },
    );
    assert_eq!(events, [], "a price in another currency says nothing of this loan");
    assert_eq!(facts(&bank.start_day("2026-02-01")), ["InterestAccrued"]);
}

#[test]
fn prepaid_principal_shortens_the_term_or_lowers_the_instalments() {
    let prepaid = |prepayment| {
        let mut bank = Bank::offering(Product { prepayment, ..product() });
        bank.lend(1, "10000", "0.4");
        bank.repay(1, "4000");
        let loan = bank.loans.loan(LoanId::new(0, 1)).unwrap();
        let future: Vec<_> = loan.running().unwrap().future().copied().collect();
        let sum: i128 = future.iter().map(|i| i.principal.units()).sum();
        assert_eq!(sum, amount("6000").units(), "principal of the schedule is what is owed");
        assert_eq!(future.last().unwrap().outstanding, amount("0"));
        (future.len(), future[0].total())
    };
    let (shorter, same) = prepaid(Prepayment::ShortensTerm);
    let (as_long, lower) = prepaid(Prepayment::LowersInstalments);
    assert!(shorter == 8 && same > amount("800"), "{shorter} {same}");
    assert!(as_long == 12 && lower < amount("540"), "{as_long} {lower}");
}

#[test]
fn state_is_read_back_from_json() {
    let mut bank = Bank::opened();
    bank.lend(1, "10000", "0.4");
    bank.start_day("2026-03-02");
    let text = serde_json::to_string(&bank.loans).unwrap();
    assert_eq!(serde_json::from_str::<Loans>(&text).unwrap(), bank.loans);
}

/// One turn is bounded, so that a day of many loans is many small steps; none is left out and none comes twice.
#[test]
fn a_day_and_a_price_come_to_every_loan_in_bounded_turns() {
    let mut bank = Bank::opened();
    let many = TURN_LOANS_MAX as u64 * 2 + 10;
    for n in 1..=many {
        let name = format!("C{n}");
        bank.credit(&name, "BTC", "1");
        bank.lend_to(&name, n, "1000", "0.05");
    }
    let turns = |bank: &mut Bank, first: Vec<LoanEvent>| {
        let mut turns = vec![first];
        while !turns[turns.len() - 1].is_empty() {
            let next = bank.ok("clock", Command::GoOn);
            turns.push(next);
        }
        turns
    };
    let begun = bank.start_day("2026-02-01");
    let days = turns(&mut bank, begun);
    assert_eq!(days.iter().map(Vec::len).collect::<Vec<_>>(), [TURN_LOANS_MAX, TURN_LOANS_MAX, 10, 0]);
    let mut loans: Vec<LoanId> = days.iter().flatten().map(|event| event.loan).collect();
    loans.dedup();
    assert_eq!(loans.len() as u64, many, "each once");
    assert_eq!(bank.start_day("2026-02-01"), [], "the same day again");
    let begun = bank.price("31000");
    let called = turns(&mut bank, begun);
    assert_eq!(called.iter().map(Vec::len).collect::<Vec<_>>(), [TURN_LOANS_MAX, TURN_LOANS_MAX, 10, 0]);
}

#[test]
fn a_price_goes_on_where_the_one_before_has_come_to() {
    let mut bank = Bank::opened();
    let many = TURN_LOANS_MAX as u64 + 10;
    for n in 1..=many {
        let name = format!("C{n}");
        bank.credit(&name, "BTC", "1");
        bank.lend_to(&name, n, "1000", "0.05");
    }
    assert_eq!(bank.price("31000").len(), TURN_LOANS_MAX, "the first ones are called");
    let cured = bank.price("50000");
    assert_eq!(cured.len(), TURN_LOANS_MAX - 10, "the last ten had not been called");
    assert_eq!(cured[0].loan, LoanId::new(0, 1));
    assert_eq!(bank.ok("clock", Command::GoOn).len(), 10);
}

/// What one looks at agrees with what is called for, to the last unit.
#[test]
fn what_collateral_counts_for_falls_short_where_a_margin_call_begins() {
    let mut bank = Bank::opened();
    bank.lend(1, "10000", "0.4");
    let table = [("39062.5", "12500", "0", "0.8", 0), ("39062.49", "12499.9968", "0.0032", "0.8001", 1)];
    for (price, value, shortfall, loan_to_value, calls) in table {
        assert_eq!(bank.price(price).len(), calls, "at {price}");
        let counted = counted(&bank, Some(quote(&bank, price)));
        assert_eq!(counted.value, Ok(amount(value)));
        assert_eq!((counted.debt, counted.required), (amount("10000"), amount("12500")));
        assert_eq!(counted.shortfall(), Some(amount(shortfall)));
        assert_eq!(counted.loan_to_value(), Some(amount(loan_to_value)));
    }
}

#[test]
fn what_collateral_must_count_for_follows_the_stage() {
    let mut bank = Bank::opened();
    let at_50000 = |bank: &Bank| counted(bank, Some(quote(bank, "50000")));
    bank.apply(1, "10000", "0.4").unwrap();
    assert_eq!(at_50000(&bank).required, amount("15000"), "to begin with");
    let loan = LoanId::new(0, 1);
    bank.ok("officer", Command::Approve { loan });
    assert_eq!(at_50000(&bank).required, amount("15000"));
    bank.ok("treasurer", Command::Disburse { loan });
    assert_eq!(at_50000(&bank).required, amount("12500"));
    bank.start_day("2026-03-31");
    assert!(matches!(bank.stage(1), Stage::Defaulted(_)));
    let defaulted = at_50000(&bank);
    assert_eq!(defaulted.required, bank.owed(1).total());
    let ended = {
        let mut bank = Bank::opened();
        bank.lend(1, "10000", "0.4");
        bank.repay(1, "10000");
        bank
    };
    let loan = ended.loans.loan(loan).unwrap();
    assert_eq!(Valuation::of(&loan.state(), loan.terms(), |_| None, ended.now), None);
}

#[test]
fn collateral_without_a_recent_price_counts_for_nothing_that_could_be_said() {
    let mut bank = Bank::offering(Product { price_age_max_s: 3_600, ..product() });
    bank.lend(1, "10000", "0.4");
    let said = quote(&bank, "50000");
    let later = |bank: &Bank, ns: i64, quote| {
        let loan = bank.loans.loan(LoanId::new(0, 1)).unwrap();
        Valuation::of(&loan.state(), loan.terms(), |_| quote, bank.now.plus_ns(ns)).unwrap()
    };
    let hour_ns = 3_600_000_000_000;
    assert_eq!(later(&bank, hour_ns - 1, Some(said)).value, Ok(amount("16000")));
    let stale = later(&bank, hour_ns, Some(said));
    assert_eq!((stale.value, stale.shortfall()), (Err(LoanRefusal::PriceStale), None));
    assert_eq!(stale.loan_to_value(), None);
    assert_eq!(stale.assets[0].quote, Some(said), "the old one is shown all the same");
    let short = Quote { max_age_ns: Some(1_000), ..said };
    assert_eq!(later(&bank, 1_000, Some(short)).value, Ok(amount("16000")));
    assert_eq!(later(&bank, 1_001, Some(short)).value, Err(LoanRefusal::PriceStale));
    assert_eq!(later(&bank, 0, None).value, Err(LoanRefusal::PriceMissing));
}

fn quote(bank: &Bank, price: &str) -> Quote {
    Quote { price: amount(price), at: bank.now, max_age_ns: None }
}

/// The first loan's collateral at a price of now.
fn counted(bank: &Bank, quote: Option<Quote>) -> Valuation {
    let loan = bank.loans.loan(LoanId::new(0, 1)).unwrap();
    Valuation::of(&loan.state(), loan.terms(), |_| quote, bank.now).unwrap()
}
