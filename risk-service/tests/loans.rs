//! Loans through the records: who may ask for what, what the books say of it, and what days and prices bring.

mod desk;
mod lender;

use assay_loans::TURN_LOANS_MAX;
use assay_risk_service::Risk;
use assay_trading_types::loan_terms::*;
use assay_trading_types::*;
use desk::{amount, id};
use lender::*;
use std::collections::BTreeMap;

#[test]
fn loan_01_products_are_offered_once_another_person_has_approved_what_was_looked_at() {
    let mut l = Lender::new();
    let (product, terms) = (id("CAR"), Box::new(home()));
    let propose = |terms: &Product| LoanAction::ProposeProduct { product, terms: Box::new(terms.clone()) };
    assert_eq!(l.ask(OLGA, None, propose(&terms)), "CAR v1");
    assert_eq!(
        l.ask(OLGA, None, propose(&Product { rate: Rate::parse("0.2").unwrap(), ..home() })),
        "CAR v2"
    );
    let approve = |version| LoanAction::ApproveProduct { product, version };
    assert_eq!(l.ask(OSKAR, None, approve(1)), "PRODUCT_CHANGED");
    assert_eq!(l.words(), "CAR has version 2, not 1: look at it again");
    assert_eq!(l.ask(OLGA, None, approve(2)), "SAME_PERSON");
    assert_eq!(l.desk.risk.loans().products().count(), 1, "not offered yet");
    assert_eq!(l.ask(OSKAR, None, approve(2)), "CAR v3");
    assert_eq!(l.desk.risk.loans().products().count(), 2);
    assert_eq!(l.ask(OLGA, None, LoanAction::RetireProduct { product }), "CAR v4");
    assert_eq!(l.desk.risk.loans().products().count(), 1);
}

#[test]
fn loan_01_proposed_terms_are_declined_by_another_or_taken_back_by_who_proposed_them() {
    let mut l = Lender::new();
    let product = id("HOME");
    let dearer = Product { rate: Rate::parse("0.2").unwrap(), ..home() };
    let propose = LoanAction::ProposeProduct { product, terms: Box::new(dearer) };
    let decline = |version| LoanAction::DeclineProduct { product, version, reason: "too dear".into() };
    let withdraw = |version| LoanAction::WithdrawProduct { product, version };
    let state = |l: &Lender| l.desk.risk.loans().product(product).unwrap();
    assert_eq!(l.ask(OSKAR, None, decline(2)), "PRODUCT_NOT_FOUND", "nothing waits");
    assert_eq!(l.ask(OLGA, None, withdraw(2)), "PRODUCT_NOT_FOUND");
    assert_eq!(l.ask(OLGA, None, propose.clone()), "HOME v3");
    assert_eq!(l.ask(OLGA, None, decline(3)), "SAME_PERSON");
    assert_eq!(l.ask(OSKAR, None, withdraw(3)), "NOT_THE_PROPOSER");
    assert_eq!(l.words(), "only who proposed the terms may take them back");
    assert_eq!(l.ask(OSKAR, None, decline(2)), "PRODUCT_CHANGED");
    assert_eq!(l.words(), "HOME has version 3, not 2: look at it again");
    assert_eq!(l.ask(OSKAR, None, decline(3)), "HOME v4");
    let declined = state(&l).declined.unwrap();
    assert_eq!((declined.by, declined.reason.as_str()), (id(OSKAR), "too dear"));
    assert_eq!((state(&l).proposed, state(&l).terms), (None, Some(home())), "what is in force stays");
    l.restart();
    let approve = |version| LoanAction::ApproveProduct { product, version };
    assert_eq!(l.ask(OSKAR, None, approve(4)), "PRODUCT_NOT_FOUND", "it is gone");

    assert_eq!(l.ask(OLGA, None, propose), "HOME v5");
    assert_eq!(state(&l).declined, None, "that was another proposal");
    assert_eq!(l.ask(OLGA, None, withdraw(4)), "PRODUCT_CHANGED");
    assert_eq!(l.ask(OLGA, None, withdraw(5)), "HOME v6");
    assert_eq!((state(&l).proposed, state(&l).active), (None, true));
    assert_eq!(l.ask(OSKAR, None, approve(6)), "PRODUCT_NOT_FOUND");
}

