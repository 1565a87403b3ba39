//! The inbound throttle of a session in two tiers (rules of engagement, section 9): what is too much is refused, and who
//! keeps at it is logged out. Time is nanoseconds on the monotonic clock.

use assay_trading_types::SessionId;
use rustc_hash::FxHashMap;

const NS_PER_S: u64 = 1_000_000_000;

/// Pairs of account and symbol whose use is remembered. One idle for a second is forgotten when room is needed; a session
/// that uses more than this at once is held by its own rate.
const PAIRS_MAX: usize = 4_096;

/// What a session may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ThrottleLimits {
    /// Weight of messages a second.
    pub per_s: u32,
    /// Weight at once after a pause.
    pub burst: u32,
    /// D and G a second for one account and symbol.
    pub per_symbol_per_s: u32,
    /// Times `per_s` that, kept up for [`EXCESS_S`] seconds, ends the session.
    pub excess_factor: u32,
    /// Refusals in a minute that end the session.
    pub refusals_max: u32,
    /// Time without a logon after that, in milliseconds.
    pub logon_wait_ms: u64,
}

impl Default for ThrottleLimits {
    fn default() -> Self {
        Self {
            per_s: 200,
            burst: 500,
            per_symbol_per_s: 50,
            excess_factor: 5,
            refusals_max: 2_000,
            logon_wait_ms: 15_000,
        }
    }
}

impl ThrottleLimits {
    /// The rules' proportions at another rate: a burst of two and a half seconds.
    pub fn of_rate(per_s: u32) -> Self {
        let burst = (u64::from(per_s) * 5 / 2).clamp(1, u64::from(u32::MAX)) as u32;
        Self { per_s, burst, per_symbol_per_s: (per_s / 4).max(1), ..Self::default() }
    }
}

/// How long the rate of the second tier is measured.
pub const EXCESS_S: u64 = 3;

/// How long refusals are counted.
const REFUSALS_S: u64 = 60;

/// Bytes of a message that count as another one: what it costs the disk.
const BYTES_OF_ONE: usize = 16 << 10;

/// What a message of so many bytes is counted as.
pub(crate) fn weight(msg_type: &[u8], bytes: usize) -> u32 {
    let by_size = (bytes / BYTES_OF_ONE) as u32;
    match msg_type {
        b"F" => 0,
        b"AF" => 10 + by_size,
        b"x" | b"c" | b"AN" => 5 + by_size,
        _ => 1 + by_size,
    }
}

/// A message that is too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooFast {
    /// The limit it is over, a second.
    pub(crate) limit: u32,
    /// When it would pass.
    pub(crate) retry_after_ms: u64,
}

/// Text(58) after its CODE.
impl std::fmt::Display for TooFast {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/1s, retry after {} ms", self.limit, self.retry_after_ms)
    }
}

/// How much of its limits a session uses now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Weight counted and not yet worn off.
    pub used: u32,
    /// What fits at once.
    pub burst: u32,
    /// What wears off a second.
    pub per_s: u32,
    /// Refusals in the last minute.
    pub refusals: u32,
}

/// One session's use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionUsage {
    /// The session.
    pub session: SessionId,
    /// Its use.
    pub usage: Usage,
}

/// The state of one session.
#[derive(Debug)]
pub(crate) struct Throttle {
    limits: ThrottleLimits,
    session: Bucket,
    pairs: FxHashMap<u64, Bucket>,
    inbound: SlidingCount,
    refused: SlidingCount,
    test_requests: OncePerSecond,
    resend_requests: OncePerSecond,
    barred_until_ns: u64,
}

impl Throttle {
    pub(crate) fn new(limits: ThrottleLimits) -> Self {
        Self {
            limits,
            session: Bucket::default(),
            pairs: FxHashMap::default(),
            inbound: SlidingCount::over_s(EXCESS_S),
            refused: SlidingCount::over_s(REFUSALS_S),
            test_requests: OncePerSecond::default(),
            resend_requests: OncePerSecond::default(),
            barred_until_ns: 0,
        }
    }

