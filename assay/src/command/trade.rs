//! `assay trade ...`: what operations do to trades. On a stopped node at once, and the next start tells everybody; on a running
//! one by its API.

use super::session::show;
use super::{Outcome, configuration};
use crate::api_client::ApiArgs;
use crate::cli::NodeArgs;
use crate::clock;
use crate::log_place::{self, OpenLog};
use crate::node::DataDir;
use assay_audit::TradeLookup;
use assay_event_log::{EventLog, NewRecord};
use assay_trading_types::{
    Actor, CommandId, Event, ExecId, Position, Price, Topic, TradeBustRequested, TradeCorrectionRequested,
    TradeSide,
};
use clap::{Args, Subcommand};
use serde_json::json;
use std::process::ExitCode;
use std::time::Duration;

/// Records read at once.
const CHUNK_RECORDS: usize = 4_096;

/// Longest wait for the disk.
const DISK_MAX: Duration = Duration::from_secs(60);

/// `assay trade ...`
#[derive(Debug, Subcommand)]
pub(crate) enum TradeCommand {
    /// Undo a trade: both sides get 150=H, and the postings of its settlement are turned back.
    Bust(BustArgs),
    /// Give a trade another price: both sides get 150=G, and the difference is posted.
    Correct(CorrectArgs),
    /// Ask a running node for either. It waits for a second person (`assay proposal approve`), whom the market then answers.
    Propose(ProposeArgs),
}

/// `assay trade propose`
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true))]
pub(crate) struct ProposeArgs {
    #[command(flatten)]
    api: ApiArgs,
    /// ExecID(17) of either side's fill.
    #[arg(value_parser = exec_id)]
    exec_id: ExecId,
    /// Undo the trade.
    #[arg(long, group = "what")]
    bust: bool,
    /// Give it this price.
    #[arg(long, group = "what")]
    price: Option<Price>,
    /// Why, for the record.
    #[arg(long)]
    reason: String,
}

/// `assay trade bust`
#[derive(Debug, Args)]
pub(crate) struct BustArgs {
    #[command(flatten)]
    pub(crate) node: NodeArgs,
    /// ExecID(17) of either side's fill.
    #[arg(long, value_parser = exec_id)]
    pub(crate) exec_id: ExecId,
    /// Who asks.
    #[arg(long)]
    pub(crate) by: String,
    /// Who agrees: somebody else.
    #[arg(long)]
    pub(crate) approved_by: String,
    /// Why, for the record.
    #[arg(long)]
    pub(crate) reason: String,
}

/// `assay trade correct`
#[derive(Debug, Args)]
pub(crate) struct CorrectArgs {
    #[command(flatten)]
    pub(crate) bust: BustArgs,
    /// The price that the trade is to have.
    #[arg(long)]
    pub(crate) price: Price,
}

fn exec_id(text: &str) -> Result<ExecId, String> {
    ExecId::parse(text).ok_or_else(|| format!("{text} is no ExecID, they look like E000000000000002D"))
}

pub(crate) fn run(command: &TradeCommand) -> Outcome {
    match command {
        TradeCommand::Bust(args) => amend(args, None),
        TradeCommand::Correct(args) => amend(&args.bust, Some(args.price)),
        TradeCommand::Propose(args) => propose(args),
    }
}

fn propose(args: &ProposeArgs) -> Outcome {
    let (word, body) = match args.price {
        None => ("bust", json!({ "reason": args.reason })),
        Some(price) => ("correct", json!({ "reason": args.reason, "price": price.to_string() })),
    };
    show(&args.api.call("POST", &format!("/api/v1/executions/{}/{word}", args.exec_id), Some(&body))?);
    Ok(ExitCode::SUCCESS)
}

fn amend(args: &BustArgs, price: Option<Price>) -> Outcome {
    if args.by == args.approved_by || args.reason.trim().is_empty() {
        return Err("it takes two persons and a reason".into());
    }
    let actor = Actor::new(&format!("operator:{}", args.by)).map_err(|e| format!("--by: {e}"))?;
    let config = configuration(&args.node)?;
    let data_dir = DataDir::new(&args.node.data_dir);
    let OpenLog { log, hold: _hold, .. } = log_place::open(&config, &data_dir, false)?;
    let sides = find(&*log, args.exec_id)?
        .ok_or_else(|| format!("{} reported no trade that is settled", args.exec_id))?;
    let reason = format!("{} (approved by {})", args.reason, args.approved_by);
    let (symbol, trade) = (sides[0].terms.symbol, sides[0].fill.trade);
    let command = Some(command_at(log.end())?);
    let event: Event = match price {
        None => TradeBustRequested { symbol, trade, sides, reason, command }.into(),
        Some(price) => TradeCorrectionRequested { symbol, trade, sides, price, reason, command }.into(),
    };
    let mut records = vec![NewRecord::first(Topic::Markets, actor, clock::now(), event)];
    let target = Position(log.append(&mut records)?.0 + 1);
    if log.wait_durable(target, DISK_MAX)? < target {
        return Err("the disk does not take it".into());
    }
    println!("trade {trade} of {symbol}: asked; the next start decides");
    Ok(ExitCode::SUCCESS)
}

/// A name for what is asked, which the market's answer carries: unique, for nobody else writes at this place of the log.
fn command_at(end: Position) -> Result<CommandId, String> {
    CommandId::new(&format!("trade_{:016x}", end.0)).map_err(|e| e.to_string())
}

fn find(
    log: &dyn EventLog,
    exec_id: ExecId,
) -> Result<Option<Box<[TradeSide; 2]>>, Box<dyn std::error::Error>> {
    let mut lookup = TradeLookup::new(exec_id);
    let mut reader = log.reader(&[Topic::Accounts, Topic::Ledger], Position(0), false)?;
    let mut chunk = Vec::with_capacity(CHUNK_RECORDS);
    while reader.poll(&mut chunk, CHUNK_RECORDS)? > 0 {
        for record in chunk.drain(..) {
            lookup.note(&record, &*record.decode()?);
        }
    }
    Ok(lookup.sides())
}
