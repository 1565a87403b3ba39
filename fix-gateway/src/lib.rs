//! The FIX gateway: sockets on one side, the event log on the other, sessions between them.
//!
//! ```text
//! socket -> engine -> one group { fix: message in, accounts: its request, fix: answers } -> log
//!                                                                                           | durable
//! socket <- bytes <- fix: message out <- outcome in accounts <- risk, execution <-----------+
//! ```
//!
//! What it promises (design section 3): an inbound number counts only with its record durable, a message and its request are
//! in the log together or not at all, nothing is written to a socket before its record is durable, every outcome becomes
//! exactly one numbered message, and a start finds all of this in the log. What it refuses: to decide anything about
//! an order. It reads what FIX can say and leaves the rest to risk.
//!
//! The driver is one thread with one tokio runtime; what it does with messages is an [`Application`]: [`OrderEntry`] or
//! [`Echo`].

mod address_range;
mod admission;
mod application;
mod back_off;
mod backlog;
mod cancel_on_disconnect;
mod carried;
mod ciphertext;
pub mod client;
mod config;
mod connection;
mod credentials;
mod definitions;
mod driver;
mod echo;
mod error;
mod exec_index;
mod gateway;
mod handle;
mod in_flight;
mod journal_index;
mod latency;
mod link;
mod live_session;
mod market_data;
mod order_entry;
mod pending;
mod record_batch;
mod recovery;
mod reference_data;
mod send_queue;
mod session_kind;
mod session_rules;
mod snapshot;
mod socket;
mod statistics;
mod strangers;
mod throttle;
mod tls;
mod translate_in;
mod translate_out;
mod wall_clock;

pub use address_range::{AddressRange, AddressRangeError};
pub use application::{Answer, Application, Effects, Publication, Settles};
pub use back_off::BackOffLimits;
pub use cancel_on_disconnect::{CancelOnDisconnect, GRACE_S_MAX};
pub use config::{FRAME_BYTES_MAX, GatewayConfig, Listener, PendingRules, SNAPSHOT_RECORDS, SessionSpec};
pub use credentials::{HMAC_SECRET_BYTES_MIN, Key, KeyError, Proof};
pub use definitions::{SpecReader, differ_lightly};
pub use echo::Echo;
pub use error::Error;
pub use fix_session::{Profile, Schedule, ScheduleError, ScheduleSpec};
pub use handle::{Asker, Handle, spawn, spawn_with};
pub use latency::Latency;
pub use live_session::{LiveSession, Source};
pub use market_data::Tape;
pub use order_entry::OrderEntry;
pub use record_batch::{RecordBatch, SessionNames};
pub use session_kind::{DropCopy, Entitlement, Entitlements, MarketDataRules, Regime, SessionKind};
pub use session_rules::{GapFillOverlap, MemberOrder, RangeEnd, SessionRules};
pub use statistics::Statistics;
pub use strangers::StrangerLimits;
pub use throttle::{EXCESS_S, SessionUsage, ThrottleLimits, Usage};
pub use tls::{CertificateFiles, ClientCertificates, TlsSource, TlsSpec, roots};
pub use translate_out::Report;
pub use wall_clock::WallClock;
