//! Orders over the API: placed, changed and cancelled by a firm's users, decided by the risk and the market that decide on
//! those of FIX sessions.

mod support;
mod venue;

use assay_admin_api::ApiConfig;
use assay_trading_types::*;
use serde_json::{Value, json};
use std::time::Duration;
use support::{Call, Reply};
use venue::{Venue, bid, change, ids, market, refused, sooner_or_later};

fn delete(venue: &Venue, token: &str, id: &str) -> Reply {
    venue.world.write(token, "DELETE", &format!("/api/v1/orders/{id}"), Value::Null)
}

fn patch(venue: &Venue, token: &str, id: &str, body: Value) -> Reply {
    venue.world.write(token, "PATCH", &format!("/api/v1/orders/{id}"), body)
}

/// An order of a FIX session of FIRM1; its id.
fn entered_over_fix(venue: &Venue) -> String {
    let session: SessionId = "CLIENT1/ASSAY".parse().unwrap();
    let terms = OrderTerms {
        cl_ord_id: "fix-1".parse().unwrap(),
        session,
        firm: "FIRM1".parse().unwrap(),
        account: "FIRM1".parse().unwrap(),
        symbol: "AAPL".parse().unwrap(),
        side: Side::Buy,
        ord_type: OrdType::Limit,
        price: Some("9".parse().unwrap()),
        stop_px: None,
        qty: "10".parse().unwrap(),
        tif: TimeInForce::Day,
        conditions: None,
        carried: None,
    };
    let (request, transact_time) = (RequestId { session, epoch: 1, seq: 2 }, Timestamp::from_ns(0));
    let (poss_resend, defect, tell_pending) = (false, None, false);
    venue.world.says(OrderRequested { request, terms, transact_time, poss_resend, defect, tell_pending });
    // Whatever is placed after it is decided after it.
    let after = venue.post(&venue.trader, "/orders", bid("1", "8")).expect(201).text("id");
    delete(venue, &venue.trader, &after).expect(200);
    let list = venue.get(&venue.trader, "/orders?cl_ord_id=fix-1").expect(200);
    ids(&list)[0].clone()
}

#[test]
fn an_order_is_held_for_shown_and_traded() {
    let venue = market();
    let given = change(bid("100", "10.10"), "cl_ord_id", json!("mine-1"));
    let placed = venue.post(&venue.trader, "/orders", given).expect(201);
    let id = placed.text("id");
    assert_eq!(placed.headers["location"], format!("/api/v1/orders/{id}"));
    let shown =
        ["cl_ord_id", "status", "origin", "session", "tif", "leaves_qty"].map(|field| placed.text(field));
    assert_eq!(shown, ["mine-1", "new", "api", "FIRM1/API", "day", "100"]);
    assert_eq!(venue.wallet(&venue.trader, "FIRM1", "USD")[1], "1010");
    let offer = json!({"account": "FIRM2", "symbol": "AAPL", "side": "sell", "ord_type": "limit", "qty": "40",
        "price": "10.10", "tif": "ioc"});
    let sold = venue.post(&venue.ben, "/orders", offer).expect(201).text("id");
    // Fills and their postings come after the answer.
    let shown = |token: &str, id: &str| {
        let order = venue.get(token, &format!("/orders/{id}")).expect(200);
        ["status", "cum_qty", "leaves_qty"].map(|field| order.text(field))
    };
    sooner_or_later(["filled", "40", "0"], || shown(&venue.ben, &sold));
    sooner_or_later(["partially_filled", "40", "60"], || shown(&venue.trader, &id));
    sooner_or_later(["40", "0", "40"], || venue.wallet(&venue.trader, "FIRM1", "AAPL"));
    venue.get(&venue.ben, &format!("/orders/{id}")).problem(404, "not-found");
    // What few orders have is shown as it was asked.
    let hidden = change(change(bid("10", "9"), "max_floor", json!("2")), "post_only", json!(true));
    let until = change(change(hidden, "tif", json!("gtd")), "expire_date", json!(20_261_231));
    let conditions = venue.post(&venue.trader, "/orders", until).expect(201).body["conditions"].clone();
    assert_eq!(conditions, json!({"expiry": {"date": 20_261_231}, "max_floor": "2", "post_only": true}));
    let touched = change(change(bid("1", "9"), "price", Value::Null), "ord_type", json!("take_profit"));
    let placed = venue.post(&venue.trader, "/orders", change(touched, "stop_px", json!("8"))).expect(201);
    assert_eq!(
        ["ord_type", "stop_px", "status"].map(|field| placed.text(field)),
        ["take_profit", "8", "new"]
    );
}

