//! Section 4: R rules.

use crate::desk::{Desk, config, order};
use fix_session::{Profile, Role, Sent};

/// Numbers 2 and 3 are business messages, 4 a Heartbeat, 5 a business message.
fn with_history(mut desk: Desk) -> Desk {
    desk.send_order_answer("two");
    desk.send_order_answer("three");
    desk.hear("35=1|34=2|112=x|");
    desk.send_order_answer("five");
    desk.said();
    desk
}

#[test]
fn r_01_r_03_messages_are_repeated_and_admin_runs_gap_filled() {
    let mut desk = with_history(Desk::logged_on());
    desk.wait_s(3).hear("35=2|34=3|7=1|16=5|").expects(4).serve_store();
    let written = desk.heard.written.clone();
    assert!(written[1].contains("|122=20261121-09:30:00.000|"), "{written:?}");
    assert!(written[1].contains("|52=20261121-09:30:03.000|"), "{written:?}");
    desk.says(&[
        "35=4|34=1|43=Y|36=2|123=Y|",
        "35=8|34=2|43=Y|58=two|",
        "35=8|34=3|43=Y|58=three|",
        "35=4|34=4|43=Y|36=5|123=Y|",
        "35=8|34=5|43=Y|58=five|",
    ]);
    assert_eq!(desk.session.numbers().next_out, 6);
}

#[test]
fn r_02_an_open_or_too_high_end_is_the_last_number_sent() {
    for end in [0, 6, 999_999] {
        with_history(Desk::logged_on())
            .hear(&format!("35=2|34=3|7=4|16={end}|"))
            .serve_store()
            .says(&["35=4|34=4|43=Y|36=5|123=Y|", "35=8|34=5|43=Y|58=five|"]);
    }
}

#[test]
fn r_03_a_gap_fill_ends_with_the_range() {
    with_history(Desk::logged_on())
        .hear("35=2|34=3|7=4|16=4|")
        .serve_store()
        .says(&["35=4|34=4|43=Y|36=5|123=Y|"]);
}

#[test]
fn r_04_a_reject_is_repeated_and_by_interop_gap_filled() {
    let rejected = |profile| {
        let mut desk = Desk::logged_on_with(config(Role::Acceptor).with_profile(profile));
        desk.hear("35=1|34=2|").said();
        desk.hear("35=2|34=3|7=2|16=0|").serve_store().said()
    };
    assert!(rejected(Profile::Strict)[0].starts_with("35=3|34=2|43=Y|"));
    assert_eq!(rejected(Profile::Interop), ["35=4|34=2|43=Y|36=3|123=Y|"]);
}

#[test]
fn r_05_a_resent_message_tells_what_was_processed_by_then() {
    let mut tells = config(Role::Acceptor);
    tells.last_processed = true;
    let mut desk = Desk::logged_on_with(tells);
    desk.send_order_answer("two");
    desk.says(&["35=8|34=2|369=1|58=two|"]);
    desk.hear("35=0|34=2|").hear("35=2|34=3|7=1|16=0|").serve_store();
    desk.says(&["35=4|34=1|43=Y|369=3|36=2|123=Y|", "35=8|34=2|43=Y|369=3|58=two|"]);
}

#[test]
fn r_06_numbers_the_store_lost_are_gap_filled_and_named() {
    let mut desk = with_history(Desk::logged_on());
    desk.heard.store.remove(&(1, 3));
    desk.hear("35=2|34=3|7=2|16=0|").serve_store().says(&[
        "35=8|34=2|43=Y|58=two|",
        "35=4|34=3|43=Y|36=5|123=Y|",
        "35=8|34=5|43=Y|58=five|",
    ]);
    assert!(desk.heard.notices.contains(&"StoreLacks { epoch: 1, begin: 3, end: 3 }".to_owned()));
    desk.heard.store.remove(&(1, 5));
    desk.hear("35=2|34=4|7=5|16=0|").serve_store().says(&["35=4|34=5|43=Y|36=6|123=Y|"]);
}

#[test]
fn r_07_ranges_that_cannot_be() {
    with_history(Desk::logged_on()).hear("35=2|34=3|7=6|16=0|").says(&[]).expects(4);
    for bad in ["7=7|16=0|", "7=0|16=0|", "7=3|16=2|"] {
        with_history(Desk::logged_on())
            .hear(&format!("35=2|34=3|{bad}"))
            .says(&["35=3|34=6|45=3|58=Value is incorrect (out of range) for this tag|371=7|372=2|373=5|"])
            .expects(4);
    }
}

#[test]
fn r_08_a_request_above_a_gap_is_answered_at_once_and_counted_later() {
    let mut desk = with_history(Desk::logged_on());
    desk.hear("35=2|34=5|7=5|16=0|").serve_store();
    desk.says(&["35=8|34=5|43=Y|58=five|", "35=2|34=6|7=3|16=0|"]).expects(3);
    desk.hear("35=4|34=3|43=Y|122=20261121-09:30:00|123=Y|36=5|").expects(6).says(&[]);
}

