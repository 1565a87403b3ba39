//! Cancel on disconnect, and sessions as data.

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
        SessionSet {
            comp_id: CompId::new("CLIENT9").unwrap(),
            version: 1,
            settings: serde_json::json!({"comp_id": "CLIENT9", "firm": "FIRM1", "heartbeat_s": 20}),
            reason: "new desk".into(),
        }
        .into(),
        SessionSuspended {
            comp_id: CompId::new("CLIENT9").unwrap(),
            version: 2,
            suspended: true,
            reason: "on the firm's word".into(),
        }
        .into(),
        SessionNumbersSet {
            comp_id: CompId::new("CLIENT9").unwrap(),
            version: 3,
            next_in: None,
            next_out: Some(1_001),
            reason: "the counterparty lost its store".into(),
        }
        .into(),
    ]
}
