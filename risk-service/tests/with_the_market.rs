//! Risk and the real market under random orders, replaces and cancels of several firms, with the market lagging behind
//! by any number of records, so that requests and fills pass each other.

mod desk;

use assay_risk_service::Risk;
use assay_trading_types::*;
use desk::{Ask, Desk, amount, apply, ask, id};
use proptest::prelude::*;

const FIRMS: [&str; 3] = ["ACME", "BETA", "GAMA"];

#[derive(Debug, Clone)]
enum Step {
    Place { firm: usize, side: Side, lots: i64, price: Option<i64>, tif: TimeInForce },
    Replace { firm: usize, pick: usize, lots: i64, price: Option<i64> },
    Cancel { firm: usize, pick: usize },
    Market { records: usize },
    Kill { on: bool },
    Locate { firm: usize, lots: i64, minutes: i64 },
    Later { minutes: i64 },
    Bust { trade: u64 },
    Correct { trade: u64, price: i64 },
}

fn step() -> impl Strategy<Value = Step> {
    let price = || prop_oneof![9 => (900..1_100_i64).prop_map(Some), 1 => Just(None)];
    let tif = prop_oneof![
        6 => Just(TimeInForce::Day),
        2 => Just(TimeInForce::Gtc),
        1 => Just(TimeInForce::Ioc),
        1 => Just(TimeInForce::Fok)
    ];
    let side = prop_oneof![4 => Just(Side::Buy), 3 => Just(Side::Sell), 2 => Just(Side::SellShort)];
    prop_oneof![
        12 => (0..3_usize, side, 0..60_i64, price(), tif)
            .prop_map(|(firm, side, lots, price, tif)| Step::Place { firm, side, lots, price, tif }),
        2 => (0..3_usize, 1..200_i64, 1..60_i64)
            .prop_map(|(firm, lots, minutes)| Step::Locate { firm, lots, minutes }),
        1 => (1..20_i64).prop_map(|minutes| Step::Later { minutes }),
        5 => (0..3_usize, any::<usize>(), 0..60_i64, price())
            .prop_map(|(firm, pick, lots, price)| Step::Replace { firm, pick, lots, price }),
        3 => (0..3_usize, any::<usize>()).prop_map(|(firm, pick)| Step::Cancel { firm, pick }),
        8 => (0..6_usize).prop_map(|records| Step::Market { records }),
        1 => any::<bool>().prop_map(|on| Step::Kill { on }),
        2 => (1..20_u64).prop_map(|trade| Step::Bust { trade }),
        1 => (1..20_u64, 900..1_100_i64).prop_map(|(trade, price)| Step::Correct { trade, price }),
    ]
}

/// Ticks of a hundredth and lots of one, or such that no notional is a whole number of billionths.
fn desk(awkward: bool, self_trade: SelfTrade) -> Desk {
    let mut desk = Desk::empty();
    let (tick, lot) = if awkward { ("0.000000007", "0.03") } else { ("0.01", "1") };
    desk.list("AAPL", tick, lot);
    desk.reference("AAPL", if awkward { "0.000007" } else { "10" });
    let rates = [("0", "0", "0"), ("0.003", "2.5", "0"), ("0", "7", "0.9")];
    for (firm, (per_share, bp, minimum)) in FIRMS.into_iter().zip(rates) {
        let commission =
            Commission { per_share: amount(per_share), basis_points: amount(bp), minimum: amount(minimum) };
        desk.open_firm(firm, commission, self_trade);
        desk.credit(firm, "USD", "3000");
        // One has nothing to sell that is not borrowed, and has to hold more than what that brings.
        if firm != "GAMA" {
            desk.credit(firm, "AAPL", "150");
        }
    }
    let limits = Limits { short_margin_percent: Some(120), ..Limits::default() };
    desk.give(LimitsSet { firm: id("GAMA"), account: None, version: 1, limits });
    (desk.market, desk.pending) = (false, awkward);
    desk
}

/// Applies one step, the `n`-th.
fn take(desk: &mut Desk, n: usize, step: &Step, awkward: bool) {
    let price = |ticks: Option<i64>| {
        let tick = if awkward { 7 } else { 10_000_000 };
        ticks.map_or("market".to_owned(), |t| Price::from_units(t * tick).to_string())
    };
    let qty = |lots: i64| Qty::from_units(lots * if awkward { SCALE / 100 * 3 } else { SCALE }).to_string();
    let new = |firm: usize, lots, ticks| Ask {
        firm: FIRMS[firm],
        account: FIRMS[firm],
        qty: qty(lots),
        price: price(ticks),
        ..ask(&format!("id-{n}"), "buy 1 @ 1")
    };
    let picked = |desk: &Desk, firm: usize, pick: usize| {
        let mine: Vec<OrderState> =
            desk.risk.open_orders().into_iter().filter(|o| o.terms.firm == id(FIRMS[firm])).collect();
        (!mine.is_empty()).then(|| mine[pick % mine.len()].terms.clone())
    };
    match step {
        Step::Place { firm, side, lots, price, tif } => {
            desk.place(Ask { side: *side, tif: *tif, ..new(*firm, *lots, *price) });
        }
        Step::Locate { firm, lots, minutes } => {
            desk.locate(&format!("locate-{n}"), FIRMS[*firm], &qty(*lots), *minutes);
        }
        Step::Later { minutes } => {
            desk.later_ms(minutes * 60_000);
            desk.tick();
        }
        Step::Replace { firm, pick, lots, price } => {
            if let Some(old) = picked(desk, *firm, *pick) {
                desk.replace(old.cl_ord_id.as_str(), Ask { side: old.side, ..new(*firm, *lots, *price) });
            }
        }
        Step::Cancel { firm, pick } => {
            if let Some(old) = picked(desk, *firm, *pick) {
                let name = format!("id-{n}");
                desk.cancel_as(FIRMS[*firm], old.cl_ord_id.as_str(), &name, old.side, None);
            }
        }
        Step::Market { records } => (0..*records).for_each(|_| {
            desk.step_market();
            desk.check_books();
        }),
        Step::Kill { on } => desk.kill(*on),
        Step::Bust { trade } => desk.amend(*trade, None),
        Step::Correct { trade, price } => {
            let tick = if awkward { 7 } else { 10_000_000 };
            desk.amend(*trade, Some(Price::from_units(price * tick)));
        }
    }
}

