//! Where documents are kept: sealed, under random names, each file's under a key of its own.
//!
//! ```text
//! node key -- derives --> wrapping key -- seals --> key of a file (object `ID.key`) -- seals --> its documents, its data
//! ```
//! Whoever destroys `ID.key` destroys everything that was sealed under it, in every copy and backup of the log.

use crate::secrets::{SecretOf, Secrets, base64url, from_base64url};
use assay_trading_types::KycFileId;
use rand::TryRngCore;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use zeroize::Zeroizing;

/// A place for sealed bytes, by name. Names are ours: letters, digits, `_`, `-` and `.`.
pub trait ObjectStore: Send + Sync {
    /// Keeps `bytes` under a new name, durably.
    ///
    /// # Errors
    /// The name is taken, or the store refuses.
    fn put(&self, name: &str, bytes: &[u8]) -> io::Result<()>;

    /// What stands under a name.
    ///
    /// # Errors
    /// Nothing does, or the store refuses.
    fn get(&self, name: &str) -> io::Result<Vec<u8>>;

    /// Forgets a name, durably; one that is not there is forgotten already.
    ///
    /// # Errors
    /// The store refuses.
    fn delete(&self, name: &str) -> io::Result<()>;
}

/// A directory that only its owner may read.
#[derive(Debug, Clone)]
pub struct DirectoryStore(PathBuf);

impl DirectoryStore {
    /// In `dir`, made when it is first used.
    pub fn new(dir: PathBuf) -> Self {
        Self(dir)
    }

    fn sync(&self) -> io::Result<()> {
        File::open(&self.0)?.sync_all()
    }
}

impl ObjectStore for DirectoryStore {
    fn put(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        use std::os::unix::fs::DirBuilderExt;
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.0)?;
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(self.0.join(name))?;
        file.write_all(bytes)?;
        file.sync_all()?;
        self.sync()
    }

    fn get(&self, name: &str) -> io::Result<Vec<u8>> {
        fs::read(self.0.join(name))
    }

    fn delete(&self, name: &str) -> io::Result<()> {
        match fs::remove_file(self.0.join(name)) {
            Ok(()) => self.sync(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// Seals and opens what belongs to files.
pub struct Vault {
    store: Box<dyn ObjectStore>,
    wrapping: Zeroizing<[u8; 32]>,
}

/// The key of one file. Never printed; erased from memory when dropped.
pub struct FileKey {
    file: KycFileId,
    key: Zeroizing<[u8; 32]>,
}

impl Vault {
    /// On `store`, under the node's key.
    pub fn new(store: Box<dyn ObjectStore>, secrets: &Secrets) -> Self {
        Self { store, wrapping: secrets.derive(SecretOf::DocumentKeys, "wrapping") }
    }

    /// A new key for a file, kept.
    ///
    /// # Errors
    /// The store refuses, or the system gives no random bytes.
    pub fn make_key(&self, file: KycFileId) -> io::Result<FileKey> {
        let key = FileKey { file, key: random::<32>()? };
        self.store.put(&key_name(&file), &seal(&self.wrapping, file.as_str(), &*key.key)?)?;
        Ok(key)
    }

    /// The key of a file, unless it was destroyed.
    ///
    /// # Errors
    /// There is none, it was tampered with, or the store refuses.
    pub fn key(&self, file: KycFileId) -> io::Result<FileKey> {
        let wrapped = self.store.get(&key_name(&file))?;
        let opened = Zeroizing::new(open(&self.wrapping, file.as_str(), wrapped)?);
        let key: [u8; 32] = opened.as_slice().try_into().map_err(|_| damaged())?;
        Ok(FileKey { file, key: Zeroizing::new(key) })
    }

    /// Keeps a document under a new random name.
    ///
    /// # Errors
    /// The store refuses, or the system gives no random bytes.
    pub fn keep(&self, key: &FileKey, bytes: &[u8]) -> io::Result<String> {
        let name = hex::encode(*random::<16>()?);
        self.store.put(&name, &seal(&key.key, &format!("{}/{name}", key.file), bytes)?)?;
        Ok(name)
    }

    /// A document.
    ///
    /// # Errors
    /// It is not there, was tampered with or belongs to another file, or the store refuses.
    pub fn read(&self, key: &FileKey, name: &str) -> io::Result<Vec<u8>> {
        open(&key.key, &format!("{}/{name}", key.file), self.store.get(name)?)
    }

    /// Destroys the key of a file, then its documents.
    ///
    /// # Errors
    /// The store refuses; whoever asks again goes on where this ended.
    pub fn destroy<'a>(&self, file: &KycFileId, documents: impl Iterator<Item = &'a str>) -> io::Result<()> {
        self.store.delete(&key_name(file))?;
        documents.into_iter().try_for_each(|name| self.store.delete(name))
    }
}

impl FileKey {
    /// Seals text that stands in the log.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub fn seal_text(&self, text: &[u8]) -> io::Result<String> {
        Ok(base64url(&seal(&self.key, self.file.as_str(), text)?))
    }

    /// Opens it.
    ///
    /// # Errors
    /// It was not sealed under this key.
    pub fn open_text(&self, sealed: &str) -> io::Result<Zeroizing<Vec<u8>>> {
        let bytes = from_base64url(sealed).ok_or_else(damaged)?;
        open(&self.key, self.file.as_str(), bytes).map(Zeroizing::new)
    }
}

/// Seals a short text that stands in the log under a key derived from the node's; `context` is authenticated.
///
/// # Errors
/// The system gives no random bytes.
pub(crate) fn seal_destination(secrets: &Secrets, context: &str, text: &str) -> io::Result<String> {
    let key = secrets.derive(SecretOf::Destination, "sealing");
    Ok(base64url(&seal(&key, context, text.as_bytes())?))
}

/// Opens it.
///
/// # Errors
/// It was not sealed under this node's key, or for another context.
pub(crate) fn open_destination(secrets: &Secrets, context: &str, sealed: &str) -> io::Result<String> {
    let key = secrets.derive(SecretOf::Destination, "sealing");
    let bytes = open(&key, context, from_base64url(sealed).ok_or_else(damaged)?)?;
    String::from_utf8(bytes).map_err(|_| damaged())
}

fn key_name(file: &KycFileId) -> String {
    format!("{file}.key")
}

/// AES-256-GCM with a random nonce in front; `context` is authenticated, so that nothing opens in another's place.
fn seal(key: &[u8; 32], context: &str, plain: &[u8]) -> io::Result<Vec<u8>> {
    let nonce = *random::<NONCE_LEN>()?;
    let mut sealed = plain.to_vec();
    aead(key)
        .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(context), &mut sealed)
        .map_err(|_| io::Error::other("too long to be sealed"))?;
    Ok([&nonce[..], &sealed].concat())
}

