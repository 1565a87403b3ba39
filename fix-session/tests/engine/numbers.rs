//! Section 3: S rules.

use crate::desk::{Desk, config, order};
use fix_session::{Close, Numbers, Profile, ResendEnd, Role};

#[test]
fn s_02_an_expected_number_is_processed_and_consumed() {
    let mut desk = Desk::logged_on();
    desk.hear(&order(2)).says(&[]).expects(3);
    assert_eq!(desk.heard.applied, [2]);
}

#[test]
fn s_03_s_04_high_numbers_wait_behind_one_request_and_follow_in_order_once() {
    let mut desk = Desk::logged_on();
    desk.hear(&order(4)).says(&["35=2|34=2|7=2|16=0|"]).expects(2);
    desk.hear(&order(5)).says(&[]);
    assert!(desk.heard.applied.is_empty());
    desk.hear(&duplicate(2)).hear(&duplicate(3)).expects(6);
    assert_eq!(desk.heard.applied, [2, 3, 4, 5]);
    desk.hear(&duplicate(4)).hear(&duplicate(5)).says(&[]).expects(6);
    assert_eq!(desk.heard.applied, [2, 3, 4, 5]);
    assert!(desk.heard.notices.contains(&"GapClosed".to_owned()));
}

#[test]
fn s_05_a_low_number_ends_the_session() {
    for seq in [1, 0] {
        Desk::logged_on()
            .hear(&order(seq))
            .says(&[&format!("35=5|34=2|58=MsgSeqNum too low, expecting 2 but received {seq}|")])
            .expects(2);
    }
    let mut desk = Desk::logged_on_with(config(Role::Acceptor).with_profile(Profile::Interop));
    desk.hear("35=2|34=1|7=1|16=0|").serve_store().says(&["35=4|34=1|43=Y|36=2|123=Y|"]).expects(2);
    desk.hear("35=5|34=1|").says(&["35=5|34=2|"]).expects(2).closes(Close::Flush);
}

#[test]
fn s_06_s_07_a_number_that_is_missing_or_none_ends_the_session() {
    Desk::logged_on().hear("35=0|").says(&["35=5|34=2|58=Received message without MsgSeqNum|"]).expects(2);
    for bad in ["x", "-1"] {
        Desk::logged_on()
            .hear(&format!("35=0|34={bad}|"))
            .says(&["35=5|34=2|58=Invalid MsgSeqNum|"])
            .expects(2);
    }
    Desk::logged_on().hear("35=0|34=0002|").says(&[]).expects(3);
}

#[test]
fn s_08_a_reject_is_consumed_and_never_answered() {
    Desk::logged_on().hear("35=3|34=2|45=1|58=why|").says(&[]).expects(3);
    Desk::logged_on().hear("35=3|34=2|45=zz|").says(&[]).expects(3);
    Desk::logged_on().hear("35=j|34=2|45=1|372=8|380=3|").says(&[]).expects(3);
}

#[test]
fn s_10_beyond_the_queue_limit_messages_are_dropped_and_asked_for_again() {
    let mut small = config(Role::Acceptor);
    small.inbound_queue_messages_max = 1;
    let mut desk = Desk::logged_on_with(small);
    desk.hear(&order(3)).hear(&order(4)).says(&["35=2|34=2|7=2|16=0|"]);
    desk.hear(&duplicate(2)).expects(4).says(&["35=2|34=3|7=4|16=0|"]);
    desk.hear(&duplicate(4)).expects(5);
    assert_eq!(desk.heard.applied, [2, 3, 4]);
}

#[test]
fn s_11_a_request_without_progress_is_repeated_three_times() {
    let mut eager = config(Role::Acceptor);
    eager.heartbeat_zero = true;
    let mut desk = Desk::new(eager, Numbers::FIRST);
    desk.hear("35=A|34=1|98=0|108=0|");
    desk.said();
    desk.hear(&order(4)).says(&["35=2|34=2|7=2|16=0|"]);
    for repeat in 3..6 {
        desk.wait_s(30).says(&[&format!("35=2|34={repeat}|7=2|16=0|")]);
    }
    desk.wait_s(30).says(&["35=5|34=6|58=Resend not answered, expecting 2|"]);
}

