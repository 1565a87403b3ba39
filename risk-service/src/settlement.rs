//! What the market did, in the books: delivery versus payment through clearing, commission, holds adjusted.
//!
//! ```text
//! buy   client --notional, from the hold--> clearing     sell   client --units, from the hold--> clearing
//!       clearing --units--> client                              clearing --notional--> client
//!       release of what the hold is too large by                release of what the hold is too large by
//!       client --commission--> commission                       client --commission--> commission
//!
//! buy that gives borrowed units back        clearing --units--> borrowed, the rest to the client
//! short sale                                borrowed --units--> clearing --notional--> client, held as margin
//! ```

use crate::exposure::{Revalued, value};
use crate::group::Group;
use crate::order::{OpenOrder, Waiting};
use crate::orders::Slot;
use crate::risk::Risk;
use crate::short::{Borrowing, Short};
use crate::venues::tell_settled;
use assay_ledger::{AccountIx, Ledger};
use assay_trading_types::*;

/// What a fill takes from the hold and charges.
#[derive(Default)]
pub(crate) struct Paid {
    from_hold: Amount,
    /// Of the client's cash that no hold covered; negative when the fill brought cash.
    beside_cash: i128,
    commission: Amount,
    /// By what it was reckoned, where a schedule says so.
    fees: Option<FeesApplied>,
    /// Units that were sold short.
    sold_short: i64,
    /// Units that were given back.
    repaid: Amount,
}

impl Risk {
    pub(crate) fn executed(&mut self, e: &ExecutionReported, input: &Input<'_>, out: &mut Outbox) {
        let Some(slot) = self.orders.slot(&e.order_id) else { return };
        let order = &mut self.orders[slot];
        let mut group = Group::default();
        let mut paid = Paid::default();
        if let ExecType::Trade(fill) = &e.exec {
            self.day_trades.note(&order.terms, fill.qty);
            let short = self.holdings[order.holding].short.as_deref();
            paid = settle(order, fill, &e.filled, (&self.ledger, short), &mut group);
        }
        (order.filled, order.status, order.modified) = (e.filled, e.status, input.at);
        order.working = e.working;
        let (renamed, waiting) = adopt(order, e);
        let open = order.is_open();
        // What is pending on an order that ends is answered TOO_LATE by the market.
        let given_up = if open { None } else { order.replace.take() };
        if !open {
            order.cancelling.clear();
        }
        let need = if open { order.need() } else { Amount::ZERO };
        let released = release(order, &paid, need, &self.ledger, &mut group);
        charge(order, &mut paid, released, &self.ledger, &mut group);
        let (firm, session) = (order.terms.firm, order.session);
        let fees = paid.fees.filter(|_| paid.commission > Amount::ZERO);
        let mut transfers = settled(&group, e.order_id, &mut self.ledger);
        transfers.extend(self.margin_follows(slot, paid.borrowing(released), need));
        if let Some(id) = renamed {
            self.orders.name(session, id, slot);
        }
        self.recount(slot);
        let short = transfers.iter().any(|t| t.reason == TransferReason::Shortfall);
        if !transfers.is_empty() {
            let exec_id = Some(ExecId::new(input.partition, input.offset));
            let posted = Posted { order_id: Some(e.order_id), exec_id, fees, ..Posted::of(firm, transfers) };
            out.emit(Topic::Ledger, posted.into());
        }
        if let ExecType::Trade(fill) = &e.exec {
            self.traded(slot, fill, paid.commission, input.at, out);
            tell_settled(e, fill, paid.commission, input, out);
        }
        if short {
            self.alarm(slot, Alarm::Shortfall, format!("the house paid for {}", e.order_id), out);
        }
        if let Some(replace) = given_up {
            self.orders.unname(session, replace.cl_ord_id, slot);
            self.break_chain(slot, replace.into_waiting(), out);
        }
        if open {
            self.follow(slot, waiting, input.at, out);
        } else {
            self.break_chain(slot, waiting, out);
            self.orders.close(slot);
        }
    }

    /// A fill in exposures, the day's result and the breaker.
    fn traded(&mut self, slot: Slot, fill: &Fill, commission: Amount, at: Timestamp, out: &mut Outbox) {
        let order = &self.orders[slot];
        let (ix, is_buy) = (order.holding, order.terms.side.is_buy());
        let holding = &mut self.holdings[ix];
        let price = self.instruments[holding.symbol].price();
        let before = value(holding.position, price);
        let qty = i128::from(fill.qty.units());
        holding.position += if is_buy { qty } else { -qty };
        let change = Revalued::between(before, value(holding.position, price));
        let notional = fill.price.notional(fill.qty).units();
        if let Some(listed) = &self.instruments[holding.symbol].listed {
            self.firms[holding.firm].volumes.note(listed.currency, notional);
        }
        let (client, firm) = (&mut self.clients[holding.client], &mut self.firms[holding.firm]);
        for exposure in [&mut client.exposure, &mut firm.exposure] {
            exposure.revalue(change);
            exposure.trade(is_buy, notional, commission.units());
        }
        if self.trips_breaker(ix, at) {
            self.alarm(slot, Alarm::RepeatBreaker, "repeated executions: open until reset".to_owned(), out);
        }
    }

