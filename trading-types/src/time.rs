//! UTC nanoseconds since 1970. Drivers read the clock; everything else is handed one of these.

use serde::{Deserialize, Serialize};

/// UTC nanoseconds since 1970-01-01. JSON: an integer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Timestamp(i64);

/// A text that is no UTCTIMESTAMP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not YYYYMMDD-HH:MM:SS with 0, 3, 6, 9 or 12 decimals")]
pub struct TimeError;

const NS_PER_S: i64 = 1_000_000_000;
const S_PER_DAY: i64 = 86_400;

impl Timestamp {
    /// From UTC nanoseconds since 1970.
    pub const fn from_ns(ns: i64) -> Self {
        Self(ns)
    }

    /// UTC nanoseconds since 1970.
    pub const fn as_ns(&self) -> i64 {
        self.0
    }

    /// Later by `ns`, holding at the end of time.
    pub const fn plus_ns(self, ns: i64) -> Self {
        Self(self.0.saturating_add(ns))
    }

    /// `self - earlier` in nanoseconds.
    pub const fn since_ns(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Days since 1970-01-01, the trading day of a 24x7 UTC calendar.
    pub const fn day(&self) -> i64 {
        self.0.div_euclid(NS_PER_S * S_PER_DAY)
    }

    /// Appends a FIX UTCTIMESTAMP with `decimals` (0, 3, 6 or 9) digits of the second.
    pub fn write_fix(&self, decimals: u32, out: &mut Vec<u8>) {
        let seconds = self.0.div_euclid(NS_PER_S);
        let (year, month, day) = civil_from_days(seconds.div_euclid(S_PER_DAY));
        let in_day = seconds.rem_euclid(S_PER_DAY) as u64;
        push_digits(out, year as u64, 4);
        push_digits(out, month, 2);
        push_digits(out, day, 2);
        out.push(b'-');
        push_digits(out, in_day / 3600, 2);
        out.push(b':');
        push_digits(out, in_day / 60 % 60, 2);
        out.push(b':');
        push_digits(out, in_day % 60, 2);
        if decimals > 0 {
            out.push(b'.');
            let nanos = self.0.rem_euclid(NS_PER_S) as u64;
            push_digits(out, nanos / 10u64.pow(9 - decimals.min(9)), decimals.min(9) as usize);
        }
    }

    /// Reads a FIX UTCTIMESTAMP: `YYYYMMDD-HH:MM:SS` with 0, 3, 6, 9 or 12 decimals, `:60` allowed (V-09).
    ///
    /// # Errors
    /// Any other form.
    pub fn parse_fix(text: &[u8]) -> Result<Self, TimeError> {
        if text.len() < 17 || text[8] != b'-' || text[11] != b':' || text[14] != b':' {
            return Err(TimeError);
        }
        let year = digits(&text[0..4])?;
        let month = digits(&text[4..6])?;
        let day = digits(&text[6..8])?;
        let (hour, minute, second) = (digits(&text[9..11])?, digits(&text[12..14])?, digits(&text[15..17])?);
        if !(1..=12).contains(&month) || day < 1 || day > days_in_month(year, month) {
            return Err(TimeError);
        }
        if hour > 23 || minute > 59 || second > 60 {
            return Err(TimeError);
        }
        let nanos = match &text[17..] {
            [] => 0,
            [b'.', fraction @ ..] if matches!(fraction.len(), 3 | 6 | 9 | 12) => {
                let shown = digits(&fraction[..fraction.len().min(9)])?;
                digits(&fraction[fraction.len().min(9)..])?;
                shown * 10_i64.pow(9 - fraction.len().min(9) as u32)
            }
            _ => return Err(TimeError),
        };
        let seconds = days_from_civil(year, month, day) * S_PER_DAY + hour * 3600 + minute * 60 + second;
        seconds.checked_mul(NS_PER_S).and_then(|ns| ns.checked_add(nanos)).map(Self).ok_or(TimeError)
    }
}

impl std::fmt::Display for Timestamp {
    /// RFC 3339 with nanoseconds, UTC.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let seconds = self.0.div_euclid(NS_PER_S);
        let (year, month, day) = civil_from_days(seconds.div_euclid(S_PER_DAY));
        let in_day = seconds.rem_euclid(S_PER_DAY);
        let (hour, minute, second) = (in_day / 3600, in_day / 60 % 60, in_day % 60);
        let nanos = self.0.rem_euclid(NS_PER_S);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{nanos:09}Z")
    }
}

fn digits(text: &[u8]) -> Result<i64, TimeError> {
    text.iter().try_fold(0i64, |n, b| match b {
        b'0'..=b'9' => Ok(n * 10 + i64::from(b - b'0')),
        _ => Err(TimeError),
    })
}

fn push_digits(out: &mut Vec<u8>, value: u64, width: usize) {
    let mut text = [b'0'; 20];
    let mut rest = value;
    for digit in text[..width].iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    out.extend_from_slice(&text[..width]);
}

pub(crate) fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 of a Gregorian date, by counting 400-year eras from March (H. Hinnant, "chrono-Compatible
/// Low-Level Date Algorithms").
pub(crate) fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let year_of_era = y.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

pub(crate) fn civil_from_days(days: i64) -> (i64, u64, u64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let mp = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * mp + 2) / 5 + 1) as u64;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month as u64, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fix(t: Timestamp, decimals: u32) -> String {
        let mut out = Vec::new();
        t.write_fix(decimals, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn fix_times_round_trip() {
        for text in [
            "20261121-09:30:00.000",
            "20240229-23:59:59.123",
            "19700101-00:00:00.000",
            "20000301-12:00:00.001",
        ] {
            assert_eq!(fix(Timestamp::parse_fix(text.as_bytes()).unwrap(), 3), text);
        }
        assert_eq!(Timestamp::parse_fix(b"20261121-09:30:00").unwrap().as_ns(), 1_795_253_400_000_000_000);
    }

    #[test]
    fn fix_time_ladder() {
        for bad in [
            "",
            "20261121",
            "20261121 09:30:00",
            "20261321-09:30:00",
            "20260230-09:30:00",
            "20261121-24:00:00",
            "20261121-09:60:00",
            "20261121-09:30:61",
            "20261121-09:30:00.",
            "20261121-09:30:00.1",
            "20261121-09:30:00.0000",
            "2026112x-09:30:00",
            "20261121-09:30:00Z",
        ] {
            assert_eq!(Timestamp::parse_fix(bad.as_bytes()), Err(TimeError), "{bad}");
        }
        assert!(Timestamp::parse_fix(b"20261231-23:59:60").is_ok());
        assert!(Timestamp::parse_fix(b"20261121-09:30:00.123456789012").is_ok());
    }
}
