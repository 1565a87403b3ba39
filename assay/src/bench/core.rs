//! The pure parts, one core each: no socket, no disk.

use assay_audit::keys::{EpochKey, Keys, SigningKey};
use assay_audit::{Chains, Partition, seal};
use assay_dictionaries::Dictionary;
use assay_event_log::Record;
use assay_trading_types::*;
use fix_session::{Encoder, FieldIndex, Header, Profile, ValidationOptions, check_message};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// How long each part runs.
const RUN: Duration = Duration::from_secs(1);

/// Operations between two looks at the clock.
pub(super) const ROUND: u64 = 10_000;

/// Runs `round` (of [`ROUND`] operations) for [`RUN`] and prints operations a second beside the target.
#[allow(clippy::disallowed_methods)] // a driver: it measures
pub(super) fn measure(what: &str, target_per_s: f64, mut round: impl FnMut()) {
    round();
    let (start, mut done) = (Instant::now(), 0);
    while start.elapsed() < RUN {
        round();
        done += ROUND;
    }
    let rate = done as f64 / start.elapsed().as_secs_f64();
    println!("{what}: {:.2} million/s on one core, {:.2} of the target", rate / 1e6, rate / target_per_s);
}

/// Parse and validate a NewOrderSingle.
pub(super) fn parse() {
    let header = Header {
        msg_type: b"D",
        seq_num: 123_456,
        sender_comp_id: b"CLIENT1",
        target_comp_id: b"ASSAY",
        sending_time: b"20261121-09:30:00.123",
        ..Header::default()
    };
    let mut encoder = Encoder::new();
    encoder.begin(&header).field(1, b"FIRM1").field(11, b"ORD-0000123456").field(21, b"1").field(38, b"100");
    encoder.field(40, b"2").field(44, b"100.25").field(54, b"1").field(55, b"AAPL").field(59, b"0");
    let frame = encoder.field(60, b"20261121-09:30:00.123").finish().to_vec();
    let (mut index, options) = (FieldIndex::new(), ValidationOptions::default());
    measure("parse + validate a NewOrderSingle", 3e6, || {
        for _ in 0..ROUND {
            let message =
                index.parse(black_box(&frame), Dictionary::fix44(), Profile::Strict).expect("well formed");
            check_message(&message, &options).expect("valid");
        }
    });
}

/// Leaf and chain of records as orders make them, and a seal every 10,000.
pub(super) fn chain() {
    let records: Vec<Record> = (0..ROUND).map(record).collect();
    let initial = EpochKey::new(0, [1; 32]);
    let keys = Keys::in_memory(&initial, SigningKey::from_seed("bench", &[2; 32]));
    let mut offset = 0;
    let mut chains = Chains::new();
    let mut records = records;
    measure("leaf + chain + seal", 1e6, || {
        for record in &mut records {
            record.offset = offset;
            record.position = Position(offset);
            offset += 1;
            chains.push(record).expect("in order");
        }
        let partition = Partition { topic: Topic::Accounts, number: 0 };
        let chain = chains.get(partition).expect("has records");
        black_box(seal(partition, chain, Timestamp::default(), 0, &keys));
    });
}

fn record(offset: u64) -> Record {
    let event = ExecutionReported {
        order_id: OrderId::new(0, offset),
        exec: ExecType::New,
        terms: OrderTerms {
            cl_ord_id: ClOrdId::new(&format!("ORD{offset:010}")).expect("an id"),
            session: SessionId::new("CLIENT1/ASSAY").expect("an id"),
            firm: FirmId::new("FIRM1").expect("an id"),
            account: AccountId::new("FIRM1").expect("an id"),
            symbol: Symbol::new("AAPL").expect("an id"),
            side: Side::Buy,
            ord_type: OrdType::Limit,
            price: Price::parse("100.25").ok(),
            stop_px: None,
            qty: Qty::from_units(100 * SCALE),
            tif: TimeInForce::Day,
            conditions: None,
            carried: None,
        },
        filled: Filled::unfilled(Qty::from_units(100 * SCALE)),
        status: OrdStatus::New,
        working: None,
    };
    let event = Event::from(event);
    Record {
        position: Position(offset),
        topic: Topic::Accounts,
        partition: 0,
        offset,
        key: bytes::Bytes::from_static(b"FIRM1"),
        kind: event.kind(),
        at: Timestamp::from_ns(1_795_253_400_000_000_000),
        origin: Some(Origin::Input {
            role: Role::Execution,
            topic: Topic::Markets,
            partition: 0,
            offset,
            index: 0,
        }),
        trace: TraceId::default(),
        actor: Actor::new("session:CLIENT1/ASSAY").expect("an actor"),
        wire: None,
        value: encode(&event).into(),
        event: None,
    }
}
