//! A role of a node as a process of its own: `assay log` has the log open, the others meet at it.
//!
//! ```text
//! assay gateway   assay risk   assay execution   assay audit   assay admin     one of each leads, others stand by
//!        \             \              |              /             /
//!         +-------------+--------- assay log -------+-------------+            files, or Apache Kafka
//! ```
//!
//! Each starts in any order and says what it waits for. A role leads while its connection to the log lasts: when the log is
//! lost, the process begins anew and waits for it; when a process is lost, the log gives its role to one that stands by.

mod ledger;
pub(crate) mod log;
mod pages;
mod standby;

use crate::cli::RoleArgs;
use crate::command::{Outcome, Signals, configuration};
use crate::config::Config;
use crate::health;
use crate::log_place::{self, OpenLog};
use crate::node::{self, DataDir, Node, NodeError, Pages, Parts};
use crate::process;
use assay_admin_api::TlsPort;
use assay_event_log::{EventLog, Granted, Lease, LogSecret, Recovery, RemoteConfig, RemoteLog};
use assay_pipeline::Stages;
use pages::PhasePages;
use standby::Standby;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// How often a signal, a lost log or a failed part is looked for.
const WATCH: Duration = Duration::from_millis(50);

/// Time between two tries to reach the log.
const RETRY: Duration = Duration::from_millis(250);

/// How long the log has to say that a role is free, before this process settles down to wait for it.
const FREE_WAIT: Duration = Duration::from_millis(500);

/// What a process is of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// FIX sessions.
    Gateway,
    /// Limits, holds, books.
    Risk,
    /// Matching.
    Execution,
    /// The books once more. It appends nothing, so there may be several.
    Ledger,
    /// Chain, seals, store.
    Audit,
    /// The back office.
    Admin,
}

impl Role {
    /// Its name in the log's leases, in file names and in what is said.
    fn name(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Risk => "risk",
            Self::Execution => "execution",
            Self::Ledger => "ledger",
            Self::Audit => "audit",
            Self::Admin => "admin",
        }
    }

    /// What of the pipeline it drives.
    fn stages(self) -> Option<Stages> {
        match self {
            Self::Risk => Some(Stages::Risk),
            Self::Execution => Some(Stages::Execution),
            Self::Gateway | Self::Ledger | Self::Audit | Self::Admin => None,
        }
    }
}

type Failure = Box<dyn std::error::Error>;

/// What a role begins with: the log as it is, and who stood by.
type Granting = (Recovery, Option<Standby>);

/// How a process of a role goes.
struct Process {
    role: Role,
    config: Config,
    data_dir: DataDir,
    address: String,
    secret: LogSecret,
    phase: Phase,
    signals: Signals,
}

/// `assay gateway`, `assay risk` ...: serves until a signal.
pub(crate) fn run(role: Role, args: &RoleArgs) -> Outcome {
    let config = configuration(&args.node)?;
    let (address, secret) = config.served_log().map_err(|fault| format!("configuration: {fault}"))?;
    let signals = Signals::heed()?;
    let data_dir = DataDir::new(&args.node.data_dir);
    let hold = log_place::lock(&data_dir.role(role.name()))?;
    let is_admin = role == Role::Admin;
    let listen = args.health.or(is_admin.then_some(config.admin.listen));
    // Other roles serve health and nothing else.
    let tls = health::protect(config.api_tls().filter(|_| is_admin)).map_err(NodeError::ApiTls)?;
    let phase = Phase::new(listen.map(|listen| (listen, tls)))?;
    let process = Process { role, config, data_dir, address, secret, phase, signals };
    let ended = process.lead_once()?;
    drop(hold);
    match ended {
        Ended::LogLost(why) if !process.is_stopped() => Err(begin_anew(&why).into()),
        Ended::Stopped | Ended::LogLost(_) => Ok(ExitCode::SUCCESS),
    }
}

enum Ended {
    Stopped,
    LogLost(Arc<str>),
}

