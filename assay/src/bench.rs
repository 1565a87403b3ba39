//! `assay bench`: figures beside a floor measured in the same run, because machines are shared and drift.
//!
//! Nothing here asserts a speed; it prints what it saw.

mod accrual;
mod api;
mod core;
mod cpu;
mod engine;
mod floor;
mod http;
#[cfg(feature = "kafka")]
mod kafka;
mod ledger;
mod load;
mod matching;
mod path;
mod read_model;
mod risk;

use crate::cli::{BenchArgs, BenchPart};
use crate::command::Outcome;
use std::process::ExitCode;
use std::time::Duration;

/// How long the bare echo runs.
const ECHO_TIME: Duration = Duration::from_secs(2);

/// Syncs of the disk's floor.
const SYNCS: usize = 2_000;

pub(crate) fn run(args: &BenchArgs) -> Outcome {
    std::fs::create_dir_all(&args.dir)?;
    let wanted = |part| args.parts.is_empty() || args.parts.contains(&part);
    let floor = Floor::measure(&args.dir)?;
    if wanted(BenchPart::Parse) {
        core::parse();
    }
    if wanted(BenchPart::Match) {
        // First, while no memory that others freed stands ready to be used again uncounted.
        matching::at_rest(args.resting);
        matching::mix();
    }
    if wanted(BenchPart::Risk) {
        risk::decisions();
    }
    if wanted(BenchPart::Ledger) {
        ledger::run();
    }
    if wanted(BenchPart::Chain) {
        core::chain();
    }
    if wanted(BenchPart::Fix) {
        engine::run(args, &floor)?;
    }
    if wanted(BenchPart::Path) {
        path::whole(args, &floor)?;
    }
    if wanted(BenchPart::Kafka) {
        over_kafka(args, &floor)?;
    }
    if wanted(BenchPart::Recovery) {
        path::recovery(args)?;
    }
    if wanted(BenchPart::Api) {
        api::run(args, &floor)?;
        read_model::run(args)?;
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(feature = "kafka")]
fn over_kafka(args: &BenchArgs, floor: &Floor) -> Result<(), Box<dyn std::error::Error>> {
    kafka::run(args, floor)
}

#[cfg(not(feature = "kafka"))]
fn over_kafka(_: &BenchArgs, _: &Floor) -> Result<(), Box<dyn std::error::Error>> {
    println!("kafka: this build has no Kafka: cargo run --release --features kafka -- bench kafka");
    Ok(())
}

/// What this machine does without us.
pub(crate) struct Floor {
    /// Bare echo over loopback, messages a second.
    pub(crate) echo_per_s: f64,
    /// The disk's sync.
    pub(crate) sync: floor::SyncTime,
}

impl Floor {
    fn measure(dir: &std::path::Path) -> std::io::Result<Self> {
        let echo_per_s = floor::loopback_echo(ECHO_TIME)?;
        let sync = floor::disk_sync(dir, SYNCS)?;
        println!("floor: bare loopback echo, 180 bytes, 200 in flight: {echo_per_s:.0} messages/s");
        println!("floor: fdatasync of 4 KiB: p50 {:.0?}, p99 {:.0?}", sync.p50, sync.p99);
        Ok(Self { echo_per_s, sync })
    }
}
