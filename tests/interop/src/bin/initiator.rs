//! Our session engine as an initiator with a journal: `initiator PORT JOURNAL [reset]`, `ASSAY` towards `VENUE`.
//!
//! Commands come by standard input: `order CLORDID`, `stop`. Events go to standard output: `up`, `down`, `taken CLORDID`
//! (journalled, so it will be sent whatever happens), `answer CLORDID`. A start says again what the journal holds, since a
//! kill may have come between the journal and the saying. It reconnects for as long as it lives.

use assay_interop::{Entry, Journal, Side, field, limit_order};
use fix_session::{
    Close, Delivery, Dictionary, Handler, Inbound, Notice, Now, Outbound, Queued, Reset, Role, Session,
    SessionConfig, StoreRead, Verdict,
};
use std::collections::VecDeque;
use std::io::{BufRead, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How long a turn waits for bytes before commands are looked at again.
const TURN: Duration = Duration::from_millis(2);
/// Between two attempts to connect.
const RECONNECT: Duration = Duration::from_millis(50);

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, port, journal, flags @ ..] = arguments.as_slice() else {
        panic!("initiator PORT JOURNAL [reset]")
    };
    let port = port.parse().expect("a port");
    let reset = flags.iter().any(|flag| flag == "reset");
    let journal = Journal::open(Path::new(journal));
    say_again(&journal);
    let mut initiator = Initiator::new(journal, reset, port);
    let commands = read_commands();
    while initiator.obey(&commands) {
        initiator.turn();
    }
}

fn read_commands() -> Receiver<String> {
    let (sender, commands) = channel();
    thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    commands
}

/// Tells the test; nothing is told before it is journalled.
fn say(event: &str) {
    println!("{event}");
}

fn say_again(journal: &Journal) {
    for entry in journal.entries() {
        match entry {
            Entry::In { message, .. } if field(message, 35) == Some("8") => {
                say(&format!("answer {}", field(message, 11).unwrap_or_default()));
            }
            Entry::Out { message, .. } | Entry::Waiting { message } if field(message, 35) == Some("D") => {
                say(&format!("taken {}", field(message, 11).unwrap_or_default()));
            }
            _ => {}
        }
    }
}

struct Initiator {
    session: Session,
    store: Store,
    socket: Option<TcpStream>,
    received: Vec<u8>,
    start: Instant,
    port: u16,
    stopping: bool,
}

/// What the engine calls back into.
struct Store {
    journal: Journal,
    /// Messages that wait for a logon, oldest first.
    waiting: VecDeque<Vec<u8>>,
    waiting_wanted: bool,
    /// What goes out now is the oldest of those that waited.
    unqueuing: bool,
    to_write: Vec<u8>,
    read: Option<StoreRead>,
    close: bool,
}

impl Initiator {
    fn new(journal: Journal, reset: bool, port: u16) -> Self {
        let config =
            SessionConfig { reset_on_logon: reset, ..SessionConfig::new(Role::Initiator, "ASSAY", "VENUE") };
        let mut session = Session::new(config, journal.numbers(), Dictionary::fix44());
        let waiting = journal.waiting();
        session.set_queued(waiting.len() as u64);
        let store = Store {
            journal,
            waiting,
            waiting_wanted: false,
            unqueuing: false,
            to_write: Vec::new(),
            read: None,
            close: false,
        };
        Self { session, store, socket: None, received: Vec::new(), start: monotonic(), port, stopping: false }
    }

    /// Carries out what was commanded; false when it is time to end.
    fn obey(&mut self, commands: &Receiver<String>) -> bool {
        loop {
            match commands.try_recv() {
                Ok(line) => self.command(&line),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => return false,
            }
        }
        !(self.stopping && self.socket.is_none())
    }

    fn command(&mut self, line: &str) {
        if let Some(id) = line.strip_prefix("order ") {
            let mut order = limit_order(id, "ASSAY", Side::Buy, 10).fields;
            order.sort_by_key(|(tag, _)| *tag);
            let body = |out: &mut fix_session::Encoder| {
                order.iter().for_each(|(tag, value)| _ = out.field(*tag, value.as_bytes()));
            };
            self.session.send(self.now(), b"D", body, &mut self.store);
            say(&format!("taken {id}"));
        } else {
            self.stopping = true;
            self.session.logout(self.now(), "", &mut self.store);
        }
        self.flush();
    }

    fn turn(&mut self) {
        if self.socket.is_none() && !self.connect() {
            return thread::sleep(RECONNECT);
        }
        self.receive();
        self.resend();
        self.release();
        let now = self.now();
        if self.session.poll_deadline().is_some_and(|deadline| deadline <= now.mono_ns) {
            self.session.handle_timeout(now, &mut self.store);
        }
        self.flush();
        if self.store.close {
            self.lost();
        }
    }

