//! What a venue's driver promises: durable before it is sent, sent at most once, unsent is said, heard is durable before it
//! counts.

use assay_event_log::{EventLog, MemoryLog, MemoryLogConfig, NewRecord, Value};
use assay_trading_types::*;
use assay_venues::{Error, Heard, Venue, VenueService, VenueVitals};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// What a test and its venue share.
#[derive(Default)]
struct Shared {
    up: bool,
    asked: Vec<String>,
    to_hear: Vec<Heard>,
    /// End of the log when what was heard was said to be durable.
    kept: Vec<u64>,
    log_end: u64,
}

#[derive(Clone, Default)]
struct FakeVenue(Rc<RefCell<Shared>>);

impl Venue for FakeVenue {
    fn turn(&mut self, _: Duration) -> Result<(), Error> {
        Ok(())
    }

    fn is_up(&self) -> bool {
        self.0.borrow().up
    }

    fn ask(&mut self, request: &VenueRequested, _: Timestamp) {
        self.0.borrow_mut().asked.push(request.cl_ord_id.to_string());
    }

    fn take_heard(&mut self) -> Vec<Heard> {
        std::mem::take(&mut self.0.borrow_mut().to_hear)
    }

    fn heard_is_durable(&mut self) {
        let mut shared = self.0.borrow_mut();
        let end = shared.log_end;
        shared.kept.push(end);
    }

    fn leave(&mut self) {}

    fn has_left(&self) -> bool {
        true
    }
}

fn now() -> Timestamp {
    Timestamp::from_ns(1_795_253_400_000_000_000)
}

fn venue() -> VenueId {
    VenueId::new("B1").unwrap()
}

fn request(n: u32, ask: VenueAsk) -> NewRecord {
    let event: Event = VenueRequested {
        venue: venue(),
        symbol: Symbol::new("AAPL").unwrap(),
        order_id: OrderId::new(0, 7),
        cl_ord_id: ClOrdId::new(&format!("O0000000000000007-{n}")).unwrap(),
        side: Side::Buy,
        ask,
    }
    .into();
    let (topic, partition, offset, index) = (Topic::Markets, 0, u64::from(n), 0);
    NewRecord {
        topic,
        partition,
        key: bytes::Bytes::from_static(b"AAPL"),
        at: now(),
        origin: Some(Origin::Input { role: Role::Execution, topic, partition, offset, index }),
        trace: TraceId::default(),
        actor: Actor::new("test").unwrap(),
        wire: None,
        value: Value::event(event),
    }
}

fn cancel(n: u32) -> NewRecord {
    let orig_cl_ord_id = ClOrdId::new("O0000000000000007-1").unwrap();
    request(n, VenueAsk::Cancel { orig_cl_ord_id, qty: Qty::from_units(SCALE) })
}

fn status(n: u32) -> NewRecord {
    request(n, VenueAsk::Status { number: n })
}

struct Bench {
    log: Arc<MemoryLog>,
    port: FakeVenue,
    vitals: Arc<VenueVitals>,
    service: VenueService<FakeVenue>,
}

impl Bench {
    fn over(log: Arc<MemoryLog>) -> Self {
        let (port, vitals) = (FakeVenue::default(), Arc::new(VenueVitals::new(venue())));
        let dynamic: Arc<dyn EventLog> = log.clone();
        let service = VenueService::begin(port.clone(), dynamic, now, Arc::clone(&vitals)).unwrap();
        Self { log, port, vitals, service }
    }

    fn new() -> Self {
        Self::over(Arc::new(MemoryLog::new(MemoryLogConfig::default())))
    }

    fn ask(&self, record: NewRecord) {
        self.log.append(&mut vec![record]).unwrap();
    }

    fn turn(&mut self) {
        self.port.0.borrow_mut().log_end = self.log.end().0;
        self.service.turn().unwrap();
    }

    fn asked(&self) -> Vec<String> {
        let asked = self.port.0.borrow().asked.clone();
        asked.iter().map(|id| id.rsplit_once('-').unwrap().1.to_owned()).collect()
    }

    fn kinds(&self) -> Vec<String> {
        self.log.records().iter().map(|record| record.kind.name().to_owned()).collect()
    }
}

#[test]
fn what_was_asked_before_it_began_is_never_sent_and_the_rest_once() {
    let log = Arc::new(MemoryLog::new(MemoryLogConfig::default()));
    log.append(&mut vec![cancel(1)]).unwrap();
    let mut bench = Bench::over(log);
    bench.port.0.borrow_mut().up = true;
    bench.ask(cancel(2));
    bench.ask(cancel(2));
    bench.turn();
    bench.turn();
    assert_eq!(bench.asked(), ["2"], "one origin is one request");
    assert_eq!(bench.vitals.unanswered.load(Ordering::Relaxed), 1);
}

#[test]
fn what_cannot_be_sent_is_said_but_for_questions() {
    let mut bench = Bench::new();
    bench.ask(cancel(1));
    bench.ask(status(2));
    bench.turn();
    bench.turn();
    assert_eq!(bench.asked(), [""; 0]);
    let wanted = ["venue.link_changed.v1", "venue.requested.v1", "venue.requested.v1", "venue.unsent.v1"];
    assert_eq!(bench.kinds(), wanted);
}

#[test]
fn a_link_is_told_before_what_follows_from_it() {
    let mut bench = Bench::new();
    bench.port.0.borrow_mut().up = true;
    bench.turn();
    bench.port.0.borrow_mut().up = false;
    bench.ask(cancel(1));
    bench.turn();
    let wanted = [
        "venue.link_changed.v1",
        "venue.link_changed.v1",
        "venue.requested.v1",
        "venue.link_changed.v1",
        "venue.unsent.v1",
    ];
    assert_eq!(bench.kinds(), wanted);
    assert!(!bench.vitals.up.load(Ordering::Relaxed));
}

#[test]
fn what_is_heard_is_in_the_log_before_it_counts() {
    let mut bench = Bench::new();
    bench.port.0.borrow_mut().up = true;
    bench.ask(cancel(1));
    bench.turn();
    let message = VenueMessage::CancelRejected {
        cl_ord_id: "O0000000000000007-1".to_owned(),
        reason: Some(0),
        text: None,
    };
    bench.port.0.borrow_mut().to_hear.push(Heard { symbol: None, message, wire: "8=FIX.4.4|".to_owned() });
    bench.port.0.borrow_mut().kept.clear();
    bench.turn();
    let heard: Vec<_> = bench.log.records().into_iter().filter(|r| r.kind == Kind::VenueHeard).collect();
    assert_eq!(heard.len(), 1);
    assert!(bench.log.durable() > heard[0].position, "durable");
    assert_eq!(bench.port.0.borrow().kept.len(), 1, "and then counted");
    assert_eq!(bench.vitals.unanswered.load(Ordering::Relaxed), 0);
}
