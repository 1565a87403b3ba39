//! The roles of a node as processes of their own: any of them may die, at any moment.

use crate::PATIENCE;
use crate::instance::{Home, Server, assay, run};
use crate::keeper::{Keeper, ORDERS, REPORTS_OF_ORDER};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Instant;

/// Reports that are read before a kill: some are on their way, some orders not even decided.
const READ_BEFORE_KILL: usize = 40;

const ROLES: [&str; 5] = ["risk", "execution", "gateway", "audit", "admin"];

/// A port below those that the system gives to clients: a process that looks for the log must not meet itself there.
fn port_of_its_own() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let base = 20_000 + (std::process::id() % 500) as u16 * 20;
    (0..2_000)
        .map(|_| base + NEXT.fetch_add(1, Ordering::Relaxed))
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("a port that is free")
}

fn home() -> Home {
    let home = Home::with(&format!(
        "\n[roles]\nlog = \"127.0.0.1:{}\"\nsecret_file = \"roles.secret\"\n",
        port_of_its_own()
    ));
    let mut keys = assay(&["keys", "roles"]);
    keys.arg(home.config().with_file_name("roles.secret"));
    run(keys).assert_code(0);
    home
}

/// `assay ROLE` on `data`.
fn command(home: &Home, role: &str, data: &Path) -> Command {
    let mut command = assay(&[role]);
    command.arg("--config").arg(home.config()).arg("--data-dir").arg(data);
    command
}

/// Processes of a node, each under its role's name.
struct Processes<'a> {
    home: &'a Home,
    running: BTreeMap<&'static str, Server>,
}

impl<'a> Processes<'a> {
    /// All of them, the log last: each waits for what it needs.
    fn start(home: &'a Home) -> Self {
        let mut processes = Self { home, running: BTreeMap::new() };
        for role in ROLES {
            processes.spawn(role);
        }
        processes.spawn("log");
        for role in ROLES {
            processes.await_leading(role);
        }
        processes
    }

    fn spawn(&mut self, role: &'static str) {
        self.running.insert(role, Server::spawn(command(self.home, role, &self.home.data())));
    }

    fn get(&mut self, role: &str) -> &mut Server {
        self.running.get_mut(role).expect("it was started")
    }

    fn await_leading(&mut self, role: &str) {
        if role == "gateway" {
            self.get(role).await_listening();
        }
        self.get(role).await_line(&format!("leading {role}"));
    }

    fn kill(&mut self, role: &str) {
        self.running.remove(role).expect("it was started").kill_9();
    }

    fn gateway(&mut self) -> SocketAddr {
        self.get("gateway").address()
    }

    /// In order: nobody loses the log.
    fn stop(mut self) {
        for role in ["gateway", "admin", "execution", "risk", "audit", "log"] {
            self.running.remove(role).expect("it was started").stop();
        }
    }
}

#[test]
fn no_order_is_lost_or_doubled_whichever_role_is_killed() {
    let home = home();
    let mut processes = Processes::start(&home);
    let mut desks = [Keeper::new("CLIENT1", "1"), Keeper::new("CLIENT2", "2")];
    let mut away = true;
    for (life, victim) in ["risk", "execution", "gateway", "audit", "log", "admin"].into_iter().enumerate() {
        for desk in &mut desks {
            if away {
                desk.come_back(processes.gateway());
            }
            desk.send_orders(life);
        }
        for desk in &mut desks {
            while desk.reports.len() < life * ORDERS * REPORTS_OF_ORDER + READ_BEFORE_KILL {
                desk.take_one();
            }
        }
        processes.kill(victim);
        processes.spawn(victim);
        away = victim == "gateway" || victim == "log";
        match victim {
            "log" => ROLES.iter().for_each(|role| processes.await_leading(role)),
            _ => processes.await_leading(victim),
        }
        for desk in &mut desks {
            if away {
                desk.come_back(processes.gateway());
            }
            while desk.reports.len() < (life + 1) * ORDERS * REPORTS_OF_ORDER {
                desk.take_one();
            }
        }
        away = false;
    }
    for desk in &mut desks {
        desk.agree();
        desk.assert_each_order_once();
    }
    settle(desks, processes);
}

#[test]
fn who_stands_by_takes_over() {
    let home = home();
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
}

/// Hangs up, stops everything and holds the record against what the counterparties know.
fn settle(desks: [Keeper; 2], processes: Processes<'_>) {
    let (desks, home) = (desks.map(Keeper::hung_up), processes.home);
    processes.stop();
    home.assert_sound();
    for desk in &desks {
        desk.assert_log_agrees(home);
    }
}

#[test]
fn a_process_says_what_it_waits_for() {
    let home = home();
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

    let home = home();
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
