//! An open order: what it may still cost, and what is held for it.

use crate::commission::{due, due_less};
use crate::exposure::Counted;
use crate::fees::Scheduled;
use crate::names::{HoldingIx, SessionIx};
use assay_ledger::AccountIx;
use assay_trading_types::{
    Amount, CancelRequested, ClOrdId, Commission, Filled, OrdStatus, OrderId, OrderState, OrderTerms, Price,
    Qty, ReplaceRequested, RequestId, SCALE, Timestamp, TransferId,
};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Of one.
const PERCENT: i128 = 100;

/// What is held while an order is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Cover {
    /// A limit buy: its price for each unit that is left.
    Limit(Price),
    /// A market buy: this much for the whole order, whatever the prices of its fills; the market keeps to it.
    Budget(Amount),
    /// A sale: what is sold.
    Asset,
    /// A short sale, whose units are borrowed when it fills: what of its price is asked beyond what it brings.
    Short {
        /// Its limit, or the reference price.
        price: Price,
        /// Percent of it.
        extra_percent: u32,
    },
}

/// A replace on its way to the market.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PendingReplace {
    /// Which message asked.
    pub(crate) request: RequestId,
    /// Its ClOrdID(11).
    pub(crate) cl_ord_id: ClOrdId,
    /// What the order needs held once it is replaced.
    pub(crate) cover: Cover,
    /// Price that exposure counts it at then.
    pub(crate) price: Price,
    /// New total quantity.
    pub(crate) qty: Qty,
    /// Replaces that are decided once this one has come about, each following the one before it.
    pub(crate) chained: VecDeque<ReplaceRequested>,
    /// Cancels that wait for a chained replace that they name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) cancels: Vec<CancelRequested>,
}

/// What waits for a replace.
#[derive(Default)]
pub(crate) struct Waiting {
    /// As [`PendingReplace::chained`].
    pub(crate) chained: VecDeque<ReplaceRequested>,
    /// As [`PendingReplace::cancels`].
    pub(crate) cancels: Vec<CancelRequested>,
}

impl Waiting {
    /// The cancels that name this replace, in the order they came.
    pub(crate) fn cancels_of(&mut self, e: &ReplaceRequested) -> Vec<CancelRequested> {
        self.cancels.extract_if(.., |cancel| cancel.orig_cl_ord_id == e.terms.cl_ord_id).collect()
    }
}

impl PendingReplace {
    /// The id that the order will have once everything that is pending has come about.
    pub(crate) fn newest_id(&self) -> &ClOrdId {
        self.chained.back().map_or(&self.cl_ord_id, |e| &e.terms.cl_ord_id)
    }

    /// What waits for it.
    pub(crate) fn into_waiting(self) -> Waiting {
        Waiting { chained: self.chained, cancels: self.cancels }
    }

    /// Whether a replace that waits for this one, or for another that does, has this id.
    pub(crate) fn is_chained(&self, id: &ClOrdId) -> bool {
        self.chained.iter().any(|e| e.terms.cl_ord_id == *id)
    }

    /// Ids that the order may come to have.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &ClOrdId> {
        [&self.cl_ord_id].into_iter().chain(self.chained.iter().map(|e| &e.terms.cl_ord_id))
    }
}

/// Ledger accounts that an order settles through, resolved when it is accepted: neither new terms of the instrument nor
/// of the firm move an order's money elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Accounts {
    /// The client's money.
    pub(crate) cash: AccountIx,
    /// Clearing of the currency.
    pub(crate) cash_clearing: AccountIx,
    /// The client's holding.
    pub(crate) units: AccountIx,
    /// Clearing of what is traded.
    pub(crate) units_clearing: AccountIx,
    /// Commission income in the currency.
    pub(crate) commission: AccountIx,
    /// Where the house pays money that a client lacks.
    pub(crate) cash_shortfall: AccountIx,
    /// Likewise for what is traded.
    pub(crate) units_shortfall: AccountIx,
}

/// An order that may still trade, or did lately.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OpenOrder {
    pub(crate) order_id: OrderId,
    pub(crate) terms: OrderTerms,
    pub(crate) session: SessionIx,
    pub(crate) holding: HoldingIx,
    /// What it counts in the exposures now.
    pub(crate) counted: Counted,
    pub(crate) filled: Filled,
    pub(crate) status: OrdStatus,
    /// Of a stop: whether it is triggered.
    pub(crate) working: Option<bool>,
    /// Time of its last report, which OrigOrdModTime(586) must name.
    pub(crate) modified: Timestamp,
    pub(crate) cover: Cover,
    /// Price that exposure counts LeavesQty at.
    pub(crate) price: Price,
    pub(crate) accounts: Accounts,
    /// Rates agreed when it was accepted; the dearest, where they differ by what a fill does.
    pub(crate) commission: Commission,
    /// The schedule they are from, if they are from one.
    pub(crate) scheduled: Option<Box<Scheduled>>,
    /// Commission charged so far.
    pub(crate) charged: Amount,
    /// Smallest quantity a fill can have, in billionths.
    pub(crate) lot_units: i64,
    /// The one hold for it.
    pub(crate) hold: Option<TransferId>,
    /// Transfers made for this order, which numbers the next one.
    pub(crate) transfers: u32,
    pub(crate) replace: Option<Box<PendingReplace>>,
    /// Cancels on their way to the market that the session was told of.
    pub(crate) cancelling: Vec<RequestId>,
    /// Ids this order was known by before the current one.
    pub(crate) older_ids: Vec<ClOrdId>,
    /// What of a margin for short sales this order uses to buy them back.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub(crate) lent: Amount,
    /// What of its fills gave back borrowed units.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub(crate) repaid: Amount,
}

