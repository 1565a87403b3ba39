//! What waits by the thousand goes out some at a time: an input's outputs are numbered in 16 bits.

mod desk;

use assay_trading_types::*;
use desk::{Desk, apply, ask, id};
use std::collections::BTreeSet;

/// Cancels of one input, whatever asked for them.
const CANCELS_MAX: usize = 16_384;

/// More than one input cancels.
const ORDERS: usize = CANCELS_MAX + 1;

/// ACME with so many orders, none of which is cancelled by a market from now on.
fn desk_with_orders() -> Desk {
    let mut desk = Desk::new();
    for number in 0..ORDERS {
        desk.place(ask(&format!("o{number}"), "buy 1 @ 0.01"));
    }
    assert_eq!(desk.risk.open_orders().len(), ORDERS);
    desk
}

/// Orders that the outputs of one record cancel.
fn cancelled(desk: &mut Desk, offset: u64, event: impl Into<Event>) -> Vec<OrderId> {
    let caused = (desk.now, None, id("operator:ann"));
    let said = apply(&mut desk.risk, (Topic::Accounts, Role::Risk), offset, caused, &event.into());
    let cancels = said.into_iter().filter_map(|emitted| match emitted.event {
        Event::CancelAccepted(e) => Some(e.order_id),
        _ => None,
    });
    cancels.collect()
}

#[test]
fn a_switch_a_lost_session_and_a_mass_cancel_at_once_share_the_room_of_an_input() {
    let mut desk = desk_with_orders();
    let request = desk.request("ACME");
    let all = OrderFilter::default();
    let mass = MassCancelRequested {
        request,
        firm: id("ACME"),
        cl_ord_id: id("mass"),
        request_type: '7',
        filter: all.clone(),
        poss_resend: false,
        defect: None,
    };
    let lost = CancelOnDisconnectStarted {
        session: id("ACME/ASSAY"),
        firm: id("ACME"),
        loss: SessionLoss::Connection,
        until: desk.now,
        filter: all,
        keep_gt: false,
    };
    let (scope, state) = (SwitchScope::All, SwitchState::Killed);
    let killed = RiskSwitchSet { scope, state, reason: "drill".to_owned(), command: None };
    // Beyond what the desk has recorded.
    let mut offsets = 10_000_000..;
    let mut next = || offsets.next().unwrap();
    let mut rounds = vec![
        cancelled(&mut desk, next(), mass),
        cancelled(&mut desk, next(), lost),
        cancelled(&mut desk, next(), killed),
    ];
    while rounds.last().is_some_and(|cancels| !cancels.is_empty()) {
        let tick = ClockTicked { now: desk.now };
        rounds.push(cancelled(&mut desk, next(), tick));
    }
    assert!(rounds.iter().all(|cancels| cancels.len() <= CANCELS_MAX));
    assert_eq!(rounds[0].len(), CANCELS_MAX, "the room is used");
    let total: usize = rounds.iter().map(Vec::len).sum();
    assert_eq!(total, 3 * ORDERS, "each of the three cancels each order that is still open");
    let orders: BTreeSet<OrderId> = rounds.into_iter().flatten().collect();
    assert_eq!(orders.len(), ORDERS);
}

#[test]
fn a_kill_of_as_many_as_fit_goes_out_with_one_record_and_of_one_more_with_two() {
    let mut desk = desk_with_orders();
    let (scope, state) = (SwitchScope::All, SwitchState::Killed);
    let killed = RiskSwitchSet { scope, state, reason: "drill".to_owned(), command: None };
    assert_eq!(cancelled(&mut desk, 10_000_000, killed).len(), CANCELS_MAX);
    let tick = ClockTicked { now: desk.now };
    assert_eq!(cancelled(&mut desk, 10_000_001, tick).len(), ORDERS - CANCELS_MAX);
    assert_eq!(cancelled(&mut desk, 10_000_002, tick), []);
}
