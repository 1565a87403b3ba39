//! One session on a test bench: virtual time, messages written with `|` for SOH, everything said recorded.

use assay_dictionaries::Dictionary;
use fix_session::{
    Close, Delivery, Handler, Inbound, LogonCredentials, LogonVerdict, Message, Notice, Now, Numbers,
    Outbound, Queued, Reset, Role, Sent, Session, SessionConfig, StoreRead, UnprovenLogon, Verdict,
};
use std::collections::{BTreeMap, VecDeque};

/// 2026-11-21 09:30:00 UTC.
pub(crate) const START: Now = Now { mono_ns: 1_000_000_000, utc_ns: 1_795_253_400_000_000_000 };

/// What the session told its driver.
#[derive(Default)]
pub(crate) struct Recorder {
    pub(crate) written: Vec<String>,
    pub(crate) applied: Vec<u64>,
    pub(crate) applied_epochs: Vec<u64>,
    pub(crate) administrative: Vec<u64>,
    pub(crate) ignored: Vec<u64>,
    pub(crate) store: BTreeMap<(u64, u64), Vec<u8>>,
    pub(crate) reads: Vec<StoreRead>,
    pub(crate) queue: VecDeque<Vec<u8>>,
    pub(crate) queue_wanted: bool,
    pub(crate) resets: Vec<Reset>,
    pub(crate) notices: Vec<String>,
    pub(crate) closed: Option<Close>,
    pub(crate) verdict: Verdict,
    pub(crate) logon_verdict: Option<LogonVerdict>,
    pub(crate) logon_terms: Vec<u8>,
    pub(crate) forged: bool,
}

impl Handler for Recorder {
    fn application(&mut self, inbound: &Inbound<'_>) -> Verdict {
        self.applied.push(inbound.seq);
        self.applied_epochs.push(inbound.epoch);
        self.verdict.clone()
    }
    fn administrative(&mut self, inbound: &Inbound<'_>) {
        self.administrative.push(inbound.seq);
    }
    fn ignored(&mut self, inbound: &Inbound<'_>) {
        self.ignored.push(inbound.seq);
    }
    fn outbound(&mut self, outbound: &Outbound<'_>) {
        self.store.insert((outbound.epoch, outbound.seq), outbound.bytes.to_vec());
        if outbound.delivery == Delivery::Write {
            self.written.push(bars(outbound.bytes));
        }
    }
    fn replayed(&mut self, bytes: &[u8]) {
        self.written.push(bars(bytes));
    }
    fn read_store(&mut self, read: StoreRead) {
        self.reads.push(read);
    }
    fn queued(&mut self, queued: &Queued<'_>) {
        self.queue.push_back(queued.bytes.to_vec());
    }
    fn read_queue(&mut self) {
        self.queue_wanted = true;
    }
    fn reset(&mut self, reset: Reset) {
        self.resets.push(reset);
    }
    fn logon(&mut self, _: &Message<'_>) -> LogonVerdict {
        self.logon_verdict.unwrap_or(LogonVerdict::Accept)
    }
    fn logon_terms(&mut self, _: &Message<'_>) -> Vec<u8> {
        self.logon_terms.clone()
    }
    fn credentials(&mut self, logon: &UnprovenLogon<'_>) -> LogonCredentials {
        let parts = [logon.sender_comp_id, logon.target_comp_id, logon.sending_time].map(bars);
        let raw_data = format!("{}/{}", parts.join("/"), logon.seq).into_bytes();
        LogonCredentials { username: b"key-1".to_vec(), password: b"pass".to_vec(), raw_data }
    }
    fn signature_holds(&mut self, _: &Message<'_>) -> bool {
        !self.forged
    }
    fn notice(&mut self, notice: Notice<'_>) {
        self.notices.push(format!("{notice:?}"));
    }
    fn close(&mut self, close: Close) {
        self.closed = Some(close);
    }
}

