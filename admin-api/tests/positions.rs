//! Positions over the API: what they cost, what they gained, and an end to them.

mod support;
mod venue;

use assay_trading_types::*;
use serde_json::{Value, json};
use support::{Call, Reply};
use venue::{Venue, bid, change, market, refused, sooner_or_later};

const COLUMNS: [&str; 7] = ["side", "qty", "entry_price", "cost", "price", "unrealised", "realised"];

fn shown(item: &Value) -> [String; 7] {
    COLUMNS.map(|column| item[column].as_str().unwrap_or("-").to_owned())
}

fn position(venue: &Venue, token: &str, id: &str) -> [String; 7] {
    let reply = venue.get(token, &format!("/positions/{id}"));
    // What was credited just now may not be there yet.
    if reply.status == 404 { Default::default() } else { shown(&reply.expect(200).body) }
}

/// FIRM2 offers, and FIRM1 takes it.
fn bought(venue: &Venue, qty: &str, price: &str) {
    let offer = json!({"account": "FIRM2", "symbol": "AAPL", "side": "sell", "ord_type": "limit", "qty": qty,
        "price": price});
    venue.post(&venue.ben, "/orders", offer).expect(201);
    venue.post(&venue.trader, "/orders", bid(qty, price)).expect(201);
}

fn wants(venue: &Venue, qty: &str, price: &str) {
    let bid = change(bid(qty, price), "account", json!("FIRM2"));
    venue.post(&venue.ben, "/orders", bid).expect(201);
}

fn priced(venue: &Venue, price: &str) {
    let (symbol, price) = ("AAPL".parse().unwrap(), price.parse().unwrap());
    venue.world.says(ReferencePriceSet { symbol, price, max_age_ns: None, source: None });
}

fn close(venue: &Venue, token: &str, id: &str) -> Reply {
    venue.post(token, &format!("/positions/{id}/close"), Value::Null)
}

