//! Pre-trade decisions with many accounts and many open orders behind them.

use super::floor::memory_read;
use assay_risk_service::Risk;
use assay_trading_types::*;
use hdrhistogram::Histogram;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::collections::VecDeque;
use std::time::Instant;

const FIRMS: u64 = 1_000;
const ACCOUNTS_A_FIRM: u64 = 10;
const SYMBOLS: u64 = 1_000;

/// Instruments that an account trades in.
const SYMBOLS_AN_ACCOUNT: u64 = 20;
const OPEN_ORDERS: u64 = 1_000_000;

/// Decisions that are timed.
const DECISIONS: u64 = 500_000;

/// Reads of the memory floor.
const MEMORY_READS: u32 = 2_000_000;

/// Nanoseconds that a decision may take: p50 below a microsecond.
const TARGET_P50_NS: u64 = 1_000;

/// Times `DECISIONS` decisions, each one call of the processor with what it says, while as many old orders are cancelled.
pub(super) fn decisions() {
    let read_ns = memory_read(MEMORY_READS);
    println!("floor: read anywhere in 512 MiB, each after the one before: {read_ns:.0} ns");
    let mut desk = Desk::new();
    desk.open();
    for _ in 0..OPEN_ORDERS {
        let request = desk.next_order();
        desk.apply(request.into());
    }
    println!(
        "risk: {} accounts of {FIRMS} firms, each in {SYMBOLS_AN_ACCOUNT} of {SYMBOLS} instruments, {} open orders",
        FIRMS * ACCOUNTS_A_FIRM,
        desk.live.len()
    );
    let (times, accepted) = desk.decide();
    let [p50, p99, p999] = [0.5, 0.99, 0.999].map(|q| times.value_at_quantile(q));
    println!(
        "risk decisions: p50 {p50} ns, p99 {p99} ns, p99.9 {p999} ns, {:.2} of the target's p50, {:.1} reads of memory \
         ({accepted} of {DECISIONS} accepted)",
        p50 as f64 / TARGET_P50_NS as f64,
        p50 as f64 / read_ns
    );
    // An account's first order in an instrument opens its place in the books.
    desk.symbols_an_account = SYMBOLS;
    let (times, _) = desk.decide();
    println!(
        "risk decisions, any account in any of {SYMBOLS} instruments, mostly its first there: p50 {} ns, p99 {} ns",
        times.value_at_quantile(0.5),
        times.value_at_quantile(0.99)
    );
    assert!(
        desk.risk.trial_balance().iter().all(|(_, debits, credits)| debits == credits),
        "the books balance"
    );
}

struct Desk {
    risk: Risk,
    out: Outbox,
    random: StdRng,
    offset: u64,
    /// Orders of each firm, which numbers them.
    numbers: Vec<u64>,
    symbols_an_account: u64,
    /// Orders that the market would know, the oldest first.
    live: VecDeque<(OrderId, OrderTerms)>,
}

fn id<T: std::str::FromStr>(text: &str) -> T {
    text.parse().unwrap_or_else(|_| panic!("{text} is an id"))
}

impl Desk {
    fn new() -> Self {
        let (risk, out) = (Risk::new(0), Outbox::new(Role::Risk, 1));
        Self {
            risk,
            out,
            random: StdRng::seed_from_u64(7),
            offset: 0,
            numbers: vec![0; FIRMS as usize],
            symbols_an_account: SYMBOLS_AN_ACCOUNT,
            live: VecDeque::new(),
        }
    }

    /// Takes as many orders as are timed; returns their times and how many were accepted.
    fn decide(&mut self) -> (Histogram<u64>, u64) {
        let mut times = Histogram::<u64>::new(3).expect("three digits are allowed");
        let mut accepted = 0_u64;
        for _ in 0..DECISIONS {
            self.cancel_oldest();
            let event = Event::from(self.next_order());
            let before = self.live.len();
            times.record(self.timed(&event)).expect("a decision ends");
            accepted += (self.live.len() - before) as u64;
        }
        (times, accepted)
    }