fn totals(desk: &Desk, asset: &str) -> Amount {
    let asset: Asset = id(asset);
    let accounts = desk.risk.ledger().accounts().iter();
    let of = |a: &&assay_ledger::Account| a.asset() == asset && a.code().as_str() != "equity";
    Amount::from_units(accounts.filter(of).map(|a| a.balance().units()).sum())
}

/// What is borrowed is owed to somebody outside, and what it brought is held.
fn short_sales_balance(desk: &Desk, was_amended: bool) -> usize {
    let shortfall = desk.risk.ledger().find(LedgerCode::from("shortfall").unwrap(), id("AAPL"));
    let mut sum = shortfall.map_or(0, |ix| desk.risk.ledger().account(ix).balance().units());
    let mut margins = 0;
    for firm in FIRMS {
        let (account, aapl) = (id(firm), id("AAPL"));
        let (position, borrowed) = (desk.risk.position(&account, &aapl), desk.risk.borrowed(&account, &aapl));
        assert!(borrowed >= Amount::ZERO, "{firm} gave back more than it borrowed: {borrowed}");
        assert!(position.units() + borrowed.units() >= 0, "{firm}: {position} with {borrowed} borrowed");
        sum += position.units();
        let (target, held) = desk.risk.short_margin(&account, &id("AAPL"));
        // What was undone may have been spent.
        assert!(held == target || was_amended && held < target, "{firm} has {held} of {target} held");
        margins += usize::from(held > Amount::ZERO);
    }
    assert_eq!(Amount::from_units(sum), amount("300"), "shares are moved, never made");
    margins
}

fn clearing_is_flat(desk: &Desk) {
    for asset in ["USD", "AAPL"] {
        let ix = desk.risk.ledger().find(LedgerCode::from("clearing").unwrap(), id(asset));
        let balance = ix.map(|ix| desk.risk.ledger().account(ix).balance()).unwrap_or_default();
        assert_eq!(balance, Amount::ZERO, "clearing of {asset} nets to zero");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn books_balance_and_holds_are_what_open_orders_need(
        steps in prop::collection::vec(step(), 1..150),
        awkward in any::<bool>(),
        self_trade in 0..5_usize,
        cut in 0..150_usize,
    ) {
        let kinds = [
            SelfTrade::Allow,
            SelfTrade::CancelNewest,
            SelfTrade::CancelOldest,
            SelfTrade::CancelBoth,
            SelfTrade::Decrement,
        ];
        let mut desk = desk(awkward, kinds[self_trade]);
        let mut saved = None;
        for (n, step) in steps.iter().enumerate() {
            if n == cut {
                saved = Some((desk.risk.snapshot(), desk.accounts.len()));
            }
            take(&mut desk, n, step, awkward);
            desk.check_books();
        }
        desk.run_market();
        desk.check_books();
        prop_assert_eq!(desk.risk.open_orders().len(), desk.execution.open_order_count());
        clearing_is_flat(&desk);
        prop_assert_eq!(totals(&desk, "USD"), amount("9000"), "money is moved, never made");

        for (n, order) in desk.risk.open_orders().into_iter().enumerate() {
            let (firm, side) = (order.terms.firm, order.terms.side);
            let name = format!("last-{n}");
            desk.cancel_as(firm.as_str(), order.terms.cl_ord_id.as_str(), &name, side, None);
        }
        desk.run_market();
        desk.check_books();
        prop_assert_eq!(desk.risk.open_orders().len(), 0);
        let was_amended = steps.iter().any(|s| matches!(s, Step::Bust { .. } | Step::Correct { .. }));
        let margins = short_sales_balance(&desk, was_amended);
        prop_assert_eq!(desk.risk.ledger().holds(), margins, "no order, no hold but for what is sold short");

        if let Some((bytes, from)) = saved {
            continues_alike(&desk, &bytes, from);
        }
    }
}

/// A restored risk, given the same records, says the same and comes to the same bytes.
fn continues_alike(desk: &Desk, bytes: &[u8], from: usize) {
    let mut restored = Risk::restore(bytes).unwrap();
    assert_eq!(restored.snapshot(), bytes);
    let mut whole = Risk::new(0);
    for (offset, (event, origin, at, actor)) in desk.accounts.iter().enumerate() {
        let caused = (*at, *origin, *actor);
        let risk = (Topic::Accounts, Role::Risk);
        let expected = apply(&mut whole, risk, offset as u64, caused, event);
        if offset >= from {
            assert_eq!(apply(&mut restored, risk, offset as u64, caused, event), expected, "{event:?}");
            let twice = apply(&mut restored, risk, offset as u64, caused, event);
            assert_eq!(twice, [], "a record read again changes nothing");
        }
    }
    assert!(restored.snapshot() == whole.snapshot(), "the same log gives the same bytes");
}
