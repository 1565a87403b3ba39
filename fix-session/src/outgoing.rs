//! What the application says about a message it sends, besides its body.

use crate::Routing;

/// The application's part of an outbound header.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outgoing<'a> {
    /// MsgType(35).
    pub msg_type: &'a [u8],
    /// PossResend(97)=Y: the same business message may have gone out under another number (D-08).
    pub poss_resend: bool,
    /// Third parties and sub ids (V-30).
    pub routing: Routing<'a>,
}

impl<'a> Outgoing<'a> {
    /// A message of `msg_type` to the peer itself.
    pub fn new(msg_type: &'a [u8]) -> Self {
        Self { msg_type, ..Self::default() }
    }
}

impl<'a> From<&'a [u8]> for Outgoing<'a> {
    fn from(msg_type: &'a [u8]) -> Self {
        Self::new(msg_type)
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Outgoing<'a> {
    fn from(msg_type: &'a [u8; N]) -> Self {
        Self::new(msg_type)
    }
}

/// What became of a message handed to [`Session::send`](crate::Session::send).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// It has this MsgSeqNum(34) and is on its way.
    Numbered(u64),
    /// It waits without a number for the next logon (L-24).
    Queued,
}

impl Sent {
    /// Its number, if it has one already.
    pub fn number(self) -> Option<u64> {
        match self {
            Self::Numbered(seq) => Some(seq),
            Self::Queued => None,
        }
    }
}

/// A business refusal, sent as BusinessMessageReject(j).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BusinessRefusal<'a> {
    /// RefSeqNum(45): the number of the message refused.
    pub ref_seq: u64,
    /// RefMsgType(372).
    pub ref_msg_type: &'a [u8],
    /// BusinessRejectRefID(379): the refused message's own business id; empty leaves it out.
    pub ref_id: &'a [u8],
    /// BusinessRejectReason(380).
    pub reason: u32,
    /// Text(58).
    pub text: &'a str,
    /// Third parties of the refused message, reversed.
    pub routing: Routing<'a>,
}
