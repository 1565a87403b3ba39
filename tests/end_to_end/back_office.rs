//! The back office on a real node: the first administrator, logins, and what stays of them.

use crate::instance::{Home, Server, assay, run};
use assay_admin_api::totp;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{SystemTime, UNIX_EPOCH};

pub(crate) const EMAIL: &str = "grace@venue.example";
const PASSWORD: &str = "tulip-orbit-9-canal";

/// Each attempt is a connection; a node that reads a few hundred records takes far fewer.
const ATTEMPTS_MAX: usize = 50_000;

/// An answer: status, headers in lower case, body.
pub(crate) struct Reply {
    status: u16,
    head: String,
    pub(crate) body: String,
}

impl Reply {
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}\n{}", self.head, self.body);
        self
    }

    /// The body of a success.
    #[track_caller]
    pub(crate) fn expect_success(self) -> String {
        assert!((200..300).contains(&self.status), "{}\n{}", self.head, self.body);
        self.body
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }

    pub(crate) fn text(&self, field: &str) -> String {
        self.json()[field].as_str().unwrap_or_else(|| panic!("no {field}: {}", self.body)).to_owned()
    }
}

pub(crate) fn address(server: &Server) -> SocketAddr {
    let line = server.greeting.iter().find_map(|line| line.strip_prefix("admin on ")).expect("it says so");
    line.parse().expect("an address")
}

pub(crate) fn call(server: &Server, method: &str, path: &str, token: &str, body: Option<&Value>) -> Reply {
    call_with(server, method, path, &format!("Authorization: Bearer {token}\r\n"), body)
}

/// A write whose answer may be late: asked again under its key until it is there, as its 202 says.
pub(crate) fn settled(server: &Server, path: &str, token: &str, key: &str, body: &Value) -> Reply {
    let header = format!("Authorization: Bearer {token}\r\nIdempotency-Key: {key}\r\n");
    crate::session_commands::wait(|| {
        let reply = call_with(server, "POST", path, &header, Some(body));
        (reply.status != 202).then_some(reply)
    })
}

fn call_with(server: &Server, method: &str, path: &str, header: &str, body: Option<&Value>) -> Reply {
    let mut stream = TcpStream::connect(address(server)).expect("it listens");
    stream.set_read_timeout(Some(crate::PATIENCE)).expect("a socket");
    let body = body.map(Value::to_string).unwrap_or_default();
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{header}\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("text");
    let (head, body) = answer.split_once("\r\n\r\n").expect("an HTTP answer");
    let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).expect("a status");
    Reply { status, head: head.to_lowercase(), body: body.to_owned() }
}

/// As [`call`], once the back office has read the log: until then it answers 503 and when to come again.
pub(crate) fn once_recovered(
    server: &Server,
    method: &str,
    path: &str,
    token: &str,
    body: Option<&Value>,
) -> Reply {
    let attempts = std::iter::repeat_with(|| call(server, method, path, token, body));
    attempts.take(ATTEMPTS_MAX).find(|reply| reply.status != 503).expect("it recovers")
}

pub(crate) fn create_admin(home: &Home, server: Option<&Server>, email: &str) -> crate::instance::Ended {
    run(creating_admin(home, server, email))
}

pub(crate) fn creating_admin(home: &Home, server: Option<&Server>, email: &str) -> std::process::Command {
    let file = home.data().with_file_name("password.txt");
    std::fs::write(&file, format!("{PASSWORD}\n")).expect("writable");
    let mut command = assay(&["user", "create-admin", "--email", email, "--password-file"]);
    command.arg(file).arg("--config").arg(home.config()).arg("--data-dir").arg(home.data());
    if let Some(server) = server {
        command.arg("--set").arg(format!("admin.listen={}", address(server)));
    }
    command
}

pub(crate) fn log_in(server: &Server, code: Option<&str>) -> Reply {
    let body = json!({"email": EMAIL, "password": PASSWORD, "code": code});
    call(server, "POST", "/api/v1/auth/login", "", Some(&body))
}

