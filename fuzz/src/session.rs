//! The session machine under any story.

use crate::seal::seal;
use arbitrary::Arbitrary;
use assay_trading_types::Timestamp;
use fix_session::{
    Close, Delivery, Dictionary, FieldIndex, FrameLimits, Framed, Framer, Handler, Inbound, Notice, Now,
    Numbers, Outbound, Profile, Queued, ResendEnd, Reset, Role, SeqNumField, Session, SessionConfig,
    StoreRead, ValidationOptions, Verdict, check_message,
};
use std::collections::{BTreeMap, VecDeque};
use std::num::NonZeroU8;

const START_NS: i64 = 1_795_253_400_000_000_000;
/// Steps looked at: stories say what they have to say in these.
const STEPS_MAX: usize = 64;

/// What is agreed, and what happens.
#[derive(Debug, Arbitrary)]
pub struct Story {
    initiator: bool,
    interop: bool,
    reset_on_logon: bool,
    reset_on_logout: bool,
    reset_on_disconnect: bool,
    next_expected: bool,
    last_processed: bool,
    resend_chunk: Option<NonZeroU8>,
    exact_end: bool,
    overlap: bool,
    /// Does not begin with a connection and a Logon that is right.
    unopened: Rare,
    steps: Vec<Step>,
}

/// One thing that happens.
#[derive(Debug, Arbitrary)]
pub enum Step {
    /// The transport comes up.
    Connect,
    /// It goes.
    Disconnect,
    /// Time passes, in tenths of a second.
    Wait(u16),
    /// The application sends.
    Send,
    /// The application ends the session.
    Logout,
    /// The peer sends a message that is framed well.
    Peer(PeerMessage),
    /// The peer sends anything.
    Bytes(Vec<u8>),
    /// The store serves so many messages of what is asked of it.
    Serve(u8),
}

/// A message of the peer; numbers are near what is expected.
#[derive(Debug, Arbitrary)]
pub struct PeerMessage {
    kind: Kind,
    /// Distance from the number expected, in fortieths: most are none.
    distance: i8,
    poss_dup: Rare,
    orig_sending_time: bool,
    old: Rare,
    foreign: Rare,
}

/// True one time in sixteen, so that a story gets somewhere.
#[derive(Debug, Arbitrary)]
struct Rare(u8);

impl Rare {
    fn happens(&self) -> bool {
        self.0 >= 240
    }
}

#[derive(Debug, Arbitrary)]
enum Kind {
    Heartbeat,
    TestRequest,
    ResendRequest { begin: u8, end: u8 },
    Reject,
    SequenceReset { new: i8, gap_fill: bool },
    Logout,
    Logon { heartbeat_s: u8, reset: bool, next_expected: Option<u8> },
    Order,
    Strange(Vec<u8>),
}

/// Plays a story. What must hold: numbers out count up by one in an epoch and are journalled before a byte of them is written;
/// the application gets each number once, in order; what we write is framed, valid and on a logged-on connection in the
/// order of the rules; all input is used; nothing panics. Answers whether the session was ever logged on.
///
/// # Panics
/// A rule is broken.
pub fn session(story: &Story) -> bool {
    let role = if story.initiator { Role::Initiator } else { Role::Acceptor };
    let profile = if story.interop { Profile::Interop } else { Profile::Strict };
    let config = SessionConfig {
        reset_on_logon: story.reset_on_logon,
        reset_on_logout: story.reset_on_logout,
        reset_on_disconnect: story.reset_on_disconnect,
        next_expected: story.next_expected,
        last_processed: story.last_processed,
        resend_chunk: story.resend_chunk.map(|chunk| u64::from(chunk.get())),
        resend_end: if story.exact_end { ResendEnd::Exact } else { ResendEnd::Open },
        gapfill_overlap_advances: story.overlap,
        heartbeat_zero: true,
        ..SessionConfig::new(role, "US", "THEM").with_profile(profile)
    };
    let mut play = Play {
        session: Session::new(config, Numbers::FIRST, Dictionary::fix44()),
        desk: Desk::default(),
        mono_ns: 0,
        pending: Vec::new(),
    };
    if !story.unopened.happens() {
        play.open();
    }
    story.steps.iter().take(STEPS_MAX).for_each(|step| play.step(step));
    play.desk.logged_on
}

