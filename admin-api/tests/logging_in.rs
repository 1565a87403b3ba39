//! Users come, log in, stay in, lose passwords and devices, and go.

mod support;

use assay_admin_api::{Api, ApiConfig, Clock};
use assay_event_log::EventLog;
use assay_trading_types::{Command, Decision, Event, IdentityAction, IdentityRequested, Timestamp, Topic};
use serde_json::json;
use std::sync::Arc;
use support::{Call, OTHER_PASSWORD, PASSWORD, Reply, World, command};

fn credentials(email: &str, password: &str) -> serde_json::Value {
    json!({"email": email, "password": password})
}

fn registration(email: &str, username: &str) -> serde_json::Value {
    json!({"email": email, "username": username, "password": PASSWORD, "password_confirmation": PASSWORD})
}

fn reset(world: &World, link: &str, password: &str) -> Reply {
    let body = json!({"token": link, "password": password, "password_confirmation": password});
    world.public("/api/v1/auth/password-reset-confirm", body)
}

/// A reset link that waits in the mail.
fn reset_link(world: &World, email: &str) -> String {
    world.public("/api/v1/auth/password-reset", json!({"email": email})).expect(202);
    world.link(email)
}

/// Somebody without roles, whose address is confirmed.
fn registered(world: &World, name: &str) -> String {
    let email = format!("{name}@home.example");
    world.public("/api/v1/auth/register", registration(&email, name)).expect(201);
    world.public("/api/v1/auth/confirm-email", json!({"token": world.link(&email)})).expect(204);
    email
}

#[test]
fn the_first_administrator_is_made_at_the_console_and_only_once() {
    let world = World::new();
    let body = credentials("grace@venue.example", PASSWORD);
    world.public("/api/v1/auth/first-administrator", body.clone()).problem(401, "unauthenticated");
    let stale = Call::new("POST", "/api/v1/auth/first-administrator").json(&body).header(
        "assay-node-proof",
        &assay_admin_api::proof(&world.secrets(), world.now_s() - 61, body.to_string().as_bytes()),
    );
    world.send(stale).problem(401, "unauthenticated");
    world.first_administrator("grace@venue.example").expect(201);
    let second = world.first_administrator("mallory@venue.example").problem(409, "conflict");
    assert_eq!(second.text("code"), "ADMINISTRATOR_EXISTS");
    assert_eq!(world.api.state().identity.users().count(), 1);
}

#[test]
fn a_lost_node_key_stops_the_start_once_there_is_a_user_and_no_other_is_made() {
    let world = World::new();
    let keys = tempfile::tempdir().unwrap();
    let open = |name: &str| {
        let config = ApiConfig {
            keys: keys.path().to_owned(),
            read_model: keys.path().join(name),
            ..ApiConfig::default()
        };
        let clock: Clock = Arc::new(|| Timestamp::from_ns(0));
        Api::new(config, Arc::clone(&world.log) as Arc<dyn EventLog>, clock).map(drop)
    };
    let file = keys.path().join("node.key");
    open("empty").unwrap();
    assert!(file.exists(), "nothing hangs on one yet");
    std::fs::remove_file(&file).unwrap();
    world.first_administrator("grace@venue.example").expect(201);
    let refused = open("lost").unwrap_err();
    let why = std::error::Error::source(&refused).unwrap().to_string();
    assert!(refused.to_string().contains("node.key") && why.contains("restore it"), "{refused}: {why}");
    assert!(!file.exists(), "none is made");
    std::fs::copy(world.path("keys").join("node.key"), &file).unwrap();
    open("restored").unwrap();
}

