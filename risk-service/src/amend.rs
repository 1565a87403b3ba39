//! Cancel, replace and status: chains of ClOrdIDs.

use crate::checks::Approved;
use crate::group::Group;
use crate::order::{OpenOrder, PendingReplace};
use crate::risk::Risk;
use crate::settlement::held;
use crate::stage::{Refused, Stage, no_defect};
use assay_trading_types::*;

/// Replaces of one order. All of its ids stay taken and findable as long as it is open, at about 120 bytes
/// each; beyond it a G is refused, so that one order cannot fill the memory.
const CHAIN_IDS_MAX: usize = 10_000;

/// What F and G have in common.
struct Amendment<'a> {
    request: RequestId,
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
    pub(crate) fn cancel(&mut self, e: &CancelRequested, out: &mut Outbox) {
        let amendment = Amendment {
            request: e.request,
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
        if e.poss_resend && self.knows(&e.request.session, &e.cl_ord_id) {
            return;
        }
        match self.find_order(&amendment).and_then(|id| same_terms(&amendment, id, self)) {
            Err(refused) => self.refuse_amendment(&amendment, refused, out),
            Ok(order_id) => {
                self.use_up(&e.request.session, &e.cl_ord_id);
                let (symbol, firm) = (self.orders.open[&order_id].terms.symbol, e.firm);
                let request = Some(amendment.chain_ids());
                let accepted = CancelAccepted { order_id, symbol, firm, request, reason: None, detail: None };
                out.emit(Topic::Markets, accepted.into());
            }
        }
    }

    pub(crate) fn replace(&mut self, e: &ReplaceRequested, input: &Input<'_>, out: &mut Outbox) {
        let amendment = Amendment {
            request: e.request,
            firm: e.terms.firm,
            to: ResponseTo::Replace,
            cl_ord_id: e.terms.cl_ord_id,
            orig_cl_ord_id: e.orig_cl_ord_id,
            order_id: e.order_id,
            account: e.account_given.then_some(e.terms.account),
            symbol: e.terms.symbol,
            side: e.terms.side,
            defect: e.defect.as_ref(),
        };
        if e.poss_resend && self.knows(&e.request.session, &e.terms.cl_ord_id) {
            return;
        }
        let decided = self
            .take_request(&e.terms.firm, e.defect.as_ref(), input.at)
            .and_then(|()| self.find_order(&amendment))
            .and_then(|id| self.decide_replace(id, &amendment, e, input.at))
            .and_then(|(id, terms, approved)| self.hold_for_replace(id, terms, approved, e));
        match decided {
            Ok(accepted) => accepted.into_iter().for_each(|(topic, event)| out.emit(topic, event)),
            Err(refused) => self.refuse_amendment(&amendment, refused, out),
        }
    }

    /// The order's new terms, if they may be.
    fn decide_replace(
        &self,
        order_id: OrderId,
        amendment: &Amendment<'_>,
        e: &ReplaceRequested,
        at: Timestamp,
    ) -> Result<(OrderId, OrderTerms, Approved), Refused> {
        let order = &self.orders.open[&order_id];
        if order.replace.is_some() {
            return Err((Refusal::Pending, "another replace is pending".to_owned()));
        }
        if order.older_ids.len() >= CHAIN_IDS_MAX {
            let detail = format!("replaced {CHAIN_IDS_MAX} times, enter it anew");
            return Err((Refusal::NotAmendable, detail));
        }
        same_terms(amendment, order_id, self)?;
        let old = &order.terms;
        let mut terms =
            OrderTerms { account: old.account, firm: old.firm, session: old.session, ..e.terms.clone() };
        terms.tif = if e.tif_given { e.terms.tif } else { old.tif };
        if terms.tif != old.tif && matches!(terms.tif, TimeInForce::Ioc | TimeInForce::Fok) {
            return Err((Refusal::NotAmendable, "TimeInForce cannot become IOC or FOK".to_owned()));
        }
        let approved = self.check_terms(&terms, e.defect.as_ref(), at)?;
        let then = approved.price.notional(order.leaves_of(terms.qty)).units();
        let added = then.saturating_sub(order.exposure());
        self.check_limits(&terms, &approved, added)?;
        Ok((order_id, terms, approved))
    }

    /// Holds what the new terms need beyond the old ones, or refuses. The old hold goes and a larger one comes, both or
    /// neither, so that an order never has more than one.
    fn hold_for_replace(
        &mut self,
        order_id: OrderId,
        terms: OrderTerms,
        approved: Approved,
        e: &ReplaceRequested,
    ) -> Result<Vec<(Topic, Event)>, Refused> {
        let order = self.orders.open.get_mut(&order_id).expect("found above");
        let exposed = order.exposure();
        let cover = approved.cover(&terms, &order.filled);
        order.replace = Some(PendingReplace {
            request: e.request,
            cl_ord_id: terms.cl_ord_id,
            cover,
            price: approved.price,
            qty: terms.qty,
        });
        let (need, held) = (order.need(), held(order, &self.ledger));
        let mut group = Group::default();
        let transfers_before = order.transfers;
        let hold =
            if need > held { Some(renew_hold(order_id, order, held, need, &mut group)) } else { order.hold };
        let Ok(transfers) = group.post(&mut self.ledger) else {
            (order.replace, order.transfers) = (None, transfers_before);
            let order = &self.orders.open[&order_id];
            return Err(self.uncovered(order, Amount::from_units(need.units() - held.units())));
        };
        // Decided: nothing below refuses.
        order.hold = hold;
        let firm = self.firms.get_mut(&order.terms.firm).expect("an order's firm exists");
        firm.uncount(exposed);
        firm.count(order.exposure());
        let limits_version = firm.limits_version();
        let (session, cl_ord_id) = (order.terms.session, terms.cl_ord_id);
        // A cancel may name the order by this id before the market has answered.
        self.orders.name(session, cl_ord_id, order_id);
        self.use_up(&session, &cl_ord_id);
        let request = ChainIds { request: e.request, cl_ord_id, orig_cl_ord_id: e.orig_cl_ord_id };
        let (firm, notional_max, reference_price) =
            (terms.firm, cover.notional_max(), Some(approved.reference));
        let accepted =
            ReplaceAccepted { order_id, request, terms, notional_max, limits_version, reference_price };
        let posted = Posted { firm, order_id: Some(order_id), exec_id: None, transfers };
        let posted = (!posted.transfers.is_empty()).then(|| (Topic::Ledger, posted.into()));
        Ok(posted.into_iter().chain([(Topic::Markets, accepted.into())]).collect())
    }

    pub(crate) fn status(&mut self, e: &StatusRequested, out: &mut Outbox) {
        let by_id = self.orders.find(&e.request.session, &e.cl_ord_id);
        let mine = |state: &OrderState| state.terms.session == e.request.session;
        let order = e.order_id.or(by_id).and_then(|id| self.orders.state(&id)).filter(mine);
        let reported = StatusReported {
            request: e.request,
            firm: e.firm,
            cl_ord_id: e.cl_ord_id,
            ord_status_req_id: e.ord_status_req_id.clone(),
            symbol: e.symbol,
            side: e.side,
            order,
        };
        out.emit(Topic::Accounts, reported.into());
    }

    /// The open order that an F or G addresses.
    fn find_order(&self, a: &Amendment<'_>) -> Result<OrderId, Refused> {
        let session = &a.request.session;
        no_defect(a.defect, Stage::Rate)?;
        self.check_id(session, &a.cl_ord_id)?;
        let unknown = || (Refusal::UnknownOrder, format!("no order {}", a.orig_cl_ord_id));
        let order_id = self.orders.find(session, &a.orig_cl_ord_id).ok_or_else(unknown)?;
        if a.order_id.is_some_and(|given| given != order_id) {
            return Err((Refusal::IdMismatch, format!("{} is not {}", a.orig_cl_ord_id, order_id)));
        }
        let Some(order) = self.orders.open.get(&order_id) else {
            return Err((Refusal::TooLate, format!("{} is closed", a.orig_cl_ord_id)));
        };
        let pending = order.replace.as_ref().map(|r| r.cl_ord_id);
        let current = order.terms.cl_ord_id;
        if a.orig_cl_ord_id != current && Some(a.orig_cl_ord_id) != pending {
            return Err((Refusal::NotCurrent, format!("the order is {current} now")));
        }
        Ok(order_id)
    }

    fn refuse_amendment(&mut self, a: &Amendment<'_>, (refusal, detail): Refused, out: &mut Outbox) {
        if refusal != Refusal::RateLimit {
            self.use_up(&a.request.session, &a.cl_ord_id);
        }
        let named = self.orders.find(&a.request.session, &a.orig_cl_ord_id);
        let known = named.and_then(|id| self.orders.state(&id));
        let refused = CancelRefused {
            request: a.request,
            firm: a.firm,
            response_to: a.to,
            cl_ord_id: a.cl_ord_id,
            orig_cl_ord_id: a.orig_cl_ord_id,
            order_id: known.as_ref().map(|o| o.order_id),
            account: known.as_ref().map(|o| o.terms.account),
            status: known.map_or(OrdStatus::Rejected, |o| o.status),
            refusal,
            detail,
        };
        out.emit(Topic::Accounts, refused.into());
    }
}

