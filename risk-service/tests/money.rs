//! Money in, out and between accounts: what moves when, and that nothing moves otherwise.

mod desk;
mod treasury;

use assay_trading_types::*;
use desk::{answer, ask, id};
use treasury::*;

#[test]
fn a_deposit_counts_once_somebody_else_confirms_it_and_is_buying_power_at_once() {
    let mut t = Treasury::new();
    assert_eq!(answer(&t.desk.place(ask("a-1", "buy 1200 @ 10"))), "LIMIT_CREDIT");
    let deposit = t.deposit("2000");
    assert_eq!(t.funds("ACME", "USD"), "10000/10000", "announced money is no money");
    assert_eq!(t.ask(ANN, "ACME", confirm(deposit, "MT-1")), "SAME_PERSON");
    assert_eq!(t.ask(BOB, "ACME", confirm(deposit, "MT-1")), format!("{deposit} Completed"));
    assert_eq!(t.funds("ACME", "USD"), "12000/12000");
    assert_eq!(
        t.house("external:bank_transfer", "USD"),
        "-2000",
        "what the house has at the bank is a debit"
    );
    assert_eq!(t.ask(BOB, "ACME", confirm(deposit, "MT-1")), "WRONG_STATE", "never twice");
    assert_eq!(answer(&t.desk.place(ask("a-2", "buy 1200 @ 10"))), "ok");
    assert_eq!(t.funds("ACME", "USD"), "12000/0");
}

#[test]
fn one_outside_name_counts_once() {
    let mut t = Treasury::new();
    let (first, again) = (t.deposit("2000"), t.deposit("2000"));
    t.ask(BOB, "ACME", confirm(first, "MT-1"));
    assert_eq!(t.ask(BOB, "ACME", confirm(again, "MT-1")), "REFERENCE_USED");
    assert_eq!(t.ask(BOB, "ACME", reject(again)), format!("{again} Failed"));
    assert_eq!(t.ask(BOB, "ACME", confirm(again, "MT-2")), "WRONG_STATE");
    assert_eq!(t.funds("ACME", "USD"), "12000/12000");
}

#[test]
fn a_processor_has_a_deposit_in_hand_until_it_says_what_became_of_it() {
    let mut t = Treasury::new();
    let (first, second) = (t.deposit("2000"), t.deposit("300"));
    let told = "processor:cards";
    assert_eq!(t.ask(told, "ACME", acknowledge(first, "pay-1")), format!("{first} Processing"));
    assert_eq!(t.ask(told, "ACME", acknowledge(first, "pay-1")), "WRONG_STATE");
    assert_eq!(t.ask(told, "ACME", acknowledge(second, "pay-1")), "REFERENCE_USED");
    assert_eq!(t.ask(ANN, "ACME", cancel(first)), "WRONG_STATE", "its client takes it back no more");
    assert_eq!(t.ask(BOB, "ACME", send(first, "x")), "WRONG_STATE", "it is no withdrawal");
    assert_eq!(t.ask(BOB, "ACME", MoneyAction::Complete { movement: first }), "WRONG_STATE");
    for (asset, much) in [("USD", "1999.99"), ("EUR", "2000")] {
        let arrived = Some(Money { asset: id(asset), amount: desk::amount(much) });
        let word = MoneyAction::Confirm { movement: first, external_reference: "pay-1".to_owned(), arrived };
        assert_eq!(t.ask(told, "ACME", word), "NOT_AS_ANNOUNCED");
    }
    assert_eq!(t.ask(BOB, "ACME", confirm(first, "pay-2")), "REFERENCE_USED", "it has another name");
    assert_eq!(t.funds("ACME", "USD"), "10000/10000");
    assert_eq!(t.ask(told, "ACME", confirm(first, "pay-1")), format!("{first} Completed"));
    assert_eq!(t.ask(told, "ACME", acknowledge(second, "pay-2")), format!("{second} Processing"));
    assert_eq!(t.ask(told, "ACME", reject(second)), format!("{second} Failed"));
    assert_eq!(t.funds("ACME", "USD"), "12000/12000");
}

