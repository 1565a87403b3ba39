//! What the market did, in the books: delivery versus payment through clearing, commission, holds adjusted.
//!
//! ```text
//! buy   client --notional, from the hold--> clearing     sell   client --units, from the hold--> clearing
//!       clearing --units--> client                              clearing --notional--> client
//!       release of what the hold is too large by                release of what the hold is too large by
//!       client --commission--> commission                       client --commission--> commission
//! ```

use crate::commission::due;
use crate::group::Group;
use crate::order::OpenOrder;
use crate::risk::Risk;
use assay_ledger::{AccountIx, Ledger};
use assay_trading_types::*;

/// What a fill takes from the hold and charges.
#[derive(Default)]
struct Paid {
    from_hold: Amount,
    /// Of the client's cash that no hold covered; negative when the fill brought cash.
    beside_cash: i128,
    commission: Amount,
}

impl Risk {
    pub(crate) fn executed(&mut self, e: &ExecutionReported, input: &Input<'_>, out: &mut Outbox) {
        let Some(order) = self.orders.open.get_mut(&e.order_id) else { return };
        let firm = self.firms.get_mut(&order.terms.firm).expect("an order's firm exists");
        firm.uncount(order.exposure());
        let mut group = Group::default();
        let mut paid = Paid::default();
        if let ExecType::Trade(fill) = &e.exec {
            paid = settle(e.order_id, order, fill, &e.filled, &self.ledger, &mut group);
            let change = i128::from(fill.qty.units());
            let change = if order.terms.side.is_buy() { change } else { -change };
            firm.position_changed(order.terms.symbol, change, self.instruments.price(&order.terms.symbol));
        }
        (order.filled, order.status) = (e.filled, e.status);
        let renamed = adopt(order, e);
        let open = is_open(e.status);
        // What is pending on an order that ends is answered TOO_LATE by the market.
        let given_up = if open { None } else { order.replace.take() };
        let need = if open { order.need() } else { Amount::ZERO };
        let released = release(e.order_id, order, &paid, need, &self.ledger, &mut group);
        charge(e.order_id, order, &paid, released, &self.ledger, &mut group);
        if open {
            firm.count(order.exposure());
        }
        let firm = order.terms.firm;
        let transfers = settled(&group, e.order_id, &mut self.ledger);
        if let Some(id) = renamed {
            self.orders.name(e.terms.session, id, e.order_id);
        }
        if let Some(replace) = given_up {
            self.orders.unname(e.terms.session, replace.cl_ord_id, e.order_id);
        }
        if !open {
            self.orders.close(e.order_id);
        }
        if !transfers.is_empty() {
            let exec_id = Some(ExecId::new(input.partition, input.offset));
            let posted = Posted { firm, order_id: Some(e.order_id), exec_id, transfers };
            out.emit(Topic::Ledger, posted.into());
        }
    }

    /// The market could not replace: the order lives on with what it had held before.
    pub(crate) fn replace_refused(&mut self, e: &CancelRefused, out: &mut Outbox) {
        let Some(order_id) = e.order_id else { return };
        let Some(order) = self.orders.open.get_mut(&order_id) else { return };
        if order.replace.as_ref().is_none_or(|r| r.request != e.request) {
            return;
        }
        let firm = self.firms.get_mut(&order.terms.firm).expect("an order's firm exists");
        firm.uncount(order.exposure());
        order.replace = None;
        firm.count(order.exposure());
        let mut group = Group::default();
        release(order_id, order, &Paid::default(), order.need(), &self.ledger, &mut group);
        let (firm, session) = (order.terms.firm, order.terms.session);
        let transfers = settled(&group, order_id, &mut self.ledger);
        self.orders.unname(session, e.cl_ord_id, order_id);
        if !transfers.is_empty() {
            let posted = Posted { firm, order_id: Some(order_id), exec_id: None, transfers };
            out.emit(Topic::Ledger, posted.into());
        }
    }
}

/// Whether an order in this state may still trade.
fn is_open(status: OrdStatus) -> bool {
    match status {
        OrdStatus::New
        | OrdStatus::PartiallyFilled
        | OrdStatus::DoneForDay
        | OrdStatus::PendingCancel
        | OrdStatus::PendingNew
        | OrdStatus::PendingReplace => true,
        OrdStatus::Filled | OrdStatus::Canceled | OrdStatus::Rejected | OrdStatus::Expired => false,
    }
}

/// Takes over what the report changed of the terms. Returns the order's new id, if it has one.
fn adopt(order: &mut OpenOrder, e: &ExecutionReported) -> Option<ClOrdId> {
    match &e.exec {
        ExecType::Replaced { request, .. } => {
            if let Some(replace) = order.replace.take_if(|r| r.request == request.request) {
                (order.cover, order.price) = (replace.cover, replace.price);
            }
            let old = std::mem::replace(&mut order.terms, e.terms.clone());
            order.older_ids.push(old.cl_ord_id);
            Some(e.terms.cl_ord_id)
        }
        ExecType::Restated { .. } => {
            order.terms = e.terms.clone();
            None
        }
        ExecType::New
        | ExecType::Trade(_)
        | ExecType::Canceled { .. }
        | ExecType::Expired
        | ExecType::DoneForDay => None,
    }
}

