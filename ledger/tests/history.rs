//! Balances of the past.

use assay_ledger::History;
use assay_trading_types::{
    Amount, Asset, LedgerCode, Timestamp, Transfer, TransferId, TransferKind, TransferReason,
};

fn code(text: &str) -> LedgerCode {
    LedgerCode::from(text).unwrap()
}

fn usd() -> Asset {
    Asset::new("USD").unwrap()
}

fn at(ns: i64) -> Timestamp {
    Timestamp::from_ns(ns)
}

fn transfer(id: u128, debit: &str, credit: &str, amount: i128, kind: TransferKind) -> Transfer {
    Transfer {
        id: TransferId(id),
        debit: code(debit),
        credit: code(credit),
        asset: usd(),
        amount: Amount::from_units(amount),
        kind,
        reason: TransferReason::Opening,
    }
}

/// Balance and held of alice at a time.
fn alice(history: &History, ns: i64) -> Option<(i128, i128)> {
    let standing = history.as_of(code("client:alice"), usd(), at(ns)).ok()?;
    Some((standing.balance.units(), standing.held.units()))
}

fn alices_month(bound: usize) -> History {
    let mut history = History::new(bound);
    let hold = TransferId(2);
    let post = |release_rest| TransferKind::Post { pending: hold, release_rest };
    let steps = [
        (10, transfer(1, "equity", "client:alice", 100, TransferKind::Plain)),
        (20, transfer(2, "client:alice", "clearing", 60, TransferKind::Pending)),
        (20, transfer(3, "client:alice", "clearing", 20, post(false))),
        (30, transfer(4, "client:alice", "clearing", 5, TransferKind::Void { pending: hold })),
        (40, transfer(5, "client:alice", "clearing", 30, post(true))),
    ];
    steps.iter().for_each(|(ns, transfer)| history.post(at(*ns), transfer));
    history
}

#[test]
fn a_balance_is_known_as_of_any_instant() {
    let history = alices_month(100);
    let expected =
        [(9, (0, 0)), (10, (100, 0)), (19, (100, 0)), (20, (80, 40)), (30, (80, 35)), (99, (50, 0))];
    for (ns, standing) in expected {
        assert_eq!(alice(&history, ns), Some(standing), "at {ns}");
    }
    let nobody = history.as_of(code("client:nobody"), usd(), at(50)).unwrap();
    assert_eq!(nobody.balance, Amount::ZERO);
}

#[test]
fn lines_of_a_period_lead_from_its_opening_to_its_closing_balance() {
    let history = alices_month(100);
    let lines = |from, until| {
        let lines = history.lines(code("client:alice"), usd(), at(from), at(until)).unwrap();
        lines.map(|l| (l.at.as_ns(), l.change.units(), l.balance.units(), l.held.units())).collect::<Vec<_>>()
    };
    assert_eq!(lines(20, 40), [(20, 0, 100, 60), (20, -20, 80, 40), (30, 0, 80, 35)]);
    assert_eq!(lines(40, 99), [(40, -30, 50, 0)]);
    assert_eq!(lines(99, 20), []);
}

#[test]
fn what_makes_room_moves_the_horizon_and_no_balance_is_made_up() {
    let history = alices_month(4);
    assert_eq!(history.len(), 4);
    assert_eq!(alice(&history, 19), None, "before what is kept");
    assert_eq!(alice(&history, 20), Some((80, 40)));
    assert_eq!(alice(&history, 99), Some((50, 0)));
    let clearing = history.as_of(code("clearing"), usd(), at(99)).unwrap();
    assert_eq!(clearing.balance.units(), 50, "the balance stands without its oldest lines");
    let lines = |from| Some(history.lines(code("client:alice"), usd(), at(from), at(99)).ok()?.count());
    assert_eq!(lines(20), None, "a line of this time is gone");
    assert_eq!(lines(21), Some(2));
}
