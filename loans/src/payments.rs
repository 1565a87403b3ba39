//! Payments on a loan: what they settle, how it ends, what comes in after it was given up.

use crate::event::LoanEvent;
use crate::loan::{Book, Loan, Stage};
use assay_trading_types::loan_terms::Parts;
use assay_trading_types::{Actor, Amount, LoanFact, Timestamp, TransferReason};

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
        let fact = LoanFact::Repayment { asked: offer.amount, taken, fees, interest, principal, owed };
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
            out.push(self.event(at, LoanFact::Forgiven { amount: left.total() }, transfers));
        }
        (self.stage, self.ended) = (Stage::Repaid { repaid }, Some(at));
        out.push(self.event(at, LoanFact::Repaid, Vec::new()));
        self.release_all(at, out);
    }

    /// Gives the debt up.
    pub(crate) fn write_off(&mut self, by: Actor, at: Timestamp, out: &mut Vec<LoanEvent>) {
        let Some(running) = self.running() else { return };
        let (lost, repaid) = (running.owed, running.repaid);
        let transfers = self.settlement(Book::Loss, lost, TransferReason::LoanLoss);
        self.stage = Stage::WrittenOff { lost, repaid, recovered: Amount::ZERO };
        self.ended = Some(at);
        let Parts { fees, interest, principal } = lost;
        out.push(self.event(at, LoanFact::WrittenOff { by, principal, interest, fees }, transfers));
    }

    /// What was lost and has not come in.
    pub(crate) fn not_recovered(&self) -> Amount {
        match &self.stage {
            Stage::WrittenOff { lost, recovered, .. } => {
                Amount::from_units(lost.total().units() - recovered.units())
            }
            _ => Amount::ZERO,
        }
    }

    /// Takes what came in on a debt that was given up, no more than was lost.
    pub(crate) fn recover(&mut self, asked: Amount, at: Timestamp, out: &mut Vec<LoanEvent>) {
        let amount = asked.min(self.not_recovered());
        let Stage::WrittenOff { recovered, .. } = &mut self.stage else { return };
        *recovered = Amount::from_units(recovered.units() + amount.units());
        let transfers = self.post(Book::Client, Book::Recovery, amount, TransferReason::LoanRecovery);
        out.push(self.event(at, LoanFact::Recovered { asked, amount }, transfers));
    }
}
