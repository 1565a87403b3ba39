//! Reports that the node makes by itself, and of which spans of time.

use super::form::Form;
use super::report::{Narrowing, Report, found};
use assay_trading_types::{Date, FirmId, Timestamp};

/// Spans that are made up for after a standstill, a year of days; what is older is asked for by hand.
const MADE_UP_MAX: usize = 366;

/// The first Monday since 1970-01-01, which was a Thursday, in days.
const FIRST_MONDAY: i32 = 4;

/// How often a report is made: of each whole span, once it is over. UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Every {
    /// Of each day.
    Day,
    /// Of each week, from Monday on.
    Week,
    /// Of each month.
    Month,
    /// Of each quarter, from January, April, July and October on.
    Quarter,
}

impl Every {
    /// First day of the span that a day is in.
    fn begin_of(self, day: Date) -> Date {
        let (year, month, _) = day.civil();
        let first_of = |month: u8| Date::new(year, month, 1).unwrap_or(day);
        match self {
            Self::Day => day,
            Self::Week => day.plus_days(-(day.days() - FIRST_MONDAY).rem_euclid(7)),
            Self::Month => first_of(month),
            Self::Quarter => first_of((month - 1) / 3 * 3 + 1),
        }
    }

    /// First day of the span before one that begins on `day`.
    fn before(self, day: Date) -> Date {
        self.begin_of(day.plus_days(-1))
    }
}

/// A report that is made by itself and delivered to a directory.
#[derive(Debug, Clone)]
pub struct ReportSchedule {
    /// Its name, which its files begin with.
    pub(crate) name: String,
    pub(crate) report: &'static Report,
    pub(crate) every: Every,
    pub(crate) form: Form,
    pub(crate) firm: Option<FirmId>,
}

impl std::fmt::Debug for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl ReportSchedule {
    /// A report by the names of it and of its form.
    ///
    /// # Errors
    /// The key at fault, and why.
    pub fn new(
        name: &str,
        report: &str,
        every: Every,
        format: &str,
        firm: Option<FirmId>,
    ) -> Result<Self, (&'static str, String)> {
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if name.is_empty() || name.len() > 64 || !name.chars().all(is_name) {
            return Err(("name", "must be 1 to 64 of a-z, 0-9 and -".to_owned()));
        }
        let report = found(report).ok_or_else(|| ("report", format!("there is no report {report}")))?;
        let form = Form::of(report, format)
            .ok_or_else(|| ("format", format!("{} has no form {format}", report.name)))?;
        if firm.is_some() && !report.takes.contains(&Narrowing::Firm) {
            return Err(("firm", format!("does not narrow {}", report.name)));
        }
        Ok(Self { name: name.to_owned(), report, every, form, firm })
    }

    /// Spans that are over and not delivered, the oldest first: the last one, and those before it back to one that is.
    pub(crate) fn missing(
        &self,
        now: Timestamp,
        is_delivered: impl Fn((Timestamp, Timestamp)) -> bool,
    ) -> Vec<(Timestamp, Timestamp)> {
        let mut end = self.every.begin_of(Date::of(now));
        let mut missing = Vec::new();
        while missing.len() < MADE_UP_MAX {
            let begin = self.every.before(end);
            let span = (begin.start(), end.start());
            if is_delivered(span) {
                missing.reverse();
                return missing;
            }
            missing.push(span);
            end = begin;
        }
        // Never delivered before: it begins with the span that is just over.
        missing.truncate(1);
        missing
    }

    /// Name of the file of a span.
    pub(crate) fn file(&self, from: Timestamp) -> String {
        format!("{}-{}.{}", self.name, Date::of(from), self.form.extension())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        Date::parse(text).unwrap()
    }

    fn schedule(every: Every) -> ReportSchedule {
        ReportSchedule::new("x", "journal", every, "csv", None).unwrap()
    }

    #[test]
    fn spans_begin_where_calendars_say() {
        for (every, begin, before) in [
            (Every::Day, "2026-11-21", "2026-11-20"),
            (Every::Week, "2026-11-16", "2026-11-09"),
            (Every::Month, "2026-11-01", "2026-10-01"),
            (Every::Quarter, "2026-10-01", "2026-07-01"),
        ] {
            assert_eq!(every.begin_of(day("2026-11-21")), day(begin));
            assert_eq!(every.before(day(begin)), day(before));
        }
        assert_eq!(Every::Week.begin_of(day("2026-11-23")), day("2026-11-23"), "a Monday");
        assert_eq!(Every::Quarter.before(day("2026-01-01")), day("2025-10-01"));
    }

    #[test]
    fn a_new_schedule_begins_with_the_last_span_and_one_that_stood_still_makes_up() {
        let now = day("2026-11-21").start().plus_ns(1);
        let spans = |delivered: Option<&str>| -> Vec<String> {
            let until = delivered.map(|text| day(text).start());
            let missing = schedule(Every::Day).missing(now, |(from, _)| Some(from) == until);
            missing.iter().map(|(from, _)| Date::of(*from).to_string()).collect()
        };
        assert_eq!(spans(None), ["2026-11-20"]);
        assert_eq!(spans(Some("2026-11-20")), [""; 0]);
        assert_eq!(spans(Some("2026-11-17")), ["2026-11-18", "2026-11-19", "2026-11-20"]);
        let quarter = schedule(Every::Quarter).missing(now, |_| false);
        assert_eq!(quarter, [(day("2026-07-01").start(), day("2026-10-01").start())]);
    }

    #[test]
    fn what_cannot_be_made_is_no_schedule() {
        let fault = |name, report, format, firm: Option<&str>| {
            let firm = firm.map(|firm| firm.parse().unwrap());
            ReportSchedule::new(name, report, Every::Day, format, firm).map(drop).map_err(|(key, _)| key)
        };
        assert_eq!(fault("a/b", "journal", "csv", None), Err("name"));
        assert_eq!(fault("a", "none", "csv", None), Err("report"));
        assert_eq!(fault("a", "fees", "ledger", None), Err("format"));
        assert_eq!(fault("a", "journal", "csv", Some("FIRM1")), Err("firm"));
        assert_eq!(fault("a", "journal", "beancount", None), Ok(()));
    }
}
