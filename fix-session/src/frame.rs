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

/// Finds frames in one stream; remembers what it searched, so that neither a long message in many segments nor a
/// flood of false beginnings is scanned twice.
///
/// Calling order: `next(buf)` with `buf` starting at the first byte not yet dropped; drop exactly what the
/// answer says (`discard` or `len`); ask again until [`Framed::NeedMore`]. What is a frame depends on the bytes
/// alone, never on how they were cut into segments.
#[derive(Debug, Clone, Default)]
pub struct Framer {
    limits: FrameLimits,
    /// No `SOH 10=` begins in this part of the buffer.
    searched: std::ops::Range<usize>,
}

const SOH: u8 = 1;
const BEGIN: &[u8] = b"8=FIX";
const TRAILER: &[u8] = b"\x0110=";
/// `SOH 10=ddd SOH`.
const TRAILER_BYTES: usize = 8;
/// Longest `8=...SOH`; the longest in use is `8=FIXT.1.1`.
const BEGIN_BYTES_MAX: usize = 16;
/// Longest run of digits in `BodyLength(9)`: ten, so that padded numbers pass.
const LENGTH_DIGITS_MAX: usize = 10;
/// Farthest SOH after `10=`: far enough for a wrong value to end its frame, near enough that nothing waits for it.
const CHECK_SUM_BYTES_MAX: usize = 16;

/// The first two fields, once they are whole and right.
struct Start {
    body_start: usize,
    body_len: usize,
}

impl Start {
    /// Where `SOH 10=` has to begin.
    fn trailer(&self) -> usize {
        self.body_start + self.body_len - 1
    }
}

impl Framer {
    /// A framer at the start of a stream.
    pub fn new(limits: FrameLimits) -> Self {
        Self { limits, searched: 0..0 }
    }

    /// Most bytes a caller needs to hold for one message: with this many, [`Framer::next`] always decides.
    pub fn buffer_bytes_max(&self) -> usize {
        BEGIN_BYTES_MAX + 2 + LENGTH_DIGITS_MAX + 1 + self.limits.body_bytes_max + 4 + CHECK_SUM_BYTES_MAX
    }

    /// Judges the front of `buf`.
    pub fn next(&mut self, buf: &[u8]) -> Framed {
        let framed = self.judge(buf);
        match framed {
            Framed::NeedMore => {}
            Framed::Garbled { discard: dropped, .. } | Framed::Frame { len: dropped } => self.shift(dropped),
        }
        framed
    }

    fn judge(&mut self, buf: &[u8]) -> Framed {
        if !buf.starts_with(BEGIN) {
            return noise(buf);
        }
        match start(buf, self.limits.body_bytes_max) {
            Err(Undecided::NeedMore) => Framed::NeedMore,
            Err(Undecided::Bad) => false_beginning(FrameFault::BadBodyLength),
            Ok(start) => self.judge_whole(buf, &start),
        }
    }

    fn judge_whole(&mut self, buf: &[u8], start: &Start) -> Framed {
        // The value behind the trailer has to fit into the buffer too.
        let window_max = self.buffer_bytes_max() - CHECK_SUM_BYTES_MAX;
        let window = buf.len().min(window_max);
        let whole_window = buf.len() >= window_max;
        let Some(trailer) = self.find_trailer(&buf[..window], start.trailer()) else {
            return if whole_window { false_beginning(FrameFault::Endless) } else { Framed::NeedMore };
        };
        let value = trailer + TRAILER.len();
        let value_end_max = value + CHECK_SUM_BYTES_MAX;
        match buf[value..buf.len().min(value_end_max)].iter().position(|&b| b == SOH) {
            Some(length) => verdict(&buf[..=value + length], start, trailer),
            None if buf.len() >= value_end_max => false_beginning(FrameFault::Endless),
            None => Framed::NeedMore,
        }
    }