#[test]
fn a_withdrawal_holds_amount_and_fee_until_it_has_arrived() {
    let mut t = Treasury::new();
    t.terms(|terms| (terms.withdrawal_fee, terms.withdrawal_fee_bp) = (desk::amount("1"), 5));
    let w = t.withdrawal("2500.50");
    // 5 basis points of 2500.50 are 1.25025: whole cents, rounded up.
    assert_eq!(t.funds("ACME", "USD"), "10000/7497.24");
    assert_eq!(t.ask(ANN, "ACME", approve(w)), "SAME_PERSON");
    assert_eq!(t.ask(BOB, "ACME", MoneyAction::Complete { movement: w }), "WRONG_STATE");
    t.pay_out(w);
    assert_eq!(t.funds("ACME", "USD"), "7497.24/7497.24");
    assert_eq!(
        (t.house("external:bank_transfer", "USD"), t.house("fees", "USD")),
        ("2500.5".into(), "2.26".into())
    );
    assert_eq!(t.ask(BOB, "ACME", approve(w)), "WRONG_STATE");
    assert_eq!(t.ask(BOB, "ACME", fail(w)), "WRONG_STATE");
}

#[test]
fn a_withdrawal_that_ends_otherwise_releases_all_of_it() {
    let mut t = Treasury::new();
    let (cancelled, rejected, failed, unsent) =
        (t.withdrawal("100"), t.withdrawal("200"), t.withdrawal("300"), t.withdrawal("400"));
    assert_eq!(t.funds("ACME", "USD"), "10000/9000");
    assert_eq!(t.ask(ANN, "ACME", cancel(cancelled)), format!("{cancelled} Cancelled"));
    assert_eq!(t.ask(BOB, "ACME", reject(rejected)), format!("{rejected} Cancelled"));
    for w in [failed, unsent] {
        t.ask(BOB, "ACME", approve(w));
    }
    assert_eq!(t.ask(ANN, "ACME", cancel(failed)), "WRONG_STATE", "it may be with the bank already");
    t.ask(BOB, "ACME", send(failed, "MT-1"));
    assert_eq!(t.ask(BOB, "ACME", send(failed, "MT-2")), "WRONG_STATE", "sent once");
    assert_eq!(t.ask(BOB, "ACME", fail(failed)), format!("{failed} Failed"));
    assert_eq!(t.ask(BOB, "ACME", fail(unsent)), format!("{unsent} Failed"));
    assert_eq!(t.funds("ACME", "USD"), "10000/10000");
}

#[test]
fn the_same_money_is_not_withdrawn_twice_nor_while_it_is_at_stake() {
    let mut t = Treasury::new();
    t.withdrawal("10000");
    assert_eq!(t.ask(ANN, "ACME", withdraw("USD", "10000")), "INSUFFICIENT_FUNDS");
    assert_eq!(t.ask(ANN, "ACME", withdraw("USD", "0.01")), "INSUFFICIENT_FUNDS");
    let mut t = Treasury::new();
    t.desk.place(ask("a-1", "buy 900 @ 10"));
    assert_eq!(
        t.ask(ANN, "ACME", withdraw("USD", "1000.01")),
        "INSUFFICIENT_FUNDS",
        "an order holds the rest"
    );
    t.withdrawal("1000");
    assert_eq!(answer(&t.desk.place(ask("a-2", "buy 1 @ 1"))), "LIMIT_CREDIT", "and the other way round");
}

#[test]
fn large_withdrawals_take_two_others_and_the_day_has_its_limit() {
    let mut t = Treasury::new();
    t.terms(|terms| {
        terms.second_approval_above = Some(desk::amount("1000"));
        terms.withdrawal_day_max = Some(desk::amount("3000"));
    });
    let w = t.withdrawal("1000.01");
    assert_eq!(t.ask(BOB, "ACME", approve(w)), format!("{w} Pending"));
    assert_eq!(t.ask(BOB, "ACME", approve(w)), "SAME_PERSON", "one person counts once");
    assert_eq!(t.ask(EVE, "ACME", approve(w)), format!("{w} Processing"));
    let small = t.withdrawal("1000");
    assert_eq!(t.ask(BOB, "ACME", approve(small)), format!("{small} Processing"));
    assert_eq!(t.ask(ANN, "ACME", withdraw("USD", "1000")), "DAY_LIMIT");
    let last = t.withdrawal("999.99");
    t.ask(ANN, "ACME", cancel(last));
    t.withdrawal("999.99");
    t.later_s(86_400);
    t.withdrawal("3000");
}

