//! Drives sessions with outside venues: sends what the log says is to be sent, and writes what is heard (ADR 0021).
//!
//! ```text
//! markets: venue.requested --durable--> VenueService --> Venue (FIX session) --> broker
//! markets: venue.heard, venue.link_changed, venue.unsent <------+ <------------- broker
//! ```
//! It decides nothing: which venue, when again, and what an answer means is for the routing core in `execution`. What it
//! promises: nothing is sent before its record is durable, a record is sent at most once, what could not be sent is said, and a
//! message of the venue does not count as received before its record is durable. A process begins by saying that the link is
//! down, and never sends what was asked for before: whether that went out, the venue is asked.
//!
//! [`Venue`] is the port; [`FixVenue`] a FIX 4.4 initiator that keeps its session in a file, [`PaperVenue`] a broker that is not
//! there. [`Statement`] is what a broker says at the end of the day, held against [`VenueFills`].

mod error;
mod fix;
mod paper;
mod port;
mod service;
mod statement;
mod vitals;

pub use error::Error;
pub use fix::{FixVenue, FixVenueConfig};
pub use paper::PaperVenue;
pub use port::{Heard, Venue};
pub use service::VenueService;
pub use statement::{Statement, StatementError, VenueFills};
pub use vitals::VenueVitals;