#[test]
fn loan_01_terms_that_do_not_agree_are_refused_in_words() {
    let mut l = Lender::new();
    type Change = fn(&mut Product);
    let table: [(Change, &str); 5] = [
        (|p| p.amount_min = amount("5000.01"), "amount_min must not be above amount_max"),
        (|p| p.term_days = 0, "term_days must be 1 to 14610"),
        (|p| p.decimals = 10, "USD has no 10 decimals"),
        (|p| p.collateral[0].asset = id("BTC"), "BTC does not trade in USD"),
        (
            |p| p.margin_ratio = Rate::parse("1.05").unwrap(),
            "liquidation_ratio, margin_ratio and collateral_ratio must not fall",
        ),
    ];
    for (change, words) in table {
        let mut terms = home();
        change(&mut terms);
        let propose = LoanAction::ProposeProduct { product: id("BAD"), terms: Box::new(terms) };
        assert_eq!(l.ask(OLGA, None, propose), "PRODUCT_INVALID");
        assert_eq!(l.words(), words);
    }
}

#[test]
fn loan_02_04_terms_are_frozen_and_collateral_is_locked_on_application() {
    let mut l = Lender::new();
    let applied = l.apply("ACME", "2000", "375");
    let loan = LoanId::parse(applied.split(' ').next().unwrap()).unwrap();
    assert_eq!(applied, format!("{loan} Pending"));
    assert_eq!(l.facts(), ["loan.applied", "collateral.locked"]);
    assert_eq!(l.desk.funds("ACME", "AAPL"), "625/625");
    assert_eq!(l.balance("collateral:ACME", "AAPL"), "375");
    l.offer(|p| p.rate = Rate::parse("0.5").unwrap());
    l.ask(OLGA, Some("ACME"), LoanAction::Approve { loan });
    l.ask(OSKAR, Some("ACME"), LoanAction::Disburse { loan });
    assert_eq!(l.state(loan).rate, Rate::parse("0.12").unwrap());
    let first = l.loan(loan).running().unwrap().future().next().copied().unwrap();
    assert_eq!(first.interest, amount("19.73"), "30 days at 12 % on 2,000");
}

#[test]
fn loan_03_to_06_what_is_wrong_with_an_application_is_said_with_the_numbers() {
    let mut l = Lender::new();
    let pledges = |asset: &str, much: &str| BTreeMap::from([(id(asset), amount(much))]);
    let apply = |account: &str, much: &str, pledges: BTreeMap<Asset, Amount>| LoanAction::Apply {
        account: id(account),
        product: id("HOME"),
        amount: amount(much),
        pledges,
    };
    let table = [
        (
            apply("ACME", "99.99", pledges("AAPL", "375")),
            "AMOUNT_OUT_OF_BOUNDS",
            "99.99 USD is not between 100 and 5000 USD",
        ),
        (
            apply("ACME", "5000.01", pledges("AAPL", "1000")),
            "AMOUNT_OUT_OF_BOUNDS",
            "5000.01 USD is not between 100 and 5000 USD",
        ),
        (
            apply("ACME", "0", pledges("AAPL", "375")),
            "AMOUNT_NOT_POSITIVE",
            "every amount must be above zero",
        ),
        (
            apply("ACME", "2000.001", pledges("AAPL", "375")),
            "AMOUNT_TOO_FINE",
            "the amount has more decimals than the currency",
        ),
        (
            apply("ACME", "2000", pledges("AAPL", "374")),
            "COLLATERAL_TOO_SMALL",
            "it must count for 3000 at least, after haircuts; it does for 2992",
        ),
        (
            apply("ACME", "2000", BTreeMap::new()),
            "COLLATERAL_TOO_SMALL",
            "it must count for 3000 at least, after haircuts; it does for 0",
        ),
        (
            apply("ACME", "2000", pledges("BTC", "1")),
            "COLLATERAL_NOT_ACCEPTED",
            "the product does not take this asset as collateral",
        ),
        (apply("ACME", "2000", pledges("AAPL", "1001")), "INSUFFICIENT_FUNDS", "1001 AAPL; ACME has 1000"),
        (apply("BETA", "2000", pledges("AAPL", "375")), "UNKNOWN_ACCOUNT", "ACME has no account BETA"),
    ];
    for (action, code, words) in table {
        assert_eq!(l.ask(ANN, Some("ACME"), action), code);
        assert_eq!(l.words(), words);
    }
    assert_eq!(l.desk.funds("ACME", "AAPL"), "1000/1000", "nothing was locked");
    l.desk.give(FirmKycSet { firm: id("ACME"), kyc: KycStatus::Expired, reason: "test".into() });
    assert_eq!(l.apply("ACME", "2000", "375"), "NOT_VERIFIED");
}

