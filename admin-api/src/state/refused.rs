//! A refusal with its words.

use assay_trading_types::{AdminRefusal, Decision};

/// Why a command has no effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The code.
    pub refusal: AdminRefusal,
    /// In words, for whoever asked.
    pub detail: String,
}

impl Refused {
    /// A refusal.
    pub fn new(refusal: AdminRefusal, detail: impl Into<String>) -> Self {
        Self { refusal, detail: detail.into() }
    }

    /// There is no such thing.
    pub fn not_found(what: &str) -> Self {
        Self::new(AdminRefusal::NotFound, format!("no such {what}"))
    }
}

impl From<Refused> for Decision {
    fn from(refused: Refused) -> Self {
        Self::Refused { refusal: refused.refusal, detail: refused.detail }
    }
}

/// `Ok` when the version is as expected, or none is.
pub(crate) fn check_version(expected: Option<u64>, version: u64) -> Result<(), Refused> {
    match expected {
        Some(expected) if expected != version => Err(Refused::new(
            AdminRefusal::VersionConflict,
            format!("it has version {version}, not {expected}"),
        )),
        _ => Ok(()),
    }
}
