//! Work that a day or a price begins and that is too much for one step: it goes on when risk's own record of it comes back.
//!
//! Whatever came meanwhile stands before that record, so orders wait for one bounded step at most, and a day of a million
//! loans takes no longer than its steps do. One such record is on its way at a time; after a crash it stands in the log or
//! is written again from what it follows from.

use crate::risk::Risk;
use assay_trading_types::{Input, Outbox, Topic, WorkLeft};

/// Cancels and reports of one input for what waits by the thousand: switches, ended locates, lost sessions and mass requests
/// together. An input's outputs are numbered in 16 bits, and what it does itself may take up to as many again (limits that
/// run out with a tick); the rest follow with the next inputs, a second later at the latest.
const DEFERRED_PER_INPUT_MAX: u32 = 16_384;

/// How much of what waits one input may still do.
#[derive(Debug)]
pub(crate) struct Room(u32);

impl Room {
    /// That of one input.
    pub(crate) fn of_an_input() -> Self {
        Self(DEFERRED_PER_INPUT_MAX)
    }

    pub(crate) fn is_left(&self) -> bool {
        self.0 > 0
    }

    /// For one that is done.
    pub(crate) fn take(&mut self) {
        self.0 -= 1;
    }
}

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
