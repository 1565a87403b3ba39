//! A yearly rate of interest.

use crate::{Amount, DecimalError};
use serde::{Deserialize, Serialize};

/// A rate a year in billionths of one: `0.0525` is 5.25 %. JSON: a decimal string.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(into = "Amount", try_from = "Amount")]
pub struct Rate(i64);

/// Billionths in one.
const RATE_ONE: i128 = 1_000_000_000;

/// Highest rate, 1,000 % a year: above it a percentage was taken for a fraction, and sums stay far from overflowing.
const RATE_MAX: i64 = 10 * RATE_ONE as i64;

/// A rate below zero or above 1,000 %.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a rate is between 0 and 10, which is 1,000 % a year")]
pub struct RateError;

impl Rate {
    /// No interest.
    pub const ZERO: Self = Self(0);

    /// From billionths of one.
    ///
    /// # Errors
    /// Below zero or above 1,000 %.
    pub fn from_billionths(billionths: i64) -> Result<Self, RateError> {
        if (0..=RATE_MAX).contains(&billionths) { Ok(Self(billionths)) } else { Err(RateError) }
    }

    /// Reads a fraction: `0.0525` is 5.25 %.
    ///
    /// # Errors
    /// No decimal, or out of range.
    pub fn parse(text: &str) -> Result<Self, DecimalError> {
        Self::try_from(Amount::parse(text)?).map_err(|RateError| DecimalError::TooLarge)
    }

    /// Billionths of one.
    pub const fn billionths(&self) -> i64 {
        self.0
    }
}

impl From<Rate> for Amount {
    fn from(rate: Rate) -> Self {
        Self::from_units(rate.0.into())
    }
}

impl TryFrom<Amount> for Rate {
    type Error = RateError;

    fn try_from(fraction: Amount) -> Result<Self, RateError> {
        i64::try_from(fraction.units()).map_err(|_| RateError).and_then(Self::from_billionths)
    }
}
