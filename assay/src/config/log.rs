//! `[log]`: where the event log is.

use super::{Config, Fault};
use serde::Deserialize;
use std::path::PathBuf;

/// Where the event log is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LogKind {
    /// Files of this machine.
    #[default]
    File,
    /// Apache Kafka.
    Kafka,
}

/// `[log]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Log {
    /// `file` or `kafka`.
    pub(crate) kind: LogKind,
    /// Size of a segment file, preallocated, in MiB.
    pub(crate) segment_mib: u32,
    /// Recent records kept in memory for readers, in MiB.
    pub(crate) ring_mib: u32,
    /// Snapshot after this many records of `accounts` and `markets`.
    pub(crate) snapshot_records: u64,
    /// Where the brokers are.
    pub(crate) kafka: Option<Kafka>,
}

impl Default for Log {
    fn default() -> Self {
        Self { kind: LogKind::File, segment_mib: 256, ring_mib: 64, snapshot_records: 1_000_000, kafka: None }
    }
}

/// `[log.kafka]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Kafka {
    /// `host:port`, comma separated.
    pub(crate) brokers: String,
    /// Begins the name of every topic.
    #[serde(default = "assay")]
    pub(crate) prefix: String,
    /// Copies that brokers keep.
    #[serde(default = "three")]
    pub(crate) replication: u16,
    /// Copies that there must be before a record is durable.
    #[serde(default = "two")]
    pub(crate) min_insync_replicas: u16,
    /// Seconds after which a record without acknowledgement ends the node.
    #[serde(default = "two_minutes")]
    pub(crate) delivery_timeout_s: u64,
    /// Seconds that a start waits for brokers.
    #[serde(default = "two_minutes")]
    pub(crate) open_timeout_s: u64,
    /// Encrypted, brokers' certificates checked.
    #[serde(default)]
    pub(crate) tls: bool,
    /// PEM file of authorities; the system's without one.
    pub(crate) ca_file: Option<PathBuf>,
    /// PEM file of our own certificate.
    pub(crate) certificate_file: Option<PathBuf>,
    /// PEM file of its key.
    pub(crate) key_file: Option<PathBuf>,
    /// How name and password are shown.
    #[serde(default)]
    pub(crate) mechanism: Mechanism,
    /// Name that brokers know us by.
    pub(crate) user: Option<String>,
    /// File with the password, for its owner's eyes only.
    pub(crate) password_file: Option<PathBuf>,
}

/// `mechanism`
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Mechanism {
    /// SCRAM-SHA-256.
    #[default]
    #[serde(rename = "scram-sha-256")]
    ScramSha256,
    /// SCRAM-SHA-512.
    #[serde(rename = "scram-sha-512")]
    ScramSha512,
    /// The password as it is.
    Plain,
}

fn assay() -> String {
    "assay".to_owned()
}

fn two() -> u16 {
    2
}

fn three() -> u16 {
    3
}

fn two_minutes() -> u64 {
    120
}

impl Config {
    /// What can be told to be wrong without opening a file.
    pub(super) fn check_log(&self) -> Result<(), Fault> {
        if !(1..=4096).contains(&self.log.segment_mib) {
            let what = format!("segment_mib = {} is out of range, use 1 to 4096", self.log.segment_mib);
            return Err(Fault::new("[log]", 0, "segment_mib", what));
        }
        match (&self.log.kafka, self.log.kind) {
            (None, LogKind::Kafka) => {
                let what = "kind = \"kafka\" needs [log.kafka] with its brokers".to_owned();
                return Err(Fault::new("[log]", 0, "kind", what));
            }
            (Some(kafka), _) => {
                kafka.check().map_err(|(key, what)| Fault::new("[log.kafka]", 0, key, what))?;
            }
            (None, LogKind::File) => {}
        }
        if self.log.kind == LogKind::Kafka && cfg!(not(feature = "kafka")) {
            let what =
                "kind = \"kafka\" takes a build with it: cargo build --release --features kafka".to_owned();
            return Err(Fault::new("[log]", 0, "kind", what));
        }
        Ok(())
    }
}

impl Kafka {
    fn check(&self) -> Result<(), (&'static str, String)> {
        let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if self.prefix.is_empty() || self.prefix.len() > 200 || !self.prefix.chars().all(named) {
            let what = format!(
                "prefix = {:?} begins no topic's name: use letters, digits, `.`, `_`, `-`",
                self.prefix
            );
            return Err(("prefix", what));
        }
        if self.brokers.split(',').any(|broker| broker.trim().is_empty()) {
            return Err(("brokers", "brokers are host:port, several by comma".to_owned()));
        }
        if self.min_insync_replicas == 0 || self.min_insync_replicas > self.replication {
            let what = format!(
                "min_insync_replicas = {} is not from 1 to replication = {}",
                self.min_insync_replicas, self.replication
            );
            return Err(("min_insync_replicas", what));
        }
        for (key, seconds) in
            [("delivery_timeout_s", self.delivery_timeout_s), ("open_timeout_s", self.open_timeout_s)]
        {
            if !(1..=86_400).contains(&seconds) {
                return Err((key, format!("{key} = {seconds} is out of range, use 1 to 86400")));
            }
        }
        self.check_security()
    }

    fn check_security(&self) -> Result<(), (&'static str, String)> {
        let pairs = [
            ("certificate_file", self.certificate_file.is_some(), "key_file", self.key_file.is_some()),
            ("user", self.user.is_some(), "password_file", self.password_file.is_some()),
        ];
        for (one, has_one, other, has_other) in pairs {
            match (has_one, has_other) {
                (true, false) => return Err((one, format!("{one} goes with {other}"))),
                (false, true) => return Err((other, format!("{other} goes with {one}"))),
                _ => {}
            }
        }
        if !self.tls && (self.ca_file.is_some() || self.certificate_file.is_some()) {
            return Err(("tls", "files of certificates are for tls = true".to_owned()));
        }
        if !self.tls && self.mechanism == Mechanism::Plain {
            return Err((
                "mechanism",
                "mechanism = \"plain\" shows the password: use it with tls = true".to_owned(),
            ));
        }
        Ok(())
    }
}
