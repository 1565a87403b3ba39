//! Counterparties by seed: what they send, and what they send again after a crash.

use crate::market_rules;
use crate::risk_officer::{self, RiskOfficer};
use assay_event_log::{NewRecord, Value};
use assay_trading_types::*;
use bytes::Bytes;
use rand::{Rng, rngs::StdRng};
use std::collections::BTreeSet;

pub(crate) const FIRMS: [(&str, SelfTrade, &str); 5] = [
    ("ALFA", SelfTrade::Allow, "0"),
    ("BETA", SelfTrade::CancelNewest, "0.01"),
    ("GAMA", SelfTrade::CancelOldest, "0"),
    ("DELT", SelfTrade::CancelBoth, "0.002"),
    ("ECHO", SelfTrade::Decrement, "0"),
];
pub(crate) const SYMBOLS: [&str; 3] = ["AAPL", "MSFT", "TINY"];
const CURRENCY: &str = "USD";

/// A cancel or replace means one of so many latest orders of its session.
const REMEMBERED: usize = 12;

/// All sessions of all firms.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    sent: Vec<(RequestId, NewRecord)>,
    orders: Vec<Vec<(OrderTerms, ClOrdId)>>,
    next_seq: [u64; FIRMS.len()],
    next_limits_version: u64,
    officer: RiskOfficer,
}

impl Traffic {
    pub(crate) fn new() -> Self {
        Self { orders: vec![Vec::new(); FIRMS.len()], next_limits_version: 2, ..Self::default() }
    }

    /// Firms, funds, limits, instruments and prices: what a node writes when it starts first.
    pub(crate) fn opening(at: Timestamp) -> Vec<NewRecord> {
        let mut events: Vec<(Topic, Event)> = Vec::new();
        for symbol in SYMBOLS {
            let listed = InstrumentListed {
                symbol: id(symbol),
                currency: id(CURRENCY),
                tick_size: Price::from_units(SCALE / 100),
                lot_size: Qty::from_units(SCALE),
                security_type: None,
                exchange: None,
                single_orders: false,
            };
            let price = ReferencePriceSet {
                symbol: id(symbol),
                price: Price::from_units(10 * SCALE),
                max_age_ns: None,
                source: None,
            };
            events.push((Topic::Accounts, listed.clone().into()));
            events.push((Topic::Markets, listed.into()));
            events.push((Topic::Accounts, price.into()));
        }
        events.extend(market_rules::opening(at).into_iter().map(|e| (Topic::Markets, e)));
        for (firm, self_trade, per_share) in FIRMS {
            events.extend(open_firm(firm, self_trade, per_share).into_iter().map(|e| (Topic::Accounts, e)));
        }
        let records = events.into_iter().map(|(topic, event)| record(topic, at, None, event));
        records.chain(risk_officer::opening(at)).collect()
    }

    /// One more request, appended by the caller.
    pub(crate) fn request(&mut self, random: &mut StdRng, at: Timestamp) -> NewRecord {
        let firm = random.random_range(0..FIRMS.len());
        self.next_seq[firm] += 1;
        let request = RequestId { session: session(firm), epoch: 1, seq: self.next_seq[firm] };
        let event = match random.random_range(0..100) {
            0..62 => self.order(random, firm, request, at),
            62..82 => self.cancel(random, firm, request),
            82..95 => self.replace(random, firm, request),
            _ => self.status(random, firm, request),
        };
        let record = record(Topic::Accounts, at, Some(Origin::Request(request)), event);
        self.sent.push((request, record.clone()));
        record
    }

    /// What an operator does now and then.
    pub(crate) fn operator(&mut self, random: &mut StdRng, at: Timestamp) -> NewRecord {
        let firm = id(FIRMS[random.random_range(0..FIRMS.len())].0);
        let event: Event = match random.random_range(0..6) {
            0 => {
                self.next_limits_version += 1;
                limits(firm, self.next_limits_version, random.random_range(200..2_000)).into()
            }
            1 => {
                let engaged = random.random_range(0..3) == 0;
                KillSwitchSet { firm, engaged, reason: "drill".to_owned() }.into()
            }
            2..4 => return record(Topic::Markets, at, None, market_rules::halt(random)),
            _ => return self.officer.act(random, at),
        };
        record(Topic::Accounts, at, None, event)
    }

