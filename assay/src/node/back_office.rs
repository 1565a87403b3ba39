//! The back office's settings, from the configuration.

use super::{DataDir, NodeError};
use crate::clock;
use crate::config::{AdminProcessor, Config};
use assay_admin_api::{
    Api, ApiConfig, AuditTrail, BankAccount, FixSessionsPort, KycConfig, MailRoute, Operation,
    PaymentProcessor, PaymentsConfig, Rates, ReadModelBuilder, ReportsConfig,
};
use assay_audit::{AuditPaths, KeptIn};
use assay_event_log::EventLog;
use assay_trading_types::Asset;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zeroize::Zeroizing;

/// Where the node's key stands.
pub(crate) fn keys(data_dir: &DataDir) -> PathBuf {
    data_dir.root().join("keys")
}

/// The API on `log`; its processor and what builds its read model are still to be run.
pub(crate) fn open(
    config: &Config,
    data_dir: &DataDir,
    log: Arc<dyn EventLog>,
    fix_sessions: FixSessionsPort,
    keeps_audit: bool,
) -> Result<(Arc<Api>, ReadModelBuilder), NodeError> {
    let audit = audit_trail(config, data_dir, keeps_audit)?;
    let settings = ApiConfig { fix_sessions, audit, ..settings(config, data_dir)? };
    Ok(Api::new(settings, log, Arc::new(clock::now))?)
}

/// Where compliance reads the audit trail: in ClickHouse from any process, in the embedded store from the one that keeps it.
fn audit_trail(
    config: &Config,
    data_dir: &DataDir,
    keeps_audit: bool,
) -> Result<Option<AuditTrail>, NodeError> {
    let paths = AuditPaths::below(data_dir.root());
    let store = match config.clickhouse().map_err(NodeError::Configuration)? {
        Some(clickhouse) => KeptIn::ClickHouse(clickhouse),
        None if keeps_audit => KeptIn::File(paths.store),
        None => return Ok(None),
    };
    Ok(Some(AuditTrail { store, keys: paths.keys }))
}

fn settings(config: &Config, data_dir: &DataDir) -> Result<ApiConfig, NodeError> {
    let admin = &config.admin;
    Ok(ApiConfig {
        kyc: kyc(config, data_dir)?,
        payments: payments(config)?,
        keys: keys(data_dir),
        read_model: data_dir.root().join("admin"),
        public_url: config.api_url(),
        registration: admin.registration,
        hosts: admin.hosts.clone(),
        cors_origins: admin.cors_origins.clone(),
        trusted_proxies: config.proxies().map_err(NodeError::Configuration)?,
        call_log: Some(data_dir.root().join("logs")),
        breach_list: admin.breach_list.clone(),
        webhooks: config.webhooks().map_err(NodeError::Configuration)?,
        reports: ReportsConfig {
            dir: admin.reports_dir.clone().unwrap_or_else(|| data_dir.root().join("reports")),
            schedules: config.report_schedules().map_err(NodeError::Configuration)?,
        },
        mail: match (config.relay().map_err(NodeError::Configuration)?, &admin.mail_dir) {
            (Some(relay), _) => MailRoute::Smtp(Box::new(relay)),
            (None, Some(dir)) => MailRoute::Directory(dir.clone()),
            (None, None) => MailRoute::Log,
        },
        rates: Rates {
            anonymous_per_h: admin.rates.anonymous_per_h,
            user_per_h: admin.rates.user_per_h,
            roles_per_h: admin.rates.roles.clone(),
            operations_per_h: admin
                .rates
                .operations
                .iter()
                .filter_map(|(name, per_h)| Some((Operation::from_name(name)?, *per_h)))
                .collect(),
        },
        ..ApiConfig::default()
    })
}

fn kyc(config: &Config, data_dir: &DataDir) -> Result<KycConfig, NodeError> {
    let given = &config.admin.kyc;
    let default = KycConfig::default();
    let provider_secret = given.provider_secret_file.as_deref().map(secret).transpose()?;
    Ok(KycConfig {
        documents: given.documents_dir.clone().unwrap_or_else(|| data_dir.root().join("documents")),
        lists: given.lists_dir.clone(),
        high_risk_countries: given.high_risk_countries.clone(),
        retention_days: given.retention_days.unwrap_or(default.retention_days),
        provider_dir: given.provider_dir.clone(),
        provider_secret,
    })
}

fn payments(config: &Config) -> Result<PaymentsConfig, NodeError> {
    let given = &config.admin.payments;
    let processor = |p: &AdminProcessor| {
        let (name, methods) = (p.name.clone(), p.methods.clone());
        Ok(PaymentProcessor { name, secret: secret(&p.secret_file)?, methods })
    };
    let own = |(account, asset): (&String, &Asset)| BankAccount {
        account: account.replace(' ', ""),
        asset: *asset,
    };
    let default = PaymentsConfig::default();
    Ok(PaymentsConfig {
        bank_accounts: given.bank_accounts.iter().map(own).collect(),
        processors: given.processor.iter().map(processor).collect::<Result<_, NodeError>>()?,
        rate_alone_within_bp: given.rate_alone_within_bp.unwrap_or(default.rate_alone_within_bp),
    })
}

/// One line of a file; an empty one is no secret.
fn secret(file: &Path) -> Result<Zeroizing<String>, NodeError> {
    let io = |source| NodeError::Io { doing: format!("read {}", file.display()), source };
    let text = Zeroizing::new(std::fs::read_to_string(file).map_err(io)?);
    match text.trim() {
        "" => Err(io(std::io::Error::other("it is empty"))),
        line => Ok(Zeroizing::new(line.to_owned())),
    }
}
