//! `limits = { ... }` of a firm or of one of its accounts.

use super::maybe_qty;
use assay_trading_types::{Amount, Qty};
use serde::Deserialize;

/// Pre-trade limits; what is left out is not limited. Amounts are in the instruments' currency.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Limits {
    /// Largest OrderQty.
    #[serde(deserialize_with = "maybe_qty")]
    pub(crate) order_qty: Option<Qty>,
    /// Largest price times quantity.
    pub(crate) order_notional: Option<Amount>,
    /// Largest share of the average daily volume, in basis points.
    pub(crate) order_adv_bp: Option<u32>,
    /// Largest sum of open orders and absolute positions.
    pub(crate) gross_notional: Option<Amount>,
    /// Largest value of positions once one side's open orders are filled.
    pub(crate) net_notional: Option<Amount>,
    /// Largest notional of open orders.
    pub(crate) working_notional: Option<Amount>,
    /// Most open orders.
    pub(crate) open_orders: Option<u32>,
    /// Largest position of an account in one instrument.
    #[serde(deserialize_with = "maybe_qty")]
    pub(crate) position_qty: Option<Qty>,
    /// Its largest value.
    pub(crate) position_notional: Option<Amount>,
    /// Largest loss of a day.
    pub(crate) daily_loss: Option<Amount>,
    /// Most that a day can leave to be paid or delivered.
    pub(crate) credit: Option<Amount>,
    /// Share of a limit from which on a warning is raised.
    pub(crate) warning_percent: Option<u32>,
    /// Orders in any sliding second.
    pub(crate) orders_per_s: Option<u32>,
    /// Most orders for each trade of a day.
    pub(crate) order_trade_ratio: Option<u32>,
    /// Largest distance of a limit price from the reference price, in basis points.
    pub(crate) price_collar_bp: Option<u32>,
    /// The same distance in ticks.
    pub(crate) price_collar_ticks: Option<u32>,
    /// How far from the reference a market order may trade, in basis points.
    pub(crate) market_protection_bp: Option<u32>,
    /// How long the same order is refused again.
    pub(crate) duplicate_window_ms: Option<u32>,
    /// Most fills of an account in one instrument within the window below.
    pub(crate) repeated_executions: Option<u32>,
    /// That window.
    pub(crate) repeated_execution_window_ms: Option<u32>,
    /// How much stays held for short sales, in percent of what they brought.
    pub(crate) short_margin_percent: Option<u32>,
}

impl Limits {
    /// What risk would not take from people either.
    pub(super) fn fault(&self) -> Option<String> {
        let percentages = [
            ("warning_percent", self.warning_percent, 1..=100, "of a limit"),
            ("short_margin_percent", self.short_margin_percent, 100..=1_000, "of what a short sale brought"),
        ];
        let outside = percentages.into_iter().find_map(|(key, given, range, of)| {
            let given = given.filter(|percent| !range.contains(percent))?;
            let (least, most) = (range.start(), range.end());
            Some(format!("{key} = {given} is not from {least} to {most} percent {of}"))
        });
        outside.or_else(|| {
            let key = self.not_above_zero()?;
            Some(format!("{key} is not above zero: leave it out for no limit, or stop trading by a switch"))
        })
    }

    /// The first limit that nothing could keep to.
    fn not_above_zero(&self) -> Option<&'static str> {
        let quantity = |given: Option<Qty>| given.is_some_and(|qty| qty <= Qty::ZERO);
        let amount = |given: Option<Amount>| given.is_some_and(|amount| amount <= Amount::ZERO);
        let count = |given: Option<u32>| given == Some(0);
        let all = [
            ("order_qty", quantity(self.order_qty)),
            ("position_qty", quantity(self.position_qty)),
            ("order_notional", amount(self.order_notional)),
            ("gross_notional", amount(self.gross_notional)),
            ("net_notional", amount(self.net_notional)),
            ("working_notional", amount(self.working_notional)),
            ("position_notional", amount(self.position_notional)),
            ("daily_loss", amount(self.daily_loss)),
            ("credit", amount(self.credit)),
            ("order_adv_bp", count(self.order_adv_bp)),
            ("open_orders", count(self.open_orders)),
            ("orders_per_s", count(self.orders_per_s)),
            ("order_trade_ratio", count(self.order_trade_ratio)),
            ("price_collar_bp", count(self.price_collar_bp)),
            ("price_collar_ticks", count(self.price_collar_ticks)),
            ("market_protection_bp", count(self.market_protection_bp)),
            ("duplicate_window_ms", count(self.duplicate_window_ms)),
            ("repeated_executions", count(self.repeated_executions)),
            ("repeated_execution_window_ms", count(self.repeated_execution_window_ms)),
        ];
        all.into_iter().find_map(|(key, is_bad)| is_bad.then_some(key))
    }

    /// As they stand in the log.
    pub(crate) fn to_limits(&self) -> assay_trading_types::Limits {
        assay_trading_types::Limits {
            order_qty_max: self.order_qty,
            order_notional_max: self.order_notional,
            gross_notional_max: self.gross_notional,
            orders_per_s_max: self.orders_per_s,
            price_collar_bp: self.price_collar_bp,
            price_collar_ticks: self.price_collar_ticks,
            market_protection_bp: self.market_protection_bp,
            order_adv_bp_max: self.order_adv_bp,
            net_notional_max: self.net_notional,
            working_notional_max: self.working_notional,
            open_orders_max: self.open_orders,
            position_qty_max: self.position_qty,
            position_notional_max: self.position_notional,
            daily_loss_max: self.daily_loss,
            credit_max: self.credit,
            warning_percent: self.warning_percent,
            order_trade_ratio_max: self.order_trade_ratio,
            duplicate_window_ms: self.duplicate_window_ms,
            repeated_executions_max: self.repeated_executions,
            repeated_execution_window_ms: self.repeated_execution_window_ms,
            short_margin_percent: self.short_margin_percent,
        }
    }
}
