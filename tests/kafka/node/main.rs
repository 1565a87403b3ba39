//! A node over a real Kafka broker, as its users meet it: the counterparties and processes are those of tests/end_to_end.

#[path = "../../end_to_end/client.rs"]
#[allow(dead_code, reason = "a part is used here")]
mod client;
#[path = "../../end_to_end/instance.rs"]
#[allow(dead_code, reason = "a part is used here")]
mod instance;
#[path = "../../end_to_end/keeper.rs"]
mod keeper;
#[path = "../../end_to_end/processes.rs"]
mod processes;
#[path = "../../end_to_end/wire.rs"]
#[allow(dead_code, reason = "a part is used here")]
mod wire;

use assay_kafka_tests::{Cluster, wait_for};
use instance::{Ended, Home, Server, assay, run};
use keeper::{Keeper, ORDERS, REPORTS_OF_ORDER};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Longest wait for anything: brokers begin slowly on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(180);

/// Reports that are read before something is killed: some are on their way, some orders not even decided.
const READ_BEFORE_KILL: usize = 40;

/// A node's home whose log is on `brokers`.
fn home(brokers: &str) -> Home {
    Home::with(&on(brokers))
}

/// The rest of `[log]`.
fn on(brokers: &str) -> String {
    format!(
        "kind = \"kafka\"\n[log.kafka]\nbrokers = \"{brokers}\"\nreplication = 1\nmin_insync_replicas = 1\n"
    )
}

/// `assay COMMAND --config FILE`, with the data directory where the command takes one.
fn command(home: &Home, words: &[&str], data_dir: bool) -> Ended {
    let mut command = assay(words);
    command.arg("--config").arg(home.config());
    if data_dir {
        command.arg("--data-dir").arg(home.data());
    }
    run(command)
}

/// Tests run one at a time: each has a Java machine and a node for two cores.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A broker with the topics of a log, and the home of a node.
fn ready() -> Option<(Cluster, Home, MutexGuard<'static, ()>)> {
    let turn = turn();
    let broker = Cluster::start()?;
    let home = home(&broker.addresses());
    command(&home, &["topics", "create"], false).assert_code(0);
    Some((broker, home, turn))
}

/// Two sides of a market, every order of which meets one of the other.
fn desks() -> [Keeper; 2] {
    [Keeper::new("CLIENT1", "1"), Keeper::new("CLIENT2", "2")]
}

fn trade(desks: &mut [Keeper; 2], server: &Server, batch: usize) {
    for desk in &mut *desks {
        desk.come_back(server.address());
        desk.send_orders(batch);
    }
    take(desks, batch * ORDERS * REPORTS_OF_ORDER + READ_BEFORE_KILL);
}

fn take(desks: &mut [Keeper; 2], reports: usize) {
    for desk in desks {
        while desk.reports.len() < reports {
            desk.take_one();
        }
    }
}

/// Everything that was asked for is there once, by the counterparties, the log, the books and the audit chain.
fn assert_sound(mut desks: [Keeper; 2], server: Server, home: &Home) {
    for desk in &mut desks {
        desk.agree();
        desk.assert_each_order_once();
    }
    server.stop();
    for words in [&["audit", "verify"][..], &["check"]] {
        command(home, words, true).assert_code(0);
    }
    for desk in &desks {
        desk.assert_log_agrees(home);
    }
}

#[test]
fn topics_are_made_and_checked_by_command() {
    let _turn = turn();
    let Some(broker) = Cluster::start() else { return };
    let home = home(&broker.addresses());
    let missing = command(&home, &["topics", "check"], false);
    missing.assert_code(1);
    assert_eq!(missing.stdout.lines().next(), Some("topic assay.fix is not there"));
    let refused = home.refused_up();
    refused.assert_code(1);
    let told = "topic assay.fix is not there; topic assay.accounts is not there";
    assert!(refused.stderr.contains(told), "{refused:?}");
    let created = command(&home, &["topics", "create"], false);
    created.assert_code(0);
    assert!(created.stdout.starts_with("created assay."), "{created:?}");
    assert!(created.stdout.ends_with("every topic is as the log needs it\n"), "{created:?}");
    command(&home, &["topics", "check"], false).assert_code(0);
}

#[test]
fn no_order_is_lost_or_doubled_when_the_node_is_killed() {
    let Some((_broker, home, _turn)) = ready() else { return };
    let mut desks = desks();
    for life in 0..2 {
        let server = home.start();
        trade(&mut desks, &server, life);
        server.kill_9();
    }
    let server = home.start();
    desks.iter_mut().for_each(|desk| desk.come_back(server.address()));
    take(&mut desks, 2 * ORDERS * REPORTS_OF_ORDER);
    assert_sound(desks, server, &home);
}

