//! Who may log on, and how sequence numbers are kept.

use crate::client::Client;
use crate::instance::Home;
use crate::wire::{Wire, framed, utc_now};

fn logon_as(sender: &str, target: &str) -> Vec<u8> {
    framed(&format!("35=A|34=1|49={sender}|52={}|56={target}|98=0|108=30|", utc_now()))
}

#[test]
fn the_logon_is_answered_with_its_own_heartbeat_interval() {
    let home = Home::new();
    let server = home.start();
    let mut client = Client::new("CLIENT1");
    client.connect(server.address());
    client.logon().assert_has("34=1|98=0|108=30|43=");
    client.assert_alive();
    client.send("5", "");
    client.expect("5").assert_has("58=");
    server.stop_after([client]);
}

#[test]
fn strangers_are_closed_without_a_word_and_use_no_number() {
    let home = Home::new();
    let server = home.start();
    let order = framed(&format!("35=D|34=1|49=CLIENT1|52={}|56=ASSAY|11=A|", utc_now()));
    for first in [
        logon_as("NOBODY", "ASSAY"),
        logon_as("CLIENT1", "OTHER"),
        logon_as("ASSAY", "CLIENT1"),
        order,
        framed(&format!("35=0|34=1|49=CLIENT1|52={}|56=ASSAY|", utc_now())),
        b"8=FIX.4.4\x019=5\x0135=A\x0110=000\x01".to_vec(),
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n8=FIX.4.4\x019=5\x0135=0\x0110=000\x01".to_vec(),
    ] {
        let mut wire = Wire::connect(server.address());
        wire.send(&first);
        wire.assert_silent_close();
    }
    Client::logged_on("CLIENT1", server.address()).assert_alive();
    server.stop();
}

#[test]
fn a_second_logon_of_a_live_session_is_closed_and_the_first_goes_on() {
    let home = Home::new();
    let server = home.start();
    let mut first = Client::logged_on("CLIENT1", server.address());
    let mut second = Wire::connect(server.address());
    second.send(&logon_as("CLIENT1", "ASSAY"));
    second.assert_silent_close();
    first.assert_alive();
    first.order("A", "54=1|38=1|40=2|44=10|").assert_has("150=0");
    server.stop_after([first]);
}

#[test]
fn a_low_number_logs_out_and_a_reconnect_keeps_both_numbers() {
    let home = Home::new();
    let server = home.start();
    let mut client = Client::logged_on("CLIENT1", server.address());
    client.assert_alive();
    let old = client.bytes(1, "");
    client.send_bytes(&old);
    client.expect("5").assert_has("58=MsgSeqNum too low, expecting 3 but received 1");
    client.assert_closed();

    client.connect(server.address());
    client.logon().assert_has("34=4");
    client.assert_alive();
    server.stop_after([client]);
}

#[test]
fn a_gap_is_asked_for_and_each_message_then_counts_once_in_order() {
    let home = Home::new();
    let server = home.start();
    let mut client = Client::logged_on("CLIENT1", server.address());
    let lost = client.keep("D", &client.order_body("LOST", "54=1|38=1|40=2|44=10|"));
    client.keep("1", "112=LOST|");
    client.send("D", &client.order_body("HIGH", "54=1|38=2|40=2|44=10|"));
    let request = client.expect("2");
    request.assert_has(&format!("7={lost}|16=0"));
    client.send("D", &client.order_body("LATER", "54=1|38=3|40=2|44=10|"));
    client.answer_resend_request(&request);
    for (id, qty) in [("LOST", 1), ("HIGH", 2), ("LATER", 3)] {
        client.expect("8").assert_has(&format!("150=0|39=0|11={id}|38={qty}"));
    }
    client.resend(lost);
    client.assert_alive();
    server.stop_after([client]);
    home.assert_sound();
}

#[test]
fn what_the_client_missed_is_resent_byte_for_byte() {
    let home = Home::new();
    let server = home.start();
    let mut client = Client::logged_on("CLIENT1", server.address());
    let first = client.order("A", "54=1|38=1|40=2|44=10|");
    client.assert_alive();
    let second = client.order("B", "54=1|38=1|40=2|44=10|");
    client.send("2", "7=1|16=0|");
    let again: Vec<_> = (0..4).map(|_| client.receive_any().expect("a resend")).collect();
    again[0].assert_has("35=4|34=1|123=Y|36=2|43=Y");
    again[1].assert_has("35=8|34=2|43=Y").assert_has(&format!("122={}", first.value(52)));
    again[2].assert_has("35=4|34=3|123=Y|36=4|43=Y");
    again[3].assert_has("35=8|34=4|43=Y").assert_has(&format!("122={}", second.value(52)));
    for (first, again) in [(&first, &again[1]), (&second, &again[3])] {
        for tag in [1, 6, 11, 14, 17, 37, 38, 39, 40, 44, 54, 55, 59, 60, 150, 151] {
            assert_eq!(first.get(tag), again.get(tag), "{tag}");
        }
    }
    client.assert_alive();
    server.stop_after([client]);
}
