//! Recomputes what everybody owns and was told, from the records alone.

use crate::postings::Postings;
use crate::traffic::{FIRMS, SYMBOLS, id};
use assay_event_log::{LastOrigins, Record};
use assay_pipeline::Pipeline;
use assay_trading_types::*;
use std::collections::{BTreeMap, BTreeSet};

type RequestKey = (String, u64);

/// An order by its reports.
#[derive(Debug, Clone)]
struct Seen {
    filled: Filled,
    status: OrdStatus,
    account: AccountId,
}

impl Seen {
    fn of(e: &ExecutionReported) -> Self {
        Self { filled: e.filled, status: e.status, account: e.terms.account }
    }
}

/// One side of a trade.
#[derive(Debug)]
struct Leg {
    buys: bool,
    qty: Qty,
    price: Price,
    liquidity: Liquidity,
}

/// Reads every record in order, then closes the books.
#[derive(Debug, Default)]
pub(crate) struct Auditor {
    origins: LastOrigins,
    holdings: BTreeMap<(AccountId, Asset), i128>,
    /// What each account still has to give back.
    borrowed: BTreeMap<(AccountId, Asset), i128>,
    /// What fills of an order gave back.
    repaid: BTreeMap<OrderId, i128>,
    /// What was sold short, in all.
    sold_short: i128,
    opened: BTreeMap<Asset, i128>,
    commission: BTreeMap<FirmId, Amount>,
    commissions: i128,
    currencies: BTreeMap<Symbol, Asset>,
    orders: BTreeMap<OrderId, Seen>,
    legs: BTreeMap<u64, Vec<Leg>>,
    prints: BTreeMap<u64, (Qty, Price)>,
    /// D by the order id that its place gives it.
    asked: BTreeMap<OrderId, RequestKey>,
    answers: BTreeMap<RequestKey, u32>,
    refused: u64,
    /// Sides of trades that were undone or priced anew.
    amended: u64,
    postings: Postings,
    faults: Vec<String>,
}

impl Auditor {
    pub(crate) fn read(&mut self, record: &Record) {
        // A record written again by a zombie has an origin that is not newer: nobody takes it.
        if !self.origins.is_news(record.origin) {
            return;
        }
        self.origins.note(record.origin);
        match record.decode() {
            Ok(event) => self.take(record, &event),
            Err(error) => self.fault(format!("record {}: {error}", record.position)),
        }
    }

    fn take(&mut self, record: &Record, event: &Event) {
        match event {
            Event::OrderRequested(e) => {
                self.asked.insert(OrderId::new(record.partition, record.offset), key(&e.request));
            }
            Event::OrderRefused(e) => {
                self.refused += 1;
                self.answered(key(&e.request));
            }
            Event::CancelRefused(e) => {
                self.refused += 1;
                self.answered(key(&e.request));
            }
            Event::StatusReported(e) => self.answered(key(&e.request)),
            Event::ExecutionReported(e) => self.report(e),
            Event::FirmOpened(e) => {
                self.commission.insert(e.firm, e.commission.per_share);
            }
            Event::AccountCredited(e) => {
                *self.holdings.entry((e.account, e.asset)).or_default() += e.amount.units();
                *self.opened.entry(e.asset).or_default() += e.amount.units();
            }
            Event::InstrumentListed(e) => {
                self.currencies.insert(e.symbol, e.currency);
            }
            Event::TradePrinted(e) => self.print(e),
            Event::Posted(e) => {
                self.note_shortfall(e);
                if let Err(why) = self.postings.read(e) {
                    self.fault(format!("record {}: {why}", record.position));
                }
            }
            _ => {}
        }
    }