#[test]
fn what_is_refused_says_why_and_holds_nothing() {
    let venue = market();
    let place = |body: Value| venue.post(&venue.trader, "/orders", body);
    refused(place(bid("10000", "10")), 400, "LIMIT_CREDIT");
    refused(place(change(bid("1", "10"), "symbol", json!("MSFT"))), 400, "UNKNOWN_SYMBOL");
    refused(place(change(bid("1", "10"), "account", json!("FIRM2"))), 400, "UNKNOWN_ACCOUNT");
    refused(place(bid("1", "10.001")), 400, "BAD_TICK");
    refused(place(bid("0", "10")), 400, "QTY_MIN");
    refused(place(bid("-5", "10")), 400, "QTY_MIN");
    refused(place(bid("1.5", "10")), 400, "BAD_LOT");
    refused(place(change(bid("1", "10"), "price", Value::Null)), 400, "BAD_PRICE");
    refused(place(change(bid("1", "10"), "ord_type", json!("market"))), 400, "PRICE_NOT_ALLOWED");
    refused(place(change(bid("1", "10"), "tif", json!("gtd"))), 400, "UNSUPPORTED_TERMS");
    let named = change(bid("1", "9"), "cl_ord_id", json!("twice"));
    place(named.clone()).expect(201);
    refused(place(named), 409, "DUP_CLORDID");
    for (field, value) in [
        ("side", json!("hold")),
        ("qty", json!(1)),
        ("qty", json!("1e400")),
        ("tif", json!("forever")),
        ("cl_ord_id", json!("x".repeat(33))),
        ("cl_ord_id", json!("a b")),
        ("expire_date", json!(20_261_331)),
        ("expire_date", json!(22_620_412)),
        ("expire_date", json!(99_991_231)),
        ("firm", json!("FIRM2")),
    ] {
        place(change(bid("1", "10"), field, value)).problem(400, "invalid");
    }
    let both = change(change(bid("1", "10"), "expire_date", json!(20_261_231)), "expire_time", json!(1));
    place(both).problem(400, "invalid");
    for token in [&venue.olga, &venue.auditor, &venue.admins[0]] {
        venue.post(token, "/orders", bid("1", "10")).problem(403, "forbidden");
    }
    assert_eq!(
        venue.wallet(&venue.trader, "FIRM1", "USD")[1],
        "9",
        "what the one order holds that was taken"
    );
}

#[test]
fn a_stopped_firm_places_nothing_and_cancels_still() {
    let venue = market();
    let id = venue.post(&venue.trader, "/orders", bid("1", "9")).expect(201).text("id");
    let scope = SwitchScope::Firm("FIRM1".parse().unwrap());
    let (state, reason) = (SwitchState::CancelOnly, "too fast".to_owned());
    venue.world.says(RiskSwitchSet { scope, state, reason, command: None });
    refused(venue.post(&venue.trader, "/orders", bid("1", "9")), 503, "CANCEL_ONLY");
    assert_eq!(delete(&venue, &venue.trader, &id).expect(200).text("status"), "canceled");
}

#[test]
fn an_order_takes_other_terms() {
    let venue = market();
    let id = venue.post(&venue.trader, "/orders", bid("100", "10")).expect(201).text("id");
    let changed = patch(&venue, &venue.trader, &id, json!({"price": "9.50"})).expect(200);
    assert_eq!(
        (changed.text("price"), changed.text("qty"), changed.text("id")),
        ("9.50".to_owned(), "100".to_owned(), id.clone())
    );
    sooner_or_later(["9050", "950", "10000"], || venue.wallet(&venue.trader, "FIRM1", "USD"));
    let changed = patch(&venue, &venue.ada, &id, json!({"qty": "40"})).expect(200);
    assert_eq!((changed.text("price"), changed.text("leaves_qty")), ("9.50".to_owned(), "40".to_owned()));
    refused(patch(&venue, &venue.trader, &id, json!({"qty": "100000"})), 400, "LIMIT_CREDIT");
    refused(patch(&venue, &venue.trader, &id, json!({"price": "9.501"})), 400, "BAD_TICK");
    patch(&venue, &venue.trader, &id, json!({"side": "sell"})).problem(400, "invalid");
    patch(&venue, &venue.ben, &id, json!({"qty": "1"})).problem(404, "not-found");
    patch(&venue, &venue.olga, &id, json!({"qty": "1"})).problem(403, "forbidden");
    let fix = entered_over_fix(&venue);
    refused(patch(&venue, &venue.trader, &fix, json!({"qty": "1"})), 409, "NOT_AMENDABLE");
    delete(&venue, &venue.trader, &id).expect(200);
    refused(patch(&venue, &venue.trader, &id, json!({"qty": "1"})), 409, "TOO_LATE");
}

