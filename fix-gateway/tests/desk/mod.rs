//! A gateway with a firm behind it whose answers the test decides.

#![allow(dead_code, reason = "each test file uses a part of it")]

use assay_event_log::{EventLog, MemoryLog, MemoryLogConfig, NewRecord, Record, Value};
use assay_trading_types::{
    Actor, CompId, Direction, Event, ExecType, ExecutionReported, Fill, Filled, FirmId, Liquidity, OrdStatus,
    OrderId, OrderRequested, Origin, Price, Qty, Role, Timestamp, Topic, TraceId, WireHeader,
};
use bytes::Bytes;
use fix_gateway::client::Client;
use fix_gateway::{Error, GatewayConfig, Handle, SessionSpec, spawn};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How long a condition may take on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Desk {
    pub(crate) log: Arc<MemoryLog>,
    gateway: Option<Handle>,
}

impl Desk {
    pub(crate) fn start() -> Self {
        Self::over(Arc::new(MemoryLog::default()))
    }

    pub(crate) fn over(log: Arc<MemoryLog>) -> Self {
        Self::run(log, None)
    }

    pub(crate) fn with_snapshots(log: Arc<MemoryLog>, dir: &Path) -> Self {
        Self::run(log, Some(dir))
    }

    /// A desk whose gateway is configured as `change` leaves it.
    pub(crate) fn configured(change: impl FnOnce(&mut GatewayConfig)) -> Self {
        Self::configured_over(Arc::new(MemoryLog::default()), change)
    }

    pub(crate) fn configured_over(log: Arc<MemoryLog>, change: impl FnOnce(&mut GatewayConfig)) -> Self {
        let mut config = Self::config();
        change(&mut config);
        let port: Arc<dyn EventLog> = Arc::clone(&log) as Arc<dyn EventLog>;
        Self { gateway: Some(spawn(config, port).unwrap()), log }
    }

    /// Why a gateway so configured does not start.
    pub(crate) fn refused(change: impl FnOnce(&mut GatewayConfig)) -> Error {
        let mut config = Self::config();
        change(&mut config);
        spawn(config, Arc::new(MemoryLog::default())).expect_err("a configuration that is refused")
    }

    fn run(log: Arc<MemoryLog>, snapshots: Option<&Path>) -> Self {
        Self::configured_over(log, |config| config.snapshot_dir = snapshots.map(Path::to_owned))
    }

    fn config() -> GatewayConfig {
        let mut config = GatewayConfig::new("127.0.0.1:0".parse().unwrap(), CompId::new("ASSAY").unwrap());
        for (comp_id, firm) in [("CLIENT1", "FIRM1"), ("CLIENT2", "FIRM2")] {
            config.sessions.push(SessionSpec::new(CompId::new(comp_id).unwrap(), FirmId::new(firm).unwrap()));
        }
        config
    }

    pub(crate) fn gateway(&self) -> &Handle {
        self.gateway.as_ref().unwrap()
    }

    pub(crate) fn stop(mut self) -> Result<(), Error> {
        self.gateway.take().unwrap().stop()
    }

    /// What a process finds after this one died with all it appended on disk.
    pub(crate) fn crash(&self) -> Arc<MemoryLog> {
        Arc::new(self.log.crash_into(self.log.end(), MemoryLogConfig::default()))
    }

    pub(crate) fn client(&self, comp_id: &str) -> Client {
        Client::connect(self.gateway().local_addr(), comp_id, "ASSAY").unwrap()
    }

    pub(crate) fn logged_on(&self, comp_id: &str) -> Client {
        let mut client = self.client(comp_id);
        let answer = client.logon(30, false).unwrap();
        assert!(answer.contains("|35=A|"), "{answer}");
        client
    }

    pub(crate) fn records(&self, topic: Topic) -> Vec<Arc<Record>> {
        self.log.records().into_iter().filter(|r| r.topic == topic).collect()
    }

    pub(crate) fn requests(&self) -> Vec<Arc<Record>> {
        let records = self.records(Topic::Accounts).into_iter();
        records.filter(|r| matches!(r.origin, Some(Origin::Request(_)))).collect()
    }

    pub(crate) fn wait_records(&self, topic: Topic, count: usize) {
        wait(|| self.records(topic).len() >= count);
    }

    /// The request number `count` (from 1).
    pub(crate) fn wait_request(&self, count: usize) -> Arc<Record> {
        wait(|| self.requests().len() >= count);
        self.requests().remove(count - 1)
    }

    pub(crate) fn wait_queued(&self, count: usize) {
        let is_queued = |r: &Arc<Record>| r.wire.is_some_and(|w| w.direction == Direction::Queued);
        wait(|| self.records(Topic::Fix).iter().filter(|r| is_queued(r)).count() == count);
    }

    pub(crate) fn wait_down(&self) {
        wait(|| self.gateway().statistics().sessions_up() == 0);
    }

    /// Puts the first request on the book.
    pub(crate) fn accept_next(&self) {
        self.wait_request(1);
        accept(&self.log, 1);
    }

    pub(crate) fn accept_all(&self) {
        accept(&self.log, self.requests().len());
    }

    /// As [`Desk::accept_all`], past the first `count`.
    pub(crate) fn accept_from(&self, count: usize) {
        for request in &self.requests()[count..] {
            append(&self.log, request, 0, report_new(request));
        }
    }

