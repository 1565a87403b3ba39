//! Market data: V, W, X, Y (section 7.3 of the rules of engagement), A-01, A-25, A-30, R-16.

use crate::client::Client;
use crate::instance::{Home, Server};
use crate::wire::{Message, utc_now};
use std::collections::BTreeMap;

const SESSION: &str = r#"
[[session]]
comp_id = "SCREEN"
firm = "FIRM1"
kind = "market_data"
throttle = { per_s = 100000 }
market_data = { symbols_max = 3 }
"#;

fn home() -> Home {
    Home::with(SESSION)
}

/// A MarketDataRequest(V) for AAPL.
fn request(id: &str, kind: u8, depth: u32, types: &str) -> String {
    let listed: String = types.chars().map(|kind| format!("269={kind}|")).collect();
    let update = if kind == 1 { "265=1|" } else { "" };
    let count = types.len();
    format!("262={id}|263={kind}|264={depth}|{update}267={count}|{listed}146=1|55=AAPL|")
}

/// What a subscriber knows: values of 271 (or 270 where there is no size) by 269 and price, and of 269 alone for the rest.
#[derive(Debug, Default, PartialEq)]
struct Screen {
    levels: BTreeMap<(String, String), (String, String)>,
    trades: BTreeMap<String, String>,
    figures: BTreeMap<String, String>,
    messages: usize,
}

impl Screen {
    /// Takes a W or X in.
    fn read(&mut self, message: &Message) {
        let is_full = message.msg_type() == "W";
        assert!(is_full || message.msg_type() == "X", "{message:?}");
        if is_full {
            (self.levels, self.figures) = Default::default();
        }
        self.messages += 1;
        let first = if is_full { 269 } else { 279 };
        for entry in entries(message, first) {
            let value = |tag: u32| entry.get(&tag).cloned().unwrap_or_default();
            let gone = value(279) == "2";
            match value(269).as_str() {
                "0" | "1" => {
                    let place = (value(269), value(270));
                    let known = self.levels.contains_key(&place);
                    assert!(
                        is_full || known == (value(279) != "0"),
                        "an entry comes once and goes once: {message:?}"
                    );
                    match gone {
                        true => drop(self.levels.remove(&place)),
                        false => drop(self.levels.insert(place, (value(271), value(346)))),
                    }
                }
                "2" => {
                    let id = if is_full { "last".to_owned() } else { value(278) };
                    drop(self.trades.insert(id, format!("{}@{}", value(271), value(270))));
                }
                kind => drop(self.figures.insert(kind.to_owned(), value(270) + &value(271))),
            }
        }
    }

    /// Bids, the best first, then offers: `qty@price/orders`.
    fn book(&self) -> String {
        let side = |kind: &str| {
            let mut levels: Vec<_> = self.levels.iter().filter(|((k, _), _)| k == kind).collect();
            levels.sort_by_key(|((_, price), _)| {
                let cents = (price.parse::<f64>().expect("a price") * 100.0).round() as i64;
                if kind == "0" { -cents } else { cents }
            });
            let texts = levels.iter().map(|((_, price), (qty, orders))| format!("{qty}@{price}/{orders}"));
            texts.collect::<Vec<_>>().join(" ")
        };
        format!("{} | {}", side("0"), side("1"))
    }

    /// Reads until it shows `book`.
    #[track_caller]
    fn until(&mut self, client: &mut Client, book: &str) {
        while self.book() != book {
            let message = client.receive();
            self.read(&message);
        }
    }
}

/// Each look waits for an answer that waits for the disk: so many take longer than anything may.
fn next_look(look: u32) -> u32 {
    const LOOKS_MAX: u32 = 100_000;
    assert!(look < LOOKS_MAX, "it never shows what it should");
    look + 1
}

