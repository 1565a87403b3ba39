//! Loans over the API: who may ask for what, what each wrong input gets, and that lists agree with the books.

mod support;

use assay_event_log::{EventLog, NewRecord};
use assay_trading_types::*;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use support::{Call, Reply, World};

/// A slow machine takes a while until a record is in the read model.
const PATIENCE: Duration = Duration::from_secs(120);

/// Two loan officers, somebody of risk, the administrators of two firms, a trader and an auditor; each firm has 10,000 USD and 1,000 AAPL at
/// 10; Lola proposed the product HOME and Luis approved it.
struct Bank {
    world: World,
    lola: String,
    luis: String,
    rita: String,
    ada: String,
    ben: String,
    trader: String,
    auditor: String,
}

fn bank() -> Bank {
    let world = World::new().with_books();
    let first = world.administrator();
    let second = world.member(&first, None, "second", &["admin"], None);
    let member = |name: &str, role: &str, firm| world.member(&first, Some(&second), name, &[role], firm);
    let (lola, luis) = (member("lola", "loan_officer", None), member("luis", "loan_officer", None));
    let rita = member("rita", "risk", None);
    let (ada, ben) = (member("ada", "firm_admin", Some("FIRM1")), member("ben", "firm_admin", Some("FIRM2")));
    let (trader, auditor) = (member("tim", "trader", Some("FIRM1")), member("aud", "auditor", None));
    let bank = Bank { world, lola, luis, rita, ada, ben, trader, auditor };
    bank.furnish();
    let made = bank.post(&bank.lola, "/loan-products", json!({"id": "HOME", "terms": terms()})).expect(201);
    assert_eq!(made.headers["location"], "/api/v1/loan-products/HOME");
    bank.post(&bank.luis, "/loan-products/HOME/approve", json!({"version": 1})).expect(200);
    bank
}

fn terms() -> Value {
    json!({
        "name": "Home", "currency": "USD", "decimals": 2, "amount_min": "100", "amount_max": "5000",
        "term_days": 365, "rate": "0.12", "day_count": "act365_fixed", "cycle": {"months": 1},
        "repayment": "equal_instalments", "collateral": [{"asset": "AAPL", "haircut": "0.2"}],
        "collateral_ratio": "1.5", "margin_ratio": "1.25", "liquidation_ratio": "1.1", "cure_s": 86400,
        "price_age_max_s": 34_560_000, "grace_days": 5, "default_after_days": 30, "late_fee": "25",
        "penalty_rate": "0.05", "payout_fee": "10", "tolerance": "0.01", "two_persons_above": "1000"
    })
}

impl Bank {
    fn furnish(&self) {
        self.world.says(InstrumentListed {
            symbol: "AAPL".parse().unwrap(),
            currency: "USD".parse().unwrap(),
            tick_size: "0.01".parse().unwrap(),
            lot_size: "1".parse().unwrap(),
            security_type: None,
            exchange: None,
            single_orders: Default::default(),
        });
        let price = "10".parse().unwrap();
        self.world.says(ReferencePriceSet {
            symbol: "AAPL".parse().unwrap(),
            price,
            max_age_ns: None,
            source: None,
        });
        for firm in ["FIRM1", "FIRM2"] {
            let accounts = vec![firm.parse().unwrap()];
            let (commission, self_trade) = (Commission::default(), SelfTrade::Allow);
            self.world.says(FirmOpened { firm: firm.parse().unwrap(), accounts, commission, self_trade });
            for (asset, much) in [("USD", "10000"), ("AAPL", "1000")] {
                let (firm, account) = (firm.parse().unwrap(), firm.parse().unwrap());
                let (asset, amount) = (asset.parse().unwrap(), Amount::parse(much).unwrap());
                self.world.says(AccountCredited {
                    firm,
                    account,
                    asset,
                    amount,
                    reference: "opening".to_owned(),
                });
            }
        }
    }

    fn post(&self, token: &str, path: &str, body: Value) -> Reply {
        self.world.write(token, "POST", &format!("/api/v1{path}"), body)
    }

    fn get(&self, token: &str, path: &str) -> Reply {
        self.world.get(token, &format!("/api/v1{path}"))
    }

    fn apply(&self, token: &str, account: &str, much: &str, aapl: &str) -> Reply {
        let body = json!({"account": account, "product": "HOME", "amount": much, "pledges": {"AAPL": aapl}});
        self.post(token, "/loans", body)
    }

