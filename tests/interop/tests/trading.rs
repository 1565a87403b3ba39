//! One morning of two QuickFIX counterparties through `assay up`, with everything going wrong that may.

use assay_interop::{
    Bend, Connection, OrderDesk, Peer, QuickFixJ, QuickFixJPeer, QuickFixPeer, Report, Server, Side, Tape,
    limit_order, server_binary,
};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Orders a firm sends in each part of the morning.
const ORDERS_PER_PART: u32 = 200;
const QTY: u32 = 10;
/// How far numbers are bent between two connections.
const GAP: u64 = 5;

struct Part {
    buys: Vec<String>,
    sells: Vec<String>,
}

impl Part {
    fn new(number: u32) -> Self {
        let ids = |side| (0..ORDERS_PER_PART).map(|i| format!("{side}-{number}-{i}")).collect();
        Self { buys: ids("B"), sells: ids("S") }
    }

    fn ids(&self) -> Vec<String> {
        [self.buys.as_slice(), &self.sells].concat()
    }

    fn send(&self, desk: &mut dyn OrderDesk, which: std::ops::Range<u32>) {
        for i in which {
            let (buy, sell) = (&self.buys[i as usize], &self.sells[i as usize]);
            desk.send("CLIENT1", &limit_order(buy, "FIRM1", Side::Buy, QTY));
            desk.send("CLIENT2", &limit_order(sell, "FIRM2", Side::Sell, QTY));
        }
    }
}

#[test]
fn nothing_is_lost_or_doubled_for_quickfix_cpp() {
    let dir = tempfile::tempdir().unwrap();
    a_morning(&QuickFixPeer::new(dir.path()), dir.path());
}

#[test]
fn nothing_is_lost_or_doubled_for_quickfix_j() {
    let program = match QuickFixJ::build(Path::new(env!("CARGO_TARGET_TMPDIR"))) {
        Ok(program) => program,
        Err(why) => return eprintln!("skipped: {why}"),
    };
    let dir = tempfile::tempdir().unwrap();
    a_morning(&QuickFixJPeer::new(&program, dir.path()), dir.path());
}

/// Through gap, resend, reconnect, kill -9 and reset.
fn a_morning(peer: &dyn Peer, dir: &Path) {
    let mut server = Server::start(&server_binary(), dir);
    // Foreign threads keep a pointer to it for as long as they live, so it lives as long as the process.
    let tape: &'static Tape = Box::leak(Box::default());
    let parts = [Part::new(1), Part::new(2), Part::new(3), Part::new(4)];
    let plain = Connection { port: server.port(), ..Connection::default() };

    peer.connected(&plain, tape, &mut |desk| {
        parts[0].send(desk, 0..ORDERS_PER_PART);
        tape.wait_filled(&parts[0].ids());
    });

    // CLIENT1 forgets what it received and must ask again; CLIENT2 skips numbers and must be asked.
    let forgotten = last_report_seqs(&tape.reports(), "CLIENT1");
    let bends = vec![
        Bend { comp_id: "CLIENT1", skip_out: 0, expects: Some(forgotten[0]) },
        Bend { comp_id: "CLIENT2", skip_out: GAP, expects: None },
    ];
    peer.connected(&Connection { bends, ..plain.clone() }, tape, &mut |desk| {
        tape.wait_repeated("CLIENT1", &forgotten);
        tape.wait_resend_requested_by_server();
        parts[1].send(desk, 0..ORDERS_PER_PART);
        tape.wait_filled(&parts[1].ids());
    });
    let (requests_in, requests_out, gap_fills_out) = tape.session_messages();
    assert!(requests_in >= 1 && requests_out >= 1 && gap_fills_out >= 1, "no gap was made and closed");

    // The server dies with orders in flight, and more are entered while it is away.
    peer.connected(&plain, tape, &mut |desk| {
        parts[2].send(desk, 0..ORDERS_PER_PART / 2);
        tape.wait_acknowledged(&parts[2].ids(), ORDERS_PER_PART as usize / 4);
        server.kill_9();
        parts[2].send(desk, ORDERS_PER_PART / 2..ORDERS_PER_PART);
        server.restart();
        tape.wait_filled(&parts[2].ids());
    });

    // Both sides begin at 1 again.
    peer.connected(&Connection { reset: true, ..plain }, tape, &mut |desk| {
        parts[3].send(desk, 0..ORDERS_PER_PART);
        tape.wait_filled(&parts[3].ids());
    });

    assert_eq!(tape.others(), Vec::<String>::new(), "only execution reports answer good orders");
    judge(&tape.reports_once(), &parts);
}

/// Numbers of the last reports of a session, oldest first.
fn last_report_seqs(reports: &[Report], session: &str) -> Vec<u64> {
    let seqs: BTreeSet<u64> = reports.iter().filter(|r| r.session == session).map(|r| r.seq).collect();
    let last: Vec<u64> = seqs.into_iter().rev().take(GAP as usize).collect();
    last.into_iter().rev().collect()
}

/// Every ClOrdID is exactly one order, accepted once and filled whole by fills that add up.
fn judge(reports: &BTreeMap<String, Report>, parts: &[Part]) {
    let mut by_order: BTreeMap<&str, Vec<&Report>> = BTreeMap::new();
    for report in reports.values() {
        by_order.entry(&report.cl_ord_id).or_default().push(report);
    }
    let sent: BTreeSet<String> = parts.iter().flat_map(Part::ids).collect();
    assert_eq!(by_order.len(), sent.len(), "as many orders as were sent");
    let mut order_ids = BTreeSet::new();
    for id in &sent {
        let reports = by_order.get(id.as_str()).unwrap_or_else(|| panic!("{id} was never answered"));
        let orders: BTreeSet<&str> = reports.iter().map(|r| r.order_id.as_str()).collect();
        assert_eq!(orders.len(), 1, "{id} is one order: {reports:?}");
        assert!(order_ids.insert(orders.into_iter().collect::<String>()), "{id} shares an OrderID");
        assert_eq!(reports.iter().filter(|r| r.exec_type == "0").count(), 1, "{id} is accepted once");
        let fills = reports.iter().filter(|r| r.exec_type == "F");
        assert_eq!(fills.map(|r| r.last_qty).sum::<u64>(), u64::from(QTY), "{id} is filled once");
        assert_eq!(reports.iter().map(|r| r.cum_qty).max(), Some(u64::from(QTY)), "{id} counts its fills");
    }
}