    /// A message of `weight`; `pair` names its account and symbol when it is an order. A refused one is not counted
    /// against the rate.
    pub(crate) fn take(&mut self, weight: u32, pair: Option<u64>, now_ns: u64) -> Result<(), TooFast> {
        self.inbound.count(now_ns);
        let limits = self.limits;
        let session = self.session.with(weight, limits.per_s, limits.burst, now_ns);
        let pair_limit = limits.per_symbol_per_s;
        let pair = pair.map(|pair| (pair, self.pairs.get(&pair).copied().unwrap_or_default()));
        let used_pair =
            pair.map(|(pair, bucket)| (pair, bucket.with(weight, pair_limit, pair_limit, now_ns)));
        let too_fast = match (session, used_pair) {
            (Err(wait_ns), _) => Some((limits.per_s, wait_ns)),
            (_, Some((_, Err(wait_ns)))) => Some((pair_limit, wait_ns)),
            _ => None,
        };
        if let Some((limit, wait_ns)) = too_fast {
            self.refused.count(now_ns);
            return Err(TooFast { limit, retry_after_ms: wait_ns.div_ceil(1_000_000).max(1) });
        }
        // Both pass: now they count.
        if let Ok(used) = session {
            self.session = used;
        }
        if let Some((pair, Ok(used))) = used_pair {
            self.keep(pair, used, now_ns);
        }
        Ok(())
    }

    /// A message that is counted for the second tier only. One TestRequest(1) and one ResendRequest(2) a second are not
    /// counted at all: whatever the limit, a peer may find out where it stands.
    pub(crate) fn saw(&mut self, msg_type: &[u8], now_ns: u64) {
        let free = match msg_type {
            b"1" => self.test_requests.passes(now_ns),
            b"2" => self.resend_requests.passes(now_ns),
            _ => false,
        };
        if !free {
            self.inbound.count(now_ns);
        }
    }

    fn keep(&mut self, pair: u64, bucket: Bucket, now_ns: u64) {
        if self.pairs.len() >= PAIRS_MAX && !self.pairs.contains_key(&pair) {
            self.pairs.retain(|_, bucket| bucket.full_at_ns > now_ns);
            if self.pairs.len() >= PAIRS_MAX {
                return;
            }
        }
        self.pairs.insert(pair, bucket);
    }

    /// Whether the session is to be ended; if so it may not log on for a while from now.
    pub(crate) fn is_excessive(&mut self, now_ns: u64) -> bool {
        let (limits, most) =
            (self.limits, u64::from(self.limits.per_s) * u64::from(self.limits.excess_factor));
        let excessive = self.inbound.total(now_ns) > most.saturating_mul(EXCESS_S)
            || self.refused.total(now_ns) >= u64::from(limits.refusals_max);
        if excessive {
            self.barred_until_ns = now_ns.saturating_add(limits.logon_wait_ms.saturating_mul(1_000_000));
            self.inbound = SlidingCount::over_s(EXCESS_S);
            self.refused = SlidingCount::over_s(REFUSALS_S);
        }
        excessive
    }

    /// Whether it was ended so lately that it may not log on.
    pub(crate) fn bars_logon(&self, now_ns: u64) -> bool {
        now_ns < self.barred_until_ns
    }

    pub(crate) fn usage(&mut self, now_ns: u64) -> Usage {
        let Self { limits, session, refused, .. } = self;
        let left_ns = session.full_at_ns.saturating_sub(now_ns);
        let used = u128::from(left_ns) * u128::from(limits.per_s) / u128::from(NS_PER_S);
        Usage {
            used: u32::try_from(used).unwrap_or(u32::MAX),
            burst: limits.burst,
            per_s: limits.per_s,
            refusals: u32::try_from(refused.total(now_ns)).unwrap_or(u32::MAX),
        }
    }
}

/// A bucket that leaks at a rate, kept as the one moment when it will be empty.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Bucket {
    full_at_ns: u64,
}

