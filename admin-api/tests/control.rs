//! Firms, instruments, prices and opening money by command; orders and fills as they happened.

mod support;

use assay_event_log::EventLog;
use assay_trading_types::{
    Commission, Event, FirmOpened, Kind, LocateEnd, LocateEnded, LocateGranted, OrderId, SelfTrade,
    Timestamp, Topic, decode,
};
use serde_json::{Value, json};
use support::{Call, World};

/// Staff and users of a venue with a firm.
struct Venue {
    world: World,
    operations: String,
    risk: String,
    other: String,
    trader: String,
    stranger: String,
}

fn venue() -> Venue {
    let world = World::new();
    let first = world.administrator();
    let second = world.member(&first, None, "second", &["admin"], None);
    let member = |name: &str, role: &str, firm| world.member(&first, Some(&second), name, &[role], firm);
    let (operations, other) = (member("olga", "operations", None), member("oskar", "operations", None));
    let risk = member("rita", "risk", None);
    let (trader, stranger) = (member("tim", "trader", Some("FIRM1")), member("sam", "trader", Some("FIRM2")));
    for firm in ["FIRM1", "FIRM2"] {
        let terms = json!({"accounts": [firm], "self_trade": "cancel_newest"});
        let proposed = world.write(&operations, "PUT", &format!("/api/v1/firms/{firm}"), terms).expect(202);
        approve(&world, &other, &proposed.text("proposal"));
    }
    Venue { world, operations, other, risk, trader, stranger }
}

#[track_caller]
fn approve(world: &World, checker: &str, proposal: &str) {
    world
        .write(
            checker,
            "POST",
            &format!("/api/v1/proposals/{proposal}/approve"),
            json!({"reason": "checked"}),
        )
        .expect(200);
}

fn accounts(world: &World) -> Vec<Event> {
    world.events(Topic::Accounts)
}

#[test]
fn a_firm_is_opened_and_credited_by_two_and_the_maker_is_never_the_checker() {
    let Venue { world, operations, other, risk, trader, .. } = venue();
    let path = "/api/v1/firms/FIRM1/credits";
    let credit = json!({"account": "FIRM1", "asset": "USD", "amount": "1000000", "reference": "wire 17"});
    world.write(&risk, "POST", path, credit.clone()).problem(403, "forbidden");
    world.write(&trader, "POST", path, credit.clone()).problem(403, "forbidden");
    world
        .write(&operations, "POST", "/api/v1/firms/NOFIRM/credits", credit.clone())
        .problem(404, "not-found");
    let before = accounts(&world).len();
    let proposed = world.write(&operations, "POST", path, credit).expect(202);
    let verdict = |token: &str| {
        let path = format!("/api/v1/proposals/{}/approve", proposed.text("proposal"));
        world.write(token, "POST", &path, json!({"reason": "checked"}))
    };
    verdict(&operations).problem(403, "segregation");
    verdict(&risk).problem(403, "forbidden");
    assert_eq!(accounts(&world).len(), before, "nothing yet");
    verdict(&other).expect(200);
    verdict(&other).problem(409, "conflict");
    let credited: Vec<String> = accounts(&world)
        .iter()
        .filter_map(
            |event| if let Event::AccountCredited(e) = event { Some(e.amount.to_string()) } else { None },
        )
        .collect();
    assert_eq!(credited, ["1000000"]);
    let firm = world.get(&trader, "/api/v1/firms/FIRM1").expect(200);
    assert_eq!(
        (firm.body["accounts"].clone(), firm.text("self_trade")),
        (json!(["FIRM1"]), "cancel_newest".to_owned())
    );
    world.get(&trader, "/api/v1/firms/FIRM2").problem(404, "not-found");
    let listed = world.get(&trader, "/api/v1/firms").expect(200);
    assert_eq!(listed.body["items"].as_array().unwrap().len(), 1);
}

