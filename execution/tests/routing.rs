//! Orders of a routed instrument: what the venue is asked, and what its answers become.

mod support;

use assay_execution::Execution;
use assay_trading_types::*;
use support::{Venue, ask, cancel, id, order_id, replace, shares};

const SECOND: i64 = 1_000_000_000;

/// A market for AAPL that is routed, and what it said.
struct Router {
    venue: Venue,
    lines: Vec<String>,
}

impl Router {
    /// `B1` and then `B2` for AAPL; answers take 10 s, pauses 2 s to 16 s, three tries, no wait.
    fn new() -> Self {
        Self::waiting(0)
    }

    fn waiting(wait_s: i64) -> Self {
        let mut router = Self { venue: Venue::new(), lines: Vec::new() };
        for name in ["B1", "B2"] {
            router.apply(VenueSet {
                venue: id(name),
                answer_ns: 10 * SECOND,
                retry_first_ns: 2 * SECOND,
                retry_max_ns: 16 * SECOND,
                tries_max: 3,
                wait_ns: wait_s * SECOND,
            });
        }
        router.apply(RouteSet { symbol: id("AAPL"), venues: vec![id("B1"), id("B2")] });
        router
    }

    fn up() -> Self {
        let mut router = Self::new();
        router.link("B1", true);
        router
    }

    /// With a live order `a1` to buy 100 at 10 at `B1`.
    fn live() -> Self {
        let mut router = Self::up();
        router.place(1, 100);
        router.hear("B1", "150=0|39=0|11=1-1");
        router.lines.clear();
        router
    }

    fn apply(&mut self, event: impl Into<Event>) {
        let said = self.venue.apply(event);
        self.lines.extend(said.iter().filter_map(line));
    }

    fn place(&mut self, number: u64, qty: i64) {
        self.apply(ask(number, Side::Buy, qty, "10").accepted("AAPL"));
    }

    fn link(&mut self, venue: &str, up: bool) {
        self.apply(VenueLinkChanged { venue: id(venue), up, detail: String::new() });
    }

    fn unsent(&mut self, venue: &str, number: u64, n: u32) {
        let cl_ord_id = id(&format!("{}-{n}", order_id(number)));
        self.apply(VenueUnsent {
            venue: id(venue),
            symbol: id("AAPL"),
            order_id: order_id(number),
            cl_ord_id,
        });
    }

    /// A report in fields; `1-2` stands for number 2 of order 1.
    fn hear(&mut self, venue: &str, fields: &str) {
        self.apply(heard(venue, VenueMessage::Report(Box::new(report(fields)))));
    }

    /// Risk says how the client was told of a trade: by report 100 and that.
    fn settle(&mut self, number: u64, trade: u64, commission: &str) {
        self.settle_as(number, trade, 100 + trade, commission);
    }

    fn settle_as(&mut self, number: u64, trade: u64, report: u64, commission: &str) {
        self.apply(VenueFillSettled {
            symbol: id("AAPL"),
            order_id: order_id(number),
            trade,
            exec_id: ExecId::new(0, report),
            commission: Amount::parse(commission).unwrap(),
        });
    }

    fn pass(&mut self, seconds: i64) {
        for _ in 0..seconds {
            self.venue.now = self.venue.now.plus_ns(SECOND);
            self.apply(ClockTicked { now: self.venue.now });
        }
    }

    #[track_caller]
    fn says(&mut self, wanted: &[&str]) {
        assert_eq!(std::mem::take(&mut self.lines), wanted);
        let bytes = self.venue.execution.snapshot();
        let restored = Execution::restore(&bytes).unwrap();
        assert_eq!(restored.snapshot(), bytes, "what is saved is read as it was");
        self.venue.execution = restored;
    }
}

fn heard(venue: &str, message: VenueMessage) -> VenueHeard {
    VenueHeard { venue: id(venue), symbol: Some(id("AAPL")), message, wire: String::new() }
}

fn cl_ord_id(short: &str) -> String {
    let (number, n) = short.split_once('-').unwrap();
    format!("{}-{n}", order_id(number.parse().unwrap()))
}

