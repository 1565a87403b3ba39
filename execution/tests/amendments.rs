//! Trades undone and priced anew (M-26, M-27).

mod support;

use assay_execution::Execution;
use assay_trading_types::{
    Amount, Event, ExecId, ExecType, Side::*, TradeBustRequested, TradeCorrectionRequested, TradeSide,
};
use support::{Ask, Venue, ask, id, lines};

/// Both sides of the trade that an order makes on arrival, as the log would have them; ExecIDs are 101, 102 and so on.
fn trade(v: &mut Venue, incoming: Ask) -> Box<[TradeSide; 2]> {
    let said = v.apply(incoming.accepted("AAPL"));
    let fills = said.iter().filter_map(|event| match event {
        Event::ExecutionReported(e) => match &e.exec {
            ExecType::Trade(fill) => Some((e, fill)),
            _ => None,
        },
        _ => None,
    });
    let mut sides: Vec<TradeSide> = fills
        .zip(101..)
        .map(|((e, fill), n)| TradeSide {
            exec_id: ExecId::new(0, n),
            order_id: e.order_id,
            terms: e.terms.clone(),
            filled: e.filled,
            status: e.status,
            fill: fill.clone(),
            traded: v.now,
            commission: Amount::ZERO,
        })
        .collect();
    sides.sort_by_key(|side| !side.terms.side.is_buy());
    Box::new(sides.try_into().expect("two sides"))
}

fn bust(v: &mut Venue, sides: &[TradeSide; 2]) -> Vec<String> {
    bust_by(v, sides, None)
}

fn bust_by(v: &mut Venue, sides: &[TradeSide; 2], command: Option<&str>) -> Vec<String> {
    let (trade, sides, reason) = (sides[0].fill.trade, Box::new(sides.clone()), "drill".to_owned());
    let command = command.map(id);
    lines(&v.apply(TradeBustRequested { symbol: id("AAPL"), trade, sides, reason, command }))
}

fn correct(v: &mut Venue, sides: &[TradeSide; 2], price: &str) -> Vec<String> {
    correct_by(v, sides, price, None)
}

fn correct_by(v: &mut Venue, sides: &[TradeSide; 2], price: &str, command: Option<&str>) -> Vec<String> {
    let (trade, sides, reason) = (sides[0].fill.trade, Box::new(sides.clone()), "drill".to_owned());
    let (price, command) = (id(price), command.map(id));
    lines(&v.apply(TradeCorrectionRequested { symbol: id("AAPL"), trade, sides, price, reason, command }))
}

/// 100 to buy at 10, 30 of them filled.
fn with_a_trade() -> (Venue, Box<[TradeSide; 2]>) {
    let mut v = Venue::new();
    v.place(ask(1, Buy, 100, "10"));
    let sides = trade(&mut v, ask(2, Sell, 30, "10"));
    (v, sides)
}

#[test]
fn m_26_an_open_order_gets_its_quantity_back_behind_the_others() {
    let (mut v, sides) = with_a_trade();
    v.place(ask(3, Buy, 5, "10"));
    assert_eq!(
        bust(&mut v, &sides),
        [
            "#1 H/0 100 0 100 0 30@10 of E0000000000000066",
            "#2 H/4 30 0 0 0 30@10 of E0000000000000065",
            "print 1 now undone",
            "top 105@10 / -"
        ]
    );
    assert!(v.place(ask(4, Sell, 5, "10"))[2].starts_with("#3 F/2"), "the other is first now");
    let restored = Execution::restore(&v.execution.snapshot()).unwrap();
    assert_eq!(restored.snapshot(), v.execution.snapshot());
    assert_eq!(bust(&mut v, &sides), ["trade 1 stays: AlreadyBusted"]);
    v.execution = restored;
    assert_eq!(bust(&mut v, &sides), ["trade 1 stays: AlreadyBusted"], "a snapshot knows it too");
}

#[test]
fn m_26_a_closed_order_stays_closed() {
    let (mut v, mut sides) = with_a_trade();
    v.cancel(1);
    assert_eq!(bust(&mut v, &sides), ["trade 1 stays: Stale"], "it was open when it was read");
    sides[0].status = assay_trading_types::OrdStatus::Canceled;
    sides[0].filled.leaves_qty = support::shares(0);
    assert_eq!(bust(&mut v, &sides)[0], "#1 H/4 100 0 0 0 30@10 of E0000000000000066");
}

