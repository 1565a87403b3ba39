//! The limits of one scope: what stands, what holds for a while, and the version that decisions name.

use assay_trading_types::{Amount, Limits, Timestamp};
use serde::{Deserialize, Serialize};

/// Versioned limits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LimitBook {
    /// 0 as long as nobody set any.
    pub(crate) version: u64,
    /// What is in force.
    pub(crate) limits: Limits,
    /// What comes back when a temporary change runs out.
    temporary: Option<Temporary>,
}

/// A change that ends by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Temporary {
    until: Timestamp,
    emergency: bool,
    standing: Limits,
}

impl LimitBook {
    /// What the configuration says stands from now on; a temporary change goes on until its time.
    pub(crate) fn configure(&mut self, limits: Limits, version: u64) {
        self.version = version.max(self.version + 1);
        match &mut self.temporary {
            Some(temporary) => temporary.standing = limits,
            None => self.limits = limits,
        }
    }

    /// Other limits for good. Returns those before.
    pub(crate) fn change(&mut self, limits: Limits) -> Limits {
        self.version += 1;
        self.temporary = None;
        std::mem::replace(&mut self.limits, limits)
    }

    /// Other limits until a time. Returns those before.
    pub(crate) fn change_until(&mut self, limits: Limits, until: Timestamp, emergency: bool) -> Limits {
        self.version += 1;
        let before = std::mem::replace(&mut self.limits, limits);
        let standing = self.temporary.take().map_or_else(|| before.clone(), |t| t.standing);
        self.temporary = Some(Temporary { until, emergency, standing });
        before
    }

    /// Goes back to what stands, if a temporary change has run out. Returns the limits before.
    pub(crate) fn revert(&mut self, now: Timestamp) -> Option<Limits> {
        let temporary = self.temporary.take_if(|t| t.until <= now)?;
        self.version += 1;
        Some(std::mem::replace(&mut self.limits, temporary.standing))
    }

    /// Whether an emergency change is in force.
    pub(crate) fn is_emergency(&self) -> bool {
        self.temporary.as_ref().is_some_and(|t| t.emergency)
    }

    /// The least credit that these limits give, now or when a temporary change runs out; none without a limit.
    pub(crate) fn credit_min(&self) -> Option<Amount> {
        let standing = self.temporary.as_ref().and_then(|t| t.standing.credit_max);
        [self.limits.credit_max, standing].into_iter().flatten().min()
    }

    /// The most credit that these limits give, now or when a temporary change runs out.
    pub(crate) fn credit_max(&self) -> Option<Amount> {
        let standing = self.temporary.as_ref().and_then(|t| t.standing.credit_max);
        self.limits.credit_max.max(standing)
    }
}
