//! Money over the API: who may ask for what, what became of it, and that lists, wallets and statements agree with the books.

mod support;
mod venue;

use assay_trading_types::*;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use support::Call;
use venue::{Venue, ids, refused, sooner_or_later, venue, venue_after};

const IBAN: &str = "DE89370400440532013000";

#[test]
fn a_deposit_is_announced_by_the_firm_and_counts_once_operations_confirm_it() {
    let v = venue();
    let body = json!({"account": "FIRM1", "asset": "USD", "amount": "2500.50", "method": "bank_transfer"});
    v.post(&v.trader, "/deposits", body.clone()).problem(403, "forbidden");
    let made = v.post(&v.ada, "/deposits", body.clone()).expect(201);
    let id = made.text("id");
    assert!(id.starts_with("DEP-") && id.len() == 16, "{id}");
    assert_eq!(made.headers["location"], format!("/api/v1/transactions/{id}"));
    assert_eq!((made.text("status"), made.text("amount")), ("pending".to_owned(), "2500.5".to_owned()));
    v.get(&v.ada, "/wallets/FIRM1/USD").problem(404, "not-found");

    let arrival = json!({"external_reference": "MT103-1"});
    let path = format!("/deposits/{id}/confirm");
    v.post(&v.ada, &path, arrival.clone()).problem(403, "forbidden");
    v.post(&v.olga, &path, json!({"external_reference": " "})).problem(400, "invalid");
    let done = v.post(&v.olga, &path, arrival.clone()).expect(200);
    assert_eq!((done.text("status"), done.body["version"].as_u64()), ("completed".to_owned(), Some(2)));
    refused(v.post(&v.oskar, &path, arrival), 409, "WRONG_STATE");
    assert_eq!(v.wallet(&v.trader, "FIRM1", "USD"), ["2500.5", "0", "2500.5"]);
    v.get(&v.ben, "/wallets/FIRM1/USD").problem(404, "not-found");
    v.get(&v.ben, &format!("/deposits/{id}")).problem(404, "not-found");
    v.get(&v.ada, &format!("/withdrawals/{id}")).problem(404, "not-found");
    assert_eq!(ids(&v.get(&v.auditor, "/deposits?status=completed").expect(200)), [id]);

    let own = json!({"firm": "FIRM1", "account": "FIRM1", "asset": "USD", "amount": "1", "method": "card"});
    let by_staff = v.post(&v.olga, "/deposits", own).expect(201).text("id");
    let arrival = json!({"external_reference": "MT103-2"});
    refused(v.post(&v.olga, &format!("/deposits/{by_staff}/confirm"), arrival), 403, "SAME_PERSON");
}

#[test]
fn amounts_that_are_none_are_refused_in_words() {
    let v = venue();
    v.funded("USD", "100");
    let transfer = |amount: Value| json!({"account": "FIRM1", "to_account": "FIRM1-B", "asset": "USD", "amount": amount});
    let forty = "1".repeat(40);
    for bad in [
        json!(1),
        json!("1e3"),
        json!(""),
        json!("5."),
        json!(".5"),
        json!("+1"),
        json!(forty),
        json!("0.0000000001"),
    ] {
        v.post(&v.ada, "/transfers", transfer(bad)).problem(400, "invalid");
    }
    for (amount, code) in [
        ("0", "AMOUNT_NOT_POSITIVE"),
        ("-1", "AMOUNT_NOT_POSITIVE"),
        ("0.001", "AMOUNT_TOO_FINE"),
        ("100.01", "INSUFFICIENT_FUNDS"),
        ("99999999999999999999", "AMOUNT_TOO_LARGE"),
    ] {
        refused(v.post(&v.ada, "/transfers", transfer(json!(amount))), 400, code);
    }
    let to =
        |account: &str| json!({"account": "FIRM1", "to_account": account, "asset": "USD", "amount": "1"});
    refused(v.post(&v.ada, "/transfers", to("FIRM1")), 400, "SAME_ACCOUNT");
    refused(v.post(&v.ada, "/transfers", to("FIRM2")), 400, "UNKNOWN_ACCOUNT");
    let other =
        json!({"firm": "FIRM2", "account": "FIRM2", "to_account": "FIRM1", "asset": "USD", "amount": "1"});
    v.post(&v.ada, "/transfers", other).problem(404, "not-found");
    assert_eq!(v.wallet(&v.ada, "FIRM1", "USD"), ["100", "0", "100"]);
}

