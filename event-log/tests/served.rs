//! One log for several processes.

mod support;

use assay_event_log::testing::{FaultyDirectory, SplitMix};
use assay_event_log::{
    AppendError, EventLog, Granted, Lease, LogSecret, LogServer, ReadError, RemoteConfig, RemoteError,
    RemoteLog, SECRET_BYTES_MIN,
};
use assay_trading_types::{Position, Topic};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;
use support::*;

const SOON: Duration = Duration::from_millis(20);

fn served() -> LogServer {
    let (log, recovery) = open(&FaultyDirectory::new(), small());
    serve(Arc::new(log), &recovery)
}

fn ask_for(server: &LogServer, role: &str, holder: &str) -> RemoteLog {
    RemoteLog::connect(remote_config(server, holder), &Lease::Role(role.to_owned())).unwrap()
}

/// Whoever waits is granted in the end.
fn wait_for(remote: &RemoteLog) {
    assert!(matches!(remote.granted(LONG).unwrap(), Granted::Yes(_)));
}

#[test]
fn what_two_processes_append_has_one_order_that_both_see() {
    let server = served();
    let ((risk, _), (gateway, _)) = (connect_as(&server, "risk"), connect_as(&server, "gateway"));
    let mut positions = Vec::new();
    for n in 0..50 {
        positions.push(append_one(&gateway, fix(n, 10)).0);
        positions.push(append_one(&risk, tick(Topic::Accounts, n)).0);
    }
    assert_eq!(positions, (0..100).collect::<Vec<_>>());
    for log in [&risk, &gateway] {
        log.wait_durable(Position(100), LONG).unwrap();
        assert_eq!(read_all(log, 0).iter().map(|r| r.position.0).collect::<Vec<_>>(), positions);
    }
}

#[test]
fn a_role_passes_to_who_waits_when_its_holder_ends() {
    let server = served();
    let (first, _) = connect_as(&server, "risk");
    append_one(&first, tick(Topic::Accounts, 7));
    let second = ask_for(&server, "risk", "second");
    let held_by = loop {
        match second.granted(SOON).unwrap() {
            Granted::Not(Some(holder)) => break holder,
            Granted::Not(None) => {}
            Granted::Yes(_) => panic!("two hold one role"),
        }
    };
    assert_eq!(held_by, "risk");
    assert!(matches!(second.append(&mut vec![fix(1, 10)]), Err(AppendError::Poisoned(_))), "not yet");
    drop(first);
    let Granted::Yes(recovery) = second.granted(LONG).unwrap() else { panic!("nobody holds it") };
    assert_eq!((recovery.end, recovery.records), (Position(1), 1));
    assert!(!recovery.last_origins.is_news(tick(Topic::Accounts, 7).origin), "what the first one wrote");
    assert!(recovery.last_origins.is_news(tick(Topic::Accounts, 8).origin));
    assert_eq!(recovery.next_offsets.next(Topic::Accounts, 0), 1);
    assert_eq!(append_one(&second, tick(Topic::Accounts, 8)), Position(1));
}

#[test]
fn who_holds_no_role_reads_and_appends_nothing() {
    let server = served();
    let (risk, _) = connect_as(&server, "risk");
    let watcher = RemoteLog::connect(remote_config(&server, "watcher"), &Lease::None).unwrap();
    append_one(&risk, fix(0, 10));
    assert!(watcher.append(&mut vec![fix(1, 10)]).is_err());
    watcher.wait_durable(Position(1), LONG).unwrap();
    assert_eq!(read_all(&watcher, 0).len(), 1);
    assert_eq!(risk.end(), Position(1));
}

#[test]
fn a_group_too_large_is_refused_and_the_next_one_taken() {
    let server = served();
    let (log, _) = connect_as(&server, "gateway");
    let mut large = vec![fix(0, 10), fix(1, 2 << 20)];
    assert!(matches!(log.append(&mut large), Err(AppendError::TooLarge { .. })));
    assert_eq!(large.len(), 2, "nothing was taken");
    assert_eq!(append_one(&log, fix(0, 10)), Position(0));
}

