//! A scripted peer for load and tests: says what it is told to, right or wrong, and is cheap enough to stand beside what it
//! measures.
//!
//! It knows just enough FIX to log on, answer nothing and send NewOrderSingle(D) from a prepared message in which only the
//! changing fields are written anew. What keeps the rules is [`Initiator`](super::Initiator).

use super::stream::{ClientTls, Stream};
use hdrhistogram::Histogram;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Room for received bytes.
const RECEIVE_BYTES: usize = 256 << 10;

/// How long an answer may take before the run counts as failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// A connection of a counterparty.
#[derive(Debug)]
pub struct Client {
    stream: Stream,
    sender: String,
    target: String,
    next_out: u64,
    received: Vec<u8>,
    filled: usize,
    /// Bytes at the front that were handed out.
    used: usize,
    out: Vec<u8>,
}

/// What an order flow is made of.
#[derive(Debug, Clone)]
pub struct Flow {
    /// Orders to send.
    pub orders: u64,
    /// Orders without an answer at any time.
    pub window: u64,
    /// Fields of every order but 11, 21 and 60, without SOH at the end, `|` for SOH: `1=F|38=100|40=2|44=10|54=1|55=AAPL`.
    pub terms: String,
    /// ClOrdIDs are this and a number.
    pub id_prefix: String,
}

/// What came of an order flow.
#[derive(Debug)]
pub struct Outcome {
    /// Orders answered by a first 8: accepted or refused.
    pub answered: u64,
    /// Of these, refused (150=8).
    pub refused: u64,
    /// Fills (150=F).
    pub fills: u64,
    /// From the first order to the last answer.
    pub took: Duration,
    /// Nanoseconds from write to answer.
    pub latency_ns: Histogram<u64>,
}

impl Client {
    /// Connects; nothing is sent yet.
    ///
    /// # Errors
    /// The system's.
    pub fn connect(server: SocketAddr, sender: &str, target: &str) -> io::Result<Self> {
        Ok(Self::over(Stream::Plain(Self::tcp(server)?), sender, target))
    }

    /// Connects under TLS to the server called `name`.
    ///
    /// # Errors
    /// The system's, or the server is not the one named.
    pub fn connect_tls(
        server: SocketAddr,
        (tls, name): (&ClientTls, &str),
        sender: &str,
        target: &str,
    ) -> io::Result<Self> {
        Ok(Self::over(Stream::tls(Self::tcp(server)?, tls, name)?, sender, target))
    }

    fn tcp(server: SocketAddr) -> io::Result<TcpStream> {
        let stream = TcpStream::connect(server)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(stream)
    }

    fn over(stream: Stream, sender: &str, target: &str) -> Self {
        Self {
            stream,
            sender: sender.to_owned(),
            target: target.to_owned(),
            next_out: 1,
            received: vec![0; RECEIVE_BYTES],
            filled: 0,
            used: 0,
            out: Vec::new(),
        }
    }

    /// The TLS version agreed on, as `TLSv1_3`; nothing in clear.
    pub fn tls_version(&self) -> Option<String> {
        self.stream.tls_version()
    }

    /// The certificate that the server showed, DER.
    pub fn server_certificate(&self) -> Option<Vec<u8>> {
        self.stream.server_certificate()
    }

    /// How long [`Client::receive`] waits from now on.
    ///
    /// # Panics
    /// Zero, or a socket that is gone.
    pub fn set_patience_ms(&mut self, patience_ms: u64) {
        let patience = Some(Duration::from_millis(patience_ms));
        self.stream.tcp().set_read_timeout(patience).expect("an open socket takes a timeout above zero");
    }

    /// The number of the next message sent.
    pub fn next_out(&self) -> u64 {
        self.next_out
    }

    /// Continues at another number, as a counterparty that comes back.
    pub fn set_next_out(&mut self, next_out: u64) {
        self.next_out = next_out;
    }

    /// Logs on and waits for the answer, which is returned with `|` for SOH.
    ///
    /// # Errors
    /// The connection ended or nothing came.
    pub fn logon(&mut self, heartbeat_s: u32, reset: bool) -> io::Result<String> {
        let reset = if reset { "|141=Y" } else { "" };
        self.send("A", &format!("98=0|108={heartbeat_s}{reset}"))?;
        self.receive()
    }