/// Entries of a repeating group, each of which begins with `first`.
fn entries(message: &Message, first: u32) -> Vec<BTreeMap<u32, String>> {
    let text = format!("{message:?}");
    let mut entries: Vec<BTreeMap<u32, String>> = Vec::new();
    let mut inside = false;
    for field in text.split('|') {
        let Some((tag, value)) = field.split_once('=') else { continue };
        let Ok(tag) = tag.parse::<u32>() else { continue };
        inside |= tag == 268;
        if inside && tag == first {
            entries.push(BTreeMap::new());
        }
        if let Some(entry) = entries.last_mut()
            && tag != 10
        {
            entry.insert(tag, value.to_owned());
        }
    }
    let count: usize = message.value(268).parse().expect("a count");
    assert_eq!(entries.len(), count, "{text}");
    entries
}

/// A trader with AAPL to sell, and orders that rest.
fn trader(server: &Server) -> Client {
    let mut trader = Client::logged_on("CLIENT1", server.address());
    for (id, terms) in [
        ("b1", "54=1|38=100|40=2|44=9.9|"),
        ("b2", "54=1|38=50|40=2|44=9.9|"),
        ("b3", "54=1|38=10|40=2|44=9.8|"),
        ("s1", "54=2|38=70|40=2|44=10.1|"),
    ] {
        trader.order(id, terms).assert_has("150=0");
    }
    trader
}

fn cancel(trader: &mut Client, id: &str, orig: &str, side: u8) {
    trader.send("F", &format!("11={id}|41={orig}|55=AAPL|54={side}|60={}|", utc_now()));
    // Fills of what traded before come first.
    while trader.expect("8").value(150) != "4" {}
}

const RESTING: &str = "150@9.9/2 10@9.8/1 | 70@10.1/1";

#[test]
fn a_02_v_gets_a_snapshot_of_the_book_and_of_the_day() {
    let home = home();
    let server = home.start();
    let mut trader = trader(&server);
    let mut screen = Client::logged_on("SCREEN", server.address());
    let mut all = Screen::default();
    // The book is told every 10 ms, so the first look may still show less.
    let mut look = 0;
    while all.book() != RESTING {
        look = next_look(look);
        screen.send("V", &request(&format!("s{look}"), 0, 0, "0124578B"));
        all.read(&screen.expect("W"));
    }
    assert_eq!((all.trades.len(), all.figures.len()), (0, 0));
    trader.order("b4", "54=1|38=20|40=2|44=10.1|").assert_has("150=0");
    while all.figures.get("B").map(String::as_str) != Some("20") {
        look = next_look(look);
        screen.send("V", &request(&format!("s{look}"), 0, 5, "0124578B"));
        all.read(&screen.expect("W"));
    }
    assert_eq!(all.trades["last"], "20@10.1");
    let figure = |kind: &str| all.figures.get(kind).map(String::as_str);
    assert_eq!(
        [figure("4"), figure("5"), figure("7"), figure("8")],
        [Some("10.1"), None, Some("10.1"), Some("10.1")]
    );
    server.stop_after([trader, screen]);
}

#[test]
fn a_02_a_subscriber_is_told_every_change_of_the_book() {
    let home = home();
    let server = home.start();
    let mut screen = Client::logged_on("SCREEN", server.address());
    screen.send("V", &request("f", 1, 0, "012"));
    let mut full = Screen::default();
    let first = screen.expect("W");
    first.assert_has("262=f|55=AAPL|268=0");
    full.read(&first);
    let mut trader = trader(&server);
    full.until(&mut screen, RESTING);
    cancel(&mut trader, "c1", "b1", 1);
    full.until(&mut screen, "50@9.9/1 10@9.8/1 | 70@10.1/1");
    trader.order("b4", "54=1|38=70|40=2|44=10.1|").assert_has("150=0");
    full.until(&mut screen, "50@9.9/1 10@9.8/1 | ");
    while full.trades.is_empty() {
        let message = screen.receive();
        full.read(&message);
    }
    assert_eq!(full.trades.values().collect::<Vec<_>>(), ["70@10.1"]);

    screen.send("V", "262=f|263=2|264=0|267=1|269=0|146=1|55=AAPL|");
    cancel(&mut trader, "c2", "b2", 1);
    // Nothing comes but what is asked for, until that shows the change.
    let (mut once, mut look) = (Screen::default(), 0);
    while once.book() != "10@9.8/1 | " {
        look = next_look(look);
        screen.send("V", &request(&format!("s{look}"), 0, 0, "01"));
        once.read(&screen.expect("W"));
    }
    server.stop_after([trader, screen]);
}

