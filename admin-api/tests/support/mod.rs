//! The API on a memory log, with time in the test's hand, called as over HTTP.
#![allow(dead_code, reason = "each test uses its part")]

mod contract;

use assay_admin_api::{
    Api, ApiConfig, CommandProcessor, ComplianceService, KycConfig, KycService, MailRoute, MailService,
    Rates, ReconciliationService, Secrets, WebhookService, app, mailer, proof, totp,
};
use assay_event_log::{EventLog, LastOrigins, MemoryLog, NewRecord};
use assay_execution::Execution;
use assay_risk_service::Risk;
use assay_trading_types::{
    Actor, Command, CommandId, Commission, Decision, Event, FirmOpened, Outbox, Position, Processor, Role,
    SelfTrade, Timestamp, Topic,
};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tower::ServiceExt;

pub(crate) const PASSWORD: &str = "tulip-orbit-9-canal";
pub(crate) const OTHER_PASSWORD: &str = "maple-comet-4-river";

/// 2026-11-21T09:30:00Z.
const START_S: i64 = 1_795_253_400;

/// An API under test.
pub(crate) struct World {
    pub(crate) api: Arc<Api>,
    pub(crate) log: Arc<MemoryLog>,
    router: Router,
    runtime: tokio::runtime::Runtime,
    now_ns: Arc<AtomicI64>,
    dir: TempDir,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Reply {
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }

    /// Checks that it is a problem of a kind.
    #[track_caller]
    pub(crate) fn problem(self, status: u16, slug: &str) -> Self {
        assert_eq!(
            (self.status, self.text("type")),
            (status, format!("urn:assay:problem:{slug}")),
            "{self:?}"
        );
        assert_eq!(self.headers["content-type"], "application/problem+json");
        self
    }

    #[track_caller]
    pub(crate) fn text(&self, field: &str) -> String {
        self.body[field].as_str().unwrap_or_else(|| panic!("no {field}: {self:?}")).to_owned()
    }

    /// Names of the fields at fault.
    pub(crate) fn faults(&self) -> Vec<&str> {
        self.body["errors"].as_array().into_iter().flatten().filter_map(|e| e["field"].as_str()).collect()
    }
}

/// A request to be sent.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<Vec<u8>>,
}

impl Call {
    pub(crate) fn new(method: &str, path: &str) -> Self {
        Self { method: method.into(), path: path.into(), headers: Vec::new(), body: None }
    }

    pub(crate) fn json(mut self, body: &Value) -> Self {
        self.body = Some(body.to_string().into_bytes());
        self.header("content-type", "application/json")
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub(crate) fn by(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }
}

impl World {
    /// What the trading side says, now.
    pub(crate) fn says(&self, event: impl Into<Event>) {
        let (actor, at) = (Actor::new("test").unwrap(), Timestamp::from_ns(self.now_s() * 1_000_000_000));
        self.log.append(&mut vec![NewRecord::first(Topic::Accounts, actor, at, event)]).unwrap();
    }

    /// What somebody asks for, written past the API, now.
    pub(crate) fn asks(&self, event: impl Into<Event>) {
        let (actor, at) = (Actor::new("test").unwrap(), Timestamp::from_ns(self.now_s() * 1_000_000_000));
        self.log.append(&mut vec![NewRecord::first(Topic::Admin, actor, at, event)]).unwrap();
    }

    /// What becomes of a command.
    pub(crate) fn decision(&self, id: CommandId) -> Decision {
        wait_for("the command is decided", || {
            self.events(Topic::Admin).into_iter().find_map(|event| match event {
                Event::CommandDecided(e) if e.command == id => Some(e.decision),
                _ => None,
            })
        })
    }

    /// An empty one whose rates do not matter.
    pub(crate) fn new() -> Self {
        let rates = Rates { anonymous_per_h: 1_000_000, user_per_h: 1_000_000, ..Rates::default() };
        Self::with(ApiConfig { rates, ..ApiConfig::default() })
    }

    pub(crate) fn with(config: ApiConfig) -> Self {
        Self::on(MemoryLog::default(), LastOrigins::default(), tempfile::tempdir().unwrap(), config)
    }

