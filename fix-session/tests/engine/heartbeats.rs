//! Section 6: H rules, and X-02.

use crate::desk::{Desk, config, frame};
use fix_session::{Close, Numbers, Profile, Role};

#[test]
fn h_01_a_heartbeat_follows_silence_of_ours() {
    let mut desk = Desk::logged_on();
    desk.wait_s(29).says(&[]);
    desk.wait_s(1).says(&["35=0|34=2|"]);
    desk.wait_s(5).hear("35=0|34=2|");
    desk.send_order_answer("x");
    desk.said();
    desk.wait_s(29).says(&[]).wait_s(1).says(&["35=0|34=4|"]);
}

#[test]
fn h_02_h_03_a_test_request_is_answered_a_heartbeat_not() {
    Desk::logged_on().hear("35=1|34=2|112=ping|").says(&["35=0|34=2|112=ping|"]).expects(3);
    Desk::logged_on().hear("35=0|34=2|").says(&[]).expects(3);
    Desk::logged_on().hear("35=0|34=2|112=never asked|").says(&[]).expects(3);
}

#[test]
fn h_04_h_05_h_08_a_silent_peer_is_tested_then_given_up() {
    let mut desk = Desk::logged_on();
    desk.wait_s(36).says(&["35=0|34=2|", "35=1|34=3|112=TEST-1|"]);
    desk.wait_s(30).says(&["35=0|34=4|"]);
    assert_eq!(desk.heard.closed, None);
    desk.wait_s(6).closes(Close::Flush).says(&[]);
    assert!(desk.heard.notices.iter().any(|n| n.contains("Timed out waiting for heartbeat")));
}

#[test]
fn h_04_h_08_interop_tests_with_a_constant_and_pauses_heartbeats() {
    let mut desk = Desk::logged_on_with(config(Role::Acceptor).with_profile(Profile::Interop));
    desk.wait_s(71).says(&["35=0|34=2|", "35=1|34=3|112=TEST|"]);
}

#[test]
fn h_05_any_message_ends_the_silence() {
    let mut desk = Desk::logged_on();
    desk.wait_s(40).hear("35=0|34=2|112=TEST-1|");
    desk.said();
    desk.wait_s(35);
    assert!(desk.said().iter().all(|m| m.starts_with("35=0|")));
    desk.wait_s(1).says(&["35=1|34=5|112=TEST-2|"]);
}

#[test]
fn h_04_an_answer_that_was_lost_does_not_keep_the_next_silence_from_being_tested() {
    let mut desk = Desk::logged_on();
    desk.wait_s(37).hear("35=0|34=2|").said();
    desk.wait_s(36);
    assert!(desk.said().contains(&"35=1|34=5|112=TEST-2|".to_owned()), "{:?}", desk.heard.notices);
    desk.wait_s(36).closes(Close::Flush);
}

#[test]
fn h_06_a_test_request_needs_its_id() {
    Desk::logged_on()
        .hear("35=1|34=2|")
        .says(&["35=3|34=2|45=2|58=Required tag missing|371=112|372=1|373=1|"])
        .expects(3);
    Desk::logged_on()
        .hear("35=1|34=2|112=|")
        .says(&["35=3|34=2|45=2|58=Tag specified without a value|371=112|372=1|373=4|"])
        .expects(3);
}

#[test]
fn h_07_heartbeats_of_zero_are_switched_off() {
    let mut zero = config(Role::Acceptor);
    zero.heartbeat_zero = true;
    let mut desk = Desk::new(zero, Numbers::FIRST);
    desk.hear("35=A|34=1|98=0|108=0|").says(&["35=A|34=1|98=0|108=0|"]);
    desk.wait_s(10_000).says(&[]).hear("35=1|34=2|112=x|").says(&["35=0|34=2|112=x|"]);
}

#[test]
fn h_09_garbled_bytes_do_not_count_as_received() {
    let mut desk = Desk::logged_on();
    desk.wait_s(35);
    desk.said();
    let mut broken = frame("35=0|34=2|", "TW", "ISLD", desk.now);
    broken[20] ^= 1;
    desk.hear_bytes(&broken).wait_s(1).says(&["35=1|34=3|112=TEST-1|"]);
}

#[test]
fn x_02_a_message_never_completed_closes_the_connection() {
    let mut desk = Desk::logged_on();
    let whole = frame("35=0|34=2|", "TW", "ISLD", desk.now);
    let (begun, rest) = whole.split_at(30);
    assert_eq!(desk.session.handle_bytes(desk.now, begun, &mut desk.heard), 0);
    desk.wait_s(29);
    assert_eq!(desk.heard.closed, None);
    assert_eq!(desk.session.handle_bytes(desk.now, &whole, &mut desk.heard), begun.len() + rest.len());
    desk.wait_s(2).expects(3);
    assert_eq!(desk.heard.closed, None);
    assert_eq!(desk.session.handle_bytes(desk.now, begun, &mut desk.heard), 0);
    desk.wait_s(30).closes(Close::Flush);
}
