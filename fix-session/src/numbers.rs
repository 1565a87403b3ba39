//! The two counters of a session.

/// What a session continues with: both next numbers, and the epoch they belong to.
///
/// On start they are the journal's: the contiguous durable prefix of each direction in the newest epoch, plus one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Numbers {
    /// The MsgSeqNum(34) expected next from the peer.
    pub next_in: u64,
    /// The MsgSeqNum(34) assigned next.
    pub next_out: u64,
    /// Grows at every reset, so that (epoch, MsgSeqNum) names a message for good.
    pub epoch: u64,
}

impl Numbers {
    /// A session that never ran.
    pub const FIRST: Self = Self { next_in: 1, next_out: 1, epoch: 1 };

    /// Nothing was counted in this epoch.
    pub(crate) fn untouched(&self) -> bool {
        self.next_in == 1 && self.next_out == 1
    }
}

impl Default for Numbers {
    fn default() -> Self {
        Self::FIRST
    }
}
