//! Records to write and ways to compare them.
#![allow(dead_code, unreachable_pub, reason = "each test file uses a part")]

use assay_event_log::testing::{FaultyDirectory, SplitMix};
use assay_event_log::{
    AppendError, EventLog, FileLog, FileLogConfig, Granted, Lease, LogSecret, LogServer, NewRecord,
    ReadError, Reader, Record, Recovery, RemoteConfig, RemoteLog, SECRET_BYTES_MIN, ToServe, Value,
};
use assay_trading_types::{
    Actor, ClockTicked, Direction, Event, Origin, Position, RequestId, Role, SessionId, Timestamp, Topic,
    TraceId, WireHeader,
};
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;

/// Longest wait for what has to come, on the slowest machine.
pub const LONG: Duration = Duration::from_secs(120);

/// Small segments, so that tests cross them often.
pub fn small() -> FileLogConfig {
    FileLogConfig { segment_bytes: 16 << 10, ..FileLogConfig::default() }
}

pub fn actor() -> Actor {
    Actor::new("session:CLIENT1/ASSAY").unwrap()
}

/// A FIX message of `bytes` bytes that says its number.
pub fn fix(n: u64, bytes: usize) -> NewRecord {
    let mut text = format!("35=D|34={n}|").into_bytes();
    text.resize(bytes.max(text.len()), b'x');
    NewRecord {
        topic: Topic::Fix,
        partition: 0,
        key: Bytes::from_static(b"CLIENT1/ASSAY"),
        at: Timestamp::from_ns(1_795_253_400_000_000_000 + n as i64),
        origin: Some(Origin::Request(RequestId {
            session: SessionId::new("CLIENT1/ASSAY").unwrap(),
            epoch: 3,
            seq: n,
        })),
        trace: TraceId([n as u8; 16]),
        actor: actor(),
        wire: Some(WireHeader { direction: Direction::In, epoch: 3, seq: n, next_seq: n + 1 }),
        value: Value::Fix(text.into()),
    }
}

/// An event of `topic`, output of risk for input offset `n`.
pub fn tick(topic: Topic, n: u64) -> NewRecord {
    let at = Timestamp::from_ns(n as i64);
    NewRecord {
        topic,
        partition: 0,
        key: Bytes::from_static(b"clock"),
        at,
        origin: Some(Origin::Input {
            role: Role::Risk,
            topic: Topic::Accounts,
            partition: 0,
            offset: n,
            index: 0,
        }),
        trace: TraceId::default(),
        actor: actor(),
        wire: None,
        value: Value::event(Event::from(ClockTicked { now: at })),
    }
}

pub fn append_one(log: &dyn EventLog, record: NewRecord) -> Position {
    log.append(&mut vec![record]).unwrap()
}

/// Appends and waits until it is durable.
pub fn append_durable(log: &dyn EventLog, records: Vec<NewRecord>) {
    let mut records = records;
    let last = log.append(&mut records).unwrap();
    let target = Position(last.0 + 1);
    assert!(log.wait_durable(target, LONG).unwrap() >= target);
}

pub fn open(disk: &FaultyDirectory, config: FileLogConfig) -> (FileLog, Recovery) {
    FileLog::open_on(Arc::new(disk.clone()), config).unwrap()
}

/// Everything a reader has now.
pub fn drain(reader: &mut dyn Reader) -> Vec<Arc<Record>> {
    let mut all = Vec::new();
    while reader.poll(&mut all, 7).unwrap() > 0 {}
    all
}

pub fn read_all(log: &dyn EventLog, from: u64) -> Vec<Arc<Record>> {
    drain(&mut *log.reader(&Topic::ALL, Position(from), false).unwrap())
}

/// A record without what only its own process has.
pub fn stored(record: &Record) -> String {
    format!("{:?}", Record { event: None, ..record.clone() })
}

pub fn all_stored(records: &[Arc<Record>]) -> Vec<String> {
    records.iter().map(|r| stored(r)).collect()
}

/// A group of one to four records of random sizes.
pub fn random_group(random: &mut SplitMix, first: u64) -> Vec<NewRecord> {
    let count = 1 + random.below(4);
    (first..first + count)
        .map(|n| match random.below(3) {
            0 => tick(Topic::Accounts, n),
            1 => tick(Topic::Markets, n),
            _ => fix(n, random.below(1500) as usize),
        })
        .collect()
}

/// A log served to this process over a socket, and its server.
pub struct ServedLog {
    pub remote: RemoteLog,
    pub server: LogServer,
}

/// What the processes of a test's log know.
pub fn secret() -> LogSecret {
    LogSecret::new(&[7; SECRET_BYTES_MIN]).unwrap()
}

/// Serves `log` on a port of its own.
pub fn serve(log: Arc<dyn EventLog>, recovery: &Recovery) -> LogServer {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    ToServe::new(log, recovery).serve(listener, secret()).unwrap()
}

/// How `holder` comes to it.
pub fn remote_config(server: &LogServer, holder: &str) -> RemoteConfig {
    RemoteConfig { address: server.address().to_string(), secret: secret(), holder: holder.to_owned() }
}

/// A connection that holds `role`.
pub fn connect_as(server: &LogServer, role: &str) -> (RemoteLog, Recovery) {
    let remote = RemoteLog::connect(remote_config(server, role), &Lease::Role(role.to_owned())).unwrap();
    match remote.granted(LONG).unwrap() {
        Granted::Yes(recovery) => (remote, *recovery),
        Granted::Not(holder) => panic!("{role} is held by {holder:?}"),
    }
}

impl ServedLog {
    pub fn of(log: Arc<dyn EventLog>, recovery: &Recovery) -> Self {
        let server = serve(log, recovery);
        Self { remote: connect_as(&server, "test").0, server }
    }
}

impl EventLog for ServedLog {
    fn append(&self, records: &mut Vec<NewRecord>) -> Result<Position, AppendError> {
        self.remote.append(records)
    }

    fn end(&self) -> Position {
        self.remote.end()
    }

    fn durable(&self) -> Position {
        self.remote.durable()
    }

    fn wait_durable(&self, target: Position, timeout: Duration) -> Result<Position, AppendError> {
        self.remote.wait_durable(target, timeout)
    }

    fn on_change(&self, topics: &[Topic], wake: Arc<dyn Fn() + Send + Sync>) {
        self.remote.on_change(topics, wake);
    }

    fn reader(&self, topics: &[Topic], from: Position, durable: bool) -> Result<Box<dyn Reader>, ReadError> {
        self.remote.reader(topics, from, durable)
    }

    fn poisoned(&self) -> Option<Arc<str>> {
        self.remote.poisoned()
    }
}