#[test]
fn loan_04_without_a_fresh_price_nothing_is_lent() {
    let mut l = Lender::new();
    l.offer(|p| p.price_age_max_s = 3_600);
    l.desk.later_ms(3_600_000);
    assert_eq!(l.apply("ACME", "2000", "375"), "PRICE_STALE");
    l.price("10");
    let applied = l.apply("ACME", "2000", "375");
    let loan = LoanId::parse(applied.split(' ').next().unwrap()).unwrap();
    l.ask(OLGA, Some("ACME"), LoanAction::Approve { loan });
    l.price("9.99");
    assert_eq!(
        l.ask(OSKAR, Some("ACME"), LoanAction::Disburse { loan }),
        "COLLATERAL_TOO_SMALL",
        "at the payout too"
    );
    l.price("0");
    assert_eq!(l.ask(OSKAR, Some("ACME"), LoanAction::Disburse { loan }), "PRICE_MISSING");
    let max_age_ns = Some(60_000_000_000);
    l.desk.give(ReferencePriceSet { symbol: id("AAPL"), price: id("10"), max_age_ns, source: None });
    l.desk.later_ms(60_001);
    assert_eq!(
        l.ask(OSKAR, Some("ACME"), LoanAction::Disburse { loan }),
        "PRICE_STALE",
        "as old as who said it allows"
    );
}

#[test]
fn loan_06_a_fourth_running_loan_is_refused_and_pending_ones_count() {
    let mut l = Lender::new();
    let loan = l.lend("ACME", "500", "100");
    l.apply("ACME", "500", "100");
    let third = l.apply("ACME", "500", "100");
    assert_eq!(l.apply("ACME", "500", "100"), "TOO_MANY_LOANS");
    assert_eq!(l.words(), "3 loans run or wait already, the most there may be");
    assert!(l.apply("BETA", "500", "100").ends_with("Pending"), "another client's do not");
    let third = LoanId::parse(third.split(' ').next().unwrap()).unwrap();
    assert_eq!(l.ask(ANN, Some("BETA"), LoanAction::Cancel { loan: third }), "LOAN_NOT_FOUND");
    assert_eq!(l.ask(ANN, Some("ACME"), LoanAction::Cancel { loan: third }), format!("{third} Cancelled"));
    assert_eq!(l.facts(), ["loan.cancelled", "collateral.released"]);
    assert!(l.apply("ACME", "500", "100").ends_with("Pending"));
    assert_eq!(l.ask(ANN, Some("ACME"), LoanAction::Cancel { loan }), "WRONG_STAGE");
    assert_eq!(l.words(), format!("{loan} is Active"));
}

#[test]
fn loan_09_two_persons_pay_out_above_the_threshold_and_never_the_applicant() {
    let mut l = Lender::new();
    let applied = l.apply("ACME", "2000", "375");
    let loan = LoanId::parse(applied.split(' ').next().unwrap()).unwrap();
    let say = |l: &mut Lender, by: &str, action| l.ask(by, Some("ACME"), action);
    assert_eq!(say(&mut l, ANN, LoanAction::Approve { loan }), "OWN_LOAN");
    assert_eq!(say(&mut l, OLGA, LoanAction::Disburse { loan }), "WRONG_STAGE");
    assert_eq!(say(&mut l, OLGA, LoanAction::Approve { loan }), format!("{loan} Approved"));
    assert_eq!(say(&mut l, OSKAR, LoanAction::Approve { loan }), "WRONG_STAGE");
    assert_eq!(say(&mut l, OSKAR, LoanAction::Reject { loan, reason: "no".into() }), "WRONG_STAGE");
    assert_eq!(say(&mut l, OLGA, LoanAction::Disburse { loan }), "SAME_PERSON");
    assert_eq!(say(&mut l, ANN, LoanAction::Disburse { loan }), "OWN_LOAN");
    l.desk.give(FirmKycSet { firm: id("ACME"), kyc: KycStatus::Rejected, reason: "test".into() });
    assert_eq!(say(&mut l, OSKAR, LoanAction::Disburse { loan }), "NOT_VERIFIED");
    l.desk.give(FirmKycSet { firm: id("ACME"), kyc: KycStatus::Verified, reason: "test".into() });
    assert_eq!(say(&mut l, OSKAR, LoanAction::Disburse { loan }), format!("{loan} Active"));
    assert_eq!(l.desk.funds("ACME", "USD"), "11990/11990", "less the fee");
    assert_eq!(l.balance("loan-fee-income", "USD"), "10");
    assert_eq!(say(&mut l, OSKAR, LoanAction::Disburse { loan }), "WRONG_STAGE", "once");
    let state = l.state(loan);
    assert_eq!(state.decided.map(|signed| signed.by), Some(id(OLGA)));
    assert_eq!(state.disbursed.map(|signed| signed.by), Some(id(OSKAR)));
    assert_eq!(state.maturity, Some(Date::parse("2027-11-20").unwrap()), "365 days after the payout");

    let applied = l.apply("ACME", "1000", "200");
    let small = LoanId::parse(applied.split(' ').next().unwrap()).unwrap();
    say(&mut l, OLGA, LoanAction::Approve { loan: small });
    assert_eq!(say(&mut l, OLGA, LoanAction::Disburse { loan: small }), format!("{small} Active"));
}

