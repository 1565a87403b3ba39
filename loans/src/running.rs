//! A loan that was paid out: what is owed, what is due, and what a payment does.

use crate::accrual::Accrual;
use crate::plan::{Interest, Plan};
use crate::schedule::{Debt, DueDate};
use assay_trading_types::loan_terms::{Bucket, Instalment, Parts, Prepayment, Product, Repayment};
use assay_trading_types::{Actor, Amount, Asset, Date, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// What is unpaid of an instalment that has fallen due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Bill {
    pub(crate) due: Date,
    pub(crate) principal: Amount,
    pub(crate) interest: Amount,
    pub(crate) fee_charged: bool,
}

/// Collateral on its way to be sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sale {
    pub(crate) asset: Asset,
    pub(crate) amount: Amount,
}

/// The last offer of collateral, which found no buyer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Unsold {
    pub(crate) asset: Asset,
    pub(crate) at: Timestamp,
    /// Its price then, if a recent one was known.
    pub(crate) price: Option<Amount>,
    /// How many offers in a row found none.
    pub(crate) offers: u32,
}

/// State of a loan from payout to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    pub(crate) maturity: Date,
    /// What is owed now. Interest is in it as it falls due day by day.
    pub(crate) owed: Parts,
    pub(crate) repaid: Parts,
    /// Instalments to come.
    pub(crate) future: VecDeque<Instalment>,
    /// Instalments due and not fully paid, the oldest first.
    pub(crate) bills: VecDeque<Bill>,
    /// Interest owed that is on no bill yet.
    pub(crate) unbilled: Amount,
    pub(crate) interest: Accrual,
    pub(crate) penalty: Accrual,
    /// Interest is counted up to this day.
    pub(crate) accrued_to: Date,
    pub(crate) bucket: Bucket,
    /// Due date of the last instalment that the borrower was told falls due soon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) told_due: Option<Date>,
    /// When the time to cure a margin call ends, if there is one. It stands beyond that, until it is cured.
    pub(crate) call_until: Option<Timestamp>,
    pub(crate) sale: Option<Sale>,
    /// Until when nothing more is offered for sale, after something could not be sold.
    pub(crate) no_sale_until: Option<Timestamp>,
    /// When the clock looks after the collateral if nothing else has before: a call lapses, or what found no buyer may be
    /// offered again. None in a snapshot from before there was one: such a loan waits for the next price or day, as it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next_look: Option<Timestamp>,
    /// Who asked to give it up.
    pub(crate) write_off_by: Option<Actor>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) unsold: Option<Unsold>,
    /// The last day on which people were told that collateral cannot be sold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) told_unsold: Option<Date>,
}

impl Running {
    pub(crate) fn new(plan: &Plan, schedule: Vec<Instalment>) -> Self {
        Self {
            maturity: plan.business_days.shifted(plan.maturity),
            owed: Parts { principal: plan.principal, ..Parts::default() },
            repaid: Parts::default(),
            future: schedule.into(),
            bills: VecDeque::new(),
            unbilled: Amount::ZERO,
            interest: Accrual::default(),
            penalty: Accrual::default(),
            accrued_to: plan.start,
            bucket: Bucket::Current,
            told_due: None,
            call_until: None,
            sale: None,
            no_sale_until: None,
            next_look: None,
            write_off_by: None,
            unsold: None,
            told_unsold: None,
        }
    }

    /// What is owed now.
    pub fn owed(&self) -> Parts {
        self.owed
    }

    /// What was paid back so far.
    pub fn repaid(&self) -> Parts {
        self.repaid
    }

    /// Instalments to come.
    pub fn future(&self) -> impl Iterator<Item = &Instalment> {
        self.future.iter()
    }

    /// How late it is.
    pub fn bucket(&self) -> Bucket {
        self.bucket
    }

    /// Begins a margin call, or ends it.
    pub(crate) fn set_call(&mut self, until: Option<Timestamp>) {
        (self.call_until, self.next_look) = (until, until);
    }

