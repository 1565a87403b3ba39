//! Why a quote does not count.

use assay_trading_types::{Price, Timestamp};

/// Why a quote does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QuoteFault {
    /// No instrument takes its price from this source.
    #[error("not asked of this source")]
    NotAsked,
    /// Neither a trade nor both sides, or none above zero.
    #[error("no price above zero")]
    NoPrice,
    /// The bid is above the offer.
    #[error("bid {0} above offer {1}")]
    Crossed(Price, Price),
    /// Its time has not come yet.
    #[error("its time {0} is ahead")]
    Ahead(Timestamp),
    /// Older than what the source said before.
    #[error("older than the one before")]
    Late,
    /// Older than the source's quotes may be.
    #[error("stale")]
    Stale,
    /// Its number was there before.
    #[error("number {0} was there before")]
    Repeated(u64),
    /// Too far from the price in force, and nothing confirms it yet.
    #[error("{0} is too far from {1}")]
    Outlier(Price, Price),
}