impl Bucket {
    /// The bucket with `weight` more, or how long until it would take it.
    fn with(self, weight: u32, per_s: u32, burst: u32, now_ns: u64) -> Result<Self, u64> {
        let each_ns = |count: u32| u64::from(count).saturating_mul(NS_PER_S) / u64::from(per_s.max(1));
        let full_at_ns = self.full_at_ns.max(now_ns).saturating_add(each_ns(weight));
        // A single message heavier than the burst passes when nothing else is in the bucket.
        let room_ns = each_ns(burst.max(weight));
        match full_at_ns.saturating_sub(now_ns).checked_sub(room_ns) {
            Some(over_ns) if over_ns > 0 && weight > 0 => Err(over_ns),
            _ => Ok(Self { full_at_ns }),
        }
    }
}

/// Lets one thing a second pass.
#[derive(Debug, Default)]
struct OncePerSecond {
    again_at_ns: u64,
}

impl OncePerSecond {
    fn passes(&mut self, now_ns: u64) -> bool {
        let passes = now_ns >= self.again_at_ns;
        if passes {
            self.again_at_ns = now_ns + NS_PER_S;
        }
        passes
    }
}

/// Slices that a sliding count is made of: what is counted is right to one part in so many.
const SLICES: usize = 30;

/// How many things happened lately.
#[derive(Debug)]
struct SlidingCount {
    slice_ns: u64,
    counts: [u64; SLICES],
    /// Slice of the clock that was counted last.
    newest: u64,
    total: u64,
}

impl SlidingCount {
    fn over_s(seconds: u64) -> Self {
        Self { slice_ns: seconds * NS_PER_S / SLICES as u64, counts: [0; SLICES], newest: 0, total: 0 }
    }

    fn count(&mut self, now_ns: u64) {
        self.turn(now_ns);
        self.counts[(self.newest % SLICES as u64) as usize] += 1;
        self.total += 1;
    }

    fn total(&mut self, now_ns: u64) -> u64 {
        self.turn(now_ns);
        self.total
    }