#[allow(clippy::disallowed_methods, reason = "a client has its own clock")]
pub(crate) fn step() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs() / totp::STEP_S
}

pub(crate) fn from_base32(text: &str) -> Vec<u8> {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let bits: String = text.chars().map(|c| format!("{:05b}", ALPHABET.find(c).expect("Base32"))).collect();
    let byte = |b: &[u8]| u8::from_str_radix(std::str::from_utf8(b).expect("digits"), 2).expect("eight bits");
    bits.as_bytes().chunks_exact(8).map(byte).collect()
}

#[test]
fn the_first_administrator_is_made_on_a_running_node_and_a_crash_forgets_nothing() {
    let home = Home::new();
    let server = home.start();
    once_recovered(&server, "GET", "/api/v1/auth/jwks", "", None).expect(200);
    create_admin(&home, Some(&server), EMAIL).assert_code(0);
    let again = create_admin(&home, Some(&server), "mallory@venue.example");
    assert!(again.assert_code(1).one_line().contains("there is an administrator already"), "{again:?}");

    let login = log_in(&server, None).expect(200);
    assert_eq!(login.json()["second_factor_missing"], true);
    let token = login.text("access_token");
    call(&server, "GET", "/api/v1/users", &token, None).expect(403);
    let prepared = call(&server, "POST", "/api/v1/auth/me/totp", &token, None).expect(200);
    let secret = from_base32(&prepared.text("secret"));
    let code = json!({"code": totp::code_at(&secret, step())});
    call(&server, "POST", "/api/v1/auth/me/totp/confirm", &token, Some(&code)).expect(200);
    let invited =
        json!({"email": "tim@firm1.example", "username": "tim", "roles": ["trader"], "firm": "FIRM1"});
    let receipt = call(&server, "POST", "/api/v1/users", &token, Some(&invited)).expect(201);

    server.kill_9();
    let server = home.start();
    let users = once_recovered(&server, "GET", "/api/v1/users?search=tim", &token, None).expect(200);
    assert_eq!(users.json()["items"][0]["id"], receipt.json()["id"], "the login works on after a crash");
    // The same step works for nothing else; the next one is within a device's drift.
    log_in(&server, Some(&totp::code_at(&secret, step() + 1))).expect(200);
    server.stop();
    home.assert_sound();
    let audited = home.query(&["--from", "2020-01-01T00:00:00Z", "--format", "json"]);
    assert!(audited.stdout.contains("invite_user"), "the audit has it");
    for secret in [PASSWORD, &token, &prepared.text("secret")] {
        assert!(!audited.stdout.contains(secret), "a secret in the audit");
    }
}

/// An administrator's token that does everything: logged in, with a second factor.
fn administrator(home: &Home, server: &Server) -> String {
    once_recovered(server, "GET", "/api/v1/auth/jwks", "", None).expect(200);
    create_admin(home, Some(server), EMAIL).assert_code(0);
    let token = log_in(server, None).expect(200).text("access_token");
    let prepared = call(server, "POST", "/api/v1/auth/me/totp", &token, None).expect(200);
    let code = json!({"code": totp::code_at(&from_base32(&prepared.text("secret")), step())});
    call(server, "POST", "/api/v1/auth/me/totp/confirm", &token, Some(&code)).expect(200);
    token
}

