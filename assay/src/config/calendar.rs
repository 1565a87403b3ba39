//! `[[calendar]]`: when instruments trade, in local time.

use assay_trading_types::CalendarId;
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer};

/// `[[calendar]]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Calendar {
    /// What instruments call it.
    pub(crate) name: CalendarId,
    /// Its IANA zone.
    pub(crate) zone: Zone,
    /// Days of the week that it trades on; Monday to Friday when left out.
    #[serde(default = "weekdays")]
    pub(crate) days: Vec<Day>,
    /// What begins when on a usual day.
    pub(crate) schedule: Schedule,
    /// What begins when on a half day.
    #[serde(default)]
    pub(crate) half_day_schedule: Option<Schedule>,
    /// Dates without trading.
    #[serde(default)]
    pub(crate) holidays: Vec<Written<Date>>,
    /// Dates with the half day's schedule.
    #[serde(default)]
    pub(crate) half_days: Vec<Written<Date>>,
}

/// Local times of one day, each later than the one before.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Schedule {
    /// Orders are taken from here on.
    #[serde(default)]
    pub(crate) pre_open: Option<Written<Time>>,
    /// The opening auction's last call.
    #[serde(default)]
    pub(crate) opening_auction: Option<Written<Time>>,
    /// The opening: what has gathered trades at one price, then orders trade as they come.
    pub(crate) open: Written<Time>,
    /// Orders gather for the closing auction.
    #[serde(default)]
    pub(crate) closing_auction: Option<Written<Time>>,
    /// The close: what has gathered trades at one price, then the day is over.
    pub(crate) close: Written<Time>,
}

/// A date or time as text: `"2026-12-25"`, `"09:30"`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Written<T>(pub(crate) T);

impl<'de, T: std::str::FromStr<Err = jiff::Error>> Deserialize<'de> for Written<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(|why| serde::de::Error::custom(format!("{text}: {why}")))
    }
}

/// An IANA zone by its name: `"America/New_York"`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Zone {
    pub(crate) name: String,
    pub(crate) rules: TimeZone,
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        match TimeZone::get(&name) {
            Ok(rules) => Ok(Self { name, rules }),
            Err(why) => Err(serde::de::Error::custom(format!("zone {name}: {why}, use an IANA name"))),
        }
    }
}

/// A day of the week: `"mon"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Day {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

impl Day {
    fn weekday(self) -> Weekday {
        match self {
            Self::Mon => Weekday::Monday,
            Self::Tue => Weekday::Tuesday,
            Self::Wed => Weekday::Wednesday,
            Self::Thu => Weekday::Thursday,
            Self::Fri => Weekday::Friday,
            Self::Sat => Weekday::Saturday,
            Self::Sun => Weekday::Sunday,
        }
    }
}

fn weekdays() -> Vec<Day> {
    vec![Day::Mon, Day::Tue, Day::Wed, Day::Thu, Day::Fri]
}

impl Calendar {
    /// What begins when on `date`; nothing when it does not trade then.
    pub(crate) fn schedule_of(&self, date: Date) -> Option<&Schedule> {
        let is_in = |dates: &[Written<Date>]| dates.iter().any(|written| written.0 == date);
        if is_in(&self.holidays) || !self.days.iter().any(|day| day.weekday() == date.weekday()) {
            return None;
        }
        let half = self.half_day_schedule.as_ref().filter(|_| is_in(&self.half_days));
        Some(half.unwrap_or(&self.schedule))
    }

    /// The key that is wrong, and what is wrong with it.
    pub(crate) fn fault(&self) -> Option<(&'static str, String)> {
        if !self.schedule.rises() {
            return Some(("schedule", "times must be in order within one day".to_owned()));
        }
        match &self.half_day_schedule {
            None if !self.half_days.is_empty() => {
                Some(("half_days", "half_days need a half_day_schedule".to_owned()))
            }
            Some(half) if !half.rises() => {
                Some(("half_day_schedule", "times must be in order within one day".to_owned()))
            }
            _ => None,
        }
    }
}

impl Schedule {
    fn rises(&self) -> bool {
        let Self { pre_open, opening_auction, open, closing_auction, close } = self;
        let times = [*pre_open, *opening_auction, Some(*open), *closing_auction, Some(*close)];
        let times: Vec<Time> = times.into_iter().flatten().map(|written| written.0).collect();
        times.windows(2).all(|pair| pair[0] < pair[1])
    }
}
