//! One ClickHouse server over HTTP, for a thread that waits.

use super::config::ClickHouseConfig;
use super::error::ClickHouseError;
use bytes::Bytes;
use clickhouse::{Client, Compression, RowOwned, RowRead};
use std::future::Future;
use std::time::Duration;

/// A question of this program is answered in milliseconds; a server that takes longer is as good as down.
const ANSWER_MAX: Duration = Duration::from_secs(30);

/// Version of a server, of which two numbers matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version(pub(crate) u32, pub(crate) u32);

impl Version {
    /// `insert_deduplication_token` (22.2, settled in 22.8 LTS), skipping indexes, window functions, JSON functions.
    pub(crate) const MODERN: Self = Self(22, 8);

    fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.split('.').map(str::parse);
        Some(Self(numbers.next()?.ok()?, numbers.next()?.ok()?))
    }

    /// Whether it has all that the store uses.
    pub(crate) fn is_modern(self) -> bool {
        self >= Self::MODERN
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

/// A server that has answered once.
pub(crate) struct Server {
    runtime: tokio::runtime::Runtime,
    client: Client,
    pub(crate) config: ClickHouseConfig,
    pub(crate) version: Version,
}

impl Server {
    /// Asks for the version.
    ///
    /// # Errors
    /// No answer, or one that is no version.
    pub(crate) fn connect(config: &ClickHouseConfig) -> Result<Self, ClickHouseError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| ClickHouseError::Client(error.to_string()))?;
        let mut client = Client::default().with_url(&config.url).with_validation(false);
        client = client.with_compression(match config.compress {
            true => Compression::Lz4,
            false => Compression::None,
        });
        if let Some(user) = &config.user {
            client = client.with_user(user);
        }
        if let Some(password) = &config.password {
            client = client.with_password(password.as_str());
        }
        let mut server = Self { runtime, client, config: config.clone(), version: Version(0, 0) };
        let text: String = server.one("tell its version", "SELECT version()")?;
        server.version = Version::parse(&text).ok_or_else(|| ClickHouseError::Refused {
            doing: "tell its version",
            what: format!("{text:?} is no version"),
        })?;
        Ok(server)
    }

    /// From now on everything is about the database.
    pub(crate) fn use_database(&mut self) {
        self.client = self.client.clone().with_database(&self.config.database);
    }

    /// Runs a statement without an answer.
    pub(crate) fn execute(&self, doing: &'static str, sql: &str) -> Result<(), ClickHouseError> {
        self.wait(doing, self.client.query(&verbatim(sql)).execute())
    }

    /// The one row of an answer.
    pub(crate) fn one<T: RowOwned + RowRead>(
        &self,
        doing: &'static str,
        sql: &str,
    ) -> Result<T, ClickHouseError> {
        self.wait(doing, self.client.query(&verbatim(sql)).fetch_one())
    }

    /// All rows of an answer, which the question keeps few.
    pub(crate) fn all<T: RowOwned + RowRead>(
        &self,
        doing: &'static str,
        sql: &str,
    ) -> Result<Vec<T>, ClickHouseError> {
        self.wait(doing, self.client.query(&verbatim(sql)).fetch_all())
    }

    /// Sends `block` in RowBinary as one block: all of its rows are stored or none. Under a token that the table has
    /// seen lately nothing is stored.
    pub(crate) fn insert(&self, sql: &str, block: Bytes, token: &str) -> Result<(), ClickHouseError> {
        let mut client = self.client.clone();
        for (name, value) in block_settings(self.version, token) {
            client = client.with_setting(name, value);
        }
        self.wait("take a block", async {
            let mut insert = client.insert_formatted_with(sql);
            insert.send(block).await?;
            insert.end().await
        })
    }

    fn wait<T>(
        &self,
        doing: &'static str,
        asked: impl Future<Output = clickhouse::error::Result<T>>,
    ) -> Result<T, ClickHouseError> {
        let answer = self.runtime.block_on(async { tokio::time::timeout(ANSWER_MAX, asked).await });
        match answer {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(self.failed(doing, error)),
            Err(_) => Err(self.unreachable(format!("no answer within {} s", ANSWER_MAX.as_secs()))),
        }
    }

    fn failed(&self, doing: &'static str, error: clickhouse::error::Error) -> ClickHouseError {
        use clickhouse::error::Error;
        match error {
            Error::Network(_) | Error::TimedOut => self.unreachable(with_sources(&error)),
            other => ClickHouseError::Refused { doing, what: with_sources(&other).trim().to_owned() },
        }
    }

    fn unreachable(&self, what: String) -> ClickHouseError {
        ClickHouseError::Unreachable { url: self.config.url.clone(), what }
    }
}

/// A database to look at only.
///
/// # Errors
/// No answer.
pub(crate) fn open(config: &ClickHouseConfig) -> Result<Server, ClickHouseError> {
    let mut server = Server::connect(config)?;
    server.use_database();
    Ok(server)
}

/// The client takes `?` for a parameter; our texts have none.
fn verbatim(sql: &str) -> String {
    sql.replace('?', "??")
}

fn block_settings(version: Version, token: &str) -> Vec<(&'static str, String)> {
    // Rows of a body become one block up to this many; a batch is smaller.
    let mut settings = vec![("max_insert_block_size", "1048576".to_owned())];
    if version.is_modern() {
        settings.extend([
            ("insert_deduplicate", "1".to_owned()),
            ("insert_deduplication_token", token.to_owned()),
            ("async_insert", "0".to_owned()),
            ("min_insert_block_size_rows", "1048576".to_owned()),
            ("min_insert_block_size_bytes", "268435456".to_owned()),
        ]);
    }
    settings
}

fn with_sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        source = inner.source();
    }
    text
}