#[test]
fn another_node_key_stops_the_start_once_there_is_a_user() {
    let world = World::new();
    let keys = tempfile::tempdir().unwrap();
    let open = |name: &str| {
        let config = ApiConfig {
            keys: keys.path().to_owned(),
            read_model: keys.path().join(name),
            ..ApiConfig::default()
        };
        let clock: Clock = Arc::new(|| Timestamp::from_ns(0));
        Api::new(config, Arc::clone(&world.log) as Arc<dyn EventLog>, clock).map(drop)
    };
    let file = keys.path().join("node.key");
    open("empty").unwrap();
    world.first_administrator("grace@venue.example").expect(201);
    let refused = open("another").unwrap_err();
    let why = std::error::Error::source(&refused).unwrap().to_string();
    assert!(refused.to_string().contains("node.key") && why.contains("another than"), "{refused}: {why}");
    std::fs::copy(world.path("keys").join("node.key"), &file).unwrap();
    open("restored").unwrap();
}

#[test]
fn a_node_key_that_was_made_anew_before_there_was_a_user_signs_tokens() {
    let world = World::new();
    std::fs::write(world.path("keys").join("node.key"), "5a".repeat(32)).unwrap();
    let world = world.restarted();
    assert_eq!(world.api.state().identity.signing_keys().len(), 2);
    let admin = world.administrator();
    world.get(&admin, "/api/v1/auth/me").expect(200);
    let world = world.restarted();
    assert_eq!(world.api.state().identity.signing_keys().len(), 2, "once");
}

#[test]
fn whatever_is_wrong_with_credentials_has_one_answer() {
    let world = World::new();
    let email = registered(&world, "ada");
    world.public("/api/v1/auth/register", registration("new@home.example", "newcomer")).expect(201);
    let say = |email: &str, password: &str| {
        let reply =
            world.public("/api/v1/auth/login", credentials(email, password)).problem(401, "unauthenticated");
        reply.body.to_string()
    };
    let wrong = say(&email, OTHER_PASSWORD);
    assert_eq!(wrong, say("nobody@home.example", PASSWORD), "unknown address");
    assert_eq!(wrong, say("new@home.example", PASSWORD), "address not confirmed");
    assert_eq!(wrong, say("not an address", PASSWORD));
    assert_eq!(wrong, say(&email, &"x".repeat(10_000)), "a password that costs too much to hash");
    world.public("/api/v1/auth/login", credentials("ADA@home.example", PASSWORD)).expect(200);
}

#[test]
fn five_failures_lock_for_longer_and_longer_and_it_opens_by_itself() {
    let world = World::new();
    let email = registered(&world, "ada");
    let status = |password: &str| world.public("/api/v1/auth/login", credentials(&email, password)).status;
    (0..4).for_each(|_| assert_eq!(status(OTHER_PASSWORD), 401));
    assert_eq!(status(PASSWORD), 200, "four are forgiven");
    (0..5).for_each(|_| assert_eq!(status(OTHER_PASSWORD), 401));
    assert_eq!(status(PASSWORD), 401, "locked");
    world.pass_s(29);
    assert_eq!(status(PASSWORD), 401, "still locked");
    world.pass_s(1);
    assert_eq!(status(OTHER_PASSWORD), 401, "the sixth doubles the time");
    world.pass_s(59);
    assert_eq!(status(PASSWORD), 401);
    world.pass_s(1);
    assert_eq!(status(PASSWORD), 200);
}

#[test]
fn a_lock_answers_the_right_password_like_a_wrong_one_and_recovery_codes_lead_to_it() {
    let world = World::new();
    world.first_administrator("grace@venue.example").expect(201);
    let login = |password: &str, code: Option<&str>| {
        let body = json!({"email": "grace@venue.example", "password": password, "code": code});
        world.public("/api/v1/auth/login", body)
    };
    let token = login(PASSWORD, None).expect(200).text("access_token");
    let secret = world.enrol(&token);
    world.pass_s(30);
    login(PASSWORD, None).problem(401, "second-factor");
    let wrong = || login(PASSWORD, Some("AAAAAAAA-AAAAAAAA")).problem(401, "unauthenticated").body;
    (0..4).for_each(|_| drop(wrong()));
    login(PASSWORD, None).problem(401, "second-factor");
    let answer = wrong();
    // Locked now, for half a minute; what is right does not make it longer.
    assert_eq!(login(PASSWORD, None).problem(401, "unauthenticated").body, answer);
    assert_eq!(login(PASSWORD, Some(&world.code(&secret))).problem(401, "unauthenticated").body, answer);
    world.pass_s(30);
    login(PASSWORD, None).problem(401, "second-factor");
    login(PASSWORD, Some(&world.code(&secret))).expect(200);
    assert_eq!(login(OTHER_PASSWORD, None).problem(401, "unauthenticated").body, answer);
}

