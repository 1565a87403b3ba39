//! Transfers of one decision, all or nothing, built without touching the heap until they become an event.

use arrayvec::ArrayVec;
use assay_ledger::{AccountIx, Ledger, Leg, Status};
use assay_trading_types::{Amount, Transfer, TransferId, TransferKind, TransferReason};

/// A fill makes seven legs at most: payment from the hold, beside it and by the house, what is given back and what is
/// delivered, release, commission.
const LEGS_MAX: usize = 8;

/// Legs with their reasons.
#[derive(Debug, Default)]
pub(crate) struct Group {
    legs: ArrayVec<Leg, LEGS_MAX>,
    reasons: ArrayVec<TransferReason, LEGS_MAX>,
}

impl Group {
    pub(crate) fn add(
        &mut self,
        id: TransferId,
        (debit, credit): (AccountIx, AccountIx),
        amount: Amount,
        kind: TransferKind,
        reason: TransferReason,
    ) {
        self.legs.push(Leg { id, debit, credit, amount, kind });
        self.reasons.push(reason);
    }

    /// Applies the legs and returns them as they stand in the `ledger` topic.
    pub(crate) fn post(&self, ledger: &mut Ledger) -> Result<Vec<Transfer>, Status> {
        ledger.apply(&self.legs).map_err(|(_, status)| status)?;
        let record = |(leg, reason): (&Leg, &TransferReason)| Transfer {
            id: leg.id,
            debit: ledger.account(leg.debit).code(),
            credit: ledger.account(leg.credit).code(),
            asset: ledger.account(leg.debit).asset(),
            amount: leg.amount,
            kind: leg.kind,
            reason: *reason,
        };
        Ok(self.legs.iter().zip(&self.reasons).map(record).collect())
    }
}
