//! The commands, one a file.

pub(crate) mod audit;
pub(crate) mod certs;
pub(crate) mod check;
pub(crate) mod echo;
pub(crate) mod keys;
pub(crate) mod ledger;
pub(crate) mod loan;
pub(crate) mod proposal;
pub(crate) mod risk;
pub(crate) mod session;
pub(crate) mod sim;
pub(crate) mod topics;
pub(crate) mod trade;
pub(crate) mod up;
pub(crate) mod user;

use crate::cli::NodeArgs;
use crate::config::{Config, ConfigError, Overrides};
use std::process::ExitCode;

/// How a command ends.
pub(crate) type Outcome = Result<ExitCode, Box<dyn std::error::Error>>;

/// The configuration that `assay up` uses when none is named: two sessions of two firms on loopback.
const DEVELOPMENT: &str = include_str!("../../docs/example.toml");

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