pub(crate) fn bars(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).replace('\x01', "|")
}

/// A frame from `35=D|34=2|...`: 8, 9 and 10 are put around it, and 49, 56, 52 unless they are given.
pub(crate) fn frame(fields: &str, from: &str, to: &str, now: Now) -> Vec<u8> {
    let mut body: Vec<String> = fields.split('|').filter(|f| !f.is_empty()).map(str::to_owned).collect();
    let mut begin = "FIX.4.4".to_owned();
    if let Some(given) = body.first().and_then(|f| f.strip_prefix("8=")) {
        begin = given.to_owned();
        body.remove(0);
    }
    let has = |tag: &str| body.iter().any(|f| f.starts_with(&format!("{tag}=")));
    let mut header = Vec::new();
    for (tag, value) in [("49", from.to_owned()), ("56", to.to_owned()), ("52", time_text(now))] {
        if !has(tag) {
            header.push(format!("{tag}={value}"));
        }
    }
    body.splice(1..1, header);
    body.retain(|f| !f.starts_with('-'));
    let body = body.join("\x01") + "\x01";
    let head = format!("8={begin}\x019={}\x01", body.len());
    let sum = (head.bytes().chain(body.bytes())).fold(0u8, u8::wrapping_add);
    format!("{head}{body}10={sum:03}\x01").into_bytes()
}

pub(crate) fn time_text(now: Now) -> String {
    let mut text = Vec::new();
    fix_session::sending_time_text(assay_trading_types::Timestamp::from_ns(now.utc_ns), &mut text);
    String::from_utf8(text).unwrap()
}

/// A session (ISLD) and its pretended peer (TW).
pub(crate) struct Desk {
    pub(crate) session: Session,
    pub(crate) heard: Recorder,
    pub(crate) now: Now,
}

impl Desk {
    pub(crate) fn new(config: SessionConfig, numbers: Numbers) -> Self {
        let mut desk = Self {
            session: Session::new(config, numbers, Dictionary::fix44()),
            heard: Recorder::default(),
            now: START,
        };
        desk.session.connected(desk.now, &mut desk.heard);
        desk
    }

    pub(crate) fn acceptor() -> Self {
        Self::new(config(Role::Acceptor), Numbers::FIRST)
    }

    /// An acceptor that has answered `35=A|34=1` with HeartBtInt 30 and expects number 2.
    pub(crate) fn logged_on() -> Self {
        Self::logged_on_with(config(Role::Acceptor))
    }

    pub(crate) fn logged_on_with(config: SessionConfig) -> Self {
        let mut desk = Self::new(config, Numbers::FIRST);
        desk.hear("35=A|34=1|98=0|108=30|");
        assert!(desk.session.is_established(), "{:?}", desk.heard.notices);
        desk.said();
        desk
    }

    /// An initiator whose Logon, number 1, is answered by number 1.
    pub(crate) fn initiator_logged_on() -> Self {
        let mut desk = Self::new(config(Role::Initiator), Numbers::FIRST);
        desk.hear("35=A|34=1|98=0|108=30|");
        assert!(desk.session.is_established(), "{:?}", desk.heard.notices);
        desk.said();
        desk
    }

    /// The connection breaks and a new one takes its place.
    pub(crate) fn lose_connection(&mut self) -> &mut Self {
        self.session.handle_disconnected(self.now, &mut self.heard);
        self.heard.closed = None;
        self.heard.reads.clear();
        self.heard.queue_wanted = false;
        self.session.connected(self.now, &mut self.heard);
        self
    }

    /// The peer says `fields`.
    pub(crate) fn hear(&mut self, fields: &str) -> &mut Self {
        let bytes = frame(fields, "TW", "ISLD", self.now);
        self.hear_bytes(&bytes)
    }

    pub(crate) fn hear_bytes(&mut self, bytes: &[u8]) -> &mut Self {
        let used = self.session.handle_bytes(self.now, bytes, &mut self.heard);
        assert_eq!(used, bytes.len(), "a whole message was left");
        self
    }