#[test]
fn s_12_the_last_number_processed_is_told() {
    let mut tells = config(Role::Acceptor);
    tells.last_processed = true;
    let mut desk = Desk::new(tells, Numbers::FIRST);
    desk.hear("35=A|34=4|98=0|108=30|").says(&["35=A|34=1|369=4|98=0|108=30|", "35=2|34=2|369=0|7=1|16=0|"]);
}

#[test]
fn s_12_a_number_processed_that_was_not_sent_is_an_event_only() {
    let mut desk = Desk::logged_on();
    desk.hear("35=0|34=2|369=1|").hear("35=0|34=3|369=2|").expects(4).says(&[]);
    let events = desk.heard.notices.iter().filter(|n| n.contains("LastMsgSeqNumProcessed")).count();
    assert_eq!(events, 1, "N is 2: {:?}", desk.heard.notices);
}

#[test]
fn c_03_r_15_a_lost_connection_forgets_the_gap_and_keeps_the_numbers() {
    let mut desk = Desk::logged_on();
    desk.hear(&order(4)).says(&["35=2|34=2|7=2|16=0|"]);
    desk.session.handle_disconnected(desk.now, &mut desk.heard);
    assert_eq!(desk.session.numbers(), Numbers { next_in: 2, next_out: 3, epoch: 1 });
    assert!(desk.heard.notices.contains(&"AbnormalDisconnect".to_owned()));
    desk.session.connected(desk.now, &mut desk.heard);
    desk.hear("35=A|34=5|98=0|108=30|").says(&["35=A|34=3|98=0|108=30|", "35=2|34=4|7=2|16=0|"]);
    desk.hear("35=4|34=2|43=Y|122=20261121-09:30:00|123=Y|36=6|").expects(6);
    assert!(desk.heard.applied.is_empty(), "4 was dropped with its connection");
}

#[test]
fn r_14_a_large_gap_is_asked_for_in_pieces() {
    let mut chunked = config(Role::Acceptor);
    chunked.resend_chunk = Some(2);
    let mut desk = Desk::logged_on_with(chunked.clone());
    desk.hear(&order(7)).says(&["35=2|34=2|7=2|16=3|"]);
    desk.hear(&order(8)).says(&[]);
    desk.hear(&duplicate(2)).says(&[]).hear(&duplicate(3)).says(&["35=2|34=3|7=4|16=5|"]);
    desk.hear("35=4|34=4|43=Y|122=20261121-09:30:00|123=Y|36=6|").says(&["35=2|34=4|7=6|16=0|"]);
    desk.hear(&duplicate(6)).says(&[]).expects(9);
    assert_eq!(desk.heard.applied, [2, 3, 6, 7, 8]);
    chunked.resend_end = ResendEnd::Exact;
    Desk::logged_on_with(chunked).hear(&order(4)).says(&["35=2|34=2|7=2|16=3|"]);
}

#[test]
fn r_14_a_piece_that_alternates_between_fills_and_messages_is_asked_for_once() {
    let mut chunked = config(Role::Acceptor);
    chunked.resend_chunk = Some(6);
    let mut desk = Desk::logged_on_with(chunked);
    desk.hear(&order(20)).says(&["35=2|34=2|7=2|16=7|"]);
    for seq in [2, 4, 6] {
        desk.hear(&format!("35=4|34={seq}|43=Y|122=20261121-09:30:00|123=Y|36={}|", seq + 1)).says(&[]);
        desk.hear(&duplicate(seq + 1));
    }
    desk.says(&["35=2|34=3|7=8|16=13|"]);
    desk.hear("35=4|34=8|43=Y|122=20261121-09:30:00|123=Y|36=11|").says(&[]);
    desk.wait_s(1).says(&["35=2|34=4|7=11|16=16|"]);
}

#[test]
fn x_01_room_for_messages_does_not_grow_with_their_number() {
    let mut desk = Desk::logged_on();
    let mut trade = |from: u64, to: u64| {
        for seq in from..to {
            desk.hear(&order(seq));
            desk.session.send(desk.now, b"8", |out| _ = out.field(58, b"accepted"), &mut desk.heard);
        }
        desk.session.kept_room()
    };
    let warm = trade(2, 50);
    assert_eq!(trade(50, 5_000), warm);
}

/// The resend of an order.
fn duplicate(seq: u64) -> String {
    order(seq).replacen("|11=", "|43=Y|122=20261121-09:30:00|11=", 1)
}