    fn alarm(&self, slot: Slot, alarm: Alarm, detail: String, out: &mut Outbox) {
        let OrderTerms { firm, account, symbol, .. } = &self.orders[slot].terms;
        let (firm, account, symbol) = (Some(*firm), Some(*account), Some(*symbol));
        crate::news::alarm(RiskAlarmed { alarm, firm, account, symbol, detail }, out);
    }

    /// The market could not replace: the order lives on with what it had held before.
    pub(crate) fn replace_refused(&mut self, e: &CancelRefused, out: &mut Outbox) {
        let Some(slot) = e.order_id.and_then(|order_id| self.orders.slot(&order_id)) else { return };
        let order = &mut self.orders[slot];
        let Some(replace) = order.replace.take_if(|r| r.request == e.request) else { return };
        let mut group = Group::default();
        let need = order.need();
        release(order, &Paid::default(), need, &self.ledger, &mut group);
        let (order_id, firm, session) = (order.order_id, order.terms.firm, order.session);
        let mut transfers = settled(&group, order_id, &mut self.ledger);
        transfers.extend(self.margin_follows(slot, Borrowing::default(), need));
        self.recount(slot);
        self.orders.unname(session, e.cl_ord_id, slot);
        if !transfers.is_empty() {
            let posted = Posted { order_id: Some(order_id), ..Posted::of(firm, transfers) };
            out.emit(Topic::Ledger, posted.into());
        }
        self.break_chain(slot, replace.into_waiting(), out);
    }
}

/// Takes over what the report changed of the terms. Returns the order's new id, if it has one, and what waited for this
/// replace.
fn adopt(order: &mut OpenOrder, e: &ExecutionReported) -> (Option<ClOrdId>, Waiting) {
    match &e.exec {
        ExecType::Replaced { request, .. } => {
            let mut waiting = Waiting::default();
            if let Some(replace) = order.replace.take_if(|r| r.request == request.request) {
                (order.cover, order.price) = (replace.cover, replace.price);
                waiting = replace.into_waiting();
            }
            let old = std::mem::replace(&mut order.terms, e.terms.clone());
            order.older_ids.push(old.cl_ord_id);
            return (Some(e.terms.cl_ord_id), waiting);
        }
        ExecType::Restated { .. } => order.terms = e.terms.clone(),
        ExecType::New
        | ExecType::PendingNew
        | ExecType::PendingCancel { .. }
        | ExecType::PendingReplace { .. }
        | ExecType::Trade(_)
        | ExecType::TradeCanceled { .. }
        | ExecType::TradeCorrected { .. }
        | ExecType::Canceled { .. }
        | ExecType::Rejected { .. }
        | ExecType::Expired
        | ExecType::DoneForDay => {}
    }
    (None, Waiting::default())
}

/// Both sides of a fill, the client's drawn from the hold.
fn settle(
    order: &mut OpenOrder,
    fill: &Fill,
    filled: &Filled,
    (ledger, short): (&Ledger, Option<&Short>),
    group: &mut Group,
) -> Paid {
    let a = order.accounts;
    let (notional, quantity) = (fill.price.notional(fill.qty), fill.qty.as_amount());
    if let Some(scheduled) = &mut order.scheduled {
        scheduled.note(fill.liquidity, fill.qty.units(), notional.units());
    }
    let due = order.due(filled.cum_qty, filled.notional).units() - order.charged.units();
    let mut commission = Amount::from_units(due.max(0));
    let (cash, units) = ((a.cash, a.cash_clearing), (a.units, a.units_clearing));
    let (mut sold_short, mut repaid) = (0, Amount::ZERO);
    let (from_hold, beside_cash) = if order.terms.side.is_buy() {
        let paid = pay(order, (cash, a.cash_shortfall), notional, ledger, group);
        if let Some(short) = short {
            repaid = quantity.min(Amount::from_units(short.owed(ledger)));
            let back = (units.1, short.accounts.borrowed);
            plain(order, back, repaid, TransferReason::TradeAsset, group);
            order.repaid = Amount::from_units(order.repaid.units() + repaid.units());
        }
        let rest = Amount::from_units(quantity.units() - repaid.units());
        plain(order, (units.1, units.0), rest, TransferReason::TradeAsset, group);
        (paid.0, paid.1.units())
    } else if order.terms.side.is_short() {
        let short = short.expect("what is sold short was located");
        plain(order, (short.accounts.borrowed, units.1), quantity, TransferReason::TradeAsset, group);
        plain(order, (cash.1, cash.0), notional, TransferReason::TradeCash, group);
        commission = commission.min(notional);
        sold_short = fill.qty.units();
        (Amount::ZERO, -notional.units())
    } else {
        let paid = pay(order, (units, a.units_shortfall), quantity, ledger, group);
        plain(order, (cash.1, cash.0), notional, TransferReason::TradeCash, group);
        // A sale never costs more than it brings; what is left is charged on later fills.
        commission = commission.min(notional);
        (paid.0, -notional.units())
    };
    order.charged = Amount::from_units(order.charged.units() + commission.units());
    let fees = order.scheduled.as_ref().map(|scheduled| scheduled.applied(fill.liquidity));
    Paid { from_hold, beside_cash, commission, fees, sold_short, repaid }
}

