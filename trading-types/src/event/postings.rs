//! Double-entry postings: records of `ledger`.

use crate::hex_text::{LOWER, hex, parse_hex};
use crate::text_visitor::from_text;
use crate::{Amount, Asset, ExecId, FeesApplied, FirmId, LoanId, MovementId, OrderId};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Id of a transfer: unique for ever, derived from what caused it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransferId(pub u128);

impl fmt::Display for TransferId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&hex::<32>(self.0, LOWER))
    }
}

impl Serialize for TransferId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::<32>(self.0, LOWER))
    }
}

impl<'de> Deserialize<'de> for TransferId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer, "a transfer id in a string", |text| {
            parse_hex(text, 32, LOWER).map(Self).ok_or("not 32 lower-case hex digits")
        })
    }
}

/// A ledger account's code: class, then owner where there is one, e.g. `client:ACME-1`, `clearing`, `commission`,
/// `equity`. With an asset it names one account.
pub type LedgerCode = arrayvec::ArrayString<40>;

/// What a transfer does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransferKind {
    /// Moves at once.
    Plain,
    /// Reserves on both sides.
    Pending,
    /// Moves `amount` of a pending one and releases the rest only if `release_rest`.
    Post {
        /// The pending transfer.
        pending: TransferId,
        /// Whether what remains reserved is released too.
        release_rest: bool,
    },
    /// Releases `amount` of a pending one without moving it.
    Void {
        /// The pending transfer.
        pending: TransferId,
    },
}

/// Why money or assets moved; stable, for statements and general ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransferReason {
    /// Opening balance.
    Opening,
    /// Hold for an open order.
    OrderHold,
    /// Release of a hold.
    OrderRelease,
    /// Cash leg of a trade.
    TradeCash,
    /// Asset leg of a trade.
    TradeAsset,
    /// Commission of a trade.
    Commission,
    /// What a trade cost beyond the client's hold and funds, paid by the house.
    Shortfall,
    /// A trade undone.
    TradeReversal,
    /// A trade at another price.
    TradeCorrection,
    /// A loan paid out.
    LoanPayout,
    /// A loan paid back: principal, interest or fees.
    LoanRepayment,
    /// Interest of a loan earned.
    LoanInterest,
    /// A fee of a loan earned.
    LoanFee,
    /// Collateral pledged, given back or handed over for sale.
    LoanCollateral,
    /// A loan given up, in part or in full.
    LoanLoss,
    /// A payment on a loan that was given up.
    LoanRecovery,
    /// Hold for a movement that waits.
    MovementHold,
    /// Release of such a hold.
    MovementRelease,
    /// Money that came in.
    Deposit,
    /// Money that went out.
    Withdrawal,
    /// Money to another account.
    Transfer,
    /// Either side of a conversion.
    Conversion,
    /// What the house keeps of a conversion.
    ConversionSpread,
    /// A fee of the house.
    Fee,
    /// A movement undone.
    Reversal,
    /// Interest that the house pays on a balance.
    BalanceInterest,
    /// Hold on what short sales brought, and on what more is asked for them.
    MarginHold,
    /// Release of such a hold.
    MarginRelease,
}

/// One transfer as posted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// Its id.
    pub id: TransferId,
    /// Debited account.
    pub debit: LedgerCode,
    /// Credited account.
    pub credit: LedgerCode,
    /// Asset of both.
    pub asset: Asset,
    /// Amount, positive.
    pub amount: Amount,
    /// What it does.
    pub kind: TransferKind,
    /// Why.
    pub reason: TransferReason,
}

/// Transfers of one decision, all or nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posted {
    /// The firm.
    pub firm: FirmId,
    /// The order it belongs to, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_id: Option<OrderId>,
    /// The report it settles, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exec_id: Option<ExecId>,
    /// The movement it belongs to, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub movement: Option<MovementId>,
    /// The loan it belongs to, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loan: Option<LoanId>,
    /// By what a fill's commission was reckoned, where a schedule said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fees: Option<FeesApplied>,
    /// In order.
    pub transfers: Vec<Transfer>,
}

impl Posted {
    /// `transfers` that belong to `firm`, and to nothing else that is said.
    pub fn of(firm: FirmId, transfers: Vec<Transfer>) -> Self {
        let (order_id, exec_id, movement, loan, fees) = (None, None, None, None, None);
        Self { firm, order_id, exec_id, movement, loan, fees, transfers }
    }
}
