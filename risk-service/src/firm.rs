//! A firm: its accounts, limits, exposure and switches.

use assay_trading_types::{AccountId, Amount, Commission, LimitsSet, Price, SelfTrade, Symbol, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

/// Window of the order rate limit.
const RATE_WINDOW_NS: i64 = 1_000_000_000;

/// State of a firm.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Firm {
    pub(crate) accounts: Vec<AccountId>,
    pub(crate) commission: Commission,
    pub(crate) self_trade: SelfTrade,
    pub(crate) limits: Option<LimitsSet>,
    /// Why the kill switch is engaged.
    pub(crate) killed: Option<String>,
    /// Times of the orders in the last second, no more than the limit and none without one.
    recent: VecDeque<Timestamp>,
    /// Sum over open orders of price times LeavesQty, in billionths.
    open_notional: i128,
    /// Net position per symbol, in billionths.
    positions: BTreeMap<Symbol, i128>,
    /// Sum over symbols of absolute position times reference price.
    position_value: i128,
}

impl Firm {
    /// Version of its limits; 0 without any.
    pub(crate) fn limits_version(&self) -> u64 {
        self.limits.as_ref().map_or(0, |l| l.version)
    }

    /// Counts an order at `at`. One too many for the sliding second is not counted: then the limit and the time until
    /// there is room again.
    pub(crate) fn take_order(&mut self, at: Timestamp) -> Result<(), (u32, i64)> {
        let Some(max) = self.limits.as_ref().and_then(|l| l.orders_per_s_max) else { return Ok(()) };
        while self.recent.front().is_some_and(|t| at.since_ns(*t) >= RATE_WINDOW_NS) {
            self.recent.pop_front();
        }
        if self.recent.len() >= max as usize {
            let oldest = self.recent.front().map_or(0, |t| at.since_ns(*t));
            return Err((max, RATE_WINDOW_NS - oldest));
        }
        self.recent.push_back(at);
        Ok(())
    }

    /// Open orders and positions together.
    pub(crate) fn gross(&self) -> Amount {
        Amount::from_units(self.open_notional.saturating_add(self.position_value))
    }

    /// A position changed by `change` billionths at reference price `price`.
    pub(crate) fn position_changed(&mut self, symbol: Symbol, change: i128, price: Option<Price>) {
        let position = self.positions.entry(symbol).or_default();
        self.position_value -= value(*position, price);
        *position += change;
        self.position_value += value(*position, price);
    }

    /// The reference price of `symbol` went from `old` to `new`.
    pub(crate) fn revalue(&mut self, symbol: Symbol, old: Option<Price>, new: Price) {
        if let Some(position) = self.positions.get(&symbol) {
            self.position_value += value(*position, Some(new)) - value(*position, old);
        }
    }

    /// The position of a symbol, when it is listed.
    pub(crate) fn set_position(&mut self, symbol: Symbol, position: i128, price: Option<Price>) {
        let old = self.positions.insert(symbol, position).unwrap_or(0);
        self.position_value += value(position, price) - value(old, price);
    }

    /// An open order counts `notional` billionths.
    pub(crate) fn count(&mut self, notional: i128) {
        self.open_notional += notional;
    }

    /// It no longer does.
    pub(crate) fn uncount(&mut self, notional: i128) {
        self.open_notional -= notional;
        assert!(self.open_notional >= 0, "open orders never count less than nothing");
    }
}

const UNIT: i128 = assay_trading_types::SCALE as i128;

/// Most that one position counts, so that sums of many still fit 128 bits.
const VALUE_MAX: i128 = i128::MAX >> 24;

fn value(position: i128, price: Option<Price>) -> i128 {
    // A position without a price counts nothing: orders in it are refused where a price is needed.
    let Some(price) = price else { return 0 };
    let value = position.abs().checked_mul(i128::from(price.units())).map(|v| v / UNIT);
    value.unwrap_or(VALUE_MAX).clamp(-VALUE_MAX, VALUE_MAX)
}
