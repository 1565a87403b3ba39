//! Pending states that sessions are told of, and replaces that wait for one before them.

mod desk;

use assay_risk_service::Risk;
use assay_trading_types::*;
use desk::{Ask, Desk, ask, id};

/// A session that is told everything, in front of a market that answers when it is let.
fn desk() -> Desk {
    let mut desk = Desk::new();
    (desk.pending, desk.market) = (true, false);
    desk
}

/// Reports and refusals without postings.
fn reports(lines: Vec<String>) -> Vec<String> {
    lines.into_iter().filter(|line| !line.contains(" > ")).collect()
}

fn answered(desk: &mut Desk) -> Vec<String> {
    desk.run_market();
    desk.check_books();
    reports(desk.hear())
}

fn with_one_order() -> Desk {
    let mut desk = desk();
    assert_eq!(reports(desk.place(ask("a", "buy 100 @ 10"))), ["a A/A 100 0 100"]);
    assert_eq!(desk.status("a"), ["I a 39=A 100 0 100"]);
    assert_eq!(answered(&mut desk), ["a 0/0 100 0 100"]);
    desk
}

/// Terms that risk takes and the market does not.
fn refused_by_the_market(name: &str) -> Ask {
    let conditions = Conditions { post_only: true, all_or_none: true, ..Conditions::default() };
    Ask { conditions: Some(conditions), ..ask(name, "buy 110 @ 10") }
}

#[test]
fn a_cancel_is_pending_until_the_market_answers() {
    let mut desk = with_one_order();
    assert_eq!(desk.cancel("a", "b"), ["a 6/6 100 0 100"]);
    assert_eq!(desk.status("a"), ["I a 39=6 100 0 100"]);
    assert_eq!(answered(&mut desk), ["a 4/4 100 0 0"]);
}

#[test]
fn m_18_a_second_replace_of_the_same_id_is_refused_as_pending() {
    let mut desk = with_one_order();
    assert_eq!(reports(desk.replace("a", ask("b", "buy 120 @ 10"))), ["a E/E 100 0 100"]);
    assert_eq!(desk.replace("a", ask("c", "buy 130 @ 10")), ["9 c PENDING 39=E"]);
    assert_eq!(answered(&mut desk), ["b 5/0 120 0 120"]);
}

#[test]
fn a_17_a_session_that_may_not_chain_is_refused_as_pending() {
    let mut desk = with_one_order();
    desk.pending = false;
    desk.replace("a", ask("b", "buy 120 @ 10"));
    assert_eq!(desk.replace("b", ask("c", "buy 130 @ 10")), ["9 c PENDING 39=E"]);
}

#[test]
fn a_17_a_chain_is_decided_link_by_link() {
    let mut desk = with_one_order();
    desk.replace("a", ask("b", "buy 120 @ 10"));
    assert_eq!(desk.replace("b", ask("c", "buy 140 @ 9")), ["a E/E 100 0 100"]);
    assert_eq!(desk.replace("c", ask("d", "buy 150 @ 9")), ["a E/E 100 0 100"]);
    assert_eq!(desk.status("d"), ["I a 39=E 100 0 100"]);
    let snapshot = desk.risk.snapshot();
    assert_eq!(Risk::restore(&snapshot).unwrap().snapshot(), snapshot);
    assert_eq!(answered(&mut desk), ["b 5/0 120 0 120", "c 5/0 140 0 140", "d 5/0 150 0 150"]);
    assert_eq!(desk.funds("ACME", "USD"), "10000/8650");
}

#[test]
fn a_17_what_follows_a_replace_that_fails_fails_with_102_1() {
    let mut desk = with_one_order();
    desk.replace("a", refused_by_the_market("b"));
    desk.replace("b", ask("c", "buy 140 @ 10"));
    desk.replace("c", ask("d", "buy 150 @ 10"));
    assert_eq!(
        answered(&mut desk),
        ["9 b UNSUPPORTED_EXECINST 39=0", "9 c NOT_CURRENT 39=0", "9 d NOT_CURRENT 39=0"]
    );
    assert_eq!(desk.funds("ACME", "USD"), "10000/9000");
}

#[test]
fn a_17_a_link_that_risk_refuses_breaks_the_rest() {
    let mut desk = with_one_order();
    desk.replace("a", ask("b", "buy 120 @ 10"));
    desk.replace("b", ask("c", "buy 5000 @ 10"));
    desk.replace("c", ask("d", "buy 150 @ 10"));
    assert_eq!(answered(&mut desk), ["b 5/0 120 0 120", "9 c LIMIT_CREDIT 39=0", "9 d NOT_CURRENT 39=0"]);
    assert_eq!(reports(desk.replace("b", ask("e", "buy 110 @ 10"))), ["b E/E 120 0 120"]);
}

#[test]
fn a_17_a_chain_on_an_order_that_ends_is_too_late() {
    let mut desk = with_one_order();
    desk.cancel("a", "x");
    assert_eq!(reports(desk.replace("a", ask("b", "buy 120 @ 10"))), ["a E/6 100 0 100"]);
    desk.replace("b", ask("c", "buy 130 @ 10"));
    assert_eq!(answered(&mut desk), ["a 4/4 100 0 0", "9 c TOO_LATE 39=4", "9 b TOO_LATE 39=4"]);
    assert_eq!(desk.funds("ACME", "USD"), "10000/10000");
}

