//! Brokers on QuickFIX C++: orders go from a FIX client through Assay to them, and what becomes of them comes back. Between Assay
//! and each broker is a line that can be cut.

use assay_interop::{Line, QuickFixBroker, RawPeer, Server, Way, field, free_port, server_binary};
use std::path::Path;
use tempfile::TempDir;

/// What our node calls its brokers, in the order of the route.
const NAMES: [&str; 2] = ["B1", "B2"];

/// A client, our node, and its brokers.
struct Floor {
    client: RawPeer,
    server: Server,
    lines: Vec<Line>,
    brokers: Vec<QuickFixBroker>,
    /// Dropped last: all of the above write there.
    _dir: TempDir,
}

impl Floor {
    fn new() -> Self {
        Self::of(1, "")
    }

    /// So many brokers that are logged on, with these settings each.
    fn of(count: usize, settings: &str) -> Self {
        let floor = Self::prepared(count, settings, |_, _| {});
        NAMES[..count].iter().for_each(|name| floor.server.wait_venue(name, true));
        floor
    }

    /// Before our node starts, `prepare` sees to each broker.
    fn prepared(count: usize, settings: &str, prepare: impl Fn(&Line, &mut QuickFixBroker)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let program = Path::new(env!("CARGO_BIN_EXE_quickfix_venue"));
        let (mut lines, mut brokers, mut routes) = (Vec::new(), Vec::new(), Vec::new());
        for name in &NAMES[..count] {
            let files = dir.path().join(name);
            std::fs::create_dir(&files).unwrap();
            let port = free_port();
            let mut broker = QuickFixBroker::open(program, &files, port);
            let line = Line::to(port);
            prepare(&line, &mut broker);
            routes.push((*name, line.port(), settings));
            lines.push(line);
            brokers.push(broker);
        }
        let server = Server::start_routed(&server_binary(), dir.path(), &routes);
        let client = RawPeer::log_on_as(server.port(), "CLIENT1", "ASSAY");
        Self { client, server, lines, brokers, _dir: dir }
    }

    fn order(&mut self, id: &str, qty: u32) {
        let body = format!("11={id}|1=FIRM1|21=1|55=AAPL|54=1|38={qty}|40=2|44=100.00|59=0|");
        self.client.ask("D", &body);
    }

    /// An order that its broker takes at once; its OrderID(37).
    #[track_caller]
    fn taken(&mut self, id: &str, qty: u32) -> String {
        self.order(id, qty);
        let told = self.told(&format!("35=8|150=0|39=0|11={id}|38={qty}|14=0|151={qty}"));
        field(&told, 37).unwrap().to_owned()
    }

    fn replace(&mut self, id: &str, orig: &str, qty: u32) {
        let body = format!("11={id}|41={orig}|1=FIRM1|21=1|55=AAPL|54=1|38={qty}|40=2|44=100.00|59=0|");
        self.client.ask("G", &body);
    }

    fn cancel(&mut self, id: &str, orig: &str, qty: u32) {
        self.client.ask("F", &format!("11={id}|41={orig}|55=AAPL|54=1|38={qty}|"));
    }

    /// The client's next message, which has these fields.
    #[track_caller]
    fn told(&mut self, fields: &str) -> String {
        let message = self.client.told();
        assert_has(&message, fields);
        message
    }

    /// The line to the first broker is cut, and both know it.
    fn cut(&mut self) {
        self.lines[0].cut();
        self.server.wait_venue("B1", false);
    }

    /// Our node dies and comes back, and the client with it.
    fn kill_and_restart(&mut self) {
        self.server.kill_9();
        self.server.restart();
        self.client = RawPeer::log_on_as(self.server.port(), "CLIENT1", "ASSAY");
    }

    /// All is over: books, log and proofs are in order.
    fn close(self) {
        drop(self.client);
        self.server.stop_sound();
    }
}

/// Holds a message against fields.
#[track_caller]
fn assert_has(message: &str, fields: &str) {
    for wanted in fields.split('|') {
        let (tag, value) = wanted.split_once('=').unwrap();
        let found = field(message, tag.parse().unwrap());
        // Decimals may have zeros at the end.
        let number = |text: &str| text.parse::<f64>().ok();
        let same = found
            .is_some_and(|found| found == value || number(found).is_some_and(|n| number(value) == Some(n)));
        assert!(same, "{wanted} in {message}");
    }
}

/// How often a broker was given an order, first or again.
fn given(heard: &[String]) -> usize {
    heard.iter().filter(|one| one.starts_with("D ")).count()
}

