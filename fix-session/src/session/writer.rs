//! Numbering and writing our own messages.

use super::machine::Machine;
use super::replay::Held;
use super::state::{Phase, State};
use super::timers::Timer;
use crate::encode::sending_time_text;
use crate::{
    BusinessRefusal, Delivery, Encoder, Handler, Header, Message, Now, Outbound, Outgoing, Routing, Sent,
    Violation,
};
use assay_trading_types::Timestamp;

const NS_PER_MS: i64 = 1_000_000;

/// Buffers that every outbound message reuses, and the clock of SendingTime(52).
#[derive(Debug, Default)]
pub(super) struct Writer {
    pub(super) encoder: Encoder,
    /// SendingTime(52) as text, for the millisecond `sending_time_ms`.
    pub(super) sending_time: Vec<u8>,
    sending_time_ms: i64,
    /// Where a resent message is built.
    pub(super) scratch: Vec<u8>,
}

impl Writer {
    /// Bytes of memory kept between messages.
    pub(super) fn capacity(&self) -> usize {
        self.encoder.capacity() + self.sending_time.capacity() + self.scratch.capacity()
    }

    /// Sets SendingTime(52), which never goes backwards on a session (T-10).
    pub(super) fn stamp(&mut self, now: Now) {
        let ms = now.utc_ns.div_euclid(NS_PER_MS);
        if ms > self.sending_time_ms || self.sending_time.is_empty() {
            self.set_time(ms);
        }
    }

    /// Sets SendingTime(52) later than every one before, by a millisecond at least.
    pub(super) fn stamp_anew(&mut self, now: Now) {
        self.set_time(now.utc_ns.div_euclid(NS_PER_MS).max(self.sending_time_ms + 1));
    }

    fn set_time(&mut self, ms: i64) {
        self.sending_time_ms = ms;
        sending_time_text(Timestamp::from_ns(ms * NS_PER_MS), &mut self.sending_time);
    }
}

impl Machine {
    /// Numbers, writes and hands over one message.
    pub(super) fn emit<H: Handler>(
        &mut self,
        now: Now,
        outgoing: &Outgoing<'_>,
        delivery: Delivery,
        body: impl FnOnce(&mut Encoder),
        handler: &mut H,
    ) -> u64 {
        let processed = self.numbers.next_in - 1;
        self.emit_having_processed(now, outgoing, delivery, processed, body, handler)
    }

    /// As [`Machine::emit`], with LastMsgSeqNumProcessed(369) given: a Logon answer names the Logon's own (S-12).
    pub(super) fn emit_having_processed<H: Handler>(
        &mut self,
        now: Now,
        outgoing: &Outgoing<'_>,
        delivery: Delivery,
        processed: u64,
        body: impl FnOnce(&mut Encoder),
        handler: &mut H,
    ) -> u64 {
        self.writer.stamp(now);
        let seq = self.numbers.next_out;
        let header = Header {
            msg_type: outgoing.msg_type,
            seq_num: seq,
            sender_comp_id: self.config.sender_comp_id.as_bytes(),
            target_comp_id: self.config.target_comp_id.as_bytes(),
            sending_time: &self.writer.sending_time,
            poss_resend: outgoing.poss_resend,
            last_processed: self.config.last_processed.then_some(processed),
            routing: outgoing.routing,
            ..Header::default()
        };
        let encoder = &mut self.writer.encoder;
        encoder.begin(&header);
        body(encoder);
        self.hand_over(now, delivery, handler)
    }

    /// Ends the message in the encoder, which bears the next number, and hands it over.
    pub(super) fn hand_over<H: Handler>(&mut self, now: Now, delivery: Delivery, handler: &mut H) -> u64 {
        let seq = self.numbers.next_out;
        let bytes = self.writer.encoder.finish();
        self.numbers.next_out = seq + 1;
        if delivery == Delivery::Write && bytes.len() > self.peer_bytes_max {
            return self.hand_over_long(now, seq, handler);
        }
        handler.outbound(&Outbound { seq, epoch: self.numbers.epoch, next_out: seq + 1, bytes, delivery });
        if delivery == Delivery::Write {
            self.sent(now);
        }
        seq
    }

