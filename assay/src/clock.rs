//! The one place of this program that reads the wall clock.

use assay_trading_types::Timestamp;
use std::str::FromStr;
use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How the clock is to go wrong; unset but in a drill.
static JUMPS: OnceLock<(Instant, Vec<Jump>)> = OnceLock::new();

/// UTC now; a clock before 1970 reads as 1970.
#[allow(clippy::disallowed_methods)] // a driver: everything below is handed this value
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now_ns = i64::try_from(since.as_nanos()).unwrap_or(i64::MAX);
    Timestamp::from_ns(now_ns.saturating_add(JUMPS.get().map_or(0, offset_ns)))
}

/// From now on the clock of this process jumps as `jumps` say. Only the first call counts.
#[allow(clippy::disallowed_methods)] // as above
pub(crate) fn jump(jumps: &[Jump]) {
    if !jumps.is_empty() {
        JUMPS.get_or_init(|| (Instant::now(), jumps.to_vec()));
    }
}

fn offset_ns((began, jumps): &(Instant, Vec<Jump>)) -> i64 {
    let passed = began.elapsed();
    jumps.iter().rfind(|jump| jump.after <= passed).map_or(0, |jump| jump.offset_ms.saturating_mul(1_000_000))
}

/// The clock is wrong by `offset_ms` once the process has run for `after`, until the next jump: `-3600000@250`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Jump {
    pub(crate) offset_ms: i64,
    pub(crate) after: Duration,
}

impl FromStr for Jump {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const SHAPE: &str = "a jump is OFFSET_MS@AFTER_MS";
        let (offset, after) = text.split_once('@').ok_or(SHAPE)?;
        let after = Duration::from_millis(after.parse().map_err(|_| SHAPE)?);
        Ok(Self { offset_ms: offset.parse().map_err(|_| SHAPE)?, after })
    }
}

impl std::fmt::Display for Jump {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}@{}", self.offset_ms, self.after.as_millis())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_jump_that_is_due_counts() {
        let jumps = ["-60000@0", "5@3600000"].map(|text| text.parse::<Jump>().unwrap());
        assert_eq!(jumps.map(|jump| jump.to_string()), ["-60000@0", "5@3600000"]);
        #[allow(clippy::disallowed_methods)]
        let began = Instant::now();
        assert_eq!(offset_ns(&(began, jumps.to_vec())), -60_000_000_000);
        assert_eq!(offset_ns(&(began, jumps[1..].to_vec())), 0);
        assert!("5".parse::<Jump>().is_err());
    }
}
