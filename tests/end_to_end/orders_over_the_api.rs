//! Orders of a firm's users beside those of FIX sessions: one market, one risk, and each hears of what concerns it.

use crate::back_office::{Reply, call, once_recovered, settled};
use crate::client::Client;
use crate::instance::Server;
use crate::session_commands::{administrators, home, member, token, wait};
use serde_json::{Value, json};
use std::path::Path;

const COPY: &str = "\n[[session]]\ncomp_id = \"COPY2\"\nfirm = \"FIRM2\"\nkind = \"drop_copy\"\n\n[log]\n";

/// A POST that has effect, under a name of its own.
fn post(server: &Server, by: &Path, key: &str, path: &str, body: &Value) -> Value {
    let reply: Reply = settled(server, &format!("/api/v1{path}"), &token(by), key, body);
    serde_json::from_str(&reply.expect_success()).expect("JSON")
}

#[test]
fn orders_over_the_api_meet_those_of_fix_sessions() {
    let home = home().changed("\n[log]\n", COPY);
    let server = home.start();
    let admins = administrators(&home, &server);
    let person = |name, firm| member(&home, &server, &admins, name, ("trader", Some(firm)));
    let (tom, tim) = (person("tom", "FIRM1"), person("tim", "FIRM2"));
    let mut client = Client::logged_on("CLIENT1", server.address());
    let mut copy = Client::logged_on("COPY2", server.address());

    let rests = client.order("a-1", "54=1|38=100|40=2|44=10|");
    rests.assert_has("150=0|39=0");
    let sell = json!({"account": "FIRM2", "symbol": "AAPL", "side": "sell", "ord_type": "limit", "qty": "30",
        "price": "10", "cl_ord_id": "desk-1"});
    let sold = post(&server, &tim, "k-1", "/orders", &sell);
    client.expect("8").assert_has("150=F|39=1|11=a-1|14=30|151=70|31=10");
    copy.expect("8").assert_has("150=0|11=desk-1|1=FIRM2|54=2|38=30|797=Y|115=FIRM2");
    copy.expect("8").assert_has("150=F|39=2|11=desk-1|14=30|31=10");
    let place = format!("/api/v1/orders/{}", sold["id"].as_str().expect("an id"));
    wait(|| (call(&server, "GET", &place, &token(&tim), None).json()["status"] == "filled").then_some(()));

    // A session hears of an end that somebody else gave its order as of any that it did not ask for.
    let cancel = format!("/orders/{}/cancel", rests.value(37));
    settled(&server, &format!("/api/v1{cancel}"), &token(&tim), "k-2", &Value::Null).expect(404);
    assert_eq!(post(&server, &tom, "k-3", &cancel, &Value::Null)["status"], "canceled");
    let told = client.expect("8");
    told.assert_has("150=4|39=4|11=a-1|41=|14=30|151=0");
    assert!(told.value(58).starts_with("OPERATOR"), "{told:?}");

    // What rests over the API is there after a crash, and ends by its firm's word.
    let bid = json!({"account": "FIRM1", "symbol": "AAPL", "side": "buy", "ord_type": "limit", "qty": "5",
        "price": "9", "tif": "gtc"});
    let resting = post(&server, &tom, "k-4", "/orders", &bid)["id"].as_str().expect("an id").to_owned();
    server.kill_9();
    let server = home.start();
    once_recovered(&server, "GET", "/api/v1/auth/jwks", "", None).expect(200);
    assert_eq!(post(&server, &tom, "k-4", "/orders", &bid)["id"], resting.as_str(), "asked again");
    let end = format!("/orders/{resting}/cancel");
    assert_eq!(post(&server, &tom, "k-5", &end, &Value::Null)["status"], "canceled");
    server.stop();
    home.assert_sound();
}
