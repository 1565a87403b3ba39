//! Section 8: D rules.

use crate::desk::{Desk, config, order};
use fix_session::{Outgoing, Profile, Role};

#[test]
fn d_01_an_old_copy_is_ignored() {
    for old in
        ["35=1|34=1|43=Y|122=20261121-09:30:00|112=x|", "35=2|34=1|43=Y|122=20261121-09:30:00|7=1|16=0|"]
    {
        let mut desk = Desk::logged_on();
        desk.hear(old).says(&[]).expects(2);
        assert_eq!(desk.heard.ignored, [1]);
    }
}

#[test]
fn d_02_a_possible_duplicate_not_seen_before_is_live() {
    let mut desk = Desk::logged_on();
    desk.hear(&with(&order(2), "43=Y|122=20261121-09:30:00|")).expects(3);
    assert_eq!(desk.heard.applied, [2]);
}

#[test]
fn d_03_a_possible_duplicate_without_its_first_time_is_rejected() {
    let text = "58=Required tag missing|371=122|372=D|373=1|";
    Desk::logged_on().hear(&with(&order(2), "43=Y|")).says(&[&format!("35=3|34=2|45=2|{text}")]).expects(3);
    Desk::logged_on().hear(&with(&order(1), "43=Y|")).says(&[&format!("35=3|34=2|45=1|{text}")]).expects(2);
    let mut interop = Desk::logged_on_with(config(Role::Acceptor).with_profile(Profile::Interop));
    interop.hear(&with(&order(2), "43=Y|")).says(&[]).expects(3);
}

#[test]
fn d_04_a_first_time_after_the_second_is_a_fault() {
    let uncountable = with(&order(2), "43=Y|122=99991231-23:59:59|");
    Desk::logged_on().hear(&uncountable).expects(3).says(&[
        "35=3|34=2|45=2|58=SendingTime accuracy problem|372=D|373=10|",
        "35=5|34=3|58=SendingTime accuracy problem|",
    ]);
    let later = with(&order(2), "43=Y|122=20261121-09:31:00|");
    Desk::logged_on()
        .hear(&later)
        .says(&[
            "35=3|34=2|45=2|58=SendingTime accuracy problem|372=D|373=10|",
            "35=5|34=3|58=SendingTime accuracy problem|",
        ])
        .expects(3);
}

#[test]
fn d_04_interop_names_no_reason_and_looks_only_at_old_numbers() {
    let interop = || Desk::logged_on_with(config(Role::Acceptor).with_profile(Profile::Interop));
    interop()
        .hear(&with(&order(1), "43=Y|122=20261121-09:31:00|"))
        .expects(2)
        .says(&["35=3|34=2|45=1|58=SendingTime accuracy problem|372=D|373=10|", "35=5|34=3|"]);
    interop().hear(&with(&order(2), "43=Y|122=20261121-09:31:00|")).says(&[]).expects(3);
}

#[test]
fn d_06_a_late_message_with_a_gap_filled_number_is_ignored_with_an_event() {
    let mut desk = Desk::logged_on();
    desk.hear("35=4|34=2|123=Y|36=4|").expects(4);
    let late = |desk: &Desk| desk.heard.notices.iter().filter(|n| n.contains("was gap filled")).count();
    desk.hear(&with(&order(3), "43=Y|122=20261121-09:30:00|")).says(&[]).expects(4);
    assert_eq!(late(&desk), 1);
    desk.hear("35=4|34=2|43=Y|122=20261121-09:30:00|123=Y|36=4|").expects(4);
    desk.hear("35=0|34=1|43=Y|122=20261121-09:30:00|").expects(4);
    assert_eq!(late(&desk), 1, "neither the fill again nor another old number");
    assert!(desk.heard.applied.is_empty());
}

#[test]
fn d_05_the_first_time_alone_means_nothing() {
    for header in ["122=20261121-09:31:00|", "43=N|122=20261121-09:31:00|", "43=N|"] {
        Desk::logged_on().hear(&with(&order(2), header)).says(&[]).expects(3);
    }
}

#[test]
fn d_07_poss_resend_is_consumed_and_marked() {
    Desk::logged_on().hear(&with(&order(2), "97=Y|")).says(&[]).expects(3);
}

#[test]
fn d_08_a_message_sent_again_under_a_new_number_says_so() {
    let mut desk = Desk::logged_on();
    let again = Outgoing { poss_resend: true, ..Outgoing::new(b"8") };
    let body = |out: &mut fix_session::Encoder| _ = out.field(58, b"again");
    desk.session.send(desk.now, again, body, &mut desk.heard);
    desk.says(&["35=8|34=2|97=Y|58=again|"]);
    desk.session.handle_disconnected(desk.now, &mut desk.heard);
    desk.session.send(desk.now, again, body, &mut desk.heard);
    desk.session.connected(desk.now, &mut desk.heard);
    desk.hear("35=A|34=2|98=0|108=30|").serve_queue();
    desk.says(&["35=A|34=3|98=0|108=30|", "35=8|34=4|97=Y|58=again|"]);
}

fn with(order: &str, header: &str) -> String {
    order.replacen("|11=", &format!("|{header}11="), 1)
}
