//! Short sales: what is located may be sold short once, what is sold is borrowed, what it brought stays held.

mod desk;

use assay_risk_service::Risk;
use assay_trading_types::*;
use desk::{Ask, Desk, amount, answer, ask, id};

const ANN: &str = "operator:ann";
const BOB: &str = "operator:bob";

/// As [`Desk::new`], but ACME has neither money nor shares: what it sells is borrowed, what it spends a sale brought.
fn desk() -> Desk {
    let mut desk = Desk::empty();
    desk.list("AAPL", "0.01", "1");
    desk.reference("AAPL", "10");
    desk.open_firm("ACME", Commission::default(), SelfTrade::Allow);
    desk.open_firm("BETA", Commission::default(), SelfTrade::Allow);
    desk.credit("BETA", "USD", "100000");
    desk.credit("BETA", "AAPL", "1000");
    desk.said.clear();
    desk
}

fn located(qty: &str) -> Desk {
    let mut desk = desk();
    desk.locate("l1", "ACME", qty, 60);
    desk.hear();
    desk
}

fn place(desk: &mut Desk, name: &str, text: &str) -> String {
    let said = desk.place(ask(name, text));
    desk.check_books();
    answer(&said)
}

fn beta(desk: &mut Desk, name: &str, text: &str) {
    let said = desk.place(Ask { firm: "BETA", account: "BETA", ..ask(name, text) });
    desk.check_books();
    assert_eq!(answer(&said), "ok", "{said:?}");
}

/// Sells short what somebody bids for.
fn sell_short(desk: &mut Desk, name: &str, qty: &str, price: &str) {
    beta(desk, &format!("bid-{name}"), &format!("buy {qty} @ {price}"));
    assert_eq!(place(desk, name, &format!("short {qty} @ {price}")), "ok");
}

fn cancel(desk: &mut Desk, orig: &str, name: &str) -> String {
    let said = desk.cancel_as("ACME", orig, name, Side::SellShort, None);
    desk.check_books();
    answer(&said)
}

/// Position, what is borrowed, cash and what of it can be spent, margin held.
fn stand(desk: &Desk) -> String {
    let (acme, aapl, usd) = (id("ACME"), id("AAPL"), id("USD"));
    let (target, held) = desk.risk.short_margin(&acme, &id("AAPL"));
    assert_eq!(target, held, "the margin is held");
    let [position, borrowed] = [desk.risk.position(&acme, &aapl), desk.risk.borrowed(&acme, &aapl)];
    let [cash, free] = [desk.risk.position(&acme, &usd), desk.risk.available(&acme, &usd)];
    format!("{position} {borrowed} | {cash} {free} {held}")
}

#[test]
fn what_is_located_may_be_sold_short_and_not_one_more() {
    let mut desk = desk();
    assert_eq!(place(&mut desk, "a", "short 1 @ 11"), "SHORT_LOCATE");
    desk.locate("l1", "ACME", "100", 60);
    desk.hear();
    assert_eq!(desk.place(ask("b", "short 101 @ 11")), ["8 b SHORT_LOCATE: 101 > 100 located account ACME"]);
    assert_eq!(place(&mut desk, "c", "short 60 @ 11"), "ok");
    assert_eq!(place(&mut desk, "d", "short 41 @ 11"), "SHORT_LOCATE", "60 are reserved");
    let exempt = Ask { side: Side::SellShortExempt, ..ask("e", "short 41 @ 11") };
    assert_eq!(answer(&desk.place(exempt)), "SHORT_LOCATE", "exempt of the price test, not of the locate");
    assert_eq!(place(&mut desk, "f", "short 40 @ 11"), "ok");
    desk.locate("l2", "ACME", "5", 60);
    assert_eq!(place(&mut desk, "g", "short 6 @ 11"), "SHORT_LOCATE");
    assert_eq!(place(&mut desk, "h", "short 5 @ 11"), "ok", "locates add up");
    let other = Ask { firm: "BETA", account: "BETA", ..ask("i", "short 1 @ 11") };
    assert_eq!(answer(&desk.place(other)), "SHORT_LOCATE", "each account has its own");
}

