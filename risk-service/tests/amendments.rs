//! Trades undone and priced anew, in the books (M-26, M-27): nothing is erased, nobody pays for what was undone, and what a
//! client has spent meanwhile the house pays, with an alarm.

mod desk;

use assay_trading_types::*;
use desk::{Ask, Desk, amount, ask, id};

fn beta(name: &str, text: &str) -> Ask {
    Ask { firm: "BETA", account: "BETA", ..ask(name, text) }
}

/// ACME pays 0.01 a share; it buys 30 of 100 at 10 from BETA: the first trade.
fn with_a_trade() -> Desk {
    let mut desk = Desk::empty();
    desk.list("AAPL", "0.01", "1");
    desk.reference("AAPL", "10");
    for (firm, per_share) in [("ACME", "0.01"), ("BETA", "0")] {
        let commission = Commission { per_share: amount(per_share), ..Commission::default() };
        desk.open_firm(firm, commission, SelfTrade::Allow);
        desk.credit(firm, "USD", "10000");
        desk.credit(firm, "AAPL", "1000");
    }
    desk.place(ask("a", "buy 100 @ 10"));
    desk.place(beta("s", "sell 30 @ 10"));
    desk.hear();
    desk
}

fn funds(desk: &Desk, firm: &str) -> [String; 2] {
    [desk.funds(firm, "USD"), desk.funds(firm, "AAPL")]
}

fn alarms(desk: &mut Desk) -> Vec<String> {
    desk.hear().into_iter().filter(|line| line.starts_with("alarm")).collect()
}

#[test]
fn m_26_a_bust_gives_back_cash_units_and_commission_and_holds_what_is_open_again() {
    let mut desk = with_a_trade();
    assert_eq!(funds(&desk, "ACME"), ["9699.7/8999", "1030/1030"]);
    assert_eq!(funds(&desk, "BETA"), ["10300/10300", "970/970"]);
    let (before, firm) = (desk.risk.account_at_stake(&id("ACME")).unwrap(), id("ACME"));
    desk.amend(1, None);
    desk.check_books();
    assert_eq!(funds(&desk, "ACME"), ["10000/8999", "1000/1000"], "100 at 10 and 1 of commission are held");
    assert_eq!(funds(&desk, "BETA"), ["10000/10000", "1000/1000"], "its order was filled and stays closed");
    let now = desk.risk.account_at_stake(&firm).unwrap();
    assert_eq!((before.working, now.working), (amount("700"), amount("1000")));
    assert_eq!((before.net, now.net), (amount("10300"), amount("10000")));
    assert_eq!((before.loss, now.loss), (amount("0.3"), amount("0")));
    assert_eq!(desk.risk.firm_at_stake(&id("ACME")).unwrap(), now);
    assert_eq!(alarms(&mut desk), [""; 0]);

    desk.amend(1, None);
    assert_eq!(funds(&desk, "ACME"), ["10000/8999", "1000/1000"], "a second time changes nothing");
    desk.cancel("a", "x");
    assert_eq!(funds(&desk, "ACME"), ["10000/10000", "1000/1000"]);
    assert_eq!(desk.risk.ledger().holds(), 0);
}

#[test]
fn m_26_an_order_whose_quantity_came_back_trades_all_of_it() {
    let mut desk = with_a_trade();
    desk.amend(1, None);
    desk.place(beta("t", "sell 100 @ 10"));
    desk.check_books();
    assert_eq!(funds(&desk, "ACME"), ["8999/8999", "1100/1100"]);
    assert_eq!(funds(&desk, "BETA"), ["11000/11000", "900/900"]);
}

