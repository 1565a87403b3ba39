//! Requests of a session that are in the log and not yet answered.

use crate::Settles;
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

    /// A request of this session stands at `offset` of `accounts`.
    pub(crate) fn placed(&mut self, offset: u64, epoch: u32, seq: u64) {
        if (self.seen.len() as u64) < self.count {
            self.seen.push_back(Seen { offset, epoch, seq });
        }
    }

    /// An answer arrived.
    pub(crate) fn settled(&mut self, by: Settles) {
        match by {
            Settles::Offset(offset) => self.release(|s| s.offset <= offset),
            Settles::Request(id) => self.release(|s| (s.epoch, s.seq) <= (id.epoch, id.seq)),
        }
    }

    /// Everything placed before `offset` was decided long ago.
    pub(crate) fn decided_before(&mut self, offset: u64) {
        self.release(|s| s.offset < offset);
    }

    fn release(&mut self, done: impl Fn(&Seen) -> bool) {
        while self.seen.front().is_some_and(&done) {
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
        (10..14).for_each(|offset| asked.placed(offset, 1, offset - 8));
        asked.settled(Settles::Offset(9));
        assert_eq!(asked.count(), 4);
        asked.settled(Settles::Offset(11));
        assert_eq!(asked.count(), 2);
        let session = SessionId::new("C/A").unwrap();
        asked.settled(Settles::Request(RequestId { session, epoch: 1, seq: 4 }));
        assert_eq!(asked.count(), 1);
        asked.decided_before(13);
        assert_eq!(asked.count(), 1);
        asked.decided_before(14);
        assert_eq!(asked.count(), 0);
    }
}
