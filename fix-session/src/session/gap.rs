//! Missing inbound numbers: asking for them, and going on once they are here (S-03, S-04, R-13 to R-15).

use super::machine::Machine;
use super::queue::Queued;
use super::state::{LoggedOn, Phase, State};
use super::timers::Timer;
use crate::time::NS_PER_S;
use crate::{Handler, Message, Notice, Now, Outgoing, ResendEnd};

/// A request without progress is repeated this often before the session ends (S-11).
const REPEATS_MAX: u32 = 3;

/// As many answers of ours garbled at the same number are a loop.
const LOOPS_MAX: u32 = 3;

/// A gap seen at a logon where both sides tell what they expect is filled unasked within this long (L-20).
const UNASKED_FILL_S: u64 = 10;

/// The rest of a piece follows a gap fill inside it within this long, or is asked for.
const REST_OF_CHUNK_NS: u64 = NS_PER_S;

/// Our outstanding request.
#[derive(Debug, Default)]
pub(crate) struct Gap {
    /// Last number that was asked for.
    asked_to: u64,
    /// Highest number seen above the gap.
    seen_max: u64,
    /// Messages above the gap had to be dropped (S-10).
    dropped: bool,
    /// A garbled frame came since the request, or the message wanted was refused without being counted.
    pub(crate) spoiled: bool,
    /// The last message that counted was a gap fill inside the piece asked for.
    rest_of_chunk: bool,
    loops: u32,
    repeats: u32,
}

impl Machine {
    /// A message above the expected number: it waits, and what is before it is asked for.
    pub(super) fn high_number<H: Handler>(
        &mut self,
        now: Now,
        message: &Message<'_>,
        seq: u64,
        handler: &mut H,
    ) {
        let queued = self.queue.offer(seq, message.bytes());
        if queued != Queued::Waits {
            handler.ignored(&self.inbound(message, seq));
        }
        self.note_gap(now, seq, queued == Queued::Dropped, handler);
    }

    /// Opens the gap below `seq`, or widens the one that is open.
    pub(super) fn note_gap<H: Handler>(&mut self, now: Now, seq: u64, dropped: bool, handler: &mut H) {
        if self.widen_gap(seq, dropped) {
            return;
        }
        self.open_gap(seq, dropped, handler);
        self.ask(now, handler);
    }

    /// L-20: the gap is to be filled unasked; only if it is not, it is asked for.
    pub(super) fn expect_unasked_fill<H: Handler>(&mut self, now: Now, seq: u64, handler: &mut H) {
        self.open_gap(seq, false, handler);
        self.timers.set(Timer::Resend, now.mono_ns + UNASKED_FILL_S * NS_PER_S);
    }

    fn widen_gap(&mut self, seq: u64, dropped: bool) -> bool {
        let State::LoggedOn(on) = &mut self.state else { return true };
        let Some(gap) = &mut on.gap else { return false };
        gap.seen_max = gap.seen_max.max(seq);
        gap.dropped |= dropped;
        true
    }

    fn open_gap<H: Handler>(&mut self, seq: u64, dropped: bool, handler: &mut H) {
        handler.notice(Notice::GapDetected { begin: self.numbers.next_in, seen: seq });
        let State::LoggedOn(on) = &mut self.state else { return };
        let asked_to = u64::MAX;
        on.gap = Some(Gap { asked_to, seen_max: seq, dropped, ..Gap::default() });
    }

    /// Sends ResendRequest from the present expected number.
    fn ask<H: Handler>(&mut self, now: Now, handler: &mut H) {
        let begin = self.numbers.next_in;
        let State::LoggedOn(on) = &mut self.state else { return };
        let Some(gap) = &mut on.gap else { return };
        if on.phase == Phase::LogoutSent {
            return;
        }
        let last_missing = self.queue.lowest().unwrap_or(gap.seen_max).saturating_sub(1).max(begin);
        let end = match (self.config.resend_chunk, self.config.resend_end) {
            (Some(chunk), _) if last_missing - begin >= chunk => begin + chunk - 1,
            (_, ResendEnd::Exact) => last_missing,
            (_, ResendEnd::Open) => 0,
        };
        gap.asked_to = if end == 0 { u64::MAX } else { end };
        gap.spoiled = false;
        gap.rest_of_chunk = false;
        gap.dropped = false;
        let write = |out: &mut crate::Encoder| {
            out.field_u64(7, begin).field_u64(16, end);
        };
        self.emit_in_order(now, &Outgoing::new(b"2"), write, handler);
        self.timers.set(Timer::Resend, now.mono_ns + self.config.resend_timeout_s * NS_PER_S);
    }

