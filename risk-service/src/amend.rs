//! Cancel, replace and status: chains of ClOrdIDs.

use crate::administration::refuse_command;
use crate::carried::amended;
use crate::checks::{Approved, Asked};
use crate::group::Group;
use crate::limits::Measurements;
use crate::names::SessionIx;
use crate::order::{OpenOrder, PendingReplace};
use crate::orders::Slot;
use crate::pending::tell;
use crate::risk::Risk;
use crate::settlement::held;
use crate::stage::{Refused, Stage, no_defect};
use assay_trading_types::*;
use std::collections::VecDeque;

/// Replaces of one order. All of its ids stay taken and findable as long as it is open, at about 120 bytes
/// each; beyond it a G is refused, so that one order cannot fill the memory.
const CHAIN_IDS_MAX: usize = 10_000;

/// What F and G have in common.
struct Amendment<'a> {
    request: RequestId,
    session: SessionIx,
    firm: FirmId,
    to: ResponseTo,
    cl_ord_id: ClOrdId,
    orig_cl_ord_id: ClOrdId,
    order_id: Option<OrderId>,
    account: Option<AccountId>,
    symbol: Symbol,
    side: Side,
    defect: Option<&'a Defect>,
}

impl Risk {
    pub(crate) fn cancel(&mut self, e: &CancelRequested, session: SessionIx, out: &mut Outbox) {
        let amendment = Amendment {
            request: e.request,
            session,
            firm: e.firm,
            to: ResponseTo::Cancel,
            cl_ord_id: e.cl_ord_id,
            orig_cl_ord_id: e.orig_cl_ord_id,
            order_id: e.order_id,
            account: e.account,
            symbol: e.symbol,
            side: e.side,
            defect: e.defect.as_ref(),
        };
        if e.poss_resend && self.knows(session, &e.cl_ord_id) {
            return;
        }
        let found = self.find_order(&amendment).and_then(|slot| same_terms(&amendment, slot, self));
        match found.and_then(|slot| Ok((slot, self.cancel_waits(slot, e)?))) {
            Err(refused) => self.refuse_amendment(&amendment, refused, out),
            Ok((slot, waits)) => {
                self.use_up(session, &e.cl_ord_id);
                if e.tell_pending {
                    let request = amendment.chain_ids();
                    self.orders[slot].cancelling.push(e.request);
                    tell(&self.orders[slot], ExecType::PendingCancel { request }, out);
                }
                match waits {
                    true => self.wait_to_cancel(slot, e),
                    false => self.pass_cancel(slot, e, out),
                }
            }
        }
    }

    /// An order is to be cancelled by its OrderID, whichever session entered it. That one hears of it unasked.
    pub(crate) fn cancel_instructed(
        &mut self,
        e: &OrderCancelInstructed,
        session: SessionIx,
        by: Actor,
        out: &mut Outbox,
    ) {
        let open = self.orders.slot(&e.order_id).filter(|slot| self.orders[*slot].terms.firm == e.firm);
        let Some(slot) = open else {
            return refuse_command(&e.order_id.to_string(), by, CommandRefusal::NoEffect, out);
        };
        self.use_up(session, &e.cl_ord_id);
        let OpenOrder { order_id, session: entered_on, ref terms, .. } = self.orders[slot];
        let (symbol, firm, cl_ord_id) = (terms.symbol, e.firm, e.cl_ord_id);
        let ids = ChainIds { request: e.request, cl_ord_id, orig_cl_ord_id: terms.cl_ord_id };
        let (request, reason) =
            if entered_on == session { (Some(ids), None) } else { (None, Some(Refusal::Operator)) };
        let accepted = CancelAccepted { order_id, symbol, firm, request, reason, detail: None };
        out.emit(Topic::Markets, accepted.into());
    }

