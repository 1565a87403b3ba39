//! Mail to a relay by SMTP (RFC 5321), over TLS or on the same machine.
//!
//! A relay that offers no STARTTLS is not given the mail in clear instead: links in it are as good as passwords.

use crate::mail::{Mail, Mailer};
use assay_trading_types::MailId;
use lettre::address::AddressError;
use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::{Address, SmtpTransport, Transport};
use std::net::IpAddr;
use std::time::Duration;
use zeroize::Zeroizing;

/// Longest wait for one answer of the relay. Mails are sent one after the other, and a node that stops waits for the
/// one under way.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// How a connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SmtpSecurity {
    /// In clear until STARTTLS (RFC 3207), which must succeed. Port 587.
    #[default]
    StartTls,
    /// TLS from the first byte (RFC 8314). Port 465.
    Tls,
    /// In clear, to a relay on this machine only. Port 25.
    None,
}

impl SmtpSecurity {
    fn port(self) -> u16 {
        match self {
            Self::StartTls => 587,
            Self::Tls => 465,
            Self::None => 25,
        }
    }
}

/// Which relay, and as whom.
pub struct SmtpSettings {
    /// Name or address of the relay; the name that its certificate must have.
    pub host: String,
    /// Its port; the usual one when absent.
    pub port: Option<u16>,
    /// How the connection is protected.
    pub security: SmtpSecurity,
    /// User and password, if it wants them.
    pub login: Option<(String, Zeroizing<String>)>,
    /// Who mails are from: `venue@example.com` or `Venue <venue@example.com>`.
    pub from: String,
    /// CAs in PEM that alone may vouch for it; those of the system when absent.
    pub ca: Option<Vec<u8>>,
}

/// Why settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SmtpError {
    /// `from` is no address.
    #[error("from is no address")]
    From(#[source] AddressError),
    /// In clear over a network.
    #[error("mail in clear goes to a relay on this machine only: use starttls or tls")]
    Clear,
    /// A password in clear.
    #[error("a user and password are shown over TLS only: use starttls or tls")]
    LoginInClear,
    /// No CAs: nobody could vouch for the relay.
    #[error("the CA file holds no certificate in PEM")]
    NoCa,
    /// The CAs cannot be used.
    #[error("the CA file holds a certificate that cannot be used")]
    Ca(#[source] lettre::transport::smtp::Error),
}

/// A relay.
#[derive(Clone)]
pub struct Smtp {
    transport: SmtpTransport,
    from: Mailbox,
}

impl std::fmt::Debug for Smtp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Smtp").field("from", &self.from).finish_non_exhaustive()
    }
}

impl Smtp {
    /// Checks `settings`. Connects to nobody.
    ///
    /// # Errors
    /// They contradict one another, or a part of them is malformed.
    pub fn new(settings: SmtpSettings) -> Result<Self, SmtpError> {
        let SmtpSettings { host, port, security, login, from, ca } = settings;
        let from = from.parse().map_err(SmtpError::From)?;
        let tls = match security {
            SmtpSecurity::None if login.is_some() => return Err(SmtpError::LoginInClear),
            SmtpSecurity::None if !is_here(&host) => return Err(SmtpError::Clear),
            SmtpSecurity::None => Tls::None,
            SmtpSecurity::StartTls => Tls::Required(parameters(&host, ca)?),
            SmtpSecurity::Tls => Tls::Wrapper(parameters(&host, ca)?),
        };
        let builder = SmtpTransport::builder_dangerous(host)
            .port(port.unwrap_or(security.port()))
            .timeout(Some(ANSWER_MAX))
            .tls(tls);
        let builder = match login {
            Some((user, password)) => builder.credentials(Credentials::new(user, password.to_string())),
            None => builder,
        };
        Ok(Self { transport: builder.build(), from })
    }

    /// A mail as it goes out. Its id is that of the log: a mail that is sent twice is known by it.
    fn written(&self, id: &MailId, mail: &Mail) -> Result<Message, String> {
        let to: Address = mail.to.parse().map_err(|error: AddressError| format!("to: {error}"))?;
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(mail.subject.clone())
            .message_id(Some(format!("<{id}@{}>", self.from.email.domain())))
            .header(AutoSubmitted)
            .header(ContentType::TEXT_PLAIN)
            .body(mail.text.clone())
            .map_err(|error| error.to_string())
    }
}

impl Mailer for Smtp {
    fn send(&self, id: &MailId, mail: &Mail) -> Result<(), String> {
        let message = self.written(id, mail)?;
        self.transport.send(&message).map(drop).map_err(|error| words(&error))
    }
}

/// An error with its causes, which say what the relay answered.
fn words(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !words.contains(&text) {
            words = format!("{words}: {text}");
        }
        cause = error.source();
    }
    words
}

fn parameters(host: &str, ca: Option<Vec<u8>>) -> Result<TlsParameters, SmtpError> {
    let builder = TlsParameters::builder(host.to_owned());
    let Some(pem) = ca else { return builder.build_rustls().map_err(SmtpError::Ca) };
    const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
    if !pem.windows(BEGIN.len()).any(|text| text == BEGIN) {
        return Err(SmtpError::NoCa);
    }
    let builder = builder.certificate_store(CertificateStore::None);
    let certificate = Certificate::from_pem(&pem).map_err(SmtpError::Ca)?;
    builder.add_root_certificate(certificate).build_rustls().map_err(SmtpError::Ca)
}

fn is_here(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// `Auto-Submitted: auto-generated` (RFC 3834): nobody's absence is answered to a program.
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}
