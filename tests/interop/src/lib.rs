//! Assay against an engine that shares no line with it: QuickFIX C++ as the counterparty of a real `assay up`.
//!
//! ```text
//! test -> Counterparty (QuickFIX initiator, file store) -> socket -> Server (child process, killed and restarted)
//!              |                                                          |
//!              +-> Tape: every report and session message as QuickFIX saw it, waited on and judged at the end
//! ```

mod counterparty;
mod orders;
mod server;
mod tape;

pub use counterparty::{Counterparty, Stores};
pub use orders::{Side, limit_order};
pub use server::{Server, server_binary};
pub use tape::{Report, Tape, WAIT_MAX};
