//! Keys of seals: the forward-secure chain of HMAC keys and the Ed25519 key of checkpoints.
//!
//! ```text
//! k(0) initial.key   written once by `init`; the operator takes it away: it proves every seal
//! k(1) epoch.key     what the node starts with; k(n+1) = HMAC-SHA256(k(n), "evolve") replaces and erases k(n)
//! ```
//! Whoever takes over the machine finds k(n) and can forge seals from epoch n on, but none before: no way leads
//! from k(n) back to k(n-1) (Bellare and Yee, "Forward-Security in Private-Key Cryptography", 2003).

use crate::canonical::Hash;
use crate::error::Error;
use ed25519_dalek::Signer;
use hmac::{Hmac, Mac};
use rand::TryRngCore;
use sha2::Sha256;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

const INITIAL_FORM: &str = "assay-seal-initial-key-v1";
const EPOCH_FORM: &str = "assay-seal-epoch-key-v1";
const SIGNING_FORM: &str = "assay-seal-signing-key-v1";
const PUBLIC_FORM: &str = "assay-seal-public-key-v1";

/// Where the keys of a node stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPaths {
    /// Current HMAC key; replaced as epochs pass.
    pub epoch: PathBuf,
    /// Ed25519 secret key and the log's name.
    pub signing: PathBuf,
    /// Ed25519 public key and the log's name, for whoever verifies.
    pub public: PathBuf,
    /// Initial HMAC key. The operator MUST move it off the machine.
    pub initial: PathBuf,
}

impl KeyPaths {
    /// In directory `dir`.
    pub fn in_dir(dir: &Path) -> Self {
        Self {
            epoch: dir.join("epoch.key"),
            signing: dir.join("signing.key"),
            public: dir.join("signing.pub"),
            initial: dir.join("initial.key"),
        }
    }
}

/// One key of the forward-secure chain. Never printed; erased from memory when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct EpochKey {
    epoch: u64,
    secret: Zeroizing<Hash>,
}

impl EpochKey {
    /// A key of `epoch`.
    pub fn new(epoch: u64, secret: Hash) -> Self {
        Self { epoch, secret: Zeroizing::new(secret) }
    }

    /// Which epoch it is of.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The next epoch's key.
    pub fn next(&self) -> Self {
        Self { epoch: self.epoch + 1, secret: Zeroizing::new(hmac(&self.secret, b"assay.seal.evolve.v1")) }
    }

    /// The key of a later (or the same) epoch; nothing for an earlier one.
    pub fn at(&self, epoch: u64) -> Option<Self> {
        let steps = epoch.checked_sub(self.epoch)?;
        Some((0..steps).fold(self.clone(), |key, _| key.next()))
    }

    /// HMAC-SHA256 of `bytes` under this epoch's sealing key.
    pub fn mac(&self, bytes: &[u8]) -> Hash {
        let sealing = Zeroizing::new(hmac(&self.secret, b"assay.seal.mac.v1"));
        hmac(&sealing, bytes)
    }

    /// Whether `mac` is that of `bytes`, in constant time.
    pub fn verify(&self, bytes: &[u8], mac: &[u8]) -> bool {
        let sealing = Zeroizing::new(hmac(&self.secret, b"assay.seal.mac.v1"));
        keyed(&sealing).chain_update(bytes).verify_slice(mac).is_ok()
    }
}

impl fmt::Debug for EpochKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EpochKey {{ epoch: {}, secret: redacted }}", self.epoch)
    }
}

fn keyed(key: &Hash) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes keys of any length")
}

fn hmac(key: &Hash, bytes: &[u8]) -> Hash {
    keyed(key).chain_update(bytes).finalize().into_bytes().into()
}

/// Ed25519 secret key of a log and the log's name. Never printed; erased from memory when dropped.
#[derive(Clone)]
pub struct SigningKey {
    log: String,
    key: ed25519_dalek::SigningKey,
}

impl SigningKey {
    /// From a 32-byte seed.
    pub fn from_seed(log: &str, seed: &Hash) -> Self {
        Self { log: log.to_owned(), key: ed25519_dalek::SigningKey::from_bytes(seed) }
    }

    /// The log's name, first part of every checkpoint's origin.
    pub fn log_name(&self) -> &str {
        &self.log
    }

    /// Its public key.
    pub fn verify_key(&self) -> VerifyKey {
        VerifyKey { log: self.log.clone(), key: self.key.verifying_key() }
    }

    pub(crate) fn sign(&self, bytes: &[u8]) -> [u8; 64] {
        self.key.sign(bytes).to_bytes()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey {{ log: {:?}, secret: redacted }}", self.log)
    }
}