fn report(fields: &str) -> VenueReport {
    let of = |tag: &str| {
        let mut all = fields.split('|').filter_map(|field| field.split_once('='));
        all.find(|(t, _)| *t == tag).map(|(_, value)| value.to_owned())
    };
    let qty = |tag: &str| of(tag).map(|text| shares(text.parse().unwrap()));
    VenueReport {
        cl_ord_id: of("11").map(|short| cl_ord_id(&short)).unwrap_or_default(),
        orig_cl_ord_id: of("41").map(|short| cl_ord_id(&short)),
        venue_order_id: of("37").unwrap_or_else(|| "V1".to_owned()),
        exec_id: of("17").unwrap_or_default(),
        status_number: of("790").map(|n| n.parse().unwrap()),
        exec_ref_id: of("19"),
        exec_type: of("150").unwrap().parse().unwrap(),
        ord_status: of("39").unwrap_or_else(|| "1".to_owned()).parse().unwrap(),
        qty: qty("38"),
        price: of("44").map(|text| id(&text)),
        last_qty: qty("32"),
        last_px: of("31").map(|text| id(&text)),
        cum_qty: qty("14"),
        reason: of("103").map(|n| n.parse().unwrap()),
        text: of("58"),
    }
}

/// What matters of an output, in a line.
fn line(event: &Event) -> Option<String> {
    Some(match event {
        Event::VenueRequested(e) => {
            let short = e.cl_ord_id.as_str().split_once('-').map_or("", |(_, n)| n);
            let place = format!("{} {}-{short}", e.venue, e.order_id.offset());
            match &e.ask {
                VenueAsk::New { terms, again } => {
                    let again = if *again { " again" } else { "" };
                    let price = terms.price.map_or("market".to_owned(), |price| price.to_string());
                    format!("{place} new {} @ {price} {:?}{again}", terms.qty, terms.tif)
                }
                VenueAsk::Replace { orig_cl_ord_id, terms } => {
                    let orig = orig_cl_ord_id.as_str().split_once('-').map_or("", |(_, n)| n);
                    format!("{place} replace {orig} {}", terms.qty)
                }
                VenueAsk::Cancel { orig_cl_ord_id, .. } => {
                    let orig = orig_cl_ord_id.as_str().split_once('-').map_or("", |(_, n)| n);
                    format!("{place} cancel {orig}")
                }
                VenueAsk::Status { number } => format!("{place} status {number}"),
            }
        }
        Event::ExecutionReported(e) => {
            let exec = match &e.exec {
                ExecType::TradeCanceled { exec_id, fill, commission, .. } => {
                    format!("busted {} @ {} of {} ({commission})", fill.qty, fill.price, exec_id.offset())
                }
                ExecType::TradeCorrected { exec_id, fill, before } => {
                    format!("corrected {} @ {before} to {} of {}", fill.qty, fill.price, exec_id.offset())
                }
                ExecType::Trade(fill) => format!("trade {} @ {}", fill.qty, fill.price),
                ExecType::Canceled { request, reason, .. } => {
                    format!("canceled {} {}", request.is_some(), reason.map_or("", |r| r.code()))
                }
                ExecType::Replaced { .. } => "replaced".to_owned(),
                ExecType::Rejected { reason } => format!("rejected {}", reason.code()),
                other => format!("{other:?}").to_lowercase(),
            };
            let Filled { cum_qty, leaves_qty, .. } = e.filled;
            format!("{} {exec} | {:?} {cum_qty}/{leaves_qty}", e.terms.cl_ord_id, e.status)
        }
        Event::CancelRefused(e) => format!("{} refused {}", e.cl_ord_id, e.refusal.code()),
        Event::VenueTraded(e) => {
            let undone = if e.undone { " undone" } else { "" };
            format!("{} {:?} {} @ {}{undone}", e.venue, e.taker, e.qty, e.price)
        }
        Event::VenueDiffered(e) => format!("{} differs {:?}", e.venue, e.difference),
        _ => return None,
    })
}

#[test]
fn an_order_goes_out_is_acknowledged_and_filled() {
    let mut r = Router::up();
    r.place(1, 100);
    r.says(&["B1 1-1 new 100 @ 10 Day"]);
    r.hear("B1", "150=0|39=0|11=1-1");
    r.says(&["a1 new | New 0/100"]);
    r.hear("B1", "150=F|11=1-1|17=x1|32=40|31=9.99|14=40");
    r.says(&["B1 Client 40 @ 9.99", "a1 trade 40 @ 9.99 | PartiallyFilled 40/60"]);
    r.hear("B1", "150=F|11=1-1|17=x2|32=60|31=10|14=100|39=2");
    r.says(&["B1 Client 60 @ 10", "a1 trade 60 @ 10 | Filled 100/0"]);
    assert_eq!(r.venue.execution.open_order_count(), 0);
}

