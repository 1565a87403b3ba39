//! A hold: what remains reserved of a pending transfer.

use crate::{AccountIx, Leg};
use serde::{Deserialize, Serialize};

/// A pending transfer that is not used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pending {
    pub(crate) debit: AccountIx,
    pub(crate) credit: AccountIx,
    /// As it was made.
    pub(crate) amount: i128,
    pub(crate) remaining: i128,
}

impl Pending {
    /// Whether the leg names its two accounts.
    pub(crate) fn is_of(&self, leg: &Leg) -> bool {
        self.debit == leg.debit && self.credit == leg.credit
    }
}
