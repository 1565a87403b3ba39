//! The initiator against the gateway over real sockets: reconnects, hosts, TLS, its store and its hours.

mod desk;
mod pki;
mod seat;

use desk::{Desk as Server, field, wait};
use fix_gateway::client::{FileStore, Host, Initiator, MemoryStore, Resume, SentMessage, Store};
use fix_gateway::{Listener, Schedule, ScheduleSpec};
use fix_session::{Numbers, Reset};
use pki::Pki;
use seat::{Received, config, log_on, turn_until};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

fn client(address: SocketAddr) -> Initiator<Received> {
    Initiator::in_memory(config(address), Received::default())
}

fn stored(address: SocketAddr, path: &Path) -> Initiator<Received, FileStore> {
    let store = FileStore::open(path, "CLIENT1", "ASSAY").unwrap();
    Initiator::new(config(address), store, Received::default())
}

fn order<S: Store>(client: &mut Initiator<Received, S>, id: &str) {
    let body = desk::order(id);
    let mut fields: Vec<(u32, &str)> =
        body.split('|').filter_map(|f| f.split_once('=')).map(parsed).collect();
    fields.sort_unstable();
    client.send(b"D", |out| fields.iter().for_each(|(tag, value)| _ = out.field(*tag, value.as_bytes())));
}

fn parsed<'a>((tag, value): (&str, &'a str)) -> (u32, &'a str) {
    (tag.parse().unwrap(), value)
}

/// ClOrdIDs of the reports received.
fn reported<S: Store>(client: &mut Initiator<Received, S>) -> Vec<String> {
    let ids = client.desk().0.iter().filter_map(|m| field(m, 11));
    ids.map(str::to_owned).collect()
}

/// An address where nobody listens.
fn nobody() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// Takes connections and closes them at once.
fn closes_at_once() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || while listener.accept().is_ok() {});
    address
}

#[test]
fn c_02_it_connects_by_itself_trades_and_logs_out_for_good() {
    let server = Server::start();
    let mut client = client(server.gateway().local_addr());
    log_on(&mut client);
    order(&mut client, "a");
    client.turn(Duration::ZERO);
    server.accept_next();
    turn_until(&mut client, |client| reported(client) == ["a"]);
    client.logout();
    turn_until(&mut client, |client| client.is_logged_out() && !client.is_connected());
    (0..20).for_each(|_| client.turn(Duration::from_millis(1)));
    assert!(!client.is_connected(), "an initiator that was told to log out stays away");
    assert!(client.connect());
    log_on(&mut client);
}

#[test]
fn c_02_failed_connects_are_retried_over_the_hosts_in_order() {
    let server = Server::start();
    let hosts = [nobody(), closes_at_once(), server.gateway().local_addr()];
    let mut config = config(hosts[0]);
    config.hosts = hosts.map(Host::from).into();
    let mut client = Initiator::in_memory(config, Received::default());
    log_on(&mut client);
    assert!(client.connects_failed() >= 2, "{}", client.connects_failed());
    client.crash();
    client.connect();
    log_on(&mut client);
    order(&mut client, "a");
    client.turn(Duration::ZERO);
    server.accept_next();
    turn_until(&mut client, |client| reported(client) == ["a"]);
}

#[test]
fn c_02_l_24_a_lost_connection_is_taken_up_again_and_what_was_sent_meanwhile_follows() {
    let server = Server::start();
    let mut client = client(server.gateway().local_addr());
    log_on(&mut client);
    order(&mut client, "a");
    client.crash();
    order(&mut client, "b");
    order(&mut client, "c");
    assert_eq!(client.waiting(), 2);
    client.connect();
    turn_until(&mut client, |client| client.waiting() == 0 && server.requests().len() == 3);
    server.accept_all();
    turn_until(&mut client, |client| client.desk().0.len() == 3);
    let mut ids = reported(&mut client);
    ids.sort_unstable();
    assert_eq!(ids, ["a", "b", "c"]);
}

#[test]
fn c_02_it_survives_a_server_that_comes_back_elsewhere() {
    let server = Server::start();
    let mut client = client(server.gateway().local_addr());
    log_on(&mut client);
    order(&mut client, "a");
    client.turn(Duration::ZERO);
    server.wait_request(1);
    let log = server.crash();
    server.stop().unwrap();
    turn_until(&mut client, |client| !client.is_connected());
    let again = Server::over(log);
    again.accept_next();
    client.set_server(again.gateway().local_addr());
    client.connect();
    turn_until(&mut client, |client| reported(client) == ["a"]);
}

#[test]
fn s_13_x_04_a_new_process_continues_from_its_store_and_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("client1");
    let server = Server::start();
    let address = server.gateway().local_addr();
    let mut first = stored(address, &path);
    log_on(&mut first);
    order(&mut first, "a");
    first.turn(Duration::ZERO);
    server.wait_request(1);
    first.crash();
    order(&mut first, "b");
    first.turn(Duration::ZERO);
    drop(first);
    server.wait_down();
    server.accept_next();
    let mut second = stored(address, &path);
    assert_eq!(second.waiting(), 1, "what waited waits on");
    turn_until(&mut second, |client| reported(client) == ["a"] && server.requests().len() == 2);
    assert_eq!(desk::cl_ord_id(&server.requests()[1]), "b");
    second.logout();
    turn_until(&mut second, |client| !client.is_connected());
    drop(second);
    let resume = FileStore::open(&path, "CLIENT1", "ASSAY").unwrap().resume();
    assert_eq!((resume.numbers.epoch, resume.waiting.len()), (1, 0));
    let mut third = stored(address, &path);
    log_on(&mut third);
}

