//! Alert rules of users, alerts of the venue, and who looks after them.

mod support;
mod venue;

use assay_admin_api::AlertService;
use assay_trading_types::{Event, ReferencePriceSet, Topic};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use support::{World, wait_until};

struct Venue {
    world: World,
    service: AlertService,
    audit_lag: Arc<AtomicU64>,
    admin: String,
    olga: String,
    tim: String,
}

fn venue() -> Venue {
    let world = World::new();
    let admin = world.administrator();
    let olga = world.member(&admin, None, "olga", &["operations"], None);
    let tim = world.member(&admin, None, "tim", &["trader"], Some("FIRM1"));
    let audit_lag = Arc::new(AtomicU64::new(0));
    let lag = Arc::clone(&audit_lag);
    let lag = move || Some(lag.load(Ordering::SeqCst));
    let service = AlertService::new(Arc::clone(&world.api), Box::new(lag));
    let venue = Venue { world, service, audit_lag, admin, olga, tim };
    let listed = json!({"symbol": "AAPL", "currency": "USD", "tick_size": "0.01", "lot_size": "1"});
    venue.says("instrument.listed.v1", &listed);
    // A firm without limits would be an alert of its own.
    venue.says("limits.set.v1", &json!({"firm": "FIRM1", "version": 1, "order_qty_max": "1000"}));
    venue
}

impl Venue {
    /// What the trading side says.
    fn says(&self, kind: &str, json: &Value) {
        let kind = assay_trading_types::Kind::from_name(kind).unwrap();
        let event = assay_trading_types::decode(kind, json.to_string().as_bytes()).unwrap();
        self.world.says(event);
    }

    fn priced(&self, price: &str, max_age_s: Option<i64>) {
        let mut set = json!({"symbol": "AAPL", "price": price});
        if let Some(seconds) = max_age_s {
            set["max_age_ns"] = json!(seconds * 1_000_000_000);
        }
        self.says("reference_price.set.v1", &set);
    }

    /// Measures until the list of alerts that `token` sees is as wanted: `state about`, oldest first.
    #[track_caller]
    fn until(&mut self, token: &str, wanted: &[&str]) {
        let Self { world, service, .. } = self;
        let seen = || -> Vec<String> {
            let body = world.get(token, "/api/v1/alerts").expect(200).body;
            let shown = |alert: &Value| {
                format!("{} {}", alert["state"].as_str().unwrap(), alert["about"].as_str().unwrap())
            };
            body["items"].as_array().unwrap().iter().map(shown).collect()
        };
        wait_until(&format!("{wanted:?}"), || {
            service.turn();
            seen() == wanted
        });
    }

    fn alert(&self, token: &str) -> Value {
        self.world.get(token, "/api/v1/alerts?sort=-id").expect(200).body["items"][0].clone()
    }

    fn told(&self, token: &str, kind: &str) -> usize {
        let body = self.world.get(token, &format!("/api/v1/notifications?kind={kind}")).expect(200).body;
        body["page"]["items"].as_array().unwrap().len()
    }

    fn ticks(&self) -> usize {
        let ticks = self.world.events(Topic::Admin);
        ticks.iter().filter(|event| matches!(event, Event::ClockTicked(_))).count()
    }

    /// Lets time pass until it is recorded.
    fn pass_s(&self, seconds: i64) {
        let before = self.ticks();
        self.world.pass_s(seconds);
        wait_until("time is recorded", || self.ticks() > before);
    }
}

fn rule(threshold: &str) -> Value {
    json!({"measure": "reference_price", "symbol": "AAPL", "operator": "above", "threshold": threshold,
        "severity": "warning", "cool_down_s": 60})
}