#[test]
fn with_the_server_gone_all_is_refused() {
    let server = served();
    let (log, _) = connect_as(&server, "gateway");
    let mut reader = log.reader(&Topic::ALL, Position(0), false).unwrap();
    append_durable(&log, vec![fix(0, 10)]);
    drop(server);
    assert!(log.wait_durable(Position(9), LONG).is_err());
    assert!(log.poisoned().is_some());
    assert!(matches!(log.append(&mut vec![fix(1, 10)]), Err(AppendError::Poisoned(_))));
    let error = loop {
        if let Err(error) = reader.poll_wait(&mut Vec::new(), 10, SOON) {
            break error;
        }
    };
    assert!(matches!(error, ReadError::Poisoned(_)));
    assert!(matches!(log.granted(LONG), Err(RemoteError::Lost { .. })));
    assert!(log.reader(&Topic::ALL, Position(0), false).is_err());
}

#[test]
fn what_was_in_the_log_before_it_was_served_is_read_by_topic() {
    let (log, recovery) = open(&FaultyDirectory::new(), small());
    for n in 0..300 {
        append_one(&log, if n % 100 == 0 { tick(Topic::Markets, n) } else { fix(n, 200) });
    }
    log.wait_durable(Position(300), LONG).unwrap();
    let server = serve(Arc::new(log), &recovery);
    for durable_only in [false, true] {
        let (remote, _) = connect_as(&server, "execution");
        let mut reader = remote.reader(&[Topic::Markets], Position(0), durable_only).unwrap();
        let found: Vec<_> = drain(&mut *reader).iter().map(|r| r.position.0).collect();
        assert_eq!(found, [0, 100, 200]);
        assert!(reader.position() >= Position(300), "durable only: {durable_only}");
        append_one(&remote, fix(1, 10));
        assert_eq!(reader.poll(&mut Vec::new(), 9).unwrap(), 0);
    }
}

#[test]
fn a_secret_that_is_another_one_opens_nothing() {
    assert!(LogSecret::new(&[1; SECRET_BYTES_MIN - 1]).is_err());
    let server = served();
    let other = LogSecret::new(&[8; SECRET_BYTES_MIN]).unwrap();
    let config = RemoteConfig { secret: other, ..remote_config(&server, "thief") };
    let error = RemoteLog::connect(config, &Lease::None).err().expect("no way in");
    assert!(error.to_string().contains("does not know this log's secret"), "{error}");
    assert_eq!(format!("{:?}", secret()), "LogSecret");
    wait_for(&ask_for(&server, "risk", "a"));
}

/// Between the two, nothing can be read; and what is changed on its way ends the connection instead of arriving.
#[test]
fn nobody_between_reads_or_changes_anything() {
    let server = served();
    let relay = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = relay.local_addr().unwrap().to_string();
    let (seen, flip) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
    let (keeping, flipping, to) = (Arc::clone(&seen), Arc::clone(&flip), server.address());
    let relaying = std::thread::spawn(move || {
        let (mut near, _) = relay.accept().unwrap();
        let mut far = TcpStream::connect(to).unwrap();
        let (mut back, mut from) = (near.try_clone().unwrap(), far.try_clone().unwrap());
        let backwards = std::thread::spawn(move || std::io::copy(&mut from, &mut back));
        let mut bytes = [0; 4_096];
        while let Ok(count @ 1..) = near.read(&mut bytes) {
            keeping.lock().unwrap().extend_from_slice(&bytes[..count]);
            bytes[count - 1] ^= u8::from(flipping.load(Ordering::SeqCst));
            if far.write_all(&bytes[..count]).is_err() {
                break;
            }
        }
        // The server has hung up, or the client has.
        let _ = (far.shutdown(Shutdown::Both), backwards.join());
    });
    let config = RemoteConfig { address, ..remote_config(&server, "client") };
    let remote = RemoteLog::connect(config, &Lease::Role("gateway".to_owned())).unwrap();
    wait_for(&remote);
    let mut group = vec![fix(1, 300)];
    let text = group[0].value.bytes().clone();
    remote.append(&mut group).unwrap();
    let there = seen.lock().unwrap().windows(16).any(|window| window == &text[..16]);
    assert!(!there, "the message stands in clear on the wire");
    flip.store(true, Ordering::SeqCst);
    assert!(remote.append(&mut vec![fix(2, 300)]).is_err());
    let watcher = RemoteLog::connect(remote_config(&server, "watcher"), &Lease::None).unwrap();
    assert_eq!(watcher.end(), Position(1), "what was changed is not in the log");
    drop(remote);
    relaying.join().unwrap();
}

