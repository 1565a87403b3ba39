//! First, last, highest and lowest price and the volume of a trading day.

use assay_trading_types::{Amount, Price, Qty, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Which day a trade belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum TradingDay {
    /// A date of the instrument's calendar.
    Calendar(u32),
    /// Days since 1970 in UTC, for instruments without one.
    Utc(i64),
}

/// A figure and when it came to be.
pub(super) type Figure<T> = Option<(T, Timestamp)>;

/// Figures of the latest trading day that had a trade. Memory follows the prices it traded at.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Figures {
    day: Option<TradingDay>,
    pub(super) open: Figure<Price>,
    last: Figure<Price>,
    /// Last price of the day that ended last.
    pub(super) close: Figure<Price>,
    /// Quantity by price in billionths: trades may be undone. Amounts are wider than quantities, so no sum overflows.
    traded: BTreeMap<i64, Amount>,
    at: Timestamp,
}

impl Figures {
    pub(super) fn trade(&mut self, day: TradingDay, (price, qty): (Price, Qty), at: Timestamp) {
        if self.day.replace(day) != Some(day) {
            self.begin_day();
        }
        self.open.get_or_insert((price, at));
        self.last = Some((price, at));
        self.at = at;
        self.add(price, qty);
    }

    /// The market closed.
    pub(super) fn close(&mut self, at: Timestamp) {
        if let Some((price, _)) = self.last {
            self.close = Some((price, at));
        }
    }

    /// A trade of `day` at `before`, where they are known, is undone or has another price.
    pub(super) fn amend(
        &mut self,
        (day, before): (Option<TradingDay>, Option<Price>),
        (price, qty): (Option<Price>, Qty),
    ) {
        let (Some(before), true) = (before, day == self.day) else { return };
        let traded = self.traded.get(&before.units()).and_then(|all| all.checked_sub(qty.as_amount()));
        match traded.filter(|left| left.units() > 0) {
            Some(left) => _ = self.traded.insert(before.units(), left),
            None => _ = self.traded.remove(&before.units()),
        }
        if let Some(price) = price {
            self.add(price, qty);
        }
    }

    fn begin_day(&mut self) {
        self.close = self.last.or(self.close);
        (self.open, self.last) = (None, None);
        self.traded.clear();
    }

    fn add(&mut self, price: Price, qty: Qty) {
        let traded = self.traded.entry(price.units()).or_default();
        *traded = traded.checked_add(qty.as_amount()).unwrap_or(*traded);
    }

    pub(super) fn high(&self) -> Figure<Price> {
        self.traded.last_key_value().map(|(price, _)| (Price::from_units(*price), self.at))
    }

    pub(super) fn low(&self) -> Figure<Price> {
        self.traded.first_key_value().map(|(price, _)| (Price::from_units(*price), self.at))
    }

    /// TradeVolume; the most that a quantity can say when it is more.
    pub(super) fn volume(&self) -> Figure<Qty> {
        let units: i128 = self.traded.values().map(Amount::units).sum();
        let qty = Qty::from_units(i64::try_from(units).unwrap_or(i64::MAX));
        (units > 0).then_some((qty, self.at))
    }
}