struct Play {
    session: Session,
    desk: Desk,
    mono_ns: u64,
    /// Received and not used yet.
    pending: Vec<u8>,
}

impl Play {
    fn now(&self) -> Now {
        Now { mono_ns: self.mono_ns, utc_ns: START_NS + self.mono_ns as i64 }
    }

    fn step(&mut self, step: &Step) {
        let now = self.now();
        match step {
            Step::Connect if !self.desk.connected => {
                self.desk.connected = true;
                self.session.connected(now, &mut self.desk);
            }
            Step::Connect => {}
            Step::Disconnect => self.disconnect(),
            Step::Wait(tenths) => self.wait(u64::from(*tenths)),
            Step::Send => {
                let sent = self.session.send(
                    now,
                    b"B",
                    |out| _ = out.field(148, b"x").field_u64(33, 1).field(58, b"y"),
                    &mut self.desk,
                );
                if let Some(seq) = sent.number() {
                    assert_eq!(seq + 1, self.session.numbers().next_out);
                }
            }
            Step::Logout => self.session.logout(now, "bye", &mut self.desk),
            Step::Peer(message) => {
                let bytes = self.write(message);
                self.receive(&bytes);
            }
            Step::Bytes(bytes) => self.receive(bytes),
            Step::Serve(count) => {
                self.serve(*count);
                self.release(*count);
            }
        }
        if self.desk.closed {
            self.disconnect();
        }
        assert_eq!(self.session.numbers().next_out, self.desk.next_out, "the journal knows every number");
        assert_eq!(self.session.numbers().next_in, self.desk.next_in, "the journal knows what is expected");
        assert_eq!(self.session.queued(), self.desk.waiting.len() as u64, "the journal knows what waits");
    }

    fn open(&mut self) {
        self.step(&Step::Connect);
        let reset = self.desk.sent.values().any(|bytes| bytes.windows(5).any(|w| w == b"141=Y"));
        let kind = Kind::Logon { heartbeat_s: 30, reset, next_expected: None };
        let (distance, orig_sending_time) = (0, false);
        let (poss_dup, old, foreign) = (Rare(0), Rare(0), Rare(0));
        let logon = PeerMessage { kind, distance, poss_dup, orig_sending_time, old, foreign };
        self.step(&Step::Peer(logon));
    }

    fn disconnect(&mut self) {
        if self.desk.connected {
            self.desk.connected = false;
            self.desk.closed = false;
            self.desk.read = None;
            self.desk.waiting_wanted = false;
            self.pending.clear();
            self.session.handle_disconnected(self.now(), &mut self.desk);
        }
    }

    /// To each deadline on the way, as a driver would.
    fn wait(&mut self, tenths: u64) {
        let end = self.mono_ns + tenths * 100_000_000;
        for _ in 0..1_000 {
            let Some(deadline) = self.session.poll_deadline().filter(|&at| at <= end) else { break };
            self.mono_ns = self.mono_ns.max(deadline);
            self.session.handle_timeout(self.now(), &mut self.desk);
            if self.desk.closed {
                self.disconnect();
            }
        }
        assert!(self.session.poll_deadline().is_none_or(|at| at > end), "a deadline is never done with");
        self.mono_ns = end;
    }

    fn receive(&mut self, bytes: &[u8]) {
        if !self.desk.connected {
            return;
        }
        self.pending.extend_from_slice(bytes);
        let used = self.session.handle_bytes(self.now(), &self.pending, &mut self.desk);
        assert!(used <= self.pending.len());
        self.pending.drain(..used);
    }

