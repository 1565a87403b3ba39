//! Section 7 as far as the session decides it: V rules on headers, faults and verdicts.

use crate::desk::{Desk, config, frame, order};
use fix_session::{Profile, Role, Verdict};

#[test]
fn v_03_v_05_a_garbled_message_is_ignored_and_its_number_asked_for_later() {
    let mut desk = Desk::logged_on();
    let mut broken = frame(&order(2), "TW", "ISLD", desk.now);
    let at = broken.len() - 20;
    broken[at] ^= 1;
    desk.hear_bytes(&broken).says(&[]).expects(2);
    desk.hear(&order(3)).says(&["35=2|34=2|7=2|16=0|"]);
}

#[test]
fn v_05_too_many_garbled_messages_end_the_session() {
    let mut desk = Desk::logged_on();
    let mut broken = frame("35=0|34=2|", "TW", "ISLD", desk.now);
    let at = broken.len() - 2;
    broken[at] = if broken[at] == b'0' { b'1' } else { b'0' };
    for _ in 0..100 {
        desk.hear_bytes(&broken);
    }
    desk.says(&[]).hear_bytes(&broken).says(&["35=5|34=2|58=Too many garbled messages|"]);
}

#[test]
fn v_06_another_begin_string_ends_the_session() {
    Desk::logged_on().hear("8=FIX.4.2|35=0|34=2|").says(&["35=5|34=2|58=Incorrect BeginString|"]).expects(3);
    Desk::logged_on().hear("8=FIX.4.2|35=0|34=7|").says(&["35=5|34=2|58=Incorrect BeginString|"]).expects(2);
    Desk::logged_on().hear("8=FIX.4.2|35=5|34=2|").says(&["35=5|34=2|"]).expects(3);
}

#[test]
fn v_07_other_comp_ids_are_refused_and_end_the_session() {
    for wrong in ["49=X|", "56=X|"] {
        Desk::logged_on()
            .hear(&format!("35=0|34=2|{wrong}"))
            .says(&["35=3|34=2|45=2|58=CompID problem|372=0|373=9|", "35=5|34=3|58=CompID problem|"])
            .expects(3);
    }
    Desk::logged_on_with(config(Role::Acceptor).with_profile(Profile::Interop))
        .hear("35=0|34=2|49=X|")
        .says(&["35=3|34=2|45=2|58=CompID problem|372=0|373=9|", "35=5|34=3|"]);
}

#[test]
fn v_08_a_time_off_by_more_than_the_tolerance_ends_the_session() {
    // Times of other centuries, which nanoseconds since 1970 do not reach, are off like any other.
    for off in ["20261121-09:27:59", "20261121-09:32:01", "22620412-00:00:00", "00010101-00:00:00"] {
        Desk::logged_on().hear(&format!("35=0|34=2|52={off}|")).expects(3).says(&[
            "35=3|34=2|45=2|58=SendingTime accuracy problem|372=0|373=10|",
            "35=5|34=3|58=SendingTime accuracy problem|",
        ]);
    }
    for good in ["20261121-09:28:00", "20261121-09:32:00"] {
        Desk::logged_on().hear(&format!("35=0|34=2|52={good}|")).says(&[]).expects(3);
    }
}

#[test]
fn v_09_v_16_v_19_the_header_must_be_there_and_readable() {
    let ladder = [
        ("52=yesterday|", "58=Incorrect data format for value|371=52|372=0|373=6|"),
        ("52=|", "58=Tag specified without a value|371=52|372=0|373=4|"),
        ("49=|", "58=Tag specified without a value|371=49|372=0|373=4|"),
    ];
    for (field, reject) in ladder {
        Desk::logged_on()
            .hear(&format!("35=0|34=2|{field}"))
            .says(&[&format!("35=3|34=2|45=2|{reject}")])
            .expects(3);
    }
}

#[test]
fn v_10_v_11_v_17_v_18_verdicts_become_business_rejects() {
    Desk::logged_on()
        .hear("35=ZZ|34=2|")
        .says(&["35=3|34=2|45=2|58=Invalid MsgType|372=ZZ|373=11|"])
        .expects(3);
    let ladder = [
        (Verdict::Unsupported, "58=Unsupported Message Type|372=D|380=3|"),
        (Verdict::NotReady, "58=Application not available|372=D|379=ID2|380=4|"),
        (
            Verdict::MissingConditional(44),
            "58=Conditionally Required Field Missing (44)|372=D|379=ID2|380=5|",
        ),
    ];
    for (verdict, text) in ladder {
        let mut desk = Desk::logged_on();
        desk.heard.verdict = verdict;
        desk.hear(&order(2)).says(&[&format!("35=j|34=2|45=2|{text}")]).expects(3);
    }
}

#[test]
fn v_30_an_answer_reverses_the_routing() {
    let mut desk = Desk::logged_on();
    desk.heard.verdict = Verdict::NotReady;
    desk.hear(&order(2).replacen("|11=", "|115=FUND|116=desk|11=", 1));
    let said = desk.said();
    assert!(said[0].contains("|128=FUND|129=desk|"), "{said:?}");
}

