//! The engine as an initiator over a socket of its own (C-02).

use super::credentials::Credentials;
use super::reconnect::{Reconnect, ReconnectSpec};
use super::side::{Desk, Side};
use super::store::{MemoryStore, Store};
use super::stream::{ClientTls, Stream};
use assay_dictionaries::Dictionary;
use fix_session::{Encoder, Now, Outgoing, Role, Sent, Session, SessionConfig, StoreRead};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Room for received bytes: about 300 execution reports.
const RECEIVE_BYTES: usize = 128 << 10;

/// Stored messages handed to the engine before the socket is served again.
const RESEND_MESSAGES: u64 = 500;

/// A socket that takes nothing for so long is given up (C-10).
const WRITE_PATIENCE: Duration = Duration::from_secs(10);

/// A server to connect to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// `name:port` or `address:port`; names are looked up at every attempt.
    pub address: String,
    /// The name that its certificate must have; also sent to it (SNI). Not used in clear.
    pub name: String,
}

impl Host {
    /// A server whose certificate has the name before the port.
    pub fn new(address: impl Into<String>) -> Self {
        let address = address.into();
        let name = address.rsplit_once(':').map_or(address.as_str(), |(name, _)| name).to_owned();
        Self { address, name }
    }
}

impl From<SocketAddr> for Host {
    fn from(address: SocketAddr) -> Self {
        Self { address: address.to_string(), name: address.ip().to_string() }
    }
}

/// What an initiator is told before it starts.
#[derive(Debug, Clone)]
pub struct InitiatorConfig {
    /// The session; its role is [`Role::Initiator`].
    pub session: SessionConfig,
    /// Where to connect, in this order. Numbers do not depend on it.
    pub hosts: Vec<Host>,
    /// TLS, and then nothing else.
    pub tls: Option<ClientTls>,
    /// What its Logons prove it by; without it by its certificate or not at all.
    pub credentials: Option<Credentials>,
    /// How it reconnects by itself; `None` leaves connecting to [`Initiator::connect`].
    pub reconnect: Option<ReconnectSpec>,
    /// How long a connection may take, in milliseconds.
    pub connect_timeout_ms: u64,
    /// What messages may hold.
    pub dictionary: &'static Dictionary,
    /// UTC in nanoseconds since 1970.
    pub utc: fn() -> i64,
    /// What makes the waits of clients differ.
    pub seed: u64,
}

impl InitiatorConfig {
    /// The session on one host with every default: in clear, reconnecting by itself.
    pub fn new(session: SessionConfig, host: impl Into<Host>) -> Self {
        Self {
            session,
            hosts: vec![host.into()],
            tls: None,
            credentials: None,
            reconnect: Some(ReconnectSpec::default()),
            connect_timeout_ms: 5_000,
            dictionary: Dictionary::fix44(),
            utc,
            seed: RandomState::new().hash_one(0),
        }
    }
}

/// One session's end that connects, driven by its owner's thread: call [`Initiator::turn`] again and again.
///
/// What it promises: nothing is written before its number and bytes are in the store; what is sent without a connection
/// follows the next logon; a resend is served from the store in bounded pieces. When the store refuses, the connection ends
/// at once and none is made until [`Initiator::clear_store`].
pub struct Initiator<D, S = MemoryStore> {
    session: Session,
    side: Side<D, S>,
    config: InitiatorConfig,
    reconnect: Reconnect,
    socket: Option<Stream>,
    received: Vec<u8>,
    start: Instant,
    /// The present connection has been logged on.
    was_established: bool,
    /// The owner logged out or crashed it: it connects on order only.
    stays_away: bool,
    connects_failed: u64,
}

impl<D: Desk> Initiator<D, MemoryStore> {
    /// An initiator whose numbers end with it, not connected yet.
    pub fn in_memory(config: InitiatorConfig, desk: D) -> Self {
        Self::new(config, MemoryStore::default(), desk)
    }
}

impl<D: Desk, S: Store> Initiator<D, S> {
    /// An initiator that continues where `store` ended, not connected yet.
    pub fn new(mut config: InitiatorConfig, store: S, desk: D) -> Self {
        config.session.role = Role::Initiator;
        config.session.shows_credentials = config.credentials.is_some();
        let resume = store.resume();
        let mut session = Session::new(config.session.clone(), resume.numbers, config.dictionary);
        session.set_queued(resume.waiting.len() as u64);
        if let Some(began_ns) = resume.began_ns {
            session.set_began(began_ns);
        }
        Self {
            session,
            side: Side::new(desk, store, resume.waiting, config.credentials.clone()),
            reconnect: Reconnect::new(config.reconnect.unwrap_or_default(), config.hosts.len(), config.seed),
            socket: None,
            received: Vec::with_capacity(RECEIVE_BYTES),
            start: monotonic(),
            was_established: false,
            stays_away: config.reconnect.is_none(),
            connects_failed: 0,
            config,
        }
    }