    fn open(&mut self) {
        for n in 0..SYMBOLS {
            let (symbol, currency) = (id(&format!("S{n}")), id("USD"));
            let (tick_size, lot_size) = (id("0.01"), id("1"));
            self.apply(
                InstrumentListed {
                    symbol,
                    currency,
                    tick_size,
                    lot_size,
                    security_type: None,
                    exchange: None,
                    single_orders: false,
                }
                .into(),
            );
            self.apply(ReferencePriceSet { symbol, price: id("10"), max_age_ns: None, source: None }.into());
        }
        for n in 0..FIRMS {
            let firm = id(&format!("FIRM{n}"));
            let accounts: Vec<AccountId> =
                (0..ACCOUNTS_A_FIRM).map(|a| id(&format!("FIRM{n}-{a}"))).collect();
            let (commission, self_trade) = (Commission::default(), SelfTrade::Allow);
            self.apply(FirmOpened { firm, accounts: accounts.clone(), commission, self_trade }.into());
            let limits = Limits {
                order_qty_max: Some(id("10000")),
                order_notional_max: Some(id("1000000")),
                gross_notional_max: Some(id("1000000000000")),
                position_notional_max: Some(id("1000000000000")),
                daily_loss_max: Some(id("1000000000")),
                orders_per_s_max: Some(1_000_000),
                price_collar_bp: Some(1_000),
                ..Limits::default()
            };
            self.apply(LimitsSet { firm, account: None, version: 1, limits }.into());
            for account in accounts {
                let (asset, amount, reference) = (id("USD"), id("1000000000"), "opening".to_owned());
                self.apply(AccountCredited { firm, account, asset, amount, reference }.into());
            }
        }
    }

    fn next_order(&mut self) -> OrderRequested {
        let (firm, account) =
            (self.random.random_range(0..FIRMS), self.random.random_range(0..ACCOUNTS_A_FIRM));
        let first = (firm * ACCOUNTS_A_FIRM + account) * SYMBOLS_AN_ACCOUNT;
        let symbol = (first + self.random.random_range(0..self.symbols_an_account)) % SYMBOLS;
        self.numbers[firm as usize] += 1;
        let number = self.numbers[firm as usize];
        let terms = OrderTerms {
            cl_ord_id: id(&format!("ORD-{number:09}")),
            session: id(&format!("FIRM{firm}/ASSAY")),
            firm: id(&format!("FIRM{firm}")),
            account: id(&format!("FIRM{firm}-{account}")),
            symbol: id(&format!("S{symbol}")),
            side: Side::Buy,
            ord_type: OrdType::Limit,
            price: Some(Price::from_units(SCALE / 100 * self.random.random_range(950..1_050))),
            stop_px: None,
            qty: Qty::from_units(SCALE * self.random.random_range(1..100)),
            tif: TimeInForce::Day,
            conditions: None,
            carried: None,
        };
        let request = RequestId { session: terms.session, epoch: 1, seq: number };
        OrderRequested {
            request,
            terms,
            transact_time: self.now(),
            poss_resend: false,
            defect: None,
            tell_pending: false,
        }
    }

    /// An order the market has cancelled, so that as many stay open.
    fn cancel_oldest(&mut self) {
        let Some((order_id, terms)) = self.live.pop_front() else { return };
        let exec = ExecType::Canceled { request: None, reason: None, detail: None };
        let (filled, status) = (Filled::default(), OrdStatus::Canceled);
        self.apply(ExecutionReported { order_id, exec, terms, filled, status, working: None }.into());
    }

    fn apply(&mut self, event: Event) {
        self.timed(&event);
    }

    /// Nanoseconds of one call, and of taking what it says.
    #[allow(clippy::disallowed_methods)] // a driver: it measures
    fn timed(&mut self, event: &Event) -> u64 {
        let input = Input {
            topic: Topic::Accounts,
            partition: 0,
            offset: self.offset,
            at: self.now(),
            origin: None,
            trace: TraceId::default(),
            actor: id("bench"),
            event,
        };
        self.offset += 1;
        let start = Instant::now();
        self.out.begin(&input);
        self.risk.apply(&input, &mut self.out);
        let spent = start.elapsed().as_nanos() as u64;
        for emitted in self.out.drain() {
            if let Event::OrderAccepted(e) = emitted.event {
                self.live.push_back((e.order_id, e.terms));
            }
        }
        spent
    }

    /// Ten thousand orders a second.
    fn now(&self) -> Timestamp {
        Timestamp::from_ns(1_795_253_400_000_000_000 + self.offset as i64 * 100_000)
    }
}