    /// Time passes; every deadline on the way is served at its time.
    pub(crate) fn wait_s(&mut self, seconds: u64) -> &mut Self {
        self.wait_ns(seconds * 1_000_000_000)
    }

    pub(crate) fn wait_ns(&mut self, ns: u64) -> &mut Self {
        let end = self.now.plus_ns(ns);
        while let Some(at) = self.session.poll_deadline().filter(|&at| at <= end.mono_ns) {
            self.now = self.now.plus_ns(at.saturating_sub(self.now.mono_ns));
            self.session.handle_timeout(self.now, &mut self.heard);
        }
        self.now = end;
        self
    }

    /// Answers every store read from what was journalled.
    pub(crate) fn serve_store(&mut self) -> &mut Self {
        while !self.heard.reads.is_empty() {
            let read = self.heard.reads.remove(0);
            let stored: Vec<_> = self
                .heard
                .store
                .range((read.epoch, read.begin)..=(read.epoch, read.end))
                .map(|(&(_, seq), bytes)| (seq, bytes.clone()))
                .collect();
            for (seq, bytes) in stored {
                self.session.stored(self.now, read.id, seq, &bytes, &mut self.heard);
            }
            self.session.stored_end(self.now, read.id, &mut self.heard);
        }
        self
    }

    /// Hands in what was queued while there was no connection, if the session wants it.
    pub(crate) fn serve_queue(&mut self) -> &mut Self {
        let mut wanted = std::mem::take(&mut self.heard.queue_wanted);
        while wanted && let Some(oldest) = self.heard.queue.pop_front() {
            let waiting = self.session.queued();
            wanted = self.session.unqueue(self.now, &oldest, &mut self.heard);
            if self.session.queued() == waiting {
                self.heard.queue.push_front(oldest);
            }
        }
        self
    }

    /// What was written since the last question, without 8, 9, 49, 52, 56, 10.
    pub(crate) fn said(&mut self) -> Vec<String> {
        let written = std::mem::take(&mut self.heard.written);
        written.iter().map(|text| brief(text)).collect()
    }

    /// Asserts what was written since the last question.
    #[track_caller]
    pub(crate) fn says(&mut self, expected: &[&str]) -> &mut Self {
        assert_eq!(self.said(), expected, "notices: {:?}", self.heard.notices);
        self
    }

    #[track_caller]
    pub(crate) fn expects(&mut self, next_in: u64) -> &mut Self {
        assert_eq!(self.session.numbers().next_in, next_in, "notices: {:?}", self.heard.notices);
        self
    }

    #[track_caller]
    pub(crate) fn closes(&mut self, close: Close) -> &mut Self {
        assert_eq!(self.heard.closed, Some(close), "notices: {:?}", self.heard.notices);
        self
    }

    pub(crate) fn send_order_answer(&mut self, text: &str) -> Sent {
        let body = |out: &mut fix_session::Encoder| {
            out.field(58, text.as_bytes());
        };
        self.session.send(self.now, b"8", body, &mut self.heard)
    }
}

pub(crate) fn config(role: Role) -> SessionConfig {
    SessionConfig::new(role, "ISLD", "TW")
}

/// Fields that differ with time, peer and length are left out.
pub(crate) fn brief(text: &str) -> String {
    let skip = ["8=", "9=", "49=", "52=", "56=", "10=", "122="];
    text.split('|')
        .filter(|f| !f.is_empty() && !skip.iter().any(|s| f.starts_with(s)))
        .fold(String::new(), |brief, field| brief + field + "|")
}

/// A valid order under number `seq`.
pub(crate) fn order(seq: u64) -> String {
    format!("35=D|34={seq}|11=ID{seq}|21=1|40=1|54=1|55=AAPL|38=100|60=20261121-09:30:00.000|")
}
