//! Assay against engines that share no line with it: QuickFIX C++ and QuickFIX/J, in both roles.
//!
//! ```text
//! tests/trading.rs      Peer (QuickFIX initiator, file store) -> socket -> Server (`assay up`, killed and restarted)
//! tests/initiating.rs   OurInitiator (child process, killed)  -> socket -> Venue (QuickFIX acceptor, file store)
//! tests/broker.rs       RawPeer -> socket -> Server (a venue driver) -> socket -> Broker (QuickFIX acceptor)
//! tests/agreement.rs    the same message -> our validator | QuickFIX acceptor: one verdict
//! ```
//!
//! What a peer saw goes to a [`Tape`], what our initiator saw to its [`Journal`]; both are waited on and judged at the end.

mod broker;
mod generated;
mod journal;
mod line;
mod orders;
mod our_initiator;
mod peer;
mod quickfix_broker;
mod quickfix_cpp;
mod quickfix_j;
mod raw_peer;
mod server;
mod tape;
mod venue;

pub use broker::{Broker, Fault};
pub use generated::{Generated, Walk};
pub use journal::{Entry, Journal};
pub use line::{Line, Way};
pub use orders::{Order, Side, limit_order};
pub use our_initiator::OurInitiator;
pub(crate) use peer::wait_end;
pub use peer::{Bend, CLIENTS, Connection, OrderDesk, Peer, Venue};
pub use quickfix_broker::{QuickFixBroker, serve_quickfix_broker};
pub use quickfix_cpp::{QuickFixPeer, QuickFixVenue, serve_quickfix, serve_quickfix_echo};
pub use quickfix_j::{QuickFixJ, QuickFixJPeer, QuickFixJVenue};
pub use raw_peer::{Judgement, RawPeer, sealed};
pub use server::{Server, free_port, server_binary};
pub use tape::{Report, Tape, WAIT_MAX, field};
pub use venue::report_of;
