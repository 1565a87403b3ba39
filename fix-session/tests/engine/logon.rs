//! Section 2: L rules, and T-01.

use crate::desk::{Desk, config};
use fix_session::{Close, LogonVerdict, Numbers, Profile, Role};

#[test]
fn l_01_an_initiator_says_logon_first_and_nothing_else() {
    let mut desk = Desk::new(config(Role::Initiator), Numbers::FIRST);
    desk.says(&["35=A|34=1|98=0|108=30|"]);
    desk.send_order_answer("early");
    desk.says(&[]);
    desk.hear("35=A|34=1|98=0|108=30|").serve_store();
    desk.says(&["35=8|34=2|58=early|"]).expects(2);
}

#[test]
fn l_02_an_acceptor_answers_logon_with_the_heartbeat_asked_for() {
    let mut desk = Desk::acceptor();
    desk.says(&[]).hear("35=A|34=1|98=0|108=17|").says(&["35=A|34=1|98=0|108=17|"]).expects(2);
    assert_eq!(desk.heard.administrative, [1]);
}

#[test]
fn l_03_a_high_logon_is_answered_then_the_gap_is_asked_for() {
    let mut desk = Desk::acceptor();
    desk.hear("35=A|34=5|98=0|108=30|").says(&["35=A|34=1|98=0|108=30|", "35=2|34=2|7=1|16=0|"]).expects(1);
    desk.hear("35=4|34=1|43=Y|122=20261121-09:30:00|123=Y|36=5|").says(&[]).expects(6);
    assert_eq!(desk.heard.administrative, [1, 5]);
}

#[test]
fn l_03_an_initiator_asks_likewise() {
    let mut desk = Desk::new(config(Role::Initiator), Numbers { next_in: 3, next_out: 9, epoch: 1 });
    desk.says(&["35=A|34=9|98=0|108=30|"]);
    desk.hear("35=A|34=7|98=0|108=30|").says(&["35=2|34=10|7=3|16=0|"]).expects(3);
}

#[test]
fn l_04_a_low_logon_is_refused() {
    let mut desk = Desk::new(config(Role::Acceptor), Numbers { next_in: 9, next_out: 4, epoch: 1 });
    desk.hear("35=A|34=8|98=0|108=30|")
        .says(&["35=5|34=4|58=MsgSeqNum too low, expecting 9 but received 8|"])
        .expects(9)
        .wait_s(2)
        .closes(Close::Flush);
}

#[test]
fn l_06_a_logon_for_another_session_is_met_with_silence() {
    for other in
        ["35=A|34=1|49=X|98=0|108=30|", "35=A|34=1|56=X|98=0|108=30|", "8=FIX.4.2|35=A|34=1|98=0|108=30|"]
    {
        Desk::acceptor().hear(other).says(&[]).closes(Close::Silent).expects(1);
    }
}

#[test]
fn l_07_an_invalid_logon_is_logged_out_with_the_reason() {
    Desk::acceptor().hear("35=A|34=1|98=0|").says(&["35=5|34=1|58=Required tag missing|"]).expects(1);
    Desk::acceptor()
        .hear("35=A|34=1|98=0|108=abc|")
        .says(&["35=5|34=1|58=Incorrect data format for value|"])
        .expects(1);
    Desk::acceptor()
        .hear("35=A|34=1|52=20261121-09:20:00|98=0|108=30|")
        .says(&["35=5|34=1|58=SendingTime accuracy problem|"])
        .expects(1);
}

#[test]
fn l_07_interop_only_closes() {
    let mut desk = Desk::new(config(Role::Acceptor).with_profile(Profile::Interop), Numbers::FIRST);
    desk.hear("35=A|34=1|98=0|").says(&[]).closes(Close::Flush).expects(1);
}

#[test]
fn l_08_credentials_that_fail_are_met_with_silence_unless_configured() {
    let mut desk = Desk::acceptor();
    desk.heard.logon_verdict = Some(LogonVerdict::Unauthenticated);
    desk.hear("35=A|34=1|98=0|108=30|").says(&[]).closes(Close::Silent).expects(1);
    let mut talks = config(Role::Acceptor);
    talks.logout_on_auth_failure = true;
    let mut desk = Desk::new(talks, Numbers::FIRST);
    desk.heard.logon_verdict = Some(LogonVerdict::Unauthenticated);
    desk.hear("35=A|34=1|98=0|108=30|").says(&["35=5|34=1|58=Authentication failed|"]);
}

