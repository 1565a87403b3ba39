//! `[admin.payments]`: who tells of payments, and how far conversion rates may move.

use assay_trading_types::{Asset, PayMethod};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// `[admin.payments]`
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AdminPayments {
    /// How far from the conversion rate in force, in basis points, one person may set the next.
    pub(crate) rate_alone_within_bp: Option<u32>,
    /// The house's own accounts with banks, and their currencies.
    pub(crate) bank_accounts: BTreeMap<String, Asset>,
    /// Payment processors whose signed words count.
    pub(crate) processor: Vec<AdminProcessor>,
}

/// `[[admin.payments.processor]]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AdminProcessor {
    /// Its name, in the path it calls and in records.
    #[serde(deserialize_with = "name")]
    pub(crate) name: String,
    /// File with what it signs with.
    pub(crate) secret_file: PathBuf,
    /// How deposits come that it speaks of; all of them when left out.
    #[serde(default)]
    pub(crate) methods: Vec<PayMethod>,
}

/// Longest name of a processor: it stands in records with a word before it.
const NAME_MAX: usize = 20;

fn name<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let name = String::deserialize(deserializer)?;
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    match (1..=NAME_MAX).contains(&name.len()) && name.bytes().all(fits) {
        true => Ok(name),
        false => Err(serde::de::Error::custom(format!(
            "name = {name:?} of a processor: use 1 to {NAME_MAX} lower-case letters, digits and dashes"
        ))),
    }
}
