//! C2SP signed notes and checkpoints with Ed25519: <https://c2sp.org/signed-note>, <https://c2sp.org/tlog-checkpoint>.

use crate::canonical::Hash;
use crate::keys::{SigningKey, VerifyKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha2::{Digest, Sha256};

/// Signature type of Ed25519 in key ids and verifier keys.
const ED25519: u8 = 0x01;

/// Before every signature line.
const DASH: &str = "\u{2014} ";

/// A tree head that a note states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which tree: the log's name, `/`, topic, `/`, partition. Also the key name of the signature.
    pub origin: String,
    /// Leaves.
    pub tree_size: u64,
    /// RFC 6962 root.
    pub root: Hash,
}

/// Why a note is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Not `origin, size, root, blank, signatures`.
    #[error("not a signed checkpoint")]
    Form,
    /// No signature line with this key's name and id.
    #[error("not signed by this key")]
    NoSignature,
    /// A signature line of this key that is wrong.
    #[error("signature is wrong")]
    Signature,
}

impl Checkpoint {
    fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.tree_size, BASE64.encode(self.root))
    }

    /// The signed note.
    pub fn sign(&self, key: &SigningKey) -> String {
        let text = self.text();
        let mut signature = key_id(&self.origin, &key.verify_key()).to_vec();
        signature.extend_from_slice(&key.sign(text.as_bytes()));
        format!("{text}\n{DASH}{} {}\n", self.origin, BASE64.encode(signature))
    }

    /// Reads a signed note and checks the signature of `key` when given. Signatures of other keys (witnesses) are
    /// passed over, as the form demands.
    ///
    /// # Errors
    /// The form is wrong, or `key` did not sign it.
    pub fn open(note: &str, key: Option<&VerifyKey>) -> Result<Self, NoteError> {
        let (text, signatures) = note.rsplit_once("\n\n").ok_or(NoteError::Form)?;
        let text = format!("{text}\n");
        let checkpoint = Self::parse(&text).ok_or(NoteError::Form)?;
        if let Some(key) = key {
            checkpoint.check_signature(&text, signatures, key)?;
        }
        Ok(checkpoint)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let origin = lines.next().filter(|line| !line.is_empty())?.to_owned();
        let size = lines.next()?;
        let tree_size: u64 = size.parse().ok()?;
        (tree_size.to_string() == size).then_some(())?;
        let root = BASE64.decode(lines.next()?).ok()?.try_into().ok()?;
        Some(Self { origin, tree_size, root })
    }

    fn check_signature(&self, text: &str, signatures: &str, key: &VerifyKey) -> Result<(), NoteError> {
        let id = key_id(&self.origin, key);
        for line in signatures.lines() {
            let (name, encoded) =
                line.strip_prefix(DASH).and_then(|rest| rest.split_once(' ')).ok_or(NoteError::Form)?;
            let bytes = BASE64.decode(encoded).map_err(|_| NoteError::Form)?;
            if name == self.origin && bytes.starts_with(&id) {
                let signature = bytes[4..].try_into().map_err(|_| NoteError::Signature)?;
                return key.verify(text.as_bytes(), signature).then_some(()).ok_or(NoteError::Signature);
            }
        }
        Err(NoteError::NoSignature)
    }
}

/// `SHA-256(name || 0x0A || 0x01 || public key)[:4]`.
fn key_id(name: &str, key: &VerifyKey) -> [u8; 4] {
    let mut hasher = Sha256::new();
    hasher.update(name.as_bytes());
    hasher.update([b'\n', ED25519]);
    hasher.update(key.as_bytes());
    let hash: Hash = hasher.finalize().into();
    [hash[0], hash[1], hash[2], hash[3]]
}

/// The verifier key in the notes' own text form, `name+id+base64(0x01 || public key)`, for other tools.
pub fn verifier_key(name: &str, key: &VerifyKey) -> String {
    let mut bytes = vec![ED25519];
    bytes.extend_from_slice(key.as_bytes());
    format!("{name}+{}+{}", hex::encode(key_id(name, key)), BASE64.encode(bytes))
}
