//! Sans-IO FIX 4.4 session engine.

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
mod reject;
mod session;
mod time;
mod validate;

pub use config::{ResendEnd, Role, SessionConfig};
pub use encode::{Encoder, Header, Routing, reencode_as_duplicate, sending_time_text};
pub use field_index::FieldIndex;
pub use frame::{BODY_BYTES_MAX, FrameFault, FrameLimits, Framed, Framer};
pub use handler::{
    Close, Delivery, Handler, Inbound, LogonVerdict, Notice, Outbound, Reset, ResetReason, StoreRead, Verdict,
};
pub use identify::{Identified, Identity, identify};
pub use message::{Field, GroupEntries, GroupEntry, Message, SeqNumField};
pub use numbers::Numbers;
pub use outgoing::{BusinessRefusal, Outgoing};
pub use profile::Profile;
pub use reject::{SessionRejectReason, Violation};
pub use session::Session;
pub use time::Now;
pub use validate::{
    GroupOrder, ValidationOptions, check_fields, check_message, check_msg_type, check_required,
    check_structure,
};
