//! A day of a million running loans: interest, instalments, lateness, collateral.

use assay_loans::Command;
use assay_loans::*;
use assay_trading_types::loan_terms::*;
use assay_trading_types::*;
use std::collections::BTreeMap;
use std::time::Instant;

/// Loans that run.
const LOANS: u64 = 1_000_000;

/// Days measured.
const DAYS: i32 = 2;

/// Everybody has everything.
struct Rich;

impl Funds for Rich {
    fn available(&self, _: &AccountId, _: Asset) -> Amount {
        Amount::from_units(i128::MAX / 2)
    }
}

#[allow(clippy::disallowed_methods)] // a driver: it measures
pub(super) fn run() {
    let start = Date::parse("2026-01-01").expect("a day");
    let mut loans = Loans::new();
    let ask = |loans: &mut Loans, by: &str, command: Command, day: i32| {
        let client = by.strip_prefix("client:").map(|name| FirmId::new(name).expect("short"));
        let by = Actor::new(by).expect("short");
        let asked = Asked { by, client, now: start.plus_days(day).start() };
        loans.apply(&command, asked, &Rich).expect("everything is in order").len()
    };
    let (btc, usd) = (asset("BTC"), asset("USD"));
    let home = LoanProductId::new("HOME").expect("short");
    ask(&mut loans, "maker", Command::ProposeProduct { id: home, product: Box::new(product()) }, 0);
    ask(&mut loans, "checker", Command::ApproveProduct { id: home, version: 1 }, 0);
    let price = Amount::parse("50000").expect("a price");
    ask(
        &mut loans,
        "prices",
        Command::SetPrice { asset: btc, currency: usd, price, lot: Amount::from_units(1), max_age_ns: None },
        0,
    );
    for n in 0..LOANS {
        let borrower = format!("client:{n}");
        let application = Application {
            loan: LoanId::new(0, n),
            product: home,
            account: AccountId::new(&format!("C{n}")).expect("short"),
            amount: Amount::from_units((1_000 + i128::from(n % 9_000)) * 1_000_000_000),
            pledges: BTreeMap::from([(btc, Amount::from_units(1_000_000_000))]),
            verified: true,
        };
        ask(&mut loans, &borrower, Command::Apply(application), 0);
        ask(&mut loans, "officer", Command::Approve { loan: LoanId::new(0, n) }, 0);
        ask(&mut loans, "treasurer", Command::Disburse { loan: LoanId::new(0, n) }, 0);
    }
    for day in 1..=DAYS {
        let clock = Instant::now();
        let date = start.plus_days(day);
        let mut events = ask(&mut loans, "clock", Command::StartDay { date }, day);
        for _ in 0..LOANS as usize / TURN_LOANS_MAX {
            events += ask(&mut loans, "clock", Command::GoOn, day);
        }
        let took = clock.elapsed();
        println!(
            "ledger: accrual, day {day} of {LOANS} loans, {events} events with their postings, {took:.2?}"
        );
    }
}

fn asset(text: &str) -> Asset {
    Asset::new(text).expect("an asset")
}

fn product() -> Product {
    let rate = |text| Rate::parse(text).expect("a rate");
    let amount = |text| Amount::parse(text).expect("an amount");
    Product {
        name: "Home".into(),
        description: String::new(),
        currency: asset("USD"),
        decimals: 2,
        amount_min: amount("100"),
        amount_max: amount("100000"),
        term_days: 365,
        rate: rate("0.12"),
        day_count: DayCount::ActActIsda,
        cycle: Cycle::Months(3),
        stub: Stub::Short,
        repayment: Repayment::EqualPrincipal,
        business_days: BusinessDays::default(),
        collateral: vec![CollateralRule { asset: asset("BTC"), haircut: rate("0.2") }],
        collateral_ratio: rate("1.5"),
        margin_ratio: rate("1.25"),
        liquidation_ratio: rate("1.1"),
        cure_s: 86_400,
        price_age_max_s: 86_400 * 30,
        grace_days: 5,
        default_after_days: 30,
        late_fee: amount("25"),
        penalty_rate: rate("0.05"),
        payout_fee: Amount::ZERO,
        waterfall: [Part::Fees, Part::Interest, Part::Principal],
        prepayment: Prepayment::ShortensTerm,
        tolerance: amount("0.01"),
        two_persons_above: amount("5000"),
    }
}
