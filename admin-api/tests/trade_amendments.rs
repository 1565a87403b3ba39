//! Trades undone and priced anew over the API: two persons, and the answer is the market's.

mod support;
mod venue;

use assay_trading_types::{Kind, Topic};
use serde_json::{Value, json};
use support::{Reply, wait_until};
use venue::{Venue, bid, change, market, refused};

/// A market where FIRM1 buys what FIRM2 sells.
struct Floor {
    venue: Venue,
    seller: String,
}

fn floor() -> Floor {
    let venue = market();
    let [first, second] = &venue.admins;
    let seller = venue.world.member(first, Some(second), "tess", &["trader"], Some("FIRM2"));
    Floor { venue, seller }
}

impl Floor {
    /// FIRM2 sells so many at a price; the fills that FIRM1 has now, oldest first.
    fn sells(&self, qty: &str, price: &str) -> Vec<String> {
        let before = self.fills().len();
        let sale = change(change(bid(qty, price), "account", json!("FIRM2")), "side", json!("sell"));
        self.venue.post(&self.seller, "/orders", sale).expect(201);
        wait_until("it has traded", || self.fills().len() > before);
        self.fills()
    }

    fn fills(&self) -> Vec<String> {
        venue::ids(&self.venue.get(&self.venue.trader, "/executions").expect(200))
    }

    fn ask(&self, token: &str, exec: &str, word: &str, body: Value) -> Reply {
        self.venue.post(token, &format!("/executions/{exec}/{word}"), body)
    }

    fn bust(&self, exec: &str) -> String {
        let asked = self.ask(&self.venue.olga, exec, "bust", json!({"reason": "wrong button"}));
        asked.expect(202).text("proposal")
    }

    fn correct(&self, exec: &str, price: &str) -> String {
        let body = json!({"price": price, "reason": "wrong price"});
        self.ask(&self.venue.olga, exec, "correct", body).expect(202).text("proposal")
    }

    fn approve(&self, token: &str, proposal: &str) -> Reply {
        self.venue.post(token, &format!("/proposals/{proposal}/approve"), json!({"reason": "seen the tape"}))
    }

    /// Status, quantity filled and value of an order.
    fn order(&self, id: &str) -> [String; 3] {
        let order = self.venue.get(&self.venue.trader, &format!("/orders/{id}")).expect(200);
        ["status", "cum_qty", "notional"].map(|field| order.text(field))
    }

    /// What FIRM1 has of money and units once the books say so.
    #[track_caller]
    fn has(&self, usd: &str, aapl: &str) {
        venue::sooner_or_later([usd, aapl], || {
            ["USD", "AAPL"].map(|asset| self.venue.wallet(&self.venue.trader, "FIRM1", asset)[2].clone())
        });
    }

    fn asked(&self) -> usize {
        let kinds = [Kind::TradeBustRequested, Kind::TradeCorrectionRequested];
        let events = self.venue.world.events(Topic::Markets);
        events.iter().filter(|event| kinds.contains(&event.kind())).count()
    }
}

#[test]
fn m_26_m_27_trades_of_one_order_are_undone_and_priced_anew_when_another_agrees() {
    let floor = floor();
    let Floor { venue, .. } = &floor;
    let order = venue.post(&venue.trader, "/orders", bid("100", "10")).expect(201).text("id");
    floor.sells("30", "10");
    floor.sells("30", "10");
    let fills = floor.sells("40", "10");
    floor.has("9000", "100");
    assert_eq!(floor.order(&order), ["filled", "100", "1000"]);
    // All are asked for before the first is decided.
    let proposals = [floor.bust(&fills[0]), floor.correct(&fills[1], "9"), floor.bust(&fills[1])];
    assert_eq!(floor.asked(), 0, "nothing happens on one person's word");
    floor.approve(&venue.olga, &proposals[0]).problem(403, "segregation");
    let receipt = floor.approve(&venue.oskar, &proposals[0]).expect(200);
    assert_eq!((receipt.text("id"), receipt.body["version"].clone()), (proposals[0].clone(), json!(2)));
    assert_eq!(floor.order(&order), ["canceled", "70", "700"], "the answer comes when it is so");
    floor.has("9300", "70");
    floor.approve(&venue.oskar, &proposals[1]).expect(200);
    assert_eq!(floor.order(&order), ["canceled", "70", "670"]);
    floor.has("9330", "70");
    floor.approve(&venue.oskar, &proposals[2]).expect(200);
    assert_eq!(floor.order(&order), ["canceled", "40", "400"]);
    floor.has("9600", "40");
    floor.approve(&venue.oskar, &proposals[2]).problem(409, "conflict");
    assert_eq!(floor.asked(), 3);
}

