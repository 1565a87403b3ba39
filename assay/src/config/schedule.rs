//! `[session.schedule]`: when a session is open.

use fix_gateway::{Schedule, ScheduleSpec};
use serde::{Deserialize, Deserializer};

/// The keys as they stand in the file.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Keys {
    zone: String,
    start: String,
    end: String,
    days: Vec<String>,
    holidays: Vec<String>,
    logon_start: String,
    logon_end: String,
    roll_over_at: String,
}

/// Reads the table; what cannot be a schedule is an error at its place in the file.
pub(super) fn schedule<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Schedule>, D::Error> {
    let Keys { zone, start, end, days, holidays, logon_start, logon_end, roll_over_at } =
        Keys::deserialize(deserializer)?;
    let spec = ScheduleSpec { zone, start, end, days, holidays, logon_start, logon_end, roll_over_at };
    Schedule::new(&spec).map(Some).map_err(serde::de::Error::custom)
}
