//! What encoding and decoding one event of each kind costs:
//! `cargo run --release -p assay-trading-types --example event_speed`.

#[path = "../tests/samples/mod.rs"]
mod samples;

use assay_trading_types::{Event, decode, encode, encode_into};
use std::hint::black_box;
use std::time::Duration;

/// Calls timed together; the best of the rounds is printed, which other load on the machine disturbs least.
const CALLS_PER_ROUND: u32 = 50_000;
const ROUNDS: u32 = 7;

#[allow(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn best_ns(mut call: impl FnMut()) -> f64 {
    let round = |_| {
        let start = std::time::Instant::now();
        (0..CALLS_PER_ROUND).for_each(|_| call());
        start.elapsed()
    };
    let best = (0..ROUNDS).map(round).min().unwrap_or(Duration::ZERO);
    best.as_nanos() as f64 / f64::from(CALLS_PER_ROUND)
}

fn print_row(event: &Event) {
    let json = encode(event);
    let mut out = Vec::with_capacity(json.len());
    let encode_ns = best_ns(|| {
        out.clear();
        encode_into(black_box(event), &mut out);
        black_box(&out);
    });
    let decode_ns = best_ns(|| {
        black_box(decode(event.kind(), black_box(&json)).is_ok());
    });
    println!("{:<26}{:>8}{encode_ns:>12.0}{decode_ns:>12.0}", event.kind().name(), json.len());
}

fn main() {
    println!("{:<26}{:>8}{:>12}{:>12}", "kind", "bytes", "encode ns", "decode ns");
    samples::every_event().iter().for_each(print_row);
}
