//! Collateral under a running loan: margin calls, cures, and what is sold.
//!
//! ```text
//! value / debt   >= collateral ratio   may be released down to it
//!                <  margin ratio       call; cured in time, or else
//!                <  liquidation ratio  sale at once of what brings it back to the collateral ratio
//! default        sale of what covers the debt, one asset after the other
//! ```

use crate::event::LoanEvent;
use crate::loan::{Book, Loan, Stage};
use crate::payments::Offer;
use crate::plan::RATE_ONE;
use crate::prices::{Prices, times};
use crate::running::{Running, Sale, Unsold, lower};
use assay_trading_types::loan_terms::Rate;
use assay_trading_types::{
    Amount, Asset, Date, DefaultCause, LoanFact, LoanRefusal, SCALE, Timestamp, TransferReason, UnsoldCause,
};

/// Nanoseconds in a second.
const NS_PER_S: i64 = 1_000_000_000;

/// Pause after something could not be sold: a market without buyers has none a second later either, and every try leaves
/// records.
const SALE_PAUSE_NS: i64 = 60 * NS_PER_S;

/// It doubles with every offer that finds no buyer, up to an hour: who comes back to a market comes back within one.
const SALE_PAUSE_MAX_NS: i64 = 60 * SALE_PAUSE_NS;

/// Doublings after which it is the longest.
const DOUBLINGS_MAX: u32 = 6;

/// What came of a sale.
#[derive(Clone, Copy)]
pub(crate) struct Sold {
    pub(crate) sold: Amount,
    pub(crate) proceeds: Amount,
    pub(crate) returned: Amount,
}

impl Loan {
    /// The instant has come at which a call lapses, or collateral may be offered again.
    pub(crate) fn look_when_due(&mut self, prices: &Prices, now: Timestamp, out: &mut Vec<LoanEvent>) {
        if let Some(running) = self.running_mut() {
            running.begin_look(now);
        }
        self.look_after_collateral(prices, now, out);
    }

    /// What a price, a day or a lapse means for the collateral: in default it is offered as long as there is some.
    pub(crate) fn look_after_collateral(
        &mut self,
        prices: &Prices,
        now: Timestamp,
        out: &mut Vec<LoanEvent>,
    ) {
        self.hear_of_market(prices, now);
        match self.stage {
            Stage::Defaulted(_) => self.sell_next(prices, now, out),
            _ => self.value_collateral(prices, now, out),
        }
    }

    /// Values the collateral of an active loan and does what follows. Without a usable price nothing follows: nobody is
    /// called upon by a price that is not known.
    pub(crate) fn value_collateral(&mut self, prices: &Prices, now: Timestamp, out: &mut Vec<LoanEvent>) {
        let Stage::Active(running) = &self.stage else { return };
        let owed = running.owed.total();
        let lapsed = running.call_until.is_some_and(|until| until <= now);
        let called = running.call_until.is_some();
        let nothing_to_do = running.sale.is_some() || owed == Amount::ZERO;
        let Ok(value) = prices.value(&self.pledges, &self.terms, now) else {
            if lapsed && !nothing_to_do {
                self.tell_unpriced(prices, now, out);
            }
            return;
        };
        let suffices_again = suffices(value, owed, self.terms.margin_ratio);
        // A rest spares the market: a borrower who has put things right does not wait for its end.
        let rests = running.rests(now) && !(self.is_paced() && called && suffices_again);
        if nothing_to_do || rests {
            return;
        }
        if suffices_again {
            if called {
                self.set_call(None);
                self.end_rest();
                out.push(self.event(now, LoanFact::MarginCallCured { value, owed }, Vec::new()));
            }
        } else if lapsed || !suffices(value, owed, self.terms.liquidation_ratio) {
            // The call stands until it is cured: a sale that finds no buyer gives the borrower no time anew.
            self.sell_next(prices, now, out);
        } else if !called {
            let until = now.plus_ns(i64::from(self.terms.cure_s) * NS_PER_S);
            self.set_call(Some(until));
            out.push(self.event(now, LoanFact::MarginCalled { value, owed, until }, Vec::new()));
        }
    }

    /// Asks for the sale of the next asset, or says that there is none.
    pub(crate) fn sell_next(&mut self, prices: &Prices, now: Timestamp, out: &mut Vec<LoanEvent>) {
        let nothing_to_do = |r: &Running| r.sale.is_some() || r.rests(now) || r.owed.total() == Amount::ZERO;
        if self.running().is_none_or(nothing_to_do) {
            return;
        }
        let Some((asset, waits)) = self.next_to_sell(prices) else {
            if matches!(self.stage, Stage::Active(_)) {
                self.default(DefaultCause::CollateralExhausted, now, out);
            }
            return;
        };
        if waits {
            self.wait_for_market(asset, now, out);
            return;
        }
        let amount = self.amount_to_sell(asset, prices, now);
        self.move_pledge(asset, amount);
        if let Some(running) = self.running_mut() {
            running.sale = Some(Sale { asset, amount });
        }
        let books = (Book::Collateral, Book::Desk);
        let transfers = self.post_asset(books.0, books.1, (asset, amount), TransferReason::LoanCollateral);
        out.push(self.event(now, LoanFact::LiquidationRequested { asset, amount }, transfers));
    }

