//! The live channel over real sockets: who may open it, what comes over it and how soon, and how it ends.

mod support;
mod venue;

use assay_event_log::{EventLog, NewRecord, Value as Content};
use assay_trading_types::{Actor, Kind, OrderId, ReferencePriceSet, Timestamp, Topic, TraceId, decode};
use serde_json::{Value, json};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use support::{Call, World};
use tungstenite::client::IntoClientRequest;
use tungstenite::{HandshakeError, Message, WebSocket};

/// How long a test waits for a message that must come.
const PATIENCE: Duration = Duration::from_secs(90);

/// A world whose API is served on a port.
struct Served {
    world: World,
    address: SocketAddr,
    end: Option<tokio::sync::oneshot::Sender<()>>,
    server: Option<JoinHandle<()>>,
}

impl Served {
    fn new(world: World) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (end, ended) = tokio::sync::oneshot::channel();
        let api = Arc::clone(&world.api);
        let server = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                let closing = Arc::clone(&api);
                let shutdown = async move {
                    // A test that failed drops its end: that stops the server as well.
                    let _ = ended.await;
                    closing.close_live().await;
                };
                assay_admin_api::serve(listener, None, assay_admin_api::app(api), shutdown).await.unwrap();
            });
        });
        Self { world, address, end: Some(end), server: Some(server) }
    }

    fn stop(&mut self) {
        drop(self.end.take());
        if let Some(server) = self.server.take() {
            server.join().unwrap();
        }
    }

    fn ticket(&self, token: &str) -> String {
        self.world.write(token, "POST", "/api/v1/ws/tickets", json!({})).expect(201).text("ticket")
    }

    /// Opens the channel, or tells the status that it was refused with.
    fn open(&self, query: &str, origin: Option<&str>) -> Result<Channel, u16> {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let address = format!("ws://{}/api/v1/ws/notifications{query}", self.address);
        let mut request = address.into_client_request().unwrap();
        if let Some(origin) = origin {
            request.headers_mut().insert("origin", origin.parse().unwrap());
        }
        match tungstenite::client(request, stream) {
            Ok((socket, _)) => Ok(Channel(socket)),
            Err(HandshakeError::Failure(tungstenite::Error::Http(response))) => {
                Err(response.status().as_u16())
            }
            Err(other) => panic!("{other}"),
        }
    }

    fn channel(&self, token: &str, more: &str) -> Channel {
        let mut channel = self.open(&format!("?ticket={}{more}", self.ticket(token)), None).unwrap();
        assert_eq!(channel.next()["type"], "ready");
        channel
    }

    /// Something that the second administrator is told of.
    fn propose(&self, first: &str, name: &str) -> String {
        let body = json!({"email": format!("{name}@venue.example"), "username": name, "roles": ["risk"]});
        self.world.write(first, "POST", "/api/v1/users", body).expect(202).text("proposal")
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.end.take());
    }
}

struct Channel(WebSocket<TcpStream>);

impl Channel {
    /// The next message that says something.
    #[track_caller]
    fn next(&mut self) -> Value {
        loop {
            match self.0.read().unwrap() {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                Message::Close(frame) => panic!("closed: {frame:?}"),
                _ => {}
            }
        }
    }

    /// The next message of a type, whatever comes before.
    #[track_caller]
    fn next_of(&mut self, kind: &str) -> Value {
        loop {
            let told = self.next();
            if told["type"] == kind {
                return told;
            }
        }
    }

    /// The code that it is closed with, whatever comes before.
    #[track_caller]
    fn closed(&mut self) -> u16 {
        loop {
            if let Message::Close(frame) = self.0.read().unwrap() {
                return frame.unwrap().code.into();
            }
        }
    }
}

fn two(world: World) -> (Served, String, String) {
    let first = world.administrator();
    let second = world.member(&first, None, "second", &["admin"], None);
    (Served::new(world), first, second)
}

#[test]
fn a_notice_comes_over_the_channel_and_a_client_goes_on_where_it_was() {
    let (served, first, second) = two(World::new());
    let mut channel = served.channel(&second, "");
    let rita = served.propose(&first, "rita");
    let told = channel.next();
    assert_eq!((&told["type"], &told["notice"]["about"]), (&json!("notice"), &json!(rita)));
    let last = told["notice"]["id"].as_str().unwrap().to_owned();
    drop(channel);
    let (ralf, rosa) = (served.propose(&first, "ralf"), served.propose(&first, "rosa"));
    let mut again = served.channel(&second, &format!("&after={last}"));
    assert_eq!(again.next()["notice"]["about"], json!(ralf));
    assert_eq!(again.next()["notice"]["about"], json!(rosa));
    let mut fresh = served.channel(&second, "");
    let rolf = served.propose(&first, "rolf");
    assert_eq!(again.next()["notice"]["about"], json!(rolf));
    assert_eq!(fresh.next()["notice"]["about"], json!(rolf), "without a place, only what is new");
    let mut makers = served.channel(&first, "");
    served
        .world
        .write(&second, "POST", &format!("/api/v1/proposals/{rita}/approve"), json!({"reason": "known"}))
        .expect(200);
    assert_eq!(makers.next()["notice"]["kind"], "proposal_decided", "everybody has the own notices");
}

