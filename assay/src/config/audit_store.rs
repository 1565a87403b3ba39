//! `[audit]`: where audit rows go.

use super::access::private_line;
use super::{Config, Fault};
use assay_audit::clickhouse::{ClickHouseConfig, Repeats};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// Where audit rows go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AuditStore {
    /// The embedded store.
    #[default]
    Sqlite,
    /// ClickHouse.
    Clickhouse,
}

/// `[audit]`
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Audit {
    /// `sqlite` or `clickhouse`.
    pub(crate) store: AuditStore,
    /// Where ClickHouse is.
    pub(crate) clickhouse: Option<Clickhouse>,
}

/// `[audit.clickhouse]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Clickhouse {
    /// HTTP address.
    url: String,
    /// Database.
    #[serde(default = "assay")]
    database: String,
    /// User; the server's default without one.
    user: Option<String>,
    /// File with the user's password, for its owner's eyes only.
    password_file: Option<PathBuf>,
    /// Years that rows are kept, 7 or more.
    #[serde(default = "seven")]
    retention_years: u32,
    /// What keeps a block that is sent again from being stored twice.
    #[serde(default)]
    repeats: RepeatsRule,
    /// Blocks go compressed.
    #[serde(default)]
    compress: bool,
}

/// `repeats`
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RepeatsRule {
    /// The server, by token.
    #[default]
    ServerRefuses,
    /// Reading back before sending again.
    ReadBackOnly,
}

fn assay() -> String {
    "assay".to_owned()
}

fn seven() -> u32 {
    7
}

impl Config {
    /// ClickHouse as the audit shall use it; none when rows go elsewhere.
    ///
    /// # Errors
    /// The password's file cannot be used; said without showing any of it.
    pub(crate) fn clickhouse(&self) -> Result<Option<ClickHouseConfig>, Fault> {
        match (self.audit.store, &self.audit.clickhouse) {
            (AuditStore::Sqlite, _) => Ok(None),
            (AuditStore::Clickhouse, Some(clickhouse)) => clickhouse.read(&self.base).map(Some),
            (AuditStore::Clickhouse, None) => {
                let what = "store = \"clickhouse\" needs [audit.clickhouse] with its url".to_owned();
                Err(Fault::new("[audit]", 0, "store", what))
            }
        }
    }

    /// What can be told to be wrong without opening a file.
    pub(super) fn check_audit(&self) -> Result<(), Fault> {
        let Some(clickhouse) = &self.audit.clickhouse else { return self.clickhouse().map(drop) };
        match clickhouse.without_password().fault() {
            Some((key, what)) => Err(Fault::new("[audit.clickhouse]", 0, key, what)),
            None => Ok(()),
        }
    }
}

impl Clickhouse {
    fn without_password(&self) -> ClickHouseConfig {
        ClickHouseConfig {
            user: self.user.clone(),
            retention_years: self.retention_years,
            repeats: match self.repeats {
                RepeatsRule::ServerRefuses => Repeats::ServerRefuses,
                RepeatsRule::ReadBackOnly => Repeats::ReadBackOnly,
            },
            compress: self.compress,
            ..ClickHouseConfig::new(&self.url, &self.database)
        }
    }

    fn read(&self, base: &Path) -> Result<ClickHouseConfig, Fault> {
        let password = self.password_file.as_ref().map(|file| private_line(&base.join(file))).transpose();
        let password = password.map_err(|what| Fault::new("[audit.clickhouse]", 0, "password_file", what))?;
        Ok(ClickHouseConfig { password, ..self.without_password() })
    }
}
