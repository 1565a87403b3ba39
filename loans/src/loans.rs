//! All loans of a partition, and the commands that change them.

use crate::collateral::{Sold, suffices};
use crate::event::{Application, Command, Fact, LoanEvent, LoanId, ProductId};
use crate::loan::{Loan, Stage};
use crate::prices::Prices;
use crate::product::Product;
use crate::schedule::Instalment;
use crate::status::LoanStatus;
use crate::steps::{
    approve, cancel, check_amount, disburse, lock, pledge, propose_write_off, recover, reject, release,
    repay, schedule, take_sale, write_off,
};
use assay_trading_types::*;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Loans that one client may have applied for or running.
pub const LOANS_MAX: usize = 3;

/// What the core asks of the books: how much of an asset an account can spend.
pub trait Funds {
    /// Balance less holds of the client's account.
    fn available(&self, account: &AccountId, asset: Asset) -> Amount;
}

/// Who asks, and when.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    /// Who.
    pub by: Actor,
    /// When.
    pub now: Timestamp,
}

/// A product and whether it is offered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Offered {
    product: Arc<Product>,
    active: bool,
}

/// A product that waits for its second person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Proposed {
    product: Product,
    by: Actor,
}

/// Products, loans and prices. Postings of its events must be applied to the books in the step that applied the command.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loans {
    products: BTreeMap<ProductId, Offered>,
    proposals: BTreeMap<ProductId, Proposed>,
    loans: BTreeMap<LoanId, Loan>,
    /// Loans of a client that count towards what one may have.
    by_borrower: BTreeMap<Actor, BTreeSet<LoanId>>,
    /// Running loans by asset that secures them.
    by_collateral: BTreeMap<Asset, BTreeSet<LoanId>>,
    prices: Prices,
    /// The last day that was begun.
    day: Option<Date>,
}

impl Loans {
    /// No products, no loans.
    pub fn new() -> Self {
        Self::default()
    }

    /// Products that are offered.
    pub fn products(&self) -> impl Iterator<Item = (ProductId, &Product)> {
        self.products.iter().filter(|(_, o)| o.active).map(|(id, o)| (*id, &*o.product))
    }

    /// A loan.
    pub fn loan(&self, id: LoanId) -> Option<&Loan> {
        self.loans.get(&id)
    }

    /// All loans, by id.
    pub fn iter(&self) -> impl Iterator<Item = &Loan> {
        self.loans.values()
    }

    /// What a loan of `amount` paid out on `start` would have to pay.
    ///
    /// # Errors
    /// No such product, the amount is out of its bounds, or the terms make no schedule.
    pub fn quote(
        &self,
        product: ProductId,
        amount: Amount,
        start: Date,
    ) -> Result<Vec<Instalment>, LoanStatus> {
        let product = self.offered(product)?;
        check_amount(product, amount)?;
        schedule(product, amount, start)
    }

    /// Applies a command: decides on a copy, then puts it in place.
    ///
    /// # Errors
    /// Why not; nothing has changed then.
    pub fn apply(
        &mut self,
        command: &Command,
        asked: Asked,
        funds: &impl Funds,
    ) -> Result<Vec<LoanEvent>, LoanStatus> {
        match command {
            Command::ProposeProduct { id, product } => self.propose(*id, product, asked),
            Command::ApproveProduct { id } => self.approve_product(*id, asked),
            Command::RetireProduct { id } => self.retire(*id, asked),
            Command::Apply(application) => self.apply_for(application, asked, funds),
            Command::SetPrice { asset, currency, price } => self.set_price(*asset, *currency, *price, asked),
            Command::StartDay { date } => self.start_day(*date, asked.now),
            Command::Cancel { loan } => self.change(*loan, |l, _, out| cancel(l, asked, out)),
            Command::Approve { loan } => self.change(*loan, |l, _, out| approve(l, asked, out)),
            Command::Reject { loan } => self.change(*loan, |l, _, out| reject(l, asked, out)),
            Command::Disburse { loan } => self.change(*loan, |l, _, out| disburse(l, asked, out)),
            Command::Repay { loan, amount } => {
                self.change(*loan, |l, prices, out| repay(l, *amount, asked, (funds, prices), out))
            }
            Command::Pledge { loan, asset, amount } => {
                self.change(*loan, |l, prices, out| pledge(l, (*asset, *amount), asked, (funds, prices), out))
            }
            Command::Release { loan, asset, amount } => {
                self.change(*loan, |l, prices, out| release(l, (*asset, *amount), asked, prices, out))
            }
            Command::Sold { loan, sold, proceeds, returned } => {
                let done = Sold { sold: *sold, proceeds: *proceeds, returned: *returned };
                self.change(*loan, |l, prices, out| take_sale(l, done, asked, prices, out))
            }
            Command::ProposeWriteOff { loan } => {
                self.change(*loan, |l, _, out| propose_write_off(l, asked, out))
            }
            Command::WriteOff { loan } => self.change(*loan, |l, _, out| write_off(l, asked, out)),
            Command::Recover { loan, amount } => {
                self.change(*loan, |l, _, out| recover(l, *amount, asked, funds, out))
            }
        }
    }