    /// The asset that is sold next, and whether it waits for its market: in the product's order, but what trades now before
    /// what does not, and what found no buyer last after the others.
    fn next_to_sell(&self, prices: &Prices) -> Option<(Asset, bool)> {
        let waits = |asset: Asset| self.is_paced() && prices.is_shut(asset, &self.terms);
        let rules = self.terms.collateral.iter().filter(|rule| self.pledges.contains_key(&rule.asset));
        let unsold = self.running().and_then(|running| running.unsold).map(|unsold| unsold.asset);
        let candidates = rules.map(|rule| (rule.asset, waits(rule.asset)));
        candidates.min_by_key(|(asset, waits)| (*waits, unsold == Some(*asset)))
    }

    /// Takes what came of a sale: the debt first, the rest is the borrower's.
    pub(crate) fn take_sale(
        &mut self,
        sale: Sale,
        done: Sold,
        prices: &Prices,
        now: Timestamp,
        out: &mut Vec<LoanEvent>,
    ) {
        let Sold { sold, proceeds, returned } = done;
        // What the currency cannot say is the borrower's.
        let unit = crate::plan::unit_of(self.terms.decimals);
        let amount = Amount::from_units(proceeds.units() / unit * unit);
        let offer = Offer { from: Book::Desk, amount };
        let taken = if amount > Amount::ZERO { self.pay(offer, now, out) } else { Amount::ZERO };
        let surplus = Amount::from_units(proceeds.units() - taken.units());
        let mut transfers = self.post(Book::Desk, Book::Client, surplus, TransferReason::LoanCollateral);
        let back = (sale.asset, returned);
        transfers.extend(self.post_asset(Book::Desk, Book::Collateral, back, TransferReason::LoanCollateral));
        self.move_pledge(sale.asset, Amount::from_units(-returned.units()));
        let left = Amount::from_units(sale.amount.units() - sold.units() - returned.units());
        let is_unsold = self.is_paced() && sold == Amount::ZERO && returned > Amount::ZERO;
        let price = prices.price(sale.asset, &self.terms, now).ok();
        if let Some(running) = self.running_mut() {
            running.sale = (left > Amount::ZERO).then_some(Sale { amount: left, ..sale });
            let before = running.unsold.filter(|unsold| unsold.asset == sale.asset);
            let offers = before.map_or(0, |unsold| unsold.offers).saturating_add(1);
            running.unsold = is_unsold.then_some(Unsold { asset: sale.asset, at: now, price, offers });
            let pause_ns = running.unsold.map_or(SALE_PAUSE_NS, |unsold| pause_ns(unsold.offers));
            running.set_rest((returned > Amount::ZERO).then(|| now.plus_ns(pause_ns)));
        }
        let fact = LoanFact::CollateralSold { asset: sale.asset, sold, proceeds, taken, returned };
        out.push(self.event(now, fact, transfers));
        if is_unsold {
            let cause = if price.is_some() { UnsoldCause::NoBuyer } else { UnsoldCause::NoPrice };
            self.tell_unsold(sale.asset, cause, now, out);
        }
    }

    /// A price that has moved, or a market that has opened, may bring a buyer for what found none: it is offered again as
    /// soon as it would have been the first time.
    fn hear_of_market(&mut self, prices: &Prices, now: Timestamp) {
        let Some(unsold) = self.running().and_then(|running| running.unsold) else { return };
        let price = prices.price(unsold.asset, &self.terms, now).ok();
        let moved = price.is_some() && price != unsold.price;
        let opened = prices.opened_after(unsold.asset, &self.terms, unsold.at);
        if let Some(running) = self.running_mut().filter(|_| moved || opened) {
            running.shorten_rest(unsold.at.plus_ns(SALE_PAUSE_NS));
        }
    }

    /// A market that is shut would refuse every offer, and each leaves records: it is looked at again without any.
    fn wait_for_market(&mut self, asset: Asset, now: Timestamp, out: &mut Vec<LoanEvent>) {
        if let Some(running) = self.running_mut() {
            running.set_rest(Some(now.plus_ns(SALE_PAUSE_NS)));
        }
        self.tell_unsold(asset, UnsoldCause::MarketShut, now, out);
    }

    /// A call has lapsed, and an asset of the collateral has no recent price.
    fn tell_unpriced(&mut self, prices: &Prices, now: Timestamp, out: &mut Vec<LoanEvent>) {
        let unpriced = |asset: &&Asset| prices.price(**asset, &self.terms, now).is_err();
        if let Some(asset) = self.pledges.keys().find(unpriced).copied() {
            self.tell_unsold(asset, UnsoldCause::NoPrice, now, out);
        }
    }

