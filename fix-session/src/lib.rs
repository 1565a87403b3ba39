//! Sans-IO FIX 4.4 session engine.

mod encode;
mod field_index;
mod frame;
mod message;
mod profile;
mod reject;
mod validate;

pub use encode::{Encoder, Header, Routing, reencode_as_duplicate, sending_time_text};
pub use field_index::FieldIndex;
pub use frame::{BODY_BYTES_MAX, FrameFault, FrameLimits, Framed, Framer};
pub use message::{Field, GroupEntries, GroupEntry, Message, SeqNumField};
pub use profile::Profile;
pub use reject::{SessionRejectReason, Violation};
pub use validate::{
    GroupOrder, ValidationOptions, check_fields, check_message, check_msg_type, check_required, check_structure,
};
