//! Answering the peer's ResendRequest(2) from the store (section 4 of the session rules).

use super::machine::Machine;
use super::state::{LoggedOn, Phase, State};
use super::timers::Timer;
use crate::encode::reencode_as_duplicate;
use crate::time::NS_PER_S;
use crate::{Handler, Header, Message, Notice, Now, SessionRejectReason, StoreRead, Violation};

/// Requests waiting behind a running replay: a sane peer has one; more are refused.
pub(super) const REPLAYS_WAITING_MAX: usize = 4;

/// The same BeginSeqNo(7) may be asked for this often without progress before it counts as a storm.
const SAME_BEGIN_MAX: u32 = 5;

/// In a storm requests are answered once in this long, and after as many again the session ends.
const STORM_PAUSE_NS: u64 = NS_PER_S;

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

/// Counts requests that lead nowhere.
#[derive(Debug, Default)]
pub(crate) struct Storm {
    begin: u64,
    repeats: u32,
    answered_ns: u64,
}

/// What to do with a request.
#[derive(Debug, PartialEq, Eq)]
enum Throttle {
    Answer,
    Skip,
    Stop,
}

impl Storm {
    /// The peer is getting on.
    pub(super) fn calm(&mut self) {
        *self = Self::default();
    }

    fn request(&mut self, begin: u64, now_ns: u64) -> Throttle {
        self.repeats = if self.begin == begin { self.repeats + 1 } else { 1 };
        self.begin = begin;
        if self.repeats > 2 * SAME_BEGIN_MAX {
            return Throttle::Stop;
        }
        if self.repeats > SAME_BEGIN_MAX && now_ns < self.answered_ns + STORM_PAUSE_NS {
            return Throttle::Skip;
        }
        self.answered_ns = now_ns;
        Throttle::Answer
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
        let State::LoggedOn(on) = &mut self.state else { return };
        match on.storm.request(begin, now.mono_ns) {
            Throttle::Answer => {}
            Throttle::Skip => {
                return handler.notice(Notice::Warning("ResendRequest repeated without progress"));
            }
            Throttle::Stop => return self.fault(now, "Resend limit exceeded", handler),
        }
        let end = if end == 0 || end >= next_out { next_out - 1 } else { end };
        if on.takes_on(begin, end) {
            return self.next_replay(now, handler);
        }
        let fault = Violation::new(SessionRejectReason::Other).with_text("Resend already in progress");
        self.reject(now, message, seq, &fault, handler);
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
            handler.notice(Notice::StoreLacks { begin, end });
        }
        if purpose == Purpose::Repeat && self.is_gap_filled(msg_type_of(bytes)) {
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
        let Some(replay) = self.running(read_id) else { return };
        let (next, end) = (replay.next, replay.end);
        if next <= end {
            replay.filling_from.get_or_insert(next);
            handler.notice(Notice::StoreLacks { begin: next, end });
        }
        self.fill_gap(now, end + 1, handler);
        if let State::LoggedOn(on) = &mut self.state {
            on.replay = None;
        }
        self.next_replay(now, handler);
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
        let last_processed = self.config.last_processed.then_some(self.numbers.next_in - 1);
        self.writer.stamp(now);
        let writer = &mut self.writer;
        let header = Header {
            msg_type: b"4",
            seq_num: from,
            sender_comp_id: self.config.sender_comp_id.as_bytes(),
            target_comp_id: self.config.target_comp_id.as_bytes(),
            sending_time: &writer.sending_time,
            poss_dup: true,
            orig_sending_time: &writer.sending_time,
            last_processed,
            ..Header::default()
        };
        writer.encoder.begin(&header).field_u64(36, next).field_bool(123, true);
        handler.replayed(writer.encoder.finish());
        self.written(now);
    }

    fn repeat<H: Handler>(&mut self, now: Now, purpose: Purpose, bytes: &[u8], handler: &mut H) {
        self.writer.stamp(now);
        let writer = &mut self.writer;
        writer.scratch.clear();
        match purpose {
            Purpose::Repeat => reencode_as_duplicate(bytes, &writer.sending_time, &mut writer.scratch),
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
fn msg_type_of(bytes: &[u8]) -> &[u8] {
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
    fn r_12_the_sixth_request_without_progress_is_a_storm_and_the_eleventh_ends_it() {
        let mut storm = Storm::default();
        for _ in 0..5 {
            assert_eq!(storm.request(3, 100), Throttle::Answer);
        }
        assert_eq!(storm.request(3, 100), Throttle::Skip);
        assert_eq!(storm.request(3, 100 + STORM_PAUSE_NS), Throttle::Answer);
        for _ in 0..3 {
            assert_eq!(storm.request(3, 100 + STORM_PAUSE_NS), Throttle::Skip);
        }
        assert_eq!(storm.request(3, 100 + STORM_PAUSE_NS), Throttle::Stop);
        storm.calm();
        assert_eq!(storm.request(3, 100), Throttle::Answer);
        assert_eq!(storm.request(4, 100), Throttle::Answer);
    }

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
