//! `[session.cancel_on_disconnect]`: what a session's end costs its open orders.

use assay_trading_types::{CancelWhen, CompId, DisconnectTerms};
use fix_gateway::GRACE_S_MAX;
use serde::{Deserialize, Deserializer};

/// What holds at least; a Logon may ask for more (rules of engagement, A-31).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct CancelOnDisconnect {
    /// Which ends count.
    on: CancelWhen,
    /// Seconds in which a Logon averts it.
    #[serde(deserialize_with = "grace")]
    grace_s: u32,
    /// GTC and GTD orders are spared.
    keep_gt: bool,
    /// Whose orders.
    by: By,
    /// The drop copy session whose loss counts as this one's.
    drop_copy: Option<CompId>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum By {
    #[default]
    Session,
    Account,
}

impl Default for CancelOnDisconnect {
    fn default() -> Self {
        let DisconnectTerms { when, grace_s, keep_gt } = DisconnectTerms::default();
        Self { on: when, grace_s, keep_gt, by: By::default(), drop_copy: None }
    }
}

impl From<&CancelOnDisconnect> for fix_gateway::CancelOnDisconnect {
    fn from(configured: &CancelOnDisconnect) -> Self {
        let CancelOnDisconnect { on, grace_s, keep_gt, by, drop_copy } = *configured;
        Self {
            minimum: DisconnectTerms { when: on, grace_s, keep_gt },
            by_account: by == By::Account,
            drop_copy,
        }
    }
}

impl CancelOnDisconnect {
    /// The drop copy session it names.
    pub(super) fn drop_copy(&self) -> Option<CompId> {
        self.drop_copy
    }
}

fn grace<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let seconds = i64::deserialize(deserializer)?;
    u32::try_from(seconds).ok().filter(|s| *s <= GRACE_S_MAX).ok_or_else(|| {
        serde::de::Error::custom(format!("grace_s = {seconds} is out of range, use 0 to {GRACE_S_MAX}"))
    })
}
