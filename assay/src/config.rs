//! The configuration: one TOML file, overridden by `ASSAY_*` environment, overridden by flags.
//!
//! Unknown keys and bad values are errors that name file, line and mend (design section 10). Values are parsed into
//! their newtypes while the file is read, so whatever exists as a [`Config`] can be used as it is.

mod access;
mod asset;
mod audit_store;
mod calendar;
mod disconnect;
mod fix;
#[cfg(feature = "kafka")]
mod kafka;
mod limits;
mod log;
mod overrides;
mod payments;
mod price_source;
mod report;
mod roles;
mod schedule;
mod session_kind;
mod session_text;
mod smtp;
mod venue;
mod webhooks;

use crate::api_client::ApiAddress;
use assay_admin_api::{Network, ReportSchedule, Smtp, WebhookConfig};
use assay_dictionaries::Dictionary;
use assay_trading_types::{
    AccountId, Amount, Asset, CalendarId, CompId, Exchange, FirmId, Price, PriceSource, Qty, SecurityType,
    SelfTrade, SessionId, Symbol, UserRole, VenueId,
};
use fix_gateway::TlsSpec;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};

pub(crate) use audit_store::{Audit, AuditStore};
pub(crate) use calendar::{Calendar, Schedule};
pub(crate) use limits::Limits;
pub(crate) use log::{Log, LogKind};
pub(crate) use overrides::Overrides;
pub(crate) use payments::{AdminPayments, AdminProcessor};
pub(crate) use price_source::{Kind as PriceSourceKind, Pace as PricePace};
pub(crate) use roles::Roles;
pub(crate) use session_kind::{Copies, Entitlement, Regime, SessionKind};
pub(crate) use session_text::{table_in, table_of};
pub(crate) use smtp::AdminSmtp;
pub(crate) use venue::VenueConfig;
pub(crate) use webhooks::AdminWebhooks;

/// Why there is no usable configuration; one line each.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {}: {source}", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The file says something wrong at a line.
    #[error("{}:{line}: {what}", file.display())]
    Line {
        /// The file.
        file: PathBuf,
        /// Line from 1.
        line: usize,
        /// What is wrong and how to mend it.
        what: String,
    },
    /// An environment variable or flag says something wrong.
    #[error("{name}: {what}")]
    Override {
        /// The variable or flag.
        name: String,
        /// What is wrong and how to mend it.
        what: String,
    },
}

/// Everything a node is told. Field by field in docs/configuration.md.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// The FIX listener.
    pub(crate) gateway: Gateway,
    /// Counterparties' sessions.
    #[serde(rename = "session")]
    pub(crate) sessions: Vec<Session>,
    /// The same tables as they stand in the file.
    #[serde(skip)]
    pub(crate) session_tables: Vec<serde_json::Value>,
    /// Health and metrics listener.
    pub(crate) admin: Admin,
    /// Firms with accounts, opening balances and limits.
    #[serde(rename = "firm")]
    pub(crate) firms: Vec<Firm>,
    /// The house's own limits over all firms.
    pub(crate) house: House,
    /// When instruments trade.
    #[serde(rename = "calendar")]
    pub(crate) calendars: Vec<Calendar>,
    /// What accounts under a regulatory regime must state.
    #[serde(rename = "regime")]
    pub(crate) regimes: Vec<Regime>,
    /// Where reference prices come from.
    #[serde(rename = "price_source")]
    pub(crate) price_sources: Vec<price_source::Source>,
    /// What may be traded.
    #[serde(rename = "instrument")]
    pub(crate) instruments: Vec<Instrument>,
    /// Brokers that orders of routed instruments go to.
    #[serde(rename = "venue")]
    pub(crate) venues: Vec<venue::Venue>,
    /// On what terms currencies and instruments come, go and change owner.
    #[serde(rename = "asset")]
    pub(crate) assets: Vec<asset::Asset>,
    /// Reports that are made by themselves.
    #[serde(rename = "report")]
    pub(crate) reports: Vec<report::Report>,
    /// The event log.
    pub(crate) log: Log,
    /// The audit store.
    pub(crate) audit: Audit,
    /// Where roles that run as processes of their own meet.
    pub(crate) roles: Option<Roles>,
    /// Where relative paths begin: the configuration file's directory.
    #[serde(skip)]
    base: PathBuf,
}

