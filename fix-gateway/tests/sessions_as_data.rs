//! Sessions that change by records while the gateway serves, and after a crash (ADR 0014).

mod desk;

use assay_event_log::{EventLog, MemoryLog, NewRecord, Value};
use assay_trading_types::{
    Actor, CancelWhen, CompId, DisconnectTerms, Event, FirmId, Origin, Role, SessionLoss, SessionNumbersSet,
    SessionSet, SessionSuspended, Timestamp, Topic, TraceId,
};
use bytes::Bytes;
use desk::{Desk, field, order, wait};
use fix_gateway::{GatewayConfig, LiveSession, SessionSpec, Source, SpecReader};
use serde_json::{Value as Json, json};
use std::num::NonZeroU64;
use std::path::Path;
use std::sync::Arc;

fn comp_id(text: &str) -> CompId {
    CompId::new(text).unwrap()
}

/// Settings of these tests: `comp_id`, `firm`, `resend_chunk` (which the engine is told) and `addresses` (which it is not).
fn read(settings: &Json) -> Result<SessionSpec, String> {
    let text = |key: &str| settings[key].as_str().ok_or(format!("no {key}"));
    let mut spec = SessionSpec::new(comp_id(text("comp_id")?), FirmId::new(text("firm")?).unwrap());
    spec.resend_chunk = settings["resend_chunk"].as_u64().and_then(NonZeroU64::new);
    spec.addresses = match settings["addresses"].as_str() {
        Some(range) => vec![range.parse().map_err(|_| "no range".to_owned())?],
        None => Vec::new(),
    };
    spec.settings = settings.clone();
    Ok(spec)
}

fn settings(name: &str, firm: &str) -> Json {
    json!({ "comp_id": name, "firm": firm })
}

fn over(log: Arc<MemoryLog>, snapshots: Option<&Path>) -> Desk {
    Desk::configured_over(log, |config: &mut GatewayConfig| {
        config.spec_reader = Some(SpecReader::new(read));
        config.snapshot_dir = snapshots.map(Path::to_owned);
        for spec in &mut config.sessions {
            spec.settings = settings(spec.comp_id.as_str(), spec.firm.as_str());
        }
    })
}

fn start() -> Desk {
    over(Arc::new(MemoryLog::default()), None)
}

/// Sessions of the configuration as `change` leaves them.
fn start_with(change: impl Fn(&mut SessionSpec)) -> Desk {
    Desk::configured(|config| {
        config.spec_reader = Some(SpecReader::new(read));
        config.sessions.iter_mut().for_each(change);
    })
}

fn say(desk: &Desk, event: impl Into<Event>) {
    append(&desk.log, event);
}

fn append(log: &MemoryLog, event: impl Into<Event>) {
    append_from(log, None, event);
}

fn append_from(log: &MemoryLog, origin: Option<Origin>, event: impl Into<Event>) {
    let event = event.into();
    let record = NewRecord {
        topic: Topic::Admin,
        partition: 0,
        key: Bytes::copy_from_slice(event.key().as_bytes()),
        at: Timestamp::from_ns(1_795_253_400_000_000_000),
        origin,
        trace: TraceId::default(),
        actor: Actor::new("user:ann").unwrap(),
        wire: None,
        value: Value::event(event),
    };
    log.append(&mut vec![record]).unwrap();
}

fn set(name: &str, settings: Json) -> SessionSet {
    SessionSet { comp_id: comp_id(name), version: 1, settings, reason: "drill".to_owned() }
}

fn suspended(name: &str, suspended: bool) -> SessionSuspended {
    SessionSuspended { comp_id: comp_id(name), version: 1, suspended, reason: "drill".to_owned() }
}

fn numbers(name: &str, next_in: Option<u64>, next_out: Option<u64>) -> SessionNumbersSet {
    SessionNumbersSet { comp_id: comp_id(name), version: 1, next_in, next_out, reason: "drill".to_owned() }
}

fn live(desk: &Desk, name: &str) -> Option<LiveSession> {
    let sessions = desk.gateway().asker().sessions().unwrap();
    sessions.into_iter().find(|session| session.comp_id == comp_id(name))
}

fn is(desk: &Desk, name: &str, holds: impl Fn(&LiveSession) -> bool) -> bool {
    live(desk, name).is_some_and(|session| holds(&session))
}

fn resets(desk: &Desk) -> Vec<(u64, u64)> {
    let records = desk.records(Topic::Fix).into_iter().filter(|record| record.wire.is_none());
    let reset = |event: Arc<Event>| match &*event {
        Event::SessionReset(e) => Some((e.next_in, e.next_out)),
        _ => None,
    };
    records.filter_map(|record| reset(record.decode().unwrap())).collect()
}

