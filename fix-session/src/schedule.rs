//! When a session is open: daily or weekly intervals in a time zone, or always (T-02 to T-08). Pure: the instant is an argument.

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ToSpan};
use std::collections::BTreeSet;

/// How far ahead the next interval is looked for: holidays that last longer than a year mean "never".
const DAYS_AHEAD_MAX: i32 = 400;

/// The hours of one session. Each interval of it is one session with numbers of its own (T-04).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    zone: TimeZone,
    hours: Hours,
    holidays: BTreeSet<Date>,
    logon: Option<LogonWindow>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hours {
    /// Without end; both numbers begin again at this time of day, if one is given, on the live connection (T-06).
    Always { roll_over_at: Option<Time> },
    /// From `start` to the next `end`, beginning on each of `days`, Monday first.
    Daily { start: Time, end: Time, days: [bool; 7] },
    /// From one moment of the week to another.
    Weekly { start: (Weekday, Time), end: (Weekday, Time) },
}

/// Times of day between which a new logon is taken (T-08). Crosses midnight when `end` is not later than `start`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct LogonWindow {
    start: Time,
    end: Time,
}

/// One interval: from `start_ns` until just before `end_ns`, in nanoseconds UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    /// When it begins. Names the interval, too.
    pub start_ns: i64,
    /// When it is over; `i64::MAX` when it never is.
    pub end_ns: i64,
}

/// How a schedule is written: the keys of `[session.schedule]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScheduleSpec {
    /// IANA name of the zone; UTC when empty.
    pub zone: String,
    /// `HH:MM[:SS]`, or `day HH:MM[:SS]` for a weekly interval. Empty: always open.
    pub start: String,
    /// Likewise.
    pub end: String,
    /// Days on which a daily interval begins, `mon` to `sun`; every day when empty.
    pub days: Vec<String>,
    /// Dates `YYYY-MM-DD`: an interval that begins on one does not take place.
    pub holidays: Vec<String>,
    /// Times of day between which new logons are taken, both or neither.
    pub logon_start: String,
    /// See `logon_start`.
    pub logon_end: String,
    /// Of a session that is always open: the time of day at which it is reset while it is connected.
    pub roll_over_at: String,
}

/// Why a schedule cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// No zone has this name.
    #[error("zone {0:?} is not known, use an IANA name like \"America/New_York\"")]
    Zone(String),
    /// Not a time of day.
    #[error("{0:?} is no time, use \"HH:MM\", or \"day HH:MM\" for a weekly interval")]
    Time(String),
    /// Not a day of the week.
    #[error("{0:?} is no day, use mon, tue, wed, thu, fri, sat or sun")]
    Day(String),
    /// Not a date.
    #[error("{0:?} is no date, use \"YYYY-MM-DD\"")]
    Date(String),
    /// Half of a pair, or keys of different kinds of schedule.
    #[error("{0}")]
    Mixed(&'static str),
}

impl Schedule {
    /// A schedule as it is written.
    ///
    /// # Errors
    /// A name, time, day or date that is none, or keys that do not go together.
    pub fn new(spec: &ScheduleSpec) -> Result<Self, ScheduleError> {
        let zone = match spec.zone.as_str() {
            "" => TimeZone::UTC,
            name => TimeZone::get(name).map_err(|_| ScheduleError::Zone(name.to_owned()))?,
        };
        let holidays = spec.holidays.iter().map(|text| date(text)).collect::<Result<_, _>>()?;
        let logon = match (spec.logon_start.as_str(), spec.logon_end.as_str()) {
            ("", "") => None,
            ("", _) | (_, "") => {
                return Err(ScheduleError::Mixed("logon_start and logon_end go together"));
            }
            (start, end) => Some(LogonWindow { start: time(start)?, end: time(end)? }),
        };
        Ok(Self { zone, hours: Hours::new(spec)?, holidays, logon })
    }

    /// The interval that holds the instant, if the session is open then.
    pub fn interval_at(&self, utc_ns: i64) -> Option<Interval> {
        self.last_begun(utc_ns).filter(|interval| utc_ns < interval.end_ns)
    }

    /// The last interval that began at or before the instant, over or not: the one that numbers of that time belong to.
    pub fn last_begun(&self, utc_ns: i64) -> Option<Interval> {
        if let Hours::Always { .. } = self.hours {
            return Some(Interval { start_ns: i64::MIN, end_ns: i64::MAX });
        }
        let today = self.local_date(utc_ns)?;
        // A day is looked at on either side: a zone's midnight may itself be moved by a clock change.
        (-1..=DAYS_AHEAD_MAX)
            .filter_map(|days_ago| self.beginning_on(today.checked_sub(days_ago.days()).ok()?))
            .find(|interval| interval.start_ns <= utc_ns)
    }

    /// The next instant at which the session opens or closes; nothing when neither happens any more.
    pub fn next_boundary(&self, utc_ns: i64) -> Option<i64> {
        match self.interval_at(utc_ns) {
            Some(Interval { end_ns: i64::MAX, .. }) => None,
            Some(interval) => Some(interval.end_ns),
            None => self.next_start(utc_ns),
        }
    }

    fn next_start(&self, utc_ns: i64) -> Option<i64> {
        let today = self.local_date(utc_ns)?;
        (-1..=DAYS_AHEAD_MAX)
            .filter_map(|days| self.beginning_on(today.checked_add(days.days()).ok()?))
            .map(|interval| interval.start_ns)
            .find(|&start_ns| start_ns > utc_ns)
    }

