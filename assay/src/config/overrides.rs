//! `ASSAY_*` environment and `--set` flags: scalars of the configuration by name.

use super::{Config, ConfigError};
use serde::Deserialize;

/// Every scalar that may be overridden. Lists (sessions, firms, instruments) are data and stand in the file.
const KEYS: &[&str] = &[
    "gateway.listen",
    "gateway.comp_id",
    "gateway.insecure_listen",
    "gateway.countdown_s",
    "admin.listen",
    "admin.insecure_listen",
    "admin.back_office",
    "admin.public_url",
    "admin.registration",
    "admin.breach_list",
    "admin.mail_dir",
    "admin.reports_dir",
    "admin.rates.anonymous_per_h",
    "admin.rates.user_per_h",
    "log.kind",
    "log.segment_mib",
    "log.ring_mib",
    "log.snapshot_records",
    "log.kafka.brokers",
    "log.kafka.prefix",
    "log.kafka.user",
    "log.kafka.password_file",
    "log.kafka.tls",
    "log.kafka.ca_file",
    "audit.store",
    "audit.clickhouse.url",
    "audit.clickhouse.database",
    "audit.clickhouse.user",
    "audit.clickhouse.password_file",
    "audit.clickhouse.retention_years",
    "audit.clickhouse.repeats",
    "audit.clickhouse.compress",
];

/// Variables of other meaning than a key: the file, the data directory, what is logged and how; where commands find a
/// running node, who vouches for it, and their token.
const RESERVED: &[&str] = &[
    "ASSAY_CONFIG",
    "ASSAY_DATA_DIR",
    "ASSAY_LOG",
    "ASSAY_LOG_FORMAT",
    "ASSAY_BIN",
    "ASSAY_API",
    "ASSAY_API_CA",
    "ASSAY_TOKEN_FILE",
];

/// Overrides in order of precedence, the last winning.
#[derive(Debug, Default, Clone)]
pub(crate) struct Overrides {
    /// (what the user wrote, key, value)
    entries: Vec<(String, &'static str, String)>,
}

impl Overrides {
    /// From the environment (`ASSAY_GATEWAY_LISTEN` is `gateway.listen`), then `--set key=value` flags.
    ///
    /// # Errors
    /// A name that is no key.
    pub(crate) fn new(
        env: impl Iterator<Item = (String, String)>,
        flags: &[String],
    ) -> Result<Self, ConfigError> {
        let mut entries = Vec::new();
        for (name, value) in env {
            if !name.starts_with("ASSAY_") || RESERVED.contains(&name.as_str()) {
                continue;
            }
            let key = KEYS.iter().find(|k| variable(k) == name).ok_or_else(|| unknown(&name))?;
            entries.push((name, *key, value));
        }
        for flag in flags {
            let (key, value) = flag.split_once('=').ok_or_else(|| ConfigError::Override {
                name: format!("--set {flag}"),
                what: "write --set key=value, e.g. --set gateway.listen=127.0.0.1:9876".to_owned(),
            })?;
            let name = format!("--set {key}");
            let key = KEYS.iter().find(|k| **k == key).ok_or_else(|| unknown(&name))?;
            entries.push((name, *key, value.to_owned()));
        }
        Ok(Self { entries })
    }

    /// `config`, read from `text`, with these overrides on top.
    pub(super) fn apply(&self, text: &str, config: Config) -> Result<Config, ConfigError> {
        if self.entries.is_empty() {
            return Ok(config);
        }
        let mut table: toml::Table = text.parse().unwrap_or_default();
        let mut config = config;
        for (name, key, value) in &self.entries {
            set(&mut table, key, scalar(value));
            config = Config::deserialize(table.clone()).map_err(|e| ConfigError::Override {
                name: name.clone(),
                what: e.message().replace('\n', " "),
            })?;
        }
        Ok(config)
    }
}

fn variable(key: &str) -> String {
    format!("ASSAY_{}", key.replace('.', "_").to_uppercase())
}

fn unknown(name: &str) -> ConfigError {
    let known: Vec<&str> = KEYS.to_vec();
    ConfigError::Override {
        name: name.to_owned(),
        what: format!("no such key; known are {}", known.join(", ")),
    }
}

fn scalar(value: &str) -> toml::Value {
    match value {
        "true" => toml::Value::Boolean(true),
        "false" => toml::Value::Boolean(false),
        _ => value.parse().map_or_else(|_| toml::Value::String(value.to_owned()), toml::Value::Integer),
    }
}

fn set(table: &mut toml::Table, key: &str, value: toml::Value) {
    match key.split_once('.') {
        None => {
            table.insert(key.to_owned(), value);
        }
        Some((section, rest)) => {
            let inner = table.entry(section).or_insert_with(|| toml::Value::Table(toml::Table::new()));
            if let toml::Value::Table(inner) = inner {
                set(inner, rest, value);
            }
        }
    }
}