impl Paid {
    /// What it did to a loan of units; `released` is what the order's hold became smaller by.
    fn borrowing(&self, released: Amount) -> Borrowing {
        let brought = -self.beside_cash - self.commission.units() + released.units();
        let kept = if self.sold_short > 0 { brought } else { 0 };
        Borrowing { kept, sold: self.sold_short, repaid: self.repaid.units() }
    }
}

/// Pays from the hold. What that lacks, which smaller lots of an instrument can make a few billionths, is paid from what
/// the client has beside it, and what that lacks by the house: the trade stands, whatever an operator changed meanwhile.
/// Returns what the hold and what the client beside it paid.
fn pay(
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
        group.add(order.next_transfer(), accounts, from_hold, kind, reason);
    }
    let rest = Amount::from_units(amount.units() - from_hold.units());
    let beside = rest.min(ledger.account(accounts.0).available()).max(Amount::ZERO);
    plain(order, accounts, beside, reason, group);
    let lacking = Amount::from_units(rest.units() - beside.units());
    plain(order, (shortfall, accounts.1), lacking, TransferReason::Shortfall, group);
    (from_hold, beside)
}

/// Releases what the hold is larger by than the order needs after a fill has paid from it, and returns how much.
pub(crate) fn release(
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
        group.add(order.next_transfer(), accounts, Amount::from_units(surplus), kind, reason);
    }
    if left.min(need.units()) <= 0 {
        order.hold = None;
    }
    Amount::from_units(surplus.max(0))
}

/// Charges commission, as far as the client has money for it; the hold was made to cover it.
fn charge(order: &mut OpenOrder, paid: &mut Paid, released: Amount, ledger: &Ledger, group: &mut Group) {
    let released = if order.terms.side.is_buy() { released.units() } else { 0 };
    let room = ledger.account(order.accounts.cash).available().units() + released - paid.beside_cash;
    let amount = paid.commission.min(Amount::from_units(room.max(0)));
    order.charged = Amount::from_units(order.charged.units() - (paid.commission.units() - amount.units()));
    paid.commission = amount;
    let accounts = (order.accounts.cash, order.accounts.commission);
    plain(order, accounts, amount, TransferReason::Commission, group);
}

fn plain(
    order: &mut OpenOrder,
    accounts: (AccountIx, AccountIx),
    amount: Amount,
    reason: TransferReason,
    group: &mut Group,
) {
    if amount > Amount::ZERO {
        group.add(order.next_transfer(), accounts, amount, TransferKind::Plain, reason);
    }
}

/// What the ledger holds for the order now.
pub(crate) fn held(order: &OpenOrder, ledger: &Ledger) -> Amount {
    order.hold.map_or(Amount::ZERO, |id| ledger.held(id))
}

/// The market has traded, and what it trades was held before: a settlement that the books refuse is a contradiction, and
/// going on would hide it.
pub(crate) fn settled(group: &Group, order_id: OrderId, ledger: &mut Ledger) -> Vec<Transfer> {
    group
        .post(ledger)
        .unwrap_or_else(|status| panic!("settlement of {order_id} refused: {status:?}: {group:?}"))
}

impl OpenOrder {
    /// The client's account that is held on, and the clearing account opposite.
    pub(crate) fn held_accounts(&self) -> (AccountIx, AccountIx) {
        let a = &self.accounts;
        match self.terms.side {
            Side::Buy | Side::SellShort | Side::SellShortExempt => (a.cash, a.cash_clearing),
            Side::Sell => (a.units, a.units_clearing),
        }
    }
}