#[test]
fn tokens_expire_rotate_and_end_with_their_login() {
    let world = World::new();
    let email = registered(&world, "ada");
    let first = world.public("/api/v1/auth/login", credentials(&email, PASSWORD)).expect(200);
    let (access, refresh) = (first.text("access_token"), first.text("refresh_token"));
    world.get(&access, "/api/v1/auth/me").expect(200);
    world.pass_s(15 * 60);
    world.get(&access, "/api/v1/auth/me").problem(401, "unauthenticated");

    let second = world.public("/api/v1/auth/refresh", json!({"refresh_token": refresh})).expect(200);
    let (access, newer) = (second.text("access_token"), second.text("refresh_token"));
    world.get(&access, "/api/v1/auth/me").expect(200);
    world.public("/api/v1/auth/refresh", json!({"refresh_token": refresh})).problem(401, "unauthenticated");
    world.get(&access, "/api/v1/auth/me").problem(401, "unauthenticated");
    world.public("/api/v1/auth/refresh", json!({"refresh_token": newer})).problem(401, "unauthenticated");
    assert!(world.text(Topic::Admin).contains("TOKEN_REUSED"), "theft stands in the record");

    let third = world.public("/api/v1/auth/login", credentials(&email, PASSWORD)).expect(200);
    let (access, refresh) = (third.text("access_token"), third.text("refresh_token"));
    world.send(Call::new("POST", "/api/v1/auth/logout").by(&access)).expect(204);
    world.get(&access, "/api/v1/auth/me").problem(401, "unauthenticated");
    world.public("/api/v1/auth/refresh", json!({"refresh_token": refresh})).problem(401, "unauthenticated");

    let fourth = world.public("/api/v1/auth/login", credentials(&email, PASSWORD)).expect(200);
    world.pass_s(86_400);
    let late = json!({"refresh_token": fourth.text("refresh_token")});
    world.public("/api/v1/auth/refresh", late).problem(401, "unauthenticated");
    for bad in ["", "x", "lgn_1.1.x", &refresh.replace(".1.", ".2.")] {
        world.public("/api/v1/auth/refresh", json!({"refresh_token": bad})).problem(401, "unauthenticated");
    }
}

#[test]
fn logins_are_listed_and_ended_one_by_one_and_all_at_once() {
    let world = World::new();
    let email = registered(&world, "ada");
    let (one, two) = (world.log_in(&email), world.log_in(&email));
    let logins = world.get(&one, "/api/v1/auth/me/logins").expect(200);
    let items = logins.body["items"].as_array().unwrap();
    assert_eq!(items.iter().map(|l| l["current"].as_bool().unwrap()).collect::<Vec<_>>(), [false, true]);
    let path = format!("/api/v1/auth/me/logins/{}", items[0]["id"].as_str().unwrap());
    let stranger = world.log_in(&registered(&world, "eve"));
    world.send(Call::new("DELETE", &path).by(&stranger)).problem(404, "not-found");
    world.send(Call::new("DELETE", &path).by(&one)).expect(204);
    world.get(&two, "/api/v1/auth/me").problem(401, "unauthenticated");
    world.send(Call::new("DELETE", "/api/v1/auth/me/logins").by(&one)).expect(204);
    world.get(&one, "/api/v1/auth/me").problem(401, "unauthenticated");
    world.get(&stranger, "/api/v1/auth/me").expect(200);
}

