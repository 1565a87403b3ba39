//! Payments from outside: what processors say counts when it is signed, of now, once, and about what was announced; rates that
//! move far take two persons.

mod support;
mod venue;

use assay_admin_api::{ApiConfig, PaymentProcessor, PaymentsConfig, Rates};
use assay_trading_types::{PayMethod, Topic};
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use support::{Call, Reply, World};
use venue::{Venue, refused, venue_of};
use zeroize::Zeroizing;

const SECRET: &str = "what the processor signs with";

fn venue_with_processor() -> Venue {
    let rates = Rates { anonymous_per_h: 1_000_000, user_per_h: 1_000_000, ..Rates::default() };
    let of = |name: &str, methods: &[PayMethod]| PaymentProcessor {
        name: name.into(),
        secret: Zeroizing::new(SECRET.into()),
        methods: methods.to_vec(),
    };
    let processors = vec![of("cards", &[PayMethod::Card]), of("any", &[]), of("chain", &[PayMethod::Crypto])];
    let payments = PaymentsConfig { processors, ..PaymentsConfig::default() };
    venue_of(World::with(ApiConfig { rates, payments, ..ApiConfig::default() }))
}

/// A processor's word, signed at a second under a secret.
fn signed(v: &Venue, processor: &str, secret: &str, at_s: i64, body: &Value) -> Reply {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{at_s}.{body}").as_bytes());
    let signature = hex::encode(mac.finalize().into_bytes());
    let call = Call::new("POST", &format!("/api/v1/payments/{processor}/callback")).json(body);
    v.world.send(call.header("assay-signature", &format!("t={at_s},v1={signature}")))
}

fn told(v: &Venue, body: &Value) -> Reply {
    signed(v, "cards", SECRET, v.world.now_s(), body)
}

fn announced(v: &Venue, amount: &str) -> String {
    let body = json!({"account": "FIRM1", "asset": "USD", "amount": amount, "method": "card"});
    v.post(&v.ada, "/deposits", body).expect(201).text("id")
}

fn notice(event: &str, deposit: &str, status: &str, amount: &str) -> Value {
    json!({"event": event, "deposit": deposit, "status": status, "reference": format!("pay {deposit}"), "asset": "USD",
        "amount": amount})
}

#[test]
fn wal_05_a_processors_word_counts_once_when_it_is_signed_and_of_now() {
    let v = venue_with_processor();
    let id = announced(&v, "2500.50");
    let word = notice("evt-1", &id, "settled", "2500.50");
    let now = v.world.now_s();
    let before = v.world.text(Topic::Admin).len();
    signed(&v, "cards", "another", now, &word).problem(401, "unauthenticated");
    signed(&v, "wires", SECRET, now, &word).problem(401, "unauthenticated");
    signed(&v, "cards", SECRET, now - 301, &word).problem(401, "unauthenticated");
    signed(&v, "cards", SECRET, now + 301, &word).problem(401, "unauthenticated");
    v.world.public("/api/v1/payments/cards/callback", word.clone()).problem(401, "unauthenticated");
    assert_eq!(v.world.text(Topic::Admin).len(), before, "a stranger's words are not kept");

    signed(&v, "chain", SECRET, now, &word).problem(404, "not-found");
    let by_wire = json!({"account": "FIRM1", "asset": "USD", "amount": "7", "method": "bank_transfer"});
    let by_wire = v.post(&v.ada, "/deposits", by_wire).expect(201).text("id");
    told(&v, &notice("evt-0", &by_wire, "settled", "7")).problem(404, "not-found");
    signed(&v, "any", SECRET, now, &notice("evt-0", &by_wire, "failed", "7")).expect(200);
    let done = told(&v, &word).expect(200);
    assert_eq!(
        (done.text("status"), done.text("external_reference")),
        ("completed".to_owned(), format!("pay {id}"))
    );
    assert_eq!(done.body["approvals"], json!(["processor:cards"]));
    v.world.pass_s(200);
    let again = told(&v, &word).expect(200);
    assert_eq!((again.text("id"), &again.body["version"]), (id.clone(), &json!(2)));
    assert_eq!(v.wallet(&v.ada, "FIRM1", "USD"), ["2500.5", "0", "2500.5"]);
    let changed = notice("evt-1", &id, "failed", "2500.50");
    told(&v, &changed).problem(422, "idempotency");
    refused(told(&v, &notice("evt-2", &id, "settled", "2500.50")), 409, "WRONG_STATE");
    assert_eq!(v.wallet(&v.ada, "FIRM1", "USD"), ["2500.5", "0", "2500.5"]);
}

