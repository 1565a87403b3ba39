//! Fees by schedule: which one an order has, by its firm, its instrument and what the firm traded.
//!
//! An order keeps the rates of the moment it was accepted: what it can cost at most is held then, at the taker's rates. Volumes
//! are of whole days, which begin with the first record or tick of a day: a tier never moves within one.

use crate::commission::without_minimum;
use crate::names::FirmIx;
use crate::risk::Risk;
use assay_trading_types::*;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

/// Days that a tier looks back.
const DAYS: usize = 30;

/// Schedules by whom and what they are for.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Fees {
    schedules: BTreeMap<(Option<FirmId>, Option<Symbol>), FeeScheduleSet>,
}

/// By what an order's commission is reckoned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Scheduled {
    version: u64,
    tier: u8,
    maker: Commission,
    /// What of its fills added liquidity.
    qty: Qty,
    notional: Amount,
}

/// What a firm traded, by currency.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Volumes {
    by_currency: Vec<(Asset, Volume)>,
}

/// Notional of the day, and of the days before it, the oldest first; in billionths.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Volume {
    today: i128,
    days: VecDeque<i128>,
}

impl Risk {
    pub(crate) fn set_fee_schedule(&mut self, e: &FeeScheduleSet, by: Actor, out: &mut Outbox) {
        if e.check().is_err() {
            let subject = e.firm.as_ref().map_or("all", FirmId::as_str);
            return crate::administration::refuse_command(subject, by, CommandRefusal::NoEffect, out);
        }
        let scope = (e.firm, e.symbol);
        match e.tiers.is_empty() {
            true => self.fees.schedules.remove(&scope),
            false => self.fees.schedules.insert(scope, e.clone()),
        };
    }

    /// Rates of an order that is accepted now: the dearest, which are held, and by which schedule, if by any.
    pub(crate) fn rates(&self, firm: FirmIx, terms: &OrderTerms) -> (Commission, Option<Box<Scheduled>>) {
        let unscheduled = (self.firms[firm].commission, None);
        if self.fees.schedules.is_empty() {
            return unscheduled;
        }
        let (of, what) = (Some(terms.firm), Some(terms.symbol));
        let scopes = [(of, what), (of, None), (None, what), (None, None)];
        let Some(schedule) = scopes.iter().find_map(|scope| self.fees.schedules.get(scope)) else {
            return unscheduled;
        };
        let symbol = self.instruments.find(&terms.symbol);
        let currency = symbol.and_then(|ix| Some(self.instruments[ix].listed.as_ref()?.currency));
        let volume = currency.map_or(0, |currency| self.firms[firm].volumes.before_today(&currency));
        let reached = schedule.tiers.iter().take_while(|tier| tier.volume_min.units() <= volume).count();
        let tier = reached.saturating_sub(1);
        let FeeTier { maker, taker, .. } = schedule.tiers[tier];
        let (qty, notional) = (Qty::ZERO, Amount::ZERO);
        let scheduled = Scheduled { version: schedule.version, tier: tier as u8, maker, qty, notional };
        (taker, Some(Box::new(scheduled)))
    }
}

impl Scheduled {
    /// A fill that added liquidity, or what is taken back of one.
    pub(crate) fn note(&mut self, liquidity: Liquidity, qty: i64, notional: i128) {
        if liquidity == Liquidity::Added {
            self.qty = Qty::from_units((self.qty.units() + qty).max(0));
            self.notional = Amount::from_units((self.notional.units() + notional).max(0));
        }
    }

    /// What its fills as maker cost less than as taker.
    pub(crate) fn saved(&self, taker: &Commission) -> Amount {
        let of = |rates: &Commission| without_minimum(rates, self.qty, self.notional).units();
        Amount::from_units((of(taker) - of(&self.maker)).max(0))
    }

    /// As postings name it.
    pub(crate) fn applied(&self, liquidity: Liquidity) -> FeesApplied {
        FeesApplied { schedule: self.version, tier: self.tier, liquidity }
    }
}

impl Volumes {
    /// A trade, or a negative one that was undone on its day.
    pub(crate) fn note(&mut self, currency: Asset, notional: i128) {
        let known = self.by_currency.iter().position(|(asset, _)| *asset == currency);
        let at = known.unwrap_or_else(|| {
            self.by_currency.push((currency, Volume::default()));
            self.by_currency.len() - 1
        });
        let today = &mut self.by_currency[at].1.today;
        *today = today.saturating_add(notional).max(0);
    }

    /// Days have passed since it was last called.
    pub(crate) fn begin_day(&mut self, passed: i64) {
        let empty = (passed - 1).clamp(0, DAYS as i64) as usize;
        for (_, volume) in &mut self.by_currency {
            let today = std::mem::take(&mut volume.today);
            volume.days.extend(std::iter::once(today).chain(std::iter::repeat_n(0, empty)));
            let beyond = volume.days.len().saturating_sub(DAYS);
            volume.days.drain(..beyond);
        }
    }

    fn before_today(&self, currency: &Asset) -> i128 {
        let known = self.by_currency.iter().find(|(asset, _)| asset == currency);
        known.map_or(0, |(_, volume)| volume.days.iter().fold(0, |sum: i128, day| sum.saturating_add(*day)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thirty_days_before_today_count_and_no_other() {
        let usd: Asset = "USD".parse().unwrap();
        let mut volumes = Volumes::default();
        volumes.note(usd, 100);
        assert_eq!(volumes.before_today(&usd), 0, "today does not count yet");
        volumes.begin_day(1);
        volumes.note(usd, 7);
        assert_eq!(volumes.before_today(&usd), 100);
        volumes.begin_day(29);
        assert_eq!(volumes.before_today(&usd), 107, "the thirtieth day after the first");
        volumes.begin_day(1);
        assert_eq!(volumes.before_today(&usd), 7);
        volumes.begin_day(20_000);
        assert_eq!(volumes.before_today(&usd), 0, "after a long stop");
        assert_eq!(volumes.by_currency[0].1.days.len(), DAYS);
        volumes.note(usd, 5);
        volumes.note(usd, -9);
        volumes.begin_day(1);
        assert_eq!(volumes.before_today(&usd), 0, "no less than nothing");
    }
}
