//! Nanoseconds a decision: limits, hold, and the settlement of the fills, without the market.
//!
//! `cargo run --release -p assay-risk-service --example decision_speed`
#![allow(clippy::disallowed_methods)] // it measures

use assay_risk_service::Risk;
use assay_trading_types::*;
use std::time::{Duration, Instant};

const ORDERS: u64 = 1_000_000;
/// Orders that are open at any time.
const OPEN: u64 = 10_000;

fn main() {
    let mut desk =
        Desk { risk: Risk::new(0), out: Outbox::new(Role::Risk, 1), offset: 0, spent: Duration::ZERO };
    desk.set_up();
    for n in 0..ORDERS {
        desk.place(n);
        if let Some(old) = n.checked_sub(OPEN) {
            desk.fill(old);
        }
    }
    let per_order = desk.spent.as_nanos() as u64 / ORDERS;
    println!("{ORDERS} orders decided, held, reported new and settled: {per_order} ns each");
    assert!(desk.risk.trial_balance().iter().all(|(_, debits, credits)| debits == credits));
}

struct Desk {
    risk: Risk,
    out: Outbox,
    offset: u64,
    spent: Duration,
}

fn id<T: std::str::FromStr>(text: &str) -> T {
    text.parse().unwrap_or_else(|_| panic!("{text} is an id"))
}

fn terms(n: u64) -> OrderTerms {
    OrderTerms {
        cl_ord_id: id(&format!("ORD-{n:09}")),
        session: id("ACME/ASSAY"),
        firm: id("ACME"),
        account: id("ACME"),
        symbol: id("AAPL"),
        side: if n.is_multiple_of(2) { Side::Buy } else { Side::Sell },
        ord_type: OrdType::Limit,
        price: Some(id("10.25")),
        stop_px: None,
        qty: id("100"),
        tif: TimeInForce::Day,
        conditions: None,
        carried: None,
    }
}

impl Desk {
    fn set_up(&mut self) {
        let (firm, account) = (id("ACME"), id("ACME"));
        let commission = Commission { basis_points: id("5"), ..Commission::default() };
        self.give(
            FirmOpened { firm, accounts: vec![account], commission, self_trade: SelfTrade::Allow }.into(),
        );
        let (symbol, currency) = (id("AAPL"), id("USD"));
        let (tick_size, lot_size) = (id("0.01"), id("1"));
        self.give(
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
        self.give(ReferencePriceSet { symbol, price: id("10"), max_age_ns: None, source: None }.into());
        let limits = LimitsSet {
            firm,
            version: 1,
            account: None,
            limits: Limits {
                order_qty_max: Some(id("1000")),
                order_notional_max: Some(id("1000000")),
                gross_notional_max: Some(id("1000000000000")),
                orders_per_s_max: Some(2_000_000),
                price_collar_bp: Some(1_000),
                ..Limits::default()
            },
        };
        self.give(limits.into());
        for asset in ["USD", "AAPL"] {
            let (amount, reference) = (id("10000000000"), "opening".to_owned());
            self.give(AccountCredited { firm, account, asset: id(asset), amount, reference }.into());
        }
        self.spent = Duration::ZERO;
    }

    fn place(&mut self, n: u64) {
        self.offset = 100 + n * 4;
        let terms = terms(n);
        let request = RequestId { session: terms.session, epoch: 1, seq: n + 1 };
        let transact_time = Timestamp::from_ns(n as i64);
        self.give(
            OrderRequested {
                request,
                terms,
                transact_time,
                poss_resend: false,
                defect: None,
                tell_pending: false,
            }
            .into(),
        );
    }

    fn fill(&mut self, n: u64) {
        let (order_id, terms) = (OrderId::new(0, 100 + n * 4), terms(n));
        let filled = Filled::unfilled(terms.qty);
        let (exec, status) = (ExecType::New, OrdStatus::New);
        self.give(
            ExecutionReported { order_id, exec, terms: terms.clone(), filled, status, working: None }.into(),
        );
        let (qty, price): (Qty, Price) = (terms.qty, id("10.25"));
        let exec = ExecType::Trade(Fill { trade: n, qty, price, liquidity: Liquidity::Added, away: false });
        let filled = Filled { cum_qty: qty, leaves_qty: Qty::ZERO, notional: price.notional(qty) };
        let status = OrdStatus::Filled;
        self.give(ExecutionReported { order_id, exec, terms, filled, status, working: None }.into());
    }

    fn give(&mut self, event: Event) {
        let input = Input {
            topic: Topic::Accounts,
            partition: 0,
            offset: self.offset,
            at: Timestamp::from_ns(self.offset as i64 * 500),
            origin: None,
            trace: TraceId::default(),
            actor: id("bench"),
            event: &event,
        };
        self.offset += 1;
        let start = Instant::now();
        self.out.begin(&input);
        self.risk.apply(&input, &mut self.out);
        self.out.drain().for_each(drop);
        self.spent += start.elapsed();
    }
}
