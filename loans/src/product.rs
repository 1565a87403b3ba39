//! What is offered: the terms that a loan copies when it is applied for.

use crate::accrual::Accrual;
use crate::calendar::{BusinessDays, Cycle, Stub};
use crate::day_count::{DayCount, YEAR};
use crate::plan::{Interest, PRINCIPAL_MAX, Plan, Repayment};
use crate::rate::{RATE_ONE, Rate};
use assay_trading_types::{Amount, Asset, Date};
use serde::{Deserialize, Serialize};

/// Longest term, 40 years.
const TERM_DAYS_MAX: u32 = 14_610;

/// Assets that a product takes as collateral.
const COLLATERAL_MAX: usize = 64;

/// Years for which interest on the most that is lent must be countable, longer than any loan is kept.
const COUNTABLE_YEARS: i64 = 100;

/// Longest name, in characters.
const NAME_MAX: usize = 100;

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
    /// Whether its numbers agree.
    pub fn is_valid(&self) -> bool {
        self.decimals <= 9 && self.amounts_are_valid() && self.ratios_are_valid() && self.terms_are_valid()
    }

    /// The plan of a loan of `amount` paid out on `start`.
    pub fn plan(&self, amount: Amount, start: Date) -> Plan {
        Plan {
            principal: amount,
            decimals: self.decimals,
            start,
            anchor: start,
            maturity: start.plus_days(self.term_days as i32),
            cycle: self.cycle,
            stub: self.stub,
            interest: Interest { rate: self.rate, steps: Vec::new(), day_count: self.day_count },
            repayment: self.repayment,
            business_days: self.business_days.clone(),
        }
    }

    /// The rule for an asset, if it is taken.
    pub fn rule(&self, asset: Asset) -> Option<&CollateralRule> {
        self.collateral.iter().find(|rule| rule.asset == asset)
    }

    fn amounts_are_valid(&self) -> bool {
        let unit = crate::plan::unit_of(self.decimals);
        let whole = |amount: &Amount| *amount >= Amount::ZERO && amount.units() % unit == 0;
        let all = [self.amount_min, self.amount_max, self.late_fee, self.payout_fee, self.tolerance];
        all.iter().all(whole)
            && self.amount_min > Amount::ZERO
            && self.amount_min <= self.amount_max
            && self.amount_max <= PRINCIPAL_MAX
            && self.payout_fee < self.amount_min
            && self.two_persons_above >= Amount::ZERO
    }

    fn ratios_are_valid(&self) -> bool {
        let haircuts = |rule: &CollateralRule| i128::from(rule.haircut.billionths()) < RATE_ONE;
        let distinct = |(i, rule): (usize, &CollateralRule)| {
            rule.asset != self.currency && !self.collateral[..i].iter().any(|other| other.asset == rule.asset)
        };
        (1..=COLLATERAL_MAX).contains(&self.collateral.len())
            && self.collateral.iter().all(haircuts)
            && self.collateral.iter().enumerate().all(distinct)
            && i128::from(self.liquidation_ratio.billionths()) >= RATE_ONE
            && self.liquidation_ratio <= self.margin_ratio
            && self.margin_ratio <= self.collateral_ratio
    }

    fn terms_are_valid(&self) -> bool {
        let all = [Part::Fees, Part::Interest, Part::Principal];
        let start = Date::from_days(0);
        (1..=NAME_MAX).contains(&self.name.chars().count())
            && (1..=TERM_DAYS_MAX).contains(&self.term_days)
            && all.iter().all(|part| self.waterfall.contains(part))
            && self.plan(self.amount_min, start).check().is_ok()
            && self.plan(self.amount_max, start).check().is_ok()
            && [self.rate, self.penalty_rate].iter().all(|rate| self.is_countable(*rate))
    }

    fn is_countable(&self, rate: Rate) -> bool {
        Accrual::default().plus(self.amount_max, rate, COUNTABLE_YEARS * YEAR).is_some()
    }
}
