//! Section 2: L rules, and T-01.

use crate::desk::{Desk, config};
use fix_session::{Close, LogonVerdict, Numbers, Profile, Role, SessionConfig};

#[test]
fn l_01_an_initiator_says_logon_first_and_nothing_else() {
    let mut desk = Desk::new(config(Role::Initiator), Numbers::FIRST);
    desk.says(&["35=A|34=1|98=0|108=30|"]);
    desk.send_order_answer("early");
    desk.says(&[]);
    desk.hear("35=A|34=1|98=0|108=30|").serve_queue();
    desk.says(&["35=8|34=2|58=early|"]).expects(2);
}

/// An initiator that shows credentials: what the desk signs is SenderCompID, TargetCompID, SendingTime and number.
fn showing() -> Desk {
    let config = SessionConfig { shows_credentials: true, next_expected: true, ..config(Role::Initiator) };
    Desk::new(config, Numbers { next_in: 4, next_out: 7, epoch: 1 })
}

#[test]
fn a_37_an_initiator_shows_what_its_owner_signs_in_the_order_of_tags() {
    showing()
        .says(&["35=A|34=7|95=31|96=ISLD/TW/20261121-09:30:00.000/7|98=0|108=30|553=key-1|554=pass|789=4|"]);
    let mut acceptor =
        Desk::logged_on_with(SessionConfig { shows_credentials: true, ..config(Role::Acceptor) });
    acceptor.hear("35=A|34=1|98=0|108=30|141=Y|").says(&["35=A|34=1|98=0|108=30|141=Y|"]);
}

#[test]
fn a_38_no_two_logons_of_an_initiator_bear_the_same_time() {
    let mut desk = showing();
    desk.said();
    for ms in 1..=3 {
        desk.lose_connection();
        let said = desk.said();
        assert!(said[0].contains(&format!("20261121-09:30:00.00{ms}/{}|", 7 + ms)), "{said:?}");
    }
}

