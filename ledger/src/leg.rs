//! A transfer as the books apply it.

use crate::AccountIx;
use assay_trading_types::{Amount, TransferId, TransferKind};

/// One transfer to apply: ids of accounts are resolved already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leg {
    /// Its id. The ledger knows the id of a pending transfer until it is used up, and of the others none.
    pub id: TransferId,
    /// Debited account.
    pub debit: AccountIx,
    /// Credited account.
    pub credit: AccountIx,
    /// Billionths, positive.
    pub amount: Amount,
    /// What it does.
    pub kind: TransferKind,
}

impl Leg {
    /// Whether it moves its amount at once.
    pub(crate) fn posts(&self) -> bool {
        matches!(self.kind, TransferKind::Plain | TransferKind::Post { .. })
    }

    /// The hold it makes or draws on.
    pub(crate) fn hold(&self) -> Option<TransferId> {
        match self.kind {
            TransferKind::Plain => None,
            TransferKind::Pending => Some(self.id),
            TransferKind::Post { pending, .. } | TransferKind::Void { pending } => Some(pending),
        }
    }
}
