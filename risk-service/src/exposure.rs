//! What the orders and positions of an account or a firm come to, in billionths of the currency.

use assay_trading_types::{Price, Qty, SCALE};
use serde::{Deserialize, Serialize};

const UNIT: i128 = SCALE as i128;

/// Most that one position counts, so that sums of many still fit 128 bits.
const VALUE_MAX: i128 = i128::MAX >> 24;

/// Sums over open orders and positions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Exposure {
    pub(crate) open_buys: i128,
    pub(crate) open_sells: i128,
    pub(crate) open_orders: u32,
    /// Positions at reference prices, short ones negative.
    pub(crate) net: i128,
    /// Their absolute values.
    pub(crate) gross: i128,
    pub(crate) day: Day,
}

/// Since 00:00 UTC.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Day {
    pub(crate) bought: i128,
    pub(crate) sold: i128,
    pub(crate) commission: i128,
    /// Value of the positions when it began, and of those that were brought in since.
    pub(crate) base: i128,
    /// D and G, refused ones too.
    pub(crate) orders: u64,
    /// Fills.
    pub(crate) trades: u64,
}

/// What an open order counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counted {
    pub(crate) notional: i128,
    pub(crate) qty: i64,
    /// 1 while it is open.
    pub(crate) orders: u32,
}

/// A change of position value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Revalued {
    pub(crate) net: i128,
    pub(crate) gross: i128,
}

impl Exposure {
    /// An order counts `now` instead of `before`.
    pub(crate) fn count(&mut self, is_buy: bool, before: Counted, now: Counted) {
        let side = if is_buy { &mut self.open_buys } else { &mut self.open_sells };
        *side += now.notional - before.notional;
        assert!(*side >= 0, "open orders never count less than nothing");
        self.open_orders = self.open_orders + now.orders - before.orders;
    }

    /// A position is worth something else, by a trade or by its price.
    pub(crate) fn revalue(&mut self, change: Revalued) {
        self.net += change.net;
        self.gross += change.gross;
    }

    /// A fill of the day.
    pub(crate) fn trade(&mut self, is_buy: bool, notional: i128, commission: i128) {
        let side = if is_buy { &mut self.day.bought } else { &mut self.day.sold };
        *side = side.saturating_add(notional);
        self.day.commission += commission;
        self.day.trades += 1;
    }

    /// A fill is undone or priced anew: what was bought or sold changes by `notional`, `commission` is given back.
    pub(crate) fn amend_trade(&mut self, is_buy: bool, notional: i128, commission: i128) {
        let side = if is_buy { &mut self.day.bought } else { &mut self.day.sold };
        *side = side.saturating_add(notional);
        self.day.commission -= commission;
    }

    /// The day ends, another begins.
    pub(crate) fn begin_day(&mut self) {
        self.day = Day { base: self.net, ..Day::default() };
    }

    /// Open orders.
    pub(crate) fn working(&self) -> i128 {
        self.open_buys + self.open_sells
    }

    /// Open orders and absolute positions.
    pub(crate) fn gross_with_orders(&self) -> i128 {
        self.working() + self.gross
    }

    /// Positions once the open orders of a side are filled; positive in the direction of the side.
    pub(crate) fn net_on(&self, is_buy: bool) -> i128 {
        if is_buy { self.net + self.open_buys } else { self.open_sells - self.net }
    }

    /// Loss of the day, negative for a profit.
    pub(crate) fn loss(&self) -> i128 {
        let day = &self.day;
        day.bought - day.sold + day.commission + day.base - self.net
    }

    /// Most that the day can leave to be paid or delivered with `added` more on a side.
    pub(crate) fn credit(&self, is_buy: bool, added: i128) -> i128 {
        let bought = self.day.bought - self.day.sold;
        if is_buy {
            self.open_buys + added + bought.max(0)
        } else {
            self.open_sells + added + (-bought).max(0)
        }
    }
}

/// The value of a position of `qty` billionths, negative for a short one.
pub(crate) fn value(qty: i128, price: Option<Price>) -> i128 {
    // A position without a price counts nothing: orders in it are refused.
    let Some(price) = price else { return 0 };
    if let Ok(qty) = i64::try_from(qty) {
        return price.notional(Qty::from_units(qty)).units();
    }
    let value = qty.checked_mul(i128::from(price.units())).map(|v| v / UNIT);
    value.unwrap_or(if qty < 0 { -VALUE_MAX } else { VALUE_MAX }).clamp(-VALUE_MAX, VALUE_MAX)
}

impl Revalued {
    /// From a position's value before and after.
    pub(crate) fn between(before: i128, after: i128) -> Self {
        Self { net: after - before, gross: after.abs() - before.abs() }
    }
}
