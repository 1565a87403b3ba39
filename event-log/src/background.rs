//! A thread whose work may come later: it runs on idle cores and rests while records pour in.

use crate::port::EventLog;
use std::time::{Duration, Instant};
use thread_priority::{
    NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy, set_thread_priority_and_policy,
    thread_native_id,
};

/// Flow above which such a thread rests between transactions. Rows take ten times the bytes of the records, and what is
/// written and synced elsewhere on the disk delays the log's own syncs, whoever has the cores. How far it lags is
/// bounded by the log alone, from which it catches up when the rush is over.
const BUSY_RECORDS_PER_S_AND_CORE: f64 = 12_500.0;

/// Shortest time over which flow is judged: a burst of one read is none.
const FLOW_WINDOW: Duration = Duration::from_millis(100);

/// A rest, in steps between which a stop is noticed: two seconds, some fifty times what a transaction takes.
const REST_STEPS: u32 = 20;
const REST_STEP: Duration = Duration::from_millis(100);

/// Keeps the calling thread behind orders, which cannot wait.
#[derive(Debug)]
pub struct Background {
    at: Instant,
    end: u64,
    busy_records_per_s: f64,
}

#[allow(clippy::disallowed_methods, reason = "a driver: it paces a thread")]
impl Background {
    /// Has this thread run only where no other wants the core. Where the system refuses, nothing is lost but speed; then
    /// `what` it is stands in the program's log.
    pub fn begin(what: &str, log: &dyn EventLog) -> Self {
        let idle = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
        if let Err(error) = set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, idle) {
            tracing::info!(?error, "the {what} runs at its process's priority");
        }
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let busy_records_per_s = BUSY_RECORDS_PER_S_AND_CORE * cores as f64;
        Self { at: Instant::now(), end: log.durable().0, busy_records_per_s }
    }

    /// Rests when more arrived of late than the work may go on beside; less long when `halted` says so.
    pub fn rest_while_busy(&mut self, log: &dyn EventLog, halted: &dyn Fn() -> bool) {
        if self.is_busy(log.durable().0, Instant::now()) {
            (0..REST_STEPS).take_while(|_| !halted()).for_each(|_| std::thread::sleep(REST_STEP));
        }
    }

    fn is_busy(&mut self, end: u64, now: Instant) -> bool {
        let passed = now.duration_since(self.at);
        if passed < FLOW_WINDOW {
            return false;
        }
        let arrived = end - self.end;
        (self.at, self.end) = (now, end);
        arrived as f64 > self.busy_records_per_s * passed.as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flow_is_judged_over_a_window_and_against_the_cores() {
        #[allow(clippy::disallowed_methods, reason = "a starting point to count from")]
        let begin = Instant::now();
        let mut thread = Background { at: begin, end: 0, busy_records_per_s: 1_000.0 };
        let after = |ms| begin + Duration::from_millis(ms);
        assert!(!thread.is_busy(1_000_000, after(99)), "one burst is no flow");
        assert!(thread.is_busy(101, after(100)));
        assert!(!thread.is_busy(201, after(200)), "as many as it may go on beside");
        assert!(thread.is_busy(302, after(300)));
        assert!(!thread.is_busy(302, after(400)));
    }
}