#[test]
fn loan_10_a_rejection_gives_the_collateral_back_and_says_who_and_why() {
    let mut l = Lender::new();
    let applied = l.apply("ACME", "2000", "375");
    let loan = LoanId::parse(applied.split(' ').next().unwrap()).unwrap();
    let reject = LoanAction::Reject { loan, reason: "too much debt".into() };
    assert_eq!(l.ask(ANN, Some("ACME"), reject.clone()), "OWN_LOAN");
    assert_eq!(l.ask(OLGA, Some("ACME"), reject), format!("{loan} Rejected"));
    assert_eq!(l.desk.funds("ACME", "AAPL"), "1000/1000");
    let state = l.state(loan);
    assert_eq!(state.reason.as_deref(), Some("too much debt"));
    assert_eq!(state.decided.map(|signed| signed.by), Some(id(OLGA)));
    assert_eq!(l.ask(OLGA, Some("ACME"), LoanAction::Approve { loan }), "WRONG_STAGE");
}

#[test]
fn loan_11_12_a_payment_settles_interest_first_is_capped_and_gives_the_collateral_back() {
    let mut l = Lender::new();
    let loan = l.lend("ACME", "2000", "375");
    for (much, code) in
        [("0", "AMOUNT_NOT_POSITIVE"), ("-1", "AMOUNT_NOT_POSITIVE"), ("0.001", "AMOUNT_TOO_FINE")]
    {
        assert_eq!(l.repay("ACME", loan, much), code);
    }
    assert_eq!(l.ask(ANN, Some("BETA"), LoanAction::Repay { loan, amount: amount("1") }), "LOAN_NOT_FOUND");
    l.days_later(10);
    assert_eq!(l.owed(loan), "2006.58");
    assert_eq!(l.repay("ACME", loan, "106.58"), format!("{loan} Active"));
    let repaid = l.state(loan).repaid;
    assert_eq!((repaid.interest, repaid.principal), (amount("6.58"), amount("100")));
    assert_eq!(l.repay("ACME", loan, "50000"), format!("{loan} Repaid"), "no more than is owed");
    assert_eq!(l.facts(), ["loan.repayment", "loan.repaid", "collateral.released"]);
    let taken = l.desk.said.iter().find_map(|event| match event {
        Event::LoanChanged(e) => match e.facts[0] {
            LoanFact::Repayment { asked, taken, owed, .. } => Some((asked, taken, owed)),
            _ => None,
        },
        _ => None,
    });
    assert_eq!(taken, Some((amount("50000"), amount("1900"), Amount::ZERO)));
    assert_eq!(l.desk.funds("ACME", "AAPL"), "1000/1000");
    assert_eq!(l.desk.funds("ACME", "USD"), "9983.42/9983.42", "interest and the fee");
    assert_eq!(l.repay("ACME", loan, "1"), "WRONG_STAGE");
}

#[test]
fn loan_11_what_orders_hold_cannot_be_repaid_with() {
    let mut l = Lender::new();
    l.desk.market = false;
    let loan = l.lend("ACME", "1000", "200");
    l.desk.place(desk::ask("buy-1", "buy 1080 @ 10"));
    assert_eq!(l.repay("ACME", loan, "500"), "INSUFFICIENT_FUNDS");
    assert_eq!(l.words(), "500 USD; ACME has 190");
    assert_eq!(l.repay("ACME", loan, "190"), format!("{loan} Active"));
}

