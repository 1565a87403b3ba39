//! Where the time of day comes from.

use std::time::{SystemTime, UNIX_EPOCH};

/// A reading of the time of day, in nanoseconds UTC since 1970. The machine's, unless whoever starts a gateway has reason
/// to give another: a drill makes it jump.
#[derive(Debug, Clone, Copy)]
pub struct WallClock(pub fn() -> i64);

impl WallClock {
    /// Now.
    pub fn now_ns(self) -> i64 {
        self.0()
    }
}

impl Default for WallClock {
    fn default() -> Self {
        Self(machine_time_ns)
    }
}

#[allow(clippy::disallowed_methods, reason = "the driver is where time enters")]
fn machine_time_ns() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_nanos() as i64)
}