#[test]
fn a_position_has_its_cost_its_price_and_what_it_gained() {
    let venue = market();
    let credited = ["long", "500", "10", "5000", "10", "0", "0"];
    sooner_or_later(credited, || position(&venue, &venue.ben, "FIRM2/AAPL"));
    bought(&venue, "100", "10");
    bought(&venue, "100", "10.20");
    sooner_or_later(["long", "200", "10.1", "2020", "10", "-20", "0"], || {
        position(&venue, &venue.trader, "FIRM1/AAPL")
    });
    wants(&venue, "50", "10.50");
    let sale = change(bid("50", "10.50"), "side", json!("sell"));
    venue.post(&venue.trader, "/orders", sale).expect(201);
    priced(&venue, "10.60");
    sooner_or_later(["long", "150", "10.1", "1515", "10.6", "75", "20"], || {
        position(&venue, &venue.trader, "FIRM1/AAPL")
    });

    // Its firm and staff see it, and nobody else.
    venue.get(&venue.ben, "/positions/FIRM1/AAPL").problem(404, "not-found");
    venue.get(&venue.trader, "/positions/FIRM1/MSFT").problem(404, "not-found");
    let listed = |token: &str, query: &str| {
        let body = venue.get(token, &format!("/positions{query}")).expect(200).body;
        let ids =
            body["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned());
        ids.collect::<Vec<_>>()
    };
    assert_eq!(listed(&venue.trader, ""), ["FIRM1/AAPL"]);
    assert_eq!(listed(&venue.auditor, ""), ["FIRM2/AAPL", "FIRM1/AAPL"], "in the order they came to be");
    assert_eq!(listed(&venue.auditor, "?sort=-id&firm=FIRM1"), ["FIRM1/AAPL"]);
    assert_eq!(listed(&venue.auditor, "?side=short"), [""; 0]);
    venue.get(&venue.auditor, "/positions?side=up").problem(400, "invalid");
    venue.get(&venue.trader, "/positions?firm=FIRM2").problem(404, "not-found");
}

#[test]
fn a_portfolio_is_money_and_positions_less_what_is_owed() {
    let venue = market();
    bought(&venue, "100", "10");
    priced(&venue, "12");
    let money = |token: &str, path: &str| {
        let body = venue.get(token, path).expect(200).body;
        let usd = body["currencies"].as_array().unwrap().iter().find(|of| of["currency"] == "USD").cloned();
        ["cash", "long", "short", "gross", "unrealised", "realised", "equity", "leverage"]
            .map(|field| usd.as_ref().and_then(|usd| usd[field].as_str()).unwrap_or("-").to_owned())
    };
    let whole = ["9000", "1200", "0", "1200", "200", "0", "10200", "0.11"];
    sooner_or_later(whole, || money(&venue.trader, "/portfolio"));
    assert_eq!(money(&venue.auditor, "/portfolio?firm=FIRM1&account=FIRM1"), whole);
    assert_eq!(money(&venue.trader, "/portfolio?account=FIRM1-B"), ["-"; 8]);
    let exposure = venue.get(&venue.trader, "/portfolio").expect(200).body["exposure"].clone();
    assert_eq!(
        exposure,
        json!([{"symbol": "AAPL", "currency": "USD", "qty": "100", "value": "1200", "share": "100.00"}])
    );
    venue.get(&venue.auditor, "/portfolio").problem(400, "invalid");
    venue.get(&venue.ben, "/portfolio?firm=FIRM1").problem(404, "not-found");
}

#[test]
fn performance_counts_orders_and_what_closing_brought() {
    let venue = market();
    bought(&venue, "100", "10");
    wants(&venue, "40", "11");
    wants(&venue, "40", "9");
    for (qty, price) in [("40", "11"), ("40", "9")] {
        venue.post(&venue.trader, "/orders", change(bid(qty, price), "side", json!("sell"))).expect(201);
    }
    venue.post(&venue.trader, "/orders", bid("1", "8")).expect(201);
    let performance = || venue.get(&venue.trader, "/orders/performance_metrics").expect(200).body;
    let counted = || {
        let body = performance();
        let of = &body["currencies"][0];
        let texts =
            ["traded_value", "realised", "unrealised", "profit", "success_rate"].map(|field| &of[field]);
        let texts = texts.map(|value| value.as_str().unwrap_or("-").to_owned());
        let counts = [&body["orders"], &body["filled_orders"], &of["fills"], &of["closings"], &of["gains"]];
        let [a, b, c, d, e] = texts;
        let [f, g, h, i, j] = counts.map(Value::to_string);
        [a, b, c, d, e, f, g, h, i, j]
    };
    // 100 bought at 10, 40 sold at 11 and 40 at 9: one of two closings was a gain, three of four orders were filled.
    sooner_or_later(["1800", "0", "0", "0", "50.00", "4", "3", "3", "2", "1"], counted);
    assert_eq!(
        (performance()["fill_rate"].clone(), performance()["currencies"][0]["losses"].clone()),
        (json!("75.00"), json!(1))
    );
}

#[test]
fn a_position_is_closed_by_an_opposite_market_order() {
    let venue = market();
    bought(&venue, "100", "10");
    wants(&venue, "100", "9.90");
    sooner_or_later(["100", "0", "100"], || venue.wallet(&venue.trader, "FIRM1", "AAPL"));
    close(&venue, &venue.auditor, "FIRM1/AAPL").problem(403, "forbidden");
    close(&venue, &venue.ben, "FIRM1/AAPL").problem(404, "not-found");
    let closing = || {
        let call = Call::new("POST", "/api/v1/positions/FIRM1/AAPL/close").by(&venue.trader);
        venue.world.send(call.header("idempotency-key", "k-1")).expect(200)
    };
    let order = closing();
    let terms = ["side", "ord_type", "qty", "origin"].map(|field| order.text(field));
    assert_eq!(terms, ["sell", "market", "100", "api"]);
    sooner_or_later(["flat", "0", "-", "0", "10", "0", "-10"], || {
        position(&venue, &venue.trader, "FIRM1/AAPL")
    });
    assert_eq!(closing().text("id"), order.text("id"), "a repeat has the first answer");
    close(&venue, &venue.trader, "FIRM1/AAPL").problem(409, "conflict");
    let body = venue.get(&venue.trader, "/positions").expect(200).body;
    assert_eq!(body["items"], json!([]), "closed positions are not listed unless they are asked for");
    let body = venue.get(&venue.trader, "/positions?side=flat").expect(200).body;
    assert_eq!(body["items"][0]["id"], "FIRM1/AAPL");
}

#[test]
fn what_open_orders_would_close_is_not_closed_twice() {
    let venue = market();
    bought(&venue, "100", "10");
    sooner_or_later(["100", "0", "100"], || venue.wallet(&venue.trader, "FIRM1", "AAPL"));
    let sell = |qty: &str| {
        let offer = change(bid(qty, "12"), "side", json!("sell"));
        venue.post(&venue.trader, "/orders", offer).expect(201).text("id")
    };
    let first = sell("30");
    wants(&venue, "70", "10");
    assert_eq!(close(&venue, &venue.trader, "FIRM1/AAPL").expect(200).text("qty"), "70");
    sooner_or_later(["0", "30", "30"], || venue.wallet(&venue.trader, "FIRM1", "AAPL"));
    close(&venue, &venue.trader, "FIRM1/AAPL").problem(409, "conflict");
    venue.world.write(&venue.trader, "DELETE", &format!("/api/v1/orders/{first}"), Value::Null).expect(200);
    // A stopped firm reduces nothing over the API either.
    let scope = SwitchScope::Firm("FIRM1".parse().unwrap());
    let (state, reason) = (SwitchState::CancelOnly, "too fast".to_owned());
    venue.world.says(RiskSwitchSet { scope, state, reason, command: None });
    refused(close(&venue, &venue.trader, "FIRM1/AAPL"), 503, "CANCEL_ONLY");
}
