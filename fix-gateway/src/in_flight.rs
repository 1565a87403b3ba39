//! Requests of a session that are in the log and not yet answered.

use crate::Settles;
use assay_trading_types::Timestamp;
use std::collections::VecDeque;

/// Counts what a session has asked and not been told: the measure of back-pressure.
///
/// Risk decides the requests of a firm in the order of `accounts`, so an answer to one means that all before it are
/// decided, also those that get no answer. What stays behind a last unanswered one is let go after two clock ticks.
#[derive(Debug, Default)]
pub(crate) struct InFlight {
    count: u64,
    seen: VecDeque<Seen>,
}

#[derive(Debug, Clone, Copy)]
struct Seen {
    offset: u64,
    epoch: u32,
    seq: u64,
    /// When it arrived.
    at: Timestamp,
}

impl InFlight {
    /// Requests without an answer.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// Requests were appended.
    pub(crate) fn asked(&mut self, requests: u32) {
        self.count += u64::from(requests);
    }

    /// A request of this session that arrived at `at` stands at `offset` of `accounts`.
    pub(crate) fn placed(&mut self, offset: u64, epoch: u32, seq: u64, at: Timestamp) {
        if (self.seen.len() as u64) < self.count {
            self.seen.push_back(Seen { offset, epoch, seq, at });
        }
    }

    /// An answer arrived; `each` hears when the requests that it settles had arrived.
    pub(crate) fn settled(&mut self, by: Settles, each: impl FnMut(Timestamp)) {
        match by {
            Settles::Offset(offset) => self.release(|s| s.offset <= offset, each),
            Settles::Request(id) => self.release(|s| (s.epoch, s.seq) <= (id.epoch, id.seq), each),
        }
    }

    /// Everything placed before `offset` was decided long ago.
    pub(crate) fn decided_before(&mut self, offset: u64) {
        self.release(|s| s.offset < offset, |_| {});
    }

    fn release(&mut self, done: impl Fn(&Seen) -> bool, mut each: impl FnMut(Timestamp)) {
        while let Some(seen) = self.seen.front().filter(|seen| done(seen)) {
            each(seen.at);
            self.seen.pop_front();
            self.count -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use assay_trading_types::{RequestId, SessionId};

    #[test]
    fn an_answer_settles_its_request_and_all_before_it() {
        let mut asked = InFlight::default();
        asked.asked(4);
        let at = |offset: u64| Timestamp::from_ns(offset as i64);
        (10..14).for_each(|offset| asked.placed(offset, 1, offset - 8, at(offset)));
        asked.settled(Settles::Offset(9), |_| panic!("none is settled"));
        assert_eq!(asked.count(), 4);
        let mut arrived = Vec::new();
        asked.settled(Settles::Offset(11), |at| arrived.push(at));
        assert_eq!((asked.count(), arrived), (2, vec![at(10), at(11)]));
        let session = SessionId::new("C/A").unwrap();
        asked.settled(Settles::Request(RequestId { session, epoch: 1, seq: 4 }), drop);
        assert_eq!(asked.count(), 1);
        asked.decided_before(13);
        assert_eq!(asked.count(), 1);
        asked.decided_before(14);
        assert_eq!(asked.count(), 0);
    }
}