#[test]
fn a_fill_is_a_sign_that_the_venue_has_the_order() {
    let mut r = Router::up();
    r.place(1, 100);
    r.lines.clear();
    r.hear("B1", "150=F|11=1-1|17=x1|32=40|31=10|14=40");
    r.says(&["a1 new | New 0/100", "B1 Client 40 @ 10", "a1 trade 40 @ 10 | PartiallyFilled 40/60"]);
    r.hear("B1", "150=0|39=0|11=1-1");
    r.says(&[]);
}

#[test]
fn a_repeated_exec_id_counts_once_open_or_over() {
    let mut r = Router::live();
    r.hear("B1", "150=F|11=1-1|17=x1|32=40|31=10");
    r.lines.clear();
    r.hear("B1", "150=F|11=1-1|17=x1|32=40|31=10");
    r.says(&[]);
    r.hear("B1", "150=F|11=1-1|17=x2|32=60|31=10");
    r.lines.clear();
    r.hear("B1", "150=F|11=1-1|17=x2|32=60|31=10");
    r.says(&[]);
}

#[test]
fn with_no_venue_up_an_order_is_refused_or_waits_as_configured() {
    let mut r = Router::new();
    r.place(1, 100);
    r.says(&["a1 rejected VENUE_REFUSED | Rejected 0/0"]);
    let mut r = Router::waiting(5);
    r.place(1, 100);
    r.place(2, 100);
    r.says(&[]);
    r.pass(4);
    r.apply(cancel(2));
    r.says(&["a2 canceled true  | Canceled 0/0"]);
    r.pass(1);
    r.says(&["a1 rejected VENUE_REFUSED | Rejected 0/0"]);
    r.place(3, 100);
    r.link("B2", true);
    r.says(&["B2 3-1 new 100 @ 10 Day"]);
}

#[test]
fn what_was_never_sent_goes_to_the_next_venue() {
    let mut r = Router::up();
    r.link("B2", true);
    r.place(1, 100);
    r.link("B1", false);
    r.says(&["B1 1-1 new 100 @ 10 Day"]);
    r.unsent("B1", 1, 1);
    r.says(&["B2 1-1 new 100 @ 10 Day"]);
}

#[test]
fn what_was_never_sent_is_tried_again_and_given_up_at_the_last_try() {
    let mut r = Router::up();
    r.place(1, 100);
    r.lines.clear();
    r.unsent("B1", 1, 1);
    // The venue is said to be up: at once again, then given up at the third.
    r.says(&["B1 1-1 new 100 @ 10 Day"]);
    r.unsent("B1", 1, 1);
    r.says(&["B1 1-1 new 100 @ 10 Day"]);
    r.unsent("B1", 1, 1);
    r.says(&["a1 rejected VENUE_REFUSED | Rejected 0/0"]);
}

#[test]
fn what_may_have_been_sent_is_asked_for_and_not_sent_again() {
    let mut r = Router::up();
    r.link("B2", true);
    r.place(1, 100);
    r.lines.clear();
    r.link("B1", false);
    r.pass(60);
    r.says(&[]);
    r.link("B1", true);
    r.says(&["B1 1-1 status 2"]);
    r.hear("B1", "150=I|39=1|11=1-1|790=2|14=0");
    r.says(&["a1 new | New 0/100"]);
    r.pass(60);
    r.says(&[]);
}

#[test]
fn an_order_that_the_venue_does_not_know_is_sent_there_again_after_a_pause() {
    let mut r = Router::up();
    r.link("B2", true);
    r.place(1, 100);
    r.lines.clear();
    for (n, pause) in [(2, 2), (4, 4)] {
        r.link("B1", false);
        r.link("B1", true);
        r.says(&[&format!("B1 1-1 status {n}")]);
        r.hear("B1", &format!("150=I|39=8|37=NONE|11=1-1|790={n}|14=0"));
        r.pass(pause - 1);
        r.says(&[]);
        r.pass(1);
        r.says(&["B1 1-1 new 100 @ 10 Day again"]);
        // An answer to the question before says nothing about it.
        r.hear("B1", &format!("150=I|39=8|37=NONE|11=1-1|790={n}|14=0"));
        r.says(&[]);
    }
    r.link("B1", false);
    r.link("B1", true);
    r.lines.clear();
    r.hear("B1", "150=I|39=8|37=NONE|11=1-1|790=6|14=0");
    r.says(&["a1 rejected VENUE_REFUSED | Rejected 0/0"]);
}