/// `[gateway]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Gateway {
    /// Address the FIX acceptor listens on; port 0 takes a free one.
    pub(crate) listen: SocketAddr,
    /// Our CompID.
    pub(crate) comp_id: CompId,
    /// Accept sessions that prove nothing, by certificate or key, on an address that is not loopback.
    pub(crate) insecure_listen: bool,
    /// TLS of this address; without it everything is in clear.
    pub(crate) tls: Option<access::Tls>,
    /// More addresses.
    #[serde(rename = "listener")]
    pub(crate) listeners: Vec<access::Listener>,
    /// What connections may cost before their Logon.
    pub(crate) before_logon: access::BeforeLogon,
    /// Seconds before a stop in which sessions are told of it, 0 to 60.
    #[serde(deserialize_with = "countdown")]
    pub(crate) countdown_s: u32,
}

impl Default for Gateway {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 9876)),
            comp_id: CompId::new("ASSAY").expect("a valid CompID"),
            insecure_listen: false,
            tls: None,
            listeners: Vec::new(),
            before_logon: access::BeforeLogon::default(),
            countdown_s: 0,
        }
    }
}

/// Which rules a session follows where the standard and common engines differ (session rules section 12).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Profile {
    /// The standard.
    #[default]
    Strict,
    /// What QuickFIX-family engines do.
    Interop,
}

/// `[[session]]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Session {
    /// The counterparty's SenderCompID(49).
    pub(crate) comp_id: CompId,
    /// The firm it trades for.
    pub(crate) firm: FirmId,
    /// Accounts it may use; all of the firm's when left out.
    #[serde(default)]
    pub(crate) accounts: Option<Vec<AccountId>>,
    /// Order entry, drop copy or market data.
    #[serde(default)]
    pub(crate) kind: SessionKind,
    /// What it may do; everything but the firm's scope when left out.
    #[serde(default)]
    pub(crate) entitlements: Option<Vec<Entitlement>>,
    /// What a drop copy session copies.
    #[serde(default)]
    pub(crate) copy: Copies,
    /// What a market data session may have.
    #[serde(default)]
    pub(crate) market_data: session_kind::MarketData,
    /// Oldest order taken when it is sent again with PossDupFlag(43), in seconds.
    #[serde(default)]
    pub(crate) order_age_max_s: Option<u32>,
    /// HeartBtInt(108) in seconds that we would choose; the counterparty's own must be 1 to 300.
    #[serde(default = "thirty", deserialize_with = "heartbeat")]
    pub(crate) heartbeat_s: u32,
    /// Start at 1 with every logon instead of keeping numbers over reconnects.
    #[serde(default)]
    pub(crate) reset_on_logon: bool,
    /// Strict or interop.
    #[serde(default)]
    pub(crate) profile: Profile,
    /// NextExpectedMsgSeqNum(789) is used at logon.
    #[serde(default)]
    pub(crate) next_expected: bool,
    /// LastMsgSeqNumProcessed(369) is put on every message.
    #[serde(default)]
    pub(crate) last_processed: bool,
    /// Most messages asked for by one ResendRequest(2); all that are missing when left out.
    #[serde(default)]
    pub(crate) resend_chunk: Option<NonZeroU64>,
    /// Third parties it may name in 115 and 128; any when left out.
    #[serde(default)]
    pub(crate) third_parties: Option<Vec<String>>,
    /// Answers swap 50/57 and 142/143.
    #[serde(default)]
    pub(crate) swap_sub_ids: bool,
    /// When it is open; always when left out.
    #[serde(default, deserialize_with = "schedule::schedule")]
    pub(crate) schedule: Option<fix_gateway::Schedule>,
    /// Keys of which a Logon must prove one; none: it need not.
    #[serde(default, rename = "key")]
    pub(crate) keys: Vec<access::Key>,
    /// Where the counterparty may come from; anywhere when left out.
    #[serde(default, deserialize_with = "access::ranges")]
    pub(crate) addresses: Vec<fix_gateway::AddressRange>,
    /// Names of which its certificate must have one; its CompID when left out.
    #[serde(default)]
    pub(crate) certificate_names: Vec<String>,
    /// Say Logout("Authentication failed") instead of nothing.
    #[serde(default)]
    pub(crate) logout_on_auth_failure: bool,
    /// How much it may send.
    #[serde(default)]
    pub(crate) throttle: access::Throttle,
    /// What its end costs its open orders.
    #[serde(default)]
    pub(crate) cancel_on_disconnect: disconnect::CancelOnDisconnect,
    /// Every accepted D yields 150=A first.
    #[serde(default)]
    pub(crate) pending_new: bool,
    /// Every accepted F and G yields 150=6 or E first.
    #[serde(default)]
    pub(crate) pending_reports: bool,
    /// A G may follow one that is pending.
    #[serde(default)]
    pub(crate) chain_pending: bool,
    /// What the session rules leave to each session.
    #[serde(default, deserialize_with = "rules")]
    pub(crate) rules: fix_gateway::SessionRules,
}

