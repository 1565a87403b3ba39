//! Certificates and the names in them.

use super::{CertificateFiles, fault, read_all, read_key};
use crate::Error;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::sync::Arc;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

/// Server certificates chosen by the name the peer asks for (SNI).
#[derive(Debug)]
pub(super) struct ByName {
    /// (names in the certificate, the certificate); the first serves who names none of them.
    certificates: Vec<(Vec<String>, Arc<CertifiedKey>)>,
}

impl ByName {
    pub(super) fn load(files: &[CertificateFiles], provider: &CryptoProvider) -> Result<Self, Error> {
        if files.is_empty() {
            return Err(Error::Tls("a TLS listener needs a certificate".to_owned()));
        }
        let load = |pair: &CertificateFiles| -> Result<_, Error> {
            let chain = read_all::<CertificateDer<'static>>(&pair.certificate)?;
            let names = names_of(&chain[0]);
            let key = CertifiedKey::from_der(chain, read_key(&pair.key)?, provider)
                .map_err(|error| fault(&pair.certificate, &error))?;
            Ok((names, Arc::new(key)))
        };
        Ok(Self { certificates: files.iter().map(load).collect::<Result<_, _>>()? })
    }

    fn find(&self, asked: Option<&str>) -> &Arc<CertifiedKey> {
        let named = |asked: &str| {
            self.certificates.iter().find(|(names, _)| names.iter().any(|name| covers(name, asked)))
        };
        &asked.and_then(named).unwrap_or(&self.certificates[0]).1
    }
}

impl ResolvesServerCert for ByName {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(self.find(hello.server_name())))
    }
}

/// Whether a name of a certificate, perhaps `*.` and a domain, covers the name asked for.
fn covers(name: &str, asked: &str) -> bool {
    match name.strip_prefix("*.") {
        Some(domain) => asked.split_once('.').is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(domain)),
        None => name.eq_ignore_ascii_case(asked),
    }
}

/// Common names of the subject and alternative names (DNS, e-mail, URI) of a certificate. One that cannot be read has none.
pub(crate) fn names_of(certificate: &CertificateDer<'_>) -> Vec<String> {
    let Ok((_, parsed)) = X509Certificate::from_der(certificate) else { return Vec::new() };
    let common = parsed.subject().iter_common_name().filter_map(|name| name.as_str().ok());
    let mut names: Vec<String> = common.map(str::to_owned).collect();
    if let Ok(Some(alternative)) = parsed.subject_alternative_name() {
        names.extend(alternative.value.general_names.iter().filter_map(|name| match name {
            GeneralName::DNSName(text) | GeneralName::RFC822Name(text) | GeneralName::URI(text) => {
                Some((*text).to_owned())
            }
            _ => None,
        }));
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_covers_one_label() {
        assert!(covers("fix.assay.test", "FIX.assay.test"));
        assert!(covers("*.assay.test", "fix.assay.test"));
        assert!(!covers("*.assay.test", "assay.test"));
        assert!(!covers("*.assay.test", "a.b.assay.test"));
        assert!(!covers("fix.assay.test", "fix.assay.test.evil"));
    }

    #[test]
    fn bytes_that_are_no_certificate_have_no_names() {
        assert!(names_of(&CertificateDer::from(vec![1, 2, 3])).is_empty());
    }
}