    fn on(log: MemoryLog, written: LastOrigins, dir: TempDir, config: ApiConfig) -> Self {
        let now_ns = Arc::new(AtomicI64::new(START_S * 1_000_000_000));
        let clock = Arc::clone(&now_ns);
        let config = ApiConfig {
            keys: dir.path().join("keys"),
            read_model: dir.path().join("admin"),
            mail: MailRoute::Directory(dir.path().join("mail")),
            kyc: KycConfig { documents: dir.path().join("documents"), ..config.kyc },
            // How slow the machine is decides nothing, unless a test is about waiting.
            decision_wait: match config.decision_wait == ApiConfig::default().decision_wait {
                true => Duration::from_secs(60),
                false => config.decision_wait,
            },
            ..config
        };
        let log = Arc::new(log);
        let port: Arc<dyn EventLog> = Arc::clone(&log) as Arc<dyn EventLog>;
        let clock = Arc::new(move || Timestamp::from_ns(clock.load(Ordering::SeqCst)));
        let (api, mut builder) = Api::new(config, port, clock).unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let mut processor = CommandProcessor::new(Arc::clone(&api), written).unwrap();
        processor.recover().unwrap();
        let stopping = Arc::clone(&stop);
        let processor = std::thread::spawn(move || processor.run(&stopping).unwrap());
        while builder.turn(Duration::ZERO).unwrap() > 0 {}
        let stopping = Arc::clone(&stop);
        let builder = std::thread::spawn(move || builder.run(&stopping, || ()).unwrap());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let router = app(Arc::clone(&api));
        let (stopping, kyc) = (Arc::clone(&stop), KycService::new(Arc::clone(&api)));
        let kyc = std::thread::spawn(move || kyc.run(&stopping));
        let (stopping, books) = (Arc::clone(&stop), ReconciliationService::new(Arc::clone(&api)));
        let books = std::thread::spawn(move || books.run(&stopping));
        let (stopping, checks) = (Arc::clone(&stop), ComplianceService::new(Arc::clone(&api)));
        let checks = std::thread::spawn(move || checks.run(&stopping));
        let (stopping, webhooks) =
            (Arc::clone(&stop), WebhookService::new(Arc::clone(&api), api.poster().unwrap()));
        let webhooks = std::thread::spawn(move || webhooks.run(&stopping).unwrap());
        Self {
            api,
            log,
            router,
            runtime,
            now_ns,
            dir,
            stop,
            threads: vec![processor, builder, kyc, books, checks, webhooks],
        }
    }

    /// With risk behind it, which holds the books and decides on money.
    pub(crate) fn with_books(mut self) -> Self {
        let (log, stop) = (Arc::clone(&self.log), Arc::clone(&self.stop));
        let written = log.last_origins();
        self.threads.push(std::thread::spawn(move || {
            let mut reader = log.reader(&[Topic::Accounts, Topic::Markets], Position(0), false).unwrap();
            let (mut risk, mut market, mut records) = (Risk::new(0), Execution::new(0), Vec::new());
            let (mut of_risk, mut of_market) = (Outbox::new(Role::Risk, 1), Outbox::new(Role::Execution, 1));
            while !stop.load(Ordering::SeqCst) {
                reader.poll_wait(&mut records, 100, Duration::from_millis(20)).unwrap();
                for record in records.drain(..) {
                    let event = record.decode().unwrap();
                    let input = record.input(&event);
                    let (processor, out): (&mut dyn Processor, _) = match record.topic {
                        Topic::Markets => (&mut market, &mut of_market),
                        _ => (&mut risk, &mut of_risk),
                    };
                    out.begin(&input);
                    processor.apply(&input, out);
                    let news = out.drain().filter(|emitted| written.is_news(Some(emitted.origin)));
                    let mut outputs: Vec<NewRecord> = news.map(NewRecord::from).collect();
                    if !outputs.is_empty() {
                        log.append(&mut outputs).unwrap();
                    }
                }
            }
        }));
        self
    }

    /// What a process finds that starts on the same log after a crash.
    pub(crate) fn restarted(self) -> Self {
        self.restarted_with(ApiConfig {
            rates: Rates { anonymous_per_h: 1_000_000, user_per_h: 1_000_000, ..Rates::default() },
            ..ApiConfig::default()
        })
    }

    /// As [`World::restarted`], configured otherwise.
    pub(crate) fn restarted_with(mut self, config: ApiConfig) -> Self {
        self.halt();
        let log = self.log.crash(Position(u64::MAX));
        let written = log.last_origins();
        let dir = std::mem::replace(&mut self.dir, tempfile::tempdir().unwrap());
        let again = Self::on(log, written, dir, config);
        again.now_ns.store(self.now_ns.load(Ordering::SeqCst), Ordering::SeqCst);
        again
    }

    /// As [`World::restarted`], after somebody deleted the read model.
    pub(crate) fn restarted_without_read_model(mut self) -> Self {
        self.halt();
        std::fs::remove_dir_all(self.dir.path().join("admin")).unwrap();
        self.restarted()
    }