#[test]
fn a_silent_venue_is_asked_and_asked_again_with_longer_pauses() {
    let mut r = Router::up();
    r.place(1, 100);
    r.lines.clear();
    r.pass(9);
    r.says(&[]);
    r.pass(1);
    r.says(&["B1 1-1 status 2"]);
    r.pass(10);
    r.says(&["B1 1-1 status 3"]);
    r.pass(10);
    r.says(&["B1 1-1 status 4"]);
    r.pass(10);
    r.says(&["B1 1-1 status 5"]);
    r.pass(15);
    r.says(&[]);
    r.pass(1);
    r.says(&["B1 1-1 status 6"]);
}

#[test]
fn a_cancel_and_a_replace_are_asked_for_one_after_the_other() {
    let mut r = Router::live();
    r.apply(replace(1, 80));
    r.apply(cancel(1));
    r.says(&["B1 1-2 replace 1 80"]);
    r.hear("B1", "150=E|39=E|11=1-2|41=1-1");
    r.hear("B1", "150=5|39=0|11=1-2|41=1-1");
    r.says(&["b1 replaced | New 0/80", "B1 1-3 cancel 2"]);
    r.hear("B1", "150=4|39=4|11=1-3|41=1-2|14=0");
    r.says(&["b1 canceled true  | Canceled 0/0"]);
}

#[test]
fn a_cancel_that_comes_too_late_is_refused_and_the_order_asked_for() {
    let mut r = Router::live();
    r.apply(cancel(1));
    r.lines.clear();
    let reason = Some(0);
    r.apply(heard("B1", VenueMessage::CancelRejected { cl_ord_id: cl_ord_id("1-2"), reason, text: None }));
    r.says(&["b1 refused TOO_LATE", "B1 1-1 status 2"]);
    r.hear("B1", "150=F|11=1-1|17=x1|32=100|31=10");
    r.says(&["B1 Client 100 @ 10", "a1 trade 100 @ 10 | Filled 100/0"]);
}

#[test]
fn a_cancel_that_was_not_sent_or_lost_is_asked_for_again_once_the_order_is_known_to_work() {
    let mut r = Router::live();
    r.apply(cancel(1));
    r.link("B1", false);
    r.unsent("B1", 1, 2);
    r.says(&["B1 1-2 cancel 1"]);
    r.link("B1", true);
    r.says(&["B1 1-1 status 2"]);
    r.hear("B1", "150=I|39=0|11=1-1|14=0");
    r.says(&["B1 1-3 cancel 1"]);
    r.link("B1", false);
    r.link("B1", true);
    r.hear("B1", "150=I|39=0|11=1-1|14=0");
    r.says(&["B1 1-1 status 3", "B1 1-4 cancel 1"]);
    r.link("B1", false);
    r.link("B1", true);
    r.hear("B1", "150=I|39=4|11=1-1|14=0");
    r.says(&["B1 1-1 status 4", "a1 canceled true  | Canceled 0/0"]);
}

#[test]
fn a_replace_in_doubt_is_made_if_the_venue_shows_its_terms() {
    let mut r = Router::live();
    r.apply(replace(1, 80));
    r.link("B1", false);
    r.link("B1", true);
    r.lines.clear();
    r.hear("B1", "150=I|39=0|11=1-1|38=80|44=10|14=0");
    r.says(&["b1 replaced | New 0/80"]);
    r.apply(cancel(1));
    r.says(&["B1 1-3 cancel 2"]);
}

#[test]
fn an_unasked_cancel_ends_the_order_and_answers_what_waits() {
    let mut r = Router::live();
    r.apply(replace(1, 80));
    r.lines.clear();
    r.hear("B1", "150=4|39=4|11=1-1|14=0|58=desk");
    r.says(&["a1 canceled false VENUE_REFUSED | Canceled 0/0", "b1 refused TOO_LATE"]);
    r.apply(cancel(1));
    r.says(&["b1 refused TOO_LATE"]);
}

