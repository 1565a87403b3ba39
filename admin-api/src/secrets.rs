//! The node's key and what is derived from it.
//!
//! One 32-byte key stands on disk, readable by its owner only. Every other secret is HMAC-SHA256 of a purpose and an id
//! under it: refresh tokens, one-time links, API keys, second factors, token signing keys. So none of them stands
//! anywhere, the log least of all, and an answer that was lost can be given again. Nodes that serve one log share the key.

use ed25519_dalek::SigningKey;
use hmac::{Hmac, Mac};
use rand::TryRngCore;
use sha2::Sha256;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// What a derived secret is for; a secret for one purpose never serves another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretOf {
    /// A one-time link.
    OneTimeToken,
    /// A refresh token.
    RefreshToken,
    /// A key for machines.
    ApiKey,
    /// A second factor.
    Totp,
    /// A recovery code.
    Recovery,
    /// An Ed25519 seed that signs access tokens.
    SigningKey,
    /// What writes of a browser's login must show.
    Csrf,
    /// A place in a list.
    Cursor,
    /// Keys that wrap the keys of identity files.
    DocumentKeys,
    /// The key that seals destinations of withdrawals.
    Destination,
    /// Digests of document numbers.
    DocumentNumber,
    /// What deliveries to a webhook are signed with.
    Webhook,
    /// A request of whoever can read the node's key.
    NodeProof,
}

impl SecretOf {
    const fn label(self) -> &'static str {
        match self {
            Self::OneTimeToken => "assay.one-time-token.v1",
            Self::RefreshToken => "assay.refresh-token.v1",
            Self::ApiKey => "assay.api-key.v1",
            Self::Totp => "assay.totp.v1",
            Self::Recovery => "assay.recovery.v1",
            Self::SigningKey => "assay.signing-key.v1",
            Self::Csrf => "assay.csrf.v1",
            Self::Cursor => "assay.cursor.v1",
            Self::DocumentKeys => "assay.document-keys.v1",
            Self::Destination => "assay.destination.v1",
            Self::DocumentNumber => "assay.document-number.v1",
            Self::Webhook => "assay.webhook.v1",
            Self::NodeProof => "assay.node-proof.v1",
        }
    }
}

/// The node's key. Never printed; erased from memory when dropped.
#[derive(Clone)]
pub struct Secrets(Zeroizing<[u8; 32]>);

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets(..)")
    }
}

/// What to do about a key that is not where it was.
const LOST: &str = "it is missing, and the log has users whose second factors, tokens and sealed files hang on it: restore it \
    from the backup, or copy it from another node of this log";

impl Secrets {
    /// From its bytes.
    pub fn new(key: [u8; 32]) -> Self {
        Self(Zeroizing::new(key))
    }