    /// Sends one message with the next number; `body` has `|` for SOH and none at its end.
    ///
    /// # Errors
    /// The system's.
    pub fn send(&mut self, msg_type: &str, body: &str) -> io::Result<()> {
        let seq = self.next_out;
        self.next_out += 1;
        self.send_as(msg_type, seq, "", body)
    }

    /// Sends one message with number `seq` and more header fields.
    ///
    /// # Errors
    /// The system's.
    pub fn send_as(&mut self, msg_type: &str, seq: u64, header: &str, body: &str) -> io::Result<()> {
        let header = if header.is_empty() { String::new() } else { format!("{header}|") };
        let body = if body.is_empty() { String::new() } else { format!("{body}|") };
        let text = format!(
            "35={msg_type}|34={seq}|49={}|52={}|56={}|{header}{body}",
            self.sender,
            utc_now(),
            self.target
        );
        self.send_bytes(&framed(&text))
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    /// The system's.
    pub fn send_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// The next message, with `|` for SOH.
    ///
    /// # Errors
    /// The connection ended or nothing came.
    pub fn receive(&mut self) -> io::Result<String> {
        loop {
            if let Some(len) = frame_len(&self.received[self.used..self.filled]) {
                let text = String::from_utf8_lossy(&self.received[self.used..self.used + len]);
                let text = text.replace('\x01', "|");
                self.used += len;
                return Ok(text);
            }
            self.read_more()?;
        }
    }

    /// The next message of `msg_type`; others are passed over.
    ///
    /// # Errors
    /// As [`Client::receive`].
    pub fn receive_type(&mut self, msg_type: &str) -> io::Result<String> {
        let wanted = format!("|35={msg_type}|");
        loop {
            let message = self.receive()?;
            if message.contains(&wanted) {
                return Ok(message);
            }
        }
    }

    /// Whether the server closed the connection without another byte.
    ///
    /// # Errors
    /// Nothing happened in time.
    pub fn is_closed_silently(&mut self) -> io::Result<bool> {
        match self.read_more() {
            Ok(()) => Ok(false),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(true),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => Ok(true),
            Err(error) => Err(error),
        }
    }

    fn read_more(&mut self) -> io::Result<()> {
        self.received.copy_within(self.used..self.filled, 0);
        self.filled -= std::mem::take(&mut self.used);
        match self.stream.read(&mut self.received[self.filled..])? {
            0 => Err(ErrorKind::UnexpectedEof.into()),
            count => {
                self.filled += count;
                Ok(())
            }
        }
    }

    /// Sends orders with `flow.window` of them unanswered at any time and waits for every answer.
    ///
    /// # Errors
    /// The connection ended or an answer did not come.
    #[allow(clippy::disallowed_methods, reason = "a load client measures time")]
    pub fn run(&mut self, flow: &Flow) -> io::Result<Outcome> {
        let mut outcome = Outcome {
            answered: 0,
            refused: 0,
            fills: 0,
            took: Duration::ZERO,
            latency_ns: Histogram::new_with_bounds(1, 60_000_000_000, 3).expect("a minute in three digits"),
        };
        let start = Instant::now();
        let mut sent_ns = vec![0u64; flow.window.max(1) as usize];
        let mut order = PreparedOrder::new(&self.sender, &self.target, flow);
        let mut sent = 0;
        while outcome.answered < flow.orders {
            let can = (flow.window - (sent - outcome.answered)).min(flow.orders - sent);
            if can > 0 {
                let (now_ns, time) = (start.elapsed().as_nanos() as u64, utc_now());
                self.out.clear();
                for _ in 0..can {
                    order.write(self.next_out, sent, &time, &mut self.out);
                    sent_ns[(sent % flow.window) as usize] = now_ns;
                    self.next_out += 1;
                    sent += 1;
                }
                let out = std::mem::take(&mut self.out);
                self.send_bytes(&out)?;
                self.out = out;
            }
            self.read_more()?;
            let now_ns = start.elapsed().as_nanos() as u64;
            self.count(&mut outcome, |answered| {
                now_ns.saturating_sub(sent_ns[(answered % flow.window) as usize])
            });
        }
        outcome.took = start.elapsed();
        Ok(outcome)
    }

    fn count(&mut self, outcome: &mut Outcome, latency_ns: impl Fn(u64) -> u64) {
        while let Some(len) = frame_len(&self.received[self.used..self.filled]) {
            let frame = &self.received[self.used..self.used + len];
            self.used += len;
            match exec_type(frame) {
                Some(exec_type @ (b'0' | b'8')) => {
                    outcome.latency_ns.saturating_record(latency_ns(outcome.answered));
                    outcome.answered += 1;
                    outcome.refused += u64::from(exec_type == b'8');
                }
                Some(b'F') => outcome.fills += 1,
                _ => {}
            }
        }
    }
}

/// A D of which only what changes is written anew.
struct PreparedOrder {
    head: Vec<u8>,
    middle: Vec<u8>,
    tail: Vec<u8>,
    prefix: String,
}

impl PreparedOrder {
    fn new(sender: &str, target: &str, flow: &Flow) -> Self {
        let bytes = |text: String| text.replace('|', "\x01").into_bytes();
        Self {
            head: bytes("35=D|34=".to_owned()),
            middle: bytes(format!("|49={sender}|56={target}|52=")),
            tail: bytes(format!("|21=1|{}|60=", flow.terms)),
            prefix: flow.id_prefix.clone(),
        }
    }