/// Replaces this process by a new one of the same command: nothing that was derived from the log that is gone stays.
/// Returns only when that is not possible.
fn begin_anew(why: &str) -> std::io::Error {
    eprintln!("assay: {why}; beginning anew");
    match std::env::current_exe() {
        Ok(program) => std::process::Command::new(program).args(std::env::args_os().skip(1)).exec(),
        Err(error) => error,
    }
}

impl Process {
    /// Waits for the log and the role, and leads until one of them or the process ends.
    fn lead_once(&self) -> Result<Ended, Failure> {
        let Some(log) = self.reach() else { return Ok(Ended::Stopped) };
        let log = Arc::new(log);
        let ended = match self.role {
            Role::Ledger => ledger::keep(self, &log),
            _ => self.lead(&log),
        };
        match ended {
            Err(error) if error.is::<Lost>() => Ok(Ended::LogLost(error.to_string().into())),
            ended => ended,
        }
    }

    /// Connects, however long that takes; nothing when told to stop.
    fn reach(&self) -> Option<RemoteLog> {
        let config = RemoteConfig {
            address: self.address.clone(),
            secret: self.secret.clone(),
            holder: process::name(),
        };
        let lease = match self.role {
            Role::Ledger => Lease::None,
            role => Lease::Role(role.name().to_owned()),
        };
        while !self.is_stopped() {
            match RemoteLog::connect(config.clone(), &lease) {
                Ok(log) => return Some(log),
                Err(error) => self.phase.say(&format!("waiting: {}", crate::one_line(&error))),
            }
            std::thread::sleep(RETRY);
        }
        None
    }

    fn lead(&self, log: &Arc<RemoteLog>) -> Result<Ended, Failure> {
        let Some((recovery, standby)) = self.wait_for_role(log)? else { return Ok(Ended::Stopped) };
        self.phase.say(&format!("recovering as {}", self.role.name()));
        let shared: Arc<dyn EventLog> = Arc::clone(log) as _;
        let parts = self.parts(&shared, &recovery, standby);
        let open = OpenLog { log: Arc::clone(&shared), recovery, hold: None };
        let node = parts.and_then(|parts| Node::run_parts(&self.config, &self.data_dir, open, parts));
        let node = match node {
            // A leader that hangs may have it still: others can try meanwhile.
            Err(error) if is_taken(&error) => {
                self.phase.say(&format!("waiting: {}", crate::one_line(&error)));
                std::thread::sleep(RETRY);
                return Ok(Ended::LogLost(crate::one_line(&error).into()));
            }
            node => node.map_err(|error| lost_or(&*shared, error))?,
        };
        self.announce(&node)?;
        self.watch(node, &*shared)
    }

    /// Stands by while somebody else leads; nothing when told to stop.
    fn wait_for_role(&self, log: &Arc<RemoteLog>) -> Result<Option<Granting>, Failure> {
        if let Granted::Yes(recovery) = log.granted(FREE_WAIT).map_err(lost)? {
            return Ok(Some((*recovery, None)));
        }
        let mut standby = self.standby(log).map_err(|error| lost_or(&**log, error))?;
        while !self.is_stopped() {
            match log.granted(Duration::ZERO).map_err(lost)? {
                Granted::Yes(recovery) => return Ok(Some((*recovery, standby))),
                Granted::Not(holder) => {
                    let holder = holder.unwrap_or_else(|| "another process".to_owned());
                    self.phase.say(&format!("standing by: {holder} leads {}", self.role.name()));
                }
            }
            match &mut standby {
                Some(standby) => standby.turn(WATCH).map_err(|error| lost_or(&**log, error))?,
                None => std::thread::sleep(WATCH),
            }
        }
        Ok(None)
    }

    fn standby(&self, log: &Arc<RemoteLog>) -> Result<Option<Standby>, NodeError> {
        let Some(stages) = self.role.stages() else { return Ok(None) };
        Standby::begin(Arc::clone(log) as _, stages, &self.snapshots()).map(Some)
    }

    fn snapshots(&self) -> std::path::PathBuf {
        self.data_dir.role(self.role.name()).join("snapshots")
    }

