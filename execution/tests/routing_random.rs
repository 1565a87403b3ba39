//! Routed orders against model brokers, with links that are lost, messages that are lost with them, answers that come late or
//! twice, fills that are undone or priced anew, requests that were never sent, and processes that begin anew between any two
//! steps.
//!
//! A broker takes what it is sent as it comes: it does not look for duplicates, so an order that is sent twice is there twice,
//! and the test says so. Each run prints its seed when it fails.

mod support;

use assay_execution::Execution;
use assay_trading_types::*;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::collections::{BTreeMap, VecDeque};
use support::{ask, cancel, id, order_id, replace, shares};

const SEEDS: u64 = 400;
const STEPS: usize = 300;
const VENUES: [&str; 2] = ["B1", "B2"];
const SECOND: i64 = 1_000_000_000;

/// An order as a broker has it.
#[derive(Debug, Clone)]
struct Held {
    order: OrderId,
    cl_ord_id: String,
    qty: Qty,
    cum: Qty,
    status: char,
    /// Fills that stand: ExecID, quantity, price.
    fills: Vec<(String, Qty, Price)>,
}

/// A broker and the session with it.
#[derive(Default)]
struct Broker {
    up: bool,
    /// Next place of the log that its driver looks at.
    next: usize,
    /// On its way there; a session keeps it over lost links, unless its numbers begin anew.
    inbox: VecDeque<VenueRequested>,
    /// On its way here; what was kept there is never lost.
    outbox: VecDeque<VenueReport>,
    rejects: VecDeque<(String, u32)>,
    held: Vec<Held>,
    execs: u64,
}

impl Broker {
    fn report(&mut self, held: &Held, exec_type: char) -> VenueReport {
        self.execs += 1;
        VenueReport {
            cl_ord_id: held.cl_ord_id.clone(),
            orig_cl_ord_id: None,
            venue_order_id: format!("V{}", held.order),
            exec_id: format!("X{}", self.execs),
            status_number: None,
            exec_ref_id: None,
            exec_type,
            ord_status: held.status,
            qty: Some(held.qty),
            price: Some(id("10")),
            last_qty: None,
            last_px: None,
            cum_qty: Some(held.cum),
            reason: None,
            text: None,
        }
    }

    fn tell(&mut self, held: &Held, exec_type: char) {
        let report = self.report(held, exec_type);
        self.outbox.push_back(report);
    }

    /// Takes its next message.
    fn work(&mut self) {
        let Some(request) = self.inbox.pop_front() else { return };
        let cl_ord_id = request.cl_ord_id.as_str().to_owned();
        let order = request.order_id;
        match &request.ask {
            VenueAsk::New { terms, .. } => {
                let held =
                    Held { order, cl_ord_id, qty: terms.qty, cum: Qty::ZERO, status: '0', fills: Vec::new() };
                self.tell(&held, '0');
                self.held.push(held);
            }
            VenueAsk::Cancel { .. } | VenueAsk::Replace { .. } => self.change(&request),
            VenueAsk::Status { number } => {
                let found = self.held.iter().find(|held| held.order == order).cloned();
                let (qty, cum, fills) = (Qty::ZERO, Qty::ZERO, Vec::new());
                let unknown = Held { order, cl_ord_id, qty, cum, status: '8', fills };
                let mut report = self.report(found.as_ref().unwrap_or(&unknown), 'I');
                report.status_number = Some(*number);
                if found.is_none() {
                    report.venue_order_id = "NONE".to_owned();
                }
                self.outbox.push_back(report);
            }
        }
    }

    fn change(&mut self, request: &VenueRequested) {
        let cl_ord_id = request.cl_ord_id.as_str().to_owned();
        let open = |held: &&mut Held| held.order == request.order_id && matches!(held.status, '0' | '1');
        let Some(held) = self.held.iter_mut().find(open) else {
            return self.rejects.push_back((cl_ord_id, 0));
        };
        let mut kind = '4';
        match &request.ask {
            VenueAsk::Replace { terms, .. } if terms.qty <= held.cum => {
                return self.rejects.push_back((cl_ord_id, 99));
            }
            VenueAsk::Replace { terms, .. } => {
                (held.qty, kind) = (terms.qty, '5');
                held.cl_ord_id = cl_ord_id;
            }
            _ => {
                held.status = '4';
                held.cl_ord_id = cl_ord_id;
            }
        }
        let held = held.clone();
        self.tell(&held, kind);
    }

