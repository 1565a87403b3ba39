//! Payments on a loan: what they settle, how it ends, what comes in after it was given up.

use crate::event::{Fact, LoanEvent};
use crate::loan::{Book, Loan, Stage};
use crate::running::Parts;
use assay_trading_types::{Actor, Amount, Timestamp, TransferReason};

/// Where the money of a payment comes from, and what was offered.
#[derive(Clone, Copy)]
pub(crate) struct Offer {
    pub(crate) from: Book,
    pub(crate) amount: Amount,
}

impl Loan {
    /// Settles what `offer` covers of the debt, no more than is owed. Returns what was taken.
    pub(crate) fn pay(&mut self, offer: Offer, at: Timestamp, out: &mut Vec<LoanEvent>) -> Amount {
        let terms = self.terms.clone();
        let Some(running) = self.running_mut() else { return Amount::ZERO };
        let Parts { fees, interest, principal } = running.settle(&terms, offer.amount);
        let owed = running.owed.total();
        let settled = Parts { fees, interest, principal };
        let taken = settled.total();
        let transfers = self.settlement(offer.from, settled, TransferReason::LoanRepayment);
        let fact = Fact::Repayment { asked: offer.amount, taken, fees, interest, principal, owed };
        out.push(self.event(at, fact, transfers));
        taken
    }

    /// Ends the loan if no more is owed than is let go, and nothing is on its way to be sold.
    pub(crate) fn end_if_paid(&mut self, at: Timestamp, out: &mut Vec<LoanEvent>) {
        let tolerance = self.terms.tolerance;
        let Some(running) = self.running().filter(|r| r.sale.is_none() && r.owed.total() <= tolerance) else {
            return;
        };
        let (left, repaid) = (running.owed, running.repaid);
        if left.total() > Amount::ZERO {
            let transfers = self.settlement(Book::Loss, left, TransferReason::LoanLoss);
            out.push(self.event(at, Fact::Forgiven { amount: left.total() }, transfers));
        }
        self.stage = Stage::Repaid { at, repaid };
        out.push(self.event(at, Fact::Repaid, Vec::new()));
        self.release_all(at, out);
    }

    /// Gives the debt up.
    pub(crate) fn write_off(&mut self, by: Actor, at: Timestamp, out: &mut Vec<LoanEvent>) {
        let Some(running) = self.running() else { return };
        let (lost, repaid) = (running.owed, running.repaid);
        let transfers = self.settlement(Book::Loss, lost, TransferReason::LoanLoss);
        self.stage = Stage::WrittenOff { lost, repaid, recovered: Amount::ZERO };
        let Parts { fees, interest, principal } = lost;
        out.push(self.event(at, Fact::WrittenOff { by, principal, interest, fees }, transfers));
    }

    /// Takes what came in on a debt that was given up, no more than was lost. Returns what was taken.
    pub(crate) fn recover(&mut self, amount: Amount, at: Timestamp, out: &mut Vec<LoanEvent>) -> Amount {
        let Stage::WrittenOff { lost, recovered, .. } = &mut self.stage else { return Amount::ZERO };
        let left = Amount::from_units(lost.total().units() - recovered.units());
        let amount = amount.min(left);
        *recovered = Amount::from_units(recovered.units() + amount.units());
        let transfers = self.post(Book::Client, Book::Recovery, amount, TransferReason::LoanRecovery);
        out.push(self.event(at, Fact::Recovered { amount }, transfers));
        amount
    }
}