fn rules<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<fix_gateway::SessionRules, D::Error> {
    let rules = fix_gateway::SessionRules::deserialize(deserializer)?;
    rules.check().map_err(serde::de::Error::custom)?;
    Ok(rules)
}

/// News of a stop begin a minute before it (rules of engagement, A-06).
const COUNTDOWN_S_MAX: u32 = 60;

fn countdown<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let seconds = i64::deserialize(deserializer)?;
    u32::try_from(seconds).ok().filter(|s| *s <= COUNTDOWN_S_MAX).ok_or_else(|| {
        serde::de::Error::custom(format!(
            "countdown_s = {seconds} is out of range, use 0 to {COUNTDOWN_S_MAX}"
        ))
    })
}

/// Longest HeartBtInt, the upper limit of session rule L-13.
const HEARTBEAT_S_MAX: u32 = 300;

fn thirty() -> u32 {
    30
}

fn heartbeat<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let seconds = i64::deserialize(deserializer)?;
    u32::try_from(seconds).ok().filter(|s| (1..=HEARTBEAT_S_MAX).contains(s)).ok_or_else(|| {
        serde::de::Error::custom(format!(
            "heartbeat_s = {seconds} is out of range, use 1 to {HEARTBEAT_S_MAX}"
        ))
    })
}

/// `[admin]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Admin {
    /// Address of the back office's API, health and metrics; port 0 takes a free one.
    pub(crate) listen: SocketAddr,
    /// Serve in clear on an address that is not loopback: something in front of it speaks TLS.
    pub(crate) insecure_listen: bool,
    /// TLS; without it everything is in clear.
    pub(crate) tls: Option<access::Tls>,
    /// Whether the API is served and its read model kept; health and metrics always are.
    pub(crate) back_office: bool,
    /// Where links in mails lead.
    pub(crate) public_url: Option<String>,
    /// Whether anybody may register.
    pub(crate) registration: bool,
    /// Host names served; any when empty.
    pub(crate) hosts: Vec<String>,
    /// Origins that browsers may call from.
    pub(crate) cors_origins: Vec<String>,
    /// Networks of proxies whose `X-Forwarded-For` counts.
    pub(crate) trusted_proxies: Vec<String>,
    /// Passwords known to others, one a line.
    pub(crate) breach_list: Option<PathBuf>,
    /// Mail is written here, one file each, instead of being named in the program's log.
    pub(crate) mail_dir: Option<PathBuf>,
    /// The relay that mail goes to.
    pub(crate) smtp: Option<AdminSmtp>,
    /// Requests an hour.
    pub(crate) rates: AdminRates,
    /// Identity files.
    pub(crate) kyc: AdminKyc,
    /// Where reports that are made by themselves go; `reports` in the data directory when left out.
    pub(crate) reports_dir: Option<PathBuf>,
    /// Where webhooks may be.
    pub(crate) webhooks: AdminWebhooks,
    /// Payments from outside.
    pub(crate) payments: AdminPayments,
}

impl Default for Admin {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            insecure_listen: false,
            tls: None,
            back_office: true,
            public_url: None,
            registration: true,
            hosts: Vec::new(),
            cors_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            breach_list: None,
            mail_dir: None,
            smtp: None,
            rates: AdminRates::default(),
            kyc: AdminKyc::default(),
            reports_dir: None,
            webhooks: AdminWebhooks::default(),
            payments: AdminPayments::default(),
        }
    }
}

