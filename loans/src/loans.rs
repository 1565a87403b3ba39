//! All loans of a partition, and the commands that change them.

use crate::collateral::{Sold, suffices};
use crate::event::{Application, Asked, Command, LoanEvent};
use crate::kept::Kept;
use crate::loan::Loan;
use crate::prices::{Prices, Said, times};
use crate::products::Products;
use crate::steps::{
    approve, cancel, check_amount, disburse, lock, pledge, propose_write_off, reject, release, repay,
    schedule, take_sale, write_off,
};
use crate::turns::Turns;
use assay_trading_types::loan_terms::{Instalment, Product};
use assay_trading_types::{
    AccountId, Amount, Asset, Date, FirmId, LoanFact, LoanId, LoanProduct, LoanProductId, LoanRefusal,
    LoanSigned, Timestamp,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Loans that one client may have applied for or running.
pub const LOANS_MAX: usize = 3;

/// Loans that are over and still known here, the newest; older ones stand in the log.
const OVER_MAX: usize = 10_000;

/// What the core asks of the books: how much of an asset an account can spend.
pub trait Funds {
    /// Balance less holds of the client's account.
    fn available(&self, account: &AccountId, asset: Asset) -> Amount;
}

/// Products, loans and prices. Postings of its events must be applied to the books in the step that applied the command.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loans {
    products: Products,
    pub(crate) loans: Kept,
    /// Loans of a client that count towards what one may have.
    by_borrower: BTreeMap<FirmId, BTreeSet<LoanId>>,
    /// Running loans by asset that secures them.
    pub(crate) by_collateral: BTreeMap<Asset, BTreeSet<LoanId>>,
    /// Loans that are over, the oldest first.
    over: VecDeque<LoanId>,
    prices: Prices,
    pub(crate) turns: Turns,
    /// Whether there is a loan yet that waits for markets to open.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    paced: bool,
}

impl Loans {
    /// No products, no loans.
    pub fn new() -> Self {
        Self::default()
    }

    /// Products that are offered.
    pub fn products(&self) -> impl Iterator<Item = (LoanProductId, &Product)> {
        self.products.active()
    }

    /// A product as it stands, offered or not.
    pub fn product(&self, id: LoanProductId) -> Option<LoanProduct> {
        self.products.state(id)
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
        product: LoanProductId,
        amount: Amount,
        start: Date,
    ) -> Result<Vec<Instalment>, LoanRefusal> {
        quote(self.products.offered(product)?, amount, start)
    }

    /// What pledges count for, and what they must count for, in the product's currency.
    ///
    /// # Errors
    /// No such product, or an asset of them is not accepted or has no recent price.
    pub fn collateral(
        &self,
        product: LoanProductId,
        amount: Amount,
        pledges: &BTreeMap<Asset, Amount>,
        now: Timestamp,
    ) -> Result<(Amount, Amount), LoanRefusal> {
        let terms = self.products.offered(product)?;
        let value = self.prices.value(pledges, terms, now)?;
        Ok((value, collateral_needed(terms, amount)?))
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
    ) -> Result<Vec<LoanEvent>, LoanRefusal> {
        let of_product = |done: Result<(), LoanRefusal>| done.map(|()| Vec::new());
        match command {
            Command::ProposeProduct { id, product } => of_product(self.products.propose(*id, product, asked)),
            Command::ApproveProduct { id, version } => {
                of_product(self.products.approve(*id, *version, asked))
            }
            Command::DeclineProduct { id, version, reason } => {
                of_product(self.products.decline(*id, *version, reason, asked))
            }
            Command::WithdrawProduct { id, version } => {
                of_product(self.products.withdraw(*id, *version, asked))
            }
            Command::RetireProduct { id } => of_product(self.products.retire(*id)),
            Command::Apply(application) => self.apply_for(application, asked, funds),
            Command::SetPrice { asset, currency, price, lot, max_age_ns } => {
                let (asset, currency, price, lot) = (*asset, *currency, *price, *lot);
                let said = Said { asset, currency, price, lot, max_age_ns: *max_age_ns };
                Ok(self.set_price(said, asked.now))
            }
            Command::SetMarket { asset, currency, open } => {
                Ok(self.set_market(*asset, *currency, *open, asked.now))
            }
            Command::StartDay { date } => self.start_day(*date, asked.now),
            Command::GoOn => Ok(self.go_on(asked.now)),
            Command::Cancel { loan } => self.change(*loan, |l, _, out| cancel(l, asked, out)),
            Command::Approve { loan } => self.change(*loan, |l, _, out| approve(l, asked, out)),
            Command::Reject { loan, reason } => self.change(*loan, |l, _, out| reject(l, reason, asked, out)),
            Command::Disburse { loan } => {
                self.change(*loan, |l, prices, out| disburse(l, asked, prices, out))
            }
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
            Command::ProposeWriteOff { loan, reason } => {
                self.change(*loan, |l, _, out| propose_write_off(l, reason, asked, out))
            }
            Command::WriteOff { loan } => self.change(*loan, |l, _, out| write_off(l, asked, out)),
        }
    }

    /// Changes a copy of a loan and, if nothing was against it, puts it in place.
    fn change(
        &mut self,
        id: LoanId,
        change: impl FnOnce(&mut Loan, &Prices, &mut Vec<LoanEvent>) -> Result<(), LoanRefusal>,
    ) -> Result<Vec<LoanEvent>, LoanRefusal> {
        let mut loan = self.loans.get(&id).ok_or(LoanRefusal::LoanNotFound)?.clone();
        let mut out = Vec::new();
        change(&mut loan, &self.prices, &mut out)?;
        // Decided: nothing below fails.
        self.keep(loan, &out);
        Ok(out)
    }