#[test]
fn without_a_good_ticket_it_is_closed_with_an_authentication_code() {
    let (served, first, _) = two(World::new());
    assert_eq!(served.open("", None).unwrap().closed(), 4401, "none");
    assert_eq!(served.open("?ticket=none", None).unwrap().closed(), 4401, "not one of ours");
    let ticket = served.ticket(&first);
    let query = format!("?ticket={ticket}");
    let _first = served.open(&query, None).unwrap().next();
    assert_eq!(served.open(&query, None).unwrap().closed(), 4401, "spent");
    let late = served.ticket(&first);
    served.world.pass_s(31);
    assert_eq!(served.open(&format!("?ticket={late}"), None).unwrap().closed(), 4401, "expired");
    served.world.send(Call::new("POST", "/api/v1/ws/tickets")).problem(401, "unauthenticated");
    served.world.send(Call::new("GET", "/api/v1/ws/notifications")).problem(400, "invalid");
}

#[test]
fn a_repeat_of_the_ticket_call_gets_the_first_ticket() {
    let (served, first, _) = two(World::new());
    let ask = || {
        let call = Call::new("POST", "/api/v1/ws/tickets").by(&first).header("idempotency-key", "one");
        served.world.send(call).expect(201).text("ticket")
    };
    assert_eq!(ask(), ask());
}

#[test]
fn pages_of_other_origins_do_not_open_it() {
    let (served, first, _) = two(World::new());
    let query = |served: &Served| format!("?ticket={}", served.ticket(&first));
    let own = format!("http://{}", served.address);
    assert_eq!(served.open(&query(&served), Some(&own)).unwrap().next()["type"], "ready");
    for foreign in ["https://elsewhere.example", "null", ""] {
        assert_eq!(served.open(&query(&served), Some(foreign)).err(), Some(403), "{foreign}");
    }
}

#[test]
fn it_ends_with_the_login_and_a_user_has_a_handful() {
    let (served, first, second) = two(World::new());
    let mut channels: Vec<_> = (0..5).map(|_| served.channel(&second, "")).collect();
    let sixth = format!("?ticket={}", served.ticket(&second));
    assert_eq!(served.open(&sixth, None).unwrap().closed(), 4429);
    served.world.send(Call::new("POST", "/api/v1/auth/logout").by(&second)).expect(204);
    for channel in &mut channels {
        assert_eq!(channel.closed(), 4401);
    }
    served.channel(&first, "");
}

#[test]
fn a_node_that_stops_says_goodbye() {
    let (mut served, first, _) = two(World::new());
    let mut channel = served.channel(&first, "");
    let reading = std::thread::spawn(move || channel.closed());
    served.stop();
    assert_eq!(reading.join().unwrap(), 1001);
}

/// A report of an order as execution writes it.
fn report(world: &World, order: u64, firm: &str, exec: &Value, status: &str) -> NewRecord {
    let golden = include_str!("../../trading-types/tests/golden/execution.reported.v1.json");
    let mut json: Value = serde_json::from_str(golden).unwrap();
    json["order_id"] = json!(OrderId::new(0, order).to_string());
    json["terms"]["firm"] = json!(firm);
    json["terms"]["account"] = json!(firm);
    json["exec"] = exec.clone();
    json["status"] = json!(status);
    NewRecord {
        topic: Topic::Accounts,
        partition: 0,
        key: firm.to_owned().into(),
        at: Timestamp::from_ns(world.now_s() * 1_000_000_000),
        origin: None,
        trace: TraceId::default(),
        actor: Actor::new("test").unwrap(),
        wire: None,
        value: Content::event(decode(Kind::ExecutionReported, json.to_string().as_bytes()).unwrap()),
    }
}

