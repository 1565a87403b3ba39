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
    /// StopPx(99): makes it a stop, or a stop limit if it has a price.
    pub stop: Option<&'static str>,
    /// With a stop and without a price: market if touched.
    pub take_profit: bool,
    pub conditions: Option<Conditions>,
    /// Worst price of a market order.
    pub protection: Option<&'static str>,
}

pub fn ask(number: u64, side: Side, qty: i64, price: &'static str) -> Ask {
    let price = (price != "market").then_some(price);
    let (firm, self_trade) = ("ACME", SelfTrade::Allow);
    Ask {
        number,
        firm,
        side,
        qty,
        price,
        tif: TimeInForce::Day,
        self_trade,
        notional_max: None,
        stop: None,
        take_profit: false,
        conditions: None,
        protection: None,
    }
}

pub fn order_id(number: u64) -> OrderId {
    OrderId::new(0, number)
}

pub fn shares(n: i64) -> Qty {
    Qty::from_units(n * SCALE)
}

/// Asks to replace the order of `number` by one of `qty`, at the price it has.
pub fn replace(number: u64, qty: i64) -> ReplaceAccepted {
    let accepted = ask(number, Side::Buy, qty, "10").accepted("AAPL");
    let request = chain(number);
    ReplaceAccepted {
        order_id: accepted.order_id,
        request,
        terms: OrderTerms { cl_ord_id: request.cl_ord_id, ..accepted.terms },
        notional_max: None,
        limits_version: 1,
        account_limits_version: 0,
        reference_price: None,
        protection_price: None,
        measured: Vec::new(),
    }
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
                ord_type: match (self.stop, self.price) {
                    (None, Some(_)) => OrdType::Limit,
                    (None, None) => OrdType::Market,
                    (Some(_), Some(_)) => OrdType::StopLimit,
                    (Some(_), None) if self.take_profit => OrdType::TakeProfit,
                    (Some(_), None) => OrdType::Stop,
                },
                price: self.price.map(id),
                stop_px: self.stop.map(id),
                qty: shares(self.qty),
                tif: self.tif,
                conditions: self.conditions.clone().map(Box::new),
                carried: None,
            },
            self_trade: self.self_trade,
            notional_max: self.notional_max.map(|n| Amount::parse(n).unwrap()),
            limits_version: 1,
            reference_price: None,
            account_limits_version: 0,
            protection_price: self.protection.map(id),
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

/// A cancel that was asked for.
pub fn cancel(number: u64) -> CancelAccepted {
    CancelAccepted {
        order_id: order_id(number),
        symbol: id("AAPL"),
        firm: id("ACME"),
        request: Some(chain(number)),
        reason: None,
        detail: None,
    }
}

/// A trading day: pre-open 13:00, call 14:25, open 14:30, closing call 20:55, close 21:00, all UTC.
pub fn day(date: u32) -> TradingDay {
    use TradingPhase::{Closed, ClosingAuction, Continuous, OpeningAuction, PreOpen};
    let time = |clock: &str| Timestamp::parse_fix(format!("{date}-{clock}").as_bytes()).unwrap();
    let phases = vec![
        (time("13:00:00"), PreOpen),
        (time("14:25:00"), OpeningAuction),
        (time("14:30:00"), Continuous),
        (time("20:55:00"), ClosingAuction),
        (time("21:00:00"), Closed),
    ];
    TradingDay { date, phases }
}

/// A market with a calendar of two days, at 12:00 before the first.
pub fn calendar_market(volatility: Option<VolatilityGuard>, reference: &str) -> Venue {
    let mut v = Venue::new();
    v.tick("20261123-12:00:00");
    let (calendar, zone) = (id("XNYS"), "America/New_York".to_owned());
    v.apply(TimetableSet { calendar, zone, days: vec![day(20_261_123), day(20_261_124)] });
    let (symbol, calendar) = (id("AAPL"), Some(calendar));
    v.apply(TradingRulesSet { symbol, calendar, volatility, reference_price: Some(id(reference)) });
    v
}

/// A market whose orders gather for the opening.
pub fn in_pre_open(reference: &str) -> Venue {
    let mut v = calendar_market(None, reference);
    v.tick("20261123-13:00:00");
    v
}

