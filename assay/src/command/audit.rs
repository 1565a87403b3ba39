//! `assay audit verify`, `assay audit query` and `assay audit rebuild`.

use super::{Outcome, configuration_or_none};
use crate::cli::{AuditCommand, Format, QueryArgs, RebuildArgs, StoreArgs, StoreKind, VerifyArgs};
use crate::config::{AuditStore, Config, LogKind};
use crate::log_place::{self, OpenLog, Records};
use crate::node::DataDir;
use assay_audit::clickhouse::{self, ClickHouseConfig, ClickHouseSink};
use assay_audit::keys::{self, VerifyKeys};
use assay_audit::{
    AuditPaths, KeptIn, Narrowing, Query, Report, Selector, Store, parse_time, verify_both, verify_log,
    verify_log_and_clickhouse,
};
use assay_event_log::EventLog;
use assay_trading_types::{Position, TraceId};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

pub(crate) fn run(command: AuditCommand) -> Outcome {
    match command {
        AuditCommand::Verify(args) => verify(&args),
        AuditCommand::Query(args) => ask(*args),
        AuditCommand::Rebuild(args) => rebuild(&args),
    }
}

impl StoreArgs {
    fn configuration(&self) -> Result<Config> {
        Ok(configuration_or_none(self.config.as_deref())?)
    }

    /// ClickHouse, if that is the store.
    fn clickhouse(&self) -> Result<Option<ClickHouseConfig>> {
        let mut config = self.configuration()?;
        match self.store {
            Some(StoreKind::Sqlite) => return Ok(None),
            Some(StoreKind::Clickhouse) => config.audit.store = AuditStore::Clickhouse,
            None => {}
        }
        config.clickhouse().map_err(|fault| format!("configuration: {fault}").into())
    }
}

fn verify(args: &VerifyArgs) -> Outcome {
    let data_dir = DataDir::new(&args.data_dir);
    let initial = args.initial_key.as_deref();
    let clickhouse = args.store.clickhouse()?;
    let records = log_place::records(&args.store.configuration()?, &data_dir)?;
    let report = match clickhouse {
        None => verify_records(records, &data_dir, initial)?,
        Some(config) => {
            let keys = VerifyKeys::load(&AuditPaths::below(data_dir.root()).keys, initial)?;
            verify_log_and_clickhouse(records, &config, &keys)?
        }
    };
    print!("{report}");
    Ok(if report.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Verifies the log in the files of `data_dir`, and its embedded store where there is one.
pub(crate) fn verify_dir(data_dir: &DataDir, initial_key: Option<&Path>) -> Result<Report> {
    verify_records(log_place::records_of_files(&data_dir.log())?, data_dir, initial_key)
}

/// Verifies a log, and the embedded store of `data_dir` where there is one.
pub(crate) fn verify_records(
    records: Records,
    data_dir: &DataDir,
    initial_key: Option<&Path>,
) -> Result<Report> {
    let paths = AuditPaths::below(data_dir.root());
    let keys = VerifyKeys::load(&paths.keys, initial_key)?;
    Ok(match paths.store.exists() {
        true => verify_both(records, &paths.store, &keys)?,
        false => verify_log(records, &keys),
    })
}

/// Opens the log as a node does, so that none runs beside.
fn rebuild(args: &RebuildArgs) -> Outcome {
    let data_dir = DataDir::new(&args.data_dir);
    let clickhouse = args.store.clickhouse()?;
    let paths = AuditPaths::below(data_dir.root());
    let config = args.store.configuration()?;
    if config.log.kind == LogKind::File && !data_dir.log().exists() {
        return Err(format!("there is no log at {}", data_dir.root().display()).into());
    }
    let OpenLog { log, hold: _hold, .. } = log_place::open(&config, &data_dir, false)?;
    let rows = match clickhouse {
        Some(config) => rebuild_clickhouse(&log, &paths, config)?,
        None => rebuild_sqlite(&log, &paths.store)?,
    };
    println!("wrote {rows} rows from the log");
    Ok(ExitCode::SUCCESS)
}

fn rebuild_clickhouse(
    log: &Arc<dyn EventLog>,
    paths: &AuditPaths,
    config: ClickHouseConfig,
) -> Result<Position> {
    let name = keys::load(&paths.keys)?.signing().log_name().to_owned();
    clickhouse::rebuild(&config, &name, &paths.clickhouse_plan)?;
    let mut sink = ClickHouseSink::open(Arc::clone(log), &name, &paths.clickhouse_plan, config)?;
    sink.finish(u64::MAX)?;
    if sink.position() < log.durable() {
        let message = format!(
            "ClickHouse went away at position {} of {}; the node goes on from there, or run this again",
            sink.position(),
            log.durable()
        );
        return Err(message.into());
    }
    Ok(sink.position())
}

fn rebuild_sqlite(log: &Arc<dyn EventLog>, file: &Path) -> Result<Position> {
    for suffix in ["", "-wal", "-shm"] {
        let mut name = file.as_os_str().to_owned();
        name.push(suffix);
        match std::fs::remove_file(&name) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    let mut store = Store::open(&**log, file)?;
    while store.turn(Duration::ZERO)? > 0 {}
    Ok(store.position())
}

fn ask(args: QueryArgs) -> Outcome {
    let select = match (args.order, args.session, args.firm) {
        (Some(order), None, None) => Selector::Order(order),
        (None, Some(session), None) => Selector::Session(session),
        (None, None, Some(firm)) => Selector::Firm(firm),
        (None, None, None) => Selector::All,
        _ => return Err("name one of --order, --session and --firm; --from and --to may be added".into()),
    };
    let time = |text: Option<String>| text.map(|t| parse_time(&t)).transpose();
    let limit = usize::try_from(args.limit)?;
    let trace =
        args.trace.map(|text| TraceId::from_hex(&text).ok_or("--trace takes 32 hex digits")).transpose()?;
    let narrow = Narrowing { actor: args.actor, kind: args.kind, object: args.object, trace, refused: None };
    let (from, to, after) = (time(args.from)?, time(args.to)?, args.after.map(Position));
    let question = Query { select, narrow, from, to, after, limit };
    let format = match args.format {
        Format::Table => assay_audit::Format::Table,
        Format::Csv => assay_audit::Format::Csv,
        Format::Json => assay_audit::Format::JsonLines,
    };
    let mut out = std::io::stdout().lock();
    let store = match args.store.clickhouse()? {
        Some(config) => KeptIn::ClickHouse(config),
        None => KeptIn::File(AuditPaths::below(&args.data_dir).store),
    };
    let page = store.query(&question, format, &mut out)?;
    if let Some(next) = page.next_after {
        eprintln!("more rows follow: add --after {next}");
    }
    Ok(ExitCode::SUCCESS)
}
