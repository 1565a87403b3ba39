//! Bytes of FIX 4.4: framing from and to text with `|` for SOH.

use crate::PATIENCE;
use std::fmt;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A message as text, `8=FIX.4.4|9=...|...|10=...|`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Message(String);

impl Message {
    /// The first value of `tag`.
    pub(crate) fn get(&self, tag: u32) -> Option<&str> {
        let lead = format!("{tag}=");
        self.0.split('|').find_map(|field| field.strip_prefix(&lead))
    }

    /// The value of a field that must be there.
    #[track_caller]
    pub(crate) fn value(&self, tag: u32) -> &str {
        self.get(tag).unwrap_or_else(|| panic!("no {tag} in {self:?}"))
    }

    /// MsgType(35).
    pub(crate) fn msg_type(&self) -> &str {
        self.value(35)
    }

    /// MsgSeqNum(34).
    pub(crate) fn seq(&self) -> u64 {
        self.value(34).parse().expect("a number")
    }

    /// Whether PossDupFlag(43) is set.
    pub(crate) fn is_poss_dup(&self) -> bool {
        self.get(43) == Some("Y")
    }

    /// Checks values given as `150=0|39=0|38=100`; `103=` alone means that the field is absent.
    #[track_caller]
    pub(crate) fn assert_has(&self, wanted: &str) -> &Self {
        for field in wanted.split('|') {
            let (tag, value) = field.split_once('=').expect("tag=value");
            let found = self.get(tag.parse().expect("a tag")).unwrap_or_default();
            assert_eq!(found, value, "{tag} of {self:?}");
        }
        self
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `text` with 8, 9 and 10 around it; it begins with `35=` and ends with `|`.
pub(crate) fn framed(text: &str) -> Vec<u8> {
    with_checksum(&format!("8=FIX.4.4|9={}|{text}", text.len()))
}

/// `text` as bytes, with its true CheckSum(10) behind it.
pub(crate) fn with_checksum(text: &str) -> Vec<u8> {
    let mut bytes = text.replace('|', "\x01").into_bytes();
    let sum = checksum(&bytes);
    bytes.extend_from_slice(format!("10={sum:03}\x01").as_bytes());
    bytes
}

fn checksum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum: u8, byte| sum.wrapping_add(*byte))
}

/// A socket to the server.
pub(crate) struct Wire {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Wire {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect_timeout(&address, PATIENCE).expect("the server accepts");
        stream.set_nodelay(true).expect("a TCP socket");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout above zero");
        stream.set_write_timeout(Some(PATIENCE)).expect("a timeout above zero");
        Self { stream, received: Vec::new() }
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("the server reads");
    }

    /// Sends unless the server has closed; `false` when it has.
    pub(crate) fn try_send(&mut self, bytes: &[u8]) -> bool {
        match self.stream.write_all(bytes) {
            Ok(()) => true,
            Err(e) if is_closed(e.kind()) => false,
            Err(e) => panic!("the server neither reads nor closes: {e}"),
        }
    }

    /// The next message, or nothing when the server closed the connection.
    pub(crate) fn receive(&mut self) -> Option<Message> {
        loop {
            if let Some(message) = self.take_message() {
                return Some(message);
            }
            let mut chunk = [0; 16 << 10];
            match self.stream.read(&mut chunk) {
                Ok(0) => {
                    assert!(self.received.is_empty(), "half a message before the end: {:?}", self.received);
                    return None;
                }
                Ok(count) => self.received.extend_from_slice(&chunk[..count]),
                Err(e) if is_closed(e.kind()) => return None,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => panic!("the server neither writes nor closes: {e}"),
            }
        }
    }

    /// Checks that the server closes without another byte.
    #[track_caller]
    pub(crate) fn assert_silent_close(mut self) {
        if let Some(message) = self.receive() {
            panic!("not silent: {message:?}");
        }
    }

    /// Cuts one message off and checks BodyLength(9) and CheckSum(10).
    fn take_message(&mut self) -> Option<Message> {
        const TRAILER_BYTES: usize = 7;
        let head = b"8=FIX.4.4\x019=";
        if self.received.len() < head.len() {
            return None;
        }
        assert!(self.received.starts_with(head), "no FIX: {:?}", String::from_utf8_lossy(&self.received));
        let digits = self.received[head.len()..].iter().position(|b| *b == 1)?;
        let length = std::str::from_utf8(&self.received[head.len()..head.len() + digits]).expect("digits");
        let body_end = head.len() + digits + 1 + length.parse::<usize>().expect("a length");
        let end = body_end + TRAILER_BYTES;
        if self.received.len() < end {
            return None;
        }
        let frame: Vec<u8> = self.received.drain(..end).collect();
        let trailer = format!("10={:03}\x01", checksum(&frame[..body_end]));
        assert_eq!(&frame[body_end..], trailer.as_bytes(), "{:?}", String::from_utf8_lossy(&frame));
        Some(Message(String::from_utf8(frame).expect("ASCII").replace('\x01', "|")))
    }
}

/// Ends that a closed connection shows, depending on what was under way.
fn is_closed(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::ConnectionReset
            | ErrorKind::BrokenPipe
            | ErrorKind::ConnectionAborted
            | ErrorKind::UnexpectedEof
    )
}

/// Now as a UTCTimestamp with milliseconds.
pub(crate) fn utc_now() -> String {
    utc_in(0)
}

/// The hour of the day now.
pub(crate) fn hours_of_utc() -> i64 {
    utc_now()[9..11].parse().expect("two digits")
}

/// As [`utc_now`], so many seconds later.
#[allow(clippy::disallowed_methods, reason = "a counterparty has its own clock")]
pub(crate) fn utc_in(seconds: u64) -> String {
    let since =
        SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970") + Duration::from_secs(seconds);
    let (days, second) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    let (year, month, day) = civil(days);
    let (h, m, s) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}{month:02}{day:02}-{h:02}:{m:02}:{s:02}.{:03}", since.subsec_millis())
}

/// The Gregorian date of a day since 1970, by years of March to February.
fn civil(days: u64) -> (u64, u64, u64) {
    let z = days + 719_468;
    let (era, doe) = (z / 146_097, z % 146_097);
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    (era * 400 + yoe + u64::from(month <= 2), month, doy - (153 * mp + 2) / 5 + 1)
}
