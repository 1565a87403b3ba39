//! A firm's desk: risk alone, or risk and the real market together, spoken to in short lines.
#![allow(dead_code, unreachable_pub)] // each test file uses its part of it

use assay_execution::Execution;
use assay_risk_service::Risk;
use assay_trading_types::*;
use std::collections::{BTreeMap, VecDeque};

pub fn id<T: std::str::FromStr>(text: &str) -> T
where
    T::Err: std::fmt::Debug,
{
    text.parse().unwrap()
}

pub fn amount(text: &str) -> Amount {
    Amount::parse(text).unwrap()
}

/// The code of a refusal, `ok` when the order went to the market.
pub fn answer(lines: &[String]) -> String {
    let refused = lines.iter().find(|l| l.starts_with("8 ") || l.starts_with("9 "));
    refused.map_or("ok".to_owned(), |l| l.split([' ', ':']).nth(2).unwrap().to_owned())
}

/// Risk, and execution behind it when `market` is on; both logs are in memory.
pub struct Desk {
    pub risk: Risk,
    pub execution: Execution,
    pub now: Timestamp,
    pub market: bool,
    /// Whether sessions are told of pending states and may chain replaces.
    pub pending: bool,
    /// Records for the market that it has not seen.
    pub waiting: VecDeque<Emitted>,
    /// Every record of `accounts` that risk was given.
    pub accounts: Vec<(Event, Option<Origin>, Timestamp, Actor)>,
    /// What risk and execution said since last asked.
    pub said: Vec<Event>,
    /// What people are to be told, since last asked.
    news: Vec<String>,
    /// Commission by the fill that it was charged with.
    charged: BTreeMap<ExecId, Amount>,
    /// By what commissions were reckoned, in order.
    pub fees: Vec<FeesApplied>,
    markets: u64,
    seq: u64,
    actor: Actor,
}

pub struct Ask {
    pub firm: &'static str,
    pub account: &'static str,
    pub id: String,
    pub orig: String,
    pub symbol: &'static str,
    pub side: Side,
    pub qty: String,
    /// `market` for a market order.
    pub price: String,
    pub stop_px: Option<&'static str>,
    pub ord_type: Option<OrdType>,
    pub conditions: Option<Conditions>,
    pub tif: TimeInForce,
    pub defect: Option<Refusal>,
    pub poss_resend: bool,
}

/// `buy 100 @ 10` of AAPL by ACME with ClOrdID `name`.
pub fn ask(name: &str, text: &str) -> Ask {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [side, qty, _, price] = words.as_slice() else { panic!("{text}") };
    Ask {
        firm: "ACME",
        account: "ACME",
        id: name.to_owned(),
        orig: String::new(),
        symbol: "AAPL",
        side: match *side {
            "buy" => Side::Buy,
            "short" => Side::SellShort,
            _ => Side::Sell,
        },
        qty: (*qty).to_owned(),
        price: (*price).to_owned(),
        stop_px: None,
        ord_type: None,
        conditions: None,
        tif: TimeInForce::Day,
        defect: None,
        poss_resend: false,
    }
}

impl Ask {
    pub fn terms(&self) -> OrderTerms {
        let market = self.price == "market";
        OrderTerms {
            cl_ord_id: id(&self.id),
            session: id(&format!("{}/ASSAY", self.firm)),
            firm: id(self.firm),
            account: id(self.account),
            symbol: id(self.symbol),
            side: self.side,
            ord_type: self.ord_type.unwrap_or(if market { OrdType::Market } else { OrdType::Limit }),
            price: (!market && self.price != "none").then(|| id(&self.price)),
            stop_px: self.stop_px.map(id),
            qty: id(&self.qty),
            tif: self.tif,
            conditions: self.conditions.clone().map(Box::new),
            carried: None,
        }
    }

    fn defect(&self) -> Option<Defect> {
        self.defect.map(|refusal| Defect { refusal, detail: "as the gateway found".to_owned() })
    }
}

impl Desk {
    /// AAPL at 10 with tick 0.01 and lot 1; ACME and BETA each have 10,000 USD and 1,000 AAPL.
    pub fn new() -> Self {
        let mut desk = Self::empty();
        desk.list("AAPL", "0.01", "1");
        desk.reference("AAPL", "10");
        for firm in ["ACME", "BETA"] {
            desk.open_firm(firm, Commission::default(), SelfTrade::Allow);
            desk.credit(firm, "USD", "10000");
            desk.credit(firm, "AAPL", "1000");
        }
        desk.said.clear();
        desk
    }