#[test]
fn a_rule_fires_when_its_measure_passes_and_ends_when_it_comes_back() {
    let mut v = venue();
    let tim = v.tim.clone();
    let made = v.world.write(&tim, "POST", "/api/v1/alerts/rules", rule("120.50")).expect(201);
    let path = format!("/api/v1/alerts/rules/{}", made.text("id"));
    v.priced("120.50", None);
    v.until(&tim, &[]);
    v.priced("120.51", None);
    v.until(&tim, &["firing price of AAPL"]);
    let mail =
        v.world.mails("tim@venue.example").iter().filter(|mail| mail.contains("An alert fires")).count();
    assert_eq!((v.told(&tim, "alert_fired"), mail), (1, 1));
    assert_eq!(v.alert(&tim)["detail"], "price of AAPL is 120.51");
    v.priced("119", None);
    v.until(&tim, &["resolved price of AAPL"]);
    v.priced("121", None);
    v.until(&tim, &["resolved price of AAPL"]);
    v.world.pass_s(60);
    v.until(&tim, &["resolved price of AAPL", "firing price of AAPL"]);
    v.world.write(&tim, "PATCH", &path, json!({"threshold": "130"})).expect(200);
    v.until(&tim, &["resolved price of AAPL", "resolved price of AAPL"]);
    assert_eq!(v.world.get(&tim, &path).expect(200).text("threshold"), "130");
    v.world.write(&tim, "DELETE", &path, json!({})).expect(204);
    v.world.get(&tim, &path).problem(404, "not-found");
    let state = v.world.api.state().alerts.clone();
    let world = v.world.restarted();
    assert!(world.api.state().alerts == state, "judged by what is recorded alone");
}

#[test]
fn rules_watch_orders_positions_and_profit() {
    let v = venue::market();
    let mut service = AlertService::new(Arc::clone(&v.world.api), Box::new(|| None));
    let rule = |token: &str, measure: &str, symbol: Option<&str>, operator: &str, threshold: &str| {
        let body = json!({"measure": measure, "account": "FIRM1", "symbol": symbol, "operator": operator,
            "threshold": threshold, "severity": "warning"});
        v.post(token, "/alerts/rules", body)
    };
    let aapl = Some("AAPL");
    assert_eq!(
        rule(&v.trader, "open_orders", aapl, "above", "1").problem(400, "invalid").faults(),
        ["symbol"]
    );
    assert_eq!(rule(&v.trader, "profit", None, "below", "-5").problem(400, "invalid").faults(), ["symbol"]);
    assert_eq!(
        rule(&v.trader, "profit", Some("MSFT"), "below", "-5").problem(400, "invalid").faults(),
        ["symbol"]
    );
    assert_eq!(rule(&v.ben, "position", aapl, "above", "0").problem(400, "invalid").faults(), ["account"]);
    rule(&v.trader, "open_orders", None, "above", "1").expect(201);
    rule(&v.trader, "position", aapl, "above", "39").expect(201);
    rule(&v.trader, "profit", aapl, "below", "-5").expect(201);
    let mut until = |wanted: &[&str]| {
        wait_until(&format!("{wanted:?}"), || {
            service.turn();
            let items = v.get(&v.trader, "/alerts").expect(200).body["items"].clone();
            let line =
                |a: &Value| format!("{} {}", a["state"].as_str().unwrap(), a["detail"].as_str().unwrap());
            items.as_array().unwrap().iter().map(line).collect::<Vec<_>>() == wanted
        });
    };
    let bid = |qty: &str| v.post(&v.trader, "/orders", venue::bid(qty, "10")).expect(201).text("id");
    let first = bid("40");
    until(&[]);
    let second = bid("1");
    until(&["firing open orders of FIRM1 is 2"]);
    v.world.write(&v.trader, "DELETE", &format!("/api/v1/orders/{second}"), json!({})).expect(200);
    until(&["resolved open orders of FIRM1 is 2"]);
    let offer = json!({"account": "FIRM2", "symbol": "AAPL", "side": "sell", "ord_type": "limit", "qty": "40", "price": "10"});
    v.post(&v.ben, "/orders", offer).expect(201);
    until(&["resolved open orders of FIRM1 is 2", "firing position of FIRM1 in AAPL is 40"]);
    let symbol = "AAPL".parse().unwrap();
    v.world.says(ReferencePriceSet { symbol, price: "9.5".parse().unwrap(), max_age_ns: None, source: None });
    until(&[
        "resolved open orders of FIRM1 is 2",
        "firing position of FIRM1 in AAPL is 40",
        "firing profit of FIRM1 in AAPL is -20",
    ]);
    v.get(&v.trader, &format!("/orders/{first}")).expect(200);
}

