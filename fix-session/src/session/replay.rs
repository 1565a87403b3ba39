//! Answering the peer's ResendRequest(2) from the store (section 4 of the session rules).

use super::machine::Machine;
use super::state::{LoggedOn, Phase, State};
use super::storm::Throttle;
use super::timers::Timer;
use crate::reencode::reencode_as_duplicate;
use crate::time::NS_PER_S;
use crate::{Handler, Message, Notice, Now, SessionRejectReason, StoreRead, Violation};

/// Requests waiting behind a running replay: a sane peer has one; more are refused.
pub(super) const REPLAYS_WAITING_MAX: usize = 4;

/// A range of numbers being written from the store.
#[derive(Debug)]
pub(crate) struct Replay {
    read_id: u64,
    purpose: Purpose,
    /// The next number to be accounted for.
    next: u64,
    end: u64,
    /// First number of the run that a gap fill will stand for.
    filling_from: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// The peer asked: messages go out as possible duplicates, administrative ones as gap fills.
    Repeat,
    /// Numbers given out while a replay ran go out for the first time, as they are.
    First,
}

/// Numbers that are journalled and still to be written for the first time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Held {
    from: u64,
    to: u64,
}

impl Held {
    pub(super) fn extend(held: &mut Option<Self>, seq: u64) {
        let from = held.map_or(seq, |h| h.from);
        *held = Some(Self { from, to: seq });
    }

    /// What is left once numbers up to `end` were promised by a replay.
    fn beyond(self, end: u64) -> Option<Self> {
        let from = self.from.max(end + 1);
        (from <= self.to).then_some(Self { from, to: self.to })
    }
}

impl Machine {
    /// Judges a ResendRequest that is valid; it is already consumed, if it was in turn.
    pub(super) fn resend_request<H: Handler>(
        &mut self,
        now: Now,
        message: &Message<'_>,
        seq: u64,
        handler: &mut H,
    ) {
        let begin = message.get_u64(7).unwrap_or(0);
        let end = message.get_u64(16).unwrap_or(0);
        let next_out = self.numbers.next_out;
        if begin == next_out {
            return handler.notice(Notice::Warning("ResendRequest for what comes next"));
        }
        if begin == 0 || begin > next_out || (end != 0 && end < begin) {
            let fault = Violation::at(SessionRejectReason::ValueIncorrect, 7);
            return self.reject(now, message, seq, &fault, handler);
        }
        let end = if end == 0 || end >= next_out { next_out - 1 } else { end };
        let State::LoggedOn(on) = &mut self.state else { return };
        match on.storm.request(begin, end, next_out - 1, now.mono_ns) {
            Throttle::Answer if on.takes_on(begin, end) => self.next_replay(now, handler),
            Throttle::Answer => {
                let fault =
                    Violation::new(SessionRejectReason::Other).with_text("Resend already in progress");
                self.reject(now, message, seq, &fault, handler);
            }
            Throttle::Delay { until_ns } => {
                self.timers.set(Timer::Storm, until_ns);
                handler.notice(Notice::Warning("ResendRequest repeated without progress"));
            }
            Throttle::Stop => self.fault(now, "Resend limit exceeded", handler),
        }
    }

    /// the next delayed request is answered; one that finds no room is tried again.
    pub(super) fn storm_pause_over<H: Handler>(&mut self, now: Now, handler: &mut H) {
        let State::LoggedOn(on) = &mut self.state else { return };
        if let Some((begin, end)) = on.storm.next_delayed(now.mono_ns)
            && !on.takes_on(begin, end)
        {
            on.storm.delay_again((begin, end));
        }
        if let Some(until_ns) = on.storm.pause_until_ns() {
            self.timers.set(Timer::Storm, until_ns);
        }
        self.next_replay(now, handler);
    }

    /// L-21: numbers from `begin` are written unasked.
    pub(super) fn replay_from<H: Handler>(&mut self, now: Now, begin: u64, handler: &mut H) {
        let end = self.numbers.next_out - 1;
        if let State::LoggedOn(on) = &mut self.state {
            on.takes_on(begin, end);
        }
        self.next_replay(now, handler);
    }

