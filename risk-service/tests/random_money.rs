//! Random movements of money by random persons beside random orders, with restarts between: the books balance at every
//! record, nobody is overdrawn, every hold belongs to something open, and outside money is what was confirmed less what
//! was completed.

mod desk;
mod treasury;

use assay_risk_service::Risk;
use assay_trading_types::*;
use desk::{Ask, amount, ask, id};
use proptest::prelude::*;
use treasury::*;

const PERSONS: [&str; 3] = [ANN, BOB, EVE];
const AMOUNTS: [&str; 8] = ["0", "0.01", "1", "333.33", "5000", "10000", "0.001", "99999999999999999999"];
const ACCOUNTS: [(&str, &str); 3] = [("ACME", "ACME"), ("ACME", "ACME-2"), ("BETA", "BETA")];

#[derive(Debug, Clone)]
enum Step {
    Ask { by: usize, what: usize, from: usize, to: usize, much: usize, asset: usize },
    Word { by: usize, what: usize, pick: usize },
    Order { buy: bool, lots: u32, cents: u32 },
    CancelOrder { pick: usize },
    Pass { seconds: i64 },
    Rate { cents: u32 },
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        10 => (0..3_usize, 0..6_usize, 0..3_usize, 0..3_usize, 0..AMOUNTS.len(), 0..3_usize)
            .prop_map(|(by, what, from, to, much, asset)| Step::Ask { by, what, from, to, much, asset }),
        14 => (0..3_usize, 0..9_usize, any::<usize>()).prop_map(|(by, what, pick)| Step::Word { by, what, pick }),
        4 => (any::<bool>(), 1..400_u32, 900..1_100_u32)
            .prop_map(|(buy, lots, cents)| Step::Order { buy, lots, cents }),
        2 => any::<usize>().prop_map(|pick| Step::CancelOrder { pick }),
        1 => (1..5_000_i64).prop_map(|seconds| Step::Pass { seconds }),
        1 => (1..300_u32).prop_map(|cents| Step::Rate { cents }),
        1 => Just(Step::Restart),
    ]
}

fn wanted(t: &Treasury, step: &Step, n: usize) -> Option<(&'static str, &'static str, MoneyAction)> {
    match step {
        Step::Ask { by, what, from, to, much, asset } => {
            let ((firm, account), receiver) = (ACCOUNTS[*from], ACCOUNTS[*to]);
            let (much, asset) = (AMOUNTS[*much], ["USD", "EUR", "AAPL"][*asset]);
            let action = match what {
                0 => deposit(account, asset, much),
                1 => withdraw_to("bank", account, asset, much),
                2 => transfer(account, receiver, asset, much),
                3 => convert(much, "EUR", "USD", None),
                4 => convert(much, "USD", "EUR", None),
                _ => charge(much),
            };
            Some((PERSONS[*by], firm, action))
        }
        Step::Word { by, what, pick } => {
            let known: Vec<&MovementId> = t.movements.iter().collect();
            let movement = **known.get(pick % known.len().max(1))?;
            let reference = format!("out-{}", n % 40);
            let action = match what {
                0 | 1 => approve(movement),
                2 => confirm(movement, &reference),
                3 => reject(movement),
                4 => cancel(movement),
                5 => send(movement, &reference),
                6 => MoneyAction::Complete { movement },
                7 => acknowledge(movement, &reference),
                _ if n.is_multiple_of(2) => fail(movement),
                _ => reverse(movement),
            };
            let firm = t.desk.risk.movement(&movement)?.firm;
            let firm = if firm == id("ACME") { "ACME" } else { "BETA" };
            Some((PERSONS[*by], firm, action))
        }
        _ => None,
    }
}

fn take(t: &mut Treasury, step: &Step, n: usize) {
    if let Some((by, firm, action)) = wanted(t, step, n) {
        t.ask(by, firm, action);
    }
    match step {
        Step::Order { buy, lots, cents } => {
            let (side, firm) = if *buy { ("buy", "ACME") } else { ("sell", "BETA") };
            let price = Price::with_decimals(i64::from(*cents) * 10_000_000, 2);
            let order = ask(&format!("id-{n}"), &format!("{side} {lots} @ {price}"));
            t.desk.place(Ask { firm, account: firm, ..order });
        }
        Step::CancelOrder { pick } => {
            let open = t.desk.risk.open_orders();
            if !open.is_empty() {
                let terms = open[pick % open.len()].terms.clone();
                let firm = if terms.firm == id("ACME") { "ACME" } else { "BETA" };
                t.desk.cancel_as(firm, terms.cl_ord_id.as_str(), &format!("id-{n}"), terms.side, None);
            }
        }
        Step::Pass { seconds } => t.later_s(*seconds),
        Step::Rate { cents } => {
            let text = Price::with_decimals(i64::from(*cents) * 10_000_000, 2).to_string();
            t.desk.give(rate("EUR", "USD", &text, 20));
            t.desk.give(rate("USD", "EUR", "0.91", 0));
        }
        Step::Restart => {
            let bytes = t.desk.risk.snapshot();
            t.desk.risk = Risk::restore(&bytes).expect("what was written can be read");
            assert_eq!(t.desk.risk.snapshot(), bytes);
        }
        Step::Ask { .. } | Step::Word { .. } => {}
    }
}

/// What lies outside by the records alone: confirmed deposits less completed withdrawals, undone ones not counted.
fn outside(t: &Treasury, asset: &str) -> Amount {
    let mut units = 0;
    for movement in t.movements.iter().filter_map(|id| t.desk.risk.movement(id)) {
        let counts = movement.status == MovementStatus::Completed && movement.reversed_by.is_none();
        let sign = match movement.id.kind() {
            MovementKind::Deposit => -1,
            MovementKind::Withdrawal => 1,
            _ => 0,
        };
        if counts && movement.asset == id(asset) {
            units += sign * movement.amount.units();
        }
    }
    Amount::from_units(units)
}

fn check(t: &Treasury) {
    t.desk.check_books();
    let (needs, ledger) = (t.desk.risk.needs(), t.desk.risk.ledger());
    for account in ledger.accounts() {
        let ix = ledger.find(account.code(), account.asset()).unwrap();
        assert_eq!(account.held(), needs.get(&ix).copied().unwrap_or_default(), "{account:?}");
    }
    for asset in ["USD", "EUR", "AAPL"] {
        assert_eq!(amount(&t.house("external:bank_transfer", asset)), outside(t, asset), "{asset} outside");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn books_balance_and_every_hold_belongs_to_something_open(steps in prop::collection::vec(step(), 1..120)) {
        let mut t = Treasury::new();
        for (n, step) in steps.iter().enumerate() {
            take(&mut t, step, n);
            check(&t);
        }
        // The same records give the same state, whatever restarts there were.
        let mut again = Risk::new(0);
        for (offset, (event, origin, at, actor)) in t.desk.accounts.iter().enumerate() {
            let context = (*at, *origin, *actor);
            desk::apply(&mut again, (Topic::Accounts, Role::Risk), offset as u64, context, event);
        }
        prop_assert_eq!(again.snapshot(), t.desk.risk.snapshot());
    }
}
