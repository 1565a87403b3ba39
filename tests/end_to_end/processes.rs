//! The processes of one node, each a role, and counterparties that trade while they die. tests/kafka runs it too.

use crate::instance::{Home, Server, assay, run};
use crate::keeper::{Keeper, ORDERS, REPORTS_OF_ORDER};
use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU16, Ordering};

/// Reports that are read before a kill: some are on their way, some orders not even decided.
pub(crate) const READ_BEFORE_KILL: usize = 40;

pub(crate) const ROLES: [&str; 5] = ["risk", "execution", "gateway", "audit", "admin"];

/// A port below those that the system gives to clients: a process that looks for the log must not meet itself there.
pub(crate) fn port_of_its_own() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let base = 20_000 + (std::process::id() % 500) as u16 * 20;
    (0..2_000)
        .map(|_| base + NEXT.fetch_add(1, Ordering::Relaxed))
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("a port that is free")
}

/// A home with a place to meet at, and `log` about where the log is, behind `[log]`.
pub(crate) fn home(log: &str) -> Home {
    let home = Home::with(&format!(
        "{log}\n[roles]\nlog = \"127.0.0.1:{}\"\nsecret_file = \"roles.secret\"\n",
        port_of_its_own()
    ));
    let mut keys = assay(&["keys", "roles"]);
    keys.arg(home.config().with_file_name("roles.secret"));
    run(keys).assert_code(0);
    home
}

/// `assay ROLE` on `data`.
pub(crate) fn command(home: &Home, role: &str, data: &Path) -> Command {
    let mut command = assay(&[role]);
    command.arg("--config").arg(home.config()).arg("--data-dir").arg(data);
    command
}

/// Processes of a node, each under its role's name.
pub(crate) struct Processes<'a> {
    pub(crate) home: &'a Home,
    pub(crate) running: BTreeMap<&'static str, Server>,
}

impl<'a> Processes<'a> {
    /// All of them, the log last: each waits for what it needs.
    pub(crate) fn start(home: &'a Home) -> Self {
        let mut processes = Self { home, running: BTreeMap::new() };
        for role in ROLES {
            processes.spawn(role);
        }
        processes.spawn("ledger");
        processes.spawn("log");
        for role in ROLES {
            processes.await_leading(role);
        }
        processes
    }

    pub(crate) fn spawn(&mut self, role: &'static str) {
        self.running.insert(role, Server::spawn(command(self.home, role, &self.home.data())));
    }

    pub(crate) fn get(&mut self, role: &str) -> &mut Server {
        self.running.get_mut(role).expect("it was started")
    }

    pub(crate) fn await_leading(&mut self, role: &str) {
        if role == "gateway" {
            self.get(role).await_listening();
        }
        self.get(role).await_line(&format!("leading {role}"));
    }

    pub(crate) fn kill(&mut self, role: &str) {
        self.running.remove(role).expect("it was started").kill_9();
    }

    pub(crate) fn gateway(&mut self) -> SocketAddr {
        self.get("gateway").address()
    }

    /// In order: nobody loses the log.
    pub(crate) fn stop(mut self) {
        for role in ["gateway", "admin", "execution", "risk", "audit", "ledger", "log"] {
            self.running.remove(role).expect("it was started").stop();
        }
    }
}

/// Two counterparties trade while each of `victims` is killed in turn with orders in flight, and begins again.
pub(crate) fn trade_through(processes: &mut Processes<'_>, victims: &[&'static str]) -> [Keeper; 2] {
    let mut desks = [Keeper::new("CLIENT1", "1"), Keeper::new("CLIENT2", "2")];
    desks.iter_mut().for_each(|desk| desk.come_back(processes.gateway()));
    for (life, victim) in victims.iter().enumerate() {
        desks.iter_mut().for_each(|desk| desk.send_orders(life));
        take(&mut desks, life * ORDERS * REPORTS_OF_ORDER + READ_BEFORE_KILL);
        processes.kill(victim);
        processes.spawn(victim);
        match *victim {
            "log" => ROLES.iter().for_each(|role| processes.await_leading(role)),
            _ => processes.await_leading(victim),
        }
        if matches!(*victim, "gateway" | "log") {
            desks.iter_mut().for_each(|desk| desk.come_back(processes.gateway()));
        }
        take(&mut desks, (life + 1) * ORDERS * REPORTS_OF_ORDER);
    }
    for desk in &mut desks {
        desk.agree();
        desk.assert_each_order_once();
    }
    desks
}

fn take(desks: &mut [Keeper; 2], reports: usize) {
    for desk in desks {
        while desk.reports.len() < reports {
            desk.take_one();
        }
    }
}

/// Hangs up, stops everything and holds the record against what the counterparties know.
pub(crate) fn settle(desks: [Keeper; 2], processes: Processes<'_>) {
    let (desks, home) = (desks.map(Keeper::hung_up), processes.home);
    processes.stop();
    for desk in &desks {
        desk.assert_log_agrees(home);
    }
}
