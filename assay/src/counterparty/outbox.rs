//! Everything a counterparty has sent in this epoch, so that it can send it again.

/// Messages by number, end to end in one buffer.
#[derive(Debug, Default)]
pub(crate) struct Sent {
    bytes: Vec<u8>,
    /// Where each message ends; message `first + i` is entry `i`.
    ends: Vec<usize>,
    first: u64,
}

impl Sent {
    /// Keeps the message numbered `seq`, the next one.
    pub(crate) fn push(&mut self, seq: u64, message: &[u8]) {
        if self.ends.is_empty() {
            self.first = seq;
        }
        debug_assert_eq!(seq, self.first + self.ends.len() as u64, "numbers have no holes");
        self.bytes.extend_from_slice(message);
        self.ends.push(self.bytes.len());
    }

    /// The message numbered `seq`; empty when it is not kept.
    pub(crate) fn get(&self, seq: u64) -> &[u8] {
        let Some(i) = seq.checked_sub(self.first).and_then(|i| usize::try_from(i).ok()) else { return &[] };
        let Some(end) = self.ends.get(i) else { return &[] };
        let start = if i == 0 { 0 } else { self.ends[i - 1] };
        &self.bytes[start..*end]
    }

    /// Forgets everything: the next message is numbered `next`.
    pub(crate) fn restart(&mut self, next: u64) {
        *self = Self { first: next, ..Self::default() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_found_by_number() {
        let mut sent = Sent::default();
        sent.push(5, b"five");
        sent.push(6, b"six");
        assert_eq!([sent.get(4), sent.get(5), sent.get(6), sent.get(7)], [&b""[..], b"five", b"six", b""]);
        sent.restart(1);
        sent.push(1, b"one");
        assert_eq!([sent.get(1), sent.get(5)], [&b"one"[..], b""]);
    }
}