    /// Requests that are not in `held`, in order: their messages were not durable, so the gateway asks for them again.
    pub(crate) fn lost(&self, held: &BTreeSet<(String, u64)>) -> Vec<NewRecord> {
        let lost = |(id, _): &&(RequestId, NewRecord)| !held.contains(&(id.session.to_string(), id.seq));
        self.sent.iter().filter(lost).map(|(_, record)| record.clone()).collect()
    }

    /// Every request sent.
    pub(crate) fn sent(&self) -> impl ExactSizeIterator<Item = &RequestId> {
        self.sent.iter().map(|(request, _)| request)
    }

    fn order(&mut self, random: &mut StdRng, firm: usize, request: RequestId, at: Timestamp) -> Event {
        let terms = self.terms(random, firm, request.seq);
        let terms = market_rules::vary(random, terms, at);
        self.orders[firm].push((terms.clone(), terms.cl_ord_id));
        OrderRequested {
            request,
            terms,
            transact_time: at,
            poss_resend: false,
            defect: None,
            tell_pending: random.random(),
        }
        .into()
    }

    fn terms(&self, random: &mut StdRng, firm: usize, seq: u64) -> OrderTerms {
        let side = match random.random_range(0..10) {
            0..5 => Side::Buy,
            5..8 => Side::Sell,
            8 => Side::SellShort,
            _ => Side::SellShortExempt,
        };
        let market = random.random_range(0..12) == 0;
        let cents: i64 = random.random_range(990..1_011);
        // Now and then an id used before, a symbol nobody knows, a price off tick or far away, too large a quantity.
        let odd = random.random_range(0..60);
        let reused = self.orders[firm].last().map(|(_, id)| *id).filter(|_| odd == 0);
        let units = cents * (SCALE / 100) + if odd == 2 { 1 } else { 0 };
        OrderTerms {
            cl_ord_id: reused.unwrap_or_else(|| cl_ord_id(seq)),
            session: session(firm),
            firm: id(FIRMS[firm].0),
            account: id(FIRMS[firm].0),
            symbol: id(if odd == 1 { "NONE" } else { SYMBOLS[random.random_range(0..SYMBOLS.len())] }),
            side,
            ord_type: if market { OrdType::Market } else { OrdType::Limit },
            price: (!market).then(|| Price::from_units(if odd == 3 { units * 50 } else { units })),
            stop_px: None,
            qty: Qty::from_units(SCALE * if odd == 4 { 1_000_000 } else { random.random_range(1..200) }),
            tif: match random.random_range(0..10) {
                0 => TimeInForce::Ioc,
                1 => TimeInForce::Fok,
                2..4 => TimeInForce::Gtc,
                _ => TimeInForce::Day,
            },
            conditions: None,
            carried: None,
        }
    }

    fn remembered(&self, random: &mut StdRng, firm: usize) -> Option<(OrderTerms, ClOrdId)> {
        let orders = &self.orders[firm];
        let back = random.random_range(1..=REMEMBERED).min(orders.len());
        orders.get(orders.len() - back).cloned()
    }

    fn cancel(&mut self, random: &mut StdRng, firm: usize, request: RequestId) -> Event {
        let known = self.remembered(random, firm);
        let (symbol, side) =
            known.as_ref().map_or((id("AAPL"), Side::Buy), |(terms, _)| (terms.symbol, terms.side));
        CancelRequested {
            request,
            firm: id(FIRMS[firm].0),
            cl_ord_id: cl_ord_id(request.seq),
            orig_cl_ord_id: known.map_or(id("nobody"), |(_, current)| current),
            order_id: None,
            account: None,
            symbol,
            side,
            poss_resend: false,
            defect: None,
            tell_pending: random.random(),
            waits: true,
        }
        .into()
    }

    fn replace(&mut self, random: &mut StdRng, firm: usize, request: RequestId) -> Event {
        let known = self.remembered(random, firm);
        let fresh = self.terms(random, firm, request.seq);
        let (old, orig_cl_ord_id) = known.unwrap_or((fresh.clone(), id("nobody")));
        let terms = OrderTerms {
            cl_ord_id: cl_ord_id(request.seq),
            price: if random.random() { old.price } else { fresh.price },
            qty: fresh.qty,
            ..old
        };
        let remembered = self.orders[firm].iter_mut().find(|(_, current)| *current == orig_cl_ord_id);
        if let Some(entry) = remembered.filter(|_| random.random_range(0..4) > 0) {
            entry.1 = terms.cl_ord_id;
        }
        ReplaceRequested {
            orig_ord_mod_time: None,
            request,
            orig_cl_ord_id,
            order_id: None,
            account_given: true,
            tif_given: true,
            terms,
            poss_resend: false,
            defect: None,
            tell_pending: random.random(),
            may_chain: random.random(),
            keeps_carried: true,
        }
        .into()
    }