/// `[admin.kyc]`
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AdminKyc {
    /// Where sealed documents and their keys are kept; `documents` in the data directory by default.
    pub(crate) documents_dir: Option<PathBuf>,
    /// Lists that names are compared with: `*.csv` in OpenSanctions' simple form.
    pub(crate) lists_dir: Option<PathBuf>,
    /// Countries (ISO 3166-1 alpha-2) whose files take two reviewers.
    pub(crate) high_risk_countries: Vec<String>,
    /// Days that a file is kept after it last counted; 1826 by default.
    pub(crate) retention_days: Option<u32>,
    /// Directory that an identity provider is asked through and answers in.
    pub(crate) provider_dir: Option<PathBuf>,
    /// File with what identity providers sign their messages with.
    pub(crate) provider_secret_file: Option<PathBuf>,
}

/// `[admin.rates]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AdminRates {
    /// Of an address without login.
    pub(crate) anonymous_per_h: u32,
    /// Of a user.
    pub(crate) user_per_h: u32,
    /// Of users with a role, where that is more.
    pub(crate) roles: BTreeMap<UserRole, u32>,
    /// Of a caller on one operation, by operationId.
    pub(crate) operations: BTreeMap<String, u32>,
}

impl Default for AdminRates {
    fn default() -> Self {
        Self { anonymous_per_h: 100, user_per_h: 1_000, roles: BTreeMap::new(), operations: BTreeMap::new() }
    }
}

/// `[house]`
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct House {
    /// Credit over all firms; the firms' own together cannot exceed it, and a firm without one has none.
    pub(crate) credit: Option<Amount>,
}

/// `[[firm]]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Firm {
    /// Its id.
    pub(crate) id: FirmId,
    /// Its accounts; one named like the firm when left out.
    #[serde(default)]
    pub(crate) accounts: Vec<AccountId>,
    /// Opening cash of the first account, recorded once.
    #[serde(default)]
    pub(crate) cash: BTreeMap<Asset, Amount>,
    /// Opening positions of the first account, recorded once.
    #[serde(default)]
    pub(crate) positions: BTreeMap<Asset, Amount>,
    /// Self-trade prevention.
    #[serde(default)]
    pub(crate) self_trade: SelfTrade,
    /// Pre-trade limits.
    #[serde(default)]
    pub(crate) limits: Limits,
    /// Limits of single accounts, beside the firm's.
    #[serde(default)]
    pub(crate) account_limits: BTreeMap<AccountId, Limits>,
    /// What its trades cost.
    #[serde(default)]
    pub(crate) commission: Commission,
}

impl Firm {
    /// Its accounts, the default one when none is configured.
    pub(crate) fn accounts(&self) -> Vec<AccountId> {
        if self.accounts.is_empty() {
            AccountId::new(self.id.as_str()).into_iter().collect()
        } else {
            self.accounts.clone()
        }
    }
}

/// `commission = { ... }` of a firm.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Commission {
    /// Currency units a share.
    pub(crate) per_share: Amount,
    /// Hundredths of a percent of the notional.
    pub(crate) basis_points: Amount,
    /// Least a fill costs.
    pub(crate) minimum: Amount,
}

