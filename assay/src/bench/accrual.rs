//! A day of a million running loans: interest, instalments, lateness, collateral; the core alone, and with the books and records.

use assay_loans::Command;
use assay_loans::*;
use assay_risk_service::Risk;
use assay_trading_types::loan_terms::*;
use assay_trading_types::*;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Loans that run.
const LOANS: u64 = 1_000_000;

/// Loans that run with the books and records: making them takes longer than their day, and a step is as long however many wait.
const BOOKED_LOANS: u64 = 99_999;

/// Days measured.
const DAYS: i32 = 2;

/// Everybody has everything.
struct Rich;

impl Funds for Rich {
    fn available(&self, _: &AccountId, _: Asset) -> Amount {
        Amount::from_units(i128::MAX / 2)
    }
}

pub(super) fn run() {
    core();
    day_by_records();
}

#[allow(clippy::disallowed_methods)] // a driver: it measures
fn core() {
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
            rules: assay_trading_types::Command::RULES,
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

/// The same with the books and what is said of it as JSON, step by step as the log brings them: what a step takes is what an
/// order that comes in it waits.
#[allow(clippy::disallowed_methods)] // a driver: it measures
fn day_by_records() {
    let mut lender = Lender::new();
    let firms = BOOKED_LOANS / LOANS_MAX as u64;
    (0..firms).for_each(|n| lender.lend_to(n));
    for day in 1..=DAYS {
        lender.now = Date::parse("2026-01-01").expect("a day").plus_days(day).start();
        let (clock, mut longest, mut steps, mut bytes) = (Instant::now(), Duration::ZERO, 0, 0);
        let mut next = Some((Event::from(ClockTicked { now: lender.now }), None));
        while let Some((event, origin)) = next.take() {
            let step = Instant::now();
            for emitted in lender.say("clock", event, origin) {
                bytes += encode(&emitted.event).len();
                if matches!(emitted.event, Event::WorkLeft(_)) {
                    next = Some((emitted.event, Some(emitted.origin)));
                }
            }
            (longest, steps) = (longest.max(step.elapsed()), steps + 1);
        }
        let took = clock.elapsed();
        println!(
            "loans by records: day {day} of {} loans in {steps} steps, {} MB said, {took:.2?}; the longest step {longest:.2?}",
            BOOKED_LOANS,
            bytes >> 20,
        );
    }
}

/// Risk, and who lends.
struct Lender {
    risk: Risk,
    out: Outbox,
    offset: u64,
    commands: u64,
    now: Timestamp,
}

impl Lender {
    fn new() -> Self {
        let (risk, out, now) = (Risk::new(0), Outbox::new(Role::Risk, 1), Timestamp::default());
        let mut lender = Self { risk, out, offset: 0, commands: 0, now };
        lender.now = Date::parse("2026-01-01").expect("a day").start();
        let symbol = Symbol::new("BTC").expect("short");
        let listed = InstrumentListed {
            symbol,
            currency: asset("USD"),
            tick_size: Price::parse("0.01").expect("a price"),
            lot_size: Qty::parse("1").expect("a quantity"),
            security_type: None,
            exchange: None,
            single_orders: false,
        };
        lender.say("config", listed.into(), None);
        let price = Price::parse("50000").expect("a price");
        lender.say(
            "config",
            ReferencePriceSet { symbol, price, max_age_ns: None, source: None }.into(),
            None,
        );
        let product = LoanProductId::new("HOME").expect("short");
        let propose = LoanAction::ProposeProduct { product, terms: Box::new(self::product()) };
        lender.instruct("user:maker", None, propose);
        lender.instruct("user:checker", None, LoanAction::ApproveProduct { product, version: 1 });
        lender
    }

    /// As many loans as a firm may have.
    fn lend_to(&mut self, n: u64) {
        let firm = FirmId::new(&format!("F{n}")).expect("short");
        let account = AccountId::new(firm.as_str()).expect("short");
        let (commission, self_trade) = (Commission::default(), SelfTrade::Allow);
        self.say("config", FirmOpened { firm, accounts: vec![account], commission, self_trade }.into(), None);
        let (btc, amount, reference) = (asset("BTC"), Amount::from_units(10_000_000_000), String::new());
        self.say("config", AccountCredited { firm, account, asset: btc, amount, reference }.into(), None);
        for m in 0..LOANS_MAX as i128 {
            let product = LoanProductId::new("HOME").expect("short");
            let amount = Amount::from_units((1_000 + (i128::from(n) * 3 + m) % 9_000) * 1_000_000_000);
            let pledges = BTreeMap::from([(btc, Amount::from_units(1_000_000_000))]);
            let loan = LoanId::new(0, self.offset + 1);
            self.instruct("user:ann", Some(firm), LoanAction::Apply { account, product, amount, pledges });
            self.instruct("user:officer", Some(firm), LoanAction::Approve { loan });
            self.instruct("user:treasurer", Some(firm), LoanAction::Disburse { loan });
        }
    }

    fn instruct(&mut self, by: &str, firm: Option<FirmId>, action: LoanAction) {
        self.commands += 1;
        let command = CommandId::new(&format!("cmd_{}", self.commands)).expect("short");
        let said = self.say(
            by,
            LoanInstructed {
                command,
                firm,
                action,
                version: None,
                rules: assay_trading_types::Command::RULES,
            }
            .into(),
            None,
        );
        let refused = said.iter().find(|emitted| matches!(emitted.event, Event::LoanRefused(_)));
        assert!(refused.is_none(), "{refused:?}");
    }

    fn say(&mut self, by: &str, event: Event, origin: Option<Origin>) -> Vec<Emitted> {
        self.offset += 1;
        let (topic, actor) = (Topic::Accounts, Actor::new(by).expect("short"));
        let (offset, at, trace) = (self.offset, self.now, TraceId::default());
        let input = Input { topic, partition: 0, offset, at, origin, trace, actor, event: &event };
        self.out.begin(&input);
        self.risk.apply(&input, &mut self.out);
        self.out.drain().collect()
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