    /// Fills part of the first order.
    pub(crate) fn fill_last(&self, qty: &str, price: &str) {
        let (qty, price) = (Qty::parse(qty).unwrap(), Price::parse(price).unwrap());
        let request = self.wait_request(1);
        let fill = Fill { trade: 1, qty, price, liquidity: Liquidity::Added, away: false };
        let mut report = report_new(&request);
        report.exec = ExecType::Trade(fill);
        report.status = OrdStatus::PartiallyFilled;
        report.filled = Filled {
            cum_qty: qty,
            leaves_qty: report.terms.qty.checked_sub(qty).unwrap(),
            notional: price.notional(qty),
        };
        append(&self.log, &request, 1, report);
    }
}

/// Puts the first `count` requests of a log on the book.
pub(crate) fn accept(log: &MemoryLog, count: usize) {
    let records = log.records();
    let requests = records.iter().filter(|r| matches!(r.origin, Some(Origin::Request(_))));
    for request in requests.take(count) {
        append(log, request, 0, report_new(request));
    }
}

fn report_new(request: &Record) -> ExecutionReported {
    let terms = asked(request).terms;
    ExecutionReported {
        order_id: OrderId::new(request.partition, request.offset),
        exec: ExecType::New,
        filled: Filled::unfilled(terms.qty),
        terms,
        status: OrdStatus::New,
        working: None,
    }
}

fn asked(request: &Record) -> OrderRequested {
    match &*request.decode().unwrap() {
        Event::OrderRequested(asked) => asked.clone(),
        other => panic!("not an order: {other:?}"),
    }
}

pub(crate) fn cl_ord_id(request: &Record) -> String {
    asked(request).terms.cl_ord_id.as_str().to_owned()
}

fn append(log: &MemoryLog, request: &Record, index: u16, report: ExecutionReported) {
    let (topic, partition, offset) = (Topic::Markets, 0, request.offset);
    let origin = Origin::Input { role: Role::Execution, topic, partition, offset, index };
    let record = NewRecord {
        topic: Topic::Accounts,
        partition: 0,
        key: Bytes::from_static(b"FIRM1"),
        at: request.at,
        origin: Some(origin),
        trace: TraceId::default(),
        actor: Actor::new("test").unwrap(),
        wire: None,
        value: Value::event(report.into()),
    };
    log.append(&mut vec![record]).unwrap();
}

/// The same log without the requests: what a journal is left with whose `accounts` lag behind it.
pub(crate) fn without_requests(log: &MemoryLog) -> Arc<MemoryLog> {
    copied(log, |record| record.topic == Topic::Fix, 0)
}

/// A log that lost what a counterparty was sent under a number.
pub(crate) fn without_sent(log: &MemoryLog, seq: u64) -> Arc<MemoryLog> {
    let lost = |wire: WireHeader| wire.direction == Direction::Out && wire.seq == seq;
    copied(log, |record| !record.wire.is_some_and(lost), 0)
}

/// The log as if everything in it had happened so many hours ago.
pub(crate) fn hours_ago(log: &MemoryLog, hours: i64) -> Arc<MemoryLog> {
    copied(log, |_| true, hours * 3_600_000_000_000)
}

fn copied(log: &MemoryLog, keeps: impl Fn(&Record) -> bool, ns_ago: i64) -> Arc<MemoryLog> {
    let kept = MemoryLog::default();
    for record in log.records().iter().filter(|r| keeps(r)) {
        let value = match record.wire {
            Some(_) => Value::Fix(record.value.clone()),
            None => Value::event((*record.decode().unwrap()).clone()),
        };
        let record = NewRecord {
            topic: record.topic,
            partition: record.partition,
            key: record.key.clone(),
            at: Timestamp::from_ns(record.at.as_ns() - ns_ago),
            origin: record.origin,
            trace: record.trace,
            actor: record.actor,
            wire: record.wire,
            value,
        };
        kept.append(&mut vec![record]).unwrap();
    }
    Arc::new(kept)
}

/// Value of a field of a message with `|` for SOH.
pub(crate) fn field(message: &str, tag: u32) -> Option<&str> {
    let prefix = format!("|{tag}=");
    let start = message.find(&prefix)? + prefix.len();
    message[start..].split('|').next()
}

/// Body of a limit order of 100 AAPL at 10.10.
pub(crate) fn order(cl_ord_id: &str) -> String {
    order_at(cl_ord_id, 0)
}

/// An order whose TransactTime is a minute before it is sent.
pub(crate) fn stale_order(cl_ord_id: &str) -> String {
    order_at(cl_ord_id, 60)
}

/// `HH:MM` UTC, an hour ago.
#[allow(clippy::disallowed_methods, reason = "a schedule is made around the present")]
pub(crate) fn an_hour_ago() -> String {
    let minutes = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() / 60 % 1_440;
    let then = (minutes + 1_380) % 1_440;
    format!("{:02}:{:02}", then / 60, then % 60)
}

/// `HH:MM:SS` UTC, so many seconds from now.
#[allow(clippy::disallowed_methods, reason = "a schedule is made around the present")]
pub(crate) fn time_in(seconds: u64) -> String {
    let then = (SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() + seconds) % 86_400;
    format!("{:02}:{:02}:{:02}", then / 3_600, then / 60 % 60, then % 60)
}

#[allow(clippy::disallowed_methods, reason = "a counterparty has a clock")]
fn order_at(cl_ord_id: &str, seconds_ago: i64) -> String {
    let ns = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as i64;
    let mut time = Vec::new();
    Timestamp::from_ns(ns - seconds_ago * 1_000_000_000).write_fix(3, &mut time);
    let time = String::from_utf8(time).unwrap();
    format!("11={cl_ord_id}|1=FIRM1|21=1|38=100|40=2|44=10.10|54=1|55=AAPL|60={time}")
}

#[allow(clippy::disallowed_methods, reason = "waiting ends by the clock when the condition never comes")]
pub(crate) fn wait(condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < PATIENCE, "condition did not come true");
        std::thread::yield_now();
    }
}