#[test]
fn loan_13_interest_of_a_day_is_earned_once_whatever_restarts_there_are() {
    let mut l = Lender::new();
    let loan = l.lend("ACME", "2000", "375");
    assert_eq!(l.owed(loan), "2000");
    l.days_later(1);
    assert_eq!(l.facts(), ["loan.interest_accrued"]);
    assert_eq!(l.owed(loan), "2000.66", "2,000 x 12 % / 365");
    l.days_later(0);
    assert_eq!(l.facts(), Vec::<&str>::new());
    l.restart();
    l.days_later(0);
    assert_eq!(l.owed(loan), "2000.66");
    l.days_later(4);
    assert_eq!(l.owed(loan), "2003.29", "five days, three of them made up for");
    assert_eq!(l.balance("loan-interest-income", "USD"), "3.29");
    let mut again = Risk::new(0);
    for (offset, (event, origin, at, actor)) in l.desk.accounts.iter().enumerate() {
        let context = (*at, *origin, *actor);
        desk::apply(&mut again, (Topic::Accounts, Role::Risk), offset as u64, context, event);
    }
    assert_eq!(again.snapshot(), l.desk.risk.snapshot(), "the same records give the same");
}

#[test]
fn loan_13_interest_runs_from_the_payout_not_from_the_first_payment() {
    let mut l = Lender::new();
    let applied = l.apply("ACME", "2000", "375");
    let loan = LoanId::parse(applied.split(' ').next().unwrap()).unwrap();
    l.ask(OLGA, Some("ACME"), LoanAction::Approve { loan });
    l.days_later(30);
    assert_eq!(l.owed(loan), "0", "nothing before the payout");
    l.ask(OSKAR, Some("ACME"), LoanAction::Disburse { loan });
    l.days_later(30);
    assert_eq!(l.owed(loan), "2019.73");
}

#[test]
fn loan_15_a_late_loan_is_told_of_charged_and_put_in_default() {
    let mut l = Lender::new();
    let loan = l.lend("ACME", "2000", "375");
    l.days_later(27);
    assert!(l.facts().contains(&"loan.due_soon"), "{:?}", l.facts());
    l.days_later(3);
    assert!(l.facts().contains(&"loan.due"), "{:?}", l.facts());
    l.days_later(1);
    assert!(l.facts().contains(&"loan.overdue"), "{:?}", l.facts());
    assert_eq!(l.state(loan).late, Bucket::Days1);
    l.days_later(5);
    assert!(l.facts().contains(&"loan.late_fee"), "{:?}", l.facts());
    assert_eq!(l.state(loan).owed.fees, amount("25.13"), "and six days at 5 % on the 157.97 that are late");
    l.days_later(25);
    assert!(l.facts().contains(&"loan.defaulted"), "{:?}", l.facts());
}

#[test]
fn loan_15_a_margin_call_is_raised_by_the_price_and_cured_by_collateral() {
    let mut l = Lender::new();
    let loan = l.lend("ACME", "2000", "375");
    l.price("8.34");
    assert_eq!(l.facts(), Vec::<&str>::new(), "375 x 8.34 less a fifth is above 125 %");
    l.price("8.33");
    assert_eq!(l.facts(), ["collateral.margin_call"]);
    assert!(l.state(loan).call_until.is_some());
    let pledge = LoanAction::Pledge { loan, asset: id("AAPL"), amount: amount("10") };
    assert_eq!(l.ask(ANN, Some("ACME"), pledge), format!("{loan} Active"));
    assert_eq!(l.facts(), ["collateral.locked", "collateral.margin_call_cured"]);
    let release = |much: &str| LoanAction::Release { loan, asset: id("AAPL"), amount: amount(much) };
    l.price("10");
    assert_eq!(l.ask(ANN, Some("ACME"), release("11")), "COLLATERAL_TOO_SMALL");
    assert_eq!(l.ask(ANN, Some("ACME"), release("10")), format!("{loan} Active"));
    assert_eq!(l.balance("collateral:ACME", "AAPL"), "375");
}

/// BETA buys so many at a price, and rests.
fn bid(l: &mut Lender, name: &str, lots: &str, price: &str) {
    let order = desk::ask(name, &format!("buy {lots} @ {price}"));
    l.desk.place(desk::Ask { firm: "BETA", account: "BETA", tif: TimeInForce::Gtc, ..order });
}

