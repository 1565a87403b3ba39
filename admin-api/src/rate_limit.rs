//! Budgets of requests an hour, by the generic cell rate algorithm: one timestamp a caller.

use assay_trading_types::Timestamp;
use std::collections::HashMap;

const HOUR_NS: i64 = 3_600_000_000_000;

/// Most callers remembered. Beyond it those whose budget is whole again are forgotten, and if all are under way new
/// ones are refused: an attacker with that many addresses must not make room for itself.
const CALLERS_MAX: usize = 100_000;

/// Requests of all callers.
#[derive(Debug, Default)]
pub(crate) struct RateLimiter {
    /// When the budget of a caller is whole again.
    whole_at: HashMap<String, Timestamp>,
}

/// What a caller has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Allowance {
    /// Requests an hour.
    pub limit: u32,
    /// Requests left now.
    pub remaining: u32,
    /// Seconds until the budget is whole again.
    pub reset_s: u64,
}

impl RateLimiter {
    /// Takes one request of `caller` out of `per_h`.
    ///
    /// # Errors
    /// None is left; the seconds until there is one.
    pub(crate) fn take(&mut self, caller: &str, per_h: u32, now: Timestamp) -> Result<Allowance, u64> {
        let per_h = per_h.max(1);
        let each_ns = HOUR_NS / i64::from(per_h);
        if self.whole_at.len() >= CALLERS_MAX && !self.whole_at.contains_key(caller) {
            self.whole_at.retain(|_, whole| *whole > now);
            if self.whole_at.len() >= CALLERS_MAX {
                return Err(1);
            }
        }
        let whole = self.whole_at.get(caller).copied().unwrap_or(now).max(now);
        let next = whole.plus_ns(each_ns);
        let ahead = next.since_ns(now);
        if ahead > each_ns * i64::from(per_h) {
            let wait = ahead - each_ns * i64::from(per_h);
            return Err(seconds_up(wait));
        }
        self.whole_at.insert(caller.to_owned(), next);
        let used = u32::try_from((ahead + each_ns - 1) / each_ns).unwrap_or(per_h);
        Ok(Allowance { limit: per_h, remaining: per_h - used.min(per_h), reset_s: seconds_up(ahead) })
    }
}

fn seconds_up(ns: i64) -> u64 {
    u64::try_from((ns + 999_999_999) / 1_000_000_000).unwrap_or(0).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: i64) -> Timestamp {
        Timestamp::from_ns(s * 1_000_000_000)
    }

    #[test]
    fn a_budget_is_used_up_and_comes_back_evenly() {
        let mut limiter = RateLimiter::default();
        for n in 0..100 {
            assert_eq!(limiter.take("a", 100, at(0)).unwrap().remaining, 99 - n);
        }
        assert_eq!(limiter.take("a", 100, at(0)), Err(36));
        assert!(limiter.take("b", 100, at(0)).is_ok(), "another caller has its own");
        assert_eq!(limiter.take("a", 100, at(35)), Err(1));
        assert_eq!(limiter.take("a", 100, at(36)).unwrap().remaining, 0);
        assert_eq!(limiter.take("a", 100, at(36 + 3_600)).unwrap().remaining, 99);
    }

    #[test]
    fn a_crowd_of_callers_is_bounded() {
        let mut limiter = RateLimiter::default();
        for n in 0..CALLERS_MAX {
            limiter.take(&n.to_string(), 1, at(0)).unwrap();
        }
        assert!(limiter.take("one more", 1, at(0)).is_err());
        assert!(limiter.take("one more", 1, at(3_601)).is_ok());
        assert_eq!(limiter.whole_at.len(), 1);
    }
}