#[test]
fn a_cancel_and_a_smaller_quantity_free_what_was_located() {
    let mut desk = located("100");
    assert_eq!(place(&mut desk, "a", "short 100 @ 11"), "ok");
    assert_eq!(place(&mut desk, "b", "short 1 @ 11"), "SHORT_LOCATE");
    assert_eq!(answer(&desk.replace("a", ask("c", "short 101 @ 11"))), "SHORT_LOCATE");
    assert_eq!(answer(&desk.replace("a", ask("d", "short 70 @ 11"))), "ok");
    assert_eq!(place(&mut desk, "e", "short 31 @ 11"), "SHORT_LOCATE");
    assert_eq!(place(&mut desk, "f", "short 30 @ 11"), "ok");
    assert_eq!(cancel(&mut desk, "d", "g"), "ok");
    assert_eq!(place(&mut desk, "h", "short 71 @ 11"), "SHORT_LOCATE");
    assert_eq!(place(&mut desk, "i", "short 70 @ 11"), "ok");
}

#[test]
fn a_fill_uses_a_locate_up_for_good() {
    let mut desk = located("100");
    sell_short(&mut desk, "a", "60", "10");
    assert_eq!(place(&mut desk, "b", "short 41 @ 11"), "SHORT_LOCATE");
    beta(&mut desk, "offer", "sell 60 @ 10");
    assert_eq!(place(&mut desk, "c", "buy 60 @ 10"), "ok");
    assert_eq!(stand(&desk), "0 0 | 0 0 0", "all is given back");
    assert_eq!(place(&mut desk, "d", "short 41 @ 11"), "SHORT_LOCATE", "but its locate is not");
    assert_eq!(place(&mut desk, "e", "short 40 @ 11"), "ok");
}

#[test]
fn a_short_sale_delivers_what_is_borrowed_and_leaves_what_it_brought_held() {
    let mut desk = located("100");
    beta(&mut desk, "bid", "buy 100 @ 10");
    let said = desk.place(ask("a", "short 100 @ 9.50"));
    let posted = "borrowed:ACME > clearing 100 AAPL; clearing > client:ACME 1000 USD; \
                  client:ACME > short-margin 1000 USD hold";
    assert!(said.contains(&posted.to_owned()), "{said:#?}");
    assert_eq!(stand(&desk), "-100 100 | 1000 0 1000");
    assert_eq!(desk.funds("BETA", "AAPL"), "1100/1100");
    assert_eq!(place(&mut desk, "b", "sell 1 @ 11"), "LIMIT_CREDIT", "it has nothing of its own to sell");
    let money = desk.place(Ask { symbol: "AAPL", ..ask("c", "buy 101 @ 10") });
    assert_eq!(answer(&money), "LIMIT_CREDIT", "what a sale brought pays for what it owes, not for more");
}

#[test]
fn a_buy_back_is_paid_from_the_margin_and_gives_back_first() {
    let mut desk = located("100");
    sell_short(&mut desk, "a", "100", "10");
    assert_eq!(place(&mut desk, "b", "buy 40 @ 9"), "ok");
    assert_eq!(stand(&desk), "-100 100 | 1000 0 640", "the order holds 360");
    assert_eq!(place(&mut desk, "c", "buy 61 @ 10"), "LIMIT_CREDIT", "60 are left to buy back");
    assert_eq!(place(&mut desk, "d", "buy 60 @ 10"), "ok");
    assert_eq!(stand(&desk), "-100 100 | 1000 0 40");
    assert_eq!(answer(&desk.cancel("d", "e")), "ok");
    assert_eq!(stand(&desk), "-100 100 | 1000 0 640", "what is not spent is held again");
    beta(&mut desk, "offer", "sell 40 @ 9");
    assert_eq!(stand(&desk), "-60 60 | 640 40 600", "a gain of 40 is free");
    assert_eq!(place(&mut desk, "f", "buy 64 @ 10"), "ok", "60 from the margin, 4 from the gain");
    beta(&mut desk, "rest", "sell 64 @ 10");
    assert_eq!(stand(&desk), "4 0 | 0 0 0", "what is beyond the loan is owned");
    assert_eq!(desk.funds("ACME", "AAPL"), "4/4");
}

#[test]
fn a_dearer_buy_back_needs_money_beside_the_margin() {
    let mut desk = located("100");
    sell_short(&mut desk, "a", "100", "10");
    assert_eq!(place(&mut desk, "b", "buy 50 @ 10.01"), "LIMIT_CREDIT", "half of the margin is 500");
    desk.credit("ACME", "USD", "0.50");
    assert_eq!(place(&mut desk, "c", "buy 50 @ 10.01"), "ok");
    beta(&mut desk, "offer", "sell 50 @ 10.01");
    assert_eq!(stand(&desk), "-50 50 | 500 0 500");
}

