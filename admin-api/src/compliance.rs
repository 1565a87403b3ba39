//! What compliance checks by itself, and the register of controls that the checks are evidence for.

mod controls;
mod duties;

pub(crate) use controls::{CONTROLS, Control};

use crate::reconciliation::Reconciliation;
use crate::state::AdminState;
use crate::word::word;
use assay_trading_types::{BooksBreak, BreakKind, ComplianceRule, Finding, RuleChecked};

/// Findings of a rule that stand in a record; it says how many there are.
const RECORDED_MAX: usize = 100;

/// What a rule's check found.
pub(crate) fn checked(rule: ComplianceRule, examined: u64, mut findings: Vec<Finding>) -> RuleChecked {
    findings.sort();
    let findings_total = findings.len() as u64;
    findings.truncate(RECORDED_MAX);
    RuleChecked { rule, examined, error: None, findings_total, findings }
}

/// A rule that could not be checked.
pub(crate) fn unchecked(rule: ComplianceRule, error: impl Into<String>) -> RuleChecked {
    let (examined, findings_total, findings) = (0, 0, Vec::new());
    RuleChecked { rule, examined, error: Some(error.into()), findings_total, findings }
}

/// Whether the books come out and every hold belongs to something, by what differed at every look.
pub(crate) fn of_books(books: &Reconciliation, breaks: &[BooksBreak]) -> [RuleChecked; 2] {
    let (holds, sums): (Vec<_>, Vec<_>) = breaks.iter().partition(|b| b.kind == BreakKind::Hold);
    let finding = |found: &&BooksBreak| {
        let BooksBreak { kind, account, asset, books, expected, reference } = found;
        let kind = format!("{kind:?}").to_lowercase();
        let of = reference.as_ref().map_or(String::new(), |reference| format!(" of {reference}"));
        Finding {
            about: format!("{kind} {account} {asset}{of}"),
            detail: format!("{account} has {books} {asset}{of} where {expected} should be"),
        }
    };
    [
        checked(ComplianceRule::BooksBalance, books.accounts, sums.iter().map(finding).collect()),
        checked(ComplianceRule::HoldsHaveOwners, books.holds, holds.iter().map(finding).collect()),
    ]
}

/// Whether nobody's roles together control a whole process, and two persons can decide on privileges.
pub(crate) fn of_duties(state: &AdminState) -> RuleChecked {
    let (mut examined, mut findings) = (0, Vec::new());
    for user in state.identity.users().filter(|user| user.active) {
        examined += 1;
        for (one, other, why) in duties::conflicts(&user.roles) {
            findings.push(Finding {
                about: format!("user:{} {} {}", user.id, word(&one), word(&other)),
                detail: format!("{} {why}", user.username),
            });
        }
    }
    let administrators =
        state.identity.users().filter(|user| user.active && duties::administers(&user.roles));
    if administrators.count() == 1 {
        findings.push(Finding {
            about: "administrators".to_owned(),
            detail: "there is one administrator, who changes privileges without a second person".to_owned(),
        });
    }
    checked(ComplianceRule::DutiesSegregated, examined, findings)
}

/// Whether every firm has limits.
pub(crate) fn of_limits(firms: u64, without: &[String]) -> RuleChecked {
    let finding = |firm: &String| Finding {
        about: format!("firm:{firm}"),
        detail: format!("{firm} may trade and has no limits"),
    };
    checked(ComplianceRule::LimitsSet, firms, without.iter().map(finding).collect())
}
