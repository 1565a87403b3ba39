//! When a lost or failed connection is tried again, and where (C-02).

const NS_PER_MS: u64 = 1_000_000;

/// How long an initiator waits between two attempts. The longest wait doubles with every attempt that fails; the wait itself
/// is drawn between the shortest and that, so that the clients of a server that comes back do not all knock at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReconnectSpec {
    /// Shortest wait, in milliseconds.
    pub first_ms: u64,
    /// Longest wait, in milliseconds.
    pub max_ms: u64,
}

impl Default for ReconnectSpec {
    fn default() -> Self {
        Self { first_ms: 1_000, max_ms: 30_000 }
    }
}

/// Where an initiator stands in its attempts.
#[derive(Debug)]
pub(super) struct Reconnect {
    spec: ReconnectSpec,
    hosts: usize,
    /// Attempts since a session was last established.
    failures: u32,
    due_ns: u64,
    random: u64,
}

impl Reconnect {
    /// The first attempt is due at once. `seed` makes waits of different clients differ.
    pub(super) fn new(spec: ReconnectSpec, hosts: usize, seed: u64) -> Self {
        Self { spec, hosts: hosts.max(1), failures: 0, due_ns: 0, random: seed }
    }

    /// When the next attempt is due, on the monotonic clock in nanoseconds.
    pub(super) fn due_ns(&self) -> u64 {
        self.due_ns
    }

    /// The host that the next attempt goes to: the first one, and after each failure the one behind it.
    pub(super) fn host(&self) -> usize {
        self.failures as usize % self.hosts
    }

    /// An attempt did not end in an established session.
    pub(super) fn failed(&mut self, now_ns: u64) {
        self.failures = self.failures.saturating_add(1);
        self.due_ns = now_ns + self.wait_ns();
    }

    /// The session is established: hosts and waits begin anew.
    pub(super) fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// An established session lost its connection.
    pub(super) fn lost(&mut self, now_ns: u64) {
        self.due_ns = now_ns + self.wait_ns();
    }

    fn wait_ns(&mut self) -> u64 {
        let ReconnectSpec { first_ms, max_ms } = self.spec;
        let doubled = first_ms.saturating_mul(1 << self.failures.min(32));
        let span_ms = doubled.min(max_ms).saturating_sub(first_ms);
        (first_ms + self.draw() % (span_ms + 1)) * NS_PER_MS
    }

    /// SplitMix64 (Steele, Lea and Flood 2014).
    fn draw(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.random ^ (self.random >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: u64 = 1_000_000_000;

    #[test]
    fn c_02_the_first_attempt_waits_for_nothing() {
        assert_eq!(Reconnect::new(ReconnectSpec::default(), 1, 7).due_ns(), 0);
    }

    #[test]
    fn c_02_waits_grow_to_30_s_and_stay_above_1_s() {
        for seed in 0..200 {
            let mut reconnect = Reconnect::new(ReconnectSpec::default(), 1, seed);
            for longest in [2, 4, 8, 16, 30, 30, 30] {
                reconnect.failed(100 * S);
                let wait = reconnect.due_ns() - 100 * S;
                assert!((S..=longest * S).contains(&wait), "seed {seed}: {wait} ns, at most {longest} s");
            }
        }
    }

    #[test]
    fn c_02_waits_of_two_clients_differ() {
        let wait = |seed| {
            let mut reconnect = Reconnect::new(ReconnectSpec::default(), 1, seed);
            reconnect.failed(0);
            reconnect.due_ns()
        };
        assert_ne!(wait(1), wait(2));
    }

    #[test]
    fn c_02_hosts_are_tried_in_order_and_from_the_first_again_after_a_session() {
        let mut reconnect = Reconnect::new(ReconnectSpec::default(), 3, 1);
        let mut tried = Vec::new();
        for _ in 0..5 {
            tried.push(reconnect.host());
            reconnect.failed(0);
        }
        assert_eq!(tried, [0, 1, 2, 0, 1]);
        reconnect.succeeded();
        reconnect.lost(0);
        assert_eq!(reconnect.host(), 0);
    }

    #[test]
    fn c_02_after_a_session_waits_begin_anew() {
        let mut reconnect = Reconnect::new(ReconnectSpec::default(), 1, 1);
        (0..10).for_each(|_| reconnect.failed(0));
        reconnect.succeeded();
        reconnect.lost(50 * S);
        assert_eq!(reconnect.due_ns(), 51 * S);
    }
}
