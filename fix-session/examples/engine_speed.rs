//! Orders in, execution reports out, through one session in memory: `cargo run --release -p fix-session --example
//! engine_speed`. Measures the engine alone: framing, parsing, validation, numbering and encoding; no sockets, no log.

use assay_dictionaries::Dictionary;
use fix_session::{
    Close, Encoder, Handler, Header, Inbound, Notice, Now, Numbers, Outbound, Queued, Reset, Role, Session,
    SessionConfig, StoreRead, Verdict,
};
use std::hint::black_box;

const ORDERS: u64 = 500_000;
const ROUNDS: u64 = 5;
/// Bytes handed in at once, as from one socket read.
const READ_BYTES: usize = 64 << 10;
const NOW: Now = Now { mono_ns: 1, utc_ns: 1_795_253_400_000_000_000 };

/// Keeps each order's ClOrdID until the answer is written, in buffers that are reused.
#[derive(Default)]
struct Desk {
    ids: Vec<u8>,
    ends: Vec<usize>,
    bytes_out: u64,
}

impl Handler for Desk {
    fn application(&mut self, inbound: &Inbound<'_>) -> Verdict {
        self.ids.extend_from_slice(inbound.message.get(11).unwrap_or_default());
        self.ends.push(self.ids.len());
        Verdict::Accepted
    }
    fn administrative(&mut self, _: &Inbound<'_>) {}
    fn outbound(&mut self, outbound: &Outbound<'_>) {
        self.bytes_out += black_box(outbound.bytes).len() as u64;
    }
    fn replayed(&mut self, _: &[u8]) {}
    fn read_store(&mut self, _: StoreRead) {}
    fn queued(&mut self, _: &Queued<'_>) {}
    fn read_queue(&mut self) {}
    fn reset(&mut self, _: Reset) {}
    fn notice(&mut self, notice: Notice<'_>) {
        if !matches!(notice, Notice::Established { .. }) {
            eprintln!("{notice:?}");
        }
    }
    fn close(&mut self, close: Close) {
        eprintln!("closed: {close:?}");
    }
}

fn main() {
    for round in 1..=ROUNDS {
        let wire = orders();
        let mut session = Session::new(
            SessionConfig::new(Role::Acceptor, "ASSAY", "CLIENT1"),
            Numbers::FIRST,
            Dictionary::fix44(),
        );
        let mut desk = Desk::default();
        session.connected(NOW, &mut desk);
        #[allow(clippy::disallowed_methods, reason = "an example that measures is a driver")]
        let start = std::time::Instant::now();
        trade(&mut session, &mut desk, &wire);
        let seconds = start.elapsed().as_secs_f64();
        assert_eq!(session.numbers().next_out, ORDERS + 2, "every order is answered");
        println!(
            "round {round}: {:.2} M orders/s in and out, {:.0} ns each, {:.0} MB out",
            ORDERS as f64 / seconds / 1e6,
            seconds * 1e9 / ORDERS as f64,
            desk.bytes_out as f64 / 1e6
        );
    }
}

fn trade(session: &mut Session, desk: &mut Desk, wire: &[u8]) {
    let mut at = 0;
    while at < wire.len() {
        let end = wire.len().min(at + READ_BYTES);
        at += session.handle_bytes(NOW, &wire[at..end], desk);
        let (ids, ends) = (std::mem::take(&mut desk.ids), std::mem::take(&mut desk.ends));
        let mut from = 0;
        for &to in &ends {
            let report = |out: &mut Encoder| write_report(out, &ids[from..to]);
            session.send(NOW, b"8", report, desk);
            from = to;
        }
        (desk.ids, desk.ends) = (ids, ends);
        desk.ids.clear();
        desk.ends.clear();
    }
}

fn write_report(out: &mut Encoder, cl_ord_id: &[u8]) {
    out.field(6, b"0").field(11, cl_ord_id).field(14, b"0").field(17, b"E-0-123456").field(37, b"O-0-123456");
    out.field(38, b"100")
        .field(39, b"0")
        .field(54, b"1")
        .field(55, b"AAPL")
        .field(150, b"0")
        .field(151, b"100");
}

fn orders() -> Vec<u8> {
    let mut wire = Vec::with_capacity(ORDERS as usize * 200);
    let mut encoder = Encoder::new();
    let header = |msg_type, seq_num| Header {
        msg_type,
        seq_num,
        sender_comp_id: b"CLIENT1",
        target_comp_id: b"ASSAY",
        sending_time: b"20261121-09:30:00.000",
        ..Header::default()
    };
    encoder.begin(&header(b"A", 1)).field(98, b"0").field(108, b"30");
    wire.extend_from_slice(encoder.finish());
    for order in 0..ORDERS {
        let id = format!("C{order}");
        encoder.begin(&header(b"D", order + 2)).field(11, id.as_bytes()).field(21, b"1").field(38, b"100");
        encoder.field(40, b"2").field(44, b"100.25").field(54, b"1").field(55, b"AAPL").field(59, b"0");
        encoder.field(60, b"20261121-09:30:00.000");
        wire.extend_from_slice(encoder.finish());
    }
    wire
}
