//! L-24: what is sent while nobody can take it.

use crate::desk::{Desk, config, order};
use fix_session::{Numbers, Role, Sent};

/// A session whose connection broke after its Logon exchange, with `texts` queued since.
fn queued(texts: &[&str]) -> Desk {
    let mut desk = Desk::logged_on();
    desk.session.handle_disconnected(desk.now, &mut desk.heard);
    for text in texts {
        assert_eq!(desk.send_order_answer(text), Sent::Queued);
    }
    desk.says(&[]);
    desk.session.connected(desk.now, &mut desk.heard);
    desk
}

#[test]
fn l_24_what_is_sent_without_a_connection_follows_the_next_logon_in_order() {
    let mut desk = queued(&["one", "two"]);
    assert_eq!(desk.session.queued(), 2);
    assert_eq!(desk.session.numbers().next_out, 2, "no number yet");
    desk.wait_s(5).hear("35=A|34=2|98=0|108=30|").serve_queue();
    assert!(desk.heard.written.iter().all(|m| m.contains("|52=20261121-09:30:05.000|")));
    desk.says(&["35=A|34=2|98=0|108=30|", "35=8|34=3|58=one|", "35=8|34=4|58=two|"]);
    assert_eq!(desk.session.queued(), 0);
    assert_eq!(desk.send_order_answer("live"), Sent::Numbered(5));
    assert!(desk.heard.notices.contains(&"Queueing".to_owned()), "{:?}", desk.heard.notices);
    assert!(desk.heard.notices.contains(&"QueueSent".to_owned()), "{:?}", desk.heard.notices);
}

#[test]
fn l_24_new_messages_wait_behind_the_queued_ones() {
    let mut desk = queued(&["one"]);
    desk.hear("35=A|34=2|98=0|108=30|");
    assert_eq!(desk.send_order_answer("two"), Sent::Queued);
    desk.hear("35=1|34=3|112=x|").serve_queue();
    desk.says(&["35=A|34=2|98=0|108=30|", "35=0|34=3|112=x|", "35=8|34=4|58=one|", "35=8|34=5|58=two|"]);
}

#[test]
fn l_24_a_gap_of_ours_is_filled_and_the_peer_tested_before_they_go() {
    let mut desk = queued(&["one"]);
    desk.hear("35=A|34=4|98=0|108=30|").serve_queue();
    desk.says(&["35=A|34=2|98=0|108=30|", "35=2|34=3|7=2|16=0|"]);
    desk.hear("35=4|34=2|43=Y|122=20261121-09:30:00|123=Y|36=4|").serve_queue();
    desk.says(&["35=1|34=4|112=TEST-1|"]).expects(5);
    desk.hear("35=0|34=5|").serve_queue().says(&[]);
    desk.hear("35=0|34=6|112=TEST-1|").serve_queue().says(&["35=8|34=5|58=one|"]);
}

#[test]
fn l_24_a_gap_of_the_peer_is_filled_and_it_is_tested_before_they_go() {
    let mut desk = Desk::logged_on();
    desk.send_order_answer("lost");
    desk.session.handle_disconnected(desk.now, &mut desk.heard);
    desk.send_order_answer("queued");
    desk.said();
    desk.session.connected(desk.now, &mut desk.heard);
    desk.hear("35=A|34=2|98=0|108=30|").hear("35=2|34=3|7=2|16=0|").serve_queue();
    desk.says(&["35=A|34=3|98=0|108=30|"]);
    desk.serve_store().serve_queue();
    desk.says(&["35=8|34=2|43=Y|58=lost|", "35=4|34=3|43=Y|36=4|123=Y|", "35=1|34=4|112=TEST-1|"]);
    desk.hear("35=0|34=4|112=TEST-1|").serve_queue().says(&["35=8|34=5|58=queued|"]);
}

#[test]
fn l_24_a_peer_that_answers_no_test_gets_them_after_a_while() {
    let mut desk = queued(&["one"]);
    desk.hear("35=A|34=3|98=0|108=30|").hear("35=4|34=2|43=Y|122=20261121-09:30:00|123=Y|36=3|").said();
    desk.wait_s(9).serve_queue().says(&[]).wait_s(1).serve_queue().says(&["35=8|34=5|58=one|"]);
}