    /// Nothing more is offered for sale until then, or it may be at once.
    pub(crate) fn set_rest(&mut self, until: Option<Timestamp>) {
        self.no_sale_until = until;
        self.next_look = until.or(self.next_look);
    }

    /// What was not sold may be offered from then on, if it was not to be before.
    pub(crate) fn shorten_rest(&mut self, until: Timestamp) {
        self.unsold = None;
        if self.no_sale_until.is_some_and(|before| before > until) {
            self.set_rest(Some(until));
        }
    }

    /// Nothing is to be sold any more.
    pub(crate) fn end_rest(&mut self) {
        (self.unsold, self.no_sale_until) = (None, None);
    }

    pub(crate) fn next_look(&self) -> Option<Timestamp> {
        self.next_look
    }

    /// The clock has come to the next look: another one follows only if a call lapses later. Where nothing can be done now,
    /// for want of a price, the next price does it.
    pub(crate) fn begin_look(&mut self, now: Timestamp) {
        self.next_look = self.call_until.filter(|until| *until > now);
    }

    /// Whether nothing is offered for sale now, because something could not be sold a moment ago.
    pub(crate) fn rests(&self, now: Timestamp) -> bool {
        self.no_sale_until.is_some_and(|until| now < until)
    }

    /// Days that the oldest unpaid instalment is late.
    pub(crate) fn days_late(&self, date: Date) -> u32 {
        self.bills.front().map_or(0, |bill| u32::try_from(date.days() - bill.due.days()).unwrap_or(0))
    }

    /// Lets interest and penalty run up to a day; returns what of each has fallen due. A valid product's interest can be
    /// counted for 100 years: to go on with a sum that cannot be would be wrong books.
    pub(crate) fn run_to(&mut self, terms: &Product, date: Date) -> (Amount, Amount) {
        if date <= self.accrued_to {
            return (Amount::ZERO, Amount::ZERO);
        }
        let part = terms.day_count.year_part(self.accrued_to, date);
        let late = Amount::from_units(self.bills.iter().map(|bill| bill.principal.units()).sum());
        let countable = "a valid product's interest can be counted";
        self.interest = self.interest.plus(self.owed.principal, terms.rate, part).expect(countable);
        self.penalty = self.penalty.plus(late, terms.penalty_rate, part).expect(countable);
        self.accrued_to = date;
        let unit = crate::plan::unit_of(terms.decimals);
        let (interest, penalty) = (self.interest.take(unit), self.penalty.take(unit));
        raise(&mut self.owed.interest, interest);
        raise(&mut self.unbilled, interest);
        raise(&mut self.owed.fees, penalty);
        (interest, penalty)
    }

    /// Puts the next instalment on a bill, with the interest that ran up to now.
    pub(crate) fn bill(&mut self, due: Date, principal: Amount) -> Bill {
        let billed: i128 = self.bills.iter().map(|bill| bill.principal.units()).sum();
        let left = Amount::from_units(self.owed.principal.units() - billed);
        let interest = std::mem::take(&mut self.unbilled);
        let bill = Bill { due, principal: principal.min(left), interest, fee_charged: false };
        if bill.principal > Amount::ZERO || bill.interest > Amount::ZERO {
            self.bills.push_back(bill);
        }
        bill
    }

    /// Settles as much as `amount` covers, in the order of the product. Returns what it settled.
    pub(crate) fn settle(&mut self, terms: &Product, amount: Amount) -> Parts {
        let (mut rest, mut settled) = (amount, Parts::default());
        for part in terms.waterfall {
            let paid = rest.min(*self.owed.part_mut(part));
            lower(&mut rest, paid);
            lower(self.owed.part_mut(part), paid);
            raise(self.repaid.part_mut(part), paid);
            *settled.part_mut(part) = paid;
        }
        self.settle_interest(settled.interest);
        self.settle_principal(terms, settled.principal);
        self.bills.retain(|bill| bill.principal > Amount::ZERO || bill.interest > Amount::ZERO);
        settled
    }

