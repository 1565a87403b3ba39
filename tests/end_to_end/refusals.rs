//! Orders that are refused, each with its code, and what a refusal leaves as it was.

use crate::client::Client;
use crate::instance::Home;
use crate::wire::{Message, utc_now};

const DIGITS_40: &str = "1234567890123456789012345678901234567890";

/// Terms of an order, what they get, and the CODE that Text(58) begins with.
struct Case {
    name: &'static str,
    account: &'static str,
    symbol: &'static str,
    terms: String,
    answer: &'static str,
    code: &'static str,
}

fn case(name: &'static str, terms: &str, answer: &'static str, code: &'static str) -> Case {
    Case { name, account: "1=FIRM1|", symbol: "55=AAPL|", terms: terms.into(), answer, code }
}

fn refused_of_firm_1() -> Vec<Case> {
    let limit = "54=1|40=2|44=10|";
    vec![
        Case {
            symbol: "55=NOSUCH|",
            ..case("unknown symbol", "54=1|38=1|40=2|44=10|", "103=1", "UNKNOWN_SYMBOL")
        },
        Case {
            account: "1=FIRM2|",
            ..case("another's account", "54=1|38=1|40=2|44=10|", "103=15", "UNKNOWN_ACCOUNT")
        },
        Case {
            account: "1=X Y|",
            ..case("no account at all", "54=1|38=1|40=2|44=10|", "103=15", "UNKNOWN_ACCOUNT")
        },
        case("zero quantity", &format!("{limit}38=0|"), "103=13|38=0", "QTY_MIN"),
        case("negative quantity", &format!("{limit}38=-5|"), "103=13|38=-5", "QTY_MIN"),
        case("half a lot", &format!("{limit}38=1.5|"), "103=13", "BAD_LOT"),
        case("10 decimals", &format!("{limit}38=1.0000000001|"), "103=13|38=1.0000000001", "BAD_LOT"),
        case("40 digits", &format!("{limit}38={DIGITS_40}|"), "103=13", "QTY_MAX"),
        case("40 digits below zero", &format!("{limit}38=-{DIGITS_40}|"), "103=13", "QTY_MIN"),
        case("price of 40 digits", &format!("54=1|38=1|40=2|44={DIGITS_40}|"), "103=99", "BAD_PRICE"),
        case("price of 40 decimals", &format!("54=1|38=1|40=2|44=0.{DIGITS_40}|"), "103=99", "BAD_PRICE"),
        case("price zero", "54=1|38=1|40=2|44=0|", "103=99|44=0", "BAD_PRICE"),
        case("negative price", "54=1|38=1|40=2|44=-10|", "103=99|44=-10", "BAD_PRICE"),
        case("price off tick", "54=1|38=1|40=2|44=10.005|", "103=99|44=10.005", "BAD_TICK"),
        case("price of a market order", "54=1|38=1|40=1|44=10|", "103=99", "PRICE_NOT_ALLOWED"),
        case(
            "at the opening of a market without",
            &format!("{limit}38=1|59=2|"),
            "103=11|59=2",
            "UNSUPPORTED_TIF",
        ),
        case("at the crossing", &format!("{limit}38=1|59=5|"), "103=11|59=5", "UNSUPPORTED_TIF"),
        case("good till yesterday", &format!("{limit}38=1|59=6|432=20200101|"), "103=11|59=6", "EXPIRE_PAST"),
        case("expiry of a day order", &format!("{limit}38=1|432=20991231|"), "103=11", "UNSUPPORTED_TERMS"),
        case("stop at once", "54=1|38=1|40=3|99=10|59=3|", "103=11|40=3|59=3", "UNSUPPORTED_TIF"),
        case("stop with a limit", "54=1|38=1|40=3|99=10|44=10|", "103=99", "PRICE_NOT_ALLOWED"),
        case("stop off tick", "54=1|38=1|40=3|99=10.005|", "103=99|99=10.005", "BAD_TICK"),
        case(
            "least quantity of a day order",
            &format!("{limit}38=9|110=5|"),
            "103=11|110=5",
            "UNSUPPORTED_TERMS",
        ),
        case("least above all", &format!("{limit}38=9|59=3|110=10|"), "103=11", "UNSUPPORTED_TERMS"),
        case("shown above all", &format!("{limit}38=9|111=9|"), "103=11|111=9", "UNSUPPORTED_TERMS"),
        case("iceberg at the market", "54=1|38=9|40=1|111=3|", "103=11", "UNSUPPORTED_TERMS"),
        case("post only at once", &format!("{limit}38=9|59=3|18=6|"), "103=11|18=6", "UNSUPPORTED_EXECINST"),
        case("all or none at once", &format!("{limit}38=9|59=3|18=G|"), "103=11", "UNSUPPORTED_EXECINST"),
        case("held at one's discretion", &format!("{limit}38=9|18=1|"), "103=11", "UNSUPPORTED_EXECINST"),
        case("pegged", "54=1|38=1|40=P|", "103=11|40=P", "UNSUPPORTED_ORDTYPE"),
        case("buy minus", "54=3|38=1|40=2|44=10|", "103=11|54=3", "UNSUPPORTED_SIDE"),
        case("worked by hand", &format!("{limit}38=1|21=3|"), "103=11", "UNSUPPORTED_HANDLING"),
        case("too many shares", &format!("{limit}38=100001|"), "103=3", "LIMIT_QTY"),
        case("too much money", "54=1|38=100000|40=2|44=100.01|", "103=3", "LIMIT_NOTIONAL"),
        case("order of long ago", &format!("{limit}38=1|60=20200101-00:00:00|"), "103=8", "STALE_ORDER"),
    ]
}