#[test]
fn v_12_to_v_16_v_20_to_v_26_a_field_at_fault_is_rejected_with_its_tag_and_consumed() {
    let order = |rest: &str| format!("35=D|34=2|11=A|21=1|40=1|54=1|55=AAPL|60=20261121-09:30:00|{rest}");
    let ladder = [
        (order("38=100|4999=x|"), "Invalid tag number", 4999, 0),
        (order("38=100|112=x|"), "Tag not defined for this message type", 112, 2),
        (order("38=100|59=Q|"), "Value is incorrect (out of range) for this tag", 59, 5),
        (order("38=+100|"), "Incorrect data format for value", 38, 6),
        (order("38=100|").replacen("11=A|", "", 1), "Required tag missing", 11, 1),
        (order("38=100|57=desk|"), "Tag specified out of required order", 57, 14),
        (order("38=100|38=100|"), "Tag appears more than once", 38, 13),
        (order("38=100|453=2|448=P|447=D|452=1|"), "Incorrect NumInGroup count for repeating group", 453, 16),
        (order("38=100|453=1|447=D|448=P|452=1|"), "Repeating group fields out of order", 447, 15),
        (order("38=100|354=9|355=abc|"), "Value is incorrect (out of range) for this tag", 354, 5),
    ];
    for (message, text, tag, reason) in ladder {
        Desk::logged_on()
            .hear(&message)
            .says(&[&format!("35=3|34=2|45=2|58={text}|371={tag}|372=D|373={reason}|")])
            .expects(3);
    }
}

#[test]
fn v_25_soh_inside_a_value_is_named_and_by_interop_garbled() {
    let cut = order(2).replacen("|38=100|", "|38=100|58=two\u{1}lines|", 1);
    let text = "58=Non \"data\" value includes field delimiter (SOH character)|371=58|372=D|373=17|";
    Desk::logged_on().hear(&cut).says(&[&format!("35=3|34=2|45=2|{text}")]).expects(3);
    Desk::logged_on_with(config(Role::Acceptor).with_profile(Profile::Interop))
        .hear(&cut)
        .says(&[])
        .expects(2);
}

#[test]
fn v_31_reject_business_reject_and_logout_are_never_rejected() {
    for faulty in ["35=3|34=2|", "35=j|34=2|9999=x|", "35=3|34=2|45=1|45=2|"] {
        let mut desk = Desk::logged_on();
        desk.hear(faulty).says(&[]).expects(3);
        assert!(desk.heard.notices.iter().any(|n| n.starts_with("Warning(\"Invalid Reject")));
    }
    Desk::logged_on().hear("35=5|34=2|9999=x|").says(&["35=5|34=2|"]).expects(3);
}

#[test]
fn v_31_a_message_with_many_faults_gets_one_reject() {
    let mut desk = Desk::logged_on();
    desk.hear("35=D|34=2|4999=x|112=y|38=+1|38=2|");
    assert_eq!(desk.said().len(), 1);
}

#[test]
fn v_17_a_field_that_another_makes_necessary_is_missed_in_administrative_messages() {
    let mut desk = Desk::logged_on();
    desk.hear("35=A|34=1|98=0|108=30|141=Y|384=1|372=D|");
    let said = desk.said();
    assert_eq!(said, ["35=5|34=2|58=Required tag missing|"]);
    let mut desk = Desk::logged_on();
    desk.hear("35=A|34=1|98=0|108=30|141=Y|384=1|372=D|385=R|");
    assert!(desk.said()[0].starts_with("35=A|"));
}

#[test]
fn v_28_encryption_is_refused_and_a_signature_read_past_unless_configured() {
    Desk::logged_on()
        .hear("35=0|34=2|90=3|91=abc|")
        .says(&["35=3|34=2|45=2|58=Decryption problem|371=90|372=0|373=7|"])
        .expects(3);
    Desk::logged_on().hear("35=0|34=2|93=3|89=abc|").says(&[]).expects(3);
    let mut signed = config(Role::Acceptor);
    signed.signed = true;
    let mut desk = Desk::logged_on_with(signed);
    desk.hear("35=0|34=2|93=3|89=abc|").says(&[]).expects(3);
    desk.heard.forged = true;
    desk.hear("35=0|34=3|93=3|89=abd|")
        .expects(4)
        .says(&["35=3|34=2|45=3|58=Signature problem|372=0|373=8|", "35=5|34=3|58=Signature problem|"]);
}

#[test]
fn v_29_third_parties_pass_unless_the_session_lists_its_own() {
    let via = |party: &str| order(2).replacen("|11=", &format!("|{party}|11="), 1);
    Desk::logged_on().hear(&via("115=FUND")).says(&[]).expects(3);
    let mut lists = config(Role::Acceptor);
    lists.third_parties = Some(vec!["FUND".to_owned()]);
    let mut desk = Desk::logged_on_with(lists.clone());
    desk.hear(&via("115=FUND")).says(&[]).expects(3);
    for stranger in ["115=X", "128=X"] {
        let mut desk = Desk::logged_on_with(lists.clone());
        desk.hear(&via(stranger)).expects(3);
        let said = desk.said();
        assert_eq!(said.len(), 1, "no Logout: {said:?}");
        assert!(said[0].contains("58=CompID problem|372=D|373=9|"), "{said:?}");
        assert!(desk.heard.applied.is_empty());
        assert!(desk.session.is_established());
    }
}

