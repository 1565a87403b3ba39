//! The session engine and its driver alone, with an application that echoes: for conformance suites and benchmarks.
//!
//! ```text
//! cargo run --release --example echo -p fix-gateway -- --listen 127.0.0.1:5001 --comp-id ISLD --peer TW44 --store memory
//! ```

use assay_dictionaries::Dictionary;
use assay_event_log::{EventLog, FileLog, FileLogConfig, MemoryLog};
use assay_trading_types::{CompId, FirmId};
use clap::{Parser, ValueEnum};
use fix_gateway::{Echo, GatewayConfig, Profile, SessionSpec, spawn_with};
use std::error::Error;
use std::net::SocketAddr;
use std::num::NonZeroU64;
use std::path::PathBuf;
use std::sync::Arc;

/// Where messages are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Store {
    /// The file log, synced before anything is sent.
    File,
    /// Memory, all of it, until the end.
    Memory,
}

/// Which reading of the standard.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum ProfileFlag {
    /// The standard.
    Strict,
    /// What engines of the QuickFIX family do.
    Interop,
}

/// Echoes D, d and C; anything else gets BusinessMessageReject(380=3).
#[derive(Debug, Parser)]
struct Flags {
    /// Address to listen on.
    #[arg(long, default_value = "127.0.0.1:5001")]
    listen: SocketAddr,
    /// Our CompID.
    #[arg(long, default_value = "ISLD")]
    comp_id: CompId,
    /// A counterparty's CompID; may be repeated.
    #[arg(long, default_value = "TW44")]
    peer: Vec<CompId>,
    /// Where messages are kept.
    #[arg(long, value_enum, default_value = "memory")]
    store: Store,
    /// Directory of the file store.
    #[arg(long, default_value = "echo-data")]
    dir: PathBuf,
    /// Start at 1 with every logon.
    #[arg(long)]
    reset_on_logon: bool,
    /// A dictionary in QuickFIX's format instead of the built-in one.
    #[arg(long)]
    dictionary: Option<PathBuf>,
    /// Strict or interop.
    #[arg(long, value_enum, default_value = "strict")]
    profile: ProfileFlag,
    /// Use NextExpectedMsgSeqNum(789) at logon.
    #[arg(long)]
    next_expected: bool,
    /// Put LastMsgSeqNumProcessed(369) on every message.
    #[arg(long)]
    last_processed: bool,
    /// Ask for at most so many messages at once.
    #[arg(long)]
    resend_chunk: Option<NonZeroU64>,
    /// Answer a D by an ExecutionReport New.
    #[arg(long)]
    execution_reports: bool,
}

fn main() -> Result<(), Box<dyn Error>> {
    let flags = Flags::parse();
    let log: Arc<dyn EventLog> = match flags.store {
        Store::File => Arc::new(FileLog::open(&flags.dir, FileLogConfig::default())?.0),
        Store::Memory => Arc::new(MemoryLog::default()),
    };
    let gateway = spawn_with(config(&flags)?, log, Echo::new(flags.execution_reports))?;
    println!("listening on {}", gateway.local_addr());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(tokio::signal::ctrl_c())?;
    gateway.stop()?;
    Ok(())
}

fn config(flags: &Flags) -> Result<GatewayConfig, Box<dyn Error>> {
    let mut config = GatewayConfig::new(flags.listen, flags.comp_id);
    config.dictionary = match &flags.dictionary {
        // Read once and used to the end of the process.
        Some(file) => Box::leak(Box::new(Dictionary::parse(&std::fs::read_to_string(file)?)?)),
        None => Dictionary::fix44(),
    };
    for peer in &flags.peer {
        let mut session = SessionSpec::new(*peer, FirmId::new("ECHO")?);
        session.reset_on_logon = flags.reset_on_logon;
        session.next_expected = flags.next_expected;
        session.last_processed = flags.last_processed;
        session.resend_chunk = flags.resend_chunk;
        session.profile = match flags.profile {
            ProfileFlag::Strict => Profile::Strict,
            ProfileFlag::Interop => Profile::Interop,
        };
        config.sessions.push(session);
    }
    Ok(config)
}