    fn halt(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        self.threads.drain(..).for_each(|thread| thread.join().unwrap());
    }

    pub(crate) fn pass_s(&self, seconds: i64) {
        self.now_ns.fetch_add(seconds * 1_000_000_000, Ordering::SeqCst);
    }

    pub(crate) fn now_s(&self) -> i64 {
        self.now_ns.load(Ordering::SeqCst) / 1_000_000_000
    }

    pub(crate) fn send(&self, call: Call) -> Reply {
        let mut request = Request::builder().method(call.method.as_str()).uri(&call.path);
        for (name, value) in &call.headers {
            request = request.header(name, value);
        }
        let request = request.body(Body::from(call.body.clone().unwrap_or_default())).unwrap();
        let reply = self.runtime.block_on(async {
            let response = self.router.clone().oneshot(request).await.unwrap();
            let (parts, body) = response.into_parts();
            let bytes = to_bytes(body, 16 << 20).await.unwrap();
            // A page is no JSON: then its text.
            let text = || (!bytes.is_empty()).then(|| String::from_utf8_lossy(&bytes).into_owned()).into();
            let body = serde_json::from_slice(&bytes).unwrap_or_else(|_| text());
            Reply { status: parts.status.as_u16(), headers: parts.headers, body }
        });
        contract::check(&call, &reply);
        reply
    }

    pub(crate) fn get(&self, token: &str, path: &str) -> Reply {
        self.send(Call::new("GET", path).by(token))
    }

    pub(crate) fn write(&self, token: &str, method: &str, path: &str, body: Value) -> Reply {
        self.send(Call::new(method, path).by(token).json(&body))
    }

    pub(crate) fn public(&self, path: &str, body: Value) -> Reply {
        self.send(Call::new("POST", path).json(&body))
    }

    /// Where an API under test keeps its things.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn secrets(&self) -> Secrets {
        Secrets::load(&self.dir.path().join("keys").join("node.key")).unwrap()
    }

    /// Makes the first administrator as the console does.
    pub(crate) fn first_administrator(&self, email: &str) -> Reply {
        let body = json!({"email": email, "password": PASSWORD}).to_string().into_bytes();
        let proof = proof(&self.secrets(), self.now_s(), &body);
        let mut call = Call::new("POST", "/api/v1/auth/first-administrator")
            .header("content-type", "application/json")
            .header("assay-node-proof", &proof);
        call.body = Some(body);
        self.send(call)
    }

    /// Somebody logged in, with a second factor when one is needed.
    pub(crate) fn log_in(&self, email: &str) -> String {
        let reply =
            self.public("/api/v1/auth/login", json!({"email": email, "password": PASSWORD})).expect(200);
        let token = reply.text("access_token");
        if reply.body["second_factor_missing"] == true {
            self.enrol(&token);
        }
        token
    }

    /// Sets up a second factor and returns its secret.
    pub(crate) fn enrol(&self, token: &str) -> Vec<u8> {
        let prepared = self.send(Call::new("POST", "/api/v1/auth/me/totp").by(token)).expect(200);
        let secret = from_base32(&prepared.text("secret"));
        self.write(token, "POST", "/api/v1/auth/me/totp/confirm", json!({"code": self.code(&secret)}))
            .expect(200);
        secret
    }

    /// The code of now.
    pub(crate) fn code(&self, secret: &[u8]) -> String {
        totp::code_at(secret, self.now_s() as u64 / totp::STEP_S)
    }

    /// The first administrator, logged in.
    pub(crate) fn administrator(&self) -> String {
        self.first_administrator("grace@venue.example").expect(201);
        self.log_in("grace@venue.example")
    }

    /// A firm with an account of its name, unless there is one.
    pub(crate) fn opens(&self, firm: &str) {
        let is_it = |event: &Event| matches!(event, Event::FirmOpened(e) if e.firm.as_str() == firm);
        if self.events(Topic::Accounts).iter().any(is_it) {
            return;
        }
        let (commission, self_trade) = (Commission::default(), SelfTrade::Allow);
        let accounts = vec![firm.parse().unwrap()];
        self.says(FirmOpened { firm: firm.parse().unwrap(), accounts, commission, self_trade });
    }

