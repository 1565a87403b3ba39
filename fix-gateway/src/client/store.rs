//! What an initiator must not lose: its numbers, what it sent, and what waits for a logon.

use fix_session::{Numbers, Reset};
use std::collections::VecDeque;
use std::io;

/// Where an initiator keeps its session.
///
/// Everything is written in the order of the calls. Nothing is sent before [`Store::sync`] has returned after the call that
/// kept it (S-01). The expected number may lag behind: the peer then sends again.
pub trait Store {
    /// What was kept before, for the session to continue with.
    fn resume(&self) -> Resume;

    /// An inbound message counted; `next_in` is expected after it.
    ///
    /// # Errors
    /// The medium's.
    fn count(&mut self, next_in: u64, utc_ns: i64) -> io::Result<()>;

    /// A message of ours under its number. `waited`: it is the oldest of those that waited.
    ///
    /// # Errors
    /// The medium's.
    fn keep(&mut self, sent: &SentMessage<'_>) -> io::Result<()>;

    /// A message of ours that waits for a logon (L-24).
    ///
    /// # Errors
    /// The medium's.
    fn wait(&mut self, message: &[u8], utc_ns: i64) -> io::Result<()>;

    /// Both numbers changed; what was sent before cannot be asked for any more.
    ///
    /// # Errors
    /// The medium's.
    fn reset(&mut self, reset: &Reset, utc_ns: i64) -> io::Result<()>;

    /// Appends our message number `seq` to `out`; nothing when it is not kept.
    ///
    /// # Errors
    /// The medium's.
    fn sent(&self, seq: u64, out: &mut Vec<u8>) -> io::Result<()>;

    /// Returns once everything kept is on the medium.
    ///
    /// # Errors
    /// The medium's.
    fn sync(&mut self) -> io::Result<()>;
}

/// A message of ours with its number.
#[derive(Debug, Clone, Copy)]
pub struct SentMessage<'a> {
    /// MsgSeqNum(34).
    pub seq: u64,
    /// It is the oldest of those that waited.
    pub waited: bool,
    /// The frame.
    pub bytes: &'a [u8],
    /// When, in nanoseconds of UTC.
    pub utc_ns: i64,
}

/// What a session continues with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resume {
    /// Both next numbers.
    pub numbers: Numbers,
    /// When the present numbers were first used, in nanoseconds of UTC.
    pub began_ns: Option<i64>,
    /// Messages that wait for a logon, oldest first.
    pub waiting: VecDeque<Vec<u8>>,
}

impl Default for Resume {
    fn default() -> Self {
        Self { numbers: Numbers::FIRST, began_ns: None, waiting: VecDeque::new() }
    }
}

/// A store that ends with the process: what it keeps outlives connections only. Messages end to end in one buffer.
#[derive(Debug, Default)]
pub struct MemoryStore {
    bytes: Vec<u8>,
    /// Where each message ends; message `first + i` is entry `i`.
    ends: Vec<usize>,
    first: u64,
}

impl Store for MemoryStore {
    fn resume(&self) -> Resume {
        Resume::default()
    }

    fn count(&mut self, _: u64, _: i64) -> io::Result<()> {
        Ok(())
    }

    fn keep(&mut self, sent: &SentMessage<'_>) -> io::Result<()> {
        if self.ends.is_empty() {
            self.first = sent.seq;
        }
        debug_assert_eq!(sent.seq, self.first + self.ends.len() as u64, "numbers have no holes");
        self.bytes.extend_from_slice(sent.bytes);
        self.ends.push(self.bytes.len());
        Ok(())
    }

    fn wait(&mut self, _: &[u8], _: i64) -> io::Result<()> {
        Ok(())
    }

    fn reset(&mut self, reset: &Reset, _: i64) -> io::Result<()> {
        *self = Self { first: reset.next_out, ..Self::default() };
        Ok(())
    }

    fn sent(&self, seq: u64, out: &mut Vec<u8>) -> io::Result<()> {
        let at = seq.checked_sub(self.first).and_then(|i| usize::try_from(i).ok());
        if let Some(at) = at
            && let Some(&end) = self.ends.get(at)
        {
            let start = if at == 0 { 0 } else { self.ends[at - 1] };
            out.extend_from_slice(&self.bytes[start..end]);
        }
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// One contract for every store.
#[cfg(test)]
pub(super) mod contract {
    use super::*;
    use fix_session::ResetReason;

    pub(crate) fn message(seq: u64, bytes: &[u8]) -> SentMessage<'_> {
        SentMessage { seq, waited: false, bytes, utc_ns: 1_000 + seq as i64 }
    }

    pub(crate) fn sent(store: &impl Store, seq: u64) -> String {
        let mut out = Vec::new();
        store.sent(seq, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    pub(crate) const RESET: Reset = Reset { epoch: 2, next_in: 1, next_out: 1, reason: ResetReason::Logon };

    /// What every store does.
    pub(crate) fn messages_are_found_by_number_until_a_reset(mut store: impl Store) {
        assert_eq!(store.resume(), Resume::default());
        for (seq, bytes) in [(1, b"one".as_slice()), (2, b"two"), (3, b"")] {
            store.keep(&message(seq, bytes)).unwrap();
        }
        store.count(7, 1_009).unwrap();
        store.sync().unwrap();
        assert_eq!([0, 1, 2, 3, 4].map(|seq| sent(&store, seq)), ["", "one", "two", "", ""]);
        store.reset(&RESET, 2_000).unwrap();
        assert_eq!(sent(&store, 1), "");
        store.keep(&message(1, b"first again")).unwrap();
        assert_eq!([sent(&store, 1), sent(&store, 2)], ["first again", ""]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_found_by_number_until_a_reset() {
        contract::messages_are_found_by_number_until_a_reset(MemoryStore::default());
    }
}