    fn turn(&mut self, now_ns: u64) {
        let slice = (now_ns / self.slice_ns).max(self.newest);
        let gone = (slice - self.newest).min(SLICES as u64);
        for back in 0..gone {
            let at = ((slice - back) % SLICES as u64) as usize;
            self.total -= std::mem::take(&mut self.counts[at]);
        }
        self.newest = slice;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    fn throttle() -> Throttle {
        Throttle::new(ThrottleLimits::default())
    }

    /// How many of `count` messages of weight 1 pass at `now_ns`.
    fn passing(throttle: &mut Throttle, count: u32, now_ns: u64) -> usize {
        (0..count).filter(|_| throttle.take(1, None, now_ns).is_ok()).count()
    }

    #[test]
    fn a_30_a_burst_of_500_passes_and_then_200_a_second() {
        let mut throttle = throttle();
        let start = 77 * NS_PER_S;
        assert_eq!(passing(&mut throttle, 600, start), 500);
        let refused = throttle.take(1, None, start).unwrap_err();
        assert_eq!(refused.to_string(), "200/1s, retry after 5 ms");
        assert_eq!(passing(&mut throttle, 10, start + 4 * MS), 0);
        assert_eq!(passing(&mut throttle, 10, start + 5 * MS), 1);
        assert_eq!(passing(&mut throttle, 1_000, start + 1_005 * MS), 200);
        assert_eq!(throttle.usage(start + 1_005 * MS).used, 500);
        assert_eq!(throttle.usage(start + 2_005 * MS).used, 300);
        assert_eq!(throttle.usage(start + 60 * NS_PER_S).used, 0);
    }

    #[test]
    fn section_9_messages_weigh_what_they_cost_and_cancels_nothing() {
        let weights = [(&b"D"[..], 1), (b"G", 1), (b"H", 1), (b"q", 1), (b"V", 1), (b"AF", 10)];
        for (msg_type, expected) in
            weights.into_iter().chain([(&b"x"[..], 5), (b"c", 5), (b"AN", 5), (b"F", 0)])
        {
            assert_eq!(weight(msg_type, 16_383), expected);
            assert_eq!(weight(msg_type, 16_384), expected + u32::from(msg_type != b"F"), "its size");
        }
        let mut throttle = throttle();
        assert_eq!((0..100).filter(|_| throttle.take(10, None, 0).is_ok()).count(), 50);
        assert!(throttle.take(1, None, 0).is_err());
        assert!(throttle.take(0, None, 0).is_ok(), "F is free");
    }

    #[test]
    fn section_9_one_account_and_symbol_gets_50_a_second_and_others_their_own() {
        let mut throttle = throttle();
        let of = |throttle: &mut Throttle, pair| {
            (0..100).filter(|_| throttle.take(1, Some(pair), 0).is_ok()).count()
        };
        assert_eq!(of(&mut throttle, 1), 50);
        assert_eq!(of(&mut throttle, 2), 50);
        let refused = throttle.take(1, Some(1), 0).unwrap_err();
        assert_eq!(refused, TooFast { limit: 50, retry_after_ms: 20 });
        assert_eq!(throttle.usage(0).used, 100, "what was refused does not count");
    }

    #[test]
    fn section_9_five_times_the_limit_for_3_s_is_excessive() {
        let mut throttle = throttle();
        // A thousand a second, cancels included, is the most that goes on for ever.
        for step in 0..10_000 {
            let _ = throttle.take(0, None, step * MS);
            assert!(!throttle.is_excessive(step * MS), "at {step} ms");
        }
        let start = 20 * NS_PER_S;
        let mut at = (0..20_000).map(|step| start + step * MS / 2);
        let end = at.find(|now| {
            let _ = throttle.take(0, None, *now);
            throttle.is_excessive(*now)
        });
        let end = end.expect("two thousand a second are too many");
        assert!((start + NS_PER_S..=start + EXCESS_S * NS_PER_S).contains(&end), "{}", end - start);
        assert!(throttle.bars_logon(end + 14_999 * MS));
        assert!(!throttle.bars_logon(end + 15_000 * MS));
        assert!(!throttle.is_excessive(end + MS), "once");
    }

    #[test]
    fn x_10_a_test_request_and_a_resend_request_a_second_are_free_at_any_limit() {
        let strict = ThrottleLimits { excess_factor: 0, ..ThrottleLimits::of_rate(1) };
        let mut throttle = Throttle::new(strict);
        for second in 0..100 {
            throttle.saw(b"1", second * NS_PER_S);
            throttle.saw(b"2", second * NS_PER_S + 999 * MS);
            assert!(!throttle.is_excessive(second * NS_PER_S + 999 * MS), "after {second} s");
        }
        for msg_type in [b"0", b"1", b"2"] {
            let mut throttle = Throttle::new(strict);
            throttle.saw(msg_type, 0);
            throttle.saw(msg_type, 999 * MS);
            assert!(throttle.is_excessive(999 * MS), "a second {msg_type:?} in the same second counts");
        }
    }

    #[test]
    fn section_9_two_thousand_refusals_in_a_minute_are_excessive() {
        let mut throttle = throttle();
        assert_eq!(passing(&mut throttle, 500, 0), 500);
        for refusal in 1..=2_000u64 {
            // Twice in the time that one would take to pass.
            let now = 3 * NS_PER_S + refusal * 5 * MS;
            let before = throttle.is_excessive(now);
            assert!(!before, "after {} refusals", refusal - 1);
            while throttle.take(1, None, now).is_ok() {}
        }
        assert!(throttle.is_excessive(3 * NS_PER_S + 2_000 * 5 * MS));
    }

    #[test]
    fn memory_is_bounded_whatever_is_named() {
        let mut throttle = Throttle::new(ThrottleLimits::of_rate(u32::MAX));
        (0..3 * PAIRS_MAX as u64).for_each(|pair| throttle.take(1, Some(pair), pair).unwrap());
        assert!(throttle.pairs.len() <= PAIRS_MAX);
    }

    #[test]
    fn another_rate_keeps_the_proportions() {
        let limits = ThrottleLimits::of_rate(200);
        assert_eq!((limits.per_s, limits.burst, limits.per_symbol_per_s), (200, 500, 50));
        assert_eq!(limits, ThrottleLimits::default());
        assert_eq!(ThrottleLimits::of_rate(1_000_000).burst, 2_500_000);
        assert_eq!(ThrottleLimits::of_rate(1).per_symbol_per_s, 1);
    }
}