#[test]
fn a_withdrawal_takes_a_beneficiary_and_a_second_person() {
    let v = venue();
    v.funded("USD", "1000");
    let wanted = json!({"account": "FIRM1", "asset": "USD", "amount": "600", "beneficiary": "house-bank"});
    refused(v.post(&v.ada, "/withdrawals", wanted.clone()), 404, "UNKNOWN_BENEFICIARY");
    let bank = json!({"id": "house-bank", "asset": "USD", "method": "bank_transfer", "destination": IBAN});
    let wrong = json!({"id": "x", "asset": "USD", "method": "bank_transfer", "destination": "DE00370400440532013000"});
    assert_eq!(v.post(&v.ada, "/beneficiaries", wrong).problem(400, "invalid").faults(), ["destination"]);
    let added = v.post(&v.ada, "/beneficiaries", bank.clone()).expect(201);
    assert_eq!(added.text("destination"), IBAN, "whose it is sees it");
    refused(v.post(&v.ada, "/beneficiaries", bank), 409, "BENEFICIARY_EXISTS");
    for topic in [Topic::Admin, Topic::Accounts] {
        assert!(!v.world.text(topic).contains(IBAN), "it stands sealed in the log");
    }

    let id = v.post(&v.ada, "/withdrawals", wanted.clone()).expect(201).text("id");
    assert_eq!(v.wallet(&v.ada, "FIRM1", "USD"), ["399", "601", "1000"], "amount and fee are held");
    refused(v.post(&v.ada, "/withdrawals", wanted), 400, "INSUFFICIENT_FUNDS");
    let place = |verb: &str| format!("/withdrawals/{id}/{verb}");
    let reason = json!({"reason": "seen"});
    v.post(&v.ada, &place("approve"), reason.clone()).problem(403, "forbidden");
    assert_eq!(v.post(&v.olga, &place("approve"), reason.clone()).expect(200).text("status"), "processing");
    refused(v.post(&v.oskar, &place("approve"), reason.clone()), 409, "WRONG_STATE");
    refused(v.post(&v.ada, &place("cancel"), reason.clone()), 409, "WRONG_STATE");
    refused(v.post(&v.olga, &place("complete"), reason.clone()), 409, "WRONG_STATE");
    let report = |token: &str, query: &str| {
        let path = format!("/reports/movements?from=2026-11-21&to=2026-11-22&format=json{query}");
        let rows = v.get(token, &path).expect(200).body["rows"].as_array().unwrap().clone();
        let line = |row: &Value| {
            ["kind", "amount", "fee", "status"].map(|name| row[name].as_str().unwrap()).join(" ")
        };
        rows.iter().map(line).collect::<Vec<_>>()
    };
    assert_eq!(report(&v.ada, ""), ["deposit 1000 0 completed", "withdrawal 600 1 processing"]);
    assert_eq!(report(&v.auditor, "&account=FIRM1").len(), 2);
    assert_eq!(report(&v.ben, ""), [""; 0], "another firm's");
    let sent = json!({"external_reference": "MT103-9"});
    v.post(&v.olga, &place("send"), sent).expect(200);
    let done = v.post(&v.olga, &place("complete"), reason).expect(200);
    assert_eq!((done.text("status"), done.text("fee")), ("completed".to_owned(), "1".to_owned()));
    assert_eq!(v.wallet(&v.ada, "FIRM1", "USD"), ["399", "0", "399"]);

    let remove = Call::new("DELETE", "/api/v1/beneficiaries/house-bank");
    v.world.send(remove.clone().by(&v.ada)).expect(204);
    refused(v.world.send(remove.by(&v.ada)), 404, "UNKNOWN_BENEFICIARY");
    assert_eq!(v.get(&v.ada, "/beneficiaries").expect(200).body["items"], json!([]));
}

