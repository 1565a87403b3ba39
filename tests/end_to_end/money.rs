//! Money in and out on a node that serves: buying power, holds, two persons, and books that say the same after a crash.

use crate::back_office::{Reply, call, settled};
use crate::client::Client;
use crate::instance::{Home, Server};
use crate::session_commands::{administrators, answer, command, home, member, token, wait};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// FIRM3 begins with 1,000 USD; nothing waits for a cooling-off.
const TERMS: &str =
    "\n[[asset]]\ncode = \"USD\"\ndecimals = 2\nwithdrawal_fee = \"1\"\ncooling_off_s = 0\n\n[log]\n";

/// A firm's administrator and two persons of operations, by the files of their tokens.
struct Office {
    ada: PathBuf,
    olga: PathBuf,
    oskar: PathBuf,
}

impl Office {
    fn of(home: &Home, server: &Server) -> Self {
        let admins = administrators(home, server);
        let person = |name, role, firm| member(home, server, &admins, name, (role, firm));
        Self {
            ada: person("olive", "firm_admin", Some("FIRM3")),
            olga: person("olga", "operations", None),
            oskar: person("oskar", "operations", None),
        }
    }
}

/// What a POST answers, however long the machine takes; `key` names it once for ever.
fn ask(server: &Server, by: &Path, key: &str, path: &str, body: &Value) -> Reply {
    settled(server, &format!("/api/v1{path}"), &token(by), key, body)
}

/// What one answers that has effect.
#[track_caller]
fn post(server: &Server, by: &Path, path: &str, body: &Value) -> Value {
    let reply = ask(server, by, &path.replace('/', "."), path, body);
    serde_json::from_str(&reply.expect_success()).expect("JSON")
}

/// `available/held` of FIRM3's USD; nothing while the read model is being made.
fn funds(server: &Server, by: &Path) -> Option<String> {
    let wallet = call(server, "GET", "/api/v1/wallets/FIRM3/USD", &token(by), None).json();
    Some(format!("{}/{}", wallet["available"].as_str()?, wallet["held"].as_str()?))
}

/// Waits until the read model shows what was done.
fn await_funds(server: &Server, by: &Path, wanted: &str) {
    wait(|| (funds(server, by)? == wanted).then_some(()));
}

#[test]
fn a_confirmed_deposit_is_buying_power_at_once_and_a_crash_forgets_no_money() {
    let home = home().changed("\n[log]\n", TERMS);
    let server = home.start();
    let office = Office::of(&home, &server);
    let mut client = Client::logged_on("CLIENT3", server.address());
    client.order("a-1", "54=1|38=50|40=2|44=100|").assert_has("150=8").assert_has("103=3");

    let deposit = json!({"account": "FIRM3", "asset": "USD", "amount": "4000", "method": "bank_transfer"});
    let id = post(&server, &office.ada, "/deposits", &deposit)["id"].as_str().unwrap().to_owned();
    client.order("a-2", "54=1|38=50|40=2|44=100|").assert_has("150=8");
    let arrival = json!({"external_reference": "MT103-1"});
    let confirm = format!("/deposits/{id}/confirm");
    call(&server, "POST", &format!("/api/v1{confirm}"), &token(&office.ada), Some(&arrival)).expect(403);
    post(&server, &office.olga, &confirm, &arrival);
    client.order("a-3", "54=1|38=50|40=2|44=100|").assert_has("150=0");
    await_funds(&server, &office.ada, "0/5000");
    server.kill_9();

    let server = home.start();
    crate::back_office::once_recovered(&server, "GET", "/api/v1/auth/jwks", "", None).expect(200);
    await_funds(&server, &office.ada, "0/5000");
    ask(&server, &office.oskar, "again", &confirm, &arrival).expect(409);
    server.stop();
    home.assert_sound();
}