    /// Something happens to one of its open orders.
    fn trade(&mut self, pick: usize, lots: i64, cancels: bool) {
        let open: Vec<usize> =
            (0..self.held.len()).filter(|n| matches!(self.held[*n].status, '0' | '1')).collect();
        if open.is_empty() {
            return;
        }
        let held = &mut self.held[open[pick % open.len()]];
        if cancels {
            held.status = '4';
            let held = held.clone();
            return self.tell(&held, '4');
        }
        let left = Qty::from_units(held.qty.units() - held.cum.units());
        let qty = shares(lots).min(left);
        held.cum = held.cum.checked_add(qty).unwrap();
        held.status = if held.cum == held.qty { '2' } else { '1' };
        let held = held.clone();
        let mut report = self.report(&held, 'F');
        (report.last_qty, report.last_px) = (Some(qty), Some(id("10")));
        self.held[open[pick % open.len()]].fills.push((report.exec_id.clone(), qty, id("10")));
        self.outbox.push_back(report);
    }

    /// It undoes a fill, or prices it anew. What is over stays over.
    fn amend(&mut self, pick: usize, busts: bool) {
        let filled: Vec<usize> = (0..self.held.len()).filter(|n| !self.held[*n].fills.is_empty()).collect();
        if filled.is_empty() {
            return;
        }
        let place = filled[pick % filled.len()];
        let held = &mut self.held[place];
        let (referred, qty, price) = held.fills.remove(pick % held.fills.len());
        let new = if price == id("10") { id("9.9") } else { id("10") };
        if busts {
            held.cum = Qty::from_units(held.cum.units() - qty.units());
            held.status = match held.status {
                '0' | '1' if held.cum == Qty::ZERO => '0',
                '0' | '1' => '1',
                _ => '4',
            };
        }
        let held = held.clone();
        let mut report = self.report(&held, if busts { 'H' } else { 'G' });
        report.exec_ref_id = Some(referred);
        (report.last_qty, report.last_px) = (Some(qty), Some(new));
        if !busts {
            self.held[place].fills.push((report.exec_id.clone(), qty, new));
        }
        self.outbox.push_back(report);
    }
}

