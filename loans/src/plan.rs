//! What is agreed about paying back, before anything happens: the terms that make a schedule.

use crate::accrual::Accrual;
use assay_trading_types::loan_terms::{BusinessDays, Cycle, DayCount, Rate, Repayment, Stub};
use assay_trading_types::{Amount, Date, SCALE};
use serde::{Deserialize, Serialize};

/// Most principal of a loan, a million million: interest on it can be counted exactly.
pub const PRINCIPAL_MAX: Amount = Amount::from_units(1_000_000_000_000 * SCALE as i128);

/// Billionths in one, the unit of rates.
pub(crate) const RATE_ONE: i128 = SCALE as i128;

/// Rate changes that a plan may have.
pub const RATE_STEPS_MAX: usize = 480;

/// From a day on, another rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateStep {
    /// Interest of this day and later runs at the rate.
    pub from: Date,
    /// The rate.
    pub rate: Rate,
}

/// How interest runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interest {
    /// The first rate.
    pub rate: Rate,
    /// Later rates, by day.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<RateStep>,
    /// How days are counted.
    pub day_count: DayCount,
}

/// Terms of paying back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// What is lent.
    pub principal: Amount,
    /// Decimals of the currency: everything that falls due has no more.
    pub decimals: u8,
    /// First day that interest runs.
    pub start: Date,
    /// Day that due dates are counted from: the start, or a first due date at another distance.
    pub anchor: Date,
    /// Last due date before any shift.
    pub maturity: Date,
    /// How often something falls due.
    pub cycle: Cycle,
    /// What becomes of a short period at the end.
    #[serde(default)]
    pub stub: Stub,
    /// How interest runs.
    pub interest: Interest,
    /// How principal comes back.
    pub repayment: Repayment,
    /// Where due dates go.
    #[serde(default)]
    pub business_days: BusinessDays,
}

/// A plan that makes no schedule. In order of precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum PlanFault {
    /// More decimals than nine.
    #[error("more than nine decimals")]
    Decimals,
    /// Not above zero, beyond [`PRINCIPAL_MAX`], or with more decimals than the currency.
    #[error("a principal is above zero, at most 10^12 and has no more decimals than its currency")]
    Principal,
    /// Maturity is not after the start, the cycle is zero, or there are too many due dates.
    #[error("maturity is after the start, a cycle above zero, and there are at most 480 due dates")]
    Dates,
    /// Rate steps that are not in order of days, or too many.
    #[error("rate steps come in order of days, at most 480")]
    RateSteps,
    /// A fixed amount that is not above zero or has more decimals than the currency.
    #[error("a fixed amount is above zero and has no more decimals than its currency")]
    FixedAmount,
    /// The sums are beyond what can be counted.
    #[error("the sums are beyond what can be counted")]
    TooLarge,
}

impl Interest {
    /// The accrual with the interest on `principal` from `from` to `to`. Nothing beyond what can be counted.
    #[must_use]
    pub fn accrue(&self, accrual: Accrual, principal: Amount, from: Date, to: Date) -> Option<Accrual> {
        let (mut accrual, mut from, mut rate) = (accrual, from, self.rate);
        for step in &self.steps {
            if step.from > from && step.from < to {
                accrual = accrual.plus(principal, rate, self.day_count.year_part(from, step.from))?;
                from = step.from;
            }
            if step.from <= from {
                rate = step.rate;
            }
        }
        accrual.plus(principal, rate, self.day_count.year_part(from, to))
    }
}

impl Plan {
    /// Billionths in the currency's smallest amount.
    pub fn unit(&self) -> i128 {
        unit_of(self.decimals)
    }

    /// What is wrong with it, if anything.
    ///
    /// # Errors
    /// The first fault.
    pub fn check(&self) -> Result<(), PlanFault> {
        let whole = |amount: Amount| amount > Amount::ZERO && amount.units() % self.unit() == 0;
        if self.decimals > 9 {
            return Err(PlanFault::Decimals);
        }
        if !whole(self.principal) || self.principal > PRINCIPAL_MAX {
            return Err(PlanFault::Principal);
        }
        if self.due_dates().is_none() {
            return Err(PlanFault::Dates);
        }
        let steps = &self.interest.steps;
        if steps.len() > RATE_STEPS_MAX || steps.windows(2).any(|pair| pair[0].from >= pair[1].from) {
            return Err(PlanFault::RateSteps);
        }
        match self.repayment {
            Repayment::FixedPrincipal(amount) | Repayment::FixedInstalments(amount) if !whole(amount) => {
                Err(PlanFault::FixedAmount)
            }
            _ => Ok(()),
        }
    }

    /// Due dates before any shift.
    pub(crate) fn due_dates(&self) -> Option<Vec<Date>> {
        self.cycle.due_dates(self.anchor, self.start, self.maturity, self.stub)
    }
}

/// Billionths in the smallest amount with so many decimals.
pub(crate) fn unit_of(decimals: u8) -> i128 {
    i128::from(SCALE) / 10_i128.pow(u32::from(decimals.min(9)))
}
