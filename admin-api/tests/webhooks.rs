//! Webhooks, taken by a receiver that the test plays.

mod support;

use assay_admin_api::{ApiConfig, Poster, Rates, RootsError, WebhookConfig};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use support::{World, wait_until};

/// A POST as it came.
#[derive(Debug, Clone)]
struct Posted {
    path: String,
    headers: BTreeMap<String, String>,
    body: String,
}

impl Posted {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// Which of its signatures are by `secret`, as a receiver checks it.
    fn is_signed_by(&self, secret: &str) -> bool {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
        let (id, timestamp) = (&self.headers["webhook-id"], &self.headers["webhook-timestamp"]);
        mac.update(format!("{id}.{timestamp}.{}", self.body).as_bytes());
        let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
        self.headers["webhook-signature"].split(' ').any(|signature| signature == expected)
    }
}

/// Takes deliveries on this machine until it is dropped, and answers each with a status; 0 closes without an answer.
struct Receiver {
    url: String,
    status: Arc<AtomicU16>,
    posted: Arc<Mutex<Vec<Posted>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    address: std::net::SocketAddr,
}

impl Receiver {
    fn start(tls: Option<Arc<rustls::ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let url = format!("{}://{address}/in", if tls.is_some() { "https" } else { "http" });
        let status = Arc::new(AtomicU16::new(204));
        let (posted, stop) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (answer, kept, stopping) = (Arc::clone(&status), Arc::clone(&posted), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            for socket in listener.incoming() {
                if stopping.load(Ordering::SeqCst) {
                    return;
                }
                let socket = socket.unwrap();
                match &tls {
                    None => take(socket, &answer, &kept),
                    Some(config) => {
                        let session = rustls::ServerConnection::new(Arc::clone(config)).unwrap();
                        take(rustls::StreamOwned::new(session, socket), &answer, &kept);
                    }
                }
            }
        });
        Self { url, status, posted, stop, thread: Some(thread), address }
    }

    fn answer(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    fn posted(&self) -> Vec<Posted> {
        self.posted.lock().unwrap().clone()
    }

    #[track_caller]
    fn wait_posted(&self, count: usize) -> Vec<Posted> {
        wait_until("deliveries come", || self.posted.lock().unwrap().len() >= count);
        self.posted()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // The thread sees the stop at its next connection.
        let _ = std::net::TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// One request of one connection. Whoever gives up before it is whole has posted nothing.
fn take(stream: impl Read + Write, status: &AtomicU16, posted: &Mutex<Vec<Posted>>) {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    if !matches!(stream.read_line(&mut line), Ok(1..)) {
        return;
    }
    let path = line.split(' ').nth(1).unwrap().to_owned();
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).unwrap();
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let mut body = vec![0; headers["content-length"].parse().unwrap()];
    stream.read_exact(&mut body).unwrap();
    posted.lock().unwrap().push(Posted { path, headers, body: String::from_utf8(body).unwrap() });
    let status = status.load(Ordering::SeqCst);
    if status > 0 {
        let answer =
            format!("HTTP/1.1 {status} x\r\nlocation: http://127.0.0.1:9/\r\ncontent-length: 0\r\n\r\n");
        stream.get_mut().write_all(answer.as_bytes()).unwrap();
        stream.get_mut().flush().unwrap();
    }
}

fn private() -> ApiConfig {
    ApiConfig {
        rates: Rates { anonymous_per_h: 1_000_000, user_per_h: 1_000_000, ..Rates::default() },
        webhooks: WebhookConfig { private_networks: true, ca: None },
        ..ApiConfig::default()
    }
}

/// A webhook of a user, and its secret.
fn hook(world: &World, token: &str, url: &str, kinds: &[&str]) -> (String, String) {
    let made =
        world.write(token, "POST", "/api/v1/webhooks", json!({"url": url, "kinds": kinds})).expect(201);
    let path = format!("/api/v1/webhooks/{}", made.text("id"));
    assert_eq!(made.headers["location"], path.as_str());
    (path, made.text("secret"))
}

/// The newest delivery of a webhook.
fn newest(world: &World, token: &str, hook: &str) -> Value {
    let page = world.get(token, &format!("{hook}/deliveries?sort=-id&limit=1")).expect(200).body;
    page["items"][0].clone()
}

#[track_caller]
fn wait_status(world: &World, token: &str, hook: &str, status: &str) -> Value {
    wait_until(status, || newest(world, token, hook)["status"] == status);
    newest(world, token, hook)
}

/// Two administrators; the second checks what the first wishes, and is told.
fn administrators(world: &World) -> (String, String) {
    let first = world.administrator();
    let second = world.member(&first, None, "second", &["admin"], None);
    (first, second)
}

fn propose(world: &World, token: &str, name: &str) -> String {
    let body = json!({"email": format!("{name}@venue.example"), "username": name, "roles": ["risk"]});
    world.write(token, "POST", "/api/v1/users", body).expect(202).text("proposal")
}

#[test]
fn a_notice_is_posted_once_signed_and_with_nothing_personal() {
    let world = World::with(private());
    let (first, second) = administrators(&world);
    let receiver = Receiver::start(None);
    let (path, secret) = hook(&world, &second, &receiver.url, &["proposal_waiting"]);
    let (other, _) = hook(&world, &second, &receiver.url, &["job_failed"]);
    let proposal = propose(&world, &first, "rita");
    let delivery = wait_status(&world, &second, &path, "delivered");
    assert_eq!((&delivery["attempts"], &delivery["answered"]), (&json!(1), &json!(204)));
    assert_eq!((&delivery["error"], &delivery["due"]), (&Value::Null, &Value::Null));
    let posted = receiver.posted();
    assert_eq!(posted.len(), 1, "{posted:?}");
    let (posted, body) = (&posted[0], posted[0].json());
    assert_eq!(posted.path, "/in");
    assert_eq!(posted.headers["content-type"], "application/json");
    assert_eq!(posted.headers["webhook-id"], delivery["id"].as_str().unwrap());
    assert_eq!(posted.headers["webhook-timestamp"], world.now_s().to_string());
    assert!(posted.is_signed_by(&secret));
    assert_eq!(body["type"], "notice.proposal_waiting");
    assert_eq!(body["timestamp"], delivery["at"]);
    assert_eq!(body["data"]["about"], json!(proposal));
    let personal = ["second@", "rita", "venue.example"].iter().any(|word| posted.body.contains(word));
    assert!(!personal, "{}", posted.body);
    assert_eq!(newest(&world, &second, &other), Value::Null, "it wants other kinds");
    assert!(!world.text(assay_trading_types::Topic::Admin).contains("whsec_"));
}

#[test]
fn what_is_not_taken_is_tried_eight_times_over_a_day_across_a_restart_and_may_be_sent_again() {
    let mut world = World::with(private());
    let first = world.administrator();
    let mut token = world.member(&first, None, "tim", &["trader"], Some("FIRM1"));
    let receiver = Receiver::start(None);
    receiver.answer(500);
    let (path, _) = hook(&world, &token, &receiver.url, &[]);
    world.write(&token, "POST", &format!("{path}/try"), json!({})).expect(200);
    for (i, wait_s) in [5, 60, 300, 1_800, 7_200, 21_600, 50_400].into_iter().enumerate() {
        wait_until("a try", || newest(&world, &token, &path)["attempts"] == i + 1);
        let delivery = newest(&world, &token, &path);
        assert_eq!((&delivery["status"], &delivery["answered"]), (&json!("waiting"), &json!(500)));
        if i == 2 {
            world = world.restarted_with(private());
        }
        world.pass_s(wait_s);
        // A login lasts a quarter of an hour.
        token = world.log_in("tim@venue.example");
    }
    let delivery = wait_status(&world, &token, &path, "given_up");
    assert_eq!((&delivery["attempts"], &delivery["error"]), (&json!(8), &json!("it answered 500")));
    let posted = receiver.posted();
    assert_eq!(posted.len(), 8);
    assert!(posted.iter().all(|p| p.headers["webhook-id"] == posted[0].headers["webhook-id"]));

    receiver.answer(200);
    let again = format!("{path}/deliveries/{}/redeliver", delivery["id"].as_str().unwrap());
    world.write(&token, "POST", &again, json!({})).expect(200);
    wait_status(&world, &token, &path, "delivered");
    assert_eq!(receiver.posted().len(), 9);
    assert_eq!(
        world.get(&token, &format!("{path}/deliveries?status=given_up")).expect(200).body["items"],
        json!([])
    );
}

#[test]
fn an_answer_that_is_none_a_redirect_and_silence_are_failures_that_are_named() {
    let world = World::with(private());
    let (_, token) = administrators(&world);
    let receiver = Receiver::start(None);
    let (path, _) = hook(&world, &token, &receiver.url, &[]);
    let error = |path: &str| {
        world.write(&token, "POST", &format!("{path}/try"), json!({})).expect(200);
        wait_until("a try", || newest(&world, &token, path)["attempts"] == 1);
        newest(&world, &token, path)["error"].as_str().unwrap().to_owned()
    };
    receiver.answer(302);
    assert_eq!(error(&path), "it answered 302");
    assert_eq!(receiver.posted().len(), 1, "a redirect is not followed");
    receiver.answer(0);
    assert!(error(&path).starts_with("no answer in HTTP"));
    let nobody = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}/", listener.local_addr().unwrap())
    };
    let (path, _) = hook(&world, &token, &nobody, &[]);
    assert_eq!(error(&path), "no connection: connection refused");
    let (path, _) = hook(&world, &token, "https://no-such-host.invalid/", &[]);
    assert_eq!(error(&path), "the name cannot be looked up");
}

