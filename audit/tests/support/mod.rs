//! A small trading day in a log, and an audit over it.
#![allow(dead_code, reason = "each test uses its part")]

use assay_audit::keys::{EpochKey, Keys, SigningKey, VerifyKeys};
use assay_audit::{AuditPaths, AuditService};
use assay_event_log::{EventLog, MemoryLog, MemoryLogConfig, NewRecord, ReadError, Record, Value};
use assay_trading_types::*;
use bytes::Bytes;
use std::path::Path;

pub(crate) const S: i64 = 1_000_000_000;
pub(crate) const T0: i64 = 1_795_253_400 * S; // 2026-11-21T09:30:00Z

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_ns(T0 + seconds * S)
}

pub(crate) fn initial() -> EpochKey {
    EpochKey::new(0, [7; 32])
}

pub(crate) fn signing() -> SigningKey {
    SigningKey::from_seed("assay-test", &[9; 32])
}

pub(crate) fn keys() -> Keys {
    Keys::in_memory(&initial(), signing())
}

pub(crate) fn all_keys() -> VerifyKeys {
    VerifyKeys { initial: Some(initial()), public: Some(signing().verify_key()), current: None }
}

pub(crate) fn terms(cl_ord_id: &str) -> OrderTerms {
    OrderTerms {
        cl_ord_id: ClOrdId::new(cl_ord_id).unwrap(),
        session: SessionId::new("CLIENT1/ASSAY").unwrap(),
        firm: FirmId::new("FIRM1").unwrap(),
        account: AccountId::new("FIRM1").unwrap(),
        symbol: Symbol::new("AAPL").unwrap(),
        side: Side::Buy,
        ord_type: OrdType::Limit,
        price: Some(Price::parse("100.25").unwrap()),
        stop_px: None,
        qty: Qty::parse("100").unwrap(),
        tif: TimeInForce::Day,
        conditions: None,
        carried: None,
    }
}

pub(crate) fn request(seq: u64) -> RequestId {
    RequestId { session: SessionId::new("CLIENT1/ASSAY").unwrap(), epoch: 1, seq }
}

pub(crate) fn record(topic: Topic, time: Timestamp, key: &str, value: Value) -> NewRecord {
    NewRecord {
        topic,
        partition: 0,
        key: Bytes::copy_from_slice(key.as_bytes()),
        at: time,
        origin: None,
        trace: TraceId([3; 16]),
        actor: Actor::new("session:CLIENT1/ASSAY").unwrap(),
        wire: None,
        value,
    }
}

pub(crate) fn fix(time: Timestamp, direction: Direction, seq: u64, message: &str) -> NewRecord {
    let wire = WireHeader { direction, epoch: 1, seq, next_seq: seq + 1 };
    let value = Value::Fix(Bytes::from(message.replace('|', "\u{1}")));
    NewRecord { wire: Some(wire), ..record(Topic::Fix, time, "CLIENT1/ASSAY", value) }
}

pub(crate) fn event(topic: Topic, time: Timestamp, event: impl Into<Event>) -> NewRecord {
    let event = event.into();
    let key = event.key().to_owned();
    NewRecord { origin: Some(Origin::Request(request(1))), ..record(topic, time, &key, Value::event(event)) }
}

/// The way of one order: message in, request, acceptance, posting, report, message out.
pub(crate) fn order(accounts_offset: u64, seq: u64, cl_ord_id: &str, time: Timestamp) -> Vec<NewRecord> {
    let order_id = OrderId::new(0, accounts_offset);
    let firm = FirmId::new("FIRM1").unwrap();
    vec![
        fix(
            time,
            Direction::In,
            seq,
            &format!("8=FIX.4.4|9=100|35=D|49=CLIENT1|11={cl_ord_id}|55=AAPL|38=100|10=000|"),
        ),
        event(
            Topic::Accounts,
            time,
            OrderRequested {
                request: request(seq),
                terms: terms(cl_ord_id),
                transact_time: time,
                poss_resend: false,
                defect: None,
                tell_pending: false,
            },
        ),
        event(
            Topic::Markets,
            time,
            OrderAccepted {
                order_id,
                request: request(seq),
                terms: terms(cl_ord_id),
                self_trade: SelfTrade::Allow,
                notional_max: None,
                limits_version: 1,
                reference_price: None,
                account_limits_version: 0,
                protection_price: None,
                measured: Vec::new(),
            },
        ),
        event(Topic::Ledger, time, Posted { order_id: Some(order_id), ..Posted::of(firm, Vec::new()) }),
        event(
            Topic::Accounts,
            time,
            ExecutionReported {
                order_id,
                exec: ExecType::New,
                terms: terms(cl_ord_id),
                filled: Filled::unfilled(Qty::parse("100").unwrap()),
                status: OrdStatus::New,
                working: None,
            },
        ),
        fix(
            time,
            Direction::Out,
            seq,
            &format!("8=FIX.4.4|9=90|35=8|37={order_id}|11={cl_ord_id}|17=E0|150=0|10=000|"),
        ),
    ]
}

pub(crate) fn empty_log() -> MemoryLog {
    MemoryLog::new(MemoryLogConfig::default())
}

/// A logon with a password, then `orders` orders, one a second, audited as they come and finished at the end.
pub(crate) fn audited_day(dir: &Path, orders: u64) -> MemoryLog {
    let log = empty_log();
    let mut audit = AuditService::open(&log, dir, keys()).unwrap();
    log.append(&mut vec![fix(at(0), Direction::In, 1, "8=FIX.4.4|35=A|553=me|554=hunter2|10=000|")]).unwrap();
    for n in 0..orders {
        let time = at(n as i64);
        log.append(&mut order(2 * n, n + 2, &format!("C{n}"), time)).unwrap();
        settle(&mut audit, &log, time);
    }
    audit.finish(&log, at(orders as i64)).unwrap();
    log
}

pub(crate) fn settle(audit: &mut AuditService, log: &dyn EventLog, now: Timestamp) {
    while audit.turn(log, now).unwrap() > 0 {}
}

pub(crate) fn store(dir: &Path) -> std::path::PathBuf {
    AuditPaths::below(dir).store
}

pub(crate) fn records(log: &MemoryLog) -> Vec<Record> {
    log.records().iter().map(|record| (**record).clone()).collect()
}

pub(crate) fn read(records: Vec<Record>) -> impl Iterator<Item = Result<Record, ReadError>> {
    records.into_iter().map(Ok)
}

/// Every seal of the log and where it stands.
pub(crate) fn seals(log: &MemoryLog) -> Vec<(Position, Sealed)> {
    log.records()
        .iter()
        .filter_map(|record| match &**record.event.as_ref()? {
            Event::Sealed(sealed) => Some((record.position, sealed.clone())),
            _ => None,
        })
        .collect()
}
