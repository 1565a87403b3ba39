//! The daily reconciliation: it runs by recorded ticks and on demand, its report stays, and a break is told to staff.
#![allow(clippy::disallowed_methods)] // it waits for threads of the node, with a deadline

mod support;
mod venue;

use assay_event_log::{EventLog, NewRecord, Value as Content};
use assay_trading_types::*;
use bytes::Bytes;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use venue::{Venue, venue};

const WAIT: Duration = Duration::from_secs(120);

impl Venue {
    /// Reports of runs that were recorded, the newest first, once there are more than `before`.
    fn reports(&self, before: usize) -> Vec<Value> {
        let deadline = Instant::now() + WAIT;
        loop {
            let page = self.get(&self.auditor, "/ledger/reconciliations").expect(200);
            let items = page.body["items"].as_array().unwrap().clone();
            if items.len() > before {
                return items;
            }
            assert!(Instant::now() < deadline, "no report: {page:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn run_now(&self) {
        let path = "/api/v1/system/jobs/reconciliation/run";
        self.world.write(&self.olga, "POST", path, json!({})).expect(200);
    }

    fn appends(&self, topic: Topic, actor: &str, event: impl Into<Event>) {
        let event = event.into();
        let record = NewRecord {
            topic,
            partition: 0,
            key: Bytes::copy_from_slice(event.key().as_bytes()),
            at: Timestamp::from_ns(self.world.now_s() * 1_000_000_000),
            origin: None,
            trace: TraceId::default(),
            actor: Actor::new(actor).unwrap(),
            wire: None,
            value: Content::event(event),
        };
        self.world.log.append(&mut vec![record]).unwrap();
    }

    /// Money of every kind has moved.
    fn life(&self) {
        let id = self.funded("USD", "1000");
        let transfer = json!({"account": "FIRM1", "to_account": "FIRM1-B", "asset": "USD", "amount": "300"});
        self.post(&self.ada, "/transfers", transfer).expect(201);
        let fee =
            json!({"firm": "FIRM1", "account": "FIRM1", "asset": "USD", "amount": "7", "note": "setup"});
        let fee = self.post(&self.olga, "/fees", fee).expect(201).text("id");
        let word = |id: &str, verb: &str| format!("/transactions/{id}/{verb}");
        self.post(&self.oskar, &word(&fee, "approve"), json!({"reason": "contract"})).expect(200);
        let undo = self.post(&self.olga, &word(&fee, "reverse"), json!({"reason": "waived"})).expect(200);
        let undo = undo.text("id");
        self.post(&self.oskar, &word(&undo, "approve"), json!({"reason": "agreed"})).expect(200);
        self.says(ConversionRateSet {
            from: "USD".parse().unwrap(),
            to: "EUR".parse().unwrap(),
            rate: Amount::parse("0.9").unwrap(),
            spread_bp: 20,
            max_age_ns: None,
            compared: None,
        });
        let convert = json!({"account": "FIRM1", "asset": "USD", "amount": "100", "to": "EUR"});
        self.post(&self.ada, "/conversions", convert).expect(201);
        let waiting =
            json!({"firm": "FIRM1", "account": "FIRM1", "asset": "USD", "amount": "5", "note": "held"});
        self.post(&self.olga, "/fees", waiting).expect(201);
        assert!(id.starts_with("DEP-"));
    }
}

#[test]
fn books_that_come_out_are_recorded_daily_by_ticks_and_whenever_somebody_asks() {
    let v = venue();
    v.life();
    v.world
        .write(&v.ada, "POST", "/api/v1/system/jobs/reconciliation/run", json!({}))
        .problem(403, "forbidden");
    v.get(&v.ada, "/ledger/reconciliations").problem(403, "forbidden");
    v.run_now();
    let first = v.reports(0).remove(0);
    assert_eq!((&first["passed"], &first["breaks_total"]), (&json!(true), &json!(0)), "{first}");
    assert_eq!(first["holds"], 1, "the fee that waits: {first}");
    let live = v.get(&v.auditor, "/ledger/reconciliation").expect(200);
    assert_eq!(live.body["passed"], true, "{live:?}");

    let tick = |hours: i64| {
        v.world.pass_s(hours * 3_600);
        let now = Timestamp::from_ns(v.world.now_s() * 1_000_000_000);
        v.appends(Topic::Admin, "clock", ClockTicked { now });
    };
    tick(0);
    tick(25);
    let reports = v.reports(1);
    assert!(reports[0]["due"].as_str().unwrap().ends_with("T04:00:00.000000000Z"), "{reports:?}");
    let v = Venue { world: v.world.restarted().with_books(), ..v };
    assert_eq!(v.get(&v.auditor, "/ledger/reconciliations").expect(200).body["items"], json!(reports));
}

#[test]
fn a_break_is_named_and_told_to_operations_and_compliance() {
    let v = venue();
    v.life();
    let (firm, account) = ("FIRM1".parse().unwrap(), "client:FIRM1");
    let code = |text: &str| LedgerCode::from(text).unwrap();
    let transfer = |id: u128, kind, reason| Transfer {
        id: TransferId(id),
        debit: code(account),
        credit: code("fees"),
        asset: "USD".parse().unwrap(),
        amount: Amount::parse("4").unwrap(),
        kind,
        reason,
    };
    // A posting that no movement explains, and a hold of a withdrawal that is not there.
    let movement = MovementId::parse("WDR-0000000FFFFF");
    let stray = transfer(1, TransferKind::Plain, TransferReason::Withdrawal);
    let hold = transfer(2, TransferKind::Pending, TransferReason::MovementHold);
    let transfers = vec![stray, hold];
    v.appends(
        Topic::Ledger,
        "risk",
        Posted { firm, order_id: None, exec_id: None, movement, loan: None, fees: None, transfers },
    );
    v.run_now();
    let report = v.reports(0).remove(0);
    assert_eq!((&report["passed"], &report["breaks_total"]), (&json!(false), &json!(2)), "{report}");
    let expected = json!([
        {"kind": "movements", "account": account, "asset": "USD", "books": "596", "expected": "600", "reference": null},
        {"kind": "hold", "account": account, "asset": "USD", "books": "4", "expected": "0", "reference": "WDR-0000000FFFFF"},
    ]);
    assert_eq!(report["breaks"], expected);
    for token in [&v.olga, &v.oskar] {
        let notices = v.get(token, "/notifications").expect(200);
        let told =
            notices.body["items"].as_array().unwrap().iter().filter(|n| n["kind"] == "books_broken").count();
        assert_eq!(told, 1, "{notices:?}");
    }
    let mine = v.get(&v.ada, "/notifications").expect(200);
    assert!(!mine.body.to_string().contains("books_broken"));
}
