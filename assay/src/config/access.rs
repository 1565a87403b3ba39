//! Who may log on, how a listener is protected, what a session may send: `[gateway.tls]`, `[[gateway.listener]]`,
//! `[[session.key]]` and limits.

use assay_trading_types::Timestamp;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fix_gateway::{
    AddressRange, BackOffLimits, CertificateFiles, ClientCertificates, Proof, ThrottleLimits, TlsSpec,
};
use serde::{Deserialize, Deserializer};
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// `[[gateway.listener]]`: one more address.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Listener {
    /// The address; port 0 takes a free one.
    pub(crate) listen: SocketAddr,
    /// TLS; without it everything is in clear.
    #[serde(default)]
    pub(crate) tls: Option<Tls>,
}

/// `[gateway.tls]`, `[gateway.listener.tls]` and `[admin.tls]`: files in PEM, relative to the configuration file.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tls {
    /// Server certificates; the name asked for chooses, the first serves who asks for none of theirs.
    certificates: Vec<Certificate>,
    /// CAs of the counterparties' certificates.
    #[serde(default)]
    client_ca: Option<PathBuf>,
    /// What these CAs revoked.
    #[serde(default)]
    client_crl: Option<PathBuf>,
    /// Whether a counterparty must show a certificate; when left out, where FIX is spoken.
    #[serde(default)]
    client_certificates: Option<Demand>,
    /// Oldest version taken.
    #[serde(default)]
    min_version: MinVersion,
}

/// A certificate with its key.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Certificate {
    certificate: PathBuf,
    key: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Demand {
    Required,
    Optional,
    None,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
enum MinVersion {
    #[default]
    #[serde(rename = "1.2")]
    Tls12,
    #[serde(rename = "1.3")]
    Tls13,
}

impl Tls {
    /// As the gateway takes it, paths below `base`.
    pub(super) fn spec(&self, base: &Path) -> TlsSpec {
        self.spec_with(base, Demand::Required)
    }

    /// As the back office's API takes it, whose callers prove themselves by tokens and keys.
    pub(super) fn api_spec(&self, base: &Path) -> TlsSpec {
        self.spec_with(base, Demand::None)
    }

    fn spec_with(&self, base: &Path, demand: Demand) -> TlsSpec {
        let pair = |files: &Certificate| CertificateFiles {
            certificate: base.join(&files.certificate),
            key: base.join(&files.key),
        };
        TlsSpec {
            certificates: self.certificates.iter().map(pair).collect(),
            client_ca: self.client_ca.as_ref().map(|file| base.join(file)),
            client_crl: self.client_crl.as_ref().map(|file| base.join(file)),
            client_certificates: match self.client_certificates.unwrap_or(demand) {
                Demand::Required => ClientCertificates::Required,
                Demand::Optional => ClientCertificates::Optional,
                Demand::None => ClientCertificates::None,
            },
            allow_tls12: self.min_version == MinVersion::Tls12,
        }
    }
}

/// `[[session.key]]`: one of the keys that a Logon of the session may prove.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Key {
    /// Username(553).
    id: String,
    /// How it is proven.
    scheme: Scheme,
    /// File with the shared secret in base64, for its owner's eyes only.
    #[serde(default)]
    secret_file: Option<PathBuf>,
    /// Ed25519 public key in base64.
    #[serde(default)]
    public_key: Option<String>,
    /// argon2id hash in PHC form.
    #[serde(default)]
    password_hash: Option<String>,
    /// First moment it counts, RFC 3339.
    #[serde(default, deserialize_with = "moment")]
    valid_from: Option<Timestamp>,
    /// First moment it counts no more, RFC 3339.
    #[serde(default, deserialize_with = "moment")]
    valid_until: Option<Timestamp>,
    /// Where it may be used from; anywhere when left out.
    #[serde(default, deserialize_with = "ranges")]
    addresses: Vec<AddressRange>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Scheme {
    #[serde(rename = "hmac-sha-256")]
    HmacSha256,
    #[serde(rename = "hmac-sha-512")]
    HmacSha512,
    Ed25519,
    Password,
}

impl Key {
    /// As the gateway takes it, paths below `base`.
    ///
    /// # Errors
    /// Why it cannot be used, without showing any of it.
    pub(super) fn read(&self, base: &Path) -> Result<fix_gateway::Key, String> {
        let proof = match (self.scheme, &self.secret_file, &self.public_key, &self.password_hash) {
            (Scheme::HmacSha256, Some(file), None, None) => Proof::hmac_sha256(secret(&base.join(file))?),
            (Scheme::HmacSha512, Some(file), None, None) => Proof::hmac_sha512(secret(&base.join(file))?),
            (Scheme::Ed25519, None, Some(key), None) => {
                Proof::ed25519(&STANDARD.decode(key).map_err(|_| "public_key is not base64")?)
            }
            (Scheme::Password, None, None, Some(hash)) => Proof::password(hash),
            _ => {
                let wanted = match self.scheme {
                    Scheme::HmacSha256 | Scheme::HmacSha512 => "secret_file",
                    Scheme::Ed25519 => "public_key",
                    Scheme::Password => "password_hash",
                };
                return Err(format!("key \"{}\" takes {wanted} for its scheme, and nothing else", self.id));
            }
        };
        Ok(fix_gateway::Key {
            proof: proof.map_err(|error| format!("key \"{}\": {error}", self.id))?,
            id: self.id.clone(),
            valid_from: self.valid_from,
            valid_until: self.valid_until,
            addresses: self.addresses.clone(),
        })
    }
}

/// A shared secret.
fn secret(file: &Path) -> Result<Vec<u8>, String> {
    let text = private_text(file)?;
    STANDARD.decode(text.trim()).map_err(|_| format!("{}: is not base64", file.display()))
}

/// What stands in a file for its owner's eyes only. One that others may read is refused: whoever can read it can log on.
pub(super) fn private_text(file: &Path) -> Result<Zeroizing<String>, String> {
    let fault = |what: &dyn std::fmt::Display| format!("{}: {what}", file.display());
    let mode = std::fs::metadata(file).map_err(|error| fault(&error))?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(fault(&"others may read it: chmod 600"));
    }
    std::fs::read_to_string(file).map(Zeroizing::new).map_err(|error| fault(&error))
}

