//! The embedded node: gateway, risk, execution, ledger and audit over one log in one process.
//!
//! ```text
//! thread gateway    sockets <-> sessions <-> log
//! thread pipeline   accounts, markets -> risk, execution -> log; clock ticks; snapshots
//! thread log-writer one write and one sync for whatever queued up (over Kafka: its client and what hears it)
//! thread prices    sources of reference prices, where there are any -> log
//! thread venue      one for each outside venue: durable requests -> its session -> log
//! thread audit      durable records -> chain -> seals; beside it audit-store: durable records -> SQLite
//! thread admin      the back office's API, /healthz /readyz /metrics; beside it commands (decides), kyc, mail and webhooks
//! ```
//! A thread that fails takes the node down: everything is derived from the log, so starting anew is the repair.

pub(crate) mod back_office;
mod fix_sessions;
pub(crate) mod force;
mod pipeline_thread;
mod venues;

use crate::clock;
use crate::config::{Config, Fault, LogKind};
use crate::health::{self, Vitals};
use crate::log_place::{self, OpenLog};
use crate::price_sources::PriceSources;
use assay_admin_api::{
    AlertService, Api, AuditLag, CommandProcessor, ComplianceService, FixSessionsPort, KycService,
    MailService, ReadModelBuilder, ReconciliationService, ReportService, TlsPort, WebhookService, mailer,
};
use assay_audit::clickhouse::ClickHouseConfig;
use assay_audit::{AuditPaths, AuditService, Progress, keys};
use assay_event_log::{Background, EventLog, Recovery};
use assay_pipeline::{Pipeline, Snapshot, SnapshotStore, Stages};
use assay_trading_types::{Position, Topic};
use axum::Router;
use pipeline_thread::PipelineThread;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, OnceLock};
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

    /// What a role as a process keeps apart from the others: its lock, its snapshots.
    pub(crate) fn role(&self, name: &str) -> PathBuf {
        self.0.join("roles").join(name)
    }

    /// Gateway snapshots.
    pub(crate) fn gateway(&self) -> PathBuf {
        self.0.join("gateway")
    }

    /// Sessions with outside venues.
    pub(crate) fn venues(&self) -> PathBuf {
        self.0.join("venues")
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
    /// Seals of one log are one chain, and so are their keys.
    #[error("the log has seals, and {} has no seal keys: put the newest ones back", .0.display())]
    NoSealKeys(PathBuf),
    /// A secret's file changed since the configuration was read.
    #[error("configuration: {0}")]
    Configuration(Fault),
    /// An outside venue.
    #[error("venues: {0}")]
    Venues(#[from] assay_venues::Error),
    /// The back office.
    #[error("back office: {0}")]
    BackOffice(#[from] assay_admin_api::Error),
    /// Certificates of the API.
    #[error("[admin.tls]: {0}")]
    ApiTls(#[source] fix_gateway::Error),
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

/// What a process runs over a log.
#[derive(Default)]
pub(crate) struct Parts {
    /// FIX sessions.
    pub(crate) gateway: bool,
    /// Risk, execution or both, caught up.
    pub(crate) pipeline: Option<(Pipeline, SnapshotStore)>,
    /// Sources of reference prices, if any are configured; beside risk.
    pub(crate) prices: bool,
    /// Chain, seals and store.
    pub(crate) audit: Option<AuditService>,
    /// The back office's API.
    pub(crate) back_office: bool,
    /// Health and metrics, with the API where there is one.
    pub(crate) pages: Pages,
}

/// Who serves the pages.
#[derive(Default)]
pub(crate) enum Pages {
    /// Nobody.
    #[default]
    None,
    /// The node, here.
    Listen(SocketAddr, Option<TlsPort>),
    /// Whoever has this.
    Give(Arc<OnceLock<Router>>),
}

/// A running node, or a part of one.
pub(crate) struct Node {
    log: Arc<dyn EventLog>,
    /// Outlives the log.
    hold: Option<Box<dyn Send + Sync>>,
    gateway: Option<fix_gateway::Handle>,
    admin_address: Option<SocketAddr>,
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
        let open = log_place::open(config, data_dir, accept_lost_tail)?;
        if let Some(torn) = &open.recovery.torn {
            // Said before anything else can go wrong: the next start finds nothing left to cut.
            tracing::warn!(file = torn.file, byte = torn.byte, bytes = torn.bytes, "cut a torn tail");
        }
        let log = Arc::clone(&open.log);
        let (mut pipeline, snapshots) = pipeline(&log, Stages::Both, &data_dir.snapshots(), &open.recovery)?;
        force::bring(config, &*log, data_dir)?;
        catch_up(&mut pipeline, &*log)?;
        let set_aside = match accept_lost_tail {
            true => {
                let clickhouse = config.clickhouse().map_err(NodeError::Configuration)?;
                set_audit_aside(data_dir.root(), clickhouse.as_ref(), open.recovery.end)?
            }
            false => Vec::new(),
        };
        // Over Kafka this node has already taken the log from another by now, and serves with keys of its own rather than not.
        if config.log.kind == LogKind::File {
            require_seal_keys(&open.recovery, data_dir)?;
        }
        let (audit, initial_key) = audit(&log, config, data_dir)?;
        let parts = Parts {
            gateway: true,
            pipeline: Some((pipeline, snapshots)),
            prices: true,
            audit: Some(audit),
            back_office: config.admin.back_office,
            pages: Pages::Listen(
                config.admin.listen,
                health::protect(config.api_tls()).map_err(NodeError::ApiTls)?,
            ),
        };
        Ok(Self { initial_key, set_aside, ..Self::run_parts(config, data_dir, open, parts)? })
    }

    /// Runs `parts` over a log that the configuration is in force in.
    ///
    /// # Errors
    /// An address is taken, or a part cannot recover.
    pub(crate) fn run_parts(
        config: &Config,
        data_dir: &DataDir,
        open: OpenLog,
        parts: Parts,
    ) -> Result<Self, NodeError> {
        let OpenLog { log, recovery, hold } = open;
        let gateway = match parts.gateway {
            true => Some(gateway(config, data_dir, &log)?),
            false => None,
        };
        // Venues' sessions are where counterparties' are.
        let venues = match parts.gateway {
            true => venues::of(config, data_dir)?,
            false => Vec::new(),
        };
        let back_office = match parts.back_office {
            true => {
                let asker = gateway.as_ref().map(fix_gateway::Handle::asker);
                let sessions = fix_sessions::GatewaySessions { asker, config: config.clone() };
                let sessions = FixSessionsPort::new(Arc::new(sessions));
                Some(back_office::open(config, data_dir, Arc::clone(&log), sessions, parts.audit.is_some())?)
            }
            false => None,
        };
        let prices = match &parts.pipeline {
            Some((pipeline, _)) if parts.prices => {
                PriceSources::open(config, &log, |symbol| pipeline.risk().reference_price(symbol))?
            }
            _ => None,
        };
        let vitals = Arc::new(Vitals {
            prices: prices.as_ref().map(PriceSources::statistics),
            gateway: gateway.as_ref().map(fix_gateway::Handle::statistics),
            venues: venues.iter().map(|(_, vitals)| Arc::clone(vitals)).collect(),
            back_office: back_office.as_ref().map(|(api, _)| Arc::clone(api)),
            has_pipeline: parts.pipeline.is_some(),
            has_audit: parts.audit.is_some(),
            ..Vitals::new(data_dir.root().to_owned(), Arc::clone(&log))
        });
        let (ended_sender, ended) = mpsc::channel();
        let mut node = Self {
            log,
            hold,
            gateway,
            admin_address: None,
            stop: Arc::new(AtomicBool::new(false)),
            threads: Vec::new(),
            ended,
            ended_sender,
            recovery,
            initial_key: None,
            set_aside: Vec::new(),
        };
        match parts.pages {
            Pages::None => {}
            Pages::Listen(listen, tls) => node.run_admin(listen, tls, &vitals)?,
            Pages::Give(pages) => _ = pages.set(health::app(Arc::clone(&vitals))),
        }
        if let Some((api, read_model)) = back_office {
            // The vitals hold the API: it must not hold them, or neither would ever be dropped.
            let told = Arc::downgrade(&vitals);
            api.heed_node(Box::new(move || {
                told.upgrade().map(|vitals| vitals.figures()).unwrap_or_default()
            }));
            let seen = Arc::clone(&vitals);
            node.run_back_office(api, read_model, Box::new(move || seen.audit_lag()))?;
        }
        if let Some(audit) = parts.audit {
            node.run_audit(audit, Arc::clone(&vitals))?;
        }
        if let Some((pipeline, snapshots)) = parts.pipeline {
            node.run_pipeline(pipeline, snapshots, config.log.snapshot_records, Arc::clone(&vitals))?;
        }
        if let Some(prices) = prices {
            let stop = Arc::clone(&node.stop);
            node.run("prices", move || prices.run(&stop))?;
        }
        for (venue, vitals) in venues {
            node.run_venue(venue, vitals)?;
        }
        vitals.ready.store(true, Ordering::Release);
        Ok(node)
    }

    /// Address that FIX sessions connect to, where they do.
    pub(crate) fn fix_address(&self) -> Option<SocketAddr> {
        self.gateway.as_ref().map(fix_gateway::Handle::local_addr)
    }

    /// Address of health and metrics, where they are served.
    pub(crate) fn admin_address(&self) -> Option<SocketAddr> {
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
        if let Some(gateway) = &self.gateway {
            gateway.reload_certificates();
        }
    }

    /// Logs sessions out, drains what is under way, writes snapshots and seals, and stops.
    ///
    /// # Errors
    /// A part failed while stopping.
    pub(crate) fn stop(self) -> Result<(), NodeError> {
        let Self { gateway, stop, threads, ended, ended_sender, log, hold, .. } = self;
        let gateway = gateway.map_or(Ok(()), |gateway| gateway.stop().map_err(NodeError::from));
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

    fn run_pipeline(
        &mut self,
        pipeline: Pipeline,
        snapshots: SnapshotStore,
        snapshot_records: u64,
        vitals: Arc<Vitals>,
    ) -> Result<(), NodeError> {
        let (log, stop) = (Arc::clone(&self.log), Arc::clone(&self.stop));
        let turn = PipelineThread { pipeline, log, snapshots, snapshot_records, vitals, stop };
        self.run("pipeline", move || turn.run())
    }

    fn run_audit(&mut self, audit: AuditService, vitals: Arc<Vitals>) -> Result<(), NodeError> {
        let (log, stop) = (Arc::clone(&self.log), Arc::clone(&self.stop));
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

    fn run_admin(
        &mut self,
        listen: SocketAddr,
        tls: Option<TlsPort>,
        vitals: &Arc<Vitals>,
    ) -> Result<(), NodeError> {
        let io = |doing: String| move |source| NodeError::Io { doing, source };
        let bound = health::bind(listen).map_err(io(format!("listen on {listen} ([admin] listen)")))?;
        let (listener, address) = bound;
        self.admin_address = Some(address);
        let (ended, api) = (stopped(Arc::clone(&self.stop)), vitals.back_office.clone());
        let ended = async move {
            ended.await;
            if let Some(api) = api {
                api.close_live().await;
            }
        };
        let router = health::app(Arc::clone(vitals));
        self.run("admin", move || {
            health::serve(listener, tls, router, ended).map_err(io("serve the API".to_owned()))
        })
    }

    /// Decides on commands, keeps the read model up, and sends the mail that follows.
    fn run_back_office(
        &mut self,
        api: Arc<Api>,
        read_model: ReadModelBuilder,
        audit_lag: AuditLag,
    ) -> Result<(), NodeError> {
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
        let (stop, reports) = (Arc::clone(&self.stop), ReportService::new(Arc::clone(&api)));
        self.run("reports", move || {
            yield_to_orders();
            reports.run(&stop);
            Ok(())
        })?;
        let (stop, books) = (Arc::clone(&self.stop), ReconciliationService::new(Arc::clone(&api)));
        self.run("reconciliation", move || {
            yield_to_orders();
            books.run(&stop);
            Ok(())
        })?;
        let (stop, checks) = (Arc::clone(&self.stop), ComplianceService::new(Arc::clone(&api)));
        self.run("compliance", move || {
            yield_to_orders();
            checks.run(&stop);
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
        let stop_alerts = Arc::clone(&self.stop);
        let alerts = AlertService::new(Arc::clone(&api), audit_lag);
        self.run("alerts", move || {
            yield_to_orders();
            alerts.run(&stop_alerts);
            Ok(())
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

pub(crate) fn catch_up(pipeline: &mut Pipeline, log: &dyn EventLog) -> Result<(), NodeError> {
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

/// Whether `data_dir` can seal.
fn has_seal_keys(data_dir: &DataDir) -> bool {
    keys::KeyPaths::in_dir(&AuditPaths::below(data_dir.root()).keys).epoch.exists()
}

/// Refuses a log with seals without the keys that they were made with: seals of one log are one chain, and so are their keys.
pub(crate) fn require_seal_keys(recovery: &Recovery, data_dir: &DataDir) -> Result<(), NodeError> {
    let has_seals = recovery.next_offsets.next(Topic::Seals, 0) > 0;
    match has_seals && !has_seal_keys(data_dir) {
        true => Err(NodeError::NoSealKeys(AuditPaths::below(data_dir.root()).keys)),
        false => Ok(()),
    }
}

/// Opens the audit, making keys where there are none yet; then also says where the initial key lies.
pub(crate) fn audit(
    log: &Arc<dyn EventLog>,
    config: &Config,
    data_dir: &DataDir,
) -> Result<(AuditService, Option<PathBuf>), NodeError> {
    let root = data_dir.root();
    let dir = AuditPaths::below(root).keys;
    let made = if has_seal_keys(data_dir) { None } else { Some(keys::init(&dir)?.initial) };
    let keys = keys::load(&dir)?;
    let service = match config.clickhouse().map_err(NodeError::Configuration)? {
        None => AuditService::open(&**log, root, keys)?,
        Some(config) => AuditService::open_with_clickhouse(Arc::clone(log), root, keys, config)?,
    };
    Ok((service, made))
}

/// What stands in `snapshots` and the log behind it, caught up.
pub(crate) fn pipeline(
    log: &Arc<dyn EventLog>,
    stages: Stages,
    snapshots: &Path,
    recovery: &Recovery,
) -> Result<(Pipeline, SnapshotStore), NodeError> {
    let snapshots = SnapshotStore::open(snapshots)?;
    let snapshot = newest_snapshot(&snapshots, &**log)?;
    let mut pipeline = Pipeline::recover(log, stages, snapshot.as_ref(), recovery.last_origins.clone())?;
    drop(snapshot);
    catch_up(&mut pipeline, &**log)?;
    Ok((pipeline, snapshots))
}

/// The newest one that stands on nothing that the log does not hold.
pub(crate) fn newest_snapshot(
    snapshots: &SnapshotStore,
    log: &dyn EventLog,
) -> Result<Option<Snapshot>, NodeError> {
    let skipped = |file: &Path, error: &assay_pipeline::Error| {
        tracing::warn!(file = %file.display(), %error, "snapshot not usable, an older one or the whole log is replayed");
    };
    Ok(snapshots.newest(log.end(), skipped)?)
}

fn gateway(
    config: &Config,
    data_dir: &DataDir,
    log: &Arc<dyn EventLog>,
) -> Result<fix_gateway::Handle, NodeError> {
    let mut fix = config.gateway_config().map_err(NodeError::Configuration)?;
    fix.snapshot_dir = Some(data_dir.gateway());
    fix.snapshot_records = fix.snapshot_records.min(config.log.snapshot_records);
    fix.wall_clock = fix_gateway::WallClock(|| clock::now().as_ns());
    Ok(fix_gateway::spawn(fix, Arc::clone(log))?)
}
