//! The one place of this program that reads the wall clock.

use assay_trading_types::Timestamp;
use std::time::{SystemTime, UNIX_EPOCH};

/// UTC now; a clock before 1970 reads as 1970.
#[allow(clippy::disallowed_methods)] // a driver: everything below is handed this value
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_ns(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}
