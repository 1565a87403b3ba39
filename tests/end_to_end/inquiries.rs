//! What is listed and what is held: SecurityList, SecurityDefinition, positions; and what a session may not ask.

use crate::client::Client;
use crate::instance::Home;
use crate::wire::utc_now;

#[test]
fn a_02_a_security_list_request_gets_what_is_listed() {
    let home = Home::new();
    let server = home.start();
    let mut client = Client::logged_on("CLIENT1", server.address());
    client.send("x", "320=x1|559=4|");
    client
        .expect("y")
        .assert_has("320=x1|560=0|393=2|893=Y|146=2|55=AAPL|167=CS|207=XNAS|15=USD|561=1|562=1|969=0.01");
    client.send("x", "320=x2|559=0|55=NOREF|");
    client.expect("y").assert_has("320=x2|560=0|393=1|893=Y|146=1|55=NOREF");
    client.send("x", "320=x3|559=0|55=NOSUCH|");
    client.expect("y").assert_has("320=x3|560=2|393=0|893=Y|146=");
    client.send("x", "320=x4|559=1|");
    client.expect("y").assert_has("320=x4|560=1|893=Y|146=");
    client.send("x", "320=x5|559=0|");
    client.expect("j").assert_has("380=5|372=x|379=x5");
    server.stop_after([client]);
}

#[test]
fn a_02_a_security_definition_request_gets_one_definition() {
    let home = Home::new();
    let server = home.start();
    let mut client = Client::logged_on("CLIENT1", server.address());
    client.send("c", "320=c1|321=1|55=AAPL|");
    client.expect("d").assert_has("320=c1|323=1|55=AAPL|167=CS|207=XNAS|15=USD|561=1|562=1|969=0.01|58=");
    client.send("c", "320=c2|321=0|55=NOSUCH|");
    let unknown = client.expect("d");
    unknown.assert_has("320=c2|323=6|55=NOSUCH|969=");
    assert!(unknown.value(58).starts_with("UNKNOWN_SYMBOL"), "{unknown:?}");
    client.send("c", "320=c3|321=3|");
    let refused = client.expect("d");
    refused.assert_has("320=c3|323=5");
    assert!(refused.value(58).starts_with("UNSUPPORTED_SCOPE"), "{refused:?}");
    server.stop_after([client]);
}

fn positions(id: &str, account: &str, more: &str) -> String {
    let now = utc_now();
    let parties = "453=1|448=TRADER|447=D|452=12|";
    format!("710={id}|724=0|{parties}1={account}|581=1|715={}|60={now}|{more}", &now[..8])
}

#[test]
fn a_02_a_request_for_positions_gets_ao_then_one_ap_for_each_instrument() {
    let home = Home::new();
    let server = home.start();
    let mut client = Client::logged_on("CLIENT1", server.address());
    let mut other = Client::logged_on("CLIENT2", server.address());
    client.order("S", "54=2|38=30|40=2|44=10|").assert_has("150=0");
    other.order("B", "54=1|38=30|40=2|44=10|").assert_has("150=0");
    client.expect("8").assert_has("150=F");
    client.send("AN", &positions("p1", "FIRM1", ""));
    client.expect("AO").assert_has("710=p1|727=1|728=0|729=0|1=FIRM1|581=1|453=1|448=TRADER|452=12");
    let report = client.expect("AP");
    report.assert_has(
        "710=p1|724=0|727=1|728=0|1=FIRM1|581=1|55=AAPL|702=3|730=100.00|731=2|734=0|753=1|707=FMTM",
    );
    let text = format!("{report:?}");
    assert!(
        text.contains("|703=SOD|704=1000000|705=0|703=TQ|704=0|705=30|703=FIN|704=999970|705=0|"),
        "{text}"
    );
    assert!(text.contains("|708=99997000|"), "{text}");

    let foreign = positions("p2", "FIRM2", "");
    client.send("AN", &foreign);
    let refused = client.expect("AO");
    refused.assert_has("710=p2|727=0|728=3|729=2");
    assert!(refused.value(58).starts_with("UNKNOWN_ACCOUNT"), "{refused:?}");
    client.send("AN", &positions("p3", "FIRM1", "55=NOREF|"));
    client.expect("AO").assert_has("710=p3|728=2|729=2|55=NOREF");
    client.send("AN", &positions("p4", "FIRM1", "263=1|"));
    client.expect("AO").assert_has("710=p4|728=4|729=2");
    client.send("AN", &positions("p5", "FIRM1", "").replace("|724=0|", "|724=1|"));
    client.expect("AO").assert_has("710=p5|728=1|729=2");
    let yesterday = positions("p6", "FIRM1", "");
    let (before, after) = yesterday.split_once("|715=").expect("it has a date");
    client.send("AN", &format!("{before}|715=20200101{}", &after[8..]));
    client.expect("AO").assert_has("710=p6|728=1|729=2");
    server.stop_after([client, other]);
}

#[test]
fn a_06_news_is_logged_and_not_answered_and_market_data_is_no_business_of_order_entry() {
    let home = Home::new();
    let server = home.start();
    let mut client = Client::logged_on("CLIENT1", server.address());
    client.send("B", "148=HELLO|33=1|58=how are you|");
    client.assert_alive();
    client.send("V", "262=v1|263=1|264=1|265=0|267=1|269=0|146=1|55=AAPL|");
    client.expect("j").assert_has("372=V|380=3");
    server.stop_after([client]);
}
