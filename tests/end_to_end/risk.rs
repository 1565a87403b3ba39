//! What risk decided, asked of a stopped node and of a running one.

use crate::client::Client;
use crate::instance::{Ended, Home, assay, run};

fn risk(home: &Home, args: &[&str]) -> Ended {
    let data = home.data();
    let data_dir = ["--data-dir", data.to_str().expect("a path in UTF-8")];
    run(assay(&[&["risk"], args, &data_dir].concat()))
}

#[test]
fn an_order_is_explained_by_limits_inputs_and_the_same_decision_made_again() {
    let home = Home::new();
    let server = home.start();
    let mut client = Client::logged_on("CLIENT1", server.address());
    let order_id = client.order("GOOD", "54=1|38=100|40=2|44=10|").value(37).to_owned();
    client.order("BAD", "54=1|38=100001|40=2|44=10|").assert_has("150=8");
    let running = risk(&home, &["explain", "BAD"]);
    server.stop_after([client]);
    running.assert_code(0);
    for words in ["firm limits, version 1", "\"order_qty_max\":\"100000\"", "reference price: 100.00"] {
        assert!(running.stdout.contains(words), "{words} in {}", running.stdout);
    }
    assert!(running.stdout.contains("REFUSED LIMIT_QTY: 100001 > 100000 firm FIRM1"), "{}", running.stdout);
    assert!(running.stdout.contains("decided again from the log: the same"), "{}", running.stdout);
    for name in ["GOOD", order_id.as_str()] {
        let stopped = risk(&home, &["explain", name]);
        stopped.assert_code(0);
        assert!(stopped.stdout.contains("ACCEPTED"), "{}", stopped.stdout);
        assert!(stopped.stdout.contains("decided again from the log: the same"), "{}", stopped.stdout);
    }
    risk(&home, &["explain", "NOBODY"]).assert_code(1);
}

#[test]
fn a_review_lists_changes_and_breaches_of_its_span() {
    let home = Home::new();
    let server = home.start();
    let mut client = Client::logged_on("CLIENT1", server.address());
    client.order("BAD", "54=1|38=100001|40=2|44=10|").assert_has("150=8");
    client.order("GOOD", "54=1|38=100|40=2|44=10|").assert_has("150=0");
    server.stop_after([client]);
    let span = ["review", "--from", "2000-01-01T00:00:00Z", "--to", "2100-01-01T00:00:00Z"];
    let review = risk(&home, &span);
    review.assert_code(0);
    for words in [
        "2 orders and replaces asked for, 1 refused by a control",
        "FIRM1 LIMIT_QTY 1",
        "FIRM1 v1 configured",
    ] {
        assert!(review.stdout.contains(words), "{words} in {}", review.stdout);
    }
    let before = risk(&home, &["review", "--from", "2000-01-01T00:00:00Z", "--to", "2001-01-01T00:00:00Z"]);
    assert!(before.stdout.contains("0 orders and replaces asked for"), "{}", before.stdout);
    assert!(before.stdout.contains("changes of limits: 0"), "{}", before.stdout);
    risk(&home, &["review", "--from", "2001-01-01T00:00:00Z", "--to", "2000-01-01T00:00:00Z"]).assert_code(1);
}