#[test]
fn a_beneficiary_cools_off_and_takes_one_asset_only() {
    let mut t = Treasury::new();
    assert_eq!(t.ask(ANN, "ACME", withdraw_to("nobody", "ACME", "USD", "1")), "UNKNOWN_BENEFICIARY");
    assert_eq!(t.add_beneficiary("bank", "USD"), "BENEFICIARY_EXISTS");
    assert_eq!(t.add_beneficiary("euros", "EUR"), "euros");
    assert_eq!(t.ask(ANN, "ACME", withdraw_to("euros", "ACME", "USD", "1")), "ASSET_MISFIT");
    t.add_beneficiary("new", "USD");
    let to_new = || withdraw_to("new", "ACME", "USD", "1");
    assert_eq!(t.ask(ANN, "ACME", to_new()), "BENEFICIARY_COOLING");
    t.later_s(86_399);
    assert_eq!(t.ask(ANN, "ACME", to_new()), "BENEFICIARY_COOLING");
    t.later_s(1);
    let open = t.made(ANN, "ACME", to_new());
    let remove = || MoneyAction::RemoveBeneficiary { beneficiary: id("new") };
    assert_eq!(t.ask(ANN, "ACME", remove()), "WRONG_STATE", "what is decided on stays as it is");
    t.ask(ANN, "ACME", MoneyAction::Cancel { movement: open, reason: "no more".to_owned() });
    assert_eq!(t.ask(ANN, "ACME", remove()), "new");
    assert_eq!(t.ask(ANN, "ACME", to_new()), "UNKNOWN_BENEFICIARY");
    assert_eq!(t.ask(ANN, "BETA", withdraw_to("bank", "BETA", "USD", "1")), "UNKNOWN_BENEFICIARY");
}

#[test]
fn transfers_within_a_firm_are_done_at_once_and_to_another_take_a_second_person() {
    let mut t = Treasury::new();
    let own = t.ask(ANN, "ACME", transfer("ACME", ("ACME", "ACME-2"), "USD", "4000"));
    assert!(own.starts_with("TRF-") && own.ends_with(" Completed"), "{own}");
    assert_eq!((t.funds("ACME", "USD"), t.funds("ACME-2", "USD")), ("6000/6000".into(), "4000/4000".into()));
    let over = t.made(ANN, "ACME", transfer("ACME", ("BETA", "BETA"), "USD", "1000"));
    assert_eq!((t.funds("ACME", "USD"), t.funds("BETA", "USD")), ("6000/5000".into(), "10000/10000".into()));
    assert_eq!(t.ask(ANN, "ACME", approve(over)), "SAME_PERSON");
    assert_eq!(t.ask(BOB, "BETA", approve(over)), "UNKNOWN_MOVEMENT", "it is not BETA's to decide");
    assert_eq!(t.ask(BOB, "ACME", approve(over)), format!("{over} Completed"));
    assert_eq!((t.funds("ACME", "USD"), t.funds("BETA", "USD")), ("5000/5000".into(), "11000/11000".into()));
}

#[test]
fn shares_that_are_transferred_are_positions_of_whoever_has_them() {
    let mut t = Treasury::new();
    t.ask(ANN, "ACME", transfer("ACME", ("ACME", "ACME-2"), "AAPL", "600"));
    let net =
        |t: &Treasury, account: &str| t.desk.risk.account_at_stake(&id(account)).unwrap().net.to_string();
    assert_eq!((net(&t, "ACME"), net(&t, "ACME-2")), ("4000".into(), "6000".into()));
    assert_eq!(t.desk.risk.account_at_stake(&id("ACME")).unwrap().loss, Amount::ZERO, "no loss of the day");
    t.ask(ANN, "ACME", transfer("ACME", ("ACME", "ACME-2"), "AAPL", "400"));
    assert_eq!((net(&t, "ACME"), net(&t, "ACME-2")), ("0".into(), "10000".into()));
    assert_eq!(answer(&t.desk.place(ask("a-1", "sell 1 @ 10"))), "LIMIT_CREDIT", "nothing left to sell");
}

