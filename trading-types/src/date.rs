//! A day of the Gregorian calendar, UTC.

use crate::Timestamp;
use crate::text_visitor::from_text;
use crate::time::{civil_from_days, days_from_civil, days_in_month};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// A day, counted from 1970-01-01. JSON: `"YYYY-MM-DD"`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Date(i32);

/// A text that is no day of the years 0000 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a day as YYYY-MM-DD")]
pub struct DateError;

const NS_PER_DAY: i64 = 86_400_000_000_000;

impl Date {
    /// From year, month (1 to 12) and day of the month, if there is such a day.
    pub fn new(year: i32, month: u8, day: u8) -> Option<Self> {
        let (y, m, d) = (i64::from(year), i64::from(month), i64::from(day));
        let there = (0..=9999).contains(&y) && (1..=12).contains(&m) && d >= 1 && d <= days_in_month(y, m);
        there.then(|| Self(days_from_civil(y, m, d) as i32))
    }

    /// From days since 1970-01-01.
    pub const fn from_days(days: i32) -> Self {
        Self(days)
    }

    /// Days since 1970-01-01.
    pub const fn days(&self) -> i32 {
        self.0
    }

    /// The UTC day of an instant.
    pub const fn of(at: Timestamp) -> Self {
        Self(at.day() as i32)
    }

    /// Its first instant.
    pub const fn start(&self) -> Timestamp {
        Timestamp::from_ns(self.0 as i64 * NS_PER_DAY)
    }

    /// Year, month and day of the month.
    pub fn civil(&self) -> (i32, u8, u8) {
        let (year, month, day) = civil_from_days(i64::from(self.0));
        (year as i32, month as u8, day as u8)
    }

    /// Later by `days`, earlier if negative.
    pub const fn plus_days(self, days: i32) -> Self {
        Self(self.0.saturating_add(days))
    }

    /// Later by `months`, on the same day of the month or the month's last day if that has no such day.
    pub fn plus_months(self, months: i32) -> Self {
        let (year, month, day) = self.civil();
        let count = i64::from(year) * 12 + i64::from(month) - 1 + i64::from(months);
        let (year, month) = (count.div_euclid(12), count.rem_euclid(12) + 1);
        Self(days_from_civil(year, month, i64::from(day).min(days_in_month(year, month))) as i32)
    }

    /// The last day of its month.
    pub fn month_end(self) -> Self {
        let (year, month, _) = self.civil();
        let (year, month) = (i64::from(year), i64::from(month));
        Self(days_from_civil(year, month, days_in_month(year, month)) as i32)
    }

    /// Whether it is a Saturday or a Sunday.
    pub const fn is_weekend(&self) -> bool {
        // 1970-01-01 was a Thursday.
        matches!((self.0 + 3).rem_euclid(7), 5 | 6)
    }

    /// Days of its year: 365 or 366.
    pub fn year_length(&self) -> i32 {
        if days_in_month(i64::from(self.civil().0), 2) == 29 { 366 } else { 365 }
    }

    /// Reads `YYYY-MM-DD`.
    ///
    /// # Errors
    /// Any other form, or no such day.
    pub fn parse(text: &str) -> Result<Self, DateError> {
        let bytes = text.as_bytes();
        if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
            return Err(DateError);
        }
        let number = |range: std::ops::Range<usize>| {
            bytes[range]
                .iter()
                .try_fold(0, |n: i32, b| b.is_ascii_digit().then(|| n * 10 + i32::from(b - b'0')))
        };
        let parts = (number(0..4), number(5..7), number(8..10));
        let (Some(year), Some(month), Some(day)) = parts else { return Err(DateError) };
        Self::new(year, month as u8, day as u8).ok_or(DateError)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.civil();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer, "a day in a string", Self::parse)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_ladder() {
        for bad in ["", "2026-1-01", "2026-13-01", "2026-02-29", "2026-00-10", "2026/01/01", "x026-01-01"] {
            assert_eq!(Date::parse(bad), Err(DateError), "{bad}");
        }
        for good in ["1970-01-01", "2024-02-29", "0000-01-01", "9999-12-31"] {
            assert_eq!(Date::parse(good).unwrap().to_string(), good);
        }
        assert_eq!(Date::parse("1970-01-02").unwrap().days(), 1);
    }

    #[test]
    fn a_month_later_is_no_later_than_its_last_day() {
        let day = |text| Date::parse(text).unwrap();
        assert_eq!(day("2024-01-31").plus_months(1), day("2024-02-29"));
        assert_eq!(day("2024-01-31").plus_months(13), day("2025-02-28"));
        assert_eq!(day("2024-01-31").plus_months(-2), day("2023-11-30"));
        assert_eq!(day("2023-02-10").month_end(), day("2023-02-28"));
    }

    #[test]
    fn weekends_and_leap_years_are_known() {
        let day = |text| Date::parse(text).unwrap();
        assert!(day("2026-11-21").is_weekend() && day("2026-11-22").is_weekend());
        assert!(!day("2026-11-20").is_weekend() && !day("2026-11-23").is_weekend());
        assert_eq!(["2024-05-01", "2025-05-01", "2100-05-01"].map(|d| day(d).year_length()), [366, 365, 365]);
    }
}