#[test]
fn each_bad_order_is_refused_with_its_code() {
    let home = Home::new();
    let server = home.start();
    let mut client = Client::logged_on("CLIENT1", server.address());
    for (n, case) in refused_of_firm_1().iter().enumerate() {
        let id = format!("R{n}");
        let time = if case.terms.contains("60=") { String::new() } else { format!("60={}|", utc_now()) };
        client.send("D", &format!("11={id}|{}{}{time}{}", case.account, case.symbol, case.terms));
        assert_refused(case.name, &client.receive(), &id, case.answer, case.code);
    }
    client.order("GOOD", "54=1|38=1|40=2|44=10|").assert_has("35=8|150=0|39=0");
    server.stop_after([client]);
    home.assert_sound();
}

#[test]
fn orders_that_funds_holdings_or_prices_do_not_carry_are_refused() {
    let home = Home::new();
    let server = home.start();
    let mut poor = Client::logged_on("CLIENT3", server.address());
    for (id, terms, answer, code) in [
        ("P1", "54=1|38=11|40=2|44=100|", "103=3", "LIMIT_CREDIT"),
        ("P2", "54=2|38=1|40=2|44=100|", "103=3", "LIMIT_CREDIT"),
        ("P3", "54=1|38=1|40=2|44=111|", "103=99", "PRICE_COLLAR"),
        ("P4", "54=1|38=1|40=2|44=89|", "103=99", "PRICE_COLLAR"),
    ] {
        assert_refused(id, &poor.order(id, terms), id, answer, code);
    }
    poor.send("D", &format!("11=P5|1=FIRM3|55=NOREF|60={}|54=1|38=1|40=2|44=10|", utc_now()));
    assert_refused("no reference", &poor.receive(), "P5", "103=99", "NO_REF_PRICE");

    poor.order("P6", "54=1|38=10|40=2|44=100|").assert_has("150=0|39=0");
    assert_refused(
        "funds are held",
        &poor.order("P7", "54=1|38=1|40=2|44=100|"),
        "P7",
        "103=3",
        "LIMIT_CREDIT",
    );
    server.stop_after([poor]);
    home.assert_sound();
}

