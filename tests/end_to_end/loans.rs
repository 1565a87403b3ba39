//! A loan on a node that serves: applied for and decided on by the command line, kept over a crash, and its collateral sold
//! to a counterparty by an ordinary order when it is worth too little.

use crate::back_office::{call, once_recovered, settled};
use crate::client::Client;
use crate::instance::{Home, Server};
use crate::session_commands::{administrators, answer, command, home, member, token, wait};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// A firm's administrator, two loan officers and somebody of risk, by the files of their tokens.
struct Office {
    ada: PathBuf,
    lola: PathBuf,
    luis: PathBuf,
    rita: PathBuf,
}

impl Office {
    fn of(home: &Home, server: &Server) -> Self {
        let admins = administrators(home, server);
        let person = |name, role, firm| member(home, server, &admins, name, (role, firm));
        Self {
            ada: person("olive", "firm_admin", Some("FIRM1")),
            lola: person("lola", "loan_officer", None),
            luis: person("luis", "loan_officer", None),
            rita: person("rita", "risk", None),
        }
    }
}

/// What `by` reads.
fn read(server: &Server, by: &Path, path: &str) -> Value {
    call(server, "GET", &format!("/api/v1{path}"), &token(by), None).json()
}

/// Waits until something of what `path` answers is `wanted`.
#[track_caller]
fn await_field(server: &Server, by: &Path, path: &str, pointer: &str, wanted: &str) -> Value {
    wait(|| {
        let answer = read(server, by, path);
        (answer.pointer(pointer).and_then(Value::as_str) == Some(wanted)).then_some(answer)
    })
}

fn terms() -> Value {
    json!({
        "name": "Home", "currency": "USD", "decimals": 2, "amount_min": "100", "amount_max": "100000",
        "term_days": 365, "rate": "0.12", "day_count": "act365_fixed", "cycle": {"months": 1},
        "repayment": "equal_instalments", "collateral": [{"asset": "AAPL", "haircut": "0.2"}],
        "collateral_ratio": "1.5", "margin_ratio": "1.25", "liquidation_ratio": "1.1", "cure_s": 86400,
        "price_age_max_s": 86400, "grace_days": 5, "default_after_days": 30, "two_persons_above": "1000"
    })
}

/// A loan of 10,000 USD to FIRM1 against 200 AAPL at 100, by the command line.
fn lend(home: &Home, server: &Server, office: &Office) -> String {
    let file = home.data().with_file_name("terms.json");
    std::fs::write(&file, terms().to_string()).expect("writable");
    let file = file.to_str().expect("text");
    command(server, &office.lola, &["loan", "propose", "HOME", "--terms", file]).assert_code(0);
    await_field(server, &office.luis, "/loan-products/HOME", "/proposed/rate", "0.12");
    let approve = ["loan", "approve-product", "HOME", "--version", "1"];
    command(server, &office.luis, &approve).assert_code(0);
    await_field(server, &office.ada, "/loan-products/HOME", "/terms/rate", "0.12");
    let quote = command(server, &office.ada, &["loan", "quote", "HOME", "10000"]);
    assert_eq!(quote.assert_code(0).stdout.lines().count(), 14, "{quote:?}");
    let apply = ["loan", "apply", "HOME", "10000", "--account", "FIRM1", "--pledge", "AAPL=200"];
    command(server, &office.ada, &apply).assert_code(0);
    let queue = await_field(server, &office.lola, "/loans/pending", "/items/0/status", "pending");
    let loan = queue["items"][0]["id"].as_str().expect("an id").to_owned();
    command(server, &office.ada, &["loan", "approve", &loan]).assert_code(1);
    command(server, &office.lola, &["loan", "approve", &loan]).assert_code(0);
    let place = format!("/loans/{loan}");
    await_field(server, &office.lola, &place, "/status", "approved");
    command(server, &office.lola, &["loan", "disburse", &loan]).assert_code(1);
    command(server, &office.luis, &["loan", "disburse", &loan]).assert_code(0);
    await_field(server, &office.lola, &place, "/status", "active");
    loan
}

#[test]
fn collateral_worth_too_little_is_sold_to_a_counterparty_and_a_crash_forgets_no_loan() {
    let home = home();
    let server = home.start();
    let office = Office::of(&home, &server);
    let loan = lend(&home, &server, &office);
    let place = format!("/loans/{loan}");
    await_field(&server, &office.ada, "/wallets/FIRM1/AAPL", "/available", "999800");
    server.kill_9();

    let server = home.start();
    once_recovered(&server, "GET", "/api/v1/auth/jwks", "", None).expect(200);
    let shown = await_field(&server, &office.ada, &place, "/status", "active");
    assert_eq!(shown["pledges"], json!({"AAPL": "200"}));
    let mut client = Client::logged_on("CLIENT2", server.address());
    client.order("bid", "54=1|38=500|40=2|44=70|").assert_has("150=0");
    let price = json!({"price": "68.00"});
    let path = "/api/v1/instruments/AAPL/reference-price";
    let set = call(&server, "PUT", path, &token(&office.rita), Some(&price));
    set.expect_success();
    let sold = client.expect("8");
    sold.assert_has("150=F|11=bid|31=70");
    await_field(&server, &office.lola, &place, "/pledges/AAPL", &remaining(sold.value(32)));
    // What is being sold has left the pledge already; what it brought follows with the sale's own record.
    wait(|| (read(&server, &office.lola, &place)["repaid"]["principal"] != "0").then_some(()));

    let paid = json!({"amount": "20000"});
    let reply = settled(&server, &format!("/api/v1{place}/repay"), &token(&office.ada), "all", &paid);
    reply.expect(200);
    await_field(&server, &office.ada, &place, "/status", "repaid");
    let repayments = command(&server, &office.ada, &["loan", "repayments", "--loan", &loan]);
    assert_eq!(
        repayments.assert_code(0).stdout.lines().count(),
        3,
        "by the sale and by the borrower: {repayments:?}"
    );
    let list = command(&server, &office.lola, &["loan", "list", "--status", "repaid"]);
    assert!(list.assert_code(0).stdout.contains(&loan), "{list:?}");
    let shown = answer(&command(&server, &office.lola, &["loan", "show", &loan]));
    assert_eq!(shown["owed"]["total"], "0");
    server.stop_after([client]);
    home.assert_sound();
}

/// What is left of 200 after so many were sold.
fn remaining(sold: &str) -> String {
    let sold: i64 = sold.split('.').next().and_then(|whole| whole.parse().ok()).expect("a whole number");
    (200 - sold).to_string()
}