#[test]
fn wal_05_what_a_processor_has_in_hand_its_client_takes_back_no_more() {
    let v = venue_with_processor();
    let id = announced(&v, "10");
    let held = told(&v, &notice("evt-1", &id, "received", "10")).expect(200);
    assert_eq!(held.text("status"), "processing");
    let why = json!({"reason": "changed my mind"});
    refused(v.post(&v.ada, &format!("/deposits/{id}/cancel"), why), 409, "WRONG_STATE");
    v.get(&v.ada, "/wallets/FIRM1/USD").problem(404, "not-found");
    let mut other = notice("evt-2", &id, "settled", "10");
    other["reference"] = json!("pay of another");
    refused(told(&v, &other), 409, "REFERENCE_USED");
    told(&v, &notice("evt-3", &id, "settled", "10")).expect(200);
    assert_eq!(v.wallet(&v.ada, "FIRM1", "USD"), ["10", "0", "10"]);

    let failing = announced(&v, "20");
    told(&v, &notice("evt-4", &failing, "received", "20")).expect(200);
    let mut word = notice("evt-5", &failing, "failed", "20");
    word["reason"] = json!("card declined");
    let failed = told(&v, &word).expect(200);
    assert_eq!(
        (failed.text("status"), failed.text("reason")),
        ("failed".to_owned(), "cards: card declined".to_owned())
    );
    assert_eq!(v.wallet(&v.ada, "FIRM1", "USD"), ["10", "0", "10"]);
}

#[test]
fn wal_05_what_was_not_announced_moves_nothing() {
    let v = venue_with_processor();
    let id = announced(&v, "100");
    let mut nth = 0;
    let mut event = || {
        nth += 1;
        format!("evt-{nth}")
    };
    refused(told(&v, &notice(&event(), &id, "settled", "99.99")), 409, "NOT_AS_ANNOUNCED");
    let mut euros = notice(&event(), &id, "settled", "100");
    euros["asset"] = json!("EUR");
    refused(told(&v, &euros), 409, "NOT_AS_ANNOUNCED");
    told(&v, &notice(&event(), "DEP-0000000FFFFF", "settled", "100")).problem(404, "not-found");
    told(&v, &notice(&event(), "WDR-000000000001", "settled", "100")).problem(404, "not-found");
    for amount in ["5.", ".5", "1e3", &"1".repeat(40)] {
        told(&v, &notice(&event(), &id, "settled", amount)).problem(400, "invalid");
    }
    told(&v, &notice("", &id, "settled", "100")).problem(400, "invalid");
    v.get(&v.ada, "/wallets/FIRM1/USD").problem(404, "not-found");
    assert_eq!(v.get(&v.ada, &format!("/deposits/{id}")).expect(200).text("status"), "pending");
}

