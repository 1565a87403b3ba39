//! Random lives of loans beside random orders, with restarts between: the books balance at every record and say of every
//! loan what the loan core says, nobody is overdrawn, and principal is paid back, owed or given up, to the cent.

mod desk;
mod lender;

use assay_risk_service::Risk;
use assay_trading_types::*;
use desk::{Ask, amount, ask, id};
use lender::*;
use proptest::prelude::*;

const FIRMS: [&str; 2] = ["ACME", "BETA"];
const PERSONS: [&str; 3] = [ANN, OLGA, OSKAR];
const AMOUNTS: [&str; 7] = ["0", "0.01", "50", "500.55", "1500", "5000", "0.001"];
const SHARES: [&str; 6] = ["0", "1", "40", "150", "400", "1000"];

#[derive(Debug, Clone)]
enum Step {
    Apply { firm: usize, much: usize, shares: usize },
    Say { by: usize, what: usize, pick: usize, much: usize, shares: usize },
    Days { days: i64 },
    Price { cents: i64 },
    Order { buy: bool, lots: u32, cents: u32 },
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..2_usize, 0..AMOUNTS.len(), 0..SHARES.len())
            .prop_map(|(firm, much, shares)| Step::Apply { firm, much, shares }),
        16 => (0..3_usize, 0..12_usize, any::<usize>(), 0..AMOUNTS.len(), 0..SHARES.len())
            .prop_map(|(by, what, pick, much, shares)| Step::Say { by, what, pick, much, shares }),
        6 => (0..40_i64).prop_map(|days| Step::Days { days }),
        3 => (300..1_500_i64).prop_map(|cents| Step::Price { cents }),
        3 => (any::<bool>(), 1..200_u32, 900..1_100_u32)
            .prop_map(|(buy, lots, cents)| Step::Order { buy, lots, cents }),
        1 => Just(Step::Restart),
    ]
}

fn say(l: &mut Lender, (by, what, pick): (usize, usize, usize), much: &str, shares: &str) {
    let known: Vec<(LoanId, FirmId)> =
        l.desk.risk.loans().iter().map(|loan| (loan.id(), loan.borrower())).collect();
    let Some((loan, firm)) = known.get(pick % known.len().max(1)).copied() else { return };
    let (asset, shares) = (id("AAPL"), amount(shares));
    let action = match what {
        0 | 1 => LoanAction::Approve { loan },
        2..=4 => LoanAction::Disburse { loan },
        5 => LoanAction::Reject { loan, reason: "no".into() },
        6 => LoanAction::Cancel { loan },
        7 | 8 => LoanAction::Repay { loan, amount: amount(much) },
        9 => LoanAction::Pledge { loan, asset, amount: shares },
        10 => LoanAction::Release { loan, asset, amount: shares },
        _ if pick.is_multiple_of(2) => LoanAction::ProposeWriteOff { loan, reason: "gone".into() },
        _ => LoanAction::WriteOff { loan },
    };
    l.ask(PERSONS[by], Some(firm.as_str()), action);
}

fn take(l: &mut Lender, step: &Step, n: usize) {
    match step {
        Step::Apply { firm, much, shares } => {
            l.apply(FIRMS[*firm], AMOUNTS[*much], SHARES[*shares]);
        }
        Step::Say { by, what, pick, much, shares } => {
            say(l, (*by, *what, *pick), AMOUNTS[*much], SHARES[*shares]);
        }
        Step::Days { days } => l.days_later(*days),
        Step::Price { cents } => l.price(&format!("{}.{:02}", cents / 100, cents % 100)),
        Step::Order { buy, lots, cents } => {
            let (side, firm) = if *buy { ("buy", "ACME") } else { ("sell", "BETA") };
            let price = Price::with_decimals(i64::from(*cents) * 10_000_000, 2);
            let order = ask(&format!("id-{n}"), &format!("{side} {lots} @ {price}"));
            l.desk.place(Ask { firm, account: firm, ..order });
        }
        Step::Restart => l.restart(),
    }
}

/// Principal paid out is paid back, owed, given up or let go.
fn check_principal(l: &Lender) {
    for loan in l.desk.risk.loans().iter() {
        let state = loan.state();
        let paid_out = if state.disbursed.is_some() { state.amount } else { Amount::ZERO };
        let accounted = state.repaid.principal.checked_add(state.owed.principal).unwrap();
        let left = paid_out.checked_sub(accounted).unwrap();
        let let_go = if state.status == LoanStatus::Repaid { amount("0.01") } else { Amount::ZERO };
        assert!((Amount::ZERO..=let_go).contains(&left), "{state:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn books_balance_and_say_what_the_loans_say(steps in prop::collection::vec(step(), 1..120)) {
        let mut l = Lender::new();
        // Whatever follows, there is a loan that runs.
        l.lend("ACME", "2000", "400");
        for (n, step) in steps.iter().enumerate() {
            take(&mut l, step, n);
            l.check();
            check_principal(&l);
        }
        // The same records give the same state, whatever restarts there were.
        let mut again = Risk::new(0);
        for (offset, (event, origin, at, actor)) in l.desk.accounts.iter().enumerate() {
            let context = (*at, *origin, *actor);
            desk::apply(&mut again, (Topic::Accounts, Role::Risk), offset as u64, context, event);
        }
        prop_assert_eq!(again.snapshot(), l.desk.risk.snapshot());
    }
}
