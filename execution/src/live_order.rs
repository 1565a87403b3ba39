//! An order on its way: unpacked, in no book, with all that its reports say.

use crate::parties::Party;
use crate::work::Sink;
use assay_trading_types::{
    Amount, Conditions, ExecType, ExecutionReported, Fill, Filled, OrdStatus, OrdType, OrderId, OrderTerms,
    Price, Qty, Refusal, SCALE, SelfTrade, TimeInForce,
};

/// An order that comes, changes, trades or ends.
#[derive(Debug, Clone)]
pub(crate) struct LiveOrder {
    pub(crate) id: OrderId,
    pub(crate) terms: OrderTerms,
    pub(crate) filled: Filled,
    pub(crate) self_trade: SelfTrade,
    pub(crate) notional_max: Option<Amount>,
    /// Worst price a market order may trade at.
    pub(crate) protection: Option<Price>,
    /// Trading day that its terms are of; a DAY order ends with it.
    pub(crate) day: i32,
    pub(crate) market: u32,
    /// Whether a stop order is triggered.
    pub(crate) triggered: bool,
    /// Whether it was reported done for the day and not yet renewed.
    pub(crate) done_for_day: bool,
}

impl LiveOrder {
    pub(crate) fn party(&self) -> Party {
        let OrderTerms { session, firm, account, .. } = self.terms;
        Party { session, firm, account, self_trade: self.self_trade }
    }

    pub(crate) fn report(&self, exec: ExecType, status: OrdStatus, out: &mut Sink<'_>) {
        self.clone().report_last(exec, status, out);
    }

    /// Reports and consumes it, which spares copying its terms.
    pub(crate) fn report_last(self, exec: ExecType, status: OrdStatus, out: &mut Sink<'_>) {
        let working = self.is_stop().then_some(self.triggered);
        let Self { id: order_id, terms, filled, .. } = self;
        out.account(ExecutionReported { order_id, exec, terms, filled, status, working });
    }

    /// Reports its end.
    pub(crate) fn end(mut self, exec: ExecType, status: OrdStatus, out: &mut Sink<'_>) {
        self.filled.leaves_qty = Qty::ZERO;
        self.report_last(exec, status, out);
    }

    /// OrdStatus(39) after a fill.
    pub(crate) fn status_after_fill(&self) -> OrdStatus {
        if self.filled.leaves_qty == Qty::ZERO { OrdStatus::Filled } else { OrdStatus::PartiallyFilled }
    }

    /// Lowers the order itself, executed part untouched.
    pub(crate) fn shrink(&mut self, qty: Qty) {
        self.terms.qty = difference(self.terms.qty, qty);
        self.filled.leaves_qty = difference(self.filled.leaves_qty, qty);
    }

    /// OrdStatus(39) while it is open.
    pub(crate) fn working_status(&self) -> OrdStatus {
        match (self.done_for_day, self.filled.cum_qty) {
            (true, _) => OrdStatus::DoneForDay,
            (false, Qty::ZERO) => OrdStatus::New,
            (false, _) => OrdStatus::PartiallyFilled,
        }
    }

    /// Market or limit: what it is once its stop price, if it has one, is reached.
    pub(crate) fn trades_as(&self) -> OrdType {
        trades_as(self.terms.ord_type)
    }

    pub(crate) fn is_stop(&self) -> bool {
        is_stop(self.terms.ord_type)
    }

    /// Whether it waits for its stop price.
    pub(crate) fn waits_for_stop(&self) -> bool {
        self.is_stop() && !self.triggered
    }

    pub(crate) fn conditions(&self) -> Option<&Conditions> {
        self.terms.conditions.as_deref()
    }

    pub(crate) fn is_post_only(&self) -> bool {
        self.conditions().is_some_and(|c| c.post_only)
    }

    pub(crate) fn is_all_or_none(&self) -> bool {
        self.conditions().is_some_and(|c| c.all_or_none)
    }

    /// What it must be filled at once, or nothing of it, in billionths: all for fill or kill and all or none.
    pub(crate) fn least_units(&self) -> Option<i64> {
        let whole = self.terms.tif == TimeInForce::Fok || self.is_all_or_none();
        let min = self.conditions().and_then(|c| c.min_qty).map(|q| q.units());
        if whole { Some(self.filled.leaves_qty.units()) } else { min }
    }

    /// Why its rest cannot stay after it has met all it could; nothing when it may stay.
    pub(crate) fn rest_refusal(&self) -> Option<Refusal> {
        match (self.terms.tif, self.trades_as()) {
            (TimeInForce::Fok, _) => Some(Refusal::FokUnfilled),
            (TimeInForce::Ioc, _) => Some(Refusal::IocRemainder),
            (_, OrdType::Market) => Some(Refusal::NoLiquidity),
            _ => None,
        }
    }

    /// What it may still spend.
    pub(crate) fn budget(&self) -> Budget {
        Budget::new(self.notional_max, self.filled.notional)
    }
}

pub(crate) fn is_stop(ord_type: OrdType) -> bool {
    ord_type.waits_for_price()
}

pub(crate) fn trades_as(ord_type: OrdType) -> OrdType {
    match ord_type {
        OrdType::Market | OrdType::Stop | OrdType::TakeProfit => OrdType::Market,
        OrdType::Limit | OrdType::StopLimit => OrdType::Limit,
    }
}

pub(crate) fn add_fill(filled: &Filled, fill: &Fill, notional: Amount) -> Filled {
    Filled {
        cum_qty: sum(filled.cum_qty, fill.qty),
        leaves_qty: difference(filled.leaves_qty, fill.qty),
        notional: filled.notional.checked_add(notional).expect("2^127 billionths are beyond any trading"),
    }
}

/// What a market buy may still spend, in billionths; nothing: no bound.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Budget(Option<i128>);

impl Budget {
    pub(crate) fn new(notional_max: Option<Amount>, spent: Amount) -> Self {
        Self(notional_max.map(|max| max.units() - spent.units()))
    }

    /// Most of `lots` that it pays for at `price`.
    pub(crate) fn affords(self, price: Price, lots: i64, lot_units: i64) -> i64 {
        let Some(left) = self.0.filter(|_| price.units() > 0) else { return lots };
        let lot_price = i128::from(price.units()) * i128::from(lot_units);
        // A budget too large to scale pays for anything.
        let Some(scaled) = left.max(0).checked_mul(i128::from(SCALE)) else { return lots };
        i64::try_from(scaled / lot_price).map_or(lots, |most| most.min(lots))
    }

    pub(crate) fn spend(&mut self, notional: Amount) {
        if let Some(left) = &mut self.0 {
            *left -= notional.units();
        }
    }
}

pub(crate) fn sum(a: Qty, b: Qty) -> Qty {
    a.checked_add(b).expect("CumQty never passes OrderQty")
}

fn difference(a: Qty, b: Qty) -> Qty {
    let rest = a.checked_sub(b).expect("quantities are positive");
    assert!(rest >= Qty::ZERO, "nothing is filled or taken beyond what remains");
    rest
}
