//! Switches, limits, locates and breakers: who may ask, and that the answer is risk's.

mod support;
mod venue;

use assay_trading_types::{Actor, Event, Kind, Topic};
use serde_json::{Value, json};
use support::{Reply, wait_until};
use venue::{Venue, bid, change, ids, market, refused};

const SWITCHES: &str = "/api/v1/risk/switches";
const CHANGES: &str = "/api/v1/risk/limit-changes";
const LOCATES: &str = "/api/v1/risk/locates";

/// A venue with two risk officers.
struct Desk {
    venue: Venue,
    rita: String,
    rob: String,
}

fn desk() -> Desk {
    let venue = market();
    let [first, second] = &venue.admins;
    let officer = |name: &str| venue.world.member(first, Some(second), name, &["risk"], None);
    let (rita, rob) = (officer("rita"), officer("rob"));
    Desk { venue, rita, rob }
}

impl Desk {
    fn write(&self, token: &str, method: &str, path: &str, body: Value) -> Reply {
        self.venue.world.write(token, method, path, body)
    }

    fn switch(&self, token: &str, scope: Value, state: &str) -> Reply {
        self.write(token, "PUT", SWITCHES, json!({"scope": scope, "state": state, "reason": "runaway"}))
    }

    fn propose(&self, change: &str, scope: Value, limits: Value) -> Reply {
        let body = json!({"change": change, "scope": scope, "limits": limits, "reason": "rebalance"});
        self.write(&self.rita, "POST", CHANGES, body)
    }

    fn say(&self, token: &str, path: &str) -> Reply {
        self.write(token, "POST", path, json!({"reason": "seen"}))
    }

    fn actor(&self, token: &str) -> Actor {
        let id = self.venue.get(token, "/auth/me").expect(200).text("id");
        Actor::new(&format!("user:{id}")).unwrap()
    }

    /// Records of `accounts` of a kind.
    fn count(&self, kind: Kind) -> usize {
        self.venue.world.events(Topic::Accounts).iter().filter(|event| event.kind() == kind).count()
    }
}

#[test]
fn a_switch_is_answered_when_it_stands_and_milder_only_by_another() {
    let desk = desk();
    let (firm1, firm2) = (json!({"firm": "FIRM1"}), json!({"firm": "FIRM2"}));
    let Desk { venue, rita, rob } = &desk;
    desk.switch(&venue.trader, firm1.clone(), "killed").problem(403, "forbidden");
    desk.switch(&venue.ben, firm1.clone(), "killed").problem(404, "not-found");
    desk.switch(&venue.ben, firm2.clone(), "open").problem(403, "forbidden");
    let working = ids(&{
        venue.post(&venue.trader, "/orders", bid("10", "9")).expect(201);
        venue.get(&venue.trader, "/orders").expect(200)
    });
    let receipt = desk.switch(rita, firm1.clone(), "killed").expect(200);
    assert_eq!((receipt.text("id"), receipt.body["version"].clone()), ("FIRM1".to_owned(), json!(1)));
    refused(venue.post(&venue.trader, "/orders", bid("10", "9")), 503, "KILL_SWITCH");
    wait_until("what works is cancelled", || {
        venue.get(&venue.trader, &format!("/orders/{}", working[0])).expect(200).text("status") == "canceled"
    });
    refused(desk.switch(rob, firm1.clone(), "killed"), 409, "NO_EFFECT");
    let same = desk.switch(rita, firm1.clone(), "open").problem(403, "segregation");
    assert_eq!(same.text("code"), "SAME_PERSON");
    refused(desk.switch(rita, json!({"firm": "FIRM9"}), "killed"), 400, "UNKNOWN_SCOPE");
    desk.switch(rob, firm1, "open").expect(200);
    venue.post(&venue.trader, "/orders", bid("10", "9")).expect(201);
    desk.switch(&venue.ben, firm2, "killed").expect(200);
    assert_eq!((desk.count(Kind::RiskCommandTaken), desk.count(Kind::RiskCommandRefused)), (3, 3));
    assert_eq!(desk.count(Kind::RiskSwitchChanged), 3, "and nothing else has effect");
}

#[test]
fn a_session_is_stopped_by_a_name_that_one_has() {
    let desk = desk();
    let of = |session: &str| desk.switch(&desk.rita, json!({"session": session}), "killed");
    assert_eq!(of("NOBODY").problem(400, "invalid").faults(), ["scope"]);
    assert_eq!(of("NOBODY/ASSAY").problem(400, "invalid").faults(), ["scope"]);
    assert_eq!(of("NOFIRM/API").problem(400, "invalid").faults(), ["scope"]);
    of("FIRM1/API").expect(200);
    refused(desk.venue.post(&desk.venue.trader, "/orders", bid("10", "9")), 503, "KILL_SWITCH");
}

