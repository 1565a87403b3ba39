//! T-02 to T-08 in a session, with the hours 08:00 to 17:00 UTC; the bench starts at 09:30.

use crate::desk::{Desk, START, config, order};
use fix_session::{Close, Numbers, ResetReason, Role, Schedule, ScheduleSpec, SessionConfig};

const HOUR_S: u64 = 3_600;
const LOGON: &str = "35=A|34=1|98=0|108=30|";

fn hours(start: &str, end: &str) -> SessionConfig {
    let spec = ScheduleSpec { start: start.into(), end: end.into(), ..ScheduleSpec::default() };
    with(&spec)
}

fn with(spec: &ScheduleSpec) -> SessionConfig {
    let mut config = config(Role::Acceptor);
    config.schedule = Some(Schedule::new(spec).unwrap());
    config.heartbeat_zero = true;
    config
}

/// Logged on without heartbeats, so that hours pass quickly.
fn quiet(config: SessionConfig) -> Desk {
    let mut desk = Desk::new(config, Numbers::FIRST);
    desk.hear("35=A|34=1|98=0|108=0|").said();
    desk
}

#[test]
fn t_02_outside_the_interval_a_logon_is_met_with_silence() {
    let mut desk = Desk::new(hours("10:00", "17:00"), Numbers::FIRST);
    desk.hear(LOGON).says(&[]).closes(Close::Silent).expects(1);
    desk.wait_s(HOUR_S).lose_connection().hear(LOGON).says(&["35=A|34=1|98=0|108=30|"]);
}

#[test]
fn t_02_outside_the_interval_an_initiator_says_nothing() {
    let mut initiator = hours("10:00", "17:00");
    initiator.role = Role::Initiator;
    Desk::new(initiator, Numbers::FIRST).says(&[]).closes(Close::Silent);
}

#[test]
fn t_03_the_end_of_the_interval_logs_out() {
    let mut desk = quiet(hours("08:00", "17:00"));
    desk.wait_s(7 * HOUR_S + HOUR_S / 2 - 1).says(&[]);
    desk.wait_s(1).says(&["35=5|34=2|58=Session schedule ended|"]);
    desk.hear("35=5|34=2|").closes(Close::Flush);
}

#[test]
fn t_03_a_peer_that_does_not_answer_is_closed() {
    let mut desk = quiet(hours("08:00", "17:00"));
    desk.wait_s(7 * HOUR_S + HOUR_S / 2 + 9).said();
    assert_eq!(desk.heard.closed, None);
    desk.wait_s(1).closes(Close::Flush).says(&[]);
}

#[test]
fn t_04_each_interval_begins_at_1_in_a_new_epoch_and_keeps_what_is_queued() {
    let mut desk = quiet(hours("08:00", "17:00"));
    desk.hear(&order(2));
    desk.session.handle_disconnected(desk.now, &mut desk.heard);
    desk.send_order_answer("over night");
    desk.wait_s(24 * HOUR_S).lose_connection().hear(LOGON).serve_queue();
    desk.says(&["35=A|34=1|98=0|108=30|", "35=8|34=2|58=over night|"]).expects(2);
    assert_eq!(desk.session.numbers().epoch, 2);
    assert_eq!(desk.heard.resets.last().unwrap().reason, ResetReason::Schedule);
}

#[test]
fn t_04_a_reconnect_inside_the_interval_resets_nothing() {
    let mut desk = quiet(hours("08:00", "17:00"));
    desk.wait_s(HOUR_S).lose_connection().hear("35=A|34=2|98=0|108=30|").said();
    assert_eq!(desk.session.numbers(), Numbers { next_in: 3, next_out: 3, epoch: 1 });
}

#[test]
fn t_04_a_start_knows_whose_numbers_it_found() {
    let found = Numbers { next_in: 9, next_out: 4, epoch: 3 };
    let restart = |began_s_ago: i64| {
        let mut desk = Desk::new(hours("08:00", "17:00"), found);
        desk.session.handle_disconnected(desk.now, &mut desk.heard);
        desk.session.set_began(START.utc_ns - began_s_ago * 1_000_000_000);
        desk.session.connected(desk.now, &mut desk.heard);
        desk.session.numbers()
    };
    assert_eq!(restart(3_600), found, "begun today at 08:30");
    assert_eq!(restart(24 * 3_600), Numbers { next_in: 1, next_out: 1, epoch: 4 }, "begun yesterday");
}

#[test]
fn t_05_back_to_back_intervals_log_out_and_begin_again() {
    let mut desk = quiet(hours("17:00", "17:00"));
    desk.wait_s(7 * HOUR_S + HOUR_S / 2).says(&["35=5|34=2|58=Session schedule ended|"]);
    desk.hear("35=5|34=2|").closes(Close::Flush);
    desk.lose_connection().hear(LOGON).says(&["35=A|34=1|98=0|108=30|"]).expects(2);
    desk.wait_s(60).expects(2);
    assert_eq!(desk.heard.closed, None);
}

#[test]
fn t_06_a_session_that_is_always_open_is_reset_at_its_time_on_the_live_connection() {
    let spec = ScheduleSpec { roll_over_at: "17:00".into(), ..ScheduleSpec::default() };
    let mut desk = quiet(with(&spec));
    desk.wait_s(7 * HOUR_S + HOUR_S / 2).says(&["35=A|34=1|98=0|108=0|141=Y|"]);
    desk.hear("35=A|34=1|98=0|108=0|141=Y|").says(&[]).expects(2);
    assert_eq!(desk.heard.closed, None);
    desk.wait_s(24 * HOUR_S).says(&["35=A|34=1|98=0|108=0|141=Y|"]);
}

#[test]
fn t_08_the_logon_window_holds_for_new_logons_only() {
    let spec = ScheduleSpec {
        start: "08:00".into(),
        end: "17:00".into(),
        logon_start: "09:00".into(),
        logon_end: "10:00".into(),
        ..ScheduleSpec::default()
    };
    let mut desk = quiet(with(&spec));
    desk.wait_s(2 * HOUR_S).says(&[]);
    assert!(desk.session.is_established());
    desk.lose_connection().hear("35=A|34=2|98=0|108=0|").says(&[]).closes(Close::Silent).expects(2);
}

#[test]
fn t_09_a_step_of_the_clock_inside_the_interval_changes_nothing() {
    let mut desk = quiet(hours("08:00", "17:00"));
    desk.now.utc_ns += 3_600_000_000_000;
    desk.wait_s(60).says(&[]).expects(2);
    desk.now.utc_ns -= 3_600_000_000_000;
    desk.wait_s(7 * HOUR_S + HOUR_S / 2 - 61).says(&[]);
    desk.wait_s(1).says(&["35=5|34=2|58=Session schedule ended|"]);
}

#[test]
fn t_09_a_step_of_the_clock_over_the_end_is_seen_within_a_minute() {
    let mut desk = quiet(hours("08:00", "17:00"));
    desk.now.utc_ns += 8 * 3_600_000_000_000;
    desk.wait_s(60).says(&["35=5|34=2|58=Session schedule ended|"]);
}
