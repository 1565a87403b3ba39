//! Rows of the state matrices (section 6) in which something is pending, on a session that wishes to be told of it.

use crate::desk::{Desk, assert_row};
use crate::instance::{CONFIGURATION, Home};
use crate::wire::{Message, utc_now};

/// How often a fill may miss the request that it is to race.
const ATTEMPTS: usize = 50;

/// A desk whose client has these settings.
fn desk(settings: &str) -> Desk {
    desk_with(settings, "")
}

fn desk_with(settings: &str, more: &str) -> Desk {
    let session = "comp_id = \"CLIENT1\"\n";
    let home = Home::new();
    let text = CONFIGURATION.replace(session, &format!("{session}{settings}\n"));
    std::fs::write(home.config(), text + more).expect("it is writable");
    Desk::at(home)
}

fn told() -> Desk {
    desk("pending_reports = true")
}

const LIMIT: &str = "38=100|40=2|44=10|";

fn amendment(id: &str, orig: &str, terms: &str) -> String {
    format!("11={id}|41={orig}|55=AAPL|54=1|60={}|{terms}", utc_now())
}

/// A sale of the client's own that trades with what it has on the book.
fn sale(id: &str, qty: u32) -> (&'static str, String) {
    ("D", format!("11={id}|1=FIRM1|55=AAPL|54=2|60={}|38={qty}|40=2|44=10|", utc_now()))
}

/// An order of 100 at 10 of which `filled` are filled, and a request on it that a sale of `sold` races: the request is
/// decided on before the market has seen the sale. Tried until it is so.
struct Race {
    desk: Desk,
    n: usize,
}