    /// As [`Loans::change`], for what is never refused.
    pub(crate) fn look_at(
        &mut self,
        id: LoanId,
        out: &mut Vec<LoanEvent>,
        change: impl FnOnce(&mut Loan, &Prices, &mut Vec<LoanEvent>),
    ) {
        let Some(mut loan) = self.loans.remove(&id) else { return };
        let before = out.len();
        change(&mut loan, &self.prices, out);
        self.keep(loan, &out[before..]);
    }

    /// Puts a loan in place as it is now, with what happened to it, and keeps the indices true.
    fn keep(&mut self, mut loan: Loan, events: &[LoanEvent]) {
        loan.version += u64::from(!events.is_empty());
        self.count(&loan);
        self.index_collateral(&loan);
        if loan.is_over() && !events.is_empty() {
            self.over.push_back(loan.id);
        }
        self.loans.insert(loan);
        if self.over.len() > OVER_MAX
            && let Some(oldest) = self.over.pop_front()
        {
            self.loans.remove(&oldest);
        }
    }

    fn count(&mut self, loan: &Loan) {
        let of = self.by_borrower.entry(loan.borrower).or_default();
        if loan.counts() {
            of.insert(loan.id);
        } else {
            of.remove(&loan.id);
        }
        if of.is_empty() {
            self.by_borrower.remove(&loan.borrower);
        }
    }

    fn index_collateral(&mut self, loan: &Loan) {
        let running = loan.running().is_some();
        for rule in &loan.terms.collateral {
            let of = self.by_collateral.entry(rule.asset).or_default();
            if running && loan.pledges.contains_key(&rule.asset) {
                of.insert(loan.id);
            } else {
                of.remove(&loan.id);
            }
        }
    }

    fn apply_for(
        &mut self,
        application: &Application,
        asked: Asked,
        funds: &impl Funds,
    ) -> Result<Vec<LoanEvent>, LoanRefusal> {
        let Application { loan: id, product, amount, .. } = *application;
        let borrower = asked.client.ok_or(LoanRefusal::NotTheBorrower)?;
        let terms = self.products.offered(product)?.clone();
        if self.loans.contains_key(&id) {
            return Err(LoanRefusal::LoanExists);
        }
        if !application.verified {
            return Err(LoanRefusal::NotVerified);
        }
        check_amount(&terms, amount)?;
        if self.by_borrower.get(&borrower).is_some_and(|loans| loans.len() >= LOANS_MAX) {
            return Err(LoanRefusal::TooManyLoans);
        }
        self.check_collateral(application, &terms, asked.now, funds)?;
        schedule(&terms, amount, Date::of(asked.now))?;
        // Decided: nothing below fails.
        let applied = LoanSigned { by: asked.by, at: asked.now };
        let mut loan = Loan::new(application, terms, borrower, applied);
        self.paced |= loan.is_paced();
        let mut out = vec![loan.event(asked.now, LoanFact::Applied { amount }, Vec::new())];
        for (asset, amount) in &application.pledges {
            lock(&mut loan, (*asset, *amount), asked.now, &mut out);
        }
        self.keep(loan, &out);
        Ok(out)
    }

    fn check_collateral(
        &self,
        application: &Application,
        terms: &Product,
        now: Timestamp,
        funds: &impl Funds,
    ) -> Result<(), LoanRefusal> {
        if application.pledges.values().any(|amount| *amount <= Amount::ZERO) {
            return Err(LoanRefusal::AmountNotPositive);
        }
        let value = self.prices.value(&application.pledges, terms, now)?;
        if !suffices(value, application.amount, terms.collateral_ratio) {
            return Err(LoanRefusal::CollateralTooSmall);
        }
        let covered =
            |(asset, amount): (&Asset, &Amount)| *amount <= funds.available(&application.account, *asset);
        if application.pledges.iter().all(covered) { Ok(()) } else { Err(LoanRefusal::InsufficientFunds) }
    }

    /// Takes note of a market, and looks at what waits for it to open. Before a loan did, nothing came of that.
    fn set_market(&mut self, asset: Asset, currency: Asset, open: bool, now: Timestamp) -> Vec<LoanEvent> {
        let opens = self.prices.set_market(asset, currency, open, now);
        if !opens || !self.paced {
            return Vec::new();
        }
        self.start_round(asset);
        self.go_on(now)
    }

    /// Takes a price and looks at the loans that it concerns. A price that is none is not used: what it was before neither.
    fn set_price(&mut self, said: Said, now: Timestamp) -> Vec<LoanEvent> {
        if said.price <= Amount::ZERO {
            self.prices.forget(said.asset, said.currency);
            return Vec::new();
        }
        self.prices.set(said, now);
        self.start_round(said.asset);
        self.go_on(now)
    }
}

/// What collateral must count for to borrow `amount` on a product's terms, in its currency.
///
/// # Errors
/// More than can be counted.
pub fn collateral_needed(product: &Product, amount: Amount) -> Result<Amount, LoanRefusal> {
    times(amount, product.collateral_ratio.billionths().into())
}

/// What a loan of `amount` on a product's terms, paid out on `start`, would have to pay.
///
/// # Errors
/// The amount is out of the product's bounds, or the terms make no schedule.
pub fn quote(product: &Product, amount: Amount, start: Date) -> Result<Vec<Instalment>, LoanRefusal> {
    check_amount(product, amount)?;
    schedule(product, amount, start)
}
