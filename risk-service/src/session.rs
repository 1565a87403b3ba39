//! A FIX session as risk sees it: what was asked last, which ids are used up, whether it is stopped.

use crate::cl_ord_ids::UsedIds;
use crate::switches::SwitchPlace;
use serde::{Deserialize, Serialize};

/// State of a session.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Session {
    /// Newest request: (epoch, MsgSeqNum).
    pub(crate) newest: (u32, u64),
    /// ClOrdIDs of the trading day.
    pub(crate) used: UsedIds,
    pub(crate) switch: SwitchPlace,
}
