//! `[[venue]]`: brokers that orders of routed instruments go to.

use super::{Config, Fault, Profile};
use assay_trading_types::{CompId, VenueId, VenueSet};
use assay_venues::FixVenueConfig;
use fix_gateway::client::{
    ClientTls, ClientTlsSpec, Credentials, CredentialsSpec, Host, InitiatorConfig, ReconnectSpec, Scheme,
};
use fix_gateway::{CertificateFiles, Schedule};
use fix_session::{Role, SessionConfig};
use serde::Deserialize;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// `[[venue]]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Venue {
    /// What instruments call it; its accounts in the books are `venue:NAME`.
    pub(crate) name: VenueId,
    /// No broker: what has a price is filled at it, at once. Nothing about a session is said then.
    #[serde(default)]
    paper: bool,
    /// `host:port` in the order they are tried.
    #[serde(default)]
    hosts: Vec<String>,
    /// Our SenderCompID(49) there; the gateway's own when left out.
    #[serde(default)]
    sender_comp_id: Option<CompId>,
    /// Its CompID.
    #[serde(default)]
    target_comp_id: Option<CompId>,
    /// Account(1) of ours there.
    #[serde(default)]
    account: String,
    /// HeartBtInt(108) in seconds.
    #[serde(default = "super::thirty", deserialize_with = "super::heartbeat")]
    heartbeat_s: u32,
    /// Start at 1 with every logon instead of keeping numbers over reconnects.
    #[serde(default)]
    reset_on_logon: bool,
    /// Strict or interop.
    #[serde(default)]
    profile: Profile,
    /// When the session is open; always when left out.
    #[serde(default, deserialize_with = "super::schedule::schedule")]
    schedule: Option<Schedule>,
    /// TLS, and then nothing else.
    #[serde(default)]
    tls: Option<VenueTls>,
    /// Connect in clear to a host that is not this machine.
    #[serde(default)]
    insecure: bool,
    /// What our Logons prove themselves by.
    #[serde(default)]
    key: Option<VenueKey>,
    /// How long an answer may take before the order's status is asked for, in seconds.
    #[serde(default = "ten")]
    answer_timeout_s: u32,
    /// First pause before something is asked again, in seconds; each further one is twice as long.
    #[serde(default = "one")]
    retry_first_s: u32,
    /// Longest such pause, in seconds.
    #[serde(default = "sixty")]
    retry_max_s: u32,
    /// How often an order is tried that certainly is not there.
    #[serde(default = "five")]
    tries_max: u32,
    /// How long an order that was never sent waits for a venue, in seconds; 0: it is refused at once.
    #[serde(default)]
    wait_s: u32,
}

/// What a venue's driver is told.
#[derive(Debug)]
pub(crate) enum VenueConfig {
    /// A broker behind a FIX session.
    Fix(Box<FixVenueConfig>),
    /// None.
    Paper(VenueId),
}

/// `tls = { ... }` of a venue; files in PEM, relative to the configuration file.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct VenueTls {
    /// CAs that may vouch for it.
    ca: PathBuf,
    /// Our certificate.
    #[serde(default)]
    certificate: Option<PathBuf>,
    /// Its key.
    #[serde(default)]
    key: Option<PathBuf>,
    /// Never more than TLS 1.2.
    #[serde(default)]
    tls12_only: bool,
}

/// `key = { ... }` of a venue.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct VenueKey {
    /// Username(553).
    id: String,
    /// How it is proven.
    scheme: KeyScheme,
    /// File whose first line is the secret, for its owner's eyes only.
    secret_file: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum KeyScheme {
    HmacSha256,
    HmacSha512,
    Ed25519,
    Password,
}

fn one() -> u32 {
    1
}

fn five() -> u32 {
    5
}

fn ten() -> u32 {
    10
}

fn sixty() -> u32 {
    60
}

const NS_PER_S: i64 = 1_000_000_000;

impl Venue {
    /// How patient we are with it.
    pub(crate) fn terms(&self) -> VenueSet {
        let ns = |seconds: u32| i64::from(seconds) * NS_PER_S;
        VenueSet {
            venue: self.name,
            answer_ns: ns(self.answer_timeout_s),
            retry_first_ns: ns(self.retry_first_s),
            retry_max_ns: ns(self.retry_max_s),
            tries_max: self.tries_max,
            wait_ns: ns(self.wait_s),
        }
    }

    /// The key at fault, and why.
    fn fault(&self) -> Option<(&'static str, String)> {
        let fault = if self.paper { self.paper_fault() } else { self.session_fault() };
        fault.or_else(|| self.patience_fault())
    }

    fn paper_fault(&self) -> Option<(&'static str, String)> {
        let has_session = !self.hosts.is_empty() || self.target_comp_id.is_some() || !self.account.is_empty();
        has_session.then(|| ("paper", "a venue on paper has no hosts, target_comp_id or account".to_owned()))
    }

