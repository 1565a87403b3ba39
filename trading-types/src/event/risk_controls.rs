//! Who may not trade what, who stopped it, and what risk raises the alarm about: records of `accounts`.

use crate::{AccountId, Actor, Amount, CommandId, FirmId, Qty, SessionId, Side, Symbol};
use serde::{Deserialize, Serialize};

/// What a switch is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SwitchScope {
    /// Everything.
    All,
    /// A firm with all of its accounts and sessions.
    Firm(FirmId),
    /// An account.
    Account(AccountId),
    /// Orders of a session.
    Session(SessionId),
    /// An instrument.
    Instrument(Symbol),
}

impl SwitchScope {
    /// Key of its records.
    pub fn key(&self) -> &str {
        match self {
            Self::All => "all",
            Self::Firm(firm) => firm.as_str(),
            Self::Account(account) => account.as_str(),
            Self::Session(session) => session.as_str(),
            Self::Instrument(symbol) => symbol.as_str(),
        }
    }
}

impl std::fmt::Display for SwitchScope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Firm(firm) => write!(f, "firm {firm}"),
            Self::Account(account) => write!(f, "account {account}"),
            Self::Session(session) => write!(f, "session {session}"),
            Self::Instrument(symbol) => write!(f, "instrument {symbol}"),
        }
    }
}

/// What a scope may do, from the mildest to the hardest. Cancels are served in every state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SwitchState {
    /// Everything.
    #[default]
    Open,
    /// Only what makes positions smaller.
    ReduceOnly,
    /// Only cancels; what works goes on working.
    CancelOnly,
    /// Only cancels, and what works is cancelled.
    Killed,
}

/// Somebody, the record's actor, sets a switch. Anyone may make it harder; milder only somebody else than who set it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RiskSwitchSet {
    /// What it is about.
    pub scope: SwitchScope,
    /// Its new state.
    pub state: SwitchState,
    /// Why, for the record and Text(58).
    pub reason: String,
    /// The command, if the back office gave it: risk answers under its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<CommandId>,
}

/// A switch is in another state from here on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RiskSwitchChanged {
    /// What it is about.
    pub scope: SwitchScope,
    /// State before.
    pub before: SwitchState,
    /// State now.
    pub state: SwitchState,
    /// Who set it.
    pub by: Actor,
    /// Why.
    pub reason: String,
    /// Working orders that are being cancelled.
    pub orders: u64,
}

/// An entry of the restricted list; what is left out means any.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestrictionSet {
    /// A firm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub firm: Option<FirmId>,
    /// An account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// An instrument.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub symbol: Option<Symbol>,
    /// A side; a sale of any kind is `sell`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub side: Option<Side>,
    /// On or off the list.
    pub restricted: bool,
    /// Why.
    pub reason: String,
}

/// Whether an account may trade.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountStatus {
    /// It may.
    #[default]
    Active,
    /// Not for now.
    Suspended,
    /// Not any more.
    Closed,
}

/// Whether the owner of an account is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KycStatus {
    /// Verified, or taken over as verified with the firm that the configuration opens.
    #[default]
    Verified,
    /// Being verified.
    Pending,
    /// Turned down.
    Rejected,
    /// Verified too long ago.
    Expired,
}

/// An account's standing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountStatusSet {
    /// Its firm.
    pub firm: FirmId,
    /// The account.
    pub account: AccountId,
    /// Whether it may trade.
    pub status: AccountStatus,
    /// Whether its owner is known.
    pub kyc: KycStatus,
    /// Why.
    pub reason: String,
}

/// Average daily volume of an instrument, which orders are compared with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AverageVolumeSet {
    /// The instrument.
    pub symbol: Symbol,
    /// Units a day.
    pub qty: Qty,
}

/// Somebody, the record's actor, closes a breaker that repeated executions opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepeatBreakerReset {
    /// The firm.
    pub firm: FirmId,
    /// Its account.
    pub account: AccountId,
    /// The instrument.
    pub symbol: Symbol,
    /// Why.
    pub reason: String,
    /// The command, if the back office gave it: risk answers under its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<CommandId>,
}

