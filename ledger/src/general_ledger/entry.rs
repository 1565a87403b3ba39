//! What a journal is made of.

use assay_trading_types::{Amount, Asset, Date, LedgerCode, Timestamp, Transfer, TransferKind};

/// A transfer and when it was posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// What, as it stands in the `ledger` topic.
    pub transfer: Transfer,
}

impl Entry {
    /// What it moves; nothing for holds and releases.
    pub fn posted(&self) -> Option<Amount> {
        match self.transfer.kind {
            TransferKind::Plain | TransferKind::Post { .. } => Some(self.transfer.amount),
            TransferKind::Pending | TransferKind::Void { .. } => None,
        }
    }

    /// Its two lines: account, asset, credit if positive and debit if negative.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (LedgerCode, Asset, i128)> {
        let Transfer { debit, credit, asset, .. } = self.transfer;
        let units = self.posted().map(|amount| amount.units());
        units.into_iter().flat_map(move |units| [(debit, asset, -units), (credit, asset, units)])
    }
}

/// Days from the first to before the last, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// The first day of it.
    pub from: Date,
    /// The first day after it.
    pub until: Date,
}

impl Period {
    /// Whether an instant is in it.
    pub fn has(&self, at: Timestamp) -> bool {
        at >= self.from.start() && at < self.until.start()
    }

    /// Whether an instant is before its end.
    pub fn ends_after(&self, at: Timestamp) -> bool {
        at < self.until.start()
    }
}
