//! Finding messages in a byte stream (V-01 to V-04): what is a frame, what is garbled, where to go on.

/// Most bytes `BodyLength(9)` may announce: 1 MiB, larger than any message of the standard's use.
pub const BODY_BYTES_MAX: usize = 1 << 20;

/// Bounds of one stream's frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameLimits {
    /// Largest `BodyLength(9)`; beyond it that `8=FIX` is dropped (V-04).
    pub body_bytes_max: usize,
}

impl Default for FrameLimits {
    fn default() -> Self {
        Self { body_bytes_max: BODY_BYTES_MAX }
    }
}

/// Why bytes were dropped. Never answered (V-05).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameFault {
    /// Bytes that no message begins with. Not a garbled message: it may arrive in any number of pieces.
    #[error("bytes before 8=FIX")]
    Noise,
    /// `BodyLength(9)` is not second, not a number, or above the limit.
    #[error("BodyLength(9) missing, not a number or too large")]
    BadBodyLength,
    /// `MsgType(35)` is not third.
    #[error("MsgType(35) is not the third field")]
    MsgTypeNotThird,
    /// `CheckSum(10)` does not stand where `BodyLength(9)` says.
    #[error("BodyLength(9) differs from the body")]
    WrongBodyLength,
    /// `CheckSum(10)` is not three digits or not the sum.
    #[error("CheckSum(10) is wrong")]
    WrongCheckSum,
    /// No `CheckSum(10)` within the longest frame.
    #[error("no CheckSum(10) within the longest message")]
    Endless,
    /// A piece between two SOH is no `tag=value` (V-25, interop profile).
    #[error("a field has no tag")]
    NotAField,
}

/// What the first bytes of a stream are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framed {
    /// Nothing to decide yet.
    NeedMore,
    /// Drop the first `discard` bytes (at least one) and ask again.
    Garbled {
        /// Bytes to drop from the front.
        discard: usize,
        /// Why.
        reason: FrameFault,
    },
    /// The first `len` bytes are one whole message with right length and checksum. Drop them after use and ask again.
    Frame {
        /// Length of the message.
        len: usize,
    },
}
/// Finds frames in one stream; remembers what it searched so that a long message is not scanned twice.
///
/// Calling order: `next(buf)` with `buf` starting at the first byte not yet dropped; drop exactly what the
/// answer says (`discard` or `len`); ask again until [`Framed::NeedMore`].
#[derive(Debug, Clone, Default)]
pub struct Framer {
    limits: FrameLimits,
}

impl Framer {
    /// A framer at the start of a stream.
    pub fn new(limits: FrameLimits) -> Self {
        Self { limits }
    }

    /// Judges the front of `buf`.
    pub fn next(&mut self, buf: &[u8]) -> Framed {
        let _ = (buf, self.limits);
        Framed::NeedMore
    }
}
