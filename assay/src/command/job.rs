//! `assay job ...`: what runs by the clock on a running node.

use super::Outcome;
use super::session::show;
use crate::api_client::ApiArgs;
use clap::{Args, Subcommand};
use serde_json::json;
use std::process::ExitCode;

/// `assay job ...`
#[derive(Debug, Subcommand)]
pub(crate) enum JobCommand {
    /// Jobs with their last and next runs.
    List(ApiArgs),
    /// Run one now.
    Run(RunArgs),
}

/// One job.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    api: ApiArgs,
    /// Its name, as listed.
    name: String,
}

pub(crate) fn run(command: &JobCommand) -> Outcome {
    let answer = match command {
        JobCommand::List(api) => api.call("GET", "/api/v1/system/jobs", None)?,
        JobCommand::Run(args) => {
            args.api.call("POST", &format!("/api/v1/system/jobs/{}/run", args.name), Some(&json!({})))?
        }
    };
    show(&answer);
    Ok(ExitCode::SUCCESS)
}
