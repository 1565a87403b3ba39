//! The thread: one tokio runtime, a task for the log, one for each listener and one for each connection.

use crate::connection;
use crate::gateway::{Gateway, Published};
use crate::strangers::{self, Strangers};
use crate::tls::TlsSource;
use crate::{
    Application, Error, GatewayConfig, Listener, LiveSession, SessionUsage, Statistics, StrangerLimits,
    WallClock,
};
use assay_event_log::EventLog;
use assay_trading_types::Topic;
use fix_session::Now;
use std::cell::RefCell;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore, mpsc, watch};
use tokio::task::{JoinHandle, LocalSet};

/// Passwords compared at a time: each takes memory and a core for long, and strangers choose when.
const COMPARISONS_MAX: usize = 2;

/// How long a stop waits for the counterparties' Logouts and for the disk.
const STOP_PATIENCE: Duration = Duration::from_secs(3);

/// How long a listener waits after a failed accept: out of file descriptors, it would otherwise spin.
const ACCEPT_BACK_OFF: Duration = Duration::from_millis(100);

/// Sockets that listen, before there is a runtime.
pub(crate) struct Listeners(Vec<(StdListener, Port)>);

/// What every connection of a listener has in common.
pub(crate) struct Port {
    /// Sessions that prove nothing are accepted.
    pub(crate) trusted: bool,
    pub(crate) tls: Option<TlsSource>,
}

impl Listeners {
    pub(crate) fn bind(config: &GatewayConfig) -> Result<Self, Error> {
        let bind = |listener: &Listener| {
            let (address, tls) = (listener.address, listener.tls.clone());
            let port = Port { trusted: config.trusts(address), tls: tls.map(TlsSource::load).transpose()? };
            let bound = StdListener::bind(address).and_then(|bound| {
                bound.set_nonblocking(true)?;
                Ok(bound)
            });
            Ok((bound.map_err(|source| Error::Listen { address, source })?, port))
        };
        config.listen.iter().map(bind).collect::<Result<_, _>>().map(Self)
    }

    pub(crate) fn addresses(&self) -> Result<Vec<SocketAddr>, Error> {
        self.0.iter().map(|(l, _)| l.local_addr().map_err(Error::Thread)).collect()
    }
}

/// Both clocks. The wall clock goes into SendingTime(52) and records, timers run on the other (T-09).
#[derive(Clone, Copy)]
pub(crate) struct Clock {
    start: Instant,
    wall: WallClock,
}

impl Clock {
    #[allow(clippy::disallowed_methods, reason = "the driver is where time enters")]
    fn start(wall: WallClock) -> Self {
        Self { start: Instant::now(), wall }
    }

    pub(crate) fn now(&self) -> Now {
        Now { mono_ns: self.start.elapsed().as_nanos() as u64, utc_ns: self.wall.now_ns() }
    }

    /// When the monotonic clock shows `mono_ns`.
    pub(crate) fn instant(&self, mono_ns: u64) -> tokio::time::Instant {
        (self.start + Duration::from_nanos(mono_ns)).into()
    }
}

/// What the handle tells the gateway.
pub(crate) struct Orders {
    pub(crate) stop: watch::Receiver<bool>,
    /// Counts requests to read certificates anew.
    pub(crate) reload: watch::Receiver<u64>,
    pub(crate) questions: mpsc::Receiver<Question>,
}

/// What the handle asks the gateway.
pub(crate) enum Question {
    /// How much of their limits sessions use.
    Usage(SyncSender<Vec<SessionUsage>>),
    /// How every session is.
    Sessions(SyncSender<Vec<LiveSession>>),
}

/// What the tasks share.
pub(crate) struct Shared<A> {
    pub(crate) gateway: RefCell<Gateway<A>>,
    pub(crate) clock: Clock,
    pub(crate) limits: StrangerLimits,
    strangers: Rc<RefCell<Strangers>>,
    /// What every connection reads into, in turn.
    pub(crate) reading: RefCell<Vec<u8>>,
    /// Turns at comparing a password.
    pub(crate) comparing: Semaphore,
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
    orders: Orders,
    ready: SyncSender<()>,
) -> Result<(), Error> {
    let limits = config.strangers;
    let clock = Clock::start(config.wall_clock);
    let gateway = Gateway::recover(config, Arc::clone(&log), application, statistics, clock.now())?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Error::Thread)?;
    let shared = Rc::new(Shared {
        gateway: RefCell::new(gateway),
        clock,
        limits,
        strangers: Rc::default(),
        reading: RefCell::default(),
        comparing: Semaphore::new(COMPARISONS_MAX),
        ended: Notify::new(),
        writing: RefCell::new(None),
    });
    LocalSet::new().block_on(&runtime, serve(Rc::clone(&shared), log, listeners, orders, ready))?;
    drop(runtime);
    shared.gateway.borrow_mut().failed.take().map_or(Ok(()), Err)
}

