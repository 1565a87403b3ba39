//! FIX sessions, switches and limits by command: who may, what takes two, what is only tried.

mod support;

use assay_admin_api::{ApiConfig, FixSession, FixSessions, FixSessionsPort, Rates};
use assay_trading_types::{CompId, Event, SessionId, Topic};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use support::{Call, World};

/// A gateway with one session of FIRM1, which refuses a heartbeat of 0.
#[derive(Default)]
struct Gateway {
    is_away: AtomicBool,
}

impl FixSessions for Gateway {
    fn list(&self) -> Option<Vec<FixSession>> {
        if self.is_away.load(Ordering::SeqCst) {
            return None;
        }
        Some(vec![FixSession {
            comp_id: "CLIENT1".to_owned(),
            session: "CLIENT1/ASSAY".to_owned(),
            firm: "FIRM1".to_owned(),
            source: "file".to_owned(),
            state: "logged_on".to_owned(),
            changing: false,
            epoch: 0,
            next_in: 12,
            next_out: 15,
            queued: 0,
            usage: None,
            settings: json!({
                "comp_id": "CLIENT1", "firm": "FIRM1", "profile": "strict",
                "key": [{"id": "k1", "scheme": "password", "password_hash": "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA"}],
            }),
        }])
    }

    fn name(&self, comp_id: CompId) -> SessionId {
        SessionId::new(&format!("{comp_id}/ASSAY")).unwrap()
    }

    fn is_configured(&self, comp_id: CompId) -> bool {
        comp_id.as_str() == "CLIENT1"
    }

    fn check(&self, settings: &Value) -> Result<(), String> {
        if settings["heartbeat_s"] == 0 { Err("heartbeat_s is out of range".to_owned()) } else { Ok(()) }
    }

    fn ends_connection(&self, before: &Value, after: &Value) -> bool {
        before["profile"] != after["profile"]
    }
}

struct Venue {
    world: World,
    olga: String,
    oskar: String,
    rita: String,
    fred: String,
    tim: String,
}

fn venue() -> Venue {
    let rates = Rates { anonymous_per_h: 1_000_000, user_per_h: 1_000_000, ..Rates::default() };
    let fix_sessions = FixSessionsPort::new(Arc::new(Gateway::default()));
    let world = World::with(ApiConfig { rates, fix_sessions, ..ApiConfig::default() });
    let first = world.administrator();
    let second = world.member(&first, None, "second", &["admin"], None);
    let member = |name: &str, role: &str, firm| world.member(&first, Some(&second), name, &[role], firm);
    let (olga, oskar) = (member("olga", "operations", None), member("oskar", "operations", None));
    let rita = member("rita", "risk", None);
    let fred = member("fred", "firm_admin", Some("FIRM2"));
    let tim = member("tim", "trader", Some("FIRM1"));
    Venue { world, olga, oskar, rita, fred, tim }
}

/// Session records of `admin`.
fn session_events(world: &World) -> Vec<Event> {
    let is_one = |event: &Event| {
        matches!(event, Event::SessionSet(_) | Event::SessionSuspended(_) | Event::SessionNumbersSet(_))
    };
    world.events(Topic::Admin).into_iter().filter(is_one).collect()
}

const CLIENT1: &str = "/api/v1/fix-sessions/CLIENT1";

#[test]
fn sessions_are_seen_by_staff_and_by_their_own_firm() {
    let Venue { world, olga, fred, tim, .. } = venue();
    let listed = world.get(&olga, "/api/v1/fix-sessions").expect(200);
    assert_eq!(listed.body["items"][0]["comp_id"], "CLIENT1");
    assert_eq!(world.get(&olga, CLIENT1).expect(200).body["next_out"], 15);
    assert_eq!(world.get(&fred, "/api/v1/fix-sessions").expect(200).body["items"], json!([]));
    world.get(&fred, CLIENT1).problem(404, "not-found");
    world.get(&tim, CLIENT1).problem(403, "forbidden");
}

