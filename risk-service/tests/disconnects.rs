//! Cancel on disconnect: which orders a lost session costs, and when.

mod desk;

use assay_risk_service::Risk;
use assay_trading_types::*;
use desk::{Ask, Desk, ask, id};

fn lost(desk: &Desk, grace_ms: i64) -> CancelOnDisconnectStarted {
    CancelOnDisconnectStarted {
        session: id("ACME/ASSAY"),
        firm: id("ACME"),
        loss: SessionLoss::Connection,
        until: desk.now.plus_ns(grace_ms * 1_000_000),
        filter: OrderFilter::default(),
        keep_gt: true,
    }
}

fn back() -> CancelOnDisconnectSet {
    let terms = DisconnectTerms { when: CancelWhen::Abnormal, ..DisconnectTerms::default() };
    CancelOnDisconnectSet {
        session: id("ACME/ASSAY"),
        firm: id("ACME"),
        terms,
        filter: OrderFilter::default(),
    }
}

/// ACME has `day` and `gtc`; BETA has one of its own.
fn desk() -> Desk {
    let mut desk = Desk::new();
    desk.place(ask("day", "buy 1 @ 9"));
    desk.place(Ask { tif: TimeInForce::Gtc, ..ask("gtc", "buy 1 @ 9") });
    desk.place(Ask { firm: "BETA", account: "BETA", ..ask("other", "buy 1 @ 9") });
    desk
}

fn open(desk: &Desk) -> Vec<String> {
    desk.risk.open_orders().iter().map(|order| order.terms.cl_ord_id.to_string()).collect()
}

/// Goes on by clock ticks of a second.
fn tick(desk: &mut Desk, seconds: u32) {
    for _ in 0..seconds {
        desk.later_ms(1_000);
        desk.tick();
    }
}

#[test]
fn a_32_orders_go_when_the_grace_is_over_and_gt_orders_and_those_of_others_stay() {
    let mut desk = desk();
    desk.give(lost(&desk, 5_000));
    tick(&mut desk, 4);
    assert_eq!(open(&desk), ["day", "gtc", "other"]);
    desk.hear();
    tick(&mut desk, 1);
    assert_eq!(open(&desk), ["gtc", "other"]);
    let said = desk.hear();
    assert_eq!(said.iter().filter(|line| line.starts_with("day 4/4")).count(), 1, "{said:?}");
    tick(&mut desk, 10);
    assert_eq!(open(&desk), ["gtc", "other"]);
    desk.check_books();
}

#[test]
fn a_32_the_cancel_says_what_was_lost() {
    let mut desk = desk();
    desk.market = false;
    desk.give(lost(&desk, 0));
    let cancel = |emitted: &Emitted| match &emitted.event {
        Event::CancelAccepted(e) => Some((e.reason, e.detail.clone())),
        _ => None,
    };
    let cancels: Vec<_> = desk.waiting.iter().filter_map(cancel).collect();
    assert_eq!(cancels, [(Some(Refusal::Cod), Some("connection lost".into()))]);
}

#[test]
fn a_32_without_grace_orders_go_at_once() {
    let mut desk = desk();
    desk.give(lost(&desk, 0));
    assert_eq!(open(&desk), ["gtc", "other"]);
}

#[test]
fn a_32_a_logon_inside_the_grace_stops_it() {
    let mut desk = desk();
    desk.give(lost(&desk, 5_000));
    tick(&mut desk, 4);
    desk.give(back());
    tick(&mut desk, 10);
    assert_eq!(open(&desk), ["day", "gtc", "other"]);
}

#[test]
fn a_32_a_logon_after_the_grace_is_too_late_also_when_no_tick_came_between() {
    let mut desk = desk();
    desk.give(lost(&desk, 500));
    desk.later_ms(500);
    desk.give(back());
    assert_eq!(open(&desk), ["gtc", "other"]);
}

#[test]
fn a_31_without_keep_gt_every_order_goes() {
    let mut desk = desk();
    desk.give(CancelOnDisconnectStarted { keep_gt: false, ..lost(&desk, 0) });
    assert_eq!(open(&desk), ["other"]);
}

#[test]
fn by_account_what_others_entered_for_it_goes_too() {
    let mut desk = desk();
    let filter = OrderFilter { scope: Scope::Firm, accounts: vec![id("BETA")], ..OrderFilter::default() };
    desk.give(CancelOnDisconnectStarted { firm: id("BETA"), filter, ..lost(&desk, 0) });
    assert_eq!(open(&desk), ["day", "gtc"]);
}

#[test]
fn several_lost_sessions_keep_their_own_time() {
    let mut desk = desk();
    desk.give(lost(&desk, 3_000));
    let beta = id("BETA/ASSAY");
    desk.give(CancelOnDisconnectStarted { session: beta, firm: id("BETA"), ..lost(&desk, 1_000) });
    tick(&mut desk, 1);
    assert_eq!(open(&desk), ["day", "gtc"]);
    tick(&mut desk, 2);
    assert_eq!(open(&desk), ["gtc"]);
}

#[test]
fn a_snapshot_holds_what_waits() {
    let mut desk = desk();
    desk.give(lost(&desk, 5_000));
    desk.risk = Risk::restore(&desk.risk.snapshot()).unwrap();
    tick(&mut desk, 5);
    assert_eq!(open(&desk), ["gtc", "other"]);
}
