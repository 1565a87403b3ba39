//! Orders that trade at an outside venue: one node routes, another one is the broker.

use crate::client::Client;
use crate::instance::{Home, assay, run};
use crate::keeper::{Keeper, ORDERS, REPORTS_OF_ORDER};
use crate::processes::port_of_its_own;
use crate::trades::{log_out, told};
use crate::wire::utc_now;
use std::collections::BTreeMap;

/// Reports that are read before a kill: some orders are at the broker, some on their way, some not even decided.
const READ_BEFORE_KILL: usize = 40;

/// A node that is a broker for `ROUTER`, on a port that outlives it.
fn broker(port: u16) -> Home {
    Home::new()
        .changed("listen = \"127.0.0.1:0\"", &format!("listen = \"127.0.0.1:{port}\""))
        .changed("comp_id = \"CLIENT1\"", "comp_id = \"ROUTER\"")
}

/// A node that sends orders of AAPL to the broker at `port`.
fn router(port: u16) -> Home {
    let venue = format!(
        r#"
[[venue]]
name = "B1"
hosts = ["127.0.0.1:{port}"]
sender_comp_id = "ROUTER"
target_comp_id = "ASSAY"
account = "FIRM1"
wait_s = 300
"#
    );
    Home::with(&venue)
        .changed("reference_price = \"100.00\"", "reference_price = \"100.00\"\nvenues = [\"B1\"]")
}

#[test]
fn an_order_trades_is_replaced_and_cancelled_at_the_broker() {
    let port = port_of_its_own();
    let (there, here) = (broker(port), router(port));
    let (broker, router) = (there.start(), here.start());
    let mut seller = Client::logged_on("CLIENT2", broker.address());
    let mut buyer = Client::logged_on("CLIENT1", router.address());

    buyer.order("B1", "54=1|38=100|40=2|44=10|").assert_has("35=8|150=0|39=0|11=B1|38=100|14=0|151=100");
    seller.order("S1", "54=2|38=30|40=2|44=10|").assert_has("150=0|39=0");
    seller.expect("8").assert_has("150=F|39=2|32=30|31=10");
    buyer.expect("8").assert_has("150=F|39=1|11=B1|38=100|14=30|151=70|32=30|31=10");

    buyer.send("G", &format!("11=B2|41=B1|1=FIRM1|55=AAPL|54=1|60={}|38=60|40=2|44=9.5|", utc_now()));
    buyer.expect("8").assert_has("150=5|39=1|11=B2|41=B1|38=60|14=30|151=30|44=9.5");
    buyer.send("F", &format!("11=B3|41=B2|1=FIRM1|55=AAPL|54=1|60={}|38=60|", utc_now()));
    buyer.expect("8").assert_has("150=4|39=4|11=B3|41=B2|14=30|151=0");

    // Another order, whole at once.
    buyer.order("B4", "54=1|38=10|40=2|44=10|").assert_has("150=0|39=0|11=B4");
    seller.order("S2", "54=2|38=10|40=2|44=10|").assert_has("150=0|39=0");
    seller.expect("8").assert_has("150=F|39=2");
    buyer.expect("8").assert_has("150=F|39=2|11=B4|14=10|151=0");

    router.stop_after([buyer]);
    broker.stop_after([seller]);
    here.assert_sound();
    there.assert_sound();
}

#[test]
fn a_fill_that_the_broker_busts_is_undone_for_the_client() {
    let port = port_of_its_own();
    let (there, here) = (broker(port), router(port));
    let (broker, router) = (there.start(), here.start());
    let mut seller = Client::logged_on("CLIENT2", broker.address());
    let mut buyer = Client::logged_on("CLIENT1", router.address());
    buyer.order("B1", "54=1|38=100|40=2|44=10|").assert_has("35=8|150=0|39=0|11=B1|38=100|14=0|151=100");
    seller.order("S1", "54=2|38=30|40=2|44=10|").assert_has("150=0|39=0");
    let sold = seller.expect("8");
    sold.assert_has("150=F|39=2|32=30|31=10");
    let bought = buyer.expect("8");
    bought.assert_has("150=F|39=1|11=B1|14=30|151=70|32=30|31=10");

    // The broker's operations undo it, while the broker is stopped.
    log_out(&mut seller);
    broker.stop();
    let mut bust =
        assay(&["trade", "bust", "--exec-id", sold.value(17), "--by", "ann", "--approved-by", "bob"]);
    bust.args(["--reason", "wrong button", "--config"])
        .arg(there.config())
        .arg("--data-dir")
        .arg(there.data());
    run(bust).assert_code(0);
    let broker = there.start();
    let busted = buyer.expect("8");
    busted.assert_has("150=H|39=0|11=B1|38=100|14=0|151=100|32=30|31=10");
    busted.assert_has(&format!("19={}", bought.value(17)));

    // It works there as before.
    seller.connect(broker.address());
    seller.logon();
    told(&mut seller).assert_has("150=H|39=4|32=30");
    seller.order("S2", "54=2|38=100|40=2|44=10|").assert_has("150=0|39=0");
    seller.expect("8").assert_has("150=F|39=2|32=100");
    buyer.expect("8").assert_has("150=F|39=2|11=B1|14=100|151=0|32=100|31=10");
    router.stop_after([buyer]);
    broker.stop_after([seller]);
    here.assert_sound();
    there.assert_sound();
}

