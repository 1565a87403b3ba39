//! Refusals in words: what would have been taken.

use crate::risk::Risk;
use assay_trading_types::*;
use std::collections::BTreeMap;

impl Risk {
    /// What stands in the way, with the numbers that would not.
    pub(super) fn loan_words(&self, refusal: LoanRefusal, action: &LoanAction, now: Timestamp) -> String {
        match (refusal, action) {
            (LoanRefusal::ProductInvalid, LoanAction::ProposeProduct { terms, .. }) => {
                assay_loans::fault(terms).unwrap_or("the terms do not agree").to_owned()
            }
            (
                LoanRefusal::ProductChanged,
                LoanAction::ApproveProduct { product, version }
                | LoanAction::DeclineProduct { product, version, .. }
                | LoanAction::WithdrawProduct { product, version },
            ) => {
                let now = self.loans.product(*product).map_or(0, |product| product.version);
                format!("{product} has version {now}, not {version}: look at it again")
            }
            (LoanRefusal::AmountOutOfBounds, LoanAction::Apply { product, amount, .. }) => {
                self.bounds(*product, *amount)
            }
            (LoanRefusal::CollateralTooSmall, LoanAction::Apply { product, amount, pledges, .. }) => {
                self.needed(*product, *amount, pledges, now)
            }
            (LoanRefusal::TooManyLoans, _) => {
                format!("{} loans run or wait already, the most there may be", assay_loans::LOANS_MAX)
            }
            (LoanRefusal::InsufficientFunds, LoanAction::Apply { account, pledges, .. }) => {
                self.lacking(account, pledges)
            }
            (LoanRefusal::InsufficientFunds, LoanAction::Repay { loan, amount }) => {
                self.lacking_for(*loan, |currency| (currency, *amount))
            }
            (LoanRefusal::InsufficientFunds, LoanAction::Pledge { loan, asset, amount }) => {
                self.lacking_for(*loan, |_| (*asset, *amount))
            }
            (LoanRefusal::WrongStage, action) => {
                let stage = action.loan().and_then(|id| Some((id, self.loans.loan(id)?.status())));
                stage.map_or_else(String::new, |(id, status)| format!("{id} is {status:?}"))
            }
            (refusal, _) => general(refusal).to_owned(),
        }
    }

    fn bounds(&self, product: LoanProductId, amount: Amount) -> String {
        let terms = self.loans.product(product).and_then(|product| product.terms);
        terms.map_or_else(String::new, |terms| {
            let (least, most, currency) = (terms.amount_min, terms.amount_max, terms.currency);
            format!("{amount} {currency} is not between {least} and {most} {currency}")
        })
    }

    fn needed(
        &self,
        product: LoanProductId,
        amount: Amount,
        pledges: &BTreeMap<Asset, Amount>,
        now: Timestamp,
    ) -> String {
        match self.loans.collateral(product, amount, pledges, now) {
            Ok((value, needed)) => {
                format!("it must count for {needed} at least, after haircuts; it does for {value}")
            }
            Err(refusal) => general(refusal).to_owned(),
        }
    }

    fn lacking(&self, account: &AccountId, wanted: &BTreeMap<Asset, Amount>) -> String {
        let lacking = wanted.iter().find(|(asset, amount)| **amount > self.available(account, asset));
        lacking.map_or_else(String::new, |(asset, amount)| {
            format!("{amount} {asset}; {account} has {}", self.available(account, asset))
        })
    }

    fn lacking_for(&self, loan: LoanId, wanted: impl FnOnce(Asset) -> (Asset, Amount)) -> String {
        let Some(loan) = self.loans.loan(loan) else { return String::new() };
        let (asset, amount) = wanted(loan.terms().currency);
        self.lacking(&loan.account(), &BTreeMap::from([(asset, amount)]))
    }
}

/// Words that say it without numbers.
fn general(refusal: LoanRefusal) -> &'static str {
    use LoanRefusal as R;
    match refusal {
        R::ProductInvalid => "the terms do not agree",
        R::ProductNotFound => "no such product, or nothing of it waits",
        R::ProductNotActive => "the product is not offered",
        R::SamePerson => "another person must do this",
        R::LoanExists => "there is one of this id",
        R::LoanNotFound => "no such loan",
        R::OwnLoan => "nobody decides on a loan of their own",
        R::NotTheBorrower => "only the borrower may",
        R::NotVerified => "it is not proven who the client is",
        R::WrongStage => "its stage does not allow it",
        R::AmountNotPositive => "every amount must be above zero",
        R::AmountTooFine => "the amount has more decimals than the currency",
        R::AmountOutOfBounds => "the amount is out of the product's bounds",
        R::TooManyLoans => "as many loans run or wait as may",
        R::CollateralNotAccepted => "the product does not take this asset as collateral",
        R::PriceMissing => "an asset of the collateral has no reference price",
        R::PriceStale => "an asset of the collateral has no recent reference price",
        R::CollateralTooSmall => "the collateral would be worth less than required",
        R::InsufficientFunds => "there is less than that",
        R::NoSchedule => "the terms make no schedule in which the debt falls",
        R::LiquidationOpen => "collateral is on its way to be sold",
        R::LiquidationNotFound => "no such sale was asked for",
        R::CollateralRemains => "there is collateral left to sell",
        R::TooLarge => "more than can be counted",
        R::DayNotBegun => "the day has not begun",
        R::UnknownFirm => "no such firm",
        R::UnknownAccount => "no such account of the firm",
        R::AccountClosed => "the account is closed",
        R::AccountSuspended => "the account is suspended",
        R::ProductChanged => "the product has changed since",
        R::LoanChanged => "the loan has changed since",
        R::NotTheProposer => "only who proposed the terms may take them back",
        R::TooManyProducts => "as many products as there may be",
    }
}
