//! What the API is told.

use crate::fix_sessions::FixSessionsPort;
use crate::network::Network;
use crate::operation::Operation;
use crate::reports::ReportSchedule;
use assay_trading_types::{Asset, PayMethod, UserRole};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;
use zeroize::Zeroizing;

/// Settings of the API. The defaults are what the requirements say.
#[derive(Debug, Clone)]
pub struct ApiConfig {
    /// Directory of the node's key.
    pub keys: PathBuf,
    /// Directory of the read model, which can be deleted.
    pub read_model: PathBuf,
    /// Where links in mails lead; no `/` at the end.
    pub public_url: String,
    /// Whether anybody may register.
    pub registration: bool,
    /// Host names served; any when empty.
    pub hosts: Vec<String>,
    /// Origins that browsers may call from; none by default.
    pub cors_origins: Vec<String>,
    /// Proxies whose word counts on who sent a request (`X-Forwarded-For`).
    pub trusted_proxies: Vec<Network>,
    /// Directory of `access.log` and `security.log`; none, and calls are not written down.
    pub call_log: Option<PathBuf>,
    /// Largest body of a request, in bytes.
    pub body_bytes_max: usize,
    /// How often callers may call.
    pub rates: Rates,
    /// Passwords known to others, one a line, beside the built-in list.
    pub breach_list: Option<PathBuf>,
    /// How mail leaves.
    pub mail: MailRoute,
    /// Identity files.
    pub kyc: KycConfig,
    /// Where webhooks may be.
    pub webhooks: WebhookConfig,
    /// Payments from outside.
    pub payments: PaymentsConfig,
    /// How long a write waits for its outcome before it answers 202.
    pub decision_wait: Duration,
    /// FIX sessions of the gateway beside it.
    pub fix_sessions: FixSessionsPort,
    /// Reports that are made by themselves.
    pub reports: ReportsConfig,
    /// Where the audit trail is; none, and another process keeps it.
    pub audit: Option<AuditTrail>,
}

/// The audit trail, for compliance to read.
#[derive(Debug, Clone)]
pub struct AuditTrail {
    /// Its rows.
    pub store: assay_audit::KeptIn,
    /// Directory of the keys that its seals are verified with.
    pub keys: PathBuf,
}

/// Requests an hour.
#[derive(Debug, Clone)]
pub struct Rates {
    /// Of one address without login (OPS-11).
    pub anonymous_per_h: u32,
    /// Of one user (OPS-11).
    pub user_per_h: u32,
    /// Of users with a role, where that is more.
    pub roles_per_h: BTreeMap<UserRole, u32>,
    /// Of one caller on one operation, beside the budgets above.
    pub operations_per_h: BTreeMap<Operation, u32>,
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            anonymous_per_h: 100,
            user_per_h: 1_000,
            roles_per_h: BTreeMap::new(),
            operations_per_h: BTreeMap::new(),
        }
    }
}

/// How identity files are kept and judged.
#[derive(Clone)]
pub struct KycConfig {
    /// Directory of the sealed documents and their keys.
    pub documents: PathBuf,
    /// Directory of the lists that names are compared with, `*.csv`; none when absent.
    pub lists: Option<PathBuf>,
    /// Countries (ISO 3166-1 alpha-2) whose files take two reviewers.
    pub high_risk_countries: Vec<String>,
    /// Days that a file is kept after it last counted.
    pub retention_days: u32,
    /// Directory that a provider is asked through and answers in; none, and nobody is asked.
    pub provider_dir: Option<PathBuf>,
    /// What providers sign with; none, and their words are not taken.
    pub provider_secret: Option<Zeroizing<String>>,
}

impl std::fmt::Debug for KycConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KycConfig").field("documents", &self.documents).finish_non_exhaustive()
    }
}

impl Default for KycConfig {
    fn default() -> Self {
        Self {
            documents: PathBuf::from("documents"),
            lists: None,
            high_risk_countries: Vec::new(),
            // Five years, as most laws against money laundering ask.
            retention_days: 1_826,
            provider_dir: None,
            provider_secret: None,
        }
    }
}

/// Where webhooks may be, and who vouches for them.
#[derive(Debug, Clone, Default)]
pub struct WebhookConfig {
    /// In private networks too, and there without TLS. Otherwise on the public internet, over TLS.
    pub private_networks: bool,
    /// CAs in PEM beside the system's.
    pub ca: Option<Vec<u8>>,
}

/// Who tells of payments, and how far conversion rates may move.
#[derive(Debug, Clone)]
pub struct PaymentsConfig {
    /// Processors whose signed words count.
    pub processors: Vec<PaymentProcessor>,
    /// How far from the conversion rate in force, in basis points, one person may set the next.
    pub rate_alone_within_bp: u32,
    /// The house's own accounts with banks.
    pub bank_accounts: Vec<BankAccount>,
}

/// An account of the house with a bank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BankAccount {
    /// As the bank names it, without spaces: an IBAN.
    pub account: String,
    /// Its currency.
    pub asset: Asset,
}

impl Default for PaymentsConfig {
    fn default() -> Self {
        // A currency moves by 2 percent in a day once in some years.
        Self { processors: Vec::new(), rate_alone_within_bp: 200, bank_accounts: Vec::new() }
    }
}

/// A payment processor.
#[derive(Clone)]
pub struct PaymentProcessor {
    /// Its name, in the path it calls and in records.
    pub name: String,
    /// What it signs with.
    pub secret: Zeroizing<String>,
    /// How deposits come that it speaks of; none named is all.
    pub methods: Vec<PayMethod>,
}

impl PaymentProcessor {
    /// Whether its word on a deposit that comes so counts.
    pub(crate) fn speaks_of(&self, method: PayMethod) -> bool {
        self.methods.is_empty() || self.methods.contains(&method)
    }
}

impl std::fmt::Debug for PaymentProcessor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PaymentProcessor").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Reports that are made by themselves, and where to.
#[derive(Debug, Clone)]
pub struct ReportsConfig {
    /// Directory that they are delivered to.
    pub dir: PathBuf,
    /// Which.
    pub schedules: Vec<ReportSchedule>,
}

impl Default for ReportsConfig {
    fn default() -> Self {
        Self { dir: PathBuf::from("reports"), schedules: Vec::new() }
    }
}

/// How mail leaves.
#[derive(Debug, Clone, Default)]
pub enum MailRoute {
    /// Into the program's log, without the secret part of links.
    #[default]
    Log,
    /// One file a mail in a directory, for development and tests.
    Directory(PathBuf),
    /// To a relay.
    Smtp(Box<crate::smtp::Smtp>),
}

impl Default for ApiConfig {
    fn default() -> Self {
        Self {
            keys: PathBuf::from("keys"),
            read_model: PathBuf::from("admin"),
            public_url: "http://127.0.0.1:8080".to_owned(),
            registration: true,
            hosts: Vec::new(),
            cors_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            call_log: None,
            body_bytes_max: 256 * 1024,
            rates: Rates::default(),
            breach_list: None,
            mail: MailRoute::default(),
            kyc: KycConfig::default(),
            webhooks: WebhookConfig::default(),
            payments: PaymentsConfig::default(),
            decision_wait: Duration::from_secs(5),
            fix_sessions: FixSessionsPort::default(),
            reports: ReportsConfig::default(),
            audit: None,
        }
    }
}