#[test]
fn orders_trade_and_follow_what_the_broker_undoes() {
    let mut floor = Floor::new();

    // Taken, filled in part, replaced, filled again.
    floor.taken("b1", 100);
    floor.brokers[0].command("fill 40 100");
    floor.told("35=8|150=F|39=1|11=b1|32=40|31=100|14=40|151=60");
    floor.replace("b2", "b1", 80);
    floor.told("35=8|150=5|39=1|11=b2|41=b1|38=80|14=40|151=40");
    floor.brokers[0].command("fill 10 99.99");
    let fill = floor.told("35=8|150=F|39=1|11=b2|32=10|31=99.99|14=50|151=30");

    // Corrected, then undone: each report names the one before.
    floor.brokers[0].command("correct 10 99.98");
    let corrected = floor.told("35=8|150=G|39=1|11=b2|32=10|31=99.98|14=50|151=30");
    assert_eq!(field(&corrected, 19), field(&fill, 17));
    floor.brokers[0].command("bust");
    let busted = floor.told("35=8|150=H|39=1|11=b2|32=10|31=99.98|14=40|151=40");
    assert_eq!(field(&busted, 19), field(&corrected, 17));

    // A fill that becomes a smaller one is undone and filled anew.
    floor.brokers[0].command("fill 10 99");
    floor.told("35=8|150=F|39=1|11=b2|32=10|31=99|14=50|151=30");
    floor.brokers[0].command("correct 8 99");
    floor.told("35=8|150=H|39=1|11=b2|32=10|31=99|14=40|151=40");
    floor.told("35=8|150=F|39=1|11=b2|32=8|31=99|14=48|151=32");
    floor.brokers[0].command("bust");
    floor.told("35=8|150=H|39=1|11=b2|32=8|31=99|14=40|151=40");

    // Our process dies; the broker fills meanwhile.
    floor.server.kill_9();
    floor.brokers[0].command("fill 5 100");
    floor.server.restart();
    floor.client = RawPeer::log_on_as(floor.server.port(), "CLIENT1", "ASSAY");
    floor.told("35=8|150=F|39=1|11=b2|32=5|31=100|14=45|151=35");
    floor.cancel("b3", "b2", 80);
    floor.told("35=8|150=4|39=4|11=b3|41=b2|14=45|151=0");

    // Filled whole, and undone after its end: it stays closed.
    floor.taken("w1", 20);
    floor.brokers[0].command("fill 20 99.5");
    floor.told("35=8|150=F|39=2|11=w1|32=20|31=99.5|14=20|151=0");
    floor.brokers[0].command("bust");
    floor.told("35=8|150=H|39=4|11=w1|32=20|14=0|151=0");
    floor.close();
}

#[test]
fn an_order_that_is_refused_in_any_way_is_refused_to_the_client_and_given_once() {
    let mut floor = Floor::new();
    // By ExecutionReport(8), Reject(3), and BusinessMessageReject(j) without and with the order's id.
    for (id, qty) in [("r8", 13), ("r3", 14), ("rj", 15), ("ri", 16)] {
        floor.order(id, qty);
        let told = floor.told(&format!("35=8|150=8|39=8|11={id}|14=0|151=0"));
        assert!(field(&told, 58).is_some_and(|text| text.starts_with("VENUE_REFUSED")), "{told}");
    }
    // The session lives on.
    floor.taken("good", 10);
    floor.brokers[0].command("fill 10 100");
    floor.told("35=8|150=F|39=2|11=good|14=10|151=0");
    for number in 1..=5 {
        let order = floor.brokers[0].wait_order(number);
        assert_eq!(floor.brokers[0].heard(&order), ["D 1"]);
    }
    floor.close();
}

#[test]
fn a_change_that_is_refused_leaves_the_order_as_it_was() {
    let mut floor = Floor::new();
    let order = floor.taken("c1", 100);
    // By OrderCancelReject(9), then by BusinessMessageReject(j).
    for (mood, cancel, replace) in [("stubborn", "c2", "c3"), ("unable", "c4", "c5")] {
        floor.brokers[0].command(mood);
        floor.cancel(cancel, "c1", 100);
        let told = floor.told(&format!("35=9|434=1|11={cancel}|41=c1|39=0"));
        assert!(field(&told, 58).is_some_and(|text| text.starts_with("VENUE_REFUSED")), "{told}");
        floor.replace(replace, "c1", 50);
        floor.told(&format!("35=9|434=2|11={replace}|41=c1|39=0"));
    }
    floor.brokers[0].command("willing");
    floor.brokers[0].command("fill 60 100");
    floor.told("35=8|150=F|39=1|11=c1|32=60|14=60|151=40");
    floor.replace("c6", "c1", 70);
    floor.told("35=8|150=5|39=1|11=c6|41=c1|38=70|14=60|151=10");
    floor.cancel("c7", "c6", 70);
    floor.told("35=8|150=4|39=4|11=c7|41=c6|14=60|151=0");
    let heard = floor.brokers[0].heard(&order);
    assert_eq!(heard, ["D 1", "F 2", "G 3", "F 4", "G 5", "G 6", "F 7"]);
    floor.close();
}