/// Both sides of a fill, the client's drawn from the hold.
fn settle(
    order_id: OrderId,
    order: &mut OpenOrder,
    fill: &Fill,
    filled: &Filled,
    ledger: &Ledger,
    group: &mut Group,
) -> Paid {
    let a = order.accounts;
    let (notional, quantity) = (fill.price.notional(fill.qty), fill.qty.as_amount());
    let due = due(&order.commission, filled.cum_qty, filled.notional).units() - order.charged.units();
    let mut commission = Amount::from_units(due.max(0));
    let (cash, units) = ((a.cash, a.cash_clearing), (a.units, a.units_clearing));
    let (from_hold, beside_cash) = if order.terms.side.is_buy() {
        let paid = pay(order_id, order, (cash, a.cash_shortfall), notional, ledger, group);
        plain(order_id, order, (units.1, units.0), quantity, TransferReason::TradeAsset, group);
        (paid.0, paid.1.units())
    } else {
        let paid = pay(order_id, order, (units, a.units_shortfall), quantity, ledger, group);
        plain(order_id, order, (cash.1, cash.0), notional, TransferReason::TradeCash, group);
        // A sale never costs more than it brings; what is left is charged on later fills.
        commission = commission.min(notional);
        (paid.0, -notional.units())
    };
    order.charged = Amount::from_units(order.charged.units() + commission.units());
    Paid { from_hold, beside_cash, commission }
}

/// Pays from the hold. What that lacks, which smaller lots of an instrument can make a few billionths, is paid from what
/// the client has beside it, and what that lacks by the house: the trade stands, whatever an operator changed meanwhile.
/// Returns what the hold and what the client beside it paid.
fn pay(
    order_id: OrderId,
    order: &mut OpenOrder,
    (accounts, shortfall): ((AccountIx, AccountIx), AccountIx),
    amount: Amount,
    ledger: &Ledger,
    group: &mut Group,
) -> (Amount, Amount) {
    let reason =
        if order.terms.side.is_buy() { TransferReason::TradeCash } else { TransferReason::TradeAsset };
    let from_hold = held(order, ledger).min(amount);
    if let Some(pending) = order.hold.filter(|_| from_hold > Amount::ZERO) {
        let kind = TransferKind::Post { pending, release_rest: false };
        group.add(order.next_transfer(order_id), accounts, from_hold, kind, reason);
    }
    let rest = Amount::from_units(amount.units() - from_hold.units());
    let beside = rest.min(ledger.account(accounts.0).available()).max(Amount::ZERO);
    plain(order_id, order, accounts, beside, reason, group);
    let lacking = Amount::from_units(rest.units() - beside.units());
    plain(order_id, order, (shortfall, accounts.1), lacking, TransferReason::Shortfall, group);
    (from_hold, beside)
}

/// Releases what the hold is larger by than the order needs after a fill has paid from it, and returns how much.
fn release(
    order_id: OrderId,
    order: &mut OpenOrder,
    paid: &Paid,
    need: Amount,
    ledger: &Ledger,
    group: &mut Group,
) -> Amount {
    let left = held(order, ledger).units() - paid.from_hold.units();
    let surplus = left - need.units();
    if let Some(pending) = order.hold.filter(|_| surplus > 0) {
        let (kind, reason) = (TransferKind::Void { pending }, TransferReason::OrderRelease);
        let accounts = order.held_accounts();
        group.add(order.next_transfer(order_id), accounts, Amount::from_units(surplus), kind, reason);
    }
    if left.min(need.units()) <= 0 {
        order.hold = None;
    }
    Amount::from_units(surplus.max(0))
}

/// Charges commission, as far as the client has money for it; the hold was made to cover it.
fn charge(
    order_id: OrderId,
    order: &mut OpenOrder,
    paid: &Paid,
    released: Amount,
    ledger: &Ledger,
    group: &mut Group,
) {
    let released = if order.terms.side.is_buy() { released.units() } else { 0 };
    let room = ledger.account(order.accounts.cash).available().units() + released - paid.beside_cash;
    let amount = paid.commission.min(Amount::from_units(room.max(0)));
    order.charged = Amount::from_units(order.charged.units() - (paid.commission.units() - amount.units()));
    let accounts = (order.accounts.cash, order.accounts.commission);
    plain(order_id, order, accounts, amount, TransferReason::Commission, group);
}

fn plain(
    order_id: OrderId,
    order: &mut OpenOrder,
    accounts: (AccountIx, AccountIx),
    amount: Amount,
    reason: TransferReason,
    group: &mut Group,
) {
    if amount > Amount::ZERO {
        group.add(order.next_transfer(order_id), accounts, amount, TransferKind::Plain, reason);
    }
}

/// What the ledger holds for the order now.
pub(crate) fn held(order: &OpenOrder, ledger: &Ledger) -> Amount {
    order.hold.map_or(Amount::ZERO, |id| ledger.held(id))
}

/// The market has traded, and what it trades was held before: a settlement that the books refuse is a contradiction, and
/// going on would hide it.
fn settled(group: &Group, order_id: OrderId, ledger: &mut Ledger) -> Vec<Transfer> {
    group
        .post(ledger)
        .unwrap_or_else(|status| panic!("settlement of {order_id} refused: {status:?}: {group:?}"))
}

impl OpenOrder {
    /// The client's account that is held on, and the clearing account opposite.
    pub(crate) fn held_accounts(&self) -> (AccountIx, AccountIx) {
        let a = &self.accounts;
        if self.terms.side.is_buy() { (a.cash, a.cash_clearing) } else { (a.units, a.units_clearing) }
    }
}