#[test]
fn l_17_a_37_a_reset_on_a_live_session_is_signed_too() {
    let mut desk = showing();
    desk.hear("35=A|34=4|98=0|108=30|789=8|").said();
    assert!(desk.session.roll_over(desk.now, &mut desk.heard));
    desk.hear("35=0|34=5|112=TEST-1|");
    let said = desk.said();
    let reset = said.last().unwrap();
    assert!(
        reset.contains("|34=1|95=31|96=ISLD/TW/20261121-09:30:00.001/1|") && reset.contains("|141=Y|"),
        "{said:?}"
    );
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
fn l_07_l_11_a_reject_goes_before_the_logout_if_so_configured() {
    let mut rejects = config(Role::Acceptor);
    rejects.reject_invalid_logon = true;
    Desk::new(rejects.clone(), Numbers::FIRST).hear("35=A|34=1|98=0|").expects(1).says(&[
        "35=3|34=1|45=1|58=Required tag missing|371=108|372=A|373=1|",
        "35=5|34=2|58=Required tag missing|",
    ]);
    Desk::new(rejects, Numbers::FIRST).hear("35=A|34=1|98=2|108=30|").expects(1).says(&[
        "35=3|34=1|45=1|58=Value is incorrect (out of range) for this tag|371=98|372=A|373=5|",
        "35=5|34=2|58=Unsupported EncryptMethod|",
    ]);
}

#[test]
fn l_07_an_initiator_logs_out_when_the_answer_is_from_somebody_else() {
    let mut desk = Desk::new(config(Role::Initiator), Numbers::FIRST);
    desk.said();
    desk.hear("35=A|34=1|49=X|98=0|108=30|").says(&["35=5|34=2|58=CompID problem|"]).expects(1);
}

#[test]
fn l_08_a_logon_that_fails_resets_nothing() {
    let mut resets = config(Role::Acceptor);
    resets.reset_on_logon = true;
    let mut desk = Desk::new(resets, Numbers { next_in: 9, next_out: 4, epoch: 1 });
    desk.heard.logon_verdict = Some(LogonVerdict::Unauthenticated);
    desk.hear("35=A|34=1|98=0|108=30|").closes(Close::Silent).expects(9);
    assert!(desk.heard.resets.is_empty());
}

#[test]
fn reset_on_logon_begins_every_connection_at_1() {
    let mut resets = config(Role::Acceptor);
    resets.reset_on_logon = true;
    let mut desk = Desk::new(resets, Numbers { next_in: 9, next_out: 4, epoch: 1 });
    desk.hear("35=A|34=1|98=0|108=30|").says(&["35=A|34=1|98=0|108=30|"]).expects(2);
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
fn l_13_an_initiator_takes_the_heartbeat_it_is_told() {
    let mut desk = Desk::new(config(Role::Initiator), Numbers::FIRST);
    desk.hear("35=A|34=1|98=0|108=10|").said();
    assert!(desk.heard.notices.contains(&"Warning(\"HeartBtInt echoed differently\")".to_owned()));
    desk.wait_s(10).says(&["35=0|34=2|"]);
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
fn l_17_a_reset_of_the_peer_stops_a_running_replay() {
    let mut desk = Desk::logged_on();
    desk.send_order_answer("two");
    desk.hear("35=2|34=2|7=1|16=0|").said();
    let read = desk.heard.reads[0];
    desk.hear("35=A|34=1|98=0|108=30|141=Y|").says(&["35=A|34=1|98=0|108=30|141=Y|"]);
    assert!(!desk.session.stored(desk.now, read.id, 2, b"x", &mut desk.heard), "given up");
    desk.says(&[]);
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
    let mut desk = Desk::logged_on_with(both);
    desk.send_order_answer("two");
    desk.send_order_answer("three");
    desk.lose_connection().said();
    desk.hear("35=A|34=5|98=0|108=30|789=3|").serve_store();
    desk.says(&["35=A|34=4|98=0|108=30|789=2|", "35=8|34=3|43=Y|58=three|", "35=4|34=4|43=Y|36=5|123=Y|"])
        .expects(2);
    desk.wait_s(10).says(&["35=2|34=5|7=2|16=0|"]);
}

#[test]
fn l_20_each_side_tells_what_it_expects_after_counting_the_logon() {
    let mut both = config(Role::Acceptor);
    both.next_expected = true;
    Desk::new(both.clone(), Numbers { next_in: 7, next_out: 4, epoch: 1 })
        .hear("35=A|34=7|98=0|108=30|789=4|")
        .says(&["35=A|34=4|98=0|108=30|789=8|"]);
    Desk::new(both.clone(), Numbers { next_in: 7, next_out: 4, epoch: 1 })
        .hear("35=A|34=1|98=0|108=30|141=Y|789=1|")
        .says(&["35=A|34=1|98=0|108=30|141=Y|789=2|"])
        .expects(2);
    both.role = Role::Initiator;
    both.reset_on_logon = true;
    let mut desk = Desk::new(both, Numbers { next_in: 7, next_out: 4, epoch: 1 });
    desk.says(&["35=A|34=1|98=0|108=30|141=Y|789=1|"]);
    desk.hear("35=A|34=1|98=0|108=30|141=Y|789=2|").says(&[]).expects(2);
}

#[test]
fn l_20_a_gap_filled_unasked_needs_no_request() {
    let mut both = config(Role::Acceptor);
    both.next_expected = true;
    let mut desk = Desk::new(both, Numbers { next_in: 2, next_out: 4, epoch: 1 });
    desk.hear("35=A|34=4|98=0|108=30|789=4|").says(&["35=A|34=4|98=0|108=30|789=2|"]);
    desk.hear("35=4|34=2|43=Y|122=20261121-09:30:00|123=Y|36=5|").expects(5);
    desk.wait_s(11).says(&[]);
    assert!(desk.heard.notices.contains(&"GapClosed".to_owned()));
}

#[test]
fn l_21_an_initiator_fills_what_the_answer_says_is_missing_its_logon_included() {
    let mut both = config(Role::Initiator);
    both.next_expected = true;
    let mut desk = Desk::new(both.clone(), Numbers::FIRST);
    desk.hear("35=A|34=1|98=0|108=30|789=2|");
    desk.send_order_answer("two");
    desk.lose_connection().said();
    desk.hear("35=A|34=2|98=0|108=30|789=2|").serve_store();
    desk.says(&["35=8|34=2|43=Y|58=two|", "35=4|34=3|43=Y|36=4|123=Y|"]);
    // A peer that did not count our Logon gets it as a gap fill; one that expects what comes next gets nothing.
    desk.lose_connection().said();
    desk.hear("35=A|34=3|98=0|108=30|789=4|").serve_store().says(&["35=4|34=4|43=Y|36=5|123=Y|"]);
    desk.lose_connection().said();
    desk.hear("35=A|34=4|98=0|108=30|789=6|").serve_store().says(&[]);
}

#[test]
fn l_21_an_acceptor_owes_nothing_to_a_peer_that_expects_its_logon() {
    let mut both = config(Role::Acceptor);
    both.next_expected = true;
    let mut desk = Desk::new(both, Numbers { next_in: 1, next_out: 4, epoch: 1 });
    desk.hear("35=A|34=1|98=0|108=30|789=4|").serve_store().says(&["35=A|34=4|98=0|108=30|789=2|"]);
}

#[test]
fn l_21_l_22_a_peer_that_tells_what_it_expects_is_heeded_though_we_do_not_tell_ours() {
    let numbers = Numbers { next_in: 1, next_out: 4, epoch: 1 };
    Desk::new(config(Role::Acceptor), numbers)
        .hear("35=A|34=1|98=0|108=30|789=5|")
        .says(&["35=5|34=4|58=NextExpectedMsgSeqNum too high, expecting 4 but received 5|"]);
    // What the peer lacks goes to it unasked; what we lack is asked for, since it does not know.
    Desk::new(config(Role::Acceptor), numbers).hear("35=A|34=3|98=0|108=30|789=2|").serve_store().says(&[
        "35=A|34=4|98=0|108=30|",
        "35=2|34=5|7=1|16=0|",
        "35=4|34=2|43=Y|36=6|123=Y|",
    ]);
    // Engines of the QuickFIX family do not look at it unless they are told to.
    let interop = config(Role::Acceptor).with_profile(Profile::Interop);
    Desk::new(interop, numbers).hear("35=A|34=1|98=0|108=30|789=5|").says(&["35=A|34=4|98=0|108=30|"]);
}

#[test]
fn l_22_an_initiator_refuses_likewise() {
    let mut both = config(Role::Initiator);
    both.next_expected = true;
    let mut desk = Desk::new(both, Numbers::FIRST);
    desk.said();
    desk.hear("35=A|34=1|98=0|108=30|789=3|")
        .says(&["35=5|34=2|58=NextExpectedMsgSeqNum too high, expecting 2 but received 3|"])
        .expects(1);
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
    let mut test = config(Role::Acceptor);
    test.test_session = Some(true);
    for indicator in ["", "464=N|"] {
        Desk::new(test.clone(), Numbers::FIRST)
            .hear(&format!("35=A|34=1|98=0|108=30|{indicator}"))
            .says(&["35=5|34=1|58=TestMessageIndicator mismatch|"]);
    }
}

#[test]
fn l_23_a_message_longer_than_the_peer_takes_is_kept_and_gap_filled() {
    let mut desk = Desk::acceptor();
    desk.hear("35=A|34=1|98=0|108=30|383=140|").said();
    desk.send_order_answer("short");
    desk.send_order_answer(&"long ".repeat(20));
    desk.send_order_answer("short");
    desk.says(&["35=8|34=2|58=short|", "35=4|34=3|36=4|123=Y|", "35=8|34=4|58=short|"]);
    assert!(desk.heard.store[&(1, 3)].len() > 140, "it stays in the journal");
    assert!(desk.heard.notices.iter().any(|n| n.starts_with("TooLongForPeer { seq: 3")));
    desk.hear("35=2|34=2|7=2|16=0|").serve_store();
    let said = desk.heard.written.clone();
    assert!(said.iter().all(|m| m.len() <= 140), "{said:?}");
    assert!(desk.said().contains(&"35=4|34=3|43=Y|36=4|123=Y|".to_owned()) || said.len() == 1);
}

#[test]
fn l_23_the_limit_ends_with_the_connection() {
    let mut desk = Desk::acceptor();
    desk.hear("35=A|34=1|98=0|108=30|383=100|");
    desk.lose_connection().hear("35=A|34=2|98=0|108=30|").said();
    desk.send_order_answer(&"long ".repeat(20));
    assert!(desk.said()[0].starts_with("35=8|"));
}

#[test]
fn t_01_no_logon_in_time_closes() {
    Desk::acceptor().wait_s(10).says(&[]).closes(Close::Silent);
    let mut desk = Desk::new(config(Role::Initiator), Numbers::FIRST);
    desk.said();
    desk.wait_s(10).says(&[]).closes(Close::Flush);
}