#[test]
fn limits_change_by_two_and_every_refusal_is_the_answer() {
    let desk = desk();
    let Desk { venue, rita, rob } = &desk;
    let firm = || json!({"firm": "FIRM1"});
    let body = json!({"change": "c-0", "scope": firm(), "limits": {"order_qty_max": "5"}, "reason": "mine"});
    desk.write(&venue.olga, "POST", CHANGES, body).problem(403, "forbidden");
    for limits in [
        json!({"gross_notional": "5"}),
        json!({"order_qty_max": "100", "order_qty_maxx": "1"}),
        json!({"gross_notional_max": "-5"}),
        json!({"gross_notional_max": "0"}),
        json!({"orders_per_s_max": "ten"}),
        json!([]),
    ] {
        desk.propose("c-0", firm(), limits).problem(400, "invalid");
    }
    assert_eq!(desk.count(Kind::LimitsChangeProposed), 0);
    refused(desk.propose("c-0", firm(), json!({"orders_per_s_max": 0})), 400, "BAD_LIMITS");
    refused(
        desk.propose("c-0", json!({"firm": "FIRM9"}), json!({"order_qty_max": "5"})),
        400,
        "UNKNOWN_SCOPE",
    );
    let proposed =
        desk.propose("c-1", firm(), json!({"order_qty_max": "5", "open_orders_max": null})).expect(200);
    assert_eq!(proposed.text("id"), "c-1");
    refused(desk.propose("c-1", firm(), json!({"order_qty_max": "6"})), 409, "DUPLICATE_CHANGE");
    venue.post(&venue.trader, "/orders", bid("6", "9")).expect(201);
    let approve = format!("{CHANGES}/c-1/approve");
    desk.say(rita, &approve).problem(403, "segregation");
    desk.say(rob, &approve).expect(200);
    refused(venue.post(&venue.trader, "/orders", bid("6", "9")), 400, "LIMIT_QTY");
    let gone = desk.say(rob, &approve).problem(404, "not-found");
    assert_eq!(gone.text("code"), "UNKNOWN_CHANGE");
    desk.propose("c-2", firm(), json!({"order_qty_max": "9"})).expect(200);
    desk.say(rob, &format!("{CHANGES}/c-2/decline")).expect(200);
    desk.say(rob, &format!("{CHANGES}/c-2/decline")).problem(404, "not-found");
    refused(venue.post(&venue.trader, "/orders", bid("6", "9")), 400, "LIMIT_QTY");
}

#[test]
fn locates_count_when_risk_says_so() {
    let desk = desk();
    let Desk { venue, rita, rob } = &desk;
    let locate = json!({
        "locate": "l-1", "firm": "FIRM1", "account": "FIRM1", "symbol": "AAPL", "qty": "100", "lender": "Prime Broker",
        "valid_until": 1_795_292_999_000_000_000_i64, "reason": "easy to borrow"
    });
    desk.write(&venue.olga, "POST", LOCATES, locate.clone()).problem(403, "forbidden");
    desk.write(&venue.ada, "POST", LOCATES, locate.clone()).problem(403, "forbidden");
    for (field, value) in [("qty", "0"), ("lender", ""), ("reason", " ")] {
        let bad = change(locate.clone(), field, value.into());
        desk.write(rita, "POST", LOCATES, bad).problem(400, "invalid");
    }
    for (field, value, code) in [
        ("qty", json!("0.5"), "BAD_QUANTITY"),
        ("symbol", json!("MSFT"), "UNKNOWN_SCOPE"),
        ("firm", json!("FIRM2"), "UNKNOWN_SCOPE"),
        ("valid_until", json!(1), "BAD_EXPIRY"),
    ] {
        refused(desk.write(rita, "POST", LOCATES, change(locate.clone(), field, value)), 400, code);
    }
    let verb = |verb: &str| format!("{LOCATES}/l-1/{verb}");
    desk.say(rita, &verb("release")).problem(404, "not-found");
    desk.write(rita, "POST", LOCATES, locate.clone()).expect(200);
    refused(desk.write(rita, "POST", LOCATES, locate), 409, "DUPLICATE_CHANGE");
    desk.say(&venue.trader, &verb("approve")).problem(403, "forbidden");
    desk.say(rita, &verb("approve")).problem(403, "segregation");
    desk.say(rob, &verb("approve")).expect(200);
    let list = venue.get(&venue.trader, "/risk/locates").expect(200);
    assert_eq!(
        (&list.body["items"][0]["locate"], &list.body["items"][0]["status"]),
        (&json!("l-1"), &json!("in_force"))
    );
    desk.say(rob, &verb("decline")).problem(404, "not-found");
    desk.say(rita, &verb("release")).expect(200);
    desk.say(rita, &verb("release")).problem(404, "not-found");
    let who = [desk.actor(rita), desk.actor(rob)];
    let granted = venue.world.events(Topic::Accounts).into_iter().find_map(|event| match event {
        Event::LocateGranted(e) => Some([e.maker, e.checker]),
        _ => None,
    });
    assert_eq!(granted, Some(who));
}

