//! Statements of the house's banks: what an officer brings in, and what becomes of lines that no movement explains. Records of
//! `admin`.

use crate::{Amount, Asset, BankLineId, Command, Date, MovementId};
use serde::{Deserialize, Serialize};

/// A command on bank statements.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BankRequested {
    /// Who asks.
    pub command: Command,
    /// For what.
    pub action: BankAction,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BankAction {
    /// A statement is brought in. The same one again has no further effect.
    Import(BankStatement),
    /// Somebody says what a line is.
    Resolve {
        /// The line.
        line: BankLineId,
        /// The movement that it is, if it is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        movement: Option<MovementId>,
        /// What it is, in words.
        reason: String,
    },
}

/// What a bank says of one of the house's accounts, checked: opening balance and lines come to the closing balance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BankStatement {
    /// The account, as the bank names it.
    pub account: String,
    /// The statement, as the bank names it; unique within the account.
    pub name: String,
    /// The account's currency.
    pub asset: Asset,
    /// SHA-256 of the file, hex.
    pub digest: String,
    /// What was there before.
    pub opening: Amount,
    /// What is there after.
    pub closing: Amount,
    /// What came and went.
    pub lines: Vec<BankLine>,
}

/// A line of a statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BankLine {
    /// The bank's name for it; unique within the account.
    pub reference: String,
    /// The day it was booked.
    pub day: Date,
    /// Came, or went if negative.
    pub amount: Amount,
    /// What payers wrote.
    pub text: String,
    /// The one movement with this amount and currency that names the line, or that the line names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matched: Option<MovementId>,
}
