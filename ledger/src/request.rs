//! A transfer as it is asked for, before the books decide what it moves.

use crate::{AccountIx, Ledger, Leg};
use assay_trading_types::{Amount, Timestamp, Transfer, TransferId, TransferKind, TransferReason};
use serde::{Deserialize, Serialize};

/// Where the amount of a transfer comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Take {
    /// The amount itself, or nothing.
    Exactly,
    /// What the debit account has available, the amount at most. For plain and pending transfers.
    UpToAvailable,
    /// What the credit account is owed, the amount at most. For plain and pending transfers.
    UpToOwed,
    /// What the hold still reserves, the amount at most. For posts and voids.
    UpToHeld,
}

/// One request to a [`Desk`](crate::Desk).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Id of the transfer; asking again with the same id and terms changes nothing.
    pub id: TransferId,
    /// Account to debit.
    pub debit: AccountIx,
    /// Account to credit.
    pub credit: AccountIx,
    /// Billionths, positive.
    pub amount: Amount,
    /// Whether the amount is that or at most that.
    pub take: Take,
    /// What it does.
    pub kind: TransferKind,
    /// When a pending transfer releases what is left of it, if ever.
    pub expires: Option<Timestamp>,
    /// Why, for statements.
    pub reason: TransferReason,
    /// Whether the next request stands or falls with this one.
    pub linked: bool,
}

impl Request {
    /// A plain transfer of exactly `amount`, standing alone.
    pub fn plain(
        id: TransferId,
        debit: AccountIx,
        credit: AccountIx,
        amount: Amount,
        reason: TransferReason,
    ) -> Self {
        let (kind, take) = (TransferKind::Plain, Take::Exactly);
        Self { id, debit, credit, amount, take, kind, expires: None, reason, linked: false }
    }

    /// What was applied for this request, as it stands in the `ledger` topic.
    pub fn transfer(&self, leg: &Leg, ledger: &Ledger) -> Transfer {
        let debit = ledger.account(leg.debit);
        Transfer {
            id: leg.id,
            debit: debit.code(),
            credit: ledger.account(leg.credit).code(),
            asset: debit.asset(),
            amount: leg.amount,
            kind: leg.kind,
            reason: self.reason,
        }
    }

    /// Whether the place its amount is taken from is one that its kind draws on.
    pub(crate) fn take_fits_kind(&self) -> bool {
        let draws = matches!(self.kind, TransferKind::Post { .. } | TransferKind::Void { .. });
        match self.take {
            Take::Exactly => true,
            Take::UpToAvailable | Take::UpToOwed => !draws,
            Take::UpToHeld => draws,
        }
    }
}