/// Whatever strangers send, the server ends their connection and goes on.
#[test]
fn garbage_ends_its_own_connection_only() {
    let server = served();
    let (log, _) = connect_as(&server, "gateway");
    let seed = 0x5eed;
    println!("seed {seed:#x}");
    let mut random = SplitMix::new(seed);
    for round in 0..200_u64 {
        let mut stream = TcpStream::connect(server.address()).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        let length = random.below(300) as usize;
        let mut bytes: Vec<u8> = (0..length).map(|_| random.below(256) as u8).collect();
        if round % 2 == 0 && bytes.len() > 5 {
            bytes[..5].copy_from_slice(&[length as u8, 0, 0, 0, 1]);
        }
        // The server may have ended the connection before it has all.
        let _ = stream.write_all(&bytes);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        assert!(answer.len() < 100, "a stranger learns nothing");
    }
    append_durable(&log, vec![fix(0, 10)]);
}

/// A driver that is given less than it asked for waits until it is woken.
#[test]
fn a_poll_gives_all_that_its_process_knows_of() {
    const RECORDS: u64 = 3_000;
    let server = served();
    let (log, _) = connect_as(&server, "gateway");
    append_durable(&log, (0..RECORDS).map(|n| fix(n, 300)).collect());
    for durable_only in [false, true] {
        let mut reader = log.reader(&[Topic::Fix], Position(0), durable_only).unwrap();
        let mut got = Vec::new();
        for wanted in [1_000, 1_000, 1_000, 0] {
            assert_eq!(reader.poll(&mut got, 1_000).unwrap(), wanted, "durable only: {durable_only}");
        }
    }
}

#[test]
fn a_reader_that_rests_loses_nothing() {
    const RECORDS: u64 = 20_000;
    let server = served();
    let (log, _) = connect_as(&server, "gateway");
    let mut reader = log.reader(&[Topic::Fix], Position(0), false).unwrap();
    for first in (0..RECORDS).step_by(500) {
        log.append(&mut (first..first + 500).map(|n| fix(n, 500)).collect()).unwrap();
    }
    let mut next = 0;
    while next < RECORDS {
        let mut got = Vec::new();
        reader.poll_wait(&mut got, 64, LONG).unwrap();
        for record in got {
            assert_eq!(record.position.0, next);
            next += 1;
        }
    }
}

/// A network that stands still when told to: connections stay, nothing passes.
struct Network {
    address: String,
    still: Arc<(Mutex<bool>, Condvar)>,
}

impl Network {
    fn before(server: &LogServer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, server) = (listener.local_addr().unwrap().to_string(), server.address());
        let still = Arc::new((Mutex::new(false), Condvar::new()));
        let gate = Arc::clone(&still);
        // Ends with the test's process: nobody connects any more.
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let server = TcpStream::connect(server).unwrap();
                for (from, to) in
                    [(client.try_clone().unwrap(), server.try_clone().unwrap()), (server, client)]
                {
                    let gate = Arc::clone(&gate);
                    std::thread::spawn(move || carry(from, to, &gate));
                }
            }
        });
        Self { address, still }
    }

    fn stand_still(&self) {
        *self.still.0.lock().unwrap() = true;
    }

    fn go_on(&self) {
        *self.still.0.lock().unwrap() = false;
        self.still.1.notify_all();
    }
}

fn carry(mut from: TcpStream, mut to: TcpStream, gate: &(Mutex<bool>, Condvar)) {
    let mut bytes = [0; 64 << 10];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        drop(gate.1.wait_while(gate.0.lock().unwrap(), |still| *still).unwrap());
        if to.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    // Either side may be gone already.
    let _ = to.shutdown(std::net::Shutdown::Both);
}

#[test]
fn a_holder_that_falls_silent_loses_its_role_and_what_it_appends_later_is_refused() {
    let server = served();
    let network = Network::before(&server);
    let config = RemoteConfig { address: network.address.clone(), ..remote_config(&server, "first") };
    let first = RemoteLog::connect(config, &Lease::Role("risk".to_owned())).unwrap();
    wait_for(&first);
    append_one(&first, tick(Topic::Accounts, 1));
    network.stand_still();
    let second = ask_for(&server, "risk", "second");
    wait_for(&second);
    append_durable(&second, vec![tick(Topic::Accounts, 2)]);
    assert!(first.wait_durable(Position(9), LONG).is_err(), "it hears nothing, so it is lost to itself");
    assert!(first.append(&mut vec![tick(Topic::Accounts, 3)]).is_err());
    network.go_on();
    assert_eq!(read_all(&second, 0).len(), 2, "nothing of the first came late");
    assert_eq!(append_one(&second, tick(Topic::Accounts, 3)), Position(2));
}
