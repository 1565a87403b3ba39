//! Calendars: which trading day it is and which phase, by the timetable's instants.

use assay_trading_types::{Timestamp, TimetableSet, TradingDay, TradingPhase};
use serde::{Deserialize, Serialize};

/// Where a calendar stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Standing {
    /// The trading day that has begun and not closed; none outside of days.
    pub(crate) date: Option<u32>,
    /// The latest day that has closed; 0 before the first.
    pub(crate) closed: u32,
    pub(crate) phase: TradingPhase,
}

/// Where `timetable` stands at `now`.
pub(crate) fn standing(timetable: &TimetableSet, now: Timestamp) -> Standing {
    let begun = timetable.days.partition_point(|day| begins(day).is_some_and(|at| at <= now));
    let Some(day) = begun.checked_sub(1).map(|n| &timetable.days[n]) else {
        return Standing { date: None, closed: 0, phase: TradingPhase::Closed };
    };
    let phase = phase_of(day, now);
    if phase == TradingPhase::Closed {
        return Standing { date: None, closed: day.date, phase };
    }
    let before = begun.checked_sub(2).map_or(0, |n| timetable.days[n].date);
    Standing { date: Some(day.date), closed: before, phase }
}

fn begins(day: &TradingDay) -> Option<Timestamp> {
    day.phases.first().map(|(at, _)| *at)
}

fn phase_of(day: &TradingDay, now: Timestamp) -> TradingPhase {
    let begun = day.phases.iter().take_while(|(at, _)| *at <= now).last();
    begun.map_or(TradingPhase::Closed, |(_, phase)| *phase)
}

#[cfg(test)]
mod tests {
    use super::*;
    use TradingPhase::{Closed, Continuous, PreOpen};

    #[test]
    fn standing_before_between_in_and_after_days() {
        let at = |n| Timestamp::from_ns(n);
        let day = |date, from| TradingDay {
            date,
            phases: vec![(at(from), PreOpen), (at(from + 10), Continuous), (at(from + 20), Closed)],
        };
        let calendar = assay_trading_types::CalendarId::new("X").unwrap();
        let table = TimetableSet { calendar, zone: "UTC".into(), days: vec![day(20, 100), day(21, 200)] };
        let ladder = [
            (99, None, 0, Closed),
            (100, Some(20), 0, PreOpen),
            (109, Some(20), 0, PreOpen),
            (110, Some(20), 0, Continuous),
            (120, None, 20, Closed),
            (199, None, 20, Closed),
            (200, Some(21), 20, PreOpen),
            (220, None, 21, Closed),
            (900, None, 21, Closed),
        ];
        for (now, date, closed, phase) in ladder {
            assert_eq!(standing(&table, at(now)), Standing { date, closed, phase }, "at {now}");
        }
    }
}