#[test]
fn a_session_that_a_record_makes_logs_on_trades_and_is_there_after_a_crash() {
    let desk = start();
    assert!(desk.client("CLIENT9").logon(30, false).is_err(), "nobody knows it yet");
    say(&desk, set("CLIENT9", settings("CLIENT9", "FIRM1")));
    wait(|| live(&desk, "CLIENT9").is_some());
    let mut client = desk.logged_on("CLIENT9");
    client.send("D", &order("a-1")).unwrap();
    desk.wait_request(1);
    let next_out = client.next_out();
    let desk = over(desk.crash(), None);
    assert!(is(&desk, "CLIENT9", |session| session.source == Source::Log && session.next_in == 3));
    assert!(is(&desk, "CLIENT1", |session| session.source == Source::File));
    let mut client = desk.client("CLIENT9");
    client.set_next_out(next_out);
    let answer = client.logon(30, false).unwrap();
    assert!(answer.contains("|35=A|"), "{answer}");
}

#[test]
fn what_a_connection_does_not_stand_on_changes_under_it() {
    let desk = start();
    let mut client = desk.logged_on("CLIENT1");
    let mut changed = settings("CLIENT1", "FIRM1");
    changed["addresses"] = "192.0.2.0/24".into();
    say(&desk, set("CLIENT1", changed.clone()));
    wait(|| is(&desk, "CLIENT1", |session| session.settings == changed));
    client.send("1", "112=still").unwrap();
    assert!(client.receive_type("0").unwrap().contains("|112=still|"));
    drop(client);
    desk.wait_down();
    assert!(desk.client("CLIENT1").logon(30, false).is_err(), "the next logon is judged by it");
}

#[test]
fn what_a_connection_stands_on_changes_when_it_ends_and_it_is_ended_for_that() {
    let desk = start();
    let mut client = desk.logged_on("CLIENT1");
    let mut changed = settings("CLIENT1", "FIRM1");
    changed["resend_chunk"] = 7.into();
    say(&desk, set("CLIENT1", changed.clone()));
    let logout = client.receive_type("5").unwrap();
    assert_eq!(field(&logout, 58), Some("Session settings changed"));
    assert!(is(&desk, "CLIENT1", |session| session.changing && session.settings == changed));
    client.send("5", "").unwrap();
    wait(|| is(&desk, "CLIENT1", |session| !session.changing && session.settings == changed));
    assert!(is(&desk, "CLIENT1", |session| session.next_in == 3 && session.next_out == 3), "numbers stay");
}

#[test]
fn a_suspended_session_is_logged_out_and_stays_out_over_a_crash_until_it_is_resumed() {
    let desk = start();
    let mut client = desk.logged_on("CLIENT1");
    say(&desk, suspended("CLIENT1", true));
    let logout = client.receive_type("5").unwrap();
    assert_eq!(field(&logout, 58), Some("Session suspended"));
    // What it still sends counts no more.
    let next_out = client.next_out();
    let _may_be_closed = client.send("D", &order("late"));
    desk.wait_down();
    let logon = |desk: &Desk| {
        let mut client = desk.client("CLIENT1");
        client.set_next_out(next_out);
        client.logon(30, false)
    };
    assert!(logon(&desk).is_err());
    let desk = over(desk.crash(), None);
    assert!(is(&desk, "CLIENT1", |session| session.suspended && session.next_in == next_out));
    assert!(logon(&desk).is_err());
    assert!(desk.requests().is_empty());
    say(&desk, suspended("CLIENT1", false));
    wait(|| is(&desk, "CLIENT1", |session| !session.suspended));
    assert!(logon(&desk).is_ok());
}

#[test]
fn numbers_are_set_once_between_connections_and_name_the_record_that_wants_them() {
    let desk = start();
    let mut client = desk.logged_on("CLIENT1");
    say(&desk, numbers("CLIENT1", Some(50), Some(70)));
    let logout = client.receive_type("5").unwrap();
    assert_eq!(field(&logout, 58), Some("Sequence numbers are set by the operator"));
    client.send("5", "").unwrap();
    wait(|| is(&desk, "CLIENT1", |session| (session.next_in, session.next_out) == (50, 70)));
    assert_eq!(resets(&desk), [(50, 70)]);
    // A restart does not do it again, with a snapshot or without one.
    let dir = tempfile::tempdir().unwrap();
    let desk = over(desk.crash(), Some(dir.path()));
    let mut client = desk.client("CLIENT1");
    client.set_next_out(50);
    let answer = client.logon(30, false).unwrap();
    assert_eq!(field(&answer, 34), Some("70"), "{answer}");
    let log = Arc::clone(&desk.log);
    drop(client);
    desk.wait_down();
    desk.stop().unwrap();
    let desk = over(log, Some(dir.path()));
    assert!(is(&desk, "CLIENT1", |session| (session.next_in, session.next_out) == (51, 71)));
    assert_eq!(resets(&desk), [(50, 70)]);
}