    fn report(&mut self, e: &ExecutionReported) {
        if is_pending(&e.exec) {
            // Risk's word on its way; what is told of it is the gateway's to make in the order of the log.
            return;
        }
        let before = self.orders.insert(e.order_id, Seen::of(e));
        if let Some(why) = break_of_a23(e, before.as_ref()) {
            self.fault(format!("order {}: {why}: {e:?}", e.order_id));
        }
        match &e.exec {
            ExecType::New | ExecType::Rejected { .. } => self.first_answer(e.order_id),
            ExecType::Canceled { request: Some(request), .. } | ExecType::Replaced { request, .. } => {
                self.answered(key(&request.request));
            }
            ExecType::Trade(fill) => self.settle(e, fill),
            ExecType::TradeCanceled { fill, commission, .. } => {
                let cash = fill.price.notional(fill.qty).units();
                self.commissions -= commission.units();
                self.amend(e, -i128::from(fill.qty.units()), -cash, commission.units());
            }
            ExecType::TradeCorrected { fill, before, .. } => {
                let cash = fill.price.notional(fill.qty).units() - before.notional(fill.qty).units();
                self.amend(e, 0, cash, 0);
            }
            ExecType::Canceled { .. }
            | ExecType::PendingNew
            | ExecType::PendingCancel { .. }
            | ExecType::PendingReplace { .. }
            | ExecType::Expired
            | ExecType::DoneForDay
            | ExecType::Restated { .. } => {}
        }
    }

    /// A fill that was settled is undone or priced anew: by so much more in its own direction.
    fn amend(&mut self, e: &ExecutionReported, qty: i128, cash: i128, commission: i128) {
        self.amended += 1;
        let Some(currency) = self.currencies.get(&e.terms.symbol).copied() else { return };
        let sign = if e.terms.side.is_buy() { 1 } else { -1 };
        let account = e.terms.account;
        let borrowed = self.borrowed.entry((account, id(e.terms.symbol.as_str()))).or_default();
        if e.terms.side.is_short() {
            *borrowed = (*borrowed + qty).max(0);
        } else if let Some(repaid) = self.repaid.get_mut(&e.order_id) {
            let again = (-qty).min(*repaid);
            *repaid -= again;
            *borrowed += again;
        }
        *self.holdings.entry((account, id(e.terms.symbol.as_str()))).or_default() += sign * qty;
        *self.holdings.entry((account, currency)).or_default() -= sign * cash - commission;
    }

    /// What the house pays for an account that has spent it elsewhere comes in from outside.
    fn note_shortfall(&mut self, e: &Posted) {
        let Some(order) = e.order_id.and_then(|id| self.orders.get(&id)) else { return };
        for t in e.transfers.iter().filter(|t| t.reason == TransferReason::Shortfall) {
            *self.holdings.entry((order.account, t.asset)).or_default() += t.amount.units();
            *self.opened.entry(t.asset).or_default() += t.amount.units();
        }
    }

    fn print(&mut self, e: &TradePrinted) {
        if self.prints.insert(e.trade, (e.qty, e.price)).is_some() {
            self.fault(format!("trade {} printed twice", e.trade));
        }
    }

    fn first_answer(&mut self, order: OrderId) {
        match self.asked.get(&order).cloned() {
            Some(request) => self.answered(request),
            None => self.fault(format!("order {order} was never asked for")),
        }
    }

    fn answered(&mut self, request: RequestKey) {
        *self.answers.entry(request).or_default() += 1;
    }

    fn settle(&mut self, e: &ExecutionReported, fill: &Fill) {
        let buys = e.terms.side.is_buy();
        let Fill { trade, qty, price, liquidity, away: _ } = *fill;
        self.legs.entry(trade).or_default().push(Leg { buys, qty, price, liquidity });
        let Some(currency) = self.currencies.get(&e.terms.symbol).copied() else {
            return self.fault(format!("a trade in {} that is not listed", e.terms.symbol));
        };
        // Ticks and lots of these instruments make every product exact.
        let scale = i128::from(SCALE);
        let cash = i128::from(qty.units()) * i128::from(price.units()) / scale;
        let per_share = self.commission.get(&e.terms.firm).map_or(0, Amount::units);
        let fee = per_share * i128::from(qty.units()) / scale;
        self.commissions += fee;
        let sign = if buys { 1 } else { -1 };
        let account = e.terms.account;
        let borrowed = self.borrowed.entry((account, id(e.terms.symbol.as_str()))).or_default();
        if e.terms.side.is_short() {
            *borrowed += i128::from(qty.units());
            self.sold_short += i128::from(qty.units());
        } else if buys {
            let back = i128::from(qty.units()).min(*borrowed);
            *borrowed -= back;
            *self.repaid.entry(e.order_id).or_default() += back;
        }
        *self.holdings.entry((account, id(e.terms.symbol.as_str()))).or_default() +=
            sign * i128::from(qty.units());
        *self.holdings.entry((account, currency)).or_default() -= sign * cash + fee;
    }

