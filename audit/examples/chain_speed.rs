//! Records a second that one core chains, and chains and seals.
//!
//! `cargo run --release -p assay-audit --example chain_speed`
#![allow(clippy::disallowed_methods, reason = "a measurement reads the clock")]

use assay_audit::keys::{EpochKey, Keys, SigningKey};
use assay_audit::{Chains, Sealer, Store};
use assay_event_log::{EventLog, MemoryLog, MemoryLogConfig, NewRecord, Value};
use assay_trading_types::*;
use bytes::Bytes;
use std::time::{Duration, Instant};

const RECORDS: usize = 1_000_000;
const STORED: usize = 200_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let log = MemoryLog::new(MemoryLogConfig::default());
    fill(&log)?;
    let records = log.records();
    let bytes: usize = records.iter().map(|r| r.value.len()).sum();
    println!("{RECORDS} records, {} bytes of value on average", bytes / RECORDS);

    let mut chains = Chains::new();
    let began = Instant::now();
    for record in &records {
        chains.push(record)?;
    }
    report("leaf + chain + Merkle tree", RECORDS, began.elapsed());
    drop(records);

    let dir = tempfile::tempdir()?;
    let log = MemoryLog::new(MemoryLogConfig::default());
    let keys = Keys::in_memory(&EpochKey::new(0, [1; 32]), SigningKey::from_seed("speed", &[2; 32]));
    let mut sealer = Sealer::open(&log, dir.path().join("state"), keys, -1)?;
    fill(&log)?;
    let began = Instant::now();
    while sealer.turn(&log, Timestamp::from_ns(0), Duration::ZERO)? > 0 {}
    report("sealer: read + chain + seal every 10,000", RECORDS, began.elapsed());

    let mut store = Store::open(&log, &dir.path().join("audit.sqlite"))?;
    let began = Instant::now();
    while store.position().0 < STORED as u64 && store.turn(Duration::ZERO)? > 0 {}
    report("store: read + chain + row", STORED, began.elapsed());
    Ok(())
}

fn report(what: &str, records: usize, took: Duration) {
    let rate = records as f64 / took.as_secs_f64();
    println!("{what:<44} {:>6.2} million a second, {:>6.0} ns each", rate / 1e6, 1e9 / rate);
}

/// A message in, its request and its acceptance, over and over.
fn fill(log: &MemoryLog) -> Result<(), Box<dyn std::error::Error>> {
    let session = SessionId::new("CLIENT1/ASSAY")?;
    for n in 0..RECORDS as u64 {
        let request = RequestId { session, epoch: 1, seq: n + 1 };
        let (topic, wire, value) = match n % 3 {
            0 => (
                Topic::Fix,
                Some(WireHeader { direction: Direction::In, epoch: 1, seq: n, next_seq: n + 1 }),
                message(n),
            ),
            1 => (Topic::Accounts, None, requested(request, n)?),
            _ => (Topic::Markets, None, accepted(request, n)?),
        };
        let key = Bytes::from_static(b"CLIENT1/ASSAY");
        let origin = Some(Origin::Request(request));
        let actor = Actor::new("session:CLIENT1/ASSAY")?;
        let (trace, at) = (TraceId([1; 16]), Timestamp::from_ns(n as i64));
        log.append(&mut vec![NewRecord { topic, partition: 0, key, at, origin, trace, actor, wire, value }])?;
    }
    Ok(())
}

fn message(n: u64) -> Value {
    let text = format!(
        "8=FIX.4.4|9=157|35=D|34={n}|49=CLIENT1|56=ASSAY|52=20261121-09:30:00.000|11=ORDER{n}|1=FIRM1|55=AAPL|54=1|60=20261121-09:30:00.000|38=100|40=2|44=100.25|59=0|10=128|"
    );
    Value::Fix(Bytes::from(text.replace('|', "\u{1}")))
}

fn requested(request: RequestId, n: u64) -> Result<Value, IdError> {
    let terms = terms(n)?;
    let transact_time = Timestamp::from_ns(n as i64);
    Ok(Value::event(
        OrderRequested {
            request,
            terms,
            transact_time,
            poss_resend: false,
            defect: None,
            tell_pending: false,
        }
        .into(),
    ))
}

fn accepted(request: RequestId, n: u64) -> Result<Value, IdError> {
    let accepted = OrderAccepted {
        order_id: OrderId::new(0, n / 3),
        request,
        terms: terms(n)?,
        self_trade: SelfTrade::Allow,
        notional_max: None,
        limits_version: 1,
        reference_price: None,
        account_limits_version: 0,
        protection_price: None,
        measured: Vec::new(),
    };
    Ok(Value::event(accepted.into()))
}

fn terms(n: u64) -> Result<OrderTerms, IdError> {
    Ok(OrderTerms {
        cl_ord_id: ClOrdId::new(&format!("ORDER{n}"))?,
        session: SessionId::new("CLIENT1/ASSAY")?,
        firm: FirmId::new("FIRM1")?,
        account: AccountId::new("FIRM1")?,
        symbol: Symbol::new("AAPL")?,
        side: Side::Buy,
        ord_type: OrdType::Limit,
        price: Price::parse("100.25").ok(),
        stop_px: None,
        qty: Qty::parse("100").unwrap_or_default(),
        tif: TimeInForce::Day,
        conditions: None,
        carried: None,
    })
}
