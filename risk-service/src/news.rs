//! What people are to be told of: written into `admin`, where it is known who they are.

use assay_trading_types::*;

/// Raises an alarm, and has it told.
pub(crate) fn alarm(alarmed: RiskAlarmed, out: &mut Outbox) {
    let kind = match &alarmed.alarm {
        Alarm::LimitWarning(_) => Some(NoticeKind::LimitWarning),
        Alarm::RepeatBreaker => Some(NoticeKind::BreakerTripped),
        Alarm::EmergencyLimits => Some(NoticeKind::EmergencyLimits),
        Alarm::Shortfall => Some(NoticeKind::Shortfall),
        // Said to operations by who takes prices in and by who routes orders out, in the metrics and the log.
        Alarm::ReferencePrice(_) | Alarm::VenueDiffers => None,
    };
    let (firm, detail) = (alarmed.firm, Some(alarmed.detail.clone()));
    let about = about(&alarmed);
    out.emit(Topic::Accounts, alarmed.into());
    if let Some(kind) = kind {
        out.emit(Topic::Admin, NewsRaised { firm, kind, about, detail }.into());
    }
}

fn about(alarmed: &RiskAlarmed) -> String {
    let account = alarmed.account.as_ref().map(AccountId::as_str);
    let whose = account.or(alarmed.firm.as_ref().map(FirmId::as_str)).unwrap_or("house");
    let symbol = alarmed.symbol.as_ref().map(|symbol| format!(" {symbol}")).unwrap_or_default();
    match &alarmed.alarm {
        Alarm::LimitWarning(measured) => format!("{whose}{symbol} {:?}", measured.measure),
        Alarm::RepeatBreaker
        | Alarm::EmergencyLimits
        | Alarm::Shortfall
        | Alarm::ReferencePrice(_)
        | Alarm::VenueDiffers => format!("{whose}{symbol}"),
    }
}

/// Has told what a movement became, where that is news to others than who did it.
pub(crate) fn movement(before: Option<&Movement>, movement: &Movement, out: &mut Outbox) {
    let sent = |movement: &Movement| movement.external_reference.is_some();
    let before = before.map(|before| (before.status, sent(before)));
    let now = (movement.status, sent(movement));
    // Another approval, or undone later: it is where it was.
    if before == Some(now) {
        return;
    }
    use MovementStatus as S;
    let kind = match (movement.id.kind(), now) {
        (MovementKind::Deposit, (S::Completed, _)) => NoticeKind::DepositCompleted,
        (MovementKind::Deposit, (S::Failed | S::Cancelled | S::Expired, _)) => NoticeKind::DepositFailed,
        (MovementKind::Withdrawal, (S::Pending, _)) => NoticeKind::WithdrawalWaiting,
        (MovementKind::Withdrawal, (S::Processing, false)) => NoticeKind::WithdrawalApproved,
        (MovementKind::Withdrawal, (S::Processing, true)) => NoticeKind::WithdrawalSent,
        (MovementKind::Withdrawal, (S::Completed, _)) => NoticeKind::WithdrawalCompleted,
        (MovementKind::Withdrawal, (S::Failed | S::Cancelled, _)) => NoticeKind::WithdrawalFailed,
        _ => return,
    };
    let (firm, detail) = (Some(movement.firm), movement.reason.clone());
    out.emit(Topic::Admin, NewsRaised { firm, kind, about: movement.id.to_string(), detail }.into());
}

/// Has told that a switch is another.
pub(crate) fn switch(changed: &RiskSwitchChanged, firm: Option<FirmId>, out: &mut Outbox) {
    let detail = Some(format!("{:?} by {}: {}", changed.state, changed.by, changed.reason));
    let (kind, about) = (NoticeKind::SwitchSet, format!("{} {:?}", changed.scope, changed.state));
    out.emit(Topic::Admin, NewsRaised { firm, kind, about, detail }.into());
}
