//! What clients trade at outside venues, in the books: the venue is the other side of every fill, the house of what nobody
//! else has, and clearing nets to zero.

mod desk;

use assay_trading_types::*;
use desk::{Desk, ask, id};

/// ACME with an order to buy 100 at 10 at `B1`, which has taken it.
fn routed() -> Desk {
    let mut desk = Desk::empty();
    desk.list("AAPL", "0.01", "1");
    desk.reference("AAPL", "10");
    desk.open_firm("ACME", Commission::default(), SelfTrade::Allow);
    desk.credit("ACME", "USD", "10000");
    desk.credit("ACME", "AAPL", "1000");
    desk.tell_market(VenueSet {
        venue: id("B1"),
        answer_ns: 1_000_000_000,
        retry_first_ns: 1_000_000_000,
        retry_max_ns: 1_000_000_000,
        tries_max: 3,
        wait_ns: 0,
    });
    desk.tell_market(RouteSet { symbol: id("AAPL"), venues: vec![id("B1")] });
    desk.tell_market(VenueLinkChanged { venue: id("B1"), up: true, detail: String::new() });
    desk.place(ask("a", "buy 100 @ 10"));
    desk.hear();
    desk
}

fn report(desk: &Desk, exec_type: char, exec_id: &str, qty: &str, price: &str) -> VenueHeard {
    let order = desk
        .risk
        .open_orders()
        .first()
        .map_or("O0000000000000000-1".to_owned(), |order| format!("{}-1", order.order_id));
    let report = VenueReport {
        cl_ord_id: order,
        orig_cl_ord_id: None,
        venue_order_id: "7".into(),
        exec_id: exec_id.into(),
        status_number: None,
        exec_ref_id: None,
        exec_type,
        ord_status: '1',
        qty: None,
        price: None,
        last_qty: Some(id(qty)),
        last_px: Some(id(price)),
        cum_qty: None,
        reason: None,
        text: None,
    };
    let message = VenueMessage::Report(Box::new(report));
    VenueHeard { venue: id("B1"), symbol: None, message, wire: String::new() }
}

/// Balance of an account of the house.
fn house(desk: &Desk, code: &str, asset: &str) -> String {
    let ledger = desk.risk.ledger();
    let ix = ledger.find(LedgerCode::from(code).unwrap(), id(asset));
    ix.map_or(Amount::ZERO, |ix| ledger.account(ix).balance()).to_string()
}

fn balances(desk: &Desk) -> [String; 8] {
    desk.check_books();
    [("clearing", "USD"), ("clearing", "AAPL"), ("venue:B1", "USD"), ("venue:B1", "AAPL")]
        .into_iter()
        .chain([("venue-error", "USD"), ("venue-error", "AAPL")])
        .map(|(code, asset)| house(desk, code, asset))
        .chain(["USD", "AAPL"].map(|asset| desk.funds("ACME", asset)))
        .collect::<Vec<_>>()
        .try_into()
        .unwrap()
}

#[test]
fn a_fill_settles_between_the_client_and_the_venue() {
    let mut desk = routed();
    assert_eq!(balances(&desk), ["0", "0", "0", "0", "0", "0", "10000/9000", "1000/1000"]);
    desk.tell_market(report(&desk, 'F', "x1", "40", "9.5"));
    assert_eq!(balances(&desk), ["0", "0", "380", "-40", "0", "0", "9620/9020", "1040/1040"]);
    desk.tell_market(report(&desk, 'F', "x1", "40", "9.5"));
    assert_eq!(balances(&desk)[2], "380", "a second time changes nothing");
}

#[test]
fn what_is_filled_beyond_the_order_is_the_houses_and_alarms() {
    let mut desk = routed();
    desk.tell_market(report(&desk, 'F', "x1", "130", "10"));
    assert_eq!(balances(&desk), ["0", "0", "1300", "-130", "-300", "30", "9000/9000", "1100/1100"]);
    let alarms: Vec<String> = desk.hear().into_iter().filter(|line| line.starts_with("alarm")).collect();
    assert_eq!(alarms.len(), 1, "{alarms:?}");
}

fn change(desk: &mut Desk, exec_type: char, exec_id: &str, referred: &str, qty: &str, price: &str) {
    let mut change = report(desk, exec_type, exec_id, qty, price);
    if let VenueMessage::Report(report) = &mut change.message {
        report.exec_ref_id = Some(referred.into());
    }
    desk.tell_market(change);
}

#[test]
fn a_bust_of_the_venue_is_turned_back_between_client_and_venue() {
    let mut desk = routed();
    desk.tell_market(report(&desk, 'F', "x1", "40", "9.5"));
    change(&mut desk, 'H', "x2", "x1", "40", "9.5");
    assert_eq!(balances(&desk), ["0", "0", "0", "0", "0", "0", "10000/9000", "1000/1000"]);
    change(&mut desk, 'H', "x2", "x1", "40", "9.5");
    assert_eq!(balances(&desk)[6], "10000/9000", "a second time changes nothing");
    desk.tell_market(report(&desk, 'F', "x3", "100", "10"));
    assert_eq!(balances(&desk), ["0", "0", "1000", "-100", "0", "0", "9000/9000", "1100/1100"]);
}

#[test]
fn a_correction_of_the_venue_is_settled_between_client_and_venue_and_can_be_undone() {
    let mut desk = routed();
    desk.tell_market(report(&desk, 'F', "x1", "40", "9.5"));
    change(&mut desk, 'G', "x2", "x1", "40", "9");
    assert_eq!(balances(&desk), ["0", "0", "360", "-40", "0", "0", "9640/9040", "1040/1040"]);
    change(&mut desk, 'H', "x3", "x2", "40", "9");
    assert_eq!(balances(&desk), ["0", "0", "0", "0", "0", "0", "10000/9000", "1000/1000"]);
}

#[test]
fn a_correction_of_the_quantity_is_the_clients_too() {
    let mut desk = routed();
    desk.tell_market(report(&desk, 'F', "x1", "40", "10"));
    change(&mut desk, 'G', "x2", "x1", "30", "10");
    assert_eq!(balances(&desk), ["0", "0", "300", "-30", "0", "0", "9700/9000", "1030/1030"]);
}