#[test]
fn one_that_wants_no_more_stops_and_its_user_is_told() {
    let world = World::with(private());
    let (first, second) = administrators(&world);
    let receiver = Receiver::start(None);
    let (path, _) = hook(&world, &second, &receiver.url, &["proposal_waiting"]);
    receiver.answer(410);
    propose(&world, &first, "rita");
    wait_status(&world, &second, &path, "given_up");
    let hook = world.get(&second, &path).expect(200).body;
    assert_eq!((&hook["enabled"], &hook["stopped"]), (&json!(false), &json!("it answered 410 Gone")));
    let told = world.get(&second, "/api/v1/notifications?kind=webhook_stopped").expect(200).body;
    assert_eq!(
        json!(path),
        json!(format!("/api/v1/webhooks/{}", told["page"]["items"][0]["about"].as_str().unwrap()))
    );
    propose(&world, &first, "ralf");
    receiver.answer(200);
    let wanted = json!({"url": receiver.url, "kinds": ["proposal_waiting"]});
    let call = support::Call::new("PUT", &path).by(&second).json(&wanted);
    world.send(call.clone().header("if-match", "\"1\"")).problem(412, "version");
    world.send(call.header("if-match", "\"2\"")).expect(200);
    let hook = world.get(&second, &path).expect(200).body;
    assert_eq!((&hook["enabled"], &hook["stopped"]), (&json!(true), &Value::Null));
    let rosa = propose(&world, &first, "rosa");
    wait_status(&world, &second, &path, "delivered");
    let about: Vec<_> = receiver.posted().iter().map(|p| p.json()["data"]["about"].clone()).collect();
    assert_eq!(
        (about.len(), about.last()),
        (2, Some(&json!(rosa))),
        "what was raised while it stood is not made up for"
    );
}

