//! News(B) that the gateway sends by itself.

mod desk;

use desk::{Desk, field};
use fix_gateway::{GatewayConfig, Schedule, ScheduleSpec};

fn hours(start: String, end: String) -> impl FnOnce(&mut GatewayConfig) {
    let spec = ScheduleSpec { start, end, ..ScheduleSpec::default() };
    move |config| config.sessions[0].schedule = Some(Schedule::new(&spec).unwrap())
}

#[test]
fn a_06_a_session_is_told_in_the_last_minute_of_its_hours() {
    let desk = Desk::configured(hours(desk::an_hour_ago(), desk::time_in(50)));
    let mut client = desk.logged_on("CLIENT1");
    let news = client.receive_type("B").unwrap();
    assert_eq!((field(&news, 148), field(&news, 61)), (Some("SESSION_END"), Some("0")), "{news}");
    let text = field(&news, 58).unwrap();
    assert!(text.strip_prefix("the session ends at ").is_some_and(|time| time.len() == 17), "{text}");
    client.send("1", "112=once").unwrap();
    let answer = client.receive().unwrap();
    assert_eq!((field(&answer, 35), field(&answer, 112)), (Some("0"), Some("once")), "told once: {answer}");
}

#[test]
fn a_06_a_session_with_hours_ahead_of_it_is_told_nothing() {
    let at = desk::an_hour_ago();
    let desk = Desk::configured(hours(at.clone(), at));
    let mut client = desk.logged_on("CLIENT1");
    client.send("1", "112=next").unwrap();
    assert_eq!(field(&client.receive().unwrap(), 112), Some("next"));
}