#[test]
fn what_is_critical_is_escalated_by_recorded_time_until_somebody_looks_after_it() {
    let mut v = venue();
    let (olga, admin, tim) = (v.olga.clone(), v.admin.clone(), v.tim.clone());
    v.audit_lag.store(500_001, Ordering::SeqCst);
    v.until(&olga, &["firing audit store"]);
    assert_eq!((v.told(&olga, "alert_fired"), v.told(&admin, "alert_fired")), (1, 0));
    v.pass_s(299);
    assert_eq!(v.told(&olga, "alert_escalated"), 0);
    v.pass_s(61);
    wait_until("told again", || {
        v.told(&olga, "alert_escalated") == 1 && v.told(&admin, "alert_escalated") == 1
    });
    let alert = v.alert(&olga);
    let path = format!("/api/v1/alerts/{}", alert["id"].as_str().unwrap());
    v.world.write(&tim, "POST", &format!("{path}/acknowledge"), json!({})).problem(404, "not-found");
    v.world.write(&olga, "POST", &format!("{path}/acknowledge"), json!({})).expect(200);
    v.world.write(&admin, "POST", &format!("{path}/acknowledge"), json!({})).problem(409, "conflict");
    v.pass_s(400);
    assert_eq!(v.told(&olga, "alert_escalated"), 1, "somebody does");
    assert_eq!(
        (&v.alert(&olga)["state"], &v.alert(&olga)["escalations"]),
        (&json!("acknowledged"), &json!(1))
    );
    v.world.write(&admin, "POST", &format!("{path}/resolve"), json!({})).expect(200);
    v.world.write(&admin, "POST", &format!("{path}/resolve"), json!({})).problem(409, "conflict");
    v.until(&olga, &["resolved audit store", "firing audit store"]);
    v.audit_lag.store(0, Ordering::SeqCst);
    v.until(&olga, &["resolved audit store", "resolved audit store"]);
}

#[test]
fn prices_that_are_too_old_raise_the_alarm_with_operations_alone() {
    let mut v = venue();
    let (olga, tim) = (v.olga.clone(), v.tim.clone());
    v.priced("100", Some(60));
    v.until(&olga, &[]);
    v.world.pass_s(61);
    v.until(&olga, &["firing stale prices"]);
    assert_eq!(v.world.get(&tim, "/api/v1/alerts").expect(200).body["items"], json!([]));
    v.priced("101", Some(60));
    v.until(&olga, &["resolved stale prices"]);
}

#[test]
fn a_rule_is_checked_and_is_its_owners_alone() {
    let v = venue();
    let post = |token: &str, body: Value| v.world.write(token, "POST", "/api/v1/alerts/rules", body);
    for (field, value) in [
        ("threshold", json!("NaN")),
        ("threshold", json!("1e3")),
        ("threshold", json!("5.")),
        ("threshold", json!(".5")),
        ("measure", json!("weather")),
        ("operator", json!("near")),
        ("severity", json!("bad")),
        ("cool_down_s", json!(40_000_000)),
        ("symbol", json!("NONE")),
        ("symbol", json!(null)),
        ("account", json!("FIRM1")),
        ("more", json!(1)),
    ] {
        let mut body = rule("1");
        body[field] = value.clone();
        let reply = post(&v.tim, body).problem(400, "invalid");
        assert!(reply.faults().len() == 1, "{field} {value}: {reply:?}");
    }
    let systems = json!({"measure": "audit_lag", "operator": "above", "threshold": "1", "severity": "info"});
    post(&v.tim, systems.clone()).problem(403, "forbidden");
    post(&v.olga, systems).expect(201);
    let foreign = json!({"measure": "available", "account": "FIRM2", "asset": "USD", "operator": "below",
        "threshold": "1", "severity": "info"});
    post(&v.tim, foreign).problem(400, "invalid");
    let made = post(&v.tim, rule("1")).expect(201).text("id");
    let path = format!("/api/v1/alerts/rules/{made}");
    v.world.get(&v.olga, &path).problem(404, "not-found");
    v.world.write(&v.olga, "PATCH", &path, json!({"threshold": "2"})).problem(404, "not-found");
    v.world.write(&v.olga, "DELETE", &path, json!({})).problem(404, "not-found");
    assert_eq!(v.world.get(&v.tim, "/api/v1/alerts/rules").expect(200).body["items"][0]["id"], json!(made));
}
