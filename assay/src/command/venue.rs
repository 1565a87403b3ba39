//! `assay venue ...`: a broker's statement held against what the log has for it.

use super::{Outcome, configuration};
use crate::cli::NodeArgs;
use crate::clock;
use crate::log_place::{self, OpenLog};
use crate::node::DataDir;
use assay_audit::parse_time;
use assay_event_log::{LastOrigins, NewRecord};
use assay_trading_types::{Actor, Event, Kind, Position, Topic, VenueDiffered, VenueId};
use assay_venues::{Statement, VenueFills};
use clap::{Args, Subcommand};
use std::fs::File;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Longest wait for the disk.
const DISK_MAX: Duration = Duration::from_secs(60);

/// `assay venue ...`
#[derive(Debug, Subcommand)]
pub(crate) enum VenueCommand {
    /// Compare a broker's statement of its fills, a CSV, with ours; exits 1 when they differ.
    Compare(CompareArgs),
}

/// `assay venue compare`
#[derive(Debug, Args)]
pub(crate) struct CompareArgs {
    #[command(flatten)]
    node: NodeArgs,
    /// The venue.
    #[arg(long)]
    venue: VenueId,
    /// Earliest time of the statement, RFC 3339, included.
    #[arg(long)]
    from: String,
    /// Latest time of the statement, RFC 3339, left out.
    #[arg(long)]
    to: String,
    /// Record each difference, which alarms with the next start; the node must be stopped.
    #[arg(long)]
    record_by: Option<String>,
    /// The statement: `exec_id,symbol,side,qty,price,undone`.
    statement: PathBuf,
}

pub(crate) fn run(command: &VenueCommand) -> Outcome {
    match command {
        VenueCommand::Compare(args) => compare(args),
    }
}

fn compare(args: &CompareArgs) -> Outcome {
    let (from, to) = (parse_time(&args.from)?, parse_time(&args.to)?);
    if from >= to {
        return Err(format!("--from {from} is not before --to {to}").into());
    }
    let file = File::open(&args.statement).map_err(|e| format!("{}: {e}", args.statement.display()))?;
    let statement = Statement::read(file).map_err(|e| format!("{}: {e}", args.statement.display()))?;
    let fills = our_fills(args)?;
    let differences = fills.differences(&statement, from, to);
    println!("venue {} from {from} to {to}: {} differences", args.venue, differences.len());
    differences.iter().for_each(|e| println!("  {} {}", name(e), e.detail));
    if differences.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(by) = &args.record_by {
        record(args, by, differences)?;
    }
    Ok(ExitCode::from(1))
}

fn our_fills(args: &CompareArgs) -> Result<VenueFills, Box<dyn std::error::Error>> {
    let mut fills = VenueFills::new(args.venue);
    // What a process that was thought dead wrote once more counts once.
    let mut origins = LastOrigins::default();
    for record in log_place::records(&configuration(&args.node)?, &DataDir::new(&args.node.data_dir))? {
        let record = record?;
        if !origins.is_news(record.origin) {
            continue;
        }
        origins.note(record.origin);
        if record.kind == Kind::VenueTraded
            && let Event::VenueTraded(e) = &*record.decode()?
        {
            fills.note(e, record.at);
        }
    }
    Ok(fills)
}

fn record(
    args: &CompareArgs,
    by: &str,
    differences: Vec<VenueDiffered>,
) -> Result<(), Box<dyn std::error::Error>> {
    let actor = Actor::new(&format!("operator:{by}")).map_err(|e| format!("--record-by: {e}"))?;
    let config = configuration(&args.node)?;
    let OpenLog { log, hold: _hold, .. } =
        log_place::open(&config, &DataDir::new(&args.node.data_dir), false)?;
    let now = clock::now();
    let record = |e: VenueDiffered| NewRecord::first(Topic::Accounts, actor, now, e);
    let mut records: Vec<NewRecord> = differences.into_iter().map(record).collect();
    let target = Position(log.append(&mut records)?.0 + 1);
    if log.wait_durable(target, DISK_MAX)? < target {
        return Err("the disk does not take it".into());
    }
    println!("recorded; the next start alarms");
    Ok(())
}

/// The difference as in the log.
fn name(e: &VenueDiffered) -> String {
    serde_json::to_value(e.difference)
        .ok()
        .and_then(|name| name.as_str().map(str::to_owned))
        .unwrap_or_default()
}
