//! Messages that arrived above the expected number and wait for the gap to close (S-03, S-04, S-10).

use std::collections::BTreeMap;

/// Frames by number, bounded in number and in bytes. Only a gap fills it, so allocating here costs the normal way nothing.
#[derive(Debug)]
pub(crate) struct InboundQueue {
    frames: BTreeMap<u64, Box<[u8]>>,
    bytes: usize,
    messages_max: usize,
    bytes_max: usize,
}

/// What became of a message offered to the queue.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Queued {
    /// It waits.
    Waits,
    /// Its number waits already: the copy is a duplicate.
    Duplicate,
    /// No room; it will be asked for again when the gap closes.
    Dropped,
}

impl InboundQueue {
    pub(crate) fn new(messages_max: usize, bytes_max: usize) -> Self {
        Self { frames: BTreeMap::new(), bytes: 0, messages_max, bytes_max }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// The lowest number that waits.
    pub(crate) fn lowest(&self) -> Option<u64> {
        self.frames.first_key_value().map(|(&seq, _)| seq)
    }

    pub(crate) fn offer(&mut self, seq: u64, frame: &[u8]) -> Queued {
        if self.frames.contains_key(&seq) {
            return Queued::Duplicate;
        }
        if self.frames.len() >= self.messages_max || self.bytes + frame.len() > self.bytes_max {
            return Queued::Dropped;
        }
        self.bytes += frame.len();
        self.frames.insert(seq, frame.into());
        Queued::Waits
    }

    /// The message numbered `expected`; what lies below it is discarded (G-01).
    pub(crate) fn take(&mut self, expected: u64) -> Option<Box<[u8]>> {
        while self.lowest()? <= expected {
            let (seq, frame) = self.frames.pop_first()?;
            self.bytes -= frame.len();
            if seq == expected {
                return Some(frame);
            }
        }
        None
    }

    pub(crate) fn clear(&mut self) {
        self.frames.clear();
        self.bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s_04_messages_come_out_in_number_order_each_once() {
        let mut queue = InboundQueue::new(10, 100);
        assert_eq!(queue.offer(7, b"seven"), Queued::Waits);
        assert_eq!(queue.offer(5, b"five"), Queued::Waits);
        assert_eq!(queue.offer(7, b"again"), Queued::Duplicate);
        assert_eq!(queue.take(4), None);
        assert_eq!(queue.take(5).as_deref(), Some(&b"five"[..]));
        assert_eq!(queue.take(6), None);
        assert_eq!(queue.take(7).as_deref(), Some(&b"seven"[..]));
        assert!(queue.is_empty());
    }

    #[test]
    fn s_10_the_queue_is_bounded_in_messages_and_in_bytes() {
        let mut queue = InboundQueue::new(2, 100);
        assert_eq!(queue.offer(2, b"a"), Queued::Waits);
        assert_eq!(queue.offer(3, b"b"), Queued::Waits);
        assert_eq!(queue.offer(4, b"c"), Queued::Dropped);
        let mut queue = InboundQueue::new(10, 4);
        assert_eq!(queue.offer(2, b"abc"), Queued::Waits);
        assert_eq!(queue.offer(3, b"de"), Queued::Dropped);
        queue.clear();
        assert_eq!(queue.offer(3, b"de"), Queued::Waits);
    }
}