/// Everything: the log of `markets`, the core that reads it, the brokers, and what the core reported.
struct World {
    random: StdRng,
    execution: Execution,
    log: Vec<(Event, Timestamp)>,
    /// Place of the log that the core reads next.
    next: usize,
    now: Timestamp,
    brokers: BTreeMap<&'static str, Broker>,
    reports: Vec<Event>,
    /// What risk has yet to say.
    unsettled: VecDeque<VenueFillSettled>,
    accepted: u64,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let wait_s = if random.random_bool(0.5) { 0 } else { 30 };
        let now = Timestamp::parse_fix(b"20261120-14:30:00").unwrap();
        let brokers = VENUES.map(|name| (name, Broker::default())).into();
        let execution = Execution::new(0);
        let mut world = Self {
            random,
            execution,
            log: Vec::new(),
            next: 0,
            now,
            brokers,
            reports: Vec::new(),
            unsettled: VecDeque::new(),
            accepted: 0,
        };
        world.append(support::listed("AAPL", "0.01"));
        for name in VENUES {
            world.append(VenueSet {
                venue: id(name),
                answer_ns: 5 * SECOND,
                retry_first_ns: SECOND,
                retry_max_ns: 8 * SECOND,
                tries_max: 4,
                wait_ns: wait_s * SECOND,
            });
        }
        world.append(RouteSet { symbol: id("AAPL"), venues: VENUES.map(id).to_vec() });
        VENUES.iter().for_each(|name| world.link(name, true));
        world
    }

    fn append(&mut self, event: impl Into<Event>) {
        self.log.push((event.into(), self.now));
    }

    /// The core reads one record of the log.
    fn read(&mut self) -> bool {
        let Some((event, at)) = self.log.get(self.next).cloned() else { return false };
        let emitted = apply(&mut self.execution, self.next as u64, &event, at);
        self.next += 1;
        for (topic, event) in emitted {
            match topic {
                Topic::Markets => self.append(event),
                Topic::Accounts => {
                    self.unsettled.extend(settled(&event, self.reports.len()));
                    self.reports.push(event);
                }
                _ => {}
            }
        }
        true
    }

    fn link(&mut self, name: &'static str, up: bool) {
        self.brokers.get_mut(name).unwrap().up = up;
        self.append(VenueLinkChanged { venue: id(name), up, detail: String::new() });
    }

    /// The driver looks at one record.
    fn drive(&mut self, name: &'static str) -> bool {
        let broker = self.brokers.get_mut(name).unwrap();
        let Some((event, _)) = self.log.get(broker.next).cloned() else { return false };
        broker.next += 1;
        let Event::VenueRequested(request) = event else { return true };
        if request.venue != id(name) {
            return true;
        }
        let is_status = matches!(request.ask, VenueAsk::Status { .. });
        match broker.up {
            true => broker.inbox.push_back(request),
            false if is_status => {}
            false => {
                let VenueRequested { venue, symbol, order_id, cl_ord_id, .. } = request;
                self.append(VenueUnsent { venue, symbol, order_id, cl_ord_id });
            }
        }
        true
    }

    /// The driver hears one message, maybe twice.
    fn hear(&mut self, name: &'static str, twice: bool) -> bool {
        let broker = self.brokers.get_mut(name).unwrap();
        if !broker.up {
            return false;
        }
        let report = broker.outbox.pop_front().map(|report| VenueMessage::Report(Box::new(report)));
        let reject = || {
            let (cl_ord_id, reason) = broker.rejects.pop_front()?;
            Some(VenueMessage::CancelRejected { cl_ord_id, reason: Some(reason), text: None })
        };
        let Some(message) = report.or_else(reject) else { return false };
        for _ in 0..if twice { 2 } else { 1 } {
            let message = message.clone();
            self.append(VenueHeard { venue: id(name), symbol: None, message, wire: String::new() });
        }
        true
    }

    /// Risk says how a client was told of a fill.
    fn risk(&mut self) -> bool {
        let settled = self.unsettled.pop_front();
        let went_on = settled.is_some();
        settled.into_iter().for_each(|settled| self.append(settled));
        went_on
    }

    fn tick(&mut self, seconds: i64) {
        self.now = self.now.plus_ns(seconds * SECOND);
        self.append(ClockTicked { now: self.now });
    }

    /// A process begins anew: what its driver had not looked at is never sent, and the core reads the log again, or goes on
    /// from a snapshot.
    fn restart(&mut self, from_snapshot: bool) {
        let bytes = self.execution.snapshot();
        self.execution = if from_snapshot {
            Execution::restore(&bytes).unwrap()
        } else {
            let mut execution = Execution::new(0);
            for (offset, (event, at)) in self.log[..self.next].iter().enumerate() {
                apply(&mut execution, offset as u64, event, *at);
            }
            execution
        };
        assert_eq!(self.execution.snapshot(), bytes, "the same records give the same state");
        for name in VENUES {
            self.link(name, false);
            self.brokers.get_mut(name).unwrap().next = self.log.len();
        }
    }

    fn some_order(&mut self) -> u64 {
        self.random.random_range(1..=self.accepted.max(1))
    }

    fn some_times(&mut self, most: u32, what: impl Fn(&mut Self)) {
        for _ in 0..self.random.random_range(1..=most) {
            what(self);
        }
    }

    fn step(&mut self) {
        let name = VENUES[self.random.random_range(0..VENUES.len())];
        match self.random.random_range(0..100) {
            0..=9 => {
                self.accepted += 1;
                let qty = self.random.random_range(1..=50);
                self.append(ask(self.accepted, Side::Buy, qty, "10").accepted("AAPL"));
            }
            10..=13 => {
                let order = self.some_order();
                self.append(cancel(order));
            }
            14..=17 => {
                let (order, qty) = (self.some_order(), self.random.random_range(1..=60));
                self.append(replace(order, qty));
            }
            18..=39 => self.some_times(6, |world| _ = world.read()),
            40..=54 => self.some_times(6, |world| _ = world.drive(name)),
            55..=66 => self.some_times(4, |world| world.brokers.get_mut(name).unwrap().work()),
            67..=68 => {
                let (pick, busts) = (self.random.random_range(0..1_000), self.random.random_bool(0.6));
                self.brokers.get_mut(name).unwrap().amend(pick, busts);
            }
            69..=73 => {
                let (pick, lots) = (self.random.random_range(0..1_000), self.random.random_range(1..=30));
                let cancels = self.random.random_bool(0.1);
                self.brokers.get_mut(name).unwrap().trade(pick, lots, cancels);
            }
            74..=77 => self.some_times(4, |world| _ = world.risk()),
            78..=86 => self.some_times(4, |world| {
                let twice = world.random.random_bool(0.2);
                world.hear(name, twice);
            }),
            87..=91 => {
                let seconds = self.random.random_range(1..=6);
                self.tick(seconds);
            }
            92..=94 => self.link(name, true),
            95..=97 => {
                self.link(name, false);
                // The numbers begin anew: what was on its way there is gone.
                if self.random.random_bool(0.4) {
                    self.brokers.get_mut(name).unwrap().inbox.clear();
                }
            }
            _ => {
                let from_snapshot = self.random.random_bool(0.5);
                self.restart(from_snapshot);
            }
        }
    }

    /// Everything that is under way arrives.
    fn settle(&mut self) {
        loop {
            let mut went_on = self.read();
            went_on |= self.risk();
            for name in VENUES {
                went_on |= self.drive(name);
                let broker = self.brokers.get_mut(name).unwrap();
                went_on |= !broker.inbox.is_empty();
                broker.work();
                went_on |= self.hear(name, false);
            }
            if !went_on {
                return;
            }
        }
    }

    /// The links are back for good, and the brokers end what they have.
    fn end(&mut self) {
        for name in VENUES {
            if !self.brokers[name].up {
                self.link(name, true);
            }
        }
        for _ in 0..100 {
            self.settle();
            self.tick(1);
        }
        for name in VENUES {
            for _ in 0..self.brokers[name].held.len() {
                let broker = self.brokers.get_mut(name).unwrap();
                let cancels = self.random.random_bool(0.5);
                broker.trade(0, 100, cancels);
                let (pick, busts) = (self.random.random_range(0..1_000), self.random.random_bool(0.5));
                if self.random.random_bool(0.2) {
                    self.brokers.get_mut(name).unwrap().amend(pick, busts);
                }
            }
        }
        for _ in 0..100 {
            self.settle();
            self.tick(1);
        }
    }

    fn judge(&self) {
        for number in 1..=self.accepted {
            self.judge_order(order_id(number));
        }
        assert_eq!(self.execution.open_order_count(), 0, "every order ends");
        let agreed = |e: &VenueDiffered| {
            matches!(e.difference, VenueDifference::Busted | VenueDifference::Corrected)
                && !e.detail.contains("the house")
        };
        let differs: Vec<&Event> = self
            .reports
            .iter()
            .filter(|event| match event {
                Event::VenueDiffered(e) => !agreed(e),
                Event::VenueTraded(e) => e.taker == VenueTaker::House,
                _ => false,
            })
            .collect();
        assert_eq!(differs, Vec::<&Event>::new(), "brokers and we agree");
    }

    /// What undoes or changes a fill names the report that told of it last.
    fn judge_reference(&self, e: &ExecutionReported) {
        let (exec_id, trade, price) = match &e.exec {
            ExecType::TradeCanceled { exec_id, fill, .. } => (exec_id, fill.trade, fill.price),
            ExecType::TradeCorrected { exec_id, fill, before } => (exec_id, fill.trade, *before),
            _ => return,
        };
        let Event::ExecutionReported(told) = &self.reports[exec_id.offset() as usize] else {
            panic!("{exec_id} is no report")
        };
        let (ExecType::Trade(fill) | ExecType::TradeCorrected { fill, .. }) = &told.exec else {
            panic!("{exec_id} told of no fill")
        };
        assert_eq!((told.order_id, fill.trade, fill.price), (e.order_id, trade, price));
    }

    fn judge_order(&self, order: OrderId) {
        let held: Vec<&Held> = self
            .brokers
            .values()
            .flat_map(|broker| &broker.held)
            .filter(|held| held.order == order)
            .collect();
        assert!(held.len() <= 1, "{order} is there once: {held:?}");
        let reports: Vec<&ExecutionReported> =
            self.reports.iter().filter_map(|e| report_of(e, order)).collect();
        let ends = reports.iter().filter(|e| !e.status.is_working() && !is_amendment(e)).count();
        assert_eq!(ends, 1, "{order} ends once");
        let fills = reports.iter().filter_map(|e| match &e.exec {
            ExecType::Trade(fill) => Some(fill.qty.units()),
            ExecType::TradeCanceled { fill, .. } => Some(-fill.qty.units()),
            _ => None,
        });
        let filled: i64 = fills.sum();
        let booked: i64 = self.reports.iter().filter_map(|e| booked(e, order)).sum();
        let there = held.first().map_or(0, |held| held.cum.units());
        assert_eq!((filled, booked), (there, there), "{order} is filled as its broker says");
        reports.iter().for_each(|e| self.judge_reference(e));
        let last = reports.last().unwrap();
        let notional = |(_, qty, price): &(String, Qty, Price)| price.notional(*qty).units();
        let paid_there: i128 = held.iter().flat_map(|held| &held.fills).map(notional).sum();
        assert_eq!(last.filled.notional.units(), paid_there, "{order} cost what its broker says");
        assert!(last.filled.cum_qty <= last.terms.qty, "{order} is not overfilled");
        assert_eq!(last.filled.cum_qty.units(), filled);
        assert!(reports.iter().filter(|e| e.exec == ExecType::New).count() <= 1, "{order} is new once");
    }
}