/// Ed25519 public key of a log and the log's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyKey {
    log: String,
    key: ed25519_dalek::VerifyingKey,
}

impl VerifyKey {
    /// The log's name.
    pub fn log_name(&self) -> &str {
        &self.log
    }

    /// The key's 32 bytes.
    pub fn as_bytes(&self) -> &Hash {
        self.key.as_bytes()
    }

    pub(crate) fn verify(&self, bytes: &[u8], signature: &[u8; 64]) -> bool {
        let signature = ed25519_dalek::Signature::from_bytes(signature);
        self.key.verify_strict(bytes, &signature).is_ok()
    }
}

/// What a node seals with.
#[derive(Debug)]
pub struct Keys {
    epoch: EpochKey,
    signing: SigningKey,
    epoch_file: Option<PathBuf>,
}

impl Keys {
    /// Keys that live in memory only, for tests and simulation.
    pub fn in_memory(initial: &EpochKey, signing: SigningKey) -> Self {
        Self { epoch: initial.next(), signing, epoch_file: None }
    }

    /// Current HMAC key.
    pub fn epoch(&self) -> &EpochKey {
        &self.epoch
    }

    /// Signing key.
    pub fn signing(&self) -> &SigningKey {
        &self.signing
    }

    /// The key of an earlier epoch came back, from a copy of the disk perhaps: what it seals proves nothing.
    pub(crate) fn older_than_seals(&self) -> Error {
        let file = self.epoch_file.clone().unwrap_or_default();
        Error::Key { file, what: "is older than seals in the log; restore the newest one or make new keys" }
    }

    /// Moves on to the next epoch: the new key is durable in the key file and the old one overwritten there before
    /// this returns.
    ///
    /// # Errors
    /// The key file cannot be replaced; the old key then stays in force.
    pub fn evolve(&mut self) -> Result<(), Error> {
        let next = self.epoch.next();
        if let Some(file) = &self.epoch_file {
            replace_secret(file, &key_text(EPOCH_FORM, &next.epoch.to_string(), &next.secret))?;
        }
        self.epoch = next;
        Ok(())
    }
}

/// What a verifier knows; each part it lacks is a check it cannot make.
#[derive(Debug, Clone, Default)]
pub struct VerifyKeys {
    /// Initial HMAC key, from where the operator keeps it: checks every seal's HMAC.
    pub initial: Option<EpochKey>,
    /// Ed25519 public key: checks every checkpoint.
    pub public: Option<VerifyKey>,
    /// The node's current HMAC key: with the initial key it proves until when seals must exist.
    pub current: Option<EpochKey>,
}

impl VerifyKeys {
    /// Public key and current key from the node's key directory, initial key from `initial`.
    ///
    /// # Errors
    /// A file cannot be read or is not what it should be. An absent current key is no error.
    pub fn load(dir: &Path, initial: Option<&Path>) -> Result<Self, Error> {
        let paths = KeyPaths::in_dir(dir);
        let current = if paths.epoch.exists() { Some(load_epoch(&paths.epoch, EPOCH_FORM)?) } else { None };
        let initial = initial.map(|file| load_epoch(file, INITIAL_FORM)).transpose()?;
        Ok(Self { initial, public: Some(load_public(&paths.public)?), current })
    }
}

/// Makes the keys of a node in `dir`, files readable by their owner only. `initial` of the answer is to be moved
/// off the machine; nothing here ever reads it again except a verification that is pointed at it.
///
/// # Errors
/// Keys are there already (never overwritten), or the files cannot be written.
pub fn init(dir: &Path) -> Result<KeyPaths, Error> {
    let paths = KeyPaths::in_dir(dir);
    for file in [&paths.epoch, &paths.signing, &paths.public, &paths.initial] {
        if file.exists() {
            let what = "is there already; keys are made once, choose another directory";
            return Err(Error::Key { file: file.clone(), what });
        }
    }
    fs::create_dir_all(dir).map_err(Error::io("create", dir))?;
    let initial = EpochKey { epoch: 0, secret: random()? };
    let seed = random()?;
    let public = ed25519_dalek::SigningKey::from_bytes(&seed).verifying_key();
    let log = log_name(public.as_bytes());
    create(&paths.initial, 0o600, &key_text(INITIAL_FORM, "0", &initial.secret))?;
    let first = initial.next();
    create(&paths.epoch, 0o600, &key_text(EPOCH_FORM, &first.epoch.to_string(), &first.secret))?;
    create(&paths.public, 0o644, &key_text(PUBLIC_FORM, &log, public.as_bytes()))?;
    create(&paths.signing, 0o600, &key_text(SIGNING_FORM, &log, &seed))?;
    sync_dir(dir)?;
    Ok(paths)
}

