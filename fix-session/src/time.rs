//! The two clocks of a session, read by the driver and handed in with every call.

/// Nanoseconds in a second.
pub(crate) const NS_PER_S: u64 = 1_000_000_000;

/// One reading of both clocks.
///
/// Timers run on `mono_ns`, so that a step of the wall clock ends no session (rule T-09); `utc_ns` only goes into
/// SendingTime(52) and into the comparison with the peer's (V-08).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Now {
    /// A clock that never goes backwards, in nanoseconds since any fixed instant.
    pub mono_ns: u64,
    /// UTC in nanoseconds since 1970-01-01.
    pub utc_ns: i64,
}

impl Now {
    /// The instant `seconds` later on both clocks.
    pub fn plus_s(self, seconds: u64) -> Self {
        self.plus_ns(seconds * NS_PER_S)
    }

    /// The instant `ns` later on both clocks.
    pub fn plus_ns(self, ns: u64) -> Self {
        Self { mono_ns: self.mono_ns + ns, utc_ns: self.utc_ns + ns as i64 }
    }
}