    pub(crate) fn replace(
        &mut self,
        e: &ReplaceRequested,
        session: SessionIx,
        input: &Input<'_>,
        out: &mut Outbox,
    ) {
        let amendment = Amendment::of(e, session);
        if e.poss_resend && self.knows(session, &e.terms.cl_ord_id) {
            return;
        }
        let mut measured = Measurements::new();
        let found = self
            .take_request(&e.terms, e.defect.as_ref(), input.at)
            .and_then(|_| self.find_order(&amendment));
        let waits = found.as_ref().is_ok_and(|slot| self.orders[*slot].replace.is_some());
        let decided = found.and_then(|slot| match waits {
            true => self.chain(slot, e, out).map(|()| None),
            false => self
                .decide_replace(slot, e, session, input.at, &mut measured)
                .and_then(|decided| {
                    let tell_as = e.tell_pending.then(|| amendment.chain_ids());
                    self.hold_for_replace(decided, &measured, e, tell_as, out)
                })
                .map(Some),
        });
        match decided {
            Ok(Some(approved)) => self.warn(&approved, &measured, out),
            Ok(None) => {}
            Err(refused) => self.refuse_amendment(&amendment, refused, out),
        }
    }

    /// The order's new terms, if they may be. No other replace is pending.
    pub(crate) fn decide_replace(
        &mut self,
        slot: Slot,
        e: &ReplaceRequested,
        session: SessionIx,
        at: Timestamp,
        measured: &mut Measurements,
    ) -> Result<(Slot, OrderTerms, Approved), Refused> {
        let amendment = &Amendment::of(e, session);
        let order = &self.orders[slot];
        if order.older_ids.len() >= CHAIN_IDS_MAX {
            let detail = format!("replaced {CHAIN_IDS_MAX} times, enter it anew");
            return Err((Refusal::NotAmendable, detail));
        }
        not_stale(e.orig_ord_mod_time, order.modified)?;
        same_terms(amendment, slot, self)?;
        let old = &order.terms;
        let mut terms =
            OrderTerms { account: old.account, firm: old.firm, session: old.session, ..e.terms.clone() };
        terms.tif = if e.tif_given { e.terms.tif } else { old.tif };
        keep_expiry(&mut terms, old);
        if terms.tif != old.tif && matches!(terms.tif, TimeInForce::Ioc | TimeInForce::Fok) {
            return Err((Refusal::NotAmendable, "TimeInForce cannot become IOC or FOK".to_owned()));
        }
        let (leaves, counted) = (order.leaves_of(terms.qty), order.counted);
        let added_qty = (leaves.units() - counted.qty).max(0);
        let holding = &self.holdings[order.holding];
        let (firm, client) = (holding.firm, Some(holding.client));
        let asked = Asked { terms: &terms, defect: e.defect.as_ref(), session, firm, client, added_qty, at };
        let approved = self.check_terms(&asked)?;
        let carried = carried_after(e, &self.orders[slot].terms)?;
        let added = approved.price.notional(leaves).units().saturating_sub(counted.notional).max(0);
        self.check_limits(&asked, &approved, (added, 0), measured)?;
        terms.carried = carried;
        Ok((slot, terms, approved))
    }

    /// Holds what the new terms need beyond the old ones, or refuses. The old hold goes and a larger one comes, both or
    /// neither, so that an order never has more than one.
    pub(crate) fn hold_for_replace(
        &mut self,
        (slot, terms, approved): (Slot, OrderTerms, Approved),
        measured: &Measurements,
        e: &ReplaceRequested,
        tell_as: Option<ChainIds>,
        out: &mut Outbox,
    ) -> Result<Approved, Refused> {
        let order = &mut self.orders[slot];
        let added = order.leaves_of(terms.qty).units() - order.counted.qty;
        let cover = approved.cover(&terms, &order.filled);
        order.replace = Some(Box::new(PendingReplace {
            request: e.request,
            cl_ord_id: terms.cl_ord_id,
            cover,
            price: approved.price,
            qty: terms.qty,
            chained: VecDeque::new(),
            cancels: Vec::new(),
        }));
        let (need, held) = (order.need(), held(order, &self.ledger));
        let mut group = Group::default();
        let transfers_before = order.transfers;
        let holding = &self.holdings[order.holding];
        let lending = holding.lend(order, added, need, &self.ledger, &mut group);
        let hold = if need > held { Some(renew_hold(order, held, need, &mut group)) } else { order.hold };
        let Ok(transfers) = group.post(&mut self.ledger) else {
            (order.replace, order.transfers) = (None, transfers_before);
            let order = &self.orders[slot];
            return Err(self.uncovered(order, Amount::from_units(need.units() - held.units())));
        };
        // Decided: nothing below refuses.
        order.hold = hold;
        self.holdings[approved.holding].lent(order, lending, &self.ledger);
        let (order_id, session, cl_ord_id) = (order.order_id, order.session, terms.cl_ord_id);
        self.recount(slot);
        let (limits_version, account_limits_version) = self.limits_versions(approved.holding);
        // A cancel may name the order by this id before the market has answered.
        self.orders.name(session, cl_ord_id, slot);
        self.use_up(session, &cl_ord_id);
        let request = ChainIds { request: e.request, cl_ord_id, orig_cl_ord_id: e.orig_cl_ord_id };
        if !transfers.is_empty() {
            let posted = Posted { order_id: Some(order_id), ..Posted::of(terms.firm, transfers) };
            out.emit(Topic::Ledger, posted.into());
        }
        if let Some(request) = tell_as {
            tell(&self.orders[slot], ExecType::PendingReplace { request }, out);
        }
        let accepted = ReplaceAccepted {
            order_id,
            request,
            terms,
            notional_max: cover.notional_max(),
            limits_version,
            account_limits_version,
            reference_price: Some(approved.reference),
            protection_price: approved.protection,
            measured: measured.to_vec(),
        };
        out.emit(Topic::Markets, accepted.into());
        Ok(approved)
    }