#[test]
fn a_withdrawal_goes_out_by_two_persons_and_the_books_come_out_by_the_command_line() {
    let home = home().changed("\n[log]\n", TERMS);
    let server = home.start();
    let office = Office::of(&home, &server);
    let bank = json!({"id": "bank", "asset": "USD", "method": "bank_transfer", "destination": "DE89370400440532013000"});
    post(&server, &office.ada, "/beneficiaries", &bank);
    let wanted = json!({"account": "FIRM3", "asset": "USD", "amount": "600", "beneficiary": "bank"});
    let id = post(&server, &office.ada, "/withdrawals", &wanted)["id"].as_str().unwrap().to_owned();
    await_funds(&server, &office.ada, "399/601");
    ask(&server, &office.ada, "again", "/withdrawals", &wanted).expect(400);
    server.kill_9();

    let server = home.start();
    crate::back_office::once_recovered(&server, "GET", "/api/v1/auth/jwks", "", None).expect(200);
    let mut client = Client::logged_on("CLIENT3", server.address());
    client.order("a-1", "54=1|38=4|40=2|44=100|").assert_has("150=8");
    let place = |verb: &str| format!("/withdrawals/{id}/{verb}");
    wait(|| {
        let path = format!("/api/v1/withdrawals/{id}");
        (call(&server, "GET", &path, &token(&office.ada), None).json()["status"] == "pending").then_some(())
    });
    post(&server, &office.olga, &place("approve"), &json!({"reason": "known"}));
    post(&server, &office.oskar, &place("send"), &json!({"external_reference": "MT103-7"}));
    post(&server, &office.oskar, &place("complete"), &json!({"reason": "bank statement"}));
    await_funds(&server, &office.ada, "399/0");

    let balance = command(&server, &office.olga, &["ledger", "trial-balance"]);
    assert!(balance.assert_code(0).stdout.contains("balanced at position"), "{balance:?}");
    let reconciled = answer(&command(&server, &office.olga, &["ledger", "reconcile"]));
    assert_eq!(reconciled["passed"], true, "{reconciled}");
    let accounts =
        command(&server, &office.olga, &["ledger", "accounts", "--code", "external:bank_transfer"]);
    assert!(accounts.assert_code(0).stdout.contains("600"), "{accounts:?}");
    let transfers = command(&server, &office.olga, &["ledger", "transfers", "client:FIRM3", "USD"]);
    assert!(transfers.assert_code(0).stdout.contains(&id), "{transfers:?}");
    let days = ["--from", "2020-01-01", "--to", "2199-12-31"];
    let statement =
        command(&server, &office.ada, &[&["ledger", "statement", "FIRM3", "USD"][..], &days].concat());
    let lines: Vec<&str> = statement.assert_code(0).stdout.lines().collect();
    assert!(lines.last().unwrap().ends_with("closing_balance,,,399"), "{lines:?}");
    command(&server, &office.ada, &["ledger", "trial-balance"]).assert_code(1);
    reports_by_the_command_line(&home, &server, &office, &id);
    server.stop_after([client]);
    home.assert_sound();
}

/// A report into a file, the same again, one for the eyes, and none for whoever may not see it.
fn reports_by_the_command_line(home: &Home, server: &Server, office: &Office, movement: &str) {
    let ever = ["--from", "2020-01-01", "--to", "2199-12-31"];
    let dir = home.config().parent().expect("a directory").to_owned();
    let (first, second) = (dir.join("journal.csv"), dir.join("again.csv"));
    let into = |file: &Path| ["--out".to_owned(), file.display().to_string()];
    let args = |more: &[&str], file: &Path| -> Vec<String> {
        more.iter().map(|arg| (*arg).to_owned()).chain(into(file)).collect()
    };
    let run = |by: &Path, args: &[String]| {
        command(server, by, &args.iter().map(String::as_str).collect::<Vec<_>>())
    };

    let journal = args(&[&["report", "journal", "--format", "csv"][..], &ever].concat(), &first);
    let made = run(&office.olga, &journal);
    let id =
        made.assert_code(0).stderr.split_whitespace().find(|word| word.starts_with("rep_")).expect("a run");
    let text = std::fs::read_to_string(&first).expect("written");
    assert!(text.starts_with("at,position,transfer,") && text.contains(movement), "{text}");
    run(&office.olga, &args(&["report", "repeat", id], &second)).assert_code(0);
    assert_eq!(std::fs::read_to_string(&second).expect("written"), text);
    let runs = command(server, &office.oskar, &["report", "runs", "--report", "journal"]);
    assert!(runs.assert_code(0).stdout.contains(id), "{runs:?}");
    let shown = command(server, &office.olga, &[&["report", "balance-sheet"][..], &ever].concat());
    assert!(shown.assert_code(0).stdout.starts_with("Balance sheet (provisional)\n"), "{shown:?}");
    assert!(shown.stderr.contains("provisional: its span was not over"), "{shown:?}");
    let list = command(server, &office.ada, &["report", "list"]);
    assert!(
        list.assert_code(0).stdout.contains("trade-blotter") && !list.stdout.contains("journal"),
        "{list:?}"
    );

    let third = dir.join("none.csv");
    run(&office.ada, &args(&["report", "journal"], &third)).assert_code(1);
    assert!(!third.exists(), "nothing half made");
}