    fn serve(&mut self, count: u8) {
        for _ in 0..count {
            let Some(read) = self.desk.read else { return };
            let now = self.now();
            if read.begin > read.end {
                self.desk.read = None;
                self.session.stored_end(now, read.id, &mut self.desk);
                continue;
            }
            self.desk.read = Some(StoreRead { begin: read.begin + 1, ..read });
            let Some(bytes) = self.desk.sent.get(&(read.epoch, read.begin)).cloned() else { continue };
            if !self.session.stored(now, read.id, read.begin, &bytes, &mut self.desk)
                && self.desk.read.is_some_and(|now| now.id == read.id)
            {
                self.desk.read = None;
            }
        }
    }

    /// Messages that waited for a logon go out in their order.
    fn release(&mut self, count: u8) {
        for _ in 0..count {
            if !std::mem::take(&mut self.desk.waiting_wanted) {
                return;
            }
            let Some(oldest) = self.desk.waiting.pop_front() else { return };
            let waiting = self.session.queued();
            let wanted = self.session.unqueue(self.now(), &oldest, &mut self.desk);
            if self.session.queued() == waiting {
                self.desk.waiting.push_front(oldest);
            }
            self.desk.waiting_wanted |= wanted;
        }
    }

    fn write(&self, message: &PeerMessage) -> Vec<u8> {
        let seq =
            i64::try_from(self.session.numbers().next_in).unwrap_or(0) + i64::from(message.distance / 40);
        let (msg_type, body) = message.kind.write(seq);
        let seconds = if message.old.happens() { -300 } else { 0 };
        let sent = time(self.now().utc_ns + seconds * 1_000_000_000);
        let sender = if message.foreign.happens() { "X" } else { "THEM" };
        let mut text = format!("35={msg_type}|34={seq}|49={sender}|52={sent}|56=US|");
        if message.poss_dup.happens() {
            text.push_str("43=Y|");
        }
        if message.orig_sending_time {
            text.push_str(&format!("122={sent}|"));
        }
        text.push_str(&body);
        seal(text.replace('|', "\u{1}").as_bytes())
    }
}

impl Kind {
    fn write(&self, seq: i64) -> (&'static str, String) {
        match self {
            Self::Heartbeat => ("0", String::new()),
            Self::TestRequest => ("1", "112=t|".to_owned()),
            Self::ResendRequest { begin, end } => ("2", format!("7={begin}|16={end}|")),
            Self::Reject => ("3", "45=1|".to_owned()),
            Self::SequenceReset { new, gap_fill } => {
                let flag = if *gap_fill { "123=Y|" } else { "" };
                ("4", format!("{flag}36={}|", seq + i64::from(*new)))
            }
            Self::Logout => ("5", String::new()),
            Self::Logon { heartbeat_s, reset, next_expected } => {
                let mut body = format!("98=0|108={heartbeat_s}|");
                if *reset {
                    body.push_str("141=Y|");
                }
                if let Some(next) = next_expected {
                    body.push_str(&format!("789={next}|"));
                }
                ("A", body)
            }
            Self::Order => ("D", "11=a|54=1|60=20260101-00:00:00|40=1|55=X|38=1|".to_owned()),
            Self::Strange(bytes) => ("D", String::from_utf8_lossy(bytes).into_owned()),
        }
    }
}

fn time(ns: i64) -> String {
    let mut text = Vec::new();
    Timestamp::from_ns(ns).write_fix(3, &mut text);
    String::from_utf8(text).expect("digits")
}

/// Keeps what a driver keeps, and holds the session to its promises.
#[derive(Debug)]
struct Desk {
    connected: bool,
    closed: bool,
    epoch: u64,
    next_in: u64,
    next_out: u64,
    /// Highest number given to the application in this epoch.
    delivered: u64,
    sent: BTreeMap<(u64, u64), Vec<u8>>,
    read: Option<StoreRead>,
    /// Messages of ours that wait for a logon, oldest first.
    waiting: VecDeque<Vec<u8>>,
    waiting_wanted: bool,
    logged_on: bool,
}