#[test]
fn an_order_is_cancelled_by_its_firm_and_by_staff() {
    let venue = market();
    let place = || venue.post(&venue.trader, "/orders", bid("100", "10")).expect(201).text("id");
    let (first, second) = (place(), place());
    delete(&venue, &venue.ben, &first).problem(404, "not-found");
    delete(&venue, &venue.auditor, &first).problem(403, "forbidden");
    delete(&venue, &venue.trader, "O1").problem(404, "not-found");
    assert_eq!(delete(&venue, &venue.trader, &first).expect(200).text("status"), "canceled");
    refused(delete(&venue, &venue.trader, &first), 409, "TOO_LATE");
    let cancel = format!("/orders/{second}/cancel");
    assert_eq!(venue.post(&venue.olga, &cancel, Value::Null).expect(200).text("status"), "canceled");
    let fix = entered_over_fix(&venue);
    assert_eq!(venue.get(&venue.trader, &format!("/orders/{fix}")).expect(200).text("origin"), "fix");
    assert_eq!(delete(&venue, &venue.ada, &fix).expect(200).text("status"), "canceled");
    sooner_or_later(["10000", "0", "10000"], || venue.wallet(&venue.trader, "FIRM1", "USD"));
}

#[test]
fn a_request_that_comes_again_is_answered_as_the_first() {
    let venue = market();
    let keyed = |token: &str, method: &str, path: &str, key: &str, body: Value| {
        let call = support::Call::new(method, path).by(token).header("idempotency-key", key);
        venue.world.send(if body.is_null() { call } else { call.json(&body) })
    };
    let first = keyed(&venue.trader, "POST", "/api/v1/orders", "k-1", bid("100", "10")).expect(201);
    let again = keyed(&venue.trader, "POST", "/api/v1/orders", "k-1", bid("100", "10")).expect(201);
    assert_eq!(first.text("id"), again.text("id"));
    keyed(&venue.trader, "POST", "/api/v1/orders", "k-1", bid("1", "10")).problem(422, "idempotency");
    let too_much = bid("100000", "10");
    refused(keyed(&venue.trader, "POST", "/api/v1/orders", "k-2", too_much.clone()), 400, "LIMIT_CREDIT");
    refused(keyed(&venue.trader, "POST", "/api/v1/orders", "k-2", too_much), 400, "LIMIT_CREDIT");
    let path = format!("/api/v1/orders/{}", first.text("id"));
    keyed(&venue.trader, "DELETE", &path, "k-3", Value::Null).expect(200);
    assert_eq!(
        keyed(&venue.trader, "DELETE", &path, "k-3", Value::Null).expect(200).text("status"),
        "canceled"
    );
    assert_eq!(ids(&venue.get(&venue.trader, "/orders").expect(200)), [first.text("id")]);
}

#[test]
fn a_model_made_anew_answers_the_same() {
    let Venue { world, trader, .. } = {
        let venue = market();
        let id = venue.post(&venue.trader, "/orders", bid("100", "10")).expect(201).text("id");
        patch(&venue, &venue.trader, &id, json!({"qty": "40", "price": "9"})).expect(200);
        venue.post(&venue.trader, "/orders", bid("7", "8")).expect(201);
        venue
    };
    let before = world.get(&trader, "/api/v1/orders").expect(200).body;
    let world = world.restarted_without_read_model();
    assert_eq!(world.get(&trader, "/api/v1/orders").expect(200).body, before);
}

