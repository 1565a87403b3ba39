//! `assay echo`: the session engine behind a socket with an application that answers by itself; for benchmarks.

use super::Outcome;
use crate::cli::{EchoArgs, EchoStore};
use assay_event_log::{EventLog, FileLog, FileLogConfig, MemoryLog, MemoryLogConfig};
use assay_trading_types::{CompId, FirmId};
use fix_gateway::{
    CertificateFiles, ClientCertificates, Echo, GatewayConfig, SessionSpec, TlsSpec, spawn_with,
};
use signal_hook::consts::{SIGINT, SIGTERM};
use std::path::Path;
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
    if let Some(dir) = &args.certificates {
        config.listen[0].tls = Some(tls(dir));
    }
    let gateway = spawn_with(config, log, Echo::new(true))?;
    println!("admin on {}", gateway.local_addr());
    println!("listening on {}", gateway.local_addr());
    signal_hook::iterator::Signals::new([SIGINT, SIGTERM])?.forever().next();
    gateway.stop()?;
    Ok(ExitCode::SUCCESS)
}

/// Mutual TLS with the files of `assay certs init`.
fn tls(dir: &Path) -> TlsSpec {
    let file = |name: &str| dir.join(name);
    TlsSpec {
        certificates: vec![CertificateFiles { certificate: file("server.pem"), key: file("server.key") }],
        client_ca: Some(file("ca.pem")),
        client_crl: Some(file("ca.crl")),
        client_certificates: ClientCertificates::Required,
        allow_tls12: false,
    }
}