    pub fn empty() -> Self {
        Self {
            risk: Risk::new(0),
            execution: Execution::new(0),
            now: Timestamp::parse_fix(b"20261120-14:30:00").unwrap(),
            market: true,
            pending: false,
            waiting: VecDeque::new(),
            accounts: Vec::new(),
            said: Vec::new(),
            news: Vec::new(),
            charged: BTreeMap::new(),
            fees: Vec::new(),
            markets: 0,
            seq: 0,
            actor: id("test"),
        }
    }

    pub fn list(&mut self, symbol: &str, tick: &str, lot: &str) {
        let listed = InstrumentListed {
            symbol: id(symbol),
            currency: id("USD"),
            tick_size: id(tick),
            lot_size: id(lot),
            security_type: None,
            exchange: None,
            single_orders: false,
        };
        self.give(listed.clone());
        let event = listed.into();
        self.trade(&event, None);
    }

    pub fn reference(&mut self, symbol: &str, price: &str) {
        self.give(ReferencePriceSet { symbol: id(symbol), price: id(price), max_age_ns: None, source: None });
    }

    /// Another price, and what follows from it.
    pub fn priced(&mut self, symbol: &str, price: &str) -> Vec<String> {
        self.reference(symbol, price);
        self.hear()
    }

    pub fn open_firm(&mut self, firm: &str, commission: Commission, self_trade: SelfTrade) {
        self.give(FirmOpened { firm: id(firm), accounts: vec![id(firm)], commission, self_trade });
    }

    pub fn credit(&mut self, firm: &str, asset: &str, much: &str) {
        let (account, reference) = (id(firm), "opening".to_owned());
        let (firm, asset) = (id(firm), id(asset));
        self.give(AccountCredited { firm, account, asset, amount: amount(much), reference });
    }

    pub fn limits(&mut self, change: impl FnOnce(&mut Limits)) {
        let mut limits = Limits::default();
        change(&mut limits);
        self.give(LimitsSet { firm: id("ACME"), account: None, version: 1, limits });
    }

    /// Ann found shares of AAPL that may be sold short for some minutes, Bob lets them count.
    pub fn locate(&mut self, name: &str, account: &str, qty: &str, minutes: i64) {
        let proposed = LocateProposed {
            locate: id(name),
            firm: id(account),
            account: id(account),
            symbol: id("AAPL"),
            qty: id(qty),
            lender: "LENDER".to_owned(),
            valid_until: self.now.plus_ns(minutes * 60_000_000_000),
            reason: "easy to borrow".to_owned(),
            command: None,
        };
        self.give_by("operator:ann", proposed);
        let decided =
            LocateDecided { locate: id(name), approved: true, reason: "seen".to_owned(), command: None };
        self.give_by("operator:bob", decided);
    }

    /// Ann stops ACME, Bob lets it go on.
    pub fn kill(&mut self, engaged: bool) {
        let set = KillSwitchSet { firm: id("ACME"), engaged, reason: "drill".to_owned() };
        self.give_by(if engaged { "operator:ann" } else { "operator:bob" }, set);
    }

    pub fn switch(&mut self, by: &str, scope: SwitchScope, state: SwitchState) -> Vec<String> {
        self.give_by(by, RiskSwitchSet { scope, state, reason: "drill".to_owned(), command: None });
        self.hear()
    }

    pub fn request(&mut self, firm: &str) -> RequestId {
        self.seq += 1;
        RequestId { session: id(&format!("{firm}/ASSAY")), epoch: 1, seq: self.seq }
    }

    /// The protection price that an order is accepted with; none when it is refused.
    pub fn protection_of(&mut self, ask: Ask) -> Option<String> {
        self.asked(ask);
        let accepted = self.said.drain(..).find_map(|event| match event {
            Event::OrderAccepted(e) => Some(e.protection_price),
            _ => None,
        });
        accepted.flatten().map(|price| price.to_string())
    }

    pub fn place(&mut self, ask: Ask) -> Vec<String> {
        self.asked(ask);
        self.hear()
    }

    fn asked(&mut self, ask: Ask) {
        let request = self.request(ask.firm);
        self.give(OrderRequested {
            request,
            terms: ask.terms(),
            transact_time: self.now,
            poss_resend: ask.poss_resend,
            defect: ask.defect(),
            tell_pending: self.pending,
        });
    }

