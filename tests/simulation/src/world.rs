//! A node's life by seed: traffic, turns, syncs, crashes.

use crate::auditor::Auditor;
use crate::chain::IndependentChains;
use crate::report::Report;
use crate::traffic::{Traffic, record};
use assay_audit::{Chains, TradeLookup};
use assay_event_log::{Delivery, Durability, EventLog, MemoryLog, MemoryLogConfig, NewRecord, Record, Value};
use assay_pipeline::{Pipeline, Snapshot, Stages};
use assay_trading_types::{
    CommandId, Event, ExecId, ExecType, Origin, Position, Price, SCALE, Timestamp, Topic, TradeBustRequested,
    TradeCorrectionRequested,
};
use rand::{Rng, SeedableRng, rngs::StdRng};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Steps of a run. Long enough for books to fill and several crashes, short enough for 300 seeds in CI.
const STEPS: u32 = 350;

/// Turns that a pipeline may need to come to rest; more means it feeds itself.
const TURNS_MAX: u32 = 100_000;

const START_NS: i64 = 1_795_253_400_000_000_000;
const MS: i64 = 1_000_000;
const DAY_MS: i64 = 86_400_000;

pub(crate) struct World {
    random: StdRng,
    now: Timestamp,
    log: Arc<MemoryLog>,
    pipeline: Pipeline,
    /// Another process that could take over.
    standby: Option<Pipeline>,
    traffic: Traffic,
    /// Snapshots taken by the running or earlier processes, written or not.
    snapshots: Vec<Snapshot>,
    report: Report,
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let now = Timestamp::from_ns(START_NS);
        let log = Arc::new(MemoryLog::new(config(&mut random)));
        append(&log, Traffic::opening(now));
        log.set_durable(log.end());
        let pipeline = recover(&log, None);
        let report = Report { seed, ..Report::default() };
        let (traffic, snapshots) = (Traffic::new(), Vec::new());
        Self { random, now, log, pipeline, standby: None, traffic, snapshots, report }
    }

    pub(crate) fn run(mut self) -> Report {
        for _ in 0..STEPS {
            self.step();
        }
        self.settle();
        self.judge();
        self.report
    }

    fn step(&mut self) {
        let later_ms =
            if self.random.random_range(0..150) == 0 { DAY_MS } else { self.random.random_range(0..200) };
        self.now = self.now.plus_ns(later_ms * MS);
        match self.random.random_range(0..100) {
            0..45 => self.send(),
            45..80 => self.turn(),
            80..90 => self.sync(),
            90..93 => self.snapshots.push(self.pipeline.snapshot()),
            93..95 => self.operate(),
            95..96 => self.zombie(),
            96..98 => self.hand_over(),
            _ => self.crash(),
        }
    }

    /// A burst of requests, each a group of its own as the gateway appends them.
    fn send(&mut self) {
        for _ in 0..self.random.random_range(1..6) {
            let record = self.traffic.request(&mut self.random, self.now);
            append(&self.log, vec![record]);
        }
    }

    fn turn(&mut self) {
        let now = self.random.random_range(0..4) == 0;
        let turned = self.pipeline.turn(&*self.log, now.then_some(self.now));
        self.fault_if_err(turned.map(drop));
        for (asset, debits, credits) in self.pipeline.risk().trial_balance() {
            if debits != credits {
                self.report
                    .faults
                    .push(format!("trial balance of {asset}: {debits} debit, {credits} credit"));
            }
        }
    }

    /// One stands by, sees more or less of what there is, and leads when the leader is gone, who may have seen less.
    fn hand_over(&mut self) {
        if self.standby.is_none() {
            let snapshot = self.any_snapshot().filter(|s| s.depends_on <= self.log.end());
            self.standby = Some(follow(&self.log, snapshot.as_ref()));
        }
        let Some(mut standby) = self.standby.take() else { return };
        for _ in 0..self.random.random_range(0..20) {
            let turned = standby.turn(&*self.log, None);
            self.fault_if_err(turned.map(drop));
        }
        if self.random.random() {
            self.standby = Some(standby);
            return;
        }
        self.report.handovers += 1;
        self.pipeline = match standby.lead(self.log.last_origins(), self.log.end()) {
            true => standby,
            false => recover(&self.log, None),
        };
        self.catch_up();
    }

    fn any_snapshot(&mut self) -> Option<Snapshot> {
        match self.snapshots.len() {
            0 => None,
            count => self.snapshots.get(self.random.random_range(0..=count)).cloned(),
        }
    }

    fn sync(&mut self) {
        let (durable, end) = (self.log.durable().0, self.log.end().0);
        self.log.set_durable(Position(self.random.random_range(durable..=end)));
    }

    fn operate(&mut self) {
        if self.random.random_range(0..3) == 0 {
            return self.amend_trade();
        }
        let record = self.traffic.operator(&mut self.random, self.now);
        append(&self.log, vec![record]);
    }

    /// Operations undo a trade or price it anew, by what the log says of it now; the market may be elsewhere already.
    fn amend_trade(&mut self) {
        let records = self.log.records();
        let is_fill = |record: &&Arc<Record>| match record.decode().as_deref() {
            Ok(Event::ExecutionReported(e)) => matches!(e.exec, ExecType::Trade(_)),
            _ => false,
        };
        let fills: Vec<_> = records.iter().filter(is_fill).collect();
        if fills.is_empty() {
            return;
        }
        let fill = fills[self.random.random_range(0..fills.len())];
        let mut lookup = TradeLookup::new(ExecId::new(fill.partition, fill.offset));
        for record in records.iter().filter(|r| matches!(r.topic, Topic::Accounts | Topic::Ledger)) {
            lookup.note(record, &record.decode().expect("outputs are events"));
        }
        let Some(sides) = lookup.sides() else { return };
        let (symbol, trade, reason) = (sides[0].terms.symbol, sides[0].fill.trade, "drill".to_owned());
        let cents: i64 = self.random.random_range(-20..20);
        let price = Price::from_units(sides[0].fill.price.units() + cents * (SCALE / 100));
        let named: bool = self.random.random();
        let name = format!("cmd_{:032x}", self.log.end().0);
        let command = named.then(|| CommandId::new(&name).expect("it is one"));
        let event: Event = match self.random.random() {
            true => TradeBustRequested { symbol, trade, sides, reason, command }.into(),
            false => TradeCorrectionRequested { symbol, trade, sides, price, reason, command }.into(),
        };
        let record = record(Topic::Markets, self.now, None, event);
        append(&self.log, vec![record]);
    }

    /// A process thought dead writes an output that is in the log already.
    fn zombie(&mut self) {
        let records = self.log.records();
        let again = &records[self.random.random_range(0..records.len())];
        if let Some(Origin::Input { .. }) = again.origin {
            append(&self.log, vec![copy(again)]);
            self.report.zombie_records += 1;
        }
    }

    /// Loses a random part of what is not durable, and all memory; the counterparties send again what was lost.
    fn crash(&mut self) {
        let (durable, end) = (self.log.durable(), self.log.end());
        let keep = Position(self.random.random_range(durable.0..=end.0));
        let before = IndependentChains::of(self.log.records()[..durable.0 as usize].iter().map(|r| &**r));
        self.snapshots.retain(|s| s.depends_on <= durable);
        self.log = Arc::new(self.log.crash_into(keep, config(&mut self.random)));
        let after = IndependentChains::of(self.log.records()[..durable.0 as usize].iter().map(|r| &**r));
        if before != after {
            self.report.faults.push("durable records changed in a crash".to_owned());
        }
        let snapshot = self.any_snapshot();
        self.standby = None;
        self.report.crashes += 1;
        self.report.from_snapshot += u64::from(snapshot.is_some());
        self.pipeline = recover(&self.log, snapshot.as_ref());
        self.catch_up();
        self.send_again();
    }

    fn send_again(&mut self) {
        let requests = self.log.records().into_iter().filter_map(|record| match record.origin {
            Some(Origin::Request(id)) => Some((id.session.to_string(), id.seq)),
            _ => None,
        });
        let lost = self.traffic.lost(&requests.collect::<BTreeSet<_>>());
        self.report.sent_again += lost.len() as u64;
        lost.into_iter().for_each(|record| append(&self.log, vec![record]));
    }

    /// Turns until nothing follows any more.
    fn catch_up(&mut self) {
        for _ in 0..TURNS_MAX {
            // With repeated deliveries a turn may read only what it knows: the end decides.
            let end = self.log.end();
            match self.pipeline.turn(&*self.log, None) {
                Ok(0) if self.is_at(end) => return,
                Ok(_) => {}
                Err(error) => return self.fault_if_err(Err(error)),
            }
        }
        self.report.faults.push("the pipeline does not come to rest".to_owned());
    }

    fn is_at(&self, end: Position) -> bool {
        let records = self.log.records();
        let last = records.iter().rev().find(|r| matches!(r.topic, Topic::Accounts | Topic::Markets));
        self.log.end() == end && last.is_none_or(|r| r.position < self.pipeline.position())
    }

    fn settle(&mut self) {
        self.catch_up();
        self.log.set_durable(self.log.end());
    }

    fn judge(&mut self) {
        let records = self.log.records();
        self.judge_replay();
        self.judge_chain(&records);
        let mut auditor = Auditor::default();
        records.iter().for_each(|record| auditor.read(record));
        auditor.close(&self.pipeline, self.traffic.sent());
        self.report.records = records.len() as u64;
        self.report.requests = self.traffic.sent().len() as u64;
        let report = &mut self.report;
        [report.orders, report.trades, report.refused, report.amended, report.sold_short] = auditor.counts();
        self.report.faults.extend(auditor.into_faults());
    }

    /// From nothing but the log, the same state, and not one output that the log does not hold.
    fn judge_replay(&mut self) {
        let copy = Arc::new(self.log.crash_into(self.log.end(), MemoryLogConfig::default()));
        let end = copy.end();
        let mut replay = recover(&copy, None);
        while let Ok(1..) = replay.turn(&*copy, None) {}
        if copy.end() != end {
            let more = copy.end().0 - end.0;
            self.report.faults.push(format!("a replay from nothing writes {more} more records"));
        }
        let states = [&replay, &self.pipeline].map(|p| (p.risk().snapshot(), p.execution().snapshot()));
        if states[0] != states[1] {
            self.report.faults.push("a replay from nothing gives another state".to_owned());
        }
    }

    /// The audit's chains against ours.
    fn judge_chain(&mut self, records: &[Arc<Record>]) {
        let independent = IndependentChains::of(records.iter().map(|r| &**r));
        let mut audits = Chains::new();
        for record in records {
            if let Err(error) = audits.push(record) {
                self.report.faults.push(format!("audit refuses record {}: {error}", record.position));
            }
        }
        let mut heads: Vec<_> =
            audits.iter().map(|(at, chain)| (at.topic, at.number, chain.head())).collect();
        heads.sort_unstable();
        if heads != independent.iter().collect::<Vec<_>>() {
            self.report.faults.push("the audit chain is not that of the records".to_owned());
        }
        self.report.chain_head = independent.digest();
    }

    fn fault_if_err(&mut self, result: Result<(), assay_pipeline::Error>) {
        if let Err(error) = result {
            self.report.faults.push(format!("pipeline: {error}"));
        }
    }
}

