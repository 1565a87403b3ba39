//! All deadlines of a session in one table.

/// What a deadline is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Timer {
    /// A Logon(A), or its answer, is overdue (T-01).
    Logon,
    /// Nothing was sent for the heartbeat interval (H-01).
    Heartbeat,
    /// Nothing was received for long (H-04, H-05).
    Silence,
    /// The answer to our Logout(5), or the peer's close after ours, is overdue (O-01, O-04).
    Logout,
    /// The peer's Logout(5) waits for a gap (O-05).
    LogoutBehindGap,
    /// A ResendRequest(2) of ours made no progress (S-11).
    Resend,
    /// A message was begun and not completed.
    PartialMessage,
    /// The TestRequest(1) before queued messages go out is not answered (L-24).
    Release,
    /// The TestRequest(1) before a reset of ours is not answered (L-17).
    Rollover,
    /// A delayed ResendRequest(2) of the peer may be answered.
    Storm,
    /// The session's interval may be over (T-03).
    Schedule,
}

impl Timer {
    pub(crate) const ALL: [Self; 11] = [
        Self::Logon,
        Self::Heartbeat,
        Self::Silence,
        Self::Logout,
        Self::LogoutBehindGap,
        Self::Resend,
        Self::PartialMessage,
        Self::Release,
        Self::Rollover,
        Self::Storm,
        Self::Schedule,
    ];
}

/// No deadline: later than any clock.
const NEVER: u64 = u64::MAX;

/// Deadlines on the monotonic clock, in nanoseconds, one slot a timer.
#[derive(Debug)]
pub(crate) struct Timers {
    deadlines: [u64; Timer::ALL.len()],
}

impl Timers {
    pub(crate) fn new() -> Self {
        Self { deadlines: [NEVER; Timer::ALL.len()] }
    }

    pub(crate) fn set(&mut self, timer: Timer, deadline_ns: u64) {
        self.deadlines[timer as usize] = deadline_ns;
    }

    pub(crate) fn clear(&mut self, timer: Timer) {
        self.deadlines[timer as usize] = NEVER;
    }

    pub(crate) fn is_set(&self, timer: Timer) -> bool {
        self.deadlines[timer as usize] != NEVER
    }

    pub(crate) fn clear_all(&mut self) {
        *self = Self::new();
    }

    pub(crate) fn next(&self) -> Option<u64> {
        self.deadlines.iter().copied().min().filter(|&at| at != NEVER)
    }

    /// Takes one timer that is due, in the order of the table.
    pub(crate) fn take_due(&mut self, now_ns: u64) -> Option<Timer> {
        let timer =
            Timer::ALL.into_iter().find(|&t| self.deadlines[t as usize] <= now_ns && self.is_set(t))?;
        self.clear(timer);
        Some(timer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn due_timers_are_taken_once_and_the_earliest_is_next() {
        let mut timers = Timers::new();
        assert_eq!(timers.next(), None);
        timers.set(Timer::Silence, 20);
        timers.set(Timer::Heartbeat, 10);
        assert_eq!(timers.next(), Some(10));
        assert_eq!(timers.take_due(9), None);
        assert_eq!(timers.take_due(20), Some(Timer::Heartbeat));
        assert_eq!(timers.take_due(20), Some(Timer::Silence));
        assert_eq!(timers.take_due(20), None);
    }
}
