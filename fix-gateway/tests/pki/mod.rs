//! A certificate authority of the test's own, and its files.

use fix_gateway::client::{ClientTls, ClientTlsSpec};
use fix_gateway::{CertificateFiles, ClientCertificates, TlsSpec};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DnType, IsCa, Issuer, KeyIdMethod,
    KeyPair, KeyUsagePurpose, RevokedCertParams, SerialNumber, date_time_ymd,
};
use std::path::{Path, PathBuf};

pub(crate) struct Pki {
    dir: tempfile::TempDir,
    issuer: Issuer<'static, KeyPair>,
    issued: u64,
}

impl Pki {
    /// A CA with a server certificate for `fix.assay.test` and an empty revocation list.
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(DnType::CommonName, "test CA");
        let certificate = params.self_signed(&key).unwrap();
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("ca.pem"), certificate.pem()).unwrap();
        let mut pki = Self { dir, issuer: Issuer::new(params, key), issued: 0 };
        pki.issue("server", "server", &["fix.assay.test"]);
        pki.revoke(&[]);
        pki
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn files(&self, name: &str) -> CertificateFiles {
        CertificateFiles {
            certificate: self.path(&format!("{name}.pem")),
            key: self.path(&format!("{name}.key")),
        }
    }

    /// Writes certificate and key of `name`; returns the serial number.
    pub(crate) fn issue(&mut self, name: &str, common_name: &str, others: &[&str]) -> u64 {
        self.issue_until(name, common_name, others, 2045)
    }

    pub(crate) fn issue_until(
        &mut self,
        name: &str,
        common_name: &str,
        others: &[&str],
        last_year: i32,
    ) -> u64 {
        self.issued += 1;
        let others: Vec<String> = others.iter().map(|o| (*o).to_owned()).collect();
        let mut params = CertificateParams::new(others).unwrap();
        params.distinguished_name.push(DnType::CommonName, common_name);
        params.serial_number = Some(SerialNumber::from(self.issued));
        (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(last_year, 1, 1));
        let key = KeyPair::generate().unwrap();
        let files = self.files(name);
        // The key first: a reader that meets old and new together must not use them.
        std::fs::write(files.key, key.serialize_pem()).unwrap();
        std::fs::write(files.certificate, params.signed_by(&key, &self.issuer).unwrap().pem()).unwrap();
        self.issued
    }

    /// Writes the revocation list anew.
    pub(crate) fn revoke(&self, serials: &[u64]) {
        let revoked = |serial: &u64| RevokedCertParams {
            serial_number: SerialNumber::from(*serial),
            revocation_time: date_time_ymd(2025, 1, 1),
            reason_code: None,
            invalidity_date: None,
        };
        let list = CertificateRevocationListParams {
            this_update: date_time_ymd(2025, 1, 1),
            next_update: date_time_ymd(2045, 1, 1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: serials.iter().map(revoked).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        std::fs::write(self.path("ca.crl"), list.signed_by(&self.issuer).unwrap().pem().unwrap()).unwrap();
    }

    /// A listener that wants certificates of this CA which are not revoked.
    pub(crate) fn listener(&self) -> TlsSpec {
        TlsSpec {
            certificates: vec![self.files("server")],
            client_ca: Some(self.path("ca.pem")),
            client_crl: Some(self.path("ca.crl")),
            client_certificates: ClientCertificates::Required,
            allow_tls12: true,
        }
    }

    /// An initiator that trusts this CA and shows `identity`.
    pub(crate) fn client(&self, identity: Option<&str>) -> ClientTls {
        self.client_that(identity, &self.path("ca.pem"), false)
    }

    pub(crate) fn client_that(&self, identity: Option<&str>, ca: &Path, tls12_only: bool) -> ClientTls {
        let identity = identity.map(|name| self.files(name));
        ClientTls::load(&ClientTlsSpec { ca: ca.to_owned(), identity, tls12_only }).unwrap()
    }
}