fn config(random: &mut StdRng) -> MemoryLogConfig {
    let delivery = Delivery::AtLeastOnce { seed: random.random(), repeat_one_in: 4 };
    MemoryLogConfig { durability: Durability::Manual, delivery }
}

/// Through its bytes, as a file would hold it.
fn kept(snapshot: &Snapshot) -> Snapshot {
    Snapshot::from_bytes(&snapshot.to_bytes()).expect("what was written is read")
}

fn follow(log: &Arc<MemoryLog>, snapshot: Option<&Snapshot>) -> Pipeline {
    let snapshot = snapshot.map(kept);
    let log: Arc<dyn EventLog> = Arc::clone(log) as _;
    Pipeline::follow(&log, Stages::Both, snapshot.as_ref()).expect("a log and a snapshot of its own")
}

fn recover(log: &Arc<MemoryLog>, snapshot: Option<&Snapshot>) -> Pipeline {
    let snapshot = snapshot.map(kept);
    let written = log.last_origins();
    let log: Arc<dyn EventLog> = Arc::clone(log) as _;
    Pipeline::recover(&log, Stages::Both, snapshot.as_ref(), written)
        .expect("a log and a snapshot of its own")
}

fn append(log: &MemoryLog, mut records: Vec<NewRecord>) {
    log.append(&mut records).expect("a memory log takes everything");
}

fn copy(record: &Record) -> NewRecord {
    let event = record.decode().expect("outputs are events");
    NewRecord {
        topic: record.topic,
        partition: record.partition,
        key: record.key.clone(),
        at: record.at,
        origin: record.origin,
        trace: record.trace,
        actor: record.actor,
        wire: None,
        value: Value::event((*event).clone()),
    }
}
