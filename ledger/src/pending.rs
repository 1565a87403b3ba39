//! A hold: what remains reserved of a pending transfer.

use crate::AccountIx;
use serde::{Deserialize, Serialize};

/// A pending transfer that is not used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pending {
    pub(crate) debit: AccountIx,
    pub(crate) credit: AccountIx,
    pub(crate) remaining: i128,
}