#[test]
fn registration_names_every_fault_and_tells_nobody_who_has_a_user() {
    let world = World::new();
    let email = registered(&world, "ada");
    let bad = json!({"email": "x", "username": "a", "password": "1234", "password_confirmation": "12345",
        "phone": "012345678901234567890", "first_name": "A\u{202e}da"});
    let reply = world.public("/api/v1/auth/register", bad).problem(400, "invalid");
    let faults = reply.faults();
    for field in ["email", "username", "first_name", "phone", "password"] {
        assert!(faults.contains(&field), "{field}: {faults:?}");
    }
    assert_eq!(faults.iter().filter(|f| **f == "password").count(), 4, "short, digits, common, not the same");
    let taken = world.public("/api/v1/auth/register", registration(&email, "somebody")).expect(201);
    let fresh =
        world.public("/api/v1/auth/register", registration("new@home.example", "newcomer")).expect(201);
    assert_eq!(taken.body["message"], fresh.body["message"]);
    let keys = |v: &serde_json::Value| v.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&taken.body), keys(&fresh.body));
    assert!(world.mails(&email).last().unwrap().contains("You have a user already"));
    let name = world
        .public("/api/v1/auth/register", registration("other@home.example", "ADA"))
        .problem(400, "invalid");
    assert_eq!(name.faults(), ["username"]);
    let both = world.public("/api/v1/auth/register", registration(&email, "ADA")).problem(400, "invalid");
    assert_eq!(both.body, name.body, "a taken name tells nothing about the address");
    let mut extra = registration("third@home.example", "third");
    extra["roles"] = json!(["admin"]);
    assert_eq!(world.public("/api/v1/auth/register", extra).problem(400, "invalid").faults(), ["roles"]);
    assert_eq!(world.api.state().identity.users().count(), 2);
}

#[test]
fn a_referral_code_links_and_an_unknown_one_does_not_block() {
    let world = World::new();
    let ada = world.log_in(&registered(&world, "ada"));
    let me = world.get(&ada, "/api/v1/auth/me").expect(200);
    for (name, code, expected) in
        [("bob", me.text("referral_code"), me.body["id"].clone()), ("cid", "NOBODY00".into(), json!(null))]
    {
        let mut body = registration(&format!("{name}@home.example"), name);
        body["referral_code"] = json!(code);
        world.public("/api/v1/auth/register", body).expect(201);
        world
            .public(
                "/api/v1/auth/confirm-email",
                json!({"token": world.link(&format!("{name}@home.example"))}),
            )
            .expect(204);
        let token = world.log_in(&format!("{name}@home.example"));
        assert_eq!(world.get(&token, "/api/v1/auth/me").expect(200).body["referred_by"], expected, "{name}");
    }
}

#[test]
fn a_reset_link_works_once_within_half_an_hour_and_ends_every_login() {
    let world = World::new();
    let email = registered(&world, "ada");
    let token = world.log_in(&email);
    let ask = |email: &str| world.public("/api/v1/auth/password-reset", json!({"email": email})).expect(202);
    assert_eq!(ask(&email).body, ask("nobody@home.example").body);
    let link = world.link(&email);
    let choose = |link: &str, password: &str| {
        let body = json!({"token": link, "password": password, "password_confirmation": password});
        world.public("/api/v1/auth/password-reset-confirm", body)
    };
    choose(&link, "short").problem(400, "invalid");
    choose("tok_1.x", OTHER_PASSWORD).problem(400, "token-invalid");
    choose(&link, OTHER_PASSWORD).expect(204);
    choose(&link, PASSWORD).problem(400, "token-invalid");
    world.get(&token, "/api/v1/auth/me").problem(401, "unauthenticated");
    world.public("/api/v1/auth/login", credentials(&email, PASSWORD)).expect(401);
    world.public("/api/v1/auth/login", credentials(&email, OTHER_PASSWORD)).expect(200);
    assert!(world.mails(&email).last().unwrap().contains("Your password was changed"));
    ask(&email);
    let link = world.link(&email);
    world.pass_s(30 * 60);
    choose(&link, PASSWORD).problem(400, "token-invalid");
}