    fn settle_interest(&mut self, amount: Amount) {
        let mut rest = amount;
        for bill in &mut self.bills {
            let paid = rest.min(bill.interest);
            lower(&mut bill.interest, paid);
            lower(&mut rest, paid);
        }
        lower(&mut self.unbilled, rest);
    }

    fn settle_principal(&mut self, terms: &Product, amount: Amount) {
        let mut rest = amount;
        for bill in &mut self.bills {
            let paid = rest.min(bill.principal);
            lower(&mut bill.principal, paid);
            lower(&mut rest, paid);
        }
        if rest > Amount::ZERO {
            self.prepay(terms, rest);
        }
    }

    /// Principal paid before it is due.
    fn prepay(&mut self, terms: &Product, amount: Amount) {
        match terms.prepayment {
            Prepayment::ShortensTerm => self.shorten(amount),
            Prepayment::LowersInstalments => self.lower_instalments(terms),
        }
        self.restate(terms);
    }

    fn shorten(&mut self, amount: Amount) {
        let mut rest = amount;
        while let Some(last) = self.future.back_mut() {
            let taken = rest.min(last.principal);
            lower(&mut last.principal, taken);
            lower(&mut rest, taken);
            if last.principal > Amount::ZERO || rest == Amount::ZERO {
                break;
            }
            self.future.pop_back();
        }
        while self.future.len() > 1 && self.future.back().is_some_and(|i| i.principal == Amount::ZERO) {
            self.future.pop_back();
        }
    }

    fn lower_instalments(&mut self, terms: &Product) {
        let dates: Vec<DueDate> = self
            .future
            .iter()
            .map(|i| DueDate { due: i.due, interest_until: i.interest_until.max(self.accrued_to) })
            .collect();
        let interest = interest_of(terms);
        let debt = self.unbilled_debt(terms, &interest);
        // A fixed part would not be lowered by paying early; an equal one is.
        let repayment = match terms.repayment {
            Repayment::FixedPrincipal(_) => Repayment::EqualPrincipal,
            Repayment::FixedInstalments(_) => Repayment::EqualInstalments,
            same => same,
        };
        if let Some(instalments) = debt.amortise(repayment, &dates).filter(|_| !dates.is_empty()) {
            self.future = instalments.into();
        }
    }

    /// Says anew what interest the coming instalments bring if they are paid when due.
    fn restate(&mut self, terms: &Product) {
        let interest = interest_of(terms);
        let (mut from, mut outstanding, mut accrual) =
            (self.accrued_to, self.unbilled_debt(terms, &interest).principal, Accrual::default());
        for instalment in &mut self.future {
            let until = instalment.interest_until.max(from);
            let next = interest.accrue(accrual, outstanding, from, until);
            accrual = next.unwrap_or(accrual);
            instalment.interest = accrual.take(crate::plan::unit_of(terms.decimals));
            lower(&mut outstanding, instalment.principal);
            (instalment.outstanding, from) = (outstanding, until);
        }
        if let Some(next) = self.future.front_mut() {
            raise(&mut next.interest, self.unbilled);
        }
    }

    /// Principal that is on no bill, running from today.
    fn unbilled_debt<'a>(&self, terms: &Product, interest: &'a Interest) -> Debt<'a> {
        let billed: i128 = self.bills.iter().map(|bill| bill.principal.units()).sum();
        let principal = Amount::from_units(self.owed.principal.units() - billed);
        let unit = crate::plan::unit_of(terms.decimals);
        Debt { principal, start: self.accrued_to, interest, unit }
    }
}

fn interest_of(terms: &Product) -> Interest {
    Interest { rate: terms.rate, steps: Vec::new(), day_count: terms.day_count }
}

pub(crate) fn raise(amount: &mut Amount, by: Amount) {
    *amount = Amount::from_units(amount.units() + by.units());
}

pub(crate) fn lower(amount: &mut Amount, by: Amount) {
    *amount = Amount::from_units(amount.units() - by.units());
}
