//! Prints how many NewOrderSingle a second one core frames, parses and validates.
//!
//! `cargo run --release -p fix-session --example parse_speed`

use assay_dictionaries::Dictionary;
use fix_session::{
    Encoder, FieldIndex, FrameLimits, Framed, Framer, Header, Profile, ValidationOptions, check_message,
};
use std::hint::black_box;
use std::time::Instant;

const RUNS: u32 = 10;
const ROUNDS: u32 = 300_000;

fn order(encoder: &mut Encoder) -> Vec<u8> {
    let header = Header {
        msg_type: b"D",
        seq_num: 123_456,
        sender_comp_id: b"CLIENT1",
        target_comp_id: b"ASSAY",
        sending_time: b"20260102-09:30:00.123",
        ..Header::default()
    };
    encoder
        .begin(&header)
        .field(1, b"FIRM1")
        .field(11, b"ORD-0000123456")
        .field(21, b"1")
        .field(38, b"100")
        .field(40, b"2")
        .field(44, b"100.25")
        .field(54, b"1")
        .field(55, b"AAPL")
        .field(59, b"0")
        .field(60, b"20260102-09:30:00.123")
        .finish()
        .to_vec()
}

/// Prints the best of several runs: what the code costs, not what else the machine did.
#[allow(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
fn measure(what: &str, mut work: impl FnMut()) {
    let mut best_ns = f64::INFINITY;
    for _ in 0..RUNS {
        let start = Instant::now();
        for _ in 0..ROUNDS {
            work();
        }
        best_ns = best_ns.min(start.elapsed().as_secs_f64() * 1e9 / f64::from(ROUNDS));
    }
    println!("{what:<28} {:6.2} million/s  {best_ns:6.1} ns", 1e3 / best_ns);
}

fn main() {
    let mut encoder = Encoder::new();
    let frame = order(&mut encoder);
    let dictionary = Dictionary::fix44();
    let options = ValidationOptions::default();
    let mut index = FieldIndex::new();
    let mut framer = Framer::new(FrameLimits::default());
    println!("NewOrderSingle of {} bytes", frame.len());
    measure("frame", || {
        assert!(matches!(framer.next(black_box(&frame)), Framed::Frame { .. }));
    });
    measure("parse", || {
        black_box(index.parse(black_box(&frame), dictionary, Profile::Strict).is_ok());
    });
    measure("parse + validate", || {
        let message = index.parse(black_box(&frame), dictionary, Profile::Strict).expect("a message");
        check_message(&message, &options).expect("a valid message");
    });
    measure("frame + parse + validate", || {
        assert!(matches!(framer.next(black_box(&frame)), Framed::Frame { .. }));
        let message = index.parse(black_box(&frame), dictionary, Profile::Strict).expect("a message");
        check_message(&message, &options).expect("a valid message");
    });
    measure("encode", || {
        black_box(order(&mut encoder));
    });
}
