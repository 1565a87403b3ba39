//! The way of an order: accepted, traded, cancelled, replaced, asked about.

use crate::client::Client;
use crate::instance::Home;
use crate::wire::utc_now;

#[test]
fn crossing_orders_trade_and_both_sides_are_told() {
    let home = Home::new();
    let server = home.start();
    let mut buyer = Client::logged_on("CLIENT1", server.address());
    let mut seller = Client::logged_on("CLIENT2", server.address());

    let new = seller.order("S1", "54=2|38=30|40=2|44=10|");
    new.assert_has(
        "35=8|150=0|39=0|11=S1|38=30|14=0|151=30|6=0|54=2|55=AAPL|44=10|40=2|1=FIRM2|103=|31=|32=",
    );
    seller.order("S2", "54=2|38=70|40=2|44=10.1|").assert_has("35=8|150=0|39=0|11=S2");

    let bought = buyer.order("B1", "54=1|38=100|40=2|44=10.1|");
    bought.assert_has("35=8|150=0|39=0|11=B1|38=100|14=0|151=100|6=0");
    let first = buyer.expect("8");
    first.assert_has("150=F|39=1|11=B1|38=100|14=30|151=70|6=10|32=30|31=10|851=2");
    let second = buyer.expect("8");
    second.assert_has("150=F|39=2|11=B1|38=100|14=100|151=0|6=10.07|32=70|31=10.1|851=2");
    seller.expect("8").assert_has("150=F|39=2|11=S1|38=30|14=30|151=0|6=10|32=30|31=10|851=1");
    seller.expect("8").assert_has("150=F|39=2|11=S2|38=70|14=70|151=0|6=10.1|32=70|31=10.1|851=1");

    assert_eq!(bought.value(37), first.value(37), "one order, one OrderID");
    assert_ne!(first.value(17), second.value(17), "each report its own ExecID");
    assert!(bought.value(17) < first.value(17) && first.value(17) < second.value(17), "ExecIDs sort");
    server.stop_after([buyer, seller]);
    home.assert_sound();
}

#[test]
fn a_cancel_ends_the_order_and_keeps_what_was_filled() {
    let home = Home::new();
    let server = home.start();
    let mut buyer = Client::logged_on("CLIENT1", server.address());
    let mut seller = Client::logged_on("CLIENT2", server.address());

    buyer.order("B1", "54=1|38=100|40=2|44=10|").assert_has("150=0");
    seller.order("S1", "54=2|38=30|40=2|44=10|").assert_has("150=0");
    seller.expect("8").assert_has("150=F|39=2");
    buyer.expect("8").assert_has("150=F|39=1|14=30|151=70|851=1");
    buyer.send("F", &request("C1", "B1", ""));
    buyer.expect("8").assert_has("150=4|39=4|11=C1|41=B1|38=100|14=30|151=0|6=10");

    buyer.send("F", &request("C2", "B1", ""));
    buyer.expect("9").assert_has("11=C2|41=B1|39=4|434=1|102=0");
    buyer.send("F", &request("C3", "NONE1", ""));
    buyer.expect("9").assert_has("11=C3|41=NONE1|37=NONE|39=8|434=1|102=1");
    seller.send("F", &request("C4", "B1", ""));
    seller.expect("9").assert_has("11=C4|41=B1|37=NONE|39=8|434=1|102=1");
    server.stop_after([buyer, seller]);
    home.assert_sound();
}

#[test]
fn a_replace_changes_the_terms_and_the_current_id() {
    let home = Home::new();
    let server = home.start();
    let mut client = Client::logged_on("CLIENT1", server.address());
    client.order("A", "54=1|38=100|40=2|44=10|").assert_has("150=0");
    client.send("G", &request("B", "A", "38=150|40=2|44=11|"));
    client.expect("8").assert_has("150=5|39=0|11=B|41=A|38=150|14=0|151=150|44=11");
    client.send("F", &request("C", "A", ""));
    client.expect("9").assert_has("11=C|41=A|39=0|434=1|102=1");
    client.send("G", &request("D", "A", "38=150|40=2|44=12|"));
    client.expect("9").assert_has("11=D|41=A|39=0|434=2|102=1");
    client.send("F", &request("E", "B", ""));
    client.expect("8").assert_has("150=4|39=4|11=E|41=B|38=150|14=0|151=0");
    client.send("G", &request("F", "B", "38=150|40=2|44=12|"));
    client.expect("9").assert_has("11=F|41=B|39=4|434=2|102=0");
    server.stop_after([client]);
    home.assert_sound();
}

#[test]
fn a_status_request_tells_the_order_as_it_stands() {
    let home = Home::new();
    let server = home.start();
    let mut client = Client::logged_on("CLIENT1", server.address());
    let new = client.order("A", "54=1|38=100|40=2|44=10|");
    client.send("H", "11=A|55=AAPL|54=1|790=Q1|");
    let status = client.expect("8");
    status.assert_has("150=I|39=0|11=A|17=0|38=100|14=0|151=100|6=0|790=Q1");
    assert_eq!(status.value(37), new.value(37));
    client.send("H", "11=NOSUCH|55=AAPL|54=1|");
    client.expect("8").assert_has("150=I|39=8|37=NONE|103=5|11=NOSUCH");
    server.stop_after([client]);
}

#[test]
fn immediate_orders_leave_nothing_behind() {
    let home = Home::new();
    let server = home.start();
    let mut buyer = Client::logged_on("CLIENT1", server.address());
    let mut seller = Client::logged_on("CLIENT2", server.address());
    seller.order("S1", "54=2|38=60|40=2|44=10|").assert_has("150=0");
    buyer.order("FOK", "54=1|38=100|40=2|44=10|59=4|").assert_has("150=0|39=0");
    buyer.expect("8").assert_has("150=4|39=4|11=FOK|14=0|151=0");
    buyer.order("IOC", "54=1|38=100|40=2|44=10|59=3|").assert_has("150=0|39=0");
    buyer.expect("8").assert_has("150=F|39=1|14=60|151=40|32=60|31=10");
    buyer.expect("8").assert_has("150=4|39=4|11=IOC|14=60|151=0|6=10");
    seller.expect("8").assert_has("150=F|39=2|11=S1");
    server.stop_after([buyer, seller]);
    home.assert_sound();
}

/// Body of F or G on AAPL.
fn request(id: &str, orig: &str, terms: &str) -> String {
    format!("11={id}|41={orig}|55=AAPL|54=1|60={}|{terms}", utc_now())
}
