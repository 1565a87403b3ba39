//! Outside identity providers: asked about files that wait, heard for advice. They never decide.

use assay_trading_types::KycFileId;
use serde::Serialize;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Largest answer that is read.
const ANSWER_BYTES_MAX: u64 = 64 << 10;

/// Answers that are taken in one turn.
const ANSWERS_MAX: usize = 100;

/// What a provider is asked.
#[derive(Debug, Serialize)]
pub(crate) struct Check {
    /// The file: the answer names it.
    pub(crate) file: KycFileId,
    /// `person` or `company`.
    pub(crate) holder: String,
    /// Kind of document.
    pub(crate) document: String,
    /// Country: ISO 3166-1 alpha-2.
    pub(crate) country: String,
    /// What the file says of whoever it is.
    pub(crate) personal: serde_json::Value,
    /// Names of the pictures beside it.
    pub(crate) pictures: Vec<String>,
}

/// A picture of a document or a face.
pub(crate) struct Picture {
    /// Kind and form: `front.jpeg`.
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

/// An answer as it came.
#[derive(Debug)]
pub(crate) struct Answer {
    /// What the provider calls it.
    pub(crate) name: String,
    /// What it says: a body as the callback takes it.
    pub(crate) body: Vec<u8>,
    /// `t=SECONDS,v1=HEX`.
    pub(crate) signature: String,
}

/// A provider.
pub(crate) trait IdentityProvider: Send {
    /// What it is called in records.
    fn name(&self) -> &'static str;

    /// Asks about a file. Asking again is the same request.
    ///
    /// # Errors
    /// It was not asked.
    fn ask(&self, check: &Check, pictures: &[Picture]) -> io::Result<()>;

    /// Takes back what was asked about a file: nobody needs the answer any more.
    ///
    /// # Errors
    /// It still has it.
    fn forget(&self, file: &KycFileId) -> io::Result<()>;

    /// Answers that did not come by the callback.
    ///
    /// # Errors
    /// They cannot be read.
    fn answers(&self) -> io::Result<Vec<Answer>>;

    /// Puts an answer away, taken or refused.
    ///
    /// # Errors
    /// It is still there.
    fn put_away(&self, answer: &Answer, taken: bool) -> io::Result<()>;
}

/// A provider behind a directory: `requests/FILE/` holds `request.json` and its pictures until the file is decided on, and
/// `answers/NAME.json` with `NAME.sig` beside it is an answer. For a provider whose own program, or whose clerk, looks there.
pub(crate) struct DirectoryProvider(PathBuf);

impl DirectoryProvider {
    pub(crate) fn new(dir: PathBuf) -> Self {
        Self(dir)
    }

    fn request(&self, file: &KycFileId) -> PathBuf {
        self.0.join("requests").join(file.as_str())
    }

    fn answers_dir(&self) -> PathBuf {
        self.0.join("answers")
    }
}

impl IdentityProvider for DirectoryProvider {
    fn name(&self) -> &'static str {
        "directory"
    }

    fn ask(&self, check: &Check, pictures: &[Picture]) -> io::Result<()> {
        let dir = self.request(&check.file);
        if dir.exists() {
            return Ok(());
        }
        let partial = self.0.join("requests").join(format!("{}.partial", check.file));
        remove(&partial)?;
        private_dir(&partial)?;
        let request = serde_json::to_vec_pretty(check).map_err(io::Error::other)?;
        for picture in pictures {
            private_file(&partial.join(&picture.name), &picture.bytes)?;
        }
        private_file(&partial.join("request.json"), &request)?;
        // Whole or not at all.
        fs::rename(partial, dir)
    }

    fn forget(&self, file: &KycFileId) -> io::Result<()> {
        remove(&self.request(file))
    }

    fn answers(&self) -> io::Result<Vec<Answer>> {
        let entries = match fs::read_dir(self.answers_dir()) {
            Ok(entries) => entries,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(e),
        };
        let mut answers = Vec::new();
        for entry in entries {
            let path = entry?.path();
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
            let Some(name) = name.strip_suffix(".json") else { continue };
            let signature = path.with_extension("sig");
            // The signature comes last: without it the answer is still being written.
            if !signature.is_file() || answers.len() >= ANSWERS_MAX {
                continue;
            }
            let (body, signature) = (bounded(&path)?, bounded(&signature)?);
            let signature = String::from_utf8_lossy(&signature).trim().to_owned();
            answers.push(Answer { name: name.to_owned(), body, signature });
        }
        Ok(answers)
    }

    fn put_away(&self, answer: &Answer, taken: bool) -> io::Result<()> {
        let to = self.answers_dir().join(if taken { "taken" } else { "refused" });
        private_dir(&to)?;
        for ending in ["sig", "json"] {
            let name = format!("{}.{ending}", answer.name);
            fs::rename(self.answers_dir().join(&name), to.join(&name))?;
        }
        Ok(())
    }
}

fn private_dir(dir: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

fn private_file(file: &Path, bytes: &[u8]) -> io::Result<()> {
    fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?.write_all(bytes)
}

fn remove(dir: &Path) -> io::Result<()> {
    match fs::remove_dir_all(dir) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

fn bounded(file: &Path) -> io::Result<Vec<u8>> {
    if fs::metadata(file)?.len() > ANSWER_BYTES_MAX {
        return Ok(Vec::new());
    }
    fs::read(file)
}