#[test]
fn a_conversion_gives_what_the_rate_gives_less_the_spread() {
    let mut t = Treasury::new();
    let d = t.made(ANN, "ACME", deposit("ACME", "EUR", "1000.01"));
    t.ask(BOB, "ACME", confirm(d, "MT-1"));
    assert_eq!(t.ask(ANN, "ACME", convert("1000.01", "EUR", "USD", Some("1080.35"))), "RATE_TOO_LOW");
    let c = t.made(ANN, "ACME", convert("1000.01", "EUR", "USD", Some("1080.34")));
    // 1000.01 * 1.0825 = 1082.510825; less 20 basis points 1080.34580335; cents, rounded down.
    let converted = t.desk.risk.movement(&c).unwrap().converted.unwrap();
    assert_eq!(
        (converted.amount.to_string(), converted.spread.to_string()),
        ("1080.34".into(), "2.17".into())
    );
    assert_eq!((t.funds("ACME", "EUR"), t.funds("ACME", "USD")), ("0/0".into(), "11080.34/11080.34".into()));
    let house = ["conversion", "conversion-spread"].map(|code| t.house(code, "USD"));
    assert_eq!((house, t.house("conversion", "EUR")), (["-1082.51".into(), "2.17".into()], "1000.01".into()));
    assert_eq!(t.ask(ANN, "ACME", convert("0.01", "EUR", "USD", None)), "INSUFFICIENT_FUNDS");
    assert_eq!(t.ask(ANN, "ACME", convert("1", "USD", "EUR", None)), "NO_RATE", "rates have a direction");
    assert_eq!(t.ask(ANN, "ACME", convert("1", "USD", "USD", None)), "ASSET_MISFIT");
    t.later_s(2 * 86_400);
    assert_eq!(t.ask(ANN, "ACME", convert("1", "EUR", "USD", None)), "NO_RATE", "an old one is none");
}

#[test]
fn a_movement_is_undone_once_by_opposite_transfers_on_two_persons_word() {
    let mut t = Treasury::new();
    t.terms(|terms| terms.withdrawal_fee = desk::amount("1"));
    let w = t.withdrawal("500");
    assert_eq!(t.ask(ANN, "ACME", reverse(w)), "WRONG_STATE", "not while it is open");
    t.pay_out(w);
    assert_eq!(t.funds("ACME", "USD"), "9499/9499");
    let r = t.made(ANN, "ACME", reverse(w));
    assert_eq!(t.ask(BOB, "ACME", reverse(w)), "NOT_REVERSIBLE", "one at a time");
    assert_eq!(t.ask(ANN, "ACME", approve(r)), "SAME_PERSON");
    assert_eq!(t.ask(BOB, "ACME", approve(r)), format!("{r} Completed"));
    assert_eq!(t.funds("ACME", "USD"), "10000/10000");
    assert_eq!((t.house("external:bank_transfer", "USD"), t.house("fees", "USD")), ("0".into(), "0".into()));
    assert_eq!(t.desk.risk.movement(&w).unwrap().reversed_by, Some(r));
    assert_eq!(t.ask(BOB, "ACME", reverse(w)), "NOT_REVERSIBLE");
    assert_eq!(t.ask(BOB, "ACME", reverse(r)), "NOT_REVERSIBLE", "an undoing is not undone");
}

#[test]
fn a_deposit_that_was_spent_cannot_be_undone() {
    let mut t = Treasury::new();
    let d = t.deposit("2000");
    t.ask(BOB, "ACME", confirm(d, "MT-1"));
    t.ask(ANN, "ACME", transfer("ACME", ("ACME", "ACME-2"), "USD", "10000.01"));
    assert_eq!(t.ask(ANN, "ACME", reverse(d)), "INSUFFICIENT_FUNDS");
    t.ask(ANN, "ACME", transfer("ACME-2", ("ACME", "ACME"), "USD", "0.01"));
    let r = t.made(ANN, "ACME", reverse(d));
    assert_eq!(t.funds("ACME", "USD"), "2000/0", "held until it is decided");
    t.ask(BOB, "ACME", reject(r));
    assert_eq!(t.funds("ACME", "USD"), "2000/2000");
    let again = t.made(ANN, "ACME", reverse(d));
    t.ask(BOB, "ACME", approve(again));
    assert_eq!(t.funds("ACME", "USD"), "0/0");
}

