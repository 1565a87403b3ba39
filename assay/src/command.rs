//! The commands, one a file.

pub(crate) mod audit;
pub(crate) mod certs;
pub(crate) mod check;
pub(crate) mod echo;
pub(crate) mod job;
pub(crate) mod keys;
pub(crate) mod kyc;
pub(crate) mod ledger;
pub(crate) mod loan;
pub(crate) mod notify;
pub(crate) mod proposal;
pub(crate) mod report;
pub(crate) mod risk;
pub(crate) mod session;
pub(crate) mod sim;
pub(crate) mod topics;
pub(crate) mod trade;
pub(crate) mod up;
pub(crate) mod user;
pub(crate) mod venue;

use crate::cli::NodeArgs;
use crate::config::{Config, ConfigError, Overrides};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// How a command ends.
pub(crate) type Outcome = Result<ExitCode, Box<dyn std::error::Error>>;

/// The configuration that `assay up` uses when none is named: two sessions of two firms on loopback.
const DEVELOPMENT: &str = include_str!("../../docs/example.toml");

/// What a process that serves is told from outside.
pub(crate) struct Signals {
    /// To end, in order.
    stop: Arc<AtomicBool>,
    /// To read certificates and revocations anew.
    reload: Arc<AtomicBool>,
}

impl Signals {
    /// SIGINT and SIGTERM stop, SIGHUP reloads.
    pub(crate) fn heed() -> std::io::Result<Self> {
        let (stop, reload) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        for signal in [SIGINT, SIGTERM] {
            signal_hook::flag::register(signal, Arc::clone(&stop))?;
        }
        signal_hook::flag::register(SIGHUP, Arc::clone(&reload))?;
        Ok(Self { stop, reload })
    }

    /// Whether to end.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }

    /// Whether to reload, which is asked for once.
    pub(crate) fn take_reload(&self) -> bool {
        self.reload.swap(false, Ordering::AcqRel)
    }
}

/// The configuration in `file`, or the development one.
pub(crate) fn configuration_or_none(file: Option<&std::path::Path>) -> Result<Config, ConfigError> {
    let args = NodeArgs { config: file.map(Into::into), data_dir: Default::default(), set: Vec::new() };
    configuration(&args)
}

/// The configuration that `args` name.
pub(crate) fn configuration(args: &NodeArgs) -> Result<Config, ConfigError> {
    let overrides = Overrides::new(std::env::vars(), &args.set)?;
    match &args.config {
        Some(file) => Config::load(file, &overrides),
        None => Config::parse(std::path::Path::new("the development configuration"), DEVELOPMENT, &overrides),
    }
}