#[test]
fn more_than_all_of_it_is_held_from_the_accounts_own_cash() {
    let mut desk = located("1000");
    desk.limits(|l| l.short_margin_percent = Some(150));
    desk.credit("ACME", "USD", "500");
    assert_eq!(place(&mut desk, "a", "short 101 @ 10"), "LIMIT_CREDIT", "505 beside what it brings");
    beta(&mut desk, "bid", "buy 60 @ 10.50");
    assert_eq!(place(&mut desk, "b", "short 100 @ 10"), "ok");
    assert_eq!(stand(&desk), "-60 60 | 1130 0 930", "630 and 300 of 60 sold, 200 for the 40 that work");
    assert_eq!(cancel(&mut desk, "b", "c"), "ok");
    assert_eq!(stand(&desk), "-60 60 | 1130 200 930");
    let limits = Limits { short_margin_percent: Some(200), ..Limits::default() };
    desk.give(LimitsSet { firm: id("ACME"), account: Some(id("ACME")), version: 1, limits });
    assert_eq!(place(&mut desk, "d", "short 21 @ 10"), "LIMIT_CREDIT", "the larger of account and firm");
    assert_eq!(place(&mut desk, "e", "short 20 @ 10"), "ok");
}

#[test]
fn commission_comes_out_of_what_a_short_sale_brings() {
    let mut desk = located("100");
    let commission = Commission { per_share: amount("0.01"), ..Commission::default() };
    desk.open_firm("ACME", commission, SelfTrade::Allow);
    sell_short(&mut desk, "a", "100", "10");
    assert_eq!(stand(&desk), "-100 100 | 999 0 999");
}

#[test]
fn a_locate_ends_by_a_clock_tick_and_takes_the_newest_orders_with_it() {
    let mut desk = desk();
    desk.locate("l1", "ACME", "50", 10);
    desk.locate("l2", "ACME", "100", 60);
    desk.hear();
    sell_short(&mut desk, "a", "20", "10");
    assert_eq!(place(&mut desk, "b", "short 80 @ 11"), "ok");
    assert_eq!(place(&mut desk, "c", "short 30 @ 11"), "ok");
    assert_eq!(place(&mut desk, "d", "short 20 @ 11"), "ok");
    desk.later_ms(10 * 60_000 - 1);
    desk.tick();
    assert_eq!(desk.hear(), [""; 0]);
    desk.later_ms(1);
    assert_eq!(place(&mut desk, "e", "short 1 @ 11"), "SHORT_LOCATE", "over, whether a tick said so or not");
    desk.hear();
    desk.tick();
    let said = desk.hear();
    assert_eq!(said[0], "locate l1 Expired, 30 unused, 2 orders");
    let ended = |name: &str| said.iter().any(|line| line.starts_with(&format!("{name} 4/4")));
    assert!(ended("c") && ended("d") && !ended("b"), "{said:#?}");
    assert_eq!(stand(&desk), "-20 20 | 200 0 200", "what was sold stays borrowed");
    assert_eq!(place(&mut desk, "f", "short 21 @ 11"), "SHORT_LOCATE");
    assert_eq!(place(&mut desk, "g", "short 20 @ 11"), "ok");
    desk.check_books();
}

#[test]
fn locates_that_end_at_once_cancel_each_order_once() {
    let mut desk = desk();
    desk.locate("l1", "ACME", "50", 10);
    desk.locate("l2", "ACME", "40", 10);
    desk.hear();
    for (name, qty) in [("a", 30), ("b", 30), ("c", 30)] {
        assert_eq!(place(&mut desk, name, &format!("short {qty} @ 11")), "ok");
    }
    desk.hear();
    desk.later_ms(10 * 60_000);
    desk.tick();
    let said = desk.hear();
    assert_eq!(said[0], "locate l1 Expired, 50 unused, 2 orders", "two cover the 50 that are gone");
    assert_eq!(said[1], "locate l2 Expired, 40 unused, 1 orders");
    let cancels = said.iter().filter(|line| line.contains(" 4/4")).count();
    assert_eq!((cancels, said.len()), (3, 5), "{said:#?}");
    assert!(desk.risk.open_orders().is_empty());
}

#[test]
fn a_locate_that_is_given_back_counts_no_more() {
    let mut desk = located("100");
    assert_eq!(place(&mut desk, "a", "short 60 @ 11"), "ok");
    let release =
        |why: &str| LocateReleaseRequested { locate: id("l1"), reason: why.to_owned(), command: None };
    desk.give_by(ANN, release(" "));
    assert_eq!(desk.hear(), ["refused NoReason l1"]);
    desk.give_by(ANN, release("lender called"));
    let said = desk.hear();
    assert_eq!(said[0], "locate l1 Released, 100 unused, 1 orders");
    assert!(desk.risk.open_orders().is_empty());
    assert_eq!(place(&mut desk, "b", "short 1 @ 11"), "SHORT_LOCATE");
    desk.give_by(ANN, release("lender called"));
    assert_eq!(desk.hear(), ["refused UnknownChange l1"]);
}

