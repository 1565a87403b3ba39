//! The thread: one tokio runtime, a task for the log, one for each listener and one for each connection.

use crate::connection;
use crate::gateway::Gateway;
use crate::{Application, Error, GatewayConfig, Statistics};
use assay_event_log::EventLog;
use fix_session::Now;
use std::cell::{Cell, RefCell};
use std::net::{SocketAddr, TcpListener as StdListener};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::{JoinHandle, LocalSet};

/// Connections that have not said who they are, over all listeners; beyond it new ones are closed (C-09).
const STRANGERS_MAX: usize = 256;

/// How long a stop waits for the counterparties' Logouts and for the disk.
const STOP_PATIENCE: Duration = Duration::from_secs(3);

/// How long a listener waits after a failed accept: out of file descriptors, it would otherwise spin.
const ACCEPT_BACK_OFF: Duration = Duration::from_millis(100);

/// Sockets that listen, before there is a runtime.
pub(crate) struct Listeners(Vec<StdListener>);

impl Listeners {
    pub(crate) fn bind(addresses: &[SocketAddr]) -> Result<Self, Error> {
        let bind = |address: &SocketAddr| {
            let listener = StdListener::bind(address)?;
            listener.set_nonblocking(true)?;
            Ok(listener)
        };
        let bound = addresses.iter().map(|a| bind(a).map_err(|source| Error::Listen { address: *a, source }));
        bound.collect::<Result<_, _>>().map(Self)
    }

    pub(crate) fn addresses(&self) -> Result<Vec<SocketAddr>, Error> {
        self.0.iter().map(|l| l.local_addr().map_err(Error::Thread)).collect()
    }
}

/// Both clocks. The wall clock goes into SendingTime(52) and records, timers run on the other (T-09).
#[derive(Clone, Copy)]
pub(crate) struct Clock {
    start: Instant,
}

impl Clock {
    #[allow(clippy::disallowed_methods, reason = "the driver is where time enters")]
    fn start() -> Self {
        Self { start: Instant::now() }
    }

    #[allow(clippy::disallowed_methods, reason = "the driver is where time enters")]
    pub(crate) fn now(&self) -> Now {
        let utc_ns = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_nanos() as i64);
        Now { mono_ns: self.start.elapsed().as_nanos() as u64, utc_ns }
    }

    /// When the monotonic clock shows `mono_ns`.
    pub(crate) fn instant(&self, mono_ns: u64) -> tokio::time::Instant {
        (self.start + Duration::from_nanos(mono_ns)).into()
    }
}

/// What the tasks share.
pub(crate) struct Shared<A> {
    pub(crate) gateway: RefCell<Gateway<A>>,
    pub(crate) clock: Clock,
    pub(crate) strangers: Cell<usize>,
    /// A connection ended: a stop may be complete.
    pub(crate) ended: Notify,
    /// The snapshot being written. One at a time: they share a file, and an older one must not replace a newer one.
    writing: RefCell<Option<JoinHandle<()>>>,
}

/// Runs a gateway until it is stopped. `ready` hears when it listens.
pub(crate) fn run<A: Application>(
    config: GatewayConfig,
    log: Arc<dyn EventLog>,
    application: A,
    listeners: Listeners,
    statistics: Arc<Statistics>,
    stopping: watch::Receiver<bool>,
    ready: SyncSender<()>,
) -> Result<(), Error> {
    let gateway = Gateway::recover(config, Arc::clone(&log), application, statistics)?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Error::Thread)?;
    let shared = Rc::new(Shared {
        gateway: RefCell::new(gateway),
        clock: Clock::start(),
        strangers: Cell::new(0),
        ended: Notify::new(),
        writing: RefCell::new(None),
    });
    LocalSet::new().block_on(&runtime, serve(Rc::clone(&shared), log, listeners, stopping, ready))?;
    drop(runtime);
    shared.gateway.borrow_mut().failed.take().map_or(Ok(()), Err)
}