#[test]
fn a_firms_users_are_told_of_its_orders_and_of_no_others() {
    let world = World::new();
    let first = world.administrator();
    let tim = world.member(&first, None, "tim", &["trader"], Some("FIRM1"));
    let sam = world.member(&first, None, "sam", &["trader"], Some("FIRM2"));
    let served = Served::new(world);
    let (mut tims, mut sams) = (served.channel(&tim, ""), served.channel(&sam, ""));
    let world = &served.world;
    let fill = json!({"trade": {"trade": 1, "qty": "100", "price": "10.10", "liquidity": "added"}});
    world.log.append(&mut vec![report(world, 1, "FIRM1", &fill, "filled")]).unwrap();
    world.log.append(&mut vec![report(world, 2, "FIRM2", &json!("new"), "new")]).unwrap();
    let told = tims.next();
    let id = |n| json!(OrderId::new(0, n).to_string());
    assert_eq!(
        (&told["type"], &told["order"]["id"], &told["order"]["status"]),
        (&json!("order"), &id(1), &json!("filled"))
    );
    let told = tims.next();
    assert_eq!((&told["type"], &told["fill"]["order_id"]), (&json!("fill"), &id(1)));
    assert_eq!(sams.next()["order"]["id"], id(2), "nothing of the other firm before it");
    // One group is one batch of whoever reads it.
    let mut many = (10..250).map(|n| report(world, n, "FIRM2", &json!("new"), "new")).collect();
    world.log.append(&mut many).unwrap();
    loop {
        let told = sams.next();
        if told["type"] == "gap" || told["order"]["id"] == id(249) {
            break;
        }
    }
}

#[test]
fn a_client_that_does_not_read_holds_nobody_up() {
    let world = World::new();
    let first = world.administrator();
    let tim = world.member(&first, None, "tim", &["trader"], Some("FIRM1"));
    let served = Served::new(world);
    let (_deaf, mut heard) = (served.channel(&tim, ""), served.channel(&tim, ""));
    let world = &served.world;
    // More than the network between them holds.
    for round in 0..200 {
        let reports = (0..100).map(|n| report(world, 1 + round * 100 + n, "FIRM1", &json!("new"), "new"));
        world.log.append(&mut reports.collect()).unwrap();
    }
    let last = json!(OrderId::new(0, 20_000).to_string());
    loop {
        let told = heard.next();
        if told["order"]["id"] == last {
            break;
        }
        if told["type"] == "gap" {
            // What it missed stands in the list; that is what the message says.
            let end = world.log.end().0.to_string();
            let order = format!("/api/v1/orders/{}", OrderId::new(0, 20_000));
            world.send(Call::new("GET", &order).by(&tim).header("assay-position", &end)).expect(200);
            break;
        }
    }
}

#[test]
fn positions_are_told_to_their_firm_and_to_staff() {
    let venue::Venue { world, olga, ada, ben, trader, .. } = venue::venue();
    let served = Served::new(world);
    let (mut tims, mut bens, mut olgas) =
        (served.channel(&trader, ""), served.channel(&ben, ""), served.channel(&olga, ""));
    for (asker, account, amount) in [(&ada, "FIRM1", "1000"), (&ben, "FIRM2", "20")] {
        let body = json!({"account": account, "asset": "USD", "amount": amount, "method": "bank_transfer"});
        let id = served.world.write(asker, "POST", "/api/v1/deposits", body).expect(201).text("id");
        let confirm = format!("/api/v1/deposits/{id}/confirm");
        let reference = json!({"external_reference": format!("in {id}")});
        served.world.write(&olga, "POST", &confirm, reference).expect(200);
    }
    let stands = |told: Value| {
        let field = |name: &str| told["position"][name].as_str().unwrap().to_owned();
        ["firm", "account", "asset", "total", "held", "available"].map(field)
    };
    let first = ["FIRM1", "FIRM1", "USD", "1000", "0", "1000"].map(str::to_owned);
    let other = ["FIRM2", "FIRM2", "USD", "20", "0", "20"].map(str::to_owned);
    assert_eq!(stands(tims.next_of("position")), first);
    assert_eq!(stands(bens.next_of("position")), other, "nothing of the other firm before it");
    let mut seen = vec![stands(olgas.next_of("position")), stands(olgas.next_of("position"))];
    seen.sort();
    assert_eq!(seen, [first, other], "staff are told of every firm");
}

#[test]
fn what_a_position_gained_is_told_after_fills_and_prices() {
    let venue::Venue { world, ben, trader, .. } = venue::market();
    let served = Served::new(world);
    let mut tims = served.channel(&trader, "");
    let order = |account: &str, side: &str| json!({"account": account, "symbol": "AAPL", "side": side, "ord_type": "limit", "qty": "10", "price": "10"});
    served.world.write(&ben, "POST", "/api/v1/orders", order("FIRM2", "sell")).expect(201);
    served.world.write(&trader, "POST", "/api/v1/orders", order("FIRM1", "buy")).expect(201);
    let stands = |told: &mut Channel| {
        let told = told.next_of("profit");
        ["id", "qty", "price", "unrealised"]
            .map(|name| told["profit"][name].as_str().unwrap_or("-").to_owned())
    };
    // An order alone makes a position of nothing.
    let bought = ["FIRM1/AAPL", "10", "10", "0"];
    while stands(&mut tims) != bought {}
    let (symbol, price) = ("AAPL".parse().unwrap(), "12".parse().unwrap());
    served.world.says(ReferencePriceSet { symbol, price, max_age_ns: None, source: None });
    let priced = ["FIRM1/AAPL", "10", "12", "20"];
    while stands(&mut tims) != priced {}
}