    pub fn replace(&mut self, orig: &str, ask: Ask) -> Vec<String> {
        let request = self.request(ask.firm);
        self.give(ReplaceRequested {
            orig_ord_mod_time: None,
            request,
            orig_cl_ord_id: id(orig),
            order_id: None,
            account_given: false,
            tif_given: false,
            terms: ask.terms(),
            poss_resend: ask.poss_resend,
            defect: ask.defect(),
            tell_pending: self.pending,
            may_chain: self.pending,
            keeps_carried: true,
        });
        self.hear()
    }

    pub fn cancel(&mut self, orig: &str, name: &str) -> Vec<String> {
        self.cancel_as("ACME", orig, name, Side::Buy, None)
    }

    pub fn cancel_as(
        &mut self,
        firm: &str,
        orig: &str,
        name: &str,
        side: Side,
        order_id: Option<OrderId>,
    ) -> Vec<String> {
        let request = self.request(firm);
        self.give(CancelRequested {
            request,
            firm: id(firm),
            cl_ord_id: id(name),
            orig_cl_ord_id: id(orig),
            order_id,
            account: None,
            symbol: id("AAPL"),
            side,
            poss_resend: false,
            defect: None,
            tell_pending: self.pending,
            waits: true,
        });
        self.hear()
    }

    pub fn status(&mut self, name: &str) -> Vec<String> {
        let asked = self.status_request(name, None);
        self.give(asked);
        self.hear()
    }

    /// What asks for an order by its ClOrdID, and by its OrderID where that is given.
    pub fn status_request(&mut self, name: &str, order_id: Option<OrderId>) -> StatusRequested {
        StatusRequested {
            reach: None,
            request: self.request("ACME"),
            firm: id("ACME"),
            cl_ord_id: id(name),
            order_id,
            ord_status_req_id: None,
            symbol: Some(id("AAPL")),
            side: Side::Buy,
            defect: None,
            own_ids: true,
        }
    }

    /// As a market would report that fills an order in `count` equal fills at its price.
    pub fn report_fills(&mut self, name: &str, count: u64, each: &str) {
        let open = self.risk.open_orders();
        let order = open.into_iter().find(|o| o.terms.cl_ord_id == id(name)).unwrap();
        let (each, price): (Qty, Price) = (id(each), order.terms.price.unwrap());
        let mut filled = order.filled;
        for trade in 1..=count {
            filled.cum_qty = filled.cum_qty.checked_add(each).unwrap();
            filled.leaves_qty = order.terms.qty.checked_sub(filled.cum_qty).unwrap();
            filled.notional = filled.notional.checked_add(price.notional(each)).unwrap();
            let done = filled.leaves_qty == Qty::ZERO;
            self.give(ExecutionReported {
                order_id: order.order_id,
                exec: ExecType::Trade(Fill {
                    trade,
                    qty: each,
                    price,
                    liquidity: Liquidity::Added,
                    away: false,
                }),
                terms: order.terms.clone(),
                filled,
                status: if done { OrdStatus::Filled } else { OrdStatus::PartiallyFilled },
                working: None,
            });
        }
    }

    pub fn later_ms(&mut self, ms: i64) {
        self.now = self.now.plus_ns(ms * 1_000_000);
    }

    pub fn tick(&mut self) {
        let tick = ClockTicked { now: self.now };
        self.give(tick);
        self.trade(&tick.into(), None);
    }

    /// A record of `accounts` from outside.
    pub fn give(&mut self, event: impl Into<Event>) {
        self.give_by("test", event);
    }

    /// A record of `accounts` that somebody caused.
    pub fn give_by(&mut self, actor: &str, event: impl Into<Event>) {
        self.actor = id(actor);
        self.account(event.into(), None);
        if self.market {
            self.run_market();
        }
    }

    /// A record of `accounts` that follows from another.
    pub fn give_from(&mut self, event: Event, origin: Origin) {
        self.account(event, Some(origin));
    }

