//! `assay risk locate ...`: located shares for short sales on a running node, by two persons.

use crate::api_client::ApiArgs;
use crate::command::Outcome;
use crate::command::session::show;
use clap::{Args, Subcommand};
use serde_json::json;
use std::process::ExitCode;

const PLACE: &str = "/api/v1/risk/locates";

/// `assay risk locate ...`
#[derive(Debug, Subcommand)]
pub(crate) enum LocateCommand {
    /// Ask that an account may sell located shares short. They count when somebody else approves of it.
    Propose(ProposeArgs),
    /// Let them count. Never by whoever asked.
    Approve(WordArgs),
    /// Turn them down. Never by whoever asked.
    Decline(WordArgs),
    /// Give back what a locate has left; working short sales that rest on it are cancelled.
    Release(WordArgs),
}

/// `assay risk locate propose`
#[derive(Debug, Args)]
pub(crate) struct ProposeArgs {
    #[command(flatten)]
    api: ApiArgs,
    /// A name for the locate, never used twice.
    locate: String,
    /// The account's firm.
    #[arg(long)]
    firm: String,
    /// Who may sell short; the firm's account of the same name when left out.
    #[arg(long)]
    account: Option<String>,
    /// What is located.
    #[arg(long)]
    symbol: String,
    /// How much of it.
    #[arg(long)]
    qty: String,
    /// Who lends it.
    #[arg(long)]
    lender: String,
    /// Until when the lender's word holds, RFC 3339.
    #[arg(long)]
    until: jiff::Timestamp,
    /// On what grounds, for the record.
    #[arg(long)]
    reason: String,
}

/// A word on a locate.
#[derive(Debug, Args)]
pub(crate) struct WordArgs {
    #[command(flatten)]
    api: ApiArgs,
    /// The name of the locate.
    locate: String,
    /// Why, for the record.
    #[arg(long)]
    reason: String,
}

pub(crate) fn run(command: &LocateCommand) -> Outcome {
    match command {
        LocateCommand::Propose(args) => propose(args)?,
        LocateCommand::Approve(args) => args.say("approve")?,
        LocateCommand::Decline(args) => args.say("decline")?,
        LocateCommand::Release(args) => args.say("release")?,
    }
    Ok(ExitCode::SUCCESS)
}

fn propose(args: &ProposeArgs) -> Result<(), Box<dyn std::error::Error>> {
    let body = json!({
        "locate": args.locate, "firm": args.firm, "account": args.account.as_ref().unwrap_or(&args.firm),
        "symbol": args.symbol, "qty": args.qty, "lender": args.lender,
        "valid_until": i64::try_from(args.until.as_nanosecond())?, "reason": args.reason,
    });
    show(&args.api.call("POST", PLACE, Some(&body))?);
    Ok(())
}

impl WordArgs {
    fn say(&self, word: &str) -> Result<(), String> {
        let path = format!("{PLACE}/{}/{word}", self.locate);
        show(&self.api.call("POST", &path, Some(&json!({ "reason": self.reason })))?);
        Ok(())
    }
}
