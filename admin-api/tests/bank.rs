//! Bank statements over the API: once, whole or not at all, matched with what the firm announced, the rest for an officer.

mod support;
mod venue;

use assay_admin_api::{ApiConfig, BankAccount, PaymentsConfig, Rates};
use assay_trading_types::Topic;
use base64::Engine;
use serde_json::{Value, json};
use support::{Reply, World};
use venue::{Venue, ids, venue_of};

const ACCOUNT: &str = "DE89370400440532013000";

fn venue_with_bank() -> Venue {
    let rates = Rates { anonymous_per_h: 1_000_000, user_per_h: 1_000_000, ..Rates::default() };
    let account =
        |account: &str, asset: &str| BankAccount { account: account.into(), asset: asset.parse().unwrap() };
    let bank_accounts = vec![account(ACCOUNT, "USD"), account("EURO", "EUR")];
    let payments = PaymentsConfig { bank_accounts, ..PaymentsConfig::default() };
    venue_of(World::with(ApiConfig { rates, payments, ..ApiConfig::default() }))
}

/// A table of one account: reference, amount, text of each line, from an opening of 1000.
fn table(statement: &str, lines: &[(&str, i64, &str)]) -> String {
    let mut text = "account,statement,asset,date,reference,amount,balance,details\n".to_owned();
    let mut balance = 1_000;
    for (reference, amount, details) in lines {
        balance += amount;
        text += &format!("{ACCOUNT},{statement},USD,2026-11-20,{reference},{amount},{balance},{details}\n");
    }
    text
}

fn import(v: &Venue, token: &str, text: &str) -> Reply {
    let content = base64::engine::general_purpose::STANDARD.encode(text);
    v.post(token, "/ledger/bank-statements", json!({"format": "csv", "content": content}))
}

fn announced(v: &Venue, amount: &str) -> String {
    let body = json!({"account": "FIRM1", "asset": "USD", "amount": amount, "method": "bank_transfer"});
    v.post(&v.ada, "/deposits", body).expect(201).text("id")
}

/// reference, status, movement of each line.
fn lines(v: &Venue, filter: &str) -> Vec<(String, String, Value)> {
    let page = v.get(&v.auditor, &format!("/ledger/bank-lines?{filter}")).expect(200);
    let items = page.body["items"].as_array().unwrap();
    let text = |item: &Value, field: &str| item[field].as_str().unwrap().to_owned();
    items.iter().map(|i| (text(i, "reference"), text(i, "status"), i["movement"].clone())).collect()
}

