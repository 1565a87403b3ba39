//! `assay echo`: the session engine behind a socket with an application that answers by itself; for benchmarks.

use super::Outcome;
use crate::cli::{EchoArgs, EchoStore};
use assay_event_log::{EventLog, FileLog, FileLogConfig, MemoryLog, MemoryLogConfig};
use assay_trading_types::{CompId, FirmId};
use fix_gateway::{Echo, GatewayConfig, SessionSpec, spawn_with};
use signal_hook::consts::{SIGINT, SIGTERM};
use std::process::ExitCode;
use std::sync::Arc;

pub(crate) fn run(args: &EchoArgs) -> Outcome {
    let log: Arc<dyn EventLog> = match args.store {
        EchoStore::File => Arc::new(FileLog::open(&args.dir, FileLogConfig::default())?.0),
        EchoStore::Memory => Arc::new(MemoryLog::new(MemoryLogConfig::default())),
    };
    let mut config = GatewayConfig::new("127.0.0.1:0".parse()?, CompId::new("ECHO")?);
    config.sessions = (1..=args.sessions)
        .map(|i| Ok(SessionSpec::new(CompId::new(&format!("CLIENT{i}"))?, FirmId::new("ECHO")?)))
        .collect::<Result<_, assay_trading_types::IdError>>()?;
    let gateway = spawn_with(config, log, Echo::new(true))?;
    println!("admin on {}", gateway.local_addr());
    println!("listening on {}", gateway.local_addr());
    signal_hook::iterator::Signals::new([SIGINT, SIGTERM])?.forever().next();
    gateway.stop()?;
    Ok(ExitCode::SUCCESS)
}
