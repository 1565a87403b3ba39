//! One log for several processes: who has it open serves it over TCP, others append to it and read it as if it were theirs.
//!
//! ```text
//! process                                   process that has the log open
//! RemoteLog --- append, alive ------------> Line ------> EventLog::append
//!           <-- appended, moved, denied ---      <------ durable position, ends of topics
//! RemoteReader <-- records, passed -------- Feed <------ EventLog::reader
//! ```
//!
//! Who appends holds a lease on a role's name; there is one holder at a time, and the end of its connection ends the lease:
//! a process that was replaced can append nothing, because every append passes here. Connections begin with a proof,
//! of both sides, that they know one secret, and are encrypted from there on. The messages stand in `docs/wire/log-server.md`.

mod cipher;
mod feed;
mod handshake;
mod leases;
mod line;
mod message;
mod news;
mod own_events;
mod remote;
mod remote_reader;
mod server;
mod standing;

pub use handshake::{LogSecret, SECRET_BYTES_MIN, WeakSecret};
pub use remote::{Granted, Lease, RemoteConfig, RemoteError, RemoteLog};
pub use server::{LogServer, ToServe};