#[test]
fn a_breaker_that_is_not_open_is_not_closed() {
    let desk = desk();
    let breaker = json!({"firm": "FIRM1", "account": "FIRM1", "symbol": "AAPL", "reason": "mended"});
    let path = "/api/v1/risk/breakers/reset";
    desk.write(&desk.venue.olga, "POST", path, breaker.clone()).problem(403, "forbidden");
    refused(desk.write(&desk.rita, "POST", path, breaker), 409, "NO_EFFECT");
}

#[test]
fn a_repeat_gets_the_first_answer_and_a_late_one_can_be_asked_for() {
    let desk = desk();
    let venue = &desk.venue;
    let kill = json!({"scope": {"firm": "FIRM1"}, "state": "killed", "reason": "runaway"});
    let send = |key: &str, body: &Value| {
        let call = support::Call::new("PUT", SWITCHES).by(&desk.rita).json(body);
        venue.world.send(call.header("idempotency-key", key))
    };
    let first = send("kill-1", &kill).expect(200);
    assert_eq!(send("kill-1", &kill).expect(200).body, first.body, "and not that there is nothing to do");
    let refusal = send("kill-2", &kill).problem(409, "conflict");
    assert_eq!(send("kill-2", &kill).problem(409, "conflict").text("detail"), refusal.text("detail"));
    assert_eq!(desk.count(Kind::RiskSwitchSet), 2);
    let told = |command: &str| venue.get(&desk.rita, &format!("/commands/{command}")).expect(200);
    let done = told(&first.text("command"));
    assert_eq!((done.text("outcome"), done.text("id_made")), ("done".to_owned(), "FIRM1".to_owned()));
    let second = venue.world.events(Topic::Accounts).into_iter().find_map(|event| match event {
        Event::RiskCommandRefused(e) => e.command,
        _ => None,
    });
    let refused = told(second.unwrap().as_str());
    assert_eq!(
        (refused.text("outcome"), refused.text("code")),
        ("refused".to_owned(), "NO_EFFECT".to_owned())
    );
}

#[test]
fn the_report_of_actions_says_what_risk_and_the_market_made_of_them() {
    let desk = desk();
    let venue = &desk.venue;
    desk.switch(&desk.rita, json!({"firm": "FIRM1"}), "reduce_only").expect(200);
    desk.switch(&desk.rita, json!({"firm": "FIRM1"}), "reduce_only").problem(409, "conflict");
    refused(venue.post(&venue.trader, "/orders", bid("1", "9")), 503, "REDUCE_ONLY");
    let withdrawal = json!({"account": "FIRM1", "asset": "USD", "amount": "5", "beneficiary": "none"});
    refused(venue.post(&venue.ada, "/withdrawals", withdrawal), 404, "UNKNOWN_BENEFICIARY");
    let wrong = json!({"email": "tim@venue.example", "password": "not this one, surely"});
    venue.world.public("/api/v1/auth/login", wrong).problem(401, "unauthenticated");
    let report =
        venue.get(&venue.auditor, "/reports/admin-actions?from=2026-11-21&to=2026-11-22&format=json");
    let report = report.expect(200);
    let rows: Vec<String> = report.body["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let field = |name: &str| row[name].as_str().unwrap_or("-").to_owned();
            format!("{} {} {}", field("operation"), field("outcome"), field("refusal"))
        })
        .collect();
    let last = rows[rows.len() - 5..].to_vec();
    let expected = [
        "set_risk_switch done -",
        "set_risk_switch refused NO_EFFECT",
        "place_order refused REDUCE_ONLY",
        "request_withdrawal refused UNKNOWN_BENEFICIARY",
        "log_in refused UNAUTHENTICATED",
    ];
    assert_eq!(last, expected);
}
