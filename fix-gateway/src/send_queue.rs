//! Bytes for one socket, each held back until the records before it are durable.

use std::collections::VecDeque;

/// Written bytes are moved out of the front once there are this many of them, so that a slow peer's queue is not copied
/// at every write.
const COMPACT_BYTES: usize = 256 << 10;

/// Room that an empty queue keeps: a resend runs a mebibyte ahead of its socket.
const KEPT_BYTES_MAX: usize = 4 << 20;

/// Bytes in the order in which they go to the socket. What is pushed between two marks may be written once the log is
/// durable up to the second (rules S-01, S-09). Its size is bounded by the driver, which cuts slow consumers off.
#[derive(Debug, Default)]
pub(crate) struct SendQueue {
    bytes: Vec<u8>,
    /// Bytes at the front that are written.
    written: usize,
    /// Bytes at the front, written ones included, whose records are durable.
    ready: usize,
    /// (count of durable records needed, bytes at the front that then may go), both ascending.
    marks: VecDeque<(u64, usize)>,
}

impl SendQueue {
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// All that was pushed so far needs `durable` records.
    pub(crate) fn mark(&mut self, durable: u64) {
        let end = self.bytes.len();
        match self.marks.back_mut() {
            Some(last) if last.0 >= durable => last.1 = end,
            Some(last) if last.1 == end => {}
            None if self.ready == end => {}
            _ => self.marks.push_back((durable, end)),
        }
    }

    /// The log is durable up to `durable` records. Returns whether there is something to write.
    pub(crate) fn advance(&mut self, durable: u64) -> bool {
        while let Some(&(needs, end)) = self.marks.front() {
            if needs > durable {
                break;
            }
            self.ready = end;
            self.marks.pop_front();
        }
        self.ready > self.written
    }

    /// What may be written now.
    pub(crate) fn writable(&self) -> &[u8] {
        &self.bytes[self.written..self.ready]
    }

    /// The first `count` of the writable bytes are written.
    pub(crate) fn wrote(&mut self, count: usize) {
        self.written += count;
        assert!(self.written <= self.ready, "only durable bytes are written");
        if self.written == self.bytes.len() {
            self.clear();
        } else if self.written >= COMPACT_BYTES {
            self.compact();
        }
    }

    fn compact(&mut self) {
        let gone = std::mem::take(&mut self.written);
        self.bytes.drain(..gone);
        self.ready -= gone;
        self.marks.iter_mut().for_each(|mark| mark.1 -= gone);
    }

    /// Drops everything: all is written, or the connection is over. Room for far more than usual is given back.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        if self.bytes.capacity() > KEPT_BYTES_MAX {
            self.bytes.shrink_to(COMPACT_BYTES);
        }
        self.marks.clear();
        self.written = 0;
        self.ready = 0;
    }

    /// Bytes not yet written.
    pub(crate) fn unsent(&self) -> usize {
        self.bytes.len() - self.written
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_before_its_records_are_durable() {
        let mut queue = SendQueue::default();
        queue.push(b"aa");
        queue.mark(2);
        queue.push(b"bb");
        queue.mark(5);
        assert!(!queue.advance(1));
        assert_eq!(queue.writable(), b"");
        assert!(queue.advance(4));
        assert_eq!(queue.writable(), b"aa");
        queue.wrote(1);
        assert!(queue.advance(5));
        assert_eq!(queue.writable(), b"abb");
        queue.wrote(3);
        assert_eq!(queue.unsent(), 0);
    }

    #[test]
    fn unmarked_bytes_never_leave() {
        let mut queue = SendQueue::default();
        queue.push(b"aa");
        assert!(!queue.advance(u64::MAX));
        queue.mark(1);
        assert!(queue.advance(1));
    }

    #[test]
    fn written_bytes_are_forgotten_without_losing_marks() {
        let mut queue = SendQueue::default();
        queue.push(&vec![b'a'; COMPACT_BYTES]);
        queue.mark(1);
        queue.push(b"bc");
        queue.mark(2);
        assert!(queue.advance(1));
        queue.wrote(COMPACT_BYTES);
        assert_eq!(queue.unsent(), 2);
        assert!(queue.advance(2));
        assert_eq!(queue.writable(), b"bc");
    }
}
