//! What a venue is to its driver.

use crate::Error;
use assay_trading_types::{Symbol, Timestamp, VenueMessage, VenueRequested};
use std::time::Duration;

/// A session with a venue, driven by its owner's thread: call [`Venue::turn`] again and again.
///
/// Messages are handed over in the order the venue sent them, each at least once: again only when the process ended before
/// [`Venue::heard_is_durable`].
pub trait Venue {
    /// Connects if that is due, then sends and receives for at most `wait`.
    ///
    /// # Errors
    /// What must be kept cannot be kept.
    fn turn(&mut self, wait: Duration) -> Result<(), Error>;

    /// Whether what is asked goes out at once.
    fn is_up(&self) -> bool;

    /// Sends a request, while it is up. It may arrive later or not at all when the link is lost.
    fn ask(&mut self, request: &VenueRequested, at: Timestamp);

    /// Takes what was heard, oldest first.
    fn take_heard(&mut self) -> Vec<Heard>;

    /// What was taken is kept for ever, and need not be heard again.
    fn heard_is_durable(&mut self);

    /// Ends the session in order; it is not up again.
    fn leave(&mut self);

    /// Whether it has ended.
    fn has_left(&self) -> bool;
}

/// A message of a venue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// Symbol(55), where it names one.
    pub symbol: Option<Symbol>,
    /// What it says.
    pub message: VenueMessage,
    /// As received, SOH as `|`.
    pub wire: String,
}
