//! An order that can still trade, with all that its reports say.

use crate::book::Handle;
use assay_trading_types::{
    Amount, ExecType, ExecutionReported, Fill, Filled, OrdStatus, OrdType, OrderId, OrderTerms, Outbox,
    Price, Qty, Refusal, SCALE, SelfTrade, TimeInForce, Topic,
};

/// An open order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OpenOrder {
    pub(crate) id: OrderId,
    pub(crate) terms: OrderTerms,
    pub(crate) filled: Filled,
    pub(crate) self_trade: SelfTrade,
    pub(crate) notional_max: Option<Amount>,
    /// The trading day that its terms are of; a DAY order ends with it.
    pub(crate) day: i64,
    pub(crate) market: u32,
    /// Where it rests; nothing while it trades.
    pub(crate) handle: Option<Handle>,
}

impl OpenOrder {
    pub(crate) fn report(&self, exec: ExecType, status: OrdStatus, out: &mut Outbox) {
        let report = ExecutionReported {
            order_id: self.id,
            exec,
            terms: self.terms.clone(),
            filled: self.filled,
            status,
            working: None,
        };
        out.emit(Topic::Accounts, report.into());
    }

    /// Adds a fill and reports it.
    pub(crate) fn fill(&mut self, fill: Fill, notional: Amount, out: &mut Outbox) {
        let filled = &mut self.filled;
        filled.cum_qty = sum(filled.cum_qty, fill.qty);
        filled.leaves_qty = difference(filled.leaves_qty, fill.qty);
        filled.notional =
            filled.notional.checked_add(notional).expect("2^127 billionths are beyond any trading");
        let status =
            if filled.leaves_qty == Qty::ZERO { OrdStatus::Filled } else { OrdStatus::PartiallyFilled };
        self.report(ExecType::Trade(fill), status, out);
    }

    /// Lowers the order itself, executed part untouched.
    pub(crate) fn shrink(&mut self, qty: Qty) {
        self.terms.qty = difference(self.terms.qty, qty);
        self.filled.leaves_qty = difference(self.filled.leaves_qty, qty);
    }

    /// OrdStatus(39) while it is open.
    pub(crate) fn working_status(&self) -> OrdStatus {
        if self.filled.cum_qty == Qty::ZERO { OrdStatus::New } else { OrdStatus::PartiallyFilled }
    }

    /// Whether its day is over.
    pub(crate) fn is_stale(&self, today: i64) -> bool {
        self.terms.tif == TimeInForce::Day && self.day < today
    }

    /// Whether self-trade prevention of this incoming order stands against one that rests.
    pub(crate) fn must_not_meet(&self, resting: &Self) -> bool {
        self.self_trade != SelfTrade::Allow && self.terms.firm == resting.terms.firm
    }

    /// Why its rest cannot stay on the book after it has met all it could; nothing when it may rest.
    pub(crate) fn rest_refusal(&self) -> Option<Refusal> {
        match (self.terms.tif, self.terms.ord_type) {
            (TimeInForce::Fok, _) => Some(Refusal::FokUnfilled),
            (TimeInForce::Ioc, _) => Some(Refusal::IocRemainder),
            (_, OrdType::Market) => Some(Refusal::NoLiquidity),
            _ => None,
        }
    }

    /// What it may still spend.
    pub(crate) fn budget(&self) -> Budget {
        Budget(self.notional_max.map(|max| max.units() - self.filled.notional.units()))
    }
}

/// What a market buy may still spend, in billionths; nothing: no bound.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Budget(Option<i128>);

impl Budget {
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

fn sum(a: Qty, b: Qty) -> Qty {
    a.checked_add(b).expect("CumQty never passes OrderQty")
}

fn difference(a: Qty, b: Qty) -> Qty {
    let rest = a.checked_sub(b).expect("quantities are positive");
    assert!(rest >= Qty::ZERO, "nothing is filled or taken beyond what remains");
    rest
}