    fn connect(&mut self) -> bool {
        let Ok(socket) = TcpStream::connect(("127.0.0.1", self.port)) else { return false };
        socket.set_nodelay(true).expect("an open socket");
        socket.set_read_timeout(Some(TURN)).expect("an open socket");
        self.socket = Some(socket);
        self.session.connected(self.now(), &mut self.store);
        self.flush();
        true
    }

    fn receive(&mut self) {
        let Some(socket) = &mut self.socket else { return };
        let mut bytes = [0; 65_536];
        match socket.read(&mut bytes) {
            Ok(0) => self.lost(),
            Ok(count) => {
                self.received.extend_from_slice(&bytes[..count]);
                let used = self.session.handle_bytes(self.now(), &self.received, &mut self.store);
                self.received.drain(..used);
            }
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => self.lost(),
        }
    }

    fn resend(&mut self) {
        let Some(read) = self.store.read.take() else { return };
        for seq in read.begin..=read.end {
            let Some(bytes) = self.store.journal.sent(seq) else { continue };
            if !self.session.stored(self.now(), read.id, seq, &bytes, &mut self.store) {
                return;
            }
        }
        self.session.stored_end(self.now(), read.id, &mut self.store);
    }

    /// Sends what waited for a logon.
    fn release(&mut self) {
        let mut wanted = std::mem::take(&mut self.store.waiting_wanted);
        while wanted && let Some(oldest) = self.store.waiting.pop_front() {
            let waiting = self.session.queued();
            self.store.unqueuing = true;
            wanted = self.session.unqueue(self.now(), &oldest, &mut self.store);
            self.store.unqueuing = false;
            if self.session.queued() == waiting {
                self.store.waiting.push_front(oldest);
            }
        }
    }

    fn flush(&mut self) {
        let to_write = std::mem::take(&mut self.store.to_write);
        if let Some(socket) = &mut self.socket
            && !to_write.is_empty()
            && socket.write_all(&to_write).is_err()
        {
            self.lost();
        }
    }

    fn lost(&mut self) {
        self.socket = None;
        self.received.clear();
        (self.store.read, self.store.close, self.store.waiting_wanted) = (None, false, false);
        self.session.handle_disconnected(self.now(), &mut self.store);
        say("down");
    }

    #[allow(clippy::disallowed_methods, reason = "a driver hands the engine the time")]
    fn now(&self) -> Now {
        let utc = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is after 1970");
        Now { mono_ns: self.start.elapsed().as_nanos() as u64, utc_ns: utc.as_nanos() as i64 }
    }
}

#[allow(clippy::disallowed_methods, reason = "a driver has a clock")]
fn monotonic() -> Instant {
    Instant::now()
}

fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).replace('\u{1}', "|")
}

impl Store {
    fn counted(&mut self, inbound: &Inbound<'_>) {
        self.journal.append(Entry::In { next_in: inbound.next_in, message: text_of(inbound.frame) });
    }
}

impl Handler for Store {
    fn application(&mut self, inbound: &Inbound<'_>) -> Verdict {
        self.counted(inbound);
        say(&format!("answer {}", text_of(inbound.message.get(11).unwrap_or_default())));
        Verdict::Accepted
    }

    fn administrative(&mut self, inbound: &Inbound<'_>) {
        self.counted(inbound);
    }

    fn outbound(&mut self, outbound: &Outbound<'_>) {
        let message = text_of(outbound.bytes);
        let waited = self.unqueuing && message.contains("|35=D|");
        self.journal.append(Entry::Out { seq: outbound.seq, waited, message });
        if outbound.delivery == Delivery::Write {
            self.to_write.extend_from_slice(outbound.bytes);
        }
    }

    fn replayed(&mut self, bytes: &[u8]) {
        self.to_write.extend_from_slice(bytes);
    }

    fn read_store(&mut self, read: StoreRead) {
        self.read = Some(read);
    }

    fn queued(&mut self, queued: &Queued<'_>) {
        self.journal.append(Entry::Waiting { message: text_of(queued.bytes) });
        self.waiting.push_back(queued.bytes.to_vec());
    }

    fn read_queue(&mut self) {
        self.waiting_wanted = true;
    }

    fn reset(&mut self, reset: Reset) {
        self.journal.append(Entry::Reset { epoch: reset.epoch });
    }

    fn notice(&mut self, notice: Notice<'_>) {
        match notice {
            Notice::Established { .. } => say("up"),
            Notice::Fault(text) => eprintln!("our initiator: {text}"),
            _ => {}
        }
    }

    fn close(&mut self, _: Close) {
        self.close = true;
    }
}
