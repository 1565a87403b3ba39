//! The other end of a session: an initiator that keeps every rule, and a scripted peer that need not.
//!
//! ```text
//!           Reconnect (when, where)
//!               |
//! Desk <-> Initiator <-> engine <-> Store (numbers, messages sent, messages that wait)
//!               |
//!            Stream (TCP, TLS)
//! ```
//!
//! [`Initiator`] drives the engine of `fix-session` over one socket, on the thread of whoever calls it: no runtime, no thread
//! of its own. It connects within the session's hours, again after losses with growing pauses and over several hosts, keeps
//! what it sent so that it can send it again, and hands every application message to its [`Desk`] in order.
//!
//! [`Client`] says what a test or a load tells it.

mod credentials;
mod file_store;
mod initiator;
mod raw;
mod reconnect;
mod side;
mod store;
mod stream;

pub use credentials::{Credentials, CredentialsError, CredentialsSpec, Scheme};
pub use file_store::{FileStore, FileStoreError};
pub use initiator::{Host, Initiator, InitiatorConfig};
pub use raw::{Client, Flow, Outcome, framed};
pub use reconnect::ReconnectSpec;
pub use side::Desk;
pub use store::{MemoryStore, Resume, SentMessage, Store};
pub use stream::{ClientTls, ClientTlsSpec};
