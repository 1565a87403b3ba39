//! A lock and condition variables that cost a system call only when somebody waits.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::Duration;

/// State that several threads share. A thread that panics while holding it leaves it unusable: nobody may go on
/// from a half-made change of the log.
#[derive(Debug, Default)]
pub(crate) struct Shared<T>(Mutex<T>);

impl<T> Shared<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().expect(BROKEN)
    }
}

const BROKEN: &str = "no thread panics while it holds the log";

/// What sleeping threads are woken by. Notifying is an atomic load when nobody sleeps, so `append` pays no system
/// call for readers that poll.
#[derive(Debug, Default)]
pub(crate) struct Signal {
    condvar: Condvar,
    /// Counted while the lock is held, hence seen by whoever changes the state after the sleeper let go of it.
    sleeping: AtomicUsize,
}

impl Signal {
    /// Sleeps while `blocked` holds.
    pub(crate) fn wait<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        blocked: impl FnMut(&mut T) -> bool,
    ) -> MutexGuard<'a, T> {
        self.sleeping.fetch_add(1, Ordering::AcqRel);
        let guard = self.condvar.wait_while(guard, blocked).expect(BROKEN);
        self.sleeping.fetch_sub(1, Ordering::AcqRel);
        guard
    }

    /// Sleeps while `blocked` holds, `timeout` at most.
    pub(crate) fn wait_up_to<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        timeout: Duration,
        blocked: impl FnMut(&mut T) -> bool,
    ) -> MutexGuard<'a, T> {
        self.sleeping.fetch_add(1, Ordering::AcqRel);
        let (guard, _) = self.condvar.wait_timeout_while(guard, timeout, blocked).expect(BROKEN);
        self.sleeping.fetch_sub(1, Ordering::AcqRel);
        guard
    }

    /// Whether somebody sleeps.
    #[cfg(test)]
    pub(crate) fn is_awaited(&self) -> bool {
        self.sleeping.load(Ordering::Acquire) > 0
    }

    /// Wakes all; called after the state was changed under the lock.
    pub(crate) fn notify(&self) {
        if self.sleeping.load(Ordering::Acquire) > 0 {
            self.condvar.notify_all();
        }
    }
}