#[test]
fn a_17_a_cancel_waits_for_the_replace_that_it_names() {
    let mut desk = with_one_order();
    desk.replace("a", ask("b", "buy 120 @ 10"));
    desk.replace("b", ask("c", "buy 140 @ 9"));
    assert_eq!(desk.cancel("c", "x"), ["a 6/6 100 0 100"]);
    desk.replace("c", ask("d", "buy 150 @ 9"));
    let snapshot = desk.risk.snapshot();
    assert_eq!(Risk::restore(&snapshot).unwrap().snapshot(), snapshot);
    assert_eq!(
        answered(&mut desk),
        ["b 5/0 120 0 120", "c 5/0 140 0 140", "c 4/4 140 0 0", "9 d TOO_LATE 39=4"]
    );
    assert_eq!(desk.funds("ACME", "USD"), "10000/10000");
}

#[test]
fn a_17_a_cancel_that_names_the_order_or_what_is_at_the_market_waits_for_nothing() {
    for names in ["a", "b"] {
        let mut desk = with_one_order();
        desk.replace("a", ask("b", "buy 120 @ 10"));
        desk.replace("b", ask("c", "buy 140 @ 9"));
        desk.cancel(names, "x");
        assert_eq!(answered(&mut desk), ["b 5/0 120 0 120", "b 4/4 120 0 0", "9 c TOO_LATE 39=4"], "{names}");
    }
}

#[test]
fn a_17_a_cancel_of_a_replace_that_came_to_nothing_cancels_what_is_open() {
    let mut desk = with_one_order();
    desk.replace("a", ask("b", "buy 120 @ 10"));
    desk.replace("b", ask("c", "buy 5000 @ 10"));
    desk.cancel("c", "x");
    desk.replace("c", ask("d", "buy 150 @ 10"));
    assert_eq!(
        answered(&mut desk),
        ["b 5/0 120 0 120", "9 c LIMIT_CREDIT 39=6", "9 d NOT_CURRENT 39=6", "b 4/4 120 0 0"]
    );
    let mut desk = with_one_order();
    desk.replace("a", refused_by_the_market("b"));
    desk.replace("b", ask("c", "buy 140 @ 10"));
    desk.cancel("c", "x");
    assert_eq!(
        answered(&mut desk),
        ["9 b UNSUPPORTED_EXECINST 39=0", "9 c NOT_CURRENT 39=6", "a 4/4 100 0 0"]
    );
    assert_eq!(desk.funds("ACME", "USD"), "10000/10000");
}

#[test]
fn a_17_a_cancel_that_waits_on_an_order_that_ends_is_too_late() {
    let mut desk = with_one_order();
    desk.cancel("a", "x");
    desk.replace("a", ask("b", "buy 120 @ 10"));
    desk.replace("b", ask("c", "buy 130 @ 10"));
    desk.cancel("c", "y");
    assert_eq!(
        answered(&mut desk),
        ["a 4/4 100 0 0", "9 c TOO_LATE 39=4", "9 y TOO_LATE 39=4", "9 b TOO_LATE 39=4"]
    );
}

#[test]
fn a_17_a_cancel_of_before_overtakes_as_it_did() {
    let mut desk = with_one_order();
    desk.replace("a", ask("b", "buy 120 @ 10"));
    desk.replace("b", ask("c", "buy 140 @ 9"));
    let request = desk.request("ACME");
    desk.give(CancelRequested {
        request,
        firm: id("ACME"),
        cl_ord_id: id("x"),
        orig_cl_ord_id: id("c"),
        order_id: None,
        account: None,
        symbol: id("AAPL"),
        side: Side::Buy,
        poss_resend: false,
        defect: None,
        tell_pending: false,
        waits: false,
    });
    desk.hear();
    assert_eq!(answered(&mut desk), ["b 5/0 120 0 120", "b 4/4 120 0 0", "9 c TOO_LATE 39=4"]);
}

#[test]
fn a_17_so_many_cancels_wait_and_no_more() {
    let mut desk = with_one_order();
    desk.replace("a", ask("b", "buy 120 @ 10"));
    desk.replace("b", ask("c", "buy 140 @ 9"));
    for n in 1..=16 {
        assert_eq!(desk.cancel("c", &format!("x{n}")), ["a 6/6 100 0 100"], "{n}");
    }
    assert_eq!(desk.cancel("c", "x17"), ["9 x17 PENDING 39=6"]);
    let answers = answered(&mut desk);
    assert_eq!(answers[..3], ["b 5/0 120 0 120", "c 5/0 140 0 140", "c 4/4 140 0 0"]);
    assert_eq!((&*answers[3], answers.len()), ("9 x2 TOO_LATE 39=4", 18));
}

#[test]
fn a_17_a_chain_has_an_end() {
    let mut desk = with_one_order();
    desk.replace("a", ask("b0", "buy 120 @ 10"));
    for n in 1..=16 {
        let said = desk.replace(&format!("b{}", n - 1), ask(&format!("b{n}"), "buy 120 @ 10"));
        assert_eq!(said, ["a E/E 100 0 100"], "{n}");
    }
    assert_eq!(desk.replace("b16", ask("b17", "buy 120 @ 10")), ["9 b17 PENDING 39=E"]);
    assert_eq!(answered(&mut desk).len(), 17);
}
