//! The `assay` command: one binary, every role.
//!
//! Exit codes: 0 done, 1 a check or a running part failed, 2 the command line or the configuration is wrong.

mod api_client;
mod bench;
mod books;
mod certificates;
mod cli;
mod clock;
mod command;
mod config;
mod configure;
mod counterparty;
mod demo;
mod drill;
mod health;
mod log_place;
mod node;
mod price_sources;
mod process;
mod role;
mod timetable;

use clap::Parser;
use cli::{Cli, Command, RoleOr};
use role::Role;
use std::process::ExitCode;

/// Records are made on one thread and dropped on another; the system's allocator spends a fifth of the CPU on that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    if !serves(&cli.command) {
        // A command whose reader has had enough (`| head`) ends like any other; a server outlives its clients.
        sigpipe::reset();
    }
    // What goes wrong in a drill is meant to.
    let usual = if matches!(cli.command, Command::Drill(_)) { "error" } else { "warn" };
    match log_to_stderr(usual).and_then(|()| run(cli.command)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("assay: {}", one_line(&*error));
            ExitCode::from(if error.is::<config::ConfigError>() { 2 } else { 1 })
        }
    }
}

/// Whether others connect to it while it runs.
fn serves(command: &Command) -> bool {
    matches!(
        command,
        Command::Up(_)
            | Command::Demo(_)
            | Command::Drill(_)
            | Command::Bench(_)
            | Command::Log(_)
            | Command::Gateway(_)
            | Command::Execution(_)
            | Command::Admin(_)
            | Command::Echo(_)
            | Command::Sim(_)
            | Command::Audit(RoleOr { command: None, .. })
            | Command::Risk(RoleOr { command: None, .. })
            | Command::Ledger(RoleOr { command: None, .. })
    )
}

fn run(command: Command) -> command::Outcome {
    match command {
        Command::Up(args) => command::up::run(&args),
        Command::Demo(args) => demo::run(&args),
        Command::Drill(args) => drill::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Check(args) => command::check::run(&args),
        Command::Log(args) => role::log::run(&args),
        Command::Gateway(args) => role::run(Role::Gateway, &args),
        Command::Execution(args) => role::run(Role::Execution, &args),
        Command::Admin(args) => role::run(Role::Admin, &args),
        Command::Audit(RoleOr { command: Some(command), .. }) => command::audit::run(command),
        Command::Audit(RoleOr { role, .. }) => role::run(Role::Audit, &role),
        Command::Risk(RoleOr { command: Some(command), .. }) => command::risk::run(&command),
        Command::Risk(RoleOr { role, .. }) => role::run(Role::Risk, &role),
        Command::Loan(command) => command::loan::run(&command),
        Command::Ledger(RoleOr { command: Some(command), .. }) => command::ledger::run(&command),
        Command::Ledger(RoleOr { role, .. }) => role::run(Role::Ledger, &role),
        Command::Session(command) => command::session::run(&command),
        Command::Kyc(command) => command::kyc::run(&command),
        Command::Notify(command) => command::notify::run(&command),
        Command::Job(command) => command::job::run(&command),
        Command::Proposal(command) => command::proposal::run(&command),
        Command::Report(command) => command::report::run(&command),
        Command::Topics(command) => command::topics::run(&command),
        Command::Trade(command) => command::trade::run(&command),
        Command::Venue(command) => command::venue::run(&command),
        Command::User(args) => command::user::run(&args),
        Command::Keys(args) => command::keys::run(&args),
        Command::Certs(args) => command::certs::run(&args),
        Command::Echo(args) => command::echo::run(&args),
        Command::Sim(args) => command::sim::run(&args),
    }
}

/// Events of the parts as `usual`, unless `ASSAY_LOG` says otherwise; as text, or as `ASSAY_LOG_FORMAT` says.
fn log_to_stderr(usual: &str) -> Result<(), Box<dyn std::error::Error>> {
    let filter = tracing_subscriber::EnvFilter::try_from_env("ASSAY_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(usual));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match std::env::var("ASSAY_LOG_FORMAT").as_deref() {
        Err(_) | Ok("text") => lines.init(),
        Ok("json") => lines.json().flatten_event(true).with_span_list(false).init(),
        Ok(other) => return Err(format!("ASSAY_LOG_FORMAT: {other} is neither text nor json").into()),
    }
    Ok(())
}

/// An error and its causes on one line.
fn one_line(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.ends_with(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text.replace('\n', " ")
}
