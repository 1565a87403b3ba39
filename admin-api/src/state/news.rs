//! What risk writes into `admin` for people to be told: each once, and the same thing not again and again.

use super::notices::Telling;
use assay_trading_types::{LoanNewsRaised, NewsRaised, NoticeKind, Origin, Timestamp, UserRole};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What was told is not told again for so long: a limit may be reached and left many times a minute.
const QUIET_NS: i64 = 15 * 60 * 1_000_000_000;

/// Things that were told lately; beyond it everything is told, rather than something not.
const RECENT_MAX: usize = 10_000;

/// The last news of each partition of `accounts`, and what was told lately.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct News {
    last: BTreeMap<u16, (u64, u16)>,
    recent: BTreeMap<String, Timestamp>,
}

impl News {
    /// Whether it is not an older one again. Only what risk writes has such an origin.
    pub(super) fn is_new(&mut self, origin: Option<Origin>) -> bool {
        let Some(Origin::Input { partition, offset, index, .. }) = origin else { return false };
        let new = self.last.get(&partition).is_none_or(|last| *last < (offset, index));
        if new {
            self.last.insert(partition, (offset, index));
        }
        new
    }

    /// Whether it was not told a moment ago.
    pub(super) fn is_worth_telling(&mut self, kind: NoticeKind, about: &str, at: Timestamp) -> bool {
        if self.recent.len() >= RECENT_MAX {
            self.recent.retain(|_, told| at.since_ns(*told) < QUIET_NS);
        }
        let key = format!("{kind:?} {about}");
        if self.recent.get(&key).is_some_and(|told| at.since_ns(*told) < QUIET_NS) {
            return false;
        }
        if self.recent.len() < RECENT_MAX {
            self.recent.insert(key, at);
        }
        true
    }
}

/// Whether it may come many times a minute. What a person did, or what waits for one, is told each time.
pub(super) fn is_repetitive(kind: NoticeKind) -> bool {
    matches!(kind, NoticeKind::LimitWarning | NoticeKind::Shortfall)
}

/// Who is told of a loan: a firm's administrators of theirs, loan officers of what is theirs to look at, risk too of what
/// cannot be sold.
pub(super) fn of_loan(e: &LoanNewsRaised) -> Vec<Telling> {
    let told = e.kinds.iter().flat_map(|kind| {
        let officers = || Telling::role(UserRole::LoanOfficer, *kind, &e.loan);
        let firm = || Telling::firm(e.firm, *kind, &e.loan);
        match kind {
            NoticeKind::LoanApplied => vec![officers()],
            NoticeKind::LoanDefaulted => vec![firm(), officers()],
            NoticeKind::CollateralUnsold => {
                vec![firm(), officers(), Telling::role(UserRole::Risk, *kind, &e.loan)]
            }
            _ => vec![firm()],
        }
    });
    told.collect()
}

/// Who is told of the rest: a firm's administrators of what is theirs, operations of what waits for them, risk of what it
/// looks after.
pub(super) fn of_risk(e: &NewsRaised) -> Vec<Telling> {
    let staff = match e.kind {
        NoticeKind::WithdrawalWaiting => Some(UserRole::Operations),
        NoticeKind::LimitWarning
        | NoticeKind::BreakerTripped
        | NoticeKind::EmergencyLimits
        | NoticeKind::Shortfall
        | NoticeKind::SwitchSet => Some(UserRole::Risk),
        _ => None,
    };
    let firm = e.firm.filter(|_| e.kind != NoticeKind::WithdrawalWaiting);
    let firm = firm.map(|firm| Telling::firm(firm, e.kind, &e.about));
    let staff = staff.map(|role| Telling::role(role, e.kind, &e.about));
    let told = firm.into_iter().chain(staff);
    match &e.detail {
        None => told.collect(),
        Some(detail) => told.map(|telling| telling.because(detail)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_again_and_again_is_told_once_in_a_while() {
        let mut news = News::default();
        let at = |s: i64| Timestamp::from_ns(s * 1_000_000_000);
        let mut told = |about, s| news.is_worth_telling(NoticeKind::LimitWarning, about, at(s));
        assert!(told("A", 0));
        assert!(!told("A", 899));
        assert!(told("B", 899), "another");
        assert!(told("A", 900));
        assert!(is_repetitive(NoticeKind::LimitWarning) && !is_repetitive(NoticeKind::SwitchSet));
    }
}
