//! Parties and regulatory fields: checked for presence and form, then carried unchanged (section 8).

use crate::client::Client;
use crate::instance::Home;

const REGIME: &str = r#"
[[regime]]
accounts = ["FIRM1"]
fields = [528, 1724]
party_roles = [3, 12]

[[session]]
comp_id = "COPY1"
firm = "FIRM1"
kind = "drop_copy"
"#;

const LIMIT: &str = "54=1|38=1|40=2|44=10|";
const CLIENT: &str = "448=LEI9|447=N|452=3|2376=23|";
const TRADER: &str = "448=ALGO7|447=P|452=12|2376=22|";

#[test]
fn a_26_parties_that_are_malformed_are_refused() {
    let home = Home::new();
    let server = home.start();
    let mut client = Client::logged_on("CLIENT1", server.address());
    let eleven: String = (0..11)
        .map(|n| format!("448=P{n}|447=D|452={}|", [1, 3, 4, 7, 11, 12, 13, 24, 36, 122, 3][n]))
        .collect();
    for (n, parties) in [
        format!("453=2|{TRADER}448=OTHER|447=D|452=12|"),
        "453=1|448=X|447=D|452=2|".to_owned(),
        "453=1|448=X|447=7|452=3|".to_owned(),
        "453=1|448=X|452=3|".to_owned(),
        "453=1|448=X|447=D|".to_owned(),
        format!("453=11|{eleven}"),
    ]
    .iter()
    .enumerate()
    {
        let refused = client.order(&format!("I{n}"), &format!("{LIMIT}{parties}"));
        refused.assert_has("35=8|150=8|103=99");
        assert!(refused.value(58).starts_with("PARTY_INVALID: "), "{refused:?}");
    }
    client.order("GOOD", &format!("{LIMIT}453=2|{CLIENT}{TRADER}")).assert_has("150=0|453=2");
    server.stop_after([client]);
}

#[test]
fn a_29_what_the_regime_of_an_account_requires_must_be_there() {
    let home = Home::with(REGIME);
    let server = home.start();
    let mut client = Client::logged_on("CLIENT1", server.address());
    client.order("a", LIMIT).assert_has("35=j|380=5|372=D|58=Conditionally Required Field Missing (528)");
    client
        .order("b", &format!("{LIMIT}528=A|"))
        .assert_has("35=j|380=5|58=Conditionally Required Field Missing (1724)");
    let missing = client.order("c", &format!("{LIMIT}528=A|1724=5|453=1|{CLIENT}"));
    missing.assert_has("35=8|150=8|103=10");
    assert!(missing.value(58).starts_with("PARTY_MISSING"), "{missing:?}");
    client.order("d", &format!("{LIMIT}528=A|1724=5|453=2|{CLIENT}{TRADER}")).assert_has("35=8|150=0");
    let mut other = Client::logged_on("CLIENT2", server.address());
    other.order("e", LIMIT).assert_has("35=8|150=0");
    server.stop_after([client, other]);
}

#[test]
fn a_29_regulatory_fields_are_carried_unchanged_into_every_8_and_its_copy() {
    let home = Home::with(REGIME);
    let server = home.start();
    let mut client = Client::logged_on("CLIENT1", server.address());
    let mut copy = Client::logged_on("COPY1", server.address());
    let parties = format!("453=3|{CLIENT}{TRADER}448=DESK1|447=D|452=122|2376=24|");
    let attributes = "2593=2|2594=4|2595=Y|2594=2|2595=N|";
    let flags = "528=P|529=1 4|582=1|1028=Y|1031=ADD|1724=5|1727=WALL-1|";
    client
        .order("a", &format!("{LIMIT}{parties}{flags}{attributes}581=3|526=second|583=link|"))
        .assert_has("150=0");
    let copied = copy.expect("8");
    client.send("F", &format!("11=b|41=a|55=AAPL|54=1|60={}|", crate::wire::utc_now()));
    let cancelled = client.expect("8");
    cancelled.assert_has("150=4|11=b|41=a");
    for report in [&copied, &cancelled] {
        let text = format!("{report:?}");
        assert!(text.contains(&format!("|{parties}")), "{text}");
        assert!(text.contains(&format!("|{attributes}")), "{text}");
        report.assert_has(flags.trim_end_matches('|')).assert_has("581=3|526=second|583=link");
    }
    server.stop_after([client, copy]);
}

