//! What risk tells itself: records of `accounts`.

use crate::LoanId;
use serde::{Deserialize, Serialize};

/// A day or a price has begun more than one step does. Risk goes on when it reads this: what has come meanwhile stands before
/// it in the log, so that orders wait for one bounded step at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkLeft {
    /// Where the day goes on with loans; none when it has been through, and prices or lapsed calls have left some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loans_from: Option<LoanId>,
    /// Balances whose interest of ended days is still to be posted.
    #[serde(default, skip_serializing_if = "is_none")]
    pub balances: u64,
}

fn is_none(balances: &u64) -> bool {
    *balances == 0
}
