//! What every request and answer keeps to, whatever it is about.

mod support;

use assay_admin_api::{ApiConfig, Rates, signature};
use assay_trading_types::{AccessRefused, Event};
use hmac::{Hmac, Mac};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::time::{Duration, Instant};
use support::{Call, PASSWORD, World};

#[test]
fn every_answer_has_its_request_id_and_the_security_headers() {
    let world = World::new();
    for call in [
        Call::new("GET", "/api/v1/openapi.json"),
        Call::new("GET", "/api/v1/users"),
        Call::new("GET", "/nowhere"),
    ] {
        let reply = world.send(call.header("x-request-id", "mine-1"));
        assert_eq!(reply.headers["x-request-id"], "mine-1");
        assert_eq!(reply.headers["x-content-type-options"], "nosniff");
        assert_eq!(reply.headers["x-frame-options"], "DENY");
        assert_eq!(reply.headers["x-xss-protection"], "0");
        assert!(reply.headers["strict-transport-security"].to_str().unwrap().contains("31536000"));
        assert!(
            reply.headers["content-security-policy"].to_str().unwrap().contains("frame-ancestors 'none'")
        );
    }
    let reply = world.send(Call::new("GET", "/nowhere").header("x-request-id", "no blanks, please"));
    assert_eq!(reply.headers["x-request-id"].len(), 32, "a bad one is replaced");
}

#[test]
fn what_does_not_exist_is_404_and_what_does_not_fit_has_its_own_status() {
    let world = World::new();
    let admin = world.administrator();
    world.get(&admin, "/api/v1/nowhere").problem(404, "not-found");
    world.send(Call::new("PUT", "/api/v1/users").by(&admin)).problem(405, "method");
    let body = |bytes: &[u8], kind: &str| {
        let mut call = Call::new("POST", "/api/v1/users").by(&admin).header("content-type", kind);
        call.body = Some(bytes.to_vec());
        world.send(call)
    };
    body(b"{}", "text/plain").problem(415, "media-type");
    body(b"{", "application/json").problem(400, "invalid");
    body(b"[]", "application/json; charset=utf-8").problem(400, "invalid");
    body(b"\xff", "application/json").problem(400, "invalid");
    body(&vec![b' '; 256 * 1024 + 1], "application/json").problem(413, "too-large");
    body("[".repeat(100_000).as_bytes(), "application/json").problem(400, "invalid");
    world.send(Call::new("HEAD", "/api/v1/users").by(&admin)).expect(200);
    world
        .send(Call::new("GET", "/api/v1/users").header("authorization", "Basic YTpi"))
        .problem(401, "unauthenticated");
    world.send(Call::new("GET", "/api/v1/users").by("x.y.z")).problem(401, "unauthenticated");
}

#[test]
fn a_repeat_under_one_key_has_one_effect_and_the_first_answer_even_after_a_restart() {
    let world = World::new();
    let admin = world.administrator();
    world.opens("FIRM1");
    let body = |name: &str| json!({"email": format!("{name}@venue.example"), "username": name, "roles": ["trader"], "firm": "FIRM1"});
    let call = |name: &str, key: &str| {
        Call::new("POST", "/api/v1/users").by(&admin).json(&body(name)).header("idempotency-key", key)
    };
    let first = world.send(call("tim", "k1")).expect(201);
    let again = world.send(call("tim", "k1")).expect(201);
    assert_eq!(
        (first.text("id"), first.body["version"].clone()),
        (again.text("id"), again.body["version"].clone())
    );
    world.send(call("tom", "k1")).problem(422, "idempotency");
    world.send(call("tim", "k2")).problem(400, "invalid");
    let refused = world.send(call("tim", "k2")).problem(400, "invalid");
    assert_eq!(refused.faults(), ["username"], "a refusal is repeated too");
    assert_eq!(
        world.send(call("tim", &"k".repeat(129))).problem(400, "invalid").faults(),
        ["idempotency-key"]
    );
    let world = world.restarted();
    let again = world.send(call("tim", "k1")).expect(201);
    assert_eq!(first.text("id"), again.text("id"));
    world.send(call("tom", "k1")).problem(422, "idempotency");
    assert_eq!(world.api.state().identity.users().count(), 2);
}