impl Default for Desk {
    fn default() -> Self {
        Self {
            connected: false,
            closed: false,
            epoch: 1,
            next_in: 1,
            next_out: 1,
            delivered: 0,
            sent: BTreeMap::new(),
            read: None,
            waiting: VecDeque::new(),
            waiting_wanted: false,
            logged_on: false,
        }
    }
}

impl Desk {
    fn counted(&mut self, inbound: &Inbound<'_>) {
        assert_eq!(inbound.epoch, self.epoch);
        assert!(inbound.next_in >= self.next_in, "what is expected never falls within an epoch");
        self.next_in = inbound.next_in;
    }

    /// What we write is a frame that our own rules accept (V-32).
    fn check_bytes(bytes: &[u8]) -> u64 {
        assert_eq!(Framer::new(FrameLimits::default()).next(bytes), Framed::Frame { len: bytes.len() });
        let mut index = FieldIndex::new();
        let message = index.parse(bytes, Dictionary::fix44(), Profile::Strict).expect("our frame");
        let options = ValidationOptions { allow_8bit: true, ..ValidationOptions::default() };
        if let Err(fault) = check_message(&message, &options) {
            panic!("we wrote {message:?}: {fault:?}");
        }
        let SeqNumField::Number(seq) = message.seq_num() else { panic!("no number in {message:?}") };
        seq
    }
}

impl Handler for Desk {
    fn application(&mut self, inbound: &Inbound<'_>) -> Verdict {
        assert!(inbound.seq > self.delivered, "{} came after {}", inbound.seq, self.delivered);
        self.delivered = inbound.seq;
        self.counted(inbound);
        if inbound.seq.is_multiple_of(3) { Verdict::Unsupported } else { Verdict::Accepted }
    }

    fn administrative(&mut self, inbound: &Inbound<'_>) {
        self.counted(inbound);
    }

    fn ignored(&mut self, inbound: &Inbound<'_>) {
        assert_eq!(inbound.next_in, self.next_in, "what is ignored counts for nothing");
    }

    fn outbound(&mut self, outbound: &Outbound<'_>) {
        assert_eq!((outbound.epoch, outbound.seq), (self.epoch, self.next_out));
        assert_eq!(Self::check_bytes(outbound.bytes), outbound.seq);
        assert!(outbound.delivery == Delivery::Held || self.connected && !self.closed);
        self.next_out = outbound.next_out;
        self.sent.insert((outbound.epoch, outbound.seq), outbound.bytes.to_vec());
    }

    fn replayed(&mut self, bytes: &[u8]) {
        assert!(self.connected && !self.closed, "bytes for a connection that is gone");
        assert!(Self::check_bytes(bytes) < self.next_out, "a number that was never given out");
    }

    fn read_store(&mut self, read: StoreRead) {
        assert!(read.begin >= 1 && read.begin <= read.end && read.end < self.next_out, "{read:?}");
        self.read = Some(read);
    }

    fn queued(&mut self, queued: &Queued<'_>) {
        self.waiting.push_back(queued.bytes.to_vec());
    }

    fn read_queue(&mut self) {
        assert!(self.connected && !self.closed && !self.waiting.is_empty(), "nothing waits");
        self.waiting_wanted = true;
    }

    fn reset(&mut self, reset: Reset) {
        assert!(reset.epoch > self.epoch);
        (self.epoch, self.next_in, self.next_out) = (reset.epoch, reset.next_in, reset.next_out);
        self.delivered = reset.next_in - 1;
    }

    fn notice(&mut self, notice: Notice<'_>) {
        self.logged_on |= matches!(notice, Notice::Established { .. });
    }

    fn close(&mut self, _: Close) {
        assert!(self.connected && !self.closed, "closed twice");
        self.closed = true;
    }
}