    /// Whether a new logon is taken at the instant; a connected session stays whatever the answer (T-08).
    pub fn takes_logon(&self, utc_ns: i64) -> bool {
        let Some(window) = self.logon else { return self.interval_at(utc_ns).is_some() };
        let Ok(at) = Timestamp::from_nanosecond(utc_ns.into()) else { return false };
        let local = self.zone.to_datetime(at).time();
        let inside = if window.start < window.end {
            (window.start..window.end).contains(&local)
        } else {
            local >= window.start || local < window.end
        };
        inside && self.interval_at(utc_ns).is_some()
    }

    /// The next instant after this one at which a session that is always open is reset; nothing for other schedules.
    pub fn next_roll_over(&self, utc_ns: i64) -> Option<i64> {
        let Hours::Always { roll_over_at: Some(time) } = self.hours else { return None };
        let today = self.local_date(utc_ns)?;
        (-1..=2)
            .filter_map(|days: i32| self.instant(today.checked_add(days.days()).ok()?, time))
            .find(|&at_ns| at_ns > utc_ns)
    }

    /// The interval that begins on a day of the zone, if one does.
    fn beginning_on(&self, day: Date) -> Option<Interval> {
        if self.holidays.contains(&day) {
            return None;
        }
        let (start, end, days_long) = match self.hours {
            Hours::Always { .. } => return None,
            Hours::Daily { start, end, days } => {
                let weekday = day.weekday().to_monday_zero_offset();
                if !days[usize::try_from(weekday).ok()?] {
                    return None;
                }
                (start, end, i32::from(end <= start))
            }
            Hours::Weekly { start, end } => {
                if day.weekday() != start.0 {
                    return None;
                }
                let days = i32::from(start.0.until(end.0));
                (start.1, end.1, if days == 0 && end.1 <= start.1 { 7 } else { days })
            }
        };
        let last_day = day.checked_add(days_long.days()).ok()?;
        Some(Interval { start_ns: self.instant(day, start)?, end_ns: self.instant(last_day, end)? })
    }

    /// T-07: a local time that is skipped means the first instant after the skip, one that comes twice its first coming.
    fn instant(&self, day: Date, time: Time) -> Option<i64> {
        let local = day.to_datetime(time);
        let at = match self.zone.to_ambiguous_timestamp(local).offset() {
            AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(local).ok()?,
            AmbiguousOffset::Fold { before, .. } => before.to_timestamp(local).ok()?,
            AmbiguousOffset::Gap { before, .. } => {
                let inside = before.to_timestamp(local).ok()?.checked_add(1.nanosecond()).ok()?;
                self.zone.preceding(inside).next()?.timestamp()
            }
        };
        i64::try_from(at.as_nanosecond()).ok()
    }

    fn local_date(&self, utc_ns: i64) -> Option<Date> {
        let at = Timestamp::from_nanosecond(utc_ns.into()).ok()?;
        Some(self.zone.to_datetime(at).date())
    }
}

impl Hours {
    fn new(spec: &ScheduleSpec) -> Result<Self, ScheduleError> {
        match (spec.start.as_str(), spec.end.as_str()) {
            ("", "") if spec.days.is_empty() && spec.holidays.is_empty() && spec.logon_start.is_empty() => {
                let roll_over_at = (!spec.roll_over_at.is_empty()).then(|| time(&spec.roll_over_at));
                Ok(Self::Always { roll_over_at: roll_over_at.transpose()? })
            }
            ("", _) | (_, "") => {
                Err(ScheduleError::Mixed("start and end go together, and other keys need them"))
            }
            _ if !spec.roll_over_at.is_empty() => {
                Err(ScheduleError::Mixed("roll_over_at is for a session without start and end"))
            }
            (start, end) => Self::intervals(start, end, &spec.days),
        }
    }

    fn intervals(start: &str, end: &str, days: &[String]) -> Result<Self, ScheduleError> {
        match (start.split_once(' '), end.split_once(' ')) {
            (None, None) => {
                Ok(Self::Daily { start: time(start)?, end: time(end)?, days: days_of_week(days)? })
            }
            (Some(start), Some(end)) if days.is_empty() => {
                let moment = |(day, at): (&str, &str)| Ok((weekday(day)?, time(at)?));
                Ok(Self::Weekly { start: moment(start)?, end: moment(end)? })
            }
            (Some(_), Some(_)) => Err(ScheduleError::Mixed("days are for a daily interval")),
            _ => Err(ScheduleError::Mixed("start and end name a day both, or neither")),
        }
    }
}

fn days_of_week(names: &[String]) -> Result<[bool; 7], ScheduleError> {
    let mut days = [names.is_empty(); 7];
    for name in names {
        let at = weekday(name)?.to_monday_zero_offset();
        days[usize::try_from(at).unwrap_or_default()] = true;
    }
    Ok(days)
}

fn weekday(name: &str) -> Result<Weekday, ScheduleError> {
    match name {
        "mon" => Ok(Weekday::Monday),
        "tue" => Ok(Weekday::Tuesday),
        "wed" => Ok(Weekday::Wednesday),
        "thu" => Ok(Weekday::Thursday),
        "fri" => Ok(Weekday::Friday),
        "sat" => Ok(Weekday::Saturday),
        "sun" => Ok(Weekday::Sunday),
        _ => Err(ScheduleError::Day(name.to_owned())),
    }
}

fn time(text: &str) -> Result<Time, ScheduleError> {
    let parsed = Time::strptime("%H:%M", text).or_else(|_| Time::strptime("%H:%M:%S", text));
    parsed.map_err(|_| ScheduleError::Time(text.to_owned()))
}

fn date(text: &str) -> Result<Date, ScheduleError> {
    Date::strptime("%Y-%m-%d", text).map_err(|_| ScheduleError::Date(text.to_owned()))
}
