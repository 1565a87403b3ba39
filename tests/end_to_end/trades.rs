//! Trades undone and priced anew by operations (M-26, M-27), from the command to the reports, the books and the drop copy.

use crate::client::Client;
use crate::desk::assert_row;
use crate::instance::{Home, Server, assay, run};
use crate::session_commands::{administrators, answer, command, home, member};
use crate::wire::{Message, utc_now};

const COPY: &str = "\n[[session]]\ncomp_id = \"COPY1\"\nfirm = \"FIRM1\"\nkind = \"drop_copy\"\n";

/// A market that operations stop and start between the counterparties' messages.
struct Market {
    home: Home,
    client: Client,
    other: Client,
}

impl Market {
    fn new() -> Self {
        Self { home: Home::with(COPY), client: Client::new("CLIENT1"), other: Client::new("CLIENT2") }
    }

    fn start(&mut self) -> Server {
        let server = self.home.start();
        for client in [&mut self.client, &mut self.other] {
            client.connect(server.address());
            client.logon();
        }
        server
    }

    /// Everybody logs out before, so that both sides agree on their numbers.
    fn stop(&mut self, server: Server) {
        log_out(&mut self.client);
        log_out(&mut self.other);
        server.stop();
    }

    /// `assay trade ...` while the node is stopped.
    fn operate(&self, what: &[&str]) -> crate::instance::Ended {
        let mut command = assay(&["trade"]);
        command.args(what).arg("--config").arg(self.home.config()).arg("--data-dir").arg(self.home.data());
        run(command)
    }

    fn bust(&self, exec_id: &str) {
        let who = ["--by", "ann", "--approved-by", "bob", "--reason", "wrong button"];
        self.operate(&[&["bust", "--exec-id", exec_id][..], &who[..]].concat()).assert_code(0);
    }

    fn correct(&self, exec_id: &str, price: &str) {
        let who = ["--by", "ann", "--approved-by", "bob", "--reason", "wrong price"];
        self.operate(&[&["correct", "--exec-id", exec_id, "--price", price][..], &who[..]].concat())
            .assert_code(0);
    }
}

pub(crate) fn log_out(client: &mut Client) {
    client.send("5", "");
    while client.receive().msg_type() != "5" {}
    drop(client.hang_up());
}

/// The next 8, whatever the engine asks before it sends what waited.
#[track_caller]
pub(crate) fn told(client: &mut Client) -> Message {
    loop {
        let message = client.receive();
        match message.msg_type() {
            "8" => return message,
            "1" => _ = client.send("0", &format!("112={}|", message.value(112))),
            _ => {}
        }
    }
}

/// Long and short of FIN, and the cash that is left, by what can be bought with it.
fn position(client: &mut Client, firm: &str, id: &str) -> String {
    client.send(
        "AN",
        &format!(
            "1={firm}|55=AAPL|60={}|263=0|453=1|448={firm}|447=D|452=1|581=1|710={id}|715={}|724=0|",
            utc_now(),
            &utc_now()[..8]
        ),
    );
    client.expect("AO").assert_has("728=0");
    let report = client.expect("AP");
    let text = format!("{report:?}");
    let (_, fin) = text.split_once("703=FIN|704=").expect("a position that is held");
    fin.split('|').next().expect("a quantity").to_owned()
}

#[test]
fn m_26_trade_cancel() {
    let mut market = Market::new();
    let server = market.start();
    assert_row(&market.client.order("a", "54=1|38=100|40=2|44=10|"), "a 0/0 100 0 100 0");
    market.other.order("s", "54=2|38=30|40=2|44=10|");
    market.other.expect("8");
    let fill = told(&mut market.client);
    assert_row(&fill, "a F/1 100 30 70 10");
    assert_eq!(position(&mut market.client, "FIRM1", "p1"), "1000030");
    market.stop(server);
    market.bust(fill.value(17));

    let server = market.start();
    let busted = told(&mut market.client);
    assert_row(&busted, "a H/0 100 0 100 0");
    busted.assert_has(&format!("19={}|31=10|32=30", fill.value(17)));
    assert_ne!(busted.value(17), fill.value(17));
    let theirs = told(&mut market.other);
    assert_row(&theirs, "s H/4 30 0 0 0");
    assert_eq!(position(&mut market.client, "FIRM1", "p2"), "1000000");
    assert_eq!(position(&mut market.other, "FIRM2", "p2"), "1000000");
    // The order has its quantity back and trades all of it.
    market.other.order("t", "54=2|38=100|40=2|44=10|").assert_has("150=0");
    market.other.expect("8").assert_has("150=F|39=2");
    assert_row(&told(&mut market.client), "a F/2 100 100 0 10");
    // Fill recovery tells fills and what became of them, in order.
    market.client.send("AF", "584=r|585=7|9705=0|");
    for (exec_type, last) in [("F", "N"), ("H", "N"), ("F", "Y")] {
        market.client.expect("8").assert_has(&format!("97=Y|150={exec_type}|584=r|911=3|912={last}"));
    }
    // And so does the drop copy.
    let mut copy = Client::logged_on("COPY1", server.address());
    let copies: Vec<Message> = (0..4).map(|_| told(&mut copy)).collect();
    let types: Vec<&str> = copies.iter().map(|copy| copy.value(150)).collect();
    assert_eq!(types, ["0", "F", "H", "F"]);
    copies[2].assert_has(&format!("797=Y|115=CLIENT1|19={}|17={}", fill.value(17), busted.value(17)));
    drop(copy);
    market.stop(server);

    // It stays undone: a second time is refused, and nobody hears of it.
    market.bust(fill.value(17));
    market.bust(fill.value(17));
    let server = market.start();
    market.client.assert_alive();
    market.stop(server);
    market.home.assert_sound();
}