#[test]
fn a_25_a_depth_shows_so_many_levels_and_the_top_one() {
    let home = home();
    let server = home.start();
    let mut screen = Client::logged_on("SCREEN", server.address());
    screen.send("V", &request("top", 1, 1, "01"));
    let mut top = Screen::default();
    top.read(&screen.expect("W"));
    let mut trader = trader(&server);
    top.until(&mut screen, "150@9.9/ | 70@10.1/");
    cancel(&mut trader, "c1", "b1", 1);
    cancel(&mut trader, "c2", "b2", 1);
    top.until(&mut screen, "10@9.8/ | 70@10.1/");
    trader.order("b5", "54=1|38=30|40=2|44=9.7|").assert_has("150=0");
    trader.order("b6", "54=1|38=30|40=2|44=10|").assert_has("150=0");
    top.until(&mut screen, "30@10/ | 70@10.1/");
    server.stop_after([trader, screen]);
}

#[test]
fn a_25_with_full_refreshes_every_change_is_a_snapshot() {
    let home = home();
    let server = home.start();
    let mut screen = Client::logged_on("SCREEN", server.address());
    screen.send("V", &request("w", 1, 10, "01").replace("265=1", "265=0"));
    let mut book = Screen::default();
    let trader = trader(&server);
    while book.book() != RESTING {
        book.read(&screen.expect("W"));
    }
    server.stop_after([trader, screen]);
}

#[test]
fn a_25_subscriptions_are_gone_after_logon_and_books_are_there_after_a_crash() {
    let home = home();
    let server = home.start();
    let trader = trader(&server);
    let mut screen = Client::logged_on("SCREEN", server.address());
    screen.send("V", &request("f", 1, 0, "01"));
    Screen::default().until(&mut screen, RESTING);
    drop((trader, screen.hang_up()));
    server.kill_9();

    let server = home.start();
    screen.connect(server.address());
    screen.logon();
    screen.assert_alive();
    // The same id is free again, and what rested before the crash is what is shown.
    screen.send("V", &request("f", 1, 0, "01"));
    let mut again = Screen::default();
    again.read(&screen.expect("W"));
    again.until(&mut screen, RESTING);
    server.stop_after([screen]);
    home.assert_sound();
}

#[test]
fn a_25_who_reads_slowly_comes_to_the_present_all_the_same() {
    let home = home();
    let server = home.start();
    let mut screen = Client::logged_on("SCREEN", server.address());
    screen.send("V", &request("f", 1, 0, "01"));
    let mut trader = Client::logged_on("CLIENT1", server.address());
    for n in 0..200 {
        let price = 5 + n % 4;
        trader.order(&format!("b{n}"), &format!("54=1|38=10|40=2|44={price}|")).assert_has("150=0");
    }
    let mut book = Screen::default();
    book.until(&mut screen, "500@8/50 500@7/50 500@6/50 500@5/50 | ");
    server.stop_after([trader, screen]);
}

/// A server whose AAPL tells of single orders, and a SCREEN that may see them.
fn telling() -> Home {
    home()
        .changed("symbols_max = 3", "symbols_max = 3, single_orders = true")
        .changed("symbol = \"AAPL\"", "symbol = \"AAPL\"\nsingle_orders = true")
}

/// Orders as one who follows W and X has them, `qty@price` by OrderID(37), bids then offers.
#[derive(Debug, Default)]
struct Orders([Vec<(String, String)>; 2]);

