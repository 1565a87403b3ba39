//! What holds whatever is done, by seed.

mod bank;

use assay_loans::*;
use assay_trading_types::loan_terms::*;
use assay_trading_types::{Amount, Date, LoanId, LoanRefusal};
use bank::{Bank, amount, asset, day, product};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

fn seeded() -> StdRng {
    let seed = std::env::var("SEED").map_or(0x10a0, |seed| seed.parse().unwrap());
    println!("seed {seed}");
    StdRng::seed_from_u64(seed)
}

#[test]
fn every_schedule_sums_to_the_principal_and_equal_instalments_are_equal() {
    let mut rng = seeded();
    let counts = [DayCount::Act365Fixed, DayCount::Act360, DayCount::Thirty360Eurobond, DayCount::ActActIsda];
    for _ in 0..300 {
        let unit = [10_000_000, 1_000_000_000][rng.random_range(0..2)];
        let principal = Amount::from_units(rng.random_range(100_000..1_000_000_000_i128) * unit);
        let repayment = [Repayment::Bullet, Repayment::EqualPrincipal, Repayment::EqualInstalments];
        let repayment = repayment[rng.random_range(0..3)];
        let start = Date::from_days(rng.random_range(15_000..25_000));
        let shift = [Shift::None, Shift::Following, Shift::ModifiedFollowing, Shift::Preceding];
        let business_days = BusinessDays {
            shift: shift[rng.random_range(0..4)],
            interest_moves: rng.random(),
            ..Default::default()
        };
        let plan = Plan {
            principal,
            decimals: if unit == 10_000_000 { 2 } else { 0 },
            start,
            anchor: start,
            maturity: start.plus_days(rng.random_range(40..4_000)),
            cycle: [Cycle::Months(1), Cycle::MonthEnds(3), Cycle::Days(14), Cycle::Once]
                [rng.random_range(0..4)],
            stub: [Stub::Short, Stub::Long][rng.random_range(0..2)],
            interest: Interest {
                rate: Rate::from_billionths(rng.random_range(0..400_000_000)).unwrap(),
                steps: Vec::new(),
                day_count: counts[rng.random_range(0..4)],
            },
            repayment,
            business_days,
        };
        let schedule = plan.schedule().unwrap_or_else(|fault| panic!("{fault}: {plan:?}"));
        let sum: i128 = schedule.iter().map(|i| i.principal.units()).sum();
        assert_eq!(sum, principal.units(), "{plan:?}");
        let mut left = principal.units();
        for instalment in &schedule {
            left -= instalment.principal.units();
            assert_eq!(instalment.outstanding.units(), left);
            assert!(instalment.interest >= Amount::ZERO && instalment.total().units() % unit == 0);
        }
        if repayment == Repayment::EqualInstalments {
            let (last, others) = schedule.split_last().unwrap();
            assert!(others.windows(2).all(|pair| pair[0].total() == pair[1].total()), "{plan:?}");
            let greater = others.first().is_some_and(|first| last.total() > first.total());
            assert!(!greater, "the last is what is left: {plan:?}");
        }
    }
}

#[test]
fn whatever_happens_principal_repaid_and_owed_and_lost_is_what_was_paid_out() {
    let mut rng = seeded();
    let mut ended = [0; 3];
    for round in 0..40 {
        let prepayment = [Prepayment::ShortensTerm, Prepayment::LowersInstalments][round % 2];
        let mut bank = Bank::offering(Product { prepayment, ..product() });
        bank.credit("ALICE", "USD", "5000");
        bank.lend(1, "10000", "0.4");
        let mut date = day("2026-02-01");
        let (mut price, least) = (50_000, [92, 45][round % 2]);
        for _ in 0..400 {
            bank.go_to(&date.to_string());
            step(&mut bank, &mut rng, &mut date, (&mut price, least));
            bank.agree();
            check_principal(&bank);
        }
        match bank.stage(1) {
            Stage::Repaid { .. } => ended[0] += 1,
            Stage::WrittenOff { .. } => ended[1] += 1,
            _ => ended[2] += 1,
        }
    }
    assert!(ended[0] > 0 && ended[1] > 0, "repaid, written off, running: {ended:?}");
}

fn step(bank: &mut Bank, rng: &mut StdRng, date: &mut Date, (price, least): (&mut i64, i64)) {
    let loan = LoanId::new(0, 1);
    // Refusals are answers too: that they change nothing is checked with every one of them.
    let _ = match rng.random_range(0..12) {
        0..5 => {
            *date = date.plus_days(rng.random_range(1..4));
            bank.go_to(&date.to_string());
            bank.ask("clock", Command::StartDay { date: *date })
        }
        5..7 => {
            *price = (*price * rng.random_range(least..=108) / 100).max(1_000);
            Ok(bank.price(&price.to_string()))
        }
        7 => bank.ask(
            "alice",
            Command::Repay { loan, amount: Amount::from_units(rng.random_range(1..150_000) * 10_000_000) },
        ),
        8 => bank.ask("alice", Command::Pledge { loan, asset: asset("BTC"), amount: amount("0.01") }),
        9 => bank.ask("alice", Command::Release { loan, asset: asset("BTC"), amount: amount("0.01") }),
        10 => sell(bank, rng, *price),
        _ => {
            let _ = bank.ask("officer", Command::ProposeWriteOff { loan, reason: String::new() });
            bank.ask("chief", Command::WriteOff { loan })
        }
    };
}

/// The market takes a part of whatever the desk has to sell, at about the price.
fn sell(bank: &mut Bank, rng: &mut StdRng, price: i64) -> Result<Vec<LoanEvent>, LoanRefusal> {
    let there = amount(&bank.balance("client:LOAN-DESK", "BTC")).units();
    let sold = Amount::from_units(if rng.random() { there } else { rng.random_range(0..=there + there / 8) });
    let proceeds = Amount::from_units(sold.units() * i128::from(price) / 10_000_000 * 10_000_000);
    let back = if rng.random_ratio(1, 4) { there - sold.units() } else { 0 };
    let returned = Amount::from_units(back.max(0));
    if proceeds > Amount::ZERO {
        bank.credit("LOAN-DESK", "USD", &proceeds.to_string());
    }
    let events = bank.ask("desk", Command::Sold { loan: LoanId::new(0, 1), sold, proceeds, returned })?;
    if sold > Amount::ZERO {
        bank.take("LOAN-DESK", "BTC", &sold.to_string());
    }
    Ok(events)
}

fn check_principal(bank: &Bank) {
    let loan = bank.loans.loan(LoanId::new(0, 1)).unwrap();
    let (repaid, left) = match loan.stage() {
        Stage::Active(running) | Stage::Defaulted(running) => (running.repaid(), running.owed()),
        Stage::Repaid { repaid, .. } => {
            let forgiven = amount("10000").units() - repaid.principal.units();
            assert!((0..=10_000_000).contains(&forgiven), "no more than the tolerance is let go");
            return;
        }
        Stage::WrittenOff { lost, repaid, .. } => (*repaid, *lost),
        other => panic!("{other:?}"),
    };
    assert_eq!(repaid.principal.checked_add(left.principal), Some(amount("10000")));
}
