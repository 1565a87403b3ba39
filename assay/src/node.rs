//! The embedded node: gateway, risk, execution, ledger and audit over one log in one process.
//!
//! ```text
//! thread gateway    sockets <-> sessions <-> log
//! thread pipeline   accounts, markets -> risk, execution -> log; clock ticks; snapshots
//! thread log-writer one write and one sync for whatever queued up (over Kafka: its client and what hears it)
//! thread audit      durable records -> chain -> seals; beside it audit-store: durable records -> SQLite
//! thread admin      the back office's API, /healthz /readyz /metrics; beside it commands (decides), kyc, mail and webhooks
//! ```
//! A thread that fails takes the node down: everything is derived from the log, so starting anew is the repair.

pub(crate) mod back_office;
mod fix_sessions;
mod force;
mod pipeline_thread;

use crate::clock;
use crate::config::{Config, Fault};
use crate::health::{self, Vitals};
use crate::log_place::{self, OpenLog};
use assay_admin_api::{
    Api, CommandProcessor, FixSessionsPort, KycService, MailService, ReadModelBuilder, WebhookService, mailer,
};
use assay_audit::clickhouse::ClickHouseConfig;
use assay_audit::{AuditPaths, AuditService, Progress, keys};
use assay_event_log::{Background, EventLog, Recovery};
use assay_pipeline::{Pipeline, SnapshotStore};
use assay_trading_types::Position;
use axum::Router;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Duration;

/// Where the parts of a data directory are.
#[derive(Debug, Clone)]
pub(crate) struct DataDir(PathBuf);

impl DataDir {
    /// The parts of `root`.
    pub(crate) fn new(root: &Path) -> Self {
        Self(root.to_owned())
    }

    /// Segments, marker and lock.
    pub(crate) fn log(&self) -> PathBuf {
        self.0.join("log")
    }

    /// Pipeline snapshots.
    pub(crate) fn snapshots(&self) -> PathBuf {
        self.0.join("snapshots")
    }

    /// Gateway snapshots.
    pub(crate) fn gateway(&self) -> PathBuf {
        self.0.join("gateway")
    }

    /// The directory itself: audit files and keys.
    pub(crate) fn root(&self) -> &Path {
        &self.0
    }
}