#[test]
fn a_change_takes_two_persons_and_holds_all_settings() {
    let Venue { world, olga, oskar, rita, .. } = venue();
    let change = json!({"changes": {"heartbeat_s": 20, "profile": null}, "reason": "asked for"});
    world.write(&rita, "PATCH", CLIENT1, change.clone()).problem(403, "forbidden");
    let proposal = world.write(&olga, "PATCH", CLIENT1, change).expect(202).text("proposal");
    let approve = format!("/api/v1/proposals/{proposal}/approve");
    let reason = json!({"reason": "checked"});
    world.write(&olga, "POST", &approve, reason.clone()).problem(403, "segregation");
    assert!(session_events(&world).is_empty());
    world.write(&oskar, "POST", &approve, reason).expect(200);
    let events = session_events(&world);
    let [Event::SessionSet(set)] = &events[..] else { panic!("{events:?}") };
    assert_eq!(
        (set.version, &set.settings["heartbeat_s"], &set.settings["profile"]),
        (1, &json!(20), &Value::Null)
    );
    assert!(set.settings["key"][0]["password_hash"].as_str().unwrap().starts_with("$argon2id$"), "as it was");
}

#[test]
fn what_was_asked_of_an_earlier_session_is_void() {
    let Venue { world, olga, oskar, rita, .. } = venue();
    let ask = |body: Value| world.write(&olga, "PATCH", CLIENT1, body).expect(202).text("proposal");
    let new_keys = ask(json!({"changes": {"key": []}, "reason": "k1 was stolen"}));
    let hours = ask(json!({"changes": {"heartbeat_s": 20}, "reason": "asked for before"}));
    let approve = |proposal: &str| format!("/api/v1/proposals/{proposal}/approve");
    let reason = json!({"reason": "checked"});
    world.write(&oskar, "POST", &approve(&new_keys), reason.clone()).expect(200);
    // It would bring the stolen key back.
    world.write(&oskar, "POST", &approve(&hours), reason.clone()).problem(409, "conflict");
    let again = ask(json!({"changes": {"heartbeat_s": 20}, "reason": "asked for anew"}));
    world.write(&oskar, "POST", &approve(&again), reason.clone()).expect(200);
    let settings: Vec<Value> = session_events(&world)
        .into_iter()
        .map(|event| match event {
            Event::SessionSet(set) => json!([set.version, set.settings["key"], set.settings["heartbeat_s"]]),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(settings, [json!([1, [], null]), json!([2, [], 20])]);
    // A stop rests on nothing, and what was to go on before it does not go on after it.
    let resume = format!("{CLIENT1}/reset");
    let reset = world.write(&olga, "POST", &resume, json!({"reason": "drill"})).expect(202).text("proposal");
    world.write(&rita, "POST", &format!("{CLIENT1}/suspend"), json!({"reason": "runaway"})).expect(200);
    world.write(&oskar, "POST", &approve(&reset), reason).problem(409, "conflict");
}

#[test]
fn an_if_match_of_an_earlier_version_is_refused() {
    let Venue { world, olga, rita, .. } = venue();
    let tag = || world.get(&olga, CLIENT1).expect(200).headers["etag"].to_str().unwrap().to_owned();
    assert_eq!(tag(), "\"0\"");
    world.write(&rita, "POST", &format!("{CLIENT1}/suspend"), json!({"reason": "runaway"})).expect(200);
    assert_eq!(tag(), "\"1\"");
    let reset = |tag: &str| {
        let path = format!("{CLIENT1}/reset");
        let call = Call::new("POST", &path).by(&olga).json(&json!({"reason": "drill"}));
        world.send(call.header("if-match", tag))
    };
    reset("\"0\"").expect(412);
    reset("\"1\"").expect(202);
}

#[test]
fn hashes_of_passwords_are_not_shown() {
    let Venue { world, olga, .. } = venue();
    let listed = world.get(&olga, "/api/v1/fix-sessions").expect(200).body.to_string();
    let one = world.get(&olga, CLIENT1).expect(200).body.to_string();
    let change = json!({"changes": {"heartbeat_s": 20}, "reason": "try"});
    let tried = world.write(&olga, "PATCH", &format!("{CLIENT1}?dry_run=true"), change).expect(200);
    for text in [listed, one, tried.body.to_string()] {
        assert!(text.contains("(not shown)") && !text.contains("argon2id"), "{text}");
    }
}

#[test]
fn what_cannot_be_is_refused_and_what_is_tried_changes_nothing() {
    let Venue { world, olga, .. } = venue();
    let before = world.events(Topic::Admin).len();
    let changed = |changes: Value| json!({"changes": changes, "reason": "try"});
    for (changes, fault) in [
        (json!({"heartbeat_s": 0}), "settings"),
        (json!({"firm": "FIRM2"}), "changes"),
        (json!({"comp_id": "OTHER"}), "changes"),
    ] {
        let reply = world.write(&olga, "PATCH", CLIENT1, changed(changes)).problem(400, "invalid");
        assert_eq!(reply.faults(), [fault], "{reply:?}");
    }
    let taken = json!({"settings": {"comp_id": "CLIENT1", "firm": "FIRM1"}, "reason": "again"});
    world.write(&olga, "POST", "/api/v1/fix-sessions", taken).problem(409, "conflict");
    let numbers = |next_in: u64| json!({"next_in": next_in, "reason": "try"});
    let path = format!("{CLIENT1}/numbers");
    world.write(&olga, "PUT", &path, numbers(0)).problem(400, "invalid");
    world.write(&olga, "PUT", &path, numbers(1_000_000_000)).problem(400, "invalid");
    let tried = world.write(&olga, "PUT", &format!("{path}?dry_run=true"), numbers(7)).expect(200);
    assert_eq!(tried.body["before"], json!({"next_in": 12, "next_out": 15}));
    assert_eq!(tried.body["after"], json!({"next_in": 7, "next_out": 15}));
    assert_eq!(tried.body["logs_out"], true);
    let neither = json!({"reason": "try"});
    world.write(&olga, "PUT", &path, neither).problem(400, "invalid");
    for (changes, logs_out) in [(json!({"profile": "interop"}), true), (json!({"heartbeat_s": 9}), false)] {
        let tried =
            world.write(&olga, "PATCH", &format!("{CLIENT1}?dry_run=true"), changed(changes)).expect(200);
        assert_eq!(tried.body["logs_out"], logs_out, "{tried:?}");
    }
    world.write(&olga, "POST", &format!("{CLIENT1}/resume"), json!({"reason": "x"})).problem(409, "conflict");
    assert_eq!(world.events(Topic::Admin).len(), before);
}

#[test]
fn one_person_suspends_and_two_resume_or_renumber() {
    let Venue { world, olga, rita, .. } = venue();
    let why = json!({"reason": "runaway"});
    world.write(&rita, "POST", &format!("{CLIENT1}/suspend"), why.clone()).expect(200);
    assert!(matches!(&session_events(&world)[..], [Event::SessionSuspended(e)] if e.suspended));
    world.write(&olga, "POST", &format!("{CLIENT1}/reset"), why.clone()).expect(202);
    let keys = json!({"keys": [{"id": "k2"}], "reason": "rotation"});
    world.write(&olga, "PUT", &format!("{CLIENT1}/keys"), keys).expect(202);
    let hours = json!({"schedule": null, "reason": "always"});
    world.write(&olga, "PUT", &format!("{CLIENT1}/schedule"), hours).expect(202);
    assert_eq!(session_events(&world).len(), 1);
}

#[test]
fn a_session_is_killed_while_the_gateway_cannot_be_asked() {
    let gateway = Arc::new(Gateway::default());
    let fix_sessions = FixSessionsPort::new(Arc::clone(&gateway) as Arc<dyn FixSessions>);
    let rates = Rates { anonymous_per_h: 1_000_000, user_per_h: 1_000_000, ..Rates::default() };
    let world = World::with(ApiConfig { rates, fix_sessions, ..ApiConfig::default() }).with_books();
    let first = world.administrator();
    let second = world.member(&first, None, "second", &["admin"], None);
    let member = |name: &str| world.member(&first, Some(&second), name, &["operations"], None);
    let (olga, oskar) = (member("olga"), member("oskar"));
    let settings = json!({"settings": {"comp_id": "CLIENT9", "firm": "FIRM1"}, "reason": "new"});
    let made = world.write(&olga, "POST", "/api/v1/fix-sessions", settings).expect(202).text("proposal");
    let approve = format!("/api/v1/proposals/{made}/approve");
    world.write(&oskar, "POST", &approve, json!({"reason": "checked"})).expect(200);
    gateway.is_away.store(true, Ordering::SeqCst);
    let kill = |session: &str| {
        let body = json!({"scope": {"session": session}, "state": "killed", "reason": "runaway"});
        world.write(&olga, "PUT", "/api/v1/risk/switches", body)
    };
    kill("CLIENT1").expect(200);
    kill("CLIENT9").expect(200);
    kill("NOBODY").problem(503, "unavailable");
    let stopped: Vec<Value> = world
        .events(Topic::Accounts)
        .into_iter()
        .filter_map(|event| match event {
            Event::RiskSwitchChanged(e) => Some(json!(e.scope)),
            _ => None,
        })
        .collect();
    let named = ["CLIENT1/ASSAY", "CLIENT9/ASSAY"].map(|session| json!({"session": session}));
    assert_eq!(stopped, named, "configured, and made by commands");
}