/// `[[instrument]]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Instrument {
    /// Symbol(55).
    pub(crate) symbol: Symbol,
    /// Currency(15).
    pub(crate) currency: Asset,
    /// Prices are multiples of it.
    #[serde(deserialize_with = "positive_price")]
    pub(crate) tick_size: Price,
    /// Quantities are multiples of it: a whole number, or a decimal in quotes.
    #[serde(default = "one", deserialize_with = "qty")]
    pub(crate) lot_size: Qty,
    /// SecurityType(167).
    #[serde(default)]
    pub(crate) security_type: Option<SecurityType>,
    /// SecurityExchange(207).
    #[serde(default)]
    pub(crate) exchange: Option<Exchange>,
    /// Market data tells of its single orders, to sessions that may see them.
    #[serde(default)]
    pub(crate) single_orders: bool,
    /// Reference price for collars; without one, orders that need it are refused.
    #[serde(default, deserialize_with = "maybe_positive_price")]
    pub(crate) reference_price: Option<Price>,
    /// How long a reference price may be used, in seconds; until the next when left out.
    #[serde(default)]
    pub(crate) reference_max_age_s: Option<u32>,
    /// Where its reference price comes from, in the order of fail-over.
    #[serde(default)]
    pub(crate) price_sources: Vec<PriceSource>,
    /// A price further than this from the one before must be confirmed, in basis points.
    #[serde(default)]
    pub(crate) price_outlier_bp: Option<u32>,
    /// What is traded on a usual day, which `limits.order_adv_bp` compares orders with.
    #[serde(default, deserialize_with = "maybe_qty")]
    pub(crate) average_daily_volume: Option<Qty>,
    /// Its calendar; without one it trades always.
    #[serde(default)]
    pub(crate) calendar: Option<CalendarId>,
    /// Its volatility guard.
    #[serde(default)]
    pub(crate) volatility: Option<Volatility>,
    /// Outside venues that its orders go to, in the order they are tried; none: our own book.
    #[serde(default)]
    pub(crate) venues: Vec<VenueId>,
}

/// `volatility = { ... }` of an instrument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Volatility {
    /// Largest distance of a trade from the last price, in basis points.
    pub(crate) band_bp: u32,
    /// How long the auction lasts that takes the place of a trade outside the band, in seconds.
    pub(crate) auction_s: u32,
}

fn one() -> Qty {
    Qty::from_units(assay_trading_types::SCALE)
}

/// A quantity as TOML has it: `1` or `"0.001"`.
#[derive(Deserialize)]
#[serde(untagged)]
enum Number {
    Whole(i64),
    Text(String),
}

fn qty<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Qty, D::Error> {
    use serde::de::Error;
    let number = Number::deserialize(deserializer)
        .map_err(|_| D::Error::custom("not a quantity, write a whole number or a decimal in quotes"))?;
    let text = match number {
        Number::Whole(n) => n.to_string(),
        Number::Text(text) => text,
    };
    let qty = Qty::parse(&text).map_err(|e| D::Error::custom(format!("quantity {text}: {e}")))?;
    if qty.units() > 0 {
        Ok(qty)
    } else {
        Err(D::Error::custom(format!("quantity {text} must be above zero")))
    }
}

fn maybe_qty<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Qty>, D::Error> {
    qty(deserializer).map(Some)
}

fn positive_price<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Price, D::Error> {
    let price = Price::deserialize(deserializer)?;
    if price.units() > 0 {
        return Ok(price);
    }
    Err(serde::de::Error::custom(format!("price {price} must be above zero, e.g. \"0.01\"")))
}

fn maybe_positive_price<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Price>, D::Error> {
    positive_price(deserializer).map(Some)
}