    /// Compares with what the pipeline believes, once it is at rest.
    pub(crate) fn close<'a>(&mut self, pipeline: &Pipeline, sent: impl Iterator<Item = &'a RequestId>) {
        self.close_answers(sent);
        self.close_trades();
        self.close_holdings(pipeline);
        self.close_orders(pipeline);
        self.close_postings();
    }

    fn close_answers<'a>(&mut self, sent: impl Iterator<Item = &'a RequestId>) {
        let sent: BTreeSet<RequestKey> = sent.map(key).collect();
        let asked = |request: &RequestKey| self.answers.get(request).copied().unwrap_or(0);
        let wrong: Vec<_> = sent.iter().map(|r| (r.clone(), asked(r))).filter(|(_, n)| *n != 1).collect();
        let unknown: Vec<_> = self.answers.keys().filter(|r| !sent.contains(*r)).cloned().collect();
        wrong.into_iter().for_each(|((s, n), times)| self.fault(format!("{s} #{n} answered {times} times")));
        unknown.into_iter().for_each(|(s, n)| self.fault(format!("{s} #{n} answered but never sent")));
    }

    fn close_trades(&mut self) {
        let numbers: Vec<u64> = self.legs.keys().copied().collect();
        if numbers.iter().zip(1..).any(|(number, expected)| *number != expected) {
            self.fault("trade numbers have a hole".to_owned());
        }
        let legs = std::mem::take(&mut self.legs);
        for (trade, sides) in &legs {
            let print = self.prints.remove(trade);
            match sides.as_slice() {
                [a, b]
                    if a.buys != b.buys
                        && a.liquidity != b.liquidity
                        && (a.qty, a.price) == (b.qty, b.price)
                        && print == Some((a.qty, a.price)) => {}
                _ => self.fault(format!("trade {trade} has sides {sides:?} and print {print:?}")),
            }
        }
        if !self.prints.is_empty() {
            self.fault(format!("prints without trades: {:?}", self.prints));
        }
        self.legs = legs;
    }

    fn close_holdings(&mut self, pipeline: &Pipeline) {
        let mut sums: BTreeMap<Asset, i128> = BTreeMap::new();
        for ((account, asset), held) in self.holdings.clone() {
            *sums.entry(asset).or_default() += held;
            let believed = pipeline.risk().position(&account, &asset).units();
            if believed != held {
                self.fault(format!("{account} has {held} of {asset}, risk believes {believed}"));
            }
            let borrowed = pipeline.risk().borrowed(&account, &asset).units();
            if held + borrowed < 0 {
                self.fault(format!("{account} is overdrawn in {asset}: {held} with {borrowed} borrowed"));
            }
            let expected = self.borrowed.get(&(account, asset)).copied().unwrap_or(0);
            if borrowed != expected {
                self.fault(format!("{account} has borrowed {borrowed} of {asset}, {expected} by its trades"));
            }
            let (target, kept) = Symbol::new(asset.as_str()).map_or_else(
                |_| Default::default(),
                |symbol| pipeline.risk().short_margin(&account, &symbol),
            );
            // What a trade brought that was undone may be spent.
            if kept > target || self.amended == 0 && kept < target {
                self.fault(format!("{account} has {kept} of {target} held for short sales of {asset}"));
            }
        }
        let cash: Asset = id("USD");
        *sums.entry(cash).or_default() += self.commissions;
        if sums != self.opened {
            self.fault(format!("assets came or went: {sums:?}, opened {:?}", self.opened));
        }
    }

    fn close_orders(&mut self, pipeline: &Pipeline) {
        let open: BTreeMap<OrderId, Filled> =
            self.orders.iter().filter(|(_, o)| is_open(o.status)).map(|(id, o)| (*id, o.filled)).collect();
        let risk: BTreeMap<OrderId, Filled> =
            pipeline.risk().open_orders().iter().map(|o| (o.order_id, o.filled)).collect();
        let books: BTreeMap<OrderId, Filled> = SYMBOLS
            .iter()
            .flat_map(|s| pipeline.execution().resting_orders(&id(s)).collect::<Vec<_>>())
            .collect();
        if open != books {
            self.fault(format!("{} orders open by their reports, {} on the books", open.len(), books.len()));
        }
        if open != risk {
            self.fault(format!("{} orders open by their reports, {} in risk", open.len(), risk.len()));
        }
    }

    fn close_postings(&mut self) {
        let margins = self.postings.held_opposite("short-margin");
        if self.orders.values().all(|o| !is_open(o.status)) && self.postings.held() != margins {
            let held = self.postings.held();
            self.fault(format!("no order is open and {held} is held, {margins} of it for short sales"));
        }
        let clearing: Vec<_> = self.postings.of_class("clearing").filter(|(.., b)| *b != 0).collect();
        if !clearing.is_empty() {
            let text = format!("clearing does not net to zero: {clearing:?}");
            self.fault(text);
        }
        for (firm, ..) in FIRMS {
            let code = format!("client:{firm}");
            let mut posted: BTreeMap<Asset, i128> = BTreeMap::new();
            for class in [code.clone(), format!("borrowed:{firm}")] {
                for (_, asset, balance) in self.postings.of_class(&class) {
                    *posted.entry(asset).or_default() += balance;
                }
            }
            for (asset, balance) in posted {
                let held = self.holdings.get(&(id(firm), asset)).copied().unwrap_or(0);
                if balance != held {
                    self.fault(format!("{code} has {balance} of {asset} posted, {held} by its trades"));
                }
            }
        }
    }

    /// Orders, trades, refusals, amended sides of trades, whole units sold short.
    pub(crate) fn counts(&self) -> [u64; 5] {
        let sold_short = (self.sold_short / i128::from(SCALE)) as u64;
        [self.orders.len() as u64, self.legs.len() as u64, self.refused, self.amended, sold_short]
    }

    pub(crate) fn into_faults(self) -> Vec<String> {
        self.faults
    }

    fn fault(&mut self, what: String) {
        self.faults.push(what);
    }
}

