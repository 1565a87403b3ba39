//! `assay risk ...`: what risk decided and why, from the log alone; and what a running node's risk is to decide.

mod explain;
mod govern;
mod locate;
mod review;

use super::Outcome;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// `assay risk ...`
#[derive(Debug, Subcommand)]
pub(crate) enum RiskCommand {
    /// Why an order was accepted or refused: limits, inputs and outcome, decided again from the log.
    Explain(ExplainArgs),
    /// Evidence for the annual review: changes of limits, breaches, overrides, stops.
    Review(ReviewArgs),
    /// Stop a scope of a running node, or let it go on.
    Switch(govern::SwitchArgs),
    /// Other limits on a running node, by two persons.
    #[command(subcommand)]
    Limits(govern::LimitsCommand),
    /// Close the breaker that repeated executions opened on a running node.
    ResetBreaker(govern::BreakerArgs),
    /// Located shares for short sales on a running node, by two persons.
    #[command(subcommand)]
    Locate(locate::LocateCommand),
}

/// `assay risk explain`
#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// An OrderID, or the ClOrdID of a new order or of a replace.
    order: String,
    /// Where the log is; its node may be running.
    #[arg(long, env = "ASSAY_DATA_DIR", default_value = "assay-data")]
    data_dir: PathBuf,
    /// Configuration file, for `[log]`.
    #[arg(long, env = "ASSAY_CONFIG")]
    config: Option<PathBuf>,
}

/// `assay risk review`
#[derive(Debug, Args)]
pub(crate) struct ReviewArgs {
    /// Earliest time, RFC 3339, included.
    #[arg(long)]
    from: String,
    /// Latest time, RFC 3339, left out.
    #[arg(long)]
    to: String,
    /// Where the log is; its node may be running.
    #[arg(long, env = "ASSAY_DATA_DIR", default_value = "assay-data")]
    data_dir: PathBuf,
    /// Configuration file, for `[log]`.
    #[arg(long, env = "ASSAY_CONFIG")]
    config: Option<PathBuf>,
}

pub(crate) fn run(command: &RiskCommand) -> Outcome {
    match command {
        RiskCommand::Explain(args) => explain::run(args),
        RiskCommand::Review(args) => review::run(args),
        RiskCommand::Switch(args) => govern::switch(args),
        RiskCommand::Limits(command) => govern::limits(command),
        RiskCommand::ResetBreaker(args) => govern::reset_breaker(args),
        RiskCommand::Locate(command) => locate::run(command),
    }
}
