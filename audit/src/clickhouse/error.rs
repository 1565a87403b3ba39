//! What can go wrong between the audit and ClickHouse, and what passes by itself.

/// Why ClickHouse does not hold what it should.
#[derive(Debug, thiserror::Error)]
pub enum ClickHouseError {
    /// No answer.
    #[error("ClickHouse at {url} does not answer: {what}")]
    Unreachable {
        /// Where.
        url: String,
        /// What the client says.
        what: String,
    },
    /// An answer that is no.
    #[error("ClickHouse refuses to {doing}: {what}")]
    Refused {
        /// What was asked.
        doing: &'static str,
        /// Its own words.
        what: String,
    },
    /// The server stores a block twice that is sent twice.
    #[error(
        "ClickHouse {version} at {url} {what}: a block sent again after a crash could be stored twice; use ClickHouse 22.8 or newer, or say repeats = \"read_back_only\" in [audit.clickhouse]"
    )]
    NoDeduplication {
        /// Where.
        url: String,
        /// Which version.
        version: String,
        /// What is missing.
        what: String,
    },
    /// The database is not this log's.
    #[error(
        "database {database} holds the records of log {theirs}, this is log {ours}; name another database"
    )]
    ForeignLog {
        /// The database.
        database: String,
        /// Whose it is.
        theirs: String,
        /// Who asked.
        ours: String,
    },
    /// Made by a later version of this program.
    #[error(
        "database {database} has schema version {found}, this program knows up to {known}; use the newer program"
    )]
    NewerSchema {
        /// The database.
        database: String,
        /// Its version.
        found: u32,
        /// The newest known.
        known: u32,
    },
    /// Retention can only grow.
    #[error("database {database} keeps records {kept} years, retention_years = {asked} would delete sooner")]
    ShorterRetention {
        /// The database.
        database: String,
        /// Years in force.
        kept: u32,
        /// Years asked for.
        asked: u32,
    },
    /// The rows of a range are not what was sent.
    #[error(
        "ClickHouse holds {found} rows of positions {from} to {to} where {expected} belong, or others; check with `assay audit verify --store clickhouse`, then `assay audit rebuild`"
    )]
    Differs {
        /// First position.
        from: u64,
        /// Position after the last.
        to: u64,
        /// Rows found.
        found: u64,
        /// Rows that belong there.
        expected: u64,
    },
    /// The client's thread cannot be set up.
    #[error("cannot set up the ClickHouse client: {0}")]
    Client(String),
}

impl ClickHouseError {
    /// Whether it may pass by itself: the server is down, slow, full or busy. What does not pass needs a person.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Refused { .. })
    }
}