    /// First `SOH 10=` at or after `from`, skipping what is known to hold none.
    fn find_trailer(&mut self, buf: &[u8], from: usize) -> Option<usize> {
        if buf.get(from..).is_some_and(|rest| rest.starts_with(TRAILER)) {
            return Some(from);
        }
        let find = |from: usize, to: usize| {
            let found = memchr::memmem::find(buf.get(from..to.min(buf.len()))?, TRAILER)?;
            Some(from + found)
        };
        let known = if from <= self.searched.end { self.searched.clone() } else { from..from };
        let before = find(from, known.start.saturating_add(TRAILER.len() - 1));
        let found = before.or_else(|| find(known.end.max(from), buf.len()));
        if found.is_none() {
            let searched_end = buf.len().saturating_sub(TRAILER.len() - 1);
            self.searched = known.start.min(from)..known.end.max(searched_end);
        }
        found
    }

    fn shift(&mut self, dropped: usize) {
        let Self { searched, .. } = self;
        *searched = searched.start.saturating_sub(dropped)..searched.end.saturating_sub(dropped);
    }
}

enum Undecided {
    NeedMore,
    Bad,
}

/// Drops what cannot begin a message; keeps a tail that may.
fn noise(buf: &[u8]) -> Framed {
    let discard = match memchr::memmem::find(buf, BEGIN) {
        Some(at) => at,
        None => {
            let tail = (1..BEGIN.len()).rev().find(|&n| buf.ends_with(&BEGIN[..n])).unwrap_or(0);
            buf.len() - tail
        }
    };
    if discard == 0 { Framed::NeedMore } else { Framed::Garbled { discard, reason: FrameFault::Noise } }
}

/// Drops one `8=FIX`; the search goes on right after it.
fn false_beginning(reason: FrameFault) -> Framed {
    Framed::Garbled { discard: BEGIN.len(), reason }
}

/// Reads `8=...SOH 9=digits SOH`.
fn start(buf: &[u8], body_bytes_max: usize) -> Result<Start, Undecided> {
    let version_end = field_end(buf, BEGIN.len(), BEGIN_BYTES_MAX)?;
    let length_at = version_end + 1;
    for (i, &expected) in b"9=".iter().enumerate() {
        match buf.get(length_at + i) {
            None => return Err(Undecided::NeedMore),
            Some(&b) if b == expected => {}
            Some(_) => return Err(Undecided::Bad),
        }
    }
    let digits_at = length_at + 2;
    let mut body_len: u64 = 0;
    for at in digits_at..=digits_at + LENGTH_DIGITS_MAX {
        match buf.get(at) {
            None => return Err(Undecided::NeedMore),
            Some(&SOH) if at > digits_at && body_len <= body_bytes_max as u64 => {
                return Ok(Start { body_start: at + 1, body_len: body_len as usize });
            }
            Some(&b) if b.is_ascii_digit() => body_len = body_len * 10 + u64::from(b - b'0'),
            Some(_) => return Err(Undecided::Bad),
        }
    }
    Err(Undecided::Bad)
}

/// The SOH that ends a field, looked for from `from` and before `max`.
fn field_end(buf: &[u8], from: usize, max: usize) -> Result<usize, Undecided> {
    match buf[from..buf.len().min(max)].iter().position(|&b| b == SOH) {
        Some(at) => Ok(from + at),
        None if buf.len() >= max => Err(Undecided::Bad),
        None => Err(Undecided::NeedMore),
    }
}

/// Judges a whole frame (V-01 to V-03).
fn verdict(frame: &[u8], start: &Start, trailer: usize) -> Framed {
    let garbled = |reason| Framed::Garbled { discard: frame.len(), reason };
    if trailer != start.trailer() {
        return garbled(FrameFault::WrongBodyLength);
    }
    if !frame[start.body_start..].starts_with(b"35=") {
        return garbled(FrameFault::MsgTypeNotThird);
    }
    if frame.len() != trailer + TRAILER_BYTES
        || frame[trailer + TRAILER.len()..frame.len() - 1] != check_sum(&frame[..=trailer])
    {
        return garbled(FrameFault::WrongCheckSum);
    }
    Framed::Frame { len: frame.len() }
}

