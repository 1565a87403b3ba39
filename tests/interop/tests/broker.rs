//! A broker on QuickFIX C++: orders go from a FIX client through Assay to it, and what becomes of them comes back.

use assay_interop::{QuickFixVenue, RawPeer, Server, Venue, field, free_port, server_binary};
use std::path::Path;

/// Holds a message against fields.
#[track_caller]
fn assert_has(message: &str, fields: &str) {
    for wanted in fields.split('|') {
        let (tag, value) = wanted.split_once('=').unwrap();
        let found = field(message, tag.parse().unwrap());
        // Decimals may have zeros at the end.
        let number = |text: &str| text.parse::<f64>().ok();
        let same = found
            .is_some_and(|found| found == value || number(found).is_some_and(|n| number(value) == Some(n)));
        assert!(same, "{wanted} in {message}");
    }
}

fn order(client: &mut RawPeer, id: &str, qty: u32) {
    let body = format!("11={id}|1=FIRM1|21=1|55=AAPL|54=1|38={qty}|40=2|44=100.00|59=0|");
    client.ask("D", &body);
}

#[test]
fn orders_trade_at_a_quickfix_broker_and_follow_what_it_undoes() {
    let dir = tempfile::tempdir().unwrap();
    let broker_dir = dir.path().join("broker");
    std::fs::create_dir(&broker_dir).unwrap();
    let port = free_port();
    let program = Path::new(env!("CARGO_BIN_EXE_quickfix_venue"));
    let mut broker = QuickFixVenue::broker(program, &broker_dir, port);
    broker.open(0);
    let mut server = Server::start_routed(&server_binary(), dir.path(), port);
    let mut client = RawPeer::log_on_as(server.port(), "CLIENT1", "ASSAY");

    // Taken, filled in part, replaced, filled again.
    order(&mut client, "b1", 100);
    assert_has(&client.told(), "35=8|150=0|39=0|11=b1|38=100|14=0|151=100");
    broker.command("fill 40 100");
    assert_has(&client.told(), "35=8|150=F|39=1|11=b1|32=40|31=100|14=40|151=60");
    client.ask("G", "11=b2|41=b1|1=FIRM1|21=1|55=AAPL|54=1|38=80|40=2|44=100.00|59=0|");
    assert_has(&client.told(), "35=8|150=5|39=1|11=b2|41=b1|38=80|14=40|151=40");
    broker.command("fill 10 99.99");
    let fill = client.told();
    assert_has(&fill, "35=8|150=F|39=1|11=b2|32=10|31=99.99|14=50|151=30");

    // Corrected, then undone: each report names the one before.
    broker.command("correct 99.98");
    let corrected = client.told();
    assert_has(&corrected, "35=8|150=G|39=1|11=b2|32=10|31=99.98|14=50|151=30");
    assert_eq!(field(&corrected, 19), field(&fill, 17));
    broker.command("bust");
    let busted = client.told();
    assert_has(&busted, "35=8|150=H|39=1|11=b2|32=10|31=99.98|14=40|151=40");
    assert_eq!(field(&busted, 19), field(&corrected, 17));

    // Our process dies; the broker fills meanwhile.
    server.kill_9();
    broker.command("fill 5 100");
    server.restart();
    let mut client = RawPeer::log_on_as(server.port(), "CLIENT1", "ASSAY");
    assert_has(&client.told(), "35=8|150=F|39=1|11=b2|32=5|31=100|14=45|151=35");
    client.ask("F", "11=b3|41=b2|55=AAPL|54=1|38=80|");
    assert_has(&client.told(), "35=8|150=4|39=4|11=b3|41=b2|14=45|151=0");

    // Refused there.
    order(&mut client, "r1", 13);
    let refused = client.told();
    assert_has(&refused, "35=8|150=8|39=8|11=r1|14=0|151=0");
    assert!(field(&refused, 58).is_some_and(|text| text.starts_with("VENUE_REFUSED")), "{refused}");

    // Taken without a word: its status is asked for, not the order sent again.
    broker.command("mute");
    order(&mut client, "m1", 20);
    assert_has(&client.told(), "35=8|150=0|39=0|11=m1|38=20|14=0|151=20");
    broker.command("speak");
    broker.command("fill 20 99.5");
    assert_has(&client.told(), "35=8|150=F|39=2|11=m1|32=20|31=99.5|14=20|151=0");

    // Undone after its end: it stays closed.
    broker.command("bust");
    assert_has(&client.told(), "35=8|150=H|39=4|11=m1|32=20|14=0|151=0");
    broker.close();
}