impl Config {
    /// Reads `file`, then applies `overrides`.
    ///
    /// # Errors
    /// The file cannot be read, or something in it or in an override is unknown, malformed or contradictory.
    pub(crate) fn load(file: &Path, overrides: &Overrides) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(file)
            .map_err(|source| ConfigError::Read { file: file.to_owned(), source })?;
        Self::parse(file, &text, overrides)
    }

    /// As [`Config::load`], from the text of a file called `name`.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub(crate) fn parse(name: &Path, text: &str, overrides: &Overrides) -> Result<Self, ConfigError> {
        let config: Self = toml::from_str(text).map_err(|e| line_error(name, text, &e))?;
        let mut config = overrides.apply(text, config)?;
        config.base = name.parent().unwrap_or(Path::new("")).to_owned();
        config.session_tables = session_text::tables(text);
        config.check().map_err(|fault| fault.at(name, text))?;
        Ok(config)
    }

    /// What holds between keys; each fault names the key it is about.
    fn check(&self) -> Result<(), Fault> {
        self.check_sessions()?;
        self.check_firms()?;
        self.check_credit()?;
        self.check_calendars()?;
        self.check_instruments()?;
        self.check_price_sources()?;
        self.check_venues()?;
        self.check_assets()?;
        self.gateway_config()?;
        self.check_admin()?;
        self.check_audit()?;
        self.check_log()
    }

    /// A path as the file means it: below its own directory, unless it is absolute.
    pub(crate) fn path(&self, path: &Path) -> PathBuf {
        self.base.join(path)
    }

    fn check_admin(&self) -> Result<(), Fault> {
        let Admin { listen, insecure_listen, tls, rates, mail_dir, .. } = &self.admin;
        self.webhooks()?;
        self.report_schedules()?;
        if self.relay()?.is_some() && mail_dir.is_some() {
            let what = "mail goes to mail_dir or to the relay of [admin.smtp]: name one".to_owned();
            return Err(Fault::new("[admin]", 0, "mail_dir", what));
        }
        if !listen.ip().is_loopback() && !insecure_listen && tls.is_none() {
            let what = format!(
                "{listen} is not a loopback address and there is no [admin.tls]: add it, listen on 127.0.0.1 behind what speaks TLS, or say insecure_listen = true"
            );
            return Err(Fault::new("[admin]", 0, "listen", what));
        }
        if let Some(name) =
            rates.operations.keys().find(|n| assay_admin_api::Operation::from_name(n).is_none())
        {
            let what = format!("\"{name}\" is no operation of the API");
            return Err(Fault::new("[admin.rates]", 0, "operations", what));
        }
        Ok(())
    }

    /// Where the API is called from elsewhere.
    pub(crate) fn api_url(&self) -> String {
        let scheme = if self.admin.tls.is_some() { "https" } else { "http" };
        self.admin.public_url.clone().unwrap_or_else(|| format!("{scheme}://{}", self.admin.listen))
    }

    /// Where the API is called from this machine: under TLS by a name that its certificate has.
    pub(crate) fn own_api(&self) -> Result<ApiAddress, String> {
        let Admin { listen, tls, public_url, .. } = &self.admin;
        match (tls, public_url) {
            (None, _) => listen.to_string().parse(),
            (Some(_), Some(url)) if url.starts_with("https://") => {
                url.parse().map_err(|what| format!("admin.public_url: {what}"))
            }
            (Some(_), _) => format!("https://localhost:{}", listen.port()).parse(),
        }
    }

    /// What the API's listener is protected by, if by anything.
    pub(crate) fn api_tls(&self) -> Option<TlsSpec> {
        self.admin.tls.as_ref().map(|tls| tls.api_spec(&self.base))
    }

    /// The relay of `[admin.smtp]`, if there is one.
    ///
    /// # Errors
    /// It cannot be used.
    pub(crate) fn relay(&self) -> Result<Option<Smtp>, Fault> {
        let relay = self.admin.smtp.as_ref().map(|smtp| smtp.relay(&self.base));
        relay.transpose().map_err(|(key, what)| Fault::new("[admin.smtp]", 0, key, what))
    }

    /// Proxies whose word counts on who sent a request.
    ///
    /// # Errors
    /// One is no network.
    pub(crate) fn proxies(&self) -> Result<Vec<Network>, Fault> {
        let read = |(i, text): (usize, &String)| {
            Network::parse(text).map_err(|what| Fault::new("[admin]", i, "trusted_proxies", what.to_owned()))
        };
        self.admin.trusted_proxies.iter().enumerate().map(read).collect()
    }

    /// Where webhooks may be, and who vouches for them.
    ///
    /// # Errors
    /// The CAs cannot be used.
    pub(crate) fn webhooks(&self) -> Result<WebhookConfig, Fault> {
        let read = self.admin.webhooks.read(&self.base);
        read.map_err(|(key, what)| Fault::new("[admin.webhooks]", 0, key, what))
    }

    /// Reports that are made by themselves.
    ///
    /// # Errors
    /// One that cannot be made, or two of one name.
    pub(crate) fn report_schedules(&self) -> Result<Vec<ReportSchedule>, Fault> {
        let mut schedules = Vec::new();
        for (i, report) in self.reports.iter().enumerate() {
            let fault = |(key, what)| Fault::new("[[report]]", i, key, what);
            if self.reports[..i].iter().any(|earlier| earlier.name == report.name) {
                return Err(fault(("name", format!("there are two of the name {}", report.name))));
            }
            schedules.push(report.schedule().map_err(fault)?);
        }
        Ok(schedules)
    }

    fn check_calendars(&self) -> Result<(), Fault> {
        for (i, calendar) in self.calendars.iter().enumerate() {
            if let Some((key, what)) = calendar.fault() {
                return Err(Fault::new("[[calendar]]", i, key, what));
            }
            if self.calendars[..i].iter().any(|other| other.name == calendar.name) {
                let what = format!("calendar {} is defined twice", calendar.name);
                return Err(Fault::new("[[calendar]]", i, "name", what));
            }
        }
        Ok(())
    }

    fn check_sessions(&self) -> Result<(), Fault> {
        if self.gateway.comp_id.as_str().rsplit('/').next() == Some(SessionId::API) {
            let what =
                format!("comp_id \"{}\" stands for orders over the API: choose another", SessionId::API);
            return Err(Fault::new("[gateway]", 0, "comp_id", what));
        }
        for (i, session) in self.sessions.iter().enumerate() {
            let fault = |key, what| Err(Fault::new("[[session]]", i, key, what));
            let Some(firm) = self.firms.iter().find(|f| f.id == session.firm) else {
                return fault(
                    "firm",
                    format!("no [[firm]] has id = \"{}\": add one or name another", session.firm),
                );
            };
            if self.sessions[..i].iter().any(|s| s.comp_id == session.comp_id) {
                return fault(
                    "comp_id",
                    format!("comp_id \"{}\" is used twice: choose another", session.comp_id),
                );
            }
            if session.comp_id == self.gateway.comp_id {
                return fault("comp_id", format!("comp_id \"{}\" is the gateway's own", session.comp_id));
            }
            let known = firm.accounts();
            if let Some(stranger) = session.accounts.iter().flatten().find(|a| !known.contains(a)) {
                return fault("accounts", format!("account \"{stranger}\" is not one of firm {}", firm.id));
            }
            let is_copy = |s: &Session, id| s.comp_id == id && s.kind == SessionKind::DropCopy;
            if let Some(copy) = session.cancel_on_disconnect.drop_copy()
                && !self.sessions.iter().any(|s| is_copy(s, copy) && s.firm == session.firm)
            {
                let what = format!("\"{copy}\" is no drop copy session of firm {}", firm.id);
                return fault("cancel_on_disconnect", what);
            }
        }
        Ok(())
    }

    fn check_firms(&self) -> Result<(), Fault> {
        for (i, firm) in self.firms.iter().enumerate() {
            let fault = |key, what| Err(Fault::new("[[firm]]", i, key, what));
            if self.firms[..i].iter().any(|f| f.id == firm.id) {
                return fault("id", format!("firm \"{}\" stands twice: remove one", firm.id));
            }
            let taken: Vec<AccountId> = self.firms[..i].iter().flat_map(Firm::accounts).collect();
            if let Some(account) = firm.accounts().iter().find(|a| taken.contains(a)) {
                return fault("accounts", format!("account \"{account}\" belongs to another firm already"));
            }
            for (key, balances) in [("cash", &firm.cash), ("positions", &firm.positions)] {
                if let Some((asset, amount)) = balances.iter().find(|(_, a)| a.units() < 0) {
                    return fault(
                        key,
                        format!("{asset} = \"{amount}\" is negative: an opening balance is zero or more"),
                    );
                }
            }
        }
        Ok(())
    }

    /// The firms' shares of the house's credit fit it, limits of accounts are of accounts that there are, and percentages are
    /// what risk takes.
    fn check_credit(&self) -> Result<(), Fault> {
        for (i, firm) in self.firms.iter().enumerate() {
            let known = firm.accounts();
            if let Some(stranger) = firm.account_limits.keys().find(|a| !known.contains(a)) {
                let what = format!("account \"{stranger}\" is not one of firm {}", firm.id);
                return Err(Fault::new("[[firm]]", i, "account_limits", what));
            }
            let all = firm.account_limits.values().map(|limits| ("account_limits", limits));
            for (place, limits) in std::iter::once(("limits", &firm.limits)).chain(all) {
                if let Some(what) = limits.fault() {
                    return Err(Fault::new("[[firm]]", i, place, what));
                }
            }
        }
        let Some(house) = self.house.credit else { return Ok(()) };
        let given = self.firms.iter().filter_map(|f| f.limits.credit).map(|a| a.units());
        let sum = Amount::from_units(given.fold(0, i128::saturating_add));
        if sum > house {
            let what = format!("the firms' limits.credit come to {sum}, more than credit = \"{house}\"");
            return Err(Fault::new("[house]", 0, "credit", what));
        }
        Ok(())
    }

    fn check_assets(&self) -> Result<(), Fault> {
        for (i, asset) in self.assets.iter().enumerate() {
            if self.assets[..i].iter().any(|other| other.code == asset.code) {
                let what = format!("asset \"{}\" stands twice: remove one", asset.code);
                return Err(Fault::new("[[asset]]", i, "code", what));
            }
            if let Some((key, what)) = asset.fault() {
                return Err(Fault::new("[[asset]]", i, key, what));
            }
        }
        Ok(())
    }

    fn check_instruments(&self) -> Result<(), Fault> {
        for (i, instrument) in self.instruments.iter().enumerate() {
            if self.instruments[..i].iter().any(|o| o.symbol == instrument.symbol) {
                let what = format!("instrument \"{}\" stands twice: remove one", instrument.symbol);
                return Err(Fault::new("[[instrument]]", i, "symbol", what));
            }
            let known = |name: &CalendarId| self.calendars.iter().any(|calendar| calendar.name == *name);
            if let Some(name) = instrument.calendar.filter(|name| !known(name)) {
                let what = format!("calendar {name} is not defined, add a [[calendar]] of that name");
                return Err(Fault::new("[[instrument]]", i, "calendar", what));
            }
            if let Some(kind) = instrument.security_type.filter(|kind| !is_listed(167, kind.as_str())) {
                let what = format!("security_type \"{kind}\" is no SecurityType(167) of FIX 4.4");
                return Err(Fault::new("[[instrument]]", i, "security_type", what));
            }
            let off_tick = |p: Price| p.units() % instrument.tick_size.units() != 0;
            if let Some(price) = instrument.reference_price.filter(|p| off_tick(*p)) {
                let what = format!(
                    "reference_price {price} is not a multiple of tick_size {}",
                    instrument.tick_size
                );
                return Err(Fault::new("[[instrument]]", i, "reference_price", what));
            }
        }
        Ok(())
    }
}