    fn write(&mut self, seq: u64, number: u64, time: &str, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(b"8=FIX.4.4\x019=000\x01");
        let body = out.len();
        out.extend_from_slice(&self.head);
        push_number(seq, out);
        out.extend_from_slice(&self.middle);
        out.extend_from_slice(time.as_bytes());
        out.extend_from_slice(b"\x0111=");
        out.extend_from_slice(self.prefix.as_bytes());
        push_number(number, out);
        out.extend_from_slice(&self.tail);
        out.extend_from_slice(time.as_bytes());
        out.push(1);
        let len = out.len() - body;
        assert!(len < 1000, "prepared orders are short");
        put_three(&mut out[body - 4..body - 1], len);
        push_check_sum(start, out);
    }
}

fn push_number(number: u64, out: &mut Vec<u8>) {
    let mut digits = [0u8; 20];
    let (mut at, mut rest) = (digits.len(), number);
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

fn put_three(at: &mut [u8], number: usize) {
    at[0] = b'0' + (number / 100 % 10) as u8;
    at[1] = b'0' + (number / 10 % 10) as u8;
    at[2] = b'0' + (number % 10) as u8;
}

fn push_check_sum(start: usize, out: &mut Vec<u8>) {
    let sum = out[start..].iter().fold(0u8, |sum, b| sum.wrapping_add(*b));
    let mut digits = [0; 3];
    put_three(&mut digits, sum.into());
    out.extend_from_slice(b"10=");
    out.extend_from_slice(&digits);
    out.push(1);
}

/// A message from its fields after BodyLength(9), `|` for SOH.
pub fn framed(body: &str) -> Vec<u8> {
    let body = body.replace('|', "\x01");
    let mut out = format!("8=FIX.4.4\x019={}\x01{body}", body.len()).into_bytes();
    push_check_sum(0, &mut out);
    out
}

/// Length of the whole frame at the front, if it is there. Our server's frames are right, so nothing is checked.
fn frame_len(bytes: &[u8]) -> Option<usize> {
    const START: usize = "8=FIX.4.4|9=".len();
    const TRAILER: usize = "10=000|".len();
    let length = bytes.get(START..)?;
    let digits = length.iter().position(|b| *b == 1)?;
    let body = length[..digits].iter().fold(0, |n, b| n * 10 + usize::from(b - b'0'));
    let len = START + digits + 1 + body + TRAILER;
    (bytes.len() >= len).then_some(len)
}

/// ExecType(150) of an 8.
fn exec_type(frame: &[u8]) -> Option<u8> {
    let mut fields = frame.split(|b| *b == 1);
    (fields.nth(2)? == b"35=8").then_some(())?;
    fields.find_map(|f| f.strip_prefix(b"150=")).and_then(|v| v.first().copied())
}

#[allow(clippy::disallowed_methods, reason = "a counterparty has a clock")]
fn utc_now() -> String {
    let ns = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_nanos() as i64);
    let mut text = Vec::new();
    assay_trading_types::Timestamp::from_ns(ns).write_fix(3, &mut text);
    String::from_utf8(text).expect("digits")
}
