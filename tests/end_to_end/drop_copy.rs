//! Drop copy: every report of a firm once more, on a session of its own, over restarts and crashes.

use crate::client::Client;
use crate::instance::Home;
use crate::wire::Message;
use std::net::SocketAddr;

const SESSIONS: &str = r#"
[[session]]
comp_id = "COPY1"
firm = "FIRM1"
kind = "drop_copy"

[[session]]
comp_id = "COPY1B"
firm = "FIRM1"
kind = "drop_copy"
copy = { sessions = ["NOBODY"] }

[[session]]
comp_id = "COPYALL"
firm = "FIRM2"
kind = "drop_copy"
copy = { status = true, duplicates = true }
"#;

/// What a copy must repeat of the report it copies.
fn assert_copy(copy: &Message, report: &Message, entered_by: &str) {
    for tag in [1, 6, 11, 14, 17, 31, 32, 37, 38, 39, 40, 41, 44, 54, 55, 58, 59, 60, 103, 150, 151] {
        assert_eq!(copy.get(tag), report.get(tag), "{tag}: {copy:?} of {report:?}");
    }
    copy.assert_has(&format!("797=Y|115={entered_by}"));
    assert_eq!(report.get(797), None);
}

#[test]
fn a_34_a_drop_copy_session_gets_every_8_of_its_firm_and_no_9() {
    let home = Home::with(SESSIONS);
    let server = home.start();
    let mut client = Client::logged_on("CLIENT1", server.address());
    let mut copy = Client::logged_on("COPY1", server.address());
    let mut nothing = Client::logged_on("COPY1B", server.address());

    let reports = [
        client.order("a", "54=1|38=100|40=2|44=10|"),
        client.order("bad", "54=1|38=0|40=2|44=10|"),
        client.order("a", "54=1|38=100|40=2|44=10|"),
        answer(&mut client, "H", "11=a|"),
        answer(&mut client, "F", "11=x|41=nosuch|"),
        answer(&mut client, "F", "11=c|41=a|"),
    ];
    reports[4].assert_has("35=9");
    for at in [0, 1, 5] {
        assert_copy(&copy.expect("8"), &reports[at], "CLIENT1");
    }
    copy.assert_alive();
    nothing.assert_alive();
    server.stop_after([client, copy, nothing]);
}

#[test]
fn a_34_status_answers_and_duplicates_are_copied_if_configured() {
    let home = Home::with(SESSIONS);
    let server = home.start();
    let mut client = Client::logged_on("CLIENT2", server.address());
    let mut copy = Client::logged_on("COPYALL", server.address());
    let reports = [
        client.order("a", "54=1|38=100|40=2|44=10|"),
        client.order("a", "54=1|38=100|40=2|44=10|"),
        answer(&mut client, "H", "11=a|"),
    ];
    for report in &reports {
        assert_copy(&copy.expect("8"), report, "CLIENT2");
    }
    copy.assert_alive();
    server.stop_after([client, copy]);
}

#[test]
fn a_01_a_drop_copy_session_asks_and_does_not_trade() {
    let home = Home::with(SESSIONS);
    let server = home.start();
    let mut client = Client::logged_on("CLIENT1", server.address());
    let order = client.order("a", "54=1|38=100|40=2|44=10|");
    let mut copy = Client::logged_on("COPY1B", server.address());
    copy.send("H", &format!("11=any|37={}|55=AAPL|54=1|", order.value(37)));
    copy.expect("8").assert_has("150=I|39=0|11=a|38=100|151=100");
    for msg_type in ["D", "F", "G", "q", "x"] {
        let body = match msg_type {
            "x" => "320=1|559=4|".to_owned(),
            "q" => format!("11=n|530=7|60={}|", crate::wire::utc_now()),
            _ => copy
                .order_body("n", "54=1|38=1|40=2|44=10|41=a|")
                .replace("41=a|", if msg_type == "D" { "" } else { "41=a|" }),
        };
        let body = if msg_type == "F" { body.replace("40=2|44=10|", "") } else { body };
        copy.send(msg_type, &body);
        copy.expect("j").assert_has(&format!("372={msg_type}|380=3"));
    }
    client.assert_alive();
    server.stop_after([client, copy]);
}

#[test]
fn a_35_a_drop_copy_loses_none_and_doubles_none_over_crashes() {
    let home = Home::with(SESSIONS);
    let mut copied: Vec<String> = Vec::new();
    let mut told: Vec<String> = Vec::new();
    let mut client = Client::new("CLIENT1");
    let mut copy = Client::new("COPY1");
    for round in 0..4 {
        let server = home.start();
        client.connect(server.address());
        client.logon();
        // Told while the copy session is down, then while it is up.
        told.extend(trade(&mut client, round, "down"));
        if round % 2 == 0 {
            log_on_and_catch_up(&mut copy, server.address(), &mut copied, told.len());
        }
        told.extend(trade(&mut client, round, "up"));
        if round % 2 == 0 {
            while copied.len() < told.len() {
                copied.push(copy.expect("8").assert_has("797=Y|115=CLIENT1").value(17).to_owned());
            }
            drop(copy.hang_up());
        }
        server.kill_9();
    }
    let server = home.start();
    log_on_and_catch_up(&mut copy, server.address(), &mut copied, told.len());
    assert_eq!(copied, told, "each ExecID once and in order");
    copy.assert_alive();
    server.stop_after([client, copy]);
    home.assert_sound();
}

/// Sends orders and returns the ExecIDs of their reports.
fn trade(client: &mut Client, round: u32, when: &str) -> Vec<String> {
    let order = |n: u32| format!("{when}-{round}-{n}");
    let send =
        |client: &mut Client, n: u32| client.order(&order(n), "54=1|38=100|40=2|44=10|").value(17).to_owned();
    (0..5).map(|n| send(client, n)).collect()
}

/// Logs on and takes what was told meanwhile, until `wanted` are there.
fn log_on_and_catch_up(copy: &mut Client, server: SocketAddr, copied: &mut Vec<String>, wanted: usize) {
    copy.connect(server);
    copy.send("A", "98=0|108=30|");
    let logon = copy.receive_any().expect("an answer");
    assert_eq!(logon.msg_type(), "A", "{logon:?}");
    if logon.seq() > copy.next_in() {
        let next = copy.next_in();
        copy.send("2", &format!("7={next}|16={}|", logon.seq() - 1));
    } else {
        copy.count_to(logon.seq() + 1);
    }
    while copied.len() < wanted {
        let message = copy.receive_any().expect("what was told meanwhile");
        if message.seq() > copy.next_in() {
            // The Logon itself, or what came while the gap was filled.
            copy.count_to(message.seq());
        }
        assert!(message.seq() == copy.next_in() || message.is_poss_dup(), "{message:?}");
        copy.count_to(message.seq() + 1);
        match message.msg_type() {
            "8" => copied.push(message.assert_has("797=Y|115=CLIENT1").value(17).to_owned()),
            "4" => copy.count_to(message.value(36).parse().expect("a number")),
            "1" => _ = copy.send("0", &format!("112={}|", message.value(112))),
            "0" => {}
            other => panic!("{other}: {message:?}"),
        }
    }
    copy.count_to(copy.next_in().max(logon.seq() + 1));
}

fn answer(client: &mut Client, msg_type: &str, ids: &str) -> Message {
    let rest = match msg_type {
        "H" => "55=AAPL|54=1|".to_owned(),
        _ => format!("55=AAPL|54=1|60={}|", crate::wire::utc_now()),
    };
    client.send(msg_type, &format!("{ids}{rest}"));
    client.receive()
}