#[test]
fn a_repeat_under_one_key_is_answered_as_the_first_and_moves_nothing() {
    let v = venue();
    v.funded("USD", "100");
    let transfer = |amount: &str| {
        let body = json!({"account": "FIRM1", "to_account": "FIRM1-B", "asset": "USD", "amount": amount});
        let call = Call::new("POST", "/api/v1/transfers").by(&v.ada).json(&body);
        v.world.send(call.header("idempotency-key", "try-1"))
    };
    let (first, again) = (transfer("60").expect(201), transfer("60").expect(201));
    assert_eq!(first.body, again.body);
    transfer("61").problem(422, "idempotency");
    assert_eq!(v.wallet(&v.ada, "FIRM1-B", "USD"), ["60", "0", "60"]);
    let list = v.get(&v.ada, "/transactions?kind=transfer").expect(200);
    assert_eq!(ids(&list), [first.text("id")]);
    let v = Venue { world: v.world.restarted().with_books(), ..v };
    let call = |v: &Venue| {
        let body = json!({"account": "FIRM1", "to_account": "FIRM1-B", "asset": "USD", "amount": "60"});
        let call = Call::new("POST", "/api/v1/transfers").by(&v.ada).json(&body);
        v.world.send(call.header("idempotency-key", "try-1")).expect(201)
    };
    assert_eq!(call(&v).body, first.body, "also after a crash");
    assert_eq!(v.wallet(&v.ada, "FIRM1-B", "USD"), ["60", "0", "60"]);
}

#[test]
fn money_for_another_firm_waits_for_operations_and_both_see_it() {
    let v = venue();
    v.funded("USD", "100");
    let body = json!({"account": "FIRM1", "to_firm": "FIRM2", "to_account": "FIRM2", "asset": "USD", "amount": "40"});
    let id = v.post(&v.ada, "/transfers", body).expect(201).text("id");
    let approve = format!("/transactions/{id}/approve");
    v.post(&v.ben, &approve, json!({"reason": "please"})).problem(403, "forbidden");
    v.post(&v.ben, &format!("/transactions/{id}/cancel"), json!({"reason": "no"})).problem(404, "not-found");
    assert_eq!(v.get(&v.ben, &format!("/transactions/{id}")).expect(200).text("status"), "pending");
    let done = v.post(&v.olga, &approve, json!({"reason": "contract seen"})).expect(200);
    assert_eq!(done.text("status"), "completed");
    assert_eq!(v.wallet(&v.ben, "FIRM2", "USD"), ["40", "0", "40"]);
    let listed = |token: &str, query: &str| ids(&v.get(token, &format!("/transactions{query}")).expect(200));
    assert_eq!(listed(&v.ben, ""), [id.as_str()], "who gets it has it in its history");
    assert_eq!(listed(&v.ben, "?account=FIRM2&kind=transfer"), [id.as_str()]);
    assert_eq!(listed(&v.auditor, "?firm=FIRM2"), [id.as_str()]);
    assert_eq!(listed(&v.ada, "?limit=1&sort=-id"), [id.as_str()], "once, for who pays it");
    let call = Call::new("POST", &format!("/api/v1/transactions/{id}/reverse")).by(&v.olga);
    v.world
        .send(call.json(&json!({"reason": "wrong firm"})).header("if-match", "\"1\""))
        .problem(412, "version");
}

