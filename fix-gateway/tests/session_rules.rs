//! What the session rules leave to each session, as `[session.rules]` says it, on a live gateway.

mod desk;

use assay_trading_types::Timestamp;
use desk::{Desk, order};
use fix_gateway::SessionRules;
use fix_gateway::client::{Client, framed};
use std::time::{SystemTime, UNIX_EPOCH};

/// CLIENT1 with these rules, as the configuration file has them.
fn desk(rules: serde_json::Value) -> Desk {
    let rules: SessionRules = serde_json::from_value(rules).unwrap();
    rules.check().unwrap();
    Desk::configured(|config| config.sessions[0].rules = rules)
}

fn said(client: &mut Client, msg_type: &str, fields: &str) -> String {
    client.send(msg_type, fields).unwrap();
    client.receive().unwrap()
}

/// As SendingTime(52).
#[allow(clippy::disallowed_methods, reason = "a counterparty has a clock")]
fn half_an_hour_ago() -> String {
    let ns = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as i64;
    let mut text = Vec::new();
    Timestamp::from_ns(ns).plus_ns(-1_800_000_000_000).write_fix(3, &mut text);
    String::from_utf8(text).unwrap()
}

/// What a first Logon is answered by.
fn logon(desk: &Desk, fields: &str) -> (Client, String) {
    let mut client = desk.client("CLIENT1");
    let answer = said(&mut client, "A", fields);
    (client, answer)
}

#[test]
fn h_07_l_13_a_heartbeat_of_zero_and_the_range_are_the_sessions_own() {
    let zero = desk(serde_json::json!({ "heartbeat_zero": true, "heartbeat_max_s": 20 }));
    assert!(logon(&zero, "98=0|108=21").1.contains("|58=HeartBtInt out of range, allowed 1 to 20|"));
    zero.wait_down();
    assert!(logon(&zero, "98=0|108=0").1.contains("|35=A|34=2|"));
}

#[test]
fn l_16_l_23_resets_and_test_logons_may_be_refused() {
    let strict = desk(serde_json::json!({ "peer_may_reset": false, "test_session": false }));
    assert!(logon(&strict, "98=0|108=30|464=Y").1.contains("|58=TestMessageIndicator mismatch|"));
    strict.wait_down();
    assert!(logon(&strict, "98=0|108=30|141=Y").1.contains("|58=Sequence reset not permitted|"));
}

#[test]
fn o_04_o_08_a_logout_may_close_at_once_and_begin_anew() {
    let desk = desk(serde_json::json!({ "logout_linger_s": 0, "reset_on_logout": true }));
    for _ in 0..2 {
        let mut client = desk.logged_on("CLIENT1");
        assert!(said(&mut client, "5", "58=bye").contains("|35=5|34=2|"));
        assert!(client.is_closed_silently().unwrap(), "without our closing first");
        desk.wait_down();
    }
}

#[test]
fn o_08_a_loss_may_begin_anew() {
    let desk = desk(serde_json::json!({ "reset_on_disconnect": true }));
    for _ in 0..2 {
        let (client, answer) = logon(&desk, "98=0|108=30");
        assert!(answer.contains("|35=A|34=1|"), "{answer}");
        drop(client);
        desk.wait_down();
    }
}

#[test]
fn v_10_v_12_v_24_v_27_what_messages_may_hold_is_the_sessions_own() {
    let party = "453=1|448=A|452=1|447=D";
    let order = format!("{}|{party}|58=caf\u{e9}|20001=x", order("a"));
    let strict = desk(serde_json::json!({}));
    let mut client = strict.logged_on("CLIENT1");
    assert!(said(&mut client, "D", &order).contains("|371=447|372=D|373=15|"));
    assert!(said(&mut client, "U1", "58=x").contains("|372=U1|373=11|"));
    let lenient = desk(serde_json::json!({
        "group_order": "lenient", "allow_user_tags": true, "allow_8bit": true, "custom_msg_types": ["U1"],
    }));
    let mut client = lenient.logged_on("CLIENT1");
    client.send("D", &order).unwrap();
    assert_eq!(desk::cl_ord_id(&lenient.wait_request(1)), "a");
    assert!(said(&mut client, "U1", "58=x").contains("|35=j|"), "V-11: known, and not served");
}

#[test]
fn v_08_a_clock_may_be_further_off() {
    let desk = desk(serde_json::json!({ "sending_time_tolerance_s": 3_600 }));
    let mut client = desk.logged_on("CLIENT1");
    let late = format!("35=1|34=2|49=CLIENT1|52={}|56=ASSAY|112=late|", half_an_hour_ago());
    client.send_bytes(&framed(&late)).unwrap();
    assert!(client.receive().unwrap().contains("|112=late|"));
}

#[test]
fn what_cannot_be_is_refused_with_the_reason() {
    for (rules, expected) in [
        (serde_json::json!({ "heartbeat_min_s": 0 }), "heartbeat_min_s = 0"),
        (serde_json::json!({ "heartbeat_min_s": 31, "heartbeat_max_s": 30 }), "heartbeat_min_s = 31"),
        (serde_json::json!({ "resend_timeout_s": 0 }), "resend_timeout_s is out of range"),
        (serde_json::json!({ "logout_linger_s": 86_401 }), "logout_linger_s is out of range"),
        (serde_json::json!({ "inbound_queue_messages_max": 0 }), "room for one message"),
        (serde_json::json!({ "custom_msg_types": ["U 1"] }), "is no MsgType"),
    ] {
        let rules: SessionRules = serde_json::from_value(rules).unwrap();
        let fault = rules.check().unwrap_err();
        assert!(fault.contains(expected), "{fault}");
    }
    assert!(serde_json::from_value::<SessionRules>(serde_json::json!({ "no_such": 1 })).is_err());
}