impl Orders {
    fn read(&mut self, message: &Message) {
        let is_full = message.msg_type() == "W";
        if is_full {
            *self = Self::default();
        }
        for entry in entries(message, if is_full { 269 } else { 279 }) {
            let value = |tag: u32| entry.get(&tag).cloned().unwrap_or_default();
            let side = &mut self.0[usize::from(value(269) == "1")];
            let id = value(37);
            assert!(is_full || value(278) == format!("{}-{id}", value(269)), "{message:?}");
            side.retain(|(known, _)| *known != id);
            if value(279) != "2" {
                let place: usize = value(290).parse().expect("a place");
                side.insert(place - 1, (id, format!("{}@{}", value(271), value(270))));
            }
        }
    }

    fn until(&mut self, client: &mut Client, bids: &[(&str, &str)], offers: &[(&str, &str)]) {
        let said = |side: &[(&str, &str)]| -> Vec<_> {
            side.iter().map(|(id, order)| ((*id).to_owned(), (*order).to_owned())).collect()
        };
        let wanted = [said(bids), said(offers)];
        while self.0 != wanted {
            let message = client.receive();
            for hidden in ["|1=", "|11=", "|49=CLIENT", "|109=", "|288=", "|289=", "|453="] {
                assert!(!format!("{message:?}").contains(hidden), "{message:?}");
            }
            self.read(&message);
        }
    }
}

#[test]
fn a_02_266_n_shows_single_orders_and_not_whose_they_are() {
    let home = telling();
    let server = home.start();
    let mut trader = Client::logged_on("CLIENT1", server.address());
    let mut place = |id: &str, terms: &str| trader.order(id, terms).value(37).to_owned();
    let b1 = place("b1", "54=1|38=100|40=2|44=9.9|");
    let b2 = place("b2", "54=1|38=50|40=2|44=9.9|");
    let b3 = place("b3", "54=1|38=10|40=2|44=9.8|");
    let s1 = place("s1", "54=2|38=70|40=2|44=10.1|");
    let mut screen = Client::logged_on("SCREEN", server.address());
    screen.send("V", &request("f", 1, 0, "01").replace("264=0|", "264=0|266=N|"));
    let mut book = Orders::default();
    let resting = [(&*b1, "100@9.9"), (&*b2, "50@9.9"), (&*b3, "10@9.8")];
    book.until(&mut screen, &resting, &[(&s1, "70@10.1")]);
    cancel(&mut trader, "c1", "b1", 1);
    book.until(&mut screen, &[(&b2, "50@9.9"), (&b3, "10@9.8")], &[(&s1, "70@10.1")]);
    trader.order("b4", "54=1|38=20|40=2|44=10.1|").assert_has("150=0");
    book.until(&mut screen, &[(&b2, "50@9.9"), (&b3, "10@9.8")], &[(&s1, "50@10.1")]);

    let not_told = request("n", 0, 0, "0").replace("264=0|", "264=0|266=N|").replace("AAPL", "NOREF");
    screen.send("V", &not_told);
    screen.expect("Y").assert_has("262=n|281=7");
    server.stop_after([trader, screen]);
}