#[test]
fn a_trace_goes_from_the_request_through_every_record_to_the_audit_rows() {
    let home = Home::new();
    let server = home.start();
    let token = administrator(&home, &server);
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let switch = json!({"scope": {"firm": "FIRM1"}, "state": "killed", "reason": "runaway algorithm"});
    let header = format!("Authorization: Bearer {token}\r\ntraceparent: 00-{trace}-b7ad6b7169203331-01\r\n");
    call_with(&server, "PUT", "/api/v1/risk/switches", &header, Some(&switch)).expect_success();
    // Business is not as usual from here on, and operators see why; strangers see that it is so.
    let stopped = crate::session_commands::wait(|| {
        let health = call(&server, "GET", "/api/v1/system/health", &token, None).expect(200);
        health.body.contains("firm FIRM1: killed").then_some(health)
    });
    assert_eq!(stopped.text("status"), "degraded");
    let business = call(&server, "GET", "/health/business", "", None).expect(200);
    assert_eq!(business.text("status"), "degraded");
    let metrics = call(&server, "GET", "/api/v1/system/metrics", &token, None).expect(200).json();
    assert_eq!((&metrics["orders"], &metrics["answers"]), (&json!(0), &json!(0)), "{metrics}");
    assert!(metrics["market_data_records"].as_u64() > Some(0), "{metrics}");
    server.stop();
    // The log and the store hold the same, leaf by leaf.
    home.assert_sound();
    let rows = home.query(&["--from", "2020-01-01T00:00:00Z", "--format", "json"]).stdout;
    let rows = rows.lines().map(|line| serde_json::from_str::<Value>(line).expect("a row"));
    let traced = rows.filter(|row| row["trace"] == trace);
    let kinds: BTreeSet<_> = traced.map(|row| row["kind"].as_str().expect("a kind").to_owned()).collect();
    let expected =
        ["control.requested.v1", "risk_switch.set.v1", "risk_switch.changed.v1", "risk_command.taken.v1"];
    for kind in expected {
        assert!(kinds.contains(kind), "{kind} is missing of {kinds:?}");
    }
}

#[test]
fn the_first_administrator_is_made_on_a_stopped_node() {
    let home = Home::new();
    create_admin(&home, None, EMAIL).assert_code(0);
    create_admin(&home, None, EMAIL).assert_code(1);
    let weak = home.data().with_file_name("weak.txt");
    std::fs::write(&weak, "password\n").expect("writable");
    let server = home.start();
    once_recovered(&server, "GET", "/api/v1/auth/jwks", "", None).expect(200);
    log_in(&server, None).expect(200);
    call(&server, "POST", "/api/v1/auth/login", "", Some(&json!({"email": EMAIL, "password": "wrong"})))
        .expect(401);
    server.stop();
    home.assert_sound();
}

#[test]
fn health_documents_and_pages_are_served_without_login() {
    let home = Home::new();
    let server = home.start();
    once_recovered(&server, "GET", "/readyz", "", None).expect(200);
    for path in [
        "/healthz",
        "/readyz",
        "/metrics",
        "/health",
        "/health/live",
        "/health/ready",
        "/health/startup",
        "/health/ultra-low-latency",
        "/health/db",
        "/health/queue",
        "/api/v1/openapi.json",
        "/api/docs/",
    ] {
        let reply = call(&server, "GET", path, "", None);
        // How fast the disk is, is the machine's affair.
        let is_slow = path == "/health/ultra-low-latency" && reply.status == 503;
        assert!(reply.status == 200 || is_slow, "{path}: {} {}", reply.status, reply.body);
    }
    // The read model may still be reading what the configuration said: AAPL has a price there, NOREF has none.
    let expected = json!({"check": "business", "status": "degraded"});
    let looks = std::iter::repeat_with(|| call(&server, "GET", "/health/business", "", None));
    let seen = looks.take(ATTEMPTS_MAX).any(|reply| reply.status == 200 && reply.json() == expected);
    assert!(seen, "one word, no figures: {:?}", call(&server, "GET", "/health/business", "", None).body);
    call(&server, "GET", "/api/v1/system/health", "", None).expect(401);
    let nowhere = call(&server, "GET", "/api/v1/nowhere", "", None).expect(404);
    assert!(nowhere.head.contains("application/problem+json"), "{}", nowhere.head);
    server.stop();
}