#[test]
fn bad_terms_are_refused_and_nothing_changes() {
    let Venue { world, operations, risk, .. } = venue();
    let before = (accounts(&world).len(), world.text(Topic::Admin).len());
    let refused = |token: &str, method: &str, path: &str, body: Value, fault: &str| {
        let reply = world.write(token, method, path, body).problem(400, "invalid");
        assert_eq!(reply.faults(), [fault], "{reply:?}");
    };
    refused(&operations, "PUT", "/api/v1/firms/FIRM3", json!({"accounts": []}), "accounts");
    refused(&operations, "PUT", "/api/v1/firms/FIRM3", json!({"accounts": ["A", "A"]}), "accounts");
    refused(&operations, "PUT", "/api/v1/firms/F%20IRM", json!({"accounts": ["A"]}), "id");
    refused(
        &operations,
        "PUT",
        "/api/v1/firms/FIRM3",
        json!({"accounts": ["A"], "commission": {"minimum": "-1"}}),
        "commission",
    );
    let credits = "/api/v1/firms/FIRM1/credits";
    refused(
        &operations,
        "POST",
        credits,
        json!({"account": "FIRM2", "asset": "USD", "amount": "1", "reference": "x"}),
        "account",
    );
    refused(
        &operations,
        "POST",
        credits,
        json!({"account": "FIRM1", "asset": "USD", "amount": "-1", "reference": "x"}),
        "amount",
    );
    refused(
        &operations,
        "PUT",
        "/api/v1/instruments/MSFT",
        json!({"currency": "USD", "tick_size": "0", "lot_size": "1"}),
        "tick_size",
    );
    let price = "/api/v1/instruments/MSFT/reference-price";
    world.write(&risk, "PUT", price, json!({"price": "1"})).problem(404, "not-found");
    assert_eq!((accounts(&world).len(), world.text(Topic::Admin).len()), before);
}

#[test]
fn an_account_is_one_firms_for_good() {
    let Venue { world, operations, stranger, .. } = venue();
    let both = json!({"accounts": ["FIRM2", "FIRM1"]});
    let taken = world.write(&operations, "PUT", "/api/v1/firms/FIRM2", both.clone()).problem(409, "conflict");
    assert!(taken.text("detail").contains("FIRM1"), "{taken:?}");
    // What two persons agreed on before that was asked does not move it either.
    let (firm, self_trade) = ("FIRM2".parse().unwrap(), SelfTrade::Allow);
    let accounts = ["FIRM2", "FIRM1"].map(|account| account.parse().unwrap()).to_vec();
    world.says(FirmOpened { firm, accounts, commission: Commission::default(), self_trade });
    let end = world.log.end().0.to_string();
    let seen = Call::new("GET", "/api/v1/firms/FIRM2").by(&stranger).header("assay-position", &end);
    assert_eq!(world.send(seen).expect(200).body["accounts"], json!(["FIRM2"]));
    let again = world.write(&operations, "PUT", "/api/v1/firms/FIRM2", both).problem(409, "conflict");
    assert!(again.text("detail").contains("FIRM1"), "it is FIRM1's still");
}

#[test]
fn an_instrument_is_listed_by_two_and_priced_by_one() {
    let Venue { world, operations, other, risk, trader, .. } = venue();
    let terms = json!({"currency": "USD", "tick_size": "0.01", "lot_size": "1"});
    let proposed = world.write(&operations, "PUT", "/api/v1/instruments/MSFT", terms).expect(202);
    world
        .write(
            &operations,
            "POST",
            &format!("/api/v1/proposals/{}/withdraw", proposed.text("proposal")),
            json!({"reason": "typo"}),
        )
        .expect(200);
    assert_eq!(world.get(&trader, "/api/v1/instruments").expect(200).body["items"], json!([]));
    let terms = json!({"currency": "USD", "tick_size": "0.05", "lot_size": "1"});
    let proposed = world.write(&operations, "PUT", "/api/v1/instruments/MSFT", terms).expect(202);
    approve(&world, &other, &proposed.text("proposal"));
    world
        .write(
            &risk,
            "PUT",
            "/api/v1/instruments/MSFT/reference-price",
            json!({"price": "410.25", "max_age_s": 60}),
        )
        .expect(200);
    let listed = world.get(&trader, "/api/v1/instruments").expect(200);
    assert_eq!(listed.body["items"][0]["tick_size"], "0.05");
    assert_eq!(listed.body["items"][0]["reference_price"], "410.25");
    assert_eq!(world.events(Topic::Markets).len(), 1, "execution hears of it too");
}