#[test]
fn r_01_what_the_server_lost_is_sent_again_from_the_store() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start();
    let mut client = stored(server.gateway().local_addr(), &dir.path().join("client1"));
    log_on(&mut client);
    let ids: Vec<String> = (0..700).map(|n| format!("o{n}")).collect();
    ids.iter().for_each(|id| order(&mut client, id));
    turn_until(&mut client, |_| server.requests().len() == ids.len());
    server.stop().unwrap();
    turn_until(&mut client, |client| !client.is_connected());
    // A server that knows nothing of the session: it asks for everything.
    let empty = Server::start();
    client.set_server(empty.gateway().local_addr());
    client.connect();
    turn_until(&mut client, |_| empty.requests().len() == ids.len());
    let asked: Vec<String> = empty.requests().iter().map(|r| desk::cl_ord_id(r)).collect();
    assert_eq!(asked, ids);
}

#[test]
fn c_07_under_tls_a_server_it_cannot_verify_gets_no_logon_and_the_next_host_is_tried() {
    let mut pki = Pki::new();
    pki.issue("client", "CLIENT1", &[]);
    let tls = pki.listener();
    let listen = |tls| Listener { tls: Some(tls), ..SocketAddr::from(([127, 0, 0, 1], 0)).into() };
    let server = Server::configured(|config| config.listen = vec![listen(tls)]);
    let port = server.gateway().local_addr().port();
    let host = |name: &str| Host { address: format!("127.0.0.1:{port}"), name: name.to_owned() };
    let mut config = config(server.gateway().local_addr());
    config.tls = Some(pki.client(Some("client")));
    config.hosts = vec![host("other.test")];
    let mut client = Initiator::in_memory(config.clone(), Received::default());
    turn_until(&mut client, |client| client.connects_failed() >= 3);
    assert!(server.log.records().is_empty(), "not a byte of FIX");
    config.hosts = vec![host("other.test"), host("fix.assay.test")];
    let mut client = Initiator::in_memory(config, Received::default());
    log_on(&mut client);
    order(&mut client, "a");
    client.turn(Duration::ZERO);
    server.accept_next();
    turn_until(&mut client, |client| reported(client) == ["a"]);
}

/// Six in the morning of a Saturday in UTC.
fn saturday() -> i64 {
    1_795_240_800_000_000_000
}

#[test]
fn t_02_outside_its_hours_it_does_not_connect() {
    let server = Server::start();
    let mut config = config(server.gateway().local_addr());
    let weekdays = ScheduleSpec {
        start: "00:00".to_owned(),
        end: "23:59".to_owned(),
        days: ["mon", "tue", "wed", "thu", "fri"].map(str::to_owned).into(),
        ..ScheduleSpec::default()
    };
    config.session.schedule = Some(Schedule::new(&weekdays).unwrap());
    config.utc = saturday;
    let mut client = Initiator::in_memory(config, Received::default());
    (0..20).for_each(|_| client.turn(Duration::from_millis(1)));
    assert!(!client.connect());
    assert_eq!(client.connects_failed(), 0, "it did not even try");
    assert!(server.log.records().is_empty());
}

/// A store whose disk can be taken away.
#[derive(Default)]
struct Fragile {
    kept: MemoryStore,
    broken: Arc<AtomicBool>,
}

impl Store for Fragile {
    fn resume(&self) -> Resume {
        self.kept.resume()
    }

    fn count(&mut self, next_in: u64, utc_ns: i64) -> io::Result<()> {
        self.kept.count(next_in, utc_ns)
    }

    fn keep(&mut self, sent: &SentMessage<'_>) -> io::Result<()> {
        self.kept.keep(sent)
    }

    fn wait(&mut self, message: &[u8], utc_ns: i64) -> io::Result<()> {
        self.kept.wait(message, utc_ns)
    }

    fn reset(&mut self, reset: &Reset, utc_ns: i64) -> io::Result<()> {
        self.kept.reset(reset, utc_ns)
    }

    fn sent(&self, seq: u64, out: &mut Vec<u8>) -> io::Result<()> {
        self.kept.sent(seq, out)
    }

    fn sync(&mut self) -> io::Result<()> {
        if self.broken.load(Ordering::SeqCst) { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }
}

#[test]
fn x_03_a_store_that_refuses_ends_the_connection_and_nothing_is_sent_until_it_is_cleared() {
    let server = Server::start();
    let store = Fragile::default();
    let broken = Arc::clone(&store.broken);
    let mut client = Initiator::new(config(server.gateway().local_addr()), store, Received::default());
    log_on(&mut client);
    broken.store(true, Ordering::SeqCst);
    order(&mut client, "a");
    turn_until(&mut client, |client| !client.is_connected());
    assert!(client.store_fault().is_some());
    server.wait_down();
    (0..20).for_each(|_| client.turn(Duration::from_millis(1)));
    assert!(!client.connect());
    assert!(server.requests().is_empty(), "what was not kept was not sent");
    broken.store(false, Ordering::SeqCst);
    client.clear_store();
    turn_until(&mut client, |_| server.requests().len() == 1);
}

#[test]
fn l_14_a_client_that_resets_at_logon_begins_a_new_epoch_in_its_store() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("client1");
    let server = Server::start();
    for epoch in 1..=2 {
        let mut config = config(server.gateway().local_addr());
        config.session.reset_on_logon = true;
        let store = FileStore::open(&path, "CLIENT1", "ASSAY").unwrap();
        let mut client = Initiator::new(config, store, Received::default());
        log_on(&mut client);
        client.logout();
        turn_until(&mut client, |client| !client.is_connected());
        drop(client);
        let numbers = FileStore::open(&path, "CLIENT1", "ASSAY").unwrap().resume().numbers;
        assert_eq!(numbers, Numbers { next_in: 3, next_out: 3, epoch });
    }
    wait(|| server.gateway().statistics().sessions_up() == 0);
}
