//! The session's schedule at work: nobody logs on outside it, every interval begins at number 1, its end logs out (T-02 to T-08).

use super::machine::Machine;
use super::state::State;
use super::timers::Timer;
use crate::time::NS_PER_S;
use crate::{Close, Handler, Notice, Now, ResetReason};

/// A boundary is looked for again after this long at the latest: the wall clock may have been set meanwhile (T-09).
const LOOK_AGAIN_S: u64 = 60;

/// Where the session stands in its schedule.
#[derive(Debug, Default)]
pub(super) struct Place {
    /// The interval that the present numbers belong to, by its beginning; unknown of numbers that were never used.
    numbers_of: Option<i64>,
    /// When a session that is always open is reset next.
    roll_over_ns: Option<i64>,
    /// The Logout for the end of the interval was started.
    ending: bool,
}

impl Machine {
    /// The present numbers were first used at `utc_ns`.
    pub(crate) fn set_began(&mut self, utc_ns: i64) {
        let schedule = self.config.schedule.as_ref();
        self.place.numbers_of = schedule.and_then(|s| s.last_begun(utc_ns)).map(|interval| interval.start_ns);
    }

    /// Whether a connection may be taken up now; numbers of an interval that is over begin again (T-04).
    pub(super) fn enter_hours<H: Handler>(&mut self, now: Now, handler: &mut H) -> bool {
        self.place.ending = false;
        let Some(schedule) = &self.config.schedule else { return true };
        let Some(interval) = schedule.interval_at(now.utc_ns) else { return false };
        self.place.roll_over_ns = schedule.next_roll_over(now.utc_ns);
        let belongs = self.place.numbers_of.is_none_or(|of| of == interval.start_ns);
        self.place.numbers_of = Some(interval.start_ns);
        if !belongs {
            self.reset_numbers(ResetReason::Schedule, handler);
        }
        self.watch_hours(now);
        true
    }

    /// Whether a new logon is taken now (T-02, T-08).
    pub(super) fn takes_logon(&self, now: Now) -> bool {
        self.config.schedule.as_ref().is_none_or(|schedule| schedule.takes_logon(now.utc_ns))
    }

    fn watch_hours(&mut self, now: Now) {
        let Some(schedule) = &self.config.schedule else { return };
        let next_ns = match self.place.roll_over_ns {
            Some(at_ns) => Some(at_ns),
            None => schedule.next_boundary(now.utc_ns),
        };
        let Some(next_ns) = next_ns else { return };
        let wait_ns = u64::try_from(next_ns.saturating_sub(now.utc_ns)).unwrap_or(0);
        self.timers.set(Timer::Schedule, now.mono_ns + wait_ns.min(LOOK_AGAIN_S * NS_PER_S));
    }

    /// A boundary may have passed.
    pub(super) fn hours_due<H: Handler>(&mut self, now: Now, handler: &mut H) {
        let Some(schedule) = &self.config.schedule else { return };
        if self.place.roll_over_ns.is_some_and(|at_ns| at_ns <= now.utc_ns) {
            self.place.roll_over_ns = schedule.next_roll_over(now.utc_ns);
            self.roll_over(now, handler);
            return self.watch_hours(now);
        }
        let interval = schedule.interval_at(now.utc_ns).map(|interval| interval.start_ns);
        if interval.is_some() && interval == self.place.numbers_of {
            return self.watch_hours(now);
        }
        self.hours_over(now, handler);
    }

    /// T-03.
    fn hours_over<H: Handler>(&mut self, now: Now, handler: &mut H) {
        if std::mem::replace(&mut self.place.ending, true) {
            return;
        }
        handler.notice(Notice::Warning("The session's interval is over"));
        match self.state {
            State::LoggedOn(_) => self.logout(now, "Session schedule ended", handler),
            State::AwaitingLogon => self.close(Close::Silent, handler),
            State::AwaitingAnswer(_) => self.close(Close::Flush, handler),
            State::Disconnected | State::Ending | State::Lingering | State::Closed => {}
        }
    }
}