#[test]
fn what_is_filled_beyond_the_order_or_after_its_end_is_the_houses() {
    let mut r = Router::live();
    r.hear("B1", "150=F|11=1-1|17=x1|32=130|31=10");
    r.says(&[
        "B1 Client 100 @ 10",
        "B1 House 30 @ 10",
        "B1 differs Overfilled",
        "a1 trade 100 @ 10 | Filled 100/0",
    ]);
    let mut r = Router::live();
    r.hear("B1", "150=4|39=4|11=1-1|14=0");
    r.lines.clear();
    r.hear("B1", "150=F|11=1-1|17=x1|32=20|31=10");
    r.says(&["B1 House 20 @ 10", "B1 differs LateFill"]);
}

#[test]
fn a_bust_of_the_venue_is_the_clients_and_gives_its_open_order_the_quantity_back() {
    let mut r = Router::live();
    r.hear("B1", "150=F|11=1-1|17=x1|32=40|31=9.99");
    r.settle(1, 1, "0.40");
    r.lines.clear();
    r.hear("B1", "150=H|39=0|11=1-1|17=x2|19=x1");
    r.says(&[
        "B1 Client 40 @ 9.99 undone",
        "B1 differs Busted",
        "a1 busted 40 @ 9.99 of 101 (0.4) | New 0/100",
    ]);
    r.hear("B1", "150=H|39=0|11=1-1|17=x2|19=x1");
    r.says(&[]);
    r.hear("B1", "150=H|39=0|11=1-1|17=x3|19=x1");
    r.says(&["B1 differs UnknownFill"]);
    r.hear("B1", "150=F|11=1-1|17=x4|32=100|31=10");
    r.says(&["B1 Client 100 @ 10", "a1 trade 100 @ 10 | Filled 100/0"]);
}

#[test]
fn a_bust_of_what_no_longer_works_at_the_venue_asks_for_its_status() {
    let mut r = Router::live();
    r.hear("B1", "150=F|11=1-1|17=x1|32=40|31=10");
    r.settle(1, 1, "0");
    r.lines.clear();
    r.hear("B1", "150=H|39=4|11=1-1|17=x2|19=x1");
    r.says(&[
        "B1 Client 40 @ 10 undone",
        "B1 differs Busted",
        "a1 busted 40 @ 10 of 101 (0) | New 0/100",
        "B1 1-1 status 2",
    ]);
    r.hear("B1", "150=I|39=4|11=1-1|790=2|14=0");
    r.says(&["a1 canceled false VENUE_REFUSED | Canceled 0/0"]);
}

#[test]
fn a_correction_of_the_venue_is_the_clients_and_can_be_corrected_and_undone_in_turn() {
    let mut r = Router::live();
    r.hear("B1", "150=F|11=1-1|17=x1|32=40|31=10");
    r.settle(1, 1, "0.40");
    r.lines.clear();
    r.hear("B1", "150=G|11=1-1|17=x2|19=x1|32=40|31=9.9");
    r.says(&[
        "B1 Client 40 @ 10 undone",
        "B1 Client 40 @ 9.9",
        "B1 differs Corrected",
        "a1 corrected 40 @ 10 to 9.9 of 101 | PartiallyFilled 40/60",
    ]);
    r.hear("B1", "150=G|11=1-1|17=x2|19=x1|32=40|31=9.9");
    r.says(&[]);
    r.settle_as(1, 1, 205, "0");
    r.hear("B1", "150=G|11=1-1|17=x3|19=x2|32=40|31=9.8");
    r.settle_as(1, 1, 206, "0");
    r.lines.clear();
    r.hear("B1", "150=H|39=0|11=1-1|17=x4|19=x3");
    r.says(&[
        "B1 Client 40 @ 9.8 undone",
        "B1 differs Busted",
        "a1 busted 40 @ 9.8 of 206 (0.4) | New 0/100",
    ]);
}

#[test]
fn a_correction_of_the_quantity_undoes_the_fill_of_an_open_order_and_fills_it_anew() {
    let mut r = Router::live();
    r.hear("B1", "150=F|11=1-1|17=x1|32=40|31=10");
    r.settle(1, 1, "0");
    r.lines.clear();
    r.hear("B1", "150=G|39=1|11=1-1|17=x2|19=x1|32=30|31=10");
    r.says(&[
        "B1 Client 40 @ 10 undone",
        "B1 differs Corrected",
        "a1 busted 40 @ 10 of 101 (0) | New 0/100",
        "B1 Client 30 @ 10",
        "a1 trade 30 @ 10 | PartiallyFilled 30/70",
    ]);
    r.hear("B1", "150=I|39=1|11=1-1|14=30");
    r.says(&[]);
    r.hear("B1", "150=G|39=1|11=1-1|17=x3|19=x2");
    r.says(&[]);
    r.settle(1, 2, "0");
    r.says(&["B1 differs Unreadable"]);
}