#[test]
fn l_24_a_test_whose_answer_was_lost_does_not_hold_them_for_ever() {
    let mut desk = Desk::logged_on();
    desk.send_order_answer("lost");
    desk.session.handle_disconnected(desk.now, &mut desk.heard);
    desk.send_order_answer("queued");
    desk.session.connected(desk.now, &mut desk.heard);
    desk.hear("35=A|34=2|98=0|108=30|").hear("35=2|34=3|7=2|16=0|").said();
    // The replay takes long, the peer is silent and tested, and its answer never comes.
    desk.wait_s(36).said();
    desk.hear("35=0|34=4|").serve_store();
    assert!(desk.said().iter().all(|m| !m.contains("queued")));
    desk.wait_s(10).serve_queue();
    assert!(desk.said().last().unwrap().ends_with("58=queued|"));
}

#[test]
fn l_24_a_resend_in_the_middle_comes_first_and_the_rest_follows_it() {
    let mut desk = queued(&["one", "two"]);
    desk.hear("35=A|34=2|98=0|108=30|");
    let oldest = desk.heard.queue.pop_front().unwrap();
    assert!(desk.session.unqueue(desk.now, &oldest, &mut desk.heard));
    desk.said();
    desk.hear("35=2|34=3|7=3|16=0|").serve_queue().says(&[]);
    desk.serve_store().serve_queue().says(&["35=8|34=3|43=Y|58=one|", "35=1|34=4|112=TEST-1|"]);
    desk.hear("35=0|34=4|112=TEST-1|").serve_queue().says(&["35=8|34=5|58=two|"]);
}

#[test]
fn l_24_a_reset_at_logon_drops_nothing() {
    let mut desk = queued(&["one"]);
    desk.hear("35=A|34=1|98=0|108=30|141=Y|").serve_queue();
    desk.says(&["35=A|34=1|98=0|108=30|141=Y|", "35=8|34=2|58=one|"]);
}

#[test]
fn l_24_a_second_loss_keeps_what_was_not_sent() {
    let mut desk = queued(&["one", "two"]);
    desk.hear("35=A|34=2|98=0|108=30|");
    let oldest = desk.heard.queue.pop_front().unwrap();
    desk.session.unqueue(desk.now, &oldest, &mut desk.heard);
    desk.lose_connection().said();
    assert_eq!(desk.session.queued(), 1);
    desk.hear("35=A|34=3|98=0|108=30|").serve_queue();
    desk.says(&["35=A|34=4|98=0|108=30|", "35=8|34=5|58=two|"]);
}

#[test]
fn l_24_what_is_sent_after_our_logout_waits_for_the_next_logon() {
    let mut desk = Desk::logged_on();
    desk.session.logout(desk.now, "", &mut desk.heard);
    assert_eq!(desk.send_order_answer("late"), Sent::Queued);
    desk.says(&["35=5|34=2|"]).hear("35=5|34=2|");
    desk.lose_connection().hear("35=A|34=3|98=0|108=30|").serve_queue();
    desk.says(&["35=A|34=3|98=0|108=30|", "35=8|34=4|58=late|"]);
}

#[test]
fn l_24_a_restarted_session_is_told_what_the_journal_keeps() {
    let kept = queued(&["one"]).heard.queue;
    let mut desk = Desk::new(config(Role::Acceptor), Numbers { next_in: 2, next_out: 2, epoch: 1 });
    desk.session.set_queued(1);
    desk.heard.queue = kept;
    desk.hear("35=A|34=2|98=0|108=30|").serve_queue();
    desk.says(&["35=A|34=2|98=0|108=30|", "35=8|34=3|58=one|"]);
}

#[test]
fn l_24_orders_are_taken_while_queued_messages_wait_for_a_test() {
    let mut desk = queued(&["one"]);
    desk.hear("35=A|34=3|98=0|108=30|").hear("35=4|34=2|43=Y|122=20261121-09:30:00|123=Y|36=3|");
    desk.hear(&order(4)).expects(5);
    assert_eq!(desk.heard.applied, [4]);
}
