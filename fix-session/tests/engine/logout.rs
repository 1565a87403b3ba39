//! Section 9: O rules.

use crate::desk::{Desk, config, order};
use fix_session::{Close, Numbers, Profile, Role};

#[test]
fn o_01_o_03_our_logout_awaits_its_answer() {
    let mut desk = Desk::logged_on();
    desk.session.logout(desk.now, "bye", &mut desk.heard);
    desk.says(&["35=5|34=2|58=bye|"]);
    desk.hear(&order(2)).expects(3);
    assert_eq!(desk.heard.applied, [2]);
    desk.hear("35=5|34=3|").says(&[]).expects(4).closes(Close::Flush);
    assert!(desk.heard.notices.contains(&"LoggedOut".to_owned()));
}

#[test]
fn o_01_a_logout_without_answer_closes() {
    let mut desk = Desk::logged_on();
    desk.session.logout(desk.now, "", &mut desk.heard);
    desk.says(&["35=5|34=2|"]).wait_s(9);
    assert_eq!(desk.heard.closed, None);
    desk.wait_s(1).closes(Close::Flush);
}

#[test]
fn o_02_after_our_logout_only_resend_requests_are_answered() {
    let mut desk = Desk::logged_on();
    desk.send_order_answer("two");
    desk.session.logout(desk.now, "", &mut desk.heard);
    desk.said();
    desk.hear("35=1|34=2|112=x|").says(&[]).expects(3);
    desk.hear("35=2|34=3|7=2|16=0|").serve_store();
    desk.says(&["35=8|34=2|43=Y|58=two|", "35=4|34=3|43=Y|36=4|123=Y|"]);
}

#[test]
fn o_04_an_unasked_logout_is_answered_and_the_peer_closes_first() {
    let mut desk = Desk::logged_on();
    desk.hear("35=5|34=2|").says(&["35=5|34=2|"]).expects(3);
    assert_eq!(desk.heard.closed, None);
    desk.hear(&order(3)).expects(3).says(&[]);
    desk.wait_s(10).closes(Close::Flush);
    Desk::logged_on_with(config(Role::Acceptor).with_profile(Profile::Interop))
        .hear("35=5|34=2|")
        .says(&["35=5|34=2|"])
        .closes(Close::Flush);
}

#[test]
fn o_05_a_logout_behind_a_gap_waits_for_it() {
    let mut desk = Desk::logged_on();
    desk.hear("35=5|34=4|").says(&["35=2|34=2|7=2|16=0|"]);
    desk.hear("35=4|34=2|43=Y|122=20261121-09:30:00|123=Y|36=4|").says(&["35=5|34=3|"]).expects(5);
    let mut desk = Desk::logged_on();
    desk.hear("35=5|34=4|").said();
    desk.wait_s(10).says(&["35=5|34=3|"]).expects(2);
    Desk::logged_on_with(config(Role::Acceptor).with_profile(Profile::Interop))
        .hear("35=5|34=4|")
        .says(&["35=5|34=2|"])
        .expects(2)
        .closes(Close::Flush);
}

#[test]
fn o_06_a_logout_with_a_low_number_is_too_low_and_by_interop_answered() {
    Desk::logged_on()
        .hear("35=5|34=1|")
        .says(&["35=5|34=2|58=MsgSeqNum too low, expecting 2 but received 1|"])
        .expects(2);
    Desk::logged_on_with(config(Role::Acceptor).with_profile(Profile::Interop))
        .hear("35=5|34=1|")
        .says(&["35=5|34=2|"])
        .expects(2)
        .closes(Close::Flush);
}

#[test]
fn o_07_after_the_peers_logout_nothing_counts() {
    let mut desk = Desk::logged_on();
    desk.hear("35=5|34=2|").said();
    desk.hear(&order(3)).says(&[]).expects(3);
    assert!(desk.heard.applied.is_empty());
}

#[test]
fn o_08_numbers_begin_again_after_a_logout_or_a_loss_if_so_configured() {
    let mut resets = config(Role::Acceptor);
    resets.reset_on_logout = true;
    let mut desk = Desk::logged_on_with(resets);
    desk.hear("35=5|34=2|");
    assert_eq!(desk.session.numbers(), Numbers { next_in: 1, next_out: 1, epoch: 2 });
    let mut resets = config(Role::Acceptor);
    resets.reset_on_disconnect = true;
    let mut desk = Desk::logged_on_with(resets);
    desk.session.handle_disconnected(desk.now, &mut desk.heard);
    assert_eq!(desk.session.numbers(), Numbers { next_in: 1, next_out: 1, epoch: 2 });
}

#[test]
fn s_13_an_operator_resets_only_between_connections() {
    let mut desk = Desk::initiator_logged_on();
    assert!(!desk.session.reset(&mut desk.heard));
    desk.session.handle_disconnected(desk.now, &mut desk.heard);
    assert!(desk.session.reset(&mut desk.heard));
    assert_eq!(desk.session.numbers(), Numbers { next_in: 1, next_out: 1, epoch: 2 });
}
