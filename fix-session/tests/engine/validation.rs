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
    for off in ["20261121-09:27:59", "20261121-09:32:01"] {
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
fn order_of_checks_strict_queues_an_invalid_high_message_and_interop_refuses_it() {
    let invalid = "35=0|34=4|11=x|";
    Desk::logged_on().hear(invalid).says(&["35=2|34=2|7=2|16=0|"]).expects(2);
    let mut interop = Desk::logged_on_with(config(Role::Acceptor).with_profile(Profile::Interop));
    let said = interop.hear(invalid).expects(2).said();
    assert!(said[0].ends_with("|371=11|372=0|373=2|"), "{said:?}");
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