/// The three digits of `CheckSum(10)`: the byte sum modulo 256.
pub(crate) fn check_sum(bytes: &[u8]) -> [u8; 3] {
    let sum = bytes.iter().fold(0u8, |sum, &b| sum.wrapping_add(b));
    [b'0' + sum / 100, b'0' + sum / 10 % 10, b'0' + sum % 10]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `|` for SOH.
    fn wire(text: &str) -> Vec<u8> {
        text.replace('|', "\x01").into_bytes()
    }

    /// A whole message around a body, with the right length and sum.
    fn sealed(body: &str) -> Vec<u8> {
        let mut frame = wire(&format!("8=FIX.4.4|9={}|{body}", body.len()));
        let sum = check_sum(&frame);
        frame.extend_from_slice(b"10=");
        frame.extend_from_slice(&sum);
        frame.push(SOH);
        frame
    }

    const HEARTBEAT: &str = "35=0|34=2|49=A|56=B|52=20260101-00:00:00|";

    /// Frames and faults (noise left out) of a stream that arrives in pieces of `step` bytes.
    fn outcomes(limits: FrameLimits, stream: &[u8], step: usize) -> Vec<Result<Vec<u8>, FrameFault>> {
        let (mut framer, mut buf, mut found) = (Framer::new(limits), Vec::new(), Vec::new());
        for piece in stream.chunks(step) {
            buf.extend_from_slice(piece);
            loop {
                match framer.next(&buf) {
                    Framed::NeedMore => break,
                    Framed::Garbled { discard, reason } => {
                        assert!(discard > 0 && discard <= buf.len());
                        if reason != FrameFault::Noise {
                            found.push(Err(reason));
                        }
                        buf.drain(..discard);
                    }
                    Framed::Frame { len } => found.push(Ok(buf.drain(..len).collect())),
                }
            }
            assert!(buf.len() < framer.buffer_bytes_max());
        }
        found
    }

    fn judged(stream: &[u8]) -> Vec<Result<Vec<u8>, FrameFault>> {
        outcomes(FrameLimits::default(), stream, stream.len().max(1))
    }

    #[test]
    fn v_01_v_02_a_whole_message_is_a_frame() {
        let frame = sealed(HEARTBEAT);
        assert_eq!(judged(&frame), [Ok(frame.clone())]);
        let two = [frame.clone(), frame.clone()].concat();
        assert_eq!(judged(&two), [Ok(frame.clone()), Ok(frame)]);
    }

    #[test]
    fn v_04_noise_before_a_message_is_skipped() {
        let frame = sealed(HEARTBEAT);
        for noise in ["x", "8=FI", "8=8=8=", "10=000|", "\r\n"] {
            assert_eq!(judged(&[wire(noise), frame.clone()].concat()), [Ok(frame.clone())], "{noise}");
        }
    }

    #[test]
    fn v_01_to_v_04_garbled_ladder() {
        use FrameFault::*;
        let good = sealed(HEARTBEAT);
        let swap = |from: &str, to: &str| {
            let text = String::from_utf8(good.clone()).unwrap().replace('\x01', "|");
            assert!(text.contains(from), "{text} lacks {from}");
            wire(&text.replacen(from, to, 1))
        };
        let sum = String::from_utf8(check_sum(&good[..good.len() - 7]).to_vec()).unwrap();
        let table = [
            (swap("|9=41|", "|9=040|"), WrongBodyLength),
            (swap("|9=41|", "|9=0|"), WrongBodyLength),
            (swap("|9=41|", "|9=x|"), BadBodyLength),
            (swap("|9=41|", "|9=|"), BadBodyLength),
            (swap("|9=41|", "|9=-41|"), BadBodyLength),
            (swap("|9=41|", "|9=1048577|"), BadBodyLength),
            (swap("|9=41|35=0|", "|35=0|9=41|"), BadBodyLength),
            (swap("8=FIX.4.4|", "8=FIX.4.4.4.4.4.4|"), BadBodyLength),
            (swap("|35=0|34=2|", "|34=2|35=0|"), MsgTypeNotThird),
            (swap(&format!("10={sum}"), "10=000"), WrongCheckSum),
            (swap(&format!("10={sum}"), "10=abc"), WrongCheckSum),
            (swap(&format!("10={sum}"), &format!("10=0{sum}")), WrongCheckSum),
            (swap(&format!("10={sum}"), "10="), WrongCheckSum),
            (swap(&format!("10={sum}"), "10=01234567890123456789"), Endless),
        ];
        for (garbled, reason) in table {
            let text = String::from_utf8_lossy(&garbled).replace('\x01', "|");
            assert_eq!(judged(&[garbled, good.clone()].concat()), [Err(reason), Ok(good.clone())], "{text}");
        }
    }

    #[test]
    fn v_04_a_length_too_long_swallows_the_next_message_and_one_too_short_only_its_own() {
        let good = sealed(HEARTBEAT);
        let text = String::from_utf8(good.clone()).unwrap();
        let long = text.replacen("\x019=41\x01", "\x019=60\x01", 1).into_bytes();
        let third = good.clone();
        assert_eq!(
            judged(&[long, good.clone(), third.clone()].concat()),
            [Err(FrameFault::WrongBodyLength), Ok(third)]
        );
        let short = text.replacen("\x019=41\x01", "\x019=20\x01", 1).into_bytes();
        assert_eq!(judged(&[short, good.clone()].concat()), [Err(FrameFault::WrongBodyLength), Ok(good)]);
    }

    #[test]
    fn v_04_the_declared_body_may_hold_what_looks_like_a_trailer() {
        let frame = sealed("35=B|34=2|95=8|96=|10=123||");
        assert_eq!(judged(&frame), [Ok(frame.clone())]);
    }

    #[test]
    fn v_04_a_message_without_end_is_given_up_at_the_limit() {
        let limits = FrameLimits { body_bytes_max: 64 };
        let good = sealed(HEARTBEAT);
        let stream = [wire("8=FIX.4.4|9=5|35=0|"), vec![b'x'; 200], good.clone()].concat();
        assert_eq!(outcomes(limits, &stream, 7), [Err(FrameFault::Endless), Ok(good)]);
    }

    #[test]
    fn v_04_a_full_buffer_always_decides_wherever_the_trailer_stands() {
        let limits = FrameLimits { body_bytes_max: 64 };
        let full = Framer::new(limits).buffer_bytes_max();
        let start = wire("8=FIX.4.4|9=5|35=0|");
        for at in start.len()..full {
            let mut buf = start.clone();
            buf.resize(at, b'x');
            buf.extend_from_slice(TRAILER);
            buf.resize(buf.len().max(full), b'0');
            buf.truncate(full);
            assert_ne!(Framer::new(limits).next(&buf), Framed::NeedMore, "trailer at {at} of {full}");
        }
        for digits in 1..=LENGTH_DIGITS_MAX {
            let body = "35=B|34=2|58=".to_owned() + &"x".repeat(50) + "|";
            let padded = format!("8=FIX.4.4|9={:0digits$}|", body.len());
            let mut longest = wire(&(padded + &body));
            let sum = check_sum(&longest);
            longest.extend([&TRAILER[1..], &sum[..], &[SOH]].concat());
            assert_eq!(Framer::new(limits).next(&longest), Framed::Frame { len: longest.len() });
        }
    }

    #[test]
    fn x_01_a_flood_of_false_beginnings_is_searched_once() {
        let stream = wire("8=FIX.4.4|9=0|").repeat(20_000);
        let found = outcomes(FrameLimits { body_bytes_max: 65_536 }, &stream, 65_536);
        assert!(found.len() > 10_000 && found.iter().all(|f| *f == Err(FrameFault::Endless)));
    }

    proptest::proptest! {
        #[test]
        fn v_04_x_01_any_split_frames_the_same(
            parts in proptest::collection::vec(0usize..9, 1..12),
            step in 1usize..40,
            noise in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..20),
        ) {
            let limits = FrameLimits { body_bytes_max: 128 };
            let good = sealed(HEARTBEAT);
            let stream: Vec<u8> = parts.iter().flat_map(|part| match part {
                0 => noise.clone(),
                1 => wire("8=FIX.4.4|9=100|35=0|"),
                2 => wire("8=FIX.4.4|9=x|"),
                3 => wire("8=FIX"),
                4 => wire("|10="),
                5 => wire("8=FIX.4.4|9=5|35=0|10=000|"),
                _ => good.clone(),
            }).collect();
            let whole = outcomes(limits, &stream, stream.len().max(1));
            proptest::prop_assert_eq!(outcomes(limits, &stream, step), whole);
        }

        #[test]
        fn x_01_random_bytes_never_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..400)) {
            outcomes(FrameLimits { body_bytes_max: 64 }, &bytes, 13);
        }
    }
}