#[test]
fn a_locate_takes_two_persons() {
    let mut desk = desk();
    let until = desk.now.plus_ns(60_000_000_000);
    let fine = || LocateProposed {
        locate: id("l1"),
        firm: id("ACME"),
        account: id("ACME"),
        symbol: id("AAPL"),
        qty: id("10"),
        lender: "LENDER".to_owned(),
        valid_until: until,
        reason: "easy to borrow".to_owned(),
        command: None,
    };
    let table = [
        (LocateProposed { reason: " ".to_owned(), ..fine() }, "NoReason"),
        (LocateProposed { lender: String::new(), ..fine() }, "BadLender"),
        (LocateProposed { lender: "L".repeat(65), ..fine() }, "BadLender"),
        (LocateProposed { firm: id("BETA"), ..fine() }, "UnknownScope"),
        (LocateProposed { account: id("NONE"), ..fine() }, "UnknownScope"),
        (LocateProposed { symbol: id("NONE"), ..fine() }, "UnknownScope"),
        (LocateProposed { qty: id("0"), ..fine() }, "BadQuantity"),
        (LocateProposed { qty: id("0.5"), ..fine() }, "BadQuantity"),
        (LocateProposed { valid_until: desk.now, ..fine() }, "BadExpiry"),
    ];
    for (proposed, refusal) in table {
        desk.give_by(ANN, proposed.clone());
        assert_eq!(desk.hear(), [format!("refused {refusal} l1")], "{proposed:?}");
    }
    let decide = |desk: &mut Desk, by: &str, approved| {
        desk.give_by(
            by,
            LocateDecided { locate: id("l1"), approved, reason: "seen".to_owned(), command: None },
        );
        desk.hear()
    };
    desk.give_by(ANN, fine());
    assert_eq!(desk.hear(), [""; 0]);
    desk.give_by(BOB, fine());
    assert_eq!(desk.hear(), ["refused DuplicateChange l1"]);
    assert_eq!(place(&mut desk, "a", "short 1 @ 11"), "SHORT_LOCATE", "proposed is not decided");
    assert_eq!(decide(&mut desk, ANN, true), ["refused SamePerson l1"]);
    assert_eq!(decide(&mut desk, BOB, false), ["locate l1 Declined, 10 unused, 0 orders"]);
    assert_eq!(decide(&mut desk, BOB, true), ["refused UnknownChange l1"]);
    desk.give_by(ANN, fine());
    assert_eq!(decide(&mut desk, BOB, true), ["locate l1 granted 10 AAPL"]);
    desk.give_by(ANN, fine());
    assert_eq!(desk.hear(), ["refused DuplicateChange l1"]);
    desk.give_by(ANN, LocateProposed { locate: id("l2"), ..fine() });
    desk.later_ms(60_000);
    desk.give_by(
        BOB,
        LocateDecided { locate: id("l2"), approved: true, reason: "seen".to_owned(), command: None },
    );
    assert_eq!(desk.hear(), ["refused BadExpiry l2"]);
}

#[test]
fn what_is_owned_is_not_sold_short() {
    let mut desk = located("100");
    desk.credit("ACME", "AAPL", "30");
    desk.hear();
    let said = desk.place(ask("a", "short 1 @ 11"));
    assert_eq!(said, ["8 a SHORT_MARKING: ACME owns 30 AAPL, which is sold by 54=2"]);
    assert_eq!(place(&mut desk, "b", "sell 31 @ 11"), "LIMIT_CREDIT", "a sale beyond the position");
    assert_eq!(place(&mut desk, "c", "sell 29 @ 11"), "ok");
    assert_eq!(place(&mut desk, "d", "short 1 @ 11"), "SHORT_MARKING");
    assert_eq!(place(&mut desk, "e", "sell 1 @ 11"), "ok");
    assert_eq!(place(&mut desk, "f", "short 100 @ 11"), "ok", "all that is owned is on sale");
}

