//! Tables and views, made and brought up to date; and what a server must be able to do.

use super::config::Repeats;
use super::error::ClickHouseError;
use super::server::Server;

/// Version of tables and views together; what [`prepare`] knows.
pub(crate) const SCHEMA_VERSION: u32 = 1;

const RECORD: &str = include_str!("sql/record.sql");
const INDEXES: &str = include_str!("sql/indexes.sql");
const VIEWS: &str = include_str!("sql/views.sql");

/// Blocks whose tokens the table remembers: hours at a block a second.
const DEDUPLICATION_WINDOW: u32 = 10_000;

/// The smallest window that a table made by somebody else may have: a restart sends one block again.
const DEDUPLICATION_WINDOW_MIN: u32 = 100;

/// Makes what is missing in the database, and refuses one that cannot serve `log`. A database of this version is not
/// touched, so that a user who may only write rows will do.
///
/// # Errors
/// No answer, another log's or a newer program's database, a shorter retention than is in force, or no de-duplication.
pub(crate) fn prepare(server: &mut Server, log: &str) -> Result<(), ClickHouseError> {
    refuse_what_cannot(server)?;
    let database = server.config.database.clone();
    if !exists(server, &format!("system.databases WHERE name = '{database}'"))? {
        server.execute("make the database", &format!("CREATE DATABASE IF NOT EXISTS {database}"))?;
    }
    server.use_database();
    let found = version_for(server, log)?;
    if found < SCHEMA_VERSION || !has_table(server, "record")? {
        make(server)?;
    }
    if found < SCHEMA_VERSION {
        // Last, so that what was made half is made again. The log's name is made of letters, digits and `-`.
        let sql = format!("INSERT INTO log (name, schema) VALUES ('{log}', {SCHEMA_VERSION})");
        server.execute("note whose it is", &sql)?;
    }
    require_deduplication(server)?;
    match server.version.is_modern() {
        true => extend_retention(server),
        false => {
            tracing::warn!(
                version = %server.version,
                "ClickHouse is too old for views, search indexes and deletion after the retention: rows only"
            );
            Ok(())
        }
    }
}

fn make(server: &Server) -> Result<(), ClickHouseError> {
    let log = "CREATE TABLE IF NOT EXISTS log (name String, schema UInt32) ENGINE = MergeTree ORDER BY name \
               SETTINGS index_granularity = 8192";
    server.execute("make the table of logs", log)?;
    server.execute("make the table", &record_table(server))?;
    if server.version.is_modern() {
        for statement in statements(INDEXES).chain(statements(VIEWS)) {
            server.execute("make indexes and views", &statement)?;
        }
    }
    Ok(())
}

fn exists(server: &Server, what: &str) -> Result<bool, ClickHouseError> {
    let count: u64 = server.one("tell what it has", &format!("SELECT count() FROM {what}"))?;
    Ok(count > 0)
}

/// Whether the database has this table or view.
pub(crate) fn has_table(server: &Server, name: &str) -> Result<bool, ClickHouseError> {
    exists(server, &format!("system.tables WHERE database = currentDatabase() AND name = '{name}'"))
}

/// The statements of a file, without their comments.
fn statements(text: &'static str) -> impl Iterator<Item = String> {
    text.split(";\n").map(without_comments).filter(|statement| !statement.trim().is_empty())
}

fn without_comments(text: &str) -> String {
    text.lines().filter(|line| !line.trim_start().starts_with("--")).map(|line| format!("{line}\n")).collect()
}

fn record_table(server: &Server) -> String {
    let modern = server.version.is_modern();
    let (symbol, time) = match modern {
        true => {
            ("LowCardinality(String)", "DateTime64(9, 'UTC') ALIAS fromUnixTimestamp64Nano(at_ns, 'UTC')")
        }
        false => ("String", "DateTime ALIAS toDateTime(intDiv(at_ns, 1000000000))"),
    };
    let settings = match modern {
        // A block that was acknowledged survives a power cut.
        true => format!(
            "TTL {} SETTINGS non_replicated_deduplication_window = {DEDUPLICATION_WINDOW}, \
             fsync_after_insert = 1, fsync_part_directory = 1",
            retention(server.config.retention_years)
        ),
        false => "SETTINGS index_granularity = 8192".to_owned(),
    };
    without_comments(RECORD)
        .replace("{symbol}", symbol)
        .replace("{time}", time)
        .replace("{settings}", &settings)
}

fn retention(years: u32) -> String {
    format!("toDateTime(intDiv(at_ns, 1000000000), 'UTC') + toIntervalYear({years})")
}