    fn say(&self, token: &str, loan: &str, verb: &str) -> Reply {
        self.post(token, &format!("/loans/{loan}/{verb}"), json!({}))
    }

    /// Applied for by FIRM1, approved and paid out.
    fn lend(&self, much: &str, aapl: &str) -> String {
        let loan = self.apply(&self.ada, "FIRM1", much, aapl).expect(201).text("id");
        self.say(&self.lola, &loan, "approve").expect(200);
        self.say(&self.luis, &loan, "disburse").expect(200);
        loan
    }

    /// Rows of a report, each with some of its columns.
    fn report(&self, token: &str, report: &str, columns: &[&str]) -> Vec<String> {
        let body = self.get(token, &format!("/reports/{report}")).expect(200).body;
        let shown = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let row = |row: &Value| columns.iter().map(|c| shown(&row[*c])).collect::<Vec<_>>().join(" ");
        body["rows"].as_array().unwrap_or_else(|| panic!("no rows: {body}")).iter().map(row).collect()
    }

    /// available, held, total.
    fn wallet(&self, account: &str, asset: &str) -> [String; 3] {
        let wallet = self.get(&self.auditor, &format!("/wallets/{account}/{asset}")).expect(200);
        ["available", "held", "total"].map(|field| wallet.text(field))
    }