/// What F and G repeat must be the order's, and what the gateway could not read is refused.
fn same_terms(a: &Amendment<'_>, order_id: OrderId, risk: &Risk) -> Result<OrderId, Refused> {
    no_defect(a.defect, Stage::Instrument)?;
    let terms = &risk.orders.open[&order_id].terms;
    let same = a.symbol == terms.symbol
        && a.side == terms.side
        && a.account.is_none_or(|account| account == terms.account);
    if !same {
        return Err((Refusal::TermsMismatch, "Symbol, Side and Account must be the order's".to_owned()));
    }
    match a.to {
        ResponseTo::Cancel => no_defect(a.defect, Stage::MarketState).map(|()| order_id),
        ResponseTo::Replace => Ok(order_id),
    }
}

/// One hold of `need` in place of one of `held`.
fn renew_hold(
    order_id: OrderId,
    order: &mut OpenOrder,
    held: Amount,
    need: Amount,
    group: &mut Group,
) -> TransferId {
    let accounts = order.held_accounts();
    if let Some(pending) = order.hold.filter(|_| held > Amount::ZERO) {
        let (kind, reason) = (TransferKind::Void { pending }, TransferReason::OrderRelease);
        group.add(order.next_transfer(order_id), accounts, held, kind, reason);
    }
    let id = order.next_transfer(order_id);
    group.add(id, accounts, need, TransferKind::Pending, TransferReason::OrderHold);
    id
}

impl Amendment<'_> {
    fn chain_ids(&self) -> ChainIds {
        ChainIds { request: self.request, cl_ord_id: self.cl_ord_id, orig_cl_ord_id: self.orig_cl_ord_id }
    }
}
