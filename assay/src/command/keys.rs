//! `assay keys init`.

use super::Outcome;
use crate::cli::KeysCommand;
use assay_audit::{AuditPaths, keys};
use std::process::ExitCode;

pub(crate) fn run(command: &KeysCommand) -> Outcome {
    let KeysCommand::Init(args) = command;
    let paths = keys::init(&AuditPaths::below(&args.data_dir).keys)?;
    println!("seal keys made in {}", paths.epoch.parent().unwrap_or(&paths.epoch).display());
    println!("take the initial key off this machine: {}", paths.initial.display());
    println!("give the public key to your auditors:   {}", paths.public.display());
    Ok(ExitCode::SUCCESS)
}
