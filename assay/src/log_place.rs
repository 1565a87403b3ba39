//! Where the log of a configuration and data directory is: opened to write, or read by tools.

#[cfg(feature = "kafka")]
mod kafka;

#[cfg(feature = "kafka")]
use kafka::TopicsError;

use crate::config::{Config, LogKind};
use crate::node::DataDir;
use assay_event_log::{
    Directory, EventLog, FileLog, FileLogConfig, LockRefusal, LogError, ReadError, RealDirectory, Record,
    Recovery, open_read_only,
};
use std::path::Path;
use std::sync::Arc;

/// Records of a log from the first one on, as tools read them.
pub(crate) type Records = Box<dyn Iterator<Item = Result<Record, ReadError>>>;

/// Why a log cannot be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlaceError {
    /// The log itself.
    #[error(transparent)]
    Log(#[from] LogError),
    /// This build lacks what the log takes.
    #[cfg(not(feature = "kafka"))]
    #[error("this build has no Kafka: cargo build --release --features kafka")]
    NotBuilt,
    /// What is configured cannot be.
    #[cfg(feature = "kafka")]
    #[error("configuration: {0}")]
    Configuration(crate::config::Fault),
    /// The data directory belongs to another log.
    #[cfg(feature = "kafka")]
    #[error("data directory {dir} belongs to {found}, not to {wanted}: choose another --data-dir")]
    Other {
        /// The directory.
        dir: String,
        /// Whose it is.
        found: String,
        /// Whose it was to be.
        wanted: String,
    },
    /// Something that only files can do.
    #[cfg(feature = "kafka")]
    #[error(
        "--accept-lost-tail is about files; brokers keep what they acknowledged, or the log says what is missing"
    )]
    NoTail,
    /// Topics are not as the log needs them.
    #[cfg(feature = "kafka")]
    #[error(transparent)]
    Topics(#[from] TopicsError),
}

/// Says, as often as it is asked, whether this process may still have the log open.
pub(crate) type StillOurs = Box<dyn Fn() -> bool>;

/// Waits until this process is to have the log of `config` open, where several could: files are locked, brokers choose. Calls
/// `waiting` while another one has it; nothing when that says that it is enough.
///
/// # Errors
/// Brokers are away, or topics are not as the log needs them.
pub(crate) fn turn(config: &Config, waiting: &dyn Fn() -> bool) -> Result<Option<StillOurs>, PlaceError> {
    match config.log.kind {
        #[cfg(feature = "kafka")]
        LogKind::Kafka => kafka::turn(config, waiting),
        _ => {
            let _ = waiting;
            Ok(Some(Box::new(|| true)))
        }
    }
}

/// A log that this process writes.
pub(crate) struct OpenLog {
    /// The log.
    pub(crate) log: Arc<dyn EventLog>,
    /// What opening it found.
    pub(crate) recovery: Recovery,
    /// Keeps other processes from the data directory, longer than the log is open.
    pub(crate) hold: Option<Box<dyn Send + Sync>>,
}

/// Opens the log of `config`, whose data directory is `data_dir`, to write it.
///
/// # Errors
/// It is locked, damaged, away or of another data directory.
pub(crate) fn open(
    config: &Config,
    data_dir: &DataDir,
    accept_lost_tail: bool,
) -> Result<OpenLog, PlaceError> {
    match config.log.kind {
        LogKind::File => open_files(config, data_dir, accept_lost_tail),
        #[cfg(feature = "kafka")]
        LogKind::Kafka if accept_lost_tail => Err(PlaceError::NoTail),
        #[cfg(feature = "kafka")]
        LogKind::Kafka => kafka::open(config, data_dir),
        #[cfg(not(feature = "kafka"))]
        LogKind::Kafka => Err(PlaceError::NotBuilt),
    }
}

fn open_files(config: &Config, data_dir: &DataDir, accept_lost_tail: bool) -> Result<OpenLog, PlaceError> {
    let (log, recovery) = FileLog::open(
        data_dir.log(),
        FileLogConfig {
            segment_bytes: u64::from(config.log.segment_mib) << 20,
            ring_bytes_max: (config.log.ring_mib as usize) << 20,
            accept_lost_tail,
            ..FileLogConfig::default()
        },
    )?;
    Ok(OpenLog { log: Arc::new(log), recovery, hold: None })
}

/// Keeps other processes from `place`, a directory that is made where there is none, until it is dropped.
///
/// # Errors
/// One has it.
pub(crate) fn lock(place: &Path) -> Result<Box<dyn Send + Sync>, LogError> {
    let io = |source| LogError::Io { doing: "lock", file: place.display().to_string(), source };
    let directory = RealDirectory::create(place).map_err(io)?;
    directory.lock().map_err(|refusal| match refusal {
        LockRefusal::HeldBy(holder) => LogError::Locked { dir: place.display().to_string(), holder },
        LockRefusal::Io(source) => io(source),
    })
}

/// Records of the log of `config`, which a node may be writing.
///
/// # Errors
/// There is none, it is damaged before its tail, or away.
pub(crate) fn records(config: &Config, data_dir: &DataDir) -> Result<Records, Box<dyn std::error::Error>> {
    match config.log.kind {
        LogKind::File => Ok(records_of_files(&data_dir.log())?),
        #[cfg(feature = "kafka")]
        LogKind::Kafka => kafka::records(config),
        #[cfg(not(feature = "kafka"))]
        LogKind::Kafka => Err(PlaceError::NotBuilt.into()),
    }
}

/// Records of the files in `dir`.
///
/// # Errors
/// There are none, or they are damaged before their tail.
pub(crate) fn records_of_files(dir: &Path) -> Result<Records, ReadError> {
    let log = open_read_only(dir)?;
    let first = log.recovery().first;
    Ok(Box::new(log.records(first)?))
}