#[test]
fn what_nobody_decides_on_in_time_ends_by_itself() {
    let mut t = Treasury::new();
    let w = t.withdrawal("500");
    let c = t.made(ANN, "ACME", charge("20"));
    t.desk.later_ms(3_600_000);
    assert_eq!(t.ask(BOB, "ACME", approve(w)), "EXPIRED", "also before the clock's tick says so");
    t.desk.tick();
    assert_eq!(t.ask(BOB, "ACME", approve(w)), "WRONG_STATE");
    for movement in [w, c] {
        let ended = t.desk.risk.movement(&movement).unwrap();
        assert_eq!(
            (ended.status, ended.reason.as_deref()),
            (MovementStatus::Cancelled, Some("nobody decided in time"))
        );
    }
    assert_eq!(t.funds("ACME", "USD"), "10000/10000");
    let under_way = t.withdrawal("500");
    t.ask(BOB, "ACME", approve(under_way));
    t.later_s(86_400);
    assert_eq!(t.funds("ACME", "USD"), "10000/9500", "what was decided on has time");
}

#[test]
fn an_announced_deposit_ends_after_thirty_days_unless_it_arrived_or_a_processor_has_it_in_hand() {
    let mut t = Treasury::new();
    let (lost, arrived, in_hand) = (t.deposit("100"), t.deposit("200"), t.deposit("300"));
    let cards = "processor:cards";
    t.ask(BOB, "ACME", confirm(arrived, "MT-1"));
    t.ask(cards, "ACME", acknowledge(in_hand, "pay-1"));
    t.later_s(30 * 86_400 - 1);
    let status = |t: &Treasury, id| t.desk.risk.movement(&id).unwrap().status;
    assert_eq!(status(&t, lost), MovementStatus::Pending, "a second before");
    t.desk.news();
    t.desk.later_ms(1_000);
    let words = || [confirm(lost, "MT-2"), acknowledge(lost, "pay-2"), reject(lost), cancel(lost)];
    for word in words() {
        assert_eq!(t.ask(BOB, "ACME", word), "EXPIRED", "also before the clock's tick says so");
    }
    t.desk.tick();
    let ended = t.desk.risk.movement(&lost).unwrap();
    assert_eq!((ended.status, ended.reason.as_deref()), (MovementStatus::Expired, Some("it never arrived")));
    assert_eq!(t.desk.news(), [format!("DepositFailed {lost}")], "the firm is told");
    for word in words() {
        assert_eq!(t.ask(BOB, "ACME", word), "WRONG_STATE");
    }
    assert_eq!(status(&t, arrived), MovementStatus::Completed);
    assert_eq!(t.ask(cards, "ACME", confirm(in_hand, "pay-1")), format!("{in_hand} Completed"));
    assert_eq!(t.funds("ACME", "USD"), "10500/10500");
}

#[test]
fn deposits_that_never_arrive_make_room_for_others_some_with_each_tick() {
    let mut t = Treasury::new();
    for _ in 0..1_000 {
        t.deposit("1");
    }
    let last = t.made(EVE, "BETA", deposit("BETA", "USD", "1"));
    assert_eq!(t.ask(ANN, "ACME", deposit("ACME", "USD", "1")), "TOO_MANY");
    t.later_s(30 * 86_400);
    let open = |t: &Treasury| t.desk.risk.open_movements().map(|m| m.id).collect::<Vec<_>>();
    assert_eq!(open(&t), [last], "a tick ends a thousand");
    assert!(t.ask(ANN, "ACME", deposit("ACME", "USD", "1")).ends_with("Pending"));
    t.later_s(1);
    assert!(!open(&t).contains(&last), "the next one the rest");
}

#[test]
fn deposits_announced_under_older_rules_wait_as_they_were_said_to() {
    let mut t = Treasury::new();
    let answer = t.ask_under(2, ANN, "ACME", deposit("ACME", "USD", "100"));
    let old = MovementId::parse(answer.split(' ').next().unwrap()).unwrap();
    assert_eq!(t.desk.risk.movement(&old).unwrap().expires, None);
    t.later_s(365 * 86_400);
    assert_eq!(t.ask(BOB, "ACME", confirm(old, "MT-1")), format!("{old} Completed"));
}

