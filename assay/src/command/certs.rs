//! `assay certs init`: certificates for development and tests.

use super::{Outcome, configuration_or_none};
use crate::certificates::Authority;
use crate::cli::{CertsCommand, CertsInitArgs};
use crate::clock;
use std::process::ExitCode;

/// The client whose certificate the example list revokes.
const REVOKED: &str = "REVOKED";

pub(crate) fn run(command: &CertsCommand) -> Outcome {
    let CertsCommand::Init(args) = command;
    let comp_ids = comp_ids(args)?;
    let mut authority = Authority::create(&args.dir, clock::now())?;
    let mut hosts = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    hosts.extend(args.hosts.iter().cloned());
    authority.issue_server(&hosts)?;
    for comp_id in &comp_ids {
        authority.issue_client(comp_id)?;
    }
    let revoked = authority.issue_client(REVOKED)?;
    authority.revoke(&[revoked])?;
    println!("made in {}: for development only, the CA's key lies beside what it signs", args.dir.display());
    println!("  ca.pem, ca.key              the authority");
    println!("  ca.crl                      what it revoked: {REVOKED}.pem");
    println!("  server.pem, server.key      for {}", hosts.join(", "));
    for comp_id in comp_ids {
        println!("  {comp_id}.pem, {comp_id}.key");
    }
    println!("\n[gateway.tls]");
    println!("certificates = [{{ certificate = \"server.pem\", key = \"server.key\" }}]");
    println!("client_ca = \"ca.pem\"\nclient_crl = \"ca.crl\"");
    Ok(ExitCode::SUCCESS)
}

fn comp_ids(args: &CertsInitArgs) -> Result<Vec<String>, crate::config::ConfigError> {
    if !args.comp_ids.is_empty() {
        return Ok(args.comp_ids.iter().map(|id| id.as_str().to_owned()).collect());
    }
    let config = configuration_or_none(args.config.as_deref())?;
    Ok(config.sessions.iter().map(|session| session.comp_id.as_str().to_owned()).collect())
}
