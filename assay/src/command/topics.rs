//! `assay topics`: Kafka's topics of the log.

use super::{Outcome, configuration_or_none};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// `assay topics ...`
#[derive(Debug, Subcommand)]
pub(crate) enum TopicsCommand {
    /// Make the topics that are not there, and check all.
    Create(TopicsArgs),
    /// Compare partitions, copies and settings with what the log needs. Exit 0, or 1 and every mismatch.
    Check(TopicsArgs),
}

/// Of which log.
#[derive(Debug, Args)]
pub(crate) struct TopicsArgs {
    /// Configuration file, for `[log.kafka]`.
    #[arg(long, env = "ASSAY_CONFIG")]
    config: Option<PathBuf>,
}

pub(crate) fn run(command: &TopicsCommand) -> Outcome {
    let (TopicsCommand::Create(args) | TopicsCommand::Check(args)) = command;
    let config = configuration_or_none(args.config.as_deref())?;
    act(&config, matches!(command, TopicsCommand::Create(_)))
}

#[cfg(not(feature = "kafka"))]
fn act(_: &crate::config::Config, _: bool) -> Outcome {
    Err("this build has no Kafka: cargo build --release --features kafka".into())
}

#[cfg(feature = "kafka")]
fn act(config: &crate::config::Config, create: bool) -> Outcome {
    use assay_event_log::{check_topics, create_topics};
    use std::process::ExitCode;
    let (kafka, plan) = config.kafka().map_err(|fault| format!("configuration: {fault}"))?;
    if create {
        let done = create_topics(&kafka, plan)?;
        done.created.iter().for_each(|topic| println!("created {topic}"));
        done.existing.iter().for_each(|topic| println!("was there: {topic}"));
    }
    let mismatches = check_topics(&kafka, plan)?;
    mismatches.iter().for_each(|mismatch| println!("{mismatch}"));
    if mismatches.is_empty() {
        println!("every topic is as the log needs it");
        return Ok(ExitCode::SUCCESS);
    }
    Ok(ExitCode::FAILURE)
}
