//! `assay check`: is this configuration usable, and is this data directory sound?

use super::{Outcome, audit, configuration};
use crate::books::Books;
use crate::cli::CheckArgs;
use crate::config::LogKind;
use crate::log_place;
use crate::node::DataDir;
use std::process::ExitCode;

pub(crate) fn run(args: &CheckArgs) -> Outcome {
    let config = configuration(&args.node)?;
    println!(
        "configuration: {} sessions, {} firms, {} instruments",
        config.sessions.len(),
        config.firms.len(),
        config.instruments.len()
    );
    let data_dir = DataDir::new(&args.node.data_dir);
    if config.log.kind == LogKind::File {
        if !data_dir.log().exists() {
            println!("data directory: nothing at {}", data_dir.root().display());
            return Ok(ExitCode::SUCCESS);
        }
        let verified = assay_event_log::verify(data_dir.log())?;
        println!(
            "log: {} records in {} segments, every frame good",
            verified.recovery.records, verified.segments
        );
    }
    let books = Books::of(log_place::records(&config, &data_dir)?)?;
    print!("{books}");
    let report = audit::verify_records(log_place::records(&config, &data_dir)?, &data_dir, None)?;
    print!("{report}");
    Ok(if books.balance() && report.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