#[test]
fn bad_amounts_and_accounts_have_their_status_and_move_nothing() {
    let mut t = Treasury::new();
    let to = |account, asset, much| transfer(account, ("ACME", "ACME-2"), asset, much);
    let cases = [
        (to("ACME", "USD", "0"), "AMOUNT_NOT_POSITIVE"),
        (to("ACME", "USD", "-5"), "AMOUNT_NOT_POSITIVE"),
        (to("ACME", "USD", "0.001"), "AMOUNT_TOO_FINE"),
        (to("ACME", "USD", "1000000000000000"), "INSUFFICIENT_FUNDS"),
        (to("ACME", "USD", "1000000000000000.01"), "AMOUNT_TOO_LARGE"),
        (to("ACME", "GBP", "1"), "UNKNOWN_ASSET"),
        (to("ACME-9", "USD", "1"), "UNKNOWN_ACCOUNT"),
        (to("BETA", "USD", "1"), "UNKNOWN_ACCOUNT"),
        (transfer("ACME", ("ACME", "ACME"), "USD", "1"), "SAME_ACCOUNT"),
        (transfer("ACME", ("ACME", "BETA"), "USD", "1"), "UNKNOWN_ACCOUNT"),
        (transfer("ACME", ("GAMA", "GAMA"), "USD", "1"), "UNKNOWN_FIRM"),
        (transfer("ACME", ("BETA", "BETA"), "EUR", "1"), "INSUFFICIENT_FUNDS"),
        (deposit("ACME", "GBP", "1"), "UNKNOWN_ASSET"),
        (deposit("ACME", "USD", "0.005"), "AMOUNT_TOO_FINE"),
        (charge("10000.01"), "INSUFFICIENT_FUNDS"),
    ];
    for (action, expected) in cases {
        assert_eq!(t.ask(ANN, "ACME", action.clone()), expected, "{action:?}");
    }
    assert_eq!(t.ask(ANN, "GAMA", deposit("ACME", "USD", "1")), "UNKNOWN_FIRM");
    assert_eq!((t.funds("ACME", "USD"), t.funds("ACME-2", "USD")), ("10000/10000".into(), "0/0".into()));
}

#[test]
fn closed_suspended_and_unproven_accounts_do_not_pay() {
    let mut t = Treasury::new();
    let own = || transfer("ACME", ("ACME", "ACME-2"), "USD", "1");
    let over = t.made(ANN, "ACME", transfer("ACME", ("BETA", "BETA"), "USD", "1000"));
    let announced = t.made(ANN, "ACME", deposit("ACME-2", "USD", "1"));
    t.status("ACME-2", AccountStatus::Closed);
    assert_eq!(t.ask(ANN, "ACME", own()), "ACCOUNT_CLOSED");
    assert_eq!(t.ask(BOB, "ACME", confirm(announced, "MT-1")), "ACCOUNT_CLOSED", "closed since");
    assert_eq!(t.ask(ANN, "ACME", deposit("ACME-2", "USD", "1")), "ACCOUNT_CLOSED");
    t.status("ACME-2", AccountStatus::Active);
    t.status("ACME", AccountStatus::Suspended);
    assert_eq!(t.ask(ANN, "ACME", own()), "ACCOUNT_SUSPENDED");
    assert_eq!(t.ask(BOB, "ACME", approve(over)), "ACCOUNT_SUSPENDED");
    t.made(ANN, "ACME", deposit("ACME", "USD", "1"));
    t.status("ACME", AccountStatus::Active);
    t.desk.give(FirmKycSet { firm: id("ACME"), kyc: KycStatus::Rejected, reason: "test".to_owned() });
    assert_eq!(t.ask(ANN, "ACME", withdraw("USD", "1")), "NOT_VERIFIED");
    assert_eq!(t.ask(BOB, "ACME", approve(over)), "NOT_VERIFIED");
    assert_eq!(t.ask(BOB, "ACME", reject(over)), format!("{over} Cancelled"));
    assert_eq!(t.funds("ACME", "USD"), "10000/10000");
}

#[test]
fn an_account_and_its_money_are_one_firms_for_good() {
    let mut t = Treasury::new();
    let open = |firm: &str, accounts: &[&str]| FirmOpened {
        firm: id(firm),
        accounts: accounts.iter().map(|account| id(account)).collect(),
        commission: Commission::default(),
        self_trade: SelfTrade::Allow,
    };
    t.desk.give(open("BETA", &["BETA", "ACME", "ACME-2"]));
    let taken = transfer("ACME", ("BETA", "BETA"), "USD", "1");
    assert_eq!(t.ask(EVE, "BETA", taken.clone()), "UNKNOWN_ACCOUNT");
    // Its own firm names it no more: what is on it can still be moved away.
    t.desk.give(open("ACME", &["ACME-2"]));
    assert_eq!(t.ask(EVE, "BETA", taken), "UNKNOWN_ACCOUNT");
    let home = transfer("ACME", ("ACME", "ACME-2"), "USD", "10000");
    assert!(t.ask(ANN, "ACME", home).ends_with("Completed"));
    t.desk.give(open("BETA", &["BETA", "ACME"]));
    assert_eq!(t.ask(EVE, "BETA", transfer("ACME", ("BETA", "BETA"), "AAPL", "1")), "UNKNOWN_ACCOUNT");
}