#[test]
fn a_cancel_that_crosses_the_last_fill_is_too_late() {
    let mut floor = Floor::new();
    let order = floor.taken("x1", 100);
    floor.lines[0].hold(Way::Back);
    floor.brokers[0].command("fill 100 100");
    floor.cancel("x2", "x1", 100);
    floor.brokers[0].wait_heard(&order, "F 2");
    floor.lines[0].mend();
    floor.told("35=8|150=F|39=2|11=x1|32=100|14=100|151=0");
    floor.told("35=9|434=1|11=x2|41=x1|39=2|102=0");
    floor.close();
}

#[test]
fn what_ends_by_itself_at_the_broker_ends_for_the_client() {
    let mut floor = Floor::new();
    for (id, command, fields) in
        [("e1", "expire", "150=C|39=C"), ("e2", "cancel", "150=4|39=4"), ("e3", "done for day", "150=3|39=3")]
    {
        floor.taken(id, 100);
        floor.brokers[0].command("fill 30 100");
        floor.told(&format!("35=8|150=F|39=1|11={id}|14=30|151=70"));
        floor.brokers[0].command(command);
        floor.told(&format!("35=8|{fields}|11={id}|14=30"));
    }
    floor.close();
}

#[test]
fn what_a_broker_repeats_or_says_of_strangers_is_nobodys_fill() {
    let mut floor = Floor::new();
    floor.taken("s1", 100);
    floor.brokers[0].command("fill 40 100");
    floor.told("35=8|150=F|39=1|11=s1|32=40|14=40|151=60");
    floor.brokers[0].command("repeat");
    floor.brokers[0].command("stray");
    floor.brokers[0].command("fill 60 100");
    floor.told("35=8|150=F|39=2|11=s1|32=60|14=100|151=0");
    floor.brokers[0].command("repeat");
    floor.taken("s2", 10);
    floor.brokers[0].command("fill 10 100");
    floor.told("35=8|150=F|39=2|11=s2|32=10|14=10|151=0");
    floor.close();
}

#[test]
fn what_happens_while_the_line_is_cut_is_told_once_it_is_whole() {
    let mut floor = Floor::new();
    let order = floor.taken("a1", 100);
    floor.cut();
    floor.brokers[0].command("fill 40 100");
    floor.brokers[0].command("fill 20 99.5");
    floor.lines[0].mend();
    floor.told("35=8|150=F|39=1|11=a1|32=40|31=100|14=40|151=60");
    let second = floor.told("35=8|150=F|39=1|11=a1|32=20|31=99.5|14=60|151=40");
    floor.brokers[0].wait_heard(&order, "H 1");

    // A bust, and a cancel that has to wait for the line.
    floor.cut();
    floor.brokers[0].command("bust");
    floor.cancel("a2", "a1", 100);
    floor.lines[0].mend();
    let busted = floor.told("35=8|150=H|39=1|11=a1|32=20|31=99.5|14=40|151=60");
    assert_eq!(field(&busted, 19), field(&second, 17));
    floor.told("35=8|150=4|39=4|11=a2|41=a1|14=40|151=0");
    let heard = floor.brokers[0].heard(&order);
    assert_eq!(given(&heard), 1, "{heard:?}");
    floor.close();
}

#[test]
fn an_order_whose_answer_is_lost_is_asked_for_and_not_given_again() {
    let mut floor = Floor::new();
    floor.lose_an_answer(1, "u1", Floor::cut);
    floor.lose_an_answer(2, "u2", Floor::kill_and_restart);
    floor.close();
}

impl Floor {
    /// The answer to the broker's order of that number is lost before `strike`.
    fn lose_an_answer(&mut self, number: usize, id: &str, strike: fn(&mut Self)) {
        self.lines[0].swallow(Way::Back);
        self.order(id, 100);
        let order = self.brokers[0].wait_order(number);
        self.lines[0].wait_vanished("|35=8|");
        self.lines[0].cut();
        strike(self);
        self.lines[0].mend();
        self.told(&format!("35=8|150=0|39=0|11={id}|14=0|151=100"));
        self.brokers[0].wait_heard(&order, "H 1");
        self.brokers[0].command("fill 100 100");
        self.told(&format!("35=8|150=F|39=2|11={id}|14=100|151=0"));
        let heard = self.brokers[0].heard(&order);
        assert_eq!(given(&heard), 1, "{heard:?}");
    }
}

