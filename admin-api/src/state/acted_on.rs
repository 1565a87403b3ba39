//! What a command does something about: notices of it are acted on.

use super::Asked;
use super::proposals::Wanted;
use assay_trading_types::{
    AlertsAction, ComplianceAction, ControlAction, KycAction, KycFileId, MoneyAction, MovementId,
};

/// By the name that a notice has for it.
pub(super) fn acted_on(asked: &Asked<'_>) -> Option<String> {
    match asked {
        Asked::Verdict(e) => Some(e.proposal.to_string()),
        Asked::Alerts(e) => match &e.action {
            AlertsAction::Acknowledge { alert } | AlertsAction::Resolve { alert } => Some(alert.to_string()),
            AlertsAction::AddRule { .. }
            | AlertsAction::ChangeRule { .. }
            | AlertsAction::RemoveRule { .. } => None,
        },
        Asked::Compliance(e) => match &e.action {
            ComplianceAction::ChangeViolation { violation, .. } => Some(violation.to_string()),
            _ => None,
        },
        Asked::For(_, Wanted::Kyc(action)) => file(action).map(|file| file.to_string()),
        Asked::For(_, Wanted::Control(action)) => match &**action {
            ControlAction::Money(e) => movement(&e.action).map(|movement| movement.to_string()),
            ControlAction::Loan(e) => e.action.loan().map(|loan| loan.to_string()),
            _ => None,
        },
        Asked::For(..)
        | Asked::Notices(_)
        | Asked::Webhooks(_)
        | Asked::Bank(_)
        | Asked::Job(_)
        | Asked::Report(_) => None,
    }
}

/// The identity file that is decided on. Whoever looks at one, or takes it, has not acted yet.
fn file(action: &KycAction) -> Option<KycFileId> {
    match action {
        KycAction::RequestMore { file, .. }
        | KycAction::Approve { file, .. }
        | KycAction::Reject { file, .. }
        | KycAction::Revoke { file, .. } => Some(*file),
        _ => None,
    }
}

fn movement(action: &MoneyAction) -> Option<MovementId> {
    match action {
        MoneyAction::Confirm { movement, .. }
        | MoneyAction::Acknowledge { movement, .. }
        | MoneyAction::Reverse { movement, .. }
        | MoneyAction::Approve { movement, .. }
        | MoneyAction::Reject { movement, .. }
        | MoneyAction::Cancel { movement, .. }
        | MoneyAction::Send { movement, .. }
        | MoneyAction::Complete { movement }
        | MoneyAction::Fail { movement, .. } => Some(*movement),
        _ => None,
    }
}
