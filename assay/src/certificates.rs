//! A certificate authority for development: `assay certs init`. Production certificates come from elsewhere.

use assay_trading_types::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DnType, ExtendedKeyUsagePurpose,
    IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, RevocationReason, RevokedCertParams, SerialNumber,
    date_time_ymd,
};
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);

/// Certificates for a little over a year, as long as public ones ever were.
const VALID: Duration = DAY.saturating_mul(397);

/// The authority, and the list of what it revoked, for ten.
const AUTHORITY_VALID: Duration = DAY.saturating_mul(3_650);

/// Why no certificates were made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The directory.
    #[error("{}: {source}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A name that no certificate can hold.
    #[error("certificate: {0}")]
    Certificate(#[from] rcgen::Error),
}

/// An authority and the directory of what it signs.
pub(crate) struct Authority {
    dir: PathBuf,
    issuer: Issuer<'static, KeyPair>,
    /// Since 1970.
    now: Duration,
    issued: u64,
}

impl Authority {
    /// Makes `ca.pem` and `ca.key` in `dir`. Files that are there already are not overwritten.
    ///
    /// # Errors
    /// One is there, or the directory cannot be written.
    pub(crate) fn create(dir: &Path, now: Timestamp) -> Result<Self, Error> {
        // A clock at its very beginning still has a yesterday.
        let now = Duration::from_nanos(now.as_ns().unsigned_abs()).max(DAY);
        std::fs::create_dir_all(dir).map_err(|source| Error::Io { file: dir.to_owned(), source })?;
        let mut params = named("Assay development CA", &[])?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.not_before = date_time_ymd(1970, 1, 1) + (now - DAY);
        params.not_after = date_time_ymd(1970, 1, 1) + now + AUTHORITY_VALID;
        let key = KeyPair::generate()?;
        let certificate = params.self_signed(&key)?;
        write_pair(dir, "ca", &certificate.pem(), &key.serialize_pem())?;
        Ok(Self { dir: dir.to_owned(), issuer: Issuer::new(params, key), now, issued: 0 })
    }

    /// Makes `server.pem` and `server.key` for `hosts`.
    ///
    /// # Errors
    /// As [`Authority::create`].
    pub(crate) fn issue_server(&mut self, hosts: &[String]) -> Result<u64, Error> {
        let mut params = named("Assay", hosts)?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.issue("server", params)
    }

    /// Makes certificate and key of the counterparty `comp_id`; returns the serial number.
    ///
    /// # Errors
    /// As [`Authority::create`].
    pub(crate) fn issue_client(&mut self, comp_id: &str) -> Result<u64, Error> {
        let mut params = named(comp_id, &[])?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.issue(comp_id, params)
    }

    fn issue(&mut self, name: &str, mut params: CertificateParams) -> Result<u64, Error> {
        self.issued += 1;
        params.serial_number = Some(SerialNumber::from(self.issued));
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        // From yesterday: clocks differ.
        params.not_before = date_time_ymd(1970, 1, 1) + (self.now - DAY);
        params.not_after = date_time_ymd(1970, 1, 1) + self.now + VALID;
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        // A CompID may hold a stroke; a file name may not.
        write_pair(&self.dir, &name.replace('/', "_"), &certificate.pem(), &key.serialize_pem())?;
        Ok(self.issued)
    }

    /// Makes `ca.crl` with these serial numbers.
    ///
    /// # Errors
    /// As [`Authority::create`].
    pub(crate) fn revoke(&self, serials: &[u64]) -> Result<(), Error> {
        let this_update = date_time_ymd(1970, 1, 1) + (self.now - DAY);
        let revoked = |serial: &u64| RevokedCertParams {
            serial_number: SerialNumber::from(*serial),
            revocation_time: this_update,
            reason_code: Some(RevocationReason::KeyCompromise),
            invalidity_date: None,
        };
        let list = CertificateRevocationListParams {
            this_update,
            next_update: this_update + AUTHORITY_VALID,
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: serials.iter().map(revoked).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        let text = list.signed_by(&self.issuer)?.pem()?;
        write_new(&self.dir.join("ca.crl"), text.as_bytes(), 0o644)
    }
}

fn named(common_name: &str, others: &[String]) -> Result<CertificateParams, Error> {
    let mut params = CertificateParams::new(others)?;
    params.distinguished_name.push(DnType::CommonName, common_name);
    Ok(params)
}

fn write_pair(dir: &Path, name: &str, certificate: &str, key: &str) -> Result<(), Error> {
    write_new(&dir.join(format!("{name}.key")), key.as_bytes(), 0o600)?;
    write_new(&dir.join(format!("{name}.pem")), certificate.as_bytes(), 0o644)
}

/// Writes a file that must not be there yet, readable as `mode` says from its first byte.
///
/// # Errors
/// It is there, or cannot be written.
pub(crate) fn write_new(file: &Path, bytes: &[u8], mode: u32) -> Result<(), Error> {
    let fault = |source| Error::Io { file: file.to_owned(), source };
    let mut out = OpenOptions::new().write(true).create_new(true).mode(mode).open(file).map_err(fault)?;
    out.write_all(bytes).and_then(|()| out.sync_all()).map_err(fault)
}