fn is_nothing(amount: &Amount) -> bool {
    *amount == Amount::ZERO
}

impl OpenOrder {
    /// Id of this order's next transfer.
    pub(crate) fn next_transfer(&mut self) -> TransferId {
        self.transfers += 1;
        TransferId(u128::from(self.order_id.as_u64()) << 32 | u128::from(self.transfers))
    }

    /// Whether it may still trade.
    pub(crate) fn is_open(&self) -> bool {
        self.status.is_working()
    }

    /// The order as a status report shows it.
    pub(crate) fn state(&self) -> OrderState {
        let (order_id, status, working) = (self.order_id, self.shown_status(), self.working);
        OrderState { order_id, terms: self.terms.clone(), filled: self.filled, status, working }
    }

    /// OrdStatus(39) as the counterparty sees it.
    pub(crate) fn shown_status(&self) -> OrdStatus {
        match (self.is_open(), self.cancelling.is_empty(), &self.replace) {
            (false, ..) | (true, true, None) => self.status,
            (true, false, _) => OrdStatus::PendingCancel,
            (true, true, Some(_)) => OrdStatus::PendingReplace,
        }
    }

    /// Every id it was, is or is about to be known by.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &ClOrdId> {
        let pending = self.replace.iter().flat_map(|replace| replace.ids());
        self.older_ids.iter().chain([&self.terms.cl_ord_id]).chain(pending)
    }

    /// LeavesQty if the order's quantity were `qty`.
    pub(crate) fn leaves_of(&self, qty: Qty) -> Qty {
        Qty::from_units((qty.units() - self.filled.cum_qty.units()).max(0))
    }

    /// What it counts in the exposures: with a replace on its way, the larger of both.
    pub(crate) fn to_count(&self) -> Counted {
        if !self.is_open() {
            return Counted::default();
        }
        let leaves = self.filled.leaves_qty;
        let (mut notional, mut qty) = (self.price.notional(leaves).units(), leaves.units());
        if let Some(replace) = &self.replace {
            let leaves = self.leaves_of(replace.qty);
            notional = notional.max(replace.price.notional(leaves).units());
            qty = qty.max(leaves.units());
        }
        Counted { notional, qty, orders: 1 }
    }

    /// What must be held for it now: the most that what is left of it can cost, commission included.
    pub(crate) fn need(&self) -> Amount {
        let (old, qty) = (self.leaves_of(self.terms.qty), self.terms.qty);
        match (self.cover, &self.replace) {
            (Cover::Asset, replace) => {
                let new = replace.as_ref().map_or(Qty::ZERO, |r| self.leaves_of(r.qty));
                old.max(new).as_amount()
            }
            (cover @ Cover::Short { .. }, replace) => {
                let new = replace.as_ref().map_or(0, |r| self.rest(r.cover, self.leaves_of(r.qty)));
                Amount::from_units(self.rest(cover, old).max(new))
            }
            (cover, None) => self.with_commission(qty, self.rest(cover, old)),
            (cover, Some(r)) => self.with_commission(qty.max(r.qty), self.rest_while_replaced(cover, old, r)),
        }
    }

    /// What `leaves` can cost, without commission, in billionths.
    fn rest(&self, cover: Cover, leaves: Qty) -> i128 {
        match cover {
            Cover::Limit(price) => price.notional(leaves).units() + self.rounding(price, leaves),
            Cover::Budget(max) if leaves > Qty::ZERO => (max.units() - self.filled.notional.units()).max(0),
            Cover::Short { price, extra_percent } => {
                price.notional(leaves).units() * i128::from(extra_percent) / PERCENT
            }
            Cover::Budget(_) | Cover::Asset => 0,
        }
    }

    /// Until a replace arrives, fills come at the old terms, and what they leave of the new quantity is filled at the
    /// new ones. The dearest mix is at one of the two ends, since the cost is linear in how much fills before.
    fn rest_while_replaced(&self, cover: Cover, old: Qty, replace: &PendingReplace) -> i128 {
        let new = self.leaves_of(replace.qty);
        let beyond = match (cover, replace.cover) {
            (Cover::Limit(_), Cover::Limit(_)) => {
                let beyond = Qty::from_units((new.units() - old.units()).max(0));
                self.rest(replace.cover, beyond)
            }
            // A stop may be triggered and spend its budget before the replace arrives, on however little.
            (Cover::Budget(_), Cover::Limit(_)) => self.rest(replace.cover, new),
            // A new budget is for the whole order, whatever filled before.
            _ => 0,
        };
        self.rest(replace.cover, new).max(self.rest(cover, old) + beyond)
    }

    /// Each fill may round its notional up, by less than a billionth, where tick times lot is not a whole number of
    /// them; there cannot be more fills than lots.
    fn rounding(&self, price: Price, leaves: Qty) -> i128 {
        let exact = i128::from(price.units()) * i128::from(self.lot_units) % i128::from(SCALE) == 0;
        if exact { 0 } else { i128::from(leaves.units() / self.lot_units) }
    }

    /// Commission on `qty` traded for `notional` in all, of which what is filled so far may have been cheaper.
    pub(crate) fn due(&self, qty: Qty, notional: Amount) -> Amount {
        match &self.scheduled {
            None => due(&self.commission, qty, notional),
            Some(scheduled) => due_less(&self.commission, qty, notional, scheduled.saved(&self.commission)),
        }
    }

    /// `rest` still to be paid for an order of `qty`, and the commission still to be charged with it.
    fn with_commission(&self, qty: Qty, rest: i128) -> Amount {
        if rest == 0 {
            return Amount::ZERO;
        }
        let whole = Amount::from_units(self.filled.notional.units() + rest);
        let due = self.due(qty, whole).units() - self.charged.units();
        Amount::from_units(rest + due.max(0))
    }
}