#[test]
fn a_firm_has_a_bounded_number_of_movements_open() {
    let mut t = Treasury::new();
    let one = |t: &mut Treasury| t.ask(ANN, "ACME", deposit("ACME", "USD", "1"));
    for _ in 0..1_000 {
        assert!(one(&mut t).ends_with("Pending"));
    }
    assert_eq!(one(&mut t), "TOO_MANY");
    assert!(
        t.ask(ANN, "ACME", withdraw("USD", "1")).ends_with("Pending"),
        "deposits leave room for the rest"
    );
    assert!(t.ask(ANN, "BETA", deposit("BETA", "USD", "1")).ends_with("Pending"), "another firm has its own");
    t.ask(ANN, "ACME", transfer("ACME", ("ACME", "ACME-2"), "USD", "1"));
    assert_eq!(t.funds("ACME-2", "USD"), "1/1", "what is done at once is never open");
}

/// Each step mends what was refused before; the next status in order of precedence comes to light.
#[test]
fn of_several_refusals_the_first_in_order_of_precedence_is_given() {
    let mut t = Treasury::new();
    t.add_beneficiary("euros", "EUR");
    t.terms(|terms| terms.withdrawal_day_max = Some(desk::amount("20000")));
    t.status("ACME", AccountStatus::Suspended);
    let kyc = |status| FirmKycSet { firm: id("ACME"), kyc: status, reason: "test".to_owned() };
    t.desk.give(kyc(KycStatus::Rejected));
    let ask = |t: &mut Treasury, to: &str, account: &str, asset: &str, much: &str| {
        t.ask(ANN, "ACME", withdraw_to(to, account, asset, much))
    };
    let mut seen = vec![
        ask(&mut t, "euros", "ACME-9", "GBP", "0.001"),
        ask(&mut t, "euros", "ACME", "GBP", "0.001"),
        ask(&mut t, "euros", "ACME", "USD", "-0.001"),
        ask(&mut t, "euros", "ACME", "USD", "20000.001"),
        ask(&mut t, "euros", "ACME", "USD", "1000000000000000.01"),
        ask(&mut t, "euros", "ACME", "USD", "20000.01"),
        ask(&mut t, "nobody", "ACME", "USD", "20000.01"),
    ];
    t.status("ACME", AccountStatus::Active);
    seen.push(ask(&mut t, "nobody", "ACME", "USD", "20000.01"));
    t.desk.give(kyc(KycStatus::Verified));
    seen.push(ask(&mut t, "nobody", "ACME", "USD", "20000.01"));
    t.add_beneficiary("new", "USD");
    seen.push(ask(&mut t, "new", "ACME", "USD", "20000.01"));
    seen.push(ask(&mut t, "bank", "ACME", "USD", "20000.01"));
    seen.push(ask(&mut t, "bank", "ACME", "USD", "20000"));
    let expected = [
        "UNKNOWN_ACCOUNT",
        "UNKNOWN_ASSET",
        "AMOUNT_NOT_POSITIVE",
        "AMOUNT_TOO_FINE",
        "AMOUNT_TOO_LARGE",
        "ASSET_MISFIT",
        "ACCOUNT_SUSPENDED",
        "NOT_VERIFIED",
        "UNKNOWN_BENEFICIARY",
        "BENEFICIARY_COOLING",
        "DAY_LIMIT",
        "INSUFFICIENT_FUNDS",
    ];
    assert_eq!(seen, expected);
    let place = |code: &str| MoneyRefusal::ALL.iter().position(|refusal| refusal.code() == code);
    assert!(expected.is_sorted_by_key(|code| place(code).expect("a code")), "in the order of the list");
}

/// Whoever adds a status shows here how it is reached.
#[test]
fn every_refusal_is_reached_in_this_file() {
    for refusal in MoneyRefusal::ALL {
        let code = format!("\"{}\"", refusal.code());
        assert!(include_str!("money.rs").contains(&code), "{code} is not reached");
    }
}
