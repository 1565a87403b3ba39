//! Cancel on disconnect.

use super::*;

pub(super) fn disconnects() -> Vec<Event> {
    let (session, firm) = (session(), firm());
    let filter = OrderFilter { scope: Scope::Firm, accounts: vec![account()], ..OrderFilter::default() };
    vec![
        CancelOnDisconnectSet {
            session,
            firm,
            terms: DisconnectTerms { when: CancelWhen::Abnormal, ..DisconnectTerms::default() },
            filter: filter.clone(),
        }
        .into(),
        CancelOnDisconnectStarted {
            session,
            firm,
            loss: SessionLoss::Connection,
            until: Timestamp::from_ns(1_795_253_405_000_000_000),
            filter,
            keep_gt: true,
        }
        .into(),
        CancelOnDisconnectEnded { session, firm }.into(),
    ]
}
