//! The side that has the log open.

use super::handshake::{self, LogSecret, Purpose};
use super::leases::Leases;
use super::news::News;
use super::standing::{Bequest, Standing};
use super::{feed, line};
use crate::signal::{Shared, Signal};
use crate::{AppendError, EventLog, NewRecord, ReadError, Reader, Recovery};
use assay_trading_types::{Origin, Position, Topic};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::collections::HashMap;
use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// Connections at a time: each role has one and some for its readers. More are closed unheard.
const CONNECTIONS_MAX: usize = 256;

/// How often a listener looks whether it is to stop.
const ACCEPT_WAIT: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

/// Longest wait for connections to end at a stop.
const STOP_PATIENCE: Duration = Duration::from_secs(10);

/// Serves a log until it is dropped.
pub struct LogServer {
    served: Arc<Served>,
    address: SocketAddr,
    acceptor: Option<JoinHandle<()>>,
}

impl std::fmt::Debug for LogServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LogServer({})", self.address)
    }
}

/// A log that is to be served: whoever has it open appends here before others may.
pub struct ToServe(Arc<Served>);

impl ToServe {
    /// `log`, which nobody may append to but through this from now on. `recovery` is what opening it found.
    pub fn new(log: Arc<dyn EventLog>, recovery: &Recovery) -> Self {
        Self(Arc::new(Served::new(log, recovery)))
    }

    /// The log as its processes will find it.
    pub fn log(&self) -> Arc<dyn EventLog> {
        Arc::clone(&self.0) as _
    }

    /// Serves it on `listener` to who knows `secret`.
    ///
    /// # Errors
    /// The listener cannot be used, or there is no thread for it.
    pub fn serve(self, listener: TcpListener, secret: LogSecret) -> io::Result<LogServer> {
        let served = self.0;
        let address = listener.local_addr()?;
        let told = Arc::clone(&served);
        served.log.on_change(&[], Arc::new(move || told.news.tell()));
        let accepting = Arc::clone(&served);
        let acceptor = std::thread::Builder::new()
            .name("log-server".to_owned())
            .spawn(move || accept(&listener, &accepting, &Arc::new(secret)))?;
        Ok(LogServer { served, address, acceptor: Some(acceptor) })
    }
}

impl LogServer {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for LogServer {
    fn drop(&mut self) {
        self.served.stop();
        if let Some(acceptor) = self.acceptor.take() {
            // A thread that panicked has said so.
            let _ = acceptor.join();
        }
        self.served.connections.wait_until_none(STOP_PATIENCE);
    }
}

/// A served log: what its connections share.
pub(super) struct Served {
    pub(super) log: Arc<dyn EventLog>,
    pub(super) leases: Leases,
    pub(super) news: News,
    /// Groups pass one by one, so that what is known of them is of one moment.
    turn: Shared<()>,
    known: Shared<(Standing, Bequest)>,
    connections: Connections,
    stopping: AtomicBool,
}

impl Served {
    fn new(log: Arc<dyn EventLog>, recovery: &Recovery) -> Self {
        let end = log.end().0;
        let standing = Standing { end, served_from: end, ..Standing::default() };
        let bequest = Bequest {
            first: recovery.first,
            origins: recovery.last_origins.clone(),
            offsets: recovery.next_offsets.clone(),
        };
        Self {
            log,
            leases: Leases::default(),
            news: News::default(),
            turn: Shared::default(),
            known: Shared::new((standing, bequest)),
            connections: Connections::default(),
            stopping: AtomicBool::new(false),
        }
    }

    fn note(&self, group: &[(Topic, u16, Option<Origin>)], last: Position) {
        let mut known = self.known.lock();
        let (standing, bequest) = &mut *known;
        let first = last.0 + 1 - group.len() as u64;
        for (position, (topic, partition, origin)) in (first..).zip(group) {
            standing.topic_ends[*topic as usize] = position + 1;
            bequest.offsets.take(*topic, *partition);
            bequest.origins.note(*origin);
        }
        standing.end = last.0 + 1;
    }

    pub(super) fn standing(&self) -> Standing {
        self.with_durable(self.known.lock().0)
    }

    /// Where the log stands, and what its outputs so far are.
    pub(super) fn known(&self) -> (Standing, Bequest) {
        let (standing, bequest) = self.known.lock().clone();
        (self.with_durable(standing), bequest)
    }