#[test]
fn a_restart_finds_everything_and_writes_nothing_twice() {
    let world = World::new();
    let admin = world.administrator();
    world.member(&admin, None, "tim", &["trader"], Some("FIRM1"));
    let (state, records) = (world.api.state().clone(), world.events(assay_trading_types::Topic::Admin).len());
    let world = world.restarted();
    assert!(*world.api.state() == state, "the state is a function of the log");
    assert_eq!(world.events(assay_trading_types::Topic::Admin).len(), records);
    world.get(&admin, "/api/v1/users").expect(200);
}

#[test]
fn a_state_returns_from_its_json() {
    let world = World::new();
    let admin = world.administrator();
    world.member(&admin, None, "tim", &["trader"], Some("FIRM1"));
    let state = world.api.state().clone();
    let json = serde_json::to_vec(&state).unwrap();
    assert!(serde_json::from_slice::<assay_admin_api::state::AdminState>(&json).unwrap() == state);
}

#[test]
fn strangers_have_a_hundred_requests_an_hour_and_users_a_thousand() {
    let world = World::with(ApiConfig::default());
    let jwks = || world.send(Call::new("GET", "/api/v1/auth/jwks"));
    let first = jwks().expect(200);
    assert_eq!(first.headers["ratelimit-limit"], "100");
    assert_eq!(first.headers["ratelimit-remaining"], "99");
    (0..99).for_each(|_| drop(jwks().expect(200)));
    let refused = jwks().problem(429, "rate-limit");
    assert_eq!(refused.headers["retry-after"], "36");
    world.send(Call::new("GET", "/api/v1/users").by("bad")).problem(429, "rate-limit");
    world.pass_s(3_600);
    let admin = world.administrator();
    let me = world.get(&admin, "/api/v1/auth/me").expect(200);
    assert_eq!(me.headers["ratelimit-limit"], "1000");
    let left: u32 = me.headers["ratelimit-remaining"].to_str().unwrap().parse().unwrap();
    (0..left).for_each(|_| drop(world.get(&admin, "/api/v1/auth/me").expect(200)));
    world.get(&admin, "/api/v1/auth/me").problem(429, "rate-limit");
}

#[test]
fn who_has_no_requests_left_still_comes_in_stays_in_and_ends_harm() {
    let world = World::with(ApiConfig::default()).with_books();
    let admin = world.administrator();
    let strangers = || world.send(Call::new("GET", "/api/v1/auth/jwks"));
    let answered = (0..=100).take_while(|_| strangers().status == 200).count();
    assert!((90..100).contains(&answered), "some were the administrator's: {answered}");
    let password = json!({"email": "root@venue.example", "password": "wrong-and-long-enough"});
    world.public("/api/v1/auth/login", password).problem(401, "unauthenticated");
    world.public("/api/v1/auth/refresh", json!({"refresh_token": "none"})).problem(401, "unauthenticated");
    let me = world.get(&admin, "/api/v1/auth/me").expect(200);
    let left: u32 = me.headers["ratelimit-remaining"].to_str().unwrap().parse().unwrap();
    (0..left).for_each(|_| drop(world.get(&admin, "/api/v1/auth/me").expect(200)));
    world.get(&admin, "/api/v1/auth/me").problem(429, "rate-limit");
    let kill = json!({"scope": "all", "state": "killed", "reason": "runaway"});
    world.write(&admin, "PUT", "/api/v1/risk/switches", kill).expect(200);
    let cancel = world.write(&admin, "DELETE", "/api/v1/orders/O0000000000000001", json!({}));
    assert_ne!(cancel.status, 429, "{cancel:?}");
    let nobody = "/api/v1/users/usr_0192f3a4b5c60123456789abcdef0123/logins";
    world.send(Call::new("DELETE", nobody).by(&admin)).problem(404, "not-found");
}

