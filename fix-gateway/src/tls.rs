//! TLS of a listener: certificates by name, the counterparties' CA, revocations, and all of it anew from changed files.
//!
//! TLS 1.3, and 1.2 where a listener allows it; nothing less, no compression, no renegotiation (C-04: the library has
//! none). A session is never resumed: a certificate revoked since would slip in with it.

mod certificates;

use crate::Error;
use certificates::ByName;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig};
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

pub(crate) use certificates::names_of;

/// Whether a counterparty must show a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClientCertificates {
    /// Whoever shows none gets no further than the handshake (C-05).
    #[default]
    Required,
    /// Whoever shows one is bound by it; sessions without one must have credentials.
    Optional,
    /// None is asked for; sessions must have credentials.
    None,
}

/// A server certificate with its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFiles {
    /// PEM: the certificate, then those that lead to its CA.
    pub certificate: PathBuf,
    /// PEM: its private key.
    pub key: PathBuf,
}

/// TLS settings of a listener, all of them files in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsSpec {
    /// At least one. The peer's SNI chooses by the names in them; the first serves who names none of them.
    pub certificates: Vec<CertificateFiles>,
    /// CAs of the counterparties' certificates. Needed unless none is asked for.
    pub client_ca: Option<PathBuf>,
    /// Revocations by these CAs. When given, a certificate whose CA has no list here is refused too.
    pub client_crl: Option<PathBuf>,
    /// Whether a counterparty must show a certificate.
    pub client_certificates: ClientCertificates,
    /// Whether TLS 1.2 is allowed beside 1.3.
    pub allow_tls12: bool,
}

impl TlsSpec {
    /// Every file it names.
    fn files(&self) -> impl Iterator<Item = &Path> {
        let pairs = self.certificates.iter().flat_map(|pair| [&pair.certificate, &pair.key]);
        pairs.chain(&self.client_ca).chain(&self.client_crl).map(PathBuf::as_path)
    }

    fn load(&self) -> Result<ServerConfig, Error> {
        let provider = Arc::new(ring::default_provider());
        let versions: &[_] = if self.allow_tls12 { rustls::ALL_VERSIONS } else { &[&rustls::version::TLS13] };
        let resolver = ByName::load(&self.certificates, &provider)?;
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(versions)
            .map_err(|error| Error::Tls(error.to_string()))?;
        let mut config = builder
            .with_client_cert_verifier(self.verifier(provider)?)
            .with_cert_resolver(Arc::new(resolver));
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(config)
    }

    fn verifier(
        &self,
        provider: Arc<rustls::crypto::CryptoProvider>,
    ) -> Result<Arc<dyn ClientCertVerifier>, Error> {
        if self.client_certificates == ClientCertificates::None {
            return Ok(WebPkiClientVerifier::no_client_auth());
        }
        let Some(ca) = &self.client_ca else {
            return Err(Error::Tls("client certificates need client_ca".to_owned()));
        };
        let roots = Arc::new(roots(ca)?);
        let mut builder = WebPkiClientVerifier::builder_with_provider(roots, provider);
        if let Some(file) = &self.client_crl {
            builder = builder.with_crls(read_all::<CertificateRevocationListDer<'static>>(file)?);
        }
        if self.client_certificates == ClientCertificates::Optional {
            builder = builder.allow_unauthenticated();
        }
        builder.build().map_err(|error| Error::Tls(error.to_string()))
    }
}

/// A listener's TLS as the files have it, read again when they change.
pub struct TlsSource {
    spec: TlsSpec,
    current: RefCell<Current>,
}

struct Current {
    config: Arc<ServerConfig>,
    stamps: Vec<Option<(SystemTime, u64)>>,
}

impl TlsSource {
    /// Reads everything; a start with unusable files fails.
    ///
    /// # Errors
    /// A file cannot be used.
    pub fn load(spec: TlsSpec) -> Result<Self, Error> {
        let stamps = stamps(&spec);
        let config = Arc::new(spec.load()?);
        Ok(Self { spec, current: RefCell::new(Current { config, stamps }) })
    }

    /// What a new connection is served with.
    pub fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.current.borrow().config)
    }

    /// Reads the files again if one changed, or in any case when `forced` (C-08). Files that do not fit together, as in
    /// the middle of a change, leave everything as it was until they change again. Returns whether it was read anew.
    ///
    /// # Errors
    /// A file cannot be used.
    pub fn reload(&self, forced: bool) -> Result<bool, Error> {
        let stamps = stamps(&self.spec);
        if !forced && stamps == self.current.borrow().stamps {
            return Ok(false);
        }
        self.current.borrow_mut().stamps = stamps;
        let config = Arc::new(self.spec.load()?);
        self.current.borrow_mut().config = config;
        Ok(true)
    }
}

/// When each file was written and its size.
fn stamps(spec: &TlsSpec) -> Vec<Option<(SystemTime, u64)>> {
    let stamp = |file: &Path| {
        let data = std::fs::metadata(file).ok()?;
        Some((data.modified().ok()?, data.len()))
    };
    spec.files().map(stamp).collect()
}

/// The CAs of a PEM file.
///
/// # Errors
/// It cannot be read, or holds none.
pub fn roots(file: &Path) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    for certificate in read_all::<CertificateDer<'static>>(file)? {
        roots.add(certificate).map_err(|error| fault(file, &error))?;
    }
    Ok(roots)
}

/// Everything of one kind in a PEM file; at least one.
pub(crate) fn read_all<T: PemObject>(file: &Path) -> Result<Vec<T>, Error> {
    let items: Result<Vec<T>, _> = T::pem_file_iter(file).map_err(|error| fault(file, &error))?.collect();
    let items = items.map_err(|error| fault(file, &error))?;
    if items.is_empty() { Err(fault(file, &"holds nothing of the kind expected")) } else { Ok(items) }
}

/// The private key of a PEM file. What is wrong with it is said without showing any of it.
pub(crate) fn read_key(file: &Path) -> Result<PrivateKeyDer<'static>, Error> {
    PrivateKeyDer::from_pem_file(file).map_err(|error| fault(file, &error))
}

pub(crate) fn fault(file: &Path, what: &impl std::fmt::Display) -> Error {
    Error::Tls(format!("{}: {what}", file.display()))
}
