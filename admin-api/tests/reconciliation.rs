//! The daily reconciliation: it runs by recorded ticks and on demand, its report stays, and a break is told to staff.
#![allow(clippy::disallowed_methods)] // it waits for threads of the node, with a deadline

mod support;
mod venue;

use assay_event_log::{EventLog, NewRecord};
use assay_trading_types::*;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use support::Call;
use venue::{Venue, venue, venue_after};

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

    /// How many notices of breaks somebody has.
    fn told_of_breaks(&self, token: &str) -> usize {
        let notices = self.get(token, "/notifications").expect(200).body;
        let items = notices["page"]["items"].as_array().unwrap_or_else(|| panic!("no page: {notices}"));
        items.iter().filter(|notice| notice["kind"] == "books_broken").count()
    }

    fn run_now(&self) {
        let path = "/api/v1/system/jobs/reconciliation/run";
        self.world.write(&self.olga, "POST", path, json!({})).expect(200);
    }

    fn appends(&self, topic: Topic, event: impl Into<Event>) {
        let at = Timestamp::from_ns(self.world.now_s() * 1_000_000_000);
        let record = NewRecord::first(topic, Actor::new("test").unwrap(), at, event);
        self.world.log.append(&mut vec![record]).unwrap();
    }

    /// Rows of the reconciliation report about a check: asset, account, expected, found, passed.
    fn report_of(&self, check: &str) -> Vec<String> {
        let end = self.world.log.end().0.to_string();
        let call = Call::new("GET", "/api/v1/reports/reconciliation").by(&self.auditor);
        let report = self.world.send(call.header("assay-position", &end)).expect(200).body;
        let rows = report["rows"].as_array().unwrap_or_else(|| panic!("no rows: {report}"));
        let columns = ["asset", "code", "expected", "found", "passed"];
        let line = |row: &Value| columns.map(|column| row[column].to_string().replace('"', "")).join(" ");
        rows.iter().filter(|row| row["check"] == check).map(line).collect()
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
        self.world.says(ConversionRateSet {
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
    // Three minutes before four in the morning.
    let v = venue_after((18 * 60 + 27) * 60);
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
    assert_eq!(v.report_of("holds"), ["USD client:FIRM1 5 5 true"], "the fee that waits");

    let tick = |minutes: i64| {
        v.world.pass_s(minutes * 60);
        let now = Timestamp::from_ns(v.world.now_s() * 1_000_000_000);
        v.appends(Topic::Admin, ClockTicked { now });
    };
    tick(0);
    tick(5);
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
    v.appends(Topic::Ledger, Posted { movement, ..Posted::of(firm, transfers) });
    v.run_now();
    let report = v.reports(0).remove(0);
    assert_eq!((&report["passed"], &report["breaks_total"]), (&json!(false), &json!(2)), "{report}");
    let expected = json!([
        {"kind": "movements", "account": account, "asset": "USD", "books": "596", "expected": "600", "reference": null},
        {"kind": "hold", "account": account, "asset": "USD", "books": "4", "expected": "0", "reference": "WDR-0000000FFFFF"},
    ]);
    assert_eq!(report["breaks"], expected);
    // The waiting fee holds 5, the hold that belongs to nothing 4.
    assert_eq!(v.report_of("holds"), ["USD client:FIRM1 5 9 false"]);
    for token in [&v.olga, &v.oskar] {
        assert_eq!(v.told_of_breaks(token), 1);
    }
    assert_eq!(v.told_of_breaks(&v.ada), 0);
}

#[test]
fn what_venues_say_they_traded_is_held_against_the_postings_by_the_report() {
    let v = venue();
    v.world.says(listed());
    let traded = |side, qty: &str, exec_id: &str, undone| VenueTraded {
        venue: "LIT".parse().unwrap(),
        symbol: "AAPL".parse().unwrap(),
        order_id: OrderId::new(0, 1),
        exec_id: exec_id.to_owned(),
        side,
        qty: Qty::parse(qty).unwrap(),
        price: Price::parse("10").unwrap(),
        taker: VenueTaker::Client,
        undone,
    };
    let from_execution = |offset, traded: VenueTraded| {
        let at = Timestamp::from_ns(v.world.now_s() * 1_000_000_000);
        let (role, topic) = (Role::Execution, Topic::Markets);
        let origin = Some(Origin::Input { role, topic, partition: 0, offset, index: 0 });
        let first = NewRecord::first(Topic::Accounts, Actor::new("test").unwrap(), at, traded);
        v.world.log.append(&mut vec![NewRecord { origin, ..first }]).unwrap();
    };
    from_execution(1, traded(Side::Buy, "7", "1", false));
    from_execution(2, traded(Side::Sell, "2", "2", false));
    from_execution(3, traded(Side::Sell, "1", "3", true));
    v.funded("USD", "1");
    // Seven and one came from the venue, two went there.
    assert_eq!(v.report_of("trades"), ["AAPL venue:LIT -6 -6 true", "USD venue:LIT 60 60 true"]);
}

fn listed() -> InstrumentListed {
    InstrumentListed {
        symbol: "AAPL".parse().unwrap(),
        currency: "USD".parse().unwrap(),
        tick_size: "0.01".parse().unwrap(),
        lot_size: "1".parse().unwrap(),
        security_type: None,
        exchange: None,
        single_orders: Default::default(),
    }
}
