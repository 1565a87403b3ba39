//! T-02 to T-08 on instants: when a session is open, and which interval that is.

use fix_session::{Interval, Schedule, ScheduleError, ScheduleSpec};
use jiff::{Span, Timestamp, ToSpan};

const NEW_YORK: &str = "America/New_York";

fn spec(zone: &str, start: &str, end: &str) -> ScheduleSpec {
    ScheduleSpec { zone: zone.into(), start: start.into(), end: end.into(), ..ScheduleSpec::default() }
}

fn schedule(spec: &ScheduleSpec) -> Schedule {
    Schedule::new(spec).unwrap()
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// `2026-03-08T07:00:00Z` in nanoseconds.
fn at(text: &str) -> i64 {
    text.parse::<Timestamp>().unwrap().as_nanosecond().try_into().unwrap()
}

fn text(ns: i64) -> String {
    Timestamp::from_nanosecond(ns.into()).unwrap().to_string()
}

/// `begin/end` of the interval at an instant, or `closed`.
fn open_at(schedule: &Schedule, instant: &str) -> String {
    match schedule.interval_at(at(instant)) {
        Some(Interval { start_ns, end_ns }) => format!("{}/{}", text(start_ns), text(end_ns)),
        None => "closed".to_owned(),
    }
}

#[track_caller]
fn is(schedule: &Schedule, table: &[(&str, &str)]) {
    for (instant, expected) in table {
        assert_eq!(open_at(schedule, instant), *expected, "at {instant}");
    }
}

#[test]
fn t_02_a_daily_interval_on_its_days_in_its_zone() {
    let weekdays = ScheduleSpec { days: words("mon tue wed thu fri"), ..spec(NEW_YORK, "09:30", "16:00") };
    let friday = "2026-11-20T14:30:00Z/2026-11-20T21:00:00Z";
    let monday = "2026-11-23T14:30:00Z/2026-11-23T21:00:00Z";
    let schedule = schedule(&weekdays);
    is(
        &schedule,
        &[
            ("2026-11-20T14:29:59.999999999Z", "closed"),
            ("2026-11-20T14:30:00Z", friday),
            ("2026-11-20T20:59:59.999999999Z", friday),
            ("2026-11-20T21:00:00Z", "closed"),
            ("2026-11-21T16:00:00Z", "closed"),
            ("2026-11-23T14:30:00Z", monday),
        ],
    );
    assert_eq!(schedule.next_boundary(at("2026-11-20T15:00:00Z")), Some(at("2026-11-20T21:00:00Z")));
    assert_eq!(schedule.next_boundary(at("2026-11-20T21:00:00Z")), Some(at("2026-11-23T14:30:00Z")));
}

#[test]
fn t_02_a_weekly_interval() {
    let week = schedule(&spec(NEW_YORK, "sun 17:00", "fri 17:00"));
    let this = "2026-11-15T22:00:00Z/2026-11-20T22:00:00Z";
    is(
        &week,
        &[
            ("2026-11-15T21:59:59Z", "closed"),
            ("2026-11-15T22:00:00Z", this),
            ("2026-11-18T03:00:00Z", this),
            ("2026-11-20T21:59:59Z", this),
            ("2026-11-20T22:00:00Z", "closed"),
            ("2026-11-21T12:00:00Z", "closed"),
        ],
    );
    assert_eq!(week.next_boundary(at("2026-11-21T12:00:00Z")), Some(at("2026-11-22T22:00:00Z")));
}

#[test]
fn t_05_a_weekly_interval_of_a_whole_week_is_back_to_back() {
    let week = schedule(&spec("UTC", "sun 17:00", "sun 17:00"));
    is(
        &week,
        &[
            ("2026-11-15T16:59:59Z", "2026-11-08T17:00:00Z/2026-11-15T17:00:00Z"),
            ("2026-11-15T17:00:00Z", "2026-11-15T17:00:00Z/2026-11-22T17:00:00Z"),
        ],
    );
}

#[test]
fn t_02_a_session_without_hours_is_always_open_and_one_interval() {
    let always = schedule(&ScheduleSpec::default());
    assert_eq!(
        always.interval_at(at("1990-01-01T00:00:00Z")),
        always.interval_at(at("2090-01-01T00:00:00Z"))
    );
    assert!(always.interval_at(0).is_some() && always.takes_logon(0));
    assert_eq!(always.next_boundary(0), None);
    assert_eq!(always.next_roll_over(0), None);
}

#[test]
fn t_05_an_interval_over_midnight_belongs_to_the_day_it_begins_on() {
    let nights = ScheduleSpec { days: words("fri"), ..spec("UTC", "22:00", "06:00") };
    let night = "2026-11-20T22:00:00Z/2026-11-21T06:00:00Z";
    is(
        &schedule(&nights),
        &[
            ("2026-11-20T05:00:00Z", "closed"),
            ("2026-11-20T23:00:00Z", night),
            ("2026-11-21T05:59:59Z", night),
            ("2026-11-21T06:00:00Z", "closed"),
            ("2026-11-21T23:00:00Z", "closed"),
        ],
    );
}

#[test]
fn t_05_back_to_back_intervals_are_two() {
    let days = schedule(&spec("UTC", "17:00", "17:00"));
    is(
        &days,
        &[
            ("2026-11-20T16:59:59.999999999Z", "2026-11-19T17:00:00Z/2026-11-20T17:00:00Z"),
            ("2026-11-20T17:00:00Z", "2026-11-20T17:00:00Z/2026-11-21T17:00:00Z"),
        ],
    );
    assert_eq!(days.next_boundary(at("2026-11-20T12:00:00Z")), Some(at("2026-11-20T17:00:00Z")));
}

#[test]
fn t_07_a_skipped_time_means_the_first_instant_after_the_skip() {
    // New York goes from 02:00 to 03:00 on 8 March 2026, at 07:00 UTC.
    is(
        &schedule(&spec(NEW_YORK, "02:30", "12:00")),
        &[("2026-03-08T08:00:00Z", "2026-03-08T07:00:00Z/2026-03-08T16:00:00Z")],
    );
    is(
        &schedule(&spec(NEW_YORK, "20:00", "02:15")),
        &[("2026-03-08T06:00:00Z", "2026-03-08T01:00:00Z/2026-03-08T07:00:00Z")],
    );
}

#[test]
fn t_07_a_time_that_comes_twice_means_its_first_coming() {
    // New York goes from 02:00 back to 01:00 on 1 November 2026, at 06:00 UTC.
    is(
        &schedule(&spec(NEW_YORK, "01:30", "12:00")),
        &[
            ("2026-11-01T05:29:59Z", "closed"),
            ("2026-11-01T06:30:00Z", "2026-11-01T05:30:00Z/2026-11-01T17:00:00Z"),
        ],
    );
}

#[test]
fn t_07_every_interval_happens_once_and_lasts_23_24_or_25_hours() {
    let days = schedule(&spec(NEW_YORK, "02:30", "02:30"));
    let end = at("2027-01-15T00:00:00Z");
    let mut interval = days.interval_at(at("2026-01-15T12:00:00Z")).unwrap();
    let (mut count, mut odd) = (0, Vec::new());
    while interval.end_ns < end {
        let hours = (interval.end_ns - interval.start_ns) / 3_600_000_000_000;
        if hours != 24 {
            odd.push(hours);
        }
        let next = days.interval_at(interval.end_ns).unwrap();
        assert_eq!(next.start_ns, interval.end_ns, "neither a hole nor an overlap");
        assert_eq!(days.interval_at(interval.end_ns - 1), Some(interval));
        interval = next;
        count += 1;
    }
    assert_eq!(count, 364);
    // 02:30 on 8 March is 03:00, so that day gains half an hour before and loses it after; in autumn it is the hour.
    assert_eq!(odd, [23, 23, 25], "{odd:?}");
}

#[test]
fn t_08_holidays_close_the_interval_that_begins_on_them() {
    let nights = ScheduleSpec { holidays: words("2026-12-25"), ..spec("UTC", "22:00", "06:00") };
    let schedule = schedule(&nights);
    is(
        &schedule,
        &[
            ("2026-12-25T05:00:00Z", "2026-12-24T22:00:00Z/2026-12-25T06:00:00Z"),
            ("2026-12-25T23:00:00Z", "closed"),
            ("2026-12-26T05:00:00Z", "closed"),
        ],
    );
    assert_eq!(schedule.next_boundary(at("2026-12-25T06:00:00Z")), Some(at("2026-12-26T22:00:00Z")));
}

#[test]
fn t_08_a_logon_window_limits_new_logons_inside_the_interval() {
    let windowed = ScheduleSpec {
        logon_start: "09:00".into(),
        logon_end: "10:00".into(),
        days: words("fri"),
        ..spec("UTC", "08:00", "17:00")
    };
    let schedule = schedule(&windowed);
    for (instant, taken) in [
        ("2026-11-20T08:30:00Z", false),
        ("2026-11-20T09:00:00Z", true),
        ("2026-11-20T10:00:00Z", false),
        ("2026-11-21T09:30:00Z", false),
    ] {
        assert_eq!(schedule.takes_logon(at(instant)), taken, "{instant}");
    }
    assert!(schedule.interval_at(at("2026-11-20T12:00:00Z")).is_some(), "who is connected stays");
}

#[test]
fn t_06_a_session_that_is_always_open_may_be_reset_at_a_time_of_day() {
    let daily =
        ScheduleSpec { zone: NEW_YORK.into(), roll_over_at: "17:00".into(), ..ScheduleSpec::default() };
    let schedule = schedule(&daily);
    assert_eq!(schedule.next_roll_over(at("2026-11-20T21:59:59Z")), Some(at("2026-11-20T22:00:00Z")));
    assert_eq!(schedule.next_roll_over(at("2026-11-20T22:00:00Z")), Some(at("2026-11-21T22:00:00Z")));
    assert!(schedule.interval_at(at("2026-11-20T22:00:00Z")).is_some());
}

#[test]
fn t_04_numbers_belong_to_the_last_interval_that_began() {
    let days = schedule(&spec("UTC", "08:00", "17:00"));
    let begun = |instant| days.last_begun(at(instant)).map(|interval| text(interval.start_ns));
    assert_eq!(begun("2026-11-20T12:00:00Z").as_deref(), Some("2026-11-20T08:00:00Z"));
    assert_eq!(begun("2026-11-20T23:00:00Z").as_deref(), Some("2026-11-20T08:00:00Z"));
    assert_eq!(begun("2026-11-21T07:59:59Z").as_deref(), Some("2026-11-20T08:00:00Z"));
}

#[test]
fn every_answer_agrees_with_every_other_through_a_year() {
    let specs = [
        spec(NEW_YORK, "09:30", "16:00"),
        spec("Europe/London", "22:00", "01:30"),
        spec("Australia/Lord_Howe", "02:15", "02:15"),
        spec("America/Sao_Paulo", "sun 18:00", "fri 17:00"),
        ScheduleSpec {
            days: words("tue sat"),
            holidays: words("2026-05-05"),
            ..spec("Asia/Tokyo", "00:00", "23:59:59")
        },
    ];
    let step: Span = 37.minutes();
    for spec in specs {
        let schedule = schedule(&spec);
        let mut now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        while now < "2027-01-01T00:00:00Z".parse().unwrap() {
            let ns = i64::try_from(now.as_nanosecond()).unwrap();
            let boundary = schedule.next_boundary(ns).unwrap();
            assert!(boundary > ns, "{spec:?} {now}");
            assert_eq!(schedule.interval_at(ns), schedule.interval_at(boundary - 1), "{spec:?} {now}");
            assert_ne!(schedule.interval_at(ns), schedule.interval_at(boundary), "{spec:?} {now}");
            now = now.checked_add(step).unwrap();
        }
    }
}

#[test]
fn what_cannot_be_is_refused() {
    let mixed = |spec: ScheduleSpec| matches!(Schedule::new(&spec), Err(ScheduleError::Mixed(_)));
    assert!(matches!(Schedule::new(&spec("Mars/Olympus", "", "")), Err(ScheduleError::Zone(_))));
    assert!(matches!(Schedule::new(&spec("", "25:00", "26:00")), Err(ScheduleError::Time(_))));
    assert!(matches!(Schedule::new(&spec("", "day 12:00", "fri 13:00")), Err(ScheduleError::Day(_))));
    assert!(mixed(spec("", "12:00", "")));
    assert!(mixed(spec("", "mon 12:00", "13:00")));
    assert!(mixed(ScheduleSpec { days: words("mon"), ..spec("", "mon 12:00", "fri 13:00") }));
    assert!(mixed(ScheduleSpec { days: words("mon"), ..ScheduleSpec::default() }));
    assert!(mixed(ScheduleSpec { roll_over_at: "17:00".into(), ..spec("", "12:00", "13:00") }));
    assert!(mixed(ScheduleSpec { logon_start: "12:00".into(), ..spec("", "12:00", "13:00") }));
    let holidays = ScheduleSpec { holidays: words("soon"), ..spec("", "12:00", "13:00") };
    assert!(matches!(Schedule::new(&holidays), Err(ScheduleError::Date(_))));
}
