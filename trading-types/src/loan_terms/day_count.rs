//! What part of a year lies between two days.

use crate::Date;
use serde::{Deserialize, Serialize};

/// Parts of a year: the least number that 360, 365 and 366 divide, so that a day of any convention is whole parts.
pub const YEAR: i64 = 1_603_080;

/// A convention of counting days, by the names of the ISDA 2006 Definitions, section 4.16.
///
/// Each one counts a difference of one function of the day, so that parts add up over any split of a period. That is why
/// 30/360 is the Eurobond variant (4.16(g), 30E/360): the US one looks at both ends together and does not add up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DayCount {
    /// Days over 365, leap years too (4.16(d)).
    Act365Fixed,
    /// Days over 360 (4.16(e)).
    Act360,
    /// Months of 30 days, the 31st counting as the 30th, over 360 (4.16(g)).
    Thirty360Eurobond,
    /// Days in leap years over 366, others over 365 (4.16(b)).
    ActActIsda,
}

impl DayCount {
    /// The part of a year from `from` to `to`, in parts of [`YEAR`]; negative if `to` is earlier.
    pub fn year_part(self, from: Date, to: Date) -> i64 {
        let days = i64::from(to.days()) - i64::from(from.days());
        match self {
            Self::Act365Fixed => days * (YEAR / 365),
            Self::Act360 => days * (YEAR / 360),
            Self::Thirty360Eurobond => (day_of_30(to) - day_of_30(from)) * (YEAR / 360),
            Self::ActActIsda => part_since_year_0(to) - part_since_year_0(from),
        }
    }
}

/// Days since year 0 if each month had 30.
fn day_of_30(date: Date) -> i64 {
    let (year, month, day) = date.civil();
    i64::from(year) * 360 + i64::from(month) * 30 + i64::from(day.min(30))
}

/// Whole years since year 0 and the part of the running one.
fn part_since_year_0(date: Date) -> i64 {
    let (year, ..) = date.civil();
    let new_year = Date::new(year, 1, 1).expect("every year has its first day");
    let day = i64::from(date.days() - new_year.days());
    i64::from(year) * YEAR + day * (YEAR / i64::from(date.year_length()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(count: DayCount, from: &str, to: &str) -> (i64, i64) {
        let part = count.year_part(Date::parse(from).unwrap(), Date::parse(to).unwrap());
        let divisor = (1..=YEAR).find(|d| part * d % YEAR == 0).unwrap();
        (part * divisor / YEAR, divisor)
    }

    /// The periods of the ISDA memorandum on Actual/Actual day counts (1999) are among these.
    #[test]
    fn parts_of_a_year_as_published() {
        use DayCount::*;
        let table = [
            (Act365Fixed, "2003-11-01", "2004-05-01", (182, 365)),
            (Act360, "2003-11-01", "2004-05-01", (91, 180)),
            (ActActIsda, "2004-05-01", "2004-11-01", (92, 183)),
            (ActActIsda, "1999-02-01", "1999-07-01", (30, 73)),
            (ActActIsda, "1999-07-01", "2000-07-01", (66_887, 66_795)),
            (ActActIsda, "2003-01-01", "2004-01-01", (1, 1)),
            (Thirty360Eurobond, "2007-01-15", "2007-01-30", (1, 24)),
            (Thirty360Eurobond, "2007-09-30", "2007-10-31", (1, 12)),
            (Thirty360Eurobond, "2008-02-29", "2008-03-31", (31, 360)),
            (Thirty360Eurobond, "2006-08-31", "2007-02-28", (89, 180)),
        ];
        for (count, from, to, expected) in table {
            assert_eq!(part(count, from, to), expected, "{count:?} {from} {to}");
        }
    }

    #[test]
    fn parts_add_up_over_every_split() {
        let (from, to) = (Date::parse("2023-11-29").unwrap(), Date::parse("2024-03-02").unwrap());
        for count in
            [DayCount::Act365Fixed, DayCount::Act360, DayCount::Thirty360Eurobond, DayCount::ActActIsda]
        {
            for split in from.days()..=to.days() {
                let split = Date::from_days(split);
                let sum = count.year_part(from, split) + count.year_part(split, to);
                assert_eq!(sum, count.year_part(from, to), "{count:?} at {split}");
            }
        }
    }
}