fn line_id(v: &Venue, reference: &str) -> String {
    let page = v.get(&v.auditor, "/ledger/bank-lines").expect(200);
    let items = page.body["items"].as_array().unwrap();
    let line = items.iter().find(|item| item["reference"] == reference).expect("the line");
    line["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_statement_counts_once_and_its_lines_are_matched_by_amount_currency_and_name() {
    let v = venue_with_bank();
    let (named, known, other) = (announced(&v, "500"), announced(&v, "70"), announced(&v, "30"));
    let confirm = |id: &str, name: &str| {
        v.post(&v.olga, &format!("/deposits/{id}/confirm"), json!({"external_reference": name})).expect(200)
    };
    confirm(&known, "BANK-77");
    let text = table(
        "2026-11-20",
        &[
            ("R1", 500, &format!("invoice; {named} thanks")),
            ("BANK-77", 70, "no words"),
            ("R3", 31, &format!("{other} a dollar too much")),
            ("R4", -30, &format!("{other} the wrong way round")),
            ("R5", 500, &format!("{named} again")),
        ],
    );
    import(&v, &v.ada, &text).problem(403, "forbidden");
    import(&v, &v.auditor, &text).problem(403, "forbidden");
    let done = import(&v, &v.olga, &text).expect(200);
    let counts =
        |reply: &Reply| ["lines", "matched", "open"].map(|field| reply.body[field].as_u64().unwrap());
    assert_eq!(counts(&done), [5, 2, 3]);
    assert_eq!((done.text("opening"), done.text("closing")), ("1000".to_owned(), "2071".to_owned()));
    let open = |name: &str| (name.to_owned(), "open".to_owned(), Value::Null);
    let matched = |name: &str, id: &str| (name.to_owned(), "matched".to_owned(), json!(id));
    let expected = [matched("R1", &named), matched("BANK-77", &known), open("R3"), open("R4"), open("R5")];
    assert_eq!(lines(&v, ""), expected);
    assert_eq!(lines(&v, "status=open"), [open("R3"), open("R4"), open("R5")]);
    assert_eq!(v.get(&v.ada, &format!("/deposits/{named}")).expect(200).text("status"), "pending");

    let again = import(&v, &v.oskar, &text).expect(200);
    assert_eq!((again.text("id"), counts(&again)), (done.text("id"), [5, 2, 3]), "the same file");
    let changed = text.replace("no words", "other words");
    import(&v, &v.olga, &changed).problem(409, "conflict");
    import(&v, &v.olga, &table("2026-11-21", &[("R9", 1, ""), ("R3", 31, "")])).problem(409, "conflict");
    assert_eq!(ids(&v.get(&v.auditor, "/ledger/bank-statements").expect(200)), [done.text("id")]);
    assert_eq!(lines(&v, "").len(), 5, "nothing of what was refused is there");
}

#[test]
fn bad_files_are_answered_and_nothing_of_them_is_kept() {
    let v = venue_with_bank();
    let before = v.world.text(Topic::Admin).len();
    let good = table("S1", &[("R1", 5, ""), ("R2", 6, "")]);
    let bad = [
        good.replace(",1005,", ",1006,"),
        good.replace("R2", "R1"),
        good.replace(",USD,", ",EUR,"),
        good.replace(ACCOUNT, "DE00"),
        good.replace(",5,", ",5.,"),
        good.replace(",5,", ",.5,"),
        good.replace("2026-11-20", "2026-02-30"),
        // Cut within quotes, which would swallow the lines behind them.
        table("S1", &[("R1", 5, "\"wire"), ("R2", 6, "")]),
        table("S1", &[("R1", 5, "\"wire"), ("R2", 6, "\"")]),
        String::new(),
    ];
    for text in bad {
        let answer = import(&v, &v.olga, &text).problem(400, "invalid");
        assert_eq!(answer.faults(), ["content"], "{text}");
    }
    let camt = |content: &str| {
        v.post(&v.olga, "/ledger/bank-statements", json!({"format": "camt.053", "content": content}))
    };
    for content in ["", "%", "/////w==", "PCFET0NUWVBFIGE+PGEvPg=="] {
        camt(content).problem(400, "invalid");
    }
    // A parser that takes stack for each level ends the process; text and attributes may have what looks like an end.
    let nested = |begin: &str| base64::engine::general_purpose::STANDARD.encode(begin.repeat(100_000));
    for begin in
        ["<a>", "<a>/>", "<a b='/>'>", "<a><!-- </a> -->", "<a><![CDATA[</a>]]>", "<a><?x </a> ?>", "<a><b/>"]
    {
        let answer = camt(&nested(begin)).problem(400, "invalid");
        assert!(
            answer.body["errors"][0]["message"].as_str().unwrap().contains("64 deep"),
            "{begin} {answer:?}"
        );
    }
    let flat = |inner: &str| format!("<Document>{}</Document>", inner.repeat(100));
    for inner in ["<a/>", "<a b='>'/>", "<!-- <a> -->", "<![CDATA[<a>]]>", "<?x <a> ?>", "<a></a>"] {
        let content = base64::engine::general_purpose::STANDARD.encode(flat(inner));
        let answer = camt(&content).problem(400, "invalid");
        let message = answer.body["errors"][0]["message"].as_str().unwrap().to_owned();
        assert!(message.contains("camt.053"), "it is not deep: {inner} {message}");
    }
    assert_eq!(v.world.text(Topic::Admin).len(), before, "no command was made of them");
    assert_eq!(lines(&v, ""), []);
}

#[test]
fn an_officer_explains_what_is_left_and_no_movement_explains_two_lines() {
    let v = venue_with_bank();
    let (first, second) = (announced(&v, "30"), announced(&v, "30"));
    let text = table("S1", &[("R1", 30, &first), ("R2", 30, "no name"), ("R3", -4, "bank charge")]);
    import(&v, &v.olga, &text).expect(200);
    let resolve = |token: &str, line: &str, movement: Option<&str>, reason: &str| {
        let path = format!("/ledger/bank-lines/{}/resolve", line_id(&v, line));
        v.post(token, &path, json!({"movement": movement, "reason": reason}))
    };
    resolve(&v.auditor, "R2", Some(&second), "x").problem(403, "forbidden");
    resolve(&v.olga, "R2", Some(&first), "by the payer's letter").problem(409, "conflict");
    resolve(&v.olga, "R3", Some(&second), "by the payer's letter").problem(400, "invalid");
    resolve(&v.olga, "R2", Some("DEP-0000000FFFFF"), "by the payer's letter").problem(400, "invalid");
    resolve(&v.olga, "R3", None, " ").problem(400, "invalid");
    let done = resolve(&v.olga, "R2", Some(&second), "by the payer's letter").expect(200);
    assert_eq!((done.text("status"), done.body["version"].as_u64()), ("resolved".to_owned(), Some(2)));
    resolve(&v.oskar, "R3", None, "the bank's own fee").expect(200);
    assert_eq!(lines(&v, "status=open"), []);
    let v = Venue { world: v.world.restarted().with_books(), ..v };
    let by_status: Vec<String> = lines(&v, "").into_iter().map(|(_, status, _)| status).collect();
    assert_eq!(by_status, ["matched", "resolved", "resolved"]);
    v.get(&v.ada, "/ledger/bank-lines").problem(403, "forbidden");
}
