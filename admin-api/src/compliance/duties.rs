//! Which roles must not be one person's: together they control a whole financial process (AUD-8).

use assay_trading_types::UserRole::{
    self, Admin, Auditor, Compliance, KycReviewer, LoanOfficer, Operations, Risk,
};

/// Two roles, and what somebody could do who has both. An auditor has no other.
const CONFLICTS: [(UserRole, UserRole, &str); 12] = [
    (Admin, Operations, "gives out rights and moves money"),
    (Admin, Risk, "gives out rights and sets limits"),
    (Admin, Compliance, "gives out rights and judges how they are used"),
    (Admin, LoanOfficer, "gives out rights and grants loans"),
    (Admin, KycReviewer, "gives out rights and verifies clients"),
    (Operations, Risk, "moves money and sets the limits on it"),
    (Operations, Compliance, "moves money and judges how it was moved"),
    (Operations, KycReviewer, "verifies clients and moves their money"),
    (Operations, LoanOfficer, "grants loans and moves money"),
    (Risk, Compliance, "sets limits and judges how they were set"),
    (LoanOfficer, Compliance, "grants loans and judges how they were granted"),
    (LoanOfficer, KycReviewer, "verifies clients and grants them loans"),
];

/// What of somebody's roles is not to be together.
pub(super) fn conflicts<'a>(
    roles: impl IntoIterator<Item = &'a UserRole>,
) -> Vec<(UserRole, UserRole, &'static str)> {
    let roles: Vec<UserRole> = roles.into_iter().copied().collect();
    let has = |role: &UserRole| roles.contains(role);
    let mut found: Vec<_> = CONFLICTS.into_iter().filter(|(one, other, _)| has(one) && has(other)).collect();
    if has(&Auditor) {
        let others = roles.iter().filter(|role| **role != Auditor);
        found.extend(others.map(|role| (Auditor, *role, "audits what they do themselves")));
    }
    found
}

/// Whether somebody gives out rights.
pub(super) fn administers<'a>(roles: impl IntoIterator<Item = &'a UserRole>) -> bool {
    roles.into_iter().any(|role| *role == Admin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_pair_is_found_in_either_order_and_alone_no_role_is_in_conflict() {
        for role in UserRole::ALL {
            assert_eq!(conflicts(&[role]), []);
        }
        for (one, other, why) in CONFLICTS {
            assert_eq!(conflicts(&[one, other]), [(one, other, why)]);
            assert_eq!(conflicts(&[other, one]), [(one, other, why)]);
        }
        assert_eq!(conflicts(&[Auditor, Risk]), [(Auditor, Risk, "audits what they do themselves")]);
        assert_eq!(conflicts(&[Risk, LoanOfficer]), []);
    }
}