async fn serve<A: Application>(
    shared: Rc<Shared<A>>,
    log: Arc<dyn EventLog>,
    listeners: Listeners,
    mut orders: Orders,
    ready: SyncSender<()>,
) -> Result<(), Error> {
    let mut accepting = Vec::new();
    let mut ports = Vec::new();
    for (listener, port) in listeners.0 {
        let listener = TcpListener::from_std(listener).map_err(Error::Thread)?;
        let port = Rc::new(port);
        ports.push(Rc::clone(&port));
        accepting.push(tokio::task::spawn_local(accept(Rc::clone(&shared), port, listener)));
    }
    accepting.push(tokio::task::spawn_local(keep_certificates(Rc::clone(&shared), ports, orders.reload)));
    accepting.push(tokio::task::spawn_local(answer_questions(Rc::clone(&shared), orders.questions)));
    accepting.push(tokio::task::spawn_local(publish(Rc::clone(&shared))));
    let following = tokio::task::spawn_local(follow(Rc::clone(&shared), log));
    // Whoever waits for it may have given up; the gateway serves all the same until it is told to stop.
    let _ = ready.send(());
    // An error means that the handle is gone, which is a stop too.
    let _ = orders.stop.wait_for(|stop| *stop).await;
    count_down(&shared).await;
    accepting.iter().for_each(|task| task.abort());
    drain(&shared).await;
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

/// Tells every session of the stop that is planned, again and again (A-06, O-09).
async fn count_down<A: Application>(shared: &Shared<A>) {
    const STEP_S: u32 = 10;
    let mut left = shared.gateway.borrow().config.countdown_s;
    while left > 0 {
        shared.gateway.borrow_mut().announce_stop(left, shared.clock.now());
        let step = if left.is_multiple_of(STEP_S) { STEP_S } else { left % STEP_S };
        tokio::time::sleep(Duration::from_secs(step.into())).await;
        left -= step;
    }
}

/// Reads no more and waits a while for the answers to what was read, so that they go out before the Logouts (O-09). What
/// has none by then waits for the next logon.
async fn drain<A: Application>(shared: &Shared<A>) {
    const LOOK: Duration = Duration::from_millis(5);
    let patience = {
        let mut gateway = shared.gateway.borrow_mut();
        gateway.drain();
        Duration::from_nanos(gateway.config.drain_ns)
    };
    let drained = async {
        while shared.gateway.borrow().statistics.in_flight() > 0 {
            tokio::time::sleep(LOOK).await;
        }
    };
    // Too late is as good: the log has the requests, and their answers follow.
    let _late = tokio::time::timeout(patience, drained).await;
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
    // Outcomes are answered by messages of ours, and those wait to be durable; sessions are changed by records of admin.
    let wake = Arc::new(move || {
        if !waker.0.swap(true, Ordering::AcqRel) {
            waker.1.notify_one();
        }
    });
    log.on_change(&[Topic::Accounts, Topic::Admin], wake);
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

async fn accept<A: Application>(shared: Rc<Shared<A>>, port: Rc<Port>, listener: TcpListener) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => welcome(&shared, &port, stream, peer),
            Err(error) => {
                tracing::warn!(%error, "accept failed");
                tokio::time::sleep(ACCEPT_BACK_OFF).await;
            }
        }
    }
}

fn welcome<A: Application>(shared: &Rc<Shared<A>>, port: &Rc<Port>, stream: TcpStream, peer: SocketAddr) {
    let stranger = strangers::enter(&shared.strangers, peer.ip(), &shared.limits);
    let Some(stranger) = stranger.filter(|_| stream.set_nodelay(true).is_ok()) else {
        tracing::warn!(%peer, "connection closed before its first message");
        Statistics::add(&shared.gateway.borrow().statistics.connections_refused, 1);
        return;
    };
    let (shared, port) = (Rc::clone(shared), Rc::clone(port));
    tokio::task::spawn_local(connection::serve(shared, port, stream, peer, stranger));
}

/// Answers what the handle asks, between the sessions' work.
async fn answer_questions<A: Application>(shared: Rc<Shared<A>>, mut questions: mpsc::Receiver<Question>) {
    while let Some(question) = questions.recv().await {
        let now = shared.clock.now();
        // Whoever asked may have given up.
        let _given_up = match question {
            Question::Usage(answer) => answer.try_send(shared.gateway.borrow_mut().usage(now)).is_err(),
            Question::Sessions(answer) => {
                answer.try_send(shared.gateway.borrow_mut().live_sessions(now)).is_err()
            }
        };
    }
}

/// Tells of market data when it changed, between the sessions' work.
async fn publish<A: Application>(shared: Rc<Shared<A>>) {
    let (changed, interval) = {
        let gateway = shared.gateway.borrow();
        let interval = Duration::from_millis(gateway.config.market_data_interval_ms.max(1));
        (Arc::clone(&gateway.market_data_changed), interval)
    };
    loop {
        changed.notified().await;
        loop {
            let now = shared.clock.now();
            let published = shared.gateway.borrow_mut().publish(now);
            match published {
                Published::More => tokio::task::yield_now().await,
                Published::Held => tokio::time::sleep(interval).await,
                Published::All => break,
            }
        }
        tokio::time::sleep(interval).await;
    }
}

/// Reads certificates and revocations anew when their files change or on request (C-08). Established sessions keep what
/// they were made with.
async fn keep_certificates<A: Application>(
    shared: Rc<Shared<A>>,
    ports: Vec<Rc<Port>>,
    mut requests: watch::Receiver<u64>,
) {
    let interval_ms = shared.gateway.borrow().config.tls_reload_ms;
    loop {
        let asked = requests.changed();
        let forced = match interval_ms {
            0 => asked.await.map(|()| true),
            _ => tokio::time::timeout(Duration::from_millis(interval_ms), asked)
                .await
                .map_or(Ok(false), |asked| asked.map(|()| true)),
        };
        // An error means that the handle is gone, and the gateway with it.
        let Ok(forced) = forced else { return };
        for tls in ports.iter().filter_map(|port| port.tls.as_ref()) {
            match tls.reload(forced) {
                Ok(false) => {}
                Ok(true) => {
                    tracing::info!("certificates and revocations read anew");
                    Statistics::add(&shared.gateway.borrow().statistics.tls_reloads, 1);
                }
                Err(error) => {
                    tracing::error!(%error, "TLS files cannot be used, the ones before stay in force");
                }
            }
        }
    }
}