    /// Invites, accepts and logs in somebody, of a firm that is there. With a second administrator about, privileged roles go through `checker`.
    pub(crate) fn member(
        &self,
        admin: &str,
        checker: Option<&str>,
        name: &str,
        roles: &[&str],
        firm: Option<&str>,
    ) -> String {
        firm.into_iter().for_each(|firm| self.opens(firm));
        let email = format!("{name}@venue.example");
        let body = json!({"email": email, "username": name, "roles": roles, "firm": firm});
        let reply = self.write(admin, "POST", "/api/v1/users", body);
        if reply.status == 202 {
            let path = format!("/api/v1/proposals/{}/approve", reply.text("proposal"));
            self.write(checker.expect("somebody who checks"), "POST", &path, json!({"reason": "known"}))
                .expect(200);
        } else {
            reply.expect(201);
        }
        let token = self.link(&email);
        let body = json!({"token": token, "password": PASSWORD, "password_confirmation": PASSWORD});
        self.public("/api/v1/auth/accept-invitation", body).expect(204);
        self.log_in(&email)
    }

    /// Sends what mail waits.
    pub(crate) fn post_mail(&self) {
        let route = MailRoute::Directory(self.dir.path().join("mail"));
        MailService::new(Arc::clone(&self.api), mailer(&route)).turn();
    }

    /// Mails to an address, the oldest first.
    pub(crate) fn mails(&self, to: &str) -> Vec<String> {
        self.post_mail();
        let mut files: Vec<PathBuf> = std::fs::read_dir(self.dir.path().join("mail"))
            .into_iter()
            .flatten()
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort();
        let texts = files.iter().map(|file| std::fs::read_to_string(file).unwrap());
        texts.filter(|text| text.starts_with(&format!("To: {to}\n"))).collect()
    }

    /// The token of the newest link sent to an address.
    #[track_caller]
    pub(crate) fn link(&self, to: &str) -> String {
        let mails = self.mails(to);
        let text = mails
            .iter()
            .rev()
            .find(|text| text.contains("?token="))
            .unwrap_or_else(|| panic!("no link for {to}: {mails:?}"));
        text.split("?token=").nth(1).unwrap().split_whitespace().next().unwrap().to_owned()
    }

    /// Who caused each record of a topic.
    pub(crate) fn actors(&self, topic: Topic) -> Vec<assay_trading_types::Actor> {
        let mut records = Vec::new();
        let mut reader = self.log.reader(&[topic], Position(0), false).unwrap();
        while reader.poll(&mut records, 1_000).unwrap() > 0 {}
        records.iter().map(|record| record.actor).collect()
    }

    /// Every record of a topic, decoded.
    pub(crate) fn events(&self, topic: Topic) -> Vec<Event> {
        let mut records = Vec::new();
        let mut reader = self.log.reader(&[topic], Position(0), false).unwrap();
        while reader.poll(&mut records, 1_000).unwrap() > 0 {}
        records.iter().map(|record| Event::clone(&record.decode().unwrap())).collect()
    }

    /// Trace ids of every record of a topic, hex.
    pub(crate) fn traces(&self, topic: Topic) -> Vec<String> {
        let mut records = Vec::new();
        let mut reader = self.log.reader(&[topic], Position(0), false).unwrap();
        while reader.poll(&mut records, 1_000).unwrap() > 0 {}
        records.iter().map(|record| record.trace.to_string()).collect()
    }

    /// The bytes of every record of a topic.
    pub(crate) fn text(&self, topic: Topic) -> String {
        let mut records = Vec::new();
        let mut reader = self.log.reader(&[topic], Position(0), false).unwrap();
        while reader.poll(&mut records, 1_000).unwrap() > 0 {}
        records.iter().map(|record| String::from_utf8_lossy(&record.value).into_owned() + "\n").collect()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        for thread in self.threads.drain(..) {
            // A failed test says its own reason.
            let _ = thread.join();
        }
    }
}

/// Waits for what a worker brings about, and gives up after a minute and a half.
#[allow(clippy::disallowed_methods, reason = "a test's patience")]
#[track_caller]
pub(crate) fn wait_for<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(began.elapsed() < Duration::from_secs(90), "{what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Waits until something holds, as [`wait_for`] does.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    wait_for(what, || holds().then_some(()));
}

/// A command as it would stand in the log beside another one's, by nobody.
pub(crate) fn command(number: usize, operation: &str) -> Command {
    Command::new(CommandId::new(&format!("cmd_{number:032x}")).unwrap(), operation)
}

pub(crate) fn from_base32(text: &str) -> Vec<u8> {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let bits: String = text.chars().map(|c| format!("{:05b}", ALPHABET.find(c).unwrap())).collect();
    bits.as_bytes()
        .chunks_exact(8)
        .map(|b| u8::from_str_radix(std::str::from_utf8(b).unwrap(), 2).unwrap())
        .collect()
}
