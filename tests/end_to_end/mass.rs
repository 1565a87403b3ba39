//! Requests about many orders: mass cancel, mass status, fill recovery.

use crate::client::Client;
use crate::instance::Home;
use crate::wire::{Message, utc_now};

const REST: &str = "54=1|38=100|40=2|44=10|";

fn mass_cancel(id: &str, fields: &str) -> String {
    format!("11={id}|{fields}60={}|", utc_now())
}

#[test]
fn m_29_a_mass_cancel_is_reported_and_each_order_is_cancelled_under_its_own_id() {
    let home = Home::new();
    let server = home.start();
    let mut client = Client::logged_on("CLIENT1", server.address());
    let mut other = Client::logged_on("CLIENT2", server.address());
    other.order("a", REST).assert_has("150=0");
    let first = client.order("a", REST);
    let second = client.order("b", REST);
    client.send("q", &mass_cancel("m", "530=7|"));
    let report = client.expect("r");
    report.assert_has("11=m|530=7|531=7|532=|533=2|534=2");
    assert!(report.value(37).starts_with('O'), "{report:?}");
    for (order, id) in [(&first, "a"), (&second, "b")] {
        let cancelled = client.expect("8");
        cancelled.assert_has("150=4|39=4|38=100|14=0|151=0|6=0|41=|58=MASS_CANCEL: m");
        assert_eq!((cancelled.value(11), cancelled.value(37)), (id, order.value(37)));
    }
    other.send("H", "11=a|55=AAPL|54=1|");
    other.expect("8").assert_has("150=I|39=0|151=100");
    server.stop_after([client, other]);
    home.assert_sound();
}

#[test]
fn a_22_a_mass_cancel_reaches_what_it_names_and_no_more() {
    let home = Home::new();
    let server = home.start();
    let mut client = Client::logged_on("CLIENT1", server.address());
    client.order("buy", REST).assert_has("150=0");
    client.order("sell", "54=2|38=100|40=2|44=20|").assert_has("150=0");
    client.send("q", &mass_cancel("m1", "530=1|55=NOREF|"));
    client.expect("r").assert_has("11=m1|530=1|531=1|533=0|534=|55=NOREF");
    client.send("q", &mass_cancel("m2", "530=1|55=AAPL|54=2|"));
    client.expect("r").assert_has("531=1|533=1|54=2|55=AAPL");
    client.expect("8").assert_has("150=4|11=sell|58=MASS_CANCEL: m2");
    client.send("q", &mass_cancel("m3", "530=7|1=FIRM1|"));
    client.expect("r").assert_has("531=7|533=1");
    client.expect("8").assert_has("150=4|11=buy|58=MASS_CANCEL: m3");
    server.stop_after([client]);
    home.assert_sound();
}

#[test]
fn a_22_what_a_mass_cancel_may_not_do_is_refused_and_cancels_nothing() {
    let home = Home::new();
    let server = home.start();
    let mut client = Client::logged_on("CLIENT1", server.address());
    client.order("a", REST).assert_has("150=0");
    for (id, fields, answer, code) in [
        ("m1", "530=3|", "530=3|531=0|532=0", "MASS_NOT_SUPPORTED"),
        ("m2", "530=1|55=NOSUCH|", "530=1|531=0|532=1", "UNKNOWN_SYMBOL"),
        ("m3", "530=7|1=FIRM2|", "531=0|532=99", "UNKNOWN_ACCOUNT"),
        ("a", "530=7|", "531=0|532=99", "DUP_CLORDID"),
    ] {
        client.send("q", &mass_cancel(id, fields));
        let report = client.expect("r");
        report.assert_has(answer).assert_has(&format!("11={id}"));
        assert_eq!(report.value(58).split(':').next(), Some(code), "{report:?}");
    }
    client.send("q", &mass_cancel("m4", "530=1|"));
    client.expect("j").assert_has("380=5|372=q|379=m4|58=Conditionally Required Field Missing (55)");
    client.send("H", "11=a|55=AAPL|54=1|");
    client.expect("8").assert_has("150=I|39=0|151=100");
    // The same again within the second is one too many, and its id stays free.
    client.send("q", &mass_cancel("m5", "530=1|55=NOREF|"));
    client.send("q", &mass_cancel("m6", "530=1|55=NOREF|"));
    client.expect("r").assert_has("11=m5|531=1|533=0");
    client.expect("r").assert_has("11=m6|531=0|532=99|58=RATE_LIMIT: 1/1s, retry after 1000 ms");
    client.send("q", &mass_cancel("m6", "530=7|"));
    client.expect("r").assert_has("11=m6|531=7|533=1");
    client.expect("8").assert_has("150=4|11=a");
    server.stop_after([client]);
    home.assert_sound();
}

