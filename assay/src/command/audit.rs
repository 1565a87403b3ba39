//! `assay audit verify` and `assay audit query`.

use super::Outcome;
use crate::cli::{AuditCommand, Format, QueryArgs, VerifyArgs};
use crate::node::DataDir;
use assay_audit::keys::VerifyKeys;
use assay_audit::{AuditPaths, Query, Report, Selector, parse_time, query, verify_both, verify_log};
use assay_event_log::open_read_only;
use assay_trading_types::Position;
use std::process::ExitCode;

pub(crate) fn run(command: AuditCommand) -> Outcome {
    match command {
        AuditCommand::Verify(args) => verify(&args),
        AuditCommand::Query(args) => ask(args),
    }
}

fn verify(args: &VerifyArgs) -> Outcome {
    let report = verify_dir(&DataDir::new(&args.data_dir), args.initial_key.as_deref())?;
    print!("{report}");
    Ok(if report.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Verifies the log of `data_dir`, and its store where there is one.
pub(crate) fn verify_dir(
    data_dir: &DataDir,
    initial_key: Option<&std::path::Path>,
) -> Result<Report, Box<dyn std::error::Error>> {
    let paths = AuditPaths::below(data_dir.root());
    let keys = VerifyKeys::load(&paths.keys, initial_key)?;
    let log = open_read_only(data_dir.log())?;
    let records = log.records(log.recovery().first)?;
    Ok(match paths.store.exists() {
        true => verify_both(records, &paths.store, &keys)?,
        false => verify_log(records, &keys),
    })
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
    let question =
        Query { select, from: time(args.from)?, to: time(args.to)?, after: args.after.map(Position), limit };
    let format = match args.format {
        Format::Table => assay_audit::Format::Table,
        Format::Csv => assay_audit::Format::Csv,
        Format::Json => assay_audit::Format::JsonLines,
    };
    let paths = AuditPaths::below(&args.data_dir);
    let page = query(&paths.store, &question, format, &mut std::io::stdout().lock())?;
    if let Some(next) = page.next_after {
        eprintln!("more rows follow: add --after {next}");
    }
    Ok(ExitCode::SUCCESS)
}
