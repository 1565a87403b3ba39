//! How limits change: four eyes, reasons, ends, emergencies.

mod desk;

use assay_trading_types::*;
use desk::{Desk, amount, answer, ask, id};

const ANN: &str = "operator:ann";
const BOB: &str = "operator:bob";

fn firm() -> LimitScope {
    LimitScope::Firm(id("ACME"))
}

fn qty(max: &str) -> Limits {
    Limits { order_qty_max: Some(id(max)), ..Limits::default() }
}

fn proposal(change: &str, limits: Limits) -> LimitsChangeProposed {
    let (change, reason) = (id(change), "index rebalance".to_owned());
    let limits = Box::new(limits);
    LimitsChangeProposed {
        change,
        scope: firm(),
        limits,
        reason,
        valid_until: None,
        emergency: false,
        command: None,
    }
}

fn propose(desk: &mut Desk, by: &str, proposal: LimitsChangeProposed) -> Vec<String> {
    desk.give_by(by, proposal);
    desk.hear()
}

fn decide(desk: &mut Desk, by: &str, change: &str, approved: bool) -> Vec<String> {
    desk.give_by(
        by,
        LimitsChangeDecided { change: id(change), approved, reason: "seen".to_owned(), command: None },
    );
    desk.hear()
}

/// The largest quantity that passes, of 10, 20 and 30.
fn passes(desk: &mut Desk, name: &str) -> u32 {
    let passes =
        |qty: &u32| answer(&desk.place(ask(&format!("{name}{qty}"), &format!("buy {qty} @ 1")))) == "ok";
    [10, 20, 30].into_iter().filter(passes).max().unwrap_or(0)
}

fn desk() -> Desk {
    let mut desk = Desk::new();
    desk.limits(|l| l.order_qty_max = Some(id("10")));
    desk
}

#[test]
fn a_change_has_effect_when_another_person_approves_of_it() {
    let mut desk = desk();
    assert_eq!(propose(&mut desk, ANN, proposal("c1", qty("20"))), [""; 0]);
    assert_eq!(passes(&mut desk, "a"), 10, "proposed is not decided");
    assert_eq!(decide(&mut desk, ANN, "c1", true), ["refused SamePerson c1"]);
    assert_eq!(passes(&mut desk, "b"), 10);
    assert_eq!(decide(&mut desk, BOB, "c1", true), ["limits Approved v2"]);
    assert_eq!(passes(&mut desk, "c"), 20);
    assert_eq!(decide(&mut desk, BOB, "c1", true), ["refused UnknownChange c1"], "decided already");
}

#[test]
fn a_change_that_is_turned_down_leaves_the_limits() {
    let mut desk = desk();
    propose(&mut desk, ANN, proposal("c1", qty("20")));
    assert_eq!(decide(&mut desk, BOB, "c1", false), ["limits Declined v1"]);
    assert_eq!(passes(&mut desk, "a"), 10);
    assert_eq!(decide(&mut desk, BOB, "c1", true), ["refused UnknownChange c1"]);
}

#[test]
fn a_temporary_change_goes_back_by_a_clock_tick() {
    let mut desk = desk();
    let until = Some(desk.now.plus_ns(60_000_000_000));
    propose(&mut desk, ANN, LimitsChangeProposed { valid_until: until, ..proposal("c1", qty("20")) });
    decide(&mut desk, BOB, "c1", true);
    desk.later_ms(59_999);
    desk.tick();
    assert_eq!(passes(&mut desk, "a"), 20);
    desk.later_ms(1);
    desk.tick();
    assert!(desk.hear().contains(&"limits Reverted v3".to_owned()));
    assert_eq!(passes(&mut desk, "b"), 10);
}

#[test]
fn what_is_configured_meanwhile_comes_back_when_a_temporary_change_ends() {
    let mut desk = desk();
    let until = Some(desk.now.plus_ns(60_000_000_000));
    propose(&mut desk, ANN, LimitsChangeProposed { valid_until: until, ..proposal("c1", qty("10")) });
    decide(&mut desk, BOB, "c1", true);
    desk.limits(|l| l.order_qty_max = Some(id("30")));
    assert_eq!(passes(&mut desk, "a"), 10);
    desk.later_ms(60_000);
    desk.tick();
    assert_eq!(passes(&mut desk, "b"), 30);
}