    /// What the owner keeps.
    pub fn desk(&mut self) -> &mut D {
        &mut self.side.desk
    }

    /// The owner's part back, when all is over.
    pub fn into_desk(self) -> D {
        self.side.desk
    }

    /// Where to connect from now on: a restarted server may listen elsewhere.
    pub fn set_server(&mut self, server: SocketAddr) {
        self.config.hosts = vec![server.into()];
        let spec = self.config.reconnect.unwrap_or_default();
        self.reconnect = Reconnect::new(spec, 1, self.config.seed);
    }

    /// Whether orders go out at once.
    pub fn is_established(&self) -> bool {
        self.session.is_established()
    }

    /// Whether there is a connection.
    pub fn is_connected(&self) -> bool {
        self.socket.is_some()
    }

    /// Whether a complete Logout exchange ended the session since the last connection began.
    pub fn is_logged_out(&self) -> bool {
        self.side.logged_out
    }

    /// How many messages wait for a logon.
    pub fn waiting(&self) -> u64 {
        self.session.queued()
    }

    /// Attempts to connect that failed, since the start.
    pub fn connects_failed(&self) -> u64 {
        self.connects_failed
    }

    /// What the store refused, if it did: nothing is sent and no connection made until [`Initiator::clear_store`].
    pub fn store_fault(&self) -> Option<&io::Error> {
        self.side.refused.as_ref()
    }

    /// The operator has seen to the store.
    pub fn clear_store(&mut self) {
        self.side.refused = None;
        self.session.store_cleared();
    }

    /// Connects now and sends Logon. `false`: the server is not there, is not who it should be, or the session is closed at this
    /// hour.
    pub fn connect(&mut self) -> bool {
        self.stays_away = self.config.reconnect.is_none();
        self.socket.is_some() || self.attempt()
    }

    /// Drops the connection without a word, as a crash does, and stays away until [`Initiator::connect`]. What was received
    /// and not read is gone.
    pub fn crash(&mut self) {
        self.stays_away = true;
        self.lost();
    }

