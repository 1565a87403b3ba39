//! What must hold for any input: one function a fuzz target, panicking where it does not.
//!
//! ```text
//! cargo +nightly fuzz run framing        bytes as a peer may send them, in any pieces
//! cargo +nightly fuzz run message        a frame around any body, against the dictionary
//! cargo +nightly fuzz run dictionary     any file a user may give
//! cargo +nightly fuzz run session        any story of two peers, a clock and a store
//! ```

mod dictionary;
mod framing;
mod message;
mod seal;
mod session;

pub use dictionary::dictionary;
pub use framing::framing;
pub use message::message;
pub use session::{Step, Story, session};