/// How risk answers to a report, which stands at `place` of its log.
fn settled(event: &Event, place: usize) -> Option<VenueFillSettled> {
    let Event::ExecutionReported(e) = event else { return None };
    let (ExecType::Trade(fill) | ExecType::TradeCorrected { fill, .. }) = &e.exec else { return None };
    let (symbol, order_id, trade) = (e.terms.symbol, e.order_id, fill.trade);
    let exec_id = ExecId::new(0, place as u64);
    fill.away.then_some(VenueFillSettled { symbol, order_id, trade, exec_id, commission: Amount::ZERO })
}

fn is_amendment(e: &ExecutionReported) -> bool {
    matches!(e.exec, ExecType::TradeCanceled { .. } | ExecType::TradeCorrected { .. })
}

fn report_any(event: &Event) -> Option<&ExecutionReported> {
    match event {
        Event::ExecutionReported(e) => Some(e),
        _ => None,
    }
}

fn report_of(event: &Event, order: OrderId) -> Option<&ExecutionReported> {
    report_any(event).filter(|e| e.order_id == order)
}

fn booked(event: &Event, order: OrderId) -> Option<i64> {
    match event {
        Event::VenueTraded(e) if e.order_id == order && e.taker == VenueTaker::Client => {
            Some(if e.undone { -e.qty.units() } else { e.qty.units() })
        }
        _ => None,
    }
}

