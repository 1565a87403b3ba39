//! What passes on a line, judged message by message and without our engine: numbers never go back, a number means one
//! message for ever, and no application message is passed over by a gap fill.

use rustc_hash::{FxHashMap, FxHasher};
use std::collections::VecDeque;
use std::hash::Hasher;

/// Faults kept in words; the first ones tell what is the matter.
const FAULTS_KEPT: usize = 20;

/// Messages kept to show what went on when a drill failed.
const LAST_KEPT: usize = 12;

/// Bytes of a frame begun that are kept: no message here comes near.
const FRAME_BYTES_MAX: usize = 256 << 10;

/// Everything a server has said on one session, over all its connections.
#[derive(Debug, Default)]
pub(super) struct Witness {
    /// What each number was first sent as.
    said: FxHashMap<u64, Said>,
    /// The highest number sent for the first time.
    highest: u64,
    faults: Vec<String>,
    /// The last messages, either way.
    last: VecDeque<String>,
}

/// What a number means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    /// An administrative message: a gap fill may stand in its place.
    Administrative,
    /// An application message, by the hash of its type and body.
    Application(u64),
}

/// A message as far as a witness looks at it.
#[derive(Debug, Clone, Copy, Default)]
struct Seen<'a> {
    msg_type: &'a [u8],
    seq: u64,
    poss_dup: bool,
    gap_fill: bool,
    new_seq: u64,
    resets: bool,
    text: &'a [u8],
    content: u64,
}

/// What a message was, for whoever waits for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Passed {
    Logon,
    ResendRequest,
    /// Sent again.
    Repeated,
    Other,
}

impl Witness {
    /// Judges a message of the server's.
    pub(super) fn server_said(&mut self, frame: &[u8]) -> Passed {
        let seen = Seen::of(frame);
        self.keep('<', frame);
        match seen.msg_type {
            _ if seen.resets => self.fault("the numbers were reset", frame),
            b"4" if seen.gap_fill => self.gap_filled(&seen, frame),
            b"4" => self.fault("the numbers were reset", frame),
            _ => self.numbered(&seen, frame),
        }
        if seen.msg_type == b"5" && contains(seen.text, b"too low") {
            self.fault("the server was told a number twice", frame);
        }
        seen.passed()
    }

    /// Judges a message of the counterparty's.
    pub(super) fn client_said(&mut self, frame: &[u8]) -> Passed {
        let seen = Seen::of(frame);
        self.keep('>', frame);
        if seen.msg_type == b"5" && contains(seen.text, b"too low") {
            self.fault("the counterparty was told a number twice", frame);
        }
        seen.passed()
    }

    /// The last messages: `>` to the server, `<` from it.
    pub(super) fn last_words(&self) -> impl Iterator<Item = &String> {
        self.last.iter()
    }

    fn keep(&mut self, way: char, frame: &[u8]) {
        if self.last.len() == LAST_KEPT {
            self.last.pop_front();
        }
        self.last.push_back(format!("{way} {}", legible(frame)));
    }

    /// Moves out the faults found since the last call.
    pub(super) fn take_faults(&mut self) -> Vec<String> {
        std::mem::take(&mut self.faults)
    }

    fn numbered(&mut self, seen: &Seen<'_>, frame: &[u8]) {
        if !seen.poss_dup {
            if seen.seq <= self.highest {
                self.fault("a number went back", frame);
            }
            self.highest = self.highest.max(seen.seq);
        }
        let meaning = match is_administrative(seen.msg_type) {
            true => Said::Administrative,
            false => Said::Application(seen.content),
        };
        if *self.said.entry(seen.seq).or_insert(meaning) != meaning {
            self.fault("a number means two messages", frame);
        }
    }

    fn gap_filled(&mut self, seen: &Seen<'_>, frame: &[u8]) {
        let filled = seen.seq..seen.new_seq;
        let lost = filled.clone().any(|seq| matches!(self.said.get(&seq), Some(Said::Application(_))));
        if lost || filled.is_empty() {
            self.fault("a gap fill passes over an application message", frame);
        }
    }

    fn fault(&mut self, what: &str, frame: &[u8]) {
        if self.faults.len() < FAULTS_KEPT {
            self.faults.push(format!("{what} (highest {}): {}", self.highest, legible(frame)));
        }
    }
}

impl<'a> Seen<'a> {
    fn of(frame: &'a [u8]) -> Self {
        let (mut seen, mut content) = (Self::default(), FxHasher::default());
        for field in frame.split(|b| *b == 1).filter(|field| !field.is_empty()) {
            let equals = field.iter().position(|b| *b == b'=').unwrap_or(field.len());
            let value = field.get(equals + 1..).unwrap_or_default();
            match &field[..equals] {
                b"35" => seen.msg_type = value,
                b"34" => seen.seq = number(value),
                b"43" => seen.poss_dup = value == b"Y",
                b"123" => seen.gap_fill = value == b"Y",
                b"36" => seen.new_seq = number(value),
                b"141" => seen.resets = value == b"Y",
                b"58" => seen.text = value,
                _ => {}
            }
            // The header says when and to whom; it may differ when a message is sent again.
            if !matches!(
                &field[..equals],
                b"8" | b"9" | b"10" | b"34" | b"43" | b"49" | b"52" | b"56" | b"122" | b"369"
            ) {
                content.write(field);
                content.write_u8(1);
            }
        }
        seen.content = content.finish();
        seen
    }