    fn parts(
        &self,
        log: &Arc<dyn EventLog>,
        recovery: &Recovery,
        standby: Option<Standby>,
    ) -> Result<Parts, NodeError> {
        let mut parts = Parts { pages: Pages::Give(self.phase.pages()), ..Parts::default() };
        match self.role {
            Role::Gateway => parts.gateway = true,
            Role::Admin => parts.back_office = true,
            Role::Audit => {
                node::require_seal_keys(recovery, &self.data_dir)?;
                let (audit, made) = node::audit(log, &self.config, &self.data_dir)?;
                if let Some(key) = made {
                    println!("seal keys made; take the initial key off this machine: {}", key.display());
                }
                parts.audit = Some(audit);
            }
            Role::Risk | Role::Execution | Role::Ledger => {}
        }
        parts.prices = self.role == Role::Risk;
        if let Some(stages) = self.role.stages() {
            parts.pipeline = Some(match standby.and_then(|standby| standby.lead(recovery)) {
                Some((mut pipeline, snapshots)) => {
                    node::catch_up(&mut pipeline, &**log)?;
                    (pipeline, snapshots)
                }
                None => node::pipeline(log, stages, &self.snapshots(), recovery)?,
            });
        }
        Ok(parts)
    }

    /// Lines that scripts wait for; `leading` comes last, when everything works.
    fn announce(&self, node: &Node) -> std::io::Result<()> {
        let mut out = std::io::stdout().lock();
        if let Some(address) = node.fix_address() {
            writeln!(out, "listening on {address}")?;
        }
        drop(out);
        self.phase.say(&format!("leading {}", self.role.name()));
        Ok(())
    }

    fn watch(&self, node: Node, log: &dyn EventLog) -> Result<Ended, Failure> {
        while !self.is_stopped() {
            if self.signals.take_reload() {
                node.reload_certificates();
            }
            let failed = node.failure(WATCH);
            if let Some(why) = log.poisoned() {
                return Ok(Ended::LogLost(why));
            }
            if let Some(error) = failed {
                eprintln!("assay: {}", crate::one_line(&error));
                // What failed may hold locks that others wait for; the log is what counts and others have it.
                std::process::exit(1);
            }
        }
        println!("stopping");
        match node.stop() {
            Err(_) if log.poisoned().is_some() => println!("stopped; the log had gone before"),
            stopped => {
                stopped?;
                println!("stopped");
            }
        }
        Ok(Ended::Stopped)
    }

    fn is_stopped(&self) -> bool {
        self.signals.is_stopped()
    }
}

/// The log is lost: no fault of ours.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Lost(String);

fn lost(error: assay_event_log::RemoteError) -> Failure {
    Box::new(Lost(crate::one_line(&error)))
}

/// A part that fails because its log is lost has not failed.
fn lost_or(log: &dyn EventLog, error: NodeError) -> Failure {
    match log.poisoned() {
        Some(why) => Box::new(Lost(why.to_string())),
        None => Box::new(error),
    }
}

/// Whether an address that this process is to listen on is somebody else's.
fn is_taken(error: &NodeError) -> bool {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        if error.downcast_ref::<std::io::Error>().is_some_and(|e| e.kind() == std::io::ErrorKind::AddrInUse) {
            return true;
        }
        cause = error.source();
    }
    false
}

/// What the process is doing: said once when it changes, on standard output and to whoever asks whether it is ready.
struct Phase {
    pages: Option<PhasePages>,
    said: std::sync::Mutex<String>,
}

impl Phase {
    fn new(listen: Option<(std::net::SocketAddr, Option<TlsPort>)>) -> Result<Self, NodeError> {
        let pages = listen.map(|(listen, tls)| PhasePages::serve(listen, tls)).transpose()?;
        if let Some(pages) = &pages {
            println!("admin on {}", pages.address());
        }
        Ok(Self { pages, said: std::sync::Mutex::default() })
    }

    fn say(&self, what: &str) {
        let mut said = self.said.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if *said != what {
            println!("{what}");
            what.clone_into(&mut said);
            if let Some(pages) = &self.pages {
                pages.say(what);
            }
        }
    }

    /// Where the pages of the role go once it leads.
    fn pages(&self) -> Arc<std::sync::OnceLock<axum::Router>> {
        self.pages.as_ref().map(PhasePages::slot).unwrap_or_default()
    }
}