#[test]
fn a_mailbox_gets_five_links_at_a_time_and_the_answer_does_not_say_so() {
    let world = World::new();
    let email = registered(&world, "ada");
    let ask = || world.public("/api/v1/auth/password-reset", json!({"email": email})).expect(202).body;
    let links = || world.mails(&email).iter().filter(|mail| mail.contains("reset")).count();
    let (before, first) = (links(), ask());
    (0..10).for_each(|_| assert_eq!(ask(), first));
    assert_eq!(links(), before + 5);
    world.pass_s(30 * 60);
    ask();
    assert_eq!(links(), before + 6);
    let token = world.log_in(&email);
    let wish = |n: u32| {
        let body = json!({"email": format!("ada{n}@new.example"), "password": PASSWORD});
        world.write(&token, "POST", "/api/v1/auth/me/email", body)
    };
    (0..5).for_each(|n| drop(wish(n).expect(200)));
    wish(5).problem(409, "conflict");
    ask();
    assert_eq!(links(), before + 7, "other links do not count");
}

#[test]
fn a_used_reset_link_voids_every_other_link() {
    let world = World::new();
    let (email, stranger) = (registered(&world, "ada"), registered(&world, "eve"));
    let token = world.log_in(&email);
    let wish = json!({"email": "ada@new.example", "password": PASSWORD});
    world.write(&token, "POST", "/api/v1/auth/me/email", wish).expect(200);
    let (change, foreign) = (world.link("ada@new.example"), reset_link(&world, &stranger));
    let (first, second) = (reset_link(&world, &email), reset_link(&world, &email));
    assert_ne!(first, second);
    reset(&world, &first, OTHER_PASSWORD).expect(204);
    reset(&world, &second, PASSWORD).problem(400, "token-invalid");
    world.public("/api/v1/auth/confirm-email", json!({"token": change})).problem(400, "token-invalid");
    reset(&world, &foreign, OTHER_PASSWORD).expect(204);
    reset(&world, &reset_link(&world, &email), PASSWORD).expect(204);
}

#[test]
fn another_password_or_address_voids_links_sent_before() {
    let world = World::new();
    let email = registered(&world, "ada");
    let token = world.log_in(&email);
    let link = reset_link(&world, &email);
    let body = json!({"old_password": PASSWORD, "password": OTHER_PASSWORD, "password_confirmation": OTHER_PASSWORD});
    world.write(&token, "POST", "/api/v1/auth/me/password", body).expect(200);
    reset(&world, &link, PASSWORD).problem(400, "token-invalid");
    let link = reset_link(&world, &email);
    let wish = json!({"email": "ada@new.example", "password": OTHER_PASSWORD});
    world.write(&token, "POST", "/api/v1/auth/me/email", wish).expect(200);
    world.public("/api/v1/auth/confirm-email", json!({"token": world.link("ada@new.example")})).expect(204);
    reset(&world, &link, PASSWORD).problem(400, "token-invalid");
}

/// Whether resets by both of two links are done, when they are asked for under these rules.
fn both_resets_are_done(rules: u32) -> bool {
    let world = World::new();
    let email = registered(&world, "ada");
    let _links = (reset_link(&world, &email), reset_link(&world, &email));
    let tokens = world.events(Topic::Admin).into_iter().filter_map(|event| match event {
        Event::IdentityRequested(IdentityRequested {
            action: IdentityAction::RequestPasswordReset { token, .. },
            ..
        }) => Some(token.id),
        _ => None,
    });
    let ids: Vec<_> = tokens
        .enumerate()
        .map(|(n, token)| {
            let command = Command { rules, ..command(n, "reset") };
            let id = command.id;
            let action = IdentityAction::ResetPassword { token, password_hash: "$argon2id$".to_owned() };
            world.asks(IdentityRequested { command, action });
            id
        })
        .collect();
    assert_eq!(ids.len(), 2);
    ids.into_iter().all(|id| matches!(world.decision(id), Decision::Done { .. }))
}

#[test]
fn what_was_decided_under_the_older_rules_is_decided_so_again() {
    assert!(both_resets_are_done(0), "as a log of then has it");
    assert!(!both_resets_are_done(Command::RULES));
}

