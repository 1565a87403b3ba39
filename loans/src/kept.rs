//! Loans by id, and which of them the clock looks after next.

use crate::loan::Loan;
use crate::running::Running;
use assay_trading_types::{LoanId, Timestamp};
use serde::{Deserialize, Serialize, Serializer};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;

/// Loans by id. Reads as the map it is; a change goes through [`Kept::insert`] and [`Kept::remove`], which keep the instants
/// true. Written as the map alone: the instants stand in the loans.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "BTreeMap<LoanId, Loan>")]
pub(crate) struct Kept {
    by_id: BTreeMap<LoanId, Loan>,
    /// Loans that wait for an instant, the earliest first: a tick finds them among a million without looking at the rest.
    waiting: BTreeSet<(Timestamp, LoanId)>,
}

impl Kept {
    pub(crate) fn insert(&mut self, loan: Loan) {
        let instant = instant(&loan);
        if let Some(before) = self.by_id.insert(loan.id, loan) {
            self.forget(&before);
        }
        self.waiting.extend(instant);
    }

    pub(crate) fn remove(&mut self, id: &LoanId) -> Option<Loan> {
        let loan = self.by_id.remove(id)?;
        self.forget(&loan);
        Some(loan)
    }

    fn forget(&mut self, loan: &Loan) {
        if let Some(instant) = instant(loan) {
            self.waiting.remove(&instant);
        }
    }

    /// The loan that has waited longest of those whose instant has come.
    pub(crate) fn due(&self, now: Timestamp) -> Option<LoanId> {
        self.waiting.first().filter(|(at, _)| *at <= now).map(|(_, id)| *id)
    }
}

/// When the clock looks after a loan next, if it does.
fn instant(loan: &Loan) -> Option<(Timestamp, LoanId)> {
    Some((loan.running().and_then(Running::next_look)?, loan.id))
}

impl Deref for Kept {
    type Target = BTreeMap<LoanId, Loan>;

    fn deref(&self) -> &Self::Target {
        &self.by_id
    }
}

impl From<BTreeMap<LoanId, Loan>> for Kept {
    fn from(by_id: BTreeMap<LoanId, Loan>) -> Self {
        let waiting = by_id.values().filter_map(instant).collect();
        Self { by_id, waiting }
    }
}

impl Serialize for Kept {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.by_id.serialize(serializer)
    }
}