#[test]
fn no_routed_order_is_lost_or_doubled_when_broker_and_router_are_killed() {
    let port = port_of_its_own();
    let (there, here) = (broker(port), router(port));
    let mut broker = there.start();
    let mut router = here.start();
    let mut seller = Client::logged_on("CLIENT2", broker.address());
    seller.order("S1", &format!("54=2|38={}|40=2|44=10|", 2 * ORDERS)).assert_has("150=0|39=0");
    seller.hang_up();

    let mut buyer = Keeper::new("CLIENT1", "1");
    buyer.come_back(router.address());
    buyer.send_orders(0);
    read(&mut buyer, READ_BEFORE_KILL);
    broker.kill_9();
    broker = there.start();
    read(&mut buyer, ORDERS * REPORTS_OF_ORDER);

    buyer.send_orders(1);
    read(&mut buyer, ORDERS * REPORTS_OF_ORDER + READ_BEFORE_KILL);
    router.kill_9();
    router = here.start();
    buyer.come_back(router.address());
    read(&mut buyer, 2 * ORDERS * REPORTS_OF_ORDER);
    buyer.agree();
    buyer.assert_each_order_once();

    let buyer = buyer.hung_up();
    router.stop();
    broker.stop();
    buyer.assert_log_agrees(&here);
    assert_accepted_once(&there);
    here.assert_sound();
    there.assert_sound();
}

#[test]
fn a_venue_on_paper_fills_at_the_limit() {
    let here = Home::with("\n[[venue]]\nname = \"PAPER\"\npaper = true\nwait_s = 60\n")
        .changed("reference_price = \"100.00\"", "reference_price = \"100.00\"\nvenues = [\"PAPER\"]");
    let router = here.start();
    let mut buyer = Client::logged_on("CLIENT1", router.address());
    buyer.order("B1", "54=1|38=100|40=2|44=10|").assert_has("150=0|39=0|11=B1");
    buyer.expect("8").assert_has("150=F|39=2|11=B1|14=100|151=0|32=100|31=10");
    router.stop_after([buyer]);
    here.assert_sound();
}

#[test]
fn a_statement_of_the_venue_is_compared_and_what_differs_is_recorded_and_alarms() {
    let here = Home::with("\n[[venue]]\nname = \"PAPER\"\npaper = true\nwait_s = 60\n")
        .changed("reference_price = \"100.00\"", "reference_price = \"100.00\"\nvenues = [\"PAPER\"]");
    let router = here.start();
    let mut buyer = Client::logged_on("CLIENT1", router.address());
    let taken = buyer.order("B1", "54=1|38=100|40=2|44=10|");
    buyer.expect("8").assert_has("150=F|39=2");
    let statement = here.data().with_extension("csv");
    let compare = |row: &str, more: &[&str]| {
        std::fs::write(&statement, format!("exec_id,symbol,side,qty,price\n{row}")).expect("writable");
        let mut compare = assay(&["venue", "compare", "--venue", "PAPER", "--from", "2000-01-01T00:00:00Z"]);
        compare.args(["--to", "2100-01-01T00:00:00Z"]).args(more).arg(&statement);
        run({
            compare.arg("--config").arg(here.config()).arg("--data-dir").arg(here.data());
            compare
        })
    };
    // The paper venue's ExecID follows from the OrderID.
    let exec_id = format!("{}-1-F", taken.value(37));
    compare(&format!("{exec_id},AAPL,buy,100,10\n"), &[]).assert_code(0);
    let other = compare(&format!("{exec_id},AAPL,buy,90,10\n"), &[]);
    assert!(other.assert_code(1).stdout.contains("stated_otherwise"), "{other:?}");
    router.stop_after([buyer]);
    let missing = compare("", &["--record-by", "ann"]);
    assert!(missing.assert_code(1).stdout.contains("not_stated"), "{missing:?}");
    here.start().stop();
    let alarms =
        here.query(&["--to", "2100-01-01T00:00:00Z", "--kind", "risk.alarmed.v1", "--format", "json"]);
    assert!(alarms.assert_code(0).stdout.contains("NotStated"), "{alarms:?}");
    here.assert_sound();
}

fn read(buyer: &mut Keeper, reports: usize) {
    while buyer.reports.len() < reports {
        buyer.take_one();
    }
}

/// Every order of the router is at the broker, once, and filled once.
fn assert_accepted_once(there: &Home) {
    let answer = there.query(&["--session", "ROUTER/ASSAY", "--format", "json", "--limit", "100000"]);
    answer.assert_code(0);
    let mut counts: BTreeMap<(String, String), u32> = BTreeMap::new();
    for line in answer.stdout.lines() {
        let row: serde_json::Value = serde_json::from_str(line).expect("JSON");
        if let (Some(kind), Some(id)) = (row["kind"].as_str(), row["cl_ord_id"].as_str()) {
            *counts.entry((kind.to_owned(), id.to_owned())).or_default() += 1;
        }
    }
    let of = |kind: &str| {
        counts.iter().filter(|((found, _), _)| found == kind).map(|(_, n)| *n).collect::<Vec<_>>()
    };
    assert_eq!(of("order.accepted.v1"), vec![1; 2 * ORDERS], "each is accepted once");
    assert_eq!(of("execution.reported.v1"), vec![2; 2 * ORDERS], "new and filled");
}
