//! `assay log`: has the log open, brings the configuration into force, and serves it to the other roles.

use super::{Phase, WATCH, begin_anew};
use crate::cli::RoleArgs;
use crate::command::{Outcome, Signals, configuration};
use crate::health::{self, Vitals};
use crate::log_place::{self, OpenLog};
use crate::node::{DataDir, NodeError, force};
use assay_event_log::ToServe;
use std::net::TcpListener;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Serves until a signal, or until the log fails.
pub(crate) fn run(args: &RoleArgs) -> Outcome {
    let config = configuration(&args.node)?;
    let (address, secret) = config.served_log().map_err(|fault| format!("configuration: {fault}"))?;
    let signals = Signals::heed()?;
    let phase = Phase::new(args.health.map(|health| (health, None)))?;
    let data_dir = DataDir::new(&args.node.data_dir);
    phase.say("waiting for the turn to have the log open");
    let waiting = || {
        std::thread::sleep(WATCH);
        !signals.is_stopped()
    };
    let Some(still_ours) = log_place::turn(&config, &waiting)? else { return Ok(ExitCode::SUCCESS) };
    phase.say("opening the log");
    let OpenLog { log, recovery, hold } = log_place::open(&config, &data_dir, false)?;
    let served = ToServe::new(Arc::clone(&log), &recovery);
    force::bring(&config, &*served.log(), &data_dir)?;
    let listener = TcpListener::bind(&address)
        .map_err(|source| NodeError::Io { doing: format!("listen on {address} ([roles] log)"), source })?;
    let server = served.serve(listener, secret)?;
    let vitals = Arc::new(Vitals::new(data_dir.root().to_owned(), Arc::clone(&log)));
    vitals.ready.store(true, Ordering::Release);
    // Nobody else fills it.
    let _ = phase.pages().set(health::app(vitals));
    println!("found {} records in the log", recovery.records);
    phase.say(&format!("serving the log on {}", server.address()));
    while !signals.is_stopped() {
        if let Some(why) = log.poisoned() {
            eprintln!("assay: log is poisoned: {why}");
            std::process::exit(1);
        }
        if !still_ours() {
            return Err(begin_anew("another process has its turn").into());
        }
        std::thread::sleep(WATCH);
    }
    drop(server);
    drop(log);
    drop(hold);
    println!("stopped");
    Ok(ExitCode::SUCCESS)
}
