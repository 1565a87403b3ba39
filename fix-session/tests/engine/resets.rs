//! Section 5: G rules.

use crate::desk::{Desk, config, order};
use fix_session::{Profile, Role};

const DUP: &str = "43=Y|122=20261121-09:30:00|";

#[test]
fn g_01_a_gap_fill_moves_the_number_and_drops_what_it_covers() {
    let mut desk = Desk::logged_on();
    desk.hear(&order(4)).hear(&order(6)).said();
    desk.hear("35=4|34=2|123=Y|36=6|").says(&[]).expects(7);
    assert_eq!(desk.heard.applied, [6]);
}

#[test]
fn g_02_a_high_gap_fill_waits_like_any_message() {
    let mut desk = Desk::logged_on();
    desk.hear("35=4|34=4|123=Y|36=9|").says(&["35=2|34=2|7=2|16=0|"]).expects(2);
    desk.hear(&format!("35=4|34=2|{DUP}123=Y|36=4|")).expects(9);
}

#[test]
fn g_03_a_low_gap_fill_with_poss_dup_is_ignored_unless_it_may_advance() {
    let low = format!("35=4|34=1|{DUP}123=Y|36=4|");
    Desk::logged_on().hear(&low).says(&[]).expects(2);
    let mut advances = config(Role::Acceptor);
    advances.gapfill_overlap_advances = true;
    let mut desk = Desk::logged_on_with(advances);
    desk.hear(&low).expects(2);
    desk.hear(&order(5)).hear(&low).expects(4);
}

#[test]
fn g_04_a_low_gap_fill_without_poss_dup_ends_the_session() {
    Desk::logged_on()
        .hear("35=4|34=1|123=Y|36=9|")
        .says(&["35=5|34=2|58=MsgSeqNum too low, expecting 2 but received 1|"])
        .expects(2);
}

#[test]
fn g_05_a_gap_fill_that_lowers_is_rejected() {
    Desk::logged_on()
        .hear("35=4|34=2|123=Y|36=2|")
        .says(&["35=3|34=2|45=2|58=Attempt to lower sequence number, invalid value NewSeqNo=2|371=36|372=4|373=5|"])
        .expects(3);
    let interop = || Desk::logged_on_with(config(Role::Acceptor).with_profile(Profile::Interop));
    interop().hear("35=4|34=2|123=Y|36=2|").says(&[]).expects(2);
    interop()
        .hear("35=4|34=2|123=Y|36=1|")
        .says(&["35=3|34=2|45=2|58=Value is incorrect (out of range) for this tag|372=4|373=5|"])
        .expects(2);
}

#[test]
fn g_06_a_reset_moves_the_number_whatever_its_own() {
    for own in [0, 1, 2, 77] {
        let mut desk = Desk::logged_on();
        desk.hear(&order(5)).said();
        desk.hear(&format!("35=4|34={own}|36=9|")).says(&[]).expects(9);
        desk.hear(&order(9)).expects(10).says(&[]);
        assert_eq!(desk.heard.applied, [9]);
    }
}

#[test]
fn g_06_a_reset_below_a_queued_message_forgets_it() {
    let mut desk = Desk::logged_on();
    desk.hear(&order(5)).says(&["35=2|34=2|7=2|16=0|"]);
    desk.hear("35=4|34=0|36=4|").says(&[]).expects(4);
    desk.hear("35=0|34=4|").says(&[]).expects(5);
    desk.hear(&order(6)).says(&["35=2|34=3|7=5|16=0|"]);
}

#[test]
fn g_07_g_08_a_reset_to_the_same_or_a_lower_number() {
    Desk::logged_on().hear("35=4|34=0|123=N|36=2|").says(&[]).expects(2);
    Desk::logged_on()
        .hear("35=4|34=0|123=N|36=1|")
        .says(&["35=3|34=2|45=0|58=Value is incorrect (out of range) for this tag|372=4|373=5|"])
        .expects(2);
}

#[test]
fn g_10_a_remarkable_gap_fill_is_obeyed_and_named() {
    let mut desk = Desk::logged_on();
    desk.hear("35=4|34=2|123=Y|36=5000|").expects(5000);
    assert!(desk.heard.notices.contains(&"GapFilled { begin: 2, end: 4999 }".to_owned()));
}

#[test]
fn g_10_a_fill_above_every_number_seen_is_named_one_of_a_known_gap_is_not() {
    let named = |desk: &Desk| desk.heard.notices.iter().any(|n| n.starts_with("GapFilled"));
    let mut desk = Desk::logged_on();
    desk.hear(&order(9)).hear(&format!("35=4|34=2|{DUP}123=Y|36=9|")).expects(10);
    assert!(!named(&desk), "{:?}", desk.heard.notices);
    desk.hear("35=4|34=10|123=Y|36=11|");
    assert!(!named(&desk), "its own number is seen");
    desk.hear("35=4|34=11|123=Y|36=13|").expects(13);
    assert!(named(&desk));
}