#[test]
fn fees_conversions_and_corrections_are_the_houses_to_decide_and_stand_in_the_books() {
    let v = venue();
    v.funded("EUR", "1000");
    let rate = json!({"from": "EUR", "to": "USD", "rate": "1.0825", "spread_bp": 20, "max_age_s": 60});
    v.world.write(&v.olga, "PUT", "/api/v1/conversion-rates", rate.clone()).problem(403, "forbidden");
    let wanted = json!({"account": "FIRM1", "asset": "EUR", "amount": "1000", "to": "USD"});
    refused(v.post(&v.ada, "/conversions", wanted.clone()), 409, "NO_RATE");
    v.world.says(ConversionRateSet {
        from: "EUR".parse().unwrap(),
        to: "USD".parse().unwrap(),
        rate: Amount::parse("1.0825").unwrap(),
        spread_bp: 20,
        max_age_ns: Some(60_000_000_000),
        compared: None,
    });
    let made = v.post(&v.ada, "/conversions", wanted).expect(201);
    assert_eq!(
        made.body["converted"],
        json!({"asset": "USD", "amount": "1080.33", "rate": "1.0825", "spread": "2.17"})
    );
    let rates = v.get(&v.trader, "/conversion-rates").expect(200);
    assert_eq!(rates.body["items"][0]["rate"], "1.0825");

    let fee =
        json!({"firm": "FIRM1", "account": "FIRM1", "asset": "USD", "amount": "80.33", "note": "setup"});
    v.post(&v.ada, "/fees", fee.clone()).problem(403, "forbidden");
    let fee = v.post(&v.olga, "/fees", fee).expect(201).text("id");
    let word = |verb: &str| format!("/transactions/{fee}/{verb}");
    v.post(&v.ada, &word("cancel"), json!({"reason": "no"})).problem(403, "forbidden");
    refused(v.post(&v.olga, &word("approve"), json!({"reason": "mine"})), 403, "SAME_PERSON");
    v.post(&v.oskar, &word("approve"), json!({"reason": "contract"})).expect(200);
    assert_eq!(v.wallet(&v.ada, "FIRM1", "USD"), ["1000", "0", "1000"]);

    let undo = v.post(&v.olga, &word("reverse"), json!({"reason": "waived"})).expect(200).text("id");
    v.post(&v.oskar, &format!("/transactions/{undo}/approve"), json!({"reason": "agreed"})).expect(200);
    assert_eq!(v.get(&v.ada, &format!("/transactions/{fee}")).expect(200).text("reversed_by"), undo);
    assert_eq!(v.wallet(&v.ada, "FIRM1", "USD"), ["1080.33", "0", "1080.33"]);
    let trial = v.get(&v.auditor, "/ledger/trial-balance").expect(200);
    assert_eq!(trial.body["balanced"], true, "{trial:?}");
    let fees = v.get(&v.auditor, "/ledger/accounts?code=fees").expect(200);
    assert_eq!(fees.body["items"][0]["balance"], "0");
    let entries = format!("/ledger/accounts/{}/entries", fees.body["items"][0]["id"]);
    let entries = v.get(&v.auditor, &entries).expect(200);
    let reasons: Vec<&Value> =
        entries.body["items"].as_array().unwrap().iter().map(|e| &e["reason"]).collect();
    assert_eq!(reasons, ["reversal", "movement_hold", "fee", "movement_hold"], "newest first");
    let books = v.get(&v.auditor, "/ledger/reconciliation").expect(200);
    assert_eq!((&books.body["passed"], &books.body["holds"]), (&json!(true), &json!(0)), "{books:?}");
}

#[test]
fn a_statement_comes_to_what_the_wallet_has_and_one_period_begins_where_the_last_ended() {
    // A minute before midnight: a login works on both days.
    let v = venue_after((14 * 60 + 29) * 60);
    v.funded("USD", "1000");
    v.world.pass_s(120);
    v.funded("USD", "0.5");
    for amount in ["10", "20.25"] {
        let body = json!({"account": "FIRM1", "to_account": "FIRM1-B", "asset": "USD", "amount": amount});
        v.post(&v.ada, "/transfers", body).expect(201);
    }
    let statement = |query: &str| v.get(&v.ada, &format!("/wallets/FIRM1/USD/statement?{query}"));
    let day = |n: u32| {
        let s = statement(&format!("from=2026-11-{n}&to=2026-11-{n}")).expect(200);
        ["opening", "credits", "debits", "closing"].map(|field| s.text(field))
    };
    assert_eq!(day(20), ["0", "0", "0", "0"]);
    assert_eq!(day(21), ["0", "1000", "0", "1000"]);
    assert_eq!(day(22), ["1000", "0.5", "30.25", "970.25"]);
    assert_eq!(day(23), ["970.25", "0", "0", "970.25"]);
    let whole = statement("from=1970-01-01&to=2200-12-31").expect(200);
    assert_eq!(whole.body["entries"].as_array().unwrap().len(), 4);
    assert_eq!(whole.text("closing"), v.wallet(&v.ada, "FIRM1", "USD")[2]);
    let csv = statement("from=2026-11-22&to=2026-11-22&format=csv").expect(200);
    assert!(csv.headers["content-type"].to_str().unwrap().starts_with("text/csv"));
    let lines: Vec<String> = csv.body.as_str().unwrap().lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), 6, "{lines:?}");
    assert!(lines[1].ends_with(",opening_balance,,,1000") && lines[5].ends_with(",closing_balance,,,970.25"));
    let pdf = || statement("from=2026-11-22&to=2026-11-22&format=pdf").expect(200);
    let pages = pdf();
    assert_eq!(pages.headers["content-type"], "application/pdf");
    assert_eq!(
        pages.headers["content-disposition"],
        "attachment; filename=\"statement-FIRM1-USD-2026-11-22.pdf\""
    );
    let text = pages.body.as_str().unwrap();
    assert!(text.starts_with("%PDF-1."), "{}", &text[..20]);
    for shown in ["Statement of FIRM1 in USD", "opening_balance", "-20.25", "closing_balance", "970.25"] {
        assert!(text.contains(shown), "{shown}");
    }
    assert_eq!(pdf().body, pages.body, "the same to the byte");
    for bad in
        ["from=2026-11-22", "from=2026-11-22&to=2026-11-21", "from=9999-01-01&to=9999-01-01", "from=x&to=y"]
    {
        statement(bad).problem(400, "invalid");
    }
    v.get(&v.ben, "/wallets/FIRM1/USD/statement?from=2026-11-22&to=2026-11-22").problem(404, "not-found");

    let entries = v.get(&v.ada, "/wallets/FIRM1/USD/entries?sort=id&limit=2").expect(200);
    let first = &entries.body["items"][0];
    let then =
        |query: String| v.get(&v.ada, &format!("/wallets/FIRM1/USD?{query}")).expect(200).text("total");
    let position = first["position"].as_u64().unwrap();
    assert_eq!(then(format!("position={position}")), "1000");
    assert_eq!(then(format!("position={}", position - 1)), "0");
    assert_eq!(then("at=2026-11-21T23:59:59Z".to_owned()), "1000");
    assert_eq!(then("at=2026-11-20T00:00:00Z".to_owned()), "0");
    v.get(&v.ada, "/wallets/FIRM1/USD?at=yesterday").problem(400, "invalid");
    v.get(&v.ada, "/wallets/FIRM1/USD?position=99999999").problem(400, "invalid");
    let after = entries.text("next");
    let rest =
        v.get(&v.ada, &format!("/wallets/FIRM1/USD/entries?sort=id&limit=2&after={after}")).expect(200);
    assert_eq!(rest.body["items"][1]["balance"], "970.25");

    let rebuilt = v.world.restarted_without_read_model().with_books();
    let again =
        rebuilt.get(&v.ada, "/api/v1/wallets/FIRM1/USD/statement?from=1970-01-01&to=2200-12-31").expect(200);
    assert_eq!(again.body["entries"], whole.body["entries"], "made from the log anew, it is the same");
}