    /// Both sides of a trade as the records have them, as operations would read them; none while one is not settled.
    pub fn sides(&self, trade: u64) -> Option<Box<[TradeSide; 2]>> {
        let mut sides: Vec<TradeSide> = Vec::new();
        for (offset, (event, _, at, _)) in self.accounts.iter().enumerate() {
            let Event::ExecutionReported(e) = event else { continue };
            let exec_id = ExecId::new(0, offset as u64);
            for side in sides.iter_mut().filter(|side| side.order_id == e.order_id) {
                (side.terms, side.filled, side.status) = (e.terms.clone(), e.filled, e.status);
                if let ExecType::TradeCorrected { exec_id: corrected, fill, .. } = &e.exec
                    && *corrected == side.exec_id
                {
                    (side.exec_id, side.fill) = (exec_id, fill.clone());
                }
            }
            match &e.exec {
                ExecType::Trade(fill) if fill.trade == trade => sides.push(TradeSide {
                    exec_id,
                    order_id: e.order_id,
                    terms: e.terms.clone(),
                    filled: e.filled,
                    status: e.status,
                    fill: fill.clone(),
                    traded: *at,
                    commission: self.charged.get(&exec_id).copied()?,
                }),
                _ => {}
            }
        }
        sides.sort_by_key(|side| !side.terms.side.is_buy());
        <[TradeSide; 2]>::try_from(sides).ok().map(Box::new)
    }

    /// Operations undo a trade, or give it another price.
    pub fn amend(&mut self, trade: u64, price: Option<Price>) {
        let Some(sides) = self.sides(trade) else { return };
        let (symbol, reason) = (sides[0].terms.symbol, "drill".to_owned());
        let event: Event = match price {
            None => TradeBustRequested { symbol, trade, sides, reason, command: None }.into(),
            Some(price) => {
                TradeCorrectionRequested { symbol, trade, sides, price, reason, command: None }.into()
            }
        };
        self.trade(&event, None);
        if self.market {
            self.run_market();
        }
    }

    /// A record of `markets` from outside.
    pub fn tell_market(&mut self, event: impl Into<Event>) {
        self.trade(&event.into(), None);
        self.run_market();
    }

    /// Gives the market what waits for it.
    pub fn run_market(&mut self) {
        while self.step_market() {}
    }

    /// One record for the market, if one waits.
    pub fn step_market(&mut self) -> bool {
        let Some(emitted) = self.waiting.pop_front() else { return false };
        self.trade(&emitted.event, Some(emitted.origin));
        true
    }

    fn account(&mut self, event: Event, origin: Option<Origin>) {
        let offset = self.accounts.len() as u64;
        self.accounts.push((event.clone(), origin, self.now, self.actor));
        let caused = (self.now, origin, self.actor);
        for emitted in apply(&mut self.risk, (Topic::Accounts, Role::Risk), offset, caused, &event) {
            match &emitted.event {
                Event::NewsRaised(e) => self.news.push(format!("{:?} {}", e.kind, e.about)),
                event => self.said.push(event.clone()),
            }
            if let Event::Posted(Posted { exec_id: Some(exec_id), transfers, fees, .. }) = &emitted.event {
                self.fees.extend(*fees);
                let charged = transfers.iter().filter(|t| t.reason == TransferReason::Commission);
                let sum = charged.map(|t| t.amount.units()).sum();
                self.charged.insert(*exec_id, Amount::from_units(sum));
            }
            match emitted.topic {
                Topic::Markets => self.waiting.push_back(emitted),
                Topic::Accounts => self.account(emitted.event, Some(emitted.origin)),
                _ => {}
            }
        }
    }

    fn trade(&mut self, event: &Event, origin: Option<Origin>) {
        let offset = self.markets;
        self.markets += 1;
        let market = (Topic::Markets, Role::Execution);
        let caused = (self.now, origin, self.actor);
        for emitted in apply(&mut self.execution, market, offset, caused, event) {
            if emitted.topic == Topic::Accounts {
                self.said.push(emitted.event.clone());
                self.account(emitted.event, Some(emitted.origin));
            }
        }
    }

    /// What people are to be told, since last asked: kind and what about.
    pub fn news(&mut self) -> Vec<String> {
        std::mem::take(&mut self.news)
    }

    /// What was said since last asked.
    pub fn hear(&mut self) -> Vec<String> {
        self.said.drain(..).filter_map(|event| line(&event)).collect()
    }

    /// owned/available of an account.
    pub fn funds(&self, account: &str, asset: &str) -> String {
        let (account, asset) = (id(account), id(asset));
        format!("{}/{}", self.risk.position(&account, &asset), self.risk.available(&account, &asset))
    }