/// Reports of one order as execution writes them, the newest with everything filled.
fn report(world: &World, order: u64, firm: &str, exec: &Value, cum_qty: &str, status: &str) {
    let golden = include_str!("../../trading-types/tests/golden/execution.reported.v1.json");
    let mut json: Value = serde_json::from_str(golden).unwrap();
    json["order_id"] = json!(OrderId::new(0, order).to_string());
    json["terms"]["firm"] = json!(firm);
    json["terms"]["account"] = json!(firm);
    json["terms"]["cl_ord_id"] = json!(format!("c-{order}"));
    json["exec"] = exec.clone();
    json["filled"]["cum_qty"] = json!(cum_qty);
    json["status"] = json!(status);
    let event = decode(Kind::ExecutionReported, json.to_string().as_bytes()).unwrap();
    world.says(event);
}

#[test]
fn orders_and_fills_are_listed_to_those_whose_they_are() {
    let Venue { world, risk, trader, stranger, .. } = venue();
    let fill = json!({"trade": {"trade": 1, "qty": "100", "price": "10.10", "liquidity": "added"}});
    for n in 1..=5 {
        report(&world, n, "FIRM1", &json!("new"), "0", "new");
    }
    report(&world, 6, "FIRM2", &json!("new"), "0", "new");
    report(&world, 3, "FIRM1", &fill, "100", "filled");
    let end = world.log.end().0.to_string();
    let list =
        |token: &str, path: &str| world.send(Call::new("GET", path).by(token).header("assay-position", &end));
    let ids = |reply: &support::Reply| {
        let items = reply.body["items"].as_array().unwrap().clone();
        items.iter().map(|o| o["cl_ord_id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&list(&risk, "/api/v1/orders").expect(200)), ["c-1", "c-2", "c-3", "c-4", "c-5", "c-6"]);
    assert_eq!(ids(&list(&stranger, "/api/v1/orders").expect(200)), ["c-6"]);
    assert_eq!(ids(&list(&trader, "/api/v1/orders?status=filled").expect(200)), ["c-3"]);
    let page = list(&trader, "/api/v1/orders?limit=3&sort=-id").expect(200);
    assert_eq!(ids(&page), ["c-5", "c-4", "c-3"]);
    let rest =
        list(&trader, &format!("/api/v1/orders?limit=3&sort=-id&after={}", page.text("next"))).expect(200);
    assert_eq!((ids(&rest), rest.body.get("next")), (vec!["c-2".to_owned(), "c-1".to_owned()], None));
    list(&trader, "/api/v1/orders?firm=FIRM2").problem(404, "not-found");
    let one = format!("/api/v1/orders/{}", OrderId::new(0, 3));
    assert_eq!(list(&trader, &one).expect(200).text("cum_qty"), "100");
    list(&stranger, &one).problem(404, "not-found");
    list(&trader, "/api/v1/orders/O1").problem(404, "not-found");
    let fills = list(&trader, "/api/v1/executions").expect(200);
    assert_eq!(
        (fills.body["items"][0]["price"].clone(), fills.body["items"].as_array().unwrap().len()),
        (json!("10.10"), 1)
    );
    assert_eq!(list(&stranger, "/api/v1/executions").expect(200).body["items"], json!([]));
    world
        .send(Call::new("GET", "/api/v1/orders").by(&trader).header("assay-position", "x"))
        .problem(400, "invalid");
}

/// Risk's word that an account may sell located shares short.
fn granted(locate: &str, firm: &str) -> LocateGranted {
    LocateGranted {
        locate: locate.parse().unwrap(),
        firm: firm.parse().unwrap(),
        account: firm.parse().unwrap(),
        symbol: "AAPL".parse().unwrap(),
        qty: "100".parse().unwrap(),
        lender: "Prime Broker".to_owned(),
        valid_until: Timestamp::from_ns(1_795_292_999_000_000_000),
        maker: "operator:ann".parse().unwrap(),
        checker: "operator:bob".parse().unwrap(),
        reason: "easy to borrow / seen".to_owned(),
    }
}

fn ended(locate: &str, firm: &str, cause: LocateEnd, by: Option<&str>) -> LocateEnded {
    let LocateGranted { locate, firm, account, symbol, .. } = granted(locate, firm);
    let (unused, by) = ("40".parse().unwrap(), by.map(|by| by.parse().unwrap()));
    LocateEnded { locate, firm, account, symbol, cause, unused, orders: 0, by, reason: "over".to_owned() }
}

#[test]
fn locates_are_listed_to_those_whose_they_are() {
    let Venue { world, risk, trader, stranger, .. } = venue();
    for n in 1..=4 {
        world.says(granted(&format!("l-{n}"), "FIRM1"));
    }
    world.says(granted("m-1", "FIRM2"));
    world.says(ended("l-2", "FIRM1", LocateEnd::Released, Some("operator:ann")));
    world.says(ended("l-3", "FIRM1", LocateEnd::Expired, None));
    // One that was turned down never counted; a name may be used again once its locate has ended.
    world.says(ended("l-9", "FIRM1", LocateEnd::Declined, Some("operator:bob")));
    world.says(granted("l-2", "FIRM1"));
    let end = world.log.end().0.to_string();
    let list = |token: &str, query: &str| {
        let path = format!("/api/v1/risk/locates{query}");
        world.send(Call::new("GET", &path).by(token).header("assay-position", &end))
    };
    let ids = |reply: &support::Reply| {
        let items = reply.body["items"].as_array().unwrap().clone();
        let line = |o: &Value| format!("{} {}", o["locate"].as_str().unwrap(), o["status"].as_str().unwrap());
        items.iter().map(line).collect::<Vec<_>>()
    };
    let all = ["l-2 in_force", "m-1 in_force", "l-4 in_force", "l-3 expired", "l-2 released", "l-1 in_force"];
    assert_eq!(ids(&list(&risk, "").expect(200)), all);
    assert_eq!(ids(&list(&risk, "?firm=FIRM2").expect(200)), ["m-1 in_force"]);
    assert_eq!(ids(&list(&stranger, "").expect(200)), ["m-1 in_force"]);
    list(&trader, "?firm=FIRM2").problem(404, "not-found");
    let page = list(&trader, "?limit=2").expect(200);
    assert_eq!(ids(&page), ["l-2 in_force", "l-4 in_force"]);
    let page = list(&trader, &format!("?limit=2&after={}", page.text("next"))).expect(200);
    assert_eq!(ids(&page), ["l-3 expired", "l-2 released"]);
    let page = list(&trader, &format!("?limit=2&after={}", page.text("next"))).expect(200);
    assert_eq!((ids(&page), page.body.get("next")), (vec!["l-1 in_force".to_owned()], None));
    let released = list(&trader, "?status=released&sort=id").expect(200);
    let released = &released.body["items"][0];
    assert_eq!((&released["unused"], &released["ended_by"]), (&json!("40"), &json!("operator:ann")));
    assert_eq!((&released["qty"], &released["lender"]), (&json!("100"), &json!("Prime Broker")));
    assert_eq!(ids(&list(&trader, "?status=none").expect(200)), Vec::<String>::new());
    list(&trader, "?limit=0").problem(400, "invalid");
}

#[test]
fn a_deleted_read_model_is_made_anew() {
    let Venue { world, trader, .. } = venue();
    report(&world, 1, "FIRM1", &json!("new"), "0", "new");
    let world = world.restarted_without_read_model();
    let end = world.log.end().0.to_string();
    let orders =
        world.send(Call::new("GET", "/api/v1/orders").by(&trader).header("assay-position", &end)).expect(200);
    assert_eq!(orders.body["items"][0]["cl_ord_id"], "c-1");
    assert_eq!(world.get(&trader, "/api/v1/firms").expect(200).body["items"][0]["id"], "FIRM1");
}