#[test]
fn loan_15_collateral_worth_too_little_is_sold_by_an_ordinary_order_of_the_desk() {
    let mut l = Lender::new();
    let loan = l.lend("ACME", "2000", "375");
    bid(&mut l, "bid", "300", "7.00");
    l.price("7");
    let expected = ["collateral.liquidation_requested", "loan.repayment", "collateral.liquidated"];
    assert_eq!(l.facts(), expected);
    let ordered = l.desk.said.iter().find_map(|event| match event {
        Event::OrderAccepted(e) => Some((e.terms.account, e.terms.qty, e.terms.side)),
        _ => None,
    });
    assert_eq!(ordered, Some((id("LOAN-DESK"), id("184"), Side::Sell)), "whole lots, back to 150 %");
    assert_eq!(l.desk.funds("BETA", "AAPL"), "1184/1184");
    let state = l.state(loan);
    assert_eq!(state.repaid.principal, amount("1288"));
    assert_eq!(state.pledges[&id("AAPL")], amount("191"));
    assert_eq!((state.selling, l.desk.risk.open_sales()), (None, 0));
    l.price("7.01");
    assert_eq!(l.facts(), Vec::<&str>::new(), "the ratio is what it was");
}

#[test]
fn loan_15_without_buyers_the_collateral_comes_back_and_is_offered_again_a_minute_later() {
    let mut l = Lender::new();
    let loan = l.lend("ACME", "2000", "375");
    l.price("7");
    assert_eq!(l.facts(), UNSOLD);
    assert_eq!(kinds(&l), [NoticeKind::CollateralUnsold], "the client too, and nothing of each offer");
    assert_eq!(l.state(loan).pledges[&id("AAPL")], amount("375"));
    bid(&mut l, "bid", "100", "7.00");
    l.price("7");
    assert_eq!(l.facts(), Vec::<&str>::new());
    l.desk.later_ms(60_000);
    l.price("7");
    assert_eq!(l.state(loan).repaid.principal, amount("700"), "as much as there were buyers for");
    assert_eq!(l.state(loan).pledges[&id("AAPL")], amount("275"));
}

#[test]
fn loan_15_a_lapsed_call_is_acted_on_by_the_clock_and_offered_again_by_it_after_restarts_too() {
    let mut l = Lender::new();
    let loan = l.lend("ACME", "2000", "375");
    l.price("8");
    assert_eq!(l.facts(), ["collateral.margin_call"]);
    l.restart();
    l.days_later(1);
    let news = [&["loan.interest_accrued"][..], &UNSOLD[..]].concat();
    assert_eq!(sorted(l.facts()), sorted(news), "nobody bought");
    bid(&mut l, "bid", "300", "8.00");
    l.restart();
    let second_later = |l: &mut Lender, seconds: i64| {
        l.desk.later_ms(seconds * 1_000);
        l.desk.said.clear();
        l.desk.tick();
        l.check();
    };
    second_later(&mut l, 59);
    assert_eq!(l.facts(), Vec::<&str>::new());
    second_later(&mut l, 1);
    assert!(l.facts().contains(&"loan.repayment"), "{:?}", l.facts());
    assert!(l.facts().contains(&"collateral.margin_call_cured"), "{:?}", l.facts());
    assert_eq!(l.state(loan).call_until, None);
}

/// An offer in vain.
const UNSOLD: [&str; 3] = ["collateral.liquidation_requested", "collateral.liquidated", "collateral.unsold"];

/// What people are told of loans.
fn kinds(l: &Lender) -> Vec<NoticeKind> {
    let told = l.desk.said.iter().filter_map(|event| match event {
        Event::LoanNewsRaised(e) => Some(&e.kinds),
        _ => None,
    });
    told.flatten().copied().collect()
}

fn sorted(mut facts: Vec<&str>) -> Vec<&str> {
    facts.sort_unstable();
    facts
}

#[test]
fn loan_15_an_order_of_the_desk_that_risk_refuses_brings_the_collateral_back() {
    let mut l = Lender::new();
    let loan = l.lend("ACME", "2000", "375");
    bid(&mut l, "bid", "300", "7.00");
    l.desk.switch("user:olga", SwitchScope::Firm(id("LOAN-DESK")), SwitchState::Killed);
    l.price("7");
    assert_eq!(l.facts(), UNSOLD);
    assert_eq!(l.state(loan).pledges[&id("AAPL")], amount("375"));
    assert_eq!(l.desk.risk.open_sales(), 0);
}

