//! Where ClickHouse is and what is asked of it.

use std::fmt;
use zeroize::Zeroizing;

/// Years that records must be kept (SOX section 802, SEC 17a-4): retention is never shorter.
pub(super) const RETENTION_YEARS_MIN: u32 = 7;

/// What keeps a block that is sent twice from being stored twice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Repeats {
    /// The server, by `insert_deduplication_token`; one that cannot is refused.
    #[default]
    ServerRefuses,
    /// Reading back before sending again. A block that a dead node sent and the server had not begun could then come
    /// late; for servers too old for tokens, by explicit choice.
    ReadBackOnly,
}

/// `[audit.clickhouse]`
#[derive(Clone)]
pub struct ClickHouseConfig {
    /// `http://host:port` or `https://host:port`.
    pub url: String,
    /// Database; letters, digits and `_`.
    pub database: String,
    /// User; the server's default without one.
    pub user: Option<String>,
    /// Its password.
    pub password: Option<Zeroizing<String>>,
    /// Years until ClickHouse deletes a month, at least seven. Can only grow.
    pub retention_years: u32,
    /// Against blocks stored twice.
    pub repeats: Repeats,
    /// Blocks go LZ4-compressed.
    pub compress: bool,
}

impl ClickHouseConfig {
    /// With seven years, tokens and no compression.
    pub fn new(url: impl Into<String>, database: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            database: database.into(),
            user: None,
            password: None,
            retention_years: RETENTION_YEARS_MIN,
            repeats: Repeats::default(),
            compress: false,
        }
    }

    /// What is wrong with it, if anything: names the key and the mend.
    pub fn fault(&self) -> Option<(&'static str, String)> {
        let starts = |c: char| c.is_ascii_alphabetic() || c == '_';
        let goes_on = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if !self.url.starts_with("http://") && !self.url.starts_with("https://") {
            return Some(("url", format!("url = {:?} is no address, use http://host:8123", self.url)));
        }
        if self.url.contains('@') {
            return Some(("url", "url holds a user or password, use user and password_file".to_owned()));
        }
        if !self.database.starts_with(starts) || !self.database.chars().all(goes_on) {
            let what = format!("database = {:?} is no name, use letters, digits and _", self.database);
            return Some(("database", what));
        }
        if self.retention_years < RETENTION_YEARS_MIN {
            let what = format!(
                "retention_years = {} is too short, records are kept {RETENTION_YEARS_MIN} years or longer",
                self.retention_years
            );
            return Some(("retention_years", what));
        }
        None
    }
}

/// Without the password.
impl fmt::Debug for ClickHouseConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClickHouse({}, database {})", self.url, self.database)
    }
}