#[test]
fn a_used_clordid_is_refused_and_the_first_order_lives_on() {
    let home = Home::new();
    let server = home.start();
    let mut client = Client::logged_on("CLIENT1", server.address());
    let new = client.order("A", "54=1|38=100|40=2|44=10|");
    new.assert_has("150=0|39=0");
    assert_refused("again", &client.order("A", "54=1|38=100|40=2|44=10|"), "A", "103=6", "DUP_CLORDID");
    assert_refused("other terms", &client.order("A", "54=2|38=7|40=2|44=20|"), "A", "103=6", "DUP_CLORDID");
    client.send("F", &format!("11=A|41=A|55=AAPL|54=1|60={}|", utc_now()));
    client.expect("9").assert_has("11=A|41=A|434=1|102=6|39=0");
    client.send("H", "11=A|55=AAPL|54=1|");
    client.expect("8").assert_has("150=I|39=0|38=100|151=100").assert_has(&format!("37={}", new.value(37)));

    assert_refused("refusal", &client.order("B", "54=1|38=0|40=2|44=10|"), "B", "103=13", "QTY_MIN");
    let burnt = client.order("B", "54=1|38=1|40=2|44=10|");
    assert_refused("a refusal uses the id up", &burnt, "B", "103=6", "DUP_CLORDID");
    server.stop_after([client]);
    home.assert_sound();
}

#[test]
fn what_fix_itself_forbids_gets_a_reject_and_the_session_goes_on() {
    let home = Home::new();
    let server = home.start();
    let mut client = Client::logged_on("CLIENT1", server.address());
    let now = utc_now();
    let rest = format!("55=AAPL|54=1|60={now}|");
    for (msg_type, body, answer) in [
        (
            "D",
            format!("11=N1|{rest}38=1|40=2|44=10|"),
            "35=j|380=5|379=N1|372=D|58=Conditionally Required Field Missing (1)",
        ),
        ("D", format!("11=N2|1=FIRM1|{rest}40=2|44=10|"), "35=j|380=5|379=N2|372=D"),
        ("D", format!("11=N3|1=FIRM1|{rest}38=1|40=2|"), "35=j|380=5|379=N3|372=D"),
        ("D", format!("1=FIRM1|{rest}38=1|40=2|44=10|"), "35=3|373=1|371=11|372=D"),
        ("D", format!("11=N5|1=FIRM1|{rest}38=1|44=10|"), "35=3|373=1|371=40|372=D"),
        ("D", format!("11=N6|1=FIRM1|{rest}38=x|40=2|44=10|"), "35=3|373=6|371=38|372=D"),
        ("D", format!("11=N7|1=FIRM1|{rest}38=1|40=2|44=1e5|"), "35=3|373=6|371=44|372=D"),
        ("D", format!("11=N8|1=FIRM1|{rest}38=1|40=2|44=10|59=Z|"), "35=3|373=5|371=59|372=D"),
        ("D", format!("11=N9|1=FIRM1|{rest}38=1|38=2|40=2|44=10|"), "35=3|373=13|371=38|372=D"),
        ("D", format!("11=|1=FIRM1|{rest}38=1|40=2|44=10|"), "35=3|373=4|371=11|372=D"),
        ("D", format!("11=N 11|1=FIRM1|{rest}38=1|40=2|44=10|"), "35=3|373=5|371=11|372=D"),
        ("D", format!("11=N12|1=FIRM1|{rest}38=1|40=2|44=10|20001=x|"), "35=3|373=0|371=20001|372=D"),
        ("D", format!("11=N13|1=FIRM1|{rest}38=1|40=2|44=10|98=0|"), "35=3|373=2|371=98|372=D"),
        ("ZZ", rest.clone(), "35=3|373=11|371=|372=ZZ"),
        (
            "AE",
            format!("571=R|487=0|570=N|55=AAPL|32=1|31=1|75=20261121|60={now}|552=1|54=1|37=NONE|"),
            "35=j|380=3|372=AE",
        ),
    ] {
        let seq = client.send(msg_type, &body);
        client.receive().assert_has(answer).assert_has(&format!("45={seq}"));
    }
    client.assert_alive();
    server.stop_after([client]);
    home.assert_sound();
}

#[track_caller]
fn assert_refused(name: &str, answer: &Message, id: &str, fields: &str, code: &str) {
    let text = answer.get(58).unwrap_or_default();
    assert_eq!(text.split(':').next(), Some(code), "{name}: {answer:?}");
    answer
        .assert_has("35=8|150=8|39=8|37=NONE|14=0|151=0|6=0")
        .assert_has(fields)
        .assert_has(&format!("11={id}"));
}
