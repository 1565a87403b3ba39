//! Locates: shares that somebody will lend, without which nothing is sold short (Regulation SHO, 203(b)(1)): records of
//! `accounts`. One person records what a lender promised, another lets it count; the records' actors say who each was.

use crate::{AccountId, Actor, CommandId, FirmId, LocateId, Qty, Symbol, Timestamp};
use serde::{Deserialize, Serialize};

/// Somebody, the record's actor, asks that an account may sell located shares short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocateProposed {
    /// Names the locate; never used before.
    pub locate: LocateId,
    /// The account's firm.
    pub firm: FirmId,
    /// Who may sell short.
    pub account: AccountId,
    /// What.
    pub symbol: Symbol,
    /// How much of it.
    pub qty: Qty,
    /// Who lends it.
    pub lender: String,
    /// Until when the lender's word holds.
    pub valid_until: Timestamp,
    /// Why, or on what grounds.
    pub reason: String,
    /// The command, if the back office gave it: risk answers under its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<CommandId>,
}

/// Somebody else, the record's actor, says yes or no to a proposed locate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocateDecided {
    /// Which one.
    pub locate: LocateId,
    /// Yes or no.
    pub approved: bool,
    /// Why.
    pub reason: String,
    /// The command, if the back office gave it: risk answers under its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<CommandId>,
}

/// Somebody, the record's actor, gives back what a locate has left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocateReleaseRequested {
    /// Which one.
    pub locate: LocateId,
    /// Why.
    pub reason: String,
    /// The command, if the back office gave it: risk answers under its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<CommandId>,
}

/// From here on the account may sell so much short, once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocateGranted {
    /// Its name.
    pub locate: LocateId,
    /// The account's firm.
    pub firm: FirmId,
    /// Who may sell short.
    pub account: AccountId,
    /// What.
    pub symbol: Symbol,
    /// How much of it.
    pub qty: Qty,
    /// Who lends it.
    pub lender: String,
    /// It ends at the first clock tick from then on, and counts for no order from then on.
    pub valid_until: Timestamp,
    /// Who proposed it.
    pub maker: Actor,
    /// Who decided on it.
    pub checker: Actor,
    /// The maker's and the checker's reasons.
    pub reason: String,
}

/// Why a locate ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LocateEnd {
    /// It was turned down: it never counted.
    Declined,
    /// Somebody gave it back.
    Released,
    /// Its time ran out.
    Expired,
}

/// A locate counts no more. What was sold on it stays borrowed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocateEnded {
    /// Its name.
    pub locate: LocateId,
    /// The account's firm.
    pub firm: FirmId,
    /// Whose it was.
    pub account: AccountId,
    /// Of what.
    pub symbol: Symbol,
    /// Why.
    pub cause: LocateEnd,
    /// What of it was not sold.
    pub unused: Qty,
    /// Working short sales that rested on it and are being cancelled.
    pub orders: u64,
    /// Who ended it; nobody when its time ran out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Actor>,
    /// Why, in words.
    pub reason: String,
}