#[test]
fn keys_for_machines_end_with_a_reset_and_with_deactivation_and_stay_so() {
    let world = World::new();
    let admin = world.administrator();
    let tim = world.member(&admin, None, "tim", &["trader"], Some("FIRM1"));
    let user = world.get(&tim, "/api/v1/auth/me").expect(200).text("id");
    let made = |token: &str, scope: &str| {
        let key = json!({"name": "robot", "scopes": [scope], "days": 1});
        world.write(token, "POST", "/api/v1/auth/me/api-keys", key).expect(201);
    };
    let live = || {
        let state = world.api.state();
        let keys = state.identity.api_keys().filter(|key| key.user.as_str() == user);
        keys.filter(|key| key.revoked.is_none()).count()
    };
    made(&tim, "list_orders");
    made(&admin, "list_users");
    assert_eq!(live(), 1);
    reset(&world, &reset_link(&world, "tim@venue.example"), PASSWORD).expect(204);
    assert_eq!(live(), 0, "after a reset");
    made(&world.log_in("tim@venue.example"), "list_orders");
    assert_eq!(live(), 1);
    for (act, status) in [("deactivate", false), ("activate", true)] {
        let path = format!("/api/v1/users/{user}/{act}");
        world.write(&admin, "POST", &path, json!({"reason": "left"})).expect(200);
        assert_eq!(world.api.state().identity.users().all(|user| user.active), status);
        assert_eq!(live(), 0, "after {act}");
    }
    assert_eq!(world.api.state().identity.api_keys().filter(|key| key.revoked.is_none()).count(), 1);
}

#[test]
fn a_password_chosen_by_a_link_is_not_like_the_users_own_names() {
    let world = World::new();
    let body = json!({"email": "ada@home.example", "username": "lovelace", "first_name": "Augusta", "last_name": "Byron",
        "password": PASSWORD, "password_confirmation": PASSWORD});
    world.public("/api/v1/auth/register", body).expect(201);
    world.public("/api/v1/auth/confirm-email", json!({"token": world.link("ada@home.example")})).expect(204);
    let link = reset_link(&world, "ada@home.example");
    for like in ["my-lovelace-1815", "my-Augusta-1815", "my-byron-of-1815"] {
        assert_eq!(reset(&world, &link, like).problem(400, "invalid").faults(), ["password"], "{like}");
    }
    reset(&world, &link, OTHER_PASSWORD).expect(204);
    let admin = world.administrator();
    world.opens("FIRM1");
    let body = json!({"email": "tim@venue.example", "username": "tim", "first_name": "Timothy", "last_name": "Tradewell",
        "roles": ["trader"], "firm": "FIRM1"});
    world.write(&admin, "POST", "/api/v1/users", body).expect(201);
    let link = world.link("tim@venue.example");
    let accept = |password: &str| {
        let body = json!({"token": link, "password": password, "password_confirmation": password});
        world.public("/api/v1/auth/accept-invitation", body)
    };
    assert_eq!(accept("my-tradewell-77").problem(400, "invalid").faults(), ["password"]);
    accept(PASSWORD).expect(204);
}

#[test]
fn a_link_for_one_thing_does_not_serve_another() {
    let world = World::new();
    world.public("/api/v1/auth/register", registration("ada@home.example", "ada")).expect(201);
    let link = world.link("ada@home.example");
    let body = json!({"token": link, "password": OTHER_PASSWORD, "password_confirmation": OTHER_PASSWORD});
    world.public("/api/v1/auth/password-reset-confirm", body.clone()).problem(400, "token-invalid");
    world.public("/api/v1/auth/accept-invitation", body).problem(400, "token-invalid");
    world.public("/api/v1/auth/confirm-email", json!({"token": link})).expect(204);
}

