//! `assay proposal ...`: what waits for a second person on a running node.

use super::Outcome;
use super::session::show;
use crate::api_client::ApiArgs;
use clap::{Args, Subcommand};
use serde_json::json;
use std::process::ExitCode;

/// `assay proposal ...`
#[derive(Debug, Subcommand)]
pub(crate) enum ProposalCommand {
    /// What waits.
    List(ApiArgs),
    /// Let it take effect. Never by whoever proposed it.
    Approve(VerdictArgs),
    /// Turn it down. Never by whoever proposed it.
    Reject(VerdictArgs),
    /// Take it back. Only by whoever proposed it.
    Withdraw(VerdictArgs),
}

/// A word on a proposal.
#[derive(Debug, Args)]
pub(crate) struct VerdictArgs {
    #[command(flatten)]
    api: ApiArgs,
    /// The proposal, `prp_...`.
    proposal: String,
    /// Why, for the record.
    #[arg(long)]
    reason: String,
}

pub(crate) fn run(command: &ProposalCommand) -> Outcome {
    match command {
        ProposalCommand::List(api) => show(&api.call("GET", "/api/v1/proposals?status=open", None)?),
        ProposalCommand::Approve(args) => args.say("approve")?,
        ProposalCommand::Reject(args) => args.say("reject")?,
        ProposalCommand::Withdraw(args) => args.say("withdraw")?,
    }
    Ok(ExitCode::SUCCESS)
}

impl VerdictArgs {
    fn say(&self, word: &str) -> Result<(), String> {
        let path = format!("/api/v1/proposals/{}/{word}", self.proposal);
        show(&self.api.call("POST", &path, Some(&json!({ "reason": self.reason })))?);
        Ok(())
    }
}
