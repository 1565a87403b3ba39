//! What a driver tells about its venue.

use assay_trading_types::VenueId;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64};

/// Written by the driver, read by metrics.
#[derive(Debug)]
pub struct VenueVitals {
    /// Which.
    pub venue: VenueId,
    /// Whether its session is logged on.
    pub up: AtomicBool,
    /// Orders, cancels and replaces sent and not yet spoken of.
    pub unanswered: AtomicU64,
    /// When it said something last, in nanoseconds of UTC; zero: never.
    pub last_heard_ns: AtomicI64,
    /// Requests sent.
    pub sent: AtomicU64,
    /// Requests that could not be sent.
    pub unsent: AtomicU64,
    /// Messages heard.
    pub heard: AtomicU64,
}

impl VenueVitals {
    /// Of a venue that was never reached.
    pub fn new(venue: VenueId) -> Self {
        Self {
            venue,
            up: AtomicBool::new(false),
            unanswered: AtomicU64::new(0),
            last_heard_ns: AtomicI64::new(0),
            sent: AtomicU64::new(0),
            unsent: AtomicU64::new(0),
            heard: AtomicU64::new(0),
        }
    }
}
