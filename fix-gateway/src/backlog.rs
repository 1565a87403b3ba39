//! Where in the log the messages stand that wait for a session's next logon (L-24).

use serde::{Deserialize, Serialize};

/// The queued messages of one session that are not sent yet: they stay in the log, so any number of them costs this much.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Backlog {
    /// How many.
    pub(crate) count: u64,
    /// A position at or before the oldest.
    pub(crate) from: u64,
    /// Offset in its partition of `fix` below which every queued record is sent.
    pub(crate) next_offset: u64,
}

impl Backlog {
    /// One more, the newest, at `position`.
    pub(crate) fn queue(&mut self, position: u64) {
        if self.count == 0 {
            self.from = position;
        }
        self.count += 1;
    }

    /// The oldest, at `offset`, was sent.
    pub(crate) fn sent(&mut self, offset: u64) {
        self.count = self.count.saturating_sub(1);
        self.next_offset = offset + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l_24_the_oldest_that_is_not_sent_is_found_again() {
        let mut backlog = Backlog::default();
        backlog.queue(40);
        backlog.queue(50);
        assert_eq!(backlog, Backlog { count: 2, from: 40, next_offset: 0 });
        backlog.sent(7);
        backlog.queue(60);
        assert_eq!(backlog, Backlog { count: 2, from: 40, next_offset: 8 });
        backlog.sent(9);
        backlog.sent(12);
        backlog.queue(90);
        assert_eq!(backlog, Backlog { count: 1, from: 90, next_offset: 13 });
    }
}