#[test]
fn a_bust_after_the_end_is_the_clients_and_the_order_stays_closed() {
    let mut r = Router::live();
    for (exec, qty) in [("x1", 40), ("x2", 60)] {
        r.hear("B1", &format!("150=F|11=1-1|17={exec}|32={qty}|31=10"));
    }
    r.settle(1, 1, "0");
    r.settle(1, 2, "0");
    r.lines.clear();
    r.hear("B1", "150=G|11=1-1|17=x3|19=x2|32=60|31=9");
    r.says(&[
        "B1 Client 60 @ 10 undone",
        "B1 Client 60 @ 9",
        "B1 differs Corrected",
        "a1 corrected 60 @ 10 to 9 of 102 | Filled 100/0",
    ]);
    r.hear("B1", "150=H|39=1|11=1-1|17=x4|19=x1");
    r.says(&[
        "B1 Client 40 @ 10 undone",
        "B1 differs Busted",
        "a1 busted 40 @ 10 of 101 (0) | Canceled 60/0",
    ]);
    r.settle_as(1, 2, 300, "0");
    // What is over takes no new fill.
    r.hear("B1", "150=G|11=1-1|17=x5|19=x3|32=50|31=9");
    r.says(&["B1 House 60 @ 9 undone", "B1 House 50 @ 9", "B1 differs Corrected"]);
}

#[test]
fn a_bust_turns_back_what_client_and_house_each_had() {
    let mut r = Router::live();
    r.hear("B1", "150=F|11=1-1|17=x1|32=130|31=10");
    r.settle(1, 1, "0");
    r.lines.clear();
    r.hear("B1", "150=H|39=0|11=1-1|17=x2|19=x1");
    r.says(&[
        "B1 Client 100 @ 10 undone",
        "B1 House 30 @ 10 undone",
        "B1 differs Busted",
        "a1 busted 100 @ 10 of 101 (0) | Canceled 0/0",
    ]);
}

#[test]
fn what_the_venue_says_waits_behind_a_bust_until_risk_says_how_the_client_was_told() {
    let mut r = Router::live();
    r.hear("B1", "150=F|11=1-1|17=x1|32=40|31=10");
    r.lines.clear();
    r.hear("B1", "150=H|39=0|11=1-1|17=x2|19=x1");
    r.hear("B1", "150=H|39=0|11=1-1|17=x2|19=x1");
    r.hear("B1", "150=F|11=1-1|17=x3|32=100|31=10");
    r.hear("B1", "150=H|39=0|11=1-1|17=x4|19=x3");
    r.says(&[]);
    r.settle(1, 1, "0");
    r.says(&[
        "B1 Client 40 @ 10 undone",
        "B1 differs Busted",
        "a1 busted 40 @ 10 of 101 (0) | New 0/100",
        "B1 Client 100 @ 10",
        "a1 trade 100 @ 10 | Filled 100/0",
    ]);
    // What still waits when the order ends is taken when its time comes.
    r.settle(1, 2, "0");
    r.says(&[
        "B1 Client 100 @ 10 undone",
        "B1 differs Busted",
        "a1 busted 100 @ 10 of 102 (0) | Canceled 0/0",
    ]);
}

#[test]
fn messages_that_wait_for_risk_are_bounded_and_the_house_stands_between_beyond_it() {
    const DEFERRED_MAX: usize = 256;
    let mut r = Router::live();
    r.hear("B1", "150=F|11=1-1|17=x1|32=40|31=10");
    r.lines.clear();
    for _ in 0..DEFERRED_MAX {
        r.hear("B1", "150=H|39=0|11=1-1|17=x2|19=x1");
    }
    r.says(&[]);
    r.hear("B1", "150=F|11=1-1|17=x3|32=10|31=10");
    r.says(&[
        "B1 House 40 @ 10 undone",
        "B1 differs Busted",
        "B1 Client 10 @ 10",
        "a1 trade 10 @ 10 | PartiallyFilled 50/50",
    ]);
}