    /// Says that collateral is to be sold and cannot be, once a day.
    fn tell_unsold(&mut self, asset: Asset, cause: UnsoldCause, now: Timestamp, out: &mut Vec<LoanEvent>) {
        let (paced, today) = (self.is_paced(), Some(Date::of(now)));
        let untold = |running: &&mut Running| paced && running.told_unsold < today;
        let Some(running) = self.running_mut().filter(untold) else { return };
        running.told_unsold = today;
        out.push(self.event(now, LoanFact::CollateralUnsold { asset, cause }, Vec::new()));
    }

    /// Whether the collateral would still reach `ratio` of the debt without `amount` of `asset`.
    pub(crate) fn check_release(
        &self,
        (asset, amount): (Asset, Amount),
        prices: &Prices,
        now: Timestamp,
    ) -> Result<(), LoanRefusal> {
        let mut left = self.pledges.clone();
        let pledged = left.get_mut(&asset).filter(|pledged| **pledged >= amount);
        lower(pledged.ok_or(LoanRefusal::InsufficientFunds)?, amount);
        let owed = self.running().map_or(self.amount, |running| running.owed.total());
        let value = prices.value(&left, &self.terms, now)?;
        if suffices(value, owed, self.terms.collateral_ratio) {
            Ok(())
        } else {
            Err(LoanRefusal::CollateralTooSmall)
        }
    }

    /// Takes from a pledge, or adds to it if the amount is negative.
    pub(crate) fn move_pledge(&mut self, asset: Asset, amount: Amount) {
        let pledged = self.pledges.entry(asset).or_default();
        lower(pledged, amount);
        if *pledged == Amount::ZERO {
            self.pledges.remove(&asset);
        }
    }

    fn set_call(&mut self, until: Option<Timestamp>) {
        if let Some(running) = self.running_mut() {
            running.set_call(until);
        }
    }

    fn end_rest(&mut self) {
        let paced = self.is_paced();
        if let Some(running) = self.running_mut().filter(|_| paced) {
            running.end_rest();
        }
    }

    /// How much of an asset is to be sold, in whole lots: what covers the debt in default, else what brings the collateral
    /// back to its ratio, all there is if that is not enough or cannot be said without a price.
    fn amount_to_sell(&self, asset: Asset, prices: &Prices, now: Timestamp) -> Amount {
        let pledged = self.pledges.get(&asset).copied().unwrap_or_default();
        let needed = self.needed_sale(asset, prices, now).unwrap_or(pledged);
        prices.in_lots(asset, needed.max(Amount::from_units(1)), &self.terms).min(pledged)
    }

    /// Units of the asset to sell at its price `p` and haircut `h`. Selling `q` lowers the debt D by `p q` and the value
    /// V by `p q (1 - h)`; V and D are then at ratio R if `p q = (R D - V) / (R - (1 - h))`. Rounded up.
    fn needed_sale(&self, asset: Asset, prices: &Prices, now: Timestamp) -> Option<Amount> {
        let running = self.running()?;
        let (owed, terms) = (running.owed.total(), &self.terms);
        let price = prices.price(asset, terms, now).ok()?;
        let worth = if matches!(self.stage, Stage::Defaulted(_)) {
            owed
        } else {
            let value = prices.value(&self.pledges, terms, now).ok()?;
            let ratio = i128::from(terms.collateral_ratio.billionths());
            let counted = RATE_ONE - i128::from(terms.rule(asset)?.haircut.billionths());
            let short = times(owed, ratio).ok()?.units() - value.units();
            Amount::from_units(divide_up(short.checked_mul(RATE_ONE)?, ratio - counted)?)
        };
        let units = divide_up(worth.units().checked_mul(i128::from(SCALE))?, price.units())?;
        Some(Amount::from_units(units))
    }
}

/// How long nothing is offered after so many offers in a row that found no buyer: 1, 2, 4 ... 60 minutes.
fn pause_ns(offers: u32) -> i64 {
    let doublings = offers.saturating_sub(1).min(DOUBLINGS_MAX);
    (SALE_PAUSE_NS << doublings).min(SALE_PAUSE_MAX_NS)
}

/// Whether collateral of `value` reaches `ratio` of the debt.
pub(crate) fn suffices(value: Amount, owed: Amount, ratio: Rate) -> bool {
    needed(owed, ratio).is_some_and(|needed| value >= needed)
}

/// The least value that reaches `ratio` of the debt: rounded up, so that a fraction of the smallest amount does not count as
/// reached.
pub(crate) fn needed(owed: Amount, ratio: Rate) -> Option<Amount> {
    let needed = owed.units().checked_mul(i128::from(ratio.billionths()))?;
    divide_up(needed, RATE_ONE).map(Amount::from_units)
}

/// Quotient rounded up; nothing for a divisor that is not positive.
pub(crate) fn divide_up(numerator: i128, divisor: i128) -> Option<i128> {
    (divisor > 0).then(|| numerator.div_euclid(divisor) + i128::from(numerator.rem_euclid(divisor) > 0))
}
