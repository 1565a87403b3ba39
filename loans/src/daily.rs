//! What a day brings: interest, instalments falling due, lateness, default.

use crate::event::LoanEvent;
use crate::loan::{Book, Loan, Stage};
use crate::running::raise;
use assay_trading_types::loan_terms::Bucket;
use assay_trading_types::{Amount, Date, DefaultCause, LoanFact, Timestamp, TransferReason};

/// Days before an instalment falls due from which the borrower is told.
const DUE_SOON_DAYS: i32 = 3;

impl Loan {
    /// Brings an active loan to a day: accrues interest and puts on bills what has fallen due. Doing it twice changes
    /// nothing. An instalment falls due on its due date, but not before the last day its interest runs.
    pub(crate) fn advance(&mut self, date: Date, at: Timestamp, out: &mut Vec<LoanEvent>) {
        while let Stage::Active(running) = &mut self.stage {
            let Some(next) = running.future.front().copied() else { break };
            let due = next.due.max(next.interest_until);
            if due > date {
                break;
            }
            running.future.pop_front();
            self.accrue(next.interest_until, at, out);
            let Stage::Active(running) = &mut self.stage else { break };
            let bill = running.bill(due, next.principal);
            let (principal, interest) = (bill.principal, bill.interest);
            out.push(self.event(at, LoanFact::InstalmentDue { due, principal, interest }, Vec::new()));
            self.accrue(due, at, out);
        }
        if matches!(self.stage, Stage::Active(_)) {
            self.accrue(date, at, out);
        }
    }

    /// Looks at what is late on the morning of `date`, after [`Loan::advance`].
    pub(crate) fn look_at_lateness(&mut self, date: Date, at: Timestamp, out: &mut Vec<LoanEvent>) {
        self.tell_what_is_due_soon(date, at, out);
        self.charge_late_fees(date, at, out);
        self.note_lateness(date, at, out);
        let Stage::Active(running) = &self.stage else { return };
        if running.days_late(date) > self.terms.default_after_days {
            self.default(DefaultCause::PastDue, at, out);
        }
    }

    /// Everything is due and nothing more is earned; there is nothing left to call for.
    pub(crate) fn default(&mut self, cause: DefaultCause, at: Timestamp, out: &mut Vec<LoanEvent>) {
        let Stage::Active(mut running) = std::mem::replace(&mut self.stage, Stage::Pending) else {
            unreachable!("only an active loan goes into default")
        };
        running.call_until = None;
        self.stage = Stage::Defaulted(running);
        out.push(self.event(at, LoanFact::Defaulted { cause }, Vec::new()));
    }

    fn accrue(&mut self, until: Date, at: Timestamp, out: &mut Vec<LoanEvent>) {
        let terms = self.terms.clone();
        let Some(running) = self.running_mut() else { return };
        let (interest, penalty) = running.run_to(&terms, until);
        if interest > Amount::ZERO {
            let books = (Book::Interest, Book::InterestIncome);
            let transfers = self.post(books.0, books.1, interest, TransferReason::LoanInterest);
            out.push(self.event(at, LoanFact::InterestAccrued { amount: interest, until }, transfers));
        }
        if penalty > Amount::ZERO {
            let transfers = self.post(Book::Fees, Book::FeeIncome, penalty, TransferReason::LoanFee);
            out.push(self.event(at, LoanFact::PenaltyAccrued { amount: penalty, until }, transfers));
        }
    }

    /// Tells of instalments that fall due soon, each once: on the first day that finds it so near, whatever days were left
    /// out before.
    pub(crate) fn tell_what_is_due_soon(&mut self, date: Date, at: Timestamp, out: &mut Vec<LoanEvent>) {
        while let Some(due) = self.next_to_tell(date) {
            if let Some(running) = self.running_mut() {
                running.told_due = Some(due);
            }
            out.push(self.event(at, LoanFact::DueSoon { due }, Vec::new()));
        }
    }

    /// The first due date after `date` and near it that was not told of.
    fn next_to_tell(&self, date: Date) -> Option<Date> {
        let Stage::Active(running) = &self.stage else { return None };
        let dates = running.future.iter().map(|instalment| instalment.due);
        let mut near = dates.take_while(|due| *due <= date.plus_days(DUE_SOON_DAYS));
        near.find(|due| *due > date && running.told_due < Some(*due))
    }

    fn charge_late_fees(&mut self, date: Date, at: Timestamp, out: &mut Vec<LoanEvent>) {
        let (amount, grace_days) = (self.terms.late_fee, i64::from(self.terms.grace_days));
        while let Stage::Active(running) = &mut self.stage {
            let late = |bill: &&mut crate::running::Bill| {
                !bill.fee_charged && i64::from(date.days()) - i64::from(bill.due.days()) > grace_days
            };
            let Some(bill) = running.bills.iter_mut().find(late).filter(|_| amount > Amount::ZERO) else {
                break;
            };
            bill.fee_charged = true;
            let due = bill.due;
            raise(&mut running.owed.fees, amount);
            let transfers = self.post(Book::Fees, Book::FeeIncome, amount, TransferReason::LoanFee);
            out.push(self.event(at, LoanFact::LateFee { due, amount }, transfers));
        }
    }

    /// Says so if the loan has come into another bucket of lateness.
    pub(crate) fn note_lateness(&mut self, date: Date, at: Timestamp, out: &mut Vec<LoanEvent>) {
        let Some(running) = self.running_mut() else { return };
        let days = running.days_late(date);
        let (from, to) = (running.bucket, Bucket::of(days));
        running.bucket = to;
        if from != to {
            out.push(self.event(at, LoanFact::Delinquency { days, from, to }, Vec::new()));
        }
    }
}
