//! Messages that the application sent while nobody could take them: they wait without a number, and follow in order once the
//! session is logged on and both sides' gaps are closed (L-24).

use super::machine::Machine;
use super::rollover::Rollover;
use super::state::{LoggedOn, Phase, State};
use super::timers::Timer;
use crate::time::NS_PER_S;
use crate::{Delivery, Encoder, Handler, Header, Notice, Now, Outgoing, Queued, Sent};

/// A peer that leaves the confirming TestRequest(1) unanswered this long gets the queued messages all the same: it is
/// alive, or the silence check ends the session.
const CONFIRM_S: u64 = 10;

/// How far the release of queued messages has come on this connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Release {
    /// Nothing is asked of the driver: nothing waits, or gaps are still open.
    Resting {
        /// A gap was filled since the last look, on either side.
        gap_filled: bool,
    },
    /// This TestRequest(1) must be answered first: then the peer has taken all that was resent.
    Confirming { test: u64 },
    /// The driver hands the messages in.
    Flowing,
}

impl Default for Release {
    fn default() -> Self {
        Self::Resting { gap_filled: false }
    }
}

impl Machine {
    /// How many messages wait.
    pub(crate) fn queued_out(&self) -> u64 {
        self.queued_out
    }

    /// As the journal has it, before the first connection.
    pub(crate) fn set_queued_out(&mut self, count: u64) {
        self.queued_out = count;
    }

    /// Whether a message of the application has to wait: nobody can take it, or others wait before it.
    #[inline]
    pub(super) fn must_queue(&self) -> bool {
        self.queued_out > 0 || !self.takes_messages()
    }

    fn takes_messages(&self) -> bool {
        matches!(&self.state, State::LoggedOn(on) if on.phase == Phase::Live && on.rollover == Rollover::Idle)
    }

    /// Gaps may have closed: what waits for that goes on.
    pub(super) fn even_out<H: Handler>(&mut self, now: Now, handler: &mut H) {
        self.rollover_if_even(now, handler);
        self.release_if_even(now, handler);
    }

    /// Hands one message over to be kept.
    pub(super) fn queue_up<H: Handler>(
        &mut self,
        now: Now,
        outgoing: &Outgoing<'_>,
        body: impl FnOnce(&mut Encoder),
        handler: &mut H,
    ) -> Sent {
        if self.queued_out == 0 {
            handler.notice(Notice::Queueing);
        }
        self.queued_out += 1;
        self.writer.stamp(now);
        let header = Header {
            msg_type: outgoing.msg_type,
            sender_comp_id: self.config.sender_comp_id.as_bytes(),
            target_comp_id: self.config.target_comp_id.as_bytes(),
            sending_time: &self.writer.sending_time,
            poss_resend: outgoing.poss_resend,
            routing: outgoing.routing,
            ..Header::default()
        };
        let encoder = &mut self.writer.encoder;
        encoder.begin(&header);
        body(encoder);
        handler.queued(&Queued { bytes: encoder.finish() });
        Sent::Queued
    }

    /// Gaps may have closed: what waits goes out once none is left on either side.
    fn release_if_even<H: Handler>(&mut self, now: Now, handler: &mut H) {
        if self.queued_out == 0 || !self.takes_messages() {
            return;
        }
        let State::LoggedOn(on) = &mut self.state else { return };
        if !on.is_even() {
            on.release = Release::Resting { gap_filled: true };
            return self.timers.clear(Timer::Release);
        }
        match on.release {
            Release::Resting { gap_filled: true } if on.heartbeat_ns > 0 => self.confirm(now, handler),
            Release::Resting { .. } => self.release(handler),
            Release::Confirming { .. } | Release::Flowing => {}
        }
    }

    fn confirm<H: Handler>(&mut self, now: Now, handler: &mut H) {
        let State::LoggedOn(on) = &mut self.state else { return };
        // A test that is under way was sent before the gap was filled: its answer comes first (H-04), unless it is lost.
        let under_way = on.test.is_some();
        if !under_way {
            on.release = Release::Confirming { test: on.tests_sent + 1 };
            self.send_test(now, handler);
        }
        if !under_way || !self.timers.is_set(Timer::Release) {
            self.timers.set(Timer::Release, now.mono_ns + CONFIRM_S * NS_PER_S);
        }
    }

    /// The peer answered the TestRequest, and whatever it asked for before that came first.
    pub(super) fn release_confirmed<H: Handler>(&mut self, handler: &mut H) {
        self.timers.clear(Timer::Release);
        self.release(handler);
    }

    pub(super) fn release_unconfirmed<H: Handler>(&mut self, handler: &mut H) {
        handler.notice(Notice::Warning("TestRequest before queued messages not answered"));
        self.release(handler);
    }

    fn release<H: Handler>(&mut self, handler: &mut H) {
        if let State::LoggedOn(on) = &mut self.state {
            on.release = Release::Flowing;
            handler.read_queue();
        }
    }

    /// One queued message, the oldest. Sends it and returns whether the next is wanted; sends nothing and returns
    /// false when the session cannot take it now, and will ask again.
    pub(crate) fn unqueue<H: Handler>(&mut self, now: Now, bytes: &[u8], handler: &mut H) -> bool {
        let State::LoggedOn(on) = &mut self.state else { return false };
        let live = on.phase == Phase::Live && on.rollover == Rollover::Idle;
        if !live || on.release != Release::Flowing || self.queued_out == 0 {
            return false;
        }
        if !on.is_even() {
            on.release = Release::Resting { gap_filled: true };
            return false;
        }
        self.queued_out -= 1;
        self.emit_queued(now, bytes, handler);
        if self.queued_out == 0 {
            handler.notice(Notice::QueueSent);
        }
        self.queued_out > 0
    }

    fn emit_queued<H: Handler>(&mut self, now: Now, bytes: &[u8], handler: &mut H) {
        self.writer.stamp(now);
        let last_processed = self.config.last_processed.then_some(self.numbers.next_in - 1);
        let (seq, writer) = (self.numbers.next_out, &mut self.writer);
        crate::reencode::renumber(bytes, seq, &writer.sending_time, last_processed, &mut writer.encoder);
        self.hand_over(now, Delivery::Write, handler);
    }
}

impl LoggedOn {
    /// Neither side lacks anything that the other is known to have sent.
    pub(super) fn is_even(&self) -> bool {
        self.gap.is_none() && self.replay.is_none() && self.replays_waiting.is_empty() && self.held.is_none()
    }
}