#[test]
fn a_privileged_user_does_nothing_before_the_second_factor_and_logs_in_with_it_afterwards() {
    let world = World::new();
    world.first_administrator("grace@venue.example").expect(201);
    let login = |code: Option<&str>| {
        let body = json!({"email": "grace@venue.example", "password": PASSWORD, "code": code});
        world.public("/api/v1/auth/login", body)
    };
    let reply = login(None).expect(200);
    assert_eq!(reply.body["second_factor_missing"], true);
    let token = reply.text("access_token");
    world.get(&token, "/api/v1/users").problem(403, "enrol-second-factor");
    world.get(&token, "/api/v1/auth/me").expect(200);
    let prepared = world.send(Call::new("POST", "/api/v1/auth/me/totp").by(&token)).expect(200);
    let confirm =
        |code: &str| world.write(&token, "POST", "/api/v1/auth/me/totp/confirm", json!({"code": code}));
    assert_eq!(confirm("000000").problem(400, "invalid").faults(), ["code"]);
    assert!(prepared.text("uri").starts_with("otpauth://totp/Assay:grace%40venue.example?secret="));
    // Begun again: the newer secret counts.
    let secret = {
        let prepared = world.send(Call::new("POST", "/api/v1/auth/me/totp").by(&token)).expect(200);
        support::from_base32(&prepared.text("secret"))
    };
    let confirmed = confirm(&world.code(&secret)).expect(200);
    let recovery: Vec<String> = serde_json::from_value(confirmed.body["recovery_codes"].clone()).unwrap();
    assert_eq!(recovery.len(), 10);
    world.get(&token, "/api/v1/users").expect(200);

    login(None).problem(401, "second-factor");
    login(Some(&world.code(&secret))).problem(401, "unauthenticated");
    world.pass_s(30);
    login(Some("000000")).problem(401, "unauthenticated");
    login(Some(&world.code(&secret))).expect(200);
    login(Some(&world.code(&secret))).problem(401, "unauthenticated");
    login(Some(&recovery[0].to_lowercase())).expect(200);
    login(Some(&recovery[0])).problem(401, "unauthenticated");
    login(Some("AAAAAAAA-AAAAAAAA")).problem(401, "unauthenticated");
}

#[test]
fn a_profile_changes_with_its_version_and_its_read_only_fields_are_refused() {
    let world = World::new();
    let token = world.log_in(&registered(&world, "ada"));
    let me = world.get(&token, "/api/v1/auth/me").expect(200);
    let etag = me.headers["etag"].to_str().unwrap().to_owned();
    let patch = |body: serde_json::Value, tag: &str| {
        world.send(Call::new("PATCH", "/api/v1/auth/me").by(&token).json(&body).header("if-match", tag))
    };
    patch(json!({"first_name": "Ada"}), &etag).expect(200);
    patch(json!({"first_name": "Bea"}), &etag).problem(412, "version");
    for (field, value) in [
        ("id", json!("usr_1")),
        ("email_confirmed", json!(true)),
        ("roles", json!(["admin"])),
        ("referral_code", json!("X")),
        ("created", json!("x")),
    ] {
        assert_eq!(patch(json!({field: value}), "*").problem(400, "invalid").faults(), [field]);
    }
    assert_eq!(patch(json!({"first_name": 7}), "*").problem(400, "invalid").faults(), ["first_name"]);
    assert_eq!(world.get(&token, "/api/v1/auth/me").expect(200).text("first_name"), "Ada");
    patch(json!({}), "3").problem(400, "invalid");
}

#[test]
fn a_password_change_needs_the_old_one_and_ends_the_other_logins() {
    let world = World::new();
    let email = registered(&world, "ada");
    let (token, other) = (world.log_in(&email), world.log_in(&email));
    let change = |old: &str, new: &str| {
        let body = json!({"old_password": old, "password": new, "password_confirmation": new});
        world.write(&token, "POST", "/api/v1/auth/me/password", body)
    };
    assert_eq!(change(OTHER_PASSWORD, OTHER_PASSWORD).problem(400, "invalid").faults(), ["old_password"]);
    assert_eq!(change(PASSWORD, "password").problem(400, "invalid").faults(), ["password", "password"]);
    change(PASSWORD, OTHER_PASSWORD).expect(200);
    world.get(&token, "/api/v1/auth/me").expect(200);
    world.get(&other, "/api/v1/auth/me").problem(401, "unauthenticated");
}

