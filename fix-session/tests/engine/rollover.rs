//! L-17, L-18, T-06: the reset of a live session, started by us.

use crate::desk::{Desk, config, order};
use fix_session::{Close, Numbers, Profile, ResetReason, Role, Sent, Verdict};

const RESET: &str = "35=A|34=1|98=0|108=30|141=Y|";

/// A session that has tested the peer and sent its Logon with 141=Y; it expects 3 in the old epoch.
fn reset_sent(mut desk: Desk) -> Desk {
    assert!(desk.session.roll_over(desk.now, &mut desk.heard));
    desk.says(&["35=1|34=2|112=TEST-1|"]);
    desk.hear("35=0|34=2|112=TEST-1|").says(&[RESET]);
    desk
}

#[test]
fn l_17_t_06_the_peer_is_tested_first_and_both_begin_again_at_1() {
    let mut desk = reset_sent(Desk::logged_on());
    assert_eq!(desk.session.numbers(), Numbers { next_in: 1, next_out: 2, epoch: 2 });
    assert_eq!(desk.heard.resets.len(), 1);
    assert_eq!(desk.heard.resets[0].reason, ResetReason::Rollover);
    desk.hear(RESET).says(&[]);
    assert_eq!(desk.session.numbers(), Numbers { next_in: 2, next_out: 2, epoch: 2 });
    assert_eq!(desk.heard.resets.len(), 1, "not a second time (L-18)");
    desk.hear("35=1|34=2|112=x|").says(&["35=0|34=2|112=x|"]);
    assert_eq!(desk.heard.closed, None);
    assert!(desk.session.roll_over(desk.now, &mut desk.heard), "and another day");
}

#[test]
fn l_17_what_the_application_sends_meanwhile_follows_the_reset() {
    let mut desk = Desk::logged_on();
    desk.session.roll_over(desk.now, &mut desk.heard);
    assert_eq!(desk.send_order_answer("meanwhile"), Sent::Queued);
    desk.hear("35=0|34=2|112=TEST-1|").serve_queue().says(&["35=1|34=2|112=TEST-1|", RESET]);
    desk.hear(RESET).serve_queue().says(&["35=8|34=2|58=meanwhile|"]);
}

#[test]
fn l_17_messages_in_flight_when_we_reset_still_count_in_the_old_epoch() {
    let mut desk = reset_sent(Desk::logged_on());
    desk.hear(&order(3));
    assert_eq!((desk.heard.applied.clone(), desk.heard.applied_epochs.clone()), (vec![3], vec![1]));
    desk.hear(RESET).hear(&order(2)).expects(3);
    assert_eq!((desk.heard.applied.clone(), desk.heard.applied_epochs.clone()), (vec![3, 2], vec![1, 2]));
}

#[test]
fn l_17_a_refusal_meanwhile_goes_out_at_once_under_the_old_numbers() {
    let mut desk = Desk::logged_on();
    desk.session.roll_over(desk.now, &mut desk.heard);
    desk.heard.verdict = Verdict::NotReady;
    desk.hear(&order(2)).said();
    assert_eq!(desk.session.queued(), 0);
    desk.hear("35=0|34=3|112=TEST-1|").says(&[RESET]);
}

#[test]
fn l_17_a_gap_is_closed_before_the_test() {
    let mut desk = Desk::logged_on();
    desk.hear(&order(3)).said();
    desk.session.roll_over(desk.now, &mut desk.heard);
    desk.says(&[]);
    desk.hear("35=4|34=2|43=Y|122=20261121-09:30:00|123=Y|36=3|").says(&["35=1|34=3|112=TEST-1|"]);
    desk.hear("35=0|34=4|112=TEST-1|").says(&[RESET]);
}

#[test]
fn l_17_a_replay_is_finished_before_the_test() {
    let mut desk = Desk::logged_on();
    desk.send_order_answer("two");
    desk.said();
    desk.hear("35=2|34=2|7=2|16=0|");
    desk.session.roll_over(desk.now, &mut desk.heard);
    desk.says(&[]).serve_store().says(&["35=8|34=2|43=Y|58=two|", "35=1|34=3|112=TEST-1|"]);
}

