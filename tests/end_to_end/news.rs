//! What sessions are told unasked.

use crate::client::Client;
use crate::instance::{CONFIGURATION, Home};
use crate::wire::utc_now;

/// An instrument whose price may move a tenth before an auction takes over.
const NERVOUS: &str = "\n[[instrument]]\nsymbol = \"JUMPY\"\ncurrency = \"USD\"\ntick_size = \"0.01\"\n\
                       reference_price = \"10\"\nvolatility = { band_bp = 1000, auction_s = 3600 }\n";

fn order(client: &mut Client, id: &str, terms: &str) {
    client.send("D", &format!("11={id}|1=FIRM2|55=JUMPY|60={}|38=1|40=2|{terms}", utc_now()));
    client.expect("8").assert_has(&format!("11={id}|150=0"));
}

#[test]
fn a_06_every_session_hears_when_a_market_goes_into_another_phase() {
    let home = Home::new();
    let held = "positions = { AAPL = \"1000000\" }";
    let text = CONFIGURATION.replace(held, "positions = { AAPL = \"1000000\", JUMPY = \"1000\" }");
    std::fs::write(home.config(), text + NERVOUS).expect("it is writable");
    let server = home.start();
    let mut quiet = Client::logged_on("CLIENT1", server.address());
    let mut busy = Client::logged_on("CLIENT2", server.address());
    order(&mut busy, "s1", "54=2|44=10|");
    order(&mut busy, "b1", "54=1|44=10|");
    for _ in 0..2 {
        busy.expect("8").assert_has("150=F");
    }
    order(&mut busy, "s2", "54=2|44=20|");
    order(&mut busy, "b2", "54=1|44=20|");
    for client in [&mut busy, &mut quiet] {
        client.expect("B").assert_has("148=MARKET_STATE|61=1|33=1|58=JUMPY: volatility auction");
    }
    server.stop_after([quiet, busy]);
    home.assert_sound();
}