async fn serve<A: Application>(
    shared: Rc<Shared<A>>,
    log: Arc<dyn EventLog>,
    listeners: Listeners,
    mut stopping: watch::Receiver<bool>,
    ready: SyncSender<()>,
) -> Result<(), Error> {
    let mut accepting = Vec::new();
    for listener in listeners.0 {
        let listener = TcpListener::from_std(listener).map_err(Error::Thread)?;
        accepting.push(tokio::task::spawn_local(accept(Rc::clone(&shared), listener)));
    }
    let following = tokio::task::spawn_local(follow(Rc::clone(&shared), log));
    // Whoever waits for it may have given up; the gateway serves all the same until it is told to stop.
    let _ = ready.send(());
    // An error means that the handle is gone, which is a stop too.
    let _ = stopping.wait_for(|stop| *stop).await;
    accepting.iter().for_each(|task| task.abort());
    let now = shared.clock.now();
    shared.gateway.borrow_mut().stop(now);
    let _ = tokio::time::timeout(STOP_PATIENCE, quiet(&shared)).await;
    following.abort();
    let writing = shared.writing.borrow_mut().take();
    if let Some(writing) = writing {
        writing.await.map_err(|_| Error::Panicked)?;
    }
    last_snapshot(&shared)
}

async fn quiet<A: Application>(shared: &Shared<A>) {
    while !shared.gateway.borrow().is_quiet() {
        shared.ended.notified().await;
    }
}

fn last_snapshot<A: Application>(shared: &Shared<A>) -> Result<(), Error> {
    let gateway = shared.gateway.borrow();
    let Some(dir) = gateway.config.snapshot_dir.as_deref().filter(|_| gateway.failed.is_none()) else {
        return Ok(());
    };
    let snapshot = gateway.snapshot_now();
    let target = assay_trading_types::Position(snapshot.fix_from);
    let durable = gateway.log.wait_durable(target, STOP_PATIENCE)?;
    if durable >= target { snapshot.write(dir) } else { Ok(()) }
}

/// Wakes when the log changes. Many changes between two turns cost one wake-up.
async fn follow<A: Application>(shared: Rc<Shared<A>>, log: Arc<dyn EventLog>) {
    let changed = Arc::new((AtomicBool::new(true), Notify::new()));
    let waker = Arc::clone(&changed);
    log.on_change(Arc::new(move || {
        if !waker.0.swap(true, Ordering::AcqRel) {
            waker.1.notify_one();
        }
    }));
    changed.1.notify_one();
    loop {
        changed.1.notified().await;
        changed.0.store(false, Ordering::Release);
        loop {
            let now = shared.clock.now();
            let more = shared.gateway.borrow_mut().advance(now);
            write_snapshot(&shared);
            if !more {
                break;
            }
            tokio::task::yield_now().await;
        }
    }
}

/// Writes a due snapshot beside the sessions' work. While one is being written the next one waits.
fn write_snapshot<A: Application>(shared: &Shared<A>) {
    let mut writing = shared.writing.borrow_mut();
    if writing.as_ref().is_some_and(|task| !task.is_finished()) {
        return;
    }
    let mut gateway = shared.gateway.borrow_mut();
    if let Some(snapshot) = gateway.take_snapshot()
        && let Some(dir) = gateway.config.snapshot_dir.clone()
    {
        *writing = Some(tokio::task::spawn_blocking(move || {
            if let Err(error) = snapshot.write(&dir) {
                tracing::warn!(%error, "no snapshot this time; a restart reads more of the log");
            }
        }));
    }
}

async fn accept<A: Application>(shared: Rc<Shared<A>>, listener: TcpListener) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => welcome(&shared, stream, peer),
            Err(error) => {
                tracing::warn!(%error, "accept failed");
                tokio::time::sleep(ACCEPT_BACK_OFF).await;
            }
        }
    }
}

fn welcome<A: Application>(shared: &Rc<Shared<A>>, stream: TcpStream, peer: SocketAddr) {
    if shared.strangers.get() >= STRANGERS_MAX || stream.set_nodelay(true).is_err() {
        tracing::warn!(%peer, "connection closed before its first message");
        Statistics::add(&shared.gateway.borrow().statistics.connections_refused, 1);
        return;
    }
    tokio::task::spawn_local(connection::serve(Rc::clone(shared), stream, peer));
}
