//! When a user does not want mail that can wait.

use assay_trading_types::{Letter, NoticeKind, Preferences, Timestamp};
use jiff::tz::TimeZone;

/// Whether `letter` waits for the end of the user's quiet minutes. They run from the first to before the second, over midnight
/// where the second is the earlier one. What somebody asked for or must know about the own user goes out at any hour, and so
/// does what somebody has to act on at once.
pub(crate) fn waits(letter: &Letter, preferences: &Preferences, now: Timestamp) -> bool {
    let Letter::Notice { kind, .. } = letter else { return false };
    let Some((from, to)) = preferences.quiet_minutes.filter(|_| !is_urgent(*kind)) else { return false };
    let minute = minute_of_day(&preferences.time_zone, now);
    if from <= to { (from..to).contains(&minute) } else { minute >= from || minute < to }
}

/// Whether there is a time zone of that name.
pub(crate) fn is_time_zone(name: &str) -> bool {
    TimeZone::get(name).is_ok()
}

/// By the clock on the user's wall; by UTC if the zone's name means nothing any more.
fn minute_of_day(zone: &str, now: Timestamp) -> u16 {
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    let instant = jiff::Timestamp::from_nanosecond(i128::from(now.as_ns())).unwrap_or_default();
    let local = instant.to_zoned(zone);
    u16::from(local.hour().unsigned_abs()) * 60 + u16::from(local.minute().unsigned_abs())
}

fn is_urgent(kind: NoticeKind) -> bool {
    use NoticeKind as K;
    matches!(
        kind,
        K::AlertFired
            | K::AlertEscalated
            | K::BreakerTripped
            | K::CollateralLiquidated
            | K::CollateralMarginCall
            | K::CollateralUnsold
            | K::EmergencyLimits
            | K::Shortfall
            | K::SwitchSet
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asleep(quiet_minutes: Option<(u16, u16)>, zone: &str, at: &str, kind: NoticeKind) -> bool {
        let preferences = Preferences { quiet_minutes, time_zone: zone.to_owned(), ..Preferences::default() };
        let at: jiff::Timestamp = at.parse().unwrap();
        let now = Timestamp::from_ns(i64::try_from(at.as_nanosecond()).unwrap());
        waits(&Letter::Notice { kind, about: String::new() }, &preferences, now)
    }

    #[test]
    fn the_hours_are_those_of_the_wall_and_go_over_midnight() {
        let night = |zone: &str, at: &str| asleep(Some((1320, 420)), zone, at, NoticeKind::LoanRepaid);
        assert!(!night("UTC", "2026-11-21T21:59:59Z"));
        assert!(night("UTC", "2026-11-21T22:00:00Z"));
        assert!(night("UTC", "2026-11-22T06:59:59Z"));
        assert!(!night("UTC", "2026-11-22T07:00:00Z"));
        // Johannesburg is two hours ahead; New York is an hour nearer in summer than in winter.
        assert!(night("Africa/Johannesburg", "2026-11-21T20:00:00Z"));
        assert!(!night("Africa/Johannesburg", "2026-11-22T05:00:00Z"));
        assert!(!night("America/New_York", "2026-12-01T02:30:00Z"));
        assert!(night("America/New_York", "2026-07-01T02:30:00Z"));
        assert!(night("no such zone", "2026-11-21T22:00:00Z"), "UTC then");
    }

    #[test]
    fn without_hours_or_with_what_cannot_wait_nothing_waits() {
        let at = "2026-11-21T12:00:00Z";
        let day = Some((0, 1439));
        assert!(asleep(day, "UTC", at, NoticeKind::DepositCompleted));
        assert!(!asleep(None, "UTC", at, NoticeKind::DepositCompleted));
        assert!(!asleep(Some((720, 720)), "UTC", at, NoticeKind::DepositCompleted), "no minute at all");
        assert!(!asleep(day, "UTC", at, NoticeKind::CollateralMarginCall));
        assert!(!asleep(day, "UTC", at, NoticeKind::CollateralUnsold));
        let preferences = Preferences { quiet_minutes: day, ..Preferences::default() };
        assert!(!waits(&Letter::PasswordChanged, &preferences, Timestamp::from_ns(0)));
    }
}
