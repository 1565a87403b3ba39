//! Waiting for brokers: visibly, and not for ever.

use super::config::KafkaConfig;
use super::fault::KafkaFault;
use std::time::{Duration, Instant};

/// One rest between two tries.
const STEP: Duration = Duration::from_millis(100);
/// A wait that is longer is said.
const SAY_AFTER: Duration = Duration::from_secs(5);

/// How long something may still take.
pub(super) struct Patience {
    since: Instant,
    brokers: String,
    max: Duration,
    said: std::cell::Cell<Duration>,
}

#[allow(clippy::disallowed_methods, reason = "a driver: it waits for brokers")]
impl Patience {
    pub(super) fn new(config: &KafkaConfig) -> Self {
        Self {
            since: Instant::now(),
            brokers: config.brokers.clone(),
            max: config.open_timeout,
            said: std::cell::Cell::new(Duration::ZERO),
        }
    }

    /// Says now and then what is waited for; an error when it took too long.
    pub(super) fn check(&self, why: &dyn Fn() -> String) -> Result<(), KafkaFault> {
        let waited = self.since.elapsed();
        if waited > self.max {
            let (brokers, waited_s) = (self.brokers.clone(), waited.as_secs());
            return Err(KafkaFault::Away { brokers, waited_s, why: why() });
        }
        if waited > self.said.get() + SAY_AFTER {
            self.said.set(waited);
            tracing::warn!(
                brokers = self.brokers,
                waited_s = waited.as_secs(),
                why = why(),
                "waiting for Kafka"
            );
        }
        Ok(())
    }

    pub(super) fn wait(&self, why: &dyn Fn() -> String) -> Result<(), KafkaFault> {
        self.check(why)?;
        std::thread::sleep(STEP);
        Ok(())
    }
}