#[test]
fn r_09_live_messages_wait_behind_a_replay() {
    let mut desk = with_history(Desk::logged_on());
    desk.hear("35=2|34=3|7=2|16=0|");
    let read = desk.heard.reads[0];
    assert_eq!((read.begin, read.end), (2, 5));
    assert_eq!(desk.send_order_answer("six"), Sent::Numbered(6));
    desk.hear("35=1|34=4|112=y|").says(&[]);
    desk.serve_store().says(&[
        "35=8|34=2|43=Y|58=two|",
        "35=8|34=3|43=Y|58=three|",
        "35=4|34=4|43=Y|36=5|123=Y|",
        "35=8|34=5|43=Y|58=five|",
        "35=8|34=6|58=six|",
        "35=0|34=7|112=y|",
    ]);
    desk.send_order_answer("eight");
    desk.says(&["35=8|34=8|58=eight|"]);
}

#[test]
fn r_11_a_second_request_is_merged_or_waits_or_is_refused() {
    let mut desk = with_history(Desk::logged_on());
    desk.hear("35=2|34=3|7=2|16=5|").hear("35=2|34=4|7=3|16=4|");
    desk.serve_store();
    assert_eq!(desk.said().len(), 4, "the second lies inside the first");
    desk.hear("35=2|34=5|7=5|16=5|");
    for (seq, begin) in [(6, 1), (7, 2), (8, 3), (9, 4)] {
        desk.hear(&format!("35=2|34={seq}|7={begin}|16=4|")).says(&[]);
    }
    desk.hear("35=2|34=10|7=1|16=2|").serve_store();
    let said = desk.said();
    assert!(
        said.contains(&"35=3|34=6|45=10|58=Resend already in progress|372=2|373=99|".to_owned()),
        "{said:?}"
    );
}

#[test]
fn r_11_held_messages_that_a_later_request_covers_go_out_once() {
    let mut desk = with_history(Desk::logged_on());
    desk.hear("35=2|34=3|7=5|16=0|");
    desk.send_order_answer("six");
    desk.hear("35=2|34=4|7=4|16=0|").serve_store();
    let said = desk.said();
    assert_eq!(said.iter().filter(|m| m.contains("58=six")).count(), 1, "{said:?}");
}

#[test]
fn r_12_delayed_requests_are_answered_one_a_second() {
    let mut desk = with_history(Desk::logged_on());
    for seq in 3..8 {
        desk.hear(&format!("35=2|34={seq}|7=5|16=0|")).serve_store();
    }
    assert_eq!(desk.said().len(), 5);
    desk.hear("35=2|34=8|7=5|16=0|").hear("35=2|34=9|7=5|16=0|").serve_store().says(&[]);
    desk.wait_s(1).serve_store().says(&["35=8|34=5|43=Y|58=five|"]);
    desk.wait_s(1).serve_store().says(&["35=8|34=5|43=Y|58=five|"]);
    desk.wait_s(5).serve_store().says(&[]);
}

#[test]
fn r_12_the_same_request_over_and_over_ends_the_session() {
    let mut desk = with_history(Desk::logged_on());
    for seq in 3..13 {
        desk.hear(&format!("35=2|34={seq}|7=5|16=0|")).serve_store();
    }
    desk.said();
    desk.hear("35=2|34=13|7=5|16=0|").says(&["35=5|34=6|58=Resend limit exceeded|"]);
}

#[test]
fn r_13_an_answer_garbled_at_the_same_number_again_and_again_ends_the_session() {
    let mut desk = Desk::logged_on();
    desk.hear(&order(4)).said();
    let mut broken = crate::desk::frame(&order(2), "TW", "ISLD", desk.now);
    let at = broken.len() - 10;
    broken[at] ^= 1;
    for _ in 0..3 {
        desk.hear_bytes(&broken);
        for _ in 0..30 {
            desk.wait_s(1);
            desk.session.handle_bytes(
                desk.now,
                &crate::desk::frame("35=0|34=9|", "TW", "ISLD", desk.now),
                &mut desk.heard,
            );
        }
    }
    let said = desk.said();
    assert!(said.last().unwrap().ends_with("58=Resend loop at 2|"), "{said:?}");
}

#[test]
fn r_13_an_answer_refused_at_the_same_number_again_and_again_ends_the_session() {
    let mut desk = Desk::logged_on_with(config(Role::Acceptor).with_profile(Profile::Interop));
    desk.hear(&order(4)).said();
    for _ in 0..3 {
        desk.hear("35=4|34=2|43=Y|122=20261121-09:30:00|123=Y|36=1|");
        desk.wait_s(29).hear("35=0|34=5|").wait_s(1);
    }
    let said = desk.said();
    assert!(said.last().unwrap().ends_with("58=Resend loop at 2|"), "{said:?}");
}

#[test]
fn r_16_market_data_is_gap_filled_if_so_configured() {
    let mut quiet = config(Role::Acceptor);
    quiet.resend_market_data = false;
    let mut desk = Desk::logged_on_with(quiet);
    desk.session.send(
        desk.now,
        b"W",
        |out| {
            out.field(55, b"AAPL");
        },
        &mut desk.heard,
    );
    desk.said();
    desk.hear("35=2|34=2|7=2|16=0|").serve_store().says(&["35=4|34=2|43=Y|36=3|123=Y|"]);
}