#[test]
fn m_27_a_trade_gets_another_price() {
    let (mut v, mut sides) = with_a_trade();
    assert_eq!(
        correct(&mut v, &sides, "9"),
        [
            "#1 G/1 100 30 70 9 30@9 was 10 of E0000000000000066",
            "#2 G/2 30 30 0 9 30@9 was 10 of E0000000000000065",
            "print 1 now 9"
        ]
    );
    assert_eq!(correct(&mut v, &sides, "8"), ["trade 1 stays: Stale"], "it is at 9 now");
    for side in sides.iter_mut() {
        side.fill.price = id("9");
    }
    assert_eq!(correct(&mut v, &sides, "8"), ["trade 1 stays: Stale"], "and so are the orders");
    sides[1].filled.notional = Amount::parse("270").unwrap();
    assert_eq!(correct(&mut v, &sides, "9"), ["trade 1 stays: BadPrice"], "as it is");
    assert_eq!(correct(&mut v, &sides, "8.005"), ["trade 1 stays: BadPrice"], "off tick");
    assert_eq!(bust(&mut v, &sides)[0], "#1 H/0 100 0 100 0 30@9 of E0000000000000066");
}

/// 100 bought at 10 in three trades, all read when all were there.
fn filled_by_three() -> (Venue, Vec<[TradeSide; 2]>) {
    let mut v = Venue::new();
    v.place(ask(1, Buy, 100, "10"));
    let mut trades: Vec<_> =
        (2..=4).zip([30, 30, 40]).map(|(n, qty)| *trade(&mut v, ask(n, Sell, qty, "10"))).collect();
    let last = trades[2][0].clone();
    for sides in &mut trades {
        (sides[0].filled, sides[0].status) = (last.filled, last.status);
    }
    (v, trades)
}

#[test]
fn trades_of_one_closed_order_are_amended_one_after_the_other_as_they_were_read() {
    let (mut v, trades) = filled_by_three();
    assert_eq!(
        bust_by(&mut v, &trades[0], Some("cmd_1")),
        [
            "#1 H/4 100 70 0 10 30@10 of E0000000000000066",
            "#2 H/4 30 0 0 0 30@10 of E0000000000000065",
            "trade 1 amended by cmd_1",
            "print 1 now undone"
        ]
    );
    assert_eq!(
        correct_by(&mut v, &trades[1], "9", Some("cmd_2"))[0],
        "#1 G/4 100 70 0 9.571428571 30@9 was 10 of E0000000000000066",
        "it is short of a trade, and stays cancelled"
    );
    assert_eq!(
        correct_by(&mut v, &trades[1], "8", Some("cmd_3")),
        ["trade 2 stays: Stale, for cmd_3"],
        "this trade itself is another now"
    );
    assert_eq!(bust_by(&mut v, &trades[0], Some("cmd_4")), ["trade 1 stays: AlreadyBusted, for cmd_4"]);
    assert_eq!(bust_by(&mut v, &trades[2], Some("cmd_5"))[0], "#1 H/4 100 30 0 9 40@10 of E0000000000000066");
    let (mut v, trades) = filled_by_three();
    assert_eq!(
        correct_by(&mut v, &trades[0], "9", Some("cmd_1"))[0],
        "#1 G/2 100 100 0 9.7 30@9 was 10 of E0000000000000066"
    );
    assert_eq!(
        bust_by(&mut v, &trades[2], Some("cmd_2"))[0],
        "#1 H/4 100 60 0 9.5 40@10 of E0000000000000066"
    );
}

#[test]
fn what_was_asked_before_commands_were_named_is_judged_by_what_was_read() {
    let (mut v, trades) = filled_by_three();
    assert_eq!(bust(&mut v, &trades[0]).len(), 3);
    assert_eq!(bust(&mut v, &trades[1]), ["trade 2 stays: Stale"]);
}

#[test]
fn what_is_no_trade_of_the_instrument_stays() {
    let (mut v, sides) = with_a_trade();
    let refused = |v: &mut Venue, sides: &[TradeSide; 2]| {
        assert_eq!(bust(v, sides)[0].split(": ").last(), Some("UnknownTrade"))
    };
    refused(&mut v, &[sides[1].clone(), sides[0].clone()]);
    let mut other = sides.clone();
    other[0].fill.trade = 7;
    refused(&mut v, &other);
    let mut dearer = sides.clone();
    dearer[1].fill.price = id("11");
    refused(&mut v, &dearer);
    assert_eq!(bust(&mut v, &sides).len(), 4);
}
