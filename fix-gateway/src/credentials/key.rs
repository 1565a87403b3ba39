//! A session's key: how a proof is checked, when and from where it may be used.

use crate::AddressRange;
use argon2::password_hash::PasswordHashString;
use argon2::{Argon2, PasswordVerifier};
use assay_trading_types::Timestamp;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Verifier, VerifyingKey};
use hmac::{Hmac, Mac};
use sha2::{Sha256, Sha512};
use std::fmt;
use std::sync::Arc;
use zeroize::Zeroizing;

/// Shortest secret of an HMAC key, in bytes.
pub const HMAC_SECRET_BYTES_MIN: usize = 32;

/// A key record of a session. Several may be valid at once, so that a counterparty can change from one to the next.
#[derive(Debug, Clone)]
pub struct Key {
    /// Username(553) that names it.
    pub id: String,
    /// How its holder proves to have it.
    pub proof: Proof,
    /// First moment of its validity; none: always was.
    pub valid_from: Option<Timestamp>,
    /// First moment after its validity; none: for ever.
    pub valid_until: Option<Timestamp>,
    /// Where it may be used from; empty: anywhere.
    pub addresses: Vec<AddressRange>,
}

impl Key {
    /// A key without bounds of time and place.
    pub fn new(id: impl Into<String>, proof: Proof) -> Self {
        Self { id: id.into(), proof, valid_from: None, valid_until: None, addresses: Vec::new() }
    }

    pub(crate) fn is_valid_at(&self, now: Timestamp) -> bool {
        self.valid_from.is_none_or(|from| from <= now) && self.valid_until.is_none_or(|until| now < until)
    }
}

/// Why a key record cannot be used. Never shows any of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// A secret that could be guessed.
    #[error("the secret of an HMAC key must have at least 32 bytes")]
    ShortSecret,
    /// Not a point of the curve.
    #[error("not an Ed25519 public key")]
    PublicKey,
    /// Not a password hash that is safe to keep.
    #[error("not an argon2id hash in PHC form")]
    PasswordHash,
}

/// How a proof is checked.
#[derive(Clone)]
pub enum Proof {
    /// Signature by a shared secret, HMAC-SHA-256.
    HmacSha256(Secret),
    /// Signature by a shared secret, HMAC-SHA-512.
    HmacSha512(Secret),
    /// Signature by a private key that we do not have.
    Ed25519(Box<VerifyingKey>),
    /// Password(554), over TLS only.
    Password(PasswordHash),
}

/// A shared secret: wiped when dropped, shown nowhere.
#[derive(Clone)]
pub struct Secret(Arc<Zeroizing<Vec<u8>>>);

/// An argon2id hash.
#[derive(Clone)]
pub struct PasswordHash(Arc<PasswordHashString>);

impl Proof {
    /// HMAC-SHA-256 with `secret`.
    ///
    /// # Errors
    /// It is shorter than [`HMAC_SECRET_BYTES_MIN`].
    pub fn hmac_sha256(secret: Vec<u8>) -> Result<Self, KeyError> {
        Secret::new(secret).map(Self::HmacSha256)
    }

    /// HMAC-SHA-512 with `secret`.
    ///
    /// # Errors
    /// It is shorter than [`HMAC_SECRET_BYTES_MIN`].
    pub fn hmac_sha512(secret: Vec<u8>) -> Result<Self, KeyError> {
        Secret::new(secret).map(Self::HmacSha512)
    }

    /// Ed25519 with this public key.
    ///
    /// # Errors
    /// It is not one, or one that anybody can sign for.
    pub fn ed25519(public_key: &[u8]) -> Result<Self, KeyError> {
        let bytes: &[u8; 32] = public_key.try_into().map_err(|_| KeyError::PublicKey)?;
        let key = VerifyingKey::from_bytes(bytes).ok().filter(|key| !key.is_weak());
        key.map(|key| Self::Ed25519(Box::new(key))).ok_or(KeyError::PublicKey)
    }

    /// The password whose argon2id hash is `phc`.
    ///
    /// # Errors
    /// It is no such hash.
    pub fn password(phc: &str) -> Result<Self, KeyError> {
        let hash = PasswordHashString::new(phc).map_err(|_| KeyError::PasswordHash)?;
        if hash.algorithm() != argon2::ARGON2ID_IDENT || hash.hash().is_none() || hash.salt().is_none() {
            return Err(KeyError::PasswordHash);
        }
        Ok(Self::Password(PasswordHash(Arc::new(hash))))
    }

    /// Whether `signature`, base64 text as RawData(96) has it, is one over `signed`. Compared in constant time.
    pub(crate) fn holds(&self, signed: &[u8], signature: &[u8]) -> bool {
        let signature = STANDARD.decode(signature).unwrap_or_default();
        match self {
            Self::HmacSha256(secret) => {
                let mac = Hmac::<Sha256>::new_from_slice(&secret.0).expect("HMAC takes keys of any length");
                mac.chain_update(signed).verify_slice(&signature).is_ok()
            }
            Self::HmacSha512(secret) => {
                let mac = Hmac::<Sha512>::new_from_slice(&secret.0).expect("HMAC takes keys of any length");
                mac.chain_update(signed).verify_slice(&signature).is_ok()
            }
            Self::Ed25519(key) => {
                // A signature of a wrong length is checked as one of zeros: it costs the same and fails.
                let bytes: [u8; 64] = signature.try_into().unwrap_or([0; 64]);
                key.verify(signed, &Signature::from_bytes(&bytes)).is_ok()
            }
            Self::Password(_) => false,
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::HmacSha256(_) => "hmac-sha256",
            Self::HmacSha512(_) => "hmac-sha512",
            Self::Ed25519(_) => "ed25519",
            Self::Password(_) => "password",
        }
    }
}

/// The scheme, never the secret.
impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Secret {
    fn new(bytes: Vec<u8>) -> Result<Self, KeyError> {
        let bytes = Zeroizing::new(bytes);
        if bytes.len() < HMAC_SECRET_BYTES_MIN {
            return Err(KeyError::ShortSecret);
        }
        Ok(Self(Arc::new(bytes)))
    }
}

impl PasswordHash {
    /// Whether it is the hash of `password`.
    pub(crate) fn is_of(&self, password: &[u8]) -> bool {
        Argon2::default().verify_password(password, &self.0.password_hash()).is_ok()
    }
}
