//! A loan as it is told to others.

use crate::loan::{Loan, Stage};
use crate::running::Running;
use assay_trading_types::loan_terms::Parts;
use assay_trading_types::{Amount, LoanSale, LoanState, LoanStatus};

impl Loan {
    /// As it stands.
    pub fn state(&self) -> LoanState {
        let (owed, repaid, recovered) = self.sums();
        let running = self.running();
        LoanState {
            id: self.id,
            firm: self.borrower,
            account: self.account,
            product: self.product,
            status: self.status(),
            currency: self.terms.currency,
            amount: self.amount,
            rate: self.terms.rate,
            pledges: self.pledges.clone(),
            selling: running
                .and_then(|r| r.sale)
                .map(|sale| LoanSale { asset: sale.asset, amount: sale.amount }),
            owed,
            repaid,
            recovered,
            applied: self.applied,
            decided: self.decided,
            reason: self.reason.clone(),
            disbursed: self.disbursed,
            maturity: running.map(|r| r.maturity),
            next_due: running.and_then(|r| r.future().next()).map(|instalment| instalment.due),
            late: running.map(Running::bucket).unwrap_or_default(),
            call_until: running.and_then(|r| r.call_until),
            ended: self.ended,
            version: self.version,
        }
    }

    /// Where it stands.
    pub fn status(&self) -> LoanStatus {
        match self.stage {
            Stage::Pending => LoanStatus::Pending,
            Stage::Approved => LoanStatus::Approved,
            Stage::Active(_) => LoanStatus::Active,
            Stage::Defaulted(_) => LoanStatus::Defaulted,
            Stage::Repaid { .. } => LoanStatus::Repaid,
            Stage::WrittenOff { .. } => LoanStatus::WrittenOff,
            Stage::Rejected => LoanStatus::Rejected,
            Stage::Cancelled => LoanStatus::Cancelled,
        }
    }

    /// What is owed or was lost, what was repaid, and what was recovered.
    fn sums(&self) -> (Parts, Parts, Amount) {
        match &self.stage {
            Stage::Active(running) | Stage::Defaulted(running) => {
                (running.owed(), running.repaid(), Amount::ZERO)
            }
            Stage::Repaid { repaid } => (Parts::default(), *repaid, Amount::ZERO),
            Stage::WrittenOff { lost, repaid, recovered } => (*lost, *repaid, *recovered),
            Stage::Pending | Stage::Approved | Stage::Rejected | Stage::Cancelled => {
                (Parts::default(), Parts::default(), Amount::ZERO)
            }
        }
    }
}