fn open(key: &[u8; 32], context: &str, mut sealed: Vec<u8>) -> io::Result<Vec<u8>> {
    let (nonce, body) = sealed.split_first_chunk_mut::<NONCE_LEN>().ok_or_else(damaged)?;
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let plain = aead(key).open_in_place(nonce, Aad::from(context), body).map_err(|_| damaged())?;
    Ok(plain.to_vec())
}

fn aead(key: &[u8; 32]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).expect("32 bytes are a key"))
}

fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "not sealed by this node, or damaged")
}

fn random<const N: usize>() -> io::Result<Zeroizing<[u8; N]>> {
    let mut bytes = Zeroizing::new([0; N]);
    rand::rngs::OsRng.try_fill_bytes(&mut *bytes).map_err(io::Error::other)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn file(n: u8) -> KycFileId {
        KycFileId::new(&format!("kyc_{n:032x}")).unwrap()
    }

    fn vault(dir: &std::path::Path) -> Vault {
        Vault::new(Box::new(DirectoryStore::new(dir.join("documents"))), &Secrets::new([7; 32]))
    }

    #[test]
    fn what_is_kept_is_unreadable_without_the_key_and_gone_with_it() {
        let dir = tempfile::tempdir().unwrap();
        let vault = vault(dir.path());
        let key = vault.make_key(file(1)).unwrap();
        let name = vault.keep(&key, b"a passport").unwrap();
        let sealed = key.seal_text(b"X1234567").unwrap();
        for entry in fs::read_dir(dir.path().join("documents")).unwrap() {
            let path = entry.unwrap().path();
            let bytes = fs::read(&path).unwrap();
            assert!(!bytes.windows(8).any(|w| w == b"passport"), "in clear");
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        let again = vault.key(file(1)).unwrap();
        assert_eq!(vault.read(&again, &name).unwrap(), b"a passport");
        assert_eq!(&**again.open_text(&sealed).unwrap(), b"X1234567");
        vault.destroy(&file(1), [name.as_str()].into_iter()).unwrap();
        vault.destroy(&file(1), [name.as_str()].into_iter()).unwrap();
        assert!(vault.key(file(1)).is_err());
        assert!(vault.read(&again, &name).is_err());
        assert_eq!(fs::read_dir(dir.path().join("documents")).unwrap().count(), 0);
    }

    #[test]
    fn nothing_opens_in_anothers_place_or_when_one_bit_is_another() {
        let dir = tempfile::tempdir().unwrap();
        let vault = vault(dir.path());
        let (one, two) = (vault.make_key(file(1)).unwrap(), vault.make_key(file(2)).unwrap());
        assert!(vault.make_key(file(1)).is_err(), "a key is made once");
        let name = vault.keep(&one, b"a passport").unwrap();
        assert!(vault.read(&two, &name).is_err());
        assert!(two.open_text(&one.seal_text(b"x").unwrap()).is_err());
        let path = dir.path().join("documents").join(&name);
        let mut bytes = fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&path, bytes).unwrap();
        assert!(vault.read(&one, &name).is_err());
        fs::copy(dir.path().join("documents").join(key_name(&file(2))), dir.path().join("x")).unwrap();
        fs::copy(dir.path().join("x"), dir.path().join("documents").join(key_name(&file(1)))).unwrap();
        assert!(vault.key(file(1)).is_err(), "a key of another file");
    }
}
