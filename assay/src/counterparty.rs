//! A counterparty: a FIX initiator on our own session engine, for the demonstration and the benchmarks.
//!
//! One thread, one socket, no runtime. It keeps what it sent so that it can resend after the server lost its tail,
//! reconnects when the connection ends, and hands every application message to its owner exactly once.

mod outbox;

use assay_dictionaries::Dictionary;
use fix_session::{
    Close, Encoder, Handler, Inbound, Message, Notice, Now, Numbers, Outbound, Queued, Reset, Role, Session,
    SessionConfig, StoreRead, Verdict,
};
use outbox::Sent;
use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// Room for received bytes: about 300 execution reports.
const RECEIVE_BYTES: usize = 128 * 1024;

/// Stored messages handed to the engine before the socket is served again.
const RESEND_MESSAGES: u64 = 500;

/// What the owner of a counterparty does with what arrives.
pub(crate) trait Desk {
    /// An application message, once, in order.
    fn message(&mut self, message: &Message<'_>);
}

/// One counterparty's end of its session.
pub(crate) struct Counterparty<D> {
    session: Session,
    side: Side<D>,
    server: SocketAddr,
    socket: Option<TcpStream>,
    received: Vec<u8>,
    start: Instant,
}

/// What the engine calls back into.
struct Side<D> {
    desk: D,
    sent: Sent,
    /// Messages that wait for a logon; an owner sends a few while there is none.
    waiting: VecDeque<Vec<u8>>,
    waiting_wanted: bool,
    to_write: Vec<u8>,
    read: Option<StoreRead>,
    close: bool,
    logged_out: bool,
}

impl<D: Desk> Counterparty<D> {
    /// A counterparty `comp_id` of the acceptor `target`, not connected yet.
    pub(crate) fn new(comp_id: &str, target: &str, server: SocketAddr, desk: D) -> Self {
        Self::with(SessionConfig::new(Role::Initiator, comp_id, target), server, desk)
    }

    /// As [`Counterparty::new`], starting at number 1 with every logon (ResetSeqNumFlag(141)=Y).
    pub(crate) fn resetting(comp_id: &str, target: &str, server: SocketAddr, desk: D) -> Self {
        let config =
            SessionConfig { reset_on_logon: true, ..SessionConfig::new(Role::Initiator, comp_id, target) };
        Self::with(config, server, desk)
    }

    fn with(config: SessionConfig, server: SocketAddr, desk: D) -> Self {
        Self {
            session: Session::new(config, Numbers::FIRST, Dictionary::fix44()),
            side: Side {
                desk,
                sent: Sent::default(),
                waiting: VecDeque::new(),
                waiting_wanted: false,
                to_write: Vec::new(),
                read: None,
                close: false,
                logged_out: false,
            },
            server,
            socket: None,
            received: Vec::with_capacity(RECEIVE_BYTES),
            start: monotonic(),
        }
    }

    /// What the owner keeps.
    pub(crate) fn desk(&mut self) -> &mut D {
        &mut self.side.desk
    }

    /// The owner's part back, when all is over.
    pub(crate) fn into_desk(self) -> D {
        self.side.desk
    }

    /// Where to connect from now on: a restarted server may listen elsewhere.
    pub(crate) fn set_server(&mut self, server: SocketAddr) {
        self.server = server;
    }

    /// Whether orders may be sent.
    pub(crate) fn is_established(&self) -> bool {
        self.session.is_established()
    }

    /// Whether there is a connection.
    pub(crate) fn is_connected(&self) -> bool {
        self.socket.is_some()
    }

    /// Whether a complete Logout exchange ended the session.
    pub(crate) fn is_logged_out(&self) -> bool {
        self.side.logged_out
    }

    /// Opens the connection and sends Logon; not an error when the server is not there.
    pub(crate) fn connect(&mut self) -> std::io::Result<bool> {
        match TcpStream::connect_timeout(&self.server, Duration::from_secs(1)) {
            Ok(socket) => {
                socket.set_nodelay(true)?;
                self.socket = Some(socket);
                self.received.clear();
                self.side.to_write.clear();
                self.side.close = false;
                self.session.connected(now(self.start), &mut self.side);
                self.flush();
                Ok(true)
            }
            Err(_) => Ok(false),
        }
    }

    /// Drops the connection without a word, as a crash does. What was received and not read is gone.
    pub(crate) fn crash(&mut self) {
        self.lost();
    }

    /// Sends an application message; stored first, so it goes out after the next logon if there is no connection.
    pub(crate) fn send(&mut self, msg_type: &[u8], body: impl FnOnce(&mut Encoder)) {
        self.session.send(now(self.start), msg_type, body, &mut self.side);
    }

    /// Starts a Logout exchange.
    pub(crate) fn logout(&mut self) {
        self.session.logout(now(self.start), "", &mut self.side);
        self.flush();
    }