    /// Changes a copy of a loan and, if nothing was against it, puts it in place.
    fn change(
        &mut self,
        id: LoanId,
        change: impl FnOnce(&mut Loan, &Prices, &mut Vec<LoanEvent>) -> Result<(), LoanStatus>,
    ) -> Result<Vec<LoanEvent>, LoanStatus> {
        let mut loan = self.loans.get(&id).ok_or(LoanStatus::LoanNotFound)?.clone();
        let mut out = Vec::new();
        change(&mut loan, &self.prices, &mut out)?;
        // Decided: nothing below fails.
        self.index(&loan);
        self.loans.insert(id, loan);
        Ok(out)
    }

    /// Keeps the indices true to a loan that has changed.
    fn index(&mut self, loan: &Loan) {
        let of = self.by_borrower.entry(loan.borrower).or_default();
        if loan.counts() {
            of.insert(loan.id)
        } else {
            of.remove(&loan.id)
        };
        let running = loan.running().is_some();
        for rule in &loan.terms.collateral {
            let secured = running && loan.pledges.contains_key(&rule.asset);
            let of = self.by_collateral.entry(rule.asset).or_default();
            if secured {
                of.insert(loan.id)
            } else {
                of.remove(&loan.id)
            };
        }
    }

    fn offered(&self, id: ProductId) -> Result<&Arc<Product>, LoanStatus> {
        let offered = self.products.get(&id).ok_or(LoanStatus::ProductNotFound)?;
        if offered.active { Ok(&offered.product) } else { Err(LoanStatus::ProductNotActive) }
    }

    fn propose(
        &mut self,
        id: ProductId,
        product: &Product,
        asked: Asked,
    ) -> Result<Vec<LoanEvent>, LoanStatus> {
        if !product.is_valid() {
            return Err(LoanStatus::ProductInvalid);
        }
        // Decided: nothing below fails.
        let by = asked.by;
        self.proposals.insert(id, Proposed { product: product.clone(), by });
        Ok(vec![product_event(asked, Fact::ProductProposed { id, by })])
    }

    fn approve_product(&mut self, id: ProductId, asked: Asked) -> Result<Vec<LoanEvent>, LoanStatus> {
        let proposed = self.proposals.get(&id).ok_or(LoanStatus::ProductNotFound)?;
        if proposed.by == asked.by {
            return Err(LoanStatus::SamePerson);
        }
        // Decided: nothing below fails.
        let product = Arc::new(proposed.product.clone());
        self.proposals.remove(&id);
        self.products.insert(id, Offered { product, active: true });
        Ok(vec![product_event(asked, Fact::ProductApproved { id, by: asked.by })])
    }

    fn retire(&mut self, id: ProductId, asked: Asked) -> Result<Vec<LoanEvent>, LoanStatus> {
        let offered = self.products.get_mut(&id).ok_or(LoanStatus::ProductNotFound)?;
        if !offered.active {
            return Err(LoanStatus::ProductNotActive);
        }
        // Decided: nothing below fails.
        offered.active = false;
        Ok(vec![product_event(asked, Fact::ProductRetired { id, by: asked.by })])
    }

