//! Firms, their money and their limits: records of `accounts`.

use crate::{AccountId, Amount, Asset, FirmId};
use serde::{Deserialize, Serialize};

/// A firm and its accounts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirmOpened {
    /// The firm.
    pub firm: FirmId,
    /// Its accounts, the first being the default.
    pub accounts: Vec<AccountId>,
    /// What its trades cost.
    #[serde(default)]
    pub commission: Commission,
    /// What happens when it would trade with itself.
    #[serde(default)]
    pub self_trade: SelfTrade,
}

/// Commission of an order's fills together: per share plus basis points of notional, at least `minimum` an order, so
/// that what an order can cost is known, and held, before it trades. Zero by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Commission {
    /// Currency units a share.
    pub per_share: Amount,
    /// Hundredths of a percent of the notional; decimals allowed.
    pub basis_points: Amount,
    /// Least an order costs once any of it is filled.
    pub minimum: Amount,
}

/// Opening balance: counted from the equity account of the asset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountCredited {
    /// The firm.
    pub firm: FirmId,
    /// Its account.
    pub account: AccountId,
    /// Currency or symbol.
    pub asset: Asset,
    /// How much.
    pub amount: Amount,
    /// Why: `opening` for configuration. One credit per (account, asset, reference) ever has effect.
    pub reference: String,
}

/// A firm's kill switch, as records of the first version have it: now a [`RiskSwitchSet`](crate::RiskSwitchSet) of the firm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KillSwitchSet {
    /// The firm.
    pub firm: FirmId,
    /// On: new D and G are refused and open orders cancelled.
    pub engaged: bool,
    /// Why, for the record and Text(58).
    pub reason: String,
}

/// Self-trade prevention of a firm or instrument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SelfTrade {
    /// A firm may trade with itself.
    #[default]
    Allow,
    /// The incoming order's rest is cancelled.
    CancelNewest,
    /// The resting order is cancelled.
    CancelOldest,
    /// Both are cancelled.
    CancelBoth,
    /// Both are reduced by the smaller quantity without a trade.
    Decrement,
}
