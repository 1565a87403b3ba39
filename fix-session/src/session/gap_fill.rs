//! SequenceReset-GapFill of ours: what stands for numbers whose messages are not sent (R-03, R-06, R-16, L-23).

use super::machine::Machine;
use super::replay::msg_type_of;
use crate::{Delivery, Handler, Header, Notice, Now, Outbound};

/// What a resend may add to a message: 43=Y, 122, 369, a digit of 9.
const RESEND_BYTES: usize = 64;

impl Machine {
    /// Writes the gap fill for numbers `from..next`; a repeated one bears PossDupFlag(43)=Y.
    pub(super) fn write_gap_fill<H: Handler>(
        &mut self,
        now: Now,
        from: u64,
        next: u64,
        poss_dup: bool,
        handler: &mut H,
    ) {
        let last_processed = self.config.last_processed.then_some(self.numbers.next_in - 1);
        self.writer.stamp(now);
        let writer = &mut self.writer;
        let header = Header {
            msg_type: b"4",
            seq_num: from,
            sender_comp_id: self.config.sender_comp_id.as_bytes(),
            target_comp_id: self.config.target_comp_id.as_bytes(),
            sending_time: &writer.sending_time,
            poss_dup,
            orig_sending_time: if poss_dup { &writer.sending_time } else { b"" },
            last_processed,
            ..Header::default()
        };
        writer.encoder.begin(&header).field_u64(36, next).field_bool(123, true);
        handler.replayed(writer.encoder.finish());
    }

    /// A new message that is longer than the peer takes stays in the journal; a gap fill goes in its place (L-23).
    #[cold]
    pub(super) fn hand_over_long<H: Handler>(&mut self, now: Now, seq: u64, handler: &mut H) -> u64 {
        let bytes = self.writer.encoder.finished();
        let withheld = !is_session_message(msg_type_of(bytes));
        let delivery = if withheld { Delivery::Held } else { Delivery::Write };
        handler.outbound(&Outbound { seq, epoch: self.numbers.epoch, next_out: seq + 1, bytes, delivery });
        if withheld {
            handler.notice(Notice::TooLongForPeer { seq, bytes: bytes.len() });
            self.write_gap_fill(now, seq, seq + 1, false, handler);
        }
        self.sent(now);
        seq
    }

    /// Whether a message of `bytes` may not go to this peer (L-23); `resent`: it would go as a possible duplicate.
    #[inline]
    pub(super) fn is_too_long(&self, bytes: &[u8], resent: bool) -> bool {
        let len = bytes.len() + if resent { RESEND_BYTES } else { 0 };
        len > self.peer_bytes_max && !is_session_message(msg_type_of(bytes))
    }
}

/// The messages without which there is no session.
fn is_session_message(msg_type: &[u8]) -> bool {
    matches!(msg_type, b"A" | b"5" | b"2" | b"0" | b"1" | b"4")
}