#[test]
fn a_02_what_is_not_to_be_had_is_rejected_with_its_reason() {
    let home = home();
    let server = home.start();
    let mut screen = Client::logged_on("SCREEN", server.address());
    screen.send("V", &request("live", 1, 1, "0"));
    screen.expect("W");
    let good = request("r", 0, 1, "0");
    for (body, reason, code) in [
        (good.replace("55=AAPL", "55=NOSUCH"), "0", "UNKNOWN_SYMBOL: "),
        (good.replace("262=r", "262=live"), "1", "DUP_MDREQID: "),
        (good.replace("264=1", "264=3"), "5", "UNSUPPORTED_SCOPE: "),
        (good.replace("264=1|", "264=1|266=N|"), "7", "UNSUPPORTED_SCOPE: "),
        (good.replace("269=0", "269=9"), "8", "UNSUPPORTED_SCOPE: "),
    ] {
        screen.send("V", &body);
        let refused = screen.expect("Y");
        refused.assert_has(&format!("281={reason}"));
        assert!(refused.value(58).starts_with(code), "{refused:?}");
    }
    // Three symbols are the limit, and one is subscribed to.
    screen.send("V", &good.replace("262=r|263=0|", "262=r2|263=1|265=1|"));
    screen.expect("W").assert_has("262=r2");
    let two = good.replace("146=1|55=AAPL|", "146=2|55=AAPL|55=NOREF|");
    screen.send("V", &two.replace("262=r", "262=r3"));
    let refused = screen.expect("Y");
    refused.assert_has("262=r3|281=2");
    assert!(refused.value(58).starts_with("TOO_MANY_SUBSCRIPTIONS: "), "{refused:?}");

    screen.send("V", &good.replace("263=0", "263=2"));
    let unknown = screen.expect("j");
    unknown.assert_has("372=V|379=r|380=1");
    assert!(unknown.value(58).starts_with("UNKNOWN_MDREQID: "), "{unknown:?}");
    screen.send("V", &good.replace("263=0", "263=1"));
    screen.expect("j").assert_has("372=V|379=r|380=5");
    server.stop_after([screen]);
}

#[test]
fn a_01_a_market_data_session_sends_no_orders_and_needs_to_be_entitled() {
    let home = home()
        .changed("kind = \"market_data\"", "kind = \"market_data\"\nentitlements = [\"reference_data\"]");
    let server = home.start();
    let mut screen = Client::logged_on("SCREEN", server.address());
    let order = format!("11=a|1=FIRM1|55=AAPL|54=1|38=1|40=2|44=10|60={}|", utc_now());
    screen.send("D", &order);
    screen.expect("j").assert_has("372=D|380=3");
    screen.send("H", "11=a|55=AAPL|54=1|");
    screen.expect("j").assert_has("372=H|380=3");
    screen.send("V", &request("v", 0, 1, "0"));
    let refused = screen.expect("j");
    refused.assert_has("372=V|380=6");
    assert!(refused.value(58).starts_with("NOT_ENTITLED"), "{refused:?}");
    screen.send("x", "320=x1|559=4|");
    screen.expect("y").assert_has("320=x1|560=0");
    server.stop_after([screen]);
}

#[test]
fn a_30_a_request_over_the_rate_is_rejected_with_reason_2() {
    let home = home().changed(
        "throttle = { per_s = 100000 }\nmarket_data",
        "throttle = { per_s = 1, burst = 1 }\nmarket_data",
    );
    let server = home.start();
    let mut screen = Client::logged_on("SCREEN", server.address());
    // In one segment, so that no second passes between the two.
    let mut bytes = Vec::new();
    for id in ["one", "two", "three"] {
        let seq = screen.keep("V", &request(id, 0, 1, "0"));
        bytes.extend(screen.bytes(seq, ""));
    }
    screen.send_bytes(&bytes);
    let mut refused = 0;
    for _ in 0..3 {
        let answer = screen.receive();
        if answer.msg_type() == "Y" {
            answer.assert_has("281=2");
            assert!(answer.value(58).starts_with("RATE_LIMIT: "), "{answer:?}");
            refused += 1;
        }
    }
    assert!(refused > 0, "three at once are more than one a second");
    server.stop_after([screen]);
}

#[test]
fn r_16_market_data_is_gap_filled_on_resend() {
    let home = home();
    let server = home.start();
    let trader = trader(&server);
    let mut screen = Client::logged_on("SCREEN", server.address());
    screen.send("V", &request("a", 0, 1, "0"));
    let shown = screen.expect("W").seq();
    screen.send("2", &format!("7={shown}|16={shown}|"));
    let filled = screen.receive_any().expect("an answer");
    filled.assert_has(&format!("35=4|34={shown}|43=Y|123=Y|36={}", shown + 1));
    screen.assert_alive();
    server.stop_after([trader, screen]);
}