impl Race {
    fn run(
        filled: u32,
        sold: u32,
        request: impl Fn(&str, &str) -> (&'static str, String),
        first: &str,
    ) -> (Self, Message) {
        let mut race = Self { desk: told(), n: 0 };
        for n in 0..ATTEMPTS {
            race.n = n;
            let (a, b, s) = (race.id("a"), race.id("b"), race.id("s"));
            race.desk.buys(&a, LIMIT).told(&format!("{a} 0/0 100 0 100 0"));
            if filled > 0 {
                race.desk.sold(&format!("o{n}"), filled, "10");
                race.desk.told(&format!("{a} F/1 100 {filled} {} 10", 100 - filled));
            }
            race.desk.together(&[sale(&s, sold), request(&b, &a)]);
            let message = race.desk.client.expect("8");
            if matches!(message.value(150), "6" | "E") {
                assert_row(&message, &race.of(first));
                return (race, message);
            }
            race.give_up(&a, &b);
        }
        panic!("no fill raced a request in {ATTEMPTS} attempts");
    }

    /// The fill came first: whatever is left of the order goes.
    fn give_up(&mut self, a: &str, b: &str) {
        while {
            let answer = self.desk.client.receive();
            !(answer.value(11) == b && (answer.msg_type() == "9" || matches!(answer.value(150), "4" | "5")))
        } {}
        self.desk.client.send("q", &format!("11=q{}|530=7|60={}|", self.n, utc_now()));
        while self.desk.client.receive().msg_type() != "r" {}
        self.desk.client.send("H", &format!("11={a}|55=AAPL|54=1|"));
        while self.desk.client.receive().value(150) != "I" {}
    }

    fn id(&self, letter: &str) -> String {
        format!("{letter}{}", self.n)
    }

    /// A row with the ids of this attempt.
    fn of(&self, row: &str) -> String {
        let (ids, figures) = row.split_once(' ').expect("ids first");
        let ids: Vec<String> = ids.split(',').map(|id| self.id(id)).collect();
        format!("{} {figures}", ids.join(","))
    }

    #[track_caller]
    fn told(&mut self, row: &str) -> Message {
        let (row, sale) = (self.of(row), self.id("s"));
        self.desk.told_beside(&sale, &row)
    }

    #[track_caller]
    fn refused(&mut self, row: &str) -> Message {
        let row = self.of(row);
        self.desk.refused(&row)
    }
}

#[test]
fn pending_new_comes_before_new_with_the_same_figures() {
    let mut desk = desk("pending_new = true");
    let pending = desk.buys("a", LIMIT).told("a A/A 100 0 100 0");
    let new = desk.told("a 0/0 100 0 100 0");
    assert_eq!(pending.value(37), new.value(37));
    assert_ne!(pending.value(17), new.value(17));
    desk.asks("F", "b", "a", "").told("b,a 4/4 100 0 0 0");
    desk.close();
}

#[test]
fn m_02_rejected_after_pending_new_when_the_market_refuses() {
    let halted = "\n[[calendar]]\nname = \"NEVER\"\nzone = \"UTC\"\ndays = []\nschedule = { open = \"08:00\", \
                  close = \"09:00\" }\n[[instrument]]\nsymbol = \"SHUT\"\ncurrency = \"USD\"\ntick_size = \"0.01\"\n\
                  reference_price = \"100\"\ncalendar = \"NEVER\"\n";
    let mut desk = desk_with("pending_new = true", halted);
    desk.buys_of("a", "55=SHUT|38=100|40=2|44=10|").told("a A/A 100 0 100 0");
    let rejected = desk.told("a 8/8 100 0 0 0");
    rejected.assert_has("37=NONE|103=2");
    assert!(rejected.value(58).starts_with("MARKET_CLOSED"), "{rejected:?}");
    desk.close();
}

#[test]
fn m_04_cancel_with_its_pending_row() {
    let mut desk = told();
    desk.buys("a", LIMIT).told("a 0/0 100 0 100 0");
    desk.asks("F", "b", "a", "").told("b,a 6/6 100 0 100 0");
    desk.told("b,a 4/4 100 0 0 0");
    desk.close();
}

#[test]
fn m_06_fill_races_cancel_cancel_wins() {
    let cancel = |b: &str, a: &str| ("F", amendment(b, a, ""));
    let (mut race, _) = Race::run(20, 30, cancel, "b,a 6/6 100 20 80 10");
    race.told("a F/6 100 50 50 10").assert_has("32=30|31=10");
    race.told("b,a 4/4 100 50 0 10");
    race.desk.close();
}

#[test]
fn m_07_fill_races_cancel_fill_wins() {
    let cancel = |b: &str, a: &str| ("F", amendment(b, a, ""));
    let (mut race, _) = Race::run(20, 80, cancel, "b,a 6/6 100 20 80 10");
    race.told("a F/6 100 100 0 10").assert_has("32=80");
    let late = race.refused("b,a 2 1 0");
    assert!(late.value(58).starts_with("TOO_LATE"), "{late:?}");
    race.desk.close();
}

#[test]
fn m_11_replace_up() {
    let up = |b: &str, a: &str| ("G", amendment(b, a, "38=150|40=2|44=10|"));
    let (mut race, _) = Race::run(30, 10, up, "b,a E/E 100 30 70 10");
    race.told("a F/E 100 40 60 10").assert_has("32=10");
    race.told("b,a 5/1 150 40 110 10");
    race.desk.sold("t", 110, "10");
    race.told("b F/2 150 150 0 10");
    race.desk.close();
}

#[test]
fn m_14_replace_refused() {
    let mut desk = told();
    desk.buys("a", LIMIT).told("a 0/0 100 0 100 0");
    desk.sold("s", 30, "10").told("a F/1 100 30 70 10");
    // Risk takes these terms one by one; the market does not take both together.
    desk.asks("G", "b", "a", "38=150|40=2|44=10|18=6 G|").told("b,a E/E 100 30 70 10").assert_has("18=");
    let refused = desk.refused("b,a 1 2 99");
    assert!(refused.value(58).starts_with("UNSUPPORTED_EXECINST"), "{refused:?}");
    desk.sold("t", 70, "10").told("a F/2 100 100 0 10");
    desk.close();
}

#[test]
fn m_15_fill_completes_during_pending_replace() {
    let down = |b: &str, a: &str| ("G", amendment(b, a, "38=100|40=2|44=9.99|"));
    let (mut race, _) = Race::run(90, 10, down, "b,a E/E 100 90 10 10");
    race.told("a F/E 100 100 0 10").assert_has("32=10");
    race.refused("b,a 2 2 0");
    race.desk.close();
}

#[test]
fn m_18_second_request_while_pending() {
    let mut desk = told();
    desk.buys("a", LIMIT).told("a 0/0 100 0 100 0");
    let both =
        [("G", amendment("b", "a", "38=90|40=2|44=10|")), ("G", amendment("c", "a", "38=80|40=2|44=10|"))];
    desk.together(&both).told("b,a E/E 100 0 100 0");
    // Unless the first was through before the second came.
    let second = desk.client.receive();
    if second.msg_type() == "9" {
        second.assert_has("11=c|41=a|39=E|434=2|102=3");
        assert!(second.value(58).starts_with("PENDING"), "{second:?}");
        desk.told("b,a 5/0 90 0 90 0");
    } else {
        assert_row(&second, "b,a 5/0 90 0 90 0");
        desk.refused("c,a 0 2 1");
    }
    desk.close();
}

#[test]
fn a_17_a_replace_follows_a_pending_one_where_it_may() {
    let mut desk = desk("pending_reports = true\nchain_pending = true");
    desk.buys("a", LIMIT).told("a 0/0 100 0 100 0");
    let both =
        [("G", amendment("b", "a", "38=90|40=2|44=10|")), ("G", amendment("c", "b", "38=80|40=2|44=10|"))];
    desk.together(&both).told("b,a E/E 100 0 100 0");
    // The second is told to be pending before the first is through, or behind it.
    let mut rows: Vec<String> = (0..3)
        .map(|_| {
            let m = desk.client.expect("8");
            format!("{} {} {}", m.value(11), m.value(150), m.value(38))
        })
        .collect();
    assert_eq!(rows.pop().as_deref(), Some("c 5 80"), "{rows:?}");
    rows.sort();
    assert!(rows == ["b 5 90", "c E 100"] || rows == ["b 5 90", "c E 90"], "{rows:?}");
    desk.sold("s", 80, "10").told("c F/2 80 80 0 10");
    desk.close();
}

#[test]
fn a_17_what_follows_a_replace_that_fails_fails_too() {
    let mut desk = desk("pending_reports = true\nchain_pending = true");
    desk.buys("a", LIMIT).told("a 0/0 100 0 100 0");
    let refused = amendment("b", "a", "38=90|40=2|44=10|18=6 G|");
    desk.together(&[("G", refused), ("G", amendment("c", "b", "38=80|40=2|44=10|"))]);
    desk.told("b,a E/E 100 0 100 0");
    let second = desk.client.receive();
    if second.msg_type() == "8" {
        assert_row(&second, "c,b E/E 100 0 100 0");
        // While the second is pending, 39 says so.
        desk.refused("b,a E 2 99");
        let broken = desk.refused("c,b 0 2 1");
        assert!(broken.value(58).starts_with("NOT_CURRENT"), "{broken:?}");
    } else {
        // The first had failed before the second came.
        second.assert_has("11=b|41=a|39=0|102=99");
        desk.refused("c,b 8 2 1");
    }
    desk.asks("F", "d", "a", "").told("d,a 6/6 100 0 100 0");
    desk.told("d,a 4/4 100 0 0 0");
    desk.close();
}

#[test]
fn a_17_a_cancel_is_queued_behind_a_pending_replace() {
    for orig in ["a", "b"] {
        let mut desk = told();
        desk.buys("a", LIMIT).told("a 0/0 100 0 100 0");
        desk.together(&[("G", amendment("b", "a", "38=90|40=2|44=10|")), ("F", amendment("c", orig, ""))]);
        desk.told("b,a E/E 100 0 100 0");
        let second = desk.client.receive();
        if second.value(150) == "6" {
            assert_row(&second, &format!("c,{orig} 6/6 100 0 100 0"));
            desk.told("b,a 5/6 90 0 90 0");
            desk.told(&format!("c,{orig} 4/4 90 0 0 0"));
        }
        desk.close();
    }
}