#[test]
fn budgets_follow_role_and_operation_when_configured() {
    let mut rates = Rates { anonymous_per_h: 1_000, ..Rates::default() };
    rates.roles_per_h.insert(assay_trading_types::UserRole::Admin, 5_000);
    rates.operations_per_h.insert(assay_admin_api::Operation::ListUsers, 2);
    let world = World::with(ApiConfig { rates, ..ApiConfig::default() });
    let admin = world.administrator();
    assert_eq!(world.get(&admin, "/api/v1/auth/me").expect(200).headers["ratelimit-limit"], "5000");
    world.get(&admin, "/api/v1/users").expect(200);
    world.get(&admin, "/api/v1/users").expect(200);
    world.get(&admin, "/api/v1/users").problem(429, "rate-limit");
}

#[test]
fn browsers_of_other_origins_and_unknown_hosts_are_refused_unless_configured() {
    let closed = World::new();
    let ask = |world: &World| {
        let call = Call::new("OPTIONS", "/api/v1/users").header("origin", "https://console.example");
        world.send(call.header("access-control-request-method", "GET"))
    };
    let reply = ask(&closed);
    assert_eq!((reply.status, reply.headers.get("access-control-allow-origin")), (403, None));
    let open = World::with(ApiConfig {
        cors_origins: vec!["https://console.example".to_owned()],
        hosts: vec!["api.venue.example".to_owned()],
        ..ApiConfig::default()
    });
    let reply = ask(&open);
    assert_eq!(reply.status, 204);
    assert_eq!(reply.headers["access-control-allow-origin"], "https://console.example");
    let jwks = Call::new("GET", "/api/v1/auth/jwks").header("host", "api.venue.example");
    let reply = open.send(jwks.header("origin", "https://console.example")).expect(200);
    let readable = reply.headers["access-control-expose-headers"].to_str().unwrap().to_owned();
    for header in ["assay-position", "etag", "location", "retry-after", "x-csrf-token", "x-request-id"] {
        assert!(readable.split(", ").any(|name| name == header), "{header} of {readable}");
    }
    open.send(Call::new("GET", "/api/v1/auth/jwks").header("host", "evil.example"))
        .problem(400, "unknown-host");
    open.send(Call::new("GET", "/api/v1/auth/jwks").header("host", "api.venue.example:443")).expect(200);
}

#[test]
fn a_poisoned_log_answers_503_and_nothing_is_told_that_could_be_lost() {
    let world = World::new();
    let admin = world.administrator();
    world.opens("FIRM1");
    world.log.poison("the disk is gone");
    let body = json!({"email": "tim@venue.example", "username": "tim", "roles": ["trader"], "firm": "FIRM1"});
    world.write(&admin, "POST", "/api/v1/users", body).problem(503, "unavailable");
}

struct Key {
    id: String,
    secret: String,
}

fn key(world: &World, admin: &str, scopes: &[&str], addresses: &[&str]) -> Key {
    let body = json!({"name": "robot", "scopes": scopes, "addresses": addresses, "days": 1});
    let made = world.write(admin, "POST", "/api/v1/auth/me/api-keys", body).expect(201);
    Key { id: made.text("id"), secret: made.text("secret") }
}

