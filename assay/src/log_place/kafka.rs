//! The log in Kafka: its data directory keeps what is derived from it, and knows which log that is.

use super::{OpenLog, PlaceError, Records, StillOurs, lock};
use crate::config::Config;
use crate::node::DataDir;
use assay_event_log::{
    KafkaConfig, KafkaFault, KafkaLog, KafkaRecords, KafkaTurn, LogError, TopicPlan, Turn, check_topics,
};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Topics that are not as the log needs them.
#[derive(Debug, thiserror::Error)]
#[error("Kafka's topics are not as the log needs them: {}", .0.join("; "))]
pub(crate) struct TopicsError(Vec<String>);

pub(super) fn open(config: &Config, data_dir: &DataDir) -> Result<OpenLog, PlaceError> {
    if data_dir.log().exists() {
        return Err(other(data_dir, "a log in files", "a log in Kafka"));
    }
    let (kafka, plan) = config.kafka().map_err(PlaceError::Configuration)?;
    let place = data_dir.root().join("kafka");
    let hold = lock(&place)?;
    require_topics(&kafka, plan)?;
    let (log, recovery) = KafkaLog::open(kafka)?;
    let identity = log.identity();
    own(data_dir, &place.join("log"), &identity)?;
    Ok(OpenLog { log: Arc::new(log), recovery, hold: Some(hold) })
}

/// How often it is looked whether waiting is enough.
const WATCH: Duration = Duration::from_millis(100);

pub(super) fn turn(config: &Config, waiting: &dyn Fn() -> bool) -> Result<Option<StillOurs>, PlaceError> {
    let (kafka, plan) = config.kafka().map_err(PlaceError::Configuration)?;
    require_topics(&kafka, plan)?;
    let member = KafkaTurn::join(&kafka).map_err(LogError::from)?;
    while member.wait(WATCH) != Turn::Ours {
        if !waiting() {
            return Ok(None);
        }
    }
    Ok(Some(Box::new(move || member.wait(Duration::ZERO) == Turn::Ours)))
}

pub(super) fn records(config: &Config) -> Result<Records, Box<dyn std::error::Error>> {
    let (kafka, _) = config.kafka().map_err(PlaceError::Configuration)?;
    Ok(Box::new(KafkaRecords::open(kafka)?))
}

/// Nothing is written to topics that could lose it.
fn require_topics(kafka: &KafkaConfig, plan: TopicPlan) -> Result<(), PlaceError> {
    let mismatches = check_topics(kafka, plan).map_err(|fault: KafkaFault| LogError::from(fault))?;
    if mismatches.is_empty() {
        return Ok(());
    }
    Err(TopicsError(mismatches.iter().map(ToString::to_string).collect()).into())
}

/// Snapshots and audit rows of one log must not meet another.
fn own(data_dir: &DataDir, file: &Path, identity: &str) -> Result<(), PlaceError> {
    let io = |source| LogError::Io { doing: "write", file: file.display().to_string(), source };
    match std::fs::read_to_string(file) {
        Ok(found) if found == identity => Ok(()),
        Ok(found) => Err(other(data_dir, &found, identity)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let partial = file.with_extension("partial");
            std::fs::write(&partial, identity).and_then(|()| std::fs::rename(&partial, file)).map_err(io)?;
            Ok(())
        }
        Err(error) => Err(io(error).into()),
    }
}

fn other(data_dir: &DataDir, found: &str, wanted: &str) -> PlaceError {
    let dir = data_dir.root().display().to_string();
    PlaceError::Other { dir, found: found.to_owned(), wanted: wanted.to_owned() }
}
