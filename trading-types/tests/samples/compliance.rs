//! Samples of what compliance asks and what its checks find.

use super::*;

pub(super) fn requested() -> Event {
    let link = CaseLink {
        kind: CaseLinkKind::Actor,
        id: "user:grace".into(),
        from: Some(at()),
        to: Some(at().plus_ns(1)),
    };
    let action = ComplianceAction::OpenCase {
        case: CaseId::new(&id("cas", 4)).unwrap(),
        title: "Trades before news".into(),
        links: vec![link],
        hold: true,
    };
    ComplianceRequested { command: command("open_case"), action }.into()
}

pub(super) fn checked() -> Event {
    let finding = Finding { about: "user:usr_1".into(), detail: "admin and operations".into() };
    let found = RuleChecked {
        rule: ComplianceRule::DutiesSegregated,
        examined: 12,
        error: None,
        findings_total: 1,
        findings: vec![finding],
    };
    let failed = RuleChecked {
        rule: ComplianceRule::ChainIntact,
        examined: 0,
        error: Some("the audit store does not answer".into()),
        findings_total: 0,
        findings: Vec::new(),
    };
    let checks = vec![found, failed];
    ComplianceChecked { job: Job::ComplianceReview, due: at(), position: 4_711, checks }.into()
}