/// Whether FIX lists a value of a field.
fn is_listed(tag: u32, value: &str) -> bool {
    let field = Dictionary::fix44().field_of_tag(tag);
    field.is_some_and(|field| field.values().any(|(listed, _)| listed == value.as_bytes()))
}

/// A contradiction and the key it stands at.
#[derive(Debug)]
pub(crate) struct Fault {
    section: &'static str,
    index: usize,
    key: &'static str,
    what: String,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}: {}", self.section, self.key, self.what)
    }
}

impl Fault {
    fn new(section: &'static str, index: usize, key: &'static str, what: String) -> Self {
        Self { section, index, key, what }
    }

    fn at(self, file: &Path, text: &str) -> ConfigError {
        match self.line(text) {
            Some(line) => ConfigError::Line { file: file.to_owned(), line, what: self.what },
            None => ConfigError::Override { name: format!("{} {}", self.section, self.key), what: self.what },
        }
    }

    /// Line of the key, of its section when the key is left out, nothing when neither stands in the file.
    fn line(&self, text: &str) -> Option<usize> {
        let mut seen = 0;
        let mut heading = None;
        for (i, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.starts_with('[') {
                if heading.is_some() {
                    return heading;
                }
                if line.starts_with(self.section) {
                    if seen == self.index {
                        heading = Some(i + 1);
                    }
                    seen += 1;
                }
            } else if heading.is_some() && line.split('=').next().is_some_and(|k| k.trim() == self.key) {
                return Some(i + 1);
            }
        }
        heading
    }
}

fn line_error(file: &Path, text: &str, error: &toml::de::Error) -> ConfigError {
    let at = error.span().map_or(0, |s| s.start).min(text.len());
    let line = text.as_bytes()[..at].iter().filter(|b| **b == b'\n').count() + 1;
    ConfigError::Line { file: file.to_owned(), line, what: error.message().replace('\n', " ") }
}

#[cfg(test)]
mod tests;
