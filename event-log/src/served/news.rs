//! Something changed: a counter that lines sleep on.

use crate::signal::{Shared, Signal};
use std::time::Duration;

/// Counts changes.
#[derive(Debug, Default)]
pub(super) struct News {
    count: Shared<u64>,
    signal: Signal,
}

impl News {
    pub(super) fn tell(&self) {
        *self.count.lock() += 1;
        self.signal.notify();
    }

    /// Waits up to `timeout` for more than `seen`; the count then.
    pub(super) fn wait(&self, seen: u64, timeout: Duration) -> u64 {
        let count = self.count.lock();
        *self.signal.wait_up_to(count, timeout, |count| *count == seen)
    }
}
