//! What an initiator proves itself by at logon.

use crate::credentials::HMAC_SECRET_BYTES_MIN;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer, SigningKey};
use fix_session::{LogonCredentials, UnprovenLogon};
use hmac::{Hmac, Mac};
use sha2::{Sha256, Sha512};
use std::fmt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zeroize::Zeroizing;

/// How an initiator proves itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Signature by a shared secret, HMAC-SHA-256.
    HmacSha256,
    /// Signature by a shared secret, HMAC-SHA-512.
    HmacSha512,
    /// Signature by our private key.
    Ed25519,
    /// Password(554), under TLS only.
    Password,
}

/// Where credentials are, as `assay keys session` leaves them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialsSpec {
    /// Username(553): the key's id at the acceptor.
    pub key_id: String,
    /// What is in the file.
    pub scheme: Scheme,
    /// Its first line is the secret: in base64, or the password as it is. Nobody but its owner may read it.
    pub secret_file: PathBuf,
}

/// Why credentials cannot be used. Never shows any of them.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// The file cannot be read.
    #[error("{}: {source}", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// Whoever can read it can log on.
    #[error("{}: others may read it: chmod 600", .0.display())]
    ReadByOthers(PathBuf),
    /// Not what the scheme takes.
    #[error("{0}")]
    Secret(&'static str),
}

/// An initiator's credentials. No form of printing shows the secret; it is wiped when dropped.
#[derive(Clone)]
pub struct Credentials {
    key_id: String,
    secret: Secret,
}

#[derive(Clone)]
enum Secret {
    HmacSha256(Arc<Zeroizing<Vec<u8>>>),
    HmacSha512(Arc<Zeroizing<Vec<u8>>>),
    Ed25519(Arc<SigningKey>),
    Password(Arc<Zeroizing<Vec<u8>>>),
}

impl Credentials {
    /// Reads the file.
    ///
    /// # Errors
    /// It cannot be read, others may read it, or its secret is none of this scheme.
    pub fn load(spec: &CredentialsSpec) -> Result<Self, CredentialsError> {
        let text = private_text(&spec.secret_file)?;
        let line = text.lines().next().unwrap_or_default().trim();
        if spec.scheme == Scheme::Password {
            return Self::new(&spec.key_id, spec.scheme, line.as_bytes());
        }
        let secret = STANDARD.decode(line).map(Zeroizing::new);
        let secret = secret.map_err(|_| CredentialsError::Secret("secrets of signatures are in base64"))?;
        Self::new(&spec.key_id, spec.scheme, &secret)
    }

    /// Credentials from the secret itself: the shared secret, the 32 bytes of a private key, the password.
    ///
    /// # Errors
    /// It is none of this scheme.
    pub fn new(key_id: &str, scheme: Scheme, secret: &[u8]) -> Result<Self, CredentialsError> {
        let shared = || match secret.len() {
            HMAC_SECRET_BYTES_MIN.. => Ok(Arc::new(Zeroizing::new(secret.to_vec()))),
            _ => Err(CredentialsError::Secret("the secret of an HMAC key has at least 32 bytes")),
        };
        let secret = match scheme {
            Scheme::HmacSha256 => Secret::HmacSha256(shared()?),
            Scheme::HmacSha512 => Secret::HmacSha512(shared()?),
            Scheme::Ed25519 => {
                let key = SigningKey::try_from(secret);
                Secret::Ed25519(Arc::new(
                    key.map_err(|_| CredentialsError::Secret("a private key of Ed25519 has 32 bytes"))?,
                ))
            }
            Scheme::Password if secret.is_empty() || secret.contains(&1) => {
                return Err(CredentialsError::Secret(
                    "a password has at least one character, none of them SOH",
                ));
            }
            Scheme::Password => Secret::Password(Arc::new(Zeroizing::new(secret.to_vec()))),
        };
        Ok(Self { key_id: key_id.to_owned(), secret })
    }

    /// Whether the secret itself is shown.
    pub(super) fn is_password(&self) -> bool {
        matches!(self.secret, Secret::Password(_))
    }

    /// What `logon` is to show.
    pub(super) fn shown(&self, logon: &UnprovenLogon<'_>) -> LogonCredentials {
        let seq = logon.seq.to_string();
        let signed =
            [b"A", logon.sender_comp_id, logon.target_comp_id, seq.as_bytes(), logon.sending_time].join(&1);
        let signature = |bytes: &[u8]| STANDARD.encode(bytes).into_bytes();
        let (password, raw_data) = match &self.secret {
            Secret::Password(password) => (password.to_vec(), Vec::new()),
            Secret::HmacSha256(secret) => (Vec::new(), signature(&mac::<Hmac<Sha256>>(secret, &signed))),
            Secret::HmacSha512(secret) => (Vec::new(), signature(&mac::<Hmac<Sha512>>(secret, &signed))),
            Secret::Ed25519(key) => (Vec::new(), signature(&key.sign(&signed).to_bytes())),
        };
        LogonCredentials { username: self.key_id.clone().into_bytes(), password, raw_data }
    }
}