/// Why a node does not run, or ran no further.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NodeError {
    /// Opening the log.
    #[error(transparent)]
    Log(#[from] log_place::PlaceError),
    /// Appending the configuration.
    #[error(transparent)]
    Append(#[from] assay_event_log::AppendError),
    /// Reading the log.
    #[error(transparent)]
    Read(#[from] assay_event_log::ReadError),
    /// Risk or execution.
    #[error("pipeline: {0}")]
    Pipeline(#[from] assay_pipeline::Error),
    /// Audit.
    #[error("audit: {0}")]
    Audit(#[from] assay_audit::Error),
    /// A secret's file changed since the configuration was read.
    #[error("configuration: {0}")]
    Configuration(Fault),
    /// The back office.
    #[error("back office: {0}")]
    BackOffice(#[from] assay_admin_api::Error),
    /// Gateway.
    #[error("gateway: {0}")]
    Gateway(#[from] fix_gateway::Error),
    /// A socket or a thread.
    #[error("cannot {doing}: {source}")]
    Io {
        /// What was tried.
        doing: String,
        /// The system's reason.
        #[source]
        source: std::io::Error,
    },
    /// A thread ended without saying why.
    #[error("thread {0} panicked")]
    Panicked(&'static str),
}

/// A running node.
pub(crate) struct Node {
    log: Arc<dyn EventLog>,
    /// Outlives the log.
    hold: Option<Box<dyn Send + Sync>>,
    gateway: fix_gateway::Handle,
    admin_address: SocketAddr,
    stop: Arc<AtomicBool>,
    threads: Vec<(&'static str, std::thread::JoinHandle<()>)>,
    ended: mpsc::Receiver<(&'static str, Result<(), NodeError>)>,
    ended_sender: mpsc::Sender<(&'static str, Result<(), NodeError>)>,
    recovery: Recovery,
    initial_key: Option<PathBuf>,
    set_aside: Vec<PathBuf>,
}

impl Node {
    /// Recovers `data_dir`, brings `config` into force and starts serving.
    ///
    /// # Errors
    /// The directory is locked or damaged (at its very end only unless `accept_lost_tail`), an address is taken, or a
    /// part cannot recover.
    pub(crate) fn start(
        config: &Config,
        data_dir: &DataDir,
        accept_lost_tail: bool,
    ) -> Result<Self, NodeError> {
        let OpenLog { log, recovery, hold } = log_place::open(config, data_dir, accept_lost_tail)?;
        if let Some(torn) = &recovery.torn {
            // Said before anything else can go wrong: the next start finds nothing left to cut.
            tracing::warn!(file = torn.file, byte = torn.byte, bytes = torn.bytes, "cut a torn tail");
        }
        let port = Arc::clone(&log);
        let snapshots = SnapshotStore::open(&data_dir.snapshots())?;
        let skipped = |file: &Path, error: &assay_pipeline::Error| {
            tracing::warn!(file = %file.display(), %error, "snapshot not usable, an older one or the whole log is replayed");
        };
        let snapshot = snapshots.newest(port.end(), skipped)?;
        let mut pipeline = Pipeline::recover(&port, snapshot.as_ref(), recovery.last_origins.clone())?;
        drop(snapshot);
        catch_up(&mut pipeline, &*port)?;
        force::bring(config, &*port, data_dir)?;
        catch_up(&mut pipeline, &*port)?;
        let clickhouse = config.clickhouse().map_err(NodeError::Configuration)?;
        let set_aside = match accept_lost_tail {
            true => set_audit_aside(data_dir.root(), clickhouse.as_ref(), recovery.end)?,
            false => Vec::new(),
        };
        let (audit, initial_key) = open_audit(&port, data_dir.root(), clickhouse)?;

        let mut fix = config.gateway_config().map_err(NodeError::Configuration)?;
        fix.snapshot_dir = Some(data_dir.gateway());
        fix.snapshot_records = fix.snapshot_records.min(config.log.snapshot_records);
        fix.wall_clock = fix_gateway::WallClock(|| clock::now().as_ns());
        let gateway = fix_gateway::spawn(fix, Arc::clone(&port))?;
        let back_office = match config.admin.back_office {
            true => {
                let sessions =
                    fix_sessions::GatewaySessions { asker: gateway.asker(), config: config.clone() };
                let sessions = FixSessionsPort::new(Arc::new(sessions));
                Some(back_office::open(config, data_dir, Arc::clone(&port), sessions)?)
            }
            false => None,
        };
        let api = back_office.as_ref().map(|(api, _)| Arc::clone(api));
        let vitals =
            Arc::new(Vitals::new(data_dir.root().to_owned(), Arc::clone(&port), gateway.statistics(), api));
        let stop = Arc::new(AtomicBool::new(false));
        let (ended_sender, ended) = mpsc::channel();
        let mut node = Self {
            log,
            hold,
            gateway,
            admin_address: config.admin.listen,
            stop,
            threads: Vec::new(),
            ended,
            ended_sender,
            recovery,
            initial_key,
            set_aside,
        };
        node.run_admin(config.admin.listen, health::app(Arc::clone(&vitals)))?;
        if let Some((api, read_model)) = back_office {
            node.run_back_office(api, read_model)?;
        }
        node.run_audit(audit, Arc::clone(&port), Arc::clone(&vitals))?;
        let turn = pipeline_thread::PipelineThread {
            pipeline,
            log: port,
            snapshots,
            snapshot_records: config.log.snapshot_records,
            vitals: Arc::clone(&vitals),
            stop: Arc::clone(&node.stop),
        };
        node.run("pipeline", move || turn.run())?;
        vitals.ready.store(true, Ordering::Release);
        Ok(node)
    }

    /// Address that FIX sessions connect to.
    pub(crate) fn fix_address(&self) -> SocketAddr {
        self.gateway.local_addr()
    }

    /// Address of health and metrics.
    pub(crate) fn admin_address(&self) -> SocketAddr {
        self.admin_address
    }

    /// What opening the log found.
    pub(crate) fn recovery(&self) -> &Recovery {
        &self.recovery
    }

    /// The initial seal key, if this start made keys: it belongs off the machine.
    pub(crate) fn initial_key(&self) -> Option<&Path> {
        self.initial_key.as_deref()
    }

    /// Audit copies that held records which the log lost.
    pub(crate) fn set_aside(&self) -> &[PathBuf] {
        &self.set_aside
    }

    /// Durable position.
    pub(crate) fn durable(&self) -> Position {
        self.log.durable()
    }

    /// Waits up to `timeout` for a part to end, which a healthy node's parts do not.
    pub(crate) fn failure(&self, timeout: Duration) -> Option<NodeError> {
        match self.ended.recv_timeout(timeout) {
            Ok((_, Err(error))) => Some(error),
            Ok((name, Ok(()))) => Some(NodeError::Panicked(name)),
            Err(_) => None,
        }
    }

    /// Reads certificates and revocations anew now.
    pub(crate) fn reload_certificates(&self) {
        self.gateway.reload_certificates();
    }

    /// Logs sessions out, drains what is under way, writes snapshots and seals, and stops.
    ///
    /// # Errors
    /// A part failed while stopping.
    pub(crate) fn stop(self) -> Result<(), NodeError> {
        let Self { gateway, stop, threads, ended, ended_sender, log, hold, .. } = self;
        let gateway = gateway.stop().map_err(NodeError::from);
        stop.store(true, Ordering::Release);
        let panicked =
            threads.into_iter().filter_map(|(name, thread)| thread.join().err().map(|_| name)).next();
        drop(ended_sender);
        let failed = ended.iter().find_map(|(_, result)| result.err());
        drop(log);
        drop(hold);
        gateway?;
        match (failed, panicked) {
            (Some(error), _) => Err(error),
            (None, Some(name)) => Err(NodeError::Panicked(name)),
            (None, None) => Ok(()),
        }
    }

    fn run(
        &mut self,
        name: &'static str,
        body: impl FnOnce() -> Result<(), NodeError> + Send + 'static,
    ) -> Result<(), NodeError> {
        let ended = self.ended_sender.clone();
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(body));
                let result = result.unwrap_or(Err(NodeError::Panicked(name)));
                // Nobody listens any more when the node is being dropped; then there is nobody to tell.
                let _ = ended.send((name, result));
            })
            .map_err(|source| NodeError::Io { doing: format!("start thread {name}"), source })?;
        self.threads.push((name, thread));
        Ok(())
    }

    fn run_audit(
        &mut self,
        audit: AuditService,
        log: Arc<dyn EventLog>,
        vitals: Arc<Vitals>,
    ) -> Result<(), NodeError> {
        let stop = Arc::clone(&self.stop);
        self.run("audit", move || {
            yield_to_orders();
            let progress = |progress| {
                if let Progress::Stored(position) = progress {
                    vitals.audit_position.store(position.0, Ordering::Relaxed);
                }
            };
            audit.run(&*log, &clock::now, &stop, &progress).map_err(NodeError::from)
        })
    }

    fn run_admin(&mut self, listen: SocketAddr, router: Router) -> Result<(), NodeError> {
        let io = |doing: String| move |source| NodeError::Io { doing, source };
        let listener = std::net::TcpListener::bind(listen)
            .map_err(io(format!("listen on {listen} ([admin] listen)")))?;
        listener.set_nonblocking(true).map_err(io("set up the admin listener".to_owned()))?;
        self.admin_address = listener.local_addr().map_err(io("set up the admin listener".to_owned()))?;
        let stop = Arc::clone(&self.stop);
        self.run("admin", move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime
                .and_then(|r| {
                    r.block_on(async {
                        let listener = tokio::net::TcpListener::from_std(listener)?;
                        assay_admin_api::serve(listener, router, stopped(stop)).await
                    })
                })
                .map_err(|source| NodeError::Io { doing: "serve the API".to_owned(), source })
        })
    }

    /// Decides on commands, keeps the read model up, and sends the mail that follows.
    fn run_back_office(&mut self, api: Arc<Api>, read_model: ReadModelBuilder) -> Result<(), NodeError> {
        let processor = CommandProcessor::new(Arc::clone(&api), self.recovery.last_origins.clone())?;
        let stop = Arc::clone(&self.stop);
        self.run("commands", move || processor.run(&stop).map_err(NodeError::from))?;
        let stop = Arc::clone(&self.stop);
        let log = Arc::clone(&self.log);
        self.run("read-model", move || {
            let mut background = Background::begin("read model", &*log);
            let halted = || stop.load(Ordering::Acquire);
            read_model.run(&stop, || background.rest_while_busy(&*log, &halted)).map_err(NodeError::from)
        })?;
        let (stop, kyc) = (Arc::clone(&self.stop), KycService::new(Arc::clone(&api)));
        self.run("kyc", move || {
            yield_to_orders();
            kyc.run(&stop);
            Ok(())
        })?;
        let stop = Arc::clone(&self.stop);
        let mail = MailService::new(Arc::clone(&api), mailer(api.mail_route()));
        self.run("mail", move || {
            mail.run(&stop);
            Ok(())
        })?;
        let stop = Arc::clone(&self.stop);
        let poster = api.poster().map_err(|error| NodeError::Io {
            doing: "read the CAs of [admin.webhooks]".to_owned(),
            source: std::io::Error::other(error),
        })?;
        let webhooks = WebhookService::new(api, poster);
        self.run("webhooks", move || {
            let failed = |source| NodeError::Io { doing: "send to webhooks".to_owned(), source };
            webhooks.run(&stop).map_err(failed)
        })
    }
}

/// Resolves once `stop` is set.
async fn stopped(stop: Arc<AtomicBool>) {
    const POLL: Duration = Duration::from_millis(50);
    while !stop.load(Ordering::Acquire) {
        tokio::time::sleep(POLL).await;
    }
}

fn catch_up(pipeline: &mut Pipeline, log: &dyn EventLog) -> Result<(), NodeError> {
    while pipeline.turn(log, None)? > 0 {}
    Ok(())
}

/// How far the audit steps back when cores are short: it lags and catches up, orders cannot.
const AUDIT_NICENESS: i32 = 10;

/// Lowers this thread's priority, and that of the threads it starts. Where that is not allowed nothing is lost but speed.
fn yield_to_orders() {
    if let Err(error) = rustix::process::setpriority_process(None, AUDIT_NICENESS) {
        tracing::info!(%error, "the audit runs at the node's own priority");
    }
}

/// What of the audit holds records that the log lost is kept under another name.
fn set_audit_aside(
    root: &Path,
    clickhouse: Option<&ClickHouseConfig>,
    end: Position,
) -> Result<Vec<PathBuf>, NodeError> {
    let paths = AuditPaths::below(root);
    let mut renamed = paths.set_aside_if_ahead(end)?;
    if let Some(config) = clickhouse {
        renamed.extend(paths.set_aside_clickhouse_if_ahead(config, end)?.map(PathBuf::from));
    }
    Ok(renamed)
}

/// Opens the audit of `root`, making keys where there are none yet; then also says where the initial key lies.
fn open_audit(
    log: &Arc<dyn EventLog>,
    root: &Path,
    clickhouse: Option<ClickHouseConfig>,
) -> Result<(AuditService, Option<PathBuf>), NodeError> {
    let dir = AuditPaths::below(root).keys;
    let made =
        if keys::KeyPaths::in_dir(&dir).epoch.exists() { None } else { Some(keys::init(&dir)?.initial) };
    let keys = keys::load(&dir)?;
    let service = match clickhouse {
        None => AuditService::open(&**log, root, keys)?,
        Some(config) => AuditService::open_with_clickhouse(Arc::clone(log), root, keys, config)?,
    };
    Ok((service, made))
}