#[test]
fn no_order_is_lost_or_doubled_when_the_broker_is_killed() {
    let Some((mut broker, home, _turn)) = ready() else { return };
    let mut desks = desks();
    let server = home.start();
    for kill in 0..2 {
        if kill == 0 {
            trade(&mut desks, &server, kill);
        } else {
            desks.iter_mut().for_each(|desk| desk.send_orders(kill));
            take(&mut desks, ORDERS * REPORTS_OF_ORDER + READ_BEFORE_KILL);
        }
        broker.kill(0);
        broker.restart(0);
        take(&mut desks, (kill + 1) * ORDERS * REPORTS_OF_ORDER);
    }
    assert_sound(desks, server, &home);
}

#[test]
fn a_node_without_its_derived_data_rebuilds_them_from_the_log() {
    let Some((_broker, home, _turn)) = ready() else { return };
    let mut desks = desks();
    let server = home.start();
    trade(&mut desks, &server, 0);
    take(&mut desks, ORDERS * REPORTS_OF_ORDER);
    server.stop();
    // Keys are secrets, not derived: they stay.
    for derived in ["snapshots", "gateway", "admin", "configuration.digest"] {
        let path = home.data().join(derived);
        let _ = std::fs::remove_dir_all(&path).or_else(|_| std::fs::remove_file(&path));
        assert!(!path.exists(), "{}", path.display());
    }
    let server = home.start();
    desks.iter_mut().for_each(|desk| desk.come_back(server.address()));
    assert_sound(desks, server, &home);
}

#[test]
fn a_node_waits_for_brokers_that_come_later() {
    let Some((mut broker, home, _turn)) = ready() else { return };
    broker.kill(0);
    let starting = std::thread::scope(|scope| {
        let starting = scope.spawn(|| home.start());
        broker.restart(0);
        starting.join()
    });
    let server = starting.expect("it listens");
    let mut desks = desks();
    trade(&mut desks, &server, 0);
    take(&mut desks, ORDERS * REPORTS_OF_ORDER);
    assert_sound(desks, server, &home);
}

#[test]
fn a_node_whose_log_is_taken_over_ends() {
    let Some((_broker, home, _turn)) = ready() else { return };
    let first = home.start();
    let mut second = assay(&["up", "--config"]);
    second.arg(home.config()).arg("--data-dir").arg(home.data().join("../other"));
    std::fs::create_dir_all(home.data().join("../other")).expect("a directory");
    let refused = home.refused_up();
    refused.assert_code(1);
    assert!(refused.stderr.contains("is in use by process"), "{refused:?}");
    let second = Server::launch(second);
    let ended = first.wait();
    ended.assert_code(1);
    assert!(ended.stderr.contains("took the log assay.* over"), "{ended:?}");
    wait_for("the successor", String::new, || std::net::TcpStream::connect(second.address()).is_ok());
    second.stop();
}

#[test]
fn no_order_is_lost_or_doubled_whichever_role_over_kafka_is_killed() {
    let _turn = turn();
    let Some(broker) = Cluster::start() else { return };
    let home = processes::home(&on(&broker.addresses()));
    command(&home, &["topics", "create"], false).assert_code(0);
    let mut processes = processes::Processes::start(&home);
    let desks = processes::trade_through(&mut processes, &["log", "risk", "gateway", "execution"]);
    processes::settle(desks, processes);
    for words in [&["audit", "verify"][..], &["check"]] {
        command(&home, words, true).assert_code(0);
    }
}

#[test]
fn a_second_process_opens_the_log_when_the_first_is_gone() {
    let _turn = turn();
    let Some(broker) = Cluster::start() else { return };
    let home = processes::home(&on(&broker.addresses()));
    command(&home, &["topics", "create"], false).assert_code(0);
    let mut processes = processes::Processes::start(&home);
    let elsewhere = home.data().with_file_name("elsewhere");
    let mut second = Server::spawn(processes::command(&home, "log", &elsewhere));
    second.await_line("waiting for the turn");
    let mut desks = desks();
    trade(&mut desks, processes.get("gateway"), 0);
    processes.kill("log");
    second.await_line("serving the log on");
    processes.running.insert("log", second);
    processes::ROLES.iter().for_each(|role| processes.await_leading(role));
    desks.iter_mut().for_each(|desk| desk.come_back(processes.gateway()));
    take(&mut desks, ORDERS * REPORTS_OF_ORDER);
    for desk in &mut desks {
        desk.agree();
        desk.assert_each_order_once();
    }
    processes::settle(desks, processes);
    for words in [&["audit", "verify"][..], &["check"]] {
        command(&home, words, true).assert_code(0);
    }
}
