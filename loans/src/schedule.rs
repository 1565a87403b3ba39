//! What falls due when: a plan carried out to its end.
//!
//! Interest is exact up to each due date and rounded as [`Accrual`] says, principal is what the repayment says, and the
//! last instalment is what is left. So principal sums to what was lent, to the smallest amount.

use crate::accrual::Accrual;
use crate::plan::{Interest, Plan, PlanFault};
use assay_trading_types::loan_terms::{Instalment, Repayment};
use assay_trading_types::{Amount, Date};

/// When something falls due and up to which day interest runs then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DueDate {
    pub(crate) due: Date,
    pub(crate) interest_until: Date,
}

/// What an amortisation starts from.
pub(crate) struct Debt<'a> {
    pub(crate) principal: Amount,
    pub(crate) start: Date,
    pub(crate) interest: &'a Interest,
    pub(crate) unit: i128,
}

impl Plan {
    /// The schedule.
    ///
    /// # Errors
    /// What is wrong with the plan.
    pub fn schedule(&self) -> Result<Vec<Instalment>, PlanFault> {
        self.check()?;
        let dates = self.due_dates().ok_or(PlanFault::Dates)?;
        let due = |date| DueDate {
            due: self.business_days.shifted(date),
            interest_until: self.business_days.interest_until(date),
        };
        let dates: Vec<DueDate> = dates.into_iter().map(due).collect();
        let (principal, start, interest, unit) = (self.principal, self.start, &self.interest, self.unit());
        Debt { principal, start, interest, unit }.amortise(self.repayment, &dates).ok_or(PlanFault::TooLarge)
    }
}

impl Debt<'_> {
    /// Instalments on `dates`, without those after everything is paid. Nothing beyond what can be counted.
    pub(crate) fn amortise(&self, repayment: Repayment, dates: &[DueDate]) -> Option<Vec<Instalment>> {
        match repayment {
            Repayment::Bullet => self.walk(dates, |_| Amount::ZERO),
            Repayment::EqualPrincipal => {
                let part = self.rounded_down(self.principal.units() / dates.len().max(1) as i128);
                self.walk(dates, |_| part)
            }
            Repayment::EqualInstalments => {
                let instalment = self.equal_instalment(dates)?;
                self.walk(dates, |interest| less(instalment, interest))
            }
            Repayment::FixedPrincipal(part) => self.walk(dates, |_| part),
            Repayment::FixedInstalments(instalment) => {
                self.walk(dates, |interest| less(instalment, interest))
            }
        }
    }

    /// Goes along the dates; `part` says how much principal comes with so much interest.
    fn walk(&self, dates: &[DueDate], part: impl Fn(Amount) -> Amount) -> Option<Vec<Instalment>> {
        let (mut from, mut outstanding, mut accrual) = (self.start, self.principal, Accrual::default());
        let mut instalments = Vec::with_capacity(dates.len());
        for (i, date) in dates.iter().enumerate() {
            accrual = self.interest.accrue(accrual, outstanding, from, date.interest_until)?;
            let interest = accrual.take(self.unit);
            let last = i + 1 == dates.len();
            let principal = if last { outstanding } else { part(interest).min(outstanding) };
            outstanding = less(outstanding, principal);
            let DueDate { due, interest_until } = *date;
            instalments.push(Instalment { due, interest_until, principal, interest, outstanding });
            if outstanding == Amount::ZERO {
                break;
            }
            from = interest_until;
        }
        Some(instalments)
    }

    /// The smallest instalment that leaves no more than itself for the last date, by bisection: what is left only falls
    /// as the instalment grows, rounding included.
    fn equal_instalment(&self, dates: &[DueDate]) -> Option<Amount> {
        let end = dates.last()?.interest_until;
        let all = self.interest.accrue(Accrual::default(), self.principal, self.start, end)?.take(self.unit);
        let (mut low, mut high) = (0, self.principal.checked_add(all)?.units() / self.unit + 1);
        while low < high {
            let middle = (low + high) / 2;
            let instalment = Amount::from_units(middle * self.unit);
            let schedule = self.walk(dates, |interest| less(instalment, interest))?;
            let enough = schedule.last().is_none_or(|last| last.total() <= instalment);
            if enough { high = middle } else { low = middle + 1 }
        }
        Some(Amount::from_units(low * self.unit))
    }

    fn rounded_down(&self, units: i128) -> Amount {
        Amount::from_units(units / self.unit * self.unit)
    }
}

fn less(amount: Amount, by: Amount) -> Amount {
    Amount::from_units(amount.units() - by.units())
}
