//! `[[asset]]`: on what terms a currency or an instrument comes, goes and changes owner.

use assay_trading_types::{Amount, MoneyTermsSet};
use serde::Deserialize;

const NS_PER_S: i64 = 1_000_000_000;

/// The keys as they stand in the file.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asset {
    /// Currency or symbol.
    pub(crate) code: assay_trading_types::Asset,
    /// Decimals of amounts that come, go or change owner.
    #[serde(default = "nine")]
    pub(crate) decimals: u8,
    /// What a withdrawal costs.
    #[serde(default)]
    pub(crate) withdrawal_fee: Amount,
    /// What it costs besides, in basis points.
    #[serde(default)]
    pub(crate) withdrawal_fee_bp: u32,
    /// Most that an account withdraws on one day.
    #[serde(default)]
    pub(crate) withdrawal_day_max: Option<Amount>,
    /// A withdrawal above it takes two approvals.
    #[serde(default)]
    pub(crate) second_approval_above: Option<Amount>,
    /// How long a new beneficiary is not used.
    #[serde(default = "a_day")]
    pub(crate) cooling_off_s: u32,
    /// How long what takes an approval waits for it.
    #[serde(default = "a_week")]
    pub(crate) decision_s: u32,
}

fn nine() -> u8 {
    9
}

fn a_day() -> u32 {
    86_400
}

fn a_week() -> u32 {
    7 * 86_400
}

impl Asset {
    /// As they stand in the log.
    pub(crate) fn terms(&self) -> MoneyTermsSet {
        MoneyTermsSet {
            asset: self.code,
            decimals: self.decimals,
            withdrawal_fee: self.withdrawal_fee,
            withdrawal_fee_bp: self.withdrawal_fee_bp,
            withdrawal_day_max: self.withdrawal_day_max,
            second_approval_above: self.second_approval_above,
            cooling_off_ns: i64::from(self.cooling_off_s) * NS_PER_S,
            decision_ns: i64::from(self.decision_s) * NS_PER_S,
        }
    }

    /// The key that says what cannot be, and why.
    pub(crate) fn fault(&self) -> Option<(&'static str, String)> {
        let negative = |amount: &Amount| *amount < Amount::ZERO;
        if self.decimals > 9 {
            return Some(("decimals", format!("decimals {} must be 0 to 9", self.decimals)));
        }
        if negative(&self.withdrawal_fee) {
            return Some(("withdrawal_fee", "withdrawal_fee must not be negative".to_owned()));
        }
        if self.withdrawal_fee_bp > 10_000 {
            return Some(("withdrawal_fee_bp", "withdrawal_fee_bp must be at most 10000".to_owned()));
        }
        if self.withdrawal_day_max.as_ref().is_some_and(negative) {
            return Some(("withdrawal_day_max", "withdrawal_day_max must not be negative".to_owned()));
        }
        if self.second_approval_above.as_ref().is_some_and(negative) {
            return Some(("second_approval_above", "second_approval_above must not be negative".to_owned()));
        }
        if self.decision_s == 0 {
            return Some(("decision_s", "decision_s must be above zero".to_owned()));
        }
        None
    }
}