#[test]
fn metrics_have_help_and_type_and_rules_and_dashboard_name_no_others() {
    let source = "\n[[price_source]]\nname = \"book\"\nkind = \"market\"\n\n[[venue]]\nname = \"PAPER\"\npaper = true\n";
    let terms = "reference_price = \"100.00\"\nreference_max_age_s = 3600\nprice_sources = [\"book\"]";
    let home = Home::with(source).changed("reference_price = \"100.00\"", terms);
    let server = home.start();
    once_recovered(&server, "GET", "/readyz", "", None).expect(200);
    let reply = call(&server, "GET", "/metrics", "", None).expect(200);
    assert!(reply.head.contains("text/plain; version=0.0.4"), "{}", reply.head);
    let served: BTreeSet<&str> = reply
        .body
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split(['{', ' ']).next())
        .collect();
    let histograms: Vec<&str> = reply
        .body
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.strip_suffix(" histogram"))
        .collect();
    assert!(!histograms.is_empty());
    let parts = ["_bucket", "_sum", "_count"];
    // A histogram's lines have its name and an ending.
    let family = |name: &'_ str| {
        let stem =
            |part: &&str| name.strip_suffix(*part).and_then(|stem| histograms.iter().find(|h| **h == stem));
        parts.iter().find_map(stem).copied()
    };
    let families: BTreeSet<&str> = served.iter().map(|name| family(name).unwrap_or(name)).collect();
    for name in &families {
        for comment in ["HELP", "TYPE"] {
            assert!(reply.body.contains(&format!("# {comment} {name} ")), "{name}");
        }
    }
    for used in [
        include_str!("../../deploy/prometheus/alerts.yml"),
        include_str!("../../deploy/grafana/assay.json"),
        include_str!("../../docs/operations.md"),
    ] {
        let words = used.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let mut names = words.filter(|w| w.starts_with("assay_") || w.starts_with("process_")).peekable();
        assert!(names.peek().is_some());
        names.for_each(|name| {
            assert!(served.contains(name) || families.contains(name), "{name} is not served")
        });
    }
    let documented = |name: &&&str| !include_str!("../../docs/operations.md").contains(&format!("`{name}"));
    assert_eq!(families.iter().find(documented), None, "docs/operations.md lists every metric");
    server.stop();
}

#[test]
fn a_node_without_a_back_office_serves_health_alone() {
    let home = Home::new();
    let server = home.start_with(&["--set", "admin.back_office=false"]);
    once_recovered(&server, "GET", "/readyz", "", None).expect(200);
    call(&server, "GET", "/metrics", "", None).expect(200);
    call(&server, "GET", "/api/v1/openapi.json", "", None).expect(404);
    call(&server, "GET", "/health/business", "", None).expect(404);
    server.stop();
    assert!(!home.data().join("admin").exists(), "no read model either");
}

#[test]
fn what_the_node_says_is_logged_as_json_that_names_the_call() {
    let home = Home::new();
    let mut command = home.up();
    command.env("ASSAY_LOG", "warn,assay_admin_api=debug").env("ASSAY_LOG_FORMAT", "json");
    let server = Server::launch(command);
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let header = format!("X-Request-Id: call-7\r\ntraceparent: 00-{trace}-b7ad6b7169203331-01\r\n");
    crate::session_commands::wait(|| {
        let reply = call_with(&server, "GET", "/api/v1/auth/jwks", &header, None);
        (reply.status == 200).then_some(())
    });
    server.terminate();
    let ended = server.wait();
    let lines: Vec<Value> = ended
        .stderr
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}")))
        .collect();
    for line in &lines {
        assert!(
            ["timestamp", "level", "target", "message"].iter().all(|field| line[field].is_string()),
            "{line}"
        );
    }
    let answered = |line: &&Value| line["message"] == "answered" && line["status"] == 200;
    let line = lines.iter().find(answered).unwrap_or_else(|| panic!("{lines:?}"));
    let span = &line["span"];
    assert_eq!([&span["id"], &span["trace"], &span["operation"]], ["call-7", trace, "read_jwks"], "{line}");

    let mut command = assay(&["check"]);
    command.env("ASSAY_LOG_FORMAT", "xml").arg("--data-dir").arg(home.data());
    assert_eq!(run(command).assert_code(1).one_line(), "ASSAY_LOG_FORMAT: xml is neither text nor json");
}
