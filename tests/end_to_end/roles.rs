//! The roles of a node as processes of their own: any of them may die, at any moment.

use crate::PATIENCE;
use crate::instance::{Home, Server, assay, run};
use crate::keeper::{Keeper, ORDERS, REPORTS_OF_ORDER};
use crate::processes::{Processes, READ_BEFORE_KILL, command, home, settle, trade_through};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

#[test]
fn no_order_is_lost_or_doubled_whichever_role_is_killed() {
    let home = home("");
    let mut processes = Processes::start(&home);
    let desks = trade_through(&mut processes, &["risk", "execution", "gateway", "audit", "log", "admin"]);
    settle(desks, processes);
    home.assert_sound();
}

#[test]
fn who_stands_by_takes_over() {
    let home = home("");
    let mut processes = Processes::start(&home);
    let elsewhere = home.data().with_file_name("elsewhere");
    let mut desks = [Keeper::new("CLIENT1", "1"), Keeper::new("CLIENT2", "2")];
    for (life, role) in ["risk", "execution", "gateway"].into_iter().enumerate() {
        let mut standby = Server::spawn(command(&home, role, &elsewhere));
        standby.await_line("standing by: ");
        for desk in &mut desks {
            if life == 0 {
                desk.come_back(processes.gateway());
            }
            desk.send_orders(life);
        }
        for desk in &mut desks {
            while desk.reports.len() < life * ORDERS * REPORTS_OF_ORDER + READ_BEFORE_KILL {
                desk.take_one();
            }
        }
        processes.kill(role);
        processes.running.insert(role, standby);
        processes.await_leading(role);
        for desk in &mut desks {
            if role == "gateway" {
                desk.come_back(processes.gateway());
            }
            while desk.reports.len() < (life + 1) * ORDERS * REPORTS_OF_ORDER {
                desk.take_one();
            }
        }
    }
    for desk in &mut desks {
        desk.agree();
        desk.assert_each_order_once();
    }
    settle(desks, processes);
    home.assert_sound();
}

#[test]
#[allow(clippy::disallowed_methods, reason = "a wait needs an end")]
fn a_process_says_what_it_waits_for() {
    let home = home("");
    let mut risk = command(&home, "risk", &home.data());
    risk.args(["--health", "127.0.0.1:0"]);
    let mut risk = Server::spawn(risk);
    let health: SocketAddr = risk.await_line("admin on ").parse().expect("an address");
    risk.await_line("waiting: no log at ");
    assert!(get(health, "/healthz").starts_with("HTTP/1.1 200"), "it lives");
    let waiting = get(health, "/readyz");
    assert!(waiting.starts_with("HTTP/1.1 503") && waiting.contains("waiting: no log at"), "{waiting}");
    let log = Server::spawn(command(&home, "log", &home.data()));
    risk.await_line("leading risk");
    let deadline = Instant::now() + PATIENCE;
    while !get(health, "/readyz").starts_with("HTTP/1.1 200") {
        assert!(Instant::now() < deadline, "it never was ready");
    }
    let metrics = get(health, "/metrics");
    assert!(metrics.contains("assay_applied_records_total"), "{metrics}");
    risk.stop();
    log.stop();
}

fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("health is served");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    answer
}

#[test]
fn what_keeps_a_role_from_starting_is_one_line() {
    let without = Home::new();
    let refused = run(command(&without, "risk", &without.data()));
    assert!(refused.one_line().contains("add [roles]"), "{refused:?}");
    refused.assert_code(1);

    let home = home("");
    let secret = home.config().with_file_name("roles.secret");
    let log = Server::spawn(command(&home, "log", &home.data()));
    let mut first = Server::spawn(command(&home, "risk", &home.data()));
    first.await_line("leading risk");
    let refused = run(command(&home, "risk", &home.data()));
    assert!(refused.one_line().contains("is in use by process"), "{refused:?}");
    first.stop();
    log.stop();

    std::fs::write(&secret, "short").expect("writable");
    let refused = run(command(&home, "gateway", &home.data()));
    assert!(refused.one_line().contains("too short"), "{refused:?}");
    let mut again = assay(&["keys", "roles"]);
    again.arg(&secret);
    assert!(run(again).one_line().contains("roles.secret"), "a secret is not overwritten");
}
