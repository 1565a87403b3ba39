//! `assay up`: serve until a signal. SIGHUP reads certificates and revocations anew.

use super::{Outcome, Signals, configuration};
use crate::cli::UpArgs;
use crate::node::{DataDir, Node};
use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

/// How often a signal or a failed part is looked for.
const WATCH: Duration = Duration::from_millis(50);

pub(crate) fn run(args: &UpArgs) -> Outcome {
    crate::clock::jump(&args.clock_jumps);
    let config = configuration(&args.node)?;
    let signals = Signals::heed()?;
    let node = Node::start(&config, &DataDir::new(&args.node.data_dir), args.accept_lost_tail)?;
    announce(&node)?;
    while !signals.is_stopped() {
        if signals.take_reload() {
            node.reload_certificates();
        }
        if let Some(error) = node.failure(WATCH) {
            eprintln!("assay: {}", crate::one_line(&error));
            // What failed may hold locks and sockets that others wait for; the log is what counts and it is on disk.
            std::process::exit(1);
        }
    }
    println!("stopping: sessions are logged out, what is under way is finished");
    node.stop()?;
    println!("stopped");
    Ok(ExitCode::SUCCESS)
}

/// Lines that scripts wait for; `listening on` comes last, when everything accepts.
fn announce(node: &Node) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    let recovery = node.recovery();
    writeln!(
        out,
        "found {} records in the log; durable to position {} by now",
        recovery.records,
        node.durable()
    )?;
    if let Some(torn) = &recovery.torn {
        writeln!(out, "cut a torn tail: {} bytes of {} behind byte {}", torn.bytes, torn.file, torn.byte)?;
    }
    for file in node.set_aside() {
        writeln!(out, "set aside, it holds records that the log lost: {}", file.display())?;
    }
    if let Some(key) = node.initial_key() {
        writeln!(out, "seal keys made; take the initial key off this machine: {}", key.display())?;
    }
    if let Some(address) = node.admin_address() {
        writeln!(out, "admin on {address}")?;
    }
    if let Some(address) = node.fix_address() {
        writeln!(out, "listening on {address}")?;
    }
    out.flush()
}