    /// Writes what is to be written, then reads for at most `wait` and lets the engine have it.
    pub(crate) fn turn(&mut self, wait: Duration) {
        self.flush();
        self.receive(wait);
        self.resend();
        self.release();
        let now = now(self.start);
        if self.session.poll_deadline().is_some_and(|deadline| deadline <= now.mono_ns) {
            self.session.handle_timeout(now, &mut self.side);
        }
        self.flush();
        if self.side.close {
            self.lost();
        }
    }

    fn receive(&mut self, wait: Duration) {
        let Some(socket) = &mut self.socket else { return };
        let old = self.received.len();
        self.received.resize(RECEIVE_BYTES.max(old + RECEIVE_BYTES / 2), 0);
        // A zero timeout would mean "for ever" to the socket.
        let timeout = socket.set_read_timeout(Some(wait.max(Duration::from_micros(1))));
        let result = timeout.and_then(|()| socket.read(&mut self.received[old..]));
        self.received.truncate(old + result.as_ref().copied().unwrap_or(0));
        match result {
            Ok(0) => self.lost(),
            Ok(_) => {
                let used = self.session.handle_bytes(now(self.start), &self.received, &mut self.side);
                self.received.drain(..used);
            }
            Err(e)
                if matches!(
                    e.kind(),
                    ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
                ) => {}
            Err(_) => self.lost(),
        }
    }

    /// Serves a resend that the server asked for, a bounded part a turn.
    fn resend(&mut self) {
        let Some(read) = self.side.read.take() else { return };
        let last = read.end.min(read.begin + RESEND_MESSAGES - 1);
        let mut message = Vec::new();
        for seq in read.begin..=last {
            message.clear();
            message.extend_from_slice(self.side.sent.get(seq));
            if !message.is_empty()
                && !self.session.stored(now(self.start), read.id, seq, &message, &mut self.side)
            {
                return;
            }
        }
        if last == read.end {
            self.session.stored_end(now(self.start), read.id, &mut self.side);
        } else if self.side.read.is_none() {
            self.side.read = Some(StoreRead { begin: last + 1, ..read });
        }
    }

    /// Sends what waited for a logon.
    fn release(&mut self) {
        let mut wanted = std::mem::take(&mut self.side.waiting_wanted);
        while wanted && let Some(oldest) = self.side.waiting.pop_front() {
            let waiting = self.session.queued();
            wanted = self.session.unqueue(now(self.start), &oldest, &mut self.side);
            if self.session.queued() == waiting {
                self.side.waiting.push_front(oldest);
            }
        }
    }

    fn flush(&mut self) {
        let Some(socket) = &mut self.socket else {
            self.side.to_write.clear();
            return;
        };
        if !self.side.to_write.is_empty() {
            let written = socket.write_all(&self.side.to_write);
            self.side.to_write.clear();
            if written.is_err() {
                self.lost();
            }
        }
    }

    fn lost(&mut self) {
        if self.socket.take().is_some() {
            self.side.to_write.clear();
            self.side.read = None;
            self.side.waiting_wanted = false;
            self.side.close = false;
            self.received.clear();
            self.session.handle_disconnected(now(self.start), &mut self.side);
        }
    }
}

impl<D: Desk> Handler for Side<D> {
    fn application(&mut self, inbound: &Inbound<'_>) -> Verdict {
        self.desk.message(&inbound.message);
        Verdict::Accepted
    }

    fn administrative(&mut self, _: &Inbound<'_>) {}

    fn outbound(&mut self, outbound: &Outbound<'_>) {
        self.sent.push(outbound.seq, outbound.bytes);
        if outbound.delivery == fix_session::Delivery::Write {
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
        self.waiting.push_back(queued.bytes.to_vec());
    }

    fn read_queue(&mut self) {
        self.waiting_wanted = true;
    }

    fn reset(&mut self, reset: Reset) {
        self.sent.restart(reset.next_out);
    }

    fn notice(&mut self, notice: Notice<'_>) {
        match notice {
            Notice::LoggedOut => self.logged_out = true,
            Notice::Fault(text) => tracing::warn!(text, "session fault"),
            Notice::PeerLogout(text) => {
                tracing::debug!(text = %String::from_utf8_lossy(text), "peer logged out")
            }
            _ => {}
        }
    }

    fn close(&mut self, _: Close) {
        self.close = true;
    }
}

#[allow(clippy::disallowed_methods)] // a driver: the engine below is handed these readings
fn monotonic() -> Instant {
    Instant::now()
}

fn now(start: Instant) -> Now {
    let mono_ns = u64::try_from(monotonic().duration_since(start).as_nanos()).unwrap_or(u64::MAX);
    Now { mono_ns, utc_ns: crate::clock::now().as_ns() }
}
