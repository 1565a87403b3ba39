//! Due dates: how often, and where they go when nobody works.

use crate::Date;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Due dates a schedule may have: 40 years of months, or a year and more of days.
pub const DUE_DATES_MAX: usize = 480;

/// Days that a due date is moved at most before it stays where it is: no calendar is closed for a month.
const SHIFT_DAYS_MAX: i32 = 31;

/// How often something falls due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cycle {
    /// Once, at maturity.
    Once,
    /// Every so many days, at least one.
    Days(u16),
    /// Every so many months, at least one, on the day of the month of the first, or the last day of a shorter month.
    Months(u16),
    /// Every so many months, at least one, on the last day of the month if the first is one.
    MonthEnds(u16),
}

/// What to do with a period shorter than the cycle before maturity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stub {
    /// It stands by itself.
    #[default]
    Short,
    /// It is joined with the period before.
    Long,
}

/// Where a due date goes that is no business day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shift {
    /// Nowhere.
    #[default]
    None,
    /// To the next business day.
    Following,
    /// To the next business day unless that is in another month, else the one before.
    ModifiedFollowing,
    /// To the business day before.
    Preceding,
    /// To the business day before unless that is in another month, else the next one.
    ModifiedPreceding,
}

/// Which days are business days and what follows from it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct BusinessDays {
    /// Where due dates go.
    #[serde(default)]
    pub shift: Shift,
    /// Whether interest runs to the shifted date; otherwise only the payment moves.
    #[serde(default)]
    pub interest_moves: bool,
    /// Days without business besides Saturdays and Sundays.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub holidays: BTreeSet<Date>,
}

impl BusinessDays {
    /// Whether business is done that day.
    pub fn is_open(&self, date: Date) -> bool {
        !date.is_weekend() && !self.holidays.contains(&date)
    }

    /// Where a due date goes.
    pub fn shifted(&self, date: Date) -> Date {
        let (step, within_month) = match self.shift {
            Shift::None => return date,
            Shift::Following => (1, false),
            Shift::ModifiedFollowing => (1, true),
            Shift::Preceding => (-1, false),
            Shift::ModifiedPreceding => (-1, true),
        };
        let shifted = self.nearest(date, step);
        if within_month && shifted.month_end() != date.month_end() {
            self.nearest(date, -step)
        } else {
            shifted
        }
    }

    /// The day up to which interest runs that falls due on `date`.
    pub fn interest_until(&self, date: Date) -> Date {
        if self.interest_moves { self.shifted(date) } else { date }
    }

    fn nearest(&self, date: Date, step: i32) -> Date {
        (0..=SHIFT_DAYS_MAX).map(|n| date.plus_days(n * step)).find(|day| self.is_open(*day)).unwrap_or(date)
    }
}

impl Cycle {
    /// Due dates counted from `anchor`, those after `start` up to `maturity`, which is the last one, before any shift.
    /// Nothing if they are more than [`DUE_DATES_MAX`], the cycle is zero or maturity is not after the start.
    pub fn due_dates(self, anchor: Date, start: Date, maturity: Date, stub: Stub) -> Option<Vec<Date>> {
        if start >= maturity || matches!(self, Self::Days(0) | Self::Months(0) | Self::MonthEnds(0)) {
            return None;
        }
        if self == Self::Once {
            return Some(vec![maturity]);
        }
        let all = (0..=DUE_DATES_MAX as i32).map(|n| self.nth_after(anchor, n));
        let mut dates: Vec<Date> = all.take_while(|date| *date <= maturity).collect();
        if dates.len() > DUE_DATES_MAX {
            return None;
        }
        let on_cycle = dates.pop_if(|last| *last == maturity).is_some();
        dates.retain(|date| *date > start);
        if stub == Stub::Long && !on_cycle {
            dates.pop();
        }
        dates.push(maturity);
        Some(dates)
    }

    fn nth_after(self, first: Date, n: i32) -> Date {
        match self {
            Self::Once => first,
            Self::Days(days) => first.plus_days(n * i32::from(days)),
            Self::Months(months) => first.plus_months(n * i32::from(months)),
            Self::MonthEnds(months) => {
                let date = first.plus_months(n * i32::from(months));
                if first == first.month_end() { date.month_end() } else { date }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        Date::parse(text).unwrap()
    }

    #[test]
    fn a_due_date_on_a_day_without_business_goes_where_the_convention_says() {
        let shifted = |shift, date| {
            let holidays = BTreeSet::from([day("2024-12-25")]);
            BusinessDays { shift, interest_moves: false, holidays }.shifted(day(date)).to_string()
        };
        let table = [
            ("2024-03-29", ["2024-03-29"; 5]),
            ("2024-06-15", ["2024-06-15", "2024-06-17", "2024-06-17", "2024-06-14", "2024-06-14"]),
            ("2024-06-30", ["2024-06-30", "2024-07-01", "2024-06-28", "2024-06-28", "2024-06-28"]),
            ("2024-06-01", ["2024-06-01", "2024-06-03", "2024-06-03", "2024-05-31", "2024-06-03"]),
            ("2024-12-25", ["2024-12-25", "2024-12-26", "2024-12-26", "2024-12-24", "2024-12-24"]),
        ];
        for (date, expected) in table {
            let all = [
                Shift::None,
                Shift::Following,
                Shift::ModifiedFollowing,
                Shift::Preceding,
                Shift::ModifiedPreceding,
            ];
            assert_eq!(all.map(|shift| shifted(shift, date)), expected, "{date}");
        }
    }

    #[test]
    fn due_dates_keep_the_day_of_the_month_and_end_at_maturity() {
        let dates = |cycle: Cycle, anchor, start, maturity, stub| {
            let dates = cycle.due_dates(day(anchor), day(start), day(maturity), stub)?;
            Some(dates.iter().map(|d| d.to_string()[5..].to_owned()).collect::<Vec<_>>().join(" "))
        };
        let from = |cycle: Cycle, start, maturity, stub| dates(cycle, start, start, maturity, stub);
        let of = |text: &str| Some(text.to_owned());
        let (monthly, ends) = (Cycle::Months(1), Cycle::MonthEnds(1));
        assert_eq!(from(monthly, "2023-01-31", "2023-04-30", Stub::Short), of("02-28 03-31 04-30"));
        assert_eq!(from(monthly, "2023-01-31", "2023-04-10", Stub::Short), of("02-28 03-31 04-10"));
        assert_eq!(from(monthly, "2023-01-31", "2023-04-10", Stub::Long), of("02-28 04-10"));
        assert_eq!(from(monthly, "2023-02-28", "2023-04-28", Stub::Long), of("03-28 04-28"));
        assert_eq!(from(ends, "2023-02-28", "2023-04-30", Stub::Long), of("03-31 04-30"));
        assert_eq!(from(Cycle::Days(10), "2023-01-10", "2023-02-01", Stub::Short), of("01-20 01-30 02-01"));
        assert_eq!(from(Cycle::Once, "2023-01-10", "2023-02-01", Stub::Short), of("02-01"));
        assert_eq!(
            dates(monthly, "2023-02-15", "2023-01-10", "2023-04-15", Stub::Short),
            of("02-15 03-15 04-15"),
            "the first period may be longer or shorter"
        );
        assert_eq!(from(Cycle::Days(0), "2023-01-10", "2023-02-01", Stub::Short), None);
        assert_eq!(from(monthly, "2023-02-01", "2023-02-01", Stub::Short), None);
        assert_eq!(from(Cycle::Days(1), "2023-01-01", "2025-01-01", Stub::Short), None, "too many");
    }
}