    /// Reads the key in `file`, or makes one there when there is none and `is_used` says that nothing hangs on one: beside a
    /// log that has users, another key would make every second factor, token and sealed file dead.
    ///
    /// # Errors
    /// The file is damaged or readable by others, it is lost, or the system or `is_used` refuses.
    pub fn load_or_make(file: &Path, is_used: impl FnOnce() -> io::Result<bool>) -> io::Result<Self> {
        match File::open(file) {
            Ok(_) => Self::load(file),
            Err(e) if e.kind() == io::ErrorKind::NotFound && is_used()? => {
                Err(io::Error::new(e.kind(), LOST))
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => Self::make(file),
            Err(e) => Err(e),
        }
    }

    /// Reads the key in `file`.
    ///
    /// # Errors
    /// As [`Secrets::load_or_make`], and when there is none.
    pub fn load(file: &Path) -> io::Result<Self> {
        if fs::metadata(file)?.permissions().mode() & 0o077 != 0 {
            return Err(io::Error::other("others may read it; chmod 600"));
        }
        let text = Zeroizing::new(fs::read_to_string(file)?);
        let mut key = [0; 32];
        hex::decode_to_slice(text.trim(), &mut key).map_err(|_| io::Error::other("not 64 hex digits"))?;
        Ok(Self::new(key))
    }

    fn make(file: &Path) -> io::Result<Self> {
        let mut key = Zeroizing::new([0; 32]);
        rand::rngs::OsRng.try_fill_bytes(&mut *key).map_err(io::Error::other)?;
        let dir = file.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(dir)?;
        let mut out = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
        out.write_all(Zeroizing::new(hex::encode(*key)).as_bytes())?;
        out.sync_all()?;
        File::open(dir)?.sync_all()?;
        Ok(Self(key))
    }

    /// The secret of `id` for a purpose.
    pub fn derive(&self, purpose: SecretOf, id: &str) -> Zeroizing<[u8; 32]> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&*self.0).expect("HMAC takes any key");
        mac.update(purpose.label().as_bytes());
        mac.update(&[0]);
        mac.update(id.as_bytes());
        Zeroizing::new(mac.finalize().into_bytes().into())
    }

    /// `id.secret`, as it is handed out.
    pub fn token(&self, purpose: SecretOf, id: &str) -> String {
        format!("{id}.{}", base64url(&*self.derive(purpose, id)))
    }

    /// The id in a token that this key handed out.
    pub fn opened<'a>(&self, purpose: SecretOf, token: &'a str) -> Option<&'a str> {
        let (id, secret) = token.rsplit_once('.')?;
        let expected = base64url(&*self.derive(purpose, id));
        bool::from(expected.as_bytes().ct_eq(secret.as_bytes())).then_some(id)
    }

    /// The Ed25519 key named `kid`.
    pub fn signing_key(&self, kid: &str) -> SigningKey {
        SigningKey::from_bytes(&self.derive(SecretOf::SigningKey, kid))
    }

    /// Its public half, hex.
    pub(crate) fn public_signing_key(&self, kid: &str) -> String {
        hex::encode(self.signing_key(kid).verifying_key().to_bytes())
    }

    /// Whether a public half in the log is of a key that this one derives: otherwise the log is another key's.
    pub(crate) fn is_signing_key(&self, kid: &str, public: &str) -> bool {
        self.public_signing_key(kid) == public
    }
}

/// Base64 for URLs without padding (RFC 4648 section 5).
pub(crate) fn base64url(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

/// Reverse of [`base64url`].
pub(crate) fn from_base64url(text: &str) -> Option<Vec<u8>> {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_opens_only_under_its_key_and_for_its_purpose() {
        let secrets = Secrets::new([7; 32]);
        let token = secrets.token(SecretOf::RefreshToken, "lgn_1.2");
        assert_eq!(secrets.opened(SecretOf::RefreshToken, &token), Some("lgn_1.2"));
        assert_eq!(secrets.opened(SecretOf::OneTimeToken, &token), None);
        assert_eq!(Secrets::new([8; 32]).opened(SecretOf::RefreshToken, &token), None);
        assert_eq!(secrets.opened(SecretOf::RefreshToken, &token.replace("lgn_1.2", "lgn_1.3")), None);
        assert_eq!(secrets.opened(SecretOf::RefreshToken, "lgn_1"), None);
    }

    #[test]
    fn a_log_is_known_by_what_its_key_derived() {
        let secrets = Secrets::new([7; 32]);
        let public = secrets.public_signing_key("k1");
        assert!(secrets.is_signing_key("k1", &public));
        assert!(!secrets.is_signing_key("k2", &public));
        assert!(!Secrets::new([8; 32]).is_signing_key("k1", &public));
    }

    #[test]
    fn a_key_is_made_once_and_read_back_and_never_readable_by_others() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("keys").join("node.key");
        let made = Secrets::load_or_make(&file, || Ok(false)).unwrap();
        let read = Secrets::load_or_make(&file, || panic!("not asked when there is a key")).unwrap();
        assert_eq!(*made.0, *read.0);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(Secrets::load(&file).is_err());
    }

    #[test]
    fn a_lost_key_is_asked_for_and_never_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("keys").join("node.key");
        let lost = Secrets::load_or_make(&file, || Ok(true)).unwrap_err();
        assert!(lost.to_string().contains("restore it"), "{lost}");
        let unreadable = Secrets::load_or_make(&file, || Err(io::Error::other("the log cannot be read")));
        assert!(unreadable.is_err(), "who cannot know makes none");
        assert!(!file.exists());
    }
}