    /// Starts what is to be written next from the store, if nothing is.
    pub(super) fn next_replay<H: Handler>(&mut self, now: Now, handler: &mut H) {
        let epoch = self.numbers.epoch;
        let State::LoggedOn(on) = &mut self.state else { return };
        if on.replay.is_some() {
            return;
        }
        let (purpose, begin, end) = if let Some((begin, end)) = on.replays_waiting.pop_front() {
            on.held = on.held.and_then(|held| held.beyond(end));
            (Purpose::Repeat, begin, end)
        } else if let Some(held) = on.held.take() {
            (Purpose::First, held.from, held.to)
        } else {
            return;
        };
        self.reads_started += 1;
        let read_id = self.reads_started;
        on.replay = Some(Replay { read_id, purpose, next: begin, end, filling_from: None });
        self.sent(now);
        handler.read_store(StoreRead { id: read_id, epoch, begin, end });
    }

    /// One stored message; false when its read was given up.
    pub(crate) fn stored<H: Handler>(
        &mut self,
        now: Now,
        read_id: u64,
        seq: u64,
        bytes: &[u8],
        handler: &mut H,
    ) -> bool {
        let epoch = self.numbers.epoch;
        let Some(replay) = self.running(read_id) else { return false };
        if seq < replay.next || seq > replay.end {
            return true;
        }
        let missing = (seq > replay.next).then_some((replay.next, seq - 1));
        if missing.is_some() {
            replay.filling_from.get_or_insert(replay.next);
        }
        replay.next = seq + 1;
        let purpose = replay.purpose;
        if let Some((begin, end)) = missing {
            handler.notice(Notice::StoreLacks { epoch, begin, end });
        }
        let resent = purpose == Purpose::Repeat;
        if resent && self.is_gap_filled(msg_type_of(bytes)) || self.is_too_long(bytes, resent) {
            if let Some(replay) = self.running(read_id) {
                replay.filling_from.get_or_insert(seq);
            }
        } else {
            self.fill_gap(now, seq, handler);
            self.repeat(now, purpose, bytes, handler);
        }
        true
    }

    /// The store has nothing more: what is left of the range is gap filled, and the next one begins.
    pub(crate) fn stored_end<H: Handler>(&mut self, now: Now, read_id: u64, handler: &mut H) {
        let epoch = self.numbers.epoch;
        let Some(replay) = self.running(read_id) else { return };
        let (next, end) = (replay.next, replay.end);
        if next <= end {
            replay.filling_from.get_or_insert(next);
            handler.notice(Notice::StoreLacks { epoch, begin: next, end });
        }
        self.fill_gap(now, end + 1, handler);
        if let State::LoggedOn(on) = &mut self.state {
            on.replay = None;
        }
        self.rollover_resent(end);
        self.next_replay(now, handler);
        self.even_out(now, handler);
    }

    fn running(&mut self, read_id: u64) -> Option<&mut Replay> {
        match &mut self.state {
            State::LoggedOn(on) => on.replay.as_mut().filter(|r| r.read_id == read_id),
            _ => None,
        }
    }

    ///
    fn is_gap_filled(&self, msg_type: &[u8]) -> bool {
        match msg_type {
            b"A" | b"5" | b"2" | b"0" | b"1" | b"4" => true,
            b"3" => self.interop(),
            b"W" | b"X" => !self.config.resend_market_data,
            _ => false,
        }
    }

    /// one SequenceReset-GapFill for the run that ends before `next`.
    fn fill_gap<H: Handler>(&mut self, now: Now, next: u64, handler: &mut H) {
        let State::LoggedOn(LoggedOn { replay: Some(replay), .. }) = &mut self.state else { return };
        let Some(from) = replay.filling_from.take() else { return };
        self.write_gap_fill(now, from, next, true, handler);
        self.written(now);
    }

