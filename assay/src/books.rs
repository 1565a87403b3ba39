//! The books as a log gives them: replayed from the first record, independent of snapshots and of any running node.

use crate::log_place::{Records, records_of_files};
use assay_risk_service::Risk;
use assay_trading_types::{
    Amount, Asset, ClOrdId, Event, ExecType, Fill, Outbox, Price, Processor, Role, SessionId, Topic,
};
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::path::Path;

/// What a log says about orders and money.
#[derive(Debug, Default)]
pub(crate) struct Books {
    /// Sum of debits and of credits per asset.
    pub(crate) trial_balance: Vec<(Asset, Amount, Amount)>,
    /// How every D of a session ended up: decisions by ClOrdID.
    pub(crate) decisions: HashMap<(SessionId, ClOrdId), Decisions>,
    /// Fills per session: count, bought and sold notional.
    pub(crate) fills: BTreeMap<SessionId, Fills>,
    /// Orders on the books at the end.
    pub(crate) open_orders: usize,
    /// Records read.
    pub(crate) records: u64,
}

/// Decisions on one ClOrdID.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Decisions {
    /// D records.
    pub(crate) requested: u32,
    /// Orders that went to the market.
    pub(crate) accepted: u32,
    /// Refusals.
    pub(crate) refused: u32,
}

/// Fills of one session.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Fills {
    /// Execution reports with ExecType F.
    pub(crate) count: u64,
    /// Sum of LastQty times LastPx of buys.
    pub(crate) bought: Amount,
    /// The same of sells.
    pub(crate) sold: Amount,
}

impl Fills {
    /// Adds a fill.
    pub(crate) fn add(&mut self, is_buy: bool, notional: Amount) {
        self.count += 1;
        let sum = if is_buy { &mut self.bought } else { &mut self.sold };
        *sum = sum.checked_add(notional).expect("a sum of fills fits 128 bits");
    }
}

impl Fills {
    /// A fill is undone or priced anew.
    fn change(&mut self, is_buy: bool, fill: &Fill, before: Price, after: Price) {
        let change = after.notional(fill.qty).units() - before.notional(fill.qty).units();
        let sum = if is_buy { &mut self.bought } else { &mut self.sold };
        *sum = Amount::from_units(sum.units() + change);
    }
}

impl Books {
    /// Replays the log in `dir`, which may belong to a stopped node or to a running one.
    pub(crate) fn replay(dir: &Path) -> Result<Self, Box<dyn std::error::Error>> {
        Self::of(records_of_files(dir)?)
    }

    /// Replays a log from its first record on.
    pub(crate) fn of(records: Records) -> Result<Self, Box<dyn std::error::Error>> {
        let mut books = Self::default();
        let mut risk = Risk::new(0);
        let mut outbox = Outbox::new(Role::Risk, 1);
        for record in records {
            let record = record?;
            books.records += 1;
            if !matches!(record.topic, Topic::Accounts | Topic::Markets) {
                continue;
            }
            let event = record.decode()?;
            books.note(&event);
            if record.topic == Topic::Accounts {
                let input = record.input(&event);
                outbox.begin(&input);
                risk.apply(&input, &mut outbox);
                outbox.drain();
            }
        }
        books.trial_balance = risk.trial_balance();
        books.open_orders = risk.open_orders().len();
        Ok(books)
    }

    /// Whether debits equal credits in every asset.
    pub(crate) fn balance(&self) -> bool {
        self.trial_balance.iter().all(|(_, debits, credits)| debits == credits)
    }

    fn note(&mut self, event: &Event) {
        match event {
            Event::OrderRequested(e) => self.decided(e.terms.session, e.terms.cl_ord_id).requested += 1,
            Event::OrderAccepted(e) => self.decided(e.terms.session, e.terms.cl_ord_id).accepted += 1,
            Event::OrderRefused(e) => self.decided(e.terms.session, e.terms.cl_ord_id).refused += 1,
            Event::ExecutionReported(e) => {
                let session = e.terms.session;
                let is_buy = e.terms.side.is_buy();
                match &e.exec {
                    ExecType::Trade(fill) => {
                        self.fills_of(session).add(is_buy, fill.price.notional(fill.qty))
                    }
                    ExecType::TradeCanceled { fill, .. } => {
                        self.fills_of(session).change(is_buy, fill, fill.price, Price::from_units(0));
                    }
                    ExecType::TradeCorrected { fill, before, .. } => {
                        self.fills_of(session).change(is_buy, fill, *before, fill.price);
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }

    fn fills_of(&mut self, session: SessionId) -> &mut Fills {
        self.fills.entry(session).or_default()
    }

    fn decided(&mut self, session: SessionId, cl_ord_id: ClOrdId) -> &mut Decisions {
        self.decisions.entry((session, cl_ord_id)).or_default()
    }
}

impl fmt::Display for Books {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let orders: u32 = self.decisions.values().map(|d| d.accepted).sum();
        let refused: u32 = self.decisions.values().map(|d| d.refused).sum();
        let fills: u64 = self.fills.values().map(|f| f.count).sum();
        writeln!(
            f,
            "books: {} records, {orders} orders accepted, {refused} refused, {fills} fills, {} orders open",
            self.records, self.open_orders
        )?;
        writeln!(f, "trial balance:  {:<10} {:>26} {:>26}  difference", "asset", "debits", "credits")?;
        for (asset, debits, credits) in &self.trial_balance {
            let difference = debits.checked_sub(*credits).unwrap_or(Amount::ZERO);
            writeln!(f, "                {asset:<10} {debits:>26} {credits:>26}  {difference}")?;
        }
        Ok(())
    }
}