#[allow(clippy::disallowed_methods, reason = "a test's patience")]
#[test]
fn a_firm_hears_what_became_of_its_money_and_operations_what_waits() {
    let v = venue();
    let deposit = v.funded("USD", "1000");
    let body = json!({"id": "BANK", "asset": "USD", "method": "bank_transfer", "destination": IBAN});
    v.post(&v.ada, "/beneficiaries", body).expect(201);
    let ask = |amount: &str| {
        let body = json!({"account": "FIRM1", "asset": "USD", "amount": amount, "beneficiary": "BANK"});
        v.post(&v.ada, "/withdrawals", body).expect(201).text("id")
    };
    let (gone, back) = (ask("100"), ask("50"));
    let act = |id: &str, act: &str, body: Value| {
        v.post(&v.olga, &format!("/withdrawals/{id}/{act}"), body).expect(200);
    };
    act(&gone, "approve", json!({"reason": "known"}));
    act(&gone, "send", json!({"external_reference": "out 1"}));
    act(&gone, "complete", json!({"reason": "arrived"}));
    act(&back, "reject", json!({"reason": "not today"}));
    let heard = |token: &str| {
        let body = v.get(token, "/notifications?limit=100").expect(200).body;
        let items = body["page"]["items"].as_array().unwrap().clone();
        let about =
            |item: &Value| format!("{} {}", item["kind"].as_str().unwrap(), item["about"].as_str().unwrap());
        items
            .iter()
            .map(about)
            .filter(|told| told.contains("deposit") || told.contains("withdrawal"))
            .collect()
    };
    let ours: Vec<String> = vec![
        format!("deposit_completed {deposit}"),
        format!("withdrawal_approved {gone}"),
        format!("withdrawal_sent {gone}"),
        format!("withdrawal_completed {gone}"),
        format!("withdrawal_failed {back}"),
    ];
    let theirs = vec![format!("withdrawal_waiting {gone}"), format!("withdrawal_waiting {back}")];
    let begun = std::time::Instant::now();
    while heard(&v.ada) != ours || heard(&v.oskar) != theirs {
        assert!(begun.elapsed().as_secs() < 90, "{:?} {:?}", heard(&v.ada), heard(&v.oskar));
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    assert_eq!((heard(&v.ben), heard(&v.trader)), (Vec::<String>::new(), Vec::new()));
    let world = v.world.restarted().with_books();
    let body = world.get(&v.ada, "/api/v1/notifications?limit=100").expect(200).body;
    assert_eq!(
        body["page"]["items"].as_array().unwrap().len(),
        ours.len(),
        "told once, whatever is replayed"
    );
}

#[test]
fn a_deposit_that_never_arrives_is_shown_as_expired_and_its_firm_hears() {
    let v = venue();
    let body = json!({"account": "FIRM1", "asset": "USD", "amount": "5", "method": "bank_transfer"});
    let made = v.post(&v.ada, "/deposits", body).expect(201);
    let id = made.text("id");
    let created = assay_admin_api::text_rules::instant(&made.text("created")).unwrap();
    let end = created.plus_ns(30 * 86_400 * 1_000_000_000);
    assert_eq!(made.text("expires"), end.to_string());
    v.world.says(ClockTicked { now: end });
    let path = format!("/deposits/{id}/confirm");
    refused(v.post(&v.olga, &path, json!({"external_reference": "late"})), 409, "WRONG_STATE");
    let shown = v.get(&v.ada, &format!("/deposits/{id}")).expect(200);
    assert_eq!(
        (shown.text("status"), shown.text("reason")),
        ("expired".to_owned(), "it never arrived".to_owned())
    );
    assert_eq!(ids(&v.get(&v.ada, "/deposits?status=expired").expect(200)), [id.as_str()]);
    sooner_or_later([&format!("deposit_failed {id}")], || {
        let body = v.get(&v.ada, "/notifications?limit=100").expect(200).body;
        let items = body["page"]["items"].as_array().unwrap().iter();
        let told = items
            .map(|item| format!("{} {}", item["kind"].as_str().unwrap(), item["about"].as_str().unwrap()));
        [told.filter(|told| told.starts_with("deposit")).collect()]
    });
}

#[allow(clippy::disallowed_methods, reason = "a test's patience")]
#[test]
fn interest_on_balances_takes_two_persons_comes_daily_and_stands_in_the_statement() {
    // A minute before midnight: a login works on both days.
    let v = venue_after((14 * 60 + 29) * 60);
    let set = |token: &str, body: Value| v.world.write(token, "PUT", "/api/v1/balance-interest", body);
    let body = json!({"asset": "USD", "rate": "0.0365", "day_count": "act365_fixed"});
    set(&v.ada, body.clone()).problem(403, "forbidden");
    for (field, bad) in
        [("rate", "-0.01"), ("rate", "11"), ("rate", "1e-2"), ("day_count", "act364"), ("asset", "")]
    {
        let mut wrong = body.clone();
        wrong[field] = json!(bad);
        set(&v.olga, wrong).problem(400, "invalid");
    }
    let proposal = set(&v.olga, body).expect(202).text("proposal");
    let path = format!("/api/v1/proposals/{proposal}/approve");
    v.world.write(&v.olga, "POST", &path, json!({"reason": "mine"})).problem(403, "segregation");
    v.world.write(&v.oskar, "POST", &path, json!({"reason": "as agreed"})).expect(200);
    let shown =
        json!({"items": [{"asset": "USD", "rate": "0.0365", "day_count": "act365_fixed", "version": 1}]});
    assert_eq!(v.get(&v.ada, "/balance-interest").expect(200).body, shown);

    v.funded("USD", "100000");
    v.world.pass_s(120);
    let now = Timestamp::from_ns(v.world.now_s() * 1_000_000_000);
    v.world.says(ClockTicked { now });
    // Whoever asks risk for something hears what it decided before.
    v.funded("EUR", "1");
    let (from, to) = ("2026-11-22", "2026-11-22");
    let deadline = Instant::now() + Duration::from_secs(120);
    let statement = loop {
        let path = format!("/wallets/FIRM1/USD/statement?from={from}&to={to}");
        let statement = v.get(&v.ada, &path).expect(200);
        if statement.text("closing") != "100000" {
            break statement;
        }
        assert!(Instant::now() < deadline, "{statement:?}");
        std::thread::sleep(Duration::from_millis(5));
    };
    let figures = ["opening", "credits", "debits", "closing"].map(|field| statement.text(field));
    assert_eq!(figures, ["100000", "10", "0", "100010"]);
    let last = statement.body["entries"].as_array().unwrap().last().unwrap();
    assert_eq!((&last["reason"], &last["change"]), (&json!("balance_interest"), &json!("10")));
    let books = v.get(&v.auditor, "/ledger/reconciliation").expect(200);
    assert_eq!(books.body["passed"], true, "{books:?}");
}