fn apply(execution: &mut Execution, offset: u64, event: &Event, at: Timestamp) -> Vec<(Topic, Event)> {
    let input = Input {
        topic: Topic::Markets,
        partition: 0,
        offset,
        at,
        origin: None,
        trace: TraceId::default(),
        actor: id("test"),
        event,
    };
    let mut out = Outbox::new(Role::Execution, 1);
    out.begin(&input);
    execution.apply(&input, &mut out);
    out.drain().map(|emitted| (emitted.topic, emitted.event)).collect()
}

#[test]
fn no_order_is_lost_doubled_or_overfilled_whatever_is_lost_late_or_repeated() {
    let (mut filled, mut amended) = (0, 0);
    for seed in 0..SEEDS {
        let result = std::panic::catch_unwind(|| {
            let mut world = World::new(seed);
            for _ in 0..STEPS {
                world.step();
            }
            world.end();
            world.judge();
            let amended = |e: &&Event| report_any(e).is_some_and(is_amendment);
            let fills = world.reports.iter().filter(|e| matches!(e, Event::VenueTraded(_))).count();
            (fills, world.reports.iter().filter(amended).count())
        });
        match result {
            Ok((fills, amendments)) => {
                filled += fills;
                amended += amendments;
            }
            Err(panic) => {
                eprintln!("seed {seed}");
                std::panic::resume_unwind(panic);
            }
        }
    }
    assert!(filled > SEEDS as usize, "enough traded to mean something: {filled}");
    assert!(amended > SEEDS as usize, "enough was undone or changed: {amended}");
}