/// CumQty never falls, 151 = 38 - 14 while open and 0 after, a closed order says nothing more.
fn break_of_a23(e: &ExecutionReported, before: Option<&Seen>) -> Option<&'static str> {
    let (cum, leaves) = (e.filled.cum_qty, e.filled.leaves_qty);
    let last = match &e.exec {
        ExecType::Trade(fill) => fill.qty,
        _ => Qty::ZERO,
    };
    let mut before_cum = before.map_or(Qty::ZERO, |b| b.filled.cum_qty);
    if let ExecType::TradeCanceled { fill, .. } = &e.exec {
        before_cum = before_cum.checked_sub(fill.qty)?;
    }
    let amended = matches!(e.exec, ExecType::TradeCanceled { .. } | ExecType::TradeCorrected { .. });
    let expected = if is_open(e.status) { e.terms.qty.checked_sub(cum)? } else { Qty::ZERO };
    if before.is_some_and(|b| !is_open(b.status)) && !amended {
        Some("a report after its end")
    } else if before_cum.checked_add(last) != Some(cum) {
        Some("CumQty is not what was filled")
    } else if cum > e.terms.qty {
        Some("filled beyond its quantity")
    } else if leaves != expected {
        Some("LeavesQty is not what remains")
    } else {
        None
    }
}

fn is_open(status: OrdStatus) -> bool {
    status.is_working()
}

fn is_pending(exec: &ExecType) -> bool {
    matches!(exec, ExecType::PendingNew | ExecType::PendingCancel { .. } | ExecType::PendingReplace { .. })
}

fn key(request: &RequestId) -> RequestKey {
    (request.session.to_string(), request.seq)
}