    /// As [`Machine::emit`], held while the connection cannot take it.
    pub(super) fn emit_in_order<H: Handler>(
        &mut self,
        now: Now,
        outgoing: &Outgoing<'_>,
        body: impl FnOnce(&mut Encoder),
        handler: &mut H,
    ) -> u64 {
        let delivery = self.delivery();
        self.emit(now, outgoing, delivery, body, handler)
    }

    /// Whether the next number can go out now; if a later moment of this connection will do, it is noted.
    fn delivery(&mut self) -> Delivery {
        let seq = self.numbers.next_out;
        if let State::LoggedOn(on) = &mut self.state
            && on.phase == Phase::Live
        {
            if on.replay.is_none() {
                return Delivery::Write;
            }
            Held::extend(&mut on.held, seq);
        }
        Delivery::Held
    }

    /// Any message sent restarts the heartbeat (H-01); a replay counts (H-09).
    pub(super) fn sent(&mut self, now: Now) {
        if let State::LoggedOn(on) = &self.state
            && on.heartbeat_ns > 0
        {
            self.timers.set(Timer::Heartbeat, now.mono_ns + on.heartbeat_ns);
        }
    }

    /// Reject(3) of `message`.
    pub(super) fn reject<H: Handler>(
        &mut self,
        now: Now,
        message: &Message<'_>,
        seq: u64,
        violation: &Violation,
        handler: &mut H,
    ) {
        let delivery = self.delivery();
        self.write_reject(now, message, seq, violation, delivery, handler);
    }

    pub(super) fn write_reject<H: Handler>(
        &mut self,
        now: Now,
        message: &Message<'_>,
        seq: u64,
        violation: &Violation,
        delivery: Delivery,
        handler: &mut H,
    ) {
        let reason = u32::from(violation.reason.code());
        handler.notice(crate::Notice::Rejected { seq, reason });
        let routing = Routing::of_answer_to(message, self.config.swap_sub_ids);
        let outgoing = Outgoing { msg_type: b"3", routing, poss_resend: false };
        let write = |out: &mut Encoder| {
            out.field_u64(45, seq).field(58, violation.text().as_bytes());
            if let Some(tag) = violation.tag {
                out.field_i64(371, tag);
            }
            out.field(372, message.msg_type()).field_u64(373, u64::from(reason));
        };
        self.emit(now, &outgoing, delivery, write, handler);
    }

    pub(crate) fn reject_business<H: Handler>(
        &mut self,
        now: Now,
        refusal: &BusinessRefusal<'_>,
        handler: &mut H,
    ) -> Sent {
        let outgoing = Outgoing { msg_type: b"j", routing: refusal.routing, poss_resend: false };
        let write = |out: &mut Encoder| {
            out.field_u64(45, refusal.ref_seq).field(58, refusal.text.as_bytes());
            out.field(372, refusal.ref_msg_type);
            if !refusal.ref_id.is_empty() {
                out.field(379, refusal.ref_id);
            }
            out.field_u64(380, u64::from(refusal.reason));
        };
        // An answer to the live session goes ahead of what waits there: it names a number of this epoch.
        if self.is_established() {
            return Sent::Numbered(self.emit_in_order(now, &outgoing, write, handler));
        }
        self.queue_up(now, &outgoing, write, handler)
    }

    pub(crate) fn send<H: Handler>(
        &mut self,
        now: Now,
        outgoing: &Outgoing<'_>,
        body: impl FnOnce(&mut Encoder),
        handler: &mut H,
    ) -> Sent {
        if self.must_queue() {
            return self.queue_up(now, outgoing, body, handler);
        }
        Sent::Numbered(self.emit_in_order(now, outgoing, body, handler))
    }
}