#[test]
fn ten_that_were_given_up_in_a_row_stop_it() {
    let world = World::with(private());
    let (first, second) = administrators(&world);
    let receiver = Receiver::start(None);
    let (path, _) = hook(&world, &second, &receiver.url, &["proposal_waiting"]);
    receiver.answer(500);
    // All of a day's tries of each, without its waits: the disabled webhook takes none of them.
    for n in 0..10 {
        assert_eq!(world.get(&second, &path).expect(200).body["enabled"], true, "{n}");
        propose(&world, &first, &format!("rita{n}"));
        wait_until("a try", || newest(&world, &second, &path)["attempts"] == 1);
        give_up(&world, &newest(&world, &second, &path));
        wait_status(&world, &second, &path, "given_up");
    }
    let hook = world.get(&second, &path).expect(200).body;
    assert_eq!(hook["stopped"], "10 deliveries in a row were given up");
}

/// Records what the service would after the last of its tries.
fn give_up(world: &World, delivery: &Value) {
    use assay_event_log::{EventLog, NewRecord, Value as Content};
    use assay_trading_types::{Actor, DeliveryId, DeliveryTried, Event, Timestamp, Topic, TraceId};
    let delivery = DeliveryId::new(delivery["id"].as_str().unwrap()).unwrap();
    let error = Some("it answered 500".to_owned());
    let tried = DeliveryTried { delivery, attempt: 8, status: Some(500), error, next: None };
    let event = Event::from(tried);
    let record = NewRecord {
        topic: Topic::Admin,
        partition: 0,
        key: delivery.as_str().to_owned().into(),
        at: Timestamp::from_ns(world.now_s() * 1_000_000_000),
        origin: None,
        trace: TraceId([7; 16]),
        actor: Actor::new("node").unwrap(),
        wire: None,
        value: Content::event(event),
    };
    world.log.append(&mut vec![record]).unwrap();
}

