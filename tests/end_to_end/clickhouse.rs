//! A node whose audit rows go to ClickHouse. Skipped where no engine is installed (tests/clickhouse/install.sh).

use crate::PATIENCE;
use crate::client::Client;
use crate::instance::{Home, Server, run};
use crate::wire::utc_now;
use assay_clickhouse_tests::{Today, ask};
use std::time::Instant;

fn home(clickhouse: &Today) -> Home {
    Home::with(&format!(
        "[audit]\nstore = \"clickhouse\"\n[audit.clickhouse]\nurl = \"{}\"\ndatabase = \"books\"\n",
        clickhouse.url()
    ))
}

/// Buys 30 of 100 from the other side and cancels the rest; returns the buyer's OrderID.
fn trade([buyer, seller]: &mut [Client; 2], n: u32) -> String {
    let (buy, sell) = (format!("BUY-{n}"), format!("SELL-{n}"));
    let order_id = buyer.order(&buy, "54=1|38=100|40=2|44=10|").value(37).to_owned();
    seller.order(&sell, "54=2|38=30|40=2|44=10|").assert_has("150=0");
    seller.expect("8").assert_has("150=F");
    buyer.expect("8").assert_has("150=F");
    buyer.send("F", &format!("11=CXL-{n}|41={buy}|55=AAPL|54=1|60={}|", utc_now()));
    buyer.expect("8").assert_has("150=4");
    order_id
}

fn clients(server: &Server) -> [Client; 2] {
    ["CLIENT1", "CLIENT2"].map(|comp_id| Client::logged_on(comp_id, server.address()))
}

/// Waits until `sql` answers `expected`.
#[track_caller]
#[allow(clippy::disallowed_methods, reason = "waits for another process")]
fn answers(clickhouse: &Today, sql: &str, expected: &str) {
    let began = Instant::now();
    loop {
        let answer = ask(&clickhouse.url(), "books", sql);
        if answer == expected {
            return;
        }
        assert!(began.elapsed() < PATIENCE, "{sql}: {answer}, not {expected}");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

fn audit(home: &Home, args: &[&str]) -> crate::instance::Ended {
    let mut command = crate::instance::assay(&["audit"]);
    command.args(args).arg("--config").arg(home.config()).arg("--data-dir").arg(home.data());
    run(command)
}

#[test]
fn what_compliance_asks_of_clickhouse_is_what_happened_on_the_wire() {
    let Some(clickhouse) = Today::start() else { return };
    let home = home(&clickhouse);
    let server = home.start();
    let mut clients = clients(&server);
    let order_id = trade(&mut clients, 1);
    server.stop_after(clients);
    let sql = |text: &str| ask(&clickhouse.url(), "books", text);
    assert_eq!(
        sql("SELECT firm, side, last_qty, last_px FROM executions ORDER BY firm"),
        "FIRM1\tbuy\t30\t10\nFIRM2\tsell\t30\t10"
    );
    let trail = sql(&format!("SELECT kind FROM order_trail WHERE order_id = '{order_id}' ORDER BY position"));
    let mut steps = trail.lines();
    for wanted in [
        "fix.message.v1",
        "order.requested.v1",
        "ledger.posted.v1",
        "order.accepted.v1",
        "execution.reported.v1",
        "fix.message.v1",
        "cancel.requested.v1",
        "cancel.accepted.v1",
        "execution.reported.v1",
        "fix.message.v1",
    ] {
        assert!(steps.any(|kind| kind == wanted), "no {wanted} in its turn of {trail}");
    }
    assert!(
        !sql(&format!("SELECT message FROM order_trail WHERE order_id = '{order_id}'")).contains("SELL-1")
    );
    assert_eq!(
        sql("SELECT asset, sum(balance) FROM trial_balance GROUP BY asset ORDER BY asset"),
        "AAPL\t0\nUSD\t0"
    );
    assert_eq!(
        sql(
            "SELECT account, asset, balance FROM trial_balance WHERE account LIKE 'client:FIRM%' AND asset = 'AAPL' ORDER BY account"
        ),
        "client:FIRM1\tAAPL\t1000030\nclient:FIRM2\tAAPL\t999970"
    );
    let book = sql(&format!(
        "SELECT exec_type, ord_status, leaves_qty FROM order_book_of_record WHERE order_id = '{order_id}' AND kind = 'execution.reported.v1' ORDER BY position"
    ));
    assert_eq!(book, "new\tnew\t100\ntrade\tpartially_filled\t70\ncanceled\tcanceled\t0");
    let logons = "SELECT direction, epoch, msg_seq_num FROM sessions WHERE session = 'CLIENT1/ASSAY' AND msg_type = 'A' ORDER BY position";
    assert_eq!(sql(logons), "in\t1\t1\nout\t1\t1");
    assert_ne!(sql("SELECT count() FROM limit_changes WHERE firm = 'FIRM1'"), "0");
    assert_ne!(sql("SELECT count() FROM admin_actions"), "0");
    assert_ne!(sql("SELECT count() FROM seals"), "0");
    assert_eq!(sql("SELECT count() FROM gaps"), "0");
    assert_eq!(sql("SELECT count() FROM broken"), "0");

    audit(&home, &["verify"]).assert_code(0);
    let rows = audit(&home, &["query", "--order", "BUY-1", "--format", "csv"]);
    assert!(rows.assert_code(0).stdout.contains("CXL-1"));
    sql("ALTER TABLE record DELETE WHERE position = 20 SETTINGS mutations_sync = 2");
    audit(&home, &["verify"]).assert_code(1);
    audit(&home, &["rebuild"]).assert_code(0);
    audit(&home, &["verify"]).assert_code(0);
}

#[test]
fn orders_go_on_while_clickhouse_is_away_and_kills_on_either_side_double_nothing() {
    let Some(mut clickhouse) = Today::start() else { return };
    let home = home(&clickhouse);
    let mut server = home.start();
    let mut clients = clients(&server);
    for round in 0..3 {
        trade(&mut clients, 2 * round);
        clickhouse.kill();
        trade(&mut clients, 2 * round + 1);
        server.kill_9();
        clickhouse.restart();
        server = home.start();
        for client in &mut clients {
            client.connect(server.address());
            client.logon();
        }
    }
    answers(&clickhouse, "SELECT count() FROM executions", "12");
    server.stop_after(clients);
    audit(&home, &["verify"]).assert_code(0);
    assert_eq!(ask(&clickhouse.url(), "books", "SELECT count() - uniqExact(position) FROM record"), "0");
}

#[test]
fn a_clickhouse_that_cannot_serve_stops_the_start_with_one_line() {
    let Some(clickhouse) = Today::start() else { return };
    let home = home(&clickhouse);
    home.start().stop();
    std::fs::remove_dir_all(home.data()).expect("it is ours");
    let ended = home.refused_up();
    assert!(ended.one_line().contains("holds the records of log"), "{}", ended.one_line());
}