    fn repeat<H: Handler>(&mut self, now: Now, purpose: Purpose, bytes: &[u8], handler: &mut H) {
        self.writer.stamp(now);
        let last_processed = self.config.last_processed.then_some(self.numbers.next_in - 1);
        let writer = &mut self.writer;
        writer.scratch.clear();
        match purpose {
            Purpose::Repeat => {
                reencode_as_duplicate(bytes, &writer.sending_time, last_processed, &mut writer.scratch);
            }
            Purpose::First => restamp(bytes, &writer.sending_time, &mut writer.scratch),
        }
        handler.replayed(&writer.scratch);
        self.written(now);
    }

    /// A replay counts as sent (H-09), and is completed before a Logout of ours times out (O-02).
    fn written(&mut self, now: Now) {
        self.sent(now);
        if matches!(&self.state, State::LoggedOn(on) if on.phase == Phase::LogoutSent) {
            self.timers.set(Timer::Logout, now.mono_ns + self.config.logout_timeout_s * NS_PER_S);
        }
    }
}

impl LoggedOn {
    /// a range still to come in the running replay is merged, another one waits; false when too many wait.
    fn takes_on(&mut self, begin: u64, end: u64) -> bool {
        let merged = |r: &Replay| {
            r.purpose == Purpose::Repeat && begin >= r.next && r.filling_from.is_none() && end <= r.end
        };
        if self.replay.as_ref().is_some_and(merged) || self.replays_waiting.contains(&(begin, end)) {
            return true;
        }
        if self.replays_waiting.len() >= REPLAYS_WAITING_MAX {
            return false;
        }
        self.replays_waiting.push_back((begin, end));
        true
    }
}

/// MsgType(35), the third field of every message of ours.
pub(super) fn msg_type_of(bytes: &[u8]) -> &[u8] {
    let third = bytes.split(|&b| b == 0x01).nth(2).unwrap_or_default();
    third.strip_prefix(b"35=").unwrap_or_default()
}

/// The same message with its SendingTime(52) set to now, for a first sending that had to wait (T-10, L-24).
fn restamp(bytes: &[u8], sending_time: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(bytes);
    let Some(at) = memchr::memmem::find(out, b"\x0152=").map(|at| at + 4) else { return };
    let Some(value) = out.get_mut(at..at + sending_time.len()) else { return };
    value.copy_from_slice(sending_time);
    let Some(body_end) = out.len().checked_sub(CHECKSUM_FIELD_LEN) else { return };
    let sum = out[..body_end].iter().fold(0u8, |sum, &b| sum.wrapping_add(b));
    let digits = [b'0' + sum / 100, b'0' + sum / 10 % 10, b'0' + sum % 10];
    out[body_end + 3..body_end + 6].copy_from_slice(&digits);
}

/// `10=nnn` and SOH.
const CHECKSUM_FIELD_LEN: usize = 7;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t_10_a_held_message_goes_out_with_the_time_of_sending() {
        let stored = b"8=FIX.4.4\x019=5\x0135=8\x0134=2\x0152=20261121-09:30:00.000\x0158=x\x0110=000\x01";
        let mut out = Vec::new();
        restamp(stored, b"20261121-09:30:09.123", &mut out);
        let text = String::from_utf8(out).unwrap().replace('\x01', "|");
        assert!(text.contains("|52=20261121-09:30:09.123|58=x|10="), "{text}");
        let body = text.rfind("10=").unwrap();
        let sum = text[..body].bytes().fold(0u8, |s, b| s.wrapping_add(if b == b'|' { 1 } else { b }));
        assert_eq!(&text[body..], format!("10={sum:03}|"));
    }

    #[test]
    fn held_numbers_that_a_replay_covers_are_not_sent_again() {
        let held = Held { from: 11, to: 14 };
        assert_eq!(held.beyond(10), Some(held));
        assert_eq!(held.beyond(12), Some(Held { from: 13, to: 14 }));
        assert_eq!(held.beyond(14), None);
    }
}
