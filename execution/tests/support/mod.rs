//! A market for one symbol that speaks in short lines, as a trader would.
#![allow(dead_code, unreachable_pub)] // each test file uses its part of it

use assay_execution::Execution;
use assay_trading_types::*;

pub fn id<T: std::str::FromStr>(text: &str) -> T
where
    T::Err: std::fmt::Debug,
{
    text.parse().unwrap()
}

/// Drives one processor and keeps what it said last.
pub struct Venue {
    pub execution: Execution,
    offset: u64,
    pub now: Timestamp,
}

pub struct Ask {
    pub number: u64,
    pub firm: &'static str,
    pub side: Side,
    pub qty: i64,
    pub price: Option<&'static str>,
    pub tif: TimeInForce,
    pub self_trade: SelfTrade,
    pub notional_max: Option<&'static str>,
}

pub fn ask(number: u64, side: Side, qty: i64, price: &'static str) -> Ask {
    let price = (price != "market").then_some(price);
    let (firm, self_trade) = ("ACME", SelfTrade::Allow);
    Ask { number, firm, side, qty, price, tif: TimeInForce::Day, self_trade, notional_max: None }
}

pub fn order_id(number: u64) -> OrderId {
    OrderId::new(0, number)
}

pub fn shares(n: i64) -> Qty {
    Qty::from_units(n * SCALE)
}

impl Ask {
    pub fn accepted(&self, symbol: &str) -> OrderAccepted {
        OrderAccepted {
            order_id: order_id(self.number),
            request: request(self.number),
            terms: OrderTerms {
                cl_ord_id: id(&format!("a{}", self.number)),
                session: id("ACME/ASSAY"),
                firm: id(self.firm),
                account: id(self.firm),
                symbol: id(symbol),
                side: self.side,
                ord_type: if self.price.is_some() { OrdType::Limit } else { OrdType::Market },
                price: self.price.map(id),
                stop_px: None,
                qty: shares(self.qty),
                tif: self.tif,
                conditions: None,
                carried: None,
            },
            self_trade: self.self_trade,
            notional_max: self.notional_max.map(|n| Amount::parse(n).unwrap()),
            limits_version: 1,
            reference_price: None,
            account_limits_version: 0,
            protection_price: None,
            measured: Vec::new(),
        }
    }
}

pub fn request(seq: u64) -> RequestId {
    RequestId { session: id("ACME/ASSAY"), epoch: 1, seq }
}

pub fn chain(number: u64) -> ChainIds {
    ChainIds {
        request: request(1_000_000 + number),
        cl_ord_id: id(&format!("b{number}")),
        orig_cl_ord_id: id(&format!("a{number}")),
    }
}

pub fn listed(symbol: &str, tick: &str) -> InstrumentListed {
    InstrumentListed { symbol: id(symbol), currency: id("USD"), tick_size: id(tick), lot_size: shares(1) }
}

impl Venue {
    pub fn new() -> Self {
        let now = Timestamp::parse_fix(b"20261120-14:30:00").unwrap();
        let mut venue = Self { execution: Execution::new(0), offset: 0, now };
        venue.apply(listed("AAPL", "0.01"));
        venue
    }

    /// Applies an event as risk's next output and returns what follows.
    pub fn apply(&mut self, event: impl Into<Event>) -> Vec<Event> {
        let offset = self.offset;
        self.offset += 1;
        self.apply_at(offset, offset, &event.into())
    }

    pub fn apply_at(&mut self, offset: u64, cause: u64, event: &Event) -> Vec<Event> {
        let origin =
            Origin::Input { role: Role::Risk, topic: Topic::Accounts, partition: 0, offset: cause, index: 0 };
        let input = Input {
            topic: Topic::Markets,
            partition: 0,
            offset,
            at: self.now,
            origin: Some(origin),
            trace: TraceId::default(),
            actor: id("test"),
            event,
        };
        let mut out = Outbox::new(Role::Execution, 1);
        out.begin(&input);
        self.execution.apply(&input, &mut out);
        out.drain().map(|emitted| emitted.event).collect()
    }

    pub fn place(&mut self, ask: Ask) -> Vec<String> {
        lines(&self.apply(ask.accepted("AAPL")))
    }

    pub fn cancel(&mut self, number: u64) -> Vec<String> {
        let cancel = CancelAccepted {
            order_id: order_id(number),
            symbol: id("AAPL"),
            firm: id("ACME"),
            request: Some(chain(number)),
            reason: None,
            detail: None,
        };
        lines(&self.apply(cancel))
    }

    pub fn replace(&mut self, ask: Ask) -> Vec<String> {
        let accepted = ask.accepted("AAPL");
        let request = chain(ask.number);
        let replace = ReplaceAccepted {
            order_id: accepted.order_id,
            request,
            terms: OrderTerms { cl_ord_id: request.cl_ord_id, ..accepted.terms },
            notional_max: accepted.notional_max,
            limits_version: 1,
            reference_price: None,
            account_limits_version: 0,
            protection_price: None,
            measured: Vec::new(),
        };
        lines(&self.apply(replace))
    }

    pub fn tick(&mut self, now: &str) -> Vec<String> {
        self.now = Timestamp::parse_fix(now.as_bytes()).unwrap();
        lines(&self.apply(ClockTicked { now: self.now }))
    }
}

/// Reports as a trader reads them: order, ExecType/OrdStatus, 38 14 151 6, then the fill and the reason.
pub fn lines(events: &[Event]) -> Vec<String> {
    events.iter().map(line).collect()
}

fn line(event: &Event) -> String {
    match event {
        Event::ExecutionReported(e) => report(e),
        Event::CancelRefused(e) => {
            let to = if e.response_to == ResponseTo::Cancel { "F" } else { "G" };
            let order = e.order_id.map_or(0, |o| o.offset());
            format!("#{order} 9 to {to} 39={} {}", e.status.fix() as char, e.refusal.code())
        }
        Event::TradePrinted(e) => format!("print {} {}@{}", e.trade, e.qty, e.price),
        Event::TopOfBookChanged(e) => {
            let side = |l: &Option<Level>| l.map_or("-".to_owned(), |l| format!("{}@{}", l.qty, l.price));
            format!("top {} / {}", side(&e.bid), side(&e.offer))
        }
        other => format!("{other:?}"),
    }
}

fn report(e: &ExecutionReported) -> String {
    let (kind, note) = match &e.exec {
        ExecType::New => ('0', String::new()),
        ExecType::Trade(fill) => ('F', format!(" {}@{}", fill.qty, fill.price)),
        ExecType::Canceled { reason, .. } => ('4', code(reason)),
        ExecType::Replaced { reason, .. } => ('5', code(reason)),
        ExecType::Expired => ('C', String::new()),
        ExecType::DoneForDay => ('3', String::new()),
        ExecType::Restated { reason } => ('D', code(&Some(*reason))),
    };
    let (status, qty, filled) = (e.status.fix() as char, e.terms.qty, e.filled);
    format!(
        "#{} {kind}/{status} {qty} {} {} {}{note}",
        e.order_id.offset(),
        filled.cum_qty,
        filled.leaves_qty,
        filled.avg_px()
    )
}

fn code(reason: &Option<Refusal>) -> String {
    reason.map_or(String::new(), |r| format!(" {}", r.code()))
}