#[test]
fn m_26_trade_cancel_of_closed_orders_and_m_27_trade_correct() {
    let mut market = Market::new();
    let server = market.start();
    market.client.order("a", "54=1|38=100|40=2|44=10|").assert_has("150=0");
    market.other.order("s", "54=2|38=30|40=2|44=10|");
    market.other.expect("8");
    let fill = told(&mut market.client);
    market.stop(server);
    market.correct(fill.value(17), "9");

    let server = market.start();
    let corrected = told(&mut market.client);
    assert_row(&corrected, "a G/1 100 30 70 9");
    corrected.assert_has(&format!("19={}|31=9|32=30", fill.value(17)));
    assert_row(&told(&mut market.other), "s G/2 30 30 0 9");
    market.client.send("F", &format!("11=x|41=a|55=AAPL|54=1|60={}|", utc_now()));
    assert_row(&told(&mut market.client), "x,a 4/4 100 30 0 9");
    market.stop(server);
    market.bust(fill.value(17));

    let server = market.start();
    let busted = told(&mut market.client);
    assert_row(&busted, "a H/4 100 0 0 0");
    busted.assert_has(&format!("19={}|31=9|32=30", corrected.value(17)));
    assert_row(&told(&mut market.other), "s H/4 30 0 0 0");
    assert_eq!(position(&mut market.client, "FIRM1", "p"), "1000000");
    market.stop(server);
    market.home.assert_sound();
}

#[test]
fn undoing_a_trade_takes_two_persons_a_reason_and_a_trade() {
    let mut market = Market::new();
    let server = market.start();
    let new = market.client.order("a", "54=1|38=100|40=2|44=10|");
    market.stop(server);
    let ask = |exec_id: &str, approved_by: &str, reason: &str| {
        let who = ["--exec-id", exec_id, "--by", "ann", "--approved-by", approved_by, "--reason", reason];
        market.operate(&[&["bust"][..], &who[..]].concat())
    };
    for (exec_id, approved_by, reason) in
        [(new.value(17), "ann", "x"), (new.value(17), "bob", " "), (new.value(17), "bob", "no trade")]
    {
        let ended = ask(exec_id, approved_by, reason);
        assert_ne!(ended.code, Some(0), "{ended:?}");
        assert!(ended.stderr.starts_with("assay: "), "{ended:?}");
    }
}

#[test]
fn m_26_m_27_on_a_running_node_by_two_persons() {
    let home = home();
    let server = home.start();
    let admins = administrators(&home, &server);
    let [olga, oskar] =
        ["olga", "oskar"].map(|name| member(&home, &server, &admins, name, ("operations", None)));
    let [mut client, mut other] = ["CLIENT1", "CLIENT2"].map(|id| Client::logged_on(id, server.address()));
    client.order("a", "54=1|38=100|40=2|44=10|").assert_has("150=0");
    other.order("s", "54=2|38=30|40=2|44=10|");
    other.expect("8");
    let fill = told(&mut client);
    let propose = |what: &[&str]| {
        let args = [&["trade", "propose", fill.value(17)], what, &["--reason", "wrong button"]].concat();
        answer(&command(&server, &olga, &args))["proposal"].as_str().expect("it waits").to_owned()
    };
    let approve = |token, proposal: &str| {
        command(&server, token, &["proposal", "approve", proposal, "--reason", "checked"])
    };
    let (corrected, busted, late) = (propose(&["--price", "9"]), propose(&["--bust"]), propose(&["--bust"]));
    approve(&olga, &corrected).assert_code(1);
    approve(&oskar, &corrected).assert_code(0);
    let correction = told(&mut client);
    assert_row(&correction, "a G/1 100 30 70 9");
    correction.assert_has(&format!("19={}|31=9|32=30", fill.value(17)));
    assert_row(&told(&mut other), "s G/2 30 30 0 9");
    approve(&oskar, &busted).assert_code(0);
    let bust = told(&mut client);
    assert_row(&bust, "a H/0 100 0 100 0");
    bust.assert_has(&format!("19={}|31=9|32=30", correction.value(17)));
    assert_row(&told(&mut other), "s H/4 30 0 0 0");
    assert_eq!(position(&mut client, "FIRM1", "p"), "1000000");
    let ended = approve(&oskar, &late);
    assert!(ended.assert_code(1).stderr.contains("the trade was undone before"), "{ended:?}");
    command(&server, &olga, &["trade", "propose", fill.value(17), "--reason", "neither"]).assert_code(2);
    server.stop_after([client, other]);
    home.assert_sound();
}