    /// After each message while a gap is open and the queue gave what it had; `expected` is the number expected before,
    /// `filled` says that the message was a gap fill.
    pub(crate) fn gap_looked_at<H: Handler>(
        &mut self,
        now: Now,
        expected: u64,
        filled: bool,
        handler: &mut H,
    ) {
        if self.numbers.next_in != expected {
            self.gap_progress(now, handler);
            if filled {
                self.gap_fill_inside_chunk(now);
            }
        }
    }

    /// A message at the expected number was refused and not counted: a resend would bring it again.
    pub(super) fn spoil_gap(&mut self) {
        if let State::LoggedOn(LoggedOn { gap: Some(gap), .. }) = &mut self.state {
            gap.spoiled = true;
        }
    }

    /// The highest inbound number that was ever seen in this epoch, as far as an open gap tells.
    pub(super) fn seen_max(&self) -> u64 {
        let counted = self.numbers.next_in - 1;
        match &self.state {
            State::LoggedOn(LoggedOn { gap: Some(gap), .. }) => gap.seen_max.max(counted),
            _ => counted,
        }
    }

    /// The expected number moved: closes the gap or asks for what is still missing.
    fn gap_progress<H: Handler>(&mut self, now: Now, handler: &mut H) {
        let next_in = self.numbers.next_in;
        let empty = self.queue.is_empty();
        let State::LoggedOn(on) = &mut self.state else { return };
        let Some(gap) = &mut on.gap else { return };
        if empty && next_in > gap.seen_max {
            on.gap = None;
            self.timers.clear(Timer::Resend);
            handler.notice(Notice::GapClosed);
            return self.even_out(now, handler);
        }
        (gap.repeats, gap.loops, gap.rest_of_chunk) = (0, 0, false);
        if next_in > gap.asked_to || (empty && gap.dropped) {
            return self.ask(now, handler);
        }
        self.timers.set(Timer::Resend, now.mono_ns + self.config.resend_timeout_s * NS_PER_S);
    }

    /// a gap fill stopped inside the piece that was asked for. Often the rest of the piece is on its way behind it, and
    /// a request at each such fill would multiply the answers where messages and fills alternate; so the rest is asked for
    /// only when nothing more comes.
    fn gap_fill_inside_chunk(&mut self, now: Now) {
        let next_in = self.numbers.next_in;
        let State::LoggedOn(on) = &mut self.state else { return };
        let Some(gap) = on.gap.as_mut().filter(|gap| gap.asked_to != u64::MAX) else { return };
        if next_in <= gap.asked_to {
            gap.rest_of_chunk = true;
            self.timers.set(Timer::Resend, now.mono_ns + REST_OF_CHUNK_NS);
        }
    }

    /// S-11, R-13: no progress since the request.
    pub(super) fn resend_overdue<H: Handler>(&mut self, now: Now, handler: &mut H) {
        let next_in = self.numbers.next_in;
        let State::LoggedOn(on) = &mut self.state else { return };
        let Some(gap) = &mut on.gap else { return };
        if gap.rest_of_chunk {
            return self.ask(now, handler);
        }
        gap.loops += u32::from(gap.spoiled);
        gap.repeats += 1;
        if gap.loops >= LOOPS_MAX {
            return self.fault(now, &format!("Resend loop at {next_in}"), handler);
        }
        if gap.repeats > REPEATS_MAX {
            return self.fault(now, &format!("Resend not answered, expecting {next_in}"), handler);
        }
        self.ask(now, handler);
    }

    /// Whether numbers are missing that we asked for.
    pub(super) fn gap_covers(&self, seq: u64) -> bool {
        matches!(&self.state, State::LoggedOn(on) if on.gap.as_ref().is_some_and(|g| seq <= g.seen_max))
    }

    pub(crate) fn gap_is_open(&self) -> bool {
        matches!(&self.state, State::LoggedOn(on) if on.gap.is_some())
    }

    /// The frame that is next in turn, if it waits.
    pub(crate) fn next_queued(&mut self) -> Option<Box<[u8]>> {
        if !matches!(self.state, State::LoggedOn(_)) {
            return None;
        }
        self.queue.take(self.numbers.next_in)
    }

    /// The numbers jumped by order of the peer: nothing waits, nothing is asked for (G-06).
    pub(super) fn forget_gap(&mut self) {
        self.queue.clear();
        self.timers.clear(Timer::Resend);
        if let State::LoggedOn(on) = &mut self.state {
            on.gap = None;
        }
    }
}