    fn passed(&self) -> Passed {
        match self.msg_type {
            b"A" => Passed::Logon,
            b"2" => Passed::ResendRequest,
            _ if self.poss_dup => Passed::Repeated,
            _ => Passed::Other,
        }
    }
}

fn legible(frame: &[u8]) -> String {
    String::from_utf8_lossy(frame).replace('\x01', "|")
}

fn number(digits: &[u8]) -> u64 {
    digits.iter().fold(0, |n: u64, b| n.wrapping_mul(10).wrapping_add(u64::from(b.wrapping_sub(b'0'))))
}

fn is_administrative(msg_type: &[u8]) -> bool {
    matches!(msg_type, b"A" | b"0" | b"1" | b"2" | b"3" | b"4" | b"5")
}

fn contains(text: &[u8], words: &[u8]) -> bool {
    text.windows(words.len()).any(|window| window == words)
}

/// Cuts one direction of one connection into messages.
#[derive(Debug, Default)]
pub(super) struct Frames {
    held: Vec<u8>,
}

impl Frames {
    /// Takes bytes and hands over each message they complete. What is no FIX is not judged any further.
    pub(super) fn feed(&mut self, bytes: &[u8], mut each: impl FnMut(&[u8])) {
        self.held.extend_from_slice(bytes);
        let mut used = 0;
        while let Some(len) = frame_len(&self.held[used..]) {
            each(&self.held[used..used + len]);
            used += len;
        }
        self.held.drain(..used);
        self.held.truncate(FRAME_BYTES_MAX);
    }
}

/// Length of the whole frame at the front, if it is there.
pub(crate) fn frame_len(bytes: &[u8]) -> Option<usize> {
    const START: usize = "8=FIX.4.4|9=".len();
    const TRAILER: usize = "10=000|".len();
    let digits = bytes.get(START..)?.iter().position(|b| *b == 1)?;
    let body = usize::try_from(number(&bytes[START..START + digits])).ok()?;
    let len = START.checked_add(digits + 1)?.checked_add(body)?.checked_add(TRAILER)?;
    (bytes.len() >= len).then_some(len)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hear(messages: &[&str]) -> Vec<String> {
        let mut witness = Witness::default();
        for message in messages {
            witness.server_said(message.replace('|', "\x01").as_bytes());
        }
        witness.take_faults()
    }

    #[test]
    fn numbers_that_rise_and_messages_sent_again_are_in_order() {
        let heard = hear(&[
            "35=A|34=1|52=a|108=1|",
            "35=8|34=2|52=b|17=x|",
            "35=0|34=4|52=c|",
            "35=8|34=2|43=Y|52=d|122=b|17=x|",
            "35=4|34=3|43=Y|123=Y|36=5|",
            "35=8|34=5|52=e|17=y|",
        ]);
        assert_eq!(heard, Vec::<String>::new());
    }

    #[test]
    fn a_number_used_twice_a_changed_message_and_a_lost_one_are_told() {
        for (second, told) in [
            ("35=8|34=2|52=c|17=y|", "a number went back"),
            ("35=8|34=2|43=Y|52=c|17=y|", "a number means two messages"),
            ("35=4|34=2|43=Y|123=Y|36=3|", "a gap fill passes over an application message"),
            ("35=A|34=3|141=Y|", "the numbers were reset"),
            ("35=4|34=3|36=9|", "the numbers were reset"),
            (
                "35=5|34=3|58=MsgSeqNum too low, expecting 3 but received 2|",
                "the server was told a number twice",
            ),
        ] {
            let heard = hear(&["35=8|34=2|52=b|17=x|", second]);
            assert!(heard[0].starts_with(told), "{second}: {heard:?}");
        }
    }

    #[test]
    fn frames_are_found_however_they_are_cut() {
        let stream = "8=FIX.4.4|9=5|35=0|10=161|8=FIX.4.4|9=11|35=0|34=12|10=001|".replace('|', "\x01");
        for size in [1, 7, stream.len()] {
            let (mut frames, mut found) = (Frames::default(), Vec::new());
            for chunk in stream.as_bytes().chunks(size) {
                frames.feed(chunk, |frame| found.push(frame.len()));
            }
            assert_eq!(found.iter().sum::<usize>(), stream.len(), "cut into {size}");
            assert_eq!(found.len(), 2);
        }
    }
}