#[test]
fn an_emergency_needs_one_person_is_short_and_raises_the_alarm() {
    let mut desk = desk();
    let emergency = |change: &str, until| LimitsChangeProposed {
        emergency: true,
        valid_until: until,
        ..proposal(change, qty("20"))
    };
    let hour = 3_600_000_000_000;
    let at = desk.now;
    for until in [None, Some(at), Some(at.plus_ns(hour + 1))] {
        assert_eq!(propose(&mut desk, ANN, emergency("c1", until)), ["refused BadExpiry c1"], "{until:?}");
    }
    let said = propose(&mut desk, ANN, emergency("c1", Some(at.plus_ns(hour))));
    assert_eq!(said, ["limits Emergency v2", "alarm EmergencyLimits"]);
    assert_eq!(desk.news().len(), 1, "firm and risk are told");
    assert_eq!(passes(&mut desk, "a"), 20);
    let again = emergency("c2", Some(at.plus_ns(hour)));
    assert_eq!(propose(&mut desk, ANN, again), ["refused EmergencyInForce c2"], "no chain of emergencies");
    desk.later_ms(3_600_000);
    desk.tick();
    assert_eq!(passes(&mut desk, "b"), 10);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let mut desk = desk();
    let fine = || proposal("c1", qty("20"));
    let bad = |limits: Limits| LimitsChangeProposed { limits: Box::new(limits), ..fine() };
    let none = Limits::default;
    let table = [
        (LimitsChangeProposed { reason: " ".to_owned(), ..fine() }, "NoReason"),
        (LimitsChangeProposed { scope: LimitScope::Firm(id("NONE")), ..fine() }, "UnknownScope"),
        (LimitsChangeProposed { valid_until: Some(desk.now), ..fine() }, "BadExpiry"),
        (bad(qty("0")), "BadLimits"),
        (bad(qty("-1")), "BadLimits"),
        (bad(Limits { daily_loss_max: Some(amount("0")), ..none() }), "BadLimits"),
        (bad(Limits { open_orders_max: Some(0), ..none() }), "BadLimits"),
        (bad(Limits { warning_percent: Some(101), ..none() }), "BadLimits"),
        (bad(Limits { warning_percent: Some(0), ..none() }), "BadLimits"),
    ];
    for (proposed, refusal) in table {
        assert_eq!(
            propose(&mut desk, ANN, proposed.clone()),
            [format!("refused {refusal} c1")],
            "{proposed:?}"
        );
    }
    assert_eq!(propose(&mut desk, ANN, fine()), [""; 0]);
    assert_eq!(propose(&mut desk, BOB, fine()), ["refused DuplicateChange c1"]);
}

#[test]
fn an_end_that_passes_before_the_decision_ends_the_proposal() {
    let mut desk = desk();
    let until = Some(desk.now.plus_ns(1_000_000));
    propose(&mut desk, ANN, LimitsChangeProposed { valid_until: until, ..proposal("c1", qty("20")) });
    desk.later_ms(1);
    assert_eq!(decide(&mut desk, BOB, "c1", true), ["refused BadExpiry c1"]);
}

#[test]
fn people_cannot_pretend_to_be_the_configuration() {
    let mut desk = desk();
    let set = LimitsSet { firm: id("ACME"), account: None, version: 9, limits: qty("30") };
    desk.give_by(ANN, set);
    assert_eq!(desk.hear(), ["refused SamePerson ACME"]);
    assert_eq!(passes(&mut desk, "a"), 10);
}

#[test]
fn decisions_name_the_versions_of_the_limits_they_used_and_what_they_measured() {
    let mut desk = desk();
    let limits = Limits {
        order_qty_max: Some(id("20")),
        gross_notional_max: Some(amount("20000")),
        ..Limits::default()
    };
    propose(&mut desk, ANN, proposal("c1", limits));
    decide(&mut desk, BOB, "c1", true);
    let account =
        LimitsChangeProposed { scope: LimitScope::Account(id("ACME")), ..proposal("c2", qty("15")) };
    propose(&mut desk, BOB, account);
    decide(&mut desk, ANN, "c2", true);
    desk.market = false;
    desk.place(ask("a", "buy 15 @ 10"));
    let Event::OrderAccepted(accepted) = &desk.waiting[0].event else { panic!("not accepted") };
    assert_eq!((accepted.limits_version, accepted.account_limits_version), (2, 1));
    assert_eq!(accepted.reference_price, Some(id("10")));
    let (level, measure) = (LimitLevel::Firm, Measure::Gross);
    let (value, limit) = (amount("10150"), amount("20000"));
    assert_eq!(accepted.measured, [Measured { level, measure, value, limit }]);
    assert_eq!(desk.place(ask("b", "buy 16 @ 10")), ["8 b LIMIT_QTY: 16 > 15 account ACME"]);
}

#[test]
fn temporary_credit_never_leaves_more_given_than_the_house_has() {
    let mut desk = Desk::new();
    let credit = |max: &str| Limits { credit_max: Some(amount(max)), ..Limits::default() };
    let beta = LimitScope::Firm(id("BETA"));
    desk.give(HouseCreditSet { version: 1, credit_max: Some(amount("1000")) });
    desk.limits(|l| l.credit_max = Some(amount("600")));
    // ACME's credit is lower for a minute, then it comes back: what is free meanwhile cannot be given away.
    let until = Some(desk.now.plus_ns(60_000_000_000));
    propose(&mut desk, ANN, LimitsChangeProposed { valid_until: until, ..proposal("c1", credit("100")) });
    assert_eq!(decide(&mut desk, BOB, "c1", true), ["limits Approved v2"]);
    let more = LimitsChangeProposed { scope: beta, ..proposal("c2", credit("401")) };
    assert_eq!(propose(&mut desk, ANN, more), ["refused ExceedsAllocation c2"]);
    let fits = LimitsChangeProposed { scope: beta, ..proposal("c3", credit("400")) };
    assert_eq!(propose(&mut desk, ANN, fits), [""; 0]);
}
