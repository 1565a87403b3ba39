//! Whose session a connection is, judged by its first message alone (C-01).

use crate::{FrameLimits, Framed, Framer};

/// What the first bytes of a connection say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identified<'a> {
    /// Nothing to decide yet.
    NeedMore,
    /// No message begins here, or a broken one: close without a word (L-09).
    Garbled,
    /// A whole first message and who it is from.
    Message(Identity<'a>),
}

/// The key of a session as its peer writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Identity<'a> {
    /// BeginString(8).
    pub begin_string: &'a [u8],
    /// MsgType(35): anything but `A` is closed without a word (L-09).
    pub msg_type: &'a [u8],
    /// SenderCompID(49): our TargetCompID. Empty when missing.
    pub sender_comp_id: &'a [u8],
    /// TargetCompID(56): our SenderCompID. Empty when missing.
    pub target_comp_id: &'a [u8],
    /// The message byte for byte: credentials are judged before the session hears of it.
    pub frame: &'a [u8],
}

/// Reads the first message of a connection without a session. The bytes stay the driver's, to be handed to the session's
/// [`handle_bytes`](crate::Session::handle_bytes) from the first one.
pub fn identify(bytes: &[u8], limits: FrameLimits) -> Identified<'_> {
    match Framer::new(limits).next(bytes) {
        Framed::NeedMore => Identified::NeedMore,
        Framed::Garbled { .. } => Identified::Garbled,
        Framed::Frame { len } => Identified::Message(Identity::of(&bytes[..len])),
    }
}

impl<'a> Identity<'a> {
    fn of(frame: &'a [u8]) -> Self {
        let mut identity = Self { frame, ..Self::default() };
        for piece in frame.split(|&b| b == 0x01) {
            match piece {
                [b'8', b'=', value @ ..] => identity.begin_string = first(identity.begin_string, value),
                [b'3', b'5', b'=', value @ ..] => identity.msg_type = first(identity.msg_type, value),
                [b'4', b'9', b'=', value @ ..] => {
                    identity.sender_comp_id = first(identity.sender_comp_id, value);
                }
                [b'5', b'6', b'=', value @ ..] => {
                    identity.target_comp_id = first(identity.target_comp_id, value);
                }
                _ => {}
            }
        }
        identity
    }
}

/// A field that stands twice counts by its first value, as in a parsed message.
fn first<'a>(known: &'a [u8], value: &'a [u8]) -> &'a [u8] {
    if known.is_empty() { value } else { known }
}