#[test]
fn a_21_a_mass_status_request_gets_one_report_for_each_open_order() {
    let home = Home::new();
    let server = home.start();
    let mut client = Client::logged_on("CLIENT1", server.address());
    client.order("a", REST).assert_has("150=0");
    client.order("b", "54=2|38=7|40=2|44=20|").assert_has("150=0");
    client.send("AF", "584=s1|585=7|");
    client.expect("8").assert_has("150=I|39=0|11=a|17=0|38=100|151=100|584=s1|911=2|912=N");
    client.expect("8").assert_has("150=I|39=0|11=b|17=0|38=7|151=7|584=s1|911=2|912=Y");
    client.send("AF", "584=s2|585=1|55=NOREF|");
    client.expect("8").assert_has("150=I|39=8|37=NONE|55=NOREF|584=s2|911=0|912=Y|14=0|151=0|6=0");
    client.send("AF", "584=s3|585=3|");
    let refused = client.expect("8");
    refused.assert_has("150=I|39=8|37=NONE|103=99|584=s3|911=0|912=Y");
    assert!(refused.value(58).starts_with("UNSUPPORTED_SCOPE"), "{refused:?}");
    client.send("AF", "584=s4|585=1|");
    client.expect("j").assert_has("380=5|372=AF|379=s4");
    server.stop_after([client]);
}

/// Two fills of CLIENT1's order, as they were told.
fn trade(client: &mut Client, other: &mut Client) -> [Message; 2] {
    client.order("B", "54=1|38=100|40=2|44=10|").assert_has("150=0");
    other.order("S1", "54=2|38=30|40=2|44=10|").assert_has("150=0");
    other.expect("8").assert_has("150=F");
    let first = client.expect("8");
    other.order("S2", "54=2|38=70|40=2|44=10|").assert_has("150=0");
    other.expect("8").assert_has("150=F");
    [first, client.expect("8")]
}

/// What a recovered fill has in common with the one first sent.
fn assert_same_fill(again: &Message, first: &Message) {
    for tag in [11, 14, 17, 31, 32, 37, 38, 39, 40, 44, 54, 55, 60, 75, 150, 151, 6, 851] {
        assert_eq!(again.get(tag), first.get(tag), "{tag}: {again:?} for {first:?}");
    }
    again.assert_has("97=Y|43=");
}

#[test]
fn a_36_fills_are_recovered_after_an_execid_also_after_a_sequence_reset() {
    let home = Home::new();
    let server = home.start();
    let mut client = Client::logged_on("CLIENT1", server.address());
    let mut other = Client::logged_on("CLIENT2", server.address());
    let [first, second] = trade(&mut client, &mut other);
    drop(client);

    let mut client = Client::new("CLIENT1");
    client.connect(server.address());
    client.send("A", "98=0|108=30|141=Y|");
    client.expect("A").assert_has("34=1|141=Y");
    client.send("AF", "584=r1|585=7|9705=0|");
    let again = client.expect("8");
    again.assert_has("584=r1|911=2|912=N");
    assert_same_fill(&again, &first);
    let again = client.expect("8");
    again.assert_has("584=r1|911=2|912=Y");
    assert_same_fill(&again, &second);

    client.send("AF", &format!("584=r2|585=7|9705={}|", first.value(17)));
    let again = client.expect("8");
    again.assert_has("584=r2|911=1|912=Y");
    assert_same_fill(&again, &second);
    client.send("AF", &format!("584=r3|585=7|9705={}|", second.value(17)));
    client.expect("8").assert_has("150=I|39=8|37=NONE|584=r3|911=0|912=Y");
    server.stop_after([client, other]);
    home.assert_sound();
}

#[test]
fn a_36_an_execid_that_the_session_never_got_is_unknown() {
    let home = Home::new();
    let server = home.start();
    let mut client = Client::logged_on("CLIENT1", server.address());
    let mut other = Client::logged_on("CLIENT2", server.address());
    trade(&mut client, &mut other);
    other.send("AF", "584=r0|585=7|9705=0|");
    let theirs = other.expect("8").value(17).to_owned();
    for (id, exec_id) in
        [("r1", "E0000FFFFFFFFFFFF"), ("r2", "nonsense"), ("r3", &theirs), ("r4", "E0000000000000000")]
    {
        let seq = client.send("AF", &format!("584={id}|585=7|9705={exec_id}|"));
        let refused = client.expect("j");
        refused.assert_has(&format!("45={seq}|372=AF|379={id}|380=1"));
        assert!(refused.value(58).starts_with("UNKNOWN_EXECID"), "{refused:?}");
    }
    client.assert_alive();
    server.stop_after([client]);
    drop(other);
}

#[test]
fn a_36_fills_are_recovered_after_a_crash() {
    let home = Home::new();
    let server = home.start();
    let mut client = Client::logged_on("CLIENT1", server.address());
    let mut other = Client::logged_on("CLIENT2", server.address());
    let [first, second] = trade(&mut client, &mut other);
    server.kill_9();
    let server = home.start();
    client.connect(server.address());
    client.logon();
    client.send("AF", "584=r1|585=7|9705=0|");
    for (fill, place) in [(&first, "584=r1|911=2|912=N"), (&second, "584=r1|911=2|912=Y")] {
        let again = client.expect("8");
        again.assert_has(place);
        assert_same_fill(&again, fill);
    }
    drop(other);
    server.stop_after([client]);
    home.assert_sound();
}