#[test]
fn l_08_an_unproven_logon_resets_nothing_and_is_not_journalled() {
    for verdict in [LogonVerdict::Unauthenticated, LogonVerdict::Silence] {
        for talks in [false, true] {
            let mut resets = config(Role::Acceptor);
            (resets.reset_on_logon, resets.logout_on_auth_failure) = (true, talks);
            let mut desk = Desk::new(resets, Numbers { next_in: 7, next_out: 9, epoch: 1 });
            desk.heard.logon_verdict = Some(verdict);
            desk.hear("35=A|34=1|98=0|108=30|141=Y|").expects(7);
            assert!(desk.heard.resets.is_empty(), "{verdict:?}");
            assert!(desk.heard.ignored.is_empty() && desk.heard.administrative.is_empty(), "{verdict:?}");
        }
    }
}

#[test]
fn a_31_the_answer_carries_the_terms_of_the_driver() {
    let mut desk = Desk::acceptor();
    desk.heard.logon_terms = b"9700=1\x019701=5\x01".to_vec();
    desk.hear("35=A|34=1|98=0|108=30|").says(&["35=A|34=1|98=0|108=30|9700=1|9701=5|"]);
}

#[test]
fn l_09_a_first_message_that_is_no_logon_or_garbled_is_met_with_silence() {
    Desk::acceptor().hear("35=0|34=1|").says(&[]).closes(Close::Silent);
    Desk::acceptor().hear_bytes(b"GET / HTTP/1.1\r\n8=FIX.4.4\x01").says(&[]).closes(Close::Silent);
}

#[test]
fn l_10_an_initiator_logs_out_when_the_answer_is_no_logon() {
    let start = || {
        let mut desk = Desk::new(config(Role::Initiator), Numbers::FIRST);
        desk.said();
        desk
    };
    start().hear("35=0|34=1|").says(&["35=5|34=2|58=First message not a logon|"]).expects(1);
    start().hear("35=5|34=1|58=no|").says(&[]).closes(Close::Flush);
    start().hear("35=3|34=1|45=1|58=no|").says(&[]).closes(Close::Flush);
}

#[test]
fn l_11_to_l_13_encryption_and_heartbeat_ladder() {
    let refused = [
        ("98=1|108=30|", "Unsupported EncryptMethod"),
        ("98=0|108=-1|", "HeartBtInt must not be negative"),
        ("98=0|108=0|", "HeartBtInt out of range, allowed 1 to 300"),
        ("98=0|108=301|", "HeartBtInt out of range, allowed 1 to 300"),
    ];
    for (fields, text) in refused {
        Desk::acceptor()
            .hear(&format!("35=A|34=1|{fields}"))
            .says(&[&format!("35=5|34=1|58={text}|")])
            .expects(1);
    }
    for good in [1, 300] {
        Desk::acceptor()
            .hear(&format!("35=A|34=1|98=0|108={good}|"))
            .says(&[&format!("35=A|34=1|98=0|108={good}|")]);
    }
}

#[test]
fn l_14_a_logon_with_reset_begins_again_at_1() {
    let mut desk = Desk::new(config(Role::Acceptor), Numbers { next_in: 9, next_out: 4, epoch: 1 });
    desk.hear("35=A|34=1|98=0|108=30|141=Y|").says(&["35=A|34=1|98=0|108=30|141=Y|"]);
    assert_eq!(desk.session.numbers(), Numbers { next_in: 2, next_out: 2, epoch: 2 });
    assert_eq!(desk.heard.resets.len(), 1);
}

#[test]
fn l_15_l_16_a_reset_needs_number_1_and_permission() {
    let numbers = Numbers { next_in: 9, next_out: 4, epoch: 1 };
    Desk::new(config(Role::Acceptor), numbers)
        .hear("35=A|34=9|98=0|108=30|141=Y|")
        .says(&["35=5|34=4|58=ResetSeqNumFlag requires MsgSeqNum 1, received 9|"])
        .expects(9);
    Desk::new(config(Role::Acceptor).with_profile(Profile::Interop), numbers)
        .hear("35=A|34=9|98=0|108=30|141=Y|")
        .says(&["35=A|34=1|98=0|108=30|141=Y|"])
        .expects(2);
    let mut strict = config(Role::Acceptor);
    strict.peer_may_reset = false;
    Desk::new(strict, numbers)
        .hear("35=A|34=1|98=0|108=30|141=Y|")
        .says(&["35=5|34=4|58=Sequence reset not permitted|"])
        .expects(9);
}

