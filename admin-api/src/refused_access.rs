//! Access that was refused to somebody known: into the log, so much a minute that nobody fills it.

use crate::operation::Operation;
use assay_trading_types::{Timestamp, UserId};
use std::collections::HashSet;

/// Most records a minute, of whomever: a loop costs some kilobytes.
const RECORDS_PER_MINUTE: usize = 60;

/// Of one user: nobody hides others behind the own noise.
const OF_USER_PER_MINUTE: usize = 20;

const MINUTE_NS: i64 = 60_000_000_000;

/// What was recorded of this minute.
#[derive(Debug, Default)]
pub(crate) struct RefusedAccess {
    minute: i64,
    recorded: HashSet<(UserId, Operation)>,
    unrecorded: u64,
}

impl RefusedAccess {
    /// Whether a refusal is to be recorded: the first of a user and operation in a minute, as long as there is room. Gives how
    /// many were not since the record before.
    pub(crate) fn take(&mut self, user: UserId, operation: Operation, now: Timestamp) -> Option<u64> {
        let minute = now.as_ns().div_euclid(MINUTE_NS);
        if minute != self.minute {
            self.minute = minute;
            self.recorded.clear();
        }
        let is_known = self.recorded.contains(&(user, operation));
        let own = self.recorded.iter().filter(|(by, _)| *by == user).count();
        if is_known || own >= OF_USER_PER_MINUTE || self.recorded.len() >= RECORDS_PER_MINUTE {
            self.unrecorded = self.unrecorded.saturating_add(1);
            return None;
        }
        self.recorded.insert((user, operation));
        Some(std::mem::take(&mut self.unrecorded))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(n: usize) -> UserId {
        UserId::new(&format!("usr_{n:032x}")).unwrap()
    }

    fn at(s: i64) -> Timestamp {
        Timestamp::from_ns(s * 1_000_000_000)
    }

    #[test]
    fn a_user_and_operation_are_recorded_once_a_minute_and_the_rest_counted() {
        let mut refused = RefusedAccess::default();
        let mut take = |n, operation, s| refused.take(user(n), operation, at(s));
        assert_eq!(take(1, Operation::ListUsers, 60), Some(0));
        assert_eq!(take(1, Operation::ListUsers, 119), None);
        assert_eq!(take(1, Operation::ReadUser, 119), Some(1), "another operation");
        assert_eq!(take(2, Operation::ListUsers, 119), Some(0), "another user");
        assert_eq!(take(1, Operation::ListUsers, 120), Some(0), "another minute");
    }

    #[test]
    fn one_user_has_twenty_of_a_minute() {
        let mut refused = RefusedAccess::default();
        let mut take = |n, operation| refused.take(user(n), operation, at(30)).is_some();
        let recorded = Operation::ALL.iter().filter(|operation| take(1, **operation)).count();
        assert_eq!(recorded, 20);
        assert!(take(2, Operation::ListUsers), "others are seen");
    }

    #[test]
    fn the_sixty_first_of_a_minute_is_counted_in_the_next() {
        let mut refused = RefusedAccess::default();
        let mut take = |n, s| refused.take(user(n), Operation::ListUsers, at(s));
        let recorded = (0..62).filter(|n| take(*n, 30).is_some()).count();
        assert_eq!(recorded, 60);
        assert_eq!(take(0, 60), Some(2));
    }
}