    pub(crate) fn status(&mut self, e: &StatusRequested, session: SessionIx, out: &mut Outbox) {
        let by_id = || self.orders.find(session, &e.cl_ord_id).map(|slot| &self.orders[slot]);
        let named = e.order_id.map_or_else(by_id, |order_id| self.orders.known(&order_id));
        let order = named.filter(|order| match &e.reach {
            _ if e.defect.is_some() => false,
            Some(reach) => reach.reaches(&e.request.session, &e.firm, &order.terms),
            None => order.session == session,
        });
        let foreign = |order: &&OpenOrder| e.own_ids && order.ids().all(|own| *own != e.cl_ord_id);
        let cl_ord_id = order.filter(foreign).map_or(e.cl_ord_id, |order| order.terms.cl_ord_id);
        let order = order.map(OpenOrder::state);
        let reported = StatusReported {
            request: e.request,
            firm: e.firm,
            cl_ord_id,
            ord_status_req_id: e.ord_status_req_id.clone(),
            symbol: e.symbol,
            side: e.side,
            order,
        };
        out.emit(Topic::Accounts, reported.into());
    }

    /// The open order that an F or G addresses.
    fn find_order(&self, a: &Amendment<'_>) -> Result<Slot, Refused> {
        no_defect(a.defect, Stage::Rate)?;
        self.check_id(a.session, &a.cl_ord_id)?;
        let unknown = || (Refusal::UnknownOrder, format!("no order {}", a.orig_cl_ord_id));
        let slot = self.orders.find(a.session, &a.orig_cl_ord_id).ok_or_else(unknown)?;
        let order = &self.orders[slot];
        if a.order_id.is_some_and(|given| given != order.order_id) {
            return Err((Refusal::IdMismatch, format!("{} is not {}", a.orig_cl_ord_id, order.order_id)));
        }
        if !order.is_open() {
            return Err((Refusal::TooLate, format!("{} is closed", a.orig_cl_ord_id)));
        }
        let current = order.terms.cl_ord_id;
        let is_pending = order.replace.iter().flat_map(|r| r.ids()).any(|id| *id == a.orig_cl_ord_id);
        if a.orig_cl_ord_id != current && !is_pending {
            return Err((Refusal::NotCurrent, format!("the order is {current} now")));
        }
        Ok(slot)
    }

    fn refuse_amendment(&mut self, a: &Amendment<'_>, (refusal, detail): Refused, out: &mut Outbox) {
        if refusal != Refusal::RateLimit {
            self.use_up(a.session, &a.cl_ord_id);
        }
        let known = self.orders.find(a.session, &a.orig_cl_ord_id).map(|slot| &self.orders[slot]);
        let refused = CancelRefused {
            request: a.request,
            firm: a.firm,
            response_to: a.to,
            cl_ord_id: a.cl_ord_id,
            orig_cl_ord_id: a.orig_cl_ord_id,
            order_id: known.map(|o| o.order_id),
            account: known.map(|o| o.terms.account),
            status: known.map_or(OrdStatus::Rejected, OpenOrder::shown_status),
            refusal,
            detail,
        };
        out.emit(Topic::Accounts, refused.into());
    }
}

