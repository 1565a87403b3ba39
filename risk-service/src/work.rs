//! Work that a day or a price begins and that is too much for one step: it goes on when risk's own record of it comes back.
//!
//! Whatever came meanwhile stands before that record, so orders wait for one bounded step at most, and a day of a million
//! loans takes no longer than its steps do. One such record is on its way at a time; after a crash it stands in the log or
//! is written again from what it follows from.

use crate::risk::Risk;
use assay_trading_types::{Input, Outbox, Topic, WorkLeft};

impl Risk {
    /// Says that something is left, unless that is said already.
    pub(crate) fn tell_of_work_left(&mut self, out: &mut Outbox) {
        let balances = self.interest.left();
        if !self.is_work_told && (balances > 0 || self.loans.is_work_left()) {
            self.is_work_told = true;
            out.emit(Topic::Accounts, WorkLeft { loans_from: self.loans.day_from(), balances }.into());
        }
    }

    /// The record has come back: the next step.
    pub(crate) fn go_on(&mut self, input: &Input<'_>, out: &mut Outbox) {
        self.is_work_told = false;
        self.pay_interest(input, out);
        self.go_on_with_loans(input, out);
    }
}
