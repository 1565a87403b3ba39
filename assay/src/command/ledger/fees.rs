//! `assay ledger fees ...`: what trades cost.

use crate::api_client::ApiArgs;
use crate::command::session::show;
use clap::{Args, Subcommand};
use serde_json::Value;
use std::path::PathBuf;

/// `assay ledger fees ...`
#[derive(Debug, Subcommand)]
pub(crate) enum FeesCommand {
    /// Schedules in force.
    List(ApiArgs),
    /// Set a schedule, or end it; a second person approves with `assay proposal approve`.
    Set(SetArgs),
}

/// `assay ledger fees set`
#[derive(Debug, Args)]
pub(crate) struct SetArgs {
    #[command(flatten)]
    api: ApiArgs,
    /// The schedule in JSON, as `PUT /api/v1/fee-schedules` takes it.
    file: PathBuf,
}

pub(super) fn run(command: &FeesCommand) -> Result<(), String> {
    match command {
        FeesCommand::List(api) => show(&api.call("GET", "/api/v1/fee-schedules", None)?),
        FeesCommand::Set(args) => {
            let name = args.file.display();
            let text = std::fs::read_to_string(&args.file)
                .map_err(|error| format!("cannot read {name}: {error}"))?;
            let body: Value =
                serde_json::from_str(&text).map_err(|error| format!("{name} is no JSON: {error}"))?;
            show(&args.api.call("PUT", "/api/v1/fee-schedules", Some(&body))?);
        }
    }
    Ok(())
}
