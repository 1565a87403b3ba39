//! `assay user ...`: users of the back office, from the node's own console.

use super::{Outcome, configuration};
use crate::api_client::{self, ApiPlace};
use crate::cli::{CreateAdminArgs, LogInArgs, UserCommand};
use crate::clock;
use crate::config::Config;
use crate::log_place::{self, OpenLog, PlaceError};
use crate::node::{DataDir, back_office};
use assay_admin_api::{
    CommandProcessor, FirstAdministrator, FixSessionsPort, Outcome as Decided, Secrets,
    create_first_administrator, proof,
};
use assay_event_log::{EventLog, LogError};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub(crate) fn run(command: &UserCommand) -> Outcome {
    match command {
        UserCommand::CreateAdmin(args) => create_admin(args),
        UserCommand::LogIn(args) => log_in(args),
    }
}

fn log_in(args: &LogInArgs) -> Outcome {
    let body = serde_json::json!({
        "email": args.email, "password": password(&args.password_file)?, "code": args.code,
    });
    let answer = api_client::call(&args.place, "POST", "/api/v1/auth/login", "", Some(&body))?;
    let token = answer["access_token"].as_str().ok_or("the answer holds no token")?;
    let mut file = std::fs::OpenOptions::new();
    let file = file.write(true).create(true).truncate(true).mode(0o600).open(&args.token_file);
    let mut file = file.map_err(|e| format!("cannot write {}: {e}", args.token_file.display()))?;
    writeln!(file, "{token}")?;
    println!("logged in as {}", args.email);
    Ok(ExitCode::SUCCESS)
}

/// The first line of a file.
fn password(file: &std::path::Path) -> Result<String, String> {
    let text = std::fs::read_to_string(file).map_err(|e| format!("cannot read {}: {e}", file.display()))?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

fn create_admin(args: &CreateAdminArgs) -> Outcome {
    let config = configuration(&args.node)?;
    let wanted = FirstAdministrator { email: args.email.clone(), password: password(&args.password_file)? };
    let data_dir = DataDir::new(&args.node.data_dir);
    match log_place::open(&config, &data_dir, false) {
        Ok(OpenLog { log, recovery, hold: _hold }) => {
            here(&config, &data_dir, log, recovery.last_origins, wanted)?;
        }
        Err(PlaceError::Log(LogError::Locked { .. })) => {
            let place = ApiPlace { api: config.own_api()?, api_ca: args.api_ca.clone() };
            there(&data_dir, &place, &wanted)?;
        }
        Err(error) => return Err(error.into()),
    }
    println!("administrator {} made; log in and set up the second factor", args.email);
    Ok(ExitCode::SUCCESS)
}

/// On a stopped node: this process decides.
fn here(
    config: &Config,
    data_dir: &DataDir,
    log: Arc<dyn EventLog>,
    written: assay_event_log::LastOrigins,
    wanted: FirstAdministrator,
) -> Result<(), Box<dyn std::error::Error>> {
    let (api, _) = back_office::open(config, data_dir, log, FixSessionsPort::default(), false)?;
    let mut processor = CommandProcessor::new(Arc::clone(&api), written)?;
    processor.recover()?;
    let stop = Arc::new(AtomicBool::new(false));
    let stopping = Arc::clone(&stop);
    let thread = std::thread::spawn(move || processor.run(&stopping));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let outcome = runtime.block_on(create_first_administrator(&api, wanted));
    stop.store(true, Ordering::Release);
    thread.join().map_err(|_| "the processor panicked")??;
    match outcome? {
        Decided::Done { .. } => Ok(()),
        other => Err(format!("undecided: {other:?}").into()),
    }
}

/// On a running node: it decides, shown that we can read its key.
fn there(
    data_dir: &DataDir,
    place: &ApiPlace,
    wanted: &FirstAdministrator,
) -> Result<(), Box<dyn std::error::Error>> {
    let secrets = Secrets::load(&back_office::keys(data_dir).join("node.key"))?;
    let body = serde_json::to_value(wanted)?;
    let proof = proof(&secrets, clock::now().as_ns() / 1_000_000_000, body.to_string().as_bytes());
    let header = format!("Assay-Node-Proof: {proof}\r\n");
    let made = api_client::call(place, "POST", "/api/v1/auth/first-administrator", &header, Some(&body));
    made.map(drop).map_err(|error| format!("a node holds the data directory: {error}").into())
}