#[test]
fn v_30_sub_ids_and_locations_are_swapped_when_configured() {
    let from_desk = order(2).replacen("|11=", "|50=trader|57=desk|142=LDN|143=NYC|11=", 1);
    let mut desk = Desk::logged_on();
    desk.heard.verdict = Verdict::NotReady;
    let said = desk.hear(&from_desk).said();
    assert!(!said[0].contains("trader"), "{said:?}");
    let mut swaps = config(Role::Acceptor);
    swaps.swap_sub_ids = true;
    let mut desk = Desk::logged_on_with(swaps);
    desk.heard.verdict = Verdict::NotReady;
    let said = desk.hear(&from_desk).said();
    assert!(said[0].contains("|50=desk|57=trader|142=NYC|143=LDN|"), "{said:?}");
    let said = desk.hear("35=0|34=3|50=trader|57=desk|11=x|").said();
    assert!(said[0].contains("|50=desk|57=trader|"), "{said:?}");
}

#[test]
fn t_10_a_clock_off_by_half_the_tolerance_is_measured_and_said_once() {
    let mut desk = Desk::logged_on();
    desk.hear("35=0|34=2|52=20261121-09:29:00|").hear("35=0|34=3|52=20261121-09:28:59|");
    desk.hear("35=0|34=4|52=20261121-09:28:58|").hear("35=0|34=5|").hear("35=0|34=6|52=20261121-09:31:30|");
    let said: Vec<_> = desk.heard.notices.iter().filter(|n| n.starts_with("ClockOff")).collect();
    assert_eq!(said, ["ClockOff { offset_ms: 61000 }", "ClockOff { offset_ms: 90000 }"]);
    desk.says(&[]).expects(7);
}

#[test]
fn t_09_a_step_of_the_wall_clock_ends_no_session_and_moves_no_timer() {
    let mut desk = Desk::logged_on();
    desk.wait_s(20);
    desk.now.utc_ns += 3_600_000_000_000;
    desk.wait_s(9).says(&[]).wait_s(1).says(&["35=0|34=2|"]);
    desk.now.utc_ns -= 7_200_000_000_000;
    desk.hear("35=0|34=2|").expects(3);
    assert_eq!(desk.heard.closed, None);
}

#[test]
fn order_of_checks_strict_queues_an_invalid_high_message_and_interop_refuses_it() {
    let invalid = "35=0|34=4|11=x|";
    Desk::logged_on().hear(invalid).says(&["35=2|34=2|7=2|16=0|"]).expects(2);
    let mut interop = Desk::logged_on_with(config(Role::Acceptor).with_profile(Profile::Interop));
    let said = interop.hear(invalid).expects(2).said();
    assert!(said[0].ends_with("|371=11|372=0|373=2|"), "{said:?}");
}

#[test]
fn order_of_checks_the_first_fault_decides() {
    let late = "52=20261121-09:00:00|";
    let comp_id = ["35=3|34=2|45=2|58=CompID problem|372=0|373=9|", "35=5|34=3|58=CompID problem|"];
    let time = |seq: u64| format!("35=3|34=2|45={seq}|58=SendingTime accuracy problem|372=0|373=10|");
    let time_out = "35=5|34=3|58=SendingTime accuracy problem|";
    let ladder = [
        ("8=FIX.4.2|35=0|34=2|49=X|".to_owned(), vec!["35=5|34=2|58=Incorrect BeginString|".to_owned()], 3),
        (format!("35=0|34=2|49=X|{late}999=x|"), comp_id.map(str::to_owned).into(), 3),
        (format!("35=0|34=9|{late}"), vec![time(9), time_out.to_owned()], 2),
        (format!("35=0|34=1|{late}"), vec![time(1), time_out.to_owned()], 2),
        (
            "35=0|34=1|999=x|".to_owned(),
            vec!["35=5|34=2|58=MsgSeqNum too low, expecting 2 but received 1|".to_owned()],
            2,
        ),
    ];
    for (heard, said, expected) in ladder {
        let said: Vec<&str> = said.iter().map(String::as_str).collect();
        Desk::logged_on().hear(&heard).says(&said).expects(expected);
    }
    Desk::logged_on_with(config(Role::Acceptor).with_profile(Profile::Interop))
        .hear(&format!("35=0|34=2|49=X|{late}999=x|"))
        .says(&["35=3|34=2|45=2|58=Invalid tag number|371=999|372=0|373=0|"]);
}

#[test]
fn t_10_sending_time_never_goes_backwards() {
    let mut desk = Desk::logged_on();
    desk.wait_s(5);
    desk.send_order_answer("a");
    desk.now.utc_ns -= 3_000_000_000;
    desk.send_order_answer("b");
    assert!(desk.heard.written.iter().all(|m| m.contains("|52=20261121-09:30:05.000|")));
}
