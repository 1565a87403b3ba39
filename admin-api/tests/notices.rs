//! What users are told, how they want to be told, and what runs by the clock.

mod support;

use assay_admin_api::{Mail, MailService, Mailer};
use assay_trading_types::{Event, Job, MailId, Topic};
use serde_json::{Value, json};
use std::sync::Arc;
use support::{World, wait_until};

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
fn mail_that_can_wait_waits_for_the_end_of_the_quiet_hours() {
    // It is 09:30 UTC, 11:30 in Johannesburg.
    let world = World::new();
    let first = world.administrator();
    let second = world.member(&first, None, "second", &["admin"], None);
    let mails = |with: &str| {
        let mails = world.mails("second@venue.example");
        mails.iter().filter(|mail| mail.contains(with)).count()
    };
    let path = "/api/v1/auth/me/preferences";
    let mut wanted = world.get(&second, path).expect(200).body;
    wanted["time_zone"] = json!("Africa/Nowhere");
    let reply = world.write(&second, "PUT", path, wanted.clone()).problem(400, "invalid");
    assert_eq!(reply.faults(), ["time_zone"]);
    wanted["time_zone"] = json!("Africa/Johannesburg");
    wanted["quiet_minutes"] = json!([11 * 60, 11 * 60 + 35]);
    world.write(&second, "PUT", path, wanted).expect(200);

    proposed(&world, &first, "rita");
    assert_eq!(mails("waits for a second person"), 0);
    assert_eq!(
        world.get(&second, "/api/v1/notifications").expect(200).body["unread"],
        1,
        "in the box at once"
    );
    world.public("/api/v1/auth/password-reset", json!({"email": "second@venue.example"})).expect(202);
    assert_eq!(mails("Choose a new password"), 1, "what was asked for does not wait");
    world.pass_s(299);
    assert_eq!(mails("waits for a second person"), 0);
    world.pass_s(1);
    assert_eq!(mails("waits for a second person"), 1);
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

#[test]
fn a_login_from_a_new_place_is_told_by_mail_whatever_is_switched_off() {
    let world = World::new();
    let first = world.administrator();
    let tim = world.member(&first, None, "tim", &["trader"], Some("FIRM1"));
    let mails = || {
        let mails = world.mails("tim@venue.example");
        mails.iter().filter(|mail| mail.contains("logged in from a new place")).count()
    };
    assert_eq!(mails(), 1, "the first");
    let mut preferences = world.get(&tim, "/api/v1/auth/me/preferences").expect(200).body;
    preferences["email_enabled"] = json!(false);
    preferences.as_object_mut().unwrap().remove("version");
    world.write(&tim, "PUT", "/api/v1/auth/me/preferences", preferences).expect(200);
    world.log_in("tim@venue.example");
    assert_eq!(mails(), 1, "a place that is known");
    world.pass_s(86_400);
    world.log_in("tim@venue.example");
    assert_eq!(mails(), 2, "forgotten with its logins");
}

/// A relay that takes nothing.
struct Refusing;

impl Mailer for Refusing {
    fn send(&self, _: &MailId, _: &Mail) -> Result<(), String> {
        Err("550 no such user".to_owned())
    }
}

#[test]
fn mail_that_nobody_takes_is_tried_eight_times_within_a_day_recorded_and_stopped() {
    let world = World::new();
    let first = world.administrator();
    world.member(&first, None, "tim", &["trader"], Some("FIRM1"));
    world.member(&first, None, "tom", &["trader"], Some("FIRM1"));
    world.post_mail();
    world.public("/api/v1/auth/password-reset", json!({"email": "tim@venue.example"})).expect(202);
    let sent = |token: &str, query: &str| {
        let body = world.get(token, &format!("/api/v1/notifications/deliveries{query}")).expect(200).body;
        let items = body["items"].as_array().unwrap().clone();
        items.into_iter().find(|mail| mail["letter"] == "password_reset")
    };
    assert_eq!(sent(&first, "?status=queued").unwrap()["attempts"], 0, "an administrator sees all");
    let mut relay = MailService::new(Arc::clone(&world.api), Box::new(Refusing));
    let began = world.now_s();
    for attempt in 1..=8 {
        // An access token lasts a quarter of an hour.
        let tim = world.log_in("tim@venue.example");
        wait_until("it is tried when it is due", || {
            relay.turn();
            sent(&tim, "").unwrap()["attempts"] == attempt
        });
        let status = if attempt < 8 { "queued" } else { "dropped" };
        assert_eq!(sent(&tim, "").unwrap()["status"], status);
        relay.turn();
        assert_eq!(sent(&tim, "").unwrap()["attempts"], attempt, "not before its time");
        if attempt < 8 {
            world.pass_s(8 * 60 * (1 << (attempt - 1)));
        }
    }
    assert!(world.now_s() - began < 86_400);
    let (tim, tom) = (world.log_in("tim@venue.example"), world.log_in("tom@venue.example"));
    assert_eq!(sent(&tim, "?status=dropped").unwrap()["error"], "550 no such user");
    assert_eq!(sent(&tom, ""), None, "the own alone");
    let tries = world.events(Topic::Admin);
    let tries = tries.iter().filter(|e| matches!(e, Event::MailTried(e) if e.error.starts_with("550")));
    assert!(tries.count() >= 7, "each but the last is a record of its own");
    wait_until("told where it can be read", || {
        let told = world.get(&tim, "/api/v1/notifications?kind=mail_stopped").expect(200).body;
        !told["page"]["items"].as_array().unwrap().is_empty()
    });
    let preferences = world.get(&tim, "/api/v1/auth/me/preferences").expect(200).body;
    assert_eq!(preferences["email_enabled"], false);
}

#[test]
fn what_somebody_did_something_about_is_acted_on_by_that_person_alone() {
    let world = World::new();
    let first = world.administrator();
    let second = world.member(&first, None, "second", &["admin"], None);
    let third = world.member(&first, Some(&second), "third", &["admin"], None);
    let proposal = proposed(&world, &first, "rita");
    let other = proposed(&world, &first, "ralf");
    let newest = |token: &str, about: &str| {
        let told = world.get(token, "/api/v1/notifications").expect(200).body;
        let items = told["page"]["items"].as_array().unwrap();
        let found = items.iter().rev().find(|notice| notice["about"] == about);
        found.unwrap_or_else(|| panic!("nothing about {about}: {told}")).clone()
    };
    let nothing = |notice: &Value| notice["acted_on"].is_null() && notice["read"].is_null();
    assert!(nothing(&newest(&second, &proposal)));
    // Refused, so nothing was done.
    let path = |id: &str, verdict: &str| format!("/api/v1/proposals/{id}/{verdict}");
    world.write(&second, "POST", &path(&proposal, "approve"), json!({"reason": ""})).expect(400);
    assert!(nothing(&newest(&second, &proposal)));
    world.write(&second, "POST", &path(&proposal, "approve"), json!({"reason": "known"})).expect(200);
    let acted = newest(&second, &proposal);
    assert!(acted["acted_on"].is_string() && acted["read"] == acted["acted_on"], "{acted}");
    assert!(nothing(&newest(&third, &proposal)), "another person's notice is as it was");
    assert!(nothing(&newest(&second, &other)), "and so is one about something else");
    world.pass_s(1);
    world.write(&third, "POST", &path(&other, "reject"), json!({"reason": "not yet"})).expect(200);
    assert!(newest(&third, &other)["acted_on"].is_string());
    let world = world.restarted();
    let told = world.get(&second, "/api/v1/notifications").expect(200).body.to_string();
    assert!(told.contains(acted["acted_on"].as_str().unwrap()), "it follows from the log: {told}");
}