#[test]
fn an_order_that_a_broker_takes_without_a_word_is_asked_for() {
    let mut floor = Floor::of(1, "answer_timeout_s = 1");
    floor.brokers[0].command("mute");
    let order = floor.taken("m1", 20);
    let heard = floor.brokers[0].heard(&order);
    assert_eq!(heard[..2], ["D 1", "H 1"]);
    assert_eq!(given(&heard), 1, "{heard:?}");
    floor.brokers[0].command("fill 20 99.5");
    floor.told("35=8|150=F|39=2|11=m1|32=20|31=99.5|14=20|151=0");
    floor.close();
}

#[test]
fn an_order_that_was_lost_on_the_way_comes_by_the_sessions_resend_and_is_taken_once() {
    let mut floor = Floor::new();
    floor.lines[0].swallow(Way::There);
    floor.order("l1", 100);
    floor.lines[0].wait_vanished("|35=D|");
    floor.cut();
    floor.lines[0].mend();
    let told = floor.told("35=8|150=0|39=0|11=l1|14=0|151=100");
    let order = field(&told, 37).unwrap();
    floor.brokers[0].wait_heard(order, "H 1");
    assert_eq!(given(&floor.brokers[0].heard(order)), 1);
    floor.brokers[0].command("fill 100 100");
    floor.told("35=8|150=F|39=2|11=l1|14=100|151=0");
    floor.close();
}

#[test]
fn an_order_that_no_resend_brings_is_given_again_only_when_the_broker_does_not_know_it() {
    let mut floor = Floor::of(1, "reset_on_logon = true");
    floor.lines[0].swallow(Way::There);
    floor.order("n1", 100);
    floor.lines[0].wait_vanished("|35=D|");
    floor.cut();
    floor.lines[0].mend();
    let told = floor.told("35=8|150=0|39=0|11=n1|14=0|151=100");
    let heard = floor.brokers[0].heard(field(&told, 37).unwrap());
    assert_eq!(heard, ["H 1", "D 1 again"]);
    floor.brokers[0].command("fill 100 100");
    floor.told("35=8|150=F|39=2|11=n1|14=100|151=0");
    floor.close();
}

#[test]
fn an_order_waits_for_a_broker_that_refuses_our_logon() {
    let mut floor = Floor::prepared(1, "", |_, broker| broker.command("refuse logons"));
    floor.brokers[0].wait_logons_refused(1);
    floor.order("g1", 100);
    floor.brokers[0].wait_logons_refused(2);
    floor.brokers[0].command("take logons");
    let told = floor.told("35=8|150=0|39=0|11=g1|14=0|151=100");
    floor.brokers[0].command("fill 100 100");
    floor.told("35=8|150=F|39=2|11=g1|14=100|151=0");
    assert_eq!(given(&floor.brokers[0].heard(field(&told, 37).unwrap())), 1);
    floor.close();
}

#[test]
fn what_was_never_sent_goes_to_the_next_broker_and_what_may_have_been_waits_for_its_own() {
    let mut floor = Floor::prepared(2, "", |line, _| line.cut());
    floor.lines[1].mend();
    floor.server.wait_venue("B2", true);
    let away = floor.taken("f1", 100);
    assert_eq!(floor.brokers[1].heard(&away), ["D 1"]);

    // The first is back: it is preferred, and what is at the second stays there.
    floor.lines[0].mend();
    floor.server.wait_venue("B1", true);
    let home = floor.taken("f2", 100);
    assert_eq!(floor.brokers[0].heard(&home), ["D 1"]);
    floor.cancel("f3", "f1", 100);
    floor.told("35=8|150=4|39=4|11=f3|41=f1|14=0|151=0");

    // The answer of the first is lost: nobody else is given that order, but the next one.
    floor.lines[0].swallow(Way::Back);
    floor.order("f4", 100);
    let doubtful = floor.brokers[0].wait_order(2);
    floor.lines[0].wait_vanished("|35=8|");
    floor.cut();
    let next = floor.taken("f5", 50);
    floor.brokers[1].command("fill 50 100");
    floor.told("35=8|150=F|39=2|11=f5|14=50|151=0");
    assert_eq!(floor.brokers[1].heard(&next), ["D 1"]);
    floor.brokers[0].command("fill 70 100");
    floor.lines[0].mend();
    floor.told("35=8|150=0|39=0|11=f4|14=0|151=100");
    floor.told("35=8|150=F|39=1|11=f4|14=70|151=30");
    assert_eq!(given(&floor.brokers[0].heard(&doubtful)), 1);
    assert_eq!(floor.brokers[1].heard(&doubtful), [""; 0]);
    floor.close();
}
