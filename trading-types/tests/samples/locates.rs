//! Locates: asked for, decided on, given back, ended.

use super::risk_controls::operator;
use super::*;

pub(super) fn locates() -> Vec<Event> {
    let (locate, valid_until) =
        (LocateId::new("locate-17").unwrap(), Timestamp::from_ns(1_795_292_999_000_000_000));
    vec![
        LocateProposed {
            locate,
            firm: firm(),
            account: account(),
            symbol: symbol(),
            qty: qty("5000"),
            lender: "Prime Broker".into(),
            valid_until,
            reason: "easy to borrow".into(),
            command: Some(command_id()),
        }
        .into(),
        LocateDecided {
            locate,
            approved: true,
            reason: "seen the lender's mail".into(),
            command: Some(command_id()),
        }
        .into(),
        LocateReleaseRequested {
            locate,
            reason: "the lender wants it back".into(),
            command: Some(command_id()),
        }
        .into(),
        LocateGranted {
            locate,
            firm: firm(),
            account: account(),
            symbol: symbol(),
            qty: qty("5000"),
            lender: "Prime Broker".into(),
            valid_until,
            maker: operator("ann"),
            checker: operator("bob"),
            reason: "easy to borrow / seen the lender's mail".into(),
        }
        .into(),
        LocateEnded {
            locate,
            firm: firm(),
            account: account(),
            symbol: symbol(),
            cause: LocateEnd::Released,
            unused: qty("1200"),
            orders: 2,
            by: Some(operator("ann")),
            reason: "the lender wants it back".into(),
        }
        .into(),
        RiskCommandTaken { command: command_id(), subject: "locate-17".into(), by: operator("bob") }.into(),
    ]
}