#[test]
fn what_nobody_has_answered_yet_is_pending_and_can_be_asked_for() {
    // No risk and no market are there.
    let world = support::World::new();
    let first = world.administrator();
    let second = world.member(&first, None, "second", &["admin"], None);
    let trader = world.member(&first, Some(&second), "tim", &["trader"], Some("FIRM1"));
    let config = ApiConfig { decision_wait: Duration::from_secs(2), ..ApiConfig::default() };
    let world = world.restarted_with(config);
    let place = || {
        let call = support::Call::new("POST", "/api/v1/orders").by(&trader).header("idempotency-key", "k-1");
        world.send(call.json(&bid("1", "10"))).expect(202).text("ask")
    };
    let ask = place();
    assert_eq!(place(), ask, "a repeat has the first one's place");
    let told = world.get(&trader, &ask).expect(200);
    assert_eq!(
        (told.text("outcome"), told.text("operation")),
        ("pending".to_owned(), "place_order".to_owned())
    );
    let session = SessionId::of_api(&"FIRM1".parse().unwrap());
    let terms = serde_json::from_value(json!({"cl_ord_id": "x", "session": session, "firm": "FIRM1",
        "account": "FIRM1", "symbol": "AAPL", "side": "buy", "ord_type": "limit", "price": "10", "qty": "1", "tif": "day"}));
    world.says(OrderRefused {
        request: RequestId { session, epoch: 1, seq: 1 },
        terms: terms.unwrap(),
        refusal: Refusal::UnknownSymbol,
        detail: "AAPL is not listed".to_owned(),
        limits_version: 0,
        reference_price: None,
    });
    let told = || {
        let told = world.get(&trader, &ask).expect(200);
        (told.text("outcome") == "refused").then(|| told.text("code"))
    };
    let code = std::iter::repeat_with(told).take(100_000).flatten().next();
    assert_eq!(code.as_deref(), Some("UNKNOWN_SYMBOL"));
}

#[test]
fn an_order_waits_until_somebody_of_its_firm_releases_it() {
    let venue = market();
    let stage = |given: Value| venue.post(&venue.trader, "/orders/staged", given);
    let release = |token: &str, id: &str| {
        venue.world.write(token, "POST", &format!("/api/v1/orders/staged/{id}/release"), Value::Null)
    };
    let waiting = |token: &str| ids(&venue.get(token, "/orders/staged").expect(200));
    let staged = stage(change(bid("100", "10"), "cl_ord_id", json!("later-1"))).expect(201);
    let id = staged.text("id");
    assert_eq!(staged.headers["location"], format!("/api/v1/orders/staged/{id}"));
    assert_eq!(venue.wallet(&venue.trader, "FIRM1", "USD")[1], "0", "nothing is held");
    assert!(
        ids(&venue.get(&venue.trader, "/orders").expect(200)).is_empty(),
        "and risk has heard of nothing"
    );
    let list = venue.get(&venue.ada, "/orders/staged").expect(200);
    let shown = ["cl_ord_id", "side", "ord_type", "qty", "price", "tif"]
        .map(|field| list.body["items"][0][field].as_str().unwrap().to_owned());
    assert_eq!(shown, ["later-1", "buy", "limit", "100", "10", "day"]);
    assert_eq!((waiting(&venue.olga), waiting(&venue.ben)), (vec![id.clone()], vec![]), "staff sees all");
    release(&venue.ben, &id).problem(404, "not-found");
    release(&venue.olga, &id).problem(403, "forbidden");
    release(&venue.trader, "stg_1").problem(404, "not-found");
    // Somebody else of the firm releases it, and a repeat of that is the same order.
    let path = format!("/api/v1/orders/staged/{id}/release");
    let call = Call::new("POST", &path).by(&venue.ada).header("idempotency-key", "release-1");
    let placed = venue.world.send(call.clone()).expect(201);
    assert_eq!(venue.world.send(call).expect(201).text("id"), placed.text("id"));
    assert_eq!(["cl_ord_id", "status"].map(|field| placed.text(field)), ["later-1", "new"]);
    assert_eq!(venue.wallet(&venue.trader, "FIRM1", "USD")[1], "1000");
    assert!(waiting(&venue.trader).is_empty());
    release(&venue.ada, &id).problem(404, "not-found");
    // Risk decides when it is released.
    let twice = stage(change(bid("1", "10"), "cl_ord_id", json!("later-1"))).expect(201).text("id");
    refused(release(&venue.trader, &twice), 409, "DUP_CLORDID");
    let dear = stage(bid("10000", "10")).expect(201).text("id");
    refused(release(&venue.trader, &dear), 400, "LIMIT_CREDIT");
    assert!(waiting(&venue.trader).is_empty(), "what is refused waits no more");
    // And it can be given up.
    let dropped = stage(bid("1", "10")).expect(201).text("id");
    let discard = |token: &str| {
        venue.world.write(token, "DELETE", &format!("/api/v1/orders/staged/{dropped}"), Value::Null)
    };
    discard(&venue.ben).problem(404, "not-found");
    discard(&venue.trader).expect(204);
    discard(&venue.trader).problem(404, "not-found");
    release(&venue.trader, &dropped).problem(404, "not-found");
    stage(change(bid("1", "10"), "stop", json!("9"))).problem(400, "invalid");
    venue.post(&venue.olga, "/orders/staged", bid("1", "10")).problem(403, "forbidden");
    venue.post(&venue.auditor, "/orders/staged", bid("1", "10")).problem(403, "forbidden");
}
