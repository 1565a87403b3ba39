//! What one source says of one instrument.

use crate::fault::QuoteFault;
use assay_trading_types::{Price, Timestamp};

/// How far a source's clock may be ahead of ours, in nanoseconds.
const AHEAD_MAX_NS: i64 = 1_000_000_000;

/// Quotes of one source that say the same outlying price, from which on it is believed.
const CONFIRMATIONS: u32 = 3;

/// Basis points in one.
const BASIS: i128 = 10_000;

/// What counts of a source for one instrument.
#[derive(Debug, Clone, Default)]
pub(crate) struct Feed {
    latest: Option<Heard>,
    /// Since when it has lived without a pause, by our clock.
    since: Option<Timestamp>,
    suspect: Option<Suspect>,
}

/// A quote that counts.
#[derive(Debug, Clone, Copy)]
struct Heard {
    price: Price,
    /// By the source's clock.
    at: Timestamp,
    /// By ours.
    heard: Timestamp,
}

/// A price that nothing else confirms.
#[derive(Debug, Clone, Copy)]
struct Suspect {
    price: Price,
    times: u32,
}

/// Bounds that a quote is held to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// The price in force.
    pub(crate) in_force: Option<Price>,
    /// Largest distance from it, in basis points.
    pub(crate) outlier_bp: Option<u32>,
    /// How old a quote may be.
    pub(crate) stale_after_ns: i64,
}

impl Feed {
    /// Takes a quote of `price`, unless it cannot be. `confirmed` says whether another source that lives is as far away.
    pub(crate) fn hear(
        &mut self,
        (price, at): (Price, Timestamp),
        now: Timestamp,
        bounds: Bounds,
        confirmed: impl FnOnce(Price, u32) -> bool,
    ) -> Result<(), QuoteFault> {
        if at.since_ns(now) > AHEAD_MAX_NS {
            return Err(QuoteFault::Ahead(at));
        }
        if self.latest.is_some_and(|latest| at < latest.at) {
            return Err(QuoteFault::Late);
        }
        if now.since_ns(at) > bounds.stale_after_ns {
            return Err(QuoteFault::Stale);
        }
        if let (Some(in_force), Some(bp)) = (bounds.in_force, bounds.outlier_bp)
            && is_away(price, in_force, bp)
            && !confirmed(price, bp)
            && !self.insists(price, bp)
        {
            return Err(QuoteFault::Outlier(price, in_force));
        }
        if !self.lives(now, bounds.stale_after_ns) {
            self.since = Some(now);
        }
        self.suspect = None;
        self.latest = Some(Heard { price, at, heard: now });
        Ok(())
    }

    /// Whether the source has said an outlying price often enough. A price away from the one it said before is another one.
    fn insists(&mut self, price: Price, bp: u32) -> bool {
        let times = match self.suspect {
            Some(suspect) if !is_away(price, suspect.price, bp) => suspect.times + 1,
            _ => 1,
        };
        self.suspect = Some(Suspect { price, times });
        times >= CONFIRMATIONS
    }

    /// Whether its next outlier is the first of its kind.
    pub(crate) fn is_first_doubt(&self) -> bool {
        self.suspect.is_some_and(|suspect| suspect.times == 1)
    }

    /// Whether it said something lately.
    pub(crate) fn lives(&self, now: Timestamp, stale_after_ns: i64) -> bool {
        self.latest.is_some_and(|latest| now.since_ns(latest.heard) <= stale_after_ns)
    }

    /// Whether it has lived for `ns` without a pause.
    pub(crate) fn is_steady(&self, now: Timestamp, ns: i64) -> bool {
        self.since.is_some_and(|since| now.since_ns(since) >= ns)
    }

    /// Its price.
    pub(crate) fn price(&self) -> Option<Price> {
        self.latest.map(|latest| latest.price)
    }
}

/// Whether a price is further than `bp` from another.
pub(crate) fn is_away(price: Price, from: Price, bp: u32) -> bool {
    let away = (i128::from(price.units()) - i128::from(from.units())).abs();
    away * BASIS > i128::from(from.units()) * i128::from(bp)
}
