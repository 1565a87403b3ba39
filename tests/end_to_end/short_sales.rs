//! Short sales over FIX: located by two persons, borrowed, bought back, kept across a crash, ended with their locate.

use crate::client::Client;
use crate::instance::{Home, Server};
use crate::session_commands::{administrators, command, home};
use crate::wire::utc_now;
use std::path::Path;

/// 705 of FIN, what an account is short of AAPL.
#[track_caller]
fn short_position(client: &mut Client, id: &str) -> String {
    client.send(
        "AN",
        &format!(
            "1=FIRM3|55=AAPL|60={}|263=0|453=1|448=FIRM3|447=D|452=1|581=1|710={id}|715={}|724=0|",
            utc_now(),
            &utc_now()[..8]
        ),
    );
    client.expect("AO").assert_has("728=0");
    let text = format!("{:?}", client.expect("AP"));
    let (_, end) = text.split_once("703=FIN|").expect("a position at the end");
    let (_, short) = end.split_once("705=").expect("short");
    short.split('|').next().expect("a quantity").to_owned()
}

fn locate(server: &Server, token: &Path, args: &[&str]) {
    command(server, token, &[&["risk", "locate"], args].concat()).assert_code(0);
}

#[test]
fn locate_reqd_is_asked_of_short_sales_where_the_regime_says_so_and_locates_nothing() {
    let home = Home::with("\n[[regime]]\naccounts = [\"FIRM3\"]\nfields = [114]\n");
    let server = home.start();
    let mut seller = Client::logged_on("CLIENT3", server.address());
    let mut other = Client::logged_on("CLIENT2", server.address());
    let rest = "38=1|40=2|44=100|";
    seller
        .order("a", &format!("54=5|{rest}"))
        .assert_has("35=j|380=5|372=D|58=Conditionally Required Field Missing (114)");
    for (id, said) in [("b", "Y"), ("c", "N")] {
        let refused = seller.order(id, &format!("54=5|114={said}|{rest}"));
        refused.assert_has("150=8|103=11");
        assert!(refused.value(58).starts_with("SHORT_LOCATE: "), "{refused:?}");
    }
    seller.order("d", &format!("54=5|114=X|{rest}")).assert_has("35=3|371=114|373=6");
    // 114 is asked of side 5 only; side 6 needs the locate all the same.
    seller.order("e", &format!("54=6|{rest}")).assert_has("35=8|150=8|103=11");
    seller.order("f", &format!("54=1|{rest}")).assert_has("35=8|150=0");
    // An account without the regime is not asked.
    other.order("g", &format!("54=5|{rest}")).assert_has("35=8|150=8|103=11");
    server.stop_after([seller, other]);
    home.assert_sound();
}

#[test]
fn what_two_persons_located_is_sold_short_once_and_survives_a_crash() {
    let home = home();
    let server = home.start();
    let [ann, bob] = administrators(&home, &server);
    let mut seller = Client::logged_on("CLIENT3", server.address());
    let mut buyer = Client::logged_on("CLIENT2", server.address());
    let short = "54=5|114=Y|38=60|40=2|44=100|";
    let refused = seller.order("a", short);
    refused.assert_has("150=8|103=11");
    assert!(refused.value(58).starts_with("SHORT_LOCATE: "), "{refused:?}");
    let proposal = [
        &["propose", "l-1", "--firm", "FIRM3", "--symbol", "AAPL", "--qty", "100", "--lender", "Prime"][..],
        &["--until", "2100-01-01T00:00:00Z", "--reason", "easy to borrow"],
    ]
    .concat();
    locate(&server, &ann, &proposal);
    command(&server, &ann, &["risk", "locate", "approve", "l-1", "--reason", "mine"]).assert_code(1);
    seller.order("b", short).assert_has("150=8|103=11");
    locate(&server, &bob, &["approve", "l-1", "--reason", "seen"]);

    buyer.order("bid", "54=1|38=60|40=2|44=100|").assert_has("150=0");
    seller.order("c", short).assert_has("150=0|54=5");
    seller.expect("8").assert_has("150=F|54=5|32=60");
    buyer.expect("8").assert_has("150=F");
    seller.order("d", "54=6|38=41|40=2|44=101|").assert_has("150=8|103=11");
    seller.order("e", "54=6|38=40|40=2|44=101|").assert_has("150=0|54=6");
    assert_eq!(short_position(&mut seller, "p1"), "60");
    drop((seller.hang_up(), buyer.hang_up()));
    server.kill_9();

    let server = home.start();
    for client in [&mut seller, &mut buyer] {
        client.connect(server.address());
        client.logon();
    }
    assert_eq!(short_position(&mut seller, "p2"), "60");
    seller.order("f", "54=5|38=1|40=2|44=100|").assert_has("150=8|103=11");
    // What the sale brought buys it back, and nothing else: 1,000 are the account's own.
    buyer.order("offer", "54=2|38=60|40=2|44=99|").assert_has("150=0");
    seller.order("g", "54=1|38=60|40=2|44=99|").assert_has("150=0");
    seller.expect("8").assert_has("150=F|39=2");
    buyer.expect("8").assert_has("150=F");
    locate(&server, &bob, &["release", "l-1", "--reason", "the lender called"]);
    let ended = seller.expect("8");
    ended.assert_has("150=4|39=4|11=e|54=6");
    assert!(ended.value(58).starts_with("SHORT_LOCATE"), "{ended:?}");
    seller.order("h", "54=5|38=1|40=2|44=100|").assert_has("150=8|103=11");
    server.stop_after([seller, buyer]);
    home.assert_sound();
}