#[test]
fn a_working_order_gets_its_quantity_back() {
    let floor = floor();
    let Floor { venue, .. } = &floor;
    let order = venue.post(&venue.trader, "/orders", bid("100", "10")).expect(201).text("id");
    let fills = floor.sells("30", "10");
    let proposal = floor.bust(&fills[0]);
    floor.sells("20", "10");
    floor.approve(&venue.oskar, &proposal).expect(200);
    assert_eq!(floor.order(&order), ["partially_filled", "20", "200"]);
    floor.sells("80", "10");
    assert_eq!(floor.order(&order), ["filled", "100", "1000"]);
}

#[test]
fn the_markets_refusal_is_the_answer_to_whoever_approves() {
    let floor = floor();
    let Floor { venue, .. } = &floor;
    venue.post(&venue.trader, "/orders", bid("30", "10")).expect(201);
    let fills = floor.sells("30", "10");
    let twice = [floor.bust(&fills[0]), floor.bust(&fills[0])];
    let fine = floor.correct(&fills[0], "9.005");
    refused(floor.approve(&venue.oskar, &fine), 400, "BAD_PRICE");
    let same = floor.correct(&fills[0], "10.00");
    refused(floor.approve(&venue.oskar, &same), 400, "BAD_PRICE");
    floor.approve(&venue.oskar, &twice[0]).expect(200);
    refused(floor.approve(&venue.oskar, &twice[1]), 409, "ALREADY_BUSTED");
    let said = |id: &str| {
        let proposal = venue.get(&venue.oskar, &format!("/proposals/{id}")).expect(200);
        (proposal.text("status"), proposal.body["refusal"].clone())
    };
    assert_eq!(said(&fine), ("approved".to_owned(), json!("BAD_PRICE")), "two agreed; the market did not");
    assert_eq!(said(&twice[0]), ("approved".to_owned(), json!(null)));
    assert_eq!(said(&twice[1]), ("open".to_owned(), json!(null)), "there is nothing to ask the market");
    floor.has("10000", "0");
}

#[test]
fn only_operations_ask_and_only_of_trades_that_there_are() {
    let floor = floor();
    let Floor { venue, .. } = &floor;
    venue.post(&venue.trader, "/orders", bid("30", "10")).expect(201);
    let fills = floor.sells("30", "10");
    let (exec, why) = (&*fills[0], json!({"reason": "wrong button"}));
    for token in [&venue.trader, &venue.ada, &venue.auditor, &venue.admins[0]] {
        floor.ask(token, exec, "bust", why.clone()).problem(403, "forbidden");
        floor.ask(token, exec, "correct", json!({"price": "9", "reason": "x y"})).problem(403, "forbidden");
    }
    for unknown in ["E000000000000FFFF", "E00000000000000000", "x", "O000000000000002A"] {
        floor.ask(&venue.olga, unknown, "bust", why.clone()).problem(404, "not-found");
    }
    assert_eq!(
        floor.ask(&venue.olga, exec, "bust", json!({"reason": " "})).problem(400, "invalid").faults(),
        ["reason"]
    );
    for price in [json!("0"), json!("-9"), json!("ten"), json!(9), json!(null)] {
        let body = json!({"price": price, "reason": "wrong price"});
        floor.ask(&venue.olga, exec, "correct", body).problem(400, "invalid");
    }
    let extra = json!({"price": "9", "reason": "wrong price", "qty": "1"});
    floor.ask(&venue.olga, exec, "correct", extra).problem(400, "invalid");
    let rejected = floor.bust(exec);
    let reject = |token: &str| {
        venue.post(token, &format!("/proposals/{rejected}/reject"), json!({"reason": "it was meant"}))
    };
    reject(&venue.olga).problem(403, "segregation");
    reject(&venue.oskar).expect(200);
    assert_eq!(floor.asked(), 0);
}