/// Version of the schema that is there, 0 for none; the database must be `log`'s or nobody's.
fn version_for(server: &Server, log: &str) -> Result<u32, ClickHouseError> {
    if !has_table(server, "log")? {
        return Ok(0);
    }
    let rows: Vec<(String, u32)> =
        server.all("tell whose it is", "SELECT name, max(schema) FROM log GROUP BY name")?;
    let database = server.config.database.clone();
    if let Some((theirs, _)) = rows.iter().find(|(name, _)| name != log) {
        return Err(ClickHouseError::ForeignLog { database, theirs: theirs.clone(), ours: log.to_owned() });
    }
    let found = rows.first().map_or(0, |(_, schema)| *schema);
    match found > SCHEMA_VERSION {
        true => Err(ClickHouseError::NewerSchema { database, found, known: SCHEMA_VERSION }),
        false => Ok(found),
    }
}

fn refuse_what_cannot(server: &Server) -> Result<(), ClickHouseError> {
    if server.version.is_modern() || server.config.repeats == Repeats::ReadBackOnly {
        return Ok(());
    }
    Err(no_deduplication(server, "knows no insert_deduplication_token"))
}

/// The table must be told to remember tokens, and the server must do so.
fn require_deduplication(server: &Server) -> Result<(), ClickHouseError> {
    if server.config.repeats == Repeats::ReadBackOnly {
        return Ok(());
    }
    let engine: String = server.one(
        "describe its table",
        "SELECT engine_full FROM system.tables WHERE database = currentDatabase() AND name = 'record'",
    )?;
    let replicated = engine.starts_with("Replicated") || engine.starts_with("Shared");
    if !replicated && window(&engine) < DEDUPLICATION_WINDOW_MIN {
        return Err(no_deduplication(
            server,
            "has a table `record` without non_replicated_deduplication_window",
        ));
    }
    match stores_twice(server)? {
        false => Ok(()),
        true => Err(no_deduplication(server, "stores a block twice in spite of its token")),
    }
}

fn window(engine: &str) -> u32 {
    let Some((_, after)) = engine.split_once("non_replicated_deduplication_window = ") else { return 0 };
    let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or(0)
}

/// Sends one row twice under one token to a table that is made and dropped for it.
fn stores_twice(server: &Server) -> Result<bool, ClickHouseError> {
    server.execute("drop an old probe", "DROP TABLE IF EXISTS probe")?;
    let table = "CREATE TABLE probe (n UInt64) ENGINE = MergeTree ORDER BY n \
                 SETTINGS non_replicated_deduplication_window = 100";
    server.execute("make a probe", table)?;
    for _ in 0..2 {
        let row = bytes::Bytes::copy_from_slice(&1_u64.to_le_bytes());
        server.insert("INSERT INTO probe (n) FORMAT RowBinary", row, "assay-probe")?;
    }
    let rows: u64 = server.one("count the probe", "SELECT count() FROM probe")?;
    server.execute("drop the probe", "DROP TABLE IF EXISTS probe")?;
    Ok(rows != 1)
}

fn no_deduplication(server: &Server, what: &str) -> ClickHouseError {
    ClickHouseError::NoDeduplication {
        url: server.config.url.clone(),
        version: server.version.to_string(),
        what: what.to_owned(),
    }
}

/// Retention in force may only grow.
fn extend_retention(server: &Server) -> Result<(), ClickHouseError> {
    let table: String = server.one(
        "describe its table",
        "SELECT create_table_query FROM system.tables WHERE database = currentDatabase() AND name = 'record'",
    )?;
    let asked = server.config.retention_years;
    match years(&table) {
        Some(kept) if kept == asked => Ok(()),
        Some(kept) if kept > asked => {
            let database = server.config.database.clone();
            Err(ClickHouseError::ShorterRetention { database, kept, asked })
        }
        // Without a TTL nothing is ever deleted, which is longer than any.
        None => Ok(()),
        Some(_) => {
            let sql = format!("ALTER TABLE record MODIFY TTL {}", retention(asked));
            server.execute("lengthen the retention", &sql)
        }
    }
}

fn years(table: &str) -> Option<u32> {
    let (_, after) = table.split_once("toIntervalYear(")?;
    after.split_once(')')?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn window_and_retention_are_read_from_what_the_server_says() {
        let engine = "MergeTree PARTITION BY x ORDER BY y TTL toDateTime(a) + toIntervalYear(9) SETTINGS \
                      non_replicated_deduplication_window = 10000, index_granularity = 8192";
        assert_eq!(window(engine), 10_000);
        assert_eq!(window("MergeTree ORDER BY y SETTINGS index_granularity = 8192"), 0);
        assert_eq!(years(engine), Some(9));
        assert_eq!(years("MergeTree ORDER BY y"), None);
    }

    #[test]
    fn files_hold_the_statements_that_they_name() {
        assert_eq!(statements(INDEXES).count(), 6);
        let views: Vec<String> = statements(VIEWS).collect();
        assert_eq!(views.len(), 11);
        assert!(views.iter().all(|view| view.trim_start().starts_with("CREATE OR REPLACE VIEW")));
    }
}
