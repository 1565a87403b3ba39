//! What compliance answers for: violations that checks found, the register of controls, cases and their timelines, the audit
//! trail, and certified reports.
#![allow(clippy::disallowed_methods)] // it waits for threads of the node, with a deadline

mod support;
mod venue;

use assay_admin_api::{ApiConfig, AuditTrail, Rates};
use assay_audit::{AuditPaths, AuditService, KeptIn, keys};
use assay_event_log::{EventLog, NewRecord};
use assay_trading_types::*;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use support::{Call, Reply, World, command};
use tempfile::TempDir;
use venue::{Venue, ids, refused, venue_of};

const WAIT: Duration = Duration::from_secs(120);

/// A venue with an audit store and two who look after compliance.
struct Office {
    v: Venue,
    cleo: String,
    carl: String,
    audit: AuditService,
    dir: TempDir,
}

fn office() -> Office {
    let dir = tempfile::tempdir().unwrap();
    let paths = AuditPaths::below(dir.path());
    keys::init(&paths.keys).unwrap();
    let trail = AuditTrail { store: KeptIn::File(paths.store.clone()), keys: paths.keys.clone() };
    let rates = Rates { anonymous_per_h: 1_000_000, user_per_h: 1_000_000, ..Rates::default() };
    let world = World::with(ApiConfig { rates, audit: Some(trail), ..ApiConfig::default() });
    let audit = AuditService::open(&*world.log, dir.path(), keys::load(&paths.keys).unwrap()).unwrap();
    let v = venue_of(world);
    let member = |name: &str| v.world.member(&v.admins[0], Some(&v.admins[1]), name, &["compliance"], None);
    let (cleo, carl) = (member("cleo"), member("carl"));
    let mut office = Office { v, cleo, carl, audit, dir };
    office.settle();
    office
}

impl Office {
    fn now(&self) -> Timestamp {
        Timestamp::from_ns(self.v.world.now_s() * 1_000_000_000)
    }

    /// The audit store has all that there is, sealed.
    fn settle(&mut self) {
        for _ in 0..2 {
            let now = self.now();
            while self.audit.turn(&*self.v.world.log, now).unwrap() > 0 {}
            self.v.world.pass_s(2);
        }
    }

    fn get(&self, path: &str) -> Reply {
        self.v.get(&self.cleo, &format!("/compliance{path}"))
    }

    fn write(&self, method: &str, path: &str, body: Value) -> Reply {
        self.v.world.write(&self.cleo, method, &format!("/api/v1/compliance{path}"), body)
    }

    /// How the last check of a rule came out.
    fn check(&self, rule: &str) -> Value {
        let controls = self.get("/controls").expect(200).body;
        let checks =
            controls.as_array().unwrap().iter().flat_map(|c| c["checks"].as_array().unwrap().clone());
        checks.into_iter().find(|check| check["rule"] == rule).unwrap_or_else(|| panic!("no {rule}"))
    }