#[test]
fn l_17_a_reset_on_a_live_session_goes_on_without_a_disconnect() {
    let mut desk = Desk::logged_on();
    desk.hear("35=0|34=2|").hear("35=A|34=1|98=0|108=30|141=Y|").says(&["35=A|34=1|98=0|108=30|141=Y|"]);
    assert_eq!(desk.session.numbers(), Numbers { next_in: 2, next_out: 2, epoch: 2 });
    desk.hear("35=1|34=2|112=x|").says(&["35=0|34=2|112=x|"]).expects(3);
    assert_eq!(desk.heard.closed, None);
}

#[test]
fn l_18_our_reset_must_be_confirmed() {
    let ours = |profile| {
        let mut config = config(Role::Initiator).with_profile(profile);
        config.reset_on_logon = true;
        let mut desk = Desk::new(config, Numbers { next_in: 9, next_out: 4, epoch: 1 });
        desk.says(&["35=A|34=1|98=0|108=30|141=Y|"]);
        desk
    };
    ours(Profile::Strict).hear("35=A|34=1|98=0|108=30|141=Y|").says(&[]).expects(2);
    ours(Profile::Strict).hear("35=A|34=1|98=0|108=30|").says(&["35=5|34=2|58=Reset not confirmed|"]);
    ours(Profile::Strict).hear("35=A|34=7|98=0|108=30|141=Y|").says(&["35=5|34=2|58=Reset not confirmed|"]);
    ours(Profile::Interop).hear("35=A|34=1|98=0|108=30|").says(&[]).expects(2);
}

#[test]
fn l_19_a_second_logon_on_the_same_connection_ends_it() {
    Desk::logged_on()
        .hear("35=A|34=2|98=0|108=30|")
        .says(&["35=5|34=2|58=Logon received while logged on|"])
        .expects(2);
    Desk::logged_on_with(config(Role::Acceptor).with_profile(Profile::Interop))
        .hear("35=A|34=2|98=0|108=30|")
        .says(&[])
        .closes(Close::Flush);
}

#[test]
fn l_20_l_21_both_gaps_of_a_logon_are_filled_unasked() {
    let mut both = config(Role::Acceptor);
    both.next_expected = true;
    let mut desk = Desk::new(both, Numbers { next_in: 3, next_out: 1, epoch: 1 });
    desk.send_order_answer("one");
    desk.send_order_answer("two");
    desk.hear("35=A|34=5|98=0|108=30|789=2|").serve_store();
    desk.says(&["35=A|34=3|98=0|108=30|789=3|", "35=8|34=2|43=Y|58=two|", "35=4|34=3|43=Y|36=4|123=Y|"])
        .expects(3);
    desk.wait_s(10).says(&["35=2|34=4|7=3|16=0|"]);
}

#[test]
fn l_22_a_peer_that_expects_more_than_we_sent_is_refused() {
    let mut both = config(Role::Acceptor);
    both.next_expected = true;
    Desk::new(both, Numbers { next_in: 1, next_out: 4, epoch: 1 })
        .hear("35=A|34=1|98=0|108=30|789=5|")
        .says(&["35=5|34=4|58=NextExpectedMsgSeqNum too high, expecting 4 but received 5|"])
        .expects(1);
}

#[test]
fn l_23_test_and_production_do_not_mix() {
    let mut production = config(Role::Acceptor);
    production.test_session = Some(false);
    Desk::new(production, Numbers::FIRST)
        .hear("35=A|34=1|98=0|108=30|464=Y|")
        .says(&["35=5|34=1|58=TestMessageIndicator mismatch|"]);
}

#[test]
fn l_24_what_is_sent_without_a_connection_is_numbered_and_recovered_by_the_peer() {
    let mut desk = Desk::logged_on();
    desk.session.handle_disconnected(desk.now, &mut desk.heard);
    assert_eq!(desk.send_order_answer("queued"), 2);
    desk.says(&[]);
    desk.session.connected(desk.now, &mut desk.heard);
    desk.wait_s(5).hear("35=A|34=2|98=0|108=30|").says(&["35=A|34=3|98=0|108=30|"]);
    desk.hear("35=2|34=3|7=2|16=0|").serve_store();
    let written = desk.heard.written.clone();
    assert!(written[0].contains("52=20261121-09:30:05.000|"), "{written:?}");
    desk.says(&["35=8|34=2|43=Y|58=queued|", "35=4|34=3|43=Y|36=4|123=Y|"]);
}

#[test]
fn t_01_no_logon_in_time_closes() {
    Desk::acceptor().wait_s(10).says(&[]).closes(Close::Silent);
    let mut desk = Desk::new(config(Role::Initiator), Numbers::FIRST);
    desk.said();
    desk.wait_s(10).says(&[]).closes(Close::Flush);
}