#[test]
fn a_conversion_rate_far_from_the_one_in_force_takes_two_persons() {
    let v = venue_with_processor();
    let [first, second] = &v.admins;
    let member = |name: &str| v.world.member(first, Some(second), name, &["risk"], None);
    let (rita, rolf) = (member("rita"), member("rolf"));
    let rate = |token: &str, from: &str, to: &str, rate: &str| {
        let body = json!({"from": from, "to": to, "rate": rate, "spread_bp": 20});
        v.world.write(token, "PUT", "/api/v1/conversion-rates", body)
    };
    let in_force = || {
        let rates = v.get(&v.ada, "/conversion-rates").expect(200);
        rates.body["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|r| r["rate"].as_str().unwrap().to_owned())
            .collect::<Vec<String>>()
    };
    let none: Vec<String> = Vec::new();
    let proposed = rate(&rita, "EUR", "USD", "1.08").expect(202).text("proposal");
    assert_eq!(in_force(), none, "there was none to compare it with");
    let path = format!("/api/v1/proposals/{proposed}/approve");
    v.world.write(&rita, "POST", &path, json!({"reason": "mine"})).problem(403, "segregation");
    v.world.write(&rolf, "POST", &path, json!({"reason": "as the screen says"})).expect(200);
    assert_eq!(in_force(), ["1.08"]);
    rate(&rita, "EUR", "USD", "1.1016").expect(200);
    assert_eq!(in_force(), ["1.1016"], "two percent more");
    rate(&rita, "EUR", "USD", "11.016").expect(202);
    rate(&rita, "EUR", "USD", "1.0795").expect(202);
    assert_eq!(in_force(), ["1.1016"], "a slip of the decimal point, and just too far");
    rate(&rita, "USD", "EUR", "0.91").expect(200);
    rate(&rita, "USD", "GBP", "0.8").expect(202);
    let recorded = v.world.text(Topic::Accounts);
    assert!(recorded.contains(r#""compared":{"reference":"1.08","alone_within_bp":200}"#), "{recorded}");
}

#[test]
fn fee_schedules_take_two_persons_and_each_firm_sees_those_that_concern_it() {
    let v = venue_with_processor();
    let rates = |bp: &str| json!({"per_share": "0", "basis_points": bp, "minimum": "0"});
    let tier = |from: &str, maker: &str, taker: &str| json!({"volume_min": from, "maker": rates(maker), "taker": rates(taker)});
    let set = |token: &str, body: Value| v.world.write(token, "PUT", "/api/v1/fee-schedules", body);
    let all = json!({"tiers": [tier("0", "1", "2"), tier("1000000", "0.5", "1")]});
    set(&v.ada, all.clone()).problem(403, "forbidden");
    for bad in [
        json!([tier("1", "1", "2")]),
        json!([tier("0", "3", "2")]),
        json!([tier("0", "-1", "2")]),
        json!([tier("0", "1", "2"), tier("0", "1", "2")]),
        json!([tier("0", ".5", "2")]),
    ] {
        set(&v.olga, json!({"tiers": bad})).problem(400, "invalid");
    }
    let agreed = |body: Value| {
        let proposal = set(&v.olga, body).expect(202).text("proposal");
        let path = format!("/api/v1/proposals/{proposal}/approve");
        v.world.write(&v.olga, "POST", &path, json!({"reason": "mine"})).problem(403, "segregation");
        v.world.write(&v.oskar, "POST", &path, json!({"reason": "as agreed"})).expect(200);
    };
    agreed(all);
    agreed(json!({"firm": "FIRM2", "symbol": "AAPL", "tiers": [tier("0", "1", "1")]}));
    let shown = |token: &str| {
        let list = v.get(token, "/fee-schedules").expect(200);
        let items = list.body["items"].as_array().unwrap().clone();
        items.iter().map(|s| (s["firm"].clone(), s["version"].clone())).collect::<Vec<_>>()
    };
    assert_eq!(shown(&v.ada), [(Value::Null, json!(1))]);
    assert_eq!(shown(&v.ben), [(Value::Null, json!(1)), (json!("FIRM2"), json!(2))]);
    agreed(json!({"firm": "FIRM2", "symbol": "AAPL", "tiers": []}));
    assert_eq!(shown(&v.auditor), [(Value::Null, json!(1))]);
}
