//! `assay ledger interest ...`: what the house pays on balances.

use crate::api_client::ApiArgs;
use crate::command::session::show;
use clap::{Args, Subcommand};
use serde_json::json;

/// `assay ledger interest ...`
#[derive(Debug, Subcommand)]
pub(crate) enum InterestCommand {
    /// Rates in force.
    List(ApiArgs),
    /// Set a rate, or end it with 0; a second person approves with `assay proposal approve`.
    Set(SetArgs),
}

/// `assay ledger interest set`
#[derive(Debug, Args)]
pub(crate) struct SetArgs {
    #[command(flatten)]
    api: ApiArgs,
    /// Currency or symbol.
    asset: String,
    /// A year, a fraction: 0.0425 is 4.25 %.
    rate: String,
    /// `act365_fixed`, `act360`, `thirty360_eurobond` or `act_act_isda`.
    #[arg(long, default_value = "act365_fixed")]
    day_count: String,
}

pub(super) fn run(command: &InterestCommand) -> Result<(), String> {
    match command {
        InterestCommand::List(api) => show(&api.call("GET", "/api/v1/balance-interest", None)?),
        InterestCommand::Set(args) => {
            let body = json!({"asset": args.asset, "rate": args.rate, "day_count": args.day_count});
            show(&args.api.call("PUT", "/api/v1/balance-interest", Some(&body))?);
        }
    }
    Ok(())
}
