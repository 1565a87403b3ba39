//! Requests for resends that lead nowhere: slowed down, then refused.

use crate::time::NS_PER_S;
use std::collections::VecDeque;

/// The same BeginSeqNo(7) may be asked for this often without progress.
const SAME_BEGIN_MAX: u32 = 5;

/// As many numbers, in multiples of all that is stored, may be asked for in [`BUDGET_WINDOW_NS`] without progress.
const BUDGET_FACTOR: u64 = 10;
const BUDGET_WINDOW_NS: u64 = 60 * NS_PER_S;

/// In a storm requests are answered once in this long.
const PAUSE_NS: u64 = NS_PER_S;

/// As many requests are delayed; the one after them ends the session. Bounds the queue of delayed ones too.
const DELAYED_MAX: u32 = 5;

/// What a peer asked for since it last got on.
#[derive(Debug, Default)]
pub(crate) struct Storm {
    begin: u64,
    repeats: u32,
    /// Numbers asked for since `window_ns`.
    asked: u64,
    window_ns: u64,
    /// Requests made while in the storm.
    strikes: u32,
    answered_ns: u64,
    delayed: VecDeque<(u64, u64)>,
}

/// What to do with a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Throttle {
    Answer,
    /// It is kept; the oldest of those kept is to be answered then.
    Delay {
        until_ns: u64,
    },
    Stop,
}

impl Storm {
    /// The peer is getting on: it is judged anew. What was delayed is still answered.
    #[inline]
    pub(super) fn calm(&mut self) {
        if self.repeats > 0 {
            *self = Self {
                answered_ns: self.answered_ns,
                delayed: std::mem::take(&mut self.delayed),
                ..Self::default()
            };
        }
    }

    /// Judges a request for `begin..=end`; the store holds `stored` numbers.
    pub(super) fn request(&mut self, begin: u64, end: u64, stored: u64, now_ns: u64) -> Throttle {
        self.count(begin, end, now_ns);
        let budget = stored.saturating_mul(BUDGET_FACTOR);
        if self.repeats <= SAME_BEGIN_MAX && self.asked <= budget {
            self.answered_ns = now_ns;
            return Throttle::Answer;
        }
        self.strikes += 1;
        if self.strikes > DELAYED_MAX {
            return Throttle::Stop;
        }
        self.delayed.push_back((begin, end));
        Throttle::Delay { until_ns: self.answered_ns + PAUSE_NS }
    }

    fn count(&mut self, begin: u64, end: u64, now_ns: u64) {
        self.repeats = if self.begin == begin { self.repeats + 1 } else { 1 };
        self.begin = begin;
        if now_ns.saturating_sub(self.window_ns) > BUDGET_WINDOW_NS {
            (self.window_ns, self.asked) = (now_ns, 0);
        }
        self.asked = self.asked.saturating_add(end - begin + 1);
    }

    /// The delayed request whose turn it is.
    pub(super) fn next_delayed(&mut self, now_ns: u64) -> Option<(u64, u64)> {
        self.answered_ns = now_ns;
        self.delayed.pop_front()
    }

    /// There was no room for it.
    pub(super) fn delay_again(&mut self, range: (u64, u64)) {
        self.delayed.push_front(range);
    }

    /// When the next delayed request is due, if there is one.
    pub(super) fn pause_until_ns(&self) -> Option<u64> {
        (!self.delayed.is_empty()).then_some(self.answered_ns + PAUSE_NS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r_12_the_sixth_request_for_the_same_is_delayed_and_the_eleventh_ends_the_session() {
        let mut storm = Storm::default();
        for _ in 0..5 {
            assert_eq!(storm.request(3, 3, 100, 7), Throttle::Answer);
        }
        for _ in 0..5 {
            assert_eq!(storm.request(3, 3, 100, 8), Throttle::Delay { until_ns: 7 + PAUSE_NS });
        }
        assert_eq!(storm.request(3, 3, 100, 9), Throttle::Stop);
        storm.calm();
        assert_eq!(storm.request(3, 3, 100, 10), Throttle::Answer);
        assert_eq!(storm.request(4, 4, 100, 10), Throttle::Answer);
    }

    #[test]
    fn r_12_more_than_ten_times_the_store_in_a_minute_is_a_storm_whatever_is_asked_for() {
        let mut storm = Storm::default();
        for round in 0..10 {
            assert_eq!(storm.request(1 + round % 2, 100, 100, 0), Throttle::Answer, "round {round}");
        }
        assert_eq!(storm.request(1, 100, 100, 0), Throttle::Delay { until_ns: PAUSE_NS });
        assert_eq!(storm.request(2, 3, 100, BUDGET_WINDOW_NS + 1), Throttle::Answer, "a minute later");
    }

    #[test]
    fn r_12_delayed_requests_are_answered_one_a_second() {
        let mut storm = Storm::default();
        for _ in 0..7 {
            storm.request(3, 9, 100, 0);
        }
        storm.calm();
        assert_eq!(storm.next_delayed(PAUSE_NS), Some((3, 9)), "progress does not drop it");
        assert_eq!(storm.pause_until_ns(), Some(2 * PAUSE_NS));
        assert_eq!(storm.next_delayed(2 * PAUSE_NS), Some((3, 9)));
        assert_eq!(storm.pause_until_ns(), None);
    }
}