    /// What must hold after every record.
    pub fn check_books(&self) {
        for (asset, debits, credits) in self.risk.trial_balance() {
            assert_eq!(debits, credits, "{asset}");
        }
        let needs = self.risk.needs();
        let ledger = self.risk.ledger();
        for account in ledger.accounts().iter().filter(|a| a.code().starts_with("client:")) {
            assert!(account.balance() >= Amount::ZERO, "{account:?}");
            assert!(account.available() >= Amount::ZERO, "{account:?}");
            let ix = ledger.find(account.code(), account.asset()).unwrap();
            let need = needs.get(&ix).copied().unwrap_or_default();
            // An order that got quantity back which its account cannot cover is on its way out.
            let shed = self.waiting.iter().any(|emitted| is_uncovered(&emitted.event));
            assert!(account.held() == need || shed && account.held() < need, "{account:?} needs {need}");
        }
    }
}

fn is_uncovered(event: &Event) -> bool {
    matches!(event, Event::CancelAccepted(e) if e.request.is_none() && e.reason == Some(Refusal::LimitCredit))
}

pub fn apply(
    processor: &mut impl Processor,
    (topic, role): (Topic, Role),
    offset: u64,
    (at, origin, actor): (Timestamp, Option<Origin>, Actor),
    event: &Event,
) -> Vec<Emitted> {
    let trace = TraceId::default();
    let input = Input { topic, partition: 0, offset, at, origin, trace, actor, event };
    let mut out = Outbox::new(role, 1);
    out.begin(&input);
    processor.apply(&input, &mut out);
    out.drain().collect()
}

/// An event as a trader or bookkeeper reads it.
fn line(event: &Event) -> Option<String> {
    Some(match event {
        Event::OrderAccepted(_) | Event::CancelAccepted(_) | Event::ReplaceAccepted(_) => return None,
        Event::OrderRefused(e) => format!("8 {} {}: {}", e.terms.cl_ord_id, e.refusal.code(), e.detail),
        Event::CancelRefused(e) => {
            format!("9 {} {} 39={}", e.cl_ord_id, e.refusal.code(), e.status.fix() as char)
        }
        Event::StatusReported(e) => match &e.order {
            None => format!("I {} unknown", e.cl_ord_id),
            Some(o) => {
                let (f, status) = (o.filled, o.status.fix() as char);
                format!("I {} 39={status} {} {} {}", o.terms.cl_ord_id, o.terms.qty, f.cum_qty, f.leaves_qty)
            }
        },
        Event::ExecutionReported(e) => {
            let (kind, f) = (kind(&e.exec), e.filled);
            let status = e.status.fix() as char;
            format!("{} {kind}/{status} {} {} {}", e.terms.cl_ord_id, e.terms.qty, f.cum_qty, f.leaves_qty)
        }
        Event::RiskSwitchChanged(e) => format!("switch {:?} {}, {} orders", e.state, e.scope, e.orders),
        Event::RiskCommandRefused(e) => format!("refused {:?} {}", e.refusal, e.subject),
        Event::LimitsChanged(e) => format!("limits {:?} v{}", e.cause, e.version),
        Event::LocateGranted(e) => format!("locate {} granted {} {}", e.locate, e.qty, e.symbol),
        Event::LocateEnded(e) => {
            format!("locate {} {:?}, {} unused, {} orders", e.locate, e.cause, e.unused, e.orders)
        }
        Event::RiskAlarmed(e) => match e.alarm {
            Alarm::LimitWarning(m) => format!("warning {:?} {} of {}", m.measure, m.value, m.limit),
            alarm => format!("alarm {alarm:?}"),
        },
        Event::Posted(e) => {
            let lines: Vec<String> = e.transfers.iter().map(posting).collect();
            lines.join("; ")
        }
        other => format!("{other:?}"),
    })
}

fn kind(exec: &ExecType) -> char {
    match exec {
        ExecType::New => '0',
        ExecType::PendingNew => 'A',
        ExecType::PendingCancel { .. } => '6',
        ExecType::PendingReplace { .. } => 'E',
        ExecType::Trade(_) => 'F',
        ExecType::Canceled { .. } => '4',
        ExecType::Replaced { .. } => '5',
        ExecType::Rejected { .. } => '8',
        ExecType::TradeCanceled { .. } => 'H',
        ExecType::TradeCorrected { .. } => 'G',
        ExecType::Expired => 'C',
        ExecType::DoneForDay => '3',
        ExecType::Restated { .. } => 'D',
    }
}

fn posting(t: &Transfer) -> String {
    let kind = match t.kind {
        TransferKind::Plain => "",
        TransferKind::Pending => " hold",
        TransferKind::Post { .. } => " from hold",
        TransferKind::Void { .. } => " release",
    };
    format!("{} > {} {} {}{kind}", t.debit, t.credit, t.amount, t.asset)
}
