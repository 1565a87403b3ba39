//! What users are told, how they want to be told, and what runs by the clock.

mod support;

use assay_trading_types::{Event, Job, Topic};
use serde_json::json;
use std::time::{Duration, Instant};
use support::World;

#[allow(clippy::disallowed_methods, reason = "a test's patience")]
#[track_caller]
fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::yield_now();
    }
}

/// Two administrators, and something that the first wishes and the second may check.
fn proposed(world: &World, first: &str, name: &str) -> String {
    let body = json!({"email": format!("{name}@venue.example"), "username": name, "roles": ["risk"]});
    world.write(first, "POST", "/api/v1/users", body).expect(202).text("proposal")
}

#[test]
fn whoever_may_check_is_told_and_the_maker_what_became_of_it() {
    let world = World::new();
    let first = world.administrator();
    let second = world.member(&first, None, "second", &["admin"], None);
    let proposal = proposed(&world, &first, "rita");
    let own = |token: &str, query: &str| {
        world.get(token, &format!("/api/v1/notifications{query}")).expect(200).body
    };
    let told = own(&second, "");
    assert_eq!((&told["unread"], &told["page"]["items"][0]["kind"]), (&json!(1), &json!("proposal_waiting")));
    assert_eq!(told["page"]["items"][0]["about"], json!(proposal));
    assert_eq!(own(&first, "")["unread"], 0, "not the maker");
    let approve = format!("/api/v1/proposals/{proposal}/approve");
    world.write(&second, "POST", &approve, json!({"reason": "known"})).expect(200);
    assert_eq!(
        own(&first, "?kind=proposal_decided&unread=true")["page"]["items"][0]["about"],
        json!(proposal)
    );

    let id = told["page"]["items"][0]["id"].as_str().unwrap();
    let read = format!("/api/v1/notifications/{id}/read");
    world.write(&first, "POST", &read, json!({})).problem(404, "not-found");
    world.write(&second, "POST", &read, json!({})).expect(200);
    assert_eq!(own(&second, "")["unread"], 0);
    assert_eq!(own(&second, "?unread=true")["page"]["items"], json!([]));
    proposed(&world, &first, "ralf");
    proposed(&world, &first, "rosa");
    assert_eq!(own(&second, "")["unread"], 2);
    world.write(&second, "POST", "/api/v1/notifications/read-all", json!({})).expect(200);
    assert_eq!(own(&second, "")["unread"], 0);
}

#[test]
fn a_kind_that_is_switched_off_comes_by_mail_no_more_and_still_stands_in_the_box() {
    let world = World::new();
    let first = world.administrator();
    let second = world.member(&first, None, "second", &["admin"], None);
    let mails = || {
        let mails = world.mails("second@venue.example");
        mails.iter().filter(|mail| mail.contains("waits for a second person")).count()
    };
    proposed(&world, &first, "rita");
    assert_eq!(mails(), 1);
    let path = "/api/v1/notifications/preferences";
    world.write(&second, "PUT", path, json!({"coffee": {"email": false}})).problem(400, "invalid");
    world
        .write(&second, "PUT", path, json!({"proposal_waiting": {"email": false, "fax": true}}))
        .problem(400, "invalid");
    world.write(&second, "PUT", path, json!({"proposal_waiting": {"email": false}})).expect(200);
    let channels = world.get(&second, path).expect(200).body;
    assert_eq!(
        (&channels["proposal_waiting"]["email"], &channels["job_failed"]["email"]),
        (&json!(false), &json!(true))
    );
    proposed(&world, &first, "ralf");
    assert_eq!(mails(), 1);
    assert_eq!(world.get(&second, "/api/v1/notifications").expect(200).body["unread"], 2);
}

#[test]
fn jobs_run_by_recorded_ticks_once_a_period_across_a_restart() {
    let world = World::new();
    let runs = |world: &World, job: Job| {
        let is = |e: &&Event| matches!(e, Event::JobFinished(e) if e.job == job);
        world.events(Topic::Admin).iter().filter(is).count()
    };
    assert_eq!(runs(&world, Job::TokenPurge), 0);
    world.pass_s(3_600);
    wait_until("an hour later", || runs(&world, Job::TokenPurge) == 1);
    let world = world.restarted();
    assert_eq!(runs(&world, Job::TokenPurge), 1, "not again");
    world.pass_s(5 * 3_600);
    wait_until("one run makes up for all that were missed", || runs(&world, Job::TokenPurge) == 2);
    world.pass_s(60);
    let ticks = |world: &World| {
        world.events(Topic::Admin).iter().filter(|e| matches!(e, Event::ClockTicked(_))).count()
    };
    let before = ticks(&world);
    world.pass_s(60);
    wait_until("time goes on", || ticks(&world) > before);
    assert_eq!(runs(&world, Job::TokenPurge), 2);
}