/// When a GTD order ends stays as it was unless it is stated anew.
fn keep_expiry(terms: &mut OrderTerms, old: &OrderTerms) {
    let (stated, before) = (terms.conditions.as_deref(), old.conditions.as_deref());
    let expiry = before.and_then(|c| c.expiry);
    if terms.tif == TimeInForce::Gtd && expiry.is_some() && stated.is_none_or(|c| c.expiry.is_none()) {
        terms.conditions.get_or_insert_default().expiry = expiry;
    }
}

/// The fields that the order carries afterwards.
fn carried_after(e: &ReplaceRequested, old: &OrderTerms) -> Result<Carried, Refused> {
    if !e.keeps_carried {
        return Ok(e.terms.carried.clone());
    }
    amended(old.carried.as_deref(), e.terms.carried.as_deref())
        .map_err(|what| (Refusal::TermsMismatch, format!("{what} must be the order's")))
}

/// OrigOrdModTime(586) is the time of the order's last report, as far as its decimals go.
fn not_stale(given: Option<Timestamp>, modified: Timestamp) -> Result<(), Refused> {
    const NS_PER_US: i64 = 1_000;
    const NS_PER_MS: i64 = 1_000_000;
    let Some(given) = given else { return Ok(()) };
    let unit = if given.as_ns() % NS_PER_MS == 0 { NS_PER_MS } else { NS_PER_US };
    if given.as_ns().div_euclid(unit) == modified.as_ns().div_euclid(unit) {
        return Ok(());
    }
    Err((Refusal::StaleModify, "the order has changed since".to_owned()))
}

/// What F and G repeat must be the order's, and what the gateway could not read is refused.
fn same_terms(a: &Amendment<'_>, slot: Slot, risk: &Risk) -> Result<Slot, Refused> {
    no_defect(a.defect, Stage::Instrument)?;
    let terms = &risk.orders[slot].terms;
    let same = a.symbol == terms.symbol
        && (a.side == terms.side || (a.side, terms.side) == (Side::SellShortExempt, Side::SellShort))
        && a.account.is_none_or(|account| account == terms.account);
    if !same {
        return Err((Refusal::TermsMismatch, "Symbol, Side and Account must be the order's".to_owned()));
    }
    match a.to {
        ResponseTo::Cancel => no_defect(a.defect, Stage::MarketState).map(|()| slot),
        ResponseTo::Replace => Ok(slot),
    }
}

/// One hold of `need` in place of one of `held`.
pub(crate) fn renew_hold(order: &mut OpenOrder, held: Amount, need: Amount, group: &mut Group) -> TransferId {
    let accounts = order.held_accounts();
    if let Some(pending) = order.hold.filter(|_| held > Amount::ZERO) {
        let (kind, reason) = (TransferKind::Void { pending }, TransferReason::OrderRelease);
        group.add(order.next_transfer(), accounts, held, kind, reason);
    }
    let id = order.next_transfer();
    group.add(id, accounts, need, TransferKind::Pending, TransferReason::OrderHold);
    id
}

impl<'a> Amendment<'a> {
    fn of(e: &'a ReplaceRequested, session: SessionIx) -> Self {
        Self {
            request: e.request,
            session,
            firm: e.terms.firm,
            to: ResponseTo::Replace,
            cl_ord_id: e.terms.cl_ord_id,
            orig_cl_ord_id: e.orig_cl_ord_id,
            order_id: e.order_id,
            account: e.account_given.then_some(e.terms.account),
            symbol: e.terms.symbol,
            side: e.terms.side,
            defect: e.defect.as_ref(),
        }
    }

    fn chain_ids(&self) -> ChainIds {
        ChainIds { request: self.request, cl_ord_id: self.cl_ord_id, orig_cl_ord_id: self.orig_cl_ord_id }
    }
}