    fn status(&mut self, random: &mut StdRng, firm: usize, request: RequestId) -> Event {
        let known = self.remembered(random, firm);
        StatusRequested {
            reach: None,
            request,
            firm: id(FIRMS[firm].0),
            cl_ord_id: known.as_ref().map_or(id("nobody"), |(_, current)| *current),
            order_id: None,
            ord_status_req_id: None,
            symbol: known.as_ref().map(|(terms, _)| terms.symbol),
            side: known.map_or(Side::Buy, |(terms, _)| terms.side),
            defect: None,
            own_ids: true,
        }
        .into()
    }
}

fn open_firm(firm: &str, self_trade: SelfTrade, per_share: &str) -> Vec<Event> {
    let commission =
        Commission { per_share: Amount::parse(per_share).expect("a decimal"), ..Commission::default() };
    let opened = FirmOpened { firm: id(firm), accounts: vec![id(firm)], commission, self_trade };
    let credit = |asset: &str, units: i128| -> Event {
        AccountCredited {
            firm: id(firm),
            account: id(firm),
            asset: id(asset),
            amount: Amount::from_units(units * i128::from(SCALE)),
            reference: "opening".to_owned(),
        }
        .into()
    };
    let mut events: Vec<Event> = vec![opened.into(), limits(id(firm), 1, 1_000).into()];
    events.push(credit(CURRENCY, 40_000));
    // The last symbol is held by nobody but the first firm, so that sells run out.
    events.extend(SYMBOLS[..2].iter().map(|symbol| credit(symbol, 3_000)));
    if firm == FIRMS[0].0 {
        events.push(credit(SYMBOLS[2], 2_000));
    }
    events
}

fn limits(firm: FirmId, version: u64, qty: i64) -> LimitsSet {
    LimitsSet { firm, account: None, version, limits: all_limits(qty) }
}

/// Every kind of limit, so that each is met now and then.
pub(crate) fn all_limits(qty: i64) -> Limits {
    let units = |n: i128| Some(Amount::from_units(n * i128::from(SCALE)));
    Limits {
        order_qty_max: Some(Qty::from_units(qty * SCALE)),
        order_notional_max: units(20_000),
        gross_notional_max: units(200_000),
        net_notional_max: units(180_000),
        working_notional_max: units(60_000),
        open_orders_max: Some(60),
        position_qty_max: Some(Qty::from_units(9_000 * SCALE)),
        position_notional_max: units(95_000),
        daily_loss_max: units(3_000),
        credit_max: units(70_000),
        warning_percent: Some(80),
        orders_per_s_max: Some(500),
        order_trade_ratio_max: Some(60),
        price_collar_bp: Some(2_000),
        price_collar_ticks: Some(400),
        market_protection_bp: Some(500),
        duplicate_window_ms: Some(20),
        repeated_executions_max: Some(60),
        repeated_execution_window_ms: Some(1_000),
        short_margin_percent: Some(110),
        order_adv_bp_max: None,
    }
}

pub(crate) fn record(topic: Topic, at: Timestamp, origin: Option<Origin>, event: Event) -> NewRecord {
    let key = Bytes::copy_from_slice(event.key().as_bytes());
    let (trace, actor) = (TraceId::default(), id("simulation"));
    NewRecord { topic, partition: 0, key, at, origin, trace, actor, wire: None, value: Value::event(event) }
}

pub(crate) fn session(firm: usize) -> SessionId {
    id(&format!("{}/ASSAY", FIRMS[firm].0))
}

fn cl_ord_id(seq: u64) -> ClOrdId {
    id(&format!("c{seq}"))
}

pub(crate) fn id<T: std::str::FromStr>(text: &str) -> T
where
    T::Err: std::fmt::Debug,
{
    text.parse().expect("a valid id")
}
