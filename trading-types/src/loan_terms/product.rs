//! Products: what is offered, the terms that a loan copies when it is applied for.

use super::{BusinessDays, Cycle, DayCount, Rate, Stub};
use crate::{Amount, Asset};
use serde::{Deserialize, Serialize};

/// How principal comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Repayment {
    /// All at maturity, interest on each due date.
    Bullet,
    /// The same principal on each due date, the rounding on the last.
    EqualPrincipal,
    /// The same sum of principal and interest on each due date, as small as it can be; the last is what is left.
    EqualInstalments,
    /// This much principal on each due date, what is left at maturity.
    FixedPrincipal(Amount),
    /// This much principal and interest together on each due date, what is left at maturity. Interest above it is added
    /// to the principal.
    FixedInstalments(Amount),
}

/// An asset taken as collateral.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollateralRule {
    /// The asset.
    pub asset: Asset,
    /// Part of its price that does not count: `0.3` counts 70 %.
    pub haircut: Rate,
}

/// A part of a debt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Late fees and penalties.
    Fees,
    /// Interest that has fallen due, day by day.
    Interest,
    /// Principal.
    Principal,
}

/// What principal paid before it is due does to later instalments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prepayment {
    /// The last ones shrink first, so that the loan ends earlier.
    #[default]
    ShortensTerm,
    /// All shrink, in proportion.
    LowersInstalments,
}

/// Terms of a product. Ratios are fractions: `1.5` is 150 %.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// At most 100 characters.
    pub name: String,
    /// For people.
    #[serde(default)]
    pub description: String,
    /// Currency lent.
    pub currency: Asset,
    /// Its decimals.
    pub decimals: u8,
    /// Least that is lent.
    pub amount_min: Amount,
    /// Most that is lent.
    pub amount_max: Amount,
    /// Days from payout to maturity.
    pub term_days: u32,
    /// A year.
    pub rate: Rate,
    /// How days are counted.
    pub day_count: DayCount,
    /// How often instalments fall due.
    pub cycle: Cycle,
    /// What becomes of a short period at the end.
    #[serde(default)]
    pub stub: Stub,
    /// How principal comes back.
    pub repayment: Repayment,
    /// Where due dates go.
    #[serde(default)]
    pub business_days: BusinessDays,
    /// Assets taken, in the order they are sold in if they must be.
    pub collateral: Vec<CollateralRule>,
    /// Value of collateral over debt to begin with, and after a partial sale.
    pub collateral_ratio: Rate,
    /// Below this the borrower is called upon.
    pub margin_ratio: Rate,
    /// Below this collateral is sold at once.
    pub liquidation_ratio: Rate,
    /// Seconds that a call leaves for a cure.
    pub cure_s: u32,
    /// Age in seconds from which a reference price is not used.
    pub price_age_max_s: u32,
    /// Days that an instalment may be late without a fee.
    pub grace_days: u32,
    /// Days past due after which the loan is in default.
    pub default_after_days: u32,
    /// Charged once for each instalment that is late.
    #[serde(default)]
    pub late_fee: Amount,
    /// A year, on principal that is past due, above the rate.
    #[serde(default)]
    pub penalty_rate: Rate,
    /// Kept from the payout.
    #[serde(default)]
    pub payout_fee: Amount,
    /// What a payment settles first, each part once.
    #[serde(default = "fees_interest_principal")]
    pub waterfall: [Part; 3],
    /// What prepaid principal does.
    #[serde(default)]
    pub prepayment: Prepayment,
    /// Debt that is let go when no more is left.
    #[serde(default)]
    pub tolerance: Amount,
    /// Above this amount another person pays out than approved.
    #[serde(default)]
    pub two_persons_above: Amount,
}

fn fees_interest_principal() -> [Part; 3] {
    [Part::Fees, Part::Interest, Part::Principal]
}

impl Product {
    /// The rule for an asset, if it is taken.
    pub fn rule(&self, asset: Asset) -> Option<&CollateralRule> {
        self.collateral.iter().find(|rule| rule.asset == asset)
    }
}
