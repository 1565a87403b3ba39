//! Calendars worked out to instants (ADR 0008).

use crate::config::{Calendar, Schedule};
use assay_trading_types::{Timestamp, TimetableSet, TradingDay, TradingPhase};
use jiff::ToSpan;
use jiff::civil::{Date, Time};

/// Days worked out ahead. Each start of a node works out the next ones.
const DAYS_AHEAD: i32 = 370;

/// Days worked out that are past: orders of the last trading days must still be seen to be over.
const DAYS_BACK: i32 = 14;

/// The trading days of `calendar` around `now`.
pub(crate) fn timetable(calendar: &Calendar, now: Timestamp) -> TimetableSet {
    let today = jiff::Timestamp::from_nanosecond(i128::from(now.as_ns()))
        .unwrap_or_default()
        .to_zoned(calendar.zone.rules.clone())
        .date();
    let days = (-DAYS_BACK..=DAYS_AHEAD).filter_map(|n| today.checked_add(n.days()).ok());
    let days =
        days.filter_map(|date| Some(trading_day(calendar, calendar.schedule_of(date)?, date))).collect();
    TimetableSet { calendar: calendar.name, zone: calendar.zone.name.clone(), days }
}

fn trading_day(calendar: &Calendar, schedule: &Schedule, date: Date) -> TradingDay {
    use TradingPhase::{Closed, ClosingAuction, Continuous, OpeningAuction, PreOpen};
    let phases = [
        (schedule.pre_open, PreOpen),
        (schedule.opening_auction, OpeningAuction),
        (Some(schedule.open), Continuous),
        (schedule.closing_auction, ClosingAuction),
        (Some(schedule.close), Closed),
    ];
    let begins = |time: Time| instant(calendar, date, time);
    let phases = phases.into_iter().filter_map(|(time, phase)| Some((begins(time?.0), phase))).collect();
    let number = date.year() as u32 * 10_000 + date.month() as u32 * 100 + date.day() as u32;
    TradingDay { date: number, phases }
}

/// A local time that the clocks skip is as much later as they skip; one that comes twice is the first.
fn instant(calendar: &Calendar, date: Date, time: Time) -> Timestamp {
    let zoned = date.to_datetime(time).to_zoned(calendar.zone.rules.clone());
    let ns = zoned.map(|zoned| zoned.timestamp().as_nanosecond()).unwrap_or_default();
    Timestamp::from_ns(i64::try_from(ns).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW_YORK: &str = r#"
        name = "XNYS"
        zone = "America/New_York"
        schedule = { pre_open = "08:00", opening_auction = "09:25", open = "09:30", closing_auction = "15:55", close = "16:00" }
        half_day_schedule = { open = "09:30", close = "13:00" }
        holidays = ["2026-11-26"]
        half_days = ["2026-11-27"]
    "#;

    fn worked_out(now: &str) -> TimetableSet {
        let calendar: Calendar = toml::from_str(NEW_YORK).unwrap();
        timetable(&calendar, Timestamp::parse_fix(now.as_bytes()).unwrap())
    }

    fn phases(table: &TimetableSet, date: u32) -> Vec<String> {
        let day = table.days.iter().find(|day| day.date == date);
        let text = |at: &Timestamp| at.to_string()[..16].to_owned();
        day.into_iter()
            .flat_map(|day| &day.phases)
            .map(|(at, phase)| format!("{} {phase:?}", text(at)))
            .collect()
    }

    #[test]
    fn a_day_follows_local_time_over_the_change_of_the_clocks() {
        let table = worked_out("20261030-12:00:00");
        let open = |date| phases(&table, date)[2].clone();
        assert_eq!(open(20_261_030), "2026-10-30T13:30 Continuous", "summer time");
        assert_eq!(open(20_261_102), "2026-11-02T14:30 Continuous", "winter time");
    }

    #[test]
    fn week_ends_and_holidays_do_not_trade_and_half_days_close_early() {
        let table = worked_out("20261120-12:00:00");
        for date in [20_261_121, 20_261_122, 20_261_126] {
            assert!(phases(&table, date).is_empty(), "{date}");
        }
        assert_eq!(phases(&table, 20_261_127), ["2026-11-27T14:30 Continuous", "2026-11-27T18:00 Closed"]);
        assert!(table.days.windows(2).all(|d| d[0].date < d[1].date && d[0].phases[0].0 < d[1].phases[0].0));
        assert!(table.days.last().unwrap().date > 20_271_120, "a year ahead");
    }

    #[test]
    fn what_is_wrong_with_a_calendar_is_named() {
        let table = [
            ("\"09:25\"", "\"09:35\"", Some("schedule")),
            ("half_day_schedule = { open = \"09:30\", close = \"13:00\" }", "", Some("half_days")),
            ("close = \"13:00\"", "close = \"09:30\"", Some("half_day_schedule")),
            ("XNYS", "XNYS", None),
        ];
        for (old, new, key) in table {
            let calendar: Calendar = toml::from_str(&NEW_YORK.replace(old, new)).unwrap();
            assert_eq!(calendar.fault().map(|(key, _)| key), key, "{new}");
        }
        for (old, new) in [("America/New_York", "New York"), ("2026-11-26", "2026-11-31"), ("08:00", "8 am")]
        {
            assert!(toml::from_str::<Calendar>(&NEW_YORK.replace(old, new)).is_err(), "{new}");
        }
    }
}
