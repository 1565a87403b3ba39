//! A broker's statement against what we have for it.

use assay_trading_types::*;
use assay_venues::{Statement, VenueFills};

const NAMES: &str = "exec_id,symbol,side,qty,price,undone\n";

fn id<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_ns(second * 1_000_000_000)
}

fn traded(exec_id: &str, qty: &str, taker: VenueTaker, undone: bool) -> VenueTraded {
    VenueTraded {
        venue: id("B1"),
        symbol: id("AAPL"),
        order_id: OrderId::new(0, 7),
        exec_id: exec_id.to_owned(),
        side: Side::Buy,
        qty: id(qty),
        price: id("10.10"),
        taker,
        undone,
    }
}

/// `x1` of 30, `x2` of 40 of which the house has 10, `x3` of 5 undone; `x4` of another venue, `x5` the day before.
fn ours() -> VenueFills {
    let mut fills = VenueFills::new(id("B1"));
    fills.note(&traded("x1", "30", VenueTaker::Client, false), at(100));
    fills.note(&traded("x2", "30", VenueTaker::Client, false), at(101));
    fills.note(&traded("x2", "10", VenueTaker::House, false), at(101));
    fills.note(&traded("x3", "5", VenueTaker::Client, false), at(102));
    fills.note(&traded("x3", "5", VenueTaker::Client, true), at(103));
    fills.note(&VenueTraded { venue: id("B2"), ..traded("x4", "5", VenueTaker::Client, false) }, at(104));
    fills.note(&traded("x5", "7", VenueTaker::Client, false), at(99));
    fills
}

fn compared(rows: &str) -> Vec<String> {
    let statement = Statement::read(format!("{NAMES}{rows}").as_bytes()).unwrap();
    let differences = ours().differences(&statement, at(100), at(200));
    differences.into_iter().map(|e| format!("{:?} {}", e.difference, e.detail)).collect()
}

fn refused(csv: &str) -> String {
    Statement::read(csv.as_bytes()).unwrap_err().to_string()
}

#[test]
fn a_statement_that_agrees_has_no_differences() {
    let none: [&str; 0] = [];
    assert_eq!(compared("x1,AAPL,buy,30,10.1,\nx2,AAPL,1,40.0,10.10,N\n"), none);
    let undone = "x1,AAPL,buy,30,10.1,\nx2,AAPL,B,40,10.1,\nx3,AAPL,buy,5,10.1,Y\nx9,AAPL,buy,5,10.1,Y\n";
    assert_eq!(compared(undone), none, "undone on both sides, or before we heard of it");
    let late = "x1,AAPL,buy,30,10.1,\nx2,AAPL,buy,40,10.1,\nx5,AAPL,buy,7,10.1,\n";
    assert_eq!(compared(late), none, "heard at another time");
}

#[test]
fn what_one_side_lacks_or_has_otherwise_is_told() {
    assert_eq!(
        compared("x2,AAPL,buy,40,10.1,\nx7,AAPL,sell,1,9,\n"),
        [
            "Unheard x7: sell 1 AAPL @ 9 in the statement, not here",
            "NotStated x1: buy 30 AAPL @ 10.10 here, not in the statement",
        ]
    );
    for (row, said) in [
        ("x1,AAPL,buy,29,10.1,", "buy 29 AAPL @ 10.1"),
        ("x1,AAPL,buy,30,10.2,", "buy 30 AAPL @ 10.2"),
        ("x1,AAPL,sell,30,10.1,", "sell 30 AAPL @ 10.1"),
        ("x1,MSFT,buy,30,10.1,", "buy 30 MSFT @ 10.1"),
        ("x1,AAPL,buy,30,10.1,y", "buy 30 AAPL @ 10.1, undone"),
    ] {
        let lines = compared(&format!("{row}\nx2,AAPL,buy,40,10.1,\n"));
        let expected = format!("StatedOtherwise x1: {said} in the statement, buy 30 AAPL @ 10.10 here");
        assert_eq!(lines, [expected]);
    }
    assert_eq!(
        compared("x1,AAPL,buy,30,10.1,\nx2,AAPL,buy,40,10.1,\nx3,AAPL,buy,5,10.1,\n"),
        ["StatedOtherwise x3: buy 5 AAPL @ 10.1 in the statement, buy 5 AAPL @ 10.10, undone here"]
    );
}

#[test]
fn an_empty_statement_lacks_everything_of_its_time() {
    assert_eq!(compared("").len(), 2, "x1 and x2: x3 is undone, x4 elsewhere, x5 earlier");
}

#[test]
fn columns_are_found_by_name() {
    let csv =
        "Price , QTY,account,Side,symbol,exec_id\n10.1,30,HOUSE,buy,AAPL,x1\n10.1,40,HOUSE,buy,AAPL,x2\n";
    let statement = Statement::read(csv.as_bytes()).unwrap();
    assert_eq!(ours().differences(&statement, at(100), at(200)), []);
}

#[test]
fn what_is_no_statement_is_refused_with_its_line() {
    assert_eq!(refused("exec_id,symbol,side,qty\n"), "line 1: there is no column price");
    for (row, said) in [
        (",AAPL,buy,1,1,", "line 2: exec_id is no good: \"\""),
        ("x,AAPL,hold,1,1,", "line 2: side is no good: \"hold\""),
        ("x,AAPL,buy,0,1,", "line 2: qty is no good: \"0\""),
        ("x,AAPL,buy,many,1,", "line 2: qty is no good: \"many\""),
        ("x,AAPL,buy,1,free,", "line 2: price is no good: \"free\""),
        ("x,AAPL,buy,1,1,maybe", "line 2: undone is no good: \"maybe\""),
        ("x,AAPL,buy,1,1,\nx,AAPL,buy,1,1,", "line 3: exec_id x stands twice"),
    ] {
        assert_eq!(refused(&format!("{NAMES}{row}\n")), said);
    }
    assert!(refused(&format!("{NAMES}x,AAPL,buy\n")).starts_with("line 2: "));
}
