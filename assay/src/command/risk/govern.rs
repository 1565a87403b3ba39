//! `assay risk switch` and `assay risk limits ...`: commands to a running node that its risk decides on.

use crate::api_client::ApiArgs;
use crate::command::Outcome;
use crate::command::session::show;
use crate::config::table_in;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::ExitCode;

/// `assay risk switch`
#[derive(Debug, Args)]
pub(crate) struct SwitchArgs {
    #[command(flatten)]
    api: ApiArgs,
    /// `all`, or `firm=`, `account=`, `session=` (a CompID), `instrument=` and a name.
    scope: String,
    /// `open`, `reduce_only`, `cancel_only` or `killed`, which also cancels what works.
    state: String,
    /// Why, for the record and for whoever is refused.
    #[arg(long)]
    reason: String,
}

/// `assay risk limits ...`
#[derive(Debug, Subcommand)]
pub(crate) enum LimitsCommand {
    /// Ask for other limits. They hold when somebody else approves of them.
    Propose(ProposeArgs),
    /// Approve of them. Never by whoever asked.
    Approve(DecideArgs),
    /// Turn them down. Never by whoever asked.
    Decline(DecideArgs),
}

/// `assay risk limits propose`
#[derive(Debug, Args)]
pub(crate) struct ProposeArgs {
    #[command(flatten)]
    api: ApiArgs,
    /// A name for the change, never used twice.
    change: String,
    /// `house`, or `firm=`, `account=` and a name.
    scope: String,
    /// TOML with all limits as they shall be, by the names of `limits.change_proposed.v1`.
    #[arg(long)]
    limits: PathBuf,
    /// Until when they hold, RFC 3339; for good when left out.
    #[arg(long)]
    until: Option<jiff::Timestamp>,
    /// At once on one person's word; must end within an hour.
    #[arg(long)]
    emergency: bool,
    /// Why, for the record.
    #[arg(long)]
    reason: String,
}

/// A word on other limits.
#[derive(Debug, Args)]
pub(crate) struct DecideArgs {
    #[command(flatten)]
    api: ApiArgs,
    /// The name of the change.
    change: String,
    /// Why, for the record.
    #[arg(long)]
    reason: String,
}

pub(crate) fn switch(args: &SwitchArgs) -> Outcome {
    let body = json!({ "scope": scope(&args.scope), "state": args.state, "reason": args.reason });
    show(&args.api.call("PUT", "/api/v1/risk/switches", Some(&body))?);
    Ok(ExitCode::SUCCESS)
}

/// `assay risk reset-breaker`
#[derive(Debug, Args)]
pub(crate) struct BreakerArgs {
    #[command(flatten)]
    api: ApiArgs,
    /// The firm.
    firm: String,
    /// Its account.
    account: String,
    /// The instrument.
    symbol: String,
    /// Why, for the record.
    #[arg(long)]
    reason: String,
}

pub(crate) fn reset_breaker(args: &BreakerArgs) -> Outcome {
    let BreakerArgs { firm, account, symbol, reason, .. } = args;
    let body = json!({ "firm": firm, "account": account, "symbol": symbol, "reason": reason });
    show(&args.api.call("POST", "/api/v1/risk/breakers/reset", Some(&body))?);
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn limits(command: &LimitsCommand) -> Outcome {
    match command {
        LimitsCommand::Propose(args) => {
            let until_ns = args.until.map(|until| i64::try_from(until.as_nanosecond())).transpose()?;
            let body = json!({
                "change": args.change, "scope": scope(&args.scope), "limits": table_in(&args.limits)?,
                "valid_until": until_ns, "emergency": args.emergency, "reason": args.reason,
            });
            show(&args.api.call("POST", PLACE, Some(&body))?);
        }
        LimitsCommand::Approve(args) => args.say("approve")?,
        LimitsCommand::Decline(args) => args.say("decline")?,
    }
    Ok(ExitCode::SUCCESS)
}

const PLACE: &str = "/api/v1/risk/limit-changes";

impl DecideArgs {
    fn say(&self, word: &str) -> Result<(), String> {
        let path = format!("{PLACE}/{}/{word}", self.change);
        show(&self.api.call("POST", &path, Some(&json!({ "reason": self.reason })))?);
        Ok(())
    }
}

/// `firm=FIRM1` as records have it.
fn scope(text: &str) -> Value {
    match text.split_once('=') {
        Some((kind, name)) => json!({ kind: name }),
        None => text.into(),
    }
}
