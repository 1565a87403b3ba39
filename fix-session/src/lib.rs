//! The FIX 4.4 session layer as a state machine: bytes and time in, decisions out. It opens no socket or file, starts no
//! thread and reads no clock; a driver does, and a test can be one.
//!
//! ```text
//!  transport ---bytes---> Session::handle_bytes          Handler::application      -> journal, then the business
//!  clock ------- now ---> Session::handle_timeout        Handler::administrative   -> journal
//!  business -- send ----> Session::send           ====>  Handler::outbound         -> journal, written once durable
//!  store ----- read ----> Session::stored                Handler::replayed         -> written behind what was before
//!  queue ----- read ----> Session::unqueue               Handler::queued           -> journal, until the next logon
//!                         Session::poll_deadline         Handler::reset, notice, read_store, read_queue, close
//!
//!  handle_bytes: Framer (frames, garbled bytes) -> FieldIndex (fields in place) -> the order of checks -> state machine
//! ```
//!
//! What it promises: every number is assigned once and handed to the journal before anything may be written; every
//! application message is handed over once, in the order of its numbers, whatever gaps, duplicates and losses lie between;
//! nothing is allocated for a message on the normal way; no input panics it or makes it grow beyond its bounds.
//!
//! What it leaves to the driver: choosing the session of a connection ([`identify`]), credentials
//! ([`Handler::logon`]), a second connection for a live session (L-05), back-pressure, durability, reconnecting.
//!
//! ```
//! use fix_session::{
//!     Close, Delivery, Dictionary, Handler, Inbound, Notice, Now, Numbers, Outbound, Queued, Reset, Role, Session,
//!     SessionConfig, StoreRead, Verdict,
//! };
//!
//! /// A driver that only keeps what is to be written.
//! #[derive(Default)]
//! struct Wire(Vec<u8>);
//!
//! impl Handler for Wire {
//!     fn application(&mut self, _: &Inbound<'_>) -> Verdict { Verdict::Unsupported }
//!     fn administrative(&mut self, _: &Inbound<'_>) {}
//!     fn outbound(&mut self, outbound: &Outbound<'_>) {
//!         if outbound.delivery == Delivery::Write { self.0.extend_from_slice(outbound.bytes); }
//!     }
//!     fn replayed(&mut self, bytes: &[u8]) { self.0.extend_from_slice(bytes); }
//!     fn read_store(&mut self, _: StoreRead) {}
//!     fn queued(&mut self, _: &Queued<'_>) {}
//!     fn read_queue(&mut self) {}
//!     fn reset(&mut self, _: Reset) {}
//!     fn notice(&mut self, _: Notice<'_>) {}
//!     fn close(&mut self, _: Close) {}
//! }
//!
//! let now = Now { mono_ns: 0, utc_ns: 1_795_253_400_000_000_000 };
//! let mut wire = Wire::default();
//! let config = SessionConfig::new(Role::Initiator, "CLIENT1", "ASSAY");
//! let mut session = Session::new(config, Numbers::FIRST, Dictionary::fix44());
//! session.connected(now, &mut wire);
//! assert!(wire.0.windows(5).any(|field| field == b"35=A\x01"));
//! ```

mod config;
mod encode;
mod field_index;
mod frame;
mod handler;
mod identify;
mod message;
mod numbers;
mod outgoing;
mod profile;
mod reencode;
mod reject;
mod schedule;
mod session;
mod time;
mod validate;

pub use assay_dictionaries::Dictionary;
pub use config::{ResendEnd, Role, SessionConfig};
pub use encode::{Encoder, Header, Routing, append_fields, sending_time_text};
pub use field_index::FieldIndex;
pub use frame::{BODY_BYTES_MAX, FrameFault, FrameLimits, Framed, Framer};
pub use handler::{
    Close, Delivery, Handler, Inbound, LogonCredentials, LogonVerdict, Notice, Outbound, Queued, Reset,
    ResetReason, StoreRead, UnprovenLogon, Verdict,
};
pub use identify::{Identified, Identity, identify};
pub use message::{BodyPart, Field, GroupEntries, GroupEntry, Message, SeqNumField};
pub use numbers::Numbers;
pub use outgoing::{BusinessRefusal, Outgoing, Sent};
pub use profile::Profile;
pub use reencode::reencode_as_duplicate;
pub use reject::{SessionRejectReason, Violation};
pub use schedule::{Interval, Schedule, ScheduleError, ScheduleSpec};
pub use session::Session;
pub use time::Now;
pub use validate::{
    GroupOrder, ValidationOptions, check_fields, check_message, check_msg_type, check_required,
    check_structure,
};
