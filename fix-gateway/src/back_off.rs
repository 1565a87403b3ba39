//! Failed logons and what they cost the address and the session that fail (C-09).

use rustc_hash::FxHashMap;
use std::net::IpAddr;

/// Addresses and sessions remembered; beyond it the one quiet for longest is forgotten, so that a network of attackers
/// costs bounded memory.
const REMEMBERED_MAX: usize = 4_096;

/// Failures that are tolerated, and the wait after them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackOffLimits {
    /// Failed logons within the window that start a wait.
    pub failures_max: u32,
    /// The window, in milliseconds.
    pub window_ms: u64,
    /// The first wait, in milliseconds; each further one is twice as long.
    pub first_ms: u64,
    /// The longest wait, in milliseconds.
    pub longest_ms: u64,
}

impl Default for BackOffLimits {
    fn default() -> Self {
        Self { failures_max: 5, window_ms: 60_000, first_ms: 15_000, longest_ms: 300_000 }
    }
}

/// Who fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Source {
    /// An address; of IPv6 the network of 64 bits, since one host has all of it.
    Address(IpAddr),
    /// A session, by its place in the configuration: somebody who may use it fails to prove it.
    Session(usize),
}

impl Source {
    pub(crate) fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V6(v6) => Self::Address(IpAddr::V6((v6.to_bits() >> 64 << 64).into())),
            v4 => Self::Address(v4),
        }
    }
}

/// Failures by source. Times are milliseconds on the monotonic clock.
#[derive(Debug, Default)]
pub(crate) struct BackOff {
    limits: BackOffLimits,
    failing: FxHashMap<Source, Failing>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Failing {
    /// Start of the window.
    since_ms: u64,
    count: u32,
    /// Waits so far.
    waits: u32,
    until_ms: u64,
    last_ms: u64,
}

impl BackOff {
    pub(crate) fn new(limits: BackOffLimits) -> Self {
        Self { limits, failing: FxHashMap::default() }
    }

    /// Whether `source` has to wait.
    pub(crate) fn bars(&self, source: Source, now_ms: u64) -> bool {
        self.failing.get(&source).is_some_and(|failing| now_ms < failing.until_ms)
    }

    /// A logon failed. Returns the wait that this starts, in milliseconds.
    pub(crate) fn failed(&mut self, source: Source, now_ms: u64) -> Option<u64> {
        self.make_room(source);
        let limits = self.limits;
        let failing = self.failing.entry(source).or_default();
        if now_ms.saturating_sub(failing.last_ms) > limits.longest_ms + limits.window_ms {
            *failing = Failing::default();
        }
        if failing.count == 0 || now_ms.saturating_sub(failing.since_ms) > limits.window_ms {
            (failing.since_ms, failing.count) = (now_ms, 0);
        }
        failing.last_ms = now_ms;
        failing.count += 1;
        if failing.count < limits.failures_max {
            return None;
        }
        let doubled = 1u64.checked_shl(failing.waits).and_then(|factor| limits.first_ms.checked_mul(factor));
        let wait_ms = doubled.unwrap_or(u64::MAX).min(limits.longest_ms);
        failing.waits = failing.waits.saturating_add(1).min(63);
        failing.count = 0;
        failing.until_ms = now_ms.saturating_add(wait_ms);
        Some(wait_ms)
    }

    /// `source` proved itself: what it failed before is forgotten.
    pub(crate) fn succeeded(&mut self, source: Source) {
        self.failing.remove(&source);
    }

    fn make_room(&mut self, source: Source) {
        if self.failing.len() < REMEMBERED_MAX || self.failing.contains_key(&source) {
            return;
        }
        if let Some(quietest) = self.failing.iter().min_by_key(|(_, f)| f.last_ms).map(|(s, _)| *s) {
            self.failing.remove(&quietest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: Source = Source::Session(0);

    fn fail(back_off: &mut BackOff, times: u32, now_ms: u64) -> Option<u64> {
        (0..times).map(|_| back_off.failed(PEER, now_ms)).last().flatten()
    }

    #[test]
    fn c_09_the_fifth_failure_in_a_minute_waits_15_s_doubling_to_5_min() {
        let mut back_off = BackOff::default();
        assert_eq!(fail(&mut back_off, 4, 0), None);
        assert!(!back_off.bars(PEER, 0));
        assert_eq!(fail(&mut back_off, 1, 59_000), Some(15_000));
        assert!(back_off.bars(PEER, 73_999));
        assert!(!back_off.bars(PEER, 74_000));
        assert!(!back_off.bars(Source::Session(1), 59_000), "others are not affected");
        let waits: Vec<_> = (0..6).map(|i| fail(&mut back_off, 5, 80_000 + i).unwrap()).collect();
        assert_eq!(waits, [30_000, 60_000, 120_000, 240_000, 300_000, 300_000]);
    }

    #[test]
    fn c_09_failures_spread_over_more_than_a_minute_do_not_add_up() {
        let mut back_off = BackOff::default();
        for minute in 0..20 {
            assert_eq!(fail(&mut back_off, 4, minute * 61_000), None, "minute {minute}");
        }
    }

    #[test]
    fn c_09_success_and_long_silence_begin_anew() {
        let mut back_off = BackOff::default();
        assert_eq!(fail(&mut back_off, 5, 0), Some(15_000));
        back_off.succeeded(PEER);
        assert!(!back_off.bars(PEER, 1));
        assert_eq!(fail(&mut back_off, 5, 1), Some(15_000));
        assert_eq!(fail(&mut back_off, 5, 400_000), Some(15_000));
    }

    #[test]
    fn an_ipv6_host_fails_as_its_network() {
        let of = |text: &str| Source::of(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:10.0.0.1"), of("10.0.0.1"));
        assert_ne!(of("10.0.0.1"), of("10.0.0.2"));
    }

    #[test]
    fn memory_is_bounded_and_the_busiest_are_remembered() {
        let mut back_off = BackOff::default();
        fail(&mut back_off, 5, 1_000_000);
        for i in 0..2 * REMEMBERED_MAX {
            back_off.failed(Source::Session(1 + i), i as u64);
        }
        assert!(back_off.failing.len() <= REMEMBERED_MAX);
        assert!(back_off.bars(PEER, 1_000_001));
    }
}
