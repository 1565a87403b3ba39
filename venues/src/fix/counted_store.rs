//! A session's store that counts a message as received only when what it said is durable in the log.

use fix_gateway::client::{Resume, SentMessage, Store};
use fix_session::Reset;
use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;

/// How far messages were received, taken and kept, by the next number expected.
#[derive(Debug, Default)]
pub(super) struct Counts {
    received: Cell<u64>,
    taken: Cell<u64>,
    durable: Cell<u64>,
}

impl Counts {
    /// All that was received so far is taken by the driver.
    pub(super) fn taken(&self) {
        self.taken.set(self.received.get());
    }

    /// What was taken is durable.
    pub(super) fn durable(&self) {
        self.durable.set(self.taken.get());
    }
}

/// The expected number in the medium lags behind what is durable, never before it: then the venue sends again.
#[derive(Debug)]
pub(super) struct CountedStore<S> {
    /// The desk reads it too.
    inner: Rc<RefCell<S>>,
    counts: Rc<Counts>,
    written: u64,
    utc_ns: i64,
}

impl<S: Store> CountedStore<S> {
    pub(super) fn new(inner: Rc<RefCell<S>>, counts: Rc<Counts>) -> Self {
        let written = inner.borrow().resume().numbers.next_in;
        Self { inner, counts, written, utc_ns: 0 }
    }

    fn write_durable(&mut self) -> io::Result<()> {
        let durable = self.counts.durable.get();
        if durable > self.written {
            self.inner.borrow_mut().count(durable, self.utc_ns)?;
            self.written = durable;
        }
        Ok(())
    }
}

impl<S: Store> Store for CountedStore<S> {
    fn resume(&self) -> Resume {
        self.inner.borrow().resume()
    }

    fn count(&mut self, next_in: u64, utc_ns: i64) -> io::Result<()> {
        self.counts.received.set(next_in);
        self.utc_ns = utc_ns;
        self.write_durable()
    }

    fn keep(&mut self, sent: &SentMessage<'_>) -> io::Result<()> {
        self.write_durable()?;
        self.inner.borrow_mut().keep(sent)
    }

    fn wait(&mut self, message: &[u8], utc_ns: i64) -> io::Result<()> {
        self.inner.borrow_mut().wait(message, utc_ns)
    }

    fn reset(&mut self, reset: &Reset, utc_ns: i64) -> io::Result<()> {
        for count in [&self.counts.received, &self.counts.taken, &self.counts.durable] {
            count.set(reset.next_in);
        }
        self.written = reset.next_in;
        self.inner.borrow_mut().reset(reset, utc_ns)
    }

    fn sent(&self, seq: u64, out: &mut Vec<u8>) -> io::Result<()> {
        self.inner.borrow().sent(seq, out)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.inner.borrow_mut().sync()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fix_gateway::client::FileStore;

    fn open(dir: &std::path::Path) -> (CountedStore<FileStore>, Rc<Counts>) {
        let counts = Rc::<Counts>::default();
        let store = FileStore::open(&dir.join("session"), "ASSAY", "BROKER").unwrap();
        (CountedStore::new(Rc::new(RefCell::new(store)), Rc::clone(&counts)), counts)
    }

    #[test]
    fn a_message_counts_once_what_it_said_is_durable() {
        let dir = tempfile::tempdir().unwrap();
        let (mut store, counts) = open(dir.path());
        store.count(2, 7).unwrap();
        counts.taken();
        store.count(3, 8).unwrap();
        drop(store);
        let (mut store, counts) = open(dir.path());
        assert_eq!(store.resume().numbers.next_in, 1, "taken, and not durable");
        store.count(2, 7).unwrap();
        counts.taken();
        store.count(3, 8).unwrap();
        counts.durable();
        store.keep(&SentMessage { seq: 1, waited: false, bytes: b"x", utc_ns: 9 }).unwrap();
        drop(store);
        let (store, _) = open(dir.path());
        assert_eq!(store.resume().numbers.next_in, 2, "what came after is asked for again");
    }
}