    fn apply_for(
        &mut self,
        application: &Application,
        asked: Asked,
        funds: &impl Funds,
    ) -> Result<Vec<LoanEvent>, LoanStatus> {
        let Application { loan: id, product, amount, .. } = *application;
        let terms = self.offered(product)?.clone();
        if self.loans.contains_key(&id) {
            return Err(LoanStatus::LoanExists);
        }
        if !application.verified {
            return Err(LoanStatus::NotVerified);
        }
        check_amount(&terms, amount)?;
        if self.by_borrower.get(&asked.by).is_some_and(|loans| loans.len() >= LOANS_MAX) {
            return Err(LoanStatus::TooManyLoans);
        }
        self.check_collateral(application, &terms, asked.now, funds)?;
        schedule(&terms, amount, Date::of(asked.now))?;
        let mut loan = Loan::new(application, terms, asked.by, asked.now);
        let fact = Fact::Applied { borrower: asked.by, product, amount };
        let mut out = vec![loan.event(asked.now, fact, Vec::new())];
        for (asset, amount) in &application.pledges {
            lock(&mut loan, (*asset, *amount), asked.now, &mut out);
        }
        // Decided: nothing below fails.
        self.index(&loan);
        self.loans.insert(id, loan);
        Ok(out)
    }

    fn check_collateral(
        &self,
        application: &Application,
        terms: &Product,
        now: Timestamp,
        funds: &impl Funds,
    ) -> Result<(), LoanStatus> {
        if application.pledges.values().any(|amount| *amount <= Amount::ZERO) {
            return Err(LoanStatus::AmountNotPositive);
        }
        let value = self.prices.value(&application.pledges, terms, now)?;
        if !suffices(value, application.amount, terms.collateral_ratio) {
            return Err(LoanStatus::CollateralTooSmall);
        }
        let covered =
            |(asset, amount): (&Asset, &Amount)| *amount <= funds.available(&application.account, *asset);
        if application.pledges.iter().all(covered) { Ok(()) } else { Err(LoanStatus::InsufficientFunds) }
    }

    fn set_price(
        &mut self,
        asset: Asset,
        currency: Asset,
        price: Amount,
        asked: Asked,
    ) -> Result<Vec<LoanEvent>, LoanStatus> {
        if price <= Amount::ZERO {
            return Err(LoanStatus::AmountNotPositive);
        }
        // Decided: nothing below fails.
        self.prices.set(asset, currency, price, asked.now);
        let mut out = Vec::new();
        let secured = self.by_collateral.get(&asset).cloned().unwrap_or_default();
        for id in secured {
            let Some(mut loan) = self.loans.remove(&id) else { continue };
            if loan.terms.currency == currency {
                loan.value_collateral(&self.prices, asked.now, &mut out);
                self.index(&loan);
            }
            self.loans.insert(id, loan);
        }
        Ok(out)
    }

    /// Begins a day: interest, instalments, lateness, defaults, collateral of every running loan. A day that was begun,
    /// or one before it, changes nothing; days that were left out are made up for.
    fn start_day(&mut self, date: Date, now: Timestamp) -> Result<Vec<LoanEvent>, LoanStatus> {
        if date > Date::of(now) {
            return Err(LoanStatus::DayNotBegun);
        }
        // Decided: nothing below fails.
        let mut out = Vec::new();
        if self.day.is_some_and(|day| day >= date) {
            return Ok(out);
        }
        self.day = Some(date);
        let mut changed = Vec::new();
        for loan in self.loans.values_mut().filter(|loan| loan.running().is_some()) {
            let pledges = loan.pledges.len();
            loan.advance(date, now, &mut out);
            loan.look_at_lateness(date, now, &mut out);
            match loan.stage {
                Stage::Defaulted(_) => loan.sell_next(&self.prices, now, &mut out),
                _ => loan.value_collateral(&self.prices, now, &mut out),
            }
            if loan.pledges.len() != pledges {
                changed.push(loan.id);
            }
        }
        for id in changed {
            let loan = self.loans[&id].clone();
            self.index(&loan);
        }
        Ok(out)
    }
}

fn product_event(asked: Asked, fact: Fact) -> LoanEvent {
    LoanEvent { at: asked.now, loan: None, fact, transfers: Vec::new() }
}
