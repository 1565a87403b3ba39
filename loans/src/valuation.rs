//! What secures a loan, counted for whoever looks at it by the rules that margin calls follow.

use crate::collateral::{divide_up, needed};
use crate::prices::{Quote, sum, worth};
use assay_trading_types::loan_terms::{Product, Rate};
use assay_trading_types::{Amount, Asset, LoanRefusal, LoanState, LoanStatus, Timestamp};

/// A debt by the value that secures it is said in ten thousandths.
const LTV_PARTS: i128 = 10_000;

/// Units of one of them.
const LTV_PART_UNITS: i128 = 100_000;

/// One asset of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Valued {
    /// What.
    pub asset: Asset,
    /// How much.
    pub amount: Amount,
    /// Part of its price that does not count.
    pub haircut: Rate,
    /// The last price of it, recent or not.
    pub quote: Option<Quote>,
    /// What it counts for; why nothing can be said otherwise.
    pub value: Result<Amount, LoanRefusal>,
}

/// What a loan's collateral counts for at a moment, and what it must.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Valuation {
    /// By asset. What is on its way to be sold is not in it.
    pub assets: Vec<Valued>,
    /// All together; why the first that has no value has none otherwise: then nobody is called upon either.
    pub value: Result<Amount, LoanRefusal>,
    /// What is owed, or applied for until it is paid out.
    pub debt: Amount,
    /// What it must count for: until the payout what is asked for to begin with, then what spares a margin call, in default
    /// the debt.
    pub required: Amount,
}

impl Valuation {
    /// Of a loan that has not ended, on its terms, at prices in their currency.
    pub fn of(
        loan: &LoanState,
        terms: &Product,
        quote: impl Fn(Asset) -> Option<Quote>,
        now: Timestamp,
    ) -> Option<Self> {
        let owed = loan.owed.total();
        let (debt, required) = match loan.status {
            LoanStatus::Pending | LoanStatus::Approved => {
                (loan.amount, needed(loan.amount, terms.collateral_ratio))
            }
            LoanStatus::Active => (owed, needed(owed, terms.margin_ratio)),
            LoanStatus::Defaulted => (owed, Some(owed)),
            LoanStatus::Repaid | LoanStatus::WrittenOff | LoanStatus::Rejected | LoanStatus::Cancelled => {
                return None;
            }
        };
        let valued = |(asset, amount): (&Asset, &Amount)| {
            let (asset, amount, quote) = (*asset, *amount, quote(*asset));
            let haircut = terms.rule(asset).map_or(Rate::ZERO, |rule| rule.haircut);
            Valued {
                asset,
                amount,
                haircut,
                quote,
                value: worth((asset, amount), terms, quote.as_ref(), now),
            }
        };
        let assets: Vec<Valued> = loan.pledges.iter().map(valued).collect();
        let value = sum(assets.iter().map(|asset| asset.value));
        Some(Self { assets, value, debt, required: required? })
    }

    /// What is missing of what it must count for, zero when nothing is; nothing where its value cannot be said.
    pub fn shortfall(&self) -> Option<Amount> {
        let short = self.required.units() - self.value.ok()?.units();
        Some(Amount::from_units(short.max(0)))
    }

    /// The debt by the value, rounded up to four decimals; nothing without a value.
    pub fn loan_to_value(&self) -> Option<Amount> {
        let parts = self.debt.units().checked_mul(LTV_PARTS)?;
        let parts = divide_up(parts, self.value.ok()?.units())?;
        parts.checked_mul(LTV_PART_UNITS).map(Amount::from_units)
    }
}
