//! Stopping everything, or a part of it, and letting it go on.

mod desk;

use assay_trading_types::*;
use desk::{Ask, Desk, answer, ask, id};

const ANN: &str = "operator:ann";
const BOB: &str = "operator:bob";

fn scopes() -> [SwitchScope; 5] {
    [
        SwitchScope::All,
        SwitchScope::Firm(id("ACME")),
        SwitchScope::Account(id("ACME")),
        SwitchScope::Session(id("ACME/ASSAY")),
        SwitchScope::Instrument(id("AAPL")),
    ]
}

#[test]
fn every_scope_blocks_and_cancels_what_is_in_it_and_nothing_else() {
    for scope in scopes() {
        let mut desk = Desk::new();
        desk.place(ask("a", "buy 1 @ 9"));
        desk.place(ask("b", "sell 1 @ 11"));
        desk.place(Ask { firm: "BETA", account: "BETA", ..ask("z", "buy 1 @ 9") });
        let all = matches!(scope, SwitchScope::All | SwitchScope::Instrument(_));
        let said = desk.switch(ANN, scope, SwitchState::Killed);
        let orders = if all { 3 } else { 2 };
        assert_eq!(said[0], format!("switch Killed {scope}, {orders} orders"));
        assert_eq!(said.iter().filter(|l| l.contains("4/4")).count(), orders, "{scope}: {said:?}");
        assert_eq!(desk.risk.open_orders().len(), 3 - orders, "{scope}");
        let refused = desk.place(ask("c", "buy 1 @ 9"));
        assert_eq!(refused, [format!("8 c KILL_SWITCH: operator:ann (drill), {scope}")]);
        let other = desk.place(Ask { firm: "BETA", account: "BETA", ..ask("y", "buy 1 @ 9") });
        assert_eq!(answer(&other), if all { "KILL_SWITCH" } else { "ok" }, "{scope}");
        desk.check_books();
    }
}

#[test]
fn only_another_person_lets_it_go_on() {
    for scope in scopes() {
        let mut desk = Desk::new();
        desk.switch(ANN, scope, SwitchState::Killed);
        let key = scope.key().to_owned();
        let milder = [SwitchState::CancelOnly, SwitchState::ReduceOnly, SwitchState::Open];
        for state in milder {
            assert_eq!(desk.switch(ANN, scope, state), [format!("refused SamePerson {key}")], "{state:?}");
        }
        assert_eq!(answer(&desk.place(ask("a", "buy 1 @ 9"))), "KILL_SWITCH");
        assert_eq!(desk.switch(BOB, scope, SwitchState::Killed), [format!("refused NoEffect {key}")]);
        assert_eq!(desk.news(), [format!("SwitchSet {scope} Killed")], "what has no effect is no news");
        assert_eq!(desk.switch(BOB, scope, SwitchState::Open), [format!("switch Open {scope}, 0 orders")]);
        assert_eq!(answer(&desk.place(ask("b", "buy 1 @ 9"))), "ok", "{scope}");
    }
}

#[test]
fn a_milder_state_is_set_by_another_person_and_made_harder_by_anyone() {
    let mut desk = Desk::new();
    desk.switch(ANN, SwitchScope::All, SwitchState::ReduceOnly);
    assert_eq!(
        desk.switch(ANN, SwitchScope::All, SwitchState::CancelOnly)[0],
        "switch CancelOnly all, 0 orders"
    );
    assert_eq!(desk.switch(BOB, SwitchScope::All, SwitchState::Killed)[0], "switch Killed all, 0 orders");
    assert_eq!(desk.switch(BOB, SwitchScope::All, SwitchState::Open), ["refused SamePerson all"]);
    assert_eq!(
        desk.switch(ANN, SwitchScope::All, SwitchState::ReduceOnly)[0],
        "switch ReduceOnly all, 0 orders"
    );
}

#[test]
fn cancel_only_leaves_what_works_and_takes_nothing_new() {
    let mut desk = Desk::new();
    desk.place(ask("a", "buy 2 @ 9"));
    desk.switch(ANN, SwitchScope::Account(id("ACME")), SwitchState::CancelOnly);
    assert_eq!(desk.risk.open_orders().len(), 1);
    assert_eq!(answer(&desk.place(ask("b", "sell 1 @ 11"))), "CANCEL_ONLY");
    assert_eq!(answer(&desk.replace("a", ask("c", "buy 1 @ 9"))), "CANCEL_ONLY");
    assert_eq!(answer(&desk.cancel("a", "d")), "ok");
}

#[test]
fn reduce_only_takes_what_can_only_make_the_position_smaller() {
    let mut desk = Desk::new();
    desk.place(ask("a", "buy 10 @ 9"));
    desk.place(ask("s", "sell 400 @ 11"));
    desk.switch(ANN, SwitchScope::Firm(id("ACME")), SwitchState::ReduceOnly);
    assert_eq!(answer(&desk.place(ask("b", "buy 1 @ 9"))), "REDUCE_ONLY");
    assert_eq!(answer(&desk.replace("a", ask("c", "buy 11 @ 9"))), "REDUCE_ONLY");
    assert_eq!(answer(&desk.replace("a", ask("d", "buy 9 @ 9"))), "ok", "less of it");
    assert_eq!(answer(&desk.place(ask("e", "sell 600 @ 11"))), "ok", "1,000 are held, 400 on sale");
    assert_eq!(answer(&desk.place(ask("f", "sell 1 @ 11"))), "REDUCE_ONLY");
}

#[test]
fn the_first_versions_switch_of_a_firm_is_the_same_switch() {
    let mut desk = Desk::new();
    desk.kill(true);
    assert_eq!(answer(&desk.place(ask("a", "buy 1 @ 9"))), "KILL_SWITCH");
    assert_eq!(
        desk.switch(ANN, SwitchScope::Firm(id("ACME")), SwitchState::Open),
        ["refused SamePerson ACME"]
    );
    desk.kill(false);
    assert_eq!(answer(&desk.place(ask("b", "buy 1 @ 9"))), "ok");
}

#[test]
fn a_scope_that_is_unknown_is_said_so_but_a_session_may_be_stopped_before_it_logs_on() {
    let mut desk = Desk::new();
    for scope in
        [SwitchScope::Firm(id("NONE")), SwitchScope::Account(id("NONE")), SwitchScope::Instrument(id("NONE"))]
    {
        assert_eq!(desk.switch(ANN, scope, SwitchState::Killed), ["refused UnknownScope NONE"]);
    }
    let session = SwitchScope::Session(id("ACME/ASSAY"));
    assert_eq!(
        desk.switch(ANN, session, SwitchState::Killed)[0],
        "switch Killed session ACME/ASSAY, 0 orders"
    );
    assert_eq!(answer(&desk.place(ask("a", "buy 1 @ 9"))), "KILL_SWITCH");
}

/// All cancels of a scope follow in the same turn: as outputs of the switch's own record.
#[test]
fn a_kill_switch_cancels_within_the_turn_of_its_own_record() {
    let mut desk = Desk::new();
    for n in 0..500 {
        desk.place(ask(&format!("a{n}"), "buy 1 @ 1"));
    }
    desk.market = false;
    desk.switch(ANN, SwitchScope::All, SwitchState::Killed);
    assert_eq!(desk.waiting.len(), 500, "cancels on their way to the market");
    desk.run_market();
    assert!(desk.risk.open_orders().is_empty());
    assert_eq!(desk.funds("ACME", "USD"), "10000/10000");
}