/// Why a command about risk has no effect. A flat status with stable names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommandRefusal {
    /// The same person cannot do both parts.
    SamePerson,
    /// No such firm, account, instrument or session.
    UnknownScope,
    /// No such change, or decided already.
    UnknownChange,
    /// A change of that name was made before.
    DuplicateChange,
    /// Too many changes wait for a decision.
    TooManyChanges,
    /// A limit is zero or negative, or the warning level is not between 1 and 100.
    BadLimits,
    /// No reason given.
    NoReason,
    /// The time until which it shall hold is past, or too far away for an emergency.
    BadExpiry,
    /// An emergency change of the scope is in force already.
    EmergencyInForce,
    /// The firms' credits together would exceed the house's.
    ExceedsAllocation,
    /// There is nothing to do.
    NoEffect,
    /// A quantity is not above zero or no whole number of lots.
    BadQuantity,
    /// No lender, or a name that is too long.
    BadLender,
}

impl CommandRefusal {
    /// Every one.
    pub const ALL: &'static [Self] = &[
        Self::SamePerson,
        Self::UnknownScope,
        Self::UnknownChange,
        Self::DuplicateChange,
        Self::TooManyChanges,
        Self::BadLimits,
        Self::NoReason,
        Self::BadExpiry,
        Self::EmergencyInForce,
        Self::ExceedsAllocation,
        Self::NoEffect,
        Self::BadQuantity,
        Self::BadLender,
    ];

    /// Its code, as in answers of the API.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::SamePerson => "SAME_PERSON",
            Self::UnknownScope => "UNKNOWN_SCOPE",
            Self::UnknownChange => "UNKNOWN_CHANGE",
            Self::DuplicateChange => "DUPLICATE_CHANGE",
            Self::TooManyChanges => "TOO_MANY_CHANGES",
            Self::BadLimits => "BAD_LIMITS",
            Self::NoReason => "NO_REASON",
            Self::BadExpiry => "BAD_EXPIRY",
            Self::EmergencyInForce => "EMERGENCY_IN_FORCE",
            Self::ExceedsAllocation => "EXCEEDS_ALLOCATION",
            Self::NoEffect => "NO_EFFECT",
            Self::BadQuantity => "BAD_QUANTITY",
            Self::BadLender => "BAD_LENDER",
        }
    }
}

/// A command of the back office about risk has effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RiskCommandTaken {
    /// The command.
    pub command: CommandId,
    /// What it was about: a scope, change, locate or account.
    pub subject: String,
    /// Who gave it.
    pub by: Actor,
}

/// A command about risk that has no effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RiskCommandRefused {
    /// What it was about: a firm, account, change ...
    pub subject: String,
    /// Who gave it.
    pub by: Actor,
    /// Why not.
    pub refusal: CommandRefusal,
    /// In words.
    pub detail: String,
    /// The command, if the back office gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<CommandId>,
}

/// What a limit measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Notional of open orders.
    Working,
    /// Open orders and absolute positions.
    Gross,
    /// Positions once one side's open orders are filled.
    Net,
    /// Value of the position in the instrument.
    Position,
    /// Loss of the day.
    Loss,
    /// What the day can leave to be settled.
    Credit,
    /// Open orders, a count.
    OpenOrders,
}

/// Whether a limit of the account or of the firm was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitLevel {
    /// The account's.
    Account,
    /// The firm's.
    Firm,
}

/// One measurement that a decision rests on: the value as it is with the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measured {
    /// Whose limit.
    pub level: LimitLevel,
    /// What is measured.
    pub measure: Measure,
    /// Its value.
    pub value: Amount,
    /// The hard limit.
    pub limit: Amount,
}

/// What an alarm is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Alarm {
    /// A measure reached its warning level.
    LimitWarning(Measured),
    /// The breaker of an account and instrument opened: nothing passes until a person closes it.
    RepeatBreaker,
    /// Limits were changed on one person's word.
    EmergencyLimits,
    /// The house paid what a client lacked.
    Shortfall,
    /// A source of reference prices is not what it should be.
    ReferencePrice(PriceTrouble),
    /// An outside venue and we do not agree.
    VenueDiffers,
}

/// What is wrong with a source of reference prices, or right again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PriceTrouble {
    /// No source of the instrument says anything any more.
    Stale,
    /// A quote is too far from the price in force.
    Outlier,
    /// Quotes are missing.
    Gap,
    /// The source that counted is silent, another one counts.
    FailedOver,
    /// A source that was silent counts again.
    Returned,
}

/// Something that people must look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RiskAlarmed {
    /// What.
    pub alarm: Alarm,
    /// The firm; none for the house.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub firm: Option<FirmId>,
    /// The account, if one is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// The instrument, if one is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub symbol: Option<Symbol>,
    /// In words.
    pub detail: String,
}
