//! Who wants to hear of what: each reader and driver is woken for its own topics alone.
//!
//! Waking a sleeping thread costs the waker microseconds and the woken one as much again. A log takes tens of thousands of
//! records a second, most of which concern one or two of its readers.

use crate::sequence::TopicSet;
use crate::signal::Signal;
use std::sync::Arc;

/// What a sleeping reader is woken by.
#[derive(Debug)]
pub(crate) struct Bell {
    pub(crate) signal: Signal,
    topics: TopicSet,
    durable_only: bool,
}

impl Bell {
    pub(crate) fn new(topics: TopicSet, durable_only: bool) -> Self {
        Self { signal: Signal::default(), topics, durable_only }
    }
}

/// A callback of a driver that sleeps elsewhere.
pub(crate) type Wake = Arc<dyn Fn() + Send + Sync>;

#[derive(Clone)]
struct Waker {
    /// Appended records of these wake it, durable ones of any.
    topics: TopicSet,
    wake: Wake,
}

/// All of them: one list, replaced as a whole, so that calling them holds no lock.
#[derive(Clone, Default)]
pub(crate) struct Listeners {
    bells: Vec<Arc<Bell>>,
    wakers: Vec<Waker>,
}

impl Listeners {
    pub(crate) fn with_bell(&self, bell: &Arc<Bell>) -> Self {
        let mut new = self.clone();
        new.bells.push(Arc::clone(bell));
        new
    }

    pub(crate) fn without_bell(&self, bell: &Arc<Bell>) -> Self {
        let mut new = self.clone();
        new.bells.retain(|kept| !Arc::ptr_eq(kept, bell));
        new
    }

    pub(crate) fn with_waker(&self, topics: TopicSet, wake: Wake) -> Self {
        let mut new = self.clone();
        new.wakers.push(Waker { topics, wake });
        new
    }

    /// Records of `topics` were appended.
    pub(crate) fn appended(&self, topics: TopicSet) {
        self.bells
            .iter()
            .filter(|b| !b.durable_only && b.topics.meets(topics))
            .for_each(|b| b.signal.notify());
        self.wakers.iter().filter(|w| w.topics.meets(topics)).for_each(|w| (w.wake)());
    }

    /// Records of `topics` became durable.
    pub(crate) fn synced(&self, topics: TopicSet) {
        self.bells
            .iter()
            .filter(|b| b.durable_only && b.topics.meets(topics))
            .for_each(|b| b.signal.notify());
        self.wakers.iter().for_each(|w| (w.wake)());
    }

    /// All is over.
    pub(crate) fn ended(&self) {
        self.bells.iter().for_each(|b| b.signal.notify());
        self.wakers.iter().for_each(|w| (w.wake)());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use assay_trading_types::Topic;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn a_driver_hears_of_its_topics_when_appended_and_of_all_when_durable() {
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        let wake: Wake = Arc::new(move || _ = counted.fetch_add(1, Ordering::SeqCst));
        let listeners = Listeners::default().with_waker(TopicSet::of(&[Topic::Accounts]), wake);
        listeners.appended(TopicSet::of(&[Topic::Fix, Topic::Seals]));
        assert_eq!(calls.load(Ordering::SeqCst), 0);
        listeners.appended(TopicSet::of(&[Topic::Fix, Topic::Accounts]));
        assert_eq!(calls.load(Ordering::SeqCst), 1);
        listeners.synced(TopicSet::of(&[Topic::Fix]));
        assert_eq!(calls.load(Ordering::SeqCst), 2);
        listeners.ended();
        assert_eq!(calls.load(Ordering::SeqCst), 3);
    }

    #[test]
    fn a_reader_that_is_gone_has_no_bell() {
        let bell = Arc::new(Bell::new(TopicSet::of(&Topic::ALL), true));
        let listeners = Listeners::default().with_bell(&bell);
        assert_eq!(Arc::strong_count(&bell), 2);
        drop(listeners.without_bell(&bell));
        drop(listeners);
        assert_eq!(Arc::strong_count(&bell), 1);
    }
}