    /// Sends an application message; kept first, and without an established session it follows the next logon.
    pub fn send<'a>(&mut self, outgoing: impl Into<Outgoing<'a>>, body: impl FnOnce(&mut Encoder)) -> Sent {
        let now = self.now();
        self.session.send(now, outgoing, body, &mut self.side)
    }

    /// Logs out and stays away until [`Initiator::connect`].
    pub fn logout(&mut self) {
        self.stays_away = true;
        let now = self.now();
        self.session.logout(now, "", &mut self.side);
        self.flush();
    }

    /// Connects if that is due, writes what is to be written, then reads for at most `wait` and lets the engine have it.
    pub fn turn(&mut self, wait: Duration) {
        self.flush();
        if self.socket.is_none() && !self.attempt_if_due() {
            return self.idle(wait);
        }
        self.receive(wait);
        self.resend();
        self.release();
        let now = self.now();
        if self.session.poll_deadline().is_some_and(|deadline| deadline <= now.mono_ns) {
            self.session.handle_timeout(now, &mut self.side);
        }
        self.flush();
        self.was_established |= self.side.established;
        if self.side.close {
            self.lost();
        }
    }

    /// Nothing can be done before `wait` is over or an attempt is due.
    fn idle(&self, wait: Duration) {
        let until_due = Duration::from_nanos(self.reconnect.due_ns().saturating_sub(self.mono_ns()));
        let pause = if self.stays_away || until_due.is_zero() { wait } else { wait.min(until_due) };
        std::thread::sleep(pause);
    }

    fn attempt_if_due(&mut self) -> bool {
        let due = !self.stays_away && self.reconnect.due_ns() <= self.mono_ns();
        due && self.is_open() && self.attempt()
    }

    /// Whether the session may log on at this hour (T-02, T-08).
    fn is_open(&self) -> bool {
        let schedule = self.config.session.schedule.as_ref();
        schedule.is_none_or(|schedule| schedule.takes_logon((self.config.utc)()))
    }

    fn attempt(&mut self) -> bool {
        if !self.is_open() || self.side.refused.is_some() {
            return false;
        }
        let host = self.config.hosts.get(self.reconnect.host()).cloned();
        let opened = host.ok_or(ErrorKind::NotFound.into()).and_then(|host| self.open(&host));
        match opened {
            Ok(stream) => self.connected(stream),
            Err(error) => {
                let host = self.config.hosts.get(self.reconnect.host()).map_or("", |host| &host.address);
                tracing::warn!(host, %error, "no connection");
                self.failed();
            }
        }
        self.socket.is_some()
    }

    fn failed(&mut self) {
        self.connects_failed += 1;
        let now_ns = self.mono_ns();
        self.reconnect.failed(now_ns);
    }

    /// TCP, then TLS: a server that is not the one named gets no byte of FIX (C-07). Passwords are never shown in clear.
    fn open(&self, host: &Host) -> io::Result<Stream> {
        if self.config.tls.is_none() && self.config.credentials.as_ref().is_some_and(Credentials::is_password)
        {
            return Err(io::Error::new(ErrorKind::InvalidInput, "a password is shown under TLS only"));
        }
        let patience = Duration::from_millis(self.config.connect_timeout_ms);
        let mut fault = io::Error::from(ErrorKind::AddrNotAvailable);
        for address in host.address.to_socket_addrs()? {
            match TcpStream::connect_timeout(&address, patience) {
                Ok(tcp) => {
                    tcp.set_nodelay(true)?;
                    tcp.set_read_timeout(Some(patience))?;
                    tcp.set_write_timeout(Some(WRITE_PATIENCE))?;
                    return match &self.config.tls {
                        None => Ok(Stream::Plain(tcp)),
                        Some(tls) => Stream::tls(tcp, tls, &host.name),
                    };
                }
                Err(error) => fault = error,
            }
        }
        Err(fault)
    }

    fn connected(&mut self, stream: Stream) {
        self.socket = Some(stream);
        self.received.clear();
        self.side.disconnected();
        self.side.logged_out = false;
        self.was_established = false;
        let now = self.now();
        self.session.connected(now, &mut self.side);
        self.flush();
        if self.side.close {
            self.lost();
        }
    }

    fn receive(&mut self, wait: Duration) {
        let Some(socket) = &mut self.socket else { return };
        let old = self.received.len();
        self.received.resize(RECEIVE_BYTES.max(old + RECEIVE_BYTES / 2), 0);
        let result = socket.wait_readable(wait).and_then(|readable| match readable {
            true => socket.read(&mut self.received[old..]),
            false => Err(ErrorKind::WouldBlock.into()),
        });
        self.received.truncate(old + result.as_ref().copied().unwrap_or(0));
        match result {
            Ok(0) => self.lost(),
            Ok(_) => {
                let now = self.now();
                let used = self.session.handle_bytes(now, &self.received, &mut self.side);
                self.received.drain(..used);
            }
            Err(error) if is_passing(error.kind()) => {}
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
            if let Err(error) = self.side.store.sent(seq, &mut message) {
                self.side.refused = Some(error);
                return;
            }
            let now = self.now();
            if !message.is_empty() && !self.session.stored(now, read.id, seq, &message, &mut self.side) {
                return;
            }
        }
        let now = self.now();
        if last == read.end {
            self.session.stored_end(now, read.id, &mut self.side);
        } else if self.side.read.is_none() {
            self.side.read = Some(StoreRead { begin: last + 1, ..read });
        }
    }

    /// Sends what waited for a logon.
    fn release(&mut self) {
        let mut wanted = std::mem::take(&mut self.side.waiting_wanted);
        while wanted && let Some(oldest) = self.side.waiting.pop_front() {
            let waiting = self.session.queued();
            let now = self.now();
            self.side.unqueuing = true;
            wanted = self.session.unqueue(now, &oldest, &mut self.side);
            self.side.unqueuing = false;
            if self.session.queued() == waiting {
                self.side.waiting.push_front(oldest);
            }
        }
    }

    /// Makes sure of what was kept, then writes what may be written since.
    fn flush(&mut self) {
        if self.side.must_last() && self.side.refused.is_none() {
            self.side.refused = self.side.store.sync().err();
        }
        if self.side.refused.is_some() {
            return self.refuse();
        }
        let Some(socket) = &mut self.socket else { return self.side.to_write.clear() };
        if !self.side.to_write.is_empty() {
            let written = socket.write_all(&self.side.to_write).and_then(|()| socket.flush());
            self.side.to_write.clear();
            if written.is_err() {
                self.lost();
            }
        }
    }

    /// not another byte.
    fn refuse(&mut self) {
        self.side.to_write.clear();
        if self.socket.is_some() {
            self.session.store_refused(&mut self.side);
            self.lost();
        }
    }

    fn lost(&mut self) {
        let Some(socket) = self.socket.take() else { return };
        socket.end();
        self.was_established |= self.side.established;
        self.side.disconnected();
        self.received.clear();
        let now = self.now();
        self.session.handle_disconnected(now, &mut self.side);
        if self.was_established {
            self.reconnect.succeeded();
            self.reconnect.lost(now.mono_ns);
        } else {
            self.failed();
        }
    }

    fn mono_ns(&self) -> u64 {
        let passed = monotonic().duration_since(self.start).as_nanos();
        u64::try_from(passed).unwrap_or(u64::MAX)
    }

    fn now(&mut self) -> Now {
        let utc_ns = (self.config.utc)();
        self.side.utc_ns = utc_ns;
        Now { mono_ns: self.mono_ns(), utc_ns }
    }
}

/// Nothing is wrong with a connection that gave nothing in time.
fn is_passing(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

#[allow(clippy::disallowed_methods, reason = "a driver: the engine below is handed these readings")]
fn monotonic() -> Instant {
    Instant::now()
}

#[allow(clippy::disallowed_methods, reason = "as above")]
fn utc() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_nanos() as i64)
}