fn signed(world: &World, key: &Key, path: &str, nonce: &str) -> Call {
    let digest = hex::encode(Sha256::digest(b""));
    let text = signature::signed_text("GET", path, world.now_s(), nonce, &digest);
    let mut mac = Hmac::<Sha256>::new_from_slice(key.secret.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    let signature = hex::encode(mac.finalize().into_bytes());
    let value = format!(
        "{} key={}, timestamp={}, nonce={nonce}, signature={signature}",
        signature::SCHEME,
        key.id,
        world.now_s()
    );
    Call::new("GET", path).header("authorization", &value)
}

#[test]
fn a_machine_signs_its_requests_within_its_scopes_and_from_its_addresses() {
    let world = World::new();
    let admin = world.administrator();
    let good = key(&world, &admin, &["list_users"], &["127.0.0.0/8"]);
    let path = "/api/v1/users?limit=1";
    let call = signed(&world, &good, path, "nonce-0123456789a");
    world.send(call.clone()).expect(200);
    world.send(call.clone()).problem(401, "unauthenticated");
    let mut elsewhere = signed(&world, &good, path, "nonce-0123456789b");
    elsewhere.path = "/api/v1/users?limit=2".to_owned();
    world.send(elsewhere).problem(401, "unauthenticated");
    let old = signed(&world, &good, path, "nonce-0123456789c");
    world.pass_s(31);
    world.send(old).problem(401, "unauthenticated");
    world.send(signed(&world, &good, "/api/v1/proposals", "nonce-0123456789d")).problem(403, "forbidden");
    let foreign = key(&world, &admin, &["list_users"], &["192.0.2.0/24"]);
    world.send(signed(&world, &foreign, path, "nonce-0123456789e")).problem(401, "unauthenticated");
    let forged = Key { id: good.id.clone(), secret: foreign.secret };
    world.send(signed(&world, &forged, path, "nonce-0123456789f")).problem(401, "unauthenticated");
    world.send(Call::new("DELETE", &format!("/api/v1/auth/me/api-keys/{}", good.id)).by(&admin)).expect(204);
    world.send(signed(&world, &good, path, "nonce-0123456789g")).problem(401, "unauthenticated");
}

#[test]
fn a_key_ends_with_its_time_and_with_its_user() {
    let world = World::new();
    let admin = world.administrator();
    let second = world.member(&admin, None, "second", &["admin"], None);
    let robot = key(&world, &second, &["list_users"], &[]);
    world.send(signed(&world, &robot, "/api/v1/users", "nonce-0123456789a")).expect(200);
    world.pass_s(86_400);
    world.send(signed(&world, &robot, "/api/v1/users", "nonce-0123456789b")).problem(401, "unauthenticated");
}

#[test]
fn a_key_to_be_is_checked() {
    let world = World::new();
    let admin = world.administrator();
    let make = |body: serde_json::Value| {
        world.write(&admin, "POST", "/api/v1/auth/me/api-keys", body).problem(400, "invalid")
    };
    let reply = make(json!({"name": "", "scopes": [], "days": 0}));
    assert_eq!(reply.faults(), ["name", "scopes", "days"]);
    let reply = make(
        json!({"name": "x", "scopes": ["list_users", "log_in", "fly"], "addresses": ["1.2.3.4/33"], "days": 367}),
    );
    assert_eq!(reply.faults(), ["scopes[1]", "scopes[2]", "addresses[0]", "days"]);
    make(json!({"name": "x", "scopes": ["list_users"], "days": -1}));
    // What a person must do, with a second factor.
    for scope in
        ["request_withdrawal", "approve_withdrawal", "approve_proposal", "approve_limits", "disburse_loan"]
    {
        let reply = make(json!({"name": "x", "scopes": ["list_users", scope], "days": 1}));
        assert_eq!(reply.faults(), ["scopes[1]"]);
    }
    let list = world.get(&admin, "/api/v1/auth/me/api-keys").expect(200);
    assert_eq!(list.body["items"], json!([]));
}

#[test]
fn a_password_is_never_in_an_answer() {
    let world = World::new();
    let admin = world.administrator();
    for path in ["/api/v1/users", "/api/v1/auth/me", "/api/v1/reports/access-review"] {
        let text = world.get(&admin, path).expect(200).body.to_string();
        assert!(!text.contains(PASSWORD) && !text.contains("argon2"), "{text}");
    }
}

/// The value of a cookie that an answer sets, and all of its line.
fn cookie(reply: &support::Reply, name: &str) -> (String, String) {
    let lines = reply.headers.get_all("set-cookie").iter().map(|line| line.to_str().unwrap().to_owned());
    let line = lines.into_iter().find(|line| line.starts_with(&format!("{name}="))).expect(name);
    let value = line.split(['=', ';']).nth(1).unwrap().to_owned();
    (value, line)
}

#[test]
fn a_browsers_login_is_in_hardened_cookies_and_its_writes_show_a_token() {
    let world = World::new();
    let admin = world.administrator();
    world.member(&admin, None, "tim", &["trader"], Some("FIRM1"));
    let body = json!({"email": "tim@venue.example", "password": PASSWORD, "cookies": true});
    let login = world.public("/api/v1/auth/login", body).expect(200);
    assert!(login.body.get("access_token").is_none() && login.body.get("refresh_token").is_none());
    let csrf = login.text("csrf_token");
    let (access, line) = cookie(&login, "__Host-assay-access");
    for part in ["Path=/;", "Secure", "HttpOnly", "SameSite=Strict", "Max-Age=900"] {
        assert!(line.contains(part), "{line}");
    }
    let (refresh, line) = cookie(&login, "__Secure-assay-refresh");
    for part in ["Path=/api/v1/auth;", "Secure", "HttpOnly", "SameSite=Strict"] {
        assert!(line.contains(part), "{line}");
    }
    let by = |method: &str, path: &str, cookies: &str, csrf: Option<&str>| {
        let call = Call::new(method, path).header("cookie", cookies).json(&json!({}));
        world.send(if let Some(csrf) = csrf { call.header("x-csrf-token", csrf) } else { call })
    };
    let own = format!("theme=dark; __Host-assay-access={access}");
    let me = by("GET", "/api/v1/auth/me", &own, None).expect(200);
    assert_eq!(me.headers["x-csrf-token"].to_str().unwrap(), csrf, "a page that is loaded anew finds it");
    let read_all = "/api/v1/notifications/read-all";
    by("POST", read_all, &own, None).problem(403, "csrf");
    by("POST", read_all, &own, Some("00")).problem(403, "csrf");
    by("POST", read_all, &own, Some(&csrf)).expect(200);
    by("GET", "/api/v1/auth/me", "__Host-assay-access=x.y.z", None).problem(401, "unauthenticated");
    let both = Call::new("POST", read_all).header("cookie", &own).by("x.y.z").header("x-csrf-token", &csrf);
    world.send(both.json(&json!({}))).problem(401, "unauthenticated");

    let stay = format!("__Secure-assay-refresh={refresh}");
    by("POST", "/api/v1/auth/refresh", &stay, None).problem(403, "csrf");
    let next = by("POST", "/api/v1/auth/refresh", &stay, Some(&csrf)).expect(200);
    let (access, _) = cookie(&next, "__Host-assay-access");
    let own = format!("__Host-assay-access={access}");
    let out = by("POST", "/api/v1/auth/logout", &own, Some(&csrf)).expect(204);
    assert_eq!(cookie(&out, "__Host-assay-access").0, "");
    assert!(cookie(&out, "__Secure-assay-refresh").1.contains("Max-Age=0"));
    by("GET", "/api/v1/auth/me", &own, None).problem(401, "unauthenticated");
}

#[test]
fn a_repeat_is_answered_as_the_first_however_things_stand_now() {
    let world = World::new();
    let admin = world.administrator();
    world.member(&admin, None, "tim", &["trader"], Some("FIRM1"));
    let token = world.log_in("tim@venue.example");
    let secret = world.send(Call::new("POST", "/api/v1/auth/me/totp").by(&token)).expect(200).text("secret");
    let code = world.code(&support::from_base32(&secret));
    let confirm = |key: &str| {
        let call = Call::new("POST", "/api/v1/auth/me/totp/confirm").by(&token).json(&json!({"code": code}));
        world.send(call.header("idempotency-key", key))
    };
    let first = confirm("k1").expect(200);
    world.pass_s(300);
    assert_eq!(confirm("k1").expect(200).body, first.body);
    confirm("k2").problem(409, "conflict");
}

#[test]
fn pages_have_the_headers_and_the_budget_of_every_answer() {
    let world = World::with(ApiConfig::default());
    for path in ["/api/docs/", "/api/redoc", "/docs"] {
        let page = world.send(Call::new("GET", path));
        assert_eq!(page.headers["ratelimit-limit"], "100", "{path}");
        for name in ["x-content-type-options", "x-frame-options", "content-security-policy", "x-request-id"] {
            assert!(page.headers.contains_key(name), "{path} {name}");
        }
    }
    (0..97).for_each(|_| drop(world.send(Call::new("GET", "/api/redoc")).expect(200)));
    world.send(Call::new("GET", "/api/redoc")).problem(429, "rate-limit");
}

#[allow(clippy::disallowed_methods, reason = "a test's patience")]
#[test]
fn every_call_is_written_down_and_what_concerns_security_beside_it() {
    let logs = tempfile::tempdir().unwrap();
    let rates = Rates { anonymous_per_h: 1_000_000, user_per_h: 1_000_000, ..Rates::default() };
    let call_log = Some(logs.path().to_owned());
    let proxies = vec![assay_admin_api::Network::parse("127.0.0.0/8").unwrap()];
    let world = World::with(ApiConfig { rates, call_log, trusted_proxies: proxies, ..ApiConfig::default() });
    let admin = world.administrator();
    let me = world.get(&admin, "/api/v1/auth/me").expect(200).text("id");
    let from = "198.51.100.9, 192.0.2.7, 127.0.0.2";
    let call = Call::new("GET", "/api/v1/users?search=secret").by(&admin).header("x-forwarded-for", from);
    world.send(call.header("x-request-id", "here-1")).expect(200);
    world
        .send(Call::new("GET", "/api/v1/firms").header("x-request-id", "here-2"))
        .problem(401, "unauthenticated");
    let lines = |file: &str| -> Vec<serde_json::Value> {
        let text = std::fs::read_to_string(logs.path().join(file)).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let began = Instant::now();
    let find = |file: &str, id: &str| lines(file).into_iter().find(|line| line["request_id"] == id);
    while find("security.log", "here-2").is_none() || find("access.log", "here-2").is_none() {
        assert!(began.elapsed() < Duration::from_secs(90));
        std::thread::sleep(Duration::from_millis(10));
    }
    let line = find("access.log", "here-1").unwrap();
    assert_eq!(
        [
            &line["user"],
            &line["operation"],
            &line["method"],
            &line["path"],
            &line["address"],
            &line["status"]
        ],
        [
            &json!(me),
            &json!("list_users"),
            &json!("GET"),
            &json!("/api/v1/users"),
            &json!("192.0.2.7"),
            &json!(200)
        ]
    );
    assert_eq!(find("security.log", "here-1"), None);
    assert!(lines("security.log").iter().any(|line| line["operation"] == "log_in" && line["status"] == 200));
    let all = std::fs::read_to_string(logs.path().join("access.log")).unwrap();
    assert!(!all.contains("secret") && !all.contains(PASSWORD));
}

#[test]
fn access_that_is_refused_to_somebody_known_stands_in_the_log() {
    let world = World::new();
    let admin = world.administrator();
    let tim = world.member(&admin, None, "tim", &["trader"], Some("FIRM1"));
    let me = world.get(&tim, "/api/v1/auth/me").expect(200).text("id");
    let recorded = || -> Vec<AccessRefused> {
        let events = world.events(assay_trading_types::Topic::Admin).into_iter();
        events.filter_map(|e| if let Event::AccessRefused(e) = e { Some(e) } else { None }).collect()
    };
    world.get("x.y.z", "/api/v1/users").problem(401, "unauthenticated");
    world.get(&tim, "/api/v1/users/usr_0192f3a4b5c60123456789abcdef0123").problem(403, "forbidden");
    let first = recorded().pop().expect("one");
    assert_eq!((first.user.to_string(), first.operation, first.unrecorded), (me, "read_user".to_owned(), 0));
    assert_eq!((first.why, first.address.is_empty()), ("forbidden".to_owned(), false));
    for _ in 0..3 {
        world.get(&tim, "/api/v1/users").problem(403, "forbidden");
    }
    assert_eq!(recorded().len(), 2, "the others are counted");
    world.pass_s(60);
    world.get(&tim, "/api/v1/users").problem(403, "forbidden");
    assert_eq!(recorded().pop().expect("another minute").unrecorded, 2);
    assert_eq!(recorded().len(), 3, "strangers have none");
}