/// The keys a node seals with.
///
/// # Errors
/// A file is missing, damaged, or readable by others than its owner.
pub fn load(dir: &Path) -> Result<Keys, Error> {
    let paths = KeyPaths::in_dir(dir);
    for file in [&paths.epoch, &paths.signing] {
        require_private(file)?;
    }
    let epoch = load_epoch(&paths.epoch, EPOCH_FORM)?;
    let (log, seed) = read_key(&paths.signing, SIGNING_FORM)?;
    Ok(Keys { epoch, signing: SigningKey::from_seed(&log, &seed), epoch_file: Some(paths.epoch) })
}

/// A log's name is drawn from its public key, so that no two logs share one.
fn log_name(public: &Hash) -> String {
    format!("assay-{}", hex::encode(&crate::canonical::digest(public)[..8]))
}

fn random() -> Result<Zeroizing<Hash>, Error> {
    let mut secret = Zeroizing::new([0; 32]);
    rand::rngs::OsRng.try_fill_bytes(&mut *secret).map_err(|_| Error::Random)?;
    Ok(secret)
}

fn load_epoch(file: &Path, form: &str) -> Result<EpochKey, Error> {
    let (epoch, secret) = read_key(file, form)?;
    let epoch = epoch.parse().map_err(|_| damaged(file))?;
    Ok(EpochKey { epoch, secret })
}

fn load_public(file: &Path) -> Result<VerifyKey, Error> {
    let (log, bytes) = read_key(file, PUBLIC_FORM)?;
    let key = ed25519_dalek::VerifyingKey::from_bytes(&bytes).map_err(|_| damaged(file))?;
    Ok(VerifyKey { log, key })
}

/// Three lines: form, epoch or log name, 32 bytes in hex.
fn key_text(form: &str, name: &str, bytes: &Hash) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(160));
    text.push_str(form);
    text.push('\n');
    text.push_str(name);
    text.push('\n');
    text.push_str(&Zeroizing::new(hex::encode(bytes)));
    text.push('\n');
    text
}

fn read_key(file: &Path, form: &str) -> Result<(String, Zeroizing<Hash>), Error> {
    let text = Zeroizing::new(fs::read_to_string(file).map_err(Error::io("read", file))?);
    let mut lines = text.lines();
    if lines.next() != Some(form) {
        return Err(Error::Key { file: file.to_owned(), what: "is not a key of this kind" });
    }
    let name = lines.next().ok_or_else(|| damaged(file))?;
    let mut bytes = Zeroizing::new([0; 32]);
    let digits = lines.next().ok_or_else(|| damaged(file))?;
    hex::decode_to_slice(digits, &mut *bytes).map_err(|_| damaged(file))?;
    Ok((name.to_owned(), bytes))
}

fn damaged(file: &Path) -> Error {
    Error::Key { file: file.to_owned(), what: "is damaged; restore it from a copy" }
}

fn require_private(file: &Path) -> Result<(), Error> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(file).map_err(Error::io("read", file))?.permissions().mode();
    if mode & 0o077 != 0 {
        let what =
            "can be read by others than its owner; run chmod 600 on it, and make new keys if they may have";
        return Err(Error::Key { file: file.to_owned(), what });
    }
    Ok(())
}

fn create(file: &Path, mode: u32, text: &str) -> Result<(), Error> {
    let write = || -> std::io::Result<()> {
        let mut out = OpenOptions::new().write(true).create_new(true).mode(mode).open(file)?;
        out.write_all(text.as_bytes())?;
        out.sync_all()
    };
    write().map_err(Error::io("write", file))
}

/// The new text is durable under the name before the old bytes are overwritten, so a crash at any point leaves one
/// whole key. (A copy-on-write or wear-levelling disk may keep old blocks: encrypt the disk.)
fn replace_secret(file: &Path, text: &str) -> Result<(), Error> {
    let next = file.with_extension("next");
    match fs::remove_file(&next) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(Error::io("remove", &next)(e)),
        _ => {}
    }
    let mut old = OpenOptions::new().write(true).open(file).map_err(Error::io("open", file))?;
    create(&next, 0o600, text)?;
    fs::rename(&next, file).map_err(Error::io("replace", file))?;
    sync_dir(file.parent().unwrap_or(Path::new(".")))?;
    let erase = |old: &mut File| -> std::io::Result<()> {
        let length = old.metadata()?.len() as usize;
        old.write_all(&vec![0; length])?;
        old.sync_data()
    };
    erase(&mut old).map_err(Error::io("erase the old", file))
}

fn sync_dir(dir: &Path) -> Result<(), Error> {
    File::open(dir).and_then(|d| d.sync_all()).map_err(Error::io("sync", dir))
}