/// An operator halts AAPL, or lets it go on.
fn halt(l: &mut Lender, halted: bool) {
    l.desk.said.clear();
    l.desk.tell_market(TradingStateSet { symbol: id("AAPL"), halted, reason: "test".into() });
}

#[test]
fn loan_15_while_the_market_is_halted_no_order_is_asked_for_and_once_it_opens_one_is() {
    let mut l = Lender::new();
    let loan = l.lend("ACME", "2000", "375");
    bid(&mut l, "bid", "300", "7.00");
    halt(&mut l, true);
    l.price("7");
    assert_eq!(l.facts(), ["collateral.unsold"]);
    assert_eq!(kinds(&l), [NoticeKind::CollateralUnsold]);
    l.restart();
    for _ in 0..90 {
        l.desk.later_ms(60_000);
        l.desk.said.clear();
        l.desk.tick();
        assert_eq!(l.desk.said, [], "no record at all");
    }
    halt(&mut l, false);
    assert_eq!(l.facts(), Vec::<&str>::new(), "within the minute");
    l.desk.later_ms(60_000);
    l.desk.said.clear();
    l.desk.tick();
    assert!(l.facts().contains(&"loan.repayment"), "{:?}", l.facts());
    assert_eq!(l.state(loan).repaid.principal, amount("1288"));
    l.check();
}

/// As a log from before offers were paced has it: the same offers at the same instants.
#[test]
fn loan_15_a_loan_of_older_rules_is_offered_each_minute_and_of_each_the_client_hears() {
    let mut l = Lender::new();
    l.rules = 2;
    l.lend("ACME", "2000", "375");
    halt(&mut l, true);
    l.price("7");
    for _ in 0..4 {
        assert_eq!(l.facts(), ["collateral.liquidation_requested", "collateral.liquidated"]);
        assert_eq!(kinds(&l), [NoticeKind::CollateralLiquidated]);
        halt(&mut l, false);
        assert_eq!(l.facts(), Vec::<&str>::new());
        halt(&mut l, true);
        l.desk.later_ms(60_000);
        l.desk.said.clear();
        l.desk.tick();
    }
}

#[test]
fn loan_15_in_default_collateral_covers_the_debt_and_what_is_left_over_is_given_back() {
    let mut l = Lender::new();
    let loan = l.lend("ACME", "2000", "375");
    bid(&mut l, "bid", "300", "9.50");
    l.days_later(62);
    assert!(l.facts().contains(&"loan.defaulted"), "{:?}", l.facts());
    assert_eq!(l.state(loan).status, LoanStatus::Repaid, "{:?}", l.facts());
    assert_eq!(l.balance("client:LOAN-DESK", "USD"), "0");
    assert_eq!(l.balance("collateral:ACME", "AAPL"), "0");
}

#[test]
fn loan_15_what_the_collateral_did_not_cover_is_given_up_by_two_and_may_be_paid_after_all() {
    let mut l = Lender::new();
    let loan = l.lend("ACME", "2000", "375");
    bid(&mut l, "bid", "375", "2.00");
    l.price("2");
    assert_eq!(l.state(loan).status, LoanStatus::Defaulted);
    assert_eq!(l.owed(loan), "1250");
    let propose = LoanAction::ProposeWriteOff { loan, reason: "nothing left".into() };
    assert_eq!(l.ask(ANN, Some("ACME"), propose.clone()), "OWN_LOAN");
    assert_eq!(l.ask(OLGA, Some("ACME"), propose), format!("{loan} Defaulted"));
    assert_eq!(l.ask(OLGA, Some("ACME"), LoanAction::WriteOff { loan }), "SAME_PERSON");
    assert_eq!(l.ask(OSKAR, Some("ACME"), LoanAction::WriteOff { loan }), format!("{loan} WrittenOff"));
    assert_eq!(l.balance("loan-loss", "USD"), "-1250");
    assert_eq!(l.repay("ACME", loan, "5000"), format!("{loan} WrittenOff"));
    assert_eq!(l.facts(), ["loan.recovered"]);
    assert_eq!(l.balance("loan-recovery", "USD"), "1250", "no more than was lost");
    assert_eq!(l.repay("ACME", loan, "1"), "WRONG_STAGE");
}

