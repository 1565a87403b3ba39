//! A socket that logs on and asks an acceptor what it thinks of a message.

use crate::{WAIT_MAX, field};
use assay_trading_types::Timestamp;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{SystemTime, UNIX_EPOCH};

/// What an engine thinks of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Judgement {
    /// It went to the application.
    Accepted,
    /// Reject(3) with this SessionRejectReason(373) and, if given, RefTagID(371).
    Rejected {
        /// SessionRejectReason(373); -1 when it is missing.
        reason: i32,
        /// RefTagID(371).
        tag: Option<i64>,
    },
    /// Dropped as garbled, without a word.
    Dropped,
    /// The session ended.
    Ended,
}

/// A logged-on session towards an acceptor that starts at 1 with every logon.
#[derive(Debug)]
pub struct RawPeer {
    port: u16,
    ours: String,
    theirs: String,
    stream: TcpStream,
    received: Vec<u8>,
    next_out: u64,
}

impl RawPeer {
    /// Logs on as `ASSAY` to `VENUE`.
    pub fn log_on(port: u16) -> Self {
        Self::log_on_as(port, "ASSAY", "VENUE")
    }

    /// Logs on as `ours` to `theirs`, both beginning at 1.
    pub fn log_on_as(port: u16, ours: &str, theirs: &str) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).expect("the acceptor listens");
        stream.set_nodelay(true).expect("an open socket");
        stream.set_read_timeout(Some(WAIT_MAX)).expect("an open socket");
        let (ours, theirs) = (ours.to_owned(), theirs.to_owned());
        let mut peer = Self { port, ours, theirs, stream, received: Vec::new(), next_out: 1 };
        peer.send("A", "98=0\u{1}108=60\u{1}141=Y\u{1}");
        let answer = peer.receive().expect("Logon is answered");
        assert_eq!(field(&answer, 35), Some("A"), "{answer}");
        peer
    }

    /// Sends a message and a TestRequest(1) behind it; what comes before the Heartbeat(0) is the judgement.
    pub fn judge(&mut self, msg_type: &str, body: &str) -> Judgement {
        let seq = self.next_out;
        self.send(msg_type, body);
        let id = format!("T{seq}");
        self.send("1", &format!("112={id}\u{1}"));
        let mut judgement = Judgement::Accepted;
        while let Some(answer) = self.receive() {
            match field(&answer, 35) {
                Some("0") if field(&answer, 112) == Some(&id) => return judgement,
                Some("3") => judgement = rejected(&answer),
                Some("2") => {
                    judgement = Judgement::Dropped;
                    self.fill(seq);
                }
                Some("5") => break,
                _ => {}
            }
        }
        *self = Self::log_on_as(self.port, &self.ours, &self.theirs);
        Judgement::Ended
    }

    /// The dropped message will not come.
    fn fill(&mut self, seq: u64) {
        let next = self.next_out;
        self.next_out = seq;
        self.send("4", &format!("36={}\u{1}123=Y\u{1}", seq + 1));
        self.next_out = next;
    }

    /// Sends an application message with `|` for SOH, and 60 with the time behind it.
    pub fn ask(&mut self, msg_type: &str, body: &str) {
        let body = format!("{body}60={}|", sending_time());
        self.send(msg_type, &body.replace('|', "\u{1}"));
    }

    /// The next application message, with `|` for SOH; administrative ones are passed over.
    ///
    /// # Panics
    /// The session ends, or nothing comes.
    pub fn told(&mut self) -> String {
        loop {
            let message = self.receive().expect("the session lives");
            if !matches!(field(&message, 35), Some("0" | "1" | "2" | "4" | "A")) {
                return message;
            }
        }
    }

    fn send(&mut self, msg_type: &str, body: &str) {
        let head = format!(
            "35={msg_type}\u{1}34={}\u{1}49={}\u{1}52={}\u{1}56={}\u{1}{body}",
            self.next_out,
            self.ours,
            sending_time(),
            self.theirs
        );
        self.next_out += 1;
        // A connection that is gone shows when the answer is read.
        let _ = self.stream.write_all(&sealed(&head));
    }

    /// The next message with `|` for SOH; nothing when the connection ended.
    fn receive(&mut self) -> Option<String> {
        loop {
            if let Some(end) = frame_end(&self.received) {
                let frame: Vec<u8> = self.received.drain(..end).collect();
                return Some(String::from_utf8_lossy(&frame).replace('\u{1}', "|"));
            }
            let mut bytes = [0; 4096];
            match self.stream.read(&mut bytes) {
                Ok(0) | Err(_) => return None,
                Ok(count) => self.received.extend_from_slice(&bytes[..count]),
            }
        }
    }
}

fn rejected(answer: &str) -> Judgement {
    let reason = field(answer, 373).and_then(|text| text.parse().ok()).unwrap_or(-1);
    Judgement::Rejected { reason, tag: field(answer, 371).and_then(|text| text.parse().ok()) }
}

/// A frame around a body that begins with 35.
pub fn sealed(body: &str) -> Vec<u8> {
    let mut frame = format!("8=FIX.4.4\u{1}9={}\u{1}{body}", body.len()).into_bytes();
    let sum = frame.iter().fold(0u8, |sum, &b| sum.wrapping_add(b));
    frame.extend_from_slice(format!("10={sum:03}\u{1}").as_bytes());
    frame
}

/// Where the first frame ends: QuickFIX writes no data fields, so the first `SOH 10=` is the trailer.
fn frame_end(bytes: &[u8]) -> Option<usize> {
    let trailer = bytes.windows(4).position(|w| w == b"\x0110=")?;
    let end = trailer + 8;
    (bytes.len() >= end).then_some(end)
}

#[allow(clippy::disallowed_methods, reason = "a counterparty has a clock")]
fn sending_time() -> String {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is after 1970");
    let mut text = Vec::new();
    Timestamp::from_ns(since_1970.as_nanos() as i64).write_fix(3, &mut text);
    String::from_utf8(text).expect("digits")
}