#[test]
fn a_new_secret_and_the_one_before_both_sign_for_a_day() {
    let world = World::with(private());
    let first = world.administrator();
    let token = world.member(&first, None, "tim", &["trader"], Some("FIRM1"));
    let receiver = Receiver::start(None);
    let (path, old) = hook(&world, &token, &receiver.url, &[]);
    let posted = |token: &str, count: usize| {
        world.write(token, "POST", &format!("{path}/try"), json!({})).expect(200);
        receiver.wait_posted(count).remove(count - 1)
    };
    assert!(posted(&token, 1).is_signed_by(&old));
    let new =
        world.write(&token, "POST", &format!("{path}/roll-secret"), json!({})).expect(200).text("secret");
    let both = posted(&token, 2);
    assert!(new != old && both.is_signed_by(&old) && both.is_signed_by(&new));
    world.pass_s(86_400);
    let token = world.log_in("tim@venue.example");
    let later = posted(&token, 3);
    assert!(later.is_signed_by(&new) && !later.is_signed_by(&old));
}

#[test]
fn a_webhook_over_tls_is_who_its_certificate_says() {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config =
        rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
    let receiver = Receiver::start(Some(Arc::new(config)));
    let ca = Some(made.cert.pem().into_bytes());
    let known = ApiConfig { webhooks: WebhookConfig { private_networks: true, ca }, ..private() };
    for (config, status) in [(known, "delivered"), (private(), "waiting")] {
        let world = World::with(config);
        let (_, token) = administrators(&world);
        let (path, _) = hook(&world, &token, &receiver.url, &[]);
        world.write(&token, "POST", &format!("{path}/try"), json!({})).expect(200);
        wait_until("a try", || newest(&world, &token, &path)["attempts"] == 1);
        let delivery = newest(&world, &token, &path);
        assert_eq!(delivery["status"], status, "{delivery}");
        assert_eq!(delivery["error"].as_str().is_some_and(|e| e.starts_with("no TLS")), status == "waiting");
    }
    assert_eq!(receiver.posted().len(), 1);
    assert!(matches!(Poster::new(false, Some(b"no certificate")), Err(RootsError::Pem)));
}

#[test]
fn a_webhook_is_its_users_own_and_leads_to_the_public_internet_unless_configured() {
    let world = World::new();
    let (first, second) = administrators(&world);
    let make = |url: &str| world.write(&second, "POST", "/api/v1/webhooks", json!({"url": url}));
    for bad in [
        "",
        "x",
        "http://hooks.example/in",
        "https://10.0.0.1/",
        "https://[::1]/",
        "https://169.254.169.254/latest/meta-data",
        "https://me:pw@hooks.example/",
        "https://hooks.example/in?token=1",
        "file:///etc/passwd",
    ] {
        assert_eq!(make(bad).problem(400, "invalid").faults(), ["url"], "{bad}");
    }
    let unknown = json!({"url": "https://hooks.example/", "kinds": ["coffee"]});
    world.write(&second, "POST", "/api/v1/webhooks", unknown).problem(400, "invalid");
    // A name that leads here is found out when it is called.
    let path = format!("/api/v1/webhooks/{}", make("https://localhost/in").expect(201).text("id"));
    world.write(&second, "POST", &format!("{path}/try"), json!({})).expect(200);
    wait_until("a try", || newest(&world, &second, &path)["attempts"] == 1);
    let delivery = newest(&world, &second, &path);
    assert_eq!(delivery["error"], "none of its addresses may be called");

    world.get(&first, &path).problem(404, "not-found");
    world.get(&first, &format!("{path}/deliveries")).problem(404, "not-found");
    let again = format!("{path}/deliveries/{}/redeliver", delivery["id"].as_str().unwrap());
    world.write(&second, "POST", &again, json!({})).problem(409, "conflict");
    for (method, path) in [
        ("PUT", path.clone()),
        ("DELETE", path.clone()),
        ("POST", format!("{path}/try")),
        ("POST", format!("{path}/roll-secret")),
        ("POST", again),
    ] {
        world
            .write(&first, method, &path, json!({"url": "https://hooks.example/"}))
            .problem(404, "not-found");
    }
    assert_eq!(world.get(&first, "/api/v1/webhooks").expect(200).body["items"], json!([]));
    for _ in 1..10 {
        make("https://hooks.example/in").expect(201);
    }
    make("https://hooks.example/in").problem(409, "conflict");
    world.send(support::Call::new("DELETE", &path).by(&second)).expect(204);
    make("https://hooks.example/in").expect(201);
    world.get(&second, &path).problem(404, "not-found");
}
