//! Starting and stopping a gateway on a thread of its own.

use crate::driver::{self, Listeners, Orders, Question};
use crate::{Application, Error, GatewayConfig, LiveSession, OrderEntry, SessionUsage, Statistics};
use assay_event_log::EventLog;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use tokio::sync::{mpsc, watch};

/// Questions that may wait for the gateway's thread; whoever comes after gets no answer.
const QUESTIONS_MAX: usize = 16;

/// A running gateway. Dropping it stops the gateway without waiting.
#[derive(Debug)]
pub struct Handle {
    addresses: Vec<SocketAddr>,
    statistics: Arc<Statistics>,
    stop: watch::Sender<bool>,
    reload: watch::Sender<u64>,
    questions: mpsc::Sender<Question>,
    thread: JoinHandle<Result<(), Error>>,
}

impl Handle {
    /// The first address listened on, its port known.
    pub fn local_addr(&self) -> SocketAddr {
        self.addresses[0]
    }

    /// Every address listened on.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Its counters.
    pub fn statistics(&self) -> Arc<Statistics> {
        Arc::clone(&self.statistics)
    }

    /// How much of their limits the throttled sessions use now; nothing when the gateway has stopped or is asked by too
    /// many at once.
    pub fn usage(&self) -> Option<Vec<SessionUsage>> {
        let (answer, answered) = std::sync::mpsc::sync_channel(1);
        self.questions.try_send(Question::Usage(answer)).ok()?;
        answered.recv().ok()
    }

    /// Something that asks it, apart from whoever may stop it.
    pub fn asker(&self) -> Asker {
        Asker(self.questions.clone())
    }

    /// Reads certificates, keys, CAs and revocations anew now; established sessions stay up (C-08).
    pub fn reload_certificates(&self) {
        self.reload.send_modify(|count| *count += 1);
    }

    /// Logs every session out ("Server shutting down"), writes a snapshot and ends the thread.
    ///
    /// # Errors
    /// The log had failed, or the thread panicked.
    pub fn stop(self) -> Result<(), Error> {
        self.stop.send_replace(true);
        self.thread.join().map_err(|_| Error::Panicked)?
    }
}

/// Asks a running gateway. It may outlive the gateway, and gets no answers then.
#[derive(Debug, Clone)]
pub struct Asker(mpsc::Sender<Question>);

impl Asker {
    /// Every session as it is now; nothing when the gateway has stopped or is asked by too many at once. Waits for the
    /// gateway's thread.
    pub fn sessions(&self) -> Option<Vec<LiveSession>> {
        let (answer, answered) = std::sync::mpsc::sync_channel(1);
        self.0.try_send(Question::Sessions(answer)).ok()?;
        answered.recv().ok()
    }
}

/// Starts the order gateway: D, F, G and H become requests in `accounts`, outcomes there become 8 and 9.
///
/// Returns once the log has been read as far as needed and the listeners are open.
///
/// # Errors
/// The configuration is unsafe, an address is taken, or the log cannot be read.
pub fn spawn(config: GatewayConfig, log: Arc<dyn EventLog>) -> Result<Handle, Error> {
    let application = OrderEntry::new(&config);
    spawn_with(config, log, application)
}

/// As [`spawn`], with another application.
///
/// # Errors
/// As [`spawn`].
pub fn spawn_with<A: Application>(
    config: GatewayConfig,
    log: Arc<dyn EventLog>,
    application: A,
) -> Result<Handle, Error> {
    config.check()?;
    let listeners = Listeners::bind(&config)?;
    let addresses = listeners.addresses()?;
    let statistics = Arc::new(Statistics::default());
    let (stop, stopped) = watch::channel(false);
    let (reload, reloads) = watch::channel(0);
    let (questions, asked) = mpsc::channel(QUESTIONS_MAX);
    let orders = Orders { stop: stopped, reload: reloads, questions: asked };
    let (ready, started) = std::sync::mpsc::sync_channel(1);
    let shared = Arc::clone(&statistics);
    let thread = std::thread::Builder::new()
        .name("gateway".to_owned())
        .spawn(move || driver::run(config, log, application, listeners, shared, orders, ready))
        .map_err(Error::Thread)?;
    match started.recv() {
        Ok(()) => Ok(Handle { addresses, statistics, stop, reload, questions, thread }),
        Err(_) => match thread.join() {
            Ok(result) => Err(result.err().unwrap_or(Error::Panicked)),
            Err(_) => Err(Error::Panicked),
        },
    }
}