    fn session_fault(&self) -> Option<(&'static str, String)> {
        if self.hosts.is_empty() {
            return Some(("hosts", "name at least one \"host:port\"".to_owned()));
        }
        if let Some(host) = self.hosts.iter().find(|host| !is_address(host)) {
            return Some(("hosts", format!("\"{host}\" is not \"host:port\"")));
        }
        if let Some(host) = self.hosts.iter().find(|host| !is_loopback(host))
            && self.tls.is_none()
            && !self.insecure
        {
            let what =
                format!("{host} is not this machine and there is no tls: add it, or say insecure = true");
            return Some(("hosts", what));
        }
        if self.account.is_empty() || !self.account.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Some(("account", format!("account \"{}\" is not printable ASCII", self.account)));
        }
        if self.target_comp_id.is_none() {
            return Some(("target_comp_id", "say the broker's CompID in target_comp_id".to_owned()));
        }
        None
    }

    fn patience_fault(&self) -> Option<(&'static str, String)> {
        for (key, value) in [
            ("answer_timeout_s", self.answer_timeout_s),
            ("retry_first_s", self.retry_first_s),
            ("tries_max", self.tries_max),
        ] {
            if value == 0 {
                return Some((key, format!("{key} is above zero")));
            }
        }
        if self.retry_max_s < self.retry_first_s {
            return Some(("retry_max_s", "retry_max_s is not below retry_first_s".to_owned()));
        }
        None
    }

    fn initiator(&self, gateway: CompId, base: &Path) -> Result<InitiatorConfig, (&'static str, String)> {
        let sender = self.sender_comp_id.unwrap_or(gateway);
        let target = self.target_comp_id.ok_or(("target_comp_id", "there is none".to_owned()))?;
        let mut session = SessionConfig::new(Role::Initiator, sender.as_str(), target.as_str());
        if self.profile == Profile::Interop {
            session = session.with_profile(fix_session::Profile::Interop);
        }
        session.heartbeat_s = self.heartbeat_s;
        session.reset_on_logon = self.reset_on_logon;
        session.schedule = self.schedule.clone();
        let hosts: Vec<Host> = self.hosts.iter().map(Host::new).collect();
        let tls = self.tls.as_ref().map(|tls| tls.load(base)).transpose().map_err(|what| ("tls", what))?;
        let credentials =
            self.key.as_ref().map(|key| key.load(base)).transpose().map_err(|what| ("key", what))?;
        let first = hosts[0].clone();
        Ok(InitiatorConfig {
            hosts,
            tls,
            credentials,
            reconnect: Some(ReconnectSpec::default()),
            ..InitiatorConfig::new(session, first)
        })
    }
}

impl VenueTls {
    fn load(&self, base: &Path) -> Result<ClientTls, String> {
        let identity = match (&self.certificate, &self.key) {
            (Some(certificate), Some(key)) => {
                Some(CertificateFiles { certificate: base.join(certificate), key: base.join(key) })
            }
            (None, None) => None,
            _ => return Err("certificate goes with key".to_owned()),
        };
        let spec = ClientTlsSpec { ca: base.join(&self.ca), identity, tls12_only: self.tls12_only };
        ClientTls::load(&spec).map_err(|error| error.to_string())
    }
}

impl VenueKey {
    fn load(&self, base: &Path) -> Result<Credentials, String> {
        let scheme = match self.scheme {
            KeyScheme::HmacSha256 => Scheme::HmacSha256,
            KeyScheme::HmacSha512 => Scheme::HmacSha512,
            KeyScheme::Ed25519 => Scheme::Ed25519,
            KeyScheme::Password => Scheme::Password,
        };
        let spec =
            CredentialsSpec { key_id: self.id.clone(), scheme, secret_file: base.join(&self.secret_file) };
        Credentials::load(&spec).map_err(|error| error.to_string())
    }
}

fn is_address(text: &str) -> bool {
    text.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
}

fn is_loopback(text: &str) -> bool {
    let host = text.rsplit_once(':').map_or(text, |(host, _)| host);
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

impl Config {
    /// Venues are named once and can be used, and routes lead to venues that there are.
    pub(super) fn check_venues(&self) -> Result<(), Fault> {
        for (i, venue) in self.venues.iter().enumerate() {
            let fault = |key, what| Err(Fault::new("[[venue]]", i, key, what));
            if self.venues[..i].iter().any(|other| other.name == venue.name) {
                return fault("name", format!("venue \"{}\" stands twice: remove one", venue.name));
            }
            if let Some((key, what)) = venue.fault() {
                return fault(key, what);
            }
        }
        for (i, instrument) in self.instruments.iter().enumerate() {
            let known = |name: &VenueId| self.venues.iter().any(|venue| venue.name == *name);
            if let Some(name) = instrument.venues.iter().find(|name| !known(name)) {
                let what = format!("no [[venue]] has name = \"{name}\": add one or name another");
                return Err(Fault::new("[[instrument]]", i, "venues", what));
            }
            let route = &instrument.venues;
            if (1..route.len()).any(|n| route[..n].contains(&route[n])) {
                let what = "a venue stands twice in the route".to_owned();
                return Err(Fault::new("[[instrument]]", i, "venues", what));
            }
        }
        self.venue_configs(Path::new("")).map(drop)
    }

    /// What each venue's driver is told; sessions are kept in `dir`.
    ///
    /// # Errors
    /// A file that cannot be used.
    pub(crate) fn venue_configs(&self, dir: &Path) -> Result<Vec<VenueConfig>, Fault> {
        let config = |(i, venue): (usize, &Venue)| {
            if venue.paper {
                return Ok(VenueConfig::Paper(venue.name));
            }
            let initiator = venue
                .initiator(self.gateway.comp_id, &self.base)
                .map_err(|(key, what)| Fault::new("[[venue]]", i, key, what))?;
            Ok(VenueConfig::Fix(Box::new(FixVenueConfig {
                venue: venue.name,
                initiator,
                account: venue.account.clone(),
                dir: dir.to_owned(),
            })))
        };
        self.venues.iter().enumerate().map(config).collect()
    }
}
