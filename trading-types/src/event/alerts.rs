//! Alerts: what users and operators want to be told of when a measure passes a threshold. Records of `admin`.

use crate::{AccountId, AlertId, AlertRuleId, Amount, Asset, Command, Symbol, Timestamp, UserId};
use serde::{Deserialize, Serialize};

/// A command on alerts and their rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertsRequested {
    /// Who asks.
    pub command: Command,
    /// For what.
    pub action: AlertsAction,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertsAction {
    /// There is to be another rule.
    AddRule {
        /// Its id.
        rule: AlertRuleId,
        /// What it is.
        terms: AlertTerms,
    },
    /// One is to be otherwise.
    ChangeRule {
        /// Which.
        rule: AlertRuleId,
        /// What it is from here on.
        terms: AlertTerms,
    },
    /// One is to be no more; its alert ends.
    RemoveRule {
        /// Which.
        rule: AlertRuleId,
    },
    /// Somebody looks after an alert: it is escalated no more.
    Acknowledge {
        /// Which.
        alert: AlertId,
    },
    /// An alert is over.
    Resolve {
        /// Which.
        alert: AlertId,
    },
}

/// What a rule is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertTerms {
    /// What is measured.
    pub measure: AlertMeasure,
    /// How it is compared with the threshold.
    pub operator: AlertOperator,
    /// With what.
    pub threshold: Amount,
    /// After it fired it does not fire again for so many seconds.
    pub cool_down_s: u32,
    /// How bad it is.
    pub severity: Severity,
    /// By mail too, and not in the product alone.
    pub email: bool,
    /// Whether it is looked at.
    pub enabled: bool,
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertMeasure {
    /// Reference price of an instrument.
    ReferencePrice {
        /// Which.
        symbol: Symbol,
    },
    /// What an account has of an asset, held or not.
    Total {
        /// Whose.
        account: AccountId,
        /// Of what.
        asset: Asset,
    },
    /// What it can dispose of.
    Available {
        /// Whose.
        account: AccountId,
        /// Of what.
        asset: Asset,
    },
    /// What an account has in an instrument; below zero when it is short.
    Position {
        /// Whose.
        account: AccountId,
        /// In what.
        symbol: Symbol,
    },
    /// Profit of an account in an instrument, realised and not, in the instrument's currency; a loss is below zero.
    Profit {
        /// Whose.
        account: AccountId,
        /// In what.
        symbol: Symbol,
    },
    /// Orders of an account that may still trade.
    OpenOrders {
        /// Whose.
        account: AccountId,
    },
    /// Instruments whose reference price is older than it may be.
    StalePrices,
    /// Durable records that the audit store does not have yet.
    AuditLag,
    /// Records that the read model does not have yet.
    ReadModelLag,
    /// Mail that waits.
    MailWaiting,
}

impl AlertMeasure {
    /// Whether it is about the node, and nobody's but operators'.
    pub const fn is_systems(&self) -> bool {
        matches!(self, Self::StalePrices | Self::AuditLag | Self::ReadModelLag | Self::MailWaiting)
    }
}

/// How a measure is compared with a threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertOperator {
    /// Greater.
    Above,
    /// Less.
    Below,
}

impl AlertOperator {
    /// Whether a value is where the operator says, seen from the threshold.
    pub fn holds(self, value: Amount, threshold: Amount) -> bool {
        match self {
            Self::Above => value > threshold,
            Self::Below => value < threshold,
        }
    }
}

/// How bad it is. What is critical is escalated until somebody looks after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Worth looking at.
    Warning,
    /// Somebody must do something.
    Critical,
}

/// Measures that passed a threshold, one way or the other. Rules are judged by these records alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeasuresTaken {
    /// What was measured.
    pub samples: Vec<MeasureSample>,
}

/// A measure's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeasureSample {
    /// What was measured.
    pub measure: AlertMeasure,
    /// Its value.
    pub value: Amount,
}

/// What an alert comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertSource {
    /// A rule.
    Rule(AlertRuleId),
    /// Prices are too old to trade by.
    StalePrices,
    /// The audit store is not reached, or does not keep up.
    AuditStore,
    /// A breaker of risk opened.
    Breaker,
    /// The house paid what a client lacked.
    Shortfall,
    /// A job failed.
    Job,
    /// A compliance rule does not hold.
    Violation,
}

/// How far an alert is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertState {
    /// Nobody looks after it.
    Firing,
    /// Somebody does.
    Acknowledged,
    /// It is over.
    Resolved,
}

/// An alert as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// Its id.
    pub id: AlertId,
    /// What it comes from.
    pub source: AlertSource,
    /// What it is about: a measure, an account, a job.
    pub about: String,
    /// Whose it is; none when it is the venue's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<UserId>,
    /// How bad it is.
    pub severity: Severity,
    /// How far it is.
    pub state: AlertState,
    /// In words.
    pub detail: String,
    /// When it began.
    pub first_seen: Timestamp,
    /// When it was last seen.
    pub last_seen: Timestamp,
    /// Times it was seen.
    pub count: u64,
    /// Times it was escalated.
    pub escalations: u32,
    /// Who looks after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged_by: Option<UserId>,
    /// Who said that it is over; none when it ended by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved_by: Option<UserId>,
    /// Counts its changes.
    pub version: u64,
}

/// An alert began or is otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertChanged {
    /// The alert as it stands now.
    pub alert: Alert,
}