#[test]
fn m_26_the_house_pays_for_proceeds_and_units_that_were_spent_meanwhile() {
    let mut desk = with_a_trade();
    desk.cancel("a", "x");
    // BETA has 10,300 and spends all but 100 of it; ACME sells all of its 1,030 and keeps the money.
    desk.place(ask("all", "sell 1030 @ 9"));
    desk.place(beta("most", "buy 1020 @ 10"));
    assert_eq!(funds(&desk, "BETA")[0], "1120/1120");
    desk.place(beta("rest", "buy 110 @ 10"));
    assert_eq!(funds(&desk, "BETA")[0], "1030/30", "10 at 9 were filled, 100 at 10 are held");
    desk.hear();
    desk.amend(1, None);
    desk.check_books();
    assert_eq!(alarms(&mut desk), ["alarm Shortfall", "alarm Shortfall"]);
    assert_eq!(funds(&desk, "ACME"), ["19259.7/19259.7", "0/0"], "300 and 0.3 of commission came back");
    assert_eq!(funds(&desk, "BETA"), ["1000/0", "2030/2030"], "it had 30 of 300 that was not held");
    let house: Vec<String> = desk
        .risk
        .ledger()
        .accounts()
        .iter()
        .filter(|a| a.balance() < Amount::ZERO && a.code().as_str() != "equity")
        .map(|a| format!("{} {} {}", a.code(), a.balance(), a.asset()))
        .collect();
    assert_eq!(house.len(), 2, "{house:?}");
    assert!(house.iter().any(|line| line.ends_with(" -270 USD")), "{house:?}");
    assert!(house.iter().any(|line| line.ends_with(" -30 AAPL")), "{house:?}");
}

#[test]
fn m_26_an_open_order_that_its_account_cannot_cover_any_more_is_cancelled() {
    let mut desk = with_a_trade();
    desk.cancel("a", "x");
    desk.amend(1, None);
    desk.place(beta("cheap", "sell 30 @ 9"));
    desk.place(ask("c", "buy 100 @ 10"));
    desk.place(ask("d", "buy 901 @ 10"));
    assert_eq!(desk.funds("ACME", "USD"), "9729.7/9.99", "270.3 paid, 700.7 and 9,019.01 held");
    desk.hear();
    desk.amend(2, None);
    desk.check_books();
    let said = desk.hear();
    assert!(
        said.iter().any(|line| line == "c 4/4 100 0 0"),
        "30 more at 10 cost more than 30 at 9 gave: {said:?}"
    );
    assert_eq!(desk.funds("ACME", "USD"), "10000/980.99");
}

#[test]
fn m_27_a_dearer_price_is_paid_from_what_is_free_and_keeps_units_and_commission() {
    let mut desk = with_a_trade();
    desk.amend(1, Some(id("11")));
    desk.check_books();
    assert_eq!(funds(&desk, "ACME"), ["9669.7/8969", "1030/1030"]);
    assert_eq!(funds(&desk, "BETA"), ["10330/10330", "970/970"]);
    desk.amend(1, Some(id("9")));
    desk.check_books();
    assert_eq!(funds(&desk, "ACME"), ["9729.7/9029", "1030/1030"], "a correction is corrected");
    desk.amend(1, None);
    desk.check_books();
    assert_eq!(funds(&desk, "ACME"), ["10000/8999", "1000/1000"], "and undone, at the price it has by then");
    assert_eq!(funds(&desk, "BETA"), ["10000/10000", "1000/1000"]);
}

#[test]
fn m_26_a_fill_of_yesterday_is_undone_without_changing_what_was_traded_today() {
    let mut desk = with_a_trade();
    desk.cancel("a", "x");
    desk.later_ms(24 * 3_600_000);
    desk.tick();
    desk.reference("AAPL", "10");
    desk.place(beta("t", "sell 50 @ 10"));
    desk.place(ask("c", "buy 50 @ 10"));
    let positions = |desk: &mut Desk| {
        let request = desk.request("ACME");
        desk.said.clear();
        desk.give(PositionsRequested {
            request,
            firm: id("ACME"),
            account: id("ACME"),
            symbol: Some(id("AAPL")),
            pos_req_id: id("p"),
            carried: None,
            refused: None,
        });
        let report = desk.said.drain(..).find_map(|event| match event {
            Event::PositionsReported(report) => Some(report),
            _ => None,
        });
        let state = report.expect("an answer").positions[0].clone();
        format!("{} + {} - {} = {}", state.start, state.bought, state.sold, state.now)
    };
    assert_eq!(positions(&mut desk), "1030 + 50 - 0 = 1080");
    desk.amend(1, None);
    assert_eq!(positions(&mut desk), "1000 + 50 - 0 = 1050");
    desk.amend(2, None);
    assert_eq!(positions(&mut desk), "1000 + 0 - 0 = 1000");
}