#[test]
fn loan_04_collateral_is_whole_lots() {
    let mut l = Lender::new();
    assert_eq!(l.apply("ACME", "2000", "375.5"), "AMOUNT_TOO_FINE");
    assert_eq!(l.words(), "AAPL is taken in multiples of 1");
}

#[test]
fn a_command_that_comes_twice_has_effect_once() {
    let mut l = Lender::new();
    let event: Event = LoanInstructed {
        command: id("cmd_1"),
        firm: Some(id("ACME")),
        action: application("ACME", "500", "100"),
        version: None,
        rules: Command::RULES,
    }
    .into();
    let origin = Origin::Input { role: Role::Admin, topic: Topic::Admin, partition: 0, offset: 9, index: 0 };
    for _ in 0..2 {
        l.desk.give_from(event.clone(), origin);
    }
    assert_eq!(l.desk.risk.loans().iter().count(), 1);
    assert_eq!(l.desk.funds("ACME", "AAPL"), "900/900");
}

#[test]
fn a_day_of_more_loans_than_one_step_takes_goes_on_by_a_record_of_its_own_and_once() {
    let mut l = Lender::new();
    let firms = TURN_LOANS_MAX / 3 + 1;
    for n in 0..firms {
        let firm = format!("F{n}");
        l.desk.open_firm(&firm, Commission::default(), SelfTrade::Allow);
        l.desk.credit(&firm, "AAPL", "1000");
        for _ in 0..3 {
            l.lend(&firm, "300", "60");
        }
    }
    l.desk.later_ms(86_400_000);
    let (now, mut offset) = (l.desk.now, l.desk.accounts.len() as u64);
    let mut give = |risk: &mut Risk, event: Event, origin: Option<Origin>| {
        offset += 1;
        let (place, caused) = ((Topic::Accounts, Role::Risk), (now, origin, id("clock")));
        desk::apply(risk, place, offset, caused, &event)
    };
    let changed = |out: &[Emitted]| {
        let loans = out.iter().filter(|emitted| matches!(emitted.event, Event::LoanChanged(_)));
        loans.count()
    };
    let tick = || Event::from(ClockTicked { now });
    let begun = give(&mut l.desk.risk, tick(), None);
    let is_left = |emitted: &&Emitted| matches!(emitted.event, Event::WorkLeft(_));
    let left: Vec<Emitted> = begun.iter().filter(is_left).cloned().collect();
    assert_eq!((changed(&begun), left.len()), (TURN_LOANS_MAX, 1));
    let Event::WorkLeft(work) = &left[0].event else { unreachable!() };
    assert!(work.loans_from.is_some(), "{work:?}");

    // Whoever else writes such a record moves nothing; the process may die meanwhile.
    assert_eq!(give(&mut l.desk.risk, left[0].event.clone(), None), []);
    l.restart();
    let gone_on = give(&mut l.desk.risk, left[0].event.clone(), Some(left[0].origin));
    assert_eq!((changed(&gone_on), gone_on.iter().filter(is_left).count()), (firms * 3 - TURN_LOANS_MAX, 0));
    assert_eq!(give(&mut l.desk.risk, left[0].event.clone(), Some(left[0].origin)), [], "twice in the log");
    assert_eq!(give(&mut l.desk.risk, tick(), None), [], "the day is done");
    l.check();
    for loan in l.desk.risk.loans().iter() {
        assert_eq!(loan.state().owed.total().to_string(), "300.1", "a day at 12 % on 300, to the cent");
    }
}

#[test]
fn what_is_asked_of_a_loan_as_it_was_is_refused_once_it_has_changed() {
    let mut l = Lender::new();
    let applied = l.apply("ACME", "500", "100");
    let loan = LoanId::parse(applied.split(' ').next().unwrap()).unwrap();
    let version = l.state(loan).version;
    let asked = |version| LoanInstructed {
        command: id("cmd_v"),
        firm: Some(id("ACME")),
        action: LoanAction::Cancel { loan },
        version: Some(version),
        rules: Command::RULES,
    };
    l.desk.said.clear();
    l.desk.give_by(ANN, asked(version + 1));
    assert_eq!(l.words(), format!("it has version {version}, not {}", version + 1));
    l.desk.give_by(ANN, asked(version));
    assert_eq!(l.state(loan).status, LoanStatus::Cancelled);
}