#[test]
fn numbers_that_a_crash_kept_from_being_set_are_set_at_the_start() {
    let desk = start();
    let client = desk.logged_on("CLIENT1");
    let log = desk.crash();
    drop(client);
    append(&log, numbers("CLIENT1", Some(1), Some(1)));
    let desk = over(log, None);
    assert!(is(&desk, "CLIENT1", |session| (session.next_in, session.next_out) == (1, 1)));
    assert_eq!(resets(&desk), [(1, 1)]);
}

#[test]
fn numbers_that_nobody_names_stay_as_they_are_when_it_is_done() {
    let desk = start();
    let mut client = desk.logged_on("CLIENT1");
    say(&desk, numbers("CLIENT1", None, Some(70)));
    client.receive_type("5").unwrap();
    client.send("1", "112=still").unwrap();
    client.send("5", "").unwrap();
    wait(|| is(&desk, "CLIENT1", |session| (session.next_in, session.next_out) == (4, 70)));
}

#[test]
fn numbers_wanted_by_a_record_that_was_written_twice_are_set_once() {
    let desk = start();
    let origin = Origin::Input { role: Role::Admin, topic: Topic::Admin, partition: 0, offset: 40, index: 0 };
    append_from(&desk.log, Some(origin), numbers("CLIENT1", Some(5), Some(5)));
    wait(|| is(&desk, "CLIENT1", |session| session.next_in == 5));
    append_from(&desk.log, Some(origin), numbers("CLIENT1", Some(5), Some(5)));
    say(&desk, suspended("CLIENT2", true));
    wait(|| is(&desk, "CLIENT2", |session| session.suspended));
    assert_eq!(resets(&desk), [(5, 5)]);
    let desk = over(desk.crash(), None);
    assert_eq!(resets(&desk), [(5, 5)]);
}

#[test]
fn a_32_a_suspension_counts_as_a_loss_of_the_session() {
    let desk = start_with(|spec| {
        spec.cancel_on_disconnect.minimum =
            DisconnectTerms { when: CancelWhen::Abnormal, grace_s: 0, keep_gt: false };
    });
    let mut client = desk.logged_on("CLIENT1");
    say(&desk, suspended("CLIENT1", true));
    client.receive_type("5").unwrap();
    client.send("5", "").unwrap();
    desk.wait_down();
    let losses = || {
        let started = |event: Arc<Event>| match &*event {
            Event::CancelOnDisconnectStarted(e) => Some(e.loss),
            _ => None,
        };
        desk.records(Topic::Accounts).iter().filter_map(|r| started(r.decode().unwrap())).collect::<Vec<_>>()
    };
    wait(|| !losses().is_empty());
    assert_eq!(losses(), [SessionLoss::Suspended]);
}

#[test]
fn settings_that_cannot_be_used_shut_the_session_and_better_ones_open_it() {
    let desk = start();
    let mut client = desk.logged_on("CLIENT1");
    say(&desk, set("CLIENT1", json!({"comp_id": "CLIENT1"})));
    client.receive_type("5").unwrap();
    client.send("5", "").unwrap();
    desk.wait_down();
    let other_firm = set("CLIENT2", settings("CLIENT2", "FIRM1"));
    say(&desk, other_firm);
    say(&desk, set("CLIENT9", settings("CLIENT9", "FIRM1")));
    say(&desk, set("CLIENT9", settings("CLIENT9", "FIRM2")));
    let are_shut = |desk: &Desk| {
        let shut = |name: &str, firm: &str| is(desk, name, |s| !s.usable && s.firm.as_str() == firm);
        shut("CLIENT1", "FIRM1") && shut("CLIENT2", "FIRM2") && shut("CLIENT9", "FIRM1")
    };
    wait(|| are_shut(&desk));
    assert!(desk.client("CLIENT1").logon(30, false).is_err());
    let desk = over(desk.crash(), None);
    assert!(are_shut(&desk), "after a crash as before it");
    say(&desk, set("CLIENT2", settings("CLIENT2", "FIRM2")));
    wait(|| is(&desk, "CLIENT2", |session| session.usable));
    desk.logged_on("CLIENT2");
}

#[test]
fn the_last_word_counts_when_a_light_change_follows_one_that_waits() {
    let desk = start();
    let mut client = desk.logged_on("CLIENT1");
    let mut heavy = settings("CLIENT1", "FIRM1");
    heavy["resend_chunk"] = 7.into();
    let mut light = settings("CLIENT1", "FIRM1");
    light["addresses"] = "127.0.0.0/8".into();
    say(&desk, set("CLIENT1", heavy));
    client.receive_type("5").unwrap();
    say(&desk, set("CLIENT1", light.clone()));
    wait(|| is(&desk, "CLIENT1", |session| !session.changing && session.settings == light));
    client.send("5", "").unwrap();
    desk.wait_down();
    say(&desk, suspended("CLIENT2", true));
    wait(|| is(&desk, "CLIENT2", |session| session.suspended));
    assert!(is(&desk, "CLIENT1", |session| !session.changing && session.settings == light));
}