    /// Runs a job to its end.
    fn runs(&self, job: &str) {
        self.v.world.pass_s(1);
        let at = self.check("books_balance")["at"].clone();
        self.v
            .world
            .write(&self.v.olga, "POST", &format!("/api/v1/system/jobs/{job}/run"), json!({}))
            .expect(200);
        let deadline = Instant::now() + WAIT;
        while self.check("books_balance")["at"] == at {
            assert!(Instant::now() < deadline, "{job} does not end");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn violations(&self, filter: &str) -> Vec<Value> {
        self.get(&format!("/violations?{filter}")).expect(200).body["items"].as_array().unwrap().clone()
    }

    fn appends(&self, topic: Topic, event: impl Into<Event>) {
        let record = NewRecord::first(topic, Actor::new("test").unwrap(), self.now(), event);
        self.v.world.log.append(&mut vec![record]).unwrap();
    }

    fn limits(&self, firm: &str) {
        let (firm, limits) = (
            firm.parse().unwrap(),
            Limits { order_qty_max: Some("10".parse().unwrap()), ..Limits::default() },
        );
        self.v.world.says(LimitsSet { firm, account: None, version: 1, limits });
    }
}

#[test]
fn what_a_check_finds_is_one_violation_until_it_is_gone_and_another_when_it_comes_back() {
    let o = office();
    o.limits("FIRM1");
    o.runs("compliance_check");
    assert_eq!(o.check("books_balance")["passed"], true);
    assert_eq!(o.check("duties_segregated")["passed"], true);
    assert_eq!(o.check("chain_intact")["at"], Value::Null, "the daily review looks at it");
    let limits = o.check("limits_set");
    assert_eq!(
        (&limits["passed"], &limits["examined"], &limits["findings"]),
        (&json!(false), &json!(2), &json!(1))
    );
    let found = o.violations("state=open&rule=limits_set").remove(0);
    assert_eq!((&found["about"], &found["standing"]), (&json!("firm:FIRM2"), &json!(true)));
    let notices = o.v.get(&o.carl, "/notifications").expect(200).body;
    let told = notices["page"]["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|n| n["kind"] == "violation_found")
        .count();
    assert_eq!(told, 1, "{notices}");

    let alerts = || -> Vec<String> {
        let items = o.v.get(&o.carl, "/alerts").expect(200).body["items"].as_array().unwrap().clone();
        let line =
            |a: &Value| ["source", "state", "severity", "about"].map(|f| a[f].as_str().unwrap()).join(" ");
        items.iter().map(line).collect()
    };
    assert_eq!(alerts(), ["violation firing warning limits_set: firm:FIRM2"]);

    let id = found["id"].as_str().unwrap();
    let path = format!("/violations/{id}");
    o.write("PATCH", &path, json!({"state": "explained", "note": "it trades from Monday on"})).expect(200);
    o.runs("compliance_check");
    let again = o.violations("");
    assert_eq!(again.len(), 1, "explained, and found still: {again:?}");
    assert_eq!(
        (&again[0]["state"], &again[0]["notes"][0]["text"]),
        (&json!("explained"), &json!("it trades from Monday on"))
    );
    o.limits("FIRM2");
    o.runs("compliance_check");
    assert_eq!(o.violations("")[0]["standing"], false);
    assert_eq!(alerts(), ["violation resolved warning limits_set: firm:FIRM2"]);
    assert_eq!(o.check("limits_set")["passed"], true);
    o.v.world.says(LimitsSet {
        firm: "FIRM2".parse().unwrap(),
        account: None,
        version: 2,
        limits: Limits::default(),
    });
    o.runs("compliance_check");
    assert_eq!(o.violations("").len(), 1, "it had limits once: a change of them is a record of its own");

    // A role too many.
    let roles = json!({"roles": ["compliance", "operations"], "reason": "holiday"});
    let users = o.v.get(&o.v.admins[0], "/users?limit=100").expect(200).body;
    let carl =
        users["items"].as_array().unwrap().iter().find(|u| u["username"] == "carl").unwrap()["id"].clone();
    let path = format!("/api/v1/users/{}/roles", carl.as_str().unwrap());
    let proposal = o.v.world.write(&o.v.admins[0], "PUT", &path, roles).expect(202).text("proposal");
    o.v.post(&o.v.admins[1], &format!("/proposals/{proposal}/approve"), json!({"reason": "agreed"}))
        .expect(200);
    o.runs("compliance_check");
    let duties = o.violations("rule=duties_segregated");
    assert_eq!(duties.len(), 1, "{duties:?}");
    assert_eq!(duties[0]["detail"], "carl moves money and judges how it was moved");
    let before = o.violations("");
    let restarted = o.v.world.restarted();
    let after = restarted.get(&o.cleo, "/api/v1/compliance/violations").expect(200);
    assert_eq!(after.body["items"], json!(before));
}

#[test]
fn books_that_do_not_come_out_and_a_chain_that_was_changed_are_violations() {
    let mut o = office();
    o.v.funded("USD", "100");
    o.settle();
    o.runs("compliance_review");
    assert_eq!(o.check("chain_intact")["passed"], true);
    let verified = o.get("/audit-trail/verify").expect(200).body;
    assert_eq!((&verified["good"], &verified["fault"]), (&json!(true), &Value::Null));
    assert!(
        verified["records"].as_u64().unwrap() > 20 && verified["signatures"].as_u64().unwrap() > 0,
        "{verified}"
    );
    let about = |span: &str| o.get(&format!("/audit-trail/verify?{span}"));
    let far = about("from=2020-01-01T00:00:00Z&to=2030-01-01T00:00:00Z").expect(200).body;
    assert_eq!(far["in_span"], far["records"]);
    let before = about("to=2020-01-01T00:00:00Z").expect(200).body;
    assert_eq!((&before["good"], &before["in_span"]), (&json!(true), &json!(0)));
    assert!(before["records"].as_u64() >= verified["records"].as_u64(), "all of it is verified: {before}");
    for (bad, field) in [
        ("from=yesterday", "from"),
        ("to=2020-01-01", "to"),
        ("from=2020-01-02T00:00:00Z&to=2020-01-02T00:00:00Z", "from"),
        ("since=2020-01-02T00:00:00Z", "since"),
    ] {
        assert_eq!(about(bad).problem(400, "invalid").faults(), [field], "{bad}");
    }

    let transfer = Transfer {
        id: TransferId(1),
        debit: LedgerCode::from("client:FIRM1").unwrap(),
        credit: LedgerCode::from("fees").unwrap(),
        asset: "USD".parse().unwrap(),
        amount: Amount::parse("4").unwrap(),
        kind: TransferKind::Pending,
        reason: TransferReason::MovementHold,
    };
    let movement = MovementId::parse("WDR-0000000FFFFF");
    o.appends(Topic::Ledger, Posted { movement, ..Posted::of("FIRM1".parse().unwrap(), vec![transfer]) });
    let store = AuditPaths::below(o.dir.path()).store;
    let changed = rusqlite::Connection::open(&store).unwrap();
    let position: i64 = changed
        .query_row("SELECT max(position) FROM record WHERE kind = 'movement.changed.v1'", [], |row| {
            row.get(0)
        })
        .unwrap();
    let sql = "UPDATE record SET payload = CAST(replace(CAST(payload AS TEXT), '100', '900') AS BLOB) WHERE position = ?1";
    assert_eq!(changed.execute(sql, [position]).unwrap(), 1);
    o.runs("compliance_review");
    let holds = o.violations("rule=holds_have_owners");
    assert_eq!(holds[0]["detail"], "client:FIRM1 has 4 USD of WDR-0000000FFFFF where 0 should be");
    let chain = o.violations("rule=chain_intact");
    assert!(chain[0]["about"].as_str().unwrap().ends_with(&format!("at position {position}")), "{chain:?}");
    let verified = o.get("/audit-trail/verify").expect(200).body;
    assert_eq!((&verified["good"], &verified["fault"]["position"]), (&json!(false), &json!(position)));
}

#[test]
fn the_audit_trail_is_narrowed_paged_and_never_unbounded() {
    let mut o = office();
    let id = o.v.funded("USD", "100");
    o.v.post(&o.v.ada, "/withdrawals", json!({"account": "FIRM1"})).problem(400, "invalid");
    o.v.post(&o.v.olga, &format!("/deposits/{id}/confirm"), json!({"external_reference": "again"}))
        .problem(409, "conflict");
    o.settle();
    o.get("/audit-trail").problem(400, "invalid");
    let all = "to=2030-01-01T00:00:00Z";
    let mut positions = Vec::new();
    let mut after = String::new();
    loop {
        let page = o.get(&format!("/audit-trail?{all}&limit=7{after}")).expect(200).body;
        positions
            .extend(page["items"].as_array().unwrap().iter().map(|row| row["position"].as_u64().unwrap()));
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    assert_eq!(positions, (0..positions.len() as u64).collect::<Vec<_>>(), "every record, each once");
    let rows = |query: &str| {
        let page = o.get(&format!("/audit-trail?{all}&limit=100&{query}")).expect(200).body;
        page["items"].as_array().unwrap().clone()
    };
    let moved = rows("action=movement.changed.v1");
    assert!(!moved.is_empty() && moved.iter().all(|row| row["kind"] == "movement.changed.v1"), "{moved:?}");
    assert_eq!(moved[0]["leaf"].as_str().unwrap().len(), 64);
    let trace = moved[0]["trace"].as_str().unwrap();
    let following = rows(&format!("correlation={trace}"));
    assert!(following.len() >= 3 && following.iter().all(|row| row["trace"] == trace), "{following:?}");
    let refused = rows("outcome=refused");
    assert!(!refused.is_empty() && refused.len() < 20, "{refused:?}");
    let done = rows("outcome=done&action=movement.changed.v1");
    assert_eq!(done, moved);
    let actor = moved[0]["actor"].as_str().unwrap();
    assert!(rows(&format!("actor={actor}")).iter().all(|row| row["actor"] == actor));
    let key = rows("object=FIRM1");
    assert!(!key.is_empty());
    let about = rows(&format!("object={id}"));
    for kind in ["money.instructed.v1", "movement.changed.v1", "ledger.posted.v1", "control.requested.v1"] {
        assert!(about.iter().any(|row| row["kind"] == kind), "{kind}: {about:?}");
    }
    o.get(&format!("/audit-trail?{all}&object=")).problem(400, "invalid");
    o.get("/audit-trail?order=C1&firm=FIRM1").problem(400, "invalid");
    o.get("/audit-trail?to=2030-01-01T00:00:00Z&correlation=xyz").problem(400, "invalid");
    o.get("/audit-trail?from=2030-01-01T00:00:00Z&to=2029-01-01T00:00:00Z").problem(400, "invalid");
    o.v.get(&o.v.olga, &format!("/compliance/audit-trail?{all}")).problem(403, "forbidden");
    let call = Call::new("DELETE", "/api/v1/compliance/audit-trail").by(&o.cleo);
    o.v.world.send(call).problem(405, "method");
}

#[test]
fn a_case_shows_all_that_happened_and_is_not_closed_while_its_records_are_on_hold() {
    let mut o = office();
    let id = o.v.funded("USD", "100");
    o.settle();
    let moved = o.get("/audit-trail?to=2030-01-01T00:00:00Z&action=movement.changed.v1").expect(200).body;
    let trace = moved["items"][0]["trace"].clone();
    let (from, to) = ("2020-01-01T00:00:00Z", "2030-01-01T00:00:00Z");
    let span = json!({"kind": "correlation", "id": trace, "from": from, "to": to});
    let wanted = json!({"title": "Where the money is from", "links": [span], "hold": true});
    let case = o.write("POST", "/cases", wanted).expect(201).text("id");
    let path = format!("/cases/{case}");
    let timeline = o.get(&format!("{path}/timeline")).expect(200).body;
    let text = timeline.to_string();
    assert!(text.contains(&id) && text.contains("movement.changed.v1"), "{timeline}");
    let firm = json!({"kind": "firm", "id": "FIRM1"});
    o.write("POST", &format!("{path}/notes"), json!({"note": "all of the firm", "links": [firm]}))
        .expect(200);
    let more = o.get(&format!("{path}/timeline?limit=100")).expect(200).body;
    let positions: Vec<u64> =
        more["items"].as_array().unwrap().iter().map(|row| row["position"].as_u64().unwrap()).collect();
    assert!(positions.is_sorted_by(|a, b| a < b), "{positions:?}");
    assert!(positions.len() > timeline["items"].as_array().unwrap().len(), "{more}");
    refused(o.write("POST", &format!("{path}/close"), json!({"note": "nothing"})), 409, "WRONG_STATE");
    o.write("PUT", &format!("{path}/hold"), json!({"hold": false, "note": "the regulator agreed"}))
        .expect(200);
    o.write("POST", &format!("{path}/close"), json!({"note": "nothing was found"})).expect(200);
    refused(o.write("POST", &format!("{path}/notes"), json!({"note": "more"})), 409, "WRONG_STATE");
    let closed = o.get(&path).expect(200).body;
    assert!(closed["closed"].is_string() && closed["notes"].as_array().unwrap().len() == 3, "{closed}");
    assert_eq!(ids(&o.get("/cases?closed=true").expect(200)), [case]);
    assert!(ids(&o.get("/cases?closed=false").expect(200)).is_empty());
    o.v.world
        .write(&o.v.auditor, "POST", "/api/v1/compliance/cases", json!({"title": "x"}))
        .problem(403, "forbidden");
}

#[test]
fn bad_words_on_cases_and_violations_change_nothing() {
    let o = office();
    for (wanted, field) in [
        (json!({"title": " "}), "title"),
        (json!({"title": "a\u{202e}b"}), "title"),
        (json!({"title": "x".repeat(201)}), "title"),
        (json!({"title": "x", "links": [{"kind": "actor", "id": "user:x"}]}), "links[0]"),
        (json!({"title": "x", "links": [{"kind": "order", "id": " "}]}), "links[0].id"),
        (
            json!({"title": "x", "links": [{"kind": "order", "id": "C1", "from": "yesterday"}]}),
            "links[0].from",
        ),
        (json!({"title": "x", "links": vec![json!({"kind": "order", "id": "C1"}); 51]}), "links"),
    ] {
        let reply = o.write("POST", "/cases", wanted.clone());
        assert_eq!(
            (reply.status, reply.faults().first().copied()),
            (400, Some(field)),
            "{wanted}: {reply:?}"
        );
    }
    assert!(ids(&o.get("/cases").expect(200)).is_empty());
    o.write("PATCH", "/violations/vio_none", json!({"note": "x"})).problem(404, "not-found");
    o.write("PATCH", "/violations/vio_none", json!({"note": "x", "state": "gone"})).problem(400, "invalid");
    o.runs("compliance_check");
    let id = o.violations("").remove(0)["id"].as_str().unwrap().to_owned();
    let path = format!("/violations/{id}");
    assert_eq!(o.write("PATCH", &path, json!({"note": ""})).faults(), ["note"]);
    let stranger = json!({"note": "x", "owner": "usr_00000000000000000000000000000000"});
    refused(o.write("PATCH", &path, stranger), 404, "NOT_FOUND");
    let call =
        Call::new("PATCH", &format!("/api/v1/compliance{path}")).by(&o.cleo).header("if-match", "\"9\"");
    o.v.world.send(call.json(&json!({"note": "late"}))).problem(412, "version");
    assert_eq!(o.get(&path).expect(200).body["version"], 1);
}

#[test]
fn a_certificate_states_what_the_books_come_to_and_none_is_given_while_they_do_not_balance() {
    let o = office();
    o.v.funded("USD", "100");
    let made = || {
        let call = Call::new("GET", "/api/v1/reports/journal?from=2020-01-01&to=2020-02-01").by(&o.v.olga);
        o.v.world.send(call).expect(200).headers["assay-report-run"].to_str().unwrap().to_owned()
    };
    let run = made();
    let words = json!({"statement": "it is complete and fair"});
    o.v.post(&o.cleo, &format!("/report-runs/{run}/certify"), words).expect(200);
    let seen = o.v.get(&o.v.auditor, &format!("/report-runs/{run}")).expect(200).body;
    let books = &seen["certificate"]["books"];
    assert_eq!(books["totals"], json!([{"asset": "USD", "debits": "100", "credits": "100"}]));
    assert_eq!(books["assets"], 1);
    assert!(books["position"].as_u64().unwrap() > 0, "{seen}");

    let by = o.v.get(&o.cleo, "/auth/me").expect(200).text("id").parse().ok();
    let total = |debits: &str| AssetTotals {
        asset: "USD".parse().unwrap(),
        debits: debits.parse().unwrap(),
        credits: "100".parse().unwrap(),
    };
    let proof = |debits| Some(BooksProof { position: 1, assets: 1, totals: vec![total(debits)] });
    let decided = |rules: u32, books: Option<BooksProof>| {
        let run = made().parse().unwrap();
        let number = o.v.world.events(Topic::Admin).len();
        let command = Command { by, rules, ..command(number, "certify_report") };
        let (id, statement) = (command.id, "it is fair".to_owned());
        let action = ComplianceAction::CertifyReport { run, statement, books };
        o.v.world.asks(ComplianceRequested { command, action });
        match o.v.world.decision(id) {
            Decision::Done { .. } => "done".to_owned(),
            Decision::Refused { refusal, detail } => format!("{} {detail}", refusal.code()),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(decided(3, proof("100")), "done");
    let words = "WRONG_STATE the books do not balance: USD has debits of 100.01, credits of 100";
    assert_eq!(decided(3, proof("100.01")), words);
    assert_eq!(decided(3, None), "WRONG_STATE it does not say what the books come to");
    assert_eq!(decided(2, None), "done", "as it was decided before");
}

#[test]
fn an_officer_certifies_a_report_that_another_made_of_a_span_that_is_over() {
    let o = office();
    let made = |token: &str, to: &str| {
        let path = format!("/api/v1/reports/trade-blotter?from=2020-01-01&to={to}");
        let reply = o.v.world.send(Call::new("GET", &path).by(token)).expect(200);
        let run = reply.headers.get("assay-report-run");
        run.expect("it names its run").to_str().unwrap().to_owned()
    };
    let words = json!({"statement": "I have reviewed it; it is complete and fair"});
    let certify =
        |token: &str, run: &str| o.v.post(token, &format!("/report-runs/{run}/certify"), words.clone());
    let run = made(&o.v.olga, "2020-02-01");
    refused(certify(&o.v.olga, &run), 403, "MAKER_IS_CHECKER");
    certify(&o.v.auditor, &run).problem(403, "forbidden");
    certify(&o.v.ada, &run).problem(403, "forbidden");
    certify(&o.cleo, "rep_00000000000000000000000000000000").problem(404, "not-found");
    let empty = o.v.post(&o.cleo, &format!("/report-runs/{run}/certify"), json!({"statement": " "}));
    assert_eq!(empty.faults(), ["statement"]);
    certify(&o.cleo, &run).expect(200);
    refused(certify(&o.carl, &run), 409, "EXISTS");
    let seen = o.v.get(&o.v.auditor, &format!("/report-runs/{run}")).expect(200).body;
    assert_eq!(seen["certificate"]["name"], "cleo");
    assert_eq!(seen["certificate"]["statement"], words["statement"]);
    let just = made(&o.v.olga, &o.now().to_string());
    certify(&o.cleo, &just).expect(200);
    let open = made(&o.v.olga, &o.now().plus_ns(1_000_000_000).to_string());
    o.v.world.pass_s(2);
    refused(certify(&o.cleo, &open), 409, "WRONG_STATE");
}