#[test]
fn a_change_of_what_the_client_does_not_have_is_the_houses() {
    let mut r = Router::live();
    r.hear("B1", "150=4|39=4|11=1-1|14=0");
    r.hear("B1", "150=F|11=1-1|17=x1|32=40|31=10");
    r.lines.clear();
    r.hear("B1", "150=G|11=1-1|17=x2|19=x1|32=40|31=9.9");
    r.says(&["B1 House 40 @ 10 undone", "B1 House 40 @ 9.9", "B1 differs Corrected"]);
    r.hear("B1", "150=H|11=1-1|17=x3|19=x2|32=40|31=9.9");
    r.says(&["B1 House 40 @ 9.9 undone", "B1 differs Busted"]);
    r.hear("B1", "150=H|11=1-1|17=x4|19=x9");
    r.says(&["B1 differs UnknownFill"]);
}

#[test]
fn an_end_with_fills_that_we_were_not_told_of_waits_for_them() {
    let mut r = Router::live();
    r.hear("B1", "150=4|39=4|11=1-1|14=40");
    r.says(&["B1 differs MissingFills"]);
    r.pass(2);
    r.says(&["B1 1-1 status 2"]);
    r.hear("B1", "150=F|11=1-1|17=x1|32=40|31=10|14=40");
    r.says(&["B1 Client 40 @ 10", "a1 trade 40 @ 10 | PartiallyFilled 40/60"]);
    r.hear("B1", "150=I|39=4|11=1-1|14=40");
    r.says(&["a1 canceled false VENUE_REFUSED | Canceled 40/0"]);
}

#[test]
fn an_order_that_vanishes_stays_open_and_is_told_once() {
    let mut r = Router::live();
    r.link("B1", false);
    r.link("B1", true);
    r.lines.clear();
    r.hear("B1", "150=I|39=8|37=NONE|11=1-1|14=0");
    r.says(&["B1 differs Vanished"]);
    r.pass(2);
    r.lines.clear();
    r.hear("B1", "150=I|39=8|37=NONE|11=1-1|14=0");
    r.says(&[]);
    assert_eq!(r.venue.execution.open_order_count(), 1);
}

#[test]
fn strangers_are_told_and_not_booked() {
    let mut r = Router::live();
    r.hear("B2", "150=F|11=1-1|17=x1|32=10|31=10");
    r.says(&["B2 differs UnknownOrder"]);
    r.hear("B1", "150=F|11=7-1|17=x1|32=10|31=10");
    r.says(&["B1 differs UnknownOrder"]);
    r.apply(heard("B1", VenueMessage::Unreadable { why: "no 150".into() }));
    r.says(&["B1 differs Unreadable"]);
}

#[test]
fn a_refusal_ends_the_order_unless_it_says_that_it_is_there() {
    let mut r = Router::up();
    r.place(1, 100);
    r.lines.clear();
    r.hear("B1", "150=8|39=8|103=6|11=1-1");
    r.says(&["B1 1-1 status 2"]);
    r.hear("B1", "150=8|39=8|103=99|11=1-1");
    r.says(&["a1 rejected VENUE_REFUSED | Rejected 0/0"]);
}

#[test]
fn a_market_order_with_a_protection_price_is_sent_as_a_limit_that_does_not_rest() {
    let mut r = Router::up();
    let mut market = ask(1, Side::Buy, 100, "market");
    market.protection = Some("11");
    r.apply(market.accepted("AAPL"));
    r.says(&["B1 1-1 new 100 @ 11 Ioc"]);
    r.hear("B1", "150=4|39=4|11=1-1|14=0");
    r.says(&["a1 new | New 0/100", "a1 canceled false NO_LIQUIDITY | Canceled 0/0"]);
}

#[test]
fn a_price_beyond_the_limit_is_booked_and_told() {
    let mut r = Router::live();
    r.hear("B1", "150=F|11=1-1|17=x1|32=100|31=10.01");
    r.says(&["B1 Client 100 @ 10.01", "B1 differs WorsePrice", "a1 trade 100 @ 10.01 | Filled 100/0"]);
}

#[test]
fn an_instrument_that_is_routed_no_more_matches_here_and_its_orders_there_live_on() {
    let mut r = Router::live();
    r.apply(RouteSet { symbol: id("AAPL"), venues: Vec::new() });
    r.place(2, 100);
    r.says(&["a2 new | New 0/100"]);
    r.hear("B1", "150=F|11=1-1|17=x1|32=100|31=10");
    r.says(&["B1 Client 100 @ 10", "a1 trade 100 @ 10 | Filled 100/0"]);
}