    /// Waits until a loan is as `wanted`.
    #[track_caller]
    #[allow(clippy::disallowed_methods)] // patience reads the clock
    fn until(&self, loan: &str, wanted: impl Fn(&Reply) -> bool) -> Reply {
        let begun = Instant::now();
        loop {
            let reply = self.get(&self.lola, &format!("/loans/{loan}")).expect(200);
            if wanted(&reply) {
                return reply;
            }
            assert!(begun.elapsed() < PATIENCE, "{reply:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The clock of `accounts` says that so many days have passed; nobody's login runs out by that.
    fn days_later(&self, days: i64) {
        let now_s = self.world.now_s() + days * 86_400;
        self.world.says(ClockTicked { now: Timestamp::from_ns(now_s * 1_000_000_000) });
    }
}

fn ids(reply: &Reply) -> Vec<String> {
    let items = reply.body["items"].as_array().unwrap();
    items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

/// Checks that something was refused with a code.
#[track_caller]
fn refused(reply: Reply, status: u16, code: &str) -> Reply {
    assert_eq!((reply.status, reply.text("code")), (status, code.to_owned()), "{reply:?}");
    reply
}

#[test]
fn loan_01_a_product_is_offered_once_another_officer_has_approved_its_terms() {
    let b = bank();
    b.post(&b.ada, "/loan-products", json!({"id": "CAR", "terms": terms()})).problem(403, "forbidden");
    let mut bad = terms();
    bad["amount_min"] = json!("6000");
    let reply = b.post(&b.lola, "/loan-products", json!({"id": "CAR", "terms": bad})).problem(400, "invalid");
    assert_eq!(reply.faults(), ["terms.amount_min"]);
    let mut foreign = terms();
    foreign["collateral"] = json!([{"asset": "BTC", "haircut": "0"}]);
    refused(
        b.post(&b.lola, "/loan-products", json!({"id": "CAR", "terms": foreign})),
        400,
        "PRODUCT_INVALID",
    );
    b.post(&b.lola, "/loan-products", json!({"id": "CAR", "terms": terms()})).expect(201);
    assert_eq!(ids(&b.get(&b.trader, "/loan-products").expect(200)), ["HOME"], "not offered yet");
    b.get(&b.trader, "/loan-products/CAR").problem(404, "not-found");
    assert_eq!(ids(&b.get(&b.luis, "/loan-products").expect(200)), ["CAR", "HOME"]);
    let approve =
        |token: &str, version: u64| b.post(token, "/loan-products/CAR/approve", json!({"version": version}));
    refused(approve(&b.lola, 1), 403, "SAME_PERSON");
    refused(approve(&b.luis, 7), 412, "PRODUCT_CHANGED");
    approve(&b.luis, 1).expect(200);
    assert_eq!(ids(&b.get(&b.trader, "/loan-products").expect(200)), ["CAR", "HOME"]);

    let patch = |body: Value| b.world.write(&b.lola, "PATCH", "/api/v1/loan-products/CAR", body);
    let changed = patch(json!({"terms": {"rate": "0.11"}})).expect(200);
    assert_eq!(changed.body["proposed"]["rate"], "0.11");
    assert_eq!(changed.body["terms"]["rate"], "0.12", "in force until somebody else approves");
    assert_eq!(b.get(&b.trader, "/loan-products/CAR").expect(200).body["proposed"], Value::Null);
    patch(json!({"terms": {"rate": "x"}})).problem(400, "invalid");
    patch(json!({"terms": {"colour": "red"}})).problem(400, "invalid");
    patch(json!({})).problem(400, "invalid");
    assert_eq!(patch(json!({"active": false})).expect(200).body["active"], false);
    b.get(&b.trader, "/loan-products/CAR").problem(404, "not-found");
}

#[test]
fn loan_01_proposed_terms_are_declined_or_withdrawn_and_if_match_names_what_was_looked_at() {
    let b = bank();
    let change = |rate: &str| {
        let body = json!({"terms": {"rate": rate}});
        b.world.write(&b.lola, "PATCH", "/api/v1/loan-products/HOME", body).expect(200).body["version"]
            .clone()
    };
    let say =
        |token: &str, verb: &str, body: Value| b.post(token, &format!("/loan-products/HOME/{verb}"), body);
    let matching = |token: &str, verb: &str, version: &str, body: Value| {
        let call = Call::new("POST", &format!("/api/v1/loan-products/HOME/{verb}")).by(token).json(&body);
        b.world.send(call.header("if-match", &format!("\"{version}\"")))
    };
    assert_eq!(change("0.2"), json!(3));
    let why = json!({"version": 3, "reason": "too dear"});
    say(&b.ada, "decline", why.clone()).problem(403, "forbidden");
    say(&b.ada, "withdraw", json!({"version": 3})).problem(403, "forbidden");
    refused(say(&b.lola, "decline", why.clone()), 403, "SAME_PERSON");
    refused(say(&b.luis, "withdraw", json!({"version": 3})), 403, "NOT_THE_PROPOSER");
    say(&b.luis, "decline", json!({"version": 3})).problem(400, "invalid");
    let reply = say(&b.luis, "decline", json!({"version": 3, "reason": ""})).problem(400, "invalid");
    assert_eq!(reply.faults(), ["reason"]);
    refused(say(&b.luis, "decline", json!({"version": 2, "reason": "too dear"})), 412, "PRODUCT_CHANGED");
    let declined = say(&b.luis, "decline", why.clone()).expect(200);
    assert_eq!(
        (declined.text("decline_reason"), &declined.body["proposed"]),
        ("too dear".into(), &Value::Null)
    );
    assert_eq!((&declined.body["terms"]["rate"], &declined.body["version"]), (&json!("0.12"), &json!(4)));
    assert!(declined.text("declined_by").starts_with("user:usr_"));
    refused(say(&b.luis, "decline", why), 404, "PRODUCT_NOT_FOUND");
    let seen = b.get(&b.ada, "/loan-products/HOME").expect(200);
    assert_eq!((&seen.body["declined_by"], &seen.body["decline_reason"]), (&Value::Null, &Value::Null));

    assert_eq!(change("0.3"), json!(5));
    let withdrawn = matching(&b.lola, "withdraw", "5", json!({})).expect(200);
    assert_eq!((&withdrawn.body["proposed"], &withdrawn.body["active"]), (&Value::Null, &json!(true)));

    assert_eq!(change("0.11"), json!(7));
    let reply = say(&b.luis, "approve", json!({})).problem(400, "invalid");
    assert_eq!(reply.faults(), ["version"]);
    refused(matching(&b.luis, "approve", "6", json!({})), 412, "PRODUCT_CHANGED");
    matching(&b.luis, "approve", "6", json!({"version": 7})).problem(412, "version");
    let approved = matching(&b.luis, "approve", "7", json!({})).expect(200);
    assert_eq!(approved.body["terms"]["rate"], "0.11");
    assert_eq!(approved.headers["etag"], "\"8\"");
}

#[test]
fn a_quote_says_what_a_loan_would_cost() {
    let b = bank();
    let quote = b.get(&b.trader, "/loan-products/HOME/quote?amount=1000&start=2026-12-01").expect(200);
    let instalments = quote.body["instalments"].as_array().unwrap();
    assert_eq!(instalments.len(), 12);
    assert_eq!((quote.text("collateral"), quote.text("payout_fee")), ("1500".to_owned(), "10".to_owned()));
    let sum: i128 = instalments
        .iter()
        .map(|instalment| Amount::parse(instalment["principal"].as_str().unwrap()).unwrap().units())
        .sum();
    assert_eq!(sum, Amount::parse("1000").unwrap().units());
    let quoted = |amount: &str| b.get(&b.trader, &format!("/loan-products/HOME/quote?amount={amount}"));
    refused(quoted("99"), 400, "AMOUNT_OUT_OF_BOUNDS");
    quoted("x").problem(400, "invalid");
    b.get(&b.trader, "/loan-products/NONE/quote?amount=1000").problem(404, "not-found");
}

#[test]
fn loan_02_to_14_a_loan_from_application_to_the_last_payment() {
    let b = bank();
    let made = b.apply(&b.ada, "FIRM1", "2000", "375").expect(201);
    let loan = made.text("id");
    assert_eq!(made.headers["location"], format!("/api/v1/loans/{loan}"));
    assert_eq!((made.text("status"), made.text("rate")), ("pending".to_owned(), "0.12".to_owned()));
    assert_eq!(b.wallet("FIRM1", "AAPL"), ["625", "0", "625"], "locked");
    assert_eq!(ids(&b.get(&b.lola, "/loans/pending").expect(200)), [loan.as_str()]);
    b.get(&b.ada, "/loans/pending").problem(403, "forbidden");

    b.say(&b.ada, &loan, "approve").problem(403, "forbidden");
    let approved = b.say(&b.lola, &loan, "approve").expect(200);
    assert!(approved.body["decided"]["by"].as_str().unwrap().starts_with("user:usr_"));
    refused(b.say(&b.luis, &loan, "approve"), 400, "WRONG_STAGE");
    refused(b.say(&b.lola, &loan, "disburse"), 403, "SAME_PERSON");
    let paid = b.say(&b.luis, &loan, "disburse").expect(200);
    refused(b.say(&b.ada, &loan, "cancel"), 400, "WRONG_STAGE");
    assert_eq!(paid.text("status"), "active");
    assert_eq!(b.wallet("FIRM1", "USD"), ["11990", "0", "11990"]);
    refused(b.say(&b.luis, &loan, "disburse"), 400, "WRONG_STAGE");
    let schedule = b.get(&b.trader, &format!("/loans/{loan}/schedule")).expect(200);
    assert_eq!(schedule.body["items"].as_array().unwrap().len(), 12);

    b.days_later(10);
    let owing = b.until(&loan, |reply| reply.body["owed"]["interest"] != "0");
    assert_eq!(owing.body["owed"]["total"], "2006.58");
    let repay = |token: &str, amount: Value| {
        b.post(token, &format!("/loans/{loan}/repay"), json!({"amount": amount}))
    };
    for bad in [json!(1), json!("x"), json!(null), json!("1e3")] {
        repay(&b.ada, bad).problem(400, "invalid");
    }
    refused(repay(&b.ada, json!("0")), 400, "AMOUNT_NOT_POSITIVE");
    refused(repay(&b.ada, json!("-5")), 400, "AMOUNT_NOT_POSITIVE");
    repay(&b.lola, json!("5")).problem(403, "forbidden");
    repay(&b.ben, json!("5")).problem(404, "not-found");
    let part = repay(&b.ada, json!("106.58")).expect(200);
    assert_eq!(part.body["repaid"]["interest"], "6.58");
    let payment = |reply: &Reply| {
        json!(["asked", "taken", "not_taken", "interest", "principal"].map(|f| &reply.body["payment"][f]))
    };
    assert_eq!(payment(&part), json!(["106.58", "106.58", "0", "6.58", "100"]));
    let all = repay(&b.ada, json!("99999")).expect(200);
    assert_eq!((all.text("status"), all.body["owed"]["total"].clone()), ("repaid".to_owned(), json!("0")));
    assert_eq!(payment(&all), json!(["99999", "1900", "98099", "0", "1900"]), "no more than was owed");
    let later = b.get(&b.ada, &format!("/loans/{loan}")).expect(200);
    assert_eq!((&paid.body["payment"], &later.body["payment"]), (&Value::Null, &Value::Null));
    assert_eq!(b.wallet("FIRM1", "AAPL"), ["1000", "0", "1000"], "given back");
    refused(repay(&b.ada, json!("1")), 400, "WRONG_STAGE");

    let list = b.get(&b.ada, &format!("/loan-repayments?loan={loan}&sort=id")).expect(200);
    let split: Vec<[&Value; 5]> = list.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| ["asked", "amount", "not_taken", "interest", "principal"].map(|field| &item[field]))
        .collect();
    let expected = [["106.58", "106.58", "0", "6.58", "100"], ["99999", "1900", "98099", "0", "1900"]];
    assert_eq!(json!(split), json!(expected));
    assert_eq!(ids(&b.get(&b.ben, "/loan-repayments").expect(200)), Vec::<String>::new());
    let trial = b.get(&b.auditor, "/ledger/trial-balance").expect(200);
    assert_eq!(trial.body["balanced"], true, "{trial:?}");
    let reconciled = b.get(&b.auditor, "/ledger/reconciliation").expect(200);
    assert_eq!(reconciled.body["passed"], true, "{reconciled:?}");
}

#[test]
fn a_loan_shows_what_its_collateral_counts_for_now_and_what_is_missing() {
    let b = bank();
    let price = |text: &str, max_age_ns: Option<i64>| {
        let (symbol, price) = ("AAPL".parse().unwrap(), text.parse().unwrap());
        b.world.says(ReferencePriceSet { symbol, price, max_age_ns, source: None });
    };
    let fields = ["value", "unvalued", "required", "shortfall", "loan_to_value"];
    let counted = |reply: &Reply| json!(fields.map(|field| reply.body["collateral"][field].clone()));
    let until = |loan: &str, wanted: Value| b.until(loan, |reply| counted(reply) == wanted);
    let made = b.apply(&b.ada, "FIRM1", "2000", "375").expect(201);
    assert_eq!(counted(&made), json!(["3000", null, "3000", "0", "0.6667"]), "to begin with");
    let loan = made.text("id");
    b.say(&b.lola, &loan, "approve").expect(200);
    let paid = b.say(&b.luis, &loan, "disburse").expect(200);
    assert_eq!(counted(&paid), json!(["3000", null, "2500", "0", "0.6667"]), "what spares a call");

    price("8.33", Some(60_000_000_000));
    let short = until(&loan, json!(["2499", null, "2500", "1", "0.8004"]));
    let pledge = &short.body["collateral"]["assets"][0];
    let shown = ["asset", "amount", "haircut", "price", "value", "unvalued"].map(|field| &pledge[field]);
    assert_eq!(json!(shown), json!(["AAPL", "375", "0.2", "8.33", "2499", null]));
    assert!(pledge["price_at"].as_str().unwrap().starts_with("2026-"), "{pledge}");
    let own = b.get(&b.trader, "/loans").expect(200);
    assert_eq!(own.body["items"][0]["collateral"], short.body["collateral"], "in the list too");

    b.world.pass_s(61);
    let stale = until(&loan, json!([null, "PRICE_STALE", "2500", null, null]));
    assert_eq!(stale.body["collateral"]["assets"][0]["price"], "8.33");
    price("0", None);
    let missing = until(&loan, json!([null, "PRICE_MISSING", "2500", null, null]));
    let pledge = &missing.body["collateral"]["assets"][0];
    assert_eq!((&pledge["price"], &pledge["price_at"]), (&Value::Null, &Value::Null));
    let all = b.post(&b.ada, &format!("/loans/{loan}/repay"), json!({"amount": "99999"})).expect(200);
    assert_eq!((all.text("status"), &all.body["collateral"]), ("repaid".to_owned(), &Value::Null));
}

#[test]
fn the_terms_that_a_loan_was_made_under_are_read_whatever_the_product_becomes() {
    let b = bank();
    let loan = b.apply(&b.ada, "FIRM1", "500", "100").expect(201).text("id");
    let product = b.get(&b.ada, "/loan-products/HOME").expect(200).body["terms"].clone();
    let change = json!({"terms": {"rate": "0.5", "late_fee": "99"}});
    let changed = b.world.write(&b.lola, "PATCH", "/api/v1/loan-products/HOME", change).expect(200);
    b.post(&b.luis, "/loan-products/HOME/approve", json!({"version": changed.body["version"]})).expect(200);
    assert_eq!(b.get(&b.ada, "/loan-products/HOME").expect(200).body["terms"]["rate"], "0.5");
    for reader in [&b.ada, &b.trader, &b.lola, &b.auditor] {
        let terms = b.get(reader, &format!("/loans/{loan}/terms")).expect(200).body;
        assert_eq!(terms, product, "as they were");
        assert_eq!(terms["waterfall"], json!(["fees", "interest", "principal"]));
    }
    b.get(&b.ben, &format!("/loans/{loan}/terms")).problem(404, "not-found");
    b.get(&b.lola, "/loans/L00000000000000FF/terms").problem(404, "not-found");
}

#[test]
fn the_loan_book_and_what_is_late_are_reported_as_they_stood() {
    let b = bank();
    let (late, paid_off) = (b.lend("2000", "375"), b.lend("500", "100"));
    b.post(&b.ada, &format!("/loans/{paid_off}/repay"), json!({"amount": "99999"})).expect(200);
    let asked_for = b.apply(&b.ben, "FIRM2", "800", "150").expect(201).text("id");
    // The first instalment was due on 21 December; ten days later nobody has paid it.
    let now = Timestamp::from_ns((b.world.now_s() + 40 * 86_400) * 1_000_000_000);
    let tick = NewRecord::first(Topic::Accounts, Actor::new("clock").unwrap(), now, ClockTicked { now });
    b.world.log.append(&mut vec![tick]).unwrap();
    let end = "2027-01-01";
    b.until(&late, |reply| reply.body["late"] == "days1");
    // Risk decides in order: what it says of this loan comes behind the days.
    refused(b.say(&b.ada, &late, "cancel"), 400, "WRONG_STAGE");
    let owed = b.get(&b.lola, &format!("/loans/{late}")).expect(200).body["owed"].clone();
    let columns = ["loan", "status", "late", "principal", "interest", "fees", "owed", "pledges", "next_due"];
    let now = b.report(&b.lola, &format!("loan-book?to={end}"), &columns);
    let text = |field: &str| owed[field].as_str().unwrap();
    let [principal, interest, fees, total] = ["principal", "interest", "fees", "total"].map(text);
    assert_eq!(principal, "2000");
    assert!(Amount::parse(fees).unwrap() >= Amount::parse("25").unwrap(), "the late fee: {owed}");
    let expected = [
        format!("{late} active days1 2000 {interest} {fees} {total} 375 AAPL 2027-01-21"),
        format!("{paid_off} repaid current 0 0 0 0  null"),
        format!("{asked_for} pending current 0 0 0 0 150 AAPL null"),
    ];
    assert_eq!(now, expected);
    let own = b.report(&b.ada, &format!("loan-book?to={end}"), &["loan", "firm", "repaid"]);
    assert_eq!(own, [format!("{late} FIRM1 0"), format!("{paid_off} FIRM1 500")]);
    let other = format!("/api/v1/reports/loan-book?to={end}&firm=FIRM2");
    b.world.get(&b.ada, &other).problem(404, "not-found");

    let columns = ["product", "currency", "late", "loans", "principal", "owed", "share_percent"];
    let arrears = b.report(&b.lola, &format!("delinquency?to={end}"), &columns);
    assert_eq!(arrears, [format!("HOME USD days1 1 2000 {total} 100")]);
    b.world.get(&b.ada, &format!("/api/v1/reports/delinquency?to={end}")).problem(403, "forbidden");
    // Before the days passed nothing was late, and before anybody asked there was nothing.
    let then = b.report(&b.lola, "delinquency?to=2026-12-01", &columns);
    assert_eq!(then, ["HOME USD current 1 2000 2000 100"]);
    assert_eq!(b.report(&b.lola, "loan-book?to=2026-11-21", &["loan"]), [""; 0]);
}

#[test]
fn what_bad_input_gets() {
    let b = bank();
    let reply = refused(b.apply(&b.ada, "FIRM1", "99", "375"), 400, "AMOUNT_OUT_OF_BOUNDS");
    assert_eq!(reply.text("detail"), "99 USD is not between 100 and 5000 USD");
    let reply = refused(b.apply(&b.ada, "FIRM1", "2000", "374"), 400, "COLLATERAL_TOO_SMALL");
    assert!(reply.text("detail").contains("3000"), "{reply:?}");
    refused(b.apply(&b.ada, "FIRM1", "2000", "1001"), 400, "INSUFFICIENT_FUNDS");
    refused(b.apply(&b.ada, "FIRM2", "2000", "375"), 400, "UNKNOWN_ACCOUNT");
    b.apply(&b.trader, "FIRM1", "2000", "375").problem(403, "forbidden");
    b.apply(&b.lola, "FIRM1", "2000", "375").problem(403, "forbidden");
    b.post(&b.ada, "/loans", json!({"account": "FIRM1", "product": "HOME", "amount": "500"}))
        .problem(400, "invalid");
    for _ in 0..3 {
        b.apply(&b.ada, "FIRM1", "500", "100").expect(201);
    }
    refused(b.apply(&b.ada, "FIRM1", "500", "100"), 400, "TOO_MANY_LOANS");
    let expired =
        FirmKycSet { firm: "FIRM2".parse().unwrap(), kyc: KycStatus::Expired, reason: String::new() };
    b.world.says(expired);
    refused(b.apply(&b.ben, "FIRM2", "500", "100"), 403, "NOT_VERIFIED");
}

#[test]
fn loan_07_08_10_everybody_sees_their_own_and_staff_all() {
    let b = bank();
    let own = b.apply(&b.ada, "FIRM1", "500", "100").expect(201).text("id");
    let other = b.apply(&b.ben, "FIRM2", "500", "100").expect(201).text("id");
    assert_eq!(ids(&b.get(&b.trader, "/loans").expect(200)), [own.as_str()]);
    assert_eq!(ids(&b.get(&b.auditor, "/loans?sort=id").expect(200)), [own.clone(), other.clone()]);
    for path in [format!("/loans/{other}"), format!("/loans/{other}/schedule"), "/loans/L0".to_owned()] {
        b.get(&b.ada, &path).problem(404, "not-found");
    }
    b.say(&b.ada, &other, "cancel").problem(404, "not-found");
    let page = b.get(&b.lola, "/loans/pending?limit=1").expect(200);
    assert_eq!(ids(&page), [own.as_str()]);
    let next = page.text("next");
    assert_eq!(ids(&b.get(&b.lola, &format!("/loans/pending?after={next}")).expect(200)), [other.as_str()]);
    let reason = json!({"reason": "too much debt"});
    let rejected = b.post(&b.lola, &format!("/loans/{other}/reject"), reason.clone()).expect(200);
    assert_eq!(
        (rejected.text("status"), rejected.text("reason")),
        ("rejected".into(), "too much debt".into())
    );
    refused(b.post(&b.luis, &format!("/loans/{other}/reject"), reason), 400, "WRONG_STAGE");
    assert_eq!(b.wallet("FIRM2", "AAPL"), ["1000", "0", "1000"]);
    assert_eq!(b.say(&b.ada, &own, "cancel").expect(200).text("status"), "cancelled");
    assert_eq!(ids(&b.get(&b.lola, "/loans/pending").expect(200)), Vec::<String>::new());
    let call = Call::new("POST", &format!("/api/v1/loans/{own}/cancel")).by(&b.ada).json(&json!({}));
    b.world.send(call.header("if-match", "\"1\"")).problem(412, "version");
}

#[test]
fn a_repeat_a_restart_and_a_rebuilt_read_model_say_the_same() {
    let b = bank();
    let body = json!({"account": "FIRM1", "product": "HOME", "amount": "500", "pledges": {"AAPL": "100"}});
    let call = Call::new("POST", "/api/v1/loans").by(&b.ada).json(&body).header("idempotency-key", "try-1");
    let first = b.world.send(call.clone()).expect(201);
    assert_eq!(b.world.send(call.clone()).expect(201).body, first.body);
    let loan = b.lend("2000", "375");
    let body = json!({"amount": "5"});
    let repay = Call::new("POST", &format!("/api/v1/loans/{loan}/repay")).by(&b.ada).json(&body);
    let repay = repay.header("idempotency-key", "try-2");
    let payment = b.world.send(repay.clone()).expect(200).body["payment"].clone();
    b.post(&b.ada, &format!("/loans/{loan}/repay"), json!({"amount": "6"})).expect(200);
    assert_eq!(payment["taken"], "5");
    assert_eq!(b.world.send(repay).expect(200).body["payment"], payment, "of this one, not the last");
    b.days_later(3);
    b.until(&loan, |reply| reply.body["owed"]["interest"] != "0");
    b.post(&b.ada, &format!("/loans/{loan}/repay"), json!({"amount": "100"})).expect(200);
    let paths = ["/loans", "/loan-repayments", "/loan-products"];
    let before = paths.map(|path| b.get(&b.lola, path).expect(200).body);
    let b = Bank { world: b.world.restarted_without_read_model().with_books(), ..b };
    assert_eq!(paths.map(|path| b.get(&b.lola, path).expect(200).body), before);
    assert_eq!(b.world.send(call).expect(201).text("id"), first.text("id"), "also after a crash");
    assert_eq!(ids(&b.get(&b.lola, "/loans").expect(200)).len(), 2);
}

/// Kinds of the notices that somebody has, the oldest first.
fn notices(b: &Bank, token: &str) -> Vec<String> {
    let list = b.get(token, "/notifications").expect(200);
    let items = list.body["page"]["items"].as_array().unwrap().iter();
    let text = |item: &Value, field: &str| item[field].as_str().unwrap().to_owned();
    let mut kinds: Vec<(String, String)> = items.map(|i| (text(i, "id"), text(i, "kind"))).collect();
    kinds.sort();
    kinds.into_iter().map(|(_, kind)| kind).collect()
}

#[test]
#[allow(clippy::disallowed_methods, reason = "a test's patience")]
fn officers_hear_of_applications_and_a_firm_of_every_decision_and_of_what_falls_due() {
    let b = bank();
    let loan = b.lend("2000", "375");
    let schedule = b.get(&b.ada, &format!("/loans/{loan}/schedule")).expect(200);
    let due = Date::parse(schedule.body["items"][0]["due"].as_str().unwrap()).unwrap();
    b.days_later(i64::from(due.days()) - b.world.now_s() / 86_400 - 3);
    b.until(&loan, |reply| reply.body["owed"]["interest"] != "0");
    b.post(&b.ada, &format!("/loans/{loan}/repay"), json!({"amount": "5000"})).expect(200);
    let other = b.apply(&b.ben, "FIRM2", "500", "100").expect(201).text("id");
    b.post(&b.lola, &format!("/loans/{other}/reject"), json!({"reason": "too much debt"})).expect(200);
    let begun = Instant::now();
    let heard = |token: &str, wanted: &[&str]| {
        while notices(&b, token) != wanted {
            assert!(begun.elapsed() < PATIENCE, "{:?}", notices(&b, token));
            std::thread::sleep(Duration::from_millis(5));
        }
    };
    heard(&b.ben, &["loan_rejected", "collateral_released"]);
    let whole = ["loan_approved", "loan_disbursed", "loan_due_soon", "loan_repaid", "collateral_released"];
    heard(&b.ada, &whole);
    heard(&b.luis, &["loan_applied", "loan_applied"]);
    heard(&b.trader, &[]);
    let b = Bank { world: b.world.restarted().with_books(), ..b };
    assert_eq!(notices(&b, &b.ada), whole, "told once, whatever is replayed");
}

#[test]
#[allow(clippy::disallowed_methods, reason = "a test's patience")]
fn officers_and_risk_hear_of_collateral_that_cannot_be_sold_once_a_day() {
    let b = bank();
    let loan = b.lend("2000", "375");
    let price = |text: &str| {
        let (symbol, price) = ("AAPL".parse().unwrap(), text.parse().unwrap());
        b.world.says(ReferencePriceSet { symbol, price, max_age_ns: None, source: None });
    };
    price("8.33");
    b.until(&loan, |reply| reply.body["call_until"] != Value::Null);
    price("0");
    let begun = Instant::now();
    let heard = |token: &str, wanted: &[&str]| {
        while notices(&b, token) != wanted {
            assert!(begun.elapsed() < PATIENCE, "{:?}", notices(&b, token));
            std::thread::sleep(Duration::from_millis(5));
        }
    };
    // The call has lapsed, and there is no price to sell at; the same day again says nothing.
    b.days_later(2);
    heard(&b.rita, &["collateral_unsold"]);
    b.days_later(2);
    b.days_later(3);
    heard(&b.rita, &["collateral_unsold", "collateral_unsold"]);
    heard(&b.luis, &["loan_applied", "collateral_unsold", "collateral_unsold"]);
    let firms = ["loan_approved", "loan_disbursed", "collateral_margin_call"];
    heard(&b.ada, &[&firms[..], &["collateral_unsold", "collateral_unsold"][..]].concat());
    let about = b.get(&b.rita, "/notifications").expect(200);
    assert_eq!(about.body["page"]["items"][0]["about"], loan);
}
