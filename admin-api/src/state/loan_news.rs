//! News of loans, which risk writes into `admin`: each is told once.

use assay_trading_types::Origin;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The last news of each partition of `accounts`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoanNews(BTreeMap<u16, (u64, u16)>);

impl LoanNews {
    /// Whether it is not an older one again. Only what risk writes has such an origin.
    pub(super) fn is_new(&mut self, origin: Option<Origin>) -> bool {
        let Some(Origin::Input { partition, offset, index, .. }) = origin else { return false };
        let new = self.0.get(&partition).is_none_or(|last| *last < (offset, index));
        if new {
            self.0.insert(partition, (offset, index));
        }
        new
    }
}