    /// A group may be durable before it is noted.
    fn with_durable(&self, standing: Standing) -> Standing {
        Standing { durable: self.log.durable().0.min(standing.end), ..standing }
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
        self.connections.end_all();
        self.news.tell();
    }
}

impl EventLog for Served {
    fn append(&self, records: &mut Vec<NewRecord>) -> Result<Position, AppendError> {
        let group: Vec<_> = records.iter().map(|r| (r.topic, r.partition, r.origin)).collect();
        let turn = self.turn.lock();
        let last = self.log.append(records)?;
        if !group.is_empty() {
            self.note(&group, last);
        }
        drop(turn);
        self.news.tell();
        Ok(last)
    }

    fn end(&self) -> Position {
        self.log.end()
    }

    fn durable(&self) -> Position {
        self.log.durable()
    }

    fn wait_durable(&self, target: Position, timeout: Duration) -> Result<Position, AppendError> {
        self.log.wait_durable(target, timeout)
    }

    fn on_change(&self, topics: &[Topic], wake: Arc<dyn Fn() + Send + Sync>) {
        self.log.on_change(topics, wake);
    }

    fn reader(
        &self,
        topics: &[Topic],
        from: Position,
        durable_only: bool,
    ) -> Result<Box<dyn Reader>, ReadError> {
        self.log.reader(topics, from, durable_only)
    }

    fn poisoned(&self) -> Option<Arc<str>> {
        self.log.poisoned()
    }
}

fn accept(listener: &TcpListener, served: &Arc<Served>, secret: &Arc<LogSecret>) {
    while !served.is_stopping() {
        let mut sockets = [PollFd::new(listener, PollFlags::IN)];
        if !matches!(poll(&mut sockets, Some(&ACCEPT_WAIT)), Ok(1..)) {
            continue;
        }
        match listener.accept() {
            Ok((stream, from)) => welcome(stream, from, served, secret),
            Err(error) => tracing::warn!(%error, "a connection to the log was not accepted"),
        }
    }
}

fn welcome(stream: TcpStream, from: SocketAddr, served: &Arc<Served>, secret: &Arc<LogSecret>) {
    let Some(number) = served.connections.add(&stream) else {
        tracing::warn!(%from, "too many connections to the log");
        return;
    };
    let (serving, secret) = (Arc::clone(served), Arc::clone(secret));
    let spawned = std::thread::Builder::new().name("log-line".to_owned()).spawn(move || {
        if let Err(error) = serve(stream, &serving, &secret) {
            tracing::info!(%from, %error, "a connection to the log ended");
        }
        serving.connections.remove(number);
    });
    if let Err(error) = spawned {
        tracing::warn!(%from, %error, "no thread for a connection to the log");
        served.connections.remove(number);
    }
}

fn serve(stream: TcpStream, served: &Served, secret: &LogSecret) -> io::Result<()> {
    let (sender, incoming, purpose) = handshake::receive(stream, secret)?;
    match purpose {
        Purpose::Lease { role, holder } => line::lead(sender, incoming, served, &role, &holder),
        Purpose::Watch => line::watch(sender, incoming, served),
        Purpose::Read { topics, from, durable_only } => {
            feed::run(sender, incoming, served, topics, from, durable_only)
        }
    }
}

/// The connections that there are.
#[derive(Debug, Default)]
struct Connections {
    open: Shared<(u64, HashMap<u64, TcpStream>)>,
    fewer: Signal,
}

impl Connections {
    fn add(&self, stream: &TcpStream) -> Option<u64> {
        let mut open = self.open.lock();
        let (next, streams) = &mut *open;
        let stream = stream.try_clone().ok().filter(|_| streams.len() < CONNECTIONS_MAX)?;
        *next += 1;
        streams.insert(*next, stream);
        Some(*next)
    }

    fn remove(&self, number: u64) {
        self.open.lock().1.remove(&number);
        self.fewer.notify();
    }

    fn end_all(&self) {
        // One that ended by itself cannot be ended again.
        self.open.lock().1.values().for_each(|stream| _ = stream.shutdown(Shutdown::Both));
    }

    fn wait_until_none(&self, patience: Duration) {
        let open = self.open.lock();
        drop(self.fewer.wait_up_to(open, patience, |open| !open.1.is_empty()));
    }
}
