//! What happens when a deadline passes.

use super::machine::Machine;
use super::state::State;
use super::timers::Timer;
use crate::{Close, Handler, Notice, Now};

impl Machine {
    pub(crate) fn timeout<H: Handler>(&mut self, now: Now, handler: &mut H) {
        // Each timer once: a handler of one may set another that is due, which then waits for the next call.
        let mut left = Timer::ALL.len();
        while left > 0
            && let Some(timer) = self.timers.take_due(now.mono_ns)
        {
            self.due(now, timer, handler);
            left -= 1;
        }
    }

    fn due<H: Handler>(&mut self, now: Now, timer: Timer, handler: &mut H) {
        match timer {
            Timer::Logon => self.logon_overdue(handler),
            Timer::Heartbeat => self.heartbeat_due(now, handler),
            Timer::Silence => self.silence_due(now, handler),
            Timer::Logout => self.logout_overdue(handler),
            Timer::LogoutBehindGap => self.answer_logout(now, handler),
            Timer::Resend => self.resend_overdue(now, handler),
            Timer::Rollover => self.rollover_overdue(now, handler),
            Timer::Storm => self.storm_pause_over(now, handler),
            Timer::Schedule => self.hours_due(now, handler),
            Timer::Release => self.release_unconfirmed(handler),
            Timer::PartialMessage => {
                handler.notice(Notice::Fault("Message not completed in time"));
                self.close(Close::Flush, handler);
            }
        }
    }

    /// T-01.
    fn logon_overdue<H: Handler>(&mut self, handler: &mut H) {
        handler.notice(Notice::Warning("No Logon in time"));
        match self.state {
            State::AwaitingLogon => self.close(Close::Silent, handler),
            _ => self.close(Close::Flush, handler),
        }
    }

    /// O-01, O-04.
    fn logout_overdue<H: Handler>(&mut self, handler: &mut H) {
        handler.notice(match self.state {
            State::Lingering => Notice::Warning("The peer did not close after its Logout"),
            _ => Notice::Warning("Logout not answered in time"),
        });
        self.close(Close::Flush, handler);
    }
}
