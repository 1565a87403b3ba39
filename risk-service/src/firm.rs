//! A firm: its accounts, limits, exposure and switches.

use assay_trading_types::{
    AccountId, Amount, Commission, LimitsSet, Price, Qty, SelfTrade, Symbol, Timestamp,
};
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
    /// Times of the orders in the last second, no more than the limit.
    recent: VecDeque<Timestamp>,
    /// Sum over open orders of price times LeavesQty, in billionths.
    pub(crate) open_notional: i128,
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

    /// Counts an order at `at`; false when that is one too many for the sliding second, and then it is not counted.
    pub(crate) fn takes_order(&mut self, at: Timestamp) -> bool {
        let Some(max) = self.limits.as_ref().and_then(|l| l.orders_per_s_max) else { return true };
        while self.recent.front().is_some_and(|t| at.since_ns(*t) >= RATE_WINDOW_NS) {
            self.recent.pop_front();
        }
        if self.recent.len() >= max as usize {
            return false;
        }
        self.recent.push_back(at);
        true
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

    /// Commission due on `qty` traded for `notional` in all of an order's fills: at least the minimum, once anything is due.
    pub(crate) fn commission(&self, qty: Qty, notional: Amount) -> Amount {
        if qty.units() == 0 || self.commission == Commission::default() {
            return Amount::ZERO;
        }
        let shares = self.commission.per_share.checked_mul_ratio(i128::from(qty.units()), UNIT);
        let value = notional.checked_mul_ratio(self.commission.basis_points.units(), BASIS * UNIT);
        let sum = shares
            .zip(value)
            .and_then(|(s, v)| s.checked_add(v))
            .unwrap_or(Amount::from_units(i128::MAX / 4));
        sum.max(self.commission.minimum)
    }
}

const UNIT: i128 = assay_trading_types::SCALE as i128;

/// Basis points in one.
const BASIS: i128 = 10_000;

fn value(position: i128, price: Option<Price>) -> i128 {
    // A position without a price counts nothing: orders in it are refused where a price is needed.
    price.map_or(0, |p| (position.abs() / UNIT).saturating_mul(i128::from(p.units())))
}