/// The first line of such a file: a password or another secret that is one line.
pub(super) fn private_line(file: &Path) -> Result<Zeroizing<String>, String> {
    let text = private_text(file)?;
    Ok(Zeroizing::new(text.lines().next().unwrap_or_default().to_owned()))
}

/// `[gateway.before_logon]`: what connections may cost before their Logon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct BeforeLogon {
    /// Connections without a session, over all listeners.
    connections: usize,
    /// The same from one address.
    connections_per_address: usize,
    /// Failed logons in a minute, of an address or a session, that start a wait.
    failures: u32,
    /// The first wait in seconds, doubling with each further one.
    wait_s: u64,
    /// The longest wait in seconds.
    wait_max_s: u64,
}

impl Default for BeforeLogon {
    fn default() -> Self {
        let (strangers, back_off) = (fix_gateway::StrangerLimits::default(), BackOffLimits::default());
        Self {
            connections: strangers.total_max,
            connections_per_address: strangers.per_address_max,
            failures: back_off.failures_max,
            wait_s: back_off.first_ms / 1_000,
            wait_max_s: back_off.longest_ms / 1_000,
        }
    }
}

impl BeforeLogon {
    pub(super) fn strangers(&self) -> fix_gateway::StrangerLimits {
        fix_gateway::StrangerLimits {
            total_max: self.connections,
            per_address_max: self.connections_per_address,
            ..Default::default()
        }
    }

    pub(super) fn back_off(&self) -> BackOffLimits {
        BackOffLimits {
            failures_max: self.failures.max(1),
            first_ms: self.wait_s.saturating_mul(1_000),
            longest_ms: self.wait_max_s.saturating_mul(1_000),
            ..Default::default()
        }
    }
}

/// `[session.throttle]`: what is left out keeps the proportions of the rules of engagement (section 9).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Throttle {
    /// Weight of messages a second.
    per_s: Option<NonZeroU32>,
    /// Weight at once after a pause.
    burst: Option<NonZeroU32>,
    /// D and G a second for one account and symbol.
    per_symbol_per_s: Option<NonZeroU32>,
    /// Refusals in a minute that end the session.
    refusals: Option<NonZeroU32>,
    /// Seconds without a logon after that.
    logon_wait_s: Option<u64>,
}

impl Throttle {
    /// Of a session whose firm may send `orders_per_s`, if that is limited: who is granted more orders than the default
    /// rate is granted the messages for them.
    pub(super) fn limits(&self, orders_per_s: Option<u32>) -> ThrottleLimits {
        let rules = ThrottleLimits::default();
        let per_s = self.per_s.map_or(orders_per_s.unwrap_or(0).max(rules.per_s), NonZeroU32::get);
        let scaled = ThrottleLimits::of_rate(per_s);
        ThrottleLimits {
            burst: self.burst.map_or(scaled.burst, NonZeroU32::get),
            per_symbol_per_s: self.per_symbol_per_s.map_or(scaled.per_symbol_per_s, NonZeroU32::get),
            refusals_max: self.refusals.map_or(rules.refusals_max, NonZeroU32::get),
            logon_wait_ms: self.logon_wait_s.map_or(rules.logon_wait_ms, |s| s.saturating_mul(1_000)),
            ..scaled
        }
    }
}

/// Address ranges as text.
pub(super) fn ranges<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<AddressRange>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    texts.iter().map(|text| text.parse().map_err(serde::de::Error::custom)).collect()
}

/// A moment as RFC 3339 text.
fn moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let moment: jiff::Timestamp = text.parse().map_err(|_| {
        serde::de::Error::custom(format!("`{text}` is no moment, write 2026-11-21T09:30:00Z"))
    })?;
    let ns = i64::try_from(moment.as_nanosecond()).map_err(serde::de::Error::custom)?;
    Ok(Some(Timestamp::from_ns(ns)))
}
