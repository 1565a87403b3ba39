//! One POST: its own connection, to an address that was checked, over TLS; no redirect is followed and no answer read
//! beyond its status.

use super::addresses::{Reach, Target};
use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Longest wait for an answer, from the first look-up of the name.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// What is posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    /// Where to.
    pub(super) url: String,
    /// `webhook-id`
    pub(super) id: String,
    /// `webhook-timestamp`
    pub(super) timestamp: String,
    /// `webhook-signature`
    pub(super) signature: String,
    /// JSON.
    pub(super) body: String,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failed {
    #[error("{0}")]
    Url(String),
    #[error("the name cannot be looked up")]
    Name(#[source] std::io::Error),
    #[error("none of its addresses may be called")]
    Address,
    #[error("no connection: {}", .0.kind())]
    Connect(#[source] std::io::Error),
    #[error("no TLS: {0}")]
    Tls(#[source] std::io::Error),
    #[error("no answer in HTTP: {0}")]
    Http(#[from] hyper::Error),
    #[error("no answer within 10 s")]
    Timeout,
}

/// Why certificates that vouch for webhooks cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RootsError {
    /// Not PEM, or none in it.
    #[error("it holds no certificate in PEM")]
    Pem,
    /// A certificate is damaged.
    #[error("it holds a certificate that cannot be used")]
    Certificate(#[source] rustls::Error),
}

/// Posts.
pub struct Poster {
    reach: Reach,
    /// Who vouches for webhooks beside the system's CAs.
    roots: RootCertStore,
    /// Made for the first webhook over TLS: most nodes have none, and the system's CAs are many.
    tls: OnceLock<TlsConnector>,
}

impl Poster {
    /// With the system's certificates and those in `ca`, PEM; `private`: to private networks too, in clear if need be.
    ///
    /// # Errors
    /// Certificates in `ca` cannot be used.
    pub fn new(private: bool, ca: Option<&[u8]>) -> Result<Self, RootsError> {
        let mut roots = RootCertStore::empty();
        if let Some(pem) = ca {
            let own: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
            let own = own.ok().filter(|own| !own.is_empty()).ok_or(RootsError::Pem)?;
            for certificate in own {
                roots.add(certificate).map_err(RootsError::Certificate)?;
            }
        }
        let reach = if private { Reach::Private } else { Reach::Public };
        Ok(Self { reach, roots, tls: OnceLock::new() })
    }

    fn tls(&self) -> &TlsConnector {
        self.tls.get_or_init(|| {
            let mut roots = self.roots.clone();
            // What of the system's cannot be used vouches for nobody: those webhooks fail, and say so.
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let config = ClientConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()
                .expect("the provider serves the versions it comes with")
                .with_root_certificates(roots)
                .with_no_client_auth();
            TlsConnector::from(Arc::new(config))
        })
    }

    /// The status of the answer.
    pub(super) async fn post(&self, told: &Told) -> Result<u16, Failed> {
        tokio::time::timeout(ANSWER_MAX, self.answer(told)).await.unwrap_or(Err(Failed::Timeout))
    }

    async fn answer(&self, told: &Told) -> Result<u16, Failed> {
        let target = self.reach.target(&told.url).map_err(Failed::Url)?;
        let stream = self.connect(&target).await?;
        if !target.tls {
            return exchange(stream, &target, told).await;
        }
        let misfit = |e| Failed::Tls(std::io::Error::other(e));
        let name = ServerName::try_from(target.host.clone()).map_err(misfit)?;
        let stream = self.tls().connect(name, stream).await.map_err(Failed::Tls)?;
        exchange(stream, &target, told).await
    }

    /// To the first address that may be called and answers.
    async fn connect(&self, target: &Target) -> Result<TcpStream, Failed> {
        let found =
            tokio::net::lookup_host((target.host.as_str(), target.port)).await.map_err(Failed::Name)?;
        let mut failed = Failed::Address;
        for address in found.filter(|address| self.reach.allows(target, address.ip())) {
            match TcpStream::connect(address).await {
                Ok(stream) => return Ok(stream),
                Err(error) => failed = Failed::Connect(error),
            }
        }
        Err(failed)
    }
}

async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    target: &Target,
    told: &Told,
) -> Result<u16, Failed> {
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(16 * 1024)
        .handshake::<_, Full<Bytes>>(TokioIo::new(stream))
        .await?;
    let request = Request::post(&target.path)
        .header("host", target.authority())
        .header("content-type", "application/json")
        .header("user-agent", concat!("assay/", env!("CARGO_PKG_VERSION")))
        .header("connection", "close")
        .header("webhook-id", &told.id)
        .header("webhook-timestamp", &told.timestamp)
        .header("webhook-signature", &told.signature)
        .body(Full::new(Bytes::from(told.body.clone())))
        .map_err(|error| Failed::Url(error.to_string()))?;
    let answer = sender.send_request(request);
    tokio::pin!(answer);
    let answer = tokio::select! {
        answer = &mut answer => answer?,
        closed = connection => {
            closed?;
            answer.await?
        }
    };
    Ok(answer.status().as_u16())
}