#[test]
fn l_17_a_test_lost_in_a_gap_of_the_peer_is_sent_again() {
    let mut desk = Desk::logged_on();
    desk.send_order_answer("two");
    desk.said();
    desk.session.roll_over(desk.now, &mut desk.heard);
    desk.says(&["35=1|34=3|112=TEST-1|"]).hear("35=2|34=2|7=2|16=0|").serve_store();
    desk.says(&["35=8|34=2|43=Y|58=two|", "35=4|34=3|43=Y|36=4|123=Y|", "35=1|34=4|112=TEST-2|"]);
    desk.hear("35=0|34=3|112=TEST-2|").says(&[RESET]);
}

#[test]
fn l_17_a_peer_that_asks_for_what_was_before_the_test_is_not_tested_twice() {
    let mut desk = Desk::logged_on();
    desk.send_order_answer("two");
    desk.said();
    desk.session.roll_over(desk.now, &mut desk.heard);
    desk.says(&["35=1|34=3|112=TEST-1|"]).hear("35=2|34=2|7=2|16=2|").serve_store();
    desk.says(&["35=8|34=2|43=Y|58=two|"]);
    desk.hear("35=0|34=3|112=TEST-1|").says(&[RESET]);
}

#[test]
fn l_17_o_02_no_reset_follows_a_logout() {
    let mut desk = Desk::logged_on();
    desk.session.roll_over(desk.now, &mut desk.heard);
    desk.session.logout(desk.now, "see you", &mut desk.heard);
    desk.says(&["35=1|34=2|112=TEST-1|", "35=5|34=3|58=see you|"]);
    desk.hear("35=0|34=2|112=TEST-1|").says(&[]);
    desk.hear("35=5|34=3|").says(&[]);
    assert_eq!(desk.session.numbers(), Numbers { next_in: 4, next_out: 4, epoch: 1 });
}

#[test]
fn l_17_a_peer_that_does_not_answer_the_test_keeps_its_numbers() {
    let mut desk = Desk::logged_on();
    desk.session.roll_over(desk.now, &mut desk.heard);
    desk.send_order_answer("meanwhile");
    desk.said();
    desk.wait_s(29).hear("35=0|34=2|").wait_s(1).serve_queue();
    let said = desk.said();
    assert!(said.contains(&"35=8|34=4|58=meanwhile|".to_owned()), "{said:?}");
    assert_eq!(desk.session.numbers().epoch, 1);
}

#[test]
fn l_17_a_reset_of_the_peer_that_crosses_ours_is_one_reset() {
    let mut desk = Desk::logged_on();
    desk.session.roll_over(desk.now, &mut desk.heard);
    desk.said();
    desk.hear(RESET).says(&[RESET]);
    assert_eq!(desk.session.numbers(), Numbers { next_in: 2, next_out: 2, epoch: 2 });
    desk.wait_s(29);
    assert_eq!(desk.session.numbers().epoch, 2, "ours is forgotten");
}

#[test]
fn l_18_a_reset_on_a_live_session_must_be_confirmed() {
    reset_sent(Desk::logged_on()).hear("35=A|34=3|98=0|108=30|").says(&["35=5|34=2|58=Reset not confirmed|"]);
    reset_sent(Desk::logged_on())
        .hear("35=A|34=3|98=0|108=30|141=Y|")
        .says(&["35=5|34=2|58=Reset not confirmed|"]);
    let mut desk = Desk::logged_on_with(config(Role::Acceptor).with_profile(Profile::Interop));
    desk.session.roll_over(desk.now, &mut desk.heard);
    desk.hear("35=0|34=2|112=TEST|").hear("35=A|34=1|98=0|108=30|").expects(2);
    assert_eq!(desk.heard.closed, None);
    reset_sent(Desk::logged_on()).wait_s(10).closes(Close::Flush);
}

#[test]
fn l_17_only_an_established_session_is_reset_and_only_once_at_a_time() {
    let mut desk = Desk::acceptor();
    assert!(!desk.session.roll_over(desk.now, &mut desk.heard));
    let mut desk = Desk::logged_on();
    assert!(desk.session.roll_over(desk.now, &mut desk.heard));
    assert!(!desk.session.roll_over(desk.now, &mut desk.heard));
}