/// Its opening.
pub fn open(v: &mut Venue) -> Vec<Event> {
    v.now = Timestamp::parse_fix(b"20261123-14:30:00").unwrap();
    v.apply(ClockTicked { now: v.now })
}

pub fn listed(symbol: &str, tick: &str) -> InstrumentListed {
    InstrumentListed {
        symbol: id(symbol),
        currency: id("USD"),
        tick_size: id(tick),
        lot_size: shares(1),
        security_type: None,
        exchange: None,
        single_orders: false,
    }
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
        lines(&self.apply(cancel(number)))
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
            protection_price: accepted.protection_price,
            measured: Vec::new(),
        };
        lines(&self.apply(replace))
    }

    /// Terms of `change`, as a trader would say them.
    pub fn place_with(&mut self, mut ask: Ask, change: impl FnOnce(&mut Ask)) -> Vec<String> {
        change(&mut ask);
        self.place(ask)
    }

    pub fn tick(&mut self, now: &str) -> Vec<String> {
        self.now = Timestamp::parse_fix(now.as_bytes()).unwrap();
        lines(&self.apply(ClockTicked { now: self.now }))
    }
}

/// Reports as a trader reads them: order, ExecType/OrdStatus, 38 14 151 6, then the fill and the reason. Depth is left out.
pub fn lines(events: &[Event]) -> Vec<String> {
    events.iter().filter(|event| !matches!(event, Event::DepthChanged(_))).map(line).collect()
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
        Event::TradingStateChanged(e) => {
            let until = e.until.map_or(String::new(), |until| format!(" until {}", clock(until)));
            format!("{:?}{}{until}", e.phase, e.date.map_or(String::new(), |date| format!(" {date}")))
        }
        Event::TradeAmended(e) => {
            format!(
                "print {} now {}",
                e.trade,
                e.price.map_or("undone".to_owned(), |price| price.to_string())
            )
        }
        Event::TradeAmendmentTaken(e) => format!("trade {} amended by {}", e.trade, e.command),
        Event::TradeAmendmentRefused(e) => {
            let asker = e.command.map_or(String::new(), |command| format!(", for {command}"));
            format!("trade {} stays: {:?}{asker}", e.trade, e.refusal)
        }
        Event::AuctionIndicated(e) => {
            let price = e.price.map_or("-".to_owned(), |price| price.to_string());
            let surplus = e.surplus.map_or(String::new(), |(side, qty)| format!(" {side:?} {qty} over"));
            format!("auction {}@{price}{surplus}", e.qty)
        }
        other => format!("{other:?}"),
    }
}

fn clock(at: Timestamp) -> String {
    let mut text = Vec::new();
    at.write_fix(0, &mut text);
    String::from_utf8(text[9..].to_vec()).unwrap()
}

fn report(e: &ExecutionReported) -> String {
    let (kind, note) = match &e.exec {
        ExecType::New => ('0', String::new()),
        ExecType::Trade(fill) => ('F', format!(" {}@{}", fill.qty, fill.price)),
        ExecType::Canceled { reason, .. } => ('4', code(reason)),
        ExecType::Replaced { reason, .. } => ('5', code(reason)),
        ExecType::PendingNew | ExecType::PendingCancel { .. } | ExecType::PendingReplace { .. } => {
            unreachable!("risk says what is pending")
        }
        ExecType::TradeCanceled { exec_id, fill, .. } => {
            ('H', format!(" {}@{} of {exec_id}", fill.qty, fill.price))
        }
        ExecType::TradeCorrected { exec_id, fill, before } => {
            ('G', format!(" {}@{} was {before} of {exec_id}", fill.qty, fill.price))
        }
        ExecType::Rejected { reason } => ('8', format!(" {}", reason.code())),
        ExecType::Expired => ('C', String::new()),
        ExecType::DoneForDay => ('3', String::new()),
        ExecType::Restated { reason } => ('D', code(&Some(*reason))),
    };
    let (status, qty, filled) = (e.status.fix() as char, e.terms.qty, e.filled);
    let note = note + e.working.map_or("", |working| if working { " 636=Y" } else { " 636=N" });
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