#[test]
fn another_address_counts_when_its_link_is_opened_and_the_old_one_is_told() {
    let world = World::new();
    let email = registered(&world, "ada");
    let token = world.log_in(&email);
    let wish = |password: &str| {
        world.write(
            &token,
            "POST",
            "/api/v1/auth/me/email",
            json!({"email": "ada@new.example", "password": password}),
        )
    };
    wish(OTHER_PASSWORD).problem(400, "invalid");
    wish(PASSWORD).expect(200);
    assert_eq!(world.get(&token, "/api/v1/auth/me").expect(200).text("email"), email);
    world.public("/api/v1/auth/confirm-email", json!({"token": world.link("ada@new.example")})).expect(204);
    assert_eq!(world.get(&token, "/api/v1/auth/me").expect(200).text("email"), "ada@new.example");
    assert!(world.mails(&email).last().unwrap().contains("Your address was changed"));
    world.public("/api/v1/auth/login", credentials(&email, PASSWORD)).expect(401);
}

#[test]
fn preferences_are_checked_and_versioned() {
    let world = World::new();
    let token = world.log_in(&registered(&world, "ada"));
    let mut wanted = world.get(&token, "/api/v1/auth/me/preferences").expect(200).body;
    assert_eq!(wanted["email_enabled"], true);
    wanted["email_enabled"] = json!(false);
    wanted["quiet_minutes"] = json!([1320, 420]);
    let put = |body: &serde_json::Value, tag: &str| {
        world.send(
            Call::new("PUT", "/api/v1/auth/me/preferences").by(&token).json(body).header("if-match", tag),
        )
    };
    put(&wanted, "\"1\"").expect(200);
    put(&wanted, "\"1\"").problem(412, "version");
    assert_eq!(world.get(&token, "/api/v1/auth/me/preferences").expect(200).body, wanted);
    wanted["quiet_minutes"] = json!([1440, 0]);
    wanted["language"] = json!("");
    wanted["time_zone"] = json!("../etc/passwd?");
    assert_eq!(
        put(&wanted, "*").problem(400, "invalid").faults(),
        ["quiet_minutes", "language", "time_zone"]
    );
}

#[test]
fn signing_keys_rotate_and_the_old_ones_tokens_work_until_they_expire() {
    let world = World::new();
    let admin = world.administrator();
    let keys = || {
        world.send(Call::new("GET", "/api/v1/auth/jwks")).expect(200).body["keys"].as_array().unwrap().clone()
    };
    assert_eq!(keys().len(), 1);
    world.send(Call::new("POST", "/api/v1/auth/signing-keys").by(&admin)).expect(201);
    assert_eq!(keys().len(), 2);
    assert!(keys().iter().all(|k| k["kty"] == "OKP" && k.get("d").is_none()), "public halves only");
    world.get(&admin, "/api/v1/users").expect(200);
}

#[test]
fn no_secret_stands_in_the_log() {
    let world = World::new();
    let admin = world.administrator();
    let reply =
        world.public("/api/v1/auth/login", credentials(&registered(&world, "ada"), PASSWORD)).expect(200);
    let (access, refresh) = (reply.text("access_token"), reply.text("refresh_token"));
    world.public("/api/v1/auth/password-reset", json!({"email": "ada@home.example"})).expect(202);
    let link = world.link("ada@home.example");
    let prepared = world.send(Call::new("POST", "/api/v1/auth/me/totp").by(&access)).expect(200);
    let key = json!({"name": "robot", "scopes": ["list_users"], "days": 1});
    let key = world.write(&admin, "POST", "/api/v1/auth/me/api-keys", key).expect(201);
    let log = world.text(Topic::Admin);
    let behind_point = |token: &str| token.rsplit('.').next().unwrap().to_owned();
    for secret in [
        PASSWORD.to_owned(),
        access,
        behind_point(&refresh),
        behind_point(&link),
        prepared.text("secret"),
        behind_point(&key.text("secret")),
    ] {
        assert!(secret.len() >= 16 && !log.contains(&secret), "{secret}");
    }
    assert!(log.contains("$argon2id$"), "the log was looked at");
}