fn mac<M: Mac + hmac::digest::KeyInit>(secret: &[u8], signed: &[u8]) -> Vec<u8> {
    let mac = <M as Mac>::new_from_slice(secret).expect("HMAC takes keys of any length");
    mac.chain_update(signed).finalize().into_bytes().to_vec()
}

/// The key's id and the scheme, never the secret.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.secret {
            Secret::HmacSha256(_) => Scheme::HmacSha256,
            Secret::HmacSha512(_) => Scheme::HmacSha512,
            Secret::Ed25519(_) => Scheme::Ed25519,
            Secret::Password(_) => Scheme::Password,
        };
        f.debug_struct("Credentials").field("key_id", &self.key_id).field("scheme", &scheme).finish()
    }
}

fn private_text(file: &Path) -> Result<Zeroizing<String>, CredentialsError> {
    let fault = |source| CredentialsError::Read { file: file.to_owned(), source };
    if std::fs::metadata(file).map_err(fault)?.permissions().mode() & 0o077 != 0 {
        return Err(CredentialsError::ReadByOthers(file.to_owned()));
    }
    std::fs::read_to_string(file).map(Zeroizing::new).map_err(fault)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors of A-39.
    const LOGON: UnprovenLogon<'_> = UnprovenLogon {
        sender_comp_id: b"ACME-OE1",
        target_comp_id: b"ASSAY",
        seq: 1,
        sending_time: b"20261121-09:30:00.000",
    };

    fn secret() -> Vec<u8> {
        (0..32).collect()
    }

    fn shown(scheme: Scheme) -> String {
        let shown = Credentials::new("key", scheme, &secret()).unwrap().shown(&LOGON);
        assert_eq!((&shown.username[..], &shown.password[..]), (&b"key"[..], &b""[..]));
        String::from_utf8(shown.raw_data).unwrap()
    }

    #[test]
    fn a_39_the_test_vector_is_signed() {
        assert_eq!(shown(Scheme::HmacSha256), "Qt8oPBm6vDZdmzQ8t1KrPyzqtf9xLf+E4bEl7Cubv80=");
        let ed25519 =
            "hMLlccCbGND0NKOrPTwSlF1iA5ky0GlgKktkQEFHDG9lvpkKyminQeVKWbnzks2E4j6sfw7HxkMqDtl9K4hFDw==";
        assert_eq!(shown(Scheme::Ed25519), ed25519);
    }

    #[test]
    fn x_07_no_form_of_printing_shows_a_secret() {
        let text = "correct-horse-battery-staple-4711";
        for scheme in [Scheme::HmacSha256, Scheme::HmacSha512, Scheme::Password] {
            let printed = format!("{:?}", Credentials::new("key", scheme, text.as_bytes()).unwrap());
            assert_eq!(printed, format!("Credentials {{ key_id: \"key\", scheme: {scheme:?} }}"));
        }
    }

    #[test]
    fn secrets_that_are_none_are_refused() {
        for (scheme, secret) in [
            (Scheme::HmacSha256, &b"short"[..]),
            (Scheme::HmacSha512, &[7; 31]),
            (Scheme::Ed25519, &[7; 33]),
            (Scheme::Password, b""),
            (Scheme::Password, b"two\x01fields"),
        ] {
            assert!(Credentials::new("key", scheme, secret).is_err(), "{scheme:?}");
        }
    }

    #[test]
    fn a_file_is_read_by_its_first_line_and_not_when_others_may_read_it() {
        let dir = tempfile::tempdir().unwrap();
        let secret_file = dir.path().join("key.secret");
        std::fs::write(&secret_file, format!("{}\n", STANDARD.encode(secret()))).unwrap();
        let mode = |mode| std::fs::set_permissions(&secret_file, PermissionsExt::from_mode(mode)).unwrap();
        let spec =
            |scheme| CredentialsSpec { key_id: "key".to_owned(), scheme, secret_file: secret_file.clone() };
        mode(0o640);
        let refused = Credentials::load(&spec(Scheme::HmacSha256));
        assert!(matches!(refused, Err(CredentialsError::ReadByOthers(_))));
        mode(0o600);
        let read = Credentials::load(&spec(Scheme::HmacSha256)).unwrap().shown(&LOGON);
        assert_eq!(read.raw_data, shown(Scheme::HmacSha256).into_bytes());
        let password = Credentials::load(&spec(Scheme::Password)).unwrap().shown(&LOGON).password;
        assert_eq!(password, STANDARD.encode(secret()).into_bytes());
    }
}