#[test]
fn a_29_a_replace_changes_nothing_of_them_but_the_entering_trader() {
    let home = Home::with(REGIME);
    let server = home.start();
    let mut client = Client::logged_on("CLIENT1", server.address());
    let entered = "448=TONY|447=D|452=36|";
    let (flags, kept) = ("528=A|582=1|1724=5|583=link|", format!("{CLIENT}{TRADER}"));
    client.order("a", &format!("{LIMIT}{flags}453=3|{kept}{entered}")).assert_has("150=0");
    let mut replace = |id: &str, of: &str, more: &str| {
        let now = crate::wire::utc_now();
        client.send("G", &format!("11={id}|41={of}|55=AAPL|60={now}|54=1|38=2|40=2|44=10|{more}"));
        client.receive()
    };
    // Left out, they stay; what is said anew of the rest counts.
    let replaced = replace("b", "a", "582=2|");
    replaced.assert_has("35=8|150=5|11=b|528=A|582=2|1724=5|583=link");
    assert!(format!("{replaced:?}").contains(&format!("|453=3|{kept}{entered}")), "{replaced:?}");
    for (id, more) in [
        ("c", "528=P|".to_owned()),
        ("d", "453=1|448=OTHER|447=D|452=3|".to_owned()),
        ("e", format!("453=3|{kept}448=X|447=D|452=13|")),
    ] {
        let refused = replace(id, "b", &more);
        refused.assert_has("35=9|102=99|39=0");
        assert!(refused.value(58).starts_with("TERMS_MISMATCH"), "{refused:?}");
    }
    let replaced = replace("f", "b", &format!("528=A|453=2|{CLIENT}448=TINA|447=D|452=36|"));
    replaced.assert_has("35=8|150=5|11=f|528=A|582=2");
    assert!(
        format!("{replaced:?}").contains(&format!("|453=3|{kept}448=TINA|447=D|452=36|")),
        "{replaced:?}"
    );
    server.stop_after([client]);
}

#[test]
fn a_03_conditional_fields_come_before_everything_else() {
    let home = Home::new();
    let server = home.start();
    let mut client = Client::logged_on("CLIENT1", server.address());
    for (n, (terms, tag)) in [
        ("54=1|38=0|40=2|", 44),
        ("54=1|38=0|40=3|", 99),
        ("54=1|40=2|44=10|", 38),
        ("54=1|38=0|40=2|44=10|48=AAPL|", 22),
        ("54=1|38=0|40=2|44=10|22=8|", 48),
        ("54=1|38=0|40=2|44=10|59=6|", 126),
    ]
    .iter()
    .enumerate()
    {
        let refused = client.order(&format!("N{n}"), terms);
        refused.assert_has(&format!("35=j|380=5|58=Conditionally Required Field Missing ({tag})"));
        // The id stays free (A-13).
        client.order(&format!("N{n}"), LIMIT).assert_has("35=8|150=0");
    }
    server.stop_after([client]);
}

#[test]
fn section_4_1_each_term_is_refused_with_its_code() {
    let home = Home::new();
    let server = home.start();
    let mut client = Client::logged_on("CLIENT1", server.address());
    for (n, (terms, reason, code)) in [
        (format!("{LIMIT}48=MSFT|22=8|"), "1", "SYMBOL_MISMATCH"),
        (format!("{LIMIT}15=EUR|"), "1", "SYMBOL_MISMATCH"),
        (format!("{LIMIT}167=FUT|"), "1", "SYMBOL_MISMATCH"),
        (format!("{LIMIT}207=XNYS|"), "1", "SYMBOL_MISMATCH"),
        (format!("{LIMIT}18=5|"), "11", "UNSUPPORTED_EXECINST"),
        (format!("{LIMIT}59=3|18=G|"), "11", "UNSUPPORTED_EXECINST"),
        (format!("{LIMIT}21=2|"), "11", "UNSUPPORTED_HANDLING"),
        (format!("{LIMIT}432=20991231|"), "11", "UNSUPPORTED_TERMS"),
        (format!("{LIMIT}110=1|"), "11", "UNSUPPORTED_TERMS"),
        ("54=1|38=10|40=1|111=1|".to_owned(), "11", "UNSUPPORTED_TERMS"),
        (format!("{LIMIT}528=G|"), "11", "UNSUPPORTED_TERMS"),
        (format!("{LIMIT}581=4|"), "11", "UNSUPPORTED_TERMS"),
        (format!("{LIMIT}2593=2|2594=4|2595=Y|2594=4|2595=N|"), "99", "PARTY_INVALID"),
        (format!("{LIMIT}386=1|336=NIGHT|"), "2", "MARKET_CLOSED"),
        ("54=1|152=100|40=2|44=10|".to_owned(), "13", "UNSUPPORTED_QTY_TYPE"),
        ("54=1|38=1|40=1|44=10|".to_owned(), "99", "PRICE_NOT_ALLOWED"),
    ]
    .iter()
    .enumerate()
    {
        let refused = client.order(&format!("T{n}"), terms);
        refused.assert_has(&format!("35=8|150=8|39=8|103={reason}"));
        assert_eq!(refused.value(58).split(':').next(), Some(*code), "{refused:?}");
    }
    let now = format!("386=1|336=DAY|15=USD|48=AAPL|22=8|{LIMIT}");
    client.order("GOOD", &now).assert_has("35=8|150=0");
    let long = "x".repeat(257);
    client.order("LONG", &format!("{LIMIT}58={long}|")).assert_has("35=3|373=5|371=58");
    server.stop_after([client]);
}
