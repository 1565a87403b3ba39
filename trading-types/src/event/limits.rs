//! Limits and how they change: records of `accounts`. A change of people needs a maker and a checker; the record's actor
//! says who each was, so that no form can pretend.

use crate::{AccountId, Actor, Amount, ChangeId, CommandId, FirmId, Qty, Timestamp};
use serde::{Deserialize, Serialize};

/// Pre-trade limits of one scope. An absent one does not limit. Amounts are in the currency of the instruments traded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Largest OrderQty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_qty_max: Option<Qty>,
    /// Largest price times quantity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_notional_max: Option<Amount>,
    /// Largest sum of open order notional and absolute position value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gross_notional_max: Option<Amount>,
    /// Orders in any sliding second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub orders_per_s_max: Option<u32>,
    /// Largest distance of a limit price from the reference, in basis points of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_collar_bp: Option<u32>,
    /// The same distance in ticks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_collar_ticks: Option<u32>,
    /// How far from the reference a market order may trade, in basis points; without it as far as the collar.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub market_protection_bp: Option<u32>,
    /// Largest OrderQty in basis points of the average daily volume.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_adv_bp_max: Option<u32>,
    /// Largest value, long or short, that positions can have once all open orders of one side are filled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub net_notional_max: Option<Amount>,
    /// Largest notional of open orders.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub working_notional_max: Option<Amount>,
    /// Most open orders.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_orders_max: Option<u32>,
    /// Largest position of an account in one instrument, open orders included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position_qty_max: Option<Qty>,
    /// Its largest value at the worse of reference and order price.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position_notional_max: Option<Amount>,
    /// Largest loss since 00:00 UTC, realised and not, commission included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub daily_loss_max: Option<Amount>,
    /// Most that the trading day can leave to be paid or to be delivered: bought less sold, plus open orders.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credit_max: Option<Amount>,
    /// Share of a hard limit from which on a warning is raised.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warning_percent: Option<u32>,
    /// Most orders and replaces for each trade of the day; counted from the 100th on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_trade_ratio_max: Option<u32>,
    /// How long the same side, price, quantity and symbol of an account are refused again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duplicate_window_ms: Option<u32>,
    /// Most fills of an account in one instrument within the window below; one more opens its breaker.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeated_executions_max: Option<u32>,
    /// That window; a second without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeated_execution_window_ms: Option<u32>,
    /// How much stays held for what was sold short, in percent of what it brought, from 100: all that it brought, and what
    /// is more from the account's cash. 100 without it; the largest of account and firm counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub short_margin_percent: Option<u32>,
}

/// Limits of a firm, or of one of its accounts, as the configuration has them. What people change goes through
/// [`LimitsChangeProposed`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitsSet {
    /// The firm.
    pub firm: FirmId,
    /// One account of it; the whole firm when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// Grows at every change.
    pub version: u64,
    /// The limits.
    #[serde(flatten)]
    pub limits: Limits,
}

/// The house's own credit over all firms, as the configuration has it. The sum of the firms' `credit_max` cannot exceed
/// it, and a firm without one then has none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HouseCreditSet {
    /// Grows at every change.
    pub version: u64,
    /// All firms together; not limited without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credit_max: Option<Amount>,
}

/// Whose limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitScope {
    /// The house over all firms: `credit_max` only.
    House,
    /// All accounts of a firm together.
    Firm(FirmId),
    /// One account.
    Account(AccountId),
}

impl LimitScope {
    /// Key of its records.
    pub fn key(&self) -> &str {
        match self {
            Self::House => "house",
            Self::Firm(firm) => firm.as_str(),
            Self::Account(account) => account.as_str(),
        }
    }
}

/// Somebody, the record's actor, asks for other limits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitsChangeProposed {
    /// Names the change; never used before.
    pub change: ChangeId,
    /// Whose limits.
    pub scope: LimitScope,
    /// All of them as they shall be, not a difference.
    pub limits: Box<Limits>,
    /// Why.
    pub reason: String,
    /// When they go back to what they were by themselves; never without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Timestamp>,
    /// In force at once on one person's word: needs `valid_until` within an hour, and raises an alarm.
    #[serde(default)]
    pub emergency: bool,
    /// The command, if the back office gave it: risk answers under its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<CommandId>,
}

/// Somebody else, the record's actor, says yes or no to a proposed change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitsChangeDecided {
    /// Which change.
    pub change: ChangeId,
    /// Yes or no.
    pub approved: bool,
    /// Why.
    pub reason: String,
    /// The command, if the back office gave it: risk answers under its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<CommandId>,
}

/// Why limits changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitsCause {
    /// The configuration says so.
    Configured,
    /// Proposed by one person and approved by another.
    Approved,
    /// One person's temporary change in an emergency.
    Emergency,
    /// A temporary change ran out.
    Reverted,
    /// A proposed change was turned down; the limits stay.
    Declined,
}

/// Limits that are in force from here on, and who wanted them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitsChanged {
    /// Whose limits.
    pub scope: LimitScope,
    /// Their version: it grows at every change of the scope, and decisions name it.
    pub version: u64,
    /// Why they changed.
    pub cause: LimitsCause,
    /// The change, when people made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<ChangeId>,
    /// Who proposed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maker: Option<Actor>,
    /// Who decided on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checker: Option<Actor>,
    /// The maker's and the checker's reasons.
    pub reason: String,
    /// When they go back by themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Timestamp>,
    /// What was in force before.
    pub before: Box<Limits>,
    /// What is in force now.
    pub limits: Box<Limits>,
}