#[test]
fn limits_of_exposure_count_short_sales() {
    let mut desk = located("1000");
    desk.limits(|l| l.gross_notional_max = Some(amount("1000")));
    assert_eq!(place(&mut desk, "a", "short 101 @ 10"), "LIMIT_GROSS");
    sell_short(&mut desk, "b", "100", "10");
    assert_eq!(place(&mut desk, "c", "short 1 @ 10"), "LIMIT_GROSS", "1,000 short at 10");
    desk.limits(|l| l.position_qty_max = Some(id("120")));
    assert_eq!(place(&mut desk, "d", "short 21 @ 10"), "LIMIT_POSITION");
    assert_eq!(place(&mut desk, "e", "short 20 @ 10"), "ok");
    desk.limits(|l| l.daily_loss_max = Some(amount("100")));
    desk.reference("AAPL", "11.01");
    assert_eq!(place(&mut desk, "f", "short 1 @ 12"), "LIMIT_LOSS", "101 lost on 100 short");
    assert_eq!(place(&mut desk, "g", "buy 50 @ 10"), "ok", "what makes the position smaller passes");
}

#[test]
fn f_and_g_may_say_6_for_5_and_nothing_else() {
    let mut desk = located("100");
    assert_eq!(place(&mut desk, "a", "short 50 @ 11"), "ok");
    let as_side = |side, name| Ask { side, ..ask(name, "short 60 @ 11") };
    assert_eq!(answer(&desk.replace("a", as_side(Side::Sell, "b"))), "TERMS_MISMATCH");
    assert_eq!(answer(&desk.replace("a", as_side(Side::SellShortExempt, "c"))), "ok");
    assert_eq!(desk.risk.open_orders()[0].terms.side, Side::SellShortExempt);
    assert_eq!(answer(&desk.replace("c", as_side(Side::SellShort, "d"))), "TERMS_MISMATCH");
    let said = desk.cancel_as("ACME", "c", "e", Side::SellShortExempt, None);
    assert_eq!(answer(&said), "ok");
    assert_eq!(place(&mut desk, "f", "short 100 @ 11"), "ok", "all of it is free again");
}

#[test]
fn an_undone_short_sale_is_owed_no_more() {
    let mut desk = located("100");
    sell_short(&mut desk, "a", "60", "10");
    sell_short(&mut desk, "b", "40", "20");
    assert_eq!(stand(&desk), "-100 100 | 1400 0 1400");
    desk.amend(2, None);
    desk.check_books();
    assert_eq!(stand(&desk), "-60 60 | 600 0 600");
    assert_eq!(place(&mut desk, "c", "short 41 @ 11"), "SHORT_LOCATE");
    assert_eq!(place(&mut desk, "d", "short 40 @ 11"), "ok", "its shares are located again");
    desk.amend(1, Some(id("11")));
    desk.check_books();
    assert_eq!(stand(&desk), "-60 60 | 660 0 660", "a better price is held too");
    desk.amend(1, None);
    desk.check_books();
    assert_eq!(stand(&desk), "0 0 | 0 0 0");
}

#[test]
fn an_undone_buy_back_is_owed_again() {
    let mut desk = located("100");
    sell_short(&mut desk, "a", "100", "10");
    beta(&mut desk, "offer", "sell 100 @ 9");
    assert_eq!(place(&mut desk, "b", "buy 100 @ 9"), "ok");
    assert_eq!(stand(&desk), "0 0 | 100 100 0");
    desk.amend(2, None);
    desk.check_books();
    assert_eq!(stand(&desk), "-100 100 | 1000 100 900", "the house pays nothing");
}

#[test]
fn a_restart_keeps_locates_loans_and_margins() {
    let mut desk = desk();
    desk.locate("l1", "ACME", "50", 10);
    desk.locate("l2", "ACME", "100", 60);
    sell_short(&mut desk, "a", "70", "10");
    assert_eq!(place(&mut desk, "b", "short 30 @ 11"), "ok");
    assert_eq!(place(&mut desk, "c", "buy 20 @ 9"), "ok");
    let before = stand(&desk);
    let bytes = desk.risk.snapshot();
    desk.risk = Risk::restore(&bytes).unwrap();
    assert!(desk.risk.snapshot() == bytes);
    assert_eq!(stand(&desk), before);
    assert_eq!(place(&mut desk, "d", "short 51 @ 11"), "SHORT_LOCATE");
    assert_eq!(place(&mut desk, "e", "short 50 @ 11"), "ok");
    desk.hear();
    desk.later_ms(10 * 60_000);
    desk.tick();
    assert_eq!(desk.hear()[0], "locate l1 Expired, 0 unused, 0 orders");
    assert_eq!(answer(&desk.cancel("c", "f")), "ok");
    assert_eq!(stand(&desk), "-70 70 | 700 0 700");
    desk.check_books();
}
